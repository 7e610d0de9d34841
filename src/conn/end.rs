use alloc::boxed::Box;

use super::{Conn, Failure, Protocol, Rest};
use crate::time::Time;

/// What becomes of the reading side.
#[derive(Debug)]
pub(super) enum Reading<F> {
    Open,
    /// Reads on to the next boundary between frames.
    Draining,
    /// Over, which the application has to be told.
    Concluded(Result<(), Box<Failure<F>>>),
    /// The application was told.
    Over(Told),
    /// The protocol has handed over.
    HandedOver,
}

impl<F> Reading<F> {
    /// Whether frames are still read.
    #[inline(always)]
    pub(super) const fn goes_on(&self) -> bool {
        matches!(self, Self::Open | Self::Draining)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// That the peer has ended.
    End,
    /// That the connection failed.
    Failure,
}

/// What becomes of the writing side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    Open,
    /// What is queued is still sent, and then the peer told.
    Closing,
    /// The peer was told, or cannot be.
    Shut,
}

/// When the writing side ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WritingEnds {
    WithReading,
    Alone,
}

/// Its end.
impl<P: Protocol> Conn<P> {
    /// Stops reading at the next boundary between frames, as if the peer had ended there; what is unread stays unread. A frame of which bytes are there has begun, and is still read; of what comes in parts,
    /// all of them.
    pub fn begin_drain(&mut self) {
        if matches!(self.rest.reading, Reading::Open) {
            self.rest.reading = Reading::Draining;
        }
    }

    /// Says that the connection is broken: nothing more can be read or written.
    pub fn reset(&mut self, now: Time) {
        self.at(now);
        self.rest.abandon(Failure::Reset);
    }

    /// Says that the peer was told of the end of this direction, as [`Want::shutdown`](super::Want::shutdown) asked.
    pub fn shut(&mut self, now: Time) {
        self.at(now);
        if self.rest.is_to_shut() {
            self.rest.writing = Writing::Shut;
            self.rest.clock.end_sent();
        }
    }
}

impl<F> Rest<F> {
    /// Reads nothing more, for this reason, unless there is an earlier one.
    #[cold]
    pub(super) fn conclude(&mut self, result: Result<(), Failure<F>>) {
        if self.reading.goes_on() {
            self.reading = Reading::Concluded(result.map_err(Box::new));
        }
        self.clock.reading_ended();
    }

    /// What the application has to be told of the end of reading, once.
    pub(super) fn tell(&mut self) -> Option<Result<(), Failure<F>>> {
        let Reading::Concluded(result) = &mut self.reading else { return None };
        let result = core::mem::replace(result, Ok(()));
        self.reading = Reading::Over(if result.is_ok() { Told::End } else { Told::Failure });
        Some(result.map_err(|failure| *failure))
    }

    /// Ends writing behind reading, unless it ends alone.
    pub(super) fn end_writing_too(&mut self) {
        let ends = matches!(self.reading, Reading::Over(told) if told == Told::Failure || self.writing_ends == WritingEnds::WithReading);
        if ends && self.writing == Writing::Open {
            self.writing = Writing::Closing;
        }
    }

    /// Neither reads nor writes anything more.
    pub(super) fn abandon(&mut self, failure: Failure<F>) {
        if matches!(self.reading, Reading::HandedOver) {
            self.reading = Reading::Open;
        }
        self.conclude(Err(failure));
        self.writing = Writing::Shut;
        self.discard();
        self.clock.writing_ended();
    }
}
