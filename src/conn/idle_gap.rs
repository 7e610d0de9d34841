//! Frames that end after a silence, as on serial lines: Modbus RTU. SPEC.md, clauses IG-1 to IG-6.

use alloc::collections::VecDeque;
use core::time::Duration;

use super::Protocol;
use crate::decode::{Cause, Decode, Found, Stop};
use crate::encode::{Encode, EncodeError, Payload, Writer};
use crate::error::NeedMoreData;
use crate::input::Input;

/// A protocol whose frames end after a silence.
///
/// The silence is measured by the connection's clock, from the last bytes that the driver brought: it can be no more exact than the driver's reads. A frame of more than the limit is an error, and thrown
/// away up to the next silence.
///
/// What is written is the payload alone. The silence behind it is the sender's to keep: send the next when this one is out, and the time has passed.
///
/// ```
/// use core::time::Duration;
/// use framewright::{Time, conn::{Conn, IdleGap, Turn}};
///
/// let gap = IdleGap::of_baud(9600, 11, 35, 256); // 3.5 characters of 11 bits
/// assert_eq!(gap.silence(), Duration::from_nanos(4_010_417));
/// let mut conn = Conn::new(gap, Time::ZERO);
/// drop(conn.feed(Time::ZERO, b"\x01\x03")?);
/// assert!(matches!(conn.step(), Turn::Want(want) if want.deadline == Some(Time::from_nanos(4_010_417))));
/// conn.tick(Time::from_nanos(4_010_417));
/// assert!(matches!(conn.step(), Turn::Event(b"\x01\x03", _)));
/// # Ok::<(), framewright::Refused>(())
/// ```
#[derive(Clone, Debug)]
pub struct IdleGap {
    silence: Duration,
    max_payload: usize,
    /// The stream offsets behind which nothing came for so long, and which no frame has ended at yet.
    gaps: VecDeque<u64>,
    mode: Mode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Reading,
    /// What comes up to the next silence is thrown away.
    Discarding,
}

/// Why a payload cannot be sent: there is nothing between two silences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an empty payload has no frame")]
pub struct Silent;

impl IdleGap {
    /// Frames of at most `max_payload` bytes that end when nothing comes for `silence`.
    #[must_use]
    pub const fn new(silence: Duration, max_payload: usize) -> Self {
        Self { silence, max_payload, gaps: VecDeque::new(), mode: Mode::Reading }
    }

    /// The same, with the silence in tenths of a character of so many bits, at a baud rate: Modbus RTU has 35 tenths of 11 bits. Rounded up to a nanosecond; a rate of 0 counts as 1.
    #[must_use]
    pub fn of_baud(baud: u32, bits: u32, tenths: u32, max_payload: usize) -> Self {
        let baud = if baud == 0 { 1 } else { u128::from(baud) };
        let nanos = (u128::from(bits) * u128::from(tenths) * 100_000_000).div_ceil(baud);
        Self::new(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)), max_payload)
    }

    /// Returns how long the silence is.
    #[must_use]
    pub const fn silence(&self) -> Duration {
        self.silence
    }

    /// Forgets silences up to the stream offset `position`: what was thrown away ended there.
    fn pass(&mut self, position: u64) {
        while self.gaps.front().is_some_and(|gap| *gap <= position) {
            self.gaps.pop_front();
            self.mode = Mode::Reading;
        }
    }

    fn too_large(&self) -> Cause<core::convert::Infallible> {
        Cause::TooLarge { what: "payload", limit: self.max_payload as u64 }
    }
}

impl Decode for IdleGap {
    type Progress = ();
    type Token = ();
    type Frame<'a> = &'a [u8];
    type Fault = core::convert::Infallible;

    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<()>, Stop<Self::Fault>> {
        self.pass(input.position());
        let gap = self.gaps.front().and_then(|gap| usize::try_from(gap - input.position()).ok());
        let end = gap.or(input.is_end().then_some(input.len()));
        match (self.mode, end) {
            (Mode::Reading, _) if input.is_empty() => Err(Stop::Idle),
            (Mode::Discarding, _) if input.is_empty() => Err(if input.is_end() { Stop::Idle } else { Stop::Need(NeedMoreData::ONE) }),
            (Mode::Reading, Some(len)) if len <= self.max_payload => {
                input.require(len)?;
                Ok(Found::Frame { len, token: () })
            }
            (Mode::Reading, None) if input.len() <= self.max_payload => Err(Stop::Need(NeedMoreData::ONE)),
            (mode, end) => {
                let len = end.unwrap_or(usize::MAX).min(input.len());
                // Up to the silence that ends it, which the next look passes.
                self.mode = Mode::Discarding;
                if mode == Mode::Reading { Err(Stop::Bad { len, cause: self.too_large() }) } else { Ok(Found::Skip(len)) }
            }
        }
    }

    fn open<'a>((): (), (): &'a (), frame: &'a [u8]) -> &'a [u8] {
        frame
    }
}

impl Encode for IdleGap {
    type Message<'a> = Payload<'a>;
    type Fault = Silent;

    fn encode(&mut self, payload: &Payload<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Silent>> {
        if payload.is_empty() {
            return Err(EncodeError::Fault(Silent));
        }
        if payload.len() > self.max_payload {
            return Err(EncodeError::TooLarge { what: "payload", limit: self.max_payload as u64 });
        }
        out.payload(payload)?;
        Ok(())
    }
}

impl Protocol for IdleGap {
    fn silence(&self) -> Option<Duration> {
        Some(self.silence)
    }

    fn fell_silent(&mut self, heard: u64) {
        self.gaps.push_back(heard);
    }
}
