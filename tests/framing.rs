//! What the framers do, row by row.

use core::convert::Infallible;

use framewright::Decode;
use framewright::framing::{
    Counts, Delimited, Delimiter, LengthField, LengthFieldBuilder, LineEnding, Lines, OnExcess, SettingsError, Width,
};
use framewright::testkit::{Case, Kit, text};
use quickcheck::{Arbitrary, Gen, QuickCheck, Testable};

/// Rounds of a property: fewer where `FRAMEWRIGHT_QUICK` asks for it.
fn rounds(usual: u64) -> u64 {
    if std::env::var_os("FRAMEWRIGHT_QUICK").is_some() { usual / 10 } else { usual }
}

const SEED: u64 = 0x6672_616d_6577;

fn property(size: usize, usual: u64, property: impl Testable) {
    let rounds = rounds(usual);
    QuickCheck::new().rng(Gen::from_size_and_seed(size, SEED)).tests(rounds).max_tests(rounds).quickcheck(property);
}

/// Bytes that framers give a meaning to, and a few others.
#[derive(Clone, Debug)]
struct Stream(Vec<u8>);

impl Arbitrary for Stream {
    fn arbitrary(g: &mut Gen) -> Self {
        let len = usize::arbitrary(g) % (g.size() + 1);
        Self((0..len).map(|_| *g.choose(b"\n\n\r\r\nab\0\x01\x02\x03\x05\xff").unwrap_or(&0)).collect())
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        Box::new(self.0.shrink().map(Self))
    }
}

fn lines(max: usize, ending: LineEnding) -> Kit<Lines, impl Fn() -> Lines> {
    Kit::new(move || Lines::new(max).ending(ending), |frame| text(frame))
}

const TOO_LONG: &str = "frame at byte 0: payload longer than the limit of 5 bytes";

