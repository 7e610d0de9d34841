//! The 14 control packets of MQTT 3.1.1, as types that can say nothing that the standard forbids where a type can see to it.
//!
//! A packet that came borrows the bytes that it came in; a packet to be sent borrows whatever its maker has, or shares a payload with the queue.
//! [`Mqtt`] reads and writes them, [`Fault`] says which statement of the standard one breaks.

mod codec;
mod fault;
mod fields;
mod list;

use std::fmt;
use std::num::NonZeroU16;

pub(crate) use codec::Mqtt;
pub(crate) use fault::Fault;
use framewright::encode::Payload;
pub(crate) use list::List;

/// A control packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    Connect(Connect<'a>),
    Connack(Connack),
    Publish(Publish<'a>),
    Puback(Id),
    Pubrec(Id),
    Pubrel(Id),
    Pubcomp(Id),
    Subscribe { id: Id, filters: List<'a, Subscription<'a>> },
    Suback { id: Id, granted: List<'a, Granted> },
    Unsubscribe { id: Id, filters: List<'a, &'a str> },
    Unsuback(Id),
    Pingreq,
    Pingresp,
    Disconnect,
}

/// A packet identifier, which is never 0.
pub(crate) type Id = NonZeroU16;

/// A client's first packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Connect<'a> {
    /// Empty only where `clean_session` is set: the server then makes one up.
    pub(crate) client_id: &'a str,
    pub(crate) clean_session: bool,
    /// In seconds; 0 is for ever.
    pub(crate) keep_alive: u16,
    pub(crate) will: Option<Will<'a>>,
    pub(crate) login: Option<Login<'a>>,
}

/// What the server publishes for a client that is gone without a DISCONNECT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Will<'a> {
    pub(crate) topic: &'a str,
    pub(crate) message: &'a [u8],
    pub(crate) qos: Qos,
    pub(crate) retain: bool,
}

/// A user name, without which there is no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login<'a> {
    pub(crate) username: &'a str,
    pub(crate) password: Option<&'a [u8]>,
}

/// The server's answer to CONNECT. A session is present only where the connection is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connack {
    Accepted { session_present: bool },
    Refused(Refusal),
}

/// Why a server refuses a connection; the numbers are those of section 3.2.2.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    ProtocolLevel = 1,
    ClientId = 2,
    Unavailable = 3,
    Login = 4,
    Unauthorized = 5,
}

impl Refusal {
    pub(crate) const ALL: [Self; 5] = [Self::ProtocolLevel, Self::ClientId, Self::Unavailable, Self::Login, Self::Unauthorized];
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Publish<'a> {
    pub(crate) delivery: Delivery,
    pub(crate) retain: bool,
    /// A name: no wildcards.
    pub(crate) topic: &'a str,
    pub(crate) payload: Payload<'a>,
}

/// How a message is delivered. What is delivered at most once has no identifier, and is never sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "the standard's names")]
pub(crate) enum Delivery {
    AtMostOnce,
    AtLeastOnce { id: Id, dup: bool },
    ExactlyOnce { id: Id, dup: bool },
}

impl Delivery {
    pub(crate) fn id(self) -> Option<Id> {
        match self {
            Self::AtMostOnce => None,
            Self::AtLeastOnce { id, .. } | Self::ExactlyOnce { id, .. } => Some(id),
        }
    }
}

/// The quality of service: how often a message may arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "the standard's names")]
pub(crate) enum Qos {
    AtMostOnce = 0,
    AtLeastOnce = 1,
    ExactlyOnce = 2,
}

impl Qos {
    pub(crate) const ALL: [Self; 3] = [Self::AtMostOnce, Self::AtLeastOnce, Self::ExactlyOnce];
}

/// A filter, and the best quality of service that its messages may come at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subscription<'a> {
    pub(crate) filter: &'a str,
    pub(crate) qos: Qos,
}

/// The server's answer to one subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Granted {
    UpTo(Qos),
    Failure,
}

