use super::end::Writing;
use super::{Conn, Limits, Protocol, Replies, Rest, STORAGE};
use crate::buf::{BufConfig, SegmentedBuf, StreamBuf, StreamBufMut, View};
use crate::error::NeedMoreData;
use crate::time::Time;

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
    max_unsent: usize,
    /// The budget of automatic answers.
    budget: usize,
    /// The bytes of automatic answers queued since there were none.
    replying: usize,
    /// Where the last of them ends, if there are any, counted in all bytes ever queued.
    replies_end: u64,
}

impl Output {
    pub(super) fn new(queue: SegmentedBuf, limits: &Limits) -> Self {
        let Limits { high_water, max_unsent, replies: budget, .. } = *limits;
        let mut output = Self { wire: Wire::new(queue), high_water, max_unsent, budget, replying: 0, replies_end: 0 };
        output.set_cap();
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

    /// Makes what is queued the bytes of a layer below, which have no cap; what is said from now on goes through it.
    pub(super) fn put_below(&mut self) -> Wire {
        let mut below = self.replace_wire(Wire::new(SegmentedBuf::with_config(STORAGE)));
        below.queue.set_max_bytes(usize::MAX);
        below
    }

    /// Goes on with other bytes on their way, none of them automatic answers, and gives those that there were.
    pub(super) fn replace_wire(&mut self, wire: Wire) -> Wire {
        let before = core::mem::replace(&mut self.wire, wire);
        self.replying = 0;
        self.set_cap();
        before
    }

    /// Throws everything away but a batch that is out.
    pub(super) fn discard(&mut self) {
        self.wire.discard();
        self.replying = 0;
        self.set_cap();
    }
}

/// What goes out: bytes.
impl<P: Protocol> Conn<P> {
    /// Returns what waits to be written, as slices in order; nothing while a [batch](Self::take_output) is out.
    pub fn output(&self) -> impl Iterator<Item = &[u8]> {
        self.rest.lowest().slices()
    }

    /// Takes up to `n` bytes of what waits to be written, owned: for completion I/O. `None` when there is nothing, or a batch is out. It comes back by [`sent`](Self::sent).
    pub fn take_output(&mut self, n: usize) -> Option<View> {
        let batch = self.rest.lowest_mut().take(n);
        self.rest.output.settle();
        batch
    }

    /// Says that the first `n` bytes were written; of a batch, that it is back, and what was not written of it comes first again.
    ///
    /// # Errors
    /// [`NeedMoreData`] when there were not so many; not where they were thrown away meanwhile, by a [reset](Self::reset) or a timer.
    pub fn sent(&mut self, now: Time, n: usize) -> Result<(), NeedMoreData> {
        // First what was done, then the time: a write that took long is no write that stands still.
        self.rest.clock.set(now);
        let sent = self.rest.sent(n);
        self.at(now);
        sent
    }
}

impl<F> Rest<F> {
    fn sent(&mut self, n: usize) -> Result<(), NeedMoreData> {
        if self.writing == Writing::Shut && !self.lowest().is_out() {
            return Ok(());
        }
        self.lowest_mut().sent(n)?;
        if self.writing == Writing::Shut {
            self.discard();
        }
        self.output.settle();
        let left = self.lowest().unsent();
        self.clock.progressed(n, left);
        Ok(())
    }

    /// Whether filters keep what is to be sent, or the end, and may wait for something from their peers.
    pub(super) fn is_held_back(&self) -> bool {
        let owed = self.unsent() > 0 || (self.writing == Writing::Closing && !self.layers.has_closed());
        owed && self.writing != Writing::Shut && self.lowest().unsent() == 0
    }

    /// Whether everything was sent before the end.
    pub(super) fn is_to_shut(&self) -> bool {
        self.writing == Writing::Closing && self.layers.has_closed() && self.unsent() == 0
    }

    /// What is next to the wire on the way out.
    pub(super) fn lowest(&self) -> &Wire {
        self.layers.lowest_out().unwrap_or(&self.output.wire)
    }

    fn lowest_mut(&mut self) -> &mut Wire {
        match self.layers.lowest() {
            Some(lowest) => &mut lowest.out,
            None => &mut self.output.wire,
        }
    }

    /// The bytes that wait to be sent, in all layers.
    pub(super) fn unsent(&self) -> usize {
        self.output.wire.unsent() + self.layers.unsent()
    }

    pub(super) fn discard(&mut self) {
        self.output.discard();
        self.layers.discard();
    }
}
