//! Every framer, in every setting, at every limit from 0 to 64: its own, the engine's, and both. However the input is cut, the same must come out; and all that is done beyond a limit, the frames
//! within it must be the same.
//!
//! A framer, or a setting of one, is added by a row of `FRAMERS`.

use framewright::buf::{SegmentedBuf, StreamBuf};
use framewright::encode::{Encode, Payload};
use framewright::engine::{DEFAULT_BACKLOG, DEFAULT_MAX_FRAME};
use framewright::framing::{
    AsciiLength, Base, Checksum, Cobs, Counts, Delimiter, Fixed, LengthField, LengthFieldBuilder, LineEnding, Lines, Netstring, OnExcess,
    Slip, SyncWord, SyncWordBuilder, Utf8Lines, Varint, VarintForm, Width,
};
use framewright::testkit::{Kit, Transcript, text};
use framewright::{Decode, Place};
use quickcheck::{Arbitrary, Gen};

struct Row {
    name: &'static str,
    /// Bytes that mean something to the framer.
    alphabet: &'static [u8],
    /// Makes the framer with this limit, unless such settings are refused.
    make: fn(usize, OnExcess) -> Option<Box<dyn Checked>>,
    /// Writes a frame, unless no frame has this payload.
    write: fn(&[u8]) -> Option<Vec<u8>>,
}

const LINES: &[u8] = b"\n\n\r\rab";
const UTF8: &[u8] = b"\n\n\r\rab\xc3\xa9\xf0\x9f\x99\x82\xff";
const DIGITS: &[u8] = b"001239aAf::;,x";
const MAGIC: &[u8] = b"HHHiii\0\x01\x02\x05\x20\x40\xff";
const ZEROS: &[u8] = b"\0\0\0\x01\x01\x02\x03\x10\xfe\xffx";
const ESCAPES: &[u8] = b"\xc0\xc0\xdb\xdb\xdc\xddx";
const VARINTS: &[u8] = b"\0\0\x01\x05\x10\x20\x40\x41\x80\x80\x81\xffx";
const LENGTHS: &[u8] = b"\0\0\0\x01\x02\x03\x05\x08\x10\x20\x40\x41\xffx";

