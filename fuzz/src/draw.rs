//! What several targets draw from the fuzzer's bytes, and how they tell it.

use arbitrary::{Result, Unstructured};
use framewright::buf::BufConfig;
use framewright::framing::OnExcess;

/// Takes `len` bytes, or as many as are left: as they are, or as letters of `alphabet`.
pub(crate) fn bytes(u: &mut Unstructured<'_>, len: usize, alphabet: &[u8]) -> Result<Vec<u8>> {
    let is_raw = u.arbitrary()?;
    let drawn = u.bytes(len.min(u.len()))?;
    let letter = |byte: &u8| alphabet.get(usize::from(*byte) % alphabet.len().max(1)).copied().unwrap_or(*byte);
    Ok(if is_raw { drawn.to_vec() } else { drawn.iter().map(letter).collect() })
}

/// A length: mostly small, sometimes of two bytes, sometimes at the end of the range.
pub(crate) fn size(u: &mut Unstructured<'_>) -> Result<usize> {
    Ok(match u.arbitrary::<u8>()? {
        small @ 0..=199 => usize::from(small % 25),
        200..=227 => usize::from(u.arbitrary::<u8>()?),
        228..=247 => usize::from(u.arbitrary::<u16>()?),
        huge => usize::MAX - usize::from(u8::MAX - huge),
    })
}

/// A limit: mostly the default, or a small one.
pub(crate) fn limit(u: &mut Unstructured<'_>, default: usize) -> Result<usize> {
    Ok(match u.arbitrary::<u8>()? {
        0..=127 => default,
        small @ 128..=223 => usize::from(small - 128),
        224..=247 => usize::from(u.arbitrary::<u16>()?),
        _ => usize::MAX,
    })
}

/// The length of a part of a frame: none, small, or at the end of a range.
pub(crate) fn part(u: &mut Unstructured<'_>) -> Result<usize> {
    Ok(match u.arbitrary::<u8>()? {
        small @ 0..=239 => usize::from(small % 8),
        240..=247 => u.arbitrary::<u16>()?.into(),
        248..=251 => isize::MAX.unsigned_abs() - usize::from(u.arbitrary::<u8>()?),
        _ => usize::MAX - usize::from(u.arbitrary::<u8>()?),
    })
}

/// What happens to frames beyond a limit.
pub(crate) fn on_excess(u: &mut Unstructured<'_>) -> Result<OnExcess> {
    Ok(match u.arbitrary::<u8>()? {
        last if last >= 128 && last % 2 == 0 => OnExcess::Truncate,
        last if last % 2 == 1 => OnExcess::Discard,
        _ => OnExcess::Fail,
    })
}

/// The thresholds of a buffer, from the defaults to a seam every few bytes.
pub(crate) fn config(u: &mut Unstructured<'_>) -> Result<BufConfig> {
    let tiny = BufConfig { segment_size: 3, merge_below: 2, copy_out_below: 2, ..BufConfig::DEFAULT };
    Ok(match u.int_in_range(0..=3_u8)? {
        0 => tiny,
        1 => BufConfig::DEFAULT,
        _ => BufConfig {
            max_bytes: limit(u, BufConfig::DEFAULT.max_bytes)?,
            segment_size: u.arbitrary::<u8>()?.into(),
            merge_below: u.arbitrary::<u8>()?.into(),
            copy_out_below: u.arbitrary::<u8>()?.into(),
            max_amplification: u.arbitrary::<u8>()?.into(),
            shrink_above: u.arbitrary::<u16>()?.into(),
        },
    })
}

/// Prints what was drawn when a check fails. (Not inside a fuzzer, which aborts before it unwinds.)
pub(crate) struct OnPanic<F: Fn() -> String>(pub(crate) F);

impl<F: Fn() -> String> Drop for OnPanic<F> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.0());
        }
    }
}
