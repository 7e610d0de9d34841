//! Heads from bytes as they arrive: events of an engine, and `http` types of what httparse finds.

use std::mem::MaybeUninit;

use bytes::Bytes;
use framewright::http1::{Event, RequestHeads, Requests};
use framewright::{Engine, Step};
use http::header::{HeaderName, HeaderValue};
use http::{Method, Request, Uri, Version};

use super::heads::{FIELDS, Take};
use crate::consume::{Digest, Touch};
use crate::contender::Cut;

/// Reads requests without bodies.
pub trait Events {
    /// Reads a stream that arrives in pieces of `piece` bytes.
    fn read<T: Take>(&mut self, stream: &[u8], piece: usize, to: &mut T);
}

/// [`Events`] as a contender.
#[derive(Debug)]
pub struct Arriving<E>(pub E);

impl<E: Events> Cut for Arriving<E> {
    fn touch(&mut self, stream: &[u8], piece: usize) -> Touch {
        read(&mut self.0, stream, piece)
    }

    fn digest(&mut self, stream: &[u8], piece: usize) -> Digest {
        read(&mut self.0, stream, piece)
    }
}

/// Never inlined, so that each contender has a loop to itself.
#[inline(never)]
fn read<E: Events, T: Take>(events: &mut E, stream: &[u8], piece: usize) -> T {
    let mut take = T::default();
    events.read(stream, piece, &mut take);
    take
}

/// Whole messages of ours, with the framing decision and the end of each.
#[derive(Debug)]
pub struct OurEvents(pub Engine<Requests>);

impl Events for OurEvents {
    #[inline(always)]
    fn read<T: Take>(&mut self, stream: &[u8], piece: usize, to: &mut T) {
        for piece in stream.chunks(piece) {
            let mut frames = self.0.feed(piece).expect("drained");
            while let Step::Frame(event, _) = frames.next_frame().expect("good requests") {
                if let Event::Head(head, _) = event {
                    to.line([head.method().as_bytes(), head.target()]);
                    to.fields(head.fields().len(), head.fields().iter().map(|field| (field.name, field.value)));
                }
            }
        }
    }
}

/// Heads of ours.
#[derive(Debug)]
pub struct OurHeads(pub Engine<RequestHeads>);

impl Events for OurHeads {
    #[inline(always)]
    fn read<T: Take>(&mut self, stream: &[u8], piece: usize, to: &mut T) {
        for piece in stream.chunks(piece) {
            let mut frames = self.0.feed(piece).expect("drained");
            while let Step::Frame(head, _) = frames.next_frame().expect("good requests") {
                to.line([head.method().as_bytes(), head.target()]);
                to.fields(head.fields().len(), head.fields().iter().map(|field| (field.name, field.value)));
            }
        }
    }
}

/// httparse, and a [`Request`] of what it finds: values and the target share the bytes that were read, as in hyper.
#[derive(Debug)]
pub struct PeerTypes {
    /// The stream, in shared memory.
    pub read: Bytes,
}

impl Events for PeerTypes {
    #[inline(always)]
    fn read<T: Take>(&mut self, stream: &[u8], _: usize, to: &mut T) {
        assert_eq!(stream.len(), self.read.len());
        let mut read = self.read.clone();
        while !read.is_empty() {
            let (request, len) = request(&read);
            let _ = read.split_to(len);
            let target = request.uri().path_and_query().map_or("", |target| target.as_str());
            to.line([request.method().as_str().as_bytes(), target.as_bytes()]);
            to.fields(request.headers().len(), request.headers().iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes())));
        }
    }
}

fn request(read: &Bytes) -> (Request<()>, usize) {
    let mut fields = [const { MaybeUninit::uninit() }; FIELDS];
    let mut parsed = httparse::Request::new(&mut []);
    let status = parsed.parse_with_uninit_headers(read, &mut fields).expect("a good head");
    let httparse::Status::Complete(len) = status else { panic!("a whole head") };
    let mut request = Request::new(());
    *request.method_mut() = Method::from_bytes(parsed.method.expect("a method").as_bytes()).expect("a method");
    *request.uri_mut() = Uri::from_maybe_shared(read.slice_ref(parsed.path.expect("a target").as_bytes())).expect("a target");
    *request.version_mut() = Version::HTTP_11;
    request.headers_mut().reserve(parsed.headers.len());
    for field in parsed.headers {
        let name = HeaderName::from_bytes(field.name.as_bytes()).expect("a name");
        let value = HeaderValue::from_maybe_shared(read.slice_ref(field.value)).expect("a value");
        request.headers_mut().append(name, value);
    }
    (request, len)
}

/// httparse, asked again with every piece that arrives.
#[derive(Debug, Default)]
pub struct PeerAgain {
    unread: Vec<u8>,
}

impl Events for PeerAgain {
    #[inline(always)]
    fn read<T: Take>(&mut self, stream: &[u8], piece: usize, to: &mut T) {
        for piece in stream.chunks(piece) {
            self.unread.extend_from_slice(piece);
            let mut fields = [const { MaybeUninit::uninit() }; FIELDS];
            let mut parsed = httparse::Request::new(&mut []);
            let status = parsed.parse_with_uninit_headers(&self.unread, &mut fields).expect("a good head");
            if let httparse::Status::Complete(len) = status {
                to.line([parsed.method.unwrap_or_default().as_bytes(), parsed.path.unwrap_or_default().as_bytes()]);
                to.fields(parsed.headers.len(), parsed.headers.iter().map(|field| (field.name.as_bytes(), field.value)));
                self.unread.drain(..len);
            }
        }
    }
}