#[rustfmt::skip]
const FRAMERS: &[Row] = &[
    Row { name: "lines, lf", alphabet: LINES, make: |max, excess| lines(max, LineEnding::Lf, excess), write: write_line },
    Row { name: "lines, crlf", alphabet: LINES, make: |max, excess| lines(max, LineEnding::CrLf, excess), write: write_line },
    Row { name: "lines, lf or crlf", alphabet: LINES, make: |max, excess| lines(max, LineEnding::LfOrCrLf, excess), write: write_line },
    Row { name: "lines, any", alphabet: LINES, make: |max, excess| lines(max, LineEnding::Any, excess), write: write_line },
    Row { name: "lines, lf kept", alphabet: LINES, make: |max, excess| lines_kept(max, LineEnding::Lf, excess), write: write_line },
    Row { name: "lines, crlf kept", alphabet: LINES, make: |max, excess| lines_kept(max, LineEnding::CrLf, excess), write: write_line },
    Row { name: "lines, lf or crlf kept", alphabet: LINES, make: |max, excess| lines_kept(max, LineEnding::LfOrCrLf, excess), write: write_line },
    Row { name: "lines, any kept", alphabet: LINES, make: |max, excess| lines_kept(max, LineEnding::Any, excess), write: write_line },

    Row { name: "delimiter, one byte", alphabet: b";;ab", make: |max, excess| delimiter(&[";"], max, excess), write: |payload| write_delimited(&[";"], payload) },
    Row { name: "delimiter, of its own parts", alphabet: b"aab", make: |max, excess| delimiter(&["aabaa"], max, excess), write: |payload| write_delimited(&["aabaa"], payload) },
    Row { name: "delimiter, nested", alphabet: b"\r\n\r\nab", make: |max, excess| delimiter(&["\r", "\r\n\r\n"], max, excess), write: |payload| write_delimited(&["\r", "\r\n\r\n"], payload) },
    Row { name: "delimiter, overlapping", alphabet: b"abcd", make: |max, excess| delimiter(&["abcd", "bc", "cda"], max, excess), write: |payload| write_delimited(&["abcd", "bc", "cda"], payload) },

    Row { name: "length, u8", alphabet: LENGTHS, make: |max, excess| length(payload(Width::U8, max), excess), write: |bytes| write_length(payload(Width::U8, ROOMY), bytes) },
    Row { name: "length, u16 of the payload", alphabet: LENGTHS, make: |max, excess| length(payload(Width::U16, max), excess), write: |bytes| write_length(payload(Width::U16, ROOMY), bytes) },
    Row { name: "length, u24 little-endian", alphabet: LENGTHS, make: |max, excess| length(payload(Width::U24, max).little_endian(), excess), write: |bytes| write_length(payload(Width::U24, ROOMY).little_endian(), bytes) },
    Row { name: "length, u32 of the frame", alphabet: LENGTHS, make: |max, excess| length(frame(Width::U32, max), excess), write: |bytes| write_length(frame(Width::U32, ROOMY), bytes) },
    Row { name: "length, u64 at an offset", alphabet: LENGTHS, make: |max, excess| length(payload(Width::U64, max).offset(2), excess), write: |bytes| write_length(payload(Width::U64, ROOMY).offset(2), bytes) },
    Row { name: "length, header and trailer", alphabet: LENGTHS, make: |max, excess| length(framed(max), excess), write: |bytes| write_length(framed(ROOMY), bytes) },
    Row { name: "length, header kept", alphabet: LENGTHS, make: |max, excess| length(framed(max).keep_header(), excess), write: |bytes| write_length(framed(ROOMY), bytes) },
    Row { name: "length, trailer kept", alphabet: LENGTHS, make: |max, excess| length(framed(max).keep_trailer(), excess), write: |bytes| write_length(framed(ROOMY), bytes) },
    Row { name: "length, all kept", alphabet: LENGTHS, make: |max, excess| length(framed(max).keep_header().keep_trailer(), excess), write: |bytes| write_length(framed(ROOMY), bytes) },
    Row { name: "length, counts itself, kept", alphabet: LENGTHS, make: |max, excess| length(adjusted(max).keep_header(), excess), write: |bytes| write_length(adjusted(ROOMY), bytes) },
    Row { name: "length, checked", alphabet: LENGTHS, make: |max, excess| length(checked(max), excess), write: |bytes| write_length(checked(ROOMY), bytes) },
    Row { name: "length, checked and kept", alphabet: LENGTHS, make: |max, excess| length(checked(max).keep_header().keep_trailer(), excess), write: |bytes| write_length(checked(ROOMY), bytes) },

    Row { name: "utf8 lines, lf or crlf", alphabet: UTF8, make: |max, excess| utf8_lines(max, LineEnding::LfOrCrLf, excess), write: write_line },
    Row { name: "utf8 lines, any", alphabet: UTF8, make: |max, excess| utf8_lines(max, LineEnding::Any, excess), write: write_line },
    Row { name: "utf8 lines, crlf kept", alphabet: UTF8, make: |max, excess| framer(Utf8Lines::new(max).ending(LineEnding::CrLf).on_excess(excess).keep_ending(), |line| line.to_owned()), write: write_line },

    Row { name: "fixed, of the limit's length", alphabet: LENGTHS, make: fixed, write: |payload| Some(payload.to_vec()) },

    Row { name: "varint, leb128", alphabet: VARINTS, make: |max, excess| varint(Varint::new(VarintForm::Leb128, max), excess), write: |bytes| written(Varint::new(VarintForm::Leb128, ROOMY), bytes) },
    Row { name: "varint, mqtt, minimal at an offset", alphabet: VARINTS, make: |max, excess| varint(Varint::new(VarintForm::Mqtt, max).offset(1).minimal(), excess), write: |bytes| written(Varint::new(VarintForm::Mqtt, ROOMY).offset(1), bytes) },
    Row { name: "varint, quic, header kept", alphabet: VARINTS, make: |max, excess| varint(Varint::new(VarintForm::Quic, max).keep_header(), excess), write: |bytes| written(Varint::new(VarintForm::Quic, ROOMY), bytes) },

    Row { name: "digits, decimal", alphabet: DIGITS, make: |max, excess| digits(Base::Decimal, ":", "", max, excess), write: |bytes| written(AsciiLength::new(Base::Decimal, ":", ROOMY).ok()?, bytes) },
    Row { name: "digits, hexadecimal with a trailer", alphabet: DIGITS, make: |max, excess| digits(Base::Hex, "::", ";,", max, excess), write: |bytes| written(AsciiLength::new(Base::Hex, "::", ROOMY).ok()?.trailer(";,"), bytes) },
    Row { name: "netstring", alphabet: DIGITS, make: |max, excess| framer(Netstring::new(max).on_excess(excess), |frame| text(frame)), write: |bytes| written(Netstring::new(ROOMY), bytes) },

    Row { name: "sync word", alphabet: MAGIC, make: |max, excess| sync(hi(max), excess), write: |bytes| written(hi(ROOMY).build().ok()?, bytes) },
    Row { name: "sync word, checked, header kept", alphabet: MAGIC, make: |max, excess| sync(hi(max).checksum(SUM).keep_header(), excess), write: |bytes| written(hi(ROOMY).checksum(SUM).build().ok()?, bytes) },
    Row { name: "sync word, of its own parts", alphabet: MAGIC, make: |max, excess| sync(hihi(max), excess), write: |bytes| written(hihi(ROOMY).build().ok()?, bytes) },

    Row { name: "cobs", alphabet: ZEROS, make: |max, excess| framer(Cobs::new(max).on_excess(excess), |frame| text(frame)), write: |bytes| written(Cobs::new(ROOMY), bytes) },
    Row { name: "slip", alphabet: ESCAPES, make: |max, excess| framer(Slip::new(max).on_excess(excess), |frame| text(frame)), write: |bytes| written(Slip::new(ROOMY), bytes) },
    Row { name: "slip, an end before each", alphabet: ESCAPES, make: |max, excess| framer(Slip::new(max).on_excess(excess), |frame| text(frame)), write: |bytes| written(Slip::new(ROOMY).leading_end(), bytes) },
];

