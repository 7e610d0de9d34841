//! Classes of bytes, and searches for the first byte outside one.
//!
//! The searches step over what surely goes on, by blocks, and look at the last few bytes one by one. Where they stop is then told by branches, which a processor predicts, and not by a number that has
//! to be computed: what follows need not wait for it.

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

/// Whether there is a byte below `least`, or DEL. Exact: the top bits are masked before anything is added, so nothing carries.
#[inline(always)]
const fn has_below(word: u64, least: u8) -> bool {
    let low = word & REST;
    let below = !(low + (0x80 - least as u64) * ONES);
    let del = low + ONES;
    (below | del) & !word & TOPS != 0
}

/// Finds the first byte from `at` on that is no byte of a token.
#[inline(always)]
pub(super) fn token_end(bytes: &[u8], at: usize) -> usize {
    let Some(rest) = bytes.get(at..) else { return at };
    at + rest.len() - first_of(rest, |byte| !TOKENS[usize::from(byte)])
}

/// Finds the first byte from `at` on that is no letter, digit, `-` or `.`: where most hosts end.
#[inline(always)]
pub(super) fn host_name_end(bytes: &[u8], at: usize) -> usize {
    let Some(rest) = bytes.get(at..) else { return at };
    at + rest.len() - first_of(rest, |byte| !HOSTS[usize::from(byte)])
}

/// Finds the first byte from `at` on that is not in 0x21..=0x7e, or is `#`: where a target ends.
#[inline(always)]
pub(super) fn target_end(bytes: &[u8], at: usize) -> usize {
    let Some(rest) = bytes.get(at..) else { return at };
    let mut left = rest;
    while let Some((word, more)) = left.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        let low = word & REST;
        let hash = !((low ^ (b'#' as u64 * ONES)) + REST);
        if (hash | word) & TOPS != 0 || has_below(word, 0x21) {
            break;
        }
        left = more;
    }
    at + rest.len() - first_of(left, |byte| !TARGETS[usize::from(byte)])
}

/// Finds the first control byte from `at` on, HTAB aside: where a value or a reason ends.
#[inline(always)]
pub(super) fn text_end(bytes: &[u8], at: usize) -> usize {
    let Some(rest) = bytes.get(at..) else { return at };
    let mut left = rest;
    let mut words = 0;
    while let Some((word, more)) = left.split_first_chunk::<8>() {
        if has_below(u64::from_le_bytes(*word), 0x20) {
            break;
        }
        left = more;
        words += 1;
        if words == 2 {
            left = skip_printable(left);
        }
    }
    at + rest.len() - first_of(left, |byte| !TEXTS[usize::from(byte)])
}

/// Steps over blocks without control bytes. A loop that compilers make vectors of.
#[inline(always)]
fn skip_printable(mut bytes: &[u8]) -> &[u8] {
    while let Some((block, more)) = bytes.split_first_chunk::<32>() {
        let control = block.iter().fold(0, |any, byte| any | u8::from(*byte < 0x20) | u8::from(*byte == 0x7f));
        if control != 0 {
            break;
        }
        bytes = more;
    }
    bytes
}

/// Finds the first byte that stops, which is near. Returns how many bytes there are from it on.
#[inline(always)]
fn first_of(mut bytes: &[u8], stops: impl Fn(u8) -> bool) -> usize {
    while let Some((block, more)) = bytes.split_first_chunk::<8>() {
        for (number, byte) in block.iter().enumerate() {
            if stops(*byte) {
                return bytes.len() - number;
            }
        }
        bytes = more;
    }
    while let Some((byte, more)) = bytes.split_first() {
        if stops(*byte) {
            break;
        }
        bytes = more;
    }
    bytes.len()
}

/// A class as a table: for each byte whether it belongs to it.
macro_rules! table {
    ($name:ident, $byte:ident, $belongs:expr) => {
        const $name: [bool; 256] = {
            let mut table = [false; 256];
            let mut at = 0;
            while at < 256 {
                let $byte = at as u8;
                table[at] = $belongs;
                at += 1;
            }
            table
        };
    };
}

table!(TOKENS, byte, is_token(byte));
table!(TEXTS, byte, matches!(byte, b'\t' | b' '..=b'~' | 0x80..));
table!(TARGETS, byte, byte.is_ascii_graphic() && byte != b'#');
table!(HOSTS, byte, byte == b'-' || byte == b'.' || byte.is_ascii_alphanumeric());

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// Each search agrees with its class, for every byte at every place, and nothing else before it.
    #[test]
    fn searches_stop_where_they_must() {
        type Search = (fn(&[u8], usize) -> usize, fn(u8) -> bool);
        let searches: [Search; 4] = [
            (host_name_end, |byte| matches!(byte, b'-' | b'.') || byte.is_ascii_alphanumeric()),
            (token_end, is_token),
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
