//! Codecs with settings, and what they must say of a whole stream.

pub(crate) mod ascii_length;
pub(crate) mod cobs;
pub(crate) mod delimiter;
pub(crate) mod fixed;
pub(crate) mod length_field;
pub(crate) mod lines;
pub(crate) mod netstring;
pub(crate) mod slip;
pub(crate) mod sync_word;
pub(crate) mod utf8_lines;
pub(crate) mod varint;

use arbitrary::{Result, Unstructured};
use framewright::Decode;
use framewright::engine::Place;
use framewright::framing::OnExcess;
use std::borrow::Cow;
use std::fmt::Debug;

/// The settings of a codec, and a reader that does as a codec with these settings must.
pub(crate) trait Twin: Sized + Debug {
    type Codec: Decode;

    /// Draws settings.
    fn draw(u: &mut Unstructured<'_>) -> Result<Self>;

    /// Makes the codec.
    fn codec(&self) -> Self::Codec;

    /// The bytes that the codec gives a meaning to, and some that it does not.
    fn alphabet(&self) -> Vec<u8>;

    /// What a frame of the codec shows.
    fn shown(frame: <Self::Codec as Decode>::Frame<'_>) -> Cow<'_, [u8]>;

    /// The limit of a frame, what it limits, and what happens beyond it.
    fn limit(&self) -> (usize, &'static str, OnExcess);

    /// So many bytes may be examined for each byte of the stream.
    fn work(&self) -> u64 {
        3
    }

    /// So many bytes may be held that turn out not to be the start of a frame.
    fn held_back(&self) -> usize {
        0
    }

    /// The start of a frame beyond the limit, as it is handed out when such frames are truncated: its encoded bytes, which may not all be there, and what it shows.
    fn start<'v>(&self, view: &'v [u8]) -> (i128, Cow<'v, [u8]>) {
        let (limit, ..) = self.limit();
        (limit as i128, Cow::Borrowed(&view[..limit.min(view.len())]))
    }

    /// What is shown of a whole frame with these encoded bytes, or of the start of one that is truncated; or the fault for which it is stepped over.
    fn accept<'v>(&self, encoded: &[u8], shown: Cow<'v, [u8]>, truncated: bool) -> std::result::Result<Cow<'v, [u8]>, String> {
        let _ = (encoded, truncated);
        Ok(shown)
    }

    /// Reads the frame at the front of `view`, which is not empty at the end of the stream.
    fn look<'v>(&self, view: &'v [u8], end: bool) -> Look<'v>;
}

/// What is at the front of the stream.
pub(crate) enum Look<'v> {
    /// A frame of `len` encoded bytes, which need not all be there; `judged` of them count against the limit.
    Frame { len: i128, judged: i128, shown: Cow<'v, [u8]> },
    /// No frame yet, but the first `len` bytes belong to one, before its end; `judged` is what counts against the limit. More bytes, or the end of the stream, tell.
    Open { len: i128, judged: i128 },
    /// The first so many bytes are no part of a frame, or the end of one that is thrown away.
    Skip(usize),
    /// No frame with fewer than so many bytes more.
    Short { missing: i128 },
    /// The peer broke a rule, and the stream is over.
    Fault(String),
}

/// Something that comes out of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event<'s> {
    Frame(Cow<'s, [u8]>, Place),
    /// What the error says, and whether it is fatal.
    Error(String, bool),
    End(Place),
}

/// How it goes on after all that came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Idle,
    More,
    Over,
}

/// What is thrown away before the next frame is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Skip {
    Nothing,
    Bytes(i128),
    /// The rest of a frame, wherever it ends.
    Frame,
}