fn lines(max: usize, ending: LineEnding, excess: OnExcess) -> Option<Box<dyn Checked>> {
    framer(Lines::new(max).ending(ending).on_excess(excess), |line| text(line))
}

fn lines_kept(max: usize, ending: LineEnding, excess: OnExcess) -> Option<Box<dyn Checked>> {
    framer(Lines::new(max).ending(ending).on_excess(excess).keep_ending(), |line| text(line))
}

fn write_line(payload: &[u8]) -> Option<Vec<u8>> {
    let ending = if payload.len() % 2 == 0 { LineEnding::Lf } else { LineEnding::CrLf };
    written(Lines::new(ROOMY).ending(ending), payload)
}

fn delimiter(set: &[&str], max: usize, excess: OnExcess) -> Option<Box<dyn Checked>> {
    framer(Delimiter::new(set, max).ok()?.on_excess(excess), |frame| format!("{}|{}", text(frame.payload()), text(frame.delimiter())))
}

fn write_delimited(set: &[&str], payload: &[u8]) -> Option<Vec<u8>> {
    written(Delimiter::new(set, ROOMY).ok()?, payload)
}

const fn payload(width: Width, max: usize) -> LengthFieldBuilder {
    LengthField::builder(width, Counts::Payload, max)
}

const fn frame(width: Width, max: usize) -> LengthFieldBuilder {
    LengthField::builder(width, Counts::Frame, max)
}

const fn framed(max: usize) -> LengthFieldBuilder {
    payload(Width::U8, max).offset(1).header(3).trailer(2)
}

