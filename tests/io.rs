//! Buffers as files, and files as sources and sinks of buffers: SPEC.md, clauses IO-1 to IO-6.

#![cfg(feature = "std")]

use bytes::Bytes;
use core::time::Duration;
use framewright::buf::{BufConfig, DirectBuf, LinearBuf, SegmentedBuf, StreamBuf, StreamBufMut};
use framewright::engine::READ_BLOCK;
use framewright::framing::{Counts, LengthField, Lines, Width};
use framewright::io::{AsRead, AsWrite, End, WhenShort, WouldBlock, drain_into, fill_from};
use framewright::{Engine, ErrorCause, Step};
use std::collections::VecDeque;
use std::io::{self, BufRead, ErrorKind, IoSlice, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::thread;

/// A seam every few bytes.
const TINY: BufConfig = BufConfig { segment_size: 3, merge_below: 2, ..BufConfig::DEFAULT };

/// A buffer of any kind. In a closure's parameter, `&mut dyn StreamBufMut` would be another type, one that borrows.
type AnyBuf = dyn StreamBufMut;

type Make = fn() -> Box<AnyBuf>;

/// Makes an empty buffer, of each kind.
const EACH: [(&str, Make); 3] = [
    ("LinearBuf", || Box::new(LinearBuf::new())),
    ("SegmentedBuf", || Box::new(SegmentedBuf::new())),
    ("tiny SegmentedBuf", || Box::new(SegmentedBuf::with_config(TINY))),
];

fn holding(make: Make, bytes: &[u8]) -> Box<AnyBuf> {
    let mut buf = make();
    buf.write(bytes).unwrap();
    buf
}

fn unread<B: StreamBuf + ?Sized>(buf: &B) -> Vec<u8> {
    buf.segments().flatten().copied().collect()
}

fn kind<T: core::fmt::Debug>(result: io::Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

/// What a reader or a writer does when it is called.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// Reads these bytes, or as many as were asked for; the rest comes next.
    Gives(&'static [u8]),
    /// Takes so many of the bytes that it is given, or all.
    Takes(usize),
    Fails(ErrorKind),
    /// Does everything, and says that it was so many bytes more.
    Lies(usize),
}

/// Reads by a script, and is then at its end.
struct Reader {
    turns: VecDeque<Turn>,
    /// How many bytes it was asked for.
    asked: Vec<usize>,
}

fn reader(turns: &[Turn]) -> Reader {
    Reader { turns: turns.iter().copied().collect(), asked: Vec::new() }
}

impl Read for Reader {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.asked.push(to.len());
        to.fill(b'?');
        match self.turns.pop_front() {
            None => Ok(0),
            Some(Turn::Gives(bytes)) => {
                let (now, later) = bytes.split_at(bytes.len().min(to.len()));
                to[..now.len()].copy_from_slice(now);
                if !later.is_empty() {
                    self.turns.push_front(Turn::Gives(later));
                }
                Ok(now.len())
            }
            Some(Turn::Fails(kind)) => Err(kind.into()),
            Some(Turn::Lies(more)) => Ok(to.len() + more),
            Some(Turn::Takes(_)) => panic!("this is a reader"),
        }
    }
}

/// How many of the slices of a vectored write a writer looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looks {
    AtOne,
    AtAll,
}

/// Writes by a script, and then whatever it is given.
struct Writer {
    turns: VecDeque<Turn>,
    looks: Looks,
    taken: Vec<u8>,
    calls: usize,
}

