//! The first line of a request, and its head. SPEC.md, clauses HH-1 to HH-8.

use alloc::vec::Vec;
use core::fmt;

use super::bytes::{is_token, target_end, token_end};
use super::encode::{NewField, NewRequest};
use super::fault::{Fault, Rule};
use super::fields::Fields;
use super::framing::{self, Framing};
use super::head::{Index, sealed};
use super::lines::{Halt, Limit};
use super::rules::{Demand, Leniency, Rules};
use super::section::{Kind, line_end};
use super::target::{self, TargetForm};
use super::version::{Version, Written, version};
use crate::decode::{Cause, Stop};
use crate::input::Input;

/// Requests, for [`Heads`](super::Heads) and [`Messages`](super::Messages).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Request;

/// What the first line of a request says, and where.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestLine {
    method_end: u32,
    target_end: u32,
    form: TargetForm,
    version: Version,
}

/// The head of a request, lent.
#[derive(Clone, Copy)]
pub struct RequestHead<'a> {
    frame: &'a [u8],
    index: &'a Index<Request>,
}

impl<'a> RequestHead<'a> {
    /// Returns the method, which is a token: `GET`. Its case matters.
    #[must_use]
    pub fn method(&self) -> &'a str {
        let method = self.frame.get(..self.line().method_end as usize).unwrap_or_default();
        core::str::from_utf8(method).unwrap_or_default()
    }

    /// Returns the target, as it came.
    #[must_use]
    pub fn target(&self) -> &'a [u8] {
        self.frame.get(self.line().method_end as usize + 1..self.line().target_end as usize).unwrap_or_default()
    }

    /// Returns which of the four forms the target has.
    #[must_use]
    pub fn form(&self) -> TargetForm {
        self.line().form
    }

    /// Returns the version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.line().version
    }

    /// Returns the fields.
    #[must_use]
    pub fn fields(&self) -> Fields<'a> {
        Fields::new(self.frame, &self.index.section)
    }

    /// Returns host and port that the request is for: of the target where it has them, and otherwise of the Host field (RFC 9112 section 3.3).
    #[must_use]
    pub fn authority(&self) -> Option<&'a [u8]> {
        let in_target = match self.line().form {
            TargetForm::Absolute => target::authority(self.target()),
            TargetForm::Authority => Some(self.target()),
            TargetForm::Origin | TargetForm::Asterisk => None,
        };
        let seen = self.index.section.known.host;
        in_target.or_else(|| (seen.count > 0).then(|| self.index.section.first(self.frame, seen).0))
    }

    /// Tells how the body is framed: a function of this head alone.
    ///
    /// # Errors
    /// A broken rule, or a length beyond [`max_body`](super::Limits::max_body): where the body ends is in doubt, and so is whatever follows.
    pub fn framing(&self, rules: &Rules) -> Result<Framing, Fault> {
        framing::of_request(self.frame.starts_with(b"CONNECT "), self.line().version, self.frame, &self.index.section, rules)
    }

    #[inline(always)]
    fn line(&self) -> RequestLine {
        self.index.line.unwrap_or_default()
    }

    /// Returns the whole head, byte for byte, with the empty line.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.frame
    }
}

impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", &self.method())
            .field("target", &format_args!("\"{}\"", self.target().escape_ascii()))
            .field("version", &self.version())
            .field("fields", &self.fields())
            .finish()
    }
}

impl sealed::Role for Request {
    type Line = RequestLine;
    type Head<'a> = RequestHead<'a>;
    type New<'a> = NewRequest<'a>;
    type Context = ();

    const KIND: Kind = Kind::Request;

    #[inline(always)]
    fn is_start(bytes: &[u8]) -> bool {
        matches!(bytes.first(), Some(b'A'..=b'Z'))
    }

    #[inline(always)]
    fn begin(empty_lines: &mut u32, input: &Input<'_>, rules: &Rules) -> Result<usize, Stop<Fault>> {
        match input.get(0) {
            Some(b'A'..=b'Z') => Ok(0),
            Some(first) if is_token(first) => Ok(0),
            first => begin_otherwise(first, empty_lines, input, rules),
        }
    }

    #[inline(always)]
    fn line_limit(rules: &Rules) -> Limit {
        let limits = &rules.limits;
        Limit { what: "start line", bytes: limits.max_method.saturating_add(limits.max_target).saturating_add(12) }
    }

    #[inline(always)]
    fn line(bytes: &[u8], rules: &Rules) -> Result<(RequestLine, usize), Halt> {
        let method_end = if bytes.starts_with(b"GET ") { 3 } else { token_end(bytes, 0) };
        match bytes.get(method_end) {
            Some(b' ') if method_end > 0 => {}
            Some(found) => return Err(Fault::new(Rule::Method, method_end, Some(*found)).into()),
            None => return Err(Halt::Short),
        }
        let target_start = method_end + 1;
        let target_end = find_target_end(bytes, target_start, rules)?;
        let version = match bytes.get(target_end + 1..).and_then(<[u8]>::first_chunk) {
            Some(written) if *written == *b"HTTP/1.1" => Version::Http11,
            _ => other_version(bytes, target_end + 1)?,
        };
        let end = line_end(bytes, target_end + 9, 0, Kind::Request, rules, Rule::Version)?;
        if method_end > rules.limits.max_method {
            return Err(Halt::too_large("method", rules.limits.max_method));
        }
        if target_end - target_start > rules.limits.max_target {
            return Err(Halt::too_large("target", rules.limits.max_target));
        }
        let method = bytes.get(..method_end).unwrap_or_default();
        let target = bytes.get(target_start..target_end).unwrap_or_default();
        let form = target::form_of(method, target, target_start, rules)?;
        #[expect(clippy::cast_possible_truncation, reason = "a head is at most 2^32 - 1 bytes long")]
        let line = RequestLine { method_end: method_end as u32, target_end: target_end as u32, form, version };
        Ok((line, end))
    }

