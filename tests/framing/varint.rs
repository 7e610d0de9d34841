//! Lengths of variable width.

use crc::{CRC_32_ISO_HDLC, Crc};
use framewright::buf::{BufConfig, SegmentedBuf, StreamBuf};
use framewright::encode::EncodeError;
use framewright::framing::{OnExcess, Unframable, Varint, VarintForm};
use framewright::testkit::{Case, Kit, text};
use framewright::{Engine, Step};
use quickcheck::{Arbitrary, Gen};

use super::{EXCESSES, check_encoding, property};

fn varint(framer: Varint) -> Kit<Varint, impl Fn() -> Varint> {
    Kit::new(move || framer.clone(), |frame| text(frame))
}

const fn leb128(max_payload: usize) -> Varint {
    Varint::new(VarintForm::Leb128, max_payload)
}

const fn mqtt(max_payload: usize) -> Varint {
    Varint::new(VarintForm::Mqtt, max_payload)
}

const fn quic(max_payload: usize) -> Varint {
    Varint::new(VarintForm::Quic, max_payload)
}

#[rustfmt::skip]
#[test]
fn groups_of_seven_bits() {
    varint(leb128(3)).table(&[
        Case { clause: "VI-1", input: b"",                                          says: &["end"] },
        Case { clause: "VI-1", input: b"\0",                                        says: &["", "end"] },
        Case { clause: "VI-1", input: b"\x01a\0\x03abc",                            says: &["a", "", "abc", "end"] },
        Case { clause: "VI-1", input: b"\x03\x01\x80\xff\x01a",                     says: &["\\x01\\x80\\xff", "a", "end"] },
        Case { clause: "VI-3", input: b"\x80",                                      says: &["frame at byte 0: the stream ended 1 bytes into the frame"] },
        Case { clause: "VI-3", input: b"\x01a\x02",                                 says: &["a", "frame at byte 2: the stream ended 1 bytes into the frame"] },
        Case { clause: "VI-3", input: b"\x02a",                                     says: &["frame at byte 0: the stream ended 2 bytes into the frame"] },
        Case { clause: "VI-6", input: b"\x03abc\x04",                               says: &["abc", "frame at byte 4: payload longer than the limit of 3 bytes"] },
        Case { clause: "VI-6", input: b"\x80\x80\x80\x80\x80\x80\x80\x80\x80",      says: &["frame at byte 0: the stream ended 9 bytes into the frame"] },
        Case { clause: "VI-6", input: b"\x83\x80\x80\x80\x01",                      says: &["frame at byte 0: payload longer than the limit of 3 bytes"] },
        Case { clause: "VI-5", input: b"\x82\0ab\x80\x80\x80\x80\x80\x80\x80\x80\x80\0\x81\x80\0a", says: &["ab", "", "a", "end"] },
        Case { clause: "VI-4", input: b"\x01a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", says: &["a", "frame at byte 2: a length of more than 10 bytes"] },
        Case { clause: "VI-4", input: b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",  says: &["frame at byte 0: a length of more than 10 bytes"] },
        Case { clause: "VI-4", input: b"\x01a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", says: &["a", "frame at byte 2: a length of more than 64 bits: expected at most 0x01 in its tenth byte, found 0x02"] },
        Case { clause: "VI-4", input: b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f",  says: &["frame at byte 0: a length of more than 64 bits: expected at most 0x01 in its tenth byte, found 0x7f"] },
        Case { clause: "VI-8", input: b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  says: &["frame at byte 0: payload longer than the limit of 3 bytes"] },
    ]);
    varint(leb128(0)).table(&[
        Case { clause: "VI-6", input: b"\0\0\x01",                                  says: &["", "", "frame at byte 2: payload longer than the limit of 0 bytes"] },
    ]);
    varint(mqtt(3)).table(&[
        Case { clause: "VI-1", input: b"\0\x02ab\x82\0ab",                          says: &["", "ab", "ab", "end"] },
        Case { clause: "VI-1", input: b"\x81\x80\x80\0a",                           says: &["a", "end"] },
        Case { clause: "VI-4", input: b"\x81\x80\x80\x80\0",                        says: &["frame at byte 0: a length of more than 4 bytes"] },
        Case { clause: "VI-4", input: b"\0\x81\x80\x80\x80",                        says: &["", "frame at byte 1: a length of more than 4 bytes"] },
        Case { clause: "VI-6", input: b"\xff\xff\xff\x7f",                          says: &["frame at byte 0: payload longer than the limit of 3 bytes"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn lengths_of_quic() {
    varint(quic(70)).table(&[
        Case { clause: "VI-2", input: b"",                                          says: &["end"] },
        Case { clause: "VI-2", input: b"\0\x02ab\x40\x02cd\x80\0\0\x02ef\xc0\0\0\0\0\0\0\x02gh", says: &["", "ab", "cd", "ef", "gh", "end"] },
        Case { clause: "VI-2", input: b"\x01\xc0\0",                                says: &["\\xc0", "", "end"] },
        Case { clause: "VI-3", input: b"\0\x40",                                    says: &["", "frame at byte 1: the stream ended 1 bytes into the frame"] },
        Case { clause: "VI-3", input: b"\xff\xff\xff\xff\xff\xff\xff",              says: &["frame at byte 0: the stream ended 7 bytes into the frame"] },
        Case { clause: "VI-6", input: b"\x40\x47",                                  says: &["frame at byte 0: payload longer than the limit of 70 bytes"] },
        Case { clause: "VI-6", input: b"\x80\0\x01\0",                              says: &["frame at byte 0: payload longer than the limit of 70 bytes"] },
        Case { clause: "VI-6", input: b"\xff\xff\xff\xff\xff\xff\xff\xff",          says: &["frame at byte 0: payload longer than the limit of 70 bytes"] },
    ]);
    let largest = [&b"\x3f"[..], &[b'x'; 63], b"\x40\x40", &[b'y'; 64], b"\x40\x46", &[b'z'; 70]].concat();
    let says = ["x".repeat(63), "y".repeat(64), "z".repeat(70)];
    varint(quic(70).minimal()).table(&[Case { clause: "VI-2", input: &largest, says: &[&says[0], &says[1], &says[2], "end"] }]);
}

#[test]
fn vi_2_the_examples_of_rfc_9000_are_read_and_written() {
    // Appendix A.1; the last is the fourth in more bytes. Too long to be there as payloads, they are told as what is missing.
    let examples: [(u64, &[u8], bool); 5] = [
        (151_288_809_941_952_652, b"\xc2\x19\x7c\x5e\xff\x14\xe8\x8c", true),
        (494_878_333, b"\x9d\x7f\x3e\x7d", true),
        (15_293, b"\x7b\xbd", true),
        (37, b"\x25", true),
        (37, b"\x40\x25", false),
    ];
    for (number, written, is_minimal) in examples {
        let missing = usize::try_from(number).unwrap_or(usize::MAX);
        let mut engine = Engine::new(quic(usize::MAX)).with_max_frame(usize::MAX);
        let mut frames = engine.feed(written).unwrap();
        let step = frames.next_frame();
        match u32::try_from(number) {
            Err(_) if usize::BITS < 64 => assert!(step.is_err(), "{step:?}"),
            _ => assert!(matches!(step, Ok(Step::NeedMoreData(more)) if more.missing.get() == missing), "{number}: {step:?}"),
        }
        if number < 20_000 && is_minimal {
            let mut output = SegmentedBuf::new();
            output.send(&mut quic(20_000), vec![7; missing]).unwrap();
            assert_eq!(output.segments().flatten().copied().take(written.len()).collect::<Vec<_>>(), written);
        }
    }
}

#[test]
fn vi_2_lengths_are_written_in_every_width() {
    let header = |len: usize| {
        let mut output = SegmentedBuf::with_config(BufConfig::unlimited());
        output.send(&mut quic(usize::MAX), vec![0; len]).unwrap(); // shared, so that no byte of it is touched
        output.segments().next().unwrap().iter().copied().take(8.min(output.len() - len)).collect::<Vec<_>>()
    };
    assert_eq!(header(16_383), [0x7f, 0xff]);
    assert_eq!(header(16_384), [0x80, 0, 0x40, 0]);
    if usize::BITS == 64 {
        assert_eq!(header(1 << 30), [0xc0, 0, 0, 0, 0x40, 0, 0, 0]);
    }
}

#[rustfmt::skip]
#[test]
fn lengths_in_more_bytes_than_needed() {
    varint(leb128(300).minimal()).table(&[
        Case { clause: "VI-5", input: b"\0\x01a\x81\0a",                            says: &["", "a", "frame at byte 3: a length of 1 in 2 bytes, but 1 is enough"] },
        Case { clause: "VI-5", input: b"\x80\0",                                    says: &["frame at byte 0: a length of 0 in 2 bytes, but 1 is enough"] },
        Case { clause: "VI-5", input: b"\xff\0",                                    says: &["frame at byte 0: a length of 127 in 2 bytes, but 1 is enough"] },
        Case { clause: "VI-5", input: b"\x80\x01",                                  says: &["frame at byte 0: the stream ended 2 bytes into the frame"] },
        Case { clause: "VI-5", input: b"\xff\x80\0",                                says: &["frame at byte 0: a length of 127 in 3 bytes, but 1 is enough"] },
        // Malformed comes before too long.
        Case { clause: "VI-5", input: b"\xff\xff\x80\0",                            says: &["frame at byte 0: a length of 16383 in 4 bytes, but 2 is enough"] },
        Case { clause: "VI-6", input: b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  says: &["frame at byte 0: payload longer than the limit of 300 bytes"] },
    ]);
    varint(quic(9).minimal().offset(1)).table(&[
        Case { clause: "VI-5", input: b"t\x01at\x40\x01a",                          says: &["a", "frame at byte 3: a length of 1 in 2 bytes, but 1 is enough"] },
        Case { clause: "VI-5", input: b"t\x80\0\x3f\xff",                           says: &["frame at byte 0: a length of 16383 in 4 bytes, but 2 is enough"] },
        Case { clause: "VI-5", input: b"t\xc0\0\0\0\x3f\xff\xff\xff",               says: &["frame at byte 0: a length of 1073741823 in 8 bytes, but 4 is enough"] },
        Case { clause: "VI-6", input: b"t\xc0\0\0\0\x40\0\0\0",                     says: &["frame at byte 0: payload longer than the limit of 9 bytes"] },
        Case { clause: "VI-6", input: b"t\x80\0\x40\0",                             says: &["frame at byte 0: payload longer than the limit of 9 bytes"] },
        Case { clause: "VI-6", input: b"t\x40\x40",                                 says: &["frame at byte 0: payload longer than the limit of 9 bytes"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn headers() {
    varint(mqtt(2).offset(1)).table(&[
        Case { clause: "VI-3", input: b"\xc0\0\x30\x02ab",                          says: &["", "ab", "end"] },
        Case { clause: "VI-3", input: b"\xc0\0\x30",                                says: &["", "frame at byte 2: the stream ended 1 bytes into the frame"] },
    ]);
    varint(mqtt(2).offset(1).keep_header()).table(&[
        Case { clause: "VI-3", input: b"\xc0\0\x30\x02ab\x30\x82\0ab",              says: &["\\xc0\\x00", "0\\x02ab", "0\\x82\\x00ab", "end"] },
        Case { clause: "VI-6", input: b"\xc0\x03",                                  says: &["frame at byte 0: payload longer than the limit of 2 bytes"] },
    ]);
    varint(leb128(2).keep_header()).table(&[
        Case { clause: "VI-3", input: b"\x02ab\0",                                  says: &["\\x02ab", "\\x00", "end"] },
    ]);
    varint(leb128(2).offset(usize::MAX)).limits(usize::MAX, 1 << 20).table(&[
        Case { clause: "VI-8", input: b"ab", says: &[&format!("frame at byte 0: frame longer than the limit of {} bytes", usize::MAX)] },
    ]);
}

#[rustfmt::skip]
#[test]
fn payloads_beyond_the_limit() {
    varint(leb128(2).on_excess(OnExcess::Discard)).table(&[
        Case { clause: "VI-7", input: b"\x01a\x84\0abcd\x02ok",                     says: &["a", "frame at byte 2: payload longer than the limit of 2 bytes", "ok after 6 skipped bytes", "end"] },
        Case { clause: "VI-7", input: b"\x03abc\x03abc\0",                          says: &["frame at byte 0: payload longer than the limit of 2 bytes", "frame at byte 4: payload longer than the limit of 2 bytes", " after 8 skipped bytes", "end"] },
        Case { clause: "VI-7", input: b"\x09ab",                                    says: &["frame at byte 0: payload longer than the limit of 2 bytes", "end after 3 skipped bytes"] },
        Case { clause: "VI-8", input: b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01rest", says: &["frame at byte 0: payload longer than the limit of 2 bytes", "end after 14 skipped bytes"] },
        Case { clause: "VI-4", input: b"\x03abc\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", says: &["frame at byte 0: payload longer than the limit of 2 bytes", "frame at byte 4: a length of more than 10 bytes"] },
    ]);
    varint(leb128(2).on_excess(OnExcess::Truncate)).table(&[
        Case { clause: "VI-7", input: b"\x01a\x84\0abcd\x02ok",                     says: &["a", "ab (truncated)", "ok after 2 skipped bytes", "end"] },
        Case { clause: "VI-7", input: b"\x03a",                                     says: &["frame at byte 0: the stream ended 2 bytes into the frame"] },
        Case { clause: "VI-7", input: b"\x03ab",                                    says: &["ab (truncated)", "end"] },
        Case { clause: "VI-7", input: b"\x03abc\x03a",                              says: &["ab (truncated)", "frame at byte 4: the stream ended 2 bytes into the frame"] },
    ]);
    varint(quic(1).offset(2).keep_header().on_excess(OnExcess::Truncate)).table(&[
        Case { clause: "VI-7", input: b"tt\x03abctt\x40\x02ab",                     says: &["tt\\x03a (truncated)", "tt@\\x02a (truncated) after 2 skipped bytes", "end after 1 skipped bytes"] },
    ]);
    varint(leb128(0).on_excess(OnExcess::Truncate)).table(&[
        Case { clause: "VI-7", input: b"\x02ab\0",                                  says: &[" (truncated)", " after 2 skipped bytes", "end"] },
    ]);
}

#[test]
fn vi_8_a_payload_within_the_limit_may_still_make_a_frame_that_cannot_be_counted() {
    let limit = usize::MAX;
    for on_excess in EXCESSES {
        let framer = leb128(limit).on_excess(on_excess);
        let lines = varint(framer).limits(usize::MAX, 1 << 20).check(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").lines();
        let counted = if usize::BITS == 64 || on_excess == OnExcess::Truncate { "frame" } else { "payload" };
        assert_eq!(lines[0], format!("frame at byte 0: {counted} longer than the limit of {limit} bytes"));
    }
    // What the limit allows of a longer one cannot be counted either, so that it cannot be truncated.
    let framer = leb128(limit - 1).on_excess(OnExcess::Truncate);
    let lines = varint(framer).limits(limit, 1 << 20).check(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").lines();
    assert_eq!(lines, [format!("frame at byte 0: frame longer than the limit of {limit} bytes")]);
}

#[test]
fn vi_10_messages_that_python_delimited_are_read_and_written() {
    let stream = include_bytes!("../fixtures/delimited.pb");
    let expected = include_str!("../fixtures/delimited.txt").lines().map(|line| {
        let (len, checksum) = line.split_once(' ').unwrap();
        (len.parse::<usize>().unwrap(), checksum.parse::<u32>().unwrap())
    });
    let expected: Vec<_> = expected.collect();
    let checksum = Crc::<u32>::new(&CRC_32_ISO_HDLC);
    let mut encoder = leb128(16384).minimal();
    let (mut engine, mut output) = (Engine::new(encoder.clone()), SegmentedBuf::new());
    let mut found = Vec::new();
    for chunk in stream.chunks(1000) {
        let mut frames = engine.feed(chunk).unwrap();
        while let Step::Frame(message, _) = frames.next_frame().unwrap() {
            found.push((message.len(), checksum.checksum(message)));
            output.send(&mut encoder, message).unwrap();
        }
    }
    assert_eq!(found, expected);
    assert!(matches!(engine.eof().next_frame(), Ok(Step::End(_))));
    assert!(output.segments().flatten().eq(stream), "the same messages are written as other bytes");
}

/// Settings of a framer, from numbers.
#[derive(Clone, Copy, Debug)]
struct Settings {
    form: VarintForm,
    offset: usize,
    keep: bool,
    minimal: bool,
    max: usize,
    on_excess: OnExcess,
}

impl Arbitrary for Settings {
    fn arbitrary(g: &mut Gen) -> Self {
        let form = *g.choose(&[VarintForm::Leb128, VarintForm::Mqtt, VarintForm::Quic]).unwrap();
        let max = *g.choose(&[0, 1, 2, 3, 3, 5, 130]).unwrap();
        let offset = usize::arbitrary(g) % 3;
        let on_excess = *g.choose(&EXCESSES).unwrap();
        Self { form, offset, keep: bool::arbitrary(g), minimal: bool::arbitrary(g), max, on_excess }
    }
}

/// What a varint says.
enum Told {
    Length { bytes: usize, value: u128 },
    Short,
    Fault(String),
}

impl Settings {
    fn framer(self) -> Varint {
        let framer = Varint::new(self.form, self.max).offset(self.offset).on_excess(self.on_excess);
        let framer = if self.keep { framer.keep_header() } else { framer };
        if self.minimal { framer.minimal() } else { framer }
    }

    /// The length at the front of these bytes, by the words of VI-1, VI-2, VI-4 and VI-5.
    fn told(self, bytes: &[u8]) -> Told {
        let most = if self.form == VarintForm::Mqtt { 4 } else { 10 };
        let (digits, value) = if self.form == VarintForm::Quic {
            let width = bytes.first().map_or(1, |first| [1, 2, 4, 8][usize::from(first / 64)]);
            let Some(digits) = bytes.get(..width) else { return Told::Short };
            (width, digits.iter().fold(0, |value, digit| value * 256 + u128::from(*digit)) % (1 << (8 * width - 2)))
        } else {
            match bytes.iter().take(most).position(|byte| *byte < 128) {
                Some(last) => (last + 1, bytes[..=last].iter().rev().fold(0, |value, digit| value * 128 + u128::from(*digit % 128))),
                None if bytes.len() >= most => return Told::Fault(format!("a length of more than {most} bytes")),
                None => return Told::Short,
            }
        };
        if value > u128::from(u64::MAX) {
            let found = bytes[9];
            return Told::Fault(format!("a length of more than 64 bits: expected at most 0x01 in its tenth byte, found {found:#04x}"));
        }
        let enough = match self.form {
            VarintForm::Quic => [1, 2, 4, 8].into_iter().find(|width| value < 1 << (8 * width - 2)),
            _ => (1..=10).find(|digits| value < 1 << (7 * digits)),
        };
        let enough = enough.unwrap();
        if self.minimal && digits > enough {
            return Told::Fault(format!("a length of {value} in {digits} bytes, but {enough} is enough"));
        }
        Told::Length { bytes: digits, value }
    }

    /// What comes out of a whole stream, by the words of VI-1 to VI-7.
    fn split_naively(self, stream: &[u8]) -> Vec<String> {
        let (mut at, mut skipped, mut lines) = (0, 0, Vec::new());
        let with = |says: String, skipped: usize| if skipped > 0 { format!("{says} after {skipped} skipped bytes") } else { says };
        while at < stream.len() {
            let rest = &stream[at..];
            let ended = format!("frame at byte {at}: the stream ended {} bytes into the frame", rest.len());
            let (header, value) = match self.told(rest.get(self.offset..).unwrap_or_default()) {
                Told::Length { bytes, value } => (self.offset + bytes, value),
                Told::Short => return [lines, vec![ended]].concat(),
                Told::Fault(fault) => return [lines, vec![format!("frame at byte {at}: {fault}")]].concat(),
            };
            let is_beyond = value > self.max as u128;
            if is_beyond && self.on_excess != OnExcess::Truncate {
                lines.push(format!("frame at byte {at}: payload longer than the limit of {} bytes", self.max));
                if self.on_excess == OnExcess::Fail {
                    return lines;
                }
            } else {
                let end = header + usize::try_from(value).unwrap_or(usize::MAX).min(self.max);
                let Some(frame) = rest.get(..end) else { return [lines, vec![ended]].concat() };
                let shown = text(&frame[if self.keep { 0 } else { header }..]);
                lines.push(with(if is_beyond { format!("{shown} (truncated)") } else { shown }, skipped));
                skipped = 0;
            }
            let shown = if is_beyond && self.on_excess == OnExcess::Discard { 0 } else { (header + self.max).min(rest.len()) };
            let len = usize::try_from(value).map_or(rest.len(), |payload| header.saturating_add(payload).min(rest.len()));
            if is_beyond {
                skipped += len - shown;
            }
            at += len;
        }
        lines.push(with("end".to_owned(), skipped));
        lines
    }

    /// A header for a payload of so many bytes, in the fewest.
    fn header(self, payload: usize) -> Vec<u8> {
        let mut header = vec![0; self.offset];
        match (self.form, payload) {
            (VarintForm::Quic, 0..64) => header.push(u8::try_from(payload).unwrap()),
            (VarintForm::Quic, _) => header.extend((0x4000 | u16::try_from(payload).unwrap()).to_be_bytes()),
            (_, 0..128) => header.push(u8::try_from(payload).unwrap()),
            _ => header.extend([u8::try_from(payload % 128).unwrap() | 128, u8::try_from(payload / 128).unwrap()]),
        }
        header
    }
}

/// Bytes that lengths are made of, and a few others.
#[derive(Clone, Debug)]
struct Lengths(Vec<u8>);

impl Arbitrary for Lengths {
    fn arbitrary(g: &mut Gen) -> Self {
        let len = usize::arbitrary(g) % (g.size() + 1);
        let plain = b"\0\0\0\0\x01\x01\x02\x03\x04a\x40\x40\x80\x80\x80\x81\x82\xc0\xff";
        let letters: &[u8] = if u8::arbitrary(g) % 3 == 0 { b"\x80\x80\x80\x80\x80\x80\x80\x80\0\x01\x7f" } else { plain };
        Self((0..len).map(|_| *g.choose(letters).unwrap()).collect())
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        Box::new(self.0.shrink().map(Self))
    }
}

#[test]
fn vi_3_frames_are_those_of_a_naive_splitter() {
    let compare = |Lengths(input), settings: Settings| {
        let found = varint(settings.framer()).check(&input).lines();
        let expected = settings.split_naively(&input);
        assert_eq!(found, expected, "{}", text(&input));
        true
    };
    property(50, 700, compare as fn(Lengths, Settings) -> bool);
}

#[test]
fn vi_9_a_payload_is_written_exactly_if_it_is_read_so() {
    let check = |payloads: Vec<Lengths>, settings: Settings| {
        let mut payloads: Vec<Vec<u8>> = payloads.into_iter().map(|Lengths(bytes)| bytes).collect();
        // Around where another byte is needed and the limit is, bare and with the right header.
        let lengths = (0..8).chain(62..67).chain(125..133);
        payloads.extend(lengths.clone().map(|len| vec![0; len]));
        payloads.extend(lengths.map(|len| [settings.header(len), vec![b'x'; len]].concat()));
        let write = |payload: &[u8]| if settings.keep { payload.to_vec() } else { [&settings.header(payload.len()), payload].concat() };
        check_encoding(|| settings.framer(), <[u8]>::to_vec, write, &payloads);
        true
    };
    property(14, 600, check as fn(Vec<Lengths>, Settings) -> bool);
}

#[test]
fn vi_9_refusals_say_why() {
    let refused = |mut framer: Varint, message: &[u8]| SegmentedBuf::new().send(&mut framer, message).unwrap_err().error;
    let packets = mqtt(3).offset(1).keep_header();
    assert_eq!(refused(packets.clone(), b"t"), EncodeError::Fault(Unframable::TooShort { found: 1, expected: 2 }));
    assert_eq!(refused(packets.clone(), b"t\x80"), EncodeError::Fault(Unframable::NoLength));
    assert_eq!(refused(packets.clone(), b"t\x80\x80\x80\x80"), EncodeError::Fault(Unframable::NoLength));
    assert_eq!(refused(packets.clone().minimal(), b"t\x81\0a"), EncodeError::Fault(Unframable::NoLength));
    assert_eq!(refused(packets.clone(), b"t\x02a"), EncodeError::Fault(Unframable::WrongLength { found: 2, expected: 1 }));
    assert_eq!(refused(packets, b"t\x04abcd"), EncodeError::TooLarge { what: "payload", limit: 3 });
    // What MQTT can tell is less than the limit.
    let too_long = vec![0; 1 << 28];
    assert_eq!(refused(mqtt(usize::MAX), &too_long), EncodeError::TooLarge { what: "payload", limit: (1 << 28) - 1 });
    assert_eq!(Unframable::NoLength.to_string(), "the header that the payload brings tells no length");
}
