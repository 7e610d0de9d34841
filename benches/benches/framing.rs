//! Times framewright, hand-written code and tokio-util on the same streams, interleaved, and judges the ratios.
//!
//! ```sh
//! cargo bench --manifest-path benches/Cargo.toml --bench framing -- --rounds 31 --only "Lines 12 B"
//! ```

use std::fmt;
use std::process::ExitCode;
use std::rc::Rc;

use framewright_benches::contender::{Contender, Ending, Side, contenders};
use framewright_benches::rounds::{self, Row, Timing, Versus, fastest};
use framewright_benches::workload::{CHUNKS, Framing, Size, Stream, WORKLOADS, Workload};

const HEAD: &str = "\
| stream @ chunk | ns a frame | by hand: ns | ours / hand (p10-p90) | at most | tokio-util: ns | ours / tokio-util (p10-p90) | at most | |
|---|--:|--:|--:|--:|--:|--:|--:|---|";

fn main() -> ExitCode {
    let streams = WORKLOADS.map(|workload| (workload, Rc::new(workload.stream())));
    let cells = streams.iter().flat_map(|(workload, stream)| CHUNKS.map(|chunk| Cell::new(*workload, stream, chunk)));
    rounds::run(HEAD, cells.collect())
}

/// One stream, cut in chunks of one size by all contenders.
struct Cell {
    workload: Workload,
    chunk: usize,
    entries: Vec<Entry>,
}

/// A contender, and whom it is compared with.
struct Entry {
    side: Side,
    ending: Ending,
    timing: Timing,
}

impl Cell {
    fn new(workload: Workload, stream: &Rc<Stream>, chunk: usize) -> Self {
        let entry = |Contender { name, side, ending, cut }| Entry { side, ending, timing: Timing::new(name, cut, stream, chunk) };
        Self { workload, chunk, entries: contenders(workload.framing).into_iter().map(entry).collect() }
    }

    /// The target: how many times the hand-written code ours may take.
    fn most_times_hand(&self) -> f64 {
        match (self.workload.framing, self.workload.mean, self.chunk) {
            (_, _, 64) => 4.0,
            (Framing::LengthField, 16, _) => 2.0,
            _ => 1.5,
        }
    }
}

impl rounds::Cell for Cell {
    fn timings(&mut self) -> Vec<&mut Timing> {
        self.entries.iter_mut().map(|entry| &mut entry.timing).collect()
    }

    /// Compares each of ours with the fastest by hand that does the same, and with the fastest of tokio-util.
    fn rows(&self) -> Vec<Row> {
        let of = |side| self.entries.iter().filter(move |entry| entry.side == side);
        let row = |ours: &Entry| {
            let lf = matches!((self.workload.framing, ours.ending), (Framing::Lines, Ending::Lf));
            let same = of(Side::Hand).filter(|hand| hand.ending == ours.ending);
            let hand = fastest(same.map(|hand| &hand.timing));
            let peer = fastest(of(Side::Peer).map(|peer| &peer.timing));
            Row {
                name: format!("{self}{}", if lf { ", `Lf`" } else { "" }),
                ns: ours.timing.median(),
                versus: vec![
                    Versus::new(&ours.timing, hand, Some(self.most_times_hand())),
                    Versus::new(&ours.timing, peer, if self.chunk == 64 { None } else { Some(1.0) }),
                ],
            }
        };
        of(Side::Ours).map(row).collect()
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} @ {}", self.workload, Size(self.chunk))
    }
}
