//! The twin of `LengthField`: its arithmetic has no width to overflow.

use arbitrary::{Error, Result, Unstructured};
use framewright::framing::{Counts, LengthField, LengthFieldBuilder, OnExcess, Width};
use std::borrow::Cow;

use super::super::draw;
use super::{Look, Twin};

/// Settings of `LengthField`.
#[derive(Debug)]
pub(crate) struct Lengths {
    width: Width,
    little_endian: bool,
    counts: Counts,
    max: usize,
    offset: usize,
    header: Option<usize>,
    trailer: usize,
    keep_header: bool,
    keep_trailer: bool,
    on_excess: OnExcess,
}

impl Lengths {
    fn builder(&self) -> LengthFieldBuilder {
        let mut builder =
            LengthField::builder(self.width, self.counts, self.max).offset(self.offset).trailer(self.trailer).on_excess(self.on_excess);
        if self.little_endian {
            builder = builder.little_endian();
        }
        if let Some(header) = self.header {
            builder = builder.header(header);
        }
        if self.keep_header {
            builder = builder.keep_header();
        }
        if self.keep_trailer {
            builder = builder.keep_trailer();
        }
        builder
    }

    fn field_end(&self) -> i128 {
        self.offset as i128 + self.width as i128
    }

    fn header(&self) -> i128 {
        self.header.map_or(self.field_end(), |header| header as i128)
    }

    /// The bytes that every frame has.
    fn around(&self) -> i128 {
        self.header() + self.trailer as i128
    }

    /// The bytes that are not delivered.
    fn stripped(&self) -> i128 {
        let header = if self.keep_header { 0 } else { self.header() };
        let trailer = if self.keep_trailer { 0 } else { self.trailer as i128 };
        header + trailer
    }

    /// The encoded frame's length, for a length of 0.
    fn base(&self) -> i128 {
        match self.counts {
            Counts::Payload => self.around(),
            Counts::Frame => 0,
            Counts::Adjusted(adjustment) => self.field_end() + i128::from(adjustment),
        }
    }

    /// Tells whether there is a length whose frame is whole and within the limit.
    fn are_possible(&self) -> bool {
        let shortest = self.base().max(self.around());
        let largest = (1_i128 << (8 * self.width as u32)) - 1;
        self.header() >= self.field_end() && shortest <= self.base() + largest && shortest - self.stripped() <= self.max as i128
    }

    /// Tells whether any number is so large that it may be refused for that alone.
    fn are_extreme(&self) -> bool {
        [self.header(), self.around(), self.field_end(), self.base().abs()].iter().any(|number| isize::try_from(*number).is_err())
    }
}

impl Twin for Lengths {
    type Codec = LengthField;

    /// Draws settings; those that no frame could satisfy are refused, by the framer too.
    fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
        let lengths = Self {
            width: *u.choose(&[Width::U8, Width::U16, Width::U24, Width::U32, Width::U64])?,
            little_endian: u.arbitrary()?,
            counts: match u.int_in_range(0..=3)? {
                0 => Counts::Payload,
                1 => Counts::Frame,
                2 => Counts::Adjusted(u.int_in_range(-12..=12)?),
                _ => Counts::Adjusted(u.arbitrary()?),
            },
            max: draw::size(u)?,
            offset: draw::part(u)?,
            header: if u.arbitrary()? { Some(draw::part(u)?) } else { None },
            trailer: draw::part(u)?,
            keep_header: u.arbitrary()?,
            keep_trailer: u.arbitrary()?,
            on_excess: draw::on_excess(u)?,
        };
        let is_built = lengths.builder().build().is_ok();
        assert!(is_built == lengths.are_possible() || !is_built && lengths.are_extreme(), "built: {is_built}, with {lengths:?}");
        if is_built { Ok(lengths) } else { Err(Error::IncorrectFormat) }
    }

    fn codec(&self) -> LengthField {
        self.builder().build().expect("settings that were built before")
    }

    fn alphabet(&self) -> Vec<u8> {
        b"\0\0\0\0\0\x01\x02\x03\x04\x05\x08\x0c\x10\x80\xfe\xffx".to_vec()
    }

    fn shown<'a: 'a>(frame: &'a [u8]) -> Cow<'a, [u8]> {
        Cow::Borrowed(frame)
    }

    fn limit(&self) -> (usize, &'static str, OnExcess) {
        (self.max, if self.keep_header || self.keep_trailer { "frame" } else { "payload" }, self.on_excess)
    }

    fn start<'v>(&self, view: &'v [u8]) -> (i128, Cow<'v, [u8]>) {
        let header = if self.keep_header { 0 } else { self.header() };
        let end = header + self.max as i128;
        let shown = usize::try_from(header).ok().zip(usize::try_from(end).ok()).and_then(|(header, end)| view.get(header..end));
        (end, Cow::Borrowed(shown.unwrap_or_default()))
    }

    fn look<'v>(&self, view: &'v [u8], _: bool) -> Look<'v> {
        let missing = self.field_end() - view.len() as i128;
        if missing > 0 {
            return Look::Short { missing };
        }
        let field = &view[self.offset..][..self.width as usize];
        let digit = |value: i128, byte: &u8| value << 8 | i128::from(*byte);
        let value = if self.little_endian { field.iter().rev().fold(0, digit) } else { field.iter().fold(0, digit) };
        let len = self.base() + value;
        if len < self.around() {
            let expected = self.around() - self.base();
            return Look::Fault(format!("a length of {value} is too small, header and trailer need {expected} at least"));
        }
        // What is delivered lies in front of the trailer, or reaches to its end.
        let start = if self.keep_header { 0 } else { self.header() };
        let shown = usize::try_from(start).ok().and_then(|start| {
            let delivered = usize::try_from(len - self.stripped()).ok()?;
            view.get(start..start.checked_add(delivered)?)
        });
        Look::Frame { len, judged: len - self.stripped(), shown: Cow::Borrowed(shown.unwrap_or_default()) }
    }
}
