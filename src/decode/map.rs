//! Another view of each frame. SPEC.md, clause CM-1.

use core::fmt;

use super::{Decode, Found, Reject, Stop};
use crate::input::Input;

/// Shows a frame as something else: what [`DecodeExt::map`](super::DecodeExt::map) takes.
///
/// Every function from a frame is one: a `fn` by its name, also where what it returns borrows from the frame, and a closure `|frame: &[u8]| …` whose result borrows nothing of it. (A closure that
/// returns a part of its argument does not compile, as Rust takes its two lifetimes for different ones.) What has settings *and* borrows is a type of its own:
///
/// ```
/// use framewright::{Engine, Step, decode::{DecodeExt, MapFrame}, framing::Lines};
///
/// #[derive(Clone, Copy)]
/// struct Before(u8);
///
/// impl<'a> MapFrame<&'a [u8]> for Before {
///     type Out = &'a [u8];
///
///     fn map_frame(&self, line: &'a [u8]) -> &'a [u8] {
///         line.split(|byte| *byte == self.0).next().unwrap_or_default()
///     }
/// }
///
/// let mut engine = Engine::new(Lines::new(1024).map(Before(b';')));
/// assert!(matches!(engine.feed(b"code;comment\n")?.next_frame()?, Step::Frame(b"code", _)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait MapFrame<In> {
    /// What the frame is shown as.
    type Out;

    /// Makes it. May run more than once for a frame that is kept, and gives the same each time.
    fn map_frame(&self, frame: In) -> Self::Out;
}

impl<In, Out, F: Fn(In) -> Out> MapFrame<In> for F {
    type Out = Out;

    #[inline(always)]
    fn map_frame(&self, frame: In) -> Out {
        self(frame)
    }
}

/// A decoder whose frames are shown as something else. Made by [`DecodeExt::map`](super::DecodeExt::map).
#[derive(Clone)]
pub struct Map<D, F> {
    decoder: D,
    map: F,
}

impl<D, F> Map<D, F> {
    pub(super) fn new(decoder: D, map: F) -> Self {
        Self { decoder, map }
    }

    /// Returns the decoder.
    pub fn decoder(&self) -> &D {
        &self.decoder
    }
}

impl<D: Decode, F> Decode for Map<D, F>
where
    F: Clone + for<'a> MapFrame<D::Frame<'a>>,
{
    type Progress = D::Progress;
    /// With the function, since a frame is shown without its decoder.
    type Token = (D::Token, F);
    type Frame<'a> = <F as MapFrame<D::Frame<'a>>>::Out;
    type Fault = D::Fault;

    #[inline(always)]
    fn scan(&mut self, progress: &mut D::Progress, input: &Input<'_>) -> Result<Found<Self::Token>, Stop<D::Fault>> {
        self.decoder.scan(progress, input).map(|found| found.map(|token| (token, self.map.clone())))
    }

    #[inline(always)]
    fn open<'a>((token, map): Self::Token, progress: &'a D::Progress, frame: &'a [u8]) -> Self::Frame<'a> {
        map.map_frame(D::open(token, progress, frame))
    }

    #[inline(always)]
    fn inspect(&mut self, (token, _): &mut Self::Token, progress: &mut D::Progress, frame: &[u8]) -> Result<(), Reject<D::Fault>> {
        self.decoder.inspect(token, progress, frame)
    }

    const REWRITES: bool = D::REWRITES;

    fn rewrite(&mut self, (token, _): &mut Self::Token, frame: &mut [u8]) -> Result<usize, Reject<D::Fault>> {
        self.decoder.rewrite(token, frame)
    }

    #[inline(always)]
    fn reset(progress: &mut D::Progress) {
        D::reset(progress);
    }
}

impl<D: fmt::Debug, F> fmt::Debug for Map<D, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").field("decoder", &self.decoder).finish_non_exhaustive()
    }
}
