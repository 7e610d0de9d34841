//! The ways in which bytes enter an engine.

use bytes::Bytes;
use core::fmt;

use super::frames::Mode;
use super::{Awaits, EAGER_RESERVE, Engine, Frames, READ_BLOCK, State, Supply};
use crate::buf::{OwnedReservation, RefusedCommit, Reservation, StreamBufMut};
use crate::decode::Decode;
use crate::error::{BufError, Refused};

impl<D: Decode, B: StreamBufMut> Engine<D, B> {
    /// Takes the next bytes of the stream, borrowed: frames are handed out of the caller's own chunk.
    ///
    /// Only frames that straddle chunks, frames that the decoder rewrites, and what is unread when the guard is dropped are copied. An empty chunk is a no-op, never the end of the stream.
    ///
    /// # Errors
    /// [`Refused`], with the chunk untouched. The size of the chunk is never judged; a caller that asks for frames until [`Step::NeedMoreData`](super::Step::NeedMoreData) or
    /// [`Step::Idle`](super::Step::Idle) never sees [`Refused::Backlog`].
    #[inline(always)]
    pub fn feed<'a>(&'a mut self, chunk: &'a [u8]) -> Result<Frames<'a, D, B>, Refused> {
        self.admit()?;
        if let Awaits::Bytes(due) = self.awaits {
            let held = self.held_bytes();
            let lacking = due.saturating_sub(held);
            if chunk.len() < lacking {
                self.keep(chunk);
                return Ok(Frames::new(self, &[], Mode::Slow));
            }
            if lacking > 1 && held > 0 && self.skipped == 0 && !D::REWRITES {
                // The frame is most likely whole with these, and then lies together.
                let (moved, rest) = chunk.split_at(lacking);
                self.keep(moved);
                self.supply = Supply::Lent;
                return Ok(Frames::new(self, rest, Mode::Stored));
            }
        }
        if !chunk.is_empty() {
            self.supply = Supply::Lent;
            self.awaits_no_frame();
        }
        let mode = self.mode();
        Ok(Frames::new(self, chunk, mode))
    }

