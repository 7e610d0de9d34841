//! Codecs of this crate as codecs of tokio-util.

use ::tokio_util::codec::{Decoder, Encoder};
use bytes::{BufMut, BytesMut};
use core::fmt;
use std::io;

use crate::buf::{SegmentedBuf, StreamBuf, StreamBufMut};
use crate::decode::Decode;
use crate::encode::{Encode, EncodeError};
use crate::engine::{Engine, Kept, Parts, Place, Step};
use crate::error::{Error, Refused};

/// What an [`AsDecoder`] gives: a frame to keep and where it was, or a bad frame that was stepped over. The error is never a [fatal](Error::is_fatal) one.
pub type Item<D> = Result<(Kept<D>, Place), Error<<D as Decode>::Fault>>;

type Stepped<D> = Result<Step<Kept<D>>, Error<<D as Decode>::Fault>>;

/// A decoder of this crate as one of tokio-util: an [`Engine`] that takes what a `Framed` has read.
///
/// It takes all of the read buffer at once, shares chunks of 1 KiB and more instead of copying them, and gives one [`Item`] a call. Its memory is bounded as an engine's is; a shared chunk keeps the
/// block that the `Framed` read it into.
///
/// So what is unread lies in its engine, not in the read buffer of the `Framed`. A new `Framed` would look at it only after a read of its own: [`hand_back`](Self::hand_back) puts it where
/// `Framed::from_parts` finds it, for whichever codec comes next.
///
/// When the protocol hands over or ends before the stream does, the frames before come as ever, and then [`ReadError::Over`], without another read.
///
/// ```
/// # use futures_util::{FutureExt, StreamExt};
/// use framewright::{framing::Lines, tokio_util::AsDecoder};
/// use tokio_util::codec::{Framed, FramedParts, FramedRead, LengthDelimitedCodec};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// # let socket = &b"UPGRADE\n\0\0\0\x02ok"[..];
/// let mut lines = FramedRead::new(socket, AsDecoder::new(Lines::new(1024)));
/// let Some(Ok(Ok((line, _)))) = lines.next().await else { panic!("a line is there") };
/// assert_eq!(line.open(), b"UPGRADE");
///
/// let lines = lines.into_parts();
/// let mut parts = FramedParts::new::<bytes::Bytes>(lines.io, LengthDelimitedCodec::new());
/// parts.read_buf = lines.read_buf;
/// lines.codec.hand_back(&mut parts.read_buf)?;
/// let mut binary = Framed::from_parts(parts);
/// assert_eq!(binary.next().await.expect("a frame is there")?, "ok");
/// # Ok(())
/// # }
/// # run().now_or_never().expect("all is there")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct AsDecoder<D: Decode> {
    engine: Engine<D, SegmentedBuf>,
}

/// Why an [`AsDecoder`] is over. A `Framed` gives it once and then `None`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError<F> {
    /// The transport failed. Nothing that had arrived is lost.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The stream failed: a [fatal](Error::is_fatal) error, which every later call gives again.
    #[error(transparent)]
    Stream(#[from] Error<F>),
    /// The protocol has handed over or ended, and the stream has not; or more was asked for after its end. What follows is in the engine: [hand it back](AsDecoder::hand_back).
    #[error("at byte {position}: the protocol is over")]
    Over {
        /// The stream offset of the first byte that is not this protocol's.
        position: u64,
    },
    /// The engine takes no input, because of what was done to it [before](AsDecoder::from_engine): an owned reservation is out. Nothing was taken.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl<D: Decode> AsDecoder<D> {
    /// Makes a decoder at the start of a stream, with the limits of an engine.
    #[must_use]
    pub fn new(decoder: D) -> Self {
        Self::from_engine(Engine::with_buf(decoder, SegmentedBuf::new()))
    }

    /// Makes a decoder of an engine, with the limits set on it and the bytes that are in it. A new `Framed` looks at these only when it has read; one that has just given a frame and is given this
    /// decoder by `map_codec` does at once.
    #[must_use]
    pub fn from_engine(engine: Engine<D, SegmentedBuf>) -> Self {
        Self { engine }
    }

    /// Returns the engine.
    #[must_use]
    pub fn engine(&self) -> &Engine<D, SegmentedBuf> {
        &self.engine
    }

    /// Gives up the decoder for the engine, with every byte that was read and not handed out.
    #[must_use]
    pub fn into_engine(self) -> Engine<D, SegmentedBuf> {
        self.engine
    }

    /// Gives up the decoder, and copies what is unread to the front of the read buffer of its `Framed`. The parts make an engine that goes on at the same offset of the stream, before its end.
    ///
    /// # Errors
    /// As for [`Engine::into_parts`]; never for an engine that only this decoder has fed.
    pub fn hand_back(self, read_buf: &mut BytesMut) -> Result<Parts<D, SegmentedBuf>, Error<D::Fault>> {
        let mut parts = self.engine.into_parts()?;
        let read = read_buf.split();
        read_buf.reserve(parts.unread.len() + read.len());
        read_buf.put(parts.unread.as_buf());
        read_buf.put(read);
        parts.ended = false;
        Ok(parts)
    }

    /// Takes the next step: by what was taken before or, where that is not enough, with all of `src`. An engine that was asked first has no reason to refuse more.
    fn step(&mut self, src: &mut BytesMut) -> Result<Stepped<D>, Refused> {
        let step = self.engine.frames().next_view();
        if src.is_empty() || !is_pause(&step) {
            return Ok(step);
        }
        self.engine.feed(&[])?; // refused, if at all, before a byte is taken
        Ok(self.engine.feed_owned(src.split().freeze())?.next_view())
    }
}

