//! A decoder that says what the fuzzer wants, true to its contract or not, and a caller that makes any call in any order.
//!
//! The decoder checks what it is shown; the caller keeps an account of every byte and knows, for each answer of the decoder, what the engine must make of it.

use arbitrary::{Result, Unstructured};
use bytes::Bytes;
use framewright::buf::{LinearBuf, SegmentedBuf, StreamBufMut};
use framewright::decode::{Cause, Found, Reject, Stop};
use framewright::engine::{EAGER_RESERVE, Frames, Kept, READ_BLOCK};
use framewright::{Decode, Engine, Error, ErrorCause, Input, NeedMoreData, Place, Refused, Step};
use std::cell::RefCell;
use std::fmt;
use std::mem;
use std::num::NonZeroUsize;
use std::rc::Rc;

use super::draw;

/// The longest chunk. What matters here happens within a few bytes.
const LONGEST: usize = 48;
/// As many events without bytes may follow one another.
const MAX_EMPTY: usize = 64;

/// Draws what the decoder says, whether it rewrites, a buffer, limits, and then calls.
pub(crate) fn check(u: &mut Unstructured<'_>) -> Result<()> {
    let (answers, verdicts) = (Script::draw(u)?, Script::draw(u)?);
    let world = World { answers, verdicts, ..World::default() };
    let config = draw::config(u)?;
    match u.int_in_range(0..=5_u8)? {
        0 => Caller::<false>::run(u, world, LinearBuf::new()),
        1 => Caller::<false>::run(u, world, SegmentedBuf::new()),
        2 => Caller::<false>::run(u, world, SegmentedBuf::with_config(config)),
        3 => Caller::<true>::run(u, world, LinearBuf::with_config(config)),
        4 => Caller::<true>::run(u, world, SegmentedBuf::new()),
        _ => Caller::<true>::run(u, world, SegmentedBuf::with_config(config)),
    }
}

/// What the decoder and the caller both know.
#[derive(Default)]
struct World {
    answers: Script,
    verdicts: Script,
    /// All bytes that were fed.
    stream: Vec<u8>,
    ended: bool,
    max_frame: usize,
    /// The looks since the call began.
    looks: Vec<Look>,
    /// So many are too many.
    most_looks: usize,
    /// So many bytes of the stream, it said last, it needs to see.
    awaits: u128,
    /// What the progress must be at the next look.
    progress: Progress,
    serial: u64,
    /// What a rewrite left of the frame.
    rewritten: Option<Vec<u8>>,
}

/// Pairs of a choice and a number, said over and over.
#[derive(Default)]
struct Script {
    pairs: Vec<u8>,
    said: usize,
}

impl Script {
    fn draw(u: &mut Unstructured<'_>) -> Result<Self> {
        let pairs = u.int_in_range(0..=32)?;
        Ok(Self { pairs: u.bytes(usize::min(2 * pairs, u.len()))?.to_vec(), said: 0 })
    }

    fn next(&mut self) -> (u8, u8) {
        let pair = self.pairs.chunks_exact(2).nth(self.said).or_else(|| self.pairs.chunks_exact(2).next());
        self.said = if 2 * self.said + 2 < self.pairs.len() { self.said + 1 } else { 0 };
        pair.map_or((0, 0), |pair| (pair[0], pair[1]))
    }
}

/// A look of the decoder at the stream, and what it said.
#[derive(Clone, Debug)]
struct Look {
    /// The decoder's mark, which its faults carry too.
    mark: u64,
    position: u64,
    have: usize,
    end: bool,
    answer: Answer,
    verdict: Verdict,
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    Frame { len: usize, handoff: bool },
    Skip(usize),
    End,
    Idle,
    Need(NonZeroUsize),
    Fatal { too_large: bool },
    Bad { len: usize, too_large: bool },
}

/// What became of a frame in `rewrite` and `inspect`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    NotAsked,
    /// It shows these bytes.
    Good(Vec<u8>),
    Bad,
    Fatal,
}

/// A mark that the decoder leaves, a different one each time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Progress(u64);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault(u64);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fault {}", self.0)
    }
}

impl std::error::Error for Fault {}

