//! The first line of a response, and its head. SPEC.md, clauses HH-1 to HH-8.

use alloc::vec::Vec;
use core::fmt;

use super::bytes::text_end;
use super::encode::{NewField, NewResponse};
use super::fault::{Fault, Rule};
use super::fields::Fields;
use super::framing::{self, Answers, Framing};
use super::head::{Index, sealed};
use super::lines::{Halt, Limit};
use super::rules::{Demand, Rules};
use super::section::{Kind, line_end};
use super::version::{Version, Written, version};
use crate::decode::{Cause, Stop};
use crate::input::Input;

/// Responses, for [`Heads`](super::Heads) and [`Messages`](super::Messages).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Response;

/// What the first line of a response says, and where.
#[derive(Clone, Copy, Debug, Default)]
pub struct StatusLine {
    version: Version,
    status: u16,
    reason_end: u32,
}

/// The head of a response, lent.
#[derive(Clone, Copy)]
pub struct ResponseHead<'a> {
    frame: &'a [u8],
    index: &'a Index<Response>,
}

/// Where a reason begins: behind the version, a space, the status and another.
const REASON: usize = 13;

impl<'a> ResponseHead<'a> {
    /// Returns the version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.line().version
    }

    /// Returns the status, from 100 to 999.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.line().status
    }

    /// Returns the reason, which may be empty and means nothing.
    #[must_use]
    pub fn reason(&self) -> &'a [u8] {
        self.frame.get(REASON..self.line().reason_end as usize).unwrap_or_default()
    }

    /// Returns the fields.
    #[must_use]
    pub fn fields(&self) -> Fields<'a> {
        Fields::new(self.frame, &self.index.section)
    }

    /// Tells how the body is framed: a function of this head and of what it answers.
    ///
    /// # Errors
    /// A broken rule, or a length beyond [`max_body`](super::Limits::max_body): where the body ends is in doubt, and so is whatever follows.
    pub fn framing(&self, answers: Answers, rules: &Rules) -> Result<Framing, Fault> {
        framing::of_response(answers, self.line().version, self.line().status, self.frame, &self.index.section, rules)
    }

    #[inline(always)]
    fn line(&self) -> StatusLine {
        self.index.line.unwrap_or_default()
    }

    /// Returns the whole head, byte for byte, with the empty line.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.frame
    }
}

impl fmt::Debug for ResponseHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseHead")
            .field("version", &self.version())
            .field("status", &self.status())
            .field("reason", &format_args!("\"{}\"", self.reason().escape_ascii()))
            .field("fields", &self.fields())
            .finish()
    }
}

impl sealed::Role for Response {
    type Line = StatusLine;
    type Head<'a> = ResponseHead<'a>;
    type New<'a> = NewResponse<'a>;
    type Context = Answers;

    const KIND: Kind = Kind::Response;

    #[inline(always)]
    fn is_start(bytes: &[u8]) -> bool {
        bytes.starts_with(b"HTTP/")
    }

    /// Each of the first bytes is judged as it comes.
    #[inline(always)]
    fn begin(_: &mut u32, input: &Input<'_>, rules: &Rules) -> Result<usize, Stop<Fault>> {
        let run = input.first();
        if run.starts_with(b"HTTP/") { Ok(0) } else { begin_otherwise(input, rules) }
    }

    #[inline(always)]
    fn line_limit(rules: &Rules) -> Limit {
        Limit { what: "start line", bytes: rules.limits.max_reason.saturating_add(REASON + 2) }
    }

    #[inline(always)]
    fn line(bytes: &[u8], rules: &Rules) -> Result<(StatusLine, usize), Halt> {
        let version = match bytes.first_chunk() {
            Some(written) if *written == *b"HTTP/1.1" => Version::Http11,
            _ => other_version(bytes)?,
        };
        let status = status(bytes, rules)?;
        let stop = match bytes.get(REASON - 1) {
            Some(b' ') => text_end(bytes, REASON),
            Some(b'\r' | b'\n') => REASON - 1,
            Some(found) => return Err(Fault::new(Rule::Status, REASON - 1, Some(*found)).into()),
            None => return Err(Halt::Short),
        };
        let end = line_end(bytes, stop, 0, Kind::Response, rules, Rule::Reason)?;
        if stop > rules.limits.max_reason.saturating_add(REASON) {
            return Err(Halt::too_large("start line", Self::line_limit(rules).bytes));
        }
        #[expect(clippy::cast_possible_truncation, reason = "a head is at most 2^32 - 1 bytes long")]
        let line = StatusLine { version, status, reason_end: stop as u32 };
        Ok((line, end))
    }

