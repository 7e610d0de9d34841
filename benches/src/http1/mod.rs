//! HTTP/1.1 messages, and what reads them.

pub mod bodies;
pub mod engine;
pub mod heads;
pub mod messages;
