//! Where lines end, for every framer of lines.

use super::limit::Limit;
use super::{OnExcess, Unframable};
use crate::decode::{Found, Stop};
use crate::encode::{EncodeError, Short, Source, Writer};
use crate::input::Input;

/// Which bytes end a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LineEnding {
    /// `\n` alone; a `\r` before it belongs to the line.
    Lf,
    /// `\r\n` alone; either byte by itself belongs to the line.
    CrLf,
    /// `\n` or `\r\n`.
    #[default]
    LfOrCrLf,
    /// `\n`, `\r\n`, or `\r` alone. A line that ends in `\r` is held back until the next byte tells which it is, so a peer that sends a lone `\r` and waits is answered only after its next byte.
    Any,
}

/// Finds lines, and writes them.
#[derive(Clone, Debug)]
pub(super) struct LineEnds {
    limit: Limit,
    ending: LineEnding,
    keep: bool,
    /// What is written behind a line.
    written: Short,
    ends: Ends,
}

/// Line ends that one look found: bit `i` is set where the byte at stream offset `base + i` ends a line ([`LineEnding::Any`]: begins a line end).
///
/// Decides nothing: a position in the stream always holds the same byte. A look at the start of the block never uses it, so that a decoder which is given another stream, from offset 0, looks
/// afresh and replaces it.
#[derive(Clone, Copy, Debug, Default)]
struct Ends {
    mask: u64,
    base: u64,
    /// How many bytes the look took in, 64 at most.
    len: u64,
    /// The last line was short: a look at a whole block will find several.
    dense: bool,
}

impl Ends {
    /// The first mark in the input from offset `from` on, if it lies in the block, as an offset. The input must not begin where the block does.
    #[inline(always)]
    fn next(&self, from: usize, input: &Input<'_>) -> Option<usize> {
        let into = input.position().wrapping_sub(self.base);
        if into.wrapping_sub(1) >= BLOCK as u64 - 1 || from as u64 >= BLOCK as u64 - into {
            return None;
        }
        let left = self.mask >> (into + from as u64);
        let at = from + left.trailing_zeros() as usize;
        (left != 0 && at < input.len()).then(|| {
            input.examined(1);
            at
        })
    }

    /// How many bytes from the stream offset `position` on are known to hold no line end, because the marks before it are used up.
    fn known(&self, position: u64) -> usize {
        let into = position.wrapping_sub(self.base);
        if self.mask == 0 || into.wrapping_sub(1) >= BLOCK as u64 - 1 || self.mask >> into != 0 {
            return 0;
        }
        usize::try_from(self.len.saturating_sub(into)).unwrap_or(0)
    }
}

/// A line end at `start..end` of the input.
#[derive(Clone, Copy)]
struct End {
    start: usize,
    end: usize,
}

const BLOCK: usize = 64;
/// A line shorter than this makes the next look take a whole block.
const DENSE: usize = 40;

impl LineEnds {
    pub(super) const fn new(max_payload: usize) -> Self {
        Self {
            limit: Limit::new(max_payload),
            ending: LineEnding::LfOrCrLf,
            keep: false,
            written: Short::byte(b'\n'),
            ends: Ends { mask: 0, base: 0, len: 0, dense: true },
        }
    }

    pub(super) const fn ending(self, ending: LineEnding) -> Self {
        Self { ending, ..self }.with_written()
    }

    pub(super) const fn keep_ending(self) -> Self {
        Self { keep: true, ..self }.with_written()
    }

    const fn with_written(self) -> Self {
        let written = match (self.keep, self.ending) {
            (true, _) => Short::NONE,
            (false, LineEnding::CrLf) => Short::low(u16::from_le_bytes(*b"\r\n") as u64, 2),
            (false, _) => Short::byte(b'\n'),
        };
        Self { written, ..self }
    }

    pub(super) const fn on_excess(self, on_excess: OnExcess) -> Self {
        Self { limit: self.limit.on_excess(on_excess), ..self }
    }

    /// Finds the next line; `scanned` are the bytes from its start that hold no line end. The token is the length of what is shown.
    #[inline(always)]
    pub(super) fn scan<F>(&mut self, scanned: &mut usize, input: &Input<'_>) -> Result<Found<usize>, Stop<F>> {
        let every_lf = matches!(self.ending, LineEnding::Lf | LineEnding::LfOrCrLf);
        let end = if every_lf {
            let mark = if self.ends.dense { self.ends.next(0, input) } else { self.search_run(scanned, input) };
            match mark {
                Some(at) => Some(self.end_at_lf(at, input)),
                None if *scanned < input.len() => input.apart(|input| self.look(*scanned, input)),
                None => None,
            }
        } else {
            input.apart(|input| self.next_end(*scanned, input))
        };
        if let Some(end) = end {
            return self.line(end);
        }
        input.scan_apart(|input| self.unfinished(scanned, input))
    }

