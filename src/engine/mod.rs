//! The reading machine: bytes go in, in chunks of any size; frames, pauses and errors come out.
//!
//! ```
//! use framewright::{Engine, Step, framing::Lines};
//!
//! let mut engine = Engine::new(Lines::new(8 * 1024));
//! let mut seen = Vec::new();
//! for chunk in ["GET /\r\nHost", ": a\r\n"] {
//!     let mut frames = engine.feed(chunk.as_bytes())?; // borrows the chunk; nothing is copied yet
//!     while let Step::Frame(line, _) = frames.next_frame()? {
//!         seen.push(line.to_vec());
//!     }
//! } // dropping `frames` stores what is unread
//! assert_eq!(seen, [&b"GET /"[..], b"Host: a"]);
//! assert!(matches!(engine.eof().next_frame()?, Step::End(_)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod frames;
mod input;
mod nested;

use core::fmt;

pub(crate) use frames::{Cursor, Lent, Next, Role, Spot, Stepped, Where};
pub use frames::{Frames, Kept};
pub use input::Room;
pub use nested::{Nested, NestedError, NestedFrames};

use crate::buf::{LinearBuf, StreamBufMut};
use crate::decode::Decode;
use crate::error::{Error, ErrorCause, NeedMoreData};

/// The longest frame in encoded bytes, unless told otherwise: 16 MiB.
pub const DEFAULT_MAX_FRAME: usize = 16 * 1024 * 1024;
/// The unread bytes above which a caller that has not drained its frames is refused input, unless told otherwise: 1 MiB.
pub const DEFAULT_BACKLOG: usize = 1024 * 1024;
/// Storage is sized to a frame's claimed length at once up to so many bytes: 64 KiB. Beyond it, storage at most doubles with what has arrived.
pub const EAGER_RESERVE: usize = 64 * 1024;
/// What [`Engine::reserve`] lends when no longer frame is due: 16 KiB.
pub const READ_BLOCK: usize = 16 * 1024;
/// How many events that take no bytes may follow one another.
const MAX_EMPTY: u8 = 64;

/// Turns a stream of bytes into frames, with any [`Decode`] and any buffer.
///
/// Bytes enter by [`feed`](Self::feed), [`feed_owned`](Self::feed_owned) or [`reserve`](Self::reserve), and the stream ends by [`eof`](Self::eof); each gives a guard, [`Frames`], which gives the
/// frames one at a time.
///
/// **The one law**: what comes out (frames, errors, offsets, the outcome) depends on the bytes, never on how they were cut into chunks nor on which method brought them. Only *when* it comes out
/// may differ.
///
/// **Memory** ([`held_bytes`](Self::held_bytes)) is at most max([`backlog`](Self::with_backlog), one frame) plus the largest chunk. A frame of a claimed length takes storage as its bytes
/// arrive, not when it is announced.
pub struct Engine<D: Decode, B = LinearBuf> {
    decoder: D,
    /// Of the frame at the front; or of the frame that is lent, until the next call.
    progress: D::Progress,
    store: B,
    /// The bytes at the front of `store` that were handed out, and are freed at the next call.
    taken: usize,
    /// The stream offset of the first unread byte.
    position: u64,
    /// The bytes stepped over since the last frame.
    skipped: u64,
    /// The events without bytes at the stream offset `empty_at`.
    empty: u8,
    empty_at: u64,
    /// The last frame that was not taken in the fastest way.
    marked: Place,
    awaits: Awaits,
    supply: Supply,
    state: State<D::Fault>,
    max_frame: usize,
    backlog: usize,
    #[cfg(feature = "testkit")]
    examined: u64,
}

/// What has to be there before the decoder looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaits {
    /// Nothing: it has not looked at this frame yet, and its progress is stale.
    Look,
    /// The first byte of a frame.
    Frame,
    /// So many unread bytes in all; the progress says how far it has looked.
    Bytes(usize),
}

/// Where bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Supply {
    Open,
    /// A guard holds a borrowed chunk. Still so when the next call comes: the guard was forgotten.
    Lent,
    /// It was.
    Forgotten,
    /// An owned reservation is out.
    Reserved,
    Ended,
}

/// What the engine still does.
#[derive(Clone, Debug)]
enum State<F> {
    Running,
    /// The decoder has said its last word: handed over, or ended. Bytes are stored for the next protocol.
    Over,
    Failed(Error<F>),
}

