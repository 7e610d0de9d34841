//! The twin of `Delimiter`.

use arbitrary::{Result, Unstructured};
use framewright::framing::{Delimited, Delimiter, OnExcess};
use std::borrow::Cow;

use super::super::draw;
use super::{Look, Twin};

/// Settings of `Delimiter`.
#[derive(Debug)]
pub(crate) struct Delimiters {
    set: Vec<Vec<u8>>,
    max_payload: usize,
    on_excess: OnExcess,
}

impl Twin for Delimiters {
    type Codec = Delimiter;

    fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
        let (max_payload, on_excess) = (draw::size(u)?, draw::on_excess(u)?);
        let mut set = Vec::new();
        for _ in 0..u.int_in_range(1..=5)? {
            let len = u.int_in_range(1..=6)?;
            let delimiter = draw::bytes(u, len, b"abcd")?;
            set.push(if delimiter.is_empty() { b"a".to_vec() } else { delimiter });
        }
        Ok(Self { set, max_payload, on_excess })
    }

    fn codec(&self) -> Delimiter {
        Delimiter::new(&self.set, self.max_payload).expect("a delimiter, and none empty").on_excess(self.on_excess)
    }

    fn alphabet(&self) -> Vec<u8> {
        [&self.set.concat(), &b"x"[..]].concat()
    }

    fn shown<'a: 'a>(frame: Delimited<'a>) -> Cow<'a, [u8]> {
        assert_eq!(frame.encoded(), [frame.payload(), frame.delimiter()].concat(), "a frame is its payload and its delimiter");
        Cow::Borrowed(frame.payload())
    }

    fn limit(&self) -> (usize, &'static str, OnExcess) {
        (self.max_payload, "payload", self.on_excess)
    }

    fn look<'v>(&self, view: &'v [u8], end: bool) -> Look<'v> {
        let frame = |payload: usize, delimiter: usize| Look::Frame {
            len: (payload + delimiter) as i128,
            judged: payload as i128,
            shown: Cow::Borrowed(&view[..payload]),
        };
        let open = |payload: usize| Look::Open { len: payload as i128, judged: payload as i128 };
        for at in 0..view.len() {
            let rest = &view[at..];
            let longest = self.set.iter().filter(|delimiter| rest.starts_with(delimiter)).map(Vec::len).max();
            let may_be_longer = !end && self.set.iter().any(|delimiter| delimiter.len() > rest.len() && delimiter.starts_with(rest));
            match longest {
                _ if may_be_longer => return open(at),
                Some(delimiter) => return frame(at, delimiter),
                None => {}
            }
        }
        if end { frame(view.len(), 0) } else { open(view.len()) }
    }
}
