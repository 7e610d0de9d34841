//! The guard that gives frames.

use bytes::Bytes;
use core::fmt;
use core::slice::SliceIndex;

use super::{Awaits, Engine, MAX_EMPTY, Place, State, Step, Supply};
use crate::buf::{LinearBuf, StreamBufMut, View};
use crate::decode::{Decode, Found, Reject, Stop};
use crate::error::{Error, ErrorCause, NeedMoreData};
use crate::input::Input;

/// Gives the frames of an engine, one at a time, and stores what is unread when dropped.
///
/// The whole loop, with a framer that recovers from bad frames:
///
/// ```
/// use framewright::{Engine, Step, framing::{Lines, OnExcess}};
///
/// let mut engine = Engine::new(Lines::new(4).on_excess(OnExcess::Discard));
/// let (mut good, mut bad) = (0, 0);
/// let mut frames = engine.feed(b"one\nmuch too long\ntwo\nthr")?;
/// loop {
///     match frames.next_frame() {
///         Ok(Step::Frame(_line, _place)) => good += 1,
///         Ok(Step::Idle | Step::NeedMoreData(_)) => break, // read more; after `eof` these do not come
///         Ok(Step::Handoff(..) | Step::End(_)) => break,   // over
///         Err(error) if error.is_fatal() => return Err(error.into()),
///         Err(_one_bad_frame) => bad += 1,                  // stepped over: go on
///     }
/// }
/// assert_eq!((good, bad), (2, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// While it is alive the engine takes no input: that does not compile. Stopping early loses nothing; [`Engine::frames`] goes on. It must not be forgotten (`mem::forget`) while it borrows a
/// chunk: its unread bytes would be lost, so the engine then refuses everything with [`Refused::ChunkForgotten`](crate::Refused::ChunkForgotten).
///
/// ```compile_fail,E0499
/// use framewright::{Engine, framing::Lines};
///
/// let mut engine = Engine::new(Lines::new(1024));
/// let mut frames = engine.feed(b"one\n").unwrap();
/// engine.feed(b"two\n").unwrap(); // error: `engine` is borrowed by `frames`
/// frames.next_frame().unwrap();
/// ```
pub struct Frames<'a, D: Decode, B: StreamBufMut = LinearBuf>(Cursor<'a, 'a, D, B>);

/// What a guard does, without its end.
pub(crate) struct Cursor<'e, 'a, D: Decode, B: StreamBufMut> {
    pub(crate) engine: &'e mut Engine<D, B>,
    /// What is unread of the caller's chunk.
    chunk: &'a [u8],
    /// The stream offset behind it, so that where a frame is need not be counted in memory.
    end: u64,
    mode: Mode,
}

/// How the next frame is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// In the caller's chunk, from its start: nothing is stored, and the frame has not been looked at.
    Chunk,
    /// In the first stored run, which has bytes unread.
    Stored,
    /// By looking at everything, if enough is there.
    Slow,
}

/// A step before it is shown: nothing in it borrows the engine.
pub(crate) enum Next<'a, T> {
    Frame { token: T, place: Place, bytes: Where<'a>, role: Role },
    Idle,
    NeedMoreData(NeedMoreData),
    End(Place),
}

/// What a frame is to the stream.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// One of many.
    Ordinary,
    /// The start of one that is too long.
    Start,
    /// The last of this protocol.
    Last,
}

/// Where a frame's bytes are.
#[derive(Clone, Copy)]
pub(crate) enum Where<'a> {
    Chunk(&'a [u8]),
    /// `len` bytes at offset `at` of the first stored run.
    Stored {
        at: usize,
        len: usize,
    },
}

/// A frame that is lent, beside its decoder.
pub(crate) struct Lent<'s, D: Decode> {
    pub(crate) decoder: &'s mut D,
    pub(crate) progress: &'s D::Progress,
    pub(crate) bytes: &'s [u8],
    pub(crate) spot: Spot<'s>,
}

/// Where in the stream something is; found out when it is asked for.
#[derive(Clone, Copy)]
pub(crate) enum Spot<'s> {
    /// The frame that was taken last. What is taken in the fastest way is just the last `shown` bytes, any other is `marked`.
    Frame { marked: &'s Place, position: u64, shown: usize },
    /// The next unread byte.
    Next { position: u64 },
}

impl Spot<'_> {
    pub(crate) fn place(self) -> Place {
        match self {
            Self::Frame { marked, position, .. } if marked.offset + marked.len as u64 == position => *marked,
            Self::Frame { position, shown, .. } => Place { offset: position - shown as u64, len: shown, skipped: 0, truncated: false },
            Self::Next { position } => Place { offset: position, len: 0, skipped: 0, truncated: false },
        }
    }
}

