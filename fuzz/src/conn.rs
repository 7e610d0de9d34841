//! A connection: any calls in any order, against an account of every byte; protocols and filters that break their contract.

use arbitrary::{Result, Unstructured};
use framewright::buf::OwnedReservation;
use framewright::conn::{
    Conn, Failure, Filter, FilterError, Leftover, Limits, MinRate, Phase, Pipe, Protocol, Reaction, Replies, Timeouts, Turn, Want,
};
use framewright::decode::{Decode, Found, Stop};
use framewright::encode::{Encode, EncodeError, Payload, Writer};
use framewright::{Input, Refused, Time};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use super::draw::OnPanic;

/// The most calls of one run.
const CALLS: usize = 200;
/// The most turns without a [`Want`].
const TURNS: usize = 20_000;

/// One byte of length (at most 7), then that many bytes. Other first bytes: a ping, a bad byte, the end of the protocol, a handover, a fatal fault.
const PING: u8 = b'p';
const BAD: u8 = b'b';
const END: u8 = b'e';
const HANDOFF: u8 = b'h';
const FATAL: u8 = b'f';
const ALPHABET: &[u8] = &[0, 1, 2, 3, 7, PING, PING, BAD, END, HANDOFF, FATAL];

#[derive(Clone, Debug, PartialEq, Eq)]
struct Wrong(u8);

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "byte {:#04x}", self.0)
    }
}

impl std::error::Error for Wrong {}

/// What is drawn for a protocol that breaks its contract.
type Whims = Rc<RefCell<VecDeque<u8>>>;

struct Toy {
    whims: Option<Whims>,
}

impl Toy {
    /// The next whim, if it has any.
    fn whim(&self) -> Option<u8> {
        self.whims.as_ref()?.borrow_mut().pop_front()
    }
}

impl Decode for Toy {
    type Progress = ();
    type Token = ();
    type Frame<'a> = &'a [u8];
    type Fault = Wrong;

    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> core::result::Result<Found<()>, Stop<Wrong>> {
        match self.whim() {
            Some(len @ 0..=7) => return Ok(Found::Frame { len: len.into(), token: () }),
            Some(len @ 8..=12) => return Ok(Found::Skip(usize::from(len) - 8)),
            Some(13) => return Ok(Found::End),
            Some(len @ 14..=16) => return Ok(Found::Handoff { len: usize::from(len) - 14, token: () }),
            Some(17) => return Err(Stop::Idle),
            Some(len @ 18..=20) => return Err(Stop::bad(usize::from(len) - 18, Wrong(len))),
            Some(len @ 21..=23) => return Ok(Found::Truncated { len: usize::from(len) - 21, token: () }),
            _ => {}
        }
        input.begin()?;
        let [first] = input.array(0)?;
        let len = match first {
            0..=7 => 1 + usize::from(first),
            PING => 1,
            BAD => return Err(Stop::bad(1, Wrong(first))),
            END => return Ok(Found::End),
            HANDOFF => return Ok(Found::Handoff { len: 1, token: () }),
            _ => return Err(Stop::fatal(Wrong(first))),
        };
        input.require(len)?;
        Ok(Found::Frame { len, token: () })
    }

    fn open<'a>((): (), (): &'a (), frame: &'a [u8]) -> &'a [u8] {
        frame
    }
}

impl Encode for Toy {
    type Message<'a> = Payload<'a>;
    type Fault = Infallible;

    fn encode(&mut self, message: &Payload<'_>, out: &mut Writer<'_>) -> core::result::Result<(), EncodeError<Infallible>> {
        out.write(b"<")?;
        out.payload(message)?;
        if message.first() == Some(&b'!') {
            return Err(EncodeError::TooLarge { what: "exclamation", limit: 0 });
        }
        Ok(out.write(b">")?)
    }
}

impl Protocol for Toy {
    fn react(&mut self, frame: &&[u8], replies: &mut Replies<'_>) -> Reaction {
        match self.whim() {
            Some(0..=9) => return Reaction::Swallow,
            Some(n @ 10..=19) => (0..n).for_each(|_| replies.send(self, b"whim")),
            _ => {}
        }
        if *frame == [PING] {
            replies.send(self, b"pong");
            return Reaction::Swallow;
        }
        Reaction::Event
    }

