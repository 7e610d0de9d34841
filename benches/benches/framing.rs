//! Times framewright, hand-written code and tokio-util on the same streams, interleaved, and judges the ratios.
//!
//! ```sh
//! cargo bench --manifest-path benches/Cargo.toml --bench framing -- --rounds 31 --only "Lines 12 B"
//! ```

use std::fmt;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use framewright_benches::contender::{Contender, Ending, Side, contenders};
use framewright_benches::random::Random;
use framewright_benches::workload::{CHUNKS, Framing, Size, Stream, WORKLOADS, Workload};

const USAGE: &str = "framing [--rounds N] [--only SUBSTRING] [--check]
  --rounds N        times every contender N times; 31 unless given
  --only SUBSTRING  measures only what has it in its name, such as 'Lines 12 B @ 64 B'
  --check           fails when a target is missed";
/// How long a contender runs in a round.
const TIMED: Duration = Duration::from_millis(1);
/// What decides the order of the contenders.
const SEED: u64 = 1;

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let streams = WORKLOADS.map(|workload| (workload, workload.stream()));
    let mut cells: Vec<Cell> = streams
        .iter()
        .flat_map(|(workload, stream)| CHUNKS.map(|chunk| Cell::new(*workload, stream, chunk)))
        .filter(|cell| cell.to_string().contains(&options.only))
        .collect();
    if cells.is_empty() {
        eprintln!("nothing has '{}' in its name\n{USAGE}", options.only);
        return ExitCode::from(2);
    }
    let mut random = Random::new(SEED);
    for cell in &mut cells {
        cell.prepare();
    }
    for _ in 0..options.rounds {
        for cell in &mut cells {
            cell.round(&mut random);
        }
    }
    println!("{HEAD}");
    let mut missed = false;
    for row in cells.iter().flat_map(Cell::rows) {
        println!("{row}");
        missed |= !row.is_ok();
    }
    if options.check && missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

struct Options {
    rounds: usize,
    only: String,
    check: bool,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { rounds: 31, only: String::new(), check: false };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--rounds" => {
                    let value = value()?;
                    options.rounds = value.parse().ok().filter(|rounds| *rounds > 0).ok_or(format!("no number of rounds: {value}"))?;
                }
                "--only" => options.only = value()?,
                "--check" => options.check = true,
                "--bench" => {} // from cargo
                _ => return Err(format!("unknown: {argument}")),
            }
        }
        Ok(options)
    }
}

/// One stream, cut in chunks of one size by all contenders.
struct Cell<'a> {
    workload: Workload,
    stream: &'a Stream,
    chunk: usize,
    timings: Vec<Timing>,
}

/// What a contender has needed so far.
struct Timing {
    contender: Contender,
    /// The passes over the stream that take about as long as [`TIMED`].
    passes: u32,
    /// One for each round.
    ns_per_frame: Vec<f64>,
}

impl<'a> Cell<'a> {
    fn new(workload: Workload, stream: &'a Stream, chunk: usize) -> Self {
        let timing = |contender| Timing { contender, passes: 1, ns_per_frame: Vec::new() };
        Self { workload, stream, chunk, timings: contenders(workload.framing).into_iter().map(timing).collect() }
    }

    /// Checks that every contender gives the right frames, and finds out how often it has to be run to be timed.
    fn prepare(&mut self) {
        let (stream, chunk) = (self.stream, self.chunk);
        for timing in &mut self.timings {
            let Contender { name, cut, .. } = &mut timing.contender;
            assert_eq!(cut.digest(&stream.bytes, chunk), stream.digest, "{name} gives wrong frames");
            assert_eq!(cut.touch(&stream.bytes, chunk), stream.touch, "{name} gives other frames when it is timed");
            let fastest = (0..5).map(|_| timing.time(stream, chunk)).min().unwrap_or_default();
            timing.passes = u32::try_from(TIMED.as_nanos() / fastest.as_nanos().max(1)).map_or(1, |passes| passes.max(1));
        }
    }

