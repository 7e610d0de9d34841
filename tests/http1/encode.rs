//! The way out.

use framewright::buf::{SegmentedBuf, StreamBuf};
use framewright::encode::EncodeError;
use framewright::http1::{
    Answers, Fields as Read, Leniency, Limits, NewField, NewRequest, NewResponse, Outgoing, RequestEncoder, ResponseEncoder, Rules,
    Unwritable, Version, parse_request, parse_response,
};
use quickcheck::{Arbitrary, Gen};

type Fields = &'static [(&'static str, &'static str)];

fn new_fields<'a>(fields: &[(&'a str, &'a str)]) -> Vec<NewField<'a>> {
    fields.iter().map(|(name, value)| NewField::new(name, value)).collect()
}

fn queued(output: &SegmentedBuf) -> Vec<u8> {
    output.segments().flatten().copied().collect()
}

fn said(sent: Result<(), EncodeError<Unwritable>>) -> String {
    sent.map_or_else(|error| error.to_string(), |()| "sent".to_owned())
}

/// What becomes of a request's head.
fn request(method: &str, target: &[u8], fields: Fields) -> String {
    let mut output = SegmentedBuf::new();
    let fields = new_fields(fields);
    let head = NewRequest { method, target, version: Version::Http11, fields: &fields };
    let said = said(output.send(&mut RequestEncoder::strict(), head).map_err(|unsent| unsent.error));
    assert_eq!(output.is_empty(), said != "sent");
    said
}

/// What becomes of a response's head.
fn response(status: u16, reason: &[u8], fields: Fields, answers: Answers) -> String {
    let mut output = SegmentedBuf::new();
    let fields = new_fields(fields);
    let head = NewResponse { version: Version::Http11, status, reason, fields: &fields, answers };
    let said = said(output.send(&mut ResponseEncoder::strict(), head).map_err(|unsent| unsent.error));
    assert_eq!(output.is_empty(), said != "sent");
    said
}

const HOST: (&str, &str) = ("Host", "a");
const CL: &str = "Content-Length";
const TE: &str = "Transfer-Encoding";

#[rustfmt::skip]
#[test]
fn hw_2_heads_are_judged_as_strictly_as_they_are_read() {
    let refused = |said: &str, why: &str| said.starts_with("it would be refused: ") && said.contains(why);
    assert_eq!(request("GET", b"/", &[HOST, ("X", ""), ("x", "\u{ff}")]), "sent");
    for (method, target, fields, why) in [
        ("GET", &b"/"[..], &[][..], "a Host field"),
        ("GET", b"/", &[HOST, HOST], "only one Host"),
        ("GET", b"/ HTTP/1.1\r\nX: y\r\n\r\nGET /", &[HOST], "a Host field"),
        ("GET", b"/ HTTP/1.1\r\nHost: a\r\n\r\nGET /", &[HOST], ""),
        ("GET", b"/a\r\nX: y", &[HOST], "a request target"),
        ("GET", b"/a b", &[HOST], "end of the line"),
        ("GET", b"", &[HOST], "a request target"),
        ("GET", b"*", &[HOST], "of the form"),
        ("G T", b"/", &[HOST], "end of the line"),
        ("", b"/", &[HOST], "first byte"),
        ("\r\nGET", b"/", &[HOST], "a method"),
        ("GET", b"/", &[HOST, ("X", "a\r\nLocation: /")], "LF"),
        ("GET", b"/", &[HOST, ("X", "a\nb")], "CR before LF"),
        ("GET", b"/", &[HOST, ("X", "a\rb")], "LF behind CR"),
        ("GET", b"/", &[HOST, ("X", "a\0")], "a field value"),
        ("GET", b"/", &[HOST, ("X:", "a")], ""),
        ("GET", b"/", &[HOST, ("X ", "a")], "right behind"),
        ("GET", b"/", &[HOST, ("", "a")], "a field name"),
        ("GET", b"/", &[HOST, (" X", "a")], "folded"),
        ("GET", b"/", &[HOST, ("X: y\r\nZ", "a")], ""),
        ("GET", b"/", &[HOST, (CL, "3"), (TE, "chunked")], "either"),
        ("GET", b"/", &[HOST, (CL, "+3")], "in digits"),
        ("GET", b"/", &[HOST, (TE, "gzip")], "a Transfer-Encoding of chunked"),
        ("CONNECT", b"a:1", &[HOST, (CL, "3")], "CONNECT"),
    ] {
        let said = request(method, target, fields);
        let differs = said == "it would be read as something else";
        assert!(refused(&said, why) || differs && (why.is_empty() || why == "LF" || why == "a method"), "{method} {fields:?}: {said}");
    }
    assert_eq!(response(200, b"OK", &[("X", "y")], Answers::Other), "sent");
    assert_eq!(response(204, b"", &[], Answers::Other), "sent");
    for (status, reason, why) in [(200, &b"a\r\nX: y"[..], "something else"), (200, b"a\0", "reason"), (99, b"", "three digits"), (1200, b"", "something else"), (0, b"", "three digits")] {
        let said = response(status, reason, &[], Answers::Other);
        assert!(said.contains(why), "{status}: {said}");
    }
}

