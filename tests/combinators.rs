//! Decoders made from decoders, and engines nested in one another.

use core::cell::Cell;
use core::convert::Infallible;
use core::num::ParseIntError;
use core::str;
use std::borrow::Cow;
use std::rc::Rc;

use bytes::Bytes;
use framewright::buf::SegmentedBuf;
use framewright::decode::{Choose, DecodeExt, Either, Found, MapFrame, Reject, Stop};
use framewright::engine::{Nested, NestedError, NestedFrames, Place};
use framewright::framing::{Counts, Delimited, Delimiter, LengthField, Lines, OnExcess, Width};
use framewright::testkit::{Case, Kit, text};
use framewright::{Decode, Engine, ErrorKind, Input, NeedMoreData, Refused, Step};
use quickcheck::{Arbitrary, Gen, QuickCheck, Testable};

/// Says everything that a decoder can say. A digit is the length of the payload behind it; of whole frames those with a `*`, `#`, `^` or `@` in them are bad, skipped, a false start, fatal. With
/// `REWRITES` the payload is shown in capitals.
#[derive(Clone, Debug, Default)]
struct Script<const REWRITES: bool>;

/// Where the vowels are in the payload.
type Vowels = Vec<usize>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shown<'a> {
    payload: &'a [u8],
    vowels: &'a [usize],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bad {0}")]
struct Bad(char);

impl<const REWRITES: bool> Decode for Script<REWRITES> {
    type Progress = Vowels;
    type Token = ();
    type Frame<'a> = Shown<'a>;
    type Fault = Bad;

    fn scan(&mut self, _: &mut Vowels, input: &Input<'_>) -> Result<Found<()>, Stop<Bad>> {
        input.begin()?;
        let [tag] = input.array(0)?;
        let (token, two) = ((), || input.require(2));
        match tag {
            b'0'..=b'9' => {
                let len = 1 + usize::from(tag - b'0');
                input.require(len)?;
                Ok(Found::Frame { len, token })
            }
            b'~' => two().map(|()| Found::Truncated { len: 2, token }).map_err(Stop::from),
            b'>' => two().map(|()| Found::Handoff { len: 2, token }).map_err(Stop::from),
            b'.' => Ok(Found::End),
            b'-' => Ok(Found::Skip(1)),
            b'!' => Err(Stop::fatal(Bad('!'))),
            _ => Err(Stop::bad(1, Bad('?'))),
        }
    }

    fn inspect(&mut self, (): &mut (), vowels: &mut Vowels, frame: &[u8]) -> Result<(), Reject<Bad>> {
        vowels.extend(frame[1..].iter().enumerate().filter(|(_, byte)| b"aA".contains(byte)).map(|(at, _)| at));
        match frame.iter().find(|byte| b"*#^@".contains(byte)) {
            Some(b'*') => Err(Reject::Bad(Bad('*'))),
            Some(b'#') => Err(Reject::Skip),
            // What was rewritten cannot be looked at again.
            Some(b'^') if !REWRITES => Err(Reject::FalseStart),
            Some(_) => Err(Reject::Fatal(Bad('@'))),
            None => Ok(()),
        }
    }

    const REWRITES: bool = REWRITES;

    fn rewrite(&mut self, (): &mut (), frame: &mut [u8]) -> Result<usize, Reject<Bad>> {
        frame.make_ascii_uppercase();
        if frame.contains(&b'$') { Err(Reject::Bad(Bad('$'))) } else { Ok(frame.len()) }
    }

    fn open<'a>((): (), vowels: &'a Vowels, frame: &'a [u8]) -> Shown<'a> {
        Shown { payload: &frame[1..], vowels }
    }

    fn reset(vowels: &mut Vowels) {
        vowels.clear();
    }
}

fn shown(Shown { payload, vowels }: Shown<'_>) -> String {
    format!("{}{vowels:?}", text(payload))
}

/// What [`Script`] gives a meaning to.
#[derive(Clone, Debug)]
struct Stream(Vec<u8>);

impl Arbitrary for Stream {
    fn arbitrary(g: &mut Gen) -> Self {
        let len = usize::arbitrary(g) % (g.size() + 1);
        Self((0..len).map(|_| *g.choose(b"000111122233abab-~??>!.*#^@$\n\n\r").unwrap_or(&b'0')).collect())
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        Box::new(self.0.shrink().map(Self))
    }
}

fn property(usual: u64, property: impl Testable) {
    let rounds = if std::env::var_os("FRAMEWRIGHT_QUICK").is_some() { usual / 10 } else { usual };
    QuickCheck::new().rng(Gen::from_size_and_seed(24, 0x636f_6d62)).tests(rounds).max_tests(rounds).quickcheck(property);
}

/// What comes out of a stream that arrives whole.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Event<T> {
    Frame(T, Place),
    Handoff(T, Place),
    End(Place),
    /// What it says, and whether it is fatal.
    Error(String, bool),
}

