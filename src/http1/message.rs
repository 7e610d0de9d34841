//! Whole messages of one direction, one behind the other. SPEC.md, chapter HM.

use alloc::borrow::Cow;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Range;

use super::body::{Incoming, Piece, Trailing};
use super::fault::Fault;
use super::fields::Fields;
use super::framing::{Answers, BodyForm, Framing};
use super::head::{HeadOf, Index, Role};
use super::request::Request;
use super::response::Response;
use super::rules::Rules;
use crate::decode::{Decode, Found, Reject, Stop};
use crate::error::{Error, ErrorCause, NeedMoreData};
use crate::input::Input;

/// What comes of a stream of messages: for each a head, its data in parts, and its end.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a, H> {
    /// The head, and what it says of the body.
    Head(H, Framing),
    /// The next bytes of the body, at least one. Where they end says nothing.
    Data(&'a [u8]),
    /// The message is whole. The trailers behind it are none but of a chunked body.
    End(Fields<'a>),
}

/// What has still to arrive.
///
/// ```text
///         head              data, end
/// Head ──────────▶ Body ───────────────▶ Head
///   │    head
///   └──────────▶ Tunnel                  (the rest is another protocol's)
/// ```
#[derive(Clone, Debug)]
enum Awaits {
    Head,
    Body(Incoming),
    Tunnel,
}

/// Reads messages of one direction, one behind the other, bodies and all.
///
/// ```
/// use framewright::{Engine, Step, http1::{Event, Requests}};
///
/// let mut engine = Engine::new(Requests::strict());
/// let mut frames = engine.feed(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nHost: x\r\n\r\n")?;
/// let mut seen = Vec::new();
/// while let Step::Frame(event, _) = frames.next_frame()? {
///     seen.push(match event {
///         Event::Head(head, _) => format!("{} {}", head.method(), head.target().escape_ascii()),
///         Event::Data(data) => data.escape_ascii().to_string(),
///         Event::End(_trailers) => "end".to_owned(),
///     });
/// }
/// assert_eq!(seen, ["POST /a", "hello", "end", "GET /b", "end"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Behind a response that ends HTTP on its connection the stream [ends](crate::Step::End): what is unread belongs to another protocol. Of requests that cannot be told, since it is up to the answer:
/// behind the end of a CONNECT, or of one that asks for an upgrade, take no step before it is given. If the protocol changes, [`into_parts`](crate::Engine::into_parts) has what follows.
#[derive(Clone, Debug)]
pub struct Messages<R: Role> {
    rules: Rules,
    context: R::Context,
    awaits: Awaits,
    empty_lines: u32,
    role: PhantomData<R>,
}

/// What has been looked at of a head or a part.
#[derive(Clone, Debug)]
pub struct MessageProgress<R: Role> {
    head: Index<R>,
    body: Trailing,
}

/// What a part of a message is.
#[derive(Clone, Debug)]
pub enum MessageToken {
    /// The head.
    Head(Framing),
    /// Data, at these offsets of its bytes.
    Data(Range<usize>),
    /// The end.
    End,
}

impl<R: Role> Default for MessageProgress<R> {
    fn default() -> Self {
        Self { head: Index::default(), body: Trailing::default() }
    }
}

impl<R: Role> Messages<R> {
    /// Makes a decoder with the default limits and no leniency.
    #[must_use]
    pub fn strict() -> Self {
        Self::new(Rules::STRICT)
    }

    /// Makes a decoder with these rules.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self { rules, context: R::Context::default(), awaits: Awaits::Head, empty_lines: 0, role: PhantomData }
    }
}

impl Messages<Response> {
    /// Sets what the responses answer, all of them. Otherwise requests of methods other than HEAD and CONNECT.
    #[must_use]
    pub fn answering(mut self, answers: Answers) -> Self {
        self.context = answers;
        self
    }
}

impl<R: Role> Decode for Messages<R> {
    type Progress = MessageProgress<R>;
    type Token = MessageToken;
    type Frame<'a> = Event<'a, R::Head<'a>>;
    type Fault = Fault;

