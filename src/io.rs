//! Buffers as files, and files as sources and sinks of buffers. Feature `std`.
//!
//! The core knows nothing of `std::io`; what bridges the two is here.
//!
//! A whole blocking driver:
//!
//! ```
//! use framewright::{Engine, Step, framing::Lines};
//!
//! # let mut socket = &b"one\ntwo\n"[..];
//! # let mut seen = Vec::new();
//! let mut engine = Engine::new(Lines::new(1024));
//! 'stream: loop {
//!     let mut frames = engine.read_from(&mut socket)?;
//!     loop {
//!         match frames.next_frame()? {
//!             Step::Frame(line, _) => seen.push(line.to_vec()),
//!             Step::Idle | Step::NeedMoreData(_) => break,
//!             Step::Handoff(..) | Step::End(_) => break 'stream,
//!         }
//!     }
//! }
//! # assert_eq!(seen, [b"one", b"two"]);
//! # Ok::<(), std::io::Error>(())
//! ```

use core::fmt;
use std::io::{self, BufRead, ErrorKind, IoSlice, Read, Write};

use crate::buf::{StreamBuf, StreamBufMut};
use crate::decode::Decode;
use crate::engine::{Engine, Frames};
use crate::error::NeedMoreData;

/// How many runs are given to one vectored write: at 1 KiB or more each, that is 64 KiB a call.
const IO_SLICES: usize = 64;

/// What is done when a buffer that is read as a file runs out of bytes: [`WouldBlock`], [`End`], or a function that adds some.
pub trait WhenShort<B: ?Sized> {
    /// Adds bytes, `missing` of them at least where it can, and blocks until there are some. Returns `false` when there will be none.
    ///
    /// One that returns `true` without adding any makes the read fail; it is not called again.
    ///
    /// # Errors
    /// Whatever its source reports, or that bytes may come later.
    fn fill(&mut self, buf: &mut B, missing: usize) -> io::Result<bool>;
}

/// Reading fails with [`ErrorKind::WouldBlock`], and consumes nothing: bytes may come later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WouldBlock;

impl<B: StreamBuf + ?Sized> WhenShort<B> for WouldBlock {
    fn fill(&mut self, _: &mut B, missing: usize) -> io::Result<bool> {
        NeedMoreData::check(0, missing)?;
        Ok(false)
    }
}

/// Reading gives what there is, and then the end of the file: the buffer is all there will be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End;

impl<B: StreamBuf + ?Sized> WhenShort<B> for End {
    fn fill(&mut self, _: &mut B, _: usize) -> io::Result<bool> {
        Ok(false)
    }
}

impl<B: StreamBuf + ?Sized, F: FnMut(&mut B, usize) -> io::Result<bool>> WhenShort<B> for F {
    fn fill(&mut self, buf: &mut B, missing: usize) -> io::Result<bool> {
        self(buf, missing)
    }
}

/// A buffer to be read as a file.
///
/// [`read_exact`](Read::read_exact) is all or nothing: when it fails it has consumed nothing.
///
/// ```
/// use std::io::{BufRead, ErrorKind, Read};
/// use framewright::{buf::{LinearBuf, StreamBuf, StreamBufMut}, io::{AsRead, WouldBlock}};
///
/// let mut buf = LinearBuf::new();
/// buf.write(b"abc")?;
/// let mut four = [0; 4];
/// let error = AsRead::new(&mut buf, WouldBlock).read_exact(&mut four).unwrap_err();
/// assert_eq!((error.kind(), buf.len()), (ErrorKind::WouldBlock, 3));
///
/// let more = |buf: &mut LinearBuf, _missing: usize| { buf.write(b"def")?; Ok(true) };
/// AsRead::new(&mut buf, more).read_exact(&mut four)?;
/// assert_eq!((&four, buf.peek()), (b"abcd", &b"ef"[..]));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct AsRead<'b, B: ?Sized, W> {
    buf: &'b mut B,
    when_short: W,
}

impl<'b, B: StreamBuf + ?Sized, W: WhenShort<B>> AsRead<'b, B, W> {
    /// Reads from `buf`.
    pub fn new(buf: &'b mut B, when_short: W) -> Self {
        Self { buf, when_short }
    }

    /// Sees to `n` bytes in the buffer, as far as the policy allows. Returns how many there are.
    fn provide(&mut self, n: usize) -> io::Result<usize> {
        while let Err(short) = NeedMoreData::check(self.buf.len(), n) {
            let before = self.buf.len();
            if !self.when_short.fill(self.buf, short.missing.get())? {
                break;
            }
            if self.buf.len() <= before {
                return Err(io::Error::other("`fill` added nothing to the buffer, and did not say that there will be none"));
            }
        }
        Ok(self.buf.len())
    }

    /// Moves the first bytes of the buffer to `to`, which is not longer than what is there.
    fn copy_to(&mut self, to: &mut [u8]) -> io::Result<()> {
        let mut filled = 0;
        for run in self.buf.segments() {
            let n = run.len().min(to.len() - filled);
            to[filled..filled + n].copy_from_slice(&run[..n]);
            filled += n;
        }
        Ok(self.buf.advance(to.len())?)
    }
}

