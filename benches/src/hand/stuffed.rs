//! Frames that end at a byte that is stuffed away elsewhere. Payloads are put together in a second `Vec`.

use memchr::memchr;

use crate::consume::Consume;
use crate::contender::Framer;
use crate::hand::{Refused, within};

/// A way to undo the stuffing.
pub trait Unstuff {
    /// The byte that ends a frame.
    const END: u8;

    /// Puts the payload of a frame, which comes without its end, behind what is in `to`.
    ///
    /// # Errors
    /// When the frame is not well stuffed.
    fn unstuff(stuffed: &[u8], to: &mut Vec<u8>) -> Result<(), Refused>;
}

/// COBS: copies the bytes between zeros.
#[derive(Clone, Copy, Debug)]
pub struct CobsRuns;

/// COBS: copies all of a frame, and then puts zeros over the codes.
#[derive(Clone, Copy, Debug)]
pub struct CobsPatched;

/// SLIP: copies the bytes between escapes.
#[derive(Clone, Copy, Debug)]
pub struct SlipRuns;

impl Unstuff for CobsRuns {
    const END: u8 = 0;

    #[inline(always)]
    fn unstuff(mut stuffed: &[u8], to: &mut Vec<u8>) -> Result<(), Refused> {
        while let Some((code, rest)) = stuffed.split_first() {
            let (block, rest) = rest.split_at_checked(usize::from(*code) - 1).ok_or(Refused)?;
            to.extend_from_slice(block);
            if *code < 0xff && !rest.is_empty() {
                to.push(0);
            }
            stuffed = rest;
        }
        Ok(())
    }
}

impl Unstuff for CobsPatched {
    const END: u8 = 0;

    #[inline(always)]
    fn unstuff(stuffed: &[u8], to: &mut Vec<u8>) -> Result<(), Refused> {
        let Some((mut code, payload)) = stuffed.split_first() else { return Ok(()) };
        if stuffed.len() >= 0xff {
            return CobsRuns::unstuff(stuffed, to);
        }
        let start = to.len();
        to.extend_from_slice(payload);
        let copy = &mut to[start..];
        let mut at = usize::from(*code) - 1;
        while at < payload.len() {
            code = &payload[at];
            copy[at] = 0;
            at += usize::from(*code);
        }
        if at == payload.len() { Ok(()) } else { Err(Refused) }
    }
}

impl Unstuff for SlipRuns {
    const END: u8 = 0xc0;

    #[inline(always)]
    fn unstuff(mut stuffed: &[u8], to: &mut Vec<u8>) -> Result<(), Refused> {
        while let Some(at) = memchr(0xdb, stuffed) {
            to.extend_from_slice(&stuffed[..at]);
            to.push(match stuffed.get(at + 1) {
                Some(0xdc) => 0xc0,
                Some(0xdd) => 0xdb,
                _ => return Err(Refused),
            });
            stuffed = &stuffed[at + 2..];
        }
        to.extend_from_slice(stuffed);
        Ok(())
    }
}

/// The loop of all of them.
#[derive(Clone, Debug)]
pub struct Stuffed<U> {
    carry: Vec<u8>,
    payload: Vec<u8>,
    limit: usize,
    unstuff: std::marker::PhantomData<U>,
}

impl<U> Stuffed<U> {
    /// Payloads of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { carry: Vec::new(), payload: Vec::new(), limit, unstuff: std::marker::PhantomData }
    }
}

impl<U: Unstuff> Framer for Stuffed<U> {
    type Error = Refused;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, mut chunk: &[u8], to: &mut C) -> Result<(), Refused> {
        while let Some(at) = memchr(U::END, chunk) {
            let stuffed = if self.carry.is_empty() {
                &chunk[..at]
            } else {
                self.carry.extend_from_slice(&chunk[..at]);
                &self.carry
            };
            chunk = &chunk[at + 1..];
            if stuffed.is_empty() {
                continue;
            }
            U::unstuff(stuffed, &mut self.payload)?;
            within(self.limit, self.payload.len())?;
            to.frame(&self.payload);
            self.payload.clear();
            self.carry.clear();
        }
        within(2 * self.limit, self.carry.len() + chunk.len())?;
        self.carry.extend_from_slice(chunk);
        Ok(())
    }
}
