//! Messages of real programs: what is read of them is what a reader says that has all bytes, and splits.

use std::fs;

use framewright::http1::{Answers, Event, HeadOf, Leniency, Messages, Requests, Responses, Role, Rules, parse_request, parse_response};
use framewright::{Engine, Step};

/// A capture, how many messages it holds, the bytes of their bodies, and their trailers.
type Capture = (&'static str, usize, usize, usize);

const OF_CLIENTS: &[Capture] = &[
    ("http-curl-client.bin", 11, 1170, 0),
    ("http-python-client.bin", 7, 636, 0),
    ("http-requests-client.bin", 7, 312, 0),
    ("http-aiohttp-client.bin", 7, 840, 0),
    ("http-node-client.bin", 5, 319, 1),
    ("http-caddy-client.bin", 6, 351, 0),
];

const OF_SERVERS: &[Capture] = &[
    ("http-nginx-server.bin", 12, 1875, 0),
    ("http-nginx-close.bin", 1, 200, 0),
    ("http-node-server.bin", 12, 474, 1),
    ("http-aiohttp-server.bin", 9, 285, 0),
    ("http-python-close.bin", 1, 492, 0),
    ("http-caddy-server.bin", 9, 2809, 0),
];

/// A message: its head, byte for byte, its body, and how many trailers are behind it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Message {
    head: Vec<u8>,
    fields: usize,
    body: Vec<u8>,
    trailers: usize,
}

fn read(file: &str) -> Vec<u8> {
    fs::read(format!("{}/examples/captures/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn requests_of_real_clients() {
    for (file, messages, bodies, trailers) in OF_CLIENTS {
        let bytes = read(file);
        let expected = split(&bytes);
        assert_eq!(by_engine(&Requests::strict(), &bytes, |head| (head.as_bytes().to_vec(), head.fields().len())), expected, "{file}");
        assert_eq!(
            by_parse(&bytes, |rest| {
                let message = parse_request(rest, &Rules::STRICT).unwrap();
                let (head, fields) = (message.head().as_bytes().to_vec(), message.head().fields().len());
                (Message { head, fields, body: message.body.to_vec(), trailers: message.trailers().len() }, message.rest())
            }),
            expected,
            "{file}"
        );
        assert_eq!(sums(&expected), (*messages, *bodies, *trailers), "{file}");
    }
}

#[test]
fn responses_of_real_servers() {
    for (file, messages, bodies, trailers) in OF_SERVERS {
        let bytes = read(file);
        let expected = split(&bytes);
        // http.server lets a script end its own lines, and that is a bare LF.
        let rules = if *file == "http-python-close.bin" { Rules::STRICT.allow(Leniency::LfInResponseHead) } else { Rules::STRICT };
        assert_eq!(by_engine(&Responses::new(rules), &bytes, |head| (head.as_bytes().to_vec(), head.fields().len())), expected, "{file}");
        assert_eq!(
            by_parse(&bytes, |rest| {
                let message = parse_response(rest, Answers::Other, &rules).unwrap();
                let (head, fields) = (message.head().as_bytes().to_vec(), message.head().fields().len());
                (Message { head, fields, body: message.body.to_vec(), trailers: message.trailers().len() }, message.rest())
            }),
            expected,
            "{file}"
        );
        assert_eq!(sums(&expected), (*messages, *bodies, *trailers), "{file}");
    }
}

fn sums(messages: &[Message]) -> (usize, usize, usize) {
    let bodies = messages.iter().map(|message| message.body.len()).sum();
    (messages.len(), bodies, messages.iter().map(|message| message.trailers).sum())
}

/// What comes of the stream, in chunks of a size that is that of nothing in it.
fn by_engine<R: Role>(decoder: &Messages<R>, bytes: &[u8], of_head: fn(HeadOf<'_, R>) -> (Vec<u8>, usize)) -> Vec<Message> {
    let mut engine = Engine::new(decoder.clone());
    let mut messages: Vec<Message> = Vec::new();
    for chunk in bytes.chunks(61).chain([&b""[..]]) {
        let mut frames = if chunk.is_empty() { engine.eof() } else { engine.feed(chunk).unwrap() };
        while let Step::Frame(event, _) = frames.next_frame().unwrap() {
            match event {
                Event::Head(head, _) => {
                    let (head, fields) = of_head(head);
                    messages.push(Message { head, fields, ..Message::default() });
                }
                Event::Data(data) => messages.last_mut().unwrap().body.extend(data),
                Event::End(trailers) => messages.last_mut().unwrap().trailers = trailers.len(),
            }
        }
    }
    messages
}

fn by_parse<'a>(bytes: &'a [u8], parse: impl Fn(&'a [u8]) -> (Message, &'a [u8])) -> Vec<Message> {
    let mut rest = bytes;
    let mut messages = Vec::new();
    while !rest.is_empty() {
        let (message, behind) = parse(rest);
        messages.push(message);
        rest = behind;
    }
    messages
}

/// The naive reader: lines up to an empty one, then what the two fields say. It trusts what it reads.
fn split(mut bytes: &[u8]) -> Vec<Message> {
    let mut messages = Vec::new();
    while !bytes.is_empty() {
        let (lines, len) = lines(bytes);
        let (head, rest) = bytes.split_at(len);
        let mut message = Message { head: head.to_vec(), fields: lines.len() - 1, ..Message::default() };
        let field =
            |name: &str| lines.iter().find_map(|line| line.to_ascii_lowercase().strip_prefix(name).map(|value| value.trim().to_owned()));
        let status = lines[0].strip_prefix("HTTP/1.").map(|line| line[2..5].to_owned());
        let is_bodiless = status.as_ref().is_some_and(|status| status.starts_with('1') || status == "204" || status == "304");
        bytes = match (field("transfer-encoding:"), field("content-length:")) {
            _ if is_bodiless => rest,
            (Some(_), _) => chunks(&mut message, rest),
            (None, Some(length)) => take(&mut message, rest, length.parse().unwrap()),
            (None, None) if status.is_some() => take(&mut message, rest, rest.len()),
            (None, None) => rest,
        };
        messages.push(message);
    }
    messages
}

/// The lines up to an empty one, and the bytes of all of them.
fn lines(bytes: &[u8]) -> (Vec<String>, usize) {
    let mut lines = Vec::new();
    let mut len = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        len += line.len();
        let text = String::from_utf8_lossy(line).trim_end_matches(['\r', '\n']).to_owned();
        if text.is_empty() {
            break;
        }
        lines.push(text);
    }
    (lines, len)
}

fn take<'a>(message: &mut Message, bytes: &'a [u8], len: usize) -> &'a [u8] {
    message.body.extend(&bytes[..len]);
    &bytes[len..]
}

fn chunks<'a>(message: &mut Message, mut bytes: &'a [u8]) -> &'a [u8] {
    loop {
        let end = bytes.windows(2).position(|pair| pair == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        bytes = &bytes[end + 2..];
        if size == 0 {
            let (trailers, len) = lines(bytes);
            message.trailers = trailers.len();
            return &bytes[len..];
        }
        bytes = &take(message, bytes, size)[2..];
    }
}
