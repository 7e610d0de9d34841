//! An event loop: one thread waits until any of its sockets is ready.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::time::Duration;

use framewright::Time;
use framewright::conn::{Conn, Want};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::app::{Clock, Server, serve, slices, some};
use crate::protocol::Post;

/// How many calls a connection has before the next one is served.
const TURNS: usize = 16;

/// How often a connection reads before it answers.
const READS: usize = 2;

struct Peer {
    socket: TcpStream,
    conn: Conn<Post>,
    app: Server,
    /// What the socket was ready for when it was last told; until a call says otherwise.
    readable: bool,
    writable: bool,
    deadline: Option<Time>,
    /// Whether it is in the queue of those that can go on.
    queued: bool,
}

/// Why a connection does not go on.
enum Stopped {
    /// Others are to be served.
    Fairness,
    /// It waits for its socket, or its deadline.
    Waits(Option<Time>),
    Over,
}

impl Peer {
    /// Goes on until it has to wait.
    fn run(&mut self, clock: Clock) -> Stopped {
        for _ in 0..TURNS {
            let Some(want) = serve(&mut self.conn, &mut self.app) else { return Stopped::Over };
            match self.satisfy(want, clock) {
                Ok(true) => {}
                Ok(false) => return Stopped::Waits(want.deadline),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.conn.reset(clock.now()),
            }
        }
        Stopped::Fairness
    }

    /// Does what is wanted, as far as the socket is ready. Tells whether it did anything.
    fn satisfy(&mut self, want: Want, clock: Clock) -> io::Result<bool> {
        let mut moved = false;
        if want.write > 0 && self.writable {
            match self.socket.write_vectored(&slices(&self.conn)) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
                written => {
                    self.conn.sent(clock.now(), some(written?)?).map_err(io::Error::other)?;
                    moved = true;
                }
            }
        }
        if want.shutdown {
            self.socket.shutdown(Shutdown::Write)?;
            self.conn.shut(clock.now());
            moved = true;
        }
        if want.read > 0 && self.readable {
            moved |= self.read(clock)?;
        }
        Ok(moved)
    }

    /// Reads, and once more when all that was lent was filled: little is while nothing is due, and the rest of a burst is better read before anything is answered. Tells whether anything came.
    fn read(&mut self, clock: Clock) -> io::Result<bool> {
        for round in 0..READS {
            let space = match self.conn.space() {
                Err(_) if round > 0 => break, // There is enough to be dealt with first.
                space => space?,
            };
            let lent = space.len();
            match self.socket.read(space) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.readable = false;
                    return Ok(round > 0);
                }
                read => {
                    let n = read?;
                    match n {
                        0 => self.conn.eof(clock.now()),
                        n => self.conn.commit(clock.now(), n)?,
                    }
                    if n < lent {
                        break;
                    }
                }
            }
        }
        Ok(true)
    }
}

const LISTENER: Token = Token(usize::MAX);

/// Serves so many connections, all in this thread.
///
/// # Errors
/// When the listener or the selector fails.
pub fn serve_all(listener: TcpListener, count: usize, side: impl Fn(Clock) -> (Conn<Post>, Server)) -> io::Result<()> {
    let clock = Clock::start();
    listener.set_nonblocking(true)?;
    let mut listener = mio::net::TcpListener::from_std(listener);
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(256));
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut peers: Vec<Option<Peer>> = Vec::new();
    let mut queue = VecDeque::new();
    while peers.len() < count || peers.iter().any(Option::is_some) {
        // With many connections, keep deadlines in a heap.
        let deadline = peers.iter().flatten().filter_map(|peer| peer.deadline).min();
        let wait = if queue.is_empty() { clock.until(deadline) } else { Some(Duration::ZERO) };
        match poll.poll(&mut events, wait) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in &events {
            if let Some(Some(peer)) = peers.get_mut(event.token().0) {
                peer.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
                peer.writable |= event.is_writable() || event.is_error();
                enqueue(peer, event.token().0, &mut queue);
            }
        }
        while let Ok((mut socket, _)) = listener.accept() {
            socket.set_nodelay(true)?;
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut socket, Token(peers.len()), both)?;
            let (conn, app) = side(clock);
            peers.push(Some(Peer { socket, conn, app, readable: false, writable: false, deadline: None, queued: false }));
        }
        for (at, peer) in peers.iter_mut().enumerate().filter_map(|(at, peer)| Some((at, peer.as_mut()?))) {
            if peer.deadline.is_some_and(|deadline| deadline <= clock.now()) {
                peer.conn.tick(clock.now());
                enqueue(peer, at, &mut queue);
            }
        }
        for at in std::mem::take(&mut queue) {
            let Some(Some(peer)) = peers.get_mut(at) else { continue };
            peer.queued = false;
            match peer.run(clock) {
                Stopped::Fairness => enqueue(peer, at, &mut queue),
                Stopped::Waits(deadline) => peer.deadline = deadline,
                Stopped::Over => peers[at] = None,
            }
        }
    }
    Ok(())
}

fn enqueue(peer: &mut Peer, at: usize, queue: &mut VecDeque<usize>) {
    if !std::mem::replace(&mut peer.queued, true) {
        queue.push_back(at);
    }
}
