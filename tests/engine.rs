//! The engine: the contract with its caller and with its decoder.

use core::convert::Infallible;
use core::num::NonZeroUsize;

use bytes::Bytes;
use framewright::buf::{BufConfig, LinearBuf, SegmentedBuf, StreamBuf, StreamBufMut};
use framewright::decode::{Cause, Found, Reject, Stop};
use framewright::engine::{Parts, READ_BLOCK};
use framewright::framing::{Counts, LengthField, Lines, OnExcess, Width};
use framewright::testkit::{Case, Kit, text};
use framewright::{Decode, Engine, Error, ErrorCause, ErrorKind, Input, Refused, Step};

/// One byte of length, then that many bytes. `0xff` is a bad frame of one byte, `0xfe` the end of the protocol, and `0xfd` a last frame of one byte.
#[derive(Clone, Debug, Default)]
struct Pascal;

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("expected a length, found {found:#04x}")]
struct NotALength {
    found: u8,
}

impl Decode for Pascal {
    type Progress = ();
    type Token = ();
    type Frame<'a> = &'a [u8];
    type Fault = NotALength;

    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<()>, Stop<NotALength>> {
        input.begin()?;
        let [length] = input.array(0)?;
        match length {
            0xff => Err(Stop::bad(1, NotALength { found: length })),
            0xfe => Ok(Found::End),
            0xfd => Ok(Found::Handoff { len: 1, token: () }),
            0xfc => Err(Stop::fatal(NotALength { found: length })),
            _ => {
                input.require(1 + usize::from(length))?;
                Ok(Found::Frame { len: 1 + usize::from(length), token: () })
            }
        }
    }

    fn open<'a>((): (), (): &'a (), frame: &'a [u8]) -> &'a [u8] {
        frame.get(1..).unwrap_or_default()
    }
}

fn pascal() -> Kit<Pascal, fn() -> Pascal> {
    Kit::new(|| Pascal, |frame| text(frame))
}

