//! framewright.

use framewright::engine::DEFAULT_MAX_FRAME;
use framewright::framing::{
    AsciiLength, Base, Checksum, Cobs, Counts, Delimited, Delimiter, Fixed, LengthField, LineEnding, Lines, Netstring, Slip, SyncWord,
    Utf8Lines, Varint, VarintForm, Width,
};
use framewright::{Decode, Engine, Error, Refused, Step};

use crate::consume::Consume;
use crate::contender::Framer;
use crate::hand::{CRC, MAGIC};
use crate::workload::{LIMIT, Set};

const _: () = assert!(LIMIT < DEFAULT_MAX_FRAME, "the framer's own limit counts");

/// Lines.
#[must_use]
pub fn lines() -> Lines {
    Lines::new(LIMIT)
}

/// Lines that may end in `\r`.
#[must_use]
pub fn lf_lines() -> Lines {
    lines().ending(LineEnding::Lf)
}

/// Shows a frame as what it is.
#[must_use]
#[inline(always)]
pub fn as_it_is(frame: &[u8]) -> &[u8] {
    frame
}

/// Lines of text.
#[must_use]
pub fn utf8_lines() -> Utf8Lines {
    Utf8Lines::new(LIMIT)
}

/// What is between delimiters.
///
/// # Panics
/// Never, as those below: the settings are good.
#[must_use]
pub fn delimiter(set: Set) -> Delimiter {
    Delimiter::new(set.delimiters(), LIMIT).expect("there are delimiters, and none is empty")
}

/// Records of one length.
///
/// # Panics
/// When it is 0.
#[must_use]
pub fn fixed(len: usize) -> Fixed {
    Fixed::new(len).expect("frames have bytes")
}

/// Payloads behind their lengths.
///
/// # Panics
/// Never.
#[must_use]
pub fn length_field() -> LengthField {
    LengthField::builder(Width::U32, Counts::Payload, LIMIT).build().expect("the header has room for its length")
}

/// The same, checked.
///
/// # Panics
/// Never.
#[must_use]
pub fn length_field_crc() -> LengthField {
    LengthField::builder(Width::U32, Counts::Payload, LIMIT).checksum(checksum()).build().expect("the header has room for its length")
}

fn checksum() -> Checksum {
    Checksum::new(Width::U16, |parts| {
        let mut digest = CRC.digest();
        for part in parts {
            digest.update(part);
        }
        digest.finalize().into()
    })
}

/// Payloads behind lengths of variable width.
#[must_use]
pub fn varint() -> Varint {
    Varint::new(VarintForm::Leb128, LIMIT)
}

/// Payloads behind digits.
///
/// # Panics
/// Never.
#[must_use]
pub fn ascii_length() -> AsciiLength {
    AsciiLength::new(Base::Decimal, "\r\n", LIMIT).expect("the terminator is no digit").trailer("\r\n")
}

/// Netstrings.
#[must_use]
pub fn netstring() -> Netstring {
    Netstring::new(LIMIT)
}

/// Payloads behind magic bytes.
///
/// # Panics
/// Never.
#[must_use]
pub fn sync_word() -> SyncWord {
    SyncWord::builder(MAGIC, Width::U16, Counts::Payload, LIMIT).build().expect("there are magic bytes")
}

/// The same, checked.
///
/// # Panics
/// Never.
#[must_use]
pub fn sync_word_crc() -> SyncWord {
    SyncWord::builder(MAGIC, Width::U16, Counts::Payload, LIMIT).checksum(checksum()).build().expect("there are magic bytes")
}

/// Stuffed payloads.
#[must_use]
pub fn cobs() -> Cobs {
    Cobs::new(LIMIT)
}

/// Escaped payloads.
#[must_use]
pub fn slip() -> Slip {
    Slip::new(LIMIT)
}

/// Why an engine refused a stream.
#[derive(Debug)]
pub enum Failed<F> {
    /// It took no input.
    Refused(Refused),
    /// It found an error.
    Error(Error<F>),
}

impl<F> From<Refused> for Failed<F> {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl<F> From<Error<F>> for Failed<F> {
    fn from(error: Error<F>) -> Self {
        Self::Error(error)
    }
}

/// A frame, to be looked at as bytes.
pub trait Shown {
    /// Its payload.
    fn shown(&self) -> &[u8];
}

impl Shown for &[u8] {
    #[inline(always)]
    fn shown(&self) -> &[u8] {
        self
    }
}

impl Shown for &str {
    #[inline(always)]
    fn shown(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Shown for Delimited<'_> {
    #[inline(always)]
    fn shown(&self) -> &[u8] {
        self.payload()
    }
}

impl<D> Framer for Engine<D>
where
    D: for<'a> Decode<Frame<'a>: Shown>,
{
    type Error = Failed<D::Fault>;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, chunk: &[u8], to: &mut C) -> Result<(), Self::Error> {
        let mut frames = Engine::feed(self, chunk)?;
        while let Step::Frame(frame, _) = frames.next_frame()? {
            to.frame(frame.shown());
        }
        Ok(())
    }
}