impl World {
    fn mark(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// What the decoder says, looking at `have` bytes.
    fn answer(&mut self, have: usize) -> Answer {
        let one = NonZeroUsize::MIN;
        let (choice, number) = self.answers.next();
        let (odd, number) = (number % 2 == 1, usize::from(number));
        match choice {
            0..=99 if have > 0 => Answer::Frame { len: 1 + number % have, handoff: false },
            0..=99 | 184 => Answer::Idle,
            100..=109 => Answer::Frame { len: number % (have + 1), handoff: false },
            110..=114 => Answer::Frame { len: 0, handoff: false },
            115..=117 => Answer::Frame { len: have + 1 + number, handoff: odd },
            118 => Answer::Frame { len: usize::MAX, handoff: odd },
            119..=124 => Answer::Frame { len: number % (have + 1), handoff: true },
            125..=149 if have > 0 => Answer::Skip(1 + number % have),
            150 => Answer::Skip(0),
            151 => Answer::Skip(have + 1 + number),
            152..=169 => Answer::Bad { len: number % (have + 1), too_large: odd },
            170..=174 => Answer::Bad { len: 0, too_large: odd },
            175 => Answer::Bad { len: have + 1 + number, too_large: odd },
            176..=180 => Answer::Fatal { too_large: odd },
            181..=183 => Answer::End,
            185 => Answer::Need(NonZeroUsize::MAX),
            186..=190 => Answer::Need(one.saturating_add(number << 8)),
            191..=219 => Answer::Need(one.saturating_add(number % 16)),
            _ => Answer::Need(one),
        }
    }
}

/// The decoder.
struct Hostile<const REWRITES: bool>(Rc<RefCell<World>>);

impl<const REWRITES: bool> Decode for Hostile<REWRITES> {
    type Progress = Progress;
    type Token = u64;
    type Frame<'a> = (u64, Progress, &'a [u8]);
    type Fault = Fault;

    fn scan(&mut self, progress: &mut Progress, input: &Input<'_>) -> std::result::Result<Found<u64>, Stop<Fault>> {
        let world = &mut *self.0.borrow_mut();
        assert_eq!(*progress, world.progress, "the progress is another's");
        world.check_input(input);
        let have = input.len();
        let answer = world.answer(have);
        let seen = u128::from(input.position()) + have as u128;
        world.awaits = match answer {
            Answer::Need(missing) => seen + missing.get() as u128,
            Answer::Idle => seen + 1,
            _ => 0,
        };
        let mark = world.mark();
        *progress = Progress(mark);
        world.progress = if matches!(answer, Answer::Need(_)) { *progress } else { Progress::default() };
        let look = Look { mark, position: input.position(), have, end: input.is_end(), answer, verdict: Verdict::NotAsked };
        let cause = |too_large| look.cause(too_large);
        let said = match answer {
            Answer::Frame { len, handoff: false } => Ok(Found::Frame { len, token: mark }),
            Answer::Frame { len, handoff: true } => Ok(Found::Handoff { len, token: mark }),
            Answer::Skip(len) => Ok(Found::Skip(len)),
            Answer::End => Ok(Found::End),
            Answer::Idle => Err(Stop::Idle),
            Answer::Need(missing) => Err(NeedMoreData { missing }.into()),
            Answer::Fatal { too_large } => Err(Stop::Fatal(cause(too_large))),
            Answer::Bad { len, too_large } => Err(Stop::Bad { len, cause: cause(too_large) }),
        };
        world.looks.push(look);
        said
    }

    const REWRITES: bool = REWRITES;

    fn rewrite(&mut self, token: &mut u64, frame: &mut [u8]) -> std::result::Result<usize, Reject<Fault>> {
        let world = &mut *self.0.borrow_mut();
        assert!(REWRITES && world.rewritten.is_none(), "a frame is rewritten again");
        world.check_frame(*token, frame);
        for byte in frame.iter_mut() {
            *byte ^= 0x55;
        }
        let (choice, number) = world.verdicts.next();
        let len = match choice {
            0..=149 => frame.len(),
            150..=219 => usize::from(number).min(frame.len()),
            220..=229 => frame.len().saturating_add(number.into()),
            _ => return Err(world.reject(number)),
        };
        world.rewritten = Some(frame[..len.min(frame.len())].to_vec());
        Ok(len)
    }

