//! Bytes on their own: `View` and `DirectBuf`. SPEC.md, clauses BF-22 to BF-24.

use bytes::{Buf, Bytes};
use core::ops::Range;
use framewright::buf::{BufConfig, DirectBuf, LinearBuf, Needle, ScanPos, SegmentedBuf, StreamBuf, StreamBufMut, View, find_next};
use framewright::{NeedMoreData, read};
use quickcheck::{Arbitrary, Gen, QuickCheck};

/// Every short view is shared, and every chunk is a segment.
const SHARING: BufConfig = BufConfig { merge_below: 1, copy_out_below: 0, max_amplification: usize::MAX, ..BufConfig::DEFAULT };

/// Makes a view whose seams are where those of `runs` are.
fn view_of<R: AsRef<[u8]>>(runs: &[R]) -> View {
    let mut buf = SegmentedBuf::with_config(SHARING);
    for run in runs {
        buf.append(Bytes::copy_from_slice(run.as_ref())).unwrap();
    }
    let view = buf.split_to(buf.len()).unwrap();
    assert!(view.segments().eq(runs.iter().map(AsRef::as_ref)));
    view
}

/// Some bytes, and views of them with other seams.
fn seamed() -> (&'static [u8], Vec<View>) {
    let whole = b"aabab\r\nabaaabb\r\n\r\nab";
    let ends: [&[usize]; 6] = [&[], &[1], &[19], &[3, 4, 5, 6, 7], &[6, 15, 17], &[2, 9, 16]];
    let views = ends.into_iter().map(|ends| {
        let cuts = [&[0], ends, &[whole.len()]].concat();
        view_of(&cuts.windows(2).map(|cut| &whole[cut[0]..cut[1]]).collect::<Vec<_>>())
    });
    (whole, views.chain([view_of(&whole.iter().map(core::slice::from_ref).collect::<Vec<_>>())]).collect())
}

/// Chunks long enough to be shared by a buffer with the default thresholds, a view of which they are the segments.
fn shared() -> (Vec<Bytes>, View) {
    let chunks: Vec<Bytes> = (0..5_u8).map(|n| Bytes::from(vec![b'a' + n; 1024 + usize::from(n)])).collect();
    let mut buf = SegmentedBuf::new();
    for chunk in &chunks {
        buf.append(chunk.clone()).unwrap();
    }
    let view = buf.split_to(buf.len()).unwrap();
    (chunks, view)
}

fn lies_in(part: &[u8], whole: &[u8]) -> bool {
    whole.as_ptr() <= part.as_ptr() && part.as_ptr_range().end <= whole.as_ptr_range().end
}

/// Every pair of bounds, inverted ones and ones behind the end too.
fn ranges(len: usize) -> impl Iterator<Item = Range<usize>> {
    let bounds = move || (0..len + 2).chain([usize::MAX]);
    bounds().flat_map(move |start| bounds().map(move |end| start..end))
}

