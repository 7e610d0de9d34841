use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::end::Writing;
use super::filter::{Ends, Filter, FilterError, Pipe};
use super::output::{Output, Wire};
use super::{Protocol, Rest};
use crate::buf::{BufConfig, LinearBuf, OwnedReservation, RefusedCommit, Reservation, StreamBuf, StreamBufMut};
use crate::decode::Decode;
use crate::engine::Engine;
use crate::error::{BufError, Refused};
use crate::time::Time;

/// How many bytes may wait between two layers, each way: 64 KiB.
pub(super) const ROOM: usize = 64 * 1024;
/// How many bytes a filter may send, whatever the room.
const MAX_SENT: usize = 4 * ROOM;
/// How often everything may move without a byte being taken off either end, before that is a bug: filters that make many bytes of few stop when there is no room, and go on once for each 64 KiB.
const MAX_SPINS: u32 = 1 << 14;

/// A filter, and what waits below it.
pub(super) struct Layer {
    filter: Box<dyn Filter>,
    pub(super) inbox: LinearBuf,
    pub(super) out: Wire,
    /// The bytes that were queued before the filter came.
    before: usize,
    since: Time,
    ends: Ends,
    failed: Option<FilterError>,
}

/// The filters of a connection, the one next to the wire first.
#[derive(Default)]
pub(super) struct Layers {
    stack: Vec<Layer>,
    /// Whether the wire has ended.
    ended: bool,
    /// How often everything has moved since a byte was taken off either end, or something came from the driver.
    spins: u32,
    driven: (Time, u64, u64),
}

/// What the layers did when they were pumped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pumped {
    /// Nothing moved.
    Nothing,
    Something,
}

/// What lies above the topmost layer.
pub(super) struct Top<'a> {
    pub(super) store: &'a mut LinearBuf,
    /// How many unread bytes there may be in it.
    pub(super) limit: usize,
    pub(super) output: &'a mut Output,
    pub(super) is_closing: bool,
    pub(super) now: Time,
}

