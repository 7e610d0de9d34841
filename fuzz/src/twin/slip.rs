//! The twin of `Slip`.

use arbitrary::{Result, Unstructured};
use framewright::framing::{OnExcess, Slip};
use std::borrow::Cow;

use super::super::draw;
use super::{Look, Twin};

/// Settings of `Slip`.
#[derive(Debug)]
pub(crate) struct Escapes {
    max_payload: usize,
    on_excess: OnExcess,
}

/// The bytes before the end, each escape with the byte behind it, if that is there.
fn units(view: &[u8]) -> Vec<&[u8]> {
    let mut left = view.split(|byte| *byte == 0xc0).next().unwrap_or_default();
    let mut units = Vec::new();
    while let Some(first) = left.first() {
        let (unit, rest) = left.split_at(left.len().min(if *first == 0xdb { 2 } else { 1 }));
        units.push(unit);
        left = rest;
    }
    units
}

/// The byte for which a unit stands.
fn byte(unit: &[u8]) -> u8 {
    match unit {
        [0xdb, 0xdc] => 0xc0,
        [0xdb, 0xdd] => 0xdb,
        _ => unit[0],
    }
}

fn payload(units: &[&[u8]]) -> Vec<u8> {
    units.iter().filter(|unit| **unit != [0xdb]).map(|unit| byte(unit)).collect()
}

impl Twin for Escapes {
    type Codec = Slip;

    fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
        Ok(Self { max_payload: draw::size(u)?, on_excess: draw::on_excess(u)? })
    }

    fn codec(&self) -> Slip {
        Slip::new(self.max_payload).on_excess(self.on_excess)
    }

    fn alphabet(&self) -> Vec<u8> {
        b"\xc0\xc0\xdb\xdb\xdc\xddab".to_vec()
    }

    fn shown<'a: 'a>(frame: &'a [u8]) -> Cow<'a, [u8]> {
        Cow::Borrowed(frame)
    }

    fn limit(&self) -> (usize, &'static str, OnExcess) {
        (self.max_payload, "payload", self.on_excess)
    }

    fn start<'v>(&self, view: &'v [u8]) -> (i128, Cow<'v, [u8]>) {
        let units = units(view);
        let units = &units[..self.max_payload.min(units.len())];
        (units.concat().len() as i128, Cow::Owned(payload(units)))
    }

    fn accept<'v>(&self, encoded: &[u8], shown: Cow<'v, [u8]>, _: bool) -> std::result::Result<Cow<'v, [u8]>, String> {
        let mut at = 0;
        for unit in units(encoded) {
            match unit {
                [0xdb, 0xdc | 0xdd] => {}
                [0xdb, rest @ ..] => {
                    let found = rest.first().unwrap_or(&0xc0);
                    return Err(format!("expected 0xdc or 0xdd behind an escape, found {found:#04x} at byte {} of the frame", at + 1));
                }
                _ => {}
            }
            at += unit.len();
        }
        Ok(shown)
    }

    fn look<'v>(&self, view: &'v [u8], _: bool) -> Look<'v> {
        let payload = payload(&units(view));
        let judged = payload.len() as i128;
        match view.iter().position(|byte| *byte == 0xc0) {
            None => Look::Open { len: view.len() as i128, judged },
            Some(0) => Look::Skip(1),
            Some(end) => Look::Frame { len: end as i128 + 1, judged, shown: Cow::Owned(payload) },
        }
    }
}
