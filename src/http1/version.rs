//! Versions.

use super::fault::{Fault, Rule};
use super::lines::Halt;

/// A version of HTTP that this module speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    #[default]
    Http11,
}

/// A version as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Known(Version),
    /// `HTTP/` DIGIT `.` DIGIT, and not one of those.
    Other,
}

/// Reads `HTTP/` DIGIT `.` DIGIT at offset `at`.
pub(super) fn version(bytes: &[u8], at: usize) -> Result<Written, Halt> {
    let name = b"HTTP/0.0";
    for (number, expected) in name.iter().enumerate() {
        match bytes.get(at + number) {
            Some(found) if found == expected || *expected == b'0' && found.is_ascii_digit() => {}
            Some(found) => return Err(Fault::new(Rule::Version, at + number, Some(*found)).into()),
            None => return Err(Halt::Short),
        }
    }
    Ok(match bytes.get(at + 5..at + 8) {
        Some(b"1.1") => Written::Known(Version::Http11),
        Some(b"1.0") => Written::Known(Version::Http10),
        _ => Written::Other,
    })
}

impl Version {
    /// Returns it as it is written: `HTTP/1.1`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
        }
    }
}
