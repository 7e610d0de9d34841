use core::fmt;

use super::{Limits, Protocol, Replies, Writing};
use crate::buf::{BufConfig, SegmentedBuf, StreamBuf, StreamBufMut, View};
use crate::encode::{Encode, EncodeError, Unsent};
use crate::engine::{Place, Spot};
use crate::error::NeedMoreData;

/// Bytes on their way to the peer: a queue, and what was taken out of it and is not gone yet.
pub(super) struct Wire {
    pub(super) queue: SegmentedBuf,
    batch: Batch,
}

/// What the driver took out of the queue: it comes before everything in it.
enum Batch {
    None,
    /// On its way.
    Out(View),
    /// What came back unsent.
    Back(View),
}

impl Wire {
    pub(super) const fn new(queue: SegmentedBuf) -> Self {
        Self { queue, batch: Batch::None }
    }

    /// The bytes that have not been sent, those on their way among them.
    pub(super) fn unsent(&self) -> usize {
        self.queue.len() + self.batch.len()
    }

    /// The bytes that can be sent now.
    pub(super) fn ready(&self) -> usize {
        if self.is_out() { 0 } else { self.unsent() }
    }

    pub(super) fn is_out(&self) -> bool {
        matches!(self.batch, Batch::Out(_))
    }

    /// What can be sent now, as slices.
    pub(super) fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let (back, queued) = match &self.batch {
            Batch::None => (None, Some(self.queue.segments())),
            Batch::Back(view) => (Some(view.segments()), Some(self.queue.segments())),
            Batch::Out(_) => (None, None),
        };
        back.into_iter().flatten().chain(queued.into_iter().flatten())
    }

    /// Takes at most `n` bytes out as a batch, or all of one that came back, unless one is out.
    pub(super) fn take(&mut self, n: usize) -> Option<View> {
        let batch = match core::mem::replace(&mut self.batch, Batch::None) {
            Batch::None => self.queue.split_to(n.min(self.queue.len())).ok().filter(|batch| !batch.is_empty()),
            Batch::Back(view) => Some(view),
            Batch::Out(view) => {
                self.batch = Batch::Out(view);
                return None;
            }
        };
        if let Some(batch) = &batch {
            self.batch = Batch::Out(batch.clone());
        }
        batch
    }

    /// Forgets the first `n` bytes; a batch that is out is back, and what of it was not sent comes next.
    pub(super) fn sent(&mut self, n: usize) -> Result<(), NeedMoreData> {
        let most = if self.is_out() { self.batch.len() } else { self.unsent() };
        NeedMoreData::check(most, n)?;
        let of_batch = n.min(self.batch.len());
        self.batch = match core::mem::replace(&mut self.batch, Batch::None) {
            Batch::Out(view) | Batch::Back(view) if of_batch < view.len() => {
                view.get(of_batch..view.len()).map_or(Batch::None, Batch::Back)
            }
            _ => Batch::None,
        };
        self.queue.advance(n - of_batch)
    }

    /// So many bytes ever queued have been sent.
    fn sent_in_all(&self) -> u64 {
        self.queue.position() - self.batch.len() as u64
    }

    /// Throws everything away but a batch that is out.
    pub(super) fn discard(&mut self) {
        let _ = self.queue.advance(self.queue.len());
        if !self.is_out() {
            self.batch = Batch::None;
        }
    }

    /// Everything that was not sent, in one queue.
    pub(super) fn into_unsent(mut self) -> SegmentedBuf {
        let (Batch::Out(view) | Batch::Back(view)) = self.batch else { return self.queue };
        let mut unsent = SegmentedBuf::with_config(BufConfig::unlimited());
        let queued = self.queue.split_to(self.queue.len());
        for view in core::iter::once(view).chain(queued.ok()) {
            // Without a limit nothing is refused.
            let _ = unsent.append(view.into_bytes());
        }
        unsent
    }
}

impl Batch {
    fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Out(view) | Self::Back(view) => view.len(),
        }
    }
}

/// What the application and the protocol have said, and was not sent, or not taken by a filter below.
pub(super) struct Output {
    pub(super) wire: Wire,
    high_water: usize,
    /// The most unsent bytes, automatic answers aside.
    pub(super) max_unsent: usize,
    /// The budget of automatic answers.
    budget: usize,
    /// The bytes of automatic answers queued since there were none.
    replying: usize,
    /// Where the last of them ends, counted in all bytes ever queued.
    replies_end: u64,
}

