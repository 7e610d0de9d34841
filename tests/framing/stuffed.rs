//! What the tests of stuffed frames share: a splitter that has the whole stream, and fixtures.

use framewright::framing::OnExcess;
use framewright::testkit::text;

/// A way of stuffing, in the simplest words.
#[derive(Clone, Copy)]
pub(super) struct Naive {
    pub(super) end: u8,
    /// Reads the bytes before an end, or the first of them: the payload in them, and what is wrong with them if they are all.
    pub(super) read: fn(&[u8]) -> (Vec<u8>, Option<String>),
    /// The bytes for a payload of exactly `max`, of those before the one that makes it longer.
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
            let (payload, fault) = (self.read)(encoded);
            let excess = (0..=encoded.len()).find(|n| (self.read)(&encoded[..*n]).0.len() > max);
            let start = excess.map_or(0, |first| (self.start)(&encoded[..first - 1], max));
            // A part is never at fault for being cut.
            let (shown, fault_of_start) = (self.read)(&encoded[..start]);
            let fault_of_start = fault_of_start.filter(|fault| fault.contains("found"));
            let (mut taken, mut error) = (len, None);
            match (on_excess, excess, end) {
                _ if encoded.is_empty() => {}
                (OnExcess::Truncate, Some(_), _) if fault_of_start.is_none() => {
                    says.push(after(format!("{} (truncated)", text(&shown)), skipped));
                    (taken, skipped) = (start, 0);
                    at += taken;
                    taken = len - start;
                }
                (OnExcess::Truncate, Some(_), _) => error = fault_of_start,
                (_, Some(_), _) => error = Some(format!("payload longer than the limit of {max} bytes")),
                (_, None, None) => error = Some(format!("the stream ended {len} bytes into the frame")),
                (_, None, Some(_)) if fault.is_none() => {
                    says.push(after(text(&payload), skipped));
                    at += len;
                    (taken, skipped) = (0, 0);
                }
                (_, None, Some(_)) => error = fault,
            }
            if let Some(error) = error {
                says.push(format!("frame at byte {at}: {error}"));
                let is_cut = excess.is_none() && end.is_none();
                if is_cut || excess.is_some() && on_excess == OnExcess::Fail {
                    return says;
                }
            }
            at += taken;
            skipped += taken;
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
