//! HTTP/1.1 messages of any bytes: every way of cutting them gives the same, and what is accepted is written again as it came.

use arbitrary::{Result, Unstructured};
use framewright::buf::{SegmentedBuf, StreamBuf};
use framewright::http1::{
    Answers, Body, BodyForm, BodyPart, Event, Fields, Leniency, Limits, NewField, NewRequest, Outgoing, RequestEncoder, Requests,
    Responses, Rules, parse_request,
};
use framewright::testkit::{Kit, text};

use super::draw::OnPanic;

/// The longest stream.
const LONGEST: usize = 400;

/// What streams are made of, besides any bytes.
const PIECES: &[&str] = &[
    "GET / HTTP/1.1\r\n",
    "POST /a HTTP/1.1\r\n",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0 204\r\n",
    "Host: a\r\n",
    "Content-Length: 3\r\n",
    "Content-Length: ",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "X: y\r\n",
    " folded\r\n",
    "\r\n",
    "\n",
    "\r",
    "abc",
    "3\r\nabc\r\n",
    "0\r\n\r\n",
    "0\r\n",
    "5;a=\"b\"\r\n",
    ":",
    " ",
    "\t",
];

const LENIENCIES: &[Leniency] = &[
    Leniency::LfInResponseHead,
    Leniency::ObsFoldInResponses,
    Leniency::ObsTextTarget,
    Leniency::FragmentInTarget,
    Leniency::AsteriskForAnyMethod,
    Leniency::EmptyHost,
    Leniency::IdenticalContentLengths,
    Leniency::TransferCodings,
    Leniency::WhitespaceAfterChunkSize,
    Leniency::WhitespaceInChunkExtensions,
    Leniency::DropForbiddenTrailers,
];

/// Draws rules, what is read, and a stream.
pub(crate) fn check(u: &mut Unstructured<'_>) -> Result<()> {
    let rules = rules(u)?;
    let (kind, seed) = (u.int_in_range(0..=4_u8)?, u64::from(u.arbitrary::<u8>()?));
    let stream = stream(u)?;
    let _context = OnPanic(|| format!("{kind}, {rules:?}, stream {}", text(&stream)));
    let answers = [Answers::Other, Answers::Head, Answers::Connect][usize::from(kind) % 3];
    match kind {
        0 => drop(Kit::new(move || Body::new(BodyForm::Chunked, rules), |part| show_part(&part)).join("+").check_sample(&stream, seed)),
        1 => {
            Kit::new(move || Requests::new(rules), |event| show(&event)).join("+").check_sample(&stream, seed);
            write_again(&stream, rules);
        }
        _ => {
            let make = move || Responses::new(rules).answering(answers);
            Kit::new(make, |event| show(&event)).join("+").check_sample(&stream, seed);
        }
    }
    Ok(())
}

fn rules(u: &mut Unstructured<'_>) -> Result<Rules> {
    let small = Limits {
        max_target: 8,
        max_head: 80,
        max_name: 20,
        max_value: 12,
        max_fields: 3,
        max_body: 10,
        max_chunk_line: 16,
        max_chunk_ext: 10,
        max_trailers: 2,
        max_trailer_bytes: 20,
        ..Limits::DEFAULT
    };
    let rules = Rules::new(if u.int_in_range(0..=3_u8)? == 0 { small } else { Limits::DEFAULT });
    let allowed: u16 = u.arbitrary()?;
    let named = LENIENCIES.iter().enumerate().filter(|(bit, _)| allowed >> bit & 1 == 1);
    Ok(named.fold(rules, |rules, (_, leniency)| rules.allow(*leniency)))
}

/// Pieces, and bytes among them.
fn stream(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut stream = Vec::new();
    while !u.is_empty() && stream.len() < LONGEST {
        match u.arbitrary::<u8>()? {
            piece @ 0..=199 => stream.extend_from_slice(PIECES[usize::from(piece) % PIECES.len()].as_bytes()),
            _ => stream.push(u.arbitrary()?),
        }
    }
    Ok(stream)
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

fn show<H: core::fmt::Debug>(event: &Event<'_, H>) -> String {
    match event {
        Event::Head(head, framing) => format!("{head:?} {framing:?}"),
        Event::Data(data) => format!("+{}", text(data)),
        Event::End(trailers) => format!("end {}", show_fields(trailers)),
    }
}

fn show_part(part: &BodyPart<'_>) -> String {
    match part {
        BodyPart::Data(data) => format!("+{}", text(data)),
        BodyPart::End(trailers) => format!("end {}", show_fields(trailers)),
    }
}

fn show_fields(fields: &Fields<'_>) -> String {
    format!("{fields:?}")
}
