//! Operations on buffers, and on a plain vector beside them.

use arbitrary::{Result, Unstructured};
use bytes::{Buf, Bytes, BytesMut};
use framewright::buf::{BufConfig, LinearBuf, Needle, ScanPos, SegmentedBuf, StreamBufMut, View, find_next};
use framewright::{BufError, NeedMoreData, read};
use std::fmt::Debug;
use std::mem;

use super::draw;

/// The most bytes in a buffer.
const LARGEST: usize = 48 * 1024;
/// The most views kept.
const VIEWS: usize = 32;

/// Runs the same operations on both buffers, as they are by default and with drawn thresholds.
pub(crate) fn check(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok(config) = draw::config(&mut u) else { return };
    let operations = u.take_rest();
    Pair::new(LinearBuf::new(), BufConfig::DEFAULT).run(operations);
    Pair::new(LinearBuf::with_config(config), config).run(operations);
    Pair::new(SegmentedBuf::new(), BufConfig::DEFAULT).run(operations);
    Pair::new(SegmentedBuf::with_config(config), config).run(operations);
}

/// A buffer, and what it must be like.
struct Pair<B> {
    buf: B,
    config: BufConfig,
    bytes: Vec<u8>,
    max_bytes: usize,
    position: usize,
    search: Search,
    views: Vec<(View, Vec<u8>)>,
    /// The most bytes that were there or asked for at once.
    peak: usize,
}

/// A search of the stream.
struct Search {
    needle: Needle,
    at: ScanPos,
    /// No match begins in so many bytes of the stream.
    passed: usize,
}

impl Search {
    fn new(needle: &[u8]) -> Self {
        Self { needle: Needle::new(needle), at: ScanPos::default(), passed: 0 }
    }
}

impl<B: StreamBufMut + Debug> Pair<B> {
    fn new(buf: B, config: BufConfig) -> Self {
        let search = Search::new(b"ab");
        Self { buf, config, bytes: Vec::new(), max_bytes: config.max_bytes, position: 0, search, views: Vec::new(), peak: 0 }
    }

    fn run(mut self, operations: &[u8]) {
        let mut u = Unstructured::new(operations);
        self.compare();
        while !u.is_empty() && self.operate(&mut u).is_ok() {
            self.compare();
        }
        let bytes = mem::take(&mut self.bytes);
        assert_eq!(self.buf.split_to(bytes.len()).expect("all bytes"), bytes[..]);
        assert!(self.buf.is_empty());
        drop(self.buf);
        self.views.iter().for_each(|(view, expected)| compare_view(view, expected));
    }

    /// What must be true after every operation.
    fn compare(&self) {
        let Self { buf, bytes, .. } = self;
        assert_eq!((buf.len(), buf.is_empty(), buf.position()), (bytes.len(), bytes.is_empty(), self.position as u64), "{buf:?}");
        assert_eq!(buf.max_bytes(), self.max_bytes);
        assert!(bytes.starts_with(buf.peek()) && buf.peek().is_empty() == bytes.is_empty(), "{buf:?}");
        compare_runs(buf.segments(), bytes);
        let capacity = buf.capacity();
        assert!(capacity >= bytes.len(), "{buf:?}");
        let bound = 4 * self.peak + self.config.segment_size.max(1024);
        assert!(capacity <= bound, "{capacity} bytes of storage, {bound} allowed: {buf:?}");
    }

    fn operate(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        match u.int_in_range(0..=21_u8)? {
            0 | 1 => self.write(u),
            2 | 3 => self.append(u),
            4 | 5 => self.reserve(u),
            6 => self.provide(u),
            7 => self.advance(u),
            8 | 9 => self.split_to(u),
            10 => self.make_contiguous(u),
            11 => self.coalesce(u),
            12 => self.change(u),
            13 => self.find(u),
            14 => self.rfind(u),
            15 => self.find_next(u),
            16 => self.read(u),
            17 => self.change_view(u),
            18 => self.read_view(u),
            19 | 20 => self.reserve_owned(u),
            _ => self.limit(u),
        }
    }

    /// Draws bytes to write, a few or many.
    fn data(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
        let len = u.int_in_range(0..=24)?;
        let times = match u.arbitrary::<u8>()? {
            0..=199 => 1,
            some @ 200..=239 => usize::from(some - 198),
            many => 64 * usize::from(many - 239),
        };
        Ok(draw::bytes(u, len, b"aab\r\n")?.repeat(times))
    }

