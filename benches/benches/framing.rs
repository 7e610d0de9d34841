//! Times framewright, hand-written code and tokio-util on the same streams, interleaved, and judges the ratios.
//!
//! ```sh
//! cargo bench --manifest-path benches/Cargo.toml --bench framing -- --rounds 31 --only "Lines 12 B"
//! ```

use std::fmt;
use std::process::ExitCode;
use std::rc::Rc;

use framewright_benches::contender::{Contender, Side, contenders};
use framewright_benches::rounds::{self, Row, Timing, Versus, fastest};
use framewright_benches::workload::{CHUNKS, Format, Size, Stream, WORKLOADS, Workload};

const HEAD: &str = "\
| stream @ chunk | ns a frame | by hand: ns | ours / hand (p10-p90) | at most | tokio-util: ns | ours / tokio-util (p10-p90) | at most | |
|---|--:|--:|--:|--:|--:|--:|--:|---|";

/// Whoever takes less for a frame by hand hardly does anything.
const NEXT_TO_NOTHING: f64 = 5.0;

fn main() -> ExitCode {
    let streams: Vec<_> = WORKLOADS.iter().map(|workload| (workload, Rc::new(workload.stream()))).collect();
    let cells = streams.iter().flat_map(|(workload, stream)| CHUNKS.map(|chunk| Cell::new(workload, stream, chunk)));
    rounds::run(HEAD, cells.collect())
}

/// One stream, cut in chunks of one size by all contenders.
struct Cell {
    workload: &'static Workload,
    chunk: usize,
    entries: Vec<(Side, Timing)>,
}

impl Cell {
    fn new(workload: &'static Workload, stream: &Rc<Stream>, chunk: usize) -> Self {
        let entry = |Contender { name, side, cut }| (side, Timing::new(name, cut, stream, chunk));
        Self { workload, chunk, entries: contenders(workload.format).into_iter().map(entry).collect() }
    }

    /// The target: how many times the hand-written code ours may take.
    fn most_times_hand(&self, hand: &Timing) -> Option<f64> {
        match self.workload.format {
            _ if self.chunk == 64 => None,
            Format::Mapped => Some(1.1),
            _ if hand.median() < NEXT_TO_NOTHING => Some(2.0),
            _ => Some(1.5),
        }
    }

    fn of(&self, side: Side) -> impl Iterator<Item = &Timing> {
        self.entries.iter().filter(move |entry| entry.0 == side).map(|(_, timing)| timing)
    }
}

impl rounds::Cell for Cell {
    fn timings(&mut self) -> Vec<&mut Timing> {
        self.entries.iter_mut().map(|(_, timing)| timing).collect()
    }

    /// Compares ours with the fastest by hand, and with the fastest of tokio-util.
    fn rows(&self) -> Vec<Row> {
        let peers_most = if self.chunk == 64 { None } else { Some(1.0) };
        let row = |ours: &Timing| Row {
            name: self.to_string(),
            ns: ours.median(),
            versus: vec![
                fastest(self.of(Side::Hand)).map(|hand| Versus::new(ours, hand, self.most_times_hand(hand))),
                fastest(self.of(Side::Peer)).map(|peer| Versus::new(ours, peer, peers_most)),
            ],
        };
        self.of(Side::Ours).map(row).collect()
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} @ {}", self.workload, Size(self.chunk))
    }
}
