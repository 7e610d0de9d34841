//! The protocol that drives the drivers. The law is the chapter PS of SPEC.md.

#[path = "../examples/drivers/src/protocol.rs"]
#[allow(unreachable_pub)] // It is public in the package that it belongs to.
mod protocol;

use core::time::Duration;

use framewright::buf::{SegmentedBuf, StreamBuf};
use framewright::conn::{Conn, Failure, Filter, FilterError, Leftover, Limits, MinRate, Pipe, Protocol, Timeouts, Timer, Turn};
use framewright::encode::{EncodeError, Payload};
use framewright::testkit::{Case, Kit, text};
use framewright::{Engine, Step, Time};
use protocol::{Event, Fault, Kind, MAX_OWED, MAX_PAYLOAD, Message, Part, Post, Side};

fn show(event: Event<'_>) -> String {
    match event {
        Event::Part(Part { kind, len, at: 0, bytes }) => format!("{kind:?} of {len}: {}", text(bytes)),
        Event::Part(Part { bytes, .. }) => {
            assert!(!bytes.is_empty());
            format!("+{}", text(bytes))
        }
        Event::Ping(cargo) => format!("ping {}", text(&cargo)),
        Event::Pong(cargo) => format!("pong {}", text(&cargo)),
        Event::Upgrade => "upgrade".to_owned(),
        Event::Ready => "ready".to_owned(),
    }
}

