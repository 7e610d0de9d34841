//! Post: letters over a counter, a small protocol to drive. SPEC.md, clauses PS-1 to PS-12.
//!
//! A client sends requests without waiting, and a server answers them in order. A server also pushes what nobody asked for, either side pings the other, and a client can have the connection secured
//! in mid-stream. Payloads of up to a mebibyte are handed out as they arrive.

use framewright::conn::{Phase, Protocol, Reaction, Replies};
use framewright::decode::{Cause, Decode, Found, Stop};
use framewright::encode::{Encode, EncodeError, Payload, Writer};
use framewright::{Input, NeedMoreData};

/// The longest payload, in bytes.
pub const MAX_PAYLOAD: usize = 1 << 20;
/// The most requests without an answer.
pub const MAX_OWED: u32 = 64;

/// The kind of a message, and three bytes of length.
const HEADER: usize = 4;
/// What a ping carries, in bytes.
const CARGO: usize = 8;

/// One side of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    side: Side,
    /// The requests without an answer: on a server those that came whole, on a client those that were queued.
    owed: u32,
    /// The message whose payload arrives, as far as it was handed out.
    arriving: Option<Piece>,
    upgrade: Upgrade,
}

/// Which side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It answers and pushes.
    Server,
    /// It requests.
    Client,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Upgrade {
    /// Not asked for.
    Plain,
    /// Asked for by the client.
    Asked,
    /// Granted by the server.
    Granted,
}

/// What a message is: its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// To the server: to be answered.
    Request,
    /// To the client: the answer to its first request that has none.
    Answer,
    /// To the client: what it did not ask for.
    Push,
    /// To be answered by a pong that carries the same.
    Ping,
    /// The answer to a ping.
    Pong,
    /// To the server: all that follows is to be secured.
    Upgrade,
    /// To the client: all that follows is secured.
    Ready,
}

/// What a peer said, or a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A part of a request, an answer or a push, as it arrived.
    Part(Part<'a>),
    /// A ping. The protocol answers it; the application never sees one.
    Ping([u8; CARGO]),
    /// A pong, with what the ping carried.
    Pong([u8; CARGO]),
    /// The client wants all that follows secured.
    Upgrade,
    /// All that follows is secured.
    Ready,
}

/// A part of a payload. An empty payload is one empty part; no other part is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// Of a request, an answer or a push.
    pub kind: Kind,
    /// The length of the whole payload.
    pub len: usize,
    /// Where in the payload this part is.
    pub at: usize,
    /// What arrived of it.
    pub bytes: &'a [u8],
}

impl Part<'_> {
    /// Whether the payload is whole with this part.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.at + self.bytes.len() == self.len
    }
}

/// What is said: always a whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// By a client.
    Request(Payload<'a>),
    /// By a server, to the first request that has none.
    Answer(Payload<'a>),
    /// By a server.
    Push(Payload<'a>),
    /// By either.
    Ping([u8; CARGO]),
    /// By either; the protocol says it by itself.
    Pong([u8; CARGO]),
    /// By a client. Nothing can be said behind it before the [`Ready`](Self::Ready).
    Upgrade,
    /// By a server. What is said behind it has to go through the filter.
    Ready,
}

/// The rules of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// PS-2.
    #[error("no message begins with byte {found:#04x}")]
    Unknown {
        /// The byte.
        found: u8,
    },
    /// PS-3.
    #[error("{kind:?} to the wrong side")]
    WrongSide {
        /// What it was.
        kind: Kind,
    },
    /// PS-5.
    #[error("{kind:?} of not {expected} bytes")]
    Length {
        /// What it was.
        kind: Kind,
        /// The only length that it has.
        expected: usize,
    },
    /// PS-8.
    #[error("an answer to no request")]
    Unasked,
    /// PS-9.
    #[error("more than {MAX_OWED} requests without an answer")]
    TooMany,
    /// PS-11.
    #[error("an upgrade that cannot be")]
    Upgrade,
    /// PS-12.
    #[error("a message behind the one that asks for an upgrade")]
    Behind,
}

/// A message whose payload arrives: what was handed out of it, or is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    kind: Kind,
    len: usize,
    at: usize,
}

