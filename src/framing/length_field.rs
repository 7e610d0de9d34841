//! Frames whose header says how long they are. SPEC.md, clauses LF-1 to LF-8.

use core::num::NonZeroUsize;

use super::{OnExcess, SettingsError};
use crate::decode::{Cause, Decode, Found, Stop};
use crate::error::NeedMoreData;
use crate::input::Input;

/// The width of a length field. Its value is unsigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Width {
    /// One byte.
    U8 = 1,
    /// Two bytes.
    U16 = 2,
    /// Three bytes.
    U24 = 3,
    /// Four bytes.
    U32 = 4,
    /// Eight bytes.
    U64 = 8,
}

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
    on_excess: OnExcess,
    /// What is still to come of a frame beyond the limit.
    discard: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Big,
    Little,
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
    trailer: usize,
    keep_header: bool,
    keep_trailer: bool,
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

    /// Sets how many bytes lie behind the payload: a checksum, an end mark. Otherwise none.
    #[must_use]
    pub const fn trailer(mut self, bytes: usize) -> Self {
        self.trailer = bytes;
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
        let around = header.checked_add(self.trailer).ok_or(SettingsError::TooLarge)?;
        let around = i64::try_from(around).map_err(|_| SettingsError::TooLarge)?;
        let base = match self.counts {
            Counts::Payload => around,
            Counts::Frame => 0,
            Counts::Adjusted(adjustment) => {
                i64::try_from(field_end).ok().and_then(|field_end| field_end.checked_add(adjustment)).ok_or(SettingsError::TooLarge)?
            }
        };
        let stripped_header = if self.keep_header { 0 } else { header };
        let stripped_trailer = if self.keep_trailer { 0 } else { self.trailer };
        let shift = 64 - 8 * self.width as u32;
        let largest = u64::MAX >> shift;
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
            shift,
            legal,
            base,
            stripped_header,
            stripped: stripped_header + stripped_trailer,
            max: self.max,
            limited,
            on_excess: self.on_excess,
            discard: 0,
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
            trailer: 0,
            keep_header: false,
            keep_trailer: false,
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

    /// Says what is wrong with a length, or steps over its frame.
    #[cold]
    fn illegal(&mut self, value: u64, input: &Input<'_>) -> Stop<LengthFieldFault> {
        if value < self.legal.least {
            return Stop::fatal(LengthFieldFault::TooShort { found: value, expected: self.legal.least });
        }
        let delivered = i128::from(value) + i128::from(self.base) - self.stripped as i128;
        if delivered <= self.max as i128 {
            // Within the limit, but with what is stripped of it more than can be counted: no engine waits for that.
            return Stop::Need(NeedMoreData { missing: NonZeroUsize::MAX });
        }
        if self.on_excess == OnExcess::Fail {
            return Stop::Fatal(self.limit());
        }
        let frame = value.saturating_add_signed(self.base);
        let len = usize::try_from(frame).map_or(input.len(), |frame| frame.min(input.len()));
        self.discard = frame - len as u64;
        Stop::Bad { len, cause: self.limit() }
    }

    fn limit(&self) -> Cause<LengthFieldFault> {
        Cause::TooLarge { what: self.limited, limit: self.max as u64 }
    }

    /// Goes on throwing a frame away.
    #[cold]
    fn skip(&mut self, input: &Input<'_>) -> Result<usize, Stop<LengthFieldFault>> {
        if input.is_empty() {
            return Err(if input.is_end() { Stop::Idle } else { Stop::Need(NeedMoreData::ONE) });
        }
        let len = usize::try_from(self.discard).map_or(input.len(), |left| left.min(input.len()));
        self.discard -= len as u64;
        Ok(len)
    }
}

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
        if self.discard > 0 {
            let skipped = self.skip(input)?;
            return Ok(Found::Skip(skipped));
        }
        input.examined(self.width as usize);
        let value = match input.first().get(..self.reach).and_then(<[u8]>::last_chunk::<8>) {
            Some(eight) => self.value(*eight),
            None => self.gather(input)?,
        };
        if value.wrapping_sub(self.legal.least) > self.legal.span {
            return Err(self.illegal(value, input));
        }
        // A legal value makes a length from 1 to the limit, which is a `usize`.
        let len = usize::try_from(value.wrapping_add_signed(self.base)).unwrap_or(usize::MAX);
        input.require(len)?;
        Ok(Found::Frame { len, token: Shown { start: self.stripped_header, len: len - self.stripped } })
    }

    #[inline(always)]
    fn open<'a>(Shown { start, len }: Shown, (): &'a (), frame: &'a [u8]) -> &'a [u8] {
        let Some((_, from)) = frame.split_at_checked(start) else { return &[] };
        from.get(..len).unwrap_or_default()
    }
}
