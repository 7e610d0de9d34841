//! Frames whose header says how long they are. SPEC.md, clauses LF-1 to LF-10.

use alloc::vec::Vec;

use super::checksum::{Checksum, Mismatch};
use super::limit::{Excess, NEVER};
use super::number::{Order, Width};
use super::{OnExcess, SettingsError, Unframable};
use crate::decode::{Cause, Decode, Found, Reject, Stop};
use crate::encode::{Encode, EncodeError, Payload, Writer};
use crate::input::Input;

/// What a length counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counts {
    /// The payload alone: what lies between header and trailer.
    Payload,
    /// The whole frame: header, payload and trailer.
    Frame,
    /// What follows the length field, less this many bytes: the frame ends that many bytes behind the place that the length says, counted from the end of the length field.
    ///
    /// `PostgreSQL` counts the four bytes of the field itself and what follows: −4.
    Adjusted(i64),
}

/// Cuts a stream by a length in the header of each frame.
///
/// ```text
/// |         header          |   payload   | trailer |
/// | offset | length | …     |
/// ```
///
/// A frame is the payload, unless header and trailer are kept. The limit is of the frame as it is delivered, and judged from the header alone. A length that leaves less than header and trailer
/// need is a fault.
///
/// ```
/// use framewright::{Engine, Step, framing::{Counts, LengthField, Width}};
///
/// // PostgreSQL: a tag, then a length that counts itself and what follows. Keep both.
/// let messages = LengthField::builder(Width::U32, Counts::Adjusted(-4), 64 * 1024).offset(1).keep_header().build()?;
/// let mut engine = Engine::new(messages);
/// let mut frames = engine.feed(b"Z\0\0\0\x05I")?;
/// assert!(matches!(frames.next_frame()?, Step::Frame(b"Z\0\0\0\x05I", _)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct LengthField {
    offset: usize,
    /// The end of the eight bytes that the field starts.
    reach: usize,
    width: Width,
    order: Order,
    /// The bits of eight that are not the field's.
    shift: u32,
    /// The values that make a frame of legal length.
    legal: Legal,
    /// What to add to a legal value for the length of the encoded frame.
    base: i64,
    stripped_header: usize,
    /// Header and trailer, as far as they are stripped.
    stripped: usize,
    max: usize,
    /// What `max` limits.
    limited: &'static str,
    excess: Excess,
    header: usize,
    trailer: usize,
    checksum: Option<Checksum>,
    /// The header that is written: all zeros but the length.
    head: Vec<u8>,
}

/// `least ..= least + span`.
#[derive(Clone, Copy, Debug)]
struct Legal {
    least: u64,
    /// How many values there are, less one.
    span: u64,
}

/// What a peer can get wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LengthFieldFault {
    /// The length makes a frame shorter than its header and trailer (LF-6).
    #[error("a length of {found} is too small, header and trailer need {expected} at least")]
    TooShort {
        /// The value of the length field.
        found: u64,
        /// The smallest value that it may have.
        expected: u64,
    },
    /// The checksum is not that of the frame (LF-10). The frame is stepped over.
    #[error("a checksum of {found:#x}, but {expected:#x} is right")]
    WrongChecksum {
        /// The checksum found.
        found: u64,
        /// The checksum of the frame.
        expected: u64,
    },
}

/// Settings of a [`LengthField`]. Made by [`LengthField::builder`].
#[derive(Clone, Copy, Debug)]
pub struct LengthFieldBuilder {
    width: Width,
    counts: Counts,
    max: usize,
    order: Order,
    offset: usize,
    header: Option<usize>,
    trailer: Option<usize>,
    keep_header: bool,
    keep_trailer: bool,
    checksum: Option<Checksum>,
    on_excess: OnExcess,
}

impl LengthFieldBuilder {
    /// Reads the length with its least significant byte first. Otherwise the most significant byte comes first.
    #[must_use]
    pub const fn little_endian(mut self) -> Self {
        self.order = Order::Little;
        self
    }

    /// Sets how many bytes lie before the length field. Otherwise none.
    #[must_use]
    pub const fn offset(mut self, bytes: usize) -> Self {
        self.offset = bytes;
        self
    }