    fn phase(&self) -> Phase {
        match self.whim() {
            Some(0..=30) => Phase::Handshake,
            Some(31..=60) => Phase::Parts,
            _ => Phase::Frames,
        }
    }

    fn silence(&self) -> Option<Duration> {
        self.whim().filter(|whim| *whim < 40).map(|whim| Duration::from_nanos(whim.into()))
    }
}

/// Inverts every bit; with whims it does less, or more, than it should.
struct Invert {
    whims: Option<VecDeque<u8>>,
}

impl Filter for Invert {
    fn pump(&mut self, pipe: &mut Pipe<'_>) -> core::result::Result<(), FilterError> {
        match self.whims.as_mut().and_then(VecDeque::pop_front) {
            Some(0..=19) => return Ok(()),
            Some(n @ 20..=39) => pipe.consume(n.into()),
            Some(n @ 40..=59) => {
                pipe.deliver(&vec![n; usize::from(n)]);
            }
            Some(n @ 60..=79) => pipe.send(&vec![n; usize::from(n)]),
            Some(80..=84) => pipe.end(),
            Some(85..=89) => pipe.close(),
            Some(90..=94) => return Err(FilterError::new("a whim")),
            Some(n @ 95..=110) => pipe.take(n.into()),
            _ => {}
        }
        let flip = |bytes: &[u8]| bytes.iter().map(|byte| !byte).collect::<Vec<u8>>();
        while let n @ 1.. = pipe.room().min(pipe.wire().len()) {
            let plain = flip(&pipe.wire()[..n]);
            pipe.consume(n);
            assert_eq!(pipe.deliver(&plain), n);
        }
        while let n @ 1.. = pipe.wire_room().min(pipe.outgoing().len()) {
            let coded = flip(&pipe.outgoing()[..n]);
            pipe.take(n);
            pipe.send(&coded);
        }
        if pipe.wire().is_empty() && pipe.wire_has_ended() {
            pipe.end();
        }
        if pipe.outgoing().is_empty() && pipe.is_closing() {
            pipe.close();
        }
        Ok(())
    }
}

/// How far the application knows it to be over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd)]
enum Told {
    #[default]
    Open,
    Over,
    Done,
}

/// What has been said and heard, and must be.
#[derive(Debug, Default)]
struct Account {
    /// What the peer has sent, as the protocol is to see it.
    sent: Vec<u8>,
    /// How much of it the events, errors and swallowed frames make.
    heard: usize,
    ended: bool,
    /// What the application queued, and what was written, automatic answers among it.
    queued: Vec<u8>,
    written: Vec<u8>,
    /// Input was refused because the connection failed.
    has_failed: bool,
    told: Told,
    now: u64,
}

impl Account {
    /// Reads the next frame that is not answered automatically.
    fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let rest = &self.sent[self.heard..];
            let len = match rest.first()? {
                len @ 0..=7 => 1 + usize::from(*len),
                _ => 1,
            };
            let frame = rest.get(..len)?.to_vec();
            self.heard += len;
            if frame != [PING] {
                return Some(frame);
            }
        }
    }
}

