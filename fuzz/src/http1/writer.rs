//! The way out: whatever is given to an encoder is refused, or read as it was given, by us and by httparse. And what is read is written again as it came.

use arbitrary::{Result, Unstructured};
use framewright::buf::{SegmentedBuf, StreamBuf};
use framewright::encode::EncodeError;
use framewright::http1::{
    Answers, Event, Fields, Leniency, Limits, NewField, NewRequest, NewResponse, Outgoing, RequestEncoder, Requests, ResponseEncoder,
    Responses, Rules, Unwritable, Version, parse_request,
};
use framewright::testkit::text;
use framewright::{Decode, Engine, Place, Step};

use super::super::draw::OnPanic;
use super::show_fields;

/// What texts are made of, besides letters.
const LETTERS: &[&str] = &[
    "a", "b", "Z", "0", "9", "-", "_", "\r", "\n", "\r\n", " ", "\t", ":", ",", ";", "/", "\0", "\u{7f}", "ä", "#", "\"", "*", "HTTP/1.1",
];
const NAMES: &[&str] = &["Host", "Content-Length", "Transfer-Encoding", "Te", "X"];
const VALUES: &[&str] = &["a", "0", "3", "chunked", "gzip, chunked", "Chunked"];

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// A message to be sent.
#[derive(Debug)]
struct Made {
    method: String,
    target: Vec<u8>,
    version: Version,
    status: u16,
    reason: Vec<u8>,
    fields: Pairs,
    data: Vec<Vec<u8>>,
    trailers: Pairs,
}

/// A message that was sent, or read.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    /// Where it begins.
    start: usize,
    line: String,
    fields: Pairs,
    body: Vec<u8>,
    trailers: Pairs,
}

