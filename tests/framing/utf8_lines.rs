//! Lines of UTF-8.

use std::str;

use framewright::buf::SegmentedBuf;
use framewright::encode::EncodeError;
use framewright::engine::Frames;
use framewright::framing::{LineEnding, Lines, OnExcess, Unframable, Utf8Lines};
use framewright::testkit::{Case, Kit, text};
use framewright::{Engine, Step};
use quickcheck::{Arbitrary, Gen};

use super::{EXCESSES, check_encoding, property};

fn lines(max: usize, ending: LineEnding, on_excess: OnExcess) -> Kit<Utf8Lines, impl Fn() -> Utf8Lines> {
    Kit::new(move || Utf8Lines::new(max).ending(ending).on_excess(on_excess), |line| line.to_owned())
}

#[rustfmt::skip]
#[test]
fn lines_of_text() {
    lines(6, LineEnding::LfOrCrLf, OnExcess::Fail).table(&[
        Case { clause: "UL-1", input: b"",                                  says: &["end"] },
        Case { clause: "UL-1", input: b"\n",                                says: &["", "end"] },
        Case { clause: "UL-1", input: "one\nzwö\r\n€\n".as_bytes(),         says: &["one", "zwö", "€", "end"] },
        Case { clause: "UL-1", input: "a\r€\r\r\n€€".as_bytes(),            says: &["a\r€\r", "€€", "end"] },
        Case { clause: "UL-1", input: "ok\n€€.\n".as_bytes(),               says: &["ok", "frame at byte 3: payload longer than the limit of 6 bytes"] },
        Case { clause: "UL-2", input: b"\xff\n",                            says: &["frame at byte 0: not UTF-8, found 0xff at byte 0 of the line", "end after 2 skipped bytes"] },
        Case { clause: "UL-2", input: b"a\nb\xe2\x82\r\nc\n",               says: &["a", "frame at byte 2: not UTF-8, found 0xe2 at byte 1 of the line", "c after 5 skipped bytes", "end"] },
        Case { clause: "UL-2", input: b"\xc3\n\xa9\nab\xed\xa0\x80",        says: &["frame at byte 0: not UTF-8, found 0xc3 at byte 0 of the line", "frame at byte 2: not UTF-8, found 0xa9 at byte 0 of the line", "frame at byte 4: not UTF-8, found 0xed at byte 2 of the line", "end after 9 skipped bytes"] },
        Case { clause: "UL-2", input: b"12345\xc3",                         says: &["frame at byte 0: not UTF-8, found 0xc3 at byte 5 of the line", "end after 6 skipped bytes"] },
        Case { clause: "UL-2", input: b"\xff23456\n\xff234567",             says: &["frame at byte 0: not UTF-8, found 0xff at byte 0 of the line", "frame at byte 7: payload longer than the limit of 6 bytes"] },
    ]);
    lines(0, LineEnding::LfOrCrLf, OnExcess::Fail).table(&[
        Case { clause: "UL-1", input: b"\n\r\n\xff",                        says: &["", "", "frame at byte 3: payload longer than the limit of 0 bytes"] },
    ]);
    lines(4, LineEnding::Any, OnExcess::Discard).table(&[
        Case { clause: "UL-1", input: "é\ré\né\r\né".as_bytes(),            says: &["é", "é", "é", "é", "end"] },
        Case { clause: "UL-1", input: b"\xff\rtoo long \xff\rok",           says: &["frame at byte 0: not UTF-8, found 0xff at byte 0 of the line", "frame at byte 2: payload longer than the limit of 4 bytes", "ok after 13 skipped bytes", "end"] },
    ]);
    lines(4, LineEnding::CrLf, OnExcess::Fail).table(&[
        Case { clause: "UL-1", input: b"a\nb\r\n\xf0\x9f\x98\x80\r\n",      says: &["a\nb", "😀", "end"] },
        Case { clause: "UL-2", input: b"\xf0\x9f\n\x98\r\n",                says: &["frame at byte 0: not UTF-8, found 0xf0 at byte 0 of the line", "end after 6 skipped bytes"] },
    ]);
    lines(4, LineEnding::Lf, OnExcess::Fail).table(&[
        Case { clause: "UL-1", input: "é\r\n".as_bytes(),                   says: &["é\r", "end"] },
    ]);
    Kit::new(|| Utf8Lines::new(2).keep_ending(), |line| line.to_owned()).table(&[
        Case { clause: "UL-1", input: "é\r\nb\né".as_bytes(),               says: &["é\r\n", "b\n", "é", "end"] },
        Case { clause: "UL-2", input: b"b\xff\r\n",                         says: &["frame at byte 0: not UTF-8, found 0xff at byte 1 of the line", "end after 4 skipped bytes"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn lines_of_text_are_truncated_to_whole_characters() {
    let truncate = |max| lines(max, LineEnding::LfOrCrLf, OnExcess::Truncate);
    truncate(5).table(&[
        Case { clause: "UL-3", input: "abcdef\nabcdé\nabcdé".as_bytes(),    says: &["abcde (truncated)", "abcd (truncated) after 2 skipped bytes", "abcd (truncated) after 2 skipped bytes", "end after 1 skipped bytes"] },
        Case { clause: "UL-3", input: "ab€€\n€é\nabcé\n".as_bytes(),        says: &["ab€ (truncated)", "€é after 4 skipped bytes", "abcé", "end"] },
        Case { clause: "UL-3", input: "ab😀\r\nok\n".as_bytes(),            says: &["ab (truncated)", "ok after 3 skipped bytes", "end"] },
        // What the limit cuts is not judged, whatever follows it.
        Case { clause: "UL-3", input: b"abcd\xc3a\nok\n",                   says: &["abcd (truncated)", "ok after 2 skipped bytes", "end"] },
        // But bad bytes before it are, and so is the end of a line that is not cut.
        Case { clause: "UL-3", input: b"a\xffcd\xc3\xa9.\nok\n",            says: &["frame at byte 0: not UTF-8, found 0xff at byte 1 of the line", "ok after 8 skipped bytes", "end"] },
        Case { clause: "UL-3", input: b"abcd\xff.\nok\n",                   says: &["frame at byte 0: not UTF-8, found 0xff at byte 4 of the line", "ok after 7 skipped bytes", "end"] },
        Case { clause: "UL-3", input: b"abcd\xc3\nabcd\xc3",                says: &["frame at byte 0: not UTF-8, found 0xc3 at byte 4 of the line", "frame at byte 6: not UTF-8, found 0xc3 at byte 4 of the line", "end after 11 skipped bytes"] },
    ]);
    truncate(1).table(&[
        Case { clause: "UL-3", input: "é\n\n".as_bytes(),                   says: &[" (truncated)", " after 2 skipped bytes", "end"] },
    ]);
    truncate(0).table(&[
        Case { clause: "UL-3", input: "é\n\n".as_bytes(),                   says: &[" (truncated)", " after 3 skipped bytes", "end"] },
    ]);
}

/// Characters, whole and in parts, and what ends lines.
#[derive(Clone, Debug)]
struct Text(Vec<u8>);

impl Arbitrary for Text {
    fn arbitrary(g: &mut Gen) -> Self {
        const PIECES: &[&[u8]] = &[
            b"\n",
            b"\n",
            b"\r\n",
            b"\r",
            b"a",
            b"b",
            "é".as_bytes(),
            "€".as_bytes(),
            "😀".as_bytes(),
            b"\xc3",
            b"\x82",
            b"\xf0\x9f",
            b"\xff",
        ];
        let len = usize::arbitrary(g) % (g.size() + 1);
        // Most are without the broken pieces.
        let most = if bool::arbitrary(g) { PIECES.len() - 4 } else { PIECES.len() };
        Self((0..len).flat_map(|_| g.choose(&PIECES[..most]).copied().unwrap_or_default().to_vec()).collect())
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        Box::new(self.0.shrink().map(Self))
    }
}

const ENDINGS: [LineEnding; 4] = [LineEnding::Lf, LineEnding::CrLf, LineEnding::LfOrCrLf, LineEnding::Any];

/// The transcript of lines of bytes, each then taken for UTF-8 by the words of UL-2 and UL-3.
fn lines_then_text(lines: Lines, input: &[u8]) -> Vec<String> {
    let mut engine = Engine::new(lines);
    let mut said = Vec::new();
    let mut refused = 0;
    if read_as_text(&mut engine.feed(input).unwrap(), &mut said, &mut refused) {
        read_as_text(&mut engine.eof(), &mut said, &mut refused);
    }
    said
}

/// Takes what is there, and tells whether more may come. `refused` are the bytes of lines that were no text.
fn read_as_text(frames: &mut Frames<'_, Lines>, said: &mut Vec<String>, refused: &mut u64) -> bool {
    let after = |skipped| if skipped > 0 { format!(" after {skipped} skipped bytes") } else { String::new() };
    loop {
        match frames.next_frame() {
            Ok(Step::Frame(line, place)) => {
                let skipped = place.skipped + std::mem::take(refused);
                let shown = match str::from_utf8(line) {
                    Ok(line) => line,
                    Err(wrong) if place.truncated && wrong.error_len().is_none() => str::from_utf8(&line[..wrong.valid_up_to()]).unwrap(),
                    Err(wrong) => {
                        let at = wrong.valid_up_to();
                        said.push(format!("frame at byte {}: not UTF-8, found {:#04x} at byte {at} of the line", place.offset, line[at]));
                        *refused = skipped + u64::try_from(place.len).unwrap();
                        continue;
                    }
                };
                said.push(format!("{shown}{}{}", if place.truncated { " (truncated)" } else { "" }, after(skipped)));
            }
            Ok(Step::End(place)) => {
                said.push(format!("end{}", after(place.skipped + *refused)));
                return false;
            }
            Ok(_) => return true,
            Err(error) => {
                said.push(error.to_string());
                if error.is_fatal() {
                    return false;
                }
            }
        }
    }
}

#[test]
fn ul_1_lines_of_text_are_lines_that_are_then_read_as_utf_8() {
    let compare = |Text(input), max: u8, choice: u8, keep: bool| {
        let (ending, on_excess) = (ENDINGS[usize::from(choice % 4)], EXCESSES[usize::from(choice / 4 % 3)]);
        let max = usize::from(max % 12);
        let ours = Utf8Lines::new(max).ending(ending).on_excess(on_excess);
        let theirs = Lines::new(max).ending(ending).on_excess(on_excess);
        let (ours, theirs) = if keep { (ours.keep_ending(), theirs.keep_ending()) } else { (ours, theirs) };
        let found = Kit::new(|| ours.clone(), |line| line.to_owned()).check(&input).lines();
        assert_eq!(found, lines_then_text(theirs, &input), "{}", text(&input));
        true
    };
    property(40, 500, compare as fn(Text, u8, u8, bool) -> bool);
}

#[test]
fn ul_4_a_line_of_text_is_written_exactly_if_it_is_read_so() {
    let check = |payloads: Vec<Text>, max: u8, choice: u8, keep: bool| {
        let ending = ENDINGS[usize::from(choice % 4)];
        let make = || {
            let lines = Utf8Lines::new(usize::from(max % 12)).ending(ending);
            if keep { lines.keep_ending() } else { lines }
        };
        let end: &[u8] = match (keep, ending) {
            (true, _) => b"",
            (false, LineEnding::CrLf) => b"\r\n",
            (false, _) => b"\n",
        };
        let payloads: Vec<Vec<u8>> = payloads.into_iter().map(|Text(bytes)| bytes).collect();
        check_encoding(make, |line| line.as_bytes().to_vec(), |payload| [payload, end].concat(), &payloads);
        true
    };
    property(6, 2000, check as fn(Vec<Text>, u8, u8, bool) -> bool);
}

#[test]
fn ul_4_what_is_no_text_is_refused_and_said_where() {
    let mut output = SegmentedBuf::new();
    let unsent = output.send(&mut Utf8Lines::new(9), b"ab\xe2\x82").unwrap_err();
    assert_eq!(unsent.error, EncodeError::Fault(Unframable::NotUtf8 { at: 2 }));
    assert_eq!(unsent.error.to_string(), "the payload is not UTF-8 from byte 2 on");
}

#[test]
fn the_work_for_a_long_line_of_text_is_linear() {
    lines(usize::MAX, LineEnding::LfOrCrLf, OnExcess::Fail).check_linear(7, |n| "é".repeat(1000 * n).into_bytes());
}
