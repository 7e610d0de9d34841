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

    /// The bytes of a number: the first of these, as many as the width says.
    #[inline(always)]
    pub(super) fn bytes(self, value: u64, width: Width) -> [u8; 8] {
        match self {
            Self::Big => (value << width.spare_bits()).to_be_bytes(),
            Self::Little => value.to_le_bytes(),
        }
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
