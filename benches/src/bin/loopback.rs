//! Echoes small messages over loopback, by `Conn` under mio and under tokio, against the same echo by tokio-util's `Framed`.
//!
//! ```sh
//! cargo run --release --manifest-path benches/Cargo.toml --bin loopback -- --check
//! ```
//!
//! One connection, one thread for the server and one for the client, which keeps a window of messages under way and checks every byte that comes back. Each round runs every server once, in an
//! order that turns; a ratio is of two runs of one round, and the median over all rounds counts.

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::pin::{Pin, pin};
use std::process::ExitCode;
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use framewright::Time;
use framewright::conn::{Conn, Plain, Turn, Want};
use framewright::framing::{Counts, LengthField, Width};
use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::codec::{Framed, LengthDelimitedCodec};

/// The bytes of a payload.
const PAYLOAD: usize = 64;
const LIMIT: usize = 1 << 20;
/// How many messages the client keeps under way: as many as `Framed` reads at once, and more.
const WINDOWS: [usize; 2] = [64, 256];
/// The messages of a run.
const MESSAGES: usize = 200_000;
const ROUNDS: usize = 31;
/// The least that ours may do of what the other does.
const LEAST: f64 = 0.95;
/// The bytes that are read at once into a buffer that all connections of a thread share.
const BLOCK: usize = 16 * 1024;
/// How often storage of a connection is filled before what came is answered.
const READS: usize = 2;
/// The most slices in one call, as of the kernel.
const SLICES: usize = 64;

struct Server {
    name: &'static str,
    serve: fn(TcpListener) -> io::Result<()>,
}

/// What ours is held against comes last.
const SERVERS: [Server; 5] = [
    Server { name: "mio, feed", serve: |listener| serve_mio(&listener, feed_mio) },
    Server { name: "mio, space", serve: |listener| serve_mio(&listener, space_mio) },
    Server { name: "tokio, feed", serve: |listener| serve_tokio(listener, How::Feed) },
    Server { name: "tokio, space", serve: |listener| serve_tokio(listener, How::Space) },
    Server { name: "tokio, Framed", serve: serve_framed },
];

fn main() -> ExitCode {
    let check = std::env::args().any(|argument| argument == "--check");
    println!("{PAYLOAD} B messages, {MESSAGES} a run, {ROUNDS} rounds.");
    println!("| under way | server | messages a second, median | / Framed: 10% | median | 90% |");
    println!("|--:|---|--:|--:|--:|--:|");
    let good = WINDOWS.map(compare);
    if check && good.contains(&false) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Prints what the servers do with so many messages under way. Tells whether ours do enough.
fn compare(window: usize) -> bool {
    let mut rounds: Vec<[f64; SERVERS.len()]> = Vec::new();
    for round in 0..=ROUNDS {
        let mut rates = [0.0; SERVERS.len()];
        for at in 0..SERVERS.len() {
            // There and back again, so that whatever drifts favours nobody.
            let at = if round % 2 == 0 { at } else { SERVERS.len() - 1 - at };
            rates[at] = run(&SERVERS[at], window).unwrap_or_else(|error| panic!("{}: {error}", SERVERS[at].name));
        }
        // The first warms up.
        if round > 0 {
            rounds.push(rates);
        }
    }
    let mut all_good = true;
    for (at, server) in SERVERS.iter().enumerate() {
        let [_, rate, _] = spread(rounds.iter().map(|rates| rates[at]));
        let [low, ratio, high] = spread(rounds.iter().map(|rates| rates[at] / rates[SERVERS.len() - 1]));
        println!("| {window} | {} | {:.2} M | {low:.2} | {ratio:.2} | {high:.2} |", server.name, rate / 1e6);
        all_good &= ratio >= LEAST;
    }
    all_good
}

/// The 10th percentile, the median and the 90th percentile.
fn spread(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    [1, 5, 9].map(|tenths| values[(values.len() - 1) * tenths / 10])
}

/// The messages that were echoed in a second.
fn run(server: &Server, window: usize) -> io::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let to = listener.local_addr()?;
    let serve = server.serve;
    let server = thread::spawn(move || serve(listener));
    let time = client(to, window)?;
    server.join().expect("the server does not panic")?;
    Ok(MESSAGES as f64 / time.as_secs_f64())
}

