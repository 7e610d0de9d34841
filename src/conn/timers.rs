use core::time::Duration;

use super::{Conn, Failure, Phase, Protocol, Rest};
use crate::time::Time;

/// The timers of a connection. `None` is for one that never fires.
///
/// ```
/// use core::time::Duration;
/// use framewright::conn::Timeouts;
///
/// let patient = Timeouts { idle: None, frame: Some(Duration::from_secs(120)), ..Timeouts::default() };
/// # let _ = patient;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// How long nothing may come, or be sent, between frames: 5 minutes.
    pub idle: Option<Duration>,
    /// How long a frame may take from its first byte: 30 seconds. Never restarts while it arrives.
    pub frame: Option<Duration>,
    /// How slowly parts of something long may come: 240 bytes a second, with 5 seconds of grace.
    pub min_rate: Option<MinRate>,
    /// How long the handshake may take, of the [protocol](super::Phase::Handshake) from the start, and of a [filter](super::Filter::is_handshaking) from when it is pushed: 10 seconds.
    pub handshake: Option<Duration>,
    /// How long output may wait without a byte of it being sent: 30 seconds.
    pub write: Option<Duration>,
    /// How long the connection may take to end after it was told to: 10 seconds.
    pub close: Option<Duration>,
}

impl Timeouts {
    /// No timer ever fires: for connections that are timed by other means.
    pub const NEVER: Self = Self { idle: None, frame: None, min_rate: None, handshake: None, write: None, close: None };
    /// The defaults.
    pub const DEFAULT: Self = Self {
        idle: Some(Duration::from_secs(300)),
        frame: Some(Duration::from_secs(30)),
        min_rate: Some(MinRate { bytes_per_second: 240, grace: Duration::from_secs(5) }),
        handshake: Some(Duration::from_secs(10)),
        write: Some(Duration::from_secs(30)),
        close: Some(Duration::from_secs(10)),
    };
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The least rate at which parts of something long must come. Being faster earns no more than the grace: nobody may stop for long behind a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinRate {
    /// So many for each second.
    pub bytes_per_second: u32,
    /// How long none need come: at the start, and by whoever was fast enough before.
    pub grace: Duration,
}

impl MinRate {
    /// How long so many bytes may take.
    fn lasts(self, bytes: usize) -> Duration {
        let nanos = bytes as u128 * 1_000_000_000 / u128::from(self.bytes_per_second.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// Which timer it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Timer {
    /// Nothing came between frames: [`Timeouts::idle`].
    #[error("nothing came for too long")]
    Idle,
    /// A frame took too long: [`Timeouts::frame`].
    #[error("a frame took too long to arrive")]
    Frame,
    /// Parts of something long came too slowly: [`Timeouts::min_rate`].
    #[error("bytes came too slowly")]
    MinRate,
    /// The handshake took too long: [`Timeouts::handshake`].
    #[error("the handshake took too long")]
    Handshake,
    /// The peer did not take what was to be sent: [`Timeouts::write`].
    #[error("the peer took no output for too long")]
    Write,
    /// The connection did not end: [`Timeouts::close`].
    #[error("the connection took too long to close")]
    Close,
}

/// What is awaited from the peer, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    /// Nothing: what came has not been looked at, or nothing more is read.
    Nothing,
    /// The first byte of a frame.
    Idle { since: Time },
    /// The rest of a frame, or of bytes that are stepped over.
    Frame { since: Time },
    /// More parts, by this time if none come before.
    Parts { due: Time },
}

/// The time, and everything that is timed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    pub(super) now: Time,
    /// How long after the start of each the timers fire.
    after: After,
    min_rate: Option<MinRate>,
    waits: Waits,
    /// The bytes that have come, and when the last of them did.
    received: u64,
    last: Time,
    /// Bytes have come that were not looked at: what they are decides which timer runs, so none of those of reading fires.
    unseen: bool,
    /// How long a silence tells the protocol something.
    silence: Option<Duration>,
    /// How many bytes had come when it was told of one.
    told: u64,
    /// When the connection began, as long as its handshake lasts.
    handshake: Option<Time>,
    /// When the first filter that is in its handshake was pushed.
    filters: Option<Time>,
    /// Since when output waits.
    writing: Option<Time>,
    /// Since when it is to end.
    closing: Option<Time>,
    /// No timer fires before: none is looked at until then.
    quiet_until: Time,
}

/// Timeouts as times after [`Time::ZERO`], so that nothing has to be converted when they are looked at; the end of time is never.
#[derive(Clone, Copy, Debug)]
struct After {
    idle: Time,
    frame: Time,
    handshake: Time,
    write: Time,
    close: Time,
}

impl Clock {
    pub(super) fn new(now: Time, timeouts: Timeouts) -> Self {
        let after = |timeout: Option<Duration>| timeout.map_or(Time::MAX, |timeout| Time::ZERO + timeout);
        let Timeouts { idle, frame, min_rate, handshake, write, close } = timeouts;
        Self {
            now,
            after: After { idle: after(idle), frame: after(frame), handshake: after(handshake), write: after(write), close: after(close) },
            min_rate,
            waits: Waits::Idle { since: now },
            received: 0,
            last: now,
            unseen: false,
            silence: None,
            told: 0,
            handshake: None,
            filters: None,
            writing: None,
            closing: None,
            quiet_until: Time::ZERO,
        }
    }