/// Says what must come out of the bytes that have arrived, which are the whole stream when it has `ended`.
pub(crate) fn read<'s, T: Twin>(twin: &T, arrived: &'s [u8], ended: bool, max_frame: usize) -> (Vec<Event<'s>>, Then) {
    let (limit, what, on_excess) = twin.limit();
    let mut events = Vec::new();
    let mut skip = Skip::Nothing;
    let (mut at, mut skipped) = (0_usize, 0);
    loop {
        let rest = &arrived[at..];
        let place = |len| Place { offset: at as u64, len, skipped, truncated: false };
        if let (Skip::Bytes(left), false) = (skip, rest.is_empty()) {
            let now = least(left, rest.len());
            skip = if left == now as i128 { Skip::Nothing } else { Skip::Bytes(left - now as i128) };
            at += now;
            skipped += now as u64;
            continue;
        }
        if rest.is_empty() {
            if ended {
                events.push(Event::End(place(0)));
            }
            return (
                events,
                if ended {
                    Then::Over
                } else if skip == Skip::Nothing {
                    Then::Idle
                } else {
                    Then::More
                },
            );
        }
        let view = &rest[..rest.len().min(max_frame)];
        let is_all = view.len() == rest.len();
        let truncates = on_excess == OnExcess::Truncate;
        let (excess, missing) = match twin.look(view, ended && is_all) {
            Look::Frame { len, .. } if skip == Skip::Frame => {
                skip = Skip::Bytes(len);
                continue;
            }
            Look::Open { len, .. } if skip == Skip::Frame && len > 0 => {
                let len = least(len, view.len());
                at += len;
                skipped += len as u64;
                continue;
            }
            Look::Skip(len) => {
                skip = Skip::Bytes(len as i128);
                continue;
            }
            Look::Frame { len, judged, .. } if judged > limit as i128 && !truncates => (Some(Skip::Bytes(len)), 0),
            Look::Open { judged, .. } if judged > limit as i128 && !truncates => (Some(Skip::Frame), 0),
            ref excess @ (Look::Frame { judged, .. } | Look::Open { judged, .. }) if judged > limit as i128 => {
                let (start, shown) = twin.start(view);
                if start > view.len() as i128 {
                    (None, start - view.len() as i128)
                } else {
                    let len = least(start, view.len());
                    skipped = hand_out(twin, &view[..len], shown, Place { truncated: true, ..place(len) }, &mut events);
                    at += len;
                    skip = if let Look::Frame { len, .. } = excess { Skip::Bytes(*len - start) } else { Skip::Frame };
                    continue;
                }
            }
            Look::Frame { len, shown, .. } if len <= view.len() as i128 => {
                let len = least(len, view.len());
                skipped = hand_out(twin, &view[..len], shown, place(len), &mut events);
                at += len;
                continue;
            }
            Look::Frame { len, .. } => (None, len - view.len() as i128),
            Look::Short { missing } => (None, missing),
            Look::Open { .. } => (None, i128::from(!is_all || ended)),
            Look::Fault(fault) => {
                events.push(Event::Error(format!("frame at byte {at}: {fault}"), true));
                return (events, Then::Over);
            }
        };
        let (says, is_fatal) = if excess.is_some() {
            (format!("frame at byte {at}: {what} longer than the limit of {limit} bytes"), on_excess == OnExcess::Fail)
        } else if !ended && is_all && view.len() == max_frame && missing == 1 {
            // The end of the stream might stand for the byte that is lacking: the engine waits for either.
            return (events, Then::More);
        } else if view.len() as i128 + missing > max_frame as i128 {
            (format!("frame at byte {at}: frame longer than the limit of {max_frame} bytes"), true)
        } else if ended {
            (format!("frame at byte {at}: the stream ended {} bytes into the frame", view.len()), true)
        } else {
            return (events, Then::More);
        };
        events.push(Event::Error(says, is_fatal));
        skip = match excess {
            Some(excess) if !is_fatal => excess,
            _ => return (events, Then::Over),
        };
    }
}

/// Hands out a frame, or says what is wrong with it. Returns what was stepped over before what follows.
fn hand_out<'s, T: Twin>(twin: &T, encoded: &[u8], shown: Cow<'s, [u8]>, place: Place, events: &mut Vec<Event<'s>>) -> u64 {
    match twin.accept(encoded, shown, place.truncated) {
        Ok(shown) => {
            events.push(Event::Frame(shown, place));
            0
        }
        Err(fault) => {
            events.push(Event::Error(format!("frame at byte {}: {fault}", place.offset), false));
            place.skipped + place.len as u64
        }
    }
}

/// The smaller of a length that may be of any size, and one of bytes that are there.
fn least(len: i128, there: usize) -> usize {
    usize::try_from(len).map_or(there, |len| len.min(there))
}

/// The bytes of a frame from one offset to another; none unless all are there.
fn part(view: &[u8], start: i128, end: i128) -> &[u8] {
    let offsets = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    offsets.and_then(|(start, end)| view.get(start..end)).unwrap_or_default()
}
