//! Tells whether bytes are UTF-8, without a branch for each of them.

/// What has still to come of a character, as the place of its step in a [row](ROWS); RFC 3629, section 4.
///
/// ```text
///           00-7f              80-bf
///        ┌────────┐   ┌─────────────────────┐
///        ▼        │   ▼     80-bf     80-bf │
///       WHOLE ────┴ ONE ◀──── TWO ◀──── THREE
/// ```
///
/// After e0, ed, f0 and f4 not every one of these bytes may follow: four states more.
const WHOLE: u64 = 0;
const NONE: u64 = 6;
const ONE: u64 = 12;
const TWO: u64 = 18;
const THREE: u64 = 24;
const AFTER_E0: u64 = 30;
const AFTER_ED: u64 = 36;
const AFTER_F0: u64 = 42;
const AFTER_F4: u64 = 48;

/// For each byte, where it leads from each state: six bits at the place of that state.
static ROWS: [u64; 256] = rows();

#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "evaluated when compiling, for every byte")]
const fn rows() -> [u64; 256] {
    let mut rows = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut state = WHOLE;
        while state <= AFTER_F4 {
            rows[byte] |= next(state, byte as u8) << state;
            state += 6;
        }
        byte += 1;
    }
    rows
}

const fn next(state: u64, byte: u8) -> u64 {
    match (state, byte) {
        (WHOLE, 0x00..=0x7f) | (ONE, 0x80..=0xbf) => WHOLE,
        (WHOLE, 0xc2..=0xdf) | (TWO, 0x80..=0xbf) | (AFTER_E0, 0xa0..=0xbf) | (AFTER_ED, 0x80..=0x9f) => ONE,
        (WHOLE, 0xe1..=0xec | 0xee..=0xef) | (THREE, 0x80..=0xbf) | (AFTER_F0, 0x90..=0xbf) | (AFTER_F4, 0x80..=0x8f) => TWO,
        (WHOLE, 0xf1..=0xf3) => THREE,
        (WHOLE, 0xe0) => AFTER_E0,
        (WHOLE, 0xed) => AFTER_ED,
        (WHOLE, 0xf0) => AFTER_F0,
        (WHOLE, 0xf4) => AFTER_F4,
        _ => NONE,
    }
}

/// Tells whether these bytes are whole characters.
#[inline(always)]
pub(super) fn is_utf8(bytes: &[u8]) -> bool {
    is_ascii(bytes) || follow(bytes) == WHOLE
}

/// Tells whether no byte has its top bit set, eight at a time: the last eight overlap those before them.
#[inline(always)]
fn is_ascii(bytes: &[u8]) -> bool {
    const TOPS: u64 = 0x8080_8080_8080_8080;
    let Some(last) = bytes.last_chunk() else { return bytes.iter().all(u8::is_ascii) };
    let all = bytes
        .chunks_exact(8)
        .fold(u64::from_ne_bytes(*last), |all, eight| all | eight.first_chunk().map_or(0, |eight| u64::from_ne_bytes(*eight)));
    all & TOPS == 0
}

/// Where these bytes lead. The rows are read ahead, and each byte then takes one shift.
#[inline(never)]
fn follow(bytes: &[u8]) -> u64 {
    let row = |byte: &u8| ROWS.get(usize::from(*byte)).copied().unwrap_or(0);
    bytes.iter().fold(WHOLE, |state, byte| row(byte) >> (state & 63)) & 63
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "a test that goes wrong may panic")]
mod tests {
    use super::is_utf8;

    /// One byte on each side of every border between classes.
    const BORDERS: [u8; 28] = [
        0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4,
        0xf5, 0xf7, 0xf8, 0xfb, 0xfe, 0xff,
    ];

    #[test]
    fn says_what_the_standard_library_says() {
        let all = |at: usize| BORDERS[at % BORDERS.len()];
        for combination in 0..BORDERS.len().pow(4) {
            let four = [1, 28, 28 * 28, 28 * 28 * 28].map(|step| all(combination / step));
            for bytes in [&four[..], &four[..3], &four[..2], &four[..1]] {
                assert_eq!(is_utf8(bytes), core::str::from_utf8(bytes).is_ok(), "{bytes:02x?}");
            }
        }
    }

    #[test]
    fn every_byte_of_a_long_line_counts() {
        for len in 0..40 {
            assert!(is_utf8(&[b'a'; 40][..len]));
            for at in 0..len {
                let mut line = [b'a'; 40];
                line[at] = 0xff;
                assert!(!is_utf8(&line[..len]), "0xff at {at} of {len}");
                if at + 1 < len {
                    line[at..at + 2].copy_from_slice("é".as_bytes());
                    assert!(is_utf8(&line[..len]), "é at {at} of {len}");
                }
            }
        }
    }
}
