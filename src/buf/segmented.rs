use alloc::collections::VecDeque;
use alloc::vec::Vec;
use bytes::{Buf, Bytes, BytesMut};
use core::fmt;
use core::ops::Range;

use super::reserve::{Lent, OwnedReservation, RefusedCommit, Returned, rejoin};
use super::short::Short;
use super::{BufConfig, Needle, Reservation, Segments, StreamBuf, StreamBufMut, View, admit, search};
use crate::error::{BufError, NeedMoreData};

/// A buffer of segments: shares what it hands out, takes [`Bytes`] without copying, and moves bytes only to make them contiguous, or a few of them out of a block that is used up.
///
/// ```text
/// sealed: |  unread  |  unread  | …      none empty, oldest first
/// tail:   |  taken  |    unread    |   spare   |
///         0       start           end       capacity          start <= end <= tail.len() <= capacity
/// ```
#[derive(Default)]
pub struct SegmentedBuf {
    sealed: VecDeque<Segment>,
    sealed_len: usize,
    /// Initialised in its whole length. Whatever was handed out of it has been cut off, so it can be used from its start again once it is empty.
    tail: BytesMut,
    /// The length of the allocation that the tail is the rest of, and that a piece of it would pin.
    allocation: usize,
    start: usize,
    end: usize,
    consumed: u64,
    config: BufConfig,
    lent: Lent,
}

/// Bytes that nothing is written behind any more. Never empty.
pub(super) struct Segment {
    bytes: Block,
    /// The length of the allocation that a piece of it would pin.
    allocation: usize,
}

enum Block {
    /// Given by the caller, or shared with a view.
    Shared(Bytes),
    /// Cut off a tail, or made contiguous here.
    Own(BytesMut),
}

impl Segment {
    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        match &self.bytes {
            Block::Shared(bytes) => bytes,
            Block::Own(bytes) => bytes,
        }
    }

    #[inline]
    fn len(&self) -> usize {
        self.as_slice().len()
    }

    #[inline]
    fn advance(&mut self, n: usize) {
        match &mut self.bytes {
            Block::Shared(bytes) => bytes.advance(n),
            Block::Own(bytes) => bytes.advance(n),
        }
    }

    fn truncate(&mut self, len: usize) {
        match &mut self.bytes {
            Block::Shared(bytes) => bytes.truncate(len),
            Block::Own(bytes) => bytes.truncate(len),
        }
    }

    /// Takes the first `n` bytes off, shared or copied by their size.
    fn cut(&mut self, n: usize, config: &BufConfig) -> Bytes {
        if is_small(n, self.allocation, config) {
            let copy = Bytes::copy_from_slice(&self.as_slice()[..n]);
            self.advance(n);
            return copy;
        }
        match &mut self.bytes {
            Block::Shared(bytes) => bytes.split_to(n),
            Block::Own(bytes) => bytes.split_to(n).freeze(),
        }
    }

    /// Returns the bytes to be changed, copying them first if they are shared.
    fn as_mut_slice(&mut self) -> &mut [u8] {
        if let Block::Shared(bytes) = &mut self.bytes {
            let own = core::mem::take(bytes).try_into_mut().unwrap_or_else(|shared| {
                self.allocation = shared.len();
                BytesMut::from(&shared[..])
            });
            self.bytes = Block::Own(own);
        }
        match &mut self.bytes {
            Block::Own(bytes) => bytes,
            Block::Shared(_) => &mut [],
        }
    }
}

/// Room for so many handles stays when few segments are left.
const KEPT_HANDLES: usize = 64;

/// Tells whether a piece of `n` bytes is copied out rather than shared. One of no bytes never pins anything.
#[inline]
fn is_small(n: usize, allocation: usize, config: &BufConfig) -> bool {
    n < config.copy_out_below.max(1) || n.saturating_mul(config.max_amplification) < allocation
}

/// Puts a few bytes behind others, if there is room for [the most](Short::MOST): so many, of which the rest is taken back. That there are as many is asked for the compiler, which then takes it back
/// without a question.
#[inline(always)]
fn extend_short(tail: &mut BytesMut, bytes: Short) -> bool {
    if bytes.len() == 0 {
        return true;
    }
    let to = tail.len() + bytes.len();
    let has_room = extend(tail, &bytes.padded()) && to <= tail.len();
    if has_room {
        tail.truncate(to);
    }
    has_room
}

