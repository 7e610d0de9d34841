//! What packets are made of: numbers, strings, topics. One rule for both directions.

use std::str;

use framewright::encode::EncodeError;

use super::{Fault, Id, Kind, Qos};

/// The fields of a packet, read from the front.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
    kind: Kind,
    left: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(kind: Kind, left: &'a [u8]) -> Self {
        Self { kind, left }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    pub(crate) fn byte(&mut self, field: &'static str) -> Result<u8, Fault> {
        self.array(field).map(|[byte]| byte)
    }

    pub(crate) fn number(&mut self, field: &'static str) -> Result<u16, Fault> {
        self.array(field).map(u16::from_be_bytes)
    }

    pub(crate) fn id(&mut self) -> Result<Id, Fault> {
        Id::new(self.number("packet identifier")?).ok_or(Fault::IdZero { kind: self.kind })
    }

    /// A length of two bytes, and so many bytes.
    pub(crate) fn bytes(&mut self, field: &'static str) -> Result<&'a [u8], Fault> {
        let len = self.number(field)?;
        let (bytes, left) = self.left.split_at_checked(len.into()).ok_or(self.cut(field))?;
        self.left = left;
        Ok(bytes)
    }

    pub(crate) fn text(&mut self, field: &'static str) -> Result<&'a str, Fault> {
        let text = str::from_utf8(self.bytes(field)?).map_err(|_| Fault::NotUtf8 { field })?;
        check_text(field, text)?;
        Ok(text)
    }

    pub(crate) fn name(&mut self, field: &'static str) -> Result<&'a str, Fault> {
        let name = self.text(field)?;
        check_name(name)?;
        Ok(name)
    }

    pub(crate) fn filter(&mut self) -> Result<&'a str, Fault> {
        let filter = self.text(FILTER)?;
        check_filter(filter)?;
        Ok(filter)
    }

    /// All that is left: a field without a length.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.left)
    }

    /// Nothing may be left.
    pub(crate) fn end(self) -> Result<(), Fault> {
        if self.left.is_empty() { Ok(()) } else { Err(Fault::BytesLeft { kind: self.kind, found: self.left.len() }) }
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], Fault> {
        let (array, left) = self.left.split_first_chunk().ok_or(self.cut(field))?;
        self.left = left;
        Ok(*array)
    }

    fn cut(&self, field: &'static str) -> Fault {
        Fault::FieldCut { kind: self.kind, field }
    }
}

/// Fields on their way out: all of a packet behind its fixed header, but for the payload of PUBLISH.
#[derive(Debug)]
pub(crate) struct Body<'b>(pub(crate) &'b mut Vec<u8>);

/// Why a field was not written.
pub(crate) type Unwritten = EncodeError<Fault>;

impl Body<'_> {
    pub(crate) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(crate) fn number(&mut self, number: u16) {
        self.0.extend(number.to_be_bytes());
    }

    pub(crate) fn id(&mut self, id: Id) {
        self.number(id.get());
    }

    /// A length of two bytes, which is the limit (1.5.3 and MQTT-4.7.3-3), and the bytes.
    pub(crate) fn bytes(&mut self, field: &'static str, bytes: &[u8]) -> Result<(), Unwritten> {
        let len = u16::try_from(bytes.len()).map_err(|_| EncodeError::TooLarge { what: field, limit: u16::MAX.into() })?;
        self.number(len);
        self.0.extend(bytes);
        Ok(())
    }

    pub(crate) fn text(&mut self, field: &'static str, text: &str) -> Result<(), Unwritten> {
        check_text(field, text).map_err(EncodeError::Fault)?;
        self.bytes(field, text.as_bytes())
    }

    pub(crate) fn name(&mut self, field: &'static str, name: &str) -> Result<(), Unwritten> {
        check_name(name).map_err(EncodeError::Fault)?;
        self.text(field, name)
    }

    pub(crate) fn filter(&mut self, filter: &str) -> Result<(), Unwritten> {
        check_filter(filter).map_err(EncodeError::Fault)?;
        self.text(FILTER, filter)
    }
}

const FILTER: &str = "topic filter";

/// The two bits of a quality of service; `None` for 3.
pub(crate) fn qos(bits: u8) -> Option<Qos> {
    Qos::ALL.get(usize::from(bits)).copied()
}

fn check_text(field: &'static str, text: &str) -> Result<(), Fault> {
    if text.contains('\0') { Err(Fault::Null { field }) } else { Ok(()) }
}

fn check_name(name: &str) -> Result<(), Fault> {
    match name {
        "" => Err(Fault::EmptyTopic),
        name if name.contains(['+', '#']) => Err(Fault::WildcardInName),
        _ => Ok(()),
    }
}

/// A wildcard is a whole level, and `#` the last.
fn check_filter(filter: &str) -> Result<(), Fault> {
    if filter.is_empty() {
        return Err(Fault::EmptyTopic);
    }
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        if level.contains('#') && (level != "#" || levels.peek().is_some()) {
            return Err(Fault::MultiLevelWildcard);
        }
        if level.contains('+') && level != "+" {
            return Err(Fault::SingleLevelWildcard);
        }
    }
    Ok(())
}
