//! Framers: ready-made [`Decode`](crate::Decode)rs for the ways in which streams are cut into frames.
//!
//! | framer | frames end | frame |
//! |---|---|---|
//! | [`Lines`] | at a line end: `\n`, `\r\n`, either, or any with a lone `\r` | `&[u8]` |
//! | [`Delimiter`] | at the first, and there the longest, of a set of byte strings | [`Delimited`] |
//! | [`LengthField`] | where a length in their header says | `&[u8]` |
//! | [`Cobs`] | at a zero byte, of which stuffing makes others | `&[u8]` |
//! | [`Slip`] | at a byte 0xc0, which is escaped elsewhere | `&[u8]` |
//!
//! Each takes its limit when it is made. What happens to a frame beyond the limit is a setting, [`OnExcess`]. The engine's own limit, 16 MiB unless
//! [set](crate::Engine::with_max_frame), counts beside it.

mod checksum;
mod cobs;
mod delimiter;
mod length_field;
mod limit;
mod lines;
mod number;
mod slip;
mod stuffed;

pub use checksum::Checksum;
pub use cobs::{Cobs, CobsFault};
pub use delimiter::{Delimited, Delimiter};
pub use length_field::{Counts, LengthField, LengthFieldBuilder, LengthFieldFault};
pub use lines::{LineEnding, Lines};
pub use number::Width;
pub use slip::{Slip, SlipFault};

/// What a framer does with a frame longer than its limit. In each way it is told once, at the first byte that makes the excess certain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnExcess {
    /// The stream is over.
    #[default]
    Fail,
    /// The frame is thrown away as it arrives, and the stream goes on behind it.
    Discard,
    /// What the limit allows of the frame is handed out, [marked](crate::Place::truncated), instead of an error; the rest is thrown away as it arrives, and the stream goes on behind it.
    Truncate,
}

/// Why a framer cannot write a payload: what is written would be read as something else. The [`Fault`](crate::Encode::Fault) of every framer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Unframable {
    /// The frame would end before its payload does, or what ends it would not be taken for its end.
    #[error("the frame would end elsewhere than at its end: a part of its end is in the payload, before byte {before} of what is written")]
    EndInside {
        /// Where the frame would be known to end, or not to end, in bytes from its start.
        before: usize,
    },
    /// The framer keeps ends on its frames, and this payload does not end in one.
    #[error("the payload does not end as frames of this framer do")]
    NoEnd,
    /// Every frame of this framer has the same length, or the length in a header that the payload brings is not right.
    #[error("a length of {found}, but {expected} is right")]
    WrongLength {
        /// The length that the payload has, or tells.
        found: u64,
        /// The length that it must have, or tell.
        expected: u64,
    },
    /// The payload is shorter than any that the framer reads: than the header and trailer that it must bring, for one.
    #[error("a payload of {found} bytes, but the shortest has {expected}")]
    TooShort {
        /// The payload's length, in bytes.
        found: usize,
        /// The length of the shortest, in bytes.
        expected: usize,
    },
    /// The checksum that the payload brings is not right.
    #[error("a checksum of {found:#x}, but {expected:#x} is right")]
    WrongChecksum {
        /// The checksum found.
        found: u64,
        /// The checksum of the payload.
        expected: u64,
    },
    /// An empty payload has no frame.
    #[error("an empty payload has no frame")]
    Empty,
}

/// Why a framer cannot be made with these settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A set of delimiters has none in it.
    #[error("no delimiter given")]
    NoDelimiter,
    /// One of the delimiters is the empty string.
    #[error("a delimiter is empty")]
    EmptyDelimiter,
    /// The header ends before the length field does.
    #[error("a header of {header} bytes, but the length field ends at byte {field_end} of it")]
    HeaderTooShort {
        /// The header's length, in bytes.
        header: usize,
        /// The end of the length field, in bytes from the start of the frame.
        field_end: usize,
    },
    /// Whatever the length says, the frame would be shorter than its header and trailer.
    #[error("the largest length makes a frame of {longest} bytes, shorter than its header and trailer of {around} bytes")]
    NeverLongEnough {
        /// The encoded frame's length for the largest value of the field (0 where it would be less than nothing).
        longest: u64,
        /// The bytes of header and trailer.
        around: u64,
    },
    /// Even the shortest frame would be beyond the limit.
    #[error("the limit is {limit} bytes, but the shortest frame is {shortest} bytes long with what is stripped of it")]
    LimitTooSmall {
        /// The limit of what is delivered.
        limit: usize,
        /// The encoded length of the shortest frame.
        shortest: u64,
    },
    /// The trailer is too short for the checksum.
    #[error("a trailer of {trailer} bytes, but the checksum takes {checksum}")]
    TrailerTooShort {
        /// The trailer's length, in bytes.
        trailer: usize,
        /// The checksum's length, in bytes.
        checksum: usize,
    },
    /// The checksum does not cover the whole payload.
    #[error("the checksum covers bytes from offset {from} on, but the payload starts at {header}")]
    CoversTooLittle {
        /// The first byte covered, as an offset from the start of the frame.
        from: usize,
        /// Where the payload starts.
        header: usize,
    },
    /// Frames beyond the limit are to be truncated, and what is left of them could not be checked.
    #[error("a truncated frame cannot be checked")]
    TruncatedUnchecked,
    /// Header, trailer or offset are larger than can be counted.
    #[error("header, trailer or offset are too large")]
    TooLarge,
}
