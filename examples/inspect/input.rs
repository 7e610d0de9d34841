//! Reading, and what one has to see of it: what was read, how far it is, what it waits for.

use std::fmt;
use std::io::{self, Read};
use std::mem;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use framewright::NeedMoreData;
use framewright::buf::{BufConfig, LinearBuf, StreamBuf, StreamBufMut};
use indicatif::{ProgressBar, ProgressStyle};

use crate::screen::note;
use crate::show::count;

/// A file of at least so many bytes takes long enough for a progress bar.
const LONG_FILE: u64 = 8 << 20;
/// Whoever waits longer than this wants to know for what.
const PATIENCE: Duration = Duration::from_millis(200);
/// How many bytes before a frame are remembered, to be shown beside an error in it.
const CONTEXT: u64 = 64;

/// A stream, read once from start to end.
pub(crate) struct Source {
    name: String,
    input: Box<dyn Read>,
    /// What was read, from a little before the frame at the front on.
    seen: LinearBuf,
    bar: ProgressBar,
    /// Of an input whose next bytes may be a while in coming.
    watch: Option<Watch>,
    /// What the next read is for.
    wait: Wait,
    /// Why what was read may not be all.
    failure: Option<io::Error>,
}

impl Source {
    /// Reads what is there already: `len` bytes.
    pub(crate) fn stored(name: String, input: impl Read + 'static, len: u64) -> Self {
        Self::new(name, input, if len < LONG_FILE { no_bar() } else { bar(len) }, None)
    }

    /// Reads what comes when it comes; when nothing comes for a while, says what the stream waits for.
    pub(crate) fn live(name: String, input: impl Read + 'static) -> Self {
        Self::new(name, input, no_bar(), Some(Watch::start()))
    }

    fn new(name: String, input: impl Read + 'static, bar: ProgressBar, watch: Option<Watch>) -> Self {
        // It holds what the engine holds, whose frames the codec limits.
        let seen = LinearBuf::with_config(BufConfig::unlimited());
        Self { name, input: Box::new(input), seen, bar, watch, wait: Wait::NextFrame, failure: None }
    }

    /// Remembers what the stream needs to go on.
    pub(crate) fn wait_for(&mut self, wait: Wait) {
        self.wait = wait;
    }

    /// Tells whether whoever is watching should see all there is before the next read.
    pub(crate) fn is_live(&self) -> bool {
        self.watch.is_some()
    }

    /// Forgets what lies far before `position`, the offset of the first unread byte.
    pub(crate) fn forget(&mut self, position: u64) -> io::Result<()> {
        let far = position.saturating_sub(CONTEXT).saturating_sub(self.seen.position());
        Ok(self.seen.advance(as_len(far))?)
    }

    /// Returns what was read from `offset` on, `len` bytes at most. From a little before the first unread byte on, all is remembered.
    pub(crate) fn seen(&self, offset: u64, len: usize) -> &[u8] {
        let seen = self.seen.peek();
        let start = as_len(offset.saturating_sub(self.seen.position())).min(seen.len());
        let end = start.saturating_add(len).min(seen.len());
        &seen[start..end]
    }

    /// Returns how many bytes were read.
    pub(crate) fn total(&self) -> u64 {
        self.seen.position() + self.seen.len() as u64
    }

    pub(crate) fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }

    /// Returns, once, the error that ended the stream.
    pub(crate) fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }

    /// Reads once, after any number of interruptions. After a failure, what came is all there will be.
    fn read_or_end(&mut self, room: &mut [u8]) -> usize {
        loop {
            match self.input.read(room) {
                Ok(n) => return n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failure = Some(about(&self.name, &error));
                    return 0;
                }
            }
        }
    }
}

impl Read for Source {
    /// Reads once. A failure is kept for later, and ends the stream here.
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if let Some(watch) = &self.watch {
            watch.tell(Event::Begin(self.wait, self.total()));
        }
        let n = self.read_or_end(room);
        if let Some(watch) = &self.watch {
            watch.tell(Event::End);
            if n == 0 {
                note(&format!("ended: at byte {}", self.total()));
            }
        }
        self.seen.write(&room[..n])?;
        self.bar.set_position(self.total());
        Ok(n)
    }
}

/// Of an offset in what is remembered: it fits memory, or is out of range anyway.
fn as_len(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// Says of which input an error is. Its kind is lost, so that a broken pipe is always that of the output.
pub(crate) fn about(name: &str, error: &io::Error) -> io::Error {
    io::Error::other(format!("{name}: {error}"))
}

pub(crate) fn no_bar() -> ProgressBar {
    ProgressBar::hidden()
}

/// A progress bar on standard error, if that is a terminal.
fn bar(bytes: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// What the stream needs to go on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wait {
    NextFrame,
    Bytes(NeedMoreData),
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NextFrame => write!(f, "the next frame"),
            Self::Bytes(short) => write!(f, "at least {}", count(short.missing.get() as u64, "more byte")),
        }
    }
}

/// A thread that says on standard error what a read waits for, once for each that takes long.
struct Watch(Sender<Event>);

enum Event {
    /// A read begins, at this offset.
    Begin(Wait, u64),
    End,
}

impl Watch {
    fn start() -> Self {
        let (sender, events) = channel();
        thread::spawn(move || watch(&events));
        Self(sender)
    }

    fn tell(&self, event: Event) {
        let _ = self.0.send(event); // to a thread that lives as long as the sender
    }
}

fn watch(events: &Receiver<Event>) {
    let mut last = Event::End;
    loop {
        match events.recv_timeout(PATIENCE) {
            Ok(event) => last = event,
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                if let Event::Begin(wait, offset) = mem::replace(&mut last, Event::End) {
                    note(&format!("waiting: {wait}, from byte {offset} on"));
                }
            }
        }
    }
}
