//! What drivers must not do: lose bytes, wait for each other, wait for ever.

use std::future::Future;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::pin::pin;
use std::sync::Mutex;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use framewright::Time;
use framewright::conn::{Conn, Filter, FilterError, Limits, Outbox, Pipe, Timeouts};
use framewright_drivers::app::{App, Client, Clock, Hash, Heard, Random, Secure, Server, connection, serve as serve_app, text};
use framewright_drivers::protocol::{Event, MAX_PAYLOAD, Message, Post, Side};
use framewright_drivers::{blocking, memory, mio, threads, tls, tokio, uring};

/// What a client hears, without any bytes on the way: what the script says, and what a server makes of it.
fn expected(seed: u64, requests: u32) -> [u64; 2] {
    let mut random = Random(seed);
    let (mut heard, mut pongs) = (Hash::new(), Hash::new());
    let mut hear = |is_push: bool, payload: &[u8]| {
        heard.write(&[u8::from(is_push)]);
        heard.write(&payload.len().to_be_bytes());
        heard.write(payload);
    };
    for number in 1..=requests {
        let len = random.payload_len();
        let mut hash = Hash::new();
        hash.write(&text(random.draw(), len));
        hear(false, &text(hash.0, len));
        if number % 16 == 0 {
            hear(true, &text(!hash.0, len.min(100)));
        }
        if random.below(20) == 0 {
            pongs.write(&random.draw().to_be_bytes());
        }
    }
    [heard.0, pongs.0]
}

fn check(client: &Client, seed: u64, requests: u32) {
    assert_eq!(client.failure, None);
    assert!(client.is_content());
    assert_eq!(client.transcript(), expected(seed, requests));
}

#[test]
fn without_io_a_client_hears_what_the_script_says() {
    for seed in 0..8 {
        let mut client = memory::Side { conn: connection(Side::Client, Time::ZERO), app: Client::new(seed, 500, None) };
        let mut server = memory::Side { conn: connection(Side::Server, Time::ZERO), app: Server::new(None) };
        memory::run(&mut client, &mut server).unwrap();
        check(&client.app, seed, 500);
        assert_eq!(server.app.failure, None);
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
        if pipe.wire().is_empty() && pipe.wire_has_ended() {
            pipe.end();
        }
        if pipe.outgoing().is_empty() && pipe.is_closing() {
            pipe.close();
        }
        Ok(())
    }
}

fn invert(_: Side) -> Box<dyn Filter> {
    Box::new(Invert)
}

type MakeSide = fn(Clock) -> (Conn<Post>, Server);
type Serve = fn(TcpListener, usize, MakeSide) -> std::io::Result<()>;

/// Every driver that serves sockets in this process.
fn drivers() -> Vec<(&'static str, Serve)> {
    let mut all: Vec<(&'static str, Serve)> = vec![
        ("blocking", |listener, count, side| blocking::serve_in_threads(&listener, count, side)),
        ("threads", |listener, count, side| threads::serve_all(&listener, count, side)),
        ("mio", |listener, count, side| mio::serve_all(listener, count, side)),
        ("tokio", |listener, count, side| tokio::serve_all(listener, count, side)),
    ];
    if uring::ring().is_ok() {
        all.push(("io_uring", |listener, count, side| uring::serve_all(uring::ring()?, &listener, count, side)));
    }
    all
}

/// Serves `count` connections by a driver, while `call` runs in a thread for each.
fn serve(serve: Serve, count: usize, side: MakeSide, call: impl Fn(usize, TcpStream) + Sync) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::scope(|scope| {
        for at in 0..count {
            let call = &call;
            scope.spawn(move || call(at, TcpStream::connect(address).unwrap()));
        }
        serve(listener, count, side).unwrap();
    });
}

#[test]
fn an_upgrade_in_mid_stream_under_every_driver() {
    for (name, driver) in drivers() {
        println!("{name}");
        let inverting: MakeSide = |clock| (connection(Side::Server, clock.now()), Server::new(Some(invert)));
        let encrypting: MakeSide = |clock| (connection(Side::Server, clock.now()), Server::new(Some(tls::secure)));
        for (secure, side) in [(invert as Secure, inverting), (tls::secure, encrypting)] {
            serve(driver, 3, side, |seed, socket| {
                let clock = Clock::start();
                let mut client = Client::new(seed as u64, 100, Some(secure));
                threads::run(&socket, &mut connection(Side::Client, clock.now()), &mut client, clock);
                check(&client, seed as u64, 100);
            });
        }
    }
}

/// The drivers do wait for the time that a connection tells them: nothing else ends these, whose peers hold on.
#[test]
fn a_peer_that_says_nothing_is_left_under_every_driver() {
    const PATIENCE: Duration = Duration::from_secs(20); // for a driver that forgets the time
    for (name, driver) in drivers() {
        println!("{name}");
        let side = |clock: Clock| {
            let timeouts = Timeouts { idle: Some(Duration::from_millis(5)), ..Timeouts::NEVER };
            let limits = Limits { timeouts, ..Limits::DEFAULT };
            (Conn::with_limits(Post::new(Side::Server), clock.now(), limits), Server::new(None))
        };
        let (over, is_over) = channel::<()>();
        let is_over = Mutex::new(is_over);
        thread::scope(|scope| {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            scope.spawn(move || {
                driver(listener, 1, side).unwrap();
                drop(over);
            });
            peer.set_read_timeout(Some(PATIENCE)).unwrap();
            assert_eq!(peer.read_to_end(&mut Vec::new()).unwrap(), 0); // whatever interrupts it
            let waited = is_over.lock().unwrap().recv_timeout(PATIENCE);
            drop(peer);
            assert_eq!(waited, Err(RecvTimeoutError::Disconnected));
        });
    }
}

