//! Consistent overhead byte stuffing.

use std::slice::from_ref;

use framewright::framing::{Cobs, OnExcess};
use framewright::testkit::{Case, Kit, text};
use framewright::{Engine, Step};
use quickcheck::{Arbitrary, Gen};

use super::stuffed::{Naive, fixture};
use super::{EXCESSES, Stream, check_encoding, property};

fn cobs(max: usize, on_excess: OnExcess) -> Kit<Cobs, impl Fn() -> Cobs> {
    Kit::new(move || Cobs::new(max).on_excess(on_excess), |frame| text(frame))
}

const TOO_LONG: &str = "frame at byte 0: payload longer than the limit of 5 bytes";

#[rustfmt::skip]
#[test]
fn cobs_frames() {
    cobs(5, OnExcess::Fail).table(&[
        Case { clause: "CB-1", input: b"",                          says: &["end"] },
        Case { clause: "CB-1", input: b"\x01\0",                    says: &["", "end"] },
        Case { clause: "CB-1", input: b"\x01\x01\0",                says: &["\\x00", "end"] },
        Case { clause: "CB-1", input: b"\x03ab\x02c\0\x02x\0",      says: &["ab\\x00c", "x", "end"] },
        Case { clause: "CB-1", input: b"\x04\x02\x02\x02\0",        says: &["\\x02\\x02\\x02", "end"] },
        Case { clause: "CB-1", input: b"\x01\x03\x01\xff\x01\0",    says: &["\\x00\\x01\\xff\\x00", "end"] },
        Case { clause: "CB-2", input: b"\0",                        says: &["end after 1 skipped bytes"] },
        Case { clause: "CB-2", input: b"\0\0\x02a\0\0\x02b\0\0\0",  says: &["a after 2 skipped bytes", "b after 1 skipped bytes", "end after 2 skipped bytes"] },
        Case { clause: "CB-4", input: b"\x06abcde\0",               says: &["abcde", "end"] },
        Case { clause: "CB-4", input: b"\x03ab\x03cd\0",            says: &["ab\\x00cd", "end"] },
        Case { clause: "CB-4", input: b"\x01\x01\x01\x01\x01\x01\0", says: &["\\x00\\x00\\x00\\x00\\x00", "end"] },
        Case { clause: "CB-4", input: b"\x07abcdef\0",              says: &[TOO_LONG] },
        Case { clause: "CB-4", input: b"\x06abcdef",                says: &[TOO_LONG] },
        Case { clause: "CB-4", input: b"\x06abcde\x01",             says: &[TOO_LONG] },
        Case { clause: "CB-4", input: b"\x03ab\x04cde",             says: &[TOO_LONG] },
        Case { clause: "CB-4", input: b"\x03ab\x03cd\x01\0",        says: &[TOO_LONG] },
        Case { clause: "CB-4", input: b"\x09abcde\0",               says: &["frame at byte 0: code 0x09 at byte 0 of the frame points beyond its end", "end after 7 skipped bytes"] },
        Case { clause: "CB-5", input: b"\x03a\0\x02b\0",            says: &["frame at byte 0: code 0x03 at byte 0 of the frame points beyond its end", "b after 3 skipped bytes", "end"] },
        Case { clause: "CB-5", input: b"\x02b\0\x02c\xff\0\x01\0",  says: &["b", "frame at byte 3: code 0xff at byte 2 of the frame points beyond its end", " after 4 skipped bytes", "end"] },
        Case { clause: "CB-5", input: b"\x02\0\x02\0",              says: &["frame at byte 0: code 0x02 at byte 0 of the frame points beyond its end", "frame at byte 2: code 0x02 at byte 0 of the frame points beyond its end", "end after 4 skipped bytes"] },
        Case { clause: "CB-7", input: b"\x01",                      says: &["frame at byte 0: the stream ended 1 bytes into the frame"] },
        Case { clause: "CB-7", input: b"\x02a\0\0\x02b",            says: &["a", "frame at byte 4: the stream ended 2 bytes into the frame"] },
        Case { clause: "CB-7", input: b"\x06abcde",                 says: &["frame at byte 0: the stream ended 6 bytes into the frame"] },
    ]);
    cobs(0, OnExcess::Fail).table(&[
        Case { clause: "CB-4", input: b"\x01\0\x01\0",              says: &["", "", "end"] },
        Case { clause: "CB-4", input: b"\x01\x01\0",                says: &["frame at byte 0: payload longer than the limit of 0 bytes"] },
        Case { clause: "CB-4", input: b"\x02a",                     says: &["frame at byte 0: payload longer than the limit of 0 bytes"] },
        Case { clause: "CB-5", input: b"\x02\0",                    says: &["frame at byte 0: code 0x02 at byte 0 of the frame points beyond its end", "end after 2 skipped bytes"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn cobs_frames_beyond_the_limit() {
    cobs(5, OnExcess::Fail).table(&[
        Case { clause: "CB-6", input: b"\x02a\0\x07abcdef\0\x02b\0",    says: &["a", "frame at byte 3: payload longer than the limit of 5 bytes"] },
    ]);
    cobs(5, OnExcess::Discard).table(&[
        Case { clause: "CB-6", input: b"\x02a\0\x07abcdef\0\x02b\0",    says: &["a", "frame at byte 3: payload longer than the limit of 5 bytes", "b after 8 skipped bytes", "end"] },
        Case { clause: "CB-6", input: b"\x07abcdefghi\0\0\0\x01\0",     says: &[TOO_LONG, " after 13 skipped bytes", "end"] },
        Case { clause: "CB-7", input: b"\x07abcdefghi",                 says: &[TOO_LONG, "end after 10 skipped bytes"] },
        Case { clause: "CB-7", input: b"\x07abcdefg\0\x02",             says: &[TOO_LONG, "frame at byte 9: the stream ended 1 bytes into the frame"] },
    ]);
    cobs(5, OnExcess::Truncate).table(&[
        Case { clause: "CB-6", input: b"\x02a\0\x07abcdef\0\x02b\0",    says: &["a", "abcde (truncated)", "b after 2 skipped bytes", "end"] },
        Case { clause: "CB-6", input: b"\x03ab\x09cdef\0\x02b\0",       says: &["ab\\x00cd (truncated)", "b after 3 skipped bytes", "end"] },
        Case { clause: "CB-6", input: b"\x05abcd\x01\x01\0",            says: &["abcd\\x00 (truncated)", "end after 2 skipped bytes"] },
        Case { clause: "CB-6", input: b"\x06abcde\x02f\0",              says: &["abcde (truncated)", "end after 3 skipped bytes"] },
        Case { clause: "CB-6", input: b"\x07abcde\0",                   says: &["frame at byte 0: code 0x07 at byte 0 of the frame points beyond its end", "end after 7 skipped bytes"] },
        Case { clause: "CB-7", input: b"\x07abcdef",                    says: &["abcde (truncated)", "end after 1 skipped bytes"] },
    ]);
    cobs(0, OnExcess::Truncate).table(&[
        Case { clause: "CB-6", input: b"\x02a\0\x01\0",                 says: &[" (truncated)", " after 2 skipped bytes", "end"] },
        Case { clause: "CB-6", input: b"\x01\x01\0",                    says: &[" (truncated)", "end after 2 skipped bytes"] },
    ]);
}

/// The bytes `from ..= to`.
fn bytes(from: u8, to: u8) -> Vec<u8> {
    (from..=to).collect()
}

/// The examples of the article *Consistent Overhead Byte Stuffing* in Wikipedia, with those of the paper: payloads, and what is sent.
fn examples() -> [(Vec<u8>, Vec<u8>); 13] {
    [
        (b"\0".to_vec(), b"\x01\x01\0".to_vec()),
        (b"\0\0".to_vec(), b"\x01\x01\x01\0".to_vec()),
        (b"\0\x11\0".to_vec(), b"\x01\x02\x11\x01\0".to_vec()),
        (b"\x11\x22\0\x33".to_vec(), b"\x03\x11\x22\x02\x33\0".to_vec()),
        (b"\x11\x22\x33\x44".to_vec(), b"\x05\x11\x22\x33\x44\0".to_vec()),
        (b"\x11\0\0\0".to_vec(), b"\x02\x11\x01\x01\x01\0".to_vec()),
        (bytes(1, 0xfe), [&[0xff][..], &bytes(1, 0xfe), &[0]].concat()),
        (bytes(0, 0xfe), [&[1, 0xff][..], &bytes(1, 0xfe), &[0]].concat()),
        (bytes(1, 0xff), [&[0xff][..], &bytes(1, 0xfe), &[2, 0xff, 0]].concat()),
        ([&bytes(2, 0xff)[..], &[0]].concat(), [&[0xff][..], &bytes(2, 0xff), &[1, 1, 0]].concat()),
        ([&bytes(3, 0xff)[..], &[0, 1]].concat(), [&[0xfe][..], &bytes(3, 0xff), &[2, 1, 0]].concat()),
        (b"".to_vec(), b"\x01\0".to_vec()),
        (b"\x45\0\0\x2c\x4c\x79\0\0\x40\x06\x4f\x37".to_vec(), b"\x02\x45\x01\x04\x2c\x4c\x79\x01\x05\x40\x06\x4f\x37\0".to_vec()),
    ]
}

#[test]
fn cb_1_examples_and_what_another_implementation_makes() {
    for (payload, frame) in examples().into_iter().chain(fixture(include_str!("../fixtures/cobs.txt"))) {
        let long = format!("frame at byte 0: payload longer than the limit of {} bytes", payload.len().saturating_sub(1));
        assert_eq!(cobs(payload.len(), OnExcess::Fail).check_sample(&frame, 1).lines(), [text(&payload), "end".to_owned()]);
        if !payload.is_empty() {
            assert_eq!(cobs(payload.len() - 1, OnExcess::Fail).check_sample(&frame, 2).lines(), [long]);
        }
        check_encoding(|| Cobs::new(payload.len()), <[u8]>::to_vec, |_| frame.clone(), from_ref(&payload));
    }
}

#[test]
fn cb_3_a_code_behind_the_last_full_block_is_nothing() {
    let block = bytes(1, 0xfe);
    let read = |max, frame: &[u8]| cobs(max, OnExcess::Truncate).check(frame).lines();
    for (before, whole) in [(&b""[..], block.clone()), (b"\x02a", [b"a\0", &block[..]].concat()), (b"\xff", [&block[..], &block].concat())]
    {
        let before = if before == b"\xff" { [before, &block].concat() } else { before.to_vec() };
        for tail in [&b""[..], b"\x01"] {
            let frame = [&before[..], b"\xff", &block, tail, b"\0"].concat();
            assert_eq!(read(whole.len(), &frame), [text(&whole), "end".to_owned()]);
            let mut longer = frame.clone();
            longer.splice(frame.len() - 1.., if tail.is_empty() { b"\x02x\0\0".to_vec() } else { b"\x01\0\0".to_vec() });
            assert_eq!(read(whole.len(), &longer), [format!("{} (truncated)", text(&whole)), "end after 3 skipped bytes".to_owned()]);
        }
    }
}

#[test]
fn cb_8_work_is_linear_where_codes_are_counted() {
    for blocks in [30, 60, 120] {
        // Many codes, and then as many bytes in full blocks: the more of those, the more bytes are near the limit.
        let full = [&b"\xff"[..], &[7; 254]].concat().repeat(blocks);
        let frame = [&vec![1; full.len()][..], &full, b"\0"].concat();
        let mut engine = Engine::new(Cobs::new(2 * full.len() - blocks));
        let mut came = 0;
        for byte in frame.chunks(1) {
            came += usize::from(matches!(engine.feed(byte).unwrap().next_frame(), Ok(Step::Frame(..))));
        }
        assert_eq!(came, 1);
        assert!(engine.examined_bytes() <= 4 * frame.len() as u64, "{} bytes examined of {}", engine.examined_bytes(), frame.len());
    }
    cobs(usize::MAX, OnExcess::Fail).check_linear(1, |n| vec![7; 5000 * n]);
    cobs(100, OnExcess::Discard).check_linear(3, |n| vec![7; 5000 * n]);
}

/// Reads blocks one byte at a time: the payload, and the last code if it tells of more.
fn read_naively(encoded: &[u8]) -> (Vec<u8>, Option<String>) {
    let mut payload = Vec::new();
    let (mut left, mut zero, mut last) = (0, false, String::new());
    for (at, byte) in encoded.iter().enumerate() {
        if left > 0 {
            payload.push(*byte);
            left -= 1;
            continue;
        }
        if zero {
            payload.push(0);
        }
        (left, zero) = (byte - 1, *byte != 255);
        last = format!("code {byte:#04x} at byte {at} of the frame points beyond its end");
    }
    (payload, (left > 0).then_some(last))
}

const NAIVE: Naive = Naive {
    end: 0,
    payload: |encoded| read_naively(encoded).0,
    wrong: |encoded, is_start| read_naively(encoded).1.filter(|_| !is_start),
    start: |before, _| before.len(),
};

/// Writes blocks as the paper says.
fn write_naively(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![1];
    let (mut code, mut open) = (0, true);
    for byte in payload {
        if !open {
            (code, open) = (frame.len(), true);
            frame.push(1);
        }
        if *byte == 0 {
            code = frame.len();
            frame.push(1);
        } else {
            frame.push(*byte);
            frame[code] += 1;
            open = frame[code] < 255;
        }
    }
    frame.push(0);
    frame
}

/// A stream with a few full blocks in it.
#[derive(Clone, Debug)]
struct Stuffed(Vec<u8>);

impl Arbitrary for Stuffed {
    fn arbitrary(g: &mut Gen) -> Self {
        let mut stream = Vec::new();
        for _ in 0..usize::arbitrary(g) % 4 {
            let Stream(bytes) = Stream::arbitrary(g);
            let block = vec![7; if bool::arbitrary(g) { 250 + usize::arbitrary(g) % 8 } else { 0 }];
            match u8::arbitrary(g) % 4 {
                0 => stream.extend(bytes),
                1 => stream.extend([&b"\xff"[..], &block, &bytes].concat()),
                _ => stream.extend(write_naively(&[&block[..], &bytes].concat())),
            }
        }
        Self(stream)
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        Box::new(self.0.shrink().map(Self))
    }
}

#[test]
fn cb_4_frames_are_those_of_a_naive_splitter() {
    let compare = |Stuffed(input), max: u8, choice: u8| {
        let on_excess = EXCESSES[usize::from(choice % 3)];
        let max = if choice / 3 % 2 == 0 { usize::from(max % 24) } else { 248 + usize::from(max % 16) };
        let kit = Kit::new(|| Cobs::new(max).on_excess(on_excess), |frame| text(frame)).random(choice.into(), 8);
        assert_eq!(kit.check(&input).lines(), NAIVE.split(&input, max, on_excess), "{}, {max}, {on_excess:?}", text(&input));
        true
    };
    property(20, 400, compare as fn(Stuffed, u8, u8) -> bool);
}

#[test]
fn cb_9_a_payload_is_written_exactly_if_it_is_read_so() {
    let check = |payloads: Vec<Stream>, max: u8, block: u8| {
        let blocks = [0, 253, 254, 255].map(|len| vec![7; len]);
        let block = &blocks[usize::from(block % 4)];
        let payloads: Vec<Vec<u8>> = payloads.into_iter().map(|Stream(bytes)| [block, &bytes[..]].concat()).collect();
        let max = block.len() + usize::from(max % 16);
        check_encoding(|| Cobs::new(max), <[u8]>::to_vec, write_naively, &payloads);
        true
    };
    property(16, 1000, check as fn(Vec<Stream>, u8, u8) -> bool);
}
