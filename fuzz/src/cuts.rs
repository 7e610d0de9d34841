//! Long streams, brought to an engine as the fuzzer says: each chunk, each method, each early stop.

use arbitrary::Unstructured;
use bytes::Bytes;
use framewright::buf::{LinearBuf, SegmentedBuf, StreamBufMut};
use framewright::engine::{DEFAULT_BACKLOG, DEFAULT_MAX_FRAME, EAGER_RESERVE, Frames, Kept, Place, READ_BLOCK};
use framewright::testkit::text;
use framewright::{Decode, Engine, Error, Refused, Step};
use std::borrow::Cow;
use std::fmt::Display;

use super::draw::{self, OnPanic};
use super::twin::{Event, Then, Twin, read};

/// The longest stream.
const LONGEST: usize = 64 * 1024;
/// The most frames of a stream.
const FRAMES: usize = 1000;
/// The bytes that may be the start of a delimiter, and turn out not to be: more than the frames that are made of them.
const HELD_BACK: usize = 16;
/// So many visits are made as planned; what is left then is brought at once.
const VISITS: usize = 256;
/// So many bytes are read again by the twin, to tell what should have come so far.
const READ_AGAIN: usize = 16 * 1024;
/// So many frames are kept, to be looked at when the engine is gone.
const KEPT: usize = 64;

/// A visit to the engine: bytes are brought, and steps are taken.
#[derive(Clone, Copy, Debug)]
struct Visit {
    method: Method,
    /// So many bytes at most.
    len: usize,
    /// So many steps at most.
    steps: usize,
    keep: bool,
}

#[derive(Clone, Copy, Debug)]
enum Method {
    Feed,
    FeedOwned,
    /// Reads into the engine.
    Reserve,
    /// Brings nothing.
    Frames,
    /// Brings a chunk of no bytes.
    Nothing,
    /// Reads into the engine, and commits more than it lent.
    TooMuch,
}

const METHODS: &[Method] =
    &[Method::Feed, Method::FeedOwned, Method::Reserve, Method::Feed, Method::Frames, Method::Nothing, Method::TooMuch, Method::Reserve];

/// Draws settings, limits, a buffer, a plan and a stream, and brings the stream as planned.
pub(crate) fn check<T: Twin>(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let twin = T::draw(u)?;
    let (max_frame, backlog) = (draw::limit(u, DEFAULT_MAX_FRAME)?, draw::limit(u, DEFAULT_BACKLOG)?);
    let buffer = u.int_in_range(0..=2_u8)?;
    let config = draw::config(u)?;
    let plan = plan(u)?;
    let stream = stream(u, &twin.alphabet())?;
    let (mut stream, mut expected) = (&stream[..], read(&twin, &stream, true, max_frame).0);
    if let Some(enough) = enough(&expected) {
        stream = &stream[..enough];
        expected = read(&twin, stream, true, max_frame).0;
    }

    let start = &stream[..stream.len().min(400)];
    let _context = OnPanic(|| {
        format!(
            "{twin:?}, max_frame {max_frame}, backlog {backlog}, buffer {buffer}, {config:?}, {plan:#?}, {} bytes: {}…",
            stream.len(),
            text(start)
        )
    });
    let limits = Limits { max_frame, backlog };
    match buffer {
        0 => bring(&twin, limits, LinearBuf::with_config(config), &plan, stream, expected),
        1 => bring(&twin, limits, SegmentedBuf::new(), &plan, stream, expected),
        _ => bring(&twin, limits, SegmentedBuf::with_config(config), &plan, stream, expected),
    }
    Ok(())
}

fn plan(u: &mut Unstructured<'_>) -> arbitrary::Result<Vec<Visit>> {
    let visits = u.int_in_range(1..=24)?;
    (0..visits)
        .map(|_| {
            let how: u8 = u.arbitrary()?;
            let len = match u.arbitrary::<u8>()? {
                small @ 0..=127 => 1 + usize::from(small),
                middle @ 128..=191 => 64 * usize::from(middle - 127),
                large @ 192..=254 => 1024 * usize::from(large - 191),
                u8::MAX => usize::MAX,
            };
            let steps = match how >> 4 {
                0..=9 => usize::MAX,
                few => usize::from(few - 10),
            };
            Ok(Visit { method: METHODS[usize::from(how % 8)], len, steps, keep: how & 8 != 0 })
        })
        .collect()
}

