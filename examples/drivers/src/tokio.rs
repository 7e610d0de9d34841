//! An async runtime. Every await may be the last: unread and unsent bytes belong to the connection, never to a future, so one that is dropped loses nothing, and another goes on.

use std::future::{Future, poll_fn};
use std::io;
use std::net::TcpListener;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use framewright::conn::{Conn, Want};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::JoinSet;

use crate::app::{App, Clock, Server, serve, slices, some};
use crate::protocol::Post;

/// How often a connection reads before it answers.
const READS: usize = 2;

/// Drives a connection until it is over, reading and writing at once. May be dropped, and called again. The socket must send what it takes without a flush.
pub async fn run(socket: &mut (impl AsyncRead + AsyncWrite + Unpin), conn: &mut Conn<Post>, app: &mut impl App, clock: Clock) {
    while let Some(want) = serve(conn, app) {
        satisfy(socket, conn, want, clock).await;
    }
}

/// Does what the connection wants: whatever the socket is ready for, or waits.
async fn satisfy(socket: &mut (impl AsyncRead + AsyncWrite + Unpin), conn: &mut Conn<Post>, want: Want, clock: Clock) {
    let mut deadline = pin!(async {
        match clock.until(want.deadline) {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    });
    let mut socket = Pin::new(socket);
    poll_fn(|context| {
        let moved = poll(socket.as_mut(), conn, want, clock, context).unwrap_or_else(|_| {
            conn.reset(clock.now());
            true
        });
        if !moved && deadline.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        conn.tick(clock.now());
        Poll::Ready(())
    })
    .await;
}

/// Tries everything that is wanted once. Tells whether anything was done; otherwise the context is woken when it can be.
fn poll(
    mut socket: Pin<&mut (impl AsyncRead + AsyncWrite)>,
    conn: &mut Conn<Post>,
    want: Want,
    clock: Clock,
    context: &mut Context<'_>,
) -> io::Result<bool> {
    let mut moved = false;
    if want.write > 0 {
        if let Poll::Ready(written) = socket.as_mut().poll_write_vectored(context, &slices(conn)) {
            conn.sent(clock.now(), some(written?)?).map_err(io::Error::other)?;
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
    // Once more when all that was lent was filled: little is while nothing is due, and the rest of a burst is better read before anything is answered.
    for round in 0..if want.read > 0 { READS } else { 0 } {
        let mut space = match conn.space() {
            Err(_) if round > 0 => break, // There is enough to be dealt with first.
            space => ReadBuf::new(space?),
        };
        let Poll::Ready(read) = socket.as_mut().poll_read(context, &mut space) else { break };
        read?;
        moved = true;
        let (n, left) = (space.filled().len(), space.remaining());
        match n {
            0 => conn.eof(clock.now()),
            n => conn.commit(clock.now(), n)?,
        }
        if left > 0 {
            break;
        }
    }
    Ok(moved)
}

/// Serves so many connections, each in a task of its own.
///
/// # Errors
/// When the runtime or the listener fails.
pub fn serve_all(
    listener: TcpListener,
    count: usize,
    side: impl Fn(Clock) -> (Conn<Post>, Server) + Copy + Send + 'static,
) -> io::Result<()> {
    let clock = Clock::start();
    listener.set_nonblocking(true)?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let mut tasks = JoinSet::new();
        for _ in 0..count {
            let (mut socket, _) = listener.accept().await?;
            socket.set_nodelay(true)?;
            tasks.spawn(async move {
                let (mut conn, mut app) = side(clock);
                run(&mut socket, &mut conn, &mut app, clock).await;
            });
        }
        tasks.join_all().await;
        Ok(())
    })
}
