//! Packets from bytes, and bytes from packets.
//!
//! ```text
//! | type, flags | remaining length | fields … | payload |
//! |      1      |      1 to 4      |   remaining length |
//! ```

use framewright::decode::{Cause, Found, Reject, Stop};
use framewright::encode::{Encode, EncodeError, Payload, Writer};
use framewright::{Decode, Input};

use super::fields::{Body, Fields, Unwritten, qos};
use super::{Connack, Connect, Delivery, Fault, Kind, List, Login, Packet, Publish, Qos, Refusal, Will};

/// MQTT 3.1.1 in both directions. A packet has exactly one encoding: what is decoded encodes to the same bytes.
///
/// For that, a remaining length with more bytes than it needs is refused. The standard has no numbered statement against it (MQTT 5.0 has), but section 2.2.3 gives each length a number of bytes.
#[derive(Clone, Debug)]
pub(crate) struct Mqtt {
    max_packet: usize,
    /// Kept for its allocation.
    body: Vec<u8>,
}

/// The longest packet there is, its fixed header included.
const LONGEST: usize = 5 + (1 << 28) - 1;

/// A fixed header that was judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    kind: Kind,
    flags: u8,
    /// Its own length.
    len: usize,
}

impl Mqtt {
    /// Reads and writes packets of up to `max_packet` bytes, fixed header included.
    pub(crate) fn new(max_packet: usize) -> Self {
        Self { max_packet: max_packet.min(LONGEST), body: Vec::new() }
    }

    /// Reads the remaining length, seven bits a byte, the lowest first. Returns the length of the fixed header, and the remaining length.
    ///
    /// A length that goes on is at least one more in the bits that follow, so that an excess is certain before its last byte.
    fn lengths(&self, input: &Input<'_>) -> Result<(usize, usize), Stop<Fault>> {
        self.fits(2)?;
        let mut remaining = 0;
        for at in 1..=4 {
            let [byte] = input.array(at)?;
            remaining |= usize::from(byte & 0x7F) << (7 * (at - 1));
            match byte {
                0 if at > 1 => return Err(Stop::fatal(Fault::LengthPadded)),
                0x80.. if at < 4 => self.fits(at + 2 + remaining + (1 << (7 * at)))?,
                0x80.. => break,
                _ => {
                    self.fits(at + 1 + remaining)?;
                    return Ok((at + 1, remaining));
                }
            }
        }
        Err(Stop::fatal(Fault::LengthTooLong))
    }

    fn fits(&self, packet: usize) -> Result<(), Stop<Fault>> {
        if packet <= self.max_packet { Ok(()) } else { Err(Stop::Fatal(Cause::TooLarge { what: PACKET, limit: self.max_packet as u64 })) }
    }
}

const PACKET: &str = "packet";

impl Decode for Mqtt {
    type Progress = ();
    type Token = Header;
    type Frame<'a> = Packet<'a>;
    type Fault = Fault;

    /// Judges the fixed header, byte by byte as it comes.
    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<Header>, Stop<Fault>> {
        input.begin()?;
        let [first] = input.array(0)?;
        let (kind, flags) = read_first(first).map_err(Stop::fatal)?;
        let (header, remaining) = self.lengths(input)?;
        if let Some(expected) = kind.remaining().filter(|expected| *expected != remaining) {
            return Err(Stop::fatal(Fault::Length { kind, found: remaining, expected }));
        }
        input.require(header + remaining)?;
        Ok(Found::Frame { len: header + remaining, token: Header { kind, flags, len: header } })
    }

    /// Judges the rest.
    fn inspect(&mut self, header: &mut Header, (): &mut (), frame: &[u8]) -> Result<(), Reject<Fault>> {
        read(*header, frame).map(drop).map_err(Reject::Fatal)
    }

    fn open<'a>(header: Header, (): &'a (), frame: &'a [u8]) -> Packet<'a> {
        read(header, frame).expect("what `inspect` has read once can be read again")
    }
}

impl Encode for Mqtt {
    type Message<'a> = Packet<'a>;
    type Fault = Fault;

