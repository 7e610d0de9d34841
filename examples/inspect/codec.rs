//! The codecs that the tool knows: the one place to add another.
//!
//! A codec is a name, its options, what they make ([`Shown`]), a way to find the payload in a frame ([`Payload`]) unless its frames are like another's, and a line in each `match` here.

use std::io;

use clap::ValueEnum;
use framewright::framing::{Counts, Delimited, Delimiter, LengthField, LineEnding, Lines, OnExcess, Width};

use crate::escape::{Bytes, unescape};
use crate::input::Source;
use crate::run::{Outcome, run};
use crate::show::Report;

/// A decoder, and what one has to know to show where its frames lie in the stream.
pub(crate) struct Shown<D> {
    pub(crate) decoder: D,
    pub(crate) layout: Layout,
}

#[derive(Clone, Copy)]
pub(crate) struct Layout {
    /// How many bytes of an encoded frame come before its payload.
    pub(crate) header: usize,
    /// What the bytes behind the payload are called.
    pub(crate) tail: &'static str,
    /// How many bytes of a bad frame have arrived when it is found to be bad, however the stream was cut.
    pub(crate) judged: usize,
}

/// What a frame delivers.
pub(crate) trait Payload {
    fn payload(&self) -> &[u8];
}

impl Payload for &[u8] {
    fn payload(&self) -> &[u8] {
        self
    }
}

impl Payload for Delimited<'_> {
    fn payload(&self) -> &[u8] {
        Delimited::payload(self)
    }
}

pub(crate) enum Codec {
    Lines(Shown<Lines>),
    Delimiters(Shown<Delimiter>),
    LengthField(Shown<LengthField>),
}

