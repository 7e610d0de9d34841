//! Standard output, its colours, and the progress bar that it shares a terminal with; standard error.

use std::io::{self, BufWriter, StdoutLock, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use indicatif::ProgressBar;

use crate::args::Color;

/// How things look.
pub(crate) struct Palette {
    pub(crate) title: Style,
    /// The offsets beside a hexdump.
    pub(crate) offset: Style,
    /// The bytes of a frame around its payload.
    pub(crate) around: Style,
    pub(crate) error: Style,
    /// The byte where an error is.
    pub(crate) mark: Style,
}

const PLAIN: Style = Style::new();
const MONOCHROME: Palette = Palette { title: PLAIN, offset: PLAIN, around: PLAIN, error: PLAIN, mark: PLAIN };
const COLORED: Palette = Palette {
    title: PLAIN.bold(),
    offset: PLAIN.dimmed(),
    around: AnsiColor::Cyan.on_default(),
    error: AnsiColor::Red.on_default().bold(),
    mark: AnsiColor::Red.on_default().bold().invert(),
};

pub(crate) struct Screen {
    out: BufWriter<Terminal>,
    pub(crate) palette: &'static Palette,
}

struct Terminal {
    out: StdoutLock<'static>,
    /// Cleared away while something is written.
    bar: ProgressBar,
}

impl Screen {
    pub(crate) fn new(color: Color, bar: ProgressBar) -> Self {
        let colored = match color {
            Color::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
            Color::Always => true,
            Color::Never => false,
        };
        let terminal = Terminal { out: io::stdout().lock(), bar };
        Self { out: BufWriter::with_capacity(64 * 1024, terminal), palette: if colored { &COLORED } else { &MONOCHROME } }
    }
}

impl Write for Screen {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.out.write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Write for Terminal {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.bar.suspend(|| self.out.write(text))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.bar.suspend(|| self.out.flush())
    }
}

/// Writes a line to standard error, where nobody may be listening.
pub(crate) fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
