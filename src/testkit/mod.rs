//! Checks for any [`Decode`], yours too: the result depends on the bytes, never on how they were cut. Feature `testkit`.
//!
//! [`Kit::check`] runs a decoder over an input whole, byte by byte, at every two-way split and at seeded random cuts, through every input method, both buffers, frames lent and kept, and callers
//! that stop early, and demands the same [`Transcript`] from all of them. On the way it checks that
//! - what `NeedMoreData` calls missing is a true floor: no step comes later than the byte that makes it certain,
//! - `Idle` is said exactly where the stream could end cleanly,
//! - memory stays at most max(backlog, one frame) + the largest chunk + 64 KiB,
//! - bytes examined are at most 3 for each byte of the stream (unless [more](Kit::work) are asked for), plus 64 a call.
//!
//! A check that fails panics, and shows the pieces into which the input was cut.
//!
//! Cuts are compared with each other *and* with what is expected: decoders can be consistently wrong. So behaviour is written as a table, one row a [`Case`].
//!
//! ```
//! use framewright::{framing::Lines, testkit::{Case, Kit, text}};
//!
//! let kit = Kit::new(|| Lines::new(3), |line| text(line));
//! kit.table(&[
//!     Case { clause: "LN-1", input: b"one\n\ntwo", says: &["one", "", "two", "end"] },
//!     Case { clause: "LN-4", input: b"one\nfour\n", says: &["one", "frame at byte 4: payload longer than the limit of 3 bytes"] },
//! ]);
//! ```
//!
//! Code that knows nothing of this crate is checked as well: a [`Plain`] makes a decoder of any function from the bytes so far to the first frame in them and how long it is.

mod pair;
mod plain;

pub use pair::{Action, Ended, Faults, Happening, Network, Pair, Report, Side};
pub use plain::{Failed, Plain};

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt::{self, Display};

use crate::buf::{BufConfig, LinearBuf, SegmentedBuf, StreamBufMut};
use crate::decode::Decode;
use crate::engine::{DEFAULT_BACKLOG, DEFAULT_MAX_FRAME, Engine, Frames, Kept, Place, Step};
use crate::error::{Error, ErrorKind, Refused};

/// Writes bytes as text, with escapes for what is not printable.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// A row of a table: behaviour, and the clause of the specification that asks for it.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The clause, for whoever reads a failure.
    pub clause: &'a str,
    /// The whole stream.
    pub input: &'a [u8],
    /// Everything that comes out, in order, and how it ends: see [`Transcript`].
    pub says: &'a [&'a str],
}

/// Everything that came out of a stream.
///
/// As [`lines`](Self::lines): a frame as the kit shows it (`… (truncated) after N skipped bytes`), `handoff: …`, an error as it says itself, and `end`; then `unread: …` if a protocol ended before its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    events: Vec<Event>,
    unread: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Event {
    says: String,
    place: Option<Place>,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    GoesOn,
    Clean,
    Fatal,
}

impl Transcript {
    /// Returns one line for each thing that came out.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.events.iter().map(|event| event.says.clone()).collect();
        if !self.unread.is_empty() {
            lines.push(format!("unread: {}", text(&self.unread)));
        }
        lines
    }

    /// Returns where each frame was, in order.
    pub fn places(&self) -> impl Iterator<Item = Place> {
        self.events.iter().filter_map(|event| event.place)
    }

    /// Takes what came out. A frame that is shown with the mark goes on with the one before it.
    fn push(&mut self, event: Event, mark: Option<&str>) {
        let goes_on = mark.and_then(|mark| event.says.strip_prefix(mark));
        let before = self.events.last_mut().and_then(|before| Some((before.place.as_mut()?, &mut before.says)));
        match (goes_on, event.place, before) {
            (Some(says), Some(place), Some((before, said))) if place.offset == before.offset + before.len as u64 => {
                said.push_str(says);
                before.len += place.len;
            }
            _ => self.events.push(event),
        }
    }

    fn is_over(&self) -> bool {
        self.events.last().is_some_and(|last| last.end != End::GoesOn)
    }

    fn has_failed(&self) -> bool {
        self.events.last().is_some_and(|last| last.end == End::Fatal)
    }

    /// The longest frame, or the limit where one was refused.
    fn longest(&self, max_frame: usize) -> usize {
        let refused = self.events.iter().any(|event| event.place.is_none());
        if refused { max_frame } else { self.places().map(|place| place.len).max().unwrap_or(0) }
    }
}

