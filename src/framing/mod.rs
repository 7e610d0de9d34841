//! Framers: ready-made [`Decode`](crate::Decode)rs for the ways in which streams are cut into frames.
//!
//! | framer | frames end | frame |
//! |---|---|---|
//! | [`Lines`] | at a line end: `\n`, `\r\n`, either, or any with a lone `\r` | `&[u8]` |
//! | [`Delimiter`] | at the first, and there the longest, of a set of byte strings | [`Delimited`] |
//! | [`LengthField`] | where a length in their header says | `&[u8]` |
//!
//! Each takes its limit when it is made. What happens to a frame beyond the limit is a setting, [`OnExcess`]. The engine's own limit, 16 MiB unless
//! [set](crate::Engine::with_max_frame), counts beside it.

mod delimiter;
mod length_field;
mod limit;
mod lines;

pub use delimiter::{Delimited, Delimiter};
pub use length_field::{Counts, LengthField, LengthFieldBuilder, LengthFieldFault, Width};
pub use lines::{LineEnding, Lines};

/// What a framer does with a frame longer than its limit. Either way it is reported once, at the first byte that makes the excess certain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnExcess {
    /// The stream is over.
    #[default]
    Fail,
    /// The frame is thrown away as it arrives, and the stream goes on behind it.
    Discard,
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
    /// Header, trailer or offset are larger than can be counted.
    #[error("header, trailer or offset are too large")]
    TooLarge,
}
