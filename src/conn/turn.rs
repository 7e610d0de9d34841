use core::fmt;

use super::end::{Reading, Writing};
use super::layers::Pumped;
use super::{Conn, Failure, Outbox, Phase, Protocol, Reaction, Rest, SMALL_BLOCK};
use crate::buf::LinearBuf;
use crate::decode::Decode;
use crate::engine::{Cursor, Engine, Frames, Lent, Next, Role, Stepped, Where};
use crate::error::Error;
use crate::time::Time;

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

/// A step before it is shown: nothing in it borrows the connection.
enum Seen<'a, P: Protocol> {
    Event { token: P::Token, bytes: Where<'a> },
    Bad(Error<<P as Decode>::Fault>),
    Over(Result<(), Failure<<P as Decode>::Fault>>),
    Want(Want),
    Handoff,
    Done,
}

/// What it has to say.
impl<P: Protocol> Conn<P> {
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
                rest.look(&mut cursor, None)
            }
            Some(next) => rest.look(&mut cursor, Some(next)),
            None => rest.look(&mut cursor, None),
        };
        show(seen, engine, rest)
    }
}

/// Gives the steps of a connection out of a borrowed chunk. Made by [`Conn::feed`].
pub struct Steps<'a, P: Protocol> {
    pub(super) frames: Frames<'a, P>,
    pub(super) rest: &'a mut Rest<<P as Decode>::Fault>,
}

impl<P: Protocol> Steps<'_, P> {
    /// As [`Conn::step`].
    // Inlined, so that a caller who needs little of a turn pays for little; whatever is not a frame that lies whole in the chunk is out of line.
    #[inline(always)]
    pub fn step(&mut self) -> Turn<'_, P> {
        let (cursor, rest) = (self.frames.cursor(), &mut *self.rest);
        if !matches!(rest.reading, Reading::Open) || rest.output.owes_replies() {
            return show(rest.look(cursor, None), cursor.engine, rest);
        }
        cursor.step_with(
            rest,
            |cursor, rest, token, bytes| {
                let bytes = Where::Chunk(bytes);
                if rest.react_to(cursor.engine, &token, bytes) == Reaction::Event {
                    return show(Seen::Event { token, bytes }, cursor.engine, rest);
                }
                show(rest.look(cursor, None), cursor.engine, rest)
            },
            |cursor, rest, next| show(rest.look(cursor, Some(next)), cursor.engine, rest),
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
    /// Whether steps come from what is read.
    #[inline(always)]
    pub(super) fn reads(&self) -> bool {
        self.reading.goes_on() && !self.output.owes_replies()
    }

    /// Finds the next thing to tell, from a step of the engine on if one was taken.
    #[inline(never)]
    fn look<'c, P: Protocol + Decode<Fault = F>>(
        &mut self,
        cursor: &mut Cursor<'_, 'c, P, LinearBuf>,
        mut taken: Option<Stepped<'c, P>>,
    ) -> Seen<'c, P> {
        loop {
            let next = if let Some(next) = taken.take() {
                next
            } else {
                if !self.reads() {
                    if let Some(seen) = self.beside_reading(cursor.engine) {
                        return seen;
                    }
                    cursor.resume();
                }
                cursor.advance()
            };
            if let Some(seen) = self.take(cursor, next) {
                return seen;
            }
        }
    }

    /// Takes a step of the engine. `None` when there is nothing to tell yet.
    #[inline(always)]
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
        let reaction = self.react_to(engine, token, bytes);
        if role == Role::Last {
            self.reading = Reading::HandedOver;
        } else if matches!(self.reading, Reading::Draining) && engine.decoder().phase() != Phase::Parts {
            self.conclude(Ok(()));
        }
        reaction
    }

    /// The same for a frame that does not end the reading.
    #[inline(always)]
    fn react_to<P: Protocol + Decode<Fault = F>>(&mut self, engine: &mut Engine<P>, token: &P::Token, bytes: Where<'_>) -> Reaction {
        let mut replies = self.output.replies();
        let Lent { decoder: protocol, progress, bytes, .. } = engine.split_lent(bytes);
        let reaction = protocol.react(&P::open(token.clone(), progress, bytes), &mut replies);
        let (queued, outcome) = (replies.queued, replies.outcome);
        self.clock.framed(protocol.phase());
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
            self.release();
        }
        let want = self.want(self.wanted(engine));
        if self.clock.is_late() {
            // Of bytes that came in time, and were not looked at before.
            self.fire();
            return None;
        }
        Some(want)
    }

    /// How many bytes are worth reading for an engine that waits for more, as it never does behind the end.
    fn wanted<P: Decode>(&self, engine: &Engine<P>) -> usize {
        if self.layers.is_empty() { engine.wanted(self.block) } else { self.layers.wanted(self.block) }
    }

    /// Holds little while nothing is due.
    fn release(&mut self) {
        self.block = SMALL_BLOCK;
        if self.output.wire.unsent() == 0 {
            self.output.wire.queue.release();
        }
        self.layers.release();
    }

    /// What there is to tell when nothing is read. `None` when filters have taken the answers that were in the way.
    #[cold]
    fn beside_reading<'c, P: Protocol + Decode<Fault = F>>(&mut self, engine: &mut Engine<P>) -> Option<Seen<'c, P>> {
        if let Some(result) = self.tell() {
            return Some(Seen::Over(result));
        }
        self.end_writing_too();
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

    /// What is wanted, when so many bytes are worth reading.
    fn want(&mut self, read: usize) -> Want {
        let shutdown = self.is_to_shut();
        let (write, waiting) = (self.lowest().ready(), self.lowest().unsent() > 0);
        let clock = &mut self.clock;
        if waiting {
            clock.output_waits();
        }
        if self.writing == Writing::Closing {
            clock.end_waits();
        }
        let own = clock.deadline();
        let deadline = if self.layers.is_empty() { own } else { own.into_iter().chain(self.layers.deadline(clock.now)).min() };
        Want { read, write, shutdown, deadline }
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
