//! SLIP.

use framewright::buf::{SegmentedBuf, StreamBuf};
use framewright::encode::EncodeError;
use framewright::framing::{OnExcess, Slip, Unframable};
use framewright::testkit::{Case, Kit, text};
use framewright::{Engine, Step};

use super::stuffed::{Naive, fixture};
use super::{EXCESSES, Stream, check_encoding, property};

fn slip(max: usize, on_excess: OnExcess) -> Kit<Slip, impl Fn() -> Slip> {
    Kit::new(move || Slip::new(max).on_excess(on_excess), |frame| text(frame))
}

const TOO_LONG: &str = "frame at byte 0: payload longer than the limit of 5 bytes";

#[rustfmt::skip]
#[test]
fn slip_frames() {
    slip(5, OnExcess::Fail).table(&[
        Case { clause: "SL-1", input: b"",                              says: &["end"] },
        Case { clause: "SL-1", input: b"a\xc0",                         says: &["a", "end"] },
        Case { clause: "SL-1", input: b"ab\xc0cd\xc0",                  says: &["ab", "cd", "end"] },
        Case { clause: "SL-1", input: b"a\xdb\xdcb\xc0\xdb\xdd\xc0",    says: &["a\\xc0b", "\\xdb", "end"] },
        Case { clause: "SL-1", input: b"\xdb\xdd\xdc\xdb\xdc\xdd\xc0",  says: &["\\xdb\\xdc\\xc0\\xdd", "end"] },
        Case { clause: "SL-2", input: b"\xc0",                          says: &["end after 1 skipped bytes"] },
        Case { clause: "SL-2", input: b"\xc0\xc0a\xc0\xc0b\xc0\xc0\xc0", says: &["a after 2 skipped bytes", "b after 1 skipped bytes", "end after 2 skipped bytes"] },
        Case { clause: "SL-4", input: b"abcde\xc0",                     says: &["abcde", "end"] },
        Case { clause: "SL-4", input: b"abcd\xdb\xdc\xc0",              says: &["abcd\\xc0", "end"] },
        Case { clause: "SL-4", input: b"\xdb\xdca\xdb\xdcbc\xc0",       says: &["\\xc0a\\xc0bc", "end"] },
        Case { clause: "SL-4", input: b"abcdef\xc0",                    says: &[TOO_LONG] },
        Case { clause: "SL-4", input: b"abcdef",                        says: &[TOO_LONG] },
        Case { clause: "SL-4", input: b"abcde\xdb\xdc",                 says: &[TOO_LONG] },
        Case { clause: "SL-4", input: b"abcde\xdbx",                    says: &[TOO_LONG] },
        Case { clause: "SL-4", input: b"abcd\xdb\xdc\xdb\xdc\xc0",      says: &[TOO_LONG] },
        Case { clause: "SL-4", input: b"abcd\xdb\xdc\xdb\xc0",          says: &["frame at byte 0: expected 0xdc or 0xdd behind an escape, found 0xc0 at byte 7 of the frame", "end after 8 skipped bytes"] },
        Case { clause: "SL-5", input: b"\xdb\xc0a\xc0",                 says: &["frame at byte 0: expected 0xdc or 0xdd behind an escape, found 0xc0 at byte 1 of the frame", "a after 2 skipped bytes", "end"] },
        Case { clause: "SL-5", input: b"a\xc0b\xdb\xdbc\xc0d\xc0",      says: &["a", "frame at byte 2: expected 0xdc or 0xdd behind an escape, found 0xdb at byte 2 of the frame", "d after 5 skipped bytes", "end"] },
        Case { clause: "SL-5", input: b"a\xdb\xdc\xdb\0\xc0\xc0",       says: &["frame at byte 0: expected 0xdc or 0xdd behind an escape, found 0x00 at byte 4 of the frame", "end after 7 skipped bytes"] },
        Case { clause: "SL-7", input: b"a",                             says: &["frame at byte 0: the stream ended 1 bytes into the frame"] },
        Case { clause: "SL-7", input: b"a\xc0\xc0b\xdb",                says: &["a", "frame at byte 3: the stream ended 2 bytes into the frame"] },
        Case { clause: "SL-7", input: b"abcde\xdb",                     says: &["frame at byte 0: the stream ended 6 bytes into the frame"] },
    ]);
    slip(0, OnExcess::Fail).table(&[
        Case { clause: "SL-4", input: b"\xc0\xc0a\xc0",                 says: &["frame at byte 2: payload longer than the limit of 0 bytes"] },
        Case { clause: "SL-4", input: b"\xdb\xdc",                      says: &["frame at byte 0: payload longer than the limit of 0 bytes"] },
        Case { clause: "SL-5", input: b"\xdb\xc0",                      says: &["frame at byte 0: expected 0xdc or 0xdd behind an escape, found 0xc0 at byte 1 of the frame", "end after 2 skipped bytes"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn slip_frames_beyond_the_limit() {
    slip(5, OnExcess::Fail).table(&[
        Case { clause: "SL-6", input: b"a\xc0abcdef\xc0b\xc0",          says: &["a", "frame at byte 2: payload longer than the limit of 5 bytes"] },
    ]);
    slip(5, OnExcess::Discard).table(&[
        Case { clause: "SL-6", input: b"a\xc0abcdef\xc0b\xc0",          says: &["a", "frame at byte 2: payload longer than the limit of 5 bytes", "b after 7 skipped bytes", "end"] },
        Case { clause: "SL-6", input: b"abcdefghi\xdb\xdb\xc0\xc0b\xc0", says: &[TOO_LONG, "b after 13 skipped bytes", "end"] },
        Case { clause: "SL-7", input: b"abcdefghi",                     says: &[TOO_LONG, "end after 9 skipped bytes"] },
        Case { clause: "SL-7", input: b"abcdefg\xc0b",                  says: &[TOO_LONG, "frame at byte 8: the stream ended 1 bytes into the frame"] },
    ]);
    slip(5, OnExcess::Truncate).table(&[
        Case { clause: "SL-6", input: b"a\xc0abcdef\xc0b\xc0",          says: &["a", "abcde (truncated)", "b after 2 skipped bytes", "end"] },
        Case { clause: "SL-6", input: b"abcd\xdb\xdc\xdb\xdc\xc0b\xc0", says: &["abcd\\xc0 (truncated)", "b after 3 skipped bytes", "end"] },
        Case { clause: "SL-6", input: b"abcde\xdbx\xc0",                says: &["abcde (truncated)", "end after 3 skipped bytes"] },
        Case { clause: "SL-6", input: b"\xdbxabcdef\xc0b\xc0",          says: &["frame at byte 0: expected 0xdc or 0xdd behind an escape, found 0x78 at byte 1 of the frame", "b after 9 skipped bytes", "end"] },
        Case { clause: "SL-7", input: b"abcdef",                        says: &["abcde (truncated)", "end after 1 skipped bytes"] },
    ]);
    slip(0, OnExcess::Truncate).table(&[
        Case { clause: "SL-6", input: b"\xc0ab\xc0",                    says: &[" (truncated) after 1 skipped bytes", "end after 3 skipped bytes"] },
        Case { clause: "SL-6", input: b"\xdb\xdc\xc0",                  says: &[" (truncated)", "end after 3 skipped bytes"] },
    ]);
}

#[test]
fn sl_1_what_another_implementation_makes() {
    for (payload, frame) in fixture(include_str!("../fixtures/slip.txt")) {
        if payload.is_empty() {
            assert_eq!(frame, b"\xc0");
            continue;
        }
        let limit = payload.len();
        assert_eq!(slip(limit, OnExcess::Fail).check_sample(&frame, 1).lines(), [text(&payload), "end".to_owned()]);
        let long = format!("frame at byte 0: payload longer than the limit of {} bytes", limit - 1);
        assert_eq!(slip(limit - 1, OnExcess::Fail).check_sample(&frame, 2).lines(), [long]);
        check_encoding(|| Slip::new(limit), <[u8]>::to_vec, |_| frame.clone(), &[payload]);
    }
}

#[test]
fn sl_8_work_is_linear_where_escapes_are_counted() {
    for share in [2, 3, 300] {
        for n in [1, 2, 4] {
            let len = 6000 * n;
            let escape = |at: usize| [b'a', 0xdb, 0xdc][if at % share < 2 { at % share + 1 } else { 0 }];
            let frame: Vec<u8> = (0..len).map(escape).chain([0xc0]).collect();
            let mut engine = Engine::new(Slip::new(len - len / share));
            let mut came = 0;
            for byte in frame.chunks(1) {
                came += usize::from(matches!(engine.feed(byte).unwrap().next_frame(), Ok(Step::Frame(..))));
            }
            assert_eq!(came, 1);
            assert!(engine.examined_bytes() <= 4 * len as u64, "{} bytes examined of {len}", engine.examined_bytes());
        }
    }
    slip(usize::MAX, OnExcess::Fail).check_linear(1, |n| vec![7; 5000 * n]);
    slip(100, OnExcess::Discard).check_linear(3, |n| vec![0xdb; 5000 * n]);
}

/// Reads one byte at a time: the payload, and what is wrong.
fn read_naively(encoded: &[u8]) -> (Vec<u8>, Option<String>) {
    let (mut payload, mut fault, mut escaped) = (Vec::new(), None, false);
    let unknown = |at: usize, found: u8| format!("expected 0xdc or 0xdd behind an escape, found {found:#04x} at byte {at} of the frame");
    for (at, byte) in encoded.iter().enumerate() {
        match (escaped, *byte) {
            (false, 0xdb) => {
                escaped = true;
                continue;
            }
            (false, byte) => payload.push(byte),
            (true, 0xdc) => payload.push(0xc0),
            (true, 0xdd) => payload.push(0xdb),
            (true, byte) => {
                payload.push(byte);
                fault = fault.or_else(|| Some(unknown(at, byte)));
            }
        }
        escaped = false;
    }
    let fault = fault.or_else(|| escaped.then(|| unknown(encoded.len(), 0xc0)));
    (payload, fault)
}

const NAIVE: Naive = Naive {
    end: 0xc0,
    payload: |encoded| read_naively(encoded).0,
    wrong: |encoded, _| read_naively(encoded).1,
    start: |before, max| (0..=before.len()).find(|n| read_naively(&before[..*n]).0.len() == max).unwrap(),
};

fn write_naively(payload: &[u8]) -> Vec<u8> {
    let escaped = payload.iter().flat_map(|byte| match byte {
        0xc0 => vec![0xdb, 0xdc],
        0xdb => vec![0xdb, 0xdd],
        _ => vec![*byte],
    });
    escaped.chain([0xc0]).collect()
}

/// Makes bytes that SLIP gives a meaning to, of those that lines do.
fn special(Stream(bytes): Stream) -> Vec<u8> {
    let special = |byte| match byte {
        b'\n' => 0xc0,
        b'\r' => 0xdb,
        0 | 1 => 0xdc,
        2 => 0xdd,
        byte => byte,
    };
    bytes.into_iter().map(special).collect()
}

#[test]
fn sl_4_frames_are_those_of_a_naive_splitter() {
    let compare = |input: Stream, max: u8, choice: u8, write: bool| {
        let on_excess = EXCESSES[usize::from(choice % 3)];
        let max = usize::from(max % 12);
        let input = special(input);
        let input = if write { input.chunks(9).flat_map(write_naively).collect() } else { input };
        let kit = Kit::new(|| Slip::new(max).on_excess(on_excess), |frame| text(frame));
        assert_eq!(kit.check(&input).lines(), NAIVE.split(&input, max, on_excess), "{}, {max}, {on_excess:?}", text(&input));
        true
    };
    property(80, 500, compare as fn(Stream, u8, u8, bool) -> bool);
}

#[test]
fn sl_3_a_leading_end_is_written_before_each_packet() {
    let mut output = SegmentedBuf::new();
    let mut led = Slip::new(8).leading_end();
    output.send(&mut led, b"a").unwrap();
    output.send(&mut led, b"\xc0").unwrap();
    assert_eq!(output.send(&mut led, b"").unwrap_err().error, EncodeError::Fault(Unframable::Empty));
    assert_eq!(output.send(&mut led, b"123456789").unwrap_err().error, EncodeError::TooLarge { what: "payload", limit: 8 });
    assert_eq!(text(output.peek()), text(b"\xc0a\xc0\xc0\xdb\xdc\xc0"));
}

#[test]
fn sl_9_a_payload_is_written_exactly_if_it_is_read_so() {
    let check = |payloads: Vec<Stream>, max: u8| {
        let payloads: Vec<Vec<u8>> = payloads.into_iter().map(special).collect();
        let max = usize::from(max % 16);
        check_encoding(|| Slip::new(max), <[u8]>::to_vec, write_naively, &payloads);
        let led = |payload: &[u8]| [b"\xc0", &write_naively(payload)[..]].concat();
        check_encoding(|| Slip::new(max).leading_end(), <[u8]>::to_vec, led, &payloads);
        true
    };
    property(14, 1000, check as fn(Vec<Stream>, u8) -> bool);
}
