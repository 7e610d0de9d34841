//! What a skilled user writes by hand for one format: frames are borrowed from the chunk, and one that straddles chunks is put together in a `Vec`.
//!
//! Two of each; the faster one counts.

use memchr::{memchr, memchr_iter};

use crate::consume::Consume;
use crate::contender::Framer;

/// The frame is longer than the limit.
#[derive(Clone, Copy, Debug)]
pub struct TooLong;

fn within(limit: usize, len: usize) -> Result<(), TooLong> {
    if len > limit { Err(TooLong) } else { Ok(()) }
}

/// Lines, one `memchr` each. `CR`: a `\r` before the `\n` belongs to the line end.
#[derive(Clone, Debug)]
pub struct Lines<const CR: bool>(LineCarry<CR>);

/// Lines, one `memchr_iter` a chunk.
#[derive(Clone, Debug)]
pub struct LinesIter<const CR: bool>(LineCarry<CR>);

impl<const CR: bool> Lines<CR> {
    /// Lines of at most `limit` bytes, not counting their ends.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self(LineCarry { carry: Vec::new(), limit })
    }
}

impl<const CR: bool> LinesIter<CR> {
    /// Lines of at most `limit` bytes, not counting their ends.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self(LineCarry { carry: Vec::new(), limit })
    }
}

impl<const CR: bool> Framer for Lines<CR> {
    type Error = TooLong;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), TooLong> {
        let mut rest = self.0.finish(chunk, to)?;
        while let Some(at) = memchr(b'\n', rest) {
            self.0.give(&rest[..at], to)?;
            rest = &rest[at + 1..];
        }
        self.0.keep(rest)
    }
}

impl<const CR: bool> Framer for LinesIter<CR> {
    type Error = TooLong;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), TooLong> {
        let rest = self.0.finish(chunk, to)?;
        let mut start = 0;
        for at in memchr_iter(b'\n', rest) {
            self.0.give(&rest[start..at], to)?;
            start = at + 1;
        }
        self.0.keep(&rest[start..])
    }
}

/// The start of a line that straddles chunks: it has no `\n`, so nothing in it is searched again.
#[derive(Clone, Debug)]
struct LineCarry<const CR: bool> {
    carry: Vec<u8>,
    limit: usize,
}

impl<const CR: bool> LineCarry<CR> {
    /// Gives the line that began in chunks before, if it ends in this one, and returns what is left of the chunk.
    #[inline(always)]
    fn finish<'a, C: Consume>(&mut self, chunk: &'a [u8], to: &mut C) -> Result<&'a [u8], TooLong> {
        if self.carry.is_empty() {
            return Ok(chunk);
        }
        let Some(at) = memchr(b'\n', chunk) else { return Ok(chunk) };
        self.carry.extend_from_slice(&chunk[..at]);
        self.give(&self.carry, to)?;
        self.carry.clear();
        Ok(&chunk[at + 1..])
    }

    #[inline(always)]
    fn give<C: Consume>(&self, line: &[u8], to: &mut C) -> Result<(), TooLong> {
        let line = if CR { line.strip_suffix(b"\r").unwrap_or(line) } else { line };
        within(self.limit, line.len())?;
        to.frame(line);
        Ok(())
    }

    /// Keeps the start of a line.
    #[inline(always)]
    fn keep(&mut self, start: &[u8]) -> Result<(), TooLong> {
        // One more byte than the limit may be a `\r` that is not part of the line.
        within(self.limit + usize::from(CR), self.carry.len() + start.len())?;
        self.carry.extend_from_slice(start);
        Ok(())
    }
}

const HEADER: usize = 4;

/// Length-prefixed frames; one that straddles chunks is kept with its header.
#[derive(Clone, Debug)]
pub struct WholeFrames {
    carry: Vec<u8>,
    limit: usize,
}

impl WholeFrames {
    /// Payloads of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { carry: Vec::new(), limit }
    }

    /// Moves bytes from the front of `chunk` until `len` are kept, and tells whether they are.
    #[inline(always)]
    fn fill(&mut self, len: usize, chunk: &mut &[u8]) -> bool {
        let lacking = len.saturating_sub(self.carry.len());
        let (moved, rest) = chunk.split_at(lacking.min(chunk.len()));
        self.carry.extend_from_slice(moved);
        *chunk = rest;
        moved.len() == lacking
    }
}

