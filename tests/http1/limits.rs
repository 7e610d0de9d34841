//! Limits, at each and one beyond it; leniencies and demands, one by one.

use framewright::http1::{Answers, BodyForm, Demand, Leniency, Limits, Rule, Rules};
use framewright::testkit::{Case, Kit};
use framewright::{Decode, ErrorCause, http1};

use super::strictness::fails;
use super::{body, get, ok, request_heads, requests, response_heads, responses};

const SMALL: Limits = Limits {
    max_leading_crlf: 1,
    max_method: 4,
    max_target: 6,
    max_reason: 5,
    max_head: 89,
    max_name: 10,
    max_value: 20,
    max_fields: 3,
    max_body: 8,
    max_chunk_size: 7,
    max_chunk_line: 12,
    max_chunk_ext: 10,
    max_chunk_overhead: 40,
    max_trailers: 2,
    max_trailer_bytes: 40,
};

/// Checks that one input is within a limit, and another not, for this reason.
fn check<D: Decode, M: Fn() -> D>(kit: &Kit<D, M>, within: &[u8], beyond: &[u8], why: &str) {
    let said = kit.check(within).lines();
    assert_eq!(said.last().map(String::as_str), Some("end"), "{}: {said:?}", within.escape_ascii());
    let said = kit.check(beyond).lines();
    assert!(said.last().is_some_and(|last| last.contains(why)), "{}: {said:?}", beyond.escape_ascii());
}

fn text(rest: &str) -> Vec<u8> {
    format!("GET / HTTP/1.0\r\n{rest}").into_bytes()
}

#[test]
fn hl_1_each_limit_is_exact() {
    let rules = Rules::new(SMALL);
    let heads = request_heads(rules);
    check(&heads, b"\r\nGET / HTTP/1.0\r\n\r\n", b"\r\n\r\n", "another empty line");
    check(&heads, b"ABCD / HTTP/1.0\r\n\r\n", b"ABCDE / HTTP/1.0\r\n\r\n", "method longer than the limit of 4 bytes");
    check(&heads, b"GET /12345 HTTP/1.0\r\n\r\n", b"GET /123456 HTTP/1.0\r\n", "target longer than the limit of 6 bytes");
    check(&heads, b"ABCD /12345 HTTP/1.0\r\n\r\n", b"0123456789012345678901", "frame at byte 0: the stream ended");
    check(&heads, b"ABCD /12345 HTTP/1.0\r\n\r\n", b"01234567890123456789012", "start line longer than the limit of 22 bytes");
    check(&heads, &text("0123456789:\r\n\r\n"), &text("0123456789a:\r\n"), "field name longer than the limit of 10 bytes");
    check(
        &heads,
        &text("A: 1234567890123456 \t \r\n\r\n"),
        &text("A: 1234567890123456 \t  \r\n"),
        "field value longer than the limit of 20 bytes",
    );
    let longest = "A1234567890".get(..10).unwrap();
    check(
        &heads,
        &text(&format!("{longest}:12345678901234567890\r\n\r\n")),
        &text(&"x".repeat(34)),
        "field line longer than the limit of 33 bytes",
    );
    check(&heads, &text("A:\r\nB:\r\nC:\r\n\r\n"), &text("A:\r\nB:\r\nC:\r\nD:\r\n"), "expected no more fields");
    let fill = |last: usize| text(&format!("A: {0}\r\nB: {0}\r\nC: {1}\r\n\r\n", "x".repeat(19), "x".repeat(last)));
    assert_eq!(fill(18).len(), 89);
    check(&heads, &fill(18), &fill(19), "head longer than the limit of 89 bytes");
    check(
        &response_heads(rules),
        b"HTTP/1.1 200 12345\r\n\r\n",
        b"HTTP/1.1 200 123456\r\n",
        "start line longer than the limit of 20 bytes",
    );
    let folded = response_heads(rules.allow(Leniency::ObsFoldInResponses));
    check(
        &folded,
        &ok("A: 12345\r\n 1234\r\n 1234\r\n"),
        &ok("A: 12345\r\n 1234\r\n 12345\r\n"),
        "field value longer than the limit of 20 bytes",
    );
    let length = |n: u64| get(&format!("Content-Length: {n}\r\n"));
    let long_names = Rules::new(Limits { max_name: 30, ..SMALL });
    check(&requests(long_names), &[&length(8)[..], b"12345678"].concat(), &length(9), "expected a shorter body");
}