    fn inspect(&mut self, token: &mut u64, progress: &mut Progress, frame: &[u8]) -> std::result::Result<(), Reject<Fault>> {
        let world = &mut *self.0.borrow_mut();
        assert_eq!(*progress, Progress(*token), "the progress is another's");
        match world.rewritten.take() {
            Some(rewritten) => assert_eq!(frame, rewritten, "a frame is not what was left of it"),
            None => world.check_frame(*token, frame),
        }
        let (choice, number) = world.verdicts.next();
        if choice > 220 {
            return Err(world.reject(number));
        }
        world.verdict(Verdict::Good(frame.to_vec()));
        *token = world.mark();
        *progress = Progress(*token);
        Ok(())
    }

    fn open<'a>(token: u64, progress: &'a Progress, frame: &'a [u8]) -> Self::Frame<'a> {
        (token, *progress, frame)
    }
}

impl World {
    /// The bytes of the stream from a position on.
    fn unread(&self, position: u64) -> &[u8] {
        &self.stream[usize::try_from(position).expect("a position in the stream")..]
    }

    /// How many of the first `for_bytes` bytes of the stream have not been fed.
    fn missing(&self, for_bytes: u128) -> usize {
        usize::try_from(for_bytes.saturating_sub(self.stream.len() as u128)).expect("no more than a decoder can say")
    }

    /// The input is the unread bytes, or the first of them; and the looks do not go on for ever.
    fn check_input(&self, input: &Input<'_>) {
        assert!(self.looks.len() < self.most_looks, "a loop: {:?}", self.looks);
        let (have, unread) = (input.len(), self.unread(input.position()));
        assert!(have <= unread.len() && have <= self.max_frame, "{have} bytes are seen, {} are unread", unread.len());
        assert!(!input.is_end() || self.ended && have == unread.len(), "it is not the end");
        // As if the end came later, whenever it came.
        assert!(!input.is_end() || self.awaits > self.stream.len() as u128, "the end is told to a decoder that did not ask for more");
        assert_eq!((input.is_empty(), input.first().is_empty()), (have == 0, have == 0));
        assert!(input.runs().all(|run| !run.is_empty()));
        assert!(input.runs().flatten().eq(&unread[..have]), "bytes changed");
        let at = have / 2;
        assert!(input.runs_from(at).flatten().eq(&unread[at..have]), "bytes changed");
        assert_eq!((input.get(at), input.get(have)), (unread[..have].get(at).copied(), None));
        assert_eq!(input.array::<3>(at).ok().as_ref(), unread[at..have].first_chunk());
    }

    /// The frame is the one that was found last, and no other was judged.
    fn check_frame(&self, token: u64, frame: &[u8]) {
        let look = self.looks.last().expect("a look before");
        assert_eq!((token, &look.verdict), (self.serial, &Verdict::NotAsked));
        assert_eq!(frame, &self.unread(look.position)[..frame.len()], "bytes changed");
        assert!(matches!(look.answer, Answer::Frame { len, .. } if len == frame.len()), "{look:?}");
    }

    fn verdict(&mut self, verdict: Verdict) {
        self.looks.last_mut().expect("a look before").verdict = verdict;
    }

    fn reject(&mut self, number: u8) -> Reject<Fault> {
        let is_bad = number % 4 != 0;
        self.verdict(if is_bad { Verdict::Bad } else { Verdict::Fatal });
        let fault = Fault(self.serial);
        if is_bad { Reject::Bad(fault) } else { Reject::Fatal(fault) }
    }
}

/// The caller, and its account.
struct Caller<const REWRITES: bool> {
    world: Rc<RefCell<World>>,
    backlog: usize,
    account: Account,
    kept: Vec<(Kept<Hostile<REWRITES>>, Vec<u8>)>,
    /// A chunk may be lost.
    has_forgotten: bool,
}

/// What the engine must be like.
struct Account {
    position: u64,
    skipped: u64,
    /// The events without bytes in a row.
    empty: usize,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    /// Nothing comes before so many bytes of the stream have arrived. Where none are, the engine is idle.
    Waits {
        for_bytes: u128,
        idle: bool,
    },
    Looks,
    Over,
    Failed(Failure),
}

