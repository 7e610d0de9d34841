//! Streams of messages, most of them right, aimed at what implementations disagree about.

use framewright::http1::Answers;

use serde_json::Value;

use super::verdict::Stream;

/// Numbers that look random, the same every time: SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % n as u64).unwrap()
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// How a stream is drawn.
struct Draw<'a> {
    random: &'a mut Random,
    /// One in so many choices is an odd one; 0 for none.
    odds: usize,
    bytes: Vec<u8>,
}

/// Bytes that are not text: a letter stands for each.
type Text = &'static [u8];

const METHODS: &[Text] = &[b"GET", b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"DELETE"];
const ODD_METHODS: &[Text] =
    &[b"get", b"FOO", b"M-SEARCH", b"G(T", b"", b"CONNECT", b"PRI", b"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGH", b"*!", b"GET\t"];
const TARGETS: &[Text] = &[b"/", b"/", b"/a/b.c?d=e&f=%20", b"http://a/", b"https://user.example:8080?q"];
const ODD_TARGETS: &[Text] = &[
    b"*",
    b"a:80",
    b"[::1]:80",
    b"/#f",
    b"/\xc3\xa9",
    b"/\xff",
    b"!",
    b"/a b",
    b"/\"<>^`{|}\\",
    b"http://u@a/",
    b"/%zz",
    b"//",
    b"",
    b"/\x00",
    b"/\x7f",
    b"/a\tb",
    b"http:/a",
    b"http://",
    b"a",
    b"?a",
    b"urn:a",
    b"http://a:b/",
    b"/ ",
    b" /",
];
const VERSIONS: &[Text] = &[b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0"];
const ODD_VERSIONS: &[Text] =
    &[b"HTTP/1.2", b"HTTP/2.0", b"HTTP/0.9", b"http/1.1", b"HTTP/01.1", b"HTTP/1.1 ", b"HTTP/1.", b"HTTP/11", b"", b"ICE/1.0", b"RTSP/1.0"];
const ENDS: &[Text] = &[b"\r\n"];
const ODD_ENDS: &[Text] = &[b"\n", b"\n", b"\r", b"\r\r\n", b"", b" \r\n", b"\r\n\r"];
const SPACES: &[Text] = &[b" "];
const ODD_SPACES: &[Text] = &[b"  ", b"\t", b"", b"\x0b"];
const BEFORE: &[Text] = &[b""];
const ODD_BEFORE: &[Text] = &[b"\r\n", b"\r\n\r\n\r\n", b"\n", b" ", b"\x00", b"\x16\x03\x01", b"\r", b"\r\r\n", b"a"];
const STATUSES: &[Text] = &[b"200 OK", b"200 OK", b"404 Not Found", b"500 ", b"304 Not Modified", b"204 No Content", b"100 Continue"];
const ODD_STATUSES: &[Text] = &[
    b"099 OK",
    b"999 x",
    b"600",
    b"20 OK",
    b"2000 OK",
    b" 200 OK",
    b"200 O\x00K",
    b"200 \xe9",
    b"200\tOK",
    b"200 a\tb",
    b"200 \x01",
    b"101 Switching",
    b"2x0 OK",
    b"200 a\x7f",
    b"199 ",
    b"000 ",
    b"200  OK ",
];
const HOSTS: &[Text] = &[b"Host: a", b"Host: a", b"host: example.org:8080", b"HOST:[::1]:80"];
const ODD_HOSTS: &[Text] = &[
    b"X: y",
    b"Host: a\r\nHost: a",
    b"Host: a\r\nHost: b",
    b"Host:",
    b"Host: a b",
    b"Host: a:x",
    b"Host: u@a",
    b"Host: a/b",
    b"Host: %zz",
    b"Host: \xe9",
    b"Host: a,b",
    b"Host: [::1",
    b"Host: :80",
];
const FIELDS: &[Text] = &[b"X: y", b"Accept: text/html, */*;q=0.8", b"Empty:", b"Cookie: a=b; c=\"d\"", b"X_y.z:v", b"Obs: \xe9"];
const ODD_FIELDS: &[Text] = &[
    b"X : y",
    b" X: y",
    b"\tX: y",
    b"X\t: y",
    b": x",
    b"Foo",
    b"F(o: x",
    b"F\xe9: x",
    b"F\x00: x",
    b"X: a\x00b",
    b"X: a\x01b",
    b"X: a\x7fb",
    b"X: a\rb",
    b"X: \x0bchunked",
    b"X: y \t ",
    b"X: \x0c",
    b"X: y\r\n fold",
    b"Transfer-Encoding: chunked\r\n , identity",
    b"Connection: close",
    b"Connection: upgrade\r\nUpgrade: x",
    b"Connection: keep-alive",
    b"Expect: 100-continue",
    b"X: \x1f",
    b"X: \x85y",
    b"Te: trailers",
    b"Transfer_Encoding: chunked",
    b"Upgrade: h2c",
    b"Content-Length : 3",
    b"Proxy-Connection: close",
    b"X: a\x1cb",
];
const LENGTHS: &[Text] = &[b"Content-Length: 3", b"Content-Length: 3", b"content-length:3", b"Content-Length: 003"];
const ODD_LENGTHS: &[Text] = &[
    b"Content-Length: +3",
    b"Content-Length: -3",
    b"Content-Length: 0x3",
    b"Content-Length: 3 0",
    b"Content-Length:",
    b"Content-Length: 3,",
    b"Content-Length: 3, 3",
    b"Content-Length: 3\r\nContent-Length: 3",
    b"Content-Length: 3\r\nContent-Length: 4",
    b"Content-Length: 9223372036854775808",
    b"Content-Length: 18446744073709551616",
    b"Content-Length: 9223372036854775807",
    b"Content-Length: 3 ",
    b"Content-Length: \x0b3",
    b"Content-Length: 4, 3",
    b"Content-Length: 3\r\nTransfer-Encoding: chunked",
    b"Content-Length: 1_0",
    b"Content-Length: 000000000000000000003",
];
const CODINGS: &[Text] =
    &[b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", b"transfer-encoding:chunked", b"Transfer-Encoding: Chunked"];
const ODD_CODINGS: &[Text] = &[
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: chunked, chunked",
    b"Transfer-Encoding: chunked, gzip",
    b"Transfer-Encoding: ,chunked",
    b"Transfer-Encoding: chunked,",
    b"Transfer-Encoding:",
    b"Transfer-Encoding: identity",
    b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding: chunked;q=1",
    b"Transfer-Encoding: \"chunked\"",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
    b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: \x0bchunked",
    b"Transfer-Encoding: chunked\r\nContent-Length: 3",
    b"Transfer-Encoding: gzip",
    b"Transfer-Encoding: chunked ",
    b"Transfer-Encoding: chunkedchunked",
    b"Transfer-Encoding: chunk",
];
const SIZES: &[Text] = &[b"3", b"3", b"03", b"003"];
const ODD_SIZES: &[Text] = &[
    b"0x3",
    b"+3",
    b"-3",
    b"0_3",
    b" 3",
    b"",
    b"000000000000000000003",
    b"f0000000000000003",
    b"10000000000000003",
    b"8000000000000000",
    b"7fffffffffffffff",
    b"3g",
    b"0000000000000003",
    b"00000000000000003",
    b"fffffffffffffffff",
];
const EXTENSIONS: &[Text] = &[b"", b"", b"", b";a", b";a=b", b";a=\"b \\\" c\";d"];
const ODD_EXTENSIONS: &[Text] = &[
    b" ", b"\t", b" ;a", b"; a", b";a =b", b";a= b", b";", b";a=", b";a\x01", b";a\nb", b";a\rb", b";a=\"", b";a=\"\x01\"", b";a=\"b\"c", b";\xe9", b";a=\xe9",
    b";a=\"\xe9\"", b";;", b"\x0b", b";a=b=c", b";a=\"\\", b";aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];
const ODD_CHUNK_ENDS: &[Text] = &[b"\n", b"XX", b"", b"\r", b"\rX", b"\r\n\r\n", b"X\n"];
const LASTS: &[Text] = &[b"0", b"0", b"000", b"0;a"];
const ODD_LASTS: &[Text] = &[b"0 ", b"", b"00000000000000000", b"0;", b"0\n", b"-0", b"0;a\nb"];
const TRAILERS: &[Text] = &[b"X: y", b"Digest: a=b"];
const ODD_TRAILERS: &[Text] = &[
    b"Content-Length: 3",
    b"Transfer-Encoding: chunked",
    b"Host: a",
    b"Connection: close",
    b"A b",
    b"X : y",
    b" X: y",
    b"X: y\r\n fold",
    b"X: a\x01b",
    b"X: a\rb",
    b": x",
    b"X",
    b"Set-Cookie: a=b",
    b"Trailer: X",
    b"X: y ",
    b"X: a\x00",
    b"Upgrade: x",
];

impl Draw<'_> {
    /// Whether the next choice is an odd one.
    fn is_odd(&mut self) -> bool {
        self.odds > 0 && self.random.below(self.odds) == 0
    }

    fn put(&mut self, usual: &[Text], odd: &[Text]) {
        let from = if self.is_odd() { odd } else { usual };
        let text = self.random.of(from);
        self.bytes.extend_from_slice(text);
    }

    fn line(&mut self, usual: &[Text], odd: &[Text]) {
        self.put(usual, odd);
        self.put(ENDS, ODD_ENDS);
    }

    fn request(&mut self) {
        self.put(BEFORE, ODD_BEFORE);
        if self.random.below(16) == 0 {
            self.put(&[b"CONNECT a:443", b"OPTIONS *"], &[b"CONNECT /", b"CONNECT a", b"GET *", b"CONNECT a:", b"OPTIONS **"]);
        } else {
            self.put(METHODS, ODD_METHODS);
            self.put(SPACES, ODD_SPACES);
            self.put(TARGETS, ODD_TARGETS);
        }
        self.put(SPACES, ODD_SPACES);
        self.line(VERSIONS, ODD_VERSIONS);
        if self.random.below(8) > 0 {
            self.line(HOSTS, ODD_HOSTS);
            self.rest();
        } else {
            self.rest();
        }
    }

    fn response(&mut self) {
        self.put(BEFORE, ODD_BEFORE);
        self.put(VERSIONS, ODD_VERSIONS);
        self.put(SPACES, ODD_SPACES);
        self.line(STATUSES, ODD_STATUSES);
        self.rest();
    }

    /// What is behind the first lines.
    fn rest(&mut self) {
        self.some_fields();
        match self.random.below(4) {
            0 => {
                self.line(LENGTHS, ODD_LENGTHS);
                self.some_fields();
                self.put(ENDS, ODD_ENDS);
                self.put(&[b"abc"], &[b"ab", b"abcd", b"", b"\r\n\r\n", b"0\r\n\r\n"]);
            }
            1 => {
                self.line(CODINGS, ODD_CODINGS);
                self.some_fields();
                self.put(ENDS, ODD_ENDS);
                self.chunks();
            }
            _ => self.put(ENDS, ODD_ENDS),
        }
    }

    fn some_fields(&mut self) {
        for _ in 0..self.random.below(3) {
            self.line(FIELDS, ODD_FIELDS);
        }
    }

    fn chunks(&mut self) {
        for _ in 0..self.random.below(3) {
            self.put(SIZES, ODD_SIZES);
            self.line(EXTENSIONS, ODD_EXTENSIONS);
            self.put(&[b"abc"], &[b"ab", b"abcd", b""]);
            self.put(ENDS, ODD_CHUNK_ENDS);
        }
        self.line(LASTS, ODD_LASTS);
        for _ in 0..self.random.below(4) / 2 {
            self.line(TRAILERS, ODD_TRAILERS);
        }
        self.put(ENDS, ODD_ENDS);
    }

    /// Changes a few bytes: to ones with a meaning, mostly; or cuts, doubles and drops some.
    fn mutate(&mut self) {
        const BYTES: &[u8] = b"\r\n \t:;,#/*?%\"\0\x01\x0b\x1f\x7f\x80\xffAz09-_HTTP.";
        for _ in 0..self.random.below(3) {
            if self.bytes.is_empty() {
                return;
            }
            let at = self.random.below(self.bytes.len());
            match self.random.below(8) {
                0 => self.bytes.insert(at, self.random.of(BYTES)),
                1 => drop(self.bytes.remove(at)),
                2 => self.bytes.truncate(at + 1),
                3 => self.bytes[at] = u8::try_from(self.random.below(256)).unwrap(),
                4 => self.bytes.insert(at, self.bytes[at]),
                _ => self.bytes[at] = self.random.of(BYTES),
            }
        }
    }
}

/// The byte strings about which implementations are known to disagree.
pub(crate) fn probes() -> Vec<Stream> {
    let record: Value = serde_json::from_str(include_str!("../data/http1-probes.json")).unwrap();
    let probes = record["probes"].as_array().unwrap().iter().map(|probe| {
        let answers = (probe["role"] == "response").then(|| Answers::method(probe["request_method"].as_str().unwrap_or("GET")));
        Stream { answers, bytes: from_hex(probe["hex"].as_str().unwrap()) }
    });
    probes.collect()
}

fn from_hex(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).unwrap()).unwrap();
    hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) * 16 + digit(pair[1])).collect()
}

/// Draws a stream: one in four is right, one in four has its bytes changed, and some have two or three messages.
pub(crate) fn draw(random: &mut Random) -> Stream {
    let answers = match random.below(16) {
        0..=7 => None,
        8 => Some(Answers::Head),
        9 => Some(Answers::Connect),
        _ => Some(Answers::Other),
    };
    let odds = random.of(&[0, 8, 16, 24]);
    let messages = 1 + random.below(8) / 6 + random.below(8) / 7;
    let mut draw = Draw { random, odds, bytes: Vec::new() };
    for _ in 0..messages {
        if answers.is_none() { draw.request() } else { draw.response() }
    }
    if draw.random.below(4) == 0 {
        draw.mutate();
    }
    Stream { answers, bytes: draw.bytes }
}
