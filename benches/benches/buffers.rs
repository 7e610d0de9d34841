//! Times framewright's buffers, those of `bytes` and hand-written code that does the same, interleaved, and judges the ratios.
//!
//! ```sh
//! cargo bench --manifest-path benches/Cargo.toml --bench buffers -- --rounds 31 --only "split_to"
//! ```

use std::fmt;
use std::process::ExitCode;
use std::rc::Rc;

use framewright::buf::{BufConfig, LinearBuf, SegmentedBuf, StreamBufMut};
use framewright_benches::buffers::{
    Advance, Clear, CopyFreeze, CopyVec, Cycle, Find, Guard, Memchr, Owned, READ, SplitFreeze, SplitTo, Trickle,
};
use framewright_benches::contender::Cut;
use framewright_benches::rounds::{self, Row, Timing, Versus, fastest};
use framewright_benches::workload::{Size, Stream};

const HEAD: &str = "\
| work | ns | other: ns | ours / other (p10-p90) | at most | |
|---|--:|--:|--:|--:|---|";
/// The bytes that are read in a pass, about: few enough to stay in a cache.
const STREAM: usize = 16 * READ;
/// What arrives when more was asked for.
const PACKET: usize = 1448;
const KIB_64: usize = 64 * 1024;

fn main() -> ExitCode {
    let mut cells = vec![
        views(4096, 1.5),
        views(1024, 1.75),
        views(256, 2.5),
        copies(64, 1.5),
        find("absent", None),
        find("last", Some(KIB_64 - 1)),
        cycle::<SegmentedBuf>("SegmentedBuf"),
        cycle::<LinearBuf>("LinearBuf"),
    ];
    // Large enough blocks stay for the next line, so that the allocator is not timed.
    let config = BufConfig { shrink_above: usize::MAX, ..BufConfig::DEFAULT };
    for piece in [1, 16, 256, PACKET] {
        cells.push(trickle("SegmentedBuf", || SegmentedBuf::with_config(config), piece));
        cells.push(trickle("LinearBuf", || LinearBuf::with_config(config), piece));
    }
    rounds::run(HEAD, cells)
}

/// One kind of work.
struct Cell {
    name: String,
    ours: Vec<Ours>,
    /// Those that do the same without this crate.
    others: Vec<Timing>,
}

struct Ours {
    /// Which of several: behind the name of the cell.
    name: &'static str,
    timing: Timing,
    /// The target: how many times the fastest of the others it may take.
    most: f64,
}

impl rounds::Cell for Cell {
    fn timings(&mut self) -> Vec<&mut Timing> {
        self.ours.iter_mut().map(|ours| &mut ours.timing).chain(&mut self.others).collect()
    }

    fn rows(&self) -> Vec<Row> {
        let row = |Ours { name, timing, most }: &Ours| Row {
            name: format!("{self}{name}"),
            ns: timing.median(),
            versus: vec![fastest(self.others.iter()).map(|other| Versus::new(timing, other, Some(*most)))],
        };
        self.ours.iter().map(row).collect()
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

fn timing(name: &'static str, cut: impl Cut + 'static, stream: &Rc<Stream>, chunk: usize) -> Timing {
    Timing::new(name, Box::new(cut), stream, chunk)
}

/// Frames that are shared, per frame.
fn views(frame: usize, most: f64) -> Cell {
    let stream = Rc::new(Stream::of_frames(STREAM, frame));
    let guard = timing("split_to", SplitTo::<Guard>::new(frame), &stream, READ);
    let owned = timing("split_to", SplitTo::<Owned>::new(frame), &stream, READ);
    Cell {
        name: format!("`split_to` {}", Size(frame)),
        ours: vec![Ours { name: ", `reserve`", timing: guard, most }, Ours { name: ", `reserve_owned`", timing: owned, most }],
        others: vec![timing("split_to, freeze", SplitFreeze::new(frame), &stream, READ)],
    }
}

/// Frames so short that they are copied, per frame.
fn copies(frame: usize, most: f64) -> Cell {
    let stream = Rc::new(Stream::of_frames(STREAM, frame));
    let others = vec![
        timing("copy_from_slice, BytesMut", CopyFreeze::new(frame), &stream, READ),
        timing("copy_from_slice, Vec", CopyVec::new(frame), &stream, READ),
    ];
    Cell { others, ..views(frame, most) }
}

/// A search for one byte, per search.
fn find(place: &str, offset: Option<usize>) -> Cell {
    let stream = Rc::new(Stream::of_search(KIB_64, if offset.is_some() { b"\n" } else { b"" }, offset));
    let ours = timing("find", Find::new(&stream.bytes, b'\n'), &stream, KIB_64);
    Cell {
        name: format!("`find` in 64 KiB, {place}"),
        ours: vec![Ours { name: "", timing: ours, most: 1.15 }],
        others: vec![timing("memchr", Memchr(b'\n'), &stream, KIB_64)],
    }
}

/// A read that brings less than was asked for, per read.
fn cycle<B: StreamBufMut + Default + 'static>(backend: &str) -> Cell {
    let stream = Rc::new(Stream::of_frames(64 * PACKET, PACKET));
    let guard = timing("reserve", Cycle::<Guard, B>::default(), &stream, PACKET);
    let owned = timing("reserve_owned", Cycle::<Owned, B>::default(), &stream, PACKET);
    Cell {
        name: format!("{backend}, 16 KiB asked, {PACKET} B filled"),
        ours: vec![Ours { name: ", `reserve`", timing: guard, most: 1.5 }, Ours { name: ", `reserve_owned`", timing: owned, most: 3.0 }],
        others: vec![
            timing("BytesMut, clear", Clear::default(), &stream, PACKET),
            timing("BytesMut, advance", Advance::default(), &stream, PACKET),
        ],
    }
}

/// A line that comes in pieces, per byte: one of 128 KiB against one of 64 KiB, to tell whether time grows with the square.
fn trickle<B: StreamBufMut + 'static>(backend: &str, new: impl Fn() -> B, piece: usize) -> Cell {
    let line = |len| Rc::new(Stream::of_search(len, b"\r\n", Some(len - 2)));
    let long = timing("128 KiB", Trickle::new(new()), &line(2 * KIB_64), piece);
    let short = timing("64 KiB", Trickle::new(new()), &line(KIB_64), piece);
    Cell {
        name: format!("{backend}, 128 KiB line in pieces of {}, a byte", Size(piece)),
        ours: vec![Ours { name: "", timing: long.per_bytes(1), most: 1.1 }],
        others: vec![short.per_bytes(1)],
    }
}
