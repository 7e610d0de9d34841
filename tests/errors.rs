//! Errors and time: SPEC.md, clauses ER-1, ER-3 and ER-4.

use core::convert::Infallible;
use core::mem;
use core::time::Duration;
use framewright::buf::{BufConfig, LinearBuf, StreamBuf, StreamBufMut};
use framewright::decode::{Found, Stop};
use framewright::framing::{Counts, LengthField, LengthFieldFault, Lines, Width};
use framewright::{BufError, Decode, Engine, Error, ErrorKind, Input, NeedMoreData, Refused, Time};

/// The first error that a decoder gives.
fn error<D: Decode>(decoder: D, input: &[u8]) -> Error<D::Fault> {
    let mut engine = Engine::new(decoder);
    if let Err(error) = engine.feed(input).unwrap().next_frame() {
        return error;
    }
    engine.eof().next_frame().err().unwrap()
}

fn length_field() -> LengthField {
    LengthField::builder(Width::U8, Counts::Frame, 10).build().unwrap()
}

/// Says that the first thousand bytes are a frame, whatever there is.
struct Boaster;

impl Decode for Boaster {
    type Progress = ();
    type Token = ();
    type Frame<'a> = ();
    type Fault = Infallible;

    fn scan(&mut self, (): &mut (), _: &Input<'_>) -> Result<Found<()>, Stop<Infallible>> {
        Ok(Found::Frame { len: 1000, token: () })
    }

    fn open<'a>((): (), (): &'a (), _: &'a [u8]) {}
}

fn forgotten() -> Error<Infallible> {
    let mut engine = Engine::new(Lines::new(10));
    mem::forget(engine.feed(b"lost").unwrap());
    engine.eof().next_frame().unwrap_err()
}

#[test]
fn er_1_errors_of_the_stream_are_told_apart_by_kind() {
    let rows = [
        ("a payload above the limit", error(Lines::new(3), b"four\n").kind(), ErrorKind::Limit),
        ("a length above the limit", error(length_field(), b"\x0c").kind(), ErrorKind::Limit),
        ("a fault of the peer", error(length_field(), b"\0").kind(), ErrorKind::Protocol),
        ("an end inside a frame", error(length_field(), b"\x02").kind(), ErrorKind::Truncated),
        ("a forgotten guard", forgotten().kind(), ErrorKind::Misuse),
        ("a decoder's bug", error(Boaster, b"x").kind(), ErrorKind::Bug),
    ];
    for (what, found, expected) in rows {
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn er_1_errors_of_a_buffer_are_told_apart_by_kind() {
    let short = NeedMoreData::ONE;
    let rows = [
        (BufError::from(short), ErrorKind::NotYet, "more bytes are needed, at least 1"),
        (
            BufError::BufferTooLarge { limit: 10, wanted: 12 },
            ErrorKind::Limit,
            "the buffer would hold 12 bytes, above its limit of 10 bytes",
        ),
        (BufError::OutstandingReserve, ErrorKind::Misuse, "a reservation is outstanding: commit or cancel it first"),
        (BufError::NoOutstandingReserve, ErrorKind::Misuse, "no reservation is outstanding"),
        (BufError::CommitTooLarge { reserved: 3, committed: 4 }, ErrorKind::Misuse, "4 bytes committed, but only 3 bytes were reserved"),
    ];
    for (error, kind, says) in rows {
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, says));
    }
    let mut buf = LinearBuf::with_config(BufConfig { max_bytes: 3, ..BufConfig::DEFAULT });
    assert_eq!(buf.write(b"four").unwrap_err().kind(), ErrorKind::Limit);
    assert_eq!(buf.reserve(4).map(drop).unwrap_err().kind(), ErrorKind::Limit);
    assert_eq!(buf.reserve(3).unwrap().commit(4).unwrap_err().kind(), ErrorKind::Misuse);
    assert_eq!(buf.advance(1).map_err(|short| BufError::from(short).kind()), Err(ErrorKind::NotYet));
}

#[test]
fn er_1_refused_input_is_told_apart_by_kind() {
    let rows = [
        (Refused::Backlog { held: 12, backlog: 10 }, ErrorKind::Limit),
        (Refused::AfterEof, ErrorKind::Misuse),
        (Refused::Failed, ErrorKind::Misuse),
        (Refused::ChunkForgotten, ErrorKind::Misuse),
        (Refused::CommitTooLarge { reserved: 3, committed: 4 }, ErrorKind::Misuse),
    ];
    for (refused, kind) in rows {
        assert_eq!(refused.kind(), kind, "{refused}");
    }
}

#[test]
fn er_1_what_is_missing_is_never_too_much() {
    for (have, wanted, missing) in
        [(0, 0, None), (5, 4, None), (5, 5, None), (4, 5, Some(1)), (0, usize::MAX, Some(usize::MAX)), (usize::MAX, 0, None)]
    {
        assert_eq!(NeedMoreData::check(have, wanted).err().map(|short| short.missing.get()), missing, "{wanted} of {have}");
    }
    assert_eq!(NeedMoreData::ONE.missing.get(), 1);
}