#[test]
fn what_is_said_behind_an_upgrade_in_clear_ends_the_connection() {
    let (mut conn, mut server) = (connection(Side::Server, Time::ZERO), Server::new(Some(invert)));
    drop(conn.feed(Time::ZERO, b"U\0\0\0\xae\xff\xff\xff").unwrap()); // as the filter would take it
    assert_eq!(serve_app(&mut conn, &mut server), None);
    assert!(server.failure.is_some());
}

#[test]
fn a_future_dropped_at_every_await_in_turn_loses_nothing() {
    let runtime = ::tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _context = runtime.enter();
    for (seed, pipe) in [(1, 1), (2, 7), (3, 64), (4, 1000)] {
        let all = converse(seed, pipe, |_| true);
        assert!(all > 10, "{all} awaits");
        // Only the one, and then on with another future; of very many awaits the first.
        for one in 0..all.min(300) {
            converse(seed, pipe, |at| at == one);
        }
    }
}

/// Polls both sides of a connection over a pipe by hand, in turn. Drops the futures at the awaits that `drops` names, and makes new ones. Returns the number of awaits.
fn converse(seed: u64, pipe: usize, drops: impl Fn(usize) -> bool) -> usize {
    let clock = Clock::start();
    let (mut near, mut far) = ::tokio::io::duplex(pipe);
    let (mut conn, mut client) = (connection(Side::Client, clock.now()), Client::new(seed, 20, Some(invert)));
    let (mut other, mut server) = (connection(Side::Server, clock.now()), Server::new(Some(invert)));
    let mut context = Context::from_waker(Waker::noop());
    let mut awaits = 0;
    let mut over = (false, false);
    while over != (true, true) {
        let mut one = pin!(tokio::run(&mut near, &mut conn, &mut client, clock));
        let mut two = pin!(tokio::run(&mut far, &mut other, &mut server, clock));
        loop {
            let mut poll = |over: &mut bool, future: std::pin::Pin<&mut dyn Future<Output = ()>>| {
                if !*over {
                    match future.poll(&mut context) {
                        Poll::Ready(()) => *over = true,
                        Poll::Pending => awaits += 1,
                    }
                }
            };
            poll(&mut over.0, one.as_mut());
            poll(&mut over.1, two.as_mut());
            assert!(awaits < 10_000_000, "neither side goes on");
            if over == (true, true) || drops(awaits / 2) {
                break;
            }
        }
    }
    check(&client, seed, 20);
    assert_eq!(server.failure, None);
    awaits / 2
}

/// Says much without a thought for what it hears.
struct Bulk {
    side: Side,
    left: usize,
    len: usize,
    heard: usize,
    failure: Option<String>,
}

impl Bulk {
    const fn new(side: Side, count: usize, len: usize) -> Self {
        Self { side, left: count, len, heard: 0, failure: None }
    }
}

impl App for Bulk {
    fn speak(&mut self, out: &mut Outbox<'_, Post>) {
        while self.left > 0 && out.is_writable() {
            let payload = text(self.left as u64, self.len).into();
            out.send(if self.side == Side::Client { Message::Request(payload) } else { Message::Push(payload) }).unwrap();
            self.left -= 1;
        }
        if self.left == 0 {
            out.close();
        }
    }

    fn hear(&mut self, event: Event<'_>, _: &mut Outbox<'_, Post>) -> Heard {
        if let Event::Part(part) = event {
            self.heard += part.bytes.len();
        }
        Heard::On
    }

    fn over(&mut self, why: Result<(), String>) {
        self.failure = why.err();
    }
}

fn in_threads(socket: &TcpStream, app: &mut Bulk, clock: Clock) {
    threads::run(socket, &mut connection(app.side, clock.now()), app, clock);
}

/// Runs two bulk senders against each other, a server by `run`.
fn bulk(count: usize, len: usize, run: fn(&TcpStream, &mut Bulk, Clock)) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let check = |side: Side, socket: TcpStream, run: fn(&TcpStream, &mut Bulk, Clock)| {
        let mut app = Bulk::new(side, count, len);
        run(&socket, &mut app, Clock::start());
        assert_eq!((app.failure, app.heard), (None, count * len));
    };
    thread::scope(|scope| {
        scope.spawn(|| check(Side::Client, TcpStream::connect(address).unwrap(), in_threads));
        check(Side::Server, listener.accept().unwrap().0, run);
    });
}

/// More than the buffers of both sockets hold, both ways, and both say it before they have heard anything.
#[test]
fn two_bulk_senders_in_threads_do_not_wait_for_each_other() {
    bulk(24, MAX_PAYLOAD, in_threads);
}

/// More pieces than one call writes.
#[test]
fn what_a_call_does_not_write_is_written_by_the_next() {
    bulk(60, 1100, in_threads);
    bulk(60, 1100, |socket, app, clock| {
        blocking::run(socket, &mut connection(app.side, clock.now()), app, clock).unwrap();
    });
}

/// At the end much is there, and nothing more comes to tell of it.
#[test]
fn a_bulk_sender_is_heard_to_the_end_under_every_driver() {
    for (name, driver) in drivers() {
        println!("{name}");
        let side = |clock: Clock| (connection(Side::Server, clock.now()), Server::new(None));
        serve(driver, 3, side, |_, socket| {
            let mut app = Bulk::new(Side::Client, 24, MAX_PAYLOAD);
            in_threads(&socket, &mut app, Clock::start());
            assert_eq!((app.failure, app.heard), (None, 24 * MAX_PAYLOAD + 100));
        });
    }
}
