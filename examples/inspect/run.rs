//! The loop: reads, drains the frames, and reads again until the stream is over.

use std::io;
use std::ops::ControlFlow::{self, Break, Continue};

use framewright::buf::LinearBuf;
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
    let mut wait = Wait::NextFrame;
    loop {
        if source.is_live() {
            report.flush()?;
        }
        source.forget(engine.position())?;
        let frames = if chunk.is_empty() {
            let mut room = engine.reserve()?;
            let n = source.read(room.as_mut_slice(), wait)?;
            if n > 0 { room.commit(n)? } else { engine.eof() }
        } else {
            let n = source.read(&mut chunk, wait)?;
            if n > 0 { engine.feed(&chunk[..n])? } else { engine.eof() }
        };
        match drain(frames, layout, source, report)? {
            Continue(next) => wait = next,
            Break(outcome) => {
                report.summary(engine.position())?;
                return Ok(outcome);
            }
        }
    }
}

/// Shows the frames that are there.
fn drain<D>(
    mut frames: Frames<'_, D, LinearBuf>,
    layout: Layout,
    source: &Source,
    report: &mut Report<'_>,
) -> io::Result<ControlFlow<Outcome, Wait>>
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
