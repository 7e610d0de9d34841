//! Frames parsed once. SPEC.md, clauses CM-4 to CM-6.

use core::fmt;

use super::{Decode, Found, FrameFault, Reject, Stop};
use crate::input::Input;

/// A decoder whose frames are parsed. Made by [`DecodeExt::parse`](super::DecodeExt::parse).
#[derive(Clone)]
pub struct Parse<D, P> {
    decoder: D,
    parse: P,
}

/// How far a decoder has looked, and what its frame was parsed to.
#[derive(Clone, Debug, Default)]
pub struct Parsed<P, T> {
    progress: P,
    /// The default until the whole frame has been seen.
    value: T,
}

impl<D, P> Parse<D, P> {
    pub(super) fn new(decoder: D, parse: P) -> Self {
        Self { decoder, parse }
    }

    /// Returns the decoder.
    pub fn decoder(&self) -> &D {
        &self.decoder
    }
}

impl<D: Decode, P, T, E> Decode for Parse<D, P>
where
    P: for<'a> FnMut(D::Frame<'a>) -> Result<T, E>,
    T: Default + 'static,
    E: core::error::Error + Clone + 'static,
{
    type Progress = Parsed<D::Progress, T>;
    type Token = D::Token;
    type Frame<'a> = &'a T;
    type Fault = FrameFault<D::Fault, E>;

    #[inline(always)]
    fn scan(&mut self, parsed: &mut Self::Progress, input: &Input<'_>) -> Result<Found<D::Token>, Stop<Self::Fault>> {
        self.decoder.scan(&mut parsed.progress, input).map_err(|stop| stop.map(FrameFault::Decoder))
    }

    #[inline(always)]
    fn open<'a>(_: D::Token, parsed: &'a Self::Progress, _: &'a [u8]) -> &'a T {
        &parsed.value
    }

    #[inline(always)]
    fn inspect(&mut self, token: &mut D::Token, parsed: &mut Self::Progress, frame: &[u8]) -> Result<(), Reject<Self::Fault>> {
        let Parsed { progress, value } = parsed;
        self.decoder.inspect(token, progress, frame).map_err(|reject| reject.map(FrameFault::Decoder))?;
        *value = (self.parse)(D::open(token.clone(), progress, frame)).map_err(|error| Reject::Bad(FrameFault::Frame(error)))?;
        Ok(())
    }

    const REWRITES: bool = D::REWRITES;

    fn rewrite(&mut self, token: &mut D::Token, frame: &mut [u8]) -> Result<usize, Reject<Self::Fault>> {
        self.decoder.rewrite(token, frame).map_err(|reject| reject.map(FrameFault::Decoder))
    }

    #[inline(always)]
    fn reset(parsed: &mut Self::Progress) {
        D::reset(&mut parsed.progress);
        parsed.value = T::default();
    }
}

impl<D: fmt::Debug, P> fmt::Debug for Parse<D, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parse").field("decoder", &self.decoder).finish_non_exhaustive()
    }
}