    #[inline(always)]
    fn judge(index: &Index<Self>, len: usize) -> Result<(), Cause<Fault>> {
        let is_http11 = index.line.is_some_and(|line| line.version == Version::Http11);
        if is_http11 && index.section.known.host.count == 0 {
            return Err(Cause::Fault(Fault::new(Rule::NoHost, len, None)));
        }
        Ok(())
    }

    #[inline(always)]
    fn head<'a>(frame: &'a [u8], index: &'a Index<Self>) -> RequestHead<'a> {
        RequestHead { frame, index }
    }

    #[inline(always)]
    fn judge_whole(frame: &[u8], index: &Index<Self>, rules: &Rules) -> Result<(), Fault> {
        if rules.demands(Demand::HostMatchesTarget) {
            return check_host(&Self::head(frame, index));
        }
        Ok(())
    }

    #[inline(always)]
    fn framing(frame: &[u8], index: &Index<Self>, (): (), rules: &Rules) -> Result<Framing, Fault> {
        Self::head(frame, index).framing(rules)
    }

    /// There is a body wherever one is announced.
    fn judge_announced(_: &[u8], _: &Index<Self>, _: &Rules) -> Result<(), Fault> {
        Ok(())
    }

    fn write_line(head: &NewRequest<'_>, to: &mut Vec<u8>) {
        for part in [head.method.as_bytes(), b" ", head.target, b" ", head.version.as_str().as_bytes(), b"\r\n"] {
            to.extend_from_slice(part);
        }
    }

    fn is_line(head: &NewRequest<'_>, frame: &[u8], index: &Index<Self>) -> bool {
        let read = Self::head(frame, index);
        (read.method(), read.target(), read.version()) == (head.method, head.target, head.version)
    }

    fn fields<'a>(head: &'a NewRequest<'_>) -> &'a [NewField<'a>] {
        head.fields
    }

    fn context(_: &NewRequest<'_>) {}
}

/// Judges a first byte that no request begins with: a few empty lines may be before one.
#[cold]
fn begin_otherwise(first: Option<u8>, empty_lines: &mut u32, input: &Input<'_>, rules: &Rules) -> Result<usize, Stop<Fault>> {
    let fault = |rule, at, found| Stop::fatal(Fault::new(rule, at, Some(found)));
    match first {
        Some(b'\r') if *empty_lines >= rules.limits.max_leading_crlf => Err(fault(Rule::EmptyLines, 0, b'\r')),
        Some(b'\r') => match input.array(0)? {
            [_, b'\n'] => {
                *empty_lines += 1;
                Ok(2)
            }
            [_, found] => Err(fault(Rule::BareCr, 1, found)),
        },
        Some(b'\n') => Err(fault(Rule::BareLf, 0, b'\n')),
        Some(0x16) => Err(fault(Rule::Tls, 0, 0x16)),
        Some(found) => Err(fault(Rule::NoMessage, 0, found)),
        None => Err(Stop::Idle),
    }
}

/// Finds the one space behind a target of at least one byte.
#[inline(always)]
fn find_target_end(bytes: &[u8], start: usize, rules: &Rules) -> Result<usize, Halt> {
    let mut end = target_end(bytes, start);
    loop {
        match bytes.get(end) {
            Some(b' ') if end > start => return Ok(end),
            Some(b'#') if rules.allows(Leniency::FragmentInTarget) => {}
            Some(0x80..) if rules.allows(Leniency::ObsTextTarget) => {}
            Some(found) => return Err(Fault::new(Rule::Target, end, Some(*found)).into()),
            None => return Err(Halt::Short),
        }
        end = target_end(bytes, end + 1);
    }
}

/// Reads a version other than 1.1, at offset `at`.
#[cold]
fn other_version(bytes: &[u8], at: usize) -> Result<Version, Halt> {
    match version(bytes, at)? {
        Written::Known(version) => Ok(version),
        Written::Other if bytes.starts_with(b"PRI * HTTP/2.0\r\n") => Err(Fault::new(Rule::Http2Preface, 0, Some(b'P')).into()),
        Written::Other => Err(Fault::new(Rule::UnsupportedVersion, at + 5, bytes.get(at + 5).copied()).into()),
    }
}

/// Whether Host says what the target says, where the target has an authority.
#[cold]
fn check_host(head: &RequestHead<'_>) -> Result<(), Fault> {
    let seen = head.index.section.known.host;
    if matches!(head.form(), TargetForm::Origin | TargetForm::Asterisk) || seen.count == 0 {
        return Ok(());
    }
    let (host, at) = head.index.section.first(head.frame, seen);
    match head.authority() {
        Some(authority) if !authority.eq_ignore_ascii_case(host) => Err(Fault::new(Rule::HostMismatch, at, host.first().copied())),
        _ => Ok(()),
    }
}
