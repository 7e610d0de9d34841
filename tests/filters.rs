//! Filters: SPEC.md, chapter FI.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::Arc;

use framewright::buf::OwnedReservation;
use framewright::conn::{
    Conn, Failure, Filter, FilterError, Leftover, Limits, Pipe, Plain, PopRefused, Protocol, Reaction, Replies, Timeouts, Timer, Turn, Want,
};
use framewright::decode::{Decode, Found, Reject, Stop};
use framewright::encode::{Encode, EncodeError, Payload, Writer};
use framewright::framing::{Counts, LengthField, Lines, Unframable, Width};
use framewright::testkit::text;
use framewright::{ErrorKind, Input, Refused, Time};

const KIB: usize = 1024;

/// Passes bytes as `code` makes them, both ways, until each side ends.
fn pass(pipe: &mut Pipe<'_>, code: fn(u8) -> u8) {
    while let n @ 1.. = pipe.room().min(pipe.wire().len()) {
        let plain: Vec<u8> = pipe.wire()[..n].iter().map(|byte| code(*byte)).collect();
        pipe.consume(n);
        assert_eq!(pipe.deliver(&plain), n);
    }
    while let n @ 1.. = pipe.wire_room().min(pipe.outgoing().len()) {
        let coded: Vec<u8> = pipe.outgoing()[..n].iter().map(|byte| code(*byte)).collect();
        pipe.take(n);
        pipe.send(&coded);
    }
    if pipe.wire().is_empty() && pipe.wire_has_ended() {
        pipe.end();
    }
    if pipe.outgoing().is_empty() && pipe.is_closing() {
        pipe.close();
    }
}

/// Inverts bits.
struct Invert;

impl Filter for Invert {
    fn pump(&mut self, pipe: &mut Pipe<'_>) -> Result<(), FilterError> {
        pass(pipe, |byte| !byte);
        Ok(())
    }
}

fn inverted(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| !byte).collect()
}

/// Records of a length byte and up to 199 bytes; an empty one is the end. Greater lengths are a failure, with an alert.
#[derive(Default)]
struct Records;

const MAX_RECORD: usize = 199;
const ALERT: u8 = 200;

impl Filter for Records {
    fn pump(&mut self, pipe: &mut Pipe<'_>) -> Result<(), FilterError> {
        while let [len, rest @ ..] = pipe.wire() {
            let len = usize::from(*len);
            match rest.get(..len).map(<[u8]>::to_vec) {
                _ if len > MAX_RECORD => {
                    pipe.send(&[ALERT]);
                    return Err(FilterError::new("a record is too long"));
                }
                _ if len == 0 => {
                    pipe.end();
                    break;
                }
                Some(record) if pipe.room() >= len => {
                    pipe.consume(1 + len);
                    pipe.deliver(&record);
                }
                None if pipe.wire_has_ended() => return Err(FilterError::new("cut short").with_kind(ErrorKind::Truncated)),
                _ => break,
            }
        }
        if pipe.wire().is_empty() && pipe.wire_has_ended() {
            return Err(FilterError::new("cut short").with_kind(ErrorKind::Truncated));
        }
        while let n @ 1.. = pipe.wire_room().min(pipe.outgoing().len()).min(MAX_RECORD) {
            let record = [&[u8::try_from(n).unwrap()], &pipe.outgoing()[..n]].concat();
            pipe.take(n);
            pipe.send(&record);
        }
        if pipe.outgoing().is_empty() && pipe.is_closing() {
            pipe.send(&[0]);
            pipe.close();
        }
        Ok(())
    }
}

fn records(bytes: &[u8], size: usize) -> Vec<u8> {
    bytes.chunks(size).flat_map(|chunk| [&[u8::try_from(chunk.len()).unwrap()], chunk].concat()).collect()
}

/// The payloads of records, and whether they end with the empty one.
fn unrecord(mut wire: &[u8]) -> (Vec<u8>, bool) {
    let mut plain = Vec::new();
    while let [len, rest @ ..] = wire {
        if *len == 0 {
            assert!(rest.is_empty(), "something behind the end");
            return (plain, true);
        }
        let (record, rest) = rest.split_at(usize::from(*len));
        plain.extend_from_slice(record);
        wire = rest;
    }
    (plain, false)
}

/// Keeps what comes until it has 8 bytes or the end, by itself.
#[derive(Default)]
struct Blocks(Vec<u8>);

impl Filter for Blocks {
    fn pump(&mut self, pipe: &mut Pipe<'_>) -> Result<(), FilterError> {
        loop {
            let n = pipe.wire().len().min(64);
            self.0.extend_from_slice(&pipe.wire()[..n]);
            pipe.consume(n);
            let has_ended = pipe.wire().is_empty() && pipe.wire_has_ended();
            let ready = if has_ended { self.0.len() } else { self.0.len() / 8 * 8 };
            let delivered = pipe.deliver(&self.0[..ready]);
            self.0.drain(..delivered);
            if has_ended && self.0.is_empty() {
                pipe.end();
            }
            if n == 0 || delivered < ready {
                break;
            }
        }
        while let n @ 1.. = pipe.wire_room().min(pipe.outgoing().len()) {
            let bytes = pipe.outgoing()[..n].to_vec();
            pipe.take(n);
            pipe.send(&bytes);
        }
        if pipe.outgoing().is_empty() && pipe.is_closing() {
            pipe.close();
        }
        Ok(())
    }
}

/// Says HI, and passes nothing before the peer has.
#[derive(Default)]
struct Greet {
    said: bool,
    heard: bool,
}

impl Filter for Greet {
    fn pump(&mut self, pipe: &mut Pipe<'_>) -> Result<(), FilterError> {
        if !self.said {
            pipe.send(b"HI");
            self.said = true;
        }
        if !self.heard {
            match pipe.wire() {
                [b'H', b'I', ..] => self.heard = true,
                [] | [b'H'] if pipe.wire_has_ended() => return Err(FilterError::new("no greeting")),
                [] | [b'H'] => return Ok(()),
                _ => return Err(FilterError::new("rude")),
            }
            pipe.consume(2);
        }
        pass(pipe, |byte| byte);
        Ok(())
    }

    fn is_handshaking(&self) -> bool {
        !self.heard
    }
}

/// Does whatever it is told.
struct Does<F>(F);

impl<F: FnMut(&mut Pipe<'_>) -> Result<(), FilterError> + Send> Filter for Does<F> {
    fn pump(&mut self, pipe: &mut Pipe<'_>) -> Result<(), FilterError> {
        (self.0)(pipe)
    }
}

fn does(f: impl FnMut(&mut Pipe<'_>) + Send + 'static) -> Box<dyn Filter> {
    let mut f = f;
    Box::new(Does(move |pipe: &mut Pipe<'_>| {
        f(pipe);
        Ok(())
    }))
}

/// Lines. `ping` is answered by `pong` and not seen by the application, and `#` lines are swallowed.
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
        match *frame {
            b"ping" => replies.send(self, "pong"),
            [b'#', ..] => {}
            _ => return Reaction::Event,
        }
        Reaction::Swallow
    }
}

fn at(seconds: u64) -> Time {
    Time::ZERO + Duration::from_secs(seconds)
}

fn chat() -> Conn<Chat> {
    chat_with(Limits::DEFAULT)
}