fn writer(looks: Looks, turns: &[Turn]) -> Writer {
    Writer { turns: turns.iter().copied().collect(), looks, taken: Vec::new(), calls: 0 }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.calls += 1;
        assert!((1..=64).contains(&slices.len()) && slices.iter().all(|slice| !slice.is_empty()), "{} slices", slices.len());
        let slices = if self.looks == Looks::AtOne { &slices[..1] } else { slices };
        let mut given: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        match self.turns.pop_front() {
            None => {}
            Some(Turn::Takes(n)) => given.truncate(n),
            Some(Turn::Fails(kind)) => return Err(kind.into()),
            Some(Turn::Lies(more)) => return Ok(given.len() + more),
            Some(Turn::Gives(_)) => panic!("this is a writer"),
        }
        self.taken.extend_from_slice(&given);
        Ok(given.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A `fill` that gives these pieces one by one, and notes how many bytes it was asked for.
fn fill_by<'a, B: StreamBufMut + ?Sized>(pieces: &'a [&[u8]], asked: &'a mut Vec<usize>) -> impl FnMut(&mut B, usize) -> io::Result<bool> {
    let mut pieces = pieces.iter();
    move |buf, missing| {
        asked.push(missing);
        let Some(piece) = pieces.next() else { return Ok(false) };
        buf.write(piece)?;
        Ok(true)
    }
}

#[test]
fn io_1_a_buffer_that_has_run_out_would_block() {
    for (name, make) in EACH {
        let mut buf = holding(make, b"abcdefgh");
        let mut file = AsRead::new(&mut *buf, WouldBlock);
        let mut to = [0; 5];
        assert_eq!((file.read(&mut to).unwrap(), &to), (5, b"abcde"), "{name}");
        assert_eq!((file.read(&mut to).unwrap(), &to), (3, b"fghde"), "{name}: what there is");
        assert_eq!(kind(file.read(&mut to)), ErrorKind::WouldBlock, "{name}");
        assert_eq!(kind(file.read_exact(&mut to)), ErrorKind::WouldBlock, "{name}");
        assert_eq!(kind(file.fill_buf().map(<[u8]>::to_vec)), ErrorKind::WouldBlock, "{name}");
        assert_eq!((&to, buf.position()), (b"fghde", 8), "{name}");

        buf.write(b"ij").unwrap();
        let mut all = Vec::new();
        assert_eq!(kind(AsRead::new(&mut *buf, WouldBlock).read_to_end(&mut all)), ErrorKind::WouldBlock, "{name}");
        assert_eq!((&all[..], buf.len()), (&b"ij"[..], 0), "{name}: what there was is read");
    }
}

#[test]
fn io_1_a_buffer_that_has_run_out_is_at_its_end() {
    for (name, make) in EACH {
        let mut buf = holding(make, b"one\ntwo\nthree");
        let mut file = AsRead::new(&mut *buf, End);
        let mut line = Vec::new();
        assert_eq!((file.read_until(b'\n', &mut line).unwrap(), &line[..]), (4, &b"one\n"[..]), "{name}");
        let mut lines = file.lines().map(Result::unwrap);
        assert_eq!((lines.next(), lines.next(), lines.next()), (Some("two".into()), Some("three".into()), None), "{name}");

        let mut file = AsRead::new(&mut *buf, End);
        assert_eq!((file.read(&mut [0; 5]).unwrap(), file.fill_buf().unwrap()), (0, &b""[..]), "{name}");
        assert_eq!(kind(file.read_exact(&mut [0; 1])), ErrorKind::UnexpectedEof, "{name}");
        assert_eq!(file.read_to_end(&mut Vec::new()).unwrap(), 0, "{name}");
    }
    // The only policies for bytes that nothing can be added to.
    let mut all = String::new();
    assert_eq!(AsRead::new(&mut DirectBuf::new(b"a packet"), End).read_to_string(&mut all).unwrap(), 8);
    assert_eq!(kind(AsRead::new(&mut DirectBuf::new(b""), WouldBlock).read(&mut [0])), ErrorKind::WouldBlock);
}

#[test]
fn io_1_a_buffer_that_has_run_out_is_filled() {
    type Reading = fn(&mut dyn BufRead) -> io::Result<Vec<u8>>;
    struct Row {
        name: &'static str,
        read: Reading,
        pieces: &'static [&'static [u8]],
        /// Each read begins with `"ab"` in the buffer.
        gives: &'static [u8],
        asks: &'static [usize],
        leaves: &'static [u8],
    }
    fn exact<const N: usize>(file: &mut dyn BufRead) -> io::Result<Vec<u8>> {
        let mut to = [0; N];
        file.read_exact(&mut to).map(|()| to.to_vec())
    }
    fn once<const N: usize>(file: &mut dyn BufRead) -> io::Result<Vec<u8>> {
        let mut to = [0; N];
        file.read(&mut to).map(|n| to[..n].to_vec())
    }
    fn twice<const N: usize>(file: &mut dyn BufRead) -> io::Result<Vec<u8>> {
        Ok([once::<N>(file)?, once::<N>(file)?].concat())
    }
    fn line(file: &mut dyn BufRead) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        file.read_until(b'\n', &mut line).map(|_| line)
    }
    fn all(file: &mut dyn BufRead) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        file.read_to_end(&mut all).map(|_| all)
    }
    #[rustfmt::skip]
    let rows = [
        Row { name: "enough is there",        read: exact::<2>, pieces: &[b"cd"],           gives: b"ab",       asks: &[],        leaves: b"" },
        Row { name: "nothing is asked for",   read: exact::<0>, pieces: &[b"cd"],           gives: b"",         asks: &[],        leaves: b"ab" },
        Row { name: "what is missing",        read: exact::<4>, pieces: &[b"cd"],           gives: b"abcd",     asks: &[2],       leaves: b"" },
        Row { name: "more than is missing",   read: exact::<3>, pieces: &[b"cdefgh"],       gives: b"abc",      asks: &[1],       leaves: b"defgh" },
        Row { name: "a little each time",     read: exact::<7>, pieces: &[b"c", b"d", b"efgh"], gives: b"abcdefg", asks: &[5, 4, 3], leaves: b"h" },
        Row { name: "one read, some there",   read: once::<7>,  pieces: &[b"cd"],           gives: b"ab",       asks: &[],        leaves: b"" },
        Row { name: "two reads",              read: twice::<7>, pieces: &[b"c", b"d"],      gives: b"abc",      asks: &[1],       leaves: b"" },
        Row { name: "two reads of nothing",   read: twice::<0>, pieces: &[b"c", b"d"],      gives: b"",         asks: &[],        leaves: b"ab" },
        Row { name: "two reads, a surplus",   read: twice::<2>, pieces: &[b"cdef"],         gives: b"abcd",     asks: &[1],       leaves: b"ef" },
        Row { name: "two reads, and no more", read: twice::<2>, pieces: &[],                gives: b"ab",       asks: &[1],       leaves: b"" },
        Row { name: "a line",                 read: line,       pieces: &[b"c", b"\nd"],    gives: b"abc\n",    asks: &[1, 1],    leaves: b"d" },
        Row { name: "a line at the end",      read: line,       pieces: &[b"c"],            gives: b"abc",      asks: &[1, 1],    leaves: b"" },
        Row { name: "everything",             read: all,        pieces: &[b"cd", b"efgh"],  gives: b"abcdefgh", asks: &[1, 1, 1], leaves: b"" },
    ];
    for (name, make) in EACH {
        for row in &rows {
            let mut buf = holding(make, b"ab");
            let mut asks = Vec::new();
            let given = (row.read)(&mut AsRead::new(&mut *buf, fill_by(row.pieces, &mut asks)));
            if row.name == "everything" {
                asks.truncate(row.asks.len()); // `read_to_end` may ask at the end once more
            }
            assert_eq!(given.unwrap(), row.gives, "{name}: {}", row.name);
            assert_eq!((&asks[..], &unread(&*buf)[..]), (row.asks, row.leaves), "{name}: {}", row.name);
        }
    }
}

