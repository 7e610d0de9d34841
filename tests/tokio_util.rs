//! Codecs of this crate under tokio-util's `Framed`, and codecs of tokio-util under this crate's engine.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use framewright::buf::{BufConfig, SegmentedBuf, StreamBuf};
use framewright::decode::{Found, Stop};
use framewright::encode::EncodeError;
use framewright::framing::{Checksum, Counts, LengthField, Lines, OnExcess, Width};
use framewright::testkit::{Case, Kit, text};
use framewright::tokio_util::{AsCodec, AsDecoder, AsEncoder, FromDecoder, FromEncoder, ReadError, WriteError};
use framewright::{BufError, Decode, Engine, ErrorCause, ErrorKind, Input, Place, Refused, Step};
use futures_util::{FutureExt, SinkExt, StreamExt};
use quickcheck::{Gen, QuickCheck};
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::codec::{AnyDelimiterCodec, Decoder, Encoder, Framed, FramedParts, FramedRead, LengthDelimitedCodec, LinesCodec};

/// A source that gives a chunk a read, and then its end or nothing yet.
struct Chunks {
    left: VecDeque<Vec<u8>>,
    ends: bool,
    reads: usize,
}

impl Chunks {
    fn new<'c>(chunks: impl IntoIterator<Item = &'c [u8]>, ends: bool) -> Self {
        Self { left: chunks.into_iter().filter(|chunk| !chunk.is_empty()).map(<[u8]>::to_vec).collect(), ends, reads: 0 }
    }
}

impl AsyncRead for Chunks {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.reads += 1;
        match self.left.pop_front() {
            Some(chunk) => to.put_slice(&chunk),
            None if self.ends => {}
            None => return Poll::Pending,
        }
        Poll::Ready(Ok(()))
    }
}

type Reader<D> = FramedRead<Chunks, AsDecoder<D>>;

/// One step of a reader, which does not wait.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Item(String),
    Failed(String),
    Waits,
    End,
}

fn frame(frame: &[u8], place: Place) -> String {
    let Place { offset, len, skipped, truncated } = place;
    format!("{} [{len} at {offset}, {skipped} skipped{}]", text(frame), if truncated { ", truncated" } else { "" })
}

fn step<D: for<'a> Decode<Frame<'a> = &'a [u8]>>(reader: &mut Reader<D>) -> Said {
    match reader.next().now_or_never() {
        None => Said::Waits,
        Some(None) => Said::End,
        Some(Some(Err(error))) => Said::Failed(error.to_string()),
        Some(Some(Ok(Ok((kept, place))))) => Said::Item(frame(kept.open(), place)),
        Some(Some(Ok(Err(bad)))) => {
            assert!(!bad.is_fatal());
            Said::Item(bad.to_string())
        }
    }
}

/// Everything a reader gives before it waits or ends.
fn steps<D: for<'a> Decode<Frame<'a> = &'a [u8]>>(reader: &mut Reader<D>) -> Vec<Said> {
    let mut said = Vec::new();
    loop {
        said.push(step(reader));
        match said.last() {
            Some(Said::Item(_)) => {}
            Some(Said::Failed(_)) => {
                assert_eq!(step(reader), Said::End);
                return said;
            }
            _ => return said,
        }
    }
}

/// The same of an engine alone.
fn alone<D: for<'a> Decode<Frame<'a> = &'a [u8]>>(decoder: D, input: &[u8]) -> Vec<Said> {
    let mut engine = Engine::new(decoder);
    let mut said = Vec::new();
    let mut ended = false;
    drop(engine.feed(input).unwrap());
    loop {
        let step = engine.frames().next_view();
        match step {
            Ok(Step::Frame(kept, place) | Step::Handoff(kept, place)) => said.push(Said::Item(frame(kept.open(), place))),
            Ok(Step::Idle | Step::NeedMoreData(_)) => {
                drop(engine.eof());
                ended = true;
            }
            Ok(Step::End(_)) if ended => break said.push(Said::End),
            Ok(Step::End(end)) => break said.push(Said::Failed(format!("at byte {}: the protocol is over", end.offset))),
            Err(error) if error.is_fatal() => break said.push(Said::Failed(error.to_string())),
            Err(error) => said.push(Said::Item(error.to_string())),
        }
    }
    said
}

/// Checks that every two-way split, and bytes one by one, give the same under `Framed` as the engine alone.
fn check<D: for<'a> Decode<Frame<'a> = &'a [u8]>>(make: impl Fn() -> D, input: &[u8]) {
    let expected = alone(make(), input);
    for at in 0..=input.len() {
        let (head, tail) = input.split_at(at);
        let mut reader = FramedRead::new(Chunks::new([head, tail], true), AsDecoder::new(make()));
        assert_eq!(steps(&mut reader), expected, "{} | {}", text(head), text(tail));
    }
    let mut reader = FramedRead::new(Chunks::new(input.chunks(1), true), AsDecoder::new(make()));
    assert_eq!(steps(&mut reader), expected, "{} in bytes", text(input));
}