    /// Sets how many bytes lie before the payload, the length field included. Otherwise the header ends with the length field.
    #[must_use]
    pub const fn header(mut self, bytes: usize) -> Self {
        self.header = Some(bytes);
        self
    }

    /// Sets how many bytes lie behind the payload: an end mark, the [checksum](Self::checksum). Otherwise none, or what the checksum takes.
    #[must_use]
    pub const fn trailer(mut self, bytes: usize) -> Self {
        self.trailer = Some(bytes);
        self
    }

    /// Leaves the header on the frame.
    #[must_use]
    pub const fn keep_header(mut self) -> Self {
        self.keep_header = true;
        self
    }

    /// Leaves the trailer on the frame.
    #[must_use]
    pub const fn keep_trailer(mut self) -> Self {
        self.keep_trailer = true;
        self
    }

    /// Demands a checksum directly behind the payload, at the start of the trailer. A frame with a wrong one is a fault, and stepped over.
    #[must_use]
    pub const fn checksum(mut self, checksum: Checksum) -> Self {
        self.checksum = Some(checksum);
        self
    }

    /// Sets what happens to a frame beyond the limit.
    #[must_use]
    pub const fn on_excess(mut self, on_excess: OnExcess) -> Self {
        self.on_excess = on_excess;
        self
    }

    /// Makes the framer.
    ///
    /// # Errors
    /// [`SettingsError`] when the header is too short for the length field, or when no frame could be whole and within the limit.
    pub fn build(self) -> Result<LengthField, SettingsError> {
        let width = self.width as usize;
        let field_end = self.offset.checked_add(width).ok_or(SettingsError::TooLarge)?;
        let header = self.header.unwrap_or(field_end);
        if header < field_end {
            return Err(SettingsError::HeaderTooShort { header, field_end });
        }
        let checked = self.checksum.map_or(0, |checksum| checksum.width());
        let trailer = self.trailer.unwrap_or(checked);
        if trailer < checked {
            return Err(SettingsError::TrailerTooShort { trailer, checksum: checked });
        }
        if let Some(checksum) = self.checksum {
            checksum.fits(header, self.on_excess)?;
        }
        let around = header.checked_add(trailer).ok_or(SettingsError::TooLarge)?;
        let around = i64::try_from(around).map_err(|_| SettingsError::TooLarge)?;
        let base = match self.counts {
            Counts::Payload => around,
            Counts::Frame => 0,
            Counts::Adjusted(adjustment) => {
                i64::try_from(field_end).ok().and_then(|field_end| field_end.checked_add(adjustment)).ok_or(SettingsError::TooLarge)?
            }
        };
        let stripped_header = if self.keep_header { 0 } else { header };
        let stripped_trailer = if self.keep_trailer { 0 } else { trailer };
        let largest = self.width.largest();
        let longest = self.max.saturating_add(stripped_header + stripped_trailer);
        let shortest = around.max(base);
        if i64::try_from(longest).is_ok_and(|longest| longest < shortest) {
            return Err(SettingsError::LimitTooSmall { limit: self.max, shortest: shortest.unsigned_abs() });
        }
        let legal = Legal::new(base, shortest, longest);
        if legal.least > largest {
            let longest = largest.saturating_add_signed(base);
            return Err(SettingsError::NeverLongEnough { longest, around: around.unsigned_abs() });
        }
        let limited = if self.keep_header || self.keep_trailer { "frame" } else { "payload" };
        Ok(LengthField {
            offset: self.offset,
            reach: self.offset.saturating_add(8),
            width: self.width,
            order: self.order,
            shift: self.width.spare_bits(),
            legal,
            base,
            stripped_header,
            stripped: stripped_header + stripped_trailer,
            max: self.max,
            limited,
            excess: Excess::new(self.on_excess),
            header,
            trailer,
            checksum: self.checksum,
            head: Vec::new(),
        })
    }
}

