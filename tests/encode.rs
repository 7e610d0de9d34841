//! The way out: messages in the output queue.

use core::convert::Infallible;

use bytes::{Buf, Bytes};
use framewright::BufError;
use framewright::ErrorKind;
use framewright::buf::{BufConfig, LinearBuf, SegmentedBuf, StreamBuf, StreamBufMut};
use framewright::encode::{Encode, EncodeError, Payload, Unsent, Writer};
use framewright::framing::{
    AsciiLength, Base, Checksum, Counts, Delimiter, LengthField, LineEnding, Lines, Netstring, SyncWord, Unframable, Varint, VarintForm,
    Width,
};

/// The payload between brackets, written in three pieces; `!` is refused at the end.
struct Brackets {
    sent: usize,
}

impl Encode for Brackets {
    type Message<'a> = Payload<'a>;
    type Fault = Infallible;

    fn encode(&mut self, message: &Payload<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Infallible>> {
        out.write(b"[")?;
        out.payload(message)?;
        out.append(Bytes::from_static(b"]"))?;
        if message.starts_with(b"!") {
            return Err(EncodeError::TooLarge { what: "payload", limit: 0 });
        }
        self.sent += 1;
        Ok(())
    }
}

fn queued(output: &SegmentedBuf) -> Vec<u8> {
    output.segments().flatten().copied().collect()
}

#[test]
fn ec_1_a_message_is_queued_whole_or_not_at_all() {
    let mut brackets = Brackets { sent: 0 };
    let config = BufConfig { segment_size: 4, merge_below: 3, ..BufConfig::default() };
    let mut output = SegmentedBuf::with_config(config);
    let mut model = Vec::new();
    for round in 0..200_usize {
        let payload = [b"abcdefgh", b"!bcdefgh"][usize::from(round % 3 == 1)].get(..round % 9).unwrap();
        let message = if round % 2 == 0 { Payload::from(payload) } else { Payload::from(payload.to_vec()) };
        match output.send(&mut brackets, message.clone()) {
            Ok(()) => model.extend([b"[", payload, b"]"].concat()),
            Err(unsent) => assert_eq!((unsent.message, payload[0]), (message, b'!')),
        }
        assert_eq!(queued(&output), model);
        if round % 4 == 3 {
            let taken = round % model.len();
            output.advance(taken).unwrap();
            model.drain(..taken);
        }
    }
    assert!(brackets.sent > 100);
}

#[test]
fn ec_2_owned_payloads_are_shared_and_lent_as_slices() {
    let mut brackets = Brackets { sent: 0 };
    let mut output = SegmentedBuf::new();
    let (large, small) = (Bytes::from(vec![b'x'; 1024]), Bytes::from(vec![b'y'; 1023]));
    output.send(&mut brackets, large.clone()).unwrap();
    output.send(&mut brackets, small.clone()).unwrap();
    let segments: Vec<&[u8]> = output.segments().collect();
    assert_eq!(segments.iter().map(|run| run.len()).collect::<Vec<_>>(), [1, 1024, 1026]);
    assert!(core::ptr::eq(segments[1], &raw const large[..]), "the large one is not shared");
    assert_eq!(output.as_buf().remaining(), 2051);
    #[cfg(feature = "std")]
    {
        let mut slices = [std::io::IoSlice::new(&[]); 2];
        let buf = output.as_buf();
        assert_eq!(buf.chunks_vectored(&mut slices), 2);
        assert_eq!((slices[0].len(), slices[1].len()), (1, 1024));
    }
    output.as_buf().advance(1025);
    assert_eq!(output.as_buf().chunk(), [b"][", &small[..], b"]"].concat());
    assert_eq!(output.position(), 1025);
}

#[test]
fn ec_3_a_message_for_which_there_is_no_room_comes_back() {
    let mut brackets = Brackets { sent: 0 };
    let mut output = SegmentedBuf::with_config(BufConfig { max_bytes: 10, merge_below: 3, ..BufConfig::default() });
    for (payload, room) in [(&b"ab"[..], 6), (b"", 4), (b"ab", 0)] {
        output.send(&mut brackets, payload).unwrap();
        assert_eq!(10 - output.len(), room);
        for len in room.saturating_sub(1)..room + 3 {
            let message = vec![b'z'; len];
            let Unsent { message, error } = output.send(&mut brackets, message).unwrap_err();
            assert_eq!((message.len(), error.kind()), (len, ErrorKind::Limit));
            assert!(error.to_string().ends_with("above its limit of 10 bytes"), "{error}");
        }
        assert_eq!(10 - output.len(), room);
    }
    assert_eq!(queued(&output), b"[ab][][ab]");
}

#[test]
fn ec_4_errors_say_who_is_to_blame() {
    let mut output = SegmentedBuf::new();
    let mut lines = Lines::new(4);
    let kind = |refused: Result<(), Unsent<Payload<'_>, Unframable>>| {
        let error = refused.unwrap_err().error;
        (error.kind(), error.to_string())
    };
    assert_eq!(kind(output.send(&mut lines, "12345")), (ErrorKind::Limit, "payload longer than the limit of 4 bytes".to_owned()));
    let inside = "the frame would end elsewhere than at its end: a part of its end is in the payload, before byte 2 of what is written";
    assert_eq!(kind(output.send(&mut lines, "a\nb")), (ErrorKind::Misuse, inside.to_owned()));
    let mut lengths = LengthField::builder(Width::U8, Counts::Frame, 999).build().unwrap();
    assert_eq!(kind(output.send(&mut lengths, vec![0; 255])), (ErrorKind::Limit, "payload longer than the limit of 254 bytes".to_owned()));
    assert!(output.is_empty());
}