impl Layers {
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.stack.is_empty()
    }

    /// The layer next to the wire.
    pub(super) fn lowest(&mut self) -> Option<&mut Layer> {
        self.stack.first_mut()
    }

    /// What waits next to the wire, where there is a layer.
    pub(super) fn lowest_out(&self) -> Option<&Wire> {
        self.stack.first().map(|layer| &layer.out)
    }

    /// The bytes that wait between the layers and next to the wire, both ways.
    pub(super) fn held(&self) -> usize {
        self.unread() + self.unsent()
    }

    pub(super) fn capacity(&self) -> usize {
        self.stack.iter().map(|layer| layer.inbox.capacity() + layer.out.queue.capacity()).sum()
    }

    /// The bytes that wait below layers to be looked at.
    pub(super) fn unread(&self) -> usize {
        self.stack.iter().map(|layer| layer.inbox.len()).sum()
    }

    /// The bytes that wait to be sent, in all layers.
    pub(super) fn unsent(&self) -> usize {
        self.stack.iter().map(|layer| layer.out.unsent()).sum()
    }

    /// Where bytes from the wire go, unless they were not asked for.
    fn inbox(&mut self) -> Result<&mut LinearBuf, Refused> {
        self.admit()?;
        self.stack.first_mut().map(|lowest| &mut lowest.inbox).ok_or(Refused::Failed)
    }

    /// Takes bytes from the wire.
    pub(super) fn write(&mut self, chunk: &[u8]) -> Result<(), Refused> {
        self.inbox()?.write(chunk).map_err(|_| Refused::Failed)
    }

    /// Lends storage for bytes from the wire, the same again as long as nothing is pumped.
    pub(super) fn reserve(&mut self, block: usize) -> Result<Reservation<'_>, Refused> {
        let wanted = self.wanted(block);
        self.inbox()?.reserve(wanted).map_err(|_| Refused::Failed)
    }

    /// Takes the first `n` bytes of storage of `lent` bytes that was lent.
    pub(super) fn commit(&mut self, lent: usize, n: usize) -> Result<(), Refused> {
        let refused = |_| Refused::CommitTooLarge { reserved: lent, committed: n };
        self.reserve(lent)?.commit(n).map_err(refused)
    }

    pub(super) fn reserve_owned(&mut self, block: usize) -> Result<OwnedReservation, Refused> {
        let wanted = self.wanted(block);
        self.inbox()?.reserve_owned(wanted).map_err(|_| Refused::OutstandingReserve)
    }

    pub(super) fn commit_owned(&mut self, reservation: OwnedReservation) -> Result<(), RefusedCommit<Refused>> {
        let lowest = self.stack.first_mut().filter(|lowest| lowest.failed.is_none());
        let Some(lowest) = lowest else { return Err(RefusedCommit { error: Refused::Failed, reservation }) };
        lowest.inbox.commit_owned(reservation).map_err(|RefusedCommit { error, reservation }| {
            let error = match error {
                BufError::CommitTooLarge { reserved, committed } => Refused::CommitTooLarge { reserved, committed },
                _ => Refused::NoOutstandingReserve,
            };
            RefusedCommit { error, reservation }
        })
    }

    /// How many bytes are worth reading from the wire, in blocks of `block`.
    pub(super) fn wanted(&self, block: usize) -> usize {
        let lowest = self.stack.first().filter(|layer| !self.ended && layer.failed.is_none());
        lowest.map_or(0, |layer| block.min(ROOM.saturating_sub(layer.inbox.len())))
    }

    /// Refuses bytes from the wire that were not asked for.
    pub(super) fn admit(&self) -> Result<(), Refused> {
        let lowest = self.stack.first().filter(|lowest| lowest.failed.is_none()).ok_or(Refused::Failed)?;
        match lowest.inbox.len() {
            _ if self.ended => Err(Refused::AfterEof),
            _ if lowest.inbox.is_reserved() => Err(Refused::OutstandingReserve),
            held @ ROOM.. => Err(Refused::Backlog { held, backlog: ROOM }),
            _ => Ok(()),
        }
    }

    /// The wire brings nothing more, not even into a reservation.
    pub(super) fn end(&mut self) {
        self.ended = true;
        if let Some(lowest) = self.stack.first_mut() {
            let _ = lowest.inbox.cancel_reserve();
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether the topmost delivers nothing more, to its clean end.
    pub(super) fn plain_has_ended(&self) -> bool {
        self.stack.last().is_some_and(Layer::has_ended)
    }

    /// Whether the lowest sends nothing more.
    pub(super) fn has_closed(&self) -> bool {
        self.stack.first().is_none_or(|layer| layer.ends.wire)
    }

    /// Whether a layer that works sends nothing more.
    pub(super) fn has_hung_up(&self) -> bool {
        self.stack.iter().any(|layer| layer.ends.wire && layer.failed.is_none())
    }

    /// The failure that comes first in the stream: that of the topmost layer that has failed, since what lower ones have delivered came before theirs.
    fn failure(&self) -> Option<&FilterError> {
        self.stack.iter().rev().find_map(|layer| layer.failed.as_ref())
    }

    pub(super) fn deadline(&self, now: Time) -> Option<Time> {
        self.stack.iter().filter_map(|layer| layer.waits(now)).min()
    }

    /// Since when a filter has been in its handshake.
    pub(super) fn handshake(&self) -> Option<Time> {
        self.stack.iter().filter(|layer| layer.failed.is_none() && layer.filter.is_handshaking()).map(|layer| layer.since).min()
    }

    /// What has failed, when everything that was delivered is read.
    #[inline]
    pub(super) fn check(&mut self, now: Time) -> Option<FilterError> {
        if self.is_empty() {
            return None;
        }
        self.is_stuck(now);
        self.failure().cloned()
    }

    /// Throws away what waits to be sent.
    pub(super) fn discard(&mut self) {
        self.stack.iter_mut().for_each(|layer| layer.out.discard());
    }

    /// Releases storage that holds nothing.
    pub(super) fn release(&mut self) {
        self.stack.iter_mut().filter(|layer| layer.out.unsent() == 0).for_each(|layer| layer.out.queue.release());
    }

    /// Puts a filter on top, over what was read and queued before it.
    pub(super) fn push(&mut self, filter: Box<dyn Filter>, inbox: LinearBuf, out: Wire, since: Time) {
        let before = out.queue.len();
        self.stack.push(Layer { filter, inbox, out, before, since, ends: Ends::default(), failed: None });
    }

    /// The topmost.
    pub(super) fn top(&self) -> Option<&Layer> {
        self.stack.last()
    }

    /// Takes the topmost filter off, with what waits below it.
    pub(super) fn pop(&mut self) -> Option<(Box<dyn Filter>, LinearBuf, Wire)> {
        let Layer { filter, inbox, out, .. } = self.stack.pop()?;
        Some((filter, inbox, out))
    }

    /// Lets every layer move what it can, until nothing moves.
    pub(super) fn pump(&mut self, mut top: Top<'_>) -> Pumped {
        let driven = self.stack.first().map(|lowest| (top.now, total(&lowest.inbox), lowest.out.queue.position())).unwrap_or_default();
        if driven != self.driven {
            (self.driven, self.spins) = (driven, 0);
        }
        let mut pumped = Pumped::Nothing;
        let mut taken = self.taken(&top);
        while self.round(&mut top) {
            pumped = Pumped::Something;
            let before = core::mem::replace(&mut taken, self.taken(&top));
            self.spins = if taken == before { self.spins + 1 } else { 0 };
            if self.spins > MAX_SPINS {
                self.fail_all("a filter moves bytes for ever");
            }
        }
        self.cut(top.output);
        pumped
    }

    /// How many bytes were taken off either end.
    fn taken(&self, top: &Top<'_>) -> (u64, u64) {
        (self.stack.first().map_or(0, |lowest| lowest.inbox.position()), top.output.wire.queue.position())
    }

    /// Pumps each layer once, from the wire up and down again. Tells whether anything moved.
    fn round(&mut self, top: &mut Top<'_>) -> bool {
        let count = self.stack.len();
        let mut moved = false;
        for at in (0..count).chain((0..count.saturating_sub(1)).rev()) {
            let below = at.checked_sub(1).and_then(|below| self.stack.get(below));
            let wire_has_ended = below.map_or(self.ended, Layer::has_ended);
            let Some((layer, above)) = self.stack.get_mut(at..).and_then(<[Layer]>::split_first_mut) else { break };
            if layer.failed.is_some() {
                continue;
            }
            match layer.pump(above.first_mut(), top, wire_has_ended) {
                Ok(Pumped::Nothing) => {}
                Ok(Pumped::Something) => moved = true,
                Err(error) => {
                    self.fail(at, error);
                    moved = true;
                }
            }
        }
        moved
    }

    /// Ends a layer. What is above it can no longer be sent.
    fn fail(&mut self, at: usize, error: FilterError) {
        if let Some(layer) = self.stack.get_mut(at) {
            layer.failed.get_or_insert(error);
            layer.ends = Ends { plain: true, wire: true };
            let _ = layer.inbox.advance(layer.inbox.len());
        }
    }

    /// Ends all layers, when it cannot be told which of them breaks the contract.
    fn fail_all(&mut self, what: &'static str) {
        let error = FilterError::bug(what);
        (0..self.stack.len()).for_each(|at| self.fail(at, error.clone()));
    }

    /// Ends all layers where nothing can move them any more: they made nothing of what there is, nothing is to be sent, and nothing comes. Tells whether that is so.
    pub(super) fn is_stuck(&mut self, now: Time) -> bool {
        let can_move = |lowest: &Layer| lowest.failed.is_some() || lowest.out.unsent() > 0;
        if self.wanted(1) > 0 || self.stack.first().is_none_or(can_move) || self.deadline(now).is_some() {
            return false;
        }
        let is_full = self.stack.iter().any(|layer| layer.inbox.len() >= ROOM);
        self.fail_all(if is_full {
            "a filter makes nothing of a full buffer"
        } else {
            "a filter does not end though the stream below it has"
        });
        true
    }

    /// Throws away what is above a layer that sends nothing more.
    fn cut(&mut self, output: &mut Output) {
        if let Some(closed) = self.stack.iter().position(|layer| layer.ends.wire) {
            self.stack.iter_mut().skip(closed + 1).for_each(|above| above.out.discard());
            output.discard();
        }
    }
}

impl Layer {
    /// Whether it delivers nothing more, to its clean end.
    fn has_ended(&self) -> bool {
        self.ends.plain && self.failed.is_none()
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// When it is to be pumped again. One whose time has come was pumped, and waits for something else.
    fn waits(&self, now: Time) -> Option<Time> {
        self.filter.deadline().filter(|at| *at > now && self.failed.is_none())
    }

    /// Pumps it once.
    fn pump(&mut self, above: Option<&mut Self>, top: &mut Top<'_>, wire_has_ended: bool) -> Result<Pumped, FilterError> {
        let (plain, plain_limit, outgoing, is_closing) = match above {
            Some(above) => (&mut above.inbox, ROOM, &mut above.out.queue, above.ends.wire),
            None => (&mut *top.store, top.limit, &mut top.output.wire.queue, top.is_closing),
        };
        let before = (self.inbox.position(), total(plain), outgoing.position(), total(&self.out.queue), self.ends);
        let mut pipe = Pipe {
            wire: &mut self.inbox,
            plain,
            outgoing,
            sent: &mut self.out.queue,
            state: &mut self.ends,
            plain_limit,
            sent_limit: MAX_SENT + self.before,
            overflows: false,
            wire_has_ended,
            is_closing,
            now: top.now,
        };
        self.filter.pump(&mut pipe)?;
        if pipe.overflows {
            return Err(FilterError::bug("a filter sends more than there is room for"));
        }
        let after = (self.inbox.position(), total(plain), outgoing.position(), total(&self.out.queue), self.ends);
        Ok(if before == after { Pumped::Nothing } else { Pumped::Something })
    }
}

/// The bytes that were ever put into a buffer.
fn total(buf: &impl StreamBuf) -> u64 {
    buf.position() + buf.len() as u64
}

/// The storage above a filter that is pushed.
pub(super) fn store() -> LinearBuf {
    LinearBuf::with_config(BufConfig { max_bytes: usize::MAX, ..super::STORAGE })
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layers").field("count", &self.stack.len()).field("held", &self.held()).finish_non_exhaustive()
    }
}

impl<F: core::error::Error + Clone + 'static> Rest<F> {
    /// Lets the filters move what they can.
    #[inline]
    pub(super) fn pump<P: Protocol + Decode<Fault = F>>(&mut self, engine: &mut Engine<P>) -> Pumped {
        if self.layers.is_empty() { Pumped::Nothing } else { self.pump_layers(engine) }
    }

    #[cold]
    fn pump_layers<P: Protocol + Decode<Fault = F>>(&mut self, engine: &mut Engine<P>) -> Pumped {
        // A frame may need more than the room that there is for what can be read at once.
        let limit = if engine.is_waiting() { engine.held_bytes() + engine.wanted(ROOM) } else { ROOM };
        let (is_closing, now) = (self.writing != Writing::Open, self.clock.now);
        let pumped = self.layers.pump(Top { store: engine.store_mut(), limit, output: &mut self.output, is_closing, now });
        self.output.settle();
        match self.writing {
            Writing::Open if self.layers.has_hung_up() => self.writing = Writing::Closing,
            Writing::Open | Writing::Closing => {}
            Writing::Shut => self.discard(),
        }
        if self.reading.goes_on() {
            self.clock.filters_shake_hands(self.layers.handshake());
        }
        if self.layers.plain_has_ended() && !engine.has_ended() {
            drop(engine.eof());
            return Pumped::Something;
        }
        pumped
    }
}
