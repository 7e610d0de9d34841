use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use super::layers::{self, ROOM};
use super::{Conn, Protocol};
use crate::buf::{LinearBuf, SegmentedBuf, StreamBuf, StreamBufMut};
use crate::error::ErrorKind;
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
    /// Moves what it can, both ways, until nothing more moves: called whenever anything may have changed, and again as long as anything moves.
    ///
    /// A filter that stands still for ever fails, and the connection with it: one that can make nothing of 64 KiB, or of the end of what is below it, and waits neither for a
    /// [deadline](Self::deadline) nor for room; and so does one that moves bytes for ever, out of none.
    ///
    /// # Errors
    /// A [`FilterError`] ends the connection, when everything that was delivered before it has been read. What was [sent](Pipe::send) is still written: a last alert. What is said above the filter
    /// from then on is lost.
    fn pump(&mut self, pipe: &mut Pipe<'_>) -> Result<(), FilterError>;

    /// When it wants to be pumped though nothing has changed. One that has passed when it was pumped is not waited for.
    fn deadline(&self) -> Option<Time> {
        None
    }

    /// Whether it is still being set up: [`Timer::Handshake`](super::Timer::Handshake) runs from when it was pushed.
    fn is_handshaking(&self) -> bool {
        false
    }
}

impl fmt::Debug for dyn Filter + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").field("deadline", &self.deadline()).field("is_handshaking", &self.is_handshaking()).finish_non_exhaustive()
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
pub struct FilterError {
    kind: ErrorKind,
    error: Arc<dyn core::error::Error + Send + Sync>,
}

impl FilterError {
    /// Wraps an error of the filter's own, of the kind `Protocol`.
    pub fn new(error: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Self {
        Self { kind: ErrorKind::Protocol, error: Arc::from(error.into()) }
    }

    /// Makes it an error of another kind.
    #[must_use]
    pub fn with_kind(self, kind: ErrorKind) -> Self {
        Self { kind, ..self }
    }

    /// A filter breaks the contract.
    pub(super) fn bug(what: &'static str) -> Self {
        Self::new(what).with_kind(ErrorKind::Bug)
    }

    /// Returns the class of the error.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns the error of the filter's own.
    #[must_use]
    pub fn get_ref(&self) -> &(dyn core::error::Error + Send + Sync + 'static) {
        &*self.error
    }
}

/// Equal if they are of one kind and say the same.
impl PartialEq for FilterError {
    fn eq(&self, other: &Self) -> bool {
        use alloc::string::ToString;
        self.kind == other.kind && (Arc::ptr_eq(&self.error, &other.error) || self.error.to_string() == other.error.to_string())
    }
}

impl Eq for FilterError {}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl fmt::Debug for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FilterError({})", self.error)
    }
}

impl core::error::Error for FilterError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.error.source()
    }
}

/// The unread and unsent bytes on both sides of a filter.
pub struct Pipe<'a> {
    pub(super) wire: &'a mut LinearBuf,
    pub(super) plain: &'a mut LinearBuf,
    pub(super) outgoing: &'a mut SegmentedBuf,
    pub(super) sent: &'a mut SegmentedBuf,
    pub(super) state: &'a mut Ends,
    /// How many unread bytes there may be above the filter.
    pub(super) plain_limit: usize,
    /// How many unsent bytes there may be below it, at the very most.
    pub(super) sent_limit: usize,
    pub(super) overflows: bool,
    pub(super) wire_has_ended: bool,
    pub(super) is_closing: bool,
    pub(super) now: Time,
}

/// What a filter has said about its two directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ends {
    /// Nothing more is delivered.
    pub(super) plain: bool,
    /// Nothing more is sent.
    pub(super) wire: bool,
}

