//! Bodies, in parts as they arrive. SPEC.md, chapter HB.

use core::ops::Range;

use super::chunk_line::{ChunkLine, LastLine, ReadChunkLine};
use super::fault::{Fault, Rule};
use super::fields::Fields;
use super::framing::BodyForm;
use super::lines::{Limit, Lines, Read, ReadLines};
use super::rules::Rules;
use super::section::{Kind, Section, longest, longest_line};
use crate::decode::{Cause, Decode, Found, Stop};
use crate::error::NeedMoreData;
use crate::input::Input;

/// What has still to arrive of a body.
///
/// ```text
///          size CR LF                      CR LF 0 CR LF trailers CR LF
/// First ───────────────▶ Data ───▶ Next ─────────────────────────────────▶ (the body is whole)
///                           ▲        │
///                           └────────┘ CR LF size CR LF
/// ```
#[derive(Clone, Copy, Debug)]
pub(super) enum Awaits {
    /// Nothing.
    End,
    /// So many bytes, at least one.
    Bytes(u64),
    /// All that comes.
    Close,
    /// The line of the first chunk.
    First,
    /// So many bytes of a chunk, at least one.
    Data(u64),
    /// The end of a chunk, and the line of the next.
    Next,
}

/// A body on its way in: its state outlives the parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incoming {
    awaits: Awaits,
    /// The bytes of data that chunks have announced.
    announced: u64,
    /// The bytes of chunk extensions.
    extensions: u64,
    /// The bytes of framing beyond what is fair.
    overhead: u64,
    /// The last line that was plain.
    last: LastLine,
}

/// How far into a part the decoder has looked, and where the trailers are.
#[derive(Clone, Debug, Default)]
pub struct Trailing {
    /// Of the line, and behind it of the trailers.
    lines: Lines,
    /// The line of the chunk, when it has been read.
    line: Option<ChunkLine>,
    pub(super) section: Section,
}

/// A part of a body that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// `len` bytes, of which these are data.
    Data { len: usize, data: Range<usize> },
    /// The last `len` bytes, which may be none.
    End { len: usize },
}

/// The framing that a chunk may have: so many bytes, and twice its data. What is beyond adds up, and what is below is taken off. The formula is that of Go's net/http.
const FAIR: u64 = 16;
/// How much of a chunk's data may be joined with its line, where they do not lie together.
const JOINED: u64 = 64;

impl Incoming {
    /// Starts a body of this form; of a tunnel there is none.
    pub(super) fn new(form: BodyForm) -> Self {
        let awaits = match form {
            BodyForm::None | BodyForm::Tunnel | BodyForm::Length(0) => Awaits::End,
            BodyForm::Length(length) => Awaits::Bytes(length),
            BodyForm::Chunked => Awaits::First,
            BodyForm::UntilClose => Awaits::Close,
        };
        Self { awaits, announced: 0, extensions: 0, overhead: 0, last: LastLine::NONE }
    }

    /// Whether only the end of the stream ends it.
    pub(super) fn goes_on_until_close(&self) -> bool {
        matches!(self.awaits, Awaits::Close)
    }

    /// Finds the next part.
    #[inline(always)]
    pub(super) fn scan(&mut self, progress: &mut Trailing, input: &Input<'_>, rules: &Rules) -> Result<Piece, Stop<Fault>> {
        if let Some(piece) = self.plain_chunk(input, rules) {
            return Ok(piece);
        }
        self.scan_otherwise(progress, input, rules)
    }

    /// The same for whatever is no plain chunk.
    #[inline(never)]
    fn scan_otherwise(&mut self, progress: &mut Trailing, input: &Input<'_>, rules: &Rules) -> Result<Piece, Stop<Fault>> {
        match self.awaits {
            Awaits::End => Ok(Piece::End { len: 0 }),
            Awaits::Bytes(left) => {
                let (piece, left) = part(left, input)?;
                self.awaits = left.map_or(Awaits::End, Awaits::Bytes);
                Ok(piece)
            }
            Awaits::Data(left) => {
                let (piece, left) = part(left, input)?;
                self.awaits = left.map_or(Awaits::Next, Awaits::Data);
                Ok(piece)
            }
            Awaits::Close => self.until_close(input, rules),
            Awaits::First => self.chunk(0, progress, input, rules),
            Awaits::Next => {
                chunk_end(input)?;
                self.chunk(2, progress, input, rules)
            }
        }
    }

    fn until_close(&mut self, input: &Input<'_>, rules: &Rules) -> Result<Piece, Stop<Fault>> {
        let len = input.first().len();
        let limit = rules.limits.max_body;
        match limit.checked_sub(self.announced) {
            _ if len == 0 && input.is_end() => {
                self.awaits = Awaits::End;
                Ok(Piece::End { len: 0 })
            }
            _ if len == 0 => Err(Stop::Need(NeedMoreData::ONE)),
            Some(left @ 1..) => {
                let len = at_most(left, len);
                self.announced += len as u64;
                Ok(Piece::Data { len, data: 0..len })
            }
            _ => Err(Stop::fatal(Fault::new(Rule::BodyTooLarge, 0, None))),
        }
    }

