//! Lines.

use core::convert::Infallible;

use framewright::framing::{Delimiter, LineEnding, Lines, OnExcess};
use framewright::testkit::{Case, Kit, text};
use framewright::{Decode, Engine};

use super::{EXCESSES, Stream, check_encoding, property, rounds};

pub(super) fn lines(max: usize, ending: LineEnding) -> Kit<Lines, impl Fn() -> Lines> {
    Kit::new(move || Lines::new(max).ending(ending), |frame| text(frame))
}

const TOO_LONG: &str = "frame at byte 0: payload longer than the limit of 5 bytes";

#[rustfmt::skip]
#[test]
fn lines_by_lf_or_crlf() {
    lines(5, LineEnding::LfOrCrLf).table(&[
        Case { clause: "LN-6", input: b"",                    says: &["end"] },
        Case { clause: "LN-1", input: b"\n",                  says: &["", "end"] },
        Case { clause: "LN-1", input: b"\r\n",                says: &["", "end"] },
        Case { clause: "LN-1", input: b"one\ntwo\r\n\n",      says: &["one", "two", "", "end"] },
        Case { clause: "LN-1", input: b"a\rb\r\r\n",          says: &["a\\rb\\r", "end"] },
        Case { clause: "LN-6", input: b"one\ntwo",            says: &["one", "two", "end"] },
        Case { clause: "LN-6", input: b"one\r",               says: &["one\\r", "end"] },
        Case { clause: "LN-4", input: b"12345\n1234\r\n",     says: &["12345", "1234", "end"] },
        Case { clause: "LN-4", input: b"12345\r\n",           says: &["12345", "end"] },
        Case { clause: "LN-4", input: b"123456\n",            says: &[TOO_LONG] },
        Case { clause: "LN-4", input: b"123456",              says: &[TOO_LONG] },
        Case { clause: "LN-4", input: b"12345\r",             says: &[TOO_LONG] },
        Case { clause: "LN-4", input: b"12345\rx",            says: &[TOO_LONG] },
        Case { clause: "LN-4", input: b"12345\r\r\n",         says: &[TOO_LONG] },
        Case { clause: "LN-5", input: b"ok\n123456\nlost\n",  says: &["ok", "frame at byte 3: payload longer than the limit of 5 bytes"] },
    ]);
    lines(0, LineEnding::LfOrCrLf).table(&[
        Case { clause: "LN-4", input: b"\n\r\n",              says: &["", "", "end"] },
        Case { clause: "LN-4", input: b"\n\nx\n",             says: &["", "", "frame at byte 2: payload longer than the limit of 0 bytes"] },
    ]);
}

#[test]
fn ln_4_a_byte_that_can_be_no_ending_is_too_many_at_once() {
    let comes_late = |ending, line: &[u8]| {
        let mut engine = Engine::new(Lines::new(5).ending(ending));
        engine.feed(line).unwrap().next_frame().is_ok()
    };
    let at_once = [LineEnding::Lf, LineEnding::LfOrCrLf, LineEnding::CrLf, LineEnding::Any].map(|ending| comes_late(ending, b"12345\r"));
    assert_eq!(at_once, [false, true, true, true]);
    assert!(ENDINGS.iter().all(|ending| !comes_late(*ending, b"123456")));
}

