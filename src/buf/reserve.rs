use alloc::sync::Arc;
use bytes::BytesMut;
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

/// Storage for the next bytes of a buffer, on its own: made by [`StreamBufMut::reserve_owned`](super::StreamBufMut::reserve_owned).
///
/// Append to [`storage`](Self::storage), which is empty, or have it filled by whoever takes a `BytesMut`; everything in it is committed.
#[derive(Debug)]
#[must_use = "the buffer takes nothing else until this is committed or cancelled"]
pub struct OwnedReservation {
    /// Empty, with room for the bytes reserved, and perhaps for more, which would be refused. May be replaced by storage of the caller's.
    pub storage: BytesMut,
    reserved: usize,
    ticket: Ticket,
}

impl OwnedReservation {
    /// Returns how many bytes were reserved, and may be committed.
    #[must_use]
    pub const fn reserved(&self) -> usize {
        self.reserved
    }
}

/// A commit that was refused, with the reservation: its bytes are not lost.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct RefusedCommit<E = BufError> {
    /// Why.
    pub error: E,
    /// What was to be committed.
    pub reservation: OwnedReservation,
}

/// Tells one reservation from every other, of any buffer.
#[derive(Clone, Debug)]
struct Ticket {
    buffer: Arc<()>,
    number: u64,
}

/// What a buffer knows of its owned reservations.
#[derive(Debug, Default)]
pub(super) struct Lent {
    /// The last one.
    last: Option<Ticket>,
    /// What was lent, while one is out.
    out: Option<Terms>,
}

#[derive(Clone, Copy, Debug)]
struct Terms {
    reserved: usize,
    /// The length of the allocation that the storage lent is part of. The buffer may forget it meanwhile.
    allocation: usize,
}

/// Storage that came back, with what was put into it.
pub(super) struct Returned {
    pub(super) storage: BytesMut,
    /// The most that it pins: the allocation that was lent, or the storage that took its place, whichever is longer.
    pub(super) allocation: usize,
}

impl Lent {
    #[inline]
    pub(super) fn is_out(&self) -> bool {
        self.out.is_some()
    }

    /// Refuses to touch the end of a buffer while storage is out.
    #[inline]
    pub(super) fn check(&self) -> Result<(), BufError> {
        if self.is_out() { Err(BufError::OutstandingReserve) } else { Ok(()) }
    }

    /// Lends `storage`, which is part of an allocation of that length.
    pub(super) fn lend(&mut self, storage: BytesMut, allocation: usize, reserved: usize) -> OwnedReservation {
        let ticket = match self.last.take() {
            Some(Ticket { buffer, number }) => Ticket { buffer, number: number + 1 },
            None => Ticket { buffer: Arc::new(()), number: 0 },
        };
        self.last = Some(ticket.clone());
        self.out = Some(Terms { reserved, allocation });
        OwnedReservation { storage, reserved, ticket }
    }

    pub(super) fn take_back(&mut self, reservation: OwnedReservation) -> Result<Returned, RefusedCommit> {
        let error = match (self.out, &self.last) {
            (Some(Terms { reserved, allocation }), Some(last)) if last.is(&reservation.ticket) => {
                let committed = reservation.storage.len();
                if committed <= reserved {
                    self.out = None;
                    let storage = reservation.storage;
                    return Ok(Returned { allocation: allocation.max(storage.capacity()), storage });
                }
                BufError::CommitTooLarge { reserved, committed }
            }
            _ => BufError::NoOutstandingReserve,
        };
        Err(RefusedCommit { error, reservation })
    }

    pub(super) fn cancel(&mut self) -> Result<(), BufError> {
        self.out.take().map(drop).ok_or(BufError::NoOutstandingReserve)
    }
}

impl Ticket {
    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.buffer, &other.buffer) && self.number == other.number
    }
}

/// Puts storage that was split off `block` at `end` back, or returns it where it does not fit on: other storage took its place, or `block` moved.
pub(super) fn rejoin(block: &mut BytesMut, end: usize, storage: BytesMut) -> Result<(), BytesMut> {
    block.truncate(end);
    if block.as_ptr_range().end != storage.as_ptr() {
        return Err(storage);
    }
    block.unsplit(storage);
    Ok(())
}
