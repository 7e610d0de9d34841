//! A whole connection as a state machine: reads, writes, keeps time and ends well, and leaves all I/O to a driver. SPEC.md, chapters CN and IG.
//!
//! One call does all the work that needs no I/O, and then says what it wants. The application's loop is the same under every driver; a driver only satisfies a [`Want`]. [`writing_a_driver`](crate::guide::writing_a_driver) has it over sockets.
//!
//! ```
//! use framewright::conn::{Conn, Plain, Turn};
//! use framewright::{Time, framing::Lines};
//!
//! let now = Time::ZERO; // a driver's clock
//! let mut conn = Conn::new(Plain(Lines::new(1024)), now);
//! let mut wire = &b"hello\nworld\n"[..]; // a socket, at whose end the peer is done sending
//! let mut sent = Vec::<u8>::new();
//! loop {
//!     match conn.step() {
//!         // Answers while the event is still borrowed.
//!         Turn::Event(line, mut out) => out.send(line)?,
//!         Turn::Bad(error, _) => println!("stepped over: {error}"),
//!         Turn::Over(_result, mut out) => out.send("bye")?,
//!         Turn::Want(want) if want.write > 0 => {
//!             sent.extend(conn.output().flatten());
//!             conn.sent(now, want.write)?;
//!         }
//!         Turn::Want(want) if want.shutdown => conn.shut(now),
//!         Turn::Want(want) if want.read > 0 => match std::io::Read::read(&mut wire, conn.space()?)? {
//!             0 => conn.eof(now),
//!             n => conn.commit(now, n)?,
//!         },
//!         Turn::Want(_) => unreachable!("a deadline alone: wait for it, and then conn.tick(now)"),
//!         Turn::Handoff | Turn::Done => break,
//!     }
//! }
//! assert_eq!(sent, b"hello\nworld\nbye\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod erased;
mod filter;
mod idle_gap;
mod output;
mod protocol;
mod timers;
#[cfg(feature = "rustls")]
mod tls;

use alloc::boxed::Box;
use core::fmt;

use self::filter::{Layers, Pumped, Top};
use self::output::{Output, Wire};
use self::timers::{Clock, Waits};
use crate::buf::{BufConfig, LinearBuf, OwnedReservation, RefusedCommit, SegmentedBuf, StreamBuf, StreamBufMut, View};
use crate::decode::Decode;
use crate::engine::{
    Cursor, DEFAULT_BACKLOG, DEFAULT_MAX_FRAME, Engine, Frames, Lent, Next, Parts, READ_BLOCK, Role, Spot, Stepped, Where,
};
use crate::error::{Error, ErrorKind, NeedMoreData, Refused};
use crate::time::Time;

pub use self::erased::{AnyConn, AnyTurn, Erased};
pub use self::filter::{Filter, FilterError, Leftover, Pipe};
pub use self::idle_gap::{IdleGap, Silent};
pub use self::output::Outbox;
pub use self::protocol::{Phase, Plain, Protocol, Reaction, Replies};
pub use self::timers::{MinRate, Timeouts, Timer};
#[cfg(feature = "rustls")]
pub use self::tls::{Session, Tls, Unclean};

/// The limits of a connection. All are on by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest frame, in encoded bytes: 16 MiB. The protocol's own limit counts beside it.
    pub max_frame: usize,
    /// The unread bytes above which input is refused to a driver that does not drain its steps: 1 MiB.
    pub backlog: usize,
    /// The unsent bytes from which on the outbox is no longer [writable](Outbox::is_writable): 64 KiB. Advice.
    pub high_water: usize,
    /// The most unsent bytes; a message for which there is no room comes back: 1 MiB. Automatic answers count beside it.
    pub max_unsent: usize,
    /// The unsent bytes of automatic answers above which nothing is read: 16 KiB.
    pub replies: usize,
    /// The timers.
    pub timeouts: Timeouts,
}

