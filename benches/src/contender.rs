//! What the contenders have in common.

use std::fmt::Debug;

use crate::consume::{Consume, Digest, Touch};
use crate::workload::{Framing, LIMIT};
use crate::{hand, ours, peers};

/// Cuts a stream into frames, chunk by chunk.
pub trait Framer {
    /// Why a stream was refused.
    type Error: Debug;

    /// Takes the next chunk out of the caller's memory and gives every frame that is whole.
    ///
    /// # Errors
    /// When a frame is longer than the limit.
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), Self::Error>;
}

/// A [`Framer`] that can be kept in a list.
pub trait Cut {
    /// Cuts a stream of whole frames, in chunks of `chunk` bytes, and touches the frames.
    fn touch(&mut self, stream: &[u8], chunk: usize) -> Touch;

    /// The same, and reads the frames.
    fn digest(&mut self, stream: &[u8], chunk: usize) -> Digest;
}

impl<F: Framer> Cut for F {
    fn touch(&mut self, stream: &[u8], chunk: usize) -> Touch {
        cut(self, stream, chunk)
    }

    fn digest(&mut self, stream: &[u8], chunk: usize) -> Digest {
        cut(self, stream, chunk)
    }
}

/// Never inlined, so that each contender has a loop to itself.
#[inline(never)]
fn cut<F: Framer, C: Consume + Default>(framer: &mut F, stream: &[u8], chunk: usize) -> C {
    let mut consume = C::default();
    for chunk in stream.chunks(chunk) {
        framer.feed(chunk, &mut consume).expect("no frame is longer than the limit");
    }
    consume
}

/// On whose side a contender is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// framewright.
    Ours,
    /// Written by hand for this one format.
    Hand,
    /// tokio-util.
    Peer,
}

/// What it makes of a `\r` before a line's `\n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Part of the line end: `LineEnding::LfOrCrLf`.
    LfOrCrLf,
    /// Part of the line: `LineEnding::Lf`.
    Lf,
}

/// One way to cut a stream.
pub struct Contender {
    /// Who it is.
    pub name: &'static str,
    /// Whom it is compared with.
    pub side: Side,
    /// Told apart for the hand-written ones and ours; tokio-util has one of each and is taken at its faster.
    pub ending: Ending,
    /// The code itself.
    pub cut: Box<dyn Cut>,
}

impl std::fmt::Debug for Contender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contender").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Makes the contenders for one format.
#[must_use]
pub fn contenders(framing: Framing) -> Vec<Contender> {
    use Ending::{Lf, LfOrCrLf};
    use Side::{Hand, Ours, Peer};
    fn new(side: Side, ending: Ending, name: &'static str, cut: impl Cut + 'static) -> Contender {
        Contender { name, side, ending, cut: Box::new(cut) }
    }
    match framing {
        Framing::Lines => vec![
            new(Ours, LfOrCrLf, "Lines", ours::lines(LfOrCrLf)),
            new(Ours, Lf, "Lines, Lf", ours::lines(Lf)),
            new(Hand, LfOrCrLf, "memchr", hand::Lines::<true>::new(LIMIT)),
            new(Hand, Lf, "memchr", hand::Lines::<false>::new(LIMIT)),
            new(Hand, LfOrCrLf, "memchr_iter", hand::LinesIter::<true>::new(LIMIT)),
            new(Hand, Lf, "memchr_iter", hand::LinesIter::<false>::new(LIMIT)),
            new(Peer, LfOrCrLf, "LinesCodec", peers::lines(LIMIT)),
            new(Peer, Lf, "AnyDelimiterCodec", peers::any_delimiter(LIMIT)),
        ],
        Framing::LengthField => vec![
            new(Ours, Lf, "LengthField", ours::length_field()),
            new(Hand, Lf, "whole frames", hand::WholeFrames::new(LIMIT)),
            new(Hand, Lf, "payloads", hand::Payloads::new(LIMIT)),
            new(Peer, Lf, "LengthDelimitedCodec", peers::length_delimited(LIMIT)),
        ],
    }
}
