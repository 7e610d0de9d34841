//! What buffers cost at most: SPEC.md, clauses BF-25 to BF-27, by the formulas of the page on choosing a buffer. Every allocation of this test binary is counted.

// An allocator is an unsafe trait. This one counts and hands everything on to the system's; the library itself forbids unsafe code.
#![allow(unsafe_code)]

use bytes::{Bytes, BytesMut};
use core::mem::size_of;
use core::ops::Range;
use framewright::NeedMoreData;
use framewright::buf::{BufConfig, LinearBuf, Needle, ScanPos, SegmentedBuf, Segments, StreamBuf, StreamBufMut, View, find_next};
use framewright::engine::READ_BLOCK;
use quickcheck::{Arbitrary, Gen, QuickCheck, Testable};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::VecDeque;

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

/// H of that page: the handles of a segment or of a view.
const HANDLES: usize = 240;
/// h: the room for handles that stays; with the header of the tail's allocation, and the mark of a buffer's reservations.
const KEPT_HANDLES: usize = 3072 + 64;

/// What matters of all that was done with a buffer.
#[derive(Clone, Copy, Debug, Default)]
struct Past {
    /// A: the longest chunk that was appended whole.
    longest_chunk: usize,
    /// r: the most bytes reserved at once, if any were.
    reserved: Option<usize>,
    /// C: the longest prefix that was made contiguous and is not consumed.
    joined: usize,
    /// The reservations that were cancelled, or whose storage did not come back, since the buffer was last empty.
    given_up: usize,
    /// The most bytes that were unread and reserved at one time.
    most: usize,
}

/// Unread bytes by how they came.
#[derive(Clone, Copy, Debug, Default)]
struct Unread {
    /// Appended whole.
    owned: usize,
    /// Written, or appended in chunks too short for that.
    copied: usize,
    /// Read into a reservation, or into storage that took its place.
    committed: usize,
}

impl Unread {
    const fn len(self) -> usize {
        self.owned + self.copied + self.committed
    }
}

/// The most bytes that a `SegmentedBuf` of so many segments keeps allocated, views aside: the three rows of the page. A reservation that was given up leaves its block behind, so that the last counts.
fn resident(past: &Past, len: usize, segments: usize, config: &BufConfig) -> usize {
    let (a, c, s, handles) = (past.longest_chunk, past.joined, config.segment_size, HANDLES * segments + KEPT_HANDLES);
    match past.reserved {
        None => len + a + s + c + s + handles,
        Some(r) if a == 0 && past.given_up == 0 => 2 * len + s.max(3 * r) + c + s.max(2 * r) + handles,
        Some(r) => len + a + c + s.max(3 * r) * (segments + 1) + handles,
    }
}

/// The most segments of a `SegmentedBuf`. Blocks are left at least half full for the sake of a reservation; a prefix made contiguous is a segment of its own.
fn segments(past: &Past, unread: Unread, config: &BufConfig) -> usize {
    let Unread { owned, copied, committed } = unread;
    let own = match past.reserved {
        None => copied.div_ceil(config.segment_size),
        Some(_) => (2 * (copied + committed)).div_ceil(config.segment_size) + 1 + past.given_up,
    };
    2 * (owned / config.merge_below) + own + 2 + usize::from(past.joined > 0)
}

/// The most bytes that a view keeps allocated.
fn pinned(view: &View, config: &BufConfig) -> usize {
    let part = |n: usize| HANDLES + if n < config.copy_out_below { n } else { n * config.max_amplification };
    view.segments().map(|run| part(run.len())).sum()
}

/// The largest block of a `LinearBuf`, and the marks of its reservations.
fn block(past: &Past) -> usize {
    (2 * past.most).max(512) + HANDLES
}

/// What can be called, with how many bytes.
#[derive(Clone, Copy, Debug)]
enum Call {
    Write(usize),
    Append(usize),
    /// Reserves, and commits so many of them.
    Guard(usize, usize),
    /// The same with owned storage. A part of what is unread is consumed meanwhile.
    Owned(usize, usize, Fate),
    Advance(usize),
    /// Consumes all but so many bytes.
    Leave(usize),
    Take(usize),
    /// Takes a view, and keeps it.
    Keep(usize),
    DropViews,
    Join(usize),
    Change(usize),
}

/// What becomes of owned storage.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Committed,
    Cancelled,
    /// Storage of the caller's takes its place.
    Replaced,
}

use Call::{Advance, Append, Change, DropViews, Guard, Join, Keep, Leave, Owned, Take, Write};
use Fate::{Cancelled, Committed, Replaced};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Owned,
    Copied,
    Committed,
}

