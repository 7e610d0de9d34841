//! Sync words.

use framewright::buf::{SegmentedBuf, StreamBuf};
use framewright::encode::EncodeError;
use framewright::framing::{Checksum, Counts, SettingsError, SyncWord, SyncWordBuilder, Unframable, Width};
use framewright::testkit::{Case, Kit, text};
use framewright::{Engine, Step};
use quickcheck::{Arbitrary, Gen};

use super::{check_encoding, property};

fn sync(builder: SyncWordBuilder) -> Kit<SyncWord, impl Fn() -> SyncWord> {
    Kit::new(move || builder.clone().build().unwrap(), |frame| text(frame))
}

fn sum(parts: &[&[u8]]) -> u64 {
    parts.iter().flat_map(|part| part.iter()).map(|byte| u64::from(*byte)).sum()
}

/// "Hi", a byte of length, and so many bytes.
fn hi(max: usize) -> SyncWordBuilder {
    SyncWord::builder("Hi", Width::U8, Counts::Payload, max)
}

#[rustfmt::skip]
#[test]
fn frames_among_other_bytes() {
    sync(hi(3)).table(&[
        Case { clause: "SW-1", input: b"",                                says: &["end"] },
        Case { clause: "SW-1", input: b"Hi\0",                            says: &["", "end"] },
        Case { clause: "SW-1", input: b"Hi\x01aHi\x03abc",                says: &["a", "abc", "end"] },
        Case { clause: "SW-1", input: b"Hi\x03Hi\x01Hi\x02Hi",            says: &["Hi\\x01", "Hi", "end"] },
        Case { clause: "SW-2", input: b"garbage",                         says: &["end after 7 skipped bytes"] },
        Case { clause: "SW-2", input: b"HHi\x01aH.iHi\0 HiHHi\0H",        says: &["a after 1 skipped bytes", " after 3 skipped bytes", " after 4 skipped bytes", "end after 1 skipped bytes"] },
        Case { clause: "SW-2", input: b"..Hi\x01a..Hi\x01b..",            says: &["a after 2 skipped bytes", "b after 2 skipped bytes", "end after 2 skipped bytes"] },
        Case { clause: "SW-3", input: b"Hi\x04abcd",                      says: &["end after 7 skipped bytes"] },
        Case { clause: "SW-5", input: b"Hi\xffHi\x02ok",                  says: &["ok after 3 skipped bytes", "end"] },
        Case { clause: "SW-5", input: b"Hi\x01aHi\xffHi\x01b",            says: &["a", "b after 3 skipped bytes", "end"] },
        Case { clause: "SW-5", input: b"HiHi\x02ok",                      says: &["ok after 2 skipped bytes", "end"] },
        Case { clause: "SW-6", input: b"H",                               says: &["end after 1 skipped bytes"] },
        Case { clause: "SW-6", input: b"Hi",                              says: &["end after 2 skipped bytes"] },
        Case { clause: "SW-6", input: b"Hi\x01aHi\x03ab",                 says: &["a", "end after 5 skipped bytes"] },
        Case { clause: "SW-6", input: b"Hi\x03Hi\0",                      says: &["Hi\\x00", "end"] },
    ]);
    sync(hi(16)).table(&[
        Case { clause: "SW-6", input: b"Hi\x10Hi\x01a.Hi\x01b",           says: &["a after 3 skipped bytes", "b after 1 skipped bytes", "end"] },
        Case { clause: "SW-6", input: b"Hi\x10Hi\x0fHi\x02abHi\x03H",     says: &["ab after 6 skipped bytes", "end after 4 skipped bytes"] },
    ]);
    sync(hi(0)).table(&[
        Case { clause: "SW-3", input: b"Hi\0Hi\x01Hi\0",                  says: &["", " after 3 skipped bytes", "end"] },
    ]);
    sync(SyncWord::builder([0], Width::U8, Counts::Payload, 3)).table(&[
        Case { clause: "SW-2", input: b"\0\0\0\x01a\0\0",                 says: &["", "a", "", "end"] },
        Case { clause: "SW-5", input: b"\0\x09\0\x01a\0",                 says: &["a after 2 skipped bytes", "end after 1 skipped bytes"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn magic_that_overlaps_itself() {
    sync(SyncWord::builder("aab", Width::U8, Counts::Payload, 3)).table(&[
        Case { clause: "SW-2", input: b"aaab\x01!",                       says: &["! after 1 skipped bytes", "end"] },
        Case { clause: "SW-2", input: b"aaaaaab\x01!aa",                  says: &["! after 4 skipped bytes", "end after 2 skipped bytes"] },
        Case { clause: "SW-2", input: b"aabaab\x01!",                     says: &["! after 3 skipped bytes", "end"] },
        Case { clause: "SW-5", input: b"aabaaab\0",                       says: &[" after 4 skipped bytes", "end"] },
    ]);
    sync(SyncWord::builder("abcabd", Width::U8, Counts::Payload, 3)).table(&[
        Case { clause: "SW-2", input: b"abcabcabd\x01!",                  says: &["! after 3 skipped bytes", "end"] },
        Case { clause: "SW-2", input: b"ababcabd\0abcab",                 says: &[" after 2 skipped bytes", "end after 5 skipped bytes"] },
    ]);
    sync(SyncWord::builder("aa", Width::U8, Counts::Payload, 3)).table(&[
        Case { clause: "SW-5", input: b"aaaaaa\x02ok",                    says: &["ok after 4 skipped bytes", "end"] },
        Case { clause: "SW-5", input: b"aabaa\0",                         says: &[" after 3 skipped bytes", "end"] },
    ]);
    sync(SyncWord::builder("abab", Width::U8, Counts::Payload, 3)).table(&[
        Case { clause: "SW-5", input: b"ababab\x01!",                     says: &["! after 2 skipped bytes", "end"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn headers_and_lengths_of_other_kinds() {
    sync(hi(9).offset(1).header(4).trailer(2)).table(&[
        Case { clause: "SW-1", input: b"Hit\x02hhabttHit\0hhtt",          says: &["ab", "", "end"] },
        Case { clause: "SW-6", input: b"Hit\x02hhabt",                    says: &["end after 9 skipped bytes"] },
    ]);
    sync(SyncWord::builder("Hi", Width::U16, Counts::Frame, 6).little_endian().keep_header()).table(&[
        Case { clause: "SW-1", input: b"Hi\x04\0Hi\x06\0ab",              says: &["Hi\\x04\\x00", "Hi\\x06\\x00ab", "end"] },
        Case { clause: "SW-3", input: b"Hi\x03\0Hi\x04\0Hi\0\0",          says: &["Hi\\x04\\x00 after 4 skipped bytes", "end after 4 skipped bytes"] },
        Case { clause: "SW-3", input: b"Hi\x07\0abcHi\x04\0",             says: &["Hi\\x04\\x00 after 7 skipped bytes", "end"] },
        Case { clause: "SW-3", input: b"Hi\x04\x01Hi\x04\0",              says: &["Hi\\x04\\x00 after 4 skipped bytes", "end"] },
    ]);
    sync(SyncWord::builder("Hi", Width::U8, Counts::Adjusted(-1), 9).trailer(1)).table(&[
        Case { clause: "SW-1", input: b"Hi\x02;Hi\x03a;",                 says: &["", "a", "end"] },
        Case { clause: "SW-3", input: b"Hi\x01Hi\0Hi\x02;",               says: &[" after 6 skipped bytes", "end"] },
    ]);
    // A length whose frame is more than can be counted is out of range, too.
    sync(SyncWord::builder("Hi", Width::U64, Counts::Payload, usize::MAX)).table(&[
        Case { clause: "SW-3", input: b"Hi\xff\xff\xff\xff\xff\xff\xff\xffHi\0\0\0\0\0\0\0\x01a", says: &["a after 10 skipped bytes", "end"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn frames_with_a_checksum() {
    sync(hi(9).checksum(Checksum::new(Width::U8, sum).from(2))).table(&[
        Case { clause: "SW-4", input: b"Hi\x02\x01\x02\x05Hi\0\0",        says: &["\\x01\\x02", "", "end"] },
        Case { clause: "SW-4", input: b"Hi\x02\x01\x02\x06Hi\0\0",        says: &[" after 6 skipped bytes", "end"] },
        Case { clause: "SW-4", input: b"Hi\x02\x01\x02\x06",              says: &["end after 6 skipped bytes"] },
        // A good frame inside a false one, and one that is inside a good one.
        Case { clause: "SW-5", input: b"Hi\x05Hi\x01\x01\x02;",           says: &["\\x01 after 3 skipped bytes", "end after 1 skipped bytes"] },
        Case { clause: "SW-5", input: b"Hi\x04Hi\0\0\xb5Hi\0\0",          says: &["Hi\\x00\\x00", "", "end"] },
        Case { clause: "SW-5", input: b"Hi\x01Hi\x02\x01\x01\x04",        says: &["\\x01\\x01 after 3 skipped bytes", "end"] },
        Case { clause: "SW-6", input: b"Hi\x09Hi\0\0Hi\x01\x01\x02",      says: &[" after 3 skipped bytes", "\\x01", "end"] },
        Case { clause: "SW-6", input: b"Hi\x02\x01\x02",                  says: &["end after 5 skipped bytes"] },
    ]);
    // Over the magic too, and with more behind it.
    sync(hi(9).checksum(Checksum::new(Width::U16, sum).little_endian()).trailer(3)).table(&[
        Case { clause: "SW-4", input: b"Hi\x01\x01\xb3\0;Hi\x01\x01\0\xb3;", says: &["\\x01", "end after 7 skipped bytes"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn the_limit_of_the_engine_and_the_end_of_the_stream() {
    // One byte beyond the engine's limit is missing: that byte, or the end of the stream, tells, however the bytes before came.
    sync(hi(99)).limits(5, 99).table(&[
        Case { clause: "SW-6", input: b"..Hi\x03ab",                      says: &["end after 7 skipped bytes"] },
        Case { clause: "SW-6", input: b"..Hi\x63Hi\0",                    says: &["frame at byte 2: frame longer than the limit of 5 bytes"] },
        Case { clause: "SW-6", input: b"..Hi\x02abHi\x63a",               says: &["ab after 2 skipped bytes", "end after 4 skipped bytes"] },
    ]);
    sync(SyncWord::builder("aab", Width::U8, Counts::Payload, 9)).limits(2, 99).table(&[
        Case { clause: "SW-6", input: b"xxaa",                            says: &["end after 4 skipped bytes"] },
        Case { clause: "SW-2", input: b"xxaab",                           says: &["frame at byte 2: frame longer than the limit of 2 bytes"] },
    ]);
}

#[test]
fn sw_7_false_starts_are_counted_once() {
    let make = || hi(9).checksum(Checksum::new(Width::U8, sum).from(2)).build().unwrap();
    let count = |input: &[u8], chunk: usize| {
        let mut engine = Engine::new(make());
        for chunk in input.chunks(chunk) {
            let mut frames = engine.feed(chunk).unwrap();
            while let Ok(Step::Frame(..)) = frames.next_frame() {}
        }
        let mut frames = engine.eof();
        while let Ok(Step::Frame(..)) = frames.next_frame() {}
        drop(frames);
        engine.decoder().false_starts()
    };
    let cases: [(&[u8], u64); 7] = [
        (b"H.Hi\0\0..H", 0),
        (b"Hi\0\0Hi\0\x01Hi\0\0", 1),
        (b"Hi\x0aHi\xffHi\0\0", 2),
        (b"Hi\x09Hi\0\0Hi\x01\x01", 2),
        (b"Hi\x09Hi\x09Hi", 3),
        (b"Hi", 1),
        (b"HiHiHi\0\0", 2),
    ];
    for (input, expected) in cases {
        for chunk in 1..=input.len() {
            assert_eq!(count(input, chunk), expected, "{} by {chunk}", text(input));
        }
    }
}

#[test]
fn sw_8_the_work_is_linear() {
    // Garbage, garbage that is nearly the magic, and a frame that is long; in small and in large chunks.
    for chunk in [1, 7, 1000] {
        let long = || SyncWord::builder("aaaab", Width::U32, Counts::Payload, usize::MAX);
        sync(long()).check_linear(chunk, |n| vec![b'x'; 4000 * n]);
        sync(long()).check_linear(chunk, |n| vec![b'a'; 4000 * n]);
        sync(long()).check_linear(chunk, |n| [&b"aaaab\x00\x10\0\0"[..], &vec![b'a'; 4000 * n]].concat());
        // Nothing but false starts.
        sync(SyncWord::builder("aaaa", Width::U32, Counts::Payload, 9)).check_linear(chunk, |n| vec![b'a'; 4000 * n]);
        sync(hi(usize::MAX)).check_linear(chunk, |n| b"Hi\xff".repeat(1000 * n));
    }
}

#[test]
fn sw_8_garbage_is_not_held() {
    let mut engine = Engine::new(hi(9).build().unwrap());
    assert!(matches!(engine.feed(b"garbage H").unwrap().next_frame(), Ok(Step::NeedMoreData(short)) if short.missing.get() == 1));
    assert_eq!((engine.held_bytes(), engine.position()), (1, 8));
    assert!(matches!(engine.feed(b".").unwrap().next_frame(), Ok(Step::Idle)));
    assert_eq!((engine.held_bytes(), engine.position()), (0, 10));
}

#[test]
fn sw_9_settings_that_no_frame_can_satisfy_are_refused() {
    let refused = |builder: SyncWordBuilder| builder.build().err();
    assert_eq!(refused(SyncWord::builder("", Width::U8, Counts::Payload, 9)), Some(SettingsError::EmptyMagic));
    assert_eq!(refused(hi(9).offset(2).header(2)), Some(SettingsError::HeaderTooShort { header: 4, field_end: 5 }));
    assert_eq!(refused(hi(9).offset(usize::MAX)), Some(SettingsError::TooLarge));
    assert_eq!(refused(hi(9).header(usize::MAX)), Some(SettingsError::TooLarge));
    assert_eq!(refused(hi(2).keep_header()), Some(SettingsError::LimitTooSmall { limit: 2, shortest: 3 }));
    assert_eq!(refused(hi(3).keep_header()), None);
    let sum = Checksum::new(Width::U16, sum);
    assert_eq!(refused(hi(9).checksum(sum).trailer(1)), Some(SettingsError::TrailerTooShort { trailer: 1, checksum: 2 }));
    assert_eq!(refused(hi(9).checksum(sum.from(4))), Some(SettingsError::CoversTooLittle { from: 4, header: 3 }));
    assert_eq!(refused(hi(9).checksum(sum.from(3))), None);
    let frame = SyncWord::builder([b'x'; 300], Width::U8, Counts::Frame, 999);
    assert_eq!(refused(frame), Some(SettingsError::NeverLongEnough { longest: 255, around: 301 }));
}

/// Settings, from numbers.
#[derive(Clone, Debug)]
struct Settings {
    magic: &'static [u8],
    wide: bool,
    little: bool,
    counts: Counts,
    offset: usize,
    beyond: usize,
    trailer: usize,
    checksum: Option<bool>,
    keep: bool,
    max: usize,
}

impl Arbitrary for Settings {
    fn arbitrary(g: &mut Gen) -> Self {
        const MAGIC: &[&[u8]] = &[b"a", b"ab", b"aa", b"aab", b"abab", b"\x01\x02", b"\0", b"abacabad"];
        let mut below = |n: usize| usize::arbitrary(g) % n;
        let counts = match below(4) {
            0 => Counts::Frame,
            1 => Counts::Adjusted(3 - i64::try_from(below(6)).unwrap_or(0)),
            _ => Counts::Payload,
        };
        Self {
            magic: MAGIC[below(MAGIC.len())],
            wide: below(3) == 0,
            little: below(2) == 0,
            counts,
            offset: below(2),
            beyond: below(2),
            trailer: below(3),
            checksum: [None, Some(true), Some(false)][below(3)],
            keep: below(2) == 0,
            max: below(16),
        }
    }
}

impl Settings {
    fn bytes(&self) -> usize {
        if self.wide { 2 } else { 1 }
    }

    fn header(&self) -> usize {
        self.magic.len() + self.offset + self.bytes() + self.beyond
    }

    fn trailer(&self) -> usize {
        if self.checksum.is_some() { self.trailer.max(1) } else { self.trailer }
    }

    /// The first byte that the checksum covers.
    fn covered(&self) -> usize {
        if self.checksum == Some(true) { self.magic.len() } else { 0 }
    }

    fn framer(&self) -> Result<SyncWord, SettingsError> {
        let width = if self.wide { Width::U16 } else { Width::U8 };
        let mut builder = SyncWord::builder(self.magic, width, self.counts, self.max).offset(self.offset).trailer(self.trailer());
        builder = builder.header(self.header() - self.magic.len());
        builder = if self.little { builder.little_endian() } else { builder };
        builder = if self.keep { builder.keep_header() } else { builder };
        builder = if self.checksum.is_some() { builder.checksum(Checksum::new(Width::U8, sum).from(self.covered())) } else { builder };
        builder.build()
    }

    /// The value of the length field of a frame of so many bytes, and what it is as bytes.
    fn told(&self, frame: usize) -> Vec<u8> {
        let value = i64::try_from(frame).unwrap()
            - match self.counts {
                Counts::Payload => i64::try_from(self.header() + self.trailer()).unwrap(),
                Counts::Frame => 0,
                Counts::Adjusted(adjustment) => i64::try_from(self.header() - self.beyond).unwrap() + adjustment,
            };
        if self.little { value.to_le_bytes()[..self.bytes()].to_vec() } else { value.to_be_bytes()[8 - self.bytes()..].to_vec() }
    }

    /// What a payload is written as, whether it is read so or not.
    fn write_naively(&self, payload: &[u8]) -> Vec<u8> {
        let header = if self.keep { 0 } else { self.header() };
        let told = self.told(header + payload.len() + self.trailer());
        let header = [self.magic, &vec![0; self.offset], &told, &vec![0; self.beyond]].concat();
        let mut frame = if self.keep { payload.to_vec() } else { [&header, payload].concat() };
        let sum = sum(&[frame.get(self.covered()..).unwrap_or_default()]).to_le_bytes()[0];
        let end = frame.len();
        frame.resize(end + self.trailer(), 0);
        if self.checksum.is_some() {
            frame[end] = sum;
        }
        frame
    }

    /// What is shown of the frame at the front, by the words of SW-1, SW-3, SW-4 and SW-6.
    fn frame_naively<'s>(&self, stream: &'s [u8]) -> Option<&'s [u8]> {
        let mut field = stream.strip_prefix(self.magic)?.get(self.offset..)?.get(..self.bytes())?.to_vec();
        if self.little {
            field.reverse();
        }
        let value = field.iter().fold(0, |value, digit| value * 256 + i64::from(*digit));
        let len = match self.counts {
            Counts::Payload => value + i64::try_from(self.header() + self.trailer()).unwrap(),
            Counts::Frame => value,
            Counts::Adjusted(adjustment) => value + i64::try_from(self.header() - self.beyond).unwrap() + adjustment,
        };
        let frame = stream.get(..usize::try_from(len).ok()?)?;
        let (body, trailer) = frame.split_at_checked(frame.len().checked_sub(self.trailer())?)?;
        let payload = body.get(self.header()..)?;
        let is_right = self.checksum.is_none() || sum(&[&body[self.covered()..]]).to_le_bytes()[0] == trailer[0];
        let shown = if self.keep { body } else { payload };
        (is_right && shown.len() <= self.max).then_some(shown)
    }

    fn split_naively(&self, stream: &[u8]) -> Vec<String> {
        let (mut said, mut at, mut skipped) = (Vec::new(), 0, 0);
        while at < stream.len() {
            let Some(shown) = self.frame_naively(&stream[at..]) else {
                (at, skipped) = (at + 1, skipped + 1);
                continue;
            };
            said.push(text(shown) + &after(skipped));
            at += shown.len() + self.trailer() + if self.keep { 0 } else { self.header() };
            skipped = 0;
        }
        said.push("end".to_owned() + &after(skipped));
        said
    }
}

fn after(skipped: usize) -> String {
    if skipped > 0 { format!(" after {skipped} skipped bytes") } else { String::new() }
}

/// Pieces of magic, small lengths and other bytes; and payloads.
#[derive(Clone, Debug)]
struct Noise(Vec<u8>);

impl Arbitrary for Noise {
    fn arbitrary(g: &mut Gen) -> Self {
        let len = usize::arbitrary(g) % (g.size() + 1);
        Self((0..len).map(|_| *g.choose(b"aaabbcd\0\0\x01\x02\x03\x05\x08\xff").unwrap_or(&0)).collect())
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        Box::new(self.0.shrink().map(Self))
    }
}

/// A stream of noise, frames, and frames with a byte that is wrong.
#[derive(Clone, Debug)]
struct Piece(Noise, Noise, u8);

impl Arbitrary for Piece {
    fn arbitrary(g: &mut Gen) -> Self {
        Self(Noise::arbitrary(g), Noise::arbitrary(g), u8::arbitrary(g))
    }
}

#[test]
fn sw_5_frames_are_those_of_a_naive_scanner() {
    let compare = |pieces: Vec<Piece>, settings: Settings| {
        let Ok(framer) = settings.framer() else { return true };
        let mut stream = Vec::new();
        for Piece(Noise(noise), Noise(payload), wrong) in pieces {
            let payload = if settings.keep { [settings.magic, &payload].concat() } else { payload };
            let mut frame = settings.write_naively(&payload);
            if wrong % 4 == 0 {
                let at = usize::from(wrong / 4) % frame.len();
                frame[at] ^= wrong | 1;
            }
            stream.extend(if wrong % 3 == 0 { [noise, frame].concat() } else { frame });
        }
        let found = Kit::new(|| framer.clone(), |frame| text(frame)).random(1, 6).work(40).check(&stream).lines();
        assert_eq!(found, settings.split_naively(&stream), "{}", text(&stream));
        true
    };
    property(7, 600, compare as fn(Vec<Piece>, Settings) -> bool);
}

#[test]
fn sw_10_a_payload_is_written_exactly_if_it_is_read_so() {
    let check = |payloads: Vec<Noise>, settings: Settings, max: bool| {
        let settings = Settings { max: if max { 400 } else { settings.max }, ..settings };
        let Ok(framer) = settings.framer() else { return true };
        let mut payloads: Vec<Vec<u8>> = payloads.into_iter().map(|Noise(bytes)| bytes).collect();
        // Beyond what a byte can tell, and, where the header is kept, with the right one.
        payloads.extend((240..=260).map(|len| vec![0; len]));
        for len in 0..16 {
            let mut whole = Settings { keep: false, ..settings.clone() }.write_naively(&vec![0; len]);
            whole.truncate(whole.len() - settings.trailer());
            payloads.push(whole);
        }
        check_encoding(|| framer.clone(), <[u8]>::to_vec, |payload| settings.write_naively(payload), &payloads);
        true
    };
    property(12, 1000, check as fn(Vec<Noise>, Settings, bool) -> bool);
}

/// UBX, the protocol of u-blox receivers.
fn ubx(max: usize) -> SyncWordBuilder {
    fn fletcher(parts: &[&[u8]]) -> u64 {
        let (mut a, mut b) = (0_u8, 0_u8);
        for byte in parts.iter().copied().flatten() {
            a = a.wrapping_add(*byte);
            b = b.wrapping_add(a);
        }
        u64::from(a) | u64::from(b) << 8
    }
    let sums = Checksum::new(Width::U16, fletcher).little_endian().from(2);
    SyncWord::builder(b"\xb5\x62", Width::U16, Counts::Payload, max).offset(2).little_endian().checksum(sums).keep_header()
}

#[rustfmt::skip]
#[test]
fn ubx_among_nmea() {
    // ACK-ACK for CFG-MSG, a poll of MON-VER, and a NAV-STATUS that lost a byte, among sentences of NMEA.
    const ACK: &[u8] = b"\xb5\x62\x05\x01\x02\x00\x06\x01\x0f\x38";
    const POLL: &[u8] = b"\xb5\x62\x0a\x04\x00\x00\x0e\x34";
    const LOST: &[u8] = b"\xb5\x62\x01\x03\x10\x00\x00\x5a\xb5\x62\x03\xdd";
    const NMEA: &[u8] = b"$GPTXT,01,01,02,u-blox AG*4E\r\n";
    const SHOWN: [&str; 2] = ["\\xb5b\\x05\\x01\\x02\\x00\\x06\\x01", "\\xb5b\\n\\x04\\x00\\x00"];
    sync(ubx(64)).table(&[
        Case { clause: "SW-1", input: &[ACK, POLL].concat(),              says: &[SHOWN[0], SHOWN[1], "end"] },
        Case { clause: "SW-2", input: &[NMEA, ACK, NMEA, POLL, NMEA].concat(), says: &[&format!("{} after 30 skipped bytes", SHOWN[0]), &format!("{} after 30 skipped bytes", SHOWN[1]), "end after 30 skipped bytes"] },
        Case { clause: "SW-5", input: &[LOST, ACK, POLL, NMEA].concat(),  says: &[&format!("{} after 12 skipped bytes", SHOWN[0]), SHOWN[1], "end after 30 skipped bytes"] },
        Case { clause: "SW-6", input: &[LOST, ACK].concat(),              says: &[&format!("{} after 12 skipped bytes", SHOWN[0]), "end"] },
    ]);
    let mut output = SegmentedBuf::new();
    output.send(&mut ubx(64).build().unwrap(), &ACK[..8]).unwrap();
    assert_eq!(text(output.peek()), text(ACK));
    let unsent = output.send(&mut ubx(64).build().unwrap(), &ACK[2..8]).unwrap_err();
    assert_eq!(unsent.error, EncodeError::Fault(Unframable::NoMagic));
}
