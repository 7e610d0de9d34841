//! The loop: reads, drains the frames, and reads again until the stream is over.

use std::io::{self, Read};
use std::ops::ControlFlow::{self, Break, Continue};
use std::slice;

use framewright::engine::Frames;
use framewright::{Decode, Engine, Error, Place, Step};

use crate::input::{Source, Wait};
use crate::show::Report;

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Between two frames.
    Whole,
    /// With a fatal error, or inside a frame.
    Failed,
}

/// How what a decoder gives is shown.
pub(crate) trait Show {
    type Decoder: Decode;
    /// What is counted.
    const FRAME: &'static str = "frame";

    /// Makes a fresh decoder.
    fn decoder(&self) -> Self::Decoder;

    fn frame(&mut self, frame: FrameOf<'_, Self>, place: Place, source: &Source, report: &mut Report<'_>) -> io::Result<()>;

    fn error(&mut self, error: &ErrorOf<Self>, source: &Source, report: &mut Report<'_>) -> io::Result<()>;
}

pub(crate) type FrameOf<'a, S> = <<S as Show>::Decoder as Decode>::Frame<'a>;
pub(crate) type ErrorOf<S> = Error<<<S as Show>::Decoder as Decode>::Fault>;

/// Shows a stream: fed in chunks of `chunk` bytes, or read into the engine's own buffer.
pub(crate) fn run<S: Show>(mut show: S, source: &mut Source, chunk: Option<usize>, report: &mut Report<'_>) -> io::Result<Outcome> {
    let mut engine = Engine::new(show.decoder()).with_max_frame(usize::MAX); // the codec has a limit of its own
    let mut chunk = vec![0; chunk.unwrap_or(0)];
    report.call_frames(S::FRAME);
    loop {
        if source.is_live() {
            report.flush()?;
        }
        source.forget(engine.position())?;
        let frames = read(&mut engine, source, &mut chunk)?;
        match drain(frames, &mut show, source, report)? {
            Continue(wait) => source.wait_for(wait),
            Break(outcome) => {
                report.summary(engine.position())?;
                return source.take_failure().map_or(Ok(outcome), Err);
            }
        }
    }
}

/// Reads once: into `chunk`, or without one into the engine's own buffer.
fn read<'a, D: Decode>(engine: &'a mut Engine<D>, source: &mut Source, chunk: &'a mut [u8]) -> io::Result<Frames<'a, D>> {
    if chunk.is_empty() {
        return engine.read_from(source);
    }
    match source.read(chunk)? {
        0 => Ok(engine.eof()),
        n => Ok(engine.feed(&chunk[..n])?),
    }
}

/// Shows the frames that are there.
fn drain<S: Show>(
    mut frames: Frames<'_, S::Decoder>,
    show: &mut S,
    source: &Source,
    report: &mut Report<'_>,
) -> io::Result<ControlFlow<Outcome, Wait>> {
    loop {
        match frames.next_frame() {
            Ok(Step::Frame(frame, place) | Step::Handoff(frame, place)) => show.frame(frame, place, source, report)?,
            Ok(Step::Idle) => return Ok(Continue(Wait::NextFrame)),
            Ok(Step::NeedMoreData(short)) => return Ok(Continue(Wait::Bytes(short))),
            Ok(Step::End(_)) => return Ok(Break(Outcome::Whole)),
            Err(error) => {
                show.error(&error, source, report)?;
                if error.is_fatal() {
                    return Ok(Break(Outcome::Failed));
                }
            }
        }
    }
}

/// Tells how many of the bytes that start with a bad frame are there when it is found to be bad, if they come one by one: no chunks tell it earlier, so that those are there in any.
pub(crate) fn judged<D: Decode + Clone>(fresh: &D, bytes: &[u8]) -> usize {
    let mut engine = Engine::new(fresh.clone()).with_max_frame(usize::MAX);
    let is_bad = |byte| engine.feed(slice::from_ref(byte)).is_ok_and(|mut frames| frames.next_frame().is_err());
    bytes.iter().position(is_bad).map_or(bytes.len(), |last| last + 1)
}
