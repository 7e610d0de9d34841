//! Shows what is in a byte stream: its frames, its errors, and what is missing where it ends.
//!
//! ```sh
//! cargo run --release --example inspect                                             # the captures in examples/captures
//! cargo run --release --example inspect -- --codec lines server.log                 # a file
//! journalctl -f | cargo run --release --example inspect -- --codec lines -          # a program, while it runs
//! cargo run --release --example inspect -- --codec lines --connect mail.example:25  # a server, while it talks
//! cargo run --release --example inspect -- --codec lines --listen 4000              # a client of 127.0.0.1:4000
//! cargo run --release --example inspect -- --codec http1-response --send 'GET / HTTP/1.0\r\n\r\n' --connect web.example:80
//! cargo run --release --example inspect -- --help                                   # all codecs and options
//! ```
//!
//! What goes to standard output depends on the bytes alone, never on how they were cut into chunks.
//! Exits with 1 when the stream failed, was cut off or could not be opened, with 2 when the options make no sense.

mod args;
mod captures;
mod codec;
mod escape;
mod hexdump;
mod input;
mod origin;
mod run;
mod screen;
mod show;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use args::{Args, View};
use clap::Parser;
use codec::Codec;
use origin::Origin;
use run::Outcome;
use screen::{Screen, note};
use show::{Report, count};

fn main() -> ExitCode {
    let Args { origin, codec, view } = Args::parse();
    let outcome = match origin.origin() {
        None => captures(&view),
        Some(origin) => one_stream(&origin, &codec.codec_or_exit(), &view),
    };
    match outcome {
        Ok(Outcome::Whole) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::FAILURE,
        // Whoever reads the output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("inspect: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn one_stream(origin: &Origin, codec: &Codec, view: &View) -> io::Result<Outcome> {
    let mut source = origin.open()?;
    let mut screen = Screen::new(view.color, source.bar());
    let start = Instant::now();
    let outcome = codec.run(&mut source, view.chunk, &mut Report::new(&mut screen, view.frames, view.bytes))?;
    screen.flush()?;
    source.bar().finish_and_clear();
    note(&rate(source.total(), start.elapsed()));
    Ok(outcome)
}

#[expect(clippy::cast_precision_loss, reason = "to be read, not to be counted with")]
fn rate(bytes: u64, time: Duration) -> String {
    format!("{} in {time:.1?}: {:.1} MB/s", count(bytes, "byte"), bytes as f64 / 1e6 / time.as_secs_f64())
}

/// Shows a little of each capture. That one of them was cut off is no failure of this run.
fn captures(view: &View) -> io::Result<Outcome> {
    let mut screen = Screen::new(view.color, input::no_bar());
    for capture in captures::CAPTURES {
        let mut source = capture.origin().open()?;
        let mut report = Report::new(&mut screen, view.frames.or(Some(3)), view.bytes.or(Some(48)));
        report.heading(capture)?;
        capture.codec().run(&mut source, view.chunk, &mut report)?;
        report.gap()?;
    }
    screen.flush()?;
    Ok(Outcome::Whole)
}
