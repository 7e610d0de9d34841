//! Frames that end at one of a set of byte strings. SPEC.md, clauses DL-1 to DL-9.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::convert::Infallible;

use super::limit::Limit;
use super::{OnExcess, SettingsError, Unframable};
use crate::decode::{Decode, Found, Stop};
use crate::encode::{Encode, EncodeError, Payload, Short, Writer};
use crate::input::Input;

/// Cuts a stream at delimiters: one or more byte strings, which may overlap.
///
/// The delimiter that starts first ends the frame, and of those that start there the longest. A frame is given as soon as that is certain: it is held back exactly while a longer or
/// earlier-starting delimiter may still arrive. At the end of the stream what is left is a frame of its own, without a delimiter. The limit is of the payload.
///
/// ```
/// use framewright::{Engine, Step, framing::Delimiter};
///
/// let mut engine = Engine::new(Delimiter::new(["\r", "\r\n\r\n"], 1024)?);
/// let mut frames = engine.feed(b"a\r\n")?;
/// assert!(matches!(frames.next_frame()?, Step::NeedMoreData(_))); // "\r", or the start of "\r\n\r\n"?
/// drop(frames);
/// let mut frames = engine.feed(b"\r\nb")?;
/// let Step::Frame(frame, _) = frames.next_frame()? else { panic!("a frame is there") };
/// assert_eq!((frame.payload(), frame.delimiter()), (&b"a"[..], &b"\r\n\r\n"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Complexity
/// One pass over the input, whatever the number of delimiters.
#[derive(Clone, Debug)]
pub struct Delimiter {
    limit: Limit,
    starts: Starts,
    nodes: Vec<Node>,
    /// All delimiters are single bytes.
    are_bytes: bool,
    /// What each byte tells that begins a delimiter.
    firsts: Vec<First>,
    /// What is written behind a payload.
    end: Vec<u8>,
    /// The same, where it is short.
    short_end: Option<Short>,
}

/// What the automaton has seen of the current frame.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// The bytes seen.
    seen: usize,
    /// The longest end of them that begins a delimiter.
    node: u32,
    /// The best delimiter among them.
    best: Option<Match>,
}

/// A delimiter at `start..end` of the input.
#[derive(Clone, Copy, Debug)]
struct Match {
    start: usize,
    end: usize,
}

/// A prefix of one or more delimiters: a node of an Aho-Corasick automaton. Node 0 is the empty prefix.
#[derive(Clone, Debug, Default)]
struct Node {
    children: Vec<(u8, u32)>,
    /// The longest proper end of it that is a prefix too.
    fail: u32,
    /// The length of the longest delimiter that it ends in; 0 where there is none.
    matched: usize,
    /// The length of the longest end of it, itself included, that may become a delimiter with more bytes.
    live: usize,
}

/// What a byte tells that begins delimiters of no more than two bytes.
#[derive(Clone, Copy, Debug)]
struct First {
    /// The length of the delimiter that it is by itself; 0 where it is none, or begins longer ones.
    alone: usize,
    /// The one byte that makes a delimiter with it.
    second: u16,
}

/// No byte makes a delimiter with it.
const NO_SECOND: u16 = 256;
/// No byte has arrived behind it.
const NO_MORE: u16 = 257;

impl First {
    fn of(byte: u8, nodes: &[Node]) -> Self {
        let node = |id: u32| nodes.get(id as usize);
        let child = node(0).and_then(|root| root.children.iter().find(|(label, _)| *label == byte));
        let Some(first) = child.and_then(|(_, child)| node(*child)) else { return Self { alone: 0, second: NO_SECOND } };
        let alone = usize::from(first.matched == 1);
        match *first.children.as_slice() {
            [] => Self { alone, second: NO_SECOND },
            [(second, id)] if node(id).is_some_and(|node| node.children.is_empty()) => Self { alone, second: second.into() },
            _ => Self { alone: 0, second: NO_SECOND },
        }
    }
}

/// A frame that a delimiter ended, or the end of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimited<'a> {
    payload: &'a [u8],
    delimiter: &'a [u8],
    encoded: &'a [u8],
}