#[test]
fn hl_1_each_limit_of_bodies_is_exact() {
    let rules = Rules::new(SMALL);
    let chunks = body(BodyForm::Chunked, rules);
    check(&chunks, b"7\r\n1234567\r\n1\r\n8\r\n0\r\n\r\n", b"7\r\n1234567\r\n2\r\n", "expected a shorter body");
    check(&chunks, b"7\r\n1234567\r\n0\r\n\r\n", b"8\r\n", "expected a smaller chunk");
    check(&chunks, b"1;12345678\r\na\r\n0\r\n\r\n", b"1;123456789\r\n", "chunk line longer than the limit of 12 bytes");
    check(
        &chunks,
        b"1;1234\r\na\r\n1;1234\r\na\r\n0\r\n\r\n",
        b"1;1234\r\na\r\n1;12345\r\n",
        "chunk extensions longer than the limit of 10 bytes",
    );
    check(&chunks, b"0\r\nA:\r\nB:\r\n\r\n", b"0\r\nA:\r\nB:\r\nC:\r\n", "expected no more fields");
    let trailers = |n: usize| format!("0\r\nA: {}\r\nB: {}\r\n\r\n", "x".repeat(14), "x".repeat(n)).into_bytes();
    check(&chunks, &trailers(14), &trailers(15), "trailers longer than the limit of 40 bytes");
    // A chunk of one byte may have 18 bytes of framing; these have 19 and 20.
    let limits = Limits { max_chunk_line: 40, max_chunk_ext: 1000, max_chunk_overhead: 2, max_body: 100, ..SMALL };
    let tiny = |n: usize, ext: usize| [format!("1;{}\r\na\r\n", "x".repeat(ext)).repeat(n).as_bytes(), b"0\r\n\r\n"].concat();
    check(&body(BodyForm::Chunked, Rules::new(limits)), &tiny(2, 13), &tiny(2, 14), "expected less framing for so little data");
    check(&body(BodyForm::Chunked, Rules::new(limits)), &tiny(70, 12), &tiny(3, 13), "expected less framing for so little data");
    check(
        &body(BodyForm::Chunked, Rules::STRICT),
        &tiny(1000, 0).iter().copied().filter(|byte| *byte != b';').collect::<Vec<_>>(),
        b"x",
        "",
    );
}

/// One limit, and streams that have exactly so much of what it limits.
struct Limited {
    set: fn(&mut Limits, usize),
    /// The stream that has `n` of it, unless none has.
    stream: fn(usize) -> Option<Vec<u8>>,
    read: fn(Rules, &[u8]) -> Vec<String>,
    why: &'static str,
}

fn read_request_head(rules: Rules, stream: &[u8]) -> Vec<String> {
    request_heads(rules).check(stream).lines()
}

fn read_response_head(rules: Rules, stream: &[u8]) -> Vec<String> {
    response_heads(rules).check(stream).lines()
}

fn read_lenient_head(rules: Rules, stream: &[u8]) -> Vec<String> {
    response_heads(rules.allow(Leniency::LfInResponseHead)).check(stream).lines()
}

fn read_requests(rules: Rules, stream: &[u8]) -> Vec<String> {
    requests(rules).check(stream).lines()
}

fn read_chunks(rules: Rules, stream: &[u8]) -> Vec<String> {
    body(BodyForm::Chunked, rules).check(stream).lines()
}

fn read_until_close(rules: Rules, stream: &[u8]) -> Vec<String> {
    body(BodyForm::UntilClose, rules).check(stream).lines()
}

/// What is between two parts, `n` bytes of it.
fn around(before: &str, byte: &str, n: usize, after: &str) -> Vec<u8> {
    [before, &byte.repeat(n), after].concat().into_bytes()
}