impl Legal {
    /// The values that, with `base` added, are from `shortest` to `longest`.
    fn new(base: i64, shortest: i64, longest: usize) -> Self {
        let value = |len: i128| u64::try_from(len - i128::from(base)).unwrap_or(u64::MAX);
        let least = value(i128::from(shortest));
        Self { least, span: value(longest as i128).saturating_sub(least) }
    }
}

impl LengthField {
    /// Starts the settings of a framer: the width of the length, what it counts, and the longest frame to be delivered, in bytes.
    #[must_use]
    pub const fn builder(width: Width, counts: Counts, max: usize) -> LengthFieldBuilder {
        LengthFieldBuilder {
            width,
            counts,
            max,
            order: Order::Big,
            offset: 0,
            header: None,
            trailer: None,
            keep_header: false,
            keep_trailer: false,
            checksum: None,
            on_excess: OnExcess::Fail,
        }
    }

    /// Reads the field off the eight bytes that it starts, or of which it is all there is.
    #[inline(always)]
    fn value(&self, eight: [u8; 8]) -> u64 {
        match self.order {
            Order::Big => u64::from_be_bytes(eight) >> self.shift,
            Order::Little => u64::from_le_bytes(eight) << self.shift >> self.shift,
        }
    }

    /// Reads the field where fewer than eight bytes follow its start in the first run.
    #[cold]
    fn gather(&self, input: &Input<'_>) -> Result<u64, Stop<LengthFieldFault>> {
        input.begin()?;
        let mut eight = [0; 8];
        if let Some(field) = eight.get_mut(..self.width as usize) {
            input.copy_to_slice(self.offset, field)?;
        }
        Ok(self.value(eight))
    }

    /// Says what is wrong with a length, or deals with its frame.
    #[cold]
    fn illegal(&mut self, value: u64, input: &Input<'_>) -> Result<Found<Shown>, Stop<LengthFieldFault>> {
        if value < self.legal.least {
            return Err(Stop::fatal(LengthFieldFault::TooShort { found: value, expected: self.legal.least }));
        }
        let delivered = i128::from(value) + i128::from(self.base) - self.stripped as i128;
        if delivered <= self.max as i128 {
            // Within the limit, but with what is stripped of it more than can be counted.
            return Err(Stop::Need(NEVER));
        }
        let start = (self.stripped_header.checked_add(self.max), Shown { start: self.stripped_header, len: self.max });
        self.excess.judge(value.saturating_add_signed(self.base), start, self.limit(), input)
    }

    fn limit(&self) -> Cause<LengthFieldFault> {
        Cause::TooLarge { what: self.limited, limit: self.max as u64 }
    }

    /// The length that a frame of so many encoded bytes tells.
    fn told(&self, frame: usize) -> u64 {
        (frame as u64).wrapping_add_signed(self.base.wrapping_neg())
    }

    /// Checks what a payload brings of header and trailer, and returns the length to tell.
    #[inline]
    fn admit(&self, payload: &[u8]) -> Result<u64, EncodeError<Unframable>> {
        let told = self.told(payload.len() + self.stripped);
        if told.wrapping_sub(self.legal.least) > self.legal.span || told > self.width.largest() {
            return Err(self.untellable(payload.len()));
        }
        if self.stripped_header == 0 {
            self.check_brought(payload, told)?;
        }
        Ok(told)
    }

    /// Says why there is no length for a payload of so many bytes.
    #[cold]
    fn untellable(&self, payload: usize) -> EncodeError<Unframable> {
        let payload_of = |told: u64| i128::from(told) + i128::from(self.base) - self.stripped as i128;
        let shortest = usize::try_from(payload_of(self.legal.least)).unwrap_or(usize::MAX);
        if payload < shortest {
            return EncodeError::Fault(Unframable::TooShort { found: payload, expected: shortest });
        }
        let longest = u64::try_from(payload_of(self.width.largest())).unwrap_or(u64::MAX).min(self.max as u64);
        EncodeError::TooLarge { what: self.limited, limit: longest }
    }

