//! What a skilled user writes to put a payload behind others. `CHECKED`: refuses what a reader would not take for this payload, and what is beyond the limit.

use memchr::{memchr, memchr2, memchr3};

use crate::hand::{CRC, MAGIC, Refused, within};
use crate::workload::{LIMIT, Set};

fn refuse_if(wrong: bool) -> Result<(), Refused> {
    if wrong { Err(Refused) } else { Ok(()) }
}

/// A line and `\n`.
///
/// # Errors
/// When it would end elsewhere.
#[inline(always)]
pub fn lf_line<const CHECKED: bool>(line: &[u8], to: &mut Vec<u8>) -> Result<(), Refused> {
    if CHECKED {
        within(LIMIT, line.len())?;
        refuse_if(memchr(b'\n', line).is_some())?;
    }
    to.extend_from_slice(line);
    to.push(b'\n');
    Ok(())
}

/// A line and `\n`, to be read by one who takes `\r\n` too.
///
/// # Errors
/// When it would end elsewhere.
#[inline(always)]
pub fn line<const CHECKED: bool>(line: &[u8], to: &mut Vec<u8>) -> Result<(), Refused> {
    if CHECKED {
        refuse_if(line.last() == Some(&b'\r'))?;
    }
    lf_line::<CHECKED>(line, to)
}

/// The same of UTF-8.
///
/// # Errors
/// When it is none, or would end elsewhere.
#[inline(always)]
pub fn utf8_line<const CHECKED: bool>(text: &[u8], to: &mut Vec<u8>) -> Result<(), Refused> {
    if CHECKED {
        refuse_if(std::str::from_utf8(text).is_err())?;
    }
    line::<CHECKED>(text, to)
}

/// A payload and one of a set of delimiters: the first that no other begins with.
///
/// # Errors
/// When it would end elsewhere.
#[inline(always)]
pub fn delimited<const SET: u8, const CHECKED: bool>(payload: &[u8], to: &mut Vec<u8>) -> Result<(), Refused> {
    let set = const { Set::ALL[SET as usize] };
    if CHECKED {
        within(LIMIT, payload.len())?;
        let inside = match set {
            Set::Two => memchr2(b';', b',', payload),
            Set::Three => memchr3(b';', b',', b':', payload),
            Set::LfOrCrLf => memchr(b'\n', payload),
            Set::AnyEnd => memchr2(b'\n', b'\r', payload),
        };
        refuse_if(inside.is_some())?;
    }
    to.extend_from_slice(payload);
    to.extend_from_slice(set.written());
    Ok(())
}

/// As it is.
///
/// # Errors
/// When it is not of `len` bytes.
#[inline(always)]
pub fn fixed<const CHECKED: bool>(len: usize, payload: &[u8], to: &mut Vec<u8>) -> Result<(), Refused> {
    if CHECKED {
        refuse_if(payload.len() != len)?;
    }
    to.extend_from_slice(payload);
    Ok(())
}

/// A `u32` and the payload; `SUM`: and a checksum over both.
///
/// # Errors
/// When it is beyond the limit.
#[inline(always)]
pub fn length_field<const SUM: bool, const CHECKED: bool>(payload: &[u8], to: &mut Vec<u8>) -> Result<(), Refused> {
    if CHECKED {
        within(LIMIT, payload.len())?;
    }
    let start = to.len();
    #[expect(clippy::cast_possible_truncation, reason = "it is below the limit, or the user's fault")]
    to.extend_from_slice(&(payload.len() as u32).to_be_bytes());
    to.extend_from_slice(payload);
    if SUM {
        to.extend_from_slice(&CRC.checksum(&to[start..]).to_be_bytes());
    }
    Ok(())
}

/// Seven bits a byte, the lowest first, and the payload.
///
/// # Errors
/// When it is beyond the limit.
#[inline(always)]
pub fn varint<const CHECKED: bool>(payload: &[u8], to: &mut Vec<u8>) -> Result<(), Refused> {
    if CHECKED {
        within(LIMIT, payload.len())?;
    }
    let mut left = payload.len();
    while left >= 0x80 {
        to.push(left.to_le_bytes()[0] | 0x80);
        left >>= 7;
    }
    to.push(left.to_le_bytes()[0]);
    to.extend_from_slice(payload);
    Ok(())
}

