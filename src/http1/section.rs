//! The lines of a field section, of a head or behind a chunked body. SPEC.md, clauses HH-9 to HH-15.

use alloc::vec::Vec;
use core::ops::Range;

use super::bytes::{host_name_end, is_ows, text_end, token_end, trim};
use super::fault::{Fault, Rule};
use super::lines::{Halt, Limit, Read, settle};
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

/// A line that was read, and where it ends.
enum Line {
    Field(usize),
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
        if let Some(folded) = self.folded.iter().find(|folded| folded.field as usize == number) {
            return self.unfolded.get(folded.text.clone()).unwrap_or_default();
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
        let limit = rules.limits.field_line();
        loop {
            match self.line(bytes, at, base, kind, rules) {
                Ok(Line::Field(end)) if end - at <= limit => at = end,
                Ok(Line::Empty(end)) => return Ok(Read::Whole(base + end)),
                Ok(Line::Field(_)) => return settle(Halt::Short, bytes.get(at..).unwrap_or_default(), base + at, field_line(rules)),
                Err(halt) => return settle(halt, bytes.get(at..).unwrap_or_default(), base + at, field_line(rules)),
            }
        }
    }

    /// Reads a line.
    #[inline(always)]
    fn line(&mut self, bytes: &[u8], at: usize, base: usize, kind: Kind, rules: &Rules) -> Result<Line, Halt> {
        if let Some([b'\r', b'\n', ..]) = bytes.get(at..) {
            return Ok(Line::Empty(at + 2));
        }
        let colon = token_end(bytes, at, b':');
        if colon == at || bytes.get(colon) != Some(&b':') {
            return self.other_line(bytes, at, colon, base, kind, rules);
        }
        let mut start = colon + 1;
        while bytes.get(start).is_some_and(|byte| is_ows(*byte)) {
            start += 1;
        }
        let stop = text_end(bytes, start);
        let next = line_end(bytes, stop, base, kind, rules, Rule::FieldValue)?;
        let mut end = stop;
        while end > start && bytes.get(end - 1).is_some_and(|byte| is_ows(*byte)) {
            end -= 1;
        }
        self.check_limits(colon - at, stop - colon - 1, base + at, kind, rules)?;
        let name = bytes.get(at..colon).unwrap_or_default();
        if kind == Kind::Trailers {
            if is_forbidden(name) {
                if rules.allows(Leniency::DropForbiddenTrailers) {
                    return Ok(Line::Field(next));
                }
                return Err(Fault::new(Rule::ForbiddenTrailer, base + at, bytes.get(at).copied()).into());
            }
        } else if matches!(name.len(), 4 | 14 | 17) {
            let known = self.recognise(name);
            if known == Some(Name::Host) && kind == Kind::Request {
                self.check_host(bytes, start, end, base, rules)?;
            }
        }
        self.places.push(FieldPlace {
            name: place(base + at),
            colon: place(base + colon),
            value: place(base + start),
            end: place(base + end),
        });
        Ok(Line::Field(next))
    }

    /// Checks the limits of a field; of trailers that are left out too.
    #[inline(always)]
    fn check_limits(&self, name: usize, value: usize, at: usize, kind: Kind, rules: &Rules) -> Result<(), Halt> {
        let limits = &rules.limits;
        let most = if kind == Kind::Trailers { limits.max_trailers } else { limits.max_fields };
        if name > limits.max_name {
            return Err(Halt::too_large("field name", limits.max_name));
        }
        if value > limits.max_value {
            return Err(Halt::too_large("field value", limits.max_value));
        }
        if self.places.len() >= most {
            return Err(Fault::new(Rule::TooManyFields, at, None).into());
        }
        Ok(())
    }

    /// Notes the fields that decide framing.
    #[inline(always)]
    fn recognise(&mut self, name: &[u8]) -> Option<Name> {
        let index = place(self.places.len());
        let (name, seen) = match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => (Name::Host, &mut self.known.host),
            14 if name.eq_ignore_ascii_case(b"content-length") => (Name::ContentLength, &mut self.known.content_length),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => (Name::TransferEncoding, &mut self.known.transfer_encoding),
            _ => return None,
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
    fn check_host(&self, bytes: &[u8], start: usize, end: usize, base: usize, rules: &Rules) -> Result<(), Halt> {
        if self.known.host.count == 1 && end > start && host_name_end(bytes, start) == end {
            return Ok(());
        }
        self.check_other_host(bytes.get(start..end).unwrap_or_default(), base + start, rules)
    }

    #[cold]
    fn check_other_host(&self, value: &[u8], at: usize, rules: &Rules) -> Result<(), Halt> {
        if self.known.host.count > 1 {
            return Err(Fault::new(Rule::ManyHosts, at, None).into());
        }
        if is_host_and_port(value) || value.is_empty() && rules.allows(Leniency::EmptyHost) {
            return Ok(());
        }
        Err(Fault::new(Rule::BadHost, at, value.first().copied()).into())
    }

    /// Reads a line that has no name and colon where it should: the empty line, a folded one, or a fault.
    #[inline(never)]
    fn other_line(&mut self, bytes: &[u8], at: usize, stop: usize, base: usize, kind: Kind, rules: &Rules) -> Result<Line, Halt> {
        let Some(found) = bytes.get(stop).copied() else { return Err(Halt::Short) };
        if stop == at && matches!(found, b'\r' | b'\n') {
            return line_end(bytes, stop, base, kind, rules, Rule::FieldName).map(Line::Empty);
        }
        let rule = match found {
            b' ' | b'\t' if stop > at => Rule::SpaceBeforeColon,
            b' ' | b'\t' if self.places.is_empty() => Rule::SpaceBeforeField,
            b' ' | b'\t' if kind == Kind::Response && rules.allows(Leniency::ObsFoldInResponses) => {
                return self.folded_line(bytes, at, base, rules).map(Line::Field);
            }
            b' ' | b'\t' => Rule::ObsFold,
            _ => Rule::FieldName,
        };
        Err(Fault::new(rule, base + stop, Some(found)).into())
    }

    /// Notes that the value before this line goes on in it.
    fn folded_line(&mut self, bytes: &[u8], at: usize, base: usize, rules: &Rules) -> Result<usize, Halt> {
        let stop = text_end(bytes, at);
        let next = line_end(bytes, stop, base, Kind::Response, rules, Rule::FieldValue)?;
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

/// How long a field's line may be.
pub(super) fn field_line(rules: &Rules) -> Limit {
    Limit { what: "field line", bytes: rules.limits.field_line() }
}

/// The end of the line, when it is at offset `stop`, where text has ended.
#[inline(always)]
pub(super) fn line_end(bytes: &[u8], stop: usize, base: usize, kind: Kind, rules: &Rules, otherwise: Rule) -> Result<usize, Halt> {
    match bytes.get(stop..) {
        Some([b'\r', b'\n', ..]) => Ok(stop + 2),
        Some(rest) => bad_line_end(rest, stop, base, kind, rules, otherwise),
        None => Err(Halt::Short),
    }
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
