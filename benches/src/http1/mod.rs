//! HTTP/1.1 messages, and what reads them.

pub mod heads;
pub mod messages;
