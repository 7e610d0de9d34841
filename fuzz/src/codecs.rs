//! Short streams, through the test kit.

use arbitrary::{Result, Unstructured};
use framewright::Decode;
use framewright::Place;
use framewright::engine::{DEFAULT_BACKLOG, DEFAULT_MAX_FRAME};
use framewright::testkit::{Kit, text};

use super::draw::{self, OnPanic};
use super::twin::{Event, Twin, read};

/// The longest stream.
const LONGEST: usize = 160;
/// A fuzzer checks streams up to so many bytes in all ways, for which the kit takes a time quadratic in them, and longer ones in a sample.
const SHORT: usize = 8;

/// Draws settings, limits and a stream; demands the same from every way of cutting it, and what the twin says.
pub(crate) fn check<T: Twin>(u: &mut Unstructured<'_>) -> Result<()> {
    let twin = T::draw(u)?;
    let (max_frame, backlog) = (draw::limit(u, DEFAULT_MAX_FRAME)?, draw::limit(u, DEFAULT_BACKLOG)?);
    let seed: u8 = u.arbitrary()?;
    let stream = draw::bytes(u, LONGEST, &twin.alphabet())?;

    let _context = OnPanic(|| format!("{twin:?}, max_frame {max_frame}, backlog {backlog}, stream {}", text(&stream)));
    let (expected, _) = read(&twin, &stream, true, max_frame);
    let kit = Kit::new(|| twin.codec(), show::<T>).limits(max_frame, backlog).random(seed.into(), 3).work(twin.work());
    let found = kit.check_sample(&stream, seed.into());
    if stream.len() <= SHORT || cfg!(test) {
        kit.check(&stream);
    }
    assert_eq!(found.lines(), expected.iter().map(line).collect::<Vec<_>>(), "the codec and its twin differ");
    let places = expected.iter().filter_map(|event| match event {
        Event::Frame(_, place) | Event::End(place) => Some(*place),
        Event::Error(..) => None,
    });
    assert!(found.places().eq(places), "the places of the codec and its twin differ:\n{found}{expected:?}");
    Ok(())
}

fn show<T: Twin>(frame: <T::Codec as Decode>::Frame<'_>) -> String {
    text(&T::shown(frame))
}

/// Says an event as a transcript does.
fn line(event: &Event<'_>) -> String {
    let (says, skipped) = match event {
        Event::Frame(shown, Place { truncated: true, skipped, .. }) => (format!("{} (truncated)", text(shown)), *skipped),
        Event::Frame(shown, place) => (text(shown), place.skipped),
        Event::Error(says, _) => (says.clone(), 0),
        Event::End(place) => ("end".to_owned(), place.skipped),
    };
    if skipped > 0 { format!("{says} after {skipped} skipped bytes") } else { says }
}
