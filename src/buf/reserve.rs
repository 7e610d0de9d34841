use core::fmt;

use crate::error::BufError;

/// Writable bytes behind the readable ones of a buffer, lent until [committed](Self::commit) or dropped.
///
/// The buffer cannot be touched meanwhile: a second reservation, a write or an advance does not compile.
///
/// ```compile_fail,E0499
/// use framewright::buf::{LinearBuf, StreamBufMut};
///
/// let mut buf = LinearBuf::new();
/// let reservation = buf.reserve(8).unwrap();
/// buf.write(b"x").unwrap(); // error: `buf` is borrowed by `reservation`
/// reservation.commit(0).unwrap();
/// ```
///
/// Committing is the only effect; an abandoned reservation leaves no trace.
///
/// ```
/// use framewright::buf::{LinearBuf, StreamBuf, StreamBufMut};
///
/// let mut buf = LinearBuf::new();
/// let mut reservation = buf.reserve(8)?;
/// reservation.as_mut_slice()[..2].copy_from_slice(b"ok");
/// reservation.commit(2)?;
/// assert_eq!(buf.peek(), b"ok");
/// # Ok::<(), framewright::BufError>(())
/// ```
pub struct Reservation<'a> {
    spare: &'a mut [u8],
    end: &'a mut usize,
}

impl<'a> Reservation<'a> {
    /// Lends `spare`, which lies right behind `end`.
    pub(super) fn new(spare: &'a mut [u8], end: &'a mut usize) -> Self {
        Self { spare, end }
    }

    /// Returns the number of bytes reserved.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spare.len()
    }

    /// Tells whether nothing is reserved.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spare.is_empty()
    }

    /// Returns the bytes to fill, from the front. They are initialised, with zeros or with old bytes of this stream.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        self.spare
    }

    /// The same bytes, for as long as the buffer is lent.
    pub(crate) fn into_mut_slice(self) -> &'a mut [u8] {
        self.spare
    }

    /// Makes the first `n` reserved bytes readable.
    ///
    /// # Errors
    /// [`BufError::CommitTooLarge`] when fewer were reserved; then nothing becomes readable.
    pub fn commit(self, n: usize) -> Result<(), BufError> {
        if n > self.spare.len() {
            return Err(BufError::CommitTooLarge { reserved: self.spare.len(), committed: n });
        }
        *self.end += n;
        Ok(())
    }
}

impl fmt::Debug for Reservation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation").field("len", &self.spare.len()).finish_non_exhaustive()
    }
}