    /// Takes the next bytes of the stream, owned: a [`SegmentedBuf`](crate::buf::SegmentedBuf) shares them with the frames that are kept.
    ///
    /// # Errors
    /// [`Refused`], as for [`feed`](Self::feed); clone the handle first to keep the bytes.
    pub fn feed_owned(&mut self, chunk: Bytes) -> Result<Frames<'_, D, B>, Refused> {
        self.admit()?;
        self.free();
        if self.store.append(chunk).is_err() {
            self.state = State::Failed(self.bug("the buffer refused bytes"));
        }
        Ok(self.go_on())
    }

    /// Lends storage to read the next bytes of the stream into: a block of [`READ_BLOCK`] bytes or, when the frame that is due needs more, its room.
    ///
    /// The room of a frame is sized to its claim up to [`EAGER_RESERVE`] bytes; beyond that it at most doubles what has arrived, and the last step is exact.
    ///
    /// # Errors
    /// [`Refused`], as for [`feed`](Self::feed): before a byte is read that could not be taken.
    ///
    /// ```
    /// use std::io::Read;
    /// use framewright::{Engine, Step, framing::Lines};
    ///
    /// let mut source = &b"one\ntwo\n"[..];
    /// let mut engine = Engine::new(Lines::new(1024));
    /// let mut room = engine.reserve()?;
    /// let n = source.read(room.as_mut_slice())?;
    /// let mut frames = room.commit(n)?;
    /// assert!(matches!(frames.next_frame()?, Step::Frame(b"one", _)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn reserve(&mut self) -> Result<Room<'_, D, B>, Refused> {
        self.reserve_block(READ_BLOCK)
    }

    /// Lends storage for the next bytes of the stream that leaves the engine: it may cross threads, awaits and completion queues, and comes back by [`commit_owned`](Self::commit_owned).
    ///
    /// As large as what [`reserve`](Self::reserve) lends. While it is out, [`frames`](Self::frames) goes on, and other input is refused with [`Refused::OutstandingReserve`].
    ///
    /// # Errors
    /// [`Refused`], as for [`feed`](Self::feed).
    ///
    /// ```
    /// use framewright::{Engine, Step, framing::Lines};
    ///
    /// let mut engine = Engine::new(Lines::new(1024));
    /// let mut reservation = engine.reserve_owned()?;
    /// reservation.storage.extend_from_slice(b"read by a completion queue\n");
    /// let mut frames = engine.commit_owned(reservation).map_err(|refused| refused.error)?;
    /// assert!(matches!(frames.next_frame()?, Step::Frame(b"read by a completion queue", _)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reserve_owned(&mut self) -> Result<OwnedReservation, Refused> {
        self.reserve_owned_block(READ_BLOCK)
    }

    pub(crate) fn reserve_owned_block(&mut self, block: usize) -> Result<OwnedReservation, Refused> {
        self.admit()?;
        self.free();
        let len = self.room(block);
        let reservation = self.store.reserve_owned(len).map_err(|_| Refused::OutstandingReserve)?;
        self.supply = Supply::Reserved;
        Ok(reservation)
    }

    /// Takes what was put into an owned reservation as the next bytes of the stream. None is a no-op, never the end of the stream.
    ///
    /// # Errors
    /// [`Refused::NoOutstandingReserve`] for one that is not out, [`Refused::CommitTooLarge`] for one that holds more than was reserved, [`Refused::Failed`] after a fatal error. The storage comes back
    /// with the error.
    pub fn commit_owned(&mut self, reservation: OwnedReservation) -> Result<Frames<'_, D, B>, RefusedCommit<Refused>> {
        if let State::Failed(_) = self.state {
            return Err(RefusedCommit { error: Refused::Failed, reservation });
        }
        if let Err(RefusedCommit { error, reservation }) = self.store.commit_owned(reservation) {
            let error = match error {
                BufError::CommitTooLarge { reserved, committed } => Refused::CommitTooLarge { reserved, committed },
                _ => Refused::NoOutstandingReserve,
            };
            return Err(RefusedCommit { error, reservation });
        }
        self.supply = Supply::Open;
        Ok(self.go_on())
    }

    /// Gives up the owned reservation that is out. Whoever holds its storage keeps it; bytes in it are not of this stream.
    ///
    /// # Errors
    /// [`Refused::NoOutstandingReserve`] when none is out.
    pub fn cancel_reserve(&mut self) -> Result<(), Refused> {
        self.store.cancel_reserve().map_err(|_| Refused::NoOutstandingReserve)?;
        self.supply = Supply::Open;
        Ok(())
    }

    /// Announces the end of the stream. Every frame that is still whole comes first, then [`Step::End`](super::Step::End) or an error.
    ///
    /// Saying it again changes nothing. A reservation that is out is cancelled: nothing follows.
    #[inline]
    pub fn eof(&mut self) -> Frames<'_, D, B> {
        self.check_forgotten();
        if self.supply == Supply::Reserved {
            let _ = self.store.cancel_reserve();
        }
        if matches!(self.supply, Supply::Open | Supply::Reserved) {
            self.supply = Supply::Ended;
        }
        self.go_on()
    }

    /// Goes on with what is stored, without new input: after stopping early, and after [`Refused::Backlog`].
    #[inline]
    pub fn frames(&mut self) -> Frames<'_, D, B> {
        self.check_forgotten();
        self.go_on()
    }

    fn go_on(&mut self) -> Frames<'_, D, B> {
        let mode = self.resume();
        Frames::new(self, &[], mode)
    }

    /// Prepares for a look at what is stored.
    #[inline(always)]
    pub(super) fn resume(&mut self) -> Mode {
        if self.awaits == Awaits::Frame && self.held_bytes() > 0 {
            self.awaits = Awaits::Look;
        }
        self.mode()
    }

    /// The first byte of a frame is there.
    #[inline(always)]
    fn awaits_no_frame(&mut self) {
        if self.awaits == Awaits::Frame {
            self.awaits = Awaits::Look;
        }
    }

    #[inline]
    pub(super) fn check_forgotten(&mut self) {
        if self.supply == Supply::Lent {
            self.supply = Supply::Forgotten;
            self.state = State::Failed(self.forgotten());
            self.awaits = Awaits::Look;
        }
    }

    /// Refuses input that cannot be taken now.
    #[inline(always)]
    pub(crate) fn admit(&self) -> Result<(), Refused> {
        let held = self.held_bytes();
        let open = matches!((self.supply, &self.state), (Supply::Open, State::Running | State::Over));
        if open && (held < self.backlog || held == 0 || !self.is_ready(held)) { Ok(()) } else { Err(self.refusal(held)) }
    }

    #[cold]
    fn refusal(&self, held: usize) -> Refused {
        match (self.supply, &self.state) {
            (Supply::Lent | Supply::Forgotten, _) => Refused::ChunkForgotten,
            (_, State::Failed(_)) => Refused::Failed,
            (Supply::Ended, _) => Refused::AfterEof,
            (Supply::Reserved, _) => Refused::OutstandingReserve,
            (Supply::Open, _) => Refused::Backlog { held, backlog: self.backlog },
        }
    }

    /// Stores bytes of the caller's.
    #[inline(always)]
    pub(super) fn keep(&mut self, chunk: &[u8]) {
        self.free();
        if self.store.spare() < chunk.len() {
            self.make_room(chunk.len());
        }
        if self.store.write(chunk).is_err() {
            self.state = State::Failed(self.bug("the buffer refused bytes"));
        }
    }

    /// Stores what is unread of a chunk that was lent.
    #[inline(never)]
    pub(super) fn give_back(&mut self, chunk: &[u8]) {
        self.supply = Supply::Open;
        if !chunk.is_empty() {
            self.keep(chunk);
        }
    }

    /// Lends the `len` bytes of a [`Room`] again that was lent last.
    pub(crate) fn reserve_again(&mut self, len: usize) -> Result<Room<'_, D, B>, Refused> {
        self.admit()?;
        Ok(Room { engine: self, len })
    }

    /// Lends storage of `block` bytes, or the room of the frame that is due, to be committed [when it is lent again](Self::reserve_again).
    pub(crate) fn reserve_block(&mut self, block: usize) -> Result<Room<'_, D, B>, Refused> {
        self.admit()?;
        self.free();
        let len = self.room(block);
        Ok(Room { engine: self, len })
    }

    /// How many bytes are worth reading now, in blocks of `block`.
    pub(crate) fn wanted(&self, block: usize) -> usize {
        self.claim().max(block)
    }

    /// Lends the store to be written behind what is unread.
    pub(crate) fn store_mut(&mut self) -> &mut B {
        self.free();
        &mut self.store
    }

    /// Looks again at what is unread, though no more of it has come.
    pub(crate) fn look_again(&mut self) {
        self.awaits = Awaits::Look;
    }

    /// How many bytes to lend, with storage provided for them: a block or, of a longer frame that is due, as much as its storage has room for. That storage grows by exact steps, and by half of what is
    /// held at least: a decoder that asks for one byte more each time would have all moved each time.
    fn room(&mut self, block: usize) -> usize {
        let claim = self.claim();
        if self.held_bytes() + claim <= EAGER_RESERVE {
            if claim > block {
                self.store.provide(claim);
            }
            return claim.max(block);
        }
        if self.store.spare() < claim.min(block) {
            self.store.provide(claim.max(self.held_bytes() / 2));
        }
        self.store.spare().min(claim.max(block))
    }

    /// Prepares for `n` bytes of a frame that is to be long; other storage grows as the buffer sees fit, which is by doubling. What doubling would do is left to it: a decoder that asks for one byte more each
    /// time would have all moved each time.
    #[cold]
    pub(super) fn make_room(&mut self, n: usize) {
        let claim = self.claim();
        if claim > n.saturating_mul(2).saturating_add(self.held_bytes()) {
            self.store.provide(claim);
        }
    }

    /// The storage to provide for the frame that is due: what it still lacks, as far as what has arrived warrants it.
    #[inline]
    fn claim(&self) -> usize {
        let Awaits::Bytes(due) = self.awaits else { return 0 };
        let held = self.held_bytes();
        let warranted = EAGER_RESERVE.saturating_sub(held).max(held);
        due.saturating_sub(held).min(warranted)
    }
}