fn checked() -> LengthField {
    fn sum(parts: &[&[u8]]) -> u64 {
        parts.iter().flat_map(|part| part.iter()).map(|byte| u64::from(*byte)).sum()
    }
    LengthField::builder(Width::U8, Counts::Payload, 4).checksum(Checksum::new(Width::U8, sum)).build().unwrap()
}

/// Each byte is a frame; `h` is the last one before another protocol, and `e` the first byte of another.
struct Letters;

impl Decode for Letters {
    type Progress = ();
    type Token = ();
    type Frame<'a> = &'a [u8];
    type Fault = std::convert::Infallible;

    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<()>, Stop<Self::Fault>> {
        input.begin()?;
        Ok(match input.array(0)? {
            [b'h'] => Found::Handoff { len: 1, token: () },
            [b'e'] => Found::End,
            _ => Found::Frame { len: 1, token: () },
        })
    }

    fn open<'a>((): (), (): &'a (), frame: &'a [u8]) -> &'a [u8] {
        frame
    }
}

const WIRES: &[&[u8]] = &[
    b"",
    b"one\ntwo\n",
    b"one\nmuch too long\n\nanother too long\nok\nthe rest",
    b"too long to be read, and without its end",
    b"\x01a\x62\x02ab\0\x01\x01\x02\0\0",
    b"\x01a\0\x01a\0\x01a\x62",
    b"\x01a\x62\x05",
    b"\x01a\x62\x04abc",
    b"abhcd",
    b"abecd",
    b"h",
    b"e",
];

#[test]
fn tu_1_framed_gives_what_the_engine_gives() {
    for wire in WIRES {
        for excess in [OnExcess::Fail, OnExcess::Discard, OnExcess::Truncate] {
            check(|| Lines::new(4).on_excess(excess), wire);
        }
        check(checked, wire);
        check(|| Letters, wire);
    }
    let property = |stream: Vec<u8>| {
        let stream: Vec<u8> = stream.iter().map(|byte| b"\n\nab\x01\x02\x03\x61\x62\0he"[usize::from(*byte) % 12]).collect();
        check(|| Lines::new(2).on_excess(OnExcess::Discard), &stream);
        check(checked, &stream);
        check(|| Letters, &stream);
    };
    QuickCheck::new().rng(Gen::from_size_and_seed(24, 1)).tests(100).quickcheck(property as fn(Vec<u8>));
}

#[test]
fn tu_1_a_framed_goes_both_ways() {
    let (near, far) = tokio::io::duplex(8);
    let lines = || AsCodec::new(Lines::new(16).on_excess(OnExcess::Discard), Lines::new(16));
    let (mut near, mut far) = (Framed::new(near, lines()), Framed::new(far, lines()));
    let local = String::from("a borrowed line");
    near.feed(local.as_str()).now_or_never().unwrap().unwrap();
    near.feed("two\nlines").now_or_never().unwrap().unwrap_err();
    let mut seen = Vec::new();
    let mut flushed = false;
    while !flushed || seen.is_empty() {
        flushed = SinkExt::<&str>::flush(&mut near).now_or_never().is_some();
        if let Some(Some(line)) = far.next().now_or_never() {
            seen.push(line.unwrap().unwrap().0.open().to_vec());
        }
    }
    assert_eq!(seen, [local.as_bytes()]);
    drop(near);
    assert!(far.next().now_or_never().unwrap().is_none());
    let rest = lines().decode_eof(&mut BytesMut::from("the rest")).unwrap().unwrap().unwrap();
    assert_eq!(rest.0.open(), b"the rest");
}

#[test]
fn tu_2_what_is_behind_a_bad_frame_comes_without_another_read() {
    let source = Chunks::new([&b"one\nmuch too long\nmuch too long\ntwo\nthr"[..]], false);
    let mut reader = FramedRead::new(source, AsDecoder::new(Lines::new(4).on_excess(OnExcess::Discard)));
    let bad = |at: u64| Said::Item(format!("frame at byte {at}: payload longer than the limit of 4 bytes"));
    let item = |text: &str| Said::Item(text.to_owned());
    assert_eq!(steps(&mut reader)[..], [item("one [4 at 0, 0 skipped]"), bad(4), bad(18), item("two [4 at 32, 28 skipped]"), Said::Waits]);
    // That this is needed: theirs strands it.
    let theirs = Chunks::new([&b"one\nmuch too long\ntwo\n"[..]], false);
    let mut theirs = FramedRead::new(theirs, LinesCodec::new_with_max_length(4));
    assert!(theirs.next().now_or_never().unwrap().unwrap().is_ok());
    assert!(theirs.next().now_or_never().unwrap().unwrap().is_err());
    assert!(theirs.next().now_or_never().unwrap().is_none());
    assert!(theirs.next().now_or_never().is_none(), "tokio-util looks at what is buffered behind an error: the module's text is to change");
}

