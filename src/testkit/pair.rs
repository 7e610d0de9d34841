//! Two connections back to back, over a network that is made up. SPEC.md, clauses PR-1 to PR-6.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::Random;
use crate::buf::View;
use crate::conn::{Conn, Failure, Outbox, Protocol, Turn, Want};
use crate::decode::Decode;
use crate::error::Error;
use crate::time::Time;

/// Two connections back to back: the one's output is the other's input, over a network of any slowness, in any pieces, in virtual time.
///
/// The driver does nothing but what [`Want`] says, one [`Action`] at a time, drawn by a seed. So whatever a protocol forgets to want is not done, and the run stands still, which fails. The same seed
/// gives the same run; [`Report`] says what happened, and its actions can be [replayed](Self::replay).
///
/// What a side does is a closure: it sees each [`Happening`], and answers by the [`Outbox`]. Whatever it sends of its own it sends at [`Happening::Quiet`].
///
/// ```
/// use core::time::Duration;
/// use framewright::conn::{Conn, Plain};
/// use framewright::testkit::{Ended, Happening, Network, Pair};
/// use framewright::{Time, framing::Lines};
///
/// let lines = || Conn::new(Plain(Lines::new(64)), Time::ZERO);
/// let network = Network { capacity: 5, delay: Duration::from_millis(20), ..Network::DEFAULT };
/// for seed in 0..50 {
///     let (mut asked, mut answers) = (0, Vec::new());
///     let report = Pair::new(lines(), lines()).network(network).run(
///         seed,
///         // A client sends three questions, and closes when it has the answers.
///         |happening, out| match happening {
///             Happening::Quiet if asked < 3 => {
///                 asked += 1;
///                 out.send("question").unwrap();
///             }
///             Happening::Event(line) => {
///                 answers.push(line.to_vec());
///                 if answers.len() == 3 {
///                     out.close();
///                 }
///             }
///             _ => {}
///         },
///         // A server sends back what it gets.
///         |happening, out| {
///             if let Happening::Event(line) = happening {
///                 out.send(line).unwrap();
///             }
///         },
///     );
///     assert_eq!(answers, [b"question"; 3], "{report}");
///     assert_eq!((report.ended_left(), report.ended_right()), (&Ended::Cleanly, &Ended::Cleanly), "{report}");
/// }
/// ```
pub struct Pair<P: Protocol, Q: Protocol> {
    left: Conn<P>,
    right: Conn<Q>,
    network: Network,
    most: usize,
}

/// What lies between two connections, alike in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// How many bytes may be on their way, or wait to be read: 64 KiB. At least 1.
    pub capacity: usize,
    /// How long a byte takes: no time.
    pub delay: Duration,
    /// How many bytes go out a second: any number.
    pub bandwidth: Option<u32>,
    /// The longest piece that is read or written at once: any. Pieces of any length up to it are.
    pub piece: usize,
    /// Whether a fault may happen, drawn by the seed: the connection is reset, or one direction of it ends, at any time.
    pub faults: Faults,
}

/// What may go wrong once in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Faults {
    /// Nothing.
    None,
    /// In half of all runs one direction ends early, or both sides are reset, at some action up to this.
    Within(u32),
}

impl Network {
    /// A network that is fast and never breaks.
    pub const DEFAULT: Self = Self { capacity: 64 * 1024, delay: Duration::ZERO, bandwidth: None, piece: usize::MAX, faults: Faults::None };
}

impl Default for Network {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The first.
    Left,
    /// The second.
    Right,
}

