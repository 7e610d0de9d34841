//! What httparse makes of the same heads.

use framewright::http1::{Index, Request, Response, Rules};
use framewright::testkit::text;

/// Numbers that look random, the same every time: SplitMix64.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % n as u64).unwrap()
    }
}

const REQUESTS: &[&str] = &[
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /index.html?q=%20 HTTP/1.1\r\nHost: example.org:8080\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: text/html,*/*;q=0.8\r\nCookie: a=b; c=\"d\"\r\n\r\n",
    "POST http://a/b HTTP/1.0\r\nContent-Length: 3\r\nX_y.z: \t v \t\r\nEmpty:\r\n\r\nabc",
    "CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\nproxy-authorization: basic aGVsbG86d29ybGQhISEhISEhISEhISEhISEhISEhISEhIQ==\r\n\r\n",
];

const RESPONSES: &[&str] = &[
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.0 404 Not Found\r\nServer: a\r\nDate: Thu, 26 Nov 2026 08:51:40 GMT\r\nX: \r\n\r\n",
    "HTTP/1.1 204\r\nA-long-name-of-a-field: with a value that is longer than thirty-two bytes, and then some\r\n\r\n",
    "HTTP/1.1 999 \tx\r\nset-cookie: a\r\nset-cookie: b\r\n\r\n",
];

/// Changes a few bytes: to ones with a meaning, mostly; or cuts, doubles and drops some.
pub(super) fn mutate(seed: &[u8], random: &mut Random) -> Vec<u8> {
    const BYTES: &[u8] = b"\r\n \t:;,#/*?%\"\0\x01\x0b\x1f\x7f\x80\xffAz09-_HTTP.";
    let mut bytes = seed.to_vec();
    for _ in 0..random.below(4) {
        let at = random.below(bytes.len().max(1));
        if bytes.is_empty() {
            break;
        }
        match random.below(6) {
            0 => bytes.insert(at, BYTES[random.below(BYTES.len())]),
            1 => drop(bytes.remove(at)),
            2 => bytes.truncate(at + 1),
            3 => bytes[at] = u8::try_from(random.below(256)).unwrap(),
            _ => bytes[at] = BYTES[random.below(BYTES.len())],
        }
    }
    bytes
}

fn pairs(headers: &[httparse::Header<'_>]) -> Vec<(Vec<u8>, Vec<u8>)> {
    headers.iter().map(|header| (header.name.as_bytes().to_vec(), header.value.to_vec())).collect()
}

/// Whatever is accepted, httparse accepts, with the same parts.
#[test]
fn hh_20_httparse_accepts_the_same_with_the_same_parts() {
    let mut random = Random(1);
    let (mut index, mut accepted) = (Index::<Request>::default(), 0);
    for round in 0..60_000 {
        let bytes = mutate(REQUESTS[round % REQUESTS.len()].as_bytes(), &mut random);
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut theirs = httparse::Request::new(&mut headers);
        let status = theirs.parse(&bytes);
        match index.parse(&bytes, &Rules::STRICT) {
            Ok(Some(head)) => {
                accepted += 1;
                assert_eq!(status, Ok(httparse::Status::Complete(head.as_bytes().len())), "{}", text(&bytes));
                let target = theirs.path.map(str::as_bytes);
                assert_eq!((theirs.method, target), (Some(head.method()), Some(head.target())), "{}", text(&bytes));
                let ours: Vec<_> = head.fields().iter().map(|field| (field.name.to_vec(), field.value.to_vec())).collect();
                assert_eq!(ours, pairs(theirs.headers), "{}", text(&bytes));
            }
            Ok(None) => assert!(!matches!(status, Ok(httparse::Status::Complete(_))), "{}", text(&bytes)),
            Err(_) => {}
        }
    }
    assert!(accepted > 10_000, "{accepted}");
}

#[test]
fn hh_20_httparse_accepts_the_same_responses() {
    let mut random = Random(2);
    let (mut index, mut accepted) = (Index::<Response>::default(), 0);
    for round in 0..60_000 {
        let bytes = mutate(RESPONSES[round % RESPONSES.len()].as_bytes(), &mut random);
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut theirs = httparse::Response::new(&mut headers);
        let status = theirs.parse(&bytes);
        let Ok(Some(head)) = index.parse(&bytes, &Rules::STRICT) else { continue };
        accepted += 1;
        assert_eq!(status, Ok(httparse::Status::Complete(head.as_bytes().len())), "{}", text(&bytes));
        assert_eq!(theirs.code, Some(head.status()), "{}", text(&bytes));
        // httparse gives no reason that holds bytes from 0x80 on.
        let reason = if head.reason().is_ascii() { head.reason() } else { b"" };
        assert_eq!(theirs.reason.map(str::as_bytes), Some(reason), "{}", text(&bytes));
        let ours: Vec<_> = head.fields().iter().map(|field| (field.name.to_vec(), field.value.to_vec())).collect();
        assert_eq!(ours, pairs(theirs.headers), "{}", text(&bytes));
    }
    assert!(accepted > 10_000, "{accepted}");
}
