//! Messages of HTTP/1.1.

use std::io;

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use framewright::http1::{
    Answers, BodyForm, Demand, Event, Fault, Fields, Framing, HeadOf, Leniency, Limits, Messages, Request, RequestHead, Requests, Response,
    ResponseHead, Responses, Role, Rules, status_for,
};
use framewright::{ErrorCause, Place};

use super::{Codec, LimitArgs};
use crate::input::Source;
use crate::run::{ErrorOf, FrameOf, Show};
use crate::show::{BAD, Report, count};

#[derive(Clone, Debug, Default, clap::Args)]
#[group(requires = "codec")]
#[command(next_help_heading = "Options of --codec http1-request and http1-response")]
pub(super) struct Http1Args {
    /// The longest head [default: 32768]
    #[arg(long, value_name = "BYTES")]
    max_head: Option<usize>,

    /// Accept something that is refused otherwise; may be given several times
    #[arg(long, value_name = "WHAT", value_parser = named(LENIENCIES))]
    allow: Vec<Leniency>,

    /// Refuse something that is accepted otherwise; may be given several times
    #[arg(long, value_name = "WHAT", value_parser = named(DEMANDS))]
    demand: Vec<Demand>,
}

#[derive(Clone, Copy, Debug, Default, clap::Args)]
#[group(requires = "codec")]
#[command(next_help_heading = "Options of --codec http1-response")]
pub(super) struct ResponseArgs {
    /// The requests that all of it answers [default: other]
    #[arg(long, value_name = "METHOD")]
    answers: Option<Method>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Method {
    Head,
    Connect,
    Other,
}

/// They are called as in the library.
const LENIENCIES: &[(&str, Leniency)] = &[
    ("lf-in-response-head", Leniency::LfInResponseHead),
    ("obs-fold-in-responses", Leniency::ObsFoldInResponses),
    ("obs-text-target", Leniency::ObsTextTarget),
    ("fragment-in-target", Leniency::FragmentInTarget),
    ("asterisk-for-any-method", Leniency::AsteriskForAnyMethod),
    ("empty-host", Leniency::EmptyHost),
    ("identical-content-lengths", Leniency::IdenticalContentLengths),
    ("transfer-codings", Leniency::TransferCodings),
    ("whitespace-after-chunk-size", Leniency::WhitespaceAfterChunkSize),
    ("whitespace-in-chunk-extensions", Leniency::WhitespaceInChunkExtensions),
    ("drop-forbidden-trailers", Leniency::DropForbiddenTrailers),
];

const DEMANDS: &[(&str, Demand)] = &[
    ("rfc3986-target", Demand::Rfc3986Target),
    ("status-below-600", Demand::StatusBelow600),
    ("no-leading-zeros", Demand::NoLeadingZeros),
    ("host-matches-target", Demand::HostMatchesTarget),
];

/// Reads a name of a list.
fn named<T: Copy + Send + Sync>(list: &'static [(&'static str, T)]) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(list.iter().map(|(name, _)| *name)).try_map(|name| {
        let found = list.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value).ok_or("no such name")
    })
}

impl Http1Args {
    pub(super) fn requests(&self, limit: LimitArgs) -> Codec {
        Box::new(ShownMessages::new(Requests::new(self.rules(limit))))
    }

    pub(super) fn responses(&self, own: ResponseArgs, limit: LimitArgs) -> Codec {
        let answers = match own.answers {
            Some(Method::Head) => Answers::Head,
            Some(Method::Connect) => Answers::Connect,
            Some(Method::Other) | None => Answers::Other,
        };
        Box::new(ShownMessages::new(Responses::new(self.rules(limit)).answering(answers)))
    }

    fn rules(&self, limit: LimitArgs) -> Rules {
        let max_body = limit.max.map_or(Limits::DEFAULT.max_body, |bytes| bytes as u64);
        let max_head = self.max_head.unwrap_or(Limits::DEFAULT.max_head);
        let rules = Rules::new(Limits { max_body, max_head, ..Limits::DEFAULT });
        let rules = self.allow.iter().fold(rules, |rules, leniency| rules.allow(*leniency));
        self.demand.iter().fold(rules, |rules, demand| rules.demand(*demand))
    }
}

/// Shows messages: heads as text, and bodies as they come, but in rows that do not depend on how they come.
#[derive(Clone)]
struct ShownMessages<R: Role> {
    decoder: Messages<R>,
    form: BodyForm,
    body: Body,
}

/// How much of a body has come.
#[derive(Clone, Default)]
struct Body {
    len: u64,
    /// Of that, what is not shown yet: less than a row.
    row: Vec<u8>,
}

const ROW: usize = 16;

/// The first line of a head, and what is behind it.
trait Head {
    fn line(&self) -> String;
    fn fields(&self) -> Fields<'_>;
}

impl Head for RequestHead<'_> {
    fn line(&self) -> String {
        format!("{} {} {}", self.method(), text(self.target()), self.version().as_str())
    }

    fn fields(&self) -> Fields<'_> {
        RequestHead::fields(self)
    }
}

impl Head for ResponseHead<'_> {
    fn line(&self) -> String {
        format!("{} {} {}", self.version().as_str(), self.status(), text(self.reason()))
    }

    fn fields(&self) -> Fields<'_> {
        ResponseHead::fields(self)
    }
}