#[test]
fn hw_1_what_would_be_read_as_something_else_is_refused() {
    for fields in [&[HOST, ("X", " a")][..], &[HOST, ("X", "a\t")], &[HOST, ("X", "a\r\nY: b")], &[HOST, ("X: a\r\nY", "b")]] {
        assert_eq!(request("GET", b"/", fields.to_vec().leak()), "it would be read as something else", "{fields:?}");
    }
    let fold = new_fields(&[("X", "a\r\n b"), (CL, "0")]);
    let lenient = Rules::STRICT.allow(Leniency::ObsFoldInResponses).allow(Leniency::LfInResponseHead);
    let head = NewResponse { status: 200, fields: &fold, ..NewResponse::default() };
    let unsent = SegmentedBuf::new().send(&mut ResponseEncoder::new(lenient), head).unwrap_err();
    assert!(matches!(unsent.error, EncodeError::Fault(Unwritable::Refused(_))), "{unsent}");
}

/// Whichever part a caller supplies, it ends no line.
#[test]
fn hw_2_no_part_of_a_head_splits_it() {
    for (attack, method, target, fields) in [
        ("hyper, 2017", "GET", &b"/"[..], &[HOST, ("X", "a\r\nLocation: /")][..]),
        ("CVE-2022-35948", "POST", b"/", &[HOST, ("content-type", "a\r\n\r\nGET /b HTTP/1.1")]),
        ("CVE-2025-67735", "GET", b"/ HTTP/1.1\r\nHost: b\r\n\r\nGET /c", &[HOST]),
        ("a method", "GET / HTTP/1.1\r\nHost: b\r\n\r\nGET", b"/", &[HOST]),
        ("a name", "GET", b"/", &[HOST, ("X: y\r\nZ", "a")]),
    ] {
        assert_ne!(request(method, target, fields.to_vec().leak()), "sent", "{attack}");
    }
    for reason in [&b"a\r\nX: y"[..], b"a\r\n\r\nHTTP/1.1 200 OK", b"a\nb", b"a\rb"] {
        assert_ne!(response(200, reason, &[], Answers::Other), "sent", "{}", reason.escape_ascii());
    }
}

