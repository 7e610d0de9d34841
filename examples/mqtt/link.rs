//! One side of a connection, read and written by a blocking socket.

use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::time::Duration;

use framewright::buf::SegmentedBuf;
use framewright::{Engine, Step, io::drain_into};

use super::packet::{Mqtt, Packet};

/// How long a peer may take for its next bytes.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest packet, either way.
pub(crate) const MAX_PACKET: usize = 4 * 1024 * 1024;

/// A connection to a broker.
pub(crate) struct Link {
    socket: TcpStream,
    engine: Engine<Mqtt>,
    codec: Mqtt,
    output: SegmentedBuf,
}

impl Link {
    pub(crate) fn connect(broker: &str) -> io::Result<Self> {
        let socket = TcpStream::connect(broker)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let codec = Mqtt::new(MAX_PACKET);
        Ok(Self { socket, engine: Engine::new(codec.clone()), codec, output: SegmentedBuf::new() })
    }

    pub(crate) fn send(&mut self, packet: Packet<'_>) -> io::Result<()> {
        self.output.send(&mut self.codec, packet).map_err(|unsent| io::Error::other(unsent.error))?;
        drain_into(&mut self.output, &mut self.socket).map_err(too_slow)
    }

    /// Shows the next packet to `see`, or `None` at the end of the stream.
    pub(crate) fn receive<T>(&mut self, see: impl FnOnce(Option<Packet<'_>>) -> T) -> io::Result<T> {
        loop {
            match self.engine.frames().next_frame()? {
                Step::Frame(packet, _) => return Ok(see(Some(packet))),
                Step::Idle | Step::NeedMoreData(_) => {}
                Step::Handoff(..) | Step::End(_) => return Ok(see(None)),
            }
            self.engine.read_from(&mut self.socket).map_err(too_slow)?;
        }
    }
}

fn too_slow(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => io::Error::new(ErrorKind::TimedOut, format!("nothing moved for {PATIENCE:?}")),
        _ => error,
    }
}
