//! Heads on one slice each: what httparse does, and what is done by whoever makes `http` types of that.

use std::hint::black_box;
use std::mem::MaybeUninit;

use framewright::http1::{Answers, Index, Request, Response, Rules};

use crate::consume::{Consume, Digest, Touch};
use crate::contender::Cut;
use crate::workload::Stream;

/// The most fields of a head, for everyone.
pub const FIELDS: usize = 100;
/// The bytes of all copies of a head: half of a first-level cache.
const CACHED: usize = 16 * 1024;

/// What is taken of a head: everything where parts are compared, and little where time is.
pub trait Take: Consume + Default {
    /// Takes the parts of a first line.
    fn line(&mut self, parts: [&[u8]; 2]);

    /// Takes the fields, so many.
    fn fields<'a>(&mut self, count: usize, fields: impl Iterator<Item = (&'a [u8], &'a [u8])>);
}

impl Take for Digest {
    fn line(&mut self, parts: [&[u8]; 2]) {
        for part in parts {
            self.frame(part);
        }
    }

    fn fields<'a>(&mut self, _: usize, fields: impl Iterator<Item = (&'a [u8], &'a [u8])>) {
        fields.for_each(|(name, value)| {
            self.frame(name);
            self.frame(value);
        });
    }
}

impl Take for Touch {
    #[inline(always)]
    fn line(&mut self, [_, part]: [&[u8]; 2]) {
        self.frame(part);
    }

    /// How many there are, and the first: what is asked of all of them is not the parser's time.
    #[inline(always)]
    fn fields<'a>(&mut self, count: usize, mut fields: impl Iterator<Item = (&'a [u8], &'a [u8])>) {
        self.piece(&[0; FIELDS][..count]);
        if let Some((_, value)) = fields.next() {
            self.frame(value);
        }
    }
}

/// Ours: the function that the decoders use.
#[derive(Debug, Default)]
pub struct OurRequest(Index<Request>);

/// The same, and how the body is framed.
#[derive(Debug, Default)]
pub struct OurFramedRequest(Index<Request>);

/// Ours, for responses.
#[derive(Debug, Default)]
pub struct OurResponse(Index<Response>);

/// The same, and how the body is framed.
#[derive(Debug, Default)]
pub struct OurFramedResponse(Index<Response>);

/// httparse.
#[derive(Debug)]
pub struct PeerRequest;

/// httparse, for responses.
#[derive(Debug)]
pub struct PeerResponse;

/// Reads one head.
pub trait Read {
    /// Reads the head that a slice holds.
    fn read<T: Take>(&mut self, head: &[u8], to: &mut T);
}

impl Read for OurRequest {
    #[inline(always)]
    fn read<T: Take>(&mut self, head: &[u8], to: &mut T) {
        let head = self.0.parse(head, &Rules::STRICT).expect("a good head").expect("a whole head");
        to.line([head.method().as_bytes(), head.target()]);
        to.fields(head.fields().len(), head.fields().iter().map(|field| (field.name, field.value)));
    }
}

impl Read for OurFramedRequest {
    #[inline(always)]
    fn read<T: Take>(&mut self, head: &[u8], to: &mut T) {
        let head = self.0.parse(head, &Rules::STRICT).expect("a good head").expect("a whole head");
        black_box(head.framing(&Rules::STRICT).expect("a good length"));
        to.line([head.method().as_bytes(), head.target()]);
        to.fields(head.fields().len(), head.fields().iter().map(|field| (field.name, field.value)));
    }
}

impl Read for OurResponse {
    #[inline(always)]
    fn read<T: Take>(&mut self, head: &[u8], to: &mut T) {
        let head = self.0.parse(head, &Rules::STRICT).expect("a good head").expect("a whole head");
        to.line([&head.status().to_be_bytes(), head.reason()]);
        to.fields(head.fields().len(), head.fields().iter().map(|field| (field.name, field.value)));
    }
}

