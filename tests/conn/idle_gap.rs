//! Frames that end after a silence.

use core::convert::Infallible;
use core::time::Duration;

use framewright::conn::{Conn, IdleGap, Limits, Plain, Protocol, Timeouts, Turn};
use framewright::decode::{Decode, Found, Stop};
use framewright::encode::{Encode, EncodeError, Payload, Writer};
use framewright::testkit::{Case, Kit, text};
use framewright::{Input, NeedMoreData, Time};

use crate::{say, says};

const GAP: Duration = Duration::from_millis(10);

fn ms(millis: u64) -> Time {
    Time::ZERO + Duration::from_millis(millis)
}

fn serial() -> Conn<IdleGap> {
    let limits = Limits { timeouts: Timeouts::NEVER, ..Limits::DEFAULT };
    Conn::with_limits(IdleGap::new(GAP, 4), ms(0), limits)
}

#[test]
fn ig_1_a_frame_is_what_lies_between_two_silences() {
    let mut conn = serial();
    drop(conn.feed(ms(0), b"on").unwrap());
    assert!(matches!(conn.step(), Turn::Want(want) if want.deadline == Some(ms(10))));
    drop(conn.feed(ms(9), b"e").unwrap());
    assert!(matches!(conn.step(), Turn::Want(want) if want.deadline == Some(ms(19))), "from the last byte");
    conn.tick(Time::from_nanos(ms(19).as_nanos() - 1));
    assert_eq!(say(conn.step()), "want read");
    conn.tick(ms(19));
    assert_eq!(say(conn.step()), "one");
    // Nothing is awaited between frames, however long, and it makes no frame.
    assert!(matches!(conn.step(), Turn::Want(want) if want.deadline.is_none()));
    conn.tick(ms(5000));
    conn.tick(ms(6000));
    assert_eq!(says(&mut conn), ["want read"]);
    drop(conn.feed(ms(7000), b"two").unwrap());
    assert_eq!(says(&mut conn), ["want read"]);
    conn.tick(ms(7010));
    assert_eq!(says(&mut conn), ["two", "want read"]);
}

/// What a driver does.
#[derive(Clone, Copy)]
enum Call {
    Feed,
    Read,
    Tick,
    Step,
}

#[test]
fn ig_2_which_calls_bring_bytes_and_time_and_when_frames_are_asked_for_makes_no_difference() {
    // "ab" and "cd" with a silence between, "ef" directly behind, and a silence.
    let script: [(u64, &[u8]); 4] = [(0, b"ab"), (10, b"c"), (19, b"d"), (28, b"ef")];
    for orders in 0..4_u32.pow(4) {
        let mut conn = serial();
        let mut said = Vec::new();
        if orders % 2 == 0 {
            assert_eq!(says(&mut conn), ["want read"]);
        }
        let step =
            |conn: &mut Conn<IdleGap>, said: &mut Vec<String>| said.extend(says(conn).into_iter().filter(|says| !says.starts_with("want")));
        for (at, (time, bytes)) in script.iter().enumerate() {
            let order = orders / 4_u32.pow(u32::try_from(at).unwrap()) % 4;
            let calls: &[Call] = match order {
                0 => &[Call::Feed],
                1 => &[Call::Tick, Call::Read],
                2 => &[Call::Tick, Call::Step, Call::Feed, Call::Step],
                _ => &[Call::Read, Call::Tick, Call::Step],
            };
            for call in calls {
                match call {
                    Call::Feed => drop(conn.feed(ms(*time), bytes).unwrap()),
                    Call::Read => {
                        conn.space().unwrap()[..bytes.len()].copy_from_slice(bytes);
                        conn.commit(ms(*time), bytes.len()).unwrap();
                    }
                    Call::Tick => conn.tick(ms(*time)),
                    Call::Step => step(&mut conn, &mut said),
                }
            }
        }
        conn.tick(ms(38));
        step(&mut conn, &mut said);
        assert_eq!(said, ["ab", "cdef"], "{orders}");
    }
}

#[test]
fn ig_3_a_frame_beyond_the_limit_is_one_error_and_what_follows_the_silence_is_read() {
    for chunk in 1..=9 {
        for asks in [false, true] {
            let mut conn = serial();
            let mut said = Vec::new();
            for bytes in b"much too ".chunks(chunk) {
                drop(conn.feed(ms(0), bytes).unwrap());
                if asks {
                    said.extend(says(&mut conn));
                }
            }
            drop(conn.feed(ms(10), b"good").unwrap());
            if asks {
                said.extend(says(&mut conn));
            }
            conn.tick(ms(20));
            said.extend(says(&mut conn));
            said.retain(|says| !says.starts_with("want"));
            assert_eq!(said, ["bad: frame at byte 0: payload longer than the limit of 4 bytes", "good"], "in pieces of {chunk}");
        }
    }
}

