//! Time.

use core::time::Duration;

use framewright::Time;
use framewright::conn::{Conn, Failure, Limits, MinRate, Phase, Plain, Protocol, Timeouts, Timer, Turn, Want};
use framewright::framing::{Lines, OnExcess};

use crate::toy::{Toy, frames};
use crate::{at, feed, say, says, toy, toy_with};

fn before(time: Time) -> Time {
    Time::from_nanos(time.as_nanos() - 1)
}

/// What the connection wants, when all else is told.
fn want<P: Protocol>(conn: &mut Conn<P>) -> Want {
    loop {
        match conn.step() {
            Turn::Want(want) => return want,
            Turn::Handoff | Turn::Done => panic!("it wants nothing"),
            _ => {}
        }
    }
}

/// Checks that this timer fires at this time exactly, and that the connection has said so.
fn fires(conn: &mut Conn<Toy>, timer: Timer, due: Time) {
    assert_eq!(want(conn).deadline, Some(due));
    conn.tick(before(due));
    assert!(matches!(conn.step(), Turn::Want(want) if want.deadline == Some(due)), "{timer:?} fires before its time");
    conn.tick(due);
    match conn.step() {
        Turn::Over(Err(Failure::Timeout(fired)), _) => assert_eq!(fired, timer),
        other => panic!("{timer:?} does not fire: {other:?}"),
    }
}

#[test]
fn cn_24_the_idle_timer_runs_between_frames_from_the_last_that_came_or_was_sent() {
    fires(&mut toy(), Timer::Idle, at(300));
    let mut conn = toy();
    drop(feed(&mut conn, at(100), &frames(&["one"])));
    assert_eq!(want(&mut conn).deadline, Some(at(400)));
    drop(feed(&mut conn, at(200), &frames(&["ping"])));
    want(&mut conn);
    conn.sent(at(220), 2).unwrap();
    assert_eq!(want(&mut conn).deadline, Some(at(250)), "the rest of the answer");
    conn.sent(at(249), 3).unwrap();
    fires(&mut conn, Timer::Idle, at(549));
}

#[test]
fn cn_25_a_frames_timer_runs_from_its_first_byte_and_never_restarts() {
    let mut conn = toy();
    drop(feed(&mut conn, at(5), b"\x30"));
    for second in 6..35 {
        assert_eq!(want(&mut conn).deadline, Some(at(35)));
        drop(feed(&mut conn, at(second), b"x"));
    }
    fires(&mut conn, Timer::Frame, at(35));
    // The next frame has its own, also when its first byte came with the end of the one before.
    let mut conn = toy();
    drop(feed(&mut conn, at(0), b"\x03o"));
    want(&mut conn);
    drop(feed(&mut conn, at(20), b"ne\x03t"));
    fires(&mut conn, Timer::Frame, at(50));
    // And behind a bad one.
    let mut conn = toy();
    drop(feed(&mut conn, at(0), b"\x03o"));
    want(&mut conn);
    drop(feed(&mut conn, at(20), b"ne\xff\x03t"));
    fires(&mut conn, Timer::Frame, at(50));
    let mut conn = Conn::new(Plain(Lines::new(4).on_excess(OnExcess::Discard)), at(0));
    drop(feed(&mut conn, at(0), b"abc"));
    want(&mut conn);
    drop(feed(&mut conn, at(20), b"def\nx"));
    assert_eq!(want(&mut conn).deadline, Some(at(50)));
    // Bytes that are stepped over do not restart it.
    let mut conn = Conn::new(Plain(Lines::new(4).on_excess(OnExcess::Discard)), at(0));
    drop(feed(&mut conn, at(0), b"too long"));
    for second in 1..30 {
        assert_eq!(want(&mut conn).deadline, Some(at(30)), "{second}");
        drop(feed(&mut conn, at(second), b"x"));
    }
    assert_eq!(want(&mut conn).deadline, Some(at(30)));
    conn.tick(at(30));
    assert_eq!(say(conn.step()), "over: a frame took too long to arrive");
}

