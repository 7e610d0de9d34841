//! Streams of messages, read whole and in parts.

use framewright::engine::Parts;
use framewright::http1::{
    Answers, Body, BodyForm, BodyPart, Event, Fault, Fields, Framing, HeadOf, Heads, Message, Messages, Request, Response, Role, Rules,
    parse_request, parse_response,
};
use framewright::{Engine, Error, ErrorCause, Frames, Place, Refused, Step};
use serde_json::{Value, json};

/// One direction, as far as its heads differ from the other's.
pub(super) trait Side: Role {
    /// A head as the record writes it: names in lower case, values in Latin-1.
    fn show(head: &HeadOf<'_, Self>) -> Value;

    /// The same, and what the original does not tell: that the body is coded.
    fn show_framed(head: &HeadOf<'_, Self>, framing: Framing) -> Value {
        let mut shown = Self::show(head);
        if framing.coded {
            shown["coded"] = true.into();
        }
        shown
    }

    fn as_bytes<'a>(head: &HeadOf<'a, Self>) -> &'a [u8];

    fn announced(head: &HeadOf<'_, Self>, rules: &Rules) -> Result<Framing, Fault>;

    fn parse<'a>(bytes: &'a [u8], rules: &Rules) -> Result<Message<'a, Self>, Error<Fault>>;
}

impl Side for Request {
    fn show(head: &HeadOf<'_, Self>) -> Value {
        let (target, headers) = (latin1(head.target()), show_fields(head.fields()));
        json!({ "t": "head", "method": head.method(), "target": target, "version": number(head.version().as_str()), "headers": headers })
    }

    fn as_bytes<'a>(head: &HeadOf<'a, Self>) -> &'a [u8] {
        head.as_bytes()
    }

    fn announced(head: &HeadOf<'_, Self>, rules: &Rules) -> Result<Framing, Fault> {
        head.framing(rules)
    }

    fn parse<'a>(bytes: &'a [u8], rules: &Rules) -> Result<Message<'a, Self>, Error<Fault>> {
        parse_request(bytes, rules)
    }
}

impl Side for Response {
    fn show(head: &HeadOf<'_, Self>) -> Value {
        let (reason, headers) = (latin1(head.reason()), show_fields(head.fields()));
        json!({ "t": "head", "status": head.status(), "reason": reason, "version": number(head.version().as_str()), "headers": headers })
    }

    fn as_bytes<'a>(head: &HeadOf<'a, Self>) -> &'a [u8] {
        head.as_bytes()
    }

    fn announced(head: &HeadOf<'_, Self>, rules: &Rules) -> Result<Framing, Fault> {
        head.framing(Answers::Other, rules)
    }

    fn parse<'a>(bytes: &'a [u8], rules: &Rules) -> Result<Message<'a, Self>, Error<Fault>> {
        parse_response(bytes, Answers::Other, rules)
    }
}

fn number(version: &str) -> &str {
    version.strip_prefix("HTTP/").unwrap()
}

fn show_fields(fields: Fields<'_>) -> Value {
    fields.iter().map(|field| json!([latin1(field.name).to_lowercase(), latin1(field.value)])).collect()
}

pub(super) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// Something that came of a stream.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    Head(Value),
    /// A chunk of this many bytes has begun: its data follows.
    Chunk(u64),
    Data(Vec<u8>),
    End,
    /// The stream has failed, in a frame at this offset.
    Failed(u64, ErrorCause<Fault>),
    /// The stream has ended cleanly.
    Over,
}

/// A stream, as it is read in one of two ways.
pub(super) trait Reading {
    fn feed(&mut self, chunk: &[u8]) -> Result<Vec<Said>, Refused>;
    fn end(&mut self) -> Vec<Said>;
}

/// Reads whole messages.
pub(super) struct Whole<R: Role> {
    engine: Engine<Messages<R>>,
    fed: Vec<u8>,
}

impl<R: Side> Whole<R> {
    pub(super) fn new(rules: Rules) -> Self {
        Self { engine: Engine::new(Messages::new(rules)), fed: Vec::new() }
    }
}

impl<R: Side> Reading for Whole<R> {
    fn feed(&mut self, chunk: &[u8]) -> Result<Vec<Said>, Refused> {
        self.fed.extend_from_slice(chunk);
        self.engine.feed(chunk).map(|frames| drain(frames, &self.fed))
    }

    fn end(&mut self) -> Vec<Said> {
        drain(self.engine.eof(), &self.fed)
    }
}

fn drain<R: Side>(mut frames: Frames<'_, Messages<R>>, fed: &[u8]) -> Vec<Said> {
    let mut said = Vec::new();
    loop {
        match frames.next_frame() {
            Ok(Step::Frame(Event::Head(head, framing), place)) => {
                assert_eq!(R::as_bytes(&head), encoded(fed, place), "a head as it came");
                said.push(Said::Head(R::show_framed(&head, framing)));
            }
            Ok(Step::Frame(Event::Data(data), place)) => push_data(&mut said, data, encoded(fed, place)),
            Ok(Step::Frame(Event::End(trailers), _)) => {
                assert!(trailers.is_empty(), "the original knows no trailers");
                said.push(Said::End);
            }
            Ok(Step::Idle | Step::NeedMoreData(_)) => return said,
            Ok(Step::End(_)) => {
                said.push(Said::Over);
                return said;
            }
            Ok(Step::Handoff(..)) => panic!("messages are not handed over with a frame"),
            Err(error) => {
                assert!(error.is_fatal());
                said.push(Said::Failed(error.offset, error.cause));
                return said;
            }
        }
    }
}