#[test]
fn er_1_a_fault_of_the_peer_is_the_source_of_its_error() {
    let source = |error: &dyn core::error::Error| error.source().and_then(|fault| fault.downcast_ref().cloned());
    assert_eq!(source(&error(length_field(), b"\0")), Some(LengthFieldFault::TooShort { found: 0, expected: 1 }));
    assert_eq!(source(&error(length_field(), b"\x0c")), None);
}

#[cfg(feature = "std")]
#[test]
fn er_3_every_kind_has_an_io_kind_of_its_own() {
    use std::io;

    let rows = [
        (ErrorKind::NotYet, io::ErrorKind::WouldBlock),
        (ErrorKind::Limit, io::ErrorKind::QuotaExceeded),
        (ErrorKind::Protocol, io::ErrorKind::InvalidData),
        (ErrorKind::Truncated, io::ErrorKind::UnexpectedEof),
        (ErrorKind::Misuse, io::ErrorKind::InvalidInput),
        (ErrorKind::Bug, io::ErrorKind::Other),
    ];
    for (kind, expected) in rows {
        assert_eq!(io::ErrorKind::from(kind), expected, "{kind:?}");
    }
}

#[cfg(feature = "std")]
#[test]
fn er_3_every_error_becomes_an_io_error() {
    use std::io;

    let rows = [
        (io::Error::from(NeedMoreData::ONE), ErrorKind::NotYet),
        (BufError::BufferTooLarge { limit: 10, wanted: 12 }.into(), ErrorKind::Limit),
        (BufError::CommitTooLarge { reserved: 3, committed: 4 }.into(), ErrorKind::Misuse),
        (Refused::Backlog { held: 12, backlog: 10 }.into(), ErrorKind::Limit),
        (Refused::AfterEof.into(), ErrorKind::Misuse),
        (error(Lines::new(3), b"four\n").into(), ErrorKind::Limit),
        (error(length_field(), b"\0").into(), ErrorKind::Protocol),
        (error(length_field(), b"\x02").into(), ErrorKind::Truncated),
        (forgotten().into(), ErrorKind::Misuse),
        (error(Boaster, b"x").into(), ErrorKind::Bug),
    ];
    for (error, kind) in rows {
        assert_eq!(error.kind(), io::ErrorKind::from(kind), "{error}");
    }
    let inside = io::Error::from(error(length_field(), b"\x02"));
    let offset = inside.get_ref().and_then(|inside| inside.downcast_ref::<Error<LengthFieldFault>>()).map(|error| error.offset);
    assert_eq!(offset, Some(0), "the error itself is inside");
}

#[test]
fn er_4_time_does_not_wrap() {
    let at = Time::from_nanos;
    let long = Duration::from_nanos(u64::MAX);
    let rows = [
        (Time::ZERO, Duration::ZERO, Time::ZERO),
        (at(5), Duration::from_nanos(10), at(15)),
        (at(5), Duration::from_secs(2), at(2_000_000_005)),
        (Time::ZERO, long, Time::MAX),
        (at(1), long, Time::MAX),
        (Time::MAX, Duration::from_nanos(1), Time::MAX),
        (Time::MAX, Duration::MAX, Time::MAX),
        (Time::ZERO, Duration::MAX, Time::MAX),
        (Time::ZERO, Duration::from_secs(u64::MAX / 1_000_000_000 + 1), Time::MAX),
    ];
    for (time, add, expected) in rows {
        assert_eq!(time + add, expected, "{time:?} + {add:?}");
    }
    let rows = [
        (at(15), at(5), Duration::from_nanos(10)),
        (at(5), at(5), Duration::ZERO),
        (at(5), at(15), Duration::ZERO),
        (Time::MAX, Time::ZERO, long),
        (Time::ZERO, Time::MAX, Duration::ZERO),
    ];
    for (time, earlier, expected) in rows {
        assert_eq!(time.since(earlier), expected, "{time:?} since {earlier:?}");
    }
    assert_eq!((at(7).as_nanos(), Time::default(), Time::MAX.as_nanos()), (7, Time::ZERO, u64::MAX));
    assert!(at(1) < at(2) && at(2) < Time::MAX);
}

#[cfg(feature = "std")]
#[test]
fn er_4_a_clock_that_reads_before_its_epoch_reads_zero() {
    use std::time::Instant;

    let before = Instant::now();
    let epoch = before + Duration::from_nanos(7);
    assert_eq!(Time::from_instant(before, epoch), Time::ZERO);
    assert_eq!(Time::from_instant(epoch, epoch), Time::ZERO);
    assert_eq!(Time::from_instant(epoch, before), Time::from_nanos(7));
}