fn one_chunk(n: usize) -> Vec<u8> {
    if n == 0 { b"0\r\n\r\n".to_vec() } else { around(&format!("{n:x}\r\n"), "x", n, "\r\n0\r\n\r\n") }
}

#[rustfmt::skip]
const LIMITED: &[Limited] = &[
    Limited { set: |limits, n| limits.max_leading_crlf = u32::try_from(n).unwrap(), stream: |n| Some(around("", "\r\n", n, "GET / HTTP/1.0\r\n\r\n")), read: read_request_head, why: "another empty line" },
    Limited { set: |limits, n| limits.max_method = n, stream: |n| (n > 0).then(|| around("", "A", n, " / HTTP/1.0\r\n\r\n")), read: read_request_head, why: "method longer" },
    Limited { set: |limits, n| limits.max_target = n, stream: |n| Some(around("GET /", "x", n.checked_sub(1)?, " HTTP/1.0\r\n\r\n")), read: read_request_head, why: "target longer" },
    Limited { set: |limits, n| limits.max_reason = n, stream: |n| Some(around("HTTP/1.1 200 ", "x", n, "\r\n\r\n")), read: read_response_head, why: "start line longer" },
    Limited { set: |limits, n| limits.max_reason = n, stream: |n| Some(around("HTTP/1.1 200 ", "x", n, "\n\r\n")), read: read_lenient_head, why: "start line longer" },
    Limited { set: |limits, n| limits.max_head = n, stream: |n| Some(around("GET /", "x", n.checked_sub(18)?, " HTTP/1.0\r\n\r\n")), read: read_request_head, why: "head longer" },
    Limited { set: |limits, n| limits.max_head = n, stream: |n| Some(around("HTTP/1.1 200\r\nA:", "x", n.checked_sub(20)?, "\r\n\r\n")), read: read_response_head, why: "head longer" },
    Limited { set: |limits, n| limits.max_name = n, stream: |n| (n > 0).then(|| around("GET / HTTP/1.0\r\n", "A", n, ":\r\n\r\n")), read: read_request_head, why: "field name longer" },
    Limited { set: |limits, n| limits.max_value = n, stream: |n| Some(around("GET / HTTP/1.0\r\nA:", "x", n, "\r\n\r\n")), read: read_request_head, why: "field value longer" },
    Limited { set: |limits, n| limits.max_value = n, stream: |n| Some(around("GET / HTTP/1.0\r\nA:", " ", n, "\r\n\r\n")), read: read_request_head, why: "field value longer" },
    Limited { set: |limits, n| limits.max_fields = n, stream: |n| Some(around("GET / HTTP/1.0\r\n", "A:\r\n", n, "\r\n")), read: read_request_head, why: "no more fields" },
    Limited { set: |limits, n| limits.max_body = n as u64, stream: |n| Some(around(&format!("GET / HTTP/1.0\r\nContent-Length: {n}\r\n\r\n"), "x", n, "")), read: read_requests, why: "a shorter body" },
    Limited { set: |limits, n| limits.max_body = n as u64, stream: |n| Some(one_chunk(n)), read: read_chunks, why: "a shorter body" },
    Limited { set: |limits, n| limits.max_body = n as u64, stream: |n| Some(around("", "1\r\nx\r\n", n, "0\r\n\r\n")), read: read_chunks, why: "a shorter body" },
    Limited { set: |limits, n| limits.max_body = n as u64, stream: |n| Some(around("", "x", n, "")), read: read_until_close, why: "a shorter body" },
    Limited { set: |limits, n| limits.max_chunk_size = n as u64, stream: |n| Some(one_chunk(n)), read: read_chunks, why: "a smaller chunk" },
    Limited { set: |limits, n| limits.max_chunk_line = n, stream: |n| (3..=18).contains(&n).then(|| around("", "0", n - 3, "1\r\nx\r\n0\r\n\r\n")), read: read_chunks, why: "chunk line longer" },
    Limited { set: |limits, n| limits.max_chunk_line = n, stream: |n| Some(around("1;x", "x", n.checked_sub(5)?, "\r\nx\r\n0\r\n\r\n")), read: read_chunks, why: "chunk line longer" },
    Limited { set: |limits, n| limits.max_chunk_ext = n as u64, stream: |n| Some(around("1;x", "x", n.checked_sub(2)?, "\r\nx\r\n0\r\n\r\n")), read: read_chunks, why: "chunk extensions longer" },
    Limited { set: |limits, n| limits.max_chunk_ext = n as u64, stream: |n| Some(around("1;x\r\nx\r\n0;x", "x", n.checked_sub(4)?, "\r\n\r\n")), read: read_chunks, why: "chunk extensions longer" },
    // A chunk of one byte may have 18 bytes of framing, which this has with an extension of 13.
    Limited { set: |limits, n| limits.max_chunk_overhead = n as u64, stream: |n| Some(around("1;", "x", 12 + n, "\r\nx\r\n0\r\n\r\n")), read: read_chunks, why: "less framing" },
    Limited { set: |limits, n| limits.max_trailers = n, stream: |n| Some(around("0\r\n", "A:\r\n", n, "\r\n")), read: read_chunks, why: "no more fields" },
    Limited { set: |limits, n| limits.max_trailer_bytes = n, stream: |n| Some(around("0\r\nA:", "x", n.checked_sub(6)?, "\r\n\r\n")), read: read_chunks, why: "trailers longer" },
    Limited { set: |limits, n| limits.max_trailer_bytes = n, stream: |n| (n == 2).then(|| b"0\r\n\r\n".to_vec()), read: read_chunks, why: "trailers longer" },
];

