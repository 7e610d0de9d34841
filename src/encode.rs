//! The contract of the way out: an [`Encode`] turns messages into bytes, and [`SegmentedBuf::send`] queues each of them whole or not at all.
//!
//! The output queue is a [`SegmentedBuf`]. It gives what is to be sent as slices ([`segments`](crate::buf::StreamBuf::segments), or [as a `Buf`](SegmentedBuf::as_buf)), forgets what was sent
//! ([`advance`](crate::buf::StreamBuf::advance)), and never copies a payload handed over as [`Bytes`] of [`merge_below`](crate::buf::BufConfig::merge_below) bytes or more.
//!
//! ```
//! use framewright::buf::{SegmentedBuf, StreamBuf};
//! use framewright::framing::{Counts, LengthField, Width};
//!
//! let mut frames = LengthField::builder(Width::U32, Counts::Payload, 64 * 1024).build()?;
//! let mut output = SegmentedBuf::new();
//! output.send(&mut frames, b"hello")?;
//! output.send(&mut frames, bytes::Bytes::from(vec![7; 4096]))?; // shared, not copied
//! assert_eq!(output.segments().map(<[u8]>::len).collect::<Vec<_>>(), [4 + 5 + 4, 4096]);
//!
//! let refused = output.send(&mut frames, vec![7; 64 * 1024 + 1]).unwrap_err();
//! assert_eq!(refused.to_string(), "payload longer than the limit of 65536 bytes");
//! assert_eq!((refused.message.len(), output.len()), (64 * 1024 + 1, 4 + 5 + 4 + 4096)); // given back, and nothing of it queued
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;
use core::ops::Deref;

pub(crate) use crate::buf::Short;
use crate::buf::{SegmentedBuf, StreamBuf, StreamBufMut, View};
use crate::error::{BufError, ErrorKind};

/// Turns messages into bytes: the mirror image of a [`Decode`](crate::Decode), and mostly implemented by the same type.
///
/// # The contract
///
/// - What is encoded decodes to the same message; a message for which that is not so is refused.
/// - `self` changes only after the last write, so that a refused message leaves it as it was.
///
/// ```
/// use framewright::buf::{SegmentedBuf, StreamBuf};
/// use framewright::encode::{Encode, EncodeError, Payload, Writer};
///
/// /// One byte of length, then that many bytes.
/// struct Pascal;
///
/// impl Encode for Pascal {
///     type Message<'a> = Payload<'a>;
///     type Fault = core::convert::Infallible;
///
///     fn encode(&mut self, message: &Payload<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Self::Fault>> {
///         let len = u8::try_from(message.len()).map_err(|_| EncodeError::TooLarge { what: "payload", limit: 255 })?;
///         out.write(&[len])?;
///         out.payload(message)?;
///         Ok(())
///     }
/// }
///
/// let mut output = SegmentedBuf::new();
/// output.send(&mut Pascal, "hello")?;
/// assert_eq!(output.peek(), b"\x05hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Encode {
    /// What is to be sent; for framers a [`Payload`].
    type Message<'a>;

    /// Why a message cannot be said in this protocol; [`Infallible`](core::convert::Infallible) where each can.
    type Fault: core::error::Error + Clone + 'static;

    /// Writes one message. Whatever is written is taken back when this fails.
    ///
    /// # Errors
    /// An [`EncodeError`]: no room for it, too long for the protocol's limit, or nothing that the protocol can say.
    fn encode(&mut self, message: &Self::Message<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Self::Fault>>;
}

/// Where an encoder writes.
#[derive(Debug)]
pub struct Writer<'a> {
    to: &'a mut SegmentedBuf,
}

