//! The twin of `Utf8Lines`: the lines of the twin of `Lines`, read as UTF-8.

use arbitrary::{Result, Unstructured};
use framewright::framing::{OnExcess, Utf8Lines};
use std::borrow::Cow;

use super::lines::Endings;
use super::{Look, Twin};

/// Settings of `Utf8Lines`.
#[derive(Debug)]
pub(crate) struct Texts {
    endings: Endings,
}

impl Twin for Texts {
    type Codec = Utf8Lines;

    fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
        Ok(Self { endings: Endings::draw(u)? })
    }

    fn codec(&self) -> Utf8Lines {
        let Endings { max_payload, ending, keep, on_excess } = self.endings;
        let lines = Utf8Lines::new(max_payload).ending(ending).on_excess(on_excess);
        if keep { lines.keep_ending() } else { lines }
    }

    fn alphabet(&self) -> Vec<u8> {
        b"\n\r\nabc\xc3\xa9\xc3\xa9\xe2\x82\xac\xf0\xff".to_vec()
    }

    fn shown<'a: 'a>(frame: &'a str) -> Cow<'a, [u8]> {
        Cow::Borrowed(frame.as_bytes())
    }

    fn limit(&self) -> (usize, &'static str, OnExcess) {
        self.endings.limit()
    }

    fn accept<'v>(&self, _: &[u8], shown: Cow<'v, [u8]>, truncated: bool) -> std::result::Result<Cow<'v, [u8]>, String> {
        match std::str::from_utf8(&shown) {
            Ok(_) => Ok(shown),
            Err(wrong) if truncated && wrong.error_len().is_none() => Ok(shown[..wrong.valid_up_to()].to_vec().into()),
            Err(wrong) => {
                let at = wrong.valid_up_to();
                Err(format!("not UTF-8, found {:#04x} at byte {at} of the line", shown[at]))
            }
        }
    }

    fn look<'v>(&self, view: &'v [u8], end: bool) -> Look<'v> {
        self.endings.look(view, end)
    }
}