    /// Checks the length that a payload brings.
    fn check_brought(&self, payload: &[u8], told: u64) -> Result<(), EncodeError<Unframable>> {
        let field = payload.get(self.offset..).and_then(|field| field.get(..self.width as usize)).unwrap_or_default();
        let found = self.order.read(field);
        if found == told { Ok(()) } else { Err(EncodeError::Fault(Unframable::WrongLength { found, expected: told })) }
    }

    /// Writes the trailer, or checks the one that the payload brings.
    fn end(&self, head: &[u8], payload: &[u8], out: &mut Writer<'_>) -> Result<(), EncodeError<Unframable>> {
        let kept = self.stripped == self.stripped_header;
        let (body, brought) = payload.split_at_checked(payload.len() - if kept { self.trailer } else { 0 }).unwrap_or((payload, &[]));
        let checksum = self.checksum.map(|checksum| (checksum, checksum.of(head, body)));
        if kept {
            return match checksum.and_then(|(checksum, expected)| checksum.check_value(brought, expected).err()) {
                Some(Mismatch { found, expected }) => Err(EncodeError::Fault(Unframable::WrongChecksum { found, expected })),
                None => Ok(()),
            };
        }
        let mut left = self.trailer;
        if let Some((checksum, value)) = checksum {
            out.write(checksum.bytes(value).get(..checksum.width()).unwrap_or_default())?;
            left -= checksum.width();
        }
        while left > 0 {
            let now = left.min(ZEROS.len());
            out.write(ZEROS.get(..now).unwrap_or_default())?;
            left -= now;
        }
        Ok(())
    }
}

const ZEROS: [u8; 16] = [0; 16];

/// The part of a frame that is shown.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    start: usize,
    len: usize,
}

impl Decode for LengthField {
    type Progress = ();
    type Token = Shown;
    type Frame<'a> = &'a [u8];
    type Fault = LengthFieldFault;

    #[inline(always)]
    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<Shown>, Stop<LengthFieldFault>> {
        if self.excess.is_left() {
            return self.excess.skip(input);
        }
        input.examined(self.width as usize);
        let value = match input.first().get(..self.reach).and_then(<[u8]>::last_chunk::<8>) {
            Some(eight) => self.value(*eight),
            None => self.gather(input)?,
        };
        if value.wrapping_sub(self.legal.least) > self.legal.span {
            return self.illegal(value, input);
        }
        // A legal value makes a length from 1 to the limit, which is a `usize`.
        let len = usize::try_from(value.wrapping_add_signed(self.base)).unwrap_or(usize::MAX);
        input.require(len)?;
        Ok(Found::Frame { len, token: Shown { start: self.stripped_header, len: len - self.stripped } })
    }

    #[inline(always)]
    fn inspect(&mut self, _: &mut Shown, (): &mut (), frame: &[u8]) -> Result<(), Reject<LengthFieldFault>> {
        match self.checksum {
            None => Ok(()),
            Some(checksum) => checksum
                .check(frame, frame.len() - self.trailer)
                .map_err(|Mismatch { found, expected }| Reject::Bad(LengthFieldFault::WrongChecksum { found, expected })),
        }
    }

    #[inline(always)]
    fn open<'a>(Shown { start, len }: Shown, (): &'a (), frame: &'a [u8]) -> &'a [u8] {
        let Some((_, from)) = frame.split_at_checked(start) else { return &[] };
        from.get(..len).unwrap_or_default()
    }
}

impl Encode for LengthField {
    /// A frame as it is delivered. What it does not bring of header and trailer is written as zeros, but for length and checksum.
    type Message<'a> = Payload<'a>;
    type Fault = Unframable;

    #[inline]
    fn encode(&mut self, payload: &Payload<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Unframable>> {
        let told = self.admit(payload)?;
        if self.stripped_header > 0 {
            self.head.resize(self.header, 0);
            let field = self.head.get_mut(self.offset..).and_then(|head| head.get_mut(..self.width as usize)).unwrap_or_default();
            field.iter_mut().zip(self.order.bytes(told, self.width)).for_each(|(to, from)| *to = from);
        }
        out.write(&self.head)?;
        out.payload(payload)?;
        if self.trailer > 0 { self.end(&self.head, payload, out) } else { Ok(()) }
    }
}