#[test]
fn tu_2_a_fatal_error_ends_the_stream_and_stays() {
    let source = Chunks::new([&b"one\nmuch too long\n"[..], b"two\n", b"three\n"], true);
    let mut reader = FramedRead::new(source, AsDecoder::new(Lines::new(4)));
    assert!(matches!(step(&mut reader), Said::Item(_)));
    for _ in 0..2 {
        let Some(Some(Err(ReadError::Stream(error)))) = reader.next().now_or_never() else { panic!("the error stays") };
        assert_eq!((error.offset, error.kind()), (4, ErrorKind::Limit));
        assert_eq!(step(&mut reader), Said::End);
    }
}

#[test]
fn tu_3_a_protocol_that_is_over_reads_no_more() {
    for (wire, frames, position) in [(&b"abhcd"[..], 3, 3), (b"abecd", 2, 2)] {
        let source = Chunks::new([wire, b"more"], false);
        let mut reader = FramedRead::new(source, AsDecoder::new(Letters));
        for _ in 0..frames {
            assert!(matches!(step(&mut reader), Said::Item(_)));
        }
        let Some(Some(Err(ReadError::Over { position: found }))) = reader.next().now_or_never() else { panic!("it is over") };
        assert_eq!((found, step(&mut reader)), (position, Said::End));
        assert_eq!(reader.get_ref().reads, 1);
        // Polled again all the same, it reads, and what comes stays in the read buffer.
        assert!(matches!(step(&mut reader), Said::Failed(_)));
        let parts = reader.into_parts();
        let unread = parts.codec.into_engine().into_parts().unwrap().unread;
        assert_eq!((unread.peek(), &parts.read_buf[..]), (&wire[usize::try_from(position).unwrap()..], &b"more"[..]));
    }
}

#[test]
fn tu_3_the_end_of_the_stream_is_announced_once_and_stays() {
    let mut decoder = AsDecoder::new(Lines::new(8));
    let mut src = BytesMut::from("one\ntwo");
    for expected in ["one", "two"] {
        assert_eq!(decoder.decode_eof(&mut src).unwrap().unwrap().unwrap().0.open(), expected.as_bytes());
    }
    assert!(decoder.decode_eof(&mut src).unwrap().is_none());
    assert!(decoder.decode_eof(&mut src).unwrap().is_none());
    src.extend_from_slice(b"late");
    assert!(matches!(decoder.decode(&mut src), Err(ReadError::Over { position: 7 })));
    assert!(decoder.decode_eof(&mut src).unwrap().is_none());
    assert_eq!(src, "late");
    let mut truncated = AsDecoder::new(checked());
    let error = truncated.decode_eof(&mut BytesMut::from("\x03a")).unwrap_err();
    assert!(matches!(&error, ReadError::Stream(error) if error.kind() == ErrorKind::Truncated), "{error}");
    assert_eq!(truncated.decode_eof(&mut BytesMut::new()).unwrap_err().to_string(), error.to_string());
}

#[test]
fn tu_4_what_was_read_and_not_handed_out_is_in_the_engine() {
    let source = Chunks::new([&b"one\ntwo\nth"[..]], false);
    let mut reader = FramedRead::new(source, AsDecoder::new(Lines::new(8)));
    assert!(matches!(step(&mut reader), Said::Item(_)));
    assert_eq!((reader.decoder().engine().held_bytes(), reader.read_buffer().len()), (6, 0));
    let parts = reader.into_parts().codec.into_engine().into_parts().unwrap();
    assert_eq!((parts.unread.peek(), parts.position, parts.ended), (&b"two\nth"[..], 4, false));
    // And is where the next one starts.
    let mut again = AsDecoder::from_engine(Engine::from_parts(parts));
    let mut src = BytesMut::from("ree\n");
    for expected in [&b"two"[..], b"three"] {
        assert_eq!(again.decode(&mut src).unwrap().unwrap().unwrap().0.open(), expected);
    }
    assert!(again.decode(&mut src).unwrap().is_none());
}

#[test]
fn tu_4_input_that_the_engine_refuses_is_not_taken() {
    let mut engine = Engine::with_buf(Lines::new(8), SegmentedBuf::new());
    let reservation = engine.reserve_owned().unwrap();
    let mut decoder = AsDecoder::from_engine(engine);
    let mut src = BytesMut::from("one\n");
    assert!(matches!(decoder.decode(&mut src), Err(ReadError::Refused(Refused::OutstandingReserve))));
    assert_eq!(src, "one\n");
    drop(reservation);
}

