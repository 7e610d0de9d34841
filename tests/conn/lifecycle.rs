//! Steps, and how a connection ends.

use framewright::conn::{AnyConn, AnyTurn, Conn, Erased, Failure, Limits, Plain, Turn};
use framewright::encode::EncodeError;
use framewright::engine::Place;
use framewright::framing::{Cobs, Lines, OnExcess};
use framewright::{ErrorKind, Refused};

use crate::toy::{Toy, frames};
use crate::{at, feed, say, says, toy, toy_with, written};

#[test]
fn cn_1_an_answer_is_queued_before_the_next_event_and_after_what_was_answered_before() {
    let mut conn = toy();
    let input = frames(&["one", "ping", "note", "two"]);
    let mut steps = feed(&mut conn, at(1), &input);
    let Turn::Event(b"one", mut out) = steps.step() else { panic!("an event is there") };
    out.send("1").unwrap();
    let Turn::Event(b"note", mut out) = steps.step() else { panic!("an event is there") };
    out.send("n").unwrap();
    let Turn::Event(b"two", out) = steps.step() else { panic!("an event is there") };
    assert_eq!(out.unsent(), 2 + 5 + 6 + 2);
    drop(steps);
    assert_eq!(written(&mut conn, at(1)), "\\x011\\x04pong\\x05noted\\x01n");
}

#[test]
fn cn_2_an_event_held_across_an_await_leaves_the_future_send() {
    fn is_send<T: Send>(_: &T) {}
    let mut conn = toy();
    let served = async {
        let input = frames(&["one"]);
        {
            let mut steps = conn.feed(at(0), &input).unwrap();
            if let Turn::Event(frame, mut out) = steps.step() {
                core::future::ready(()).await;
                out.send(frame).unwrap();
            }
        }
        while let Turn::Event(frame, mut out) = conn.step() {
            core::future::ready(()).await;
            out.send(frame).unwrap();
        }
    };
    is_send(&served);
    let mut served = Box::pin(served);
    let mut context = core::task::Context::from_waker(core::task::Waker::noop());
    assert!(served.as_mut().poll(&mut context).is_ready());
    drop(served);
    assert_eq!(written(&mut conn, at(0)), "\\x03one");
}

#[test]
fn cn_3_a_place_is_that_of_the_engine() {
    let place = |offset, len, skipped, truncated| Place { offset, len, skipped, truncated };
    let input = b"one\nmuch too long\ntwo\n\nx\n";
    let expected = [place(0, 4, 0, false), place(18, 4, 14, false), place(22, 1, 0, false), place(23, 2, 0, false)];
    for chunk in 1..=input.len() {
        let mut conn = Conn::new(Plain(Lines::new(4).on_excess(OnExcess::Discard)), at(0));
        let mut places = Vec::new();
        for chunk in input.chunks(chunk) {
            let mut steps = feed(&mut conn, at(0), chunk);
            loop {
                match steps.step() {
                    Turn::Event(_, out) => places.push(out.place()),
                    Turn::Bad(..) => {}
                    _ => break,
                }
            }
        }
        assert_eq!(places, expected, "{chunk}");
        assert_eq!(conn.outbox().place(), place(25, 0, 0, false));
    }
    // The start of a frame that is too long, and the rest that is stepped over.
    let mut conn = Conn::new(Plain(Lines::new(4).on_excess(OnExcess::Truncate)), at(0));
    let mut steps = feed(&mut conn, at(0), b"much too long\nz\n");
    let Turn::Event(start, out) = steps.step() else { panic!("an event is there") };
    assert_eq!((start, out.place()), (&b"much"[..], place(0, 4, 0, true)));
    let Turn::Event(b"z", out) = steps.step() else { panic!("an event is there") };
    assert_eq!(out.place(), place(14, 2, 10, false));
    // Frames that are shorter than what they were decoded from.
    let mut conn = Conn::new(Plain(Cobs::new(8)), at(0));
    let mut steps = feed(&mut conn, at(0), b"\x04one\x00\x02\x61\x02\x62\x00");
    for (frame, expected) in [(&b"one"[..], place(0, 5, 0, false)), (b"a\0b", place(5, 5, 0, false))] {
        let Turn::Event(decoded, out) = steps.step() else { panic!("an event is there") };
        assert_eq!((decoded, out.place()), (frame, expected));
    }
}

