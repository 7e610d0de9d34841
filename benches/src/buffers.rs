//! Buffers at work: framewright's, those of `bytes`, and memory without any.
//!
//! Each is a [`Framer`], so that all are checked and timed as those that cut streams.

use std::convert::Infallible;
use std::marker::PhantomData;

use bytes::{Buf, Bytes, BytesMut};
use framewright::BufError;
use framewright::buf::{Needle, ScanPos, SegmentedBuf, StreamBuf, StreamBufMut, find_next};
use memchr::memchr;

use crate::consume::{Consume, found};
use crate::contender::Framer;

/// What a read loop asks for.
pub const READ: usize = 16 * 1024;

/// How a read gets into a buffer.
pub trait Fill {
    /// Puts `read` behind the readable bytes, as what came of a read of [`READ`] bytes.
    ///
    /// # Errors
    /// When it is more than the buffer may hold.
    fn fill(buf: &mut impl StreamBufMut, read: &[u8]) -> Result<(), BufError>;
}

/// By a reservation: the reader sees initialised bytes.
#[derive(Debug)]
pub struct Guard;

/// By storage that leaves the buffer meanwhile: the reader appends to it.
#[derive(Debug)]
pub struct Owned;

impl Fill for Guard {
    #[inline(always)]
    fn fill(buf: &mut impl StreamBufMut, read: &[u8]) -> Result<(), BufError> {
        let mut reservation = buf.reserve(READ)?;
        reservation.as_mut_slice()[..read.len()].copy_from_slice(read);
        reservation.commit(read.len())
    }
}

impl Fill for Owned {
    #[inline(always)]
    fn fill(buf: &mut impl StreamBufMut, read: &[u8]) -> Result<(), BufError> {
        let mut reservation = buf.reserve_owned(READ)?;
        reservation.storage.extend_from_slice(read);
        buf.commit_owned(reservation).map_err(|refused| refused.error)
    }
}

/// Takes frames of one length as views. The length is not known until run time, as one that comes from a peer.
#[derive(Debug)]
pub struct SplitTo<F> {
    buf: SegmentedBuf,
    frame: usize,
    by: PhantomData<F>,
}

impl<F: Fill> SplitTo<F> {
    /// Frames of `frame` bytes.
    #[must_use]
    pub fn new(frame: usize) -> Self {
        Self { buf: SegmentedBuf::new(), frame, by: PhantomData }
    }
}

impl<F: Fill> Framer for SplitTo<F> {
    type Error = BufError;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), BufError> {
        F::fill(&mut self.buf, chunk)?;
        while self.buf.len() >= self.frame {
            let frame = self.buf.split_to(self.frame)?;
            to.frame(frame.peek());
        }
        Ok(())
    }
}

/// The same with a `BytesMut`: `split_to` and `freeze`.
#[derive(Debug)]
pub struct SplitFreeze {
    buf: BytesMut,
    frame: usize,
}

impl SplitFreeze {
    /// Frames of `frame` bytes.
    #[must_use]
    pub fn new(frame: usize) -> Self {
        Self { buf: BytesMut::new(), frame }
    }
}

impl Framer for SplitFreeze {
    type Error = Infallible;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), Infallible> {
        self.buf.reserve(READ);
        self.buf.extend_from_slice(chunk);
        while self.buf.len() >= self.frame {
            let frame = self.buf.split_to(self.frame).freeze();
            to.frame(&frame);
        }
        Ok(())
    }
}

/// The same with a `BytesMut` that each frame is copied out of.
#[derive(Debug)]
pub struct CopyFreeze {
    buf: BytesMut,
    frame: usize,
}

impl CopyFreeze {
    /// Frames of `frame` bytes.
    #[must_use]
    pub fn new(frame: usize) -> Self {
        Self { buf: BytesMut::new(), frame }
    }
}

impl Framer for CopyFreeze {
    type Error = Infallible;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), Infallible> {
        self.buf.reserve(READ);
        self.buf.extend_from_slice(chunk);
        while self.buf.len() >= self.frame {
            let frame = Bytes::copy_from_slice(&self.buf[..self.frame]);
            self.buf.advance(self.frame);
            to.frame(&frame);
        }
        Ok(())
    }
}

