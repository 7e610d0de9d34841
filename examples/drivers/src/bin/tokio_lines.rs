//! Reads lines from a socket on tokio. `examples/blocking.rs` is the same with a blocking loop, and prints the same.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use framewright::{Engine, Step, framing::Lines};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let client = tokio::spawn(client(listener.local_addr()?));
    let (mut socket, _) = listener.accept().await?;
    let mut engine = Engine::new(Lines::new(1024));
    loop {
        let mut room = engine.reserve()?;
        let n = socket.read(room.as_mut_slice()).await?;
        let mut frames = if n > 0 { room.commit(n)? } else { engine.eof() };
        while let Step::Frame(line, place) = frames.next_frame()? {
            println!("byte {}: {}", place.offset, line.escape_ascii());
        }
        if n == 0 {
            return client.await?;
        }
    }
}

async fn client(address: SocketAddr) -> io::Result<()> {
    let mut socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    for piece in ["EHLO exam", "ple.test\r", "\nMAIL FROM:<a@example.test>\r\nRCPT TO:<b@e", "xample.test>\r\n\r\n", "and no end"] {
        socket.write_all(piece.as_bytes()).await?;
        tokio::time::sleep(Duration::from_millis(2)).await; // so that the pieces arrive as pieces
    }
    Ok(())
}
