//! What memory costs: the clauses of SPEC.md whose subject is an allocation or a copy. Every allocation of this test binary is counted.

// An allocator is an unsafe trait. This one counts and hands everything on to the system's; the library itself forbids unsafe code.
#![allow(unsafe_code)]

use bytes::Bytes;
use core::mem::size_of;
use framewright::buf::{BufConfig, LinearBuf, Needle, SegmentedBuf, StreamBuf, StreamBufMut, View};
use framewright::conn::{Conn, Plain, Turn};
use framewright::encode::{Encode, Payload};
use framewright::engine::{EAGER_RESERVE, Kept, READ_BLOCK};
use framewright::framing::{
    AsciiLength, Base, Checksum, Cobs, Counts, Delimiter, Fixed, LengthField, Lines, Netstring, OnExcess, Slip, SyncWord, Utf8Lines,
    Varint, VarintForm, Width,
};
use framewright::http1::{RequestHeads, Requests, Responses};
use framewright::{Decode, Engine, Refused, Step, Time};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What was allocated, in this thread: tests run at the same time, each in its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    allocations: usize,
    /// The bytes of all of them.
    allocated: usize,
    /// The bytes of those that were not freed. Wraps where more is freed than was allocated, so only differences mean anything.
    live: usize,
}

thread_local! {
    static TALLY: Cell<Tally> = const { Cell::new(Tally { allocations: 0, allocated: 0, live: 0 }) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

impl Counting {
    fn count(allocated: usize, freed: usize) {
        // A thread that ends may free what it held after its tally is gone.
        let _ = TALLY.try_with(|tally| {
            let Tally { allocations, allocated: before, live } = tally.get();
            tally.set(Tally {
                allocations: allocations + usize::from(allocated > 0),
                allocated: before + allocated,
                live: live.wrapping_add(allocated).wrapping_sub(freed),
            });
        });
    }
}

// SAFETY: every call is handed on unchanged to the system's allocator, which keeps the promises; counting allocates nothing and does not unwind.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count(layout.size(), 0);
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::count(layout.size(), 0);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        Self::count(0, layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        Self::count(new_size, layout.size());
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, new_size) }
    }
}

/// Runs `work`, and returns what it returned and what was allocated and is still alive with it.
fn tally<T>(work: impl FnOnce() -> T) -> (T, Tally) {
    let before = TALLY.get();
    let done = work();
    let after = TALLY.get();
    let spent = Tally {
        allocations: after.allocations - before.allocations,
        allocated: after.allocated - before.allocated,
        live: after.live.wrapping_sub(before.live),
    };
    (done, spent)
}

/// The bytes that are alive more than at `since`.
fn live_since(since: Tally) -> usize {
    TALLY.get().live.wrapping_sub(since.live)
}

/// Handles, their lists and what else does not hold bytes.
const SLACK: usize = 1024;
const SEGMENT: usize = BufConfig::DEFAULT.segment_size;
const SHRINK_ABOVE: usize = BufConfig::DEFAULT.shrink_above;

