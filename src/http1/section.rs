//! The lines of a field section, of a head or behind a chunked body. SPEC.md, clauses HH-9 to HH-15.

use alloc::vec::Vec;
use core::ops::Range;

use super::bytes::{find_lf, host_name_end, is_ows, text_end, token_end, trim};
use super::fault::{Fault, Rule};
use super::lines::{Halt, Limit, Read, settle, unfinished};
use super::rules::{Leniency, Rules};
use super::target::is_host_and_port;
use crate::decode::Cause;

/// What a section is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Request,
    Response,
    Trailers,
}

/// Where a field lies in its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FieldPlace {
    pub(super) name: u32,
    pub(super) colon: u32,
    pub(super) value: u32,
    pub(super) end: u32,
}

impl FieldPlace {
    pub(super) fn name(self) -> Range<usize> {
        self.name as usize..self.colon as usize
    }

    pub(super) fn value(self) -> Range<usize> {
        self.value as usize..self.end as usize
    }
}

/// Where the parts of a field's line are.
#[derive(Clone, Copy)]
struct FieldLine {
    colon: usize,
    /// The value, without whitespace around it.
    start: usize,
    end: usize,
    /// The end of the text.
    stop: usize,
    /// The next line.
    next: usize,
}

/// A line that is not as most are, and where the next begins.
enum Line {
    Field(FieldLine),
    Folded(usize),
    Empty(usize),
}

/// How often a field of a known name came, and which were the first and the last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) count: u32,
    first: u32,
    last: u32,
}

/// The fields that decide framing, recognised as they are read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    pub(super) host: Seen,
    pub(super) content_length: Seen,
    pub(super) transfer_encoding: Seen,
}

/// A name that is recognised.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Name {
    Host,
    ContentLength,
    TransferEncoding,
}

/// An index of the fields of a frame.
#[derive(Clone, Debug, Default)]
pub(super) struct Section {
    pub(super) places: Vec<FieldPlace>,
    pub(super) known: Known,
    /// Values that go on in other lines.
    folded: Vec<Folded>,
    /// What they are when they do not.
    unfolded: Vec<u8>,
}

/// A value that goes on in other lines: of which field, and where what it says lies in what was unfolded.
#[derive(Clone, Debug)]
struct Folded {
    field: u32,
    text: Range<usize>,
}

/// A number of the frame that the limits keep far below 2^32.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "a section is at most 2^32 - 1 bytes long: `longest`")]
const fn place(at: usize) -> u32 {
    at as u32
}

/// The most bytes of a frame that an index can point into, whatever the limits say.
pub(super) fn longest(limit: usize) -> usize {
    limit.min(u32::MAX as usize)
}