#[test]
fn hl_1_each_limit_is_exact_at_every_number() {
    for Limited { set, stream, read, why } in LIMITED {
        let mut outcomes = [0, 0];
        for limit in 0..=30 {
            let mut limits = Limits::DEFAULT;
            set(&mut limits, limit);
            for n in [limit.checked_sub(1), Some(limit), Some(limit + 1)].into_iter().flatten() {
                let Some(stream) = stream(n) else { continue };
                let said = read(Rules::new(limits), &stream);
                let last = said.last().map(String::as_str).unwrap_or_default();
                let is_exact = if n <= limit { last == "end" } else { last.contains(why) };
                assert!(is_exact, "{why}: {n} where {limit} are allowed: {said:?}");
                outcomes[usize::from(n > limit)] += 1;
            }
        }
        assert!(outcomes.iter().all(|count| *count > 0), "{why}: {outcomes:?}");
    }
}

/// Each status is that of the rule.
#[test]
fn hl_7_what_is_no_frame_is_limited_by_a_rule() {
    let rules = Rules::new(SMALL);
    let of_request = |stream: &[u8]| fails(http1::Requests::new(rules), stream).map(|(error, after)| (error.cause, after));
    let of_body = |form, stream: &[u8]| fails(http1::Body::new(form, rules), stream).map(|(error, after)| (error.cause, after));
    for (failed, rule, after, status) in [
        (of_request(b"\r\n\r\n"), Rule::EmptyLines, 3, 400),
        (of_request(&text("A:\r\nB:\r\nC:\r\nD:\r\n\r\n")), Rule::TooManyFields, 32, 431),
        (of_body(BodyForm::Chunked, b"8\r\n12345678"), Rule::ChunkTooLarge, 3, 413),
        (of_body(BodyForm::Chunked, b"7\r\n1234567\r\n2\r\nab"), Rule::BodyTooLarge, 15, 413),
        (of_body(BodyForm::UntilClose, b"123456789"), Rule::BodyTooLarge, 9, 413),
    ] {
        let (cause, came) = failed.unwrap();
        assert_eq!(http1::status_for(&cause), Some(status));
        assert!(matches!(&cause, ErrorCause::Fault(fault) if fault.rule == rule), "{cause:?}");
        assert_eq!(came, after, "{rule:?}");
    }
}