/// Sends messages, and a new one for each that comes back.
fn client(to: SocketAddr, window: usize) -> io::Result<Duration> {
    const MESSAGE: usize = 4 + PAYLOAD;
    let mut message = u32::try_from(PAYLOAD).expect("short").to_be_bytes().to_vec();
    message.extend((b'a'..=b'z').cycle().take(PAYLOAD));
    let stream = message.repeat(window + 1);
    let mut replies = vec![0; window * MESSAGE];
    let mut socket = TcpStream::connect(to)?;
    socket.set_nodelay(true)?;
    let start = Instant::now();
    let (mut sent, mut received) = (0, 0);
    while received < MESSAGES * MESSAGE {
        let due = (received / MESSAGE + window).min(MESSAGES) * MESSAGE;
        if sent < due {
            socket.write_all(&stream[..due - sent])?;
            sent = due;
        }
        let n = socket.read(&mut replies)?;
        let at = received % MESSAGE;
        if n == 0 || replies[..n] != stream[at..at + n] {
            return Err(ErrorKind::InvalidData.into());
        }
        received += n;
    }
    Ok(start.elapsed())
}

fn connection() -> Conn<Plain<LengthField>> {
    let framer = LengthField::builder(Width::U32, Counts::Payload, LIMIT).build();
    Conn::new(Plain(framer.expect("the header has room for its length")), Time::ZERO)
}

type Echo = Conn<Plain<LengthField>>;

/// Answers a turn. Tells what the connection wants when there is nothing more to answer, which is nothing when it is over.
macro_rules! echo {
    ($step:expr) => {
        loop {
            match $step {
                Turn::Event(message, mut outbox) => drop(outbox.send(message)?),
                Turn::Bad(error, _) => Err(io::Error::other(error.to_string()))?,
                Turn::Over(result, _) => result.map_err(|failure| io::Error::other(failure.to_string()))?,
                Turn::Want(want) => break Some(want),
                Turn::Handoff | Turn::Done => break None,
            }
        }
    };
}

/// The time of a connection.
#[derive(Clone, Copy)]
struct Clock(Instant);

impl Clock {
    fn now(self) -> Time {
        Time::from_instant(Instant::now(), self.0)
    }

    fn until(self, deadline: Option<Time>) -> Option<Duration> {
        deadline.map(|deadline| deadline.since(self.now()))
    }
}

/// What is to be written, in as many slices as one call takes.
fn slices<'c>(conn: &'c Echo, to: &mut [IoSlice<'c>; SLICES]) -> usize {
    to.iter_mut().zip(conn.output()).map(|(to, slice)| *to = IoSlice::new(slice)).count()
}

/// Reads once and answers. Tells what is wanted then, and whether there may be more to read.
type ReadMio = fn(&mut mio::net::TcpStream, &mut Echo, Clock, &mut [u8]) -> io::Result<(Option<Want>, bool)>;

fn serve_mio(listener: &TcpListener, read: ReadMio) -> io::Result<()> {
    let (socket, _) = listener.accept()?;
    socket.set_nonblocking(true)?;
    socket.set_nodelay(true)?;
    let mut socket = mio::net::TcpStream::from_std(socket);
    let (mut poll, mut events) = (mio::Poll::new()?, mio::Events::with_capacity(16));
    poll.registry().register(&mut socket, mio::Token(0), mio::Interest::READABLE | mio::Interest::WRITABLE)?;
    let clock = Clock(Instant::now());
    let mut conn = connection();
    let mut block = vec![0; BLOCK];
    let (mut readable, mut writable) = (false, false);
    let mut wanted = echo!(conn.step());
    while let Some(want) = wanted {
        if want.write > 0 && writable {
            let mut output = [IoSlice::new(&[]); SLICES];
            let count = slices(&conn, &mut output);
            match socket.write_vectored(&output[..count]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => writable = false,
                written => conn.sent(clock.now(), written?).map_err(io::Error::other)?,
            }
            wanted = echo!(conn.step());
        } else if want.shutdown {
            socket.shutdown(std::net::Shutdown::Write)?;
            conn.shut(clock.now());
            wanted = echo!(conn.step());
        } else if want.read > 0 && readable {
            (wanted, readable) = read(&mut socket, &mut conn, clock, &mut block)?;
        } else {
            poll.poll(&mut events, clock.until(want.deadline))?;
            for event in &events {
                readable |= event.is_readable() || event.is_read_closed();
                writable |= event.is_writable();
            }
            conn.tick(clock.now());
            wanted = echo!(conn.step());
        }
    }
    Ok(())
}

