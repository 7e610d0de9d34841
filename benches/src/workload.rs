//! The streams that are cut into frames.

use std::fmt;

use crate::consume::{Consume, Digest, Touch, found};
use crate::output::{Append, ways};
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
pub enum Format {
    /// Lines that end in `\n` or `\r\n`.
    Lines,
    /// Lines that end in `\n`.
    LfLines,
    /// Lines, each shown as something else.
    Mapped,
    /// Lines of UTF-8.
    Utf8Lines,
    /// Payloads that end in one of a set of delimiters.
    Delimiter(Set),
    /// 64 bytes.
    Fixed,
    /// A `u32`, big-endian, that counts the payload behind it.
    LengthField,
    /// The same with a checksum behind the payload.
    LengthFieldCrc,
    /// A length of seven bits a byte.
    Varint,
    /// A length in decimal digits and `\r\n`; `\r\n` behind the payload too.
    AsciiLength,
    /// `5:hello,`
    Netstring,
    /// Magic bytes and a `u16` that counts the payload.
    SyncWord,
    /// The same with a checksum behind the payload.
    SyncWordCrc,
    /// Consistent overhead byte stuffing.
    Cobs,
    /// Escapes, and an end.
    Slip,
}

/// Delimiters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// `;` and `,`.
    Two = 0,
    /// `;` and `,` and `:`.
    Three = 1,
    /// `\r\n` and `\n`.
    LfOrCrLf = 2,
    /// `\r\n` and `\n` and `\r`, the longest first.
    AnyEnd = 3,
}

impl Set {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Two, Self::Three, Self::LfOrCrLf, Self::AnyEnd];

    /// Returns the delimiters; the last of them can be told at once.
    #[must_use]
    pub const fn delimiters(self) -> &'static [&'static [u8]] {
        match self {
            Self::Two => &[b";", b","],
            Self::Three => &[b";", b",", b":"],
            Self::LfOrCrLf => &[b"\r\n", b"\n"],
            Self::AnyEnd => &[b"\r\n", b"\r", b"\n"],
        }
    }

    /// Returns the one that is written.
    #[must_use]
    pub const fn written(self) -> &'static [u8] {
        match self {
            Self::Two | Self::Three => b";",
            Self::LfOrCrLf | Self::AnyEnd => b"\r\n",
        }
    }
}

/// What payloads are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Printable ASCII without punctuation.
    Ascii,
    /// The same, and one character in eight that is not ASCII.
    Mixed,
    /// Any byte, each as often as the others.
    Binary,
    /// The same, and one byte in sixteen that is to be stuffed: 0 or 0xc0.
    Dense,
}

/// One kind of stream.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// The format, and about how long its frames are.
    pub name: &'static str,
    /// How it is cut.
    pub format: Format,
    /// What payloads are made of.
    pub content: Content,
    /// The shortest and the longest payload; all lengths between are as likely.
    pub payload: (usize, usize),
}

const fn workload(name: &'static str, format: Format, content: Content, payload: (usize, usize)) -> Workload {
    Workload { name, format, content, payload }
}