fn chat_with(limits: Limits) -> Conn<Chat> {
    Conn::with_limits(Chat(Lines::new(1024)), at(0), limits)
}

fn over(filters: Vec<Box<dyn Filter>>) -> Conn<Chat> {
    over_with(filters, Limits::DEFAULT)
}

fn over_with(filters: Vec<Box<dyn Filter>>, limits: Limits) -> Conn<Chat> {
    let mut conn = chat_with(limits);
    for filter in filters {
        assert!(conn.push_filter(filter, Leftover::Reroute).is_ok());
    }
    conn
}

/// What a connection said and sent.
#[derive(Default)]
struct Run {
    said: Vec<String>,
    sent: Vec<u8>,
}

impl Run {
    /// Steps, answers each event with itself, and writes all there is, until there is something to wait for.
    fn settle(&mut self, conn: &mut Conn<Chat>, now: Time) -> Want {
        for _ in 0..1_000_000 {
            match conn.step() {
                Turn::Event(line, mut out) => {
                    self.said.push(text(line));
                    let _ = out.send(line);
                }
                Turn::Bad(error, _) => self.said.push(format!("bad: {error}")),
                Turn::Over(Ok(()), _) => self.said.push("over".to_owned()),
                Turn::Over(Err(failure), _) => self.said.push(format!("over: {failure}")),
                Turn::Want(want) if want.write > 0 => {
                    let bytes: Vec<u8> = conn.output().flatten().copied().collect();
                    assert_eq!(bytes.len(), want.write);
                    self.sent.extend_from_slice(&bytes);
                    conn.sent(now, bytes.len()).unwrap();
                }
                Turn::Want(want) if want.shutdown => {
                    self.said.push("shutdown".to_owned());
                    conn.shut(now);
                }
                Turn::Want(want) => return want,
                Turn::Handoff => {
                    self.said.push("handoff".to_owned());
                    return Want::default();
                }
                Turn::Done => {
                    if self.said.last().is_none_or(|last| last != "done") {
                        self.said.push("done".to_owned());
                    }
                    return Want::default();
                }
            }
        }
        panic!("it never waits: {conn:?}");
    }

    /// Brings bytes in one way or another, as far as they are wanted.
    fn bring(&mut self, conn: &mut Conn<Chat>, way: Way, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.settle(conn, at(1)).read > 0 {
            match way {
                Way::Feed => {
                    drop(conn.feed(at(1), bytes).unwrap());
                    bytes = &[];
                }
                Way::Guard => {
                    let mut steps = conn.feed(at(1), bytes).unwrap();
                    loop {
                        match steps.step() {
                            Turn::Event(line, mut out) => {
                                self.said.push(text(line));
                                let _ = out.send(line);
                            }
                            Turn::Bad(error, _) => self.said.push(format!("bad: {error}")),
                            Turn::Over(Ok(()), _) => self.said.push("over".to_owned()),
                            Turn::Over(Err(failure), _) => self.said.push(format!("over: {failure}")),
                            Turn::Want(_) | Turn::Done | Turn::Handoff => break,
                        }
                    }
                    bytes = &[];
                }
                Way::Space => {
                    let space = conn.space().unwrap();
                    let n = space.len().min(bytes.len());
                    space[..n].copy_from_slice(&bytes[..n]);
                    conn.commit(at(1), n).unwrap();
                    bytes = &bytes[n..];
                }
                Way::Owned => {
                    let mut reservation = conn.reserve_owned().unwrap();
                    let n = reservation.reserved().min(bytes.len());
                    reservation.storage.extend_from_slice(&bytes[..n]);
                    conn.commit_owned(at(1), reservation).unwrap();
                    bytes = &bytes[n..];
                }
            }
        }
    }

