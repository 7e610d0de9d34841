use core::num::NonZeroUsize;

use super::OnExcess;
use crate::decode::{Cause, Found, Stop};
use crate::encode::EncodeError;
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

    /// Tells whether the frame that was found last is the start of one whose rest is thrown away.
    pub(super) fn has_truncated(&self) -> bool {
        self.mode == Mode::Discarding
    }

    /// Tells whether a payload of so many bytes may be written.
    pub(super) fn allows<F>(&self, payload: usize) -> Result<(), EncodeError<F>> {
        let limit = self.max_payload as u64;
        if payload > self.max_payload { Err(EncodeError::TooLarge { what: "payload", limit }) } else { Ok(()) }
    }

    /// Steps over the first `end` bytes: a whole frame that is not admitted, or the rest of one.
    #[cold]
    pub(super) fn beyond<F>(&mut self, end: usize) -> Result<Found<usize>, Stop<F>> {
        match (self.mode, self.on_excess) {
            (Mode::Reading, OnExcess::Fail) => Err(Stop::Fatal(self.excess())),
            (Mode::Reading, OnExcess::Discard) => Err(Stop::Bad { len: end, cause: self.excess() }),
            (Mode::Reading, OnExcess::Truncate) => Ok(self.truncated()),
            (Mode::Discarding, _) => {
                self.mode = Mode::Reading;
                Ok(Found::Skip(end))
            }
        }
    }

    /// No end is certain yet, and the first `payload` bytes are before it: waits, or says that they are too many, or that the stream is over.
    #[cold]
    pub(super) fn unfinished<F>(&mut self, payload: usize, input: &Input<'_>) -> Result<Found<usize>, Stop<F>> {
        match (self.mode, self.on_excess) {
            (Mode::Discarding, _) if payload > 0 => Ok(Found::Skip(payload)),
            (Mode::Discarding, _) if input.is_end() => Err(Stop::Idle),
            (Mode::Reading, OnExcess::Fail) if payload > self.max_payload => Err(Stop::Fatal(self.excess())),
            (Mode::Reading, OnExcess::Discard) if payload > self.max_payload => {
                self.mode = Mode::Discarding;
                Err(Stop::Bad { len: payload, cause: self.excess() })
            }
            (Mode::Reading, OnExcess::Truncate) if payload > self.max_payload => Ok(self.truncated()),
            (Mode::Reading, _) if input.is_empty() => Err(Stop::Idle),
            (Mode::Reading, _) if input.is_end() => Ok(Found::Frame { len: payload, token: payload }),
            _ => Err(Stop::Need(NeedMoreData::ONE)),
        }
    }

    /// The start of the frame, whose rest is thrown away.
    fn truncated(&mut self) -> Found<usize> {
        self.mode = Mode::Discarding;
        Found::Truncated { len: self.max_payload, token: self.max_payload }
    }

    fn excess<F>(&self) -> Cause<F> {
        Cause::TooLarge { what: "payload", limit: self.max_payload as u64 }
    }
}

/// What becomes of a frame whose length was told, and is beyond the limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Excess {
    on_excess: OnExcess,
    /// What is still to come of such a frame, and is thrown away.
    left: u64,
}

impl Excess {
    pub(super) const fn new(on_excess: OnExcess) -> Self {
        Self { on_excess, left: 0 }
    }

    /// Tells whether a frame beyond the limit is the end of the stream, and nothing of it is skipped.
    #[inline(always)]
    pub(super) fn is_fatal(self) -> bool {
        self.on_excess == OnExcess::Fail
    }

    /// Tells whether the rest of a frame is still to be thrown away.
    #[inline(always)]
    pub(super) fn is_left(self) -> bool {
        self.left > 0
    }

    /// Throws away what has arrived of the rest of a frame.
    #[cold]
    pub(super) fn skip<T, F>(&mut self, input: &Input<'_>) -> Result<Found<T>, Stop<F>> {
        if input.is_empty() {
            return Err(if input.is_end() { Stop::Idle } else { Stop::Need(NeedMoreData::ONE) });
        }
        let len = usize::try_from(self.left).map_or(input.len(), |left| left.min(input.len()));
        self.left -= len as u64;
        Ok(Found::Skip(len))
    }

    /// Judges a frame of `len` encoded bytes, for this cause; its first `start` bytes hold what the limit allows of it (`None`: they are more than can be counted).
    #[cold]
    pub(super) fn judge<T, F>(
        &mut self,
        len: u64,
        (start, token): (Option<usize>, T),
        cause: Cause<F>,
        input: &Input<'_>,
    ) -> Result<Found<T>, Stop<F>> {
        match self.on_excess {
            OnExcess::Fail => Err(Stop::Fatal(cause)),
            OnExcess::Discard => {
                let now = usize::try_from(len).map_or(input.len(), |len| len.min(input.len()));
                self.left = len - now as u64;
                Err(Stop::Bad { len: now, cause })
            }
            OnExcess::Truncate => {
                let start = whole(start, input)?;
                self.left = len - start as u64;
                Ok(Found::Truncated { len: start, token })
            }
        }
    }
}

/// More than can be counted is missing, and no engine waits for that.
pub(super) const NEVER: NeedMoreData = NeedMoreData { missing: NonZeroUsize::MAX };

/// Waits for the first `len` bytes; `None` is more than can be counted.
#[inline(always)]
pub(super) fn whole(len: Option<usize>, input: &Input<'_>) -> Result<usize, NeedMoreData> {
    let len = len.ok_or(NEVER)?;
    input.require(len)?;
    Ok(len)
}
