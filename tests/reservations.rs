//! Storage that leaves a buffer and comes back: SPEC.md, clauses BF-19 to BF-21 and EN-26.

use bytes::{Buf, Bytes, BytesMut};
use core::mem;
use framewright::buf::{
    BufConfig, LinearBuf, Needle, OwnedReservation, RefusedCommit, ScanPos, SegmentedBuf, StreamBuf, StreamBufMut, View, find_next,
};
use framewright::decode::{Found, Reject, Stop};
use framewright::engine::{Parts, READ_BLOCK};
use framewright::framing::{Counts, LengthField, Lines, Width};
use framewright::{BufError, Decode, Engine, ErrorCause, ErrorKind, Frames, Input, NeedMoreData, Refused, Step, read};
use quickcheck::{Arbitrary, Gen, QuickCheck, Testable};
use std::thread;

/// A seam every few bytes.
const TINY: BufConfig = BufConfig { segment_size: 3, merge_below: 2, copy_out_below: 2, ..BufConfig::DEFAULT };

type Make = fn() -> Box<dyn StreamBufMut>;

/// Makes an empty buffer, of each kind.
const EACH: [(&str, Make); 3] = [
    ("LinearBuf", || Box::new(LinearBuf::new())),
    ("SegmentedBuf", || Box::new(SegmentedBuf::new())),
    ("tiny SegmentedBuf", || Box::new(SegmentedBuf::with_config(TINY))),
];

fn holding(make: Make, bytes: &[u8]) -> Box<dyn StreamBufMut> {
    let mut buf = make();
    buf.write(bytes).unwrap();
    buf
}

fn unread<B: StreamBuf + ?Sized>(buf: &B) -> Vec<u8> {
    buf.segments().flatten().copied().collect()
}

/// A reservation of `n` bytes with these in its storage.
fn filled(buf: &mut dyn StreamBufMut, n: usize, bytes: &[u8]) -> OwnedReservation {
    let mut reservation = buf.reserve_owned(n).unwrap();
    reservation.storage.extend_from_slice(bytes);
    reservation
}

#[test]
fn bf_19_reading_goes_on_while_storage_is_out() {
    for (name, make) in EACH {
        let mut buf = holding(make, b"..\x01\x02cd\r\nefgh");
        buf.advance(2).unwrap();
        let mut reservation = buf.reserve_owned(100).unwrap();
        assert!(reservation.storage.is_empty() && reservation.storage.capacity() >= 100 && reservation.reserved() == 100, "{name}");
        reservation.storage.extend_from_slice(b"UNSEEN\r\n");

        let mut at = ScanPos::default();
        let crlf = Needle::new(b"\r\n");
        assert_eq!((unread(&*buf), buf.len(), buf.position()), (b"\x01\x02cd\r\nefgh".to_vec(), 10, 2), "{name}");
        assert!(unread(&*buf).starts_with(buf.peek()) && !buf.peek().is_empty(), "{name}");
        assert_eq!((buf.find(&crlf, 0..99), buf.rfind(&crlf, 0..99), buf.find(&Needle::new(b"UNSEEN"), 0..99)), (Some(4), Some(4), None));
        assert_eq!((find_next(&*buf, &crlf, &mut at), read::peek_u16_be(&*buf)), (Some(4), Ok(0x0102)), "{name}");
        assert_eq!((read::read_u16_be(&mut *buf), buf.coalesce(3).unwrap()), (Ok(0x0102), &b"cd\r"[..]), "{name}");
        buf.contiguous_mut(2).unwrap().make_ascii_uppercase();
        buf.make_contiguous(7).unwrap();
        assert_eq!((buf.split_to(3).unwrap().to_vec(), buf.position()), (b"CD\r".to_vec(), 7), "{name}");
        buf.advance(2).unwrap();
        let short = NeedMoreData::check(3, 4);
        assert_eq!((buf.advance(4), buf.make_contiguous(4), buf.split_to(4).map(drop)), (short, short, short), "{name}");
        assert_eq!((unread(&*buf), buf.position(), buf.is_reserved()), (b"fgh".to_vec(), 9, true), "{name}");

        buf.commit_owned(reservation).unwrap();
        assert_eq!((unread(&*buf), buf.is_reserved()), (b"fghUNSEEN\r\n".to_vec(), false), "{name}");
        assert_eq!(find_next(&*buf, &crlf, &mut at), Some(9), "{name}");
    }
}

#[test]
fn bf_19_what_writes_or_reserves_is_refused() {
    for (name, make) in EACH {
        for before in [&b""[..], b"before, "] {
            let mut buf = holding(make, before);
            let reservation = filled(&mut *buf, 100, b"after");
            buf.set_max_bytes(before.len() + 20);
            for n in [1, 2, 1024, 5000] {
                let refusals = [
                    buf.write(&vec![b'x'; n]),
                    buf.append(vec![b'x'; n].into()),
                    buf.reserve(n).map(drop),
                    buf.reserve(0).map(drop),
                    buf.reserve_up_to(n).map(drop),
                    buf.reserve_owned(n).map(drop),
                    buf.reserve_owned(0).map(drop),
                ];
                assert_eq!(refusals, [Err(BufError::OutstandingReserve); 7], "{name}");
                assert_eq!((unread(&*buf), buf.is_reserved()), (before.to_vec(), true), "{name}");
            }
            // Nothing is not written.
            assert_eq!((buf.write(b""), buf.append(Bytes::new())), (Ok(()), Ok(())), "{name}");
            buf.commit_owned(reservation).unwrap();
            assert_eq!(unread(&*buf), [before, b"after"].concat(), "{name}");
            buf.write(b"!").unwrap();
            buf.append(Bytes::from_static(b"?")).unwrap();
            buf.reserve(2).unwrap().commit(0).unwrap();
            assert_eq!(unread(&*buf), [before, b"after!?"].concat(), "{name}");
        }
    }
}

#[test]
fn bf_19_the_limit_is_judged_before_storage_leaves() {
    for (name, make) in EACH {
        let mut buf = holding(make, b"0123456");
        buf.set_max_bytes(10);
        for (n, wanted) in [(4, 11), (usize::MAX, usize::MAX)] {
            assert_eq!(buf.reserve_owned(n).map(drop), Err(BufError::BufferTooLarge { limit: 10, wanted }), "{name}");
            assert!(!buf.is_reserved(), "{name}");
        }
        let reservation = filled(&mut *buf, 3, b"789");
        buf.set_max_bytes(0); // what was promised holds
        buf.commit_owned(reservation).unwrap();
        assert_eq!(unread(&*buf), b"0123456789", "{name}");
    }
}

/// Says why a commit was refused, and what came back.
fn refusal(refused: Result<(), RefusedCommit>) -> (BufError, Vec<u8>) {
    let RefusedCommit { error, reservation } = refused.unwrap_err();
    (error, reservation.storage.to_vec())
}

