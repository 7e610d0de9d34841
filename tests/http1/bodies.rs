//! Bodies in parts: rows D of the table of what peers do.

use framewright::buf::StreamBuf;
use framewright::http1::{Body, BodyForm, BodyPart, ChunkLines, Leniency, Limits, Rules};
use framewright::testkit::Case;
use framewright::{Engine, Step};

use super::body;

#[rustfmt::skip]
#[test]
fn bodies_of_a_length() {
    body(BodyForm::Length(3), Rules::STRICT).table(&[
        Case { clause: "HB-2", input: b"abc",    says: &["+abc", "end {}", "end"] },
        Case { clause: "HB-2", input: b"abcGET", says: &["+abc", "end {}", "end", "unread: GET"] },
        Case { clause: "HB-2", input: b"",       says: &["frame at byte 0: the stream ended 0 bytes into the frame"] },
        Case { clause: "HB-2", input: b"ab",     says: &["+ab", "frame at byte 2: the stream ended 0 bytes into the frame"] },
    ]);
    body(BodyForm::UntilClose, Rules::STRICT).table(&[
        Case { clause: "HB-3", input: b"",       says: &["end {}", "end"] },
        Case { clause: "HB-3", input: b"abc",    says: &["+abc", "end {}", "end"] },
    ]);
    body(BodyForm::UntilClose, Rules::new(Limits { max_body: 3, ..Limits::DEFAULT })).table(&[
        Case { clause: "HL-1", input: b"abc",    says: &["+abc", "end {}", "end"] },
        Case { clause: "HL-1", input: b"abcd",   says: &["+abc", "frame at byte 3: expected a shorter body at byte 0 (RFC 9110 section 15.5.14)"] },
    ]);
}

