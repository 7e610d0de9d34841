//! Frames of interest. SPEC.md, clauses CM-2, CM-5 and CM-6.

use core::fmt;

use super::{Decode, Found, Reject, Stop};
use crate::input::Input;

/// A decoder some of whose frames are stepped over. Made by [`DecodeExt::filter`](super::DecodeExt::filter).
#[derive(Clone)]
pub struct Filter<D, P> {
    decoder: D,
    keeps: P,
}

impl<D, P> Filter<D, P> {
    pub(super) fn new(decoder: D, keeps: P) -> Self {
        Self { decoder, keeps }
    }

    /// Returns the decoder.
    pub fn decoder(&self) -> &D {
        &self.decoder
    }
}

impl<D: Decode, P> Decode for Filter<D, P>
where
    P: for<'a> FnMut(D::Frame<'a>) -> bool,
{
    type Progress = D::Progress;
    type Token = D::Token;
    type Frame<'a> = D::Frame<'a>;
    type Fault = D::Fault;

    #[inline(always)]
    fn scan(&mut self, progress: &mut D::Progress, input: &Input<'_>) -> Result<Found<D::Token>, Stop<D::Fault>> {
        self.decoder.scan(progress, input)
    }

    #[inline(always)]
    fn open<'a>(token: D::Token, progress: &'a D::Progress, frame: &'a [u8]) -> D::Frame<'a> {
        D::open(token, progress, frame)
    }

    #[inline(always)]
    fn inspect(&mut self, token: &mut D::Token, progress: &mut D::Progress, frame: &[u8]) -> Result<(), Reject<D::Fault>> {
        self.decoder.inspect(token, progress, frame)?;
        if (self.keeps)(D::open(token.clone(), progress, frame)) { Ok(()) } else { Err(Reject::Skip) }
    }

    const REWRITES: bool = D::REWRITES;

    fn rewrite(&mut self, token: &mut D::Token, frame: &mut [u8]) -> Result<usize, Reject<D::Fault>> {
        self.decoder.rewrite(token, frame)
    }

    #[inline(always)]
    fn reset(progress: &mut D::Progress) {
        D::reset(progress);
    }
}

impl<D: fmt::Debug, P> fmt::Debug for Filter<D, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").field("decoder", &self.decoder).finish_non_exhaustive()
    }
}