#[test]
fn io_1_what_fill_reports_is_passed_on() {
    for (name, make) in EACH {
        for reported in [ErrorKind::ConnectionReset, ErrorKind::WouldBlock, ErrorKind::TimedOut] {
            let mut buf = make();
            let mut file = AsRead::new(&mut *buf, |_: &mut AnyBuf, _| Err(reported.into()));
            assert_eq!(kind(file.read(&mut [0; 3])), reported, "{name}");
            assert_eq!(kind(file.read_exact(&mut [0; 3])), reported, "{name}");
            assert_eq!(kind(file.fill_buf().map(<[u8]>::to_vec)), reported, "{name}");
            assert_eq!(kind(file.read_to_end(&mut Vec::new())), reported, "{name}");
        }
    }
}

#[test]
fn io_1_reading_takes_what_is_consumed_and_no_more() {
    for (name, make) in EACH {
        let mut buf = holding(make, b"abcdefgh");
        let mut file = AsRead::new(&mut *buf, End);
        let run = file.fill_buf().unwrap().to_vec();
        assert!(b"abcdefgh".starts_with(&run) && run.len() >= 3, "{name}");
        file.consume(2);
        file.consume(0);
        assert_eq!((unread(&*buf), buf.position()), (b"cdefgh".to_vec(), 2), "{name}");
        AsRead::new(&mut *buf, End).consume(99);
        assert_eq!((buf.len(), buf.position()), (0, 8), "{name}: no more than there is");
    }
}

