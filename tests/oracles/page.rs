//! The page of what was counted.

use std::fmt::Write;

use framewright::http1::Answers;
use framewright::testkit::text;

use super::Survey;
use super::classes::{CLASSES, Class, Kind, Smallest};
use super::peers::Peer;

const BEFORE: &str = "\
# What other readers make of the same streams

Made by `.ci/run oracles`, which fails when it is not up to date. A class is a way in which a reader differs from ours, with the clause of [SPEC.md](../../SPEC.md) that makes us differ; every
difference is in exactly one of them. Streams are drawn with a fixed seed, and [150 byte strings](../data/http1-probes.json) are among them about which readers are known to disagree. Each is fed
whole and not ended. Where both refuse the same message, they agree.

| what differs | |
|---|---|
| we refuse | what they read on from |
| they wait | we refuse, and they have not said anything of these bytes |
| they refuse | what we accept |
| we wait | they refuse before the end of the line, and we at it |
| parts | the same message has other parts |
| end | a message ends elsewhere, or the protocol does |

A smallest stream is in its class no more without any one of its bytes, CR LF counted as one.
";

pub(crate) fn of(surveys: &[Survey]) -> String {
    let mut page = BEFORE.to_owned();
    for survey in surveys {
        let differ: usize = survey.counts.iter().sum();
        let (peer, asked) = (version(survey.peer), survey.asked);
        write!(page, "\n## {peer}\n{asked} streams, {differ} of them read in another way.\n\n").unwrap();
        page.push_str("| it | what differs | clause | streams | smallest |\n|---|---|---|---|---|\n");
        for (class, count) in CLASSES.iter().zip(&survey.counts).filter(|(class, _)| class.peer == survey.peer) {
            let kinds: Vec<&str> = class.kinds.iter().map(|kind| called(*kind)).collect();
            let Class { name, clause, smallest, .. } = class;
            writeln!(page, "| {name} | {} | {clause} | {count} | {} |", kinds.join(", "), show(smallest)).unwrap();
        }
    }
    page
}

fn called(kind: Kind) -> &'static str {
    match kind {
        Kind::WeRefuse => "we refuse",
        Kind::TheyWait => "they wait",
        Kind::TheyRefuse => "they refuse",
        Kind::WeWait => "we wait",
        Kind::Parts => "parts",
        Kind::Boundary => "end",
    }
}

/// The peer and its version, which requirements.txt or the lock file says.
fn version(peer: Peer) -> String {
    match peer {
        Peer::H11 => pinned("h11"),
        Peer::Httptools => format!("{} (llhttp)", pinned("httptools")),
        Peer::Httparse => {
            let lock = include_str!("../../Cargo.lock");
            let version = lock.split("name = \"httparse\"\nversion = \"").nth(1).and_then(|rest| rest.split('"').next());
            format!("httparse {} (the first head)", version.unwrap())
        }
    }
}

fn pinned(name: &str) -> String {
    let line = include_str!("requirements.txt").lines().find(|line| line.starts_with(name)).unwrap();
    line.replace("==", " ")
}

/// A stream in a cell of a table, its middle left out where that is long.
fn show(smallest: &Smallest) -> String {
    let shown = text(smallest.1).replace('|', "\\|");
    let shown = match shown.len() {
        0..=120 => shown,
        len => format!("{} … {}", &shown[..70], &shown[len - 30..]),
    };
    let answers = match smallest.0 {
        Some(Answers::Head) => ", to HEAD",
        Some(Answers::Connect) => ", to CONNECT",
        _ => "",
    };
    format!("`{shown}`{answers}")
}
