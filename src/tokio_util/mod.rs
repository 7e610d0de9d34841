//! Codecs of this crate where one of tokio-util is asked for, and the other way round. Feature `tokio-util`. SPEC.md, clauses TU-1 to TU-13.
//!
//! | you have | and want | by |
//! |---|---|---|
//! | a [`Decode`](crate::Decode) | to read it from a `FramedRead` | [`AsDecoder`] |
//! | an [`Encode`](crate::Encode) | to write it to a `FramedWrite` | [`AsEncoder`] |
//! | both | one `Framed` for both directions | [`AsCodec`] |
//! | a `tokio_util::codec::Decoder` | to run it in an [`Engine`](crate::Engine) | [`FromDecoder`] |
//! | a `tokio_util::codec::Encoder` | to [`send`](crate::buf::SegmentedBuf::send) with it | [`FromEncoder`] |
//!
//! ```
//! # use futures_util::{FutureExt, SinkExt, StreamExt};
//! use framewright::{framing::{Lines, OnExcess}, tokio_util::AsCodec};
//! use tokio_util::codec::Framed;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! # let (socket, mut peer) = tokio::io::duplex(1024);
//! # tokio::io::AsyncWriteExt::write_all(&mut peer, b"one\nmuch too long\ntwo\n").await?;
//! # tokio::io::AsyncWriteExt::shutdown(&mut peer).await?;
//! let mut lines = Framed::new(socket, AsCodec::new(Lines::new(4).on_excess(OnExcess::Discard), Lines::new(1024)));
//! lines.send("hello").await?;
//! let mut seen = Vec::new();
//! while let Some(item) = lines.next().await {
//!     match item? {                                         // `Err`: the stream is over
//!         Ok((line, _place)) => seen.push(line.open().to_vec()),
//!         Err(bad) => assert_eq!(bad.offset, 4),            // one bad line, stepped over: go on
//!     }
//! }
//! assert_eq!(seen, [b"one", b"two"]);
//! # Ok(())
//! # }
//! # run().now_or_never().expect("all is there")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Errors that do not end the stream
//!
//! When a decoder returns `Err`, tokio-util's `Framed` gives it, then `None`, and then looks at nothing before it has read again: good frames that are buffered behind the bad one wait for bytes that
//! may never come, and a loop up to `None` never sees them. So [`AsDecoder`] returns `Err` only when the stream is over, and a bad frame that was stepped over is an [`Item`].

mod ours;
mod theirs;

pub use ours::{AsCodec, AsDecoder, AsEncoder, Item, ReadError, WriteError};
pub use theirs::{FromDecoder, FromEncoder};
