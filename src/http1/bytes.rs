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
const fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
}

/// A byte of most targets.
const fn is_target(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'#'
}

/// A byte of most hosts.
const fn is_host_name(byte: u8) -> bool {
    matches!(byte, b'-' | b'.') || byte.is_ascii_alphanumeric()
}

/// A table of the bytes for which a function is true.
macro_rules! class {
    ($has:ident) => {{
        let mut table = [false; 256];
        let mut byte: u8 = 0;
        loop {
            #[expect(clippy::indexing_slicing, reason = "there are 256 bytes")]
            {
                table[byte as usize] = $has(byte);
            }
            if byte == u8::MAX {
                break Class(table);
            }
            byte += 1;
        }
    }};
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
    bytes.len() - TOKENS.left_behind(rest)
}

/// Finds the first byte from `at` on that is no letter, digit, `-` or `.`: where most hosts end.
#[inline(always)]
pub(super) fn host_name_end(bytes: &[u8], at: usize) -> usize {
    let Some(rest) = bytes.get(at..) else { return at };
    bytes.len() - HOST_NAMES.left_behind(rest)
}

/// Finds the first byte from `at` on that is not in 0x21..=0x7e, or is `#`: where a target ends.
#[inline(always)]
pub(super) fn target_end(bytes: &[u8], at: usize) -> usize {
    let Some(mut rest) = bytes.get(at..) else { return at };
    while let Some((word, more)) = rest.split_first_chunk() {
        let word = u64::from_le_bytes(*word);
        let not_hash = ((word & REST) ^ (HASH * ONES)) + REST;
        if (!not_hash | word) & TOPS != 0 || has_below(word, 0x21) {
            break;
        }
        rest = more;
    }
    bytes.len() - TARGETS.left_behind(rest)
}

/// Finds the first control byte from `at` on, HTAB aside: where a value or a reason ends.
#[inline(always)]
pub(super) fn text_end(bytes: &[u8], at: usize) -> usize {
    let Some(mut rest) = bytes.get(at..) else { return at };
    let mut words = 0;
    while let Some((word, more)) = rest.split_first_chunk() {
        if has_below(u64::from_le_bytes(*word), 0x20) {
            break;
        }
        rest = more;
        words += 1;
        if words == 2 {
            rest = skip_printable(rest);
        }
    }
    bytes.len() - TEXTS.left_behind(rest)
}

/// Finds the first LF.
#[inline(always)]
pub(super) fn find_lf(bytes: &[u8]) -> Option<usize> {
    if bytes.len() > NEAR {
        return memchr::memchr(b'\n', bytes);
    }
    let mut rest = bytes;
    while let Some((word, more)) = rest.split_first_chunk() {
        let marks = lf_marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return Some(bytes.len() - rest.len() + marks.trailing_zeros() as usize / 8);
        }
        rest = more;
    }
    let at = rest.iter().position(|byte| *byte == b'\n')?;
    Some(bytes.len() - rest.len() + at)
}

/// Finds the last LF among few bytes.
#[inline(always)]
pub(super) fn rfind_lf(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    while let Some((more, word)) = rest.split_last_chunk() {
        let marks = lf_marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return Some(rest.len() - 1 - marks.leading_zeros() as usize / 8);
        }
        rest = more;
    }
    rest.iter().rposition(|byte| *byte == b'\n')
}

/// Up to so many bytes are searched here: to call the better search takes longer.
const NEAR: usize = 128;

/// Marks each LF by its top bit, exactly.
#[inline(always)]
const fn lf_marks(word: u64) -> u64 {
    let others = word ^ (LF * ONES);
    !(((others & REST) + REST) | others) & TOPS
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

const HASH: u64 = 0x23;
const LF: u64 = 0x0a;

const TOKENS: &Class = &class!(is_token);
const TEXTS: &Class = &class!(is_text);
const TARGETS: &Class = &class!(is_target);
const HOST_NAMES: &Class = &class!(is_host_name);

/// For each byte whether it belongs to a class.
struct Class([bool; 256]);

impl Class {
    #[inline(always)]
    #[expect(clippy::indexing_slicing, reason = "there are 256 bytes")]
    fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte)]
    }

    /// Steps over the bytes of the class, of which there are few. Returns how many bytes are left.
    #[inline(always)]
    fn left_behind(&self, mut bytes: &[u8]) -> usize {
        while let Some((block, more)) = bytes.split_first_chunk::<8>() {
            for (number, byte) in block.iter().enumerate() {
                if !self.has(*byte) {
                    return bytes.len() - number;
                }
            }
            bytes = more;
        }
        while let Some((byte, more)) = bytes.split_first() {
            if !self.has(*byte) {
                break;
            }
            bytes = more;
        }
        bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn the_last_lf_is_found() {
        for len in [1, 7, 8, 9, 63, 64, 127, 128, 129, 200] {
            for byte in 0..=255_u8 {
                for at in 0..len {
                    let bytes: Vec<u8> = (0..len).map(|place| if place == at { byte } else { byte.wrapping_add(1) }).collect();
                    assert_eq!(rfind_lf(&bytes), bytes.iter().rposition(|byte| *byte == b'\n'), "{byte:#04x} at {at} of {len}");
                    assert_eq!(find_lf(&bytes), bytes.iter().position(|byte| *byte == b'\n'), "{byte:#04x} at {at} of {len}");
                }
            }
        }
    }

    /// Each search agrees with its class, for every byte at every place, and nothing else before it.
    #[test]
    fn searches_stop_where_they_must() {
        type Search = (fn(&[u8], usize) -> usize, fn(u8) -> bool);
        let searches: [Search; 4] = [(host_name_end, is_host_name), (token_end, is_token), (text_end, is_text), (target_end, is_target)];
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
