use super::{FilterError, Timer};
use crate::error::{Error, ErrorKind};

/// Why a connection failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure<F> {
    /// The peer broke a rule, or the stream was cut short.
    #[error("{0}")]
    Stream(#[source] Error<F>),
    /// A timer fired.
    #[error("{0}")]
    Timeout(#[source] Timer),
    /// A filter failed.
    #[error("{0}")]
    Filter(#[source] FilterError),
    /// The driver said that the connection was [reset](super::Conn::reset).
    #[error("the connection was reset")]
    Reset,
    /// The protocol broke its contract.
    #[error("the protocol has a bug: {0}")]
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
