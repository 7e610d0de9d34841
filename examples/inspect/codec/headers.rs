//! Lengths in a header, of fixed width or not, behind magic bytes or not.

use clap::ValueEnum;
use framewright::framing::{Checksum, Counts, LengthField, SyncWord, Varint, VarintForm, Width};

use super::{Codec, Layout, LimitArgs, Made, checksum, shown};
use crate::escape::{Bytes, unescape};

#[derive(Clone, Copy, Debug, Default, clap::Args)]
#[group(requires = "codec")]
#[command(next_help_heading = "Options of --codec length-field, sync-word and varint")]
pub(super) struct HeaderArgs {
    /// How many bytes lie before the length; of a sync word, between the magic and the length [default: 0]
    #[arg(long, value_name = "BYTES")]
    offset: Option<usize>,

    /// Count the header as part of the payload
    #[arg(long)]
    keep_header: bool,
}

#[derive(Clone, Copy, Debug, Default, clap::Args)]
#[group(requires = "codec")]
#[command(next_help_heading = "Options of --codec length-field and sync-word")]
pub(super) struct LengthArgs {
    /// How many bytes the length has: 1, 2, 3, 4 or 8
    #[arg(long, value_name = "BYTES", value_parser = width)]
    width: Option<Width>,

    /// The length has its least significant byte first
    #[arg(long)]
    little_endian: bool,

    /// What the length counts: payload, frame, or what follows it less this NUMBER [default: payload]
    #[arg(long, value_name = "payload|frame|NUMBER", value_parser = counts, allow_negative_numbers = true)]
    counts: Option<Counts>,

    /// How many bytes lie before the payload; of a sync word, behind the magic [default: what the length and its offset take]
    #[arg(long, value_name = "BYTES")]
    header: Option<usize>,

    /// How many bytes lie behind the payload [default: what the checksum takes]
    #[arg(long, value_name = "BYTES")]
    trailer: Option<usize>,

    /// The checksum that must be directly behind the payload [default: none]
    #[arg(long, value_name = "NAME", value_parser = checksum::named())]
    checksum: Option<Checksum>,

    /// The checksum has its least significant byte first
    #[arg(long, requires = "checksum")]
    checksum_little_endian: bool,

    /// How many bytes at the start of the frame the checksum does not cover [default: 0]
    #[arg(long, value_name = "BYTES", requires = "checksum")]
    checksum_from: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, clap::Args)]
#[group(requires = "codec")]
#[command(next_help_heading = "Options of --codec length-field")]
pub(super) struct LengthFieldArgs {
    /// Count the trailer as part of the payload
    #[arg(long)]
    keep_trailer: bool,
}

#[derive(Clone, Debug, Default, clap::Args)]
#[group(requires = "codec")]
#[command(next_help_heading = "Options of --codec sync-word")]
pub(super) struct SyncWordArgs {
    /// The magic bytes that a frame begins with, with escapes as in --delimiter
    #[arg(long, value_name = "TEXT", value_parser = unescape, allow_hyphen_values = true)]
    magic: Option<Bytes>,
}

#[derive(Clone, Copy, Debug, Default, clap::Args)]
#[group(requires = "codec")]
#[command(next_help_heading = "Options of --codec varint")]
pub(super) struct VarintArgs {
    /// How the length is written [default: leb128]
    #[arg(long)]
    form: Option<Form>,

    /// Refuse a length that is written in more bytes than needed
    #[arg(long)]
    minimal: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    Leb128,
    Mqtt,
    Quic,
}

/// Settings that both builders have, by the same names.
macro_rules! set {
    ($builder:expr, $length:expr, $around:expr) => {{
        let mut builder = $builder.offset($around.offset.unwrap_or(0));
        if $length.little_endian {
            builder = builder.little_endian();
        }
        if let Some(bytes) = $length.header {
            builder = builder.header(bytes);
        }
        if let Some(bytes) = $length.trailer {
            builder = builder.trailer(bytes);
        }
        if $around.keep_header {
            builder = builder.keep_header();
        }
        if let Some(checksum) = $length.checksum() {
            builder = builder.checksum(checksum);
        }
        builder
    }};
}

impl LengthArgs {
    pub(super) fn length_field(&self, around: HeaderArgs, own: LengthFieldArgs, limit: LimitArgs) -> Made {
        let width = self.width.ok_or("--codec length-field needs --width")?;
        let mut builder = LengthField::builder(width, self.counts(), limit.max()).on_excess(limit.on_excess());
        if own.keep_trailer {
            builder = builder.keep_trailer();
        }
        let decoder = set!(builder, self, around).build().map_err(|wrong| wrong.to_string())?;
        Ok(shown(decoder, self.layout(0, width, around)))
    }

    pub(super) fn sync_word(&self, around: HeaderArgs, own: SyncWordArgs, limit: LimitArgs) -> Made {
        let magic = own.magic.ok_or("--codec sync-word needs --magic")?;
        let width = self.width.ok_or("--codec sync-word needs --width")?;
        let builder = SyncWord::builder(&magic, width, self.counts(), limit.max());
        let decoder = set!(builder, self, around).build().map_err(|wrong| wrong.to_string())?;
        Ok(shown(decoder, self.layout(magic.len(), width, around)))
    }

    fn counts(&self) -> Counts {
        self.counts.unwrap_or(Counts::Payload)
    }

    fn checksum(&self) -> Option<Checksum> {
        let checksum = self.checksum?.from(self.checksum_from.unwrap_or(0));
        Some(if self.checksum_little_endian { checksum.little_endian() } else { checksum })
    }

    /// Where the payload lies, behind so many bytes of magic.
    fn layout(&self, magic: usize, width: Width, around: HeaderArgs) -> Layout {
        let header = self.header.unwrap_or(around.offset.unwrap_or(0).saturating_add(width as usize));
        let tail = if self.checksum.is_some() && self.trailer.is_none() { "checksum" } else { "trailer" };
        Layout::Behind(if around.keep_header { 0 } else { magic.saturating_add(header) }, tail)
    }
}

impl VarintArgs {
    pub(super) fn codec(self, around: HeaderArgs, limit: LimitArgs) -> Codec {
        let form = match self.form {
            Some(Form::Leb128) | None => VarintForm::Leb128,
            Some(Form::Mqtt) => VarintForm::Mqtt,
            Some(Form::Quic) => VarintForm::Quic,
        };
        let mut decoder = Varint::new(form, limit.max()).offset(around.offset.unwrap_or(0)).on_excess(limit.on_excess());
        if around.keep_header {
            decoder = decoder.keep_header();
        }
        if self.minimal {
            decoder = decoder.minimal();
        }
        shown(decoder, Layout::Before(0, ""))
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
