//! Lengths in digits, and netstrings.

use clap::ValueEnum;
use framewright::framing::{AsciiLength, Base, Netstring};

use super::{Codec, Layout, LimitArgs, Made, shown};
use crate::escape::{Bytes, unescape};

#[derive(Clone, Debug, Default, clap::Args)]
#[group(requires = "codec")]
#[command(next_help_heading = "Options of --codec ascii-length")]
pub(super) struct AsciiLengthArgs {
    /// The digits of the length [default: decimal]
    #[arg(long)]
    base: Option<Digits>,

    /// What ends the digits, with escapes as in --delimiter
    #[arg(long, value_name = "TEXT", value_parser = unescape, allow_hyphen_values = true)]
    terminator: Option<Bytes>,

    /// What must follow the payload, with escapes as in --delimiter [default: nothing]
    #[arg(long, value_name = "TEXT", value_parser = unescape, allow_hyphen_values = true)]
    suffix: Option<Bytes>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Digits {
    Decimal,
    Hex,
}

impl AsciiLengthArgs {
    pub(super) fn codec(&self, limit: LimitArgs) -> Made {
        let terminator = self.terminator.as_ref().ok_or("--codec ascii-length needs --terminator")?;
        let base = match self.base {
            Some(Digits::Decimal) | None => Base::Decimal,
            Some(Digits::Hex) => Base::Hex,
        };
        let suffix = self.suffix.as_deref().unwrap_or_default();
        let decoder = AsciiLength::new(base, terminator, limit.max()).map_err(|wrong| wrong.to_string())?;
        Ok(shown(decoder.trailer(suffix).on_excess(limit.on_excess()), Layout::Before(suffix.len(), "suffix")))
    }
}

pub(super) fn netstring(limit: LimitArgs) -> Codec {
    shown(Netstring::new(limit.max()).on_excess(limit.on_excess()), Layout::Before(1, "comma"))
}
