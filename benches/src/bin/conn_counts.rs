//! Counts the instructions of reading and echoing through a connection, against the engine alone and replies appended by hand. Exact, so that it needs no quiet machine.
//!
//! ```sh
//! cargo run --release --manifest-path benches/Cargo.toml --bin conn_counts -- --check
//! ```
//!
//! Runs itself under `valgrind --tool=callgrind`, with one pass over the stream and with two: the difference is one pass, warm, without whatever comes before.

use std::hint::black_box;
use std::process::{Command, ExitCode};
use std::time::Duration;

use framewright::conn::{Conn, Plain, Turn};
use framewright::encode::{Encode, Payload};
use framewright::framing::{Counts, LengthField, Lines, Width};
use framewright::{Decode, Engine, Step, Time};
use framewright_benches::random::Random;
use framewright_benches::workload::LIMIT;

/// The bytes of a chunk: a TCP segment.
const CHUNK: usize = 1460;
/// The frames of a stream.
const FRAMES: usize = 10_000;

/// What passes from chunk to chunk.
const TICK: Duration = Duration::from_micros(10);

/// What is read, and what reading it by `feed` through a connection may cost at most, over the engine alone. All events are dropped.
struct Case {
    name: &'static str,
    framing: Framing,
    /// Lines with their end, or payloads, in bytes; lengths are up to a quarter away from it.
    mean: usize,
    most: f64,
}

#[derive(Clone, Copy)]
enum Framing {
    Lines,
    LengthField,
}

const CASES: [Case; 3] = [
    Case { name: "Lines 80 B", framing: Framing::Lines, mean: 80, most: 1.5 },
    Case { name: "LengthField 64 B", framing: Framing::LengthField, mean: 64, most: 1.5 },
    Case { name: "LengthField 16 B", framing: Framing::LengthField, mean: 16, most: 2.2 },
];

/// The same by storage that is lent. No target, but what it was once, rounded up.
const MOST_BY_SPACE: f64 = 1.75;

/// What an echo may cost at most, over reading through a connection and appending the same replies by hand.
const MOST_ECHO: f64 = 2.0;

const MODES: [&str; 6] = ["engine", "conn", "engine by space", "conn by space", "append", "echo"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["run", mode, case, passes] => run(mode, &CASES[number(case)], number(passes)),
        [] => drop(judge()),
        ["--check"] if judge() => {}
        ["--check"] => return ExitCode::FAILURE,
        _ => panic!("--check, or nothing"),
    }
    ExitCode::SUCCESS
}

fn number(argument: &str) -> usize {
    argument.parse().expect("a number")
}

/// Prints the counts. Tells whether all are within the targets.
fn judge() -> bool {
    println!("Instructions a frame, in chunks of {CHUNK} B.");
    println!("| frames | what | ours | against | ours / that | at most |");
    println!("|---|---|--:|--:|--:|--:|");
    let mut all_good = true;
    for (at, case) in CASES.iter().enumerate() {
        let [engine, conn, engine_by_space, conn_by_space, append, echo] =
            MODES.map(|mode| (count(mode, at, 2) - count(mode, at, 1)) as f64 / FRAMES as f64);
        for (what, ours, that, most) in [
            ("reading by `feed`, against the engine", conn, engine, case.most),
            ("reading by `space`, against the engine", conn_by_space, engine_by_space, MOST_BY_SPACE),
            ("echo by `feed`, against reading and appending by hand", echo, conn + append, MOST_ECHO),
        ] {
            println!("| {} | {what} | {ours:.1} | {that:.1} | {:.2} | {most} |", case.name, ours / that);
            all_good &= ours / that <= most;
        }
    }
    all_good
}

/// The instructions of a whole run.
fn count(mode: &str, case: usize, passes: usize) -> u64 {
    let this = std::env::current_exe().expect("a path");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(this)
        .args(["run", mode, &case.to_string(), &passes.to_string()])
        .output()
        .expect("valgrind is installed");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let collected = told.lines().find_map(|line| line.split_once("Collected : ")).expect("callgrind tells what it collected").1;
    collected.trim().parse().expect("one count")
}

/// A stream of whole frames.
struct Stream {
    bytes: Vec<u8>,
    /// The payloads, one behind the other, and where each ends.
    payloads: Vec<u8>,
    ends: Vec<usize>,
}

fn stream(case: &Case) -> Stream {
    let mut random = Random::new(7);
    let mut stream = Stream { bytes: Vec::new(), payloads: Vec::new(), ends: Vec::new() };
    for _ in 0..FRAMES {
        let len = case.mean - case.mean / 4 + random.below(case.mean / 2 + 1);
        let len = match case.framing {
            Framing::Lines => len - 1,
            Framing::LengthField => len,
        };
        stream.payloads.resize(stream.payloads.len() + len, b'x');
        append(case.framing, &vec![b'x'; len], &mut stream.bytes);
        stream.ends.push(stream.payloads.len());
    }
    stream
}

#[inline(always)]
fn append(framing: Framing, payload: &[u8], to: &mut Vec<u8>) {
    match framing {
        Framing::Lines => {
            to.extend_from_slice(payload);
            to.push(b'\n');
        }
        Framing::LengthField => {
            to.extend_from_slice(&u32::try_from(payload.len()).expect("short").to_be_bytes());
            to.extend_from_slice(payload);
        }
    }
}