/// By a block that all connections share: what is unread behind the last whole message is all that this one stores.
fn feed_mio(socket: &mut mio::net::TcpStream, conn: &mut Echo, clock: Clock, block: &mut [u8]) -> io::Result<(Option<Want>, bool)> {
    match socket.read(block) {
        Ok(0) => {
            conn.eof(clock.now());
            Ok((echo!(conn.step()), false))
        }
        Ok(n) => {
            let mut steps = conn.feed(clock.now(), &block[..n])?;
            // A socket that gave less than it was asked for has no more, and tells when it has.
            Ok((echo!(steps.step()), n == block.len()))
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok((echo!(conn.step()), false)),
        Err(error) => Err(error),
    }
}

/// By storage of the connection, which lends little while nothing is due: what was filled is read again before anything is answered.
fn space_mio(socket: &mut mio::net::TcpStream, conn: &mut Echo, clock: Clock, _: &mut [u8]) -> io::Result<(Option<Want>, bool)> {
    for round in 0..READS {
        let space = match conn.space() {
            Err(_) if round > 0 => break, // There is enough to be dealt with first.
            space => space?,
        };
        let len = space.len();
        match socket.read(space) {
            Ok(0) => conn.eof(clock.now()),
            Ok(n) => {
                conn.commit(clock.now(), n)?;
                if n == len {
                    continue;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        return Ok((echo!(conn.step()), false));
    }
    Ok((echo!(conn.step()), true))
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Feed,
    Space,
}

fn serve_tokio(listener: TcpListener, how: How) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    runtime()?.block_on(async {
        let (mut socket, _) = tokio::net::TcpListener::from_std(listener)?.accept().await?;
        socket.set_nodelay(true)?;
        let clock = Clock(Instant::now());
        let mut conn = connection();
        let mut block = vec![0; BLOCK];
        let mut deadline = Time::MAX;
        let mut sleep = pin!(tokio::time::sleep(Duration::MAX));
        let mut wanted = echo!(conn.step());
        while let Some(want) = wanted {
            // A timer that fires too early does no harm, so it is set again only for an earlier deadline, and when it has fired.
            if want.deadline.is_some_and(|at| at < deadline) {
                deadline = want.deadline.unwrap_or(Time::MAX);
                sleep.as_mut().reset(tokio::time::Instant::from_std(clock.0 + deadline.since(Time::ZERO)));
            }
            wanted = poll_fn(|context| {
                let moved = satisfy(&mut socket, &mut conn, want, clock, &mut block, how, context);
                if moved.is_pending() && sleep.as_mut().poll(context).is_ready() {
                    deadline = Time::MAX;
                    conn.tick(clock.now());
                    return step(&mut conn);
                }
                moved
            })
            .await?;
        }
        Ok(())
    })
}

/// Tries everything that is wanted once. Returns what is wanted then, when anything was done; otherwise the context is woken when something can be.
fn satisfy(
    socket: &mut tokio::net::TcpStream,
    conn: &mut Echo,
    want: Want,
    clock: Clock,
    block: &mut [u8],
    how: How,
    context: &mut Context<'_>,
) -> Poll<io::Result<Option<Want>>> {
    let mut socket = Pin::new(socket);
    let mut moved = false;
    if want.write > 0 {
        let mut output = [IoSlice::new(&[]); SLICES];
        let count = slices(conn, &mut output);
        if let Poll::Ready(written) = socket.as_mut().poll_write_vectored(context, &output[..count]) {
            conn.sent(clock.now(), written?).map_err(io::Error::other)?;
            moved = true;
        }
    }
    if want.shutdown {
        if let Poll::Ready(shut) = socket.as_mut().poll_shutdown(context) {
            shut?;
            conn.shut(clock.now());
            moved = true;
        }
    }
    for round in 0..if want.read > 0 { READS } else { 0 } {
        let mut space = match how {
            How::Feed => ReadBuf::new(block),
            How::Space => match conn.space() {
                Err(_) if round > 0 => break, // There is enough to be dealt with first.
                space => ReadBuf::new(space?),
            },
        };
        let Poll::Ready(read) = socket.as_mut().poll_read(context, &mut space) else { break };
        read?;
        let (n, was_filled) = (space.filled().len(), space.remaining() == 0);
        moved = true;
        match how {
            _ if n == 0 => conn.eof(clock.now()),
            How::Feed => {
                let mut steps = conn.feed(clock.now(), &block[..n])?;
                return Poll::Ready(Ok(echo!(steps.step())));
            }
            How::Space => conn.commit(clock.now(), n)?,
        }
        if !was_filled {
            break;
        }
    }
    if moved { step(conn) } else { Poll::Pending }
}

fn step(conn: &mut Echo) -> Poll<io::Result<Option<Want>>> {
    Poll::Ready(Ok(echo!(conn.step())))
}

/// Answers all that is there, and only then flushes.
fn serve_framed(listener: TcpListener) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    runtime()?.block_on(async {
        let (socket, _) = tokio::net::TcpListener::from_std(listener)?.accept().await?;
        socket.set_nodelay(true)?;
        let codec = LengthDelimitedCodec::builder().max_frame_length(LIMIT).new_codec();
        let mut framed = Framed::new(socket, codec);
        while let Some(message) = framed.next().await {
            framed.feed(message?.freeze()).await?;
            while let Some(Some(message)) = framed.next().now_or_never() {
                framed.feed(message?.freeze()).await?;
            }
            SinkExt::<Bytes>::flush(&mut framed).await?;
        }
        Ok(())
    })
}