#[rustfmt::skip]
#[test]
fn bodies_in_chunks() {
    body(BodyForm::Chunked, Rules::STRICT).table(&[
        Case { clause: "HB-4", input: b"0\r\n\r\n",                     says: &["end {}", "end"] },
        Case { clause: "HB-4", input: b"5\r\nhello\r\n0\r\n\r\nX",      says: &["+hello", "end {}", "end", "unread: X"] },
        Case { clause: "HB-4", input: b"a\r\n0\r\n\r\n5\r\nab\r\nB\r\n0123456789a\r\n00\r\n\r\n", says: &["+0\\r\\n\\r\\n5\\r\\nab0123456789a", "end {}", "end"] },
        Case { clause: "HB-4", input: b"",                              says: &["frame at byte 0: the stream ended 0 bytes into the frame"] },
        Case { clause: "HB-4", input: b"5",                             says: &["frame at byte 0: the stream ended 1 bytes into the frame"] },
        Case { clause: "HB-4", input: b"5\r\n",                         says: &["frame at byte 0: the stream ended 3 bytes into the frame"] },
        Case { clause: "HB-4", input: b"3\r\nabc\r\n",                  says: &["+abc", "frame at byte 6: the stream ended 2 bytes into the frame"] },
        Case { clause: "HB-4", input: b"3\r\nab",                       says: &["+ab", "frame at byte 5: the stream ended 0 bytes into the frame"] },
        Case { clause: "HB-4", input: b"0\r\n",                         says: &["frame at byte 0: the stream ended 3 bytes into the frame"] },
        // D1, D2, D4, D5: sizes.
        Case { clause: "HB-5", input: b"\r\n\r\n",                      says: &["frame at byte 0: expected a chunk size of 1 to 16 hex digits at byte 0, found 0x0d (RFC 9112 section 7.1)"] },
        Case { clause: "HB-5", input: b"0x3\r\nabc\r\n",                says: &["frame at byte 0: expected a chunk extension or CR LF at byte 1, found 0x78 (RFC 9112 section 7.1.1)"] },
        Case { clause: "HB-5", input: b"+3\r\nabc\r\n",                 says: &["frame at byte 0: expected a chunk size of 1 to 16 hex digits at byte 0, found 0x2b (RFC 9112 section 7.1)"] },
        Case { clause: "HB-5", input: b"-3\r\nabc\r\n",                 says: &["frame at byte 0: expected a chunk size of 1 to 16 hex digits at byte 0, found 0x2d (RFC 9112 section 7.1)"] },
        Case { clause: "HB-5", input: b"0_3\r\nabc\r\n",                says: &["frame at byte 0: expected a chunk extension or CR LF at byte 1, found 0x5f (RFC 9112 section 7.1.1)"] },
        Case { clause: "HB-5", input: b" 3\r\nabc\r\n",                 says: &["frame at byte 0: expected a chunk size of 1 to 16 hex digits at byte 0, found 0x20 (RFC 9112 section 7.1)"] },
        Case { clause: "HB-5", input: b"0000000000000003\r\nabc\r\n0\r\n\r\n", says: &["+abc", "end {}", "end"] },
        Case { clause: "HB-5", input: b"00000000000000003\r\n",         says: &["frame at byte 0: expected a chunk size of 1 to 16 hex digits at byte 16, found 0x33 (RFC 9112 section 7.1)"] },
        Case { clause: "HB-5", input: b"f0000000000000003\r\n",         says: &["frame at byte 0: expected a chunk size of 1 to 16 hex digits at byte 16, found 0x33 (RFC 9112 section 7.1)"] },
        Case { clause: "HB-5", input: b"8000000000000000\r\n",          says: &["frame at byte 0: expected a smaller chunk at byte 0, found 0x38 (RFC 9112 section 7.1)"] },
        Case { clause: "HB-5", input: b"7fffffffffffffff\r\na",         says: &["+a", "frame at byte 19: the stream ended 0 bytes into the frame"] },
        // D3, D6 to D9: the rest of the line.
        Case { clause: "HB-6", input: b"3 \r\nabc\r\n",                 says: &["frame at byte 0: expected a chunk extension or CR LF at byte 1, found 0x20 (RFC 9112 section 7.1.1)"] },
        Case { clause: "HB-6", input: b"5\nhello",                      says: &["frame at byte 0: expected CR before LF at byte 1, found 0x0a (RFC 9112 section 2.2)"] },
        Case { clause: "HB-6", input: b"5;a\nb\r\nhello",               says: &["frame at byte 0: expected CR before LF at byte 3, found 0x0a (RFC 9112 section 2.2)"] },
        Case { clause: "HB-6", input: b"2;\nxx\r\n47\r\n",              says: &["frame at byte 0: expected CR before LF at byte 2, found 0x0a (RFC 9112 section 2.2)"] },
        Case { clause: "HB-6", input: b"2 \nxx\r\n4c\r\n",              says: &["frame at byte 0: expected a chunk extension or CR LF at byte 1, found 0x20 (RFC 9112 section 7.1.1)"] },
        Case { clause: "HB-6", input: b"5;a\rb\r\nhello",               says: &["frame at byte 0: expected LF behind CR at byte 4, found 0x62 (RFC 9112 section 2.2)"] },
        Case { clause: "HB-6", input: b"5\r\r\nhello",                  says: &["frame at byte 0: expected LF behind CR at byte 2, found 0x0d (RFC 9112 section 2.2)"] },
        Case { clause: "HB-7", input: b"3;a;b=c;d=\"e\\\";\t\xff\"\r\nabc\r\n0;x\r\n\r\n", says: &["+abc", "end {}", "end"] },
        Case { clause: "HB-7", input: b"3;\r\nabc\r\n",                 says: &["frame at byte 0: expected a chunk extension or CR LF at byte 2, found 0x0d (RFC 9112 section 7.1.1)"] },
        Case { clause: "HB-7", input: b"3;a=\r\nabc\r\n",               says: &["frame at byte 0: expected a chunk extension or CR LF at byte 4, found 0x0d (RFC 9112 section 7.1.1)"] },
        Case { clause: "HB-7", input: b"3;a\x01\r\nabc\r\n",            says: &["frame at byte 0: expected a chunk extension or CR LF at byte 3, found 0x01 (RFC 9112 section 7.1.1)"] },
        Case { clause: "HB-7", input: b"3;a=\"b\r\nabc\r\n",            says: &["frame at byte 0: expected a chunk extension or CR LF at byte 6, found 0x0d (RFC 9112 section 7.1.1)"] },
        Case { clause: "HB-7", input: b"3;a=\"\\\x01\"\r\nabc\r\n",     says: &["frame at byte 0: expected a chunk extension or CR LF at byte 6, found 0x01 (RFC 9112 section 7.1.1)"] },
        Case { clause: "HB-7", input: b"3; a\r\nabc\r\n",               says: &["frame at byte 0: expected a chunk extension or CR LF at byte 2, found 0x20 (RFC 9112 section 7.1.1)"] },
        Case { clause: "HB-7", input: b"3;a =b\r\nabc\r\n",             says: &["frame at byte 0: expected a chunk extension or CR LF at byte 3, found 0x20 (RFC 9112 section 7.1.1)"] },
        // D12: both bytes behind the data.
        Case { clause: "HB-8", input: b"3\r\nxxx__1a\r\n",              says: &["+xxx", "frame at byte 6: expected CR LF behind the data of a chunk at byte 0, found 0x5f (RFC 9112 section 7.1)"] },
        Case { clause: "HB-8", input: b"3\r\nabc\n0\r\n\r\n",           says: &["+abc", "frame at byte 6: expected CR LF behind the data of a chunk at byte 0, found 0x0a (RFC 9112 section 7.1)"] },
        Case { clause: "HB-8", input: b"3\r\nabc\rX",                   says: &["+abc", "frame at byte 6: expected CR LF behind the data of a chunk at byte 1, found 0x58 (RFC 9112 section 7.1)"] },
        Case { clause: "HB-8", input: b"3\r\nabc0\r\n\r\n",             says: &["+abc", "frame at byte 6: expected CR LF behind the data of a chunk at byte 0, found 0x30 (RFC 9112 section 7.1)"] },
        Case { clause: "HB-8", input: b"3\r\nabc\r\nx\r\n",             says: &["+abc", "frame at byte 6: expected a chunk size of 1 to 16 hex digits at byte 2, found 0x78 (RFC 9112 section 7.1)"] },
        // D13, D14: what is behind the last chunk.
        Case { clause: "HB-9", input: b"0\r\n\n",                       says: &["frame at byte 0: expected CR before LF at byte 3, found 0x0a (RFC 9112 section 2.2)"] },
        Case { clause: "HB-9", input: b"0\r\nXX\r\n",                   says: &["frame at byte 0: expected a field name and ':' at byte 5, found 0x0d (RFC 9110 section 5.1)"] },
        Case { clause: "HB-9", input: b"0\r\nX:POST / HTTP/1.1\r\n\r\n", says: &["end {X=POST / HTTP/1.1}", "end"] },
        Case { clause: "HB-9", input: b"1\r\na\r\n0\r\nA: b\r\nC:\r\n\r\nrest", says: &["+a", "end {A=b, C=}", "end", "unread: rest"] },
        Case { clause: "HB-9", input: b"0\r\nA: b\nC: d\r\n\r\n",       says: &["frame at byte 0: expected CR before LF at byte 7, found 0x0a (RFC 9112 section 2.2)"] },
        Case { clause: "HB-9", input: b"0\r\nA : b\r\n\r\n",            says: &["frame at byte 0: expected ':' right behind the field name at byte 4, found 0x20 (RFC 9112 section 5.1)"] },
        Case { clause: "HB-9", input: b"0\r\n A: b\r\n\r\n",            says: &["frame at byte 0: expected a field and no whitespace before it at byte 3, found 0x20 (RFC 9112 section 2.2)"] },
        Case { clause: "HB-9", input: b"0\r\nA: b\r\n c\r\n\r\n",       says: &["frame at byte 0: expected a field and no folded line at byte 9, found 0x20 (RFC 9112 section 5.2)"] },
        Case { clause: "HB-9", input: b"0\r\nA: b\x01\r\n\r\n",         says: &["frame at byte 0: expected a byte of a field value at byte 7, found 0x01 (RFC 9110 section 5.5)"] },
        Case { clause: "HB-10", input: b"0\r\ncontent-LENGTH: 5\r\n\r\n", says: &["frame at byte 0: expected no such field in a trailer section at byte 3, found 0x63 (RFC 9110 section 6.5.1)"] },
        Case { clause: "HB-10", input: b"0\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n", says: &["frame at byte 0: expected no such field in a trailer section at byte 9, found 0x54 (RFC 9110 section 6.5.1)"] },
    ]);
}

