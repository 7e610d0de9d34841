//! A length in digits, then the payload. SPEC.md, clauses AL-1 to AL-9.

use alloc::vec::Vec;
use core::ops::Range;

use super::digits::{Base, Number};
use super::limit::{Excess, NEVER, whole};
use super::{OnExcess, SettingsError, Unframable, literal};
use crate::decode::{Cause, Decode, Found, Stop};
use crate::encode::{Encode, EncodeError, Payload, Short, Writer};
use crate::input::Input;

/// Cuts a stream by a length in digits before each payload.
///
/// ```text
/// | digits | terminator |   payload   | trailer |
/// ```
///
/// A frame is the payload.
///
/// ```
/// use framewright::{Engine, Step, framing::{AsciiLength, Base}};
///
/// // The chunks of HTTP/1.1, as long as they have no extensions. The last of them is empty.
/// let chunks = AsciiLength::new(Base::Hex, "\r\n", 64 * 1024)?.trailer("\r\n");
/// let mut engine = Engine::new(chunks);
/// let mut frames = engine.feed(b"5\r\nhello\r\n0\r\n\r\n")?;
/// assert!(matches!(frames.next_frame()?, Step::Frame(b"hello", _)));
/// assert!(matches!(frames.next_frame()?, Step::Frame(b"", _)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct AsciiLength {
    base: Base,
    terminator: Vec<u8>,
    trailer: Vec<u8>,
    /// The same, where they are short, to be written.
    short_terminator: Option<Short>,
    short_trailer: Option<Short>,
    max_payload: usize,
    excess: Excess,
}

/// What has still to arrive.
///
/// ```text
///         a byte that is no digit                 the last of it              the last of it
/// Length ───────────────────────▶ Terminator ───────────────▶ Payload ───────────────▶ (the frame is whole)
/// ```
#[derive(Clone, Debug)]
pub enum Progress {
    /// What ends the digits, and perhaps digits before it. Those that have arrived make this number.
    Length(Number),
    /// The terminator, so many bytes of which have arrived, behind the digits of this number.
    Terminator(Number, usize),
    /// The trailer, so many bytes of which have arrived, and perhaps some of the payload, which is at these offsets of the frame.
    Payload(Range<usize>, usize),
}

impl Default for Progress {
    fn default() -> Self {
        Self::Length(Number::default())
    }
}

impl Progress {
    /// Tells whether nothing has been read.
    #[inline(always)]
    fn is_fresh(&self) -> bool {
        matches!(self, Self::Length(Number { digits: 0, .. }))
    }
}

/// What a peer can get wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum AsciiLengthFault {
    /// A frame begins with no digit (AL-3).
    #[error("expected a digit, found {found:#04x}")]
    NoDigit {
        /// The first byte of the frame.
        found: u8,
    },
    /// Neither a digit nor the terminator is where one must be (AL-3).
    #[error("expected '{}' after the length, found {found:#04x}", expected.escape_ascii())]
    NoTerminator {
        /// The byte of the terminator that could stand there.
        expected: u8,
        /// The byte that does.
        found: u8,
    },
    /// The length has more digits than a number of 64 bits (AL-4).
    #[error("a length of more than {limit} digits")]
    TooManyDigits {
        /// The most digits of a length.
        limit: usize,
    },
    /// The trailer is not where it must be (AL-5).
    #[error("expected '{}' after the payload, found {found:#04x}", expected.escape_ascii())]
    NoTrailer {
        /// The byte of the trailer that must stand there.
        expected: u8,
        /// The byte that does.
        found: u8,
    },
}

