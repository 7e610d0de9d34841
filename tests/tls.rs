//! TLS by rustls: SPEC.md, chapter TL. Both ends in memory, over wires that cut the bytes in every way.

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use framewright::conn::{Conn, Failure, Leftover, Limits, Plain, Session, Timer, Tls, Turn, Unclean, Want};
use framewright::framing::Lines;
use framewright::testkit::text;
use framewright::{ErrorKind, Time};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, ClientConfig, ClientConnection, ProtocolVersion, RootCertStore, ServerConfig, ServerConnection};
use rustls::{InvalidMessage, SupportedProtocolVersion};

const KIB: usize = 1024;
const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// The certificate of `localhost`, and its key: of Ed25519, whose signatures are all equally long, so that a handshake takes as many bytes each time.
fn certificate() -> &'static (CertificateDer<'static>, Vec<u8>) {
    static CERTIFICATE: OnceLock<(CertificateDer<'static>, Vec<u8>)> = OnceLock::new();
    CERTIFICATE.get_or_init(|| {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let made = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        (made.der().clone(), key.serialize_der())
    })
}

fn server_tls(version: &'static SupportedProtocolVersion) -> Tls {
    let (certificate, key) = certificate();
    let key = PrivateKeyDer::try_from(key.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let mut config = config.with_no_client_auth().with_single_cert(vec![certificate.clone()], key).unwrap();
    config.alpn_protocols = vec![b"lines/2".to_vec(), b"lines/1".to_vec()];
    Tls::new(ServerConnection::new(Arc::new(config)).unwrap())
}

fn client_tls(version: &'static SupportedProtocolVersion) -> Tls {
    let mut roots = RootCertStore::empty();
    roots.add(certificate().0.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"lines/1".to_vec()];
    Tls::new(ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap())
}

/// How many bytes the wire brings at once.
#[derive(Clone, Copy, Debug)]
enum Cut {
    Bytes,
    Whole,
    Random(u64),
}

const CUTS: [Cut; 4] = [Cut::Bytes, Cut::Whole, Cut::Random(1), Cut::Random(2)];

impl Cut {
    fn next(&mut self) -> usize {
        match self {
            Self::Bytes => 1,
            Self::Whole => usize::MAX,
            Self::Random(state) => {
                *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let (large, small) = ((*state >> 33) as usize, (*state >> 60) as usize);
                if small < 8 { 1 + large % 40 } else { 1 + large % 4000 }
            }
        }
    }
}

type Said = Vec<String>;

/// One end: what it says, and the wire to it.
struct End {
    conn: Conn<Plain<Lines>>,
    said: Said,
    failure: Option<Failure<core::convert::Infallible>>,
    wire: VecDeque<u8>,
    wire_ended: bool,
    /// How many bytes more the wire brings before it is cut.
    wire_lasts: usize,
    /// Every byte that it has sent.
    sent: Vec<u8>,
    has_shut: bool,
    most_held: usize,
    answers: bool,
}

impl End {
    fn new(tls: Option<Tls>) -> Self {
        let limits = Limits { max_unsent: 4 << 20, ..Limits::DEFAULT };
        let mut conn = Conn::with_limits(Plain(Lines::new(4 * KIB)), Time::ZERO, limits);
        if let Some(tls) = tls {
            conn.push_filter(Box::new(tls), Leftover::Reject).unwrap_or_else(|_| panic!("nothing was read"));
        }
        Self {
            conn,
            said: Vec::new(),
            failure: None,
            wire: VecDeque::new(),
            wire_ended: false,
            wire_lasts: usize::MAX,
            sent: Vec::new(),
            has_shut: false,
            most_held: 0,
            answers: false,
        }
    }

    /// Goes on until the other end or the wire has to. Tells whether anything has happened.
    fn turn(&mut self, other: &mut Self, cut: &mut Cut) -> bool {
        let mut happened = false;
        loop {
            self.most_held = self.most_held.max(self.conn.held_bytes());
            match self.conn.step() {
                Turn::Event(line, mut out) => {
                    if self.answers {
                        out.send([b"re: ", line].concat()).unwrap();
                    }
                    self.said.push(text(line));
                }
                Turn::Bad(error, _) => panic!("{error}"),
                Turn::Over(Ok(()), _) => self.said.push("over".to_owned()),
                Turn::Over(Err(failure), _) => {
                    self.said.push("failed".to_owned());
                    match failure {
                        Failure::Filter(error) => self.failure = Some(Failure::Filter(error)),
                        Failure::Timeout(timer) => self.failure = Some(Failure::Timeout(timer)),
                        other => panic!("{other}"),
                    }
                }
                Turn::Want(want) => {
                    let did = self.satisfy(want, other, cut);
                    happened |= did;
                    if !did || want.write == 0 {
                        return happened;
                    }
                }
                Turn::Handoff | Turn::Done => return happened,
            }
            happened = true;
        }
    }

    fn satisfy(&mut self, want: Want, other: &mut Self, cut: &mut Cut) -> bool {
        if want.write > 0 {
            // As much as a socket buffer holds.
            let room = (64 * KIB).saturating_sub(other.wire.len()).min(cut.next());
            let bytes: Vec<u8> = self.conn.output().flatten().copied().take(room).collect();
            self.conn.sent(Time::ZERO, bytes.len()).unwrap();
            other.wire.extend(&bytes);
            self.sent.extend_from_slice(&bytes);
            if !bytes.is_empty() {
                return true;
            }
        }
        if want.shutdown {
            other.wire_ended = true;
            self.has_shut = true;
            self.conn.shut(Time::ZERO);
            return true;
        }
        if want.read == 0 {
            return false;
        }
        let n = self.wire.len().min(cut.next()).min(self.wire_lasts);
        if n > 0 {
            let space = self.conn.space().unwrap();
            let n = n.min(space.len());
            for (to, byte) in space.iter_mut().zip(self.wire.drain(..n)) {
                *to = byte;
            }
            self.wire_lasts -= n;
            self.conn.commit(Time::ZERO, n).unwrap();
            return true;
        }
        if self.wire_lasts == 0 || (self.wire_ended && self.wire.is_empty()) {
            self.wire_ended = false;
            self.wire_lasts = usize::MAX;
            self.wire.clear();
            self.conn.eof(Time::ZERO);
            return true;
        }
        false
    }

    fn send(&mut self, line: impl AsRef<[u8]>) {
        self.conn.outbox().send(line.as_ref()).unwrap();
    }

    /// The error of rustls that ended it.
    fn rustls(&self) -> &rustls::Error {
        let Some(Failure::Filter(error)) = &self.failure else { panic!("{:?}", self.said) };
        error.get_ref().downcast_ref().unwrap()
    }

    fn was_cut_short(&self) -> bool {
        let Some(failure @ Failure::Filter(error)) = &self.failure else { return false };
        let is_unclean = error.get_ref().is::<Unclean>();
        assert_eq!(is_unclean, failure.kind() == ErrorKind::Truncated);
        is_unclean
    }
}

/// Runs both until nothing happens any more.
fn run(client: &mut End, server: &mut End, cut: &mut Cut) {
    while client.turn(server, cut) | server.turn(client, cut) {}
}

fn pair(version: &'static SupportedProtocolVersion) -> (End, End) {
    (End::new(Some(client_tls(version))), End::new(Some(server_tls(version))))
}

#[test]
fn tl_1_what_comes_out_is_what_was_said_however_the_wire_cuts() {
    for version in VERSIONS {
        for mut cut in CUTS {
            let (mut client, mut server) = pair(version);
            server.answers = true;
            // Said before the handshake, and behind it.
            client.send("one");
            client.send("two");
            run(&mut client, &mut server, &mut cut);
            client.send("three");
            client.conn.outbox().close();
            run(&mut client, &mut server, &mut cut);
            assert_eq!(server.said, ["one", "two", "three", "over"], "{cut:?}");
            assert_eq!(client.said, ["re: one", "re: two", "re: three", "over"], "{cut:?}");
            assert!(matches!((client.conn.step(), server.conn.step()), (Turn::Done, Turn::Done)));
            let plain = |bytes: &[u8]| bytes.windows(3).any(|window| window == b"one");
            assert!(!plain(&client.sent) && !plain(&server.sent));
        }
    }
}

#[test]
fn tl_2_bulk_passes_both_ways_at_once_within_bounds() {
    for (mut cut, kib) in [(Cut::Bytes, 128), (Cut::Whole, 1024), (Cut::Random(3), 1024)] {
        let (mut client, mut server) = pair(&TLS13);
        let line = |at: usize| format!("{at:01023}");
        for at in 0..kib {
            client.send(line(at));
            server.send(line(at + 1));
        }
        client.most_held = 0;
        run(&mut client, &mut server, &mut cut);
        client.conn.outbox().close();
        run(&mut client, &mut server, &mut cut);
        for (end, first) in [(&client, 1), (&server, 0)] {
            assert_eq!(end.said.len(), kib + 1);
            assert!((0..kib).all(|at| end.said[at] == line(at + first)));
            assert_eq!(end.said[kib], "over");
            // What is queued at the start, and a buffer each way.
            assert!(end.most_held <= kib * KIB + 3 * 64 * KIB, "{}", end.most_held);
        }
    }
}

#[test]
fn tl_2_a_record_for_which_there_is_no_room_waits() {
    let (mut client, mut server) = pair(&TLS13);
    run(&mut client, &mut server, &mut Cut::Whole);
    let lines: Said = (0..300).map(|at| format!("{at:01000}")).collect();
    let mut wire = Vec::new();
    for line in &lines {
        client.send(line);
        let Turn::Want(want) = client.conn.step() else { panic!("nothing came") };
        wire.extend(client.conn.output().flatten());
        client.conn.sent(Time::ZERO, want.write).unwrap();
    }
    assert_eq!(records(&wire), [23; 300]);
    drop(server.conn.feed(Time::ZERO, &wire).unwrap());
    server.turn(&mut client, &mut Cut::Whole);
    assert_eq!(server.said, lines);
}

#[test]
fn tl_2_tls_passes_through_tls() {
    let (mut client, mut server) = pair(&TLS13);
    assert!(client.conn.push_filter(Box::new(client_tls(&TLS12)), Leftover::Reject).is_ok());
    assert!(server.conn.push_filter(Box::new(server_tls(&TLS12)), Leftover::Reject).is_ok());
    let line = |at: usize| format!("{at:01000}");
    for at in 0..1000 {
        client.send(line(at));
        server.send(line(at));
    }
    client.conn.outbox().close();
    run(&mut client, &mut server, &mut Cut::Random(5));
    for end in [&client, &server] {
        assert!(end.said.len() == 1001 && (0..1000).all(|at| end.said[at] == line(at)) && end.said[1000] == "over");
    }
}

#[test]
fn tl_2_an_application_that_does_not_read_holds_the_peer_up() {
    let (mut client, mut server) = pair(&TLS13);
    run(&mut client, &mut server, &mut Cut::Whole);
    for at in 0..2048 {
        client.send(format!("{at:01023}"));
    }
    // One event for each 16 KiB read.
    let mut events = 0;
    for _ in 0..400 {
        client.turn(&mut server, &mut Cut::Whole);
        if let Ok(space) = server.conn.space() {
            let n = space.len().min(server.wire.len());
            for (to, byte) in space.iter_mut().zip(server.wire.drain(..n)) {
                *to = byte;
            }
            server.conn.commit(Time::ZERO, n).unwrap();
        }
        events += usize::from(matches!(server.conn.step(), Turn::Event(..)));
        assert!(server.conn.held_bytes() <= 3 * 64 * KIB, "{}", server.conn.held_bytes());
    }
    assert!(events > 300 && client.conn.held_bytes() > 1024 * KIB);
    run(&mut client, &mut server, &mut Cut::Whole);
    assert_eq!(events + server.said.len(), 2048);
}

#[test]
fn tl_3_a_side_that_closes_sends_close_notify_before_it_shuts_down() {
    for version in VERSIONS {
        for mut cut in CUTS {
            for client_closes in [true, false] {
                let (mut client, mut server) = pair(version);
                client.send("hello");
                run(&mut client, &mut server, &mut cut);
                let (closes, follows) = if client_closes { (&mut client, &mut server) } else { (&mut server, &mut client) };
                closes.send("last");
                let before = closes.sent.len();
                closes.conn.outbox().close();
                assert!(matches!(closes.conn.step(), Turn::Want(Want { write: 1.., shutdown: false, .. })));
                run(closes, follows, &mut cut);
                // A record with the line, and one with the alert, both encrypted.
                let records = records(&closes.sent[before..]);
                let alert = if version.version == ProtocolVersion::TLSv1_3 { 23 } else { 21 };
                assert_eq!(records, [23, alert]);
                assert!(closes.has_shut && follows.has_shut);
                assert_eq!(follows.said.last().unwrap(), "over");
                assert_eq!(follows.said[follows.said.len() - 2], "last");
                assert_eq!(closes.said.last().unwrap(), "over");
            }
        }
    }
}

/// The types of records.
fn records(mut wire: &[u8]) -> Vec<u8> {
    let mut types = Vec::new();
    while let [kind, _, _, high, low, rest @ ..] = wire {
        types.push(*kind);
        wire = &rest[usize::from(u16::from_be_bytes([*high, *low]))..];
    }
    assert!(wire.is_empty());
    types
}

/// Where the last whole record ends.
fn last_record(wire: &[u8]) -> usize {
    let mut end = 0;
    while let Some([_, _, _, high, low, rest @ ..]) = wire.get(end..) {
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        if rest.len() < len {
            break;
        }
        end += 5 + len;
    }
    end
}

#[test]
fn tl_3_half_of_a_connection_goes_on() {
    let (mut client, mut server) = pair(&TLS13);
    server.conn = server.conn.half_open();
    client.send("request");
    client.conn.outbox().close();
    run(&mut client, &mut server, &mut Cut::Whole);
    assert_eq!(server.said, ["request", "over"]);
    for at in 0..100 {
        server.send(format!("{at:04000}"));
    }
    run(&mut client, &mut server, &mut Cut::Whole);
    assert_eq!(client.said.len(), 100);
    server.conn.outbox().close();
    run(&mut client, &mut server, &mut Cut::Whole);
    assert_eq!(client.said.last().unwrap(), "over");
}

/// A server that sends two lines and closes, over a wire that is cut. Tells whether everything came.
fn cut_short(version: &'static SupportedProtocolVersion, lasts: usize, unclean: bool) -> (End, End) {
    let tls = client_tls(version);
    let mut client = End::new(Some(if unclean { tls.allow_unclean_end() } else { tls }));
    let mut server = End::new(Some(server_tls(version)));
    client.wire_lasts = lasts;
    server.send("first");
    server.send("second");
    server.conn.outbox().close();
    run(&mut client, &mut server, &mut Cut::Random(lasts as u64));
    (client, server)
}

#[test]
fn tl_4_an_end_without_close_notify_is_a_failure() {
    for version in VERSIONS {
        let (client, server) = cut_short(version, usize::MAX, false);
        assert_eq!(client.said, ["first", "second", "over"]);
        let total = server.sent.len();
        let places = (0..total - 60).step_by(17).chain(total - 60..total - 4);
        for lasts in places {
            let (client, _) = cut_short(version, lasts, false);
            assert!(client.was_cut_short(), "{lasts} of {total}: {:?}", client.said);
            assert!(client.has_shut && matches!(client.said.len(), 1 | 3));
        }
    }
}

#[test]
fn tl_4_an_unclean_end_may_be_allowed_but_not_inside_a_record() {
    for version in VERSIONS {
        let total = cut_short(version, usize::MAX, true).1.sent.len();
        let mut clean = 0; // ends between two records
        for lasts in total - 100..total - 4 {
            let (client, server) = cut_short(version, lasts, true);
            assert_eq!(server.sent.len(), total);
            let is_at_record = server.sent.get(..lasts).is_none_or(|came| last_record(came) == came.len());
            assert_eq!(client.was_cut_short(), !is_at_record, "{lasts} of {total}: {:?}", client.said);
            assert!(client.was_cut_short() || client.said.last().unwrap() == "over");
            clean += usize::from(is_at_record);
        }
        assert!(clean > 0);
        // Inside the handshake.
        assert!(cut_short(version, 0, true).0.was_cut_short());
    }
}

#[test]
fn tl_5_garbage_is_answered_by_an_alert_before_the_failure_ends_it() {
    let garbage: [(&[u8], InvalidMessage); 3] = [
        (b"GET / HTTP/1.1\r\n\r\n", InvalidMessage::InvalidContentType),
        (b"\x16\x03\x01\xff\xff.....", InvalidMessage::MessageTooLarge),
        (b"\x16\x05\x01\x00\x02xx", InvalidMessage::UnknownProtocolVersion),
    ];
    for (bytes, expected) in garbage {
        for mut cut in CUTS {
            let (mut client, mut server) = (End::new(None), End::new(Some(server_tls(&TLS13))));
            server.wire.extend(bytes);
            run(&mut client, &mut server, &mut cut);
            assert_eq!(server.said, ["failed"]);
            assert_eq!(server.rustls(), &rustls::Error::InvalidMessage(expected));
            // Alert, fatal, decode_error.
            assert!(matches!(server.sent[..], [21, 3, _, 0, 2, 2, 50]), "{:?}", server.sent);
            assert!(server.has_shut && matches!(server.conn.step(), Turn::Done));
        }
    }
}

#[test]
fn tl_5_a_bad_record_fails_behind_what_came_before_it() {
    for version in VERSIONS {
        for mut cut in CUTS {
            let (mut client, mut server) = pair(version);
            run(&mut client, &mut server, &mut cut);
            client.send("good");
            while client.turn(&mut server, &mut Cut::Whole) {}
            let good = server.wire.len();
            client.send("bad");
            while client.turn(&mut server, &mut Cut::Whole) {}
            *server.wire.get_mut(good + 20).unwrap() ^= 1;
            run(&mut client, &mut server, &mut cut);
            assert_eq!(server.said, ["good", "failed"]);
            assert_eq!(server.rustls(), &rustls::Error::DecryptError);
            assert_eq!(client.said, ["failed"]);
            assert_eq!(client.rustls(), &rustls::Error::AlertReceived(AlertDescription::BadRecordMac));
        }
    }
}

#[test]
fn tl_6_an_upgrade_in_mid_stream_rejects_or_reroutes_what_was_read() {
    for mut cut in CUTS {
        for leftover in [Leftover::Reject, Leftover::Reroute] {
            let (mut client, mut server) = (End::new(None), End::new(None));
            client.send("STARTTLS");
            run(&mut client, &mut server, &mut cut);
            assert_eq!(server.said, ["STARTTLS"]);
            server.send("go ahead"); // in the clear, though the filter is there before it is sent
            assert!(server.conn.push_filter(Box::new(server_tls(&TLS13)), leftover).is_ok());
            run(&mut client, &mut server, &mut cut);
            assert_eq!(client.said, ["go ahead"]);
            assert_eq!(server.sent, b"go ahead\n");
            assert!(client.conn.push_filter(Box::new(client_tls(&TLS13)), leftover).is_ok());
            client.send("secret");
            server.answers = true;
            run(&mut client, &mut server, &mut cut);
            client.conn.outbox().close();
            run(&mut client, &mut server, &mut cut);
            assert_eq!(server.said, ["STARTTLS", "secret", "over"]);
            assert_eq!(client.said, ["go ahead", "re: secret", "over"]);
        }
    }
}

#[test]
fn tl_6_injected_commands_are_never_read_as_secret() {
    // They come with the command, or before the handshake.
    let mut server = End::new(None);
    drop(server.conn.feed(Time::ZERO, b"STARTTLS\nDELETE\n").unwrap());
    assert!(matches!(server.conn.step(), Turn::Event(b"STARTTLS", _)));
    let tls = server.conn.push_filter(Box::new(server_tls(&TLS13)), Leftover::Reject).unwrap_err();
    assert!(server.conn.push_filter(tls, Leftover::Reroute).is_ok());
    let mut client = End::new(None);
    run(&mut client, &mut server, &mut Cut::Whole);
    assert_eq!(server.said, ["failed"]);
    assert_eq!(server.rustls(), &rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType));
    // A client that does not wait for the answer: its hello comes with the command.
    let (mut client, mut server) = (End::new(None), End::new(None));
    client.send("STARTTLS");
    assert!(client.conn.push_filter(Box::new(client_tls(&TLS13)), Leftover::Reject).is_ok());
    client.send("secret");
    while client.turn(&mut server, &mut Cut::Whole) {}
    let wire: Vec<u8> = server.wire.drain(..).collect();
    drop(server.conn.feed(Time::ZERO, &wire).unwrap());
    assert!(matches!(server.conn.step(), Turn::Event(b"STARTTLS", _)));
    let tls = server.conn.push_filter(Box::new(server_tls(&TLS13)), Leftover::Reject).unwrap_err();
    assert!(server.conn.push_filter(tls, Leftover::Reroute).is_ok());
    run(&mut client, &mut server, &mut Cut::Whole);
    assert_eq!(server.said, ["secret"]);
}

#[test]
fn tl_7_what_was_agreed_on_is_there_before_the_first_frame() {
    for version in VERSIONS {
        let (client_tls, server_tls) = (client_tls(version), server_tls(version));
        let sessions: [Arc<OnceLock<Session>>; 2] = [client_tls.session(), server_tls.session()];
        let (mut client, mut server) = (End::new(Some(client_tls)), End::new(Some(server_tls)));
        assert!(sessions.iter().all(|session| session.get().is_none()));
        client.send("hello");
        run(&mut client, &mut server, &mut Cut::Bytes);
        let [at_client, at_server] = sessions.map(|session| session.get().unwrap().clone());
        for session in [&at_client, &at_server] {
            assert_eq!(session.alpn.as_deref(), Some(&b"lines/1"[..]));
            assert_eq!(session.version, Some(version.version));
            assert!(session.cipher_suite.is_some());
        }
        assert_eq!(at_client.peer_certificates, [certificate().0.clone()]);
        assert_eq!((at_client.server_name, at_server.server_name.as_deref()), (None, Some("localhost")));
        assert!(at_server.peer_certificates.is_empty());
    }
}

#[test]
fn tl_8_nothing_is_said_before_the_handshake_is_done_and_it_has_its_time() {
    let (mut client, mut server) = pair(&TLS13);
    client.send([b'x'; 4000]);
    client.turn(&mut server, &mut Cut::Whole);
    assert!(client.sent.len() < 1000);
    assert_eq!(client.conn.outbox().unsent(), 4001);
    let Turn::Want(want) = client.conn.step() else { panic!("nothing came") };
    assert_eq!(want.deadline, Some(Time::ZERO + Duration::from_secs(10)));
    client.conn.tick(Time::ZERO + Duration::from_secs(10));
    assert!(matches!(client.conn.step(), Turn::Over(Err(Failure::Timeout(Timer::Handshake)), _)));
}