/// What is sent of a message.
enum Part<'a> {
    Head(&'a Made, &'a [NewField<'a>]),
    Data(&'a [u8]),
    End(&'a [NewField<'a>]),
}

/// Draws rules, and messages of one direction; or a stream that is read first.
pub(crate) fn check(u: &mut Unstructured<'_>) -> Result<()> {
    let rules = rules(u)?;
    let kind = u.int_in_range(0..=4_u8)?;
    if kind == 4 {
        let stream = super::stream(u)?;
        let _context = OnPanic(|| format!("{rules:?}, stream {}", text(&stream)));
        write_again(&stream, rules);
        return Ok(());
    }
    let messages = (0..u.int_in_range(1..=3_u8)?).map(|_| made(u)).collect::<Result<Vec<Made>>>()?;
    let _context = OnPanic(|| format!("{kind}, {rules:?}, {messages:?}"));
    let answers = [Answers::Other, Answers::Head, Answers::Connect][usize::from(kind) % 3];
    let mut output = SegmentedBuf::new();
    let said = if kind == 3 {
        let mut encoder = RequestEncoder::new(rules);
        send_all(&messages, |part| {
            let sent = match part {
                Part::Head(made, fields) => output.send(&mut encoder, made.request(fields)).map_err(|unsent| unsent.error),
                Part::Data(data) => output.send(&mut encoder, Outgoing::Data(data.into())).map_err(|unsent| unsent.error),
                Part::End(trailers) => output.send(&mut encoder, Outgoing::End(trailers)).map_err(|unsent| unsent.error),
            };
            (sent, output.len(), Made::request_line)
        })
    } else {
        let mut encoder = ResponseEncoder::new(rules);
        send_all(&messages, |part| {
            let sent = match part {
                Part::Head(made, fields) => output.send(&mut encoder, made.response(fields, answers)).map_err(|unsent| unsent.error),
                Part::Data(data) => output.send(&mut encoder, Outgoing::Data(data.into())).map_err(|unsent| unsent.error),
                Part::End(trailers) => output.send(&mut encoder, Outgoing::End(trailers)).map_err(|unsent| unsent.error),
            };
            (sent, output.len(), Made::status_line)
        })
    };
    let mut wire: Vec<u8> = output.segments().flatten().copied().collect();
    wire.truncate(said.end);
    let read = if kind == 3 { read_requests(&wire, rules) } else { read_responses(&wire, rules, answers) };
    assert_eq!(read, said.messages, "read as something else: {}", text(&wire));
    for message in &said.messages {
        check_httparse(&wire[message.start..], message, kind == 3);
    }
    Ok(())
}

/// As for readers, with limits at which a writer may fail.
fn rules(u: &mut Unstructured<'_>) -> Result<Rules> {
    let mut rules = super::rules(u)?;
    if u.ratio(1, 4_u8)? {
        rules.limits.max_chunk_line = usize::from(u.arbitrary::<u8>()? % 5);
    }
    // These are not for writers.
    Ok(rules.forbid(Leniency::LfInResponseHead).forbid(Leniency::ObsFoldInResponses).forbid(Leniency::DropForbiddenTrailers))
}

fn made(u: &mut Unstructured<'_>) -> Result<Made> {
    let method = match u.arbitrary::<u8>()? {
        0..=200 => (*u.choose(&["GET", "POST", "CONNECT", "OPTIONS"])?).to_owned(),
        _ => words(u, LETTERS)?,
    };
    let target = match u.arbitrary::<u8>()? {
        0..=200 => (*u.choose(&["/", "*", "a:1", "http://a/", "/b#c", "/ä"])?).to_owned(),
        _ => words(u, LETTERS)?,
    };
    let status = match u.arbitrary::<u8>()? {
        0..=200 => *u.choose(&[200, 200, 404, 204, 304, 100, 101])?,
        _ => u.arbitrary()?,
    };
    let version = if u.ratio(1, 4_u8)? { Version::Http10 } else { Version::Http11 };
    let reason = words(u, LETTERS)?;
    let mut fields = pairs(u)?;
    if u.ratio(3, 4_u8)? {
        fields.insert(0, (b"Host".to_vec(), b"a".to_vec()));
    }
    let data = (0..u.int_in_range(0..=3_u8)?).map(|_| Ok(vec![b'd'; u.arbitrary::<u8>()?.into()])).collect::<Result<_>>()?;
    Ok(Made { method, target: target.into(), version, status, reason: reason.into(), fields, data, trailers: pairs(u)? })
}

fn pairs(u: &mut Unstructured<'_>) -> Result<Pairs> {
    (0..u.int_in_range(0..=3_u8)?).map(|_| Ok((word(u, NAMES)?.into(), word(u, VALUES)?.into()))).collect()
}

/// One of these, mostly.
fn word(u: &mut Unstructured<'_>, usual: &[&str]) -> Result<String> {
    if u.ratio(3, 4_u8)? { Ok((*u.choose(usual)?).to_owned()) } else { words(u, LETTERS) }
}

fn words(u: &mut Unstructured<'_>, letters: &[&str]) -> Result<String> {
    (0..u.int_in_range(0..=4_u8)?).map(|_| u.choose(letters).copied()).collect()
}

fn new_fields(pairs: &Pairs) -> Vec<NewField<'_>> {
    pairs.iter().map(|(name, value)| NewField { name, value }).collect()
}

impl Made {
    fn request<'a>(&'a self, fields: &'a [NewField<'a>]) -> NewRequest<'a> {
        NewRequest { method: &self.method, target: &self.target, version: self.version, fields }
    }

    fn response<'a>(&'a self, fields: &'a [NewField<'a>], answers: Answers) -> NewResponse<'a> {
        NewResponse { version: self.version, status: self.status, reason: &self.reason, fields, answers }
    }

    fn request_line(&self) -> String {
        request_line(&self.method, &self.target, self.version)
    }

    fn status_line(&self) -> String {
        status_line(self.status, &self.reason, self.version)
    }
}

