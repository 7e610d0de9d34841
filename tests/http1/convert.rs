//! Heads to and from the crate `http`: what is kept, what is lost, what is refused.

use bytes::Bytes;
use framewright::buf::{SegmentedBuf, StreamBuf};
use framewright::encode::Encode;
use framewright::http1::convert::{HttpRequest, HttpResponse, Reason, Unfit};
use framewright::http1::{
    Answers, Fields, Index, Leniency, Limits, NewField, Outgoing, Request, RequestEncoder, Response, ResponseEncoder, Rules, Version,
    parse_request, parse_response,
};
use framewright::testkit::text;
use http::{HeaderMap, HeaderValue, StatusCode};
use quickcheck::{Arbitrary, Gen};

/// What is accepted here, so that all of it is converted.
const LENIENT: Rules =
    Rules::new(Limits { max_target: 1 << 17, max_name: 1 << 17, max_head: 1 << 20, max_fields: 1 << 15, ..Limits::DEFAULT })
        .allow(Leniency::FragmentInTarget)
        .allow(Leniency::ObsTextTarget)
        .allow(Leniency::AsteriskForAnyMethod)
        .allow(Leniency::ObsFoldInResponses);

/// A head, and what comes of it on its way to `http` and back.
struct Row {
    clause: &'static str,
    head: &'static str,
    becomes: &'static str,
}

const SAME: &str = "the same";

#[rustfmt::skip]
const REQUESTS: &[Row] = &[
    Row { clause: "HC-1", head: "GET / HTTP/1.1\r\nhost: a\r\n\r\n",                     becomes: SAME },
    Row { clause: "HC-1", head: "GET / HTTP/1.0\r\n\r\n",                                becomes: SAME },
    Row { clause: "HC-1", head: "!#$%&'*+-.^_`|~09azAZ / HTTP/1.0\r\n!#$%&'*+-.^_`|~09az: x\r\n\r\n", becomes: SAME },
    Row { clause: "HC-1", head: "get /a/../b//c?d?/e=%zz&{|}^\\[] HTTP/1.0\r\n\r\n",     becomes: SAME },
    Row { clause: "HC-1", head: "GET /\"{|}^\\[]%2f HTTP/1.0\r\n\r\n",                   becomes: SAME },
    Row { clause: "HC-1", head: "GET //a/b HTTP/1.0\r\n\r\n",                            becomes: SAME },
    Row { clause: "HC-1", head: "GET /\u{e4} HTTP/1.0\r\n\r\n",                          becomes: SAME },
    Row { clause: "HC-1", head: "GET /? HTTP/1.0\r\nx: \r\ny: \u{ff}\t\"z\"\r\n\r\n",    becomes: SAME },
    Row { clause: "HC-1", head: "GET http://A.b:/c HTTP/1.0\r\n\r\n",                    becomes: SAME },
    Row { clause: "HC-1", head: "GET WS+x://[::1]:080/c?d HTTP/1.0\r\n\r\n",             becomes: SAME },
    Row { clause: "HC-1", head: "CONNECT [::1]:443 HTTP/1.0\r\n\r\n",                    becomes: SAME },
    Row { clause: "HC-1", head: "CONNECT a:99999 HTTP/1.0\r\n\r\n",                      becomes: SAME },
    Row { clause: "HC-1", head: "OPTIONS * HTTP/1.0\r\n\r\n",                            becomes: SAME },
    Row { clause: "HC-1", head: "M-SEARCH * HTTP/1.0\r\n\r\n",                           becomes: SAME },
    Row { clause: "HC-1", head: "PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 012\r\n\r\n", becomes: SAME },
    Row { clause: "HC-1", head: "OPTIONS http://a/ HTTP/1.0\r\n\r\n",                    becomes: SAME },
    // What is lost.
    Row { clause: "HC-2", head: "GET / HTTP/1.1\r\nHost:a\r\nX-Y:\t z \r\n\r\n",         becomes: "GET / HTTP/1.1\r\nhost: a\r\nx-y: z\r\n\r\n" },
    Row { clause: "HC-2", head: "GET / HTTP/1.0\r\nb: 2\r\na: 1\r\nB: 1\r\nc: 3\r\na: 0\r\n\r\n", becomes: "GET / HTTP/1.0\r\nb: 2\r\nb: 1\r\na: 1\r\na: 0\r\nc: 3\r\n\r\n" },
    Row { clause: "HC-2", head: "GET HTTPS://A HTTP/1.0\r\n\r\n",                        becomes: "GET https://A/ HTTP/1.0\r\n\r\n" },
    Row { clause: "HC-2", head: "GET http://a?b HTTP/1.0\r\n\r\n",                       becomes: "GET http://a/?b HTTP/1.0\r\n\r\n" },
    Row { clause: "HC-2", head: "OPTIONS http://a?b HTTP/1.0\r\n\r\n",                   becomes: "OPTIONS http://a/?b HTTP/1.0\r\n\r\n" },
    Row { clause: "HC-2", head: "GET /a#b?c HTTP/1.0\r\n\r\n",                           becomes: "GET /a HTTP/1.0\r\n\r\n" },
    Row { clause: "HC-2", head: "GET http://a#b HTTP/1.0\r\n\r\n",                       becomes: "GET http://a/ HTTP/1.0\r\n\r\n" },
    // What is refused.
    Row { clause: "HC-3", head: "GET /< HTTP/1.0\r\n\r\n",                               becomes: "the target is none for http::Uri" },
    Row { clause: "HC-3", head: "GET /> HTTP/1.0\r\n\r\n",                               becomes: "the target is none for http::Uri" },
    Row { clause: "HC-3", head: "GET /` HTTP/1.0\r\n\r\n",                               becomes: "the target is none for http::Uri" },
    Row { clause: "HC-3", head: "GET /?\" HTTP/1.0\r\n\r\n",                             becomes: "the target is none for http::Uri" },
    Row { clause: "HC-3", head: "GET http://a%2fb/ HTTP/1.0\r\n\r\n",                    becomes: "the target is none for http::Uri" },
    Row { clause: "HC-3", head: "CONNECT a%2fb:80 HTTP/1.0\r\n\r\n",                     becomes: "the target is none for http::Uri" },
    Row { clause: "HC-3", head: "OPTIONS http://a HTTP/1.0\r\n\r\n",                     becomes: "the target is none for http::Uri" },
    Row { clause: "HC-3", head: "OPTIONS http://a#/?b HTTP/1.0\r\n\r\n",                 becomes: "the target is none for http::Uri" },
];

