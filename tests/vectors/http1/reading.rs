//! Vectors of requests and responses on their way in: each is read as whole messages, as heads and bodies by decoders of their own, and by a parse of its bytes, however they are cut.

use framewright::http1::{Event, Fault, HeadOf, Limits, Messages, Request, Response, Rule, Rules};
use framewright::testkit::Kit;
use framewright::{ErrorCause, Refused};
use serde_json::{Value, json};

use super::kind;
use super::streams::{Apart, Reading, Said, Side, Whole, latin1};
use crate::{assert_known, bytes, hex, recorded, steps};

pub(crate) fn messages(vector: &Value) -> Vec<Value> {
    match stage(vector) {
        "request_decoder" | "request_decoder+aggregator" => run::<Request>(vector),
        "response_decoder" | "response_decoder+dechunker" => run::<Response>(vector),
        stage => panic!("a stage that is not known: {stage}"),
    }
}

fn stage(vector: &Value) -> &str {
    let config = &vector["config"];
    config["stage"].as_str().or(config["stages"].as_str()).unwrap()
}

/// Strict, with the limits of the original.
fn rules(vector: &Value) -> Rules {
    let config = &vector["config"];
    assert_known(config, &["stage", "stages", "max_body", "max_chunk_size"]);
    let number = |key: &str, default: u64| if config[key].is_null() { default } else { config[key].as_u64().unwrap() };
    Rules::new(Limits {
        max_head: 4096,
        max_body: number("max_body", Limits::DEFAULT.max_body),
        max_chunk_size: number("max_chunk_size", Limits::DEFAULT.max_chunk_size),
        ..Limits::DEFAULT
    })
}

/// Returns what each step gives. Whole messages, heads and bodies apart, a parse, and other cuts must all give the same.
fn run<R: Side>(vector: &Value) -> Vec<Value> {
    let rules = rules(vector);
    let whole = transcript(vector, Whole::<R>::new(rules));
    let apart = transcript(vector, Apart::<R>::new(rules));
    assert_eq!(whole, apart, "{}: heads and bodies apart", vector["name"]);
    let fed: Vec<u8> = steps(vector).iter().filter_map(input).flatten().collect();
    let said = play::<R>(&fed, rules);
    assert_eq!(parsed::<R>(&fed, rules), messages_of(&said), "{}: parsed, and streamed", vector["name"]);
    check_cuts::<R>(&fed, rules, &said);
    let mut recorder = Recorder { stage: stage(vector), awaits: None, whole: Value::Null };
    let record = |(said, meant): (&Result<Vec<Said>, Refused>, Value)| match said {
        Ok(said) => as_worded(recorder.record(said), &meant),
        Err(Refused::Failed) => json!({ "refused": "failed" }),
        Err(other) => panic!("{other}"),
    };
    whole.iter().zip(meant(vector)).map(record).collect()
}

fn transcript(vector: &Value, mut reading: impl Reading) -> Vec<Result<Vec<Said>, Refused>> {
    let step = |step| match input(step) {
        Some(chunk) => reading.feed(&chunk),
        None => Ok(reading.end()),
    };
    steps(vector).iter().map(step).collect()
}

/// The bytes of a step, unless it is the end of the stream.
fn input(step: &Value) -> Option<Vec<u8>> {
    match step["op"].as_str().unwrap() {
        "feed" => Some(bytes(&step["hex"])),
        "feed_described" => Some(described(step["text"].as_str().unwrap())),
        "eof" => None,
        op => panic!("an operation that is not known: {op}"),
    }
}

fn described(text: &str) -> Vec<u8> {
    assert_eq!(text, "chunked request, chunks: 40000 x \"A\", 40000 x \"B\", 10 x \"C\", then last chunk");
    let chunk = |letter: &str, size: usize| format!("{size:x}\r\n{}\r\n", letter.repeat(size));
    let chunks = [chunk("A", 40_000), chunk("B", 40_000), chunk("C", 10)].concat();
    format!("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n").into_bytes()
}

/// What a whole stream gives, up to where it ends or fails.
fn play<R: Side>(fed: &[u8], rules: Rules) -> Vec<Said> {
    let mut whole = Whole::<R>::new(rules);
    let mut said = whole.feed(fed).unwrap();
    if !matches!(said.last(), Some(Said::Failed(..))) {
        said.extend(whole.end());
    }
    said
}

/// What a parse of message by message gives, up to the first that fails.
fn parsed<R: Side>(fed: &[u8], rules: Rules) -> Vec<Said> {
    let mut parsed = Vec::new();
    let mut rest = fed;
    while !rest.is_empty() {
        match R::parse(rest, &rules) {
            Ok(message) => {
                assert!(message.trailers().is_empty());
                let head = R::show_framed(&message.head(), message.framing);
                parsed.extend([Said::Head(head), Said::Data(message.body.to_vec()), Said::End]);
                rest = message.rest();
            }
            Err(error) => {
                parsed.push(Said::Failed((fed.len() - rest.len()) as u64 + error.offset, error.cause));
                break;
            }
        }
    }
    parsed
}