#[test]
fn tu_4_a_full_backlog_is_drained_first() {
    let engine = Engine::with_buf(Lines::new(8), SegmentedBuf::new()).with_backlog(1);
    let mut decoder = AsDecoder::from_engine(engine);
    let mut seen = 0;
    for _ in 0..10 {
        // A caller that puts more into the read buffer before it has drained the frames.
        let mut src = BytesMut::from("one\ntwo\nth\n");
        seen += usize::from(decoder.decode(&mut src).unwrap().is_some());
        while !src.is_empty() {
            seen += usize::from(decoder.decode(&mut src).unwrap().is_some());
        }
    }
    while decoder.decode(&mut BytesMut::new()).unwrap().is_some() {
        seen += 1;
    }
    assert_eq!(seen, 30);
}

#[test]
fn tu_5_large_chunks_are_shared_and_small_ones_merged() {
    let mut decoder = AsDecoder::new(Lines::new(8000));
    let mut src = BytesMut::from(&[&[b'x'; 4000][..], b"\nrest"].concat()[..]);
    let was_at = src.as_ptr();
    let (kept, _) = decoder.decode(&mut src).unwrap().unwrap().unwrap();
    assert!(std::ptr::eq(kept.encoded().as_ptr(), was_at), "copied");

    let mut decoder = AsDecoder::new(Lines::new(64 * 1024));
    for _ in 0..32 * 1024 {
        assert!(decoder.decode(&mut BytesMut::from("x")).unwrap().is_none());
    }
    let engine = decoder.engine();
    assert_eq!(engine.held_bytes(), 32 * 1024);
    assert!(engine.capacity_bytes() <= 64 * 1024 + 4096, "{engine:?}");
}

/// What is queued, as one block.
fn wire(queue: &SegmentedBuf) -> Vec<u8> {
    queue.segments().flatten().copied().collect()
}

#[test]
fn tu_6_an_encoder_writes_what_would_be_queued() {
    let framer = || LengthField::builder(Width::U16, Counts::Payload, 5000).build().unwrap();
    let mut encoder = AsEncoder::new(framer());
    let mut queue = SegmentedBuf::new();
    let mut dst = BytesMut::from("before");
    let (small, large, none) = (vec![1; 3], Bytes::from(vec![2; 5000]), Bytes::new());
    encoder.encode(&small[..], &mut dst).unwrap();
    encoder.encode(large.clone(), &mut dst).unwrap();
    encoder.encode(none.clone(), &mut dst).unwrap();
    queue.send(&mut framer(), &small[..]).unwrap();
    queue.send(&mut framer(), large).unwrap();
    queue.send(&mut framer(), none).unwrap();
    assert_eq!(&dst[6..], wire(&queue));
    let refused = encoder.encode(vec![3; 5001], &mut dst).unwrap_err();
    assert_eq!(refused.to_string(), "payload longer than the limit of 5000 bytes");
    assert_eq!(dst.len(), 6 + queue.len());
    encoder.encode(&[4; 1], &mut dst).unwrap();
    assert_eq!(&dst[6 + queue.len()..], b"\0\x01\x04");
    assert_eq!(&dst[..6], b"before");
}

#[test]
fn tu_6_a_message_beyond_the_limit_is_refused() {
    let mut encoder = AsEncoder::new(Lines::new(100)).with_max_frame(4);
    let mut dst = BytesMut::new();
    for _ in 0..3 {
        encoder.encode("one", &mut dst).unwrap(); // of each message, not of all
    }
    let refused = encoder.encode("four", &mut dst).unwrap_err();
    assert!(matches!(refused, WriteError::Refused(EncodeError::Buffer(BufError::BufferTooLarge { limit: 4, wanted: 5 }))), "{refused:?}");
    assert_eq!(dst, "one\none\none\n");
}

fn lines_of_theirs(max: usize) -> Kit<FromDecoder<LinesCodec>, impl Fn() -> FromDecoder<LinesCodec>> {
    Kit::new(move || FromDecoder::new(LinesCodec::new_with_max_length(max)), |line| text(line.as_bytes()))
}

fn lengths_of_theirs(max: usize) -> Kit<FromDecoder<LengthDelimitedCodec>, impl Fn() -> FromDecoder<LengthDelimitedCodec>> {
    let codec = move || LengthDelimitedCodec::builder().length_field_type::<u16>().max_frame_length(max).new_codec();
    Kit::new(move || FromDecoder::new(codec()), |frame| text(&frame))
}