impl Side {
    const fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

/// What a side's application sees.
pub enum Happening<'a, P: Protocol> {
    /// A frame: [`Turn::Event`].
    Event(P::Frame<'a>),
    /// A bad frame: [`Turn::Bad`].
    Bad(Error<<P as Decode>::Fault>),
    /// The peer's end: [`Turn::Over`].
    Over(Result<(), Failure<<P as Decode>::Fault>>),
    /// Nothing more comes before the driver acts. What the application sends of its own it sends here, so many messages at a time as it likes; it comes again after each action of this side.
    Quiet,
}

/// What the driver did: one thing that a [`Want`] asked for, or a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Put so many bytes of the output on their way; 0 is a socket that took none.
    Write(Side, usize),
    /// Took up to so many bytes of output out, as completion I/O does.
    Take(Side, usize),
    /// Brought what was taken out back, of which so many bytes were sent.
    Return(Side, usize),
    /// Read so many bytes into storage of the connection.
    Read(Side, usize),
    /// Read so many bytes, and lent them.
    Feed(Side, usize),
    /// Told a side of the end of its input.
    End(Side),
    /// Told the other side of the end of this one's output.
    Shut(Side),
    /// Let time pass, up to this many nanoseconds since the epoch.
    Wait(u64),
    /// Told a side that its time has come, or just the time.
    Tick(Side),
    /// A fault: broke both directions.
    Reset,
    /// A fault: this side's output ends, and whatever it still sends is lost.
    Cut(Side),
}

/// How a side ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its peer ended where it may, and all was sent.
    Cleanly,
    /// Something failed, which says this.
    Failed(String),
    /// The protocol handed over.
    HandedOff,
}

/// What happened in a run. Shown, it says all that is needed to repeat it.
pub struct Report<P: Protocol, Q: Protocol> {
    /// The first connection, as it is afterwards.
    pub left: Conn<P>,
    /// The second.
    pub right: Conn<Q>,
    /// How long it took.
    pub lasted: Duration,
    /// The seed, unless actions were replayed.
    pub seed: Option<u64>,
    /// Everything that the driver did.
    pub actions: Vec<Action>,
    ended: (Ended, Ended),
}

impl<P: Protocol, Q: Protocol> Report<P, Q> {
    /// Returns how the first ended.
    #[must_use]
    pub fn ended_left(&self) -> &Ended {
        &self.ended.0
    }

    /// Returns how the second ended.
    #[must_use]
    pub fn ended_right(&self) -> &Ended {
        &self.ended.1
    }

    /// Tells whether a fault was injected.
    #[must_use]
    pub fn has_fault(&self) -> bool {
        self.actions.iter().any(|action| matches!(action, Action::Reset | Action::Cut(_)))
    }
}

impl<P: Protocol, Q: Protocol> Pair<P, Q> {
    /// Puts two connections back to back, over [`Network::DEFAULT`].
    #[must_use]
    pub fn new(left: Conn<P>, right: Conn<Q>) -> Self {
        Self { left, right, network: Network::DEFAULT, most: 1 << 20 }
    }

