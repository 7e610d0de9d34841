//! The streams that are cut into frames.

use std::fmt;

use crate::consume::{Consume, Digest, Touch, found};
use crate::random::Random;

/// The sizes of chunks: a trickle, a TCP segment, a read block, a large one.
pub const CHUNKS: [usize; 4] = [64, 1460, 16 * 1024, 64 * 1024];
/// The longest payload that any contender accepts.
pub const LIMIT: usize = 1 << 20;
/// The bytes of a stream, about. It repeats, and a shorter one is learnt by heart: at 512 KiB the branch predictor knows where lines end, and the hand-written code is up to a quarter faster than on
/// lines that it has not seen.
const STREAM: usize = 2 * 1024 * 1024;
const SEED: u64 = 7;

/// How a stream is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Lines that end in `\n`.
    Lines,
    /// A `u32`, big-endian, that counts the payload behind it.
    LengthField,
}

/// One kind of stream.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// How it is cut.
    pub framing: Framing,
    /// The mean of its frames, in bytes: lines with their end, or payloads. Lengths are up to a quarter away from it.
    pub mean: usize,
}

/// All of them.
pub const WORKLOADS: [Workload; 6] = [
    Workload { framing: Framing::Lines, mean: 12 },
    Workload { framing: Framing::Lines, mean: 80 },
    Workload { framing: Framing::Lines, mean: 1024 },
    Workload { framing: Framing::LengthField, mean: 16 },
    Workload { framing: Framing::LengthField, mean: 256 },
    Workload { framing: Framing::LengthField, mean: 4096 },
];

/// A stream of whole frames, and what is right about it.
#[derive(Clone, Debug)]
pub struct Stream {
    /// The encoded frames, one behind the other.
    pub bytes: Vec<u8>,
    /// What the frames are.
    pub digest: Digest,
    /// What touching each of them gives.
    pub touch: Touch,
}

impl Workload {
    /// Makes the stream.
    ///
    /// # Panics
    /// When a length does not fit its header.
    #[must_use]
    pub fn stream(&self) -> Stream {
        let mut random = Random::new(SEED);
        let mut stream = Stream { bytes: Vec::with_capacity(2 * STREAM), digest: Digest::default(), touch: Touch::default() };
        while stream.bytes.len() < STREAM {
            let len = self.mean - self.mean / 4 + random.below(self.mean / 2 + 1);
            match self.framing {
                Framing::Lines => {
                    stream.payload(&mut random, len - 1);
                    stream.bytes.push(b'\n');
                }
                Framing::LengthField => {
                    let header = u32::try_from(len).expect("frames are short");
                    stream.bytes.extend(header.to_be_bytes());
                    stream.payload(&mut random, len);
                }
            }
        }
        stream
    }
}

impl Stream {
    /// Printable bytes, `len` of them, that are to be cut into frames of `frame` bytes.
    #[must_use]
    pub fn of_frames(len: usize, frame: usize) -> Self {
        let mut stream = Self::printable(len);
        for frame in stream.bytes.chunks_exact(frame) {
            stream.digest.frame(frame);
            stream.touch.frame(frame);
        }
        stream
    }

    /// Printable bytes and then `end`, `len` bytes in all, in which something is to be found: its offset is the one frame.
    #[must_use]
    pub fn of_search(len: usize, end: &[u8], offset: Option<usize>) -> Self {
        let mut stream = Self::printable(len - end.len());
        stream.bytes.extend_from_slice(end);
        found(offset, &mut stream.digest);
        found(offset, &mut stream.touch);
        stream
    }

    fn printable(len: usize) -> Self {
        let mut stream = Self { bytes: Vec::with_capacity(len), digest: Digest::default(), touch: Touch::default() };
        stream.payload(&mut Random::new(SEED), len);
        Self { digest: Digest::default(), touch: Touch::default(), ..stream }
    }

    /// Adds a payload of printable bytes.
    fn payload(&mut self, random: &mut Random, len: usize) {
        let start = self.bytes.len();
        self.bytes.extend((0..len).map(|_| b" etaoinshrdlucmfwypvbgkjqxz0123456789"[random.below(37)]));
        let payload = &self.bytes[start..];
        self.digest.frame(payload);
        self.touch.frame(payload);
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let framing = match self.framing {
            Framing::Lines => "Lines",
            Framing::LengthField => "LengthField",
        };
        write!(f, "{framing} {}", Size(self.mean))
    }
}

/// Shows a number of bytes: `80 B`, `16 KiB`.
#[derive(Clone, Copy, Debug)]
pub struct Size(pub usize);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            kib if kib % 1024 == 0 => write!(f, "{} KiB", kib / 1024),
            bytes => write!(f, "{bytes} B"),
        }
    }
}
