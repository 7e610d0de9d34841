//! A protocol for tests.

use framewright::Input;
use framewright::conn::{Protocol, Reaction, Replies};
use framewright::decode::{Decode, Found, Reject, Stop};
use framewright::encode::{Encode, EncodeError, Payload, Writer};
use framewright::framing::{Lines, Unframable};

/// Lines. `ping` is answered by `pong` and not seen by the application.
#[derive(Debug)]
pub(crate) struct Chat(pub(crate) Lines);

impl Decode for Chat {
    type Progress = <Lines as Decode>::Progress;
    type Token = <Lines as Decode>::Token;
    type Frame<'a> = &'a [u8];
    type Fault = <Lines as Decode>::Fault;

    fn scan(&mut self, progress: &mut usize, input: &Input<'_>) -> Result<Found<usize>, Stop<Self::Fault>> {
        self.0.scan(progress, input)
    }

    fn open<'a>(token: usize, progress: &'a usize, frame: &'a [u8]) -> &'a [u8] {
        Lines::open(token, progress, frame)
    }

    fn inspect(&mut self, _: &mut usize, _: &mut usize, _: &[u8]) -> Result<(), Reject<Self::Fault>> {
        Ok(())
    }
}

impl Encode for Chat {
    type Message<'a> = Payload<'a>;
    type Fault = Unframable;

    fn encode(&mut self, message: &Payload<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Unframable>> {
        self.0.encode(message, out)
    }
}

impl Protocol for Chat {
    fn react(&mut self, frame: &&[u8], replies: &mut Replies<'_>) -> Reaction {
        if *frame == b"ping" {
            replies.send(self, "pong");
            return Reaction::Swallow;
        }
        Reaction::Event
    }
}
