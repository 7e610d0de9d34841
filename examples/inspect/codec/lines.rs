//! Lines, of bytes and of UTF-8.

use clap::ValueEnum;
use framewright::framing::{LineEnding, Lines, Utf8Lines};

use super::{Codec, Layout, LimitArgs, shown};

#[derive(Clone, Debug, Default, clap::Args)]
#[group(requires = "codec")]
#[command(next_help_heading = "Options of --codec lines and utf8-lines")]
pub(super) struct LinesArgs {
    /// What ends a line [default: lf-or-crlf]
    #[arg(long)]
    ending: Option<Ending>,

    /// Count the ending as part of the line
    #[arg(long)]
    keep: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Ending {
    Lf,
    Crlf,
    LfOrCrlf,
    Any,
}

const LAYOUT: Layout = Layout::Behind(0, "ending");

impl LinesArgs {
    pub(super) fn lines(&self, limit: LimitArgs) -> Codec {
        let decoder = Lines::new(limit.max()).ending(self.ending()).on_excess(limit.on_excess());
        shown(if self.keep { decoder.keep_ending() } else { decoder }, LAYOUT)
    }

    pub(super) fn utf8_lines(&self, limit: LimitArgs) -> Codec {
        let decoder = Utf8Lines::new(limit.max()).ending(self.ending()).on_excess(limit.on_excess());
        shown(if self.keep { decoder.keep_ending() } else { decoder }, LAYOUT)
    }

    fn ending(&self) -> LineEnding {
        match self.ending {
            Some(Ending::Lf) => LineEnding::Lf,
            Some(Ending::Crlf) => LineEnding::CrLf,
            Some(Ending::LfOrCrlf) | None => LineEnding::LfOrCrLf,
            Some(Ending::Any) => LineEnding::Any,
        }
    }
}