impl Post {
    /// One side, at the start of a connection.
    #[must_use]
    pub const fn new(side: Side) -> Self {
        Self { side, owed: 0, arriving: None, upgrade: Upgrade::Plain }
    }

    /// Returns how many requests have no answer.
    #[must_use]
    pub const fn owed(&self) -> u32 {
        self.owed
    }

    /// Whether a message may come to, or go from, this side now.
    fn check(&self, kind: Kind, to: Side) -> Result<(), Fault> {
        match (kind, to) {
            (Kind::Request | Kind::Upgrade, Side::Client) | (Kind::Answer | Kind::Push | Kind::Ready, Side::Server) => {
                Err(Fault::WrongSide { kind })
            }
            (_, Side::Server) if self.upgrade == Upgrade::Asked => Err(Fault::Behind),
            (Kind::Request, _) if self.owed == MAX_OWED => Err(Fault::TooMany),
            (Kind::Answer, _) if self.owed == 0 => Err(Fault::Unasked),
            (Kind::Upgrade, _) if self.owed > 0 || self.upgrade != Upgrade::Plain => Err(Fault::Upgrade),
            (Kind::Ready, _) if self.upgrade != Upgrade::Asked => Err(Fault::Upgrade),
            _ => Ok(()),
        }
    }

    /// Takes note of a message that came, or went.
    fn note(&mut self, kind: Kind) {
        match kind {
            Kind::Request => self.owed += 1,
            Kind::Answer => self.owed -= 1,
            Kind::Upgrade => self.upgrade = Upgrade::Asked,
            Kind::Ready => self.upgrade = Upgrade::Granted,
            Kind::Push | Kind::Ping | Kind::Pong => {}
        }
    }

    /// Reads a header. Each byte of it is judged as soon as it is there.
    fn header(&self, input: &Input<'_>) -> Result<Piece, Stop<Fault>> {
        let [first] = input.array(0)?;
        let kind = Kind::of(first).ok_or(Stop::fatal(Fault::Unknown { found: first }))?;
        self.check(kind, self.side).map_err(Stop::fatal)?;
        let least = (1..HEADER).fold(0, |len, at| len << 8 | usize::from(input.get(at).unwrap_or(0)));
        let is_whole = input.len() >= HEADER;
        match kind.fixed() {
            Some(expected) if least > expected || (is_whole && least < expected) => Err(Stop::fatal(Fault::Length { kind, expected })),
            None if least > MAX_PAYLOAD => Err(Stop::Fatal(Cause::TooLarge { what: "payload", limit: MAX_PAYLOAD as u64 })),
            _ if is_whole => Ok(Piece { kind, len: least, at: 0 }),
            // The very next byte can be wrong.
            _ => Err(Stop::Need(NeedMoreData::ONE)),
        }
    }

    /// Hands out what there is of a payload, behind so many bytes of header.
    fn part(&mut self, piece: Piece, header: usize, input: &Input<'_>) -> Result<Found<Piece>, Stop<Fault>> {
        let left = piece.len - piece.at;
        // A header at the end of a run comes with one byte of what follows.
        let here = input.first().len().saturating_sub(header).clamp(left.min(1), left);
        input.require(header + here)?;
        self.arriving = (here < left).then_some(Piece { at: piece.at + here, ..piece });
        if here == left {
            self.note(piece.kind);
        }
        Ok(Found::Frame { len: header + here, token: piece })
    }
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        const KINDS: [Kind; 7] = [Kind::Request, Kind::Answer, Kind::Push, Kind::Ping, Kind::Pong, Kind::Upgrade, Kind::Ready];
        KINDS.into_iter().find(|kind| kind.byte() == byte)
    }

    const fn byte(self) -> u8 {
        match self {
            Self::Request => b'Q',
            Self::Answer => b'A',
            Self::Push => b'P',
            Self::Ping => b'?',
            Self::Pong => b'!',
            Self::Upgrade => b'U',
            Self::Ready => b'R',
        }
    }

    /// The length of the payload, if it can have but one.
    const fn fixed(self) -> Option<usize> {
        match self {
            Self::Request | Self::Answer | Self::Push => None,
            Self::Ping | Self::Pong => Some(CARGO),
            Self::Upgrade | Self::Ready => Some(0),
        }
    }
}