/// What a step is like, the frame aside.
type Outcome = std::result::Result<Step<()>, Failure>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Feed,
    FeedOwned,
    Reserve,
    /// Feeds, and forgets the guard.
    Forget,
    /// Commits more than was lent.
    CommitTooMuch,
    /// Reserves, and commits nothing.
    Abandon,
    Eof,
    Frames,
    Format,
    Exchange,
}

/// The steps that follow a call.
#[derive(Clone, Copy, Debug)]
struct Steps {
    most: usize,
    /// Frames are taken to keep.
    keep: bool,
}

const CALLS: &[Call] = &[
    Call::Feed,
    Call::Feed,
    Call::Feed,
    Call::FeedOwned,
    Call::FeedOwned,
    Call::Reserve,
    Call::Reserve,
    Call::Forget,
    Call::CommitTooMuch,
    Call::Abandon,
    Call::Eof,
    Call::Frames,
    Call::Frames,
    Call::Frames,
    Call::Format,
    Call::Exchange,
];

impl<const REWRITES: bool> Caller<REWRITES> {
    /// Makes an engine, and calls it.
    fn run<B: StreamBufMut>(u: &mut Unstructured<'_>, world: World, buf: B) -> Result<()> {
        let world = Rc::new(RefCell::new(world));
        let engine = Engine::with_buf(Hostile(Rc::clone(&world)), buf);
        let account = Account { position: 0, skipped: 0, empty: 0, state: State::Looks };
        let mut caller = Self { world, backlog: 0, account, kept: Vec::new(), has_forgotten: false };
        let mut engine = caller.limit(u, engine)?;
        while !u.is_empty() && !caller.has_forgotten {
            let call = *u.choose(CALLS)?;
            if call == Call::Exchange {
                engine = caller.exchange(u, engine)?;
            } else {
                caller.call(u, &mut engine, call)?;
            }
            caller.compare(&engine);
        }
        if caller.has_forgotten {
            caller.remember(engine);
        } else {
            caller.exchange(u, engine)?;
        }
        for (kept, shown) in &caller.kept {
            assert_eq!(kept.open().2, *shown, "a kept frame changed");
        }
        Ok(())
    }

    /// Draws limits.
    fn limit<B: StreamBufMut>(
        &mut self,
        u: &mut Unstructured<'_>,
        engine: Engine<Hostile<REWRITES>, B>,
    ) -> Result<Engine<Hostile<REWRITES>, B>> {
        let max_frame = draw::limit(u, 1 << 20)?;
        self.world.borrow_mut().max_frame = max_frame;
        self.backlog = draw::limit(u, 1 << 20)?;
        Ok(engine.with_max_frame(max_frame).with_backlog(self.backlog))
    }

    /// Every byte is where it should be.
    fn compare<B: StreamBufMut>(&self, engine: &Engine<Hostile<REWRITES>, B>) {
        let held = engine.held_bytes();
        assert_eq!(engine.position(), self.account.position);
        assert!(self.has_forgotten || held == self.world.borrow().unread(self.account.position).len(), "bytes are lost");
        assert!(engine.capacity_bytes() >= held);
        assert!(Rc::ptr_eq(&engine.decoder().0, &self.world));
    }

    fn call<B: StreamBufMut>(&mut self, u: &mut Unstructured<'_>, engine: &mut Engine<Hostile<REWRITES>, B>, call: Call) -> Result<()> {
        let (few, keep) = (u.int_in_range(0..=5_u8)?, u.arbitrary()?);
        let steps = Steps { most: if few == 5 { usize::MAX } else { few.into() }, keep };
        match call {
            Call::Eof => {
                let mut frames = engine.eof();
                self.world.borrow_mut().ended = true;
                self.take(&mut frames, steps);
            }
            Call::Frames => self.take(&mut engine.frames(), steps),
            Call::Format => {
                let (engine_says, frames_say) = (format!("{engine:?}"), format!("{:?}", engine.frames()));
                assert!(frames_say.contains(&engine_says), "{engine_says}, {frames_say}");
            }
            _ => {
                let len = u.int_in_range(0..=LONGEST)?;
                let chunk = draw::bytes(u, len, b"framing")?;
                let (held, refusal) = (engine.held_bytes(), self.refusal(engine.held_bytes()));
                let refused = self.bring(engine, call, &chunk, steps).err();
                assert_eq!(refused, refusal);
                assert!(refused.is_none() || engine.held_bytes() == held, "refused, and taken");
            }
        }
        Ok(())
    }

