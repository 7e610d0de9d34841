#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::todo,
        clippy::unimplemented,
        clippy::dbg_macro
    )
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod buf;
#[deny(clippy::indexing_slicing)]
pub mod conn;
#[deny(clippy::indexing_slicing)]
pub mod decode;
#[deny(clippy::indexing_slicing)]
pub mod encode;
#[deny(clippy::indexing_slicing)]
pub mod engine;
mod error;
#[deny(clippy::indexing_slicing)]
pub mod framing;
pub mod guide;
#[deny(clippy::indexing_slicing)]
pub mod http1;
#[deny(clippy::indexing_slicing)]
mod input;
#[cfg(feature = "std")]
pub mod io;
#[deny(clippy::indexing_slicing)]
pub mod read;
#[cfg(feature = "testkit")]
pub mod testkit;
mod time;
#[cfg(feature = "tokio-util")]
#[deny(clippy::indexing_slicing)]
pub mod tokio_util;

pub use decode::Decode;
pub use encode::Encode;
pub use engine::{Engine, Frames, Place, Step};
pub use error::{BufError, Error, ErrorCause, ErrorKind, NeedMoreData, Refused};
pub use input::{Input, Runs};
pub use time::Time;