fn request_line(method: &str, target: &[u8], version: Version) -> String {
    format!("{method} {} {}", text(target), version.as_str())
}

fn status_line(status: u16, reason: &[u8], version: Version) -> String {
    format!("{} {status} {}", version.as_str(), text(reason))
}

/// The messages that were sent whole, and where they end.
#[derive(Default)]
struct Sent {
    messages: Vec<Said>,
    end: usize,
}

/// What became of a part, how long the output is now, and how a head is shown.
type Answer = (core::result::Result<(), EncodeError<Unwritable>>, usize, fn(&Made) -> String);

/// Sends messages as far as they can be sent. Of what is refused nothing may be written.
fn send_all(messages: &[Made], mut send: impl FnMut(Part<'_>) -> Answer) -> Sent {
    let mut whole = Sent::default();
    for made in messages {
        let mut len = whole.end;
        let mut put = |part: Part<'_>| {
            let (result, now, show) = send(part);
            assert!(result.is_ok() || now == len, "a part that is refused is written");
            len = now;
            (result, now, show)
        };
        let fields = new_fields(&made.fields);
        let (Ok(()), _, show) = put(Part::Head(made, &fields)) else { continue };
        let mut said = Said { start: whole.end, line: show(made), fields: made.fields.clone(), ..Said::default() };
        for data in &made.data {
            if put(Part::Data(data)).0.is_ok() {
                said.body.extend_from_slice(data);
            }
        }
        let trailers = new_fields(&made.trailers);
        let (mut ended, mut now, _) = put(Part::End(&trailers));
        if ended.is_ok() {
            said.trailers.clone_from(&made.trailers);
        } else {
            (ended, now, _) = put(Part::End(&[]));
        }
        if let Err(EncodeError::Fault(Unwritable::TooLittle { missing: missing @ ..=4096 })) = ended {
            let rest = vec![b'r'; usize::try_from(missing).unwrap_or_default()];
            assert!(put(Part::Data(&rest)).0.is_ok(), "what is missing is refused");
            said.body.extend_from_slice(&rest);
            (ended, now, _) = put(Part::End(&[]));
        }
        // Behind the head of a tunnel there is no end.
        if !matches!(ended, Ok(()) | Err(EncodeError::Closed)) {
            return whole;
        }
        whole.messages.push(said);
        whole.end = now;
    }
    whole
}

fn read_requests(wire: &[u8], rules: Rules) -> Vec<Said> {
    let mut said = Vec::new();
    read_all(Requests::new(rules), wire, |event, place| {
        note(&mut said, event, place, |head| (request_line(head.method(), head.target(), head.version()), own(head.fields())));
    });
    said
}

fn read_responses(wire: &[u8], rules: Rules, answers: Answers) -> Vec<Said> {
    let mut said = Vec::new();
    read_all(Responses::new(rules).answering(answers), wire, |event, place| {
        note(&mut said, event, place, |head| (status_line(head.status(), head.reason(), head.version()), own(head.fields())));
    });
    said
}

fn own(fields: Fields<'_>) -> Pairs {
    fields.iter().map(|field| (field.name.to_vec(), field.value.to_vec())).collect()
}

fn note<H>(said: &mut Vec<Said>, event: Event<'_, H>, place: Place, head: impl Fn(H) -> (String, Pairs)) {
    match (event, said.last_mut()) {
        (Event::Head(lent, _), _) => {
            let (line, fields) = head(lent);
            said.push(Said { start: usize::try_from(place.offset).unwrap_or(usize::MAX), line, fields, ..Said::default() });
        }
        (Event::Data(data), Some(last)) => last.body.extend_from_slice(data),
        (Event::End(trailers), Some(last)) => last.trailers = own(trailers),
        (_, None) => panic!("a body without a head"),
    }
}