/// A buffer, and what its cost depends on.
struct Meter<B> {
    buf: B,
    config: BufConfig,
    unread: VecDeque<(Source, usize)>,
    past: Past,
    views: Vec<View>,
    since: Tally,
}

impl<B: StreamBufMut> Meter<B> {
    fn new(make: impl FnOnce(BufConfig) -> B, config: BufConfig) -> Self {
        // What the meter itself holds is allocated before it begins.
        let (unread, views) = (VecDeque::with_capacity(20_000), Vec::with_capacity(2000));
        let since = TALLY.get();
        Self { buf: make(config), config, unread, past: Past::default(), views, since }
    }

    fn live(&self) -> usize {
        assert!(self.unread.len() < 20_000 && self.views.len() < 2000, "the meter allocates");
        live_since(self.since)
    }

    /// Notes that `n` bytes have come.
    fn came(&mut self, source: Source, n: usize) {
        if source == Source::Owned {
            self.past.longest_chunk = self.past.longest_chunk.max(n);
        }
        self.unread.push_back((source, n));
        self.note(0);
    }

    /// Notes what is there, with `reserved` bytes on top.
    fn note(&mut self, reserved: usize) {
        self.past.most = self.past.most.max(self.buf.len() + reserved);
    }

    fn will_reserve(&mut self, n: usize) {
        self.past.reserved = self.past.reserved.max(Some(n));
        self.note(n);
    }

    /// Notes that `n` bytes were consumed.
    fn went(&mut self, n: usize) {
        let mut left = n;
        while let Some((_, len)) = self.unread.front_mut().filter(|(_, len)| left > 0 || *len == 0) {
            let now = left.min(*len);
            *len -= now;
            left -= now;
            if *len == 0 {
                self.unread.pop_front();
            }
        }
        if self.buf.is_empty() {
            self.past.joined = 0;
            self.past.given_up = 0;
        }
    }

    fn unread(&self) -> Unread {
        let sum = |source| self.unread.iter().filter(|(of, _)| *of == source).map(|(_, n)| n).sum();
        let unread = Unread { owned: sum(Source::Owned), copied: sum(Source::Copied), committed: sum(Source::Committed) };
        assert_eq!(unread.len(), self.buf.len());
        unread
    }

    /// Consumes `n` bytes, or what there is.
    fn advance(&mut self, n: usize) {
        let n = n.min(self.buf.len());
        self.buf.advance(n).unwrap();
        self.went(n);
    }

    fn split(&mut self, n: usize) -> View {
        let n = n.min(self.buf.len());
        let view = self.buf.split_to(n).unwrap();
        self.went(n);
        view
    }

    fn call(&mut self, call: Call, check: fn(&Self)) {
        match call {
            Write(n) => {
                self.buf.write(&vec![b'x'; n]).unwrap();
                self.came(Source::Copied, n);
            }
            Append(n) => {
                self.buf.append(vec![b'x'; n].into()).unwrap();
                self.came(if n < self.config.merge_below { Source::Copied } else { Source::Owned }, n);
            }
            Guard(n, commit) => {
                self.will_reserve(n);
                self.buf.reserve(n).unwrap().commit(commit.min(n)).unwrap();
                self.came(Source::Committed, commit.min(n));
            }
            Owned(n, commit, fate) => self.call_owned(n, commit.min(n), fate, check),
            Advance(n) => self.advance(n),
            Leave(n) => self.advance(self.buf.len().saturating_sub(n)),
            Take(n) => drop(self.split(n)),
            Keep(n) => {
                let view = self.split(n);
                self.views.push(view);
            }
            DropViews => self.views.clear(),
            Join(n) => {
                let n = n.min(self.buf.len());
                self.buf.make_contiguous(n).unwrap();
                self.past.joined = self.past.joined.max(n);
            }
            Change(n) => {
                let n = n.min(self.buf.len());
                self.buf.contiguous_mut(n).unwrap().fill(b'y');
                self.past.joined = self.past.joined.max(n);
            }
        }
        self.note(0);
        check(self);
    }

    fn call_owned(&mut self, n: usize, commit: usize, fate: Fate, check: fn(&Self)) {
        self.will_reserve(n);
        let mut reservation = self.buf.reserve_owned(n).unwrap();
        check(self);
        self.advance(commit % (self.buf.len() + 1));
        self.past.given_up += usize::from(!matches!(fate, Committed));
        match fate {
            Committed => reservation.storage.resize(commit, b'x'),
            Replaced => reservation.storage = BytesMut::from(Bytes::from(vec![b'x'; commit])),
            Cancelled => return self.buf.cancel_reserve().unwrap(),
        }
        self.buf.commit_owned(reservation).unwrap();
        self.came(Source::Committed, commit);
    }

