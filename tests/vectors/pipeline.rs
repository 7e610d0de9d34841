//! Vectors of pipelines, as far as they speak of what a connection does: how it ends, in which order, and what becomes of input that does not fit.
//!
//! A value of the record is a line here, a handler at the inner end the application, and whoever feeds the driver.

use core::convert::Infallible;

use framewright::conn::{Conn, Limits, Plain, Protocol, Reaction, Replies, Turn, Want};
use framewright::decode::{Decode, Found, Reject, Stop};
use framewright::encode::{Encode, EncodeError, Payload, Writer};
use framewright::framing::{Delimited, Delimiter, Lines, Unframable};
use framewright::testkit::text;
use framewright::{ErrorKind, Input, Refused, Time};
use serde_json::{Value, json};

use crate::{No, assert_known, bytes, hex, steps};

const NOW: Time = Time::ZERO;

/// Lines. One that begins with `>` is answered by what follows, and not seen, where the record has an echo; `boom` is a bad one.
struct Words {
    lines: Lines,
    echoes: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("boom")]
struct Boom;

impl Decode for Words {
    type Progress = <Lines as Decode>::Progress;
    type Token = <Lines as Decode>::Token;
    type Frame<'a> = &'a [u8];
    type Fault = Boom;

    fn scan(&mut self, progress: &mut usize, input: &Input<'_>) -> Result<Found<usize>, Stop<Boom>> {
        self.lines.scan(progress, input).map_err(|stop| match stop {
            Stop::Idle => Stop::Idle,
            Stop::Need(short) => Stop::Need(short),
            Stop::Fatal(_) | Stop::Bad { .. } => panic!("a line is too long"),
        })
    }

    fn open<'a>(token: usize, progress: &'a usize, frame: &'a [u8]) -> &'a [u8] {
        Lines::open(token, progress, frame)
    }

    fn inspect(&mut self, _: &mut usize, _: &mut usize, frame: &[u8]) -> Result<(), Reject<Boom>> {
        if frame.starts_with(b"boom") { Err(Reject::Bad(Boom)) } else { Ok(()) }
    }
}

impl Encode for Words {
    type Message<'a> = Payload<'a>;
    type Fault = Unframable;

    fn encode(&mut self, message: &Payload<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Unframable>> {
        self.lines.encode(message, out)
    }
}

impl Protocol for Words {
    fn react(&mut self, frame: &&[u8], replies: &mut Replies<'_>) -> Reaction {
        match frame.split_first() {
            Some((b'>', answer)) if self.echoes => {
                replies.send(self, answer);
                Reaction::Swallow
            }
            _ => Reaction::Event,
        }
    }
}

/// What a connection wants when all else was told.
fn wants<P: Protocol>(conn: &mut Conn<P>, mut told: impl FnMut(Turn<'_, P>)) -> Want {
    loop {
        match conn.step() {
            Turn::Want(want) => return want,
            Turn::Done => return Want::default(),
            turn => told(turn),
        }
    }
}

/// Writes what waits.
fn write<P: Protocol>(conn: &mut Conn<P>) -> Vec<u8> {
    let bytes: Vec<u8> = conn.output().flatten().copied().collect();
    conn.sent(NOW, bytes.len()).unwrap();
    bytes
}

pub(crate) fn core(vector: &Value) -> Vec<Value> {
    let config = &vector["config"];
    assert_known(config, &["handlers", "inbound_terminal", "raise_immediately"]);
    let handlers = config["handlers"].as_str().unwrap();
    let mut conn = Conn::new(Words { lines: Lines::new(64), echoes: handlers.contains("echo") }, NOW).half_open();
    let mut said = Vec::new();
    for step in steps(vector) {
        let outcome = core_step(&mut conn, handlers, step);
        let is_missing = matches!(outcome, Err(No::Missing(_)));
        said.push(outcome.unwrap_or_else(Value::from));
        if is_missing {
            break;
        }
    }
    said
}

fn core_step(conn: &mut Conn<Words>, handlers: &str, step: &Value) -> Result<Value, No> {
    // There are no handlers that are chained by hand, and none that run later: a protocol is one type, with its layers in it, and the application the one that asks.
    if handlers.contains("feeds each message twice") {
        return Err(No::Missing("handlers that feed others"));
    }
    if handlers.contains("defer") {
        return Err(No::Missing("functions that run later"));
    }
    match step["op"].as_str().unwrap() {
        "feed_value" => {
            let line = step["v"].as_str().map_or_else(|| step["v"].to_string(), str::to_owned) + "\n";
            match conn.feed(NOW, line.as_bytes()) {
                Ok(_steps) => {}
                Err(refused) => return Ok(json!({ "refused": refusal(refused) })),
            }
        }
        "eof" => conn.eof(NOW),
        "destroy" => {
            conn.reset(NOW);
            wants(conn, |_| {});
            return Ok(Value::Null);
        }
        "remove" => return Err(No::Missing("handlers that are removed")),
        op => panic!("an operation that is not known: {op}"),
    }
    let mut events = Vec::new();
    let want = wants(conn, |turn| match turn {
        Turn::Event(b"close", mut out) if handlers.contains("echo") => out.close(),
        Turn::Event(line, _) => events.push(json!({ "t": "value", "v": value(line, handlers) })),
        Turn::Bad(..) if handlers.contains("saw error") => events.push(json!({ "t": "value", "v": "saw error" })),
        Turn::Bad(..) => events.push(json!({ "t": "error", "error": "invalid_argument" })),
        Turn::Over(Ok(()), _) => events.push(json!({ "t": "final_input" })),
        other => panic!("{other:?}"),
    });
    let mut said = json!({ "events": events });
    let number = |bytes: &[u8]| text(bytes).trim_end_matches("\\n").parse::<u64>().unwrap();
    if want.write > 0 {
        said["output"] = json!([{ "t": "value", "v": number(&write(conn)) }]);
    } else if want.shutdown {
        conn.shut(NOW);
        said["output"] = json!([{ "t": "final_output" }]);
    }
    Ok(said)
}

/// A line as the value that it stands for, for an application that counts one up where the record does.
fn value(line: &[u8], handlers: &str) -> Value {
    match text(line).parse::<u64>() {
        Ok(number) if handlers.contains("inc") => json!(number + 1),
        Ok(number) => json!(number),
        Err(_) => json!(text(line)),
    }
}

fn refusal(refused: Refused) -> &'static str {
    match refused {
        Refused::Failed => "failed",
        Refused::AfterEof => "after_eof",
        other => panic!("{other}"),
    }
}

pub(crate) fn byte_stages(vector: &Value) -> Vec<Value> {
    let config = &vector["config"];
    assert_known(config, &["stage", "delims", "on_incomplete_final", "max_buffer", "auto_read", "flush_threshold"]);
    match config["stage"].as_str().unwrap() {
        "delimiter_decoder" => {
            let max = config["max_buffer"].as_u64().map_or(64, |max| usize::try_from(max).unwrap());
            let delimiter = Delimiter::new(config["delims"].as_array().unwrap().iter().map(bytes), max).unwrap();
            // A frame that the end of the stream ends has no delimiter: an application that wants one says so.
            decoder(vector, Conn::new(Plain(delimiter), NOW), |frame: Delimited<'_>| match frame.delimiter() {
                [] => json!({ "t": "error", "error": "incomplete" }),
                _ => json!({ "t": "bytes", "hex": hex(frame.payload()) }),
            })
        }
        "buffered decoder cutting 3-byte frames" => {
            decoder(vector, Conn::new(Raw, NOW), |frame| json!({ "t": "bytes", "hex": hex(frame) }))
        }
        "outbound_buffer" => outbound(vector),
        stage => panic!("a stage that is not known: {stage}"),
    }
}

