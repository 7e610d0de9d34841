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

// A connection is made, and given up for its parts.
mod parts;

// It tells what came, and what it wants.
mod turn;

// Bytes come in,
mod input;

// and go out: first messages, and then what they were made into.
mod outbox;
mod output;

// Time passes,
mod timers;

// and it ends, well or badly.
mod end;
mod failure;

// Filters lie between the wire and the protocol.
mod filter;
mod layers;
#[cfg(feature = "rustls")]
mod tls;

// Protocols, and connections of whatever protocol.
mod erased;
mod idle_gap;
mod protocol;

use core::fmt;

use self::end::{Reading, Writing, WritingEnds};
use self::layers::Layers;
use self::output::Output;
use self::timers::Clock;
use crate::buf::{BufConfig, StreamBuf};
use crate::decode::Decode;
use crate::engine::{DEFAULT_BACKLOG, DEFAULT_MAX_FRAME, Engine};

pub use self::erased::{AnyConn, AnyTurn, Erased};
pub use self::failure::Failure;
pub use self::filter::{Filter, FilterError, Leftover, Pipe, PopRefused};
pub use self::idle_gap::{IdleGap, Silent};
pub use self::outbox::Outbox;
pub use self::parts::ConnParts;
pub use self::protocol::{Phase, Plain, Protocol, Reaction, Replies};
pub use self::timers::{MinRate, Timeouts, Timer};
#[cfg(feature = "rustls")]
pub use self::tls::{Session, Tls, Unclean};
pub use self::turn::{Steps, Turn, Want};

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
    writing_ends: WritingEnds,
}

/// What it holds.
impl<P: Protocol> Conn<P> {
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
