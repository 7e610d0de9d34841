//! Whole messages of one direction.

use framewright::http1::{Answers, Rules, parse_request, parse_response};
use framewright::testkit::{Case, text};

use super::{get, requests, responses};

#[rustfmt::skip]
#[test]
fn requests_one_behind_the_other() {
    requests(Rules::STRICT).table(&[
        Case { clause: "HM-1", input: b"",                                       says: &["end"] },
        Case { clause: "HM-1", input: &get(""),                                  says: &["GET / HTTP/1.1 {Host=a} None;", "end {}", "end"] },
        Case { clause: "HM-1", input: &[get("Content-Length: 3\r\n"), b"abc".to_vec(), get("")].concat(), says: &["GET / HTTP/1.1 {Host=a, Content-Length=3} Length(3);abc", "end {}", "GET / HTTP/1.1 {Host=a} None;", "end {}", "end"] },
        Case { clause: "HM-1", input: &[get("Transfer-Encoding: chunked\r\n"), b"3\r\nabc\r\n0\r\nX: y\r\n\r\n\r\n".to_vec(), get("")].concat(), says: &["GET / HTTP/1.1 {Host=a, Transfer-Encoding=chunked} Chunked;abc", "end {X=y}", "GET / HTTP/1.1 {Host=a} None; after 2 skipped bytes", "end {}", "end"] },
        // A body that looks like a request.
        Case { clause: "HM-1", input: &[get("Content-Length: 18\r\n"), b"GET / HTTP/1.0\r\n\r\n".to_vec()].concat(), says: &["GET / HTTP/1.1 {Host=a, Content-Length=18} Length(18);GET / HTTP/1.0\\r\\n\\r\\n", "end {}", "end"] },
        Case { clause: "HM-2", input: &get("Content-Length: 3\r\n"),             says: &["GET / HTTP/1.1 {Host=a, Content-Length=3} Length(3);", "frame at byte 46: the stream ended 0 bytes into the frame"] },
        Case { clause: "HM-2", input: &[get("Transfer-Encoding: chunked\r\n"), b"3\r\nabc\r\n".to_vec()].concat(), says: &["GET / HTTP/1.1 {Host=a, Transfer-Encoding=chunked} Chunked;abc", "frame at byte 61: the stream ended 2 bytes into the frame"] },
        // Faults are final, wherever they are.
        Case { clause: "HM-3", input: &[get("Transfer-Encoding: chunked\r\n"), b"5;\n".to_vec(), get("")].concat(), says: &["GET / HTTP/1.1 {Host=a, Transfer-Encoding=chunked} Chunked;", "frame at byte 55: expected CR before LF at byte 2, found 0x0a (RFC 9112 section 2.2)"] },
        Case { clause: "HM-3", input: &[get(""), get("X\r\n"), get("")].concat(), says: &["GET / HTTP/1.1 {Host=a} None;", "end {}", "frame at byte 27: expected a field name and ':' at byte 26, found 0x0d (RFC 9110 section 5.1)"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn responses_one_behind_the_other() {
    responses(Rules::STRICT, Answers::Other).table(&[
        Case { clause: "HM-1", input: b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 204 N\r\n\r\n", says: &["HTTP/1.1 100 C {} None;", "end {}", "HTTP/1.1 200 OK {Content-Length=2} Length(2);ok", "end {}", "HTTP/1.1 204 N {} None;", "end {}", "end"] },
        Case { clause: "HM-4", input: b"HTTP/1.1 200 OK\r\n\r\nall that comes", says: &["HTTP/1.1 200 OK {} UntilClose;all that comes", "end {}", "end"] },
        Case { clause: "HM-4", input: b"HTTP/1.1 200 OK\r\n\r\n",               says: &["HTTP/1.1 200 OK {} UntilClose;", "end {}", "end"] },
        Case { clause: "HM-5", input: b"HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n\x01\x02", says: &["HTTP/1.1 101 S {Upgrade=x} Tunnel;", "end", "unread: \\x01\\x02"] },
    ]);
    responses(Rules::STRICT, Answers::Head).table(&[
        Case { clause: "HM-1", input: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nHTTP/1.1 304 N\r\n\r\n", says: &["HTTP/1.1 200 OK {Content-Length=2} None;", "end {}", "HTTP/1.1 304 N {} None;", "end {}", "end"] },
    ]);
    responses(Rules::STRICT, Answers::Connect).table(&[
        Case { clause: "HM-5", input: b"HTTP/1.1 200 OK\r\n\r\nGET",             says: &["HTTP/1.1 200 OK {} Tunnel;", "end", "unread: GET"] },
    ]);
}

#[test]
fn hm_6_a_parse_gives_what_a_stream_gives() {
    let chunked = [&get("Transfer-Encoding: chunked\r\n")[..], b"3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\nrest"].concat();
    let message = parse_request(&chunked, &Rules::STRICT).unwrap();
    assert_eq!((text(&message.body), text(message.rest())), ("abcde".to_owned(), "rest".to_owned()));
    assert_eq!(message.trailers().get("x"), Some(&b"y"[..]));
    for len in 0..chunked.len() - 4 {
        let error = parse_request(&chunked[..len], &Rules::STRICT).unwrap_err();
        assert!(matches!(error.cause, framewright::ErrorCause::Truncated { .. }), "{len}: {error}");
    }
    let leading = [b"\r\n\r\n", &get("Content-Length: 1\r\n")[..], b"a"].concat();
    let message = parse_request(&leading, &Rules::STRICT).unwrap();
    assert_eq!((message.head().fields().len(), &message.body[..], message.rest()), (2, &b"a"[..], &b""[..]));
    let message = parse_response(b"HTTP/1.1 101 A\r\n\r\nabc", Answers::Other, &Rules::STRICT).unwrap();
    assert_eq!((message.body.len(), message.rest()), (0, &b"abc"[..]));
    let error = parse_request(b"", &Rules::STRICT).unwrap_err();
    assert_eq!(error.to_string(), "frame at byte 0: the stream ended 0 bytes into the frame");
    let error = parse_request(b"\r\nGET /\r\n", &Rules::STRICT).unwrap_err();
    assert_eq!(error.to_string(), "frame at byte 2: expected a byte of a request target at byte 5, found 0x0d (RFC 9112 section 3.2)");
}