#[test]
fn hl_2_the_defaults_are_those_of_the_table() {
    let spec = include_str!("../../SPEC.md");
    let Limits {
        max_leading_crlf,
        max_method,
        max_target,
        max_reason,
        max_head,
        max_name,
        max_value,
        max_fields,
        max_body,
        max_chunk_size,
        max_chunk_line,
        max_chunk_ext,
        max_chunk_overhead,
        max_trailers,
        max_trailer_bytes,
    } = Limits::default();
    for (name, value) in [
        ("max_leading_crlf", u64::from(max_leading_crlf)),
        ("max_method", max_method as u64),
        ("max_target", max_target as u64),
        ("max_reason", max_reason as u64),
        ("max_head", max_head as u64),
        ("max_name", max_name as u64),
        ("max_value", max_value as u64),
        ("max_fields", max_fields as u64),
        ("max_body", max_body),
        ("max_chunk_size", max_chunk_size),
        ("max_chunk_line", max_chunk_line as u64),
        ("max_chunk_ext", max_chunk_ext),
        ("max_chunk_overhead", max_chunk_overhead),
        ("max_trailers", max_trailers as u64),
        ("max_trailer_bytes", max_trailer_bytes as u64),
    ] {
        assert!(spec.contains(&format!("| `{name}` | {value} |")), "SPEC.md does not have {name} as {value}");
    }
}

