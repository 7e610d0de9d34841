//! What can go wrong, told apart by who is to blame: "not yet" ([`NeedMoreData`]), the peer ([`Error`]), or the caller ([`BufError`], [`Refused`]).

use core::fmt;
use core::num::NonZeroUsize;

/// Says that too few bytes are there *yet*: the one "not yet" of the crate, used by buffers, read helpers, scans and steps.
///
/// Nothing was consumed. Call again when at least [`missing`](Self::missing) more bytes have arrived; with fewer the answer would be the same.
///
/// ```
/// use framewright::{buf::{LinearBuf, StreamBufMut}, read};
///
/// let mut buf = LinearBuf::new();
/// buf.write(&[0x01])?;
/// let short = read::read_u32_be(&mut buf).unwrap_err();
/// assert_eq!(short.missing.get(), 3);
/// # Ok::<(), framewright::BufError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("more bytes are needed, at least {missing}")]
pub struct NeedMoreData {
    /// How many more bytes must arrive before another look can change anything: a floor, never too high.
    pub missing: NonZeroUsize,
}

impl NeedMoreData {
    /// One more byte, when nothing better is known.
    pub const ONE: Self = Self { missing: NonZeroUsize::MIN };

    /// Succeeds when `have` bytes are enough for `wanted`, and says how many are missing otherwise.
    ///
    /// # Errors
    /// The difference, when `have < wanted`.
    #[inline]
    pub const fn check(have: usize, wanted: usize) -> Result<(), Self> {
        match NonZeroUsize::new(wanted.saturating_sub(have)) {
            None => Ok(()),
            Some(missing) => Err(Self { missing }),
        }
    }
}

/// The broad class of an error: what a caller does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Too few bytes so far: call again with more.
    NotYet,
    /// A limit was reached: of a buffer, a frame, or the unread backlog.
    Limit,
    /// The peer broke a rule of the protocol.
    Protocol,
    /// The stream ended inside a frame, or the connection was reset.
    Truncated,
    /// A timer of a connection fired.
    Timeout,
    /// A call that makes no sense in this state: the calling program has a bug.
    Misuse,
    /// A [`Decode`](crate::decode::Decode) implementation broke its contract: the codec has a bug.
    Bug,
}

/// Maps `NotYet` to `WouldBlock`, `Limit` to `QuotaExceeded`, `Protocol` to `InvalidData`, `Truncated` to `UnexpectedEof`, `Timeout` to `TimedOut`, `Misuse` to `InvalidInput` and `Bug` to `Other`.
#[cfg(feature = "std")]
impl From<ErrorKind> for std::io::ErrorKind {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::NotYet => Self::WouldBlock,
            ErrorKind::Limit => Self::QuotaExceeded,
            ErrorKind::Protocol => Self::InvalidData,
            ErrorKind::Truncated => Self::UnexpectedEof,
            ErrorKind::Timeout => Self::TimedOut,
            ErrorKind::Misuse => Self::InvalidInput,
            ErrorKind::Bug => Self::Other,
        }
    }
}

/// Why a buffer did not do what was asked. The buffer is as it was before the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum BufError {
    /// Too few bytes are readable.
    #[error(transparent)]
    NeedMoreData(#[from] NeedMoreData),
    /// The readable bytes would have become more than `max_bytes`.
    #[error("the buffer would hold {wanted} bytes, above its limit of {limit} bytes")]
    BufferTooLarge {
        /// The buffer's `max_bytes`.
        limit: usize,
        /// The readable bytes there would have been.
        wanted: usize,
    },
    /// An owned reservation is out, and this call would have to move the place it comes back to.
    #[error("a reservation is outstanding: commit or cancel it first")]
    OutstandingReserve,
    /// There is no reservation of this buffer to commit or cancel.
    #[error("no reservation is outstanding")]
    NoOutstandingReserve,
    /// More bytes were committed than had been reserved.
    #[error("{committed} bytes committed, but only {reserved} bytes were reserved")]
    CommitTooLarge {
        /// The bytes reserved.
        reserved: usize,
        /// The bytes that the caller said were filled.
        committed: usize,
    },
}

impl BufError {
    /// Returns `NotYet`, `Limit` or `Misuse`.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::NeedMoreData(_) => ErrorKind::NotYet,
            Self::BufferTooLarge { .. } => ErrorKind::Limit,
            Self::OutstandingReserve | Self::NoOutstandingReserve | Self::CommitTooLarge { .. } => ErrorKind::Misuse,
        }
    }
}

/// Why an engine did not take input. Nothing was taken; the engine is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// Enough bytes wait unread, and frames among them have not been asked for: drain [`frames`](crate::Engine::frames) first.
    #[error("{held} bytes wait unread, the backlog allows {backlog} bytes: drain the frames first")]
    Backlog {
        /// The unread bytes in the engine.
        held: usize,
        /// The cap.
        backlog: usize,
    },
    /// The end of the stream was announced before.
    #[error("input after the end of the stream")]
    AfterEof,
    /// The stream failed before; [`frames`](crate::Engine::frames) gives the error again.
    #[error("input after a fatal error")]
    Failed,
    /// An owned reservation is out: bytes that come by another way would overtake it. Commit or cancel it first.
    #[error("a reservation is outstanding: commit or cancel it first")]
    OutstandingReserve,
    /// There is no reservation of this engine to commit or cancel.
    #[error("no reservation is outstanding")]
    NoOutstandingReserve,
    /// The guard of an earlier borrowed chunk was forgotten (`mem::forget`), so bytes of the stream may be lost.
    #[error("the guard of an earlier chunk was forgotten: bytes of the stream may be lost")]
    ChunkForgotten,
    /// More bytes were committed than had been reserved.
    #[error("{committed} bytes committed, but only {reserved} bytes were reserved")]
    CommitTooLarge {
        /// The bytes reserved.
        reserved: usize,
        /// The bytes that the caller said were filled.
        committed: usize,
    },
}

