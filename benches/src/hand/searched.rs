//! Frames whose end is searched for.

use std::marker::PhantomData;
use std::str;

use memchr::{memchr, memchr_iter, memchr2, memchr2_iter, memchr3, memchr3_iter};

use crate::consume::Consume;
use crate::contender::Framer;
use crate::hand::{Refused, within};

/// What ends a frame: one byte.
pub trait Ends {
    /// The most bytes before the end that are not of the payload.
    const STRIPPED: usize = 0;

    /// Finds the first end.
    fn find(bytes: &[u8]) -> Option<usize>;

    /// Finds all ends.
    fn find_all(bytes: &[u8]) -> impl Iterator<Item = usize>;

    /// What is shown of the bytes before the end.
    ///
    /// # Errors
    /// When they are no frame.
    #[inline(always)]
    fn payload(line: &[u8]) -> Result<&[u8], Refused> {
        Ok(line)
    }
}

/// `\n`.
#[derive(Clone, Copy, Debug)]
pub struct Lf;

/// `\n` or `\r\n`.
#[derive(Clone, Copy, Debug)]
pub struct LfOrCrLf;

/// `\n` or `\r\n` behind UTF-8.
#[derive(Clone, Copy, Debug)]
pub struct Text;

/// `;` or `,`.
#[derive(Clone, Copy, Debug)]
pub struct Two;

/// `;` or `,` or `:`.
#[derive(Clone, Copy, Debug)]
pub struct Three;

impl Ends for Lf {
    #[inline(always)]
    fn find(bytes: &[u8]) -> Option<usize> {
        memchr(b'\n', bytes)
    }

    #[inline(always)]
    fn find_all(bytes: &[u8]) -> impl Iterator<Item = usize> {
        memchr_iter(b'\n', bytes)
    }
}

impl Ends for LfOrCrLf {
    const STRIPPED: usize = 1;

    #[inline(always)]
    fn find(bytes: &[u8]) -> Option<usize> {
        Lf::find(bytes)
    }

    #[inline(always)]
    fn find_all(bytes: &[u8]) -> impl Iterator<Item = usize> {
        Lf::find_all(bytes)
    }

    #[inline(always)]
    fn payload(line: &[u8]) -> Result<&[u8], Refused> {
        Ok(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

impl Ends for Text {
    const STRIPPED: usize = 1;

    #[inline(always)]
    fn find(bytes: &[u8]) -> Option<usize> {
        Lf::find(bytes)
    }

    #[inline(always)]
    fn find_all(bytes: &[u8]) -> impl Iterator<Item = usize> {
        Lf::find_all(bytes)
    }

    #[inline(always)]
    fn payload(line: &[u8]) -> Result<&[u8], Refused> {
        let text = str::from_utf8(LfOrCrLf::payload(line)?).map_err(|_| Refused)?;
        Ok(text.as_bytes())
    }
}

impl Ends for Two {
    #[inline(always)]
    fn find(bytes: &[u8]) -> Option<usize> {
        memchr2(b';', b',', bytes)
    }

    #[inline(always)]
    fn find_all(bytes: &[u8]) -> impl Iterator<Item = usize> {
        memchr2_iter(b';', b',', bytes)
    }
}

impl Ends for Three {
    #[inline(always)]
    fn find(bytes: &[u8]) -> Option<usize> {
        memchr3(b';', b',', b':', bytes)
    }

    #[inline(always)]
    fn find_all(bytes: &[u8]) -> impl Iterator<Item = usize> {
        memchr3_iter(b';', b',', b':', bytes)
    }
}

/// One search a frame.
#[derive(Clone, Debug)]
pub struct EachFrame<E>(Start<E>);

/// One search a chunk.
#[derive(Clone, Debug)]
pub struct EachChunk<E>(Start<E>);

impl<E> EachFrame<E> {
    /// Payloads of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self(Start { carry: Vec::new(), limit, ends: PhantomData })
    }
}

impl<E> EachChunk<E> {
    /// Payloads of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self(Start { carry: Vec::new(), limit, ends: PhantomData })
    }
}

impl<E: Ends> Framer for EachFrame<E> {
    type Error = Refused;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), Refused> {
        let mut rest = self.0.finish(chunk, to)?;
        while let Some(at) = E::find(rest) {
            self.0.give(&rest[..at], to)?;
            rest = &rest[at + 1..];
        }
        self.0.keep(rest)
    }
}

