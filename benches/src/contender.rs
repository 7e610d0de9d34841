//! What the contenders have in common.

use std::fmt::Debug;

use framewright::{Engine, decode::DecodeExt};

use crate::consume::{Consume, Digest, Touch};
use crate::hand::length_field::{Payloads, WholeFrames};
use crate::hand::measured::{self, Measured, Records};
use crate::hand::searched::{self, EachChunk, EachFrame, Ends, LineEnd};
use crate::hand::stuffed::{self, Stuffed, Unstuff};
use crate::workload::{Format, LIMIT, Set};
use crate::{ours, peers};

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

/// One way to cut a stream.
pub struct Contender {
    /// Who it is.
    pub name: &'static str,
    /// Whom it is compared with.
    pub side: Side,
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
pub fn contenders(format: Format) -> Vec<Contender> {
    use Side::{Hand, Ours, Peer};
    fn new(side: Side, name: &'static str, cut: impl Cut + 'static) -> Contender {
        Contender { name, side, cut: Box::new(cut) }
    }
    fn searched<E: Ends + 'static>() -> [Contender; 2] {
        [new(Hand, "each frame", EachFrame::<E>::new(LIMIT)), new(Hand, "each chunk", EachChunk::<E>::new(LIMIT))]
    }
    fn measured<F: measured::Format + 'static>() -> Contender {
        new(Hand, "measured", Measured::<F>::new(LIMIT))
    }
    fn stuffed<U: Unstuff + 'static>(name: &'static str) -> Contender {
        new(Hand, name, Stuffed::<U>::new(LIMIT))
    }
    fn with(mut those: Vec<Contender>, more: impl IntoIterator<Item = Contender>) -> Vec<Contender> {
        those.extend(more);
        those
    }
    match format {
        Format::Lines => with(
            vec![new(Ours, "Lines", Engine::new(ours::lines())), new(Peer, "LinesCodec", peers::lines(LIMIT))],
            searched::<searched::LfOrCrLf>(),
        ),
        Format::LfLines => with(
            vec![new(Ours, "Lines", Engine::new(ours::lf_lines())), new(Peer, "AnyDelimiterCodec", peers::any_delimiter(b"\n", LIMIT))],
            searched::<searched::Lf>(),
        ),
        Format::Mapped => {
            vec![new(Ours, "Map", Engine::new(ours::lines().map(ours::as_it_is))), new(Hand, "Lines", Engine::new(ours::lines()))]
        }
        Format::Utf8Lines => with(
            vec![new(Ours, "Utf8Lines", Engine::new(ours::utf8_lines())), new(Peer, "LinesCodec", peers::lines(LIMIT))],
            searched::<searched::Text>(),
        ),
        Format::Delimiter(set) => {
            let ours = new(Ours, "Delimiter", Engine::new(ours::delimiter(set)));
            match set {
                Set::Two => {
                    with(vec![ours, new(Peer, "AnyDelimiterCodec", peers::any_delimiter(b";,", LIMIT))], searched::<searched::Two>())
                }
                Set::Three => {
                    with(vec![ours, new(Peer, "AnyDelimiterCodec", peers::any_delimiter(b";,:", LIMIT))], searched::<searched::Three>())
                }
                Set::LfOrCrLf => vec![ours, new(Hand, "each frame", LineEnd::<false>::new(LIMIT))],
                Set::AnyEnd => vec![ours, new(Hand, "each frame", LineEnd::<true>::new(LIMIT))],
            }
        }
        Format::Fixed => vec![
            new(Ours, "Fixed", Engine::new(ours::fixed(64))),
            measured::<measured::Fixed>(),
            new(Hand, "chunks_exact", Records::default()),
        ],
        Format::LengthField => vec![
            new(Ours, "LengthField", Engine::new(ours::length_field())),
            new(Hand, "whole frames", WholeFrames::new(LIMIT)),
            new(Hand, "payloads", Payloads::new(LIMIT)),
            new(Peer, "LengthDelimitedCodec", peers::length_delimited(LIMIT)),
        ],
        Format::LengthFieldCrc => {
            vec![new(Ours, "LengthField", Engine::new(ours::length_field_crc())), measured::<measured::LengthFieldCrc>()]
        }
        Format::Varint => vec![new(Ours, "Varint", Engine::new(ours::varint())), measured::<measured::Varint>()],
        Format::AsciiLength => vec![new(Ours, "AsciiLength", Engine::new(ours::ascii_length())), measured::<measured::AsciiLength>()],
        Format::Netstring => vec![new(Ours, "Netstring", Engine::new(ours::netstring())), measured::<measured::Netstring>()],
        Format::SyncWord => vec![new(Ours, "SyncWord", Engine::new(ours::sync_word())), measured::<measured::SyncWord<false>>()],
        Format::SyncWordCrc => vec![new(Ours, "SyncWord", Engine::new(ours::sync_word_crc())), measured::<measured::SyncWord<true>>()],
        Format::Cobs => vec![
            new(Ours, "Cobs", Engine::new(ours::cobs())),
            stuffed::<stuffed::CobsRuns>("runs"),
            stuffed::<stuffed::CobsPatched>("patched"),
        ],
        Format::Slip => vec![new(Ours, "Slip", Engine::new(ours::slip())), stuffed::<stuffed::SlipRuns>("runs")],
    }
}
