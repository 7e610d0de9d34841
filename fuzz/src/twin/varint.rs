//! The twin of `Varint`: its numbers have no width to overflow.

use arbitrary::{Result, Unstructured};
use framewright::framing::{OnExcess, Varint, VarintForm};
use std::borrow::Cow;

use super::super::draw;
use super::{Look, Twin};

/// Settings of `Varint`.
#[derive(Debug)]
pub(crate) struct Varints {
    form: VarintForm,
    max_payload: usize,
    offset: usize,
    keep_header: bool,
    minimal: bool,
    on_excess: OnExcess,
}

/// A length, or what is to be said instead.
enum Told {
    Length { bytes: usize, value: i128 },
    Missing(i128),
    Fault(String),
}

impl Varints {
    /// Reads what may be a varint.
    fn told(&self, bytes: &[u8]) -> Told {
        let missing = |all: usize| Told::Missing(all as i128 - bytes.len() as i128);
        let Some(first) = bytes.first() else { return missing(1) };
        let (len, value) = if self.form == VarintForm::Quic {
            let len = 1 << (first >> 6);
            let Some(digits) = bytes.get(..len) else { return missing(len) };
            let value = digits.iter().fold(0, |value, digit| value << 8 | i128::from(*digit));
            (len, value - (i128::from(first >> 6) << (8 * len - 2)))
        } else {
            let most = if self.form == VarintForm::Mqtt { 4 } else { 10 };
            let Some(last) = bytes.iter().take(most).position(|byte| byte & 0x80 == 0) else {
                return if bytes.len() < most {
                    missing(bytes.len() + 1)
                } else {
                    Told::Fault(format!("a length of more than {most} bytes"))
                };
            };
            (last + 1, bytes[..=last].iter().rev().fold(0, |value, digit| value << 7 | i128::from(digit & 0x7f)))
        };
        if value >> 64 != 0 {
            let found = bytes[len - 1];
            return Told::Fault(format!("a length of more than 64 bits: expected at most 0x01 in its tenth byte, found {found:#04x}"));
        }
        let fits = |len: &usize| if self.form == VarintForm::Quic { value >> (8 * len - 2) == 0 } else { value >> (7 * len) == 0 };
        let widths: &[usize] = if self.form == VarintForm::Quic { &[1, 2, 4, 8] } else { &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10] };
        let enough = widths.iter().copied().find(fits).unwrap_or(len);
        if self.minimal && enough < len {
            return Told::Fault(format!("a length of {value} in {len} bytes, but {enough} is enough"));
        }
        Told::Length { bytes: len, value }
    }

    /// The bytes before the payload that starts this view, and those of them that are not delivered.
    fn header(&self, view: &[u8]) -> (i128, i128) {
        let told = view.get(self.offset..).map(|bytes| self.told(bytes));
        let header = if let Some(Told::Length { bytes, .. }) = told { self.offset as i128 + bytes as i128 } else { 0 };
        (header, if self.keep_header { 0 } else { header })
    }
}

impl Twin for Varints {
    type Codec = Varint;

    fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
        Ok(Self {
            form: *u.choose(&[VarintForm::Leb128, VarintForm::Mqtt, VarintForm::Quic])?,
            max_payload: draw::size(u)?,
            offset: draw::part(u)?,
            keep_header: u.arbitrary()?,
            minimal: u.arbitrary()?,
            on_excess: draw::on_excess(u)?,
        })
    }

    fn codec(&self) -> Varint {
        let framer = Varint::new(self.form, self.max_payload).offset(self.offset).on_excess(self.on_excess);
        let framer = if self.keep_header { framer.keep_header() } else { framer };
        if self.minimal { framer.minimal() } else { framer }
    }

    fn alphabet(&self) -> Vec<u8> {
        b"\0\0\0\x01\x02\x03\x05\x08\x40\x41\x7f\x80\x80\x80\x81\x82\xc0\xffx".to_vec()
    }

    fn shown<'a: 'a>(frame: &'a [u8]) -> Cow<'a, [u8]> {
        Cow::Borrowed(frame)
    }

    fn limit(&self) -> (usize, &'static str, OnExcess) {
        (self.max_payload, "payload", self.on_excess)
    }

    fn start<'v>(&self, view: &'v [u8]) -> (i128, Cow<'v, [u8]>) {
        let (header, stripped) = self.header(view);
        let end = header + self.max_payload as i128;
        (end, Cow::Borrowed(super::part(view, stripped, end)))
    }

    fn look<'v>(&self, view: &'v [u8], _: bool) -> Look<'v> {
        let missing = self.offset as i128 + 1 - view.len() as i128;
        if missing > 0 {
            return Look::Short { missing };
        }
        match self.told(&view[self.offset..]) {
            Told::Missing(missing) => Look::Short { missing },
            Told::Fault(fault) => Look::Fault(fault),
            Told::Length { value, .. } => {
                let (header, stripped) = self.header(view);
                let len = header + value;
                Look::Frame { len, judged: value, shown: Cow::Borrowed(super::part(view, stripped, len)) }
            }
        }
    }
}
