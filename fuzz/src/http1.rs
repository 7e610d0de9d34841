//! HTTP/1.1 messages of any bytes: what the targets of heads, bodies, the writer and the comparison with httparse have in common.

pub(crate) mod bodies;
pub(crate) mod differential;
pub(crate) mod heads;
mod naive;
pub(crate) mod writer;

use arbitrary::{Result, Unstructured};
use framewright::http1::{BodyPart, Event, Fields, Leniency, Limits, Rules};
use framewright::testkit::text;

/// The longest stream.
const LONGEST: usize = 400;

/// What streams are made of, besides any bytes.
const PIECES: &[&str] = &[
    "GET / HTTP/1.1\r\n",
    "CONNECT a:1 HTTP/1.1\r\n",
    "OPTIONS * HTTP/1.0\r\n",
    "POST /a HTTP/1.1\r\n",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0 204\r\n",
    "HTTP/1.1 304 x\r\n",
    "Host: a\r\n",
    "Content-Length: 3\r\n",
    "Content-Length: ",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "X: y\r\n",
    " folded\r\n",
    "\r\n",
    "\n",
    "\r",
    "abc",
    "3\r\nabc\r\n",
    "0\r\n\r\n",
    "0\r\n",
    "5;a=\"b\"\r\n",
    ":",
    " ",
    "\t",
    ";",
    "/",
    "#",
    "ffffffffffffffff",
    "te:\r\n",
];

const LENIENCIES: &[Leniency] = &[
    Leniency::LfInResponseHead,
    Leniency::ObsFoldInResponses,
    Leniency::ObsTextTarget,
    Leniency::FragmentInTarget,
    Leniency::AsteriskForAnyMethod,
    Leniency::EmptyHost,
    Leniency::IdenticalContentLengths,
    Leniency::TransferCodings,
    Leniency::WhitespaceAfterChunkSize,
    Leniency::WhitespaceInChunkExtensions,
    Leniency::DropForbiddenTrailers,
];

/// The default limits, or small ones, and any leniencies.
fn rules(u: &mut Unstructured<'_>) -> Result<Rules> {
    let small = Limits {
        max_target: 8,
        max_head: 80,
        max_name: 20,
        max_value: 12,
        max_fields: 3,
        max_body: 10,
        max_chunk_line: 16,
        max_chunk_ext: 10,
        max_trailers: 2,
        max_trailer_bytes: 20,
        ..Limits::DEFAULT
    };
    let rules = Rules::new(if u.int_in_range(0..=3_u8)? == 0 { small } else { Limits::DEFAULT });
    let allowed: u16 = u.arbitrary()?;
    let named = LENIENCIES.iter().enumerate().filter(|(bit, _)| allowed >> bit & 1 == 1);
    Ok(named.fold(rules, |rules, (_, leniency)| rules.allow(*leniency)))
}

/// Pieces, and bytes among them.
fn stream(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut stream = Vec::new();
    while !u.is_empty() && stream.len() < LONGEST {
        match u.arbitrary::<u8>()? {
            piece @ 0..=199 => stream.extend_from_slice(PIECES[usize::from(piece) % PIECES.len()].as_bytes()),
            _ => stream.push(u.arbitrary()?),
        }
    }
    Ok(stream)
}

fn show<H: core::fmt::Debug>(event: &Event<'_, H>) -> String {
    match event {
        Event::Head(head, framing) => format!("{head:?} {framing:?}"),
        Event::Data(data) => format!("+{}", text(data)),
        Event::End(trailers) => format!("end {}", show_fields(trailers)),
    }
}

fn show_part(part: &BodyPart<'_>) -> String {
    match part {
        BodyPart::Data(data) => format!("+{}", text(data)),
        BodyPart::End(trailers) => format!("end {}", show_fields(trailers)),
    }
}

fn show_fields(fields: &Fields<'_>) -> String {
    format!("{fields:?}")
}