impl Limits {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        max_frame: DEFAULT_MAX_FRAME,
        backlog: DEFAULT_BACKLOG,
        high_water: 64 * 1024,
        max_unsent: 1024 * 1024,
        replies: 16 * 1024,
        timeouts: Timeouts::DEFAULT,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What a connection reads at once when nothing is due, and the largest storage that it keeps while it waits: 512 B.
const SMALL_BLOCK: usize = 512;
const STORAGE: BufConfig = BufConfig { shrink_above: SMALL_BLOCK, ..BufConfig::DEFAULT };

/// A connection: a [`Protocol`], and everything that it needs but I/O.
///
/// | state | reads | writes | next |
/// |---|---|---|---|
/// | open | yes | yes | whatever happens first |
/// | draining, by [`begin_drain`](Self::begin_drain) | to the end of the frame that has begun | yes | over |
/// | closed, by [`Outbox::close`] | yes | what is queued, and then the end | over, when the peer ends |
/// | over, told by [`Turn::Over`]: the peer ended | no, but for a filter that holds output back | last words, what is queued, and then the end; if [half-open](Self::half_open), all until it is closed | done, when the end is [sent](Self::shut) |
/// | over: it failed | no | last words, what is queued, and then the end | done |
/// | over: [reset](Self::reset), or output stood still | no | nothing: what is queued is lost | done |
/// | handed over, told by [`Turn::Handoff`] | no | what is queued | [`into_parts`](Self::into_parts) |
/// | done, told by [`Turn::Done`] for ever | no | no | |
///
/// What was told as over is told once; a failure behind it, of sending, only shortens the way to done.
pub struct Conn<P: Protocol> {
    engine: Engine<P>,
    rest: Rest<<P as Decode>::Fault>,
}

/// Everything but the reading engine.
struct Rest<F> {
    output: Output,
    layers: Layers,
    clock: Clock,
    /// How many bytes to lend for the next read: few where nothing is due, so that a connection that waits holds little.
    block: usize,
    /// How many bytes of storage are lent for the next read.
    lent: usize,
    reading: Reading<F>,
    writing: Writing,
    ends: Ends,
}

/// What becomes of the reading side.
#[derive(Debug)]
enum Reading<F> {
    Open,
    /// Reads on to the next boundary between frames.
    Draining,
    /// Over, which the application has to be told.
    Concluded(Result<(), Box<Failure<F>>>),
    /// The application was told.
    Over(Told),
    /// The protocol has handed over.
    HandedOver,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// That the peer has ended.
    End,
    /// That the connection failed.
    Failure,
}

/// What becomes of the writing side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writing {
    Open,
    /// What is queued is still sent, and then the peer told.
    Closing,
    /// The peer was told, or cannot be.
    Shut,
}

/// When the writing side ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    WithReading,
    Alone,
}

/// What a connection has to say.
pub enum Turn<'a, P: Protocol> {
    /// A frame. Both it and the way to answer are borrowed until the next call.
    Event(P::Frame<'a>, Outbox<'a, P>),
    /// One bad frame, which was stepped over.
    Bad(Error<<P as Decode>::Fault>, Outbox<'a, P>),
    /// Once: nothing more comes from the peer, for this reason. Last words are still sent.
    Over(Result<(), Failure<<P as Decode>::Fault>>, Outbox<'a, P>),
    /// Nothing more can be done without the driver.
    Want(Want),
    /// The protocol has handed over, and everything was sent: [`Conn::into_parts`] has what the next one needs. From now on.
    Handoff,
    /// The connection is over, and everything was sent that the peer took. From now on.
    Done,
}

/// What a connection wants of its driver. Complete: there is nothing else to wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Want {
    /// So many bytes are worth reading; 0 forbids to read.
    pub read: usize,
    /// So many bytes wait to be written.
    pub write: usize,
    /// The peer is to be told that nothing more will be written; then call [`Conn::shut`].
    pub shutdown: bool,
    /// When to call [`Conn::tick`], if nothing happens before.
    pub deadline: Option<Time>,
}

/// Why a connection failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure<F> {
    /// The peer broke a rule, or the stream was cut short.
    Stream(Error<F>),
    /// A timer fired.
    Timeout(Timer),
    /// A filter failed.
    Filter(FilterError),
    /// The driver said that the connection was [reset](Conn::reset).
    Reset,
    /// The protocol broke its contract.
    Bug(&'static str),
}