    #[inline(always)]
    fn scan(&mut self, progress: &mut MessageProgress<R>, input: &Input<'_>) -> Result<Found<MessageToken>, Stop<Fault>> {
        match &mut self.awaits {
            Awaits::Head => {}
            Awaits::Tunnel => return Ok(Found::End),
            Awaits::Body(incoming) => {
                return Ok(match incoming.scan(&mut progress.body, input, &self.rules)? {
                    Piece::Data { len, data } => Found::Frame { len, token: MessageToken::Data(data) },
                    Piece::End { len } => {
                        self.awaits = Awaits::Head;
                        Found::Frame { len, token: MessageToken::End }
                    }
                });
            }
        }
        input.begin()?;
        if progress.head.is_fresh() {
            match R::begin(&mut self.empty_lines, input, &self.rules)? {
                0 => {}
                skipped => return Ok(Found::Skip(skipped)),
            }
        }
        let len = progress.head.read(input, &self.rules)?;
        self.empty_lines = 0;
        Ok(Found::Frame { len, token: MessageToken::Head(Framing::default()) })
    }

    #[inline(always)]
    fn inspect(&mut self, token: &mut MessageToken, progress: &mut MessageProgress<R>, frame: &[u8]) -> Result<(), Reject<Fault>> {
        let MessageToken::Head(framing) = token else { return Ok(()) };
        progress.head.section.unfold(frame);
        R::judge_whole(frame, &progress.head, &self.rules).map_err(Reject::Fatal)?;
        *framing = R::framing(frame, &progress.head, self.context, &self.rules).map_err(Reject::Fatal)?;
        self.awaits = match framing.body {
            BodyForm::Tunnel => Awaits::Tunnel,
            body => Awaits::Body(Incoming::new(body)),
        };
        Ok(())
    }

    #[inline(always)]
    fn open<'a>(token: MessageToken, progress: &'a MessageProgress<R>, frame: &'a [u8]) -> Event<'a, R::Head<'a>> {
        match token {
            MessageToken::Head(framing) => Event::Head(R::head(frame, &progress.head), framing),
            MessageToken::Data(data) => Event::Data(frame.get(data).unwrap_or_default()),
            MessageToken::End => Event::End(Fields::new(frame, &progress.body.section)),
        }
    }

    #[inline(always)]
    fn reset(progress: &mut MessageProgress<R>) {
        progress.head.clear();
        progress.body.clear();
    }
}

/// One message, read from bytes that are all there. Made by [`parse_request`] and [`parse_response`].
#[derive(Clone)]
pub struct Message<'a, R: Role> {
    bytes: &'a [u8],
    index: Index<R>,
    head: Range<usize>,
    /// How its body is framed.
    pub framing: Framing,
    /// The body: borrowed where it lies together, and joined where it came in chunks.
    pub body: Cow<'a, [u8]>,
    trailing: Trailing,
    end: Range<usize>,
}

impl<'a, R: Role> Message<'a, R> {
    /// Returns the head.
    #[must_use]
    pub fn head(&self) -> HeadOf<'_, R> {
        R::head(self.bytes.get(self.head.clone()).unwrap_or_default(), &self.index)
    }

    /// Returns the trailers behind a chunked body.
    #[must_use]
    pub fn trailers(&self) -> Fields<'_> {
        Fields::new(self.bytes.get(self.end.clone()).unwrap_or_default(), &self.trailing.section)
    }

    /// Returns the bytes behind the message.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.end.end..).unwrap_or_default()
    }

    fn parse(bytes: &'a [u8], context: R::Context, rules: &Rules) -> Result<Self, Error<Fault>> {
        let mut reading = Reading { bytes, at: 0, decoder: Messages::<R> { context, ..Messages::new(*rules) } };
        let (token, head, progress) = reading.next()?;
        let framing = if let MessageToken::Head(framing) = token { framing } else { Framing::default() };
        let mut message = Self {
            bytes,
            index: progress.head,
            end: head.end..head.end,
            head,
            framing,
            body: Cow::Borrowed(&[]),
            trailing: Trailing::default(),
        };
        if framing.body == BodyForm::Tunnel {
            return Ok(message);
        }
        loop {
            match reading.next()? {
                (MessageToken::Data(data), place, _) => {
                    let part = bytes.get(place.start + data.start..place.start + data.end).unwrap_or_default();
                    if message.body.is_empty() {
                        message.body = Cow::Borrowed(part);
                    } else {
                        message.body.to_mut().extend_from_slice(part);
                    }
                }
                (_, place, progress) => {
                    message.trailing = progress.body;
                    message.end = place;
                    return Ok(message);
                }
            }
        }
    }
}