    /// Sets what lies between them.
    #[must_use]
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// Sets after how many actions a run fails that has not ended: a million.
    #[must_use]
    pub fn most_actions(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// Runs the two until both are done, in an order that the seed gives.
    ///
    /// # Panics
    /// When it stands still before, when it does not end, or when a connection refuses what it has asked for. Says the seed and the actions.
    pub fn run(
        self,
        seed: u64,
        left: impl FnMut(Happening<'_, P>, &mut Outbox<'_, P>),
        right: impl FnMut(Happening<'_, Q>, &mut Outbox<'_, Q>),
    ) -> Report<P, Q> {
        let mut random = Random(seed);
        let fault_at = match self.network.faults {
            Faults::Within(most) if random.below(2) == 0 => Some(random.below(most as usize)),
            _ => None,
        };
        let source = Source::Seed { seed, random, fault_at };
        self.play(source, left, right)
    }

    /// Runs the two by actions that were recorded.
    ///
    /// # Panics
    /// As [`run`](Self::run), when the actions do not fit, and when they end too early.
    pub fn replay(
        self,
        actions: &[Action],
        left: impl FnMut(Happening<'_, P>, &mut Outbox<'_, P>),
        right: impl FnMut(Happening<'_, Q>, &mut Outbox<'_, Q>),
    ) -> Report<P, Q> {
        self.play(Source::Actions(actions.iter().copied().collect()), left, right)
    }

    fn play(
        self,
        source: Source,
        left: impl FnMut(Happening<'_, P>, &mut Outbox<'_, P>),
        right: impl FnMut(Happening<'_, Q>, &mut Outbox<'_, Q>),
    ) -> Report<P, Q> {
        let mut run = Run {
            left: End::new(self.left, left),
            right: End::new(self.right, right),
            between: Between { network: self.network, now: Time::ZERO, lines: [Line::default(), Line::default()] },
            actions: Vec::new(),
            source,
        };
        run.left.settle();
        run.right.settle();
        while !(run.left.is_done() && run.right.is_done()) {
            if run.actions.len() >= self.most {
                run.fail("does not end");
            }
            let action = run.next();
            run.actions.push(action);
            if let Err(what) = run.act(action) {
                run.fail(&what);
            }
        }
        Report {
            ended: (run.left.ended(), run.right.ended()),
            left: run.left.conn,
            right: run.right.conn,
            lasted: run.between.now.since(Time::ZERO),
            seed: run.source.seed(),
            actions: run.actions,
        }
    }
}

/// What says which action is next.
enum Source {
    Seed { seed: u64, random: Random, fault_at: Option<usize> },
    Actions(VecDeque<Action>),
}

impl Source {
    fn seed(&self) -> Option<u64> {
        match self {
            Self::Seed { seed, .. } => Some(*seed),
            Self::Actions(_) => None,
        }
    }
}

/// A connection, its application, and what it wants.
struct End<P: Protocol, A> {
    conn: Conn<P>,
    app: A,
    state: State,
    /// What it was told of its peer's end.
    told: Option<Result<(), String>>,
    /// The bytes that were taken out and are not back.
    taken: Option<View>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Wants(Want),
    HandedOff,
    Done,
}

impl<P: Protocol, A: FnMut(Happening<'_, P>, &mut Outbox<'_, P>)> End<P, A> {
    fn new(conn: Conn<P>, app: A) -> Self {
        Self { conn, app, state: State::Wants(Want::default()), told: None, taken: None }
    }

    /// Steps until the connection wants something, and asks the application for more once.
    fn settle(&mut self) {
        let mut asked = false;
        loop {
            let Some(state) = show(self.conn.step(), &mut self.app, &mut self.told) else { continue };
            self.state = state;
            if asked || !matches!(state, State::Wants(_)) {
                return;
            }
            asked = true;
            (self.app)(Happening::Quiet, &mut self.conn.outbox());
        }
    }

    fn want(&self) -> Want {
        match self.state {
            State::Wants(want) => want,
            State::HandedOff | State::Done => Want::default(),
        }
    }

    fn is_done(&self) -> bool {
        !matches!(self.state, State::Wants(_)) && self.taken.is_none()
    }

    fn ended(&self) -> Ended {
        match (&self.told, self.state) {
            (_, State::HandedOff) => Ended::HandedOff,
            (Some(Err(says)), _) => Ended::Failed(says.clone()),
            (_, _) => Ended::Cleanly,
        }
    }
}

/// The two directions, and the time.
struct Between {
    network: Network,
    now: Time,
    /// What the left has sent, and what the right has.
    lines: [Line; 2],
}

/// One direction.
#[derive(Default)]
struct Line {
    /// The bytes on their way, and when each piece of them arrives.
    pieces: VecDeque<(Time, usize)>,
    bytes: VecDeque<u8>,
    /// When the last byte is out.
    busy_until: Time,
    ends: Option<Time>,
    /// Nobody reads it: what is sent is gone.
    is_cut: bool,
}

impl Between {
    fn line(&self, from: Side) -> &Line {
        let [left, right] = &self.lines;
        if from == Side::Left { left } else { right }
    }

    fn line_mut(&mut self, from: Side) -> &mut Line {
        let [left, right] = &mut self.lines;
        if from == Side::Left { left } else { right }
    }

    fn room(&self, from: Side) -> usize {
        let line = self.line(from);
        if line.is_cut { usize::MAX } else { self.network.capacity.max(1).saturating_sub(line.bytes.len()) }
    }

