//! Heads, and the first line of a chunked body, beside httparse.

use arbitrary::{Result, Unstructured};
use framewright::http1::{Body, BodyForm, BodyPart, Fault, Fields, Index, Leniency, Request, Response, Rule, Rules};
use framewright::testkit::text;
use framewright::{Engine, Error, ErrorCause, Step};

use super::super::draw::OnPanic;

/// What httparse lets pass in a request, and we do not. Limits besides.
const LETS_PASS_IN_REQUESTS: &[Rule] =
    &[Rule::EmptyLines, Rule::BareLf, Rule::Target, Rule::TargetForm, Rule::NoHost, Rule::ManyHosts, Rule::BadHost, Rule::TooManyFields];
/// The same in a response. A line that begins no message may be an empty one.
const LETS_PASS_IN_RESPONSES: &[Rule] = &[Rule::NoMessage, Rule::BareLf, Rule::Status, Rule::TooManyFields];
/// Leniencies that only accept what httparse does.
const SHARED: &[Leniency] = &[Leniency::LfInResponseHead, Leniency::FragmentInTarget, Leniency::AsteriskForAnyMethod, Leniency::EmptyHost];

type Theirs<T> = core::result::Result<httparse::Status<T>, httparse::Error>;

/// Draws leniencies, what is read, and a stream.
pub(crate) fn check(u: &mut Unstructured<'_>) -> Result<()> {
    let (kind, allowed): (_, u8) = (u.int_in_range(0..=4_u8)?, u.arbitrary()?);
    let named = SHARED.iter().enumerate().filter(|(bit, _)| allowed >> bit & 1 == 1);
    let rules = named.fold(Rules::STRICT, |rules, (_, leniency)| rules.allow(*leniency));
    let stream = super::stream(u)?;
    let _context = OnPanic(|| format!("{kind}, {rules:?}, stream {}", text(&stream)));
    match kind {
        0 | 1 => request(&stream, &rules),
        2 | 3 => response(&stream, &rules),
        _ => chunk_line(&stream),
    }
    Ok(())
}

fn request(stream: &[u8], rules: &Rules) {
    let mut headers = [httparse::EMPTY_HEADER; 256];
    let mut theirs = httparse::Request::new(&mut headers);
    let status = theirs.parse(stream);
    match Index::<Request>::default().parse(stream, rules) {
        Ok(None) => assert!(!is_complete(&status), "read by httparse, and not yet by us"),
        Err(error) => assert_listed(&status, &error, LETS_PASS_IN_REQUESTS),
        Ok(Some(head)) => {
            assert_eq!(status, Ok(httparse::Status::Complete(head.as_bytes().len())));
            assert_eq!((theirs.method, theirs.path.map(str::as_bytes)), (Some(head.method()), Some(head.target())));
            assert_eq!(theirs.version, Some(u8::from(head.version().as_str() == "HTTP/1.1")));
            assert_same(head.fields(), theirs.headers);
        }
    }
}

fn response(stream: &[u8], rules: &Rules) {
    let mut headers = [httparse::EMPTY_HEADER; 256];
    let mut theirs = httparse::Response::new(&mut headers);
    let status = theirs.parse(stream);
    match Index::<Response>::default().parse(stream, rules) {
        Ok(None) => assert!(!is_complete(&status), "read by httparse, and not yet by us"),
        Err(error) => assert_listed(&status, &error, LETS_PASS_IN_RESPONSES),
        Ok(Some(head)) => {
            assert_eq!(status, Ok(httparse::Status::Complete(head.as_bytes().len())));
            // httparse gives no reason that holds bytes from 0x80 on.
            let reason = if head.reason().is_ascii() { head.reason() } else { b"" };
            assert_eq!((theirs.code, theirs.reason.map(str::as_bytes)), (Some(head.status()), Some(reason)));
            assert_eq!(theirs.version, Some(u8::from(head.version().as_str() == "HTTP/1.1")));
            assert_same(head.fields(), theirs.headers);
        }
    }
}

/// Where we read the line of a first chunk, httparse reads the same size, and a line of the same length.
fn chunk_line(stream: &[u8]) {
    let mut engine = Engine::new(Body::new(BodyForm::Chunked, Rules::STRICT));
    let Ok(mut frames) = engine.feed(stream) else { return };
    let Ok(Step::Frame(part, place)) = frames.next_frame() else { return };
    let theirs = httparse::parse_chunk_size(stream);
    let Ok(httparse::Status::Complete((end, size))) = theirs else { panic!("a chunk's line that httparse does not read: {theirs:?}") };
    match part {
        BodyPart::End(_) => assert_eq!(size, 0),
        BodyPart::Data(data) => {
            assert_eq!(end, place.len - data.len());
            assert_eq!(data.len() as u64, size.min((stream.len() - end) as u64));
        }
    }
}

fn is_complete<T>(status: &Theirs<T>) -> bool {
    matches!(status, Ok(httparse::Status::Complete(_)))
}

/// What httparse reads and we refuse is refused by a rule of the list, or a limit.
fn assert_listed<T>(status: &Theirs<T>, error: &Error<Fault>, listed: &[Rule]) {
    let is_listed = match &error.cause {
        ErrorCause::Fault(fault) => listed.contains(&fault.rule),
        ErrorCause::FrameTooLarge { .. } => true,
        _ => false,
    };
    assert!(is_listed || !is_complete(status), "read by httparse, and refused by no listed rule: {error}");
}

fn assert_same(ours: Fields<'_>, theirs: &[httparse::Header<'_>]) {
    assert!(ours.iter().map(|field| (field.name, field.value)).eq(theirs.iter().map(|header| (header.name.as_bytes(), header.value))));
}
