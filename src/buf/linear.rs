use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;
use core::ops::Range;

use super::{BufConfig, Needle, Reservation, Segments, StreamBuf, StreamBufMut, View, admit, search};
use crate::error::{BufError, NeedMoreData};

/// A buffer of one block: always contiguous, cheap to fill and to search; [`split_to`](StreamBuf::split_to) copies.
///
/// ```text
/// block: |  taken  |    unread    |   spare   |
///        0       start           end       capacity          start <= end <= block.len() <= capacity
/// ```
///
/// Storage: when room runs out, the unread bytes move to the front if at least as many have been taken, and otherwise into a block twice as large. When nothing is unread the block is used from
/// its start again, and one larger than [`BufConfig::shrink_above`] is released. So the block is at most about four times the largest number of bytes that were unread at once.
#[derive(Clone)]
pub struct LinearBuf {
    /// Initialised in its whole length.
    block: Vec<u8>,
    start: usize,
    end: usize,
    consumed: u64,
    config: BufConfig,
}

/// The first block is at least this large.
const FIRST_BLOCK: usize = 512;

impl LinearBuf {
    /// Makes an empty buffer with the default limit. Allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_config(BufConfig::DEFAULT)
    }

    /// Makes an empty buffer with these thresholds. Allocates nothing.
    #[must_use]
    pub const fn with_config(config: BufConfig) -> Self {
        Self { block: Vec::new(), start: 0, end: 0, consumed: 0, config }
    }

    #[inline]
    fn unread(&self) -> &[u8] {
        &self.block[self.start..self.end]
    }

    /// The one way in which bytes leave: rewinds an emptied block, and releases a large one.
    #[inline]
    fn consume(&mut self, n: usize) {
        self.start += n;
        self.consumed += n as u64;
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            if self.block.capacity() > self.config.shrink_above {
                self.block = Vec::new();
            }
        }
    }

    /// Makes room for `n` bytes behind `end` by moving the unread bytes, into a block of `capacity` bytes where the present one is too short for both.
    #[cold]
    fn relocate(&mut self, n: usize, capacity: usize) {
        let unread = self.len();
        if unread + n <= self.block.capacity() && self.start >= unread {
            self.block.copy_within(self.start..self.end, 0);
        } else {
            let mut block = Vec::with_capacity(capacity);
            block.extend_from_slice(self.unread());
            self.block = block;
        }
        self.start = 0;
        self.end = unread;
    }

    /// Makes room for `n` bytes, with some to spare for later ones where the block must grow.
    fn grow(&mut self, n: usize) {
        if self.spare() < n {
            let wanted = self.len() + n;
            let ample = wanted.max(2 * self.block.capacity()).max(FIRST_BLOCK);
            // Twice the limit, so that a buffer that is always full is not moved for each byte.
            self.relocate(n, ample.min(self.config.max_bytes.saturating_mul(2).max(wanted)));
        }
    }

    #[cold]
    fn write_slow(&mut self, data: &[u8]) -> Result<(), BufError> {
        admit(self.len(), data.len(), self.config.max_bytes)?;
        self.grow(data.len());
        self.block.truncate(self.end);
        self.block.extend_from_slice(data);
        self.end += data.len();
        Ok(())
    }
}

impl Default for LinearBuf {
    fn default() -> Self {
        Self::new()
    }
}

impl StreamBuf for LinearBuf {
    #[inline]
    fn len(&self) -> usize {
        self.end - self.start
    }

    #[inline]
    fn position(&self) -> u64 {
        self.consumed
    }

    #[inline]
    fn capacity(&self) -> usize {
        self.block.capacity()
    }

    #[inline]
    fn peek(&self) -> &[u8] {
        self.unread()
    }

    #[inline]
    fn segments(&self) -> Segments<'_> {
        Segments::one(self.unread())
    }

    #[inline]
    fn advance(&mut self, n: usize) -> Result<(), NeedMoreData> {
        NeedMoreData::check(self.len(), n)?;
        self.consume(n);
        Ok(())
    }

    #[inline]
    fn split_to(&mut self, n: usize) -> Result<View, NeedMoreData> {
        self.make_contiguous(n)?;
        let view = View::copy_from_slice(&self.unread()[..n]);
        self.consume(n);
        Ok(view)
    }

    #[inline]
    fn make_contiguous(&mut self, n: usize) -> Result<(), NeedMoreData> {
        NeedMoreData::check(self.len(), n)
    }

    #[inline]
    fn find(&self, needle: &Needle, range: Range<usize>) -> Option<usize> {
        search::find_in(self.segments(), self.len(), needle, range)
    }

    #[inline]
    fn rfind(&self, needle: &Needle, range: Range<usize>) -> Option<usize> {
        search::rfind_in(self.segments(), self.len(), needle, range)
    }
}

impl StreamBufMut for LinearBuf {
    fn max_bytes(&self) -> usize {
        self.config.max_bytes
    }

    fn set_max_bytes(&mut self, max_bytes: usize) {
        self.config.max_bytes = max_bytes;
    }

    #[inline]
    fn write(&mut self, data: &[u8]) -> Result<(), BufError> {
        let within = self.len().checked_add(data.len()).is_some_and(|len| len <= self.config.max_bytes);
        match self.block.get_mut(self.end..).and_then(|spare| spare.get_mut(..data.len())) {
            Some(spare) if within => {
                spare.copy_from_slice(data);
                self.end += data.len();
                Ok(())
            }
            _ => self.write_slow(data),
        }
    }

    fn append(&mut self, chunk: Bytes) -> Result<(), BufError> {
        self.write(&chunk)
    }

    #[inline]
    fn reserve(&mut self, n: usize) -> Result<Reservation<'_>, BufError> {
        admit(self.len(), n, self.config.max_bytes)?;
        self.grow(n);
        let spare_end = self.end + n;
        if self.block.len() < spare_end {
            self.block.resize(spare_end, 0);
        }
        Ok(Reservation::new(&mut self.block[self.end..spare_end], &mut self.end))
    }

    #[inline]
    fn spare(&self) -> usize {
        self.block.capacity() - self.end
    }

    #[inline]
    fn provide(&mut self, n: usize) {
        if self.spare() < n {
            self.relocate(n, self.len() + n);
        }
    }

    fn contiguous_mut(&mut self, n: usize) -> Result<&mut [u8], NeedMoreData> {
        self.make_contiguous(n)?;
        Ok(&mut self.block[self.start..self.start + n])
    }
}

impl fmt::Debug for LinearBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinearBuf")
            .field("len", &self.len())
            .field("position", &self.consumed)
            .field("capacity", &self.block.capacity())
            .finish_non_exhaustive()
    }
}
