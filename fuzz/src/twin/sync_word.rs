//! The twin of `SyncWord`: its arithmetic has no width to overflow, and it looks at each byte afresh.

use arbitrary::{Error, Result, Unstructured};
use framewright::framing::{Checksum, Counts, OnExcess, SyncWord, SyncWordBuilder, Width};
use std::borrow::Cow;

use super::super::draw;
use super::{Look, Twin};

/// Settings of `SyncWord`.
#[derive(Debug)]
pub(crate) struct Syncs {
    magic: Vec<u8>,
    width: Width,
    little_endian: bool,
    counts: Counts,
    max: usize,
    offset: usize,
    /// What follows the length field in the header.
    beyond: usize,
    trailer: usize,
    /// The first byte covered.
    checksum: Option<usize>,
    keep_header: bool,
}

fn sum(parts: &[&[u8]]) -> u64 {
    parts.iter().copied().flatten().map(|byte| u64::from(*byte)).sum()
}

impl Syncs {
    fn builder(&self) -> SyncWordBuilder {
        let mut builder = SyncWord::builder(&self.magic, self.width, self.counts, self.max).offset(self.offset).trailer(self.trailer);
        builder = builder.header(self.offset.saturating_add(self.width as usize).saturating_add(self.beyond));
        if self.little_endian {
            builder = builder.little_endian();
        }
        if self.keep_header {
            builder = builder.keep_header();
        }
        match self.checksum {
            Some(from) => builder.checksum(Checksum::new(Width::U8, sum).from(from)),
            None => builder,
        }
    }

    fn field_end(&self) -> i128 {
        self.magic.len() as i128 + self.offset as i128 + self.width as i128
    }

    fn header(&self) -> i128 {
        self.field_end() + self.beyond as i128
    }

    /// The encoded frame's length, for a length of 0.
    fn base(&self) -> i128 {
        match self.counts {
            Counts::Payload => self.header() + self.trailer as i128,
            Counts::Frame => 0,
            Counts::Adjusted(adjustment) => self.field_end() + i128::from(adjustment),
        }
    }

    /// The encoded bytes of the longest frame.
    fn longest(&self) -> i128 {
        self.max as i128 + self.trailer as i128 + if self.keep_header { 0 } else { self.header() }
    }
}

impl Twin for Syncs {
    type Codec = SyncWord;

    /// Draws settings; those that no frame could satisfy are refused.
    fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
        let len = u.int_in_range(1..=6)?;
        let magic = draw::bytes(u, len, b"aab")?;
        let syncs = Self {
            magic: if magic.is_empty() { b"a".to_vec() } else { magic },
            width: *u.choose(&[Width::U8, Width::U16, Width::U24, Width::U32, Width::U64])?,
            little_endian: u.arbitrary()?,
            counts: match u.int_in_range(0..=2)? {
                0 => Counts::Payload,
                1 => Counts::Frame,
                _ => Counts::Adjusted(u.int_in_range(-12..=12)?),
            },
            max: draw::size(u)?,
            offset: draw::part(u)?,
            beyond: draw::part(u)?,
            trailer: draw::part(u)?,
            checksum: if u.arbitrary()? { Some(u.int_in_range(0..=3)?) } else { None },
            keep_header: u.arbitrary()?,
        };
        if syncs.builder().build().is_ok() { Ok(syncs) } else { Err(Error::IncorrectFormat) }
    }

    fn codec(&self) -> SyncWord {
        self.builder().build().expect("settings that were built before")
    }

    fn alphabet(&self) -> Vec<u8> {
        [&self.magic.repeat(3), &b"\0\0\0\0\x01\x02\x03\x05\x09\xffx"[..]].concat()
    }

    fn shown<'a: 'a>(frame: &'a [u8]) -> Cow<'a, [u8]> {
        Cow::Borrowed(frame)
    }

    /// A frame beyond the limit is none.
    fn limit(&self) -> (usize, &'static str, OnExcess) {
        (usize::MAX, "payload", OnExcess::Fail)
    }

    /// A byte may be looked at by each candidate that reaches to it with its header, three times.
    fn work(&self) -> u64 {
        3 * (2 + self.magic.len() as u64 + self.width as u64)
    }

    fn held_back(&self) -> usize {
        usize::try_from(self.longest()).unwrap_or(usize::MAX)
    }

    fn look<'v>(&self, view: &'v [u8], end: bool) -> Look<'v> {
        if !view.starts_with(&self.magic) {
            return if !end && self.magic.starts_with(view) { Look::Short { missing: 1 } } else { Look::Skip(1) };
        }
        // Any byte may be the last of the stream, and then this is none.
        let incomplete = if end { Look::Skip(1) } else { Look::Short { missing: 1 } };
        if self.field_end() > view.len() as i128 {
            return incomplete;
        }
        let field = &view[self.magic.len() + self.offset..][..self.width as usize];
        let digit = |value: i128, byte: &u8| value << 8 | i128::from(*byte);
        let value = if self.little_endian { field.iter().rev().fold(0, digit) } else { field.iter().fold(0, digit) };
        let len = self.base() + value;
        if len < self.header() + self.trailer as i128 || len > self.longest().min(usize::MAX as i128) {
            return Look::Skip(1);
        }
        if len > view.len() as i128 {
            return incomplete;
        }
        let frame = &view[..usize::try_from(len).expect("it is there")];
        let (body, trailer) = frame.split_at(frame.len() - self.trailer);
        if self.checksum.is_some_and(|from| sum(&[&body[from..]]) % 256 != u64::from(trailer[0])) {
            return Look::Skip(1);
        }
        let header = if self.keep_header { 0 } else { usize::try_from(self.header()).expect("it is there") };
        Look::Frame { len, judged: 0, shown: Cow::Borrowed(&body[header..]) }
    }
}
