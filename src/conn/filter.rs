use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use super::output::{Output, Wire};
use crate::buf::{BufConfig, LinearBuf, SegmentedBuf, StreamBuf, StreamBufMut};
use crate::error::Refused;
use crate::time::Time;

/// A layer between the wire and the protocol that makes bytes of bytes, both ways: TLS, compression, a PROXY header.
///
/// Object safe; [pushed](super::Conn::push_filter) and [popped](super::Conn::pop_filter) while a connection runs. It holds no I/O and no queues: what it has not dealt with stays in the [`Pipe`].
///
/// ```
/// use framewright::conn::{Filter, FilterError, Pipe};
///
/// /// Inverts every bit, in both directions.
/// struct Invert;
///
/// impl Filter for Invert {
///     fn pump(&mut self, pipe: &mut Pipe<'_>) -> Result<(), FilterError> {
///         while let room @ 1.. = pipe.room().min(pipe.wire().len()) {
///             let plain: Vec<u8> = pipe.wire()[..room].iter().map(|byte| !byte).collect();
///             pipe.consume(room);
///             pipe.deliver(&plain);
///         }
///         while let room @ 1.. = pipe.wire_room().min(pipe.outgoing().len()) {
///             let coded: Vec<u8> = pipe.outgoing()[..room].iter().map(|byte| !byte).collect();
///             pipe.take(room);
///             pipe.send(&coded);
///         }
///         if pipe.wire().is_empty() && pipe.wire_has_ended() {
///             pipe.end();
///         }
///         if pipe.outgoing().is_empty() && pipe.is_closing() {
///             pipe.close();
///         }
///         Ok(())
///     }
/// }
/// ```
pub trait Filter: Send {
    /// Moves what it can, both ways, until nothing more moves: called whenever anything has changed.
    ///
    /// # Errors
    /// A [`FilterError`] ends the connection, when everything that was delivered before it has been read. What was [sent](Pipe::send) is still written: a last alert.
    fn pump(&mut self, pipe: &mut Pipe<'_>) -> Result<(), FilterError>;

    /// When it wants to be pumped though nothing has changed.
    fn deadline(&self) -> Option<Time> {
        None
    }
}

/// What becomes of bytes that were read before a filter came, or went, and have not been looked at. There is no default: bytes that a peer sent before the change could pass for bytes behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// There must be none; otherwise the change is refused.
    Reject,
    /// They go the new way: through the filter that was pushed, or past the one that was popped.
    Reroute,
}

/// Why a filter failed. Cloning is cheap.
#[derive(Clone)]
pub struct FilterError(Arc<dyn core::error::Error + Send + Sync>);

impl FilterError {
    /// Wraps an error of the filter's own.
    pub fn new(error: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Self {
        Self(Arc::from(error.into()))
    }

    /// Returns the error of the filter's own.
    #[must_use]
    pub fn get_ref(&self) -> &(dyn core::error::Error + Send + Sync + 'static) {
        &*self.0
    }
}

/// Equal if they say the same.
impl PartialEq for FilterError {
    fn eq(&self, other: &Self) -> bool {
        use alloc::string::ToString;
        Arc::ptr_eq(&self.0, &other.0) || self.0.to_string() == other.0.to_string()
    }
}

impl Eq for FilterError {}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FilterError({})", self.0)
    }
}

impl core::error::Error for FilterError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.0.source()
    }
}

/// The unread and unsent bytes on both sides of a filter.
pub struct Pipe<'a> {
    wire: &'a mut LinearBuf,
    plain: &'a mut LinearBuf,
    outgoing: &'a mut SegmentedBuf,
    sent: &'a mut SegmentedBuf,
    state: &'a mut Ends,
    /// How many unread bytes there may be above the filter.
    plain_limit: usize,
    wire_has_ended: bool,
    is_closing: bool,
    now: Time,
}

/// What a filter has said about its two directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ends {
    /// Nothing more is delivered.
    plain: bool,
    /// Nothing more is sent.
    wire: bool,
}

