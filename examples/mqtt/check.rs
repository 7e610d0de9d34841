//! A client that sends itself messages through a broker, at every quality of service, and compares what comes back.

use std::io;
use std::num::NonZeroU16;

use framewright::encode::Payload;

use super::link::Link;
use super::packet::{Connack, Connect, Delivery, Granted, Id, List, Packet, Publish, Qos, Subscription};

const FILTER: &str = "framewright/check/#";
const SIZES: [usize; 4] = [0, 1, 1024, 300 * 1024];

pub(crate) fn check(broker: &str) -> io::Result<()> {
    let mut ids = (1..).map_while(NonZeroU16::new);
    let mut id = || ids.next().ok_or_else(|| io::Error::other("no identifiers left"));
    let mut link = Link::connect(broker)?;

    link.send(Packet::Connect(Connect { client_id: "framewright-check", clean_session: true, keep_alive: 60, will: None, login: None }))?;
    demand(&mut link, Some(&Packet::Connack(Connack::Accepted { session_present: false })))?;

    let subscribe = id()?;
    let filters = [Subscription { filter: FILTER, qos: Qos::ExactlyOnce }];
    link.send(Packet::Subscribe { id: subscribe, filters: List::from(&filters[..]) })?;
    let granted = [Granted::UpTo(Qos::ExactlyOnce)];
    demand(&mut link, Some(&Packet::Suback { id: subscribe, granted: List::from(&granted[..]) }))?;

    for qos in Qos::ALL {
        for size in SIZES {
            Exchange::new(qos, size, id()?).run(&mut link)?;
            println!("QoS {}, {size} bytes: came back", qos as u8);
        }
    }

    link.send(Packet::Pingreq)?;
    demand(&mut link, Some(&Packet::Pingresp))?;

    let unsubscribe = id()?;
    link.send(Packet::Unsubscribe { id: unsubscribe, filters: List::from(&[FILTER][..]) })?;
    demand(&mut link, Some(&Packet::Unsuback(unsubscribe)))?;

    // Nobody listens any more: only the acknowledgement comes.
    let unheard = Exchange::new(Qos::AtLeastOnce, 1, id()?);
    link.send(Packet::Publish(unheard.publish()))?;
    demand(&mut link, Some(&Packet::Puback(unheard.id)))?;
    link.send(Packet::Pingreq)?;
    demand(&mut link, Some(&Packet::Pingresp))?;

    link.send(Packet::Disconnect)?;
    demand(&mut link, None)?;
    println!("unsubscribed and disconnected");
    Ok(())
}

/// Receives exactly this, or the end of the stream.
fn demand(link: &mut Link, expected: Option<&Packet<'_>>) -> io::Result<()> {
    link.receive(|found| if found.as_ref() == expected { Ok(()) } else { Err(unexpected(found.as_ref())) })?
}

fn unexpected(found: Option<&Packet<'_>>) -> io::Error {
    io::Error::other(found.map_or("the broker has closed the connection".to_owned(), |packet| format!("not expected: {packet}")))
}

/// A message on its way to the broker and back.
struct Exchange {
    id: Id,
    qos: Qos,
    topic: String,
    payload: Payload<'static>,
    out: Out,
    back: Back,
}

/// What has still to arrive for the message sent.
///
/// ```text
/// QoS 1: Puback ─▶ Nothing          QoS 2: Pubrec ─▶ Pubcomp ─▶ Nothing
/// ```
#[derive(Clone, Copy)]
enum Out {
    Puback,
    Pubrec,
    Pubcomp,
    Nothing,
}

/// What has still to arrive of the message that comes back, under an identifier that the broker chooses.
///
/// ```text
/// QoS 0 and 1: Publish ─▶ Nothing          QoS 2: Publish ─▶ Pubrel ─▶ Nothing
/// ```
#[derive(Clone, Copy)]
enum Back {
    Publish,
    Pubrel(Id),
    Nothing,
}

impl Exchange {
    fn new(qos: Qos, size: usize, id: Id) -> Self {
        let out = match qos {
            Qos::AtMostOnce => Out::Nothing,
            Qos::AtLeastOnce => Out::Puback,
            Qos::ExactlyOnce => Out::Pubrec,
        };
        let payload: Vec<u8> = (0..=250).cycle().take(size).collect();
        Self { id, qos, topic: format!("framewright/check/{}/{size}", qos as u8), payload: payload.into(), out, back: Back::Publish }
    }

    fn publish(&self) -> Publish<'_> {
        let (id, dup) = (self.id, false);
        let delivery = match self.qos {
            Qos::AtMostOnce => Delivery::AtMostOnce,
            Qos::AtLeastOnce => Delivery::AtLeastOnce { id, dup },
            Qos::ExactlyOnce => Delivery::ExactlyOnce { id, dup },
        };
        Publish { delivery, retain: false, topic: &self.topic, payload: self.payload.clone() } // shared, not copied
    }

    fn run(mut self, link: &mut Link) -> io::Result<()> {
        link.send(Packet::Publish(self.publish()))?;
        while !matches!((self.out, self.back), (Out::Nothing, Back::Nothing)) {
            let answer = link.receive(|packet| self.receive(packet))??;
            if let Some(answer) = answer {
                link.send(answer)?;
            }
        }
        Ok(())
    }

    /// Takes a packet, and says what to answer.
    fn receive(&mut self, packet: Option<Packet<'_>>) -> io::Result<Option<Packet<'static>>> {
        match (packet, self.out, self.back) {
            (Some(Packet::Puback(id)), Out::Puback, _) if id == self.id => self.out = Out::Nothing,
            (Some(Packet::Pubrec(id)), Out::Pubrec, _) if id == self.id => {
                self.out = Out::Pubcomp;
                return Ok(Some(Packet::Pubrel(id)));
            }
            (Some(Packet::Pubcomp(id)), Out::Pubcomp, _) if id == self.id => self.out = Out::Nothing,
            (Some(Packet::Publish(came)), _, Back::Publish) if self.is_mine(&came) => return Ok(self.came_back(came.delivery)),
            (Some(Packet::Pubrel(id)), _, Back::Pubrel(expected)) if id == expected => {
                self.back = Back::Nothing;
                return Ok(Some(Packet::Pubcomp(id)));
            }
            (packet, ..) => return Err(unexpected(packet.as_ref())),
        }
        Ok(None)
    }

    /// The broker may choose the identifier, and nothing else.
    fn is_mine(&self, came: &Publish<'_>) -> bool {
        let sent = self.publish();
        let delivery = match (sent.delivery, came.delivery.id()) {
            (Delivery::AtLeastOnce { dup, .. }, Some(id)) => Delivery::AtLeastOnce { id, dup },
            (Delivery::ExactlyOnce { dup, .. }, Some(id)) => Delivery::ExactlyOnce { id, dup },
            (delivery, _) => delivery,
        };
        *came == Publish { delivery, ..sent }
    }

    fn came_back(&mut self, delivery: Delivery) -> Option<Packet<'static>> {
        let (back, answer) = match delivery {
            Delivery::AtMostOnce => (Back::Nothing, None),
            Delivery::AtLeastOnce { id, .. } => (Back::Nothing, Some(Packet::Puback(id))),
            Delivery::ExactlyOnce { id, .. } => (Back::Pubrel(id), Some(Packet::Pubrec(id))),
        };
        self.back = back;
        answer
    }
}
