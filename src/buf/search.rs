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

/// The parts of `runs` that lie inside `range`, each with its offset. `range` lies inside the runs.
fn clip<'a, I: Iterator<Item = &'a [u8]>>(runs: I, range: &Range<usize>) -> impl Iterator<Item = (usize, &'a [u8])> + use<'a, I> {
    let (range, mut at) = (range.clone(), 0);
    runs.map_while(move |run| {
        let start = at;
        at += run.len();
        (start < range.end).then_some((start, run))
    })
    .filter_map(move |(start, run)| {
        let from = range.start.saturating_sub(start).min(run.len());
        let to = range.end.saturating_sub(start).min(run.len());
        (from < to).then(|| (start + from, &run[from..to]))
    })
}

/// Clamps a range to `len` readable bytes, to an empty one where it starts behind its end.
fn clamp(range: Range<usize>, len: usize) -> Range<usize> {
    let start = range.start.min(len);
    start..range.end.clamp(start, len)
}

/// Finds the first match of `needle` in `range` of `runs`, across the seams; `len` bytes in all.
pub(crate) fn find_in<'a>(runs: impl Iterator<Item = &'a [u8]>, len: usize, needle: &Needle, range: Range<usize>) -> Option<usize> {
    let range = clamp(range, len);
    let m = needle.as_bytes().len();
    if m == 0 || range.len() < m {
        return (m == 0).then_some(range.start);
    }
    let mut seam = Seam::new(m);
    for (start, run) in clip(runs, &range) {
        let across = seam.join(run).and_then(|(carried, window)| Some(start + needle.find(window)? - carried));
        if let Some(at) = across.or_else(|| Some(start + needle.find(run)?)) {
            return Some(at);
        }
        if start + run.len() < range.end {
            seam.carry(run);
        }
    }
    None
}

/// Finds the last match of `needle` in `range` of `runs`, across the seams; `len` bytes in all.
pub(crate) fn rfind_in(runs: Segments<'_>, len: usize, needle: &Needle, range: Range<usize>) -> Option<usize> {
    let range = clamp(range, len);
    let m = needle.as_bytes().len();
    if m == 0 || range.len() < m {
        return (m == 0).then_some(range.end);
    }
    let mut best = None;
    let mut seam = Seam::new(m);
    for (start, run) in clip(runs, &range) {
        let across = seam.join(run).and_then(|(carried, window)| Some(start + needle.rfind(window)? - carried));
        best = needle.rfind(run).map(|at| start + at).or(across).or(best);
        if start + run.len() < range.end {
            seam.carry(run);
        }
    }
    best
}

/// What a match across a seam is looked for in: the last `m - 1` bytes before it, and as many behind it.
struct Seam {
    m: usize,
    carried: usize,
    short: [u8; 64],
    long: Vec<u8>,
}

impl Seam {
    fn new(m: usize) -> Self {
        Self { m, carried: 0, short: [0; 64], long: Vec::new() }
    }

    fn space(&mut self) -> &mut [u8] {
        let len = 2 * (self.m - 1);
        if len <= self.short.len() {
            return &mut self.short;
        }
        self.long.resize(len, 0);
        &mut self.long
    }

    /// Returns the window over the seam in front of `run`, and how many of its bytes lie before it; nothing at the first run.
    fn join(&mut self, run: &[u8]) -> Option<(usize, &[u8])> {
        let carried = self.carried;
        let head = &run[..run.len().min(self.m - 1)];
        if carried == 0 {
            return None;
        }
        let window = &mut self.space()[..carried + head.len()];
        window[carried..].copy_from_slice(head);
        Some((carried, window))
    }

    /// Remembers the last `m - 1` bytes of everything up to the end of `run`.
    fn carry(&mut self, run: &[u8]) {
        let (keep, carried) = (self.m - 1, self.carried);
        let fresh = &run[run.len().saturating_sub(keep)..];
        let old = carried.min(keep - fresh.len());
        let space = self.space();
        space.copy_within(carried - old..carried, 0);
        space[old..old + fresh.len()].copy_from_slice(fresh);
        self.carried = old + fresh.len();
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
