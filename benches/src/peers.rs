//! tokio-util, driven as `FramedRead` drives it: the chunk goes into a `BytesMut`, and frames come out owned.

use bytes::BytesMut;
use tokio_util::codec::{AnyDelimiterCodec, Decoder, LengthDelimitedCodec, LinesCodec};

use crate::consume::Consume;
use crate::contender::Framer;

/// A codec and its buffer.
#[derive(Debug)]
pub struct Buffered<D> {
    codec: D,
    unread: BytesMut,
}

impl<D> Buffered<D> {
    fn new(codec: D) -> Self {
        Self { codec, unread: BytesMut::new() }
    }
}

/// Lines as `String`s, checked to be UTF-8; a `\r` before the `\n` belongs to the line end.
#[must_use]
pub fn lines(limit: usize) -> Buffered<LinesCodec> {
    Buffered::new(LinesCodec::new_with_max_length(limit))
}

/// What is before any of some bytes, as `Bytes`.
#[must_use]
pub fn any_delimiter(ends: &[u8], limit: usize) -> Buffered<AnyDelimiterCodec> {
    Buffered::new(AnyDelimiterCodec::new_with_max_length(ends.to_vec(), ends.to_vec(), limit))
}

/// Length-prefixed frames as `BytesMut`.
#[must_use]
pub fn length_delimited(limit: usize) -> Buffered<LengthDelimitedCodec> {
    Buffered::new(LengthDelimitedCodec::builder().max_frame_length(limit).new_codec())
}

impl<D> Framer for Buffered<D>
where
    D: Decoder,
    D::Item: AsRef<[u8]>,
    D::Error: std::fmt::Debug,
{
    type Error = D::Error;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), D::Error> {
        self.unread.extend_from_slice(chunk);
        while let Some(frame) = self.codec.decode(&mut self.unread)? {
            to.frame(frame.as_ref());
        }
        Ok(())
    }
}
