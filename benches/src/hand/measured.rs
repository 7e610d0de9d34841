//! Frames whose header says how long they are.

use memchr::memmem;

use crate::consume::Consume;
use crate::contender::Framer;
use crate::hand::{CRC, MAGIC, Refused, within};

/// What is at the front of some bytes.
#[derive(Clone, Copy, Debug)]
pub enum Front<'a> {
    /// A frame.
    Frame {
        /// What is shown of it.
        payload: &'a [u8],
        /// What is behind it.
        rest: &'a [u8],
    },
    /// The start of one that lacks so many bytes, at least.
    Lacks(usize),
    /// So many bytes that are of no frame.
    Noise(usize),
}

/// A format.
pub trait Format {
    /// Looks at the front of these bytes.
    ///
    /// # Errors
    /// When a frame is not as it must be, or has a payload beyond the limit.
    fn front(bytes: &[u8], limit: usize) -> Result<Front<'_>, Refused>;
}

/// The one loop of all of them.
#[derive(Clone, Debug)]
pub struct Measured<F> {
    carry: Vec<u8>,
    limit: usize,
    format: std::marker::PhantomData<F>,
}

impl<F> Measured<F> {
    /// Payloads of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { carry: Vec::new(), limit, format: std::marker::PhantomData }
    }
}

impl<F: Format> Measured<F> {
    /// Gives the frame that began in chunks before, if it ends in this one, and returns what is left of the chunk.
    #[inline(always)]
    fn finish<'a, C: Consume>(&mut self, mut chunk: &'a [u8], to: &mut C) -> Result<&'a [u8], Refused> {
        while !self.carry.is_empty() {
            let taken = match F::front(&self.carry, self.limit)? {
                Front::Frame { payload, rest } => {
                    to.frame(payload);
                    self.carry.len() - rest.len()
                }
                Front::Noise(len) => len,
                Front::Lacks(len) => {
                    let (moved, rest) = chunk.split_at(len.min(chunk.len()));
                    self.carry.extend_from_slice(moved);
                    chunk = rest;
                    if moved.len() < len {
                        break;
                    }
                    continue;
                }
            };
            self.carry.drain(..taken);
        }
        Ok(chunk)
    }
}

impl<F: Format> Framer for Measured<F> {
    type Error = Refused;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), Refused> {
        let mut chunk = self.finish(chunk, to)?;
        loop {
            match F::front(chunk, self.limit)? {
                Front::Frame { payload, rest } => {
                    to.frame(payload);
                    chunk = rest;
                }
                Front::Noise(len) => chunk = &chunk[len..],
                Front::Lacks(_) => break,
            }
        }
        self.carry.extend_from_slice(chunk);
        Ok(())
    }
}

/// The payload at the front of the bytes behind a header, and a trailer behind it.
#[inline(always)]
fn payload<'a>(behind: &'a [u8], len: usize, trailer: &[u8]) -> Result<Front<'a>, Refused> {
    match behind.split_at_checked(len) {
        Some((payload, behind)) if behind.len() >= trailer.len() => match behind.strip_prefix(trailer) {
            Some(rest) => Ok(Front::Frame { payload, rest }),
            None => Err(Refused),
        },
        _ => Ok(Front::Lacks(len + trailer.len() - behind.len())),
    }
}

/// A number in decimal digits at the front, and how many.
#[inline(always)]
fn decimal(bytes: &[u8], limit: usize) -> Result<(usize, usize), Refused> {
    let (mut number, mut digits) = (0, 0);
    while let Some(digit) = bytes.get(digits).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
        number = number * 10 + usize::from(digit);
        within(limit, number)?;
        digits += 1;
    }
    Ok((number, digits))
}

/// A checksum over everything before it: the first `checked` bytes.
#[inline(always)]
fn checksummed(bytes: &[u8], header: usize, checked: usize) -> Option<Front<'_>> {
    let (found, rest) = bytes[checked..].split_first_chunk()?;
    let right = CRC.checksum(&bytes[..checked]) == u16::from_be_bytes(*found);
    right.then_some(Front::Frame { payload: &bytes[header..checked], rest })
}

/// 64 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Fixed;

impl Format for Fixed {
    #[inline(always)]
    fn front(bytes: &[u8], _: usize) -> Result<Front<'_>, Refused> {
        payload(bytes, 64, &[])
    }
}

/// A `u32`, the payload, a checksum over both.
#[derive(Clone, Copy, Debug)]
pub struct LengthFieldCrc;

