//! Times HTTP/1.1 heads and bodies against httparse, interleaved, and judges the ratios.
//!
//! ```sh
//! cargo bench --manifest-path benches/Cargo.toml --bench http1 -- --rounds 101 --only "request"
//! ```

use std::fmt;
use std::process::ExitCode;
use std::rc::Rc;

use framewright_benches::contender::Cut;
use framewright_benches::http1::heads::{
    Alone, OurFramedRequest, OurFramedResponse, OurRequest, OurResponse, PeerRequest, PeerResponse, copies,
};
use framewright_benches::http1::messages;
use framewright_benches::rounds::{self, Row, Timing, Versus};

const HEAD: &str = "\
| what | ns | httparse: ns | ours / httparse (p10-p90) | at most | |
|---|--:|--:|--:|--:|---|";

fn main() -> ExitCode {
    let heads = [
        ("request", messages::SMALL_REQUEST, 1.0 / 1.1, 1.0),
        ("request", messages::REQUEST, 0.8, 1.0),
        ("request", messages::LARGE_REQUEST, 0.8, 1.0),
        ("response", messages::SMALL_RESPONSE, 1.0 / 1.05, 1.0 / 0.85),
        ("response", messages::RESPONSE, 1.0 / 0.95, 1.0 / 0.85),
    ];
    rounds::run(HEAD, heads.into_iter().map(|(name, head, most, framed)| heads_alone(name, head, most, framed)).collect())
}

/// Ours in some ways, and who else does the same.
struct Cell {
    name: String,
    ours: Vec<(&'static str, Timing, f64)>,
    peer: Timing,
}

fn heads_alone(name: &str, head: &str, most: f64, framed: f64) -> Cell {
    let stream = Rc::new(copies(head));
    let timing = |name, cut: Box<dyn Cut>| Timing::new(name, cut, &stream, head.len()).per_bytes(head.len());
    let is_request = name == "request";
    let (plain, with_framing, peer): (Box<dyn Cut>, Box<dyn Cut>, Box<dyn Cut>) = if is_request {
        (Box::new(Alone(OurRequest::default())), Box::new(Alone(OurFramedRequest::default())), Box::new(Alone(PeerRequest)))
    } else {
        (Box::new(Alone(OurResponse::default())), Box::new(Alone(OurFramedResponse::default())), Box::new(Alone(PeerResponse)))
    };
    Cell {
        name: format!("{name} of {} B", head.len()),
        ours: vec![("", timing("ours", plain), most), (", framing", timing("ours, framing", with_framing), framed)],
        peer: timing("httparse", peer),
    }
}

impl rounds::Cell for Cell {
    fn timings(&mut self) -> Vec<&mut Timing> {
        self.ours.iter_mut().map(|(_, timing, _)| timing).chain([&mut self.peer]).collect()
    }

    fn rows(&self) -> Vec<Row> {
        let row = |(what, ours, most): &(&str, Timing, f64)| Row {
            name: format!("{self}{what}"),
            ns: ours.median(),
            versus: vec![Some(Versus::new(ours, &self.peer, Some(*most)))],
        };
        self.ours.iter().map(row).collect()
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