const fn adjusted(max: usize) -> LengthFieldBuilder {
    LengthField::builder(Width::U16, Counts::Adjusted(-2), max).offset(1)
}

fn checked(max: usize) -> LengthFieldBuilder {
    payload(Width::U8, max).checksum(SUM)
}

const SUM: Checksum = Checksum::new(Width::U8, |parts| parts.iter().copied().flatten().map(|byte| u64::from(*byte)).sum());

fn utf8_lines(max: usize, ending: LineEnding, excess: OnExcess) -> Option<Box<dyn Checked>> {
    framer(Utf8Lines::new(max).ending(ending).on_excess(excess), |line| line.to_owned())
}

/// No frame is too long.
fn fixed(len: usize, excess: OnExcess) -> Option<Box<dyn Checked>> {
    if excess != OnExcess::Fail {
        return None;
    }
    framer(Fixed::new(len).ok()?, |frame| text(frame))
}

fn varint(varint: Varint, excess: OnExcess) -> Option<Box<dyn Checked>> {
    framer(varint.on_excess(excess), |frame| text(frame))
}

fn digits(base: Base, terminator: &str, trailer: &str, max: usize, excess: OnExcess) -> Option<Box<dyn Checked>> {
    framer(AsciiLength::new(base, terminator, max).ok()?.trailer(trailer).on_excess(excess), |frame| text(frame))
}

fn hi(max: usize) -> SyncWordBuilder {
    SyncWord::builder("Hi", Width::U8, Counts::Payload, max)
}

fn hihi(max: usize) -> SyncWordBuilder {
    SyncWord::builder("HiHi", Width::U16, Counts::Frame, max).offset(1).header(4).trailer(1)
}

/// There is no other way to deal with a false start.
fn sync(builder: SyncWordBuilder, excess: OnExcess) -> Option<Box<dyn Checked>> {
    if excess != OnExcess::Fail {
        return None;
    }
    framer(builder.build().ok()?, |frame| text(frame))
}

fn length(builder: LengthFieldBuilder, excess: OnExcess) -> Option<Box<dyn Checked>> {
    framer(builder.on_excess(excess).build().ok()?, |frame| text(frame))
}

fn write_length(builder: LengthFieldBuilder, payload: &[u8]) -> Option<Vec<u8>> {
    written(builder.build().ok()?, payload)
}

/// A framer of any type, to be checked.
trait Checked {
    fn check(&self, max_frame: usize, backlog: usize, input: &[u8], seed: u64) -> Transcript;
}

struct Framer<C: Decode> {
    fresh: C,
    show: fn(C::Frame<'_>) -> String,
}

impl<C: Decode + Clone> Checked for Framer<C> {
    fn check(&self, max_frame: usize, backlog: usize, input: &[u8], seed: u64) -> Transcript {
        Kit::new(|| self.fresh.clone(), self.show).limits(max_frame, backlog).check_sample(input, seed)
    }
}

#[allow(clippy::unnecessary_wraps, reason = "what `make` of a row returns")]
fn framer<C: Decode + Clone + 'static>(fresh: C, show: fn(C::Frame<'_>) -> String) -> Option<Box<dyn Checked>> {
    Some(Box::new(Framer { fresh, show }))
}

fn written<C: for<'a> Encode<Message<'a> = Payload<'a>>>(mut encoder: C, payload: &[u8]) -> Option<Vec<u8>> {
    let mut output = SegmentedBuf::new();
    output.send(&mut encoder, payload).ok()?;
    Some(output.segments().flatten().copied().collect())
}

const EXCESSES: [OnExcess; 3] = [OnExcess::Fail, OnExcess::Discard, OnExcess::Truncate];
const LIMITS: std::ops::RangeInclusive<usize> = 0..=64;
/// A limit that no frame here is beyond.
const ROOMY: usize = 1000;

fn below(g: &mut Gen, n: usize) -> usize {
    usize::arbitrary(g) % n
}

