//! What is to be sent: order, limits, pieces.

use framewright::BufError;
use framewright::conn::Limits;
use framewright::encode::EncodeError;

use crate::toy::frames;
use crate::{at, feed, say, says, toy, toy_with, written};

#[test]
fn cn_18_a_message_beyond_the_cap_comes_back_and_nothing_is_queued() {
    let mut conn = toy_with(Limits { max_unsent: 10, ..Limits::DEFAULT });
    conn.outbox().send("1234").unwrap();
    let unsent = conn.outbox().send("12345").unwrap_err();
    assert_eq!(&unsent.message[..], b"12345");
    assert!(matches!(unsent.error, EncodeError::Buffer(BufError::BufferTooLarge { .. })));
    assert_eq!(conn.outbox().unsent(), 5);
    conn.outbox().send("6789").unwrap();
    assert!(conn.outbox().send("").is_err());
    // What is on its way waits, too.
    let batch = conn.take_output(7).unwrap();
    assert_eq!((batch.len(), conn.outbox().unsent()), (7, 10));
    assert!(conn.outbox().send("").is_err());
    conn.sent(at(0), 2).unwrap();
    conn.outbox().send("x").unwrap();
    assert!(conn.outbox().send("").is_err());
    assert_eq!(written(&mut conn, at(0)), "234\\x046789\\x01x");
}

#[test]
fn cn_19_above_the_high_water_mark_the_outbox_is_not_writable_but_takes_messages() {
    let mut conn = toy_with(Limits { high_water: 5, ..Limits::DEFAULT });
    assert!(conn.outbox().is_writable());
    conn.outbox().send("123").unwrap();
    assert!(conn.outbox().is_writable());
    conn.outbox().send("").unwrap();
    assert!(!conn.outbox().is_writable());
    conn.outbox().send("more").unwrap();
    let _batch = conn.take_output(8).unwrap();
    assert!(!conn.outbox().is_writable(), "what is on its way counts");
    conn.sent(at(0), 6).unwrap();
    assert!(conn.outbox().is_writable());
}

#[test]
fn cn_20_above_the_budget_of_automatic_answers_nothing_is_read_until_they_are_sent() {
    let limits = Limits { replies: 9, ..Limits::DEFAULT };
    let mut conn = toy_with(limits);
    let input = frames(&["ping", "ping", "ping", "ping", "last"]);
    drop(feed(&mut conn, at(0), &input));
    assert_eq!(say(conn.step()), "want write 10");
    conn.sent(at(0), 9).unwrap();
    assert_eq!(say(conn.step()), "want write 1");
    conn.sent(at(0), 1).unwrap();
    assert_eq!(say(conn.step()), "want write 10");
    // Input is taken all the same, and read later.
    drop(feed(&mut conn, at(0), &frames(&["more"])));
    let batch = conn.take_output(usize::MAX).unwrap();
    assert_eq!(say(conn.step()), "want");
    conn.sent(at(0), batch.len()).unwrap();
    assert_eq!(says(&mut conn), ["last", "more", "want read"]);
    // An answer within the budget does not stop reading.
    drop(feed(&mut conn, at(0), &frames(&["ping", "x"])));
    assert_eq!(says(&mut conn), ["x", "want read write 5"]);
    // One that is longer than all of it is a bug.
    let mut conn = toy_with(Limits { replies: 4, ..Limits::DEFAULT });
    drop(feed(&mut conn, at(0), &frames(&["ping"])));
    assert!(says(&mut conn)[0].starts_with("over: the protocol has a bug: "));
}

#[test]
fn cn_21_the_applications_output_never_stops_reading_nor_answers() {
    let mut conn = toy_with(Limits { high_water: 4, max_unsent: 10, replies: 20, ..Limits::DEFAULT });
    conn.outbox().send("123456789").unwrap();
    assert_eq!(say(conn.step()), "want read write 10");
    drop(feed(&mut conn, at(0), &frames(&["one", "ping", "two"])));
    assert_eq!(says(&mut conn), ["one", "two", "want read write 15"]);
    // They count beside the cap.
    assert!(conn.outbox().send("").is_err());
    conn.sent(at(0), 10).unwrap();
    conn.outbox().send("123456789").unwrap();
    assert_eq!(written(&mut conn, at(0)), "\\x04pong\\t123456789");
    conn.outbox().send("123456789").unwrap();
    assert!(conn.outbox().send("").is_err());
}

/// All ways to write: so many bytes at a time, of the slices or of a batch, with a message sent between.
#[test]
fn cn_22_whatever_the_driver_writes_at_a_time_the_bytes_are_the_same() {
    let messages: Vec<String> = (0..6).map(|n| format!("message {n} {}", "x".repeat(n * 15))).collect();
    let expected: Vec<u8> = messages.iter().flat_map(|message| frames(&[message])).collect();
    for most in 1..=expected.len() {
        for sent in 0..=most.min(9) {
            let mut conn = toy();
            let mut wire = Vec::new();
            let mut left = messages.iter();
            let mut turn = 0;
            loop {
                let message = left.next();
                if let Some(message) = message {
                    conn.outbox().send(&message[..]).unwrap();
                }
                turn += 1;
                // Every third round takes slices; the others a batch, and a message is sent while it is out.
                if turn % 3 == 0 {
                    let bytes: Vec<u8> = conn.output().flatten().copied().take(most).collect();
                    conn.sent(at(0), bytes.len()).unwrap();
                    wire.extend(bytes);
                } else if let Some(batch) = conn.take_output(most) {
                    assert!(conn.take_output(most).is_none() && conn.output().next().is_none(), "a batch is out");
                    assert!(conn.sent(at(0), batch.len() + 1).is_err());
                    if let Some(message) = left.next() {
                        conn.outbox().send(&message[..]).unwrap();
                    }
                    let sent = sent.min(batch.len());
                    wire.extend(batch.segments().flatten().take(sent));
                    conn.sent(at(0), sent).unwrap();
                } else if message.is_none() {
                    break;
                }
            }
            assert!(wire == expected, "{most} at most, {sent} sent");
        }
    }
}

#[test]
fn cn_23_more_than_waits_cannot_have_been_sent() {
    let mut conn = toy();
    assert!(conn.sent(at(0), 1).is_err());
    conn.outbox().send("one").unwrap();
    assert_eq!(conn.sent(at(0), 5).unwrap_err().missing.get(), 1);
    assert!(conn.take_output(0).is_none());
    assert_eq!(conn.take_output(2).unwrap().len(), 2);
    assert!(conn.sent(at(0), 3).is_err(), "more than the batch");
    conn.sent(at(0), 0).unwrap();
    assert_eq!(written(&mut conn, at(0)), "\\x03one");
}
