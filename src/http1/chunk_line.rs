//! The line before a chunk: its size in hex digits, and extensions, which are checked and dropped. SPEC.md, clauses HB-5 to HB-7.

use super::bytes::{is_ows, is_token};
use super::fault::{Fault, Rule};
use super::lines::{Halt, Limit, Read, ReadLines, settle};
use super::rules::{Leniency, Rules};
use crate::decode::Cause;
use crate::error::Error;

/// The line before a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChunkLine {
    /// The bytes of the line, with its end.
    pub len: usize,
    /// The bytes of data that follow it, and behind them CR LF; 0 of the last chunk, which trailers and an empty line follow.
    pub size: u64,
    /// The bytes of its extensions, which are checked and mean nothing.
    pub extensions: usize,
}

/// Reads the lines before chunks, each of which lies in one slice: what [`Body`](super::Body) does, without an engine. Limits of a whole body are up to the caller.
///
/// A line that is written as the one before is told by comparing them. Most are, and then it need not be worked out how long a chunk is before the next is looked for.
///
/// ```
/// use framewright::http1::{ChunkLines, Rules};
///
/// let mut lines = ChunkLines::new(Rules::STRICT);
/// let line = lines.parse(b"1a;name=value\r\nabc")?.unwrap();
/// assert_eq!((line.size, line.len, line.extensions), (26, 15, 11));
/// assert!(lines.parse(b"1a\r")?.is_none()); // more has to arrive
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ChunkLines {
    rules: Rules,
    last: LastLine,
}

impl ChunkLines {
    /// Makes a reader with these rules.
    #[must_use]
    pub const fn new(rules: Rules) -> Self {
        Self { rules, last: LastLine::NONE }
    }

    /// Reads the line at the start of `bytes`. Gives nothing when it has not arrived whole.
    ///
    /// # Errors
    /// A broken rule, or a line that is longer than its limit.
    #[inline(always)]
    pub fn parse(&mut self, bytes: &[u8]) -> Result<Option<ChunkLine>, Error<Fault>> {
        if let Some(line) = self.last.next(bytes, &self.rules) {
            return Ok(Some(line));
        }
        match read(bytes, 0, &self.rules) {
            Ok(line) if line.len <= self.rules.limits.max_chunk_line => Ok(Some(line)),
            Ok(_) => unread(Halt::Short, bytes, &self.rules),
            Err(halt) => unread(halt, bytes, &self.rules),
        }
    }
}

/// A line without extensions that was accepted, as it was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastLine {
    pub(super) line: ChunkLine,
    /// The line as a number, the first byte lowest.
    written: u64,
    /// The bits of that number.
    mask: u64,
}

impl LastLine {
    /// No line is this.
    pub(super) const NONE: Self = Self { line: ChunkLine { len: 0, size: 0, extensions: 0 }, written: 1, mask: 0 };

    /// Reads the line at the start of these bytes if it is plain: without extensions, and no longer than [`PLAIN`].
    #[inline(always)]
    pub(super) fn next(&mut self, bytes: &[u8], rules: &Rules) -> Option<ChunkLine> {
        let word = u64::from_le_bytes(*bytes.first_chunk()?);
        if word & self.mask == self.written {
            return Some(self.line);
        }
        let line = read(bytes, 0, rules).ok()?;
        if line.extensions > 0 || line.len > PLAIN.min(rules.limits.max_chunk_line) {
            return None;
        }
        if line.len <= 8 {
            self.mask = u64::MAX >> (64 - 8 * line.len);
            (self.line, self.written) = (line, word & self.mask);
        }
        Some(line)
    }
}

/// The length of a line without extensions that is fair before a single byte of data.
const PLAIN: usize = 16;

#[cold]
fn unread(halt: Halt, bytes: &[u8], rules: &Rules) -> Result<Option<ChunkLine>, Error<Fault>> {
    settle(halt, bytes, 0, longest_line(rules)).map(|_| None).map_err(|cause| Error::fatal(0, cause))
}

/// How long the line may be.
pub(super) fn longest_line(rules: &Rules) -> Limit {
    Limit { what: "chunk line", bytes: rules.limits.max_chunk_line }
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
        longest_line(self.rules)
    }

    #[inline(always)]
    fn read(&mut self, bytes: &[u8], base: usize) -> Result<Read, Cause<Fault>> {
        match read(bytes, base, self.rules) {
            Ok(line) if line.len <= self.rules.limits.max_chunk_line => {
                self.line = line;
                Ok(Read::Whole(base + line.len))
            }
            Ok(_) => settle(Halt::Short, bytes, base, self.line_limit()),
            Err(halt) => settle(halt, bytes, base, self.line_limit()),
        }
    }
}

/// Reads the line at the start of `bytes`, at offset `base` of the frame.
#[inline(always)]
fn read(bytes: &[u8], base: usize, rules: &Rules) -> Result<ChunkLine, Halt> {
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
    let len = match bytes.get(digits..) {
        Some([b'\r', b'\n', ..]) => digits + 2,
        _ => extensions(bytes, digits, base, rules)?,
    };
    if size > rules.limits.max_chunk_size || i64::try_from(size).is_err() {
        return Err(Fault::new(Rule::ChunkTooLarge, base, bytes.first().copied()).into());
    }
    Ok(ChunkLine { len, size, extensions: len - digits - 2 })
}

/// Reads what is between the size and the end of the line. Returns where that is.
#[cold]
fn extensions(bytes: &[u8], start: usize, base: usize, rules: &Rules) -> Result<usize, Halt> {
    let mut at = start;
    if rules.allows(Leniency::WhitespaceAfterChunkSize) {
        let end = skip_whitespace(bytes, at);
        if matches!(bytes.get(end), Some(b'\r' | b'\n')) {
            at = end;
        }
    }
    loop {
        let next = whitespace(bytes, at, rules);
        match bytes.get(next) {
            Some(b';') => at = extension(bytes, next + 1, base, rules)?,
            _ => return end_of_line(bytes, at, base),
        }
    }
}

/// Reads the name and perhaps the value behind a `;`. Returns where they end.
fn extension(bytes: &[u8], start: usize, base: usize, rules: &Rules) -> Result<usize, Halt> {
    let end = token(bytes, whitespace(bytes, start, rules), base)?;
    let equals = whitespace(bytes, end, rules);
    if bytes.get(equals) != Some(&b'=') {
        return Ok(end);
    }
    let value = whitespace(bytes, equals + 1, rules);
    if bytes.get(value) == Some(&b'"') { quoted_string(bytes, value + 1, base) } else { token(bytes, value, base) }
}

/// Steps over whitespace where that is allowed.
fn whitespace(bytes: &[u8], at: usize, rules: &Rules) -> usize {
    if rules.allows(Leniency::WhitespaceInChunkExtensions) { skip_whitespace(bytes, at) } else { at }
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
