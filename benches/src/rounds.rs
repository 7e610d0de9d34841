//! Times contenders side by side and judges how much longer one takes than another.
//!
//! In every round each contender of a cell runs once; ratios are taken within a round, so that what slows the machine down slows both.

use std::fmt;
use std::hint::black_box;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::contender::Cut;
use crate::random::Random;
use crate::workload::Stream;

const USAGE: &str = "[--rounds N] [--only SUBSTRING] [--check]
  --rounds N        times every contender N times; 31 unless given
  --only SUBSTRING  measures only what has it in its name, such as '12 B @ 64 B'
  --check           fails when a target is missed";
/// How long a contender runs in a round.
const TIMED: Duration = Duration::from_millis(1);
/// What decides the order of the contenders.
const SEED: u64 = 1;

/// Contenders that are compared with each other, on one workload.
pub trait Cell: fmt::Display {
    /// All of them.
    fn timings(&mut self) -> Vec<&mut Timing>;

    /// What to print about them.
    fn rows(&self) -> Vec<Row>;
}

/// Reads the command line, runs the rounds and prints a table under `head`.
///
/// # Panics
/// When a contender gives wrong frames.
#[must_use]
pub fn run<C: Cell>(head: &str, cells: Vec<C>) -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => return misused(&message),
    };
    let mut cells: Vec<C> = cells.into_iter().filter(|cell| cell.to_string().contains(&options.only)).collect();
    if cells.is_empty() {
        return misused(&format!("nothing has '{}' in its name", options.only));
    }
    let mut random = Random::new(SEED);
    for timing in cells.iter_mut().flat_map(Cell::timings) {
        timing.prepare();
    }
    for _ in 0..options.rounds {
        for cell in &mut cells {
            let mut order = cell.timings();
            random.shuffle(&mut order);
            order.into_iter().for_each(Timing::round);
        }
    }
    println!("{head}");
    let mut missed = false;
    for row in cells.iter().flat_map(Cell::rows) {
        println!("{row}");
        missed |= !row.is_ok();
    }
    if options.check && missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn misused(message: &str) -> ExitCode {
    eprintln!("{message}\n{USAGE}");
    ExitCode::from(2)
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

/// A contender on a stream, and what it has needed so far.
pub struct Timing {
    name: &'static str,
    cut: Box<dyn Cut>,
    stream: Rc<Stream>,
    chunk: usize,
    /// How many of what a pass is divided by to print it: frames, or bytes.
    units: f64,
    /// The passes over the stream that take about as long as [`TIMED`].
    passes: u32,
    /// One for each round.
    ns_per_unit: Vec<f64>,
}

impl Timing {
    /// Gives `stream` to `cut` in chunks of `chunk` bytes, and reckons in frames.
    #[must_use]
    pub fn new(name: &'static str, cut: Box<dyn Cut>, stream: &Rc<Stream>, chunk: usize) -> Self {
        Self { name, cut, stream: Rc::clone(stream), chunk, units: stream.digest.frames as f64, passes: 1, ns_per_unit: Vec::new() }
    }

    /// Reckons in so many bytes of the stream.
    #[must_use]
    pub fn per_bytes(self, bytes: usize) -> Self {
        Self { units: self.stream.bytes.len() as f64 / bytes as f64, ..self }
    }

    /// Checks that the frames are right, and finds out how often it has to be run to be timed.
    fn prepare(&mut self) {
        let Self { name, cut, stream, chunk, .. } = self;
        assert_eq!(cut.digest(&stream.bytes, *chunk), stream.digest, "{name} gives wrong frames");
        assert_eq!(cut.touch(&stream.bytes, *chunk), stream.touch, "{name} gives other frames when it is timed");
        let fastest = (0..5).map(|_| self.time()).min().unwrap_or_default();
        self.passes = u32::try_from(TIMED.as_nanos() / fastest.as_nanos().max(1)).map_or(1, |passes| passes.max(1));
    }

    fn round(&mut self) {
        self.cut.touch(&self.stream.bytes, self.chunk); // so that caches and predictors are its own
        let time = self.time().min(self.time()); // the one that was interrupted less
        self.ns_per_unit.push(time.as_nanos() as f64 / f64::from(self.passes) / self.units);
    }

    /// Times all passes of a round.
    fn time(&mut self) -> Duration {
        let Self { name, cut, stream, chunk, .. } = self;
        let started = Instant::now();
        for _ in 0..self.passes {
            assert_eq!(black_box(cut.touch(black_box(&stream.bytes), *chunk)), stream.touch, "{name} gave wrong frames");
        }
        started.elapsed()
    }

    /// The median of the rounds, in nanoseconds.
    #[must_use]
    pub fn median(&self) -> f64 {
        quantile(&self.ns_per_unit, 0.5)
    }
}

impl fmt::Debug for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timing").field("name", &self.name).field("chunk", &self.chunk).finish_non_exhaustive()
    }
}

/// The one with the smallest median, if there is any.
#[must_use]
pub fn fastest<'t>(timings: impl Iterator<Item = &'t Timing>) -> Option<&'t Timing> {
    timings.min_by(|one, other| one.median().total_cmp(&other.median()))
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
#[derive(Debug)]
pub struct Row {
    /// The workload, and which of ours.
    pub name: String,
    /// What ours takes.
    pub ns: f64,
    /// What it is compared with, a column each; some have nothing to be compared with.
    pub versus: Vec<Option<Versus>>,
}

impl Row {
    fn is_ok(&self) -> bool {
        self.versus.iter().flatten().all(Versus::is_ok)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, ns, versus } = self;
        write!(f, "| {name} | {ns:.2} | ")?;
        versus.iter().try_for_each(|versus| match versus {
            Some(versus) => write!(f, "{versus} | "),
            None => f.write_str("- | - | - | "),
        })?;
        write!(f, "{} |", if self.is_ok() { "ok" } else { "MISS" })
    }
}

/// Ours against one other: medians over the rounds.
#[derive(Debug)]
pub struct Versus {
    name: &'static str,
    ns: f64,
    ratio: f64,
    p10: f64,
    p90: f64,
    most: Option<f64>,
}

impl Versus {
    /// Compares `ours`, which may take at most `most` times as long as `other`.
    #[must_use]
    pub fn new(ours: &Timing, other: &Timing, most: Option<f64>) -> Self {
        let ratios: Vec<f64> = ours.ns_per_unit.iter().zip(&other.ns_per_unit).map(|(ours, other)| ours / other).collect();
        let [ratio, p10, p90] = [0.5, 0.1, 0.9].map(|at| quantile(&ratios, at));
        Self { name: other.name, ns: other.median(), ratio, p10, p90, most }
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
            Some(most) => write!(f, "{most:.2}"),
            None => write!(f, "-"),
        }
    }
}