fn drawn(g: &mut Gen, alphabet: &[u8], len: usize) -> Vec<u8> {
    (0..len).map(|_| alphabet[below(g, alphabet.len())]).collect()
}

/// Frames with payloads about as long as the limit, some of them damaged.
fn frames(g: &mut Gen, row: &Row, limit: usize) -> Vec<u8> {
    let mut stream = Vec::new();
    for _ in 0..=below(g, 3) {
        let len = (limit + below(g, 12)).saturating_sub(8);
        let payload = if bool::arbitrary(g) { drawn(g, row.alphabet, len) } else { vec![b'.'; len] };
        let mut frame = (row.write)(&payload).unwrap_or(payload);
        match below(g, 8) {
            0 => frame.truncate(below(g, frame.len() + 1)),
            1 => frame.insert(below(g, frame.len() + 1), row.alphabet[below(g, row.alphabet.len())]),
            2 => frame.iter_mut().take(4).for_each(|byte| *byte ^= 1 << below(g, 8)),
            _ => {}
        }
        stream.extend(frame);
    }
    stream
}

/// Says which row did not hold.
struct Trying<'a> {
    name: &'a str,
    max: usize,
    max_frame: usize,
    excess: OnExcess,
}

impl Drop for Trying<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}: a limit of {} bytes, {:?}, and the engine's is {} bytes", self.name, self.max, self.excess, self.max_frame);
        }
    }
}

/// Checks every framer at every limit; `limits` makes two limits of one, the framer's and the engine's.
fn check(limits: impl Fn(&mut Gen, usize) -> (usize, usize)) {
    let rounds = if std::env::var_os("FRAMEWRIGHT_QUICK").is_some() { 4 } else { 32 };
    let mut g = Gen::from_size_and_seed(64, 0x6c69_6d69_7473);
    for row in FRAMERS {
        assert!((row.make)(ROOMY, OnExcess::Fail).is_some(), "{} cannot be made", row.name);
        for limit in LIMITS {
            for round in 0..rounds {
                let (max, max_frame) = limits(&mut g, limit);
                let len = below(&mut g, 2 * limit + 16);
                let input = if round % 2 == 0 { frames(&mut g, row, limit) } else { drawn(&mut g, row.alphabet, len) };
                let backlog = if round % 4 < 2 { DEFAULT_BACKLOG } else { below(&mut g, 64) };
                let seed = u64::arbitrary(&mut g);
                let [fail, discard, truncate] = EXCESSES.map(|excess| {
                    let _trying = Trying { name: row.name, max, max_frame, excess };
                    let transcript = (row.make)(max, excess)?.check(max_frame, backlog, &input, seed);
                    Some(within(&transcript, max_frame))
                });
                if let (Some(fail), Some(discard)) = (fail, &discard) {
                    assert!(discard.starts_with(&fail), "{}, {max} of {max_frame}: {}", row.name, text(&input));
                }
                if let (Some(truncate), Some(discard), DEFAULT_MAX_FRAME) = (truncate, discard, max_frame) {
                    assert_eq!(truncate, discard, "{}, {max}: {}", row.name, text(&input));
                }
            }
        }
    }
}

/// Where the whole frames are.
fn within(transcript: &Transcript, max_frame: usize) -> Vec<(u64, usize)> {
    let is_whole = |place: &Place| !place.truncated && place.len > 0;
    let places: Vec<_> = transcript.places().filter(is_whole).map(|place| (place.offset, place.len)).collect();
    assert!(places.iter().all(|(_, len)| *len <= max_frame), "longer than {max_frame}:\n{transcript}");
    places
}

#[test]
fn every_framer_at_every_limit_of_its_own() {
    check(|_, limit| (limit, DEFAULT_MAX_FRAME));
}

#[test]
fn every_framer_at_every_limit_of_the_engine() {
    check(|_, limit| (ROOMY, limit));
}

#[test]
fn every_framer_at_every_limit_beside_another_of_the_engine() {
    check(|g, limit| (limit, limit + below(g, 12)));
}