impl Section {
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.known = Known::default();
        if !self.folded.is_empty() {
            self.folded.clear();
            self.unfolded.clear();
        }
    }

    /// The value of the field of this number.
    pub(super) fn value<'a>(&'a self, frame: &'a [u8], number: usize) -> &'a [u8] {
        if !self.folded.is_empty() {
            // They are in the order of their fields.
            if let Ok(at) = self.folded.binary_search_by_key(&number, |folded| folded.field as usize) {
                return self.folded.get(at).and_then(|folded| self.unfolded.get(folded.text.clone())).unwrap_or_default();
            }
        }
        self.places.get(number).and_then(|field| frame.get(field.value())).unwrap_or_default()
    }

    /// The value of the first field of a known name, and its place in the frame.
    pub(super) fn first<'a>(&'a self, frame: &'a [u8], seen: Seen) -> (&'a [u8], usize) {
        let at = self.places.get(seen.first as usize).map_or(0, |field| field.value as usize);
        (self.value(frame, seen.first as usize), at)
    }

    /// Makes one line of each value that is spread over some, now that the frame lies together.
    #[inline(always)]
    pub(super) fn unfold(&mut self, frame: &[u8]) {
        if !self.folded.is_empty() {
            self.unfold_all(frame);
        }
    }

    #[cold]
    fn unfold_all(&mut self, frame: &[u8]) {
        self.unfolded.clear();
        for folded in &mut self.folded {
            let raw = self.places.get(folded.field as usize).and_then(|field| frame.get(field.value())).unwrap_or_default();
            let start = self.unfolded.len();
            for line in raw.split(|byte| *byte == b'\n') {
                let text = trim(line.strip_suffix(b"\r").unwrap_or(line));
                if !text.is_empty() && self.unfolded.len() > start {
                    self.unfolded.push(b' ');
                }
                self.unfolded.extend_from_slice(text);
            }
            folded.text = start..self.unfolded.len();
        }
    }

    /// Reads the lines that lie whole in `bytes` from offset `at` of it on, which is offset `base + at` of the frame.
    #[inline(always)]
    pub(super) fn read(&mut self, bytes: &[u8], mut at: usize, base: usize, kind: Kind, rules: &Rules) -> Result<Read, Cause<Fault>> {
        loop {
            let line = match field_line(bytes, at) {
                Some(line) => line,
                None if is_crlf(bytes, at) => return Ok(Read::Whole(base + at + 2)),
                None if !has_lf(bytes, at) => return unfinished(bytes.len() - at, base + at, longest_line(rules)),
                None => match self.other_line(bytes, at, base, kind, rules) {
                    Ok(Line::Field(line)) => line,
                    Ok(Line::Folded(next)) => {
                        at = next;
                        continue;
                    }
                    Ok(Line::Empty(next)) => return Ok(Read::Whole(base + next)),
                    Err(halt) => return unread(halt, bytes, at, base, rules),
                },
            };
            let name = line.colon - at;
            let limits = &rules.limits;
            let (most, may_matter) = match kind {
                Kind::Trailers => (limits.max_trailers, true),
                Kind::Request | Kind::Response => (limits.max_fields, matches!(name, 4 | 14 | 17)),
            };
            if name > limits.max_name || line.stop - line.colon > limits.max_value.saturating_add(1) || self.places.len() >= most {
                return unread(beyond_limit(name, line, base + at, rules), bytes, at, base, rules);
            }
            if may_matter {
                match self.note(bytes.get(at..line.colon).unwrap_or_default(), bytes, line, base + at, kind, rules) {
                    Ok(true) => {}
                    Ok(false) => {
                        at = line.next;
                        continue;
                    }
                    Err(fault) => return unread(fault.into(), bytes, at, base, rules),
                }
            }
            self.places.push(FieldPlace {
                name: place(base + at),
                colon: place(base + line.colon),
                value: place(base + line.start),
                end: place(base + line.end),
            });
            at = line.next;
        }
    }

    /// Judges and notes a field whose name may have a meaning here, at offset `at` of the frame. Tells whether it is to be kept.
    #[inline(always)]
    fn note(&mut self, name: &[u8], bytes: &[u8], line: FieldLine, at: usize, kind: Kind, rules: &Rules) -> Result<bool, Fault> {
        if kind == Kind::Trailers {
            return match (is_forbidden(name), rules.allows(Leniency::DropForbiddenTrailers)) {
                (false, _) => Ok(true),
                (true, true) => Ok(false),
                (true, false) => Err(Fault::new(Rule::ForbiddenTrailer, at, name.first().copied())),
            };
        }
        if self.recognise(name) == Some(Name::Host) && kind == Kind::Request {
            let base = at + name.len() - line.colon;
            self.check_host(bytes, line.start, line.end, base, rules)?;
        }
        Ok(true)
    }

    /// Notes the fields that decide framing.
    #[inline(always)]
    fn recognise(&mut self, name: &[u8]) -> Option<Name> {
        let index = place(self.places.len());
        let (name, seen) = if is_named(name, b"host") {
            (Name::Host, &mut self.known.host)
        } else if is_named(name, b"content-length") {
            (Name::ContentLength, &mut self.known.content_length)
        } else if is_named(name, b"transfer-encoding") {
            (Name::TransferEncoding, &mut self.known.transfer_encoding)
        } else {
            return None;
        };
        if seen.count == 0 {
            seen.first = index;
        }
        seen.last = index;
        seen.count += 1;
        Some(name)
    }

    /// Judges a Host field of a request, whose value is at these offsets of `bytes`.
    #[inline(always)]
    fn check_host(&self, bytes: &[u8], start: usize, end: usize, base: usize, rules: &Rules) -> Result<(), Fault> {
        if self.known.host.count == 1 && end > start && host_name_end(bytes, start) == end {
            return Ok(());
        }
        self.check_other_host(bytes.get(start..end).unwrap_or_default(), base + start, rules)
    }

    #[cold]
    fn check_other_host(&self, value: &[u8], at: usize, rules: &Rules) -> Result<(), Fault> {
        if self.known.host.count > 1 {
            return Err(Fault::new(Rule::ManyHosts, at, None));
        }
        if is_host_and_port(value) || value.is_empty() && rules.allows(Leniency::EmptyHost) {
            return Ok(());
        }
        Err(Fault::new(Rule::BadHost, at, value.first().copied()))
    }

    /// Reads a line that is no field with CR LF behind it, nor empty with CR LF.
    #[cold]
    #[inline(never)]
    fn other_line(&mut self, bytes: &[u8], at: usize, base: usize, kind: Kind, rules: &Rules) -> Result<Line, Halt> {
        let colon = token_end(bytes, at);
        let Some(found) = bytes.get(colon).copied() else { return Err(Halt::Short) };
        if colon == at && matches!(found, b'\r' | b'\n') {
            return line_end(bytes, colon, base, kind, rules, Rule::FieldName).map(Line::Empty);
        }
        let rule = match found {
            b':' if colon > at => {
                let (start, stop) = value_places(bytes, colon);
                let next = line_end(bytes, stop, base, kind, rules, Rule::FieldValue)?;
                return Ok(Line::Field(FieldLine { colon, start, end: value_end(bytes, start, stop), stop, next }));
            }
            b' ' | b'\t' if colon > at => Rule::SpaceBeforeColon,
            b' ' | b'\t' if self.places.is_empty() => Rule::SpaceBeforeField,
            b' ' | b'\t' if kind == Kind::Response && rules.allows(Leniency::ObsFoldInResponses) => {
                return self.folded_line(bytes, at, base, rules).map(Line::Folded);
            }
            b' ' | b'\t' => Rule::ObsFold,
            _ => Rule::FieldName,
        };
        Err(Fault::new(rule, base + colon, Some(found)).into())
    }

    /// Notes that the value before this line goes on in it.
    fn folded_line(&mut self, bytes: &[u8], at: usize, base: usize, rules: &Rules) -> Result<usize, Halt> {
        let stop = text_end(bytes, at);
        let next = line_end(bytes, stop, base, Kind::Response, rules, Rule::FieldValue)?;
        if next - at > rules.limits.field_line() {
            return Err(Halt::Short);
        }
        let number = place(self.places.len().saturating_sub(1));
        let known = [self.known.host, self.known.content_length, self.known.transfer_encoding];
        if known.iter().any(|seen| seen.count > 0 && seen.last == number) {
            return Err(Fault::new(Rule::ObsFold, base + at, bytes.get(at).copied()).into());
        }
        let Some(field) = self.places.last_mut() else { return Ok(next) };
        field.end = place(base + stop);
        if base + stop - field.colon as usize - 1 > rules.limits.max_value {
            return Err(Halt::too_large("field value", rules.limits.max_value));
        }
        if self.folded.last().is_none_or(|folded| folded.field != number) {
            self.folded.push(Folded { field: number, text: 0..0 });
        }
        Ok(next)
    }
}

