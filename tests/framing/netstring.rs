//! Netstrings.

use framewright::framing::{Netstring, OnExcess};
use framewright::testkit::{Case, Kit, text};
use quickcheck::{Arbitrary, Gen};

use super::{EXCESSES, check_encoding, property};

fn netstring(framer: Netstring) -> Kit<Netstring, impl Fn() -> Netstring> {
    Kit::new(move || framer.clone(), |frame| text(frame))
}

#[rustfmt::skip]
#[test]
fn netstrings() {
    netstring(Netstring::new(12)).table(&[
        Case { clause: "NS-1", input: b"",                      says: &["end"] },
        // The examples of the source.
        Case { clause: "NS-1", input: b"12:hello world!,",      says: &["hello world!", "end"] },
        Case { clause: "NS-1", input: b"0:,",                   says: &["", "end"] },
        Case { clause: "NS-1", input: b"0:,0:,1:a,4:1:a,,2:,:,", says: &["", "", "a", "1:a,", ",:", "end"] },
        Case { clause: "NS-2", input: b"00:,",                  says: &["frame at byte 0: expected ':' after a length that begins with 0, found 0x30"] },
        Case { clause: "NS-2", input: b"0:,01:a,",              says: &["", "frame at byte 3: expected ':' after a length that begins with 0, found 0x31"] },
        Case { clause: "NS-2", input: b"0x",                    says: &["frame at byte 0: expected ':' after a length that begins with 0, found 0x78"] },
        Case { clause: "NS-3", input: b"13",                    says: &["frame at byte 0: payload longer than the limit of 12 bytes"] },
        Case { clause: "NS-3", input: b"0:,20",                 says: &["", "frame at byte 3: payload longer than the limit of 12 bytes"] },
        Case { clause: "NS-3", input: b"2",                     says: &["frame at byte 0: the stream ended 1 bytes into the frame"] },
        Case { clause: "NS-4", input: b":,",                    says: &["frame at byte 0: expected a digit, found 0x3a"] },
        Case { clause: "NS-4", input: b"1:a,\n",                says: &["a", "frame at byte 4: expected a digit, found 0x0a"] },
        Case { clause: "NS-4", input: b"-1:",                   says: &["frame at byte 0: expected a digit, found 0x2d"] },
        Case { clause: "NS-4", input: b"1 :a,",                 says: &["frame at byte 0: expected a digit or ':', found 0x20"] },
        Case { clause: "NS-4", input: b"0:,1a",                 says: &["", "frame at byte 3: expected a digit or ':', found 0x61"] },
        Case { clause: "NS-4", input: b"1:ab",                  says: &["frame at byte 0: expected ',' after the payload, found 0x62"] },
        Case { clause: "NS-4", input: b"0:,0:0:,",              says: &["", "frame at byte 3: expected ',' after the payload, found 0x30"] },
        Case { clause: "NS-7", input: b"1:a,5",                 says: &["a", "frame at byte 4: the stream ended 1 bytes into the frame"] },
        Case { clause: "NS-7", input: b"1:a,5:",                says: &["a", "frame at byte 4: the stream ended 2 bytes into the frame"] },
        Case { clause: "NS-7", input: b"1:a,5:hel",             says: &["a", "frame at byte 4: the stream ended 5 bytes into the frame"] },
        Case { clause: "NS-7", input: b"1:a,5:hello",           says: &["a", "frame at byte 4: the stream ended 7 bytes into the frame"] },
    ]);
    netstring(Netstring::new(8)).table(&[
        Case { clause: "NS-3", input: b"8:12345678,9",          says: &["12345678", "frame at byte 11: payload longer than the limit of 8 bytes"] },
    ]);
    netstring(Netstring::new(0)).table(&[
        Case { clause: "NS-3", input: b"0:,1",                  says: &["", "frame at byte 3: payload longer than the limit of 0 bytes"] },
    ]);
    netstring(Netstring::new(usize::MAX)).limits(usize::MAX, 1 << 20).table(&[
        Case { clause: "NS-3", input: b"99999999999999999999",  says: &[&format!("frame at byte 0: payload longer than the limit of {} bytes", usize::MAX)] },
        Case { clause: "NS-3", input: format!("{}:", usize::MAX).as_bytes(), says: &[&format!("frame at byte 0: frame longer than the limit of {} bytes", usize::MAX)] },
    ]);
}

