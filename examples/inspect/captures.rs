//! The streams in examples/captures, of real programs and made up, and the codec of each.

use std::path::Path;

use crate::args;
use crate::codec::Codec;
use crate::origin::Origin;

pub(crate) struct Capture {
    pub(crate) file: &'static str,
    /// Which program sent the bytes, or what they would be if one had.
    pub(crate) program: &'static str,
    /// The options with which this tool reads them.
    pub(crate) options: &'static str,
}

#[rustfmt::skip]
pub(crate) const CAPTURES: &[Capture] = &[
    Capture { file: "redis-server.bin",    program: "Redis",                           options: "--codec lines" },
    Capture { file: "smtp-server.bin",     program: "aiosmtpd",                        options: "--codec lines --ending crlf" },
    Capture { file: "smtp-client.bin",     program: "Python's smtplib",                options: r"--codec delimiters --delimiter \r\n.\r\n" },
    Capture { file: "http-server.bin",     program: "lighttpd, answers to HEAD",       options: r"--codec delimiters --delimiter \r\n\r\n" },
    Capture { file: "http-curl-client.bin",     program: "curl",                       options: "--codec http1-request" },
    Capture { file: "http-python-client.bin",   program: "Python's http.client",       options: "--codec http1-request" },
    Capture { file: "http-requests-client.bin", program: "Python's requests",          options: "--codec http1-request" },
    Capture { file: "http-aiohttp-client.bin",  program: "aiohttp",                    options: "--codec http1-request" },
    Capture { file: "http-node-client.bin",     program: "Node.js",                    options: "--codec http1-request" },
    Capture { file: "http-caddy-client.bin",    program: "Caddy, a proxy in Go",       options: "--codec http1-request" },
    Capture { file: "http-nginx-server.bin",    program: "nginx",                      options: "--codec http1-response" },
    Capture { file: "http-nginx-close.bin",     program: "nginx, to HTTP/1.0",         options: "--codec http1-response" },
    Capture { file: "http-node-server.bin",     program: "Node.js",                    options: "--codec http1-response" },
    Capture { file: "http-aiohttp-server.bin",  program: "aiohttp",                    options: "--codec http1-response" },
    Capture { file: "http-python-close.bin",    program: "Python's http.server, CGI",  options: "--codec http1-response --allow lf-in-response-head" },
    Capture { file: "http-caddy-server.bin",    program: "Caddy, in Go",               options: "--codec http1-response" },
    Capture { file: "gtp-server.bin",      program: "GNU Go, Go Text Protocol",        options: r"--codec delimiters --delimiter \n\n" },
    Capture { file: "dns-server.bin",      program: "BIND, DNS over TCP",              options: "--codec length-field --width 2" },
    Capture { file: "tls-server.bin",      program: "OpenSSL, TLS 1.3",                options: "--codec length-field --width 2 --offset 3" },
    Capture { file: "http2-server.bin",    program: "nghttpd, HTTP/2",                 options: "--codec length-field --width 3 --header 9" },
    Capture { file: "mariadb-server.bin",  program: "MariaDB",                         options: "--codec length-field --width 3 --little-endian --header 4" },
    Capture { file: "bgp-speaker.bin",     program: "BIRD, BGP",                       options: "--codec length-field --width 2 --offset 16 --header 19 --counts frame" },
    Capture { file: "9p-server.bin",       program: "diod, 9P",                        options: "--codec length-field --width 4 --little-endian --counts frame" },
    Capture { file: "postgres-server.bin", program: "PostgreSQL",                      options: "--codec length-field --width 4 --offset 1 --counts -4" },
    Capture { file: "postgres-cut.bin",    program: "PostgreSQL, killed while it sent", options: "--codec length-field --width 4 --offset 1 --counts -4" },
    Capture { file: "irc-server.bin",      program: "made up, IRC",                    options: "--codec utf8-lines" },
    Capture { file: "mpeg-ts.bin",         program: "made up, MPEG transport stream",  options: "--codec fixed --length 188" },
    Capture { file: "protobuf-log.bin",    program: "made up, Protocol Buffers",       options: "--codec varint" },
    Capture { file: "mqtt-broker.bin",     program: "made up, MQTT",                   options: "--codec varint --form mqtt --offset 1 --minimal" },
    Capture { file: "syslog-client.bin",   program: "made up, syslog over TCP",        options: r"--codec ascii-length --terminator \x20" },
    Capture { file: "http-chunks.bin",     program: "made up, chunks of HTTP",         options: r"--codec ascii-length --base hex --terminator \r\n --suffix \r\n" },
    Capture { file: "qmtp-server.bin",     program: "made up, QMTP",                   options: "--codec netstring" },
    Capture { file: "ubx-receiver.bin",    program: "made up, UBX among NMEA",         options: r"--codec sync-word --magic \xb5\x62 --offset 2 --width 2 --little-endian --checksum ubx --checksum-from 2 --max 1024" },
    Capture { file: "cobs-sensor.bin",     program: "made up, COBS on a serial line",  options: "--codec cobs" },
    Capture { file: "slip-router.bin",     program: "made up, SLIP, IPv4",             options: "--codec slip" },
];

impl Capture {
    pub(crate) fn origin(&self) -> Origin {
        Origin::File(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/captures").join(self.file))
    }

    pub(crate) fn codec(&self) -> Codec {
        args::codec(self.options)
    }
}
