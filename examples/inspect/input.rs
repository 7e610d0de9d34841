//! Where the bytes come from.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use framewright::NeedMoreData;
use framewright::buf::{BufConfig, LinearBuf, StreamBuf, StreamBufMut};
use indicatif::{ProgressBar, ProgressStyle};

use crate::show::count;

/// A file of at least so many bytes takes long enough for a progress bar.
const LONG_FILE: u64 = 8 << 20;
/// Whoever waits longer than this wants to know for what.
const PATIENCE: Duration = Duration::from_millis(200);
/// How many bytes before a frame are remembered, to be shown beside an error in it.
const CONTEXT: u64 = 64;

/// A file or a pipe, read once from start to end.
pub(crate) struct Source {
    name: PathBuf,
    input: Box<dyn Read>,
    /// What was read, from a little before the frame at the front on.
    seen: LinearBuf,
    bar: ProgressBar,
    /// Of an input whose next bytes may be a while in coming.
    watch: Option<Watch>,
}

impl Source {
    /// Opens a file; `-` is standard input.
    pub(crate) fn open(name: &Path) -> io::Result<Self> {
        let live = |input| Ok(Self::new(name, input, no_bar(), Some(Watch::start())));
        if name == Path::new("-") {
            return live(Box::new(io::stdin().lock()));
        }
        let file = File::open(name).map_err(|error| about(name, &error))?;
        let facts = file.metadata()?;
        if !facts.is_file() {
            return live(Box::new(file));
        }
        let bar = if facts.len() < LONG_FILE { no_bar() } else { bar(facts.len()) };
        Ok(Self::new(name, Box::new(file), bar, None))
    }

    fn new(name: &Path, input: Box<dyn Read>, bar: ProgressBar, watch: Option<Watch>) -> Self {
        // It holds what the engine holds, whose frames the codec limits.
        let seen = LinearBuf::with_config(BufConfig::unlimited());
        Self { name: name.to_owned(), input, seen, bar, watch }
    }

    /// Reads once; 0 is the end. On a pipe that brings nothing for a while, says that the stream waits for `wait`.
    pub(crate) fn read(&mut self, room: &mut [u8], wait: Wait) -> io::Result<usize> {
        if let Some(watch) = &self.watch {
            watch.tell(Event::Begin(wait, self.total()));
        }
        let n = self.read_uninterrupted(room).map_err(|error| about(&self.name, &error))?;
        if let Some(watch) = &self.watch {
            watch.tell(Event::End);
        }
        self.seen.write(&room[..n])?;
        self.bar.set_position(self.total());
        Ok(n)
    }

    fn read_uninterrupted(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.input.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
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
}

/// Of an offset in what is remembered: it fits memory, or is out of range anyway.
fn as_len(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

fn about(name: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", name.display()))
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
                    let _ = writeln!(io::stderr(), "waiting: {wait}, from byte {offset} on");
                }
            }
        }
    }
}