#[test]
fn hw_3_parts_come_in_their_turn() {
    let mut output = SegmentedBuf::new();
    let mut requests = RequestEncoder::strict();
    let fields = new_fields(&[HOST]);
    let head = NewRequest { method: "GET", target: b"/", version: Version::Http11, fields: &fields };
    let mut send = |part: Outgoing<'_, _>| said(output.send(&mut requests, part).map_err(|unsent| unsent.error));
    let out_of_turn = "not the turn of this part of a message";
    assert_eq!(send(Outgoing::Data("x".into())), out_of_turn);
    assert_eq!(send(Outgoing::End(&[])), out_of_turn);
    assert_eq!(send(head.into()), "sent");
    assert_eq!(send(head.into()), out_of_turn);
    assert_eq!(send(Outgoing::Data("x".into())), "data of 1 bytes, but 0 are left of the Content-Length");
    assert_eq!(send(Outgoing::Data("".into())), "sent");
    assert_eq!(send(Outgoing::End(&[])), "sent");
    assert_eq!(send(head.into()), "sent");
    assert_eq!(queued(&output), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2));

    let until_close = NewResponse { status: 200, ..NewResponse::default() };
    let switching = NewResponse { status: 101, ..NewResponse::default() };
    for (head, parts) in [(until_close, 2), (switching, 0)] {
        let mut responses = ResponseEncoder::strict();
        let mut send = |part: Outgoing<'_, _>| said(output.send(&mut responses, part).map_err(|unsent| unsent.error));
        assert_eq!(send(head.into()), "sent");
        for part in [Outgoing::Data("x".into()), Outgoing::End(&[])].into_iter().take(parts) {
            assert_eq!(send(part), "sent");
        }
        for part in [head.into(), Outgoing::Data("x".into()), Outgoing::End(&[])] {
            assert_eq!(send(part), "this direction of the connection has ended");
        }
    }
}

#[test]
fn hw_4_no_framing_where_there_is_no_body() {
    let framed = "a Content-Length or Transfer-Encoding that must not be in this message";
    for status in [100, 101, 199, 204] {
        assert_eq!(response(status, b"", &[(CL, "0")], Answers::Other), framed);
        assert_eq!(response(status, b"", &[(TE, "chunked")], Answers::Other), framed);
    }
    assert_eq!(response(200, b"", &[(CL, "3")], Answers::Connect), framed);
    assert_eq!(response(200, b"", &[(CL, "3")], Answers::Head), "sent");
    assert_eq!(response(304, b"", &[(CL, "3")], Answers::Other), "sent");
    for (status, answers) in [(200, Answers::Head), (304, Answers::Other)] {
        let said = response(status, b"", &[(CL, "3"), (TE, "chunked")], answers);
        assert!(said.contains("either Transfer-Encoding or Content-Length"), "{said}");
    }
}

#[test]
fn hw_4_no_body_is_sent_where_there_is_none() {
    for (status, answers) in [(200, Answers::Head), (304, Answers::Other)] {
        let mut output = SegmentedBuf::new();
        let mut responses = ResponseEncoder::strict();
        let fields = new_fields(&[(CL, "3")]);
        let head = NewResponse { status, fields: &fields, answers, ..NewResponse::default() };
        let mut send = |part: Outgoing<'_, _>| said(output.send(&mut responses, part).map_err(|unsent| unsent.error));
        assert_eq!(send(head.into()), "sent");
        assert_eq!(send(Outgoing::Data("abc".into())), "data of 3 bytes, but 0 are left of the Content-Length");
        assert_eq!(send(Outgoing::End(&[])), "sent");
        assert_eq!(send(head.into()), "sent");
    }
}

#[test]
fn hw_9_no_transfer_encoding_is_sent_to_a_peer_of_1_0() {
    let mut output = SegmentedBuf::new();
    let fields = new_fields(&[HOST, (TE, "chunked")]);
    let request = NewRequest { method: "PUT", target: b"/", version: Version::Http11, fields: &fields };
    let refused = "it would be refused: expected no Transfer-Encoding in HTTP/1.0";
    let mut requests = RequestEncoder::strict();
    let old = NewRequest { version: Version::Http10, ..request };
    assert!(said(output.send(&mut requests, old).map_err(|unsent| unsent.error)).starts_with(refused));
    requests.set_peer(Version::Http10);
    assert!(said(output.send(&mut requests, request).map_err(|unsent| unsent.error)).starts_with(refused));
    let mut responses = ResponseEncoder::strict();
    responses.set_peer(Version::Http10);
    for answers in [Answers::Other, Answers::Head] {
        let head = NewResponse { status: 200, fields: &fields, answers, ..NewResponse::default() };
        assert!(said(output.send(&mut responses, head).map_err(|unsent| unsent.error)).starts_with(refused));
    }
    assert!(output.is_empty());
    responses.set_peer(Version::Http11);
    output.send(&mut responses, NewResponse { status: 200, fields: &fields, ..NewResponse::default() }).unwrap();
}