#[rustfmt::skip]
#[test]
fn lines_by_other_endings() {
    lines(5, LineEnding::Lf).table(&[
        Case { clause: "LN-2", input: b"a\r\nb\n\r",          says: &["a\\r", "b", "\\r", "end"] },
        Case { clause: "LN-4", input: b"1234\r\n",            says: &["1234\\r", "end"] },
        Case { clause: "LN-4", input: b"12345\r\n",           says: &[TOO_LONG] },
    ]);
    lines(5, LineEnding::CrLf).table(&[
        Case { clause: "LN-2", input: b"a\nb\r\n\r\n\n",      says: &["a\\nb", "", "\\n", "end"] },
        Case { clause: "LN-2", input: b"\n\r\r\n\r",          says: &["\\n\\r", "\\r", "end"] },
        Case { clause: "LN-4", input: b"12345\r\n",           says: &["12345", "end"] },
        Case { clause: "LN-4", input: b"12345\n",             says: &[TOO_LONG] },
        Case { clause: "LN-4", input: b"12345\r\r\n",         says: &[TOO_LONG] },
    ]);
    lines(5, LineEnding::Any).table(&[
        Case { clause: "LN-3", input: b"a\rb\nc\r\nd",        says: &["a", "b", "c", "d", "end"] },
        Case { clause: "LN-3", input: b"\r\r\n\n\r",          says: &["", "", "", "", "end"] },
        Case { clause: "LN-3", input: b"abc\r",               says: &["abc", "end"] },
        Case { clause: "LN-4", input: b"12345\r",             says: &["12345", "end"] },
        Case { clause: "LN-4", input: b"12345\r123456",       says: &["12345", "frame at byte 6: payload longer than the limit of 5 bytes"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn lines_beyond_the_limit_are_discarded() {
    let discard = |ending| Kit::new(move || Lines::new(5).ending(ending).on_excess(OnExcess::Discard), |frame| text(frame));
    discard(LineEnding::LfOrCrLf).table(&[
        Case { clause: "LN-5", input: b"ok\n1234567\r\nok\n", says: &["ok", "frame at byte 3: payload longer than the limit of 5 bytes", "ok after 9 skipped bytes", "end"] },
        Case { clause: "LN-5", input: b"1234567",             says: &[TOO_LONG, "end after 7 skipped bytes"] },
        Case { clause: "LN-5", input: b"123456\r",            says: &[TOO_LONG, "end after 7 skipped bytes"] },
        Case { clause: "LN-5", input: b"123456\n123456\n1",   says: &[TOO_LONG, "frame at byte 7: payload longer than the limit of 5 bytes", "1 after 14 skipped bytes", "end"] },
    ]);
    discard(LineEnding::Any).table(&[
        Case { clause: "LN-5", input: b"123456789\r\rx",      says: &[TOO_LONG, " after 10 skipped bytes", "x", "end"] },
        Case { clause: "LN-5", input: b"123456789\r\nx",      says: &[TOO_LONG, "x after 11 skipped bytes", "end"] },
    ]);
    discard(LineEnding::CrLf).table(&[
        Case { clause: "LN-5", input: b"123456\n\r\r\nx",     says: &[TOO_LONG, "x after 10 skipped bytes", "end"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn lines_keep_their_endings() {
    let keep = |ending| Kit::new(move || Lines::new(5).ending(ending).keep_ending(), |frame| text(frame));
    keep(LineEnding::LfOrCrLf).table(&[
        Case { clause: "LN-7", input: b"a\n12345\r\n\nb",     says: &["a\\n", "12345\\r\\n", "\\n", "b", "end"] },
        Case { clause: "LN-7", input: b"123456\n",            says: &[TOO_LONG] },
    ]);
    keep(LineEnding::Any).table(&[
        Case { clause: "LN-7", input: b"a\rb\r\nc\n",         says: &["a\\r", "b\\r\\n", "c\\n", "end"] },
    ]);
}

/// The delimiters that mean the same as an ending.
fn delimiters(ending: LineEnding) -> &'static [&'static str] {
    match ending {
        LineEnding::Lf => &["\n"],
        LineEnding::CrLf => &["\r\n"],
        LineEnding::LfOrCrLf => &["\r\n", "\n"],
        LineEnding::Any => &["\r", "\n", "\r\n"],
    }
}

const ENDINGS: [LineEnding; 4] = [LineEnding::Lf, LineEnding::CrLf, LineEnding::LfOrCrLf, LineEnding::Any];

#[test]
fn ln_8_lines_are_what_the_same_delimiters_make() {
    let compare = |Stream(input), max: u8, choice: u8| {
        let (ending, on_excess) = (ENDINGS[usize::from(choice % 4)], EXCESSES[usize::from(choice / 4 % 3)]);
        let max = usize::from(max % 9);
        let ours = Kit::new(|| Lines::new(max).ending(ending).on_excess(on_excess), |frame| text(frame));
        let theirs = Kit::new(|| Delimiter::new(delimiters(ending), max).unwrap().on_excess(on_excess), |frame| text(frame.payload()));
        ours.check(&input) == theirs.check(&input)
    };
    property(150, 300, compare as fn(Stream, u8, u8) -> bool);
}

#[test]
fn ln_8_kept_line_ends_are_those_of_the_stream() {
    // Long enough for many blocks, with limits that never matter: dense, sparse and mixed.
    for (round, ending) in (0..rounds(40)).flat_map(|round| ENDINGS.map(|ending| (round, ending))) {
        let period = 1 + usize::try_from(round).unwrap() * 3;
        let input: Vec<u8> = (0..700_usize)
            .map(|at| match (at * at + 7 * at) % period {
                0 => b'\n',
                1 => b'\r',
                _ => b'a' + u8::try_from(at % 26).unwrap(),
            })
            .collect();
        let ours = Kit::new(|| Lines::new(usize::MAX).ending(ending), |frame| text(frame)).random(round, 12);
        let theirs = Kit::new(|| Delimiter::new(delimiters(ending), usize::MAX).unwrap(), |frame| text(frame.payload())).random(round, 1);
        assert_eq!(ours.check(&input), theirs.check(&input), "{ending:?}, one in {period}");
    }
}

#[test]
fn ln_9_a_line_is_written_exactly_if_it_is_read_so() {
    let check = |payloads: Vec<Stream>, max: u8, choice: u8, keep: bool| {
        let ending = ENDINGS[usize::from(choice % 4)];
        let make = || {
            let lines = Lines::new(usize::from(max % 12)).ending(ending);
            if keep { lines.keep_ending() } else { lines }
        };
        let end: &[u8] = match (keep, ending) {
            (true, _) => b"",
            (false, LineEnding::CrLf) => b"\r\n",
            (false, _) => b"\n",
        };
        let payloads: Vec<Vec<u8>> = payloads.into_iter().map(|Stream(bytes)| bytes).collect();
        check_encoding(make, <[u8]>::to_vec, |payload| [payload, end].concat(), &payloads);
        true
    };
    property(12, 2000, check as fn(Vec<Stream>, u8, u8, bool) -> bool);
}

#[rustfmt::skip]
#[test]
fn lines_beyond_the_limit_are_truncated() {
    let truncate = |ending, max| Kit::new(move || Lines::new(max).ending(ending).on_excess(OnExcess::Truncate), |frame| text(frame));
    truncate(LineEnding::LfOrCrLf, 5).table(&[
        Case { clause: "LN-5", input: b"ok\n1234567\r\nok\n", says: &["ok", "12345 (truncated)", "ok after 4 skipped bytes", "end"] },
        Case { clause: "LN-5", input: b"123456",              says: &["12345 (truncated)", "end after 1 skipped bytes"] },
        Case { clause: "LN-5", input: b"12345\r",             says: &["12345 (truncated)", "end after 1 skipped bytes"] },
    ]);
    truncate(LineEnding::Any, 0).table(&[
        Case { clause: "LN-5", input: b"\nab\r\n\rc",         says: &["", " (truncated)", " after 4 skipped bytes", " (truncated)", "end after 1 skipped bytes"] },
    ]);
}

#[test]
fn faults_of_lines_are_impossible_by_type() {
    fn infallible<D: Decode<Fault = Infallible>>(_: &D) {}
    infallible(&Lines::new(1));
}
