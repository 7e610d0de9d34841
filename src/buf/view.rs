use alloc::boxed::Box;
use alloc::collections::vec_deque;
use alloc::vec::Vec;
use bytes::{Buf, Bytes, BytesMut};
use core::fmt;
use core::iter::FusedIterator;
use core::ops::Range;
use core::slice;

use super::segmented::Segment;
use super::{Needle, search};

/// The contiguous runs of some bytes, in order, none of them empty. Made by [`StreamBuf::segments`](super::StreamBuf::segments) and [`View::segments`].
#[derive(Clone, Debug, Default)]
pub struct Segments<'a> {
    front: &'a [u8],
    middle: Middle<'a>,
    back: &'a [u8],
}

#[derive(Clone, Debug, Default)]
enum Middle<'a> {
    #[default]
    None,
    Sealed(vec_deque::Iter<'a, Segment>),
    Viewed(slice::Iter<'a, Bytes>),
}

impl Middle<'_> {
    fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Sealed(sealed) => sealed.len(),
            Self::Viewed(parts) => parts.len(),
        }
    }

    /// Steps over the first `n` runs, or all of them. Returns how many.
    fn skip(&mut self, n: usize) -> usize {
        let n = n.min(self.len());
        if let Some(last) = n.checked_sub(1) {
            match self {
                Self::None => {}
                Self::Sealed(sealed) => drop(sealed.nth(last)),
                Self::Viewed(parts) => drop(parts.nth(last)),
            }
        }
        n
    }

    /// Steps over the last `n` runs, or all of them. Returns how many.
    fn skip_back(&mut self, n: usize) -> usize {
        let n = n.min(self.len());
        if let Some(last) = n.checked_sub(1) {
            match self {
                Self::None => {}
                Self::Sealed(sealed) => drop(sealed.nth_back(last)),
                Self::Viewed(parts) => drop(parts.nth_back(last)),
            }
        }
        n
    }
}

impl<'a> Segments<'a> {
    pub(super) fn one(run: &'a [u8]) -> Self {
        Self { front: run, ..Self::default() }
    }

    /// `sealed`, none of them empty, and then `tail`, which may be.
    pub(super) fn sealed(sealed: vec_deque::Iter<'a, Segment>, tail: &'a [u8]) -> Self {
        Self { front: &[], middle: Middle::Sealed(sealed), back: tail }
    }

    /// Counts the runs before the one that holds offset `at`, of `len` bytes in all, and says where that one starts. Walks from the nearer end.
    pub(crate) fn runs_before(&self, at: usize, len: usize) -> (usize, usize) {
        let (mut count, mut start) = (0, 0);
        if at < len / 2 {
            for run in self.clone() {
                if start + run.len() > at {
                    break;
                }
                (count, start) = (count + 1, start + run.len());
            }
            return (count, start);
        }
        (count, start) = (self.len(), len);
        for run in self.clone().rev() {
            (count, start) = (count - 1, start - run.len());
            if start <= at {
                break;
            }
        }
        (count, start)
    }

    /// Steps over the first `n` runs. O(1).
    pub(crate) fn skip_runs(&mut self, n: usize) {
        let mut left = n;
        if left > 0 && !self.front.is_empty() {
            self.front = &[];
            left -= 1;
        }
        left -= self.middle.skip(left);
        if left > 0 {
            self.back = &[];
        }
    }

    /// Steps over the last `n` runs. O(1).
    fn skip_runs_back(&mut self, n: usize) {
        let mut left = n;
        if left > 0 && !self.back.is_empty() {
            self.back = &[];
            left -= 1;
        }
        left -= self.middle.skip_back(left);
        if left > 0 {
            self.front = &[];
        }
    }

    /// Leaves out the runs that lie outside `range`, which is not empty, and says from where to where those that are left reach. `len` bytes in all.
    pub(super) fn narrow(mut self, range: &Range<usize>, len: usize) -> (Range<usize>, Self) {
        let (first, start) = self.runs_before(range.start, len);
        let (last, last_start) = self.runs_before(range.end - 1, len);
        self.skip_runs_back(self.len() - 1 - last);
        self.skip_runs(first);
        let end = last_start + self.clone().next_back().map_or(0, <[u8]>::len);
        (start..end, self)
    }