/// Draws a connection and calls; checks what comes of them.
pub(crate) fn check(u: &mut Unstructured<'_>) -> Result<()> {
    let is_hostile: bool = u.arbitrary()?;
    let whims = if is_hostile { Some(Rc::new(RefCell::new(drawn(u)?))) } else { None };
    let timeout = |u: &mut Unstructured<'_>| -> Result<Option<Duration>> {
        Ok(Some(u.arbitrary::<u8>()?).filter(|n| *n > 0).map(|n| Duration::from_nanos(n.into())))
    };
    let timeouts = Timeouts {
        idle: timeout(u)?,
        frame: timeout(u)?,
        min_rate: timeout(u)?.map(|grace| MinRate { bytes_per_second: 1_000_000, grace }),
        handshake: timeout(u)?,
        write: timeout(u)?,
        close: timeout(u)?,
    };
    let limits = Limits {
        max_frame: 64,
        backlog: 1 + usize::from(u.arbitrary::<u8>()?),
        high_water: u.arbitrary::<u8>()?.into(),
        max_unsent: u.arbitrary::<u16>()?.into(),
        // One answer is within it.
        replies: 6 + usize::from(u.arbitrary::<u8>()?),
        timeouts,
    };
    let conn = Conn::with_limits(Toy { whims: whims.clone() }, Time::ZERO, limits);
    let conn = if u.arbitrary()? { conn.half_open() } else { conn };
    let mut run = Run { conn, account: Account::default(), layers: 0, is_exact: !is_hostile, reservation: None };
    let _context = OnPanic(|| format!("hostile: {is_hostile}, {limits:?}"));
    for _ in 0..CALLS {
        if u.is_empty() {
            break;
        }
        run.call(u)?;
    }
    if let Some(whims) = whims {
        whims.borrow_mut().clear();
    }
    run.finish();
    Ok(())
}

fn drawn(u: &mut Unstructured<'_>) -> Result<VecDeque<u8>> {
    let len = u.int_in_range(0..=40)?;
    Ok(u.bytes(len.min(u.len()))?.iter().copied().collect())
}

struct Run {
    conn: Conn<Toy>,
    account: Account,
    layers: usize,
    /// Whether the account says what must come: nothing hostile is in the way.
    is_exact: bool,
    reservation: Option<(OwnedReservation, Vec<u8>)>,
}

impl Run {
    fn now(&self) -> Time {
        Time::from_nanos(self.account.now)
    }

    fn call(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        match u.int_in_range(0..=17_u8)? {
            0..=2 => self.bring(u)?,
            3 => {
                self.conn.eof(self.now());
                self.account.ended = true;
                self.reservation = None;
            }
            4 => {
                if u.ratio(1, 8)? {
                    self.conn.reset(self.now());
                    self.is_exact = false;
                }
            }
            5 => {
                // Now and then the clock goes back.
                let step = u.int_in_range(0..=60)?;
                let back = u.ratio(1, 10)?;
                self.account.now = if back { self.account.now.saturating_sub(step) } else { self.account.now + step };
                self.conn.tick(self.now());
            }
            6..=8 => {
                let turns = u.int_in_range(1..=4)?;
                self.turns(turns);
            }
            9 | 10 => {
                let message: Vec<u8> = u.arbitrary::<[u8; 3]>()?.iter().map(|byte| b'a' + byte % 26).collect();
                let message = if u.ratio(1, 8)? { b"!no".to_vec() } else { message };
                self.send(&message);
            }
            11 => {
                let n = u.int_in_range(0..=40)?;
                self.write(n);
            }
            12 => {
                let (n, of) = (u.int_in_range(1..=40)?, u.int_in_range(0..=40)?);
                self.write_batch(n, of);
            }
            13 => self.conn.shut(self.now()),
            14 => {
                if u.ratio(1, 4)? {
                    self.conn.begin_drain();
                    self.is_exact = false;
                }
            }
            15 => {
                if u.ratio(1, 4)? {
                    self.conn.outbox().close();
                }
            }
            16 => self.push(u)?,
            _ => {
                let leftover = if u.arbitrary()? { Leftover::Reject } else { Leftover::Reroute };
                let before = self.layers;
                self.layers -= usize::from(self.conn.pop_filter(leftover).is_ok());
                assert!(before > 0 || self.layers == 0);
                self.is_exact = false;
            }
        }
        Ok(())
    }

    /// Pushes a filter. Bytes that were read before it are no longer accounted for.
    fn push(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let whims = if u.ratio(1, 3)? { Some(drawn(u)?) } else { None };
        let leftover = if u.arbitrary()? { Leftover::Reject } else { Leftover::Reroute };
        if self.layers < 3 && self.conn.push_filter(Box::new(Invert { whims }), leftover).is_ok() {
            self.layers += 1;
            self.is_exact = false;
        }
        Ok(())
    }