    /// Tells whether the line that was found last is the start of one that is too long.
    #[cold]
    pub(super) fn has_truncated(&self) -> bool {
        !self.limit.is_reading()
    }

    /// Returns the line end whose mark is at `at`, or `None` when what is there is not one, or cannot be told yet.
    #[inline(always)]
    fn end_at(&self, at: usize, input: &Input<'_>) -> Option<End> {
        let before = at.checked_sub(1).and_then(|before| input.get(before));
        match self.ending {
            LineEnding::Lf => Some(End { start: at, end: at + 1 }),
            LineEnding::LfOrCrLf => Some(End { start: at - usize::from(before == Some(b'\r')), end: at + 1 }),
            LineEnding::CrLf => (before == Some(b'\r')).then(|| End { start: at - 1, end: at + 1 }),
            LineEnding::Any => match (input.get(at)?, input.get(at + 1)) {
                (b'\r', Some(b'\n')) => Some(End { start: at, end: at + 2 }),
                (b'\r', None) if !input.is_end() => None,
                _ => Some(End { start: at, end: at + 1 }),
            },
        }
    }

    /// Gives the line that ends there, or judges its length.
    #[inline(always)]
    fn line<F>(&mut self, End { start, end }: End) -> Result<Found<usize>, Stop<F>> {
        if self.limit.admits(start) {
            return Ok(Found::Frame { len: end, token: if self.keep { end } else { start } });
        }
        let stepped = self.limit.beyond(end)?;
        Ok(stepped)
    }

    /// The next line end, where not every `\n` is one: known, or looked for from `scanned` on. `None` when there is none.
    #[inline(never)]
    fn next_end(&mut self, scanned: usize, input: &Input<'_>) -> Option<End> {
        let mut from = scanned;
        while let Some(at) = self.ends.next(from, input) {
            match self.end_at(at, input) {
                Some(end) => return Some(end),
                None if self.ending == LineEnding::Any => break,
                None => from = at + 1, // a `\n` that ends no line
            }
        }
        self.look(from, input)
    }

    /// Looks at bytes that have not been looked at, from `scanned` on. `None` when no line ends in them.
    #[inline(never)]
    fn look(&mut self, scanned: usize, input: &Input<'_>) -> Option<End> {
        if input.position() == 0 {
            self.ends.mask = 0;
        }
        let mut at = self.ends.known(input.position()).max(scanned);
        if self.ends.dense {
            let left = input.run_from(at);
            if let Some(end) = self.look_at_block(left, at, input) {
                return Some(end);
            }
            if self.ends.mask == 0 {
                at += left.len().min(BLOCK);
            }
        }
        while let Some(found) = self.search(at, input) {
            match self.end_at(found, input) {
                Some(end) => {
                    self.ends.dense = end.end < DENSE;
                    return Some(end);
                }
                None if self.ending == LineEnding::Any => break,
                None => at = found + 1,
            }
        }
        None
    }

    /// Keeps every line end of the first block of `left`, which is at `at`, and returns the first.
    #[inline(always)]
    fn look_at_block(&mut self, left: &[u8], at: usize, input: &Input<'_>) -> Option<End> {
        let mut padded = [0; BLOCK];
        let (block, len) = if let Some(block) = left.first_chunk::<BLOCK>() {
            (block, BLOCK)
        } else {
            padded.get_mut(..left.len())?.copy_from_slice(left);
            (&padded, left.len())
        };
        input.examined(len);
        let lf = positions(block, b'\n');
        let mut mask = if self.ending == LineEnding::Any {
            let cr = positions(block, b'\r');
            let cr_before = at.checked_sub(1).and_then(|before| input.get(before)) == Some(b'\r');
            (cr | lf) & !(lf & (cr << 1 | u64::from(cr_before)))
        } else {
            lf
        };
        self.ends = Ends { mask, base: input.position() + at as u64, len: len as u64, dense: mask & mask.wrapping_sub(1) != 0 };
        while mask != 0 {
            let found = self.end_at(at + mask.trailing_zeros() as usize, input);
            if found.is_some() || self.ending == LineEnding::Any {
                return found;
            }
            mask &= mask - 1;
            self.ends.mask = mask;
        }
        None
    }

    /// Searches for the first byte at or behind `at` that may end a line.
    #[inline(always)]
    fn search(&self, mut at: usize, input: &Input<'_>) -> Option<usize> {
        loop {
            let run = input.run_from(at);
            if run.is_empty() {
                return None;
            }
            let found = match self.ending {
                LineEnding::Any => memchr::memchr2(b'\n', b'\r', run),
                _ => memchr::memchr(b'\n', run),
            };
            input.examined(found.map_or(run.len(), |found| found + 1));
            match found {
                Some(found) => return Some(at + found),
                None => at += run.len(),
            }
        }
    }