#[rustfmt::skip]
#[test]
fn netstrings_beyond_the_limit() {
    netstring(Netstring::new(2).on_excess(OnExcess::Discard)).table(&[
        Case { clause: "NS-6", input: b"1:a,3:abc,2:ok,",       says: &["a", "frame at byte 4: payload longer than the limit of 2 bytes", "ok after 6 skipped bytes", "end"] },
        Case { clause: "NS-6", input: b"3:abcx3:abc,0:,",       says: &["frame at byte 0: payload longer than the limit of 2 bytes", "frame at byte 6: payload longer than the limit of 2 bytes", " after 12 skipped bytes", "end"] },
        Case { clause: "NS-6", input: b"12:a",                  says: &["frame at byte 0: payload longer than the limit of 2 bytes", "end after 4 skipped bytes"] },
        Case { clause: "NS-7", input: b"12",                    says: &["frame at byte 0: the stream ended 2 bytes into the frame"] },
        Case { clause: "NS-4", input: b"12.",                   says: &["frame at byte 0: expected a digit or ':', found 0x2e"] },
        Case { clause: "NS-5", input: b"123456789012345678901", says: &["frame at byte 0: a length of more than 20 digits"] },
        Case { clause: "NS-5", input: b"0:,123456789012345678901", says: &["", "frame at byte 3: a length of more than 20 digits"] },
        Case { clause: "NS-6", input: b"99999999999999999999:abc", says: &["frame at byte 0: payload longer than the limit of 2 bytes", "end after 24 skipped bytes"] },
    ]);
    netstring(Netstring::new(2).on_excess(OnExcess::Truncate)).table(&[
        Case { clause: "NS-6", input: b"1:a,3:abc,2:ok,",       says: &["a", "ab (truncated)", "ok after 2 skipped bytes", "end"] },
        Case { clause: "NS-6", input: b"3:abcx1:a;",            says: &["ab (truncated)", "frame at byte 6: expected ',' after the payload, found 0x3b"] },
        Case { clause: "NS-6", input: b"3:ab",                  says: &["ab (truncated)", "end"] },
        Case { clause: "NS-7", input: b"3:a",                   says: &["frame at byte 0: the stream ended 3 bytes into the frame"] },
    ]);
    netstring(Netstring::new(0).on_excess(OnExcess::Truncate)).table(&[
        Case { clause: "NS-6", input: b"1:a,0:,",               says: &[" (truncated)", " after 2 skipped bytes", "end"] },
    ]);
}

