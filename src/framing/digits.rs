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

impl Base {
    /// The most digits of a number of 64 bits.
    #[inline]
    pub(super) const fn most_digits(self) -> usize {
        match self {
            Self::Decimal => 20,
            Self::Hex => 16,
        }
    }

    #[inline]
    pub(super) fn digit(self, byte: u8) -> Option<u32> {
        char::from(byte).to_digit(self as u32)
    }

    /// Hands over the digits of a number, none of them a leading zero.
    #[inline]
    pub(super) fn write<T>(self, number: usize, to: impl FnOnce(&[u8]) -> T) -> T {
        let mut digits = [b'0'; 20];
        let mut left = number;
        let mut start = digits.len();
        for (at, digit) in digits.iter_mut().enumerate().rev() {
            let value = left % self as usize;
            *digit = *b"0123456789abcdef".get(value).unwrap_or(&b'0');
            (start, left) = (at, left / self as usize);
            if left == 0 {
                break;
            }
        }
        to(digits.get(start..).unwrap_or_default())
    }
}
