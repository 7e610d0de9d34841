//! The contract of a codec: [`Decode`] looks at unread bytes and says where the next frame ends; the [`Engine`](crate::Engine) does everything else.
//!
//! A decoder never touches storage. It *looks* ([`scan`](Decode::scan)), and what it says borrows nothing; the engine takes exactly that many bytes, lets the decoder change
//! ([`rewrite`](Decode::rewrite)) or check ([`inspect`](Decode::inspect)) them where they lie together, and shows them ([`open`](Decode::open)).
//! Whether a frame is lent or kept is the caller's choice, not the codec's.
//!
//! A whole codec, straight-line, with `?` on every short read. [`writing_a_codec`](crate::guide::writing_a_codec) has other ways, and when to take which.
//!
//! ```
//! use core::convert::Infallible;
//! use framewright::{Decode, Engine, Input, Step, decode::{Found, Stop}};
//!
//! /// One byte of length, then that many bytes.
//! struct Pascal;
//!
//! impl Decode for Pascal {
//!     type Progress = ();
//!     type Token = ();
//!     type Frame<'a> = &'a [u8];
//!     type Fault = Infallible;
//!
//!     fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<()>, Stop<Infallible>> {
//!         input.begin()?;
//!         let [payload] = input.array(0)?;
//!         let len = 1 + usize::from(payload);
//!         input.require(len)?;
//!         Ok(Found::Frame { len, token: () })
//!     }
//!
//!     fn open<'a>((): (), (): &'a (), frame: &'a [u8]) -> &'a [u8] {
//!         frame.get(1..).unwrap_or_default()
//!     }
//! }
//!
//! let mut engine = Engine::new(Pascal);
//! let mut frames = engine.feed(b"\x05hello\x03ab")?;
//! assert!(matches!(frames.next_frame()?, Step::Frame(b"hello", _)));
//! assert!(matches!(frames.next_frame()?, Step::NeedMoreData(more) if more.missing.get() == 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Decoders from decoders
//!
//! Static generics over any decoder, which cost nothing to look through and forward what they do not change: marks of truncation, handoffs, ends, skips, rewriting. SPEC.md, chapter CM.
//!
//! | combinator | what it makes of a decoder |
//! |---|---|
//! | [`map`](DecodeExt::map) | another view of each frame, which may borrow from it |
//! | [`filter`](DecodeExt::filter) | frames of no interest are stepped over |
//! | [`check`](DecodeExt::check) | frames that a check refuses are errors, and stepped over |
//! | [`parse`](DecodeExt::parse) | each frame is parsed once, and what came of it is lent |
//! | [`Either`] | one of two decoders |
//! | [`Choose`] | a decoder made when the first bytes of the stream are there |
//! | [`Nested`](crate::engine::Nested) | frames of one decoder are the stream of another; a machine, not a decoder |
//!
//! Each takes closures. Two cases are beyond what Rust infers, and take a `fn` by its name: a `map` whose view borrows from the frame, and whatever is put behind such a `map`
//! (before it, the closure does).

mod check;
mod choose;
mod either;
mod filter;
mod map;
mod parse;

pub use check::{Check, FrameFault};
pub use choose::{Choose, Choosing};
pub use either::{Either, Progresses};
pub use filter::Filter;
pub use map::{Map, MapFrame};
pub use parse::{Parse, Parsed};

use crate::error::{ErrorCause, NeedMoreData};
use crate::input::Input;

/// Says where frames end in a stream of bytes.
///
/// # The contract
///
/// - After [`Stop::Need`], what `self` decides is as before the call: a prefix of the input is a legal input. What was learnt about the frame goes into
///   [`Progress`](Self::Progress); what outlives a frame goes into `self`, and changes only when a frame, a skip or an error is returned. (`self` may keep a cache of positions keyed by
///   [`Input::position`], which decides nothing and must be right when a later input starts elsewhere.)
/// - [`Stop::Need`] is a floor: with fewer bytes more, neither a frame nor an error could be told.
/// - [`Stop::Idle`] is said exactly between frames: it decides whether the end of the stream there is clean.
/// - An over-long frame is reported at the first byte that makes the excess certain, and a claimed length before any of it arrives.
/// - Work is linear in the bytes of the stream for every chunking: go on where [`Progress`](Self::Progress) says the last look ended.
///
/// [`testkit`](crate::testkit) checks all of these.
pub trait Decode {
    /// How far into the current frame the decoder has looked, and any index of its parts. Owned by the engine, which resets it wherever bytes are taken, skipped or rejected, so that the two
    /// cannot disagree.
    type Progress: Default;