impl<F> Failure<F> {
    /// Returns the class of the failure: that of the error of the stream or of a filter, `Timeout`, `Truncated` for a reset, or `Bug`.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Stream(error) => error.kind(),
            Self::Timeout(_) => ErrorKind::Timeout,
            Self::Filter(error) => error.kind(),
            Self::Reset => ErrorKind::Truncated,
            Self::Bug(_) => ErrorKind::Bug,
        }
    }
}

impl<F: fmt::Display> fmt::Display for Failure<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(error) => error.fmt(f),
            Self::Timeout(timer) => timer.fmt(f),
            Self::Filter(error) => error.fmt(f),
            Self::Reset => f.write_str("the connection was reset"),
            Self::Bug(what) => write!(f, "the protocol has a bug: {what}"),
        }
    }
}

impl<F: core::error::Error + 'static> core::error::Error for Failure<F> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Stream(error) => Some(error),
            Self::Timeout(timer) => Some(timer),
            Self::Filter(error) => Some(error),
            Self::Reset | Self::Bug(_) => None,
        }
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

/// What a connection is made of, for a switch of protocols: nothing is lost that was read or is to be sent.
#[derive(Debug)]
#[must_use = "unread and unsent bytes are lost when this is dropped"]
pub struct ConnParts<P> {
    /// The protocol, and what is unread.
    pub reading: Parts<P, LinearBuf>,
    /// What was not sent; where there are filters, what they have not taken.
    pub unsent: SegmentedBuf,
    /// The filters, which stay.
    layers: Layers,
}

impl<P> ConnParts<P> {
    /// Replaces the protocol, by the one that follows.
    pub fn with_protocol<Q>(self, protocol: Q) -> ConnParts<Q> {
        ConnParts { reading: self.reading.with_decoder(protocol), unsent: self.unsent, layers: self.layers }
    }
}

/// A step before it is shown: nothing in it borrows the connection.
enum Seen<'a, P: Protocol> {
    Event { token: P::Token, bytes: Where<'a> },
    Bad(Error<<P as Decode>::Fault>),
    Over(Result<(), Failure<<P as Decode>::Fault>>),
    Want(Want),
    Handoff,
    Done,
}

impl<P: Protocol> Conn<P> {
    /// Makes a connection that begins now, with the default [`Limits`]. Allocates nothing.
    #[must_use]
    pub fn new(protocol: P, now: Time) -> Self {
        Self::with_limits(protocol, now, Limits::DEFAULT)
    }

    /// Makes a connection with these limits.
    #[must_use]
    pub fn with_limits(protocol: P, now: Time, limits: Limits) -> Self {
        let parts = Parts { decoder: protocol, unread: LinearBuf::with_config(STORAGE), position: 0, ended: false };
        Self::from_parts(ConnParts { reading: parts, unsent: SegmentedBuf::with_config(STORAGE), layers: Layers::default() }, now, limits)
    }

    /// Makes a connection that goes on where another stopped, on the same transport.
    #[must_use]
    pub fn from_parts(parts: ConnParts<P>, now: Time, limits: Limits) -> Self {
        let layers = parts.layers;
        let queue = parts.unsent;
        let mut clock = Clock::new(now, limits.timeouts);
        clock.handshake = (parts.reading.decoder.phase() == Phase::Handshake).then_some(now);
        clock.writing = (!queue.is_empty()).then_some(now);
        clock.came(parts.reading.unread.len());
        let engine = Engine::from_parts(parts.reading).with_max_frame(limits.max_frame).with_backlog(limits.backlog);
        let output = Output::new(queue, &limits);
        Self {
            engine,
            rest: Rest {
                output,
                layers,
                clock,
                block: SMALL_BLOCK,
                lent: 0,
                reading: Reading::Open,
                writing: Writing::Open,
                ends: Ends::WithReading,
            },
        }
    }

    /// Goes on writing after the peer has ended, until the application [closes](Outbox::close). Otherwise this direction ends when the peer's has.
    #[must_use]
    pub fn half_open(mut self) -> Self {
        self.rest.ends = Ends::Alone;
        self
    }