#[test]
fn bf_20_a_cancelled_reservation_is_refused() {
    let refused = |bytes: &[u8]| (BufError::NoOutstandingReserve, bytes.to_vec());
    for (name, make) in EACH {
        for before in [&b""[..], b"before, "] {
            let mut buf = holding(make, before);
            assert_eq!(buf.cancel_reserve(), Err(BufError::NoOutstandingReserve), "{name}: none is out");
            let first = filled(&mut *buf, 9, b"first");
            assert_eq!((buf.cancel_reserve(), buf.is_reserved()), (Ok(()), false), "{name}");
            assert_eq!(buf.cancel_reserve(), Err(BufError::NoOutstandingReserve), "{name}: twice");
            assert_eq!(refusal(buf.commit_owned(first)), refused(b"first"), "{name}");

            // A later one is not mistaken for it, nor given up for it.
            let stale = filled(&mut *buf, 9, b"stale");
            buf.cancel_reserve().unwrap();
            let staler = filled(&mut *buf, 9, b"staler");
            buf.cancel_reserve().unwrap();
            let current = filled(&mut *buf, 9, b"current");
            let RefusedCommit { error, reservation } = buf.commit_owned(stale).unwrap_err();
            assert_eq!((error, buf.is_reserved()), (BufError::NoOutstandingReserve, true), "{name}");
            assert_eq!(refusal(buf.commit_owned(staler)), refused(b"staler"), "{name}");
            assert_eq!(refusal(buf.commit_owned(reservation)), refused(b"stale"), "{name}: asked again");
            assert_eq!(unread(&*buf), before, "{name}");
            buf.commit_owned(current).unwrap();
            assert_eq!(unread(&*buf), [before, b"current"].concat(), "{name}");
            buf.write(b"!").unwrap();
            assert_eq!(unread(&*buf), [before, b"current!"].concat(), "{name}");
        }
    }
}

/// A reservation cannot be cloned. What can be done is to put another in its place, or other storage into it.
#[test]
fn bf_20_nothing_is_committed_twice() {
    for (name, make) in EACH {
        let mut buf = make();
        let mut held = filled(&mut *buf, 9, b"one, ");
        buf.commit_owned(mem::replace(&mut held, filled(&mut LinearBuf::new(), 9, b"foreign"))).unwrap();
        assert_eq!(refusal(buf.commit_owned(held)), (BufError::NoOutstandingReserve, b"foreign".to_vec()), "{name}");

        let mut held = filled(&mut *buf, 9, b"two, ");
        let bytes = mem::take(&mut held.storage);
        buf.commit_owned(held).unwrap();
        assert_eq!(unread(&*buf), b"one, ", "{name}: its bytes were taken out of it");
        let mut held = buf.reserve_owned(9).unwrap();
        held.storage = bytes;
        buf.commit_owned(held).unwrap();
        assert_eq!((unread(&*buf), buf.cancel_reserve()), (b"one, two, ".to_vec(), Err(BufError::NoOutstandingReserve)), "{name}");
    }
}

#[test]
fn bf_20_a_reservation_of_another_buffer_is_refused() {
    for (name, make) in EACH {
        for (other, make_other) in EACH {
            let (mut buf, mut another) = (holding(make, b"1"), holding(make_other, b"2"));
            let (mine, foreign) = (filled(&mut *buf, 9, b"mine"), filled(&mut *another, 9, b"foreign"));
            let RefusedCommit { error, reservation } = buf.commit_owned(foreign).unwrap_err();
            assert_eq!((error, unread(&*buf), buf.is_reserved()), (BufError::NoOutstandingReserve, b"1".to_vec(), true), "{name}, {other}");
            another.commit_owned(reservation).unwrap();
            assert_eq!(unread(&*another), b"2foreign", "{name}, {other}: it is not lost");
            drop(buf);
            // A buffer that comes after it is another one.
            let mut buf = make();
            let current = filled(&mut *buf, 9, b"current");
            assert_eq!(refusal(buf.commit_owned(mine)), (BufError::NoOutstandingReserve, b"mine".to_vec()), "{name}");
            buf.commit_owned(current).unwrap();
            assert_eq!(unread(&*buf), b"current", "{name}");
        }
    }
}

#[test]
fn bf_20_too_much_comes_back_and_stays_out() {
    for (name, make) in EACH {
        let mut buf = holding(make, b"before, ");
        let reservation = filled(&mut *buf, 4, b"12345");
        let RefusedCommit { error, mut reservation } = buf.commit_owned(reservation).unwrap_err();
        assert_eq!(error, BufError::CommitTooLarge { reserved: 4, committed: 5 }, "{name}");
        assert_eq!((unread(&*buf), buf.is_reserved(), &reservation.storage[..]), (b"before, ".to_vec(), true, &b"12345"[..]), "{name}");
        let refused: RefusedCommit = RefusedCommit { error, reservation };
        assert_eq!(refused.to_string(), "5 bytes committed, but only 4 bytes were reserved");
        reservation = refused.reservation;
        let rest = reservation.storage.split_off(4);
        buf.commit_owned(reservation).unwrap();
        buf.write(&rest).unwrap();
        assert_eq!(unread(&*buf), b"before, 12345", "{name}");
    }
    let mut buf = LinearBuf::new();
    let nothing = filled(&mut buf, 0, b"x");
    assert_eq!(refusal(buf.commit_owned(nothing)), (BufError::CommitTooLarge { reserved: 0, committed: 1 }, b"x".to_vec()));
}

/// What a caller does with the storage that is out.
struct Handling {
    name: &'static str,
    handle: fn(&mut BytesMut, &[u8]),
}

#[rustfmt::skip]
const HANDLINGS: &[Handling] = &[
    Handling { name: "filled",             handle: |storage, bytes| storage.extend_from_slice(bytes) },
    Handling { name: "filled in parts",    handle: |storage, bytes| bytes.chunks(3).for_each(|part| storage.extend_from_slice(part)) },
    Handling { name: "overfilled and cut", handle: |storage, bytes| { storage.resize(40_000, b'!'); storage.clear(); storage.extend_from_slice(bytes) } },
    Handling { name: "grown",              handle: |storage, bytes| { storage.extend_from_slice(bytes); storage.reserve(100_000) } },
    Handling { name: "grown while empty",  handle: |storage, bytes| { storage.reserve(100_000); storage.extend_from_slice(bytes) } },
    Handling { name: "replaced",           handle: |storage, bytes| *storage = BytesMut::from(bytes) },
    Handling { name: "replaced by large",  handle: |storage, bytes| { *storage = BytesMut::with_capacity(1 << 20); storage.extend_from_slice(bytes) } },
    Handling { name: "used from the middle", handle: |storage, bytes| { storage.extend_from_slice(b"skipped"); storage.advance(7); storage.extend_from_slice(bytes) } },
    Handling { name: "shared in part",     handle: |storage, bytes| { storage.extend_from_slice(b"shared"); drop(storage.split_to(6).freeze()); storage.extend_from_slice(bytes) } },
    Handling { name: "cut behind",         handle: |storage, bytes| { storage.extend_from_slice(bytes); drop(storage.split_off(bytes.len())) } },
    Handling { name: "without spare",      handle: |storage, bytes| *storage = BytesMut::from(Bytes::copy_from_slice(bytes)) },
];

