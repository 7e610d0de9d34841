//! Where streams come from: the one place that opens them.

use std::fs::File;
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use crate::escape::Bytes;
use crate::input::{Source, about};
use crate::screen::note;

/// What to read. Addresses are `HOST:PORT`.
pub(crate) enum Origin {
    /// A file or a pipe; `-` is standard input.
    File(PathBuf),
    /// A TCP server, which is sent something first.
    Connect { address: String, send: Bytes },
    /// The first client that connects.
    Listen(String),
}

impl Origin {
    /// Opens it; a connection when it is there.
    pub(crate) fn open(&self) -> io::Result<Source> {
        match self {
            Self::File(path) => file(path).map_err(|error| about(&path.to_string_lossy(), &error)),
            Self::Connect { address, send } => connect(address, send).map_err(|error| about(address, &error)),
            Self::Listen(address) => listen(address).map_err(|error| about(address, &error)),
        }
    }
}

fn file(path: &Path) -> io::Result<Source> {
    let name = path.display().to_string();
    if path == Path::new("-") {
        return Ok(Source::live(name, io::stdin().lock()));
    }
    let file = File::open(path)?;
    let facts = file.metadata()?;
    if facts.is_file() { Ok(Source::stored(name, file, facts.len())) } else { Ok(Source::live(name, file)) }
}

fn connect(address: &str, send: &[u8]) -> io::Result<Source> {
    let mut socket = TcpStream::connect(address)?;
    note(&format!("connected to {}", socket.peer_addr()?));
    socket.write_all(send)?;
    Ok(Source::live(address.to_owned(), socket))
}

fn listen(address: &str) -> io::Result<Source> {
    let listener = TcpListener::bind(address)?;
    note(&format!("listening on {}", listener.local_addr()?));
    let (socket, client) = listener.accept()?;
    note(&format!("connected from {client}"));
    Ok(Source::live(client.to_string(), socket))
}

/// Checks an address to connect to.
pub(crate) fn remote(text: &str) -> Result<String, &'static str> {
    let (host, port) = text.rsplit_once(':').ok_or("not HOST:PORT")?;
    if host.is_empty() {
        return Err("no host before the colon");
    }
    if host.contains(':') && !(host.starts_with('[') && host.ends_with(']')) {
        return Err("an IPv6 address stands in brackets, as in [::1]:80");
    }
    port.parse::<u16>().map_err(|_| "the port is not a number in 0..=65535")?;
    Ok(text.to_owned())
}

/// Checks an address to listen on, of this machine alone unless told otherwise.
pub(crate) fn local(text: &str) -> Result<String, &'static str> {
    if text.contains(':') { remote(text) } else { remote(&format!("127.0.0.1:{text}")) }
}
