//! framewright.

use framewright::engine::DEFAULT_MAX_FRAME;
use framewright::framing::{Counts, LengthField, LineEnding, Lines, Width};
use framewright::{Decode, Engine, Error, Refused, Step};

use crate::consume::Consume;
use crate::contender::{Ending, Framer};
use crate::workload::LIMIT;

const _: () = assert!(LIMIT < DEFAULT_MAX_FRAME, "the framer's own limit counts");

/// Cuts lines.
#[must_use]
pub fn lines(ending: Ending) -> Engine<Lines> {
    let lines = Lines::new(LIMIT);
    Engine::new(match ending {
        Ending::LfOrCrLf => lines,
        Ending::Lf => lines.ending(LineEnding::Lf),
    })
}

/// Cuts payloads off behind their lengths.
///
/// # Panics
/// Never: the settings are good.
#[must_use]
pub fn length_field() -> Engine<LengthField> {
    let framer = LengthField::builder(Width::U32, Counts::Payload, LIMIT).build();
    Engine::new(framer.expect("the header has room for its length"))
}

/// Why an engine refused a stream.
#[derive(Debug)]
pub enum Failed<F> {
    /// It took no input.
    Refused(Refused),
    /// It found an error.
    Error(Error<F>),
}

impl<F> From<Refused> for Failed<F> {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl<F> From<Error<F>> for Failed<F> {
    fn from(error: Error<F>) -> Self {
        Self::Error(error)
    }
}

impl<D> Framer for Engine<D>
where
    D: for<'a> Decode<Frame<'a> = &'a [u8]>,
{
    type Error = Failed<D::Fault>;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), Self::Error> {
        let mut frames = Engine::feed(self, chunk)?;
        while let Step::Frame(frame, _) = frames.next_frame()? {
            to.frame(frame);
        }
        Ok(())
    }
}
