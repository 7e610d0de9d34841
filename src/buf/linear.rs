use bytes::{Bytes, BytesMut};
use core::fmt;
use core::ops::Range;

use super::reserve::{Lent, OwnedReservation, RefusedCommit, Returned, rejoin};
use super::{BufConfig, Needle, Reservation, Segments, StreamBuf, StreamBufMut, View, admit, search};
use crate::error::{BufError, NeedMoreData};

/// A buffer of one block: always contiguous, cheap to fill and to search; [`split_to`](StreamBuf::split_to) copies.
///
/// ```text
/// block: |  taken  |    unread    |   spare   |
///        0       start           end       capacity          start <= end <= block.len() <= capacity
/// ```
///
/// Storage: when room runs out, the unread bytes move to the front where that frees enough to pay for the move, and otherwise into a block of twice what they and the new ones take. When nothing is
/// unread the block is used from its start again, and one larger than [`BufConfig::shrink_above`] is released. So the block is at most 512 bytes, or twice the largest number of bytes that were
/// unread or reserved at once.
pub struct LinearBuf {
    /// Initialised in its whole length.
    block: BytesMut,
    /// The length of the allocation that the block is part of: more than its capacity, where the rest was lent.
    allocation: usize,
    start: usize,
    end: usize,
    consumed: u64,
    config: BufConfig,
    lent: Lent,
}

/// The first block is at least this large.
const FIRST_BLOCK: usize = 512;

impl LinearBuf {
    /// Makes an empty buffer with the default limit. Allocates nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::with_config(BufConfig::DEFAULT)
    }

    /// Makes an empty buffer with these thresholds. Allocates nothing.
    #[must_use]
    pub fn with_config(config: BufConfig) -> Self {
        Self { block: BytesMut::new(), allocation: 0, start: 0, end: 0, consumed: 0, config, lent: Lent::default() }
    }

    #[inline]
    fn unread(&self) -> &[u8] {
        // Without a panic, so that nothing is left of a look that turns out not to be needed.
        match self.block.get(self.start..self.end) {
            Some(unread) => unread,
            None => none(),
        }
    }

    /// The one way in which bytes leave: rewinds an emptied block, and releases a large one.
    #[inline]
    fn consume(&mut self, n: usize) {
        self.start += n;
        self.consumed += n as u64;
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            if self.allocation > self.config.shrink_above {
                self.block = BytesMut::new();
                self.allocation = 0;
            }
        }
    }

    /// Makes room for `n` bytes behind `end` by moving the unread bytes: to the front where that frees at least as many bytes as it moves, and otherwise into a block of `capacity` bytes.
    #[cold]
    fn relocate(&mut self, n: usize, capacity: usize) {
        let unread = self.len();
        let wanted = unread + n;
        if wanted <= self.block.capacity() && (self.start >= unread || 2 * wanted <= self.block.capacity()) {
            self.block.copy_within(self.start..self.end, 0);
        } else {
            let mut block = BytesMut::with_capacity(capacity);
            block.extend_from_slice(self.unread());
            self.block = block;
            self.allocation = capacity;
        }
        self.start = 0;
        self.end = unread;
    }

    /// Makes room for `n` bytes, with some to spare for later ones where the block must grow.
    fn grow(&mut self, n: usize) {
        if self.spare() < n {
            let wanted = self.len() + n;
            self.relocate(n, wanted.saturating_mul(2).max(FIRST_BLOCK));
        }
    }

    #[cold]
    fn write_slow(&mut self, data: &[u8]) -> Result<(), BufError> {
        if data.is_empty() {
            return Ok(());
        }
        self.lent.check()?;
        admit(self.len(), data.len(), self.config.max_bytes)?;
        self.fill(data);
        Ok(())
    }

    /// Copies `data` behind the unread bytes.
    fn fill(&mut self, data: &[u8]) {
        self.grow(data.len());
        self.block.truncate(self.end);
        self.block.extend_from_slice(data);
        self.end += data.len();
    }
}

/// No bytes, by a branch that is never taken: a selection would make every look wait for the lengths.
#[cold]
fn none<'a>() -> &'a [u8] {
    &[]
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
        self.allocation
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
            Some(spare) if within && !self.lent.is_out() => {
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
        self.lent.check()?;
        admit(self.len(), n, self.config.max_bytes)?;
        self.grow(n);
        let spare_end = self.end + n;
        if self.block.len() < spare_end {
            self.block.resize(spare_end, 0);
        }
        Ok(Reservation::new(&mut self.block[self.end..spare_end], &mut self.end))
    }

    fn reserve_owned(&mut self, n: usize) -> Result<OwnedReservation, BufError> {
        self.lent.check()?;
        admit(self.len(), n, self.config.max_bytes)?;
        self.grow(n);
        self.block.truncate(self.end);
        let (storage, allocation) = if self.is_empty() {
            (core::mem::take(&mut self.block), core::mem::take(&mut self.allocation))
        } else {
            (self.block.split_off(self.end), self.allocation)
        };
        Ok(self.lent.lend(storage, allocation, n))
    }

    fn commit_owned(&mut self, reservation: OwnedReservation) -> Result<(), RefusedCommit> {
        let Returned { storage, allocation } = self.lent.take_back(reservation)?;
        if self.is_empty() {
            (self.start, self.end) = (0, storage.len());
            (self.block, self.allocation) = (storage, allocation);
        } else if let Err(apart) = rejoin(&mut self.block, self.end, storage) {
            self.fill(&apart);
        } else {
            self.end = self.block.len();
        }
        Ok(())
    }

    fn cancel_reserve(&mut self) -> Result<(), BufError> {
        self.lent.cancel()
    }

    fn is_reserved(&self) -> bool {
        self.lent.is_out()
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
            .field("capacity", &self.allocation)
            .finish_non_exhaustive()
    }
}
