use super::number::{Order, Width};
use super::{OnExcess, SettingsError};
use crate::encode::Short;

/// A checksum behind a payload: its width, and the function that computes it.
///
/// The function is yours, most often one of a crate; this crate computes no checksums itself. It is given the bytes in a few parts, to be taken as one. They are those of the frame from its start up
/// to the checksum, unless told [where to start](Self::from).
///
/// ```
/// use framewright::{Engine, Step, framing::{Checksum, Counts, LengthField, Width}};
///
/// const CRC: crc::Crc<u16> = crc::Crc::<u16>::new(&crc::CRC_16_IBM_3740);
///
/// let checksum = Checksum::new(Width::U16, |parts| {
///     let mut digest = CRC.digest();
///     parts.iter().for_each(|part| digest.update(part));
///     digest.finalize().into()
/// });
/// let mut engine = Engine::new(LengthField::builder(Width::U8, Counts::Payload, 64).checksum(checksum).build()?);
/// let mut frames = engine.feed(b"\x02hi\xdd\xf0\x02ho\0\0")?;
/// assert!(matches!(frames.next_frame()?, Step::Frame(b"hi", _)));
/// assert_eq!(frames.next_frame().unwrap_err().to_string(), "frame at byte 5: a checksum of 0x0, but 0xbd36 is right");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Checksum {
    width: Width,
    order: Order,
    from: usize,
    of: fn(&[&[u8]]) -> u64,
}

/// A checksum that is not the right one.
pub(super) struct Mismatch {
    pub(super) found: u64,
    pub(super) expected: u64,
}

impl Checksum {
    /// A checksum of this width, of which the most significant byte comes first; of what `of` returns, the low bits count.
    #[must_use]
    pub const fn new(width: Width, of: fn(&[&[u8]]) -> u64) -> Self {
        Self { width, order: Order::Big, from: 0, of }
    }

    /// Reads and writes the checksum with its least significant byte first.
    #[must_use]
    pub const fn little_endian(mut self) -> Self {
        self.order = Order::Little;
        self
    }

    /// Sets how many bytes at the start of the frame the checksum does not cover: a sync word, or the whole header. Otherwise none.
    #[must_use]
    pub const fn from(mut self, bytes: usize) -> Self {
        self.from = bytes;
        self
    }

    /// The bytes that the checksum has.
    pub(super) const fn width(&self) -> usize {
        self.width as usize
    }

    /// Computes the checksum of the bytes of a frame before it, which are in two parts.
    #[inline]
    pub(super) fn of(&self, first: &[u8], second: &[u8]) -> u64 {
        let parts = match first.get(self.from..) {
            Some(first) => [first, second],
            None => [&[][..], second.get(self.from - first.len()..).unwrap_or_default()],
        };
        (self.of)(&parts) & self.width.largest()
    }

    /// Checks the checksum at offset `at` of a frame.
    #[inline]
    pub(super) fn check(&self, frame: &[u8], at: usize) -> Result<(), Mismatch> {
        let (before, from) = frame.split_at_checked(at).unwrap_or((frame, &[]));
        self.check_value(from, self.of(before, &[]))
    }

    /// Checks that these bytes begin with a checksum of this value.
    #[inline]
    pub(super) fn check_value(&self, from: &[u8], expected: u64) -> Result<(), Mismatch> {
        let found = self.order.read(from.get(..self.width()).unwrap_or_default());
        if found == expected { Ok(()) } else { Err(Mismatch { found, expected }) }
    }

    /// Tells whether a frame with such a header, and what is done beyond its limit, can have this checksum.
    pub(super) const fn fits(&self, header: usize, on_excess: OnExcess) -> Result<(), SettingsError> {
        if self.from > header {
            return Err(SettingsError::CoversTooLittle { from: self.from, header });
        }
        if matches!(on_excess, OnExcess::Truncate) { Err(SettingsError::TruncatedUnchecked) } else { Ok(()) }
    }

    /// The bytes of a checksum with this value.
    pub(super) fn bytes(&self, value: u64) -> Short {
        self.order.bytes(value, self.width)
    }
}