#[test]
fn hw_5_a_body_is_as_long_as_its_length_says() {
    let mut output = SegmentedBuf::new();
    let mut responses = ResponseEncoder::strict();
    let fields = new_fields(&[(CL, "5")]);
    let head = NewResponse { status: 200, fields: &fields, ..NewResponse::default() };
    let mut send = |part: Outgoing<'_, _>| said(output.send(&mut responses, part).map_err(|unsent| unsent.error));
    assert_eq!(send(head.into()), "sent");
    assert_eq!(send(Outgoing::Data("abc".into())), "sent");
    assert_eq!(send(Outgoing::End(&[])), "the message ends 2 bytes before its Content-Length");
    assert_eq!(send(Outgoing::Data("def".into())), "data of 3 bytes, but 2 are left of the Content-Length");
    assert_eq!(send(Outgoing::Data("de".into())), "sent");
    assert_eq!(send(Outgoing::End(&[NewField::new("X", "y")])), "trailers behind a body that is not chunked");
    assert_eq!(send(Outgoing::End(&[])), "sent");
    assert_eq!(queued(&output), b"HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nabcde");
}

#[test]
fn hw_6_chunks_and_trailers() {
    let mut output = SegmentedBuf::new();
    let mut requests = RequestEncoder::new(Rules::new(Limits { max_body: 40, max_chunk_size: 30, ..Limits::DEFAULT }));
    let fields = new_fields(&[HOST, (TE, "chunked")]);
    let head = NewRequest { method: "PUT", target: b"/", version: Version::Http11, fields: &fields };
    let mut send = |part: Outgoing<'_, _>| said(output.send(&mut requests, part).map_err(|unsent| unsent.error));
    assert_eq!(send(head.into()), "sent");
    assert_eq!(send(Outgoing::Data("".into())), "a chunk of no bytes would end the body");
    assert_eq!(send(Outgoing::Data(vec![b'x'; 31].into())), "chunk longer than the limit of 30 bytes");
    assert_eq!(send(Outgoing::Data(vec![b'x'; 26].into())), "sent");
    assert_eq!(send(Outgoing::Data(vec![b'x'; 15].into())), "body longer than the limit of 40 bytes");
    assert_eq!(send(Outgoing::Data("abc".into())), "sent");
    for (name, value) in [("Host", "a"), ("Content-Length", "3"), ("X", "a\r\nb"), ("X", " a"), ("", "a"), ("X", "a\r\n\r\nGET")] {
        let said = send(Outgoing::End(&[NewField::new(name, value)]));
        assert!(said.starts_with("it would be re"), "{name}: {said}");
    }
    let long = "x".repeat(9000);
    assert_eq!(send(Outgoing::End(&[NewField::new("X", &long)])), "trailers longer than the limit of 8192 bytes");
    assert_eq!(send(Outgoing::End(&[NewField::new("X", "y")])), "sent");
    let wire = format!("1a\r\n{}\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n", "x".repeat(26));
    assert!(queued(&output).ends_with(wire.as_bytes()));
}