#[rustfmt::skip]
const RESPONSES: &[Row] = &[
    Row { clause: "HC-1", head: "HTTP/1.1 200 OK\r\n\r\n",                               becomes: SAME },
    Row { clause: "HC-1", head: "HTTP/1.0 999 \r\ncontent-length: 0\r\n\r\n",            becomes: SAME },
    Row { clause: "HC-1", head: "HTTP/1.1 100 Continue\r\n\r\n",                         becomes: SAME },
    Row { clause: "HC-2", head: "HTTP/1.1 404\r\nX:  a\r\n\r\n",                         becomes: "HTTP/1.1 404 \r\nx: a\r\n\r\n" },
    Row { clause: "HC-2", head: "HTTP/1.1 200 OK\r\nX: a\r\n  b\r\nY: c\r\n\r\n",        becomes: "HTTP/1.1 200 OK\r\nx: a b\r\ny: c\r\n\r\n" },
    Row { clause: "HC-4", head: "HTTP/1.1 200 \r\n\r\n",                                 becomes: SAME },
    Row { clause: "HC-4", head: "HTTP/1.1 200 ok\r\n\r\n",                               becomes: SAME },
    Row { clause: "HC-4", head: "HTTP/1.1 404 \tgone \u{ff}\r\n\r\n",                    becomes: SAME },
    Row { clause: "HC-4", head: "HTTP/1.1 999 Odd\r\n\r\n",                              becomes: SAME },
];

#[test]
fn heads_there_and_back() {
    for Row { clause, head, becomes } in REQUESTS {
        assert_eq!(request_there_and_back(head.as_bytes()), expected(head, becomes), "{clause}: {head:?}");
    }
    for Row { clause, head, becomes } in RESPONSES {
        assert_eq!(response_there_and_back(head.as_bytes()), expected(head, becomes), "{clause}: {head:?}");
    }
}

fn expected(head: &str, becomes: &str) -> Result<Vec<u8>, String> {
    match becomes {
        SAME => Ok(head.as_bytes().to_vec()),
        becomes if becomes.ends_with("\r\n") => Ok(becomes.as_bytes().to_vec()),
        refused => Err(refused.to_owned()),
    }
}

fn request_there_and_back(head: &[u8]) -> Result<Vec<u8>, String> {
    let mut index = Index::<Request>::default();
    let head = index.parse(head, &LENIENT).unwrap().unwrap();
    let request = http::Request::try_from(head).map_err(|unfit| unfit.to_string())?;
    let sent = HttpRequest::try_from(&request).map_err(|unfit| unfit.to_string())?;
    let parts = request.clone().into_parts().0;
    assert_eq!(HttpRequest::try_from(&parts).unwrap().head(), sent.head());
    written(&mut RequestEncoder::new(LENIENT), Outgoing::Head(sent.head()))
}