/// What is done with the buffer meanwhile.
struct Meanwhile {
    name: &'static str,
    work: fn(&mut dyn StreamBufMut),
    /// How many bytes must be there, and how many of them are consumed.
    needs: usize,
    consumes: usize,
}

const BEFORE: &[u8] = b"0123456789";

#[rustfmt::skip]
const MEANWHILES: &[Meanwhile] = &[
    Meanwhile { name: "nothing",              needs: 0,  consumes: 0,  work: |_| {} },
    Meanwhile { name: "advance",              needs: 3,  consumes: 3,  work: |buf| buf.advance(3).unwrap() },
    Meanwhile { name: "advance to the end",   needs: 10, consumes: 10, work: |buf| buf.advance(10).unwrap() },
    Meanwhile { name: "advance by nothing",   needs: 0,  consumes: 0,  work: |buf| buf.advance(0).unwrap() },
    Meanwhile { name: "split_to",             needs: 9,  consumes: 9,  work: |buf| assert_eq!(buf.split_to(9).unwrap(), BEFORE[..9]) },
    Meanwhile { name: "split_to, all",        needs: 10, consumes: 10, work: |buf| assert_eq!(buf.split_to(10).unwrap(), *BEFORE) },
    Meanwhile { name: "make_contiguous",      needs: 7,  consumes: 0,  work: |buf| buf.make_contiguous(7).unwrap() },
    Meanwhile { name: "make_contiguous, all", needs: 10, consumes: 2,  work: |buf| { buf.make_contiguous(10).unwrap(); buf.advance(2).unwrap() } },
    Meanwhile { name: "contiguous_mut",       needs: 5,  consumes: 5,  work: |buf| { buf.contiguous_mut(5).unwrap().fill(b'x'); buf.advance(5).unwrap() } },
    Meanwhile { name: "provide",              needs: 0,  consumes: 0,  work: |buf| buf.provide(50_000) },
    Meanwhile { name: "advance, provide",     needs: 8,  consumes: 8,  work: |buf| { buf.advance(8).unwrap(); buf.provide(50_000) } },
    Meanwhile { name: "provide, advance",     needs: 10, consumes: 10, work: |buf| { buf.provide(5); buf.advance(10).unwrap(); buf.provide(50_000) } },
    Meanwhile { name: "write nothing",        needs: 0,  consumes: 0,  work: |buf| buf.write(b"").unwrap() },
];

#[test]
fn bf_21_what_is_in_the_storage_becomes_readable_in_its_place() {
    for (name, make) in EACH {
        for before in [BEFORE, b""] {
            for meanwhile in MEANWHILES.iter().filter(|meanwhile| meanwhile.needs <= before.len()) {
                for handling in HANDLINGS {
                    for len in [0, 1, 20, 1023, 1024, 5000] {
                        let at = format!("{name}, {}, {len} bytes, storage {}", meanwhile.name, handling.name);
                        let bytes: Vec<u8> = (0..len).map(|at| b"abcdefg"[at % 7]).collect();
                        let mut buf = holding(make, before);
                        let mut reservation = buf.reserve_owned(5000).unwrap();
                        (handling.handle)(&mut reservation.storage, &bytes);
                        (meanwhile.work)(&mut *buf);
                        buf.commit_owned(reservation).unwrap();
                        buf.write(b", after").unwrap();
                        buf.reserve(9).unwrap().commit(0).unwrap();
                        let expected = [&before[meanwhile.consumes..], &bytes, b", after"].concat();
                        assert!(unread(&*buf) == expected, "{at}: {:?}", unread(&*buf).escape_ascii().to_string());
                        assert_eq!((buf.len(), buf.position()), (expected.len(), meanwhile.consumes as u64), "{at}");
                        assert!(buf.segments().all(|run| !run.is_empty()), "{at}");
                        assert!(buf.split_to(expected.len()).unwrap() == expected[..], "{at}");
                    }
                }
            }
        }
    }
}

#[test]
fn bf_21_storage_comes_back_from_another_thread() {
    for (name, make) in EACH {
        let mut buf = make();
        let mut expected = Vec::new();
        for round in 0..20_u8 {
            let mut reservation = buf.reserve_owned(1000).unwrap();
            let bytes = vec![round; usize::from(round) * 50];
            expected.extend_from_slice(&bytes);
            let reading = thread::spawn(move || {
                reservation.storage.extend_from_slice(&bytes);
                reservation
            });
            let taken = buf.len() / 3;
            buf.advance(taken).unwrap();
            expected.drain(..taken);
            buf.commit_owned(reading.join().unwrap()).unwrap();
            assert_eq!(unread(&*buf), expected, "{name}");
        }
    }
}

/// What fits on where it was cut off is not moved, and makes one run with what was there.
#[test]
fn bf_21_what_fits_on_is_not_copied() {
    for (name, make) in EACH {
        for (before, consumed) in [(&b""[..], 0), (BEFORE, 0), (BEFORE, 4), (BEFORE, 10)] {
            let mut buf = holding(make, before);
            let reservation = filled(&mut *buf, 100, b"committed");
            let (front, place) = (buf.peek().as_ptr(), reservation.storage.as_ptr());
            buf.advance(consumed).unwrap();
            buf.commit_owned(reservation).unwrap();
            let last = buf.segments().last().unwrap();
            assert_eq!(last[last.len() - 9..].as_ptr(), place, "{name}, {consumed} of {} consumed", before.len());
            if !name.starts_with("tiny") {
                assert_eq!(buf.segments().len(), 1, "{name}, {consumed} of {} consumed", before.len());
                assert!(consumed == before.len() || buf.peek().as_ptr() == front.wrapping_add(consumed), "{name}");
            }
        }
    }
}

/// Other storage becomes the tail where nothing is unread in that; behind unread bytes it is copied.
#[test]
fn bf_21_storage_of_the_callers_takes_the_place_of_what_was_lent() {
    for (len, capacity) in [(1, 100), (1024, 1024), (1024, 1 << 20), (20_000, 20_000)] {
        for (before, expected) in [(&b""[..], "shared"), (b"before", "copied")] {
            for (name, make) in EACH {
                let mut buf = holding(make, before);
                let mut reservation = buf.reserve_owned(20_000).unwrap();
                reservation.storage = BytesMut::with_capacity(capacity);
                reservation.storage.resize(len, b'x');
                let place = reservation.storage.as_ptr();
                buf.commit_owned(reservation).unwrap();
                let found = if buf.segments().any(|run| run.as_ptr() == place) { "shared" } else { "copied" };
                assert_eq!(found, expected, "{name}: {len} bytes of {capacity} behind {before:?}");
                assert!(unread(&*buf) == [before, &vec![b'x'; len][..]].concat(), "{name}: {len} bytes of {capacity} behind {before:?}");
            }
        }
    }
}