/// Whether a trailer of this name would say how to read, route or judge the message that it comes behind.
fn is_forbidden(name: &[u8]) -> bool {
    FORBIDDEN.iter().any(|forbidden| name.eq_ignore_ascii_case(forbidden.as_bytes()))
}

/// The names that must not be in trailers: of framing, routing, request modifiers, authentication and content format (RFC 9110 section 6.5.1).
pub(super) const FORBIDDEN: &[&str] = &[
    "age",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "expect",
    "expires",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "location",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "retry-after",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "www-authenticate",
];

/// Which limit a field at offset `at` of the frame is beyond; of trailers that are left out too.
#[cold]
fn beyond_limit(name: usize, line: FieldLine, at: usize, rules: &Rules) -> Halt {
    let limits = &rules.limits;
    if name > limits.max_name {
        return Halt::too_large("field name", limits.max_name);
    }
    if line.stop - line.colon - 1 > limits.max_value {
        return Halt::too_large("field value", limits.max_value);
    }
    Fault::new(Rule::TooManyFields, at, None).into()
}

/// Finds the parts of a field's line with CR LF behind it.
#[inline(always)]
fn field_line(bytes: &[u8], at: usize) -> Option<FieldLine> {
    let colon = token_end(bytes, at);
    if bytes.get(colon) != Some(&b':') || colon == at {
        return None;
    }
    let (start, stop) = value_places(bytes, colon);
    is_crlf(bytes, stop).then(|| FieldLine { colon, start, end: value_end(bytes, start, stop), stop, next: stop + 2 })
}