    /// Times every contender once, in some order.
    fn round(&mut self, random: &mut Random) {
        let mut order: Vec<&mut Timing> = self.timings.iter_mut().collect();
        random.shuffle(&mut order);
        let frames = self.stream.digest.frames as f64;
        for timing in order {
            timing.contender.cut.touch(&self.stream.bytes, self.chunk); // so that caches and predictors are its own
            let time = timing.time(self.stream, self.chunk);
            timing.ns_per_frame.push(time.as_nanos() as f64 / f64::from(timing.passes) / frames);
        }
    }

    /// Compares each of ours with the fastest by hand that does the same, and with the fastest of tokio-util.
    fn rows(&self) -> impl Iterator<Item = Row> {
        let of = |side| self.timings.iter().filter(move |timing| timing.contender.side == side);
        of(Side::Ours).map(move |ours| {
            let same = of(Side::Hand).filter(|hand| hand.contender.ending == ours.contender.ending);
            Row {
                name: self.to_string(),
                ending: matches!((self.workload.framing, ours.contender.ending), (Framing::Lines, Ending::Lf)),
                ns: ours.median(),
                hand: Versus::new(ours, fastest(same), Some(self.most_times_hand())),
                peer: Versus::new(ours, fastest(of(Side::Peer)), if self.chunk == 64 { None } else { Some(1.0) }),
            }
        })
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

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} @ {}", self.workload, Size(self.chunk))
    }
}

impl Timing {
    /// Times all passes of a round.
    fn time(&mut self, stream: &Stream, chunk: usize) -> Duration {
        let Contender { name, cut, .. } = &mut self.contender;
        let started = Instant::now();
        for _ in 0..self.passes {
            assert_eq!(black_box(cut.touch(black_box(&stream.bytes), chunk)), stream.touch, "{name} gave wrong frames");
        }
        started.elapsed()
    }

    fn median(&self) -> f64 {
        quantile(&self.ns_per_frame, 0.5)
    }
}

fn fastest<'a>(timings: impl Iterator<Item = &'a Timing>) -> &'a Timing {
    timings.min_by(|one, other| one.median().total_cmp(&other.median())).expect("every side has a contender")
}

/// The smallest value that is not below the fraction `at` of all.
fn quantile(values: &[f64], at: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the last")]
    let index = (at * (sorted.len() - 1) as f64).round() as usize;
    sorted[index]
}

/// One of ours in one cell.
struct Row {
    name: String,
    /// Whether it is the row for `LineEnding::Lf`.
    ending: bool,
    ns: f64,
    hand: Versus,
    peer: Versus,
}

const HEAD: &str = "\
| stream @ chunk | ns a frame | by hand: ns | ours / hand (p10-p90) | at most | tokio-util: ns | ours / tokio-util (p10-p90) | at most | |
|---|--:|--:|--:|--:|--:|--:|--:|---|";

impl Row {
    fn is_ok(&self) -> bool {
        self.hand.is_ok() && self.peer.is_ok()
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, ending, ns, hand, peer } = self;
        let ending = if *ending { ", `Lf`" } else { "" };
        let verdict = if self.is_ok() { "ok" } else { "MISS" };
        write!(f, "| {name}{ending} | {ns:.2} | {hand} | {peer} | {verdict} |")
    }
}

/// Ours against one other: medians over the rounds.
struct Versus {
    name: &'static str,
    ns: f64,
    ratio: f64,
    p10: f64,
    p90: f64,
    most: Option<f64>,
}

impl Versus {
    fn new(ours: &Timing, other: &Timing, most: Option<f64>) -> Self {
        let ratios: Vec<f64> = ours.ns_per_frame.iter().zip(&other.ns_per_frame).map(|(ours, other)| ours / other).collect();
        let [ratio, p10, p90] = [0.5, 0.1, 0.9].map(|at| quantile(&ratios, at));
        Self { name: other.contender.name, ns: other.median(), ratio, p10, p90, most }
    }

    fn is_ok(&self) -> bool {
        self.most.is_none_or(|most| self.ratio <= most)
    }
}

impl fmt::Display for Versus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, ns, ratio, p10, p90, most } = self;
        write!(f, "{ns:.2} ({name}) | {ratio:.2} ({p10:.2}-{p90:.2}) | ")?;
        match most {
            Some(most) => write!(f, "{most}"),
            None => write!(f, "-"),
        }
    }
}
