//! Frames of one length.

use framewright::framing::Fixed;

use super::{Layout, Made, shown};

#[derive(Clone, Debug, Default, clap::Args)]
#[group(requires = "codec")]
#[command(next_help_heading = "Options of --codec fixed")]
pub(super) struct FixedArgs {
    /// How many bytes each frame has
    #[arg(long, value_name = "BYTES")]
    length: Option<usize>,
}

impl FixedArgs {
    pub(super) fn codec(&self) -> Made {
        let length = self.length.ok_or("--codec fixed needs --length")?;
        let decoder = Fixed::new(length).map_err(|wrong| wrong.to_string())?;
        Ok(shown(decoder, Layout::Behind(0, "")))
    }
}