    fn encode(&mut self, packet: &Packet<'_>, out: &mut Writer<'_>) -> Result<(), Unwritten> {
        self.body.clear();
        write(packet, &mut Body(&mut self.body))?;
        let payload = match packet {
            Packet::Publish(publish) => &publish.payload,
            _ => &Payload::Borrowed(&[]),
        };
        let remaining = self.body.len().saturating_add(payload.len());
        let header = write_header(write_first(packet), remaining, out)?;
        if remaining.saturating_add(header) > self.max_packet {
            return Err(EncodeError::TooLarge { what: PACKET, limit: self.max_packet as u64 });
        }
        out.write(&self.body)?;
        Ok(out.payload(payload)?)
    }
}

/// Reads type and flags (section 2.2.1 and 2.2.2).
fn read_first(first: u8) -> Result<(Kind, u8), Fault> {
    let (number, flags) = (first >> 4, first & 0x0F);
    let kind = Kind::ALL.into_iter().find(|kind| *kind as u8 == number).ok_or(Fault::Type { found: number })?;
    match (kind, qos(flags >> 1 & 0b11)) {
        (Kind::Publish, None) => Err(Fault::PublishQos),
        (Kind::Publish, Some(Qos::AtMostOnce)) if flags & DUP != 0 => Err(Fault::DupAtQos0),
        (Kind::Publish, Some(_)) => Ok((kind, flags)),
        _ if flags != kind.flags() => Err(Fault::Flags { kind, found: flags }),
        _ => Ok((kind, flags)),
    }
}

fn write_first(packet: &Packet<'_>) -> u8 {
    let flags = match packet {
        Packet::Publish(publish) => publish.flags(),
        _ => packet.kind().flags(),
    };
    (packet.kind() as u8) << 4 | flags
}

/// Writes the fixed header, and returns its length.
fn write_header(first: u8, remaining: usize, out: &mut Writer<'_>) -> Result<usize, Unwritten> {
    out.write(&[first])?;
    let (mut left, mut len) = (remaining, 2);
    while left > 0x7F {
        out.write(&[0x80 | low_byte(left)])?;
        left >>= 7;
        len += 1;
    }
    out.write(&[low_byte(left)])?;
    Ok(len)
}

fn low_byte(number: usize) -> u8 {
    let [low, ..] = number.to_le_bytes();
    low
}

/// Reads what is behind the fixed header.
fn read(header: Header, frame: &[u8]) -> Result<Packet<'_>, Fault> {
    let mut fields = Fields::new(header.kind, &frame[header.len..]);
    let packet = match header.kind {
        Kind::Connect => Packet::Connect(Connect::read(&mut fields)?),
        Kind::Connack => Packet::Connack(Connack::read(&mut fields)?),
        Kind::Publish => Packet::Publish(Publish::read(header.flags, &mut fields)?),
        Kind::Puback => Packet::Puback(fields.id()?),
        Kind::Pubrec => Packet::Pubrec(fields.id()?),
        Kind::Pubrel => Packet::Pubrel(fields.id()?),
        Kind::Pubcomp => Packet::Pubcomp(fields.id()?),
        Kind::Subscribe => Packet::Subscribe { id: fields.id()?, filters: List::read(&mut fields)? },
        Kind::Suback => Packet::Suback { id: fields.id()?, granted: List::read(&mut fields)? },
        Kind::Unsubscribe => Packet::Unsubscribe { id: fields.id()?, filters: List::read(&mut fields)? },
        Kind::Unsuback => Packet::Unsuback(fields.id()?),
        Kind::Pingreq => Packet::Pingreq,
        Kind::Pingresp => Packet::Pingresp,
        Kind::Disconnect => Packet::Disconnect,
    };
    fields.end()?;
    Ok(packet)
}

