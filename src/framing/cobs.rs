//! Consistent overhead byte stuffing: `11 22 00 33` is `03 11 22 02 33 00`. SPEC.md, clauses CB-1 to CB-9.

use super::limit::Limit;
use super::stuffed::{self, Counted, Part, Progress, Stuffing};
use super::{OnExcess, Unframable};
use crate::decode::{Decode, Found, Reject, Stop};
use crate::encode::{Encode, EncodeError, Payload, Writer};
use crate::input::Input;

/// Frames that end at a zero byte, with payloads of any bytes, at a cost of one byte and one more in each 254.
///
/// A frame is its payload; zeros are put back where it lies. Zeros between frames are stepped over.
///
/// ```
/// use framewright::{Engine, Step, buf::{SegmentedBuf, StreamBuf}, framing::Cobs};
///
/// let mut output = SegmentedBuf::new();
/// output.send(&mut Cobs::new(1024), b"\x11\x22\x00\x33")?;
/// assert_eq!(output.peek(), b"\x03\x11\x22\x02\x33\x00");
///
/// let mut engine = Engine::new(Cobs::new(1024));
/// let mut frames = engine.feed(output.peek())?;
/// assert!(matches!(frames.next_frame()?, Step::Frame(b"\x11\x22\x00\x33", _)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cobs {
    limit: Limit,
}

/// What a peer can get wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CobsFault {
    /// A code tells of more bytes than there are before the end of the frame (CB-5). The frame is stepped over.
    #[error("code {found:#04x} at byte {at} of the frame points beyond its end")]
    BeyondEnd {
        /// The code.
        found: u8,
        /// Where it is, in bytes from the start of the encoded frame.
        at: usize,
    },
}

/// The code of a block of 254 bytes, behind which there is no zero.
const FULL: u8 = 0xff;
const FULL_BLOCK: usize = 254;

impl Cobs {
    /// Makes a framer for payloads of at most `max_payload` bytes.
    #[must_use]
    pub const fn new(max_payload: usize) -> Self {
        Self { limit: Limit::new(max_payload) }
    }

    /// Sets what happens to a frame beyond the limit.
    #[must_use]
    pub const fn on_excess(mut self, on_excess: OnExcess) -> Self {
        self.limit = self.limit.on_excess(on_excess);
        self
    }
}

impl Stuffing for Cobs {
    const END: u8 = 0;

    /// The first code stands for no byte of payload, and each other for its zero, but for those behind a full block.
    #[inline(always)]
    fn most(encoded: usize) -> usize {
        encoded - 1
    }

    /// Counts from code to code: what is counted is the payload before the code at `at`, and the zero for which that stands.
    fn beyond(counted: &mut Counted, until: usize, max: usize, input: &Input<'_>) -> Option<usize> {
        let mut start = counted.at;
        for run in input.runs_from(start) {
            while let (Some(code), true) = (run.get(counted.at - start), counted.at < until) {
                input.examined(1);
                let payload = counted.payload + if *code == FULL { FULL_BLOCK } else { usize::from(*code) };
                if payload > max {
                    let allowed = counted.at + 1 + (max - counted.payload);
                    return (allowed < until).then_some(allowed);
                }
                // Not 0, or the frame would end there.
                *counted = Counted { at: counted.at + usize::from(*code), payload };
            }
            start += run.len();
            if counted.at >= until {
                break;
            }
        }
        None
    }
}

/// Puts the zeros back where their codes are, and returns the length of the code at the start and the payload behind it.
///
/// Nothing has to move, because a code lies where its zero was, until one stands for none: then what follows moves together by a byte.
///
/// ```text
/// 03 11 22 02 33      ff 01 … fe 03 ff 02
/// 00 11 22 00 33      00 01 … fe ff 02
/// ```
#[inline]
fn unstuff(stuffed: &mut [u8], part: Part) -> Result<usize, CobsFault> {
    let len = stuffed.len();
    let (mut at, mut last) = (0, FULL);
    while let Some(code) = stuffed.get_mut(at) {
        last = core::mem::take(code);
        at += usize::from(last);
        if last == FULL {
            return move_together(stuffed, at, part);
        }
    }
    beyond_end(last, at, len, part)?;
    Ok(len)
}

/// Goes on where the code at `at` stands for no zero, if it is there.
fn move_together(stuffed: &mut [u8], mut at: usize, part: Part) -> Result<usize, CobsFault> {
    let len = stuffed.len();
    let (mut last, mut gone) = (FULL, 0);
    while let Some(code) = stuffed.get(at).copied() {
        if last == FULL {
            gone += 1;
        } else {
            stuffed.get_mut(at - gone).into_iter().for_each(|zero| *zero = 0);
        }
        let from = at + 1;
        (last, at) = (code, at + usize::from(code));
        stuffed.copy_within(from..at.min(len), from - gone);
    }
    beyond_end(last, at, len, part)?;
    Ok(len - gone)
}

/// Checks that the last code tells of no more bytes than there are, up to `end`.
#[inline]
fn beyond_end(last: u8, end: usize, len: usize, part: Part) -> Result<(), CobsFault> {
    if end > len && part == Part::Whole {
        return Err(CobsFault::BeyondEnd { found: last, at: end - usize::from(last) });
    }
    Ok(())
}

impl Decode for Cobs {
    type Progress = Progress;
    type Token = Part;
    type Frame<'a> = &'a [u8];
    type Fault = CobsFault;

    #[inline(always)]
    fn scan(&mut self, progress: &mut Progress, input: &Input<'_>) -> Result<Found<Part>, Stop<CobsFault>> {
        stuffed::scan::<Self, _>(&mut self.limit, progress, input)
    }

    #[inline(always)]
    fn open<'a>(_: Part, _: &'a Progress, frame: &'a [u8]) -> &'a [u8] {
        frame.get(1..).unwrap_or_default()
    }

    const REWRITES: bool = true;

    #[inline]
    fn rewrite(&mut self, part: &mut Part, frame: &mut [u8]) -> Result<usize, Reject<CobsFault>> {
        let stuffed = part.stuffed(frame.len());
        unstuff(frame.get_mut(..stuffed).unwrap_or_default(), *part).map_err(Reject::Bad)
    }
}

impl Encode for Cobs {
    type Message<'a> = Payload<'a>;
    type Fault = Unframable;

    #[inline(always)]
    fn encode(&mut self, payload: &Payload<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Unframable>> {
        self.limit.allows(payload.len())?;
        let mut left: &[u8] = payload;
        loop {
            let block = left.get(..FULL_BLOCK).unwrap_or(left);
            let zero = memchr::memchr(0, block);
            let block = zero.and_then(|zero| block.get(..zero)).unwrap_or(block);
            // At most 255.
            out.write(&[u8::try_from(block.len() + 1).unwrap_or(FULL)])?;
            out.write(block)?;
            left = left.get(block.len() + usize::from(zero.is_some())..).unwrap_or_default();
            if zero.is_none() && left.is_empty() {
                break;
            }
        }
        out.write(&[Self::END])?;
        Ok(())
    }
}