impl Framer for WholeFrames {
    type Error = TooLong;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, mut chunk: &[u8], to: &mut C) -> Result<(), TooLong> {
        if !self.carry.is_empty() {
            if !self.fill(HEADER, &mut chunk) {
                return Ok(());
            }
            let len = payload_len(&self.carry, self.limit)?.unwrap_or_default();
            self.carry.reserve_exact((HEADER + len).saturating_sub(self.carry.len()));
            if !self.fill(HEADER + len, &mut chunk) {
                return Ok(());
            }
            to.frame(&self.carry[HEADER..]);
            self.carry.clear();
        }
        while let Some(len) = payload_len(chunk, self.limit)? {
            let Some(payload) = chunk.get(HEADER..HEADER + len) else {
                self.carry.reserve_exact(HEADER + len);
                break;
            };
            to.frame(payload);
            chunk = &chunk[HEADER + len..];
        }
        self.carry.extend_from_slice(chunk);
        Ok(())
    }
}

/// Reads the header, if it is whole.
#[inline(always)]
fn payload_len(bytes: &[u8], limit: usize) -> Result<Option<usize>, TooLong> {
    let Some(header) = bytes.first_chunk::<HEADER>() else { return Ok(None) };
    let len = u32::from_be_bytes(*header) as usize;
    within(limit, len)?;
    Ok(Some(len))
}

/// Length-prefixed frames; of one that straddles chunks only the payload is kept.
#[derive(Clone, Debug)]
pub struct Payloads {
    carry: Carry,
    header: [u8; HEADER],
    payload: Vec<u8>,
    limit: usize,
}

/// What the chunks before left.
#[derive(Clone, Copy, Debug)]
enum Carry {
    /// So many bytes of a header.
    Header(usize),
    /// A payload that lacks so many bytes.
    Payload(usize),
}

impl Payloads {
    /// Payloads of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { carry: Carry::Header(0), header: [0; HEADER], payload: Vec::new(), limit }
    }

    /// Gives the frame that began in chunks before. `None` when this chunk does not end it.
    #[inline(always)]
    fn finish<'a, C: Consume>(&mut self, mut chunk: &'a [u8], to: &mut C) -> Result<Option<&'a [u8]>, TooLong> {
        let lacking = match self.carry {
            Carry::Header(0) => return Ok(Some(chunk)),
            Carry::Header(have) => {
                let (moved, rest) = chunk.split_at((HEADER - have).min(chunk.len()));
                self.header[have..have + moved.len()].copy_from_slice(moved);
                chunk = rest;
                if have + moved.len() < HEADER {
                    self.carry = Carry::Header(have + moved.len());
                    return Ok(None);
                }
                let len = payload_len(&self.header, self.limit)?.unwrap_or_default();
                // All of it may be in this chunk.
                if let Some((payload, rest)) = chunk.split_at_checked(len) {
                    self.carry = Carry::Header(0);
                    to.frame(payload);
                    return Ok(Some(rest));
                }
                self.payload.reserve_exact(len);
                len
            }
            Carry::Payload(lacking) => lacking,
        };
        if chunk.len() < lacking {
            self.payload.extend_from_slice(chunk);
            self.carry = Carry::Payload(lacking - chunk.len());
            return Ok(None);
        }
        let (moved, rest) = chunk.split_at(lacking);
        self.payload.extend_from_slice(moved);
        to.frame(&self.payload);
        self.payload.clear();
        self.carry = Carry::Header(0);
        Ok(Some(rest))
    }
}

impl Framer for Payloads {
    type Error = TooLong;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), TooLong> {
        let Some(mut chunk) = self.finish(chunk, to)? else { return Ok(()) };
        while let Some((header, rest)) = chunk.split_first_chunk::<HEADER>() {
            let len = u32::from_be_bytes(*header) as usize;
            within(self.limit, len)?;
            let Some((payload, rest)) = rest.split_at_checked(len) else {
                self.payload.reserve_exact(len);
                self.payload.extend_from_slice(rest);
                self.carry = Carry::Payload(len - rest.len());
                return Ok(());
            };
            to.frame(payload);
            chunk = rest;
        }
        self.header[..chunk.len()].copy_from_slice(chunk);
        self.carry = Carry::Header(chunk.len());
        Ok(())
    }
}