#[test]
fn cn_4_the_end_between_frames_is_clean_and_inside_one_is_not() {
    let cases: [(&[u8], &str); 3] =
        [(b"", "over"), (b"\x03one", "over"), (b"\x03one\x03tw", "over: frame at byte 4: the stream ended 3 bytes into the frame")];
    for (input, over) in cases {
        // In the same read as the last bytes, or after they were looked at.
        for looks in [false, true] {
            let mut conn = toy();
            let mut said = Vec::new();
            drop(feed(&mut conn, at(0), input));
            if looks {
                said = says(&mut conn);
                assert_eq!(said.pop().as_deref(), Some("want read"));
            }
            conn.eof(at(0));
            said.extend(says(&mut conn));
            let frame = (!input.is_empty()).then_some("one");
            let expected: Vec<&str> = frame.into_iter().chain([over, "want shutdown"]).collect();
            assert_eq!(said, expected);
        }
    }
}

#[test]
fn cn_5_over_comes_once_and_what_is_queued_by_then_still_goes_out() {
    for failing in [false, true] {
        let mut conn = toy();
        conn.outbox().send("before").unwrap();
        if failing {
            drop(feed(&mut conn, at(0), &[101]));
        } else {
            conn.eof(at(0));
        }
        let Turn::Over(result, mut out) = conn.step() else { panic!("it is over") };
        assert_eq!(result.is_err(), failing);
        out.send("last").unwrap();
        assert_eq!(say(conn.step()), "want write 12");
        assert_eq!(conn.outbox().send("more").unwrap_err().error, EncodeError::Closed, "last words come with Over only");
        conn.sent(at(0), 3).unwrap();
        assert_eq!(say(conn.step()), "want write 9");
        assert_eq!(written(&mut conn, at(0)), "fore\\x04last");
        assert_eq!(says(&mut conn), ["want shutdown"]);
        assert_eq!(says(&mut conn), ["want shutdown"]);
        conn.shut(at(0));
        assert_eq!(says(&mut conn), ["done"]);
    }
}

#[test]
fn cn_6_after_done_comes_nothing() {
    let mut conn = toy();
    conn.eof(at(0));
    assert_eq!(says(&mut conn), ["over", "want shutdown"]);
    conn.shut(at(0));
    assert_eq!(say(conn.step()), "done");
    let unsent = conn.outbox().send("more").unwrap_err();
    assert_eq!((&unsent.message[..], unsent.error), (&b"more"[..], EncodeError::Closed));
    conn.eof(at(1));
    conn.begin_drain();
    conn.outbox().close();
    conn.tick(at(10_000));
    conn.shut(at(10_000));
    conn.reset(at(10_000));
    assert!(conn.feed(at(10_000), b"\x01x").is_err());
    assert!(conn.output().next().is_none() && conn.take_output(10).is_none());
    assert_eq!(say(conn.step()), "done");
}

#[test]
fn cn_7_done_waits_for_a_batch_on_its_way() {
    for ended_by_reset in [false, true] {
        let mut conn = toy();
        conn.outbox().send("on its way").unwrap();
        let batch = conn.take_output(usize::MAX).unwrap();
        assert_eq!(batch.len(), 11);
        if ended_by_reset {
            conn.reset(at(0));
            assert_eq!(says(&mut conn), ["over: the connection was reset", "want"]);
            conn.sent(at(0), 4).unwrap();
        } else {
            conn.eof(at(0));
            assert_eq!(says(&mut conn), ["over", "want"]);
            conn.shut(at(0)); // too early: ignored
            assert_eq!(says(&mut conn), ["want"]);
            conn.sent(at(0), 11).unwrap();
            assert_eq!(says(&mut conn), ["want shutdown"]);
            conn.shut(at(0));
        }
        assert_eq!(says(&mut conn), ["done"]);
        assert!(conn.output().next().is_none());
    }
}

