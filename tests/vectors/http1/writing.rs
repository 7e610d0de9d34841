//! Vectors of requests and responses on their way out: each is sent part by part, and what was sent is read back.

use framewright::buf::{SegmentedBuf, StreamBuf};
use framewright::encode::EncodeError;
use framewright::http1::{
    Answers, Fields, NewField, NewRequest, NewResponse, Outgoing, RequestEncoder, ResponseEncoder, Rules, Unwritable, Version,
    parse_request, parse_response,
};
use serde_json::{Value, json};
use std::mem;

use super::kind;
use crate::{No, assert_known, bytes, hex, recorded, steps};

/// Returns what each step gives.
pub(crate) fn messages(vector: &Value) -> Vec<Value> {
    let config = &vector["config"];
    // The size up to which the original gathers data is no limit of a chunk, and here each data is one.
    assert_known(config, &["stage", "max_chunk_size"]);
    let encoder = match config["stage"].as_str().unwrap() {
        "request_encoder" => Encoder::Requests(RequestEncoder::strict()),
        "response_encoder" | "chunker" => Encoder::Responses(ResponseEncoder::strict()),
        stage => panic!("a stage that is not known: {stage}"),
    };
    let mut sender = Sender { encoder, output: SegmentedBuf::new(), sent: Vec::new(), chunk: None, head: Value::Null, data: Vec::new() };
    let mut said = Vec::new();
    for step in steps(vector) {
        assert_eq!(step["op"], "send");
        let outcome = sender.send(&step["msg"]);
        let written = sender.written();
        said.push(outcome.map_or_else(Value::from, |()| written));
    }
    if said.iter().all(|said| said.get("output").is_some()) {
        sender.check_read_back();
    }
    said
}

enum Encoder {
    Requests(RequestEncoder),
    Responses(ResponseEncoder),
}

/// What is sent of a message.
enum Part<'a> {
    Head(&'a Value),
    Data(&'a [u8]),
    End,
}

struct Sender {
    encoder: Encoder,
    output: SegmentedBuf,
    /// All that was written.
    sent: Vec<u8>,
    /// How long the chunk is to be that was begun, and what has come of it. It is sent as a whole.
    chunk: Option<(u64, Vec<u8>)>,
    head: Value,
    /// All the data of the message.
    data: Vec<u8>,
}

impl Sender {
    fn send(&mut self, message: &Value) -> Result<(), No> {
        match kind(message) {
            "head" => self.part(&Part::Head(message)),
            "data" => match &mut self.chunk {
                Some((_, data)) => {
                    data.extend(bytes(&message["hex"]));
                    Ok(())
                }
                None => self.part(&Part::Data(&bytes(&message["hex"]))),
            },
            "end" => self.part(&Part::End),
            "full" => {
                self.part(&Part::Head(&message["head"]))?;
                let body = bytes(&message["body"]);
                if !body.is_empty() {
                    self.part(&Part::Data(&body))?;
                }
                self.part(&Part::End)
            }
            "chunk" => {
                self.chunk = Some((message["size"].as_u64().unwrap(), Vec::new()));
                Ok(())
            }
            "end_chunk" => {
                let (size, data) = self.chunk.take().unwrap();
                assert_eq!(size, data.len() as u64);
                self.part(&Part::Data(&data))
            }
            // Both are of the end; nothing is held back that could be flushed.
            "last_chunk" | "trailers" | "flush_output" => Ok(()),
            "aborted" => Err(No::Inexpressible("a message that breaks off")),
            kind => panic!("a message that is not known: {kind}"),
        }
    }

    fn part(&mut self, part: &Part<'_>) -> Result<(), No> {
        match part {
            Part::Head(head) => self.head = (*head).clone(),
            Part::Data(data) => self.data.extend_from_slice(data),
            Part::End => {}
        }
        let sent = match (&mut self.encoder, part) {
            (Encoder::Requests(requests), Part::Head(head)) => {
                let fields = new_fields(head);
                let head = NewRequest {
                    method: head["method"].as_str().unwrap(),
                    target: head["target"].as_str().unwrap().as_bytes(),
                    version: version(head),
                    fields: &fields,
                };
                self.output.send(requests, head).map_err(|unsent| unsent.error)
            }
            (Encoder::Responses(responses), Part::Head(head)) => {
                let fields = new_fields(head);
                let head = NewResponse {
                    version: version(head),
                    status: u16::try_from(head["status"].as_u64().unwrap()).unwrap(),
                    reason: head["reason"].as_str().unwrap().as_bytes(),
                    fields: &fields,
                    answers: Answers::Other,
                };
                self.output.send(responses, head).map_err(|unsent| unsent.error)
            }
            (Encoder::Requests(requests), part) => self.output.send(requests, part.outgoing()).map_err(|unsent| unsent.error),
            (Encoder::Responses(responses), part) => self.output.send(responses, part.outgoing()).map_err(|unsent| unsent.error),
        };
        sent.map_err(|error| No::Error(word(&error)))
    }

    /// Takes what was written.
    fn written(&mut self) -> Value {
        let written: Vec<u8> = self.output.segments().flatten().copied().collect();
        self.output.advance(written.len()).unwrap();
        self.sent.extend_from_slice(&written);
        output(&written)
    }

    /// Demands that the message is read with the head and the data that were sent, and that nothing is behind it.
    fn check_read_back(&self) {
        let (line, fields, body) = match self.encoder {
            Encoder::Requests(_) => {
                let message = parse_request(&self.sent, &Rules::STRICT).unwrap();
                let head = message.head();
                assert_eq!(message.rest(), b"");
                let line = json!([head.method(), String::from_utf8_lossy(head.target())]);
                (line, read_fields(head.fields()), message.body.to_vec())
            }
            Encoder::Responses(_) => {
                let message = parse_response(&self.sent, Answers::Other, &Rules::STRICT).unwrap();
                let head = message.head();
                assert_eq!(message.rest(), b"");
                let line = json!([head.status(), String::from_utf8_lossy(head.reason())]);
                (line, read_fields(head.fields()), message.body.to_vec())
            }
        };
        let sent_line = match self.encoder {
            Encoder::Requests(_) => json!([self.head["method"], self.head["target"]]),
            Encoder::Responses(_) => json!([self.head["status"], self.head["reason"]]),
        };
        assert_eq!((line, &fields, body), (sent_line, &self.head["headers"], self.data.clone()));
    }
}

impl Part<'_> {
    /// What is not a head.
    fn outgoing<H>(&self) -> Outgoing<'_, H> {
        match self {
            Part::Head(_) => panic!("heads differ"),
            Part::Data(data) => Outgoing::Data((*data).into()),
            Part::End => Outgoing::End(&[]),
        }
    }
}