/// What came next in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<F> {
    /// A frame, and where it was.
    Frame(F, Place),
    /// Between frames, with nothing unread: a clean place to end, to wait long, or to reuse a connection.
    Idle,
    /// Inside a frame.
    NeedMoreData(NeedMoreData),
    /// The last frame of this protocol. What follows is stored for the next one: see [`Engine::into_parts`].
    Handoff(F, Place),
    /// No more frames: the stream ended cleanly, or the protocol said so, or handed over before.
    End(Place),
}

impl<F> Step<F> {
    /// Makes something else of the frame.
    pub fn map<G>(self, make: impl FnOnce(F) -> G) -> Step<G> {
        match self {
            Self::Frame(frame, place) => Step::Frame(make(frame), place),
            Self::Idle => Step::Idle,
            Self::NeedMoreData(short) => Step::NeedMoreData(short),
            Self::Handoff(frame, place) => Step::Handoff(make(frame), place),
            Self::End(place) => Step::End(place),
        }
    }
}

/// Where something was in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The offset of its first byte from the start of the stream.
    pub offset: u64,
    /// Its length in encoded bytes.
    pub len: usize,
    /// The bytes stepped over between the frame before and this: bad frames, and what the decoder skipped.
    pub skipped: u64,
    /// Whether this is only the start of a frame that is too long: the rest is stepped over.
    pub truncated: bool,
}

/// What an engine is made of, for a switch of protocols: nothing unread is lost.
///
/// ```
/// use framewright::{Engine, Step, framing::{Counts, LengthField, Lines, Width}};
///
/// let mut lines = Engine::new(Lines::new(1024));
/// {
///     let mut frames = lines.feed(b"UPGRADE\n\0\0\0\x02ok")?;
///     assert!(matches!(frames.next_frame()?, Step::Frame(b"UPGRADE", _)));
/// } // the rest is stored
/// let binary = LengthField::builder(Width::U32, Counts::Payload, 1024).build()?;
/// let mut binary = Engine::from_parts(lines.into_parts()?.with_decoder(binary));
/// let mut frames = binary.frames();
/// let Step::Frame(frame, place) = frames.next_frame()? else { panic!("a frame is there") };
/// assert_eq!((frame, place.offset), (&b"ok"[..], 8)); // offsets go on from the start of the stream
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "the unread bytes are lost when this is dropped"]
pub struct Parts<D, B> {
    /// The decoder, as it was.
    pub decoder: D,
    /// The unread bytes, and nothing else.
    pub unread: B,
    /// The stream offset of the first unread byte.
    pub position: u64,
    /// Whether the end of the stream has been announced.
    pub ended: bool,
}

impl<D, B> Parts<D, B> {
    /// Replaces the decoder, by one for the protocol that follows.
    pub fn with_decoder<E>(self, decoder: E) -> Parts<E, B> {
        let Self { unread, position, ended, .. } = self;
        Parts { decoder, unread, position, ended }
    }
}

impl<D: Decode> Engine<D> {
    /// Makes an engine over a [`LinearBuf`], at the start of a stream. Allocates nothing.
    #[must_use]
    pub fn new(decoder: D) -> Self {
        Self::with_buf(decoder, LinearBuf::new())
    }
}

impl<D: Decode, B: StreamBufMut> Engine<D, B> {
    /// Makes an engine over a buffer of the caller's choice; bytes in it are the first of the stream.
    ///
    /// Takes over its storage, not its `max_bytes`: a cap on what happens to be buffered would make the result depend on the chunking. [`with_max_frame`](Self::with_max_frame) and
    /// [`with_backlog`](Self::with_backlog) are the engine's limits.
    ///
    /// ```
    /// use framewright::{Engine, buf::SegmentedBuf, framing::Lines};
    ///
    /// let engine = Engine::with_buf(Lines::new(1024), SegmentedBuf::new()); // frames to keep share its segments
    /// assert_eq!(engine.held_bytes(), 0);
    /// ```
    #[must_use]
    pub fn with_buf(decoder: D, buf: B) -> Self {
        Self::from_parts(Parts { decoder, unread: buf, position: 0, ended: false })
    }

    /// Makes an engine that goes on where another stopped.
    #[must_use]
    pub fn from_parts(parts: Parts<D, B>) -> Self {
        let Parts { decoder, unread: mut store, position, ended } = parts;
        store.set_max_bytes(usize::MAX);
        let supply = match (ended, store.is_reserved()) {
            (true, false) => Supply::Ended,
            (false, true) => Supply::Reserved,
            (false, false) => Supply::Open,
            (true, true) => {
                // Nothing follows the end.
                let _ = store.cancel_reserve();
                Supply::Ended
            }
        };
        Self {
            decoder,
            progress: D::Progress::default(),
            store,
            taken: 0,
            position,
            skipped: 0,
            empty: 0,
            empty_at: 0,
            marked: Place { offset: position, len: 0, skipped: 0, truncated: false },
            awaits: Awaits::Look,
            supply,
            state: State::Running,
            max_frame: DEFAULT_MAX_FRAME,
            backlog: DEFAULT_BACKLOG,
            #[cfg(feature = "testkit")]
            examined: 0,
        }
    }

