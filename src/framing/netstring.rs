//! Netstrings: `5:hello,`. SPEC.md, clauses NS-1 to NS-8.

use core::ops::Range;

use super::digits::{Base, Number};
use super::limit::{Excess, NEVER, whole};
use super::{OnExcess, Unframable};
use crate::decode::{Cause, Decode, Found, Stop};
use crate::encode::{Encode, EncodeError, Payload, Short, Writer};
use crate::input::Input;

/// Cuts a stream into netstrings: a length in decimal digits, a colon, so many bytes of payload, and a comma.
///
/// A frame is the payload.
///
/// ```
/// use framewright::{Engine, Step, framing::Netstring};
///
/// let mut engine = Engine::new(Netstring::new(64 * 1024));
/// let mut frames = engine.feed(b"12:hello world!,0:,3:abc;")?;
/// assert!(matches!(frames.next_frame()?, Step::Frame(b"hello world!", _)));
/// assert!(matches!(frames.next_frame()?, Step::Frame(b"", _)));
/// assert_eq!(frames.next_frame().unwrap_err().to_string(), "frame at byte 19: expected ',' after the payload, found 0x3b");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Netstring {
    max_payload: usize,
    excess: Excess,
}

/// What has still to arrive.
///
/// ```text
///          ":"              ","
/// Length ────────▶ Payload ────────▶ (the frame is whole)
/// ```
#[derive(Clone, Debug)]
pub enum Progress {
    /// The colon, and perhaps digits before it. Those that have arrived make this number.
    Length(Number),
    /// The comma behind the payload, which is at these offsets of the frame, and perhaps some of the payload.
    Payload(Range<usize>),
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
pub enum NetstringFault {
    /// A frame begins with no digit (NS-4).
    #[error("expected a digit, found {found:#04x}")]
    NoDigit {
        /// The first byte of the frame.
        found: u8,
    },
    /// Neither a digit nor the colon follows a digit (NS-4).
    #[error("expected a digit or ':', found {found:#04x}")]
    NoColon {
        /// The byte there.
        found: u8,
    },
    /// Something else than the colon follows a zero at the start (NS-2).
    #[error("expected ':' after a length that begins with 0, found {found:#04x}")]
    LeadingZero {
        /// The byte there.
        found: u8,
    },
    /// The length has more digits than a number of 64 bits (NS-5).
    #[error("a length of more than {limit} digits")]
    TooManyDigits {
        /// The most digits of a length.
        limit: usize,
    },
    /// The comma is not where it must be (NS-4).
    #[error("expected ',' after the payload, found {found:#04x}")]
    NoComma {
        /// The byte there.
        found: u8,
    },
}

impl Netstring {
    /// Makes a framer for payloads of at most `max_payload` bytes.
    #[must_use]
    pub const fn new(max_payload: usize) -> Self {
        Self { max_payload, excess: Excess::new(OnExcess::Fail) }
    }

    /// Sets what happens to a payload beyond the limit. [`Fail`](OnExcess::Fail) does it at the first digit that makes it so, the others behind the colon: until then it is not known how much to
    /// skip. What they skip of a frame, its comma too, is not looked at.
    #[must_use]
    pub const fn on_excess(mut self, on_excess: OnExcess) -> Self {
        self.excess = Excess::new(on_excess);
        self
    }

    /// Finds a frame that lies whole in the first run, and is as most are; or what is before its payload.
    #[inline(always)]
    fn at_once(&self, progress: &mut Progress, input: &Input<'_>) -> Option<Found<Range<usize>>> {
        let run = input.first();
        let (payload, digits) = Base::Decimal.short(run)?;
        let begins_well = digits == 1 || (digits > 1 && run.first() != Some(&b'0'));
        if !begins_well || payload > self.max_payload || run.get(digits) != Some(&b':') {
            return None;
        }
        let (start, end) = (digits + 1, digits + 1 + payload);
        input.examined(start);
        if run.get(end) != Some(&b',') {
            *progress = Progress::Payload(start..end);
            return None;
        }
        input.examined(1);
        Some(Found::Frame { len: end + 1, token: start..end })
    }

