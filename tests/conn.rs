//! The connection machine: its lifecycle, its outputs, its timers.

use core::time::Duration;

use framewright::conn::{Conn, Failure, Limits, Plain, Protocol, Reaction, Replies, Timeouts, Timer, Turn, Want};
use framewright::decode::{Decode, Found, Reject, Stop};
use framewright::encode::{Encode, EncodeError, Payload, Writer};
use framewright::framing::{Lines, Unframable};
use framewright::testkit::text;
use framewright::{ErrorKind, Input, Time};

/// Lines. `ping` is answered by `pong` and not seen by the application.
struct Chat(Lines);

impl Decode for Chat {
    type Progress = <Lines as Decode>::Progress;
    type Token = <Lines as Decode>::Token;
    type Frame<'a> = &'a [u8];
    type Fault = <Lines as Decode>::Fault;

    fn scan(&mut self, progress: &mut usize, input: &Input<'_>) -> Result<Found<usize>, Stop<Self::Fault>> {
        self.0.scan(progress, input)
    }

    fn open<'a>(token: usize, progress: &'a usize, frame: &'a [u8]) -> &'a [u8] {
        Lines::open(token, progress, frame)
    }

    fn inspect(&mut self, _: &mut usize, _: &mut usize, _: &[u8]) -> Result<(), Reject<Self::Fault>> {
        Ok(())
    }
}

impl Encode for Chat {
    type Message<'a> = Payload<'a>;
    type Fault = Unframable;