impl Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for event in &self.events {
            match event.place {
                Some(Place { offset, len, skipped, .. }) => writeln!(f, "  {} [{len} at {offset}, {skipped} skipped]", event.says)?,
                None => writeln!(f, "  {}", event.says)?,
            }
        }
        if self.unread.is_empty() { Ok(()) } else { writeln!(f, "  unread: {}", text(&self.unread)) }
    }
}

/// How a stream is brought to an engine.
#[derive(Clone, Copy, Debug)]
struct Way {
    cuts: Cuts,
    method: Method,
    caller: Caller,
    keep: bool,
}

impl Way {
    const WHOLE: Self = Self { cuts: Cuts::Whole, method: Method::Feed, caller: Caller::Drains, keep: false };
}

#[derive(Clone, Copy, Debug)]
enum Cuts {
    Whole,
    Every(usize),
    At(usize),
    /// Random lengths up to this.
    Random(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Feed,
    Owned,
    Reserve,
    /// One of them for each chunk, and empty chunks between.
    Mixed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Drains,
    /// Asks for a few frames now and then, and for the rest at the end.
    StopsEarly,
}

/// Runs decoders over inputs in every way, and compares.
pub struct Kit<D: Decode, M> {
    make: M,
    show: fn(D::Frame<'_>) -> String,
    max_frame: usize,
    backlog: usize,
    seed: u64,
    rounds: usize,
    work: u64,
    mark: Option<&'static str>,
}

impl<D: Decode, M: Fn() -> D> Kit<D, M> {
    /// Tests the decoders that `make` makes, each at the start of its stream; `show` makes text of a frame.
    pub fn new(make: M, show: fn(D::Frame<'_>) -> String) -> Self {
        Self { make, show, max_frame: DEFAULT_MAX_FRAME, backlog: DEFAULT_BACKLOG, seed: 1, rounds: 16, work: 3, mark: None }
    }

    /// Sets the engine's limits: of a frame in encoded bytes, and of unread bytes.
    #[must_use]
    pub fn limits(mut self, max_frame: usize, backlog: usize) -> Self {
        self.max_frame = max_frame;
        self.backlog = backlog;
        self
    }

    /// Sets where the random cuts start from, and how many rounds of them there are.
    #[must_use]
    pub fn random(mut self, seed: u64, rounds: usize) -> Self {
        self.seed = seed;
        self.rounds = rounds;
        self
    }

    /// Sets how many bytes may be examined for each byte of the stream: of a decoder that looks at some bytes more often. Otherwise 3.
    #[must_use]
    pub fn work(mut self, per_byte: u64) -> Self {
        self.work = per_byte;
        self
    }

    /// Joins each frame that is shown with `mark` in front to the one right before it, without the mark: for parts of something long, which end where the chunks do.
    ///
    /// ```
    /// use framewright::testkit::{Case, Kit, Plain, text};
    ///
    /// let all_there_is = || Plain::new(|bytes: &[u8]| Ok::<_, &str>((!bytes.is_empty()).then(|| (bytes.to_vec(), bytes.len()))));
    /// Kit::new(all_there_is, |bytes| format!("+{}", text(&bytes))).join("+").table(&[
    ///     Case { clause: "everything", input: b"abcdef", says: &["+abcdef", "end"] },
    /// ]);
    /// ```
    #[must_use]
    pub fn join(mut self, mark: &'static str) -> Self {
        self.mark = Some(mark);
        self
    }

    /// Checks every row: all ways agree, and with what it says.
    ///
    /// # Panics
    /// At the first row that does not hold.
    pub fn table(&self, cases: &[Case<'_>]) {
        for case in cases {
            let found = self.check(case.input).lines();
            assert_eq!(found, case.says, "{}: {}", case.clause, text(case.input));
        }
    }

    /// Checks that an input gives the same in every way, and returns what.
    ///
    /// Takes a time quadratic in the input up to 300 bytes; of longer inputs it tries a sample of the splits.
    ///
    /// # Panics
    /// When two ways differ, or a promise of the contract does not hold.
    pub fn check(&self, input: &[u8]) -> Transcript {
        let (whole, _) = self.run(LinearBuf::new(), Way::WHOLE, input, self.seed, usize::MAX);
        let check = |way: Way, seed: u64| (0..BUFFERS).for_each(|buffer| self.check_way(&whole, buffer, way, input, seed));
        for method in [Method::Feed, Method::Owned, Method::Reserve] {
            check(Way { method, ..Way::WHOLE }, 0);
            check(Way { method, cuts: Cuts::Every(1), ..Way::WHOLE }, 0);
            check(Way { method, keep: true, ..Way::WHOLE }, 0);
        }
        for at in sample(input.len()) {
            check(Way { cuts: Cuts::At(at), ..Way::WHOLE }, 0);
        }
        for round in 0..self.rounds {
            let cuts = Cuts::Random([2, 7, 64, 1460][round % 4]);
            let caller = if round % 3 == 0 { Caller::Drains } else { Caller::StopsEarly };
            check(Way { cuts, method: Method::Mixed, caller, keep: round % 5 == 4 }, self.seed.wrapping_add(round as u64));
        }
        self.check_prefixes(input, sample(input.len()));
        whole
    }

    /// Checks what [`check`](Self::check) does in two ways and at one prefix, drawn by `seed`: for a fuzzer, which is the better the more inputs it tries.
    ///
    /// # Panics
    /// When two ways differ, or a promise of the contract does not hold.
    pub fn check_sample(&self, input: &[u8], seed: u64) -> Transcript {
        let (whole, _) = self.run(LinearBuf::new(), Way::WHOLE, input, self.seed, usize::MAX);
        let mut random = Random(seed);
        for _ in 0..2 {
            let cuts = match random.below(4) {
                0 => Cuts::Every(1),
                1 => Cuts::At(random.below(input.len() + 1)),
                _ => Cuts::Random([2, 7, 64][random.below(3)]),
            };
            let method = [Method::Feed, Method::Owned, Method::Reserve, Method::Mixed][random.below(4)];
            let caller = [Caller::Drains, Caller::StopsEarly][random.below(2)];
            let way = Way { cuts, method, caller, keep: random.below(4) == 0 };
            self.check_way(&whole, random.below(BUFFERS), way, input, random.next());
        }
        self.check_prefixes(input, core::iter::once(random.below(input.len() + 1)));
        whole
    }

    /// Checks that one way, over one of the buffers, gives the same as another.
    fn check_way(&self, whole: &Transcript, buffer: usize, way: Way, input: &[u8], seed: u64) {
        let longest = whole.longest(self.max_frame);
        let (found, pieces) = match buffer {
            0 => self.run(LinearBuf::new(), way, input, seed, longest),
            1 => self.run(SegmentedBuf::new(), way, input, seed, longest),
            _ => self.run(SegmentedBuf::with_config(TINY), way, input, seed, longest),
        };
        assert!(
            found == *whole,
            "cut into\n {}\n({way:?}, buffer {buffer}, seed {seed}) it gives\n{found}and whole it gives\n{whole}",
            Pieces { input, lengths: &pieces }
        );
    }

    /// Checks that work is linear in one long frame: when the frame that `frame` makes, fed in chunks of `chunk` bytes, is twice as long (`frame(2)` against `frame(1)`), at most twice as many
    /// bytes are examined, plus a constant.
    ///
    /// # Panics
    /// When it does not.
    pub fn check_linear(&self, chunk: usize, frame: impl Fn(usize) -> Vec<u8>) {
        let examined = |n: usize| {
            let mut engine = self.engine(LinearBuf::new());
            for chunk in frame(n).chunks(chunk) {
                if let Ok(mut frames) = engine.feed(chunk) {
                    while let Ok(Step::Frame(..)) = frames.next_frame() {}
                }
            }
            engine.examined_bytes()
        };
        let (once, twice) = (examined(1), examined(2));
        assert!(twice <= 2 * once + 256, "{once} bytes examined, and {twice} for twice as many");
    }

    fn engine<B: StreamBufMut>(&self, buf: B) -> Engine<D, B> {
        Engine::with_buf((self.make)(), buf).with_max_frame(self.max_frame).with_backlog(self.backlog)
    }

    /// Brings the whole input to an engine in one way. Returns what came out, and the lengths of the pieces that went in.
    fn run<B: StreamBufMut>(&self, buf: B, way: Way, input: &[u8], seed: u64, longest: usize) -> (Transcript, Vec<usize>) {
        let mut run =
            Run { kit: self, engine: self.engine(buf), random: Random(seed), way, transcript: Transcript::default(), fed: 0, calls: 0 };
        let mut left = input;
        let mut largest = 0;
        let mut pieces = Vec::new();
        while !left.is_empty() && !run.transcript.has_failed() {
            let chunk = run.chunk(left.len());
            largest = largest.max(chunk);
            let brought = run.bring(left.get(..chunk).unwrap_or(left));
            left = left.get(brought..).unwrap_or_default();
            pieces.push(brought);
            let bound = self.backlog.max(longest).saturating_add(largest + 64 * 1024);
            let held = run.engine.held_bytes();
            assert!(held <= bound, "{held} bytes held by {way:?}, seed {seed}, and {bound} are allowed");
        }
        run.finish();
        let work = self.work * run.fed as u64 + 64 * run.calls;
        let examined = run.engine.examined_bytes();
        assert!(examined <= work, "{examined} bytes examined of {} in {} calls by {way:?}, seed {seed}", run.fed, run.calls);
        (run.into_transcript(), pieces)
    }

    /// Checks, for prefixes of the input of these lengths, which ascend, that nothing comes late, and that `Idle` is said where it is true.
    fn check_prefixes(&self, input: &[u8], lengths: impl Iterator<Item = usize>) {
        let mut slow = self.engine(LinearBuf::new());
        let mut came = Transcript::default();
        let mut fed = 0;
        for len in lengths {
            for byte in input.get(fed..len).unwrap_or_default().chunks(1) {
                if let Ok(mut frames) = slow.feed(byte) {
                    self.drain(&mut frames, &mut came);
                }
            }
            fed = len;
            if came.has_failed() {
                return;
            }
            let prefix = input.get(..len).unwrap_or_default();
            let mut engine = self.engine(LinearBuf::new());
            let mut whole = Transcript::default();
            let idle = engine.feed(prefix).is_ok_and(|mut frames| self.drain(&mut frames, &mut whole));
            assert!(came == whole, "{}: byte by byte it gives\n{came}and whole\n{whole}(is `missing` too high?)", text(prefix));
            if whole.is_over() {
                continue;
            }
            let mut rest = Transcript::default();
            self.drain(&mut engine.eof(), &mut rest);
            // After skipped bytes, or the start of a frame, either is right: the decoder may still be throwing a frame away.
            let is_truncated = whole.places().last().is_some_and(|place| place.truncated);
            let (clean, skipped) = match rest.events.as_slice() {
                [Event { end: End::Clean, place: Some(end), .. }] => (true, end.skipped > 0),
                _ => (false, false),
            };
            assert!(idle == clean || skipped || is_truncated, "{}: idle is {idle}, and then the end gives\n{rest}", text(prefix));
        }
    }

    /// Takes everything that is to be had. Tells whether it ended idle.
    fn drain<B: StreamBufMut>(&self, frames: &mut Frames<'_, D, B>, into: &mut Transcript) -> bool {
        while !into.is_over() {
            match frames.next_frame().map(|step| self.event(step)) {
                Ok(Ok(event)) => into.push(event, self.mark),
                Ok(Err(idle)) => return idle,
                Err(error) => into.events.push(failure(&error)),
            }
        }
        false
    }

    /// Makes an event of a step that lends, or says of a pause whether it is idle.
    fn event(&self, step: Step<D::Frame<'_>>) -> Result<Event, bool> {
        let with = |says: String, place: Place, end: End| {
            let says = if place.truncated { format!("{says} (truncated)") } else { says };
            let says = if place.skipped > 0 { format!("{says} after {} skipped bytes", place.skipped) } else { says };
            Event { says, place: Some(place), end }
        };
        match step {
            Step::Frame(frame, place) => Ok(with((self.show)(frame), place, End::GoesOn)),
            Step::Handoff(frame, place) => Ok(with(format!("handoff: {}", (self.show)(frame)), place, End::Clean)),
            Step::End(place) => Ok(with("end".to_owned(), place, End::Clean)),
            Step::Idle => Err(true),
            Step::NeedMoreData(_) => Err(false),
        }
    }

    /// The same of a step that gives a frame to keep.
    fn event_kept(&self, step: Step<Kept<D>>) -> Result<Event, bool> {
        match step {
            Step::Frame(kept, place) => self.event(Step::Frame(kept.open(), place)),
            Step::Handoff(kept, place) => self.event(Step::Handoff(kept.open(), place)),
            Step::End(place) => self.event(Step::End(place)),
            Step::Idle => Err(true),
            Step::NeedMoreData(short) => self.event(Step::NeedMoreData(short)),
        }
    }
}

/// How many kinds of buffers there are to try.
const BUFFERS: usize = 3;
/// Buffers with a seam every few bytes.
const TINY: BufConfig = BufConfig { segment_size: 3, merge_below: 2, copy_out_below: 2, ..BufConfig::DEFAULT };

/// An input on its way to an engine.
struct Run<'k, D: Decode, B, M> {
    kit: &'k Kit<D, M>,
    engine: Engine<D, B>,
    random: Random,
    way: Way,
    transcript: Transcript,
    fed: usize,
    calls: u64,
}

impl<D: Decode, B: StreamBufMut, M: Fn() -> D> Run<'_, D, B, M> {
    /// How long the next chunk is, of `left` bytes.
    fn chunk(&mut self, left: usize) -> usize {
        match self.way.cuts {
            Cuts::Every(n) => n.min(left),
            Cuts::At(at) if self.fed < at => at.min(left),
            Cuts::Whole | Cuts::At(_) => left,
            Cuts::Random(most) => 1 + self.random.below(most.min(left)),
        }
    }