    fn viewed(parts: &'a [Bytes]) -> Self {
        Self { front: &[], middle: Middle::Viewed(parts.iter()), back: &[] }
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let run = if self.front.is_empty() {
            match &mut self.middle {
                Middle::None => None,
                Middle::Sealed(sealed) => sealed.next().map(Segment::as_slice),
                Middle::Viewed(parts) => parts.next().map(AsRef::as_ref),
            }
            .unwrap_or_else(|| core::mem::take(&mut self.back))
        } else {
            core::mem::take(&mut self.front)
        };
        (!run.is_empty()).then_some(run)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.middle.len() + usize::from(!self.front.is_empty()) + usize::from(!self.back.is_empty());
        (len, Some(len))
    }
}

impl<'a> DoubleEndedIterator for Segments<'a> {
    fn next_back(&mut self) -> Option<&'a [u8]> {
        let run = if self.back.is_empty() {
            match &mut self.middle {
                Middle::None => None,
                Middle::Sealed(sealed) => sealed.next_back().map(Segment::as_slice),
                Middle::Viewed(parts) => parts.next_back().map(AsRef::as_ref),
            }
            .unwrap_or_else(|| core::mem::take(&mut self.front))
        } else {
            core::mem::take(&mut self.back)
        };
        (!run.is_empty()).then_some(run)
    }
}

impl ExactSizeIterator for Segments<'_> {}
impl FusedIterator for Segments<'_> {}

/// Bytes taken out of a buffer: stable for good, cheap to clone, shared or copied as its maker saw fit.
///
/// Compares with byte slices, implements [`Buf`] with real vectored chunks, and becomes [`Bytes`] for free when it is one segment.
#[derive(Clone, Default)]
pub struct View(Parts);

#[derive(Clone)]
enum Parts {
    One(Bytes),
    /// Two or more, none of them empty.
    Many(Box<[Bytes]>),
}

impl Default for Parts {
    fn default() -> Self {
        Self::One(Bytes::new())
    }
}

impl View {
    /// `parts`, none of them empty.
    pub(super) fn from_parts(parts: Vec<Bytes>) -> Self {
        match <[Bytes; 1]>::try_from(parts) {
            Ok([one]) => Self(Parts::One(one)),
            Err(parts) if parts.is_empty() => Self::default(),
            Err(parts) => Self(Parts::Many(parts.into_boxed_slice())),
        }
    }

    #[inline]
    fn parts(&self) -> &[Bytes] {
        match &self.0 {
            Parts::One(one) => slice::from_ref(one),
            Parts::Many(many) => many,
        }
    }

    /// Copies `bytes` into a view of its own.
    #[must_use]
    pub fn copy_from_slice(bytes: &[u8]) -> Self {
        Self(Parts::One(Bytes::copy_from_slice(bytes)))
    }

