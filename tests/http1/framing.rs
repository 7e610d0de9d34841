//! How bodies are framed: rows C of the table of what peers do.

use framewright::http1::{Answers, Fault, Framing, Leniency, Rules, parse_request, parse_response};
use framewright::testkit::Case;

use super::{requests, responses, show_framing};

const TE: &str = "Transfer-Encoding: ";
const CL: &str = "Content-Length: ";

/// What is decided, or the rule that is broken.
fn said(framing: Result<Framing, Fault>) -> String {
    framing.map_or_else(|fault| format!("{:?}", fault.rule), show_framing)
}

/// Decides for a request whose fields are these, by a parse of the head alone.
fn of_request(line: &str, fields: &str, rules: Rules) -> String {
    let input = format!("{line}\r\nHost: a\r\n{fields}\r\n");
    let mut engine = framewright::Engine::new(framewright::http1::RequestHeads::new(rules));
    let mut frames = engine.feed(input.as_bytes()).unwrap();
    let framewright::Step::Frame(head, _) = frames.next_frame().unwrap() else { panic!("{input:?}") };
    said(head.framing(&rules))
}

fn of_response(line: &str, fields: &str, answers: Answers, rules: Rules) -> String {
    let input = format!("{line}\r\n{fields}\r\n");
    let mut engine = framewright::Engine::new(framewright::http1::ResponseHeads::new(rules));
    let mut frames = engine.feed(input.as_bytes()).unwrap();
    let framewright::Step::Frame(head, _) = frames.next_frame().unwrap() else { panic!("{input:?}") };
    said(head.framing(answers, &rules))
}

struct Row {
    clause: &'static str,
    line: &'static str,
    fields: &'static [(&'static str, &'static str)],
    says: &'static str,
}

fn lines(fields: &[(&str, &str)]) -> String {
    fields.iter().flat_map(|(name, value)| [*name, *value, "\r\n"]).collect()
}

const POST: &str = "POST / HTTP/1.1";
const OK: &str = "HTTP/1.1 200 OK";