#[test]
fn io_2_read_exact_that_fails_has_consumed_nothing() {
    /// Reads 9 bytes where 4 are there, and says what came of it, what is unread then, and what becomes of the next try.
    fn try_nine<W: WhenShort<AnyBuf>>(make: Make, when_short: W) -> (ErrorKind, Vec<u8>, Vec<u8>) {
        let mut buf = holding(make, b"..abcd");
        buf.advance(2).unwrap();
        let failed = kind(AsRead::new(&mut *buf, when_short).read_exact(&mut [0; 9]));
        let left = unread(&*buf);
        assert_eq!(buf.position(), 2);
        buf.write(b"123456789").unwrap();
        let mut to = [0; 9];
        AsRead::new(&mut *buf, WouldBlock).read_exact(&mut to).unwrap();
        (failed, left, to.to_vec())
    }
    fn then(mut piece: &'static [u8], outcome: Result<bool, ErrorKind>) -> impl FnMut(&mut AnyBuf, usize) -> io::Result<bool> {
        move |buf, _| {
            buf.write(piece)?;
            if core::mem::take(&mut piece).is_empty() { outcome.map_err(io::Error::from) } else { Ok(true) }
        }
    }
    for (name, make) in EACH {
        let nothing_came = |failed| (failed, b"abcd".to_vec(), b"abcd12345".to_vec());
        let some_came = |failed| (failed, b"abcdef".to_vec(), b"abcdef123".to_vec());
        assert_eq!(try_nine(make, WouldBlock), nothing_came(ErrorKind::WouldBlock), "{name}");
        assert_eq!(try_nine(make, End), nothing_came(ErrorKind::UnexpectedEof), "{name}");
        assert_eq!(try_nine(make, then(b"", Ok(false))), nothing_came(ErrorKind::UnexpectedEof), "{name}");
        assert_eq!(try_nine(make, then(b"ef", Ok(false))), some_came(ErrorKind::UnexpectedEof), "{name}");
        assert_eq!(try_nine(make, then(b"ef", Err(ErrorKind::BrokenPipe))), some_came(ErrorKind::BrokenPipe), "{name}");
        assert_eq!(try_nine(make, then(b"ef", Err(ErrorKind::Interrupted))), some_came(ErrorKind::Interrupted), "{name}");
        assert_eq!(try_nine(make, then(b"ef", Ok(true))), some_came(ErrorKind::Other), "{name}");
    }
}

/// In the original, reading everything did not return.
#[test]
fn io_3_a_fill_that_adds_nothing_is_an_error() {
    type Reading = fn(&mut dyn BufRead) -> io::Result<()>;
    type Filling = fn(&mut AnyBuf);
    let readings: [(&str, Reading); 5] = [
        ("read", |file| file.read(&mut [0; 3]).map(drop)),
        ("read_exact", |file| file.read_exact(&mut [0; 3])),
        ("fill_buf", |file| file.fill_buf().map(drop)),
        ("read_to_end", |file| file.read_to_end(&mut Vec::new()).map(drop)),
        ("read_until", |file| file.read_until(b'x', &mut Vec::new()).map(drop)),
    ];
    let fillings: [(&str, Filling); 3] = [
        ("nothing", |_| {}),
        ("a byte, and takes it", |buf| {
            buf.write(b"x").unwrap();
            buf.advance(1).unwrap();
        }),
        ("nothing, and takes what is there", |buf| buf.advance(buf.len()).unwrap()),
    ];
    for (name, make) in EACH {
        for (how, read) in readings {
            for (what, fill) in fillings {
                let mut buf = holding(make, if how == "read_exact" { b"ab" } else { b"" });
                let mut calls = 0;
                let adds_nothing = |buf: &mut AnyBuf, _| {
                    calls += 1;
                    fill(buf);
                    Ok(true)
                };
                let error = read(&mut AsRead::new(&mut *buf, adds_nothing)).unwrap_err();
                assert_eq!((error.kind(), calls), (ErrorKind::Other, 1), "{name}: {how}, adding {what}");
                assert!(error.to_string().contains("added nothing"), "{error}");
            }
        }
    }
}

