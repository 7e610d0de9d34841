//! Handing over to another protocol on the same transport.

use framewright::Time;
use framewright::conn::{Conn, Limits, Plain, Turn};
use framewright::framing::Lines;

use crate::toy::frames;
use crate::{at, feed, say, says, toy, written};

#[test]
fn cn_33_a_handover_waits_until_all_is_sent_and_reads_nothing_behind_the_boundary() {
    let mut conn = toy();
    let input = [frames(&["one", "UPGRADE"]), b"first\n".to_vec()].concat();
    drop(feed(&mut conn, at(0), &input));
    assert_eq!(say(conn.step()), "one");
    let Turn::Event(b"UPGRADE", mut out) = conn.step() else { panic!("an event is there") };
    out.send("switching").unwrap();
    assert_eq!(says(&mut conn), ["want write 10"]);
    // Bytes may still come: they are for the next.
    drop(feed(&mut conn, at(0), b"second\n"));
    assert_eq!(says(&mut conn), ["want write 10"]);
    let batch = conn.take_output(10).unwrap();
    assert_eq!(says(&mut conn), ["want"]);
    conn.sent(at(0), batch.len()).unwrap();
    assert_eq!(says(&mut conn), ["handoff"]);
    assert_eq!(says(&mut conn), ["handoff"]);
    let parts = conn.into_parts().unwrap().with_protocol(Plain(Lines::new(64)));
    let mut conn = Conn::from_parts(parts, at(0), Limits::DEFAULT);
    assert_eq!(says(&mut conn), ["first", "second", "want read"]);
}

#[test]
fn cn_34_what_is_unread_or_unsent_and_the_end_go_over_wherever_the_input_is_cut() {
    let binary = frames(&["one", "ping", "UPGRADE"]);
    let input = [&binary[..], b"two\nping\nthr"].concat();
    for cut in 0..=input.len() {
        for early_end in [false, true] {
            for steps in 0..3 {
                let mut conn = toy();
                let mut said = Vec::new();
                let (first, second) = input.split_at(cut);
                // The guard may be dropped at any step.
                let mut guard = feed(&mut conn, at(0), first);
                for _ in 0..steps {
                    match say(guard.step()) {
                        pause if pause.starts_with("want") => {}
                        event => said.push(event),
                    }
                }
                drop(guard);
                drop(feed(&mut conn, at(0), second));
                if early_end {
                    conn.eof(at(0));
                }
                let mut wire = String::new();
                loop {
                    let mut told = says(&mut conn);
                    let last = told.pop().unwrap();
                    said.extend(told);
                    if last == "handoff" {
                        break;
                    }
                    wire += &written(&mut conn, at(0));
                }
                assert_eq!(conn.protocol().phase, framewright::conn::Phase::Frames);
                // Something is queued after the handover was told: it goes over, a part of it out as a batch.
                conn.outbox().send("unsent").unwrap();
                if steps == 1 {
                    let _batch = conn.take_output(3).unwrap();
                    conn.sent(at(0), 1).unwrap();
                    wire += "\\x06";
                }
                let parts = conn.into_parts().unwrap();
                assert_eq!(parts.reading.position, binary.len() as u64);
                let mut conn = Conn::from_parts(parts.with_protocol(Plain(Lines::new(64))), at(0), Limits::DEFAULT);
                if !early_end {
                    conn.eof(at(0));
                }
                conn.outbox().send("next").unwrap();
                said.extend(says(&mut conn));
                wire += &written(&mut conn, at(0));
                said.extend(says(&mut conn));
                assert_eq!(wire, "\\x04pong\\x06unsentnext\\n", "cut at {cut}");
                let write = if steps == 1 { "want write 11" } else { "want write 12" };
                assert_eq!(said, ["one", "UPGRADE", "two", "ping", "thr", "over", write, "want shutdown"], "cut at {cut}");
            }
        }
    }
}

#[test]
fn cn_35_a_connection_that_goes_on_is_timed_from_then_on() {
    let mut conn = toy();
    drop(feed(&mut conn, at(0), &[frames(&["UPGRADE"]), b"begun".to_vec()].concat()));
    assert_eq!(says(&mut conn), ["UPGRADE", "handoff"]);
    let parts = conn.into_parts().unwrap().with_protocol(Plain(Lines::new(64)));
    let mut conn = Conn::from_parts(parts, at(100), Limits::DEFAULT);
    let deadline = |conn: &mut Conn<Plain<Lines>>| -> Option<Time> {
        let Turn::Want(want) = conn.step() else { panic!("nothing is whole") };
        want.deadline
    };
    assert_eq!(deadline(&mut conn), Some(at(130)));
    conn.tick(at(130));
    assert_eq!(say(conn.step()), "over: a frame took too long to arrive");
    // So is output that goes over, whenever it is first asked what it wants.
    let mut conn = toy();
    conn.outbox().send("first").unwrap();
    let mut conn = Conn::from_parts(conn.into_parts().unwrap(), at(100), Limits::DEFAULT);
    conn.tick(at(110));
    assert!(matches!(conn.step(), Turn::Want(want) if want.deadline == Some(at(130))));
    // A handover that cannot be sent is given up.
    let mut conn = toy();
    conn.outbox().send("first").unwrap();
    drop(feed(&mut conn, at(0), &frames(&["UPGRADE"])));
    assert_eq!(says(&mut conn), ["UPGRADE", "want write 6"]);
    conn.tick(at(30));
    assert_eq!(says(&mut conn), ["over: the peer took no output for too long", "done"]);
}
