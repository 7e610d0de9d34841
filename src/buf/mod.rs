//! Byte buffers that protocol code never has to second-guess.
//!
//! Two backends share one interface. [`LinearBuf`] keeps its bytes in one block: always contiguous, and [`split_to`](StreamBuf::split_to) copies.
//! [`SegmentedBuf`] keeps a list of segments: it shares what it hands out, takes [`Bytes`] without copying, and searches across its seams.
//!
//! A buffer is a stream with a front, not a sequence: there is no indexing and no slicing. [`peek`](StreamBuf::peek) and [`segments`](StreamBuf::segments) are the ways to see bytes,
//! and what they return is *ephemeral*, a borrow: using it after the buffer has changed does not compile.
//!
//! ```compile_fail,E0502
//! use framewright::buf::{LinearBuf, StreamBuf, StreamBufMut};
//!
//! let mut buf = LinearBuf::new();
//! buf.write(b"ephemeral").unwrap();
//! let front = buf.peek();
//! buf.advance(3).unwrap();
//! assert_eq!(front, b"ephemeral"); // error: `buf` was mutated while `front` was alive
//! ```
//!
//! A [`View`] is *stable*: it owns its bytes for good.
//!
//! ```
//! use framewright::buf::{LinearBuf, StreamBuf, StreamBufMut};
//!
//! let mut buf = LinearBuf::new();
//! buf.write(b"stable, rest")?;
//! let view = buf.split_to(6)?;
//! buf.write(b" and more")?;
//! drop(buf);
//! assert_eq!(view, b"stable"[..]);
//! # Ok::<(), framewright::BufError>(())
//! ```

mod direct;
mod linear;
mod reserve;
mod search;
mod segmented;
mod short;
mod view;

use bytes::Bytes;
use core::ops::Range;

pub use direct::DirectBuf;
pub use linear::LinearBuf;
pub use reserve::{OwnedReservation, RefusedCommit, Reservation};
pub(crate) use search::find_first;
pub use search::{Needle, ScanPos, find_next};
pub use segmented::{AsBuf, SegmentedBuf};
pub(crate) use short::Short;
pub use view::{Segments, View};

use crate::error::{BufError, NeedMoreData};

/// The thresholds of a buffer. The defaults rest on measurements; only `max_bytes` changes what a buffer does, the others what it costs.
///
/// ```
/// use framewright::buf::{BufConfig, SegmentedBuf};
///
/// let small = SegmentedBuf::with_config(BufConfig { max_bytes: 64 * 1024, segment_size: 4096, ..BufConfig::default() });
/// # let _ = small;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BufConfig {
    /// How many readable bytes the buffer may hold: 16 MiB. [`BufConfig::unlimited`] is the only way past a limit.
    pub max_bytes: usize,
    /// The size of a new segment: 16 KiB. Large enough that searching it is as fast as contiguous memory, small enough to allocate cheaply and to pin little.
    pub segment_size: usize,
    /// Owned chunks shorter than this are copied into the last segment: 1 KiB. Below it a segment of its own costs more than the copy, here and in a vectored write.
    pub merge_below: usize,
    /// Views shorter than this get an allocation of their own: 256 B. Sharing would pin a whole segment for them, to save 8 to 15 ns.
    pub copy_out_below: usize,
    /// A view shares only if it is at least this fraction of the allocation that it would pin: 1/64. Guards against large foreign chunks; own segments never reach it.
    pub max_amplification: usize,
    /// Empty storage larger than this is released: 64 KiB. Allocating it again costs less than what it pins.
    pub shrink_above: usize,
}

impl BufConfig {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        max_bytes: 16 * 1024 * 1024,
        segment_size: 16 * 1024,
        merge_below: 1024,
        copy_out_below: 256,
        max_amplification: 64,
        shrink_above: 64 * 1024,
    };

    /// The defaults, with no limit to what the buffer may hold: for a caller that limits it by other means.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self { max_bytes: usize::MAX, ..Self::DEFAULT }
    }
}

impl Default for BufConfig {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The reading side of a buffer. Object safe.
///
/// Offsets are counted from the first readable byte. An operation that fails leaves the buffer as it was.
pub trait StreamBuf {
    /// Returns the number of readable bytes. O(1).
    fn len(&self) -> usize;