    /// Does what [`chunk`](Self::chunk) does behind the end of another, in the most frequent case: the line lies with the first data in one run, and is so short that it is fair whatever the chunk.
    #[inline(always)]
    fn plain_chunk(&mut self, input: &Input<'_>, rules: &Rules) -> Option<Piece> {
        let (Awaits::Next, [b'\r', b'\n', run @ ..]) = (self.awaits, input.first()) else { return None };
        let line = self.last.next(run, rules)?;
        let announced = self.announced.saturating_add(line.size);
        let there = at_most(line.size, run.get(line.len..)?.len());
        if there == 0 || announced > rules.limits.max_body || self.overhead > 0 {
            return None;
        }
        let data = 2 + line.len;
        input.examined(data);
        self.announced = announced;
        let left = line.size - there as u64;
        if left > 0 {
            self.awaits = Awaits::Data(left);
        }
        Some(Piece::Data { len: data + there, data: data..data + there })
    }

    /// Reads a chunk's line at offset `start`, and then finds the first data of the chunk, or the end of the body.
    #[inline(always)]
    fn chunk(&mut self, start: usize, progress: &mut Trailing, input: &Input<'_>, rules: &Rules) -> Result<Piece, Stop<Fault>> {
        let line = match progress.line {
            Some(line) => line,
            None => self.line(start, progress, input, rules)?,
        };
        if line.size == 0 {
            return self.trailers(start + line.len, progress, input, rules);
        }
        let data = start + line.len;
        let there = match input.first().get(data..) {
            Some(run) if !run.is_empty() => at_most(line.size, run.len()),
            _ => at_most(line.size.min(JOINED), input.len().saturating_sub(data)),
        };
        if there == 0 {
            return Err(Stop::Need(NeedMoreData::ONE));
        }
        let left = line.size - there as u64;
        self.awaits = if left > 0 { Awaits::Data(left) } else { Awaits::Next };
        self.count(line);
        let len = data + there;
        Ok(Piece::Data { len, data: data..len })
    }

    /// Reads a chunk's line at offset `start`, and judges what it adds.
    #[inline(always)]
    fn line(&self, start: usize, progress: &mut Trailing, input: &Input<'_>, rules: &Rules) -> Result<ChunkLine, Stop<Fault>> {
        if progress.lines.next < start {
            progress.lines.restart(start);
        }
        let mut reader = ReadChunkLine { line: ChunkLine::default(), rules };
        let limit = reader.line_limit();
        let end = progress.lines.read(input, start, limit, &mut reader)?;
        let line = reader.line;
        let mut counted = *self;
        counted.count(line);
        let limits = &rules.limits;
        if counted.announced > limits.max_body {
            return Err(Stop::fatal(Fault::new(Rule::BodyTooLarge, start, None)));
        }
        if counted.extensions > limits.max_chunk_ext {
            return Err(Stop::Fatal(Cause::TooLarge { what: "chunk extensions", limit: limits.max_chunk_ext }));
        }
        if counted.overhead > limits.max_chunk_overhead {
            return Err(Stop::fatal(Fault::new(Rule::ChunkOverhead, start, None)));
        }
        progress.line = Some(line);
        progress.lines.restart(end);
        Ok(line)
    }

    fn count(&mut self, line: ChunkLine) {
        self.announced = self.announced.saturating_add(line.size);
        self.extensions = self.extensions.saturating_add(line.extensions as u64);
        let framing = line.len as u64 + 2;
        let fair = line.size.saturating_mul(2).saturating_add(FAIR);
        self.overhead = self.overhead.saturating_add(framing).saturating_sub(fair);
    }

    /// Reads the trailers behind the last chunk's line, at offset `start`.
    fn trailers(&mut self, start: usize, progress: &mut Trailing, input: &Input<'_>, rules: &Rules) -> Result<Piece, Stop<Fault>> {
        let limit = Limit { what: "trailers", bytes: rules.limits.max_trailer_bytes.min(longest(usize::MAX).saturating_sub(start)) };
        let mut reader = ReadTrailers { section: &mut progress.section, rules };
        let len = progress.lines.read(input, start, limit, &mut reader)?;
        self.awaits = Awaits::End;
        Ok(Piece::End { len })
    }
}

/// Takes what lies together of `left` bytes. Returns what is then left.
#[inline(always)]
fn part(left: u64, input: &Input<'_>) -> Result<(Piece, Option<u64>), Stop<Fault>> {
    let len = at_most(left, input.first().len());
    if len == 0 {
        return Err(Stop::Need(NeedMoreData::ONE));
    }
    let left = left - len as u64;
    Ok((Piece::Data { len, data: 0..len }, (left > 0).then_some(left)))
}