    fn send(&mut self, from: Side, bytes: &[u8]) {
        let (now, network) = (self.now, self.network);
        let line = self.line_mut(from);
        if bytes.is_empty() || line.is_cut {
            return;
        }
        let takes = network.bandwidth.map_or(0, |bandwidth| bytes.len() as u64 * 1_000_000_000 / u64::from(bandwidth.max(1)));
        line.busy_until = line.busy_until.max(now) + Duration::from_nanos(takes);
        line.pieces.push_back((line.busy_until + network.delay, bytes.len()));
        line.bytes.extend(bytes);
    }

    /// How many bytes have arrived for whom the other side sends to.
    fn arrived(&self, from: Side) -> usize {
        self.line(from).pieces.iter().take_while(|(at, _)| *at <= self.now).map(|(_, len)| len).sum()
    }

    fn receive(&mut self, from: Side, n: usize) -> Vec<u8> {
        let line = self.line_mut(from);
        let mut left = n;
        while let Some((_, len)) = line.pieces.front_mut() {
            let taken = left.min(*len);
            *len -= taken;
            left -= taken;
            if *len > 0 {
                break;
            }
            line.pieces.pop_front();
        }
        line.bytes.drain(..n.min(line.bytes.len())).collect()
    }

    /// Ends a direction: what is on its way still arrives.
    fn end(&mut self, from: Side) {
        let (now, delay) = (self.now, self.network.delay);
        let line = self.line_mut(from);
        let at = line.busy_until.max(now) + delay;
        line.ends = line.ends.or(Some(at));
    }

    fn has_ended(&self, from: Side) -> bool {
        let line = self.line(from);
        line.bytes.is_empty() && line.ends.is_some_and(|at| at <= self.now)
    }