/// Puts bytes behind others, if there is room. The compiler takes the check for the one that would make room.
#[inline(always)]
fn extend(tail: &mut BytesMut, data: &[u8]) -> bool {
    let has_room = data.len() <= tail.capacity() - tail.len();
    if has_room {
        tail.extend_from_slice(data);
    }
    has_room
}

impl SegmentedBuf {
    /// Makes an empty buffer with the default thresholds. Allocates nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes an empty buffer with these thresholds. Allocates nothing.
    #[must_use]
    pub fn with_config(config: BufConfig) -> Self {
        Self { config, ..Self::default() }
    }

    /// Lends what is readable as a [`Buf`], for whatever writes or reads one. What it advances over is consumed; to advance beyond what is readable panics, as for every [`Buf`].
    ///
    /// ```
    /// use bytes::{Buf, Bytes};
    /// use framewright::buf::{SegmentedBuf, StreamBuf, StreamBufMut};
    ///
    /// let mut output = SegmentedBuf::new();
    /// output.append(Bytes::from(vec![0; 2000]))?;
    /// let written = output.as_buf().take(1500).remaining(); // on tokio: socket.write_buf(&mut output.as_buf()).await?
    /// output.as_buf().advance(written);
    /// assert_eq!(output.len(), 500);
    /// # Ok::<(), framewright::BufError>(())
    /// ```
    pub fn as_buf(&mut self) -> AsBuf<'_> {
        AsBuf(self)
    }

    #[inline]
    fn tail_unread(&self) -> &[u8] {
        &self.tail[self.start..self.end]
    }

    /// The size of a new tail: no more than the buffer may hold.
    fn segment_size(&self) -> usize {
        self.config.segment_size.min(self.config.max_bytes)
    }

    /// Steps over `n` readable bytes of the tail.
    #[inline]
    fn consume_tail(&mut self, n: usize) {
        self.start += n;
        self.rewind();
    }

    /// Starts a tail again that is used up, and releases large storage that holds nothing.
    #[inline]
    fn rewind(&mut self) {
        if self.start < self.end {
            return;
        }
        (self.start, self.end) = (0, 0);
        if self.allocation > self.config.shrink_above {
            self.tail = BytesMut::new();
            self.allocation = 0;
        }
    }

    /// Drops the first sealed segment, and the room for handles that few are left of.
    #[inline]
    fn pop(&mut self) {
        self.sealed.pop_front();
        let room = self.sealed.capacity();
        if room > KEPT_HANDLES && self.sealed.len() < room / 4 {
            self.sealed.shrink_to(room / 2);
        }
    }

    /// Steps over `n` readable bytes without counting them as consumed: they were moved, or are counted by the caller.
    fn drop_front(&mut self, mut n: usize) {
        while let Some(front) = self.sealed.front_mut() {
            let len = front.len();
            if n < len {
                front.advance(n);
                self.sealed_len -= n;
                return;
            }
            n -= len;
            self.sealed_len -= len;
            self.pop();
        }
        self.consume_tail(n);
    }

    /// Takes the first `n` readable bytes out, where some are sealed.
    fn split_sealed(&mut self, n: usize) -> Result<View, NeedMoreData> {
        NeedMoreData::check(self.len(), n)?;
        self.consumed += n as u64;
        let mut parts = Vec::new();
        let mut left = n;
        while let Some(front) = self.sealed.front_mut().filter(|_| left > 0) {
            let len = left.min(front.len());
            let part = front.cut(len, &self.config);
            left -= len;
            self.sealed_len -= len;
            if front.len() == 0 {
                self.pop();
            } else if parts.is_empty() {
                return Ok(View::from(part));
            }
            parts.push(part);
        }
        if left > 0 {
            parts.push(self.cut_tail(left));
        } else {
            self.rewind();
        }
        Ok(View::from_parts(parts))
    }

    /// Takes the first `n` readable bytes out, where none are sealed. Not inlined, so that the view is made where the caller keeps it.
    #[inline(never)]
    fn split_tail(&mut self, n: usize) -> Result<View, NeedMoreData> {
        NeedMoreData::check(self.end - self.start, n)?;
        self.consumed += n as u64;
        Ok(View::from(self.cut_tail(n)))
    }

    /// Takes `n` readable bytes of the tail off, shared or copied by their size.
    #[expect(clippy::inline_always, reason = "moving a handle out of memory that it was just written to stalls for 8 ns")]
    #[inline(always)]
    fn cut_tail(&mut self, n: usize) -> Bytes {
        if is_small(n, self.allocation, &self.config) {
            let copy = Bytes::copy_from_slice(&self.tail_unread()[..n]);
            self.consume_tail(n);
            return copy;
        }
        let cut = self.detach_tail(n).freeze();
        self.rewind();
        cut
    }

    /// Cuts `n` readable bytes off the tail; the rest of its allocation goes on as the tail.
    #[inline]
    fn detach_tail(&mut self, n: usize) -> BytesMut {
        let mut cut = self.tail.split_to(self.start + n);
        cut.advance(self.start);
        self.end -= self.start + n;
        self.start = 0;
        cut
    }

    /// Seals what is readable of the tail; the rest of its allocation stays the tail.
    fn seal(&mut self) {
        let len = self.end - self.start;
        if len > 0 {
            let bytes = Block::Own(self.detach_tail(len));
            self.push(Segment { bytes, allocation: self.allocation });
        }
    }

    fn push(&mut self, segment: Segment) {
        self.sealed_len += segment.len();
        self.sealed.push_back(segment);
    }

    /// The bytes that a tail with room for `n` more holds: with what is unread of this one where that is no more, and is moved along.
    #[inline]
    fn wanted(&self, n: usize) -> usize {
        let unread = self.end - self.start;
        if unread <= n { unread.saturating_add(n) } else { n }
    }

    /// Sees to `n` spare bytes in the tail, in storage that consumed bytes, views and reservations have left, or in a new block of `capacity` bytes.
    ///
    /// Unread bytes that are no more than `n` move along, so that no block is left behind for a few of them; more are sealed where they are.
    #[cold]
    fn new_tail(&mut self, n: usize, capacity: usize) {
        self.tail.truncate(self.end);
        self.tail.advance(self.start);
        (self.start, self.end) = (0, self.tail.len());
        let rest = self.allocation.saturating_sub(self.end);
        if self.tail.try_reclaim(rest.max(n)) || self.tail.try_reclaim(n) {
            return;
        }
        if self.end > n {
            self.seal();
        }
        let mut tail = BytesMut::with_capacity(capacity);
        tail.extend_from_slice(&self.tail);
        self.tail = tail;
        self.allocation = capacity;
    }

    /// Sees to `n` spare bytes for a reservation: twice as many as before where little was committed each time, so that the rest is not moved each time.
    #[inline]
    fn make_room(&mut self, n: usize) {
        if self.spare() < n {
            let wanted = self.wanted(n);
            let ample = (2 * self.tail.capacity()).clamp(wanted, wanted.saturating_add(n));
            self.new_tail(n, ample.max(self.segment_size()));
        }
    }

    /// Goes on with other storage, all of it readable, where nothing is readable of the tail.
    fn start_tail(&mut self, Returned { storage, allocation }: Returned) {
        (self.start, self.end) = (0, storage.len());
        (self.tail, self.allocation) = (storage, allocation);
    }

    /// Copies `data` behind the readable bytes.
    #[inline]
    fn put(&mut self, data: &[u8]) {
        let mut left = data;
        while !left.is_empty() {
            if self.spare() == 0 {
                self.new_tail(1, self.wanted(1).max(self.segment_size()));
            }
            let (now, later) = left.split_at(left.len().min(self.spare()));
            self.fill(now);
            left = later;
        }
    }

    /// Releases all storage, if nothing is readable.
    pub(crate) fn release(&mut self) {
        if self.is_empty() {
            self.sealed = VecDeque::new();
            (self.tail, self.allocation) = (BytesMut::new(), 0);
            (self.start, self.end) = (0, 0);
        }
    }

    /// Copies `data` behind the readable bytes, with a few bytes before it and a few behind: as three [writes](StreamBufMut::write) do, but at once where the tail has room. When it fails, the first may be
    /// there.
    #[inline(always)]
    pub(crate) fn write_around(&mut self, head: Short, data: &[u8], end: Short) -> Result<(), BufError> {
        if self.len() + head.len() + data.len() + end.len() <= self.config.max_bytes && self.extend_tail(head, data, end) {
            return Ok(());
        }
        self.write_apart(head, data, end)
    }

    /// Puts bytes into the tail, if that ends with the readable ones and has room. While storage is lent it does not: it has no room, or the bytes before it were consumed and it has an end of its own.
    /// What is put there in vain is not readable.
    ///
    /// Left to the compiler to inline, which then knows that the bytes lie elsewhere than the fields, and does not read these again behind each copy.
    #[inline]
    fn extend_tail(&mut self, head: Short, data: &[u8], end: Short) -> bool {
        let Self { tail, end: at, .. } = self;
        if tail.len() != *at || !(extend_short(tail, head) && extend(tail, data) && extend_short(tail, end)) {
            return false;
        }
        *at = tail.len();
        true
    }

    /// Does so part by part, where there may be no room, or spare bytes that are initialised. Ends the tail with the readable ones.
    #[cold]
    #[inline(never)]
    fn write_apart(&mut self, head: Short, data: &[u8], end: Short) -> Result<(), BufError> {
        self.write(head.padded().get(..head.len()).unwrap_or_default())?;
        self.write(data)?;
        self.write(end.padded().get(..end.len()).unwrap_or_default())?;
        self.tail.truncate(self.end);
        Ok(())
    }

    /// Takes the last `n` readable bytes back, or all there are.
    #[cold]
    pub(crate) fn retract(&mut self, n: usize) {
        let of_tail = n.min(self.end - self.start);
        self.end -= of_tail;
        self.rewind();
        let mut left = n - of_tail;
        while let Some(back) = self.sealed.back_mut().filter(|_| left > 0) {
            let len = left.min(back.len());
            left -= len;
            self.sealed_len -= len;
            back.truncate(back.len() - len);
            if back.len() == 0 {
                self.sealed.pop_back();
            }
        }
    }

    /// Copies `data` into the tail, which has room for it.
    #[inline]
    fn fill(&mut self, data: &[u8]) {
        let to = self.end + data.len();
        if let Some(spare) = self.tail.get_mut(self.end..to) {
            spare.copy_from_slice(data);
        } else {
            self.tail.truncate(self.end);
            self.tail.extend_from_slice(data);
        }
        self.end = to;
    }
}

