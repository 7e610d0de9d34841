//! Lines of text that are `&str`. SPEC.md, clauses UL-1 to UL-4.

use core::str;

use super::line_ends::{LineEnding, LineEnds};
use super::utf8::is_utf8;
use super::{OnExcess, Unframable};
use crate::decode::{Decode, Found, Reject, Stop};
use crate::encode::{Encode, EncodeError, Payload, Writer};
use crate::input::Input;

/// Cuts a stream into lines of UTF-8.
///
/// A frame is the line without its ending, unless [kept](Self::keep_ending). A line that is not UTF-8 is an error, and stepped over. At the end of the stream what is left is a line of its own; the
/// limit is of the bytes without the ending.
///
/// ```
/// use framewright::{Engine, Step, framing::Utf8Lines};
///
/// let mut engine = Engine::new(Utf8Lines::new(1024));
/// let mut frames = engine.feed(b"na\xc3\xafve\r\nna\xefve\nfine\n")?;
/// assert!(matches!(frames.next_frame()?, Step::Frame("naïve", _)));
/// assert_eq!(frames.next_frame().unwrap_err().to_string(), "frame at byte 8: not UTF-8, found 0xef at byte 2 of the line");
/// assert!(matches!(frames.next_frame()?, Step::Frame("fine", _)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Utf8Lines {
    lines: LineEnds,
}

/// What a peer can get wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Utf8LinesFault {
    /// The line is not UTF-8 (UL-2). It is stepped over.
    #[error("not UTF-8, found {found:#04x} at byte {at} of the line")]
    NotUtf8 {
        /// Where the first bytes that are no character begin, in bytes from the start of the line.
        at: usize,
        /// The byte there.
        found: u8,
    },
}

impl Utf8Lines {
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

    /// Sets what happens to a line beyond the limit. What is handed out of one that is truncated ends with its last whole character within the limit.
    #[must_use]
    pub const fn on_excess(mut self, on_excess: OnExcess) -> Self {
        self.lines = self.lines.on_excess(on_excess);
        self
    }

    /// Says what is wrong with a line, or cuts one that is truncated back to whole characters.
    #[cold]
    fn judge(&self, shown: &mut usize, line: &[u8]) -> Result<(), Reject<Utf8LinesFault>> {
        let Err(wrong) = str::from_utf8(line) else { return Ok(()) };
        let at = wrong.valid_up_to();
        if wrong.error_len().is_none() && self.lines.has_truncated() {
            *shown = at;
            return Ok(());
        }
        Err(Reject::Bad(Utf8LinesFault::NotUtf8 { at, found: line.get(at).copied().unwrap_or_default() }))
    }
}

impl Decode for Utf8Lines {
    /// The bytes from the start of the line that hold no line end.
    type Progress = usize;
    /// The length of what is shown.
    type Token = usize;
    type Frame<'a> = &'a str;
    type Fault = Utf8LinesFault;

    #[inline(always)]
    fn scan(&mut self, scanned: &mut usize, input: &Input<'_>) -> Result<Found<usize>, Stop<Utf8LinesFault>> {
        self.lines.scan(scanned, input)
    }

    #[inline(always)]
    fn inspect(&mut self, shown: &mut usize, _: &mut usize, frame: &[u8]) -> Result<(), Reject<Utf8LinesFault>> {
        let line = frame.get(..*shown).unwrap_or_default();
        if is_utf8(line) { Ok(()) } else { self.judge(shown, line) }
    }

    /// Looks at the characters once more: without unsafe code there is no other way to a `&str`.
    #[inline(always)]
    fn open<'a>(shown: usize, _: &'a usize, frame: &'a [u8]) -> &'a str {
        str::from_utf8(frame.get(..shown).unwrap_or_default()).unwrap_or_default()
    }
}

impl Encode for Utf8Lines {
    /// A line without its ending, or with it where endings are [kept](Utf8Lines::keep_ending). What ends a line that brings none is `\n`, or `\r\n` for [`LineEnding::CrLf`].
    type Message<'a> = Payload<'a>;
    type Fault = Unframable;

    #[inline(always)]
    fn encode(&mut self, line: &Payload<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Unframable>> {
        let line = line.source();
        match str::from_utf8(line.bytes) {
            Ok(_) => self.lines.write(line, out),
            Err(wrong) => Err(EncodeError::Fault(Unframable::NotUtf8 { at: wrong.valid_up_to() })),
        }
    }
}