impl<D: Decode> Decoder for AsDecoder<D> {
    type Item = Item<D>;
    type Error = ReadError<D::Fault>;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Item<D>>, Self::Error> {
        match self.step(src)? {
            Ok(Step::End(end)) => Err(ReadError::Over { position: end.offset }),
            step => item(step),
        }
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Item<D>>, Self::Error> {
        let step = self.step(src)?;
        item(if is_pause(&step) { self.engine.eof().next_view() } else { step })
    }
}

fn is_pause<D: Decode>(step: &Stepped<D>) -> bool {
    matches!(step, Ok(Step::Idle | Step::NeedMoreData(_)))
}

/// Makes an item of a frame, and of a bad one that was stepped over.
fn item<D: Decode>(step: Stepped<D>) -> Result<Option<Item<D>>, ReadError<D::Fault>> {
    match step {
        Ok(Step::Frame(frame, place) | Step::Handoff(frame, place)) => Ok(Some(Ok((frame, place)))),
        Ok(Step::Idle | Step::NeedMoreData(_) | Step::End(_)) => Ok(None),
        Err(error) if error.is_fatal() => Err(error.into()),
        Err(bad) => Ok(Some(Err(bad))),
    }
}

/// An encoder of this crate as one of tokio-util, for every message that [`send`](SegmentedBuf::send) takes.
///
/// A message is written whole or, when it is refused, not at all; it does not come back then. All bytes are copied once into the write buffer of the `Framed`, which is one block.
/// Since messages may be of several types, `SinkExt::flush` and `close` have to be told one: `SinkExt::<&str>::flush(&mut framed)`.
///
/// ```
/// use bytes::BytesMut;
/// use framewright::{framing::Lines, tokio_util::AsEncoder};
/// use tokio_util::codec::Encoder;
///
/// let mut lines = AsEncoder::new(Lines::new(1024));
/// let mut wire = BytesMut::new();
/// lines.encode("QUIT", &mut wire)?;
/// assert!(lines.encode("two\nlines", &mut wire).is_err());
/// assert_eq!(wire, "QUIT\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct AsEncoder<E> {
    encoder: E,
    /// Empty between messages.
    queue: SegmentedBuf,
}

/// Why an [`AsEncoder`] did not write. A message that was refused has left nothing behind, and others can follow.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError<F> {
    /// The transport failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The message was refused.
    #[error("{0}")]
    Refused(EncodeError<F>),
}

impl<E> AsEncoder<E> {
    /// Makes an encoder.
    #[must_use]
    pub fn new(encoder: E) -> Self {
        Self { encoder, queue: SegmentedBuf::new() }
    }

    /// Sets the longest message, in encoded bytes: 16 MiB unless told otherwise. An encoder's own limit counts beside it.
    #[must_use]
    pub fn with_max_frame(mut self, bytes: usize) -> Self {
        self.queue.set_max_bytes(bytes);
        self
    }

    /// Gives up the encoder for what it was made of.
    #[must_use]
    pub fn into_encoder(self) -> E {
        self.encoder
    }
}

impl<'m, E: Encode, M: Into<E::Message<'m>>> Encoder<M> for AsEncoder<E> {
    type Error = WriteError<E::Fault>;

    fn encode(&mut self, message: M, dst: &mut BytesMut) -> Result<(), Self::Error> {
        self.queue.send(&mut self.encoder, message).map_err(|unsent| WriteError::Refused(unsent.error))?;
        dst.reserve(self.queue.len());
        dst.put(self.queue.as_buf());
        Ok(())
    }
}

/// Both directions in one, for `Framed`; see the [module](crate::tokio_util).
pub struct AsCodec<D: Decode, E> {
    /// What is read with.
    pub decoder: AsDecoder<D>,
    /// What is written with.
    pub encoder: AsEncoder<E>,
}

impl<D: Decode, E> AsCodec<D, E> {
    /// Makes a codec of a decoder and an encoder; of [`AsDecoder`] and [`AsEncoder`], where they have settings, by its fields.
    #[must_use]
    pub fn new(decoder: D, encoder: E) -> Self {
        Self { decoder: AsDecoder::new(decoder), encoder: AsEncoder::new(encoder) }
    }
}

impl<D: Decode, E> Decoder for AsCodec<D, E> {
    type Item = Item<D>;
    type Error = ReadError<D::Fault>;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Item<D>>, Self::Error> {
        self.decoder.decode(src)
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Item<D>>, Self::Error> {
        self.decoder.decode_eof(src)
    }
}

impl<'m, D: Decode, E: Encode, M: Into<E::Message<'m>>> Encoder<M> for AsCodec<D, E> {
    type Error = WriteError<E::Fault>;

    fn encode(&mut self, message: M, dst: &mut BytesMut) -> Result<(), Self::Error> {
        self.encoder.encode(message, dst)
    }
}

impl<D: Decode> fmt::Debug for AsDecoder<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsDecoder").field("engine", &self.engine).finish()
    }
}

impl<E> fmt::Debug for AsEncoder<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsEncoder").finish_non_exhaustive()
    }
}

impl<D: Decode, E> fmt::Debug for AsCodec<D, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCodec").field("decoder", &self.decoder).finish_non_exhaustive()
    }
}
