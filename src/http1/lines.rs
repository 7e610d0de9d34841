//! Lines that arrive slowly: each byte is looked at a few times however a head is cut.

use alloc::vec::Vec;

use super::bytes::{find_lf, rfind_lf};
use super::fault::Fault;
use crate::decode::{Cause, Stop};
use crate::error::NeedMoreData;
use crate::input::Input;

/// How far a section of lines has been read, from the start of the frame.
///
/// ```text
/// frame: | lines that were read | no LF in here |  not looked at  |
///        0                     next          searched
/// ```
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    /// Where the first line begins that was not read.
    pub(super) next: usize,
    /// Up to where there is no LF; at most `next` where that line was not looked at.
    searched: usize,
    /// A line that lies in pieces, joined. Kept for its allocation.
    joined: Vec<u8>,
}

/// What came of lines.
pub(super) enum Read {
    /// The last line, the empty one, ends at this offset of the frame.
    Whole(usize),
    /// All lines before this offset were read, and the one there has not arrived whole.
    UpTo(usize),
}

/// What stops a line.
#[derive(Debug)]
pub enum Halt {
    /// The bytes ended before the line did.
    Short,
    /// It is refused.
    Refused(Cause<Fault>),
}

impl Halt {
    /// A part of a line is longer than a limit.
    #[cold]
    pub(super) fn too_large(what: &'static str, limit: usize) -> Self {
        Self::Refused(Cause::TooLarge { what, limit: limit as u64 })
    }
}

impl From<Fault> for Halt {
    #[cold]
    fn from(fault: Fault) -> Self {
        Self::Refused(Cause::Fault(fault))
    }
}

/// A limit, and what it is of.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    pub(super) what: &'static str,
    pub(super) bytes: usize,
}

impl Limit {
    #[cold]
    fn exceeded(self) -> Cause<Fault> {
        Cause::TooLarge { what: self.what, limit: self.bytes as u64 }
    }
}

/// What reads lines.
pub(super) trait ReadLines {
    /// How long the line may be that begins at the last offset that was [`UpTo`](Read::UpTo).
    fn line_limit(&self) -> Limit;

    /// Reads the lines that lie whole in `bytes`, which begin with a line that is at offset `base` of the frame.
    fn read(&mut self, bytes: &[u8], base: usize) -> Result<Read, Cause<Fault>>;
}

/// Where so few bytes lie together, there may be no whole line among them.
const LITTLE: usize = 128;

impl Lines {
    /// Makes it fresh, for lines from offset `start` of the frame on.
    #[inline(always)]
    pub(super) fn restart(&mut self, start: usize) {
        self.next = start;
        self.searched = start;
    }

    /// Reads lines up to the empty one, and returns where that ends. All of them may be as long as `limit` says, from offset `start` on.
    #[inline(always)]
    pub(super) fn read(
        &mut self,
        input: &Input<'_>,
        start: usize,
        limit: Limit,
        reader: &mut impl ReadLines,
    ) -> Result<usize, Stop<Fault>> {
        let end = start.saturating_add(limit.bytes);
        loop {
            let read = if self.searched > self.next {
                self.read_first(input, end, limit, reader)?
            } else {
                let run = input.run_from(self.next);
                let run = run.get(..end.saturating_sub(self.next)).unwrap_or(run);
                if run.is_empty() {
                    return Err(short(input, end, limit));
                }
                self.read_run(run, input, reader)?
            };
            match read {
                Read::Whole(at) => return Ok(at),
                Read::UpTo(next) => self.next = next,
            }
            if self.searched >= input.len() && self.searched > self.next {
                return Err(self.unfinished(input, end, limit, reader));
            }
        }
    }

    /// Reads the lines that lie together at the start of what was not read. Where little has arrived, it is not looked at what is no whole line.
    #[inline(always)]
    fn read_run(&mut self, run: &[u8], input: &Input<'_>, reader: &mut impl ReadLines) -> Result<Read, Stop<Fault>> {
        let whole = if run.len() > LITTLE { run } else { rfind_lf(run).and_then(|lf| run.get(..=lf)).unwrap_or_default() };
        let read = if whole.is_empty() { Read::UpTo(self.next) } else { reader.read(whole, self.next).map_err(Stop::Fatal)? };
        let examined = match read {
            Read::Whole(at) => at - self.next,
            Read::UpTo(_) => run.len(),
        };
        input.examined(examined);
        self.searched = self.next + run.len();
        Ok(read)
    }

