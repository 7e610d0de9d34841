//! Drivers: each does what a [`Want`](framewright::conn::Want) says, by other means. One file each, to copy.
//!
//! | file | how it waits | connections |
//! |---|---|---|
//! | [`blocking`] | in the call | one a thread, or one a process |
//! | [`threads`] | in the call, reading and writing at once | one for two threads |
//! | [`mio`] | for readiness | all in one thread |
//! | [`tokio`] | in a future, which may be dropped at any time | all in one thread, or in many |
//! | [`uring`] | for completion, with buffers that the kernel owns meanwhile | all in one thread |
//! | [`memory`] | not at all | |
//!
//! All drive the same [`protocol`] and the same [applications](app), with [TLS](tls) or without; `cargo run --release` compares them.

pub mod app;
pub mod blocking;
pub mod memory;
pub mod mio;
pub mod protocol;
pub mod threads;
pub mod tls;
pub mod tokio;
pub mod uring;