impl<E: Ends> Framer for EachChunk<E> {
    type Error = Refused;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), Refused> {
        let rest = self.0.finish(chunk, to)?;
        let mut start = 0;
        for at in E::find_all(rest) {
            self.0.give(&rest[start..at], to)?;
            start = at + 1;
        }
        self.0.keep(&rest[start..])
    }
}

/// The start of a frame that straddles chunks: it has no end, so nothing in it is searched again.
#[derive(Clone, Debug)]
struct Start<E> {
    carry: Vec<u8>,
    limit: usize,
    ends: PhantomData<E>,
}

impl<E: Ends> Start<E> {
    /// Gives the frame that began in chunks before, if it ends in this one, and returns what is left of the chunk.
    #[inline(always)]
    fn finish<'a, C: Consume>(&mut self, chunk: &'a [u8], to: &mut C) -> Result<&'a [u8], Refused> {
        if self.carry.is_empty() {
            return Ok(chunk);
        }
        let Some(at) = E::find(chunk) else { return Ok(chunk) };
        self.carry.extend_from_slice(&chunk[..at]);
        self.give(&self.carry, to)?;
        self.carry.clear();
        Ok(&chunk[at + 1..])
    }

    #[inline(always)]
    fn give<C: Consume>(&self, line: &[u8], to: &mut C) -> Result<(), Refused> {
        let payload = E::payload(line)?;
        within(self.limit, payload.len())?;
        to.frame(payload);
        Ok(())
    }

    /// Keeps the start of a frame.
    #[inline(always)]
    fn keep(&mut self, start: &[u8]) -> Result<(), Refused> {
        within(self.limit + E::STRIPPED, self.carry.len() + start.len())?;
        self.carry.extend_from_slice(start);
        Ok(())
    }
}

/// Frames that end in `\n`, `\r\n` or, `CR`, `\r`.
#[derive(Clone, Debug)]
pub struct LineEnd<const CR: bool> {
    /// Ends in `\r` where the next byte is to tell what that is.
    carry: Vec<u8>,
    limit: usize,
}

impl<const CR: bool> LineEnd<CR> {
    /// Payloads of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { carry: Vec::new(), limit }
    }

    /// Gives the frame that began in chunks before, if it ends in this one, and returns what is left of the chunk.
    #[inline(always)]
    fn finish<'a, C: Consume>(&mut self, chunk: &'a [u8], to: &mut C) -> Result<&'a [u8], Refused> {
        let (Some(last), Some(first)) = (self.carry.last(), chunk.first()) else { return Ok(chunk) };
        let rest = if *last == b'\r' && (CR || *first == b'\n') {
            self.carry.pop();
            if *first == b'\n' { &chunk[1..] } else { chunk }
        } else {
            let Some((at, end)) = Self::find(chunk) else { return Ok(chunk) };
            self.carry.extend_from_slice(&chunk[..at]);
            &chunk[end..]
        };
        give(self.limit, &self.carry, to)?;
        self.carry.clear();
        Ok(rest)
    }

    /// Finds the first end that can be told: where it begins and ends.
    #[inline(always)]
    fn find(bytes: &[u8]) -> Option<(usize, usize)> {
        let mut from = 0;
        while let Some(found) = memchr2(b'\n', b'\r', &bytes[from..]) {
            let at = from + found;
            match (bytes[at], bytes.get(at + 1)) {
                (b'\r', None) => return None,
                (b'\r', Some(b'\n')) => return Some((at, at + 2)),
                (b'\r', _) if !CR => from = at + 1,
                _ => return Some((at, at + 1)),
            }
        }
        None
    }
}

impl<const CR: bool> Framer for LineEnd<CR> {
    type Error = Refused;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), Refused> {
        let mut rest = self.finish(chunk, to)?;
        while let Some((at, end)) = Self::find(rest) {
            give(self.limit, &rest[..at], to)?;
            rest = &rest[end..];
        }
        within(self.limit + 1, self.carry.len() + rest.len())?;
        self.carry.extend_from_slice(rest);
        Ok(())
    }
}

#[inline(always)]
fn give<C: Consume>(limit: usize, payload: &[u8], to: &mut C) -> Result<(), Refused> {
    within(limit, payload.len())?;
    to.frame(payload);
    Ok(())
}
