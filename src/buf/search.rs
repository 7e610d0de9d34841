use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;
use memchr::memmem;

use super::{Segments, StreamBuf};

/// Bytes to search for, prepared once.
///
/// Making one costs more than a short search, so keep it. Searching does not allocate, unless the needle is longer than 32 bytes and the bytes searched have seams.
#[derive(Clone)]
pub struct Needle(Kind);

#[derive(Clone)]
#[allow(clippy::large_enum_variant, reason = "needles are few, made once and kept; a box would cost a cache miss a search")]
enum Kind {
    Empty,
    Byte(u8),
    Long(memmem::Finder<'static>),
}

impl Needle {
    /// Prepares a search for `needle`, which is copied. The empty needle is legal: it is found at once.
    #[must_use]
    pub fn new(needle: &[u8]) -> Self {
        Self(match *needle {
            [] => Kind::Empty,
            [byte] => Kind::Byte(byte),
            _ => Kind::Long(memmem::Finder::new(needle).into_owned()),
        })
    }

    /// Returns the bytes searched for.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Kind::Empty => &[],
            Kind::Byte(byte) => core::slice::from_ref(byte),
            Kind::Long(finder) => finder.needle(),
        }
    }

    /// The number of bytes at the end of what was searched that may be the start of a match.
    pub(crate) fn overlap(&self) -> usize {
        self.as_bytes().len().saturating_sub(1)
    }

    /// Finds the first match inside one run.
    #[inline]
    fn find(&self, run: &[u8]) -> Option<usize> {
        match &self.0 {
            Kind::Empty => Some(0),
            Kind::Byte(byte) => memchr::memchr(*byte, run),
            Kind::Long(finder) => finder.find(run),
        }
    }

    /// Finds the last match inside one run: the last byte by a fast search, the rest by comparing (a prepared reverse finder works byte by byte).
    fn rfind(&self, run: &[u8]) -> Option<usize> {
        let needle = self.as_bytes();
        let Some((last, head)) = needle.split_last() else { return Some(run.len()) };
        let mut searched = run;
        while let Some(at) = memchr::memrchr(*last, searched) {
            searched = &searched[..at];
            if searched.ends_with(head) {
                return Some(at - head.len());
            }
        }
        None
    }
}

impl fmt::Debug for Needle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Needle(\"{}\")", self.as_bytes().escape_ascii())
    }
}

/// The parts of `runs`, `len` bytes in all, that lie inside `range`, each with its offset. `range` lies inside the runs and is not empty.
fn clip<'a>(runs: Segments<'a>, len: usize, range: &Range<usize>) -> impl DoubleEndedIterator<Item = (usize, &'a [u8])> + use<'a> {
    let range = range.clone();
    let (bounds, runs) = if range == (0..len) { (0..len, runs) } else { runs.narrow(&range, len) };
    Offsets { runs, front: bounds.start, back: bounds.end }.map(move |(start, run)| {
        let from = range.start.saturating_sub(start);
        let to = (range.end - start).min(run.len());
        (start + from, &run[from..to])
    })
}

/// Runs with their offsets, from either end.
struct Offsets<'a> {
    runs: Segments<'a>,
    front: usize,
    back: usize,
}

impl<'a> Iterator for Offsets<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (start, run) = (self.front, self.runs.next()?);
        self.front += run.len();
        Some((start, run))
    }
}

impl DoubleEndedIterator for Offsets<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let run = self.runs.next_back()?;
        self.back -= run.len();
        Some((self.back, run))
    }
}

/// Clamps a range to `len` readable bytes, to an empty one where it starts behind its end.
fn clamp(range: Range<usize>, len: usize) -> Range<usize> {
    let start = range.start.min(len);
    start..range.end.clamp(start, len)
}

/// Finds the first match of `needle` in `range` of `runs`, across the seams; `len` bytes in all. Starts at whichever end of the runs is nearer.
pub(crate) fn find_in(runs: Segments<'_>, len: usize, needle: &Needle, range: Range<usize>) -> Option<usize> {
    let range = clamp(range, len);
    match needle.as_bytes().len() {
        0 => Some(range.start),
        m if range.len() < m => None,
        _ => find_first(clip(runs, len, &range), range.end, needle),
    }
}

/// Finds the first match of a needle that is not empty in runs with their offsets, which end at `end`.
pub(crate) fn find_first<'a>(runs: impl Iterator<Item = (usize, &'a [u8])>, end: usize, needle: &Needle) -> Option<usize> {
    let mut seam = Seam::new(needle.overlap());
    for (start, run) in runs {
        let across = seam.join(run).and_then(|window| Some(start + needle.find(window.bytes)? - window.before));
        if let Some(at) = across.or_else(|| Some(start + needle.find(run)?)) {
            return Some(at);
        }
        if seam.overlap > 0 && start + run.len() < end {
            seam.carry(run);
        }
    }
    None
}