/// Nor are those bytes moved, though the room behind them is gone.
#[test]
fn bf_21_what_is_unread_stays_where_it_is() {
    let mut buf = SegmentedBuf::new();
    buf.write(&[b'x'; 10_000]).unwrap();
    let view = buf.split_to(1000).unwrap();
    let mut reservation = buf.reserve_owned(100).unwrap();
    let place = buf.peek().as_ptr();
    reservation.storage = BytesMut::from(&b"other"[..]);
    buf.commit_owned(reservation).unwrap();
    assert_eq!((buf.peek().as_ptr(), buf.len(), view.len()), (place, 9005, 1000));
}

#[test]
fn bf_21_a_view_knows_what_committed_storage_pins() {
    // Consumed to the end while it was out, replaced, or grown: a view of 256 bytes of 1 MiB is copied.
    let lent: fn(&mut SegmentedBuf) -> OwnedReservation = |buf| {
        let mut reservation = buf.reserve_owned(1 << 20).unwrap();
        buf.advance(buf.len()).unwrap();
        reservation.storage.resize(5000, b'x');
        reservation
    };
    let replaced: fn(&mut SegmentedBuf) -> OwnedReservation = |buf| {
        let mut reservation = buf.reserve_owned(5000).unwrap();
        buf.advance(buf.len()).unwrap();
        reservation.storage = BytesMut::with_capacity(1 << 20);
        reservation.storage.resize(5000, b'x');
        reservation
    };
    for (how, reserve) in [("lent", lent), ("replaced", replaced)] {
        for before in [&b""[..], b"before"] {
            let mut buf = SegmentedBuf::new();
            buf.write(before).unwrap();
            let reservation = reserve(&mut buf);
            let place = reservation.storage.as_ptr();
            buf.commit_owned(reservation).unwrap();
            assert_eq!(buf.peek().as_ptr(), place, "{how} behind {before:?}");
            assert_ne!(buf.split_to(256).unwrap().peek().as_ptr(), place, "{how} behind {before:?}: 256 bytes pin 1 MiB");
        }
    }
}

/// Takes frames until there are none, and says what came.
fn drain<D: Show>(mut frames: Frames<'_, D, impl StreamBufMut>) -> Vec<String> {
    let mut says = Vec::new();
    loop {
        says.push(match frames.next_frame() {
            Ok(Step::Frame(frame, place)) => format!("{} at {}", D::text(frame), place.offset),
            Ok(Step::Idle) => break,
            Ok(Step::NeedMoreData(_)) => "more".into(),
            Ok(Step::Handoff(..)) => panic!("nothing is handed over"),
            Ok(Step::End(_)) => "end".into(),
            Err(error) => error.to_string(),
        });
        if !says.last().is_some_and(|said| said.contains(" at ") && !said.starts_with("frame")) {
            break;
        }
    }
    says
}

/// A decoder whose frames can be shown.
trait Show: Decode {
    fn text(frame: Self::Frame<'_>) -> String;
}

impl Show for Lines {
    fn text(frame: &[u8]) -> String {
        String::from_utf8_lossy(frame).into()
    }
}

/// A length byte, and so many bytes with every bit inverted. It rewrites, so that each frame is looked for in what is stored.
struct Inverted;

impl Decode for Inverted {
    type Progress = ();
    type Token = ();
    type Frame<'a> = &'a [u8];
    type Fault = core::convert::Infallible;

    const REWRITES: bool = true;

    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<()>, Stop<Self::Fault>> {
        input.begin()?;
        let [length] = input.array(0)?;
        input.require(1 + usize::from(length))?;
        Ok(Found::Frame { len: 1 + usize::from(length), token: () })
    }

    fn rewrite(&mut self, (): &mut (), frame: &mut [u8]) -> Result<usize, Reject<Self::Fault>> {
        for byte in frame.iter_mut() {
            *byte = !*byte;
        }
        Ok(frame.len())
    }

