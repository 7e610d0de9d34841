//! The test kit finds what it must find, and nothing else.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};

use framewright::decode::{Found, Stop};
use framewright::framing::{LineEnding, Lines};
use framewright::testkit::{Case, Kit, Plain, text};
use framewright::{Decode, Input};

type Parsed = Result<Option<(Vec<u8>, usize)>, &'static str>;

/// A line of at most 4 bytes that ends in `\r\n`.
fn line(bytes: &[u8]) -> Parsed {
    let known = bytes.len() - usize::from(bytes.ends_with(b"\r"));
    match bytes.windows(2).position(|two| two == b"\r\n") {
        Some(at) if at <= 4 => Ok(Some((bytes[..at].to_vec(), at + 2))),
        Some(_) => Err("line too long"),
        None if known > 4 => Err("line too long"),
        None => Ok(None),
    }
}

/// Runs a check of a plain function that must fail, and returns what it says.
fn complaint<F: FnMut(&[u8]) -> Parsed>(make: impl Fn() -> F, input: &[u8]) -> String {
    complaint_of(|| Plain::new(make()), |line| text(&line), input)
}

fn complaint_of<D: Decode>(make: impl Fn() -> D, show: fn(D::Frame<'_>) -> String, input: &[u8]) -> String {
    let checked = catch_unwind(AssertUnwindSafe(|| Kit::new(make, show).check(input)));
    match checked {
        Ok(transcript) => panic!("{} passes, and gives\n{transcript}", text(input)),
        Err(says) => says.downcast_ref::<String>().cloned().unwrap_or_default(),
    }
}

#[rustfmt::skip]
const LINES: &[Case<'_>] = &[
    Case { clause: "TK-4", input: b"",                  says: &["end"] },
    Case { clause: "TK-4", input: b"\r\none\r\nfour\r\n", says: &["", "one", "four", "end"] },
    Case { clause: "TK-4", input: b"a\rb\r\n\n\r\n",    says: &[r"a\rb", r"\n", "end"] },
    Case { clause: "TK-4", input: b"four\r\nfive!\r\n", says: &["four", "frame at byte 6: line too long"] },
    Case { clause: "TK-4", input: b"one\r\nfour\r",     says: &["one", "frame at byte 5: the stream ended 5 bytes into the frame"] },
];

#[test]
fn a_good_function_passes() {
    Kit::new(|| Plain::new(line), |line| text(&line)).table(LINES);
}

#[test]
fn tk_4_a_function_and_a_decoder_give_the_same_transcript() {
    let lines = |bytes: &[u8]| match bytes.iter().position(|byte| *byte == b'\n') {
        Some(at) => Ok::<_, &str>(Some((bytes[..at].to_vec(), at + 1))),
        None => Ok(None),
    };
    let reference = Kit::new(|| Plain::new(lines), |line| text(&line));
    let decoder = Kit::new(|| Lines::new(80).ending(LineEnding::Lf), |line| text(line));
    assert_eq!(decoder.check(b"one\n\r\n\ntwo\n"), reference.check(b"one\n\r\n\ntwo\n"));
    assert_ne!(decoder.check(b"one\ntwo"), reference.check(b"one\ntwo")); // a line of its own, or a truncated one
}

#[test]
fn tk_4_a_function_may_keep_a_state_and_begins_anew_in_each_stream() {
    let numbered = || {
        let mut number = 0;
        Plain::new(move |bytes: &[u8]| {
            let Some((frame, len)) = line(bytes)? else { return Ok::<_, &str>(None) };
            number += 1;
            Ok(Some((format!("{number}: {}", text(&frame)), len)))
        })
    };
    Kit::new(numbered, |frame| frame).table(&[Case { clause: "TK-4", input: b"a\r\nb\r\n", says: &["1: a", "2: b", "end"] }]);
}

#[test]
fn tk_4_a_function_is_asked_at_every_byte_and_at_the_end() {
    let seen = std::cell::RefCell::new(Vec::new());
    let watch = || {
        Plain::new(|bytes: &[u8]| {
            seen.borrow_mut().push(bytes.to_vec());
            line(bytes)
        })
    };
    let mut engine = framewright::Engine::new(watch());
    for byte in b"ab\r\nc" {
        let mut frames = engine.feed(std::slice::from_ref(byte)).unwrap();
        while let Ok(framewright::Step::Frame(..)) = frames.next_frame() {}
    }
    let _ = engine.eof().next_frame();
    assert_eq!(*seen.borrow(), [&b"a"[..], b"ab", b"ab\r", b"ab\r\n", b"c", b"c"]);
}

#[test]
fn tk_1_a_limit_of_what_has_arrived() {
    let says = complaint(|| |bytes: &[u8]| if bytes.len() > 8 { Err("line too long") } else { line(bytes) }, b"one\r\ntwo\r\n");
    assert!(says.contains("two [5 at 5, 0 skipped]\n") && says.contains("  frame at byte 0: line too long\n"), "{says}");
}

#[test]
fn tk_1_a_line_end_cut_in_two() {
    let carriage_return = |bytes: &[u8]| match bytes.iter().position(|byte| *byte == b'\r' || *byte == b'\n') {
        Some(at) if bytes[at..].starts_with(b"\r\n") => Ok(Some((bytes[..at].to_vec(), at + 2))),
        Some(at) => Ok(Some((bytes[..at].to_vec(), at + 1))),
        None => Ok(None),
    };
    let says = complaint(|| carriage_return, b"ab\r\nc\n");
    assert!(says.contains("cut into\n  \"a\" \"b\" \"\\r\" \"\\n\" \"c\" \"\\n\"\n"), "{says}");
    assert!(says.contains("it gives\n  ab [3 at 0, 0 skipped]\n   [1 at 3, 0 skipped]\n"), "{says}");
    assert!(says.contains("and whole it gives\n  ab [4 at 0, 0 skipped]\n  c [2 at 4, 0 skipped]\n  end"), "{says}");
}

#[test]
fn tk_1_a_function_that_is_right_at_every_two_way_split() {
    // Wrong only when asked three times about one frame: neither whole nor at one cut.
    let thrice = || {
        let mut waits = 0;
        move |bytes: &[u8]| {
            let Some(found) = line(bytes)? else {
                waits += 1;
                return Ok(None);
            };
            let waited = std::mem::take(&mut waits);
            if waited > 2 { Err("too slow") } else { Ok(Some(found)) }
        }
    };
    assert!(complaint(thrice, b"ab\r\n").contains("\"a\" \"b\" \"\\r\" \"\\n\""));
}

#[test]
fn tk_1_a_function_that_is_wrong_at_one_cut_only() {
    let once = || {
        let mut waits = Vec::new();
        move |bytes: &[u8]| match bytes.len() {
            200 if waits == [137] => Err("one wait, after 137 bytes"),
            200 => Ok(Some((Vec::new(), 200))),
            len => {
                waits.push(len);
                Ok(None)
            }
        }
    };
    assert!(complaint(once, &[b'.'; 200]).contains("one wait, after 137 bytes"));
}

#[test]
fn tk_3_a_payload_that_has_not_arrived() {
    let claims = |bytes: &[u8]| Ok(bytes.first().map(|len| (Vec::new(), 1 + usize::from(*len))));
    assert!(complaint(|| claims, b"\x02ab").contains("frame at byte 0: the decoder has a bug"));
}

#[test]
fn tk_3_a_bug_however_it_is_cut() {
    assert!(complaint(|| |bytes: &[u8]| Ok(Some((Vec::new(), bytes.len() + 1))), b"ab").contains("the decoder has a bug"));
    assert!(complaint(|| |_: &[u8]| Ok(Some((Vec::new(), 0))), b"ab").contains("the decoder has a bug"));
}

/// One byte of length and that many bytes, with something wrong.
enum Pascal {
    Late,
    NeverIdle,
    IdleTooSoon,
}

impl Decode for Pascal {
    type Progress = ();
    type Token = ();
    type Frame<'a> = &'a [u8];
    type Fault = Infallible;

    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<()>, Stop<Infallible>> {
        match self {
            Self::NeverIdle if !input.is_end() => input.require(1)?,
            Self::IdleTooSoon if input.is_end() => input.require(1)?,
            _ => input.begin()?,
        }
        let [payload] = input.array(0)?;
        let len = 1 + usize::from(payload);
        match self {
            Self::Late if input.len() < len => input.require(len + 1)?,
            _ => input.require(len)?,
        }
        Ok(Found::Frame { len, token: () })
    }

    fn open<'a>((): (), (): &'a (), frame: &'a [u8]) -> &'a [u8] {
        &frame[1..]
    }
}

#[test]
fn tk_2_a_frame_that_comes_late() {
    let says = complaint_of(|| Pascal::Late, |frame| text(frame), b"\x02ab\x01c");
    assert!(says.contains(r"\x02ab: byte by byte it gives") && says.contains("is `missing` too high?"), "{says}");
}

#[test]
fn tk_2_an_end_that_is_clean_but_not_idle() {
    let says = complaint_of(|| Pascal::NeverIdle, |frame| text(frame), b"\x02ab\x01c");
    assert!(says.contains("idle is false"), "{says}");
}

#[test]
fn tk_2_idle_where_the_stream_cannot_end() {
    let says = complaint_of(|| Pascal::IdleTooSoon, |frame| text(frame), b"\x02ab\x01c");
    assert!(says.contains("idle is true"), "{says}");
}
