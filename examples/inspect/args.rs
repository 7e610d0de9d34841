//! The command line.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};

use crate::codec::{Codec, CodecArgs};
use crate::escape::{Bytes, unescape};
use crate::origin::{self, Origin};

/// Shows what is in a byte stream: its frames, its errors, and what is missing where it ends.
///
/// Without a file or an address it shows a little of each capture in examples/captures.
#[derive(Debug, Parser)]
#[command(name = "inspect")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) origin: OriginArgs,

    #[command(flatten)]
    pub(crate) codec: CodecArgs,

    #[command(flatten)]
    pub(crate) view: View,
}

/// Where the stream comes from: one place at most.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct OriginArgs {
    /// The file to read; `-` is standard input
    #[arg(group = "origin", requires = "codec")]
    file: Option<PathBuf>,

    /// Connect there, and show what the other side sends
    #[arg(long, value_name = "HOST:PORT", group = "origin", requires = "codec", value_parser = origin::remote)]
    connect: Option<String>,

    /// Show what one client sends that connects there; HOST is 127.0.0.1 unless given, and port 0 any that is free
    #[arg(long, value_name = "[HOST:]PORT", group = "origin", requires = "codec", value_parser = origin::local)]
    listen: Option<String>,

    /// Once connected, send this first, with escapes as in --delimiter
    #[arg(long, value_name = "TEXT", value_parser = unescape, allow_hyphen_values = true)]
    #[arg(requires = "connect", conflicts_with_all = ["file", "listen"])]
    send: Option<Bytes>,
}

impl OriginArgs {
    pub(crate) fn origin(self) -> Option<Origin> {
        let Self { file, connect, listen, send } = self;
        let connect = connect.map(|address| Origin::Connect { address, send: send.unwrap_or_default() });
        file.map(Origin::File).or(connect).or(listen.map(Origin::Listen))
    }
}

/// How to read, and how much to show.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What to show, and how to read")]
pub(crate) struct View {
    /// Show so many frames, or messages, and count the rest [default: all; 3 of each capture]
    #[arg(long, value_name = "N")]
    pub(crate) frames: Option<u64>,

    /// Show so many bytes of each frame, or of the body of each message [default: all; 48 of captures]
    #[arg(long, value_name = "N")]
    pub(crate) bytes: Option<usize>,

    /// Colour the output
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,

    /// Feed the engine chunks of at most so many bytes, instead of reading into its own buffer
    #[arg(long, value_name = "BYTES", value_parser = chunk)]
    pub(crate) chunk: Option<usize>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    Always,
    Never,
}

impl CodecArgs {
    /// Makes the codec; or says what is wrong with its options, and exits with 2.
    pub(crate) fn codec_or_exit(self) -> Codec {
        self.codec().unwrap_or_else(|wrong| Args::command().error(ErrorKind::ValueValidation, wrong).exit())
    }
}

/// Makes a codec from options as they stand on a command line, separated by spaces.
pub(crate) fn codec(options: &str) -> Codec {
    Args::parse_from(["inspect"].into_iter().chain(options.split(' ')).chain(["-"])).codec.codec_or_exit()
}

fn chunk(text: &str) -> Result<usize, String> {
    const LARGEST: usize = 1 << 30;
    let bytes = text.parse().map_err(|_| "not a number")?;
    if (1..=LARGEST).contains(&bytes) { Ok(bytes) } else { Err(format!("not in 1..={LARGEST}")) }
}
