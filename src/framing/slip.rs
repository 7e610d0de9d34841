//! SLIP, as serial lines carry it: `a 0xc0 b` is `a 0xdb 0xdc b 0xc0`. SPEC.md, clauses SL-1 to SL-9.

use super::limit::Limit;
use super::stuffed::{self, Counted, Part, Progress, Stuffing};
use super::{OnExcess, Unframable};
use crate::decode::{Decode, Found, Reject, Stop};
use crate::encode::{Encode, EncodeError, Payload, Writer};
use crate::input::Input;

/// Frames that end at a byte 0xc0, which is written as two where it is payload, as is the byte 0xdb.
///
/// A frame is its payload; escapes are undone where it lies. Ends between frames are stepped over, so there is no empty frame.
///
/// ```
/// use framewright::{Engine, Step, buf::{SegmentedBuf, StreamBuf}, framing::Slip};
///
/// let mut output = SegmentedBuf::new();
/// output.send(&mut Slip::new(1024).leading_end(), b"a\xc0b")?;
/// assert_eq!(output.peek(), b"\xc0a\xdb\xdcb\xc0");
///
/// let mut engine = Engine::new(Slip::new(1024));
/// let mut frames = engine.feed(output.peek())?;
/// assert!(matches!(frames.next_frame()?, Step::Frame(b"a\xc0b", _)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Slip {
    limit: Limit,
    /// What is written before a packet.
    before: &'static [u8],
}

/// What a peer can get wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SlipFault {
    /// An escape is followed by a byte that is none of the two that may follow one (SL-5). The frame is stepped over.
    #[error("expected 0xdc or 0xdd behind an escape, found {found:#04x} at byte {at} of the frame")]
    UnknownEscape {
        /// The byte behind the escape; 0xc0 where the frame ends there.
        found: u8,
        /// Where it is, in bytes from the start of the encoded frame.
        at: usize,
    },
}

const END: u8 = 0xc0;
const ESC: u8 = 0xdb;
const ESC_END: u8 = 0xdc;
const ESC_ESC: u8 = 0xdd;

impl Slip {
    /// Makes a framer for payloads of at most `max_payload` bytes.
    #[must_use]
    pub const fn new(max_payload: usize) -> Self {
        Self { limit: Limit::new(max_payload), before: &[] }
    }

    /// Writes an end before each packet too, which makes noise on the line before it a frame of its own. Readers step over it.
    #[must_use]
    pub const fn leading_end(mut self) -> Self {
        self.before = &[END];
        self
    }

    /// Sets what happens to a frame beyond the limit.
    #[must_use]
    pub const fn on_excess(mut self, on_excess: OnExcess) -> Self {
        self.limit = self.limit.on_excess(on_excess);
        self
    }
}

impl Stuffing for Slip {
    const END: u8 = END;

    #[inline(always)]
    fn most(encoded: usize) -> usize {
        encoded
    }

    /// Counts from escape to escape. One whose second byte is not there stands for nothing yet.
    fn beyond(counted: &mut Counted, until: usize, max: usize, input: &Input<'_>) -> Option<usize> {
        let mut start = counted.at;
        for run in input.runs_from(start) {
            while let Some(left) = run.get(counted.at - start..).filter(|left| !left.is_empty() && counted.at < until) {
                let allowed = max - counted.payload;
                let window = left.get(..(until - counted.at).min(allowed.saturating_add(1))).unwrap_or(left);
                let escape = memchr::memchr(ESC, window);
                let plain = escape.unwrap_or(window.len());
                input.examined(escape.map_or(plain, |escape| escape + 1));
                if plain > allowed {
                    return Some(counted.at + allowed);
                }
                *counted = Counted { at: counted.at + plain, payload: counted.payload + plain };
                match escape {
                    None => {}
                    Some(_) if counted.at + 2 > until => return None,
                    Some(_) if counted.payload == max => return Some(counted.at),
                    Some(_) => *counted = Counted { at: counted.at + 2, payload: counted.payload + 1 },
                }
            }
            start += run.len();
            if counted.at >= until {
                break;
            }
        }
        None
    }
}

/// Undoes the escapes of a frame's first `len` bytes, the first of which is at `at`, and returns the length of the payload.
///
/// ```text
/// |  payload  |  free  |  stuffed  |  the frame's end, if it is there
/// 0           to       from       len
/// ```
fn unstuff(frame: &mut [u8], len: usize, at: usize) -> Result<usize, SlipFault> {
    let (mut to, mut from) = (at, at);
    while from < len {
        let found = frame.get(from + 1).copied().unwrap_or(END);
        let byte = match found {
            ESC_END => END,
            ESC_ESC => ESC,
            _ => return Err(SlipFault::UnknownEscape { found, at: from + 1 }),
        };
        if let Some(to) = frame.get_mut(to) {
            *to = byte;
        }
        (to, from) = (to + 1, from + 2);
        let left = frame.get(from..len).unwrap_or_default();
        let plain = memchr::memchr(ESC, left).unwrap_or(left.len());
        frame.copy_within(from..from + plain, to);
        (to, from) = (to + plain, from + plain);
    }
    Ok(to)
}

impl Decode for Slip {
    type Progress = Progress;
    type Token = Part;
    type Frame<'a> = &'a [u8];
    type Fault = SlipFault;

    #[inline(always)]
    fn scan(&mut self, progress: &mut Progress, input: &Input<'_>) -> Result<Found<Part>, Stop<SlipFault>> {
        stuffed::scan::<Self, _>(&mut self.limit, progress, input)
    }

    #[inline(always)]
    fn open<'a>(_: Part, _: &'a Progress, frame: &'a [u8]) -> &'a [u8] {
        frame
    }

    const REWRITES: bool = true;

    #[inline]
    fn rewrite(&mut self, part: &mut Part, frame: &mut [u8]) -> Result<usize, Reject<SlipFault>> {
        let len = part.stuffed(frame.len());
        match memchr::memchr(ESC, frame.get(..len).unwrap_or_default()) {
            None => Ok(len),
            Some(at) => unstuff(frame, len, at).map_err(Reject::Bad),
        }
    }
}

impl Encode for Slip {
    type Message<'a> = Payload<'a>;
    type Fault = Unframable;

    #[inline(always)]
    fn encode(&mut self, payload: &Payload<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Unframable>> {
        self.limit.allows(payload.len())?;
        if payload.is_empty() {
            return Err(EncodeError::Fault(Unframable::Empty));
        }
        out.write(self.before)?;
        let mut left: &[u8] = payload;
        while let Some(at) = memchr::memchr2(END, ESC, left) {
            let (plain, behind) = left.split_at_checked(at).unwrap_or((left, &[]));
            out.write(plain)?;
            out.write(if behind.first() == Some(&END) { &[ESC, ESC_END] } else { &[ESC, ESC_ESC] })?;
            left = behind.get(1..).unwrap_or_default();
        }
        out.write(left)?;
        out.write(&[END])?;
        Ok(())
    }
}
