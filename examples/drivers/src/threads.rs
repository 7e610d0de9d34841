//! Two threads for a connection: one reads and one writes, at once. No lock is held while either blocks: what is in flight has left the connection, and comes back.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use framewright::conn::{Conn, Want};

use crate::app::{App, Clock, Server, serve, some};
use crate::protocol::Post;

/// What the threads share. Whoever changes it looks at what it says, and wakes the other.
struct Shared<'a, A> {
    socket: &'a TcpStream,
    side: Mutex<(&'a mut Conn<Post>, &'a mut A)>,
    changed: Condvar,
    clock: Clock,
}

type Locked<'s, 'a, A> = MutexGuard<'s, (&'a mut Conn<Post>, &'a mut A)>;

/// Drives a connection until it is over.
pub fn run(socket: &TcpStream, conn: &mut Conn<Post>, app: &mut (impl App + Send), clock: Clock) {
    let shared = Shared { socket, side: Mutex::new((conn, app)), changed: Condvar::new(), clock };
    thread::scope(|scope| {
        scope.spawn(|| shared.run(Shared::read));
        shared.run(Shared::write);
    });
}

impl<'a, A: App> Shared<'a, A> {
    /// Does one half of what the connection wants until it is over.
    fn run<'s>(&'s self, half: fn(&'s Self, Locked<'s, 'a, A>, Want) -> io::Result<Locked<'s, 'a, A>>) {
        let mut side = self.lock();
        loop {
            let (conn, app) = &mut *side;
            let Some(want) = serve(conn, *app) else { break };
            side = match half(self, side, want) {
                Ok(side) => side,
                Err(error) => {
                    let mut side = self.lock();
                    match error.kind() {
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => side.0.tick(self.clock.now()),
                        _ => side.0.reset(self.clock.now()),
                    }
                    self.changed.notify_one();
                    side
                }
            };
        }
        // The other may be blocked in a call.
        let _ = self.socket.shutdown(Shutdown::Both);
        self.changed.notify_one();
    }

    /// Reads. The storage is the connection's own, on loan: nothing is copied.
    fn read<'s>(&'s self, mut side: Locked<'s, 'a, A>, want: Want) -> io::Result<Locked<'s, 'a, A>> {
        if want.read == 0 {
            return Ok(self.wait(side, want));
        }
        let mut loan = side.0.reserve_owned()?;
        drop(side);
        loan.storage.resize(loan.reserved(), 0);
        let set = self.socket.set_read_timeout(self.clock.until(want.deadline));
        let read = set.and_then(|()| { self.socket }.read(&mut loan.storage));
        loan.storage.truncate(*read.as_ref().unwrap_or(&0));
        let mut side = self.lock();
        side.0.commit_owned(self.clock.now(), loan).map_err(|refused| refused.error)?;
        if read? == 0 {
            side.0.eof(self.clock.now());
        }
        self.changed.notify_one();
        Ok(side)
    }

    /// Writes, and ends this direction. What is written is the connection's own, shared.
    fn write<'s>(&'s self, mut side: Locked<'s, 'a, A>, want: Want) -> io::Result<Locked<'s, 'a, A>> {
        if let Some(batch) = side.0.take_output(256 * 1024) {
            drop(side);
            let slices: Vec<IoSlice<'_>> = batch.segments().take(64).map(IoSlice::new).collect();
            let set = self.socket.set_write_timeout(self.clock.until(want.deadline));
            let written = set.and_then(|()| some({ self.socket }.write_vectored(&slices)?));
            let mut side = self.lock();
            side.0.sent(self.clock.now(), *written.as_ref().unwrap_or(&0)).map_err(io::Error::other)?;
            self.changed.notify_one();
            return written.map(|_| side);
        }
        if want.shutdown {
            self.socket.shutdown(Shutdown::Write)?;
            side.0.shut(self.clock.now());
            self.changed.notify_one();
            return Ok(side);
        }
        Ok(self.wait(side, want))
    }

    /// Waits for the other thread, or the time.
    fn wait<'s>(&'s self, side: Locked<'s, 'a, A>, want: Want) -> Locked<'s, 'a, A> {
        match self.clock.until(want.deadline) {
            None => self.changed.wait(side).unwrap_or_else(PoisonError::into_inner),
            Some(time) => {
                let (mut side, waited) = self.changed.wait_timeout(side, time).unwrap_or_else(PoisonError::into_inner);
                if waited.timed_out() {
                    side.0.tick(self.clock.now());
                    self.changed.notify_one();
                }
                side
            }
        }
    }

    fn lock(&self) -> Locked<'_, 'a, A> {
        self.side.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves so many connections.
///
/// # Errors
/// When the listener fails.
pub fn serve_all(listener: &TcpListener, count: usize, side: impl Fn(Clock) -> (Conn<Post>, Server) + Sync) -> io::Result<()> {
    thread::scope(|scope| {
        for _ in 0..count {
            let (socket, _) = listener.accept()?;
            socket.set_nodelay(true)?;
            scope.spawn(|| {
                let (socket, clock) = (socket, Clock::start());
                let (mut conn, mut app) = side(clock);
                run(&socket, &mut conn, &mut app, clock);
            });
        }
        Ok(())
    })
}
