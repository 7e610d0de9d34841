//! Frames of one length. SPEC.md, clauses FX-1 to FX-4.

use core::convert::Infallible;

use super::{SettingsError, Unframable};
use crate::decode::{Decode, Found, Stop};
use crate::encode::{Encode, EncodeError, Payload, Short, Writer};
use crate::input::Input;

/// Cuts a stream into frames of the same length: records, samples, the packets of a transport stream.
///
/// ```
/// use framewright::{Engine, Step, framing::Fixed};
///
/// let mut engine = Engine::new(Fixed::new(3)?);
/// let mut frames = engine.feed(b"onetwo?")?;
/// assert!(matches!(frames.next_frame()?, Step::Frame(b"one", _)));
/// assert!(matches!(frames.next_frame()?, Step::Frame(b"two", _)));
/// assert!(matches!(frames.next_frame()?, Step::NeedMoreData(more) if more.missing.get() == 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fixed {
    len: usize,
}

impl Fixed {
    /// Makes a framer for frames of exactly `len` bytes. The length is the limit too.
    ///
    /// # Errors
    /// [`SettingsError::EmptyFrame`] when the length is 0.
    pub const fn new(len: usize) -> Result<Self, SettingsError> {
        if len == 0 { Err(SettingsError::EmptyFrame) } else { Ok(Self { len }) }
    }
}

impl Decode for Fixed {
    type Progress = ();
    type Token = ();
    type Frame<'a> = &'a [u8];
    type Fault = Infallible;

    #[inline(always)]
    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<()>, Stop<Infallible>> {
        input.begin()?;
        input.require(self.len)?;
        Ok(Found::Frame { len: self.len, token: () })
    }

    #[inline(always)]
    fn open<'a>((): (), (): &'a (), frame: &'a [u8]) -> &'a [u8] {
        frame
    }
}

impl Encode for Fixed {
    /// A frame, of the right length.
    type Message<'a> = Payload<'a>;
    type Fault = Unframable;

    #[inline(always)]
    fn encode(&mut self, payload: &Payload<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Unframable>> {
        let payload = payload.source();
        if payload.bytes.len() != self.len {
            let (found, expected) = (payload.bytes.len() as u64, self.len as u64);
            return Err(EncodeError::Fault(Unframable::WrongLength { found, expected }));
        }
        Ok(out.write_around(Short::NONE, payload, Short::NONE)?)
    }
}