#[test]
fn io_4_writing_takes_what_there_is_room_for() {
    for (name, make) in EACH {
        let mut buf = holding(make, b"abc");
        buf.set_max_bytes(5);
        let mut file = AsWrite::new(&mut *buf);
        assert_eq!(file.write(b"defgh").unwrap(), 2, "{name}");
        assert_eq!(kind(file.write(b"fgh")), ErrorKind::QuotaExceeded, "{name}");
        assert_eq!((file.write(b"").unwrap(), file.flush().unwrap()), (0, ()), "{name}: nothing is not too much");
        assert_eq!(unread(&*buf), b"abcde", "{name}");

        buf.advance(1).unwrap();
        let failed = AsWrite::new(&mut *buf).write_all(b"fgh");
        assert_eq!((kind(failed), unread(&*buf)), (ErrorKind::QuotaExceeded, b"bcdef".to_vec()), "{name}");
        buf.set_max_bytes(3);
        assert_eq!(kind(AsWrite::new(&mut *buf).write(b"g")), ErrorKind::QuotaExceeded, "{name}: a lowered limit");
        buf.set_max_bytes(100);
        writeln!(AsWrite::new(&mut *buf), "{}-{}", 1, 2).unwrap();
        assert_eq!(unread(&*buf), b"bcdef1-2\n", "{name}");
    }
}

#[test]
fn io_4_nothing_is_taken_while_a_reservation_is_out() {
    for (name, make) in EACH {
        let mut buf = holding(make, b"abc");
        let mut reservation = buf.reserve_owned(10).unwrap();
        assert_eq!(kind(AsWrite::new(&mut *buf).write(b"d")), ErrorKind::InvalidInput, "{name}");
        assert_eq!(kind(fill_from(&mut *buf, &mut reader(&[Turn::Gives(b"d")]), 9)), ErrorKind::InvalidInput, "{name}");
        let mut to = [0; 2];
        AsRead::new(&mut *buf, WouldBlock).read_exact(&mut to).unwrap();
        reservation.storage.extend_from_slice(b"def");
        buf.commit_owned(reservation).unwrap();
        let mut written = writer(Looks::AtAll, &[]);
        drain_into(&mut *buf, &mut written).unwrap();
        assert_eq!((&to, &written.taken[..]), (b"ab", &b"cdef"[..]), "{name}");
    }
}

#[test]
fn io_4_files_are_copied_through_buffers() {
    let bytes: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    for (name, make) in EACH {
        let (mut first, mut second) = (make(), make());
        io::copy(&mut &bytes[..], &mut AsWrite::new(&mut *first)).unwrap();
        io::copy(&mut AsRead::new(&mut *first, End), &mut AsWrite::new(&mut *second)).unwrap();
        assert!(unread(&*second) == bytes && first.is_empty(), "{name}");
    }
}

#[test]
fn io_5_one_read_fills_a_buffer() {
    for (name, make) in EACH {
        let mut buf = make();
        let mut source = reader(&[Turn::Gives(b"abcdef"), Turn::Gives(b"gh")]);
        assert_eq!(fill_from(&mut *buf, &mut source, 4).unwrap(), 4, "{name}");
        assert_eq!(fill_from(&mut *buf, &mut source, 100).unwrap(), 2, "{name}: one read, not more");
        assert_eq!(fill_from(&mut *buf, &mut source, 0).unwrap(), 1, "{name}: a byte at least: no bytes would be the end");
        buf.set_max_bytes(9);
        assert_eq!(fill_from(&mut *buf, &mut source, 100).unwrap(), 1, "{name}");
        assert_eq!(fill_from(&mut *buf, &mut source, 100).unwrap(), 0, "{name}: the end");
        assert_eq!((unread(&*buf), &source.asked[..]), (b"abcdefgh".to_vec(), &[4, 100, 1, 2, 1][..]), "{name}");

        buf.set_max_bytes(8);
        assert_eq!(kind(fill_from(&mut *buf, &mut source, 1)), ErrorKind::QuotaExceeded, "{name}");
        assert_eq!(source.asked.len(), 5, "{name}: a byte read without room would be lost");
    }
}

