//! Heads.

use framewright::http1::{
    Answers, Demand, Index, Leniency, Limits, List, Request, RequestHeads, ResponseHeads, Rules, TargetForm, parse_request, parse_response,
};
use framewright::testkit::{Case, text};
use framewright::{Engine, Step};

use super::mutate::{Random, mutate};
use super::{get, ok, request_heads, response_heads};

#[rustfmt::skip]
#[test]
fn heads_of_requests() {
    request_heads(Rules::STRICT).table(&[
        Case { clause: "HH-1", input: b"",                                       says: &["end"] },
        Case { clause: "HH-1", input: b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",      says: &["GET / HTTP/1.1 {Host=a}", "end"] },
        Case { clause: "HH-1", input: b"GET / HTTP/1.0\r\n\r\nA /b HTTP/1.0\r\n\r\n", says: &["GET / HTTP/1.0 {}", "A /b HTTP/1.0 {}", "end"] },
        Case { clause: "HH-1", input: b"GET / HTTP/1.0\r\n",                     says: &["frame at byte 0: the stream ended 16 bytes into the frame"] },
        Case { clause: "HH-1", input: b"GET / HTTP/1.0\r\n\r",                   says: &["frame at byte 0: the stream ended 17 bytes into the frame"] },
        // A1: bare LF.
        Case { clause: "HH-1", input: b"GET / HTTP/1.1\nHost: a\r\n\r\n",        says: &["frame at byte 0: expected CR before LF at byte 14, found 0x0a (RFC 9112 section 2.2)"] },
        Case { clause: "HH-1", input: &get("X: y\nContent-Length: 23\r\n"),      says: &["frame at byte 0: expected CR before LF at byte 29, found 0x0a (RFC 9112 section 2.2)"] },
        Case { clause: "HH-1", input: b"GET / HTTP/1.0\r\n\n",                   says: &["frame at byte 0: expected CR before LF at byte 16, found 0x0a (RFC 9112 section 2.2)"] },
        // A2: bare CR, everywhere.
        Case { clause: "HH-1", input: &get("X: y\rTransfer-Encoding: chunked\r\n"), says: &["frame at byte 0: expected LF behind CR at byte 30, found 0x54 (RFC 9112 section 2.2)"] },
        Case { clause: "HH-1", input: b"GET / HTTP/1.1\r\r\n\r\n",               says: &["frame at byte 0: expected LF behind CR at byte 15, found 0x0d (RFC 9112 section 2.2)"] },
        Case { clause: "HH-1", input: b"GET / HTTP/1.0\r\n\rX: y\r\n\r\n",       says: &["frame at byte 0: expected LF behind CR at byte 17, found 0x58 (RFC 9112 section 2.2)"] },
        Case { clause: "HH-1", input: b"GE\rT / HTTP/1.0\r\n\r\n",               says: &["frame at byte 0: expected a method and one space at byte 2, found 0x0d (RFC 9112 section 3.1)"] },
        Case { clause: "HH-1", input: b"GET /\ra HTTP/1.0\r\n\r\n",              says: &["frame at byte 0: expected a byte of a request target at byte 5, found 0x0d (RFC 9112 section 3.2)"] },
        // Bytes that begin no request.
        Case { clause: "HH-2", input: b"\x16\x03\x01",                           says: &["frame at byte 0: expected a message in plain text, not a TLS handshake at byte 0, found 0x16 (RFC 9112 section 2.1)"] },
        Case { clause: "HH-2", input: b"\0",                                     says: &["frame at byte 0: expected the first byte of a message at byte 0, found 0x00 (RFC 9112 section 2.1)"] },
        Case { clause: "HH-2", input: b" GET",                                   says: &["frame at byte 0: expected the first byte of a message at byte 0, found 0x20 (RFC 9112 section 2.1)"] },
        Case { clause: "HH-2", input: b"\x80",                                   says: &["frame at byte 0: expected the first byte of a message at byte 0, found 0x80 (RFC 9112 section 2.1)"] },
        Case { clause: "HH-2", input: b"GET / HTTP/1.0\r\n\r\n{",                says: &["GET / HTTP/1.0 {}", "frame at byte 18: expected the first byte of a message at byte 0, found 0x7b (RFC 9112 section 2.1)"] },
        // A3: empty lines before a request.
        Case { clause: "HH-3", input: b"\r\n\r\nGET / HTTP/1.0\r\n\r\n",         says: &["GET / HTTP/1.0 {} after 4 skipped bytes", "end"] },
        Case { clause: "HH-3", input: b"\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n",     says: &["frame at byte 4: expected a request and not another empty line at byte 0, found 0x0d (RFC 9112 section 2.2)"] },
        Case { clause: "HH-3", input: b"GET / HTTP/1.0\r\n\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n\r\n", says: &["GET / HTTP/1.0 {}", "GET / HTTP/1.0 {} after 4 skipped bytes", "end after 2 skipped bytes"] },
        Case { clause: "HH-3", input: b"\nGET / HTTP/1.0\r\n\r\n",               says: &["frame at byte 0: expected CR before LF at byte 0, found 0x0a (RFC 9112 section 2.2)"] },
        Case { clause: "HH-3", input: b"\rGET / HTTP/1.0\r\n\r\n",               says: &["frame at byte 0: expected LF behind CR at byte 1, found 0x47 (RFC 9112 section 2.2)"] },
        Case { clause: "HH-3", input: b"\x00\x01\x7fGET /",                      says: &["frame at byte 0: expected the first byte of a message at byte 0, found 0x00 (RFC 9112 section 2.1)"] },
        // B1, B2: one space between the parts; any token is a method, in its case.
        Case { clause: "HH-4", input: b"get!#$ / HTTP/1.0\r\n\r\n",              says: &["get!#$ / HTTP/1.0 {}", "end"] },
        Case { clause: "HH-4", input: b"GET  / HTTP/1.0\r\n\r\n",                says: &["frame at byte 0: expected a byte of a request target at byte 4, found 0x20 (RFC 9112 section 3.2)"] },
        Case { clause: "HH-4", input: b"GET /  HTTP/1.0\r\n\r\n",                says: &["frame at byte 0: expected HTTP/1.1 and the end of the line at byte 6, found 0x20 (RFC 9112 section 2.3)"] },
        Case { clause: "HH-4", input: b"GET\t/ HTTP/1.0\r\n\r\n",                says: &["frame at byte 0: expected a method and one space at byte 3, found 0x09 (RFC 9112 section 3.1)"] },
        Case { clause: "HH-4", input: b"GET / HTTP/1.0 \r\n\r\n",                says: &["frame at byte 0: expected HTTP/1.1 and the end of the line at byte 14, found 0x20 (RFC 9112 section 2.3)"] },
        Case { clause: "HH-4", input: b"G@T / HTTP/1.0\r\n\r\n",                 says: &["frame at byte 0: expected a method and one space at byte 1, found 0x40 (RFC 9112 section 3.1)"] },
        // B8: HTTP/0.9 has no version.
        Case { clause: "HH-4", input: b"GET /\r\n",                              says: &["frame at byte 0: expected a byte of a request target at byte 5, found 0x0d (RFC 9112 section 3.2)"] },
        Case { clause: "HH-4", input: b"GET\r\n",                                says: &["frame at byte 0: expected a method and one space at byte 3, found 0x0d (RFC 9112 section 3.1)"] },
        // B3, B4: bytes of a target.
        Case { clause: "HH-5", input: b"GET /a|^{}\"<>`\\?%zz HTTP/1.0\r\n\r\n", says: &["GET /a|^{}\\\"<>`\\\\?%zz HTTP/1.0 {}", "end"] },
        Case { clause: "HH-5", input: b"GET /a b HTTP/1.0\r\n\r\n",              says: &["frame at byte 0: expected HTTP/1.1 and the end of the line at byte 7, found 0x62 (RFC 9112 section 2.3)"] },
        Case { clause: "HH-5", input: b"GET /\xc3\xa4 HTTP/1.0\r\n\r\n",         says: &["frame at byte 0: expected a byte of a request target at byte 5, found 0xc3 (RFC 9112 section 3.2)"] },
        Case { clause: "HH-5", input: b"GET /\x7f HTTP/1.0\r\n\r\n",             says: &["frame at byte 0: expected a byte of a request target at byte 5, found 0x7f (RFC 9112 section 3.2)"] },
        Case { clause: "HH-5", input: b"GET /a\0 HTTP/1.0\r\n\r\n",              says: &["frame at byte 0: expected a byte of a request target at byte 6, found 0x00 (RFC 9112 section 3.2)"] },
        Case { clause: "HH-5", input: b"GET /a#b HTTP/1.0\r\n\r\n",              says: &["frame at byte 0: expected a byte of a request target at byte 6, found 0x23 (RFC 9112 section 3.2)"] },
        // B5: the four forms.
        Case { clause: "HH-6", input: b"GET http://a/b HTTP/1.0\r\n\r\n",        says: &["GET http://a/b HTTP/1.0 {}", "end"] },
        Case { clause: "HH-6", input: b"GET urn:a HTTP/1.0\r\n\r\n",             says: &["frame at byte 0: expected a target of the form that the method asks for at byte 4, found 0x75 (RFC 9112 section 3.2)"] },
        Case { clause: "HH-6", input: b"GET ws://a?b HTTP/1.0\r\n\r\n",          says: &["GET ws://a?b HTTP/1.0 {}", "end"] },
        Case { clause: "HH-6", input: b"OPTIONS * HTTP/1.0\r\n\r\n",             says: &["OPTIONS * HTTP/1.0 {}", "end"] },
        Case { clause: "HH-6", input: b"CONNECT a:1 HTTP/1.0\r\n\r\n",           says: &["CONNECT a:1 HTTP/1.0 {}", "end"] },
        Case { clause: "HH-6", input: b"CONNECT [::1]:1 HTTP/1.0\r\n\r\n",       says: &["CONNECT [::1]:1 HTTP/1.0 {}", "end"] },
        Case { clause: "HH-6", input: b"GET * HTTP/1.0\r\n\r\n",                 says: &["frame at byte 0: expected a target of the form that the method asks for at byte 4, found 0x2a (RFC 9112 section 3.2)"] },
        Case { clause: "HH-6", input: b"GET a:1 HTTP/1.0\r\n\r\n",               says: &["frame at byte 0: expected a target of the form that the method asks for at byte 4, found 0x61 (RFC 9112 section 3.2)"] },
        Case { clause: "HH-6", input: b"GET a HTTP/1.0\r\n\r\n",                 says: &["frame at byte 0: expected a target of the form that the method asks for at byte 4, found 0x61 (RFC 9112 section 3.2)"] },
        Case { clause: "HH-6", input: b"GET ! HTTP/1.0\r\n\r\n",                 says: &["frame at byte 0: expected a target of the form that the method asks for at byte 4, found 0x21 (RFC 9112 section 3.2)"] },
        Case { clause: "HH-6", input: b"GET http:/a HTTP/1.0\r\n\r\n",           says: &["frame at byte 0: expected a target of the form that the method asks for at byte 4, found 0x68 (RFC 9112 section 3.2)"] },
        Case { clause: "HH-6", input: b"GET http:///a HTTP/1.0\r\n\r\n",         says: &["frame at byte 0: expected a target of the form that the method asks for at byte 4, found 0x68 (RFC 9112 section 3.2)"] },
        Case { clause: "HH-6", input: b"GET http://u@a/ HTTP/1.0\r\n\r\n",       says: &["frame at byte 0: expected a target of the form that the method asks for at byte 4, found 0x68 (RFC 9112 section 3.2)"] },
        Case { clause: "HH-6", input: b"CONNECT / HTTP/1.0\r\n\r\n",             says: &["frame at byte 0: expected a target of the form that the method asks for at byte 8, found 0x2f (RFC 9112 section 3.2)"] },
        Case { clause: "HH-6", input: b"CONNECT a HTTP/1.0\r\n\r\n",             says: &["frame at byte 0: expected a target of the form that the method asks for at byte 8, found 0x61 (RFC 9112 section 3.2)"] },
        // B7: versions.
        Case { clause: "HH-7", input: b"GET / HTTP/1.2\r\n\r\n",                 says: &["frame at byte 0: expected version 1.0 or 1.1 at byte 11, found 0x31 (RFC 9110 section 15.6.6)"] },
        Case { clause: "HH-7", input: b"GET / HTTP/2.0\r\n\r\n",                 says: &["frame at byte 0: expected version 1.0 or 1.1 at byte 11, found 0x32 (RFC 9110 section 15.6.6)"] },
        Case { clause: "HH-7", input: b"GET / HTTP/0.9\r\n\r\n",                 says: &["frame at byte 0: expected version 1.0 or 1.1 at byte 11, found 0x30 (RFC 9110 section 15.6.6)"] },
        Case { clause: "HH-7", input: b"GET / http/1.1\r\n\r\n",                 says: &["frame at byte 0: expected HTTP/1.1 and the end of the line at byte 6, found 0x68 (RFC 9112 section 2.3)"] },
        Case { clause: "HH-7", input: b"GET / HTTP/1.10\r\n\r\n",                says: &["frame at byte 0: expected HTTP/1.1 and the end of the line at byte 14, found 0x30 (RFC 9112 section 2.3)"] },
        Case { clause: "HH-7", input: b"GET / HTTP/1\r\n\r\n",                   says: &["frame at byte 0: expected HTTP/1.1 and the end of the line at byte 12, found 0x0d (RFC 9112 section 2.3)"] },
        Case { clause: "HH-7", input: b"PRI * HTTP/2.0\r\n",                     says: &["frame at byte 0: expected HTTP/1, not the connection preface of HTTP/2 at byte 0, found 0x50 (RFC 9113 section 3.4)"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn heads_of_responses() {
    response_heads(Rules::STRICT).table(&[
        Case { clause: "HH-1", input: b"",                                       says: &["end"] },
        Case { clause: "HH-2", input: b"HTTX",                                   says: &["frame at byte 0: expected the first byte of a message at byte 3, found 0x58 (RFC 9112 section 2.1)"] },
        Case { clause: "HH-2", input: b"ICY 200 OK\r\n",                         says: &["frame at byte 0: expected the first byte of a message at byte 0, found 0x49 (RFC 9112 section 2.1)"] },
        Case { clause: "HH-2", input: b"\x16",                                   says: &["frame at byte 0: expected a message in plain text, not a TLS handshake at byte 0, found 0x16 (RFC 9112 section 2.1)"] },
        Case { clause: "HH-3", input: b"\r\nHTTP/1.1 200 OK\r\n\r\n",            says: &["frame at byte 0: expected the first byte of a message at byte 0, found 0x0d (RFC 9112 section 2.1)"] },
        Case { clause: "HH-7", input: b"HTTP/2.0 200 OK\r\n",                    says: &["frame at byte 0: expected version 1.0 or 1.1 at byte 5, found 0x32 (RFC 9110 section 15.6.6)"] },
        Case { clause: "HH-7", input: b"HTTP/1.0 200 OK\r\n\r\n",                says: &["HTTP/1.0 200 OK {}", "end"] },
        // B9: the status line.
        Case { clause: "HH-8", input: b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nHTTP/1.1 404 \r\n\r\n", says: &["HTTP/1.1 200 OK {A=b}", "HTTP/1.1 404  {}", "end"] },
        Case { clause: "HH-8", input: b"HTTP/1.1 999\r\n\r\n",                   says: &["HTTP/1.1 999  {}", "end"] },
        Case { clause: "HH-8", input: b"HTTP/1.1 200 a\tb \xff\r\n\r\n",         says: &["HTTP/1.1 200 a\\tb \\xff {}", "end"] },
        Case { clause: "HH-8", input: b"HTTP/1.1 099 A\r\n\r\n",                 says: &["frame at byte 0: expected a status of three digits at byte 9, found 0x30 (RFC 9112 section 4)"] },
        Case { clause: "HH-8", input: b"HTTP/1.1 20\r\n\r\n",                    says: &["frame at byte 0: expected a status of three digits at byte 11, found 0x0d (RFC 9112 section 4)"] },
        Case { clause: "HH-8", input: b"HTTP/1.1 2\n",                           says: &["frame at byte 0: expected a status of three digits at byte 10, found 0x0a (RFC 9112 section 4)"] },
        Case { clause: "HH-8", input: b"HTTP/1.1 2000 OK\r\n\r\n",               says: &["frame at byte 0: expected a status of three digits at byte 12, found 0x30 (RFC 9112 section 4)"] },
        Case { clause: "HH-8", input: b"HTTP/1.1  200 OK\r\n\r\n",               says: &["frame at byte 0: expected a status of three digits at byte 9, found 0x20 (RFC 9112 section 4)"] },
        Case { clause: "HH-8", input: b"HTTP/1.1\r\n\r\n",                       says: &["frame at byte 0: expected a status of three digits at byte 8, found 0x0d (RFC 9112 section 4)"] },
        Case { clause: "HH-8", input: b"HTTP/1.1 200 O\0K\r\n\r\n",              says: &["frame at byte 0: expected a byte of a reason phrase at byte 14, found 0x00 (RFC 9112 section 4)"] },
        Case { clause: "HH-8", input: b"HTTP/1.1 200 O\rK\r\n\r\n",              says: &["frame at byte 0: expected LF behind CR at byte 15, found 0x4b (RFC 9112 section 2.2)"] },
        Case { clause: "HH-8", input: b"HTTP/1.1 200 OK\n\n",                    says: &["frame at byte 0: expected CR before LF at byte 15, found 0x0a (RFC 9112 section 2.2)"] },
        Case { clause: "HH-9", input: &ok("X: a\r\n b\r\n"),                     says: &["frame at byte 0: expected a field and no folded line at byte 23, found 0x20 (RFC 9112 section 5.2)"] },
        Case { clause: "HH-10", input: &ok("X : a\r\n"),                         says: &["frame at byte 0: expected ':' right behind the field name at byte 18, found 0x20 (RFC 9112 section 5.1)"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn fields() {
    request_heads(Rules::STRICT).table(&[
        // A4, A6: whitespace where a field begins.
        Case { clause: "HH-9", input: b"GET / HTTP/1.0\r\n X: y\r\n\r\n",        says: &["frame at byte 0: expected a field and no whitespace before it at byte 16, found 0x20 (RFC 9112 section 2.2)"] },
        Case { clause: "HH-9", input: b"GET / HTTP/1.0\r\n \r\n\r\n",            says: &["frame at byte 0: expected a field and no whitespace before it at byte 16, found 0x20 (RFC 9112 section 2.2)"] },
        Case { clause: "HH-9", input: &get("X: y\r\n Content-Length: 5\r\n"),    says: &["frame at byte 0: expected a field and no folded line at byte 31, found 0x20 (RFC 9112 section 5.2)"] },
        Case { clause: "HH-9", input: &get("Transfer-Encoding: chunked\r\n\t, identity\r\n"), says: &["frame at byte 0: expected a field and no folded line at byte 53, found 0x09 (RFC 9112 section 5.2)"] },
        // A5, A7: names.
        Case { clause: "HH-10", input: &get("Content-Length : 5\r\n"),           says: &["frame at byte 0: expected ':' right behind the field name at byte 39, found 0x20 (RFC 9112 section 5.1)"] },
        Case { clause: "HH-10", input: &get("Transfer-Encoding\t: chunked\r\n"), says: &["frame at byte 0: expected ':' right behind the field name at byte 42, found 0x09 (RFC 9112 section 5.1)"] },
        Case { clause: "HH-10", input: &get(": x\r\n"),                          says: &["frame at byte 0: expected a field name and ':' at byte 25, found 0x3a (RFC 9110 section 5.1)"] },
        Case { clause: "HH-10", input: &get("X\r\n"),                            says: &["frame at byte 0: expected a field name and ':' at byte 26, found 0x0d (RFC 9110 section 5.1)"] },
        Case { clause: "HH-10", input: &get("Content-Length 5\r\n"),             says: &["frame at byte 0: expected ':' right behind the field name at byte 39, found 0x20 (RFC 9112 section 5.1)"] },
        Case { clause: "HH-10", input: &get("X(y: z\r\n"),                       says: &["frame at byte 0: expected a field name and ':' at byte 26, found 0x28 (RFC 9110 section 5.1)"] },
        Case { clause: "HH-10", input: &get("\x01: z\r\n"),                      says: &["frame at byte 0: expected a field name and ':' at byte 25, found 0x01 (RFC 9110 section 5.1)"] },
        Case { clause: "HH-10", input: &get("a_b.c!#$%&'*+-^`|~0: z\r\n"),       says: &["GET / HTTP/1.1 {Host=a, a_b.c!#$%&\\'*+-^`|~0=z}", "end"] },
        // A8, A9: values.
        Case { clause: "HH-11", input: &get("X:\r\nY: \t \r\nZ:\t a\tb \t\r\n"), says: &["GET / HTTP/1.1 {Host=a, X=, Y=, Z=a\\tb}", "end"] },
        Case { clause: "HH-11", input: b"GET / HTTP/1.0\r\nX: \x85\xa0\xff\r\n\r\n", says: &["GET / HTTP/1.0 {X=\\x85\\xa0\\xff}", "end"] },
        Case { clause: "HH-11", input: &get("X: a\0b\r\n"),                      says: &["frame at byte 0: expected a byte of a field value at byte 29, found 0x00 (RFC 9110 section 5.5)"] },
        Case { clause: "HH-11", input: &get("X: a\x7f\r\n"),                     says: &["frame at byte 0: expected a byte of a field value at byte 29, found 0x7f (RFC 9110 section 5.5)"] },
        Case { clause: "HH-11", input: &get("Transfer-Encoding:\x0bchunked\r\n"), says: &["frame at byte 0: expected a byte of a field value at byte 43, found 0x0b (RFC 9110 section 5.5)"] },
        // B10: Host.
        Case { clause: "HH-12", input: b"GET / HTTP/1.1\r\n\r\n",                says: &["frame at byte 0: expected a Host field at byte 18 (RFC 9112 section 3.2)"] },
        Case { clause: "HH-12", input: &get("HOST: b\r\n"),                      says: &["frame at byte 0: expected only one Host field at byte 31 (RFC 9112 section 3.2)"] },
        Case { clause: "HH-12", input: b"GET / HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n", says: &["frame at byte 0: expected only one Host field at byte 31 (RFC 9112 section 3.2)"] },
        Case { clause: "HH-12", input: b"GET / HTTP/1.1\r\nHost:\r\n\r\n",       says: &["frame at byte 0: expected a host and perhaps a port at byte 21 (RFC 9112 section 3.2)"] },
        Case { clause: "HH-12", input: b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",   says: &["frame at byte 0: expected a host and perhaps a port at byte 22, found 0x61 (RFC 9112 section 3.2)"] },
        Case { clause: "HH-12", input: b"GET / HTTP/1.1\r\nHost: a,b@c\r\n\r\n", says: &["frame at byte 0: expected a host and perhaps a port at byte 22, found 0x61 (RFC 9112 section 3.2)"] },
        Case { clause: "HH-12", input: b"GET / HTTP/1.1\r\nHost: a:x\r\n\r\n",   says: &["frame at byte 0: expected a host and perhaps a port at byte 22, found 0x61 (RFC 9112 section 3.2)"] },
        Case { clause: "HH-12", input: b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", says: &["GET / HTTP/1.1 {Host=[::1]:80}", "end"] },
        Case { clause: "HH-12", input: b"GET / HTTP/1.1\r\nHost: [1:2::1.2.3.4]\r\n\r\n", says: &["GET / HTTP/1.1 {Host=[1:2::1.2.3.4]}", "end"] },
        Case { clause: "HH-12", input: b"GET / HTTP/1.1\r\nHost: [a]\r\n\r\n",   says: &["frame at byte 0: expected a host and perhaps a port at byte 22, found 0x5b (RFC 9112 section 3.2)"] },
        Case { clause: "HH-12", input: b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",  says: &["frame at byte 0: expected a host and perhaps a port at byte 22, found 0x5b (RFC 9112 section 3.2)"] },
        Case { clause: "HH-12", input: b"GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n", says: &["frame at byte 0: expected a host and perhaps a port at byte 22, found 0x5b (RFC 9112 section 3.2)"] },
        Case { clause: "HH-12", input: b"GET / HTTP/1.1\r\nHost: a%2fb:\r\n\r\n", says: &["GET / HTTP/1.1 {Host=a%2fb:}", "end"] },
        Case { clause: "HH-12", input: b"GET / HTTP/1.1\r\nHost: a%2\r\n\r\n",   says: &["frame at byte 0: expected a host and perhaps a port at byte 22, found 0x61 (RFC 9112 section 3.2)"] },
        // Nothing behind the line counts, nor what has not arrived.
        Case { clause: "HH-15", input: b"GET / HTTP/1.1\r\nX y\r\n",             says: &["frame at byte 0: expected ':' right behind the field name at byte 17, found 0x20 (RFC 9112 section 5.1)"] },
        Case { clause: "HH-15", input: b"GET / HTTP/1.1\r\nX y\r",               says: &["frame at byte 0: the stream ended 20 bytes into the frame"] },
    ]);
}

#[test]
fn hh_13_a_head_is_lent_as_it_came() {
    let input = b"GET /x HTTP/1.1\r\nhOsT: a\r\nB: 1\r\nA:  2 \r\nB: 3\r\n\r\n";
    for chunk in 1..=input.len() {
        let mut engine = Engine::new(RequestHeads::strict());
        let mut seen = 0;
        for chunk in input.chunks(chunk) {
            let mut frames = engine.feed(chunk).unwrap();
            while let Step::Frame(head, _) = frames.next_frame().unwrap() {
                assert_eq!(head.as_bytes(), input);
                let mut written = b"GET /x HTTP/1.1\r\n".to_vec();
                for field in head.fields() {
                    assert_eq!((&input[field.name_span.clone()], &input[field.value_span.clone()]), (field.name, field.value));
                    let line = &input[field.name_span.start..];
                    written.extend(&line[..=line.iter().position(|byte| *byte == b'\n').unwrap()]);
                }
                assert_eq!([&written[..], b"\r\n"].concat(), input);
                seen += 1;
            }
        }
        assert_eq!(seen, 1);
    }
}

#[test]
fn hh_14_fields_are_found_by_name_and_lists_taken_apart() {
    let input = get("Accept: a , \"b,c\" ,,\r\nX: 1\r\naccept:\r\nACCEPT: d;q=\"\\\",\",e\r\n");
    let message = parse_request(&input, &Rules::STRICT).unwrap();
    let head = message.head();
    let fields = head.fields();
    assert_eq!(fields.get("x"), Some(&b"1"[..]));
    assert_eq!((fields.get("y"), fields.len(), fields.is_empty()), (None, 5, false));
    assert_eq!(fields.all("Accept").count(), 3);
    assert_eq!(fields.list("accept").collect::<Vec<_>>(), [&b"a"[..], b"\"b,c\"", b"d;q=\"\\\",\"", b"e"]);
    assert!(fields.has_token("accept", "E") && !fields.has_token("accept", "b"));
    assert_eq!(List::new(b",, ,").next(), None);
    assert_eq!(List::new(b"\"a, b").collect::<Vec<_>>(), [b"\"a, b"]);
}

#[test]
fn hh_16_a_head_that_arrives_slowly_is_not_read_from_the_start() {
    let head = |n: usize| get(&"Accept-Language: de-DE,de;q=0.9,en;q=0.8\r\n".repeat(40 * n));
    let one_field = |n: usize| get(&format!("X: {}\r\n", "y".repeat(2000 * n)));
    for chunk in [1, 7, 64] {
        request_heads(Rules::STRICT).check_linear(chunk, head);
        request_heads(Rules::STRICT).check_linear(chunk, one_field);
    }
}

/// However little is allowed, what is beyond it is not looked at: the result is the same byte by byte.
#[test]
fn hl_1_bytes_beyond_the_limit_of_a_head_are_not_judged() {
    for max_head in 0..6 {
        let rules = Rules::new(Limits { max_head, ..Limits::DEFAULT });
        for stream in [&b"HTP/1.1 200\r\n\r\n"[..], b"HTTP/1.1 200\r\n\r\n", b"HTTPx", b"\x16\x03", b"G", b"GE T"] {
            let said = response_heads(rules).check(stream).lines();
            assert!(said.len() == 1 && said[0].starts_with("frame at byte 0: "), "{said:?}");
            request_heads(rules).check(stream);
        }
    }
}

#[test]
fn hh_14_values_of_folded_fields_are_found_by_name() {
    let rules = Rules::STRICT.allow(Leniency::ObsFoldInResponses);
    let stream = ok("A: 1\r\n a\r\nB: 2\r\nC: 3\r\n\tc\r\n cc\r\na: 4\r\n a\r\n");
    let message = parse_response(&stream, Answers::Other, &rules).unwrap();
    let head = message.head();
    let fields = head.fields();
    assert_eq!(fields.all("a").collect::<Vec<_>>(), [&b"1 a"[..], b"4 a"]);
    assert_eq!((fields.get("b"), fields.get("c")), (Some(&b"2"[..]), Some(&b"3 c cc"[..])));
    assert_eq!(fields.iter().map(|field| field.name_str()).collect::<Vec<_>>(), ["A", "B", "C", "a"]);
}

/// Reads a head by an engine: what it says, nothing while it has not arrived, or why it is refused.
fn by_engine(bytes: &[u8], rules: Rules) -> Result<Option<String>, String> {
    let mut engine = Engine::new(RequestHeads::new(rules));
    let mut frames = engine.feed(bytes).unwrap();
    match frames.next_frame() {
        Ok(Step::Frame(head, place)) => Ok(Some(format!("{} {head:?}", place.len))),
        Ok(_) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn hh_21_a_slice_is_read_as_a_decoder_reads_it() {
    let small =
        Rules::new(Limits { max_head: 50, max_method: 6, max_target: 12, max_name: 14, max_value: 12, max_fields: 3, ..Limits::DEFAULT });
    let lenient = Rules::STRICT.allow(Leniency::EmptyHost).allow(Leniency::FragmentInTarget).demand(Demand::Rfc3986Target);
    let heads = [
        get(""),
        get("X: y\r\nContent-Length: 3\r\n"),
        b"POST /0123456789 HTTP/1.0\r\nNames-of-1:\tand\tvalues \r\nX:\r\n\r\n".to_vec(),
        b"OPTIONS * HTTP/1.1\r\nA: a\r\nhost: [::1]:80\r\nTransfer-Encoding: chunked\r\n\r\n5".to_vec(),
    ];
    let mut random = Random(5);
    let mut index = Index::<Request>::default();
    let mut outcomes = [0; 3];
    for number in 0..20_000 {
        let bytes = mutate(&heads[number % heads.len()], &mut random);
        if bytes.first() == Some(&b'\r') {
            continue; // an empty line is stepped over by a decoder, and is no head of a slice
        }
        for rules in [Rules::STRICT, small, lenient] {
            let read = index.parse(&bytes, &rules);
            let read = read.map(|head| head.map(|head| format!("{} {head:?}", head.as_bytes().len()))).map_err(|error| error.to_string());
            assert_eq!(read, by_engine(&bytes, rules), "{}", text(&bytes));
            outcomes[match read {
                Ok(Some(_)) => 0,
                Ok(None) => 1,
                Err(_) => 2,
            }] += 1;
        }
    }
    assert!(outcomes.iter().all(|count| *count > 1000), "{outcomes:?}");
}

#[test]
fn hh_17_the_authority_is_that_of_the_target() {
    let authority = |line: &str, host: &str| {
        let input = format!("{line} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let message = parse_request(input.as_bytes(), &Rules::STRICT).unwrap();
        let head = message.head();
        (head.form(), String::from_utf8(head.authority().unwrap().to_vec()).unwrap())
    };
    assert_eq!(authority("GET /", "a:80"), (TargetForm::Origin, "a:80".to_owned()));
    assert_eq!(authority("OPTIONS *", "a"), (TargetForm::Asterisk, "a".to_owned()));
    assert_eq!(authority("GET http://b:8/x", "a"), (TargetForm::Absolute, "b:8".to_owned()));
    assert_eq!(authority("CONNECT c:443", "a"), (TargetForm::Authority, "c:443".to_owned()));
}

#[test]
fn hh_18_a_bad_head_ends_the_stream() {
    let mut engine = Engine::new(ResponseHeads::strict());
    let mut frames = engine.feed(b"HTTP/1.1 200 OK\r\nX y\r\n\r\nHTTP/1.1 200 OK\r\n\r\n").unwrap();
    let error = frames.next_frame().unwrap_err();
    assert!(error.is_fatal());
    assert_eq!(frames.next_frame().unwrap_err(), error);
}