impl Codec {
    pub(crate) fn run(self, source: &mut Source, chunk: Option<usize>, report: &mut Report<'_>) -> io::Result<Outcome> {
        match self {
            Self::Lines(codec) => run(codec, source, chunk, report),
            Self::Delimiters(codec) => run(codec, source, chunk, report),
            Self::LengthField(codec) => run(codec, source, chunk, report),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    Lines,
    Delimiters,
    LengthField,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CodecArgs {
    /// What cuts the stream into frames
    #[arg(long, value_name = "NAME", requires = "origin")]
    codec: Option<Name>,

    #[command(flatten)]
    lines: Option<LinesArgs>,
    #[command(flatten)]
    delimiters: Option<DelimitersArgs>,
    #[command(flatten)]
    length_field: Option<LengthFieldArgs>,

    #[command(flatten)]
    limit: LimitArgs,
}

#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Options of every codec")]
struct LimitArgs {
    /// The longest payload; of length fields that keep their header or trailer, with what is kept
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 24, requires = "codec")]
    max: usize,

    /// What to do with a longer one
    #[arg(long, value_name = "WHAT", default_value = "fail", requires = "codec")]
    on_excess: Excess,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Excess {
    Fail,
    Discard,
}

#[derive(Clone, Debug, Default, clap::Args)]
#[group(requires = "codec")]
#[command(next_help_heading = "Options of --codec lines")]
struct LinesArgs {
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

#[derive(Clone, Debug, clap::Args)]
#[group(requires = "codec")]
#[command(next_help_heading = "Options of --codec delimiters")]
struct DelimitersArgs {
    /// What ends a frame, with \r \n \t \0 \\ and \xHH; may be given several times
    #[arg(long, value_name = "TEXT", value_parser = unescape, allow_hyphen_values = true)]
    delimiter: Vec<Bytes>,
}

#[derive(Clone, Debug, clap::Args)]
#[group(requires = "codec")]
#[command(next_help_heading = "Options of --codec length-field")]
struct LengthFieldArgs {
    /// How many bytes the length has: 1, 2, 3, 4 or 8
    #[arg(long, value_name = "BYTES", value_parser = width)]
    width: Option<Width>,

    /// The length has its least significant byte first
    #[arg(long)]
    little_endian: bool,

    /// How many bytes lie before the length [default: 0]
    #[arg(long, value_name = "BYTES")]
    offset: Option<usize>,

    /// What the length counts: payload, frame, or what follows it less this NUMBER [default: payload]
    #[arg(long, value_name = "payload|frame|NUMBER", value_parser = counts, allow_negative_numbers = true)]
    counts: Option<Counts>,

    /// How many bytes lie before the payload [default: what the length and its offset take]
    #[arg(long, value_name = "BYTES")]
    header: Option<usize>,

    /// How many bytes lie behind the payload [default: 0]
    #[arg(long, value_name = "BYTES")]
    trailer: Option<usize>,

    /// Count the header as part of the payload
    #[arg(long)]
    keep_header: bool,

    /// Count the trailer as part of the payload
    #[arg(long)]
    keep_trailer: bool,
}

impl CodecArgs {
    /// Makes the codec, or says what is wrong with its options.
    pub(crate) fn codec(&self) -> Result<Codec, String> {
        let name = self.codec.ok_or("no --codec")?;
        self.refuse_options_of_others(name)?;
        match name {
            Name::Lines => Ok(Codec::Lines(self.lines.clone().unwrap_or_default().shown(self.limit))),
            Name::Delimiters => {
                let options = self.delimiters.as_ref().ok_or("--codec delimiters needs --delimiter")?;
                options.shown(self.limit).map(Codec::Delimiters)
            }
            Name::LengthField => {
                let options = self.length_field.as_ref().ok_or("--codec length-field needs --width")?;
                options.shown(self.limit).map(Codec::LengthField)
            }
        }
    }

    fn refuse_options_of_others(&self, name: Name) -> Result<(), String> {
        let options = [
            (Name::Lines, self.lines.is_some()),
            (Name::Delimiters, self.delimiters.is_some()),
            (Name::LengthField, self.length_field.is_some()),
        ];
        match options.into_iter().find(|(other, given)| *given && *other != name) {
            Some((other, _)) => Err(format!("--codec {} has no options of {}", spelling(name), spelling(other))),
            None => Ok(()),
        }
    }
}

fn spelling(name: Name) -> String {
    name.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

impl LinesArgs {
    fn shown(&self, limit: LimitArgs) -> Shown<Lines> {
        let ending = match self.ending {
            Some(Ending::Lf) => LineEnding::Lf,
            Some(Ending::Crlf) => LineEnding::CrLf,
            Some(Ending::LfOrCrlf) | None => LineEnding::LfOrCrLf,
            Some(Ending::Any) => LineEnding::Any,
        };
        let decoder = Lines::new(limit.max).ending(ending).on_excess(limit.on_excess());
        let decoder = if self.keep { decoder.keep_ending() } else { decoder };
        Shown { decoder, layout: Layout { header: 0, tail: "ending", judged: limit.judged() } }
    }
}

impl DelimitersArgs {
    fn shown(&self, limit: LimitArgs) -> Result<Shown<Delimiter>, String> {
        let decoder = Delimiter::new(&self.delimiter, limit.max).map_err(|wrong| wrong.to_string())?;
        let decoder = decoder.on_excess(limit.on_excess());
        Ok(Shown { decoder, layout: Layout { header: 0, tail: "delimiter", judged: limit.judged() } })
    }
}

impl LengthFieldArgs {
    fn shown(&self, limit: LimitArgs) -> Result<Shown<LengthField>, String> {
        let width = self.width.ok_or("--codec length-field needs --width")?;
        let offset = self.offset.unwrap_or(0);
        let judged = offset.saturating_add(width as usize);
        let header = self.header.unwrap_or(judged);
        let counts = self.counts.unwrap_or(Counts::Payload);
        let mut builder = LengthField::builder(width, counts, limit.max)
            .offset(offset)
            .header(header)
            .trailer(self.trailer.unwrap_or(0))
            .on_excess(limit.on_excess());
        if self.little_endian {
            builder = builder.little_endian();
        }
        if self.keep_header {
            builder = builder.keep_header();
        }
        if self.keep_trailer {
            builder = builder.keep_trailer();
        }
        let decoder = builder.build().map_err(|wrong| wrong.to_string())?;
        let header = if self.keep_header { 0 } else { header };
        Ok(Shown { decoder, layout: Layout { header, tail: "trailer", judged } })
    }
}

impl LimitArgs {
    fn on_excess(self) -> OnExcess {
        match self.on_excess {
            Excess::Fail => OnExcess::Fail,
            Excess::Discard => OnExcess::Discard,
        }
    }

    /// A payload without a length is found too long at the first byte beyond the limit.
    fn judged(self) -> usize {
        self.max.saturating_add(1)
    }
}

fn width(text: &str) -> Result<Width, &'static str> {
    match text {
        "1" => Ok(Width::U8),
        "2" => Ok(Width::U16),
        "3" => Ok(Width::U24),
        "4" => Ok(Width::U32),
        "8" => Ok(Width::U64),
        _ => Err("not 1, 2, 3, 4 or 8"),
    }
}

fn counts(text: &str) -> Result<Counts, &'static str> {
    match text {
        "payload" => Ok(Counts::Payload),
        "frame" => Ok(Counts::Frame),
        number => number.parse().map(Counts::Adjusted).map_err(|_| "neither payload, nor frame, nor a number"),
    }
}