impl Writer<'_> {
    /// Copies bytes behind what was written.
    ///
    /// # Errors
    /// [`BufError::BufferTooLarge`] when the queue would hold more than its `max_bytes`.
    #[inline(always)]
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), BufError> {
        self.to.write_around(Short::NONE, bytes, Short::NONE)
    }

    /// Puts a payload behind what was written, with a few bytes before it and a few behind: in one go where it is copied. When it fails, some of it may be there.
    #[inline(always)]
    pub(crate) fn write_around(&mut self, head: Short, payload: Source<'_>, end: Short) -> Result<(), BufError> {
        match payload.owned {
            None => self.to.write_around(head, payload.bytes, end),
            Some(bytes) => {
                self.write_short(head)?;
                self.append(bytes.clone())?;
                self.write_short(end)
            }
        }
    }

    /// Copies a few bytes behind what was written.
    pub(crate) fn write_short(&mut self, bytes: Short) -> Result<(), BufError> {
        self.to.write_around(bytes, &[], Short::NONE)
    }

    /// Puts bytes behind what was written, shared where they are long enough.
    ///
    /// # Errors
    /// As for [`write`](Self::write).
    #[inline]
    pub fn append(&mut self, bytes: Bytes) -> Result<(), BufError> {
        self.to.append(bytes)
    }

    /// Puts a payload behind what was written, shared where it is owned and long enough.
    ///
    /// # Errors
    /// As for [`write`](Self::write).
    #[inline(always)]
    pub fn payload(&mut self, payload: &Payload<'_>) -> Result<(), BufError> {
        match payload {
            Payload::Borrowed(bytes) => self.write(bytes),
            Payload::Owned(bytes) => self.append(bytes.clone()),
        }
    }
}

/// The bytes of a message: borrowed, and then copied into the queue, or owned, and then shared with it where they are long enough to be worth it.
///
/// ```
/// use framewright::encode::Payload;
///
/// let borrowed = Payload::from("text");
/// let owned = Payload::from(vec![1, 2, 3]);
/// assert_eq!((&borrowed[..], &owned[..]), (&b"text"[..], &[1, 2, 3][..]));
/// assert_eq!(borrowed, Payload::from(String::from("text"))); // equal where the bytes are
/// ```
#[derive(Clone)]
pub enum Payload<'a> {
    /// To be copied.
    Borrowed(&'a [u8]),
    /// To be shared.
    Owned(Bytes),
}

/// A payload, taken apart before anything is called: then the compiler, where it sees that it is borrowed, keeps it in registers and leaves out what is done with an owned one.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) bytes: &'a [u8],
    /// The same, if they are owned.
    pub(crate) owned: Option<&'a Bytes>,
}

impl Payload<'_> {
    #[inline(always)]
    pub(crate) fn source(&self) -> Source<'_> {
        match self {
            Self::Borrowed(bytes) => Source { bytes, owned: None },
            Self::Owned(bytes) => Source { bytes, owned: Some(bytes) },
        }
    }
}

impl Deref for Payload<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl PartialEq for Payload<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Payload<'_> {}

impl<'a> From<&'a [u8]> for Payload<'a> {
    #[inline]
    fn from(bytes: &'a [u8]) -> Self {
        Self::Borrowed(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Payload<'a> {
    #[inline]
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Borrowed(bytes)
    }
}

impl<'a> From<&'a str> for Payload<'a> {
    #[inline]
    fn from(text: &'a str) -> Self {
        Self::Borrowed(text.as_bytes())
    }
}

impl From<Bytes> for Payload<'_> {
    #[inline]
    fn from(bytes: Bytes) -> Self {
        Self::Owned(bytes)
    }
}

impl From<Vec<u8>> for Payload<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Owned(bytes.into())
    }
}

impl From<String> for Payload<'_> {
    fn from(text: String) -> Self {
        Self::Owned(text.into())
    }
}

/// Copies a view that lies in pieces.
impl From<View> for Payload<'_> {
    fn from(view: View) -> Self {
        Self::Owned(view.into_bytes())
    }
}

impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload(\"{}\")", self.escape_ascii())
    }
}

