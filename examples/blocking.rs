//! Reads lines from a socket with a blocking loop. `examples/drivers/src/bin/tokio_lines.rs` is the same on tokio, and prints the same.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::{thread, time::Duration};

use framewright::{Engine, Step, framing::Lines};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let client = thread::spawn(move || client(address));
    let (mut socket, _) = listener.accept()?;
    let mut engine = Engine::new(Lines::new(1024));
    loop {
        let mut frames = engine.read_from(&mut socket)?;
        loop {
            match frames.next_frame()? {
                Step::Frame(line, place) => println!("byte {}: {}", place.offset, line.escape_ascii()),
                Step::Idle | Step::NeedMoreData(_) => break,
                Step::Handoff(..) | Step::End(_) => return client.join().expect("the client does not panic"),
            }
        }
    }
}

fn client(address: SocketAddr) -> io::Result<()> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    for piece in ["EHLO exam", "ple.test\r", "\nMAIL FROM:<a@example.test>\r\nRCPT TO:<b@e", "xample.test>\r\n\r\n", "and no end"] {
        socket.write_all(piece.as_bytes())?;
        thread::sleep(Duration::from_millis(2)); // so that the pieces arrive as pieces
    }
    Ok(())
}
