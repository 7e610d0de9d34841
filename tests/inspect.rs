//! The example `inspect`, run as a program. (Not on the emulated big-endian machine, where examples are not built.)
#![cfg(target_endian = "little")]

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

const CAPTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/captures");
/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);
const EVERYTHING: [&str; 4] = ["--frames", "1000000", "--bytes", "1000000"];

/// A stream that goes wrong in some way, and how to read it.
const BAD_STREAMS: &[(&str, &[u8])] = &[
    ("--codec lines --max 8 --on-excess discard", b"ok\nmuch too long, and then some more\nfine\r\nmuch too long at the end"),
    ("--codec lines --max 8", b"a line\nok\nmuch too long\nnever seen\n"),
    ("--codec lines --max 0 --ending any", b"\r\n\n\r\rx"),
    ("--codec delimiters --delimiter --a --delimiter -- --max 3 --on-excess discard", b"one--two--aseven--for--"),
    ("--codec delimiters --delimiter \\x00\\x00 --max 3", b"one\0\0four\0\0"),
    ("--codec length-field --width 2 --max 9 --on-excess discard", b"\0\x05hello\0\x0atoo long..\0\0\0\x01x\0\x0bcut off"),
    ("--codec length-field --width 2 --offset 1 --counts frame --max 9", b"a\0\x03b\0\x02c\0\x03"),
    ("--codec length-field --width 4 --little-endian --trailer 1 --keep-header", b"\x01\0\0\0ab\x02\0\0"),
    ("--codec length-field --width 1 --checksum crc-16-ibm-3740", b"\x02hi\xdd\xf0\x02ho\0\0\x02hi\xdd\xf0\x05"),
    ("--codec length-field --width 2 --max 3 --on-excess truncate", b"\0\x05hello\0\x03abc\0\x04f"),
    ("--codec utf8-lines", b"na\xc3\xafve\r\nna\xefve\ncut \xc3\ntoo long for a row of a hexdump, and for what is shown of it: \xff\n"),
    ("--codec utf8-lines --max 4 --on-excess truncate", b"na\xc3\xafve\nfin\xc3\xafe\r\nna\xefve\nx"),
    ("--codec utf8-lines --max 4 --on-excess discard --ending any", b"na\xc3\xafve\rna\xef\rx\r"),
    ("--codec fixed --length 3", b"onetwoth"),
    ("--codec varint --max 300", b"\x05hello\x85\0again\x80\x80\x01"),
    ("--codec varint --max 3 --on-excess discard --offset 1", b"a\x05hellob\x01xc\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02"),
    ("--codec varint --max 3 --on-excess truncate --keep-header", b"\x05hello\x01x\x83\0abc\x05"),
    ("--codec varint --form mqtt --offset 1 --minimal", b"\xc0\0\x30\x82\0hi"),
    ("--codec varint --form mqtt --offset 1", b"\xc0\0\x30\xff\xff\xff\xff"),
    ("--codec varint --form quic --max 99 --on-excess discard", b"\x02hi\x40\x02ho\x40\x64\0\x80\0\0\xff"),
    ("--codec ascii-length --terminator : --max 5", b"5:hello007:"),
    ("--codec ascii-length --terminator : --max 5 --on-excess discard", b"5:hello0000012:too long for.2;"),
    ("--codec ascii-length --base hex --terminator \\r\\n --suffix \\r\\n", b"A\r\n0123456789\r\n3\r\nabc\rx"),
    ("--codec ascii-length --base hex --terminator = --suffix ; --max 4 --on-excess truncate", b"2=ab;a=0123456789;0=;xyz"),
    ("--codec netstring", b"5:hello,0:,3:abc;"),
    ("--codec netstring --max 8 --on-excess truncate", b"5:hello,12:hello world!,00:,"),
    ("--codec netstring --max 8 --on-excess discard", b"12:hello world!,9:........,123456789012345678901:"),
    ("--codec cobs --max 8", b"\0\x03\x11\x22\x02\x33\0\x01\0\x05a\0\xffabcdefgh\0"),
    ("--codec cobs --max 2 --on-excess discard", b"\x03ab\0\x01\x01\x01\x01\0\x02a\0\x09"),
    ("--codec cobs --max 4 --on-excess truncate", b"\x03a\0\x02a\x01\x01\x01\x01\x01\0\x02a\0"),
    ("--codec slip --max 3", b"\xc0a\xdb\xdcb\xc0\xdbx\xc0\xc0abcd\xc0"),
    ("--codec slip --max 2 --on-excess discard", b"\xdb\xdc\xdb\xdd\xc0\xdb\xdca\xdb\xdd\xc0\xdb"),
    ("--codec slip --max 2 --on-excess truncate", b"a\xdb\xdcb\xc0\xdb\xc0x"),
    ("--codec http1-request", b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost : a\r\n\r\n"),
    ("--codec http1-request", b"GET / HTTP/1.1\r\nAccept: */*\r\n\r\n"),
    ("--codec http1-request", b"\x16\x03\x01\0\xff"),
    ("--codec http1-request", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\nonly twenty-two bytes."),
    ("--codec http1-request", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7\r\n, world\nX"),
    ("--codec http1-request --max 6", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7\r\n, world\r\n"),
    ("--codec http1-request --max-head 40", b"GET / HTTP/1.1\r\nHost: a\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n\r\n"),
    ("--codec http1-request --demand no-leading-zeros", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 01\r\n\r\na"),
    ("--codec http1-response", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok"),
    ("--codec http1-response", b"HTTP/1.1 204 No Content\r\n\r\n\r\n"),
    ("--codec http1-response --allow lf-in-response-head", b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok"),
];

/// Streams of which there is nothing but frames, and what is skipped.
const GOOD_STREAMS: &[(&str, &[u8])] = &[
    ("--codec lines --max 3 --on-excess truncate --ending crlf", b"one\r\nfour\r\nfi\rve\r\nsix\r"),
    ("--codec delimiters --delimiter ;; --max 3 --on-excess truncate --frames 1", b"one;;four;;;five;;\0"),
    ("--codec fixed --length 3", b"onetwothr"),
    ("--codec sync-word --magic Hi --width 1 --max 3", b"HHi\x01a..Hi\xffHi\x02okHi\x03Hi\0"),
    (
        "--codec sync-word --magic \\xb5\\x62 --offset 2 --width 2 --little-endian --checksum ubx --checksum-from 2",
        b"$\xb5\x62\x05\x01\x02\0\x06\x01\x0f\x38\xb5\x62\x05\x01\x02\0\x06\x01\x0f\x39\xb5",
    ),
    ("--codec lines --max 3 --on-excess truncate", b"one\r\nfour\nfi\rve\nsix"),
    ("--codec lines --max 0 --on-excess truncate", b"\n\nx\ny"),
    ("--codec utf8-lines --max 4 --on-excess truncate --keep", b"na\xc3\xafve\r\nfin\xc3\xafe\r\nna\xc3\xaf\r\n"),
    ("--codec delimiters --delimiter ;; --delimiter ;;; --max 3 --on-excess truncate", b"one;;four;;;five;;"),
    ("--codec length-field --width 1 --trailer 1 --max 3 --on-excess truncate", b"\x05hello!\x03abc!"),
    ("--codec varint --max 3 --on-excess truncate", b"\x05hello\x83\0abc\0"),
    ("--codec ascii-length --terminator : --suffix ; --max 3 --on-excess truncate", b"5:hello;3:abc;0:;"),
    ("--codec netstring --max 3 --on-excess truncate", b"5:hello,3:abc,0:,"),
    ("--codec cobs --max 3 --on-excess truncate", b"\x06hello\0\x04abc\0"),
    ("--codec slip --max 3 --on-excess truncate", b"hell\xdb\xdd\xc0a\xdb\xdcc\xc0"),
    ("--codec http1-request", b""),
    ("--codec http1-request --bytes 17", b"\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n012345678901234567890123456789GET / HTTP/1.0\r\n\r\n"),
    ("--codec http1-request --frames 1", b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n!PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n?"),
    ("--codec http1-request --allow empty-host --allow fragment-in-target", b"GET /#a HTTP/1.1\r\nHost:\r\n\r\n"),
    (
        "--codec http1-request",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a=\"b\"\r\nh\r\n20\r\nello, and more than fits one row\r\n0\r\nX: y\r\n\r\n",
    ),
    ("--codec http1-response --max 5", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 304\r\n\r\n"),
    ("--codec http1-response", b"HTTP/1.0 200 OK\r\n\r\nas long as it lasts: HTTP/1.0 200 OK\r\n\r\n"),
    ("--codec http1-response --answers head", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
    ("--codec http1-response --answers connect", b"HTTP/1.1 200 OK\r\n\r\n\x16\x03\x01"),
];

#[test]
fn without_arguments_it_shows_every_capture() {
    let shown = inspect(&[], b"");
    assert!(shown.status.success(), "{shown:?}");
    let text = stdout(&shown);
    for entry in fs::read_dir(CAPTURES).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_capture = Path::new(&name).extension().is_some_and(|extension| extension == "bin");
        assert!(!is_capture || text.contains(&format!("{name} (")), "{name} is not shown");
    }
}

#[test]
fn the_captures_hold_what_their_readme_says() {
    #[rustfmt::skip]
    let expected = [
        "1291 frames (1288 not shown), 21634 bytes, 0 bytes skipped, 0 errors",
        "58 frames (55 not shown), 960 bytes, 0 bytes skipped, 0 errors",
        "13 frames (10 not shown), 18203 bytes, 0 bytes skipped, 0 errors", // the last is what was left over
        "45 frames (42 not shown), 9863 bytes, 0 bytes skipped, 0 errors",
        "11 messages (8 not shown), 2680 bytes, 0 bytes skipped, 0 errors",
        "7 messages (4 not shown), 1424 bytes, 0 bytes skipped, 0 errors",
        "7 messages (4 not shown), 1708 bytes, 0 bytes skipped, 0 errors",
        "7 messages (4 not shown), 2295 bytes, 0 bytes skipped, 0 errors",
        "5 messages (2 not shown), 880 bytes, 0 bytes skipped, 0 errors",
        "6 messages (3 not shown), 1670 bytes, 0 bytes skipped, 0 errors",
        "12 messages (9 not shown), 4404 bytes, 0 bytes skipped, 0 errors",
        "1 message, 417 bytes, 0 bytes skipped, 0 errors",
        "12 messages (9 not shown), 1981 bytes, 0 bytes skipped, 0 errors",
        "9 messages (6 not shown), 1621 bytes, 0 bytes skipped, 0 errors",
        "1 message, 641 bytes, 0 bytes skipped, 0 errors",
        "9 messages (6 not shown), 4301 bytes, 0 bytes skipped, 0 errors",
        "47 frames (44 not shown), 6173 bytes, 0 bytes skipped, 0 errors",
        "88 frames (85 not shown), 23301 bytes, 0 bytes skipped, 0 errors",
        "49 frames (46 not shown), 8944 bytes, 0 bytes skipped, 0 errors",
        "16 frames (13 not shown), 8233 bytes, 0 bytes skipped, 0 errors",
        "181 frames (178 not shown), 13866 bytes, 0 bytes skipped, 0 errors",
        "71 frames (68 not shown), 4449 bytes, 0 bytes skipped, 0 errors",
        "70 frames (67 not shown), 12443 bytes, 0 bytes skipped, 0 errors",
        "263 frames (260 not shown), 13523 bytes, 0 bytes skipped, 0 errors",
        "637 frames (634 not shown), 41327 bytes, 0 bytes skipped, 1 error",
        "47 frames (44 not shown), 2374 bytes, 43 bytes skipped, 1 error",
        "40 frames (37 not shown), 7520 bytes, 0 bytes skipped, 0 errors",
        "60 frames (57 not shown), 10689 bytes, 0 bytes skipped, 0 errors",
        "55 frames (52 not shown), 3454 bytes, 0 bytes skipped, 0 errors",
        "60 frames (57 not shown), 4759 bytes, 0 bytes skipped, 0 errors",
        "31 frames (28 not shown), 4132 bytes, 0 bytes skipped, 0 errors",
        "40 frames (37 not shown), 1194 bytes, 0 bytes skipped, 0 errors",
        "62 frames (59 not shown), 4076 bytes, 2278 bytes skipped, 0 errors",
        "59 frames (56 not shown), 2440 bytes, 18 bytes skipped, 1 error",
        "40 frames (37 not shown), 2430 bytes, 40 bytes skipped, 0 errors",
    ];
    let text = stdout(&inspect(&[], b""));
    let sums: Vec<_> = text.lines().filter(|line| line.contains(" bytes skipped, ")).collect();
    assert_eq!(sums, expected);
}

/// The captures of HTTP/1.1, how they are read, and the CRC-32 of all that is shown of them.
const SHOWN_OF_HTTP: &[(&str, &str, u32)] = &[
    ("http-curl-client.bin", "--codec http1-request", 0xaaf5_4b1f),
    ("http-python-client.bin", "--codec http1-request", 0x8531_4524),
    ("http-requests-client.bin", "--codec http1-request", 0xf9f5_3a8d),
    ("http-aiohttp-client.bin", "--codec http1-request", 0xa519_9491),
    ("http-node-client.bin", "--codec http1-request", 0x799f_5ffd),
    ("http-caddy-client.bin", "--codec http1-request", 0x6721_28f2),
    ("http-server.bin", "--codec http1-response --answers head", 0x2ff7_ef70),
    ("http-nginx-server.bin", "--codec http1-response", 0x3bf0_e16f),
    ("http-nginx-close.bin", "--codec http1-response", 0x9381_c178),
    ("http-node-server.bin", "--codec http1-response", 0x2f4a_274e),
    ("http-aiohttp-server.bin", "--codec http1-response", 0x460b_0a6c),
    ("http-python-close.bin", "--codec http1-response --allow lf-in-response-head", 0xc1b3_4921),
    ("http-caddy-server.bin", "--codec http1-response", 0x81b2_2d84),
];

fn shown_of(file: &str, options: &str) -> Output {
    inspect(&options.split(' ').chain([&*format!("{CAPTURES}/{file}")]).collect::<Vec<_>>(), b"")
}

#[test]
fn all_that_is_shown_of_messages_is_as_it_was() {
    let crc = |file, options| crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&shown_of(file, options).stdout);
    for (file, options, expected) in SHOWN_OF_HTTP {
        let found = crc(file, options);
        assert_eq!(found, *expected, "{file} {options}: {found:#010x}");
    }
}

#[test]
fn messages_of_a_capture_are_shown() {
    let shown = shown_of("http-node-client.bin", "--codec http1-request --bytes 20");
    let text = stdout(&shown);
    let (rest, put) = text.split_once("message 4 ").unwrap();
    assert!(rest.starts_with("message 1 at byte 0: GET / HTTP/1.1 (65 head, no body)\n  Host: 127.0.0.1:"), "{rest}");
    assert!(rest.contains("\n  and 274 more bytes\n  end at byte 602: 294 bytes of body\n"), "{rest}");
    let put = put.lines().filter(|line| !line.starts_with("  Host: ")).collect::<Vec<_>>();
    assert_eq!(
        put,
        [
            "at byte 602: PUT /trailers HTTP/1.1 (117 head, body in chunks)",
            "  Trailer: X-Sum",
            "  Connection: keep-alive",
            "  Transfer-Encoding: chunked",
            "  +0000000  77 69 74 68 20 61 20 74  72 61 69 6c 65 72        |with a trailer|",
            "  end at byte 754: 14 bytes of body",
            "  X-Sum: 14",
            "message 5 at byte 754: GET /names HTTP/1.1 (126 head, no body)",
            "  x-MiXed-CaSe: yes",
            "  X-List: a",
            "  X-List: b",
            "  X-Latin: caf\\xe9",
            "  Connection: keep-alive",
            "5 messages, 880 bytes, 0 bytes skipped, 0 errors",
        ]
    );
}

/// Real programs send what is refused.
#[test]
fn what_is_refused_of_a_capture_is_marked() {
    let shown = shown_of("http-python-close.bin", "--codec http1-response");
    let text = stdout(&shown);
    assert!(text.starts_with("error: frame at byte 0: expected CR before LF at byte 135, found 0x0a (RFC 9112 section 2.2)\n"), "{text}");
    assert!(text.contains("  00000080  74 2f 70 6c 61 69 6e 0a                           |t/plain.|\n"), "{text}");
    assert!(text.ends_with("0 messages, 0 bytes, 0 bytes skipped, 1 error\n"), "{text}");
    assert_eq!(shown.status.code(), Some(1));
}

#[test]
fn chunks_change_nothing_in_the_captures() {
    let whole = inspect(&EVERYTHING, b"");
    assert!(whole.stdout.len() > 1_000_000, "everything is shown");
    for chunk in ["1", "7", "64", "4096", "1000000"] {
        let cut = inspect(&[&EVERYTHING[..], &["--chunk", chunk]].concat(), b"");
        assert!(cut.stdout == whole.stdout, "--chunk {chunk} shows something else");
    }
}

#[test]
fn chunks_change_nothing_in_bad_streams() {
    for (options, stream) in BAD_STREAMS {
        let whole = check_chunks(options, stream);
        assert!(whole.contains("error: "), "{options}: {whole}");
    }
}

#[test]
fn chunks_change_nothing_in_good_streams() {
    for (options, stream) in GOOD_STREAMS {
        let whole = check_chunks(options, stream);
        assert!(!whole.contains("error: "), "{options}: {whole}");
    }
}

/// Checks that chunks change nothing of what is shown of a stream, and returns that.
fn check_chunks(options: &str, stream: &[u8]) -> String {
    let whole = inspect_with(options, stream);
    for chunk in ["1", "2", "3", "7", "64"] {
        let cut = inspect_with(&format!("{options} --chunk {chunk}"), stream);
        assert_eq!(stdout(&cut), stdout(&whole), "{options} --chunk {chunk}");
        assert_eq!(cut.status.code(), whole.status.code(), "{options} --chunk {chunk}");
    }
    stdout(&whole)
}

/// How to read a stream, the stream, and what is said of it, without its bytes.
struct Parts(&'static str, &'static [u8], &'static [&'static str]);

#[rustfmt::skip]
const PARTS: &[Parts] = &[
    Parts("--codec lines --ending any", b"a\r\n\rb", &["1 at byte 0: 3 bytes (1 payload, 2 ending)", "2 at byte 3: 1 byte (1 ending)", "3 at byte 4: 1 byte (1 payload)"]),
    Parts("--codec lines --max 3 --on-excess truncate", b"four\n", &["1 at byte 0: 3 bytes (3 payload), truncated"]),
    Parts("--codec lines --max 0 --on-excess truncate", b"four\n", &["1 at byte 0: 0 bytes, truncated"]),
    Parts("--codec utf8-lines", b"\xc3\xaf\r\n", &["1 at byte 0: 4 bytes (2 payload, 2 ending)"]),
    Parts("--codec utf8-lines --ending any", b"\xc3\xaf\r.\n", &["1 at byte 0: 3 bytes (2 payload, 1 ending)", "2 at byte 3: 2 bytes (1 payload, 1 ending)"]),
    Parts("--codec utf8-lines --keep", b"\xc3\xaf\r\n", &["1 at byte 0: 4 bytes (4 payload)"]),
    Parts("--codec utf8-lines --max 4 --on-excess truncate", b"fin\xc3\xafe\n", &["1 at byte 0: 4 bytes (3 payload, 1 cut off), truncated"]),
    Parts("--codec delimiters --delimiter ;", b"a;b", &["1 at byte 0: 2 bytes (1 payload, 1 delimiter)", "2 at byte 2: 1 byte (1 payload)"]),
    Parts("--codec delimiters --delimiter ; --max 1 --on-excess truncate", b"ab;c;", &["1 at byte 0: 1 byte (1 payload), truncated", "2 at byte 3: 2 bytes (1 payload, 1 delimiter)"]),
    Parts("--codec length-field --width 1 --checksum sum-8", b"\x02hi\xd3", &["1 at byte 0: 4 bytes (1 header, 2 payload, 1 checksum)"]),
    Parts("--codec length-field --width 1 --checksum sum-8 --checksum-from 1 --trailer 2", b"\x02hi\xd1!", &["1 at byte 0: 5 bytes (1 header, 2 payload, 2 trailer)"]),
    Parts("--codec length-field --width 1 --checksum crc-16-ibm-3740", b"\x02hi\xdd\xf0", &["1 at byte 0: 5 bytes (1 header, 2 payload, 2 checksum)"]),
    Parts("--codec length-field --width 1 --checksum crc-16-ibm-3740 --checksum-little-endian --keep-trailer", b"\x02hi\xf0\xdd", &["1 at byte 0: 5 bytes (1 header, 4 payload)"]),
    Parts("--codec length-field --width 1 --offset 1 --max 2 --trailer 1 --on-excess truncate", b".\x03abc!.\x01a!", &["1 at byte 0: 4 bytes (2 header, 2 payload), truncated", "2 at byte 6: 4 bytes (2 header, 1 payload, 1 trailer)"]),
    Parts("--codec fixed --length 2", b"abcd", &["1 at byte 0: 2 bytes (2 payload)", "2 at byte 2: 2 bytes (2 payload)"]),
    Parts("--codec varint", b"\x82\0hi\0", &["1 at byte 0: 4 bytes (2 header, 2 payload)", "2 at byte 4: 1 byte (1 header)"]),
    Parts("--codec varint --keep-header --offset 1", b".\x82\0hi", &["1 at byte 0: 5 bytes (5 payload)"]),
    Parts("--codec varint --form quic --max 1 --on-excess truncate", b"\x40\x02hi\x01!", &["1 at byte 0: 3 bytes (2 header, 1 payload), truncated", "2 at byte 4: 2 bytes (1 header, 1 payload)"]),
    Parts("--codec varint --form mqtt --offset 1 --keep-header --max 1 --on-excess truncate", b"\x30\x02hi", &["1 at byte 0: 3 bytes (3 payload), truncated"]),
    Parts("--codec ascii-length --terminator :", b"002:hi", &["1 at byte 0: 6 bytes (4 header, 2 payload)"]),
    Parts("--codec ascii-length --base hex --terminator \\r\\n --suffix \\r\\n", b"a\r\n0123456789\r\n", &["1 at byte 0: 15 bytes (3 header, 10 payload, 2 suffix)"]),
    Parts("--codec ascii-length --terminator -- --suffix - --max 1 --on-excess truncate", b"2--hi-0---", &["1 at byte 0: 4 bytes (3 header, 1 payload), truncated", "2 at byte 6: 4 bytes (3 header, 1 suffix)"]),
    Parts("--codec netstring", b"12:hello world!,", &["1 at byte 0: 16 bytes (3 header, 12 payload, 1 comma)"]),
    Parts("--codec netstring --max 5 --on-excess truncate", b"12:hello world!,", &["1 at byte 0: 8 bytes (3 header, 5 payload), truncated"]),
    Parts("--codec sync-word --magic Hi --width 1 --header 2", b".Hi\x01.aHi\x01", &["1 at byte 1: 5 bytes (4 header, 1 payload)"]),
    Parts("--codec sync-word --magic Hi --width 1 --keep-header --trailer 1", b"Hi\x01a.", &["1 at byte 0: 5 bytes (4 payload, 1 trailer)"]),
    Parts("--codec sync-word --magic Hi --width 1 --counts frame --checksum sum-8 --checksum-from 2", b"Hi\x05a\x66Hi\x05a\x67", &["1 at byte 0: 5 bytes (3 header, 1 payload, 1 checksum)"]),
    Parts("--codec cobs", b"\x03ab\x01\0\x01\0", &["1 at byte 0: 5 bytes (3 payload, unstuffed)", "2 at byte 5: 2 bytes (0 payload, unstuffed)"]),
    Parts("--codec cobs --max 2 --on-excess truncate", b"\x04abc\0", &["1 at byte 0: 3 bytes (2 payload, unstuffed), truncated"]),
    Parts("--codec slip", b"\xc0\xc0\xdb\xdd\xc0", &["1 at byte 2: 3 bytes (1 payload, unescaped)"]),
    Parts("--codec slip --max 2 --on-excess truncate", b"a\xdb\xdcb\xc0", &["1 at byte 0: 3 bytes (2 payload, unescaped), truncated"]),
];

#[test]
fn frames_of_every_codec_are_shown_with_their_parts() {
    for Parts(options, stream, expected) in PARTS {
        let text = stdout(&inspect_with(options, stream));
        let found: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("frame ")).collect();
        assert_eq!(found, *expected, "{options}: {text}");
    }
}

/// The check values of the CRC catalogue: each of the digits 1 to 9.
#[test]
fn checksums_are_those_that_their_names_say() {
    #[rustfmt::skip]
    let rows: [(&str, &[u8]); 16] = [
        ("sum-8", b"\xdd"), ("ubx", b"\xdd\x15"), ("crc-8-smbus", b"\xf4"), ("crc-8-maxim-dow", b"\xa1"),
        ("crc-16-arc", b"\xbb\x3d"), ("crc-16-modbus", b"\x4b\x37"), ("crc-16-kermit", b"\x21\x89"), ("crc-16-xmodem", b"\x31\xc3"),
        ("crc-16-ibm-3740", b"\x29\xb1"), ("crc-16-ibm-sdlc", b"\x90\x6e"), ("crc-24-openpgp", b"\x21\xcf\x02"), ("crc-24-lte-a", b"\xcd\xe7\x03"),
        ("crc-32-iso-hdlc", b"\xcb\xf4\x39\x26"), ("crc-32-iscsi", b"\xe3\x06\x92\x83"), ("crc-32-mpeg-2", b"\x03\x76\xe6\xe7"),
        ("crc-64-xz", b"\x99\x5d\xc9\xbb\xdf\x19\x39\xfa"),
    ];
    for (name, value) in rows {
        let stream = [b"\x09123456789", value].concat();
        let shown = inspect_with(&format!("--codec length-field --width 1 --checksum {name} --checksum-from 1"), &stream);
        let end = format!("1 frame, {} bytes, 0 bytes skipped, 0 errors\n", stream.len());
        assert!(stdout(&shown).ends_with(&end), "{name}: {}", stdout(&shown));
    }
}

#[test]
fn what_was_done_to_a_payload_is_undone_and_its_bytes_are_counted_from_its_start() {
    let shown = inspect_with("--codec slip --bytes 17", b"\xc0\xdb\xdc.0123456789abcdef\xc0\xc0\xdb0\xc0");
    assert_eq!(
        stdout(&shown),
        "frame 1 at byte 1: 20 bytes (18 payload, unescaped)
  +0000000  c0 2e 30 31 32 33 34 35  36 37 38 39 61 62 63 64  |..0123456789abcd|
  +0000010  65                                                |e|
  and 1 more byte
error: frame at byte 22: expected 0xdc or 0xdd behind an escape, found 0x30 at byte 1 of the frame (stepped over)
  00000000  c0 db dc 2e 30 31 32 33  34 35 36 37 38 39 61 62  |....0123456789ab|
  00000010  63 64 65 66 c0 c0 db 30  c0                       |cdef...0.|
                              ^^                                     ^
1 frame, 25 bytes, 5 bytes skipped, 1 error
"
    );
    assert_eq!(shown.status.code(), Some(0));
}

/// As much of a bad frame is marked as it takes to tell, however much more is there.
#[test]
fn an_error_is_shown_with_what_tells_it() {
    #[rustfmt::skip]
    let rows: [(&str, &[u8], usize); 10] = [
        ("--codec netstring --max 8", b"12:hello world!,", 2),
        ("--codec netstring --max 8 --on-excess discard", b"12:hello world!,", 3),
        ("--codec netstring", b"3:abc;5:hello,", 6),
        ("--codec varint --max 99", b"\xe4\0hello", 2),
        ("--codec lines --max 2 --ending crlf", b"ab\rcd\r\n", 4),
        ("--codec utf8-lines", b"\xff...\nfine\n", 5),
        ("--codec length-field --width 1 --checksum sum-8", b"\x02hi\0\0\0", 4),
        ("--codec length-field --width 1 --max 3", b"\x04four", 1),
        ("--codec cobs", b"\x09abc\0\x01\0", 5),
        ("--codec fixed --length 5", b"four", 4),
    ];
    for (options, stream, marked) in rows {
        let text = stdout(&inspect_with(options, stream));
        let dump = text.lines().skip_while(|line| !line.starts_with("error: ")).find(|line| line.starts_with("  0000")).unwrap();
        let bytes = dump[10..60].split_whitespace().count();
        assert_eq!(bytes, marked, "{options}: {text}");
    }
}

#[test]
fn a_frame_is_shown_with_its_place_and_its_parts() {
    let shown = inspect_with("--codec length-field --width 2 --trailer 1 --frames 1", b"\0\x05hello!\0\0!");
    assert_eq!(
        stdout(&shown),
        "frame 1 at byte 0: 8 bytes (2 header, 5 payload, 1 trailer)
  00000000  00 05 68 65 6c 6c 6f 21                           |..hello!|
2 frames (1 not shown), 11 bytes, 0 bytes skipped, 0 errors
"
    );
    assert_eq!(shown.status.code(), Some(0));
}

#[test]
fn a_fatal_error_is_marked() {
    let shown = inspect_with("--codec length-field --width 2 --max 100", b"\0\x05hello, world\0\0\0");
    assert_eq!(
        stdout(&shown),
        "frame 1 at byte 0: 7 bytes (2 header, 5 payload)
  00000000  00 05 68 65 6c 6c 6f                              |..hello|
error: frame at byte 7: payload longer than the limit of 100 bytes
  00000000  00 05 68 65 6c 6c 6f 2c  20                       |..hello, |
                                 ^^                                   ^
1 frame, 7 bytes, 0 bytes skipped, 1 error
"
    );
    assert_eq!(shown.status.code(), Some(1));
}

#[test]
fn messages_are_shown_in_their_parts() {
    let shown = inspect_with(
        "--codec http1-request --bytes 18",
        b"POST /a\\b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n14\r\n, world and the rest\r\n0\r\nX:\xe4\t\r\n\r\n\
          PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n!GET / HTTP/1.1\r\nHost : a\r\n",
    );
    assert_eq!(
        stdout(&shown),
        r"message 1 at byte 0: POST /a\\b HTTP/1.1 (59 head, body in chunks)
  Host: a
  Transfer-Encoding: chunked
  +0000000  68 65 6c 6c 6f 2c 20 77  6f 72 6c 64 20 61 6e 64  |hello, world and|
  +0000010  20 74                                             | t|
  and 7 more bytes
  end at byte 106: 25 bytes of body
  X: \xe4
message 2 at byte 106: PUT / HTTP/1.1 (46 head, 1 body)
  Host: a
  Content-Length: 1
  +0000000  21                                                |!|
  end at byte 153: 1 byte of body
error: frame at byte 153: expected ':' right behind the field name at byte 20, found 0x20 (RFC 9112 section 5.1)
  00000090  68 3a 20 31 0d 0a 0d 0a  21 47 45 54 20 2f 20 48  |h: 1....!GET / H|
  000000a0  54 54 50 2f 31 2e 31 0d  0a 48 6f 73 74 20        |TTP/1.1..Host |
                                                    ^^                      ^
  to be answered with 400
2 messages, 153 bytes, 0 bytes skipped, 1 error
"
    );
    assert_eq!(shown.status.code(), Some(1));
}

#[test]
fn what_came_of_a_body_is_shown_before_its_error() {
    let shown = inspect_with("--codec http1-response --bytes 3", b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nhello");
    assert_eq!(
        stdout(&shown),
        "message 1 at byte 0: HTTP/1.1 200 OK (39 head, 30 body)
  Content-Length: 30
  +0000000  68 65 6c                                          |hel|
  and 2 more bytes
error: frame at byte 44: the stream ended 0 bytes into the frame
missing: at least 1 more byte
  00000010  0a 43 6f 6e 74 65 6e 74  2d 4c 65 6e 67 74 68 3a  |.Content-Length:|
  00000020  20 33 30 0d 0a 0d 0a 68  65 6c 6c 6f              | 30....hello|
1 message, 44 bytes, 0 bytes skipped, 1 error
"
    );
    assert_eq!(shown.status.code(), Some(1));
}

/// How responses are read, a stream of them, and what is said beside the first line of the first.
#[test]
fn framing_is_said_beside_the_head() {
    for (options, stream, said) in [
        ("", &b"HTTP/1.1 200 OK\r\n\r\n"[..], "(19 head, body until the end)"),
        ("", b"HTTP/1.1 200\r\nTransfer-Encoding: gzip\r\n\r\n", "(41 head, body until the end, coded)"),
        ("", b"HTTP/1.1 204\r\nContent-Length: 1\r\n\r\n", "(35 head, no body, fields of a body that is not there)"),
        ("", b"HTTP/1.1 304\r\nContent-Length: 1\r\n\r\n", "(35 head, no body)"),
        (" --answers head", b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\n", "(35 head, no body)"),
        (" --answers connect", b"HTTP/1.1 200\r\n\r\n", "(16 head, then another protocol)"),
        (" --answers other", b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "(35 head, no body)"),
    ] {
        let shown = stdout(&inspect_with(&format!("--codec http1-response{options}"), stream));
        assert!(shown.lines().next().unwrap().ends_with(said), "{said}: {shown}");
    }
}

#[test]
fn every_leniency_and_demand_has_its_name() {
    let help = stdout(&inspect(&["--help"], b"")).replace('-', "");
    let rules = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/http1/rules.rs")).unwrap();
    let mut names = 0;
    for part in ["pub enum Leniency {", "pub enum Demand {"] {
        let body = rules.split_once(part).unwrap().1.split_once("\n}").unwrap().0;
        for variant in body.lines().filter_map(|line| line.trim().strip_suffix(',')).filter(|word| word.chars().all(char::is_alphanumeric))
        {
            assert!(help.contains(&variant.to_lowercase()), "{variant} is not offered");
            names += 1;
        }
    }
    assert!(names >= 15, "{names}");
}

#[test]
fn an_error_that_was_stepped_over_is_marked() {
    let shown = inspect_with("--codec lines --max 8 --on-excess discard", b"ok\nanother\nmuch too long\nfine\n");
    assert_eq!(
        stdout(&shown),
        "frame 1 at byte 0: 3 bytes (2 payload, 1 ending)
  00000000  6f 6b 0a                                          |ok.|
frame 2 at byte 3: 8 bytes (7 payload, 1 ending)
  00000003  61 6e 6f 74 68 65 72 0a                           |another.|
error: frame at byte 11: payload longer than the limit of 8 bytes (stepped over)
  00000000  6f 6b 0a 61 6e 6f 74 68  65 72 0a 6d 75 63 68 20  |ok.another.much |
                                              ^^                          ^
  00000010  74 6f 6f 20                                       |too |
frame 3 at byte 25: 5 bytes (4 payload, 1 ending)
  00000019  66 69 6e 65 0a                                    |fine.|
3 frames, 30 bytes, 14 bytes skipped, 1 error
"
    );
    assert_eq!(shown.status.code(), Some(0));
}

#[test]
fn a_stream_that_was_cut_off_tells_what_is_missing() {
    let file = format!("{CAPTURES}/postgres-cut.bin");
    let shown = inspect(&["--codec", "length-field", "--width", "4", "--offset", "1", "--counts", "-4", &file], b"");
    let text = stdout(&shown);
    assert!(text.contains("error: frame at byte 41327: the stream ended 39 bytes into the frame\nmissing: at least 24 more bytes\n"));
    assert_eq!(shown.status.code(), Some(1));
}

#[test]
fn a_pipe_tells_what_it_waits_for() {
    let mut live = Live::start("--codec length-field --width 2 -");
    let mut input = live.child.stdin.take().unwrap();
    input.write_all(b"\0\x05hel").unwrap();
    live.stderr.wait_for("waiting: at least 2 more bytes, from byte 5 on");
    input.write_all(b"lo").unwrap();
    live.stderr.wait_for("waiting: the next frame, from byte 7 on");
    drop(input);
    live.stderr.wait_for("ended: at byte 7");
    assert_eq!(live.exit(), Some(0));
}

#[test]
fn a_client_is_shown_while_it_sends() {
    let (mut live, mut socket) = Live::listen("--codec length-field --width 2");
    socket.write_all(b"\0\x05hel").unwrap();
    live.stderr.wait_for("waiting: at least 2 more bytes, from byte 5 on");
    socket.write_all(b"lo").unwrap();
    assert_eq!(live.stdout.next(), "frame 1 at byte 0: 7 bytes (2 header, 5 payload)");
    assert_eq!(live.stdout.next(), "  00000000  00 05 68 65 6c 6c 6f                              |..hello|");
    socket.write_all(b"\0\x01a\0\x01b\0").unwrap();
    assert_eq!(live.stdout.next(), "frame 2 at byte 7: 3 bytes (2 header, 1 payload)");
    live.stdout.wait_for("frame 3 at byte 10: 3 bytes (2 header, 1 payload)");
    socket.write_all(b"\0").unwrap();
    live.stdout.wait_for("frame 4 at byte 13: 2 bytes (2 header)");
    drop(socket);
    live.stdout.wait_for("4 frames, 15 bytes, 0 bytes skipped, 0 errors");
    live.stderr.wait_for("ended: at byte 15");
    assert_eq!(live.exit(), Some(0));
}

#[test]
fn a_server_is_shown_while_it_answers() {
    let (mut live, mut socket) = Live::connect(r"--codec lines --send -GET\t/\x0d\n");
    let mut request = [0; 8];
    socket.read_exact(&mut request).unwrap();
    assert_eq!(&request, b"-GET\t/\r\n");
    socket.write_all(b"200\r\nhal").unwrap();
    assert_eq!(live.stdout.next(), "frame 1 at byte 0: 5 bytes (3 payload, 2 ending)");
    socket.write_all(b"f\n").unwrap();
    live.stdout.wait_for("frame 2 at byte 5: 5 bytes (4 payload, 1 ending)");
    drop(socket);
    live.stdout.wait_for("2 frames, 10 bytes, 0 bytes skipped, 0 errors");
    assert_eq!(live.exit(), Some(0));
}

#[test]
fn a_connection_that_was_cut_off_tells_what_is_missing() {
    let (mut live, mut socket) = Live::listen("--codec length-field --width 2 --chunk 3");
    socket.write_all(b"\0\x01a\0\x05hel").unwrap();
    drop(socket);
    live.stdout.wait_for("frame 1 at byte 0: 3 bytes (2 header, 1 payload)");
    live.stdout.wait_for("error: frame at byte 3: the stream ended 5 bytes into the frame");
    live.stdout.wait_for("missing: at least 2 more bytes");
    live.stdout.wait_for("1 frame, 3 bytes, 0 bytes skipped, 1 error");
    assert_eq!(live.exit(), Some(1));
}

/// Whoever closes a socket without having read everything resets the connection.
#[cfg(target_os = "linux")]
#[test]
fn a_connection_that_was_reset_is_summed_up_and_an_error() {
    let (mut live, mut socket) = Live::connect("--codec lines --send unread");
    assert_eq!(socket.peek(&mut [0]).unwrap(), 1);
    socket.write_all(b"200\r\n").unwrap();
    live.stdout.wait_for("frame 1 at byte 0: 5 bytes (3 payload, 2 ending)");
    let name = socket.local_addr().unwrap();
    drop(socket);
    live.stdout.wait_for("1 frame, 5 bytes, 0 bytes skipped, 0 errors");
    live.stderr.wait_for(&format!("inspect: {name}: Connection reset by peer (os error 104)"));
    assert_eq!(live.exit(), Some(1));
}

#[test]
fn whoever_closes_the_output_has_seen_enough() {
    let mut child = start(&EVERYTHING);
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
}

#[test]
fn colors_are_for_those_who_ask() {
    assert!(!stdout(&inspect_with("--codec lines", b"x\n")).contains('\x1b'));
    assert!(stdout(&inspect_with("--codec lines --color always", b"x\n")).contains("78 \x1b[36m0a\x1b[0m"));
}

#[test]
fn options_that_make_no_sense_are_refused() {
    for options in [
        "--codec",
        "--codec morse",
        "--codec lines --ending never",
        "--codec lines --width 2",
        "--codec lines --chunk 0",
        "--codec delimiters",
        "--codec delimiters --delimiter \\q",
        "--codec delimiters --delimiter \\x0",
        "--codec length-field",
        "--codec length-field --width 5",
        "--codec length-field --width 2 --counts everything",
        "--codec length-field --width 2 --header 1",
        "--codec length-field --width 2 --checksum md5",
        "--codec length-field --width 2 --checksum ubx --trailer 1",
        "--codec length-field --width 2 --checksum ubx --checksum-from 3",
        "--codec length-field --width 2 --checksum ubx --on-excess truncate",
        "--codec length-field --width 2 --checksum-from 1",
        "--codec length-field --width 2 --checksum-little-endian",
        "--codec length-field --width 2 --magic x",
        "--codec length-field --width 2 --minimal",
        "--codec utf8-lines --delimiter x",
        "--codec delimiters --delimiter x --ending lf",
        "--codec fixed",
        "--codec fixed --length 0",
        "--codec fixed --length 3 --max 3",
        "--codec fixed --length 3 --on-excess fail",
        "--codec varint --form roman",
        "--codec varint --width 2",
        "--codec ascii-length",
        "--codec ascii-length --terminator 1",
        "--codec ascii-length --terminator : --base roman",
        "--codec ascii-length --terminator : --trailer 1",
        "--codec netstring --terminator :",
        "--codec sync-word --width 2",
        "--codec sync-word --magic x",
        "--codec sync-word --magic x --width 2 --keep-trailer",
        "--codec sync-word --magic x --width 2 --on-excess discard",
        "--codec cobs --length 3",
        "--codec slip --keep-header",
        "--codec slip --max-head 3",
        "--codec http1-request --answers head",
        "--codec http1-request --allow everything",
        "--codec http1-request --on-excess fail",
        "--codec http1-response --demand nothing",
        "--codec http1-response --on-excess discard",
        "--codec http1-response --length 3",
        "--ending lf",
    ] {
        let refused = inspect_with(options, b"");
        assert_eq!(refused.status.code(), Some(2), "{options}");
        assert!(refused.stdout.is_empty() && refused.stderr.starts_with(b"error: "), "{options}: {refused:?}");
    }
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let refused = inspect(&["--codec", "lines", "no/such/file"], b"");
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).starts_with("inspect: no/such/file: "), "{refused:?}");
}

#[test]
fn a_connection_that_cannot_be_made_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (how, address) in [("--listen", &*taken), ("--connect", "127.0.0.1:1")] {
        let refused = inspect(&["--codec", "lines", how, address], b"");
        assert_eq!(refused.status.code(), Some(1), "{how}: {refused:?}");
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(refused.stdout.is_empty() && said.starts_with(&format!("inspect: {address}: ")), "{how}: {refused:?}");
    }
}

#[test]
fn addresses_that_make_no_sense_are_refused() {
    for options in [
        "--codec lines --connect nowhere",
        "--codec lines --connect 127.0.0.1:",
        "--codec lines --connect 127.0.0.1:65536",
        "--codec lines --connect ::1",
        "--codec lines --listen :0",
        "--codec lines --listen -1",
        "--codec lines --listen 0 -",
        "--codec lines --listen 0 --connect 127.0.0.1:1",
        "--codec lines --listen 0 --send x",
        "--codec lines --send x -",
        "--codec lines --send x",
        "--connect 127.0.0.1:1",
    ] {
        let refused = inspect(&options.split(' ').collect::<Vec<_>>(), b"");
        assert_eq!(refused.status.code(), Some(2), "{options}: {refused:?}");
        assert!(refused.stdout.is_empty() && refused.stderr.starts_with(b"error: "), "{options}: {refused:?}");
    }
}

/// The program while it runs. Killed when dropped.
struct Live {
    child: Child,
    stdout: Text,
    stderr: Text,
}

impl Live {
    fn start(options: &str) -> Self {
        let mut child = start(&options.split(' ').collect::<Vec<_>>());
        let (stdout, stderr) = (Text::of(child.stdout.take().unwrap()), Text::of(child.stderr.take().unwrap()));
        Self { child, stdout, stderr }
    }

    /// Starts it as a server, and connects to it.
    fn listen(options: &str) -> (Self, TcpStream) {
        let mut live = Self::start(&format!("{options} --listen 0"));
        let note = live.stderr.next();
        let address: SocketAddr = note.strip_prefix("listening on ").expect(&note).parse().unwrap();
        assert!(address.ip().is_loopback());
        let socket = TcpStream::connect(address).unwrap();
        socket.set_nodelay(true).unwrap();
        live.stderr.wait_for(&format!("connected from {}", socket.local_addr().unwrap()));
        (live, socket)
    }

    /// Starts it as a client, and accepts it.
    fn connect(options: &str) -> (Self, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut live = Self::start(&format!("{options} --connect {address}"));
        live.stderr.wait_for(&format!("connected to {address}"));
        let (socket, _) = listener.accept().unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        (live, socket)
    }

    /// Waits until it has closed both outputs, and then for its exit status.
    fn exit(&mut self) -> Option<i32> {
        self.stdout.wait_for_the_end();
        self.stderr.wait_for_the_end();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a pipe, each waited for with a bound.
struct Text(Receiver<String>);

impl Text {
    fn of(pipe: impl Read + Send + 'static) -> Self {
        let (sender, lines) = channel();
        thread::spawn(move || BufReader::new(pipe).lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self(lines)
    }

    /// The next line; none when the pipe was closed.
    fn line(&mut self) -> Option<String> {
        match self.0.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("no line within {PATIENCE:?}"),
        }
    }

    fn next(&mut self) -> String {
        self.line().expect("one more line")
    }

    /// Steps over others: a slow machine waits more often, and says so.
    fn wait_for(&mut self, line: &str) {
        let mut others = Vec::new();
        while let Some(other) = self.line() {
            if other == line {
                return;
            }
            others.push(other);
        }
        panic!("no {line:?}, but {others:#?}");
    }

    fn wait_for_the_end(&mut self) {
        while self.line().is_some() {}
    }
}

fn inspect_with(options: &str, stream: &[u8]) -> Output {
    inspect(&options.split(' ').chain(["-"]).collect::<Vec<_>>(), stream)
}

fn inspect(arguments: &[&str], stream: &[u8]) -> Output {
    let mut child = start(arguments);
    // It may refuse its arguments before it reads.
    let _ = child.stdin.take().unwrap().write_all(stream);
    child.wait_with_output().unwrap()
}

fn start(arguments: &[&str]) -> Child {
    let mut command = Command::new(program());
    command.args(arguments).env_remove("CLICOLOR_FORCE");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The example lies beside this test. `cargo test` builds it before, but `cargo test --test inspect` does not.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let folder = env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned();
        let profile = if folder.ends_with("release") { "release" } else { "test" };
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--example", "inspect", "--profile", profile]).current_dir(env!("CARGO_MANIFEST_DIR"));
        assert!(build.status().unwrap().success());
        folder.join("examples/inspect").with_extension(env::consts::EXE_EXTENSION)
    })
}