    /// Does everything that can be done without I/O, up to the next thing to tell.
    ///
    /// Always `match` on it: [`Turn::Bad`] and [`Turn::Over`] are given once, and a `while let` on another would lose them.
    // Inlined, so that a caller who needs little of a turn pays for little; whatever is not an ordinary frame is out of line.
    #[inline(always)]
    pub fn step(&mut self) -> Turn<'_, P> {
        let Self { engine, rest } = self;
        let mut cursor = Cursor::new(engine);
        let seen = match rest.reads().then(|| cursor.advance_in_store_or_wait()) {
            Some(Ok(Next::Frame { token, bytes, role: Role::Ordinary, .. })) => {
                if rest.react(cursor.engine, &token, bytes, Role::Ordinary) == Reaction::Event {
                    return show(Seen::Event { token, bytes }, engine, rest);
                }
                rest.look(&mut cursor)
            }
            Some(next) => rest.take_or_look(&mut cursor, next),
            None => rest.look(&mut cursor),
        };
        show(seen, engine, rest)
    }

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

    /// Refuses input to a connection that reads nothing more, and to a filter that is full: the engine judges the rest.
    #[inline]
    fn admit(&self) -> Result<(), Refused> {
        if matches!(self.rest.reading, Reading::Concluded(Err(_)) | Reading::Over(Told::Failure)) {
            return Err(Refused::Failed);
        }
        if self.rest.layers.is_empty() { Ok(()) } else { self.rest.layers.admit() }
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
    /// As [`Engine::commit_owned`].
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

    /// Says that the connection is broken: nothing more can be read or written.
    pub fn reset(&mut self, now: Time) {
        self.at(now);
        self.rest.abandon(Failure::Reset);
    }

    /// Says that time has passed: to be called at [`Want::deadline`], and harmless at any other time.
    pub fn tick(&mut self, now: Time) {
        self.at(now);
    }

    /// Returns what waits to be written, as slices in order; nothing while a [batch](Self::take_output) is out.
    pub fn output(&self) -> impl Iterator<Item = &[u8]> {
        self.rest.lowest().slices()
    }

    /// Takes up to `n` bytes of what waits to be written, owned: for completion I/O. `None` when there is nothing, or a batch is out. It comes back by [`sent`](Self::sent).
    pub fn take_output(&mut self, n: usize) -> Option<View> {
        let batch = self.rest.lowest_mut().take(n);
        self.rest.output.settle();
        batch
    }

    /// Says that the first `n` bytes were written; of a batch, that it is back, and what was not written of it comes first again.
    ///
    /// # Errors
    /// [`NeedMoreData`] when there were not so many; not where they were thrown away meanwhile, by a [reset](Self::reset) or a timer.
    pub fn sent(&mut self, now: Time, n: usize) -> Result<(), NeedMoreData> {
        // First what was done, then the time: a write that took long is no write that stands still.
        self.rest.clock.set(now);
        let sent = self.rest.sent(n);
        self.at(now);
        sent
    }

    /// Says that the peer was told of the end of this direction, as [`Want::shutdown`] asked.
    pub fn shut(&mut self, now: Time) {
        self.at(now);
        if self.rest.is_to_shut() {
            self.rest.writing = Writing::Shut;
            // Whatever is still read has timers of its own.
            self.rest.clock.closing = None;
        }
    }

    /// Goes on to `now`: ends what a timer ends, and tells the protocol of a silence.
    #[inline]
    fn at(&mut self, now: Time) {
        if self.rest.clock.set(now) || self.engine.decoder().silence().is_some() {
            self.fire();
        }
    }

    /// Ends what a timer ends, and tells the protocol of a silence.
    #[cold]
    fn fire(&mut self) {
        self.rest.fire();
        if self.engine.decoder().silence().is_some_and(|silence| self.rest.clock.fell_silent(silence)) {
            let heard = self.engine.position() + self.engine.held_bytes() as u64;
            self.engine.decoder_mut().fell_silent(heard);
            self.engine.look_again();
        }
    }

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
        let inbox = self.engine.replace_store(filter::store());
        let max_unsent = self.rest.output.max_unsent;
        let mut out = self.rest.output.put_below(filter::queue(max_unsent));
        out.queue.set_max_bytes(usize::MAX);
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
        self.rest.output.take_from_below(out);
        let mut store = self.engine.replace_store(filter::store());
        // Without a limit nothing is refused.
        let store = if store.is_empty() { inbox } else { store.write(inbox.peek()).map(|()| store).unwrap_or_default() };
        self.engine.replace_store(store);
        if self.rest.layers.is_empty() && self.rest.layers.has_ended() {
            drop(self.engine.eof());
        }
        Ok(filter)
    }

    /// Borrows the way out, between steps.
    pub fn outbox(&mut self) -> Outbox<'_, P> {
        self.rest.outbox_between(&mut self.engine)
    }

    /// Stops reading at the next boundary between frames, as if the peer had ended there; what is unread stays unread. A frame of which bytes are there has begun, and is still read; of what comes in parts,
    /// all of them.
    pub fn begin_drain(&mut self) {
        if matches!(self.rest.reading, Reading::Open) {
            self.rest.reading = Reading::Draining;
        }
    }

    /// Returns the protocol.
    #[must_use]
    pub fn protocol(&self) -> &P {
        self.engine.decoder()
    }

    /// Returns the bytes that are held: unread and unsent.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.engine.held_bytes() + self.rest.output.wire.unsent() + self.rest.layers.held()
    }

    /// Returns the bytes of storage allocated.
    #[must_use]
    pub fn capacity_bytes(&self) -> usize {
        self.engine.capacity_bytes() + self.rest.output.wire.queue.capacity() + self.rest.layers.capacity()
    }

    /// Gives up the connection for its parts: the protocol, and all that is unread and unsent.
    ///
    /// # Errors
    /// When the guard of a borrowed chunk was forgotten, and bytes may be missing.
    pub fn into_parts(self) -> Result<ConnParts<P>, Error<<P as Decode>::Fault>> {
        let Rest { output, layers, .. } = self.rest;
        Ok(ConnParts { reading: self.engine.into_parts()?, unsent: output.wire.into_unsent(), layers })
    }
}

