//! Heads of requests and responses, which differ in their first line. SPEC.md, chapter HH.

use alloc::vec::Vec;
use core::fmt::Debug;
use core::marker::PhantomData;

use super::encode::NewField;
use super::fault::Fault;
use super::framing::Framing;
use super::lines::{Halt, Limit, Lines, Read, ReadLines, settle};
use super::rules::Rules;
use super::section::{Kind, Section, longest, longest_line};
use crate::decode::{Cause, Decode, Found, Reject, Stop};
use crate::error::{Error, ErrorCause};
use crate::input::Input;

/// What a message is: [`Request`](super::Request) or [`Response`](super::Response).
pub trait Role: sealed::Role {}

impl<R: sealed::Role> Role for R {}

pub(super) mod sealed {
    use super::{Cause, Debug, Fault, Framing, Halt, Index, Input, Kind, Limit, NewField, Rules, Stop, Vec};

    pub trait Role: Copy + Debug + Default + 'static {
        /// What the first line says.
        type Line: Clone + Debug + Default;
        /// A head as the user sees it.
        type Head<'a>: Clone + Debug;
        /// A head to be sent.
        type New<'a>;
        /// What must be known of the request that a response answers.
        type Context: Copy + Debug + Default;

        const KIND: Kind;

        /// Whether these bytes begin as most messages do.
        fn is_start(bytes: &[u8]) -> bool;

        /// Judges the first byte of a message, which is there. Returns how many bytes are to be skipped.
        fn begin(empty_lines: &mut u32, input: &Input<'_>, rules: &Rules) -> Result<usize, Stop<Fault>>;

        /// How long the first line may be.
        fn line_limit(rules: &Rules) -> Limit;

        /// Reads the first line, at the start of `bytes`. Returns what it says and where it ends.
        fn line(bytes: &[u8], rules: &Rules) -> Result<(Self::Line, usize), Halt>;

        /// Judges a head that has no other fault, of `len` bytes.
        fn judge(index: &Index<Self>, len: usize) -> Result<(), Cause<Fault>>;

        fn head<'a>(frame: &'a [u8], index: &'a Index<Self>) -> Self::Head<'a>;

        /// Judges a head that lies together.
        fn judge_whole(frame: &[u8], index: &Index<Self>, rules: &Rules) -> Result<(), Fault>;

        /// How the body of this message is framed.
        fn framing(frame: &[u8], index: &Index<Self>, context: Self::Context, rules: &Rules) -> Result<Framing, Fault>;

        /// Judges the fields that frame a body even where there is none.
        fn judge_announced(frame: &[u8], index: &Index<Self>, rules: &Rules) -> Result<(), Fault>;

        /// Writes the first line.
        fn write_line(head: &Self::New<'_>, to: &mut Vec<u8>);

        /// Whether the first line that was read is the one that was given.
        fn is_line(head: &Self::New<'_>, frame: &[u8], index: &Index<Self>) -> bool;

        fn fields<'a>(head: &'a Self::New<'_>) -> &'a [NewField<'a>];

        fn context(head: &Self::New<'_>) -> Self::Context;
    }
}

/// The head of one request or response, lent.
pub type HeadOf<'a, R> = <R as sealed::Role>::Head<'a>;

/// What has still to arrive of a head, and where its parts are.
///
/// ```text
///           CR LF           name ":" value CR LF
///                               ┌────┐
/// Line ────────────────▶ Fields ┴────┘──────▶ (the head is whole)
///        method … or                   CR LF
///        version …
/// ```
#[derive(Clone, Debug)]
pub struct Index<R: Role> {
    pub(super) lines: Lines,
    pub(super) line: Option<R::Line>,
    pub(super) section: Section,
}

impl<R: Role> Default for Index<R> {
    fn default() -> Self {
        Self { lines: Lines::default(), line: None, section: Section::default() }
    }
}

impl<R: Role> Index<R> {
    /// Reads the head at the start of `bytes`, without an engine: the function that [`Heads`] uses, for those who have one slice. Gives nothing when it has not arrived whole; then it is read from
    /// its start the next time, which an engine does not do. Keep the index, and nothing is allocated for the next head.
    ///
    /// The head has to begin with the first byte: empty lines before a request, over which [`Heads`] steps, are refused. What follows the head is at the length of its
    /// [`as_bytes`](super::RequestHead::as_bytes).
    ///
    /// # Errors
    /// A broken rule, or a part that is longer than a limit.
    ///
    /// ```
    /// use framewright::http1::{Index, Request, Rules};
    ///
    /// let mut index = Index::<Request>::default();
    /// assert!(index.parse(b"GET / HTTP/1.1\r\nHost: a", &Rules::STRICT)?.is_none());
    /// let head = index.parse(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n...", &Rules::STRICT)?.unwrap();
    /// assert_eq!((head.target(), head.as_bytes().len()), (&b"/"[..], 27));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse<'a>(&'a mut self, bytes: &'a [u8], rules: &Rules) -> Result<Option<HeadOf<'a, R>>, Error<Fault>> {
        self.clear();
        let len = match self.read_slice(bytes, rules) {
            Ok(len) => len,
            Err(Stop::Idle | Stop::Need(_)) => return Ok(None),
            Err(Stop::Fatal(cause) | Stop::Bad { cause, .. }) => return Err(Error::fatal(0, cause)),
        };
        let frame = bytes.get(..len).unwrap_or_default();
        self.section.unfold(frame);
        R::judge_whole(frame, self, rules).map_err(|fault| Error::fatal(0, ErrorCause::Fault(fault)))?;
        Ok(Some(R::head(frame, self)))
    }

    /// Reads a head from the start of one slice, into a fresh index. Returns its length.
    #[inline(always)]
    fn read_slice(&mut self, bytes: &[u8], rules: &Rules) -> Result<usize, Stop<Fault>> {
        let within = bytes.get(..longest(rules.limits.max_head)).unwrap_or(bytes);
        if R::is_start(within) {
            let mut reader = Reader::<R> { line: &mut self.line, section: &mut self.section, rules };
            if let Ok(Read::Whole(len)) = reader.read(within, 0) {
                return R::judge(self, len).map(|()| len).map_err(Stop::Fatal);
            }
        }
        self.read_other_slice(bytes, rules)
    }

    /// The same for bytes that begin with no whole head, from the start.
    #[cold]
    fn read_other_slice(&mut self, bytes: &[u8], rules: &Rules) -> Result<usize, Stop<Fault>> {
        self.clear();
        let input = Input::from(bytes);
        input.begin()?;
        let mut empty_lines = u32::MAX;
        R::begin(&mut empty_lines, &input, rules)?;
        self.read(&input, rules)
    }

    /// Makes it fresh, and keeps its allocations.
    #[inline(always)]
    pub(super) fn clear(&mut self) {
        self.lines.restart(0);
        if self.line.take().is_some() {
            self.section.clear();
        }
    }

    /// Whether no line has been read.
    #[inline(always)]
    pub(super) fn is_fresh(&self) -> bool {
        self.line.is_none()
    }

    /// Reads a head from the start of the input. Returns its length.
    #[inline(always)]
    pub(super) fn read(&mut self, input: &Input<'_>, rules: &Rules) -> Result<usize, Stop<Fault>> {
        let limit = Limit { what: "head", bytes: longest(rules.limits.max_head) };
        let mut reader = Reader::<R> { line: &mut self.line, section: &mut self.section, rules };
        let len = self.lines.read(input, 0, limit, &mut reader)?;
        R::judge(self, len).map_err(Stop::Fatal)?;
        Ok(len)
    }
}

/// Reads the lines of a head.
struct Reader<'a, R: Role> {
    line: &'a mut Option<R::Line>,
    section: &'a mut Section,
    rules: &'a Rules,
}

impl<R: Role> ReadLines for Reader<'_, R> {
    fn line_limit(&self) -> Limit {
        if self.line.is_some() { longest_line(self.rules) } else { R::line_limit(self.rules) }
    }

    #[inline(always)]
    fn read(&mut self, bytes: &[u8], base: usize) -> Result<Read, Cause<Fault>> {
        let mut at = 0;
        if self.line.is_none() {
            match R::line(bytes, self.rules) {
                Ok((line, end)) if end <= R::line_limit(self.rules).bytes => {
                    *self.line = Some(line);
                    at = end;
                }
                Ok(_) => return settle(Halt::Short, bytes, base, R::line_limit(self.rules)),
                Err(halt) => return settle(halt, bytes, base, R::line_limit(self.rules)),
            }
        }
        self.section.read(bytes, at, base, R::KIND, self.rules)
    }
}

/// Reads heads, one behind the other: of messages that have no bodies, or whose bodies another decoder reads.
///
/// After a head the body follows, for which there is [`Body`](super::Body); [`Messages`](super::Messages) reads both.
///
/// ```
/// use framewright::{Engine, Step, http1::{RequestHeads, TargetForm, Version}};
///
/// let mut engine = Engine::new(RequestHeads::strict());
/// let mut frames = engine.feed(b"GET /index.html?q=1 HTTP/1.1\r\nHost: example.org\r\nAccept: */*\r\n\r\n")?;
/// let Step::Frame(head, place) = frames.next_frame()? else { panic!("a head is there") };
/// assert_eq!((head.method(), head.target(), head.form()), ("GET", &b"/index.html?q=1"[..], TargetForm::Origin));
/// assert_eq!((head.version(), head.fields().get("accept")), (Version::Http11, Some(&b"*/*"[..])));
/// assert_eq!(head.as_bytes().len(), place.len); // what came, byte for byte
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Heads<R> {
    rules: Rules,
    /// Those before the next head so far.
    empty_lines: u32,
    role: PhantomData<R>,
}

impl<R: Role> Heads<R> {
    /// Makes a decoder with the default limits and no leniency.
    #[must_use]
    pub const fn strict() -> Self {
        Self::new(Rules::STRICT)
    }