#[rustfmt::skip]
#[test]
fn decoders_of_theirs() {
    lines_of_theirs(3).table(&[
        Case { clause: "TU-7", input: b"",                         says: &["end"] },
        Case { clause: "TU-7", input: b"\n",                       says: &["", "end"] },
        Case { clause: "TU-7", input: b"one\n\non\r\ntwo",         says: &["one", "", "on", "two", "end"] },
        Case { clause: "TU-8", input: b"one\nfour\nok\n",          says: &["one", "frame at byte 4: max line length exceeded", "ok", "end"] },
        Case { clause: "TU-8", input: b"four\nfive\nok\nfour\nok", says: &["frame at byte 0: max line length exceeded", "frame at byte 0: max line length exceeded", "ok after 5 skipped bytes", "frame at byte 13: max line length exceeded", "ok", "end"] },
        Case { clause: "TU-8", input: b"\xff\n\xff\nok\n",         says: &["frame at byte 0: Unable to decode input as UTF8", "frame at byte 2: Unable to decode input as UTF8", "ok after 4 skipped bytes", "end"] },
        Case { clause: "TU-8", input: b"ok\n\xff",                 says: &["ok", "frame at byte 3: Unable to decode input as UTF8", "end after 1 skipped bytes"] },
        Case { clause: "TU-9", input: b"ok\nfour",                 says: &["ok", "frame at byte 3: max line length exceeded", "frame at byte 3: the stream ended 4 bytes into the frame"] },
        Case { clause: "TU-9", input: b"ok\n\r",                   says: &["ok", "frame at byte 3: the stream ended 1 bytes into the frame"] },
    ]);
    lengths_of_theirs(4).table(&[
        Case { clause: "TU-7", input: b"",                         says: &["end"] },
        Case { clause: "TU-7", input: b"\0\0\0\x02ab\0\x04\0\x01\0\x01", says: &["", "ab", "\\x00\\x01\\x00\\x01", "end"] },
        Case { clause: "TU-8", input: b"\0\x02ab\0\x05",           says: &["ab", "frame at byte 4: frame size too big", "frame at byte 4: frame size too big"] },
        Case { clause: "TU-8", input: b"\0",                       says: &["frame at byte 0: bytes remaining on stream"] },
        Case { clause: "TU-8", input: b"\0\x01a\0\x02b",           says: &["a", "frame at byte 3: bytes remaining on stream"] },
        Case { clause: "TU-9", input: b"\0\x01a\0\x02",            says: &["a", "frame at byte 3: the stream ended 2 bytes into the frame"] },
    ]);
}

/// What a decoder of theirs gives of a whole stream, in a loop that does what the clauses say.
fn twin<C: Decoder<Error: std::error::Error>>(mut codec: C, stream: &[u8], show: fn(C::Item) -> String) -> Vec<String> {
    let mut src = BytesMut::from(stream);
    let mut said = Vec::new();
    let (mut ended, mut stuck) = (false, false);
    loop {
        let before = src.len();
        let decoded = if ended { codec.decode_eof(&mut src) } else { codec.decode(&mut src) };
        let is_stuck = src.len() == before;
        match decoded {
            Ok(Some(item)) => said.push(show(item)),
            Ok(None) if ended => return said,
            Ok(None) => ended = true,
            Err(error) => {
                said.push(error.to_string());
                if is_stuck && (ended || stuck) {
                    return said;
                }
                stuck = is_stuck;
                continue;
            }
        }
        stuck = false;
    }
}

/// The items and errors of theirs that come out of an engine.
fn engine<C: Decoder<Error: std::error::Error + 'static>>(make: impl Fn() -> C, stream: &[u8], show: fn(C::Item) -> String) -> Vec<String>
where
    C::Item: Clone,
{
    let mut engine = Engine::new(FromDecoder::new(make()));
    let mut said = Vec::new();
    let mut frames = engine.feed(stream).unwrap();
    let mut ended = false;
    loop {
        match frames.next_frame() {
            Ok(Step::Frame(item, _)) => said.push(show((*item).clone())),
            Ok(Step::End(_)) => return said,
            Ok(_) if ended => panic!("it waits at the end"),
            Ok(_) => {
                drop(frames);
                frames = engine.eof();
                ended = true;
            }
            Err(error) => {
                if let ErrorCause::Fault(fault) = &error.cause {
                    said.push(fault.to_string());
                }
                if error.is_fatal() {
                    return said;
                }
            }
        }
    }
}

#[test]
fn tu_7_an_engine_gives_what_theirs_gives_of_the_whole_stream() {
    let property = |stream: Vec<u8>| {
        let stream: Vec<u8> = stream.iter().map(|byte| b"\n\n\r\0\0\x01\x02\x03\x04ab\xff"[usize::from(*byte) % 12]).collect();
        let lines = || LinesCodec::new_with_max_length(2);
        let any = || AnyDelimiterCodec::new_with_max_length(b"\n\r".to_vec(), b"\n".to_vec(), 2);
        let lengths = || LengthDelimitedCodec::builder().length_field_type::<u16>().max_frame_length(3).new_codec();
        assert_eq!(engine(lines, &stream, |line| line), twin(lines(), &stream, |line| line));
        assert_eq!(engine(any, &stream, |chunk| text(&chunk)), twin(any(), &stream, |chunk| text(&chunk)));
        assert_eq!(engine(lengths, &stream, |frame| text(&frame)), twin(lengths(), &stream, |frame| text(&frame)));
        lines_of_theirs(2).check(&stream);
        lengths_of_theirs(3).check(&stream);
        Kit::new(|| FromDecoder::new(any()), |chunk| text(&chunk)).check(&stream);
    };
    QuickCheck::new().rng(Gen::from_size_and_seed(20, 1)).tests(100).quickcheck(property as fn(Vec<u8>));
}