impl<'a> Delimited<'a> {
    /// Returns the bytes before the delimiter.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Returns the delimiter that ended the frame; empty where the end of the stream did.
    #[must_use]
    pub fn delimiter(&self) -> &'a [u8] {
        self.delimiter
    }

    /// Returns the payload with its delimiter.
    #[must_use]
    pub fn encoded(&self) -> &'a [u8] {
        self.encoded
    }
}

impl Delimiter {
    /// Makes a framer for payloads of at most `max_payload` bytes. The order of the delimiters, and repeated ones, do not matter, except that the first that no other begins with is written.
    ///
    /// # Errors
    /// [`SettingsError`] when there is no delimiter, or an empty one.
    pub fn new<I>(delimiters: I, max_payload: usize) -> Result<Self, SettingsError>
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        let mut nodes = alloc::vec![Node::default()];
        let mut ends: Vec<Vec<u8>> = Vec::new();
        for delimiter in delimiters {
            add(&mut nodes, delimiter.as_ref())?;
            ends.push(delimiter.as_ref().into());
        }
        link(&mut nodes);
        let starts = Starts::of(nodes.first().ok_or(SettingsError::NoDelimiter)?)?;
        let is_last = |end: &&Vec<u8>| !ends.iter().any(|other| other.len() > end.len() && other.starts_with(end));
        let end = ends.iter().find(is_last).cloned().unwrap_or_default();
        let are_bytes = ends.iter().all(|end| end.len() == 1);
        let firsts = (0..=u8::MAX).map(|byte| First::of(byte, &nodes)).collect();
        Ok(Self { limit: Limit::new(max_payload), starts, nodes, are_bytes, firsts, short_end: Short::of(&end), end })
    }

    /// Sets what happens to a frame beyond the limit.
    #[must_use]
    pub fn on_excess(mut self, on_excess: OnExcess) -> Self {
        self.limit = self.limit.on_excess(on_excess);
        self
    }

    #[inline(always)]
    fn node(&self, node: u32) -> Option<&Node> {
        self.nodes.get(node as usize)
    }

    /// Follows the automaton over a byte. Amortised O(1): a step back is paid for by a step forward before it.
    #[inline(always)]
    fn step(&self, mut node: u32, byte: u8) -> u32 {
        while let Some(at) = self.node(node) {
            if let Some((_, child)) = at.children.iter().find(|(label, _)| *label == byte) {
                return *child;
            }
            if node == 0 {
                break;
            }
            node = at.fail;
        }
        0
    }

    /// Finds the frame that ends at the first byte that begins a delimiter, where it ends there, and that is plain from the bytes of the first run. If no delimiter begins in them they are seen.
    #[inline(always)]
    fn at_once(&self, progress: &mut Progress, input: &Input<'_>) -> Option<Match> {
        let run = input.first();
        let Some(start) = self.starts.find(run) else {
            input.examined(run.len());
            progress.seen = run.len();
            return None;
        };
        let from = run.get(start..)?;
        let len = if self.are_bytes { 1 } else { self.short(from).or_else(|| self.longest(from))? };
        input.examined(start + len);
        Some(Match { start, end: start + len })
    }

    /// The same, for one of a byte or two. Without a branch between these, for in a stream with both kinds it would be mispredicted.
    #[inline(always)]
    fn short(&self, bytes: &[u8]) -> Option<usize> {
        let first = self.firsts.get(usize::from(*bytes.first()?))?;
        let next = bytes.get(1).map_or(NO_MORE, |next| u16::from(*next));
        let len = if next == first.second { 2 } else { first.alone };
        (len > 0 && (next != NO_MORE || first.second == NO_SECOND)).then_some(len)
    }

    /// The longest delimiter that these bytes begin with, if they tell.
    #[inline(never)]
    fn longest(&self, bytes: &[u8]) -> Option<usize> {
        let (mut node, mut longest) = (self.node(0)?, None);
        for (at, byte) in bytes.iter().enumerate() {
            let Some((_, child)) = node.children.iter().find(|(label, _)| label == byte) else { return longest };
            node = self.node(*child)?;
            if node.matched == at + 1 {
                longest = Some(at + 1);
            }
            if node.children.is_empty() {
                return longest;
            }
        }
        None
    }

    /// Sees the bytes that have not been seen, until the delimiter that ends the frame is certain.
    fn look(&self, progress: &mut Progress, input: &Input<'_>) -> Option<Match> {
        for run in input.runs_from(progress.seen) {
            let before = progress.seen;
            let found = self.look_at(progress, run);
            input.examined(progress.seen - before);
            if found.is_some() {
                return found;
            }
        }
        if input.is_end() { progress.best } else { None }
    }

    #[inline]
    fn look_at(&self, progress: &mut Progress, run: &[u8]) -> Option<Match> {
        let mut left = run;
        loop {
            if progress.node == 0 {
                let skipped = self.starts.find(left).unwrap_or(left.len());
                progress.seen += skipped;
                left = left.get(skipped..)?;
            }
            let (byte, rest) = left.split_first()?;
            left = rest;
            progress.seen += 1;
            progress.node = self.step(progress.node, *byte);
            let node = self.node(progress.node)?;
            if node.matched > 0 {
                let (start, end) = (progress.seen - node.matched, progress.seen);
                if progress.best.is_none_or(|best| start <= best.start) {
                    progress.best = Some(Match { start, end });
                }
            }
            match progress.best {
                Some(best) if progress.seen - node.live > best.start => return Some(best),
                _ => {}
            }
        }
    }

    /// Gives the frame that ends there, or judges its length.
    #[inline(always)]
    fn frame(&mut self, Match { start, end }: Match) -> Result<Found<usize>, Stop<Infallible>> {
        if self.limit.admits(start) {
            return Ok(Found::Frame { len: end, token: start });
        }
        let stepped = self.limit.beyond(end)?;
        Ok(stepped)
    }

    /// Follows the automaton, where what is at the front does not tell at once.
    #[inline(never)]
    fn look_on(&mut self, progress: &mut Progress, input: &Input<'_>) -> Result<Found<usize>, Stop<Infallible>> {
        match self.look(progress, input) {
            Some(found) => self.frame(found),
            None => self.unfinished(progress, input),
        }
    }

    /// No delimiter is certain yet: waits, or says that the frame is too long, or that the stream is over.
    fn unfinished(&mut self, progress: &Progress, input: &Input<'_>) -> Result<Found<usize>, Stop<Infallible>> {
        let live = if input.is_end() { 0 } else { self.node(progress.node).map_or(0, |node| node.live) };
        let payload = progress.best.map_or(usize::MAX, |best| best.start).min(progress.seen - live);
        self.limit.unfinished(payload, input)
    }
}