    /// What [`scan`](Self::scan) learnt about a frame: a word or two that borrows nothing. An index of parts goes into [`Progress`](Self::Progress).
    type Token: Clone;

    /// A frame as the user sees it. Borrows the frame's bytes and the index, never the decoder.
    type Frame<'a>;

    /// The rules of this protocol that a peer can break; [`Infallible`](core::convert::Infallible) when there are none.
    type Fault: core::error::Error + Clone + 'static;

    /// Looks at the unread bytes and says where the next frame ends.
    ///
    /// `progress` is fresh at the start of a frame, and as the decoder left it when it looks at the same frame again. The bytes seen before are there again, from the same
    /// [`position`](Input::position).
    ///
    /// # Errors
    /// A [`Stop`]: between frames, too few bytes, a bad frame, or a stream that is over.
    fn scan(&mut self, progress: &mut Self::Progress, input: &Input<'_>) -> Result<Found<Self::Token>, Stop<Self::Fault>>;

    /// Shows a frame: its bytes are exactly those that [`scan`](Self::scan) measured, or that [`rewrite`](Self::rewrite) left.
    fn open<'a>(token: Self::Token, progress: &'a Self::Progress, frame: &'a [u8]) -> Self::Frame<'a>;

    /// Parses and judges the whole frame where it lies contiguous: a text head, UTF-8, a checksum. Runs once a frame, after [`rewrite`](Self::rewrite).
    ///
    /// # Errors
    /// A [`Reject`], which steps over the frame, or a byte of it, or ends the stream.
    #[inline(always)]
    fn inspect(&mut self, token: &mut Self::Token, progress: &mut Self::Progress, frame: &[u8]) -> Result<(), Reject<Self::Fault>> {
        let _ = (token, progress, frame);
        Ok(())
    }

    /// Whether frames are changed before they are seen. Such frames pass through storage.
    const REWRITES: bool = false;

    /// Changes a whole frame in place (unmasks, unstuffs) and returns its new length, which is not larger. Runs once a frame, only where [`REWRITES`](Self::REWRITES).
    ///
    /// # Errors
    /// A [`Reject`], which steps over the frame or ends the stream.
    fn rewrite(&mut self, token: &mut Self::Token, frame: &mut [u8]) -> Result<usize, Reject<Self::Fault>> {
        let _ = token;
        Ok(frame.len())
    }

    /// Makes `progress` fresh; overridden to keep an allocation.
    #[inline(always)]
    fn reset(progress: &mut Self::Progress) {
        *progress = Self::Progress::default();
    }
}

/// Decoders made from decoders: adaptors that any [`Decode`] has, where this trait is in scope.
///
/// A trait of its own, so that a codec can have methods of these names.
pub trait DecodeExt: Decode + Sized {
    /// Shows each frame as what a function makes of it, which may borrow from the frame.
    ///
    /// The function is a `fn`, by its name, whatever it borrows and returns; or a closure that names the type of its argument, `|line: &[u8]|`, and returns what borrows nothing of it; or any type
    /// that is [`MapFrame`]. It runs each time a frame is shown, and is cloned for each frame.
    ///
    /// ```
    /// use core::str::Utf8Error;
    /// use framewright::{Engine, Step, decode::DecodeExt, framing::Lines};
    ///
    /// struct Header<'a> { name: &'a str, value: &'a str }
    ///
    /// fn header(line: &[u8]) -> Result<Header<'_>, Utf8Error> {
    ///     let line = core::str::from_utf8(line)?;
    ///     let (name, value) = line.split_once(": ").unwrap_or((line, ""));
    ///     Ok(Header { name, value })
    /// }
    ///
    /// let mut engine = Engine::new(Lines::new(1024).map(header));
    /// let mut frames = engine.feed(b"Host: example.org\r\n")?;
    /// let Step::Frame(header, _) = frames.next_frame()? else { panic!("a frame is there") };
    /// let Header { name, value } = header?; // a frame that does not parse is a frame still
    /// assert_eq!((name, value), ("Host", "example.org"));
    ///
    /// let lengths = Lines::new(1024).map(|line: &[u8]| line.len());
    /// assert!(matches!(Engine::new(lengths).feed(b"four\n")?.next_frame()?, Step::Frame(4, _)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn map<F>(self, map: F) -> Map<Self, F>
    where
        F: Clone + for<'a> MapFrame<Self::Frame<'a>>,
    {
        Map::new(self, map)
    }

