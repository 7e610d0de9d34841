//! A chunked body read from a slice, line by line, so simply that it is unlikely to be wrong.

use framewright::http1::{Leniency, Rules};

/// What comes of a slice.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The body is whole, and ends at this offset.
    Whole { body: Vec<u8>, trailers: Vec<(Vec<u8>, Vec<u8>)>, end: usize },
    /// More is needed. So much data is there.
    Short { body: Vec<u8> },
    /// A rule is broken, or a limit, behind so much data.
    Refused { body: Vec<u8> },
}

/// Why a step is not taken.
enum Stop {
    Short,
    Refused,
}

/// Reads a body.
pub(crate) fn chunked(bytes: &[u8], rules: &Rules) -> Outcome {
    let mut body = Vec::new();
    let mut trailers = Vec::new();
    match read(bytes, rules, &mut body, &mut trailers) {
        Ok(end) => Outcome::Whole { body, trailers, end },
        Err(Stop::Short) => Outcome::Short { body },
        Err(Stop::Refused) => Outcome::Refused { body },
    }
}

fn read(bytes: &[u8], rules: &Rules, body: &mut Vec<u8>, trailers: &mut Vec<(Vec<u8>, Vec<u8>)>) -> Result<usize, Stop> {
    let limits = &rules.limits;
    let (mut announced, mut extensions, mut overhead) = (0_u128, 0_u128, 0_u128);
    let mut at = 0;
    loop {
        let line = line(&bytes[at..], limits.max_chunk_line)?;
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let size = std::str::from_utf8(&line[..digits]).ok().filter(|_| (1..=16).contains(&digits));
        let size = size.and_then(|digits| u64::from_str_radix(digits, 16).ok()).ok_or(Stop::Refused)?;
        let extension = &line[digits..];
        if !is_extension(extension, rules) || size > limits.max_chunk_size || size > i64::MAX.unsigned_abs() {
            return Err(Stop::Refused);
        }
        announced += u128::from(size);
        extensions += extension.len() as u128;
        // Two bytes end the line, and two the chunk.
        overhead = (overhead + line.len() as u128 + 4).saturating_sub(16 + 2 * u128::from(size));
        if announced > limits.max_body.into() || extensions > limits.max_chunk_ext.into() || overhead > limits.max_chunk_overhead.into() {
            return Err(Stop::Refused);
        }
        at += line.len() + 2;
        if size == 0 {
            return read_trailers(bytes, at, rules, trailers);
        }
        let left = &bytes[at..];
        let len = usize::try_from(size).unwrap_or(usize::MAX).min(left.len());
        body.extend_from_slice(&left[..len]);
        at += len;
        match &left[len..] {
            [b'\r', b'\n', ..] if len as u64 == size => at += 2,
            [] | [b'\r'] => return Err(Stop::Short),
            _ => return Err(Stop::Refused),
        }
    }
}

/// A line without its CR LF, which is in at most so many bytes.
fn line(bytes: &[u8], limit: usize) -> Result<&[u8], Stop> {
    let within = &bytes[..bytes.len().min(limit)];
    match within.iter().position(|byte| *byte == b'\n') {
        Some(lf) => within[..lf].strip_suffix(b"\r").ok_or(Stop::Refused),
        None if bytes.len() > limit => Err(Stop::Refused),
        None => Err(Stop::Short),
    }
}

fn is_extension(mut rest: &[u8], rules: &Rules) -> bool {
    let skips = rules.allows(Leniency::WhitespaceInChunkExtensions);
    if rules.allows(Leniency::WhitespaceAfterChunkSize) && trim(rest).is_empty() {
        return true;
    }
    while !rest.is_empty() {
        let Some(named) = skip(rest, skips).strip_prefix(b";").map(|rest| skip(rest, skips)) else { return false };
        let name = named.iter().take_while(|byte| is_token(**byte)).count();
        rest = &named[name..];
        let value = skip(rest, skips).strip_prefix(b"=").map(|value| skip(value, skips));
        match value {
            _ if name == 0 => return false,
            None => {}
            Some([b'"', quoted @ ..]) => match end_of_quotes(quoted) {
                Some(end) => rest = &quoted[end..],
                None => return false,
            },
            Some(value) => {
                let len = value.iter().take_while(|byte| is_token(**byte)).count();
                if len == 0 {
                    return false;
                }
                rest = &value[len..];
            }
        }
    }
    true
}

/// The place behind the closing quote.
fn end_of_quotes(quoted: &[u8]) -> Option<usize> {
    let mut is_escaped = false;
    for (at, byte) in quoted.iter().enumerate() {
        match byte {
            0..=8 | 10..=31 | 127 => return None,
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn read_trailers(bytes: &[u8], start: usize, rules: &Rules, trailers: &mut Vec<(Vec<u8>, Vec<u8>)>) -> Result<usize, Stop> {
    let limits = &rules.limits;
    let end = start.saturating_add(limits.max_trailer_bytes).min(bytes.len());
    let short = if bytes.len() > end { Stop::Refused } else { Stop::Short };
    let mut at = start;
    loop {
        let line = match line(&bytes[at..end], limits.max_name + limits.max_value + 3) {
            Ok(line) => line,
            Err(Stop::Short) => return Err(short),
            Err(Stop::Refused) => return Err(Stop::Refused),
        };
        at += line.len() + 2;
        if line.is_empty() {
            return Ok(at);
        }
        let colon = line.iter().position(|byte| *byte == b':').ok_or(Stop::Refused)?;
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        let is_name = !name.is_empty() && name.iter().all(|byte| is_token(*byte)) && name.len() <= limits.max_name;
        let is_value = value.iter().all(|byte| matches!(byte, 9 | 32..=126 | 128..)) && value.len() <= limits.max_value;
        if !is_name || !is_value || trailers.len() >= limits.max_trailers {
            return Err(Stop::Refused);
        }
        if !is_forbidden(name) {
            trailers.push((name.to_vec(), trim(value).to_vec()));
        } else if !rules.allows(Leniency::DropForbiddenTrailers) {
            return Err(Stop::Refused);
        }
    }
}

/// SPEC.md, HB-10: names that say how to read, route or judge the message.
fn is_forbidden(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let frames =
        ["transfer-encoding", "content-length", "host", "trailer", "te", "connection", "upgrade", "keep-alive", "proxy-connection"];
    let content = ["content-encoding", "content-type", "content-range"];
    let asks = ["cache-control", "expect", "max-forwards", "pragma", "range", "if-match", "if-none-match", "if-modified-since"];
    let asks_on = ["if-unmodified-since", "if-range", "authorization", "proxy-authorization", "cookie"];
    let answers = ["age", "expires", "date", "location", "retry-after", "vary", "www-authenticate", "proxy-authenticate", "set-cookie"];
    [&frames[..], &content, &asks, &asks_on, &answers].iter().any(|names| names.contains(&&name[..]))
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn skip(bytes: &[u8], skips: bool) -> &[u8] {
    let len = bytes.iter().take_while(|byte| skips && matches!(byte, b' ' | b'\t')).count();
    &bytes[len..]
}

fn trim(bytes: &[u8]) -> &[u8] {
    let start = skip(bytes, true);
    let end = start.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |last| last + 1);
    &start[..end]
}
