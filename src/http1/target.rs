//! Request targets and authorities. SPEC.md, clauses HH-5 and HH-6.

use core::net::Ipv6Addr;

use super::fault::{Fault, Rule};
use super::rules::{Demand, Leniency, Rules};

/// The four forms of a request target (RFC 9112 section 3.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TargetForm {
    /// `/path?query`.
    #[default]
    Origin,
    /// `http://host/path`.
    Absolute,
    /// `host:port`, of CONNECT and only there.
    Authority,
    /// `*`, of OPTIONS and only there.
    Asterisk,
}

/// Tells the form of a target, whose bytes are right, and refuses what has none.
#[inline(always)]
pub(super) fn form_of(method: &[u8], target: &[u8], at: usize, rules: &Rules) -> Result<TargetForm, Fault> {
    let form = match target {
        [b'/', ..] if method != b"CONNECT" => TargetForm::Origin,
        _ => other_form(method, target, at, rules)?,
    };
    if rules.demands(Demand::Rfc3986Target) {
        check_rfc3986(target, at)?;
    }
    Ok(form)
}

fn other_form(method: &[u8], target: &[u8], at: usize, rules: &Rules) -> Result<TargetForm, Fault> {
    let form = match (method, target) {
        (b"CONNECT", target) => is_host_with_port(target).then_some(TargetForm::Authority),
        (b"OPTIONS", b"*") => Some(TargetForm::Asterisk),
        (_, b"*") => rules.allows(Leniency::AsteriskForAnyMethod).then_some(TargetForm::Asterisk),
        (_, target) => is_absolute(target).then_some(TargetForm::Absolute),
    };
    form.ok_or_else(|| Fault::new(Rule::TargetForm, at, target.first().copied()))
}

/// `scheme "://"`, a host, and whatever follows. Without a host it would look like the authority form: `a:80`.
fn is_absolute(target: &[u8]) -> bool {
    authority(target).is_some_and(is_host_and_port)
}

/// What is between `//` and the path, of an absolute target.
pub(super) fn authority(target: &[u8]) -> Option<&[u8]> {
    let colon = target.iter().position(|byte| *byte == b':')?;
    let (scheme, rest) = target.split_at_checked(colon)?;
    let (first, more) = scheme.split_first()?;
    let is_scheme = first.is_ascii_alphabetic() && more.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
    let rest = rest.strip_prefix(b"://").filter(|_| is_scheme)?;
    rest.split(|byte| matches!(byte, b'/' | b'?' | b'#')).next()
}

/// `uri-host [ ":" port ]`, with a host of at least one byte (RFC 9110 section 7.2).
pub(super) fn is_host_and_port(value: &[u8]) -> bool {
    split_port(value).is_some_and(|(host, _)| is_host(host))
}

/// The same with a port, which a CONNECT must have.
fn is_host_with_port(value: &[u8]) -> bool {
    split_port(value).is_some_and(|(host, port)| is_host(host) && port.is_some_and(|port| !port.is_empty()))
}

/// Host and port, which is digits.
fn split_port(value: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let colon = match value {
        [b'[', ..] => value.iter().position(|byte| *byte == b']')? + 1,
        _ => value.iter().position(|byte| *byte == b':').unwrap_or(value.len()),
    };
    let (host, port) = value.split_at_checked(colon)?;
    match port {
        [] => Some((host, None)),
        [b':', port @ ..] if port.iter().all(u8::is_ascii_digit) => Some((host, Some(port))),
        _ => None,
    }
}

/// A registered name, an address, or an address of IPv6 in brackets (RFC 3986 section 3.2.2).
fn is_host(host: &[u8]) -> bool {
    match host {
        [] => false,
        [b'[', address @ .., b']'] => core::str::from_utf8(address).is_ok_and(|address| address.parse::<Ipv6Addr>().is_ok()),
        _ => are_encoded(host, |byte| is_unreserved(byte) || is_sub_delim(byte)).is_none(),
    }
}

/// Finds the first byte that is neither of a class nor a `%` and two hex digits.
fn are_encoded(bytes: &[u8], is_plain: impl Fn(u8) -> bool) -> Option<usize> {
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'%' => match bytes.get(at + 1..at + 3) {
                Some([high, low]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => at += 3,
                _ => return Some(at),
            },
            byte if is_plain(*byte) => at += 1,
            _ => return Some(at),
        }
    }
    None
}

#[cold]
fn check_rfc3986(target: &[u8], at: usize) -> Result<(), Fault> {
    let is_plain = |byte| is_unreserved(byte) || is_sub_delim(byte) || b":/?#[]@".contains(&byte);
    match are_encoded(target, is_plain) {
        None => Ok(()),
        Some(wrong) => Err(Fault::new(Rule::Target, at + wrong, target.get(wrong).copied())),
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn is_sub_delim(byte: u8) -> bool {
    b"!$&'()*+,;=".contains(&byte)
}