    /// When the next thing arrives.
    fn next(&self) -> Option<Time> {
        let arrivals = self.lines.iter().flat_map(|line| line.pieces.iter().map(|(at, _)| *at).chain(line.ends));
        arrivals.filter(|at| *at > self.now).min()
    }
}

struct Run<P: Protocol, Q: Protocol, A, B> {
    left: End<P, A>,
    right: End<Q, B>,
    between: Between,
    actions: Vec<Action>,
    source: Source,
}

impl<P, Q, A, B> Run<P, Q, A, B>
where
    P: Protocol,
    Q: Protocol,
    A: FnMut(Happening<'_, P>, &mut Outbox<'_, P>),
    B: FnMut(Happening<'_, Q>, &mut Outbox<'_, Q>),
{
    /// Draws the next action, of those that are wanted.
    fn next(&mut self) -> Action {
        let done = self.actions.len();
        let (left, right) = (self.left.view(Side::Left), self.right.view(Side::Right));
        let between = &self.between;
        match &mut self.source {
            Source::Actions(actions) => {
                if let Some(action) = actions.pop_front() {
                    return action;
                }
            }
            Source::Seed { random, fault_at, .. } => {
                if *fault_at == Some(done) {
                    return [Action::Reset, Action::Cut(Side::Left), Action::Cut(Side::Right)][random.below(3)];
                }
                let mut choices = Vec::with_capacity(8);
                for view in [left, right] {
                    view.choices(between, random, &mut choices);
                }
                let arrival = between.next();
                let deadline = [left, right].into_iter().filter_map(|view| view.want.deadline).min();
                let next = deadline.into_iter().chain(arrival).min().filter(|at| *at > between.now);
                match (choices.is_empty(), next) {
                    (true, Some(next)) => return Action::Wait(next.as_nanos()),
                    (true, None) => {}
                    // A driver may be late to act, but not to wait for no reason until a timer fires.
                    (false, Some(next)) if arrival == Some(next) && random.below(16) == 0 => return Action::Wait(next.as_nanos()),
                    (false, _) => {
                        let side = [Side::Left, Side::Right][random.below(2)];
                        let drawn = choices.get(random.below(choices.len())).copied();
                        return if random.below(32) == 0 { Action::Tick(side) } else { drawn.unwrap_or(Action::Tick(side)) };
                    }
                }
            }
        }
        self.fail("stands still")
    }

    fn act(&mut self, action: Action) -> Result<(), String> {
        let between = &mut self.between;
        match action {
            Action::Wait(until) => between.now = between.now.max(Time::from_nanos(until)),
            Action::Reset => {
                between.lines.iter_mut().for_each(|line| *line = Line { is_cut: true, ..Line::default() });
                let now = between.now;
                self.left.reset(now);
                self.right.reset(now);
            }
            Action::Cut(side) => {
                between.end(side);
                between.line_mut(side).is_cut = true;
            }
            Action::Write(side, _)
            | Action::Take(side, _)
            | Action::Return(side, _)
            | Action::Read(side, _)
            | Action::Feed(side, _)
            | Action::End(side)
            | Action::Shut(side)
            | Action::Tick(side) => match side {
                Side::Left => self.left.act(between, action, side)?,
                Side::Right => self.right.act(between, action, side)?,
            },
        }
        Ok(())
    }

    /// Ends the test.
    #[expect(clippy::panic, reason = "a test fails by a panic")]
    fn fail(&self, what: &str) -> ! {
        let said = Said { seed: self.source.seed(), actions: &self.actions };
        panic!("the run {what} at {:?}\nleft wants {:?}\nright wants {:?}\n{said}", self.between.now, self.left.state, self.right.state)
    }
}

/// Shows a step to the application, unless it is the driver's.
fn show<P: Protocol>(
    turn: Turn<'_, P>,
    app: &mut impl FnMut(Happening<'_, P>, &mut Outbox<'_, P>),
    told: &mut Option<Result<(), String>>,
) -> Option<State> {
    match turn {
        Turn::Event(frame, mut out) => app(Happening::Event(frame), &mut out),
        Turn::Bad(error, mut out) => app(Happening::Bad(error), &mut out),
        Turn::Over(result, mut out) => {
            *told = Some(match &result {
                Ok(()) => Ok(()),
                Err(failure) => Err(failure.to_string()),
            });
            app(Happening::Over(result), &mut out);
        }
        Turn::Want(want) => return Some(State::Wants(want)),
        Turn::Handoff => return Some(State::HandedOff),
        Turn::Done => return Some(State::Done),
    }
    None
}

/// What the driver knows of a side.
#[derive(Clone, Copy)]
struct Known {
    side: Side,
    want: Want,
    taken: Option<usize>,
}

impl<P: Protocol, A: FnMut(Happening<'_, P>, &mut Outbox<'_, P>)> End<P, A> {
    fn view(&self, side: Side) -> Known {
        Known { side, want: self.want(), taken: self.taken.as_ref().map(View::len) }
    }

    fn act(&mut self, between: &mut Between, action: Action, side: Side) -> Result<(), String> {
        let (now, conn) = (between.now, &mut self.conn);
        match action {
            Action::Write(_, n) => {
                let n = n.min(between.room(side));
                let bytes: Vec<u8> = conn.output().flatten().copied().take(n).collect();
                between.send(side, &bytes);
                conn.sent(now, bytes.len()).map_err(|error| error.to_string())?;
            }
            Action::Take(_, n) => self.taken = conn.take_output(n),
            Action::Return(_, n) => {
                let Some(view) = self.taken.take() else { return Ok(()) };
                let bytes: Vec<u8> = view.segments().flatten().copied().take(n).collect();
                let sent = bytes.get(..between.room(side)).unwrap_or(&bytes);
                between.send(side, sent);
                conn.sent(now, sent.len()).map_err(|error| error.to_string())?;
            }
            Action::Read(_, n) => {
                let space = conn.space().map_err(|refused| refused.to_string())?;
                let bytes = between.receive(side.other(), n.min(space.len()));
                space.iter_mut().zip(&bytes).for_each(|(to, from)| *to = *from);
                conn.commit(now, bytes.len()).map_err(|refused| refused.to_string())?;
            }
            Action::Feed(_, n) => {
                let bytes = between.receive(side.other(), n);
                self.feed(now, &bytes)?;
            }
            Action::End(_) => conn.eof(now),
            Action::Shut(_) => {
                between.end(side);
                conn.shut(now);
            }
            _ => conn.tick(now),
        }
        self.settle();
        if !matches!(self.state, State::Wants(_)) {
            // Its socket is gone: the peer sees the end, and whatever it still sends is lost.
            between.end(side);
            between.line_mut(side.other()).is_cut = true;
        }
        Ok(())
    }

