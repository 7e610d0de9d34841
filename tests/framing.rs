//! What the framers do, row by row. The clauses are those of SPEC.md.

use framewright::framing::{Counts, Delimiter, LengthField, LineEnding, Lines, OnExcess, Width};
use framewright::testkit::{Case, Kit, text};

#[test]
fn lines_end_at_lf_or_crlf() {
    Kit::new(|| Lines::new(5), |line| text(line)).table(&[
        Case { clause: "LN-1", input: b"", says: &["end"] },
        Case { clause: "LN-1", input: b"\n", says: &["", "end"] },
        Case { clause: "LN-1", input: b"one\ntwo\r\n\n", says: &["one", "two", "", "end"] },
        Case { clause: "LN-1", input: b"a\rb\r\r\n", says: &["a\\rb\\r", "end"] },
        Case { clause: "LN-1", input: b"abcde\r\nabcdef", says: &["abcde", "frame at byte 7: payload longer than the limit of 5 bytes"] },
        Case { clause: "LN-1", input: b"abcde\r\nab", says: &["abcde", "ab", "end"] },
        Case { clause: "LN-1", input: b"abcde\rd\nab", says: &["frame at byte 0: payload longer than the limit of 5 bytes"] },
        Case { clause: "LN-1", input: b"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\no\np\nq\nr\ns\nt\nu\nv\nw\nx\ny\nz\na\nb\nc\nd\ne\nf\ng\nh\n\n\n\n\n\n\n", says: &["a","b","c","d","e","f","g","h","i","j","k","l","m","n","o","p","q","r","s","t","u","v","w","x","y","z","a","b","c","d","e","f","g","h","","","","","","", "end"] },
    ]);
    for ending in [LineEnding::Lf, LineEnding::CrLf, LineEnding::LfOrCrLf, LineEnding::Any] {
    let set: &[&str] = match ending { LineEnding::Lf => &["\n"], LineEnding::CrLf => &["\r\n"], LineEnding::LfOrCrLf => &["\n", "\r\n"], LineEnding::Any => &["\n", "\r\n", "\r"] };
    for on in [OnExcess::Fail, OnExcess::Discard] {
    for max in 0..8 {
    let k1 = Kit::new(|| Lines::new(max).ending(ending).on_excess(on), |line| text(line));
    let k2 = Kit::new(|| Delimiter::new(set, max).unwrap().on_excess(on), |line| text(line.payload()));
    for seed in 0..40_u64 {
        let mut x = seed.wrapping_mul(0x9E3779B97F4A7C15);
        let input: Vec<u8> = (0..(seed % 30 * 5)).map(|_| { x ^= x << 13; x ^= x >> 7; x ^= x << 17; b"ab\r\n\r\nabcdefg"[(x % 13) as usize] }).collect();
        assert_eq!(k1.check(&input), k2.check(&input));
    }
    }}}
}
#[test]
fn length() {
    let k = Kit::new(|| LengthField::builder(Width::U16, Counts::Payload, 5).build().unwrap(), |line| text(line));
    k.table(&[
        Case { clause: "LF-1", input: b"\0\0\0\x03abc\0\x05abcde\0\x06abcdef", says: &["", "abc", "abcde", "frame at byte 14: payload longer than the limit of 5 bytes"] },
        Case { clause: "LF-1", input: b"\0\0\0\x03abc\0\x05ab", says: &["", "abc", "frame at byte 7: the stream ended 4 bytes into the frame"] },
    ]);
    let k = Kit::new(|| LengthField::builder(Width::U16, Counts::Frame, 5).on_excess(OnExcess::Discard).build().unwrap(), |line| text(line));
    k.table(&[
        Case { clause: "LF-1", input: b"\0\x02\0\x05abc\0\x07abcde\0\x08abcdef\0\x03a\0\x01", says: &["", "abc", "abcde", "frame at byte 14: payload longer than the limit of 5 bytes", "a after 8 skipped bytes", "frame at byte 25: a length of 1 is too small, header and trailer need 2 at least"] },
    ]);
}