    fn end(&mut self, conn: &mut Conn<Chat>) {
        conn.eof(at(2));
        self.settle(conn, at(2));
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Feed,
    Guard,
    Space,
    Owned,
}

const WAYS: [Way; 4] = [Way::Feed, Way::Guard, Way::Space, Way::Owned];

/// What comes of pieces of a stream, and its end; what was sent is given decoded.
fn transcript(make: &dyn Fn() -> Conn<Chat>, decode: fn(&[u8]) -> String, way: Way, pieces: &[&[u8]]) -> (Vec<String>, String) {
    let (mut conn, mut run) = (make(), Run::default());
    for piece in pieces {
        run.bring(&mut conn, way, piece);
    }
    run.end(&mut conn);
    assert_eq!(run.said.last().map(String::as_str), Some("done"), "{:?}", run.said);
    let sent = decode(&run.sent);
    (run.said, sent)
}

fn check_cuts(make: &dyn Fn() -> Conn<Chat>, decode: fn(&[u8]) -> String, wire: &[u8]) -> (Vec<String>, String) {
    let whole = transcript(make, decode, Way::Feed, &[wire]);
    let bytes: Vec<&[u8]> = wire.chunks(1).collect();
    for way in WAYS {
        assert_eq!(transcript(make, decode, way, &[wire]), whole, "whole by {way:?}");
        assert_eq!(transcript(make, decode, way, &bytes), whole, "bytes by {way:?}");
        for cut in 1..wire.len() {
            assert_eq!(transcript(make, decode, way, &[&wire[..cut], &wire[cut..]]), whole, "cut at {cut} by {way:?}");
        }
    }
    whole
}

fn unrecorded(wire: &[u8]) -> String {
    let (plain, ended) = unrecord(wire);
    format!("{}{}", text(&plain), if ended { " end" } else { "" })
}

#[test]
fn fi_1_bytes_pass_through_every_filter_both_ways() {
    let mut conn = over(vec![Box::new(Invert), Box::new(Records)]);
    let mut run = Run::default();
    run.bring(&mut conn, Way::Feed, &inverted(&records(b"one\ntwo\n", 3)));
    run.settle(&mut conn, at(1));
    assert_eq!(run.said, ["one", "two"]);
    assert_eq!(unrecord(&inverted(&run.sent)), (b"one\ntwo\n".to_vec(), false));
    // Bytes pushed and popped while it runs.
    assert!(conn.pop_filter(Leftover::Reject).is_ok());
    run.bring(&mut conn, Way::Space, &inverted(b"three\n"));
    run.settle(&mut conn, at(1));
    assert!(conn.pop_filter(Leftover::Reject).is_ok());
    run.bring(&mut conn, Way::Owned, b"four\n");
    run.settle(&mut conn, at(1));
    assert_eq!(run.said, ["one", "two", "three", "four"]);
    assert!(run.sent.ends_with(&[&inverted(b"three\n"), &b"four\n"[..]].concat()));
    assert_eq!(conn.pop_filter(Leftover::Reject).err(), Some(PopRefused::NoFilter));
}

#[test]
fn fi_2_what_comes_out_does_not_depend_on_the_cuts() {
    let lines = b"one\nping\n\ntwo two two two two\n#no\nthree";
    let mut wire = records(lines, 5);
    wire.push(0);
    let clean = check_cuts(&|| over(vec![Box::new(Records)]), unrecorded, &wire);
    assert_eq!(clean.0, ["one", "", "two two two two two", "three", "over", "shutdown", "done"]);
    assert_eq!(clean.1, "one\\npong\\n\\ntwo two two two two\\nthree\\n end");
    let two = check_cuts(&|| over(vec![Box::new(Records), Box::new(Records)]), unrecorded_twice, &[&records(&wire, 7), &[0][..]].concat());
    assert_eq!(two, clean);
    let two = check_cuts(&|| over(vec![Box::new(Invert), Box::new(Records)]), |sent| unrecorded(&inverted(sent)), &inverted(&wire));
    assert_eq!(two, clean);
    let (said, _) = check_cuts(&|| over(vec![Box::new(Blocks::default())]), text, lines);
    assert_eq!(said, clean.0);
    let (said, sent) =
        check_cuts(&|| over(vec![Box::new(Greet::default()), Box::new(Invert)]), text, &[b"HI", &inverted(lines)[..]].concat());
    assert_eq!((said, &sent[..2]), (clean.0, "HI"));
}

fn unrecorded_twice(wire: &[u8]) -> String {
    unrecorded(&unrecord(wire).0)
}

#[test]
fn fi_2_bad_input_does_not_depend_on_the_cuts() {
    let over_records: fn() -> Conn<Chat> = || over(vec![Box::new(Records)]);
    let over_two: fn() -> Conn<Chat> = || over(vec![Box::new(Invert), Box::new(Records)]);
    // What is sent is another matter: answers to frames before a failure may be too late.
    let said = |make: fn() -> Conn<Chat>, wire: &[u8]| check_cuts(&make, |_| String::new(), wire).0;
    let bad = [&records(b"one\nha", 4)[..], &[250, 1, 2]].concat();
    assert_eq!(said(over_records, &bad), ["one", "over: a record is too long", "shutdown", "done"]);
    assert_eq!(said(over_two, &inverted(&bad)), ["one", "over: a record is too long", "shutdown", "done"]);
    let cut = records(b"one\ntwo\n", 4);
    assert_eq!(said(over_records, &cut), ["one", "two", "over: cut short", "shutdown", "done"]);
    assert_eq!(said(over_two, &inverted(&cut[..7])), ["one", "over: cut short", "shutdown", "done"]);
    // A frame that is too long, before a record that is.
    let long = [&records(&[b'x'; 1030], 100)[..], &[255]].concat();
    assert_eq!(
        transcript(&over_records, |_| String::new(), Way::Feed, &[&long]).0[0],
        "over: frame at byte 0: payload longer than the limit of 1024 bytes"
    );
    let bytes: Vec<&[u8]> = long.chunks(1).collect();
    assert_eq!(
        transcript(&over_records, |_| String::new(), Way::Feed, &bytes).0,
        transcript(&over_records, |_| String::new(), Way::Feed, &[&long]).0
    );
}

#[test]
fn fi_3_unread_bytes_are_rejected_or_go_through_the_filter() {
    let wire = [&b"STARTTLS\n"[..], &records(b"safe\n", 5)].concat();
    for way in WAYS {
        let mut conn = chat();
        match way {
            Way::Feed | Way::Guard => drop(conn.feed(at(0), &wire).unwrap()),
            _ => Run::default().bring(&mut conn, way, &wire[..0]),
        }
        if matches!(way, Way::Space) {
            conn.space().unwrap()[..wire.len()].copy_from_slice(&wire);
            conn.commit(at(0), wire.len()).unwrap();
        }
        if matches!(way, Way::Owned) {
            let mut reservation = conn.reserve_owned().unwrap();
            reservation.storage.extend_from_slice(&wire);
            conn.commit_owned(at(0), reservation).unwrap();
        }
        assert!(matches!(conn.step(), Turn::Event(b"STARTTLS", _)));
        let held = conn.held_bytes();
        let refused = conn.push_filter(Box::new(Records), Leftover::Reject).unwrap_err();
        assert_eq!(conn.held_bytes(), held);
        assert!(conn.push_filter(refused, Leftover::Reroute).is_ok());
        let mut run = Run::default();
        run.settle(&mut conn, at(0));
        assert_eq!((run.said, run.sent), (vec!["safe".to_owned()], records(b"safe\n", 5)));
    }
    // An injected command is no command.
    let mut conn = chat();
    drop(conn.feed(at(0), b"STARTTLS\nDELETE everything\n").unwrap());
    assert!(matches!(conn.step(), Turn::Event(b"STARTTLS", _)));
    assert!(conn.push_filter(Box::new(Greet::default()), Leftover::Reroute).is_ok());
    let mut run = Run::default();
    run.settle(&mut conn, at(0));
    assert_eq!(run.said, ["over: rude", "shutdown", "done"]);
}

#[test]
fn fi_3_unread_bytes_below_another_filter_count() {
    let mut conn = over(vec![Box::new(Records)]);
    let mut run = Run::default();
    run.bring(&mut conn, Way::Feed, &[5, b'a']);
    run.settle(&mut conn, at(0));
    let refused = conn.push_filter(Box::new(Invert), Leftover::Reject).unwrap_err();
    run.bring(&mut conn, Way::Feed, b"bcd\n");
    run.settle(&mut conn, at(0));
    assert!(conn.push_filter(refused, Leftover::Reject).is_ok());
    // What the lower one makes nothing of is no reason.
    let mut conn = over(vec![Box::new(Greet::default())]);
    drop(conn.feed(at(0), b"HI").unwrap());
    assert!(conn.push_filter(Box::new(Invert), Leftover::Reject).is_ok());
}

#[test]
fn fi_4_what_was_queued_before_goes_out_past_the_filter_in_order() {
    for batch in [None, Some(3), Some(100)] {
        for back in [0, 2] {
            let mut conn = chat();
            conn.outbox().send("before").unwrap();
            let taken = batch.map(|n| conn.take_output(n).unwrap());
            conn.outbox().send("also before").unwrap();
            assert!(conn.push_filter(Box::new(Records), Leftover::Reject).is_ok());
            conn.outbox().send("behind").unwrap();
            let mut sent = Vec::new();
            if let Some(taken) = taken {
                assert!(matches!(conn.step(), Turn::Want(Want { write: 0, .. })));
                assert_eq!(conn.output().count(), 0);
                sent.extend(taken.segments().flatten().take(back));
                conn.sent(at(0), back).unwrap();
            }
            let mut run = Run { sent, ..Run::default() };
            run.settle(&mut conn, at(0));
            assert_eq!(run.sent, [&b"before\nalso before\n"[..], &records(b"behind\n", 100)].concat());
        }
    }
    // And under a second one, through the first.
    let mut conn = over(vec![Box::new(Records)]);
    conn.outbox().send("a").unwrap();
    assert!(conn.push_filter(Box::new(Invert), Leftover::Reject).is_ok());
    conn.outbox().send("b").unwrap();
    let mut run = Run::default();
    run.settle(&mut conn, at(0));
    assert_eq!(unrecord(&run.sent).0, [&b"a\n"[..], &inverted(b"b\n")].concat());
}

#[test]
fn cn_20_reading_goes_on_when_the_answers_below_a_new_filter_are_sent() {
    let mut conn = chat_with(Limits { replies: 9, ..Limits::DEFAULT });
    drop(conn.feed(at(0), b"ping\nping\n").unwrap());
    assert!(matches!(conn.step(), Turn::Want(Want { read: 0, write: 10, .. })));
    assert!(conn.push_filter(Box::new(Invert), Leftover::Reject).is_ok());
    let mut run = Run::default();
    assert!(run.settle(&mut conn, at(0)).read > 0);
    drop(conn.feed(at(0), &inverted(b"last\n")).unwrap());
    run.settle(&mut conn, at(0));
    assert_eq!((run.said, run.sent), (vec!["last".to_owned()], [&b"pong\npong\n"[..], &inverted(b"last\n")].concat()));
}

/// Makes a thousand bytes of each, both ways.
struct Expand {
    up: usize,
    down: usize,
}

impl Filter for Expand {
    fn pump(&mut self, pipe: &mut Pipe<'_>) -> Result<(), FilterError> {
        loop {
            let more = pipe.wire().len().min(usize::from(self.up == 0));
            pipe.consume(more);
            self.up += 1000 * more;
            let n = self.up.min(pipe.room());
            pipe.deliver(&b"x\n".repeat(500)[..n]);
            self.up -= n;
            if n == 0 {
                break;
            }
        }
        loop {
            let more = pipe.outgoing().len().min(usize::from(self.down == 0));
            pipe.take(more);
            self.down += 1000 * more;
            let n = self.down.min(pipe.wire_room());
            pipe.send(&[b'y'; 1000][..n]);
            self.down -= n;
            if n == 0 {
                break;
            }
        }
        if pipe.wire().is_empty() && pipe.wire_has_ended() && self.up == 0 {
            pipe.end();
        }
        if pipe.outgoing().is_empty() && pipe.is_closing() && self.down == 0 {
            pipe.close();
        }
        Ok(())
    }
}

#[test]
fn fi_5_a_fast_peer_is_held_up_by_an_application_that_does_not_read() {
    // The application takes one event for each 4 KiB that a peer sends, as long as that is wanted.
    for count in 1..3 {
        let mut conn = over((0..count).map(|_| Box::new(Invert) as Box<dyn Filter>).collect());
        let mut chunk = b"line\n".repeat(800);
        if count == 1 {
            chunk = inverted(&chunk);
        }
        let (mut most, mut refused) = (0, 0);
        for _ in 0..500 {
            let is_refused = match conn.feed(at(0), &chunk) {
                Ok(mut steps) => matches!(steps.step(), Turn::Done),
                Err(error) => matches!(error, Refused::Backlog { .. }),
            };
            if is_refused {
                refused += 1;
                assert!(matches!(conn.step(), Turn::Event(..)));
            }
            most = most.max(conn.held_bytes());
        }
        assert!(refused > 300, "{refused}");
        assert!(most <= (count + 1) * 64 * KIB + 4 * KIB, "{most}");
    }
}

#[test]
fn fi_5_filters_that_expand_are_held_up_both_ways() {
    let mut conn = over(vec![Box::new(Expand { up: 0, down: 0 }), Box::new(Expand { up: 0, down: 0 })]);
    drop(conn.feed(at(0), &b"x".repeat(200)).unwrap());
    let (mut most, mut events) = (0, 0);
    for _ in 0..200_000 {
        match conn.step() {
            Turn::Event(b"x", _) => events += 1,
            other => panic!("{other:?}"),
        }
        most = most.max(conn.held_bytes());
    }
    assert_eq!(events, 200_000);
    assert!(most <= 2 * 64 * KIB + 200, "{most}");
    // A peer that takes nothing.
    let mut conn = over(vec![Box::new(Expand { up: 0, down: 0 }), Box::new(Expand { up: 0, down: 0 })]);
    let mut queued = 0;
    while conn.outbox().is_writable() {
        conn.outbox().send("0123456789").unwrap();
        queued += 11;
        assert!(matches!(conn.step(), Turn::Want(_)));
        assert!(conn.held_bytes() <= queued + 2 * 65 * KIB, "{}", conn.held_bytes());
    }
    // And then takes it slowly.
    let mut sent = 0;
    for _ in 0..1000 {
        let Turn::Want(want) = conn.step() else { panic!("nothing came") };
        assert!(want.write > 0 && conn.held_bytes() <= queued + 2 * 65 * KIB);
        conn.sent(at(0), want.write.min(5000)).unwrap();
        sent += want.write.min(5000);
    }
    assert_eq!(sent, 5_000_000);
}

#[test]
fn fi_5_answers_that_are_not_taken_hold_an_expanding_filter_up() {
    let mut conn = over(vec![does(|pipe| {
        while pipe.room() >= 5000 && !pipe.wire().is_empty() {
            pipe.consume(1);
            pipe.deliver(&b"ping\n".repeat(1000));
        }
    })]);
    drop(conn.feed(at(0), &[0; 1000]).unwrap());
    for _ in 0..100 {
        assert!(matches!(conn.step(), Turn::Want(Want { write: 0, .. })));
        assert!(conn.held_bytes() <= 64 * KIB + 17 * KIB + 1000, "{}", conn.held_bytes());
    }
}

#[test]
fn fi_5_a_filter_may_send_behind_much_that_was_queued_before_it() {
    // And the limits of the application are its own.
    let mut conn = chat_with(Limits { max_unsent: 1 << 20, ..Limits::DEFAULT });
    for _ in 0..1000 {
        conn.outbox().send(&[b'x'; 1000]).unwrap();
    }
    assert!(conn.push_filter(Box::new(Greet::default()), Leftover::Reject).is_ok());
    let mut run = Run::default();
    assert!(run.settle(&mut conn, at(0)).read > 0);
    assert!(run.sent.ends_with(b"x\nHI"));
    let mut conn = over_with(vec![Box::new(Invert)], Limits { max_unsent: 9, ..Limits::DEFAULT });
    for _ in 0..3 {
        conn.outbox().send("12345678").unwrap();
        assert!(matches!(conn.step(), Turn::Want(_)));
    }
    assert!(conn.pop_filter(Leftover::Reject).is_ok());
    assert!(conn.outbox().send("1").is_err());
    let mut run = Run::default();
    run.settle(&mut conn, at(0));
    assert_eq!(run.sent, inverted(&b"12345678\n".repeat(3)));
}

#[test]
fn fi_5_a_frame_longer_than_the_room_passes() {
    let line = [&vec![b'x'; 300 * KIB][..], b"\nnext\n"].concat();
    let mut conn = Conn::new(Chat(Lines::new(1 << 20)), at(0));
    assert!(conn.push_filter(Box::new(Records), Leftover::Reject).is_ok());
    let mut run = Run::default();
    let mut rest = &records(&line, MAX_RECORD)[..];
    while !rest.is_empty() {
        let n = rest.len().min(20_000);
        run.bring(&mut conn, Way::Space, &rest[..n]);
        rest = &rest[n..];
        assert!(conn.held_bytes() <= line.len() + 70 * KIB);
    }
    run.settle(&mut conn, at(1));
    assert_eq!(run.said.iter().map(String::len).collect::<Vec<_>>(), [300 * KIB, 4]);
}

#[test]
fn fi_6_a_failure_waits_until_everything_before_it_is_read() {
    for pieces in [vec![&b"\x04one\n\xff"[..]], vec![&b"\x04one\n"[..], b"\xff"]] {
        let mut conn = over(vec![Box::new(Invert), Box::new(Records)]);
        let mut run = Run::default();
        for piece in pieces {
            run.bring(&mut conn, Way::Feed, &inverted(piece));
        }
        run.settle(&mut conn, at(1));
        assert_eq!(run.said, ["one", "over: a record is too long", "shutdown", "done"]);
        assert_eq!(run.sent.last(), Some(&!ALERT));
    }
}

#[test]
fn fi_6_the_alert_is_written_before_the_end_and_what_was_said_above_is_lost() {
    let mut conn = over(vec![Box::new(Records)]);
    drop(conn.feed(at(0), b"\x08one\ntwo\n\xff").unwrap());
    for _ in 0..2 {
        let Turn::Event(line, mut out) = conn.step() else { panic!("an event is there") };
        out.send(line).unwrap();
    }
    let Turn::Over(Err(failure), mut out) = conn.step() else { panic!("it has failed") };
    assert!(matches!(failure, Failure::Filter(_)));
    assert_eq!(failure.kind(), ErrorKind::Protocol);
    out.send("last words").unwrap();
    assert!(matches!(conn.step(), Turn::Want(Want { read: 0, write: 1, shutdown: false, .. })));
    assert_eq!(conn.output().flatten().copied().collect::<Vec<_>>(), [ALERT]);
    assert_eq!(conn.held_bytes(), 1);
    conn.sent(at(0), 1).unwrap();
    assert!(matches!(conn.step(), Turn::Want(Want { write: 0, shutdown: true, .. })));
    conn.shut(at(0));
    assert!(matches!(conn.step(), Turn::Done));
}

#[test]
fn fi_7_the_failure_that_comes_first_in_the_stream_is_told() {
    // The lower fails behind a record in which the upper does.
    let wire = [&records(&[4, b'o', b'n', b'e', b'\n', 255], 20)[..], &[250]].concat();
    let make: fn() -> Conn<Chat> = || over(vec![Box::new(Records), Box::new(Does(upper))]);
    let whole = check_cuts(&make, |_| String::new(), &wire);
    assert_eq!(whole.0, ["one", "over: the upper", "shutdown", "done"]);
    // A filter that takes every end for a clean one does not hide the failure of one below.
    let wire = [&records(b"one\ntwo", 20)[..], &[250]].concat();
    let make: fn() -> Conn<Chat> = || over(vec![Box::new(Records), Box::new(Blocks::default())]);
    assert_eq!(transcript(&make, |_| String::new(), Way::Feed, &[&wire]).0, ["over: a record is too long", "shutdown", "done"]);
}

/// As `Records`, but says otherwise what is wrong.
fn upper(pipe: &mut Pipe<'_>) -> Result<(), FilterError> {
    Records.pump(pipe).map_err(|_| FilterError::new("the upper"))
}

#[test]
fn fi_8_the_filter_judges_the_end_below_it() {
    let ends: [(&[u8], &[&str]); 5] = [
        (b"\x04one\n\0", &["one", "over", "shutdown", "done"]),
        (b"\x04one\n\0trailing", &["one", "over", "shutdown", "done"]),
        (b"\x04one\n", &["one", "over: cut short", "shutdown", "done"]),
        (b"\x04one\n\x05", &["one", "over: cut short", "shutdown", "done"]),
        (b"\x04one\n\x05two", &["one", "over: cut short", "shutdown", "done"]),
    ];
    for (wire, said) in ends {
        let make: fn() -> Conn<Chat> = || over(vec![Box::new(Records)]);
        assert_eq!(check_cuts(&make, |_| String::new(), wire).0, said);
    }
    let mut conn = over(vec![Box::new(Records)]);
    conn.eof(at(0));
    assert!(matches!(conn.step(), Turn::Over(Err(failure), _) if failure.kind() == ErrorKind::Truncated));
    // Inside a frame, a clean end of the filter is none of the protocol.
    let frames = LengthField::builder(Width::U16, Counts::Payload, 64).build().unwrap();
    let mut conn = Conn::new(Plain(frames), at(0));
    assert!(conn.push_filter(Box::new(Records), Leftover::Reject).is_ok());
    drop(conn.feed(at(0), b"\x03\0\x05x\0").unwrap());
    conn.eof(at(0));
    assert!(matches!(conn.step(), Turn::Over(Err(Failure::Stream(_)), _)));
}

#[test]
fn fi_8_an_end_that_came_before_the_filter_is_that_below_it() {
    let mut conn = chat();
    drop(conn.feed(at(0), b"STARTTLS\n\x05safe\n").unwrap());
    conn.eof(at(0));
    assert!(matches!(conn.step(), Turn::Event(b"STARTTLS", _)));
    assert!(conn.push_filter(Box::new(Records), Leftover::Reroute).is_ok());
    let mut run = Run::default();
    run.settle(&mut conn, at(0));
    assert_eq!(run.said, ["safe", "over: cut short", "shutdown", "done"]);
}

#[test]
fn fi_8_the_end_is_behind_everything_that_is_shown() {
    let total = Arc::new(AtomicUsize::new(0));
    let counted = total.clone();
    let mut ended = false;
    let mut conn = over(vec![does(move |pipe| {
        if !ended {
            ended = pipe.wire_has_ended();
            counted.fetch_add(pipe.wire().len(), Ordering::Relaxed);
            pipe.consume(usize::MAX);
        }
        if ended {
            pipe.end();
        }
    })]);
    drop(conn.feed(at(0), &vec![b'x'; 200 * KIB]).unwrap());
    conn.eof(at(0));
    assert!(matches!(conn.step(), Turn::Over(Ok(()), _)));
    assert_eq!(total.load(Ordering::Relaxed), 200 * KIB);
}

#[test]
fn fi_8_an_end_in_the_stream_comes_before_that_of_the_wire() {
    let mut conn = over(vec![Box::new(Records)]).half_open();
    drop(conn.feed(at(0), b"\x04one\n\0").unwrap());
    let mut run = Run::default();
    let want = run.settle(&mut conn, at(0));
    assert_eq!((&run.said[..], want.read), (&["one".to_owned(), "over".to_owned()][..], 0));
    conn.outbox().send("still here").unwrap();
    run.settle(&mut conn, at(0));
    conn.outbox().close();
    run.settle(&mut conn, at(0));
    assert_eq!(unrecord(&run.sent), (b"one\nstill here\n".to_vec(), true));
}

#[test]
fn fi_9_what_is_queued_goes_before_the_filters_end_and_that_before_the_shutdown() {
    for filters in 1..3 {
        let mut conn = over((0..filters).map(|_| Box::new(Records) as Box<dyn Filter>).collect());
        conn.outbox().send("last").unwrap();
        conn.outbox().close();
        let Turn::Want(want) = conn.step() else { panic!("nothing came") };
        assert!(want.read > 0 && want.write > 0 && !want.shutdown);
        let mut run = Run::default();
        run.settle(&mut conn, at(0));
        assert_eq!(run.said, ["shutdown"]);
        let (mut plain, mut ended) = unrecord(&run.sent);
        if filters == 2 {
            assert!(ended);
            (plain, ended) = unrecord(&plain);
        }
        assert_eq!((plain, ended), (b"last\n".to_vec(), true));
        // Reading goes on, and nothing more is written.
        let line = if filters == 2 { records(b"\x04more", 10) } else { b"\x04more".to_vec() };
        run.bring(&mut conn, Way::Feed, &line);
        conn.tick(at(1));
        assert_eq!(run.settle(&mut conn, at(1)).write, 0);
    }
}

#[test]
fn fi_9_an_automatic_answer_behind_the_close_is_lost() {
    let mut conn = over(vec![Box::new(Records)]);
    conn.outbox().close();
    assert!(matches!(conn.step(), Turn::Want(Want { write: 1, .. })));
    drop(conn.feed(at(0), b"\x05ping\n").unwrap());
    let mut run = Run::default();
    assert!(run.settle(&mut conn, at(0)).read > 0);
    assert_eq!((run.said, run.sent), (vec!["shutdown".to_owned()], vec![0]));
}

#[test]
fn fi_9_nothing_is_kept_behind_a_reset() {
    let mut conn = over(vec![Box::new(Greet::default())]);
    conn.reset(at(0));
    assert!(matches!(conn.step(), Turn::Over(Err(Failure::Reset), _)));
    assert!(matches!(conn.step(), Turn::Done));
    assert_eq!(conn.held_bytes(), 0);
}

#[test]
fn fi_9_a_filter_that_closes_by_itself_ends_this_direction() {
    let mut conn = over(vec![does(|pipe| {
        pipe.send(b"no more");
        pipe.close();
    })]);
    let mut run = Run::default();
    assert!(run.settle(&mut conn, at(0)).read > 0);
    assert_eq!((run.said, run.sent), (vec!["shutdown".to_owned()], b"no more".to_vec()));
    assert_eq!(conn.outbox().send("too late").unwrap_err().error, EncodeError::Closed);
}

/// Delivers what has come a second after the first byte of it.
#[derive(Default)]
struct Late(Option<Time>);

impl Filter for Late {
    fn pump(&mut self, pipe: &mut Pipe<'_>) -> Result<(), FilterError> {
        if !pipe.wire().is_empty() {
            let due = *self.0.get_or_insert(pipe.now() + Duration::from_secs(1));
            if pipe.now() < due {
                return Ok(());
            }
            self.0 = None;
        }
        pass(pipe, |byte| byte);
        Ok(())
    }