impl Format for LengthFieldCrc {
    #[inline(always)]
    fn front(bytes: &[u8], limit: usize) -> Result<Front<'_>, Refused> {
        let Some(header) = bytes.first_chunk::<4>() else { return Ok(Front::Lacks(4 - bytes.len())) };
        let len = u32::from_be_bytes(*header) as usize;
        within(limit, len)?;
        match (4 + len + 2).checked_sub(bytes.len()) {
            None | Some(0) => checksummed(bytes, 4, 4 + len).ok_or(Refused),
            Some(lacking) => Ok(Front::Lacks(lacking)),
        }
    }
}

/// Seven bits a byte, the lowest first.
#[derive(Clone, Copy, Debug)]
pub struct Varint;

impl Format for Varint {
    #[inline(always)]
    fn front(bytes: &[u8], limit: usize) -> Result<Front<'_>, Refused> {
        let mut len = 0_u64;
        for (nth, byte) in bytes.iter().take(10).enumerate() {
            len |= u64::from(byte & 0x7f) << (7 * nth);
            if *byte < 0x80 {
                let len = usize::try_from(len).map_err(|_| Refused)?;
                within(limit, len)?;
                return payload(&bytes[nth + 1..], len, &[]);
            }
        }
        if bytes.len() < 10 { Ok(Front::Lacks(1)) } else { Err(Refused) }
    }
}

/// Decimal digits and `\r\n`, the payload and `\r\n`.
#[derive(Clone, Copy, Debug)]
pub struct AsciiLength;

impl Format for AsciiLength {
    #[inline(always)]
    fn front(bytes: &[u8], limit: usize) -> Result<Front<'_>, Refused> {
        let (len, digits) = decimal(bytes, limit)?;
        match &bytes[digits..] {
            [b'\r', b'\n', behind @ ..] if digits > 0 => payload(behind, len, b"\r\n"),
            [] | [b'\r'] => Ok(Front::Lacks(1)),
            _ => Err(Refused),
        }
    }
}

/// `5:hello,`
#[derive(Clone, Copy, Debug)]
pub struct Netstring;

impl Format for Netstring {
    #[inline(always)]
    fn front(bytes: &[u8], limit: usize) -> Result<Front<'_>, Refused> {
        let (len, digits) = decimal(bytes, limit)?;
        if digits > 1 && bytes[0] == b'0' {
            return Err(Refused);
        }
        match &bytes[digits..] {
            [b':', behind @ ..] if digits > 0 => payload(behind, len, b","),
            [] => Ok(Front::Lacks(1)),
            _ => Err(Refused),
        }
    }
}

/// Magic bytes, a `u16`, the payload; `CHECKED`: a checksum over all of it. What is none is stepped over.
#[derive(Clone, Copy, Debug)]
pub struct SyncWord<const CHECKED: bool>;

impl<const CHECKED: bool> Format for SyncWord<CHECKED> {
    #[inline(always)]
    fn front(bytes: &[u8], limit: usize) -> Result<Front<'_>, Refused> {
        let Some([magic @ .., a, b]) = bytes.first_chunk::<4>() else { return Ok(Front::Lacks(4 - bytes.len())) };
        if *magic != MAGIC {
            return Ok(noise(bytes));
        }
        let len = usize::from(u16::from_be_bytes([*a, *b]));
        if len > limit {
            return Ok(noise(bytes));
        }
        if !CHECKED {
            return payload(&bytes[4..], len, &[]);
        }
        match (4 + len + 2).checked_sub(bytes.len()) {
            None | Some(0) => Ok(checksummed(bytes, 4, 4 + len).unwrap_or_else(|| noise(bytes))),
            Some(lacking) => Ok(Front::Lacks(lacking)),
        }
    }
}

/// What is before the next magic bytes.
#[cold]
fn noise(bytes: &[u8]) -> Front<'_> {
    let begun = usize::from(bytes.last() == Some(&MAGIC[0]));
    Front::Noise(memmem::find(&bytes[1..], &MAGIC).map_or(bytes.len() - begun, |at| at + 1))
}

/// Records of 64 bytes, by `chunks_exact`.
#[derive(Clone, Debug, Default)]
pub struct Records(Vec<u8>);

impl Framer for Records {
    type Error = Refused;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, mut chunk: &[u8], to: &mut C) -> Result<(), Refused> {
        if !self.0.is_empty() {
            let (moved, rest) = chunk.split_at((64 - self.0.len()).min(chunk.len()));
            self.0.extend_from_slice(moved);
            chunk = rest;
            if self.0.len() < 64 {
                return Ok(());
            }
            to.frame(&self.0);
            self.0.clear();
        }
        let records = chunk.chunks_exact(64);
        self.0.extend_from_slice(records.remainder());
        records.for_each(|record| to.frame(record));
        Ok(())
    }
}