#[rustfmt::skip]
#[test]
fn streams_end_where_they_say() {
    pascal().table(&[
        Case { clause: "EN-6",  input: b"",                   says: &["end"] },
        Case { clause: "EN-6",  input: b"\x01a\0\x02bc",      says: &["a", "", "bc", "end"] },
        Case { clause: "EN-6",  input: b"\x01a\x02b",         says: &["a", "frame at byte 2: the stream ended 2 bytes into the frame"] },
        Case { clause: "EN-7",  input: b"\x01a\xfc\x01b",     says: &["a", "frame at byte 2: expected a length, found 0xfc"] },
        Case { clause: "EN-8",  input: b"\x01a\xff\xff\x01b", says: &["a", "frame at byte 2: expected a length, found 0xff", "frame at byte 3: expected a length, found 0xff", "b after 2 skipped bytes", "end"] },
        Case { clause: "EN-24", input: b"\xff",               says: &["frame at byte 0: expected a length, found 0xff", "end after 1 skipped bytes"] },
        Case { clause: "EN-15", input: b"\x01a\xfe\x01b",     says: &["a", "end", "unread: \\xfe\\x01b"] },
        Case { clause: "EN-15", input: b"\x01a\xfd\x01b",     says: &["a", "handoff: ", "unread: \\x01b"] },
        Case { clause: "EN-15", input: b"\xfd",               says: &["handoff: "] },
        Case { clause: "ER-2",  input: b"\0\x04abcd\xfcrest", says: &["", "abcd", "frame at byte 6: expected a length, found 0xfc"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn frames_beyond_the_engines_limit_are_refused() {
    pascal().limits(3, 1 << 20).table(&[
        Case { clause: "EN-10", input: b"\x02ab\x02ab",       says: &["ab", "ab", "end"] },
        Case { clause: "EN-10", input: b"\x02ab\x03",         says: &["ab", "frame at byte 3: frame longer than the limit of 3 bytes"] },
        Case { clause: "EN-10", input: b"\x02ab\x03abc\x01a", says: &["ab", "frame at byte 3: frame longer than the limit of 3 bytes"] },
    ]);
    // The codec's own limit is the smaller one, or the larger one.
    Kit::new(|| Lines::new(4), |line| text(line)).limits(6, 1 << 20).table(&[
        Case { clause: "EN-10", input: b"1234\r\n12345\n",    says: &["1234", "frame at byte 6: payload longer than the limit of 4 bytes"] },
    ]);
    Kit::new(|| Lines::new(9), |line| text(line)).limits(4, 1 << 20).table(&[
        Case { clause: "EN-10", input: b"123\n1234\n",        says: &["123", "frame at byte 4: frame longer than the limit of 4 bytes"] },
        Case { clause: "EN-10", input: b"1234",               says: &["1234", "end"] },
        Case { clause: "EN-10", input: b"12345",              says: &["frame at byte 0: frame longer than the limit of 4 bytes"] },
    ]);
    pascal().limits(3, 1 << 20).table(&[
        Case { clause: "EN-10", input: b"\x03ab",             says: &["frame at byte 0: frame longer than the limit of 3 bytes"] },
    ]);
    pascal().limits(0, 1 << 20).table(&[
        Case { clause: "EN-10", input: b"",                   says: &["end"] },
        Case { clause: "EN-10", input: b"\0",                 says: &["frame at byte 0: frame longer than the limit of 0 bytes"] },
    ]);
}

#[test]
fn en_1_long_streams_give_the_same_however_they_come() {
    let mut input = Vec::new();
    for at in 0..200_usize {
        input.extend_from_slice(&b"0123456789abcdefghijklmnopqrstuvwxyz".repeat(5)[..at * 7 % 170]);
        input.push(b'\n');
    }
    let kit = Kit::new(|| Lines::new(160).on_excess(OnExcess::Discard), |line| text(line)).limits(1 << 20, 2000);
    let lines = kit.check(&input).lines();
    assert_eq!(lines.iter().filter(|line| line.contains("limit of 160 bytes")).count(), (0..200).filter(|at| at * 7 % 170 > 160).count());
}

#[test]
fn en_3_a_caller_that_stops_loses_nothing() {
    let mut engine = Engine::new(Lines::new(99));
    assert!(matches!(engine.feed(b"one\ntwo\nthr").unwrap().next_frame(), Ok(Step::Frame(b"one", _))));
    assert_eq!(engine.held_bytes(), 7);
    assert!(matches!(engine.feed(b"ee\n").unwrap().next_frame(), Ok(Step::Frame(b"two", _))));
    let mut frames = engine.frames();
    assert!(matches!(frames.next_frame(), Ok(Step::Frame(b"three", place)) if place.offset == 8));
    assert!(matches!(frames.next_frame(), Ok(Step::Idle)));
}

#[test]
fn en_4_nothing_is_not_the_end() {
    let mut engine = Engine::new(Pascal);
    assert!(matches!(engine.feed(b"").unwrap().next_frame(), Ok(Step::Idle)));
    assert!(matches!(engine.feed(b"\x02a").unwrap().next_frame(), Ok(Step::NeedMoreData(_))));
    assert!(matches!(engine.feed(b"").unwrap().next_frame(), Ok(Step::NeedMoreData(_))));
    assert!(matches!(engine.feed_owned(Bytes::new()).unwrap().next_frame(), Ok(Step::NeedMoreData(_))));
    assert!(matches!(engine.reserve().unwrap().commit(0).unwrap().next_frame(), Ok(Step::NeedMoreData(_))));
    drop(engine.reserve().unwrap());
    assert!(matches!(engine.feed(b"b").unwrap().next_frame(), Ok(Step::Frame(b"ab", _))));
}

/// Counts how often it is asked.
struct Counting(usize);

impl Decode for Counting {
    type Progress = ();
    type Token = ();
    type Frame<'a> = usize;
    type Fault = Infallible;

    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<()>, Stop<Infallible>> {
        self.0 += 1;
        input.begin()?;
        input.require(100)?;
        Ok(Found::Frame { len: 100, token: () })
    }

    fn open<'a>((): (), (): &'a (), frame: &'a [u8]) -> usize {
        frame.len()
    }
}

#[test]
fn en_5_a_decoder_is_not_asked_below_its_floor() {
    let mut engine = Engine::new(Counting(0));
    for (fed, byte) in b"x".repeat(100).iter().enumerate() {
        let mut frames = engine.feed(core::slice::from_ref(byte)).unwrap();
        match frames.next_frame().unwrap() {
            Step::NeedMoreData(short) => assert_eq!(short.missing.get(), 99 - fed),
            step => assert!(matches!(step, Step::Frame(100, _)) && fed == 99, "{step:?}"),
        }
    }
    assert_eq!(engine.decoder().0, 2);
    assert!(matches!(engine.feed(b"y").unwrap().next_frame(), Ok(Step::NeedMoreData(_))));
    assert!(engine.eof().next_frame().is_err());
    assert_eq!(engine.decoder().0, 4); // the end lifts the gate for one look
}

#[test]
fn en_5_an_idle_engine_does_not_ask_again() {
    let scans = |engine: &Engine<Lines>| engine.examined_bytes();
    let mut engine = Engine::new(Lines::new(9));
    assert!(matches!(engine.feed(b"one\n").unwrap().next_frame(), Ok(Step::Frame(..))));
    assert!(matches!(engine.frames().next_frame(), Ok(Step::Idle)));
    let before = scans(&engine);
    let mut asked = Engine::new(Asked(0));
    assert!(matches!(asked.frames().next_frame(), Ok(Step::Idle)));
    for _ in 0..3 {
        assert!(matches!(engine.frames().next_frame(), Ok(Step::Idle)));
        assert!(matches!(asked.frames().next_frame(), Ok(Step::Idle)));
        assert!(matches!(asked.reserve().unwrap().commit(0).unwrap().next_frame(), Ok(Step::Idle)));
        assert!(matches!(asked.feed(b"").unwrap().next_frame(), Ok(Step::Idle)));
    }
    assert_eq!((scans(&engine), asked.decoder().0), (before, 1));
    // With the first byte it is: for that, and between frames again.
    asked.reserve().unwrap().as_mut_slice()[0] = b'x';
    let mut frames = asked.reserve().unwrap().commit(1).unwrap();
    assert!(matches!(frames.next_frame(), Ok(Step::Frame(..))));
    assert!(matches!(frames.next_frame(), Ok(Step::Idle)));
    drop(frames);
    assert_eq!(asked.decoder().0, 3);
}

/// Frames of one byte, and how often it was asked for one.
struct Asked(usize);

impl Decode for Asked {
    type Progress = ();
    type Token = ();
    type Frame<'a> = &'a [u8];
    type Fault = Infallible;

    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<()>, Stop<Infallible>> {
        self.0 += 1;
        input.begin()?;
        Ok(Found::Frame { len: 1, token: () })
    }

    fn open<'a>((): (), (): &'a (), frame: &'a [u8]) -> &'a [u8] {
        frame
    }
}

#[test]
fn en_9_an_error_is_final() {
    let mut engine = Engine::new(Pascal);
    let error = engine.feed(b"\xfc").unwrap().next_frame().unwrap_err();
    assert!(error.is_fatal());
    assert_eq!(engine.feed(b"\x01a").err(), Some(Refused::Failed));
    assert_eq!(engine.feed_owned(Bytes::from_static(b"\x01a")).err(), Some(Refused::Failed));
    assert_eq!(engine.reserve().err(), Some(Refused::Failed));
    assert_eq!(engine.frames().next_frame().unwrap_err(), error);
    assert_eq!(engine.eof().next_frame().unwrap_err(), error);
    assert_eq!(engine.into_parts().unwrap().unread.peek(), b"\xfc"); // what is unread can still be had
}

#[test]
fn en_11_input_is_refused_only_to_a_caller_that_stopped() {
    let mut engine = Engine::new(Lines::new(99)).with_backlog(8);
    drop(engine.feed(&b"ab\n".repeat(10)).unwrap()); // the size of a chunk is not judged
    assert_eq!(engine.feed(b"x").err(), Some(Refused::Backlog { held: 30, backlog: 8 }));
    assert_eq!(Refused::Backlog { held: 30, backlog: 8 }.kind(), ErrorKind::Limit);
    let mut frames = engine.frames();
    for _ in 0..8 {
        assert!(matches!(frames.next_frame(), Ok(Step::Frame(..))));
    }
    drop(frames);
    assert_eq!(engine.held_bytes(), 6);
    assert!(engine.feed(b"x").is_ok());
    // A caller that drains never sees it, however long the frame.
    let mut engine = Engine::new(Lines::new(99)).with_backlog(8);
    for _ in 0..30 {
        assert!(matches!(engine.feed(b"abc").unwrap().next_frame(), Ok(Step::NeedMoreData(_))));
    }
    // Nor one that has nothing to drain, even where none may wait.
    let mut engine = Engine::new(Lines::new(99)).with_backlog(0);
    assert!(matches!(engine.feed(b"abc\n").unwrap().next_frame(), Ok(Step::Frame(..))));
    assert!(engine.feed(b"x").is_ok());
    // Nor does one that has been told Idle; but one that has not looked since does.
    let mut engine = Engine::new(Lines::new(99)).with_backlog(8);
    assert!(matches!(engine.feed(b"").unwrap().next_frame(), Ok(Step::Idle)));
    drop(engine.feed(b"12345678").unwrap());
    assert_eq!(engine.feed(b"x").err(), Some(Refused::Backlog { held: 8, backlog: 8 }));
}

#[test]
fn en_14_a_forgotten_chunk_is_refused() {
    let forgetful = || {
        let mut engine = Engine::new(Lines::new(99));
        core::mem::forget(engine.feed(b"one\ntwo").unwrap());
        engine
    };
    let mut engine = forgetful();
    assert_eq!(engine.feed(b"x").err(), Some(Refused::ChunkForgotten));
    assert_eq!(engine.feed_owned(Bytes::from_static(b"x")).err(), Some(Refused::ChunkForgotten));
    assert_eq!(engine.reserve().err(), Some(Refused::ChunkForgotten));
    let error = engine.frames().next_frame().unwrap_err();
    assert_eq!((error.is_fatal(), error.kind()), (true, ErrorKind::Misuse));
    assert_eq!(engine.eof().next_frame().unwrap_err(), error);
    assert_eq!(engine.feed(b"x").err(), Some(Refused::ChunkForgotten));
    assert_eq!(engine.into_parts().err(), Some(error));
    assert_eq!(forgetful().into_parts().err().map(|error| error.cause), Some(ErrorCause::ChunkForgotten));
    assert_eq!(forgetful().eof().next_frame().unwrap_err().cause, ErrorCause::ChunkForgotten);
    // Guards that borrow no chunk may be forgotten.
    let mut engine = Engine::new(Lines::new(99));
    core::mem::forget(engine.feed_owned(Bytes::from_static(b"one\ntwo\n")).unwrap());
    let mut frames = engine.frames();
    assert!(matches!(frames.next_frame(), Ok(Step::Frame(b"one", _))));
    core::mem::forget(frames);
    assert!(matches!(engine.frames().next_frame(), Ok(Step::Frame(b"two", _))));
}

#[test]
fn en_16_parts_go_on_where_the_stream_was() {
    for cut in 0..=9 {
        let mut lines = Engine::new(Lines::new(99));
        let (before, after) = b"up\n\x01a\x02bc".split_at(cut.min(8));
        let mut upgraded = false;
        if let Ok(mut frames) = lines.feed(before) {
            upgraded = matches!(frames.next_frame(), Ok(Step::Frame(b"up", _)));
        }
        let mut rest = after;
        while !upgraded {
            let (byte, left) = rest.split_at(1);
            upgraded = matches!(lines.feed(byte).unwrap().next_frame(), Ok(Step::Frame(b"up", _)));
            rest = left;
        }
        let mut binary = Engine::from_parts(lines.into_parts().unwrap().with_decoder(Pascal));
        let mut seen = Vec::new();
        let mut frames = binary.feed(rest).unwrap();
        while let Step::Frame(frame, place) = frames.next_frame().unwrap() {
            seen.push((frame.to_vec(), place.offset));
        }
        assert_eq!(seen, [(b"a".to_vec(), 3), (b"bc".to_vec(), 5)]);
    }
    let mut ended = Engine::new(Lines::new(99));
    assert!(matches!(ended.eof().next_frame(), Ok(Step::End(_))));
    let mut next = Engine::from_parts(ended.into_parts().unwrap().with_decoder(Pascal));
    assert_eq!(next.feed(b"x").err(), Some(Refused::AfterEof));
    assert!(matches!(next.frames().next_frame(), Ok(Step::End(_))));
}

#[test]
fn en_16_a_buffer_with_bytes_in_it_begins_the_stream() {
    let mut buf = SegmentedBuf::with_config(BufConfig { max_bytes: 6, ..BufConfig::default() });
    buf.write(b"one\ntw").unwrap();
    let mut engine = Engine::with_buf(Lines::new(99), buf);
    let mut frames = engine.feed(b"o\nthree\n").unwrap(); // the engine's limits count, not the buffer's
    for expected in [&b"one"[..], b"two", b"three"] {
        assert!(matches!(frames.next_frame(), Ok(Step::Frame(line, _)) if line == expected));
    }
}

#[test]
fn en_15_what_follows_a_handoff_is_kept_for_the_next_protocol() {
    let mut engine = Engine::new(Pascal).with_backlog(4);
    let mut frames = engine.feed(b"\x01a\xfdxy").unwrap();
    assert!(matches!(frames.next_frame(), Ok(Step::Frame(b"a", _))));
    assert!(matches!(frames.next_frame(), Ok(Step::Handoff(b"", place)) if place.offset == 2));
    assert!(matches!(frames.next_frame(), Ok(Step::End(place)) if place.offset == 3));
    drop(frames);
    assert!(matches!(engine.feed(b"z\x01").unwrap().next_frame(), Ok(Step::End(_))));
    assert_eq!(engine.feed(b"!").err(), Some(Refused::Backlog { held: 4, backlog: 4 }));
    let Parts { unread, position, ended, .. } = engine.into_parts().unwrap();
    assert_eq!((unread.peek(), position, ended), (&b"xyz\x01"[..], 3, false));
}

#[test]
fn en_17_a_kept_frame_is_the_same_and_outlives_the_engine() {
    let mut engine = Engine::with_buf(Lines::new(9999), SegmentedBuf::new());
    let chunk = Bytes::from([&b"x".repeat(3000)[..], b"\nshort\n"].concat());
    let mut frames = engine.feed_owned(chunk.clone()).unwrap();
    let Step::Frame(long, place) = frames.next_view().unwrap() else { panic!("a frame is there") };
    let Step::Frame(short, _) = frames.next_view().unwrap() else { panic!("a frame is there") };
    drop(frames);
    drop(engine);
    assert_eq!((long.open(), place.len), (&chunk[..3000], 3001));
    assert_eq!(long.encoded().as_ptr(), chunk.as_ptr()); // shared
    assert_eq!((short.open(), short.encoded()), (&b"short"[..], &b"short\n"[..]));
    assert!(!chunk.as_ptr_range().contains(&short.encoded().as_ptr())); // too small to pin the chunk
    assert_eq!(short.into_view(), b"short\n");
}

#[test]
fn en_18_reserve_lends_a_block_or_the_room_of_the_frame_due() {
    let length = LengthField::builder(Width::U32, Counts::Payload, 1 << 20).build().unwrap();
    let mut engine = Engine::new(length);
    assert_eq!(engine.reserve().unwrap().as_mut_slice().len(), READ_BLOCK);
    assert!(matches!(engine.feed(&40_000_u32.to_be_bytes()).unwrap().next_frame(), Ok(Step::NeedMoreData(_))));
    assert_eq!(engine.reserve().unwrap().as_mut_slice().len(), 40_000);
    let refused = engine.reserve().unwrap().commit(40_001).err();
    assert_eq!(refused, Some(Refused::CommitTooLarge { reserved: 40_000, committed: 40_001 }));
    let mut room = engine.reserve().unwrap();
    room.as_mut_slice().fill(b'x');
    assert!(matches!(room.commit(40_000).unwrap().next_frame(), Ok(Step::Frame(frame, _)) if frame == b"x".repeat(40_000)));
    // A claim of 1 MiB is believed as its bytes arrive.
    assert!(matches!(engine.feed(&(1_u32 << 20).to_be_bytes()).unwrap().next_frame(), Ok(Step::NeedMoreData(_))));
    let mut lent = Vec::new();
    let mut got = 0;
    loop {
        let mut room = engine.reserve().unwrap();
        let n = room.as_mut_slice().len().min((1 << 20) - got);
        got += n;
        lent.push(n);
        match room.commit(n).unwrap().next_frame().unwrap() {
            Step::NeedMoreData(_) => {}
            step => break assert!(matches!(step, Step::Frame(frame, _) if frame.len() == 1 << 20)),
        }
    }
    assert_eq!(got, 1 << 20);
    assert_eq!(lent, [65_532, 65_536, 131_072, 262_144, 524_288, 4]);
}

#[test]
fn en_19_input_after_the_end_is_refused() {
    let mut engine = Engine::new(Pascal);
    assert!(matches!(engine.eof().next_frame(), Ok(Step::End(_))));
    assert!(matches!(engine.eof().next_frame(), Ok(Step::End(_))));
    assert_eq!(engine.feed(b"x").err(), Some(Refused::AfterEof));
    assert_eq!(engine.feed_owned(Bytes::from_static(b"x")).err(), Some(Refused::AfterEof));
    assert_eq!(engine.reserve().err(), Some(Refused::AfterEof));
    assert_eq!(Refused::AfterEof.kind(), ErrorKind::Misuse);
}

/// Says whatever it is told to, of so many bytes.
struct Says(Saying);

type Saying = fn(usize) -> Result<Found<()>, Stop<Infallible>>;

impl Decode for Says {
    type Progress = ();
    type Token = ();
    type Frame<'a> = &'a [u8];
    type Fault = Infallible;

    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<()>, Stop<Infallible>> {
        (self.0)(input.len())
    }

    fn open<'a>((): (), (): &'a (), frame: &'a [u8]) -> &'a [u8] {
        frame
    }
}

#[test]
fn en_20_a_broken_decoder_is_a_bug_not_a_loop() {
    const CAUSE: Cause<Infallible> = Cause::TooLarge { what: "nothing", limit: 0 };
    let broken: [Saying; 8] = [
        |have| Ok(Found::Frame { len: have + 1, token: () }),
        |have| Ok(Found::Handoff { len: have + 1, token: () }),
        |_| Ok(Found::Frame { len: 0, token: () }),
        |_| Ok(Found::Skip(0)),
        |have| Ok(Found::Skip(have + 1)),
        |_| Err(Stop::Idle),
        |have| Err(Stop::Bad { len: have + 1, cause: CAUSE }),
        |_| Err(Stop::Bad { len: 0, cause: CAUSE }),
    ];
    for (number, says) in broken.into_iter().enumerate() {
        for stored in [false, true] {
            let mut engine = Engine::new(Says(says));
            let mut frames = if stored { engine.feed_owned(Bytes::from_static(b"abc")).unwrap() } else { engine.feed(b"abc").unwrap() };
            let outcomes: Vec<Option<Error<Infallible>>> = (0..66).map(|_| frames.next_frame().err()).collect();
            let bug = outcomes.last().and_then(Option::as_ref).unwrap_or_else(|| panic!("{number} goes on for ever"));
            assert_eq!((bug.kind(), bug.is_fatal(), bug.offset), (ErrorKind::Bug, true, 0), "{number}");
            let calls = outcomes.iter().filter(|outcome| outcome.as_ref() != Some(bug)).count();
            assert_eq!(calls, if matches!(number, 2 | 7) { 64 } else { 0 }, "{number}");
        }
    }
}

/// Lines that must not contain `!` (bad) or `#` (fatal).
struct Polite;

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("found {0:?}")]
struct Rude(char);

impl Decode for Polite {
    type Progress = usize;
    type Token = usize;
    type Frame<'a> = &'a [u8];
    type Fault = Rude;

    fn scan(&mut self, progress: &mut usize, input: &Input<'_>) -> Result<Found<usize>, Stop<Rude>> {
        match Lines::new(99).scan(progress, input) {
            Ok(Found::Frame { len, token }) => Ok(Found::Frame { len, token }),
            Err(Stop::Need(short)) => Err(Stop::Need(short)),
            _ => Err(Stop::Idle),
        }
    }

    fn inspect(&mut self, _: &mut usize, _: &mut usize, frame: &[u8]) -> Result<(), Reject<Rude>> {
        if frame.contains(&b'#') {
            return Err(Reject::Fatal(Rude('#')));
        }
        match frame {
            [b'-', ..] => Err(Reject::Skip),
            [b'>', ..] => Err(Reject::FalseStart),
            _ if frame.contains(&b'!') => Err(Reject::Bad(Rude('!'))),
            _ => Ok(()),
        }
    }

    fn open<'a>(token: usize, _: &'a usize, frame: &'a [u8]) -> &'a [u8] {
        &frame[..token]
    }
}

#[rustfmt::skip]
#[test]
fn frames_are_inspected_whole() {
    Kit::new(|| Polite, |line| text(line)).table(&[
        Case { clause: "EN-21", input: b"a\nb!\nc\n",          says: &["a", "frame at byte 2: found '!'", "c after 3 skipped bytes", "end"] },
        Case { clause: "EN-21", input: b"!\n!\n",              says: &["frame at byte 0: found '!'", "frame at byte 2: found '!'", "end after 4 skipped bytes"] },
        Case { clause: "EN-21", input: b"a\n#\nc\n",           says: &["a", "frame at byte 2: found '#'"] },
        Case { clause: "EN-28", input: b"a\n-b\n-\nc\nd\n",    says: &["a", "c after 5 skipped bytes", "d", "end"] },
        Case { clause: "EN-28", input: b"-b\n",                says: &["end after 3 skipped bytes"] },
        Case { clause: "EN-28", input: b">>a\nb\n>\n>",         says: &["a after 2 skipped bytes", "b", " after 1 skipped bytes", "end after 1 skipped bytes"] },
        Case { clause: "EN-28", input: b"a\n>!\n>-\n>c\n",      says: &["a", "frame at byte 3: found '!'", "c after 7 skipped bytes", "end"] },
    ]);
}

#[test]
fn en_27_a_truncated_frame_is_handed_out_marked_and_its_rest_skipped() {
    let lines = || Lines::new(3).on_excess(OnExcess::Truncate);
    Kit::new(lines, |line| text(line)).table(&[
        Case {
            clause: "EN-27",
            input: b"abc\nabcd\nab\nabcdefg\n",
            says: &["abc", "abc (truncated)", "ab after 2 skipped bytes", "abc (truncated)", "end after 5 skipped bytes"],
        },
        Case { clause: "EN-27", input: b"abcdefg", says: &["abc (truncated)", "end after 4 skipped bytes"] },
    ]);
    let mut engine = Engine::new(lines());
    let mut frames = engine.feed(b"abcd\nab\n").unwrap();
    let Ok(Step::Frame(b"abc", place)) = frames.next_frame() else { panic!("the start of the frame is there") };
    assert_eq!((place.offset, place.len, place.truncated), (0, 3, true));
    let Ok(Step::Frame(b"ab", place)) = frames.next_frame() else { panic!("the frame behind it is there") };
    assert_eq!((place.offset, place.len, place.skipped, place.truncated), (5, 3, 2, false));
}

#[test]
fn en_28_a_decoder_that_rewrites_cannot_take_it_back() {
    struct Undecided;
    impl Decode for Undecided {
        type Progress = ();
        type Token = ();
        type Frame<'a> = ();
        type Fault = Infallible;
        const REWRITES: bool = true;

        fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<()>, Stop<Infallible>> {
            input.begin()?;
            Ok(Found::Frame { len: 1, token: () })
        }

        fn rewrite(&mut self, (): &mut (), _: &mut [u8]) -> Result<usize, Reject<Infallible>> {
            Err(Reject::FalseStart)
        }

        fn open<'a>((): (), (): &'a (), _: &'a [u8]) {}
    }
    let error = Engine::new(Undecided).feed(b"ab").unwrap().next_frame().unwrap_err();
    assert_eq!((error.kind(), error.is_fatal()), (ErrorKind::Bug, true));
}

/// A length byte, then bytes with every bit inverted. The length byte is moved away, and a payload may not be empty (bad) or start with `#` (fatal).
struct Inverted;

impl Decode for Inverted {
    type Progress = ();
    type Token = ();
    type Frame<'a> = &'a [u8];
    type Fault = Rude;

    const REWRITES: bool = true;

    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<()>, Stop<Rude>> {
        input.begin()?;
        let [length] = input.array(0)?;
        input.require(1 + usize::from(length))?;
        Ok(Found::Frame { len: 1 + usize::from(length), token: () })
    }

    fn rewrite(&mut self, (): &mut (), frame: &mut [u8]) -> Result<usize, Reject<Rude>> {
        if frame.len() == 1 {
            return Err(Reject::Bad(Rude('0')));
        }
        frame.copy_within(1.., 0);
        for byte in frame.iter_mut() {
            *byte = !*byte;
        }
        Ok(frame.len() - 1)
    }

    fn inspect(&mut self, (): &mut (), (): &mut (), frame: &[u8]) -> Result<(), Reject<Rude>> {
        if frame.starts_with(b"#") { Err(Reject::Fatal(Rude('#'))) } else { Ok(()) }
    }

    fn open<'a>((): (), (): &'a (), frame: &'a [u8]) -> &'a [u8] {
        frame
    }
}

#[rustfmt::skip]
#[test]
fn frames_are_rewritten_once() {
    Kit::new(|| Inverted, |frame| text(frame)).table(&[
        Case { clause: "EN-22", input: b"\x02\x9e\x9d\x01\x9c", says: &["ab", "c", "end"] },
        Case { clause: "EN-22", input: b"\x01\x9e\0\x01\x9c",   says: &["a", "frame at byte 2: found '0'", "c after 1 skipped bytes", "end"] },
        Case { clause: "EN-22", input: b"\x01\x9e\x01\xdc\x01", says: &["a", "frame at byte 2: found '#'"] },
        Case { clause: "EN-22", input: b"\x03\x9e\x9d",         says: &["frame at byte 0: the stream ended 3 bytes into the frame"] },
    ]);
    // A chunk that others hold is not changed.
    let chunk = Bytes::from(b"\x02\x9e\x9d".repeat(1000));
    let mut engine = Engine::with_buf(Inverted, SegmentedBuf::new());
    assert!(matches!(engine.feed_owned(chunk.clone()).unwrap().next_frame(), Ok(Step::Frame(b"ab", _))));
    assert_eq!(chunk[..3], *b"\x02\x9e\x9d");
}

/// Checks what an input promises, and takes everything at the end of the stream.
struct Observer;

impl Decode for Observer {
    type Progress = ();
    type Token = ();
    type Frame<'a> = &'a [u8];
    type Fault = Infallible;

    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<()>, Stop<Infallible>> {
        let all: Vec<u8> = input.runs().flatten().copied().collect();
        assert_eq!((all.len(), input.is_empty()), (input.len(), all.is_empty()));
        assert!(input.runs().all(|run| !run.is_empty()) && input.first() == input.runs().next().unwrap_or_default());
        assert!(input.len() <= 20, "more than max_frame");
        for at in 0..all.len() + 2 {
            assert_eq!(input.get(at), all.get(at).copied());
            assert_eq!(input.runs_from(at.min(all.len())).flatten().copied().collect::<Vec<u8>>(), all[at.min(all.len())..]);
            assert_eq!(input.array::<3>(at).ok(), all.get(at..).and_then(<[u8]>::first_chunk).copied());
            assert_eq!(input.require(at).err().map(|short| short.missing), NonZeroUsize::new(at.saturating_sub(all.len())));
        }
        input.begin()?;
        if input.is_end() { Ok(Found::Frame { len: input.len(), token: () }) } else { Err(framewright::NeedMoreData::ONE.into()) }
    }

    fn open<'a>((): (), (): &'a (), frame: &'a [u8]) -> &'a [u8] {
        frame
    }
}

#[test]
fn en_25_a_scan_sees_the_stream_as_runs() {
    let kit = Kit::new(|| Observer, |frame| text(frame)).limits(20, 1 << 20);
    assert_eq!(kit.check(b"abcdefghij").lines(), ["abcdefghij", "end"]);
    assert_eq!(kit.check(b"abcdefghijklmnopqrst").lines(), ["abcdefghijklmnopqrst", "end"]);
    assert_eq!(kit.check(b"abcdefghijklmnopqrstu").lines(), ["frame at byte 0: frame longer than the limit of 20 bytes"]);
}

#[test]
fn er_2_errors_say_where_and_what() {
    let mut engine = Engine::new(Lines::new(3));
    let mut frames = engine.feed(b"ok\nmore\n").unwrap();
    assert!(frames.next_frame().is_ok());
    let error = frames.next_frame().unwrap_err();
    assert_eq!(error.to_string(), "frame at byte 3: payload longer than the limit of 3 bytes");
    assert_eq!((error.offset, error.cause), (3, ErrorCause::FrameTooLarge { what: "payload", limit: 3 }));
}

#[test]
fn engines_are_send_and_lend_to_any_buffer_behind_a_trait_object() {
    fn send<T: Send>(_: &T) {}
    send(&Engine::new(Lines::new(1)));
    send(&Engine::with_buf(Pascal, SegmentedBuf::new()));
    let mut buf = LinearBuf::new();
    let dynamic: &mut dyn StreamBufMut = &mut buf;
    dynamic.write(b"dyn").unwrap();
    assert_eq!(dynamic.coalesce(3).unwrap(), b"dyn");
}