impl Read for OurFramedResponse {
    #[inline(always)]
    fn read<T: Take>(&mut self, head: &[u8], to: &mut T) {
        let head = self.0.parse(head, &Rules::STRICT).expect("a good head").expect("a whole head");
        black_box(head.framing(Answers::Other, &Rules::STRICT).expect("a good length"));
        to.line([&head.status().to_be_bytes(), head.reason()]);
        to.fields(head.fields().len(), head.fields().iter().map(|field| (field.name, field.value)));
    }
}

impl Read for PeerRequest {
    #[inline(always)]
    fn read<T: Take>(&mut self, head: &[u8], to: &mut T) {
        let mut fields = [const { MaybeUninit::uninit() }; FIELDS];
        let mut request = httparse::Request::new(&mut []);
        let status = request.parse_with_uninit_headers(head, &mut fields).expect("a good head");
        assert!(status.is_complete());
        to.line([request.method.unwrap_or_default().as_bytes(), request.path.unwrap_or_default().as_bytes()]);
        to.fields(request.headers.len(), request.headers.iter().map(|field| (field.name.as_bytes(), field.value)));
    }
}

impl Read for PeerResponse {
    #[inline(always)]
    fn read<T: Take>(&mut self, head: &[u8], to: &mut T) {
        let mut fields = [const { MaybeUninit::uninit() }; FIELDS];
        let mut response = httparse::Response::new(&mut []);
        let config = httparse::ParserConfig::default();
        let status = config.parse_response_with_uninit_headers(&mut response, head, &mut fields).expect("a good head");
        assert!(status.is_complete());
        to.line([&response.code.unwrap_or_default().to_be_bytes(), response.reason.unwrap_or_default().as_bytes()]);
        to.fields(response.headers.len(), response.headers.iter().map(|field| (field.name.as_bytes(), field.value)));
    }
}

/// Reads copies of one head, each as a slice of its own.
#[derive(Debug)]
pub struct Alone<R>(pub R);

impl<R: Read> Cut for Alone<R> {
    fn touch(&mut self, stream: &[u8], head: usize) -> Touch {
        read_all(&mut self.0, stream, head)
    }

    fn digest(&mut self, stream: &[u8], head: usize) -> Digest {
        read_all(&mut self.0, stream, head)
    }
}

/// Never inlined, so that each contender has a loop to itself.
#[inline(never)]
fn read_all<R: Read, T: Take>(reader: &mut R, stream: &[u8], head: usize) -> T {
    let mut take = T::default();
    stream.chunks(head).for_each(|head| reader.read(head, &mut take));
    take
}

/// Copies of a head, as many as a cache holds, and what is in them.
///
/// # Panics
/// When it is no head.
#[must_use]
pub fn copies(head: &str) -> Stream {
    let mut stream = Stream::default();
    while stream.bytes.len() + head.len() <= CACHED {
        stream.bytes.extend_from_slice(head.as_bytes());
        take(head, &mut stream.digest);
        take(head, &mut stream.touch);
    }
    stream
}

fn take(head: &str, to: &mut impl Take) {
    let mut lines = head.trim_end().split("\r\n");
    let first = lines.next().expect("a first line");
    match first.split(' ').collect::<Vec<_>>()[..] {
        ["HTTP/1.1", status, reason] => to.line([&status.parse::<u16>().expect("a status").to_be_bytes(), reason.as_bytes()]),
        [method, target, "HTTP/1.1"] => to.line([method.as_bytes(), target.as_bytes()]),
        _ => panic!("{first}"),
    }
    let fields: Vec<_> = lines.map(|line| line.split_once(": ").expect("a field")).collect();
    to.fields(fields.len(), fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())));
}

/// The same head with all names in lower case, as whoever makes `http` types of it gives them.
#[must_use]
pub fn lower(head: &str) -> String {
    let mut lines = head.split_inclusive("\r\n");
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |head, line| match line.split_once(':') {
        Some((name, value)) => head + &name.to_ascii_lowercase() + ":" + value,
        None => head + line,
    })
}
