//! What the framers do, row by row: a module for each.

mod ascii_length;
mod cobs;
mod delimiter;
mod fixed;
mod length_field;
mod lines;
mod netstring;
mod slip;
mod stuffed;
mod sync_word;
mod utf8_lines;
mod varint;

use framewright::buf::{SegmentedBuf, StreamBuf};
use framewright::encode::{Encode, Payload};
use framewright::framing::{OnExcess, Unframable};
use framewright::testkit::text;
use framewright::{Decode, Engine, Step};
use quickcheck::{Arbitrary, Gen, QuickCheck, Testable};

/// Rounds of a property: fewer where `FRAMEWRIGHT_QUICK` asks for it.
fn rounds(usual: u64) -> u64 {
    if std::env::var_os("FRAMEWRIGHT_QUICK").is_some() { usual / 10 } else { usual }
}

const EXCESSES: [OnExcess; 3] = [OnExcess::Fail, OnExcess::Discard, OnExcess::Truncate];

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

/// A framer for both directions.
trait Framer: Decode + for<'a> Encode<Message<'a> = Payload<'a>, Fault = Unframable> {}

impl<C: Decode + for<'a> Encode<Message<'a> = Payload<'a>, Fault = Unframable>> Framer for C {}

/// Checks the way out of a framer: a payload is refused exactly when the bytes that `write` writes for it, whatever they mean, are not read as this payload at their last byte; and what is not refused
/// is those bytes. `read` says what a frame delivers.
fn check_encoding<C: Framer>(
    make: impl Fn() -> C,
    read: impl Fn(C::Frame<'_>) -> Vec<u8>,
    write: impl Fn(&[u8]) -> Vec<u8>,
    payloads: &[Vec<u8>],
) {
    let mut encoder = make();
    let mut output = SegmentedBuf::new();
    let mut sent = Vec::new();
    for payload in payloads {
        let written = write(payload);
        let mut engine = Engine::new(make());
        let is_read = engine.feed(&written).is_ok_and(|mut frames| {
            let came = match frames.next_frame() {
                Ok(Step::Frame(frame, place)) => !place.truncated && read(frame) == *payload,
                _ => false,
            };
            came && matches!(frames.next_frame(), Ok(Step::Idle))
        });
        let before = output.len();
        let refused = output.send(&mut encoder, &payload[..]).err();
        assert_eq!(refused.is_none(), is_read, "{} is written as {}, refused: {refused:?}", text(payload), text(&written));
        let queued: Vec<u8> = output.segments().flatten().copied().collect();
        match refused {
            None => {
                assert_eq!(text(&queued[before..]), text(&written));
                sent.push(payload);
            }
            Some(unsent) => assert!(before == queued.len() && unsent.message[..] == payload[..], "a refused message changes something"),
        }
    }
    let wire: Vec<u8> = output.segments().flatten().copied().collect();
    let mut engine = Engine::new(make());
    let mut frames = engine.feed(&wire).unwrap();
    for payload in sent {
        let Ok(Step::Frame(frame, _)) = frames.next_frame() else { panic!("{} does not come of {}", text(payload), text(&wire)) };
        assert_eq!(text(&read(frame)), text(payload), "{}", text(&wire));
    }
    assert!(matches!(frames.next_frame(), Ok(Step::Idle)));
}
