//! Contenders on the way out: payloads go behind each other into a queue, which is drained now and then.

use bytes::Bytes;
use framewright::buf::{SegmentedBuf, StreamBuf};
use framewright::encode::{Encode, Payload};

use crate::consume::Consume;
use crate::contender::{Cut, Framer};
use crate::hand::{Refused, append};
use crate::ours;
use crate::workload::{Content, Format, Set};

/// What is queued before it is drained, in bytes of payloads.
pub const DRAIN: usize = 64 * 1024;

/// What is written: a name, the format, and what payloads are made of.
pub const FORMATS: [(&str, Format, Content); 17] = [
    ("Lines", Format::Lines, Content::Ascii),
    ("Utf8Lines, ASCII", Format::Utf8Lines, Content::Ascii),
    ("Utf8Lines, mixed", Format::Utf8Lines, Content::Mixed),
    ("Delimiter `;` `,`", Format::Delimiter(Set::Two), Content::Ascii),
    ("Delimiter `;` `,` `:`", Format::Delimiter(Set::Three), Content::Ascii),
    ("Delimiter LF CRLF", Format::Delimiter(Set::LfOrCrLf), Content::Ascii),
    ("Delimiter LF CRLF CR", Format::Delimiter(Set::AnyEnd), Content::Ascii),
    ("LengthField", Format::LengthField, Content::Binary),
    ("LengthField, CRC", Format::LengthFieldCrc, Content::Binary),
    ("Fixed", Format::Fixed, Content::Binary),
    ("Varint", Format::Varint, Content::Binary),
    ("AsciiLength", Format::AsciiLength, Content::Binary),
    ("Netstring", Format::Netstring, Content::Binary),
    ("SyncWord", Format::SyncWord, Content::Binary),
    ("SyncWord, CRC", Format::SyncWordCrc, Content::Binary),
    ("Cobs", Format::Cobs, Content::Binary),
    ("Slip", Format::Slip, Content::Binary),
];
/// The bytes of a payload.
pub const PAYLOADS: [usize; 4] = [16, 64, 256, 4096];

/// Appends a payload.
pub type Append = Box<dyn Fn(&[u8], &mut Vec<u8>) -> Result<(), Refused>>;

/// The ways to write a format.
pub struct Ways {
    /// `SegmentedBuf::send`.
    pub ours: Box<dyn Cut>,
    /// By hand, refusing what must be refused.
    pub checked: Box<dyn Cut>,
    /// By hand, without a look at the payload.
    pub unchecked: Box<dyn Cut>,
    /// The one that is checked, to append one payload.
    pub append: Append,
}

impl std::fmt::Debug for Ways {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ways").finish_non_exhaustive()
    }
}

/// Makes the contenders for one format, and payloads of `len` bytes where that makes a difference.
#[must_use]
pub fn ways(format: Format, len: usize) -> Ways {
    match format {
        Format::Lines | Format::Mapped => new(ours::lines(), append::line::<true>, append::line::<false>),
        Format::LfLines => new(ours::lf_lines(), append::lf_line::<true>, append::lf_line::<false>),
        Format::Utf8Lines => new(ours::utf8_lines(), append::utf8_line::<true>, append::utf8_line::<false>),
        Format::Delimiter(set) => {
            let ours = ours::delimiter(set);
            match set {
                Set::Two => new(ours, append::delimited::<0, true>, append::delimited::<0, false>),
                Set::Three => new(ours, append::delimited::<1, true>, append::delimited::<1, false>),
                Set::LfOrCrLf => new(ours, append::delimited::<2, true>, append::delimited::<2, false>),
                Set::AnyEnd => new(ours, append::delimited::<3, true>, append::delimited::<3, false>),
            }
        }
        Format::Fixed => new(
            ours::fixed(len),
            move |payload: &[u8], to: &mut Vec<u8>| append::fixed::<true>(len, payload, to),
            move |payload: &[u8], to: &mut Vec<u8>| append::fixed::<false>(len, payload, to),
        ),
        Format::LengthField => new(ours::length_field(), append::length_field::<false, true>, append::length_field::<false, false>),
        Format::LengthFieldCrc => new(ours::length_field_crc(), append::length_field::<true, true>, append::length_field::<true, false>),
        Format::Varint => new(ours::varint(), append::varint::<true>, append::varint::<false>),
        Format::AsciiLength => new(ours::ascii_length(), append::ascii_length::<true>, append::ascii_length::<false>),
        Format::Netstring => new(ours::netstring(), append::netstring::<true>, append::netstring::<false>),
        Format::SyncWord => new(ours::sync_word(), append::sync_word::<false, true>, append::sync_word::<false, false>),
        Format::SyncWordCrc => new(ours::sync_word_crc(), append::sync_word::<true, true>, append::sync_word::<true, false>),
        Format::Cobs => new(ours::cobs(), append::cobs::<true>, append::cobs::<false>),
        Format::Slip => new(ours::slip(), append::slip::<true>, append::slip::<false>),
    }
}

