//! A protocol with everything that a connection has to deal with.

use framewright::Input;
use framewright::conn::{Phase, Protocol, Reaction, Replies};
use framewright::decode::{Decode, Found, Stop};
use framewright::encode::{Encode, EncodeError, Payload, Writer};

/// A byte of length, and so many bytes. `0xFF` alone is a bad frame, and a length above 100 the end.
///
/// `ping` is answered by `pong` and not seen, `note` is answered by `noted` and seen, `UPGRADE` is the last frame. With a handshake, that lasts until `hello`. Between `body` and `end` come parts.
#[derive(Debug, Clone)]
pub(crate) struct Toy {
    pub(crate) phase: Phase,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("a byte that is no length")]
    Bad,
    #[error("a length above 100")]
    TooLong,
}

impl Toy {
    pub(crate) const fn new() -> Self {
        Self { phase: Phase::Frames }
    }
}

impl Decode for Toy {
    type Progress = ();
    type Token = ();
    type Frame<'a> = &'a [u8];
    type Fault = Fault;

    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<()>, Stop<Fault>> {
        input.begin()?;
        let [payload] = input.array(0)?;
        match payload {
            0xFF => return Err(Stop::bad(1, Fault::Bad)),
            101.. => return Err(Stop::fatal(Fault::TooLong)),
            _ => {}
        }
        let len = 1 + usize::from(payload);
        input.require(len)?;
        let frame = Found::Frame { len, token: () };
        Ok(if input.array(0) == Ok(*b"\x07UPGRADE") { Found::Handoff { len, token: () } } else { frame })
    }

    fn open<'a>((): (), (): &'a (), frame: &'a [u8]) -> &'a [u8] {
        &frame[1..]
    }
}

impl Encode for Toy {
    type Message<'a> = Payload<'a>;
    type Fault = core::convert::Infallible;

    fn encode(&mut self, message: &Payload<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Self::Fault>> {
        let len = u8::try_from(message.len()).map_err(|_| EncodeError::TooLarge { what: "payload", limit: 255 })?;
        out.write(&[len])?;
        Ok(out.payload(message)?)
    }
}

impl Protocol for Toy {
    fn react(&mut self, frame: &&[u8], replies: &mut Replies<'_>) -> Reaction {
        match *frame {
            b"ping" => {
                replies.send(self, "pong");
                return Reaction::Swallow;
            }
            b"note" => replies.send(self, "noted"),
            b"hello" | b"end" => self.phase = Phase::Frames,
            b"body" => self.phase = Phase::Parts,
            _ => {}
        }
        Reaction::Event
    }

    fn phase(&self) -> Phase {
        self.phase
    }
}

/// The frames of these payloads.
pub(crate) fn frames(payloads: &[&str]) -> Vec<u8> {
    payloads.iter().flat_map(|payload| [&[u8::try_from(payload.len()).unwrap()], payload.as_bytes()].concat()).collect()
}
