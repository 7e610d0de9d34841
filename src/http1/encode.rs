//! The way out: heads, bodies and trailers. SPEC.md, chapter HW.
//!
//! A head is written down, read back by the decoder's own functions, and sent only when exactly what was given comes of it. So nothing that a caller supplies can end a line, add a field, or move
//! the end of a body.

use alloc::vec::Vec;
use core::marker::PhantomData;

use super::body::ReadTrailers;
use super::fault::{Fault, Rule};
use super::fields::Field;
use super::framing::{Answers, BodyForm};
use super::head::{Index, Role};
use super::lines::{Read, ReadLines};
use super::rules::{Leniency, Rules};
use super::section::Section;
use super::version::Version;
use crate::decode::{Cause, Stop};
use crate::encode::{Encode, EncodeError, Payload, Writer};
use crate::input::Input;

/// A field to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewField<'a> {
    /// The name: a token.
    pub name: &'a [u8],
    /// The value, without whitespace around it.
    pub value: &'a [u8],
}

impl<'a> NewField<'a> {
    /// Makes a field of text.
    #[must_use]
    pub const fn new(name: &'a str, value: &'a str) -> Self {
        Self { name: name.as_bytes(), value: value.as_bytes() }
    }
}

impl<'a> From<Field<'a>> for NewField<'a> {
    fn from(field: Field<'a>) -> Self {
        Self { name: field.name, value: field.value }
    }
}

/// The head of a request to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// The target.
    pub target: &'a [u8],
    /// The version.
    pub version: Version,
    /// The fields, in order. Those that frame the body are among them.
    pub fields: &'a [NewField<'a>],
}

/// The head of a response to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewResponse<'a> {
    /// The version.
    pub version: Version,
    /// The status.
    pub status: u16,
    /// The reason, which may be empty.
    pub reason: &'a [u8],
    /// The fields, in order. Those that frame the body are among them.
    pub fields: &'a [NewField<'a>],
    /// The request that it answers.
    pub answers: Answers,
}

/// What is sent of a message: its head, its data in as many parts as wanted, and its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing<'a, H> {
    /// The head of the next message.
    Head(H),
    /// More of the body.
    Data(Payload<'a>),
    /// The message is whole. Trailers only behind a chunked body.
    End(&'a [NewField<'a>]),
}

impl<'a> From<NewRequest<'a>> for Outgoing<'a, NewRequest<'a>> {
    fn from(head: NewRequest<'a>) -> Self {
        Self::Head(head)
    }
}

impl<'a> From<NewResponse<'a>> for Outgoing<'a, NewResponse<'a>> {
    fn from(head: NewResponse<'a>) -> Self {
        Self::Head(head)
    }
}

/// Why a message cannot be sent so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Unwritable {
    /// A reader would refuse it (HW-2).
    #[error("it would be refused: {0}")]
    Refused(Fault),
    /// It would be read as something else: a value has whitespace around it, say (HW-1).
    #[error("it would be read as something else")]
    Differs,
    /// A head where a message has not ended, or data or an end without a head (HW-3).
    #[error("not the turn of this part of a message")]
    OutOfTurn,
    /// Fields that frame a body where there must be none (HW-4).
    #[error("a Content-Length or Transfer-Encoding that must not be in this message")]
    Framed,
    /// More data than the Content-Length says (HW-5).
    #[error("data of {found} bytes, but {expected} are left of the Content-Length")]
    TooMuch {
        /// The bytes of the data.
        found: u64,
        /// The bytes that may be sent.
        expected: u64,
    },
    /// An end before all data that the Content-Length says (HW-5).
    #[error("the message ends {missing} bytes before its Content-Length")]
    TooLittle {
        /// The bytes that must be sent first.
        missing: u64,
    },
    /// Data of no bytes in a chunked body, where it would be the end (HW-6).
    #[error("a chunk of no bytes would end the body")]
    EmptyChunk,
    /// Trailers behind a body that is not chunked (HW-6).
    #[error("trailers behind a body that is not chunked")]
    TrailersWithoutChunks,
}

