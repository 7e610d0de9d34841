//! How a body is framed: one decision for each message, made of its whole head. SPEC.md, chapter HF.

use super::bytes::{is_ows, is_token, trim};
use super::fault::{Fault, Rule};
use super::rules::{Demand, Leniency, Rules};
use super::section::Section;
use super::version::Version;

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BodyForm {
    /// There is no body.
    #[default]
    None,
    /// It is so many bytes long, at least one.
    Length(u64),
    /// It comes in chunks, and tells its end.
    Chunked,
    /// It goes on until the stream ends. If that was cut short cannot be told.
    UntilClose,
    /// This was the last message: what follows is another protocol, both ways.
    Tunnel,
}

/// What a head says of its body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Framing {
    /// How its end is told.
    pub body: BodyForm,
    /// Whether transfer codings other than chunked are applied to it, which the caller has to undo: they are the elements of the list `transfer-encoding`, the last of them undone first.
    pub coded: bool,
    /// Whether fields announce a body where there must be none (RFC 9112 section 6.3): the peer may see this message end elsewhere, so the connection must not be used for another one.
    pub suspicious: bool,
}

/// The request that a response answers, as far as it decides what the response is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Answers {
    /// HEAD: no response to it has a body.
    Head,
    /// CONNECT: a response of 2xx to it opens a tunnel.
    Connect,
    /// Any other method.
    #[default]
    Other,
}

impl Answers {
    /// Returns what a request of this method is to its response.
    #[must_use]
    pub fn method(method: &str) -> Self {
        match method {
            "HEAD" => Self::Head,
            "CONNECT" => Self::Connect,
            _ => Self::Other,
        }
    }
}

impl Framing {
    const fn of(body: BodyForm) -> Self {
        Self { body, coded: false, suspicious: false }
    }
}

/// Rows C of a request.
#[inline(always)]
pub(super) fn of_request(is_connect: bool, version: Version, frame: &[u8], section: &Section, rules: &Rules) -> Result<Framing, Fault> {
    let known = &section.known;
    if known.content_length.count + known.transfer_encoding.count == 0 {
        return Ok(Framing::of(BodyForm::None));
    }
    if is_connect {
        return fault(Rule::ConnectWithBody, frame.len(), None);
    }
    let framing = announced(version, frame, section, rules)?;
    match framing {
        Some(framing) if framing.body != BodyForm::UntilClose => Ok(framing),
        _ => {
            let (value, at) = section.first(frame, known.transfer_encoding);
            fault(Rule::BadTransferEncoding, at, value.first().copied())
        }
    }
}

/// Rows C of a response.
pub(super) fn of_response(
    answers: Answers,
    version: Version,
    status: u16,
    frame: &[u8],
    section: &Section,
    rules: &Rules,
) -> Result<Framing, Fault> {
    let known = &section.known;
    let is_announced = known.content_length.count + known.transfer_encoding.count > 0;
    let without = |body, suspicious| Ok(Framing { body, coded: false, suspicious });
    match (answers, status) {
        (_, 101) | (Answers::Connect, 200..=299) => without(BodyForm::Tunnel, is_announced),
        (_, 100..=199 | 204) => without(BodyForm::None, is_announced),
        (Answers::Head, _) | (_, 304) => without(BodyForm::None, false),
        _ => announced(version, frame, section, rules).map(|framing| framing.unwrap_or(Framing::of(BodyForm::UntilClose))),
    }
}

/// What the fields announce; `None` where they announce nothing.
pub(super) fn announced(version: Version, frame: &[u8], section: &Section, rules: &Rules) -> Result<Option<Framing>, Fault> {
    let known = &section.known;
    match (known.transfer_encoding.count, known.content_length.count) {
        (0, 0) => Ok(None),
        (0, count) => content_length(count, frame, section, rules).map(Some),
        (_, 1..) => fault(Rule::BothLengths, frame.len(), None),
        (2.., _) => fault(Rule::ManyTransferEncodings, frame.len(), None),
        (_, _) if version == Version::Http10 => fault(Rule::TransferEncodingIn10, frame.len(), None),
        (_, _) => {
            let (value, at) = section.first(frame, known.transfer_encoding);
            coding(value, at, rules).map(Some)
        }
    }
}

fn fault<T>(rule: Rule, at: usize, found: Option<u8>) -> Result<T, Fault> {
    Err(Fault::new(rule, at, found))
}

