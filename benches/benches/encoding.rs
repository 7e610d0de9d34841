//! Times `SegmentedBuf::send` and appending to a `Vec` by hand on the same payloads, interleaved, and judges the ratios.
//!
//! ```sh
//! cargo bench --manifest-path benches/Cargo.toml --bench encoding -- --rounds 31 --only "Lines 64 B"
//! ```

use std::fmt;
use std::process::ExitCode;
use std::rc::Rc;

use bytes::Bytes;
use framewright_benches::contender::Cut;
use framewright_benches::ours;
use framewright_benches::output::{DRAIN, FORMATS, PAYLOADS, Shared, ways};
use framewright_benches::rounds::{self, Row, Timing, Versus};
use framewright_benches::workload::{Content, Format, Size, Stream};

const HEAD: &str = "\
| payload | ns | by hand, checked: ns | ours / hand (p10-p90) | at most | by hand, unchecked: ns | ours / hand (p10-p90) | at most | |
|---|--:|--:|--:|--:|--:|--:|--:|---|";
/// Below this a payload is only reported.
const JUDGED: usize = 64;
/// The bytes of payloads in a pass: few enough to stay in a cache, as what is to be sent was most often made just before.
const STREAM: usize = 4 * DRAIN;

fn main() -> ExitCode {
    let mut cells: Vec<Cell> = FORMATS.into_iter().flat_map(|format| PAYLOADS.map(|len| borrowed(format, len))).collect();
    cells.push(owned());
    rounds::run(HEAD, cells)
}

/// One kind of payload.
struct Cell {
    name: String,
    ours: Timing,
    checked: Timing,
    unchecked: Timing,
    /// The target: how many times the hand-written code ours may take.
    most: Option<f64>,
}

impl rounds::Cell for Cell {
    fn timings(&mut self) -> Vec<&mut Timing> {
        vec![&mut self.ours, &mut self.checked, &mut self.unchecked]
    }

    fn rows(&self) -> Vec<Row> {
        let versus = vec![Some(Versus::new(&self.ours, &self.checked, self.most)), Some(Versus::new(&self.ours, &self.unchecked, None))];
        vec![Row { name: self.name.clone(), ns: self.ours.median(), versus }]
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Payloads that are copied.
fn borrowed((name, format, content): (&str, Format, Content), len: usize) -> Cell {
    let ways = ways(format, len);
    let stream = Rc::new(Stream::of_payloads(content, STREAM, len, &ways.append));
    let timing = |name, cut| Timing::new(name, cut, &stream, len).per_bytes(len);
    Cell {
        name: format!("{name} {}", Size(len)),
        ours: timing("send", ways.ours),
        checked: timing("checked", ways.checked),
        unchecked: timing("unchecked", ways.unchecked),
        most: (len >= JUDGED).then_some(1.5),
    }
}

/// Payloads that are shared, against copying them.
fn owned() -> Cell {
    let shared = |payload| -> Box<dyn Cut> { Box::new(Shared::new(ours::length_field(), payload)) };
    let ways = ways(Format::LengthField, DRAIN);
    let stream = Rc::new(Stream::of_payloads(Content::Binary, DRAIN, DRAIN, &ways.append));
    let timing = |name, cut| Timing::new(name, cut, &stream, DRAIN).per_bytes(DRAIN);
    Cell {
        name: format!("LengthField {}, owned", Size(DRAIN)),
        ours: timing("send", shared(Bytes::copy_from_slice(&stream.bytes))),
        checked: timing("checked", ways.checked),
        unchecked: timing("unchecked", ways.unchecked),
        most: Some(1.0),
    }
}