    /// Consumes and drops everything, and says what is left.
    fn drained(&mut self) -> usize {
        self.advance(usize::MAX);
        self.views.clear();
        self.live()
    }
}

fn check_segments(meter: &Meter<SegmentedBuf>) {
    let (found, allowed) = (meter.buf.segments().len(), segments(&meter.past, meter.unread(), &meter.config));
    assert!(found <= allowed, "{found} segments, {allowed} allowed: {:?}, {:?}", meter.unread(), meter.past);
}

fn check_resident(meter: &Meter<SegmentedBuf>) {
    let views: usize = meter.views.iter().map(|view| pinned(view, &meter.config)).sum();
    let allowed = resident(&meter.past, meter.buf.len(), meter.buf.segments().len(), &meter.config) + views;
    let live = meter.live();
    assert!(live <= allowed, "{live} bytes of storage, {allowed} allowed: {:?}, {:?}", meter.unread(), meter.past);
}

fn check_block(meter: &Meter<LinearBuf>) {
    let views: usize = meter.views.iter().map(|view| view.len() + HANDLES).sum();
    let (live, allowed) = (meter.live(), block(&meter.past) + views);
    assert!(live <= allowed, "{live} bytes of storage, {allowed} allowed: {:?}, {:?}", meter.unread(), meter.past);
    // It says how large its block is. While storage is out, some of it may be elsewhere.
    assert!(meter.buf.is_reserved() || meter.buf.capacity() <= allowed, "{} bytes of capacity", meter.buf.capacity());
}

/// Seams every few bytes, and views that are small for what they would pin.
const SMALL: BufConfig =
    BufConfig { segment_size: 64, merge_below: 16, copy_out_below: 8, max_amplification: 8, shrink_above: 128, ..BufConfig::DEFAULT };

/// What a caller does again and again.
struct Habit {
    name: &'static str,
    round: &'static [Call],
}

#[rustfmt::skip]
const WRITING: &[Habit] = &[
    Habit { name: "write and keep everything",     round: &[Write(1000)] },
    Habit { name: "write byte by byte",            round: &[Write(1)] },
    Habit { name: "write more than a segment",     round: &[Write(20_000), Leave(30_000)] },
    Habit { name: "write and consume most",        round: &[Write(1000), Leave(1)] },
    Habit { name: "write and take most",           round: &[Write(16_385), Take(16_000), Leave(300)] },
    Habit { name: "append",                        round: &[Append(1024)] },
    Habit { name: "append short ones",             round: &[Append(1023)] },
    Habit { name: "append, a byte between any two", round: &[Append(1024), Write(1)] },
    Habit { name: "append and consume most",       round: &[Append(60_000), Append(1024), Leave(1)] },
    Habit { name: "append large, keep the end",    round: &[Append(100_000), Leave(1), Append(1024), Write(1), Advance(1)] },
    Habit { name: "append and make contiguous",    round: &[Append(1024), Write(100), Join(3000), Leave(9000)] },
    Habit { name: "append, change, consume",       round: &[Append(5000), Write(100), Change(100), Leave(4000)] },
    Habit { name: "append many, consume many",     round: &[Append(1024), Append(1024), Append(1024), Write(1), Take(900)] },
];

#[rustfmt::skip]
const RESERVING: &[Habit] = &[
    Habit { name: "read whole blocks",             round: &[Guard(16_384, 16_384), Leave(1)] },
    Habit { name: "read packets",                  round: &[Guard(16_384, 1448), Leave(100)] },
    Habit { name: "read packets and keep them",    round: &[Guard(16_384, 1448)] },
    Habit { name: "read bytes",                    round: &[Guard(16_384, 1)] },
    Habit { name: "read bytes behind a chunk",     round: &[Guard(16_384, 10), Append(1024)] },
    Habit { name: "read a third of what there is", round: &[Guard(16_384, 5000), Append(1024)] },
    Habit { name: "read just over half",           round: &[Guard(6000, 5700), Guard(6000, 5700)] },
    Habit { name: "read large, then small",        round: &[Guard(60_000, 10), Guard(100, 100), Leave(50)] },
    Habit { name: "write, and reserve for nothing", round: &[Write(12_000), Guard(5000, 0)] },
    Habit { name: "read, owned",                   round: &[Owned(16_384, 1448, Committed), Leave(100)] },
    Habit { name: "read bytes, owned",             round: &[Owned(16_384, 1, Committed), Write(1)] },
    Habit { name: "read bytes, owned, and chunks", round: &[Owned(16_384, 1, Committed), Append(1024)] },
    Habit { name: "give up, and write",            round: &[Owned(100, 0, Cancelled), Write(3)] },
    Habit { name: "give up, and read",             round: &[Owned(16_384, 0, Cancelled), Guard(16_384, 3)] },
    Habit { name: "give up behind chunks",         round: &[Write(10), Append(1024), Write(10), Owned(100, 0, Cancelled)] },
    Habit { name: "storage of the caller's",       round: &[Owned(16_384, 1, Replaced)] },
    Habit { name: "the caller's behind chunks",    round: &[Write(10), Append(1024), Write(10), Owned(100, 5, Replaced)] },
    Habit { name: "storage of the caller's, large", round: &[Owned(16_384, 1200, Replaced), Owned(16_384, 700, Committed)] },
];