/// Gives the steps of a connection out of a borrowed chunk. Made by [`Conn::feed`].
pub struct Steps<'a, P: Protocol> {
    frames: Frames<'a, P>,
    rest: &'a mut Rest<<P as Decode>::Fault>,
}

impl<P: Protocol> Steps<'_, P> {
    /// As [`Conn::step`].
    // Inlined, so that a caller who needs little of a turn pays for little; whatever is not a frame that lies whole in the chunk is out of line.
    #[inline(always)]
    pub fn step(&mut self) -> Turn<'_, P> {
        let (cursor, rest) = (self.frames.cursor(), &mut *self.rest);
        if !rest.reads() {
            return show(rest.look(cursor), cursor.engine, rest);
        }
        cursor.step_with(
            rest,
            |cursor, rest, token, bytes| {
                let bytes = Where::Chunk(bytes);
                if rest.react(cursor.engine, &token, bytes, Role::Ordinary) == Reaction::Event {
                    return show(Seen::Event { token, bytes }, cursor.engine, rest);
                }
                show(rest.look(cursor), cursor.engine, rest)
            },
            |cursor, rest, next| show(rest.take_or_look(cursor, next), cursor.engine, rest),
        )
    }
}

/// Shows a step. The event borrows the receiving side, the outbox the protocol and the sending side.
#[inline(always)]
fn show<'s, P: Protocol>(seen: Seen<'s, P>, engine: &'s mut Engine<P>, rest: &'s mut Rest<<P as Decode>::Fault>) -> Turn<'s, P> {
    match seen {
        Seen::Event { token, bytes } => {
            let Lent { decoder, progress, bytes, spot } = engine.split_lent(bytes);
            Turn::Event(P::open(token, progress, bytes), rest.outbox(decoder, spot))
        }
        Seen::Bad(error) => Turn::Bad(error, rest.outbox_between(engine)),
        Seen::Over(result) => Turn::Over(result, rest.outbox_between(engine)),
        Seen::Want(want) => Turn::Want(want),
        Seen::Handoff => Turn::Handoff,
        Seen::Done => Turn::Done,
    }
}