impl Refused {
    /// Returns `Limit` for a full backlog and `Misuse` for everything else.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Backlog { .. } => ErrorKind::Limit,
            _ => ErrorKind::Misuse,
        }
    }
}

/// What went wrong in the stream, and where.
///
/// Holds facts of the frame and the stream only, never of how the bytes were cut into chunks.
///
/// ```
/// use framewright::{Engine, ErrorKind, framing::Lines};
///
/// let mut engine = Engine::new(Lines::new(4));
/// let mut frames = engine.feed(b"ok\nmuch too long\n")?;
/// assert!(frames.next_frame().is_ok());
/// let error = frames.next_frame().unwrap_err();
/// assert_eq!(error.to_string(), "frame at byte 3: payload longer than the limit of 4 bytes");
/// assert_eq!((error.offset, error.kind(), error.is_fatal()), (3, ErrorKind::Limit, true));
/// # Ok::<(), framewright::Refused>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error<F> {
    /// Where the frame in question begins (not where in it the fault is): bytes from the start of the stream.
    pub offset: u64,
    /// What was wrong with it.
    pub cause: ErrorCause<F>,
    fatal: bool,
}

/// What was wrong with a frame, or with the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorCause<F> {
    /// The frame, or a part of it, is longer than a limit.
    FrameTooLarge {
        /// What is limited: `"payload"`, `"frame"`, …
        what: &'static str,
        /// The limit, in bytes.
        limit: u64,
    },
    /// A rule of the protocol was broken.
    Fault(F),
    /// The stream ended inside a frame.
    Truncated {
        /// How many bytes of the frame had arrived.
        received: u64,
        /// How many more it needed at least.
        missing: NonZeroUsize,
    },
    /// The guard of a borrowed chunk was forgotten, so bytes of the stream may be lost.
    ChunkForgotten,
    /// The decoder broke its contract.
    Bug(&'static str),
}

impl<F> Error<F> {
    pub(crate) fn fatal(offset: u64, cause: impl Into<ErrorCause<F>>) -> Self {
        Self { offset, cause: cause.into(), fatal: true }
    }

    pub(crate) fn bad_frame(offset: u64, cause: impl Into<ErrorCause<F>>) -> Self {
        Self { offset, cause: cause.into(), fatal: false }
    }

    /// Tells whether the stream is over. Otherwise the bad frame has been stepped over and the next call goes on behind it.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        self.fatal
    }

    /// Returns the class of the error.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self.cause {
            ErrorCause::FrameTooLarge { .. } => ErrorKind::Limit,
            ErrorCause::Fault(_) => ErrorKind::Protocol,
            ErrorCause::Truncated { .. } => ErrorKind::Truncated,
            ErrorCause::ChunkForgotten => ErrorKind::Misuse,
            ErrorCause::Bug(_) => ErrorKind::Bug,
        }
    }
}

impl<F: fmt::Display> fmt::Display for Error<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offset, cause, .. } = self;
        match cause {
            ErrorCause::FrameTooLarge { what, limit } => {
                write!(f, "frame at byte {offset}: {what} longer than the limit of {limit} bytes")
            }
            ErrorCause::Fault(fault) => write!(f, "frame at byte {offset}: {fault}"),
            ErrorCause::Truncated { received, .. } => {
                write!(f, "frame at byte {offset}: the stream ended {received} bytes into the frame")
            }
            ErrorCause::ChunkForgotten => {
                write!(f, "at byte {offset}: the guard of a chunk was forgotten, bytes of the stream may be lost")
            }
            ErrorCause::Bug(what) => write!(f, "frame at byte {offset}: the decoder has a bug: {what}"),
        }
    }
}

impl<F: core::error::Error + 'static> core::error::Error for Error<F> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.cause {
            ErrorCause::Fault(fault) => Some(fault),
            _ => None,
        }
    }
}

#[cfg(feature = "std")]
impl<F: core::error::Error + Send + Sync + 'static> From<Error<F>> for std::io::Error {
    fn from(error: Error<F>) -> Self {
        Self::new(error.kind().into(), error)
    }
}

#[cfg(feature = "std")]
impl From<BufError> for std::io::Error {
    fn from(error: BufError) -> Self {
        Self::new(error.kind().into(), error)
    }
}

#[cfg(feature = "std")]
impl From<Refused> for std::io::Error {
    fn from(error: Refused) -> Self {
        Self::new(error.kind().into(), error)
    }
}

#[cfg(feature = "std")]
impl From<NeedMoreData> for std::io::Error {
    fn from(error: NeedMoreData) -> Self {
        Self::new(ErrorKind::NotYet.into(), error)
    }
}