fn each() -> [(&'static str, Box<dyn StreamBufMut>); 2] {
    [("LinearBuf", Box::new(LinearBuf::new())), ("SegmentedBuf", Box::new(SegmentedBuf::new()))]
}

fn put(buf: &mut dyn StreamBufMut, reserved: usize, committed: usize) {
    buf.reserve(reserved).unwrap().commit(committed).unwrap();
}

fn lies_in(part: &[u8], whole: &[u8]) -> bool {
    whole.as_ptr() <= part.as_ptr() && part.as_ptr_range().end <= whole.as_ptr_range().end
}

#[test]
fn bf_5_joining_costs_one_allocation_and_then_none() {
    let chunk = Bytes::from(vec![b'x'; 3000]);
    let mut buf = SegmentedBuf::new();
    for _ in 0..3 {
        buf.append(chunk.clone()).unwrap();
    }
    let mut cost = |n: usize| tally(|| buf.make_contiguous(n).unwrap()).1;
    assert_eq!((cost(0).allocations, cost(2999).allocations, cost(3000).allocations), (0, 0, 0), "one run already");
    let joined = cost(7000);
    assert_eq!((joined.allocations, joined.live), (1, 7000));
    assert_eq!((cost(7000).allocations, cost(6000).allocations, cost(1).allocations), (0, 0, 0), "one run by now");
}

#[test]
fn bf_6_searching_allocates_nothing() {
    let mut linear = LinearBuf::new();
    linear.write(&[b'x'; 9000]).unwrap();
    let mut segmented = SegmentedBuf::new();
    for _ in 0..3 {
        segmented.append(Bytes::from(vec![b'x'; 3000])).unwrap();
    }
    let (short, long) = (Needle::new(&[b'y'; 32]), Needle::new(&[b'y'; 100]));
    let search = |buf: &dyn StreamBuf, needle: &Needle| tally(|| (buf.find(needle, 0..9000), buf.rfind(needle, 0..9000))).1.allocations;
    assert_eq!((search(&linear, &short), search(&segmented, &short)), (0, 0), "a short needle");
    assert_eq!(search(&linear, &long), 0, "a long needle, and no seam");
}

#[test]
fn bf_11_reserving_again_lends_the_same_storage() {
    for (kind, mut buf) in each() {
        buf.write(b"unread").unwrap();
        put(&mut *buf, 10_000, 0);
        let ((), spent) = tally(|| (0..100).for_each(|_| put(&mut *buf, 10_000, 0)));
        assert_eq!(spent.allocations, 0, "{kind}");
    }
}

/// What a caller does again and again, and how many bytes it handles at once.
struct Habit {
    name: &'static str,
    window: usize,
    round: fn(&mut dyn StreamBufMut),
}

/// Everything but one byte.
fn most(buf: &dyn StreamBufMut) -> usize {
    buf.len() - 1
}

#[rustfmt::skip]
const HABITS: &[Habit] = &[
    Habit { name: "write, advance", window: 1000, round: |buf| { buf.write(&[b'x'; 1000]).unwrap(); buf.advance(most(buf)).unwrap(); } },
    Habit { name: "write, split_to", window: 1000, round: |buf| { buf.write(&[b'x'; 1000]).unwrap(); drop(buf.split_to(most(buf)).unwrap()); } },
    Habit { name: "write a byte, split_to", window: 1, round: |buf| { buf.write(b"x").unwrap(); drop(buf.split_to(most(buf)).unwrap()); } },
    Habit { name: "append, advance", window: 2000, round: |buf| { buf.append(vec![b'x'; 2000].into()).unwrap(); buf.advance(most(buf)).unwrap(); } },
    Habit { name: "append, split_to", window: 2000, round: |buf| { buf.append(vec![b'x'; 2000].into()).unwrap(); drop(buf.split_to(most(buf)).unwrap()); } },
    Habit { name: "append, write, advance", window: 2001, round: |buf| { buf.append(vec![b'x'; 2000].into()).unwrap(); buf.write(b"x").unwrap(); buf.advance(most(buf)).unwrap(); } },
    Habit { name: "fill a block, advance", window: 16_384, round: |buf| { put(buf, 16_384, 16_384); buf.advance(most(buf)).unwrap(); } },
    Habit { name: "fill a block, split_to", window: 16_384, round: |buf| { put(buf, 16_384, 16_384); drop(buf.split_to(most(buf)).unwrap()); } },
    Habit { name: "fill little of a block, advance", window: 16_384, round: |buf| { put(buf, 16_384, 100); buf.advance(most(buf)).unwrap(); } },
    Habit { name: "fill little of a block, split_to", window: 16_384, round: |buf| { put(buf, 16_384, 300); drop(buf.split_to(most(buf)).unwrap()); } },
    Habit { name: "write, make_contiguous, advance", window: 1000, round: |buf| { buf.write(&[b'x'; 1000]).unwrap(); buf.make_contiguous(buf.len()).unwrap(); buf.advance(most(buf)).unwrap(); } },
    Habit { name: "provide, write, advance", window: 5000, round: |buf| { buf.provide(5000); buf.write(&[b'x'; 1000]).unwrap(); buf.advance(most(buf)).unwrap(); } },
];

/// In the original, 20 MB of storage could hold one readable byte.
#[test]
fn bf_15_storage_does_not_grow_with_what_passed_through() {
    for Habit { name, window, round } in HABITS {
        for (kind, mut buf) in each() {
            let since = TALLY.get();
            let allowed = 4 * (window + 1) + 3 * SEGMENT + SLACK;
            for _ in 0..500 {
                round(&mut *buf);
                let live = live_since(since);
                assert!(live <= allowed, "{kind}: {name}: {live} bytes of storage for {}", buf.len());
            }
        }
    }
}

#[test]
fn bf_15_an_empty_buffer_keeps_little() {
    for (kind, mut buf) in each() {
        let since = TALLY.get();
        let mut drained = |how: &str, drain: &dyn Fn(&mut dyn StreamBufMut)| {
            drain(&mut *buf);
            assert!(buf.is_empty());
            let live = live_since(since);
            assert!(live <= SHRINK_ABOVE + SLACK, "{kind}: {how}: {live} bytes of storage for nothing");
        };
        drained("a large reservation, skipped", &|buf| {
            put(buf, 1_000_000, 1_000_000);
            buf.advance(1_000_000).unwrap();
        });
        drained("a large reservation, taken", &|buf| {
            put(buf, 1_000_000, 1_000_000);
            drop(buf.split_to(1_000_000).unwrap());
        });
        drained("a large reservation, most of it taken and the rest skipped", &|buf| {
            put(buf, 1_000_000, 1_000_000);
            drop(buf.split_to(999_000).unwrap());
            buf.advance(1000).unwrap();
        });
        drained("a large reservation, half filled and taken", &|buf| {
            put(buf, 1_000_000, 500_000);
            drop(buf.split_to(500_000).unwrap());
        });
        drained("a large reservation, little of it filled, and a chunk", &|buf| {
            put(buf, 1_000_000, 1000);
            buf.append(vec![b'x'; 2000].into()).unwrap();
            drop(buf.split_to(3000).unwrap());
        });
        drained("many chunks", &|buf| {
            let chunk = Bytes::from(vec![b'x'; 1024]);
            (0..10_000).for_each(|_| buf.append(chunk.clone()).unwrap());
            buf.advance(10_000 * 1024).unwrap();
        });
        drained("many chunks, joined", &|buf| {
            let chunk = Bytes::from(vec![b'x'; 1024]);
            (0..100).for_each(|_| buf.append(chunk.clone()).unwrap());
            buf.make_contiguous(100 * 1024).unwrap();
            drop(buf.split_to(100 * 1024).unwrap());
        });
    }
}

/// A peer that sends byte by byte must not be given a block for each, wherever the buffer is lent to be read into.
#[test]
fn bf_15_trickled_bytes_do_not_take_a_block_each() {
    for (first, bytes) in [("a chunk", 3000), ("nothing", 40_000)] {
        for (kind, mut buf) in each() {
            let since = TALLY.get();
            if first == "a chunk" {
                buf.append(vec![b'x'; 2000].into()).unwrap();
            }
            for _ in 0..bytes {
                put(&mut *buf, READ_BLOCK, 1);
                let (live, allowed) = (live_since(since), 2 * buf.len() + 4 * READ_BLOCK + SLACK);
                assert!(live <= allowed, "{kind}, behind {first}: {live} bytes of storage for {}", buf.len());
            }
            let spent = TALLY.get().allocated - since.allocated;
            assert!(spent <= 20 * buf.len() + 20 * READ_BLOCK, "{kind}, behind {first}: {spent} bytes allocated in all for {}", buf.len());
        }
    }
}

/// Neither in place nor into another block: with a byte taken and a byte written each time, what is unread moves rarely.
#[test]
fn bf_15_a_full_buffer_does_not_move_everything_for_each_byte() {
    const HELD: usize = 50_000;
    for max_bytes in [HELD, usize::MAX] {
        for (kind, mut buf) in each() {
            buf.set_max_bytes(max_bytes);
            buf.write(&vec![b'x'; HELD]).unwrap();
            let mut moves = 0;
            for _ in 0..2 * HELD {
                buf.advance(1).unwrap();
                let front = buf.peek().as_ptr();
                buf.write(b"x").unwrap();
                moves += usize::from(buf.peek().as_ptr() != front);
            }
            assert!(moves <= 4, "{kind}, at most {max_bytes}: {moves} moves of {HELD} bytes for {}", 2 * HELD);
        }
    }
}

/// A view of 16 bytes kept of each block that was read held 1028 times its length in plain `BytesMut`s.
#[test]
fn bf_16_kept_views_hold_little_more_than_their_bytes() {
    for (kept, factor) in [(16, 3), (100, 2), (255, 2), (256, 66), (1000, 18), (16_384, 2)] {
        for (kind, mut buf) in each() {
            let mut views: Vec<View> = Vec::with_capacity(200);
            let since = TALLY.get();
            for _ in 0..200 {
                put(&mut *buf, 16_384, 16_384);
                views.push(buf.split_to(kept).unwrap());
                buf.advance(16_384 - kept).unwrap();
            }
            let (live, allowed) = (live_since(since), factor * kept * views.len() + 3 * SEGMENT);
            assert!(live <= allowed, "{kind}: {live} bytes of storage for {} views of {kept} bytes", views.len());
            let views: Vec<View> = views.into_iter().map(View::compact).collect();
            drop(buf);
            assert!(live_since(since) <= (kept + 2 * size_of::<View>()) * views.len() + SLACK, "{kind}: compacted views of {kept} bytes");
        }
    }
}

/// Unmerged, each takes 66 bytes.
#[test]
fn bf_17_short_chunks_take_little_more_than_their_bytes() {
    for len in [1, 16, 100, 1023] {
        let mut buf = SegmentedBuf::new();
        let since = TALLY.get();
        for _ in 0..10_000 {
            buf.append(vec![b'x'; len].into()).unwrap();
        }
        let (live, allowed) = (live_since(since), buf.len() + buf.len() / 10 + SEGMENT + SLACK);
        assert!(live <= allowed, "{live} bytes of storage for 10000 chunks of {len} bytes");
    }
}

#[test]
fn bf_17_a_shared_chunk_costs_no_copy() {
    let chunk = Bytes::from(vec![b'x'; 100_000]);
    let mut buf = SegmentedBuf::new();
    buf.append(chunk.clone()).unwrap();
    let (view, spent) = tally(|| {
        buf.append(chunk.clone()).unwrap();
        buf.split_to(50_000).unwrap()
    });
    assert_eq!((spent.allocations, view.len()), (0, 50_000));
}

/// Where small writes and large chunks take turns, the writes share a segment.
#[test]
fn bf_17_a_shared_chunk_leaves_the_rest_of_the_segment_to_be_written() {
    let chunk = Bytes::from(vec![b'x'; 2000]);
    let mut buf = SegmentedBuf::new();
    let ((), spent) = tally(|| {
        for _ in 0..100 {
            buf.write(b"a header").unwrap();
            buf.append(chunk.clone()).unwrap();
        }
    });
    assert!(spent.allocated < 4 * SEGMENT, "{} bytes allocated, for handles and one segment", spent.allocated);
    assert_eq!(buf.segments().len(), 200);
}

#[test]
fn bf_18_changing_bytes_that_are_not_shared_copies_nothing() {
    for (kind, mut buf) in each() {
        buf.write(&[b'x'; 1000]).unwrap();
        buf.append(vec![b'x'; 5000].into()).unwrap();
        for n in [500, 500, 1000] {
            let ((), spent) = tally(|| buf.contiguous_mut(n).unwrap().fill(b'y'));
            assert_eq!(spent.allocations, 0, "{kind}: {n} bytes");
        }
        buf.advance(1000).unwrap();
        let ((), spent) = tally(|| buf.contiguous_mut(5000).unwrap().fill(b'y'));
        assert!(spent.allocated < 1000, "{kind}: a chunk of its own");
    }
}

/// A length of two bytes, big-endian, before each payload.
fn length_field() -> LengthField {
    LengthField::builder(Width::U16, Counts::Payload, 4096).build().unwrap()
}

/// Delimiters of which one starts another, so that some are held back.
fn delimiter() -> Delimiter {
    Delimiter::new(["\n", "\r\n", "\r\n\r\n"], 4096).unwrap()
}

const SUM: Checksum = Checksum::new(Width::U8, |parts| parts.iter().copied().flatten().map(|byte| u64::from(*byte)).sum());

fn checked() -> LengthField {
    LengthField::builder(Width::U16, Counts::Payload, 4096).checksum(SUM).build().unwrap()
}

fn chunks() -> AsciiLength {
    AsciiLength::new(Base::Hex, "\r\n", 4096).unwrap().trailer("\r\n")
}

fn varint() -> Varint {
    Varint::new(VarintForm::Leb128, 4096)
}

fn sync_word() -> SyncWord {
    SyncWord::builder(b"\xb5\x62", Width::U16, Counts::Payload, 4096).offset(2).checksum(SUM.from(2)).build().unwrap()
}

fn fixed() -> Fixed {
    Fixed::new(300).unwrap()
}

/// About 40 KB of frames of 0 to 600 bytes, and some of 3000.
fn stream(frame: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let lengths = (0..120).map(|at| if at % 30 == 29 { 3000 } else { at * 37 % 601 });
    lengths.flat_map(|len| frame(&vec![b'x'; len])).collect()
}

fn lines_stream() -> Vec<u8> {
    stream(|payload| [payload, b"\r\n"].concat())
}

fn length_field_stream() -> Vec<u8> {
    stream(|payload| [&u16::try_from(payload.len()).unwrap().to_be_bytes()[..], payload].concat())
}

/// What a framer writes, with the bytes in it that it stuffs. No empty payload.
fn written<C: for<'a> Encode<Message<'a> = Payload<'a>>>(make: impl Fn() -> C) -> Vec<u8> {
    stream(|payload| {
        let payload: Vec<u8> = payload.iter().enumerate().map(|(at, byte)| b"\0\xc0\xdb".get(at % 50).copied().unwrap_or(*byte)).collect();
        let mut output = SegmentedBuf::new();
        if !payload.is_empty() {
            output.send(&mut make(), &payload[..]).ok().unwrap();
        }
        output.segments().flatten().copied().collect()
    })
}