/// What a scan saw.
#[derive(Clone, Copy)]
struct Sight {
    /// So many of the unread bytes, from the first.
    have: usize,
    /// That no byte will follow them.
    end: bool,
}

type Scanned<D> = Result<Found<<D as Decode>::Token>, Stop<<D as Decode>::Fault>>;
pub(crate) type Stepped<'a, D, T = Next<'a, <D as Decode>::Token>> = Result<T, Error<<D as Decode>::Fault>>;

impl<D: Decode, B: StreamBufMut> Engine<D, B> {
    /// The fastest way to look for the next frame.
    #[inline(always)]
    pub(super) fn mode(&self) -> Mode {
        if self.awaits != Awaits::Look || self.skipped > 0 || !matches!(self.state, State::Running) {
            Mode::Slow
        } else if !D::REWRITES && self.store.peek().len() > self.taken {
            Mode::Stored
        } else if self.held_bytes() > 0 || self.supply == Supply::Ended {
            // The first run may have been handed out whole.
            Mode::Slow
        } else {
            Mode::Chunk
        }
    }

    /// The stream offset of the end of a chunk that follows what is stored.
    #[inline(always)]
    fn end_with(&self, chunk: &[u8]) -> u64 {
        self.position + (self.held_bytes() + chunk.len()) as u64
    }

    /// Looks at everything that is unread. The decoder learns of the end of the stream only when it has looked at the same bytes without it: as it would have if the end had come later.
    fn scan_all(&mut self, chunk: &[u8]) -> (Scanned<D>, Sight) {
        if !matches!(self.awaits, Awaits::Bytes(_)) {
            D::reset(&mut self.progress);
        }
        let unread = self.store.len() + chunk.len();
        let have = unread.min(self.max_frame);
        let end = self.supply == Supply::Ended && have == unread && !self.is_ready(unread);
        let input = Input::joined(self.store.segments(), self.store.len(), chunk, have, self.position, end);
        let scanned = self.decoder.scan(&mut self.progress, &input);
        #[cfg(feature = "testkit")]
        {
            self.examined += input.examined_so_far();
        }
        (scanned, Sight { have, end })
    }

    /// Counts `len` bytes as handed out, which are at the stream offset `offset`, where nothing was stepped over before them, and nothing is awaited.
    #[inline(always)]
    fn pass(&mut self, offset: u64, len: usize) -> Place {
        self.position = offset + len as u64;
        Place { offset, len, skipped: 0, truncated: false }
    }

    /// Counts `len` bytes as handed out or stepped over; they become the frame's place.
    #[inline(always)]
    fn take(&mut self, len: usize) -> Place {
        let place = Place { offset: self.position, len, skipped: core::mem::take(&mut self.skipped), truncated: false };
        self.position += len as u64;
        self.awaits = Awaits::Look;
        place
    }
}

/// Looks at the caller's chunk, and evaluates the first expression for a frame that lies whole in it, the others for a pause. A macro, so that they can return: a frame that is handed on as a value goes
/// through memory, which takes longer than all the rest.
macro_rules! look_in_chunk {
    ($frames:ident, |$token:ident, $place:ident, $bytes:ident| $frame:expr, |$short:ident| $need:expr, $idle:expr) => {{
        let Engine {
            decoder,
            progress,
            max_frame,
            awaits,
            #[cfg(feature = "testkit")]
            examined,
            ..
        } = &mut *$frames.engine;
        let offset = $frames.end - $frames.chunk.len() as u64;
        let run = at_most($frames.chunk, *max_frame);
        let input = Input::contiguous(run, offset);
        D::reset(progress);
        let scanned = decoder.scan(progress, &input);
        #[cfg(feature = "testkit")]
        {
            *examined += input.examined_so_far();
        }
        match scanned {
            Ok(Found::Frame { len, token }) if len == 0 || len > run.len() => {
                let found = Found::Frame { len, token };
                $frames.apart(|frames| frames.act_or_go_on(Ok(found), Sight { have: run.len(), end: false }))
            }
            Ok(Found::Frame { len, token }) if D::REWRITES => $frames.apart(|frames| frames.rewrite_from_chunk(len, token)),
            Ok(Found::Frame { len, mut token }) => {
                let ($bytes, rest) = $frames.chunk.split_at(len);
                match decoder.inspect(&mut token, progress, $bytes) {
                    Ok(()) => {
                        $frames.chunk = rest;
                        let $place = $frames.engine.pass(offset, len);
                        let $token = token;
                        $frame
                    }
                    Err(reject) => $frames.apart(|frames| frames.reject_or_go_on(reject, len)),
                }
            }
            Err(Stop::Need($short)) if run.len() == $frames.chunk.len() && $short.missing.get() <= *max_frame - run.len() => {
                *awaits = Awaits::Bytes(run.len() + $short.missing.get());
                $frames.mode = Mode::Slow;
                $need
            }
            Err(Stop::Idle) if $frames.chunk.is_empty() => {
                *awaits = Awaits::Frame;
                $frames.mode = Mode::Slow;
                $idle
            }
            Ok(found) => $frames.apart(|frames| frames.act_or_go_on(Ok(found), Sight { have: run.len(), end: false })),
            Err(stop) => $frames.apart(|frames| frames.act_or_go_on(Err(stop), Sight { have: run.len(), end: false })),
        }
    }};
}