    /// Draws a length, which mostly lies in the buffer.
    fn len(&self, u: &mut Unstructured<'_>) -> Result<usize> {
        Ok(match u.arbitrary::<u8>()? {
            few @ 0..=127 => usize::from(few),
            part @ 128..=247 => self.bytes.len() * usize::from(part - 128) / 119,
            some @ 248..=251 => self.bytes.len() + usize::from(some - 248),
            huge => usize::MAX - usize::from(huge - 252),
        })
    }

    /// Draws a needle: bytes that are there, with the last perhaps changed, or any.
    fn needle(&self, u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
        if u.arbitrary()? {
            let len = u.int_in_range(0..=4)?;
            return draw::bytes(u, len, b"ab\r\n");
        }
        let (at, len) = (self.len(u)?.min(self.bytes.len()), u.int_in_range(0..=80)?);
        let mut needle: Vec<u8> = self.bytes.iter().skip(at).take(len).copied().collect();
        if let (Some(last), true) = (needle.last_mut(), u.ratio(1, 4)?) {
            *last = b'x';
        }
        Ok(needle)
    }

    /// What becomes of `more` bytes: nothing, if there is no room.
    fn admit(&mut self, more: usize) -> std::result::Result<(), BufError> {
        let (limit, wanted) = (self.max_bytes, self.bytes.len().saturating_add(more));
        if more > 0 && wanted > limit {
            return Err(BufError::BufferTooLarge { limit, wanted });
        }
        self.peak = self.peak.max(wanted);
        Ok(())
    }

    fn is_full(&self, more: usize) -> bool {
        self.bytes.len().saturating_add(more) > LARGEST && self.max_bytes > LARGEST
    }

    fn write(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let data = Self::data(u)?;
        if self.is_full(data.len()) {
            return Ok(());
        }
        let expected = self.admit(data.len());
        assert_eq!(self.buf.write(&data), expected);
        if expected.is_ok() {
            self.bytes.extend(data);
        }
        Ok(())
    }

    fn append(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let data = Self::data(u)?;
        let (chunk, data) = match (u.int_in_range(0..=3_u8)?, self.views.last()) {
            (0, _) => (Bytes::from([&b"before"[..], &data, b"behind"].concat()).slice(6..6 + data.len()), data),
            // Bytes that a view shares, perhaps with this very buffer.
            (1, Some((view, bytes))) => (view.clone().into_bytes(), bytes.clone()),
            _ => (Bytes::from(data.clone()), data),
        };
        if self.is_full(data.len()) {
            return Ok(());
        }
        if u.arbitrary()? {
            self.keep(View::from(chunk.clone()), data.clone());
        }
        let expected = self.admit(data.len());
        assert_eq!(self.buf.append(chunk), expected);
        if expected.is_ok() {
            self.bytes.extend(data);
        }
        Ok(())
    }

    fn reserve(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let (n, up_to, then) = (self.len(u)?, u.arbitrary()?, u.int_in_range(0..=5_u8)?);
        let data = Self::data(u)?;
        if self.is_full(n) {
            return Ok(());
        }
        let room = self.max_bytes.saturating_sub(self.bytes.len());
        let lent = if up_to && room > 0 { n.min(room) } else { n };
        let expected = self.admit(lent);
        let reserved = if up_to { self.buf.reserve_up_to(n) } else { self.buf.reserve(n) };
        let mut reservation = match reserved {
            Ok(reservation) => reservation,
            Err(error) => {
                assert_eq!(Err(error), expected);
                return Ok(());
            }
        };
        assert!(expected.is_ok(), "{n} bytes lent, {expected:?}");
        assert_eq!((reservation.len(), reservation.is_empty(), reservation.as_mut_slice().len()), (lent, lent == 0, lent));
        let filled = data.len().min(lent);
        reservation.as_mut_slice()[..filled].copy_from_slice(&data[..filled]);
        match then {
            0 => {}
            1 => {
                let committed = lent.saturating_add(1);
                assert_eq!(reservation.commit(committed), Err(BufError::CommitTooLarge { reserved: lent, committed }));
            }
            _ => {
                reservation.commit(filled).expect("no more than was lent");
                self.bytes.extend(&data[..filled]);
            }
        }
        Ok(())
    }

