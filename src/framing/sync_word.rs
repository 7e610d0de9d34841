//! Frames that begin with magic bytes, on lines that lose and garble bytes. SPEC.md, clauses SW-1 to SW-10.

use alloc::vec::Vec;
use core::convert::Infallible;

use super::checksum::{Checksum, Mismatch};
use super::layout::{Counts, Layout, Settings, Shown};
use super::number::{Order, Width};
use super::{OnExcess, SettingsError, Unframable, literal};
use crate::decode::{Decode, Found, Reject, Stop};
use crate::encode::{Encode, EncodeError, Payload, Writer};
use crate::error::NeedMoreData;
use crate::input::Input;

/// Finds frames that begin with magic bytes and say how long they are, among bytes that are none.
///
/// ```text
/// |             header              |   payload   |       trailer        |
/// | magic | offset | length | …     |             | checksum | …         |
/// ```
///
/// Where magic bytes are, a frame may begin: a *candidate*. One whose length is out of range, whose checksum is wrong, or in which the stream ends is a *false start*: the search goes on at its second
/// byte, so that a frame inside it is found. None of this is an error. The bytes between frames are [counted](crate::Place::skipped), and so are [false starts](Self::false_starts).
///
/// While a candidate is not whole, [one byte](NeedMoreData) is said to be missing, whatever its length is: any byte may be the last of the stream, and then what is inside comes.
///
/// There is no [`OnExcess`]: a length beyond the limit says that this is no frame. A candidate is waited for, so a false one delays the frames inside it until it is whole or the stream ends: keep the
/// limit low, and not above the [engine's](crate::Engine::with_max_frame), for which a candidate beyond it is an error.
///
/// # Complexity
/// Linear in the bytes of the stream, but for checksums: a false start that only its checksum tells costs that of a whole frame. The magic can begin once in its own length (if it overlaps itself, once
/// in the shortest distance at which it does), so checksums cover at most the stream times the longest frame / the length of the magic.
///
/// ```
/// use framewright::{Engine, Step, framing::{Checksum, Counts, SyncWord, Width}};
///
/// // UBX, the protocol of u-blox receivers: B5 62, class, id, length, payload, and two sums over what follows the magic.
/// let sums = Checksum::new(Width::U16, |parts| {
///     let (a, b) = parts.iter().copied().flatten().fold((0_u8, 0_u8), |(a, b), byte| (a.wrapping_add(*byte), b.wrapping_add(a.wrapping_add(*byte))));
///     u16::from_le_bytes([a, b]).into()
/// });
/// let ubx = SyncWord::builder(b"\xb5\x62", Width::U16, Counts::Payload, 1024)
///     .offset(2)
///     .little_endian()
///     .checksum(sums.little_endian().from(2))
///     .keep_header()
///     .build()?;
/// let mut engine = Engine::new(ubx);
/// let mut frames = engine.feed(b"$GP\xb5\x62\x01\x07\xff\xff\xb5\x62\x05\x01\x02\x00\x06\x01\x0f\x38")?;
/// let Step::Frame(ack, place) = frames.next_frame()? else { panic!("it is whole") };
/// assert_eq!((ack, place.skipped), (&b"\xb5\x62\x05\x01\x02\x00\x06\x01"[..], 9));
/// drop(frames);
/// assert_eq!(engine.decoder().false_starts(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SyncWord {
    magic: Vec<u8>,
    /// For each beginning of the magic, from that of one byte on: the length of the longest shorter one that it ends in.
    ends_in: Vec<usize>,
    layout: Layout,
    false_starts: u64,
}

/// Settings of a [`SyncWord`]. Made by [`SyncWord::builder`].
#[derive(Clone, Debug)]
pub struct SyncWordBuilder {
    magic: Vec<u8>,
    /// Its offset and header are counted from the end of the magic.
    settings: Settings,
}

/// What begins with the magic.
enum Candidate {
    /// A frame of so many encoded bytes, if its checksum is right.
    Whole(usize),
    /// It has not all arrived.
    Short,
    /// No frame: none has this length.
    OutOfRange,
}

impl SyncWordBuilder {
    /// Reads the length with its least significant byte first. Otherwise the most significant byte comes first.
    #[must_use]
    pub fn little_endian(mut self) -> Self {
        self.settings.order = Order::Little;
        self
    }

