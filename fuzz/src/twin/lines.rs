//! The twin of `Lines`.

use arbitrary::{Result, Unstructured};
use framewright::framing::{LineEnding, Lines, OnExcess};
use std::borrow::Cow;

use super::super::draw;
use super::{Look, Twin};

/// Settings of `Lines`.
#[derive(Debug)]
pub(crate) struct Endings {
    pub(super) max_payload: usize,
    pub(super) ending: LineEnding,
    pub(super) keep: bool,
    pub(super) on_excess: OnExcess,
}

impl Twin for Endings {
    type Codec = Lines;

    fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
        Ok(Self {
            max_payload: draw::size(u)?,
            ending: *u.choose(&[LineEnding::LfOrCrLf, LineEnding::Lf, LineEnding::CrLf, LineEnding::Any])?,
            keep: u.arbitrary()?,
            on_excess: draw::on_excess(u)?,
        })
    }

    fn codec(&self) -> Lines {
        let lines = Lines::new(self.max_payload).ending(self.ending).on_excess(self.on_excess);
        if self.keep { lines.keep_ending() } else { lines }
    }

    fn alphabet(&self) -> Vec<u8> {
        b"\n\r\nab\r".to_vec()
    }

    fn shown<'a: 'a>(frame: &'a [u8]) -> Cow<'a, [u8]> {
        Cow::Borrowed(frame)
    }

    fn limit(&self) -> (usize, &'static str, OnExcess) {
        (self.max_payload, "payload", self.on_excess)
    }

    fn look<'v>(&self, view: &'v [u8], end: bool) -> Look<'v> {
        let line = |payload: usize, len: usize| {
            let shown = if self.keep { len } else { payload };
            Look::Frame { len: len as i128, judged: payload as i128, shown: Cow::Borrowed(&view[..shown]) }
        };
        let open = |payload: usize| Look::Open { len: payload as i128, judged: payload as i128 };
        for (at, byte) in view.iter().enumerate() {
            let after_cr = at > 0 && view[at - 1] == b'\r';
            match (self.ending, byte, view.get(at + 1)) {
                (LineEnding::LfOrCrLf, b'\n', _) => return line(at - usize::from(after_cr), at + 1),
                (LineEnding::CrLf, b'\n', _) if after_cr => return line(at - 1, at + 1),
                (LineEnding::Any, b'\r', Some(b'\n')) => return line(at, at + 2),
                (LineEnding::Any, b'\r', None) if !end => return open(at),
                (LineEnding::Lf | LineEnding::Any, b'\n', _) | (LineEnding::Any, b'\r', _) => return line(at, at + 1),
                _ => {}
            }
        }
        if end {
            return line(view.len(), view.len());
        }
        let may_be_ending = self.ending != LineEnding::Lf && view.last() == Some(&b'\r');
        open(view.len() - usize::from(may_be_ending))
    }
}