    /// Lends storage, reads and consumes while it is out, and takes it back, or not.
    fn reserve_owned(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let n = self.len(u)?;
        if self.is_full(n) {
            return Ok(());
        }
        let expected = self.admit(n);
        let mut reservation = match self.buf.reserve_owned(n) {
            Ok(reservation) => reservation,
            Err(error) => {
                assert_eq!(Err(error), expected);
                return Ok(());
            }
        };
        assert!(expected.is_ok(), "{n} bytes lent, {expected:?}");
        assert!(reservation.storage.is_empty() && reservation.storage.capacity() >= n && reservation.reserved() == n, "{reservation:?}");
        for _ in 0..u.int_in_range(0..=3_u8)? {
            match u.int_in_range(0..=6_u8)? {
                0 => self.advance(u)?,
                1 => self.split_to(u)?,
                2 => self.make_contiguous(u)?,
                3 => self.change(u)?,
                4 => self.find(u)?,
                5 => self.read(u)?,
                _ => self.refuses_what_moves_the_end(),
            }
            self.compare();
        }
        let fate = u.int_in_range(0..=5_u8)?;
        let data = Self::data(u)?;
        let data = &data[..data.len().min(n)];
        match fate {
            0 => {
                assert_eq!((self.buf.cancel_reserve(), self.buf.cancel_reserve()), (Ok(()), Err(BufError::NoOutstandingReserve)));
                reservation.storage.extend_from_slice(data);
                let refused = self.buf.commit_owned(reservation).expect_err("it was cancelled");
                assert_eq!((refused.error, &refused.reservation.storage[..]), (BufError::NoOutstandingReserve, data));
                return Ok(());
            }
            1 if n < LARGEST => {
                reservation.storage.resize(n + 1, b'x');
                let refused = self.buf.commit_owned(reservation).expect_err("it is too much");
                assert_eq!(refused.error, BufError::CommitTooLarge { reserved: n, committed: n + 1 });
                reservation = refused.reservation;
                reservation.storage.clear();
            }
            2 => reservation.storage = BytesMut::new(),
            _ => {}
        }
        reservation.storage.extend_from_slice(data);
        self.buf.commit_owned(reservation).expect("it is out");
        self.bytes.extend(data);
        assert!(!self.buf.is_reserved());
        Ok(())
    }

    fn refuses_what_moves_the_end(&mut self) {
        assert!(self.buf.is_reserved());
        let refused = Err(BufError::OutstandingReserve);
        assert_eq!((self.buf.write(b"x"), self.buf.append(Bytes::from_static(b"x"))), (refused, refused));
        assert_eq!((self.buf.reserve(1).map(drop), self.buf.reserve_owned(1).map(drop)), (refused, refused));
    }

    /// Provides storage, and fills some of it: which takes no more.
    fn provide(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let n = self.len(u)?;
        if self.is_full(n) || n > LARGEST {
            return Ok(());
        }
        self.buf.provide(n);
        self.peak = self.peak.max(self.bytes.len() + n);
        assert!(self.buf.spare() >= n, "{n} bytes provided: {:?}", self.buf);
        let (capacity, data) = (self.buf.capacity(), vec![b'p'; n]);
        if self.admit(n).is_ok() {
            self.buf.write(&data).expect("there is room");
            self.bytes.extend(data);
            assert_eq!(self.buf.capacity(), capacity, "storage was provided: {:?}", self.buf);
        }
        Ok(())
    }

    /// The first `n` bytes, if there are as many; and that they are taken.
    fn front(&mut self, n: usize) -> std::result::Result<Vec<u8>, NeedMoreData> {
        NeedMoreData::check(self.bytes.len(), n)?;
        self.position += n;
        Ok(self.bytes.drain(..n).collect())
    }

    /// Storage that is empty, because all was consumed, is not large.
    fn released(&self, n: usize) {
        let is_drained = self.bytes.is_empty() && n > 0;
        assert!(
            !is_drained || self.buf.capacity() <= self.config.shrink_above,
            "empty, and large: {:?}, {}",
            self.buf,
            self.buf.capacity()
        );
    }

