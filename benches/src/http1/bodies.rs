//! A chunked body: where its chunks are.

use framewright::http1::{Body, BodyForm, BodyPart, ChunkLines, Rules};
use framewright::{Engine, Step};

use crate::consume::{Consume, Digest, Touch};
use crate::contender::Cut;
use crate::random::Random;
use crate::workload::Stream;

/// The bytes of data in a stream.
const DATA: usize = 256 * 1024;

/// A body in chunks whose bytes are between two numbers, all as likely.
#[must_use]
pub fn chunked(least: usize, most: usize) -> Stream {
    let mut random = Random::new(11);
    let mut stream = Stream::default();
    for _ in 0..2 * DATA / (least + most) {
        let size = least + random.below(most - least + 1);
        let data: Vec<u8> = (0..size).map(|_| random.number().to_le_bytes()[0]).collect();
        stream.bytes.extend_from_slice(format!("{size:x}\r\n").as_bytes());
        stream.bytes.extend_from_slice(&data);
        stream.bytes.extend_from_slice(b"\r\n");
        stream.digest.piece(&data);
        stream.touch.piece(&data);
    }
    stream.bytes.extend_from_slice(b"0\r\n\r\n");
    stream
}

/// Finds the data of all chunks.
pub trait Walk {
    /// Gives the data of a body that is fed in pieces of `piece` bytes.
    fn walk<C: Consume>(&mut self, body: &[u8], piece: usize, to: &mut C);
}

/// A [`Walk`] as a contender.
#[derive(Debug)]
pub struct Walked<W>(pub W);

impl<W: Walk> Cut for Walked<W> {
    fn touch(&mut self, stream: &[u8], piece: usize) -> Touch {
        walk(&mut self.0, stream, piece)
    }

    fn digest(&mut self, stream: &[u8], piece: usize) -> Digest {
        walk(&mut self.0, stream, piece)
    }
}

/// Never inlined, so that each contender has a loop to itself.
#[inline(never)]
fn walk<W: Walk, C: Consume + Default>(walk: &mut W, stream: &[u8], piece: usize) -> C {
    let mut consume = C::default();
    walk.walk(stream, piece, &mut consume);
    consume
}

/// Ours: the function that the decoder uses, on one slice.
#[derive(Debug)]
pub struct OurLines;

impl Walk for OurLines {
    #[inline(always)]
    fn walk<C: Consume>(&mut self, body: &[u8], _: usize, to: &mut C) {
        let mut lines = ChunkLines::new(Rules::STRICT);
        let mut at = 0;
        loop {
            let line = lines.parse(&body[at..]).expect("a good line").expect("a whole line");
            at = data(body, at + line.len, line.size, to);
            if line.size == 0 {
                break;
            }
        }
    }
}

/// httparse, on one slice.
#[derive(Debug)]
pub struct PeerLines;

impl Walk for PeerLines {
    #[inline(always)]
    fn walk<C: Consume>(&mut self, body: &[u8], _: usize, to: &mut C) {
        let mut at = 0;
        loop {
            let line = httparse::parse_chunk_size(&body[at..]).expect("a good line");
            let httparse::Status::Complete((len, size)) = line else { panic!("a whole line") };
            at = data(body, at + len, size, to);
            if size == 0 {
                break;
            }
        }
    }
}

/// Takes the data of a chunk, and checks what is behind it. Returns where that ends.
#[inline(always)]
fn data<C: Consume>(body: &[u8], start: usize, size: u64, to: &mut C) -> usize {
    let end = start + usize::try_from(size).expect("a small chunk");
    to.piece(&body[start..end]);
    assert_eq!(body[end..end + 2], *b"\r\n");
    end + 2
}

/// Ours through the engine, as a caller who reads from a socket has it.
#[derive(Debug)]
pub struct OurEngine;

impl Walk for OurEngine {
    #[inline(always)]
    fn walk<C: Consume>(&mut self, body: &[u8], piece: usize, to: &mut C) {
        let mut engine = Engine::new(Body::new(BodyForm::Chunked, Rules::STRICT));
        for piece in body.chunks(piece) {
            let mut frames = engine.feed(piece).expect("drained");
            while let Step::Frame(part, _) = frames.next_frame().expect("a good body") {
                if let BodyPart::Data(data) = part {
                    to.piece(data);
                }
            }
        }
    }
}
