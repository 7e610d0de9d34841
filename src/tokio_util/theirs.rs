//! Codecs of tokio-util as codecs of this crate.

use ::tokio_util::codec::{Decoder, Encoder};
use alloc::sync::Arc;
use bytes::BytesMut;
use core::error::Error;
use core::fmt;
use core::marker::PhantomData;

use crate::decode::{Cause, Decode, Found, Stop};
use crate::encode::{Encode, EncodeError, Writer};
use crate::error::NeedMoreData;
use crate::input::Input;

/// A decoder of tokio-util as one of this crate: its items are frames, as long as what it consumed for them.
///
/// ```
/// use framewright::{Engine, Step, tokio_util::FromDecoder};
/// use tokio_util::codec::LinesCodec;
///
/// let mut engine = Engine::new(FromDecoder::new(LinesCodec::new_with_max_length(4)));
/// let mut frames = engine.feed(b"one\nmuch too long\ntwo\n")?;
/// let Step::Frame(line, place) = frames.next_frame()? else { panic!("a line is there") };
/// assert_eq!((line.as_str(), place.len), ("one", 4)); // an `Arc<String>`; `Arc::into_inner` has the string
///
/// let bad = frames.next_frame().unwrap_err();
/// assert_eq!(bad.to_string(), "frame at byte 4: max line length exceeded");
/// assert!(matches!(frames.next_frame()?, Step::Frame(line, _) if *line == "two")); // of the same chunk
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What is not as with decoders of this crate:
///
/// - Every byte is copied once, into a buffer that the decoder may consume from, and is held twice until the frame is whole. The decoder takes what memory it likes besides: `LengthDelimitedCodec` as
///   much as the peer claims, within its limit.
/// - A decoder that consumes a part of a frame is believed: the part is unread until the frame is whole, so that the end of the stream there is
///   [`Truncated`](crate::ErrorCause::Truncated), where a `Framed` would end cleanly. What it throws away after an error counts with the next frame: in its place, and against
///   [`with_max_frame`](crate::Engine::with_max_frame).
/// - Its errors are recoverable, and what is behind is decoded at once, with two exceptions that are fatal: a second error in a row that consumed nothing, and one at the end of the stream that did
///   not consume anything.
/// - That the result does not depend on the chunks, and that a bad length is told before its bytes arrive, is up to the decoder; [`testkit`](crate::testkit) tells. For `LinesCodec` and
///   `LengthDelimitedCodec` it holds. The frames of `BytesCodec` are the chunks themselves: it is no decoder in the sense of this crate.
/// - One that is inside a frame cannot start on another stream: its state cannot be reset.
pub struct FromDecoder<C> {
    codec: C,
    /// The stream offset of the frame under way.
    start: u64,
    /// How many bytes from there on the codec has been given.
    given: usize,
    /// The last of these, which it has not consumed.
    unread: BytesMut,
    /// Where it has just failed without consuming anything.
    stuck_at: Option<u64>,
}

impl<C> FromDecoder<C> {
    /// Makes a decoder at the start of a stream.
    #[must_use]
    pub fn new(codec: C) -> Self {
        Self { codec, start: 0, given: 0, unread: BytesMut::new(), stuck_at: None }
    }

    /// Returns the decoder of tokio-util.
    #[must_use]
    pub fn codec(&self) -> &C {
        &self.codec
    }

    /// Gives up this decoder for the one of tokio-util.
    #[must_use]
    pub fn into_codec(self) -> C {
        self.codec
    }

    /// Gives the codec what it has not been given of the input.
    ///
    /// The engine may show less than before, at a new frame: the first of several runs. It shows all, when asked for more.
    fn take(&mut self, input: &Input<'_>) -> Result<(), NeedMoreData> {
        if input.position() != self.start {
            self.start = input.position();
            self.given = 0;
            self.unread.clear();
        }
        NeedMoreData::check(input.len(), self.given)?;
        for run in input.runs_from(self.given) {
            input.examined(run.len());
            self.unread.extend_from_slice(run);
        }
        self.given = input.len();
        Ok(())
    }

