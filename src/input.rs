use core::iter::FusedIterator;

use crate::buf::{self, Needle, Segments};
use crate::decode::Idle;
use crate::error::NeedMoreData;

/// The unread bytes of a stream, as a decoder sees them: a first contiguous run, and the runs after it.
///
/// One shape for a linear buffer (one run), a segmented one (many), and bytes that have not been stored at all (what was left from last time, then the chunk the caller is holding). Offsets are
/// counted from the first unread byte, which is where the current frame starts.
///
/// ```
/// use framewright::Input;
///
/// let input = Input::from(&b"\x00\x05hello"[..]);
/// let length = u16::from_be_bytes(input.array(0)?);
/// assert_eq!(length, 5);
/// assert!(input.require(2 + usize::from(length)).is_ok());
/// assert_eq!(input.require(9).unwrap_err().missing.get(), 2);
/// # Ok::<(), framewright::NeedMoreData>(())
/// ```
#[derive(Debug)]
pub struct Input<'a> {
    first: &'a [u8],
    /// `None` where nothing is behind the first run, and more will follow. Few fields, because one is made for each frame.
    rest: Option<Rest<'a>>,
    position: u64,
    #[cfg(feature = "testkit")]
    examined: core::cell::Cell<u64>,
}

/// The runs after the first: what is stored, and then what the caller is holding.
#[derive(Clone, Debug)]
struct Rest<'a> {
    /// `None` where only the chunk is left.
    stored: Option<Segments<'a>>,
    /// The bytes in `stored`.
    stored_len: usize,
    chunk: &'a [u8],
    /// The bytes of the first run and these.
    len: usize,
    /// Whether no byte will follow.
    end: bool,
}

impl<'a> Input<'a> {
    /// One run, with more to follow.
    #[inline(always)]
    pub(crate) fn contiguous(first: &'a [u8], position: u64) -> Self {
        Self {
            first,
            rest: None,
            position,
            #[cfg(feature = "testkit")]
            examined: core::cell::Cell::new(0),
        }
    }

    /// Two runs, with more to follow: what is stored, and what the caller is holding.
    #[inline(always)]
    pub(crate) fn across(stored: &'a [u8], chunk: &'a [u8], position: u64) -> Self {
        let rest = Rest { stored: None, stored_len: 0, chunk, len: stored.len() + chunk.len(), end: false };
        Self { rest: Some(rest), ..Self::contiguous(stored, position) }
    }

    /// The first `len` bytes of what is stored, `stored_len` bytes, and behind it of what the caller is holding.
    pub(crate) fn joined(mut stored: Segments<'a>, stored_len: usize, chunk: &'a [u8], len: usize, position: u64, end: bool) -> Self {
        let (first, stored_len, chunk) = match stored.next() {
            Some(first) => (first, stored_len - first.len(), chunk),
            None => (chunk, 0, &[][..]),
        };
        let first = first.get(..len).unwrap_or(first);
        let rest = (first.len() < len || end).then(|| {
            let (stored, chunk) = match stored_len {
                0 => (None, chunk.get(..len - first.len()).unwrap_or(chunk)),
                _ => (Some(stored), chunk),
            };
            Rest { stored, stored_len, chunk, len, end }
        });
        Self { rest, ..Self::contiguous(first, position) }
    }

    /// Gives a copy to a look that is seldom taken and stands by itself, so that the fields of this one may stay in registers.
    #[inline(always)]
    pub(crate) fn apart<R>(&self, look: impl FnOnce(&Self) -> R) -> R {
        let copy = Self {
            first: self.first,
            rest: self.rest.clone(),
            position: self.position,
            #[cfg(feature = "testkit")]
            examined: self.examined.clone(),
        };
        let seen = look(&copy);
        #[cfg(feature = "testkit")]
        self.examined.set(copy.examined_so_far());
        seen
    }

    /// The same for a scan. What it finds is taken apart: handed on whole, it would go through memory even where this look is not taken.
    #[inline(always)]
    pub(crate) fn scan_apart<T, E>(&self, scan: impl FnOnce(&Self) -> Result<T, E>) -> Result<T, E> {
        let found = self.apart(scan)?;
        Ok(found)
    }

