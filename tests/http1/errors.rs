//! What is told of faults.

use framewright::ErrorCause;
use framewright::http1::{Answers, Demand, Fault, Limits, Requests, Responses, Rule, Rules, parse_request, parse_response, status_for};

use super::strictness::fails;

/// The rows of the table in SPEC.md, chapter HE, as they must be.
fn rows() -> Vec<String> {
    Rule::ALL.iter().map(|rule| format!("| `{rule:?}` | {} | {} | {} |", rule.says(), rule.section(), rule.status())).collect()
}

#[test]
fn he_1_every_rule_is_in_the_table_with_its_section_and_status() {
    let spec = include_str!("../../SPEC.md");
    let missing: Vec<String> = rows().into_iter().filter(|row| !spec.lines().any(|line| line == row)).collect();
    assert!(missing.is_empty(), "SPEC.md, chapter HE, lacks\n{}", missing.join("\n"));
    let stated = spec.lines().filter(|line| rows().iter().any(|row| row == line)).count();
    assert_eq!(stated, Rule::ALL.len());
}

/// A message that breaks a rule, where in it, and the byte there. It is a response when it begins like one.
type Broken = (Rule, &'static [u8], usize, Option<u8>);

/// One for each rule, in the order of the table.
#[rustfmt::skip]
const BROKEN: &[Broken] = &[
    (Rule::Tls,                   b"\x16\x03\x01",                                                    0, Some(0x16)),
    (Rule::Http2Preface,          b"PRI * HTTP/2.0\r\n",                                              0, Some(b'P')),
    (Rule::NoMessage,             b"{",                                                               0, Some(b'{')),
    (Rule::EmptyLines,            b"\r\n\r\n\r\n",                                                    4, Some(b'\r')),
    (Rule::BareCr,                b"GET / HTTP/1.0\r\r\n",                                           15, Some(b'\r')),
    (Rule::BareLf,                b"GET / HTTP/1.0\n",                                               14, Some(b'\n')),
    (Rule::Method,                b"G@T / HTTP/1.0\r\n",                                              1, Some(b'@')),
    (Rule::Target,                b"GET /\x7f HTTP/1.0\r\n",                                          5, Some(0x7f)),
    (Rule::TargetForm,            b"GET a HTTP/1.0\r\n",                                              4, Some(b'a')),
    (Rule::Version,               b"GET / HTTP/x\r\n",                                               11, Some(b'x')),
    (Rule::UnsupportedVersion,    b"GET / HTTP/2.1\r\n",                                             11, Some(b'2')),
    (Rule::Status,                b"HTTP/1.1 099 A\r\n",                                              9, Some(b'0')),
    (Rule::Reason,                b"HTTP/1.1 200 \x01\r\n",                                          13, Some(1)),
    (Rule::SpaceBeforeField,      b"GET / HTTP/1.0\r\n X: y\r\n",                                    16, Some(b' ')),
    (Rule::ObsFold,               b"GET / HTTP/1.0\r\nX: y\r\n z\r\n",                               22, Some(b' ')),
    (Rule::SpaceBeforeColon,      b"GET / HTTP/1.0\r\nX : y\r\n",                                    17, Some(b' ')),
    (Rule::FieldName,             b"GET / HTTP/1.0\r\nX\r\n",                                        17, Some(b'\r')),
    (Rule::FieldValue,            b"GET / HTTP/1.0\r\nX: \x01\r\n",                                  19, Some(1)),
    (Rule::TooManyFields,         b"GET / HTTP/1.0\r\nA:\r\nB:\r\nC:\r\nD:\r\n",                     28, None),
    (Rule::NoHost,                b"GET / HTTP/1.1\r\n\r\n",                                         18, None),
    (Rule::ManyHosts,             b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n",                       31, None),
    (Rule::BadHost,               b"GET / HTTP/1.0\r\nHost: /\r\n",                                  22, Some(b'/')),
    (Rule::HostMismatch,          b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",                      30, Some(b'a')),
    (Rule::BothLengths,           b"PUT / HTTP/1.0\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 65, None),
    (Rule::ManyLengths,           b"PUT / HTTP/1.0\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 56, None),
    (Rule::BadLength,             b"PUT / HTTP/1.0\r\nContent-Length: +1\r\n\r\n",                   32, Some(b'+')),
    (Rule::ManyTransferEncodings, b"HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 74, None),
    (Rule::BadTransferEncoding,   b"HTTP/1.1 200 A\r\nTransfer-Encoding: ,chunked\r\n\r\n",          35, Some(b',')),
    (Rule::UnknownCoding,         b"HTTP/1.1 200 A\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",     35, Some(b'g')),
    (Rule::TransferEncodingIn10,  b"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",           46, None),
    (Rule::ConnectWithBody,       b"CONNECT a:1 HTTP/1.0\r\nContent-Length: 1\r\n\r\n",              43, None),
    (Rule::BodyTooLarge,          b"PUT / HTTP/1.0\r\nContent-Length: 21\r\n\r\n",                   32, Some(b'2')),
    (Rule::ChunkSize,             b"HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",      46, Some(b'x')),
    (Rule::ChunkTooLarge,         b"HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\n\r\n8000000000000000\r\n", 46, Some(b'8')),
    (Rule::ChunkExtension,        b"HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\n\r\n1;\r\n",     48, Some(b'\r')),
    (Rule::ChunkEnd,              b"HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na.",    50, Some(b'.')),
    (Rule::ChunkOverhead,         b"HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\n\r\n1;0123456789abcdef\r\n", 46, None),
    (Rule::ForbiddenTrailer,      b"HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: a\r\n", 49, Some(b'H')),
];

/// Behind another message, so that an offset in the stream is none in the frame.
#[test]
fn he_2_every_rule_is_told_with_its_place_in_the_stream_and_the_byte_there() {
    let limits = Limits { max_fields: 3, max_body: 20, max_chunk_overhead: 2, ..Limits::DEFAULT };
    let rules = Rules::new(limits).demand(Demand::HostMatchesTarget);
    assert!(BROKEN.iter().map(|(rule, ..)| *rule).eq(Rule::ALL.iter().copied()), "a row for each rule");
    for (rule, message, at, found) in BROKEN {
        let (before, is_response) =
            if message.starts_with(b"HTTP/") { ("HTTP/1.1 204 A\r\n\r\n", true) } else { ("GET / HTTP/1.0\r\n\r\n", false) };
        let stream = [before.as_bytes(), message].concat();
        let failed = if is_response { fails(Responses::new(rules), &stream) } else { fails(Requests::new(rules), &stream) };
        let (error, _) = failed.unwrap_or_else(|| panic!("{rule:?} is not broken"));
        let ErrorCause::Fault(fault) = &error.cause else { panic!("{rule:?}: {error}") };
        let place = usize::try_from(error.offset).unwrap() + fault.at;
        assert_eq!((fault.rule, place, fault.found), (*rule, before.len() + at, *found));
        assert_eq!(status_for(&error.cause), Some(rule.status()));
        assert!(error.to_string().ends_with(&format!("({})", rule.section())) && error.to_string().contains(rule.says()), "{error}");
    }
}

#[test]
fn he_3_a_status_is_suggested_for_what_a_peer_can_get_wrong() {
    let of_request = |input: &str| status_for(&parse_request(input.as_bytes(), &Rules::STRICT).unwrap_err().cause);
    assert_eq!(of_request("GET / HTTP/1.1\r\n\r\n"), Some(400));
    assert_eq!(of_request("GET / HTTP/3.0\r\n\r\n"), Some(505));
    assert_eq!(of_request("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x, chunked\r\n\r\n"), Some(501));
    assert_eq!(of_request("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n"), Some(400));
    assert_eq!(of_request(&format!("GET /{} HTTP/1.1\r\n", "x".repeat(8192))), Some(414));
    assert_eq!(of_request(&format!("GET / HTTP/1.1\r\nX: {}\r\n", "x".repeat(16384))), Some(431));
    assert_eq!(of_request(&format!("GET / HTTP/1.1\r\n{}", "X: y\r\n".repeat(101))), Some(431));
    assert_eq!(of_request(&format!("GET / HTTP/1.1\r\n{}", format!("X: {}\r\n", "y".repeat(1000)).repeat(33))), Some(431));
    assert_eq!(of_request("GET"), Some(400));
    let of_response = |input: &str| status_for(&parse_response(input.as_bytes(), Answers::Other, &Rules::STRICT).unwrap_err().cause);
    assert_eq!(of_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8000000000000000\r\n"), Some(413));
    assert_eq!(status_for(&ErrorCause::<Fault>::ChunkForgotten), None);
}
