//! A big-endian `u32` before each payload.

use crate::consume::Consume;
use crate::contender::Framer;
use crate::hand::{Refused, within};

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
    type Error = Refused;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, mut chunk: &[u8], to: &mut C) -> Result<(), Refused> {
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
fn payload_len(bytes: &[u8], limit: usize) -> Result<Option<usize>, Refused> {
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
    fn finish<'a, C: Consume>(&mut self, mut chunk: &'a [u8], to: &mut C) -> Result<Option<&'a [u8]>, Refused> {
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
    type Error = Refused;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), Refused> {
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