    fn deadline(&self) -> Option<Time> {
        self.0
    }
}

#[test]
fn fi_10_a_filters_deadline_is_wanted_and_kept() {
    let mut conn = over(vec![Box::new(Late::default()), Box::new(Invert)]);
    drop(conn.feed(at(1), &inverted(b"late\n")).unwrap());
    assert!(matches!(conn.step(), Turn::Want(want) if want.deadline == Some(at(2))));
    conn.tick(at(2));
    assert!(matches!(conn.step(), Turn::Event(b"late", _)));
    // It waits with a full buffer, and at the end, without being stuck.
    let mut conn = over(vec![Box::new(Late::default())]);
    drop(conn.feed(at(1), &b"x\n".repeat(40 * KIB)).unwrap());
    assert!(matches!(conn.step(), Turn::Want(Want { read: 0, .. })));
    conn.eof(at(1));
    assert!(matches!(conn.step(), Turn::Want(want) if want.deadline == Some(at(2))));
    conn.tick(at(2));
    assert!(matches!(conn.step(), Turn::Event(b"x", _)));
}

/// Has a deadline that never moves.
struct Past;

impl Filter for Past {
    fn pump(&mut self, pipe: &mut Pipe<'_>) -> Result<(), FilterError> {
        pass(pipe, |byte| byte);
        Ok(())
    }