#[test]
fn cn_8_input_that_was_not_asked_for_is_refused_untouched() {
    // After the end, which may be said twice.
    let mut conn = toy();
    drop(feed(&mut conn, at(0), b"\x03one"));
    conn.eof(at(0));
    conn.eof(at(0));
    assert_eq!(conn.feed(at(0), b"\x03two").err(), Some(Refused::AfterEof));
    assert_eq!(conn.space().err(), Some(Refused::AfterEof));
    assert_eq!(conn.reserve_owned().err(), Some(Refused::AfterEof));
    assert_eq!(says(&mut conn), ["one", "over", "want shutdown"]);
    assert_eq!(conn.feed(at(0), b"\x03two").err(), Some(Refused::AfterEof));
    // After a failure of any kind.
    let mut conn = toy();
    conn.tick(at(300));
    assert_eq!(conn.feed(at(300), b"\x03two").err(), Some(Refused::Failed));
    assert_eq!(says(&mut conn), ["over: nothing came for too long", "want shutdown"]);
    assert_eq!((conn.feed(at(300), b"x").err(), conn.space().err()), (Some(Refused::Failed), Some(Refused::Failed)));
    // Beyond what was lent.
    let mut conn = toy();
    assert_eq!(conn.commit(at(0), 1), Err(Refused::CommitTooLarge { reserved: 0, committed: 1 }));
    assert_eq!(conn.commit(at(0), 0), Ok(()));
    let lent = conn.space().unwrap().len();
    assert_eq!(conn.commit(at(0), lent + 1), Err(Refused::CommitTooLarge { reserved: lent, committed: lent + 1 }));
    let space = conn.space().unwrap();
    space[..4].copy_from_slice(b"\x03one");
    conn.commit(at(0), 4).unwrap();
    assert_eq!(conn.commit(at(0), 1), Err(Refused::CommitTooLarge { reserved: 0, committed: 1 }));
    assert_eq!(says(&mut conn), ["one", "want read"]);
    // A driver that does not ask for its frames.
    let mut conn = toy_with(Limits { backlog: 8, ..Limits::DEFAULT });
    drop(feed(&mut conn, at(0), &frames(&["one", "two"])));
    assert_eq!(conn.feed(at(0), b"\x01x").err(), Some(Refused::Backlog { held: 8, backlog: 8 }));
    assert_eq!(says(&mut conn), ["one", "two", "want read"]);
}

#[test]
fn cn_9_a_closed_direction_sends_what_is_queued_then_the_end_and_the_other_goes_on() {
    let mut conn = toy();
    conn.outbox().send("last").unwrap();
    conn.outbox().close();
    assert_eq!(conn.outbox().send("more").unwrap_err().error, EncodeError::Closed);
    assert_eq!(say(conn.step()), "want read write 5");
    assert_eq!(written(&mut conn, at(0)), "\\x04last");
    assert_eq!(say(conn.step()), "want read shutdown");
    conn.shut(at(0));
    assert_eq!(say(conn.step()), "want read");
    drop(feed(&mut conn, at(1), &frames(&["one", "ping"])));
    // Nothing can be answered any more.
    assert_eq!(says(&mut conn), ["one", "want read"]);
    conn.eof(at(1));
    assert_eq!(says(&mut conn), ["over", "done"]);
}

#[test]
fn cn_10_a_half_open_connection_writes_after_the_peers_end_until_it_is_closed() {
    let mut conn = toy().half_open();
    conn.eof(at(0));
    assert_eq!(says(&mut conn), ["over", "want"]);
    conn.tick(at(100_000));
    conn.outbox().send("late").unwrap();
    assert_eq!(says(&mut conn), ["want write 5"]);
    assert_eq!(written(&mut conn, at(100_000)), "\\x04late");
    assert_eq!(says(&mut conn), ["want"]);
    conn.outbox().close();
    assert_eq!(says(&mut conn), ["want shutdown"]);
    conn.shut(at(100_000));
    assert_eq!(says(&mut conn), ["done"]);
    // A failure ends both.
    let mut conn = toy().half_open();
    drop(feed(&mut conn, at(0), &[101]));
    assert_eq!(says(&mut conn), ["over: frame at byte 0: a length above 100", "want shutdown"]);
}