fn sync_word_stream() -> Vec<u8> {
    [&b"noise \xb5"[..], &written(sync_word), b"noise \xb5\x62\0\0\xff\xff", &written(sync_word)].concat()
}

fn fixed_stream() -> Vec<u8> {
    vec![b'x'; 300 * 120]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Feed,
    Owned,
    Reserve,
}

/// Brings a stream in chunks, takes every frame, and returns how many there were.
fn drain<D: Decode, B: StreamBufMut>(engine: &mut Engine<D, B>, method: Method, stream: &[u8], chunk: usize) -> usize {
    let mut taken = 0;
    for mut chunk in stream.chunks(chunk) {
        while !chunk.is_empty() {
            let (mut frames, rest) = match method {
                Method::Feed => (engine.feed(chunk).unwrap(), &[][..]),
                Method::Owned => (engine.feed_owned(Bytes::copy_from_slice(chunk)).unwrap(), &[][..]),
                Method::Reserve => {
                    let mut room = engine.reserve().unwrap();
                    let (now, rest) = chunk.split_at(chunk.len().min(room.as_mut_slice().len()));
                    room.as_mut_slice()[..now.len()].copy_from_slice(now);
                    (room.commit(now.len()).unwrap(), rest)
                }
            };
            while let Step::Frame(..) = frames.next_frame().ok().unwrap() {
                taken += 1;
            }
            chunk = rest;
        }
    }
    taken
}