/// Not by the kit: what comes without any bytes is not in a stream of no bytes.
#[test]
fn hb_1_a_body_of_nothing_ends_at_once() {
    for form in [BodyForm::None, BodyForm::Length(0), BodyForm::Tunnel] {
        let mut engine = Engine::new(Body::new(form, Rules::STRICT));
        let mut frames = engine.feed(b"GET /").unwrap();
        assert!(matches!(frames.next_frame(), Ok(Step::Frame(BodyPart::End(trailers), place)) if trailers.is_empty() && place.len == 0));
        assert!(matches!(frames.next_frame(), Ok(Step::End(_))));
        drop(frames);
        assert_eq!(engine.into_parts().unwrap().unread.peek(), b"GET /");
    }
}

#[test]
fn hb_10_forbidden_trailers_are_refused_or_left_out() {
    let dropping = Rules::STRICT.allow(Leniency::DropForbiddenTrailers);
    for name in
        ["Host", "Connection", "Trailer", "Authorization", "Set-Cookie", "Content-Type", "TE", "Content-Length", "Transfer-Encoding"]
    {
        let input = format!("0\r\nA: b\r\n{name}: x\r\nC: d\r\n\r\n");
        let refused = "frame at byte 0: expected no such field in a trailer section at byte 9, found";
        let said = body(BodyForm::Chunked, Rules::STRICT).check(input.as_bytes()).lines();
        assert!(said.len() == 1 && said[0].starts_with(refused), "{said:?}");
        let said = body(BodyForm::Chunked, dropping).check(input.as_bytes()).lines();
        assert_eq!(said, ["end {A=b, C=d}", "end"]);
    }
}