#[test]
fn cn_11_draining_reads_the_frame_that_has_begun_and_no_more() {
    // Between frames: at once.
    let mut conn = toy();
    conn.begin_drain();
    assert_eq!(says(&mut conn), ["over", "want shutdown"]);
    // Inside one: to its end. What is behind it stays unread.
    let mut conn = toy();
    drop(feed(&mut conn, at(0), b"\x03o"));
    assert_eq!(says(&mut conn), ["want read"]);
    conn.begin_drain();
    assert_eq!(says(&mut conn), ["want read"]);
    drop(feed(&mut conn, at(0), b"ne\x03two"));
    let Turn::Event(b"one", mut out) = conn.step() else { panic!("an event is there") };
    out.send("1").unwrap();
    assert_eq!(says(&mut conn), ["over", "want write 2"]);
    assert_eq!(conn.held_bytes(), 4 + 2);
    // Inside something long: to the end of that.
    let mut conn = toy();
    drop(feed(&mut conn, at(0), &frames(&["body", "part"])));
    assert_eq!(says(&mut conn), ["body", "part", "want read"]);
    conn.begin_drain();
    drop(feed(&mut conn, at(0), &frames(&["part", "end", "next"])));
    assert_eq!(says(&mut conn), ["part", "end", "over", "want shutdown"]);
}

#[test]
fn cn_12_a_reset_ends_everything_at_once() {
    let mut conn = toy();
    conn.outbox().send("lost").unwrap();
    drop(feed(&mut conn, at(0), b"\x03one"));
    conn.reset(at(0));
    conn.reset(at(0));
    let Turn::Over(Err(failure), mut out) = conn.step() else { panic!("it is over") };
    assert_eq!((&failure, failure.kind()), (&Failure::Reset, ErrorKind::Truncated));
    assert_eq!(out.send("more").unwrap_err().error, EncodeError::Closed);
    assert_eq!(says(&mut conn), ["done"]);
    // Its end was told before.
    let mut conn = toy();
    conn.eof(at(0));
    assert_eq!(says(&mut conn), ["over", "want shutdown"]);
    conn.reset(at(0));
    assert_eq!(says(&mut conn), ["done"]);
}

#[test]
fn cn_13_a_bad_frame_is_told_and_stepped_over() {
    let mut conn = toy();
    drop(feed(&mut conn, at(0), b"\x01a\xff\x01b"));
    let expected = ["a", "bad: frame at byte 2: a byte that is no length", "b", "want read"];
    assert_eq!(says(&mut conn), expected);
}

