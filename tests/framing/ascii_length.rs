//! Lengths in digits.

use framewright::framing::{AsciiLength, Base, OnExcess, SettingsError};
use framewright::testkit::{Case, Kit, text};
use quickcheck::{Arbitrary, Gen};

use super::{EXCESSES, check_encoding, property};

fn digits(framer: AsciiLength) -> Kit<AsciiLength, impl Fn() -> AsciiLength> {
    Kit::new(move || framer.clone(), |frame| text(frame))
}

fn decimal(terminator: &str, max_payload: usize) -> AsciiLength {
    AsciiLength::new(Base::Decimal, terminator, max_payload).unwrap()
}

fn hex(terminator: &str, max_payload: usize) -> AsciiLength {
    AsciiLength::new(Base::Hex, terminator, max_payload).unwrap()
}

#[rustfmt::skip]
#[test]
fn decimal_lengths() {
    digits(decimal(" ", 12)).table(&[
        Case { clause: "AL-1", input: b"",                              says: &["end"] },
        Case { clause: "AL-1", input: b"0 ",                            says: &["", "end"] },
        Case { clause: "AL-1", input: b"1 a0 3 1 a12 123456789 ab",     says: &["a", "", "1 a", "123456789 ab", "end"] },
        Case { clause: "AL-1", input: b"1 a1",                          says: &["a", "frame at byte 3: the stream ended 1 bytes into the frame"] },
        Case { clause: "AL-1", input: b"2 ",                            says: &["frame at byte 0: the stream ended 2 bytes into the frame"] },
        Case { clause: "AL-1", input: b"2 a",                           says: &["frame at byte 0: the stream ended 3 bytes into the frame"] },
        Case { clause: "AL-2", input: b"00000000000000000001 a01 b00 ", says: &["a", "b", "", "end"] },
        Case { clause: "AL-3", input: b" ",                             says: &["frame at byte 0: expected a digit, found 0x20"] },
        Case { clause: "AL-3", input: b"1 aa",                          says: &["a", "frame at byte 3: expected a digit, found 0x61"] },
        Case { clause: "AL-3", input: b"-1 ",                           says: &["frame at byte 0: expected a digit, found 0x2d"] },
        Case { clause: "AL-3", input: b"0 1a",                          says: &["", "frame at byte 2: expected ' ' after the length, found 0x61"] },
        Case { clause: "AL-4", input: b"0 000000000000000000001",       says: &["", "frame at byte 2: a length of more than 20 digits"] },
        Case { clause: "AL-4", input: b"000000000000000000000",         says: &["frame at byte 0: a length of more than 20 digits"] },
        Case { clause: "AL-6", input: b"13",                            says: &["frame at byte 0: payload longer than the limit of 12 bytes"] },
        Case { clause: "AL-6", input: b"0 0002",                        says: &["", "frame at byte 2: the stream ended 4 bytes into the frame"] },
        Case { clause: "AL-6", input: b"0 00020",                       says: &["", "frame at byte 2: payload longer than the limit of 12 bytes"] },
    ]);
    digits(decimal(" ", 0)).table(&[
        Case { clause: "AL-6", input: b"0 0 1",                         says: &["", "", "frame at byte 4: payload longer than the limit of 0 bytes"] },
    ]);
    digits(decimal("abc", 3)).table(&[
        Case { clause: "AL-1", input: b"1abca0abc3abcabc",              says: &["a", "", "abc", "end"] },
        Case { clause: "AL-1", input: b"0ab",                           says: &["frame at byte 0: the stream ended 3 bytes into the frame"] },
        Case { clause: "AL-3", input: b"0ac",                           says: &["frame at byte 0: expected 'b' after the length, found 0x63"] },
        Case { clause: "AL-3", input: b"0a1",                           says: &["frame at byte 0: expected 'b' after the length, found 0x31"] },
        Case { clause: "AL-3", input: b"0abc1aba",                      says: &["", "frame at byte 4: expected 'c' after the length, found 0x61"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn hexadecimal_lengths() {
    digits(hex("\r\n", 26)).table(&[
        Case { clause: "AL-2", input: b"a\r\n0123456789A\r\nabcdefghij0\r\n", says: &["0123456789", "abcdefghij", "", "end"] },
        Case { clause: "AL-2", input: b"0000000000000001\r\na1a\r\nabcdefghijklmnopqrstuvwxyz", says: &["a", "abcdefghijklmnopqrstuvwxyz", "end"] },
        Case { clause: "AL-3", input: b"g\r\n",                         says: &["frame at byte 0: expected a digit, found 0x67"] },
        Case { clause: "AL-3", input: b"0\r\n0\n",                      says: &["", "frame at byte 3: expected '\\r' after the length, found 0x0a"] },
        Case { clause: "AL-3", input: b"0\rx",                          says: &["frame at byte 0: expected '\\n' after the length, found 0x78"] },
        Case { clause: "AL-4", input: b"00000000000000000",             says: &["frame at byte 0: a length of more than 16 digits"] },
        Case { clause: "AL-6", input: b"1b",                            says: &["frame at byte 0: payload longer than the limit of 26 bytes"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn trailers() {
    digits(decimal(";", 3).trailer("\r\n")).table(&[
        Case { clause: "AL-1", input: b"1;a\r\n0;\r\n3;\r\n;\r\n",      says: &["a", "", "\\r\\n;", "end"] },
        Case { clause: "AL-1", input: b"1;a",                           says: &["frame at byte 0: the stream ended 3 bytes into the frame"] },
        Case { clause: "AL-1", input: b"1;a\r\n1;a\r",                  says: &["a", "frame at byte 5: the stream ended 4 bytes into the frame"] },
        Case { clause: "AL-5", input: b"1;ab",                          says: &["frame at byte 0: expected '\\r' after the payload, found 0x62"] },
        Case { clause: "AL-5", input: b"0;\r\n1;a\r\r",                 says: &["", "frame at byte 4: expected '\\n' after the payload, found 0x0d"] },
    ]);
    // The limit of the engine, which counts the trailer too, is reached before the trailer can be wrong.
    digits(decimal(";", 9).trailer("!!!")).limits(4, 64).table(&[
        Case { clause: "AL-1", input: b"0;!!!",                         says: &["frame at byte 0: frame longer than the limit of 4 bytes"] },
        Case { clause: "AL-5", input: b"0;!a",                          says: &["frame at byte 0: expected '!' after the payload, found 0x61"] },
        Case { clause: "AL-1", input: b"2;",                            says: &["frame at byte 0: frame longer than the limit of 4 bytes"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn payloads_beyond_the_limit() {
    digits(decimal(";;", 2).trailer("!").on_excess(OnExcess::Discard)).table(&[
        Case { clause: "AL-7", input: b"1;;a!003;;abc!2;;ok!",          says: &["a", "frame at byte 5: payload longer than the limit of 2 bytes", "ok after 9 skipped bytes", "end"] },
        Case { clause: "AL-7", input: b"3;;abcx3;;abc!0;;!",            says: &["frame at byte 0: payload longer than the limit of 2 bytes", "frame at byte 7: payload longer than the limit of 2 bytes", " after 14 skipped bytes", "end"] },
        Case { clause: "AL-7", input: b"9;;a",                          says: &["frame at byte 0: payload longer than the limit of 2 bytes", "end after 4 skipped bytes"] },
        Case { clause: "AL-7", input: b"9;",                            says: &["frame at byte 0: the stream ended 2 bytes into the frame"] },
        Case { clause: "AL-3", input: b"9;a",                           says: &["frame at byte 0: expected ';' after the length, found 0x61"] },
        Case { clause: "AL-4", input: b"999999999999999999999",         says: &["frame at byte 0: a length of more than 20 digits"] },
        Case { clause: "AL-7", input: b"99999999999999999999;;abc",     says: &["frame at byte 0: payload longer than the limit of 2 bytes", "end after 25 skipped bytes"] },
    ]);
    digits(hex(";", 2).trailer("!").on_excess(OnExcess::Truncate)).table(&[
        Case { clause: "AL-7", input: b"1;a!003;abc!2;ok!",             says: &["a", "ab (truncated)", "ok after 2 skipped bytes", "end"] },
        Case { clause: "AL-7", input: b"3;abcx1;a.",                    says: &["ab (truncated)", "frame at byte 6: expected '!' after the payload, found 0x2e"] },
        Case { clause: "AL-7", input: b"3;a",                           says: &["frame at byte 0: the stream ended 3 bytes into the frame"] },
        Case { clause: "AL-7", input: b"3;ab",                          says: &["ab (truncated)", "end"] },
        Case { clause: "AL-7", input: b"fffffffffffffffF;ab",           says: &["ab (truncated)", "end"] },
    ]);
    digits(hex(";", 0).on_excess(OnExcess::Truncate)).table(&[
        Case { clause: "AL-7", input: b"1;a0;",                         says: &[" (truncated)", " after 1 skipped bytes", "end"] },
    ]);
}

#[test]
fn al_6_lengths_that_cannot_be_counted_are_refused_as_too_large() {
    let limit = usize::MAX;
    let line = |input: &[u8]| digits(decimal(";", limit)).limits(limit, 1 << 20).check(input).lines().remove(0);
    // As many bytes as can be counted are within the limit, but not with what is around them.
    assert_eq!(line(format!("{limit};").as_bytes()), format!("frame at byte 0: frame longer than the limit of {limit} bytes"));
    assert_eq!(line(b"18446744073709551616"), format!("frame at byte 0: payload longer than the limit of {limit} bytes"));
}

#[test]
fn al_8_terminators_that_cannot_be_told_from_digits_are_refused() {
    let refused = |base, terminator: &str| AsciiLength::new(base, terminator, 9).err();
    assert_eq!(refused(Base::Decimal, ""), Some(SettingsError::NoTerminator));
    assert_eq!(refused(Base::Decimal, "0;"), Some(SettingsError::TerminatorIsDigit { found: b'0' }));
    assert_eq!(refused(Base::Decimal, "a"), None);
    assert_eq!(refused(Base::Hex, "a"), Some(SettingsError::TerminatorIsDigit { found: b'a' }));
    assert_eq!(refused(Base::Hex, "F"), Some(SettingsError::TerminatorIsDigit { found: b'F' }));
    assert_eq!(refused(Base::Hex, "x1"), None);
    assert_eq!(SettingsError::TerminatorIsDigit { found: b'0' }.to_string(), "the terminator begins with a digit, 0x30");
}

/// Settings of a framer, from numbers.
#[derive(Clone, Copy, Debug)]
struct Settings {
    base: Base,
    terminator: &'static str,
    trailer: &'static str,
    max: usize,
    on_excess: OnExcess,
}

impl Arbitrary for Settings {
    fn arbitrary(g: &mut Gen) -> Self {
        Self {
            base: *g.choose(&[Base::Decimal, Base::Hex]).unwrap(),
            terminator: g.choose(&[";", ";;", ";1", ";,;"]).unwrap(),
            trailer: g.choose(&["", ",", ",;", "1;"]).unwrap(),
            max: *g.choose(&[0, 1, 2, 3, 12, 20]).unwrap(),
            on_excess: *g.choose(&EXCESSES).unwrap(),
        }
    }
}

impl Settings {
    fn framer(self) -> AsciiLength {
        AsciiLength::new(self.base, self.terminator, self.max).unwrap().trailer(self.trailer).on_excess(self.on_excess)
    }

    /// What comes out of a whole stream, by the words of AL-1 to AL-7.
    fn split_naively(self, stream: &[u8]) -> Vec<String> {
        let (radix, most) = if self.base == Base::Hex { (16, 16) } else { (10, 20) };
        let too_long = format!("payload longer than the limit of {} bytes", self.max);
        let with = |says: String, skipped: usize| if skipped > 0 { format!("{says} after {skipped} skipped bytes") } else { says };
        let (mut at, mut skipped, mut lines) = (0, 0, Vec::new());
        while at < stream.len() {
            let rest = &stream[at..];
            let fails = |why: &str| [&lines[..], &[format!("frame at byte {at}: {why}")]].concat();
            let ended = format!("the stream ended {} bytes into the frame", rest.len());
            // The first byte of a literal that is not there, or is another.
            let differs = |literal: &str, from: usize, place: &str| {
                let (nth, expected) = literal.bytes().enumerate().find(|(nth, byte)| rest.get(from + nth) != Some(byte))?;
                let Some(found) = rest.get(from + nth) else { return Some(ended.clone()) };
                Some(format!("expected '{}' after the {place}, found {found:#04x}", expected.escape_ascii()))
            };
            let count = rest.iter().take_while(|byte| char::from(**byte).is_digit(radix)).count();
            let value = |count: usize| u128::from_str_radix(std::str::from_utf8(&rest[..count]).unwrap(), radix).unwrap();
            if self.on_excess == OnExcess::Fail && (1..=count.min(most)).any(|count| value(count) > self.max as u128) {
                return fails(&too_long);
            }
            if count == 0 {
                return fails(&format!("expected a digit, found {:#04x}", rest[0]));
            }
            if count > most {
                return fails(&format!("a length of more than {most} digits"));
            }
            if let Some(why) = differs(self.terminator, count, "length") {
                return fails(&why);
            }
            let start = count + self.terminator.len();
            let payload = usize::try_from(value(count)).unwrap_or(usize::MAX);
            let end = start.saturating_add(payload);
            let len = end.saturating_add(self.trailer.len()).min(rest.len());
            if payload <= self.max {
                let Some(shown) = rest.get(start..end) else { return fails(&ended) };
                if let Some(why) = differs(self.trailer, end, "payload") {
                    return fails(&why);
                }
                lines.push(with(text(shown), skipped));
                skipped = 0;
            } else if self.on_excess == OnExcess::Discard {
                lines.push(format!("frame at byte {at}: {too_long}"));
                skipped += len;
            } else {
                let Some(shown) = rest.get(start..start + self.max) else { return fails(&ended) };
                lines.push(with(format!("{} (truncated)", text(shown)), skipped));
                skipped = len - start - self.max;
            }
            at += len;
        }
        lines.push(with("end".to_owned(), skipped));
        lines
    }
}

/// Frames that are mostly well formed.
#[derive(Clone, Debug)]
struct Chunks(Vec<u8>);

impl Chunks {
    fn of(settings: Settings, bytes: &[u8]) -> Vec<u8> {
        let mut stream = Vec::new();
        for frame in bytes.chunks(6) {
            let len = usize::from(frame[0] % 24);
            let zeros = "0".repeat(usize::from(frame.get(1).map_or(0, |byte| byte.saturating_sub(232))));
            let length = if settings.base == Base::Hex { format!("{len:x}") } else { len.to_string() };
            let payload = &b";,1;;1,;0;abc,,1;,;;1;1;x"[..len];
            stream.extend(
                [zeros.as_bytes(), length.as_bytes(), settings.terminator.as_bytes(), payload, settings.trailer.as_bytes()].concat(),
            );
            // Something else, now and then.
            if let Some(odd @ 0..64) = frame.get(2) {
                let at = stream.len() * usize::from(*odd) / 64;
                stream[at] = b"0123;,a/"[usize::from(frame.get(3).map_or(0, |byte| byte % 8))];
            }
        }
        stream
    }
}

impl Arbitrary for Chunks {
    fn arbitrary(g: &mut Gen) -> Self {
        let len = usize::arbitrary(g) % (g.size() + 1);
        Self((0..len).map(|_| u8::arbitrary(g)).collect())
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        Box::new(self.0.shrink().map(Self))
    }
}

#[test]
fn al_1_frames_are_those_of_a_naive_splitter() {
    let compare = |Chunks(bytes), settings: Settings| {
        let input = Chunks::of(settings, &bytes);
        let found = digits(settings.framer()).check(&input).lines();
        assert_eq!(found, settings.split_naively(&input), "{}", text(&input));
        true
    };
    property(24, 600, compare as fn(Chunks, Settings) -> bool);
}

#[test]
fn al_9_a_payload_is_written_exactly_if_it_is_read_so() {
    let check = |payloads: Vec<Chunks>, settings: Settings| {
        let mut payloads: Vec<Vec<u8>> = payloads.into_iter().map(|Chunks(bytes)| bytes).collect();
        payloads.extend((0..24).map(|len| vec![b'1'; len]));
        let write = |payload: &[u8]| {
            let length = if settings.base == Base::Hex { format!("{:x}", payload.len()) } else { payload.len().to_string() };
            [length.as_bytes(), settings.terminator.as_bytes(), payload, settings.trailer.as_bytes()].concat()
        };
        check_encoding(|| settings.framer(), <[u8]>::to_vec, write, &payloads);
        true
    };
    property(14, 300, check as fn(Vec<Chunks>, Settings) -> bool);
}

#[test]
fn al_1_work_is_linear_in_a_long_trailer() {
    let framer = |max| digits(decimal(";", max).trailer("!".repeat(max)));
    for chunk in [1, 7] {
        framer(4000).check_linear(chunk, |times| ["0;".to_owned(), "!".repeat(2000 * times)].concat().into_bytes());
    }
}
