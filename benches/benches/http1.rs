//! Times HTTP/1.1 heads and bodies against httparse, interleaved, and judges the ratios.
//!
//! ```sh
//! cargo bench --manifest-path benches/Cargo.toml --bench http1 -- --rounds 101 --only "request"
//! ```

use std::fmt;
use std::process::ExitCode;
use std::rc::Rc;

use bytes::Bytes;
use framewright::Engine;
use framewright::http1::{RequestHeads, Requests};
use framewright_benches::contender::Cut;
use framewright_benches::http1::bodies::{OurEngine, OurLines, PeerLines, Walked, chunked};
use framewright_benches::http1::engine::{Arriving, OurEvents, OurHeads, PeerAgain, PeerTypes};
use framewright_benches::http1::heads::{
    Alone, OurFramedRequest, OurFramedResponse, OurRequest, OurResponse, PeerRequest, PeerResponse, copies, lower,
};
use framewright_benches::http1::messages;
use framewright_benches::rounds::{self, Row, Timing, Versus};

const HEAD: &str = "\
| what | ns | httparse: ns | ours / httparse (p10-p90) | at most | |
|---|--:|--:|--:|--:|---|";

/// What is read at once.
const READ: usize = 16 * 1024;
/// What is read at once where little arrives.
const TRICKLE: usize = 64;

fn main() -> ExitCode {
    let heads = [
        ("request", messages::SMALL_REQUEST, 1.0 / 1.1, 1.0),
        ("request", messages::REQUEST, 0.8, 1.0),
        ("request", messages::LARGE_REQUEST, 0.8, 1.0),
        ("response", messages::SMALL_RESPONSE, 1.0 / 1.05, 1.0 / 0.85),
        ("response", messages::RESPONSE, 1.0 / 0.95, 1.0 / 0.85),
    ];
    let mut cells: Vec<Cell> = heads.into_iter().map(|(name, head, most, framed)| alone(name, head, most, framed)).collect();
    cells.extend([messages::SMALL_REQUEST, messages::REQUEST, messages::LARGE_REQUEST].map(to_types));
    cells.push(trickling());
    cells.extend([(16, 16), (128, 128), (1, 255), (1024, 1024), (16 * 1024, 16 * 1024)].map(chunks));
    rounds::run(HEAD, cells)
}

/// Ours in some ways, and who else does the same.
struct Cell {
    name: String,
    ours: Vec<(&'static str, Timing, Option<f64>)>,
    peer: Timing,
}

/// Heads on a slice each.
fn alone(name: &str, head: &str, most: f64, framed: f64) -> Cell {
    let stream = Rc::new(copies(head));
    let timing = |name, cut: Box<dyn Cut>| Timing::new(name, cut, &stream, head.len()).per_bytes(head.len());
    let (plain, with_framing, peer): (Box<dyn Cut>, Box<dyn Cut>, Box<dyn Cut>) = if name == "request" {
        (Box::new(Alone(OurRequest::default())), Box::new(Alone(OurFramedRequest::default())), Box::new(Alone(PeerRequest)))
    } else {
        (Box::new(Alone(OurResponse::default())), Box::new(Alone(OurFramedResponse::default())), Box::new(Alone(PeerResponse)))
    };
    Cell {
        name: format!("{name} of {} B", head.len()),
        ours: vec![("", timing("ours", plain), Some(most)), (" and its framing", timing("ours, framed", with_framing), Some(framed))],
        peer: timing("httparse", peer),
    }
}

/// Requests through the engine, against `http` types.
fn to_types(head: &str) -> Cell {
    let head = lower(head);
    let stream = Rc::new(copies(&head));
    let timing = |name, cut: Box<dyn Cut>| Timing::new(name, cut, &stream, READ).per_bytes(head.len());
    let events = timing("ours", Box::new(Arriving(OurEvents(Engine::new(Requests::strict())))));
    let peer = Box::new(Arriving(PeerTypes { read: Bytes::copy_from_slice(&stream.bytes) }));
    Cell {
        name: format!("events of requests of {} B", head.len()),
        ours: vec![("", events, Some(1.0 / 3.0))],
        peer: timing("httparse and http", peer),
    }
}

/// A head that arrives slowly.
fn trickling() -> Cell {
    let head = messages::LARGE_REQUEST;
    let stream = Rc::new(copies(head));
    let timing = |name, cut: Box<dyn Cut>| Timing::new(name, cut, &stream, TRICKLE).per_bytes(head.len());
    let heads = timing("ours", Box::new(Arriving(OurHeads(Engine::new(RequestHeads::strict())))));
    Cell {
        name: format!("request of {} B in {TRICKLE} B reads", head.len()),
        ours: vec![("", heads, Some(1.0 / 6.0))],
        peer: timing("httparse each time", Box::new(Arriving(PeerAgain::default()))),
    }
}

/// Bodies in chunks of so many bytes.
fn chunks((least, most): (usize, usize)) -> Cell {
    let stream = Rc::new(chunked(least, most));
    let mean = usize::midpoint(least, most);
    let timing = |name, cut: Box<dyn Cut>| Timing::new(name, cut, &stream, READ).per_bytes(mean);
    let is_judged = (least, most) == (128, 128);
    Cell {
        name: if least == most { format!("chunks of {most} B") } else { format!("chunks of {least} to {most} B") },
        ours: vec![
            ("", timing("ours", Box::new(Walked(OurLines))), is_judged.then_some(1.0 / 1.35)),
            (" through the engine", timing("ours, engine", Box::new(Walked(OurEngine))), is_judged.then_some(1.5)),
        ],
        peer: timing("httparse", Box::new(Walked(PeerLines))),
    }
}

impl rounds::Cell for Cell {
    fn timings(&mut self) -> Vec<&mut Timing> {
        self.ours.iter_mut().map(|(_, timing, _)| timing).chain([&mut self.peer]).collect()
    }

    fn rows(&self) -> Vec<Row> {
        let row = |(what, ours, most): &(&str, Timing, Option<f64>)| Row {
            name: format!("{self}{what}"),
            ns: ours.median(),
            versus: vec![Some(Versus::new(ours, &self.peer, *most))],
        };
        self.ours.iter().map(row).collect()
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
