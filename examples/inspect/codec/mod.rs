//! The codecs that the tool knows: the one place to add another.
//!
//! A codec is a [`Name`], its options in a file of this folder, what they make ([`Shown`]), and a line in each list of [`CodecArgs`].

mod checksum;
mod delimiters;
mod digits;
mod fixed;
mod headers;
mod http1;
mod lines;
mod stuffed;

use std::io;
use std::ops::Range;

use clap::ValueEnum;
use framewright::framing::{Delimited, OnExcess};
use framewright::{Decode, Place};

use crate::input::Source;
use crate::run::{ErrorOf, FrameOf, Outcome, Show, judged, run};
use crate::show::{BAD, Report};

/// A decoder, and what one has to know to show where its frames lie in the stream.
#[derive(Clone)]
struct Shown<D> {
    decoder: D,
    layout: Layout,
}

/// Where a payload lies among the encoded bytes of its frame.
#[derive(Clone, Copy)]
pub(crate) enum Layout {
    /// Behind so many bytes. What is behind the payload is called so.
    Behind(usize, &'static str),
    /// Before so many bytes, which are called so. A frame that is truncated lacks them.
    Before(usize, &'static str),
    /// Nowhere: what was done to it for the journey was undone, which is called so.
    Undone(&'static str),
}

impl Layout {
    /// Where a payload of so many bytes lies in its frame.
    pub(crate) fn payload(self, place: Place, payload: usize) -> Option<Range<usize>> {
        let start = match self {
            Self::Behind(header, _) => header,
            Self::Before(..) if place.truncated => place.len.saturating_sub(payload),
            Self::Before(tail, _) => place.len.saturating_sub(payload + tail),
            Self::Undone(_) => return None,
        };
        Some(start..start + payload)
    }

    /// What the bytes behind a payload are called, or what was done to it.
    pub(crate) fn name(self) -> &'static str {
        let (Self::Behind(_, name) | Self::Before(_, name) | Self::Undone(name)) = self;
        name
    }
}

/// What a frame delivers.
trait Payload {
    fn payload(&self) -> &[u8];
}

impl Payload for &[u8] {
    fn payload(&self) -> &[u8] {
        self
    }
}

impl Payload for &str {
    fn payload(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Payload for Delimited<'_> {
    fn payload(&self) -> &[u8] {
        Delimited::payload(self)
    }
}

/// A codec of any kind, or what is wrong with its options.
pub(crate) type Codec = Box<dyn Run>;
type Made = Result<Codec, String>;

pub(crate) trait Run {
    /// Shows a stream, as [`run`] does.
    fn run(&self, source: &mut Source, chunk: Option<usize>, report: &mut Report<'_>) -> io::Result<Outcome>;
}

impl<S: Show + Clone> Run for S {
    fn run(&self, source: &mut Source, chunk: Option<usize>, report: &mut Report<'_>) -> io::Result<Outcome> {
        run(self.clone(), source, chunk, report)
    }
}

impl<D> Show for Shown<D>
where
    D: Decode + Clone,
    for<'a> D::Frame<'a>: Payload,
{
    type Decoder = D;

    fn decoder(&self) -> D {
        self.decoder.clone()
    }

    fn frame(&mut self, frame: FrameOf<'_, Self>, place: Place, source: &Source, report: &mut Report<'_>) -> io::Result<()> {
        report.frame(place, source.seen(place.offset, place.len), frame.payload(), self.layout)
    }

    fn error(&mut self, error: &ErrorOf<Self>, source: &Source, report: &mut Report<'_>) -> io::Result<()> {
        let len = judged(&self.decoder, source.seen(error.offset, BAD));
        report.error(error, error.offset, len, source)
    }
}

/// Makes a codec of a decoder.
fn shown<D>(decoder: D, layout: Layout) -> Codec
where
    D: Decode + Clone + 'static,
    for<'a> D::Frame<'a>: Payload,
{
    Box::new(Shown { decoder, layout })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    Lines,
    Utf8Lines,
    Delimiters,
    LengthField,
    Fixed,
    Varint,
    AsciiLength,
    Netstring,
    SyncWord,
    Cobs,
    Slip,
    Http1Request,
    Http1Response,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CodecArgs {
    /// What cuts the stream into frames
    #[arg(long, value_name = "NAME", requires = "origin")]
    codec: Option<Name>,

    #[command(flatten)]
    limit: LimitArgs,

    #[command(flatten)]
    lines: Option<lines::LinesArgs>,
    #[command(flatten)]
    delimiters: Option<delimiters::DelimitersArgs>,
    #[command(flatten)]
    fixed: Option<fixed::FixedArgs>,
    #[command(flatten)]
    header: Option<headers::HeaderArgs>,
    #[command(flatten)]
    length: Option<headers::LengthArgs>,
    #[command(flatten)]
    length_field: Option<headers::LengthFieldArgs>,
    #[command(flatten)]
    sync_word: Option<headers::SyncWordArgs>,
    #[command(flatten)]
    varint: Option<headers::VarintArgs>,
    #[command(flatten)]
    ascii_length: Option<digits::AsciiLengthArgs>,
    #[command(flatten)]
    http1: Option<http1::Http1Args>,
    #[command(flatten)]
    http1_response: Option<http1::ResponseArgs>,
}

impl CodecArgs {
    /// Makes the codec, or says what is wrong with its options.
    pub(crate) fn codec(self) -> Made {
        let name = self.codec.ok_or("no --codec")?;
        self.refuse_options_of_others(name)?;
        let (limit, header, length) = (self.limit, self.header.unwrap_or_default(), self.length.unwrap_or_default());
        match name {
            Name::Lines => Ok(self.lines.unwrap_or_default().lines(limit)),
            Name::Utf8Lines => Ok(self.lines.unwrap_or_default().utf8_lines(limit)),
            Name::Delimiters => self.delimiters.unwrap_or_default().codec(limit),
            Name::LengthField => length.length_field(header, self.length_field.unwrap_or_default(), limit),
            Name::Fixed => self.fixed.unwrap_or_default().codec(),
            Name::Varint => Ok(self.varint.unwrap_or_default().codec(header, limit)),
            Name::AsciiLength => self.ascii_length.unwrap_or_default().codec(limit),
            Name::Netstring => Ok(digits::netstring(limit)),
            Name::SyncWord => length.sync_word(header, self.sync_word.unwrap_or_default(), limit),
            Name::Cobs => Ok(stuffed::cobs(limit)),
            Name::Slip => Ok(stuffed::slip(limit)),
            Name::Http1Request => Ok(self.http1.unwrap_or_default().requests(limit)),
            Name::Http1Response => Ok(self.http1.unwrap_or_default().responses(self.http1_response.unwrap_or_default(), limit)),
        }
    }

    fn refuse_options_of_others(&self, name: Name) -> Result<(), String> {
        use Name::{AsciiLength, Delimiters, Fixed, Http1Request, Http1Response, LengthField, Lines, SyncWord, Utf8Lines, Varint};
        let of_its_own: [(&str, bool, &[Name]); 11] = [
            ("options of lines", self.lines.is_some(), &[Lines, Utf8Lines]),
            ("options of delimiters", self.delimiters.is_some(), &[Delimiters]),
            ("options of fixed", self.fixed.is_some(), &[Fixed]),
            ("--offset or --keep-header", self.header.is_some(), &[LengthField, SyncWord, Varint]),
            ("options of length-field", self.length.is_some(), &[LengthField, SyncWord]),
            ("--keep-trailer", self.length_field.is_some(), &[LengthField]),
            ("options of sync-word", self.sync_word.is_some(), &[SyncWord]),
            ("options of varint", self.varint.is_some(), &[Varint]),
            ("options of ascii-length", self.ascii_length.is_some(), &[AsciiLength]),
            ("options of http1-request and http1-response", self.http1.is_some(), &[Http1Request, Http1Response]),
            ("--answers", self.http1_response.is_some(), &[Http1Response]),
        ];
        let of_most: [(&str, bool, &[Name]); 3] = [
            ("--max: all its frames are of one length", self.limit.max.is_some(), &[Fixed]),
            ("--on-excess: no frame of it is too long", self.limit.on_excess.is_some(), &[Fixed, SyncWord]),
            ("--on-excess: what is too much ends the stream", self.limit.on_excess.is_some(), &[Http1Request, Http1Response]),
        ];
        let foreign = of_its_own.iter().find(|(_, given, takers)| *given && !takers.contains(&name));
        let senseless = || of_most.iter().find(|(_, given, others)| *given && others.contains(&name));
        match foreign.or_else(senseless) {
            Some((what, ..)) => Err(format!("--codec {} has no {what}", spelling(name))),
            None => Ok(()),
        }
    }
}

fn spelling(name: Name) -> String {
    name.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Options of every codec but fixed")]
struct LimitArgs {
    /// The longest payload; of length fields and sync words that keep their header or trailer, with what is kept; of HTTP the longest body [default: 16777216; of HTTP none]
    #[arg(long, value_name = "BYTES", requires = "codec")]
    max: Option<usize>,

    /// What to do with a longer one; to a sync word it is no frame, and HTTP always fails [default: fail]
    #[arg(long, value_name = "WHAT", requires = "codec")]
    on_excess: Option<Excess>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Excess {
    Fail,
    Discard,
    Truncate,
}

impl LimitArgs {
    fn max(self) -> usize {
        self.max.unwrap_or(1 << 24)
    }

    fn on_excess(self) -> OnExcess {
        match self.on_excess {
            Some(Excess::Fail) | None => OnExcess::Fail,
            Some(Excess::Discard) => OnExcess::Discard,
            Some(Excess::Truncate) => OnExcess::Truncate,
        }
    }
}
