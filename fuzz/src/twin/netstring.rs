//! The twin of `Netstring`: it reads the digits again with each byte, as numbers without a limit.

use arbitrary::{Result, Unstructured};
use framewright::framing::{Netstring, OnExcess};
use std::borrow::Cow;

use super::super::draw;
use super::{Look, Twin};

/// Settings of `Netstring`.
#[derive(Debug)]
pub(crate) struct Netstrings {
    max_payload: usize,
    on_excess: OnExcess,
}

fn value(digits: &[u8]) -> i128 {
    digits.iter().fold(0, |value, digit| value * 10 + i128::from(digit - b'0'))
}

impl Twin for Netstrings {
    type Codec = Netstring;

    fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
        Ok(Self { max_payload: draw::size(u)?, on_excess: draw::on_excess(u)? })
    }

    fn codec(&self) -> Netstring {
        Netstring::new(self.max_payload).on_excess(self.on_excess)
    }

    fn alphabet(&self) -> Vec<u8> {
        b"0123459::::,,,,x".to_vec()
    }

    fn shown<'a: 'a>(frame: &'a [u8]) -> Cow<'a, [u8]> {
        Cow::Borrowed(frame)
    }

    fn limit(&self) -> (usize, &'static str, OnExcess) {
        (self.max_payload, "payload", self.on_excess)
    }

    fn start<'v>(&self, view: &'v [u8]) -> (i128, Cow<'v, [u8]>) {
        let start = view.iter().position(|byte| *byte == b':').unwrap_or(0) as i128 + 1;
        let end = start + self.max_payload as i128;
        (end, Cow::Borrowed(super::part(view, start, end)))
    }

    fn look<'v>(&self, view: &'v [u8], _: bool) -> Look<'v> {
        let fault = |says: &str, found: u8| Look::Fault(format!("{says}, found {found:#04x}"));
        let mut digits = 0;
        let colon = loop {
            let Some(found) = view.get(digits) else { return Look::Short { missing: 1 } };
            match (found, &view[..digits]) {
                (b'0'..=b'9', b"") => {}
                (found, b"") => return fault("expected a digit", *found),
                (b':', _) => break digits,
                (found, [b'0', ..]) => return fault("expected ':' after a length that begins with 0", *found),
                (b'0'..=b'9', twenty) if twenty.len() == 20 => return Look::Fault("a length of more than 20 digits".to_owned()),
                (b'0'..=b'9', _) => {}
                (found, _) => return fault("expected a digit or ':'", *found),
            }
            digits += 1;
            let judged = value(&view[..digits]);
            if self.on_excess == OnExcess::Fail && judged > self.max_payload as i128 {
                return Look::Frame { len: 0, judged, shown: Cow::Borrowed(&[]) };
            }
        };
        let judged = value(&view[..colon]);
        let (start, end) = (colon as i128 + 1, colon as i128 + 1 + judged);
        if judged <= self.max_payload as i128 {
            match usize::try_from(end).ok().and_then(|end| view.get(end)) {
                Some(b',') => {}
                Some(found) => return fault("expected ',' after the payload", *found),
                None => return Look::Short { missing: end + 1 - view.len() as i128 },
            }
        }
        Look::Frame { len: end + 1, judged, shown: Cow::Borrowed(super::part(view, start, end)) }
    }
}