/// Why a message was not encoded. Nothing of it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError<F> {
    /// The queue has no room for it: send what is queued first. A message that is longer than `max_bytes` never fits.
    #[error(transparent)]
    Buffer(#[from] BufError),
    /// It, or a part of it, is longer than a limit of the encoder.
    #[error("{what} longer than the limit of {limit} bytes")]
    TooLarge {
        /// What is limited: `"payload"`, …
        what: &'static str,
        /// The limit, in bytes.
        limit: u64,
    },
    /// Nothing more can be sent: this direction of the connection has ended.
    #[error("this direction of the connection has ended")]
    Closed,
    /// The protocol cannot say it: what is written would be read as something else.
    #[error("{0}")]
    Fault(F),
}

impl<F> EncodeError<F> {
    /// Returns `Limit` for what is too long or finds no room, and `Misuse` for what the protocol cannot say.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Buffer(error) => error.kind(),
            Self::TooLarge { .. } => ErrorKind::Limit,
            Self::Fault(_) | Self::Closed => ErrorKind::Misuse,
        }
    }
}

/// A message that was not queued, and why. `?` turns it into its [`EncodeError`], a boxed error or, with the feature `std`, an `io::Error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent<M, F> {
    /// The message, given back.
    pub message: M,
    /// Why it was not queued.
    pub error: EncodeError<F>,
}

impl<M, F: fmt::Display> fmt::Display for Unsent<M, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

/// Drops the message, as the conversions below do: `?` works wherever the message is not wanted back, though it may be borrowed.
impl<M, F> From<Unsent<M, F>> for EncodeError<F> {
    fn from(unsent: Unsent<M, F>) -> Self {
        unsent.error
    }
}

impl<M, F: core::error::Error + 'static> From<Unsent<M, F>> for Box<dyn core::error::Error> {
    fn from(unsent: Unsent<M, F>) -> Self {
        unsent.error.into()
    }
}

impl<M, F: core::error::Error + Send + Sync + 'static> From<Unsent<M, F>> for Box<dyn core::error::Error + Send + Sync> {
    fn from(unsent: Unsent<M, F>) -> Self {
        unsent.error.into()
    }
}

#[cfg(feature = "std")]
impl<M, F: core::error::Error + Send + Sync + 'static> From<Unsent<M, F>> for std::io::Error {
    fn from(unsent: Unsent<M, F>) -> Self {
        unsent.error.into()
    }
}

#[cfg(feature = "std")]
impl<F: core::error::Error + Send + Sync + 'static> From<EncodeError<F>> for std::io::Error {
    fn from(error: EncodeError<F>) -> Self {
        Self::new(error.kind().into(), error)
    }
}

impl SegmentedBuf {
    /// Encodes a message behind the bytes that wait to be sent: all of it, or nothing.
    ///
    /// # Errors
    /// [`Unsent`], with the message; the queue and the encoder are as they were.
    ///
    /// ```
    /// use framewright::{ErrorKind, buf::{BufConfig, SegmentedBuf, StreamBuf}, framing::Lines};
    ///
    /// let mut output = SegmentedBuf::with_config(BufConfig { max_bytes: 8, ..BufConfig::default() });
    /// let mut lines = Lines::new(1024);
    /// output.send(&mut lines, "QUIT")?;
    /// let unsent = output.send(&mut lines, "NOOP").unwrap_err();
    /// assert_eq!(unsent.error.kind(), ErrorKind::Limit);
    /// output.advance(5)?; // what the socket took
    /// output.send(&mut lines, unsent.message)?;
    /// assert_eq!(output.peek(), b"NOOP\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn send<'m, E: Encode>(
        &mut self,
        encoder: &mut E,
        message: impl Into<E::Message<'m>>,
    ) -> Result<(), Unsent<E::Message<'m>, E::Fault>> {
        let message = message.into();
        let queued = self.len();
        match encoder.encode(&message, &mut Writer { to: self }) {
            Ok(()) => Ok(()),
            Err(error) => {
                self.retract(self.len() - queued);
                Err(Unsent { message, error })
            }
        }
    }
}
