//! The loop: reads, drains the frames, and reads again until the stream is over.

use std::io::{self, Read};
use std::ops::ControlFlow::{self, Break, Continue};

use framewright::engine::Frames;
use framewright::{Decode, Engine, Step};

use crate::codec::{Layout, Payload, Shown};
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

/// Shows the frames of a stream: fed in chunks of `chunk` bytes, or read into the engine's own buffer.
pub(crate) fn run<D>(codec: Shown<D>, source: &mut Source, chunk: Option<usize>, report: &mut Report<'_>) -> io::Result<Outcome>
where
    D: Decode,
    for<'a> D::Frame<'a>: Payload,
{
    let Shown { decoder, layout } = codec;
    let mut engine = Engine::new(decoder).with_max_frame(usize::MAX); // the codec has a limit of its own
    let mut chunk = vec![0; chunk.unwrap_or(0)];
    loop {
        if source.is_live() {
            report.flush()?;
        }
        source.forget(engine.position())?;
        let frames = read(&mut engine, source, &mut chunk)?;
        match drain(frames, layout, source, report)? {
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
fn drain<D>(mut frames: Frames<'_, D>, layout: Layout, source: &Source, report: &mut Report<'_>) -> io::Result<ControlFlow<Outcome, Wait>>
where
    D: Decode,
    for<'a> D::Frame<'a>: Payload,
{
    loop {
        match frames.next_frame() {
            Ok(Step::Frame(frame, place) | Step::Handoff(frame, place)) => {
                report.frame(place, source.seen(place.offset, place.len), frame.payload().len(), layout)?;
            }
            Ok(Step::Idle) => return Ok(Continue(Wait::NextFrame)),
            Ok(Step::NeedMoreData(short)) => return Ok(Continue(Wait::Bytes(short))),
            Ok(Step::End(_)) => return Ok(Break(Outcome::Whole)),
            Err(error) => {
                report.error(&error, source, layout)?;
                if error.is_fatal() {
                    return Ok(Break(Outcome::Failed));
                }
            }
        }
    }
}
