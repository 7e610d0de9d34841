//! Streams with a few bytes changed.

/// Numbers that look random, the same every time: SplitMix64.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % n as u64).unwrap()
    }
}

/// Changes a few bytes: to ones with a meaning, mostly; or cuts, doubles and drops some.
pub(super) fn mutate(seed: &[u8], random: &mut Random) -> Vec<u8> {
    const BYTES: &[u8] = b"\r\n \t:;,#/*?%\"\0\x01\x0b\x1f\x7f\x80\xffAz09-_HTTP.";
    let mut bytes = seed.to_vec();
    for _ in 0..random.below(4) {
        let at = random.below(bytes.len().max(1));
        if bytes.is_empty() {
            break;
        }
        match random.below(6) {
            0 => bytes.insert(at, BYTES[random.below(BYTES.len())]),
            1 => drop(bytes.remove(at)),
            2 => bytes.truncate(at + 1),
            3 => bytes[at] = u8::try_from(random.below(256)).unwrap(),
            _ => bytes[at] = BYTES[random.below(BYTES.len())],
        }
    }
    bytes
}
