//! TLS by rustls, as a filter.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::io::{self, BufRead, Write};
use std::sync::OnceLock;

use rustls::pki_types::CertificateDer;
use rustls::{CipherSuite, Connection, ProtocolVersion};

use super::filter::{Filter, FilterError, Pipe};
use crate::error::ErrorKind;

/// TLS, by a connection of rustls that the application has made: with its certificates, its verifier and its crypto provider. SPEC.md, clauses TL-1 to TL-8.
///
/// What is said above it waits until the handshake is done. The peer must end with a `close_notify`; without one the connection fails with [`Unclean`], since anybody could have cut it short. This
/// side's is sent when it [closes](super::Outbox::close). A failure sends its alert first; the cause, a [`rustls::Error`], is in [`FilterError::get_ref`].
///
/// ```no_run
/// use std::sync::Arc;
/// use framewright::conn::{Conn, Leftover, Plain, Tls};
/// use framewright::{Time, framing::Lines};
///
/// # fn config() -> Arc<rustls::ClientConfig> { unimplemented!() }
/// # let now = Time::ZERO;
/// let tls = Tls::new(rustls::ClientConnection::new(config(), "example.org".try_into()?)?);
/// let session = tls.session(); // filled in by the time the first frame comes
/// let mut conn = Conn::new(Plain(Lines::new(1024)), now);
/// conn.push_filter(Box::new(tls), Leftover::Reject).expect("nothing was read yet");
/// conn.outbox().send("hello")?; // goes out behind the handshake
/// // … run the connection as any other, and then:
/// println!("{:?}", session.get().and_then(|session| session.alpn.as_deref()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Tls {
    connection: Connection,
    session: Arc<OnceLock<Session>>,
    unclean_end: UncleanEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UncleanEnd {
    Fails,
    Ends,
}

/// What a handshake has agreed on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Session {
    /// The protocol agreed on by ALPN.
    pub alpn: Option<Vec<u8>>,
    /// The peer's certificate, and those it sent along: none from a client that was not asked.
    pub peer_certificates: Vec<CertificateDer<'static>>,
    /// The name that a client has asked for, at a server.
    pub server_name: Option<String>,
    /// The version of TLS.
    pub version: Option<ProtocolVersion>,
    /// The cipher suite.
    pub cipher_suite: Option<CipherSuite>,
}

/// The peer ended without a `close_notify`, inside a record, or inside the handshake: the cause in a [`FilterError`] of the kind `Truncated`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the TLS stream was cut short: it ended without a close_notify")]
pub struct Unclean;

/// The most that rustls takes of a record behind its header.
const MAX_RECORD: usize = (1 << 14) + 2047;
/// The most plaintext in a record.
const MAX_PLAIN: usize = 1 << 14;

impl Tls {
    /// Wraps a client's or a server's connection, which nothing was done with yet.
    pub fn new(connection: impl Into<Connection>) -> Self {
        Self { connection: connection.into(), session: Arc::default(), unclean_end: UncleanEnd::Fails }
    }

    /// Takes an end of what is below for the end, where a `close_notify` is missing; not inside a record, nor before the handshake is done. Only for protocols that tell by themselves when something
    /// is missing.
    #[must_use]
    pub fn allow_unclean_end(mut self) -> Self {
        self.unclean_end = UncleanEnd::Ends;
        self
    }

    /// Returns where to find what the handshake has agreed on: something is there when it is done, and so before the first frame comes.
    #[must_use]
    pub fn session(&self) -> Arc<OnceLock<Session>> {
        self.session.clone()
    }

    /// Reads record by record, so that nothing is decrypted for which there is no room, and a cut inside one is seen.
    fn receive(&mut self, pipe: &mut Pipe<'_>) -> Result<(), FilterError> {
        while self.deliver(pipe)? == Delivered::All {
            match record(pipe.wire()) {
                Some(mut record) => {
                    let len = record.len();
                    while !record.is_empty() && self.connection.read_tls(&mut record).map_err(FilterError::new)? > 0 {
                        self.connection.process_new_packets().map_err(FilterError::new)?;
                    }
                    pipe.consume(len);
                }
                None if pipe.wire_has_ended() => return self.end(pipe),
                None => break,
            }
        }
        Ok(())
    }