#[test]
fn cn_26_parts_must_come_at_the_least_rate_and_a_burst_earns_no_more_than_the_grace() {
    let rate = MinRate { bytes_per_second: 10, grace: Duration::from_secs(5) };
    let parts = || {
        let mut conn = toy_with(Limits { timeouts: Timeouts { min_rate: Some(rate), ..Timeouts::NEVER }, ..Limits::DEFAULT });
        drop(feed(&mut conn, at(10), &frames(&["body"])));
        conn
    };
    fires(&mut parts(), Timer::MinRate, at(15));
    // At the rate it goes on for ever.
    let mut conn = parts();
    want(&mut conn);
    for second in 11..1000 {
        drop(feed(&mut conn, at(second), &frames(&["123456789"])));
        assert_eq!(want(&mut conn).deadline, Some(at(second + 5)));
    }
    fires(&mut conn, Timer::MinRate, at(1004));
    // A burst earns the grace, and no more.
    let mut conn = parts();
    want(&mut conn);
    drop(feed(&mut conn, at(12), &frames(&["x".repeat(99).as_str(); 50])));
    fires(&mut conn, Timer::MinRate, at(17));
    // Below the rate the grace is used up.
    let mut conn = parts();
    want(&mut conn);
    drop(feed(&mut conn, at(12), &frames(&["1234"])));
    assert_eq!(want(&mut conn).deadline, Some(at(15) + Duration::from_millis(500)));
    drop(feed(&mut conn, at(13), &frames(&["123456789"])));
    fires(&mut conn, Timer::MinRate, at(16) + Duration::from_millis(500));
    // It is over with the parts.
    let mut conn = parts();
    drop(feed(&mut conn, at(12), &frames(&["end"])));
    assert_eq!(want(&mut conn).deadline, None);
}

#[test]
fn cn_27_the_handshakes_timer_runs_from_the_start_until_it_is_done() {
    let shaking = || Conn::new(Toy { phase: Phase::Handshake }, at(100));
    fires(&mut shaking(), Timer::Handshake, at(110));
    let mut conn = shaking();
    drop(feed(&mut conn, at(105), &frames(&["one"])));
    want(&mut conn);
    drop(feed(&mut conn, at(109), b"\x03t"));
    fires(&mut conn, Timer::Handshake, at(110));
    let mut conn = shaking();
    drop(feed(&mut conn, at(109), &frames(&["hello"])));
    assert_eq!(want(&mut conn).deadline, Some(at(409)));
    conn.tick(at(110));
    assert_eq!(say(conn.step()), "want read");
}

#[test]
fn cn_28_the_write_timer_runs_while_output_waits_and_restarts_with_each_byte_sent() {
    let mut conn = toy_with(Limits { timeouts: Timeouts { idle: None, ..Timeouts::DEFAULT }, ..Limits::DEFAULT });
    conn.tick(at(100));
    conn.outbox().send("hello").unwrap();
    assert_eq!(want(&mut conn).deadline, Some(at(130)));
    conn.outbox().send("more").unwrap();
    assert_eq!(want(&mut conn).deadline, Some(at(130)), "a later message does not restart it");
    conn.sent(at(120), 0).unwrap();
    assert_eq!(want(&mut conn).deadline, Some(at(130)), "no byte was sent");
    conn.sent(at(129), 1).unwrap();
    let batch = conn.take_output(4).unwrap();
    assert_eq!(want(&mut conn).deadline, Some(at(159)), "a batch that is out waits, too");
    conn.sent(at(150), batch.len()).unwrap();
    fires(&mut conn, Timer::Write, at(180));
    assert_eq!(say(conn.step()), "done");
    // A write that took long is no write that stands still.
    let mut conn = toy();
    conn.outbox().send("hello").unwrap();
    want(&mut conn);
    conn.sent(at(100), 1).unwrap();
    assert_eq!(want(&mut conn).deadline, Some(at(130)));
    conn.sent(at(130), 0).unwrap();
    assert_eq!(say(conn.step()), "over: the peer took no output for too long");
    conn.sent(at(130), 5).unwrap(); // of what is gone
    assert_eq!(say(conn.step()), "done");
    // All is sent: it does not run.
    let mut conn = toy();
    conn.outbox().send("hello").unwrap();
    want(&mut conn);
    conn.sent(at(10), 6).unwrap();
    assert_eq!(want(&mut conn).deadline, Some(at(310)));
}