/// Goes over the stream so many times, within one connection.
fn run(mode: &str, case: &Case, passes: usize) {
    let stream = stream(case);
    let frames = match (mode, case.framing) {
        ("append", Framing::Lines) => replies(&stream, passes, |reply, to| append(Framing::Lines, reply, to)),
        ("append", Framing::LengthField) => replies(&stream, passes, |reply, to| append(Framing::LengthField, reply, to)),
        ("engine", Framing::Lines) => engine(Lines::new(LIMIT), &stream, passes),
        ("engine", Framing::LengthField) => engine(length_field(), &stream, passes),
        ("conn", Framing::Lines) => conn(Lines::new(LIMIT), &stream, passes),
        ("conn", Framing::LengthField) => conn(length_field(), &stream, passes),
        ("engine by space", Framing::Lines) => engine_by_space(Lines::new(LIMIT), &stream, passes),
        ("engine by space", Framing::LengthField) => engine_by_space(length_field(), &stream, passes),
        ("conn by space", Framing::Lines) => conn_by_space(Lines::new(LIMIT), &stream, passes),
        ("conn by space", Framing::LengthField) => conn_by_space(length_field(), &stream, passes),
        ("echo", Framing::Lines) => echo(Lines::new(LIMIT), &stream, passes),
        ("echo", Framing::LengthField) => echo(length_field(), &stream, passes),
        _ => panic!("no mode {mode}"),
    };
    assert_eq!(frames, passes * stream.ends.len());
}

fn length_field() -> LengthField {
    LengthField::builder(Width::U32, Counts::Payload, LIMIT).build().expect("the header has room for its length")
}

/// All events are dropped.
fn engine(codec: impl Decode, stream: &Stream, passes: usize) -> usize {
    let mut engine = Engine::new(codec);
    let mut frames = 0;
    for chunk in chunks(stream, passes) {
        let mut steps = engine.feed(chunk).expect("drained");
        while let Ok(Step::Frame(..)) = steps.next_frame() {
            frames += 1;
        }
    }
    frames
}

/// All events are dropped.
fn conn(codec: impl Decode + Encode, stream: &Stream, passes: usize) -> usize {
    let mut conn = Conn::new(Plain(codec), Time::ZERO);
    let mut frames = 0;
    let mut now = Time::ZERO;
    for chunk in chunks(stream, passes) {
        now = now + TICK;
        let mut steps = conn.feed(now, chunk).expect("drained");
        while let Turn::Event(..) = steps.step() {
            frames += 1;
        }
    }
    frames
}

/// As [`engine`], by storage of the engine.
fn engine_by_space(codec: impl Decode, stream: &Stream, passes: usize) -> usize {
    let mut engine = Engine::new(codec);
    let mut frames = 0;
    for mut left in chunks(stream, passes) {
        while !left.is_empty() {
            let mut room = engine.reserve().expect("drained");
            let n = fill(room.as_mut_slice(), &mut left);
            let mut steps = room.commit(n).expect("lent");
            while let Ok(Step::Frame(..)) = steps.next_frame() {
                frames += 1;
            }
        }
    }
    frames
}

/// As [`conn`], by storage of the connection.
fn conn_by_space(codec: impl Decode + Encode, stream: &Stream, passes: usize) -> usize {
    let mut conn = Conn::new(Plain(codec), Time::ZERO);
    let mut frames = 0;
    let mut now = Time::ZERO;
    for mut left in chunks(stream, passes) {
        now = now + TICK;
        while !left.is_empty() {
            let n = fill(conn.space().expect("drained"), &mut left);
            conn.commit(now, n).expect("lent");
            while let Turn::Event(..) = conn.step() {
                frames += 1;
            }
        }
    }
    frames
}

/// Reads as much as fits.
fn fill(space: &mut [u8], from: &mut &[u8]) -> usize {
    let (now, later) = from.split_at(from.len().min(space.len()));
    space[..now.len()].copy_from_slice(now);
    *from = later;
    now.len()
}

/// Every event is sent back, and what there is to write is written after each chunk.
fn echo<F>(codec: F, stream: &Stream, passes: usize) -> usize
where
    F: for<'a> Decode<Frame<'a> = &'a [u8]> + for<'a> Encode<Message<'a> = Payload<'a>>,
{
    let mut conn = Conn::new(Plain(codec), Time::ZERO);
    let mut frames = 0;
    let mut now = Time::ZERO;
    for chunk in chunks(stream, passes) {
        now = now + TICK;
        let mut steps = conn.feed(now, chunk).expect("drained");
        let want = loop {
            match steps.step() {
                Turn::Event(frame, mut outbox) => {
                    outbox.send(frame).expect("there is room");
                    frames += 1;
                }
                Turn::Want(want) => break want,
                turn => panic!("{turn:?}"),
            }
        };
        drop(steps);
        for slice in conn.output() {
            write(slice);
        }
        conn.sent(now, want.write).expect("so much was there");
    }
    frames
}

/// The same replies, appended and written after each chunk.
fn replies(stream: &Stream, passes: usize, append: impl Fn(&[u8], &mut Vec<u8>)) -> usize {
    let mut frames = 0;
    let mut output = Vec::new();
    for _ in 0..passes {
        let mut start = 0;
        for &end in black_box(&stream.ends) {
            append(&stream.payloads[start..end], &mut output);
            start = end;
            frames += 1;
            if output.len() >= CHUNK {
                write(&output);
                output.clear();
            }
        }
    }
    frames
}

/// A socket that takes everything.
fn write(bytes: &[u8]) {
    black_box(bytes);
}

fn chunks(stream: &Stream, passes: usize) -> impl Iterator<Item = &[u8]> {
    (0..passes).flat_map(|_| black_box(&stream.bytes[..]).chunks(CHUNK))
}
