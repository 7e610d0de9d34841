//! Where others read a stream in another way than we do: each way has a name, the clause that makes us differ, and a smallest stream.

use framewright::http1::{Answers, Rule};

use super::peers::Peer;
use super::verdict::{End, Message, Pairs, Stream, Verdict, ours};

/// In what two verdicts differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// We refuse what they read on from.
    WeRefuse,
    /// We refuse, and they have said nothing of these bytes.
    TheyWait,
    /// They refuse what we do not.
    TheyRefuse,
    /// They refuse before the end of the line, and we at it.
    WeWait,
    /// The same message has other parts.
    Parts,
    /// A message ends elsewhere, or the protocol does.
    Boundary,
}

/// Two verdicts on a stream that differ, from the message of this number on.
#[derive(Debug)]
pub(crate) struct Difference<'a> {
    pub(crate) peer: Peer,
    pub(crate) kind: Kind,
    pub(crate) stream: &'a Stream,
    pub(crate) ours: &'a Verdict,
    pub(crate) theirs: &'a Verdict,
    pub(crate) at: usize,
}

/// Compares two verdicts. Where both refuse the same message, they agree.
pub(crate) fn compare<'a>(peer: Peer, stream: &'a Stream, ours: &'a Verdict, theirs: &'a Verdict) -> Option<Difference<'a>> {
    let mut at = 0;
    let kind = loop {
        let (our, their) = (ours.whole(at), theirs.whole(at));
        if our.is_none() || their.is_none() {
            break end(stream, ours, theirs, at)?;
        }
        if our != their {
            break Kind::Parts;
        }
        at += 1;
    };
    Some(Difference { peer, kind, stream, ours, theirs, at })
}

/// Compares verdicts where one of them has no whole message of this number.
fn end(stream: &Stream, ours: &Verdict, theirs: &Verdict, at: usize) -> Option<Kind> {
    match (ours.end_at(at), theirs.end_at(at)) {
        (Some(End::Refused), Some(End::Refused)) => None,
        (Some(End::Refused), Some(End::Handoff)) if ours.messages.get(at).is_some() => Some(Kind::Boundary),
        (Some(End::Refused), _) if theirs.is_beyond(ours, at) => Some(Kind::WeRefuse),
        (Some(End::Refused), _) => Some(Kind::TheyWait),
        (Some(End::Inside), Some(End::Refused)) if is_refused_at_the_end_of_the_line(stream, at) => Some(Kind::WeWait),
        (_, Some(End::Refused)) => Some(Kind::TheyRefuse),
        (our, their) if our != their => Some(Kind::Boundary),
        _ => match (ours.messages.get(at), theirs.messages.get(at)) {
            (Some(our), Some(their)) => (our.head() != their.head() || our.body != their.body).then_some(Kind::Parts),
            (our, their) => (our.is_some() != their.is_some()).then_some(Kind::Boundary),
        },
    }
}

/// Whether we refuse the message of this number when the line has come in which the stream breaks off.
fn is_refused_at_the_end_of_the_line(stream: &Stream, at: usize) -> bool {
    let verdict = ours_with_line_ended(stream);
    verdict.end == End::Refused && verdict.end_at(at).is_some()
}

/// What we make of the stream when its last line has come, and an empty one.
fn ours_with_line_ended(stream: &Stream) -> Verdict {
    ours(&Stream { answers: stream.answers, bytes: [&stream.bytes[..], b"\r\n\r\n"].concat() })
}

impl Verdict {
    /// Whether more was read than by the other reader: the message of this number, or more of it.
    fn is_beyond(&self, other: &Self, at: usize) -> bool {
        let read =
            |verdict: &Self| (verdict.messages.get(at).map(|message| (message.is_whole, message.body.len())), verdict.messages.len());
        let (ours, theirs) = (read(other), read(self));
        theirs.1 > ours.1 || theirs.0 > ours.0
    }