    /// Returns `Err` with [`Idle`] when nothing is unread. The first line of most scans: `input.begin()?`.
    ///
    /// # Errors
    /// [`Idle`], which `?` turns into [`Stop::Idle`](crate::decode::Stop::Idle).
    #[inline(always)]
    pub fn begin(&self) -> Result<(), Idle> {
        if self.is_empty() { Err(Idle) } else { Ok(()) }
    }

    /// Tells whether no byte will ever follow these.
    #[inline(always)]
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.rest.as_ref().is_some_and(|rest| rest.end)
    }

    /// Returns the offset of the first unread byte in the stream.
    #[inline(always)]
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Returns the number of unread bytes.
    #[inline(always)]
    #[must_use]
    pub fn len(&self) -> usize {
        self.rest.as_ref().map_or(self.first.len(), |rest| rest.len)
    }

    /// Tells whether nothing is unread.
    #[inline(always)]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the first run; empty only when nothing is unread. Say [`examined`](Self::examined) for what is read off it.
    #[inline(always)]
    #[must_use]
    pub fn first(&self) -> &'a [u8] {
        self.first
    }

    /// Returns all unread bytes as contiguous runs in order, none of them empty. Say [`examined`](Self::examined) for what is read off them.
    #[must_use]
    pub fn runs(&self) -> Runs<'a> {
        Runs { first: self.first, rest: self.rest.clone(), left: self.len() }
    }

    /// Returns the unread bytes from offset `at` on, as contiguous runs in order, none of them empty.
    #[must_use]
    pub fn runs_from(&self, at: usize) -> Runs<'a> {
        if let Some(first) = self.first.get(at..) {
            return Runs { first, rest: self.rest.clone(), left: self.len() - at };
        }
        let mut rest = self.rest.clone();
        let first = rest.as_mut().and_then(|rest| rest.seek(at - self.first.len())).unwrap_or_default();
        Runs { first, rest, left: self.len().saturating_sub(at) }
    }

    /// Returns the unread bytes from offset `at` on that lie together; empty only when there are none. Say [`examined`](Self::examined) for what is read off them.
    #[inline(always)]
    #[must_use]
    pub fn run_from(&self, at: usize) -> &'a [u8] {
        match self.first.get(at..) {
            Some(run) if !run.is_empty() => run,
            _ => match &self.rest {
                None => &[],
                Some(Rest { stored: None, chunk, .. }) => chunk.get(at - self.first.len()..).unwrap_or_default(),
                Some(_) => self.apart(|input| input.runs_from(at).next().unwrap_or_default()),
            },
        }
    }

    /// Returns the byte at offset `at`, if it is there.
    #[inline(always)]
    #[must_use]
    pub fn get(&self, at: usize) -> Option<u8> {
        self.examined(1);
        match self.first.get(at) {
            Some(byte) => Some(*byte),
            None => match &self.rest {
                None => None,
                Some(Rest { stored: None, chunk, .. }) => chunk.get(at - self.first.len()).copied(),
                Some(_) => self.apart(|input| input.get_slow(at)),
            },
        }
    }

    #[cold]
    fn get_slow(&self, at: usize) -> Option<u8> {
        self.runs_from(at).next()?.first().copied()
    }

    /// Succeeds when at least `n` bytes are unread.
    ///
    /// # Errors
    /// [`NeedMoreData`] with the difference.
    #[inline(always)]
    pub fn require(&self, n: usize) -> Result<(), NeedMoreData> {
        NeedMoreData::check(self.len(), n)
    }

    /// Copies the `N` bytes at offset `at` out.
    ///
    /// # Errors
    /// [`NeedMoreData`] when they are not all there.
    #[inline(always)]
    pub fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], NeedMoreData> {
        self.examined(N);
        match self.first.get(at..).and_then(<[u8]>::first_chunk) {
            Some(bytes) => Ok(*bytes),
            None => self.apart(|input| input.array_slow(at)),
        }
    }

    #[cold]
    fn array_slow<const N: usize>(&self, at: usize) -> Result<[u8; N], NeedMoreData> {
        let mut bytes = [0; N];
        self.copy_to_slice(at, &mut bytes)?;
        Ok(bytes)
    }

    /// Fills `to` with the bytes from offset `at` on.
    ///
    /// # Errors
    /// [`NeedMoreData`] when there are too few; `to` is then unchanged.
    pub fn copy_to_slice(&self, at: usize, to: &mut [u8]) -> Result<(), NeedMoreData> {
        self.require(at.saturating_add(to.len()))?;
        let mut to = to;
        for run in self.runs_from(at) {
            let (now, later) = to.split_at_mut(run.len().min(to.len()));
            now.copy_from_slice(run.get(..now.len()).unwrap_or_default());
            to = later;
            if to.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Finds the first `needle` at or behind `at`, and leaves in `at` where to go on when more bytes are there. Keep `at` in the progress and no byte is searched twice.
    ///
    /// # Complexity
    /// O(bytes from `at` on), whatever the runs.
    pub fn find(&self, needle: &Needle, at: &mut usize) -> Option<usize> {
        let from = (*at).min(self.len());
        let found = match needle.as_bytes().len() {
            0 => Some(from),
            _ => buf::find_first(self.runs_from(from).offsets(from), self.len(), needle),
        };
        let searched = found.unwrap_or_else(|| self.len().saturating_sub(needle.overlap()).max(from));
        self.examined(found.map_or(self.len(), |found| found + needle.as_bytes().len()) - from);
        *at = searched;
        found
    }

    /// Tells the test kit that `n` bytes were read off [`first`](Self::first) or [`runs`](Self::runs). Without the feature `testkit` it does nothing.
    #[inline(always)]
    pub fn examined(&self, n: usize) {
        #[cfg(feature = "testkit")]
        self.examined.set(self.examined.get() + n as u64);
        #[cfg(not(feature = "testkit"))]
        let _ = n;
    }

    /// Returns the number of bytes examined so far.
    #[cfg(feature = "testkit")]
    pub(crate) fn examined_so_far(&self) -> u64 {
        self.examined.get()
    }
}

/// The whole of a stream that is just these bytes, with more to follow.
impl<'a> From<&'a [u8]> for Input<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::contiguous(bytes, 0)
    }
}