#[test]
fn tu_7_a_decoder_goes_on_in_another_engine() {
    let mut engine = Engine::new(FromDecoder::new(LinesCodec::new()));
    assert!(matches!(engine.feed(b"one\ntw").unwrap().next_frame(), Ok(Step::Frame(line, _)) if *line == "one"));
    assert!(matches!(engine.frames().next_frame(), Ok(Step::NeedMoreData(more)) if more.missing.get() == 1));
    let mut engine = Engine::from_parts(engine.into_parts().unwrap());
    let mut frames = engine.feed(b"o\nthree\n").unwrap();
    assert!(matches!(frames.next_frame(), Ok(Step::Frame(line, place)) if *line == "two" && place.offset == 4));
    drop(frames);
    // On another stream it starts with nothing of the first one.
    let decoder = engine.into_parts().unwrap().decoder;
    let mut engine = Engine::new(decoder);
    assert!(matches!(engine.feed(b"new\n").unwrap().next_frame(), Ok(Step::Frame(line, _)) if *line == "new"));
}

#[test]
fn tu_7_each_byte_is_shown_once() {
    let stream = b"one\ntoo long\n\n\xff\n".repeat(100);
    for chunk in [1, 7, 100, 5000] {
        let buf = SegmentedBuf::with_config(BufConfig { segment_size: 16, merge_below: 2, ..BufConfig::default() });
        let mut engine = Engine::with_buf(FromDecoder::new(LinesCodec::new_with_max_length(3)), buf);
        let mut events = 0;
        for chunk in stream.chunks(chunk) {
            let mut frames = engine.feed_owned(Bytes::copy_from_slice(chunk)).unwrap();
            while !matches!(frames.next_frame(), Ok(Step::Idle | Step::NeedMoreData(_))) {
                events += 1;
            }
        }
        assert_eq!((events, engine.examined_bytes()), (400, stream.len() as u64));
    }
}

/// Gives an item for each byte: `x` fails and is consumed, `s` fails and is not, `p` puts a byte into the buffer, `f` fails once, `z` fails and gives an item of no bytes in turn; and gives some of no
/// bytes at the end.
struct Odd {
    failed: bool,
    farewells: usize,
}

impl Decoder for Odd {
    type Item = u8;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<u8>> {
        match src.first() {
            None => return Ok(None),
            Some(b'x') => {
                src.advance(1);
                return Err(io::Error::other("x"));
            }
            Some(b's') => return Err(io::Error::other("stuck")),
            Some(b'f' | b'z') if !self.failed => {
                self.failed = true;
                return Err(io::Error::other("once"));
            }
            Some(b'z') if self.failed => {
                self.failed = false;
                return Ok(Some(b'z'));
            }
            Some(b'p') => {
                src.extend_from_slice(b"!");
                return Ok(None);
            }
            Some(_) => {}
        }
        self.failed = false;
        Ok(Some(src.get_u8()))
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> io::Result<Option<u8>> {
        let item = self.decode(src)?;
        if item.is_some() || self.farewells == 0 {
            return Ok(item);
        }
        self.farewells -= 1;
        Ok(Some(b'.'))
    }
}

/// What comes of a stream in one chunk, and then its end.
fn odd(farewells: usize, stream: &[u8]) -> Vec<String> {
    let mut engine = Engine::new(FromDecoder::new(Odd { failed: false, farewells }));
    drop(engine.feed(stream).unwrap());
    let mut frames = engine.eof();
    let mut said = Vec::new();
    loop {
        match frames.next_frame() {
            Ok(Step::Frame(item, place)) => said.push(format!("{} [{}]", char::from(*item), place.len)),
            Ok(Step::End(_)) => return said,
            Ok(step) => panic!("{step:?}"),
            Err(error) => {
                said.push(format!("{error}{}", if error.is_fatal() { ", fatal" } else { "" }));
                if error.is_fatal() {
                    return said;
                }
            }
        }
    }
}

#[test]
fn tu_7_items_of_no_bytes_are_bounded() {
    assert_eq!(odd(2, b"a"), ["a [1]", ". [0]", ". [0]"]);
    assert_eq!(odd(64, b"").len(), 64);
    let endless = odd(usize::MAX, b"");
    assert_eq!((endless.len(), &endless[64][..]), (65, "frame at byte 0: the decoder has a bug: too many events without bytes, fatal"));
}

#[test]
fn tu_8_only_a_second_error_in_a_row_that_consumed_nothing_is_fatal() {
    assert_eq!(odd(0, b"axxb"), ["a [1]", "frame at byte 1: x", "frame at byte 2: x", "b [1]"]);
    assert_eq!(odd(0, b"asb"), ["a [1]", "frame at byte 1: stuck", "frame at byte 1: stuck, fatal"]);
    assert_eq!(odd(0, b"fff"), ["frame at byte 0: once", "f [1]", "frame at byte 1: once", "f [1]", "frame at byte 2: once", "f [1]"]);
    let in_turn = odd(0, b"z");
    assert_eq!(in_turn[..4], ["frame at byte 0: once", "z [0]", "frame at byte 0: once", "z [0]"]);
    assert_eq!((in_turn.len(), &in_turn[64][..]), (65, "frame at byte 0: the decoder has a bug: too many events without bytes, fatal"));
}

#[test]
fn tu_8_the_error_of_theirs_is_there_to_be_matched() {
    let mut engine = Engine::new(FromDecoder::new(LinesCodec::new_with_max_length(1)));
    let error = engine.feed(b"one\n").unwrap().next_frame().unwrap_err();
    let ErrorCause::Fault(fault) = &error.cause else { panic!("{error}") };
    assert!(matches!(**fault, tokio_util::codec::LinesCodecError::MaxLineLengthExceeded));
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "max line length exceeded");
}