const CHUNKS: [usize; 7] = [1, 7, 64, 1000, 1460, 16_384, usize::MAX];

/// Checks that, when a stream has gone through once, it costs no allocation to let it through again.
fn check_steady<D: Decode>(name: &str, make: impl Fn() -> D, stream: &[u8]) {
    for chunk in CHUNKS {
        for method in [Method::Feed, Method::Reserve] {
            check_steady_over(LinearBuf::new(), name, make(), method, stream, chunk);
            check_steady_over(SegmentedBuf::new(), name, make(), method, stream, chunk);
        }
    }
}

fn check_steady_over<D: Decode, B: StreamBufMut>(buf: B, name: &str, decoder: D, method: Method, stream: &[u8], chunk: usize) {
    let mut engine = Engine::with_buf(decoder, buf);
    let first = drain(&mut engine, method, stream, chunk);
    let (frames, spent) = tally(|| drain(&mut engine, method, stream, chunk));
    assert!(frames == first && frames >= 100, "{name}: {frames} frames, {first} the first time");
    let store = core::any::type_name::<B>();
    assert_eq!(spent.allocations, 0, "{name}, {method:?} in chunks of {chunk}, {store}: allocations for {frames} frames");
}

#[test]
fn en_23_a_lent_line_costs_no_allocation() {
    check_steady("Lines", || Lines::new(4096), &lines_stream());
}

#[test]
fn en_23_a_lent_delimited_frame_costs_no_allocation() {
    check_steady("Delimiter", delimiter, &[&lines_stream()[..], b"x\n"].concat());
}

#[test]
fn en_23_a_lent_frame_of_a_length_field_costs_no_allocation() {
    check_steady("LengthField", length_field, &length_field_stream());
}

#[test]
fn en_23_a_lent_line_of_utf_8_costs_no_allocation() {
    check_steady("Utf8Lines", || Utf8Lines::new(4096), &lines_stream());
    let accented = stream(|payload| ["é".repeat(payload.len() / 2).as_bytes(), b"\n"].concat());
    check_steady("Utf8Lines, accented", || Utf8Lines::new(4096), &accented);
}