    fn open<'a>((): (), (): &'a (), frame: &'a [u8]) -> &'a [u8] {
        &frame[1..]
    }
}

impl Show for Inverted {
    fn text(frame: &[u8]) -> String {
        Lines::text(frame)
    }
}

fn commit<D: Decode, B: StreamBufMut>(engine: &mut Engine<D, B>, mut reservation: OwnedReservation, bytes: &[u8]) {
    reservation.storage.extend_from_slice(bytes);
    drop(engine.commit_owned(reservation).unwrap());
}

#[test]
fn en_26_steps_go_on_while_storage_is_out() {
    fn check<B: StreamBufMut>(mut engine: Engine<Lines, B>) {
        // Frames in one stored run, and what is left of one.
        drop(engine.feed(b"one\ntwo\nthr").unwrap());
        let reservation = engine.reserve_owned().unwrap();
        assert_eq!(drain(engine.frames()), ["one at 0", "two at 4", "more"]);
        assert_eq!(drain(engine.frames()), ["more"]);
        commit(&mut engine, reservation, b"ee\nfo");
        // One that was waited for, and one that straddles.
        let reservation = engine.reserve_owned().unwrap();
        assert_eq!(drain(engine.frames()), ["three at 8", "more"]);
        commit(&mut engine, reservation, b"ur\nfive\n");
        let reservation = engine.reserve_owned().unwrap();
        assert!(matches!(engine.frames().next_view(), Ok(Step::Frame(kept, place)) if kept.open() == b"four" && place.offset == 14));
        assert_eq!(drain(engine.frames()), ["five at 19"]);
        assert_eq!((engine.held_bytes(), engine.position()), (0, 24));
        commit(&mut engine, reservation, b"");
        // Stored in many pieces before the first look.
        for piece in ["s", "i", "x\nsev", "en\n"] {
            drop(engine.feed_owned(Bytes::from_static(piece.as_bytes())).unwrap());
        }
        let reservation = engine.reserve_owned().unwrap();
        assert_eq!(drain(engine.frames()), ["six at 24", "seven at 28"]);
        assert_eq!(drain(engine.frames()), [""; 0]);
        commit(&mut engine, reservation, b"eight");
        assert_eq!(drain(engine.eof()), ["eight at 34", "end"]);
    }
    check(Engine::new(Lines::new(99)));
    check(Engine::with_buf(Lines::new(99), SegmentedBuf::new()));
    check(Engine::with_buf(Lines::new(99), SegmentedBuf::with_config(TINY)));
}

#[test]
fn en_26_frames_are_rewritten_while_storage_is_out() {
    fn check<B: StreamBufMut>(mut engine: Engine<Inverted, B>) {
        drop(engine.feed(b"\x02\x9e\x9d\x01\x9c\x03").unwrap());
        let reservation = engine.reserve_owned().unwrap();
        assert_eq!(drain(engine.frames()), ["ab at 0", "c at 3", "more"]);
        commit(&mut engine, reservation, b"\x9b\x9a\x99\0");
        let reservation = engine.reserve_owned().unwrap();
        assert_eq!(drain(engine.frames()), ["def at 5", " at 9"]);
        drop(engine.commit_owned(reservation).unwrap());
    }
    check(Engine::new(Inverted));
    check(Engine::with_buf(Inverted, SegmentedBuf::new()));
    check(Engine::with_buf(Inverted, SegmentedBuf::with_config(TINY)));
}

/// With a read always posted, the same comes out as of the whole stream at once.
#[test]
fn en_26_owned_storage_brings_what_a_chunk_would() {
    fn check<B: StreamBufMut>(engine: impl Fn() -> Engine<Lines, B>, stream: &[u8], piece: usize, taken: usize) {
        let mut whole = engine();
        let mut expected = drain(whole.feed(stream).unwrap());
        expected.retain(|said| said != "more");
        expected.extend(drain(whole.eof()));

        let (mut engine, mut says) = (engine(), Vec::new());
        for piece in stream.chunks(piece) {
            let mut reservation = engine.reserve_owned().unwrap();
            let reading = piece.len().div_ceil(2);
            reservation.storage.extend_from_slice(&piece[..reading]);
            let mut frames = engine.frames();
            for _ in 0..taken {
                match frames.next_frame() {
                    Ok(Step::Frame(line, place)) => says.push(format!("{} at {}", Lines::text(line), place.offset)),
                    _ => break,
                }
            }
            drop(frames);
            commit(&mut engine, reservation, &piece[reading..]);
        }
        says.extend(drain(engine.frames()));
        says.retain(|said| said != "more");
        says.extend(drain(engine.eof()));
        assert_eq!(says, expected, "in pieces of {piece}, {taken} frames taken for each");
    }
    let stream: Vec<u8> = (0..60).flat_map(|n| [&b"abcdefghij"[..n % 10], b"\n"].concat()).chain(*b"the end").collect();
    for piece in (1..20).chain([50, 500]) {
        for taken in [0, 1, 2, 99] {
            check(|| Engine::new(Lines::new(99)), &stream, piece, taken);
            check(|| Engine::with_buf(Lines::new(99), SegmentedBuf::new()), &stream, piece, taken);
            check(|| Engine::with_buf(Lines::new(99), SegmentedBuf::with_config(TINY)), &stream, piece, taken);
        }
    }
}

#[test]
fn en_26_other_input_is_refused() {
    fn check<B: StreamBufMut>(mut engine: Engine<Lines, B>) {
        drop(engine.feed(b"one\ntw").unwrap());
        let reservation = engine.reserve_owned().unwrap();
        let refusals = [
            engine.feed(b"x").map(drop),
            engine.feed_owned(Bytes::from_static(b"x")).map(drop),
            engine.feed_owned(Bytes::from(vec![b'x'; 5000])).map(drop),
            engine.reserve().map(drop),
            engine.reserve_owned().map(drop),
        ];
        assert_eq!(refusals, [Err(Refused::OutstandingReserve); 5]);
        assert_eq!(Refused::OutstandingReserve.kind(), ErrorKind::Misuse);
        assert_eq!(engine.held_bytes(), 6);
        assert_eq!(drain(engine.frames()), ["one at 0", "more"]);

        assert_eq!((engine.cancel_reserve(), engine.cancel_reserve()), (Ok(()), Err(Refused::NoOutstandingReserve)));
        assert_eq!(drain(engine.feed(b"o\n").unwrap()), ["two at 4"]);
        assert_eq!(drain(engine.feed_owned(Bytes::from_static(b"three\n")).unwrap()), ["three at 8"]);
        let refused = engine.commit_owned(reservation).unwrap_err();
        assert_eq!((refused.error, refused.error.kind()), (Refused::NoOutstandingReserve, ErrorKind::Misuse));
    }
    check(Engine::new(Lines::new(99)));
    check(Engine::with_buf(Lines::new(99), SegmentedBuf::new()));
    check(Engine::with_buf(Lines::new(99), SegmentedBuf::with_config(TINY)));
}

#[test]
fn en_26_a_refused_commit_hands_the_storage_back() {
    fn check<B: StreamBufMut>(mut engine: Engine<Lines, B>) {
        let refused = |engine: &mut Engine<Lines, B>, reservation| {
            let RefusedCommit { error, reservation } = engine.commit_owned(reservation).map(drop).unwrap_err();
            (error, reservation)
        };
        drop(engine.feed(b"o").unwrap());
        let stale = engine.reserve_owned().unwrap();
        engine.cancel_reserve().unwrap();
        let mut current = engine.reserve_owned().unwrap();
        let elsewhere = [Engine::new(Lines::new(9)).reserve_owned().unwrap(), LinearBuf::new().reserve_owned(9).unwrap(), stale];
        for (mut other, bytes) in elsewhere.into_iter().zip(["a\n", "b\n", "c\n"]) {
            other.storage.extend_from_slice(bytes.as_bytes());
            let (error, other) = refused(&mut engine, other);
            assert_eq!((error, &other.storage[..]), (Refused::NoOutstandingReserve, bytes.as_bytes()));
            assert_eq!(engine.feed(b"x").map(drop), Err(Refused::OutstandingReserve), "the other is still out");
        }
        let reserved = current.reserved();
        current.storage.resize(reserved + 1, b'\n');
        let (error, mut current) = refused(&mut engine, current);
        assert_eq!(error, Refused::CommitTooLarge { reserved, committed: reserved + 1 });
        assert_eq!((current.storage.len(), drain(engine.frames())), (reserved + 1, vec!["more".into()]));
        current.storage.clear();
        current.storage.extend_from_slice(b"ne\n");
        assert_eq!(drain(engine.commit_owned(current).unwrap()), ["one at 0"]);
    }
    check(Engine::new(Lines::new(99)));
    check(Engine::with_buf(Lines::new(99), SegmentedBuf::new()));
    check(Engine::with_buf(Lines::new(99), SegmentedBuf::with_config(TINY)));
}

#[test]
fn en_26_the_end_of_the_stream_cancels() {
    fn check<B: StreamBufMut>(mut engine: Engine<Lines, B>) {
        drop(engine.feed(b"one\ntwo").unwrap());
        let mut reservation = engine.reserve_owned().unwrap();
        assert_eq!(drain(engine.eof()), ["one at 0", "two at 4", "end"]);
        reservation.storage.extend_from_slice(b"late\n");
        let RefusedCommit { error, reservation } = engine.commit_owned(reservation).map(drop).unwrap_err();
        assert_eq!((error, &reservation.storage[..]), (Refused::NoOutstandingReserve, &b"late\n"[..]));
        assert_eq!((engine.cancel_reserve(), engine.feed(b"x").map(drop)), (Err(Refused::NoOutstandingReserve), Err(Refused::AfterEof)));
        assert_eq!((engine.reserve_owned().map(drop), drain(engine.frames())), (Err(Refused::AfterEof), vec!["end".into()]));
        let Parts { unread, position, ended, .. } = engine.into_parts().unwrap();
        assert_eq!((unread.len(), unread.is_reserved(), position, ended), (0, false, 7, true));
    }
    check(Engine::new(Lines::new(99)));
    check(Engine::with_buf(Lines::new(99), SegmentedBuf::new()));
    check(Engine::with_buf(Lines::new(99), SegmentedBuf::with_config(TINY)));
}

#[test]
fn en_26_storage_comes_back_to_the_next_protocol() {
    fn check<B: StreamBufMut>(make: impl Fn() -> Engine<Lines, B>) {
        for committed_to_the_buffer in [true, false] {
            let mut engine = make();
            drop(engine.feed(b"UPGRADE\n\x03a").unwrap());
            let mut reservation = engine.reserve_owned().unwrap();
            assert!(matches!(engine.frames().next_frame(), Ok(Step::Frame(b"UPGRADE", _))));
            reservation.storage.extend_from_slice(b"bc\x01");
            let mut parts = engine.into_parts().unwrap();
            assert_eq!((unread(&parts.unread), parts.unread.is_reserved(), parts.ended), (b"\x03a".to_vec(), true, false));
            let decoder = LengthField::builder(Width::U8, Counts::Payload, 99).build().unwrap();
            let mut binary = if committed_to_the_buffer {
                parts.unread.commit_owned(reservation).unwrap();
                Engine::from_parts(parts.with_decoder(decoder))
            } else {
                let mut binary = Engine::from_parts(parts.with_decoder(decoder));
                assert_eq!(binary.feed(b"x").map(drop), Err(Refused::OutstandingReserve));
                assert!(matches!(binary.frames().next_frame(), Ok(Step::NeedMoreData(_))));
                drop(binary.commit_owned(reservation).unwrap());
                binary
            };
            let mut frames = binary.feed(b"d").unwrap();
            assert!(matches!(frames.next_frame(), Ok(Step::Frame(b"abc", place)) if place.offset == 8));
            assert!(matches!(frames.next_frame(), Ok(Step::Frame(b"d", place)) if place.offset == 12));
        }
    }
    check(|| Engine::new(Lines::new(99)));
    check(|| Engine::with_buf(Lines::new(99), SegmentedBuf::new()));
    check(|| Engine::with_buf(Lines::new(99), SegmentedBuf::with_config(TINY)));
}

#[test]
fn en_26_the_stream_may_fail_while_storage_is_out() {
    let mut engine = Engine::new(Lines::new(4));
    drop(engine.feed(b"one\nmuch too long\n").unwrap());
    let mut reservation = engine.reserve_owned().unwrap();
    let failure = "frame at byte 4: payload longer than the limit of 4 bytes";
    assert_eq!(drain(engine.frames()), ["one at 0", failure]);
    reservation.storage.extend_from_slice(b"two\n");
    if let Ok(frames) = engine.commit_owned(reservation) {
        assert_eq!(drain(frames), [failure]);
    }
    assert_eq!((drain(engine.frames()), engine.reserve_owned().map(drop)), (vec![failure.into()], Err(Refused::Failed)));
}

#[test]
fn en_26_a_stream_that_is_over_takes_no_commit() {
    let mut failed = Engine::new(Lines::new(1));
    let reservation = failed.reserve_owned().unwrap();
    assert!(failed.feed(b"too long").is_err(), "other input is refused");
    failed.cancel_reserve().unwrap();
    assert!(failed.feed(b"too long").unwrap().next_frame().is_err());
    assert_eq!(failed.commit_owned(reservation).unwrap_err().error, Refused::Failed);

    let mut buf = LinearBuf::new();
    let mut reservation = buf.reserve_owned(8).unwrap();
    reservation.storage.extend_from_slice(b"late");
    let mut ended = Engine::from_parts(Parts { decoder: Lines::new(9), unread: buf, position: 0, ended: true });
    let refused = ended.commit_owned(reservation).unwrap_err();
    assert_eq!((refused.error, &refused.reservation.storage[..]), (Refused::NoOutstandingReserve, &b"late"[..]));
    assert_eq!(ended.feed(b"x").err(), Some(Refused::AfterEof));
}

#[test]
fn en_26_storage_is_sized_as_a_guard_would_be() {
    let length = LengthField::builder(Width::U32, Counts::Payload, 1 << 20).build().unwrap();
    let mut engine = Engine::new(length);
    let reservation = engine.reserve_owned().unwrap();
    assert_eq!((reservation.reserved(), reservation.storage.capacity() >= READ_BLOCK), (READ_BLOCK, true));
    let mut frames = {
        let mut reservation = reservation;
        reservation.storage.extend_from_slice(&40_000_u32.to_be_bytes());
        engine.commit_owned(reservation).unwrap()
    };
    assert!(matches!(frames.next_frame(), Ok(Step::NeedMoreData(short)) if short.missing.get() == 40_000));
    drop(frames);
    let mut reservation = engine.reserve_owned().unwrap();
    assert_eq!(reservation.reserved(), 40_000);
    reservation.storage.resize(40_000, b'x');
    assert!(matches!(engine.commit_owned(reservation).unwrap().next_frame(), Ok(Step::Frame(frame, _)) if frame.len() == 40_000));

    let mut engine = Engine::new(Lines::new(99)).with_backlog(4);
    drop(engine.feed(b"one\ntwo\n").unwrap());
    assert_eq!(engine.reserve_owned().map(drop), Err(Refused::Backlog { held: 8, backlog: 4 }));
    assert_eq!(drain(engine.frames()), ["one at 0", "two at 4"]);
    drop(engine.reserve_owned().unwrap()); // lost, so it is out until it is cancelled
    assert_eq!(engine.feed(b"x").map(drop), Err(Refused::OutstandingReserve));
    engine.cancel_reserve().unwrap();
    assert_eq!(drain(engine.feed(b"x\n").unwrap()), ["x at 8"]);
}

#[test]
fn en_26_a_forgotten_chunk_is_noticed_first() {
    let mut engine = Engine::new(Lines::new(99));
    mem::forget(engine.feed(b"lost\n").unwrap());
    assert_eq!(engine.reserve_owned().map(drop), Err(Refused::ChunkForgotten));
    assert_eq!(engine.cancel_reserve(), Err(Refused::NoOutstandingReserve));
    let foreign = LinearBuf::new().reserve_owned(9).unwrap();
    assert_eq!(engine.commit_owned(foreign).map(drop).unwrap_err().error, Refused::NoOutstandingReserve);
    assert_eq!(engine.feed(b"x").map(drop), Err(Refused::ChunkForgotten));
    assert_eq!(engine.frames().next_frame().unwrap_err().cause, ErrorCause::ChunkForgotten);
}

/// Bytes that look random, of an alphabet in which needles are met often; the same for the same offset.
fn noise(offset: u64, len: usize) -> Vec<u8> {
    let mix = |at: u64| (at ^ (at >> 7)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 62;
    (offset..).take(len).map(|at| b"ab\r\n"[usize::try_from(mix(at)).unwrap()]).collect()
}

/// What can be called, with how many bytes. Which bytes are written follows from how many were before.
#[derive(Clone, Copy, Debug)]
enum Call {
    Write(usize),
    Append(usize),
    /// Lends, and commits so many of them.
    Guard {
        n: usize,
        commit: usize,
    },
    Reserve(usize),
    /// Puts bytes into the storage that is out.
    Fill(usize),
    /// Makes room for so many more in it.
    Grow(usize),
    /// Puts other storage in its place, of so much more than is in it.
    Replace(usize),
    /// Takes bytes off its front.
    Skip(usize),
    Commit,
    Cancel,
    /// Commits one that is not out: cancelled before, or of another buffer.
    CommitOther,
    Advance(usize),
    SplitTo(usize),
    DropView(usize),
    MakeContiguous(usize),
    /// Changes the last of the first `n` bytes.
    Change(usize),
    Find {
        needle: &'static [u8],
        start: usize,
        end: usize,
    },
    FindNext(&'static [u8]),
    Provide(usize),
    SetMaxBytes(usize),
}

/// Some calls, with lengths around the thresholds of a buffer: the default ones, or those of [`TINY`].
#[derive(Clone, Debug)]
struct Calls<const TINY: bool>(Vec<Call>);

impl<const TINY: bool> Calls<TINY> {
    fn length(g: &mut Gen) -> usize {
        let lengths: &[usize] = if TINY {
            &[0, 1, 1, 1, 2, 2, 3, 4, 5, 6, 7, 12]
        } else {
            &[0, 1, 2, 3, 50, 255, 256, 257, 600, 1023, 1024, 1025, 4000, 15_000, 16_384, 20_000]
        };
        *g.choose(lengths).unwrap()
    }

    fn call(g: &mut Gen) -> Call {
        let n = Self::length(g);
        let needle = *g.choose(&[&b""[..], b"a", b"\n", b"\r\n", b"aba", b"\r\n\r\n"]).unwrap();
        match u8::arbitrary(g) % 32 {
            0 | 1 => Call::Write(n),
            2 | 3 => Call::Append(n),
            4 => Call::Guard { n, commit: Self::length(g) },
            5..=9 => Call::Reserve(n),
            10..=12 => Call::Fill(n),
            13 => Call::Grow(n),
            14 => Call::Replace(n),
            15 => Call::Skip(n),
            16..=19 => Call::Commit,
            20 => Call::Cancel,
            21 => Call::CommitOther,
            22 | 23 => Call::Advance(n),
            24 | 25 => Call::SplitTo(n),
            26 => Call::DropView(n),
            27 => Call::MakeContiguous(n),
            28 => Call::Change(n),
            29 => Call::Find { needle, start: Self::length(g), end: Self::length(g) + Self::length(g) },
            30 => Call::FindNext(needle),
            _ if u8::arbitrary(g) % 4 == 0 => Call::SetMaxBytes(*g.choose(&[0, 3, 10, 3000, 40_000, usize::MAX]).unwrap()),
            _ => Call::Provide(n),
        }
    }
}

impl<const TINY: bool> Arbitrary for Calls<TINY> {
    fn arbitrary(g: &mut Gen) -> Self {
        let n = usize::arbitrary(g) % g.size();
        Self((0..n).map(|_| Self::call(g)).collect())
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let calls = self.0.clone();
        let all = 0..calls.len();
        let halves = [all.start..all.end / 2, all.end / 2..all.end].into_iter().filter(|half| half.len() > 1);
        Box::new(halves.chain(all.map(|at| at..at + 1)).map(move |without| {
            let mut fewer = calls.clone();
            fewer.drain(without);
            Self(fewer)
        }))
    }
}

/// What a buffer must look like: the plainest thing that does the same.
struct Model {
    bytes: Vec<u8>,
    position: usize,
    max_bytes: usize,
    /// How many bytes were made up so far.
    written: u64,
    /// What is out.
    out: Option<OwnedReservation>,
    /// What was out, or is of another buffer.
    others: Vec<OwnedReservation>,
    /// Views taken, and what they must show.
    views: Vec<(View, Vec<u8>)>,
}

impl Model {
    fn new(max_bytes: usize) -> Self {
        let others = vec![LinearBuf::new().reserve_owned(9).unwrap(), SegmentedBuf::new().reserve_owned(9).unwrap()];
        Self { bytes: Vec::new(), position: 0, max_bytes, written: 0, out: None, others, views: Vec::new() }
    }

    /// What must be said to `n` more bytes.
    fn admit(&self, n: usize) -> Result<(), BufError> {
        let wanted = self.bytes.len().saturating_add(n);
        match self.out {
            Some(_) => Err(BufError::OutstandingReserve),
            None if n > 0 && wanted > self.max_bytes => Err(BufError::BufferTooLarge { limit: self.max_bytes, wanted }),
            None => Ok(()),
        }
    }

    fn admit_writing(&self, n: usize) -> Result<(), BufError> {
        if n == 0 { Ok(()) } else { self.admit(n) }
    }

    fn put(&mut self, bytes: &[u8], admitted: Result<(), BufError>) {
        if admitted.is_ok() {
            self.bytes.extend_from_slice(bytes);
        }
    }

    fn fresh(&mut self, n: usize) -> Vec<u8> {
        self.written += n as u64;
        noise(self.written, n)
    }

    fn take(&mut self, n: usize) -> Result<Vec<u8>, NeedMoreData> {
        NeedMoreData::check(self.bytes.len(), n)?;
        self.position += n;
        Ok(self.bytes.drain(..n).collect())
    }

    /// Finds by comparing everywhere.
    fn places(&self, needle: &'static [u8], start: usize, end: usize) -> impl DoubleEndedIterator<Item = usize> {
        let start = start.min(self.bytes.len());
        let end = end.clamp(start, self.bytes.len());
        (start..=end).filter(move |at| self.bytes[*at..end].starts_with(needle))
    }

    /// Calls a buffer, and says what it must say.
    fn call<B: StreamBufMut>(&mut self, buf: &mut B, at: &mut ScanPos, call: Call) {
        match call {
            Call::Write(n) => {
                let (bytes, admitted) = (self.fresh(n), self.admit_writing(n));
                assert_eq!(buf.write(&bytes), admitted);
                self.put(&bytes, admitted);
            }
            Call::Append(n) => {
                let (bytes, admitted) = (self.fresh(n), self.admit_writing(n));
                assert_eq!(buf.append(Bytes::from(bytes.clone())), admitted);
                self.put(&bytes, admitted);
            }
            Call::Guard { n, commit } => {
                let bytes = self.fresh(n);
                match buf.reserve(n) {
                    Err(refusal) => assert_eq!(Err(refusal), self.admit(n)),
                    Ok(mut reservation) => {
                        assert_eq!((self.admit(n), reservation.len()), (Ok(()), n));
                        reservation.as_mut_slice().copy_from_slice(&bytes);
                        let committed = reservation.commit(commit);
                        assert_eq!(committed.is_ok(), commit <= n);
                        self.put(bytes.get(..commit).unwrap_or_default(), committed);
                    }
                }
            }
            Call::Reserve(_) | Call::Commit | Call::Cancel | Call::CommitOther => self.reserve(buf, call),
            Call::Fill(_) | Call::Grow(_) | Call::Replace(_) | Call::Skip(_) => self.handle(call),
            Call::Advance(n) => assert_eq!(buf.advance(n), self.take(n).map(drop)),
            Call::SplitTo(n) => match (buf.split_to(n), self.take(n)) {
                (Ok(view), Ok(bytes)) => self.views.push((view, bytes)),
                (found, expected) => assert_eq!(found.map(|view| view.to_vec()), expected),
            },
            Call::DropView(which) => {
                if let Some(which) = which.checked_rem(self.views.len()) {
                    let (view, bytes) = self.views.swap_remove(which);
                    assert!(view == bytes[..], "a view has changed");
                }
            }
            Call::MakeContiguous(n) => {
                assert_eq!(buf.make_contiguous(n), NeedMoreData::check(self.bytes.len(), n));
                assert_eq!(buf.coalesce(n).ok(), self.bytes.get(..n));
            }
            Call::Change(n) => match buf.contiguous_mut(n) {
                Err(short) => assert_eq!(Err(short), NeedMoreData::check(self.bytes.len(), n)),
                Ok(front) => {
                    assert_eq!(Some(&*front), self.bytes.get(..n));
                    if let (Some(last), Some(expected)) = (front.last_mut(), self.bytes[..n].last_mut()) {
                        (*last, *expected) = (b'x', b'x');
                    }
                }
            },
            Call::Find { needle, start, end } => {
                let prepared = Needle::new(needle);
                assert_eq!(buf.find(&prepared, start..end), self.places(needle, start, end).next());
                assert_eq!(buf.rfind(&prepared, start..end), self.places(needle, start, end).next_back());
            }
            Call::FindNext(needle) => {
                // Twice: what was found once is found again.
                let found = find_next(buf, &Needle::new(needle), at);
                assert_eq!(find_next(buf, &Needle::new(needle), at), found);
                *at = ScanPos::default();
                assert_eq!(find_next(buf, &Needle::new(needle), at), self.places(needle, 0, usize::MAX).next());
            }
            Call::Provide(n) => buf.provide(n),
            Call::SetMaxBytes(max_bytes) => {
                buf.set_max_bytes(max_bytes);
                self.max_bytes = max_bytes;
            }
        }
    }

    fn reserve<B: StreamBufMut>(&mut self, buf: &mut B, call: Call) {
        match (call, self.out.take()) {
            (Call::Reserve(n), out) => {
                self.out = out;
                match buf.reserve_owned(n) {
                    Err(refusal) => assert_eq!(Err(refusal), self.admit(n)),
                    Ok(reservation) => {
                        assert_eq!((self.admit(n), reservation.reserved()), (Ok(()), n));
                        assert!(reservation.storage.is_empty() && reservation.storage.capacity() >= n);
                        self.out = Some(reservation);
                    }
                }
            }
            (Call::Commit, Some(out)) => {
                let (bytes, reserved) = (out.storage.to_vec(), out.reserved());
                match buf.commit_owned(out) {
                    Ok(()) => {
                        assert!(bytes.len() <= reserved);
                        self.bytes.extend_from_slice(&bytes);
                    }
                    Err(RefusedCommit { error, reservation }) => {
                        assert_eq!(error, BufError::CommitTooLarge { reserved, committed: bytes.len() });
                        assert_eq!(reservation.storage, bytes);
                        self.out = Some(reservation);
                    }
                }
            }
            (Call::Cancel, out) => {
                assert_eq!(buf.cancel_reserve().is_ok(), out.is_some());
                self.others.extend(out);
            }
            (_, out) => {
                self.out = out;
                let other = self.others.remove(0);
                let bytes = other.storage.to_vec();
                let RefusedCommit { error, reservation } = buf.commit_owned(other).unwrap_err();
                assert_eq!((error, &reservation.storage[..]), (BufError::NoOutstandingReserve, &bytes[..]));
                // Half of them are kept, for another time.
                if self.written % 2 == 0 || self.others.is_empty() {
                    self.others.push(reservation);
                }
            }
        }
    }

    /// Does something with the storage that is out.
    fn handle(&mut self, call: Call) {
        let Some(mut out) = self.out.take() else { return };
        let reserved = out.reserved();
        let storage = &mut out.storage;
        match call {
            // Beyond what is reserved now and then.
            Call::Fill(n) => storage.extend_from_slice(&self.fresh(n.min((reserved + 1).saturating_sub(storage.len())))),
            Call::Grow(n) => storage.reserve(n),
            Call::Replace(n) => {
                let mut other = BytesMut::with_capacity(storage.len() + n);
                other.extend_from_slice(storage);
                *storage = other;
            }
            Call::Skip(n) => storage.advance(n.min(storage.len())),
            _ => {}
        }
        self.out = Some(out);
    }

    fn check<B: StreamBufMut>(&self, buf: &B) {
        assert_eq!((buf.len(), buf.is_empty(), buf.is_reserved()), (self.bytes.len(), self.bytes.is_empty(), self.out.is_some()));
        assert_eq!((buf.position(), buf.max_bytes()), (self.position as u64, self.max_bytes));
        assert_eq!(buf.segments().next().unwrap_or_default(), buf.peek());
        let mut left = &self.bytes[..];
        for run in buf.segments() {
            assert!(!run.is_empty());
            left = left.strip_prefix(run).expect("a run does not show what was written");
        }
        assert!(left.is_empty(), "{} bytes are not shown", left.len());
    }
}

/// Calls a buffer and a plain vector in the same way, and compares everything that can be seen.
fn compare<B: StreamBufMut, const TINY: bool>(mut buf: B, Calls(calls): Calls<TINY>) {
    let mut model = Model::new(buf.max_bytes());
    let mut at = ScanPos::default();
    for call in calls {
        model.call(&mut buf, &mut at, call);
        model.check(&buf);
    }
    drop(buf);
    for (view, bytes) in &model.views {
        assert!(*view == bytes[..], "a view has changed");
    }
}

fn check(seed: u64, rounds: u64, property: impl Testable) {
    let rounds = if std::env::var_os("FRAMEWRIGHT_QUICK").is_some() { rounds / 20 } else { rounds };
    let checked = QuickCheck::new().rng(Gen::from_size_and_seed(100, seed)).tests(rounds).max_tests(rounds).quicktest(property);
    assert!(checked.is_ok(), "seed {seed}: {checked:?}");
}

#[test]
fn bf_21_a_linear_buffer_that_lends_does_what_a_vector_does() {
    fn small(calls: Calls<true>) {
        compare(LinearBuf::new(), calls);
    }
    fn large(calls: Calls<false>) {
        compare(LinearBuf::new(), calls);
    }
    check(1, 5000, small as fn(_));
    check(2, 1500, large as fn(_));
}

#[test]
fn bf_21_a_segmented_buffer_that_lends_does_what_a_vector_does() {
    fn large(calls: Calls<false>) {
        compare(SegmentedBuf::new(), calls);
    }
    check(3, 3000, large as fn(_));
}

#[test]
fn bf_21_a_segmented_buffer_of_many_seams_that_lends_does_what_a_vector_does() {
    fn small(calls: Calls<true>) {
        compare(SegmentedBuf::with_config(TINY), calls);
    }
    check(4, 10_000, small as fn(_));
}
