//! Bodies, and whole messages with them: every way of cutting them gives the same, and of chunked bodies what a naive reader gives.

use arbitrary::{Result, Unstructured};
use framewright::http1::{Answers, Body, BodyForm, BodyPart, Requests, Responses, Rules};
use framewright::testkit::{Kit, text};
use framewright::{Engine, Step};

use super::super::draw::OnPanic;
use super::naive::{Outcome, chunked};
use super::{show, show_part};

/// Draws rules, what is read, and a stream.
pub(crate) fn check(u: &mut Unstructured<'_>) -> Result<()> {
    let rules = super::rules(u)?;
    let (kind, seed) = (u.int_in_range(0..=7_u8)?, u64::from(u.arbitrary::<u8>()?));
    let length = 1 + u64::from(u.arbitrary::<u8>()?);
    let stream = super::stream(u)?;
    let _context = OnPanic(|| format!("{kind}, length {length}, {rules:?}, stream {}", text(&stream)));
    match kind {
        0..=2 => {
            check_body(BodyForm::Chunked, rules, &stream, seed);
            assert_eq!(read(BodyForm::Chunked, rules, &stream), chunked(&stream, &rules), "the reader and the naive one differ");
        }
        3 => check_body(BodyForm::Length(length), rules, &stream, seed),
        4 => check_body(BodyForm::UntilClose, rules, &stream, seed),
        5 => drop(Kit::new(move || Requests::new(rules), |event| show(&event)).join("+").check_sample(&stream, seed)),
        _ => {
            let answers = if kind == 6 { Answers::Other } else { [Answers::Head, Answers::Connect][usize::from(length % 2 == 0)] };
            let make = move || Responses::new(rules).answering(answers);
            Kit::new(make, |event| show(&event)).join("+").check_sample(&stream, seed);
        }
    }
    Ok(())
}

fn check_body(form: BodyForm, rules: Rules, stream: &[u8], seed: u64) {
    let transcript = Kit::new(move || Body::new(form, rules), |part| show_part(&part)).join("+").check_sample(stream, seed);
    let length = match form {
        BodyForm::Length(length) => usize::try_from(length).unwrap_or(usize::MAX),
        BodyForm::UntilClose if stream.len() as u64 <= rules.limits.max_body => stream.len(),
        _ => return,
    };
    let lines = transcript.lines();
    if length <= stream.len() {
        let data = if length == 0 { Vec::new() } else { vec![format!("+{}", text(&stream[..length]))] };
        let rest = &stream[length..];
        let unread = if rest.is_empty() { Vec::new() } else { vec![format!("unread: {}", text(rest))] };
        assert_eq!(lines, [data, vec!["end []".to_owned(), "end".to_owned()], unread].concat());
    } else {
        assert!(lines.last().is_some_and(|last| last.contains("the stream ended")), "{lines:?}");
    }
}

/// What our reader makes of a body, fed whole and not ended.
fn read(form: BodyForm, rules: Rules, stream: &[u8]) -> Outcome {
    let mut engine = Engine::new(Body::new(form, rules));
    let Ok(mut frames) = engine.feed(stream) else { return Outcome::Refused { body: Vec::new() } };
    let mut body = Vec::new();
    loop {
        match frames.next_frame() {
            Ok(Step::Frame(BodyPart::Data(data), _)) => body.extend_from_slice(data),
            Ok(Step::Frame(BodyPart::End(trailers), place)) => {
                let trailers = trailers.iter().map(|field| (field.name.to_vec(), field.value.to_vec())).collect();
                let end = usize::try_from(place.offset).unwrap_or(usize::MAX) + place.len;
                return Outcome::Whole { body, trailers, end };
            }
            Ok(_) => return Outcome::Short { body },
            Err(_) => return Outcome::Refused { body },
        }
    }
}