fn sum(parts: &[&[u8]]) -> u64 {
    parts.iter().flat_map(|part| part.iter()).map(|byte| u64::from(*byte)).sum()
}

#[test]
fn lf_10_a_checksum_is_written_where_the_payload_does_not_bring_it() {
    let builder = || LengthField::builder(Width::U8, Counts::Payload, 9).checksum(Checksum::new(Width::U16, sum));
    let wire = |mut framer: LengthField, payload: &'static [u8]| {
        let mut output = SegmentedBuf::new();
        output.send(&mut framer, payload).map(|()| queued(&output)).map_err(|unsent| unsent.error)
    };
    assert_eq!(wire(builder().build().unwrap(), b"\x01\x02"), Ok(b"\x02\x01\x02\0\x05".to_vec()));
    let payload_only = Checksum::new(Width::U16, sum).little_endian().from(1);
    assert_eq!(wire(builder().checksum(payload_only).trailer(3).build().unwrap(), b"\x01\xff"), Ok(b"\x02\x01\xff\0\x01\0".to_vec()));
    assert_eq!(wire(builder().keep_trailer().build().unwrap(), b"\x01\x02\0\x05"), Ok(b"\x02\x01\x02\0\x05".to_vec()));
    assert_eq!(wire(builder().keep_header().build().unwrap(), b"\x02\x01\x02"), Ok(b"\x02\x01\x02\0\x05".to_vec()));
    assert_eq!(
        wire(builder().keep_trailer().build().unwrap(), b"\x01\x02\0\x06"),
        Err(EncodeError::Fault(Unframable::WrongChecksum { found: 6, expected: 5 }))
    );
}

#[test]
fn payloads_come_from_whatever_holds_bytes() {
    let mut view = LinearBuf::new();
    view.write(b"view").unwrap();
    let payloads = [
        Payload::from("text"),
        Payload::from("text".to_owned()),
        Payload::from(b"text"),
        Payload::from(&b"text"[..]),
        Payload::from(b"text".to_vec()),
        Payload::from(Bytes::from_static(b"text")),
    ];
    assert!(payloads.iter().all(|payload| payload[..] == b"text"[..]));
    assert_eq!(&Payload::from(view.split_to(4).unwrap())[..], b"view");
    assert_eq!(format!("{:?}", payloads[0]), "Payload(\"text\")");
}

/// A framer, and what it must write before and behind a payload of so many bytes.
type Written<E> = (E, fn(usize) -> (Vec<u8>, Vec<u8>));

/// Queues payloads of 0 to 40 bytes in blocks of `segment_size`, so that parts of messages begin and end everywhere in them, and each under a limit that it just reaches.
fn check_written<E>((mut framer, around): Written<E>, segment_size: usize)
where
    E: for<'m> Encode<Message<'m> = Payload<'m>, Fault = Unframable>,
{
    let config = BufConfig { segment_size, merge_below: 8, ..BufConfig::default() };
    let (mut output, mut model) = (SegmentedBuf::with_config(config), Vec::new());
    for len in (0..=40_usize).rev() {
        let payload: Vec<u8> = (0..len).map(|at| b'a' + (at % 26).to_le_bytes()[0]).collect();
        let (before, behind) = around(len);
        let message = [before, payload.clone(), behind].concat();
        for owned in [false, true] {
            let payload = if owned { Payload::from(payload.clone()) } else { Payload::from(&payload[..]) };
            output.set_max_bytes(model.len() + message.len() - 1);
            let unsent = output.send(&mut framer, payload).unwrap_err();
            assert_eq!((unsent.error.kind(), queued(&output) == model), (ErrorKind::Limit, true), "{len} bytes, owned: {owned}");
            output.set_max_bytes(model.len() + message.len());
            output.send(&mut framer, unsent.message).unwrap();
            model.extend_from_slice(&message);
            assert_eq!(queued(&output).escape_ascii().to_string(), model.escape_ascii().to_string(), "{len} bytes, owned: {owned}");
        }
        let taken = 3 * len % model.len();
        output.advance(taken).unwrap();
        model.drain(..taken);
    }
}