fn decoder<P: Protocol>(vector: &Value, mut conn: Conn<P>, show: fn(P::Frame<'_>) -> Value) -> Vec<Value> {
    let step = |step: &Value| {
        match step["op"].as_str().unwrap() {
            "feed" => match conn.feed(NOW, &bytes(&step["hex"])) {
                Ok(_steps) => {}
                Err(refused) => return json!({ "refused": refusal(refused) }),
            },
            "eof" => conn.eof(NOW),
            "flush_input" => return No::Inexpressible("a flush of input").into(),
            op => panic!("an operation that is not known: {op}"),
        }
        let mut events = Vec::new();
        wants(&mut conn, |turn| match turn {
            Turn::Event(frame, _) => events.push(show(frame)),
            Turn::Over(Ok(()), _) => events.push(json!({ "t": "final_input" })),
            Turn::Over(Err(failure), _) if failure.kind() == ErrorKind::Limit => {
                events.push(json!({ "t": "error", "error": "frame_too_large" }));
            }
            other => panic!("{other:?}"),
        });
        json!({ "events": events })
    };
    steps(vector).iter().map(step).collect()
}

/// Three bytes a frame on the way in, any on the way out.
struct Raw;

impl Decode for Raw {
    type Progress = ();
    type Token = ();
    type Frame<'a> = &'a [u8];
    type Fault = Infallible;

    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<()>, Stop<Infallible>> {
        input.begin()?;
        input.require(3)?;
        Ok(Found::Frame { len: 3, token: () })
    }

    fn open<'a>((): (), (): &'a (), frame: &'a [u8]) -> &'a [u8] {
        frame
    }
}

impl Encode for Raw {
    type Message<'a> = Payload<'a>;
    type Fault = Infallible;

    fn encode(&mut self, message: &Payload<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Infallible>> {
        Ok(out.payload(message)?)
    }
}

impl Protocol for Raw {}

/// Output waits until the driver writes it: when it is told to, when there is no more than the high-water mark allows, and at the end.
fn outbound(vector: &Value) -> Vec<Value> {
    let threshold = vector["config"]["flush_threshold"].as_u64().map_or(usize::MAX, |threshold| usize::try_from(threshold).unwrap());
    let mut conn = Conn::with_limits(Raw, NOW, Limits { high_water: threshold, ..Limits::DEFAULT });
    let step = |step: &Value| {
        assert_eq!(step["op"], "send");
        let message = &step["msg"];
        let kind = message["t"].as_str().unwrap();
        match kind {
            "bytes" => conn.outbox().send(bytes(&message["hex"])).unwrap(),
            "flush_output" => {}
            "final_output" => conn.outbox().close(),
            "value" => return No::Inexpressible("a message that is no bytes").into(),
            kind => panic!("a message that is not known: {kind}"),
        }
        let mut output = Vec::new();
        if kind != "bytes" || !conn.outbox().is_writable() {
            let written = write(&mut conn);
            if !written.is_empty() {
                output.push(json!({ "t": "bytes", "hex": hex(&written) }));
            }
        }
        let want = wants(&mut conn, |turn| panic!("{turn:?}"));
        assert_eq!(want.shutdown, kind == "final_output");
        if kind != "bytes" {
            output.push(json!({ "t": kind }));
        }
        json!({ "output": output })
    };
    steps(vector).iter().map(step).collect()
}
