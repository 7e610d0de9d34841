use core::convert::Infallible;

use super::OnExcess;
use crate::decode::{Cause, Found, Stop};
use crate::error::NeedMoreData;
use crate::input::Input;

/// The limit of payloads that end at something to be looked for, and what is done with one beyond it.
#[derive(Clone, Debug)]
pub(super) struct Limit {
    max_payload: usize,
    on_excess: OnExcess,
    mode: Mode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Reading,
    /// The rest of a payload beyond the limit is thrown away.
    Discarding,
}

impl Limit {
    pub(super) const fn new(max_payload: usize) -> Self {
        Self { max_payload, on_excess: OnExcess::Fail, mode: Mode::Reading }
    }

    pub(super) const fn on_excess(self, on_excess: OnExcess) -> Self {
        Self { on_excess, ..self }
    }

    /// Tells whether a whole payload of so many bytes is a frame.
    #[inline(always)]
    pub(super) fn admits(&self, payload: usize) -> bool {
        payload <= self.max_payload && self.mode == Mode::Reading
    }

    /// Steps over the first `end` bytes: a whole frame that is not admitted, or the rest of one.
    #[cold]
    pub(super) fn beyond(&mut self, end: usize) -> Result<Found<usize>, Stop<Infallible>> {
        match (self.mode, self.on_excess) {
            (Mode::Reading, OnExcess::Fail) => Err(Stop::Fatal(self.excess())),
            (Mode::Reading, OnExcess::Discard) => Err(Stop::Bad { len: end, cause: self.excess() }),
            (Mode::Discarding, _) => {
                self.mode = Mode::Reading;
                Ok(Found::Skip(end))
            }
        }
    }

    /// No end is certain yet, and the first `payload` bytes are before it: waits, or says that they are too many, or that the stream is over.
    #[cold]
    pub(super) fn unfinished(&mut self, payload: usize, input: &Input<'_>) -> Result<Found<usize>, Stop<Infallible>> {
        match (self.mode, self.on_excess) {
            (Mode::Discarding, _) if payload > 0 => Ok(Found::Skip(payload)),
            (Mode::Discarding, _) if input.is_end() => Err(Stop::Idle),
            (Mode::Reading, OnExcess::Fail) if payload > self.max_payload => Err(Stop::Fatal(self.excess())),
            (Mode::Reading, OnExcess::Discard) if payload > self.max_payload => {
                self.mode = Mode::Discarding;
                Err(Stop::Bad { len: payload, cause: self.excess() })
            }
            (Mode::Reading, _) if input.is_empty() => Err(Stop::Idle),
            (Mode::Reading, _) if input.is_end() => Ok(Found::Frame { len: payload, token: payload }),
            _ => Err(Stop::Need(NeedMoreData::ONE)),
        }
    }

    fn excess(&self) -> Cause<Infallible> {
        Cause::TooLarge { what: "payload", limit: self.max_payload as u64 }
    }
}