    #[inline(always)]
    fn judge(_: &Index<Self>, _: usize) -> Result<(), Cause<Fault>> {
        Ok(())
    }

    #[inline(always)]
    fn head<'a>(frame: &'a [u8], index: &'a Index<Self>) -> ResponseHead<'a> {
        ResponseHead { frame, index }
    }

    #[inline(always)]
    fn judge_whole(_: &[u8], _: &Index<Self>, _: &Rules) -> Result<(), Fault> {
        Ok(())
    }

    #[inline(always)]
    fn framing(frame: &[u8], index: &Index<Self>, answers: Answers, rules: &Rules) -> Result<Framing, Fault> {
        Self::head(frame, index).framing(answers, rules)
    }

    fn judge_announced(frame: &[u8], index: &Index<Self>, rules: &Rules) -> Result<(), Fault> {
        let version = Self::head(frame, index).version();
        framing::announced(version, frame, &index.section, rules).map(|_| ())
    }

    fn write_line(head: &NewResponse<'_>, to: &mut Vec<u8>) {
        let digits = [100, 10, 1].map(|unit| b'0' + u8::try_from(head.status / unit % 10).unwrap_or_default());
        for part in [head.version.as_str().as_bytes(), b" ", &digits, b" ", head.reason, b"\r\n"] {
            to.extend_from_slice(part);
        }
    }

    fn is_line(head: &NewResponse<'_>, frame: &[u8], index: &Index<Self>) -> bool {
        let read = Self::head(frame, index);
        (read.version(), read.status(), read.reason()) == (head.version, head.status, head.reason)
    }

    fn fields<'a>(head: &'a NewResponse<'_>) -> &'a [NewField<'a>] {
        head.fields
    }

    fn context(head: &NewResponse<'_>) -> Answers {
        head.answers
    }
}

/// Judges first bytes that are not all there, or that no response begins with.
#[cold]
fn begin_otherwise(input: &Input<'_>, rules: &Rules) -> Result<usize, Stop<Fault>> {
    for (at, expected) in b"HTTP/".iter().enumerate().take(rules.limits.max_head) {
        match input.get(at) {
            Some(found) if found == *expected => {}
            Some(0x16) if at == 0 => return Err(Stop::fatal(Fault::new(Rule::Tls, at, Some(0x16)))),
            Some(found) => return Err(Stop::fatal(Fault::new(Rule::NoMessage, at, Some(found)))),
            None => break,
        }
    }
    Ok(0)
}

#[cold]
fn other_version(bytes: &[u8]) -> Result<Version, Halt> {
    match version(bytes, 0)? {
        Written::Known(version) => Ok(version),
        Written::Other => Err(Fault::new(Rule::UnsupportedVersion, 5, bytes.get(5).copied()).into()),
    }
}

/// Reads a space and the three digits behind it.
#[inline(always)]
fn status(bytes: &[u8], rules: &Rules) -> Result<u16, Halt> {
    let Some(&[space, a, b, c]) = bytes.get(8..).and_then(<[u8]>::first_chunk) else { return short_status(bytes) };
    if space == b' ' && a.is_ascii_digit() && b.is_ascii_digit() && c.is_ascii_digit() {
        let status = u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0');
        let most = if rules.demands(Demand::StatusBelow600) { 599 } else { 999 };
        if (100..=most).contains(&status) {
            return Ok(status);
        }
    }
    Err(bad_status([space, a, b, c]))
}

/// Faults that are there before four bytes are.
#[cold]
fn short_status(bytes: &[u8]) -> Result<u16, Halt> {
    match wrong_in_status(bytes.get(8..).unwrap_or_default()) {
        Some((at, found)) => Err(Fault::new(Rule::Status, 8 + at, Some(found)).into()),
        None => Err(Halt::Short),
    }
}

#[cold]
fn bad_status(found: [u8; 4]) -> Halt {
    let (at, found) = wrong_in_status(&found).unwrap_or((1, found[1]));
    Fault::new(Rule::Status, 8 + at, Some(found)).into()
}

/// The first byte that is not as in a space and three digits, and where.
fn wrong_in_status(found: &[u8]) -> Option<(usize, u8)> {
    found.iter().copied().enumerate().find(|(at, byte)| if *at == 0 { *byte != b' ' } else { !byte.is_ascii_digit() })
}