    /// Delivers what is decrypted.
    fn deliver(&mut self, pipe: &mut Pipe<'_>) -> Result<Delivered, FilterError> {
        let mut reader = self.connection.reader();
        loop {
            match reader.fill_buf() {
                Ok([]) => {
                    pipe.end();
                    return Ok(Delivered::AllThereIs);
                }
                Ok(plain) => match pipe.deliver(plain) {
                    0 => return Ok(Delivered::Some),
                    n => reader.consume(n),
                },
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Delivered::All),
                Err(error) => return Err(FilterError::new(error)),
            }
        }
    }

    /// The stream below has ended, before the peer has.
    fn end(&mut self, pipe: &mut Pipe<'_>) -> Result<(), FilterError> {
        if self.unclean_end == UncleanEnd::Fails || self.connection.is_handshaking() || !pipe.wire().is_empty() {
            return Err(FilterError::new(Unclean).with_kind(ErrorKind::Truncated));
        }
        pipe.end();
        Ok(())
    }

    fn transmit(&mut self, pipe: &mut Pipe<'_>) -> Result<(), FilterError> {
        if !self.connection.is_handshaking() {
            self.session.get_or_init(|| Session::of(&self.connection));
            loop {
                let outgoing = pipe.outgoing();
                let now = outgoing.get(..pipe.wire_room().min(MAX_PLAIN)).unwrap_or(outgoing);
                match self.connection.writer().write(now).map_err(FilterError::new)? {
                    0 => break,
                    n => pipe.take(n),
                }
                self.flush(pipe)?;
            }
        }
        if pipe.is_closing() && pipe.outgoing().is_empty() {
            self.connection.send_close_notify(); // once
            self.flush(pipe)?;
            pipe.close();
        }
        Ok(())
    }

    /// Sends what rustls has to send.
    fn flush(&mut self, pipe: &mut Pipe<'_>) -> Result<(), FilterError> {
        while self.connection.wants_write() {
            self.connection.write_tls(&mut Down(pipe)).map_err(FilterError::new)?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivered {
    /// What there was room for.
    Some,
    /// Everything that has been decrypted.
    All,
    /// Everything that the peer has sent.
    AllThereIs,
}

/// The first record, when it is whole, with its header. What is no record is given as it is, for rustls to say so.
fn record(wire: &[u8]) -> Option<&[u8]> {
    let &[kind, _, _, high, low, ..] = wire else { return None };
    let len = usize::from(u16::from_be_bytes([high, low]));
    if (20..=24).contains(&kind) && len <= MAX_RECORD { wire.get(..5 + len) } else { Some(wire) }
}

impl Filter for Tls {
    fn pump(&mut self, pipe: &mut Pipe<'_>) -> Result<(), FilterError> {
        let received = self.receive(pipe);
        // An alert, if that failed.
        self.flush(pipe)?;
        received?;
        self.transmit(pipe)
    }

    fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }
}

impl Session {
    fn of(tls: &Connection) -> Self {
        Self {
            alpn: tls.alpn_protocol().map(<[u8]>::to_vec),
            peer_certificates: tls.peer_certificates().map(<[_]>::to_vec).unwrap_or_default(),
            server_name: match tls {
                Connection::Client(_) => None,
                Connection::Server(server) => server.server_name().map(String::from),
            },
            version: tls.protocol_version(),
            cipher_suite: tls.negotiated_cipher_suite().map(|suite| suite.suite()),
        }
    }
}

/// The way down, as rustls wants it.
struct Down<'p, 'a>(&'p mut Pipe<'a>);

impl Write for Down<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("connection", &self.connection).field("session", &self.session.get()).finish_non_exhaustive()
    }
}