#[test]
fn cn_14_connections_of_several_kinds_are_one_type() {
    let toys = Erased::new(toy(), |frame: &[u8], out| {
        out.send(frame).unwrap();
        frame.len()
    });
    let lines = Erased::new(Conn::new(Plain(Lines::new(4)), at(0)), |line: &[u8], _| line.len() * 10);
    let mut conns: Vec<Box<dyn AnyConn<usize>>> = vec![Box::new(toys), Box::new(lines)];
    let said = |conn: &mut Box<dyn AnyConn<usize>>| match conn.step() {
        AnyTurn::Event(event) => event.to_string(),
        AnyTurn::Bad(error) => format!("bad: {error}"),
        AnyTurn::Over(Ok(())) => "over".to_owned(),
        AnyTurn::Over(Err(error)) => format!("over: {error}"),
        AnyTurn::Want(want) => format!("want {} {} {}", want.read > 0, want.write, want.shutdown),
        AnyTurn::Handoff => "handoff".to_owned(),
        AnyTurn::Done => "done".to_owned(),
    };
    for (conn, input) in conns.iter_mut().zip([&b"\x03one\xff"[..], b"ab\ntoo long"]) {
        let (fed, read) = input.split_at(2);
        conn.feed(at(0), fed).unwrap();
        conn.space().unwrap()[..read.len()].copy_from_slice(read);
        conn.commit(at(0), read.len()).unwrap();
        conn.eof(at(0));
    }
    let mut all = |at: usize, steps: usize| (0..steps).map(|_| said(&mut conns[at])).collect::<Vec<_>>();
    assert_eq!(all(0, 4), ["3", "bad: frame at byte 4: a byte that is no length", "over", "want false 4 false"]);
    assert_eq!(all(1, 3), ["20", "over: frame at byte 3: payload longer than the limit of 4 bytes", "want false 0 true"]);
    let mut written = Vec::new();
    conns[0].output(&mut |slice| {
        written.extend_from_slice(slice);
        true
    });
    assert_eq!(written, b"\x03one");
    conns[0].sent(at(0), 4).unwrap();
    for conn in &mut conns {
        assert_eq!(said(conn), "want false 0 true");
        conn.shut(at(0));
        assert_eq!(said(conn), "done");
    }
    // The calls that end one.
    let mut conn: Box<dyn AnyConn<usize>> = Box::new(Erased::new(toy(), |_: &[u8], _| 0));
    conn.close();
    assert_eq!(said(&mut conn), "want true 0 true");
    conn.begin_drain();
    assert_eq!(said(&mut conn), "over");
    conn.reset(at(0));
    assert_eq!(said(&mut conn), "done");
    let mut conn = Erased::new(toy(), |_: &[u8], _| 0);
    conn.tick(at(300));
    assert!(matches!(conn.step(), AnyTurn::Over(Err(_))));
    assert_eq!(say(conn.into_conn().step()), "want shutdown");
}

#[test]
fn cn_15_a_guard_that_is_dropped_loses_nothing_and_one_that_is_forgotten_fails_everything() {
    let input = frames(&["one", "two", "ping", "three", "four"]);
    let expected = ["one", "two", "three", "four", "want read write 5"];
    for cut in 0..=input.len() {
        for steps in 0..6 {
            let mut conn = toy();
            let mut said = Vec::new();
            for chunk in [&input[..cut], &input[cut..]] {
                let mut guard = feed(&mut conn, at(0), chunk);
                for _ in 0..steps {
                    match say(guard.step()) {
                        want if want.starts_with("want") => {}
                        event => said.push(event),
                    }
                }
            }
            said.extend(says(&mut conn));
            assert_eq!(said, expected, "cut at {cut}, {steps} steps");
        }
    }
    for steps in 0..4 {
        let mut conn = toy();
        conn.outbox().send("before").unwrap();
        let mut guard = feed(&mut conn, at(0), &input);
        for _ in 0..steps {
            say(guard.step());
        }
        core::mem::forget(guard);
        let over = says(&mut conn);
        assert!(over[0].starts_with("over: ") && over[0].contains("forgotten"), "{over:?}");
        assert!(over[1].starts_with("want write "), "{over:?}");
        assert!(conn.feed(at(0), b"").is_err());
        let bytes = conn.output().map(<[u8]>::len).sum();
        conn.sent(at(0), bytes).unwrap();
        assert_eq!(says(&mut conn), ["want shutdown"]);
        assert!(conn.into_parts().is_err());
    }
}

#[test]
fn cn_16_storage_that_left_the_connection_comes_back_with_bytes_or_without() {
    let mut conn = toy();
    let mut out = conn.reserve_owned().unwrap();
    assert_eq!(conn.feed(at(0), b"x").err(), Some(Refused::OutstandingReserve));
    out.storage.extend_from_slice(b"\x03one\x03t");
    conn.commit_owned(at(0), out).unwrap();
    assert_eq!(says(&mut conn), ["one", "want read"]);
    let out = conn.reserve_owned().unwrap();
    conn.commit_owned(at(0), out).unwrap();
    let mut late = conn.reserve_owned().unwrap();
    conn.eof(at(0));
    late.storage.extend_from_slice(b"wo");
    assert_eq!(conn.commit_owned(at(0), late).unwrap_err().error, Refused::NoOutstandingReserve);
    assert_eq!(say(conn.step()), "over: frame at byte 4: the stream ended 2 bytes into the frame");
    let _: Conn<Toy> = conn;
}