#[test]
fn io_5_a_failed_read_loses_nothing() {
    for (name, make) in EACH {
        let mut buf = holding(make, b"ab");
        let script = [
            Turn::Fails(ErrorKind::Interrupted),
            Turn::Fails(ErrorKind::Interrupted),
            Turn::Gives(b"cd"),
            Turn::Fails(ErrorKind::WouldBlock),
            Turn::Fails(ErrorKind::Interrupted),
            Turn::Fails(ErrorKind::ConnectionReset),
            Turn::Lies(1),
            Turn::Lies(usize::MAX - 100),
            Turn::Gives(b"ef"),
        ];
        let mut source = reader(&script);
        let mut fill = |buf: &mut dyn StreamBufMut| fill_from(buf, &mut source, 100).map_err(|error| error.kind());
        assert_eq!((fill(&mut *buf), unread(&*buf)), (Ok(2), b"abcd".to_vec()), "{name}: interrupted twice");
        for failure in [ErrorKind::WouldBlock, ErrorKind::ConnectionReset, ErrorKind::Other, ErrorKind::Other] {
            assert_eq!((fill(&mut *buf), unread(&*buf)), (Err(failure), b"abcd".to_vec()), "{name}");
        }
        assert_eq!((fill(&mut *buf), unread(&*buf)), (Ok(2), b"abcdef".to_vec()), "{name}: and on");
    }
}

/// Reads until the stream is over, and says what came, or why it could not be read.
fn read_lines(engine: &mut Engine<Lines, impl StreamBufMut>, source: &mut dyn Read, says: &mut Vec<String>) {
    loop {
        let mut frames = match engine.read_from(source) {
            Ok(frames) => frames,
            Err(error) => return says.push(format!("{:?}", error.kind())),
        };
        loop {
            match frames.next_frame() {
                Ok(Step::Frame(line, _)) => says.push(String::from_utf8_lossy(line).into()),
                Ok(Step::Idle | Step::NeedMoreData(_)) => break,
                Ok(Step::Handoff(..) | Step::End(_)) => return says.push("end".into()),
                Err(error) => return says.push(error.to_string()),
            }
        }
    }
}

#[test]
fn io_5_an_engine_reads_a_file_to_its_end() {
    fn check(mut engine: Engine<Lines, impl StreamBufMut>, script: &[Turn]) {
        let (mut source, mut says) = (reader(script), Vec::new());
        for _ in 0..4 {
            read_lines(&mut engine, &mut source, &mut says);
        }
        assert_eq!(says, ["one", "two", "WouldBlock", "Other", "TimedOut", "three", "four", "end"]);
        assert_eq!(engine.read_from(&mut source).err().map(|error| error.kind()), Some(ErrorKind::InvalidInput)); // after its end
        assert!(source.asked.iter().all(|asked| *asked == READ_BLOCK));
        assert_eq!(source.asked.len(), script.len() + 1, "each turn was one read, and the end another");
    }
    let script = [
        Turn::Gives(b"one\ntw"),
        Turn::Fails(ErrorKind::Interrupted),
        Turn::Gives(b"o\nthr"),
        Turn::Fails(ErrorKind::WouldBlock),
        Turn::Lies(1),
        Turn::Fails(ErrorKind::Interrupted),
        Turn::Fails(ErrorKind::TimedOut),
        Turn::Gives(b"ee\nfour"),
    ];
    check(Engine::new(Lines::new(99)), &script);
    check(Engine::with_buf(Lines::new(99), SegmentedBuf::new()), &script);
    check(Engine::with_buf(Lines::new(99), SegmentedBuf::with_config(TINY)), &script);
}

#[test]
fn io_5_a_file_that_ends_inside_a_frame_is_truncated() {
    let mut engine = Engine::new(LengthField::builder(Width::U8, Counts::Payload, 99).build().unwrap());
    let mut source = reader(&[Turn::Gives(b"\x01a\x03bc")]);
    let mut frames = engine.read_from(&mut source).unwrap();
    assert!(matches!(frames.next_frame(), Ok(Step::Frame(b"a", _))));
    assert!(matches!(frames.next_frame(), Ok(Step::NeedMoreData(_))));
    drop(frames);
    let error = engine.read_from(&mut source).unwrap().next_frame().unwrap_err();
    assert!(matches!(error.cause, ErrorCause::Truncated { received: 3, .. }), "{error}");
    assert_eq!(engine.read_from(&mut source).err().map(|error| error.kind()), Some(ErrorKind::InvalidInput));
}

