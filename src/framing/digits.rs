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

    /// The digits of a number, none of them a leading zero: the first so many of these bytes.
    #[inline(always)]
    pub(super) fn digits(self, number: usize) -> ([u8; 20], usize) {
        // Apart, so that the compiler knows what it divides by.
        match self {
            Self::Decimal => Self::Decimal.put(number, number.checked_ilog10().unwrap_or(0)),
            Self::Hex => Self::Hex.put(number, number.checked_ilog(16).unwrap_or(0)),
        }
    }

    #[inline(always)]
    fn put(self, number: usize, last: u32) -> ([u8; 20], usize) {
        let len = last as usize + 1;
        let (mut digits, mut left) = ([b'0'; 20], number);
        for digit in digits.iter_mut().take(len).rev() {
            *digit = *b"0123456789abcdef".get(left % self as usize).unwrap_or(&b'0');
            left /= self as usize;
        }
        (digits, len)
    }
}
