use core::ops::Range;

use super::{Needle, Segments, StreamBuf, View, search};
use crate::error::NeedMoreData;

/// A read-only buffer over bytes that are in memory already: a file, a packet, a test.
///
/// Makes the readers and searches of the crate usable on them without a copy; [`split_to`](StreamBuf::split_to) copies, since a view owns its bytes.
///
/// ```
/// use framewright::{buf::{DirectBuf, StreamBuf}, read};
///
/// let mut packet = DirectBuf::new(b"\x00\x02hi");
/// let len = read::read_u16_be(&mut packet)?;
/// assert_eq!(read::take(&mut packet, usize::from(len))?, b"hi");
/// assert!(packet.is_empty());
/// # Ok::<(), framewright::NeedMoreData>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct DirectBuf<'a> {
    unread: &'a [u8],
    consumed: u64,
}

impl<'a> DirectBuf<'a> {
    /// Makes a buffer that holds `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { unread: bytes, consumed: 0 }
    }

    /// Returns what is readable, for as long as the bytes themselves live.
    #[must_use]
    pub const fn as_slice(&self) -> &'a [u8] {
        self.unread
    }

    /// Takes the first `n` bytes out, checked.
    fn take(&mut self, n: usize) -> Result<&'a [u8], NeedMoreData> {
        NeedMoreData::check(self.unread.len(), n)?;
        let (taken, unread) = self.unread.split_at(n);
        self.unread = unread;
        self.consumed += n as u64;
        Ok(taken)
    }
}

impl StreamBuf for DirectBuf<'_> {
    fn len(&self) -> usize {
        self.unread.len()
    }

    fn position(&self) -> u64 {
        self.consumed
    }

    /// 0: nothing is allocated.
    fn capacity(&self) -> usize {
        0
    }

    fn peek(&self) -> &[u8] {
        self.unread
    }

    fn segments(&self) -> Segments<'_> {
        Segments::one(self.unread)
    }

    fn advance(&mut self, n: usize) -> Result<(), NeedMoreData> {
        self.take(n).map(drop)
    }

    fn split_to(&mut self, n: usize) -> Result<View, NeedMoreData> {
        self.take(n).map(View::copy_from_slice)
    }

    fn make_contiguous(&mut self, n: usize) -> Result<(), NeedMoreData> {
        NeedMoreData::check(self.len(), n)
    }

    fn find(&self, needle: &Needle, range: Range<usize>) -> Option<usize> {
        search::find_in(self.segments(), self.len(), needle, range)
    }

    fn rfind(&self, needle: &Needle, range: Range<usize>) -> Option<usize> {
        search::rfind_in(self.segments(), self.len(), needle, range)
    }
}