#[test]
fn tu_9_a_decoder_that_throws_away_without_end_meets_the_limit() {
    let mut engine = Engine::new(FromDecoder::new(LinesCodec::new_with_max_length(1))).with_max_frame(16);
    let mut faults = Vec::new();
    for _ in 0..100 {
        let Ok(mut frames) = engine.feed(b"xx") else { break };
        while let Err(error) = frames.next_frame() {
            faults.push(error.to_string());
            if error.is_fatal() {
                break;
            }
        }
    }
    assert_eq!(faults, ["frame at byte 0: max line length exceeded", "frame at byte 0: frame longer than the limit of 16 bytes"]);
    assert!(engine.held_bytes() <= 18);
}

#[test]
fn tu_10_a_decoder_that_puts_bytes_into_its_buffer_has_a_bug() {
    let mut engine = Engine::new(FromDecoder::new(Odd { failed: false, farewells: 0 }));
    let mut frames = engine.feed(b"ap").unwrap();
    assert!(matches!(frames.next_frame(), Ok(Step::Frame(item, _)) if *item == b'a'));
    let error = frames.next_frame().unwrap_err();
    assert_eq!((error.kind(), error.is_fatal()), (ErrorKind::Bug, true));
}

/// Writes half of a message and fails, where it is told to.
struct Half;

impl Encoder<Option<u8>> for Half {
    type Error = io::Error;

    fn encode(&mut self, item: Option<u8>, dst: &mut BytesMut) -> io::Result<()> {
        dst.extend_from_slice(b"<");
        dst.extend_from_slice(&[item.ok_or_else(|| io::Error::other("nothing to write"))?]);
        Ok(())
    }
}

#[test]
fn tu_11_an_encoder_of_theirs_queues_whole_messages_or_nothing() {
    let mut output = SegmentedBuf::with_config(BufConfig { max_bytes: 5, ..BufConfig::default() });
    let mut half = FromEncoder::new(Half);
    output.send(&mut half, Some(b'a')).unwrap();
    let unsent = output.send(&mut half, None).unwrap_err();
    assert_eq!((unsent.message, unsent.error.to_string()), (None, "nothing to write".to_owned()));
    output.send(&mut half, Some(b'b')).unwrap();
    let unsent = output.send(&mut half, Some(b'c')).unwrap_err();
    assert_eq!((unsent.message, unsent.error.kind(), &wire(&output)[..]), (Some(b'c'), ErrorKind::Limit, &b"<a<b"[..]));
    output.advance(4).unwrap();
    output.send(&mut half, Some(b'd')).unwrap();
    assert_eq!(wire(&output), b"<d");
}

/// Payloads of many lengths without line ends.
fn payloads() -> Vec<Vec<u8>> {
    [0, 1, 2, 63, 255, 256, 1023, 1024, 1025, 5000].iter().map(|len| vec![b'x'; *len]).collect()
}

#[test]
fn tu_12_what_ours_write_theirs_read() {
    let mut output = BytesMut::new();
    let mut lengths = AsEncoder::new(LengthField::builder(Width::U32, Counts::Payload, 5000).build().unwrap());
    let mut lines = AsEncoder::new(Lines::new(5000));
    for payload in payloads() {
        lengths.encode(payload, &mut output).unwrap();
    }
    let mut codec = LengthDelimitedCodec::new();
    for payload in payloads() {
        assert_eq!(codec.decode(&mut output).unwrap().unwrap(), payload);
    }
    assert!(codec.decode_eof(&mut output).unwrap().is_none());
    for payload in payloads() {
        lines.encode(payload, &mut output).unwrap();
    }
    let mut codec = LinesCodec::new();
    for payload in payloads() {
        assert_eq!(codec.decode(&mut output).unwrap().unwrap().into_bytes(), payload);
    }
    assert!(codec.decode_eof(&mut output).unwrap().is_none());
}