    /// Sets how many bytes lie between the magic and the length field. Otherwise none.
    #[must_use]
    pub fn offset(mut self, bytes: usize) -> Self {
        self.settings.offset = bytes;
        self
    }

    /// Sets how many bytes lie between the magic and the payload, the length field included. Otherwise the header ends with the length field.
    #[must_use]
    pub fn header(mut self, bytes: usize) -> Self {
        self.settings.header = Some(bytes);
        self
    }

    /// Sets how many bytes lie behind the payload: an end mark, the [checksum](Self::checksum). Otherwise none, or what the checksum takes.
    #[must_use]
    pub fn trailer(mut self, bytes: usize) -> Self {
        self.settings.trailer = Some(bytes);
        self
    }

    /// Leaves the header on the frame, with the magic.
    #[must_use]
    pub fn keep_header(mut self) -> Self {
        self.settings.keep_header = true;
        self
    }

    /// Demands a checksum directly behind the payload, at the start of the trailer. It covers the magic too, unless told [where to start](Checksum::from).
    #[must_use]
    pub fn checksum(mut self, checksum: Checksum) -> Self {
        self.settings.checksum = Some(checksum);
        self
    }

    /// Makes the framer.
    ///
    /// # Errors
    /// [`SettingsError`] when the magic is empty, when the header is too short for the length field, or when no frame could be whole and within the limit. What it says of the header includes the
    /// magic.
    pub fn build(self) -> Result<SyncWord, SettingsError> {
        let Self { magic, mut settings } = self;
        if magic.is_empty() {
            return Err(SettingsError::EmptyMagic);
        }
        let behind_magic = |bytes: usize| bytes.checked_add(magic.len()).ok_or(SettingsError::TooLarge);
        settings.offset = behind_magic(settings.offset)?;
        settings.header = settings.header.map(behind_magic).transpose()?;
        let layout = settings.layout(&magic)?;
        if let Some(checksum) = settings.checksum {
            checksum.fits(layout.header(), OnExcess::Fail)?;
        }
        Ok(SyncWord { ends_in: ends_in(&magic), magic, layout, false_starts: 0 })
    }
}

impl SyncWord {
    /// Starts the settings of a framer: the magic bytes, the width of the length, what it counts, and the longest frame to be delivered, in bytes.
    ///
    /// The length counts the magic as a part of the [frame](Counts::Frame).
    #[must_use]
    pub fn builder(magic: impl AsRef<[u8]>, width: Width, counts: Counts, max_payload: usize) -> SyncWordBuilder {
        SyncWordBuilder { magic: magic.as_ref().to_vec(), settings: Settings::new(width, counts, max_payload) }
    }

    /// Returns how many times the magic was there and no frame behind it, so far.
    #[must_use]
    pub fn false_starts(&self) -> u64 {
        self.false_starts
    }

    /// Tells whether the magic is at the front.
    #[inline(always)]
    fn is_at_front(&self, input: &Input<'_>) -> bool {
        input.examined(self.magic.len());
        if literal(input.first(), &self.magic).is_some() {
            return true;
        }
        input.first().len() < self.magic.len() && input.apart(|input| self.is_across_front(input))
    }

    #[cold]
    fn is_across_front(&self, input: &Input<'_>) -> bool {
        let front = input.runs().flatten().take(self.magic.len());
        front.eq(&self.magic)
    }

    /// What begins with the magic at the front.
    #[inline(always)]
    fn candidate(&self, input: &Input<'_>) -> Candidate {
        let Ok(value) = self.layout.read::<Infallible>(input) else { return Candidate::Short };
        if !self.layout.is_legal(value) {
            return Candidate::OutOfRange;
        }
        let len = self.layout.len(value);
        if len <= input.len() { Candidate::Whole(len) } else { Candidate::Short }
    }

    /// The magic at the front begins no frame: goes on behind its first byte.
    #[cold]
    fn false_start(&mut self, input: &Input<'_>) -> Result<Found<Shown>, Stop<Infallible>> {
        self.false_starts += 1;
        self.skip_to_magic(1, input)
    }

