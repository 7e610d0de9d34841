//! A codec of your own, whole and in both directions: UBX, the binary protocol of u-blox satellite receivers.
//!
//! ```text
//! | b5 62 | class | id | length, LE u16 | payload | CK_A CK_B |      checksum: 8-bit Fletcher over class … payload
//! ```
//!
//! Receivers share a serial line with text, and lines lose bytes: what is no frame is skipped, and a bad frame is told and stepped over. `tests/own_codec.rs` counts the lines of this codec; the
//! guide `writing_a_codec` shows other ways to write one.

use std::convert::Infallible;
use std::error::Error;

use framewright::buf::{SegmentedBuf, StreamBuf};
use framewright::decode::{Cause, Found, Reject, Stop};
use framewright::encode::{EncodeError, Writer};
use framewright::{Decode, Encode, Engine, Input, Step};

/// What is read, and what is sent: its class and id say what the payload means.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Message<'a> {
    class: u8,
    id: u8,
    payload: &'a [u8],
}

fn checksum(bytes: &[u8]) -> [u8; 2] {
    bytes.iter().fold([0; 2], |[a, b], byte| [a.wrapping_add(*byte), b.wrapping_add(a).wrapping_add(*byte)])
}

struct Ubx {
    max_payload: u16,
}

#[derive(Clone, Debug, thiserror::Error)]
#[error("a checksum of {0:02x?}, but {1:02x?} is right")]
struct WrongChecksum([u8; 2], [u8; 2]);

impl Decode for Ubx {
    type Progress = (); // nothing to remember between looks
    type Token = [u8; 2]; // class and id
    type Frame<'a> = Message<'a>;
    type Fault = WrongChecksum;

    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<[u8; 2]>, Stop<WrongChecksum>> {
        input.begin()?;
        if !matches!((input.get(0), input.get(1)), (Some(0xb5), Some(0x62) | None)) {
            return Ok(Found::Skip(1));
        }
        let [_, _, class, id, low, high] = input.array(0)?;
        let payload = u16::from_le_bytes([low, high]);
        if payload > self.max_payload {
            return Err(Stop::Bad { len: 2, cause: Cause::TooLarge { what: "payload", limit: self.max_payload.into() } });
        }
        let len = 8 + usize::from(payload);
        input.require(len)?;
        Ok(Found::Frame { len, token: [class, id] })
    }

    fn inspect(&mut self, _: &mut [u8; 2], (): &mut (), frame: &[u8]) -> Result<(), Reject<WrongChecksum>> {
        let (covered, trailer) = frame[2..].split_at(frame.len() - 4);
        let (found, expected) = ([trailer[0], trailer[1]], checksum(covered));
        if found == expected { Ok(()) } else { Err(Reject::Bad(WrongChecksum(found, expected))) }
    }

    fn open<'a>([class, id]: [u8; 2], (): &'a (), frame: &'a [u8]) -> Message<'a> {
        Message { class, id, payload: &frame[6..frame.len() - 2] }
    }
}

impl Encode for Ubx {
    type Message<'a> = Message<'a>;
    type Fault = Infallible;