impl Output {
    pub(super) fn new(queue: SegmentedBuf, limits: &Limits) -> Self {
        let Limits { high_water, max_unsent, replies: budget, .. } = *limits;
        let mut output = Self { wire: Wire::new(queue), high_water, max_unsent, budget, replying: 0, replies_end: 0 };
        output.settle();
        output
    }

    pub(super) fn is_writable(&self) -> bool {
        self.wire.unsent() < self.high_water
    }

    /// Lends the queue for automatic answers.
    pub(super) fn replies(&mut self) -> Replies<'_> {
        Replies { queue: &mut self.wire.queue, budget: self.budget, queued: 0, outcome: Ok(()) }
    }

    /// Counts automatic answers that were queued last.
    pub(super) fn replied(&mut self, bytes: usize) {
        if bytes > 0 {
            self.replying += bytes;
            self.replies_end = self.wire.queue.position() + self.wire.queue.len() as u64;
            self.set_cap();
        }
    }

    /// Whether automatic answers have to be sent before anything else is read.
    #[inline(always)]
    pub(super) fn owes_replies(&self) -> bool {
        self.replying > self.budget
    }

    /// Looks whether all automatic answers are gone, and how much may be queued now.
    pub(super) fn settle(&mut self) {
        if self.wire.sent_in_all() >= self.replies_end {
            self.replying = 0;
        }
        self.set_cap();
    }

    /// The queue may hold what the cap leaves beside the batch that was taken out of it; automatic answers count beside it.
    fn set_cap(&mut self) {
        let most = self.max_unsent.saturating_add(self.replying).saturating_sub(self.wire.batch.len());
        self.wire.queue.set_max_bytes(most);
    }

    /// Makes what is queued the bytes of a layer below; what is said from now on goes through it.
    pub(super) fn put_below(&mut self, queue: SegmentedBuf) -> Wire {
        (self.replying, self.replies_end) = (0, 0);
        core::mem::replace(&mut self.wire, Wire::new(queue))
    }

    /// Takes the bytes of the layer below back, which is gone.
    pub(super) fn take_from_below(&mut self, wire: Wire) {
        (self.replying, self.replies_end) = (0, 0);
        self.wire = wire;
        self.set_cap();
    }

    /// Throws everything away but a batch that is out.
    pub(super) fn discard(&mut self) {
        self.wire.discard();
        self.replying = 0;
        self.set_cap();
    }
}

/// The way out of a connection, beside what the peer said: borrowed with each step, and by [`Conn::outbox`](super::Conn::outbox).
pub struct Outbox<'a, P> {
    pub(super) protocol: &'a mut P,
    pub(super) output: &'a mut Output,
    pub(super) writing: &'a mut Writing,
    pub(super) spot: Spot<'a>,
}

impl<P: Protocol> Outbox<'_, P> {
    /// Queues a message: all of it, or nothing.
    ///
    /// # Errors
    /// [`Unsent`], with the message: [`EncodeError::Buffer`] when more than the [hard cap](super::Limits::max_unsent) would wait, [`EncodeError::Closed`] after [`close`](Self::close), or what the
    /// protocol says.
    #[inline]
    pub fn send<'m>(
        &mut self,
        message: impl Into<<P as Encode>::Message<'m>>,
    ) -> Result<(), Unsent<<P as Encode>::Message<'m>, <P as Encode>::Fault>> {
        if *self.writing != Writing::Open {
            return Err(Unsent { message: message.into(), error: EncodeError::Closed });
        }
        self.output.wire.queue.send(self.protocol, message)
    }

    /// Tells whether less waits to be sent than the [high-water mark](super::Limits::high_water): advice to a sender that can wait.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.output.is_writable()
    }

    /// Returns how many bytes wait to be sent.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.output.wire.unsent()
    }

    /// Ends this direction: what is queued is sent, then the peer is told, and nothing can be queued any more. Reading goes on.
    pub fn close(&mut self) {
        if *self.writing == Writing::Open {
            *self.writing = Writing::Closing;
        }
    }

    /// Returns where the event that this was given with was in the stream; otherwise where the next unread byte is.
    #[must_use]
    pub fn place(&self) -> Place {
        self.spot.place()
    }

    /// Returns the protocol.
    #[must_use]
    pub fn protocol(&self) -> &P {
        self.protocol
    }
}

impl<P> fmt::Debug for Outbox<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("unsent", &self.output.wire.unsent()).field("writing", &self.writing).finish_non_exhaustive()
    }
}