/// Up to eight bytes before or behind a payload are written at once, and more by parts.
#[test]
fn ec_3_heads_and_ends_of_all_lengths_are_whole_at_every_place_of_a_block() {
    for segment_size in [1, 2, 7, 8, 9, 15, 16, 17, 23, 50, 64, 199, 4096] {
        let counted = |counts| LengthField::builder(Width::U32, counts, 99);
        check_written((counted(Counts::Payload).build().unwrap(), |len| (vec![0, 0, 0, len.to_le_bytes()[0]], vec![])), segment_size);
        let little = counted(Counts::Frame).little_endian().offset(4).build().unwrap();
        check_written((little, |len| (vec![0, 0, 0, 0, (len + 8).to_le_bytes()[0], 0, 0, 0], vec![])), segment_size);
        let long = counted(Counts::Payload).offset(5).build().unwrap();
        check_written((long, |len| ([&[0; 8][..], &len.to_le_bytes()[..1]].concat(), vec![])), segment_size);
        let magic = SyncWord::builder(*b"magic", Width::U24, Counts::Payload, 99).build().unwrap();
        check_written((magic, |len| ([&b"magic\0\0"[..], &len.to_le_bytes()[..1]].concat(), vec![])), segment_size);
        let magic = SyncWord::builder(*b"magical", Width::U16, Counts::Payload, 99).build().unwrap();
        check_written((magic, |len| ([&b"magical\0"[..], &len.to_le_bytes()[..1]].concat(), vec![])), segment_size);
        check_written((Netstring::new(99), |len| (format!("{len}:").into(), b",".to_vec())), segment_size);
        let ascii = |terminator, trailer| AsciiLength::new(Base::Decimal, terminator, 99).unwrap().trailer(trailer);
        check_written((ascii("\r\n", "\r\n"), |len| (format!("{len}\r\n").into(), b"\r\n".to_vec())), segment_size);
        check_written((ascii(" bytes", "12345678"), |len| (format!("{len} bytes").into(), b"12345678".to_vec())), segment_size);
        check_written((ascii(" bytes:", "123456789"), |len| (format!("{len} bytes:").into(), b"123456789".to_vec())), segment_size);
        let delimited = |end| Delimiter::new([end], 99).unwrap();
        check_written((delimited("<-----8>"), |_| (vec![], b"<-----8>".to_vec())), segment_size);
        check_written((delimited("<------9>"), |_| (vec![], b"<------9>".to_vec())), segment_size);
        check_written((Lines::new(99).ending(LineEnding::CrLf), |_| (vec![], b"\r\n".to_vec())), segment_size);
        let varint = |offset| Varint::new(VarintForm::Leb128, 99).offset(offset);
        check_written((varint(7), |len| ([&[0; 7][..], &len.to_le_bytes()[..1]].concat(), vec![])), segment_size);
        check_written((varint(8), |len| ([&[0; 8][..], &len.to_le_bytes()[..1]].concat(), vec![])), segment_size);
    }
}

#[test]
fn ec_1_nothing_is_queued_while_storage_is_lent() {
    let mut lines = Lines::new(99);
    for consumed in [0, 5, 6] {
        let mut output = SegmentedBuf::new();
        output.send(&mut lines, "hello").unwrap();
        let lent = output.reserve_owned(100).unwrap();
        output.advance(consumed).unwrap();
        let error = output.send(&mut lines, "b").unwrap_err().error;
        assert_eq!(error, EncodeError::Buffer(BufError::OutstandingReserve), "{consumed} bytes consumed");
        assert_eq!(output.len(), 6 - consumed);
        output.commit_owned(lent).unwrap();
        output.send(&mut lines, "b").unwrap();
        assert_eq!(queued(&output), [&b"hello\n"[consumed..], b"b\n"].concat());
    }
}