    fn bring<B: StreamBufMut>(
        &mut self,
        engine: &mut Engine<Hostile<REWRITES>, B>,
        call: Call,
        chunk: &[u8],
        steps: Steps,
    ) -> std::result::Result<(), Refused> {
        match call {
            Call::Feed | Call::Forget => {
                let mut frames = engine.feed(chunk)?;
                self.world.borrow_mut().stream.extend(chunk);
                // A chunk that cannot complete the frame is stored at once.
                let is_stored =
                    matches!(self.account.state, State::Waits { for_bytes, idle: false } if self.world.borrow().missing(for_bytes) > 0);
                self.take(&mut frames, steps);
                if call == Call::Forget {
                    mem::forget(frames);
                    self.has_forgotten = engine.feed(b"").err() == Some(Refused::ChunkForgotten);
                    assert!(!self.has_forgotten || !is_stored && !chunk.is_empty(), "nothing is lost");
                }
            }
            Call::FeedOwned => {
                let mut frames = engine.feed_owned(Bytes::copy_from_slice(chunk))?;
                self.world.borrow_mut().stream.extend(chunk);
                self.take(&mut frames, steps);
            }
            _ => {
                let mut room = engine.reserve()?;
                let lent = room.as_mut_slice();
                let reserved = lent.len();
                // Less than a block, where what is due has less room.
                let least = match self.account.state {
                    State::Waits { for_bytes, idle: false } => READ_BLOCK.min(self.world.borrow().missing(for_bytes)),
                    _ => READ_BLOCK,
                };
                assert!((least..=READ_BLOCK.max(EAGER_RESERVE)).contains(&reserved), "{reserved} bytes lent");
                let chunk = &chunk[..chunk.len().min(reserved)];
                lent[..chunk.len()].copy_from_slice(chunk);
                if call == Call::Reserve {
                    let mut frames = room.commit(chunk.len())?;
                    self.world.borrow_mut().stream.extend(chunk);
                    self.take(&mut frames, steps);
                } else if call == Call::CommitTooMuch {
                    let committed = reserved + 1 + chunk.len();
                    assert_eq!(room.commit(committed).err(), Some(Refused::CommitTooLarge { reserved, committed }));
                }
            }
        }
        Ok(())
    }

    /// Why input is refused now, if it is.
    fn refusal(&self, held: usize) -> Option<Refused> {
        match self.account.state {
            State::Failed(_) => Some(Refused::Failed),
            _ if self.world.borrow().ended => Some(Refused::AfterEof),
            State::Waits { for_bytes, .. } if self.world.borrow().missing(for_bytes) > 0 => None,
            _ if held == 0 || held < self.backlog => None,
            _ => Some(Refused::Backlog { held, backlog: self.backlog }),
        }
    }

    /// Takes steps, each of which must be what the decoder's answers make it.
    fn take<B: StreamBufMut>(&mut self, frames: &mut Frames<'_, Hostile<REWRITES>, B>, steps: Steps) {
        for _ in 0..steps.most {
            self.account.begin(&mut self.world.borrow_mut());
            let mut shown = None;
            let outcome = if steps.keep {
                frames.next_view().map(|step| {
                    step.map(|kept| {
                        let frame = kept.open();
                        assert_eq!((frame.2, Progress(frame.0)), (kept.encoded(), frame.1));
                        shown = Some(frame.2.to_vec());
                        self.kept.push((kept, shown.clone().unwrap_or_default()));
                    })
                })
            } else {
                frames.next_frame().map(|step| {
                    step.map(|(token, progress, frame)| {
                        assert_eq!(Progress(token), progress);
                        shown = Some(frame.to_vec());
                    })
                })
            };
            let outcome: Outcome = outcome.map_err(Failure::from);
            let expected = self.account.follow(&self.world.borrow());
            let context = (&self.account.state, &self.world.borrow().looks);
            assert_eq!(outcome, expected, "{context:?}");
            let good = self.world.borrow().looks.last().and_then(|look| match &look.verdict {
                Verdict::Good(bytes) => Some(bytes.clone()),
                _ => None,
            });
            assert_eq!(shown, good, "{context:?}");
            match outcome {
                Ok(Step::Frame(..)) | Err(Failure { is_fatal: false, .. }) => {}
                _ => break,
            }
        }
    }