    fn advance(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let n = self.len(u)?;
        let expected = self.front(n);
        assert_eq!(self.buf.advance(n), expected.as_ref().map(drop).map_err(|short| *short));
        if expected.is_ok() {
            self.released(n);
        }
        Ok(())
    }

    fn split_to(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let n = self.len(u)?;
        match (self.buf.split_to(n), self.front(n)) {
            (Ok(view), Ok(bytes)) => {
                compare_view(&view, &bytes);
                self.released(n);
                self.keep(view, bytes);
            }
            (view, bytes) => assert_eq!(view.err(), bytes.err()),
        }
        Ok(())
    }

    fn make_contiguous(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let n = self.len(u)?;
        let (before, was) = (self.buf.peek().as_ptr(), self.buf.peek().len());
        assert_eq!(self.buf.make_contiguous(n), NeedMoreData::check(self.bytes.len(), n));
        assert!(n > self.bytes.len() || self.buf.peek().len() >= n, "{:?}", self.buf);
        assert!(was < n || self.buf.peek().as_ptr() == before, "bytes were copied that lay together");
        Ok(())
    }

    fn coalesce(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let n = self.len(u)?;
        let expected = NeedMoreData::check(self.bytes.len(), n).map(|()| &self.bytes[..n]);
        assert_eq!(self.buf.coalesce(n), expected);
        assert_eq!(read::peek_exact(&mut self.buf, n), expected);
        Ok(())
    }

    /// Changes bytes in place.
    fn change(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let n = self.len(u)?;
        match self.buf.contiguous_mut(n) {
            Ok(bytes) => {
                assert_eq!(bytes, &self.bytes[..n]);
                let to = u.choose(b"ab\rx")?;
                bytes.iter_mut().chain(&mut self.bytes[..n]).for_each(|byte| *byte = (*byte).max(*to));
            }
            Err(short) => assert_eq!(NeedMoreData::check(self.bytes.len(), n), Err(short)),
        }
        Ok(())
    }

    /// Draws a range, and clamps it.
    #[allow(clippy::type_complexity)]
    fn range(&self, u: &mut Unstructured<'_>) -> Result<(std::ops::Range<usize>, std::ops::Range<usize>)> {
        let (start, end) = (self.len(u)?, self.len(u)?);
        let clamped = start.min(self.bytes.len());
        Ok((start..end, clamped..end.min(self.bytes.len()).max(clamped)))
    }

    fn find(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let (needle, (range, clamped)) = (self.needle(u)?, self.range(u)?);
        let start = clamped.start;
        let expected = position(&self.bytes[clamped], &needle).map(|at| start + at);
        assert_eq!(
            self.buf.find(&Needle::new(&needle), range.clone()),
            expected,
            "{} in {range:?} of {:?}",
            needle.escape_ascii(),
            self.buf
        );
        Ok(())
    }

    fn rfind(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let (needle, (range, clamped)) = (self.needle(u)?, self.range(u)?);
        let start = clamped.start;
        let searched = &self.bytes[clamped];
        let expected = (0..=searched.len()).rev().find(|at| searched[*at..].starts_with(&needle)).map(|at| start + at);
        assert_eq!(
            self.buf.rfind(&Needle::new(&needle), range.clone()),
            expected,
            "{} in {range:?} of {:?}",
            needle.escape_ascii(),
            self.buf
        );
        Ok(())
    }

    /// Goes on with the search of the stream, or starts another.
    fn find_next(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if u.ratio(1, 4)? {
            self.search = Search::new(&self.needle(u)?);
        }
        let Search { needle, at, passed } = &mut self.search;
        let from = passed.saturating_sub(self.position).min(self.bytes.len());
        let expected = position(&self.bytes[from..], needle.as_bytes()).map(|at| from + at);
        assert_eq!(find_next(&self.buf, needle, at), expected, "{needle:?} from {from} of {:?}", self.buf);
        let may_begin = needle.as_bytes().len().saturating_sub(1);
        *passed = self.position + expected.unwrap_or(self.bytes.len().saturating_sub(may_begin).max(from));
        Ok(())
    }

