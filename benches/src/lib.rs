//! What the benches share: the streams, the contenders that cut them into frames, and what is done with a frame.
//!
//! `README.md` says what is measured; `benches/framing.rs`, `benches/encoding.rs` and `benches/buffers.rs` measure time, `benches/alloc.rs` counts allocations.

pub mod buffers;
pub mod consume;
pub mod contender;
pub mod hand;
pub mod http1;
pub mod ours;
pub mod output;
pub mod peers;
pub mod random;
pub mod rounds;
pub mod workload;