    /// Gives only the frames of which a predicate says yes. The others are stepped over without an error, and counted in [`skipped`](crate::engine::Place::skipped).
    ///
    /// The predicate sees each frame once, in order, whole, and as it would be handed out; of a truncated one its start.
    ///
    /// ```
    /// use framewright::{Engine, Step, decode::DecodeExt, framing::Lines};
    ///
    /// let mut engine = Engine::new(Lines::new(1024).filter(|line| !line.starts_with(b"#")));
    /// let mut frames = engine.feed(b"# comment\nvalue\n")?;
    /// let Step::Frame(line, place) = frames.next_frame()? else { panic!("a frame is there") };
    /// assert_eq!((line, place.offset, place.skipped), (&b"value"[..], 10, 10));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn filter<P>(self, keeps: P) -> Filter<Self, P>
    where
        P: for<'a> FnMut(Self::Frame<'a>) -> bool,
    {
        Filter::new(self, keeps)
    }

    /// Gives only the frames that a check accepts. Another is an error with the check's reason, in its place; it is stepped over and the stream goes on.
    ///
    /// The check sees each frame once, in order, whole, and as it would be handed out; of a truncated one its start.
    ///
    /// ```
    /// use framewright::{Engine, Step, decode::DecodeExt, framing::Lines};
    ///
    /// let mut engine = Engine::new(Lines::new(1024).check(|line| core::str::from_utf8(line).map(|_| ())));
    /// let mut frames = engine.feed(b"\xff\ngood\n")?;
    /// let error = frames.next_frame().unwrap_err();
    /// assert_eq!(error.to_string(), "frame at byte 0: invalid utf-8 sequence of 1 bytes from index 0");
    /// assert!(matches!(frames.next_frame()?, Step::Frame(b"good", _)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn check<C, E>(self, check: C) -> Check<Self, C>
    where
        C: for<'a> FnMut(Self::Frame<'a>) -> Result<(), E>,
        E: core::error::Error + Clone + 'static,
    {
        Check::new(self, check)
    }

    /// Parses each frame once, into a value that owns what it needs, and lends that instead. A frame that does not parse is an error with the parser's reason, and is stepped over.
    ///
    /// The value lies with the [`Progress`](Decode::Progress), where a default one is before the first frame. For a view that borrows from the frame see [`map`](Self::map).
    ///
    /// ```
    /// use core::num::ParseIntError;
    /// use framewright::{Engine, Step, decode::DecodeExt, framing::Lines};
    ///
    /// fn number(line: &[u8]) -> Result<u32, ParseIntError> {
    ///     String::from_utf8_lossy(line).parse()
    /// }
    ///
    /// let mut engine = Engine::new(Lines::new(1024).parse(number));
    /// let mut frames = engine.feed(b"17\nx\n")?;
    /// assert!(matches!(frames.next_frame()?, Step::Frame(17, _)));
    /// assert_eq!(frames.next_frame().unwrap_err().to_string(), "frame at byte 3: invalid digit found in string");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn parse<P, T, E>(self, parse: P) -> Parse<Self, P>
    where
        P: for<'a> FnMut(Self::Frame<'a>) -> Result<T, E>,
        T: Default + 'static,
        E: core::error::Error + Clone + 'static,
    {
        Parse::new(self, parse)
    }
}

impl<D: Decode> DecodeExt for D {}

/// What a scan found. Lengths are of encoded bytes, from the start of the input, and never more than the input has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<T> {
    /// The first `len` bytes are a frame. 0 is legal for an event that takes no bytes, up to 64 times in a row.
    Frame {
        /// The encoded length of the frame.
        len: usize,
        /// What is known about it.
        token: T,
    },
    /// The first `len` bytes are the start of a frame that is too long, which is handed out [marked](crate::engine::Place::truncated); the decoder skips the rest of it. 0 is legal.
    Truncated {
        /// The encoded length of what is handed out.
        len: usize,
        /// What is known about it.
        token: T,
    },
    /// The first so many bytes are no part of any frame; at least one. Counted in the next frame's [`skipped`](crate::engine::Place::skipped).
    Skip(usize),
    /// The first `len` bytes are a frame, and what follows belongs to another protocol.
    Handoff {
        /// The encoded length of the frame.
        len: usize,
        /// What is known about it.
        token: T,
    },
    /// This decoder's part of the stream ends here; what follows belongs to another.
    End,
}