#[rustfmt::skip]
const KEEPING: &[Habit] = &[
    Habit { name: "keep little of each read",      round: &[Guard(16_384, 16_384), Keep(16), Leave(0)] },
    Habit { name: "keep what is just not shared",  round: &[Guard(16_384, 16_384), Keep(255), Leave(0)] },
    Habit { name: "keep little of small chunks",   round: &[Append(2000), Keep(200), Leave(0)] },
    Habit { name: "keep what is just shared",      round: &[Guard(16_384, 16_384), Keep(256), Leave(0)] },
    Habit { name: "keep every second kilobyte",    round: &[Guard(16_384, 2000), Keep(1000), Advance(1000)] },
    Habit { name: "keep little of large chunks",   round: &[Append(100_000), Keep(255), Keep(1500), Keep(1600), Leave(0)] },
    Habit { name: "keep across seams",             round: &[Append(2000), Write(300), Keep(2100), Leave(5000)] },
    Habit { name: "keep what was joined",          round: &[Append(2000), Write(300), Join(2300), Keep(255), Keep(256), Leave(5000)] },
    Habit { name: "keep of large reservations",    round: &[Guard(65_536, 3000), Keep(1000), Keep(1024), Leave(0)] },
    Habit { name: "keep of storage of the caller's", round: &[Owned(65_536, 60_000, Replaced), Keep(300), Keep(1000), Leave(100)] },
];

fn for_each_habit<B: StreamBufMut>(habits: &[&[Habit]], make: fn(BufConfig) -> B, check: fn(&Meter<B>)) {
    for Habit { name, round } in habits.iter().copied().flatten() {
        println!("{name}"); // shown only where it fails
        let mut meter = Meter::new(make, BufConfig::unlimited());
        for call in round.iter().cycle().take(300 * round.len()) {
            meter.call(*call, check);
        }
        let left = meter.drained();
        assert!(left <= BufConfig::DEFAULT.shrink_above + KEPT_HANDLES, "{left} bytes of storage for nothing");
    }
}

/// Some calls, with lengths around the thresholds of a buffer: the default ones, or those of [`SMALL`].
#[derive(Clone, Debug)]
struct Calls<const SMALL: bool>(Vec<Call>);

impl<const SMALL: bool> Calls<SMALL> {
    fn length(g: &mut Gen) -> usize {
        let lengths: &[usize] = if SMALL {
            &[1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 200]
        } else {
            &[1, 10, 100, 255, 256, 600, 1023, 1024, 1025, 3000, 5000, 8191, 8192, 10_000, 16_384, 20_000]
        };
        *g.choose(lengths).unwrap()
    }

    /// Calls that write, those that reserve, or all of them.
    fn call(g: &mut Gen, kinds: Range<u8>) -> Call {
        let (n, m) = (Self::length(g), Self::length(g));
        match kinds.start + u8::arbitrary(g) % (kinds.end - kinds.start) {
            0..3 => Write(n),
            3..6 => Append(n),
            6 => Join(n),
            7 => Change(n),
            8 | 9 => Advance(n),
            10 => Take(n),
            11 => Keep(n),
            12 if u8::arbitrary(g) % 4 == 0 => DropViews,
            12 => Leave(n),
            13..17 => Guard(n, m),
            _ => Owned(n, m, *g.choose(&[Committed, Committed, Cancelled, Replaced]).unwrap()),
        }
    }
}

