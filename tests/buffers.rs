//! What the buffers do: SPEC.md, clauses BF-1 to BF-18. What they cost is in `memory.rs`.

use bytes::{Buf, Bytes};
use core::mem;
use core::ops::Range;
use framewright::buf::{BufConfig, LinearBuf, Needle, ScanPos, SegmentedBuf, Segments, StreamBuf, StreamBufMut, View, find_next};
use framewright::{BufError, NeedMoreData};
use quickcheck::{Arbitrary, Gen, QuickCheck, Testable};
use std::cell::Cell;

/// A seam every few bytes.
const TINY: BufConfig = BufConfig { segment_size: 3, merge_below: 2, copy_out_below: 2, ..BufConfig::DEFAULT };

/// Makes an empty buffer of each kind, for at most `max_bytes`.
fn each(max_bytes: usize) -> [(&'static str, Box<dyn StreamBufMut>); 3] {
    let default = BufConfig { max_bytes, ..BufConfig::DEFAULT };
    let tiny = BufConfig { max_bytes, ..TINY };
    [
        ("LinearBuf", Box::new(LinearBuf::with_config(default))),
        ("SegmentedBuf", Box::new(SegmentedBuf::with_config(default))),
        ("tiny SegmentedBuf", Box::new(SegmentedBuf::with_config(tiny))),
    ]
}

/// Makes a buffer whose seams are where those of `runs` are.
fn of_runs<R: AsRef<[u8]>>(runs: &[R]) -> SegmentedBuf {
    let mut buf = SegmentedBuf::with_config(BufConfig { merge_below: 1, ..BufConfig::DEFAULT });
    for run in runs {
        buf.append(Bytes::copy_from_slice(run.as_ref())).unwrap();
    }
    buf
}

/// Everything that can be seen of a buffer.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    bytes: Vec<u8>,
    len: usize,
    position: u64,
}

fn look<B: StreamBuf + ?Sized>(buf: &B) -> Seen {
    Seen { bytes: joined(buf.segments()), len: buf.len(), position: buf.position() }
}

fn joined(runs: Segments<'_>) -> Vec<u8> {
    runs.flatten().copied().collect()
}

fn runs_of<B: StreamBuf + ?Sized>(buf: &B) -> Vec<&[u8]> {
    buf.segments().collect()
}

fn missing(result: Result<(), NeedMoreData>) -> Option<usize> {
    result.err().map(|short| short.missing.get())
}

fn put(buf: &mut dyn StreamBufMut, bytes: &[u8]) {
    let mut reservation = buf.reserve(bytes.len()).unwrap();
    reservation.as_mut_slice().copy_from_slice(bytes);
    reservation.commit(bytes.len()).unwrap();
}

#[test]
fn bf_1_what_was_put_in_and_not_taken_is_seen() {
    for (kind, mut buf) in each(100) {
        buf.write(b"one,").unwrap();
        buf.append(Bytes::from_static(b"two,")).unwrap();
        put(&mut *buf, b"three,");
        let mut reservation = buf.reserve_up_to(1000).unwrap();
        reservation.as_mut_slice()[..9].copy_from_slice(b"four,junk");
        reservation.commit(5).unwrap();
        assert_eq!(look(&*buf), Seen { bytes: b"one,two,three,four,".to_vec(), len: 19, position: 0 }, "{kind}");

        buf.advance(2).unwrap();
        assert_eq!(buf.split_to(4).unwrap(), b"e,tw", "{kind}");
        assert_eq!(look(&*buf), Seen { bytes: b"o,three,four,".to_vec(), len: 13, position: 6 }, "{kind}");
        assert!(!buf.is_empty() && joined(buf.segments()).starts_with(buf.peek()), "{kind}");
        assert_eq!(buf.find(&Needle::new(b"four"), 0..13), Some(8), "{kind}");
        assert_eq!(buf.find(&Needle::new(b"junk"), 0..usize::MAX), None, "{kind}");

        buf.advance(13).unwrap();
        assert_eq!((look(&*buf), buf.is_empty()), (Seen { bytes: Vec::new(), len: 0, position: 19 }, true), "{kind}");
    }
}

#[test]
fn bf_2_no_run_is_empty() {
    for (kind, mut buf) in each(100) {
        assert_eq!((buf.peek(), buf.segments().len()), (&b""[..], 0), "{kind}");
        for bytes in [&b""[..], b"ab", b"", b"cdefg", b""] {
            buf.write(bytes).unwrap();
            buf.append(Bytes::copy_from_slice(bytes)).unwrap();
            put(&mut *buf, bytes);
            buf.reserve(10).unwrap().commit(0).unwrap();
            buf.make_contiguous(0).unwrap();
            assert!(buf.split_to(0).unwrap().is_empty());
        }
        while !buf.is_empty() {
            assert!(!buf.peek().is_empty(), "{kind}: {:?}", runs_of(&*buf));
            assert_eq!(buf.segments().count(), buf.segments().len(), "{kind}: an empty run ends them early");
            buf.advance(1).unwrap();
        }
        assert_eq!((buf.peek(), buf.segments().next()), (&b""[..], None), "{kind}");
    }
}

#[test]
fn bf_2_an_empty_chunk_is_no_run_even_where_nothing_is_merged() {
    let mut buf = SegmentedBuf::with_config(BufConfig { merge_below: 0, ..BufConfig::DEFAULT });
    for chunk in ["", "a", "", "b"] {
        buf.append(Bytes::from_static(chunk.as_bytes())).unwrap();
    }
    assert_eq!((buf.len(), buf.peek(), runs_of(&buf)), (2, &b"a"[..], vec![&b"a"[..], b"b"]));
}

#[test]
fn bf_2_runs_are_counted_and_come_from_both_ends() {
    let mut buf = of_runs(&["ab", "c", "def"]);
    buf.write(b"tail").unwrap();
    let expected = [&b"ab"[..], b"c", b"def", b"tail"];
    let mut backwards: Vec<_> = buf.segments().rev().collect();
    backwards.reverse();
    assert_eq!((runs_of(&buf), backwards), (expected.to_vec(), expected.to_vec()));
    let mut runs = buf.segments();
    let met: Vec<_> = core::iter::from_fn(|| Some((runs.len(), runs.next()?, runs.next_back()?))).collect();
    assert_eq!(met, [(4, expected[0], expected[3]), (2, expected[1], expected[2])]);
    assert_eq!((runs.len(), runs.next(), runs.next_back()), (0, None, None));

    let view = buf.split_to(5).unwrap();
    assert_eq!(view.segments().rev().collect::<Vec<_>>(), [&b"de"[..], b"c", b"ab"]);
    assert_eq!((view.segments().len(), View::default().segments().len()), (3, 0));
}