impl<B: StreamBuf + ?Sized, W: WhenShort<B>> Read for AsRead<'_, B, W> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let n = self.provide(to.len().min(1))?.min(to.len());
        self.copy_to(&mut to[..n])?;
        Ok(n)
    }

    fn read_exact(&mut self, to: &mut [u8]) -> io::Result<()> {
        if self.provide(to.len())? < to.len() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.copy_to(to)
    }
}

impl<B: StreamBuf + ?Sized, W: WhenShort<B>> BufRead for AsRead<'_, B, W> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.provide(1)?;
        Ok(self.buf.peek())
    }

    fn consume(&mut self, n: usize) {
        let consumed = self.buf.advance(n.min(self.buf.len()));
        debug_assert!(consumed.is_ok(), "no more than there is");
    }
}

impl<B: ?Sized, W> fmt::Debug for AsRead<'_, B, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsRead").finish_non_exhaustive()
    }
}

/// A buffer to be written as a file. Takes what `max_bytes` leaves room for, and fails with [`ErrorKind::QuotaExceeded`] when it leaves none.
///
/// ```
/// use std::io::Write;
/// use framewright::{buf::{SegmentedBuf, StreamBuf}, io::AsWrite};
///
/// let mut buf = SegmentedBuf::new();
/// write!(AsWrite::new(&mut buf), "{}-{}", 1, 2)?;
/// assert_eq!(buf.peek(), b"1-2");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct AsWrite<'b, B: ?Sized> {
    buf: &'b mut B,
}

impl<'b, B: StreamBufMut + ?Sized> AsWrite<'b, B> {
    /// Writes to `buf`.
    pub fn new(buf: &'b mut B) -> Self {
        Self { buf }
    }
}

impl<B: StreamBufMut + ?Sized> Write for AsWrite<'_, B> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let room = self.buf.max_bytes().saturating_sub(self.buf.len());
        let n = if room == 0 { data.len() } else { data.len().min(room) };
        self.buf.write(&data[..n])?;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<B: ?Sized> fmt::Debug for AsWrite<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsWrite").finish_non_exhaustive()
    }
}

/// Reads once from `reader` into `buf`, up to `n` bytes or what `max_bytes` leaves room for. Returns how many came; 0 is the end of the file.
///
/// # Errors
/// Those of the reader, except interruptions, which are tried again; [`BufferTooLarge`](crate::BufError::BufferTooLarge) as [`ErrorKind::QuotaExceeded`] when there is no room. Nothing is lost then.
pub fn fill_from<B: StreamBufMut + ?Sized, R: Read + ?Sized>(buf: &mut B, reader: &mut R, n: usize) -> io::Result<usize> {
    let mut reservation = buf.reserve_up_to(n.max(1))?;
    let came = read_once(reader, reservation.as_mut_slice())?;
    reservation.commit(came)?;
    Ok(came)
}

/// Writes all of `buf` to `writer`, by vectored writes.
///
/// # Errors
/// Those of the writer, except interruptions, which are tried again; [`ErrorKind::WriteZero`] when it takes nothing. What was not written is still in the buffer, and what was is not: call again to go
/// on, after [`ErrorKind::WouldBlock`] for one.
pub fn drain_into<B: StreamBuf + ?Sized, W: Write + ?Sized>(buf: &mut B, writer: &mut W) -> io::Result<()> {
    while !buf.is_empty() {
        let mut slices = [IoSlice::new(&[]); IO_SLICES];
        let filled = slices.iter_mut().zip(buf.segments()).map(|(slice, run)| *slice = IoSlice::new(run)).count();
        let given: usize = slices[..filled].iter().map(|slice| slice.len()).sum();
        match writer.write_vectored(&slices[..filled]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) if n > given => return Err(io::Error::other("the writer says that it took more bytes than it was given")),
            Ok(n) => buf.advance(n)?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads once, after any number of interruptions.
fn read_once<R: Read + ?Sized>(reader: &mut R, to: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(to) {
            Ok(n) if n > to.len() => return Err(io::Error::other("the reader says that it gave more bytes than it was asked for")),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

impl<D: Decode, B: StreamBufMut> Engine<D, B> {
    /// Reads once from `reader`, into the engine's own storage, and gives the frames that have come: see the [module](crate::io). The end of the file is the end of the stream.
    ///
    /// # Errors
    /// Those of the reader, except interruptions, which are tried again, and a [`Refused`](crate::Refused). Nothing is lost then: after [`ErrorKind::WouldBlock`], call again.
    pub fn read_from<R: Read + ?Sized>(&mut self, reader: &mut R) -> io::Result<Frames<'_, D, B>> {
        let mut room = self.reserve()?;
        match read_once(reader, room.as_mut_slice())? {
            0 => Ok(room.eof()),
            n => Ok(room.commit(n)?),
        }
    }
}
