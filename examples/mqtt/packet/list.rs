//! The lists in SUBSCRIBE, SUBACK and UNSUBSCRIBE: one or more items, up to the end of the packet.

use std::fmt;
use std::iter;

use framewright::encode::EncodeError;

use super::fields::{Body, Fields, Unwritten, qos};
use super::{Fault, Granted, Subscription};

/// One or more items: of a packet that came, read again each time they are asked for, so that nothing is stored for them; or of a packet to be sent, borrowed from its maker.
#[derive(Clone, Copy)]
pub(crate) struct List<'a, T>(Items<'a, T>);

#[derive(Clone, Copy)]
enum Items<'a, T> {
    /// Judged, to the last.
    Encoded(Fields<'a>),
    Given(&'a [T]),
}

/// What a list can be of.
pub(crate) trait Item<'a>: Copy {
    /// The rule that an empty list breaks.
    const NONE: Fault;

    fn read(fields: &mut Fields<'a>) -> Result<Self, Fault>;

    fn write(self, body: &mut Body<'_>) -> Result<(), Unwritten>;
}

impl<'a, T: Item<'a>> List<'a, T> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = T> {
        let (mut fields, given) = match self.0 {
            Items::Encoded(fields) => (Some(fields), &[][..]),
            Items::Given(items) => (None, items),
        };
        let encoded = iter::from_fn(move || fields.as_mut().filter(|fields| !fields.is_empty()).and_then(|fields| T::read(fields).ok()));
        encoded.chain(given.iter().copied())
    }

    /// Judges the items, to the end of the packet.
    pub(super) fn read(fields: &mut Fields<'a>) -> Result<Self, Fault> {
        let all = *fields;
        if all.is_empty() {
            return Err(T::NONE);
        }
        while !fields.is_empty() {
            T::read(fields)?;
        }
        Ok(Self(Items::Encoded(all)))
    }

    pub(super) fn write(&self, body: &mut Body<'_>) -> Result<(), Unwritten> {
        if self.iter().next().is_none() {
            return Err(EncodeError::Fault(T::NONE));
        }
        self.iter().try_for_each(|item| item.write(body))
    }
}

impl<'a, T> From<&'a [T]> for List<'a, T> {
    fn from(items: &'a [T]) -> Self {
        Self(Items::Given(items))
    }
}

impl<'a, T: Item<'a> + PartialEq> PartialEq for List<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<'a, T: Item<'a> + Eq> Eq for List<'a, T> {}

impl<'a, T: Item<'a> + fmt::Debug> fmt::Debug for List<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// SUBSCRIBE: a filter and the quality of service, in a byte of its own.
impl<'a> Item<'a> for Subscription<'a> {
    const NONE: Fault = Fault::NothingSubscribed;

    fn read(fields: &mut Fields<'a>) -> Result<Self, Fault> {
        let filter = fields.filter()?;
        let found = fields.byte("requested QoS")?;
        Ok(Self { filter, qos: qos(found).ok_or(Fault::RequestedQos { found })? })
    }

    fn write(self, body: &mut Body<'_>) -> Result<(), Unwritten> {
        body.filter(self.filter)?;
        body.byte(self.qos as u8);
        Ok(())
    }
}

/// SUBACK: a byte, the quality of service or `FAILURE`.
impl<'a> Item<'a> for Granted {
    const NONE: Fault = Fault::NothingGranted;

    fn read(fields: &mut Fields<'a>) -> Result<Self, Fault> {
        match fields.byte("return code")? {
            FAILURE => Ok(Self::Failure),
            found => qos(found).map(Self::UpTo).ok_or(Fault::Granted { found }),
        }
    }

    fn write(self, body: &mut Body<'_>) -> Result<(), Unwritten> {
        body.byte(match self {
            Self::UpTo(qos) => qos as u8,
            Self::Failure => FAILURE,
        });
        Ok(())
    }
}

const FAILURE: u8 = 0x80;

/// UNSUBSCRIBE: a filter.
impl<'a> Item<'a> for &'a str {
    const NONE: Fault = Fault::NothingUnsubscribed;

    fn read(fields: &mut Fields<'a>) -> Result<Self, Fault> {
        fields.filter()
    }

    fn write(self, body: &mut Body<'_>) -> Result<(), Unwritten> {
        body.filter(self)
    }
}
