use super::end::{Reading, Told};
use super::{Conn, Protocol, Rest, Steps};
use crate::buf::{OwnedReservation, RefusedCommit};
use crate::engine::READ_BLOCK;
use crate::error::Refused;
use crate::time::Time;

/// What comes in.
impl<P: Protocol> Conn<P> {
    /// Takes the next bytes from the peer, borrowed: events are handed out of the caller's own chunk. What is unread when the guard is dropped is stored; below a filter, everything.
    ///
    /// # Errors
    /// [`Refused`], with the chunk untouched: only when it was not asked for.
    #[inline]
    pub fn feed<'a>(&'a mut self, now: Time, chunk: &'a [u8]) -> Result<Steps<'a, P>, Refused> {
        self.admit()?;
        self.at(now);
        let frames = if self.rest.layers.is_empty() {
            self.engine.feed(chunk)?
        } else {
            self.rest.layers.write(chunk)?;
            self.engine.frames()
        };
        self.rest.clock.came(chunk.len());
        Ok(Steps { frames, rest: &mut self.rest })
    }

    /// Lends storage to read the next bytes from the peer into; at least one byte. Then call [`commit`](Self::commit), or nothing.
    ///
    /// # Errors
    /// [`Refused`] when nothing was to be read.
    pub fn space(&mut self) -> Result<&mut [u8], Refused> {
        self.admit()?;
        let Rest { layers, block, lent, .. } = &mut self.rest;
        let space =
            if layers.is_empty() { self.engine.reserve_block(*block)?.into_mut_slice() } else { layers.reserve(*block)?.into_mut_slice() };
        *lent = space.len();
        Ok(space)
    }

    /// Takes the first `n` bytes of the [`space`](Self::space) as the next from the peer. 0 is a no-op, never the end.
    ///
    /// # Errors
    /// [`Refused`] when there was no such space.
    pub fn commit(&mut self, now: Time, n: usize) -> Result<(), Refused> {
        let lent = core::mem::take(&mut self.rest.lent);
        if n > lent {
            return Err(Refused::CommitTooLarge { reserved: lent, committed: n });
        }
        self.at(now);
        if n == 0 {
            return Ok(());
        }
        if self.rest.layers.is_empty() {
            drop(self.engine.reserve_again(lent)?.commit(n)?);
        } else {
            self.rest.layers.commit(lent, n)?;
        }
        if n == lent {
            self.rest.block = READ_BLOCK;
        }
        self.rest.clock.came(n);
        Ok(())
    }

    /// Lends storage for the next bytes from the peer that leaves the connection: for completion I/O.
    ///
    /// # Errors
    /// As for [`space`](Self::space).
    pub fn reserve_owned(&mut self) -> Result<OwnedReservation, Refused> {
        self.admit()?;
        let Rest { layers, block, .. } = &mut self.rest;
        if layers.is_empty() { self.engine.reserve_owned_block(*block) } else { layers.reserve_owned(*block) }
    }

    /// Takes what was put into an owned reservation as the next bytes from the peer.
    ///
    /// # Errors
    /// As [`Engine::commit_owned`](crate::Engine::commit_owned).
    pub fn commit_owned(&mut self, now: Time, reservation: OwnedReservation) -> Result<(), RefusedCommit<Refused>> {
        self.at(now);
        let came = reservation.storage.len();
        if self.rest.layers.is_empty() {
            drop(self.engine.commit_owned(reservation)?);
        } else {
            self.rest.layers.commit_owned(reservation)?;
        }
        if came >= self.rest.block {
            self.rest.block = READ_BLOCK;
        }
        self.rest.clock.came(came);
        Ok(())
    }

    /// Says that the peer sends nothing more. What came before is still given.
    pub fn eof(&mut self, now: Time) {
        self.at(now);
        if self.rest.layers.is_empty() {
            drop(self.engine.eof());
        } else {
            self.rest.layers.end();
        }
    }

    /// Refuses input to a connection that reads nothing more, and to a filter that is full: the engine judges the rest.
    #[inline]
    fn admit(&self) -> Result<(), Refused> {
        if matches!(self.rest.reading, Reading::Concluded(Err(_)) | Reading::Over(Told::Failure)) {
            return Err(Refused::Failed);
        }
        if self.rest.layers.is_empty() { Ok(()) } else { self.rest.layers.admit() }
    }
}