#[test]
fn io_5_an_engine_that_takes_nothing_reads_nothing() {
    let mut source = reader(&[Turn::Gives(b"x")]);
    let mut engine = Engine::new(Lines::new(99)).with_backlog(4);
    drop(engine.feed(b"one\ntwo\n").unwrap());
    assert_eq!(engine.read_from(&mut source).err().map(|error| error.kind()), Some(ErrorKind::QuotaExceeded));
    let mut engine = Engine::new(Lines::new(99));
    let reservation = engine.reserve_owned().unwrap();
    assert_eq!(engine.read_from(&mut source).err().map(|error| error.kind()), Some(ErrorKind::InvalidInput));
    drop(engine.commit_owned(reservation).unwrap());
    assert!(source.asked.is_empty());
    assert!(matches!(engine.read_from(&mut source).unwrap().next_frame(), Ok(Step::NeedMoreData(_))));
}

/// 100 segments of many lengths, the first partly taken, and what they hold.
fn many_segments() -> (SegmentedBuf, Vec<u8>) {
    let mut buf = SegmentedBuf::with_config(BufConfig { merge_below: 1, ..BufConfig::DEFAULT });
    for n in 0..100_u8 {
        buf.append(vec![n; 1 + usize::from(n) * 7 % 30].into()).unwrap();
    }
    buf.write(b"and a tail").unwrap();
    buf.append(Bytes::from_static(b"!")).unwrap();
    buf.advance(3).unwrap();
    let bytes = unread(&buf);
    assert!(buf.segments().len() > 64 && bytes.len() > 1000);
    (buf, bytes)
}

#[test]
fn io_6_every_byte_is_written_once_and_in_order() {
    for looks in [Looks::AtOne, Looks::AtAll] {
        for step in [1, 2, 3, 7, 29, 30, 31, 64, 500, usize::MAX] {
            let (mut buf, bytes) = many_segments();
            let mut sink = writer(looks, &vec![Turn::Takes(step); bytes.len()]);
            drain_into(&mut buf, &mut sink).unwrap();
            assert!(sink.taken == bytes && buf.is_empty(), "{looks:?}, {step} bytes at a time");
            assert_eq!(buf.position(), bytes.len() as u64 + 3, "{looks:?}, {step} bytes at a time");
            if looks == Looks::AtAll && step == usize::MAX {
                assert_eq!(sink.calls, 2, "64 segments, and the rest");
            }
        }
    }
    for (name, make) in EACH {
        let (mut buf, mut sink) = (holding(make, b"abcdefgh"), writer(Looks::AtAll, &[Turn::Takes(3), Turn::Takes(4)]));
        drain_into(&mut *buf, &mut sink).unwrap();
        assert_eq!((&sink.taken[..], sink.calls, buf.len()), (&b"abcdefgh"[..], 3, 0), "{name}");
        drain_into(&mut *buf, &mut sink).unwrap();
        assert_eq!(sink.calls, 3, "{name}: nothing is not written");
    }
    let mut sink = writer(Looks::AtAll, &[]);
    drain_into(&mut DirectBuf::new(b"in memory"), &mut sink).unwrap();
    assert_eq!(sink.taken, b"in memory");
}

#[test]
fn io_6_what_was_not_written_is_kept() {
    struct Row(Turn, Option<ErrorKind>);
    for looks in [Looks::AtOne, Looks::AtAll] {
        for Row(turn, failure) in [
            Row(Turn::Fails(ErrorKind::Interrupted), None),
            Row(Turn::Takes(0), Some(ErrorKind::WriteZero)),
            Row(Turn::Fails(ErrorKind::WouldBlock), Some(ErrorKind::WouldBlock)),
            Row(Turn::Fails(ErrorKind::BrokenPipe), Some(ErrorKind::BrokenPipe)),
        ] {
            for taken in 0..5 {
                let (mut buf, bytes) = many_segments();
                let mut sink = writer(looks, &[&vec![Turn::Takes(17); taken][..], &[turn, turn]].concat());
                let mut failures = Vec::new();
                while let Err(error) = drain_into(&mut buf, &mut sink) {
                    failures.push(error.kind());
                    assert_eq!([&sink.taken[..], &unread(&buf)].concat(), bytes, "{turn:?} after {taken}");
                }
                assert!(sink.taken == bytes && buf.is_empty(), "{turn:?} after {taken}");
                assert!(failures.iter().copied().eq(failure.into_iter().chain(failure)), "{turn:?} after {taken}: {failures:?}");
            }
        }
    }
}

