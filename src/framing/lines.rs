//! Lines of text. SPEC.md, clauses LN-1 to LN-9.

use core::convert::Infallible;

use super::line_ends::{LineEnding, LineEnds};
use super::{OnExcess, Unframable};
use crate::decode::{Decode, Found, Stop};
use crate::encode::{Encode, EncodeError, Payload, Writer};
use crate::input::Input;

/// Cuts a stream into lines.
///
/// A frame is the line without its ending, unless [kept](Self::keep_ending). At the end of the stream what is left is a line of its own; the limit is of the bytes without the ending.
///
/// ```
/// use framewright::{Engine, Step, framing::{LineEnding, Lines, OnExcess}};
///
/// let mut engine = Engine::new(Lines::new(8).ending(LineEnding::Any).on_excess(OnExcess::Discard));
/// let mut frames = engine.feed(b"one\r\nmuch too long\rtwo\n")?;
/// assert!(matches!(frames.next_frame()?, Step::Frame(b"one", _)));
/// assert_eq!(frames.next_frame().unwrap_err().to_string(), "frame at byte 5: payload longer than the limit of 8 bytes");
/// let Step::Frame(line, place) = frames.next_frame()? else { panic!("the good line behind it is there") };
/// assert_eq!((line, place.skipped), (&b"two"[..], 14));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Lines {
    lines: LineEnds,
}

impl Lines {
    /// Makes a framer for lines of at most `max_payload` bytes, not counting their endings, which are [`LineEnding::LfOrCrLf`].
    #[must_use]
    pub const fn new(max_payload: usize) -> Self {
        Self { lines: LineEnds::new(max_payload) }
    }

    /// Sets what ends a line.
    #[must_use]
    pub const fn ending(mut self, ending: LineEnding) -> Self {
        self.lines = self.lines.ending(ending);
        self
    }

    /// Leaves the ending on the line.
    #[must_use]
    pub const fn keep_ending(mut self) -> Self {
        self.lines = self.lines.keep_ending();
        self
    }

    /// Sets what happens to a line beyond the limit.
    #[must_use]
    pub const fn on_excess(mut self, on_excess: OnExcess) -> Self {
        self.lines = self.lines.on_excess(on_excess);
        self
    }
}

impl Decode for Lines {
    /// The bytes from the start of the line that hold no line end.
    type Progress = usize;
    /// The length of what is shown.
    type Token = usize;
    type Frame<'a> = &'a [u8];
    type Fault = Infallible;

    #[inline(always)]
    fn scan(&mut self, scanned: &mut usize, input: &Input<'_>) -> Result<Found<usize>, Stop<Infallible>> {
        self.lines.scan(scanned, input)
    }

    #[inline(always)]
    fn open<'a>(shown: usize, _: &'a usize, frame: &'a [u8]) -> &'a [u8] {
        frame.get(..shown).unwrap_or_default()
    }
}

impl Encode for Lines {
    /// A line without its ending, or with it where endings are [kept](Lines::keep_ending). What ends a line that brings none is `\n`, or `\r\n` for [`LineEnding::CrLf`].
    type Message<'a> = Payload<'a>;
    type Fault = Unframable;

    #[inline(always)]
    fn encode(&mut self, line: &Payload<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Unframable>> {
        self.lines.write(line, out)
    }
}