#[test]
fn hb_11_work_is_linear_in_what_comes() {
    for chunk in [1, 7, 100] {
        body(BodyForm::Chunked, Rules::STRICT).check_linear(chunk, |n| b"3\r\nabc\r\n".repeat(300 * n));
        let trailers = |n: usize| format!("0\r\n{}\r\n", "A: 0123456789012345678901234567890123456789\r\n".repeat(10 * n)).into_bytes();
        body(BodyForm::Chunked, Rules::STRICT).check_linear(chunk, trailers);
        let patient = Rules::new(Limits { max_chunk_line: 1 << 20, max_chunk_ext: 1 << 20, ..Limits::DEFAULT });
        let extension = |n: usize| format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(1000 * n)).into_bytes();
        body(BodyForm::Chunked, patient).check_linear(chunk, extension);
    }
}

#[test]
fn hb_12_parts_are_never_empty_and_lie_in_what_was_fed() {
    let large = [&b"10000\r\n"[..], &vec![b'x'; 0x10000], b"\r\n0\r\n\r\n"].concat();
    for cut in [1, 5, 7, 8, 60_000] {
        let mut engine = Engine::new(Body::new(BodyForm::Chunked, Rules::STRICT));
        let (mut copied, mut came) = (0, 0);
        for chunk in [&large[..cut], &large[cut..]] {
            let mut frames = engine.feed(chunk).unwrap();
            while let Step::Frame(BodyPart::Data(data), _) = frames.next_frame().unwrap() {
                assert!(!data.is_empty());
                came += data.len();
                if !chunk.as_ptr_range().contains(&data.as_ptr()) {
                    copied += data.len();
                }
            }
        }
        assert_eq!(came, 0x10000);
        assert!(copied <= 64, "{copied} bytes copied where the first {cut} came before");
    }
}

/// Framing beyond what is fair adds up, and fair chunks take it off again: whether a chunk is taken in one step or in some.
#[rustfmt::skip]
#[test]
fn framing_beyond_what_is_fair() {
    let rules = Rules::new(Limits { max_chunk_overhead: 20, ..Limits::DEFAULT });
    // 32 bytes of framing where 18 are fair; 18 where 18 are; 20; 6 where 116 are.
    let (lavish, fair, unfair, large) = ("1;xxxxxxxxxxxxxxxxxxxxxxxxxx\r\na\r\n", "00000000000001\r\na\r\n", "0000000000000001\r\na\r\n", "32\r\n00000000000000000000000000000000000000000000000000\r\n");
    let stream = |chunks: &[&str]| chunks.concat() + "0\r\n\r\n";
    let too_much = "less framing";
    for (chunks, refused) in [
        (vec![fair, lavish], false),
        (vec![fair, lavish, lavish], true),
        (vec![fair, lavish, large, lavish], false),
        (vec![large, lavish, large, large, lavish, lavish], true),
        (vec![lavish, fair, fair, fair, lavish], true),
        ([fair; 100].to_vec(), false),
        ([unfair; 10].to_vec(), false),
        ([unfair; 11].to_vec(), true),
        ([&[large][..], &[unfair; 11]].concat(), true),
    ] {
        let said = body(BodyForm::Chunked, rules).check_sample(stream(&chunks).as_bytes(), 1).lines();
        let last = said.last().unwrap();
        assert!(if refused { last.contains(too_much) } else { last == "end" }, "{chunks:?}: {last}");
    }
}

