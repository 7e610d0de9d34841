//! Frames of one decoder that are the stream of another. SPEC.md, clauses CM-10 to CM-14.

use bytes::Bytes;
use core::fmt;

use super::frames::{Cursor, Frames, Next};
use super::{Engine, Place, State, Step};
use crate::buf::{LinearBuf, StreamBufMut};
use crate::decode::Decode;
use crate::error::{Error, NeedMoreData, Refused};

/// Joins the frames of an outer decoder to one stream, and turns that into the frames of an inner one: lines in records, JSON in chunks, MQTT in WebSocket messages.
///
/// An inner frame may span outer frames, and an outer frame may hold many. The inner stream goes on until the outer one ends, by the end of the stream or because its protocol says so. Outer frames
/// are bytes ([`AsRef`]); of others, [`map`](crate::decode::DecodeExt::map) takes the part that goes on.
///
/// ```
/// use framewright::{Engine, Step, engine::Nested, framing::{Counts, LengthField, Lines, Width}};
///
/// let records = LengthField::builder(Width::U8, Counts::Payload, 255).build()?;
/// let mut nested = Nested::new(Engine::new(records), Engine::new(Lines::new(1024)));
/// let mut lines = nested.feed(b"\x06one\ntw\x02o\n")?;
/// assert!(matches!(lines.next_frame()?, Step::Frame(b"one", _)));
/// assert!(matches!(lines.next_frame()?, Step::Frame(b"two", place) if place.offset == 4)); // of the inner stream
/// assert!(matches!(lines.next_frame()?, Step::Idle));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// **Order.** What comes out is what the inner decoder makes of the outer frames joined, whatever the cuts. An outer frame is asked for only when the inner engine can do nothing without it, so an
/// outer error comes after all that the good frames before it complete.
///
/// **Holes.** Where a bad outer frame was stepped over, the inner stream lacks its bytes: the error says where, and the next call goes on behind the hole, in the middle of an inner frame if one was
/// open. A caller who cannot have that treats every [`NestedError::Outer`] as the end.
///
/// **Memory.** Outer frames are copied to the inner engine's store: a frame cannot be lent out of both. Held are at most the outer engine's max(backlog, one frame) + the largest chunk, and one inner
/// frame + one outer one.
pub struct Nested<O: Decode, I: Decode, B = LinearBuf, C = LinearBuf> {
    outer: Engine<O, B>,
    inner: Engine<I, C>,
}

/// What went wrong in one of the two streams. Offsets count bytes of that stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NestedError<O, I> {
    /// In the outer stream. If it goes on, the inner one has a hole here.
    #[error("outer {0}")]
    Outer(#[source] Error<O>),
    /// Only the start of an outer frame was handed out, here. None of it is in the inner stream, which has a hole.
    #[error("outer frame at byte {}: it is truncated", .0.offset)]
    OuterTruncated(Place),
    /// In the inner stream.
    #[error("inner {0}")]
    Inner(#[source] Error<I>),
}

impl<O, I> NestedError<O, I> {
    /// Tells whether the stream is over. Otherwise the next call goes on.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        match self {
            Self::Outer(error) => error.is_fatal(),
            Self::OuterTruncated(_) => false,
            Self::Inner(error) => error.is_fatal(),
        }
    }
}