/// What is said of an error beside where it is.
trait Advice: Role {
    fn advice(cause: &ErrorCause<Fault>) -> Option<String>;
}

impl Advice for Request {
    fn advice(cause: &ErrorCause<Fault>) -> Option<String> {
        status_for(cause).map(|status| format!("to be answered with {status}"))
    }
}

impl Advice for Response {
    fn advice(_: &ErrorCause<Fault>) -> Option<String> {
        None
    }
}

impl<R: Role> ShownMessages<R> {
    fn new(decoder: Messages<R>) -> Self {
        Self { decoder, form: BodyForm::None, body: Body::default() }
    }
}

impl<R: Advice> Show for ShownMessages<R>
where
    for<'a> HeadOf<'a, R>: Head,
{
    type Decoder = Messages<R>;
    const FRAME: &'static str = "message";

    fn decoder(&self) -> Messages<R> {
        self.decoder.clone()
    }

    fn frame(&mut self, event: FrameOf<'_, Self>, place: Place, _: &Source, report: &mut Report<'_>) -> io::Result<()> {
        report.count_bytes(place.len);
        match event {
            Event::Head(head, framing) => {
                (self.form, self.body) = (framing.body, Body::default());
                report.count_frame();
                show_head(&head, framing, place, report)
            }
            Event::Data(data) => self.body.show(data, report),
            Event::End(trailers) => {
                self.body.show_rest(report)?;
                show_end(self.form, self.body.len, place, &trailers, report)
            }
        }
    }

    fn error(&mut self, error: &ErrorOf<Self>, source: &Source, report: &mut Report<'_>) -> io::Result<()> {
        self.body.show_rest(report)?;
        // Of the bytes of a bad frame, only what is sure to be there in any chunks is shown.
        let (offset, len) = match &error.cause {
            ErrorCause::Fault(fault) => (error.offset + fault.at as u64, usize::from(fault.found.is_some())),
            ErrorCause::Truncated { .. } => (error.offset, BAD),
            _ => (error.offset, 1),
        };
        report.error(error, offset, len, source)?;
        R::advice(&error.cause).map_or(Ok(()), |advice| report.line(&advice))
    }
}

fn show_head(head: &impl Head, framing: Framing, place: Place, report: &mut Report<'_>) -> io::Result<()> {
    if !report.shows_frame() {
        return Ok(());
    }
    report.begin(place.offset, &format!("{} ({} head, {})", head.line(), place.len, body_text(framing)))?;
    show_fields(&head.fields(), report)
}

fn show_fields(fields: &Fields<'_>, report: &mut Report<'_>) -> io::Result<()> {
    for field in fields {
        report.line(&format!("{}: {}", text(field.name), text(field.value)))?;
    }
    Ok(())
}

fn body_text(framing: Framing) -> String {
    let form = match framing.body {
        BodyForm::None => "no body".to_owned(),
        BodyForm::Length(len) => format!("{len} body"),
        BodyForm::Chunked => "body in chunks".to_owned(),
        BodyForm::UntilClose => "body until the end".to_owned(),
        BodyForm::Tunnel => "then another protocol".to_owned(),
    };
    let coded = if framing.coded { ", coded" } else { "" };
    let suspicious = if framing.suspicious { ", fields of a body that is not there" } else { "" };
    format!("{form}{coded}{suspicious}")
}

impl Body {
    /// Shows the rows that are whole.
    fn show(&mut self, mut data: &[u8], report: &mut Report<'_>) -> io::Result<()> {
        while !data.is_empty() {
            let (row, rest) = data.split_at(data.len().min(ROW - self.row.len()));
            self.row.extend_from_slice(row);
            self.len += row.len() as u64;
            if self.row.len() == ROW {
                self.show_row(report)?;
            }
            data = rest;
        }
        Ok(())
    }

    /// Shows what is left, and how much was not shown.
    fn show_rest(&mut self, report: &mut Report<'_>) -> io::Result<()> {
        self.show_row(report)?;
        if report.shows_frame() { report.hidden(self.len.saturating_sub(report.most_bytes() as u64)) } else { Ok(()) }
    }

    fn show_row(&mut self, report: &mut Report<'_>) -> io::Result<()> {
        let start = self.len - self.row.len() as u64;
        let room = (report.most_bytes() as u64).saturating_sub(start);
        let shown = usize::try_from(room).unwrap_or(ROW).min(self.row.len());
        if report.shows_frame() {
            report.part(start, &self.row[..shown])?;
        }
        self.row.clear();
        Ok(())
    }
}

fn show_end(form: BodyForm, len: u64, place: Place, trailers: &Fields<'_>, report: &mut Report<'_>) -> io::Result<()> {
    if !report.shows_frame() || matches!(form, BodyForm::None | BodyForm::Tunnel) {
        return Ok(());
    }
    report.line(&format!("end at byte {}: {} of body", place.offset + place.len as u64, count(len, "byte")))?;
    show_fields(trailers, report)
}

/// Bytes as text, in which nothing but what can be seen is as it is.
fn text(bytes: &[u8]) -> String {
    let shown = |byte: &u8| match byte {
        b'\\' => "\\\\".to_owned(),
        b' '..=b'~' => char::from(*byte).to_string(),
        byte => format!("\\x{byte:02x}"),
    };
    bytes.iter().map(shown).collect()
}
