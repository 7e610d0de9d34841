//! Frames that pass a check. SPEC.md, clauses CM-3, CM-5 and CM-6.

use core::fmt;

use super::{Decode, Found, Reject, Stop};
use crate::input::Input;

/// A decoder whose frames have passed a check. Made by [`DecodeExt::check`](super::DecodeExt::check).
#[derive(Clone)]
pub struct Check<D, C> {
    decoder: D,
    check: C,
}

/// What a peer can get wrong where whole frames are checked or parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault<F, E> {
    /// A rule of the decoder.
    #[error(transparent)]
    Decoder(F),
    /// What the [check](super::DecodeExt::check) or the [parser](super::DecodeExt::parse) says of a whole frame.
    #[error(transparent)]
    Frame(E),
}

impl<D, C> Check<D, C> {
    pub(super) fn new(decoder: D, check: C) -> Self {
        Self { decoder, check }
    }

    /// Returns the decoder.
    pub fn decoder(&self) -> &D {
        &self.decoder
    }
}

impl<D: Decode, C, E> Decode for Check<D, C>
where
    C: for<'a> FnMut(D::Frame<'a>) -> Result<(), E>,
    E: core::error::Error + Clone + 'static,
{
    type Progress = D::Progress;
    type Token = D::Token;
    type Frame<'a> = D::Frame<'a>;
    type Fault = FrameFault<D::Fault, E>;

    #[inline(always)]
    fn scan(&mut self, progress: &mut D::Progress, input: &Input<'_>) -> Result<Found<D::Token>, Stop<Self::Fault>> {
        self.decoder.scan(progress, input).map_err(|stop| stop.map(FrameFault::Decoder))
    }

    #[inline(always)]
    fn open<'a>(token: D::Token, progress: &'a D::Progress, frame: &'a [u8]) -> D::Frame<'a> {
        D::open(token, progress, frame)
    }

    #[inline(always)]
    fn inspect(&mut self, token: &mut D::Token, progress: &mut D::Progress, frame: &[u8]) -> Result<(), Reject<Self::Fault>> {
        self.decoder.inspect(token, progress, frame).map_err(|reject| reject.map(FrameFault::Decoder))?;
        (self.check)(D::open(token.clone(), progress, frame)).map_err(|error| Reject::Bad(FrameFault::Frame(error)))
    }

    const REWRITES: bool = D::REWRITES;

    fn rewrite(&mut self, token: &mut D::Token, frame: &mut [u8]) -> Result<usize, Reject<Self::Fault>> {
        self.decoder.rewrite(token, frame).map_err(|reject| reject.map(FrameFault::Decoder))
    }

    #[inline(always)]
    fn reset(progress: &mut D::Progress) {
        D::reset(progress);
    }
}

impl<D: fmt::Debug, C> fmt::Debug for Check<D, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("decoder", &self.decoder).finish_non_exhaustive()
    }
}