#[test]
fn bf_3_consuming_past_the_end_changes_nothing() {
    for (kind, mut buf) in each(100) {
        buf.write(b"..abcde").unwrap();
        buf.advance(2).unwrap();
        let before = look(&*buf);
        for (n, lacking) in [(6, 1), (7, 2), (1005, 1000), (usize::MAX, usize::MAX - 5)] {
            let fails = [
                missing(buf.advance(n)),
                missing(buf.split_to(n).map(drop)),
                missing(buf.make_contiguous(n)),
                missing(buf.coalesce(n).map(drop)),
                missing(buf.contiguous_mut(n).map(drop)),
            ];
            assert_eq!(fails, [Some(lacking); 5], "{kind}");
            assert_eq!(look(&*buf), before, "{kind}");
        }
        buf.advance(5).unwrap();
        assert_eq!((missing(buf.advance(1)), missing(buf.advance(0))), (Some(1), None), "{kind}");
    }
}

#[test]
fn bf_4_a_view_keeps_its_bytes() {
    for (kind, mut buf) in each(100_000) {
        let mut kept: Vec<(View, Vec<u8>)> = Vec::new();
        for (round, len) in [1, 2, 3, 4, 255, 256, 257, 1024, 5000].into_iter().cycle().take(40).enumerate() {
            let bytes = noise(round as u64 * 10_000, len + 1);
            match round % 3 {
                0 => buf.write(&bytes).unwrap(),
                1 => buf.append(Bytes::from(bytes.clone())).unwrap(),
                _ => put(&mut *buf, &bytes),
            }
            let view = buf.split_to(len).unwrap();
            kept.push((view.clone(), bytes[..len].to_vec()));
            kept.push((view.compact(), bytes[..len].to_vec()));
            buf.contiguous_mut(1).unwrap().fill(b'!');
            buf.advance(1).unwrap();
        }
        buf.write(&vec![b'!'; 50_000]).unwrap();
        drop(buf);
        for (view, bytes) in kept {
            assert_eq!(view, bytes[..], "{kind}");
            assert_eq!((view.len(), view.to_vec(), joined(view.segments())), (bytes.len(), bytes.clone(), bytes.clone()), "{kind}");
            assert_eq!(view.into_bytes(), bytes, "{kind}");
        }
    }
}

