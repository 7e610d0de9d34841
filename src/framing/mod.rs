//! Framers: ready-made [`Decode`](crate::Decode)rs for the ways in which streams are cut into frames.
//!
//! | framer | frames end | frame |
//! |---|---|---|
//! | [`Lines`] | at a line end: `\n`, `\r\n`, either, or any with a lone `\r` | `&[u8]` |
//! | [`Utf8Lines`] | at a line end, as for [`Lines`] | `&str` |
//! | [`Delimiter`] | at the first, and there the longest, of a set of byte strings | [`Delimited`] |
//! | [`LengthField`] | where a length in their header says; with a [`Checksum`] if you like | `&[u8]` |
//! | [`SyncWord`] | the same, and begin with magic bytes that are searched for | `&[u8]` |
//! | [`Fixed`] | after a fixed number of bytes | `&[u8]` |
//! | [`Varint`] | where a length of variable width says: of Protocol Buffers, MQTT, QUIC | `&[u8]` |
//! | [`AsciiLength`] | where a length in digits says, decimal or hexadecimal | `&[u8]` |
//! | [`Netstring`] | where a netstring does: `5:hello,` | `&[u8]` |
//! | [`Cobs`] | at a zero byte, of which stuffing makes others | `&[u8]` |
//! | [`Slip`] | at a byte 0xc0, which is escaped elsewhere | `&[u8]` |
//!
//! Each takes its limit when it is made. What happens to a frame beyond the limit is a setting, [`OnExcess`]; to [`SyncWord`] it is no frame, and to [`Fixed`] there is none. The engine's own
//! limit, 16 MiB unless [set](crate::Engine::with_max_frame), counts beside it.

mod ascii_length;
mod checksum;
mod cobs;
mod delimiter;
mod digits;
mod fixed;
mod layout;
mod length_field;
mod limit;
mod line_ends;
mod lines;
mod netstring;
mod number;
mod slip;
mod stuffed;
mod sync_word;
mod utf8;
mod utf8_lines;
mod varint;

pub use ascii_length::{AsciiLength, AsciiLengthFault};
pub use checksum::Checksum;
pub use cobs::{Cobs, CobsFault};
pub use delimiter::{Delimited, Delimiter};
pub use digits::Base;
pub use fixed::Fixed;
pub use layout::Counts;
pub use length_field::{LengthField, LengthFieldBuilder, LengthFieldFault};
pub use line_ends::LineEnding;
pub use lines::Lines;
pub use netstring::{Netstring, NetstringFault};
pub use number::Width;
pub use slip::{Slip, SlipFault};
pub use sync_word::{SyncWord, SyncWordBuilder};
pub use utf8_lines::{Utf8Lines, Utf8LinesFault};
pub use varint::{Varint, VarintFault, VarintForm};

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

/// What is behind a literal, where these bytes begin with it.
#[inline(always)]
fn literal<'a>(bytes: &'a [u8], literal: &[u8]) -> Option<&'a [u8]> {
    let (front, behind) = bytes.split_at_checked(literal.len())?;
    let is_there = match (literal, front) {
        ([], _) => true,
        // The most usual one, compared without a call.
        (&[first, second], &[one, other]) => first == one && second == other,
        _ => front == literal,
    };
    if is_there { Some(behind) } else { None }
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
    /// The header that the payload brings has no length that the framer reads: it is cut short, too long, or not in the form that is demanded.
    #[error("the header that the payload brings tells no length")]
    NoLength,
    /// The framer keeps headers on its frames, and this payload does not begin with the magic bytes.
    #[error("the payload does not begin with the magic bytes")]
    NoMagic,
    /// The framer reads text, and the payload is none.
    #[error("the payload is not UTF-8 from byte {at} on")]
    NotUtf8 {
        /// Where the first bytes that are no character begin, in bytes from the start of the payload.
        at: usize,
    },
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
    /// There are no magic bytes.
    #[error("the magic is empty")]
    EmptyMagic,
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
    /// Frames of no bytes would never end.
    #[error("frames of no bytes")]
    EmptyFrame,
    /// Nothing ends the digits of a length.
    #[error("no terminator given")]
    NoTerminator,
    /// What ends the digits of a length begins with one.
    #[error("the terminator begins with a digit, {found:#04x}")]
    TerminatorIsDigit {
        /// The first byte of the terminator.
        found: u8,
    },
    /// Header, trailer or offset are larger than can be counted.
    #[error("header, trailer or offset are too large")]
    TooLarge,
}