/// What a reader with these limits would refuse behind a good head.
#[test]
fn hw_2_limits_of_bodies_are_those_of_a_reader() {
    let sends = |limits: Limits, fields: Fields, data: &[&str]| -> Vec<String> {
        let mut output = SegmentedBuf::new();
        let mut responses = ResponseEncoder::new(Rules::new(limits));
        let fields = new_fields(fields);
        let head = NewResponse { status: 200, fields: &fields, ..NewResponse::default() };
        output.send(&mut responses, head).unwrap();
        let mut send = |part: Outgoing<'_, _>| said(output.send(&mut responses, part).map_err(|unsent| unsent.error));
        let parts: Vec<String> = data.iter().map(|data| send(Outgoing::Data(data.as_bytes().into()))).collect();
        [parts, vec![send(Outgoing::End(&[]))]].concat()
    };
    let short = Limits { max_body: 5, ..Limits::DEFAULT };
    let too_long = "body longer than the limit of 5 bytes";
    assert_eq!(sends(short, &[], &["abc", "de", "f"]), ["sent", "sent", too_long, "sent"]);
    assert_eq!(sends(short, &[(TE, "chunked")], &["abc", "de", "f"]), ["sent", "sent", too_long, "sent"]);
    let sixteen = "0123456789abcdef";
    let lines = |max_chunk_line| sends(Limits { max_chunk_line, ..Limits::DEFAULT }, &[(TE, "chunked")], &["a", sixteen]);
    assert_eq!(lines(4), ["sent", "sent", "sent"]);
    assert_eq!(lines(3), ["sent", "chunk line longer than the limit of 3 bytes", "sent"]);
    assert_eq!(lines(2), ["chunk line longer than the limit of 2 bytes"; 3]);
}

#[test]
fn hw_7_payloads_are_shared() {
    let mut output = SegmentedBuf::new();
    let mut requests = RequestEncoder::strict();
    let fields = new_fields(&[HOST, (TE, "chunked")]);
    output.send(&mut requests, NewRequest { method: "PUT", target: b"/", version: Version::Http11, fields: &fields }).unwrap();
    let payload = bytes::Bytes::from(vec![7; 4096]);
    output.send(&mut requests, Outgoing::Data(payload.clone().into())).unwrap();
    assert!(output.segments().any(|run| core::ptr::eq(run, &raw const payload[..])));
}

/// Bytes with a meaning, and others.
#[derive(Clone, Debug)]
struct Text(String);

impl Arbitrary for Text {
    fn arbitrary(g: &mut Gen) -> Self {
        const PIECES: &[&str] =
            &["a", "B", "-", "0", "1", "\r", "\n", "\r\n", " ", "\t", ":", ",", ";", "/", "\0", "\u{7f}", "ä", "#", "\"", "*", "_"];
        let plain = u8::arbitrary(g) % 8 > 0;
        let pieces = if plain { &PIECES[..5] } else { PIECES };
        let len = 1 + usize::arbitrary(g) % 4;
        Self((0..len).map(|_| *g.choose(pieces).unwrap()).collect())
    }
}

#[derive(Clone, Debug)]
struct Made {
    method: Text,
    target: Text,
    status: u16,
    reason: Text,
    framing: u8,
    fields: Vec<(Text, Text)>,
    data: Vec<Vec<u8>>,
    trailers: Vec<(Text, Text)>,
    is_response: bool,
}

impl Arbitrary for Made {
    fn arbitrary(g: &mut Gen) -> Self {
        let short = |g: &mut Gen| (0..usize::arbitrary(g) % 3).map(|_| Arbitrary::arbitrary(g)).collect::<Vec<(Text, Text)>>();
        let (fields, trailers) = (short(g), short(g));
        let data = (0..usize::arbitrary(g) % 3).map(|_| vec![b'd'; 1 + usize::arbitrary(g) % 40]).collect();
        Self {
            method: Text::arbitrary(g),
            target: Text::arbitrary(g),
            status: u16::arbitrary(g) % 700,
            reason: Text::arbitrary(g),
            framing: u8::arbitrary(g) % 4,
            fields,
            data,
            trailers,
            is_response: bool::arbitrary(g),
        }
    }
}