/// Decimal digits.
#[inline(always)]
fn decimal(number: usize, to: &mut Vec<u8>) {
    let (mut digits, mut start, mut left) = ([0; 20], 20, number);
    loop {
        start -= 1;
        digits[start] = b'0' + (left % 10).to_le_bytes()[0];
        left /= 10;
        if left == 0 {
            break;
        }
    }
    to.extend_from_slice(&digits[start..]);
}

/// Decimal digits and `\r\n`, the payload and `\r\n`.
///
/// # Errors
/// When it is beyond the limit.
#[inline(always)]
pub fn ascii_length<const CHECKED: bool>(payload: &[u8], to: &mut Vec<u8>) -> Result<(), Refused> {
    if CHECKED {
        within(LIMIT, payload.len())?;
    }
    decimal(payload.len(), to);
    to.extend_from_slice(b"\r\n");
    to.extend_from_slice(payload);
    to.extend_from_slice(b"\r\n");
    Ok(())
}

/// `5:hello,`
///
/// # Errors
/// When it is beyond the limit.
#[inline(always)]
pub fn netstring<const CHECKED: bool>(payload: &[u8], to: &mut Vec<u8>) -> Result<(), Refused> {
    if CHECKED {
        within(LIMIT, payload.len())?;
    }
    decimal(payload.len(), to);
    to.push(b':');
    to.extend_from_slice(payload);
    to.push(b',');
    Ok(())
}

/// Magic bytes, a `u16`, and the payload; `SUM`: and a checksum over all of it.
///
/// # Errors
/// When the length does not fit.
#[inline(always)]
pub fn sync_word<const SUM: bool, const CHECKED: bool>(payload: &[u8], to: &mut Vec<u8>) -> Result<(), Refused> {
    if CHECKED {
        within(u16::MAX.into(), payload.len())?;
    }
    let start = to.len();
    to.extend_from_slice(&MAGIC);
    #[expect(clippy::cast_possible_truncation, reason = "it was checked, or is the user's fault")]
    to.extend_from_slice(&(payload.len() as u16).to_be_bytes());
    to.extend_from_slice(payload);
    if SUM {
        to.extend_from_slice(&CRC.checksum(&to[start..]).to_be_bytes());
    }
    Ok(())
}

/// Consistent overhead byte stuffing.
///
/// # Errors
/// When it is beyond the limit.
#[inline(always)]
pub fn cobs<const CHECKED: bool>(payload: &[u8], to: &mut Vec<u8>) -> Result<(), Refused> {
    if CHECKED {
        within(LIMIT, payload.len())?;
    }
    let mut left = payload;
    loop {
        let block = &left[..left.len().min(254)];
        let zero = memchr(0, block);
        let block = &block[..zero.unwrap_or(block.len())];
        to.push((block.len() + 1).to_le_bytes()[0]);
        to.extend_from_slice(block);
        left = &left[block.len() + usize::from(zero.is_some())..];
        if zero.is_none() && left.is_empty() {
            break;
        }
    }
    to.push(0);
    Ok(())
}

/// SLIP, an end behind each payload.
///
/// # Errors
/// When it is empty, or beyond the limit.
#[inline(always)]
pub fn slip<const CHECKED: bool>(payload: &[u8], to: &mut Vec<u8>) -> Result<(), Refused> {
    if CHECKED {
        refuse_if(payload.is_empty())?;
        within(LIMIT, payload.len())?;
    }
    let mut left = payload;
    while let Some(at) = memchr2(0xc0, 0xdb, left) {
        to.extend_from_slice(&left[..at]);
        to.extend_from_slice(if left[at] == 0xc0 { &[0xdb, 0xdc] } else { &[0xdb, 0xdd] });
        left = &left[at + 1..];
    }
    to.extend_from_slice(left);
    to.push(0xc0);
    Ok(())
}