#[test]
fn en_23_a_lent_frame_of_a_checked_length_costs_no_allocation() {
    check_steady("LengthField, checked", checked, &written(checked));
    check_steady("SyncWord", sync_word, &sync_word_stream());
}

#[test]
fn en_23_a_lent_frame_of_any_other_length_costs_no_allocation() {
    check_steady("Fixed", fixed, &fixed_stream());
    check_steady("Varint", varint, &written(varint));
    check_steady("AsciiLength", chunks, &written(chunks));
    check_steady("Netstring", || Netstring::new(4096), &written(|| Netstring::new(4096)));
}

#[test]
fn en_23_a_lent_frame_that_was_stuffed_costs_no_allocation() {
    check_steady("Cobs", || Cobs::new(4096), &written(|| Cobs::new(4096)));
    check_steady("Slip", || Slip::new(4096), &written(|| Slip::new(4096)));
}

#[test]
fn hh_19_a_lent_head_or_part_costs_no_allocation() {
    let fields = "Host: a\r\nUser-Agent: someone\r\nAccept: text/html, */*\r\n".to_owned();
    let get = format!("GET /index.html HTTP/1.1\r\n{fields}\r\n");
    let post = format!("POST / HTTP/1.1\r\n{fields}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n40\r\n{:064}\r\n0\r\nA: b\r\n\r\n", 0);
    let response = format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 100\r\n\r\n{:0100}", 0);
    let many = |messages: &[String]| messages.concat().repeat(100).into_bytes();
    check_steady("RequestHeads", RequestHeads::strict, &many(std::slice::from_ref(&get)));
    check_steady("Requests", Requests::strict, &many(&[get, post]));
    check_steady("Responses", Responses::strict, &many(&[response]));
}

/// Checks that, when messages have been sent, it costs no allocation to send them again, copied or shared.
fn check_steady_encoding<C: for<'a> Encode<Message<'a> = Payload<'a>>>(name: &str, mut encoder: C, len: usize) {
    let payload: Vec<u8> = (0..len).map(|at| b"\0\xc0\xdb".get(at % 50).copied().unwrap_or(b'x')).collect();
    let shared = Bytes::from(payload.clone());
    let mut output = SegmentedBuf::new();
    let mut round = |n: usize| {
        for _ in 0..n {
            output.send(&mut encoder, &payload[..]).ok().unwrap();
            output.send(&mut encoder, shared.clone()).ok().unwrap();
            output.advance(output.len()).unwrap();
        }
    };
    round(100);
    let ((), spent) = tally(|| round(100));
    assert_eq!(spent, Tally::default(), "{name}, {len} bytes");
}

#[test]
fn ec_5_a_message_of_any_framer_costs_no_allocation() {
    for len in [1, 100, 2000] {
        check_steady_encoding("LengthField, checked", checked(), len);
        check_steady_encoding("SyncWord", sync_word(), len);
        check_steady_encoding("Fixed", Fixed::new(len).unwrap(), len);
        check_steady_encoding("Varint", varint().offset(1), len);
        check_steady_encoding("AsciiLength", chunks(), len);
        check_steady_encoding("Netstring", Netstring::new(4096), len);
        check_steady_encoding("Cobs", Cobs::new(4096), len);
        check_steady_encoding("Slip", Slip::new(4096).leading_end(), len);
    }
    let mut lines = Utf8Lines::new(4096);
    let mut output = SegmentedBuf::new();
    let mut round = || {
        output.send(&mut lines, "naïve").unwrap();
        output.advance(output.len()).unwrap();
    };
    round();
    let ((), spent) = tally(|| (0..100).for_each(|_| round()));
    assert_eq!(spent, Tally::default(), "Utf8Lines");
}

#[test]
fn ec_5_an_encoded_message_costs_no_allocation() {
    let mut lines = Lines::new(4096);
    let mut lengths = length_field();
    let shared = Bytes::from(vec![b'x'; 2000]);
    let mut output = SegmentedBuf::new();
    let mut round = |n: usize| {
        for at in 0..n {
            output.send(&mut lines, &[b'a'; 100][..at % 100]).unwrap();
            output.send(&mut lengths, &[b'b'; 100]).unwrap();
            output.send(&mut lengths, shared.clone()).unwrap();
            output.advance(output.len()).unwrap();
        }
    };
    round(1000);
    let ((), spent) = tally(|| round(1000));
    assert_eq!(spent, Tally::default());
}

/// From the first frame on: the only storage taken is what a frame that straddles chunks needs.
#[test]
fn en_23_frames_in_a_chunk_cost_no_allocation_at_all() {
    let stream = lines_stream();
    let mut engine = Engine::new(Lines::new(4096));
    let (frames, spent) = tally(|| drain(&mut engine, Method::Feed, &stream, usize::MAX));
    assert_eq!((frames, spent), (120, Tally::default()));
    assert_eq!(engine.capacity_bytes(), 0);
}

