use crate::encode::Short;

/// The width of a number in a frame: a length, a checksum. Its value is unsigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Width {
    /// One byte.
    U8 = 1,
    /// Two bytes.
    U16 = 2,
    /// Three bytes.
    U24 = 3,
    /// Four bytes.
    U32 = 4,
    /// Eight bytes.
    U64 = 8,
}

/// The order of the bytes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Big,
    Little,
}

impl Order {
    /// Reads a number of at most eight bytes.
    pub(super) fn read(self, bytes: &[u8]) -> u64 {
        let digit = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        match self {
            Self::Big => bytes.iter().fold(0, digit),
            Self::Little => bytes.iter().rev().fold(0, digit),
        }
    }

    /// Orders the bytes of a number, and moves them by so many of 64 bits: up those that have the lowest first, down those that have it last, as the eighth of eight.
    #[inline(always)]
    pub(super) const fn place(self, value: u64, bits: usize) -> u64 {
        match self {
            Self::Big => value.swap_bytes() >> bits,
            Self::Little => value << bits,
        }
    }

    /// The bits by which the bytes of a number are moved to lie at `from..to` of eight.
    pub(super) const fn bits(self, from: usize, to: usize) -> usize {
        let bytes = match self {
            Self::Big => 8_usize.saturating_sub(to),
            Self::Little => from,
        };
        8 * (bytes & 7)
    }

    /// The bytes of a number that has this width.
    pub(super) const fn bytes(self, value: u64, width: Width) -> Short {
        let len = width as usize;
        Short::low(self.place(value, self.bits(0, len)), len)
    }
}

impl Width {
    /// The bits of eight bytes that are not the number's.
    #[inline(always)]
    pub(super) const fn spare_bits(self) -> u32 {
        64 - 8 * self as u32
    }

    /// The largest number of this width.
    #[inline(always)]
    pub(super) const fn largest(self) -> u64 {
        u64::MAX >> self.spare_bits()
    }
}
