use core::fmt;

use super::end::Writing;
use super::output::Output;
use super::{Conn, Protocol, Rest};
use crate::encode::{Encode, EncodeError, Unsent};
use crate::engine::{Engine, Place, Spot};

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

/// What goes out: messages.
impl<P: Protocol> Conn<P> {
    /// Borrows the way out, between steps.
    pub fn outbox(&mut self) -> Outbox<'_, P> {
        self.rest.outbox_between(&mut self.engine)
    }
}

impl<F> Rest<F> {
    #[inline(always)]
    pub(super) fn outbox<'s, P>(&'s mut self, protocol: &'s mut P, spot: Spot<'s>) -> Outbox<'s, P> {
        Outbox { protocol, output: &mut self.output, writing: &mut self.writing, spot }
    }

    /// The way out where there is no event.
    pub(super) fn outbox_between<'s, P: Protocol>(&'s mut self, engine: &'s mut Engine<P>) -> Outbox<'s, P> {
        let spot = Spot::Next { position: engine.position() };
        self.outbox(engine.decoder_mut(), spot)
    }
}

impl<P> fmt::Debug for Outbox<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("unsent", &self.output.wire.unsent()).field("writing", &self.writing).finish_non_exhaustive()
    }
}