/// At most `len` bytes from the start. A branch and no selection, which would make what follows wait for both.
#[inline(always)]
fn at_most(bytes: &[u8], len: usize) -> &[u8] {
    if bytes.len() <= len { bytes } else { cut(bytes, len) }
}

#[cold]
fn cut(bytes: &[u8], len: usize) -> &[u8] {
    part(bytes, ..len)
}

#[inline(always)]
fn part(bytes: &[u8], range: impl SliceIndex<[u8], Output = [u8]>) -> &[u8] {
    match bytes.get(range) {
        Some(part) => part,
        None => nothing(),
    }
}

#[cold]
fn nothing<'a>() -> &'a [u8] {
    &[]
}

impl<'a, D: Decode, B: StreamBufMut> Frames<'a, D, B> {
    #[inline(always)]
    pub(super) fn new(engine: &'a mut Engine<D, B>, chunk: &'a [u8], mode: Mode) -> Self {
        Self(Cursor { end: engine.end_with(chunk), engine, chunk, mode })
    }

    /// The steps, for a machine that shows them in its own way.
    #[inline(always)]
    pub(crate) fn cursor(&mut self) -> &mut Cursor<'a, 'a, D, B> {
        &mut self.0
    }

    /// Returns the next frame, lent until the next call, or why there is none yet.
    ///
    /// # Errors
    /// An [`Error`]. A recoverable one has been stepped over, and the next call goes on behind it. A [fatal](Error::is_fatal) one is returned by every call from then on.
    ///
    /// # Complexity
    /// Linear in the bytes of the stream, over all calls and for every chunking. Copies a frame only when it straddles chunks or segments.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the methods by name are of one lifetime")]
    #[inline(always)]
    pub fn next_frame(&mut self) -> Result<Step<D::Frame<'_>>, Error<D::Fault>> {
        let cursor = &mut self.0;
        let next = match cursor.mode {
            Mode::Chunk => look_in_chunk!(
                cursor,
                |token, place, bytes| return Ok(Step::Frame(D::open(token, &cursor.engine.progress, bytes), place)),
                |short| return Ok(Step::NeedMoreData(short)),
                return Ok(Step::Idle)
            ),
            Mode::Stored | Mode::Slow => cursor.apart(|frames| frames.advance_outside_chunk()),
        };
        Ok(cursor.engine.show(next?))
    }

    /// Returns the next frame to keep: the same steps and errors as [`next_frame`](Self::next_frame).
    ///
    /// Its bytes are shared with a [`SegmentedBuf`](crate::buf::SegmentedBuf) where they are long enough to be worth it, and copied otherwise.
    ///
    /// # Errors
    /// As for [`next_frame`](Self::next_frame).
    ///
    /// ```
    /// use framewright::{Engine, Step, framing::Lines};
    ///
    /// let mut engine = Engine::new(Lines::new(1024));
    /// let Step::Frame(kept, place) = engine.feed(b"for later\n")?.next_view()? else { panic!("a frame is there") };
    /// assert_eq!(kept.open(), b"for later");
    /// assert_eq!((kept.encoded(), place.len), (&b"for later\n"[..], 10));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn next_view(&mut self) -> Result<Step<Kept<D>>, Error<D::Fault>> {
        Ok(match self.0.wait_or_look()? {
            Next::Frame { token, place, bytes, role } => {
                let encoded = match bytes {
                    Where::Chunk(bytes) => Bytes::copy_from_slice(bytes),
                    Where::Stored { at, len } => self.0.engine.split_stored(at, place.len, len)?,
                };
                let kept = Kept { encoded, token, progress: core::mem::take(&mut self.0.engine.progress) };
                if role == Role::Last { Step::Handoff(kept, place) } else { Step::Frame(kept, place) }
            }
            Next::Idle => Step::Idle,
            Next::NeedMoreData(short) => Step::NeedMoreData(short),
            Next::End(place) => Step::End(place),
        })
    }
}

