//! What other readers make of the same streams: h11, llhttp by httptools, and httparse.
//!
//! Every difference is in a class of [`classes::CLASSES`], which has the clause of SPEC.md that makes us differ and a smallest stream. `README.md` beside this file is the table of them with what was
//! counted. The two readers from Python need it: `.ci/run oracles` fetches what they need and runs the tests that are ignored otherwise. `FRAMEWRIGHT_BLESS=1` writes the page anew.

mod classes;
mod page;
mod peers;
mod streams;
mod verdict;

use std::fs;
use std::ops::Range;
use std::thread;

use framewright::testkit::text;

use classes::{CLASSES, Class, class_of, compare};
use peers::Peer;
use streams::Random;
use verdict::{Stream, Verdict};

/// How many streams are drawn.
const STREAMS: usize = 200_000;
/// How many of them a peer is asked at once.
const AT_ONCE: usize = 10_000;

/// What was counted of a peer.
struct Survey {
    peer: Peer,
    /// The streams that it was asked about.
    asked: usize,
    /// Of those, how many are in each class.
    counts: Vec<usize>,
}

/// Asks a peer about so many streams, and those that are not drawn.
fn survey(peer: Peer, mut left: usize) -> Survey {
    let mut survey = Survey { peer, asked: 0, counts: vec![0; CLASSES.len()] };
    let mut random = Random(6);
    let mut streams = streams::probes();
    loop {
        streams.retain(|stream| peer.reads(stream));
        survey.count(&streams);
        if left == 0 {
            return survey;
        }
        let some = left.min(AT_ONCE);
        left -= some;
        streams = (0..some).map(|_| streams::draw(&mut random)).collect();
    }
}

impl Survey {
    fn count(&mut self, streams: &[Stream]) {
        self.asked += streams.len();
        for (stream, theirs) in streams.iter().zip(self.peer.judge(streams)) {
            match found(self.peer, stream, &theirs) {
                None => {}
                Some(Ok(class)) => self.counts[class] += 1,
                Some(Err(named)) => panic!("{}: {}", self.peer.name(), complaint(self.peer, stream, &theirs, &named)),
            }
        }
    }
}

/// The number of the class of the difference that there is for this peer, if there is one.
fn found(peer: Peer, stream: &Stream, theirs: &Verdict) -> Option<Result<usize, Vec<&'static str>>> {
    let ours = if peer == Peer::Httparse { verdict::our_head(stream) } else { verdict::ours(stream) };
    compare(peer, stream, &ours, theirs).map(|difference| class_of(&difference))
}

/// What is to be known of a difference that is not in one class.
fn complaint(peer: Peer, stream: &Stream, theirs: &Verdict, named: &[&str]) -> String {
    let mut smallest = stream.clone();
    reduce(peer, &mut smallest, |stream, theirs| matches!(found(peer, stream, theirs), Some(Err(other)) if other == named));
    let (stream, smaller) = (text(&stream.bytes), text(&smallest.bytes));
    format!(
        "in the classes {named:?}: {stream}\nanswers {:?}, smaller: {smaller}\nours: {:?}\ntheirs: {theirs:?}",
        smallest.answers,
        verdict::ours(&smallest)
    )
}

/// Leaves out of a stream what can be left out.
fn reduce(peer: Peer, stream: &mut Stream, stays: impl Fn(&Stream, &Verdict) -> bool) {
    loop {
        let smaller: Vec<Stream> = units(&stream.bytes).map(|unit| without(stream, unit)).collect();
        let verdicts = peer.judge(&smaller);
        let Some((found, _)) = smaller.into_iter().zip(&verdicts).find(|(smaller, theirs)| stays(smaller, theirs)) else { return };
        *stream = found;
    }
}

/// The places of what can be left out of bytes: each byte, but CR LF as one.
fn units(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at;
        at += match bytes.get(start..)? {
            [] => return None,
            [b'\r', b'\n', ..] => 2,
            _ => 1,
        };
        Some(start..at)
    })
}

fn without(stream: &Stream, unit: Range<usize>) -> Stream {
    Stream { answers: stream.answers, bytes: [&stream.bytes[..unit.start], &stream.bytes[unit.end..]].concat() }
}

/// Sees to it that the smallest stream of each class is in the class, and is in it no more without any one of its bytes.
fn check_smallest(peer: Peer) {
    for (number, class) in CLASSES.iter().enumerate().filter(|(_, class)| class.peer == peer) {
        let stream = Stream { answers: class.smallest.0, bytes: class.smallest.1.to_vec() };
        let is_in = |stream: &Stream, theirs: &Verdict| found(peer, stream, theirs) == Some(Ok(number));
        assert!(is_in(&stream, &peer.judge(std::slice::from_ref(&stream))[0]), "{}: not in the class '{}'", peer.name(), class.name);
        let smaller: Vec<Stream> = units(&stream.bytes).map(|unit| without(&stream, unit)).collect();
        for (smaller, theirs) in smaller.iter().zip(peer.judge(&smaller)) {
            assert!(!is_in(smaller, &theirs), "{}: '{}' has a smaller stream: {}", peer.name(), class.name, text(&smaller.bytes));
        }
    }
}

/// No class is empty.
fn check_counts(survey: &Survey) {
    for (class, count) in CLASSES.iter().zip(&survey.counts).filter(|(class, _)| class.peer == survey.peer) {
        assert!(*count > 0, "{}: no stream is in the class '{}'", class.peer.name(), class.name);
    }
}

/// What httparse accepts and we refuse, and the one part in which we differ, are listed; it refuses nothing that we accept.
#[test]
fn hh_20_httparse_accepts_the_same_heads_with_the_same_parts() {
    check_smallest(Peer::Httparse);
    let streams = if std::env::var_os("FRAMEWRIGHT_QUICK").is_some() { STREAMS / 10 } else { STREAMS };
    let survey = survey(Peer::Httparse, streams);
    check_counts(&survey);
    let refuses = |class: &&Class| class.peer == Peer::Httparse && class.kinds.contains(&classes::Kind::TheyRefuse);
    assert_eq!(CLASSES.iter().filter(refuses).count(), 0);
}

#[test]
#[ignore = "needs FRAMEWRIGHT_PYTHON: run `.ci/run oracles`"]
fn hl_8_every_difference_is_in_a_class() {
    let surveys: Vec<Survey> = thread::scope(|scope| {
        let surveys = Peer::ALL.map(|peer| {
            scope.spawn(move || {
                check_smallest(peer);
                survey(peer, STREAMS)
            })
        });
        surveys.into_iter().map(|survey| survey.join().unwrap()).collect()
    });
    surveys.iter().for_each(check_counts);
    let page = page::of(&surveys);
    println!("{page}");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracles/README.md");
    if std::env::var_os("FRAMEWRIGHT_BLESS").is_some() {
        fs::write(path, &page).unwrap();
    }
    assert!(
        fs::read_to_string(path).unwrap_or_default() == page,
        "tests/oracles/README.md is not what was counted: FRAMEWRIGHT_BLESS=1 writes it anew"
    );
}
