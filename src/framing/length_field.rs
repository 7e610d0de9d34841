//! Frames whose header says how long they are. SPEC.md, clauses LF-1 to LF-10.

use super::checksum::{Checksum, Mismatch};
use super::layout::{Counts, Layout, Settings, Shown};
use super::limit::{Excess, NEVER};
use super::number::{Order, Width};
use super::{OnExcess, SettingsError, Unframable};
use crate::decode::{Cause, Decode, Found, Reject, Stop};
use crate::encode::{Encode, EncodeError, Payload, Writer};
use crate::input::Input;

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
    layout: Layout,
    excess: Excess,
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
    settings: Settings,
    on_excess: OnExcess,
}

impl LengthFieldBuilder {
    /// Reads the length with its least significant byte first. Otherwise the most significant byte comes first.
    #[must_use]
    pub const fn little_endian(mut self) -> Self {
        self.settings.order = Order::Little;
        self
    }

    /// Sets how many bytes lie before the length field. Otherwise none.
    #[must_use]
    pub const fn offset(mut self, bytes: usize) -> Self {
        self.settings.offset = bytes;
        self
    }

    /// Sets how many bytes lie before the payload, the length field included. Otherwise the header ends with the length field.
    #[must_use]
    pub const fn header(mut self, bytes: usize) -> Self {
        self.settings.header = Some(bytes);
        self
    }

    /// Sets how many bytes lie behind the payload: an end mark, the [checksum](Self::checksum). Otherwise none, or what the checksum takes.
    #[must_use]
    pub const fn trailer(mut self, bytes: usize) -> Self {
        self.settings.trailer = Some(bytes);
        self
    }

    /// Leaves the header on the frame.
    #[must_use]
    pub const fn keep_header(mut self) -> Self {
        self.settings.keep_header = true;
        self
    }

    /// Leaves the trailer on the frame.
    #[must_use]
    pub const fn keep_trailer(mut self) -> Self {
        self.settings.keep_trailer = true;
        self
    }

    /// Demands a checksum directly behind the payload, at the start of the trailer. A frame with a wrong one is a fault, and stepped over.
    #[must_use]
    pub const fn checksum(mut self, checksum: Checksum) -> Self {
        self.settings.checksum = Some(checksum);
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
        let layout = self.settings.layout(&[])?;
        if let Some(checksum) = self.settings.checksum {
            checksum.fits(layout.header(), self.on_excess)?;
        }
        Ok(LengthField { layout, excess: Excess::new(self.on_excess) })
    }
}

impl LengthField {
    /// Starts the settings of a framer: the width of the length, what it counts, and the longest frame to be delivered, in bytes.
    #[must_use]
    pub const fn builder(width: Width, counts: Counts, max: usize) -> LengthFieldBuilder {
        LengthFieldBuilder { settings: Settings::new(width, counts, max), on_excess: OnExcess::Fail }
    }

    /// Throws away what is left of a frame, or reads a length near the end of the bytes.
    #[cold]
    fn next(&mut self, input: &Input<'_>) -> Result<Found<Shown>, Stop<LengthFieldFault>> {
        if self.excess.is_left() {
            let skipped = self.excess.skip(input);
            self.layout.set_passing(!self.excess.is_left());
            return skipped;
        }
        let value = self.layout.read(input)?;
        self.frame(value, input)
    }

    /// Gives the frame that has this length.
    #[inline(always)]
    fn frame(&mut self, value: u64, input: &Input<'_>) -> Result<Found<Shown>, Stop<LengthFieldFault>> {
        if !self.layout.is_legal(value) {
            return input.scan_apart(|input| self.illegal(value, input));
        }
        let len = self.layout.len(value);
        input.require(len)?;
        Ok(Found::Frame { len, token: self.layout.shown(len) })
    }

    /// Says what is wrong with a length, or deals with its frame.
    #[cold]
    fn illegal(&mut self, value: u64, input: &Input<'_>) -> Result<Found<Shown>, Stop<LengthFieldFault>> {
        let least = self.layout.least();
        if value < least {
            return Err(Stop::fatal(LengthFieldFault::TooShort { found: value, expected: least }));
        }
        let (what, max) = self.layout.limit();
        if self.layout.delivered(value) <= max as i128 {
            // Within the limit, but with what is stripped of it more than can be counted.
            return Err(Stop::Need(NEVER));
        }
        let shown = self.layout.shown_at_most();
        let start = (shown.map(|shown| shown.end), shown.unwrap_or_default());
        let judged = self.excess.judge(self.layout.encoded(value), start, Cause::TooLarge { what, limit: max as u64 }, input);
        self.layout.set_passing(!self.excess.is_left());
        judged
    }
}

impl Decode for LengthField {
    type Progress = ();
    type Token = Shown;
    type Frame<'a> = &'a [u8];
    type Fault = LengthFieldFault;

    #[inline(always)]
    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<Shown>, Stop<LengthFieldFault>> {
        match self.layout.peek(input) {
            Some(value) => self.frame(value, input),
            None => input.scan_apart(|input| self.next(input)),
        }
    }

    #[inline(always)]
    fn inspect(&mut self, _: &mut Shown, (): &mut (), frame: &[u8]) -> Result<(), Reject<LengthFieldFault>> {
        self.layout.check(frame).map_err(|Mismatch { found, expected }| Reject::Bad(LengthFieldFault::WrongChecksum { found, expected }))
    }

    #[inline(always)]
    fn open<'a>(shown: Shown, (): &'a (), frame: &'a [u8]) -> &'a [u8] {
        shown.of(frame)
    }
}

impl Encode for LengthField {
    /// A frame as it is delivered. What it does not bring of header and trailer is written as zeros, but for length and checksum.
    type Message<'a> = Payload<'a>;
    type Fault = Unframable;

    #[inline(always)]
    fn encode(&mut self, payload: &Payload<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Unframable>> {
        self.layout.write(payload.source(), out)
    }
}
