//! What is made of constructs that implementations disagree about: the table in `rows`, run; the guide `http1_strictness`, which is made of it; and its index in SPEC.md.

mod rows;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::{env, fs, slice};

use framewright::http1::{Answers, Body, BodyForm, Demand, Fault, Leniency, Requests, Responses, Rule, Rules};
use framewright::testkit::Kit;
use framewright::{Decode, Engine, Error, ErrorCause, Step};

use super::mutate::{Random, mutate};
use super::{body, get, ok, requests, responses};
use rows::ALL;

/// A construct that is read in more than one way somewhere, and what is made of it here.
struct Row {
    /// Its place in the table, or the attack that it is.
    id: &'static str,
    clause: &'static str,
    what: &'static str,
    /// `9112-2.2`: a section of an RFC. Of an attack, the rows that it is of.
    source: &'static str,
    stream: Stream,
    ours: Ours,
    /// What changes this, and to what. No other option does.
    options: &'static [(Opt, Ours)],
}

/// The bytes, and what they are read as.
#[derive(Clone, Copy)]
enum Stream {
    Request(&'static [u8]),
    /// These fields of a request behind its Host, and what follows the head.
    Get(&'static str, &'static str),
    /// A request of parts, each so many times.
    LongRequest(&'static [(&'static str, usize)]),
    Response(&'static [u8]),
    /// These fields of a response, and what follows the head.
    Reply(&'static str, &'static str),
    /// A response to a request of this method.
    Answer(&'static str, &'static [u8]),
    /// A chunked body.
    Chunks(&'static [u8]),
    /// A chunked body of parts, each so many times.
    ManyChunks(&'static [(&'static str, usize)]),
}

/// What comes out.
#[derive(Clone, Copy)]
enum Ours {
    /// These events, to the end.
    Accepted(&'static [&'static str]),
    /// Nothing but this fault, at this offset of the stream.
    Refused(Rule, u64),
    /// These events, and then this fault.
    RefusedAfter(&'static [&'static str], Rule, u64),
    /// This data so many times, and then this.
    AfterMany(&'static str, usize, &'static Ours),
    /// Something is longer than its limit.
    TooLong(&'static str),
    /// These events, and then the stream ends inside a message.
    Truncated(&'static [&'static str]),
}

/// An option of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opt {
    Allow(Leniency),
    Ask(Demand),
}

const OPTIONS: &[Opt] = &[
    Opt::Allow(Leniency::LfInResponseHead),
    Opt::Allow(Leniency::ObsFoldInResponses),
    Opt::Allow(Leniency::ObsTextTarget),
    Opt::Allow(Leniency::FragmentInTarget),
    Opt::Allow(Leniency::AsteriskForAnyMethod),
    Opt::Allow(Leniency::EmptyHost),
    Opt::Allow(Leniency::IdenticalContentLengths),
    Opt::Allow(Leniency::TransferCodings),
    Opt::Allow(Leniency::WhitespaceAfterChunkSize),
    Opt::Allow(Leniency::WhitespaceInChunkExtensions),
    Opt::Allow(Leniency::DropForbiddenTrailers),
    Opt::Ask(Demand::Rfc3986Target),
    Opt::Ask(Demand::StatusBelow600),
    Opt::Ask(Demand::NoLeadingZeros),
    Opt::Ask(Demand::HostMatchesTarget),
];

/// Faults of a head as a whole: what is missing, and what fields say together.
const OF_WHOLE_HEADS: &[Rule] = &[
    Rule::NoHost,
    Rule::HostMismatch,
    Rule::BothLengths,
    Rule::ManyLengths,
    Rule::BadLength,
    Rule::ManyTransferEncodings,
    Rule::BadTransferEncoding,
    Rule::UnknownCoding,
    Rule::TransferEncodingIn10,
    Rule::ConnectWithBody,
];

fn rows() -> impl Iterator<Item = &'static Row> {
    ALL.iter().flat_map(|(_, rows)| *rows)
}

impl Opt {
    fn rules(self) -> Rules {
        match self {
            Self::Allow(leniency) => Rules::STRICT.allow(leniency),
            Self::Ask(demand) => Rules::STRICT.demand(demand),
        }
    }