    /// A frame came whole. What is awaited next is not known before the next look.
    #[inline(always)]
    pub(super) fn framed(&mut self, phase: Phase) {
        if phase != Phase::Parts || !matches!(self.waits, Waits::Parts { .. }) {
            self.waits = Waits::Nothing;
        }
        if phase != Phase::Handshake {
            self.handshake = None;
        }
    }

    /// One bad frame was told of. What is awaited next is not known before the next look.
    pub(super) fn stepped_over(&mut self) {
        if !matches!(self.waits, Waits::Parts { .. }) {
            self.waits = Waits::Nothing;
        }
    }

    /// Nothing more can be read now: between frames, or inside one. Its timer goes on if it runs: it does not start again where bytes are stepped over.
    pub(super) fn pause(&mut self, phase: Phase, idle: bool) {
        let since = self.now;
        self.unseen = false;
        self.waits = match (phase, self.waits) {
            (Phase::Parts, waits @ Waits::Parts { .. }) => waits,
            (Phase::Parts, _) => Waits::Parts { due: self.min_rate.map_or(Time::MAX, |rate| since + rate.grace) },
            (_, waits @ Waits::Idle { .. }) if idle => waits,
            (_, _) if idle => Waits::Idle { since },
            (_, waits @ Waits::Frame { .. }) => waits,
            (_, _) => Waits::Frame { since },
        };
    }

    /// The protocol's handshake begins.
    pub(super) fn begin_handshake(&mut self) {
        self.handshake = Some(self.now);
    }

    /// The first filter that is in its handshake was pushed then.
    pub(super) fn filters_shake_hands(&mut self, since: Option<Time>) {
        self.filters = since;
    }

    /// Nothing more is read.
    pub(super) fn reading_ended(&mut self) {
        self.waits = Waits::Nothing;
        (self.handshake, self.filters) = (None, None);
    }

    /// Output waits, from now if it did not before.
    pub(super) fn output_waits(&mut self) {
        self.writing.get_or_insert(self.now);
    }

    /// The end is to be told to the peer, from now if it was not before.
    pub(super) fn end_waits(&mut self) {
        self.closing.get_or_insert(self.now);
    }

    /// The peer was told of the end. Whatever is still read has timers of its own.
    pub(super) fn end_sent(&mut self) {
        self.closing = None;
    }

    /// Nothing more is written.
    pub(super) fn writing_ended(&mut self) {
        (self.writing, self.closing) = (None, None);
    }

    /// So many bytes were sent, and so many are left.
    pub(super) fn progressed(&mut self, sent: usize, left: usize) {
        if left == 0 {
            self.writing = None;
        }
        if sent > 0 {
            self.writing = self.writing.map(|_| self.now);
            if let Waits::Idle { since } = &mut self.waits {
                *since = self.now;
            }
        }
    }

    /// So many bytes came.
    #[inline]
    pub(super) fn came(&mut self, n: usize) {
        if n > 0 {
            self.received += n as u64;
            self.last = self.now;
            self.unseen = true;
            if let (Waits::Parts { due }, Some(rate)) = (&mut self.waits, self.min_rate) {
                *due = (*due + rate.lasts(n)).min(self.now + rate.grace);
            }
        }
    }