/// Feeds the whole stream at once, and checks that every frame lies where it was fed.
fn check_in_place<D: Decode>(decoder: D, stream: &[u8], is_lent: fn(D::Frame<'_>, &[u8]) -> bool) {
    let mut engine = Engine::new(decoder);
    let mut frames = engine.feed(stream).unwrap();
    let mut taken = 0;
    while let Step::Frame(frame, place) = frames.next_frame().ok().unwrap() {
        let offset = usize::try_from(place.offset).unwrap();
        assert!(is_lent(frame, &stream[offset..offset + place.len]), "frame {taken}, at {offset}");
        taken += 1;
    }
    assert!(taken >= 100);
}

#[test]
fn en_2_frames_are_lent_out_of_the_chunk() {
    check_in_place(Lines::new(4096), &lines_stream(), |line, place| lies_in(line, place));
    check_in_place(Lines::new(4096).keep_ending(), &lines_stream(), |line, place| lies_in(line, place));
    check_in_place(delimiter(), &lines_stream(), |frame, place| lies_in(frame.payload(), place) && lies_in(frame.encoded(), place));
    check_in_place(length_field(), &length_field_stream(), |frame, place| lies_in(frame, place));
    check_in_place(checked(), &written(checked), |frame, place| lies_in(frame, place));
    check_in_place(Utf8Lines::new(4096), &lines_stream(), |line, place| lies_in(line.as_bytes(), place));
    check_in_place(fixed(), &fixed_stream(), |frame, place| lies_in(frame, place));
    check_in_place(varint(), &written(varint), |frame, place| lies_in(frame, place));
    check_in_place(chunks(), &written(chunks), |frame, place| lies_in(frame, place));
    check_in_place(Netstring::new(4096), &written(|| Netstring::new(4096)), |frame, place| lies_in(frame, place));
    check_in_place(sync_word(), &sync_word_stream(), |frame, place| lies_in(frame, place));
}

/// Takes what a chunk brings, and tells of each frame whether it lies in the chunk.
fn lines_of(engine: &mut Engine<Lines>, chunk: &[u8]) -> Vec<(String, bool)> {
    let mut frames = engine.feed(chunk).unwrap();
    let mut seen = Vec::new();
    loop {
        match frames.next_frame() {
            Ok(Step::Frame(line, _)) => seen.push((line.escape_ascii().to_string(), lies_in(line, chunk))),
            Ok(_) => return seen,
            Err(error) => seen.push((error.to_string(), false)),
        }
    }
}

#[test]
fn en_2_frames_behind_what_straddles_are_lent_out_of_the_chunk() {
    struct Row(&'static [u8], &'static [(&'static str, bool)]);
    #[rustfmt::skip]
    let rows = [
        Row(b"stra", &[]),
        Row(b"ddle\nin\nplace\nstra", &[("straddle", false), ("in", true), ("place", true)]),
        Row(b"ddles\nin\nmuch too", &[("frame at byte 18: payload longer than the limit of 8 bytes", false), ("in", true)]),
        Row(b" long\nin\nplace\nmuch too lo", &[
            ("frame at byte 31: payload longer than the limit of 8 bytes", false),
            ("in", true),
            ("place", true),
            ("frame at byte 54: payload longer than the limit of 8 bytes", false),
        ]),
        Row(b"ng\nin\nplace\n", &[("in", true), ("place", true)]),
    ];
    let mut engine = Engine::new(Lines::new(8).on_excess(OnExcess::Discard));
    for Row(chunk, expected) in rows {
        let seen = lines_of(&mut engine, chunk);
        let seen: Vec<_> = seen.iter().map(|(says, in_place)| (says.as_str(), *in_place)).collect();
        assert_eq!(seen, expected, "{}", chunk.escape_ascii());
    }
}

/// A caller who takes so many frames after each chunk, and then the next chunk all the same.
fn hoard(mut engine: Engine<Lines, impl StreamBufMut>, stream: &[u8], chunk: usize, taken: usize, mut check: impl FnMut(usize)) {
    for chunk in stream.chunks(chunk) {
        loop {
            let refused = match engine.feed(chunk) {
                Ok(mut frames) => {
                    (0..taken).take_while(|_| matches!(frames.next_frame(), Ok(Step::Frame(..)))).for_each(drop);
                    false
                }
                Err(refused) => {
                    assert!(matches!(refused, Refused::Backlog { .. }));
                    true
                }
            };
            check(engine.held_bytes());
            if !refused {
                break;
            }
            let _ = engine.frames().next_frame();
        }
    }
}

#[test]
fn en_12_what_is_stored_is_bounded() {
    // In CI some runs are emulated.
    let total = if std::env::var_os("FRAMEWRIGHT_QUICK").is_some() { 8000 } else { 30_000 };
    let long = [&[b'x'; 5000][..], b"\n"].concat();
    let mixed = [&b"short\n".repeat(20)[..], &long].concat();
    for (frames, longest) in [(b"short\n".to_vec(), 6), (long, 5001), (mixed, 5001)] {
        let stream = frames.repeat(total / frames.len());
        for backlog in [0, 1, 100, 5000, 20_000] {
            for chunk in [1, 7, 100, 3000, 10_000] {
                for taken in [0, 1, 3, usize::MAX] {
                    if chunk == 1 && taken == 0 && backlog > 100 {
                        continue; // the same as with chunks of 7, only slower
                    }
                    let allowed = backlog.max(longest) + chunk;
                    let check =
                        |held| assert!(held <= allowed, "{held} bytes held: backlog {backlog}, chunks of {chunk}, {taken} taken of each");
                    hoard(Engine::new(Lines::new(8192)).with_backlog(backlog), &stream, chunk, taken, check);
                    hoard(Engine::with_buf(Lines::new(8192), SegmentedBuf::new()).with_backlog(backlog), &stream, chunk, taken, check);
                }
            }
        }
    }
}

/// Claims 8 MiB and sends one, and checks at each step what is allocated.
fn check_claim<B: StreamBufMut>(buf: B, method: Method, chunk: usize) {
    let since = TALLY.get();
    let decoder = LengthField::builder(Width::U32, Counts::Payload, 16 * 1024 * 1024).build().unwrap();
    let mut engine = Engine::with_buf(decoder, buf);
    let header = (8_u32 * 1024 * 1024).to_be_bytes();
    let payload = vec![b'x'; chunk];
    let constant = live_since(since);
    let mut check = |bytes: &[u8]| {
        drain(&mut engine, method, bytes, usize::MAX);
        // What comes next needs room, whoever lends it.
        let next = if method == Method::Reserve { READ_BLOCK } else { chunk };
        let (live, arrived) = (live_since(since) - constant, engine.held_bytes());
        let allowed = EAGER_RESERVE.max(2 * arrived) + next + SLACK;
        assert!(
            live <= allowed,
            "{method:?} in chunks of {chunk}, {}: {live} bytes of storage when {arrived} have arrived",
            core::any::type_name::<B>()
        );
        arrived
    };
    check(&header);
    while check(&payload) < 1024 * 1024 {}
}

#[test]
fn en_13_storage_follows_what_has_arrived_not_what_was_claimed() {
    for method in [Method::Feed, Method::Owned, Method::Reserve] {
        for chunk in [100, 1460, 16_384, 50_000, 300_000] {
            check_claim(LinearBuf::new(), method, chunk);
            check_claim(SegmentedBuf::new(), method, chunk);
        }
    }
}

/// A frame of which it is not known how long it will be is moved as seldom as a growing buffer is.
#[test]
fn en_13_a_frame_that_arrives_slowly_is_not_moved_with_every_chunk() {
    const LEN: usize = 1024 * 1024;
    for method in [Method::Feed, Method::Owned, Method::Reserve] {
        for chunk in [7, 64, 1460] {
            let line = vec![b'x'; chunk];
            let ((), spent) = tally(|| {
                let mut engine = Engine::new(Lines::new(2 * LEN));
                for _ in 0..LEN / chunk {
                    drain(&mut engine, method, &line, usize::MAX);
                }
                assert!(engine.held_bytes() > LEN - chunk);
            });
            // The owned chunks are the caller's.
            let chunks = if method == Method::Owned { 2 * LEN } else { 0 };
            assert!(spent.allocated - chunks <= 6 * LEN, "{method:?} in chunks of {chunk}: {} bytes allocated for {LEN}", spent.allocated);
        }
    }
}

#[test]
fn en_13_a_buffer_provides_what_is_asked_and_no_more() {
    for (kind, mut buf) in each() {
        let since = TALLY.get();
        for n in [1, 100, 5000, 16_384, 20_000, 100_000] {
            buf.write(b"12345").unwrap();
            buf.provide(n);
            let (live, allowed) = (live_since(since), 2 * (buf.len() + n) + SEGMENT + SLACK);
            assert!(live <= allowed && buf.spare() >= n, "{kind}: {live} bytes of storage to provide {n}");
            let ((), spent) = tally(|| (0..n).for_each(|_| buf.write(b"x").unwrap()));
            assert_eq!(spent.allocations, 0, "{kind}: {n} bytes were provided");
            buf.advance(n).unwrap();
        }
    }
    let mut linear = LinearBuf::new();
    linear.write(b"12345").unwrap();
    linear.provide(100_000);
    assert_eq!((linear.capacity(), linear.spare()), (100_005, 100_000));
}

/// Takes every frame of a stream lent, and again to keep, and checks that they are the same.
fn check_kept<D: Decode>(make: impl Fn() -> D, stream: &[u8], chunk: usize, show: fn(D::Frame<'_>) -> Vec<u8>) {
    let (mut lent, mut kept) = (Vec::new(), Vec::new());
    let (mut lending, mut keeping) = (Engine::new(make()), Engine::with_buf(make(), SegmentedBuf::new()));
    for (at, chunk) in stream.chunks(chunk).enumerate() {
        let mut frames = lending.feed(chunk).unwrap();
        while let Step::Frame(frame, place) = frames.next_frame().ok().unwrap() {
            lent.push((show(frame), place));
        }
        let mut frames =
            if at % 2 == 0 { keeping.feed_owned(Bytes::copy_from_slice(chunk)).unwrap() } else { keeping.feed(chunk).unwrap() };
        while let Step::Frame(frame, place) = frames.next_view().ok().unwrap() {
            kept.push((frame, place));
        }
    }
    drop(keeping); // what is kept outlives it
    let kept: Vec<_> = kept.iter().map(|(frame, place)| (show(frame.open()), *place)).collect();
    assert!(lent.len() >= 100 && lent == kept, "chunks of {chunk}");
}

#[test]
fn en_17_a_kept_frame_is_the_same_as_one_lent() {
    for chunk in CHUNKS {
        check_kept(|| Lines::new(4096), &lines_stream(), chunk, |frame| frame.to_vec());
        check_kept(|| Lines::new(4096).keep_ending(), &lines_stream(), chunk, |frame| frame.to_vec());
        check_kept(length_field, &length_field_stream(), chunk, |frame| frame.to_vec());
        check_kept(delimiter, &lines_stream(), chunk, |frame| [frame.payload(), b"|", frame.delimiter(), b"|", frame.encoded()].concat());
        check_kept(|| Utf8Lines::new(4096), &lines_stream(), chunk, |line| line.as_bytes().to_vec());
        check_kept(sync_word, &sync_word_stream(), chunk, |frame| frame.to_vec());
        check_kept(chunks, &written(chunks), chunk, |frame| frame.to_vec());
        check_kept(|| Cobs::new(4096), &written(|| Cobs::new(4096)), chunk, |frame| frame.to_vec());
        check_kept(|| Slip::new(4096), &written(|| Slip::new(4096)), chunk, |frame| frame.to_vec());
    }
}

#[test]
fn en_17_a_kept_frame_shares_an_owned_chunk() {
    let chunk = Bytes::from([&[b'x'; 300][..], b"\nshort\n", &[b'y'; 2000], b"\nstra"].concat());
    let mut engine = Engine::with_buf(Lines::new(4096), SegmentedBuf::new());
    let mut frames = engine.feed_owned(chunk.clone()).unwrap();
    let mut kept = Vec::new();
    while let Step::Frame(frame, _) = frames.next_view().unwrap() {
        kept.push(frame);
    }
    drop(frames);
    let mut frames = engine.feed_owned(Bytes::from([&[b'z'; 2000][..], b"\n"].concat())).unwrap();
    let Step::Frame(straddling, _) = frames.next_view().unwrap() else { panic!("a frame is there") };
    drop(frames);
    drop(engine);
    let shares = |frame: &Kept<Lines>| lies_in(frame.encoded(), &chunk);
    assert_eq!(kept.iter().map(shares).collect::<Vec<_>>(), [true, false, true], "short ones are copied");
    assert_eq!((shares(&straddling), straddling.encoded().len()), (false, 2005));
    assert_eq!(kept[0].open(), [b'x'; 300]);
    let (view, spent) = tally(|| kept.swap_remove(2).into_view());
    assert!(lies_in(view.peek(), &chunk) && view.len() == 2001 && spent.allocations == 0);
}

#[test]
fn en_17_a_kept_frame_shares_what_was_read_into_the_engine() {
    let mut engine = Engine::with_buf(Lines::new(4096), SegmentedBuf::new());
    let mut room = engine.reserve().unwrap();
    room.as_mut_slice()[..2000].fill(b'x');
    room.as_mut_slice()[1999] = b'\n';
    let place = room.as_mut_slice().as_ptr();
    let mut frames = room.commit(2000).unwrap();
    let (step, spent) = tally(|| frames.next_view().unwrap());
    let Step::Frame(kept, _) = step else { panic!("a frame is there") };
    assert_eq!((kept.encoded().as_ptr(), kept.encoded().len()), (place, 2000));
    assert!(spent.allocated < 200, "{} bytes allocated to keep a frame of 2000", spent.allocated);
}

/// Sends and gets this message, and waits.
fn converse(conn: &mut Conn<Plain<Lines>>, message: &[u8], round: usize) {
    let mut left = message;
    loop {
        match conn.step() {
            Turn::Event(line, mut out) => out.send(line).unwrap(),
            Turn::Want(want) if want.write > 0 => {
                // By slices, or as a batch.
                let n = match round % 2 {
                    0 => want.write.min(1000),
                    _ => conn.take_output(1000).unwrap().len(),
                };
                conn.sent(Time::ZERO, n).unwrap();
            }
            Turn::Want(_) if left.is_empty() => return,
            Turn::Want(_) => match round % 3 {
                0 => {
                    let (chunk, rest) = left.split_at(left.len().min(700));
                    left = rest;
                    drop(conn.feed(Time::ZERO, chunk).unwrap());
                }
                1 => {
                    let space = conn.space().unwrap();
                    let n = left.len().min(space.len());
                    space[..n].copy_from_slice(&left[..n]);
                    left = &left[n..];
                    conn.commit(Time::ZERO, n).unwrap();
                }
                _ => {
                    let mut reservation = conn.reserve_owned().unwrap();
                    let n = left.len().min(reservation.reserved());
                    reservation.storage.extend_from_slice(&left[..n]);
                    left = &left[n..];
                    conn.commit_owned(Time::ZERO, reservation).unwrap();
                }
            },
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn cn_36_a_connection_that_waits_after_traffic_holds_almost_nothing() {
    const CONNS: usize = 10_000;
    let long = [vec![b'x'; 60_000], b"\nshort\n".to_vec()].concat();
    let messages = [&b"short\n"[..], &long, b"one\ntwo\nthree\n"];
    let before = TALLY.get();
    let mut conns: Vec<Conn<Plain<Lines>>> = (0..CONNS).map(|_| Conn::new(Plain(Lines::new(100_000)), Time::ZERO)).collect();
    assert_eq!(live_since(before), CONNS * size_of::<Conn<Plain<Lines>>>(), "a new one holds nothing");
    for (round, conn) in conns.iter_mut().enumerate() {
        // The long one last, now and then: there are many.
        let messages = if round % 50 < 6 { &messages[..] } else { &messages[..1] };
        for message in messages.iter().rev() {
            converse(conn, message, round);
        }
        if round % 7 == 0 {
            converse(conn, &long, round % 6);
        }
        assert!(conn.capacity_bytes() <= 1024, "{round}: {} bytes", conn.capacity_bytes());
    }
    let each = live_since(before) / CONNS;
    assert!(each <= size_of::<Conn<Plain<Lines>>>() + 1024, "{each} bytes each");
    let alive = live_since(before) - CONNS * size_of::<Conn<Plain<Lines>>>();
    let known: usize = conns.iter().map(Conn::capacity_bytes).sum();
    assert!(alive <= known + CONNS * 64, "{alive} bytes are alive, and {known} are known of");
    println!("{each} bytes for each of {CONNS} connections that wait, {} of them its own", size_of::<Conn<Plain<Lines>>>());
}
