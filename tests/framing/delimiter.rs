//! Delimiters.

use framewright::framing::{Delimited, Delimiter, LineEnding, OnExcess, SettingsError};
use framewright::testkit::{Case, Kit, text};

use super::lines::lines;
use super::{Stream, check_encoding, property};

fn show(frame: Delimited<'_>) -> String {
    format!("{}|{}", text(frame.payload()), text(frame.delimiter()))
}

fn delimiter<'a>(set: &'a [&str], max: usize, on_excess: OnExcess) -> Kit<Delimiter, impl Fn() -> Delimiter + 'a> {
    Kit::new(move || Delimiter::new(set, max).unwrap().on_excess(on_excess), |frame| show(frame))
}

#[rustfmt::skip]
#[test]
fn delimiters_end_frames() {
    delimiter(&["\r", "\r\n\r\n"], 9, OnExcess::Fail).table(&[
        Case { clause: "DL-1", input: b"a\r\n\r\nb",          says: &["a|\\r\\n\\r\\n", "b|", "end"] },
        Case { clause: "DL-1", input: b"a\r\nb",              says: &["a|\\r", "\\nb|", "end"] },
        Case { clause: "DL-2", input: b"a\r\n\rb",            says: &["a|\\r", "\\n|\\r", "b|", "end"] },
        Case { clause: "DL-3", input: b"a\r\n\r",             says: &["a|\\r", "\\n|\\r", "end"] },
        Case { clause: "DL-3", input: b"a\r",                 says: &["a|\\r", "end"] },
    ]);
    delimiter(&["bc", "abcd"], 9, OnExcess::Fail).table(&[
        Case { clause: "DL-1", input: b"abcd",                says: &["|abcd", "end"] },
        Case { clause: "DL-1", input: b"xabce",               says: &["xa|bc", "e|", "end"] },
        Case { clause: "DL-3", input: b"xabc",                says: &["xa|bc", "end"] },
    ]);
    delimiter(&["aa", "ab", "aabb", "b"], 9, OnExcess::Fail).table(&[
        Case { clause: "DL-1", input: b"aabbaabaa",           says: &["|aabb", "|aa", "|b", "|aa", "end"] },
        Case { clause: "DL-2", input: b"xaab",                says: &["x|aa", "|b", "end"] },
    ]);
    delimiter(&["b", "aab", "aaac"], 9, OnExcess::Fail).table(&[
        Case { clause: "DL-1", input: b"aaab",                says: &["a|aab", "end"] },
        Case { clause: "DL-1", input: b"aaaac",               says: &["a|aaac", "end"] },
        Case { clause: "DL-4", input: b"xaabyb",              says: &["x|aab", "y|b", "end"] },
    ]);
    delimiter(&["||", "|", "||"], 9, OnExcess::Fail).table(&[
        Case { clause: "DL-1", input: b"a||b|||",             says: &["a|||", "b|||", "||", "end"] },
        Case { clause: "DL-3", input: b"",                    says: &["end"] },
    ]);
    delimiter(&["a", "e", "i", "o", "ux"], 9, OnExcess::Fail).table(&[
        Case { clause: "DL-1", input: b"bacedux-u",           says: &["b|a", "c|e", "d|ux", "-u|", "end"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn delimited_payloads_are_limited() {
    const AT_0: &str = "frame at byte 0: payload longer than the limit of 3 bytes";
    delimiter(&["\r\n"], 3, OnExcess::Fail).table(&[
        Case { clause: "DL-5", input: b"abc\r\nabc\r",        says: &["abc|\\r\\n", "frame at byte 5: payload longer than the limit of 3 bytes"] },
        Case { clause: "DL-5", input: b"abc\rx",              says: &[AT_0] },
        Case { clause: "DL-5", input: b"abcd\r\n",            says: &[AT_0] },
        Case { clause: "DL-6", input: b"a\r\nabcd\r\nb\r\n",  says: &["a|\\r\\n", "frame at byte 3: payload longer than the limit of 3 bytes"] },
    ]);
    delimiter(&["bc", "abcd"], 3, OnExcess::Discard).table(&[
        Case { clause: "DL-6", input: b"xxxxabcdybc",         says: &[AT_0, "y|bc after 8 skipped bytes", "end"] },
        Case { clause: "DL-6", input: b"xxxabcdbc",           says: &["xxx|abcd", "|bc", "end"] },
        Case { clause: "DL-6", input: b"xxxabcxbc",           says: &[AT_0, "x|bc after 6 skipped bytes", "end"] },
        Case { clause: "DL-6", input: b"xxxxxab",             says: &[AT_0, "end after 7 skipped bytes"] },
    ]);
}

#[test]
fn dl_4_a_frame_tells_its_parts_and_the_whole() {
    fn whole(frame: Delimited<'_>) -> String {
        format!("{} = {} + {}", text(frame.encoded()), text(frame.payload()), text(frame.delimiter()))
    }
    Kit::new(|| Delimiter::new([";", "--"], 9).unwrap(), |frame| whole(frame)).table(&[Case {
        clause: "DL-4",
        input: b"a;bc--d",
        says: &["a; = a + ;", "bc-- = bc + --", "d = d + ", "end"],
    }]);
}

#[test]
fn dl_7_an_empty_delimiter_or_none_is_refused() {
    assert_eq!(Delimiter::new([""; 0], 9).err(), Some(SettingsError::NoDelimiter));
    assert_eq!(Delimiter::new(["a", ""], 9).err(), Some(SettingsError::EmptyDelimiter));
}

/// The frames of a whole stream, by the words of DL-1 to DL-3.
fn split_naively(mut stream: &[u8], set: &[Vec<u8>]) -> Vec<String> {
    let mut frames = Vec::new();
    let longest = |rest: &[u8]| set.iter().map(Vec::as_slice).filter(|one| rest.starts_with(one)).max_by_key(|one| one.len());
    while let Some((start, found)) = (0..stream.len()).find_map(|start| Some((start, longest(&stream[start..])?))) {
        frames.push(format!("{}|{}", text(&stream[..start]), text(found)));
        stream = &stream[start + found.len()..];
    }
    if !stream.is_empty() {
        frames.push(format!("{}|", text(stream)));
    }
    frames.push("end".to_owned());
    frames
}

#[test]
fn dl_1_frames_are_those_of_a_naive_splitter() {
    let compare = |Stream(input), set: Vec<Stream>| {
        let set: Vec<Vec<u8>> =
            set.into_iter().map(|one| one.0.into_iter().take(5).collect::<Vec<u8>>()).filter(|one| !one.is_empty()).collect();
        let Ok(framer) = Delimiter::new(&set, usize::MAX) else { return set.is_empty() };
        Kit::new(|| framer.clone(), |frame| show(frame)).check(&input).lines() == split_naively(&input, &set)
    };
    property(60, 400, compare as fn(Stream, Vec<Stream>) -> bool);
}

#[test]
fn dl_2_a_frame_comes_with_the_byte_that_makes_it_certain() {
    use framewright::{Engine, Step};
    let mut engine = Engine::new(Delimiter::new(["bc", "abcd", "bcde"], 9).unwrap());
    let mut fed = |byte: &[u8]| {
        let mut frames = engine.feed(byte).unwrap();
        matches!(frames.next_frame(), Ok(Step::Frame(..)))
    };
    assert_eq!([b"x", b"b", b"c"].map(|byte| fed(byte)), [false; 3]); // "bcde" may arrive
    assert!(fed(b"d") || fed(b"x"));
    assert_eq!([b"a", b"b", b"c"].map(|byte| fed(byte)), [false; 3]); // "abcd" may arrive
    assert!(fed(b"d"));
}

#[test]
fn dl_8_work_is_linear_for_any_set_and_chunk() {
    for set in [&["\n"][..], &["\r\n"], &["aaaab", "aab"], &["b", "c", "d", "e", "f"], &["ab", "ba", "bb"]] {
        for chunk in [1, 64, 1460] {
            delimiter(set, usize::MAX, OnExcess::Fail).check_linear(chunk, |n| b"a".repeat(4000 * n));
            delimiter(set, usize::MAX, OnExcess::Fail).check_linear(chunk, |n| b"\raaz".repeat(1000 * n));
            delimiter(set, 8, OnExcess::Discard).check_linear(chunk, |n| b"a".repeat(4000 * n));
        }
    }
    for chunk in [1, 64, 1460] {
        lines(usize::MAX, LineEnding::Any).check_linear(chunk, |n| b"a".repeat(4000 * n));
        lines(usize::MAX, LineEnding::CrLf).check_linear(chunk, |n| b"a\n\r".repeat(1400 * n));
        lines(usize::MAX, LineEnding::LfOrCrLf).check_linear(chunk, |n| b"a".repeat(4000 * n));
    }
}

#[test]
fn dl_9_a_payload_is_written_exactly_if_it_is_read_so() {
    let check = |payloads: Vec<Stream>, set: Vec<Stream>, max: u8| {
        let set: Vec<Vec<u8>> =
            set.into_iter().map(|one| one.0.into_iter().take(4).collect::<Vec<u8>>()).filter(|one| !one.is_empty()).collect();
        let Ok(framer) = Delimiter::new(&set, usize::from(max % 12)) else { return set.is_empty() };
        let is_whole = |end: &&Vec<u8>| set.iter().all(|other| other == *end || !other.starts_with(end));
        let end = set.iter().find(is_whole).unwrap();
        let payloads: Vec<Vec<u8>> = payloads.into_iter().map(|Stream(bytes)| bytes).collect();
        check_encoding(|| framer.clone(), |frame| frame.payload().to_vec(), |payload| [payload, end].concat(), &payloads);
        true
    };
    property(12, 2000, check as fn(Vec<Stream>, Vec<Stream>, u8) -> bool);
}