    /// Makes another engine of the parts, with other limits.
    fn exchange<B: StreamBufMut>(
        &mut self,
        u: &mut Unstructured<'_>,
        engine: Engine<Hostile<REWRITES>, B>,
    ) -> Result<Engine<Hostile<REWRITES>, B>> {
        let parts = engine.into_parts().expect("no guard was forgotten");
        let mut world = self.world.borrow_mut();
        assert_eq!((parts.position, parts.ended), (self.account.position, world.ended));
        assert!(parts.unread.segments().flatten().eq(world.unread(self.account.position)), "bytes changed");
        (world.progress, world.awaits) = (Progress::default(), 0);
        drop(world);
        (self.account.skipped, self.account.empty, self.account.state) = (0, 0, State::Looks);
        self.limit(u, Engine::from_parts(parts))
    }

    /// A guard was forgotten: nothing else is to be had.
    fn remember<B: StreamBufMut>(&self, mut engine: Engine<Hostile<REWRITES>, B>) {
        self.world.borrow_mut().most_looks = 0;
        let expected = Failure { offset: self.account.position, cause: ErrorCause::ChunkForgotten, is_fatal: true };
        for _ in 0..2 {
            assert_eq!(engine.feed(b"").err(), Some(Refused::ChunkForgotten));
            assert_eq!(engine.feed_owned(Bytes::new()).err(), Some(Refused::ChunkForgotten));
            assert_eq!(engine.reserve().err(), Some(Refused::ChunkForgotten));
            assert_eq!(engine.frames().next_frame().err().map(Failure::from).as_ref(), Some(&expected));
            assert_eq!(engine.eof().next_frame().err().map(Failure::from).as_ref(), Some(&expected));
        }
        assert_eq!(engine.into_parts().err().map(Failure::from), Some(expected));
    }
}

impl Account {
    /// Before a step: nothing was looked at, and no more looks are allowed than the bytes unread, and some, warrant.
    fn begin(&self, world: &mut World) {
        world.looks.clear();
        world.rewritten = None;
        world.most_looks = match self.state {
            State::Over | State::Failed(_) => 0,
            _ => 3 * world.unread(self.position).len() + 4,
        };
    }

    /// What a step must be, by the looks that it took.
    fn follow(&mut self, world: &World) -> Outcome {
        let mut looks = world.looks.iter();
        let outcome = loop {
            match &self.state {
                State::Failed(failure) => break Err(failure.clone()),
                State::Over => {
                    let place = self.place(0);
                    self.skipped = 0;
                    break Ok(Step::End(place));
                }
                State::Waits { for_bytes, idle } if !world.ended && world.missing(*for_bytes) > 0 => {
                    let missing = NonZeroUsize::new(world.missing(*for_bytes)).expect("some are missing");
                    break Ok(if *idle { Step::Idle } else { Step::NeedMoreData(NeedMoreData { missing }) });
                }
                _ => {}
            }
            let look = looks.next().expect("a look");
            assert_eq!(look.position, self.position);
            if let Some(outcome) = self.judge(look, world) {
                break outcome;
            }
        };
        assert!(looks.as_slice().is_empty(), "a look too many, after {outcome:?}: {looks:?}");
        outcome
    }

    /// What the engine must make of an answer. `None` if it has to look again, or to wait.
    fn judge(&mut self, look: &Look, world: &World) -> Option<Outcome> {
        let Look { have, end, .. } = *look;
        self.state = State::Looks;
        match look.answer {
            Answer::Frame { len, .. } | Answer::Skip(len) | Answer::Bad { len, .. } if len > have => Some(self.bug()),
            Answer::Frame { len, handoff } => Some(self.frame(look, len, handoff)),
            Answer::Skip(0) => Some(self.bug()),
            Answer::Skip(len) => {
                self.step_over(len);
                None
            }
            Answer::Idle if have > 0 => Some(self.bug()),
            // The limit is 0, and there are bytes.
            Answer::Idle if !world.unread(self.position).is_empty() => Some(self.fail(too_long(world))),
            Answer::Idle if !end => {
                self.state = State::Waits { for_bytes: u128::from(self.position) + 1, idle: true };
                None
            }
            Answer::Idle | Answer::End => {
                self.state = State::Over;
                let place = self.place(0);
                self.skipped = 0;
                Some(Ok(Step::End(place)))
            }
            Answer::Need(missing) => self.need(look, missing, world),
            Answer::Fatal { too_large } => Some(self.fail(look.cause(too_large).into())),
            Answer::Bad { len, too_large } => {
                let offset = self.position;
                let counted = self.count(len);
                Some(counted.unwrap_or_else(|| {
                    self.step_over(len);
                    Err(Failure { offset, cause: look.cause(too_large).into(), is_fatal: false })
                }))
            }
        }
    }