/// Where a value begins behind its colon, and where the text ends.
#[inline(always)]
fn value_places(bytes: &[u8], colon: usize) -> (usize, usize) {
    let mut start = colon + 1;
    while bytes.get(start).is_some_and(|byte| is_ows(*byte)) {
        start += 1;
    }
    (start, text_end(bytes, start))
}

/// Where a value ends, before the whitespace at the end of the text.
#[inline(always)]
fn value_end(bytes: &[u8], start: usize, stop: usize) -> usize {
    let mut end = stop;
    while end > start && bytes.get(end - 1).is_some_and(|byte| is_ows(*byte)) {
        end -= 1;
    }
    end
}

#[inline(always)]
fn has_lf(bytes: &[u8], at: usize) -> bool {
    bytes.get(at..).and_then(find_lf).is_some()
}

/// Whether this is the name, which is given in lower case, in any case. Both are tokens, in which only letters are the same but for the bit of case, and `^` and `~`, which is in neither name that is looked for.
#[inline(always)]
fn is_named<const N: usize>(name: &[u8], lower: &[u8; N]) -> bool {
    <&[u8; N]>::try_from(name).is_ok_and(|name| name.map(|byte| byte | 0x20) == *lower)
}

/// What comes of the line at offset `at` that is not read.
#[cold]
fn unread(halt: Halt, bytes: &[u8], at: usize, base: usize, rules: &Rules) -> Result<Read, Cause<Fault>> {
    settle(halt, bytes.get(at..).unwrap_or_default(), base + at, longest_line(rules))
}

/// How long a field's line may be.
pub(super) fn longest_line(rules: &Rules) -> Limit {
    Limit { what: "field line", bytes: rules.limits.field_line() }
}

/// The end of the line, when it is at offset `stop`, where text has ended.
#[inline(always)]
pub(super) fn line_end(bytes: &[u8], stop: usize, base: usize, kind: Kind, rules: &Rules, otherwise: Rule) -> Result<usize, Halt> {
    if is_crlf(bytes, stop) {
        return Ok(stop + 2);
    }
    bad_line_end(bytes.get(stop..).unwrap_or_default(), stop, base, kind, rules, otherwise)
}

#[inline(always)]
fn is_crlf(bytes: &[u8], at: usize) -> bool {
    bytes.get(at..).and_then(<[u8]>::first_chunk::<2>).is_some_and(|end| *end == *b"\r\n")
}

#[cold]
fn bad_line_end(rest: &[u8], stop: usize, base: usize, kind: Kind, rules: &Rules, otherwise: Rule) -> Result<usize, Halt> {
    let at = base + stop;
    Err(match rest {
        [] | [b'\r'] => Halt::Short,
        [b'\n', ..] if kind == Kind::Response && rules.allows(Leniency::LfInResponseHead) => return Ok(stop + 1),
        [b'\n', ..] => Fault::new(Rule::BareLf, at, Some(b'\n')).into(),
        [b'\r', found, ..] => Fault::new(Rule::BareCr, at + 1, Some(*found)).into(),
        [found, ..] => Fault::new(otherwise, at, Some(*found)).into(),
    })
}