    /// Brings bytes by one of the ways.
    fn bring(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let len = u.int_in_range(0..=24)?;
        let chunk: Vec<u8> = u.bytes(len.min(u.len()))?.iter().map(|byte| ALPHABET[usize::from(*byte) % ALPHABET.len()]).collect();
        let now = self.now();
        let brought = match u.int_in_range(0..=3_u8)? {
            0 => {
                let turns = u.int_in_range(0..=6)?;
                match self.conn.feed(now, &chunk) {
                    Err(refused) => Err(refused),
                    Ok(mut steps) => {
                        self.account.sent.extend(&chunk);
                        for _ in 0..turns {
                            if !self.account.hear(steps.step(), self.is_exact) {
                                break;
                            }
                        }
                        return Ok(());
                    }
                }
            }
            1 => self.conn.space().map(|space| {
                let n = chunk.len().min(space.len());
                space[..n].copy_from_slice(&chunk[..n]);
                n
            }),
            2 if self.reservation.is_none() => {
                if let Ok(reservation) = self.conn.reserve_owned() {
                    self.reservation = Some((reservation, chunk));
                }
                return Ok(());
            }
            _ => {
                if let Some((mut reservation, chunk)) = self.reservation.take() {
                    let n = chunk.len().min(reservation.reserved());
                    reservation.storage.extend_from_slice(&chunk[..n]);
                    match self.conn.commit_owned(now, reservation) {
                        Ok(()) => self.account.sent.extend(&chunk[..n]),
                        Err(refused) => assert!(refused.error != Refused::ChunkForgotten),
                    }
                }
                return Ok(());
            }
        };
        match brought {
            Ok(n) => match self.conn.commit(now, n) {
                Ok(()) => self.account.sent.extend(&chunk[..n]),
                Err(refused) => self.check_refusal(refused),
            },
            Err(refused) => self.check_refusal(refused),
        }
        Ok(())
    }

    /// Input is refused for a reason.
    fn check_refusal(&mut self, refused: Refused) {
        match refused {
            Refused::AfterEof => assert!(self.account.ended || !self.is_exact),
            Refused::OutstandingReserve => assert!(self.reservation.is_some() || !self.is_exact),
            Refused::Failed => self.account.has_failed = true,
            Refused::Backlog { .. } => {}
            other => panic!("{other}"),
        }
    }

    fn turns(&mut self, turns: usize) {
        for _ in 0..turns {
            if !self.account.hear(self.conn.step(), self.is_exact) {
                break;
            }
        }
    }

    fn send(&mut self, message: &[u8]) {
        let unsent = self.conn.outbox().unsent();
        match self.conn.outbox().send(message) {
            Ok(()) => {
                assert!(self.account.told < Told::Done, "something is sent after the end");
                self.account.queued.extend([b"<", message, b">"].concat());
            }
            Err(refused) => {
                assert_eq!(refused.message[..], *message);
                assert_eq!(self.conn.outbox().unsent(), unsent, "a refused message changes the queue");
            }
        }
    }

    /// Writes up to `n` bytes, as slices.
    fn write(&mut self, n: usize) {
        let bytes: Vec<u8> = self.conn.output().flatten().copied().take(n).collect();
        self.conn.sent(self.now(), bytes.len()).expect("so many bytes are there");
        self.account.wrote(&bytes, self.is_exact);
    }

    /// Writes `n` bytes of a batch of at most `most`.
    fn write_batch(&mut self, most: usize, n: usize) {
        let Some(batch) = self.conn.take_output(most) else { return };
        assert!(self.conn.output().next().is_none() && self.conn.take_output(1).is_none(), "two batches are out");
        let bytes: Vec<u8> = batch.segments().flatten().copied().take(n).collect();
        self.conn.sent(self.now(), bytes.len()).expect("so many bytes are there");
        self.account.wrote(&bytes, self.is_exact);
    }

