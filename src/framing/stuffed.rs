//! What framers have in common whose payloads are stuffed, so that the byte that ends a frame is nowhere else in it.

use super::limit::Limit;
use crate::decode::{Found, Stop};
use crate::input::Input;

/// A way of stuffing.
pub(super) trait Stuffing {
    /// The byte that ends a frame. A frame of nothing else is none.
    const END: u8;

    /// The longest payload in so many bytes before the end, at least one.
    fn most(encoded: usize) -> usize;

    /// Goes on counting the payload in the first `until` bytes, all of them before the end, until it is more than `max`: then returns how many of the bytes hold the first `max` of payload.
    fn beyond(counted: &mut Counted, until: usize, max: usize, input: &Input<'_>) -> Option<usize>;
}

/// How far a frame was looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// The bytes from its start that hold no end.
    scanned: usize,
    counted: Counted,
}

/// How far the payload was counted: not at all, unless there are more encoded bytes than the limit allows of payload.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted {
    /// Where to go on, in bytes from the start of the frame.
    pub(super) at: usize,
    /// The payload before that.
    pub(super) payload: usize,
}

/// How much of a frame is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it, and its end.
    Whole,
    /// What the limit allows.
    Start,
}

impl Part {
    /// Returns how many of the bytes that are handed out are before the end.
    #[inline]
    pub(super) fn stuffed(self, handed_out: usize) -> usize {
        match self {
            Self::Whole => handed_out.saturating_sub(1),
            Self::Start => handed_out,
        }
    }
}

/// Finds the end of a frame, and judges its payload.
#[inline(always)]
pub(super) fn scan<S: Stuffing, F>(limit: &mut Limit, progress: &mut Progress, input: &Input<'_>) -> Result<Found<Part>, Stop<F>> {
    match search(S::END, progress, input) {
        Some(at) if at > 0 && limit.admits(S::most(at)) => Ok(Found::Frame { len: at + 1, token: Part::Whole }),
        Some(at) => ended::<S, F>(at, limit, progress, input),
        None => {
            let start = start::<S>(progress.scanned, limit, progress, input);
            limit.unended(progress.scanned, start, input)
        }
    }
}

/// Searches the bytes that have not been searched for the end of the frame.
#[inline(always)]
fn search(end: u8, progress: &mut Progress, input: &Input<'_>) -> Option<usize> {
    loop {
        let run = input.run_from(progress.scanned);
        if run.is_empty() {
            return None;
        }
        let found = memchr::memchr(end, run);
        input.examined(found.map_or(run.len(), |found| found + 1));
        if let Some(found) = found {
            return Some(progress.scanned + found);
        }
        progress.scanned += run.len();
    }
}

/// The end is at `at`, and not all is said: nothing may be before it, or more than the limit allows, or the rest of what was.
#[cold]
fn ended<S: Stuffing, F>(at: usize, limit: &mut Limit, progress: &mut Progress, input: &Input<'_>) -> Result<Found<Part>, Stop<F>> {
    if !limit.is_reading() {
        return Ok(limit.rest(at + 1));
    }
    if at == 0 {
        let ends = input.first().iter().take_while(|byte| **byte == S::END).count();
        input.examined(ends);
        return Ok(Found::Skip(ends));
    }
    match start::<S>(at, limit, progress, input) {
        None => Ok(Found::Frame { len: at + 1, token: Part::Whole }),
        Some(start) => limit.judge(at + 1, start),
    }
}

/// What the limit allows of a frame, when there is more in its first `until` bytes.
#[inline]
fn start<S: Stuffing>(until: usize, limit: &Limit, progress: &mut Progress, input: &Input<'_>) -> Option<(usize, Part)> {
    if !limit.is_reading() || until == 0 || S::most(until) <= limit.max_payload() {
        return None;
    }
    let start = S::beyond(&mut progress.counted, until, limit.max_payload(), input)?;
    Some((start, Part::Start))
}
