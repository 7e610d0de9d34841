//! The twin of `AsciiLength`: it reads the digits again with each byte, as numbers without a limit.

use arbitrary::{Error, Result, Unstructured};
use framewright::framing::{AsciiLength, Base, OnExcess};
use std::borrow::Cow;

use super::super::draw;
use super::{Look, Twin};

/// Settings of `AsciiLength`.
#[derive(Debug)]
pub(crate) struct Chunks {
    base: Base,
    terminator: Vec<u8>,
    trailer: Vec<u8>,
    max_payload: usize,
    on_excess: OnExcess,
}

impl Chunks {
    fn radix(&self) -> u32 {
        if self.base == Base::Hex { 16 } else { 10 }
    }

    fn is_digit(&self, byte: u8) -> bool {
        byte.is_ascii_digit() || self.base == Base::Hex && matches!(byte, b'a'..=b'f' | b'A'..=b'F')
    }

    /// How many digits these bytes start with, and what the first few of them say.
    fn digits(&self, view: &[u8]) -> usize {
        view.iter().take_while(|byte| self.is_digit(**byte)).count()
    }

    fn value(&self, digits: &[u8]) -> i128 {
        let digits = std::str::from_utf8(digits).expect("digits");
        i128::from_str_radix(digits, self.radix()).expect("a number of few digits")
    }

    /// What is to be said unless this literal is at `at`.
    fn lacks<'v>(view: &[u8], at: i128, literal: &[u8], place: &str) -> Option<Look<'v>> {
        for (nth, expected) in literal.iter().enumerate() {
            let at = at + nth as i128;
            match usize::try_from(at).ok().and_then(|at| view.get(at)) {
                Some(found) if found == expected => {}
                Some(found) => {
                    let expected = expected.escape_ascii();
                    return Some(Look::Fault(format!("expected '{expected}' after the {place}, found {found:#04x}")));
                }
                None => return Some(Look::Short { missing: at + 1 - view.len() as i128 }),
            }
        }
        None
    }
}

impl Twin for Chunks {
    type Codec = AsciiLength;

    /// Draws settings; those with a terminator that cannot be told from digits are refused, by the framer too.
    fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
        let base = if u.arbitrary()? { Base::Hex } else { Base::Decimal };
        let terminator = u.choose(&[&b";"[..], b"\r\n", b":", b";;", b";1;", b"a", b"", b"1"])?.to_vec();
        let trailer = u.choose(&[&b""[..], b",", b"\r\n", b";1", b"!!!!!!!!"])?.to_vec();
        let chunks = Self { base, terminator, trailer, max_payload: draw::size(u)?, on_excess: draw::on_excess(u)? };
        let is_built = AsciiLength::new(base, &chunks.terminator, chunks.max_payload).is_ok();
        assert_eq!(is_built, chunks.terminator.first().is_some_and(|first| !chunks.is_digit(*first)), "{chunks:?}");
        if is_built { Ok(chunks) } else { Err(Error::IncorrectFormat) }
    }

    fn codec(&self) -> AsciiLength {
        let framer = AsciiLength::new(self.base, &self.terminator, self.max_payload).expect("settings that were built before");
        framer.trailer(&self.trailer).on_excess(self.on_excess)
    }

    fn alphabet(&self) -> Vec<u8> {
        [b"00011234569aFx", &self.terminator[..], &self.terminator, &self.terminator, &self.trailer, &self.trailer].concat()
    }

    fn shown<'a: 'a>(frame: &'a [u8]) -> Cow<'a, [u8]> {
        Cow::Borrowed(frame)
    }

    fn limit(&self) -> (usize, &'static str, OnExcess) {
        (self.max_payload, "payload", self.on_excess)
    }

    fn start<'v>(&self, view: &'v [u8]) -> (i128, Cow<'v, [u8]>) {
        let start = (self.digits(view) + self.terminator.len()) as i128;
        let end = start + self.max_payload as i128;
        (end, Cow::Borrowed(super::part(view, start, end)))
    }

    fn look<'v>(&self, view: &'v [u8], _: bool) -> Look<'v> {
        let (digits, most) = (self.digits(view), if self.base == Base::Hex { 16 } else { 20 });
        if self.on_excess == OnExcess::Fail {
            let values = (1..=digits.min(most)).map(|digits| self.value(&view[..digits]));
            if let Some(judged) = values.into_iter().find(|value| *value > self.max_payload as i128) {
                return Look::Frame { len: 0, judged, shown: Cow::Borrowed(&[]) };
            }
        }
        if digits > most {
            return Look::Fault(format!("a length of more than {most} digits"));
        }
        if let (0, Some(found)) = (digits, view.first()) {
            return Look::Fault(format!("expected a digit, found {found:#04x}"));
        }
        if let Some(look) = Self::lacks(view, digits as i128, &self.terminator, "length") {
            return look;
        }
        let value = self.value(&view[..digits]);
        let start = (digits + self.terminator.len()) as i128;
        let end = start + value;
        if value <= self.max_payload as i128 {
            if let Some(look) = Self::lacks(view, end, &self.trailer, "payload") {
                return look;
            }
        }
        Look::Frame { len: end + self.trailer.len() as i128, judged: value, shown: Cow::Borrowed(super::part(view, start, end)) }
    }
}
