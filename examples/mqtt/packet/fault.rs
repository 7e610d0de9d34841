//! What a packet can get wrong, each with the statement of the standard that it breaks. The standard: MQTT Version 3.1.1, OASIS Standard, 29 October 2014.

use std::error::Error;
use std::fmt;

use super::Kind;

/// A rule of the standard that a packet breaks: one that came, or one that was to be sent. Each ends the connection ([MQTT-4.8.0-1]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    // The fixed header.
    Type { found: u8 },
    Flags { kind: Kind, found: u8 },
    PublishQos,
    DupAtQos0,
    LengthTooLong,
    LengthPadded,
    Length { kind: Kind, found: usize, expected: usize },
    // Any field.
    FieldCut { kind: Kind, field: &'static str },
    BytesLeft { kind: Kind, found: usize },
    NotUtf8 { field: &'static str },
    Null { field: &'static str },
    IdZero { kind: Kind },
    // CONNECT and CONNACK.
    ProtocolName,
    ProtocolLevel { found: u8 },
    ConnectFlag,
    WillQosWithoutWill,
    WillQos,
    WillRetainWithoutWill,
    PasswordWithoutUsername,
    NoClientId,
    ConnackFlags { found: u8 },
    SessionOfRefused,
    ReturnCode { found: u8 },
    // Topics and lists.
    EmptyTopic,
    WildcardInName,
    MultiLevelWildcard,
    SingleLevelWildcard,
    NothingSubscribed,
    RequestedQos { found: u8 },
    NothingGranted,
    Granted { found: u8 },
    NothingUnsubscribed,
}

impl Fault {
    /// The number of the statement, or the section where the rule has no number.
    pub(crate) fn statement(self) -> &'static str {
        match self {
            Self::Type { .. } => "section 2.2.1",
            Self::Flags { .. } => "MQTT-2.2.2-2",
            Self::PublishQos => "MQTT-3.3.1-4",
            Self::DupAtQos0 => "MQTT-3.3.1-2",
            Self::LengthTooLong | Self::LengthPadded | Self::Length { .. } | Self::FieldCut { .. } | Self::BytesLeft { .. } => {
                "section 2.2.3"
            }
            Self::NotUtf8 { .. } => "MQTT-1.5.3-1",
            Self::Null { .. } => "MQTT-1.5.3-2",
            Self::IdZero { .. } => "MQTT-2.3.1-1",
            Self::ProtocolName => "MQTT-3.1.2-1",
            Self::ProtocolLevel { .. } => "MQTT-3.1.2-2",
            Self::ConnectFlag => "MQTT-3.1.2-3",
            Self::WillQosWithoutWill => "MQTT-3.1.2-13",
            Self::WillQos => "MQTT-3.1.2-14",
            Self::WillRetainWithoutWill => "MQTT-3.1.2-15",
            Self::PasswordWithoutUsername => "MQTT-3.1.2-22",
            Self::NoClientId => "MQTT-3.1.3-7",
            Self::ConnackFlags { .. } => "section 3.2.2.1",
            Self::SessionOfRefused => "MQTT-3.2.2-4",
            Self::ReturnCode { .. } => "section 3.2.2.3",
            Self::EmptyTopic => "MQTT-4.7.3-1",
            Self::WildcardInName => "MQTT-4.7.1-1",
            Self::MultiLevelWildcard => "MQTT-4.7.1-2",
            Self::SingleLevelWildcard => "MQTT-4.7.1-3",
            Self::NothingSubscribed => "MQTT-3.8.3-3",
            Self::RequestedQos { .. } => "MQTT-3-8.3-4", // so spelt
            Self::NothingGranted => "MQTT-3.8.4-5",
            Self::Granted { .. } => "MQTT-3.9.3-2",
            Self::NothingUnsubscribed => "MQTT-3.10.3-2",
        }
    }

    fn say(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type { found } => write!(f, "a packet of the forbidden type {found}"),
            Self::Flags { kind, found } => write!(f, "flags {found:#06b} of {kind}, expected {:#06b}", kind.flags()),
            Self::PublishQos => write!(f, "a PUBLISH at QoS 3"),
            Self::DupAtQos0 => write!(f, "a PUBLISH at QoS 0 with the flag DUP"),
            Self::LengthTooLong => write!(f, "a remaining length of more than four bytes"),
            Self::LengthPadded => write!(f, "a remaining length of more bytes than it needs"),
            Self::Length { kind, found, expected } => write!(f, "a remaining length of {found} bytes of {kind}, expected {expected}"),
            Self::FieldCut { kind, field } => write!(f, "too short for the {field} of {kind}"),
            Self::BytesLeft { kind, found } => write!(f, "{found} bytes behind the last field of {kind}"),
            Self::NotUtf8 { field } => write!(f, "the {field} is not UTF-8"),
            Self::Null { field } => write!(f, "the {field} has a U+0000 in it"),
            Self::IdZero { kind } => write!(f, "a packet identifier of 0 in {kind}"),
            Self::ProtocolName => write!(f, "the protocol is not called MQTT"),
            Self::ProtocolLevel { found } => write!(f, "protocol level {found}, expected 4"),
            Self::ConnectFlag => write!(f, "the reserved flag of CONNECT is set"),
            Self::WillQosWithoutWill => write!(f, "a QoS of a will, but no will"),
            Self::WillQos => write!(f, "a will at QoS 3"),
            Self::WillRetainWithoutWill => write!(f, "a will to be retained, but no will"),
            Self::PasswordWithoutUsername => write!(f, "a password, but no user name"),
            Self::NoClientId => write!(f, "no client identifier, but a session to be kept"),
            Self::ConnackFlags { found } => write!(f, "flags {found:#010b} of CONNACK, of which seven are reserved"),
            Self::SessionOfRefused => write!(f, "a session is present, but the connection is refused"),
            Self::ReturnCode { found } => write!(f, "the reserved return code {found} of CONNACK"),
            Self::EmptyTopic => write!(f, "an empty topic"),
            Self::WildcardInName => write!(f, "a wildcard in the name of a topic"),
            Self::MultiLevelWildcard => write!(f, "a '#' that is not the last level of its filter"),
            Self::SingleLevelWildcard => write!(f, "a '+' that is not a whole level of its filter"),
            Self::NothingSubscribed => write!(f, "a SUBSCRIBE without topic filters"),
            Self::RequestedQos { found } => write!(f, "a requested QoS of {found:#04x}"),
            Self::NothingGranted => write!(f, "a SUBACK without return codes"),
            Self::Granted { found } => write!(f, "the reserved return code {found:#04x} of SUBACK"),
            Self::NothingUnsubscribed => write!(f, "an UNSUBSCRIBE without topic filters"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.say(f)?;
        write!(f, " [{}]", self.statement())
    }
}

impl Error for Fault {}