    /// Finds a frame, part by part.
    #[inline(never)]
    fn by_parts(&mut self, progress: &mut Progress, input: &Input<'_>) -> Result<Found<Range<usize>>, Stop<NetstringFault>> {
        if self.excess.is_left() {
            return self.excess.skip(input);
        }
        let payload = match progress {
            Progress::Payload(payload) => payload.clone(),
            Progress::Length(number) => {
                self.length(number, input)?;
                if self.is_beyond(*number) {
                    return self.beyond(*number, input);
                }
                Self::payload(*number)?
            }
        };
        *progress = Progress::Payload(payload.clone());
        let len = whole(payload.end.checked_add(1), input)?;
        match input.array(payload.end)? {
            [b','] => Ok(Found::Frame { len, token: payload }),
            [found] => Err(Stop::fatal(NetstringFault::NoComma { found })),
        }
    }

    /// Reads the length, up to its colon.
    fn length(&self, number: &mut Number, input: &Input<'_>) -> Result<(), Stop<NetstringFault>> {
        input.begin()?;
        let limit = Base::Decimal.most_digits();
        loop {
            let [found] = input.array(number.digits)?;
            match (Base::Decimal.digit(found), number.digits) {
                (Some(_), 1..) if number.value == 0 => return Err(Stop::fatal(NetstringFault::LeadingZero { found })),
                (Some(_), digits) if digits == limit => return Err(Stop::fatal(NetstringFault::TooManyDigits { limit })),
                (Some(digit), _) => number.push(digit, Base::Decimal),
                (None, 0) => return Err(Stop::fatal(NetstringFault::NoDigit { found })),
                (None, _) if found == b':' => return Ok(()),
                (None, _) if number.value == 0 => return Err(Stop::fatal(NetstringFault::LeadingZero { found })),
                (None, _) => return Err(Stop::fatal(NetstringFault::NoColon { found })),
            }
            if self.excess.is_fatal() && self.is_beyond(*number) {
                return Err(Stop::Fatal(self.limit()));
            }
        }
    }

    /// Where the payload lies in the frame, when its length is within the limit.
    fn payload(number: Number) -> Result<Range<usize>, Stop<NetstringFault>> {
        let start = number.digits + 1;
        let end = usize::try_from(number.value).ok().and_then(|payload| start.checked_add(payload)).ok_or(NEVER)?;
        Ok(start..end)
    }

    /// Deals with a frame whose payload is beyond the limit.
    #[cold]
    fn beyond(&mut self, number: Number, input: &Input<'_>) -> Result<Found<Range<usize>>, Stop<NetstringFault>> {
        let start = number.digits + 1;
        let end = start.checked_add(self.max_payload);
        let len = number.bytes().saturating_add(start as u64 + 1);
        self.excess.judge(len, (end, start..end.unwrap_or(start)), self.limit(), input)
    }

    fn is_beyond(&self, number: Number) -> bool {
        number.value > self.max_payload as u128
    }

    fn limit(&self) -> Cause<NetstringFault> {
        Cause::TooLarge { what: "payload", limit: self.max_payload as u64 }
    }
}

impl Decode for Netstring {
    type Progress = Progress;
    /// Where the payload lies in the frame.
    type Token = Range<usize>;
    type Frame<'a> = &'a [u8];
    type Fault = NetstringFault;

    #[inline(always)]
    fn scan(&mut self, progress: &mut Progress, input: &Input<'_>) -> Result<Found<Range<usize>>, Stop<NetstringFault>> {
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

impl Encode for Netstring {
    /// A payload.
    type Message<'a> = Payload<'a>;
    type Fault = Unframable;

    #[inline(always)]
    fn encode(&mut self, payload: &Payload<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Unframable>> {
        let payload = payload.source();
        if payload.bytes.len() > self.max_payload {
            return Err(EncodeError::TooLarge { what: "payload", limit: self.max_payload as u64 });
        }
        let header = Base::Decimal.digits(payload.bytes.len()).and_then(|digits| digits.then(Short::byte(b':')));
        let header = match header {
            Some(header) => header,
            None => Base::Decimal.write_long(payload.bytes.len(), b":", out)?,
        };
        Ok(out.write_around(header, payload, Short::byte(b','))?)
    }
}