#[test]
fn cn_29_the_close_timer_runs_until_the_end_is_sent() {
    // A peer that takes a byte now and then.
    let mut conn = toy();
    conn.outbox().send("a long farewell").unwrap();
    conn.outbox().close();
    for second in 0..10 {
        assert_eq!(want(&mut conn).deadline, Some(at(10)));
        conn.sent(at(second), 1).unwrap();
    }
    fires(&mut conn, Timer::Close, at(10));
    assert_eq!(say(conn.step()), "done");
    // Whoever only stopped writing may read as long as it likes.
    let mut conn = toy();
    conn.outbox().close();
    want(&mut conn);
    conn.shut(at(9));
    assert_eq!(want(&mut conn).deadline, Some(at(300)));
    // After the peer's end: nobody is told twice.
    let mut conn = toy();
    conn.outbox().send("last").unwrap();
    conn.eof(at(7));
    assert_eq!(says(&mut conn), ["over", "want write 5"]);
    assert_eq!(want(&mut conn).deadline, Some(at(17)));
    conn.tick(before(at(17)));
    assert_eq!(say(conn.step()), "want write 5");
    conn.tick(at(17));
    assert_eq!(say(conn.step()), "done");
}

#[test]
fn cn_30_a_clock_that_goes_backwards_stands_still_and_one_that_jumps_fires_what_is_due() {
    let mut conn = toy();
    conn.tick(at(200));
    drop(feed(&mut conn, at(50), &frames(&["one"])));
    assert_eq!(want(&mut conn).deadline, Some(at(500)));
    conn.tick(at(0));
    assert_eq!(want(&mut conn).deadline, Some(at(500)));
    conn.tick(Time::MAX);
    assert_eq!(say(conn.step()), "over: nothing came for too long");
    // At the end of time a timer that would fire later never does.
    let mut conn = Conn::new(Toy::new(), before(Time::MAX));
    drop(feed(&mut conn, Time::MAX, b"\x03o"));
    assert_eq!(want(&mut conn).deadline, None);
    conn.tick(Time::MAX);
    assert_eq!(say(conn.step()), "want read");
    // The one that is due first is told.
    let mut conn = toy();
    drop(feed(&mut conn, at(0), b"\x03o"));
    conn.outbox().send("hello").unwrap();
    want(&mut conn);
    conn.tick(at(1000));
    assert_eq!(say(conn.step()), "over: a frame took too long to arrive");
}

#[test]
fn cn_31_without_timeouts_there_is_no_deadline() {
    let mut conn = Conn::with_limits(Toy { phase: Phase::Handshake }, at(0), Limits { timeouts: Timeouts::NEVER, ..Limits::DEFAULT });
    let year = Duration::from_secs(365 * 24 * 3600);
    let mut now = at(0);
    let steps: [&[u8]; 5] = [b"", b"\x03o", b"ne", b"\x04body\x05", b"parts\x03end"];
    for input in steps {
        now = now + year;
        drop(feed(&mut conn, now, input));
        conn.outbox().send("hello").unwrap();
        assert_eq!(want(&mut conn).deadline, None);
    }
    conn.outbox().close();
    conn.tick(now + year);
    assert_eq!(want(&mut conn).deadline, None);
    conn.eof(now + year);
    assert_eq!(want(&mut conn).deadline, None);
}

#[test]
fn cn_32_a_frame_that_came_in_time_is_given_whenever_the_application_asks() {
    for (input, event) in [(&b"\x03one"[..], "one"), (b"\x05hello", "hello")] {
        let mut conn = Conn::new(Toy { phase: Phase::Handshake }, at(0));
        drop(feed(&mut conn, before(at(10)), input));
        conn.tick(at(500));
        assert_eq!(say(conn.step()), event);
    }
    // What was only begun in time is late when it is looked at.
    let mut conn = toy();
    drop(feed(&mut conn, at(0), b"\x03o"));
    want(&mut conn);
    drop(feed(&mut conn, at(29), b"n"));
    conn.tick(at(31));
    assert_eq!(says(&mut conn)[0], "over: a frame took too long to arrive");
    // And what comes at its deadline is too late.
    let mut conn = toy();
    drop(feed(&mut conn, at(0), b"\x03o"));
    want(&mut conn);
    drop(feed(&mut conn, at(30), b"ne"));
    assert_eq!(says(&mut conn)[0], "over: a frame took too long to arrive");
    let mut conn = toy();
    drop(feed(&mut conn, at(0), b"\x03o"));
    want(&mut conn);
    drop(feed(&mut conn, Time::from_nanos(at(30).as_nanos()) + Duration::ZERO, b""));
    assert_eq!(says(&mut conn)[0], "over: a frame took too long to arrive");
}