/// The limits of lines and extensions hold for a chunk whatever was before it.
#[rustfmt::skip]
#[test]
fn limits_behind_a_plain_chunk() {
    let rules = Rules::new(Limits { max_chunk_line: 9, max_chunk_ext: 10, ..Limits::DEFAULT });
    body(BodyForm::Chunked, rules).table(&[
        Case { clause: "HL-1", input: b"1\r\na\r\n0000001\r\nb\r\n0\r\n\r\n",   says: &["+ab", "end {}", "end"] },
        Case { clause: "HL-1", input: b"1\r\na\r\n00000001\r\nb\r\n0\r\n\r\n",  says: &["+a", "frame at byte 4: chunk line longer than the limit of 9 bytes"] },
        Case { clause: "HL-1", input: b"1\r\na\r\n1;xxx\r\nb\r\n1;xxxxx\r\nc\r\n0\r\n\r\n",   says: &["+abc", "end {}", "end"] },
        Case { clause: "HL-1", input: b"1\r\na\r\n1;xxxx\r\nb\r\n1;xxxxx\r\nc\r\n0\r\n\r\n",  says: &["+ab", "frame at byte 15: chunk extensions longer than the limit of 10 bytes"] },
    ]);
}

/// Lines of chunks, good and bad: ones that begin alike, that fill eight bytes and do not, and that look like another's start.
const LINES: &[&str] = &[
    "1\r\n",
    "10\r\n",
    "1A\r\n",
    "1a\r\n",
    "0\r\n",
    "00\r\n",
    "8\r\n",
    "80\r\n",
    "800\r\n",
    "100000\r\n",
    "123456\r\n",
    "1234567\r\n",
    "0123456789abcd\r\n",
    "000000000000001\r\n",
    "0000000000000001\r\n",
    "00000000000000001\r\n",
    "ffffffffffffffff\r\n",
    "1;a\r\n",
    "1;a=b\r\n",
    "1;\r\n",
    "1 \r\n",
    "1\n",
    "1\r\r\n",
    "\r\n",
    "g\r\n",
    "-1\r\n",
];

#[test]
fn hb_13_a_line_is_read_as_if_none_had_been_before() {
    let short = Rules::new(Limits { max_chunk_line: 5, max_chunk_size: 0x100, ..Limits::DEFAULT });
    let mut refused = 0;
    for rules in [Rules::STRICT, Rules::STRICT.allow(Leniency::WhitespaceAfterChunkSize), short] {
        for (before, line) in LINES.iter().flat_map(|before| LINES.iter().map(move |line| (before, line))) {
            let whole = format!("{line}0123456789");
            for len in 0..=whole.len() {
                let bytes = &whole.as_bytes()[..len];
                let mut lines = ChunkLines::new(rules);
                let _ = lines.parse(format!("{before}0123456789").as_bytes());
                let (read, alone) = (lines.parse(bytes), ChunkLines::new(rules).parse(bytes));
                assert_eq!(read, alone, "{line:?} behind {before:?}, {len} bytes of it");
                refused += usize::from(alone.is_err());
                assert!(!matches!(&alone, Ok(Some(line)) if line.len > rules.limits.max_chunk_line));
                assert!(len < whole.len() || alone.is_err() || alone.unwrap().is_some_and(|read| read.len == line.len()));
            }
        }
    }
    assert!(refused > 0);
}

/// A body gives what its chunks hold, however long they are one behind the other: by a step that knows the line before, and by one that does not.
#[test]
fn hb_4_chunks_of_all_lengths_follow_each_other() {
    let mut lengths: Vec<usize> = (0..400_usize).map(|at| 1 + (at * at / 7) % 37).collect();
    lengths.extend([16; 20]);
    lengths.extend([1, 16, 1, 16, 16, 1, 300, 300, 300, 16]);
    let (mut stream, mut data) = (Vec::new(), Vec::new());
    for (at, len) in lengths.into_iter().enumerate() {
        let chunk = vec![b'a' + u8::try_from(at % 26).unwrap(); len];
        let line = if at % 11 == 0 { format!("{len:X};a\r\n") } else { format!("{len:x}\r\n") };
        stream.extend([line.as_bytes(), &chunk, b"\r\n"].concat());
        data.extend(chunk);
    }
    stream.extend(b"0\r\n\r\n");
    let said = body(BodyForm::Chunked, Rules::STRICT).check_sample(&stream, 1).lines();
    assert_eq!(said, [format!("+{}", String::from_utf8(data).unwrap()), "end {}".to_owned(), "end".to_owned()]);
}