impl<O, I, B, C> Nested<O, I, B, C>
where
    O: Decode,
    for<'f> O::Frame<'f>: AsRef<[u8]>,
    I: Decode,
    B: StreamBufMut,
    C: StreamBufMut,
{
    /// Makes one of two engines, with their limits. Bytes come to the inner one from the outer one alone: an owned reservation of it is cancelled.
    #[must_use]
    pub fn new(outer: Engine<O, B>, mut inner: Engine<I, C>) -> Self {
        // There may be none.
        let _ = inner.cancel_reserve();
        Self { outer, inner }
    }

    /// Takes the next bytes of the outer stream, borrowed: as [`Engine::feed`].
    ///
    /// # Errors
    /// [`Refused`] as by the outer engine, and [`Refused::Failed`] after a fatal error of either.
    #[inline]
    pub fn feed<'a>(&'a mut self, chunk: &'a [u8]) -> Result<NestedFrames<'a, O, I, B, C>, Refused> {
        self.admit()?;
        Ok(NestedFrames { outer: self.outer.feed(chunk)?, inner: &mut self.inner })
    }

    /// Takes the next bytes of the outer stream, owned: as [`Engine::feed_owned`].
    ///
    /// # Errors
    /// As for [`feed`](Self::feed).
    pub fn feed_owned(&mut self, chunk: Bytes) -> Result<NestedFrames<'_, O, I, B, C>, Refused> {
        self.admit()?;
        Ok(NestedFrames { outer: self.outer.feed_owned(chunk)?, inner: &mut self.inner })
    }

    /// Announces the end of the outer stream: as [`Engine::eof`].
    pub fn eof(&mut self) -> NestedFrames<'_, O, I, B, C> {
        NestedFrames { outer: self.outer.eof(), inner: &mut self.inner }
    }

    /// Goes on with what is stored: as [`Engine::frames`].
    pub fn frames(&mut self) -> NestedFrames<'_, O, I, B, C> {
        NestedFrames { outer: self.outer.frames(), inner: &mut self.inner }
    }

    /// Returns the outer engine.
    pub fn outer(&self) -> &Engine<O, B> {
        &self.outer
    }

    /// Returns the inner engine.
    pub fn inner(&self) -> &Engine<I, C> {
        &self.inner
    }

    /// Gives up both engines, with every unread byte: the outer frames that were not asked for are in the outer one, what is left of the others in the inner one. For a switch of the inner protocol,
    /// make another of the outer engine and one [made from the parts](Engine::from_parts) of the inner one.
    pub fn into_engines(self) -> (Engine<O, B>, Engine<I, C>) {
        (self.outer, self.inner)
    }

    fn admit(&self) -> Result<(), Refused> {
        if matches!(self.inner.state, State::Failed(_)) { Err(Refused::Failed) } else { Ok(()) }
    }
}

/// Gives the inner frames, one at a time, and stores what is unread when dropped, as [`Frames`] do.
pub struct NestedFrames<'a, O: Decode, I: Decode, B: StreamBufMut = LinearBuf, C = LinearBuf> {
    outer: Frames<'a, O, B>,
    inner: &'a mut Engine<I, C>,
}

type Stepped<O, I, F> = Result<F, NestedError<<O as Decode>::Fault, <I as Decode>::Fault>>;

impl<O, I, B, C> NestedFrames<'_, O, I, B, C>
where
    O: Decode,
    for<'f> O::Frame<'f>: AsRef<[u8]>,
    I: Decode,
    B: StreamBufMut,
    C: StreamBufMut,
{
    /// Returns the next inner frame, lent until the next call, or why there is none yet. Places are those of the inner stream; what `NeedMoreData` calls missing are bytes of the outer one.
    ///
    /// [`Step::Handoff`] and [`Step::End`] are the inner decoder's last words, or follow the end of the outer stream. No outer frame is asked for behind them.
    ///
    /// # Errors
    /// A [`NestedError`], once where it is not fatal, and by every call from then on where it is.
    #[inline]
    pub fn next_frame(&mut self) -> Stepped<O, I, Step<I::Frame<'_>>> {
        let next = self.advance()?;
        Ok(self.inner.show(next))
    }

    /// Feeds the inner engine until it has something to say.
    fn advance(&mut self) -> Stepped<O, I, Next<'static, I::Token>> {
        loop {
            let paused = match Cursor::new(self.inner).advance().map_err(NestedError::Inner)? {
                Next::Idle => Next::Idle,
                Next::NeedMoreData(_) => Next::NeedMoreData(NeedMoreData::ONE),
                said => return Ok(said),
            };
            match self.outer.next_frame().map_err(NestedError::Outer)? {
                Step::Frame(_, place) if place.truncated => return Err(NestedError::OuterTruncated(place)),
                // Behind the last frame comes the end.
                Step::Frame(frame, _) | Step::Handoff(frame, _) => self.inner.keep(frame.as_ref()),
                Step::End(_) => drop(self.inner.eof()),
                Step::Idle => return Ok(paused),
                Step::NeedMoreData(short) => return Ok(Next::NeedMoreData(short)),
            }
        }
    }
}

impl<O: Decode, I: Decode, B: StreamBufMut, C: StreamBufMut> fmt::Debug for Nested<O, I, B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nested").field("outer", &self.outer).field("inner", &self.inner).finish()
    }
}

impl<O: Decode, I: Decode, B: StreamBufMut, C: StreamBufMut> fmt::Debug for NestedFrames<'_, O, I, B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NestedFrames").field("outer", &self.outer).field("inner", &self.inner).finish()
    }
}
