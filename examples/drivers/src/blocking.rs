//! Blocking calls: one connection a thread, or a process.
//!
//! The loop writes before it reads, so two peers that both do so and say much at once can wait for each other until a timeout; `threads.rs` cannot.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::thread;

use framewright::conn::{Conn, Want};

use crate::app::{App, Clock, Server, serve, slices, some};
use crate::protocol::Post;

/// Drives a connection until it is over.
///
/// # Errors
/// Only what is wrong with the driver: that a socket fails is told to the application.
pub fn run(socket: &TcpStream, conn: &mut Conn<Post>, app: &mut impl App, clock: Clock) -> io::Result<()> {
    while let Some(want) = serve(conn, app) {
        match satisfy(socket, conn, want, clock) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                conn.tick(clock.now());
            }
            Err(_) => conn.reset(clock.now()),
        }
    }
    Ok(())
}

/// Does one thing that the connection wants.
fn satisfy(mut socket: &TcpStream, conn: &mut Conn<Post>, want: Want, clock: Clock) -> io::Result<()> {
    let time = clock.until(want.deadline);
    if want.write > 0 {
        socket.set_write_timeout(time)?;
        let n = some(socket.write_vectored(&slices(conn))?)?;
        conn.sent(clock.now(), n).map_err(io::Error::other)?;
    } else if want.shutdown {
        socket.shutdown(Shutdown::Write)?;
        conn.shut(clock.now());
    } else if want.read > 0 {
        socket.set_read_timeout(time)?;
        match socket.read(conn.space()?)? {
            0 => conn.eof(clock.now()),
            n => conn.commit(clock.now(), n)?,
        }
    } else {
        thread::sleep(time.unwrap_or_default());
        conn.tick(clock.now());
    }
    Ok(())
}

/// Serves so many connections, each in a thread of its own.
///
/// # Errors
/// When the listener fails.
pub fn serve_in_threads(listener: &TcpListener, count: usize, side: impl Fn(Clock) -> (Conn<Post>, Server) + Sync) -> io::Result<()> {
    let side = &side;
    thread::scope(|scope| {
        for _ in 0..count {
            let (socket, _) = listener.accept()?;
            scope.spawn(move || serve_one(&socket, side));
        }
        Ok(())
    })
}

/// Starts workers that inherit the listening socket as their standard input, before anybody connects. Each accepts for itself.
///
/// # Errors
/// When one cannot be started.
pub fn fork(listener: &TcpListener, workers: usize, command: impl Fn() -> Command) -> io::Result<Vec<Child>> {
    let start = |_| command().stdin(Stdio::from(OwnedFd::from(listener.try_clone()?))).spawn();
    (0..workers).map(start).collect()
}

/// What a worker does: serves so many connections, one after the other.
///
/// # Errors
/// When standard input is no listening socket.
pub fn work(count: usize, side: impl Fn(Clock) -> (Conn<Post>, Server)) -> io::Result<()> {
    let listener = TcpListener::from(io::stdin().as_fd().try_clone_to_owned()?);
    for _ in 0..count {
        let (socket, _) = listener.accept()?;
        serve_one(&socket, &side)?;
    }
    Ok(())
}

fn serve_one(socket: &TcpStream, side: impl Fn(Clock) -> (Conn<Post>, Server)) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let clock = Clock::start();
    let (mut conn, mut app) = side(clock);
    run(socket, &mut conn, &mut app, clock)
}