/// What may be sent next.
///
/// ```text
///         head                      data            end
/// Head ─────────▶ Length, Chunked, Close, Nothing ──────▶ Head, or Over where only the close ends the body
///   │    head
///   └─────────▶ Over                                      (a tunnel: the rest is another protocol's)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Head,
    /// So many bytes more, and then the end.
    Length(u64),
    /// Chunks, of which so many bytes of data were sent.
    Chunked(u64),
    /// All that comes until the close, of which so many bytes were sent.
    Close(u64),
    Nothing,
    Over,
}

/// Writes messages of one direction, one behind the other: the mirror image of [`Messages`](super::Messages).
///
/// ```
/// use framewright::buf::{SegmentedBuf, StreamBuf};
/// use framewright::http1::{NewField, NewRequest, Outgoing, RequestEncoder};
///
/// let mut output = SegmentedBuf::new();
/// let mut requests = RequestEncoder::strict();
/// let fields = [NewField::new("Host", "example.org"), NewField::new("Transfer-Encoding", "chunked")];
/// let head = NewRequest { method: "POST", target: b"/", fields: &fields, ..NewRequest::default() };
/// output.send(&mut requests, head)?;
/// output.send(&mut requests, Outgoing::Data("hello".into()))?;
/// output.send(&mut requests, Outgoing::End(&[]))?;
/// let sent = b"POST / HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
/// assert_eq!(output.segments().flatten().copied().collect::<Vec<_>>(), sent);
///
/// let injected = [NewField::new("Host", "a\r\nX: y")];
/// let refused = output.send(&mut requests, NewRequest { fields: &injected, ..head }).unwrap_err();
/// assert_eq!(refused.to_string(), "it would be read as something else");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct MessageEncoder<R: Role> {
    rules: Rules,
    peer: Version,
    turn: Turn,
    /// What was written down, to be read back. Kept for its allocation, as the index is.
    written: Vec<u8>,
    index: Index<R>,
    role: PhantomData<R>,
}

impl<R: Role> MessageEncoder<R> {
    /// Makes an encoder of messages that a strict reader with the default limits accepts.
    #[must_use]
    pub fn strict() -> Self {
        Self::new(Rules::STRICT)
    }