#[test]
fn tu_12_what_theirs_write_ours_read() {
    fn check<D: for<'a> Decode<Frame<'a> = &'a [u8]>>(decoder: D, output: &SegmentedBuf) {
        let mut engine = Engine::new(decoder);
        let output = wire(output);
        let mut frames = engine.feed(&output).unwrap();
        for payload in payloads() {
            assert!(matches!(frames.next_frame(), Ok(Step::Frame(frame, _)) if frame == payload));
        }
        assert!(matches!(frames.next_frame(), Ok(Step::Idle)));
    }
    let mut lengths = FromEncoder::<_, Bytes>::new(LengthDelimitedCodec::new());
    let mut lines = FromEncoder::<_, String>::new(LinesCodec::new());
    let (mut in_lengths, mut in_lines) = (SegmentedBuf::new(), SegmentedBuf::new());
    for payload in payloads() {
        in_lengths.send(&mut lengths, Bytes::from(payload.clone())).unwrap();
        in_lines.send(&mut lines, String::from_utf8(payload).unwrap()).unwrap();
    }
    check(LengthField::builder(Width::U32, Counts::Payload, 5000).build().unwrap(), &in_lengths);
    check(Lines::new(5000), &in_lines);
}

#[test]
fn tu_13_what_is_handed_back_is_read_without_another_read() {
    let source = Chunks::new([&b"abh\x02o"[..], b"k\x01"], false);
    let mut reader = FramedRead::new(source, AsDecoder::new(Letters));
    for _ in 0..3 {
        assert!(matches!(step(&mut reader), Said::Item(_)));
    }
    assert!(matches!(step(&mut reader), Said::Failed(_)));
    assert_eq!(step(&mut reader), Said::End);
    assert!(matches!(step(&mut reader), Said::Failed(_))); // it has read again: a part is in the read buffer
    let FramedParts { io, codec, mut read_buf, .. } = reader.into_parts();
    let parts = codec.hand_back(&mut read_buf).unwrap();
    assert_eq!((&read_buf[..], parts.unread.len(), parts.position), (&b"\x02ok\x01"[..], 0, 3));

    let bytes = || LengthField::builder(Width::U8, Counts::Payload, 9).build().unwrap();
    let decoder = AsDecoder::from_engine(Engine::from_parts(parts.with_decoder(bytes())));
    let mut next = FramedParts::new::<&str>(io, AsCodec { decoder, encoder: AsEncoder::new(bytes()) });
    next.read_buf = read_buf;
    let mut framed = Framed::from_parts(next);
    let (kept, place) = framed.next().now_or_never().unwrap().unwrap().unwrap().unwrap();
    assert_eq!((kept.open(), place.offset), (&b"ok"[..], 3));
    assert!(framed.next().now_or_never().is_none());
    assert_eq!(framed.get_ref().reads, 3); // two before, and one that waits
}

#[test]
fn tu_13_the_end_is_not_handed_back() {
    let mut decoder = AsDecoder::new(Lines::new(9));
    let mut read_buf = BytesMut::from("one\ntwo\nthree");
    assert!(decoder.decode_eof(&mut read_buf).unwrap().is_some());
    while decoder.engine().position() < 8 {
        assert!(decoder.decode_eof(&mut read_buf).unwrap().is_some());
    }
    let parts = decoder.hand_back(&mut read_buf).unwrap();
    assert_eq!((&read_buf[..], parts.position, parts.ended), (&b"three"[..], 8, false));
    let mut ended = AsDecoder::new(Lines::new(9));
    assert!(ended.decode_eof(&mut read_buf).unwrap().is_some());
    assert!(!ended.hand_back(&mut read_buf).unwrap().ended);
}

#[test]
fn tu_13_a_codec_that_is_mapped_goes_on_at_once() {
    let source = Chunks::new([&b"one\n\x02ok"[..]], false);
    let mut reader = FramedRead::new(source, AsDecoder::new(Lines::new(9)));
    assert!(matches!(step(&mut reader), Said::Item(_)));
    let bytes = LengthField::builder(Width::U8, Counts::Payload, 9).build().unwrap();
    let switch = |lines: AsDecoder<Lines>| Engine::from_parts(lines.into_engine().into_parts().unwrap().with_decoder(bytes));
    let mut reader = reader.map_decoder(|lines| AsDecoder::from_engine(switch(lines)));
    assert_eq!(step(&mut reader), Said::Item("ok [3 at 4, 0 skipped]".to_owned()));
    assert_eq!(step(&mut reader), Said::Waits);
}