    /// Skips the bytes before the first magic at or behind `from`, or before what may become one; waits where that is at the front.
    #[cold]
    fn skip_to_magic(&self, from: usize, input: &Input<'_>) -> Result<Found<Shown>, Stop<Infallible>> {
        match self.next_magic(from, input) {
            0 => Err(Stop::Need(NeedMoreData::ONE)),
            next => Ok(Found::Skip(next)),
        }
    }

    /// Where the first magic at or behind `from` begins, or what may become one with more bytes; the end where there is neither.
    fn next_magic(&self, from: usize, input: &Input<'_>) -> usize {
        let (mut seen, mut begun) = (from, 0);
        for run in input.runs_from(from) {
            let now = self.follow(&mut begun, run);
            input.examined(now);
            seen += now;
            if begun == self.magic.len() {
                return seen - begun;
            }
        }
        if input.is_end() { seen } else { seen - begun }
    }

    /// Follows the magic over a run, to the end of either, where `begun` bytes of it lie before. Returns how many bytes it saw.
    fn follow(&self, begun: &mut usize, run: &[u8]) -> usize {
        let first = self.magic.first().copied().unwrap_or_default();
        let mut seen = 0;
        while *begun < self.magic.len() {
            if *begun == 0 {
                let left = run.get(seen..).unwrap_or_default();
                seen += memchr::memchr(first, left).unwrap_or(left.len());
            }
            let Some(byte) = run.get(seen) else { break };
            *begun = step(&self.magic, &self.ends_in, *begun, *byte);
            seen += 1;
        }
        seen
    }
}

/// How many bytes of the magic are there when one more has come. Amortised O(1): a step back is paid for by a step forward before it.
fn step(magic: &[u8], ends_in: &[usize], mut begun: usize, byte: u8) -> usize {
    while magic.get(begun) != Some(&byte) {
        let Some(shorter) = begun.checked_sub(1).and_then(|last| ends_in.get(last)) else { return 0 };
        begun = *shorter;
    }
    begun + 1
}

/// For each beginning of the magic, the length of the longest shorter one that it ends in.
fn ends_in(magic: &[u8]) -> Vec<usize> {
    let mut ends_in = Vec::with_capacity(magic.len());
    for byte in magic {
        let end = match ends_in.last() {
            Some(end) => step(magic, &ends_in, *end, *byte),
            None => 0,
        };
        ends_in.push(end);
    }
    ends_in
}

impl Decode for SyncWord {
    /// Nothing: what is no frame is skipped at once.
    type Progress = ();
    type Token = Shown;
    type Frame<'a> = &'a [u8];
    type Fault = Infallible;

    #[inline(always)]
    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<Shown>, Stop<Infallible>> {
        input.begin()?;
        if !self.is_at_front(input) {
            return input.scan_apart(|input| self.skip_to_magic(0, input));
        }
        match self.candidate(input) {
            Candidate::Whole(len) => Ok(Found::Frame { len, token: self.layout.shown(len) }),
            // Not all that is missing, for the stream may end before and make a frame of what is inside.
            Candidate::Short if !input.is_end() => Err(Stop::Need(NeedMoreData::ONE)),
            Candidate::Short | Candidate::OutOfRange => input.scan_apart(|input| self.false_start(input)),
        }
    }

    #[inline(always)]
    fn inspect(&mut self, _: &mut Shown, (): &mut (), frame: &[u8]) -> Result<(), Reject<Infallible>> {
        self.layout.check(frame).map_err(|Mismatch { .. }| {
            self.false_starts += 1;
            Reject::FalseStart
        })
    }

    #[inline(always)]
    fn open<'a>(shown: Shown, (): &'a (), frame: &'a [u8]) -> &'a [u8] {
        shown.of(frame)
    }
}

impl Encode for SyncWord {
    /// A frame as it is delivered. What it does not bring of header and trailer is written: the magic, the length, the checksum, and zeros.
    type Message<'a> = Payload<'a>;
    type Fault = Unframable;

    #[inline(always)]
    fn encode(&mut self, payload: &Payload<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Unframable>> {
        let payload = payload.source();
        if self.layout.keeps_header() && !payload.bytes.starts_with(&self.magic) {
            return Err(EncodeError::Fault(Unframable::NoMagic));
        }
        self.layout.write(payload, out)
    }
}