    /// Makes an encoder of messages that a reader with these rules accepts. What allows other ends of lines, or lines that go on, is not for writers.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        let rules = rules.forbid(Leniency::LfInResponseHead).forbid(Leniency::ObsFoldInResponses).forbid(Leniency::DropForbiddenTrailers);
        Self { rules, peer: Version::Http11, turn: Turn::Head, written: Vec::new(), index: Index::default(), role: PhantomData }
    }

    /// Says which version the peer speaks, from the next head on: a server knows it by each request, a client by the last response. To one of 1.0 no Transfer-Encoding is sent, whatever the version
    /// of the message (HW-9). It is 1.1 until then.
    pub fn set_peer(&mut self, version: Version) {
        self.peer = version;
    }

    /// Writes a head down, and returns what may follow it.
    fn head(&mut self, head: &R::New<'_>) -> Result<Turn, EncodeError<Unwritable>> {
        self.written.clear();
        R::write_line(head, &mut self.written);
        write_fields(R::fields(head), &mut self.written);
        self.index.clear();
        let input = Input::from(&self.written[..]);
        let len = R::begin(&mut 0, &input, &self.rules).and_then(|skipped| Ok((skipped, self.index.read(&input, &self.rules)?)));
        if len.map_err(refused)? != (0, self.written.len()) {
            return Err(EncodeError::Fault(Unwritable::Differs));
        }
        let frame = &self.written[..];
        if !R::is_line(head, frame, &self.index) || !are_fields(R::fields(head), frame, &self.index.section) {
            return Err(EncodeError::Fault(Unwritable::Differs));
        }
        let refused = |fault| EncodeError::Fault(Unwritable::Refused(fault));
        R::judge_whole(frame, &self.index, &self.rules).map_err(refused)?;
        let framing = R::framing(frame, &self.index, R::context(head), &self.rules).map_err(refused)?;
        if framing.suspicious {
            return Err(EncodeError::Fault(Unwritable::Framed));
        }
        R::judge_announced(frame, &self.index, &self.rules).map_err(refused)?;
        if self.peer == Version::Http10 && self.index.section.known.transfer_encoding.count > 0 {
            return Err(refused(Fault::new(Rule::TransferEncodingIn10, frame.len(), None)));
        }
        Ok(match framing.body {
            BodyForm::None => Turn::Nothing,
            BodyForm::Length(length) => Turn::Length(length),
            BodyForm::Chunked => Turn::Chunked(0),
            BodyForm::UntilClose => Turn::Close(0),
            BodyForm::Tunnel => Turn::Over,
        })
    }

    /// Writes data, and returns what may follow it.
    fn data(&self, data: &Payload<'_>, out: &mut Writer<'_>) -> Result<Turn, EncodeError<Unwritable>> {
        let len = data.len() as u64;
        match self.turn {
            Turn::Head => Err(EncodeError::Fault(Unwritable::OutOfTurn)),
            Turn::Over => Err(EncodeError::Closed),
            Turn::Nothing if len == 0 => Ok(Turn::Nothing),
            Turn::Nothing => Err(EncodeError::Fault(Unwritable::TooMuch { found: len, expected: 0 })),
            Turn::Length(left) => {
                let after = left.checked_sub(len).ok_or(EncodeError::Fault(Unwritable::TooMuch { found: len, expected: left }))?;
                out.payload(data)?;
                Ok(Turn::Length(after))
            }
            Turn::Close(sent) => {
                let sent = self.add(sent, len)?;
                out.payload(data)?;
                Ok(Turn::Close(sent))
            }
            Turn::Chunked(sent) => self.chunk(sent, data, out),
        }
    }

    fn chunk(&self, sent: u64, data: &Payload<'_>, out: &mut Writer<'_>) -> Result<Turn, EncodeError<Unwritable>> {
        let len = data.len() as u64;
        let limits = &self.rules.limits;
        if len == 0 {
            return Err(EncodeError::Fault(Unwritable::EmptyChunk));
        }
        if len > limits.max_chunk_size {
            return Err(EncodeError::TooLarge { what: "chunk", limit: limits.max_chunk_size });
        }
        let sent = self.add(sent, len)?;
        let mut line = [b'\r'; 18];
        let mut start = 16;
        let mut left = len;
        while left > 0 {
            start -= 1;
            let digit = b"0123456789abcdef".get((left & 15) as usize).copied().unwrap_or_default();
            if let Some(place) = line.get_mut(start) {
                *place = digit;
            }
            left >>= 4;
        }
        line[17] = b'\n';
        let line = line.get(start..).unwrap_or_default();
        self.check_line(line)?;
        out.write(line)?;
        out.payload(data)?;
        out.write(b"\r\n")?;
        Ok(Turn::Chunked(sent))
    }

    /// Counts data of a body of which only the reader's limit bounds the length.
    fn add(&self, sent: u64, len: u64) -> Result<u64, EncodeError<Unwritable>> {
        let limit = self.rules.limits.max_body;
        let sent = sent.saturating_add(len);
        if sent > limit { Err(EncodeError::TooLarge { what: "body", limit }) } else { Ok(sent) }
    }

    fn check_line(&self, line: &[u8]) -> Result<(), EncodeError<Unwritable>> {
        let limit = self.rules.limits.max_chunk_line;
        if line.len() > limit { Err(EncodeError::TooLarge { what: "chunk line", limit: limit as u64 }) } else { Ok(()) }
    }

    /// Writes the end of a message, and returns what may follow it.
    fn end(&mut self, trailers: &[NewField<'_>], out: &mut Writer<'_>) -> Result<Turn, EncodeError<Unwritable>> {
        match self.turn {
            Turn::Chunked(_) => {
                self.trailers(trailers)?;
                out.write(&self.written)?;
                Ok(Turn::Head)
            }
            Turn::Head => Err(EncodeError::Fault(Unwritable::OutOfTurn)),
            Turn::Over => Err(EncodeError::Closed),
            Turn::Length(missing @ 1..) => Err(EncodeError::Fault(Unwritable::TooLittle { missing })),
            _ if !trailers.is_empty() => Err(EncodeError::Fault(Unwritable::TrailersWithoutChunks)),
            Turn::Close(_) => Ok(Turn::Over),
            Turn::Length(_) | Turn::Nothing => Ok(Turn::Head),
        }
    }

    /// Writes the last chunk and trailers down.
    fn trailers(&mut self, trailers: &[NewField<'_>]) -> Result<(), EncodeError<Unwritable>> {
        const LAST: &[u8] = b"0\r\n";
        self.check_line(LAST)?;
        self.written.clear();
        self.written.extend_from_slice(LAST);
        write_fields(trailers, &mut self.written);
        let limit = self.rules.limits.max_trailer_bytes;
        if self.written.len() - LAST.len() > limit {
            return Err(EncodeError::TooLarge { what: "trailers", limit: limit as u64 });
        }
        let section = &mut self.index.section;
        section.clear();
        let lines = self.written.get(LAST.len()..).unwrap_or_default();
        let read = ReadTrailers { section, rules: &self.rules }.read(lines, LAST.len());
        match read.map_err(|cause| refused(Stop::Fatal(cause)))? {
            Read::Whole(end) if end == self.written.len() && are_fields(trailers, &self.written, section) => Ok(()),
            _ => Err(EncodeError::Fault(Unwritable::Differs)),
        }
    }
}

impl<R: Role> Encode for MessageEncoder<R> {
    type Message<'a> = Outgoing<'a, R::New<'a>>;
    type Fault = Unwritable;

    fn encode(&mut self, message: &Self::Message<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Unwritable>> {
        self.turn = match message {
            Outgoing::Head(head) => match self.turn {
                Turn::Head => {
                    let turn = self.head(head)?;
                    out.write(&self.written)?;
                    turn
                }
                Turn::Over => return Err(EncodeError::Closed),
                _ => return Err(EncodeError::Fault(Unwritable::OutOfTurn)),
            },
            Outgoing::Data(data) => self.data(data, out)?,
            Outgoing::End(trailers) => self.end(trailers, out)?,
        };
        Ok(())
    }
}

/// Why what was written down is not read.
fn refused(stop: Stop<Fault>) -> EncodeError<Unwritable> {
    match stop {
        Stop::Fatal(Cause::Fault(fault)) | Stop::Bad { cause: Cause::Fault(fault), .. } => EncodeError::Fault(Unwritable::Refused(fault)),
        Stop::Fatal(Cause::TooLarge { what, limit }) | Stop::Bad { cause: Cause::TooLarge { what, limit }, .. } => {
            EncodeError::TooLarge { what, limit }
        }
        Stop::Idle | Stop::Need(_) => EncodeError::Fault(Unwritable::Differs),
    }
}

/// Writes lines of fields, and the empty one.
fn write_fields(fields: &[NewField<'_>], to: &mut Vec<u8>) {
    for field in fields {
        for part in [field.name, b": ", field.value, b"\r\n"] {
            to.extend_from_slice(part);
        }
    }
    to.extend_from_slice(b"\r\n");
}

/// Whether exactly these fields were read.
fn are_fields(fields: &[NewField<'_>], frame: &[u8], section: &Section) -> bool {
    fields.len() == section.places.len()
        && fields
            .iter()
            .zip(&section.places)
            .all(|(field, place)| frame.get(place.name()) == Some(field.name) && frame.get(place.value()) == Some(field.value))
}