impl Pipe<'_> {
    /// Returns the bytes from below that have not been consumed, contiguous.
    #[must_use]
    pub fn wire(&self) -> &[u8] {
        self.wire.peek()
    }

    /// Steps over `n` bytes from below, or all there are.
    pub fn consume(&mut self, n: usize) {
        let _ = self.wire.advance(n.min(self.wire.len()));
    }

    /// Tells whether nothing more comes from below than [`wire`](Self::wire) has.
    #[must_use]
    pub fn wire_has_ended(&self) -> bool {
        self.wire_has_ended
    }

    /// Returns how many bytes can be delivered now.
    #[must_use]
    pub fn room(&self) -> usize {
        if self.state.plain { 0 } else { self.plain_limit.saturating_sub(self.plain.len()) }
    }

    /// Delivers bytes to what is above: as many as there is [room](Self::room) for. Returns how many.
    pub fn deliver(&mut self, bytes: &[u8]) -> usize {
        let now = bytes.get(..self.room()).unwrap_or(bytes);
        if self.plain.write(now).is_ok() { now.len() } else { 0 }
    }

    /// Says that nothing more will be delivered: the stream above ends cleanly there.
    pub fn end(&mut self) {
        self.state.plain = true;
    }

    /// Returns the first run of the bytes from above that have not been taken.
    #[must_use]
    pub fn outgoing(&self) -> &[u8] {
        self.outgoing.peek()
    }

    /// Steps over `n` bytes from above, or all there are.
    pub fn take(&mut self, n: usize) {
        let _ = self.outgoing.advance(n.min(self.outgoing.len()));
    }

    /// Tells whether nothing more comes from above than [`outgoing`](Self::outgoing) has, and the filter is to end its own side and then to [close](Self::close).
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.is_closing
    }

    /// Returns how many bytes it makes sense to send now. More are taken: a handshake, an alert.
    #[must_use]
    pub fn wire_room(&self) -> usize {
        if self.state.wire { 0 } else { ROOM.saturating_sub(self.sent.len()) }
    }

    /// Sends bytes down.
    pub fn send(&mut self, bytes: &[u8]) {
        if !self.state.wire {
            // The queue has no limit; the filter keeps to `wire_room`.
            let _ = self.sent.write(bytes);
        }
    }

    /// Says that nothing more will be sent.
    pub fn close(&mut self) {
        self.state.wire = true;
    }

    /// Returns the time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }
}

impl fmt::Debug for Pipe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipe")
            .field("wire", &self.wire.len())
            .field("room", &self.room())
            .field("outgoing", &self.outgoing.len())
            .field("wire_room", &self.wire_room())
            .finish_non_exhaustive()
    }
}

/// How many bytes may wait between two layers, each way: 64 KiB.
const ROOM: usize = 64 * 1024;

/// A filter, and what waits below it.
pub(super) struct Layer {
    filter: Box<dyn Filter>,
    pub(super) inbox: LinearBuf,
    pub(super) out: Wire,
    ends: Ends,
    failed: Option<FilterError>,
}

/// The filters of a connection, the one next to the wire first.
#[derive(Default)]
pub(super) struct Layers {
    layers: alloc::vec::Vec<Layer>,
    /// Whether the wire has ended.
    ended: bool,
}

/// What the layers did when they were pumped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pumped {
    /// Nothing moved.
    Nothing,
    Something,
}

impl Layers {
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// The layer next to the wire.
    pub(super) fn lowest(&mut self) -> Option<&mut Layer> {
        self.layers.first_mut()
    }

    /// What waits next to the wire, where there is a layer.
    pub(super) fn lowest_out(&self) -> Option<&Wire> {
        self.layers.first().map(|layer| &layer.out)
    }

    /// The bytes that wait between the layers and next to the wire, both ways.
    pub(super) fn held(&self) -> usize {
        self.layers.iter().map(|layer| layer.inbox.len() + layer.out.unsent()).sum()
    }

    pub(super) fn capacity(&self) -> usize {
        self.layers.iter().map(|layer| layer.inbox.capacity() + layer.out.queue.capacity()).sum()
    }

    /// The bytes that wait to be sent, in all layers.
    pub(super) fn unsent(&self) -> usize {
        self.layers.iter().map(|layer| layer.out.unsent()).sum()
    }

    /// How many bytes are worth reading from the wire.
    pub(super) fn wanted(&self, block: usize) -> usize {
        self.layers.first().map_or(0, |layer| block.min(ROOM.saturating_sub(layer.inbox.len())))
    }

    /// Refuses bytes from the wire that were not asked for.
    pub(super) fn admit(&self) -> Result<(), Refused> {
        let held = self.layers.first().map_or(0, |layer| layer.inbox.len());
        match self.ended {
            true => Err(Refused::AfterEof),
            false if held >= ROOM => Err(Refused::Backlog { held, backlog: ROOM }),
            false => Ok(()),
        }
    }

    /// Whether the wire will bring nothing more.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether the topmost delivers nothing more, to its clean end.
    pub(super) fn plain_has_ended(&self) -> bool {
        self.layers.last().is_some_and(|layer| layer.ends.plain && layer.failed.is_none())
    }

    /// Whether the lowest sends nothing more.
    pub(super) fn has_closed(&self) -> bool {
        self.layers.first().is_none_or(|layer| layer.ends.wire)
    }

    /// The failure of the lowest layer that has failed.
    pub(super) fn failure(&self) -> Option<&FilterError> {
        self.layers.iter().find_map(|layer| layer.failed.as_ref())
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        self.layers.iter().filter(|layer| layer.failed.is_none()).filter_map(|layer| layer.filter.deadline()).min()
    }

