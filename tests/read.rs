//! Binary reads: SPEC.md, clauses RD-1 to RD-4.

use core::convert::Infallible;
use core::fmt::Debug;
use framewright::buf::{BufConfig, LinearBuf, Needle, SegmentedBuf, StreamBufMut};
use framewright::decode::{Found, Stop};
use framewright::read::{self, Reader, Source};
use framewright::{Decode, Engine, Input, NeedMoreData, Step};

/// A seam every few bytes.
const TINY: BufConfig = BufConfig { segment_size: 3, merge_below: 2, copy_out_below: 2, ..BufConfig::DEFAULT };

fn each() -> [(&'static str, Box<dyn StreamBufMut>); 3] {
    [
        ("LinearBuf", Box::new(LinearBuf::new())),
        ("SegmentedBuf", Box::new(SegmentedBuf::new())),
        ("tiny SegmentedBuf", Box::new(SegmentedBuf::with_config(TINY))),
    ]
}

fn filled(buf: &mut dyn StreamBufMut, bytes: &[u8]) {
    buf.write(b"!!").unwrap();
    buf.write(bytes).unwrap();
    buf.advance(2).unwrap();
}

/// What was read, in a form that all types have.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Value {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
}

/// A read with its peek, and what they make of [`BYTES`].
struct Row<S: ?Sized> {
    name: &'static str,
    len: usize,
    expected: Value,
    peek: fn(&S) -> Result<Value, NeedMoreData>,
    read: fn(&mut S) -> Result<Value, NeedMoreData>,
}

/// Numbers of two bytes and three have a sign in one order only.
const BYTES: [u8; 9] = [0x81, 0x02, 0x03, 0x84, 0x85, 0x06, 0x07, 0x88, 0xff];

macro_rules! row {
    ($peek:ident, $read:ident, $len:expr, $kind:ident($value:expr)) => {
        Row {
            name: stringify!($read),
            len: $len,
            expected: Value::$kind($value),
            peek: |source| read::$peek(source).map(|value| Value::$kind(value.into())),
            read: |source| read::$read(source).map(|value| Value::$kind(value.into())),
        }
    };
}

#[rustfmt::skip]
fn rows<S: Source + ?Sized>() -> [Row<S>; 22] {
    [
        row!(peek_u8,     read_u8,     1, Unsigned(0x81)),
        row!(peek_i8,     read_i8,     1, Signed(-0x7f)),
        row!(peek_u16_be, read_u16_be, 2, Unsigned(0x8102)),
        row!(peek_u16_le, read_u16_le, 2, Unsigned(0x0281)),
        row!(peek_i16_be, read_i16_be, 2, Signed(-0x7efe)),
        row!(peek_i16_le, read_i16_le, 2, Signed(0x0281)),
        row!(peek_u24_be, read_u24_be, 3, Unsigned(0x0081_0203)),
        row!(peek_u24_le, read_u24_le, 3, Unsigned(0x0003_0281)),
        row!(peek_i24_be, read_i24_be, 3, Signed(-0x007e_fdfd)),
        row!(peek_i24_le, read_i24_le, 3, Signed(0x0003_0281)),
        row!(peek_u32_be, read_u32_be, 4, Unsigned(0x8102_0384)),
        row!(peek_u32_le, read_u32_le, 4, Unsigned(0x8403_0281)),
        row!(peek_i32_be, read_i32_be, 4, Signed(-0x7efd_fc7c)),
        row!(peek_i32_le, read_i32_le, 4, Signed(-0x7bfc_fd7f)),
        row!(peek_u64_be, read_u64_be, 8, Unsigned(0x8102_0384_8506_0788)),
        row!(peek_u64_le, read_u64_le, 8, Unsigned(0x8807_0685_8403_0281)),
        row!(peek_i64_be, read_i64_be, 8, Signed(-0x7efd_fc7b_7af9_f878)),
        row!(peek_i64_le, read_i64_le, 8, Signed(-0x77f8_f97a_7bfc_fd7f)),
        row!(peek_f32_be, read_f32_be, 4, Float(f32::from_bits(0x8102_0384).into())),
        row!(peek_f32_le, read_f32_le, 4, Float(f32::from_bits(0x8403_0281).into())),
        row!(peek_f64_be, read_f64_be, 8, Float(f64::from_bits(0x8102_0384_8506_0788))),
        row!(peek_f64_le, read_f64_le, 8, Float(f64::from_bits(0x8807_0685_8403_0281))),
    ]
}