    /// Tells whether no byte is readable.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many bytes have been consumed since the buffer was made: the stream offset of the first readable byte. O(1).
    fn position(&self) -> u64;

    /// Returns the bytes of storage that the buffer keeps allocated, readable or spare.
    fn capacity(&self) -> usize;

    /// Returns the first contiguous run of readable bytes; empty only when the buffer is. O(1).
    fn peek(&self) -> &[u8];

    /// Returns all readable bytes as contiguous runs in order, none of them empty.
    fn segments(&self) -> Segments<'_>;

    /// Drops the first `n` readable bytes. Amortised O(1).
    ///
    /// # Errors
    /// [`NeedMoreData`] when fewer than `n` are readable.
    fn advance(&mut self, n: usize) -> Result<(), NeedMoreData>;

    /// Takes the first `n` readable bytes out as a stable [`View`].
    ///
    /// [`LinearBuf`] copies them; [`SegmentedBuf`] shares its segments, except for pieces too small to be worth pinning one.
    ///
    /// # Errors
    /// [`NeedMoreData`] when fewer than `n` are readable.
    fn split_to(&mut self, n: usize) -> Result<View, NeedMoreData>;

    /// Makes the first `n` readable bytes one run, so that [`peek`](Self::peek) shows them all. Consumes nothing.
    ///
    /// # Errors
    /// [`NeedMoreData`] when fewer than `n` are readable.
    ///
    /// # Complexity
    /// Nothing when they are contiguous already; otherwise one allocation and exactly `n` bytes copied.
    fn make_contiguous(&mut self, n: usize) -> Result<(), NeedMoreData>;

    /// Makes the first `n` readable bytes one run and returns exactly these: [`make_contiguous`](Self::make_contiguous), then [`peek`](Self::peek).
    ///
    /// # Errors
    /// [`NeedMoreData`] when fewer than `n` are readable.
    fn coalesce(&mut self, n: usize) -> Result<&[u8], NeedMoreData> {
        self.make_contiguous(n)?;
        Ok(self.peek().get(..n).unwrap_or_default())
    }

    /// Returns the offset of the first occurrence of `needle` that lies wholly inside `range`, as if the readable bytes were contiguous.
    ///
    /// The range is clamped to the readable bytes; an empty needle is found at its start.
    ///
    /// # Complexity
    /// O(`range` + needle length × seams), and a step for each segment between the range and the nearer end.
    fn find(&self, needle: &Needle, range: Range<usize>) -> Option<usize>;

    /// Returns the offset of the last occurrence of `needle` that lies wholly inside `range`, as if the readable bytes were contiguous.
    ///
    /// The range is clamped to the readable bytes; an empty needle is found at its end.
    ///
    /// # Complexity
    /// As for [`find`](Self::find), from the end of the range: O(bytes searched + needle length × candidates for its last byte).
    fn rfind(&self, needle: &Needle, range: Range<usize>) -> Option<usize>;
}

/// The writing side of a buffer. Object safe.
pub trait StreamBufMut: StreamBuf {
    /// Returns how many readable bytes the buffer may hold.
    fn max_bytes(&self) -> usize;

    /// Changes how many readable bytes the buffer may hold. What it holds already stays.
    fn set_max_bytes(&mut self, max_bytes: usize);

    /// Copies `data` behind the readable bytes: all of it or, on error, nothing.
    ///
    /// # Errors
    /// [`BufError::BufferTooLarge`] when the readable bytes would be more than `max_bytes`.
    fn write(&mut self, data: &[u8]) -> Result<(), BufError>;

    /// Puts `chunk` behind the readable bytes; a [`SegmentedBuf`] shares it, unless it is so short that copying is cheaper.
    ///
    /// # Errors
    /// [`BufError::BufferTooLarge`] when the readable bytes would be more than `max_bytes`.
    fn append(&mut self, chunk: Bytes) -> Result<(), BufError>;