impl<'e, 'a, D: Decode, B: StreamBufMut> Cursor<'e, 'a, D, B> {
    /// The steps of what is stored.
    #[inline(always)]
    pub(crate) fn new(engine: &'e mut Engine<D, B>) -> Self {
        engine.check_forgotten();
        let mode = engine.resume();
        Self { end: engine.end_with(&[]), engine, chunk: &[], mode }
    }

    /// Goes on with bytes that were stored meanwhile.
    pub(crate) fn resume(&mut self) {
        self.mode = self.engine.resume();
        self.end = self.engine.end_with(self.chunk);
    }

    /// Does what is seldom done with a copy, so that the caller's own may stay in registers.
    #[inline(always)]
    fn apart(&mut self, act: impl FnOnce(&mut Cursor<'_, 'a, D, B>) -> Stepped<'a, D>) -> Stepped<'a, D> {
        let Self { engine, chunk, end, mode } = self;
        let mut copy = Cursor { engine: &mut **engine, chunk, end: *end, mode: *mode };
        let acted = act(&mut copy);
        (*chunk, *mode) = (copy.chunk, copy.mode);
        acted
    }

    /// Takes the next step without showing it: a frame that lies whole in the caller's chunk goes to `frame`, everything else to `other`.
    #[inline(always)]
    pub(crate) fn step_with<'s, C, R>(
        &'s mut self,
        context: C,
        frame: impl FnOnce(&'s mut Self, C, D::Token, &'a [u8]) -> R,
        other: impl FnOnce(&'s mut Self, C, Stepped<'a, D>) -> R,
    ) -> R {
        let next = if self.mode == Mode::Chunk {
            look_in_chunk!(
                self,
                |token, _place, bytes| return frame(self, context, token, bytes),
                |short| Ok(Next::NeedMoreData(short)),
                Ok(Next::Idle)
            )
        } else {
            self.advance_outside_chunk()
        };
        other(self, context, next)
    }