fn version(head: &Value) -> Version {
    match head["version"].as_str().unwrap() {
        "1.1" => Version::Http11,
        "1.0" => Version::Http10,
        version => panic!("a version that is not known: {version}"),
    }
}

fn new_fields(head: &Value) -> Vec<NewField<'_>> {
    let fields = head["headers"].as_array().unwrap().iter();
    fields.map(|field| NewField::new(field[0].as_str().unwrap(), field[1].as_str().unwrap())).collect()
}

fn read_fields(fields: Fields<'_>) -> Value {
    let text = String::from_utf8_lossy;
    fields.iter().map(|field| json!([text(field.name), text(field.value)])).collect()
}

/// The original has no words for these: it sends everything.
fn word(error: &EncodeError<Unwritable>) -> &'static str {
    match error {
        EncodeError::Fault(Unwritable::TooMuch { found: 5, expected: 2 }) => "3 bytes too many",
        EncodeError::Fault(Unwritable::TooLittle { missing: 2 }) => "2 bytes too few",
        other => panic!("an error without a word: {other}"),
    }
}

fn output(written: &[u8]) -> Value {
    let bytes = (!written.is_empty()).then(|| json!({ "t": "bytes", "hex": hex(written) }));
    json!({ "output": bytes.into_iter().collect::<Vec<_>>() })
}

/// The record in our shape: in bytes, told where one call of ours makes them. A chunk is sent as a whole, and so is what ends the chunks.
pub(crate) fn meant(vector: &Value) -> Vec<Value> {
    let mut begun = Vec::new();
    let mut is_in_chunk = false;
    let step = |(step, recorded): (&Value, &Value)| {
        begun.extend(recorded["output"].as_array().unwrap().iter().flat_map(wire));
        match kind(&step["msg"]) {
            "chunk" => is_in_chunk = true,
            "end_chunk" => is_in_chunk = false,
            "last_chunk" | "trailers" => return output(&[]),
            _ => {}
        }
        if is_in_chunk { output(&[]) } else { output(&mem::take(&mut begun)) }
    };
    steps(vector).iter().zip(recorded(vector)).map(step).collect()
}

/// The bytes of what goes out, as the original's encoder writes it.
fn wire(part: &Value) -> Vec<u8> {
    match kind(part) {
        "bytes" | "data" => bytes(&part["hex"]),
        "head" => {
            let text = |part: &Value| part.as_str().unwrap().to_owned();
            let line = format!("HTTP/{} {} {}", text(&part["version"]), part["status"], text(&part["reason"]));
            let fields = part["headers"].as_array().unwrap().iter();
            let fields = fields.map(|field| format!("{}: {}", text(&field[0]), text(&field[1])));
            let ends = [String::new(), String::new()];
            [line].into_iter().chain(fields).chain(ends).collect::<Vec<_>>().join("\r\n").into_bytes()
        }
        "chunk" => format!("{:x}\r\n", part["size"].as_u64().unwrap()).into_bytes(),
        "end_chunk" | "trailers" => b"\r\n".to_vec(),
        "last_chunk" => b"0\r\n".to_vec(),
        "end" | "flush_output" | "aborted" => Vec::new(),
        kind => panic!("a part that is not known: {kind}"),
    }
}