impl AsciiLength {
    /// Makes a framer for payloads of at most `max_payload` bytes, behind a length in this base and what ends its digits.
    ///
    /// # Errors
    /// [`SettingsError::NoTerminator`] when the terminator is empty, [`SettingsError::TerminatorIsDigit`] when it begins with a digit of the base.
    pub fn new(base: Base, terminator: impl AsRef<[u8]>, max_payload: usize) -> Result<Self, SettingsError> {
        let terminator = terminator.as_ref().to_vec();
        let found = *terminator.first().ok_or(SettingsError::NoTerminator)?;
        if base.digit(found).is_some() {
            return Err(SettingsError::TerminatorIsDigit { found });
        }
        let short_terminator = Short::of(&terminator);
        let (trailer, short_trailer) = (Vec::new(), Some(Short::NONE));
        Ok(Self { base, terminator, trailer, short_terminator, short_trailer, max_payload, excess: Excess::new(OnExcess::Fail) })
    }

    /// Sets what must follow each payload. Otherwise nothing.
    #[must_use]
    pub fn trailer(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.trailer = bytes.as_ref().to_vec();
        self.short_trailer = Short::of(&self.trailer);
        self
    }

    /// Sets what happens to a payload beyond the limit. [`Fail`](OnExcess::Fail) does it at the first digit that makes it so, the others behind the terminator: until then it is not known how much
    /// to skip. What they skip of a frame, its trailer too, is not looked at.
    #[must_use]
    pub const fn on_excess(mut self, on_excess: OnExcess) -> Self {
        self.excess = Excess::new(on_excess);
        self
    }

    /// Finds a frame that lies whole in the first run, and is as most are; or what is before its payload.
    #[inline(always)]
    fn at_once(&self, progress: &mut Progress, input: &Input<'_>) -> Option<Found<Range<usize>>> {
        let run = input.first();
        let (payload, digits) = self.base.short(run)?;
        let behind = literal(run.get(digits..)?, &self.terminator)?;
        if digits == 0 || payload > self.max_payload {
            return None;
        }
        let start = digits + self.terminator.len();
        input.examined(start);
        let Some(behind) = behind.get(payload..).and_then(|behind| literal(behind, &self.trailer)) else {
            *progress = Progress::Payload(start..start + payload, 0);
            return None;
        };
        input.examined(self.trailer.len());
        Some(Found::Frame { len: run.len() - behind.len(), token: start..start + payload })
    }

    /// Finds a frame, part by part.
    #[inline(never)]
    fn by_parts(&mut self, progress: &mut Progress, input: &Input<'_>) -> Result<Found<Range<usize>>, Stop<AsciiLengthFault>> {
        if self.excess.is_left() {
            return self.excess.skip(input);
        }
        loop {
            *progress = match progress {
                Progress::Length(number) => {
                    self.digits(number, input)?;
                    Progress::Terminator(*number, 0)
                }
                Progress::Terminator(number, arrived) => {
                    let fault = |expected, found| AsciiLengthFault::NoTerminator { expected, found };
                    compare(&self.terminator, number.digits, arrived, input, fault)?;
                    if self.is_beyond(*number) {
                        return self.beyond(*number, input);
                    }
                    Progress::Payload(self.payload(*number)?, 0)
                }
                Progress::Payload(payload, arrived) => {
                    let fault = |expected, found| AsciiLengthFault::NoTrailer { expected, found };
                    compare(&self.trailer, payload.end, arrived, input, fault)?;
                    let len = whole(payload.end.checked_add(self.trailer.len()), input)?;
                    return Ok(Found::Frame { len, token: payload.clone() });
                }
            }
        }
    }

    /// Reads digits, up to the first byte that is none.
    fn digits(&self, number: &mut Number, input: &Input<'_>) -> Result<(), Stop<AsciiLengthFault>> {
        input.begin()?;
        let limit = self.base.most_digits();
        loop {
            let [found] = input.array(number.digits)?;
            match self.base.digit(found) {
                Some(_) if number.digits == limit => return Err(Stop::fatal(AsciiLengthFault::TooManyDigits { limit })),
                Some(digit) => number.push(digit, self.base),
                None if number.digits == 0 => return Err(Stop::fatal(AsciiLengthFault::NoDigit { found })),
                None => return Ok(()),
            }
            if self.excess.is_fatal() && self.is_beyond(*number) {
                return Err(Stop::Fatal(self.limit()));
            }
        }
    }