    /// The message of this number, if it was read whole. The one behind which the protocol ends has no end of its own.
    fn whole(&self, at: usize) -> Option<&Message> {
        let is_last = at + 1 == self.messages.len();
        self.messages.get(at).filter(|message| message.is_whole && !(is_last && self.end == End::Handoff))
    }

    /// How the stream ended, where there is no whole message of this number.
    fn end_at(&self, at: usize) -> Option<End> {
        self.whole(at).is_none().then_some(self.end)
    }
}

impl Message {
    fn head(&self) -> (&[u8], &Pairs) {
        (&self.line, &self.fields)
    }
}

/// A way in which a peer differs.
pub(crate) struct Class {
    pub(crate) peer: Peer,
    pub(crate) kinds: &'static [Kind],
    /// The clause of SPEC.md that makes us differ.
    pub(crate) clause: &'static str,
    /// What the peer does.
    pub(crate) name: &'static str,
    pub(crate) is: fn(&Difference<'_>) -> bool,
    /// A stream that is in the class, and is not without any one of its bytes.
    pub(crate) smallest: Smallest,
}

/// A stream, as in [`Stream`].
pub(crate) struct Smallest(pub(crate) Option<Answers>, pub(crate) &'static [u8]);

/// The number of the class of a difference.
///
/// # Errors
/// The names of all classes that it is in, if that is not one.
pub(crate) fn class_of(difference: &Difference<'_>) -> Result<usize, Vec<&'static str>> {
    let fits = |class: &Class| class.peer == difference.peer && class.kinds.contains(&difference.kind) && (class.is)(difference);
    let found: Vec<usize> = (0..CLASSES.len()).filter(|number| fits(&CLASSES[*number])).collect();
    match found[..] {
        [number] => Ok(number),
        _ => Err(found.iter().map(|number| CLASSES[*number].name).collect()),
    }
}

impl Difference<'_> {
    /// Whether this is the rule that we say is broken.
    fn broke(&self, rule: Rule) -> bool {
        self.ours.fault.is_some_and(|fault| fault.rule == rule)
    }

    /// Whether the byte that we say breaks it is one of these.
    fn found(&self, bytes: &[u8]) -> bool {
        self.ours.fault.and_then(|fault| fault.found).is_some_and(|found| bytes.contains(&found))
    }

    /// Whether this is the limit that we say is exceeded.
    fn exceeds(&self, limit: &str) -> bool {
        self.ours.fault.is_none() && self.ours.reason == limit
    }

    /// Whether their reason begins so.
    fn they_say(&self, reason: &str) -> bool {
        self.theirs.reason.starts_with(reason)
    }

    /// Whether their reason begins as one of these.
    fn says_any(&self, reasons: &[&str]) -> bool {
        reasons.iter().any(|reason| self.they_say(reason))
    }

    /// Whether the byte that we say breaks a rule is before a message.
    fn is_before_a_message(&self) -> bool {
        self.found(b"\r\n") && self.ours.fault.is_some_and(|fault| fault.at == 0)
            || self.broke(Rule::BareCr) && self.ours.fault.is_some_and(|fault| fault.at == 1)
    }

    /// The status of the response that we read, or would if its head went on no further; 0 without one.
    fn status(&self) -> u16 {
        let ended;
        let verdict = if self.ours.messages.len() > self.at {
            self.ours
        } else {
            ended = ours_with_line_ended(self.stream);
            &ended
        };
        let line = verdict.messages.get(self.at).map_or(&b""[..], |message| &message.line);
        let digits = line.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
    }

    /// Whether what we read is a response that has no body, whatever its fields say.
    fn is_without_body(&self) -> bool {
        match (self.stream.answers, self.status()) {
            (None, _) | (_, 0) => false,
            (_, 100..=199 | 204 | 304) | (Some(Answers::Head), _) | (Some(Answers::Connect), 200..=299) => true,
            _ => false,
        }
    }

    /// Whether what we read is a response that has a body for llhttp, which knows 100 and 101, but no other 1xx.
    fn has_body_by_llhttp(&self) -> bool {
        let has_its_head = self.theirs.messages.get(self.at).is_some();
        let differs_otherwise = self.kind == Kind::Parts && self.is_same_when(unchanged, trim_values);
        matches!(self.status(), 102..=199) && has_its_head && !differs_otherwise
    }

    /// Whether both have read the same message when our fields, or theirs, are changed so.
    fn is_same_when(&self, ours: fn(&mut Message), theirs: fn(&mut Message)) -> bool {
        let (Some(mut our), Some(mut their)) = (self.ours.messages.get(self.at).cloned(), self.theirs.messages.get(self.at).cloned())
        else {
            return false;
        };
        ours(&mut our);
        theirs(&mut their);
        our.is_whole = their.is_whole;
        our == their
    }
}

/// Any stream of the peer, and of the kind.
fn any(_: &Difference<'_>) -> bool {
    true
}

fn unchanged(_: &mut Message) {}

/// Writes the value of Transfer-Encoding in lower case.
fn lower_codings(message: &mut Message) {
    for (_, value) in message.fields.iter_mut().filter(|(name, _)| name.eq_ignore_ascii_case(b"transfer-encoding")) {
        value.make_ascii_lowercase();
    }
}

/// Makes one Content-Length of many, and one number of a list.
fn one_length(message: &mut Message) {
    lower_codings(message);
    let mut seen = false;
    message.fields.retain_mut(|(name, value)| {
        if name.eq_ignore_ascii_case(b"content-length") {
            value.truncate(value.iter().position(|byte| matches!(byte, b',' | b' ')).unwrap_or(value.len()));
            return !std::mem::replace(&mut seen, true);
        }
        true
    });
}

/// Takes spaces and tabs off the ends of values.
fn trim_values(message: &mut Message) {
    for (_, value) in message.fields.iter_mut().chain(&mut message.trailers) {
        let end = value.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |last| last + 1);
        value.truncate(end);
    }
}

/// Takes a reason away that has bytes from 0x80 on.
fn drop_obs_reason(message: &mut Message) {
    if !message.line.is_ascii() {
        let (status, version) = (message.line[..4].to_vec(), message.line[message.line.len() - 4..].to_vec());
        message.line = [status, version].concat();
    }
}

use Kind::{Boundary, Parts, TheyRefuse, TheyWait, WeRefuse, WeWait};
use Peer::{H11, Httparse, Httptools};

/// What h11 says of fields that frame a body.
const FRAMING_BY_H11: &[&str] = &[
    "Only Transfer-Encoding: chunked is supported",
    "bad Content-Length",
    "conflicting Content-Length headers",
    "multiple Transfer-Encoding headers",
];

/// What llhttp says of them.
const FRAMING_BY_LLHTTP: &[&str] = &[
    "Content-Length can't be present with Transfer-Encoding",
    "Content-Length overflow",
    "Duplicate Content-Length",
    "Empty Content-Length",
    "Empty Transfer-Encoding",
    "Invalid character in Content-Length",
    "Transfer-Encoding can't be present with Content-Length",
];

macro_rules! ten {
    ($text:expr) => {
        concat!($text, $text, $text, $text, $text, $text, $text, $text, $text, $text)
    };
}

/// One field more than we take.
const FIELDS: &str = concat!("HTTP/1.1 200\r\nX:\r\n", ten!(ten!("X:\r\n")), "\r\n");
/// A line before a chunk that is one byte longer than we take.
const LINE: &str = concat!("HTTP/1.1 200\r\nTransfer-Encoding:chunked\r\n\r\n1;", ten!(ten!("ab")), ten!("abcde"), "abc\r\na");

/// Every way in which a peer differs.
#[rustfmt::skip]
pub(crate) const CLASSES: &[Class] = &[
    Class { peer: H11, kinds: &[WeRefuse], clause: "HH-1", name: "takes LF for the end of a line, of a head or of trailers", is: |d| d.broke(Rule::BareLf), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\n\n") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HH-1", name: "takes CR in a chunk extension", is: |d| d.broke(Rule::BareCr), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nTransfer-Encoding:chunked\r\n\r\n0;\r\r\n\r\n") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HH-5", name: "takes `#` in a target", is: |d| d.broke(Rule::Target) && d.found(b"#"), smallest: Smallest(None, b"A # HTTP/1.0\r\n\r\n") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HH-6", name: "takes targets of any form, with any method", is: |d| d.broke(Rule::TargetForm), smallest: Smallest(None, b"A a HTTP/1.0\r\n\r\n") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HH-7", name: "takes any version of two digits", is: |d| d.broke(Rule::UnsupportedVersion), smallest: Smallest(Some(Answers::Other), b"HTTP/2.0 200\r\n\r\n") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HH-8", name: "takes control bytes in a reason", is: |d| d.broke(Rule::Reason), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200 \x01\r\n\r\n") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HH-9", name: "joins folded lines", is: |d| d.broke(Rule::ObsFold), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nX:\r\n \r\n\r\n") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HH-11", name: "takes control bytes in a value", is: |d| d.broke(Rule::FieldValue), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nX:\x01\r\n\r\n") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HH-12", name: "takes an empty Host", is: |d| d.broke(Rule::BadHost) && d.ours.fault.is_some_and(|fault| fault.found.is_none()), smallest: Smallest(None, b"A / HTTP/1.0\r\nHost:\r\n\r\n") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HH-12", name: "takes any value of Host", is: |d| d.broke(Rule::BadHost) && d.ours.fault.is_some_and(|fault| fault.found.is_some()), smallest: Smallest(None, b"A / HTTP/1.0\r\nHost:/\r\n\r\n") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HF-2", name: "lets Transfer-Encoding win over Content-Length", is: |d| d.broke(Rule::BothLengths), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nContent-Length:3\r\nTransfer-Encoding:chunked\r\n\r\n") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HF-3", name: "takes equal Content-Lengths as one", is: |d| d.broke(Rule::ManyLengths), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nContent-Length:3\r\nContent-Length:3\r\n\r\n") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HF-4", name: "takes equal numbers in one Content-Length as one", is: |d| d.broke(Rule::BadLength) && d.found(b", "), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nContent-Length:3,3\r\n\r\n") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HF-4", name: "takes a Content-Length of 2^63 and more", is: |d| d.broke(Rule::BadLength) && !d.found(b", "), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nContent-Length:9223372036854775808\r\n\r\n") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HF-6", name: "takes Transfer-Encoding in HTTP/1.0", is: |d| d.broke(Rule::TransferEncodingIn10), smallest: Smallest(Some(Answers::Other), b"HTTP/1.0 200\r\nTransfer-Encoding:chunked\r\n\r\n") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HF-7", name: "reads a body of a CONNECT request", is: |d| d.broke(Rule::ConnectWithBody), smallest: Smallest(None, b"CONNECT a:1 HTTP/1.0\r\nContent-Length:0\r\n\r\n") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HB-5", name: "takes chunk sizes of up to 20 digits", is: |d| d.broke(Rule::ChunkSize), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nTransfer-Encoding:chunked\r\n\r\n00000000000000000\r\n\r\n") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HB-5", name: "takes a chunk size of 2^63 and more", is: |d| d.broke(Rule::ChunkTooLarge), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nTransfer-Encoding:chunked\r\n\r\n8000000000000000\r\na") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HB-6", name: "takes whitespace behind a chunk size", is: |d| d.broke(Rule::ChunkExtension) && d.found(b" \t"), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nTransfer-Encoding:chunked\r\n\r\n0 \r\n\r\n") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HB-7", name: "takes anything for a chunk extension", is: |d| d.broke(Rule::ChunkExtension) && !d.found(b" \t"), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nTransfer-Encoding:chunked\r\n\r\n0;\r\n\r\n") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HB-10", name: "takes trailers of any name", is: |d| d.broke(Rule::ForbiddenTrailer), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nTransfer-Encoding:chunked\r\n\r\n0\r\nTe:\r\n\r\n") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HL-1", name: "sets no limit to a method", is: |d| d.exceeds("method"), smallest: Smallest(None, b"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.0\r\n\r\n") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HL-1", name: "sets no limit to the line of a chunk", is: |d| d.exceeds("chunk line"), smallest: Smallest(Some(Answers::Other), LINE.as_bytes()) },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HL-1", name: "sets no limit to a chunked body", is: |d| d.broke(Rule::BodyTooLarge), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nTransfer-Encoding:chunked\r\n\r\n1\r\na\r\n7fffffffffffffff\r\na") },
    Class { peer: H11, kinds: &[WeRefuse], clause: "HL-1", name: "sets no limit to the fields of a head", is: |d| d.broke(Rule::TooManyFields), smallest: Smallest(Some(Answers::Other), FIELDS.as_bytes()) },
    Class { peer: H11, kinds: &[TheyWait], clause: "HH-15", name: "says nothing before the end of a head, of trailers or of the line of a chunk", is: |d| d.theirs.end == End::Inside, smallest: Smallest(Some(Answers::Other), b"A") },
    Class { peer: H11, kinds: &[TheyRefuse], clause: "HH-3", name: "refuses an empty line before a request", is: |d| d.they_say("no request line received"), smallest: Smallest(None, b"\r\nA / HTTP/1.0") },
    Class { peer: H11, kinds: &[TheyRefuse], clause: "HF-4", name: "refuses a Content-Length of more than 20 digits, which may be zeros", is: |d| d.they_say("bad Content-Length") && !d.is_without_body(), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nContent-Length:000000000000000000000\r\n\r\n") },
    Class { peer: H11, kinds: &[TheyRefuse], clause: "HF-9", name: "refuses a response with another coding than chunked", is: |d| d.they_say("Only Transfer-Encoding: chunked") && !d.is_without_body(), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nTransfer-Encoding:a\r\n\r\n") },
    Class { peer: H11, kinds: &[TheyRefuse], clause: "HF-10", name: "judges fields that frame a body where there is none", is: |d| d.is_without_body() && d.says_any(FRAMING_BY_H11), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 204\r\nContent-Length:\r\n\r\n") },
    Class { peer: H11, kinds: &[WeWait], clause: "HH-15", name: "says what is wrong with a line before its end", is: any, smallest: Smallest(None, b"\r") },
    Class { peer: H11, kinds: &[Parts], clause: "HH-13", name: "gives a Transfer-Encoding in lower case", is: |d| d.is_same_when(lower_codings, unchanged), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nTransfer-Encoding:Chunked\r\n\r\n") },
    Class { peer: H11, kinds: &[Parts], clause: "HH-13", name: "gives equal Content-Lengths as one, where there is no body", is: |d| !d.is_same_when(lower_codings, unchanged) && d.is_same_when(one_length, unchanged), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 204\r\nContent-Length:3,3\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HH-1", name: "skips a bare CR or LF before a request", is: |d| d.stream.answers.is_none() && !d.broke(Rule::EmptyLines) && d.is_before_a_message(), smallest: Smallest(None, b"\nGET /\r\n\r\n") },
    Class { peer: Httptools, kinds: &[Boundary, TheyWait], clause: "HH-1", name: "skips a bare CR before a message, as the stream breaks off", is: |d| d.theirs.end == End::Between, smallest: Smallest(Some(Answers::Other), b"\r") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HH-3", name: "skips any number of empty lines before a request", is: |d| d.broke(Rule::EmptyLines), smallest: Smallest(None, b"\r\n\r\n\r\nGET /\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HH-3", name: "skips CR and LF before a response", is: |d| d.broke(Rule::NoMessage) && d.is_before_a_message(), smallest: Smallest(Some(Answers::Other), b"\r\nHTTP/1.1 200\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HH-4", name: "takes more than one space before a target", is: |d| d.broke(Rule::Target) && d.found(b" "), smallest: Smallest(None, b"GET  /\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HH-4", name: "takes more than one space before a version", is: |d| d.broke(Rule::Version) && d.found(b" "), smallest: Smallest(None, b"PUT /  HTTP/1.1\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HH-5", name: "takes `#` in a target", is: |d| d.broke(Rule::Target) && d.found(b"#"), smallest: Smallest(None, b"PUT /#\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HH-6", name: "takes targets of other forms, with any method", is: |d| d.broke(Rule::TargetForm), smallest: Smallest(None, b"HEAD * HTTP/1.1\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HH-7", name: "takes a request of HTTP/0.9", is: |d| d.broke(Rule::Target) && d.found(b"\r\n"), smallest: Smallest(None, b"HEAD /\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HH-7", name: "takes the versions 0.9 and 2.0", is: |d| d.broke(Rule::UnsupportedVersion), smallest: Smallest(Some(Answers::Other), b"HTTP/2.0 200\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HH-7", name: "takes requests of RTSP and ICE", is: |d| d.broke(Rule::Version) && d.found(b"RI"), smallest: Smallest(None, b"GET / RTSP/1.0\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HH-7", name: "takes responses of RTSP and ICE", is: |d| d.broke(Rule::NoMessage) && d.found(b"RI"), smallest: Smallest(Some(Answers::Other), b"ICE/1.0 200\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HH-8", name: "takes a status below 100", is: |d| d.broke(Rule::Status) && d.found(b"0"), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 000\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HH-8", name: "takes control bytes in a reason", is: |d| d.broke(Rule::Reason), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200 \x01\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HH-12", name: "takes a request without Host", is: |d| d.broke(Rule::NoHost), smallest: Smallest(None, b"GET / HTTP/1.1\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HH-12", name: "takes several Hosts", is: |d| d.broke(Rule::ManyHosts), smallest: Smallest(None, b"GET / HTTP/1.0\r\nHost:a\r\nHost:\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HH-12", name: "takes an empty Host", is: |d| d.broke(Rule::BadHost) && d.ours.fault.is_some_and(|fault| fault.found.is_none()), smallest: Smallest(None, b"GET / HTTP/1.0\r\nHost:\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HH-12", name: "takes any value of Host", is: |d| d.broke(Rule::BadHost) && d.ours.fault.is_some_and(|fault| fault.found.is_some()), smallest: Smallest(None, b"GET / HTTP/1.0\r\nHost:/\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HF-4", name: "takes a Content-Length from 2^63 to 2^64 - 1", is: |d| d.broke(Rule::BadLength), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nContent-Length:9223372036854775808\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HF-5", name: "takes other codings before chunked", is: |d| d.broke(Rule::UnknownCoding), smallest: Smallest(None, b"PUT / HTTP/1.1\r\nHost:a\r\nTransfer-Encoding:a,chunked\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HF-9", name: "takes a Transfer-Encoding with empty elements, or chunked not at its end", is: |d| d.broke(Rule::BadTransferEncoding), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nTransfer-Encoding:,\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HF-9", name: "takes several Transfer-Encodings", is: |d| d.broke(Rule::ManyTransferEncodings), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nTransfer-Encoding:a\r\nTransfer-Encoding:a\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HF-6", name: "takes Transfer-Encoding in HTTP/1.0", is: |d| d.broke(Rule::TransferEncodingIn10), smallest: Smallest(Some(Answers::Other), b"HTTP/1.0 200\r\nTransfer-Encoding:a\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HF-7", name: "takes a CONNECT request that announces a body", is: |d| d.broke(Rule::ConnectWithBody), smallest: Smallest(None, b"CONNECT a:1 HTTP/1.0\r\nContent-Length:0\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HB-5", name: "takes chunk sizes of any number of digits", is: |d| d.broke(Rule::ChunkSize), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nTransfer-Encoding:chunked\r\n\r\n00000000000000000\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HB-5", name: "takes a chunk size of 2^63 and more", is: |d| d.broke(Rule::ChunkTooLarge), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nTransfer-Encoding:chunked\r\n\r\n8000000000000000\r\na") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HB-7", name: "takes an empty name or value in a chunk extension", is: |d| d.broke(Rule::ChunkExtension), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nTransfer-Encoding:chunked\r\n\r\n1;=\r\na") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HB-10", name: "takes trailers of most names", is: |d| d.broke(Rule::ForbiddenTrailer), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nTransfer-Encoding:chunked\r\n\r\n0\r\nTe:\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HL-1", name: "sets no limit to the line of a chunk", is: |d| d.exceeds("chunk line"), smallest: Smallest(Some(Answers::Other), LINE.as_bytes()) },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HL-1", name: "sets no limit to a chunked body", is: |d| d.broke(Rule::BodyTooLarge), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nTransfer-Encoding:chunked\r\n\r\n1\r\na\r\n7fffffffffffffff\r\na") },
    Class { peer: Httptools, kinds: &[WeRefuse], clause: "HL-1", name: "sets no limit to the fields of a head", is: |d| d.broke(Rule::TooManyFields), smallest: Smallest(Some(Answers::Other), FIELDS.as_bytes()) },
    Class { peer: Httptools, kinds: &[TheyWait], clause: "HH-15", name: "says nothing yet of some bytes that we refuse at once", is: |d| d.theirs.end == End::Inside, smallest: Smallest(Some(Answers::Other), b"\rH") },
    Class { peer: Httptools, kinds: &[TheyRefuse], clause: "HH-4", name: "knows no other methods than those of its list", is: |d| d.they_say("Invalid method encountered") || d.they_say("Expected space after method"), smallest: Smallest(None, b"A / HTTP/1.0") },
    Class { peer: Httptools, kinds: &[TheyRefuse], clause: "HH-4", name: "takes PRI for the preface of HTTP/2 whatever follows", is: |d| d.they_say("Expected HTTP/2 Connection Preface"), smallest: Smallest(None, b"PRI / HTTP/1.0\r\nX:") },
    Class { peer: Httptools, kinds: &[TheyRefuse], clause: "HH-6", name: "knows no other schemes than those of letters", is: |d| d.they_say("Unexpected char in url schema"), smallest: Smallest(None, b"GET a1://a HTTP/1.0") },
    Class { peer: Httptools, kinds: &[TheyRefuse], clause: "HM-1", name: "reads nothing behind a message that closes its connection", is: |d| d.they_say("Data after `Connection: close`"), smallest: Smallest(Some(Answers::Other), b"HTTP/1.0 204\r\n\r\nHTTP/1.0 200") },
    Class { peer: Httptools, kinds: &[TheyRefuse], clause: "HF-10", name: "judges fields that frame a body where there is none", is: |d| d.is_without_body() && d.says_any(FRAMING_BY_LLHTTP), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 204\r\nContent-Length:\r\n\r\n") },
    Class { peer: Httptools, kinds: &[Boundary, Parts, TheyRefuse], clause: "HF-10", name: "reads a body behind a 1xx other than 100 and 101", is: |d| d.has_body_by_llhttp(), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 199\r\nContent-Length:1\r\n\r\n") },
    Class { peer: Httptools, kinds: &[WeWait], clause: "HH-15", name: "says what is wrong with a line before its end", is: any, smallest: Smallest(None, b"E") },
    Class { peer: Httptools, kinds: &[Boundary], clause: "HM-1", name: "hands over behind the head of a request that proposes another protocol", is: |d| d.stream.answers.is_none() && d.theirs.end == End::Handoff, smallest: Smallest(None, b"CONNECT a:1 HTTP/1.0\r\n\r\n") },
    Class { peer: Httptools, kinds: &[Parts], clause: "HH-11", name: "gives a value with the whitespace behind it", is: |d| d.is_same_when(unchanged, trim_values), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\nX:a \r\n\r\n") },
    Class { peer: Httparse, kinds: &[WeRefuse], clause: "HH-1", name: "takes LF for the end of a line of a head", is: |d| d.broke(Rule::BareLf) && !d.is_before_a_message(), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200\r\n\n") },
    Class { peer: Httparse, kinds: &[WeRefuse], clause: "HH-1", name: "skips a bare LF before a request", is: |d| d.broke(Rule::BareLf) && d.is_before_a_message(), smallest: Smallest(None, b"\nA / HTTP/1.0\r\n\r\n") },
    Class { peer: Httparse, kinds: &[WeRefuse], clause: "HH-3", name: "skips any number of empty lines before a request", is: |d| d.broke(Rule::EmptyLines), smallest: Smallest(None, b"\r\n\r\n\r\nA / HTTP/1.0\r\n\r\n") },
    Class { peer: Httparse, kinds: &[WeRefuse], clause: "HH-3", name: "skips empty lines before a response", is: |d| d.broke(Rule::NoMessage) && d.is_before_a_message(), smallest: Smallest(Some(Answers::Other), b"\r\nHTTP/1.1 200\r\n\r\n") },
    Class { peer: Httparse, kinds: &[WeRefuse], clause: "HH-5", name: "takes `#` in a target", is: |d| d.broke(Rule::Target) && d.found(b"#"), smallest: Smallest(None, b"A # HTTP/1.0\r\n\r\n") },
    Class { peer: Httparse, kinds: &[WeRefuse], clause: "HH-5", name: "takes UTF-8 in a target", is: |d| d.broke(Rule::Target) && !d.found(b"#"), smallest: Smallest(None, b"A \xc3\xa4 HTTP/1.0\r\n\r\n") },
    Class { peer: Httparse, kinds: &[WeRefuse], clause: "HH-6", name: "takes targets of any form, with any method", is: |d| d.broke(Rule::TargetForm), smallest: Smallest(None, b"A a HTTP/1.0\r\n\r\n") },
    Class { peer: Httparse, kinds: &[WeRefuse], clause: "HH-8", name: "takes a status below 100", is: |d| d.broke(Rule::Status) && d.found(b"0"), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 000\r\n\r\n") },
    Class { peer: Httparse, kinds: &[WeRefuse], clause: "HH-12", name: "takes a request without Host", is: |d| d.broke(Rule::NoHost), smallest: Smallest(None, b"A / HTTP/1.1\r\n\r\n") },
    Class { peer: Httparse, kinds: &[WeRefuse], clause: "HH-12", name: "takes several Hosts", is: |d| d.broke(Rule::ManyHosts), smallest: Smallest(None, b"A / HTTP/1.0\r\nHost:a\r\nHost:\r\n\r\n") },
    Class { peer: Httparse, kinds: &[WeRefuse], clause: "HH-12", name: "takes an empty Host", is: |d| d.broke(Rule::BadHost) && d.ours.fault.is_some_and(|fault| fault.found.is_none()), smallest: Smallest(None, b"A / HTTP/1.0\r\nHost:\r\n\r\n") },
    Class { peer: Httparse, kinds: &[WeRefuse], clause: "HH-12", name: "takes any value of Host", is: |d| d.broke(Rule::BadHost) && d.ours.fault.is_some_and(|fault| fault.found.is_some()), smallest: Smallest(None, b"A / HTTP/1.0\r\nHost:/\r\n\r\n") },
    Class { peer: Httparse, kinds: &[WeRefuse], clause: "HL-1", name: "sets no limit to a method", is: |d| d.exceeds("method"), smallest: Smallest(None, b"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.0\r\n\r\n") },
    Class { peer: Httparse, kinds: &[WeRefuse], clause: "HL-1", name: "leaves the limit of fields to its caller", is: |d| d.broke(Rule::TooManyFields), smallest: Smallest(Some(Answers::Other), FIELDS.as_bytes()) },
    Class { peer: Httparse, kinds: &[TheyWait], clause: "HH-15", name: "says nothing yet of some bytes that we refuse at once", is: any, smallest: Smallest(Some(Answers::Other), b"\r") },
    Class { peer: Httparse, kinds: &[WeWait], clause: "HH-15", name: "says what is wrong with a line before its end", is: any, smallest: Smallest(None, b"A\x80") },
    Class { peer: Httparse, kinds: &[Parts], clause: "HH-20", name: "gives no reason that has bytes from 0x80 on", is: |d| d.is_same_when(drop_obs_reason, unchanged), smallest: Smallest(Some(Answers::Other), b"HTTP/1.1 200 \x80\r\n\r\n") },
];
