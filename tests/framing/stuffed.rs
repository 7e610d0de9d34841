//! What the tests of stuffed frames share: a splitter that has the whole stream, and fixtures.

use framewright::framing::OnExcess;
use framewright::testkit::text;

/// A way of stuffing, in the simplest words.
#[derive(Clone, Copy)]
pub(super) struct Naive {
    pub(super) end: u8,
    /// The payload in bytes before an end, or in the first of them.
    pub(super) payload: fn(&[u8]) -> Vec<u8>,
    /// What is wrong with all the bytes before an end, or with those that hold what the limit allows.
    pub(super) wrong: fn(&[u8], is_start: bool) -> Option<String>,
    /// How many bytes hold a payload of exactly `max`, of those before the one that makes it longer.
    pub(super) start: fn(before: &[u8], max: usize) -> usize,
}

impl Naive {
    /// Everything that comes out of a whole stream.
    pub(super) fn split(self, stream: &[u8], max: usize, on_excess: OnExcess) -> Vec<String> {
        let mut says = Vec::new();
        let (mut at, mut skipped) = (0, 0);
        let after = |says: String, skipped: usize| if skipped > 0 { format!("{says} after {skipped} skipped bytes") } else { says };
        while at < stream.len() {
            let rest = &stream[at..];
            let end = rest.iter().position(|byte| *byte == self.end);
            let encoded = &rest[..end.unwrap_or(rest.len())];
            let len = encoded.len() + usize::from(end.is_some());
            let excess = (1..=encoded.len()).find(|n| (self.payload)(&encoded[..*n]).len() > max);
            let part = match (excess, on_excess) {
                (Some(first), OnExcess::Truncate) => Ok(&encoded[..(self.start)(&encoded[..first - 1], max)]),
                (Some(_), _) => Err(format!("payload longer than the limit of {max} bytes")),
                (None, _) => Ok(encoded),
            };
            let part = part.and_then(|part| (self.wrong)(part, excess.is_some()).map_or(Ok(part), Err));
            let is_over = excess.is_some() && on_excess == OnExcess::Fail || excess.is_none() && end.is_none();
            match part {
                _ if end == Some(0) => skipped += 1,
                _ if excess.is_none() && end.is_none() => {
                    says.push(format!("frame at byte {at}: the stream ended {len} bytes into the frame"));
                }
                Ok(part) => {
                    let marked = text(&(self.payload)(part)) + if excess.is_some() { " (truncated)" } else { "" };
                    says.push(after(marked, skipped));
                    skipped = if excess.is_some() { len - part.len() } else { 0 };
                }
                Err(error) => {
                    says.push(format!("frame at byte {at}: {error}"));
                    skipped += len;
                }
            }
            if is_over {
                return says;
            }
            at += len;
        }
        says.push(after("end".to_owned(), skipped));
        says
    }
}

/// The payloads of a fixture, and what an independent implementation made of each.
pub(super) fn fixture(lines: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let bytes = |text: &str| -> Vec<u8> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
    };
    let rows = lines.lines().filter(|line| !line.starts_with('#'));
    let rows: Vec<_> = rows.map(|line| line.split_once(' ').unwrap()).map(|(payload, frame)| (bytes(payload), bytes(frame))).collect();
    assert!(rows.len() > 100, "{} rows", rows.len());
    rows
}