impl Decode for Delimiter {
    type Progress = Progress;
    /// The length of the payload.
    type Token = usize;
    type Frame<'a> = Delimited<'a>;
    type Fault = Infallible;

    #[inline(always)]
    fn scan(&mut self, progress: &mut Progress, input: &Input<'_>) -> Result<Found<usize>, Stop<Infallible>> {
        if progress.seen == 0 {
            if let Some(found) = self.at_once(progress, input) {
                return self.frame(found);
            }
        }
        self.look_on(progress, input)
    }

    #[inline(always)]
    fn open<'a>(payload: usize, _: &'a Progress, frame: &'a [u8]) -> Delimited<'a> {
        let (payload, delimiter) = frame.split_at_checked(payload).unwrap_or_default();
        Delimited { payload, delimiter, encoded: frame }
    }
}

impl Delimiter {
    /// Checks that a reader is certain of the end of a frame at its last byte.
    #[cold]
    fn check_end(&self, payload: &[u8]) -> Result<(), EncodeError<Unframable>> {
        let mut progress = Progress::default();
        let early = self.look_at(&mut progress, payload);
        let found = early.or_else(|| self.look_at(&mut progress, &self.end));
        match found {
            Some(Match { start, end }) if start == payload.len() && end == start + self.end.len() => Ok(()),
            _ => Err(EncodeError::Fault(Unframable::EndInside { before: progress.seen })),
        }
    }
}