    fn encode(&mut self, message: &Payload<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Unframable>> {
        self.0.encode(message, out)
    }
}

impl Protocol for Chat {
    fn react(&mut self, frame: &&[u8], replies: &mut Replies<'_>) -> Reaction {
        if *frame == b"ping" {
            replies.send(self, "pong");
            return Reaction::Swallow;
        }
        Reaction::Event
    }
}

fn at(seconds: u64) -> Time {
    Time::ZERO + Duration::from_secs(seconds)
}

fn chat() -> Conn<Chat> {
    Conn::new(Chat(Lines::new(64)), at(0))
}

/// What a step says, in short.
fn say<P>(turn: Turn<'_, P>) -> String
where
    P: Protocol + for<'a> Decode<Frame<'a> = &'a [u8]>,
    <P as Decode>::Fault: PartialEq,
{
    match turn {
        Turn::Event(frame, _) => text(frame),
        Turn::Bad(error, _) => format!("bad: {error}"),
        Turn::Over(Ok(()), _) => "over".to_owned(),
        Turn::Over(Err(failure), _) => format!("over: {failure}"),
        Turn::Want(Want { read, write, shutdown, .. }) => {
            let read = if read > 0 { " read" } else { "" };
            let write = if write > 0 { format!(" write {write}") } else { String::new() };
            format!("want{read}{write}{}", if shutdown { " shutdown" } else { "" })
        }
        Turn::Handoff => "handoff".to_owned(),
        Turn::Done => "done".to_owned(),
    }
}

fn written(conn: &mut Conn<Chat>, now: Time) -> String {
    let bytes: Vec<u8> = conn.output().flatten().copied().collect();
    conn.sent(now, bytes.len()).unwrap();
    text(&bytes)
}

#[test]
fn a_connection_ends_when_both_sides_have() {
    let mut conn = chat();
    drop(conn.feed(at(1), b"one\ntwo\n").unwrap());
    assert_eq!(say(conn.step()), "one");
    assert_eq!(say(conn.step()), "two");
    assert_eq!(say(conn.step()), "want read");
    conn.eof(at(2));
    match conn.step() {
        Turn::Over(Ok(()), mut out) => out.send("bye").unwrap(),
        other => panic!("{other:?}"),
    }
    assert_eq!(say(conn.step()), "want write 4");
    assert_eq!(written(&mut conn, at(3)), "bye\\n");
    assert_eq!(say(conn.step()), "want shutdown");
    conn.shut(at(3));
    assert_eq!(say(conn.step()), "done");
    assert_eq!(say(conn.step()), "done");
    assert_eq!(conn.outbox().send("more").unwrap_err().error, EncodeError::Closed);
}

#[test]
fn an_answer_goes_out_before_the_next_event() {
    let mut conn = chat();
    let mut steps = conn.feed(at(1), b"one\nping\ntwo\n").unwrap();
    let Turn::Event(b"one", mut out) = steps.step() else { panic!("an event is there") };
    out.send("1").unwrap();
    assert_eq!(say(steps.step()), "two");
    drop(steps);
    assert_eq!(written(&mut conn, at(1)), "1\\npong\\n");
}

#[test]
fn a_failure_is_told_once_and_output_drains() {
    let mut conn = chat();
    drop(conn.feed(at(1), b"good\n").unwrap());
    let Turn::Event(_, mut out) = conn.step() else { panic!("an event is there") };
    out.send("before").unwrap();
    drop(conn.feed(at(1), &[b'x'; 65]).unwrap());
    assert_eq!(say(conn.step()), "over: frame at byte 5: payload longer than the limit of 64 bytes");
    assert_eq!(say(conn.step()), "want write 7");
    conn.sent(at(2), 3).unwrap();
    assert_eq!(say(conn.step()), "want write 4");
    assert_eq!(written(&mut conn, at(2)), "ore\\n");
    assert_eq!(say(conn.step()), "want shutdown");
    conn.shut(at(2));
    assert_eq!(say(conn.step()), "done");
}

#[test]
fn a_frame_has_its_time_and_no_more() {
    let mut conn = chat();
    for second in 0..30 {
        drop(conn.feed(at(second), b"x").unwrap());
        let Turn::Want(want) = conn.step() else { panic!("nothing is whole") };
        assert_eq!(want.deadline, Some(at(30)));
    }
    conn.tick(at(30));
    assert_eq!(say(conn.step()), "over: a frame took too long to arrive");
    let mut conn = chat();
    assert!(matches!(conn.step(), Turn::Want(want) if want.deadline == Some(at(300))));
    conn.tick(at(299));
    assert_eq!(say(conn.step()), "want read");
    conn.tick(at(300));
    assert!(matches!(conn.step(), Turn::Over(Err(Failure::Timeout(Timer::Idle)), _)));
}

#[test]
fn replies_have_a_budget_above_which_nothing_is_read() {
    let limits = Limits { replies: 9, ..Limits::DEFAULT };
    let mut conn = Conn::with_limits(Chat(Lines::new(64)), at(0), limits);
    drop(conn.feed(at(0), b"ping\nping\nping\nping\nend\n").unwrap());
    assert_eq!(say(conn.step()), "want write 10");
    conn.sent(at(0), 9).unwrap();
    assert_eq!(say(conn.step()), "want write 1");
    conn.sent(at(0), 1).unwrap();
    assert_eq!(say(conn.step()), "want write 10");
    conn.sent(at(0), 10).unwrap();
    assert_eq!(say(conn.step()), "end");
}

#[test]
fn a_write_that_stands_still_ends_everything() {
    let limits = Limits { timeouts: Timeouts { write: Some(Duration::from_secs(5)), ..Timeouts::NEVER }, ..Limits::DEFAULT };
    let mut conn = Conn::with_limits(Plain(Lines::new(64)), at(0), limits);
    conn.outbox().send("hello").unwrap();
    assert!(matches!(conn.step(), Turn::Want(want) if want.deadline == Some(at(5))));
    conn.sent(at(4), 1).unwrap();
    assert!(matches!(conn.step(), Turn::Want(want) if want.deadline == Some(at(9))));
    conn.tick(at(9));
    assert!(matches!(conn.step(), Turn::Over(Err(failure), _) if failure.kind() == ErrorKind::Timeout));
    assert!(matches!(conn.step(), Turn::Done));
}
