use core::fmt;
use core::time::Duration;

use crate::buf::{SegmentedBuf, StreamBuf, StreamBufMut};
use crate::decode::{Decode, Found, Reject, Stop};
use crate::encode::{Encode, EncodeError, Writer};
use crate::input::Input;

/// Both directions of a protocol: how bytes are read ([`Decode`]) and written ([`Encode`]), and what is answered without asking the application.
///
/// ```
/// use core::convert::Infallible;
/// use framewright::conn::{Protocol, Reaction, Replies};
/// use framewright::decode::{Decode, Found, Stop};
/// use framewright::encode::{Encode, EncodeError, Payload, Writer};
/// use framewright::Input;
///
/// /// One byte of length, then that many bytes. An empty message is a ping, and answered by one of one zero.
/// struct Pascal;
///
/// impl Protocol for Pascal {
///     fn react(&mut self, frame: &&[u8], replies: &mut Replies<'_>) -> Reaction {
///         if !frame.is_empty() {
///             return Reaction::Event;
///         }
///         replies.send(self, b"\0");
///         Reaction::Swallow
///     }
/// }
/// # impl Decode for Pascal {
/// #     type Progress = ();
/// #     type Token = ();
/// #     type Frame<'a> = &'a [u8];
/// #     type Fault = Infallible;
/// #     fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<()>, Stop<Infallible>> {
/// #         input.begin()?;
/// #         let [payload] = input.array(0)?;
/// #         let len = 1 + usize::from(payload);
/// #         input.require(len)?;
/// #         Ok(Found::Frame { len, token: () })
/// #     }
/// #     fn open<'a>((): (), (): &'a (), frame: &'a [u8]) -> &'a [u8] { frame.get(1..).unwrap_or_default() }
/// # }
/// # impl Encode for Pascal {
/// #     type Message<'a> = Payload<'a>;
/// #     type Fault = Infallible;
/// #     fn encode(&mut self, message: &Payload<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Infallible>> {
/// #         let len = u8::try_from(message.len()).map_err(|_| EncodeError::TooLarge { what: "payload", limit: 255 })?;
/// #         out.write(&[len])?;
/// #         Ok(out.payload(message)?)
/// #     }
/// # }
/// ```
pub trait Protocol: Decode + Encode {
    /// Looks at a frame before the application does: answers what is answered automatically, and says whether the application is to see it.
    #[inline(always)]
    fn react(&mut self, frame: &Self::Frame<'_>, replies: &mut Replies<'_>) -> Reaction {
        let _ = (frame, replies);
        Reaction::Event
    }

    /// Says which timer runs while the next frame is awaited. Asked after each frame.
    #[inline(always)]
    fn phase(&self) -> Phase {
        Phase::Frames
    }

    /// Says how long a silence has to be for [`fell_silent`](Self::fell_silent) to be called. Asked when nothing more can be read out of what is there.
    #[inline(always)]
    fn silence(&self) -> Option<Duration> {
        None
    }

    /// Learns that nothing came for so long behind the stream offset `heard`, which lies behind unread bytes. The decoder then looks again at these.
    fn fell_silent(&mut self, heard: u64) {
        let _ = heard;
    }
}

/// What becomes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// The application sees it.
    Event,
    /// It has been dealt with.
    Swallow,
}

/// Which timer runs while the next frame is awaited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// The connection is being set up: [`Timer::Handshake`](super::Timer::Handshake) runs from its start.
    Handshake,
    /// Frames that must arrive whole: [`Timer::Frame`](super::Timer::Frame) from the first byte of one, and [`Timer::Idle`](super::Timer::Idle) between them.
    #[default]
    Frames,
    /// Parts of something long, handed out as they arrive: [`Timer::MinRate`](super::Timer::MinRate).
    Parts,
}

/// Where automatic answers go. They have a [budget](super::Limits::replies) of their own: above it nothing is read until they are written.
pub struct Replies<'a> {
    pub(super) queue: &'a mut SegmentedBuf,
    pub(super) budget: usize,
    pub(super) queued: usize,
    pub(super) outcome: Result<(), &'static str>,
}

impl Replies<'_> {
    /// Queues an answer. One that cannot be encoded, or that is longer than the whole budget, is a bug of the protocol and ends the connection.
    pub fn send<'m, E: Encode>(&mut self, encoder: &mut E, message: impl Into<E::Message<'m>>) {
        let (before, cap) = (self.queue.len(), self.queue.max_bytes());
        // They count beside what the application has queued: that may fill the queue.
        self.queue.set_max_bytes(usize::MAX);
        if self.queue.send(encoder, message).is_err() {
            self.outcome = Err("an automatic answer cannot be encoded");
        }
        self.queue.set_max_bytes(cap);
        self.queued += self.queue.len() - before;
        if self.queued > self.budget {
            self.outcome = Err("automatic answers to one frame exceed the whole budget for them");
        }
    }
}

impl fmt::Debug for Replies<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replies").field("queued", &self.queued).field("budget", &self.budget).finish_non_exhaustive()
    }
}

/// A codec as a [`Protocol`] of its own: every frame is an event, and nothing is answered automatically.
///
/// ```
/// use framewright::conn::{Conn, Plain};
/// use framewright::{Time, framing::Lines};
///
/// let conn = Conn::new(Plain(Lines::new(1024)), Time::ZERO);
/// # let _ = conn;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plain<C>(pub C);

impl<C: Decode> Decode for Plain<C> {
    type Progress = C::Progress;
    type Token = C::Token;
    type Frame<'a> = C::Frame<'a>;
    type Fault = <C as Decode>::Fault;

    const REWRITES: bool = C::REWRITES;

    #[inline(always)]
    fn scan(&mut self, progress: &mut C::Progress, input: &Input<'_>) -> Result<Found<C::Token>, Stop<Self::Fault>> {
        self.0.scan(progress, input)
    }

    #[inline(always)]
    fn open<'a>(token: C::Token, progress: &'a C::Progress, frame: &'a [u8]) -> C::Frame<'a> {
        C::open(token, progress, frame)
    }

    #[inline(always)]
    fn inspect(&mut self, token: &mut C::Token, progress: &mut C::Progress, frame: &[u8]) -> Result<(), Reject<Self::Fault>> {
        self.0.inspect(token, progress, frame)
    }

    fn rewrite(&mut self, token: &mut C::Token, frame: &mut [u8]) -> Result<usize, Reject<Self::Fault>> {
        self.0.rewrite(token, frame)
    }

    #[inline(always)]
    fn reset(progress: &mut C::Progress) {
        C::reset(progress);
    }
}

impl<C: Encode> Encode for Plain<C> {
    type Message<'a> = C::Message<'a>;
    type Fault = C::Fault;

    #[inline(always)]
    fn encode(&mut self, message: &C::Message<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<C::Fault>> {
        self.0.encode(message, out)
    }
}

impl<C: Decode + Encode> Protocol for Plain<C> {}
