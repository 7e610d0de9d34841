use alloc::format;

use crate::encode::{Short, Writer};
use crate::error::BufError;

/// The digits that a length is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Base {
    /// `0` to `9`, at most 20 of them.
    Decimal = 10,
    /// `0` to `9` and `a` to `f`, read in either case and written in lower case, at most 16 of them.
    Hex = 16,
}

/// A number, as far as its digits have arrived.
#[derive(Clone, Copy, Debug, Default)]
pub struct Number {
    pub(super) digits: usize,
    /// Twenty decimal digits need more than 64 bits.
    pub(super) value: u128,
}

impl Number {
    /// Puts one more digit behind.
    #[inline]
    pub(super) fn push(&mut self, digit: u32, base: Base) {
        self.value = self.value * base as u128 + u128::from(digit);
        self.digits += 1;
    }

    /// The number where it counts bytes; the largest that there is, if it is larger.
    #[inline]
    pub(super) fn bytes(self) -> u64 {
        u64::try_from(self.value).unwrap_or(u64::MAX)
    }
}

/// So many digits make a number of fewer than 32 bits, in either base.
const SHORT: usize = 7;

impl Base {
    /// The most digits of a number of 64 bits.
    #[inline]
    pub(super) const fn most_digits(self) -> usize {
        match self {
            Self::Decimal => 20,
            Self::Hex => 16,
        }
    }

    #[inline(always)]
    pub(super) fn digit(self, byte: u8) -> Option<u32> {
        match self {
            Self::Decimal => Some(u32::from(byte.wrapping_sub(b'0'))).filter(|digit| *digit < 10),
            Self::Hex => char::from(byte).to_digit(16),
        }
    }

    /// Reads the number at the start of these bytes, where they have what ends it and it is as short as most are: its value, and how many digits it has.
    #[inline(always)]
    pub(super) fn short(self, bytes: &[u8]) -> Option<(usize, usize)> {
        // So that the compiler knows the base in each.
        match self {
            Self::Decimal => Self::Decimal.short_in(bytes),
            Self::Hex => Self::Hex.short_in(bytes),
        }
    }

    #[inline(always)]
    fn short_in(self, bytes: &[u8]) -> Option<(usize, usize)> {
        let mut value = 0;
        for (digits, byte) in bytes.iter().take(SHORT + 1).enumerate() {
            match self.digit(*byte) {
                Some(digit) => value = value * self as u32 + digit,
                None => return Some((value as usize, digits)),
            }
        }
        None
    }

    /// The digits of a number, none of them a leading zero; `None` where they are not a few.
    #[inline(always)]
    pub(super) fn digits(self, number: usize) -> Option<Short> {
        // Apart, so that the compiler knows what it divides by.
        match self {
            Self::Decimal => Self::Decimal.put(number),
            Self::Hex => Self::Hex.put(number),
        }
    }

    #[inline(always)]
    fn put(self, mut left: usize) -> Option<Short> {
        let mut word = 0;
        for len in 1..=Short::MOST {
            let digit = (left % self as usize) as u64;
            // The last digit comes first, and behind those before it.
            let first = if digit < 10 { u64::from(b'0') } else { u64::from(b'a') - 10 };
            word = word << 8 | (first + digit);
            left /= self as usize;
            if left == 0 {
                return Some(Short::low(word, len));
            }
        }
        None
    }

    /// Writes the digits of a number and what ends them, where these are not a few together. Leaves nothing to be written.
    #[cold]
    pub(super) fn write_long(self, number: usize, terminator: &[u8], out: &mut Writer<'_>) -> Result<Short, BufError> {
        let digits = match self {
            Self::Decimal => format!("{number}"),
            Self::Hex => format!("{number:x}"),
        };
        out.write(digits.as_bytes())?;
        out.write(terminator)?;
        Ok(Short::NONE)
    }
}
