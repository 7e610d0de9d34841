/// A few bytes, at most [`MOST`](Self::MOST), which are put together and written in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Short {
    /// The first byte is the lowest. All but `len` are zero.
    word: u64,
    len: usize,
}

impl Short {
    pub(crate) const MOST: usize = 8;
    pub(crate) const NONE: Self = Self { word: 0, len: 0 };

    /// One byte.
    #[inline(always)]
    pub(crate) const fn byte(byte: u8) -> Self {
        Self { word: byte as u64, len: 1 }
    }

    /// The low `len` bytes of a number, the lowest first, of at most eight. The others must be zero.
    #[inline(always)]
    pub(crate) const fn low(word: u64, len: usize) -> Self {
        Self { word, len }
    }

    /// So many zeros; `None` where they are too many.
    #[inline(always)]
    pub(crate) const fn zeros(len: usize) -> Option<Self> {
        if len <= Self::MOST { Some(Self { word: 0, len }) } else { None }
    }

    /// These bytes; `None` where they are too many.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let word = bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        (bytes.len() <= Self::MOST).then_some(Self { word, len: bytes.len() })
    }

    /// These bytes and others behind them; `None` where they are too many.
    #[inline(always)]
    pub(crate) const fn then(self, next: Self) -> Option<Self> {
        let len = self.len + next.len;
        // In two steps, as no shift may be by all bits.
        let half = 4 * self.len;
        let word = self.word | next.word << half << half;
        if len <= Self::MOST { Some(Self { word, len }) } else { None }
    }

    /// The same with bytes put on zeros, wherever these are.
    #[inline(always)]
    pub(crate) const fn with(self, bytes: u64) -> Self {
        Self { word: self.word | bytes, len: self.len }
    }

    #[inline(always)]
    pub(crate) const fn len(self) -> usize {
        self.len
    }

    /// The bytes, and zeros behind them.
    #[inline(always)]
    pub(crate) const fn padded(self) -> [u8; Self::MOST] {
        self.word.to_le_bytes()
    }
}
