//! The line before a chunk: its size in hex digits, and extensions, which are checked and dropped. SPEC.md, clauses HB-4 to HB-9.

use super::bytes::{is_ows, is_token};
use super::fault::{Fault, Rule};
use super::lines::{Halt, Limit, Read, ReadLines, settle};
use super::rules::{Leniency, Rules};
use crate::decode::Cause;
use crate::error::Error;

/// The line before a chunk.
///
/// ```
/// use framewright::http1::{ChunkLine, Rules};
///
/// let line = ChunkLine::parse(b"1a;name=value\r\nabc", &Rules::STRICT)?.unwrap();
/// assert_eq!((line.size, line.len, line.extensions), (26, 15, 11));
/// assert!(ChunkLine::parse(b"1a\r", &Rules::STRICT)?.is_none()); // more has to arrive
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChunkLine {
    /// The bytes of the line, with its end.
    pub len: usize,
    /// The bytes of data that follow it, and behind them CR LF; 0 of the last chunk, which trailers and an empty line follow.
    pub size: u64,
    /// The bytes of its extensions, which are checked and mean nothing.
    pub extensions: usize,
}

impl ChunkLine {
    /// Reads the line at the start of `bytes`, without an engine: the function that [`Body`](super::Body) uses, for those who have one slice. Gives nothing when it has not arrived whole. Limits of a
    /// whole body are up to the caller.
    ///
    /// # Errors
    /// A broken rule, or a line that is longer than its limit.
    pub fn parse(bytes: &[u8], rules: &Rules) -> Result<Option<Self>, Error<Fault>> {
        let mut reader = ReadChunkLine { line: Self::default(), rules };
        match reader.read(bytes, 0) {
            Ok(Read::Whole(_)) => Ok(Some(reader.line)),
            Ok(Read::UpTo(_)) => Ok(None),
            Err(cause) => Err(Error::fatal(0, cause)),
        }
    }
}

/// Reads one line.
pub(super) struct ReadChunkLine<'a> {
    pub(super) line: ChunkLine,
    pub(super) rules: &'a Rules,
}

/// The most digits of a size: those of 64 bits.
const MOST_DIGITS: usize = 16;

impl ReadLines for ReadChunkLine<'_> {
    #[inline(always)]
    fn line_limit(&self) -> Limit {
        Limit { what: "chunk line", bytes: self.rules.limits.max_chunk_line }
    }

    #[inline(always)]
    fn read(&mut self, bytes: &[u8], base: usize) -> Result<Read, Cause<Fault>> {
        match self.line(bytes, base) {
            Ok(end) if end <= self.rules.limits.max_chunk_line => {
                Ok(Read::Whole(base + end))
            }
            Ok(_) => settle(Halt::Short, bytes, base, self.line_limit()),
            Err(halt) => settle(halt, bytes, base, self.line_limit()),
        }
    }
}

