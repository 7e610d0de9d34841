//! Frames of one length.

use framewright::framing::{Fixed, SettingsError};
use framewright::testkit::{Case, Kit, text};

use super::{Stream, check_encoding, property};

fn fixed(len: usize) -> Kit<Fixed, impl Fn() -> Fixed> {
    Kit::new(move || Fixed::new(len).unwrap(), |frame| text(frame))
}

#[rustfmt::skip]
#[test]
fn frames_of_one_length() {
    fixed(1).table(&[
        Case { clause: "FX-1", input: b"",          says: &["end"] },
        Case { clause: "FX-1", input: b"ab\0",      says: &["a", "b", "\\x00", "end"] },
    ]);
    fixed(3).table(&[
        Case { clause: "FX-1", input: b"abc",       says: &["abc", "end"] },
        Case { clause: "FX-1", input: b"abc\x03\n,", says: &["abc", "\\x03\\n,", "end"] },
        Case { clause: "FX-2", input: b"a",         says: &["frame at byte 0: the stream ended 1 bytes into the frame"] },
        Case { clause: "FX-2", input: b"abcde",     says: &["abc", "frame at byte 3: the stream ended 2 bytes into the frame"] },
    ]);
    fixed(3).limits(2, 64).table(&[
        Case { clause: "EN-10", input: b"a",        says: &["frame at byte 0: frame longer than the limit of 2 bytes"] },
    ]);
    fixed(usize::MAX).table(&[
        Case { clause: "EN-10", input: b"a",        says: &["frame at byte 0: frame longer than the limit of 16777216 bytes"] },
    ]);
}

#[test]
fn fx_3_a_length_of_0_is_refused() {
    assert_eq!(Fixed::new(0).err(), Some(SettingsError::EmptyFrame));
    assert_eq!(SettingsError::EmptyFrame.to_string(), "frames of no bytes");
}

#[test]
fn fx_1_frames_are_those_of_a_naive_splitter() {
    let compare = |Stream(input): Stream, len: u8| {
        let len = 1 + usize::from(len) % 12;
        let mut expected: Vec<String> = input.chunks_exact(len).map(text).collect();
        let left = input.len() % len;
        expected.push(match left {
            0 => "end".to_owned(),
            _ => format!("frame at byte {}: the stream ended {left} bytes into the frame", input.len() - left),
        });
        fixed(len).check(&input).lines() == expected
    };
    property(60, 200, compare as fn(Stream, u8) -> bool);
}

#[test]
fn fx_4_a_payload_is_written_exactly_if_it_is_read_so() {
    let check = |payloads: Vec<Stream>, len: u8| {
        let len = 1 + usize::from(len) % 6;
        let mut payloads: Vec<Vec<u8>> = payloads.into_iter().map(|Stream(bytes)| bytes).collect();
        payloads.extend((0..=2 * len).map(|len| vec![b'x'; len]));
        check_encoding(|| Fixed::new(len).unwrap(), <[u8]>::to_vec, <[u8]>::to_vec, &payloads);
        true
    };
    property(8, 300, check as fn(Vec<Stream>, u8) -> bool);
}