#[rustfmt::skip]
const REQUESTS: &[Row] = &[
    Row { clause: "HF-1", line: POST, fields: &[],                                       says: "None" },
    Row { clause: "HF-1", line: "GET / HTTP/1.0", fields: &[],                           says: "None" },
    // C17: whatever the method.
    Row { clause: "HF-1", line: "HEAD / HTTP/1.1", fields: &[(CL, "3")],                 says: "Length(3)" },
    Row { clause: "HF-1", line: "DELETE / HTTP/1.1", fields: &[(TE, "chunked")],         says: "Chunked" },
    // C1.
    Row { clause: "HF-2", line: POST, fields: &[(CL, "5"), (TE, "chunked")],             says: "BothLengths" },
    Row { clause: "HF-2", line: POST, fields: &[(TE, "chunked"), (CL, "5")],             says: "BothLengths" },
    Row { clause: "HF-2", line: "POST / HTTP/1.0", fields: &[(TE, "chunked"), (CL, "5")], says: "BothLengths" },
    Row { clause: "HF-2", line: POST, fields: &[(TE, "xchunked"), (CL, "5")],            says: "BothLengths" },
    // C3, C4.
    Row { clause: "HF-3", line: POST, fields: &[(CL, "3"), (CL, "3")],                   says: "ManyLengths" },
    Row { clause: "HF-3", line: POST, fields: &[(CL, "3"), (CL, "4")],                   says: "ManyLengths" },
    Row { clause: "HF-3", line: POST, fields: &[(CL, ""), (CL, "4")],                    says: "ManyLengths" },
    Row { clause: "HF-3", line: POST, fields: &[(CL, "3, 3")],                           says: "BadLength" },
    // C5, C6, C7.
    Row { clause: "HF-4", line: POST, fields: &[(CL, "0")],                              says: "None" },
    Row { clause: "HF-4", line: POST, fields: &[("cONTENT-lENGTH:", "003")],             says: "Length(3)" },
    Row { clause: "HF-4", line: POST, fields: &[(CL, "+3")],                             says: "BadLength" },
    Row { clause: "HF-4", line: POST, fields: &[(CL, "-3")],                             says: "BadLength" },
    Row { clause: "HF-4", line: POST, fields: &[(CL, "0x10")],                           says: "BadLength" },
    Row { clause: "HF-4", line: POST, fields: &[(CL, "1_0")],                            says: "BadLength" },
    Row { clause: "HF-4", line: POST, fields: &[(CL, "3 0")],                            says: "BadLength" },
    Row { clause: "HF-4", line: POST, fields: &[(CL, "")],                               says: "BadLength" },
    Row { clause: "HF-4", line: POST, fields: &[(CL, "3,")],                             says: "BadLength" },
    Row { clause: "HF-4", line: POST, fields: &[(CL, "9223372036854775807")],            says: "Length(9223372036854775807)" },
    Row { clause: "HF-4", line: POST, fields: &[(CL, "9223372036854775808")],            says: "BadLength" },
    Row { clause: "HF-4", line: POST, fields: &[(CL, "18446744073709551616")],           says: "BadLength" },
    Row { clause: "HF-4", line: POST, fields: &[(CL, "18446744073709551619")],           says: "BadLength" },
    // C8, C9.
    Row { clause: "HF-5", line: POST, fields: &[(TE, "chunked")],                        says: "Chunked" },
    Row { clause: "HF-5", line: POST, fields: &[("transfer-encoding:", "\tCHUNKED ")],   says: "Chunked" },
    Row { clause: "HF-5", line: POST, fields: &[(TE, "chunked"), (TE, "x")],             says: "ManyTransferEncodings" },
    Row { clause: "HF-5", line: POST, fields: &[(TE, "chunked"), (TE, "chunked")],       says: "ManyTransferEncodings" },
    Row { clause: "HF-5", line: POST, fields: &[(TE, "")],                               says: "BadTransferEncoding" },
    Row { clause: "HF-5", line: POST, fields: &[(TE, ",chunked")],                       says: "BadTransferEncoding" },
    Row { clause: "HF-5", line: POST, fields: &[(TE, "chunked,")],                       says: "BadTransferEncoding" },
    Row { clause: "HF-5", line: POST, fields: &[(TE, "chunked, chunked")],               says: "BadTransferEncoding" },
    Row { clause: "HF-5", line: POST, fields: &[(TE, "chunked,gzip")],                   says: "BadTransferEncoding" },
    Row { clause: "HF-5", line: POST, fields: &[(TE, "chunked, identity")],              says: "BadTransferEncoding" },
    Row { clause: "HF-5", line: POST, fields: &[(TE, "chunked;q=1")],                    says: "BadTransferEncoding" },
    Row { clause: "HF-5", line: POST, fields: &[(TE, "\"chunked\"")],                    says: "BadTransferEncoding" },
    Row { clause: "HF-5", line: POST, fields: &[(TE, "gzip, chunked")],                  says: "UnknownCoding" },
    Row { clause: "HF-5", line: POST, fields: &[(TE, "gzip")],                           says: "BadTransferEncoding" },
    Row { clause: "HF-5", line: POST, fields: &[(TE, "identity")],                       says: "BadTransferEncoding" },
    Row { clause: "HF-5", line: POST, fields: &[(TE, "xchunked")],                       says: "BadTransferEncoding" },
    Row { clause: "HF-5", line: POST, fields: &[(TE, "chunkedchunked")],                 says: "BadTransferEncoding" },
    Row { clause: "HF-5", line: POST, fields: &[("transfer_encoding:", "chunked")],      says: "None" },
    // C10.
    Row { clause: "HF-6", line: "POST / HTTP/1.0", fields: &[(TE, "chunked")],           says: "TransferEncodingIn10" },
    Row { clause: "HF-6", line: "GET / HTTP/1.0", fields: &[(TE, "x")],                  says: "TransferEncodingIn10" },
    // C14.
    Row { clause: "HF-7", line: "CONNECT a:1 HTTP/1.1", fields: &[],                     says: "None" },
    Row { clause: "HF-7", line: "CONNECT a:1 HTTP/1.1", fields: &[(CL, "0")],            says: "ConnectWithBody" },
    Row { clause: "HF-7", line: "CONNECT a:1 HTTP/1.1", fields: &[(TE, "chunked")],      says: "ConnectWithBody" },
];