impl StreamBuf for SegmentedBuf {
    #[inline]
    fn len(&self) -> usize {
        self.sealed_len + (self.end - self.start)
    }

    #[inline]
    fn position(&self) -> u64 {
        self.consumed
    }

    fn capacity(&self) -> usize {
        self.sealed_len + self.tail.capacity()
    }

    #[inline]
    fn peek(&self) -> &[u8] {
        match self.sealed.front() {
            Some(front) => front.as_slice(),
            None => self.tail_unread(),
        }
    }

    #[inline]
    fn segments(&self) -> Segments<'_> {
        Segments::sealed(self.sealed.iter(), self.tail_unread())
    }

    #[inline]
    fn advance(&mut self, n: usize) -> Result<(), NeedMoreData> {
        NeedMoreData::check(self.len(), n)?;
        self.drop_front(n);
        self.consumed += n as u64;
        Ok(())
    }

    #[inline]
    fn split_to(&mut self, n: usize) -> Result<View, NeedMoreData> {
        if self.sealed_len > 0 { self.split_sealed(n) } else { self.split_tail(n) }
    }

    fn make_contiguous(&mut self, n: usize) -> Result<(), NeedMoreData> {
        NeedMoreData::check(self.len(), n)?;
        if self.peek().len() >= n {
            return Ok(());
        }
        let mut joined = BytesMut::with_capacity(n);
        for run in self.segments() {
            joined.extend_from_slice(&run[..run.len().min(n - joined.len())]);
        }
        self.drop_front(n);
        self.sealed_len += n;
        self.sealed.push_front(Segment { bytes: Block::Own(joined), allocation: n });
        Ok(())
    }

    fn find(&self, needle: &Needle, range: Range<usize>) -> Option<usize> {
        search::find_in(self.segments(), self.len(), needle, range)
    }

    fn rfind(&self, needle: &Needle, range: Range<usize>) -> Option<usize> {
        search::rfind_in(self.segments(), self.len(), needle, range)
    }
}