impl<const SMALL: bool> Arbitrary for Calls<SMALL> {
    fn arbitrary(g: &mut Gen) -> Self {
        let kinds = g.choose(&[0..13, 6..20, 3..20, 0..20]).unwrap().clone();
        let n = usize::arbitrary(g) % (2 * g.size());
        Self((0..n).map(|_| Self::call(g, kinds.clone())).collect())
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

fn check_any<B: StreamBufMut, const SMALL: bool>(
    make: fn(BufConfig) -> B,
    config: BufConfig,
    Calls(calls): Calls<SMALL>,
    check: fn(&Meter<B>),
) {
    let mut meter = Meter::new(make, config);
    for call in &calls {
        meter.call(*call, check);
    }
    let left = meter.drained();
    assert!(left <= config.shrink_above + KEPT_HANDLES, "{left} bytes of storage for nothing");
    drop(calls); // and not while it is counted what is freed
}

fn property(seed: u64, rounds: u64, property: impl Testable) {
    let rounds = if std::env::var_os("FRAMEWRIGHT_QUICK").is_some() { rounds / 20 } else { rounds };
    let checked = QuickCheck::new().rng(Gen::from_size_and_seed(60, seed)).tests(rounds).max_tests(rounds).quicktest(property);
    assert!(checked.is_ok(), "seed {seed}: {checked:?}");
}

#[test]
fn bf_25_segments_are_as_few_as_the_bytes_warrant() {
    for_each_habit(&[WRITING, RESERVING], SegmentedBuf::with_config, check_segments);
}

#[test]
fn bf_25_segments_are_few_whatever_is_called() {
    fn large(calls: Calls<false>) {
        check_any(SegmentedBuf::with_config, BufConfig::unlimited(), calls, check_segments);
    }
    fn small(calls: Calls<true>) {
        check_any(SegmentedBuf::with_config, SMALL, calls, check_segments);
    }
    property(1, 2000, large as fn(_));
    property(2, 10_000, small as fn(_));
}

#[test]
fn bf_26_storage_is_as_little_as_the_bytes_warrant() {
    for_each_habit(&[WRITING, RESERVING, KEEPING], SegmentedBuf::with_config, check_resident);
}

#[test]
fn bf_26_storage_is_little_whatever_is_called() {
    fn large(calls: Calls<false>) {
        check_any(SegmentedBuf::with_config, BufConfig::unlimited(), calls, check_resident);
    }
    fn small(calls: Calls<true>) {
        check_any(SegmentedBuf::with_config, SMALL, calls, check_resident);
    }
    property(3, 4000, large as fn(_));
    property(4, 10_000, small as fn(_));
}

#[test]
fn bf_26_a_block_is_twice_what_is_in_it_at_most() {
    for_each_habit(&[WRITING, RESERVING, KEEPING], LinearBuf::with_config, check_block);
}

#[test]
fn bf_26_a_block_is_no_larger_whatever_is_called() {
    fn large(calls: Calls<false>) {
        check_any(LinearBuf::with_config, BufConfig::unlimited(), calls, check_block);
    }
    fn small(calls: Calls<true>) {
        check_any(LinearBuf::with_config, SMALL, calls, check_block);
    }
    property(5, 2000, large as fn(_));
    property(6, 5000, small as fn(_));
}

/// One view of 16 bytes kept of each read of 16 KiB. A plain `BytesMut` keeps 1028 times as many bytes.
#[test]
fn bf_26_small_views_hold_their_bytes_and_a_handle() {
    fn check<B: StreamBufMut>(mut buf: B, read: fn(&mut B)) {
        let mut views: Vec<View> = Vec::with_capacity(1000);
        let since = TALLY.get();
        for _ in 0..1000 {
            read(&mut buf);
            assert_eq!(buf.len(), READ_BLOCK);
            views.push(buf.split_to(16).unwrap());
            buf.advance(READ_BLOCK - 16).unwrap();
        }
        drop(buf);
        let held = live_since(since) + views.len() * size_of::<View>();
        assert!(held <= 1000 * (16 + 64), "{held} bytes for 1000 views of 16");
    }
    fn guard<B: StreamBufMut>(buf: &mut B) {
        buf.reserve(READ_BLOCK).unwrap().commit(READ_BLOCK).unwrap();
    }
    fn owned<B: StreamBufMut>(buf: &mut B) {
        let mut reservation = buf.reserve_owned(READ_BLOCK).unwrap();
        reservation.storage.resize(READ_BLOCK, b'x');
        buf.commit_owned(reservation).unwrap();
    }
    check(SegmentedBuf::new(), guard);
    check(SegmentedBuf::new(), owned);
    check(SegmentedBuf::new(), |buf| buf.append(vec![b'x'; READ_BLOCK].into()).unwrap());
    check(LinearBuf::new(), guard);
    check(LinearBuf::new(), owned);
}

/// The list of many segments does not stay when they are gone.
#[test]
fn bf_26_a_buffer_that_was_long_holds_little_when_it_is_short() {
    let chunk = Bytes::from(vec![b'x'; 1024]);
    for left in [0, 1, 10, 100] {
        let mut buf = SegmentedBuf::new();
        let since = TALLY.get();
        for _ in 0..10_000 {
            buf.append(chunk.clone()).unwrap();
        }
        buf.advance((10_000 - left) * 1024).unwrap();
        let live = live_since(since);
        assert!(live <= HANDLES * left + KEPT_HANDLES, "{live} bytes for {left} segments");
    }
}

/// What was reserved, lent and given back leaves nothing behind either.
#[test]
fn bf_26_large_storage_is_released_whatever_became_of_it() {
    type Use = fn(&mut dyn StreamBufMut);
    fn reserve_owned(buf: &mut dyn StreamBufMut, meanwhile: Use, put: usize) {
        let mut reservation = buf.reserve_owned(1 << 20).unwrap();
        meanwhile(buf);
        reservation.storage.resize(put, b'x');
        buf.commit_owned(reservation).unwrap();
    }
    #[rustfmt::skip]
    let uses: [(&str, Use); 8] = [
        ("lent and filled",              |buf| reserve_owned(buf, |_| {}, 1 << 20)),
        ("lent, drained meanwhile",      |buf| { buf.write(b"x").unwrap(); reserve_owned(buf, |buf| buf.advance(1).unwrap(), 1 << 20); }),
        ("lent, nothing put in",         |buf| reserve_owned(buf, |buf| buf.advance(0).unwrap(), 0)),
        ("lent behind most of it",       |buf| { buf.reserve(1 << 20).unwrap().commit(1_000_000).unwrap(); reserve_owned(buf, |buf| buf.advance(1_000_000).unwrap(), 10); }),
        ("lent behind little, cancelled", |buf| {
            buf.reserve(1 << 20).unwrap().commit(10).unwrap();
            drop(buf.reserve_owned(100).unwrap());
            buf.cancel_reserve().unwrap();
        }),
        ("replaced by large storage",    |buf| {
            let mut reservation = buf.reserve_owned(10).unwrap();
            reservation.storage = BytesMut::with_capacity(1 << 20);
            reservation.storage.extend_from_slice(b"x");
            buf.commit_owned(reservation).unwrap();
        }),
        ("grown",                        |buf| {
            buf.write(b"x").unwrap();
            let mut reservation = buf.reserve_owned(10).unwrap();
            reservation.storage.reserve(1 << 20);
            reservation.storage.extend_from_slice(b"x");
            buf.advance(1).unwrap();
            buf.commit_owned(reservation).unwrap();
        }),
        ("used from the middle",         |buf| {
            let mut reservation = buf.reserve_owned(1 << 20).unwrap();
            reservation.storage.resize(1_040_000, b'x');
            drop(reservation.storage.split_to(1_039_990));
            buf.commit_owned(reservation).unwrap();
        }),
    ];
    for (how, work) in uses {
        let linear: fn() -> Box<dyn StreamBufMut> = || Box::new(LinearBuf::new());
        let segmented: fn() -> Box<dyn StreamBufMut> = || Box::new(SegmentedBuf::new());
        for (name, make) in [("LinearBuf", linear), ("SegmentedBuf", segmented)] {
            let mut buf = make();
            let since = TALLY.get();
            work(&mut *buf);
            buf.advance(buf.len()).unwrap();
            let live = live_since(since);
            assert!(live <= BufConfig::DEFAULT.shrink_above + KEPT_HANDLES, "{name}, {how}: {live} bytes of storage for nothing");
        }
    }
}

/// Takes a view of all, and checks that each run lies where it lay.
fn check_shared(name: &str, mut buf: SegmentedBuf) {
    let (len, count) = (buf.len(), buf.segments().len());
    let places: Vec<(*const u8, usize)> = buf.segments().map(|run| (run.as_ptr(), run.len())).collect();
    let (view, spent) = tally(|| buf.split_to(len).unwrap());
    assert!(view.segments().map(|run| (run.as_ptr(), run.len())).eq(places), "{name}: bytes were moved");
    assert!(spent.allocated <= HANDLES * count, "{name}: {} bytes allocated for {count} segments", spent.allocated);
}

#[test]
fn bf_27_taking_large_pieces_copies_nothing() {
    let mut chunks = SegmentedBuf::new();
    for n in 0..10 {
        chunks.append(vec![b'x'; 1024 + n].into()).unwrap();
    }
    check_shared("chunks", chunks);
    let mut written = SegmentedBuf::new();
    written.write(&vec![b'x'; 3 * 16_384]).unwrap();
    check_shared("written", written);
    let mut mixed = SegmentedBuf::new();
    for _ in 0..10 {
        mixed.write(&[b'x'; 256]).unwrap();
        mixed.append(vec![b'x'; 1024].into()).unwrap();
    }
    check_shared("written and appended", mixed);
    let mut read = SegmentedBuf::new();
    for _ in 0..10 {
        read.reserve(10_000).unwrap().commit(8000).unwrap();
    }
    check_shared("read", read);
    let mut owned = SegmentedBuf::new();
    for _ in 0..10 {
        let mut reservation = owned.reserve_owned(10_000).unwrap();
        reservation.storage.resize(8000, b'x');
        owned.commit_owned(reservation).unwrap();
    }
    check_shared("read, owned", owned);
    // A part of a segment, and the rest of it.
    let mut parts = SegmentedBuf::new();
    parts.append(vec![b'x'; 4000].into()).unwrap();
    let place = parts.peek().as_ptr();
    let views = [parts.split_to(1000).unwrap(), parts.split_to(2000).unwrap(), parts.split_to(1000).unwrap()];
    assert!(views.iter().zip([0, 1000, 3000]).all(|(view, at)| view.peek().as_ptr() == place.wrapping_add(at)));
}

#[test]
fn bf_27_joining_copies_exactly_what_is_asked_and_once() {
    for n in [1025, 3000, 5000, 5100] {
        let mut buf = SegmentedBuf::new();
        for _ in 0..5 {
            buf.append(vec![b'x'; 1024].into()).unwrap();
        }
        buf.write(b"tail").unwrap();
        let ((), first) = tally(|| buf.make_contiguous(n).unwrap());
        assert_eq!((first.allocations, first.allocated), (1, n), "{n} bytes joined");
        let place = buf.peek().as_ptr();
        let ((), second) = tally(|| {
            (0..=n).for_each(|fewer| buf.make_contiguous(fewer).unwrap());
            buf.contiguous_mut(n).unwrap().fill(b'y');
        });
        assert_eq!((second, buf.peek().as_ptr(), buf.peek().len()), (Tally::default(), place, n), "{n} bytes joined again");
        let view = buf.split_to(n).unwrap();
        assert_eq!(view.peek().as_ptr(), place, "what was joined is shared");
    }
}

#[test]
fn bf_27_a_view_of_one_segment_becomes_bytes_for_nothing() {
    let mut buf = SegmentedBuf::new();
    buf.append(vec![b'x'; 5000].into()).unwrap();
    let view = buf.split_to(2000).unwrap();
    let (bytes, spent) = tally(|| view.into_bytes());
    assert_eq!(spent, Tally::default());
    let (compact, spent) = tally(|| View::from(bytes.slice(..500)).compact());
    assert_eq!((spent.allocations, spent.live, compact.len()), (1, 500, 500), "an allocation of exactly its bytes");
    let (part, spent) = tally(|| compact.get(100..200).unwrap());
    assert!(spent.allocated <= HANDLES && part.len() == 100, "{spent:?}");
}

#[test]
fn bf_27_a_cycle_of_reading_and_consuming_allocates_nothing() {
    fn cycle<B: StreamBufMut>(buf: &mut B, owned: bool) {
        for _ in 0..1000 {
            if owned {
                let mut reservation = buf.reserve_owned(READ_BLOCK).unwrap();
                reservation.storage.extend_from_slice(&[b'x'; 1448]);
                buf.commit_owned(reservation).unwrap();
            } else {
                buf.reserve(READ_BLOCK).unwrap().commit(1448).unwrap();
            }
            buf.advance(1448).unwrap();
        }
    }
    fn check<B: StreamBufMut>(mut buf: B) {
        for owned in [false, true] {
            cycle(&mut buf, owned);
            let ((), spent) = tally(|| cycle(&mut buf, owned));
            assert_eq!(spent, Tally::default(), "{}, owned {owned}", core::any::type_name::<B>());
        }
    }
    check(LinearBuf::new());
    check(SegmentedBuf::new());
}

/// What is unread moves to the front of its block when that is no more than was consumed.
#[test]
fn bf_27_a_block_is_used_again_when_most_of_it_is_consumed() {
    fn check<B: StreamBufMut>(mut buf: B) {
        let mut cycle = || {
            for _ in 0..1000 {
                buf.write(&[b'x'; 1000]).unwrap();
                buf.advance(buf.len().saturating_sub(4000)).unwrap();
            }
        };
        cycle();
        let ((), spent) = tally(cycle);
        assert_eq!(spent, Tally::default(), "{}", core::any::type_name::<B>());
    }
    check(LinearBuf::new());
    check(SegmentedBuf::new());
}

#[test]
fn bf_27_room_that_was_lent_and_dropped_is_room_again() {
    for (written, consumed) in [(3, 0), (9000, 1000), (9000, 5000), (16_000, 0)] {
        let mut buf = SegmentedBuf::new();
        buf.write(&vec![b'x'; written]).unwrap();
        buf.advance(consumed).unwrap();
        let ((), spent) = tally(|| {
            drop(buf.reserve_owned(100).unwrap());
            buf.cancel_reserve().unwrap();
            (0..100).for_each(|_| buf.write(b"x").unwrap());
        });
        // The mark of the first reservation, and the header of an allocation that is shared.
        assert!(spent.allocated <= HANDLES, "{written} bytes written, {consumed} consumed: {spent:?}");
        assert_eq!(buf.segments().len(), 1, "{written} bytes written, {consumed} consumed");
        assert!(consumed == 1000 || buf.spare() >= 16_384 - written - 100, "{written} written, {consumed} consumed: {} spare", buf.spare());
    }
}

/// A peer that sends byte by byte does not have everything moved for each of them, nor a block taken.
#[test]
fn bf_27_trickled_bytes_in_owned_storage_are_rarely_moved() {
    fn check<B: StreamBufMut>(mut buf: B, first: usize) {
        buf.append(vec![b'x'; first].into()).unwrap();
        let since = TALLY.get();
        let mut moves = 0;
        for _ in 0..40_000 {
            let mut reservation = buf.reserve_owned(READ_BLOCK).unwrap();
            let place = buf.segments().last().map(<[u8]>::as_ptr_range);
            moves += usize::from(place.is_some_and(|place| place.end != reservation.storage.as_ptr()));
            reservation.storage.extend_from_slice(b"x");
            buf.commit_owned(reservation).unwrap();
        }
        let spent = TALLY.get().allocated - since.allocated;
        let name = core::any::type_name::<B>();
        assert!(spent <= 8 * buf.len() && moves <= 16, "{name}, behind {first}: {spent} bytes allocated, {moves} moves for {}", buf.len());
    }
    for first in [0, 5000] {
        check(LinearBuf::new(), first);
        check(SegmentedBuf::new(), first);
    }
}

/// A buffer that notes how many bytes it is told to search. What a search looks at inside memchr cannot be counted from here: this is what it may look at, once each, besides m − 1 bytes at a seam.
struct Watched<B> {
    buf: B,
    examined: Cell<usize>,
    calls: Cell<usize>,
}

impl<B: StreamBuf> StreamBuf for Watched<B> {
    fn find(&self, needle: &Needle, range: Range<usize>) -> Option<usize> {
        let found = self.buf.find(needle, range.clone());
        let end = found.map_or(range.end, |at| at + needle.as_bytes().len());
        self.examined.set(self.examined.get() + end - range.start);
        self.calls.set(self.calls.get() + 1);
        found
    }
    fn len(&self) -> usize {
        self.buf.len()
    }
    fn position(&self) -> u64 {
        self.buf.position()
    }
    fn capacity(&self) -> usize {
        self.buf.capacity()
    }
    fn peek(&self) -> &[u8] {
        self.buf.peek()
    }
    fn segments(&self) -> Segments<'_> {
        self.buf.segments()
    }
    fn advance(&mut self, n: usize) -> Result<(), NeedMoreData> {
        self.buf.advance(n)
    }
    fn split_to(&mut self, n: usize) -> Result<View, NeedMoreData> {
        self.buf.split_to(n)
    }
    fn make_contiguous(&mut self, n: usize) -> Result<(), NeedMoreData> {
        self.buf.make_contiguous(n)
    }
    fn rfind(&self, needle: &Needle, range: Range<usize>) -> Option<usize> {
        self.buf.rfind(needle, range)
    }
}

/// 64 KiB in pieces, and nothing found: the original searched a third of a gigabyte of it in pieces of 10 bytes.
#[test]
fn bf_27_a_trickled_stream_is_searched_once() {
    fn check<B: StreamBufMut>(buf: B, needle: &Needle, piece: usize) {
        let mut watched = Watched { buf, examined: Cell::new(0), calls: Cell::new(0) };
        let (mut at, stream) = (ScanPos::default(), vec![b'\r'; 64 * 1024]);
        for piece in stream.chunks(piece) {
            let mut reservation = watched.buf.reserve_owned(READ_BLOCK).unwrap();
            reservation.storage.extend_from_slice(piece);
            // Nothing new, and nothing is searched again but what may be the start of a match.
            assert_eq!(find_next(&watched, needle, &mut at), None);
            watched.buf.commit_owned(reservation).unwrap();
            assert_eq!(find_next(&watched, needle, &mut at), None);
        }
        let (examined, calls, m) = (watched.examined.get(), watched.calls.get(), needle.as_bytes().len());
        assert_eq!(calls, 2 * stream.len().div_ceil(piece));
        let allowed = stream.len() + (m - 1) * calls;
        assert!(examined <= allowed, "{needle:?} in pieces of {piece}: {examined} bytes, {allowed} allowed");
    }
    for needle in [&b"\n"[..], b"\r\n", b"\r\n\r\n"] {
        for piece in [1, 10, 16, 256, 1448, 16_384] {
            check(LinearBuf::new(), &Needle::new(needle), piece);
            check(SegmentedBuf::new(), &Needle::new(needle), piece);
        }
    }
}