/// All of them.
pub const WORKLOADS: &[Workload] = {
    use Content::{Ascii, Binary, Dense, Mixed};
    &[
        workload("Lines 12 B", Format::Lines, Ascii, (8, 14)),
        workload("Lines 12 B, `Lf`", Format::LfLines, Ascii, (8, 14)),
        workload("Lines 80 B", Format::Lines, Ascii, (59, 99)),
        workload("Lines 80 B, `Lf`", Format::LfLines, Ascii, (59, 99)),
        workload("Lines 1 KiB", Format::Lines, Ascii, (767, 1279)),
        workload("Lines 1 KiB, `Lf`", Format::LfLines, Ascii, (767, 1279)),
        workload("Map over Lines 12 B", Format::Mapped, Ascii, (8, 14)),
        workload("Map over Lines 80 B", Format::Mapped, Ascii, (59, 99)),
        workload("Utf8Lines 80 B, ASCII", Format::Utf8Lines, Ascii, (59, 99)),
        workload("Utf8Lines 80 B, mixed", Format::Utf8Lines, Mixed, (59, 99)),
        workload("Delimiter `;` `,` 12 B", Format::Delimiter(Set::Two), Ascii, (8, 14)),
        workload("Delimiter `;` `,` 80 B", Format::Delimiter(Set::Two), Ascii, (59, 99)),
        workload("Delimiter `;` `,` `:` 80 B", Format::Delimiter(Set::Three), Ascii, (59, 99)),
        workload("Delimiter LF CRLF 80 B", Format::Delimiter(Set::LfOrCrLf), Ascii, (59, 99)),
        workload("Delimiter LF CRLF CR 80 B", Format::Delimiter(Set::AnyEnd), Ascii, (59, 99)),
        workload("LengthField 16 B", Format::LengthField, Ascii, (12, 20)),
        workload("LengthField 256 B", Format::LengthField, Ascii, (192, 320)),
        workload("LengthField 4 KiB", Format::LengthField, Ascii, (3072, 5120)),
        workload("LengthField 12-200 B, CRC", Format::LengthFieldCrc, Binary, (12, 200)),
        workload("Fixed 64 B", Format::Fixed, Binary, (64, 64)),
        workload("Varint 12-200 B", Format::Varint, Binary, (12, 200)),
        workload("AsciiLength 12-200 B", Format::AsciiLength, Binary, (12, 200)),
        workload("Netstring 12-200 B", Format::Netstring, Binary, (12, 200)),
        workload("SyncWord 32-224 B", Format::SyncWord, Ascii, (32, 224)),
        workload("SyncWord 32-224 B, CRC", Format::SyncWordCrc, Ascii, (32, 224)),
        workload("Cobs 32-224 B", Format::Cobs, Binary, (32, 224)),
        workload("Cobs 32-224 B, dense", Format::Cobs, Dense, (32, 224)),
        workload("Slip 32-224 B", Format::Slip, Binary, (32, 224)),
        workload("Slip 32-224 B, dense", Format::Slip, Dense, (32, 224)),
    ]
};

/// A stream of whole frames, and what is right about it.
#[derive(Clone, Debug, Default)]
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
    /// When a payload has no frame.
    #[must_use]
    pub fn stream(&self) -> Stream {
        let Self { format, content, payload: (least, most), .. } = *self;
        let append = ways(format, least).append;
        let mut random = Random::new(SEED);
        let mut stream = Stream::default();
        let mut payload = Vec::new();
        while stream.bytes.len() < STREAM {
            payload.clear();
            let len = least + random.below(most - least + 1);
            content.fill(&mut random, len, &mut payload);
            stream.frame(&payload);
            append(&payload, &mut stream.bytes).expect("every payload has a frame");
            if let Format::Delimiter(set) = format {
                stream.end_otherwise(set, &mut random);
            }
        }
        stream
    }
}

impl Content {
    /// Makes a payload.
    pub fn fill(self, random: &mut Random, len: usize, payload: &mut Vec<u8>) {
        while payload.len() < len {
            match self {
                Self::Mixed if payload.len() + 2 <= len && random.below(8) == 0 => payload.extend_from_slice("é".as_bytes()),
                Self::Ascii | Self::Mixed => payload.push(b" etaoinshrdlucmfwypvbgkjqxz0123456789"[random.below(37)]),
                Self::Dense if random.below(16) == 0 => payload.push([0, 0xc0][random.below(2)]),
                Self::Binary | Self::Dense => payload.push(random.number().to_be_bytes()[0]),
            }
        }
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

    /// Payloads of `len` bytes each, `bytes` in all, which are to become what `append` makes of them.
    ///
    /// # Panics
    /// When it cannot.
    #[must_use]
    pub fn of_payloads(content: Content, bytes: usize, len: usize, append: &Append) -> Self {
        let mut stream = Self::default();
        let mut random = Random::new(SEED);
        let mut encoded = Vec::new();
        for end in (len..=bytes).step_by(len) {
            content.fill(&mut random, end, &mut stream.bytes);
            append(&stream.bytes[end - len..], &mut encoded).expect("every payload can be written");
        }
        stream.digest.piece(&encoded);
        stream.touch.piece(&encoded);
        stream
    }

    fn printable(len: usize) -> Self {
        let mut stream = Self::default();
        Content::Ascii.fill(&mut Random::new(SEED), len, &mut stream.bytes);
        stream
    }

    /// Counts a payload as one of its frames.
    fn frame(&mut self, payload: &[u8]) {
        self.digest.frame(payload);
        self.touch.frame(payload);
    }

    /// Puts any of a set behind the frame instead of the delimiter that is written; at the end of the stream one that can be told there.
    fn end_otherwise(&mut self, set: Set, random: &mut Random) {
        let ends = set.delimiters();
        self.bytes.truncate(self.bytes.len() - set.written().len());
        let nth = if self.bytes.len() < STREAM { random.below(ends.len()) } else { ends.len() - 1 };
        self.bytes.extend_from_slice(ends[nth]);
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
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