#[rustfmt::skip]
#[test]
fn leniencies() {
    let allow = |leniency| Rules::STRICT.allow(leniency);
    response_heads(allow(Leniency::LfInResponseHead)).table(&[
        Case { clause: "HL-3", input: b"HTTP/1.1 200 OK\nA: b\nC: d\r\n\n",     says: &["HTTP/1.1 200 OK {A=b, C=d}", "end"] },
        Case { clause: "HL-3", input: b"HTTP/1.1 200\n\r\n",                    says: &["HTTP/1.1 200  {}", "end"] },
        Case { clause: "HL-3", input: b"HTTP/1.1 200 OK\rA: b\n\n",             says: &["frame at byte 0: expected LF behind CR at byte 16, found 0x41 (RFC 9112 section 2.2)"] },
    ]);
    responses(allow(Leniency::LfInResponseHead), Answers::Other).table(&[
        Case { clause: "HL-3", input: b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1\na", says: &["HTTP/1.1 200 OK {Transfer-Encoding=chunked} Chunked;", "frame at byte 44: expected CR before LF at byte 1, found 0x0a (RFC 9112 section 2.2)"] },
    ]);
    request_heads(allow(Leniency::LfInResponseHead)).table(&[
        Case { clause: "HL-3", input: b"GET / HTTP/1.0\n\n",                    says: &["frame at byte 0: expected CR before LF at byte 14, found 0x0a (RFC 9112 section 2.2)"] },
    ]);
    response_heads(allow(Leniency::ObsFoldInResponses)).table(&[
        Case { clause: "HL-3", input: &ok("A: b \r\n  c\t\r\n\td e\r\nF: g\r\n"), says: &["HTTP/1.1 200 OK {A=b c d e, F=g}", "end"] },
        Case { clause: "HL-3", input: &ok("A:\r\n b\r\nC: d\r\n \r\n"),         says: &["HTTP/1.1 200 OK {A=b, C=d}", "end"] },
        Case { clause: "HL-3", input: &[ok("A: b\r\n c\r\nD: e\r\n f\r\n"), ok("A: x\r\n")].concat(), says: &["HTTP/1.1 200 OK {A=b c, D=e f}", "HTTP/1.1 200 OK {A=x}", "end"] },
        Case { clause: "HL-3", input: &ok("Content-Length: 5\r\n 6\r\n"),       says: &["frame at byte 0: expected a field and no folded line at byte 36, found 0x20 (RFC 9112 section 5.2)"] },
        Case { clause: "HL-3", input: &ok("A: b\r\nTransfer-Encoding: chunked\r\n , x\r\n"), says: &["frame at byte 0: expected a field and no folded line at byte 51, found 0x20 (RFC 9112 section 5.2)"] },
        Case { clause: "HL-3", input: &ok(" A: b\r\n"),                         says: &["frame at byte 0: expected a field and no whitespace before it at byte 17, found 0x20 (RFC 9112 section 2.2)"] },
    ]);
    request_heads(allow(Leniency::ObsFoldInResponses)).table(&[
        Case { clause: "HL-3", input: &get("A: b\r\n c\r\n"),                   says: &["frame at byte 0: expected a field and no folded line at byte 31, found 0x20 (RFC 9112 section 5.2)"] },
    ]);
    request_heads(allow(Leniency::ObsTextTarget)).table(&[
        Case { clause: "HL-3", input: b"GET /\xc3\xa4\xff HTTP/1.0\r\n\r\n",    says: &["GET /\\xc3\\xa4\\xff HTTP/1.0 {}", "end"] },
        Case { clause: "HL-3", input: b"GET /a#b HTTP/1.0\r\n\r\n",             says: &["frame at byte 0: expected a byte of a request target at byte 6, found 0x23 (RFC 9112 section 3.2)"] },
    ]);
    request_heads(allow(Leniency::FragmentInTarget)).table(&[
        Case { clause: "HL-3", input: b"GET /a#b#c HTTP/1.0\r\n\r\n",           says: &["GET /a#b#c HTTP/1.0 {}", "end"] },
        Case { clause: "HL-3", input: b"GET /\xff HTTP/1.0\r\n\r\n",            says: &["frame at byte 0: expected a byte of a request target at byte 5, found 0xff (RFC 9112 section 3.2)"] },
    ]);
    request_heads(allow(Leniency::AsteriskForAnyMethod)).table(&[
        Case { clause: "HL-3", input: b"M-SEARCH * HTTP/1.0\r\n\r\n",           says: &["M-SEARCH * HTTP/1.0 {}", "end"] },
        Case { clause: "HL-3", input: b"GET ** HTTP/1.0\r\n\r\n",               says: &["frame at byte 0: expected a target of the form that the method asks for at byte 4, found 0x2a (RFC 9112 section 3.2)"] },
    ]);
    request_heads(allow(Leniency::EmptyHost)).table(&[
        Case { clause: "HL-3", input: b"GET / HTTP/1.1\r\nHost: \r\n\r\n",      says: &["GET / HTTP/1.1 {Host=}", "end"] },
        Case { clause: "HL-3", input: b"GET / HTTP/1.1\r\nHost: :1\r\n\r\n",    says: &["frame at byte 0: expected a host and perhaps a port at byte 22, found 0x3a (RFC 9112 section 3.2)"] },
        Case { clause: "HL-3", input: b"GET / HTTP/1.1\r\n\r\n",                says: &["frame at byte 0: expected a Host field at byte 18 (RFC 9112 section 3.2)"] },
    ]);
    body(BodyForm::Chunked, allow(Leniency::WhitespaceAfterChunkSize)).table(&[
        Case { clause: "HL-3", input: b"3 \t\r\nabc\r\n0 \r\n\r\n",             says: &["+abc", "end {}", "end"] },
        Case { clause: "HL-3", input: b"3 ;a\r\nabc\r\n",                       says: &["frame at byte 0: expected a chunk extension or CR LF at byte 1, found 0x20 (RFC 9112 section 7.1.1)"] },
        Case { clause: "HL-3", input: b"3 \nabc\r\n",                           says: &["frame at byte 0: expected CR before LF at byte 2, found 0x0a (RFC 9112 section 2.2)"] },
        Case { clause: "HL-3", input: b" 3\r\n",                                says: &["frame at byte 0: expected a chunk size of 1 to 16 hex digits at byte 0, found 0x20 (RFC 9112 section 7.1)"] },
    ]);
    body(BodyForm::Chunked, allow(Leniency::WhitespaceInChunkExtensions)).table(&[
        Case { clause: "HL-3", input: b"3 ; a = b\t;c =\"d\" ;e\r\nabc\r\n0\r\n\r\n", says: &["+abc", "end {}", "end"] },
        Case { clause: "HL-3", input: b"3 \r\nabc\r\n",                         says: &["frame at byte 0: expected a chunk extension or CR LF at byte 1, found 0x20 (RFC 9112 section 7.1.1)"] },
        Case { clause: "HL-3", input: b"3 ; \r\nabc\r\n",                       says: &["frame at byte 0: expected a chunk extension or CR LF at byte 4, found 0x0d (RFC 9112 section 7.1.1)"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn demands() {
    let demand = |demand| Rules::STRICT.demand(demand);
    request_heads(demand(Demand::Rfc3986Target)).table(&[
        Case { clause: "HL-4", input: b"GET /a%2f;b,c?d=[e]&f HTTP/1.0\r\n\r\n", says: &["GET /a%2f;b,c?d=[e]&f HTTP/1.0 {}", "end"] },
        Case { clause: "HL-4", input: b"GET /a|b HTTP/1.0\r\n\r\n",             says: &["frame at byte 0: expected a byte of a request target at byte 6, found 0x7c (RFC 9112 section 3.2)"] },
        Case { clause: "HL-4", input: b"GET /a%2 HTTP/1.0\r\n\r\n",             says: &["frame at byte 0: expected a byte of a request target at byte 6, found 0x25 (RFC 9112 section 3.2)"] },
        Case { clause: "HL-4", input: b"GET http://a/\" HTTP/1.0\r\n\r\n",      says: &["frame at byte 0: expected a byte of a request target at byte 13, found 0x22 (RFC 9112 section 3.2)"] },
    ]);
    response_heads(demand(Demand::StatusBelow600)).table(&[
        Case { clause: "HL-4", input: b"HTTP/1.1 599 A\r\n\r\n",                says: &["HTTP/1.1 599 A {}", "end"] },
        Case { clause: "HL-4", input: b"HTTP/1.1 600 A\r\n\r\n",                says: &["frame at byte 0: expected a status of three digits at byte 9, found 0x36 (RFC 9112 section 4)"] },
    ]);
    requests(demand(Demand::NoLeadingZeros)).table(&[
        Case { clause: "HL-4", input: &get("Content-Length: 0\r\n"),            says: &["GET / HTTP/1.1 {Host=a, Content-Length=0} None;", "end {}", "end"] },
        Case { clause: "HL-4", input: &get("Content-Length: 00\r\n"),           says: &["frame at byte 0: expected a length in digits, below 2^63 at byte 41, found 0x30 (RFC 9110 section 8.6)"] },
    ]);
    request_heads(demand(Demand::HostMatchesTarget)).table(&[
        Case { clause: "HL-4", input: b"GET http://A/ HTTP/1.1\r\nHost: a\r\n\r\n", says: &["GET http://A/ HTTP/1.1 {Host=a}", "end"] },
        Case { clause: "HL-4", input: b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", says: &["frame at byte 0: expected the Host field to say what the target says at byte 30, found 0x61 (RFC 9112 section 3.2.2)"] },
        Case { clause: "HL-4", input: b"CONNECT b:1 HTTP/1.1\r\nHost: b\r\n\r\n", says: &["frame at byte 0: expected the Host field to say what the target says at byte 28, found 0x62 (RFC 9112 section 3.2.2)"] },
        Case { clause: "HL-4", input: b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",     says: &["GET / HTTP/1.1 {Host=a}", "end"] },
    ]);
    requests(demand(Demand::HostMatchesTarget)).table(&[
        Case { clause: "HL-4", input: b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", says: &["frame at byte 0: expected the Host field to say what the target says at byte 30, found 0x61 (RFC 9112 section 3.2.2)"] },
    ]);
}

#[test]
fn hl_5_rules_are_off_until_they_are_named() {
    assert_eq!(Rules::default(), Rules::STRICT);
    let rules = Rules::STRICT.allow(Leniency::EmptyHost).demand(Demand::StatusBelow600);
    assert!(rules.allows(Leniency::EmptyHost) && !rules.allows(Leniency::ObsTextTarget) && !Rules::STRICT.allows(Leniency::EmptyHost));
    assert!(rules.demands(Demand::StatusBelow600) && !rules.demands(Demand::Rfc3986Target));
    assert_eq!(http1::Limits::default(), http1::Limits::DEFAULT);
}