fn write(packet: &Packet<'_>, body: &mut Body<'_>) -> Result<(), Unwritten> {
    match packet {
        Packet::Connect(connect) => connect.write(body)?,
        Packet::Connack(connack) => connack.write(body),
        Packet::Publish(publish) => publish.write(body)?,
        Packet::Puback(id) | Packet::Pubrec(id) | Packet::Pubrel(id) | Packet::Pubcomp(id) | Packet::Unsuback(id) => body.id(*id),
        Packet::Subscribe { id, filters } => {
            body.id(*id);
            filters.write(body)?;
        }
        Packet::Suback { id, granted } => {
            body.id(*id);
            granted.write(body)?;
        }
        Packet::Unsubscribe { id, filters } => {
            body.id(*id);
            filters.write(body)?;
        }
        Packet::Pingreq | Packet::Pingresp | Packet::Disconnect => {}
    }
    Ok(())
}

const USERNAME: u8 = 0x80;
const PASSWORD: u8 = 0x40;
const WILL_RETAIN: u8 = 0x20;
const WILL_QOS_BIT: u8 = 3;
const WILL: u8 = 0x04;
const CLEAN_SESSION: u8 = 0x02;
const RESERVED: u8 = 0x01;

/// `"MQTT"`, level, flags, keep alive; client identifier, will, user name and password (section 3.1).
impl<'a> Connect<'a> {
    fn read(fields: &mut Fields<'a>) -> Result<Self, Fault> {
        if fields.bytes("protocol name")? != NAME {
            return Err(Fault::ProtocolName);
        }
        match fields.byte("protocol level")? {
            LEVEL => {}
            found => return Err(Fault::ProtocolLevel { found }),
        }
        let flags = fields.byte("connect flags")?;
        let will_qos = read_connect_flags(flags)?;
        let keep_alive = fields.number("keep alive")?;
        let client_id = fields.text(CLIENT_ID)?;
        let clean_session = flags & CLEAN_SESSION != 0;
        check_client_id(client_id, clean_session)?;
        let will = will_qos.map(|qos| Will::read(qos, flags & WILL_RETAIN != 0, fields)).transpose()?;
        let login = (flags & USERNAME != 0).then(|| Login::read(flags & PASSWORD != 0, fields)).transpose()?;
        Ok(Self { client_id, clean_session, keep_alive, will, login })
    }

    fn write(&self, body: &mut Body<'_>) -> Result<(), Unwritten> {
        check_client_id(self.client_id, self.clean_session).map_err(EncodeError::Fault)?;
        body.bytes("protocol name", NAME)?;
        body.byte(LEVEL);
        body.byte(self.flags());
        body.number(self.keep_alive);
        body.text(CLIENT_ID, self.client_id)?;
        if let Some(will) = &self.will {
            body.name(WILL_TOPIC, will.topic)?;
            body.bytes(WILL_MESSAGE, will.message)?;
        }
        if let Some(login) = &self.login {
            body.text(USERNAME_FIELD, login.username)?;
            login.password.map_or(Ok(()), |password| body.bytes(PASSWORD_FIELD, password))?;
        }
        Ok(())
    }

    fn flags(&self) -> u8 {
        let set = |flag, is_set| if is_set { flag } else { 0 };
        let will = self.will.as_ref().map_or(0, |will| WILL | (will.qos as u8) << WILL_QOS_BIT | set(WILL_RETAIN, will.retain));
        let login = self.login.as_ref().map_or(0, |login| USERNAME | set(PASSWORD, login.password.is_some()));
        will | login | set(CLEAN_SESSION, self.clean_session)
    }
}

const NAME: &[u8] = b"MQTT";
const LEVEL: u8 = 4;
const CLIENT_ID: &str = "client identifier";
const WILL_TOPIC: &str = "will topic";
const WILL_MESSAGE: &str = "will message";
const USERNAME_FIELD: &str = "user name";
const PASSWORD_FIELD: &str = "password";

