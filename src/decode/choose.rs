//! A decoder chosen by the first bytes. SPEC.md, clauses CM-7 and CM-8.

use core::fmt;

use super::{Decode, Found, Reject, Stop};
use crate::error::NeedMoreData;
use crate::input::Input;

/// A decoder that is made when the first bytes of the stream are there, by what they are: one of two protocols on one port ([`Either`](super::Either)), or one with settings that the stream itself
/// tells.
///
/// The first bytes are then read again, by the decoder that was made; one for which they are a mere mark skips them.
///
/// ```
/// use framewright::{Decode, Engine, Input, NeedMoreData, Step};
/// use framewright::{decode::{Choose, Either}, framing::{Counts, LengthField, LengthFieldBuilder, Lines, Width}};
///
/// let binary = LengthField::builder(Width::U16, Counts::Payload, 1024).build()?;
/// let choose = move |first: &Input<'_>| -> Result<Either<LengthField, Lines>, NeedMoreData> {
///     let [first] = first.array(0)?;
///     Ok(if first.is_ascii_alphabetic() { Either::Right(Lines::new(1024)) } else { Either::Left(binary.clone()) })
/// };
///
/// let mut text = Engine::new(Choose::new(choose.clone()));
/// assert!(matches!(text.feed(b"HELLO\r\n")?.next_frame()?, Step::Frame(Either::Right(b"HELLO"), _)));
/// let mut binary = Engine::new(Choose::new(choose));
/// assert!(matches!(binary.feed(b"\0\x05HELLO")?.next_frame()?, Step::Frame(Either::Left(b"HELLO"), _)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Choose<D, C> {
    choose: C,
    /// Set with the first thing that came out of the stream.
    chosen: Option<D>,
}

/// How far the decoder has looked, and itself until the first thing comes out of the stream: what is kept in a decoder outlives a look that brought nothing.
pub struct Choosing<D: Decode> {
    made: Option<D>,
    progress: D::Progress,
}

impl<D: Decode, C: Fn(&Input<'_>) -> Result<D, NeedMoreData>> Choose<D, C> {
    /// Makes a decoder that asks `choose` for one.
    ///
    /// It is given the stream from its start, never empty, and says which decoder reads it, or how many more bytes it must see at least. It must say the same when more bytes are there. Where it still
    /// lacks bytes at the end of the stream, the stream is truncated, unless it asks whether [that is the end](Input::is_end), and chooses.
    #[must_use]
    pub const fn new(choose: C) -> Self {
        Self { choose, chosen: None }
    }
}

impl<D: Decode, C> Choose<D, C> {
    /// Returns the decoder that was chosen, once something has come out of the stream.
    pub fn chosen(&self) -> Option<&D> {
        self.chosen.as_ref()
    }
}

impl<D: Decode, C: Fn(&Input<'_>) -> Result<D, NeedMoreData>> Choose<D, C> {
    /// Looks at the stream until something comes out of it.
    #[cold]
    fn look_first(&mut self, choosing: &mut Choosing<D>, input: &Input<'_>) -> Result<Found<D::Token>, Stop<D::Fault>> {
        input.begin()?;
        let mut decoder = match choosing.made.take() {
            Some(decoder) => decoder,
            None => (self.choose)(input)?,
        };
        let scanned = decoder.scan(&mut choosing.progress, input);
        let keep = if matches!(scanned, Err(Stop::Need(_))) { &mut choosing.made } else { &mut self.chosen };
        *keep = Some(decoder);
        scanned
    }
}

impl<D: Decode, C: Fn(&Input<'_>) -> Result<D, NeedMoreData>> Decode for Choose<D, C> {
    type Progress = Choosing<D>;
    type Token = D::Token;
    type Frame<'a> = D::Frame<'a>;
    type Fault = D::Fault;

    #[inline(always)]
    fn scan(&mut self, choosing: &mut Choosing<D>, input: &Input<'_>) -> Result<Found<D::Token>, Stop<D::Fault>> {
        match &mut self.chosen {
            Some(decoder) => decoder.scan(&mut choosing.progress, input),
            None => self.look_first(choosing, input),
        }
    }

    #[inline(always)]
    fn open<'a>(token: D::Token, choosing: &'a Choosing<D>, frame: &'a [u8]) -> D::Frame<'a> {
        D::open(token, &choosing.progress, frame)
    }

    #[inline(always)]
    fn inspect(&mut self, token: &mut D::Token, choosing: &mut Choosing<D>, frame: &[u8]) -> Result<(), Reject<D::Fault>> {
        match &mut self.chosen {
            Some(decoder) => decoder.inspect(token, &mut choosing.progress, frame),
            None => Ok(()),
        }
    }

    const REWRITES: bool = D::REWRITES;

    fn rewrite(&mut self, token: &mut D::Token, frame: &mut [u8]) -> Result<usize, Reject<D::Fault>> {
        match &mut self.chosen {
            Some(decoder) => decoder.rewrite(token, frame),
            None => Ok(frame.len()),
        }
    }

    #[inline(always)]
    fn reset(choosing: &mut Choosing<D>) {
        choosing.made = None;
        D::reset(&mut choosing.progress);
    }
}

impl<D: Decode> Default for Choosing<D> {
    fn default() -> Self {
        Self { made: None, progress: D::Progress::default() }
    }
}

impl<D: Decode> fmt::Debug for Choosing<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Choosing").field("made", &self.made.is_some()).finish_non_exhaustive()
    }
}

impl<D: fmt::Debug, C> fmt::Debug for Choose<D, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Choose").field("chosen", &self.chosen).finish_non_exhaustive()
    }
}
