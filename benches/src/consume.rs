//! What is done with a frame: the same for every contender.

/// Takes frames, one at a time, or bytes that are to be sent.
pub trait Consume {
    /// Takes one frame.
    fn frame(&mut self, frame: &[u8]);

    /// Takes the next bytes of an output, in whatever pieces it lies.
    fn piece(&mut self, piece: &[u8]);
}

/// Touches a frame as cheaply as can be without losing sight of it: its length, its first and its last byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touch(u64);

impl Consume for Touch {
    #[inline(always)]
    fn frame(&mut self, frame: &[u8]) {
        let ends = match frame {
            [first, .., last] => u64::from(*first) + u64::from(*last),
            [only] => 2 * u64::from(*only),
            [] => 0,
        };
        self.0 = self.0.wrapping_add(frame.len() as u64).wrapping_add(ends);
    }

    #[inline(always)]
    fn piece(&mut self, piece: &[u8]) {
        self.0 = self.0.wrapping_add(piece.len() as u64);
    }
}

/// Reads all of a frame: two streams of frames with the same digest are the same, as far as 64 bits can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    /// The number of frames.
    pub frames: usize,
    hash: u64,
}

impl Default for Digest {
    fn default() -> Self {
        Self { frames: 0, hash: 0xcbf2_9ce4_8422_2325 }
    }
}

impl Digest {
    fn mix(&mut self, value: u64) {
        self.hash = (self.hash ^ value).wrapping_mul(0x0000_0100_0000_01b3);
    }
}

impl Consume for Digest {
    fn frame(&mut self, frame: &[u8]) {
        self.frames += 1;
        self.mix(frame.len() as u64);
        self.piece(frame);
    }

    fn piece(&mut self, piece: &[u8]) {
        for byte in piece {
            self.mix(u64::from(*byte));
        }
    }
}

/// Takes the result of a search for a frame.
#[inline(always)]
pub fn found<C: Consume>(offset: Option<usize>, to: &mut C) {
    to.frame(&offset.unwrap_or(usize::MAX).to_be_bytes());
}