#[test]
fn ig_4_the_end_of_the_stream_ends_a_frame() {
    let mut conn = serial();
    drop(conn.feed(ms(0), b"one").unwrap());
    conn.eof(ms(1));
    assert_eq!(says(&mut conn), ["one", "over", "want shutdown"]);
    let mut conn = serial();
    drop(conn.feed(ms(0), b"one").unwrap());
    conn.eof(ms(10));
    assert_eq!(says(&mut conn), ["one", "over", "want shutdown"], "after a silence it is no frame more");
    // As a decoder alone it knows no silence.
    #[rustfmt::skip]
    Kit::new(|| IdleGap::new(GAP, 4), |frame| text(frame)).table(&[
        Case { clause: "IG-4", input: b"",      says: &["end"] },
        Case { clause: "IG-4", input: b"four",  says: &["four", "end"] },
        Case { clause: "IG-3", input: b"fives", says: &["frame at byte 0: payload longer than the limit of 4 bytes", "end after 5 skipped bytes"] },
    ]);
    let mut conn = Conn::new(Plain(IdleGap::new(GAP, 4)), ms(0));
    drop(conn.feed(ms(0), b"one").unwrap());
    conn.tick(ms(1000));
    conn.eof(ms(1000));
    assert_eq!(says(&mut conn), ["one", "over", "want shutdown"], "Plain passes no silence on");
}

#[test]
fn ig_5_a_silence_can_be_given_in_tenths_of_a_character_at_a_baud_rate() {
    for (baud, bits, tenths, nanos) in
        [(9600, 11, 35, 4_010_417), (19_200, 11, 35, 2_005_209), (1, 10, 10, 10_000_000_000), (0, 10, 10, 10_000_000_000)]
    {
        assert_eq!(IdleGap::of_baud(baud, bits, tenths, 256).silence(), Duration::from_nanos(nanos));
    }
    assert_eq!(IdleGap::of_baud(1, u32::MAX, u32::MAX, 256).silence(), Duration::from_nanos(u64::MAX));
    assert_eq!(Protocol::silence(&IdleGap::of_baud(9600, 11, 35, 256)), Some(Duration::from_nanos(4_010_417)));
}

#[test]
fn ig_6_a_payload_that_is_empty_or_too_long_cannot_be_sent() {
    let mut conn = serial();
    assert!(matches!(conn.outbox().send("").unwrap_err().error, EncodeError::Fault(_)));
    assert!(matches!(conn.outbox().send("fives").unwrap_err().error, EncodeError::TooLarge { limit: 4, .. }));
    conn.outbox().send("four").unwrap();
    assert_eq!(crate::written(&mut conn, ms(0)), "four");
}

#[test]
fn ig_2_unread_bytes_that_go_over_to_another_connection_end_by_a_silence_there() {
    let mut conn = serial();
    drop(conn.feed(ms(0), b"one").unwrap());
    let limits = Limits { timeouts: Timeouts::NEVER, ..Limits::DEFAULT };
    let mut conn = Conn::from_parts(conn.into_parts().unwrap(), ms(5), limits);
    assert!(matches!(conn.step(), Turn::Want(want) if want.deadline == Some(ms(15))));
    conn.tick(ms(15));
    assert_eq!(says(&mut conn), ["one", "want read"]);
}

/// Waits for more whatever comes, and notes each silence.
#[derive(Default)]
struct Listener(Vec<u64>);

impl Decode for Listener {
    type Progress = ();
    type Token = ();
    type Frame<'a> = ();
    type Fault = Infallible;

    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<()>, Stop<Infallible>> {
        input.begin()?;
        Err(Stop::Need(NeedMoreData::ONE))
    }

    fn open<'a>((): (), (): &'a (), _: &'a [u8]) {}
}

impl Encode for Listener {
    type Message<'a> = Payload<'a>;
    type Fault = Infallible;

    fn encode(&mut self, _: &Payload<'_>, _: &mut Writer<'_>) -> Result<(), EncodeError<Infallible>> {
        Ok(())
    }
}

impl Protocol for Listener {
    fn silence(&self) -> Option<Duration> {
        Some(GAP)
    }

    fn fell_silent(&mut self, heard: u64) {
        self.0.push(heard);
    }
}

#[test]
fn cn_17_a_silence_is_told_once_and_again_only_when_more_has_come() {
    let mut conn = Conn::with_limits(Listener::default(), ms(0), Limits { timeouts: Timeouts::NEVER, ..Limits::DEFAULT });
    let deadline = |conn: &mut Conn<Listener>| match conn.step() {
        Turn::Want(want) => want.deadline,
        turn => panic!("{turn:?}"),
    };
    conn.tick(ms(50));
    assert_eq!((deadline(&mut conn), conn.protocol().0.as_slice()), (None, &[][..]), "nothing has come");
    drop(conn.feed(ms(50), b"one").unwrap());
    assert_eq!(deadline(&mut conn), Some(ms(60)));
    for time in [60, 61, 80] {
        conn.tick(ms(time));
        assert_eq!((deadline(&mut conn), conn.protocol().0.as_slice()), (None, &[3][..]), "at {time} ms");
    }
    drop(conn.feed(ms(90), b"more").unwrap());
    assert_eq!(deadline(&mut conn), Some(ms(100)));
    conn.tick(ms(100));
    assert_eq!((deadline(&mut conn), conn.protocol().0.as_slice()), (None, &[3, 7][..]));
}