fn content_length(count: u32, frame: &[u8], section: &Section, rules: &Rules) -> Result<Framing, Fault> {
    let (value, at) = section.first(frame, section.known.content_length);
    let length = if rules.allows(Leniency::IdenticalContentLengths) {
        only_length(frame, section, rules)?
    } else if count == 1 {
        length(value, at, rules)?
    } else {
        return fault(Rule::ManyLengths, frame.len(), None);
    };
    if length > rules.limits.max_body {
        return fault(Rule::BodyTooLarge, at, value.first().copied());
    }
    Ok(Framing::of(if length == 0 { BodyForm::None } else { BodyForm::Length(length) }))
}

/// A number of digits, and nothing else. The value is at offset `at` of the frame.
fn length(value: &[u8], at: usize, rules: &Rules) -> Result<u64, Fault> {
    let mut length: u64 = 0;
    for (number, byte) in value.iter().enumerate() {
        let pushed = length.checked_mul(10).and_then(|tens| tens.checked_add(u64::from(byte.wrapping_sub(b'0'))));
        match pushed {
            Some(pushed) if byte.is_ascii_digit() && i64::try_from(pushed).is_ok() => length = pushed,
            _ => return fault(Rule::BadLength, at + number, Some(*byte)),
        }
    }
    match value {
        [] => fault(Rule::BadLength, at, None),
        [b'0', _, ..] if rules.demands(Demand::NoLeadingZeros) => fault(Rule::BadLength, at, Some(b'0')),
        _ => Ok(length),
    }
}

/// The number that every element of every Content-Length is.
fn only_length(frame: &[u8], section: &Section, rules: &Rules) -> Result<u64, Fault> {
    let mut only = None;
    let fields =
        section.places.iter().filter(|place| frame.get(place.name()).is_some_and(|name| name.eq_ignore_ascii_case(b"content-length")));
    for place in fields {
        let mut start = place.value().start;
        let value = frame.get(place.value()).unwrap_or_default();
        for element in value.split(|byte| *byte == b',') {
            let at = start + element.iter().take_while(|byte| is_ows(**byte)).count();
            start += element.len() + 1;
            let element = trim(element);
            let found = length(element, at, rules)?;
            if only.is_some_and(|only| only != found) {
                return fault(Rule::ManyLengths, at, element.first().copied());
            }
            only = Some(found);
        }
    }
    only.map_or_else(|| fault(Rule::BadLength, frame.len(), None), Ok)
}

/// What the only Transfer-Encoding of HTTP/1.1 says, which is at offset `at` of the frame. Strict where it lists: there is no empty element.
fn coding(value: &[u8], at: usize, rules: &Rules) -> Result<Framing, Fault> {
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(Framing::of(BodyForm::Chunked));
    }
    let (mut codings, mut chunked, mut is_last) = (0, 0, false);
    for element in value.split(|byte| *byte == b',').map(trim) {
        let Some(name) = coding_name(element) else { return fault(Rule::BadTransferEncoding, at, value.first().copied()) };
        is_last = name.eq_ignore_ascii_case(b"chunked");
        if is_last && name.len() < element.len() {
            return fault(Rule::BadTransferEncoding, at, value.first().copied());
        }
        codings += 1;
        chunked += u32::from(is_last);
    }
    let coded = |body| Ok(Framing { body, coded: codings > chunked, suspicious: false });
    match (chunked, is_last) {
        (0, _) => coded(BodyForm::UntilClose),
        (1, true) if rules.allows(Leniency::TransferCodings) => coded(BodyForm::Chunked),
        (1, true) => fault(Rule::UnknownCoding, at, value.first().copied()),
        _ => fault(Rule::BadTransferEncoding, at, value.first().copied()),
    }
}

/// The name of a coding, before its parameters, if it is one: a token, and `;` with a token, `=` and a token as often as it likes (RFC 9112 section 7).
fn coding_name(element: &[u8]) -> Option<&[u8]> {
    let (name, mut rest) = split_token(element)?;
    while !rest.is_empty() {
        let parameter = trim(rest).strip_prefix(b";")?;
        let (_, value) = split_token(trim(parameter))?;
        (_, rest) = split_token(value.strip_prefix(b"=")?)?;
    }
    Some(name)
}

/// A token, and what is behind it.
fn split_token(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| !is_token(*byte)).unwrap_or(bytes.len());
    bytes.split_at_checked(end).filter(|(token, _)| !token.is_empty())
}
