use super::end::{Reading, Writing, WritingEnds};
use super::layers::Layers;
use super::output::Output;
use super::timers::Clock;
use super::{Conn, Limits, Phase, Protocol, Rest, SMALL_BLOCK, STORAGE};
use crate::buf::{LinearBuf, SegmentedBuf, StreamBuf};
use crate::decode::Decode;
use crate::engine::{Engine, Parts};
use crate::error::Error;
use crate::time::Time;

/// What a connection is made of, for a switch of protocols: nothing is lost that was read or is to be sent.
#[derive(Debug)]
#[must_use = "unread and unsent bytes are lost when this is dropped"]
pub struct ConnParts<P> {
    /// The protocol, and what is unread.
    pub reading: Parts<P, LinearBuf>,
    /// What was not sent; where there are filters, what they have not taken.
    pub unsent: SegmentedBuf,
    /// The filters, which stay.
    pub(super) layers: Layers,
}

impl<P> ConnParts<P> {
    /// Replaces the protocol, by the one that follows.
    pub fn with_protocol<Q>(self, protocol: Q) -> ConnParts<Q> {
        ConnParts { reading: self.reading.with_decoder(protocol), unsent: self.unsent, layers: self.layers }
    }
}

/// Making one, and taking it apart.
impl<P: Protocol> Conn<P> {
    /// Makes a connection that begins now, with the default [`Limits`]. Allocates nothing.
    #[must_use]
    pub fn new(protocol: P, now: Time) -> Self {
        Self::with_limits(protocol, now, Limits::DEFAULT)
    }

    /// Makes a connection with these limits.
    #[must_use]
    pub fn with_limits(protocol: P, now: Time, limits: Limits) -> Self {
        let parts = Parts { decoder: protocol, unread: LinearBuf::with_config(STORAGE), position: 0, ended: false };
        Self::from_parts(ConnParts { reading: parts, unsent: SegmentedBuf::with_config(STORAGE), layers: Layers::default() }, now, limits)
    }

    /// Makes a connection that goes on where another stopped, on the same transport.
    #[must_use]
    pub fn from_parts(parts: ConnParts<P>, now: Time, limits: Limits) -> Self {
        let layers = parts.layers;
        let queue = parts.unsent;
        let mut clock = Clock::new(now, limits.timeouts);
        if parts.reading.decoder.phase() == Phase::Handshake {
            clock.begin_handshake();
        }
        if !queue.is_empty() {
            clock.output_waits();
        }
        clock.came(parts.reading.unread.len());
        let engine = Engine::from_parts(parts.reading).with_max_frame(limits.max_frame).with_backlog(limits.backlog);
        let output = Output::new(queue, &limits);
        Self {
            engine,
            rest: Rest {
                output,
                layers,
                clock,
                block: SMALL_BLOCK,
                lent: 0,
                reading: Reading::Open,
                writing: Writing::Open,
                writing_ends: WritingEnds::WithReading,
            },
        }
    }

    /// Goes on writing after the peer has ended, until the application [closes](super::Outbox::close). Otherwise this direction ends when the peer's has.
    #[must_use]
    pub fn half_open(mut self) -> Self {
        self.rest.writing_ends = WritingEnds::Alone;
        self
    }

    /// Gives up the connection for its parts: the protocol, and all that is unread and unsent.
    ///
    /// # Errors
    /// When the guard of a borrowed chunk was forgotten, and bytes may be missing.
    pub fn into_parts(self) -> Result<ConnParts<P>, Error<<P as Decode>::Fault>> {
        let Rest { output, layers, .. } = self.rest;
        Ok(ConnParts { reading: self.engine.into_parts()?, unsent: output.wire.into_unsent(), layers })
    }
}
