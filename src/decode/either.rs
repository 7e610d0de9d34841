//! One of two decoders. SPEC.md, clause CM-9.

use super::{Decode, Found, Reject, Stop};
use crate::input::Input;

/// One of two: a decoder that is one of two decoders, and then its token, frame and fault.
///
/// Which one it is may be a setting, or found in the stream: see [`Choose`](super::Choose). Where both have the same frame, a function makes it that.
///
/// Where either of the two [rewrites](Decode::REWRITES), the frames of both pass through storage, and neither may say [`FalseStart`](Reject::FalseStart).
///
/// ```
/// use framewright::{Engine, Step, decode::{DecodeExt, Either}, framing::{Counts, LengthField, Lines, Width}};
///
/// fn framer(binary: bool) -> Result<Either<LengthField, Lines>, framewright::framing::SettingsError> {
///     Ok(match binary {
///         true => Either::Left(LengthField::builder(Width::U16, Counts::Payload, 1024).build()?),
///         false => Either::Right(Lines::new(1024)),
///     })
/// }
///
/// fn payload<'a>(frame: Either<&'a [u8], &'a [u8]>) -> &'a [u8] {
///     frame.into_inner()
/// }
///
/// let mut engine = Engine::new(framer(true)?.map(payload));
/// assert!(matches!(engine.feed(b"\0\x02hi")?.next_frame()?, Step::Frame(b"hi", _)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Either<A, B> {
    /// The first.
    #[error(transparent)]
    Left(A),
    /// The second.
    #[error(transparent)]
    Right(B),
}

impl<T> Either<T, T> {
    /// Returns what it is, whichever it is.
    pub fn into_inner(self) -> T {
        match self {
            Self::Left(inner) | Self::Right(inner) => inner,
        }
    }
}

/// How far each of two decoders has looked; one of them never does.
#[derive(Clone, Debug, Default)]
pub struct Progresses<A, B> {
    left: A,
    right: B,
}

impl<A: Decode, B: Decode> Decode for Either<A, B> {
    type Progress = Progresses<A::Progress, B::Progress>;
    type Token = Either<A::Token, B::Token>;
    type Frame<'a> = Either<A::Frame<'a>, B::Frame<'a>>;
    type Fault = Either<A::Fault, B::Fault>;

    #[inline(always)]
    fn scan(&mut self, progress: &mut Self::Progress, input: &Input<'_>) -> Result<Found<Self::Token>, Stop<Self::Fault>> {
        match self {
            Self::Left(left) => match left.scan(&mut progress.left, input) {
                Ok(found) => Ok(found.map(Either::Left)),
                Err(stop) => Err(stop.map(Either::Left)),
            },
            Self::Right(right) => match right.scan(&mut progress.right, input) {
                Ok(found) => Ok(found.map(Either::Right)),
                Err(stop) => Err(stop.map(Either::Right)),
            },
        }
    }

    #[inline(always)]
    fn open<'a>(token: Self::Token, progress: &'a Self::Progress, frame: &'a [u8]) -> Self::Frame<'a> {
        match token {
            Either::Left(token) => Either::Left(A::open(token, &progress.left, frame)),
            Either::Right(token) => Either::Right(B::open(token, &progress.right, frame)),
        }
    }

    #[inline(always)]
    fn inspect(&mut self, token: &mut Self::Token, progress: &mut Self::Progress, frame: &[u8]) -> Result<(), Reject<Self::Fault>> {
        match (self, token) {
            (Self::Left(left), Either::Left(token)) => {
                left.inspect(token, &mut progress.left, frame).map_err(|reject| reject.map(Either::Left))
            }
            (Self::Right(right), Either::Right(token)) => {
                right.inspect(token, &mut progress.right, frame).map_err(|reject| reject.map(Either::Right))
            }
            // A token is of the decoder that made it.
            _ => Ok(()),
        }
    }

    const REWRITES: bool = A::REWRITES || B::REWRITES;

    fn rewrite(&mut self, token: &mut Self::Token, frame: &mut [u8]) -> Result<usize, Reject<Self::Fault>> {
        match (self, token) {
            (Self::Left(left), Either::Left(token)) if A::REWRITES => left.rewrite(token, frame).map_err(|reject| reject.map(Either::Left)),
            (Self::Right(right), Either::Right(token)) if B::REWRITES => {
                right.rewrite(token, frame).map_err(|reject| reject.map(Either::Right))
            }
            _ => Ok(frame.len()),
        }
    }

    #[inline(always)]
    fn reset(progress: &mut Self::Progress) {
        A::reset(&mut progress.left);
        B::reset(&mut progress.right);
    }
}
