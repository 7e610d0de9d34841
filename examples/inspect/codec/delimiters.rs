//! Delimiters.

use framewright::framing::Delimiter;

use super::{Layout, LimitArgs, Made, shown};
use crate::escape::{Bytes, unescape};

#[derive(Clone, Debug, Default, clap::Args)]
#[group(requires = "codec")]
#[command(next_help_heading = "Options of --codec delimiters")]
pub(super) struct DelimitersArgs {
    /// What ends a frame, with \r \n \t \0 \\ and \xHH; may be given several times
    #[arg(long, value_name = "TEXT", value_parser = unescape, allow_hyphen_values = true)]
    delimiter: Vec<Bytes>,
}

impl DelimitersArgs {
    pub(super) fn codec(&self, limit: LimitArgs) -> Made {
        if self.delimiter.is_empty() {
            return Err("--codec delimiters needs --delimiter".to_owned());
        }
        let decoder = Delimiter::new(&self.delimiter, limit.max()).map_err(|wrong| wrong.to_string())?;
        Ok(shown(decoder.on_excess(limit.on_excess()), Layout::Behind(0, "delimiter")))
    }
}