impl<T> Found<T> {
    /// Makes something else of the token.
    #[inline(always)]
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Found<U> {
        match self {
            Self::Frame { len, token } => Found::Frame { len, token: make(token) },
            Self::Truncated { len, token } => Found::Truncated { len, token: make(token) },
            Self::Skip(len) => Found::Skip(len),
            Self::Handoff { len, token } => Found::Handoff { len, token: make(token) },
            Self::End => Found::End,
        }
    }
}

/// Why a scan stopped without a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop<F> {
    /// Between frames, with nothing unread: a clean place to end.
    Idle,
    /// Inside a frame: so many more bytes must arrive before another look can change anything.
    Need(NeedMoreData),
    /// The stream is over.
    Fatal(Cause<F>),
    /// One bad frame: its first `len` bytes are stepped over and the stream goes on. 0 is legal once: the decoder then skips what arrives.
    Bad {
        /// The bytes to step over now.
        len: usize,
        /// What was wrong.
        cause: Cause<F>,
    },
}

impl<F> Stop<F> {
    /// The stream is over, because the peer broke a rule.
    pub const fn fatal(fault: F) -> Self {
        Self::Fatal(Cause::Fault(fault))
    }

    /// One bad frame, `len` bytes of which are stepped over now, because the peer broke a rule.
    pub const fn bad(len: usize, fault: F) -> Self {
        Self::Bad { len, cause: Cause::Fault(fault) }
    }

    /// Makes something else of the fault.
    #[inline(always)]
    pub fn map<G>(self, make: impl FnOnce(F) -> G) -> Stop<G> {
        match self {
            Self::Idle => Stop::Idle,
            Self::Need(short) => Stop::Need(short),
            Self::Fatal(cause) => Stop::Fatal(cause.map(make)),
            Self::Bad { len, cause } => Stop::Bad { len, cause: cause.map(make) },
        }
    }
}

impl<F> From<NeedMoreData> for Stop<F> {
    #[inline]
    fn from(short: NeedMoreData) -> Self {
        Self::Need(short)
    }
}

/// Says that nothing is unread between frames: what [`Input::begin`] returns, so that `?` makes it [`Stop::Idle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idle;

impl<F> From<Idle> for Stop<F> {
    #[inline]
    fn from(Idle: Idle) -> Self {
        Self::Idle
    }
}

/// What was wrong with a frame: facts of the frame only, never of what happened to be buffered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause<F> {
    /// Something in it is longer than a limit of the decoder. Surfaces as [`ErrorCause::FrameTooLarge`].
    TooLarge {
        /// What is limited: `"payload"`, `"head"`, …
        what: &'static str,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The peer broke a rule.
    Fault(F),
}

impl<F> Cause<F> {
    /// Makes something else of the fault.
    pub fn map<G>(self, make: impl FnOnce(F) -> G) -> Cause<G> {
        match self {
            Self::TooLarge { what, limit } => Cause::TooLarge { what, limit },
            Self::Fault(fault) => Cause::Fault(make(fault)),
        }
    }
}

impl<F> From<Cause<F>> for ErrorCause<F> {
    fn from(cause: Cause<F>) -> Self {
        match cause {
            Cause::TooLarge { what, limit } => Self::FrameTooLarge { what, limit },
            Cause::Fault(fault) => Self::Fault(fault),
        }
    }
}

/// Why a whole frame was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reject<F> {
    /// This frame is bad: it is stepped over and the stream goes on.
    Bad(F),
    /// The stream is over.
    Fatal(F),
    /// This frame is of no interest: it is stepped over, and the stream goes on. No error.
    Skip,
    /// This was no frame after all: its first byte is stepped over, and the decoder looks again from the next. No error.
    FalseStart,
}

impl<F> Reject<F> {
    /// Makes something else of the fault.
    pub fn map<G>(self, make: impl FnOnce(F) -> G) -> Reject<G> {
        match self {
            Self::Bad(fault) => Reject::Bad(make(fault)),
            Self::Fatal(fault) => Reject::Fatal(make(fault)),
            Self::Skip => Reject::Skip,
            Self::FalseStart => Reject::FalseStart,
        }
    }
}
