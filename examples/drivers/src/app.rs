//! What the drivers serve: an application, which knows no driver. Two of them: a server and a client.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bytes::Bytes;
use framewright::Time;
use framewright::conn::{Conn, Filter, Leftover, Limits, Outbox, Timeouts, Turn, Want};

use crate::protocol::{Event, Kind, MAX_PAYLOAD, Message, Part, Post, Side};

/// One side of a connection, as its application sees it.
pub trait App {
    /// Says what it has to say by itself, as long as there is room for it.
    fn speak(&mut self, out: &mut Outbox<'_, Post>);

    /// Hears what the peer said, and may answer at once.
    fn hear(&mut self, event: Event<'_>, out: &mut Outbox<'_, Post>) -> Heard;

    /// Hears that nothing more comes, and why.
    fn over(&mut self, why: Result<(), String>);
}

/// What becomes of the connection.
pub enum Heard {
    /// It goes on.
    On,
    /// It goes on through a filter, which takes nothing that came before.
    Secured(Box<dyn Filter>),
}

/// Does everything that needs no I/O, and says what the connection wants of its driver. `None` when it is over.
///
/// The same under every driver.
pub fn serve(conn: &mut Conn<Post>, app: &mut impl App) -> Option<Want> {
    loop {
        app.speak(&mut conn.outbox());
        match conn.step() {
            Turn::Event(event, mut out) => {
                if let Heard::Secured(filter) = app.hear(event, &mut out) {
                    if conn.push_filter(filter, Leftover::Reject).is_err() {
                        app.over(Err("bytes came between the request to secure them and the filter".to_owned()));
                        return None;
                    }
                }
            }
            Turn::Bad(..) => {} // This protocol steps over nothing.
            Turn::Over(why, _) => app.over(why.map_err(|failure| failure.to_string())),
            Turn::Want(want) => return Some(want),
            Turn::Handoff | Turn::Done => return None,
        }
    }
}

/// Makes one side of a connection.
#[must_use]
pub fn connection(side: Side, now: Time) -> Conn<Post> {
    let timeouts = Timeouts { close: Some(Duration::from_secs(60)), ..Timeouts::DEFAULT };
    // Room for the longest message behind others, so that none is refused while the outbox is writable.
    let limits = Limits { max_unsent: 2 * MAX_PAYLOAD, timeouts, ..Limits::DEFAULT };
    Conn::with_limits(Post::new(side), now, limits).half_open()
}

/// The clock of a driver.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Clock {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time of the connections.
    #[must_use]
    pub fn now(self) -> Time {
        Time::from_instant(Instant::now(), self.0)
    }

    /// How long to wait: at least a millisecond, since sockets take a timeout of zero for none.
    #[must_use]
    pub fn until(self, deadline: Option<Time>) -> Option<Duration> {
        deadline.map(|deadline| deadline.since(self.now()).max(Duration::from_millis(1)))
    }
}

/// What waits to be written, for a vectored write. Nothing is copied.
#[must_use]
pub fn slices(conn: &Conn<Post>) -> Vec<IoSlice<'_>> {
    conn.output().take(64).map(IoSlice::new).collect()
}

/// A write of nothing is no progress.
///
/// # Errors
/// `WriteZero`.
pub fn some(n: usize) -> io::Result<usize> {
    if n == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(n) }
}

/// How a side secures a connection: a filter of its own for each.
pub type Secure = fn(Side) -> Box<dyn Filter>;

impl<A: App> App for &mut A {
    fn speak(&mut self, out: &mut Outbox<'_, Post>) {
        (**self).speak(out);
    }

    fn hear(&mut self, event: Event<'_>, out: &mut Outbox<'_, Post>) -> Heard {
        (**self).hear(event, out)
    }

    fn over(&mut self, why: Result<(), String>) {
        (**self).over(why);
    }
}

/// Answers each request by as many bytes, which depend on all that it said; after every sixteenth it pushes something.
pub struct Server {
    hash: Hash,
    requests: u64,
    /// What is to be said, when there is room. At most as many as the protocol allows requests.
    due: VecDeque<(Kind, Bytes)>,
    over: bool,
    secure: Option<Secure>,
    /// Why the connection failed, if it did.
    pub failure: Option<String>,
}

impl Server {
    /// For one connection.
    #[must_use]
    pub fn new(secure: Option<Secure>) -> Self {
        Self { hash: Hash::new(), requests: 0, due: VecDeque::new(), over: false, secure, failure: None }
    }
}

impl App for Server {
    fn speak(&mut self, out: &mut Outbox<'_, Post>) {
        while out.is_writable() {
            let Some((kind, payload)) = self.due.pop_front() else { break };
            let message = if kind == Kind::Push { Message::Push(payload.into()) } else { Message::Answer(payload.into()) };
            // Refused only when the connection has failed, and then nobody listens.
            let _ = out.send(message);
        }
        if self.over && self.due.is_empty() {
            out.close();
        }
    }

    fn hear(&mut self, event: Event<'_>, out: &mut Outbox<'_, Post>) -> Heard {
        match event {
            Event::Part(part) => {
                self.hash.write(part.bytes);
                if part.is_last() {
                    let hash = std::mem::take(&mut self.hash).0;
                    self.requests += 1;
                    self.due.push_back((Kind::Answer, text(hash, part.len)));
                    if self.requests % 16 == 0 {
                        self.due.push_back((Kind::Push, text(!hash, part.len.min(100))));
                    }
                }
            }
            Event::Upgrade => {
                if let Some(secure) = self.secure {
                    if out.send(Message::Ready).is_ok() {
                        return Heard::Secured(secure(Side::Server));
                    }
                }
                out.close();
            }
            Event::Ping(_) | Event::Pong(_) | Event::Ready => {}
        }
        Heard::On
    }

