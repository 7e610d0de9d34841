//! Completion: the kernel reads and writes by itself, and says when it has. What it works on is its own meanwhile, so it is lent out of the connection and comes back. A read and a write of each
//! connection are under way at once.
#![allow(unsafe_code)] // What is submitted has to outlive the operation, which no type can say.

use std::io;
use std::mem::ManuallyDrop;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::null_mut;

use framewright::Time;
use framewright::buf::{OwnedReservation, View};
use framewright::conn::Conn;
use io_uring::squeue::Entry;
use io_uring::{IoUring, opcode, types};

use crate::app::{Clock, Server, serve};
use crate::protocol::Post;

/// The operation of the listener. Those of a connection are twice its number, and one more for a write.
const ACCEPT: u64 = u64::MAX;
/// What the kernel says when the time is up.
const ETIME: i32 = 62;

struct Peer {
    socket: TcpStream,
    conn: Conn<Post>,
    app: Server,
    /// Lent to the kernel, as long as it reads.
    reading: Option<OwnedReservation>,
    /// Lent to the kernel, as long as it writes.
    writing: Option<View>,
    deadline: Option<Time>,
    is_over: bool,
}

impl Peer {
    /// Submits what the connection wants, by the number `at`.
    fn run(&mut self, at: u64, ring: &mut IoUring, clock: Clock) -> io::Result<()> {
        while let Some(want) = serve(&mut self.conn, &mut self.app) {
            self.deadline = want.deadline;
            let fd = types::Fd(self.socket.as_raw_fd());
            if want.shutdown {
                match self.socket.shutdown(Shutdown::Write) {
                    Ok(()) => self.conn.shut(clock.now()),
                    Err(_) => self.conn.reset(clock.now()),
                }
                continue;
            }
            if self.writing.is_none() {
                self.writing = self.conn.take_output(256 * 1024);
                if let Some(batch) = &self.writing {
                    let now = batch.peek();
                    let len = u32::try_from(now.len()).unwrap_or(u32::MAX);
                    submit(ring, &opcode::Send::new(fd, now.as_ptr(), len).build().user_data(2 * at + 1))?;
                }
            }
            if want.read > 0 && self.reading.is_none() {
                let Ok(mut loan) = self.conn.reserve_owned() else {
                    self.conn.reset(clock.now());
                    continue;
                };
                let reserved = loan.reserved();
                let spare = &mut loan.storage.spare_capacity_mut()[..reserved];
                let len = u32::try_from(reserved).unwrap_or(u32::MAX);
                submit(ring, &opcode::Recv::new(fd, spare.as_mut_ptr().cast(), len).build().user_data(2 * at))?;
                self.reading = Some(loan);
            }
            return Ok(());
        }
        if !self.is_over {
            self.is_over = true;
            let _ = self.socket.shutdown(Shutdown::Both); // Ends a read that is under way.
        }
        Ok(())
    }

    /// Takes back what a completed operation worked on.
    fn complete(&mut self, is_write: bool, result: &io::Result<usize>, clock: Clock) {
        let now = clock.now();
        let n = *result.as_ref().unwrap_or(&0);
        let taken = if is_write {
            self.writing = None;
            self.conn.sent(now, n).is_ok()
        } else if let Some(mut loan) = self.reading.take() {
            // SAFETY: the kernel has put so many bytes at the start of the storage, which was empty.
            unsafe { loan.storage.set_len(n) };
            self.conn.commit_owned(now, loan).is_ok()
        } else {
            false
        };
        match result {
            Ok(0) if !is_write && taken => self.conn.eof(now),
            Ok(1..) if taken => {}
            _ => self.conn.reset(now),
        }
    }

    /// Whether it can be dropped: nothing of it is lent.
    fn is_gone(&self) -> bool {
        self.is_over && self.reading.is_none() && self.writing.is_none()
    }
}

fn submit(ring: &mut IoUring, entry: &Entry) -> io::Result<()> {
    // SAFETY: `entry` points into storage on the heap that a `Peer` holds until the operation completes, or at nothing; peers are dropped only when nothing of them is lent, and are leaked when the
    // ring fails or the thread panics.
    while unsafe { ring.submission().push(entry) }.is_err() {
        ring.submit()?;
    }
    Ok(())
}

/// Makes a ring.
///
/// # Errors
/// When the kernel has none, or does not let us.
pub fn ring() -> io::Result<IoUring> {
    IoUring::new(256)
}

/// Serves so many connections, all in this thread.
///
/// # Errors
/// When the ring fails.
pub fn serve_all(mut ring: IoUring, listener: &TcpListener, count: usize, side: impl Fn(Clock) -> (Conn<Post>, Server)) -> io::Result<()> {
    let clock = Clock::start();
    let accept = opcode::Accept::new(types::Fd(listener.as_raw_fd()), null_mut(), null_mut()).build().user_data(ACCEPT);
    submit(&mut ring, &accept)?;
    let mut peers: ManuallyDrop<Vec<Option<Peer>>> = ManuallyDrop::new(Vec::new());
    while peers.len() < count || peers.iter().any(Option::is_some) {
        wait(&ring, clock, peers.iter().flatten().filter_map(|peer| peer.deadline).min())?;
        let completed: Vec<_> = ring.completion().map(|entry| (entry.user_data(), entry.result())).collect();
        for (what, result) in completed {
            let result = usize::try_from(result).map_err(|_| io::Error::from_raw_os_error(-result));
            let at = if what == ACCEPT {
                // SAFETY: a completed accept gives a descriptor that nobody else has.
                let socket = TcpStream::from(unsafe { OwnedFd::from_raw_fd(i32::try_from(result?).map_err(io::Error::other)?) });
                socket.set_nodelay(true)?;
                let (conn, app) = side(clock);
                peers.push(Some(Peer { socket, conn, app, reading: None, writing: None, deadline: None, is_over: false }));
                if peers.len() < count {
                    submit(&mut ring, &accept)?;
                }
                peers.len() - 1
            } else {
                let at = usize::try_from(what / 2).map_err(io::Error::other)?;
                if let Some(Some(peer)) = peers.get_mut(at) {
                    peer.complete(what % 2 == 1, &result, clock);
                }
                at
            };
            go_on(&mut peers, at, &mut ring, clock)?;
        }
        for at in 0..peers.len() {
            let due = peers[at].as_mut().filter(|peer| peer.deadline.is_some_and(|deadline| deadline <= clock.now()));
            if let Some(peer) = due {
                peer.conn.tick(clock.now());
                go_on(&mut peers, at, &mut ring, clock)?;
            }
        }
    }
    drop(ManuallyDrop::into_inner(peers));
    Ok(())
}

fn go_on(peers: &mut [Option<Peer>], at: usize, ring: &mut IoUring, clock: Clock) -> io::Result<()> {
    if let Some(Some(peer)) = peers.get_mut(at) {
        peer.run(at as u64, ring, clock)?;
        if peer.is_gone() {
            peers[at] = None;
        }
    }
    Ok(())
}

/// Submits everything, and waits for a completion or the deadline.
fn wait(ring: &IoUring, clock: Clock, deadline: Option<Time>) -> io::Result<()> {
    let waited = match clock.until(deadline) {
        None => ring.submit_and_wait(1),
        Some(wait) => {
            let time = types::Timespec::from(wait);
            ring.submitter().submit_with_args(1, &types::SubmitArgs::new().timespec(&time))
        }
    };
    match waited {
        Err(error) if error.kind() != io::ErrorKind::Interrupted && error.raw_os_error() != Some(ETIME) => Err(error),
        _ => Ok(()),
    }
}