    /// Sets the longest frame, in encoded bytes. A decoder's own limit counts beside it, and the smaller one wins: raise this one too where a decoder's is above [`DEFAULT_MAX_FRAME`]. A frame beyond
    /// it ends the stream, even with a framer that would discard it.
    #[must_use]
    pub fn with_max_frame(mut self, bytes: usize) -> Self {
        self.max_frame = bytes;
        self
    }

    /// Sets how many unread bytes may wait before a caller that has not drained its frames is refused input.
    #[must_use]
    pub fn with_backlog(mut self, bytes: usize) -> Self {
        self.backlog = bytes;
        self
    }

    /// Gives up the engine for its parts: the decoder, and every unread byte. An owned reservation that is out can be committed to the buffer among them.
    ///
    /// # Errors
    /// When the guard of a borrowed chunk was forgotten, and bytes may be missing.
    pub fn into_parts(mut self) -> Result<Parts<D, B>, Error<D::Fault>> {
        self.free();
        let ended = match self.supply {
            Supply::Lent | Supply::Forgotten => return Err(self.forgotten()),
            Supply::Ended => true,
            Supply::Open | Supply::Reserved => false,
        };
        Ok(Parts { decoder: self.decoder, unread: self.store, position: self.position, ended })
    }

    /// Returns the decoder.
    #[must_use]
    pub fn decoder(&self) -> &D {
        &self.decoder
    }

    /// Lends the decoder to be changed by whoever writes with it.
    pub(crate) fn decoder_mut(&mut self) -> &mut D {
        &mut self.decoder
    }

    /// Goes on at the same stream offset with other bytes, and gives the unread ones with the reservation and the end that belong to them: those below a filter.
    pub(crate) fn replace_store(&mut self, store: B) -> B {
        self.free();
        if matches!(self.supply, Supply::Open | Supply::Reserved | Supply::Ended) {
            self.supply = if store.is_reserved() { Supply::Reserved } else { Supply::Open };
        }
        self.awaits = Awaits::Look;
        core::mem::replace(&mut self.store, store)
    }

    /// Whether nothing can be made of the unread bytes before more come.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.is_ready(self.held_bytes())
    }

    /// Whether the end of the stream was announced.
    pub(crate) fn has_ended(&self) -> bool {
        self.supply == Supply::Ended
    }

    /// Returns the stream offset of the first unread byte.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Returns the unread bytes that are stored. O(1).
    #[inline]
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.store.len() - self.taken
    }

    /// Returns the bytes of storage allocated. O(1).
    #[must_use]
    pub fn capacity_bytes(&self) -> usize {
        self.store.capacity()
    }

    /// Returns how many bytes the decoder has examined so far, as it told.
    #[cfg(feature = "testkit")]
    #[must_use]
    pub fn examined_bytes(&self) -> u64 {
        self.examined
    }

    /// Frees the bytes of frames that are no longer lent.
    #[inline]
    pub(crate) fn free(&mut self) {
        let taken = core::mem::take(&mut self.taken);
        if taken > 0 && self.store.advance(taken).is_err() {
            self.state = State::Failed(self.bug("the buffer lost bytes"));
        }
    }

    /// Tells whether a look could bring something, with `held` unread bytes.
    #[inline]
    fn is_ready(&self, held: usize) -> bool {
        match self.awaits {
            Awaits::Look => true,
            Awaits::Frame => held > 0,
            Awaits::Bytes(due) => held >= due,
        }
    }

    fn forgotten(&self) -> Error<D::Fault> {
        Error::fatal(self.position, ErrorCause::ChunkForgotten)
    }

    fn bug(&self, what: &'static str) -> Error<D::Fault> {
        Error::fatal(self.position, ErrorCause::Bug(what))
    }
}

impl<D: Decode, B: StreamBufMut> fmt::Debug for Engine<D, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("position", &self.position)
            .field("held_bytes", &self.held_bytes())
            .field("capacity_bytes", &self.capacity_bytes())
            .field("awaits", &self.awaits)
            .field("supply", &self.supply)
            .finish_non_exhaustive()
    }
}