    /// Returns the number of bytes. O(segments).
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.parts().iter().map(Bytes::len).sum()
    }

    /// Tells whether there are none.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes as contiguous runs in order, none of them empty.
    #[must_use]
    #[inline]
    pub fn segments(&self) -> Segments<'_> {
        match &self.0 {
            Parts::One(one) => Segments::one(one),
            Parts::Many(many) => Segments::viewed(many),
        }
    }

    /// Returns the first run; all of the bytes, when the view is one segment.
    #[must_use]
    #[inline]
    pub fn peek(&self) -> &[u8] {
        self.parts().first().map_or(&[], AsRef::as_ref)
    }

    /// Returns the bytes in one piece: free when the view is one segment, copied otherwise.
    #[must_use]
    #[inline]
    pub fn into_bytes(self) -> Bytes {
        match self.0 {
            Parts::One(one) => one,
            Parts::Many(many) => {
                let mut joined = BytesMut::with_capacity(many.iter().map(Bytes::len).sum());
                many.iter().for_each(|part| joined.extend_from_slice(part));
                joined.freeze()
            }
        }
    }

    /// Copies the bytes into an allocation of exactly their length: for those who hold them long, and would otherwise pin a whole segment.
    #[must_use]
    pub fn compact(self) -> Self {
        Self(Parts::One(Bytes::from(self.to_vec().into_boxed_slice())))
    }

    /// Copies the bytes into a vector.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.len());
        self.segments().for_each(|run| all.extend_from_slice(run));
        all
    }

    /// Returns a view of the bytes in `range`, shared; `None` where the range is not inside the view.
    ///
    /// However short it is, it pins what this view pins: see [`compact`](Self::compact).
    ///
    /// ```
    /// use framewright::buf::{Needle, View};
    ///
    /// let view = View::copy_from_slice(b"name: value");
    /// let colon = view.find(&Needle::new(b": "), 0..view.len()).unwrap();
    /// assert_eq!(view.get(colon + 2..view.len()).unwrap(), b"value");
    /// assert!(view.get(5..99).is_none());
    /// ```
    #[must_use]
    pub fn get(&self, range: Range<usize>) -> Option<Self> {
        if range.start > range.end || range.end > self.len() {
            return None;
        }
        if let Parts::One(one) = &self.0 {
            return Some(Self(Parts::One(one.slice(range))));
        }
        let mut at = 0;
        let parts = self.parts().iter().filter_map(|part| {
            let from = range.start.saturating_sub(at).min(part.len());
            let to = range.end.saturating_sub(at).min(part.len());
            at += part.len();
            (from < to).then(|| part.slice(from..to))
        });
        Some(Self::from_parts(parts.collect()))
    }

    /// Shortens the view to its first `len` bytes; no effect when it is not longer.
    pub fn truncate(&mut self, len: usize) {
        if let Some(shorter) = self.get(0..len) {
            *self = shorter;
        }
    }

    /// Returns the offset of the first occurrence of `needle` wholly inside `range`, as [`StreamBuf::find`](super::StreamBuf::find) does.
    #[must_use]
    pub fn find(&self, needle: &Needle, range: Range<usize>) -> Option<usize> {
        search::find_in(self.segments(), self.len(), needle, range)
    }

    /// Returns the offset of the last occurrence of `needle` wholly inside `range`, as [`StreamBuf::rfind`](super::StreamBuf::rfind) does.
    #[must_use]
    pub fn rfind(&self, needle: &Needle, range: Range<usize>) -> Option<usize> {
        search::rfind_in(self.segments(), self.len(), needle, range)
    }
}

impl From<Bytes> for View {
    #[inline]
    fn from(bytes: Bytes) -> Self {
        Self(Parts::One(bytes))
    }
}

impl From<View> for Bytes {
    fn from(view: View) -> Self {
        view.into_bytes()
    }
}

/// Consumes the view from its front. As that trait demands, [`advance`](Buf::advance) past the end panics.
impl Buf for View {
    fn remaining(&self) -> usize {
        self.len()
    }

    fn chunk(&self) -> &[u8] {
        self.peek()
    }

    #[cfg(feature = "std")]
    fn chunks_vectored<'a>(&'a self, dst: &mut [std::io::IoSlice<'a>]) -> usize {
        let runs = dst.iter_mut().zip(self.segments());
        runs.map(|(slot, run)| *slot = std::io::IoSlice::new(run)).count()
    }

    fn advance(&mut self, cnt: usize) {
        let mut cnt = cnt;
        if let Parts::Many(many) = &mut self.0 {
            let mut parts = core::mem::take(many).into_vec();
            let spent = parts
                .iter()
                .take_while(|part| {
                    cnt >= part.len() && {
                        cnt -= part.len();
                        true
                    }
                })
                .count();
            parts.drain(..spent);
            if let Some(first) = parts.first_mut() {
                first.advance(cnt);
                cnt = 0;
            }
            *self = Self::from_parts(parts);
        }
        if let Parts::One(one) = &mut self.0 {
            one.advance(cnt);
        }
    }
}

impl PartialEq for View {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.segments().flatten().eq(other.segments().flatten())
    }
}

impl Eq for View {}

impl PartialEq<[u8]> for View {
    fn eq(&self, other: &[u8]) -> bool {
        self.len() == other.len() && self.segments().flatten().eq(other)
    }
}

impl PartialEq<&[u8]> for View {
    fn eq(&self, other: &&[u8]) -> bool {
        *self == **other
    }
}

impl<const N: usize> PartialEq<[u8; N]> for View {
    fn eq(&self, other: &[u8; N]) -> bool {
        *self == other[..]
    }
}

impl<const N: usize> PartialEq<&[u8; N]> for View {
    fn eq(&self, other: &&[u8; N]) -> bool {
        *self == other[..]
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("View[")?;
        for (at, run) in self.segments().enumerate() {
            write!(f, "{}\"{}\"", if at == 0 { "" } else { ", " }, run.escape_ascii())?;
        }
        f.write_str("]")
    }
}