/// The same of what a stream gave: messages are there whole or not at all.
fn messages_of(said: &[Said]) -> Vec<Said> {
    let mut streamed = Vec::new();
    for said in said {
        match (said, streamed.last_mut()) {
            (Said::Chunk(_) | Said::Over, _) => {}
            (Said::Head(_), _) => streamed.extend([said.clone(), Said::Data(Vec::new())]),
            (Said::Data(more), Some(Said::Data(data))) => data.extend_from_slice(more),
            (Said::Failed(..), _) => {
                let whole = streamed.iter().rposition(|said| *said == Said::End).map_or(0, |end| end + 1);
                streamed.truncate(whole);
                streamed.push(said.clone());
            }
            _ => streamed.push(said.clone()),
        }
    }
    streamed
}

/// Demands the same of every cut; of some where the stream is long.
fn check_cuts<R: Side>(fed: &[u8], rules: Rules, said: &[Said]) {
    let kit = Kit::new(|| Messages::<R>::new(rules), |event| show_event::<R>(event)).join("+");
    let transcript = if fed.len() < 1000 { kit.check(fed) } else { kit.check_sample(fed, 17) };
    let mut lines: Vec<String> = Vec::new();
    for said in said {
        match (said, lines.last_mut()) {
            (Said::Data(data), Some(line)) => line.push_str(&latin1(data)),
            (Said::Data(_) | Said::Chunk(_), _) => {}
            (Said::Head(head), _) => lines.push(head.to_string()),
            (Said::End, _) => lines.push("the message has ended".to_owned()),
            (Said::Failed(offset, cause), _) => lines.push(format!("frame at byte {offset}: {}", says(cause))),
            (Said::Over, _) => lines.push("end".to_owned()),
        }
    }
    // An empty line before a request.
    let cut: Vec<String> = transcript.lines().iter().map(|line| line.replace(" after 2 skipped bytes", "")).collect();
    assert_eq!(cut, lines, "cut in every way, and whole");
}

fn says(cause: &ErrorCause<Fault>) -> String {
    match cause {
        ErrorCause::Fault(fault) => fault.to_string(),
        ErrorCause::FrameTooLarge { what, limit } => format!("{what} longer than the limit of {limit} bytes"),
        ErrorCause::Truncated { received, .. } => format!("the stream ended {received} bytes into the frame"),
        other => panic!("no cause of a stream: {other:?}"),
    }
}

fn show_event<'a, R: Side>(event: Event<'a, HeadOf<'a, R>>) -> String {
    match event {
        Event::Head(head, framing) => R::show_framed(&head, framing).to_string(),
        Event::Data(data) => format!("+{}", latin1(data)),
        Event::End(_) => "the message has ended".to_owned(),
    }
}

/// Writes what came out as the record does.
struct Recorder<'a> {
    stage: &'a str,
    /// What has still to arrive of the message, if its head has.
    awaits: Option<&'static str>,
    /// The message that is being put together.
    whole: Value,
}

impl Recorder<'_> {
    fn record(&mut self, said: &[Said]) -> Value {
        let mut events = Vec::new();
        for said in said {
            let event = match said {
                Said::Head(head) => self.head(head),
                Said::Chunk(size) => self.chunk(*size),
                Said::Data(data) => self.data(data),
                Said::End => Some(self.end()),
                Said::Over => Some(json!({ "t": "final_input" })),
                Said::Failed(_, cause) => Some(failure(cause, self.awaits.unwrap_or("head"))),
            };
            push_joined(&mut events, event);
            if matches!(said, Said::Failed(_, ErrorCause::Truncated { .. })) {
                // Ours says both at once: that the stream has ended, and where.
                events.push(json!({ "t": "final_input" }));
            }
        }
        json!({ "events": events })
    }

    fn aggregates(&self) -> bool {
        self.stage.ends_with("+aggregator")
    }

    fn head(&mut self, head: &Value) -> Option<Value> {
        let is_chunked = head["headers"].as_array().unwrap().iter().any(|field| field[0] == "transfer-encoding");
        self.awaits = Some(if is_chunked { "chunk header" } else { "body" });
        self.whole = json!({ "t": "full", "head": head, "body": "" });
        (!self.aggregates()).then(|| head.clone())
    }

    fn chunk(&self, size: u64) -> Option<Value> {
        (!self.aggregates() && !self.stage.ends_with("+dechunker")).then(|| json!({ "t": "chunk", "size": size }))
    }

    fn data(&mut self, data: &[u8]) -> Option<Value> {
        self.whole["body"] = (self.whole["body"].as_str().unwrap().to_owned() + hex(data).as_str().unwrap()).into();
        (!self.aggregates()).then(|| json!({ "t": "data", "hex": hex(data) }))
    }

    fn end(&mut self) -> Value {
        self.awaits = None;
        if self.aggregates() { self.whole.take() } else { json!({ "t": "end" }) }
    }
}

/// Takes an event. Where data is cut says nothing.
fn push_joined(events: &mut Vec<Value>, event: Option<Value>) {
    let Some(event) = event else { return };
    match events.last_mut() {
        Some(before) if kind(before) == "data" && kind(&event) == "data" => {
            before["hex"] = (before["hex"].as_str().unwrap().to_owned() + event["hex"].as_str().unwrap()).into();
        }
        _ => events.push(event),
    }
}