/// What can be called of a buffer that nothing is added to.
#[derive(Clone, Copy, Debug)]
enum Call {
    Advance(usize),
    SplitTo(usize),
    MakeContiguous(usize),
    Coalesce(usize),
    Find { needle: &'static [u8], start: usize, end: usize },
    FindNext(&'static [u8]),
    PeekNumber,
    ReadNumber,
    Take(usize),
}

#[derive(Clone, Debug)]
struct Calls(Vec<Call>);

impl Arbitrary for Calls {
    fn arbitrary(g: &mut Gen) -> Self {
        let lengths = [0, 1, 2, 3, 5, 8, 13, 200, usize::MAX];
        let needles = [&b""[..], b"a", b"\n", b"\r\n", b"aba", b"\r\n\r\n"];
        let call = |g: &mut Gen| {
            let (n, m) = (*g.choose(&lengths).unwrap(), *g.choose(&lengths).unwrap());
            let needle = *g.choose(&needles).unwrap();
            match u8::arbitrary(g) % 9 {
                0 => Call::Advance(n),
                1 => Call::SplitTo(n),
                2 => Call::MakeContiguous(n),
                3 => Call::Coalesce(n),
                4 => Call::Find { needle, start: n, end: m },
                5 => Call::FindNext(needle),
                6 => Call::PeekNumber,
                7 => Call::ReadNumber,
                _ => Call::Take(n),
            }
        };
        Self((0..usize::arbitrary(g) % 30).map(|_| call(g)).collect())
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        Box::new((0..self.0.len()).rev().map({
            let calls = self.0.clone();
            move |n| Self(calls[..n].to_vec())
        }))
    }
}

/// What a call gives, and what can be seen then.
fn says<B: StreamBuf>(buf: &mut B, at: &mut ScanPos, call: Call) -> String {
    let said = match call {
        Call::Advance(n) => format!("{:?}", buf.advance(n)),
        Call::SplitTo(n) => format!("{:?}", buf.split_to(n)),
        Call::MakeContiguous(n) => format!("{:?}", buf.make_contiguous(n)),
        Call::Coalesce(n) => format!("{:?}", buf.coalesce(n)),
        Call::Find { needle, start, end } => {
            format!("{:?}", (buf.find(&Needle::new(needle), start..end), buf.rfind(&Needle::new(needle), start..end)))
        }
        Call::FindNext(needle) => format!("{:?} {at:?}", find_next(buf, &Needle::new(needle), at)),
        Call::PeekNumber => format!("{:?}", (read::peek_u8(buf), read::peek_u16_le(buf), read::peek_u64_be(buf))),
        Call::ReadNumber => format!("{:?}", (read::read_u8(buf), read::read_u16_le(buf), read::read_u32_be(buf))),
        Call::Take(n) => format!("{:?}", (read::peek_exact(buf, n).map(<[u8]>::to_vec), read::take(buf, n), read::read_bytes(buf, n))),
    };
    let runs: Vec<&[u8]> = buf.segments().collect();
    format!("{said}; {} {} {} {:?} {runs:?}", buf.len(), buf.is_empty(), buf.position(), buf.peek())
}

#[test]
fn bf_22_a_direct_buffer_reads_as_one_that_was_written() {
    fn same(bytes: Vec<u8>, Calls(calls): Calls) {
        let bytes: Vec<u8> = bytes.into_iter().map(|byte| b"ab\r\n"[usize::from(byte % 4)]).collect();
        let mut written = LinearBuf::new();
        written.write(&bytes).unwrap();
        let mut direct = DirectBuf::new(&bytes);
        let (mut at, mut at_direct) = (ScanPos::default(), ScanPos::default());
        for call in calls {
            assert_eq!(says(&mut direct, &mut at_direct, call), says(&mut written, &mut at, call), "{call:?}");
        }
    }
    let rounds = if std::env::var_os("FRAMEWRIGHT_QUICK").is_some() { 100 } else { 2000 };
    let checked = QuickCheck::new().rng(Gen::from_size_and_seed(60, 22)).tests(rounds).quicktest(same as fn(_, _));
    assert!(checked.is_ok(), "{checked:?}");
}

#[test]
fn bf_22_a_direct_buffer_copies_nothing_and_keeps_its_bytes_where_they_are() {
    let bytes = b"0123456789".to_vec();
    let mut direct = DirectBuf::new(&bytes);
    assert_eq!((direct.peek().as_ptr(), direct.segments().len(), direct.capacity()), (bytes.as_ptr(), 1, 0));
    direct.make_contiguous(10).unwrap();
    assert_eq!(direct.coalesce(7).unwrap().as_ptr(), bytes.as_ptr());
    let mut other = direct; // a place of its own
    direct.advance(4).unwrap();
    assert!(lies_in(direct.peek(), &bytes) && direct.peek() == b"456789");
    let view = direct.split_to(3).unwrap();
    assert!(view == b"456" && !lies_in(view.peek(), &bytes), "a view owns its bytes");
    assert_eq!((direct.position(), other.position(), other.len()), (7, 0, 10));
    // What it shows outlives it.
    let rest = direct.as_slice();
    other = DirectBuf::default();
    assert_eq!((rest, other.len(), other.peek()), (&b"789"[..], 0, &b""[..]));
    assert_eq!((other.advance(1), direct.advance(4)), (Err(NeedMoreData::ONE), Err(NeedMoreData::ONE)));
    let dynamic: &mut dyn StreamBuf = &mut direct;
    assert_eq!(dynamic.split_to(3).unwrap(), b"789");
}

#[test]
fn bf_23_a_part_of_a_view_is_the_bytes_of_the_range() {
    let (whole, views) = seamed();
    for view in &views {
        for range in ranges(whole.len()) {
            let (found, expected) = (view.get(range.clone()), whole.get(range.clone()));
            assert_eq!(found.as_ref().map(View::to_vec).as_deref(), expected, "{range:?} of {view:?}");
            let Some(part) = found else { continue };
            assert_eq!((part.len(), part.is_empty()), (range.len(), range.is_empty()), "{range:?} of {view:?}");
            assert!(part.segments().all(|run| !run.is_empty()), "{range:?} of {view:?}");
            assert_eq!((&part, part.peek().is_empty()), (&View::copy_from_slice(&whole[range.clone()]), range.is_empty()));
        }
    }
    assert_eq!((View::default().get(0..0), View::default().get(0..1)), (Some(View::default()), None));
}

#[test]
fn bf_23_a_part_of_a_view_is_shared() {
    let (chunks, view) = shared();
    let starts: Vec<usize> = chunks.iter().scan(0, |at, chunk| Some(core::mem::replace(at, *at + chunk.len()))).collect();
    for (from, to) in [(0, view.len()), (1, 2), (1023, 1025), (1024, 2049), (500, 4000), (4103, view.len())] {
        let part = view.get(from..to).unwrap();
        let mut at = from;
        for run in part.segments() {
            let chunk = starts.iter().rposition(|start| *start <= at).unwrap();
            assert_eq!(run.as_ptr(), chunks[chunk][at - starts[chunk]..].as_ptr(), "{from}..{to}, at {at}");
            at += run.len();
        }
        assert_eq!(at, to);
        // A part of a part, and the bytes of either, go on when the view is gone.
        let inner = part.get(0..1).unwrap();
        drop(part);
        assert_eq!(inner.peek().as_ptr(), view.get(from..to).unwrap().peek().as_ptr());
    }
}

#[test]
fn bf_23_a_view_is_searched_as_a_buffer() {
    let (whole, views) = seamed();
    let needles =
        [&b""[..], b"a", b"\n", b"ab", b"\r\n", b"aba", b"\r\n\r\n", b"aabab\r\nabaaabb\r\n\r\nab", b"aabab\r\nabaaabb\r\n\r\nabx", b"z"];
    for view in &views {
        for needle in needles {
            let prepared = Needle::new(needle);
            for range in ranges(whole.len()) {
                let buf = DirectBuf::new(whole);
                assert_eq!(
                    view.find(&prepared, range.clone()),
                    buf.find(&prepared, range.clone()),
                    "{prepared:?} in {range:?} of {view:?}"
                );
                assert_eq!(
                    view.rfind(&prepared, range.clone()),
                    buf.rfind(&prepared, range.clone()),
                    "{prepared:?} in {range:?} of {view:?}"
                );
            }
            let places: Vec<usize> = (0..=whole.len()).filter(|at| whole[*at..].starts_with(needle)).collect();
            let found = (view.find(&prepared, 0..whole.len()), view.rfind(&prepared, 0..whole.len()));
            assert_eq!(found, (places.first().copied(), places.last().copied()), "{prepared:?} in {view:?}");
        }
    }
    // The two together: the words of a view.
    let (colon, view) = (Needle::new(b": "), view_of(&["na", "me:", " ", "val", "ue"]));
    let at = view.find(&colon, 0..view.len()).unwrap();
    assert_eq!((view.get(0..at).unwrap(), view.get(at + 2..view.len()).unwrap()), (view_of(&["name"]), view_of(&["value"])));
}

#[test]
fn bf_24_a_view_gives_its_bytes_in_order() {
    let (whole, views) = seamed();
    for view in &views {
        for first in 0..=whole.len() {
            for second in 0..=whole.len() - first {
                let mut rest = view.clone();
                rest.advance(first);
                rest.advance(second);
                let left = &whole[first + second..];
                assert_eq!((rest.remaining(), rest.has_remaining(), rest == *left), (left.len(), !left.is_empty(), true), "{view:?}");
                assert!(left.starts_with(rest.chunk()) && rest.chunk().is_empty() == left.is_empty(), "{view:?}");
                assert!(rest.segments().all(|run| !run.is_empty()), "{view:?}");
            }
            let mut rest = view.clone();
            assert_eq!(rest.copy_to_bytes(first), whole[..first], "{view:?}");
            assert_eq!(rest.copy_to_bytes(whole.len() - first), whole[first..], "{view:?}");
            let mut taken = vec![0; first];
            view.clone().copy_to_slice(&mut taken);
            assert_eq!(taken, whole[..first], "{view:?}");
        }
        let mut numbers = view.clone();
        assert_eq!((numbers.get_u16(), numbers.get_u32_le(), numbers.get_u8()), (0x6161, 0x0d62_6162, b'\n'), "{view:?}");
        assert_eq!(numbers.get_u64(), u64::from_be_bytes(*b"abaaabb\r"), "{view:?}");
        let mut joined = Vec::new();
        let mut chain = view.clone().take(5).chain(&b"|"[..]);
        while chain.has_remaining() {
            let run = chain.chunk().to_vec();
            chain.advance(run.len());
            joined.extend(run);
        }
        assert_eq!(joined, b"aabab|", "{view:?}");
    }
}

#[test]
#[should_panic(expected = "cannot advance past `remaining`")]
fn bf_24_no_more_than_there_is_can_be_taken() {
    view_of(&["ab", "cd"]).advance(5);
}

#[cfg(feature = "std")]
#[test]
fn bf_24_each_run_is_a_vectored_chunk() {
    use std::io::IoSlice;

    let (chunks, mut view) = shared();
    for room in 0..8 {
        let mut slices = [IoSlice::new(b"untouched"); 8];
        let filled = view.chunks_vectored(&mut slices[..room]);
        assert_eq!(filled, room.min(5));
        for (slice, chunk) in slices.iter().zip(&chunks[..filled]) {
            assert_eq!((slice.as_ptr(), slice.len()), (chunk.as_ptr(), chunk.len()));
        }
        assert!(slices[filled..].iter().all(|slice| **slice == *b"untouched"));
    }
    view.advance(1024 + 5);
    let mut slices = [IoSlice::new(&[]); 8];
    assert_eq!(view.chunks_vectored(&mut slices), 4);
    assert_eq!((slices[0].as_ptr(), slices[3].len()), (chunks[1][5..].as_ptr(), 1028));
    view.advance(view.remaining());
    let (none, mut slices) = (View::default(), [IoSlice::new(&[]); 8]);
    assert_eq!((view.chunks_vectored(&mut slices), none.chunks_vectored(&mut slices)), (0, 0), "no empty chunk");
}

/// A view of one segment is `Bytes` already.
#[test]
fn bf_24_one_segment_becomes_bytes_where_it_is() {
    let (chunks, view) = shared();
    let all: Vec<u8> = chunks.concat();
    let last = chunks.last().unwrap();
    let one = view.get(view.len() - last.len()..view.len()).unwrap();
    assert_eq!(one.clone().into_bytes().as_ptr(), last.as_ptr());
    assert_eq!(Bytes::from(one).as_ptr(), last.as_ptr());
    assert_eq!(View::from(last.clone()).into_bytes().as_ptr(), last.as_ptr());
    // One of many, when the others have been taken off its front.
    let mut rest = view.clone();
    rest.advance(all.len() - 100);
    let place = rest.peek().as_ptr();
    assert_eq!((rest.segments().len(), rest.into_bytes().as_ptr()), (1, place));
    assert!(last.as_ptr_range().contains(&place));

    assert_eq!(view.segments().len(), 5);
    assert!(view.clone().into_bytes() == all && Bytes::from(view) == all, "many are joined");
}

#[test]
fn bf_24_a_compact_view_takes_what_it_shows() {
    let (chunks, view) = shared();
    let all = chunks.concat();
    for (from, to) in [(0, 1), (10, 20), (1000, 1100), (0, all.len())] {
        let compact = view.get(from..to).unwrap().compact();
        assert!(compact == all[from..to] && compact.segments().len() == 1, "{from}..{to}");
        assert!(!chunks.iter().any(|chunk| lies_in(compact.peek(), chunk)), "{from}..{to}");
        let owned = compact.into_bytes().try_into_mut().expect("nobody else holds it");
        assert_eq!((owned.len(), owned.capacity()), (to - from, to - from), "{from}..{to}");
    }
}
