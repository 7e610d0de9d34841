//! The twin of `Cobs`.

use arbitrary::{Result, Unstructured};
use framewright::framing::{Cobs, OnExcess};
use std::borrow::Cow;

use super::super::draw;
use super::{Look, Twin};

/// Settings of `Cobs`.
#[derive(Debug)]
pub(crate) struct Blocks {
    max_payload: usize,
    on_excess: OnExcess,
}

/// Reads a byte at a time: the payload in these bytes of one frame, how many of them there are up to where it gets longer than `max`, and the last code and its place if it tells of more.
fn unstuff(encoded: &[u8], max: usize) -> (Vec<u8>, usize, Option<(u8, usize)>) {
    let (mut payload, mut within) = (Vec::new(), 0);
    let (mut code, mut code_at, mut left) = (255, 0, 0);
    for (at, byte) in encoded.iter().enumerate() {
        if left > 0 {
            payload.push(*byte);
            left -= 1;
        } else {
            if code < 255 {
                payload.push(0);
            }
            (code, code_at, left) = (*byte, at, byte - 1);
        }
        if payload.len() <= max {
            within = at + 1;
        }
    }
    (payload, within, (left > 0).then_some((code, code_at)))
}

impl Twin for Blocks {
    type Codec = Cobs;

    fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
        Ok(Self { max_payload: draw::size(u)?, on_excess: draw::on_excess(u)? })
    }

    fn codec(&self) -> Cobs {
        Cobs::new(self.max_payload).on_excess(self.on_excess)
    }

    fn alphabet(&self) -> Vec<u8> {
        b"\0\0\x01\x01\x02\x03\x05\xff\xfeabc".to_vec()
    }

    fn shown<'a: 'a>(frame: &'a [u8]) -> Cow<'a, [u8]> {
        Cow::Borrowed(frame)
    }

    fn limit(&self) -> (usize, &'static str, OnExcess) {
        (self.max_payload, "payload", self.on_excess)
    }

    fn start<'v>(&self, view: &'v [u8]) -> (i128, Cow<'v, [u8]>) {
        let end = view.iter().position(|byte| *byte == 0).unwrap_or(view.len());
        let (mut payload, within, _) = unstuff(&view[..end], self.max_payload);
        payload.truncate(self.max_payload);
        (within as i128, Cow::Owned(payload))
    }

    fn accept<'v>(&self, encoded: &[u8], shown: Cow<'v, [u8]>, truncated: bool) -> std::result::Result<Cow<'v, [u8]>, String> {
        match encoded.strip_suffix(&[0]).filter(|_| !truncated).and_then(|encoded| unstuff(encoded, 0).2) {
            Some((found, at)) => Err(format!("code {found:#04x} at byte {at} of the frame points beyond its end")),
            None => Ok(shown),
        }
    }

    fn look<'v>(&self, view: &'v [u8], _: bool) -> Look<'v> {
        let Some(end) = view.iter().position(|byte| *byte == 0) else {
            return Look::Open { len: view.len() as i128, judged: unstuff(view, 0).0.len() as i128 };
        };
        if end == 0 {
            return Look::Skip(1);
        }
        let (payload, ..) = unstuff(&view[..end], 0);
        Look::Frame { len: end as i128 + 1, judged: payload.len() as i128, shown: Cow::Owned(payload) }
    }
}