/// What comes out of a whole stream, by the words of NS-1 to NS-7.
fn split_naively(stream: &[u8], max: usize, on_excess: OnExcess) -> Vec<String> {
    let too_long = format!("payload longer than the limit of {max} bytes");
    let with = |says: String, skipped: usize| if skipped > 0 { format!("{says} after {skipped} skipped bytes") } else { says };
    let (mut at, mut skipped, mut lines) = (0, 0, Vec::new());
    while at < stream.len() {
        let rest = &stream[at..];
        let fails = |why: &str| [&lines[..], &[format!("frame at byte {at}: {why}")]].concat();
        let ended = format!("the stream ended {} bytes into the frame", rest.len());
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let value = |count: usize| std::str::from_utf8(&rest[..count]).unwrap().parse::<u128>().unwrap();
        let found = rest.get(if rest[0] == b'0' { 1 } else { count });
        let found = if count > 20 && rest[0] != b'0' { Some(&rest[20]) } else { found };
        if on_excess == OnExcess::Fail && rest[0] != b'0' && (1..=count.min(20)).any(|count| value(count) > max as u128) {
            return fails(&too_long);
        }
        match found {
            None => return fails(&ended),
            Some(b':') if count > 0 => {}
            Some(found) if count == 0 => return fails(&format!("expected a digit, found {found:#04x}")),
            Some(found) if rest[0] == b'0' => return fails(&format!("expected ':' after a length that begins with 0, found {found:#04x}")),
            Some(b'0'..=b'9') => return fails("a length of more than 20 digits"),
            Some(found) => return fails(&format!("expected a digit or ':', found {found:#04x}")),
        }
        let payload = usize::try_from(value(count)).unwrap_or(usize::MAX);
        let (start, end) = (count + 1, (count + 1).saturating_add(payload));
        let len = end.saturating_add(1).min(rest.len());
        if payload <= max {
            match rest.get(end) {
                None => return fails(&ended),
                Some(b',') => lines.push(with(text(&rest[start..end]), skipped)),
                Some(found) => return fails(&format!("expected ',' after the payload, found {found:#04x}")),
            }
            skipped = 0;
        } else if on_excess == OnExcess::Discard {
            lines.push(format!("frame at byte {at}: {too_long}"));
            skipped += len;
        } else {
            let Some(shown) = rest.get(start..start + max) else { return fails(&ended) };
            lines.push(with(format!("{} (truncated)", text(shown)), skipped));
            skipped = len - start - max;
        }
        at += len;
    }
    lines.push(with("end".to_owned(), skipped));
    lines
}

/// Netstrings, and pieces of them.
#[derive(Clone, Debug)]
struct Pieces(Vec<u8>);

impl Arbitrary for Pieces {
    fn arbitrary(g: &mut Gen) -> Self {
        const PIECES: [&str; 17] = [
            "0:,",
            "1:a,",
            "2:,:,",
            "3:1:,,",
            "4:abcd,",
            "12:123456789012,",
            "0",
            "1",
            "2",
            ":",
            ",",
            "00:,",
            "a",
            "3:ab",
            "1:a;",
            "12",
            "99999999999999999999",
        ];
        let pieces = usize::arbitrary(g) % (g.size() + 1);
        let mut piece = || {
            let choices = if u8::arbitrary(g) % 6 == 0 { &PIECES[..] } else { &PIECES[..6] };
            g.choose(choices).unwrap().bytes()
        };
        Self((0..pieces).flat_map(|_| piece()).collect())
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        Box::new(self.0.shrink().map(Self))
    }
}

#[test]
fn ns_1_frames_are_those_of_a_naive_splitter() {
    let compare = |Pieces(input), max: u8, excess: u8| {
        let (max, on_excess) = (usize::from(max) % 14, EXCESSES[usize::from(excess) % 3]);
        let found = netstring(Netstring::new(max).on_excess(on_excess)).check(&input).lines();
        assert_eq!(found, split_naively(&input, max, on_excess), "{}", text(&input));
        true
    };
    property(10, 600, compare as fn(Pieces, u8, u8) -> bool);
}

#[test]
fn ns_8_a_payload_is_written_exactly_if_it_is_read_so() {
    let check = |payloads: Vec<Pieces>, max: u8| {
        let max = usize::from(max) % 14;
        let mut payloads: Vec<Vec<u8>> = payloads.into_iter().map(|Pieces(bytes)| bytes).collect();
        payloads.extend((0..16).map(|len| vec![b','; len]));
        let write = |payload: &[u8]| [payload.len().to_string().as_bytes(), b":", payload, b","].concat();
        check_encoding(|| Netstring::new(max), <[u8]>::to_vec, write, &payloads);
        true
    };
    property(8, 300, check as fn(Vec<Pieces>, u8) -> bool);
}