/// What was sent, and what is read of it, must be the same; nothing is read of what was refused.
fn round_trip(made: &Made) -> bool {
    let total: usize = made.data.iter().map(Vec::len).sum();
    let length = total.to_string();
    let mut fields = vec![NewField::new("Host", "a")];
    match made.framing {
        0 => fields.push(NewField::new(CL, &length)),
        1 => fields.push(NewField::new(TE, "chunked")),
        2 => fields.extend([NewField::new(CL, &length), NewField::new(TE, "chunked")]),
        _ => {}
    }
    fields.extend(made.fields.iter().map(|(name, value)| NewField::new(&name.0, &value.0)));
    let trailers: Vec<_> = made.trailers.iter().map(|(name, value)| NewField::new(&name.0, &value.0)).collect();
    let target = format!("/{}", made.target.0);
    let mut output = SegmentedBuf::new();
    let sent = if made.is_response {
        let head = NewResponse { status: made.status, reason: made.reason.0.as_bytes(), fields: &fields, ..NewResponse::default() };
        let mut encoder = ResponseEncoder::strict();
        output.send(&mut encoder, head).is_ok().then(|| {
            send_rest(made, &trailers, |part| match part {
                Part::Data(data) => output.send(&mut encoder, Outgoing::Data(data.into())).is_ok(),
                Part::End(trailers) => output.send(&mut encoder, Outgoing::End(trailers)).is_ok(),
            })
        })
    } else {
        let head = NewRequest { method: &made.method.0, target: target.as_bytes(), fields: &fields, ..NewRequest::default() };
        let mut encoder = RequestEncoder::strict();
        output.send(&mut encoder, head).is_ok().then(|| {
            send_rest(made, &trailers, |part| match part {
                Part::Data(data) => output.send(&mut encoder, Outgoing::Data(data.into())).is_ok(),
                Part::End(trailers) => output.send(&mut encoder, Outgoing::End(trailers)).is_ok(),
            })
        })
    };
    let Some(Some(sent_trailers)) = sent else { return false };
    let wire = queued(&output);
    let (read_fields, body, read_trailers) = if made.is_response { read_response(&wire, made) } else { read_request(&wire, made, &target) };
    let pairs = |fields: &[NewField<'_>]| fields.iter().map(|field| (field.name.to_vec(), field.value.to_vec())).collect::<Vec<_>>();
    assert_eq!(read_fields, pairs(&fields));
    assert_eq!((body, read_trailers), (made.data.concat(), if sent_trailers { pairs(&trailers) } else { Vec::new() }));
    true
}

/// What is sent behind a head.
enum Part<'a> {
    Data(&'a [u8]),
    End(&'a [NewField<'a>]),
}

/// Sends what is behind a head, if that can be. Tells whether the trailers went with it.
fn send_rest(made: &Made, trailers: &[NewField<'_>], mut send: impl FnMut(Part<'_>) -> bool) -> Option<bool> {
    if !made.data.iter().all(|data| send(Part::Data(data))) {
        return None;
    }
    if send(Part::End(trailers)) {
        return Some(true);
    }
    send(Part::End(&[])).then_some(false)
}

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

fn pairs(fields: Read<'_>) -> Pairs {
    fields.iter().map(|field| (field.name.to_vec(), field.value.to_vec())).collect()
}

fn read_request(wire: &[u8], made: &Made, target: &str) -> (Pairs, Vec<u8>, Pairs) {
    let message = parse_request(wire, &Rules::STRICT).unwrap();
    let head = message.head();
    assert_eq!((head.method(), head.target(), message.rest()), (&made.method.0[..], target.as_bytes(), &b""[..]));
    (pairs(head.fields()), message.body.to_vec(), pairs(message.trailers()))
}

fn read_response(wire: &[u8], made: &Made) -> (Pairs, Vec<u8>, Pairs) {
    let message = parse_response(wire, Answers::Other, &Rules::STRICT).unwrap();
    let head = message.head();
    assert_eq!((head.status(), head.reason(), message.rest()), (made.status, made.reason.0.as_bytes(), &b""[..]));
    (pairs(head.fields()), message.body.to_vec(), pairs(message.trailers()))
}

#[test]
fn hw_8_what_is_written_is_read_with_the_same_boundaries() {
    let mut gen_ = Gen::from_size_and_seed(20, 0x6874_7470);
    let sent = (0..4000).filter(|_| round_trip(&Made::arbitrary(&mut gen_))).count();
    assert!(sent > 400, "only {sent} of 4000 were sent");
}
