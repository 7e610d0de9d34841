//! Byte strings that other implementations disagree about, and what an independent strict reference did with them.

use std::collections::BTreeMap;

use framewright::http1::{Answers, Event, Messages, Requests, Responses, Role, Rules};
use framewright::{Decode, Engine, Step};
use serde_json::Value;

/// Reads a stream to its end: whether it was accepted, how many bytes of bodies came, or the rule that is broken.
fn read<R: Role>(decoder: Messages<R>, stream: &[u8]) -> String
where
    Messages<R>: for<'a> Decode<Frame<'a> = Event<'a, framewright::http1::HeadOf<'a, R>>, Fault = framewright::http1::Fault>,
{
    let mut engine = Engine::new(decoder);
    let mut body = 0;
    let mut frames = engine.feed(stream).unwrap();
    let said = loop {
        match frames.next_frame() {
            Ok(Step::Frame(Event::Data(data), _)) => body += data.len(),
            Ok(Step::Frame(..) | Step::Handoff(..)) => {}
            Ok(Step::Idle | Step::NeedMoreData(_)) => break None,
            Ok(Step::End(_)) => break Some(format!("accept b{body}")),
            Err(error) => break Some(format!("REJ {error}")),
        }
    };
    drop(frames);
    said.unwrap_or_else(|| {
        let mut frames = engine.eof();
        loop {
            match frames.next_frame() {
                Ok(Step::Frame(Event::Data(data), _)) => body += data.len(),
                Ok(Step::End(_)) => break format!("accept b{body}"),
                Ok(_) => {}
                Err(error) => break format!("incomplete b{body} {error}"),
            }
        }
    })
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).unwrap()).unwrap();
    hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) * 16 + digit(pair[1])).collect()
}

/// The first word, and of what is accepted the bytes of all bodies.
fn verdict(said: &str) -> (&str, usize) {
    let mut words = said.split([' ', '(']);
    let word = words.next().unwrap_or_default();
    let bodies = words.next().and_then(|bodies| bodies.strip_prefix('b')).filter(|_| word == "accept");
    (word, bodies.map_or(0, |bodies| bodies.split(",b").map(|len| len.parse::<usize>().unwrap()).sum()))
}

/// Where our verdict is another than the reference's, and why.
const DIFFERENT: &[(&str, &str)] = &[
    ("connect", "what follows a CONNECT request is a request until a response makes a tunnel, which a connection knows"),
    ("cr-X-end", "HH-15: the line of the fault never ends"),
    ("headers-200", "HL-2: 100 fields"),
    ("leading-crlf-x3", "HL-2: 2 empty lines"),
    ("r-204-cl", "HF-10: there is no body, and what follows the head is no response"),
    ("target-authority-get", "HH-6: only of CONNECT"),
    ("target-fragment", "HH-5: no fragment"),
    ("trailer-cl", "HB-10: such a field is forbidden"),
];

#[test]
fn hl_6_verdicts_are_those_of_a_strict_reference() {
    let record: Value = serde_json::from_str(include_str!("../data/http1-probes.json")).unwrap();
    let mut complaints = BTreeMap::new();
    for probe in record["probes"].as_array().unwrap() {
        let id = probe["id"].as_str().unwrap();
        let stream = bytes(probe["hex"].as_str().unwrap());
        let said = if probe["role"] == "request" {
            read(Requests::new(Rules::STRICT), &stream)
        } else {
            let answers = Answers::method(probe["request_method"].as_str().unwrap_or("GET"));
            read(Responses::new(Rules::STRICT).answering(answers), &stream)
        };
        let reference = probe["others"]["reference"].as_str().unwrap();
        let is_listed = DIFFERENT.iter().any(|(listed, _)| *listed == id);
        if (verdict(&said) != verdict(reference)) != is_listed {
            complaints.insert(id, format!("ours: {said}; theirs: {reference}"));
        }
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
}