impl ReadChunkLine<'_> {
    /// Reads the line at the start of `bytes`, at offset `base` of the frame. Returns where it ends.
    #[inline(always)]
    fn line(&mut self, bytes: &[u8], base: usize) -> Result<usize, Halt> {
        let mut size: u64 = 0;
        let mut digits = 0;
        while let Some(digit) = bytes.get(digits).and_then(|byte| hex_digit(*byte)) {
            if digits == MOST_DIGITS {
                return Err(Fault::new(Rule::ChunkSize, base + digits, bytes.get(digits).copied()).into());
            }
            size = size << 4 | u64::from(digit);
            digits += 1;
        }
        if digits == 0 {
            return Err(not_a_size(bytes, base));
        }
        let end = match bytes.get(digits..) {
            Some([b'\r', b'\n', ..]) => digits + 2,
            _ => self.extensions(bytes, digits, base)?,
        };
        if size > self.rules.limits.max_chunk_size || i64::try_from(size).is_err() {
            return Err(Fault::new(Rule::ChunkTooLarge, base, bytes.first().copied()).into());
        }
        self.line = ChunkLine { len: end, size, extensions: end - digits - 2 };
        Ok(end)
    }

    /// Reads what is between the size and the end of the line. Returns where that is.
    #[cold]
    fn extensions(&self, bytes: &[u8], start: usize, base: usize) -> Result<usize, Halt> {
        let mut at = start;
        if self.rules.allows(Leniency::WhitespaceAfterChunkSize) {
            let end = skip_whitespace(bytes, at);
            if matches!(bytes.get(end), Some(b'\r' | b'\n')) {
                at = end;
            }
        }
        loop {
            let next = self.whitespace(bytes, at);
            match bytes.get(next) {
                Some(b';') => at = self.extension(bytes, next + 1, base)?,
                _ => return end_of_line(bytes, at, base),
            }
        }
    }

    /// Reads the name and perhaps the value behind a `;`. Returns where they end.
    fn extension(&self, bytes: &[u8], start: usize, base: usize) -> Result<usize, Halt> {
        let end = token(bytes, self.whitespace(bytes, start), base)?;
        let equals = self.whitespace(bytes, end);
        if bytes.get(equals) != Some(&b'=') {
            return Ok(end);
        }
        let value = self.whitespace(bytes, equals + 1);
        if bytes.get(value) == Some(&b'"') { quoted_string(bytes, value + 1, base) } else { token(bytes, value, base) }
    }

    /// Steps over whitespace where that is allowed.
    fn whitespace(&self, bytes: &[u8], at: usize) -> usize {
        if self.rules.allows(Leniency::WhitespaceInChunkExtensions) { skip_whitespace(bytes, at) } else { at }
    }
}

#[inline(always)]
fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cold]
fn not_a_size(bytes: &[u8], base: usize) -> Halt {
    match bytes.first() {
        Some(found) => Fault::new(Rule::ChunkSize, base, Some(*found)).into(),
        None => Halt::Short,
    }
}

fn skip_whitespace(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| is_ows(*byte)) {
        at += 1;
    }
    at
}

/// Reads a token at `start`. Returns where it ends.
fn token(bytes: &[u8], start: usize, base: usize) -> Result<usize, Halt> {
    let mut end = start;
    while bytes.get(end).is_some_and(|byte| is_token(*byte)) {
        end += 1;
    }
    if end > start { Ok(end) } else { Err(not_there(bytes, end, base)) }
}

/// Reads what is behind the first quote, up to the last (RFC 9110 section 5.6.4). Returns where that ends.
fn quoted_string(bytes: &[u8], mut at: usize, base: usize) -> Result<usize, Halt> {
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') if matches!(bytes.get(at + 1), Some(b'\t' | b' '..=b'~' | 0x80..)) => at += 2,
            Some(b'\t' | b' ' | b'!' | b'#'..=b'[' | b']'..=b'~' | 0x80..) => at += 1,
            Some(b'\\') => return Err(not_there(bytes, at + 1, base)),
            _ => return Err(not_there(bytes, at, base)),
        }
    }
}

/// Reads CR LF. Returns where it ends.
fn end_of_line(bytes: &[u8], at: usize, base: usize) -> Result<usize, Halt> {
    match bytes.get(at..) {
        Some([b'\r', b'\n', ..]) => Ok(at + 2),
        _ => Err(not_there(bytes, at, base)),
    }
}

/// What is wrong with the byte at offset `at`.
fn not_there(bytes: &[u8], at: usize, base: usize) -> Halt {
    match bytes.get(at..).unwrap_or_default() {
        [] | [b'\r'] => Halt::Short,
        [b'\n', ..] => Fault::new(Rule::BareLf, base + at, Some(b'\n')).into(),
        [b'\r', found, ..] if *found != b'\n' => Fault::new(Rule::BareCr, base + at + 1, Some(*found)).into(),
        [found, ..] => Fault::new(Rule::ChunkExtension, base + at, Some(*found)).into(),
    }
}