#[rustfmt::skip]
#[test]
fn lines_by_lf_or_crlf() {
    lines(5, LineEnding::LfOrCrLf).table(&[
        Case { clause: "LN-6", input: b"",                    says: &["end"] },
        Case { clause: "LN-1", input: b"\n",                  says: &["", "end"] },
        Case { clause: "LN-1", input: b"\r\n",                says: &["", "end"] },
        Case { clause: "LN-1", input: b"one\ntwo\r\n\n",      says: &["one", "two", "", "end"] },
        Case { clause: "LN-1", input: b"a\rb\r\r\n",          says: &["a\\rb\\r", "end"] },
        Case { clause: "LN-6", input: b"one\ntwo",            says: &["one", "two", "end"] },
        Case { clause: "LN-6", input: b"one\r",               says: &["one\\r", "end"] },
        Case { clause: "LN-4", input: b"12345\n1234\r\n",     says: &["12345", "1234", "end"] },
        Case { clause: "LN-4", input: b"12345\r\n",           says: &["12345", "end"] },
        Case { clause: "LN-4", input: b"123456\n",            says: &[TOO_LONG] },
        Case { clause: "LN-4", input: b"123456",              says: &[TOO_LONG] },
        Case { clause: "LN-4", input: b"12345\r",             says: &[TOO_LONG] },
        Case { clause: "LN-4", input: b"12345\rx",            says: &[TOO_LONG] },
        Case { clause: "LN-4", input: b"12345\r\r\n",         says: &[TOO_LONG] },
        Case { clause: "LN-5", input: b"ok\n123456\nlost\n",  says: &["ok", "frame at byte 3: payload longer than the limit of 5 bytes"] },
    ]);
    lines(0, LineEnding::LfOrCrLf).table(&[
        Case { clause: "LN-4", input: b"\n\r\n",              says: &["", "", "end"] },
        Case { clause: "LN-4", input: b"\n\nx\n",             says: &["", "", "frame at byte 2: payload longer than the limit of 0 bytes"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn lines_by_other_endings() {
    lines(5, LineEnding::Lf).table(&[
        Case { clause: "LN-2", input: b"a\r\nb\n\r",          says: &["a\\r", "b", "\\r", "end"] },
        Case { clause: "LN-4", input: b"1234\r\n",            says: &["1234\\r", "end"] },
        Case { clause: "LN-4", input: b"12345\r\n",           says: &[TOO_LONG] },
    ]);
    lines(5, LineEnding::CrLf).table(&[
        Case { clause: "LN-2", input: b"a\nb\r\n\r\n\n",      says: &["a\\nb", "", "\\n", "end"] },
        Case { clause: "LN-2", input: b"\n\r\r\n\r",          says: &["\\n\\r", "\\r", "end"] },
        Case { clause: "LN-4", input: b"12345\r\n",           says: &["12345", "end"] },
        Case { clause: "LN-4", input: b"12345\n",             says: &[TOO_LONG] },
        Case { clause: "LN-4", input: b"12345\r\r\n",         says: &[TOO_LONG] },
    ]);
    lines(5, LineEnding::Any).table(&[
        Case { clause: "LN-3", input: b"a\rb\nc\r\nd",        says: &["a", "b", "c", "d", "end"] },
        Case { clause: "LN-3", input: b"\r\r\n\n\r",          says: &["", "", "", "", "end"] },
        Case { clause: "LN-3", input: b"abc\r",               says: &["abc", "end"] },
        Case { clause: "LN-4", input: b"12345\r",             says: &["12345", "end"] },
        Case { clause: "LN-4", input: b"12345\r123456",       says: &["12345", "frame at byte 6: payload longer than the limit of 5 bytes"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn lines_beyond_the_limit_are_discarded() {
    let discard = |ending| Kit::new(move || Lines::new(5).ending(ending).on_excess(OnExcess::Discard), |frame| text(frame));
    discard(LineEnding::LfOrCrLf).table(&[
        Case { clause: "LN-5", input: b"ok\n1234567\r\nok\n", says: &["ok", "frame at byte 3: payload longer than the limit of 5 bytes", "ok after 9 skipped bytes", "end"] },
        Case { clause: "LN-5", input: b"1234567",             says: &[TOO_LONG, "end after 7 skipped bytes"] },
        Case { clause: "LN-5", input: b"123456\r",            says: &[TOO_LONG, "end after 7 skipped bytes"] },
        Case { clause: "LN-5", input: b"123456\n123456\n1",   says: &[TOO_LONG, "frame at byte 7: payload longer than the limit of 5 bytes", "1 after 14 skipped bytes", "end"] },
    ]);
    discard(LineEnding::Any).table(&[
        Case { clause: "LN-5", input: b"123456789\r\rx",      says: &[TOO_LONG, " after 10 skipped bytes", "x", "end"] },
        Case { clause: "LN-5", input: b"123456789\r\nx",      says: &[TOO_LONG, "x after 11 skipped bytes", "end"] },
    ]);
    discard(LineEnding::CrLf).table(&[
        Case { clause: "LN-5", input: b"123456\n\r\r\nx",     says: &[TOO_LONG, "x after 10 skipped bytes", "end"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn lines_keep_their_endings() {
    let keep = |ending| Kit::new(move || Lines::new(5).ending(ending).keep_ending(), |frame| text(frame));
    keep(LineEnding::LfOrCrLf).table(&[
        Case { clause: "LN-7", input: b"a\n12345\r\n\nb",     says: &["a\\n", "12345\\r\\n", "\\n", "b", "end"] },
        Case { clause: "LN-7", input: b"123456\n",            says: &[TOO_LONG] },
    ]);
    keep(LineEnding::Any).table(&[
        Case { clause: "LN-7", input: b"a\rb\r\nc\n",         says: &["a\\r", "b\\r\\n", "c\\n", "end"] },
    ]);
}

/// The delimiters that mean the same as an ending.
fn delimiters(ending: LineEnding) -> &'static [&'static str] {
    match ending {
        LineEnding::Lf => &["\n"],
        LineEnding::CrLf => &["\r\n"],
        LineEnding::LfOrCrLf => &["\r\n", "\n"],
        LineEnding::Any => &["\r", "\n", "\r\n"],
    }
}

const ENDINGS: [LineEnding; 4] = [LineEnding::Lf, LineEnding::CrLf, LineEnding::LfOrCrLf, LineEnding::Any];
const EXCESSES: [OnExcess; 2] = [OnExcess::Fail, OnExcess::Discard];

#[test]
fn ln_8_lines_are_what_the_same_delimiters_make() {
    let compare = |Stream(input), max: u8, choice: u8| {
        let (ending, on_excess) = (ENDINGS[usize::from(choice % 4)], EXCESSES[usize::from(choice / 4 % 2)]);
        let max = usize::from(max % 9);
        let ours = Kit::new(|| Lines::new(max).ending(ending).on_excess(on_excess), |frame| text(frame));
        let theirs = Kit::new(|| Delimiter::new(delimiters(ending), max).unwrap().on_excess(on_excess), |frame| text(frame.payload()));
        ours.check(&input) == theirs.check(&input)
    };
    property(150, 300, compare as fn(Stream, u8, u8) -> bool);
}

#[test]
fn ln_8_kept_line_ends_are_those_of_the_stream() {
    // Long enough for many blocks, with limits that never matter: dense, sparse and mixed.
    for (round, ending) in (0..rounds(40)).flat_map(|round| ENDINGS.map(|ending| (round, ending))) {
        let period = 1 + usize::try_from(round).unwrap() * 3;
        let input: Vec<u8> = (0..700_usize)
            .map(|at| match (at * at + 7 * at) % period {
                0 => b'\n',
                1 => b'\r',
                _ => b'a' + u8::try_from(at % 26).unwrap(),
            })
            .collect();
        let ours = Kit::new(|| Lines::new(usize::MAX).ending(ending), |frame| text(frame)).random(round, 12);
        let theirs = Kit::new(|| Delimiter::new(delimiters(ending), usize::MAX).unwrap(), |frame| text(frame.payload())).random(round, 1);
        assert_eq!(ours.check(&input), theirs.check(&input), "{ending:?}, one in {period}");
    }
}

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

fn length(builder: LengthFieldBuilder) -> Kit<LengthField, impl Fn() -> LengthField> {
    Kit::new(move || builder.build().unwrap(), |frame| text(frame))
}

#[rustfmt::skip]
#[test]
fn lengths_of_every_width_and_order() {
    let payload = |width| LengthField::builder(width, Counts::Payload, 3);
    length(payload(Width::U8)).table(&[
        Case { clause: "LF-1", input: b"\0\x01a\x03abc",                  says: &["", "a", "abc", "end"] },
        Case { clause: "LF-4", input: b"\x03abc\x04",                     says: &["abc", "frame at byte 4: payload longer than the limit of 3 bytes"] },
        Case { clause: "LF-4", input: b"\x03ab",                          says: &["frame at byte 0: the stream ended 3 bytes into the frame"] },
    ]);
    length(payload(Width::U16)).table(&[
        Case { clause: "LF-1", input: b"\0\x02ab\0\0\0\x01c",             says: &["ab", "", "c", "end"] },
        Case { clause: "LF-1", input: b"\0",                              says: &["frame at byte 0: the stream ended 1 bytes into the frame"] },
        Case { clause: "LF-4", input: b"\x01\0",                          says: &["frame at byte 0: payload longer than the limit of 3 bytes"] },
    ]);
    length(payload(Width::U16).little_endian()).table(&[
        Case { clause: "LF-1", input: b"\x02\0ab\x01\0c\0\0",             says: &["ab", "c", "", "end"] },
        Case { clause: "LF-4", input: b"\0\x01",                          says: &["frame at byte 0: payload longer than the limit of 3 bytes"] },
    ]);
    length(payload(Width::U24)).table(&[
        Case { clause: "LF-1", input: b"\0\0\x02ab",                      says: &["ab", "end"] },
        Case { clause: "LF-4", input: b"\x01\0\x01",                      says: &["frame at byte 0: payload longer than the limit of 3 bytes"] },
    ]);
    length(payload(Width::U24).little_endian()).table(&[
        Case { clause: "LF-1", input: b"\x02\0\0ab\x01\0\0c",             says: &["ab", "c", "end"] },
    ]);
    length(payload(Width::U32)).table(&[
        Case { clause: "LF-1", input: b"\0\0\0\x02ab\0\0\0\0",            says: &["ab", "", "end"] },
        Case { clause: "LF-4", input: b"\x80\0\0\0",                      says: &["frame at byte 0: payload longer than the limit of 3 bytes"] },
    ]);
    length(payload(Width::U32).little_endian()).table(&[
        Case { clause: "LF-1", input: b"\x02\0\0\0ab",                    says: &["ab", "end"] },
    ]);
    length(payload(Width::U64)).table(&[
        Case { clause: "LF-1", input: b"\0\0\0\0\0\0\0\x02ab",            says: &["ab", "end"] },
        Case { clause: "LF-7", input: b"\xff\xff\xff\xff\xff\xff\xff\xff", says: &["frame at byte 0: payload longer than the limit of 3 bytes"] },
        Case { clause: "LF-7", input: b"\0\0\0\x01\0\0\0\0",              says: &["frame at byte 0: payload longer than the limit of 3 bytes"] },
    ]);
    length(payload(Width::U64).little_endian()).table(&[
        Case { clause: "LF-1", input: b"\x02\0\0\0\0\0\0\0ab",            says: &["ab", "end"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn lengths_that_count_other_things() {
    length(LengthField::builder(Width::U8, Counts::Frame, 9).offset(1)).table(&[
        Case { clause: "LF-2", input: b"t\x02t\x04abt\x02",               says: &["", "ab", "", "end"] },
        Case { clause: "LF-6", input: b"t\x02t\x01",                      says: &["", "frame at byte 2: a length of 1 is too small, header and trailer need 2 at least"] },
        Case { clause: "LF-6", input: b"t\0t\0t\0",                       says: &["frame at byte 0: a length of 0 is too small, header and trailer need 2 at least"] },
    ]);
    length(LengthField::builder(Width::U8, Counts::Adjusted(-1), 9).offset(1).keep_header()).table(&[
        Case { clause: "LF-2", input: b"t\x01t\x03ab",                    says: &["t\\x01", "t\\x03ab", "end"] },
        Case { clause: "LF-6", input: b"t\0",                             says: &["frame at byte 0: a length of 0 is too small, header and trailer need 1 at least"] },
    ]);
    length(LengthField::builder(Width::U8, Counts::Adjusted(-5), 9)).table(&[
        Case { clause: "LF-6", input: b"\x05\x06a\x04",                   says: &["", "a", "frame at byte 3: a length of 4 is too small, header and trailer need 5 at least"] },
    ]);
    length(LengthField::builder(Width::U8, Counts::Adjusted(2), 4)).table(&[
        Case { clause: "LF-2", input: b"\0ab\x01abc\x03",                 says: &["ab", "abc", "frame at byte 7: payload longer than the limit of 4 bytes"] },
    ]);
    length(LengthField::builder(Width::U8, Counts::Payload, 9).header(3).trailer(2)).table(&[
        Case { clause: "LF-3", input: b"\x02hhabtt\0hhtt",                says: &["ab", "", "end"] },
    ]);
    length(LengthField::builder(Width::U8, Counts::Frame, 9).header(2).trailer(1).keep_trailer()).table(&[
        Case { clause: "LF-3", input: b"\x05habt\x03ht",                  says: &["abt", "t", "end"] },
        Case { clause: "LF-6", input: b"\x02h",                           says: &["frame at byte 0: a length of 2 is too small, header and trailer need 3 at least"] },
    ]);
    length(LengthField::builder(Width::U8, Counts::Payload, 5).trailer(1).keep_header().keep_trailer()).table(&[
        Case { clause: "LF-3", input: b"\x03abct",                        says: &["\\x03abct", "end"] },
        Case { clause: "LF-4", input: b"\x04",                            says: &["frame at byte 0: frame longer than the limit of 5 bytes"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn lengths_beyond_the_limit_are_discarded() {
    let discard = LengthField::builder(Width::U8, Counts::Payload, 2).on_excess(OnExcess::Discard);
    length(discard).table(&[
        Case { clause: "LF-5", input: b"\x01a\x04abcd\x02ok",             says: &["a", "frame at byte 2: payload longer than the limit of 2 bytes", "ok after 5 skipped bytes", "end"] },
        Case { clause: "LF-5", input: b"\x03abc\x03abc\0",                says: &["frame at byte 0: payload longer than the limit of 2 bytes", "frame at byte 4: payload longer than the limit of 2 bytes", " after 8 skipped bytes", "end"] },
        Case { clause: "LF-5", input: b"\x09ab",                          says: &["frame at byte 0: payload longer than the limit of 2 bytes", "end after 3 skipped bytes"] },
    ]);
    length(LengthField::builder(Width::U64, Counts::Payload, 2).on_excess(OnExcess::Discard)).table(&[
        Case { clause: "LF-7", input: b"\xff\xff\xff\xff\xff\xff\xff\xffrest", says: &["frame at byte 0: payload longer than the limit of 2 bytes", "end after 12 skipped bytes"] },
    ]);
}

#[test]
fn lf_7_a_payload_within_the_limit_may_still_make_a_frame_that_cannot_be_counted() {
    // Where `usize` has 64 bits, the payload is not above the limit, but the frame is above what can be counted.
    let limit = usize::MAX;
    let expected = match u64::try_from(limit) {
        Ok(u64::MAX) => format!("frame at byte 0: frame longer than the limit of {limit} bytes"),
        _ => format!("frame at byte 0: payload longer than the limit of {limit} bytes"),
    };
    let builder = LengthField::builder(Width::U64, Counts::Payload, limit).on_excess(OnExcess::Discard);
    let lines = length(builder).limits(usize::MAX, 1 << 20).check(b"\xff\xff\xff\xff\xff\xff\xff\xff").lines();
    assert_eq!(lines[0], expected);
}

#[test]
fn lf_8_settings_that_no_frame_can_satisfy_are_refused() {
    let refused = |builder: LengthFieldBuilder| builder.build().err();
    let payload = |width, max| LengthField::builder(width, Counts::Payload, max);
    assert_eq!(refused(payload(Width::U32, 9).offset(2).header(5)), Some(SettingsError::HeaderTooShort { header: 5, field_end: 6 }));
    assert_eq!(refused(payload(Width::U8, 1).offset(1).keep_header()), Some(SettingsError::LimitTooSmall { limit: 1, shortest: 2 }));
    assert_eq!(refused(payload(Width::U8, 2).offset(1).keep_header()), None);
    let counts = |counts, header: usize| LengthField::builder(Width::U8, counts, 999).header(header);
    assert_eq!(refused(counts(Counts::Frame, 256)), Some(SettingsError::NeverLongEnough { longest: 255, around: 256 }));
    assert_eq!(refused(counts(Counts::Frame, 255)), None);
    assert_eq!(refused(counts(Counts::Adjusted(-256), 1)), Some(SettingsError::NeverLongEnough { longest: 0, around: 1 }));
    assert_eq!(refused(counts(Counts::Adjusted(-255), 1)), None);
    assert_eq!(refused(counts(Counts::Adjusted(2000), 1)), Some(SettingsError::LimitTooSmall { limit: 999, shortest: 2001 }));
    assert_eq!(refused(counts(Counts::Adjusted(i64::MAX), 1)), Some(SettingsError::TooLarge));
    assert_eq!(refused(payload(Width::U8, 9).offset(usize::MAX)), Some(SettingsError::TooLarge));
    assert_eq!(refused(payload(Width::U8, 9).trailer(usize::MAX)), Some(SettingsError::TooLarge));
}

/// Settings of a length field, from numbers.
#[derive(Clone, Copy, Debug)]
struct Settings {
    width: usize,
    little: bool,
    offset: usize,
    beyond: usize,
    trailer: usize,
    counts: Counts,
    keep: (bool, bool),
    max: usize,
}

impl Arbitrary for Settings {
    fn arbitrary(g: &mut Gen) -> Self {
        let mut below = |n: usize| usize::arbitrary(g) % n;
        let counts = match below(4) {
            0 => Counts::Frame,
            1 => Counts::Adjusted(4 - i64::try_from(below(12)).unwrap_or(0)),
            _ => Counts::Payload,
        };
        let keep = (below(2) == 0, below(2) == 0);
        Self { width: below(5), little: below(2) == 0, offset: below(3), beyond: below(3), trailer: below(3), counts, keep, max: below(12) }
    }
}

impl Settings {
    const WIDTHS: [(Width, usize); 5] = [(Width::U8, 1), (Width::U16, 2), (Width::U24, 3), (Width::U32, 4), (Width::U64, 8)];

    fn framer(self) -> Result<LengthField, SettingsError> {
        let (width, bytes) = Self::WIDTHS[self.width];
        let header = self.offset + bytes + self.beyond;
        let mut builder = LengthField::builder(width, self.counts, self.max).offset(self.offset).header(header).trailer(self.trailer);
        builder = if self.little { builder.little_endian() } else { builder };
        builder = if self.keep.0 { builder.keep_header() } else { builder };
        builder = if self.keep.1 { builder.keep_trailer() } else { builder };
        builder.build()
    }

    /// The frames of a whole stream, by the words of LF-1 to LF-6.
    fn split_naively(self, mut stream: &[u8]) -> Vec<String> {
        let (_, bytes) = Self::WIDTHS[self.width];
        let (field_end, mut frames) = (self.offset + bytes, Vec::new());
        let header = field_end + self.beyond;
        let around = i128::try_from(header + self.trailer).unwrap();
        while !stream.is_empty() {
            let Some(field) = stream.get(self.offset..field_end) else { return [frames, vec!["truncated".to_owned()]].concat() };
            let digits: Vec<u8> = if self.little { field.iter().rev().copied().collect() } else { field.to_vec() };
            let value = digits.iter().fold(0_i128, |value, digit| value * 256 + i128::from(*digit));
            let frame = match self.counts {
                Counts::Payload => value + around,
                Counts::Frame => value,
                Counts::Adjusted(adjustment) => i128::try_from(field_end).unwrap() + value + i128::from(adjustment),
            };
            let (from, until) = (if self.keep.0 { 0 } else { header }, if self.keep.1 { 0 } else { self.trailer });
            if frame < around {
                return [frames, vec!["too short".to_owned()]].concat();
            }
            if frame - i128::try_from(from + until).unwrap() > i128::try_from(self.max).unwrap() {
                return [frames, vec!["too long".to_owned()]].concat();
            }
            let len = usize::try_from(frame).unwrap();
            let Some(whole) = stream.get(..len) else { return [frames, vec!["truncated".to_owned()]].concat() };
            frames.push(text(&whole[from..len - until]));
            stream = &stream[len..];
        }
        [frames, vec!["end".to_owned()]].concat()
    }
}

#[test]
fn lf_2_frames_are_those_of_a_naive_splitter() {
    let compare = |Stream(input), settings: Settings| {
        let Ok(framer) = settings.framer() else { return true };
        let mut found = Kit::new(|| framer.clone(), |frame| text(frame)).check(&input).lines();
        if let Some(last) = found.last_mut() {
            let short = [("the stream ended", "truncated"), ("too small", "too short"), ("longer than", "too long")];
            if let Some((_, name)) = short.iter().find(|(part, _)| last.contains(part)) {
                (*name).clone_into(last);
            }
        }
        found == settings.split_naively(&input)
    };
    property(80, 500, compare as fn(Stream, Settings) -> bool);
}

#[test]
fn faults_of_lines_are_impossible_by_type() {
    fn infallible<D: Decode<Fault = Infallible>>(_: &D) {}
    infallible(&Lines::new(1));
}