impl<F: core::error::Error + Clone + 'static> Rest<F> {
    #[inline(always)]
    fn outbox<'s, P>(&'s mut self, protocol: &'s mut P, spot: Spot<'s>) -> Outbox<'s, P> {
        Outbox { protocol, output: &mut self.output, writing: &mut self.writing, spot }
    }

    /// The way out where there is no event.
    fn outbox_between<'s, P: Protocol>(&'s mut self, engine: &'s mut Engine<P>) -> Outbox<'s, P> {
        let spot = Spot::Next { position: engine.position() };
        self.outbox(engine.decoder_mut(), spot)
    }

    /// Whether steps come from what is read.
    #[inline(always)]
    fn reads(&self) -> bool {
        matches!(self.reading, Reading::Open | Reading::Draining) && !self.output.owes_replies()
    }

    /// Finds the next thing to tell.
    #[inline(never)]
    fn look<'c, P: Protocol + Decode<Fault = F>>(&mut self, cursor: &mut Cursor<'_, 'c, P, LinearBuf>) -> Seen<'c, P> {
        loop {
            if !self.reads() {
                if let Some(seen) = self.beside_reading(cursor.engine) {
                    return seen;
                }
                cursor.resume();
            }
            let next = cursor.advance();
            if let Some(seen) = self.take(cursor, next) {
                return seen;
            }
        }
    }

    /// Takes a step of the engine, or goes on to the next thing to tell.
    #[inline(never)]
    fn take_or_look<'c, P: Protocol + Decode<Fault = F>>(
        &mut self,
        cursor: &mut Cursor<'_, 'c, P, LinearBuf>,
        next: Stepped<'c, P>,
    ) -> Seen<'c, P> {
        match self.take(cursor, next) {
            Some(seen) => seen,
            None => self.look(cursor),
        }
    }

    /// Takes a step of the engine. `None` when there is nothing to tell yet.
    fn take<'c, P: Protocol + Decode<Fault = F>>(
        &mut self,
        cursor: &mut Cursor<'_, 'c, P, LinearBuf>,
        next: Stepped<'c, P>,
    ) -> Option<Seen<'c, P>> {
        match next {
            Ok(Next::Frame { token, bytes, role, .. }) => {
                let reaction = self.react(cursor.engine, &token, bytes, role);
                return (reaction == Reaction::Event).then_some(Seen::Event { token, bytes });
            }
            Ok(Next::End(_)) => self.conclude(Ok(())),
            Ok(_) if self.pump(cursor.engine) == Pumped::Something => cursor.resume(),
            Ok(pause) => return self.pause(cursor.engine, matches!(pause, Next::Idle)).map(Seen::Want),
            Err(error) if error.is_fatal() => self.conclude(Err(Failure::Stream(error))),
            Err(error) => {
                self.clock.stepped_over();
                return Some(Seen::Bad(error));
            }
        }
        None
    }

    /// Lets the protocol react to a frame.
    #[inline(always)]
    fn react<P: Protocol + Decode<Fault = F>>(
        &mut self,
        engine: &mut Engine<P>,
        token: &P::Token,
        bytes: Where<'_>,
        role: Role,
    ) -> Reaction {
        let mut replies = self.output.replies();
        let Lent { decoder: protocol, progress, bytes, .. } = engine.split_lent(bytes);
        let reaction = protocol.react(&P::open(token.clone(), progress, bytes), &mut replies);
        let (queued, outcome) = (replies.queued, replies.outcome);
        self.clock.framed(protocol.phase());
        if role == Role::Last {
            self.reading = Reading::HandedOver;
        } else if matches!(self.reading, Reading::Draining) && protocol.phase() != Phase::Parts {
            self.conclude(Ok(()));
        }
        if queued > 0 || outcome.is_err() {
            self.replied(queued, outcome);
        }
        reaction
    }

    #[cold]
    fn replied(&mut self, queued: usize, outcome: Result<(), &'static str>) {
        self.output.replied(queued);
        if let Err(what) = outcome {
            self.conclude(Err(Failure::Bug(what)));
        }
        if self.writing == Writing::Shut {
            self.output.discard();
        }
    }

    /// Nothing more can be read out of what is there: says what is wanted, unless the stream is to end here.
    fn pause<P: Protocol + Decode<Fault = F>>(&mut self, engine: &mut Engine<P>, idle: bool) -> Option<Want> {
        if idle && matches!(self.reading, Reading::Draining) {
            self.conclude(Ok(()));
            return None;
        }
        if let Some(error) = self.layers.check(self.clock.now) {
            self.conclude(Err(Failure::Filter(error)));
            return None;
        }
        self.clock.pause(engine.decoder().phase(), idle);
        self.clock.listen(engine.decoder().silence().filter(|_| !idle));
        if idle {
            engine.free();
            self.rest();
        }
        let wanted = match self.layers.is_empty() {
            true if engine.has_ended() => 0,
            true => engine.wanted(self.block),
            false => self.layers.wanted(self.block),
        };
        let want = self.want(wanted);
        if self.clock.is_late() {
            // Of bytes that came in time, and were not looked at before.
            self.fire();
            return self.reads().then_some(want);
        }
        Some(want)
    }

    /// Holds little while nothing is due.
    fn rest(&mut self) {
        self.block = SMALL_BLOCK;
        if self.output.wire.unsent() == 0 {
            self.output.wire.queue.release();
        }
        self.layers.release();
    }

    /// What there is to tell when nothing is read. `None` when filters have taken the answers that were in the way.
    #[cold]
    fn beside_reading<'c, P: Protocol + Decode<Fault = F>>(&mut self, engine: &mut Engine<P>) -> Option<Seen<'c, P>> {
        match core::mem::replace(&mut self.reading, Reading::HandedOver) {
            Reading::Concluded(result) => {
                self.reading = Reading::Over(if result.is_ok() { Told::End } else { Told::Failure });
                return Some(Seen::Over(result.map_err(|failure| *failure)));
            }
            reading => self.reading = reading,
        }
        let ends = matches!(self.reading, Reading::Over(told) if told == Told::Failure || self.ends == Ends::WithReading);
        if ends && self.writing == Writing::Open {
            self.writing = Writing::Closing;
        }
        self.pump(engine);
        if self.is_held_back() && self.layers.is_stuck(self.clock.now) {
            self.pump(engine);
        }
        match self.reading {
            _ if self.reads() => None,
            Reading::Over(_) if self.writing == Writing::Shut && !self.lowest().is_out() => Some(Seen::Done),
            Reading::HandedOver if self.unsent() == 0 => Some(Seen::Handoff),
            _ => {
                let wanted = if self.is_held_back() { self.layers.wanted(self.block) } else { 0 };
                Some(Seen::Want(self.want(wanted)))
            }
        }
    }

    /// Whether filters keep what is to be sent, or the end, and may wait for something from their peers.
    fn is_held_back(&self) -> bool {
        let owed = self.unsent() > 0 || (self.writing == Writing::Closing && !self.layers.has_closed());
        owed && self.writing != Writing::Shut && self.lowest().unsent() == 0
    }

    /// What is wanted, when so many bytes are worth reading.
    fn want(&mut self, read: usize) -> Want {
        let shutdown = self.is_to_shut();
        let (write, waiting) = (self.lowest().ready(), self.lowest().unsent() > 0);
        let clock = &mut self.clock;
        if waiting {
            clock.writing = clock.writing.or(Some(clock.now));
        }
        if self.writing == Writing::Closing {
            clock.closing = clock.closing.or(Some(clock.now));
        }
        Want { read, write, shutdown, deadline: clock.deadline().into_iter().chain(self.layers.deadline(clock.now)).min() }
    }

    /// Whether everything was sent before the end.
    fn is_to_shut(&self) -> bool {
        self.writing == Writing::Closing && self.layers.has_closed() && self.unsent() == 0
    }

    /// What is next to the wire on the way out.
    fn lowest(&self) -> &Wire {
        self.layers.lowest_out().unwrap_or(&self.output.wire)
    }

    fn lowest_mut(&mut self) -> &mut Wire {
        match self.layers.lowest() {
            Some(lowest) => &mut lowest.out,
            None => &mut self.output.wire,
        }
    }

    /// The bytes that wait to be sent, in all layers.
    fn unsent(&self) -> usize {
        self.output.wire.unsent() + self.layers.unsent()
    }

    fn discard(&mut self) {
        self.output.discard();
        self.layers.discard();
    }

    /// Lets the filters move what they can.
    #[inline]
    fn pump<P: Protocol + Decode<Fault = F>>(&mut self, engine: &mut Engine<P>) -> Pumped {
        if self.layers.is_empty() { Pumped::Nothing } else { self.pump_layers(engine) }
    }

    #[cold]
    fn pump_layers<P: Protocol + Decode<Fault = F>>(&mut self, engine: &mut Engine<P>) -> Pumped {
        // A frame may need more than the room that there is for what can be read at once.
        let limit = if engine.is_waiting() { engine.held_bytes() + engine.wanted(filter::ROOM) } else { filter::ROOM };
        let (is_closing, now) = (self.writing != Writing::Open, self.clock.now);
        let pumped = self.layers.pump(Top { store: engine.store_mut(), limit, output: &mut self.output, is_closing, now });
        self.output.settle();
        match self.writing {
            Writing::Open if self.layers.has_hung_up() => self.writing = Writing::Closing,
            Writing::Open | Writing::Closing => {}
            Writing::Shut => self.discard(),
        }
        if matches!(self.reading, Reading::Open | Reading::Draining) {
            self.clock.filters = self.layers.handshake();
        }
        if self.layers.plain_has_ended() && !engine.has_ended() {
            drop(engine.eof());
            return Pumped::Something;
        }
        pumped
    }

    /// Ends what a timer ends.
    fn fire(&mut self) {
        while let Some(timer) = self.clock.fired() {
            match timer {
                Timer::Write | Timer::Close => self.abandon(Failure::Timeout(timer)),
                Timer::Idle | Timer::Frame | Timer::MinRate | Timer::Handshake => self.conclude(Err(Failure::Timeout(timer))),
            }
        }
    }

    fn sent(&mut self, n: usize) -> Result<(), NeedMoreData> {
        if self.writing == Writing::Shut && !self.lowest().is_out() {
            return Ok(());
        }
        self.lowest_mut().sent(n)?;
        if self.writing == Writing::Shut {
            self.discard();
        }
        self.output.settle();
        let left = self.lowest().unsent();
        self.clock.progressed(n, left);
        Ok(())
    }

    /// Reads nothing more, for this reason, unless there is an earlier one.
    #[cold]
    fn conclude(&mut self, result: Result<(), Failure<F>>) {
        if matches!(self.reading, Reading::Open | Reading::Draining) {
            self.reading = Reading::Concluded(result.map_err(Box::new));
        }
        self.clock.waits = Waits::Nothing;
        (self.clock.handshake, self.clock.filters) = (None, None);
    }

    /// Neither reads nor writes anything more.
    fn abandon(&mut self, failure: Failure<F>) {
        if matches!(self.reading, Reading::HandedOver) {
            self.reading = Reading::Open;
        }
        self.conclude(Err(failure));
        self.writing = Writing::Shut;
        self.discard();
        (self.clock.writing, self.clock.closing) = (None, None);
    }
}

impl<P: Protocol> fmt::Debug for Conn<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conn")
            .field("engine", &self.engine)
            .field("reading", &self.rest.reading)
            .field("writing", &self.rest.writing)
            .field("unsent", &self.rest.unsent())
            .field("now", &self.rest.clock.now)
            .finish_non_exhaustive()
    }
}

impl<P: Protocol> fmt::Debug for Steps<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Steps").field("frames", &self.frames).finish_non_exhaustive()
    }
}

impl<P: Protocol> fmt::Debug for Turn<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(..) => f.write_str("Event(..)"),
            Self::Bad(error, _) => write!(f, "Bad({error})"),
            Self::Over(Ok(()), _) => f.write_str("Over(Ok)"),
            Self::Over(Err(failure), _) => write!(f, "Over({failure})"),
            Self::Want(want) => want.fmt(f),
            Self::Handoff => f.write_str("Handoff"),
            Self::Done => f.write_str("Done"),
        }
    }
}