impl Decode for Post {
    type Progress = ();
    type Token = Piece;
    type Frame<'a> = Event<'a>;
    type Fault = Fault;

    #[inline]
    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<Piece>, Stop<Fault>> {
        if let Some(piece) = self.arriving {
            return self.part(piece, 0, input);
        }
        input.begin()?;
        let piece = self.header(input)?;
        if piece.kind.fixed().is_none() {
            return self.part(piece, HEADER, input);
        }
        input.require(HEADER + piece.len)?;
        self.note(piece.kind);
        Ok(Found::Frame { len: HEADER + piece.len, token: piece })
    }

    #[inline]
    fn open<'a>(piece: Piece, (): &'a (), frame: &'a [u8]) -> Event<'a> {
        let payload = if piece.at == 0 { frame.get(HEADER..).unwrap_or_default() } else { frame };
        let cargo = || payload.try_into().unwrap_or_default();
        match piece.kind {
            Kind::Request | Kind::Answer | Kind::Push => {
                Event::Part(Part { kind: piece.kind, len: piece.len, at: piece.at, bytes: payload })
            }
            Kind::Ping => Event::Ping(cargo()),
            Kind::Pong => Event::Pong(cargo()),
            Kind::Upgrade => Event::Upgrade,
            Kind::Ready => Event::Ready,
        }
    }
}

impl Encode for Post {
    type Message<'a> = Message<'a>;
    type Fault = Fault;

    fn encode(&mut self, message: &Message<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Fault>> {
        let cargo;
        let (kind, payload) = match message {
            Message::Request(payload) => (Kind::Request, payload),
            Message::Answer(payload) => (Kind::Answer, payload),
            Message::Push(payload) => (Kind::Push, payload),
            Message::Ping(bytes) | Message::Pong(bytes) => {
                cargo = Payload::from(bytes);
                (if matches!(message, Message::Ping(_)) { Kind::Ping } else { Kind::Pong }, &cargo)
            }
            Message::Upgrade => (Kind::Upgrade, &Payload::Borrowed(&[])),
            Message::Ready => (Kind::Ready, &Payload::Borrowed(&[])),
        };
        self.check(kind, self.side.other()).map_err(EncodeError::Fault)?;
        if payload.len() > MAX_PAYLOAD {
            return Err(EncodeError::TooLarge { what: "payload", limit: MAX_PAYLOAD as u64 });
        }
        let [.., high, middle, low] = payload.len().to_be_bytes();
        out.write(&[kind.byte(), high, middle, low])?;
        out.payload(payload)?;
        self.note(kind);
        Ok(())
    }
}

impl Side {
    const fn other(self) -> Self {
        match self {
            Self::Server => Self::Client,
            Self::Client => Self::Server,
        }
    }
}

impl Protocol for Post {
    fn react(&mut self, event: &Event<'_>, replies: &mut Replies<'_>) -> Reaction {
        let Event::Ping(cargo) = event else { return Reaction::Event };
        // A client that has asked for an upgrade says nothing before it has it.
        if self.check(Kind::Pong, self.side.other()).is_ok() {
            replies.send(self, Message::Pong(*cargo));
        }
        Reaction::Swallow
    }

    fn phase(&self) -> Phase {
        if self.arriving.is_some() { Phase::Parts } else { Phase::Frames }
    }
}
