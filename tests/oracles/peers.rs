//! The other readers.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use framewright::http1::Answers;
use serde_json::Value;

use super::verdict::{End, Message, Stream, Verdict};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Peer {
    H11,
    /// Python's binding to llhttp.
    Httptools,
    /// Of which the first head is asked only.
    Httparse,
}

impl Peer {
    pub(crate) const ALL: [Self; 3] = [Self::H11, Self::Httptools, Self::Httparse];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::H11 => "h11",
            Self::Httptools => "httptools",
            Self::Httparse => "httparse",
        }
    }

    /// Whether it can read such a stream: llhttp cannot be told through httptools what a response answers.
    pub(crate) fn reads(self, stream: &Stream) -> bool {
        self != Self::Httptools || matches!(stream.answers, None | Some(Answers::Other))
    }

    /// What it makes of streams that it can read.
    pub(crate) fn judge(self, streams: &[Stream]) -> Vec<Verdict> {
        if self == Self::Httparse { streams.iter().map(httparse).collect() } else { python(self, streams) }
    }
}

/// Asks judge.py.
fn python(peer: Peer, streams: &[Stream]) -> Vec<Verdict> {
    let python = std::env::var("FRAMEWRIGHT_PYTHON").expect("FRAMEWRIGHT_PYTHON: a Python that has what requirements.txt lists");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracles/judge.py");
    let mut child =
        Command::new(python).args([script, peer.name()]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python runs");
    let mut input = child.stdin.take().unwrap();
    let lines: String = streams.iter().map(line).collect();
    let writer = thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{}: {}", peer.name(), output.status);
    let verdicts: Vec<Verdict> = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| verdict(&serde_json::from_slice(line).unwrap()))
        .collect();
    assert_eq!(verdicts.len(), streams.len());
    verdicts
}

fn line(stream: &Stream) -> String {
    let answers = match stream.answers {
        None => "-",
        Some(Answers::Other) => "GET",
        Some(Answers::Head) => "HEAD",
        Some(Answers::Connect) => "CONNECT",
    };
    let digit = |number: u8| char::from_digit(number.into(), 16).unwrap();
    let hex: String = stream.bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    format!("{answers} {hex}\n")
}

fn verdict(said: &Value) -> Verdict {
    let messages = said["messages"].as_array().unwrap().iter().map(message).collect();
    let end = match said["end"].as_str().unwrap() {
        "between" => End::Between,
        "inside" => End::Inside,
        "handoff" => End::Handoff,
        _ => End::Refused,
    };
    Verdict { reason: said["reason"].as_str().unwrap().to_owned(), ..Verdict::new(messages, end) }
}

fn message(said: &Value) -> Message {
    let pairs = |fields: &Value| fields.as_array().unwrap().iter().map(|pair| (latin(&pair[0]), latin(&pair[1]))).collect();
    Message {
        line: latin(&said["line"]),
        fields: pairs(&said["fields"]),
        body: latin(&said["body"]),
        trailers: pairs(&said["trailers"]),
        is_whole: said["whole"].as_bool().unwrap(),
    }
}

/// Bytes that are text in Latin-1.
fn latin(said: &Value) -> Vec<u8> {
    said.as_str().unwrap().chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

fn httparse(stream: &Stream) -> Verdict {
    let mut headers = [httparse::EMPTY_HEADER; 256];
    let (status, line) = if stream.answers.is_none() {
        let mut request = httparse::Request::new(&mut headers);
        let status = request.parse(&stream.bytes);
        (
            status,
            format!(
                "{} {} 1.{}",
                request.method.unwrap_or_default(),
                request.path.unwrap_or_default(),
                request.version.unwrap_or_default()
            ),
        )
    } else {
        let mut response = httparse::Response::new(&mut headers);
        let status = response.parse(&stream.bytes);
        (
            status,
            format!(
                "{} {} 1.{}",
                response.code.unwrap_or_default(),
                response.reason.unwrap_or_default(),
                response.version.unwrap_or_default()
            ),
        )
    };
    match status {
        Ok(httparse::Status::Complete(len)) => {
            let fields = headers.iter().filter(|header| **header != httparse::EMPTY_HEADER);
            let fields = fields.map(|header| (header.name.as_bytes().to_vec(), header.value.to_vec())).collect();
            let body = stream.bytes[len..].to_vec();
            Verdict::new(vec![Message { line: line.into_bytes(), fields, body, is_whole: true, ..Message::default() }], End::Between)
        }
        Ok(httparse::Status::Partial) => Verdict::new(Vec::new(), if stream.bytes.is_empty() { End::Between } else { End::Inside }),
        Err(error) => Verdict { reason: error.to_string(), ..Verdict::new(Vec::new(), End::Refused) },
    }
}