fn new<E, A, U>(encoder: E, checked: A, unchecked: U) -> Ways
where
    E: for<'m> Encode<Message<'m> = Payload<'m>> + 'static,
    A: Fn(&[u8], &mut Vec<u8>) -> Result<(), Refused> + Copy + 'static,
    U: Fn(&[u8], &mut Vec<u8>) -> Result<(), Refused> + 'static,
{
    Ways {
        ours: Box::new(Sent::new(encoder)),
        checked: Box::new(Appended::new(checked)),
        unchecked: Box::new(Appended::new(unchecked)),
        append: Box::new(checked),
    }
}

/// Payloads go into a [`SegmentedBuf`].
#[derive(Debug)]
pub struct Sent<E> {
    encoder: E,
    output: Output,
}

/// Where they go, and how many bytes of them went there since it was drained.
#[derive(Debug, Default)]
struct Output {
    queue: SegmentedBuf,
    queued: usize,
}

impl Output {
    /// Drains the queue if `payload` bytes more make that due.
    #[inline(always)]
    fn drain<C: Consume>(&mut self, payload: usize, to: &mut C) {
        self.queued += payload;
        if self.queued >= DRAIN {
            self.queued = 0;
            self.queue.segments().for_each(|segment| to.piece(segment));
            self.queue.advance(self.queue.len()).expect("it holds as much");
        }
    }
}

impl<E> Sent<E> {
    /// Sends by an encoder.
    #[must_use]
    pub fn new(encoder: E) -> Self {
        Self { encoder, output: Output::default() }
    }
}

impl<E: for<'m> Encode<Message<'m> = Payload<'m>>> Framer for Sent<E> {
    type Error = Refused;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, payload: &[u8], to: &mut C) -> Result<(), Refused> {
        self.output.queue.send(&mut self.encoder, payload).map_err(|_| Refused)?;
        self.output.drain(payload.len(), to);
        Ok(())
    }
}

/// One owned payload goes into a [`SegmentedBuf`] again and again.
#[derive(Debug)]
pub struct Shared<E> {
    encoder: E,
    output: Output,
    payload: Bytes,
}

impl<E> Shared<E> {
    /// Sends this payload by an encoder.
    #[must_use]
    pub fn new(encoder: E, payload: Bytes) -> Self {
        Self { encoder, output: Output::default(), payload }
    }
}

impl<E: for<'m> Encode<Message<'m> = Payload<'m>>> Framer for Shared<E> {
    type Error = Refused;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, payload: &[u8], to: &mut C) -> Result<(), Refused> {
        self.output.queue.send(&mut self.encoder, self.payload.clone()).map_err(|_| Refused)?;
        self.output.drain(payload.len(), to);
        Ok(())
    }
}

/// Payloads go into a `Vec`.
#[derive(Debug)]
pub struct Appended<A> {
    append: A,
    queue: Vec<u8>,
    queued: usize,
}

impl<A> Appended<A> {
    /// Appends in this way.
    #[must_use]
    pub fn new(append: A) -> Self {
        Self { append, queue: Vec::new(), queued: 0 }
    }
}

impl<A: Fn(&[u8], &mut Vec<u8>) -> Result<(), Refused>> Framer for Appended<A> {
    type Error = Refused;

    #[inline(always)]
    fn feed<C: Consume>(&mut self, payload: &[u8], to: &mut C) -> Result<(), Refused> {
        (self.append)(payload, &mut self.queue)?;
        self.queued += payload.len();
        if self.queued >= DRAIN {
            self.queued = 0;
            to.piece(&self.queue);
            self.queue.clear();
        }
        Ok(())
    }
}