    fn name(self) -> String {
        match self {
            Self::Allow(leniency) => format!("{leniency:?}"),
            Self::Ask(demand) => format!("{demand:?}"),
        }
    }

    fn address(self) -> String {
        let name = self.name();
        let kind = if matches!(self, Self::Allow(_)) { "Leniency" } else { "Demand" };
        format!("[`{name}`]: crate::http1::{kind}::{name}")
    }
}

/// In how many ways a stream is brought.
#[derive(Clone, Copy)]
enum Ways {
    /// Whole, byte by byte, cut at every place, and some more.
    Every,
    Some,
}

impl Ways {
    fn check<D: Decode, M: Fn() -> D>(self, kit: &Kit<D, M>, bytes: &[u8]) -> Vec<String> {
        match self {
            Self::Every => kit.check(bytes).lines(),
            Self::Some => kit.check_sample(bytes, 1).lines(),
        }
    }
}

impl Stream {
    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Request(bytes) | Self::Response(bytes) | Self::Answer(_, bytes) | Self::Chunks(bytes) => bytes.to_vec(),
            Self::Get(fields, rest) => [&get(fields)[..], rest.as_bytes()].concat(),
            Self::Reply(fields, rest) => [&ok(fields)[..], rest.as_bytes()].concat(),
            Self::LongRequest(parts) | Self::ManyChunks(parts) => {
                parts.iter().flat_map(|(part, times)| part.repeat(*times).into_bytes()).collect()
            }
        }
    }

    /// What the response answers, where it is one.
    fn answers(self) -> Answers {
        if let Self::Answer(method, _) = self { Answers::method(method) } else { Answers::Other }
    }

    /// Everything that comes out, a line each.
    fn says(self, rules: Rules, ways: Ways) -> Vec<String> {
        let bytes = &self.bytes()[..];
        match self {
            Self::Request(_) | Self::Get(..) | Self::LongRequest(_) => ways.check(&requests(rules), bytes),
            Self::Response(_) | Self::Reply(..) | Self::Answer(..) => ways.check(&responses(rules, self.answers()), bytes),
            Self::Chunks(_) | Self::ManyChunks(_) => ways.check(&body(BodyForm::Chunked, rules), bytes),
        }
    }

    /// How bytes that are read as this fail when they come one by one, and how many had come by then.
    fn fails(self, rules: Rules, bytes: &[u8]) -> Option<(Error<Fault>, usize)> {
        match self {
            Self::Request(_) | Self::Get(..) | Self::LongRequest(_) => fails(Requests::new(rules), bytes),
            Self::Response(_) | Self::Reply(..) | Self::Answer(..) => fails(Responses::new(rules).answering(self.answers()), bytes),
            Self::Chunks(_) | Self::ManyChunks(_) => fails(Body::new(BodyForm::Chunked, rules), bytes),
        }
    }

    /// What comes out, as [`Ours::says`] says it.
    fn verdict(self, rules: Rules, ways: Ways) -> Vec<String> {
        let mut said = self.says(rules, ways);
        if let Some((error, _)) = self.fails(rules, &self.bytes()) {
            assert_eq!(said.pop(), Some(error.to_string()));
            said.push(match &error.cause {
                ErrorCause::Fault(fault) => refused(fault.rule, error.offset + fault.at as u64),
                ErrorCause::FrameTooLarge { what, .. } => format!("{what} too long"),
                ErrorCause::Truncated { .. } => TRUNCATED.to_owned(),
                _ => error.to_string(),
            });
        }
        said
    }
}

const TRUNCATED: &str = "truncated";

fn refused(rule: Rule, at: u64) -> String {
    format!("{rule:?} at {at}")
}

/// How a stream fails that comes byte by byte, and how many bytes had come by then.
pub(super) fn fails<D: Decode<Fault = Fault>>(decoder: D, bytes: &[u8]) -> Option<(Error<Fault>, usize)> {
    let mut engine = Engine::new(decoder);
    for (before, byte) in bytes.iter().enumerate() {
        let mut frames = engine.feed(slice::from_ref(byte)).unwrap();
        loop {
            match frames.next_frame() {
                Ok(Step::Frame(..)) => {}
                Ok(Step::End(_)) => return None,
                Ok(_) => break,
                Err(error) => return Some((error, before + 1)),
            }
        }
    }
    let mut frames = engine.eof();
    loop {
        match frames.next_frame() {
            Ok(Step::Frame(..)) => {}
            Ok(_) => return None,
            Err(error) => return Some((error, bytes.len())),
        }
    }
}