    /// Starts on the frame behind these `len` bytes.
    fn pass(&mut self, len: usize) {
        self.start += len as u64;
        self.given -= len;
        self.stuck_at = None;
    }
}

impl<C: Decoder> Decode for FromDecoder<C>
where
    C::Error: Error + 'static,
{
    type Progress = ();
    type Token = Arc<C::Item>;
    /// Shared, since a frame that is kept can be opened more than once.
    type Frame<'a> = Arc<C::Item>;
    type Fault = Arc<C::Error>;

    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<Self::Token>, Stop<Self::Fault>> {
        self.take(input)?;
        let before = self.unread.len();
        let decoded = if input.is_end() { self.codec.decode_eof(&mut self.unread) } else { self.codec.decode(&mut self.unread) };
        let Some(len) = self.given.checked_sub(self.unread.len()) else {
            return Ok(Found::Skip(0)); // it has put bytes into its buffer: the engine calls this a bug of the decoder
        };
        match decoded {
            Ok(Some(item)) => {
                self.pass(len);
                Ok(Found::Frame { len, token: Arc::new(item) })
            }
            Ok(None) => {
                input.begin()?;
                Err(NeedMoreData::ONE.into())
            }
            Err(error) => {
                let cause = Cause::Fault(Arc::new(error));
                let was_last = input.is_end() && self.unread.len() == before;
                if was_last || (len == 0 && self.stuck_at == Some(self.start)) {
                    return Err(Stop::Fatal(cause));
                }
                self.pass(len);
                self.stuck_at = (len == 0).then_some(self.start);
                Err(Stop::Bad { len, cause })
            }
        }
    }

    fn open<'a>(item: Self::Token, (): &'a (), _: &'a [u8]) -> Self::Frame<'a> {
        item
    }
}

/// An encoder of tokio-util as one of this crate, for messages of one type.
///
/// ```
/// use framewright::buf::{SegmentedBuf, StreamBuf};
/// use framewright::tokio_util::FromEncoder;
/// use tokio_util::codec::LinesCodec;
///
/// let mut output = SegmentedBuf::new();
/// let mut lines = FromEncoder::<_, String>::new(LinesCodec::new());
/// output.send(&mut lines, "hello")?;
/// assert_eq!(output.peek(), b"hello\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The message is cloned, since theirs takes it and [`send`](crate::buf::SegmentedBuf::send) gives it back when it is refused. Whether a message that cannot be read back is refused is up to the
/// encoder: `LinesCodec` writes a line with a `\n` in it. So is what it remembers of one for which there was no room.
pub struct FromEncoder<C, M> {
    codec: C,
    /// Empty between messages.
    written: BytesMut,
    message: PhantomData<fn(M)>,
}

impl<C: Encoder<M>, M> FromEncoder<C, M> {
    /// Makes an encoder.
    #[must_use]
    pub fn new(codec: C) -> Self {
        Self { codec, written: BytesMut::new(), message: PhantomData }
    }

    /// Gives up this encoder for the one of tokio-util.
    #[must_use]
    pub fn into_codec(self) -> C {
        self.codec
    }
}

impl<C: Encoder<M>, M: Clone> Encode for FromEncoder<C, M>
where
    C::Error: Error + 'static,
{
    type Message<'a> = M;
    type Fault = Arc<C::Error>;

    fn encode(&mut self, message: &M, out: &mut Writer<'_>) -> Result<(), EncodeError<Self::Fault>> {
        let encoded = self.codec.encode(message.clone(), &mut self.written);
        let written = self.written.split().freeze();
        encoded.map_err(|error| EncodeError::Fault(Arc::new(error)))?;
        Ok(out.append(written)?)
    }
}

impl<C> fmt::Debug for FromDecoder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromDecoder").field("start", &self.start).field("given", &self.given).finish_non_exhaustive()
    }
}

impl<C, M> fmt::Debug for FromEncoder<C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromEncoder").finish_non_exhaustive()
    }
}