/// The bytes that a frame came as.
fn encoded(fed: &[u8], place: Place) -> &[u8] {
    &fed[usize::try_from(place.offset).unwrap()..][..place.len]
}

/// Takes data, and the line of a chunk that is before it in its frame.
fn push_data(said: &mut Vec<Said>, data: &[u8], encoded: &[u8]) {
    let line = latin1(encoded.strip_suffix(data).unwrap());
    if !line.is_empty() {
        let size = line.trim_start_matches("\r\n").split([';', '\r']).next().unwrap();
        said.push(Said::Chunk(u64::from_str_radix(size, 16).unwrap()));
    }
    match said.last_mut() {
        Some(Said::Data(before)) => before.extend_from_slice(data),
        _ => said.push(Said::Data(data.to_vec())),
    }
}

/// Reads a head, then the body that it announces by a decoder of its own, and so on.
pub(super) struct Apart<R: Role> {
    rules: Rules,
    awaits: Awaits<R>,
    fed: Vec<u8>,
}

enum Awaits<R: Role> {
    Head(Box<Engine<Heads<R>>>),
    Body(Box<Engine<Body>>),
    /// The framing of a head is at fault: this is said again and again.
    Nothing(Said),
}

impl<R: Side> Apart<R> {
    pub(super) fn new(rules: Rules) -> Self {
        Self { rules, awaits: Awaits::Head(Box::new(Engine::new(Heads::new(rules)))), fed: Vec::new() }
    }

    /// Reads on with what is stored.
    fn go_on(&mut self) -> Vec<Said> {
        let mut said = Vec::new();
        loop {
            match &mut self.awaits {
                Awaits::Head(engine) => match next_head(engine, &self.rules, &mut said) {
                    Some(Ok(form)) => self.turn_to_body(form),
                    Some(Err(failed)) => self.awaits = Awaits::Nothing(failed),
                    None => return said,
                },
                Awaits::Body(engine) => match read_body(engine, &self.fed, &mut said) {
                    Some(()) => self.turn_to_head(),
                    None => return said,
                },
                Awaits::Nothing(failed) => {
                    said.push(failed.clone());
                    return said;
                }
            }
        }
    }

    fn turn_to_body(&mut self, form: BodyForm) {
        assert_ne!(form, BodyForm::Tunnel, "no vector opens a tunnel");
        let unread = match self.take() {
            Awaits::Head(engine) => engine.into_parts().unwrap().with_decoder(Body::new(form, self.rules)),
            _ => panic!("a body behind no head"),
        };
        self.awaits = Awaits::Body(Box::new(Engine::from_parts(unread)));
    }

    fn turn_to_head(&mut self) {
        let unread: Parts<Heads<R>, _> = match self.take() {
            Awaits::Body(engine) => engine.into_parts().unwrap().with_decoder(Heads::new(self.rules)),
            _ => panic!("a head in the middle of a head"),
        };
        self.awaits = Awaits::Head(Box::new(Engine::from_parts(unread)));
    }

    fn take(&mut self) -> Awaits<R> {
        std::mem::replace(&mut self.awaits, Awaits::Nothing(Said::Over))
    }
}

impl<R: Side> Reading for Apart<R> {
    fn feed(&mut self, chunk: &[u8]) -> Result<Vec<Said>, Refused> {
        match &mut self.awaits {
            Awaits::Head(engine) => drop(engine.feed(chunk)?),
            Awaits::Body(engine) => drop(engine.feed(chunk)?),
            Awaits::Nothing(_) => return Err(Refused::Failed),
        }
        self.fed.extend_from_slice(chunk);
        Ok(self.go_on())
    }

    fn end(&mut self) -> Vec<Said> {
        match &mut self.awaits {
            Awaits::Head(engine) => drop(engine.eof()),
            Awaits::Body(engine) => drop(engine.eof()),
            Awaits::Nothing(_) => {}
        }
        self.go_on()
    }
}

/// Reads a head, and gives what it says of the body; nothing where there is no head.
fn next_head<R: Side>(engine: &mut Engine<Heads<R>>, rules: &Rules, said: &mut Vec<Said>) -> Option<Result<BodyForm, Said>> {
    match engine.frames().next_frame() {
        Ok(Step::Frame(head, place)) => match R::announced(&head, rules) {
            Ok(framing) => {
                said.push(Said::Head(R::show_framed(&head, framing)));
                return Some(Ok(framing.body));
            }
            Err(fault) => return Some(Err(Said::Failed(place.offset, ErrorCause::Fault(fault)))),
        },
        Ok(Step::End(_)) => said.push(Said::Over),
        Ok(Step::Handoff(..)) => panic!("heads are not handed over"),
        Ok(Step::Idle | Step::NeedMoreData(_)) => {}
        Err(error) => said.push(Said::Failed(error.offset, error.cause)),
    }
    None
}

/// Reads a body as far as it is there; gives nothing where that is not whole.
fn read_body(engine: &mut Engine<Body>, fed: &[u8], said: &mut Vec<Said>) -> Option<()> {
    let mut frames = engine.frames();
    loop {
        match frames.next_frame() {
            Ok(Step::Frame(BodyPart::Data(data), place)) => push_data(said, data, encoded(fed, place)),
            Ok(Step::Frame(BodyPart::End(_), _)) => {
                said.push(Said::End);
                return Some(());
            }
            Ok(Step::Idle | Step::NeedMoreData(_)) => return None,
            Ok(Step::End(_) | Step::Handoff(..)) => panic!("a body without an end"),
            Err(error) => {
                said.push(Said::Failed(error.offset, error.cause));
                return None;
            }
        }
    }
}
