//! HTTP/1.1 messages, row by row: a module for each chapter of SPEC.md.

mod bodies;
mod captures;
#[cfg(feature = "http")]
mod convert;
mod encode;
mod errors;
mod framing;
mod heads;
mod limits;
mod messages;
mod mutate;
mod probes;
mod strictness;

use framewright::http1::{
    Answers, Body, BodyForm, BodyPart, Event, Fields, Framing, RequestHead, RequestHeads, Requests, ResponseHead, ResponseHeads, Responses,
    Rules,
};
use framewright::testkit::{Kit, text};

/// `GET /a HTTP/1.1 {Host=a, X=y}`.
fn show_request(head: RequestHead<'_>) -> String {
    let version = head.version().as_str();
    format!("{} {} {version} {}", head.method(), text(head.target()), show_fields(head.fields()))
}

/// `HTTP/1.1 200 OK {X=y}`.
fn show_response(head: ResponseHead<'_>) -> String {
    format!("{} {} {} {}", head.version().as_str(), head.status(), text(head.reason()), show_fields(head.fields()))
}

fn show_fields(fields: Fields<'_>) -> String {
    let fields: Vec<String> = fields.iter().map(|field| format!("{}={}", text(field.name), text(field.value))).collect();
    format!("{{{}}}", fields.join(", "))
}

fn show_part(part: BodyPart<'_>) -> String {
    match part {
        BodyPart::Data(data) => format!("+{}", text(data)),
        BodyPart::End(trailers) => format!("end {}", show_fields(trailers)),
    }
}

fn show_event<H>(event: Event<'_, H>, show: fn(H) -> String) -> String {
    match event {
        Event::Head(head, framing) => format!("{} {};", show(head), show_framing(framing)),
        Event::Data(data) => format!("+{}", text(data)),
        Event::End(trailers) => format!("end {}", show_fields(trailers)),
    }
}

fn show_framing(framing: Framing) -> String {
    let coded = if framing.coded { " coded" } else { "" };
    let suspicious = if framing.suspicious { " suspicious" } else { "" };
    format!("{:?}{coded}{suspicious}", framing.body)
}

fn request_heads(rules: Rules) -> Kit<RequestHeads, impl Fn() -> RequestHeads> {
    Kit::new(move || RequestHeads::new(rules), |head| show_request(head))
}

fn response_heads(rules: Rules) -> Kit<ResponseHeads, impl Fn() -> ResponseHeads> {
    Kit::new(move || ResponseHeads::new(rules), |head| show_response(head))
}

fn requests(rules: Rules) -> Kit<Requests, impl Fn() -> Requests> {
    Kit::new(move || Requests::new(rules), |event| show_event(event, show_request)).join("+")
}

fn responses(rules: Rules, answers: Answers) -> Kit<Responses, impl Fn() -> Responses> {
    Kit::new(move || Responses::new(rules).answering(answers), |event| show_event(event, show_response)).join("+")
}

fn body(form: BodyForm, rules: Rules) -> Kit<Body, impl Fn() -> Body> {
    Kit::new(move || Body::new(form, rules), |part| show_part(part)).join("+")
}

/// A request of these lines of fields: `Host: a` is the first.
fn get(fields: &str) -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n").into_bytes()
}

/// A response of these lines of fields.
fn ok(fields: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{fields}\r\n").into_bytes()
}