    /// Takes the next step without showing what it brings, which [`Engine::show`] does.
    #[inline(always)]
    pub(crate) fn advance(&mut self) -> Stepped<'a, D> {
        match self.mode {
            Mode::Chunk => look_in_chunk!(
                self,
                |token, place, bytes| Ok(Next::Frame { token, place, bytes: Where::Chunk(bytes), role: Role::Ordinary }),
                |short| Ok(Next::NeedMoreData(short)),
                Ok(Next::Idle)
            ),
            Mode::Stored => self.advance_in_store(),
            Mode::Slow => self.wait_or_look(),
        }
    }

    /// The same where the next frame does not lie in the chunk from its start: once a chunk, and cold so that the loop over those that do keeps its registers.
    #[cold]
    #[inline(never)]
    fn advance_outside_chunk(&mut self) -> Stepped<'a, D> {
        self.advance_in_store_or_wait()
    }

    /// The same where no chunk is borrowed.
    #[inline(always)]
    pub(crate) fn advance_in_store_or_wait(&mut self) -> Stepped<'a, D> {
        if self.mode == Mode::Stored { self.advance_in_store() } else { self.wait_or_look() }
    }

    /// Looks at the first stored run.
    #[inline(never)]
    fn advance_in_store(&mut self) -> Stepped<'a, D> {
        let Engine {
            decoder,
            progress,
            store,
            taken,
            position,
            max_frame,
            awaits,
            #[cfg(feature = "testkit")]
            examined,
            ..
        } = &mut *self.engine;
        let run = at_most(part(store.peek(), *taken..), *max_frame);
        let (at, have) = (*taken, run.len());
        let input = Input::contiguous(run, *position);
        if *awaits == Awaits::Look {
            D::reset(progress);
        }
        let scanned = decoder.scan(progress, &input);
        #[cfg(feature = "testkit")]
        {
            *examined += input.examined_so_far();
        }
        match scanned {
            Ok(Found::Frame { len, mut token }) if len > 0 && len <= have => {
                match decoder.inspect(&mut token, progress, at_most(run, len)) {
                    Ok(()) => {
                        *taken += len;
                        *awaits = Awaits::Look;
                        let place = self.engine.pass(self.engine.position, len);
                        if len == have {
                            self.mode = self.engine.mode();
                        }
                        Ok(Next::Frame { token, place, bytes: Where::Stored { at, len }, role: Role::Ordinary })
                    }
                    Err(reject) => self.reject_or_go_on(reject, len),
                }
            }
            Err(Stop::Need(short)) if at + have == store.len() && short.missing.get() <= *max_frame - have => {
                *awaits = Awaits::Bytes(have + short.missing.get());
                self.mode = Mode::Slow;
                self.wait_or_look()
            }
            Ok(found) => self.act_or_go_on(Ok(found), Sight { have, end: false }),
            Err(stop) => self.act_or_go_on(Err(stop), Sight { have, end: false }),
        }
    }

    /// Repeats what is missing, or looks at everything.
    #[inline(always)]
    fn wait_or_look(&mut self) -> Stepped<'a, D> {
        if let Some(short) = self.lacking() {
            return Ok(Next::NeedMoreData(short));
        }
        match self.engine.awaits {
            Awaits::Bytes(_) if self.engine.supply != Supply::Ended => self.advance_across(),
            Awaits::Frame if self.engine.supply != Supply::Ended && self.unread() == 0 => Ok(Next::Idle),
            _ => self.advance_slowly(),
        }
    }

    /// What is still missing of the bytes that are awaited.
    #[inline(always)]
    fn lacking(&self) -> Option<NeedMoreData> {
        match self.engine.awaits {
            Awaits::Bytes(due) if self.engine.supply != Supply::Ended => NeedMoreData::check(self.unread(), due).err(),
            _ => None,
        }
    }

    /// The bytes that are stored, and those of the chunk.
    #[inline(always)]
    fn unread(&self) -> usize {
        self.engine.held_bytes() + self.chunk.len()
    }

    /// Looks at a frame whose start is stored, in one run, and whose end may be in the chunk: what most frames that straddle chunks come to.
    #[inline(never)]
    fn advance_across(&mut self) -> Stepped<'a, D> {
        self.engine.free();
        let Engine {
            decoder,
            progress,
            store,
            position,
            skipped,
            supply,
            max_frame,
            awaits,
            #[cfg(feature = "testkit")]
            examined,
            ..
        } = &mut *self.engine;
        let stored = store.peek();
        let (held, unread) = (stored.len(), stored.len() + self.chunk.len());
        if D::REWRITES || held == 0 || held < store.len() || unread > *max_frame || *skipped > 0 || *supply != Supply::Lent {
            return self.advance_slowly();
        }
        let input = Input::across(stored, self.chunk, *position);
        let scanned = decoder.scan(progress, &input);
        #[cfg(feature = "testkit")]
        {
            *examined += input.examined_so_far();
        }
        match scanned {
            Ok(Found::Frame { len, mut token }) if (held + 1..=unread).contains(&len) => {
                let (moved, rest) = self.chunk.split_at(len - held);
                self.engine.keep(moved);
                self.chunk = rest;
                match self.engine.judge_stored(&mut token, len) {
                    Ok(shown) => {
                        self.engine.taken = len;
                        self.engine.awaits = Awaits::Look;
                        let place = self.engine.pass(self.engine.position, len);
                        self.mode = self.engine.mode();
                        Ok(Next::Frame { token, place, bytes: Where::Stored { at: 0, len: shown }, role: Role::Ordinary })
                    }
                    Err(reject) => self.reject_or_go_on(reject, len),
                }
            }
            Err(Stop::Need(short)) if short.missing.get() <= *max_frame - unread => {
                *awaits = Awaits::Bytes(unread + short.missing.get());
                self.mode = Mode::Slow;
                Ok(Next::NeedMoreData(short))
            }
            Ok(found) => self.act_or_go_on(Ok(found), Sight { have: unread, end: false }),
            Err(stop) => self.act_or_go_on(Err(stop), Sight { have: unread, end: false }),
        }
    }

    /// Takes a frame that lies whole in the chunk, and is to be changed: a copy of it.
    #[inline]
    fn rewrite_from_chunk(&mut self, len: usize, mut token: D::Token) -> Stepped<'a, D> {
        let (bytes, rest) = self.chunk.split_at(len);
        self.engine.keep(bytes);
        self.chunk = rest;
        match self.engine.judge_stored(&mut token, len) {
            Ok(shown) => {
                self.engine.taken = len;
                let place = self.engine.pass(self.engine.position, len);
                // What is shown of it is shorter.
                self.engine.marked = place;
                Ok(Next::Frame { token, place, bytes: Where::Stored { at: 0, len: shown }, role: Role::Ordinary })
            }
            Err(reject) => self.reject_or_go_on(reject, len),
        }
    }

    #[cold]
    fn act_or_go_on(&mut self, scanned: Scanned<D>, sight: Sight) -> Stepped<'a, D> {
        self.engine.free();
        match self.act(scanned, sight)? {
            Some(next) => Ok(next),
            None => self.advance_slowly(),
        }
    }

    /// Looks at everything until there is something to say.
    #[inline(never)]
    fn advance_slowly(&mut self) -> Stepped<'a, D> {
        loop {
            self.engine.free();
            match &self.engine.state {
                State::Running => {}
                State::Over => return Ok(self.end()),
                State::Failed(error) => return Err(error.clone()),
            }
            let unread = self.engine.store.len() + self.chunk.len();
            if !self.engine.is_ready(unread) && self.engine.supply != Supply::Ended {
                return self.wait_or_look();
            }
            let (scanned, sight) = self.engine.scan_all(self.chunk);
            match scanned {
                Ok(Found::Frame { len, token }) => {
                    if let Some(next) = self.take_frame(len, token, sight.have, Role::Ordinary)? {
                        return Ok(next);
                    }
                }
                Err(Stop::Need(short)) => {
                    if let Some(next) = self.await_bytes(sight, short)? {
                        return Ok(next);
                    }
                }
                scanned => {
                    if let Some(next) = self.act(scanned, sight)? {
                        return Ok(next);
                    }
                }
            }
        }
    }

    /// Does what a scan asks for, when the bytes of earlier frames are freed. `None` when there is nothing to say yet.
    #[cold]
    fn act(&mut self, scanned: Scanned<D>, sight: Sight) -> Stepped<'a, D, Option<Next<'a, D::Token>>> {
        let have = sight.have;
        match scanned {
            Ok(Found::Frame { len, token }) => self.take_rare_frame(len, token, have, Role::Ordinary),
            Ok(Found::Truncated { len, token }) => self.take_rare_frame(len, token, have, Role::Start),
            Ok(Found::Handoff { len, token }) => self.take_rare_frame(len, token, have, Role::Last),
            Ok(Found::Skip(len)) if (1..=have).contains(&len) => {
                self.step_over(len);
                Ok(None)
            }
            Ok(Found::Skip(_)) => Err(self.bug("it skips nothing, or more bytes than there are")),
            Ok(Found::End) => Ok(Some(self.end())),
            Err(Stop::Idle) if have > 0 => Err(self.bug("it is idle with bytes unread")),
            // It was shown nothing of them: the limit is 0.
            Err(Stop::Idle) if self.engine.held_bytes() + self.chunk.len() > 0 => Err(self.too_large()),
            Err(Stop::Idle) if sight.end => Ok(Some(self.end())),
            Err(Stop::Idle) => {
                self.engine.awaits = Awaits::Frame;
                Ok(self.pause(Next::Idle))
            }
            Err(Stop::Need(short)) => self.await_bytes(sight, short),
            Err(Stop::Fatal(cause)) => Err(self.fail(cause.into())),
            Err(Stop::Bad { len, .. }) if len > have => Err(self.bug("a bad frame of more bytes than there are")),
            Err(Stop::Bad { len, cause }) => {
                self.count_empty(len)?;
                let error = Error::bad_frame(self.engine.position, cause);
                self.step_over(len);
                Err(error)
            }
        }
    }

    /// The same as [`take_frame`](Self::take_frame), out of line.
    #[cold]
    fn take_rare_frame(&mut self, len: usize, token: D::Token, have: usize, role: Role) -> Stepped<'a, D, Option<Next<'a, D::Token>>> {
        self.take_frame(len, token, have, role)
    }

    /// Notes that a frame needs more bytes than the scan saw, if it may have so many.
    fn await_bytes(&mut self, Sight { have, end }: Sight, short: NeedMoreData) -> Stepped<'a, D, Option<Next<'a, D::Token>>> {
        let due = have.checked_add(short.missing.get());
        let unread = self.engine.held_bytes() + self.chunk.len();
        let max_frame = self.engine.max_frame;
        // A frame that fills the limit may still be whole, if the stream ends here and its decoder takes that for an end.
        let may_end_here = !end && unread == max_frame && have == unread && short == NeedMoreData::ONE;
        let due = match due {
            Some(due) if due <= max_frame || may_end_here => due,
            _ => return Err(self.too_large()),
        };
        if end {
            return Err(self.fail(ErrorCause::Truncated { received: have as u64, missing: short.missing }));
        }
        self.engine.awaits = Awaits::Bytes(due);
        Ok(if have < unread { None } else { self.pause(Next::NeedMoreData(short)) })
    }

    /// Waits for more bytes, unless the stream has ended: then there is another look to take.
    fn pause(&mut self, next: Next<'a, D::Token>) -> Option<Next<'a, D::Token>> {
        self.mode = Mode::Slow;
        (self.engine.supply != Supply::Ended).then_some(next)
    }

    /// Takes a frame of `len` bytes, contiguous: where it lies, or by moving the part of it that is in the chunk to what is stored. `None` when the decoder does not want it.
    #[inline(always)]
    fn take_frame(&mut self, len: usize, mut token: D::Token, have: usize, role: Role) -> Stepped<'a, D, Option<Next<'a, D::Token>>> {
        if len > have {
            return Err(self.bug("a frame of more bytes than there are"));
        }
        self.count_empty(len)?;
        let stored = self.engine.store.len();
        let (bytes, judged) = if stored == 0 && !D::REWRITES {
            let (bytes, _) = self.chunk.split_at(len);
            (Where::Chunk(bytes), self.engine.decoder.inspect(&mut token, &mut self.engine.progress, bytes))
        } else {
            if len > stored {
                let (moved, rest) = self.chunk.split_at(len - stored);
                self.engine.keep(moved);
                self.chunk = rest;
            }
            match self.engine.judge_stored(&mut token, len) {
                Ok(shown) => (Where::Stored { at: 0, len: shown }, Ok(())),
                Err(reject) => (Where::Chunk(&[]), Err(reject)),
            }
        };
        if let Err(reject) = judged {
            return self.reject(reject, len, role).map(|()| None);
        }
        match bytes {
            Where::Chunk(_) => self.chunk = self.chunk.get(len..).unwrap_or_default(),
            Where::Stored { .. } => self.engine.taken = len,
        }
        let mut place = self.engine.take(len);
        match role {
            Role::Ordinary => {}
            Role::Start => place.truncated = true,
            Role::Last => self.engine.state = State::Over,
        }
        self.engine.marked = place;
        self.mode = self.engine.mode();
        Ok(Some(Next::Frame { token, place, bytes, role }))
    }

    #[cold]
    fn reject_or_go_on(&mut self, reject: Reject<D::Fault>, len: usize) -> Stepped<'a, D> {
        self.reject(reject, len, Role::Ordinary)?;
        self.advance_slowly()
    }

    /// Steps over a frame that was not accepted, at the front of what is unread. What follows the last frame of a protocol is not of it, whatever becomes of that frame.
    fn reject(&mut self, reject: Reject<D::Fault>, len: usize, role: Role) -> Stepped<'a, D, ()> {
        let offset = self.engine.position;
        if D::REWRITES && matches!(reject, Reject::FalseStart) {
            return Err(self.bug("it cannot look again at what it has rewritten"));
        }
        if role == Role::Last && !matches!(reject, Reject::FalseStart) {
            self.engine.state = State::Over;
        }
        self.step_over(if matches!(reject, Reject::FalseStart) { len.min(1) } else { len });
        match reject {
            Reject::Bad(fault) => Err(Error::bad_frame(offset, ErrorCause::Fault(fault))),
            Reject::Fatal(fault) => Err(self.fail_with(Error::fatal(offset, ErrorCause::Fault(fault)))),
            Reject::Skip | Reject::FalseStart => Ok(()),
        }
    }

    /// Takes the next `len` bytes without handing them out.
    fn step_over(&mut self, len: usize) {
        let stored = len.min(self.engine.held_bytes());
        self.engine.taken += stored;
        self.chunk = self.chunk.get(len - stored..).unwrap_or_default();
        self.engine.position += len as u64;
        self.engine.skipped += len as u64;
        self.engine.awaits = Awaits::Look;
        self.mode = self.engine.mode();
    }

    /// Sees to it that events without bytes do not go on for ever.
    fn count_empty(&mut self, len: usize) -> Stepped<'a, D, ()> {
        let engine = &mut *self.engine;
        if len > 0 {
            return Ok(());
        }
        if engine.empty_at != engine.position {
            engine.empty_at = engine.position;
            engine.empty = 0;
        }
        engine.empty += 1;
        if engine.empty > MAX_EMPTY { Err(self.bug("too many events without bytes")) } else { Ok(()) }
    }

    fn end(&mut self) -> Next<'a, D::Token> {
        self.engine.state = State::Over;
        self.mode = Mode::Slow;
        Next::End(self.engine.take(0))
    }

    fn too_large(&mut self) -> Error<D::Fault> {
        let limit = self.engine.max_frame as u64;
        self.fail(ErrorCause::FrameTooLarge { what: "frame", limit })
    }

    fn bug(&mut self, what: &'static str) -> Error<D::Fault> {
        self.fail(ErrorCause::Bug(what))
    }

    fn fail(&mut self, cause: ErrorCause<D::Fault>) -> Error<D::Fault> {
        self.fail_with(Error::fatal(self.engine.position, cause))
    }

    fn fail_with(&mut self, error: Error<D::Fault>) -> Error<D::Fault> {
        self.engine.state = State::Failed(error.clone());
        self.engine.awaits = Awaits::Look;
        self.mode = Mode::Slow;
        error
    }
}