/// Judges the connect flags. Returns the quality of service of the will, if there is one.
fn read_connect_flags(flags: u8) -> Result<Option<Qos>, Fault> {
    let will_qos = qos(flags >> WILL_QOS_BIT & 0b11);
    let is_set = |flag: u8| flags & flag != 0;
    match will_qos {
        _ if is_set(RESERVED) => Err(Fault::ConnectFlag),
        _ if is_set(PASSWORD) && !is_set(USERNAME) => Err(Fault::PasswordWithoutUsername),
        None if is_set(WILL) => Err(Fault::WillQos),
        Some(_) if is_set(WILL) => Ok(will_qos),
        None | Some(Qos::AtLeastOnce | Qos::ExactlyOnce) => Err(Fault::WillQosWithoutWill),
        Some(Qos::AtMostOnce) if is_set(WILL_RETAIN) => Err(Fault::WillRetainWithoutWill),
        Some(Qos::AtMostOnce) => Ok(None),
    }
}

fn check_client_id(client_id: &str, clean_session: bool) -> Result<(), Fault> {
    if client_id.is_empty() && !clean_session { Err(Fault::NoClientId) } else { Ok(()) }
}

impl<'a> Will<'a> {
    fn read(qos: Qos, retain: bool, fields: &mut Fields<'a>) -> Result<Self, Fault> {
        Ok(Self { topic: fields.name(WILL_TOPIC)?, message: fields.bytes(WILL_MESSAGE)?, qos, retain })
    }
}

impl<'a> Login<'a> {
    fn read(has_password: bool, fields: &mut Fields<'a>) -> Result<Self, Fault> {
        let username = fields.text(USERNAME_FIELD)?;
        Ok(Self { username, password: has_password.then(|| fields.bytes(PASSWORD_FIELD)).transpose()? })
    }
}

/// Flags, of which one is used, and a return code (section 3.2).
impl Connack {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Fault> {
        let session_present = match fields.byte("connack flags")? {
            0 => false,
            1 => true,
            found => return Err(Fault::ConnackFlags { found }),
        };
        match fields.byte("return code")? {
            0 => Ok(Self::Accepted { session_present }),
            found => {
                let refusal = Refusal::ALL.into_iter().find(|refusal| *refusal as u8 == found).ok_or(Fault::ReturnCode { found })?;
                if session_present { Err(Fault::SessionOfRefused) } else { Ok(Self::Refused(refusal)) }
            }
        }
    }

    fn write(self, body: &mut Body<'_>) {
        let (flags, code) = match self {
            Self::Accepted { session_present } => (session_present.into(), 0),
            Self::Refused(refusal) => (0, refusal as u8),
        };
        body.byte(flags);
        body.byte(code);
    }
}

const DUP: u8 = 0b1000;
const RETAIN: u8 = 0b0001;

/// Topic, identifier if it has one, and the payload up to the end (section 3.3).
impl<'a> Publish<'a> {
    fn read(flags: u8, fields: &mut Fields<'a>) -> Result<Self, Fault> {
        let topic = fields.name(TOPIC)?;
        let dup = flags & DUP != 0;
        let delivery = match qos(flags >> 1 & 0b11) {
            None | Some(Qos::AtMostOnce) => Delivery::AtMostOnce,
            Some(Qos::AtLeastOnce) => Delivery::AtLeastOnce { id: fields.id()?, dup },
            Some(Qos::ExactlyOnce) => Delivery::ExactlyOnce { id: fields.id()?, dup },
        };
        Ok(Self { delivery, retain: flags & RETAIN != 0, topic, payload: fields.rest().into() })
    }

    fn write(&self, body: &mut Body<'_>) -> Result<(), Unwritten> {
        body.name(TOPIC, self.topic)?;
        if let Some(id) = self.delivery.id() {
            body.id(id);
        }
        Ok(())
    }

    fn flags(&self) -> u8 {
        let (qos, dup) = match self.delivery {
            Delivery::AtMostOnce => (Qos::AtMostOnce, false),
            Delivery::AtLeastOnce { dup, .. } => (Qos::AtLeastOnce, dup),
            Delivery::ExactlyOnce { dup, .. } => (Qos::ExactlyOnce, dup),
        };
        (qos as u8) << 1 | if dup { DUP } else { 0 } | if self.retain { RETAIN } else { 0 }
    }
}

const TOPIC: &str = "topic name";