#[test]
fn bf_4_a_view_of_many_runs_reads_like_one() {
    let whole = b"abcdefghij";
    let view = of_runs(&["a", "bcd", "ef", "ghij"]).split_to(10).unwrap();
    assert_eq!(view.segments().len(), 4);
    for n in 0..=10 {
        let mut shorter = view.clone();
        shorter.truncate(n);
        assert_eq!(shorter, whole[..n]);
        assert_eq!((shorter.len(), shorter.is_empty(), shorter.segments().len()), (n, n == 0, shorter.segments().count()));

        let mut rest = view.clone();
        rest.advance(n);
        assert_eq!(rest, whole[n..]);
        assert_eq!((rest.remaining(), rest.has_remaining(), rest.segments().len()), (10 - n, n < 10, rest.segments().count()));
        assert_eq!((rest.chunk().is_empty(), rest.chunk()), (n == 10, rest.peek()));
        assert_eq!((rest.copy_to_bytes(10 - n), rest.remaining()), (Bytes::from_static(&whole[n..]), 0));
    }
    let mut longer = view.clone();
    longer.truncate(11);
    assert_eq!((longer, view == whole[..9], view == *b"abcdefghiJ"), (view.clone(), false, false));
    assert_eq!(format!("{view:?}"), r#"View["a", "bcd", "ef", "ghij"]"#);
}

#[test]
#[should_panic(expected = "cannot advance past `remaining`")]
fn bf_4_advancing_a_view_past_its_end_panics_as_its_trait_demands() {
    of_runs(&["ab", "cd"]).split_to(4).unwrap().advance(5);
}

#[test]
fn bf_5_joining_runs_consumes_nothing() {
    for n in 0..=9 {
        let mut buf = of_runs(&["ab", "c", "def", "ghi"]);
        let before = look(&buf);
        buf.make_contiguous(n).unwrap();
        assert_eq!((look(&buf), &buf.peek()[..n]), (before, &b"abcdefghi"[..n]), "{n}");
        assert_eq!(buf.segments().count(), buf.segments().len(), "{n}: an empty run ends them early");

        let place = buf.peek().as_ptr();
        for again in 0..=n {
            assert_eq!(buf.coalesce(again).unwrap().len(), again);
            assert_eq!(buf.peek().as_ptr(), place, "{n}, then {again}: what was one run has moved");
        }
        buf.write(b"jk").unwrap();
        assert_eq!(buf.split_to(11).unwrap(), b"abcdefghijk");
    }
}

#[test]
fn bf_5_one_run_stays_where_it_is() {
    for (kind, mut buf) in each(1 << 20) {
        let chunk = vec![b'x'; if kind.starts_with("tiny") { 3 } else { 3000 }];
        for (what, n) in [("written", chunk.len()), ("what is left of it", chunk.len() - 1)] {
            if what == "written" {
                buf.write(&chunk).unwrap();
            } else {
                buf.advance(1).unwrap();
            }
            let place = buf.peek().as_ptr();
            buf.make_contiguous(n).unwrap();
            assert_eq!(buf.contiguous_mut(n).unwrap().as_ptr(), place, "{kind}: {what}");
            assert_eq!(buf.coalesce(n).unwrap().as_ptr(), place, "{kind}: {what}");
        }
    }
}

/// Finds by comparing everywhere.
fn find_slowly(bytes: &[u8], needle: &[u8], range: Range<usize>) -> Option<usize> {
    places(bytes, needle, range).next()
}

fn rfind_slowly(bytes: &[u8], needle: &[u8], range: Range<usize>) -> Option<usize> {
    places(bytes, needle, range).last()
}

/// Where `needle` lies inside the range, which is clamped to the bytes.
fn places(bytes: &[u8], needle: &[u8], range: Range<usize>) -> impl Iterator<Item = usize> {
    let start = range.start.min(bytes.len());
    let end = range.end.clamp(start, bytes.len());
    (start..=end).filter(move |at| bytes[*at..end].starts_with(needle))
}

#[test]
fn bf_6_an_earlier_match_across_a_seam_wins() {
    let buf = of_runs(&["xa", "aa"]);
    assert_eq!(buf.find(&Needle::new(b"aa"), 0..4), Some(1)); // 2 in the original
    let buf = of_runs(&["aa", "ax"]);
    assert_eq!(buf.rfind(&Needle::new(b"aa"), 0..4), Some(1));
    let buf = of_runs(&["xa", "bab"]);
    assert_eq!((buf.find(&Needle::new(b"ab"), 0..5), buf.rfind(&Needle::new(b"ab"), 0..5)), (Some(1), Some(3)));
}

#[test]
fn bf_6_a_bounded_search_sees_matches_across_seams() {
    let buf = of_runs(&["..a", "b", "c.."]); // "abc" is at 2
    for (range, found) in [(0..7, Some(2)), (2..5, Some(2)), (2..4, None), (3..5, None), (1..5, Some(2)), (2..6, Some(2)), (0..4, None)] {
        assert_eq!(buf.find(&Needle::new(b"abc"), range.clone()), found, "find in {range:?}");
        assert_eq!(buf.rfind(&Needle::new(b"abc"), range.clone()), found, "rfind in {range:?}");
    }
}

#[test]
fn bf_6_every_short_search_finds_what_comparing_finds() {
    let len: usize = if is_quick() { 4 } else { 5 };
    let needles: Vec<Vec<u8>> = (1..=4).flat_map(words).collect();
    for bytes in words(len) {
        for seams in 0..1 << (len - 1) {
            let buf = of_runs(&cut(&bytes, |at| seams & (1 << (at - 1)) != 0));
            for needle in &needles {
                let prepared = Needle::new(needle);
                for range in (0..=len).flat_map(|start| (start..=len).map(move |end| start..end)) {
                    let found = (buf.find(&prepared, range.clone()), buf.rfind(&prepared, range.clone()));
                    let expected = (find_slowly(&bytes, needle, range.clone()), rfind_slowly(&bytes, needle, range.clone()));
                    assert_eq!(found, expected, "{prepared:?} in {range:?} of {:?}", runs_of(&buf));
                }
            }
        }
    }
}

/// All strings of `len` letters, of which there are two.
fn words(len: usize) -> impl Iterator<Item = Vec<u8>> {
    (0..1 << len).map(move |bits: u32| (0..len).map(|at| if bits & (1 << at) == 0 { b'a' } else { b'b' }).collect())
}

/// Cuts bytes in front of each offset that `is_seam` says.
fn cut(bytes: &[u8], is_seam: impl Fn(usize) -> bool) -> Vec<&[u8]> {
    let mut starts: Vec<usize> = (1..bytes.len()).filter(|at| is_seam(*at)).collect();
    starts.insert(0, 0);
    starts.push(bytes.len());
    starts.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect()
}

/// Needles on both sides of what a search keeps on the stack, across one seam and across many.
#[test]
fn bf_6_long_needles_are_found_across_seams() {
    for m in [2, 7, 31, 32, 33, 34, 65, 100] {
        let needle: Vec<u8> = (0..m).map(|at| b'a' + at % 26).collect();
        let bytes = [b"abcabc", &needle[..], b"ab", &needle, &needle[..needle.len() - 1], b"!"].concat();
        let (m, len) = (usize::from(m), bytes.len());
        let (first, last) = (6, 8 + m);
        for every in [1, 2, 3, 5, 8, 20, 32, 33, 50, 200] {
            for offset in 0..every.min(len) {
                let buf = of_runs(&cut(&bytes, |at| at % every == offset));
                let prepared = Needle::new(&needle);
                let found = (buf.find(&prepared, 0..len), buf.rfind(&prepared, 0..len));
                let expected = (find_slowly(&bytes, &needle, 0..len), rfind_slowly(&bytes, &needle, 0..len));
                assert_eq!(found, expected, "{m} bytes, a seam every {every} + {offset}");
                if m > 3 {
                    assert_eq!(found, (Some(first), Some(last)));
                    assert_eq!((buf.find(&prepared, 0..first + m), buf.find(&prepared, 0..first + m - 1)), (Some(first), None));
                    assert_eq!((buf.rfind(&prepared, last..len), buf.rfind(&prepared, last + 1..len)), (Some(last), None));
                }
            }
        }
    }
}

#[test]
fn bf_7_a_range_is_clamped() {
    struct Row(Range<usize>, &'static [u8], Option<usize>, Option<usize>);
    #[rustfmt::skip]
    let rows = [ //                                      find     rfind
        Row(0..5,                        b"",    Some(0), Some(5)),
        Row(2..4,                        b"",    Some(2), Some(4)),
        Row(3..3,                        b"",    Some(3), Some(3)),
        Row(0..usize::MAX,               b"",    Some(0), Some(5)),
        Row(5..9,                        b"",    Some(5), Some(5)),
        Row(7..9,                        b"",    Some(5), Some(5)),
        Row(usize::MAX..usize::MAX,      b"",    Some(5), Some(5)),
        Row(Range { start: 4, end: 2 },  b"",    Some(4), Some(4)),
        Row(Range { start: 9, end: 2 },  b"",    Some(5), Some(5)),
        Row(0..usize::MAX,               b"ab",  Some(0), Some(3)),
        Row(1..usize::MAX,               b"ab",  Some(3), Some(3)),
        Row(4..usize::MAX,               b"ab",  None,    None),
        Row(5..usize::MAX,               b"b",   None,    None),
        Row(9..12,                       b"a",   None,    None),
        Row(Range { start: 4, end: 0 },  b"a",   None,    None),
        Row(0..usize::MAX,               b"abcabc", None, None),
    ];
    for (kind, mut buf) in each(100) {
        buf.write(b"!!abcab").unwrap();
        buf.advance(2).unwrap();
        for Row(range, needle, first, last) in &rows {
            let needle = Needle::new(needle);
            assert_eq!(buf.find(&needle, range.clone()), *first, "{kind}: find {needle:?} in {range:?}");
            assert_eq!(buf.rfind(&needle, range.clone()), *last, "{kind}: rfind {needle:?} in {range:?}");
        }
        buf.advance(5).unwrap();
        let none = Needle::new(b"");
        assert_eq!((buf.find(&none, 0..9), buf.rfind(&none, 0..9), buf.find(&Needle::new(b"a"), 0..9)), (Some(0), Some(0), None), "{kind}");
    }
}

/// A buffer that counts the bytes which searches look at.
struct Watched {
    buf: SegmentedBuf,
    examined: Cell<usize>,
}

impl StreamBuf for Watched {
    fn find(&self, needle: &Needle, range: Range<usize>) -> Option<usize> {
        let found = self.buf.find(needle, range.clone());
        let end = found.map_or(range.end, |at| at + needle.as_bytes().len());
        self.examined.set(self.examined.get() + end - range.start);
        found
    }
    fn len(&self) -> usize {
        self.buf.len()
    }
    fn position(&self) -> u64 {
        self.buf.position()
    }
    fn advance(&mut self, n: usize) -> Result<(), NeedMoreData> {
        self.buf.advance(n)
    }
    fn capacity(&self) -> usize {
        unimplemented!()
    }
    fn peek(&self) -> &[u8] {
        unimplemented!()
    }
    fn segments(&self) -> Segments<'_> {
        unimplemented!()
    }
    fn split_to(&mut self, _: usize) -> Result<View, NeedMoreData> {
        unimplemented!()
    }
    fn make_contiguous(&mut self, _: usize) -> Result<(), NeedMoreData> {
        unimplemented!()
    }
    fn rfind(&self, _: &Needle, _: Range<usize>) -> Option<usize> {
        unimplemented!()
    }
}

/// The original looked at everything again for each piece.
#[test]
fn bf_8_a_trickled_stream_is_searched_once() {
    let stream = [&[b'\r'; 300][..], b"\r\n\r\n", &[b'x'; 200], b"\r\n\r\n\r\n\r\n", &[b'y'; 500]].concat();
    for needle in [&b"x"[..], b"\r\n\r\n", b"\r\nnever"] {
        for piece in [1, 2, 3, 16, 100, 2000] {
            let mut watched = Watched { buf: of_runs::<&str>(&[]), examined: Cell::new(0) };
            let (prepared, mut at, mut calls, mut found) = (Needle::new(needle), ScanPos::default(), 0, Vec::new());
            for piece in stream.chunks(piece) {
                watched.buf.append(Bytes::copy_from_slice(piece)).unwrap();
                loop {
                    calls += 1;
                    let Some(offset) = find_next(&watched, &prepared, &mut at) else { break };
                    found.push(watched.position() + offset as u64);
                    watched.advance(offset + needle.len()).unwrap();
                }
            }
            let mut expected = Vec::new();
            while let Some(next) = find_slowly(&stream, needle, expected.last().map_or(0, |last| last + needle.len())..stream.len()) {
                expected.push(next);
            }
            assert_eq!(found, expected.iter().map(|at| *at as u64).collect::<Vec<_>>(), "{prepared:?} in pieces of {piece}");
            let (examined, allowed) = (watched.examined.get(), stream.len() + (needle.len() - 1) * calls);
            assert!(examined <= allowed, "{prepared:?} in pieces of {piece}: {examined} bytes examined, {allowed} allowed");
        }
    }
}

#[test]
fn bf_8_a_search_goes_on_though_bytes_are_taken() {
    for (kind, mut buf) in each(100) {
        let (needle, mut at) = (Needle::new(b"\r\n"), ScanPos::default());
        buf.write(b"0123456\r").unwrap();
        assert_eq!(find_next(&*buf, &needle, &mut at), None, "{kind}");
        buf.advance(3).unwrap();
        buf.write(b"\n\r\n").unwrap();
        assert_eq!(find_next(&*buf, &needle, &mut at), Some(4), "{kind}");
        assert_eq!(find_next(&*buf, &needle, &mut at), Some(4), "{kind}: a match is not stepped over");
        buf.advance(5).unwrap(); // into the match
        assert_eq!(find_next(&*buf, &needle, &mut at), Some(1), "{kind}");
        buf.advance(3).unwrap(); // beyond where the search was
        buf.write(b"\r\n").unwrap();
        assert_eq!(find_next(&*buf, &needle, &mut at), Some(0), "{kind}");
        assert_eq!(find_next(&*buf, &needle, &mut ScanPos::default()), Some(0), "{kind}: from the start of the stream");
    }
}

#[test]
fn bf_9_too_much_is_refused_whole() {
    for (kind, mut buf) in each(10) {
        buf.write(b"0123456").unwrap();
        buf.advance(2).unwrap(); // only readable bytes count
        let before = look(&*buf);
        for (bytes, wanted) in [(&b"abcdef"[..], 11), (&[b'x'; 5000], 5005)] {
            let refusal = Err(BufError::BufferTooLarge { limit: 10, wanted });
            assert_eq!((buf.write(bytes), buf.append(Bytes::copy_from_slice(bytes))), (refusal, refusal), "{kind}");
            assert_eq!(look(&*buf), before, "{kind}");
        }
        buf.write(b"abcd").unwrap();
        buf.append(Bytes::from_static(b"e")).unwrap();
        assert_eq!(joined(buf.segments()), b"23456abcde", "{kind}: exactly the limit fits");
        assert_eq!(buf.write(b"f"), Err(BufError::BufferTooLarge { limit: 10, wanted: 11 }), "{kind}");
    }
}

#[test]
fn bf_9_a_lowered_limit_keeps_what_is_held() {
    for (kind, mut buf) in each(10) {
        buf.write(b"0123456789").unwrap();
        buf.set_max_bytes(4);
        assert_eq!((buf.max_bytes(), joined(buf.segments())), (4, b"0123456789".to_vec()), "{kind}");
        assert_eq!(buf.write(b"a"), Err(BufError::BufferTooLarge { limit: 4, wanted: 11 }), "{kind}");
        assert_eq!((buf.write(b""), buf.append(Bytes::new())), (Ok(()), Ok(())), "{kind}: nothing is not too much");
        assert!(buf.reserve(0).is_ok() && buf.reserve_up_to(0).is_ok(), "{kind}: nothing is not too much");
        assert_eq!(buf.split_to(7).unwrap(), b"0123456", "{kind}");
        assert_eq!((buf.write(b"ab"), buf.write(b"a")), (Err(BufError::BufferTooLarge { limit: 4, wanted: 5 }), Ok(())), "{kind}");
    }
}

/// The original judged the limit at commit, when the bytes had been read off the transport.
#[test]
fn bf_10_room_is_refused_before_a_byte_is_read() {
    for (kind, mut buf) in each(10) {
        buf.write(b"0123456").unwrap();
        for (n, wanted) in [(4, 11), (1000, 1007), (usize::MAX, usize::MAX)] {
            assert_eq!(buf.reserve(n).map(drop), Err(BufError::BufferTooLarge { limit: 10, wanted }), "{kind}");
        }
        assert_eq!(buf.reserve(3).unwrap().len(), 3, "{kind}");
        for (n, lent) in [(0, 0), (1, 1), (3, 3), (4, 3), (usize::MAX, 3)] {
            let mut reservation = buf.reserve_up_to(n).unwrap();
            assert_eq!((reservation.len(), reservation.is_empty()), (lent, lent == 0), "{kind}: up to {n}");
            assert_eq!(reservation.as_mut_slice().len(), lent, "{kind}: up to {n}");
        }
        put(&mut *buf, b"789");
        assert_eq!(joined(buf.segments()), b"0123456789", "{kind}: what was lent can be committed");
        assert_eq!(buf.reserve_up_to(1).map(drop), Err(BufError::BufferTooLarge { limit: 10, wanted: 11 }), "{kind}");
        assert!(buf.reserve_up_to(0).is_ok() && buf.reserve(0).is_ok(), "{kind}");
    }
}

/// In the original, readable bytes were out of sight during a reservation; here nothing can look meanwhile, and afterwards everything is as before.
#[test]
#[allow(clippy::forget_non_drop, reason = "a reservation that did something when dropped could be forgotten")]
fn bf_11_an_abandoned_reservation_leaves_no_trace() {
    for (kind, mut buf) in each(1 << 20) {
        buf.write(b"seen").unwrap();
        for n in [0, 1, 100, 20_000] {
            let before = look(&*buf);
            buf.reserve(n).unwrap().as_mut_slice().fill(b'X');
            let mut forgotten = buf.reserve(n).unwrap();
            forgotten.as_mut_slice().fill(b'X');
            mem::forget(forgotten);
            assert_eq!((look(&*buf), buf.find(&Needle::new(b"X"), 0..usize::MAX)), (before, None), "{kind}, {n} bytes");
            buf.write(b".").unwrap();
        }
        assert_eq!(buf.split_to(8).unwrap(), b"seen....", "{kind}");
    }
}

#[test]
fn bf_11_only_what_is_committed_is_readable() {
    for (kind, mut buf) in each(1 << 20) {
        let mut expected = Vec::new();
        for (n, commit) in [(8, 5), (8, 0), (3, 3), (20_000, 2), (1, 1), (20_000, 20_000), (5, 4)] {
            let mut reservation = buf.reserve(n).unwrap();
            reservation.as_mut_slice().fill(b'u');
            reservation.as_mut_slice()[..commit].fill(b'c');
            reservation.commit(commit).unwrap();
            expected.resize(expected.len() + commit, b'c');
            assert!(joined(buf.segments()) == expected, "{kind}: {commit} of {n} bytes committed");
        }
    }
}

#[test]
fn bf_12_committing_too_much_publishes_nothing() {
    for (kind, mut buf) in each(100) {
        buf.write(b"before").unwrap();
        let before = look(&*buf);
        for (reserved, committed) in [(0, 1), (4, 5), (4, usize::MAX)] {
            let refusal = buf.reserve(reserved).unwrap().commit(committed);
            assert_eq!((refusal, look(&*buf)), (Err(BufError::CommitTooLarge { reserved, committed }), look(&*buf)), "{kind}");
            assert_eq!(look(&*buf), before, "{kind}");
        }
        put(&mut *buf, b", after");
        assert_eq!(joined(buf.segments()), b"before, after", "{kind}");
    }
}

#[test]
fn bf_13_a_buffer_is_limited_unless_told_otherwise() {
    const LIMIT: usize = 16 * 1024 * 1024;
    assert_eq!((BufConfig::default().max_bytes, BufConfig::default()), (LIMIT, BufConfig::DEFAULT));
    let new: [Box<dyn StreamBufMut>; 4] =
        [Box::new(LinearBuf::new()), Box::new(LinearBuf::default()), Box::new(SegmentedBuf::new()), Box::new(SegmentedBuf::default())];
    for mut buf in new {
        assert_eq!(buf.max_bytes(), LIMIT);
        assert_eq!(buf.reserve(LIMIT + 1).map(drop), Err(BufError::BufferTooLarge { limit: LIMIT, wanted: LIMIT + 1 }));
    }
    assert_eq!(BufConfig::unlimited(), BufConfig { max_bytes: usize::MAX, ..BufConfig::DEFAULT });
    let mut buf = SegmentedBuf::with_config(BufConfig::unlimited());
    let block = Bytes::from(vec![b'x'; 1024 * 1024]);
    for _ in 0..=16 {
        buf.append(block.clone()).unwrap();
    }
    assert_eq!(buf.len(), 17 * 1024 * 1024);
}

#[test]
fn bf_14_every_byte_taken_is_counted() {
    for (kind, mut buf) in each(100) {
        let mut taken = 0;
        for round in 1..=20 {
            buf.write(&[b'x'; 21]).unwrap();
            buf.make_contiguous(round).unwrap();
            buf.contiguous_mut(round).unwrap().fill(b'y');
            assert_eq!(buf.position(), taken, "{kind}: joining and changing take nothing");
            buf.advance(round).unwrap();
            buf.split_to(21 - round).unwrap();
            taken += 21;
            assert_eq!((buf.position(), missing(buf.advance(1)), buf.position()), (taken, Some(1), taken), "{kind}");
        }
    }
}

/// In the original one readable byte could sit in 20 MB: only one of the two ways compacted.
#[test]
fn bf_15_both_ways_of_taking_free_the_storage() {
    for (kind, mut buf) in each(1 << 20) {
        for round in 0..1000 {
            buf.write(&[b'x'; 1000]).unwrap();
            let n = buf.len() - 1; // one byte always stays
            if round < 500 {
                buf.advance(n).unwrap();
            } else {
                drop(buf.split_to(n).unwrap());
            }
            assert!(buf.capacity() <= 4 * 1001 + 16 * 1024, "{kind}: {} bytes of storage for {}", buf.capacity(), buf.len());
        }
        buf.write(&vec![b'x'; 500_000]).unwrap();
        buf.advance(buf.len()).unwrap();
        assert!(buf.capacity() <= BufConfig::DEFAULT.shrink_above, "{kind}: {} bytes of storage for none", buf.capacity());
    }
}

/// Where the bytes of a view came from, and how many of them are left when it is taken.
#[derive(Debug)]
enum Origin {
    /// The last segment, of 16 KiB.
    Written,
    /// A last segment made for a reservation of so many bytes.
    Reserved(usize),
    /// A last segment of that size, all of which but what the view takes was taken as a view before.
    RestOfReserved(usize),
    /// As before, and sealed by a shared chunk behind it.
    SealedRestOfReserved(usize),
    /// A chunk of so many bytes.
    Owned(usize),
    /// A chunk of that size, all of which but what the view takes was skipped, and a byte of the rest changed.
    ChangedRestOfOwned(usize),
    /// Two runs made one of so many bytes.
    Joined(usize),
}

impl Origin {
    fn buf(&self, n: usize) -> SegmentedBuf {
        let mut buf = SegmentedBuf::new();
        match *self {
            Self::Written => buf.write(&noise(0, 1000)).unwrap(),
            Self::Reserved(len) => put(&mut buf, &noise(0, len)),
            Self::RestOfReserved(len) => {
                put(&mut buf, &noise(0, len));
                drop(buf.split_to(len - n).unwrap());
            }
            Self::SealedRestOfReserved(len) => {
                put(&mut buf, &noise(0, len));
                drop(buf.split_to(len - n).unwrap());
                buf.append(noise(0, 2000).into()).unwrap();
            }
            Self::Owned(len) => buf.append(noise(0, len).into()).unwrap(),
            Self::ChangedRestOfOwned(len) => {
                buf.append(noise(0, len).into()).unwrap();
                buf.advance(len - n).unwrap();
                buf.contiguous_mut(1).unwrap().fill(b'!');
            }
            Self::Joined(len) => {
                buf.append(noise(0, len - 1).into()).unwrap();
                buf.write(b"!").unwrap();
                buf.make_contiguous(len).unwrap();
            }
        }
        buf
    }
}

#[test]
fn bf_16_a_view_too_small_for_what_it_would_pin_is_copied() {
    #[rustfmt::skip]
    let rows = [
        (Origin::Written, 255, "copied"),
        (Origin::Written, 256, "shared"),
        (Origin::Owned(1024), 255, "copied"),
        (Origin::Owned(1024), 256, "shared"),
        (Origin::Owned(64 * 300), 299, "copied"),
        (Origin::Owned(64 * 300), 300, "shared"),
        (Origin::Owned(64 * 300 + 1), 300, "copied"),
        (Origin::Reserved(64 * 1024), 1023, "copied"),
        (Origin::Reserved(64 * 1024), 1024, "shared"),
        (Origin::RestOfReserved(64 * 1024), 1023, "copied"),
        (Origin::RestOfReserved(64 * 1024), 1024, "shared"),
        (Origin::SealedRestOfReserved(64 * 1024), 1023, "copied"),
        (Origin::SealedRestOfReserved(64 * 1024), 1024, "shared"),
        (Origin::ChangedRestOfOwned(64 * 1024), 1023, "copied"),
        (Origin::ChangedRestOfOwned(64 * 1024), 1024, "shared"),
        (Origin::Joined(64 * 1024), 1023, "copied"),
        (Origin::Joined(64 * 1024), 1024, "shared"),
    ];
    for (origin, n, expected) in rows {
        let mut buf = origin.buf(n);
        let front = buf.peek().as_ptr();
        let view = buf.split_to(n).unwrap();
        let found = if view.peek().as_ptr() == front { "shared" } else { "copied" };
        assert_eq!((found, view.len()), (expected, n), "{origin:?}");
    }
}

#[test]
fn bf_16_each_run_of_a_view_is_judged_by_its_own_length() {
    let chunk = Bytes::from(noise(0, 2000));
    let mut buf = SegmentedBuf::new();
    for _ in 0..3 {
        buf.append(chunk.clone()).unwrap();
    }
    buf.advance(1900).unwrap();
    let view = buf.split_to(100 + 2000 + 300).unwrap();
    let shared: Vec<_> = view.segments().map(|run| chunk.as_ptr_range().contains(&run.as_ptr())).collect();
    assert_eq!(shared, [false, true, true]);
}

#[test]
fn bf_16_a_linear_buffer_shares_nothing() {
    let mut buf = LinearBuf::new();
    buf.write(&noise(0, 10_000)).unwrap();
    let front = buf.peek().as_ptr_range();
    let view = buf.split_to(9000).unwrap();
    assert!(!front.contains(&view.peek().as_ptr()));
}

#[test]
fn bf_17_a_large_chunk_is_shared() {
    for (len, is_shared) in [(1, false), (1023, false), (1024, true), (1025, true), (100_000, true)] {
        let chunk = Bytes::from(noise(0, len));
        let mut buf = SegmentedBuf::new();
        buf.write(b"before").unwrap();
        buf.append(chunk.clone()).unwrap();
        buf.write(b"after").unwrap();
        let found = buf.segments().any(|run| run.as_ptr() == chunk.as_ptr() && run.len() == len);
        assert_eq!(found, is_shared, "{len} bytes");
        assert_eq!(joined(buf.segments()), [b"before", &chunk[..], b"after"].concat());
    }
}

/// In the original each was a segment of its own, and taking the first moved all the others.
#[test]
fn bf_17_short_chunks_are_merged() {
    let mut buf = SegmentedBuf::new();
    for at in 0..16 * 1024 {
        buf.append(Bytes::from(noise(at, 1))).unwrap();
    }
    assert_eq!((buf.segments().len(), buf.peek()), (1, &noise(0, 16 * 1024)[..]));
    buf.append(Bytes::from_static(b"!")).unwrap();
    assert_eq!(buf.segments().len(), 2);
}

#[test]
fn bf_18_bytes_are_changed_in_place() {
    for (kind, mut buf) in each(100) {
        buf.write(b"!!abcdefgh").unwrap();
        buf.advance(2).unwrap();
        for n in 0..=8 {
            assert_eq!(buf.contiguous_mut(n).unwrap(), &b"abcdefgh"[..n], "{kind}");
        }
        buf.contiguous_mut(3).unwrap().make_ascii_uppercase();
        assert_eq!(look(&*buf), Seen { bytes: b"ABCdefgh".to_vec(), len: 8, position: 2 }, "{kind}");
    }
}

#[test]
fn bf_18_no_view_sees_a_change() {
    let chunk = Bytes::from(noise(0, 4000));
    let mut buf = SegmentedBuf::new();
    buf.append(chunk.clone()).unwrap();
    let view = buf.split_to(1000).unwrap();
    buf.append(view.clone().into_bytes()).unwrap(); // what a view shows, once more
    buf.contiguous_mut(4000).unwrap().fill(b'!');
    assert_eq!(joined(buf.segments()), [b'!'; 4000]);
    assert!(chunk == noise(0, 4000) && view == noise(0, 1000)[..]);

    let mut buf = SegmentedBuf::new();
    buf.append(Bytes::from_static(b"cannot be written to").slice(..)).unwrap();
    buf.append(chunk.clone()).unwrap();
    buf.advance(20).unwrap();
    buf.contiguous_mut(1).unwrap().fill(b'!');
    assert_eq!((buf.peek()[0], &buf.peek()[1..]), (b'!', &chunk[1..]));
    assert!(chunk == noise(0, 4000));
}

/// Bytes that look random, of an alphabet in which needles are met often; the same for the same offset.
fn noise(offset: u64, len: usize) -> Vec<u8> {
    let mix = |at: u64| (at ^ (at >> 7)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 62;
    (offset..).take(len).map(|at| b"ab\r\n"[usize::try_from(mix(at)).unwrap()]).collect()
}

/// Whether time is short: in CI some runs are emulated.
fn is_quick() -> bool {
    std::env::var_os("FRAMEWRIGHT_QUICK").is_some()
}

/// What can be called, with how many bytes. Which bytes are written follows from how many were before.
#[derive(Clone, Debug)]
enum Call {
    Write(usize),
    Append(usize),
    /// Appends what a view shows that was taken before.
    AppendView(usize),
    Reserve {
        n: usize,
        up_to: bool,
        commit: usize,
    },
    Abandon(usize),
    Advance(usize),
    SplitTo(usize),
    DropView(usize),
    MakeContiguous(usize),
    /// Changes a byte of the first `n`.
    Change {
        n: usize,
        at: usize,
    },
    Find(Sought, Range<usize>),
    Rfind(Sought, Range<usize>),
    /// Goes on searching for one of [`FOLLOWED`].
    FindNext(usize),
    Provide(usize),
    SetMaxBytes(usize),
}

#[derive(Clone, Debug)]
enum Sought {
    Needle(&'static [u8]),
    /// So many of the readable bytes, from there on.
    Readable {
        at: usize,
        len: usize,
    },
}

/// What streams are searched for with [`find_next`].
const FOLLOWED: [&[u8]; 3] = [b"\r\n", b"abab", b"\r\n\r\na"];

/// Some calls, with lengths around the thresholds of a buffer: the default ones, or those of [`TINY`].
#[derive(Clone, Debug)]
struct Calls<const TINY: bool>(Vec<Call>);

impl<const TINY: bool> Calls<TINY> {
    fn length(g: &mut Gen) -> usize {
        let lengths: &[usize] = if TINY {
            &[0, 1, 1, 1, 2, 2, 3, 4, 5, 6, 7, 12]
        } else {
            &[0, 1, 2, 3, 50, 255, 256, 257, 600, 1023, 1024, 1025, 4000, 15_000, 16_384, 20_000]
        };
        *g.choose(lengths).unwrap()
    }

    fn range(g: &mut Gen) -> Range<usize> {
        let start = if bool::arbitrary(g) { 0 } else { Self::length(g) };
        let end = if bool::arbitrary(g) { usize::MAX } else { Self::length(g) + Self::length(g) };
        start..end
    }

    fn sought(g: &mut Gen) -> Sought {
        let needles = [&b""[..], b"a", b"\n", b"\r\n", b"aa", b"aba", b"\r\n\r\n", b"\r\n\r\na", b"x"];
        if bool::arbitrary(g) {
            Sought::Needle(g.choose(&needles).unwrap())
        } else {
            Sought::Readable { at: Self::length(g), len: *g.choose(&[1, 2, 3, 4, 5, 8, 32, 33, 34, 70]).unwrap() }
        }
    }

    fn call(g: &mut Gen) -> Call {
        let n = Self::length(g);
        match u8::arbitrary(g) % 19 {
            0 | 1 => Call::Write(n),
            2 | 3 => Call::Append(n),
            4 => Call::AppendView(n),
            5 | 6 => Call::Reserve { n, up_to: bool::arbitrary(g), commit: if bool::arbitrary(g) { n } else { Self::length(g) } },
            7 => Call::Abandon(n),
            8 | 9 => Call::Advance(n),
            10 | 11 => Call::SplitTo(n),
            12 => Call::DropView(n),
            13 => Call::MakeContiguous(n),
            14 => Call::Change { n, at: Self::length(g) },
            15 => Call::Find(Self::sought(g), Self::range(g)),
            16 => Call::Rfind(Self::sought(g), Self::range(g)),
            17 => Call::FindNext(usize::arbitrary(g) % FOLLOWED.len()),
            _ if u8::arbitrary(g) % 4 == 0 => Call::SetMaxBytes(*g.choose(&[0, 3, 10, 50, 3000, 40_000, usize::MAX]).unwrap()),
            _ => Call::Provide(n),
        }
    }
}

impl<const TINY: bool> Arbitrary for Calls<TINY> {
    fn arbitrary(g: &mut Gen) -> Self {
        let n = usize::arbitrary(g) % g.size();
        Self((0..n).map(|_| Self::call(g)).collect())
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let calls = self.0.clone();
        let all = 0..calls.len();
        let halves = [all.start..all.end / 2, all.end / 2..all.end].into_iter().filter(|half| half.len() > 1);
        Box::new(halves.chain(all.map(|at| at..at + 1)).map(move |without| {
            let mut fewer = calls.clone();
            fewer.drain(without);
            Self(fewer)
        }))
    }
}

/// What a buffer must look like: the plainest thing that does the same.
#[derive(Default)]
struct Model {
    bytes: Vec<u8>,
    position: usize,
    max_bytes: usize,
    /// How many bytes were made up so far.
    written: u64,
    /// How far each of [`FOLLOWED`] was searched for.
    at: [ScanPos; FOLLOWED.len()],
    /// Views taken, and what they must show.
    views: Vec<(View, Vec<u8>)>,
}

impl Model {
    fn admit(&self, n: usize) -> Result<(), BufError> {
        let wanted = self.bytes.len().saturating_add(n);
        if n > 0 && wanted > self.max_bytes { Err(BufError::BufferTooLarge { limit: self.max_bytes, wanted }) } else { Ok(()) }
    }

    fn put(&mut self, bytes: &[u8], admitted: Result<(), BufError>) {
        if admitted.is_ok() {
            self.bytes.extend_from_slice(bytes);
        }
    }

    fn fresh(&mut self, n: usize) -> Vec<u8> {
        self.written += n as u64;
        noise(self.written, n)
    }

    fn take(&mut self, n: usize) -> Result<Vec<u8>, NeedMoreData> {
        NeedMoreData::check(self.bytes.len(), n)?;
        self.position += n;
        Ok(self.bytes.drain(..n).collect())
    }

    fn needle(&self, sought: &Sought) -> Vec<u8> {
        match *sought {
            Sought::Needle(needle) => needle.to_vec(),
            Sought::Readable { at, len } => self.bytes.iter().skip(at % (self.bytes.len() + 1)).take(len).copied().collect(),
        }
    }

    /// Calls a buffer, and says what it must say.
    fn call<B: StreamBufMut>(&mut self, buf: &mut B, call: &Call) {
        match *call {
            Call::Write(n) => {
                let (bytes, admitted) = (self.fresh(n), self.admit(n));
                assert_eq!(buf.write(&bytes), admitted);
                self.put(&bytes, admitted);
            }
            Call::Append(n) => {
                let (bytes, admitted) = (self.fresh(n), self.admit(n));
                assert_eq!(buf.append(Bytes::from(bytes.clone())), admitted);
                self.put(&bytes, admitted);
            }
            Call::AppendView(which) => {
                let Some((view, bytes)) = which.checked_rem(self.views.len()).map(|which| self.views[which].clone()) else { return };
                let admitted = self.admit(bytes.len());
                assert_eq!(buf.append(view.into_bytes()), admitted);
                self.put(&bytes, admitted);
            }
            Call::Reserve { n, up_to, commit } => self.reserve(buf, n, up_to, commit),
            Call::Abandon(n) => match buf.reserve(n) {
                Ok(mut reservation) => {
                    assert_eq!(self.admit(n), Ok(()));
                    reservation.as_mut_slice().fill(b'x');
                }
                Err(refusal) => assert_eq!(Err(refusal), self.admit(n)),
            },
            Call::Advance(n) => assert_eq!(buf.advance(n), self.take(n).map(drop)),
            Call::SplitTo(n) => match (buf.split_to(n), self.take(n)) {
                (Ok(view), Ok(bytes)) => self.views.push((view, bytes)),
                (found, expected) => assert_eq!(found.map(|view| view.to_vec()), expected),
            },
            Call::DropView(which) => {
                if let Some(which) = which.checked_rem(self.views.len()) {
                    let (view, bytes) = self.views.swap_remove(which);
                    assert!(view == bytes[..], "a view has changed");
                }
            }
            Call::MakeContiguous(n) => {
                assert_eq!(buf.make_contiguous(n), NeedMoreData::check(self.bytes.len(), n));
                assert_eq!(buf.coalesce(n).ok(), self.bytes.get(..n));
            }
            Call::Change { n, at } => match buf.contiguous_mut(n) {
                Ok(front) => {
                    assert_eq!(Some(&*front), self.bytes.get(..n));
                    if n > 0 {
                        front[at % n] = b'x';
                        self.bytes[at % n] = b'x';
                    }
                }
                Err(short) => assert_eq!(Err(short), NeedMoreData::check(self.bytes.len(), n)),
            },
            Call::Find(ref sought, ref range) => {
                let needle = self.needle(sought);
                assert_eq!(buf.find(&Needle::new(&needle), range.clone()), find_slowly(&self.bytes, &needle, range.clone()));
            }
            Call::Rfind(ref sought, ref range) => {
                let needle = self.needle(sought);
                assert_eq!(buf.rfind(&Needle::new(&needle), range.clone()), rfind_slowly(&self.bytes, &needle, range.clone()));
            }
            Call::FindNext(which) => {
                // No match is stepped over, and no change makes one: so it is the first of all.
                let (needle, at) = (FOLLOWED[which], &mut self.at[which]);
                assert_eq!(find_next(buf, &Needle::new(needle), at), find_slowly(&self.bytes, needle, 0..usize::MAX));
            }
            Call::Provide(n) => {
                buf.provide(n);
                assert!(buf.spare() >= n);
            }
            Call::SetMaxBytes(max_bytes) => {
                buf.set_max_bytes(max_bytes);
                self.max_bytes = max_bytes;
            }
        }
    }

    fn reserve<B: StreamBufMut>(&mut self, buf: &mut B, n: usize, up_to: bool, commit: usize) {
        let room = self.max_bytes.saturating_sub(self.bytes.len());
        let lent = if up_to && room > 0 { n.min(room) } else { n };
        let bytes = self.fresh(lent);
        let reserved = if up_to { buf.reserve_up_to(n) } else { buf.reserve(n) };
        match reserved {
            Err(refusal) => assert_eq!(Err(refusal), self.admit(lent)),
            Ok(mut reservation) => {
                assert_eq!((self.admit(lent), reservation.as_mut_slice().len()), (Ok(()), lent));
                reservation.as_mut_slice().copy_from_slice(&bytes);
                let committed = reservation.commit(commit);
                assert_eq!(committed.is_ok(), commit <= lent);
                self.put(bytes.get(..commit).unwrap_or_default(), committed);
            }
        }
    }

    fn check<B: StreamBufMut>(&self, buf: &B) {
        assert_eq!((buf.len(), buf.is_empty()), (self.bytes.len(), self.bytes.is_empty()));
        assert_eq!((buf.position(), buf.max_bytes()), (self.position as u64, self.max_bytes));
        assert_eq!(buf.peek().is_empty(), self.bytes.is_empty());
        assert_eq!(buf.segments().next().unwrap_or_default(), buf.peek());
        let (mut left, runs) = (&self.bytes[..], buf.segments());
        assert_eq!((runs.len(), runs.rev().count()), (buf.segments().count(), buf.segments().count()));
        for run in buf.segments() {
            assert!(!run.is_empty());
            left = left.strip_prefix(run).expect("a run does not show what was written");
        }
        assert!(left.is_empty(), "{} bytes are not shown", left.len());
        assert!(buf.capacity() >= buf.len());
    }
}

/// Calls a buffer and a plain vector in the same way, and compares everything that can be seen.
fn compare<B: StreamBufMut, const TINY: bool>(mut buf: B, Calls(calls): Calls<TINY>) {
    let mut model = Model { max_bytes: buf.max_bytes(), ..Model::default() };
    for call in calls {
        model.call(&mut buf, &call);
        model.check(&buf);
    }
    drop(buf);
    for (view, bytes) in &model.views {
        assert!(*view == bytes[..], "a view has changed");
    }
}

fn check(seed: u64, rounds: u64, property: impl Testable) {
    let rounds = if is_quick() { rounds / 20 } else { rounds };
    let checked = QuickCheck::new().rng(Gen::from_size_and_seed(80, seed)).tests(rounds).quicktest(property);
    assert!(checked.is_ok(), "seed {seed}: {checked:?}");
}

#[test]
fn bf_1_a_linear_buffer_does_what_a_vector_does() {
    fn small(calls: Calls<true>) {
        compare(LinearBuf::new(), calls);
    }
    fn large(calls: Calls<false>) {
        compare(LinearBuf::new(), calls);
    }
    check(1, 600, small as fn(_));
    check(2, 300, large as fn(_));
}

#[test]
fn bf_1_a_segmented_buffer_does_what_a_vector_does() {
    fn large(calls: Calls<false>) {
        compare(SegmentedBuf::new(), calls);
    }
    check(3, 600, large as fn(_));
}

#[test]
fn bf_1_a_segmented_buffer_of_many_seams_does_what_a_vector_does() {
    fn small(calls: Calls<true>) {
        compare(SegmentedBuf::with_config(TINY), calls);
    }
    check(4, 2000, small as fn(_));
}