    fn frame(&mut self, look: &Look, len: usize, handoff: bool) -> Outcome {
        if let Some(bug) = self.count(len) {
            return bug;
        }
        let place = self.place(len);
        self.step_over(len);
        let is_fatal = match look.verdict {
            Verdict::Good(_) => {
                self.skipped = 0;
                self.state = if handoff { State::Over } else { State::Looks };
                return Ok(if handoff { Step::Handoff((), place) } else { Step::Frame((), place) });
            }
            Verdict::Bad => false,
            Verdict::Fatal => true,
            Verdict::NotAsked => panic!("a frame was not inspected: {look:?}"),
        };
        let failure = Failure { offset: place.offset, cause: ErrorCause::Fault(Fault(look.mark)), is_fatal };
        if is_fatal {
            self.state = State::Failed(failure.clone());
        } else if handoff {
            self.state = State::Over;
        }
        Err(failure)
    }

    fn need(&mut self, look: &Look, missing: NonZeroUsize, world: &World) -> Option<Outcome> {
        let Look { have, end, .. } = *look;
        let unread = world.unread(self.position).len();
        // A frame that fills the limit may be whole, if the stream ends there.
        let may_end_here = !end && unread == world.max_frame && have == unread && missing == NonZeroUsize::MIN;
        let due = match have.checked_add(missing.get()) {
            Some(due) if due <= world.max_frame || may_end_here => due,
            _ => return Some(self.fail(too_long(world))),
        };
        if end {
            return Some(self.fail(ErrorCause::Truncated { received: have as u64, missing }));
        }
        self.state = State::Waits { for_bytes: u128::from(self.position) + due as u128, idle: false };
        None
    }

    fn place(&self, len: usize) -> Place {
        Place { offset: self.position, len, skipped: self.skipped, truncated: false }
    }

    fn step_over(&mut self, len: usize) {
        self.position += len as u64;
        self.skipped += len as u64;
        if len > 0 {
            self.empty = 0;
        }
    }

    /// Counts an event; too many without bytes are a bug.
    fn count(&mut self, len: usize) -> Option<Outcome> {
        self.empty = if len > 0 { 0 } else { self.empty + 1 };
        (self.empty > MAX_EMPTY).then(|| self.bug())
    }

    fn bug(&mut self) -> Outcome {
        self.fail(ErrorCause::Bug(""))
    }

    fn fail(&mut self, cause: ErrorCause<Fault>) -> Outcome {
        let failure = Failure { offset: self.position, cause, is_fatal: true };
        self.state = State::Failed(failure.clone());
        Err(failure)
    }
}

fn too_long(world: &World) -> ErrorCause<Fault> {
    ErrorCause::FrameTooLarge { what: "frame", limit: world.max_frame as u64 }
}

impl Look {
    fn cause(&self, too_large: bool) -> Cause<Fault> {
        if too_large { Cause::TooLarge { what: "lie", limit: self.mark } } else { Cause::Fault(Fault(self.mark)) }
    }
}

/// An error of the engine, to compare with. What a bug is, is not told.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Failure {
    offset: u64,
    cause: ErrorCause<Fault>,
    is_fatal: bool,
}

impl From<Error<Fault>> for Failure {
    fn from(error: Error<Fault>) -> Self {
        let (offset, is_fatal) = (error.offset, error.is_fatal());
        let cause = match error.cause {
            ErrorCause::Bug(_) => ErrorCause::Bug(""),
            other => other,
        };
        Self { offset, cause, is_fatal }
    }
}