    /// Throws away what waits to be sent.
    pub(super) fn discard(&mut self) {
        self.layers.iter_mut().for_each(|layer| layer.out.discard());
    }

    /// Puts a filter on top, over what was queued before it.
    pub(super) fn push(&mut self, filter: Box<dyn Filter>, inbox: LinearBuf, out: Wire) {
        self.layers.push(Layer { filter, inbox, out, ends: Ends::default(), failed: None });
    }

    /// Takes the topmost filter off, with what waits below it.
    pub(super) fn pop(&mut self) -> Option<(Box<dyn Filter>, LinearBuf, Wire)> {
        let Layer { filter, inbox, out, .. } = self.layers.pop()?;
        Some((filter, inbox, out))
    }

    /// The unread bytes below the topmost.
    pub(super) fn unread_below_top(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.inbox.len())
    }

    /// Lets every layer move what it can, until nothing moves.
    pub(super) fn pump(&mut self, store: &mut LinearBuf, plain_limit: usize, output: &mut Output, is_closing: bool, now: Time) -> Pumped {
        let mut pumped = Pumped::Nothing;
        for _ in 0..MAX_ROUNDS {
            if !self.round(store, plain_limit, output, is_closing, now) {
                return pumped;
            }
            pumped = Pumped::Something;
        }
        self.fail(0, FilterError::new("a filter moves bytes for ever"), output);
        pumped
    }

    /// Pumps each layer once, from the wire up and down again. Tells whether anything moved.
    fn round(&mut self, store: &mut LinearBuf, plain_limit: usize, output: &mut Output, is_closing: bool, now: Time) -> bool {
        let count = self.layers.len();
        let mut moved = false;
        for at in (0..count).chain((0..count.saturating_sub(1)).rev()) {
            let wire_has_ended = if at == 0 { self.ended } else { self.layers.get(at - 1).is_some_and(|below| below.ends.plain) };
            let Some((layer, above)) = self.layers.get_mut(at..).and_then(<[Layer]>::split_first_mut) else { break };
            if layer.failed.is_some() {
                continue;
            }
            let (plain, plain_limit, outgoing, is_closing) = match above.first_mut() {
                Some(above) => (&mut above.inbox, ROOM, &mut above.out.queue, above.ends.wire),
                None => (&mut *store, plain_limit, &mut output.wire.queue, is_closing),
            };
            let before = (layer.inbox.position(), total(plain), outgoing.position(), total(&layer.out.queue), layer.ends);
            let (wire, sent) = (&mut layer.inbox, &mut layer.out.queue);
            let mut pipe = Pipe { wire, plain, outgoing, sent, state: &mut layer.ends, plain_limit, wire_has_ended, is_closing, now };
            let outcome = layer.filter.pump(&mut pipe);
            let room = pipe.room();
            let after = (layer.inbox.position(), total(plain), outgoing.position(), total(&layer.out.queue), layer.ends);
            let is_stuck = before == after && layer.inbox.len() >= ROOM && room > 0;
            moved |= before != after;
            let failure = match outcome {
                Err(error) => Some(error),
                Ok(()) if is_stuck => Some(FilterError::new("a filter makes nothing of a full buffer")),
                Ok(()) => None,
            };
            if let Some(error) = failure {
                self.fail(at, error, output);
                moved = true;
            }
        }
        moved
    }

    /// Ends a layer. What is above it can no longer be sent.
    fn fail(&mut self, at: usize, error: FilterError, output: &mut Output) {
        if let Some(layer) = self.layers.get_mut(at) {
            layer.failed = Some(error);
            layer.ends = Ends { plain: true, wire: true };
            let _ = layer.inbox.advance(layer.inbox.len());
        }
        for above in self.layers.iter_mut().skip(at + 1) {
            above.out.discard();
        }
        output.discard();
    }
}

/// How often everything may move before that is a bug: each round moves at least a byte, and 64 KiB at most are between layers.
const MAX_ROUNDS: usize = 1 << 17;

/// The bytes that were ever put into a buffer.
fn total(buf: &impl StreamBuf) -> u64 {
    buf.position() + buf.len() as u64
}

/// The storage below a filter that is pushed.
pub(super) fn inbox() -> LinearBuf {
    LinearBuf::with_config(BufConfig { max_bytes: usize::MAX, ..super::STORAGE })
}

/// The queue of what is said above a filter.
pub(super) fn queue(max_unsent: usize) -> SegmentedBuf {
    SegmentedBuf::with_config(BufConfig { max_bytes: max_unsent, ..super::STORAGE })
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layers").field("count", &self.layers.len()).field("held", &self.held()).finish_non_exhaustive()
    }
}
