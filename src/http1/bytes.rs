//! Classes of bytes, and searches for the first byte outside one.
//!
//! The searches take eight bytes at a time as a number, the first byte lowest, and mark in it each byte that stops them by its top bit. The marks are exact: the top bits are masked before anything
//! is added, so nothing carries.

const ONES: u64 = 0x0101_0101_0101_0101;
const TOPS: u64 = 0x80 * ONES;
/// What is added at most is 0x80, to at most 0x7f.
const REST: u64 = 0x7f * ONES;

/// A byte of a token (RFC 9110 section 5.6.2).
pub(super) const fn is_token(byte: u8) -> bool {
    matches!(byte, b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z')
}

/// A space or a tab: what may be around a value.
pub(super) const fn is_ows(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// A byte of a value or a reason: HTAB, SP, VCHAR or obs-text.
#[cfg(test)]
pub(super) const fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
}

/// Without spaces and tabs at both ends.
pub(super) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes {
        if !is_ows(*first) {
            break;
        }
        bytes = rest;
    }
    while let [rest @ .., last] = bytes {
        if !is_ows(*last) {
            break;
        }
        bytes = rest;
    }
    bytes
}

/// The eight bytes from offset `at` on; zeros, which stop every search, behind the end.
#[inline(always)]
fn word(bytes: &[u8], at: usize) -> u64 {
    match bytes.get(at..).and_then(<[u8]>::first_chunk) {
        Some(word) => u64::from_le_bytes(*word),
        None => last_word(bytes, at),
    }
}

/// The same where fewer than eight are left.
#[inline(never)]
fn last_word(bytes: &[u8], at: usize) -> u64 {
    let left = bytes.get(at..).unwrap_or_default();
    match bytes.last_chunk() {
        Some(_) if left.is_empty() => 0,
        Some(last) => u64::from_le_bytes(*last) >> (64 - 8 * left.len()),
        None => left.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// The number of the first marked byte, in 0..8.
#[inline(always)]
const fn first(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

/// Marks the bytes that are at least `least`, of bytes below 0x80.
#[inline(always)]
const fn at_least(low: u64, least: u8) -> u64 {
    low + (0x80 - least as u64) * ONES
}

/// Marks the bytes that are zero, of bytes below 0x80, by a top bit that is *not* set.
#[inline(always)]
const fn not_zero(low: u64) -> u64 {
    low + REST
}

/// Finds the first byte from `at` on that is no letter, digit or `-`: where most names end.
#[inline(always)]
pub(super) fn simple_name_end(bytes: &[u8], at: usize) -> usize {
    alphanumeric_end(bytes, at, b'-')
}

/// Finds the first byte from `at` on that is no letter, digit, `-` or `.`: where most hosts end.
#[inline(always)]
pub(super) fn host_name_end(bytes: &[u8], at: usize) -> usize {
    alphanumeric_end(bytes, at, b'.')
}

/// Finds the first byte from `at` on that is no letter, no digit, and neither `-` nor `also`.
#[inline(always)]
fn alphanumeric_end(bytes: &[u8], mut at: usize, also: u8) -> usize {
    loop {
        let word = word(bytes, at);
        let low = word & REST;
        let lower = low | (0x20 * ONES);
        let letter = at_least(lower, b'a') & !at_least(lower, b'z' + 1);
        // `-` and `.` are neighbours.
        let mark = at_least(low, b'-') & !at_least(low, also + 1);
        let digit = at_least(low, b'0') & !at_least(low, b'9' + 1);
        let stops = (!(letter | digit | mark) | word) & TOPS;
        if stops != 0 {
            return (at + first(stops)).min(bytes.len());
        }
        at += 8;
    }
}

/// Finds the first byte from `at` on that is no byte of a token, where `expected` is what stands there mostly.
#[inline(always)]
pub(super) fn token_end(bytes: &[u8], at: usize, expected: u8) -> usize {
    let end = simple_name_end(bytes, at);
    if bytes.get(end) == Some(&expected) { end } else { other_token_end(bytes, end) }
}

#[inline(never)]
fn other_token_end(bytes: &[u8], mut end: usize) -> usize {
    while bytes.get(end).is_some_and(|byte| is_token(*byte)) {
        end = simple_name_end(bytes, end + 1);
    }
    end
}

/// Finds the first control byte from `at` on, HTAB aside: where a value or a reason ends.
#[inline(always)]
pub(super) fn text_end(bytes: &[u8], mut at: usize) -> usize {
    let mut words = 0;
    loop {
        if words >= 2 {
            at = skip_printable(bytes, at);
        }
        words += 1;
        let word = word(bytes, at);
        let low = word & REST;
        let control = (!at_least(low, 0x20) | at_least(low, 0x7f)) & !word;
        let stops = control & not_zero(low ^ (0x09 * ONES)) & TOPS;
        if stops != 0 {
            return (at + first(stops)).min(bytes.len());
        }
        at += 8;
    }
}

/// Steps over blocks without control bytes. A loop that compilers make vectors of.
#[inline(always)]
fn skip_printable(bytes: &[u8], mut at: usize) -> usize {
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk::<32>) {
        let control = block.iter().fold(0, |any, byte| any | u8::from(*byte < 0x20) | u8::from(*byte == 0x7f));
        if control != 0 {
            break;
        }
        at += 32;
    }
    at
}

/// Finds the first byte from `at` on that is not in 0x21..=0x7e, or is `#`: where a target ends.
#[inline(always)]
pub(super) fn target_end(bytes: &[u8], mut at: usize) -> usize {
    loop {
        let word = word(bytes, at);
        let low = word & REST;
        let stops = (!at_least(low, 0x21) | at_least(low, 0x7f) | word | !not_zero(low ^ (u64::from(b'#') * ONES))) & TOPS;
        if stops != 0 {
            return (at + first(stops)).min(bytes.len());
        }
        at += 8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// Each search agrees with its class, for every byte at every place, and nothing else before it.
    #[test]
    fn searches_stop_where_they_must() {
        type Search = (fn(&[u8], usize) -> usize, fn(u8) -> bool);
        let searches: [Search; 5] = [
            (host_name_end, |byte| matches!(byte, b'-' | b'.') || byte.is_ascii_alphanumeric()),
            (simple_name_end, |byte| byte == b'-' || byte.is_ascii_alphanumeric()),
            (|bytes, at| token_end(bytes, at, b':'), is_token),
            (text_end, is_text),
            (target_end, |byte| byte.is_ascii_graphic() && byte != b'#'),
        ];
        for (search, goes_on) in searches {
            for (byte, len) in (0..=255).flat_map(|byte| (1..75).map(move |len| (byte, len))) {
                for at in [0, 1, len / 2, len - 1] {
                    let bytes: Vec<u8> = (0..len).map(|place| if place == at { byte } else { b'a' }).collect();
                    let expected = if goes_on(byte) { len } else { at };
                    assert_eq!(search(&bytes, 0), expected, "{byte:#04x} at {at} of {len}");
                }
            }
        }
    }
}
