//! Counts the instructions of what HTTP/1.1 messages spend their time in, and compares them with what they were. Exact, so that it needs no quiet machine, and a compiler that suddenly does worse by a
//! function is found out.
//!
//! ```sh
//! cargo run --release --locked --manifest-path benches/counts/Cargo.toml -- --check
//! ```
//!
//! Runs itself under `valgrind --tool=callgrind`, with one round and with two: the difference is one round, warm, without whatever comes before.

#[path = "../../src/http1/messages.rs"]
mod messages;

use std::hint::black_box;
use std::process::{Command, ExitCode};

use framewright::http1::{Answers, Body, BodyForm, ChunkLines, Index, Request, RequestHeads, Requests, Response, Rules};
use framewright::{Decode, Engine, Step};

/// Each case is run so often in a round.
const TIMES: usize = 1000;
/// The chunks of a body.
const CHUNKS: usize = 64;
/// What the counts below were made with. Another compiler has others, which are told and not judged.
const COMPILER: &str = "rustc 1.95.";
/// How much more than that is let pass, in percent.
const SLACK: u64 = 2;

/// Something that is done, and the instructions that it took.
struct Case {
    name: &'static str,
    run: fn(),
    instructions: u64,
}

const CASES: &[Case] = &[
    Case { name: "request of 92 B", run: || requests(messages::SMALL_REQUEST), instructions: 981 },
    Case { name: "request of 701 B", run: || requests(messages::REQUEST), instructions: 3049 },
    Case { name: "request of 2046 B", run: || requests(messages::LARGE_REQUEST), instructions: 7098 },
    Case { name: "response of 100 B", run: || responses(messages::SMALL_RESPONSE), instructions: 1115 },
    Case { name: "response of 746 B", run: || responses(messages::RESPONSE), instructions: 4606 },
    Case { name: "events of a request of 701 B", run: || events(messages::REQUEST), instructions: 4225 },
    Case { name: "request of 2046 B in 64 B reads", run: || trickle(messages::LARGE_REQUEST), instructions: 27_809 },
    Case { name: "64 chunks of 128 B", run: || lines(&chunked(|_| 128)), instructions: 1617 },
    Case { name: "64 chunks of 1 to 253 B", run: || lines(&chunked(|number| 1 + 4 * number)), instructions: 6219 },
    Case { name: "64 chunks of 128 B through the engine", run: || parts(&chunked(|_| 128)), instructions: 6792 },
    Case { name: "64 chunks of 1 to 253 B through the engine", run: || parts(&chunked(|number| 1 + 4 * number)), instructions: 12_065 },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["run", case, rounds] => {
            let case = &CASES[case.parse::<usize>().expect("a number")];
            (0..rounds.parse().expect("a number")).for_each(|_| (case.run)());
        }
        [] => drop(judge()),
        ["--check"] if judge() => {}
        ["--check"] => return ExitCode::FAILURE,
        _ => panic!("--check, or nothing"),
    }
    ExitCode::SUCCESS
}

/// Prints the counts. Tells whether all are within what they were.
fn judge() -> bool {
    let compiler = Command::new("rustc").arg("--version").output().expect("there is a compiler");
    let is_judged = compiler.stdout.starts_with(COMPILER.as_bytes());
    println!("| what | instructions | before | |");
    println!("|---|--:|--:|---|");
    let mut all_good = true;
    for (at, Case { name, instructions, .. }) in CASES.iter().enumerate() {
        let counted = (count(at, 2) - count(at, 1)) / TIMES as u64;
        let is_good = !is_judged || counted <= instructions * (100 + SLACK) / 100;
        println!("| {name} | {counted} | {instructions} | {} |", if is_good { "ok" } else { "MORE" });
        all_good &= is_good;
    }
    if !is_judged {
        println!("Not judged: counted before with {COMPILER}*.");
    }
    all_good
}

/// The instructions of a whole run.
fn count(case: usize, rounds: usize) -> u64 {
    let this = std::env::current_exe().expect("a path");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(this)
        .args(["run", &case.to_string(), &rounds.to_string()])
        .output()
        .expect("valgrind is installed");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let collected = told.lines().find_map(|line| line.split_once("Collected : ")).expect("callgrind tells what it collected").1;
    collected.trim().parse().expect("one count")
}

/// Heads on a slice, and how their bodies are framed.
fn requests(head: &str) {
    let mut index = Index::<Request>::default();
    for _ in 0..TIMES {
        let head = index.parse(black_box(head.as_bytes()), &Rules::STRICT).expect("a good head").expect("a whole head");
        black_box((head.target(), head.fields().len(), head.framing(&Rules::STRICT).expect("a good length")));
    }
}

/// The same for responses.
fn responses(head: &str) {
    let mut index = Index::<Response>::default();
    for _ in 0..TIMES {
        let head = index.parse(black_box(head.as_bytes()), &Rules::STRICT).expect("a good head").expect("a whole head");
        black_box((head.status(), head.fields().len(), head.framing(Answers::Other, &Rules::STRICT).expect("a good length")));
    }
}

/// Whole messages through the engine, one behind the other.
fn events(head: &str) {
    let stream = head.repeat(TIMES);
    let mut engine = Engine::new(Requests::strict());
    assert_eq!(frames(&mut engine, stream.as_bytes(), stream.len()), 2 * TIMES);
}

/// Heads through the engine, in pieces.
fn trickle(head: &str) {
    let mut engine = Engine::new(RequestHeads::strict());
    for _ in 0..TIMES {
        assert_eq!(frames(&mut engine, head.as_bytes(), 64), 1);
    }
}

/// The lines of a body's chunks.
fn lines(body: &[u8]) {
    for _ in 0..TIMES {
        let mut lines = ChunkLines::new(Rules::STRICT);
        let mut rest = black_box(body);
        while let Some(line) = lines.parse(rest).expect("a good line") {
            let data = usize::try_from(line.size).expect("small");
            rest = &rest[line.len + data + 2..];
            if data == 0 {
                break;
            }
        }
        assert!(rest.is_empty());
    }
}

/// The parts of a body through the engine.
fn parts(body: &[u8]) {
    for _ in 0..TIMES {
        let mut engine = Engine::new(Body::new(BodyForm::Chunked, Rules::STRICT));
        assert_eq!(frames(&mut engine, body, body.len()), CHUNKS + 1);
    }
}

/// A body in chunks, each as long as it is told.
fn chunked(len: impl Fn(usize) -> usize) -> Vec<u8> {
    let chunk = |number| format!("{:x}\r\n{}\r\n", len(number), "x".repeat(len(number)));
    let chunks: String = (0..CHUNKS).map(chunk).collect();
    (chunks + "0\r\n\r\n").into_bytes()
}

fn frames(engine: &mut Engine<impl Decode>, stream: &[u8], piece: usize) -> usize {
    let mut count = 0;
    for piece in black_box(stream).chunks(piece) {
        let mut frames = engine.feed(piece).expect("drained");
        while let Ok(Step::Frame(..)) = frames.next_frame() {
            count += 1;
        }
    }
    count
}