/// A naive reader.
fn events<D: Decode, T>(decoder: D, own: impl Fn(D::Frame<'_>) -> T, input: &[u8]) -> Vec<Event<T>> {
    let mut engine = Engine::new(decoder);
    drop(engine.feed(input).unwrap());
    let mut frames = engine.eof();
    let mut events = Vec::new();
    loop {
        match frames.next_frame() {
            Ok(Step::Frame(frame, place)) => events.push(Event::Frame(own(frame), place)),
            Ok(Step::Handoff(frame, place)) => events.push(Event::Handoff(own(frame), place)),
            Ok(Step::End(place)) => events.push(Event::End(place)),
            Ok(Step::Idle | Step::NeedMoreData(_)) => panic!("it waits at the end"),
            Err(error) => events.push(Event::Error(error.to_string(), error.is_fatal())),
        }
        if !matches!(events.last(), Some(Event::Frame(..) | Event::Error(_, false))) {
            return events;
        }
    }
}

/// What is left of these events when each frame is kept, thrown away, or refused with a reason: the law of `filter` and `check`, written down a second time.
fn judged<T>(events: Vec<Event<T>>, mut judge: impl FnMut(&T) -> Result<bool, String>) -> Vec<Event<T>> {
    let mut thrown = 0;
    let mut left = Vec::new();
    for event in events {
        let (frame, mut place, is_last) = match event {
            Event::Frame(frame, place) => (frame, place, false),
            Event::Handoff(frame, place) => (frame, place, true),
            Event::End(mut place) => {
                place.skipped += thrown;
                left.push(Event::End(place));
                continue;
            }
            Event::Error(says, is_fatal) => {
                left.push(Event::Error(says, is_fatal));
                continue;
            }
        };
        let verdict = judge(&frame);
        place.skipped += std::mem::take(&mut thrown);
        match (&verdict, is_last) {
            (Ok(true), false) => left.push(Event::Frame(frame, place)),
            (Ok(true), true) => left.push(Event::Handoff(frame, place)),
            _ => {
                thrown = place.skipped + place.len as u64;
                left.extend(verdict.err().map(|reason| Event::Error(format!("frame at byte {}: {reason}", place.offset), false)));
                if is_last {
                    let offset = place.offset + place.len as u64;
                    left.push(Event::End(Place { offset, len: 0, skipped: thrown, truncated: false }));
                }
            }
        }
    }
    left
}

/// The events as the kit would tell them.
fn lines(events: &[Event<String>]) -> Vec<String> {
    let with = |says: &str, place: &Place| {
        let truncated = if place.truncated { " (truncated)" } else { "" };
        let skipped = if place.skipped > 0 { format!(" after {} skipped bytes", place.skipped) } else { String::new() };
        format!("{says}{truncated}{skipped}")
    };
    let line = |event: &Event<String>| match event {
        Event::Frame(says, place) => with(says, place),
        Event::Handoff(says, place) => with(&format!("handoff: {says}"), place),
        Event::End(place) => with("end", place),
        Event::Error(says, _) => says.clone(),
    };
    events.iter().map(line).collect()
}

/// Checks that a decoder says these events, however the input is cut.
fn says<D: Decode>(make: fn() -> D, show: fn(D::Frame<'_>) -> String, input: &[u8], expected: &[Event<String>]) {
    assert_eq!(events(make(), show, input), expected, "{}", text(input));
    let found = kit(make, show).check(input).lines();
    let found: Vec<_> = found.into_iter().filter(|line| !line.starts_with("unread: ")).collect();
    assert_eq!(found, lines(expected), "{}", text(input));
}

/// The kit by function pointers, so that tests of one type share what is compiled for it.
fn kit<D: Decode>(make: fn() -> D, show: fn(D::Frame<'_>) -> String) -> Kit<D, fn() -> D> {
    Kit::new(make, show).random(1, 4)
}

fn payload(frame: Shown<'_>) -> &[u8] {
    frame.payload
}

fn has_b(frame: Shown<'_>) -> bool {
    frame.payload.to_ascii_lowercase().contains(&b'b')
}

fn has_no_b(frame: Shown<'_>) -> bool {
    !has_b(frame)
}

#[derive(Clone, Debug, thiserror::Error)]
#[error("no {0}")]
struct No(String);

fn accept(frame: Shown<'_>) -> Result<(), No> {
    if has_b(frame) { Err(No(shown(frame))) } else { Ok(()) }
}

fn parse(frame: Shown<'_>) -> Result<String, No> {
    accept(frame).map(|()| shown(frame))
}

// --- map ---

#[test]
fn cm_1_a_mapped_frame_is_what_the_function_makes_of_it() {
    let compare = |Stream(input): Stream| {
        let mapped = kit(|| Script::<false>.map(shown), |says| says);
        let plain = kit(|| Script::<false>, |frame| shown(frame));
        assert_eq!(mapped.check(&input), plain.check(&input));
        let mapped = kit(|| Script::<true>.map(shown), |says| says);
        let plain = kit(|| Script::<true>, |frame| shown(frame));
        assert_eq!(mapped.check(&input), plain.check(&input));
        true
    };
    property(150, compare as fn(Stream) -> bool);
}

fn owned(line: Cow<'_, str>) -> String {
    line.into_owned()
}

#[allow(clippy::needless_pass_by_value, reason = "a predicate is given the frame")]
fn is_long(line: Cow<'_, str>) -> bool {
    line.len() > 3
}

/// Everything up to a byte.
#[derive(Clone, Copy)]
struct Before(u8);

impl<'a> MapFrame<&'a [u8]> for Before {
    type Out = &'a [u8];

    fn map_frame(&self, line: &'a [u8]) -> &'a [u8] {
        line.split(|byte| *byte == self.0).next().unwrap_or_default()
    }
}

#[rustfmt::skip]
#[test]
fn frames_are_mapped_by_whatever_is_a_function() {
    const INPUT: &[u8] = b"ab;c\n\xff\n";
    kit(|| Lines::new(4).map(Before(b';')), |line| text(line)).table(&[
        Case { clause: "CM-1", input: b"",          says: &["end"] },
        Case { clause: "CM-1", input: b"ab;c\nd\n", says: &["ab", "d", "end"] },
        // The limit is of the frame, not of what is shown.
        Case { clause: "CM-1", input: b";;;;;\n",   says: &["frame at byte 0: payload longer than the limit of 4 bytes"] },
    ]);
    let told = |told: &[Event<String>]| lines(told).join(" ");
    // What borrows: a function by its name, or a type of its own.
    assert_eq!(told(&events(Lines::new(9).map(String::from_utf8_lossy), owned, INPUT)), "ab;c \u{fffd} end");
    assert_eq!(told(&events(Lines::new(9).map(Before(b';')), text, INPUT)), "ab \\xff end");
    assert_eq!(told(&events(Script::<true>.map(payload), text, b"2ab")), "AB end");
    // What does not: closures too, with what they hold.
    let more = 10;
    assert_eq!(told(&events(Lines::new(9).map(move |line: &[u8]| line.len() + more), |len| len.to_string(), INPUT)), "14 11 end");
    // And one after the other.
    let length = |line: &[u8]| line.len();
    let chain = Lines::new(9).map(Before(b';')).map(length).filter(|len| len > 1);
    assert_eq!(told(&events(chain, |len| len.to_string(), INPUT)), "2 end after 2 skipped bytes");
    // Behind a view that borrows too, by a function's name.
    let chain = Lines::new(9).check(|line| str::from_utf8(line).map(|_| ())).map(String::from_utf8_lossy).filter(is_long);
    assert_eq!(told(&events(chain, owned, b"abcd\nab\n\xff\n")), "abcd frame at byte 8: invalid utf-8 sequence of 1 bytes from index 0 end after 5 skipped bytes");
}

// --- filter ---

#[rustfmt::skip]
#[test]
fn frames_of_no_interest() {
    kit(|| Lines::new(3).on_excess(OnExcess::Truncate).filter(|line| !line.starts_with(b"#")), |line| text(line)).table(&[
        Case { clause: "CM-2", input: b"",                says: &["end"] },
        Case { clause: "CM-2", input: b"a\n#\nb\n",       says: &["a", "b after 2 skipped bytes", "end"] },
        Case { clause: "CM-2", input: b"#\n#\n",          says: &["end after 4 skipped bytes"] },
        Case { clause: "CM-2", input: b"#",               says: &["end after 1 skipped bytes"] },
        Case { clause: "CM-2", input: b"#long\na\n",      says: &["a after 6 skipped bytes", "end"] },
        Case { clause: "CM-2", input: b"long\n#\n",       says: &["lon (truncated)", "end after 4 skipped bytes"] },
    ]);
    kit(|| lengths().filter(|frame| !frame.is_empty()), |frame| text(frame)).table(&[
        Case { clause: "CM-2", input: b"\0\x01a\0\0\x0a", says: &["a after 1 skipped bytes", "frame at byte 5: payload longer than the limit of 9 bytes"] },
        Case { clause: "CM-2", input: b"\0\x02a",         says: &["frame at byte 1: the stream ended 2 bytes into the frame"] },
    ]);
}

#[test]
fn cm_2_what_is_left_is_what_the_predicate_keeps() {
    fn kept(events: Vec<Event<String>>) -> Vec<Event<String>> {
        judged(events, |frame| Ok(!frame.contains(['b', 'B'])))
    }
    let compare = |Stream(input): Stream| {
        says(|| Script::<false>.filter(has_no_b), |frame| shown(frame), &input, &kept(events(Script::<false>, shown, &input)));
        says(|| Script::<true>.filter(has_no_b), |frame| shown(frame), &input, &kept(events(Script::<true>, shown, &input)));
        true
    };
    property(150, compare as fn(Stream) -> bool);
}

// --- check and parse ---

fn number(line: &[u8]) -> Result<u8, ParseIntError> {
    str::from_utf8(line).unwrap_or_default().parse()
}

fn sum(frame: &[u8]) -> u32 {
    frame.iter().map(|byte| u32::from(*byte)).sum()
}

#[rustfmt::skip]
#[test]
fn frames_that_do_not_pass() {
    kit(|| Lines::new(3).check(|line| str::from_utf8(line).map(|_| ())), |line| text(line)).table(&[
        Case { clause: "CM-3", input: b"",                says: &["end"] },
        Case { clause: "CM-3", input: b"\xff\na\n\xff",   says: &["frame at byte 0: invalid utf-8 sequence of 1 bytes from index 0", "a after 2 skipped bytes", "frame at byte 4: invalid utf-8 sequence of 1 bytes from index 0", "end after 1 skipped bytes"] },
        Case { clause: "CM-3", input: b"long\n",          says: &["frame at byte 0: payload longer than the limit of 3 bytes"] },
    ]);
    kit(|| Lines::new(3).on_excess(OnExcess::Truncate).parse(number), |number| number.to_string()).table(&[
        Case { clause: "CM-4", input: b"",                says: &["end"] },
        Case { clause: "CM-4", input: b"7\n256\n0\n",     says: &["7", "frame at byte 2: number too large to fit in target type", "0 after 4 skipped bytes", "end"] },
        Case { clause: "CM-4", input: b"1234\n5",         says: &["123 (truncated)", "5 after 2 skipped bytes", "end"] },
        Case { clause: "CM-4", input: b"x234\n5",         says: &["frame at byte 0: invalid digit found in string", "5 after 5 skipped bytes", "end"] },
    ]);
    kit(|| lengths().parse(|frame| Ok::<_, Infallible>(sum(frame))), |sum| sum.to_string()).table(&[
        Case { clause: "CM-4", input: b"\x02\x01\x02\0",  says: &["3", "0", "end"] },
        Case { clause: "CM-4", input: b"\x02\x01",        says: &["frame at byte 0: the stream ended 2 bytes into the frame"] },
        Case { clause: "CM-4", input: b"\x0a",            says: &["frame at byte 0: payload longer than the limit of 9 bytes"] },
    ]);
}

#[test]
fn cm_3_what_is_left_is_what_passes() {
    fn good(events: Vec<Event<String>>) -> Vec<Event<String>> {
        judged(events, |frame| if frame.contains(['b', 'B']) { Err(format!("no {frame}")) } else { Ok(true) })
    }
    let compare = |Stream(input): Stream| {
        let left = good(events(Script::<false>, shown, &input));
        says(|| Script::<false>.check(accept), |frame| shown(frame), &input, &left);
        says(|| Script::<false>.parse(parse), |says| says.clone(), &input, &left);
        let left = good(events(Script::<true>, shown, &input));
        says(|| Script::<true>.check(accept), |frame| shown(frame), &input, &left);
        says(|| Script::<true>.parse(parse), |says| says.clone(), &input, &left);
        true
    };
    property(150, compare as fn(Stream) -> bool);
}

#[test]
fn cm_3_a_check_sees_each_frame_once() {
    let mut seen = Vec::new();
    {
        let check = |frame: Shown<'_>| {
            seen.push(text(frame.payload));
            Ok::<_, Infallible>(())
        };
        let mut engine = Engine::new(Script::<false>.check(check));
        for byte in b"2ab1b1#0" {
            let mut frames = engine.feed(core::slice::from_ref(byte)).unwrap();
            while let Ok(Step::Frame(..)) = frames.next_frame() {}
        }
    }
    assert_eq!(seen, ["ab", "b", ""]); // and not what the decoder itself skips
}

#[rustfmt::skip]
#[test]
fn whatever_else_a_decoder_says_passes_through() {
    const CASES: &[Case<'_>] = &[
        Case { clause: "CM-5", input: b"1a-~c0",     says: &["a[0]", "c[] (truncated) after 1 skipped bytes", "[]", "end"] },
        Case { clause: "CM-5", input: b"1a>c0",      says: &["a[0]", "handoff: c[]", "unread: 0"] },
        Case { clause: "CM-5", input: b"1a.0",       says: &["a[0]", "end", "unread: .0"] },
        Case { clause: "CM-5", input: b"?1a",        says: &["frame at byte 0: bad ?", "a[0] after 1 skipped bytes", "end"] },
        Case { clause: "CM-5", input: b"1a!0",       says: &["a[0]", "frame at byte 2: bad !"] },
        Case { clause: "CM-5", input: b"1*1a",       says: &["frame at byte 0: bad *", "a[0] after 2 skipped bytes", "end"] },
        Case { clause: "CM-5", input: b"1#1a",       says: &["a[0] after 2 skipped bytes", "end"] },
        Case { clause: "CM-5", input: b"2^01a",      says: &["frame at byte 1: bad ?", "[] after 2 skipped bytes", "a[0]", "end"] },
        Case { clause: "CM-5", input: b"1a1@0",      says: &["a[0]", "frame at byte 2: bad @"] },
        Case { clause: "CM-5", input: b"2a",         says: &["frame at byte 0: the stream ended 2 bytes into the frame"] },
    ];
    kit(|| Script::<false>, |frame| shown(frame)).table(CASES);
    kit(|| Script::<false>.map(shown), |says| says).table(CASES);
    kit(|| Script::<false>.filter(has_no_b), |frame| shown(frame)).table(CASES);
    kit(|| Script::<false>.check(accept), |frame| shown(frame)).table(CASES);
    kit(|| Script::<false>.parse(parse), |says| says.clone()).table(CASES);
    kit(|| Either::<Script<false>, Script<false>>::Left(Script), |frame| shown(frame.into_inner())).table(CASES);
    kit(|| Either::<Script<false>, Script<false>>::Right(Script), |frame| shown(frame.into_inner())).table(CASES);
    kit(|| Choose::new(|_| Ok(Script::<false>)), |frame| shown(frame)).table(CASES);
}

fn of_right<'a>(frame: Either<&'a [u8], Shown<'a>>) -> &'a [u8] {
    match frame {
        Either::Left(line) => line,
        Either::Right(shown) => shown.payload,
    }
}

#[rustfmt::skip]
#[test]
fn whole_frames_are_judged_as_they_are_shown() {
    const REWRITTEN: &[Case<'_>] = &[
        Case { clause: "CM-6", input: b"1a1b",       says: &["A[0]", "frame at byte 2: no B[]", "end after 2 skipped bytes"] },
        Case { clause: "CM-6", input: b"1$1b2ab",    says: &["frame at byte 0: bad $", "frame at byte 2: no B[]", "frame at byte 4: no AB[0]", "end after 7 skipped bytes"] },
        Case { clause: "CM-6", input: b"1*1#~b1@",   says: &["frame at byte 0: bad *", "frame at byte 4: no B[]", "frame at byte 6: bad @"] },
        // The last frame of a protocol is the last also when it is not shown.
        Case { clause: "CM-3", input: b"1a>b1c",     says: &["A[0]", "frame at byte 2: no B[]", "end after 2 skipped bytes", "unread: 1c"] },
    ];
    kit(|| Script::<true>.check(accept), |frame| shown(frame)).table(REWRITTEN);
    kit(|| Script::<true>.parse(parse), |says| says.clone()).table(REWRITTEN);
    kit(|| Script::<true>.filter(has_no_b), |frame| shown(frame)).table(&[
        Case { clause: "CM-6", input: b"1b1*1a",     says: &["frame at byte 2: bad *", "A[0] after 4 skipped bytes", "end"] },
        Case { clause: "CM-2", input: b"1a>b1c",     says: &["A[0]", "end after 2 skipped bytes", "unread: 1c"] },
        Case { clause: "CM-2", input: b"1b1a>b",     says: &["A[0] after 2 skipped bytes", "end after 2 skipped bytes"] },
    ]);
    kit(|| Script::<false>, |frame| shown(frame)).table(&[
        Case { clause: "EN-15", input: b">*1a",      says: &["frame at byte 0: bad *", "end after 2 skipped bytes", "unread: 1a"] },
        Case { clause: "EN-15", input: b">#1a",      says: &["end after 2 skipped bytes", "unread: 1a"] },
        Case { clause: "EN-15", input: b">@1a",      says: &["frame at byte 0: bad @"] },
        Case { clause: "EN-15", input: b">^1a",      says: &["frame at byte 1: bad ?", "a[0] after 2 skipped bytes", "end"] },
    ]);
}

/// Counts how often its progress had no storage.
struct Keeps(Rc<Cell<usize>>);

impl Decode for Keeps {
    type Progress = Vec<u8>;
    type Token = ();
    type Frame<'a> = &'a [u8];
    type Fault = Infallible;

    fn scan(&mut self, progress: &mut Vec<u8>, input: &Input<'_>) -> Result<Found<()>, Stop<Infallible>> {
        assert!(progress.is_empty());
        self.0.set(self.0.get() + usize::from(progress.capacity() == 0));
        progress.push(0);
        input.begin()?;
        Ok(Found::Frame { len: 1, token: () })
    }

    fn open<'a>((): (), _: &'a Vec<u8>, frame: &'a [u8]) -> &'a [u8] {
        frame
    }

    fn reset(progress: &mut Vec<u8>) {
        progress.clear();
    }
}

#[test]
fn cm_5_progress_keeps_its_storage() {
    fn allocations<D: Decode>(make: impl FnOnce(Keeps) -> D) -> usize {
        let count = Rc::new(Cell::new(0));
        assert_eq!(events(make(Keeps(count.clone())), |_| (), b"0123456789").len(), 11);
        count.get()
    }
    assert_eq!(allocations(|keeps| keeps), 1);
    assert_eq!(allocations(|keeps| keeps.map(<[u8]>::len)), 1);
    assert_eq!(allocations(|keeps| keeps.filter(|_| true)), 1);
    assert_eq!(allocations(|keeps| keeps.check(|_| Ok::<_, Infallible>(()))), 1);
    assert_eq!(allocations(|keeps| keeps.parse(|frame| Ok::<_, Infallible>(frame.len()))), 1);
    assert_eq!(allocations(Either::<Keeps, Lines>::Left), 1);
    assert_eq!(allocations(Either::<Lines, Keeps>::Right), 1);
    assert_eq!(allocations(|keeps| Choose::new(move |_: &Input<'_>| Ok(Keeps(keeps.0.clone())))), 1);
}

#[test]
fn cm_4_a_kept_frame_keeps_what_it_was_parsed_to() {
    let mut engine = Engine::new(Lines::new(9).parse(|line| str::from_utf8(line).map(str::to_owned)));
    let mut frames = engine.feed(b"one\ntwo\n").unwrap();
    let Ok(Step::Frame(one, _)) = frames.next_view() else { panic!() };
    let Ok(Step::Frame(two, _)) = frames.next_view() else { panic!() };
    drop(frames);
    drop(engine);
    assert_eq!((one.open(), two.open()), (&"one".to_owned(), &"two".to_owned()));
    assert_eq!(one.encoded(), b"one\n");
}

// --- Either and Choose ---

/// Lines where the stream begins with `L`, a script of capitals for `S`, and one that shows what it reads otherwise, which is known from the third byte on.
type Chosen = Either<Lines, Either<Script<true>, Script<false>>>;

fn choose(first: &Input<'_>) -> Result<Chosen, NeedMoreData> {
    match first.array(0)? {
        [b'L'] => Ok(Either::Left(Lines::new(3))),
        [b'2'] => Ok(Either::Right(Either::Left(Script))),
        _ => first.require(3).map(|()| Either::Right(Either::Right(Script))),
    }
}

fn shortest(first: &Input<'_>) -> Result<Either<Lines, Script<false>>, NeedMoreData> {
    match first.require(3) {
        Ok(()) => Ok(Either::Right(Script)),
        Err(_) if first.is_end() => Ok(Either::Left(Lines::new(3))),
        Err(short) => Err(short),
    }
}

fn show_chosen(frame: Either<&[u8], Either<Shown<'_>, Shown<'_>>>) -> String {
    match frame {
        Either::Left(line) => text(line),
        Either::Right(frame) => shown(frame.into_inner()),
    }
}

#[rustfmt::skip]
#[test]
fn one_of_two_by_the_first_bytes() {
    kit(|| Choose::new(choose), |frame| show_chosen(frame)).table(&[
        Case { clause: "CM-8", input: b"",                says: &["end"] },
        Case { clause: "CM-7", input: b"L\n2a\n",         says: &["L", "2a", "end"] },
        Case { clause: "CM-7", input: b"2La1b",           says: &["LA[1]", "B[]", "end"] },
        Case { clause: "CM-7", input: b"1b2La",           says: &["b[]", "La[1]", "end"] },
        Case { clause: "CM-7", input: b"-L2La",           says: &["frame at byte 1: bad ?", "La[1] after 2 skipped bytes", "end"] },
        Case { clause: "CM-7", input: b"Long\n",          says: &["frame at byte 0: payload longer than the limit of 3 bytes"] },
        Case { clause: "CM-8", input: b"1b",              says: &["frame at byte 0: the stream ended 2 bytes into the frame"] },
        Case { clause: "CM-8", input: b"2",               says: &["frame at byte 0: the stream ended 1 bytes into the frame"] },
        Case { clause: "CM-8", input: b"L",               says: &["L", "end"] },
        // One of them rewrites: the others do not, but may not start falsely.
        Case { clause: "CM-9", input: b"1$1*1#1a",        says: &["$[]", "frame at byte 2: bad *", "a[0] after 4 skipped bytes", "end"] },
        Case { clause: "CM-9", input: b"2a$1*1@",         says: &["frame at byte 0: bad $", "frame at byte 3: bad *", "frame at byte 5: bad @"] },
    ]);
    let mut engine = Engine::new(Choose::new(choose));
    let error = engine.feed(b"1^1").unwrap().next_frame().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Bug);
    // What there is at the end may be enough.
    kit(|| Choose::new(shortest).map(of_right), |payload| text(payload)).table(&[
        Case { clause: "CM-8", input: b"1b",              says: &["1b", "end"] },
        Case { clause: "CM-8", input: b"1b0",             says: &["b", "", "end"] },
    ]);
    kit(|| Choose::new(choose), |frame| show_chosen(frame)).limits(2, 99).table(&[
        Case { clause: "CM-8", input: b"1b0",             says: &["frame at byte 0: frame longer than the limit of 2 bytes"] },
    ]);
}

#[test]
fn cm_7_a_chosen_decoder_is_as_if_alone() {
    fn compare<D: Decode>(input: &[u8], make: fn() -> D, show: fn(D::Frame<'_>) -> String) {
        let alone = kit(make, show).check(input);
        assert_eq!(kit(|| Choose::new(choose), |frame| show_chosen(frame)).check(input), alone);
    }
    let property_of = |Stream(mut input): Stream, choice: u8| {
        input.retain(|byte| *byte != b'^');
        input.insert(0, [b'L', b'2', b'0', b'?'][usize::from(choice % 4)]);
        match input[..] {
            [b'L', ..] => compare(&input, || Lines::new(3), |line| text(line)),
            [b'2', ..] => compare(&input, || Script::<true>, |frame| shown(frame)),
            [_, _, _, ..] => compare(&input, || Script::<false>, |frame| shown(frame)),
            _ => {}
        }
        true
    };
    property(200, property_of as fn(Stream, u8) -> bool);
}

#[test]
fn cm_7_the_choice_is_made_once() {
    let asked = Cell::new(0);
    let choose = |first: &Input<'_>| {
        asked.set(asked.get() + 1);
        first.require(2).map(|()| Script::<false>)
    };
    let mut engine = Engine::new(Choose::new(choose));
    for byte in b"2ab" {
        assert!(engine.decoder().chosen().is_none());
        let _ = engine.feed(core::slice::from_ref(byte)).unwrap().next_frame();
    }
    assert!(engine.decoder().chosen().is_some());
    drop(engine.feed(b"1a1b"));
    while let Ok(Step::Frame(..)) = engine.frames().next_frame() {}
    assert_eq!(asked.get(), 2); // too few bytes, and then enough
}

#[test]
fn cm_9_either_is_the_one_it_is() {
    type Two = Either<Script<true>, Script<false>>;
    let compare = |Stream(input): Stream| {
        let either = |two: Two| events(two, |frame| shown(frame.into_inner()), &input);
        assert_eq!(either(Two::Left(Script)), events(Script::<true>, shown, &input));
        let starts_falsely = input.contains(&b'^');
        assert!(starts_falsely || either(Two::Right(Script)) == events(Script::<false>, shown, &input));
        true
    };
    property(1000, compare as fn(Stream) -> bool);
}

// --- Nested ---

type Told = Vec<Event<String>>;

/// Takes everything that is to be had; tells whether it is over.
fn take<O, I>(frames: &mut NestedFrames<'_, O, I, SegmentedBuf>, show: fn(I::Frame<'_>) -> String, told: &mut Told) -> bool
where
    O: Decode,
    for<'f> O::Frame<'f>: AsRef<[u8]>,
    I: Decode,
{
    loop {
        match frames.next_frame() {
            Ok(Step::Frame(frame, place)) => told.push(Event::Frame(show(frame), place)),
            Ok(Step::Handoff(frame, place)) => told.push(Event::Handoff(show(frame), place)),
            Ok(Step::End(place)) => told.push(Event::End(place)),
            Ok(Step::Idle | Step::NeedMoreData(_)) => return false,
            Err(error) => told.push(Event::Error(error.to_string(), error.is_fatal())),
        }
        if !matches!(told.last(), Some(Event::Frame(..) | Event::Error(_, false))) {
            return true;
        }
    }
}

/// Brings a stream to nested engines in such chunks.
fn nest<O, I>(outer: O, inner: I, show: fn(I::Frame<'_>) -> String, chunks: &[&[u8]]) -> Told
where
    O: Decode,
    for<'f> O::Frame<'f>: AsRef<[u8]>,
    I: Decode,
{
    let mut nested = Nested::new(Engine::with_buf(outer, SegmentedBuf::new()), Engine::new(inner));
    let mut told = Told::new();
    for (at, chunk) in chunks.iter().enumerate() {
        let is_over = if at % 3 == 2 {
            take(&mut nested.feed_owned(Bytes::copy_from_slice(chunk)).unwrap(), show, &mut told)
        } else {
            take(&mut nested.feed(chunk).unwrap(), show, &mut told)
        };
        if is_over {
            return told;
        }
    }
    assert!(take(&mut nested.eof(), show, &mut told), "it waits at the end: {told:?}");
    told
}

/// The law, written down a second time: the outer frames joined, and read by the inner engine.
fn joined<O, I>(outer: O, inner: I, show: fn(I::Frame<'_>) -> String, input: &[u8]) -> Told
where
    O: Decode,
    for<'f> O::Frame<'f>: AsRef<[u8]>,
    I: Decode,
{
    let mut inner = Engine::new(inner);
    let mut told = Told::new();
    let mut go_on = |payload: Option<&[u8]>, told: &mut Told| {
        let mut frames = match payload {
            Some(payload) => inner.feed(payload).unwrap(),
            None => inner.eof(),
        };
        loop {
            match frames.next_frame() {
                Ok(Step::Frame(frame, place)) => told.push(Event::Frame(show(frame), place)),
                Ok(Step::Handoff(frame, place)) => told.push(Event::Handoff(show(frame), place)),
                Ok(Step::End(place)) => told.push(Event::End(place)),
                Ok(Step::Idle | Step::NeedMoreData(_)) => return false,
                Err(error) => told.push(Event::Error(format!("inner {error}"), error.is_fatal())),
            }
            if !matches!(told.last(), Some(Event::Frame(..) | Event::Error(_, false))) {
                return true;
            }
        }
    };
    for event in events(outer, |frame| frame.as_ref().to_vec(), input) {
        let is_over = match event {
            Event::Frame(_, place) if place.truncated => {
                told.push(Event::Error(format!("outer frame at byte {}: it is truncated", place.offset), false));
                false
            }
            Event::Frame(payload, _) => go_on(Some(&payload), &mut told),
            Event::Handoff(payload, _) => go_on(Some(&payload), &mut told) || go_on(None, &mut told),
            Event::End(_) => go_on(None, &mut told),
            Event::Error(says, is_fatal) => {
                told.push(Event::Error(format!("outer {says}"), is_fatal));
                is_fatal
            }
        };
        if is_over {
            break;
        }
    }
    told
}

/// Checks that nested decoders give what the law says: whole, byte by byte, at every two-way split, and at other cuts.
fn check_nested<O, I>(outer: fn() -> O, inner: fn() -> I, show: fn(I::Frame<'_>) -> String, input: &[u8]) -> Told
where
    O: Decode,
    for<'f> O::Frame<'f>: AsRef<[u8]>,
    I: Decode,
{
    let expected = joined(outer(), inner(), show, input);
    let check = |chunks: &[&[u8]]| assert_eq!(nest(outer(), inner(), show, chunks), expected, "{}: {chunks:?}", text(input));
    for at in 0..=input.len() {
        let (before, after) = input.split_at(at);
        check(&[before, after]);
    }
    for len in 1..8 {
        check(&input.chunks(len).collect::<Vec<_>>());
    }
    for seed in 0..8_usize {
        let (mut chunks, mut left) = (Vec::new(), input);
        while !left.is_empty() {
            let (chunk, rest) = left.split_at(((seed * 31 + left.len() * 17) % 9).min(left.len()));
            chunks.push(chunk);
            left = if chunk.is_empty() { &left[1..] } else { rest };
            if chunk.is_empty() {
                chunks.push(&input[input.len() - left.len() - 1..input.len() - left.len()]);
            }
        }
        check(&chunks);
    }
    expected
}

/// The payload with its length before it.
fn record(payload: &[u8]) -> Vec<u8> {
    [&[u8::try_from(payload.len()).unwrap()], payload].concat()
}

fn records(payloads: &[&[u8]]) -> Vec<u8> {
    payloads.iter().flat_map(|payload| record(payload)).collect()
}

fn lengths() -> LengthField {
    LengthField::builder(Width::U8, Counts::Payload, 9).build().unwrap()
}

#[test]
fn lines_in_records() {
    #[rustfmt::skip]
    const CASES: &[Nest<'_>] = &[
        Nest { clause: "CM-10", payloads: &[],                                                rest: b"",          says: &["end"] },
        Nest { clause: "CM-10", payloads: &[b""],                                             rest: b"",          says: &["end"] },
        Nest { clause: "CM-10", payloads: &[b"one\n"],                                        rest: b"",          says: &["one", "end"] },
        Nest { clause: "CM-10", payloads: &[b"one\ntwo\nt", b"", b"hr", b"ee\r", b"\n"],      rest: b"",          says: &["one", "two", "three", "end"] },
        Nest { clause: "CM-12", payloads: &[b"one\ntwo"],                                     rest: b"",          says: &["one", "two", "end"] },
        Nest { clause: "CM-11", payloads: &[b"one\ntw"],                                      rest: b"\x0a",      says: &["one", "outer frame at byte 7: payload longer than the limit of 9 bytes"] },
        Nest { clause: "CM-11", payloads: &[b"one\ntw"],                                      rest: b"\x03o\n",   says: &["one", "outer frame at byte 7: the stream ended 3 bytes into the frame"] },
        Nest { clause: "CM-11", payloads: &[b"one\nmuch", b" too long"],                      rest: b"\x01a",     says: &["one", "inner frame at byte 4: payload longer than the limit of 8 bytes"] },
    ];
    for Nest { clause, payloads, rest, says } in CASES {
        let input = [&records(payloads)[..], rest].concat();
        let told = check_nested(lengths, || Lines::new(8), |line| text(line), &input);
        assert_eq!(lines(&told), *says, "{clause}");
    }
}

/// A row: what the outer frames hold, what follows the last of them, and what comes out.
struct Nest<'a> {
    clause: &'a str,
    payloads: &'a [&'a [u8]],
    rest: &'a [u8],
    says: &'a [&'a str],
}

#[test]
fn cm_10_frames_are_those_of_the_outer_frames_joined() {
    let compare = |payloads: Vec<Stream>, Stream(rest): Stream, choice: u8| {
        let input: Vec<u8> = payloads.iter().flat_map(|Stream(payload)| record(&payload[..payload.len().min(9)])).chain(rest).collect();
        match choice % 3 {
            0 => drop(check_nested(lengths, || Lines::new(4).on_excess(OnExcess::Discard), |line| text(line), &input)),
            1 => drop(check_nested(lengths, || Script::<true>, |frame| shown(frame), &input)),
            _ => drop(check_nested(lengths, || Script::<false>, |frame| shown(frame), &input)),
        }
        true
    };
    property(200, compare as fn(Vec<Stream>, Stream, u8) -> bool);
}

#[test]
fn cm_11_outer_errors_come_in_their_place() {
    let compare = |Stream(input): Stream, choice: u8| {
        match choice % 3 {
            0 => drop(check_nested(|| Script::<false>.map(payload), || Lines::new(2), |line| text(line), &input)),
            1 => drop(check_nested(|| Script::<true>.map(payload), || Script::<false>, |frame| shown(frame), &input)),
            _ => drop(check_nested(|| Script::<false>.map(payload), || Script::<false>, |frame| shown(frame), &input)),
        }
        true
    };
    property(300, compare as fn(Stream, u8) -> bool);
}

#[rustfmt::skip]
#[test]
fn cm_11_holes_are_told() {
    let table = |input: &[u8], says: &[&str]| {
        let told = check_nested(|| Script::<false>.map(payload), || Lines::new(99), |line| text(line), input);
        assert_eq!(lines(&told), says);
    };
    table(b"3a\nb?2c\n",        &["a", "outer frame at byte 4: bad ?", "bc", "end"]);
    table(b"3a\nb2*\n2c\n",     &["a", "outer frame at byte 4: bad *", "bc", "end"]);
    table(b"3a\nb~x2c\n",       &["a", "outer frame at byte 4: it is truncated", "bc", "end"]);
    table(b"3a\nb--2#x2c\n",    &["a", "bc", "end"]);
    table(b"3a\nb!2c\n",        &["a", "outer frame at byte 4: bad !"]);
}

#[test]
fn cm_11_a_fatal_error_of_either_stays() {
    let mut nested = Nested::new(Engine::new(lengths()), Engine::new(Script::<false>));
    assert!(matches!(nested.feed(b"\x03\x31a!").unwrap().next_frame(), Ok(Step::Frame(..))));
    let error = nested.frames().next_frame().unwrap_err();
    assert_eq!((error.to_string().as_str(), error.is_fatal()), ("inner frame at byte 2: bad !", true));
    assert!(matches!(&error, NestedError::Inner(inner) if inner.kind() == ErrorKind::Protocol));
    assert_eq!(nested.frames().next_frame().unwrap_err(), error);
    assert_eq!(nested.eof().next_frame().unwrap_err(), error);
    assert_eq!(nested.feed(b"x").err(), Some(Refused::Failed));
    assert_eq!(nested.feed_owned(Bytes::from_static(b"x")).err(), Some(Refused::Failed));

    let mut nested = Nested::new(Engine::new(Script::<false>.map(payload)), Engine::new(Lines::new(9)));
    let error = nested.feed(b"!").unwrap().next_frame().unwrap_err();
    assert!(matches!(&error, NestedError::Outer(outer) if outer.is_fatal()));
    assert_eq!(nested.eof().next_frame().unwrap_err(), error);
    assert_eq!(nested.feed(b"x").err(), Some(Refused::Failed));
}

#[test]
fn cm_12_the_outer_end_is_the_inner_one() {
    let check = |input: &[u8], says: &[&str]| {
        let told = check_nested(|| Script::<false>.map(payload), || Lines::new(9), |line| text(line), input);
        assert_eq!(lines(&told), says);
    };
    check(b"3a\nb.1c", &["a", "b", "end"]);
    check(b"3a\nb>c1d", &["a", "bc", "end"]);
    let told = check_nested(|| Script::<false>.map(payload), || Script::<false>, |frame| shown(frame), b"32ab12.");
    assert_eq!(lines(&told), ["ab[0]", "inner frame at byte 3: the stream ended 1 bytes into the frame"]);
    // What follows stays with the outer engine.
    let mut nested = Nested::new(Engine::new(Script::<false>.map(payload)), Engine::new(Lines::new(9)));
    let mut frames = nested.feed(b"1a.1c").unwrap();
    assert!(matches!(frames.next_frame(), Ok(Step::Frame(b"a", _))));
    assert!(matches!(frames.next_frame(), Ok(Step::End(_))));
    drop(frames);
    drop(nested.feed(b"1d").unwrap());
    let (outer, inner) = nested.into_engines();
    assert_eq!((outer.held_bytes(), inner.held_bytes()), (5, 0));
}

#[test]
fn cm_12_nothing_is_lost_at_the_inner_end() {
    for cut in 0..=12 {
        let stream = records(&[b"1a>", b"bone\nt", b"wo"]);
        let (before, after) = stream.split_at(cut);
        let mut nested = Nested::new(Engine::new(lengths()), Engine::new(Script::<false>));
        let mut told = Vec::new();
        for chunk in [before, after] {
            let mut frames = nested.feed(chunk).unwrap();
            loop {
                match frames.next_frame().unwrap() {
                    Step::Frame(frame, _) => told.push(shown(frame)),
                    Step::Handoff(frame, place) => told.push(format!("handoff: {} at {}", shown(frame), place.offset)),
                    Step::Idle | Step::NeedMoreData(_) | Step::End(_) => break,
                }
            }
        }
        assert_eq!(told, ["a[0]", "handoff: b[] at 2"], "cut at {cut}");
        let (outer, inner) = nested.into_engines();
        let inner = Engine::from_parts(inner.into_parts().unwrap().with_decoder(Lines::new(9)));
        let mut nested = Nested::new(outer, inner);
        let mut frames = nested.frames();
        assert!(matches!(frames.next_frame(), Ok(Step::Frame(b"one", place)) if place.offset == 4));
        drop(frames);
        let mut frames = nested.eof();
        assert!(matches!(frames.next_frame(), Ok(Step::Frame(b"two", place)) if place.offset == 8));
        assert!(matches!(frames.next_frame(), Ok(Step::End(_))));
    }
}

#[test]
fn cm_13_a_pause_says_what_it_waits_for() {
    let mut nested = Nested::new(Engine::new(lengths()), Engine::new(Script::<false>));
    assert!(matches!(nested.frames().next_frame(), Ok(Step::Idle)));
    let missing = |step: Step<Shown<'_>>| match step {
        Step::NeedMoreData(short) => short.missing.get(),
        step => panic!("{step:?}"),
    };
    assert_eq!(missing(nested.feed(b"\x05").unwrap().next_frame().unwrap()), 5);
    // The outer stream is idle, the inner is not: at least a byte must come.
    assert!(matches!(nested.feed(b"\x31a\x35ab").unwrap().next_frame(), Ok(Step::Frame(..))));
    assert_eq!(missing(nested.frames().next_frame().unwrap()), 1);
    assert_eq!(missing(nested.feed(b"\x04c").unwrap().next_frame().unwrap()), 3);
    assert!(matches!(nested.feed(b"de1").unwrap().next_frame(), Ok(Step::Frame(..))));
}

#[test]
fn cm_13_a_caller_that_stops_loses_nothing() {
    let input = records(&[b"one\ntwo\n", b"thr", b"ee\nfour\n"]);
    let mut nested = Nested::new(Engine::new(lengths()), Engine::new(Lines::new(9)));
    let mut came = Vec::new();
    for chunk in input.chunks(4) {
        if let Ok(Step::Frame(line, _)) = nested.feed(chunk).unwrap().next_frame() {
            came.push(text(line));
        }
    }
    let mut frames = nested.eof();
    while let Ok(Step::Frame(line, _)) = frames.next_frame() {
        came.push(text(line));
    }
    assert_eq!(came, ["one", "two", "three", "four"]);
}

#[test]
fn cm_13_a_reservation_of_the_inner_engine_is_cancelled() {
    let mut inner = Engine::new(Lines::new(9));
    let mut reservation = inner.reserve_owned().unwrap();
    reservation.storage.extend_from_slice(b"stray\n");
    let mut nested = Nested::new(Engine::new(lengths()), inner);
    assert!(matches!(nested.feed(b"\x02a\n").unwrap().next_frame(), Ok(Step::Frame(b"a", _))));
    let (_, mut inner) = nested.into_engines();
    assert!(inner.commit_owned(reservation).is_err());
}

#[test]
fn cm_14_memory_is_bounded_by_frames() {
    let outer = LengthField::builder(Width::U16, Counts::Payload, 1000).build().unwrap();
    let mut nested = Nested::new(Engine::new(outer).with_backlog(500), Engine::new(Lines::new(300)));
    let record = [&[3, 0xe8][..], &b"x".repeat(99), b"\n", &b"y".repeat(900)].concat();
    let record: Vec<u8> = record.iter().enumerate().map(|(at, byte)| if at % 250 == 249 { b'\n' } else { *byte }).collect();
    let mut most = (0, 0);
    for (at, chunk) in record.repeat(20).chunks(700).enumerate() {
        // A caller that stops now and then, and drains where it is refused.
        let quota = if at % 2 == 0 { 1 } else { usize::MAX };
        let taken = |frames: &mut NestedFrames<'_, LengthField, Lines>, quota: usize| {
            (0..quota).take_while(|_| matches!(frames.next_frame(), Ok(Step::Frame(..)))).count()
        };
        let refused = nested.feed(chunk).map(|mut frames| taken(&mut frames, quota)).err();
        if let Some(refused) = refused {
            assert_eq!(refused.kind(), ErrorKind::Limit);
            taken(&mut nested.frames(), usize::MAX);
            taken(&mut nested.feed(chunk).unwrap(), quota);
        }
        most = (most.0.max(nested.outer().held_bytes()), most.1.max(nested.inner().held_bytes()));
    }
    assert!((1..=1002 + 700).contains(&most.0) && (1..=301 + 1000).contains(&most.1), "{most:?}");
}

#[test]
fn delimited_frames_go_on_by_their_payload() {
    fn payload(frame: Delimited<'_>) -> &[u8] {
        frame.payload()
    }
    let told = check_nested(|| Delimiter::new(&["|"], 9).unwrap().map(payload), || Lines::new(9), |line| text(line), b"on|e\nt|wo");
    assert_eq!(lines(&told), ["one", "two", "end"]);
}