    /// Searches the first run that has not been searched for a `\n`.
    #[inline(always)]
    fn search_run(&mut self, scanned: &mut usize, input: &Input<'_>) -> Option<usize> {
        let run = input.run_from(*scanned);
        let found = memchr::memchr(b'\n', run);
        input.examined(found.map_or(run.len(), |found| found + 1));
        let Some(found) = found else {
            *scanned += run.len();
            return None;
        };
        let at = *scanned + found;
        self.ends.dense = at < DENSE;
        Some(at)
    }

    /// The line end at a `\n`, where every `\n` is one.
    #[inline(always)]
    fn end_at_lf(&self, at: usize, input: &Input<'_>) -> End {
        let cr = self.ending == LineEnding::LfOrCrLf && at.checked_sub(1).and_then(|before| input.get(before)) == Some(b'\r');
        End { start: at - usize::from(cr), end: at + 1 }
    }

    /// No line ends in these bytes: waits, or says that the line is too long, or that the stream is over.
    #[cold]
    fn unfinished<F>(&mut self, scanned: &mut usize, input: &Input<'_>) -> Result<Found<usize>, Stop<F>> {
        let len = input.len();
        let may_end_here = match self.ending {
            LineEnding::Lf => false,
            _ => !input.is_end() && len.checked_sub(1).and_then(|last| input.get(last)) == Some(b'\r'),
        };
        let payload = len - usize::from(may_end_here);
        *scanned = if self.ending == LineEnding::Any { payload } else { len };
        self.limit.unfinished(payload, input)
    }

    /// Writes a line, with the ending that it does not bring, exactly if what is written is read as this line.
    #[inline(always)]
    pub(super) fn write(&self, line: Source<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Unframable>> {
        let content = if self.keep { self.without_end(line.bytes).map_err(EncodeError::Fault)? } else { line.bytes };
        self.limit.allows(content.len())?;
        if let Some(before) = self.end_inside(content) {
            return Err(EncodeError::Fault(Unframable::EndInside { before }));
        }
        Ok(out.write_around(Short::NONE, line, self.written)?)
    }

    /// The line without the ending that it brings.
    fn without_end<'l>(&self, line: &'l [u8]) -> Result<&'l [u8], Unframable> {
        let (without, lone_lf) = match self.ending {
            LineEnding::Lf => (None, true),
            LineEnding::CrLf => (line.strip_suffix(b"\r\n"), false),
            LineEnding::LfOrCrLf | LineEnding::Any => (line.strip_suffix(b"\r\n"), true),
        };
        without.or_else(|| line.strip_suffix(b"\n").filter(|_| lone_lf)).ok_or(Unframable::NoEnd)
    }

    /// Looks for a line end in a line, or for a part of one at its end.
    #[inline(always)]
    fn end_inside(&self, line: &[u8]) -> Option<usize> {
        let found = match self.ending {
            LineEnding::Lf | LineEnding::LfOrCrLf => memchr::memchr(b'\n', line),
            LineEnding::CrLf => memchr::memmem::find(line, b"\r\n").map(|at| at + 1),
            LineEnding::Any => memchr::memchr2(b'\n', b'\r', line),
        };
        let is_part = !self.keep && self.ending == LineEnding::LfOrCrLf && line.last() == Some(&b'\r');
        found.map(|at| at + 1).or_else(|| is_part.then_some(line.len()))
    }
}

/// Returns a mask of the bytes of `block` that are `byte`. Written so that the compiler makes vector comparisons of it, as it does only in a function of its own: some 50 instructions on x86-64.
#[inline(never)]
fn positions(block: &[u8; BLOCK], byte: u8) -> u64 {
    let mut flags = [0_u8; BLOCK];
    for (at, (flag, found)) in flags.iter_mut().zip(block).enumerate() {
        *flag = if *found == byte { 1 << (at / 8) } else { 0 };
    }
    let columns = flags.chunks_exact(8).fold(0, |columns, row| columns | u64::from_le_bytes(row.try_into().unwrap_or_default()));
    transpose(columns)
}

/// Swaps rows and columns of an 8 by 8 matrix of bits, a byte for each row.
#[inline(always)]
fn transpose(mut bits: u64) -> u64 {
    for (mask, distance) in [(0x00aa_00aa_00aa_00aa, 7), (0x0000_cccc_0000_cccc, 14), (0x0000_0000_f0f0_f0f0, 28)] {
        let swapped = (bits ^ (bits >> distance)) & mask;
        bits ^= swapped ^ (swapped << distance);
    }
    bits
}