    /// Lends `n` writable bytes behind the readable ones, to be filled and [committed](Reservation::commit).
    ///
    /// The storage is initialised but may hold old bytes of this stream. Dropping the reservation changes nothing; reserving again lends the same storage with what was put there.
    ///
    /// # Errors
    /// [`BufError::BufferTooLarge`] when committing all of it would exceed `max_bytes`: the refusal comes before bytes are read that could not be kept.
    fn reserve(&mut self, n: usize) -> Result<Reservation<'_>, BufError>;

    /// Lends as many of `n` bytes as `max_bytes` leaves room for.
    ///
    /// # Errors
    /// [`BufError::BufferTooLarge`] when there is no room at all and `n` is not 0.
    fn reserve_up_to(&mut self, n: usize) -> Result<Reservation<'_>, BufError> {
        let room = self.max_bytes().saturating_sub(self.len());
        self.reserve(if room == 0 { n } else { n.min(room) })
    }

    /// Lends storage for `n` bytes that leaves the buffer: it may cross threads, awaits and completion queues, and comes back by [`commit_owned`](Self::commit_owned).
    ///
    /// While it is out, reading and consuming go on, and everything that writes or reserves fails with [`BufError::OutstandingReserve`]. A reservation that is lost leaves the buffer so until
    /// [`cancel_reserve`](Self::cancel_reserve).
    ///
    /// # Errors
    /// [`BufError::OutstandingReserve`] when one is out already, and [`BufError::BufferTooLarge`] as for [`reserve`](Self::reserve).
    ///
    /// ```
    /// use framewright::buf::{LinearBuf, StreamBuf, StreamBufMut};
    ///
    /// let mut buf = LinearBuf::new();
    /// buf.write(b"unread ")?;
    /// let mut reservation = buf.reserve_owned(64)?;
    /// let reader = std::thread::spawn(move || {
    ///     reservation.storage.extend_from_slice(b"from elsewhere");
    ///     reservation
    /// });
    /// buf.advance(2)?; // reading goes on meanwhile
    /// buf.commit_owned(reader.join().unwrap()).map_err(|refused| refused.error)?;
    /// assert_eq!(buf.peek(), b"read from elsewhere");
    /// # Ok::<(), framewright::BufError>(())
    /// ```
    fn reserve_owned(&mut self, n: usize) -> Result<OwnedReservation, BufError>;

    /// Makes what was put into the storage of a reservation readable, without copying it where it fits on.
    ///
    /// # Errors
    /// [`BufError::NoOutstandingReserve`] for one that is not out: cancelled, or of another buffer. [`BufError::CommitTooLarge`] for one that holds more than was reserved; it stays out. Either way
    /// the storage comes back with the error, so no bytes are lost.
    fn commit_owned(&mut self, reservation: OwnedReservation) -> Result<(), RefusedCommit>;

    /// Gives up the reservation that is out. Whoever holds its storage keeps it.
    ///
    /// # Errors
    /// [`BufError::NoOutstandingReserve`] when none is out.
    fn cancel_reserve(&mut self) -> Result<(), BufError>;

    /// Tells whether an owned reservation is out.
    fn is_reserved(&self) -> bool;

    /// Returns how many bytes can be written before storage must be allocated or moved. O(1).
    fn spare(&self) -> usize;

    /// Sees to it that `n` further bytes fit behind the readable ones without another allocation, and no more than that.
    ///
    /// Unlike [`reserve`](Self::reserve) it lends nothing and initialises nothing; `max_bytes` is not judged.
    fn provide(&mut self, n: usize);

    /// Makes the first `n` readable bytes one run and lends them to be changed in place.
    ///
    /// # Errors
    /// [`NeedMoreData`] when fewer than `n` are readable.
    ///
    /// # Complexity
    /// As [`make_contiguous`](StreamBuf::make_contiguous); bytes shared with a view or given to [`append`](Self::append) are copied first.
    fn contiguous_mut(&mut self, n: usize) -> Result<&mut [u8], NeedMoreData>;
}

/// Judges a limit: `held + more` readable bytes against `limit`. Nothing more is never too much, though the limit be lowered below what is held.
#[inline]
fn admit(held: usize, more: usize, limit: usize) -> Result<(), BufError> {
    let wanted = held.saturating_add(more);
    if more > 0 && wanted > limit { Err(BufError::BufferTooLarge { limit, wanted }) } else { Ok(()) }
}