    /// Does what the connection wants and nothing else, until it is done.
    fn finish(mut self) {
        if let Some((reservation, _)) = self.reservation.take() {
            // Nothing is in it.
            let _ = self.conn.commit_owned(self.now(), reservation);
        }
        self.conn.eof(self.now());
        self.account.ended = true;
        self.conn.outbox().close();
        for _ in 0..TURNS {
            match self.conn.step() {
                Turn::Want(Want { write, .. }) if write > 0 => self.write(write),
                Turn::Want(Want { shutdown: true, .. }) => self.conn.shut(self.now()),
                Turn::Want(Want { deadline: Some(deadline), .. }) => {
                    assert!(deadline > self.now() || !self.is_exact, "a deadline in the past, and nothing else to do");
                    self.account.now = self.account.now.max(deadline.as_nanos()) + 1;
                    self.conn.tick(self.now());
                }
                Turn::Want(want) => {
                    assert!(!self.is_exact, "{want:?} is all it wants, and it is not done: {:?}", self.conn);
                    self.conn.reset(self.now());
                }
                Turn::Handoff => return,
                Turn::Done => {
                    let told = core::mem::replace(&mut self.account.told, Told::Done);
                    assert!(told >= Told::Over, "it is done, and nobody was told that it is over");
                    assert!(matches!(self.conn.step(), Turn::Done) && self.conn.output().next().is_none());
                    self.send(b"late");
                    return;
                }
                turn => {
                    self.account.hear(turn, self.is_exact);
                }
            }
        }
        panic!("it does not end: {:?}", self.conn);
    }
}

impl Account {
    /// Hears a turn. Tells whether another may follow at once.
    fn hear(&mut self, turn: Turn<'_, Toy>, is_exact: bool) -> bool {
        let expected = |account: &mut Self| if is_exact { account.next() } else { None };
        match turn {
            Turn::Event(frame, mut out) => {
                assert!(self.told == Told::Open, "an event after the end");
                if is_exact {
                    assert_eq!(expected(self).as_deref(), Some(frame));
                }
                if frame.first() == Some(&2) && out.send(frame).is_ok() {
                    self.queued.extend([b"<", frame, b">"].concat());
                }
                true
            }
            Turn::Bad(error, _) => {
                assert!(self.told == Told::Open && !error.is_fatal());
                if is_exact {
                    assert_eq!(expected(self), Some(vec![BAD]));
                }
                true
            }
            Turn::Over(result, _) => {
                assert!(self.told == Told::Open, "it is over twice");
                self.told = Told::Over;
                if is_exact {
                    self.check_end(&result);
                }
                true
            }
            Turn::Want(_) | Turn::Handoff => false,
            Turn::Done => {
                assert!(self.told >= Told::Over);
                self.told = Told::Done;
                false
            }
        }
    }

    /// Why it is over, if all that was sent is what was heard.
    fn check_end(&mut self, result: &core::result::Result<(), Failure<Wrong>>) {
        let next = match result {
            Err(Failure::Timeout(_)) => return,
            _ => self.next(),
        };
        match result {
            Ok(()) => {
                let is_end = next.is_none() && self.ended && self.heard == self.sent.len();
                assert!(!self.has_failed && (is_end || next == Some(vec![END])), "{next:?}");
            }
            Err(Failure::Stream(error)) if error.kind() == framewright::ErrorKind::Truncated => assert!(self.ended && next.is_none()),
            Err(Failure::Stream(_)) => assert_eq!(next, Some(vec![FATAL])),
            other => panic!("{other:?}"),
        }
    }

    /// What was written is what was queued, in order, and automatic answers between.
    fn wrote(&mut self, bytes: &[u8], is_exact: bool) {
        assert!(self.told < Told::Done || bytes.is_empty(), "bytes are written after the end");
        if !is_exact {
            return;
        }
        self.written.extend(bytes);
        let whole = self.written.iter().rposition(|byte| *byte == b'>').map_or(0, |at| at + 1);
        let messages = self.written[..whole].split_inclusive(|byte| *byte == b'>');
        let (answers, said): (Vec<&[u8]>, Vec<&[u8]>) = messages.partition(|message| *message == b"<pong>");
        assert!(self.queued.starts_with(&said.concat()), "{:?} is written, and {:?} was queued", self.written, self.queued);
        let pings = self.sent.split(|byte| *byte == PING).count() - 1;
        assert!(answers.len() <= pings, "more answers than pings");
    }
}