impl<D: Decode, B: StreamBufMut> Engine<D, B> {
    /// Shows what a step brings.
    #[inline(always)]
    pub(crate) fn show<'s>(&'s self, next: Next<'s, D::Token>) -> Step<D::Frame<'s>> {
        match next {
            Next::Frame { token, place, bytes, role } => {
                let frame = D::open(token, &self.progress, self.bytes(bytes));
                // Field by field: a copy of all of it takes what is between them along, in steps that wait for one another.
                let Place { offset, len, skipped, truncated } = place;
                let place = Place { offset, len, skipped, truncated };
                if role == Role::Last { Step::Handoff(frame, place) } else { Step::Frame(frame, place) }
            }
            Next::Idle => Step::Idle,
            Next::NeedMoreData(short) => Step::NeedMoreData(short),
            Next::End(place) => Step::End(place),
        }
    }

    /// The frame that is lent, beside its decoder.
    #[inline(always)]
    pub(crate) fn split_lent<'s>(&'s mut self, bytes: Where<'s>) -> Lent<'s, D> {
        let Self { decoder, progress, store, marked, position, .. } = self;
        let bytes = match bytes {
            Where::Chunk(bytes) => bytes,
            Where::Stored { at, len } => at_most(part(store.peek(), at..), len),
        };
        Lent { decoder, progress, bytes, spot: Spot::Frame { marked, position: *position, shown: bytes.len() } }
    }