    /// Reads the first line alone, whose start has been looked at.
    #[inline(never)]
    fn read_first(&mut self, input: &Input<'_>, end: usize, limit: Limit, reader: &mut impl ReadLines) -> Result<Read, Stop<Fault>> {
        let line_end = self.next.saturating_add(reader.line_limit().bytes);
        let Some(lf) = self.find_lf(input, end.min(line_end)) else { return Err(self.unfinished(input, end, limit, reader)) };
        let len = lf + 1 - self.next;
        input.examined(len);
        let run = input.run_from(self.next);
        let read = if let Some(line) = run.get(..len) {
            reader.read(line, self.next)
        } else {
            self.join(input, run, len)?;
            reader.read(&self.joined, self.next)
        };
        self.searched = 0;
        read.map_err(Stop::Fatal)
    }

    /// Why the first line is not read, whose LF is not there: it has not arrived, or is beyond a limit.
    #[inline(always)]
    fn unfinished(&self, input: &Input<'_>, end: usize, limit: Limit, reader: &impl ReadLines) -> Stop<Fault> {
        let line = reader.line_limit();
        let line_end = self.next.saturating_add(line.bytes);
        if line_end < end && input.len() > line_end { Stop::Fatal(line.exceeded()) } else { short(input, end, limit) }
    }

    /// Joins the first line, of `len` bytes, which begins with all of `run`. Mostly it lies in two pieces.
    #[inline(always)]
    fn join(&mut self, input: &Input<'_>, run: &[u8], len: usize) -> Result<(), NeedMoreData> {
        self.joined.clear();
        self.joined.extend_from_slice(run);
        let behind = input.run_from(self.next + run.len());
        if let Some(rest) = behind.get(..len - run.len()) {
            self.joined.extend_from_slice(rest);
        } else {
            self.joined.resize(len, 0);
            input.copy_to_slice(self.next, &mut self.joined)?;
        }
        Ok(())
    }

    /// Finds the LF that ends the first line, before offset `end`.
    #[inline(always)]
    fn find_lf(&mut self, input: &Input<'_>, end: usize) -> Option<usize> {
        let found = self.find_lf_in(input, input.run_from(self.searched), end);
        if found.is_some() || self.searched >= input.len().min(end) { found } else { self.find_lf_behind(input, end) }
    }

    /// The same where not all that was not searched lies together.
    #[cold]
    fn find_lf_behind(&mut self, input: &Input<'_>, end: usize) -> Option<usize> {
        input.runs_from(self.searched).find_map(|run| self.find_lf_in(input, run, end))
    }

    #[inline(always)]
    fn find_lf_in(&mut self, input: &Input<'_>, run: &[u8], end: usize) -> Option<usize> {
        let run = run.get(..end.saturating_sub(self.searched)).unwrap_or(run);
        if let Some(at) = find_lf(run) {
            input.examined(at + 1);
            return Some(self.searched + at);
        }
        input.examined(run.len());
        self.searched += run.len();
        None
    }
}

/// Why there is no line: it has not arrived, or is beyond the limit of all.
#[cold]
fn short(input: &Input<'_>, end: usize, limit: Limit) -> Stop<Fault> {
    if input.len() > end { Stop::Fatal(limit.exceeded()) } else { Stop::Need(NeedMoreData::ONE) }
}

/// Says what comes of a line that is not read: it is refused only when it has arrived whole, so that it does not matter how it is cut.
#[cold]
pub(super) fn settle(halt: Halt, line: &[u8], base: usize, limit: Limit) -> Result<Read, Cause<Fault>> {
    let within = line.get(..limit.bytes).unwrap_or(line);
    match (halt, memchr::memchr(b'\n', within)) {
        (Halt::Refused(cause), Some(_)) => Err(cause),
        (_, None) => unfinished(line.len(), base, limit),
        (Halt::Short, Some(_)) => Ok(Read::UpTo(base)),
    }
}

/// Says what comes of a line of which so many bytes have arrived, and not its end.
pub(super) fn unfinished(len: usize, base: usize, limit: Limit) -> Result<Read, Cause<Fault>> {
    if len > limit.bytes { Err(limit.exceeded()) } else { Ok(Read::UpTo(base)) }
}