    fn encode(&mut self, Message { class, id, payload }: &Message<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Infallible>> {
        let len = u16::try_from(payload.len()).ok().filter(|len| *len <= self.max_payload);
        let [low, high] = len.ok_or(EncodeError::TooLarge { what: "payload", limit: self.max_payload.into() })?.to_le_bytes();
        let covered = [&[*class, *id, low, high], *payload].concat();
        out.write(&[0xb5, 0x62])?;
        out.write(&covered)?;
        Ok(out.write(&checksum(&covered))?)
    }
}

/// Text, an answer (UBX-ACK-ACK), a request (UBX-MON-VER), and the answer with one bit wrong.
const SAMPLE: &[u8] = b"$GPTXT,01*\r\n\xb5\x62\x05\x01\x02\x00\x06\x01\x0f\x38\xb5\x62\x0a\x04\x00\x00\x0e\x34\
    \xb5\x62\x05\x01\x02\x00\x06\x11\x0f\x38";

fn main() -> Result<(), Box<dyn Error>> {
    let mut engine = Engine::new(Ubx { max_payload: 1024 });
    let mut frames = engine.feed(SAMPLE)?;
    loop {
        match frames.next_frame() {
            Ok(Step::Frame(message, place)) => println!("byte {}: {message:02x?}", place.offset),
            Ok(_) => break,
            Err(error) => println!("{error}"), // each is recoverable: the stream goes on behind it
        }
    }
    let mut output = SegmentedBuf::new();
    // UBX-CFG-RATE: a solution every 200 ms.
    output.send(&mut Ubx { max_payload: 1024 }, Message { class: 6, id: 8, payload: &[200, 0, 1, 0, 1, 0] })?;
    println!("to send: {:02x?}", output.peek());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use framewright::testkit::{Case, Kit};

    #[rustfmt::skip]
    const ROWS: &[Case<'_>] = &[
        Case { clause: "empty", input: b"", says: &["end"] },
        Case { clause: "UBX-ACK-ACK", input: b"\xb5\x62\x05\x01\x02\x00\x06\x01\x0f\x38", says: &["5 1 [6, 1]", "end"] },
        Case { clause: "poll of UBX-MON-VER", input: b"\xb5\x62\x0a\x04\x00\x00\x0e\x34", says: &["10 4 []", "end"] },
        Case { clause: "UBX-CFG-RATE at the limit", input: b"\xb5\x62\x06\x08\x06\x00\xe8\x03\x01\x00\x01\x00\x01\x39", says: &["6 8 [232, 3, 1, 0, 1, 0]", "end"] },
        Case { clause: "above the limit", input: b"\xb5\x62\x06\x08\x07\x00\xb5\x62\x0a\x04\x00\x00\x0e\x34", says: &[
            "frame at byte 0: payload longer than the limit of 6 bytes", "10 4 [] after 6 skipped bytes", "end",
        ] },
        Case { clause: "wrong checksum", input: b"\xb5\x62\x0a\x04\x00\x00\x0e\x33\xb5\x62\x0a\x04\x00\x00\x0e\x34", says: &[
            "frame at byte 0: a checksum of [0e, 33], but [0e, 34] is right", "10 4 [] after 8 skipped bytes", "end",
        ] },
        Case { clause: "text, and half of a sync", input: b"\xb5$\xb5\xb5\x62\x0a\x04\x00\x00\x0e\x34", says: &["10 4 [] after 3 skipped bytes", "end"] },
        Case { clause: "cut short", input: b"x\xb5\x62\x0a\x04\x00\x00\x0e", says: &["frame at byte 1: the stream ended 7 bytes into the frame"] },
    ];

    fn show(Message { class, id, payload }: Message<'_>) -> String {
        format!("{class} {id} {payload:?}")
    }

    #[test]
    fn it_reads_the_same_however_it_is_cut() {
        Kit::new(|| Ubx { max_payload: 6 }, |message| show(message)).table(ROWS);
    }

    #[test]
    fn what_is_written_is_read() {
        let mut output = SegmentedBuf::new();
        let messages = [&b""[..], b"\x62\xb5\x62\x01", b"ubx"].map(|payload| Message { class: 5, id: 6, payload });
        for message in messages {
            output.send(&mut Ubx { max_payload: 6 }, message).unwrap();
        }
        let said = Kit::new(|| Ubx { max_payload: 6 }, |message| show(message)).check(output.peek());
        assert_eq!(said.lines(), [&messages.map(show)[..], &["end".into()]].concat());
        assert!(output.send(&mut Ubx { max_payload: 3 }, messages[1]).is_err());
    }

    #[test]
    fn the_sample_is_read() {
        main().unwrap();
    }
}