fn at_most(left: u64, len: usize) -> usize {
    usize::try_from(left).map_or(len, |left| left.min(len))
}

/// Checks the two bytes behind a chunk's data, each as it comes.
#[inline(always)]
fn chunk_end(input: &Input<'_>) -> Result<(), Stop<Fault>> {
    match input.array(0) {
        Ok([b'\r', b'\n']) => Ok(()),
        Ok([b'\r', found]) => Err(Stop::fatal(Fault::new(Rule::ChunkEnd, 1, Some(found)))),
        Ok([found, _]) => Err(Stop::fatal(Fault::new(Rule::ChunkEnd, 0, Some(found)))),
        Err(short) => match input.get(0) {
            Some(found) if found != b'\r' => Err(Stop::fatal(Fault::new(Rule::ChunkEnd, 0, Some(found)))),
            Some(_) => Err(short.into()),
            None => Err(Stop::Need(NeedMoreData::ONE)),
        },
    }
}

/// Reads the lines of trailers.
pub(super) struct ReadTrailers<'a> {
    pub(super) section: &'a mut Section,
    pub(super) rules: &'a Rules,
}

impl ReadLines for ReadTrailers<'_> {
    fn line_limit(&self) -> Limit {
        longest_line(self.rules)
    }

    fn read(&mut self, bytes: &[u8], base: usize) -> Result<Read, Cause<Fault>> {
        self.section.read(bytes, 0, base, Kind::Trailers, self.rules)
    }
}

impl Trailing {
    /// Makes it fresh, and keeps its allocations.
    #[inline(always)]
    pub(super) fn clear(&mut self) {
        self.lines.restart(0);
        if self.line.take().is_some() {
            self.section.clear();
        }
    }
}

/// A part of a body, lent.
#[derive(Clone, Copy, Debug)]
pub enum BodyPart<'a> {
    /// The next bytes of it, at least one. Where they end says nothing.
    Data(&'a [u8]),
    /// It is whole. The trailers behind it are none but of a chunked one.
    End(Fields<'a>),
}

/// What a part is.
#[derive(Clone, Debug)]
pub enum PartToken {
    /// Data, at these offsets of its bytes.
    Data(Range<usize>),
    /// The end.
    End,
}

/// Reads one body, and nothing behind it: then the stream [ends](crate::Step::End), and what is unread is for another decoder.
///
/// ```
/// use framewright::{Engine, Step, http1::{Body, BodyForm, BodyPart, Rules}};
///
/// let mut engine = Engine::new(Body::new(BodyForm::Chunked, Rules::STRICT));
/// let mut frames = engine.feed(b"5\r\nhello\r\n0\r\nDigest: x\r\n\r\nGET")?;
/// assert!(matches!(frames.next_frame()?, Step::Frame(BodyPart::Data(b"hello"), _)));
/// let Step::Frame(BodyPart::End(trailers), _) = frames.next_frame()? else { panic!("the end is there") };
/// assert_eq!(trailers.get("digest"), Some(&b"x"[..]));
/// assert!(matches!(frames.next_frame()?, Step::End(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Body {
    rules: Rules,
    /// Nothing when it has ended.
    incoming: Option<Incoming>,
}

impl Body {
    /// Makes a decoder of a body of this form.
    #[must_use]
    pub fn new(form: BodyForm, rules: Rules) -> Self {
        Self { rules, incoming: Some(Incoming::new(form)) }
    }
}

impl Decode for Body {
    type Progress = Trailing;
    type Token = PartToken;
    type Frame<'a> = BodyPart<'a>;
    type Fault = Fault;

    #[inline(always)]
    fn scan(&mut self, progress: &mut Trailing, input: &Input<'_>) -> Result<Found<PartToken>, Stop<Fault>> {
        let Some(incoming) = &mut self.incoming else { return Ok(Found::End) };
        Ok(match incoming.scan(progress, input, &self.rules)? {
            Piece::Data { len, data } => Found::Frame { len, token: PartToken::Data(data) },
            Piece::End { len } => {
                self.incoming = None;
                Found::Frame { len, token: PartToken::End }
            }
        })
    }

    #[inline(always)]
    fn open<'a>(token: PartToken, progress: &'a Trailing, frame: &'a [u8]) -> BodyPart<'a> {
        match token {
            PartToken::Data(data) => BodyPart::Data(frame.get(data).unwrap_or_default()),
            PartToken::End => BodyPart::End(Fields::new(frame, &progress.section)),
        }
    }

    #[inline(always)]
    fn reset(progress: &mut Trailing) {
        progress.clear();
    }
}