    /// Lends bytes, and takes what comes of them out of them.
    fn feed(&mut self, now: Time, bytes: &[u8]) -> Result<(), String> {
        let mut steps = self.conn.feed(now, bytes).map_err(|refused| refused.to_string())?;
        while show(steps.step(), &mut self.app, &mut self.told).is_none() {}
        Ok(())
    }

    fn reset(&mut self, now: Time) {
        self.conn.reset(now);
        self.settle();
    }
}

impl Known {
    /// What the driver could do for this side now.
    fn choices(self, between: &Between, random: &mut Random, into: &mut Vec<Action>) {
        let Self { side, want, taken } = self;
        let piece = between.network.piece;
        // Short pieces as often as long ones, and 0 where that means something.
        let mut some = |least: usize, most: usize| {
            let most = most.min(piece);
            match random.below(4) {
                0 => least.min(most),
                1 => most,
                _ => least + random.below((most + 1).saturating_sub(least)),
            }
        };
        if let Some(taken) = taken {
            let room = between.room(side);
            if room > 0 {
                into.push(Action::Return(side, some(0, taken.min(room))));
            }
        } else if want.write > 0 && between.room(side) > 0 {
            let most = want.write.min(between.room(side));
            let n = some(0, most);
            into.push(if some(0, 3) == 0 { Action::Take(side, n.max(1)) } else { Action::Write(side, n) });
        }
        if want.shutdown {
            into.push(Action::Shut(side));
        }
        if want.read > 0 {
            let arrived = between.arrived(side.other()).min(want.read);
            if arrived > 0 {
                let n = some(1, arrived);
                into.push(if some(0, 1) == 0 { Action::Read(side, n) } else { Action::Feed(side, n) });
            } else if between.has_ended(side.other()) {
                into.push(Action::End(side));
            }
        }
        if want.deadline.is_some_and(|deadline| deadline <= between.now) {
            into.push(Action::Tick(side));
        }
    }
}

/// A run, as it is shown.
struct Said<'a> {
    seed: Option<u64>,
    actions: &'a [Action],
}

/// So many of the last actions are shown; the seed gives them all.
const SHOWN: usize = 400;

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(seed) = self.seed {
            writeln!(f, "seed {seed}: `run({seed}, …)` repeats it, and so does `replay` with its actions:")?;
        }
        let hidden = self.actions.len().saturating_sub(SHOWN);
        if hidden > 0 {
            writeln!(f, "({hidden} actions before these)")?;
        }
        f.debug_list().entries(self.actions.iter().skip(hidden)).finish()
    }
}

impl<P: Protocol, Q: Protocol> fmt::Display for Report<P, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (left, right) = &self.ended;
        writeln!(f, "left ended: {left:?}, right: {right:?}, after {:?}", self.lasted)?;
        Said { seed: self.seed, actions: &self.actions }.fmt(f)
    }
}

impl<P: Protocol, Q: Protocol> fmt::Debug for Report<P, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<P: Protocol, Q: Protocol> fmt::Debug for Pair<P, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair").field("left", &self.left).field("right", &self.right).field("network", &self.network).finish_non_exhaustive()
    }
}

impl<P: Protocol> fmt::Debug for Happening<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(_) => f.write_str("Event(..)"),
            Self::Bad(error) => write!(f, "Bad({error})"),
            Self::Over(Ok(())) => f.write_str("Over(Ok)"),
            Self::Over(Err(failure)) => write!(f, "Over({failure})"),
            Self::Quiet => f.write_str("Quiet"),
        }
    }
}
