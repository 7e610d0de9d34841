use alloc::boxed::Box;
use core::fmt;

use super::{Conn, Outbox, Protocol, Turn, Want};
use crate::decode::Decode;
use crate::error::{NeedMoreData, Refused};
use crate::time::Time;

/// A whole connection of whatever protocol, for a server that holds many kinds. Object safe: one virtual call for each step, and events are whatever its [`Erased::new`] makes of them.
///
/// ```
/// use framewright::conn::{AnyConn, AnyTurn, Conn, Erased, Plain};
/// use framewright::{Time, framing::{Delimiter, Lines}};
///
/// let lines = Erased::new(Conn::new(Plain(Lines::new(64)), Time::ZERO), |line: &[u8], out| {
///     let _ = out.send(line);
///     line.len()
/// });
/// let frames = Erased::new(Conn::new(Plain(Delimiter::new([";"], 64)?), Time::ZERO), |frame: framewright::framing::Delimited<'_>, _| frame.payload().len());
/// let mut conns: Vec<Box<dyn AnyConn<usize>>> = vec![Box::new(lines), Box::new(frames)];
/// for (conn, bytes) in conns.iter_mut().zip(["hello\n", "hi;"]) {
///     conn.feed(Time::ZERO, bytes.as_bytes())?;
/// }
/// assert!(matches!(conns[0].step(), AnyTurn::Event(5)));
/// assert!(matches!(conns[1].step(), AnyTurn::Event(2)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait AnyConn<E> {
    /// As [`Conn::step`].
    fn step(&mut self) -> AnyTurn<E>;
    /// As [`Conn::feed`]; the bytes are stored.
    ///
    /// # Errors
    /// As there.
    fn feed(&mut self, now: Time, chunk: &[u8]) -> Result<(), Refused>;
    /// As [`Conn::space`].
    ///
    /// # Errors
    /// As there.
    fn space(&mut self) -> Result<&mut [u8], Refused>;
    /// As [`Conn::commit`].
    ///
    /// # Errors
    /// As there.
    fn commit(&mut self, now: Time, n: usize) -> Result<(), Refused>;
    /// As [`Conn::eof`].
    fn eof(&mut self, now: Time);
    /// As [`Conn::reset`].
    fn reset(&mut self, now: Time);
    /// As [`Conn::tick`].
    fn tick(&mut self, now: Time);
    /// Calls `each` with what [`Conn::output`] gives, slice by slice, as long as it returns true.
    fn output<'a>(&'a self, each: &mut dyn FnMut(&'a [u8]) -> bool);
    /// As [`Conn::sent`].
    ///
    /// # Errors
    /// As there.
    fn sent(&mut self, now: Time, n: usize) -> Result<(), NeedMoreData>;
    /// As [`Conn::shut`].
    fn shut(&mut self, now: Time);
    /// As [`Conn::begin_drain`].
    fn begin_drain(&mut self);
    /// As [`Outbox::close`].
    fn close(&mut self);
}

/// What a connection of whatever protocol has to say: as [`Turn`].
#[derive(Debug)]
pub enum AnyTurn<E> {
    /// A frame, or what was made of it.
    Event(E),
    /// One bad frame, which was stepped over.
    Bad(Box<dyn core::error::Error>),
    /// Once: nothing more comes from the peer, for this reason.
    Over(Result<(), Box<dyn core::error::Error>>),
    /// Nothing more can be done without the driver.
    Want(Want),
    /// The protocol has handed over, and everything was sent.
    Handoff,
    /// The connection is over, and everything was sent.
    Done,
}

/// A connection, and what is done with its events: an [`AnyConn`].
pub struct Erased<P: Protocol, F> {
    conn: Conn<P>,
    handle: F,
}

impl<P: Protocol, F> Erased<P, F> {
    /// Wraps a connection. `handle` sees each frame while it can be answered, and makes an event of it.
    pub fn new<E>(conn: Conn<P>, handle: F) -> Self
    where
        F: FnMut(P::Frame<'_>, &mut Outbox<'_, P>) -> E,
    {
        Self { conn, handle }
    }

    /// Gives the connection back.
    pub fn into_conn(self) -> Conn<P> {
        self.conn
    }
}

impl<P, F, E> AnyConn<E> for Erased<P, F>
where
    P: Protocol,
    F: FnMut(P::Frame<'_>, &mut Outbox<'_, P>) -> E,
{
    fn step(&mut self) -> AnyTurn<E> {
        match self.conn.step() {
            Turn::Event(frame, mut out) => AnyTurn::Event((self.handle)(frame, &mut out)),
            Turn::Bad(error, _) => AnyTurn::Bad(boxed(error)),
            Turn::Over(result, _) => AnyTurn::Over(result.map_err(boxed)),
            Turn::Want(want) => AnyTurn::Want(want),
            Turn::Handoff => AnyTurn::Handoff,
            Turn::Done => AnyTurn::Done,
        }
    }

    fn feed(&mut self, now: Time, chunk: &[u8]) -> Result<(), Refused> {
        self.conn.feed(now, chunk).map(drop)
    }

    fn space(&mut self) -> Result<&mut [u8], Refused> {
        self.conn.space()
    }

    fn commit(&mut self, now: Time, n: usize) -> Result<(), Refused> {
        self.conn.commit(now, n)
    }

    fn eof(&mut self, now: Time) {
        self.conn.eof(now);
    }

    fn reset(&mut self, now: Time) {
        self.conn.reset(now);
    }

    fn tick(&mut self, now: Time) {
        self.conn.tick(now);
    }

    fn output<'a>(&'a self, each: &mut dyn FnMut(&'a [u8]) -> bool) {
        for slice in self.conn.output() {
            if !each(slice) {
                break;
            }
        }
    }

    fn sent(&mut self, now: Time, n: usize) -> Result<(), NeedMoreData> {
        self.conn.sent(now, n)
    }

    fn shut(&mut self, now: Time) {
        self.conn.shut(now);
    }

    fn begin_drain(&mut self) {
        self.conn.begin_drain();
    }

    fn close(&mut self) {
        self.conn.outbox().close();
    }
}

fn boxed(error: impl core::error::Error + 'static) -> Box<dyn core::error::Error> {
    Box::new(error)
}

impl<P: Protocol + Decode, F> fmt::Debug for Erased<P, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Erased").field("conn", &self.conn).finish_non_exhaustive()
    }
}