/// Reads one value where there is enough, and where there is one byte too few.
fn check<S: Source + ?Sized>(kind: &str, row: &Row<S>, enough: &mut S, short: &mut S) {
    let Row { name, len, expected, peek, read } = row;
    let before = enough.remaining();
    assert_eq!((peek(enough), peek(enough), enough.remaining()), (Ok(*expected), Ok(*expected), before), "{kind}: peek for {name}");
    assert_eq!((read(enough), before - enough.remaining()), (Ok(*expected), *len), "{kind}: {name}");
    for missing in 1..=*len {
        let lacking = Err(NeedMoreData { missing: missing.try_into().unwrap() });
        assert_eq!(
            (peek(short), read(short), short.remaining()),
            (lacking, lacking, len - missing),
            "{kind}: {name}, {missing} bytes short"
        );
        short.skip(usize::from(missing < *len)).unwrap();
    }
}

#[test]
fn rd_1_a_read_returns_the_value_in_its_byte_order_and_consumes_its_bytes() {
    for row in rows::<&[u8]>() {
        check("slice", &row, &mut &BYTES[..], &mut &BYTES[..row.len - 1]);
    }
    let [row, ..] = rows::<&[u8]>();
    assert_eq!(row.name, "read_u8");
    let mut bytes = &BYTES[..];
    let fields = (read::read_u8(&mut bytes), read::read_u16_be(&mut bytes), read::read_u24_le(&mut bytes), read::read_i8(&mut bytes));
    assert_eq!(fields, (Ok(0x81), Ok(0x0203), Ok(0x0006_8584), Ok(7)));
    assert_eq!((bytes, read::read_array(&mut bytes), bytes), (&BYTES[7..], Ok([0x88, 0xff]), &[][..]));
}

#[test]
fn rd_1_signs_are_kept() {
    assert_eq!((read::peek_i8(&&[0xff][..]), read::peek_i8(&&[0x80][..])), (Ok(-1), Ok(-0x80)));
    assert_eq!((read::peek_i16_be(&&[0x80, 0][..]), read::peek_i16_le(&&[0, 0x80][..])), (Ok(-0x8000), Ok(-0x8000)));
    assert_eq!((read::peek_i24_be(&&[0x80, 0, 0][..]), read::peek_i24_le(&&[0, 0, 0x80][..])), (Ok(-0x80_0000), Ok(-0x80_0000)));
    assert_eq!((read::peek_i24_be(&&[0x7f, 0xff, 0xff][..]), read::peek_i24_le(&&[0xff; 3][..])), (Ok(0x7f_ffff), Ok(-1)));
    assert_eq!((read::peek_i32_le(&&[0xff; 4][..]), read::peek_i64_be(&&[0xff; 8][..])), (Ok(-1), Ok(-1)));
}

#[test]
fn rd_3_reads_give_the_same_over_every_buffer() {
    for row in rows::<dyn StreamBufMut>() {
        for ((kind, mut enough), (_, mut short)) in each().into_iter().zip(each()) {
            filled(&mut *enough, &BYTES);
            filled(&mut *short, &BYTES[..row.len - 1]);
            check(kind, &row, &mut *enough, &mut *short);
        }
    }
}

/// A decoder that only looks.
struct Look<F>(F);

impl<F: FnMut(&Input<'_>)> Decode for Look<F> {
    type Progress = ();
    type Token = ();
    type Frame<'a> = ();
    type Fault = Infallible;

    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<()>, Stop<Infallible>> {
        (self.0)(input);
        Err(Stop::Need(NeedMoreData::ONE))
    }

    fn open<'a>((): (), (): &'a (), _: &'a [u8]) {}
}

/// Shows `look` bytes as an [`Input`] of one run, of runs of three bytes, and of those with a chunk behind them.
fn look_at(bytes: &[u8], mut look: impl FnMut(&Input<'_>)) {
    look(&Input::from(bytes));
    let mut runs = Vec::new();
    for held in 0..=bytes.len() {
        let mut store = SegmentedBuf::with_config(TINY);
        store.write(&bytes[..held]).unwrap();
        let decoder = Look(|input: &Input<'_>| {
            if input.len() == bytes.len() {
                runs.push(input.runs().count());
                look(input);
            }
        });
        let mut engine = Engine::with_buf(decoder, store);
        assert!(matches!(engine.frames().next_frame(), Ok(Step::NeedMoreData(_))));
        if held < bytes.len() {
            assert!(matches!(engine.feed(&bytes[held..]).unwrap().next_frame(), Ok(Step::NeedMoreData(_))));
        }
    }
    assert!(bytes.len() < 7 || runs.iter().any(|runs| *runs > 2), "no input of many runs: {runs:?}");
}

/// Starts to read behind the first `n` bytes.
fn after<'a>(input: &'a Input<'a>, n: usize) -> Reader<'a> {
    let mut reader = Reader::new(input);
    reader.skip(n).unwrap();
    assert_eq!((reader.position(), reader.remaining()), (n, input.len() - n));
    reader
}

