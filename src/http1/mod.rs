//! HTTP/1.1 messages (RFC 9110 and RFC 9112), strict by default. SPEC.md, chapters HH to HE.
//!
//! | what | reads |
//! |---|---|
//! | [`Requests`], [`Responses`] | whole messages of one direction: heads, data in parts, ends with trailers |
//! | [`RequestHeads`], [`ResponseHeads`] | heads alone |
//! | [`Body`] | one body, of the [`BodyForm`] that a head gives |
//! | [`Index::parse`] | one head at the start of a slice |
//! | [`ChunkLines::parse`] | one chunk's line at the start of a slice |
//! | [`parse_request`], [`parse_response`] | one message from bytes that are all there |
//!
//! [`RequestEncoder`] and [`ResponseEncoder`] write whole messages, and refuse what a strict reader would refuse or read as something else. By the feature `http`, the module `convert` makes types of
//! the crate `http` of heads, and heads of them.
//!
//! A head is lent as it came: fields in order, names in their case, values as bytes with their places. Nothing is copied or allocated for it in the steady state.
//!
//! Two readers of one stream must agree where each message ends, or what follows is smuggled past one of them. So there is one decision for each message, made of its whole head; whatever is in
//! doubt is refused, and what is refused ends the stream. Each exception has a name, a [`Leniency`], and is off unless [allowed](Rules::allow). How much may come is in [`Limits`].
//! [The guide](crate::guide::http1_strictness) has every construct that is in doubt, and what is made of it.
//!
//! What is told of a broken rule is where it stands, the byte found there, the section that says so, and the status to answer with: see [`Fault`] and [`status_for`].

mod body;
mod bytes;
mod chunk_line;
#[cfg(feature = "http")]
pub mod convert;
mod encode;
mod fault;
mod fields;
mod framing;
mod head;
mod lines;
mod message;
mod request;
mod response;
mod rules;
mod section;
mod target;
mod version;

pub use body::{Body, BodyPart, PartToken, Trailing};
pub use chunk_line::{ChunkLine, ChunkLines};
pub use encode::{MessageEncoder, NewField, NewRequest, NewResponse, Outgoing, Unwritable};
pub use fault::{Fault, Rule, status_for};
pub use fields::{Field, FieldIter, Fields, List, Parameters, unquote};
pub use framing::{Answers, BodyForm, Framing};
pub use head::{HeadOf, Heads, Index, Role};
pub use message::{Event, Message, MessageProgress, MessageToken, Messages, parse_request, parse_response};
pub use request::{Request, RequestHead};
pub use response::{Response, ResponseHead};
pub use rules::{Demand, Leniency, Limits, Rules};
pub use target::TargetForm;
pub use version::Version;

/// Reads the heads of requests.
pub type RequestHeads = Heads<Request>;
/// Reads the heads of responses.
pub type ResponseHeads = Heads<Response>;
/// Reads requests.
pub type Requests = Messages<Request>;
/// Reads responses.
pub type Responses = Messages<Response>;
/// Writes requests.
pub type RequestEncoder = MessageEncoder<Request>;
/// Writes responses.
pub type ResponseEncoder = MessageEncoder<Response>;