/// The same with a `Vec` that each frame is copied out of.
#[derive(Debug)]
pub struct CopyVec {
    buf: Vec<u8>,
    frame: usize,
}

impl CopyVec {
    /// Frames of `frame` bytes.
    #[must_use]
    pub fn new(frame: usize) -> Self {
        Self { buf: Vec::new(), frame }
    }
}

impl Framer for CopyVec {
    type Error = Infallible;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), Infallible> {
        self.buf.reserve(READ);
        self.buf.extend_from_slice(chunk);
        let mut frames = self.buf.chunks_exact(self.frame);
        for frame in &mut frames {
            let frame = Bytes::copy_from_slice(frame);
            to.frame(&frame);
        }
        let taken = self.buf.len() - frames.remainder().len();
        self.buf.drain(..taken);
        Ok(())
    }
}

/// Searches a buffer of 16 KiB segments that holds the stream already.
#[derive(Debug)]
pub struct Find {
    buf: SegmentedBuf,
    needle: Needle,
}

impl Find {
    /// Looks for `byte` in `stream`.
    ///
    /// # Panics
    /// When the stream does not lie in segments of [`READ`] bytes.
    #[must_use]
    pub fn new(stream: &[u8], byte: u8) -> Self {
        let mut buf = SegmentedBuf::new();
        buf.write(stream).expect("the stream is short");
        assert!(buf.segments().all(|run| run.len() == READ), "not of {READ} bytes each");
        Self { buf, needle: Needle::new(&[byte]) }
    }
}

impl Framer for Find {
    type Error = Infallible;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), Infallible> {
        found(self.buf.find(&self.needle, 0..chunk.len()), to);
        Ok(())
    }
}

/// Searches the stream as it lies in memory.
#[derive(Debug)]
pub struct Memchr(pub u8);

impl Framer for Memchr {
    type Error = Infallible;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), Infallible> {
        found(memchr(self.0, chunk), to);
        Ok(())
    }
}

/// Reserves room for a read, fills a part of it, and consumes that.
#[derive(Debug)]
pub struct Cycle<F, B> {
    buf: B,
    by: PhantomData<F>,
}

impl<F, B: Default> Default for Cycle<F, B> {
    fn default() -> Self {
        Self { buf: B::default(), by: PhantomData }
    }
}

impl<F: Fill, B: StreamBufMut> Framer for Cycle<F, B> {
    type Error = BufError;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), BufError> {
        F::fill(&mut self.buf, chunk)?;
        to.frame(self.buf.peek());
        self.buf.advance(chunk.len())?;
        Ok(())
    }
}

/// The same with a `BytesMut`, which is cleared.
#[derive(Debug, Default)]
pub struct Clear(BytesMut);

impl Framer for Clear {
    type Error = Infallible;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), Infallible> {
        self.0.reserve(READ);
        self.0.extend_from_slice(chunk);
        to.frame(&self.0);
        self.0.clear();
        Ok(())
    }
}

/// The same with a `BytesMut`, which is stepped over.
#[derive(Debug, Default)]
pub struct Advance(BytesMut);

impl Framer for Advance {
    type Error = Infallible;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), Infallible> {
        self.0.reserve(READ);
        self.0.extend_from_slice(chunk);
        to.frame(&self.0);
        self.0.advance(chunk.len());
        Ok(())
    }
}

/// Searches a long line for its end whenever a piece of it has come.
#[derive(Debug)]
pub struct Trickle<B> {
    buf: B,
    end: Needle,
    at: ScanPos,
}

impl<B> Trickle<B> {
    /// Lines come in `buf`.
    #[must_use]
    pub fn new(buf: B) -> Self {
        Self { buf, end: Needle::new(b"\r\n"), at: ScanPos::default() }
    }
}

impl<B: StreamBufMut> Framer for Trickle<B> {
    type Error = BufError;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), BufError> {
        self.buf.write(chunk)?;
        if let Some(len) = find_next(&self.buf, &self.end, &mut self.at) {
            found(Some(len), to);
            self.buf.advance(len + self.end.as_bytes().len())?;
        }
        Ok(())
    }
}