#[test]
fn rd_3_reads_give_the_same_over_an_input_of_any_runs() {
    for offset in 0..=3 {
        let bytes = [&b"!!!"[..offset], &BYTES].concat();
        look_at(&bytes, |input| {
            for Row { name, len, expected, peek, read } in rows::<Reader<'_>>() {
                let mut enough = after(input, offset);
                assert_eq!((peek(&enough), read(&mut enough), enough.position()), (Ok(expected), Ok(expected), offset + len), "{name}");
                // Bytes cannot be taken off the end of an input, so a read that lacks some starts late.
                for have in 0..len {
                    let mut short = after(input, bytes.len() - have);
                    let lacking = Err(NeedMoreData { missing: (len - have).try_into().unwrap() });
                    assert_eq!((peek(&short), read(&mut short), short.remaining()), (lacking, lacking, have), "{name}");
                    assert_eq!(short.skip(len).map_err(|short| short.missing.get()), Err(len - have), "{name}");
                }
                assert_eq!(input.len(), bytes.len(), "reading consumes nothing of an input");
            }
        });
    }
}

#[test]
fn rd_2_too_few_bytes_consume_nothing() {
    fn lacks<T: Debug>(result: Result<T, NeedMoreData>) -> usize {
        result.unwrap_err().missing.get()
    }
    for (kind, mut buf) in each() {
        filled(&mut *buf, b"abcde");
        let fails = [
            lacks(read::peek_array::<7, _>(&*buf)),
            lacks(read::read_array::<7, _>(&mut *buf)),
            lacks(read::peek_exact(&mut *buf, 7).map(<[u8]>::len)),
            lacks(read::take(&mut *buf, 7)),
            lacks(read::read_bytes(&mut *buf, 7)),
            lacks(read::read_u64_be(&mut *buf)) - 1,
        ];
        assert_eq!(fails, [2; 6], "{kind}");
        assert_eq!((buf.len(), buf.position()), (5, 2), "{kind}");
        assert_eq!(read::read_bytes(&mut *buf, 5).unwrap(), &b"abcde"[..], "{kind}: nothing is gone");
    }
    let mut slice = &b"abc"[..];
    assert_eq!(
        (lacks(read::read_array::<5, _>(&mut slice)), slice.skip(4).map_err(|short| short.missing.get()), slice),
        (2, Err(1), &b"abc"[..])
    );
}

#[test]
fn rd_1_reads_of_many_bytes_cross_seams() {
    let bytes: Vec<u8> = (0..100).collect();
    for (kind, mut buf) in each() {
        filled(&mut *buf, &bytes);
        assert_eq!(read::peek_array::<40, _>(&*buf).unwrap(), bytes[..40], "{kind}");
        assert_eq!(read::read_array::<20, _>(&mut *buf).unwrap(), bytes[..20], "{kind}");
        assert_eq!(read::peek_exact(&mut *buf, 20).unwrap(), &bytes[20..40], "{kind}");
        assert_eq!(read::take(&mut *buf, 20).unwrap(), bytes[20..40], "{kind}");
        assert_eq!(read::read_bytes(&mut *buf, 20).unwrap(), &bytes[40..60], "{kind}");
        assert_eq!((buf.len(), buf.position()), (40, 62), "{kind}");
    }
}

#[test]
fn rd_4_nothing_can_be_read_of_nothing() {
    for (kind, mut buf) in each() {
        for left in [0, 3] {
            buf.write(&b"abc"[..left]).unwrap();
            assert_eq!(read::peek_exact(&mut *buf, 0).unwrap(), b"", "{kind}");
            assert!(read::take(&mut *buf, 0).unwrap().is_empty() && read::read_bytes(&mut *buf, 0).unwrap().is_empty(), "{kind}");
            assert_eq!((read::peek_array(&*buf), read::read_array(&mut *buf)), (Ok([]), Ok([])), "{kind}");
            assert_eq!((buf.len(), buf.position()), (left, 0), "{kind}");
        }
    }
    assert_eq!((read::peek_array(&&b""[..]), read::read_array(&mut &b""[..])), (Ok([]), Ok([])));
    let input = Input::from(&b""[..]);
    assert_eq!(read::read_array(&mut Reader::new(&input)), Ok([]));
}

#[test]
fn rd_3_an_input_is_searched_from_where_the_last_search_stopped() {
    let input = Input::from(&b"a\r\rb\r\n"[..]);
    let mut at = 0;
    assert_eq!(input.find(&Needle::new(b""), &mut at), Some(0));
    assert_eq!((input.find(&Needle::new(b"\r\n"), &mut at), at), (Some(4), 4));
    let (mut from, mut behind) = (5, 99);
    assert_eq!((input.find(&Needle::new(b"\r\n"), &mut from), from), (None, 5));
    assert_eq!((input.find(&Needle::new(b""), &mut behind), behind), (Some(6), 6));
    let mut at = 0;
    assert_eq!((input.find(&Needle::new(b"xyz"), &mut at), at), (None, 4));
}