/// The type of a packet; the numbers are those of section 2.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Connect = 1,
    Connack,
    Publish,
    Puback,
    Pubrec,
    Pubrel,
    Pubcomp,
    Subscribe,
    Suback,
    Unsubscribe,
    Unsuback,
    Pingreq,
    Pingresp,
    Disconnect,
}

impl Kind {
    #[rustfmt::skip]
    pub(crate) const ALL: [Self; 14] = [
        Self::Connect, Self::Connack, Self::Publish, Self::Puback, Self::Pubrec, Self::Pubrel, Self::Pubcomp, Self::Subscribe, Self::Suback, Self::Unsubscribe, Self::Unsuback, Self::Pingreq,
        Self::Pingresp, Self::Disconnect,
    ];

    /// The flags beside the type (section 2.2.2). PUBLISH alone has a choice.
    pub(crate) fn flags(self) -> u8 {
        match self {
            Self::Pubrel | Self::Subscribe | Self::Unsubscribe => 0b0010,
            _ => 0,
        }
    }

    /// The remaining length of the packets that have no choice.
    pub(crate) fn remaining(self) -> Option<usize> {
        match self {
            Self::Connack | Self::Puback | Self::Pubrec | Self::Pubrel | Self::Pubcomp | Self::Unsuback => Some(2),
            Self::Pingreq | Self::Pingresp | Self::Disconnect => Some(0),
            Self::Connect | Self::Publish | Self::Subscribe | Self::Suback | Self::Unsubscribe => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}").to_uppercase())
    }
}

impl Packet<'_> {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Connect(_) => Kind::Connect,
            Self::Connack(_) => Kind::Connack,
            Self::Publish(_) => Kind::Publish,
            Self::Puback(_) => Kind::Puback,
            Self::Pubrec(_) => Kind::Pubrec,
            Self::Pubrel(_) => Kind::Pubrel,
            Self::Pubcomp(_) => Kind::Pubcomp,
            Self::Subscribe { .. } => Kind::Subscribe,
            Self::Suback { .. } => Kind::Suback,
            Self::Unsubscribe { .. } => Kind::Unsubscribe,
            Self::Unsuback(_) => Kind::Unsuback,
            Self::Pingreq => Kind::Pingreq,
            Self::Pingresp => Kind::Pingresp,
            Self::Disconnect => Kind::Disconnect,
        }
    }

    pub(crate) fn id(&self) -> Option<Id> {
        match self {
            Self::Publish(publish) => publish.delivery.id(),
            Self::Puback(id)
            | Self::Pubrec(id)
            | Self::Pubrel(id)
            | Self::Pubcomp(id)
            | Self::Subscribe { id, .. }
            | Self::Suback { id, .. }
            | Self::Unsubscribe { id, .. }
            | Self::Unsuback(id) => Some(*id),
            Self::Connect(_) | Self::Connack(_) | Self::Pingreq | Self::Pingresp | Self::Disconnect => None,
        }
    }
}

/// Says in one line what kind of packet it is, its identifier, and what it is about.
impl fmt::Display for Packet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind())?;
        if let Some(id) = self.id() {
            write!(f, " {id}")?;
        }
        match self {
            Self::Connect(connect) => write!(f, " as {:?}", connect.client_id),
            Self::Connack(Connack::Accepted { .. }) => write!(f, " accepted"),
            Self::Connack(Connack::Refused(refusal)) => write!(f, " refused: {refusal:?}"),
            Self::Publish(publish) => write!(f, " {:?}", publish.topic),
            Self::Subscribe { filters, .. } => say_each(f, filters.iter().map(|subscription| subscription.filter)),
            Self::Unsubscribe { filters, .. } => say_each(f, filters.iter()),
            _ => Ok(()),
        }
    }
}

fn say_each<'a>(f: &mut fmt::Formatter<'_>, mut filters: impl Iterator<Item = &'a str>) -> fmt::Result {
    filters.try_for_each(|filter| write!(f, " {filter:?}"))
}