/// Adds the prefixes of a delimiter.
fn add(nodes: &mut Vec<Node>, delimiter: &[u8]) -> Result<(), SettingsError> {
    let mut at = 0_u32;
    for byte in delimiter {
        let next = u32::try_from(nodes.len()).map_err(|_| SettingsError::TooLarge)?;
        let Some(node) = nodes.get_mut(at as usize) else { return Err(SettingsError::TooLarge) };
        at = if let Some((_, child)) = node.children.iter().find(|(label, _)| label == byte) {
            *child
        } else {
            node.children.push((*byte, next));
            nodes.push(Node::default());
            next
        };
    }
    match nodes.get_mut(at as usize) {
        Some(node) if at != 0 => node.matched = delimiter.len(),
        _ => return Err(SettingsError::EmptyDelimiter),
    }
    Ok(())
}

/// Fills in what each node knows of its ends, shorter nodes first.
fn link(nodes: &mut [Node]) {
    let mut queue = VecDeque::from([(0_u32, 0_usize)]);
    while let Some((parent, depth)) = queue.pop_front() {
        let (children, parent_fail) = match nodes.get(parent as usize) {
            Some(node) => (node.children.clone(), node.fail),
            None => return,
        };
        for (byte, child) in children {
            let fail = if parent == 0 { 0 } else { longest_end(nodes, parent_fail, byte) };
            let (end_matched, end_live) = nodes.get(fail as usize).map_or((0, 0), |end| (end.matched, end.live));
            if let Some(node) = nodes.get_mut(child as usize) {
                node.fail = fail;
                node.matched = node.matched.max(end_matched);
                node.live = if node.children.is_empty() { end_live } else { depth + 1 };
            }
            queue.push_back((child, depth + 1));
        }
    }
}

/// The longest prefix that `byte` makes of `node` or of its ends.
fn longest_end(nodes: &[Node], mut node: u32, byte: u8) -> u32 {
    while let Some(at) = nodes.get(node as usize) {
        if let Some((_, child)) = at.children.iter().find(|(label, _)| *label == byte) {
            return *child;
        }
        if node == 0 {
            break;
        }
        node = at.fail;
    }
    0
}

impl Encode for Delimiter {
    type Message<'a> = Payload<'a>;
    type Fault = Unframable;

    #[inline(always)]
    fn encode(&mut self, payload: &Payload<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Unframable>> {
        let payload = payload.source();
        self.limit.allows(payload.bytes.len())?;
        // Where no delimiter begins inside, the first is the one that is written, and no other begins with it.
        if self.starts.find(payload.bytes).is_some() {
            self.check_end(payload.bytes)?;
        }
        out.write_around(Short::NONE, payload, self.short_end.unwrap_or(Short::NONE))?;
        if self.short_end.is_none() {
            out.write(&self.end)?;
        }
        Ok(())
    }
}

/// The first bytes of all delimiters.
#[derive(Clone, Debug)]
enum Starts {
    One(u8),
    Two(u8, u8),
    Three(u8, u8, u8),
    Many(Vec<bool>),
}

impl Starts {
    fn of(root: &Node) -> Result<Self, SettingsError> {
        Ok(match *root.children.as_slice() {
            [] => return Err(SettingsError::NoDelimiter),
            [(a, _)] => Self::One(a),
            [(a, _), (b, _)] => Self::Two(a, b),
            [(a, _), (b, _), (c, _)] => Self::Three(a, b, c),
            ref many => {
                let mut starts = alloc::vec![false; 256];
                for (byte, _) in many {
                    if let Some(start) = starts.get_mut(usize::from(*byte)) {
                        *start = true;
                    }
                }
                Self::Many(starts)
            }
        })
    }

    #[inline(always)]
    fn find(&self, run: &[u8]) -> Option<usize> {
        match self {
            Self::One(a) => memchr::memchr(*a, run),
            Self::Two(a, b) => memchr::memchr2(*a, *b, run),
            Self::Three(a, b, c) => memchr::memchr3(*a, *b, *c, run),
            Self::Many(starts) => run.iter().position(|byte| starts.get(usize::from(*byte)).is_some_and(|start| *start)),
        }
    }
}