impl StreamBufMut for SegmentedBuf {
    fn max_bytes(&self) -> usize {
        self.config.max_bytes
    }

    fn set_max_bytes(&mut self, max_bytes: usize) {
        self.config.max_bytes = max_bytes;
    }

    fn write(&mut self, data: &[u8]) -> Result<(), BufError> {
        if !data.is_empty() {
            self.lent.check()?;
            admit(self.len(), data.len(), self.config.max_bytes)?;
            self.put(data);
        }
        Ok(())
    }

    fn append(&mut self, chunk: Bytes) -> Result<(), BufError> {
        if chunk.len() < self.config.merge_below.max(1) {
            return self.write(&chunk);
        }
        self.lent.check()?;
        admit(self.len(), chunk.len(), self.config.max_bytes)?;
        self.seal();
        let allocation = chunk.len();
        self.push(Segment { bytes: Block::Shared(chunk), allocation });
        Ok(())
    }

    fn reserve(&mut self, n: usize) -> Result<Reservation<'_>, BufError> {
        self.lent.check()?;
        admit(self.len(), n, self.config.max_bytes)?;
        self.make_room(n);
        let spare_end = self.end + n;
        if self.tail.len() < spare_end {
            self.tail.resize(spare_end, 0);
        }
        Ok(Reservation::new(&mut self.tail[self.end..spare_end], &mut self.end))
    }

    fn reserve_owned(&mut self, n: usize) -> Result<OwnedReservation, BufError> {
        self.lent.check()?;
        admit(self.len(), n, self.config.max_bytes)?;
        self.make_room(n);
        self.tail.truncate(self.end);
        let (storage, allocation) = if self.start == self.end {
            (core::mem::take(&mut self.tail), core::mem::take(&mut self.allocation))
        } else {
            (self.tail.split_off(self.end), self.allocation)
        };
        Ok(self.lent.lend(storage, allocation, n))
    }

    fn commit_owned(&mut self, reservation: OwnedReservation) -> Result<(), RefusedCommit> {
        let Returned { storage, allocation } = self.lent.take_back(reservation)?;
        if self.start == self.end {
            self.start_tail(Returned { storage, allocation });
            return Ok(());
        }
        match rejoin(&mut self.tail, self.end, storage) {
            Ok(()) => self.end = self.tail.len(),
            Err(apart) => self.put(&apart),
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
        self.tail.capacity() - self.end
    }

    #[inline]
    fn provide(&mut self, n: usize) {
        if self.spare() < n {
            self.new_tail(n, self.wanted(n).max(self.segment_size()));
        }
    }

    fn contiguous_mut(&mut self, n: usize) -> Result<&mut [u8], NeedMoreData> {
        self.make_contiguous(n)?;
        let bytes = match self.sealed.front_mut() {
            Some(front) => front.as_mut_slice(),
            None => &mut self.tail[self.start..self.end],
        };
        Ok(bytes.get_mut(..n).unwrap_or_default())
    }
}

/// What is readable of a [`SegmentedBuf`], as real vectored chunks. Made by [`SegmentedBuf::as_buf`].
#[derive(Debug)]
pub struct AsBuf<'a>(&'a mut SegmentedBuf);

impl Buf for AsBuf<'_> {
    fn remaining(&self) -> usize {
        self.0.len()
    }

    fn chunk(&self) -> &[u8] {
        self.0.peek()
    }

    #[cfg(feature = "std")]
    fn chunks_vectored<'a>(&'a self, dst: &mut [std::io::IoSlice<'a>]) -> usize {
        let runs = dst.iter_mut().zip(self.0.segments());
        runs.map(|(slot, run)| *slot = std::io::IoSlice::new(run)).count()
    }

    fn advance(&mut self, cnt: usize) {
        let advanced = self.0.advance(cnt);
        assert!(advanced.is_ok(), "cannot advance by {cnt} bytes past the {} that remain", self.0.len());
    }
}

impl fmt::Debug for SegmentedBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentedBuf")
            .field("len", &self.len())
            .field("segments", &self.segments().len())
            .field("position", &self.consumed)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Segment({} of {} bytes)", self.len(), self.allocation)
    }
}