    /// Sets the silence to tell of.
    pub(super) fn listen(&mut self, silence: Option<Duration>) {
        self.silence = silence;
    }

    /// When a silence of this length is told of: once, and again only when more bytes have come.
    fn silent_at(&self, silence: Duration) -> Option<Time> {
        (self.received != self.told).then(|| self.last + silence)
    }

    /// Whether a silence of this length is to be told of now.
    pub(super) fn fell_silent(&mut self, silence: Duration) -> bool {
        let fell = self.silent_at(silence).is_some_and(|at| at <= self.now);
        if fell {
            self.told = self.received;
        }
        fell
    }

    /// The timers, and when each fires: at the end of time if it never does.
    #[inline]
    fn timers(&self) -> [(Timer, Time); 4] {
        let after = |since: Option<Time>, timeout: Time| since.map_or(Time::MAX, |since| since.plus(timeout));
        let waits = match self.waits {
            _ if self.unseen => (Timer::Idle, Time::MAX),
            Waits::Nothing => (Timer::Idle, Time::MAX),
            Waits::Idle { since } => (Timer::Idle, since.plus(self.after.idle)),
            Waits::Frame { since } => (Timer::Frame, since.plus(self.after.frame)),
            Waits::Parts { due } => (Timer::MinRate, due),
        };
        let handshake = self.handshake.filter(|_| !self.unseen);
        [
            waits,
            (Timer::Handshake, after(handshake.into_iter().chain(self.filters).min(), self.after.handshake)),
            (Timer::Write, after(self.writing, self.after.write)),
            (Timer::Close, after(self.closing, self.after.close)),
        ]
    }

    /// When the next timer fires. Until then none does, unless it is asked again: frames and sent bytes only put timers off.
    pub(super) fn deadline(&mut self) -> Option<Time> {
        let [(_, waits), (_, handshake), (_, write), (_, close)] = self.timers();
        let silent = self.silence.and_then(|silence| self.silent_at(silence)).unwrap_or(Time::MAX);
        self.quiet_until = waits.min(handshake).min(write).min(close).min(silent);
        (self.quiet_until < Time::MAX).then_some(self.quiet_until)
    }

    /// Whether a timer of reading should have fired before.
    pub(super) fn is_late(&self) -> bool {
        self.quiet_until <= self.now && self.fired().is_some()
    }

    /// Goes on; a clock that goes backwards stands still. Tells whether a timer may have fired.
    #[inline(always)]
    pub(super) fn set(&mut self, now: Time) -> bool {
        self.now = self.now.max(now);
        self.now >= self.quiet_until
    }

    /// The first timer that has fired. One at the end of time never does.
    pub(super) fn fired(&self) -> Option<Timer> {
        let fired = self.timers().into_iter().filter(|(_, at)| *at <= self.now && *at < Time::MAX);
        fired.min_by_key(|(_, at)| *at).map(|(timer, _)| timer)
    }
}

/// Time.
impl<P: Protocol> Conn<P> {
    /// Says that time has passed: to be called at [`Want::deadline`](super::Want::deadline), and harmless at any other time.
    pub fn tick(&mut self, now: Time) {
        self.at(now);
    }

    /// Goes on to `now`: ends what a timer ends, and tells the protocol of a silence.
    #[inline]
    pub(super) fn at(&mut self, now: Time) {
        if self.rest.clock.set(now) || self.engine.decoder().silence().is_some() {
            self.fire();
        }
    }

    /// Ends what a timer ends, and tells the protocol of a silence.
    #[cold]
    fn fire(&mut self) {
        self.rest.fire();
        if self.engine.decoder().silence().is_some_and(|silence| self.rest.clock.fell_silent(silence)) {
            let heard = self.engine.position() + self.engine.held_bytes() as u64;
            self.engine.decoder_mut().fell_silent(heard);
            self.engine.look_again();
        }
    }
}

impl<F> Rest<F> {
    /// Ends what a timer ends.
    pub(super) fn fire(&mut self) {
        while let Some(timer) = self.clock.fired() {
            match timer {
                Timer::Write | Timer::Close => self.abandon(Failure::Timeout(timer)),
                Timer::Idle | Timer::Frame | Timer::MinRate | Timer::Handshake => self.conclude(Err(Failure::Timeout(timer))),
            }
        }
    }
}
