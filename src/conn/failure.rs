use core::fmt;

use super::{FilterError, Timer};
use crate::error::{Error, ErrorKind};

/// Why a connection failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure<F> {
    /// The peer broke a rule, or the stream was cut short.
    Stream(Error<F>),
    /// A timer fired.
    Timeout(Timer),
    /// A filter failed.
    Filter(FilterError),
    /// The driver said that the connection was [reset](super::Conn::reset).
    Reset,
    /// The protocol broke its contract.
    Bug(&'static str),
}

impl<F> Failure<F> {
    /// Returns the class of the failure: that of the error of the stream or of a filter, `Timeout`, `Truncated` for a reset, or `Bug`.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Stream(error) => error.kind(),
            Self::Timeout(_) => ErrorKind::Timeout,
            Self::Filter(error) => error.kind(),
            Self::Reset => ErrorKind::Truncated,
            Self::Bug(_) => ErrorKind::Bug,
        }
    }
}

impl<F: fmt::Display> fmt::Display for Failure<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(error) => error.fmt(f),
            Self::Timeout(timer) => timer.fmt(f),
            Self::Filter(error) => error.fmt(f),
            Self::Reset => f.write_str("the connection was reset"),
            Self::Bug(what) => write!(f, "the protocol has a bug: {what}"),
        }
    }
}

impl<F: core::error::Error + 'static> core::error::Error for Failure<F> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Stream(error) => Some(error),
            Self::Timeout(timer) => Some(timer),
            Self::Filter(error) => Some(error),
            Self::Reset | Self::Bug(_) => None,
        }
    }
}
