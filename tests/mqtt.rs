//! The packets of the example `mqtt`. Its program is run against a real broker by `.ci/run mqtt`.

#[path = "../examples/mqtt/packet/mod.rs"]
mod packet;

use std::ops::Range;

use bytes::Bytes;
use framewright::buf::{SegmentedBuf, StreamBuf};
use framewright::encode::{EncodeError, Payload};
use framewright::testkit::{Case, Kit, text};
use framewright::{Engine, Step};
use packet::{Connack, Connect, Delivery, Fault, Granted, Id, List, Login, Mqtt, Packet, Publish, Qos, Refusal, Subscription, Will};
use quickcheck::{Arbitrary, Gen, QuickCheck, Testable};

const ID: Id = Id::new(0x0102).unwrap();

fn kit(max_packet: usize) -> Kit<Mqtt, impl Fn() -> Mqtt> {
    Kit::new(move || Mqtt::new(max_packet), |packet| format!("{packet:?}"))
}

#[rustfmt::skip]
#[test]
fn every_packet_is_read() {
    kit(1024).table(&[
        Case { clause: "section 2.2", input: b"", says: &["end"] },
        Case { clause: "section 3.1", input: b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01c", says: &[r#"Connect(Connect { client_id: "c", clean_session: true, keep_alive: 60, will: None, login: None })"#, "end"] },
        Case { clause: "section 3.1", input: b"\x10\x0d\0\x04MQTT\x04\0\xff\xff\0\x01c", says: &[r#"Connect(Connect { client_id: "c", clean_session: false, keep_alive: 65535, will: None, login: None })"#, "end"] },
        Case { clause: "MQTT-3.1.3-6", input: b"\x10\x0c\0\x04MQTT\x04\x02\0\0\0\0", says: &[r#"Connect(Connect { client_id: "", clean_session: true, keep_alive: 0, will: None, login: None })"#, "end"] },
        Case { clause: "MQTT-3.1.3-1", input: b"\x10\x1b\0\x04MQTT\x04\xf6\0\x01\0\x01c\0\x01w\0\x02\0\xff\0\x01u\0\x02\0\xff", says: &[r#"Connect(Connect { client_id: "c", clean_session: true, keep_alive: 1, will: Some(Will { topic: "w", message: [0, 255], qos: ExactlyOnce, retain: true }), login: Some(Login { username: "u", password: Some([0, 255]) }) })"#, "end"] },
        Case { clause: "MQTT-3.1.2-9", input: b"\x10\x12\0\x04MQTT\x04\x0c\0\x01\0\x01c\0\x01w\0\0", says: &[r#"Connect(Connect { client_id: "c", clean_session: false, keep_alive: 1, will: Some(Will { topic: "w", message: [], qos: AtLeastOnce, retain: false }), login: None })"#, "end"] },
        Case { clause: "MQTT-3.1.2-19", input: b"\x10\x0f\0\x04MQTT\x04\x82\0\x01\0\x01c\0\0", says: &[r#"Connect(Connect { client_id: "c", clean_session: true, keep_alive: 1, will: None, login: Some(Login { username: "", password: None }) })"#, "end"] },
        Case { clause: "section 3.2", input: b"\x20\x02\0\0\x20\x02\x01\0", says: &["Connack(Accepted { session_present: false })", "Connack(Accepted { session_present: true })", "end"] },
        Case { clause: "section 3.2.2.3", input: b"\x20\x02\0\x01\x20\x02\0\x05", says: &["Connack(Refused(ProtocolLevel))", "Connack(Refused(Unauthorized))", "end"] },
        Case { clause: "section 3.3", input: b"\x30\x05\0\x01thi", says: &[r#"Publish(Publish { delivery: AtMostOnce, retain: false, topic: "t", payload: Payload("hi") })"#, "end"] },
        Case { clause: "section 3.3", input: b"\x31\x03\0\x01t", says: &[r#"Publish(Publish { delivery: AtMostOnce, retain: true, topic: "t", payload: Payload("") })"#, "end"] },
        Case { clause: "section 3.3", input: b"\x32\x07\0\x01t\x01\x02hi", says: &[r#"Publish(Publish { delivery: AtLeastOnce { id: 258, dup: false }, retain: false, topic: "t", payload: Payload("hi") })"#, "end"] },
        Case { clause: "section 3.3", input: b"\x3d\x05\0\x01t\x01\x02", says: &[r#"Publish(Publish { delivery: ExactlyOnce { id: 258, dup: true }, retain: true, topic: "t", payload: Payload("") })"#, "end"] },
        Case { clause: "a payload like a packet", input: b"\x30\x05\0\x01t\xc0\0\xc0\0", says: &[r#"Publish(Publish { delivery: AtMostOnce, retain: false, topic: "t", payload: Payload("\xc0\x00") })"#, "Pingreq", "end"] },
        Case { clause: "section 3.4 to 3.7", input: b"\x40\x02\x01\x02\x50\x02\x01\x02\x62\x02\x01\x02\x70\x02\x01\x02", says: &["Puback(258)", "Pubrec(258)", "Pubrel(258)", "Pubcomp(258)", "end"] },
        Case { clause: "section 3.8", input: b"\x82\x06\x01\x02\0\x01#\x02", says: &[r##"Subscribe { id: 258, filters: [Subscription { filter: "#", qos: ExactlyOnce }] }"##, "end"] },
        Case { clause: "section 3.8", input: b"\x82\x0c\x01\x02\0\x03a/+\0\0\x01b\x01", says: &[r#"Subscribe { id: 258, filters: [Subscription { filter: "a/+", qos: AtMostOnce }, Subscription { filter: "b", qos: AtLeastOnce }] }"#, "end"] },
        Case { clause: "section 3.9", input: b"\x90\x06\x01\x02\0\x01\x02\x80", says: &["Suback { id: 258, granted: [UpTo(AtMostOnce), UpTo(AtLeastOnce), UpTo(ExactlyOnce), Failure] }", "end"] },
        Case { clause: "section 3.10", input: b"\xa2\x09\x01\x02\0\x01+\0\x02/#", says: &[r#"Unsubscribe { id: 258, filters: ["+", "/#"] }"#, "end"] },
        Case { clause: "section 3.11", input: b"\xb0\x02\xff\xff", says: &["Unsuback(65535)", "end"] },
        Case { clause: "section 3.12 to 3.14", input: b"\xc0\0\xd0\0\xe0\0", says: &["Pingreq", "Pingresp", "Disconnect", "end"] },
        Case { clause: "MQTT-1.5.3-3", input: b"\x30\x05\0\x03\xef\xbb\xbf", says: &[r#"Publish(Publish { delivery: AtMostOnce, retain: false, topic: "\u{feff}", payload: Payload("") })"#, "end"] },
        Case { clause: "section 4.7.1", input: b"\xa2\x15\x01\x02\0\x01/\0\x05+/+/#\0\x02//\0\x03a b", says: &[r#"Unsubscribe { id: 258, filters: ["/", "+/+/#", "//", "a b"] }"#, "end"] },
        Case { clause: "MQTT-4.8.0-1", input: b"\xc0", says: &["frame at byte 0: the stream ended 1 bytes into the frame"] },
        Case { clause: "MQTT-4.8.0-1", input: b"\xc0\0\x30\x80", says: &["Pingreq", "frame at byte 2: the stream ended 2 bytes into the frame"] },
        Case { clause: "MQTT-4.8.0-1", input: b"\x30\x03", says: &["frame at byte 0: the stream ended 2 bytes into the frame"] },
        Case { clause: "MQTT-4.8.0-1", input: b"\x30\x03\0\x01", says: &["frame at byte 0: the stream ended 4 bytes into the frame"] },
    ]);
}

/// What each fault says, and the least input that is certain of it.
#[rustfmt::skip]
const FAULTS: &[(&[u8], &str)] = &[
    (b"\x00", "a packet of the forbidden type 0 [section 2.2.1]"),
    (b"\xf0", "a packet of the forbidden type 15 [section 2.2.1]"),
    (b"\x11", "flags 0b0001 of CONNECT, expected 0b0000 [MQTT-2.2.2-2]"),
    (b"\x28", "flags 0b1000 of CONNACK, expected 0b0000 [MQTT-2.2.2-2]"),
    (b"\x41", "flags 0b0001 of PUBACK, expected 0b0000 [MQTT-2.2.2-2]"),
    (b"\x52", "flags 0b0010 of PUBREC, expected 0b0000 [MQTT-2.2.2-2]"),
    (b"\x60", "flags 0b0000 of PUBREL, expected 0b0010 [MQTT-2.2.2-2]"),
    (b"\x63", "flags 0b0011 of PUBREL, expected 0b0010 [MQTT-2.2.2-2]"),
    (b"\x72", "flags 0b0010 of PUBCOMP, expected 0b0000 [MQTT-2.2.2-2]"),
    (b"\x80", "flags 0b0000 of SUBSCRIBE, expected 0b0010 [MQTT-2.2.2-2]"),
    (b"\x92", "flags 0b0010 of SUBACK, expected 0b0000 [MQTT-2.2.2-2]"),
    (b"\xa0", "flags 0b0000 of UNSUBSCRIBE, expected 0b0010 [MQTT-2.2.2-2]"),
    (b"\xb2", "flags 0b0010 of UNSUBACK, expected 0b0000 [MQTT-2.2.2-2]"),
    (b"\xc1", "flags 0b0001 of PINGREQ, expected 0b0000 [MQTT-2.2.2-2]"),
    (b"\xd1", "flags 0b0001 of PINGRESP, expected 0b0000 [MQTT-2.2.2-2]"),
    (b"\xe1", "flags 0b0001 of DISCONNECT, expected 0b0000 [MQTT-2.2.2-2]"),
    (b"\x36", "a PUBLISH at QoS 3 [MQTT-3.3.1-4]"),
    (b"\x3f", "a PUBLISH at QoS 3 [MQTT-3.3.1-4]"),
    (b"\x38", "a PUBLISH at QoS 0 with the flag DUP [MQTT-3.3.1-2]"),
    (b"\x30\xff\xff\xff\x80", "a remaining length of more than four bytes [section 2.2.3]"),
    (b"\x30\xff\xff\xff\xff", "a remaining length of more than four bytes [section 2.2.3]"),
    (b"\xc0\x80\0", "a remaining length of more bytes than it needs [section 2.2.3]"),
    (b"\x30\x83\x80\0", "a remaining length of more bytes than it needs [section 2.2.3]"),
    (b"\x20\x01", "a remaining length of 1 bytes of CONNACK, expected 2 [section 2.2.3]"),
    (b"\x40\x03", "a remaining length of 3 bytes of PUBACK, expected 2 [section 2.2.3]"),
    (b"\x50\x00", "a remaining length of 0 bytes of PUBREC, expected 2 [section 2.2.3]"),
    (b"\x62\x01", "a remaining length of 1 bytes of PUBREL, expected 2 [section 2.2.3]"),
    (b"\x70\x80\x01", "a remaining length of 128 bytes of PUBCOMP, expected 2 [section 2.2.3]"),
    (b"\xb0\x04", "a remaining length of 4 bytes of UNSUBACK, expected 2 [section 2.2.3]"),
    (b"\xc0\x01", "a remaining length of 1 bytes of PINGREQ, expected 0 [section 2.2.3]"),
    (b"\xd0\x01", "a remaining length of 1 bytes of PINGRESP, expected 0 [section 2.2.3]"),
    (b"\xe0\x02", "a remaining length of 2 bytes of DISCONNECT, expected 0 [section 2.2.3]"),
    (b"\x10\x00", "too short for the protocol name of CONNECT [section 2.2.3]"),
    (b"\x10\x05\0\x04MQT", "too short for the protocol name of CONNECT [section 2.2.3]"),
    (b"\x10\x06\0\x04MQTT", "too short for the protocol level of CONNECT [section 2.2.3]"),
    (b"\x10\x07\0\x04MQTT\x04", "too short for the connect flags of CONNECT [section 2.2.3]"),
    (b"\x10\x09\0\x04MQTT\x04\0\0", "too short for the keep alive of CONNECT [section 2.2.3]"),
    (b"\x10\x0a\0\x04MQTT\x04\x02\0\0", "too short for the client identifier of CONNECT [section 2.2.3]"),
    (b"\x10\x0d\0\x04MQTT\x04\x04\0\0\0\x01c", "too short for the will topic of CONNECT [section 2.2.3]"),
    (b"\x10\x10\0\x04MQTT\x04\x04\0\0\0\x01c\0\x01w", "too short for the will message of CONNECT [section 2.2.3]"),
    (b"\x10\x0d\0\x04MQTT\x04\x80\0\0\0\x01c", "too short for the user name of CONNECT [section 2.2.3]"),
    (b"\x10\x10\0\x04MQTT\x04\xc0\0\0\0\x01c\0\x01u", "too short for the password of CONNECT [section 2.2.3]"),
    (b"\x10\x10\0\x04MQTT\x04\0\0\0\0\x01c\0\x01u", "3 bytes behind the last field of CONNECT [section 2.2.3]"),
    (b"\x30\x01\0", "too short for the topic name of PUBLISH [section 2.2.3]"),
    (b"\x30\x03\0\x02t", "too short for the topic name of PUBLISH [section 2.2.3]"),
    (b"\x32\x04\0\x01t\0", "too short for the packet identifier of PUBLISH [section 2.2.3]"),
    (b"\x82\x01\x01", "too short for the packet identifier of SUBSCRIBE [section 2.2.3]"),
    (b"\x82\x05\x01\x02\0\x01#", "too short for the requested QoS of SUBSCRIBE [section 2.2.3]"),
    (b"\x82\x07\x01\x02\0\x01#\0\0", "too short for the topic filter of SUBSCRIBE [section 2.2.3]"),
    (b"\xa2\x06\x01\x02\0\x01#\0", "too short for the topic filter of UNSUBSCRIBE [section 2.2.3]"),
    (b"\x30\x03\0\x01\xff", "the topic name is not UTF-8 [MQTT-1.5.3-1]"),
    (b"\x30\x05\0\x03\xed\xa0\x80", "the topic name is not UTF-8 [MQTT-1.5.3-1]"),
    (b"\x82\x06\x01\x02\0\x01\xc3\0", "the topic filter is not UTF-8 [MQTT-1.5.3-1]"),
    (b"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01\x80", "the client identifier is not UTF-8 [MQTT-1.5.3-1]"),
    (b"\x10\x12\0\x04MQTT\x04\x04\0\0\0\x01c\0\x01\xfe\0\0", "the will topic is not UTF-8 [MQTT-1.5.3-1]"),
    (b"\x10\x10\0\x04MQTT\x04\x80\0\0\0\x01c\0\x01\xfe", "the user name is not UTF-8 [MQTT-1.5.3-1]"),
    (b"\x30\x04\0\x02a\0", "the topic name has a U+0000 in it [MQTT-1.5.3-2]"),
    (b"\xa2\x05\x01\x02\0\x01\0", "the topic filter has a U+0000 in it [MQTT-1.5.3-2]"),
    (b"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01\0", "the client identifier has a U+0000 in it [MQTT-1.5.3-2]"),
    (b"\x10\x12\0\x04MQTT\x04\x04\0\0\0\x01c\0\x01\0\0\0", "the will topic has a U+0000 in it [MQTT-1.5.3-2]"),
    (b"\x10\x10\0\x04MQTT\x04\x80\0\0\0\x01c\0\x01\0", "the user name has a U+0000 in it [MQTT-1.5.3-2]"),
    (b"\x32\x05\0\x01t\0\0", "a packet identifier of 0 in PUBLISH [MQTT-2.3.1-1]"),
    (b"\x34\x05\0\x01t\0\0", "a packet identifier of 0 in PUBLISH [MQTT-2.3.1-1]"),
    (b"\x40\x02\0\0", "a packet identifier of 0 in PUBACK [MQTT-2.3.1-1]"),
    (b"\x50\x02\0\0", "a packet identifier of 0 in PUBREC [MQTT-2.3.1-1]"),
    (b"\x62\x02\0\0", "a packet identifier of 0 in PUBREL [MQTT-2.3.1-1]"),
    (b"\x70\x02\0\0", "a packet identifier of 0 in PUBCOMP [MQTT-2.3.1-1]"),
    (b"\x82\x06\0\0\0\x01#\x02", "a packet identifier of 0 in SUBSCRIBE [MQTT-2.3.1-1]"),
    (b"\x90\x03\0\0\0", "a packet identifier of 0 in SUBACK [MQTT-2.3.1-1]"),
    (b"\xa2\x05\0\0\0\x01#", "a packet identifier of 0 in UNSUBSCRIBE [MQTT-2.3.1-1]"),
    (b"\xb0\x02\0\0", "a packet identifier of 0 in UNSUBACK [MQTT-2.3.1-1]"),
    (b"\x10\x0f\0\x06MQIsdp\x03\x02\0\0\0\x01c", "the protocol is not called MQTT [MQTT-3.1.2-1]"),
    (b"\x10\x0d\0\x04mqtt\x04\x02\0\0\0\x01c", "the protocol is not called MQTT [MQTT-3.1.2-1]"),
    (b"\x10\x0e\0\x04MQTT\x05\x02\0\0\0\0\x01c", "protocol level 5, expected 4 [MQTT-3.1.2-2]"),
    (b"\x10\x0d\0\x04MQTT\x04\x03\0\0\0\x01c", "the reserved flag of CONNECT is set [MQTT-3.1.2-3]"),
    (b"\x10\x0d\0\x04MQTT\x04\x0a\0\0\0\x01c", "a QoS of a will, but no will [MQTT-3.1.2-13]"),
    (b"\x10\x0d\0\x04MQTT\x04\x12\0\0\0\x01c", "a QoS of a will, but no will [MQTT-3.1.2-13]"),
    (b"\x10\x0d\0\x04MQTT\x04\x1a\0\0\0\x01c", "a QoS of a will, but no will [MQTT-3.1.2-13]"),
    (b"\x10\x12\0\x04MQTT\x04\x1c\0\0\0\x01c\0\x01w\0\0", "a will at QoS 3 [MQTT-3.1.2-14]"),
    (b"\x10\x0d\0\x04MQTT\x04\x22\0\0\0\x01c", "a will to be retained, but no will [MQTT-3.1.2-15]"),
    (b"\x10\x0f\0\x04MQTT\x04\x42\0\0\0\x01c\0\0", "a password, but no user name [MQTT-3.1.2-22]"),
    (b"\x10\x0c\0\x04MQTT\x04\0\0\0\0\0", "no client identifier, but a session to be kept [MQTT-3.1.3-7]"),
    (b"\x20\x02\x02\0", "flags 0b00000010 of CONNACK, of which seven are reserved [section 3.2.2.1]"),
    (b"\x20\x02\x81\0", "flags 0b10000001 of CONNACK, of which seven are reserved [section 3.2.2.1]"),
    (b"\x20\x02\x01\x01", "a session is present, but the connection is refused [MQTT-3.2.2-4]"),
    (b"\x20\x02\0\x06", "the reserved return code 6 of CONNACK [section 3.2.2.3]"),
    (b"\x30\x02\0\0", "an empty topic [MQTT-4.7.3-1]"),
    (b"\x82\x05\x01\x02\0\0\0", "an empty topic [MQTT-4.7.3-1]"),
    (b"\x10\x11\0\x04MQTT\x04\x04\0\0\0\x01c\0\0\0\0", "an empty topic [MQTT-4.7.3-1]"),
    (b"\x30\x05\0\x03a/+", "a wildcard in the name of a topic [MQTT-4.7.1-1]"),
    (b"\x30\x03\0\x01#", "a wildcard in the name of a topic [MQTT-4.7.1-1]"),
    (b"\x10\x12\0\x04MQTT\x04\x04\0\0\0\x01c\0\x01#\0\0", "a wildcard in the name of a topic [MQTT-4.7.1-1]"),
    (b"\x82\x07\x01\x02\0\x02a#\0", "a '#' that is not the last level of its filter [MQTT-4.7.1-2]"),
    (b"\xa2\x07\x01\x02\0\x03#/a", "a '#' that is not the last level of its filter [MQTT-4.7.1-2]"),
    (b"\xa2\x06\x01\x02\0\x02#/", "a '#' that is not the last level of its filter [MQTT-4.7.1-2]"),
    (b"\x82\x07\x01\x02\0\x02a+\0", "a '+' that is not a whole level of its filter [MQTT-4.7.1-3]"),
    (b"\xa2\x07\x01\x02\0\x03+a/", "a '+' that is not a whole level of its filter [MQTT-4.7.1-3]"),
    (b"\x82\x02\x01\x02", "a SUBSCRIBE without topic filters [MQTT-3.8.3-3]"),
    (b"\x82\x06\x01\x02\0\x01#\x03", "a requested QoS of 0x03 [MQTT-3-8.3-4]"),
    (b"\x82\x0a\x01\x02\0\x01#\x02\0\x01#\x04", "a requested QoS of 0x04 [MQTT-3-8.3-4]"),
    (b"\x90\x02\x01\x02", "a SUBACK without return codes [MQTT-3.8.4-5]"),
    (b"\x90\x03\x01\x02\x03", "the reserved return code 0x03 of SUBACK [MQTT-3.9.3-2]"),
    (b"\x90\x04\x01\x02\x80\x81", "the reserved return code 0x81 of SUBACK [MQTT-3.9.3-2]"),
    (b"\xa2\x02\x01\x02", "an UNSUBSCRIBE without topic filters [MQTT-3.10.3-2]"),
];

#[test]
fn every_fault_is_found_first_and_behind_a_good_packet() {
    let kit = kit(usize::MAX);
    for (input, fault) in FAULTS {
        let behind = [b"\xd0\0", *input].concat();
        let first = format!("frame at byte 0: {fault}");
        let then = format!("frame at byte 2: {fault}");
        kit.table(&[Case { clause: fault, input, says: &[&first] }, Case { clause: fault, input: &behind, says: &["Pingresp", &then] }]);
        // One byte less is no fault yet, or only one of the bytes before.
        let before = kit.check(&input[..input.len() - 1]).lines();
        assert!(before.iter().all(|line| !line.contains(fault)), "{} is said to be {fault} too early", text(input));
    }
}

#[rustfmt::skip]
#[test]
fn a_packet_within_the_limit_is_read_and_a_longer_one_is_refused_by_its_header() {
    let ok = r#"Publish(Publish { delivery: AtMostOnce, retain: false, topic: "t", payload: Payload("ab") })"#;
    kit(7).table(&[
        Case { clause: "limit",     input: b"\x30\x05\0\x01tab\xc0\0", says: &[ok, "Pingreq", "end"] },
        Case { clause: "limit + 1", input: b"\x30\x06",                says: &["frame at byte 0: packet longer than the limit of 7 bytes"] },
        Case { clause: "limit + 1", input: b"\xc0\0\x30\x06\0",        says: &["Pingreq", "frame at byte 2: packet longer than the limit of 7 bytes"] },
        Case { clause: "limit",     input: b"\x30\x80",                says: &["frame at byte 0: packet longer than the limit of 7 bytes"] },
    ]);
    kit(0).table(&[
        Case { clause: "limit 0", input: b"",     says: &["end"] },
        Case { clause: "limit 0", input: b"\xc0", says: &["frame at byte 0: packet longer than the limit of 0 bytes"] },
    ]);
    kit(2).table(&[
        Case { clause: "limit",     input: b"\xc0\0",     says: &["Pingreq", "end"] },
        Case { clause: "limit + 1", input: b"\x40\x02",   says: &["frame at byte 0: packet longer than the limit of 2 bytes"] },
    ]);
    // The shortest packets with a length of two, three and four bytes have 131, 16388 and 2097157 bytes.
    kit(130).table(&[
        Case { clause: "limit + 1", input: b"\x30\x80",             says: &["frame at byte 0: packet longer than the limit of 130 bytes"] },
    ]);
    kit(131).table(&[
        Case { clause: "limit",     input: b"\x30\x80\x01",         says: &["frame at byte 0: the stream ended 3 bytes into the frame"] },
        Case { clause: "limit + 1", input: b"\x30\x81",             says: &["frame at byte 0: packet longer than the limit of 131 bytes"] },
        Case { clause: "limit + 1", input: b"\x30\x80\x02",         says: &["frame at byte 0: packet longer than the limit of 131 bytes"] },
    ]);
    kit(16_387).table(&[
        Case { clause: "limit + 1", input: b"\x30\x80\x80",         says: &["frame at byte 0: packet longer than the limit of 16387 bytes"] },
    ]);
    kit(16_388).table(&[
        Case { clause: "limit",     input: b"\x30\x80\x80\x01",     says: &["frame at byte 0: the stream ended 4 bytes into the frame"] },
    ]);
    kit(2_097_156).table(&[
        Case { clause: "limit + 1", input: b"\x30\x80\x80\x80",     says: &["frame at byte 0: packet longer than the limit of 2097156 bytes"] },
    ]);
    kit(2_097_157).table(&[
        Case { clause: "limit",     input: b"\x30\x80\x80\x80\x01", says: &["frame at byte 0: the stream ended 5 bytes into the frame"] },
    ]);
}

type Encoded = Result<Vec<u8>, EncodeError<Fault>>;

fn encode(max_packet: usize, packet: Packet<'_>) -> Encoded {
    let mut output = SegmentedBuf::new();
    let sent = output.send(&mut Mqtt::new(max_packet), packet).map_err(|unsent| unsent.error);
    let written = output.segments().flatten().copied().collect();
    assert!(sent.is_ok() || output.is_empty(), "a refused packet leaves bytes behind");
    sent.map(|()| written)
}

fn publish(topic: &str) -> Packet<'_> {
    Packet::Publish(Publish { delivery: Delivery::AtMostOnce, retain: false, topic, payload: Payload::Borrowed(b"") })
}

fn connect() -> Connect<'static> {
    Connect { client_id: "c", clean_session: true, keep_alive: 1, will: None, login: None }
}

#[rustfmt::skip]
#[test]
fn what_cannot_be_said_is_refused() {
    let subscribe = |filter| encode(99, Packet::Subscribe { id: ID, filters: List::from(&[Subscription { filter, qos: Qos::AtMostOnce }][..]) });
    let unsubscribe = |filter| encode(99, Packet::Unsubscribe { id: ID, filters: List::from(&[filter][..]) });
    let will = |topic| encode(99, Packet::Connect(Connect { will: Some(Will { topic, message: b"", qos: Qos::AtMostOnce, retain: false }), ..connect() }));
    let refused: &[(Encoded, &str)] = &[
        (encode(99, publish("")), "an empty topic [MQTT-4.7.3-1]"),
        (encode(99, publish("a\0")), "the topic name has a U+0000 in it [MQTT-1.5.3-2]"),
        (encode(99, publish("a/#")), "a wildcard in the name of a topic [MQTT-4.7.1-1]"),
        (subscribe("a/#/b"), "a '#' that is not the last level of its filter [MQTT-4.7.1-2]"),
        (subscribe(""), "an empty topic [MQTT-4.7.3-1]"),
        (unsubscribe("a+"), "a '+' that is not a whole level of its filter [MQTT-4.7.1-3]"),
        (unsubscribe("\0"), "the topic filter has a U+0000 in it [MQTT-1.5.3-2]"),
        (will("+"), "a wildcard in the name of a topic [MQTT-4.7.1-1]"),
        (will(""), "an empty topic [MQTT-4.7.3-1]"),
        (encode(99, Packet::Subscribe { id: ID, filters: List::from(&[][..]) }), "a SUBSCRIBE without topic filters [MQTT-3.8.3-3]"),
        (encode(99, Packet::Suback { id: ID, granted: List::from(&[][..]) }), "a SUBACK without return codes [MQTT-3.8.4-5]"),
        (encode(99, Packet::Unsubscribe { id: ID, filters: List::from(&[][..]) }), "an UNSUBSCRIBE without topic filters [MQTT-3.10.3-2]"),
        (encode(99, Packet::Connect(Connect { client_id: "", clean_session: false, ..connect() })), "no client identifier, but a session to be kept [MQTT-3.1.3-7]"),
        (encode(99, Packet::Connect(Connect { client_id: "\0", ..connect() })), "the client identifier has a U+0000 in it [MQTT-1.5.3-2]"),
        (encode(99, Packet::Connect(Connect { login: Some(Login { username: "\0", password: None }), ..connect() })), "the user name has a U+0000 in it [MQTT-1.5.3-2]"),
        (encode(usize::MAX, publish(&"a".repeat(65_536))), "topic name longer than the limit of 65535 bytes"),
        (encode(usize::MAX, Packet::Connect(Connect { login: Some(Login { username: "", password: Some(&vec![0; 65_536]) }), ..connect() })), "password longer than the limit of 65535 bytes"),
        (encode(4, publish("a")), "packet longer than the limit of 4 bytes"),
    ];
    for (refused, why) in refused {
        assert_eq!(refused.as_ref().unwrap_err().to_string(), *why);
    }
    assert_eq!(encode(5, publish("a")).unwrap(), b"\x30\x03\0\x01a");
    assert!(encode(usize::MAX, publish(&"a".repeat(65_535))).is_ok());
}

#[test]
fn a_refused_packet_leaves_nothing_in_the_encoder() {
    let (mut codec, mut output) = (Mqtt::new(99), SegmentedBuf::new());
    output.send(&mut codec, Packet::Puback(ID)).unwrap();
    // Refused when most of it is written.
    let unsent = output.send(&mut codec, Packet::Connect(Connect { login: Some(Login { username: "\0", password: None }), ..connect() }));
    assert!(matches!(unsent.unwrap_err().message, Packet::Connect(_)));
    output.send(&mut codec, publish("a")).unwrap();
    assert_eq!(text(output.peek()), text(b"\x40\x02\x01\x02\x30\x03\0\x01a"));
}

#[test]
fn the_longest_packet_there_is() {
    // Zeros that nobody touches: nothing of it is written, since the queue has no room for that much.
    let zeros = Bytes::from(vec![0; 1 << 28]);
    let refused = |payload: usize| {
        let payload = Payload::Owned(zeros.slice(..payload));
        encode(usize::MAX, Packet::Publish(Publish { delivery: Delivery::AtMostOnce, retain: false, topic: "t", payload })).unwrap_err()
    };
    assert!(matches!(refused((1 << 28) - 4), EncodeError::Buffer(_)));
    assert_eq!(refused((1 << 28) - 3), EncodeError::TooLarge { what: "packet", limit: 268_435_460 });
}

#[test]
fn a_payload_is_neither_copied_on_its_way_in_nor_out() {
    let is_in = |part: &[u8], whole: Range<*const u8>| whole.contains(&part.as_ptr());
    let payload = Payload::from(vec![7; 64 * 1024]);
    let packet = Publish { delivery: Delivery::AtMostOnce, retain: false, topic: "t", payload: payload.clone() };
    let mut output = SegmentedBuf::new();
    output.send(&mut Mqtt::new(usize::MAX), Packet::Publish(packet)).unwrap();
    assert!(output.segments().any(|run| is_in(run, payload.as_ptr_range())));

    let wire: Vec<u8> = output.segments().flatten().copied().collect();
    let mut engine = Engine::new(Mqtt::new(usize::MAX));
    let mut frames = engine.feed(&wire).unwrap();
    let Ok(Step::Frame(Packet::Publish(came), _)) = frames.next_frame() else { panic!("a packet is there") };
    assert!(came.payload == payload && is_in(&came.payload, wire.as_ptr_range()));
}

const SEED: u64 = 0x6d71_7474;

fn property(size: usize, usual: u64, property: impl Testable) {
    let rounds = if std::env::var_os("FRAMEWRIGHT_QUICK").is_some() { usual / 10 } else { usual };
    QuickCheck::new().rng(Gen::from_size_and_seed(size, SEED)).tests(rounds).max_tests(rounds).quickcheck(property);
}

/// What a packet is made of, legal or not.
#[derive(Clone, Debug)]
struct Draft {
    kind: usize,
    id: Id,
    number: u16,
    flags: [bool; 4],
    qos: Qos,
    texts: [String; 3],
    bytes: [Vec<u8>; 2],
    filters: Vec<(String, Qos)>,
    granted: Vec<Option<Qos>>,
    max_packet: usize,
}

impl Arbitrary for Draft {
    fn arbitrary(g: &mut Gen) -> Self {
        Self {
            kind: usize::arbitrary(g) % 14,
            id: Id::arbitrary(g),
            number: u16::arbitrary(g),
            flags: [bool::arbitrary(g), bool::arbitrary(g), bool::arbitrary(g), bool::arbitrary(g)],
            qos: any(g, &Qos::ALL),
            texts: [topic(g), topic(g), topic(g)],
            bytes: [Vec::arbitrary(g), Vec::arbitrary(g)],
            filters: some(g, |g| (topic(g), any(g, &Qos::ALL))),
            granted: some(g, |g| bool::arbitrary(g).then(|| any(g, &Qos::ALL))),
            max_packet: any(g, &[12, 40, 130, 131, 1 << 20]),
        }
    }
}

fn any<T: Copy>(g: &mut Gen, of: &[T]) -> T {
    *g.choose(of).unwrap()
}

fn some<T>(g: &mut Gen, make: impl Fn(&mut Gen) -> T) -> Vec<T> {
    (0..any(g, &[0, 1, 1, 2, 3])).map(|_| make(g)).collect()
}

/// Mostly legal topics.
fn topic(g: &mut Gen) -> String {
    let levels = any(g, &[1, 1, 2, 3]);
    let level = |g: &mut Gen| any(g, &["a", "b", "é", "", "a", "b", "é", "\u{feff}", "abcdefghijklmnopqrstuvwxyz", "+", "#", "a+", "\0"]);
    let topic = (0..levels).map(|_| level(g)).collect::<Vec<_>>().join("/");
    let times = any(g, &[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 65_536]);
    if times == 1 { topic } else { "a".repeat(times - any(g, &[0, 1])) }
}

impl Draft {
    /// Shows the packet to `see`.
    fn with<T>(&self, see: impl FnOnce(Packet<'_>) -> T) -> T {
        let Self { id, number, flags: [a, b, c, d], qos, texts: [first, second, third], bytes: [some, more], .. } = self;
        let (id, qos) = (*id, *qos);
        let subscriptions: Vec<_> = self.filters.iter().map(|(filter, qos)| Subscription { filter, qos: *qos }).collect();
        let filters: Vec<_> = self.filters.iter().map(|(filter, _)| &filter[..]).collect();
        let granted: Vec<_> = self.granted.iter().map(|granted| granted.map_or(Granted::Failure, Granted::UpTo)).collect();
        let will = a.then(|| Will { topic: second, message: some, qos, retain: *d });
        let login = b.then(|| Login { username: third, password: c.then_some(&more[..]) });
        let refusal = Refusal::ALL.get(usize::from(number % 6)).copied();
        let dup = *a;
        let delivery = [Delivery::AtMostOnce, Delivery::AtLeastOnce { id, dup }, Delivery::ExactlyOnce { id, dup }][qos as usize];
        see(match self.kind {
            0 => Packet::Connect(Connect { client_id: first, clean_session: *d, keep_alive: *number, will, login }),
            1 => Packet::Connack(refusal.map_or(Connack::Accepted { session_present: *a }, Connack::Refused)),
            2 => Packet::Publish(Publish { delivery, retain: *b, topic: first, payload: Payload::from(some.clone()) }),
            3 => Packet::Puback(id),
            4 => Packet::Pubrec(id),
            5 => Packet::Pubrel(id),
            6 => Packet::Pubcomp(id),
            7 => Packet::Subscribe { id, filters: List::from(&subscriptions[..]) },
            8 => Packet::Suback { id, granted: List::from(&granted[..]) },
            9 => Packet::Unsubscribe { id, filters: List::from(&filters[..]) },
            10 => Packet::Unsuback(id),
            11 => Packet::Pingreq,
            12 => Packet::Pingresp,
            _ => Packet::Disconnect,
        })
    }
}

/// Writes a packet as the figures of the standard show it, and judges nothing.
fn write(packet: &Packet<'_>) -> Vec<u8> {
    let text = |bytes: &[u8]| [&u16::try_from(bytes.len() % 65_536).unwrap().to_be_bytes(), bytes].concat();
    let id = packet.id().map_or(vec![], |id| id.get().to_be_bytes().to_vec());
    let (first, rest) = match packet {
        Packet::Connect(connect) => (0x10, write_connect(connect)),
        Packet::Connack(Connack::Accepted { session_present }) => (0x20, vec![u8::from(*session_present), 0]),
        Packet::Connack(Connack::Refused(refusal)) => (0x20, vec![0, *refusal as u8]),
        Packet::Publish(Publish { delivery, retain, topic, payload }) => {
            let flags = match delivery {
                Delivery::AtMostOnce => 0,
                Delivery::AtLeastOnce { dup, .. } => 2 + 8 * u8::from(*dup),
                Delivery::ExactlyOnce { dup, .. } => 4 + 8 * u8::from(*dup),
            };
            (0x30 + flags + u8::from(*retain), [&text(topic.as_bytes()), &id[..], payload].concat())
        }
        Packet::Puback(_) => (0x40, id),
        Packet::Pubrec(_) => (0x50, id),
        Packet::Pubrel(_) => (0x62, id),
        Packet::Pubcomp(_) => (0x70, id),
        Packet::Subscribe { filters, .. } => {
            let filters =
                filters.iter().flat_map(|subscription| [text(subscription.filter.as_bytes()), vec![subscription.qos as u8]].concat());
            (0x82, id.into_iter().chain(filters).collect())
        }
        Packet::Suback { granted, .. } => {
            let codes = granted.iter().map(|granted| if let Granted::UpTo(qos) = granted { qos as u8 } else { 0x80 });
            (0x90, id.into_iter().chain(codes).collect())
        }
        Packet::Unsubscribe { filters, .. } => {
            (0xa2, id.into_iter().chain(filters.iter().flat_map(|filter| text(filter.as_bytes()))).collect())
        }
        Packet::Unsuback(_) => (0xb0, id),
        Packet::Pingreq => (0xc0, vec![]),
        Packet::Pingresp => (0xd0, vec![]),
        Packet::Disconnect => (0xe0, vec![]),
    };
    [&[first], &write_length(rest.len())[..], &rest].concat()
}

fn write_connect(connect: &Connect<'_>) -> Vec<u8> {
    let text = |bytes: &[u8]| [&u16::try_from(bytes.len() % 65_536).unwrap().to_be_bytes(), bytes].concat();
    let mut flags = 2 * u8::from(connect.clean_session);
    let mut payload = text(connect.client_id.as_bytes());
    if let Some(Will { topic, message, qos, retain }) = &connect.will {
        flags += 4 + 8 * (*qos as u8) + 32 * u8::from(*retain);
        payload.extend([text(topic.as_bytes()), text(message)].concat());
    }
    if let Some(Login { username, password }) = &connect.login {
        flags += 128 + 64 * u8::from(password.is_some());
        payload.extend(text(username.as_bytes()));
        payload.extend(password.map_or(vec![], text));
    }
    [b"\0\x04MQTT\x04", &[flags][..], &connect.keep_alive.to_be_bytes(), &payload].concat()
}

fn write_length(length: usize) -> Vec<u8> {
    let digit = u8::try_from(length % 128).unwrap();
    if length < 128 { vec![digit] } else { [vec![digit + 128], write_length(length / 128)].concat() }
}

#[test]
fn a_packet_is_refused_exactly_when_it_would_be_read_as_something_else() {
    #[expect(clippy::needless_pass_by_value, reason = "so quickcheck wants it")]
    fn check(draft: Draft) {
        draft.with(|packet| {
            let written = write(&packet);
            let mut engine = Engine::new(Mqtt::new(draft.max_packet));
            let mut frames = engine.feed(&written).unwrap();
            let is_read =
                matches!(frames.next_frame(), Ok(Step::Frame(came, _)) if came == packet) && matches!(frames.next_frame(), Ok(Step::Idle));
            match encode(draft.max_packet, packet) {
                Ok(encoded) => assert_eq!((text(&encoded), is_read), (text(&written), true)),
                Err(refused) => assert!(!is_read, "{refused}, but {} is read", text(&written)),
            }
        });
    }
    property(40, 20_000, check as fn(Draft));
}

/// Packets of which a few bytes were changed.
#[derive(Clone, Debug)]
struct Stream {
    drafts: Vec<Draft>,
    changes: Vec<(usize, u8)>,
}

impl Arbitrary for Stream {
    fn arbitrary(g: &mut Gen) -> Self {
        let drafts = some(g, Draft::arbitrary);
        let byte = |g: &mut Gen| any(g, &[0, 1, 2, 3, 4, 0x0c, 0x30, 0x32, 0x62, 0x7f, 0x80, 0x82, 0xff, b'#', b'+', b'/']);
        Self { drafts, changes: some(g, |g| (usize::arbitrary(g), byte(g))) }
    }
}

#[test]
fn what_is_read_is_written_with_the_same_bytes() {
    fn check(stream: Stream) {
        let mut wire: Vec<u8> = stream.drafts.iter().flat_map(|draft| draft.with(|packet| write(&packet))).collect();
        if wire.len() > 1000 {
            return;
        }
        for (at, byte) in stream.changes {
            let len = wire.len().max(1);
            wire.get_mut(at % len).into_iter().for_each(|changed| *changed = byte);
        }
        kit(200).check_sample(&wire, wire.len() as u64);
        let mut engine = Engine::new(Mqtt::new(200));
        let mut frames = engine.feed(&wire).unwrap();
        while let Ok(Step::Frame(packet, _)) = frames.next_view() {
            assert_eq!(text(&encode(200, packet.open()).unwrap()), text(packet.encoded()));
        }
    }
    property(12, 10_000, check as fn(Stream));
}