    /// Brings a chunk, or a part of it, and takes what the caller wants. Returns how many bytes were taken.
    fn bring(&mut self, chunk: &[u8]) -> usize {
        let method = match (self.way.method, self.random.below(4)) {
            (Method::Mixed, 0) => Method::Owned,
            (Method::Mixed, 1) => Method::Reserve,
            (Method::Mixed, 2) => Method::Feed,
            (Method::Mixed, _) => {
                assert!(
                    self.engine.feed(b"").is_ok_and(|_| true) || self.transcript.is_over() || self.is_full(),
                    "an empty chunk is refused"
                );
                Method::Feed
            }
            (method, _) => method,
        };
        self.calls += 1;
        let (kit, transcript, keep) = (self.kit, &mut self.transcript, self.way.keep);
        let quota = match self.way.caller {
            Caller::Drains => usize::MAX,
            Caller::StopsEarly => self.random.below(4),
        };
        let refused = match bring(&mut self.engine, method, chunk, |frames| take(kit, frames, quota, keep, transcript)) {
            Ok((brought, calls)) => {
                self.calls += calls;
                self.fed += brought;
                return brought;
            }
            Err(refused) => refused,
        };
        assert!(matches!(refused, Refused::Backlog { .. }), "input is refused: {refused}");
        if transcript.is_over() {
            transcript.unread.extend_from_slice(chunk);
            return chunk.len();
        }
        self.calls += take(kit, &mut self.engine.frames(), usize::MAX, keep, transcript);
        0
    }