/// The words of the record for what ends a stream, where this has still to arrive.
fn failure(cause: &ErrorCause<Fault>, awaits: &str) -> Value {
    let aborted = |reason: &str| json!({ "t": "aborted", "reason": reason });
    match cause {
        ErrorCause::Truncated { .. } => aborted(&format!("EOF before HTTP {awaits} complete")),
        ErrorCause::FrameTooLarge { what: "head", .. } => aborted("Head exceeded max buffer size"),
        ErrorCause::Fault(fault) => match fault.rule {
            // To the record, all of the line is the size.
            Rule::ChunkSize | Rule::ChunkExtension => aborted("invalid chunk size"),
            Rule::BodyTooLarge => aborted("frame_too_large"),
            _ => json!({ "t": "error", "error": "http_parse", "code": code(fault) }),
        },
        other => panic!("a failure without a word: {other:?}"),
    }
}

fn code(fault: &Fault) -> &'static str {
    match (fault.rule, fault.found) {
        (Rule::Target, Some(b'\r')) => "malformed_request_line",
        (Rule::Method, _) => "invalid_method",
        (Rule::Status, _) => "invalid_status_code",
        (Rule::ObsFold, _) => "obs_fold_not_allowed",
        (Rule::FieldValue, Some(0)) => "nul_in_header",
        (Rule::BothLengths, _) => "content_length_with_transfer_encoding",
        (Rule::TransferEncodingIn10, _) => "te_in_http10",
        // No chunked at all, or elsewhere than last.
        (Rule::UnknownCoding, None) | (Rule::BadTransferEncoding, _) => "te_without_chunked_last",
        (Rule::UnknownCoding, Some(_)) => "coding_before_chunked",
        _ => panic!("a fault without a code: {fault}"),
    }
}

/// The record in our shape, which has other words for the same, and differs in two things: a chunk is told with its first data, and nothing tells that it has ended, or all of them, but what follows.
/// (The original takes no trailers.)
pub(crate) fn meant(vector: &Value) -> Vec<Value> {
    let mut begun = None;
    let steps = recorded(vector).iter().zip(vector["expect"].as_array().unwrap());
    let step = |(step, expected): (&Value, &Value)| {
        let mut events = Vec::new();
        for event in step["events"].as_array().unwrap().iter().flat_map(|event| unworded(event, &expected["events"][0])) {
            match kind(&event) {
                "chunk" => begun = Some(event),
                "data" => {
                    events.extend(begun.take());
                    push_joined(&mut events, Some(event));
                }
                "end_chunk" | "last_chunk" => {}
                "trailers" => assert_eq!(event, json!({ "t": "trailers" })),
                _ => events.push(event),
            }
        }
        assert!(step.get("raised").is_none(), "nothing is raised here that could be compared");
        json!({ "events": events })
    };
    steps.map(step).collect()
}

/// The events that are meant where an ideal is put in words; a head of which only the status is said, as one with nothing else. `expected` is the first of those that the original gave in this step.
fn unworded(event: &Value, expected: &Value) -> Vec<Value> {
    if kind(event) == "aborted" {
        let reason = event["reason"].as_str().unwrap();
        return vec![json!({ "t": "aborted", "reason": reason_word(reason) })];
    }
    let Some(words) = event.as_str() else { return vec![event.clone()] };
    let ended = json!({ "t": "end" });
    match words.split(' ').collect::<Vec<_>>()[..] {
        ["head"] => vec![expected.clone()],
        ["head", status] if status != "with" => vec![json!({ "t": "head", "status": status.parse::<u16>().unwrap() })],
        // Ours ends every message.
        ["head", status, "(informational)"] => vec![json!({ "t": "head", "status": status.parse::<u16>().unwrap() }), ended],
        ["chunk", size] => vec![json!({ "t": "chunk", "size": size.parse::<u64>().unwrap() })],
        ["data", data] => vec![json!({ "t": "data", "hex": hex(data.as_bytes()) })],
        ["end" | "end_chunk" | "last_chunk" | "trailers"] => vec![json!({ "t": words })],
        _ => vec![event.clone()],
    }
}

/// The record says some reasons in several ways.
fn reason_word(reason: &str) -> &str {
    match reason {
        "too large" => "frame_too_large",
        _ if reason.to_lowercase().starts_with("invalid chunk size") => "invalid chunk size",
        _ => reason,
    }
}

/// Leaves of heads what is said of those that are meant: where that is the status alone, the status.
fn as_worded(mut said: Value, meant: &Value) -> Value {
    let is_status = |event: &Value| kind(event) == "head" && event.as_object().unwrap().len() == 2;
    if meant["events"].as_array().unwrap().iter().any(is_status) {
        for event in said["events"].as_array_mut().unwrap().iter_mut().filter(|event| kind(event) == "head") {
            *event = json!({ "t": "head", "status": event["status"] });
        }
    }
    said
}