/// Reads a stream to its end, in which there must be no fault.
fn read_all<D: Decode>(decoder: D, wire: &[u8], mut take: impl FnMut(D::Frame<'_>, Place))
where
    D::Fault: core::fmt::Display,
{
    let mut engine = Engine::new(decoder);
    let mut is_fed = false;
    loop {
        let mut frames = if is_fed { engine.eof() } else { engine.feed(wire).unwrap_or_else(|refused| panic!("{refused}")) };
        is_fed = true;
        loop {
            match frames.next_frame() {
                Ok(Step::Frame(frame, place) | Step::Handoff(frame, place)) => take(frame, place),
                Ok(Step::Idle | Step::NeedMoreData(_)) => break,
                Ok(Step::End(place)) => {
                    assert_eq!(place.offset, wire.len() as u64, "the end is not where it was written");
                    return;
                }
                Err(error) => panic!("what is written is refused: {error}: {}", text(wire)),
            }
        }
    }
}

/// httparse reads the head with the same parts. It gives no target that is not UTF-8, and no reason that holds bytes from 0x80 on.
fn check_httparse(wire: &[u8], said: &Said, is_request: bool) {
    let mut headers = [httparse::EMPTY_HEADER; 256];
    let version = |version: Option<u8>| if version == Some(0) { Version::Http10 } else { Version::Http11 };
    let line = if is_request {
        let mut request = httparse::Request::new(&mut headers);
        assert!(matches!(request.parse(wire), Ok(httparse::Status::Complete(_))), "httparse refuses {}", text(wire));
        request_line(request.method.unwrap_or_default(), request.path.unwrap_or_default().as_bytes(), version(request.version))
    } else {
        let mut response = httparse::Response::new(&mut headers);
        assert!(matches!(response.parse(wire), Ok(httparse::Status::Complete(_))), "httparse refuses {}", text(wire));
        let reason = response.reason.unwrap_or_default().as_bytes();
        let line = status_line(response.code.unwrap_or_default(), reason, version(response.version));
        if said.line.contains("\\x") { said.line.clone() } else { line }
    };
    assert_eq!(line, said.line);
    let headers = headers.iter().filter(|header| **header != httparse::EMPTY_HEADER);
    assert!(headers.map(|header| (header.name.as_bytes().to_vec(), header.value.to_vec())).eq(said.fields.iter().cloned()));
}

/// A request that is accepted is written as it came, but for whitespace and chunks.
fn write_again(stream: &[u8], rules: Rules) {
    let Ok(message) = parse_request(stream, &rules) else { return };
    let head = message.head();
    let fields: Vec<NewField<'_>> = head.fields().iter().map(NewField::from).collect();
    let new = NewRequest { method: head.method(), target: head.target(), version: head.version(), fields: &fields };
    let (mut output, mut encoder) = (SegmentedBuf::new(), RequestEncoder::new(rules));
    if output.send(&mut encoder, new).is_err() {
        // One space more before each value may be beyond a limit.
        assert!(rules.limits != Limits::DEFAULT, "what was read is not written");
        return;
    }
    if !message.body.is_empty() && output.send(&mut encoder, Outgoing::Data((&message.body[..]).into())).is_err() {
        return;
    }
    let trailers: Vec<NewField<'_>> = message.trailers().iter().map(NewField::from).collect();
    if output.send(&mut encoder, Outgoing::End(&trailers)).is_err() {
        return;
    }
    let written: Vec<u8> = output.segments().flatten().copied().collect();
    let again = parse_request(&written, &rules).unwrap_or_else(|error| panic!("{error}: {}", text(&written)));
    assert_eq!((again.head().method(), again.head().target()), (head.method(), head.target()));
    assert_eq!((&again.body, again.framing, again.rest().len()), (&message.body, message.framing, 0));
    assert_eq!(show_fields(&again.head().fields()), show_fields(&head.fields()));
    assert_eq!(show_fields(&again.trailers()), show_fields(&message.trailers()));
}