fn bytes_of(post: &mut Post, messages: &[Message<'_>]) -> Vec<u8> {
    let mut queue = SegmentedBuf::new();
    for message in messages {
        queue.send(post, message.clone()).unwrap();
    }
    queue.segments().flatten().copied().collect()
}

fn server() -> Post {
    Post::new(Side::Server)
}

/// A client with two requests under way.
fn client() -> Post {
    let mut post = Post::new(Side::Client);
    bytes_of(&mut post, &[Message::Request("one".into()), Message::Request("two".into())]);
    post
}

/// A client that has asked for an upgrade.
fn upgrading() -> Post {
    let mut post = Post::new(Side::Client);
    bytes_of(&mut post, &[Message::Upgrade]);
    post
}

#[test]
#[rustfmt::skip]
fn what_a_server_hears() {
    Kit::new(server, |event| show(event)).join("+").table(&[
        Case { clause: "PS-1", input: b"", says: &["end"] },
        Case { clause: "PS-1", input: b"Q\0\0\x05hello", says: &["Request of 5: hello", "end"] },
        Case { clause: "PS-1", input: b"Q\0\0\x02hiQ\0\0\x04Q\0\0\0", says: &["Request of 2: hi", "Request of 4: Q\\x00\\x00\\x00", "end"] },
        Case { clause: "PS-1", input: b"Q\0\0\x05hel", says: &["Request of 5: hel", "frame at byte 7: the stream ended 0 bytes into the frame"] },
        Case { clause: "PS-1", input: b"Q\0\0\x05", says: &["frame at byte 0: the stream ended 4 bytes into the frame"] },
        Case { clause: "PS-1", input: b"Q\0\0", says: &["frame at byte 0: the stream ended 3 bytes into the frame"] },
        Case { clause: "PS-2", input: b"?\0\0\x0812345678!\0\0\x0887654321U\0\0\0", says: &["ping 12345678", "pong 87654321", "upgrade", "end"] },
        Case { clause: "PS-2", input: b"q", says: &["frame at byte 0: no message begins with byte 0x71"] },
        Case { clause: "PS-2", input: b"Q\0\0\x01a\n", says: &["Request of 1: a", "frame at byte 5: no message begins with byte 0x0a"] },
        Case { clause: "PS-3", input: b"A", says: &["frame at byte 0: Answer to the wrong side"] },
        Case { clause: "PS-3", input: b"P", says: &["frame at byte 0: Push to the wrong side"] },
        Case { clause: "PS-3", input: b"R", says: &["frame at byte 0: Ready to the wrong side"] },
        Case { clause: "PS-4", input: b"Q\x11", says: &["frame at byte 0: payload longer than the limit of 1048576 bytes"] },
        Case { clause: "PS-4", input: b"Q\x10\x01", says: &["frame at byte 0: payload longer than the limit of 1048576 bytes"] },
        Case { clause: "PS-4", input: b"Q\x10\0\x01", says: &["frame at byte 0: payload longer than the limit of 1048576 bytes"] },
        Case { clause: "PS-4", input: b"Q\x10\0\0a", says: &["Request of 1048576: a", "frame at byte 5: the stream ended 0 bytes into the frame"] },
        Case { clause: "PS-5", input: b"?\0\0\x07", says: &["frame at byte 0: Ping of not 8 bytes"] },
        Case { clause: "PS-5", input: b"?\0\0\x09", says: &["frame at byte 0: Ping of not 8 bytes"] },
        Case { clause: "PS-5", input: b"?\x01", says: &["frame at byte 0: Ping of not 8 bytes"] },
        Case { clause: "PS-5", input: b"!\0\x01", says: &["frame at byte 0: Pong of not 8 bytes"] },
        Case { clause: "PS-5", input: b"U\0\0\x01", says: &["frame at byte 0: Upgrade of not 0 bytes"] },
        Case { clause: "PS-5", input: b"?\0\0\x081234567", says: &["frame at byte 0: the stream ended 11 bytes into the frame"] },
        Case { clause: "PS-6", input: b"Q\0\0\0Q\0\0\0Q\0\0\x01a", says: &["Request of 0: ", "Request of 0: ", "Request of 1: a", "end"] },
        Case { clause: "PS-9", input: &[b"Q\0\0\0".repeat(63), b"Q\0\0\x01a".to_vec(), b"Q".to_vec()].concat(), says: &[vec!["Request of 0: "; 63], vec!["Request of 1: a", "frame at byte 257: more than 64 requests without an answer"]].concat() },
        Case { clause: "PS-11", input: b"Q\0\0\0U", says: &["Request of 0: ", "frame at byte 4: an upgrade that cannot be"] },
        Case { clause: "PS-12", input: b"U\0\0\0U", says: &["upgrade", "frame at byte 4: a message behind the one that asks for an upgrade"] },
        Case { clause: "PS-12", input: b"U\0\0\0!", says: &["upgrade", "frame at byte 4: a message behind the one that asks for an upgrade"] },
    ]);
}

#[test]
#[rustfmt::skip]
fn what_a_client_hears() {
    Kit::new(client, |event| show(event)).join("+").table(&[
        Case { clause: "PS-2", input: b"A\0\0\x02hiP\0\0\x03newsP\0\0\0A\0\0\0", says: &["Answer of 2: hi", "Push of 3: new", "frame at byte 13: no message begins with byte 0x73"] },
        Case { clause: "PS-3", input: b"Q", says: &["frame at byte 0: Request to the wrong side"] },
        Case { clause: "PS-3", input: b"U", says: &["frame at byte 0: Upgrade to the wrong side"] },
        Case { clause: "PS-8", input: b"A\0\0\0A\0\0\x01bA", says: &["Answer of 0: ", "Answer of 1: b", "frame at byte 9: an answer to no request"] },
        Case { clause: "PS-11", input: b"R", says: &["frame at byte 0: an upgrade that cannot be"] },
    ]);
    Kit::new(upgrading, |event| show(event)).join("+").table(&[
        Case { clause: "PS-12", input: b"P\0\0\x01!?\0\0\x08........R\0\0\0", says: &["Push of 1: !", "ping ........", "ready", "end"] },
        Case { clause: "PS-11", input: b"R\0\0\0R", says: &["ready", "frame at byte 4: an upgrade that cannot be"] },
    ]);
}

#[test]
fn ps_6_the_longest_payload_in_parts() {
    let kit = Kit::new(server, |event| show(event).replace("\\x07", "")).join("+");
    let long = Payload::from(vec![7; MAX_PAYLOAD]);
    let bytes = bytes_of(&mut Post::new(Side::Client), &[Message::Request(long), Message::Request("x".into())]);
    assert_eq!(kit.check_sample(&bytes, 1).lines(), ["Request of 1048576: ", "Request of 1: x", "end"]);
}

#[test]
fn ps_6_a_part_is_handed_out_when_it_is_there() {
    let mut engine = Engine::new(server());
    for (chunk, at) in [(&b"Q\0\0\x04a"[..], 0), (b"b", 1), (b"cd", 2)] {
        let mut frames = engine.feed(chunk).unwrap();
        let Ok(Step::Frame(Event::Part(part), _)) = frames.next_frame() else { panic!("a part is there") };
        assert_eq!((part.kind, part.at, part.len, part.is_last()), (Kind::Request, at, 4, at == 2));
    }
    assert_eq!(engine.held_bytes(), 0);
}

fn at(seconds: u64) -> Time {
    Time::ZERO + Duration::from_secs(seconds)
}

fn written(conn: &mut Conn<Post>) -> String {
    let bytes: Vec<u8> = conn.output().flatten().copied().collect();
    conn.sent(at(0), bytes.len()).unwrap();
    text(&bytes)
}

#[test]
fn ps_7_parts_have_a_rate_and_headers_a_time() {
    let rate = MinRate { bytes_per_second: 1, grace: Duration::from_secs(5) };
    let timeouts = Timeouts { frame: Some(Duration::from_secs(3)), min_rate: Some(rate), ..Timeouts::NEVER };
    let mut conn = Conn::with_limits(server(), at(0), Limits { timeouts, ..Limits::DEFAULT });
    drop(conn.feed(at(0), b"Q\0").unwrap());
    assert!(matches!(conn.step(), Turn::Want(want) if want.deadline == Some(at(3))));
    drop(conn.feed(at(2), b"\0\xffa").unwrap());
    assert!(matches!(conn.step(), Turn::Event(Event::Part(_), _)));
    assert_eq!(conn.protocol().phase(), framewright::conn::Phase::Parts);
    assert!(matches!(conn.step(), Turn::Want(want) if want.deadline == Some(at(7))));
    drop(conn.feed(at(4), b"bcd").unwrap());
    assert!(matches!(conn.step(), Turn::Event(Event::Part(_), _)));
    // Being fast earns no more than the grace.
    assert!(matches!(conn.step(), Turn::Want(want) if want.deadline == Some(at(9))));
    conn.tick(at(9));
    assert!(matches!(conn.step(), Turn::Over(Err(Failure::Timeout(Timer::MinRate)), _)));
}

#[test]
fn ps_10_a_ping_is_answered_by_itself() {
    let mut conn = Conn::new(server(), at(0));
    drop(conn.feed(at(0), b"?\0\0\x0812345678").unwrap());
    assert!(matches!(conn.step(), Turn::Want(want) if want.write == 12));
    assert_eq!(written(&mut conn), "!\\x00\\x00\\x0812345678");
}

#[test]
fn ps_12_a_client_that_asked_for_an_upgrade_answers_no_ping() {
    let mut conn = Conn::new(Post::new(Side::Client), at(0));
    conn.outbox().send(Message::Upgrade).unwrap();
    assert_eq!(written(&mut conn), "U\\x00\\x00\\x00");
    drop(conn.feed(at(0), b"?\0\0\x0812345678R\0\0\0").unwrap());
    assert!(matches!(conn.step(), Turn::Event(Event::Ready, _)));
    assert_eq!(written(&mut conn), "");
    drop(conn.feed(at(0), b"?\0\0\x0812345678").unwrap());
    assert!(matches!(conn.step(), Turn::Want(want) if want.write == 12));
}

/// What is refused, and nothing of it written: each is what the other side would not take.
fn refused(post: &mut Post, message: Message<'_>) -> EncodeError<Fault> {
    let before = post.clone();
    let mut queue = SegmentedBuf::new();
    let error = queue.send(post, message).unwrap_err().error;
    assert_eq!((queue.len(), &before), (0, &*post));
    error
}

#[test]
fn ps_3_neither_side_says_what_is_the_others() {
    for message in [Message::Answer("".into()), Message::Push("".into()), Message::Ready] {
        assert!(matches!(refused(&mut client(), message), EncodeError::Fault(Fault::WrongSide { .. })));
    }
    for message in [Message::Request("".into()), Message::Upgrade] {
        assert!(matches!(refused(&mut server(), message), EncodeError::Fault(Fault::WrongSide { .. })));
    }
}

#[test]
fn ps_4_a_payload_that_is_too_long_is_not_said() {
    let message = Message::Request(vec![0; MAX_PAYLOAD + 1].into());
    assert!(matches!(refused(&mut client(), message), EncodeError::TooLarge { what: "payload", limit: 0x10_0000 }));
}

#[test]
fn ps_8_an_answer_to_a_request_that_is_not_whole() {
    let mut conn = Conn::new(server(), at(0));
    drop(conn.feed(at(0), b"Q\0\0\x02a").unwrap());
    let Turn::Event(Event::Part(_), mut out) = conn.step() else { panic!("a part is there") };
    assert_eq!(out.send(Message::Answer("".into())).unwrap_err().error, EncodeError::Fault(Fault::Unasked));
    drop(conn.feed(at(0), b"b").unwrap());
    let Turn::Event(Event::Part(_), mut out) = conn.step() else { panic!("a part is there") };
    out.send(Message::Answer("".into())).unwrap();
    assert_eq!(out.protocol().owed(), 0);
    assert_eq!(out.send(Message::Answer("".into())).unwrap_err().error, EncodeError::Fault(Fault::Unasked));
}

#[test]
fn ps_9_a_client_waits_for_answers() {
    let mut post = Post::new(Side::Client);
    for _ in 0..MAX_OWED {
        bytes_of(&mut post, &[Message::Request("".into())]);
    }
    assert_eq!(refused(&mut post, Message::Request("".into())), EncodeError::Fault(Fault::TooMany));
    let mut engine = Engine::new(post);
    engine.feed(b"A\0\0\0").unwrap().next_frame().unwrap();
    bytes_of(&mut engine.decoder().clone(), &[Message::Request("".into())]);
}

#[test]
fn ps_11_an_upgrade_that_cannot_be_is_not_said() {
    assert_eq!(refused(&mut client(), Message::Upgrade), EncodeError::Fault(Fault::Upgrade));
    assert_eq!(refused(&mut server(), Message::Ready), EncodeError::Fault(Fault::Upgrade));
    let mut engine = Engine::new(upgrading());
    engine.feed(b"R\0\0\0").unwrap().next_frame().unwrap();
    assert_eq!(refused(&mut engine.decoder().clone(), Message::Upgrade), EncodeError::Fault(Fault::Upgrade));
}

#[test]
fn ps_12_nothing_is_said_behind_an_upgrade() {
    for message in [Message::Request("".into()), Message::Ping([0; 8]), Message::Pong([0; 8]), Message::Upgrade] {
        assert_eq!(refused(&mut upgrading(), message), EncodeError::Fault(Fault::Behind));
    }
}

/// Inverts every bit, in both directions.
struct Invert;

impl Filter for Invert {
    fn pump(&mut self, pipe: &mut Pipe<'_>) -> Result<(), FilterError> {
        while let room @ 1.. = pipe.room().min(pipe.wire().len()) {
            let plain: Vec<u8> = pipe.wire()[..room].iter().map(|byte| !byte).collect();
            pipe.consume(room);
            pipe.deliver(&plain);
        }
        while let room @ 1.. = pipe.wire_room().min(pipe.outgoing().len()) {
            let coded: Vec<u8> = pipe.outgoing()[..room].iter().map(|byte| !byte).collect();
            pipe.take(room);
            pipe.send(&coded);
        }
        Ok(())
    }
}

/// A server that was asked for an upgrade, said ready, and has the filter; the bytes come in one piece or two.
fn upgraded(first: &[u8], then: &[u8]) -> Result<Conn<Post>, Box<dyn Filter>> {
    let mut conn = Conn::new(server(), at(0));
    drop(conn.feed(at(0), first).unwrap());
    let Turn::Event(Event::Upgrade, mut out) = conn.step() else { panic!("an upgrade is there") };
    out.send(Message::Ready).unwrap();
    conn.push_filter(Box::new(Invert), Leftover::Reject)?;
    drop(conn.feed(at(0), then).unwrap());
    Ok(conn)
}

#[test]
fn an_upgrade_in_mid_stream() {
    let inverted: Vec<u8> = b"Q\0\0\x02hi".iter().map(|byte| !byte).collect();
    let mut conn = upgraded(b"U\0\0\0", &inverted).ok().unwrap();
    let Turn::Event(event, mut out) = conn.step() else { panic!("a request is there") };
    assert_eq!(show(event), "Request of 2: hi");
    out.send(Message::Answer("ok".into())).unwrap();
    assert!(matches!(conn.step(), Turn::Want(want) if want.write == 10));
    assert_eq!(written(&mut conn), "R\\x00\\x00\\x00\\xbe\\xff\\xff\\xfd\\x90\\x94"); // the answer inverted
}

#[test]
fn what_came_before_the_filter_does_not_pass_for_what_comes_behind_it() {
    assert!(upgraded(b"U\0\0\0Q\0\0\x02hi", b"").is_err());
}