    /// Makes a decoder with these rules.
    #[must_use]
    pub const fn new(rules: Rules) -> Self {
        Self { rules, empty_lines: 0, role: PhantomData }
    }
}

impl<R: Role> Decode for Heads<R> {
    type Progress = Index<R>;
    type Token = ();
    type Frame<'a> = R::Head<'a>;
    type Fault = Fault;

    #[inline(always)]
    fn scan(&mut self, index: &mut Index<R>, input: &Input<'_>) -> Result<Found<()>, Stop<Fault>> {
        input.begin()?;
        if index.is_fresh() {
            match R::begin(&mut self.empty_lines, input, &self.rules)? {
                0 => {}
                skipped => return Ok(Found::Skip(skipped)),
            }
        }
        let len = index.read(input, &self.rules)?;
        self.empty_lines = 0;
        Ok(Found::Frame { len, token: () })
    }

    #[inline(always)]
    fn inspect(&mut self, (): &mut (), index: &mut Index<R>, frame: &[u8]) -> Result<(), Reject<Fault>> {
        index.section.unfold(frame);
        R::judge_whole(frame, index, &self.rules).map_err(Reject::Fatal)
    }

    #[inline(always)]
    fn open<'a>((): (), index: &'a Index<R>, frame: &'a [u8]) -> R::Head<'a> {
        R::head(frame, index)
    }

    #[inline(always)]
    fn reset(index: &mut Index<R>) {
        index.clear();
    }
}