    /// The bytes of a frame, wherever they are.
    #[inline(always)]
    fn bytes<'s>(&'s self, bytes: Where<'s>) -> &'s [u8] {
        match bytes {
            Where::Chunk(bytes) => bytes,
            Where::Stored { at, len } => self.stored(at, len),
        }
    }

    /// The bytes of a frame that is lent.
    #[inline(always)]
    fn stored(&self, at: usize, len: usize) -> &[u8] {
        at_most(part(self.store.peek(), at..), len)
    }

    /// Makes the frame at the front of the store contiguous, and lets the decoder change and check it. Returns how many bytes of it are shown.
    fn judge_stored(&mut self, token: &mut D::Token, len: usize) -> Result<usize, Reject<D::Fault>> {
        let Self { decoder, progress, store, .. } = self;
        let shown = if D::REWRITES {
            let frame = store.contiguous_mut(len).unwrap_or_default();
            decoder.rewrite(token, frame)?.min(len)
        } else {
            let contiguous = store.make_contiguous(len);
            if contiguous.is_ok() { len } else { 0 }
        };
        let frame = store.peek().get(..shown).unwrap_or_default();
        decoder.inspect(token, progress, frame)?;
        Ok(shown)
    }

    /// Takes a frame of `len` bytes out of the store, `shown` of which are to be seen; it was counted as taken.
    fn split_stored(&mut self, at: usize, len: usize, shown: usize) -> Result<Bytes, Error<D::Fault>> {
        self.taken = at;
        self.free();
        let Ok(view) = self.store.split_to(len) else { return Err(self.bug("the buffer lost bytes")) };
        let mut bytes = view.into_bytes();
        bytes.truncate(shown);
        Ok(bytes)
    }
}

impl<D: Decode, B: StreamBufMut> Drop for Frames<'_, D, B> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.0.engine.supply == Supply::Lent {
            self.0.engine.give_back(self.0.chunk);
        }
    }
}

impl<D: Decode, B: StreamBufMut> fmt::Debug for Frames<'_, D, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames").field("engine", &self.0.engine).field("unread_of_chunk", &self.0.chunk.len()).finish()
    }
}

/// A frame to keep: its bytes, owned, with what the decoder learnt about them.
pub struct Kept<D: Decode> {
    encoded: Bytes,
    token: D::Token,
    progress: D::Progress,
}

impl<D: Decode> Kept<D> {
    /// Shows the frame.
    #[must_use]
    pub fn open(&self) -> D::Frame<'_> {
        D::open(self.token.clone(), &self.progress, &self.encoded)
    }

    /// Returns the frame's encoded bytes (or what [`Decode::rewrite`] made of them).
    #[must_use]
    pub fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    /// Gives up the frame for its encoded bytes, without copying.
    #[must_use]
    pub fn into_view(self) -> View {
        View::from(self.encoded)
    }
}

impl<D: Decode> fmt::Debug for Kept<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kept(\"{}\")", self.encoded.escape_ascii())
    }
}