    fn is_full(&self) -> bool {
        self.engine.held_bytes() >= self.kit.backlog
    }

    /// Announces the end and takes everything.
    fn finish(&mut self) {
        if !self.transcript.is_over() {
            let (kit, keep) = (self.kit, self.way.keep);
            self.calls += 1 + take(kit, &mut self.engine.eof(), usize::MAX, keep, &mut self.transcript);
            assert!(self.transcript.is_over(), "the stream has ended, and it waits:\n{}", self.transcript);
        }
        if self.transcript.has_failed() {
            assert!(matches!(self.engine.feed(b"x"), Err(Refused::Failed)), "input is taken after a fatal error");
            let again = self.engine.frames().next_frame().err().map(|error| failure(&error));
            assert_eq!(again.as_ref(), self.transcript.events.last(), "the fatal error does not stay");
        } else {
            assert!(matches!(self.engine.frames().next_frame(), Ok(Step::End(_))), "the end does not stay");
        }
    }

    fn into_transcript(self) -> Transcript {
        let mut transcript = self.transcript;
        if !transcript.has_failed() {
            if let Ok(parts) = self.engine.into_parts() {
                let unread = parts.unread.segments().flatten().copied().chain(core::mem::take(&mut transcript.unread));
                transcript.unread = unread.collect();
            }
        }
        transcript
    }
}

/// Brings a chunk, or as much of it as there is room for, and lets `then` take frames. Returns how many bytes were taken, and what `then` returned.
fn bring<D: Decode, B: StreamBufMut, T>(
    engine: &mut Engine<D, B>,
    method: Method,
    chunk: &[u8],
    then: impl FnOnce(&mut Frames<'_, D, B>) -> T,
) -> Result<(usize, T), Refused> {
    match method {
        Method::Owned => Ok((chunk.len(), then(&mut engine.feed_owned(Bytes::copy_from_slice(chunk))?))),
        Method::Feed | Method::Mixed => Ok((chunk.len(), then(&mut engine.feed(chunk)?))),
        Method::Reserve => {
            let mut room = engine.reserve()?;
            let len = chunk.len().min(room.as_mut_slice().len());
            room.as_mut_slice().iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            Ok((len, then(&mut room.commit(len)?)))
        }
    }
}

/// Takes up to `quota` frames. Returns the number of calls.
fn take<D: Decode, B: StreamBufMut, M: Fn() -> D>(
    kit: &Kit<D, M>,
    frames: &mut Frames<'_, D, B>,
    quota: usize,
    keep: bool,
    into: &mut Transcript,
) -> u64 {
    let mut calls = 0;
    for _ in 0..quota {
        if into.is_over() {
            break;
        }
        calls += 1;
        let stepped =
            if keep { frames.next_view().map(|step| kit.event_kept(step)) } else { frames.next_frame().map(|step| kit.event(step)) };
        match stepped {
            Ok(Ok(event)) => into.push(event, kit.mark),
            Ok(Err(_pause)) => break,
            Err(error) => into.events.push(failure(&error)),
        }
    }
    calls
}

fn failure<F: Display>(error: &Error<F>) -> Event {
    assert!(error.kind() != ErrorKind::Bug, "{error}");
    Event { says: error.to_string(), place: None, end: if error.is_fatal() { End::Fatal } else { End::GoesOn } }
}

/// An input in the pieces that were brought: `"ab" "c"`.
struct Pieces<'a> {
    input: &'a [u8],
    lengths: &'a [usize],
}

impl Display for Pieces<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.input;
        for piece in self.lengths.iter().filter(|len| **len > 0) {
            let (now, later) = left.split_at_checked(*piece).unwrap_or((left, &[]));
            write!(f, " \"{}\"", now.escape_ascii())?;
            left = later;
        }
        if left.is_empty() { Ok(()) } else { write!(f, " and not \"{}\"", left.escape_ascii()) }
    }
}

/// Every offset of a short input, and some of a long one.
fn sample(len: usize) -> impl Iterator<Item = usize> {
    let step = (len / 300).max(1);
    (0..=len).filter(move |at| at % step == 0 || len - at < 8)
}

/// Numbers that look random, the same for the same seed: SplitMix64.
#[derive(Clone, Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `n`, or 0.
    fn below(&mut self, n: usize) -> usize {
        let n = n.max(1) as u64;
        usize::try_from(self.next() % n).unwrap_or(0)
    }
}

impl<D: Decode, M> fmt::Debug for Kit<D, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kit").field("max_frame", &self.max_frame).field("backlog", &self.backlog).finish_non_exhaustive()
    }
}