impl Ours {
    /// The events, and how it ends.
    fn says(self) -> Vec<String> {
        let (events, last) = match self {
            Self::AfterMany(data, times, then) => return [vec![format!("+{}", data.repeat(times))], then.says()].concat(),
            Self::Accepted(events) => (events, None),
            Self::Refused(rule, at) => (&[][..], Some(refused(rule, at))),
            Self::RefusedAfter(events, rule, at) => (events, Some(refused(rule, at))),
            Self::TooLong(what) => (&[][..], Some(format!("{what} too long"))),
            Self::Truncated(events) => (events, Some(TRUNCATED.to_owned())),
        };
        events.iter().map(|event| (*event).to_owned()).chain(last).collect()
    }
}

#[test]
fn hs_1_every_row_gets_its_verdict_in_every_way() {
    let mut wrong = Vec::new();
    for row in rows() {
        let verdicts = [(Rules::STRICT, row.ours)].into_iter().chain(row.options.iter().map(|(option, then)| (option.rules(), *then)));
        for (rules, ours) in verdicts {
            let found = row.stream.verdict(rules, Ways::Every);
            if found != ours.says() {
                wrong.push(format!("{} ({}): {found:?} and not {:?}", row.id, row.clause, ours.says()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn hs_2_no_other_option_changes_a_verdict() {
    for row in rows() {
        for option in OPTIONS.iter().filter(|option| row.options.iter().all(|(named, _)| named != *option)) {
            assert_eq!(row.stream.verdict(option.rules(), Ways::Some), row.ours.says(), "{} with {option:?}", row.id);
        }
    }
}

/// Every option is here, and makes a difference: what is allowed is refused otherwise, and what more is asked for is accepted otherwise.
#[test]
fn hs_2_every_option_changes_a_verdict() {
    let source = include_str!("../../src/http1/rules.rs");
    let variants = |name: &str| {
        let (_, body) = source.split_once(&format!("pub enum {name} {{\n")).unwrap();
        let (body, _) = body.split_once("\n}").unwrap();
        body.lines().filter_map(|line| line.trim().strip_suffix(',')).map(str::to_owned).collect::<Vec<_>>()
    };
    let named: Vec<String> = OPTIONS.iter().map(|option| option.name()).collect();
    assert_eq!(named, [variants("Leniency"), variants("Demand")].concat());
    for option in OPTIONS {
        let changes = |row: &&Row| {
            let then = row.options.iter().find(|(named, _)| named == option).map(|(_, then)| *then);
            matches!(
                (option, row.ours, then),
                (Opt::Allow(_), Ours::Refused(..), Some(Ours::Accepted(_))) | (Opt::Ask(_), Ours::Accepted(_), Some(Ours::Refused(..)))
            )
        };
        assert!(rows().any(|row| changes(&row)), "{option:?}");
    }
}

/// Where the line ends in which this byte is, or the head.
fn latest(fault: &Fault, at: usize, bytes: &[u8]) -> usize {
    if OF_WHOLE_HEADS.contains(&fault.rule) {
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|end| end + 4);
        return head.expect("a head that is judged whole has come whole");
    }
    bytes.iter().skip(at).position(|byte| *byte == b'\n').map_or(bytes.len(), |lf| at + lf + 1)
}

/// Checks that a fault is told in time, and what is told of it. Tells whether there was one.
fn check_fault(stream: Stream, bytes: &[u8]) -> bool {
    let Some((error, after)) = stream.fails(Rules::STRICT, bytes) else { return false };
    let ErrorCause::Fault(fault) = &error.cause else { return false };
    let at = usize::try_from(error.offset).unwrap() + fault.at;
    let said = || format!("{error} after {after}: {}", bytes.escape_ascii());
    assert!(fault.found.is_none_or(|found| bytes.get(at) == Some(&found)), "{}", said());
    assert!(at <= after && after <= latest(fault, at, bytes), "{}", said());
    true
}

#[test]
fn hh_15_a_fault_is_told_by_the_end_of_its_line() {
    let faults = rows().filter(|row| check_fault(row.stream, &row.stream.bytes())).count();
    assert!(faults > 150, "{faults}");
    let mut random = Random(3);
    let short: Vec<&Row> = rows().filter(|row| row.stream.bytes().len() < 200).collect();
    let faults = (0..6000).filter(|_| {
        let stream = short[random.below(short.len())].stream;
        check_fault(stream, &mutate(&stream.bytes(), &mut random))
    });
    assert!(faults.count() > 3000);
}

/// Bytes for a reader of Markdown: between backticks, in a table.
fn code(bytes: &[u8]) -> String {
    let mut text = String::from("`");
    for byte in bytes {
        match byte {
            b'|' => text.push_str("\\|"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => text.push_str(&byte.escape_ascii().to_string()),
        }
    }
    text + "`"
}

impl Stream {
    /// What it is read as, and the bytes, of which what is the same everywhere is left out.
    fn example(self) -> (&'static str, String) {
        let parts = |parts: &[(&str, usize)]| {
            let shown = parts.iter().map(|(part, times)| match times {
                1 => code(part.as_bytes()),
                _ => format!("{} × {times}", code(part.as_bytes())),
            });
            shown.collect::<Vec<_>>().join(" ")
        };
        let fields = |fields: &str, rest: &str| match rest {
            "" => code(fields.as_bytes()),
            _ => code(format!("{fields}\r\n{rest}").as_bytes()),
        };
        match self {
            Self::Request(bytes) => ("request", code(bytes)),
            Self::Get(names, rest) => ("request", fields(names, rest)),
            Self::LongRequest(of) => ("request", parts(of)),
            Self::Response(bytes) => ("response", code(bytes)),
            Self::Reply("", rest) => ("response", code(format!("\r\n{rest}").as_bytes())),
            Self::Reply(names, rest) => ("response", fields(names, rest)),
            Self::Answer("HEAD", bytes) => ("response to HEAD", code(bytes)),
            Self::Answer(_, bytes) => ("response to CONNECT", code(bytes)),
            Self::Chunks(bytes) => ("chunks", code(bytes)),
            Self::ManyChunks(of) => ("chunks", parts(of)),
        }
    }

    fn is_response(self) -> bool {
        matches!(self, Self::Response(_) | Self::Reply(..) | Self::Answer(..))
    }
}

impl Ours {
    fn rule(self) -> Option<Rule> {
        match self {
            Self::Refused(rule, _) | Self::RefusedAfter(_, rule, _) => Some(rule),
            Self::AfterMany(_, _, then) => then.rule(),
            Self::Accepted(_) | Self::TooLong(_) | Self::Truncated(_) => None,
        }
    }

    /// The verdict in a cell of the page.
    fn cell(self, stream: Stream) -> String {
        match self {
            Self::Accepted(events) => match events.first().and_then(|head| head.split_once("} ")?.1.split_once(';')) {
                Some((framing, _)) => format!("accepted: {}", framing_in_words(framing)),
                None => "accepted".to_owned(),
            },
            Self::Refused(rule, _) | Self::RefusedAfter(_, rule, _) => {
                let status = if stream.is_response() { String::new() } else { format!(", {}", rule.status()) };
                format!("refused: [`{rule:?}`]{status}")
            }
            Self::AfterMany(_, _, then) => then.cell(stream),
            Self::TooLong(what) => format!("refused: {what} too long"),
            Self::Truncated(_) => "truncated: an error at the end of the stream".to_owned(),
        }
    }
}

fn framing_in_words(framing: &str) -> String {
    let (form, marks) = framing.split_once(' ').unwrap_or((framing, ""));
    let form = match form {
        "None" => "no body".to_owned(),
        "Chunked" => "chunks".to_owned(),
        "UntilClose" => "a body until close".to_owned(),
        "Tunnel" => "a tunnel".to_owned(),
        length => length.replace("Length(", "a length of ").replace(')', ""),
    };
    if marks.is_empty() { form } else { format!("{form}, {marks}") }
}

/// `9112-2.2` as a link, whose address is at the end of the page, with that.
fn source(of: &str) -> (String, Option<String>) {
    match of.split_once('-') {
        Some((rfc, section)) => {
            let link = format!("[RFC {rfc}, {section}]");
            let address = format!("{link}: https://www.rfc-editor.org/rfc/rfc{rfc}#section-{section}");
            (link, Some(address))
        }
        None => (of.to_owned(), None),
    }
}

impl Row {
    /// Its line of the page; the addresses of its links are added to these.
    fn line(&self, addresses: &mut BTreeSet<String>) -> String {
        let mut cell = |ours: Ours| {
            addresses.extend(ours.rule().map(|rule| format!("[`{rule:?}`]: crate::http1::Rule::{rule:?}")));
            ours.cell(self.stream)
        };
        let ours = cell(self.ours);
        let options = self.options.iter().map(|(option, then)| format!("[`{}`]: {}", option.name(), cell(*then)));
        let options = options.collect::<Vec<_>>().join("; ");
        let (source, address) = source(self.source);
        addresses.extend(address);
        let (read_as, example) = self.stream.example();
        format!("| {} | {} ({source}) | {read_as} | {example} | {ours} | {options} |", self.id, self.what)
    }
}

/// The page of the table.
fn page() -> String {
    let mut page = include_str!("strictness/intro.md").to_owned();
    let mut addresses: BTreeSet<String> = OPTIONS.iter().map(|option| option.address()).collect();
    for (title, rows) in ALL {
        write!(page, "\n# {title}\n\n| | construct | read as | example | ours | with an option |\n|---|---|---|---|---|---|\n").unwrap();
        for row in *rows {
            writeln!(page, "{}", row.line(&mut addresses)).unwrap();
        }
    }
    page.push('\n');
    for address in addresses {
        writeln!(page, "{address}").unwrap();
    }
    page
}

/// With `FRAMEWRIGHT_BLESS=1` the page is written anew.
#[test]
fn hs_3_the_guide_is_made_of_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide/http1_strictness.md");
    let page = page();
    if env::var_os("FRAMEWRIGHT_BLESS").is_some() {
        fs::write(path, &page).unwrap();
    }
    let committed = fs::read_to_string(path).unwrap().replace("\r\n", "\n");
    let differs = committed.lines().zip(page.lines()).find(|(committed, made)| committed != made);
    assert!(committed == page, "{path} is not what the table makes, which FRAMEWRIGHT_BLESS=1 writes; {differs:?}");
}

/// The rows by clause, as SPEC.md lists them.
fn index() -> String {
    let mut clauses: Vec<&str> = Vec::new();
    for row in rows() {
        if !clauses.contains(&row.clause) {
            clauses.push(row.clause);
        }
    }
    let number = |clause: &str| clause.split_once('-').and_then(|(_, number)| number.parse::<u32>().ok());
    clauses.sort_by_key(|clause| (["HH", "HF", "HB", "HM", "HL"].iter().position(|chapter| clause.starts_with(chapter)), number(clause)));
    let mut index = String::from("| clause | rows |\n|---|---|\n");
    for clause in clauses {
        let mut ids: Vec<&str> = rows().filter(|row| row.clause == clause).map(|row| row.id).collect();
        ids.dedup();
        writeln!(index, "| {clause} | {} |", ids.join(", ")).unwrap();
    }
    index
}

#[test]
fn hs_4_every_row_is_of_a_clause_and_every_construct_has_a_row() {
    let index = index();
    assert!(include_str!("../../SPEC.md").replace("\r\n", "\n").contains(&index), "SPEC.md, chapter HS, does not have\n{index}");
    let is_listed = |id: &str| index.split([' ', ',', '|']).any(|word| word.trim_end_matches(|c: char| c.is_ascii_lowercase()) == id);
    // C16 is of connections.
    for (group, most) in [("A", 9), ("B", 10), ("C", 15), ("D", 14)] {
        for number in 1..=most {
            assert!(is_listed(&format!("{group}{number}")), "{group}{number}");
        }
    }
    assert!(is_listed("C17"));
    let ids: Vec<&str> = ALL.iter().filter(|(title, _)| *title != "Attacks").flat_map(|(_, rows)| rows.iter().map(|row| row.id)).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}