    /// Reads numbers.
    fn read(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        macro_rules! check {
            ($peek:ident $read:ident) => {{
                let mut bytes = &self.bytes[..];
                assert_eq!(read::$peek(&self.buf), read::$peek(&bytes));
                assert_eq!(read::$read(&mut self.buf), read::$read(&mut bytes));
                let read = self.bytes.len() - bytes.len();
                self.position += read;
                self.bytes.drain(..read);
            }};
        }
        match u.int_in_range(0..=6_u8)? {
            0 => check!(peek_u8 read_u8),
            1 => check!(peek_u16_be read_u16_be),
            2 => check!(peek_i24_le read_i24_le),
            3 => check!(peek_u32_le read_u32_le),
            4 => check!(peek_i64_be read_i64_be),
            5 => {
                let n = self.len(u)?;
                assert_eq!(read::take(&mut self.buf, n).map(|view| view.to_vec()), self.front(n));
            }
            _ => {
                let n = self.len(u)?;
                assert_eq!(read::read_bytes(&mut self.buf, n).map(|bytes| bytes.to_vec()), self.front(n));
            }
        }
        Ok(())
    }

    fn keep(&mut self, view: View, bytes: Vec<u8>) {
        if self.views.len() == VIEWS {
            self.views.remove(0);
        }
        self.views.push((view, bytes));
    }

    /// Makes another view of a view.
    fn change_view(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if self.views.is_empty() {
            return Ok(());
        }
        let (view, bytes) = self.views.swap_remove(u.choose_index(self.views.len())?);
        let len = match u.arbitrary::<u8>()? {
            few @ 0..=127 => few.into(),
            part => bytes.len() * usize::from(part - 128) / 127,
        };
        let end = len.min(bytes.len());
        let (mut left, mut left_bytes) = (view.clone(), bytes.clone());
        match u.int_in_range(0..=4_u8)? {
            0 => left = view.clone().compact(),
            1 if bytes.len() % 2 == 0 => left = View::copy_from_slice(&view.to_vec()),
            1 => left = View::from(view.clone().into_bytes()),
            2 => {
                left.truncate(len);
                left_bytes.truncate(len);
            }
            3 => {
                left.advance(end);
                left_bytes.drain(..end);
            }
            _ => {
                left = View::from(left.copy_to_bytes(end));
                left_bytes.truncate(end);
            }
        }
        compare_view(&left, &left_bytes);
        self.keep(view, bytes);
        self.keep(left, left_bytes);
        Ok(())
    }

    /// Looks at two views.
    fn read_view(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if self.views.is_empty() {
            return Ok(());
        }
        let (view, bytes) = u.choose(&self.views)?;
        let (other, other_bytes) = u.choose(&self.views)?;
        compare_view(view, bytes);
        assert_eq!(view == other, bytes == other_bytes);
        Ok(())
    }

    fn limit(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        self.max_bytes = draw::limit(u, BufConfig::DEFAULT.max_bytes)?;
        self.buf.set_max_bytes(self.max_bytes);
        Ok(())
    }
}

fn position(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    (0..=bytes.len()).find(|at| bytes[*at..].starts_with(needle))
}

/// Runs are the bytes, from either end, and none is empty.
fn compare_runs<'a>(runs: impl DoubleEndedIterator<Item = &'a [u8]> + ExactSizeIterator + Clone, bytes: &[u8]) {
    let (mut forward, mut backward, count) = (0, bytes.len(), runs.len());
    let mut seen = 0;
    for run in runs.clone() {
        assert!(!run.is_empty() && bytes[forward..].starts_with(run), "a run at {forward}");
        (forward, seen) = (forward + run.len(), seen + 1);
    }
    assert_eq!((forward, seen), (bytes.len(), count));
    for run in runs.rev() {
        assert!(!run.is_empty() && bytes[..backward].ends_with(run), "a run that ends at {backward}");
        backward -= run.len();
    }
    assert_eq!(backward, 0);
}

fn compare_view(view: &View, bytes: &[u8]) {
    assert_eq!((view.len(), view.is_empty(), view.remaining()), (bytes.len(), bytes.is_empty(), bytes.len()));
    assert!(*view == *bytes && bytes.starts_with(view.peek()) && view.peek() == view.chunk(), "{view:?}");
    assert!(view.chunk().is_empty() == bytes.is_empty(), "{view:?}");
    compare_runs(view.segments(), bytes);
}
