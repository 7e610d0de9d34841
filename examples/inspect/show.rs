//! What is shown of a stream: frames, errors and sums, as text.

use std::io::{self, Write};
use std::ops::Range;

use anstyle::Style;
use framewright::engine::Place;
use framewright::{Error, ErrorCause};

use crate::captures::Capture;
use crate::codec::Layout;
use crate::hexdump::{Hexdump, Offset};
use crate::input::Source;
use crate::screen::{Palette, Screen};

/// How many bytes of a bad frame are shown at most, and how many before it at least.
pub(crate) const BAD: usize = 64;
const BEFORE_BAD: u64 = 16;

/// Shows a stream as it is read, and sums it up.
pub(crate) struct Report<'a> {
    out: &'a mut Screen,
    palette: &'static Palette,
    /// What a frame is called.
    noun: &'static str,
    most_frames: u64,
    most_bytes: usize,
    frames: u64,
    /// The encoded bytes of all frames.
    framed: u64,
    errors: u64,
}

impl<'a> Report<'a> {
    /// Shows so many frames, and so many bytes of each; or all.
    pub(crate) fn new(out: &'a mut Screen, frames: Option<u64>, bytes: Option<usize>) -> Self {
        let (most_frames, most_bytes) = (frames.unwrap_or(u64::MAX), bytes.unwrap_or(usize::MAX));
        Self { palette: out.palette, out, noun: "frame", most_frames, most_bytes, frames: 0, framed: 0, errors: 0 }
    }

    pub(crate) fn heading(&mut self, capture: &Capture) -> io::Result<()> {
        let Capture { file, program, options } = capture;
        let title = self.palette.title;
        writeln!(self.out, "{title}{file}{title:#} ({program}): {options}")
    }

    /// Says what a frame is called.
    pub(crate) fn call_frames(&mut self, noun: &'static str) {
        self.noun = noun;
    }

    /// Shows a frame, encoded or, where it is not in that, its payload; or only counts it.
    pub(crate) fn frame(&mut self, place: Place, encoded: &[u8], payload: &[u8], layout: Layout) -> io::Result<()> {
        self.count_frame();
        self.count_bytes(place.len);
        if !self.shows_frame() {
            return Ok(());
        }
        if let Some(payload) = layout.payload(place, payload.len()) {
            self.title(place, &parts(place, &payload, layout))?;
            self.bytes(Offset::InStream(place.offset), encoded, &payload)
        } else {
            self.title(place, &format!(" ({} payload, {})", payload.len(), layout.name()))?;
            self.bytes(Offset::InPayload(0), payload, &(0..payload.len()))
        }
    }

    /// Counts a frame, which may come in parts.
    pub(crate) fn count_frame(&mut self) {
        self.frames += 1;
    }

    /// Counts bytes of a frame.
    pub(crate) fn count_bytes(&mut self, len: usize) {
        self.framed += len as u64;
    }

    /// Tells whether the last frame counted is to be shown.
    pub(crate) fn shows_frame(&self) -> bool {
        self.frames <= self.most_frames
    }

    /// Returns how many bytes of a frame are shown at most.
    pub(crate) fn most_bytes(&self) -> usize {
        self.most_bytes
    }

    /// Begins to show the last frame counted.
    pub(crate) fn begin(&mut self, offset: u64, what: &str) -> io::Result<()> {
        let (title, noun, number) = (self.palette.title, self.noun, self.frames);
        writeln!(self.out, "{title}{noun} {number}{title:#} at byte {offset}: {what}")
    }

    /// Shows a line of a frame's text.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "  {text}")
    }

    /// Shows bytes of a frame that has others around them.
    pub(crate) fn part(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let offset = Offset::InPayload(offset);
        Hexdump { offset, bytes, marked: None, label: self.palette.offset }.write(self.out, |_| Style::new())
    }

    fn title(&mut self, place: Place, parts: &str) -> io::Result<()> {
        let truncated = if place.truncated { ", truncated" } else { "" };
        self.begin(place.offset, &format!("{}{parts}{truncated}", count(place.len as u64, "byte")))
    }

    /// Shows so many bytes as were asked for, some of which are payload.
    fn bytes(&mut self, offset: Offset, bytes: &[u8], payload: &Range<usize>) -> io::Result<()> {
        let (bytes, hidden) = bytes.split_at(bytes.len().min(self.most_bytes));
        let style = |at| if payload.contains(&at) { Style::new() } else { self.palette.around };
        Hexdump { offset, bytes, marked: None, label: self.palette.offset }.write(self.out, style)?;
        self.hidden(hidden.len() as u64)
    }

    /// Says how many bytes of a frame are not shown, if any.
    pub(crate) fn hidden(&mut self, bytes: u64) -> io::Result<()> {
        if bytes == 0 { Ok(()) } else { self.line(&format!("and {}", count(bytes, "more byte"))) }
    }

    /// Shows what is wrong, and where: at byte `offset`, which could be told of the `judged` bytes from there on.
    pub(crate) fn error<F: std::error::Error>(&mut self, error: &Error<F>, offset: u64, judged: usize, source: &Source) -> io::Result<()> {
        self.errors += 1;
        let red = self.palette.error;
        let then = if error.is_fatal() { "" } else { " (stepped over)" };
        writeln!(self.out, "{red}error: {error}{red:#}{then}")?;
        if let ErrorCause::Truncated { missing, .. } = error.cause {
            writeln!(self.out, "{red}missing: at least {}{red:#}", count(missing.get() as u64, "more byte"))?;
        }
        self.bad_bytes(offset, judged, source)
    }

    /// Shows `len` bytes from a bad one on, and a few bytes before it.
    fn bad_bytes(&mut self, offset: u64, len: usize, source: &Source) -> io::Result<()> {
        let before = offset.min(BEFORE_BAD + offset % BEFORE_BAD);
        let start = offset - before;
        let marked = usize::try_from(before).unwrap_or(0);
        let bytes = source.seen(start, marked + len);
        let style = |at| match at {
            _ if at < marked => Style::new(),
            _ if at == marked => self.palette.mark,
            _ => self.palette.error,
        };
        Hexdump { offset: Offset::InStream(start), bytes, marked: Some(marked), label: self.palette.offset }.write(self.out, style)
    }

    /// Sums up a stream that ended, or failed, at byte `end`.
    pub(crate) fn summary(&mut self, end: u64) -> io::Result<()> {
        let hidden = match self.frames.saturating_sub(self.most_frames) {
            0 => String::new(),
            hidden => format!(" ({hidden} not shown)"),
        };
        let (frames, errors) = (count(self.frames, self.noun), count(self.errors, "error"));
        let (bytes, skipped) = (count(end, "byte"), count(end - self.framed, "byte"));
        let title = self.palette.title;
        writeln!(self.out, "{title}{frames}{title:#}{hidden}, {bytes}, {skipped} skipped, {errors}")
    }

    /// Leaves a line blank.
    pub(crate) fn gap(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Names the parts that are there, with their lengths.
fn parts(place: Place, payload: &Range<usize>, layout: Layout) -> String {
    let tail = if place.truncated { "cut off" } else { layout.name() };
    let parts = [(payload.start, "header"), (payload.len(), "payload"), (place.len.saturating_sub(payload.end), tail)];
    let there: Vec<_> = parts.iter().filter(|(len, _)| *len > 0).map(|(len, part)| format!("{len} {part}")).collect();
    if there.is_empty() { String::new() } else { format!(" ({})", there.join(", ")) }
}

/// A number of things, which have their plural by an `s`.
pub(crate) fn count(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