impl<R: Role> fmt::Debug for Message<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("head", &self.head())
            .field("framing", &self.framing)
            .field("body", &format_args!("\"{}\"", self.body.escape_ascii()))
            .field("trailers", &self.trailers())
            .finish()
    }
}

/// Bytes that are all there, on their way through a decoder.
struct Reading<'a, R: Role> {
    bytes: &'a [u8],
    at: usize,
    decoder: Messages<R>,
}

impl<R: Role> Reading<'_, R> {
    /// The next part, and where it is.
    fn next(&mut self) -> Result<(MessageToken, Range<usize>, MessageProgress<R>), Error<Fault>> {
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let mut progress = MessageProgress::default();
            let fails = |cause: ErrorCause<Fault>| Err(Error::fatal(self.at as u64, cause));
            let (len, mut token) = match self.decoder.scan(&mut progress, &Input::from(rest)) {
                Ok(Found::Skip(len)) => {
                    self.at += len;
                    continue;
                }
                Ok(Found::Frame { len, token }) => (len, token),
                Ok(_) => (0, MessageToken::End),
                Err(Stop::Need(_)) if rest.is_empty() && self.decoder.goes_on_until_close() => (0, MessageToken::End),
                Err(Stop::Need(NeedMoreData { missing })) => {
                    return fails(ErrorCause::Truncated { received: rest.len() as u64, missing });
                }
                Err(Stop::Idle) => return fails(ErrorCause::Truncated { received: 0, missing: NeedMoreData::ONE.missing }),
                Err(Stop::Fatal(cause) | Stop::Bad { cause, .. }) => return fails(cause.into()),
            };
            let place = self.at..self.at + len;
            let frame = self.bytes.get(place.clone()).unwrap_or_default();
            match self.decoder.inspect(&mut token, &mut progress, frame) {
                Ok(()) => {}
                Err(Reject::Bad(fault) | Reject::Fatal(fault)) => return fails(ErrorCause::Fault(fault)),
                Err(Reject::Skip | Reject::FalseStart) => return fails(ErrorCause::Bug("a message is rejected without a reason")),
            }
            self.at = place.end;
            return Ok((token, place, progress));
        }
    }
}

impl<R: Role> Messages<R> {
    fn goes_on_until_close(&self) -> bool {
        matches!(&self.awaits, Awaits::Body(incoming) if incoming.goes_on_until_close())
    }
}

/// Reads one request from bytes that hold it whole. What is behind it is [`rest`](Message::rest).
///
/// # Errors
/// As the stream of these bytes would give: a broken rule, a limit, or `Truncated`.
///
/// ```
/// use framewright::http1::{Rules, parse_request};
///
/// let request = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET";
/// let message = parse_request(request, &Rules::STRICT)?;
/// assert_eq!((message.head().method(), &message.body[..], message.rest()), ("POST", &b"abcde"[..], &b"GET"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn parse_request<'a>(bytes: &'a [u8], rules: &Rules) -> Result<Message<'a, Request>, Error<Fault>> {
    Message::parse(bytes, (), rules)
}

/// Reads one response from bytes that hold it whole, up to their end where only that ends it. What is behind it is [`rest`](Message::rest).
///
/// # Errors
/// As for [`parse_request`].
///
/// ```
/// use framewright::http1::{Answers, Rules, parse_response};
///
/// let message = parse_response(b"HTTP/1.1 200 OK\r\n\r\nall that comes", Answers::Other, &Rules::STRICT)?;
/// assert_eq!((message.head().status(), &message.body[..]), (200, &b"all that comes"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn parse_response<'a>(bytes: &'a [u8], answers: Answers, rules: &Rules) -> Result<Message<'a, Response>, Error<Fault>> {
    Message::parse(bytes, answers, rules)
}