/// Storage of an engine, lent to read into. Dropping it changes nothing.
#[must_use = "bytes read into it are taken by `commit` only"]
pub struct Room<'a, D: Decode, B> {
    engine: &'a mut Engine<D, B>,
    len: usize,
}

impl<'a, D: Decode, B: StreamBufMut> Room<'a, D, B> {
    /// Returns the bytes to fill, from the front: at least one. They are initialised, with zeros or with old bytes of this stream.
    #[inline]
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        match self.engine.store.reserve(self.len) {
            Ok(reservation) => reservation.into_mut_slice(),
            Err(_) => &mut [],
        }
    }

    /// The bytes to fill, for as long as the engine is lent.
    pub(crate) fn into_mut_slice(self) -> &'a mut [u8] {
        self.engine.store.reserve(self.len).map(Reservation::into_mut_slice).unwrap_or_default()
    }

    /// Takes the first `n` bytes as the next of the stream. 0 is a no-op, never the end of the stream.
    ///
    /// # Errors
    /// [`Refused::CommitTooLarge`] when fewer were lent; then nothing is taken.
    #[inline]
    pub fn commit(self, n: usize) -> Result<Frames<'a, D, B>, Refused> {
        let committed = self.engine.store.reserve(self.len).and_then(|reservation| reservation.commit(n));
        if n > self.len || committed.is_err() {
            return Err(Refused::CommitTooLarge { reserved: self.len, committed: n });
        }
        Ok(self.engine.go_on())
    }

    /// Announces the end of the stream instead: there was nothing more to read. As [`Engine::eof`].
    #[must_use]
    pub fn eof(self) -> Frames<'a, D, B> {
        self.engine.eof()
    }
}

impl<D: Decode, B: StreamBufMut> fmt::Debug for Room<'_, D, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room").field("len", &self.len).finish_non_exhaustive()
    }
}
