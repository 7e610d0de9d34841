//! The connection machine: its lifecycle, its outputs, its timers, switching, erasure.

mod calls;
mod idle_gap;
mod lifecycle;
mod output;
mod switch;
mod timers;
mod toy;

use core::time::Duration;

use framewright::conn::{Conn, Limits, Protocol, Steps, Turn, Want};
use framewright::testkit::text;
use framewright::{Decode, Time};
use toy::Toy;

fn at(seconds: u64) -> Time {
    Time::ZERO + Duration::from_secs(seconds)
}

fn toy() -> Conn<Toy> {
    Conn::new(Toy::new(), at(0))
}

fn toy_with(limits: Limits) -> Conn<Toy> {
    Conn::with_limits(Toy::new(), at(0), limits)
}

/// What a step says, in short.
fn say<P: for<'a> Protocol<Frame<'a> = &'a [u8]>>(turn: Turn<'_, P>) -> String {
    match turn {
        Turn::Event(frame, _) => text(frame),
        Turn::Bad(error, _) => format!("bad: {error}"),
        Turn::Over(Ok(()), _) => "over".to_owned(),
        Turn::Over(Err(failure), _) => format!("over: {failure}"),
        Turn::Want(Want { read, write, shutdown, .. }) => {
            let read = if read > 0 { " read" } else { "" };
            let write = if write > 0 { format!(" write {write}") } else { String::new() };
            format!("want{read}{write}{}", if shutdown { " shutdown" } else { "" })
        }
        Turn::Handoff => "handoff".to_owned(),
        Turn::Done => "done".to_owned(),
    }
}

/// What the next steps say, up to what the connection wants of its driver.
fn says<P: for<'a> Protocol<Frame<'a> = &'a [u8]>>(conn: &mut Conn<P>) -> Vec<String> {
    let mut said = Vec::new();
    while !said.last().is_some_and(|last: &String| last.starts_with("want") || last == "handoff" || last == "done") {
        said.push(say(conn.step()));
    }
    said
}

fn feed<'a, P: Protocol>(conn: &'a mut Conn<P>, now: Time, bytes: &'a [u8]) -> Steps<'a, P> {
    conn.feed(now, bytes).unwrap()
}

/// Writes all that waits, and returns it.
fn written<P: Protocol + Decode>(conn: &mut Conn<P>, now: Time) -> String {
    let bytes: Vec<u8> = conn.output().flatten().copied().collect();
    conn.sent(now, bytes.len()).unwrap();
    text(&bytes)
}