    /// Where the payload lies in the frame, when its length is within the limit.
    fn payload(&self, number: Number) -> Result<Range<usize>, Stop<AsciiLengthFault>> {
        let start = self.start(number);
        let end = usize::try_from(number.value).ok().and_then(|payload| start.checked_add(payload)).ok_or(NEVER)?;
        Ok(start..end)
    }

    /// Deals with a frame whose payload is beyond the limit.
    #[cold]
    fn beyond(&mut self, number: Number, input: &Input<'_>) -> Result<Found<Range<usize>>, Stop<AsciiLengthFault>> {
        let start = self.start(number);
        let end = start.checked_add(self.max_payload);
        let len = number.bytes().saturating_add(start as u64).saturating_add(self.trailer.len() as u64);
        self.excess.judge(len, (end, start..end.unwrap_or(start)), self.limit(), input)
    }

    /// Where the payload starts: behind the digits, of which there are few, and a string that is in memory.
    fn start(&self, number: Number) -> usize {
        number.digits + self.terminator.len()
    }

    fn is_beyond(&self, number: Number) -> bool {
        number.value > self.max_payload as u128
    }

    fn limit(&self) -> Cause<AsciiLengthFault> {
        Cause::TooLarge { what: "payload", limit: self.max_payload as u64 }
    }
}

/// Goes on comparing the bytes at `at` with those that must stand there, of which so many have `arrived`.
fn compare(
    literal: &[u8],
    at: usize,
    arrived: &mut usize,
    input: &Input<'_>,
    fault: impl Fn(u8, u8) -> AsciiLengthFault,
) -> Result<(), Stop<AsciiLengthFault>> {
    while let Some(expected) = literal.get(*arrived) {
        let end = whole(at.checked_add(*arrived + 1), input)?;
        let [found] = input.array(end - 1)?;
        if found != *expected {
            return Err(Stop::fatal(fault(*expected, found)));
        }
        *arrived += 1;
    }
    Ok(())
}

impl Decode for AsciiLength {
    type Progress = Progress;
    /// Where the payload lies in the frame.
    type Token = Range<usize>;
    type Frame<'a> = &'a [u8];
    type Fault = AsciiLengthFault;

    #[inline(always)]
    fn scan(&mut self, progress: &mut Progress, input: &Input<'_>) -> Result<Found<Range<usize>>, Stop<AsciiLengthFault>> {
        if progress.is_fresh() && !self.excess.is_left() {
            if let Some(found) = self.at_once(progress, input) {
                return Ok(found);
            }
        }
        input.scan_apart(|input| self.by_parts(progress, input))
    }

    #[inline(always)]
    fn open<'a>(payload: Range<usize>, _: &'a Progress, frame: &'a [u8]) -> &'a [u8] {
        frame.get(payload).unwrap_or_default()
    }

    /// Leaves what is fresh: to write all of it for each frame takes longer than to read the frame.
    #[inline(always)]
    fn reset(progress: &mut Progress) {
        if !progress.is_fresh() {
            *progress = Progress::default();
        }
    }
}

impl Encode for AsciiLength {
    /// A payload. Its length is written without leading zeros, and in lower case.
    type Message<'a> = Payload<'a>;
    type Fault = Unframable;

    #[inline(always)]
    fn encode(&mut self, payload: &Payload<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Unframable>> {
        let payload = payload.source();
        if payload.bytes.len() > self.max_payload {
            return Err(EncodeError::TooLarge { what: "payload", limit: self.max_payload as u64 });
        }
        let header = self.short_terminator.and_then(|terminator| self.base.digits(payload.bytes.len())?.then(terminator));
        let header = match header {
            Some(header) => header,
            None => self.base.write_long(payload.bytes.len(), &self.terminator, out)?,
        };
        out.write_around(header, payload, self.short_trailer.unwrap_or(Short::NONE))?;
        if self.short_trailer.is_none() {
            out.write(&self.trailer)?;
        }
        Ok(())
    }
}