    fn deadline(&self) -> Option<Time> {
        Some(at(5))
    }
}

#[test]
fn fi_10_a_deadline_that_has_passed_is_not_waited_for() {
    let mut conn = over_with(vec![Box::new(Past)], Limits { timeouts: Timeouts::NEVER, ..Limits::DEFAULT });
    assert!(matches!(conn.step(), Turn::Want(want) if want.deadline == Some(at(5))));
    conn.tick(at(5));
    assert!(matches!(conn.step(), Turn::Want(want) if want.deadline.is_none()));
}

#[test]
fn fi_10_a_handshake_has_its_time() {
    let mut conn = chat();
    conn.tick(at(100));
    assert!(conn.push_filter(Box::new(Greet::default()), Leftover::Reject).is_ok());
    let mut run = Run::default();
    assert_eq!(run.settle(&mut conn, at(100)).deadline, Some(at(110)));
    drop(conn.feed(at(109), b"H").unwrap());
    assert_eq!(run.settle(&mut conn, at(109)).deadline, Some(at(110)));
    conn.tick(at(110));
    assert!(matches!(conn.step(), Turn::Over(Err(Failure::Timeout(Timer::Handshake)), _)));
    assert!(matches!(conn.step(), Turn::Want(_)));
    conn.tick(at(1000));
    let mut conn = over(vec![Box::new(Greet::default())]);
    drop(conn.feed(at(1), b"HI").unwrap());
    assert_eq!(run.settle(&mut conn, at(1)).deadline, Some(at(301)));
}

type Make = fn() -> Box<dyn Filter>;

#[test]
fn fi_11_a_filter_that_breaks_the_contract_fails() {
    let plain = || does(|pipe| pass(pipe, |byte| byte));
    let nothing: Make = || does(|_| {});
    let full = vec![b'x'; 64 * KIB];
    let cases: [(&str, Make, &[u8]); 7] = [
        ("a filter makes nothing of a full buffer", nothing, &full),
        ("a filter does not end though the stream below it has", nothing, b"x"),
        ("a filter does not end though the stream below it has", || does(|pipe| pipe.consume(usize::MAX)), b"x"),
        ("a filter moves bytes for ever", || does(|pipe| _ = pipe.deliver(b"#\n")), b""),
        ("a filter moves bytes for ever", || does(|pipe| _ = pipe.deliver(&b"#\n".repeat(pipe.room().min(8) / 2))), b""),
        ("a filter moves bytes for ever", || does(|pipe| pipe.send(b"x")), b""),
        ("a filter sends more than there is room for", || does(|pipe| pipe.send(&vec![0; 1 << 20])), b""),
    ];
    for (expected, make, wire) in cases {
        for layers in [vec![make()], vec![plain(), make()], vec![make(), plain()]] {
            let mut conn = over(layers);
            let mut run = Run::default();
            run.bring(&mut conn, Way::Space, wire);
            run.settle(&mut conn, at(1));
            run.end(&mut conn);
            assert_eq!(run.said.first(), Some(&format!("over: {expected}")));
            assert!(run.said.ends_with(&["done".to_owned()]));
            assert!(run.sent.len() < 400 * KIB);
        }
    }
}

#[test]
fn fi_11_a_full_buffer_is_the_same_however_it_was_filled() {
    let make: fn() -> Conn<Chat> = || {
        over(vec![does(|pipe| {
            if pipe.wire().len() > 64 * KIB {
                pipe.consume(usize::MAX);
            }
        })])
    };
    let wire = vec![b'x'; 100 * KIB];
    for way in WAYS {
        let (said, _) = transcript(&make, |_| String::new(), way, &[&wire]);
        assert_eq!(said[0], "over: a filter makes nothing of a full buffer", "{way:?}");
    }
}

#[test]
fn fi_11_two_filters_that_throw_bytes_to_each_other_fail() {
    let below = does(|pipe| {
        let ball = pipe.outgoing().to_vec();
        pipe.take(ball.len());
        pipe.deliver(&ball);
    });
    let above = does(|pipe| {
        let ball = pipe.wire().to_vec();
        pipe.consume(ball.len());
        pipe.send(if ball.is_empty() && !pipe.is_closing() { b"ball" } else { &ball });
    });
    let mut conn = over(vec![below, above]);
    assert!(matches!(conn.step(), Turn::Over(Err(failure), _) if failure.kind() == ErrorKind::Bug));
}

#[test]
fn fi_11_a_filter_that_does_not_close_fails_when_nothing_more_can_come() {
    let mut conn = over_with(
        vec![does(|pipe| {
            pipe.consume(usize::MAX);
            if pipe.wire_has_ended() {
                pipe.end();
            }
        })],
        Limits { timeouts: Timeouts::NEVER, ..Limits::DEFAULT },
    );
    let mut run = Run::default();
    run.end(&mut conn);
    assert_eq!(run.said, ["over", "shutdown", "done"]);
}

#[test]
fn fi_11_time_and_traffic_are_no_reason_to_fail() {
    // A heartbeat for a long time.
    struct Beat(Time);
    impl Filter for Beat {
        fn pump(&mut self, pipe: &mut Pipe<'_>) -> Result<(), FilterError> {
            if pipe.now() >= self.0 {
                pipe.send(b"beat");
                self.0 = pipe.now() + Duration::from_secs(1);
            }
            Ok(())
        }
        fn deadline(&self) -> Option<Time> {
            Some(self.0)
        }
    }
    let mut conn = over_with(vec![Box::new(Beat(at(0)))], Limits { timeouts: Timeouts::NEVER, ..Limits::DEFAULT });
    for second in 0..20_000 {
        conn.tick(at(second));
        let mut run = Run::default();
        assert_eq!(run.settle(&mut conn, at(second)).deadline, Some(at(second + 1)));
        assert_eq!(run.sent, b"beat");
    }
}

#[test]
fn fi_12_a_want_has_everything_that_filters_have_to_send() {
    // Answers beyond their budget.
    let limits = Limits { replies: 9, ..Limits::DEFAULT };
    for way in WAYS {
        let mut conn = over_with(vec![Box::new(Records)], limits);
        let mut run = Run::default();
        run.bring(&mut conn, way, &records(&[&b"ping\n".repeat(30)[..], b"end\n"].concat(), 100));
        run.settle(&mut conn, at(1));
        assert_eq!(run.said, ["end"]);
        assert_eq!(unrecord(&run.sent).0, [&b"pong\n".repeat(30)[..], b"end\n"].concat());
    }
    // The end record, when the connection ends by itself.
    let mut conn = over(vec![Box::new(Records)]);
    drop(conn.feed(at(0), b"\0").unwrap());
    assert!(matches!(conn.step(), Turn::Over(Ok(()), _)));
    assert!(matches!(conn.step(), Turn::Want(Want { write: 1, .. })));
    // Out of the guard.
    let mut conn = over_with(vec![Box::new(Records)], limits);
    let wire = records(&b"ping\n".repeat(30_000), 100);
    let mut steps = conn.feed(at(0), &wire).unwrap();
    assert!(matches!(steps.step(), Turn::Want(Want { write: 1.., .. })));
}

/// Sends a byte for each byte of credit that comes.
#[derive(Default)]
struct Credit;

impl Filter for Credit {
    fn pump(&mut self, pipe: &mut Pipe<'_>) -> Result<(), FilterError> {
        while let (Some(b'+'), Some(byte)) = (pipe.wire().first().copied(), pipe.outgoing().first().copied()) {
            pipe.consume(1);
            pipe.take(1);
            pipe.send(&[byte]);
        }
        if pipe.wire().first().is_some_and(|byte| *byte != b'+') {
            let n = pipe.wire().iter().take_while(|byte| **byte != b'+').count().min(pipe.room());
            let plain = pipe.wire()[..n].to_vec();
            pipe.consume(n);
            pipe.deliver(&plain);
        }
        if pipe.wire().is_empty() && pipe.wire_has_ended() {
            pipe.end();
        }
        if pipe.is_closing() && pipe.outgoing().is_empty() {
            pipe.close();
        }
        Ok(())
    }
}

#[test]
fn fi_12_the_wire_is_read_for_a_filter_that_holds_output_back() {
    // Answers beyond their budget.
    let mut conn = over_with(vec![Box::new(Credit)], Limits { replies: 7, ..Limits::DEFAULT });
    let mut run = Run::default();
    run.bring(&mut conn, Way::Space, b"ping\nping\n");
    assert!(run.settle(&mut conn, at(1)).read > 0);
    run.bring(&mut conn, Way::Space, b"++++++++++");
    assert!(run.settle(&mut conn, at(1)).read > 0);
    assert_eq!(run.sent, b"pong\npong\n");
    // Behind the end of the connection.
    conn.outbox().send("last").unwrap();
    conn.begin_drain();
    assert!(run.settle(&mut conn, at(1)).read > 0);
    assert_eq!(run.said, ["over"]);
    run.bring(&mut conn, Way::Space, b"+++++");
    run.settle(&mut conn, at(1));
    assert_eq!(run.sent, b"pong\npong\nlast\n");
    assert_eq!(run.said, ["over", "shutdown", "done"]);
    // A handshake.
    let mut conn = over(vec![Box::new(Greet::default())]);
    conn.outbox().send("hello").unwrap();
    conn.begin_drain();
    let mut run = Run::default();
    run.bring(&mut conn, Way::Space, b"HI");
    run.settle(&mut conn, at(1));
    assert_eq!((run.said, run.sent), (vec!["over".to_owned(), "shutdown".to_owned(), "done".to_owned()], b"HIhello\n".to_vec()));
}

#[test]
fn fi_13_a_popped_filter_leaves_nothing_behind() {
    // What it has delivered comes before what it has not looked at.
    let mut conn = over(vec![does(|pipe| {
        if let [b'P', b'R', b'O', b'X', b'Y', b'\n', ..] = pipe.wire() {
            pipe.consume(6);
            pipe.deliver(b"proxied\n");
        }
    })]);
    drop(conn.feed(at(0), b"PROXY\nGET\n").unwrap());
    assert!(matches!(conn.step(), Turn::Event(b"proxied", _)));
    assert_eq!(conn.pop_filter(Leftover::Reject).err(), Some(PopRefused::Unread { unread: 4 }));
    assert!(conn.pop_filter(Leftover::Reroute).is_ok());
    assert!(matches!(conn.step(), Turn::Event(b"GET", _)));
    conn.eof(at(0));
    assert!(matches!(conn.step(), Turn::Over(Ok(()), _)));
    // What it has not taken keeps it.
    let mut conn = over(vec![Box::new(Greet::default())]);
    conn.outbox().send("hello").unwrap();
    assert_eq!(conn.pop_filter(Leftover::Reroute).err(), Some(PopRefused::Queued { queued: 6 }));
    drop(conn.feed(at(0), b"HIone\ntwo").unwrap());
    assert!(conn.pop_filter(Leftover::Reroute).is_ok());
    conn.outbox().send("behind").unwrap();
    conn.eof(at(0));
    let mut run = Run::default();
    run.settle(&mut conn, at(0));
    assert_eq!((&run.said[..2], &run.sent[..]), (&["one".to_owned(), "two".to_owned()][..], &b"HIhello\nbehind\none\ntwo\n"[..]));
    // A failure does.
    let mut conn = over(vec![Box::new(Records)]);
    drop(conn.feed(at(0), b"\xff").unwrap());
    assert_eq!(conn.pop_filter(Leftover::Reroute).err(), Some(PopRefused::Failed));
    assert!(matches!(conn.step(), Turn::Over(Err(Failure::Filter(_)), _)));
    // An end of the wire reaches what is above, and one of the filter alone does not.
    let mut conn = over(vec![Box::new(Invert)]);
    conn.eof(at(0));
    assert!(conn.pop_filter(Leftover::Reject).is_ok());
    assert!(matches!(conn.step(), Turn::Over(Ok(()), _)));
    let mut conn = over(vec![Box::new(Records)]);
    drop(conn.feed(at(0), b"\x04one\n\0plain\n").unwrap());
    assert!(matches!(conn.step(), Turn::Event(b"one", _)));
    assert_eq!(conn.pop_filter(Leftover::Reroute).err(), None);
}

#[test]
fn fi_14_filters_stay_at_a_switch_of_protocols() {
    let mut conn = over(vec![Box::new(Invert), Box::new(Records)]);
    let wire = inverted(&records(b"UPGRADE\none;two;", 10));
    drop(conn.feed(at(0), &wire[..14]).unwrap());
    let Turn::Event(b"UPGRADE", mut out) = conn.step() else { panic!("an event is there") };
    out.send("switching").unwrap();
    let parts = conn.into_parts().unwrap().with_protocol(Plain(framewright::framing::Delimiter::new([";"], 64).unwrap()));
    let mut conn = Conn::from_parts(parts, at(1), Limits::DEFAULT);
    conn.outbox().send("new").unwrap();
    drop(conn.feed(at(1), &wire[14..]).unwrap());
    let mut seen = Vec::new();
    while let Turn::Event(frame, _) = conn.step() {
        seen.push(text(frame.payload()));
    }
    assert_eq!(seen, ["one", "two"]);
    assert_eq!(unrecord(&inverted(&conn.output().flatten().copied().collect::<Vec<_>>())).0, b"switching\nnew;");
}

/// Fills a reservation.
fn fill(mut reservation: OwnedReservation, bytes: &[u8]) -> OwnedReservation {
    reservation.storage.extend_from_slice(bytes);
    reservation
}

#[test]
fn fi_15_a_reservation_that_is_out_brings_bytes_below_the_filter() {
    let mut conn = chat();
    drop(conn.feed(at(0), b"STARTTLS\n").unwrap());
    let reservation = conn.reserve_owned().unwrap();
    assert!(matches!(conn.step(), Turn::Event(b"STARTTLS", _)));
    assert!(conn.push_filter(Box::new(Invert), Leftover::Reject).is_ok());
    assert!(matches!(conn.step(), Turn::Want(_)));
    assert_eq!(conn.feed(at(0), b"x").err(), Some(Refused::OutstandingReserve));
    assert_eq!(conn.space().err(), Some(Refused::OutstandingReserve));
    assert_eq!(conn.reserve_owned().err(), Some(Refused::OutstandingReserve));
    conn.commit_owned(at(0), fill(reservation, &inverted(b"secret\n"))).unwrap();
    assert!(matches!(conn.step(), Turn::Event(b"secret", _)));
    // And at a pop it goes past, unless it would overtake.
    let reservation = conn.reserve_owned().unwrap();
    assert!(conn.pop_filter(Leftover::Reject).is_ok());
    assert_eq!(conn.feed(at(0), b"x").err(), Some(Refused::OutstandingReserve));
    conn.commit_owned(at(0), fill(reservation, b"plain\n")).unwrap();
    assert!(matches!(conn.step(), Turn::Event(b"plain", _)));
    assert!(conn.push_filter(Box::new(Invert), Leftover::Reject).is_ok());
    drop(conn.feed(at(0), &inverted(b"a\nb\n")).unwrap());
    assert!(matches!(conn.step(), Turn::Event(b"a", _)));
    let reservation = conn.reserve_owned().unwrap();
    assert_eq!(conn.pop_filter(Leftover::Reroute).err(), Some(PopRefused::Reserved));
    conn.commit_owned(at(0), fill(reservation, &[])).unwrap();
    assert!(conn.pop_filter(Leftover::Reroute).is_ok());
    assert!(matches!(conn.step(), Turn::Event(b"b", _)));
    // A second filter does not touch it.
    let mut conn = over(vec![Box::new(Invert)]);
    let reservation = conn.reserve_owned().unwrap();
    assert!(conn.push_filter(Box::new(Invert), Leftover::Reject).is_ok());
    conn.commit_owned(at(0), fill(reservation, b"twice\n")).unwrap();
    assert!(matches!(conn.step(), Turn::Event(b"twice", _)));
}

#[test]
fn fi_16_input_that_was_not_asked_for_is_refused_untouched() {
    let mut conn = over(vec![Box::new(Invert)]);
    assert!(matches!(conn.commit(at(0), usize::MAX), Err(Refused::CommitTooLarge { .. })));
    let lent = conn.space().unwrap().len();
    assert_eq!(conn.commit(at(0), lent + 1).err(), Some(Refused::CommitTooLarge { reserved: lent, committed: lent + 1 }));
    conn.commit(at(0), 0).unwrap();
    let stale = {
        let reservation = conn.reserve_owned().unwrap();
        let mut other = over(vec![Box::new(Invert)]);
        let stale = other.commit_owned(at(0), reservation).unwrap_err();
        assert_eq!(stale.error, Refused::NoOutstandingReserve);
        stale.reservation
    };
    // The end takes a reservation back.
    conn.eof(at(0));
    assert!(conn.commit_owned(at(0), fill(stale, &inverted(b"x\n"))).is_err());
    assert_eq!(conn.feed(at(0), b"x").err(), Some(Refused::AfterEof));
    assert_eq!(conn.space().err(), Some(Refused::AfterEof));
    assert_eq!(conn.commit(at(0), 0), Ok(())); // nothing is never refused
    assert!(matches!(conn.step(), Turn::Over(Ok(()), _)));
    let mut conn = over(vec![Box::new(Records)]);
    drop(conn.feed(at(0), b"\xff").unwrap());
    assert!(matches!(conn.step(), Turn::Over(Err(_), _)));
    assert_eq!(conn.feed(at(0), b"x").err(), Some(Refused::Failed));
    let mut conn = over(vec![Box::new(Late::default())]);
    drop(conn.feed(at(0), &vec![b'x'; 64 * KIB]).unwrap());
    assert!(matches!(conn.step(), Turn::Want(Want { read: 0, .. })));
    let held = conn.held_bytes();
    assert_eq!(conn.feed(at(0), b"x").err(), Some(Refused::Backlog { held: 64 * KIB, backlog: 64 * KIB }));
    assert!(conn.space().is_err() && conn.reserve_owned().is_err());
    assert_eq!(conn.held_bytes(), held);
}
