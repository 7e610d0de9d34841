//! The twin of `Fixed`.

use arbitrary::{Error, Result, Unstructured};
use framewright::framing::{Fixed, OnExcess};
use std::borrow::Cow;

use super::super::draw;
use super::{Look, Twin};

/// Settings of `Fixed`.
#[derive(Debug)]
pub(crate) struct Records {
    len: usize,
}

impl Twin for Records {
    type Codec = Fixed;

    fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
        let len = draw::size(u)?;
        assert_eq!(Fixed::new(len).is_ok(), len > 0);
        if len > 0 { Ok(Self { len }) } else { Err(Error::IncorrectFormat) }
    }

    fn codec(&self) -> Fixed {
        Fixed::new(self.len).expect("a length above 0")
    }

    fn alphabet(&self) -> Vec<u8> {
        b"\0abc".to_vec()
    }

    fn shown<'a: 'a>(frame: &'a [u8]) -> Cow<'a, [u8]> {
        Cow::Borrowed(frame)
    }

    /// No frame is longer than all others.
    fn limit(&self) -> (usize, &'static str, OnExcess) {
        (self.len, "frame", OnExcess::Fail)
    }

    fn look<'v>(&self, view: &'v [u8], _: bool) -> Look<'v> {
        Look::Frame { len: self.len as i128, judged: self.len as i128, shown: Cow::Borrowed(view.get(..self.len).unwrap_or_default()) }
    }
}
