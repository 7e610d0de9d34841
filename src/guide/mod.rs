//! Guides: pages longer than a doc comment, compiled like one. No code, in every build.
//!
//! - [`choosing_a_buffer`]: which buffer for what, what its operations cost, and how much memory it takes at most.
//! - [`writing_a_codec`]: one protocol written in three ways, and which to take; how to test it, and to write it out.
//! - [`writing_a_driver`]: the loop that does what a connection wants, and what goes wrong in it.
//! - [`coming_from`]: Netty, tokio-util, asyncio and h11, name by name.
//! - [`http1_strictness`]: what readers of HTTP/1.1 disagree about, row by row, and what is made of it here.

#[doc = include_str!("choosing_a_buffer.md")]
pub mod choosing_a_buffer {}

#[doc = include_str!("coming_from.md")]
pub mod coming_from {}

#[doc = include_str!("http1_strictness.md")]
pub mod http1_strictness {}

#[doc = include_str!("writing_a_codec.md")]
pub mod writing_a_codec {}

#[doc = include_str!("writing_a_driver.md")]
pub mod writing_a_driver {}
