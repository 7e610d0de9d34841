//! What a reader makes of a stream.

use framewright::http1::{
    Answers, Event, Fault, Fields, HeadOf, Heads, Messages, Request, RequestHead, Response, ResponseHead, Role, Version,
};
use framewright::{Decode, Engine, ErrorCause, Step};

/// Bytes, and what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    /// What responses answer; nothing of requests.
    pub(crate) answers: Option<Answers>,
    pub(crate) bytes: Vec<u8>,
}

/// Names and values.
pub(crate) type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// A message that was read, perhaps in part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// `GET / 1.1` or `200 OK 1.1`.
    pub(crate) line: Vec<u8>,
    pub(crate) fields: Pairs,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Pairs,
    pub(crate) is_whole: bool,
}

/// How a stream ended that was fed and not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// All was read, and no message has begun.
    Between,
    /// More is needed.
    Inside,
    /// What is unread is another protocol's.
    Handoff,
    Refused,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) messages: Vec<Message>,
    pub(crate) end: End,
    /// What is broken, if we are the reader.
    pub(crate) fault: Option<Fault>,
    /// The reason that the reader gives, or the limit of ours.
    pub(crate) reason: String,
}

impl Verdict {
    pub(crate) fn new(messages: Vec<Message>, end: End) -> Self {
        Self { messages, end, fault: None, reason: String::new() }
    }

    fn refused(messages: Vec<Message>, cause: &ErrorCause<Fault>) -> Self {
        let (fault, reason) = match cause {
            ErrorCause::Fault(fault) => (Some(*fault), String::new()),
            ErrorCause::FrameTooLarge { what, .. } => (None, (*what).to_owned()),
            other => (None, format!("{other:?}")),
        };
        Self { messages, end: End::Refused, fault, reason }
    }
}

/// The parts of a head, of either kind.
pub(crate) trait Parts {
    fn message(&self) -> Message;
}

fn message(line: [&[u8]; 2], version: Version, fields: Fields<'_>) -> Message {
    let version = &version.as_str().as_bytes()["HTTP/".len()..];
    Message { line: [line[0], line[1], version].join(&b' '), fields: pairs(fields), ..Message::default() }
}

impl Parts for RequestHead<'_> {
    fn message(&self) -> Message {
        message([self.method().as_bytes(), self.target()], self.version(), self.fields())
    }
}

impl Parts for ResponseHead<'_> {
    fn message(&self) -> Message {
        message([self.status().to_string().as_bytes(), self.reason()], self.version(), self.fields())
    }
}

fn pairs(fields: Fields<'_>) -> Pairs {
    fields.iter().map(|field| (field.name.to_vec(), field.value.to_vec())).collect()
}

/// What our strict readers make of a stream.
pub(crate) fn ours(stream: &Stream) -> Verdict {
    match stream.answers {
        None => messages(Messages::<Request>::strict(), &stream.bytes),
        Some(answers) => messages(Messages::<Response>::strict().answering(answers), &stream.bytes),
    }
}

fn messages<R: Role>(decoder: Messages<R>, bytes: &[u8]) -> Verdict
where
    Messages<R>: for<'a> Decode<Frame<'a> = Event<'a, HeadOf<'a, R>>, Fault = Fault>,
    for<'a> HeadOf<'a, R>: Parts,
{
    let mut engine = Engine::new(decoder);
    let mut frames = engine.feed(bytes).unwrap();
    let mut read: Vec<Message> = Vec::new();
    loop {
        match frames.next_frame() {
            Ok(Step::Frame(Event::Head(head, _), _)) => read.push(head.message()),
            Ok(Step::Frame(Event::Data(data), _)) => read.last_mut().unwrap().body.extend_from_slice(data),
            Ok(Step::Frame(Event::End(trailers), _)) => {
                let message = read.last_mut().unwrap();
                message.trailers = pairs(trailers);
                message.is_whole = true;
            }
            Ok(Step::Idle) => return Verdict::new(read, End::Between),
            Ok(Step::NeedMoreData(_)) => return Verdict::new(read, End::Inside),
            Ok(Step::End(_) | Step::Handoff(..)) => return Verdict::new(read, End::Handoff),
            Err(error) => return Verdict::refused(read, &error.cause),
        }
    }
}

/// What our strict readers make of the first head. Its body is all that is behind it.
pub(crate) fn our_head(stream: &Stream) -> Verdict {
    match stream.answers {
        None => head(Heads::<Request>::strict(), &stream.bytes),
        Some(_) => head(Heads::<Response>::strict(), &stream.bytes),
    }
}

fn head<R: Role>(decoder: Heads<R>, bytes: &[u8]) -> Verdict
where
    Heads<R>: for<'a> Decode<Frame<'a> = HeadOf<'a, R>, Fault = Fault>,
    for<'a> HeadOf<'a, R>: Parts,
{
    let mut engine = Engine::new(decoder);
    let mut frames = engine.feed(bytes).unwrap();
    match frames.next_frame() {
        Ok(Step::Frame(head, place)) => {
            let end = usize::try_from(place.offset).unwrap() + place.len;
            Verdict::new(vec![Message { body: bytes[end..].to_vec(), is_whole: true, ..head.message() }], End::Between)
        }
        Ok(Step::Idle) => Verdict::new(Vec::new(), End::Between),
        Ok(_) => Verdict::new(Vec::new(), End::Inside),
        Err(error) => Verdict::refused(Vec::new(), &error.cause),
    }
}