/// The contiguous runs of unread bytes, in order, none of them empty. Made by [`Input::runs`].
#[derive(Clone, Debug)]
pub struct Runs<'a> {
    first: &'a [u8],
    rest: Option<Rest<'a>>,
    left: usize,
}

impl<'a> Iterator for Runs<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let mut run = core::mem::take(&mut self.first);
        if let (true, Some(rest)) = (run.is_empty(), &mut self.rest) {
            run = rest.next().unwrap_or_default();
        }
        let run = run.get(..self.left).unwrap_or(run);
        self.left -= run.len();
        (!run.is_empty()).then_some(run)
    }
}

impl FusedIterator for Runs<'_> {}

impl<'a> Runs<'a> {
    /// Gives each run with its offset, when the first is at `start`.
    fn offsets(self, start: usize) -> impl Iterator<Item = (usize, &'a [u8])> {
        let mut next = start;
        self.map(move |run| {
            let at = next;
            next += run.len();
            (at, run)
        })
    }
}

impl<'a> Rest<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        if let Some(run) = self.stored.as_mut().and_then(Segments::next) {
            self.stored_len -= run.len();
            return Some(run);
        }
        let chunk = core::mem::take(&mut self.chunk);
        (!chunk.is_empty()).then_some(chunk)
    }

    /// Goes to offset `at` of these runs, from whichever end of what is stored is nearer, and gives the run there from that byte on.
    fn seek(&mut self, at: usize) -> Option<&'a [u8]> {
        let start = match &mut self.stored {
            Some(stored) if at < self.stored_len => {
                let (skipped, start) = stored.runs_before(at, self.stored_len);
                stored.skip_runs(skipped);
                start
            }
            _ => {
                self.stored = None;
                self.stored_len
            }
        };
        self.stored_len -= start;
        self.next()?.get(at - start..)
    }
}
