//! Length fields.

use framewright::framing::{Checksum, Counts, LengthField, LengthFieldBuilder, OnExcess, SettingsError, Width};
use framewright::testkit::{Case, Kit, text};
use quickcheck::{Arbitrary, Gen};

use super::{Stream, check_encoding, property};

fn length(builder: LengthFieldBuilder) -> Kit<LengthField, impl Fn() -> LengthField> {
    Kit::new(move || builder.build().unwrap(), |frame| text(frame))
}

#[rustfmt::skip]
#[test]
fn lengths_of_every_width_and_order() {
    let payload = |width| LengthField::builder(width, Counts::Payload, 3);
    length(payload(Width::U8)).table(&[
        Case { clause: "LF-1", input: b"\0\x01a\x03abc",                  says: &["", "a", "abc", "end"] },
        Case { clause: "LF-4", input: b"\x03abc\x04",                     says: &["abc", "frame at byte 4: payload longer than the limit of 3 bytes"] },
        Case { clause: "LF-4", input: b"\x03ab",                          says: &["frame at byte 0: the stream ended 3 bytes into the frame"] },
    ]);
    length(payload(Width::U16)).table(&[
        Case { clause: "LF-1", input: b"\0\x02ab\0\0\0\x01c",             says: &["ab", "", "c", "end"] },
        Case { clause: "LF-1", input: b"\0",                              says: &["frame at byte 0: the stream ended 1 bytes into the frame"] },
        Case { clause: "LF-4", input: b"\x01\0",                          says: &["frame at byte 0: payload longer than the limit of 3 bytes"] },
    ]);
    length(payload(Width::U16).little_endian()).table(&[
        Case { clause: "LF-1", input: b"\x02\0ab\x01\0c\0\0",             says: &["ab", "c", "", "end"] },
        Case { clause: "LF-4", input: b"\0\x01",                          says: &["frame at byte 0: payload longer than the limit of 3 bytes"] },
    ]);
    length(payload(Width::U24)).table(&[
        Case { clause: "LF-1", input: b"\0\0\x02ab",                      says: &["ab", "end"] },
        Case { clause: "LF-4", input: b"\x01\0\x01",                      says: &["frame at byte 0: payload longer than the limit of 3 bytes"] },
    ]);
    length(payload(Width::U24).little_endian()).table(&[
        Case { clause: "LF-1", input: b"\x02\0\0ab\x01\0\0c",             says: &["ab", "c", "end"] },
    ]);
    length(payload(Width::U32)).table(&[
        Case { clause: "LF-1", input: b"\0\0\0\x02ab\0\0\0\0",            says: &["ab", "", "end"] },
        Case { clause: "LF-4", input: b"\x80\0\0\0",                      says: &["frame at byte 0: payload longer than the limit of 3 bytes"] },
    ]);
    length(payload(Width::U32).little_endian()).table(&[
        Case { clause: "LF-1", input: b"\x02\0\0\0ab",                    says: &["ab", "end"] },
    ]);
    length(payload(Width::U64)).table(&[
        Case { clause: "LF-1", input: b"\0\0\0\0\0\0\0\x02ab",            says: &["ab", "end"] },
        Case { clause: "LF-7", input: b"\xff\xff\xff\xff\xff\xff\xff\xff", says: &["frame at byte 0: payload longer than the limit of 3 bytes"] },
        Case { clause: "LF-7", input: b"\0\0\0\x01\0\0\0\0",              says: &["frame at byte 0: payload longer than the limit of 3 bytes"] },
    ]);
    length(payload(Width::U64).little_endian()).table(&[
        Case { clause: "LF-1", input: b"\x02\0\0\0\0\0\0\0ab",            says: &["ab", "end"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn lengths_that_count_other_things() {
    length(LengthField::builder(Width::U8, Counts::Frame, 9).offset(1)).table(&[
        Case { clause: "LF-2", input: b"t\x02t\x04abt\x02",               says: &["", "ab", "", "end"] },
        Case { clause: "LF-6", input: b"t\x02t\x01",                      says: &["", "frame at byte 2: a length of 1 is too small, header and trailer need 2 at least"] },
        Case { clause: "LF-6", input: b"t\0t\0t\0",                       says: &["frame at byte 0: a length of 0 is too small, header and trailer need 2 at least"] },
    ]);
    length(LengthField::builder(Width::U8, Counts::Adjusted(-1), 9).offset(1).keep_header()).table(&[
        Case { clause: "LF-2", input: b"t\x01t\x03ab",                    says: &["t\\x01", "t\\x03ab", "end"] },
        Case { clause: "LF-6", input: b"t\0",                             says: &["frame at byte 0: a length of 0 is too small, header and trailer need 1 at least"] },
    ]);
    length(LengthField::builder(Width::U8, Counts::Adjusted(-5), 9)).table(&[
        Case { clause: "LF-6", input: b"\x05\x06a\x04",                   says: &["", "a", "frame at byte 3: a length of 4 is too small, header and trailer need 5 at least"] },
    ]);
    length(LengthField::builder(Width::U8, Counts::Adjusted(2), 4)).table(&[
        Case { clause: "LF-2", input: b"\0ab\x01abc\x03",                 says: &["ab", "abc", "frame at byte 7: payload longer than the limit of 4 bytes"] },
    ]);
    length(LengthField::builder(Width::U8, Counts::Payload, 9).header(3).trailer(2)).table(&[
        Case { clause: "LF-3", input: b"\x02hhabtt\0hhtt",                says: &["ab", "", "end"] },
    ]);
    length(LengthField::builder(Width::U8, Counts::Frame, 9).header(2).trailer(1).keep_trailer()).table(&[
        Case { clause: "LF-3", input: b"\x05habt\x03ht",                  says: &["abt", "t", "end"] },
        Case { clause: "LF-6", input: b"\x02h",                           says: &["frame at byte 0: a length of 2 is too small, header and trailer need 3 at least"] },
    ]);
    length(LengthField::builder(Width::U8, Counts::Payload, 5).trailer(1).keep_header().keep_trailer()).table(&[
        Case { clause: "LF-3", input: b"\x03abct",                        says: &["\\x03abct", "end"] },
        Case { clause: "LF-4", input: b"\x04",                            says: &["frame at byte 0: frame longer than the limit of 5 bytes"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn lengths_beyond_the_limit_are_discarded() {
    let discard = LengthField::builder(Width::U8, Counts::Payload, 2).on_excess(OnExcess::Discard);
    length(discard).table(&[
        Case { clause: "LF-5", input: b"\x01a\x04abcd\x02ok",             says: &["a", "frame at byte 2: payload longer than the limit of 2 bytes", "ok after 5 skipped bytes", "end"] },
        Case { clause: "LF-5", input: b"\x03abc\x03abc\0",                says: &["frame at byte 0: payload longer than the limit of 2 bytes", "frame at byte 4: payload longer than the limit of 2 bytes", " after 8 skipped bytes", "end"] },
        Case { clause: "LF-5", input: b"\x09ab",                          says: &["frame at byte 0: payload longer than the limit of 2 bytes", "end after 3 skipped bytes"] },
    ]);
    length(LengthField::builder(Width::U64, Counts::Payload, 2).on_excess(OnExcess::Discard)).table(&[
        Case { clause: "LF-7", input: b"\xff\xff\xff\xff\xff\xff\xff\xffrest", says: &["frame at byte 0: payload longer than the limit of 2 bytes", "end after 12 skipped bytes"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn lengths_beyond_the_limit_are_truncated() {
    let truncate = |builder: LengthFieldBuilder| length(builder.on_excess(OnExcess::Truncate));
    truncate(LengthField::builder(Width::U8, Counts::Payload, 2).trailer(1)).table(&[
        Case { clause: "LF-5", input: b"\x01a.\x04abcd.\x02ok.",        says: &["a", "ab (truncated)", "ok after 3 skipped bytes", "end"] },
        Case { clause: "LF-5", input: b"\x03abc.\x03a",                 says: &["ab (truncated)", "frame at byte 5: the stream ended 2 bytes into the frame"] },
        Case { clause: "LF-5", input: b"\x03ab",                        says: &["ab (truncated)", "end"] },
    ]);
    truncate(LengthField::builder(Width::U8, Counts::Payload, 3).offset(1).keep_header().keep_trailer().trailer(1)).table(&[
        Case { clause: "LF-5", input: b"a\x00.b\x01!.c\x05",             says: &["a\\x00.", "b\\x01! (truncated)", "frame at byte 7: the stream ended 2 bytes into the frame"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn lengths_with_a_checksum() {
    fn sum(parts: &[&[u8]]) -> u64 {
        parts.iter().flat_map(|part| part.iter()).map(|byte| u64::from(*byte)).sum()
    }
    let checked = |checksum| LengthField::builder(Width::U8, Counts::Payload, 5).checksum(checksum);
    length(checked(Checksum::new(Width::U16, sum))).table(&[
        Case { clause: "LF-10", input: b"\x02\x01\x02\0\x05\0\0\0",           says: &["\\x01\\x02", "", "end"] },
        Case { clause: "LF-10", input: b"\x01\x01\x01\x02\x01\x02\0\x03",     says: &["frame at byte 0: a checksum of 0x102, but 0x2 is right", "\\x02 after 4 skipped bytes", "end"] },
        Case { clause: "LF-10", input: b"\x02\x01\x02\0",                     says: &["frame at byte 0: the stream ended 4 bytes into the frame"] },
    ]);
    length(checked(Checksum::new(Width::U16, sum).little_endian().from(1)).trailer(3).keep_trailer().keep_header()).table(&[
        Case { clause: "LF-10", input: b"\x01\x01\x01\0;",                    says: &["\\x01\\x01\\x01\\x00;", "end"] },
        Case { clause: "LF-10", input: b"\x01\x01\0\x01;",                    says: &["frame at byte 0: a checksum of 0x100, but 0x1 is right", "end after 5 skipped bytes"] },
    ]);
    // Wider than what is computed.
    length(checked(Checksum::new(Width::U8, |_| 0x1ff))).table(&[
        Case { clause: "LF-10", input: b"\0\xff",                              says: &["", "end"] },
    ]);
    let refused = |builder: LengthFieldBuilder| builder.build().err();
    let sum = Checksum::new(Width::U16, sum);
    assert_eq!(refused(checked(sum).trailer(1)), Some(SettingsError::TrailerTooShort { trailer: 1, checksum: 2 }));
    assert_eq!(refused(checked(sum.from(2))), Some(SettingsError::CoversTooLittle { from: 2, header: 1 }));
    assert_eq!(refused(checked(sum.from(1)).on_excess(OnExcess::Truncate)), Some(SettingsError::TruncatedUnchecked));
}

#[test]
fn lf_7_a_payload_within_the_limit_may_still_make_a_frame_that_cannot_be_counted() {
    // Where `usize` has 64 bits, the payload is not above the limit, but the frame is above what can be counted.
    let limit = usize::MAX;
    let expected = match u64::try_from(limit) {
        Ok(u64::MAX) => format!("frame at byte 0: frame longer than the limit of {limit} bytes"),
        _ => format!("frame at byte 0: payload longer than the limit of {limit} bytes"),
    };
    let builder = LengthField::builder(Width::U64, Counts::Payload, limit).on_excess(OnExcess::Discard);
    let lines = length(builder).limits(usize::MAX, 1 << 20).check(b"\xff\xff\xff\xff\xff\xff\xff\xff").lines();
    assert_eq!(lines[0], expected);
}

#[test]
fn lf_8_settings_that_no_frame_can_satisfy_are_refused() {
    let refused = |builder: LengthFieldBuilder| builder.build().err();
    let payload = |width, max| LengthField::builder(width, Counts::Payload, max);
    assert_eq!(refused(payload(Width::U32, 9).offset(2).header(5)), Some(SettingsError::HeaderTooShort { header: 5, field_end: 6 }));
    assert_eq!(refused(payload(Width::U8, 1).offset(1).keep_header()), Some(SettingsError::LimitTooSmall { limit: 1, shortest: 2 }));
    assert_eq!(refused(payload(Width::U8, 2).offset(1).keep_header()), None);
    let counts = |counts, header: usize| LengthField::builder(Width::U8, counts, 999).header(header);
    assert_eq!(refused(counts(Counts::Frame, 256)), Some(SettingsError::NeverLongEnough { longest: 255, around: 256 }));
    assert_eq!(refused(counts(Counts::Frame, 255)), None);
    assert_eq!(refused(counts(Counts::Adjusted(-256), 1)), Some(SettingsError::NeverLongEnough { longest: 0, around: 1 }));
    assert_eq!(refused(counts(Counts::Adjusted(-255), 1)), None);
    assert_eq!(refused(counts(Counts::Adjusted(2000), 1)), Some(SettingsError::LimitTooSmall { limit: 999, shortest: 2001 }));
    assert_eq!(refused(counts(Counts::Adjusted(i64::MAX), 1)), Some(SettingsError::TooLarge));
    assert_eq!(refused(payload(Width::U8, 9).offset(usize::MAX)), Some(SettingsError::TooLarge));
    assert_eq!(refused(payload(Width::U8, 9).trailer(usize::MAX)), Some(SettingsError::TooLarge));
}

/// Settings of a length field, from numbers.
#[derive(Clone, Copy, Debug)]
struct Settings {
    width: usize,
    little: bool,
    offset: usize,
    beyond: usize,
    trailer: usize,
    counts: Counts,
    keep: (bool, bool),
    max: usize,
}

impl Arbitrary for Settings {
    fn arbitrary(g: &mut Gen) -> Self {
        let mut below = |n: usize| usize::arbitrary(g) % n;
        let counts = match below(4) {
            0 => Counts::Frame,
            1 => Counts::Adjusted(4 - i64::try_from(below(12)).unwrap_or(0)),
            _ => Counts::Payload,
        };
        let keep = (below(2) == 0, below(2) == 0);
        Self { width: below(5), little: below(2) == 0, offset: below(3), beyond: below(3), trailer: below(3), counts, keep, max: below(12) }
    }
}

impl Settings {
    const WIDTHS: [(Width, usize); 5] = [(Width::U8, 1), (Width::U16, 2), (Width::U24, 3), (Width::U32, 4), (Width::U64, 8)];

    fn framer(self) -> Result<LengthField, SettingsError> {
        let (width, bytes) = Self::WIDTHS[self.width];
        let header = self.offset + bytes + self.beyond;
        let mut builder = LengthField::builder(width, self.counts, self.max).offset(self.offset).header(header).trailer(self.trailer);
        builder = if self.little { builder.little_endian() } else { builder };
        builder = if self.keep.0 { builder.keep_header() } else { builder };
        builder = if self.keep.1 { builder.keep_trailer() } else { builder };
        builder.build()
    }

    /// What a payload is written as, whether it is read so or not.
    fn write_naively(self, payload: &[u8]) -> Vec<u8> {
        let (_, bytes) = Self::WIDTHS[self.width];
        let (head, tail) = (self.offset + bytes + self.beyond, self.trailer);
        let len = payload.len() + if self.keep.0 { 0 } else { head } + if self.keep.1 { 0 } else { tail };
        let value = i64::try_from(len).unwrap()
            - match self.counts {
                Counts::Payload => i64::try_from(head + tail).unwrap(),
                Counts::Frame => 0,
                Counts::Adjusted(adjustment) => i64::try_from(self.offset + bytes).unwrap() + adjustment,
            };
        let mut header = vec![0; head];
        for (at, to) in header[self.offset..self.offset + bytes].iter_mut().enumerate() {
            *to = if self.little { value.to_le_bytes()[at] } else { value.to_be_bytes()[8 - bytes + at] };
        }
        let header = if self.keep.0 { vec![] } else { header };
        [&header, payload, &vec![0; if self.keep.1 { 0 } else { tail }]].concat()
    }

    /// The frames of a whole stream, by the words of LF-1 to LF-6.
    fn split_naively(self, mut stream: &[u8]) -> Vec<String> {
        let (_, bytes) = Self::WIDTHS[self.width];
        let (field_end, mut frames) = (self.offset + bytes, Vec::new());
        let header = field_end + self.beyond;
        let around = i128::try_from(header + self.trailer).unwrap();
        while !stream.is_empty() {
            let Some(field) = stream.get(self.offset..field_end) else { return [frames, vec!["truncated".to_owned()]].concat() };
            let digits: Vec<u8> = if self.little { field.iter().rev().copied().collect() } else { field.to_vec() };
            let value = digits.iter().fold(0_i128, |value, digit| value * 256 + i128::from(*digit));
            let frame = match self.counts {
                Counts::Payload => value + around,
                Counts::Frame => value,
                Counts::Adjusted(adjustment) => i128::try_from(field_end).unwrap() + value + i128::from(adjustment),
            };
            let (from, until) = (if self.keep.0 { 0 } else { header }, if self.keep.1 { 0 } else { self.trailer });
            if frame < around {
                return [frames, vec!["too short".to_owned()]].concat();
            }
            if frame - i128::try_from(from + until).unwrap() > i128::try_from(self.max).unwrap() {
                return [frames, vec!["too long".to_owned()]].concat();
            }
            let len = usize::try_from(frame).unwrap();
            let Some(whole) = stream.get(..len) else { return [frames, vec!["truncated".to_owned()]].concat() };
            frames.push(text(&whole[from..len - until]));
            stream = &stream[len..];
        }
        [frames, vec!["end".to_owned()]].concat()
    }
}

#[test]
fn lf_2_frames_are_those_of_a_naive_splitter() {
    let compare = |Stream(input), settings: Settings| {
        let Ok(framer) = settings.framer() else { return true };
        let mut found = Kit::new(|| framer.clone(), |frame| text(frame)).check(&input).lines();
        if let Some(last) = found.last_mut() {
            let short = [("the stream ended", "truncated"), ("too small", "too short"), ("longer than", "too long")];
            if let Some((_, name)) = short.iter().find(|(part, _)| last.contains(part)) {
                (*name).clone_into(last);
            }
        }
        found == settings.split_naively(&input)
    };
    property(80, 500, compare as fn(Stream, Settings) -> bool);
}

#[test]
fn lf_9_a_payload_is_written_exactly_if_it_is_read_so() {
    let check = |payloads: Vec<Stream>, settings: Settings, max: bool| {
        let settings = Settings { max: if max { 400 } else { settings.max }, ..settings };
        let Ok(framer) = settings.framer() else { return true };
        let mut payloads: Vec<Vec<u8>> = payloads.into_iter().map(|Stream(bytes)| bytes).collect();
        // Beyond what a byte can tell, and, where the header is kept, with the right length in it.
        payloads.extend((240..=260).map(|len| vec![0; len]));
        payloads.extend((0..16).map(|len| Settings { keep: (false, settings.keep.1), ..settings }.write_naively(&vec![0; len])));
        check_encoding(|| framer.clone(), <[u8]>::to_vec, |payload| settings.write_naively(payload), &payloads);
        true
    };
    property(12, 1000, check as fn(Vec<Stream>, Settings, bool) -> bool);
}