/// More than it was given is caught even where the buffer holds more: else bytes would be dropped that nobody wrote.
#[test]
fn io_6_a_writer_that_lies_is_an_error() {
    for more in [1, 100, usize::MAX / 2] {
        let (mut buf, bytes) = many_segments();
        let error = drain_into(&mut buf, &mut writer(Looks::AtAll, &[Turn::Lies(more)])).unwrap_err();
        assert_eq!((error.kind(), unread(&buf) == bytes), (ErrorKind::Other, true), "{more} bytes more");
    }
}

/// Two ends of a connection on this machine. Neither waits for ever.
fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let here = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (there, _) = listener.accept().unwrap();
    for end in [&here, &there] {
        end.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        end.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    }
    (here, there)
}

#[test]
fn io_6_lines_go_through_a_socket() {
    let (mut here, mut there) = connection();
    let lines: Vec<String> = (0..2000).map(|n| "x".repeat(n * 7 % 3000)).collect();
    let mut outgoing = SegmentedBuf::new();
    for line in &lines {
        outgoing.append(Bytes::from(line.clone())).unwrap();
        outgoing.write(b"\n").unwrap();
    }
    assert!(outgoing.segments().len() > 1000);
    let sender = thread::spawn(move || {
        drain_into(&mut outgoing, &mut here).unwrap();
        here.shutdown(Shutdown::Write).unwrap();
        here
    });
    let mut received = Vec::new();
    read_lines(&mut Engine::new(Lines::new(3000)), &mut there, &mut received);
    sender.join().unwrap();
    assert_eq!(received.pop().as_deref(), Some("end"));
    assert!(received == lines);
}

#[test]
fn io_5_a_socket_that_is_not_ready_would_block() {
    let (mut here, mut there) = connection();
    there.set_nonblocking(true).unwrap();
    let (mut buf, mut engine) = (LinearBuf::new(), Engine::new(Lines::new(99)));
    buf.write(b"before, ").unwrap();
    assert_eq!(kind(fill_from(&mut buf, &mut there, 99)), ErrorKind::WouldBlock);
    assert_eq!(engine.read_from(&mut there).err().map(|error| error.kind()), Some(ErrorKind::WouldBlock));

    there.set_nonblocking(false).unwrap();
    here.write_all(b"after\nthe end").unwrap();
    here.shutdown(Shutdown::Write).unwrap();
    while buf.len() < 14 {
        let missing = 14 - buf.len();
        assert!((1..=missing).contains(&fill_from(&mut buf, &mut there, missing).unwrap()));
    }
    assert_eq!(buf.peek(), b"before, after\n");
    let mut says = Vec::new();
    read_lines(&mut engine, &mut there, &mut says);
    assert_eq!(says, ["the end", "end"]);
    assert_eq!(fill_from(&mut buf, &mut there, 99).unwrap(), 0, "the end, again");
}

#[test]
fn io_6_a_socket_that_is_full_would_block() {
    const CHUNKS: usize = 32;
    let (mut here, mut there) = connection();
    let chunk: Bytes = (0..1 << 20).map(|n: u32| n.to_le_bytes()[n as usize % 3]).collect();
    let mut outgoing = SegmentedBuf::with_config(BufConfig::unlimited());
    (0..CHUNKS).for_each(|_| outgoing.append(chunk.clone()).unwrap());
    here.set_nonblocking(true).unwrap();
    // Nobody reads: no socket holds as much as that.
    assert_eq!(kind(drain_into(&mut outgoing, &mut here)), ErrorKind::WouldBlock);
    assert_eq!(outgoing.position() + outgoing.len() as u64, (CHUNKS << 20) as u64);

    let whole = chunk.clone();
    let receiver = thread::spawn(move || {
        let mut buf = SegmentedBuf::new();
        let mut chunks = 0;
        let mut file = AsRead::new(&mut buf, |buf: &mut SegmentedBuf, missing| Ok(fill_from(buf, &mut there, missing)? > 0));
        let mut received = vec![0; whole.len()];
        while !file.fill_buf().unwrap().is_empty() {
            file.read_exact(&mut received).unwrap();
            assert!(received == whole);
            chunks += 1;
        }
        chunks
    });
    here.set_nonblocking(false).unwrap();
    drain_into(&mut outgoing, &mut here).unwrap();
    here.shutdown(Shutdown::Write).unwrap();
    assert_eq!(receiver.join().unwrap(), CHUNKS);
}