/// Pieces, each repeated.
fn stream(u: &mut Unstructured<'_>, alphabet: &[u8]) -> arbitrary::Result<Vec<u8>> {
    let mut stream = Vec::new();
    while !u.is_empty() && stream.len() < LONGEST {
        let len = u.int_in_range(1..=64)?;
        let times = match u.arbitrary::<u8>()? {
            few @ 0..=239 => 1 + usize::from(few / 32),
            many => 16 * usize::from(many - 239),
        };
        let piece = draw::bytes(u, len, alphabet)?;
        stream.extend(piece.repeat(times));
    }
    stream.truncate(LONGEST);
    Ok(stream)
}

/// Where a stream of very many frames is cut short.
fn enough(events: &[Event<'_>]) -> Option<usize> {
    let mut places = events.iter().filter_map(|event| if let Event::Frame(_, place) = event { Some(place) } else { None });
    usize::try_from(places.nth(FRAMES)?.offset).ok()
}

#[derive(Clone, Copy)]
struct Limits {
    max_frame: usize,
    backlog: usize,
}

/// What an engine was given, and what came out of it.
struct Account<'s, T: Twin> {
    twin: &'s T,
    max_frame: usize,
    stream: &'s [u8],
    expected: Vec<Event<'s>>,
    came: usize,
    fed: usize,
    ended: bool,
    /// So many bytes must have been fed before anything else comes.
    floor: usize,
    calls: u64,
    read_again: usize,
    kept: Vec<(Kept<T::Codec>, &'s [u8])>,
}

fn bring<T: Twin, B: StreamBufMut>(twin: &T, limits: Limits, buf: B, plan: &[Visit], stream: &[u8], expected: Vec<Event<'_>>) {
    let Limits { max_frame, backlog } = limits;
    let longest = expected.iter().map(|event| match event {
        Event::Frame(_, place) => place.len,
        Event::Error(..) => max_frame,
        Event::End(_) => 0,
    });
    let allowed = backlog.max(longest.max().unwrap_or(0)).max(twin.held_back()).saturating_add(HELD_BACK);
    let mut account =
        Account { twin, max_frame, stream, expected, came: 0, fed: 0, ended: false, floor: 1, calls: 0, read_again: 0, kept: Vec::new() };
    let mut engine = Engine::with_buf(twin.codec(), buf).with_max_frame(max_frame).with_backlog(backlog);
    let rest = Visit { method: Method::Feed, len: usize::MAX, steps: usize::MAX, keep: false };
    let (mut largest, mut most_held) = (0, 0);
    for visit in plan.iter().cycle().take(VISITS).chain([&rest, &rest]) {
        if account.fed == stream.len() || account.is_over() {
            break;
        }
        let before = account.fed;
        if let Err(refused) = account.visit(&mut engine, *visit) {
            account.refused(&mut engine, refused, *visit, backlog);
        }
        largest = largest.max(account.fed - before);
        let held = engine.held_bytes();
        most_held = most_held.max(held);
        assert_eq!(engine.position() + held as u64, account.fed as u64, "bytes got lost");
        assert!(held <= allowed.saturating_add(largest), "{held} bytes held, {allowed} and a chunk of {largest} are allowed");
        let capacity = engine.capacity_bytes();
        assert!(capacity <= 4 * (most_held + largest) + 2 * EAGER_RESERVE + READ_BLOCK, "{capacity} bytes for {most_held} held");
    }
    account.end(&mut engine, plan);
    account.close(engine);
}

impl<T: Twin> Account<'_, T> {
    /// Brings the next bytes in one way, and takes steps.
    fn visit<B: StreamBufMut>(&mut self, engine: &mut Engine<T::Codec, B>, visit: Visit) -> Result<(), Refused> {
        let chunk = &self.stream[self.fed..];
        let chunk = &chunk[..visit.len.min(chunk.len())];
        self.calls += 1;
        match visit.method {
            Method::Feed => {
                let mut frames = engine.feed(chunk)?;
                self.fed += chunk.len();
                self.take(&mut frames, visit, Some(chunk));
            }
            Method::FeedOwned => {
                let mut frames = engine.feed_owned(Bytes::copy_from_slice(chunk))?;
                self.fed += chunk.len();
                self.take(&mut frames, visit, None);
            }
            Method::Reserve => {
                let mut room = engine.reserve()?;
                let lent = room.as_mut_slice();
                assert!(!lent.is_empty(), "nothing is lent");
                let len = chunk.len().min(lent.len());
                lent[..len].copy_from_slice(&chunk[..len]);
                let mut frames = room.commit(len)?;
                self.fed += len;
                self.take(&mut frames, visit, None);
            }
            Method::Frames => self.take(&mut engine.frames(), visit, None),
            Method::Nothing => {
                engine.reserve()?.commit(0)?;
                self.take(&mut engine.feed(b"")?, visit, None);
            }
            Method::TooMuch => {
                let mut room = engine.reserve()?;
                let reserved = room.as_mut_slice().len();
                let committed = reserved.saturating_add(visit.len);
                assert_eq!(room.commit(committed).err(), Some(Refused::CommitTooLarge { reserved, committed }));
            }
        }
        Ok(())
    }

    /// Only a backlog that the caller has made is a reason, and taking a step helps.
    fn refused<B: StreamBufMut>(&mut self, engine: &mut Engine<T::Codec, B>, refused: Refused, visit: Visit, backlog: usize) {
        let held = engine.held_bytes();
        assert_eq!(refused, Refused::Backlog { held, backlog });
        assert!(held >= backlog && self.fed >= self.floor, "{held} bytes held of {backlog}, and {} bytes fed of {}", self.fed, self.floor);
        let before = (self.came, self.floor);
        self.take(&mut engine.frames(), Visit { steps: visit.steps.max(1), ..visit }, None);
        assert_ne!((self.came, self.floor), before, "nothing comes, and nothing may be fed");
    }

    /// Takes steps until there is nothing more, or the caller has enough. `chunk` was lent to the engine, and is the last that was fed.
    fn take<B: StreamBufMut>(&mut self, frames: &mut Frames<'_, T::Codec, B>, visit: Visit, chunk: Option<&[u8]>) {
        for _ in 0..visit.steps {
            self.calls += 1;
            let said = if visit.keep {
                said(frames.next_view(), |kept, place| self.keep(kept, place))
            } else {
                said(frames.next_frame(), |frame, place| {
                    let shown = T::shown(frame);
                    // What turned out not to be a frame may have taken bytes of the chunk with it into the store.
                    let lies_where_it_was = self.twin.held_back() == 0;
                    if let (Some(chunk), Cow::Borrowed(lent), true) = (chunk, &shown, lies_where_it_was) {
                        let is_in_chunk = place.offset >= (self.fed - chunk.len()) as u64 && !lent.is_empty();
                        let is_lent = is_in_chunk && !T::Codec::REWRITES;
                        assert!(!is_lent || chunk.as_ptr_range().contains(&lent.as_ptr()), "a frame that lies in the chunk was copied");
                    }
                    shown
                })
            };
            match said {
                Ok(event) => self.event(&event),
                Err(missing) => return self.pause(missing),
            }
            if self.is_over() {
                return;
            }
        }
    }

    /// Keeps a frame for later, or some of them.
    fn keep(&mut self, kept: Kept<T::Codec>, place: Place) -> Cow<'static, [u8]> {
        let shown = T::shown(kept.open()).into_owned();
        let encoded = usize::try_from(place.offset).ok().and_then(|offset| self.stream.get(offset..offset.checked_add(place.len)?));
        if self.kept.len() < KEPT {
            self.kept.push((kept, encoded.expect("a place in the stream")));
        }
        Cow::Owned(shown)
    }

    /// Something came: what the twin says, and not before the bytes that it was said to lack.
    fn event(&mut self, event: &Event<'_>) {
        assert!(self.ended || self.fed >= self.floor, "{} bytes fed, {} are needed, and there comes {event:?}", self.fed, self.floor);
        assert_eq!(self.expected.get(self.came), Some(event), "event {} after {} bytes", self.came, self.fed);
        self.came += 1;
    }

    /// Nothing more comes for want of so many bytes, or between frames: right if the twin sees nothing more either.
    fn pause(&mut self, missing: Option<usize>) {
        assert!(!self.ended, "the stream has ended, and {missing:?} bytes are missing");
        self.floor = self.fed.saturating_add(missing.unwrap_or(1));
        if self.read_again < READ_AGAIN {
            self.read_again += self.fed;
            let (now, then) = read(self.twin, &self.stream[..self.fed], false, self.max_frame);
            assert_eq!(self.expected[..self.came], now, "something is late, with {missing:?} bytes missing after {} bytes", self.fed);
            assert_eq!(then, if missing.is_none() { Then::Idle } else { Then::More }, "after {} bytes", self.fed);
        }
    }

    fn is_over(&self) -> bool {
        self.came == self.expected.len()
    }

    /// Announces the end, and takes what is left, in steps as planned and then all.
    fn end<B: StreamBufMut>(&mut self, engine: &mut Engine<T::Codec, B>, plan: &[Visit]) {
        if !self.is_over() {
            self.ended = true;
            drop(engine.eof());
        }
        let all = Visit { method: Method::Frames, len: 0, steps: usize::MAX, keep: false };
        for visit in plan.iter().chain([&all]).filter(|visit| visit.steps > 0) {
            if !self.is_over() {
                self.take(&mut engine.frames(), *visit, None);
            }
        }
        assert!(self.is_over(), "{:?} did not come", &self.expected[self.came..]);
    }

    /// The stream is over, and stays so; nothing is lost, and no byte was looked at too often.
    fn close<B: StreamBufMut>(self, mut engine: Engine<T::Codec, B>) {
        let has_failed = matches!(self.expected.last(), Some(Event::Error(..)));
        let refused = if has_failed { Refused::Failed } else { Refused::AfterEof };
        assert_eq!(engine.feed(b"x").err(), Some(refused));
        assert_eq!(engine.reserve().err(), Some(refused));
        match (engine.eof().next_frame(), self.expected.last()) {
            (Ok(Step::End(_)), Some(Event::End(_))) => {}
            (Err(error), Some(Event::Error(says, _))) => assert_eq!(error.to_string(), *says),
            (_, last) => panic!("{last:?} does not stay"),
        }
        let (examined, most) = (engine.examined_bytes(), self.twin.work() * self.fed as u64 + 64 * self.calls);
        assert!(examined <= most, "{examined} bytes examined of {} in {} calls", self.fed, self.calls);
        let parts = engine.into_parts().expect("no guard was forgotten");
        let position = usize::try_from(parts.position).expect("an offset in the stream");
        let unread: Vec<u8> = parts.unread.segments().flatten().copied().collect();
        assert_eq!(unread, self.stream[position..self.fed], "unread bytes changed");
        drop(parts);
        if !T::Codec::REWRITES {
            self.kept.iter().for_each(|(kept, encoded)| assert_eq!(kept.encoded(), *encoded, "a kept frame changed"));
        }
    }
}

/// What a step said: something, or that so many bytes are missing, or nothing between frames.
fn said<'f, F, X: Display>(
    step: Result<Step<F>, Error<X>>,
    shown: impl FnOnce(F, Place) -> Cow<'f, [u8]>,
) -> Result<Event<'f>, Option<usize>> {
    match step {
        Ok(Step::Frame(frame, place)) => Ok(Event::Frame(shown(frame, place), place)),
        Ok(Step::Handoff(..)) => panic!("a framer hands over"),
        Ok(Step::End(place)) => Ok(Event::End(place)),
        Ok(Step::Idle) => Err(None),
        Ok(Step::NeedMoreData(short)) => Err(Some(short.missing.get())),
        Err(error) => Ok(Event::Error(error.to_string(), error.is_fatal())),
    }
}