#[rustfmt::skip]
const RESPONSES: &[Row] = &[
    // C15.
    Row { clause: "HF-8", line: OK, fields: &[],                                         says: "UntilClose" },
    Row { clause: "HF-8", line: OK, fields: &[(CL, "3")],                                says: "Length(3)" },
    Row { clause: "HF-8", line: OK, fields: &[(TE, "chunked")],                          says: "Chunked" },
    Row { clause: "HF-8", line: "HTTP/1.0 200 OK", fields: &[(CL, "0")],                 says: "None" },
    Row { clause: "HF-2", line: OK, fields: &[(TE, "chunked"), (CL, "5")],               says: "BothLengths" },
    Row { clause: "HF-3", line: OK, fields: &[(CL, "5"), (CL, "5")],                     says: "ManyLengths" },
    Row { clause: "HF-4", line: OK, fields: &[(CL, "-48")],                              says: "BadLength" },
    Row { clause: "HF-6", line: "HTTP/1.0 200 OK", fields: &[(TE, "chunked")],           says: "TransferEncodingIn10" },
    // C11.
    Row { clause: "HF-9", line: OK, fields: &[(TE, "gzip")],                             says: "UntilClose coded" },
    Row { clause: "HF-9", line: OK, fields: &[(TE, "gzip;x=1, x")],                      says: "UntilClose coded" },
    Row { clause: "HF-9", line: OK, fields: &[(TE, "gzip ; a=b;c=d")],                   says: "UntilClose coded" },
    Row { clause: "HF-9", line: OK, fields: &[(TE, "gzip chunked")],                     says: "BadTransferEncoding" },
    Row { clause: "HF-9", line: OK, fields: &[(TE, "gzip;chunked")],                     says: "BadTransferEncoding" },
    Row { clause: "HF-9", line: OK, fields: &[(TE, "gzip;a=\"b\"")],                     says: "BadTransferEncoding" },
    Row { clause: "HF-9", line: OK, fields: &[(TE, "gzip;a=b c")],                       says: "BadTransferEncoding" },
    Row { clause: "HF-9", line: OK, fields: &[(TE, "gzip;")],                            says: "BadTransferEncoding" },
    Row { clause: "HF-9", line: OK, fields: &[(TE, "chunked, x")],                       says: "BadTransferEncoding" },
    Row { clause: "HF-9", line: OK, fields: &[(TE, "gzip, chunked")],                    says: "UnknownCoding" },
    Row { clause: "HF-9", line: OK, fields: &[(TE, "")],                                 says: "BadTransferEncoding" },
    // C13.
    Row { clause: "HF-10", line: "HTTP/1.1 204 A", fields: &[],                          says: "None" },
    Row { clause: "HF-10", line: "HTTP/1.1 204 A", fields: &[(CL, "3")],                 says: "None suspicious" },
    Row { clause: "HF-10", line: "HTTP/1.1 100 A", fields: &[(TE, "chunked"), (CL, "x")], says: "None suspicious" },
    Row { clause: "HF-10", line: "HTTP/1.1 304 A", fields: &[(CL, "3")],                 says: "None" },
    Row { clause: "HF-10", line: "HTTP/1.1 101 A", fields: &[],                          says: "Tunnel" },
];

#[test]
fn requests_by_row() {
    for row in REQUESTS {
        let found = of_request(row.line, &lines(row.fields), Rules::STRICT);
        assert_eq!(found, row.says, "{}: {} {:?}", row.clause, row.line, row.fields);
    }
}