impl Pipe<'_> {
    /// Returns the bytes from below that have not been consumed, contiguous: the first 64 KiB of them.
    #[must_use]
    pub fn wire(&self) -> &[u8] {
        let unread = self.wire.peek();
        unread.get(..ROOM).unwrap_or(unread)
    }

    /// Steps over `n` bytes of [`wire`](Self::wire), or all it has.
    pub fn consume(&mut self, n: usize) {
        let _ = self.wire.advance(n.min(self.wire().len()));
    }

    /// Tells whether nothing more comes from below than [`wire`](Self::wire) has.
    #[must_use]
    pub fn wire_has_ended(&self) -> bool {
        self.wire_has_ended && self.wire.len() <= ROOM
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

    /// Returns how many bytes it makes sense to send now. More are taken, within reason: a handshake, an alert.
    #[must_use]
    pub fn wire_room(&self) -> usize {
        if self.state.wire { 0 } else { ROOM.saturating_sub(self.sent.len()) }
    }

    /// Sends bytes down; nothing after it has [closed](Self::close). A filter that sends 256 KiB for which there is no [room](Self::wire_room) fails.
    pub fn send(&mut self, bytes: &[u8]) {
        if self.state.wire {
            return;
        }
        self.overflows |= self.sent.len().saturating_add(bytes.len()) > self.sent_limit;
        if !self.overflows {
            // The queue has no limit of its own.
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

/// Why a filter stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PopRefused {
    /// There is none.
    #[error("there is no filter")]
    NoFilter,
    /// It has not taken all that was queued above it.
    #[error("the filter has not taken {queued} bytes that were queued above it")]
    Queued {
        /// How many bytes are left.
        queued: usize,
    },
    /// Bytes below it are unread.
    #[error("{unread} bytes below the filter are unread")]
    Unread {
        /// How many.
        unread: usize,
    },
    /// It has failed, which the connection is to be told.
    #[error("the filter has failed")]
    Failed,
    /// An owned reservation is out, and what the filter has delivered is unread: read that first.
    #[error("an owned reservation is out, and bytes before it are unread")]
    Reserved,
}

/// Filters.
impl<P: Protocol> Conn<P> {
    /// Puts a filter between what is below and the protocol. What was queued before is sent past it.
    ///
    /// An owned reservation that is out stays good: what comes in it goes through the filter, as all that comes from now on.
    ///
    /// # Errors
    /// The filter, when bytes are unread, here or below filters that are there already, and `leftover` says to [reject](Leftover::Reject) them: the peer sent them before the change, and they would
    /// pass for bytes behind it.
    pub fn push_filter(&mut self, filter: Box<dyn Filter>, leftover: Leftover) -> Result<(), Box<dyn Filter>> {
        // What the filters below have is theirs to judge: it may be nothing for those above.
        self.rest.pump(&mut self.engine);
        if leftover == Leftover::Reject && self.engine.held_bytes() + self.rest.layers.unread() > 0 {
            return Err(filter);
        }
        let ended = self.engine.has_ended();
        let inbox = self.engine.replace_store(layers::store());
        let out = self.rest.output.put_below();
        if self.rest.layers.is_empty() && ended {
            self.rest.layers.end();
        }
        self.rest.layers.push(filter, inbox, out, self.rest.clock.now);
        Ok(())
    }

    /// Takes the topmost filter off. What it has delivered is still read, and what it has sent still written.
    ///
    /// # Errors
    /// [`PopRefused`] when there is none, when it has failed, when it has not taken all that was queued above it, when bytes below it are unread and `leftover` says to [reject](Leftover::Reject) them,
    /// or when the bytes to come into an owned reservation would come before what it has delivered.
    pub fn pop_filter(&mut self, leftover: Leftover) -> Result<Box<dyn Filter>, PopRefused> {
        self.rest.pump(&mut self.engine);
        let Some(top) = self.rest.layers.top() else { return Err(PopRefused::NoFilter) };
        match (self.rest.output.wire.unsent(), top.inbox.len()) {
            _ if top.has_failed() => return Err(PopRefused::Failed),
            (queued @ 1.., _) => return Err(PopRefused::Queued { queued }),
            (0, unread @ 1..) if leftover == Leftover::Reject => return Err(PopRefused::Unread { unread }),
            _ if top.inbox.is_reserved() && self.engine.held_bytes() > 0 => return Err(PopRefused::Reserved),
            _ => {}
        }
        let (filter, inbox, out) = self.rest.layers.pop().ok_or(PopRefused::NoFilter)?;
        // It has taken all that was queued above it.
        drop(self.rest.output.replace_wire(out));
        let mut store = self.engine.replace_store(layers::store());
        // Without a limit nothing is refused.
        let store = if store.is_empty() { inbox } else { store.write(inbox.peek()).map(|()| store).unwrap_or_default() };
        self.engine.replace_store(store);
        if self.rest.layers.is_empty() && self.rest.layers.has_ended() {
            drop(self.engine.eof());
        }
        Ok(filter)
    }
}
