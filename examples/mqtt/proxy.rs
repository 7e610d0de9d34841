//! Passes packets on between clients and a broker: decoded, encoded again, and only if that gives the bytes that came.

use std::io::{self, ErrorKind};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::{process, thread};

use framewright::buf::{SegmentedBuf, StreamBuf};
use framewright::engine::Kept;
use framewright::{Engine, Step, io::drain_into};

use super::link::MAX_PACKET;
use super::packet::Mqtt;

/// Serves so many connections, one after another or at once, and ends; without a number it does not end.
pub(crate) fn proxy(listen: &str, broker: &str, connections: usize) -> io::Result<()> {
    let listener = TcpListener::bind(listen)?;
    println!("listening on {}", listener.local_addr()?);
    thread::scope(|scope| {
        for number in 1..=connections {
            let client = listener.accept()?.0;
            let broker = TcpStream::connect(broker)?;
            scope.spawn(move || serve(number, &client, &broker));
        }
        Ok(())
    })
}

fn serve(number: usize, client: &TcpStream, broker: &TcpStream) {
    thread::scope(|scope| {
        scope.spawn(|| pass_on_or_exit(&format!("{number} >"), client, broker));
        scope.spawn(|| pass_on_or_exit(&format!("{number} <"), broker, client));
    });
}

/// Ends the whole program at the first packet that does not come out as it went in.
fn pass_on_or_exit(way: &str, from: &TcpStream, to: &TcpStream) {
    match pass_on(way, from, to) {
        Ok(()) => {
            println!("{way} end");
            let _ = to.shutdown(Shutdown::Write);
        }
        // Killed; the other side learns of it by the end of its stream.
        Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::NotConnected) => {
            println!("{way} gone");
            let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
        }
        Err(error) => {
            eprintln!("mqtt: {way} {error}");
            process::exit(1);
        }
    }
}

/// Passes packets on until the stream ends.
fn pass_on(way: &str, mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
    to.set_nodelay(true)?;
    let mut codec = Mqtt::new(MAX_PACKET);
    let mut engine = Engine::new(codec.clone());
    let mut output = SegmentedBuf::new();
    loop {
        let mut frames = engine.read_from(&mut from)?;
        loop {
            match frames.next_view()? {
                Step::Frame(packet, _) => {
                    encode_again(&packet, &mut codec, &mut output)?;
                    println!("{way} {}, {} bytes", packet.open(), output.len());
                    drain_into(&mut output, &mut to)?;
                }
                Step::Idle | Step::NeedMoreData(_) => break,
                Step::Handoff(..) | Step::End(_) => return Ok(()),
            }
        }
    }
}

fn encode_again(packet: &Kept<Mqtt>, codec: &mut Mqtt, output: &mut SegmentedBuf) -> io::Result<()> {
    output.send(codec, packet.open()).map_err(|unsent| io::Error::other(format!("{}: {}", packet.open(), unsent.error)))?;
    if output.segments().flatten().eq(packet.encoded()) {
        return Ok(());
    }
    let written: Vec<u8> = output.segments().flatten().copied().collect();
    Err(io::Error::other(format!("came as {}, is encoded as {}", packet.encoded().escape_ascii(), written.escape_ascii())))
}