#[test]
fn responses_by_row() {
    for row in RESPONSES {
        let found = of_response(row.line, &lines(row.fields), Answers::Other, Rules::STRICT);
        assert_eq!(found, row.says, "{}: {} {:?}", row.clause, row.line, row.fields);
    }
}

#[test]
fn hf_10_what_a_response_answers_decides() {
    let cl = format!("{CL}3\r\n");
    for (answers, line, says) in [
        (Answers::method("HEAD"), OK, "None"),
        (Answers::method("GET"), OK, "Length(3)"),
        (Answers::method("head"), OK, "Length(3)"),
        (Answers::method("CONNECT"), OK, "Tunnel suspicious"),
        (Answers::method("CONNECT"), "HTTP/1.1 204 A", "Tunnel suspicious"),
        (Answers::method("CONNECT"), "HTTP/1.1 404 A", "Length(3)"),
        (Answers::method("CONNECT"), "HTTP/1.1 100 A", "None suspicious"),
    ] {
        assert_eq!(of_response(line, &cl, answers, Rules::STRICT), says, "{answers:?} {line}");
    }
    assert_eq!(of_response(OK, "", Answers::Connect, Rules::STRICT), "Tunnel");
}

#[test]
fn hf_11_a_fault_of_framing_ends_the_stream_behind_no_head() {
    let both = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let says = "frame at byte 0: expected either Transfer-Encoding or Content-Length at byte 75 (RFC 9112 section 6.3)";
    requests(Rules::STRICT).table(&[Case { clause: "HF-11", input: both, says: &[says] }]);
    assert_eq!(parse_request(both, &Rules::STRICT).unwrap_err().to_string(), says);
    let sign = b"HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc";
    let says = "frame at byte 0: expected a length in digits, below 2^63 at byte 33, found 0x2b (RFC 9110 section 8.6)";
    responses(Rules::STRICT, Answers::Other).table(&[Case { clause: "HF-11", input: sign, says: &[says] }]);
    assert_eq!(parse_response(sign, Answers::Other, &Rules::STRICT).unwrap_err().to_string(), says);
}

#[test]
fn hf_12_leniencies_of_framing() {
    let equal = Rules::STRICT.allow(Leniency::IdenticalContentLengths);
    for (fields, says) in [
        (&[(CL, "3"), (CL, "3")][..], "Length(3)"),
        (&[(CL, "3, 3")], "Length(3)"),
        (&[(CL, "3, 03"), (CL, "3")], "Length(3)"),
        (&[(CL, "3, 4")], "ManyLengths"),
        (&[(CL, "3"), (CL, "4")], "ManyLengths"),
        (&[(CL, "3,")], "BadLength"),
        (&[(CL, "3"), (CL, "")], "BadLength"),
        (&[(CL, "3"), (CL, "3"), (TE, "chunked")], "BothLengths"),
    ] {
        assert_eq!(of_request(POST, &lines(fields), equal), says, "{fields:?}");
        assert_eq!(of_response(OK, &lines(fields), Answers::Other, equal), says, "{fields:?}");
    }
    let wrong = parse_request(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, \t4\r\n\r\n", &equal).unwrap_err();
    assert_eq!(wrong.to_string(), "frame at byte 0: expected only one Content-Length at byte 45, found 0x34 (RFC 9112 section 6.3)");
    let codings = Rules::STRICT.allow(Leniency::TransferCodings);
    for (fields, says) in [
        (&[(TE, "gzip, chunked")][..], "Chunked coded"),
        (&[(TE, "gzip;a=b , x,chunked")], "Chunked coded"),
        (&[(TE, "chunked")], "Chunked"),
        (&[(TE, "chunked, chunked")], "BadTransferEncoding"),
        (&[(TE, "gzip"), (TE, "chunked")], "ManyTransferEncodings"),
    ] {
        assert_eq!(of_request(POST, &lines(fields), codings), says, "{fields:?}");
        assert_eq!(of_response(OK, &lines(fields), Answers::Other, codings), says, "{fields:?}");
    }
    assert_eq!(of_request(POST, &lines(&[(TE, "gzip")]), codings), "BadTransferEncoding");
}