fn response_there_and_back(head: &[u8]) -> Result<Vec<u8>, String> {
    let mut index = Index::<Response>::default();
    let head = index.parse(head, &LENIENT).unwrap().unwrap();
    let response = http::Response::try_from(head).map_err(|unfit| unfit.to_string())?;
    let sent = HttpResponse::try_from(&response).map_err(|unfit| unfit.to_string())?;
    let parts = response.clone().into_parts().0;
    assert_eq!(HttpResponse::try_from(&parts).unwrap().head(Answers::Head), sent.head(Answers::Head));
    written(&mut ResponseEncoder::new(LENIENT), Outgoing::Head(sent.head(Answers::Other)))
}

fn written<'a, E: Encode>(encoder: &mut E, message: impl Into<E::Message<'a>>) -> Result<Vec<u8>, String> {
    let mut output = SegmentedBuf::new();
    match output.send(encoder, message) {
        Ok(()) => Ok(output.segments().flatten().copied().collect()),
        Err(unsent) => Err(format!("not sent: {}", unsent.error)),
    }
}

#[test]
fn hc_1_the_parts_are_where_http_has_them() {
    let head = b"PUT http://a.b:8/c?d HTTP/1.0\r\nX: 1\r\nY: \xff\r\nx: 2\r\n\r\n";
    let request = http::Request::try_from(parse_request(head, &Rules::STRICT).unwrap().head()).unwrap();
    assert_eq!((request.method(), request.version()), (&http::Method::PUT, http::Version::HTTP_10));
    let uri = request.uri();
    assert_eq!((uri.scheme_str(), uri.host(), uri.port_u16()), (Some("http"), Some("a.b"), Some(8)));
    assert_eq!((uri.path(), uri.query()), ("/c", Some("d")));
    assert_eq!(request.headers().get_all("x").iter().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!((request.headers()["y"].as_bytes(), request.headers().len()), (&b"\xff"[..], 3));

    let head = b"HTTP/1.1 201 Created\r\nX: 1\r\n\r\n";
    let response = http::Response::try_from(parse_response(head, Answers::Other, &Rules::STRICT).unwrap().head()).unwrap();
    assert_eq!((response.status(), response.version()), (StatusCode::CREATED, http::Version::HTTP_11));
    assert_eq!((&response.headers()["x"], response.headers().len()), (&HeaderValue::from_static("1"), 1));
}

#[test]
fn hc_3_what_is_too_much_for_http_is_refused() {
    let target = |len: usize| request_there_and_back(format!("GET /{} HTTP/1.0\r\n\r\n", "a".repeat(len - 1)).as_bytes()).err();
    assert_eq!(target(65_534), None);
    assert_eq!(target(65_535), Some(Unfit::Target.to_string()));
    let name = |len: usize| request_there_and_back(format!("GET / HTTP/1.0\r\nx: y\r\n{}: \r\n\r\n", "a".repeat(len)).as_bytes()).err();
    assert_eq!(name(65_535), None);
    assert_eq!(name(65_536), Some("the field at byte 22 of the head is none for http::HeaderMap".to_owned()));
    let fields = |count: usize| request_there_and_back(format!("GET / HTTP/1.0\r\n{}\r\n", "a:\r\n".repeat(count)).as_bytes()).err();
    assert_eq!(fields(24_576), None);
    assert_eq!(fields(24_577), Some("more fields than http::HeaderMap takes".to_owned()));
}

#[test]
fn hc_4_an_unusual_reason_is_an_extension() {
    let reason = |head: &str| {
        let message = parse_response(head.as_bytes(), Answers::Other, &Rules::STRICT).unwrap();
        http::Response::try_from(message.head()).unwrap().extensions().get::<Reason>().cloned()
    };
    assert_eq!(reason("HTTP/1.1 200 OK\r\n\r\n"), None);
    assert_eq!(reason("HTTP/1.1 999\r\n\r\n"), None);
    assert_eq!(reason("HTTP/1.1 200\r\n\r\n"), Some(Reason::default()));
    assert_eq!(reason("HTTP/1.1 200 Fine\r\n\r\n"), Some(Reason("Fine".into())));
}

#[test]
fn hc_5_the_target_and_the_values_share_one_copy_of_the_head() {
    let head = format!("GET /{} HTTP/1.1\r\nHost: a\r\nX: {}\r\nY: z\r\n\r\n", "t".repeat(100), "v".repeat(100));
    let request = http::Request::try_from(parse_request(head.as_bytes(), &Rules::STRICT).unwrap().head()).unwrap();
    let value = |name: &str| request.headers()[name].as_bytes().as_ptr() as usize;
    let target = request.uri().path().as_ptr() as usize;
    let place = |bytes: &str| head.find(bytes).unwrap();
    assert_eq!(value("x") - target, place("vvv") - place("/ttt"));
    assert_eq!(value("y") - target, place("z") - place("/ttt"));
}

#[test]
fn hc_6_versions() {
    for (http, ours) in [(http::Version::HTTP_10, Version::Http10), (http::Version::HTTP_11, Version::Http11)] {
        assert_eq!((Version::try_from(http), http::Version::from(ours)), (Ok(ours), http));
    }
    for version in [http::Version::HTTP_09, http::Version::HTTP_2, http::Version::HTTP_3] {
        assert_eq!(Version::try_from(version), Err(Unfit::Version));
        let request = http::Request::builder().version(version).body(()).unwrap();
        assert_eq!(HttpRequest::try_from(&request).unwrap_err(), Unfit::Version);
        let response = http::Response::builder().version(version).body(()).unwrap();
        assert_eq!(HttpResponse::try_from(&response).unwrap_err(), Unfit::Version);
    }
}

#[test]
fn hc_7_trailers_are_headers_of_their_own() {
    let input = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 1\r\nY: 2\r\nx: 3\r\n\r\n";
    let message = parse_request(input, &Rules::STRICT).unwrap();
    let trailers = HeaderMap::try_from(message.trailers()).unwrap();
    assert_eq!(trailers.len(), 3);
    assert!(http::Request::try_from(message.head()).unwrap().headers().get("x").is_none());

    let request = http::Request::try_from(message.head()).unwrap();
    let mut encoder = RequestEncoder::strict();
    written(&mut encoder, Outgoing::Head(HttpRequest::try_from(&request).unwrap().head())).unwrap();
    let fields: Vec<_> = trailers.iter().map(NewField::from).collect();
    assert_eq!(written(&mut encoder, Outgoing::End(&fields)).unwrap(), b"0\r\nx: 1\r\nx: 3\r\ny: 2\r\n\r\n");
}

#[test]
fn hc_8_the_server_is_asked_in_origin_form() {
    let asked = |method: &str, uri: &str, fields: &[(&'static str, &str)]| {
        let mut request = http::Request::builder().method(method).uri(uri).body(()).unwrap();
        for (name, value) in fields {
            request.headers_mut().append(*name, HeaderValue::from_str(value).unwrap());
        }
        let sent = HttpRequest::try_from(&request).unwrap().in_origin_form();
        written(&mut RequestEncoder::strict(), Outgoing::Head(sent.head())).map(|sent| String::from_utf8(sent).unwrap())
    };
    let sent = |head: &str| Ok(head.to_owned());
    assert_eq!(asked("GET", "http://a", &[("x", "y")]), sent("GET / HTTP/1.1\r\nhost: a\r\nx: y\r\n\r\n"));
    assert_eq!(asked("GET", "http://a:8?b", &[]), sent("GET /?b HTTP/1.1\r\nhost: a:8\r\n\r\n"));
    assert_eq!(asked("GET", "https://me:secret@[::1]:8/b?c", &[]), sent("GET /b?c HTTP/1.1\r\nhost: [::1]:8\r\n\r\n"));
    assert_eq!(asked("GET", "http://a/b", &[("x", "y"), ("host", "c")]), sent("GET /b HTTP/1.1\r\nx: y\r\nhost: c\r\n\r\n"));
    assert_eq!(asked("GET", "/b", &[("host", "c")]), sent("GET /b HTTP/1.1\r\nhost: c\r\n\r\n"));
    assert_eq!(asked("OPTIONS", "*", &[("host", "c")]), sent("OPTIONS * HTTP/1.1\r\nhost: c\r\n\r\n"));
    assert_eq!(asked("CONNECT", "a:80", &[("host", "a:80")]), sent("CONNECT a:80 HTTP/1.1\r\nhost: a:80\r\n\r\n"));
    assert!(asked("GET", "/b", &[]).unwrap_err().contains("expected a Host field"));
}

#[test]
fn hc_9_what_must_not_be_sent_is_refused_by_the_encoder() {
    let mut response = http::Response::new(());
    for (reason, said) in [("a\r\nX: y", "not sent: it would be read as something else"), ("a\0", "not sent: it would be refused: ")] {
        response.extensions_mut().insert(Reason(Bytes::from_static(reason.as_bytes())));
        let sent = HttpResponse::try_from(&response).unwrap();
        let refused = written(&mut ResponseEncoder::strict(), Outgoing::Head(sent.head(Answers::Other))).unwrap_err();
        assert!(refused.starts_with(said), "{refused}");
    }
    let mut request = http::Request::builder().header("host", "a").body(()).unwrap();
    for (name, value, said) in [
        ("host", "b", "expected only one Host field"),
        ("x", " padded ", "it would be read as something else"),
        ("transfer-encoding", "gzip", "expected a Transfer-Encoding of chunked"),
    ] {
        let mut request = request.clone();
        request.headers_mut().append(name, HeaderValue::from_static(value));
        let sent = HttpRequest::try_from(&request).unwrap();
        let refused = written(&mut RequestEncoder::strict(), Outgoing::Head(sent.head())).unwrap_err();
        assert!(refused.contains(said), "{refused}");
    }
    *request.uri_mut() = "http://me:secret@a/".parse().unwrap();
    let sent = HttpRequest::try_from(&request).unwrap();
    let refused = written(&mut RequestEncoder::strict(), Outgoing::Head(sent.head())).unwrap_err();
    assert!(refused.contains("expected a target of the form"), "{refused}");
}

/// A head without what HC-2 lists comes back with the same parts; or `http::Uri` refuses its target.
#[test]
fn hc_2_nothing_else_is_lost() {
    let mut g = Gen::from_size_and_seed(100, 0x6874_7470);
    let mut refused = 0;
    for round in 0..2000 {
        let head = any_head(&mut g);
        let mut index = Index::<Request>::default();
        let before = index.parse(&head, &Rules::STRICT).unwrap().unwrap();
        let Ok(sent) = request_there_and_back(&head) else {
            refused += 1;
            assert!(http::Uri::try_from(before.target()).is_err(), "round {round}: {}", text(&head));
            continue;
        };
        let mut index = Index::<Request>::default();
        let after = index.parse(&sent, &Rules::STRICT).unwrap().unwrap();
        assert_eq!((after.method(), text(after.target()), after.version()), (before.method(), text(before.target()), before.version()));
        assert_eq!(after.framing(&Rules::STRICT), before.framing(&Rules::STRICT));
        assert_eq!(by_name(after.fields()), by_name(before.fields()), "round {round}: {}", text(&head));
    }
    assert!((100..1900).contains(&refused), "{refused} of 2000 were refused");
}

fn any_head(g: &mut Gen) -> Vec<u8> {
    const TOKEN: &[u8] = b"!#$%&'*+-.^_`|~09azAZ";
    const TARGETS: &[&str] = &["/", "//", "http://a/", "x+y://[::1]:80/?", "/a?b", "/?"];
    const NAMES: &[&str] = &["A", "a", "B", "Bb", "bB", "X-Y", "Content-Type"];
    let some = |g: &mut Gen, bytes: &[u8], most: usize| {
        let len = usize::arbitrary(g) % (most + 1);
        (0..len).map(|_| *g.choose(bytes).unwrap()).collect::<Vec<u8>>()
    };
    let visible: Vec<u8> = (0x21..=0x7e).filter(|byte| *byte != b'#').collect();
    let in_values: Vec<u8> = (0x20..=0xff).filter(|byte| *byte != 0x7f).chain([b'\t']).collect();
    let version = g.choose(&["1.0", "1.1"]).unwrap();
    let target = [g.choose(TARGETS).unwrap().as_bytes(), &some(g, &visible, 12)].concat();
    let mut head = [b"M", &some(g, TOKEN, 8)[..], b" ", &target, b" HTTP/", version.as_bytes(), b"\r\n"].concat();
    let fields = usize::arbitrary(g) % 12;
    for (number, last) in (0..=fields).map(|number| (number, number == fields)) {
        match number {
            0 => head.extend(b"hOST: a\r\n"),
            _ if last && *version == "1.1" => head.extend(b"TRANSFER-encoding:\tChunked\r\n"),
            _ if last => head.extend(b"Content-Length: 07\r\n"),
            _ => head.extend([g.choose(NAMES).unwrap().as_bytes(), b": ", &some(g, &in_values, 9), b"\r\n"].concat()),
        }
    }
    [&head[..], b"\r\n"].concat()
}

/// Names in lower case with their values in order, the names in the order of their first fields.
fn by_name(fields: Fields<'_>) -> Vec<(String, Vec<Vec<u8>>)> {
    let mut names: Vec<(String, Vec<Vec<u8>>)> = Vec::new();
    for field in fields {
        let name = String::from_utf8(field.name.to_ascii_lowercase()).unwrap();
        match names.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(field.value.to_vec()),
            None => names.push((name, vec![field.value.to_vec()])),
        }
    }
    names
}