/// Finds the last match of `needle` in `range` of `runs`, across the seams; `len` bytes in all. The mirror image of [`find_in`].
pub(crate) fn rfind_in(runs: Segments<'_>, len: usize, needle: &Needle, range: Range<usize>) -> Option<usize> {
    let range = clamp(range, len);
    match needle.as_bytes().len() {
        0 => return Some(range.end),
        m if range.len() < m => return None,
        _ => {}
    }
    let mut seam = Seam::new(needle.overlap());
    for (start, run) in clip(runs, len, &range).rev() {
        let across = seam.join_back(run).and_then(|window| Some(start + run.len() - window.before + needle.rfind(window.bytes)?));
        if let Some(at) = across.or_else(|| Some(start + needle.rfind(run)?)) {
            return Some(at);
        }
        if seam.overlap > 0 && start > range.start {
            seam.carry_back(run);
        }
    }
    None
}

/// What a match across a seam is looked for in: up to `overlap` bytes, one less than the needle has, from either side of it.
struct Seam {
    overlap: usize,
    /// How many bytes of the side that has been searched are kept.
    carried: usize,
    short: [u8; 64],
    long: Vec<u8>,
}

/// The bytes around a seam.
struct Window<'s> {
    /// How many of them lie before the seam.
    before: usize,
    bytes: &'s [u8],
}

impl Seam {
    fn new(overlap: usize) -> Self {
        Self { overlap, carried: 0, short: [0; 64], long: Vec::new() }
    }

    /// Room for twice the overlap. What is carried is kept at its start.
    fn space(&mut self) -> &mut [u8] {
        let len = 2 * self.overlap;
        if len <= self.short.len() {
            return &mut self.short;
        }
        self.long.resize(len, 0);
        &mut self.long
    }

    /// Returns the window over the seam in front of `run`; nothing at the first run.
    fn join(&mut self, run: &[u8]) -> Option<Window<'_>> {
        let before = self.carried;
        let head = &run[..run.len().min(self.overlap)];
        if before == 0 {
            return None;
        }
        let bytes = &mut self.space()[..before + head.len()];
        bytes[before..].copy_from_slice(head);
        Some(Window { before, bytes })
    }

    /// Remembers the last bytes of everything up to the end of `run`.
    fn carry(&mut self, run: &[u8]) {
        let (overlap, carried) = (self.overlap, self.carried);
        let fresh = &run[run.len().saturating_sub(overlap)..];
        let old = carried.min(overlap - fresh.len());
        let space = self.space();
        space.copy_within(carried - old..carried, 0);
        space[old..old + fresh.len()].copy_from_slice(fresh);
        self.carried = old + fresh.len();
    }

    /// Returns the window over the seam behind `run`; nothing at the last run. What is carried is moved, and has to be carried anew.
    fn join_back(&mut self, run: &[u8]) -> Option<Window<'_>> {
        let carried = self.carried;
        let end = &run[run.len().saturating_sub(self.overlap)..];
        if carried == 0 {
            return None;
        }
        let space = self.space();
        space.copy_within(..carried, end.len());
        space[..end.len()].copy_from_slice(end);
        Some(Window { before: end.len(), bytes: &space[..end.len() + carried] })
    }

    /// Remembers the first bytes of everything from the start of `run` on. Runs after [`join_back`](Self::join_back), which has put the end of the run in front of what was carried.
    fn carry_back(&mut self, run: &[u8]) {
        let (overlap, carried) = (self.overlap, self.carried);
        let joined = if carried == 0 { 0 } else { run.len().min(overlap) };
        let fresh = run.len().min(overlap);
        let old = carried.min(overlap - fresh);
        let space = self.space();
        space.copy_within(joined..joined + old, fresh);
        space[..fresh].copy_from_slice(&run[..fresh]);
        self.carried = fresh + old;
    }
}

/// Where a search of a stream goes on: an absolute position, so that it stays right while the buffer is consumed and filled.
///
/// The default is the start of the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanPos(u64);

/// Finds the next occurrence of `needle` at or behind `at`, and remembers in `at` how far it has looked, so that no byte is searched twice.
///
/// Returns an offset from the first readable byte, as [`StreamBuf::find`] does. A match is not stepped over: consume it, or the same one is found again.
///
/// # Complexity
/// Over a whole stream of N bytes and with a needle of m bytes: at most N + (m − 1) × (calls + seams) bytes examined.
///
/// ```
/// use framewright::buf::{LinearBuf, Needle, ScanPos, StreamBuf, StreamBufMut, find_next};
///
/// let (mut buf, crlf, mut at) = (LinearBuf::new(), Needle::new(b"\r\n"), ScanPos::default());
/// buf.write(b"hello\r")?;
/// assert_eq!(find_next(&buf, &crlf, &mut at), None);
/// buf.write(b"\nworld")?;
/// assert_eq!(find_next(&buf, &crlf, &mut at), Some(5)); // looked at 2 bytes before the new ones at most
/// buf.advance(7)?;
/// assert_eq!(find_next(&buf, &crlf, &mut at), None);
/// # Ok::<(), framewright::BufError>(())
/// ```
pub fn find_next<B: StreamBuf + ?Sized>(buf: &B, needle: &Needle, at: &mut ScanPos) -> Option<usize> {
    let (front, len) = (buf.position(), buf.len());
    let from = usize::try_from(at.0.saturating_sub(front)).map_or(len, |from| from.min(len));
    let found = buf.find(needle, from..len);
    let searched = found.unwrap_or_else(|| len.saturating_sub(needle.overlap()).max(from));
    at.0 = front + searched as u64;
    found
}