    fn over(&mut self, why: Result<(), String>) {
        self.over = true;
        self.failure = why.err();
    }
}

/// Says what a seed makes it say, without waiting for answers, and remembers all that it hears.
pub struct Client {
    random: Random,
    /// The requests that are still to be made.
    left: u32,
    /// The requests without an answer: when each was queued, and how long it was.
    waiting: VecDeque<(Instant, usize)>,
    secure: Option<Secure>,
    start: Start,
    answers: Hash,
    pongs: Hash,
    pings: u32,
    over: bool,
    /// How long each answer took, in nanoseconds.
    pub latencies: Vec<u64>,
    /// Why the connection failed, if it did.
    pub failure: Option<String>,
}

/// How far the upgrade is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    /// One request, and its answer.
    First,
    /// That came; all that follows is to be secured.
    Asked,
    /// Messages as they come.
    Done,
}

impl Client {
    /// The most requests without an answer.
    const WINDOW: usize = 32;

    /// For one connection, with so many requests.
    #[must_use]
    pub fn new(seed: u64, requests: u32, secure: Option<Secure>) -> Self {
        Self {
            random: Random(seed),
            left: requests,
            waiting: VecDeque::new(),
            secure,
            start: if secure.is_some() { Start::First } else { Start::Done },
            answers: Hash::new(),
            pongs: Hash::new(),
            pings: 0,
            over: false,
            latencies: Vec::new(),
            failure: None,
        }
    }

    /// Everything that it heard, in order. Pongs are counted by themselves: the protocol says them, and they may overtake answers.
    #[must_use]
    pub fn transcript(&self) -> [u64; 2] {
        [self.answers.0, self.pongs.0]
    }

    /// Whether everything that it said was answered.
    #[must_use]
    pub fn is_content(&self) -> bool {
        self.left == 0 && self.waiting.is_empty() && self.pings == 0 && self.failure.is_none()
    }

    fn request(&mut self, out: &mut Outbox<'_, Post>) {
        let len = self.random.payload_len();
        let payload = text(self.random.draw(), len);
        if out.send(Message::Request(payload.into())).is_ok() {
            self.left -= 1;
            self.waiting.push_back((Instant::now(), len));
        }
        if self.random.below(20) == 0 && out.send(Message::Ping(self.random.draw().to_be_bytes())).is_ok() {
            self.pings += 1;
        }
    }
}

impl App for Client {
    fn speak(&mut self, out: &mut Outbox<'_, Post>) {
        let window = match self.start {
            Start::First => 1,
            Start::Asked => 0,
            Start::Done => Self::WINDOW,
        };
        while self.left > 0 && self.waiting.len() < window && out.is_writable() && !self.over {
            self.request(out);
        }
        if self.left == 0 || self.over {
            out.close(); // Answers still come.
        }
    }

    fn hear(&mut self, event: Event<'_>, out: &mut Outbox<'_, Post>) -> Heard {
        match event {
            Event::Part(Part { kind, len, at, bytes }) => {
                if at == 0 {
                    self.answers.write(&[u8::from(kind == Kind::Push)]);
                    self.answers.write(&len.to_be_bytes());
                }
                self.answers.write(bytes);
                if at + bytes.len() == len && kind == Kind::Answer {
                    if let Some((queued, asked)) = self.waiting.pop_front() {
                        self.latencies.push(u64::try_from(queued.elapsed().as_nanos()).unwrap_or(u64::MAX));
                        if asked != len {
                            self.failure = Some(format!("{len} bytes answer {asked}"));
                        }
                    }
                    if self.start == Start::First && out.send(Message::Upgrade).is_ok() {
                        self.start = Start::Asked;
                    }
                }
            }
            Event::Pong(cargo) => {
                self.pongs.write(&cargo);
                self.pings = self.pings.saturating_sub(1);
            }
            Event::Ready => {
                self.start = Start::Done;
                if let Some(secure) = self.secure {
                    return Heard::Secured(secure(Side::Client));
                }
            }
            Event::Ping(_) | Event::Upgrade => {}
        }
        Heard::On
    }

    fn over(&mut self, why: Result<(), String>) {
        self.over = true;
        self.failure = self.failure.take().or(why.err());
    }
}

/// FNV-1a: the same however the bytes are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash(pub u64);

impl Hash {
    /// Of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
    }
}

impl Default for Hash {
    fn default() -> Self {
        Self::new()
    }
}

/// Numbers that look random, the same for the same seed: `SplitMix64`.
pub struct Random(pub u64);

impl Random {
    /// A number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.draw() % n as u64).unwrap_or(0)
    }

    /// The length of a payload: of a thousand 800 are below 64 B, 180 up to 4 KiB, 19 up to 64 KiB, and one up to 1 MiB.
    pub fn payload_len(&mut self) -> usize {
        match self.below(1000) {
            0 => self.below(MAX_PAYLOAD + 1),
            1..20 => self.below(64 * 1024),
            20..200 => self.below(4 * 1024),
            _ => self.below(64),
        }
    }
}

/// So many bytes that `hash` picks, shared.
#[must_use]
pub fn text(hash: u64, len: usize) -> Bytes {
    static TEXT: OnceLock<Bytes> = OnceLock::new();
    let text = TEXT.get_or_init(|| {
        let mut random = Random(0);
        (0..MAX_PAYLOAD / 4).flat_map(|_| random.draw().to_be_bytes()).collect()
    });
    let from = usize::try_from(hash % MAX_PAYLOAD as u64).unwrap_or(0);
    text.slice(from..from + len)
}
