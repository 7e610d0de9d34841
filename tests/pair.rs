//! Two connections back to back: what `testkit::Pair` promises, and what connections do under it.

use core::time::Duration;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use framewright::Time;
use framewright::conn::{Conn, Limits, Outbox, Plain, Timeouts};
use framewright::encode::EncodeError;
use framewright::framing::{Counts, LengthField, Lines, Width};
use framewright::testkit::{Action, Ended, Faults, Happening, Network, Pair, Report, Side};

#[path = "conn/chat.rs"]
mod chat;

use chat::Chat;

const SEEDS: u64 = 10_000;

fn rounds(all: u64) -> u64 {
    if std::env::var_os("FRAMEWRIGHT_QUICK").is_some() { all / 20 } else { all }
}

/// Numbered messages of all lengths that go one way, and what came of the other's.
struct Bulk {
    name: char,
    sent: usize,
    count: usize,
    /// Every so many messages one is a ping.
    pings: usize,
    came: Vec<Vec<u8>>,
    pongs: usize,
    peer_ended: bool,
}

impl Bulk {
    fn new(name: char, count: usize, pings: usize) -> Self {
        Self { name, sent: 0, count, pings, came: Vec::new(), pongs: 0, peer_ended: false }
    }

    fn message(name: char, number: usize) -> Vec<u8> {
        format!("{name}{number}:{}", "x".repeat(number * 7 % 23)).into_bytes()
    }

    fn send(&mut self, out: &mut Outbox<'_, Chat>) {
        while self.sent < self.count && out.is_writable() {
            if let Err(unsent) = out.send(Self::message(self.name, self.sent)) {
                assert_eq!(unsent.error, EncodeError::Closed);
                return;
            }
            self.sent += 1;
            if self.pings > 0 && self.sent % self.pings == 0 {
                out.send("ping").unwrap();
            }
        }
        // Whoever has to answer pings closes when its peer has.
        if self.sent == self.count && (self.pings > 0 || self.peer_ended) {
            out.close();
        }
    }

    fn take(&mut self, frame: &[u8]) {
        if frame == b"pong" { self.pongs += 1 } else { self.came.push(frame.to_vec()) }
    }

    /// What came is what the other sent: all of it, or its start.
    fn check(&self, other: &Self, whole: bool, says: &dyn core::fmt::Display) {
        let expected: Vec<Vec<u8>> = (0..other.count).map(|number| Self::message(other.name, number)).collect();
        let mut came = &self.came[..];
        if let (false, Some((last, before))) = (whole, came.split_last()) {
            // The end of the stream ends a line, too.
            let cut = expected.get(before.len()).is_some_and(|line| line.starts_with(last))
                || b"pong".starts_with(last)
                || b"ping".starts_with(last);
            assert!(cut, "{says}");
            came = before;
        }
        assert_eq!(came, &expected[..came.len()], "{says}");
        if whole {
            assert_eq!(self.came.len(), other.count, "{says}");
            assert_eq!(self.pongs, self.count.checked_div(self.pings).unwrap_or(0), "{says}");
        }
    }
}

fn network(seed: u64) -> Network {
    let pick = usize::try_from(seed).unwrap();
    Network {
        capacity: [1, 2, 3, 5, 17, 4096][pick % 6],
        delay: Duration::from_millis(seed % 4),
        bandwidth: [None, Some(100_000)][pick / 4 % 2],
        piece: [usize::MAX, 1, 4][pick / 8 % 3],
        faults: Faults::None,
    }
}

fn limits() -> Limits {
    Limits { high_water: 24, max_unsent: 80, replies: 12, ..Limits::DEFAULT }
}

fn bulk(seed: u64, network: Network) -> (Report<Chat, Chat>, Bulk, Bulk) {
    let chat = || Conn::with_limits(Chat(Lines::new(64)), Time::ZERO, limits()).half_open();
    let (mut left, mut right) = (Bulk::new('l', 9, 2), Bulk::new('r', 11, 0));
    let report = Pair::new(chat(), chat()).network(network).run(
        seed,
        |happening, out| match happening {
            Happening::Quiet => left.send(out),
            Happening::Event(line) => left.take(line),
            Happening::Bad(error) => panic!("{error}"),
            Happening::Over(_) => left.peer_ended = true,
        },
        |happening, out| match happening {
            Happening::Quiet => right.send(out),
            Happening::Event(line) => right.take(line),
            Happening::Bad(error) => panic!("{error}"),
            Happening::Over(result) => {
                right.peer_ended = true;
                if result.is_err() {
                    out.close();
                }
            }
        },
    );
    (report, left, right)
}

#[test]
fn pr_1_nothing_is_lost_nor_comes_twice() {
    let mut faults = 0;
    for seed in 0..rounds(SEEDS) {
        let injected = if seed % 2 == 0 { Faults::None } else { Faults::Within(120) };
        let (report, left, right) = bulk(seed, Network { faults: injected, ..network(seed) });
        let whole = !report.has_fault();
        faults += u64::from(!whole);
        left.check(&right, whole, &report);
        right.check(&left, whole, &report);
        if whole {
            assert_eq!((report.ended_left(), report.ended_right()), (&Ended::Cleanly, &Ended::Cleanly), "{report}");
        }
        assert!(report.lasted < Duration::from_secs(60), "{report}");
    }
    assert!(faults > rounds(SEEDS) / 20, "too few faults: {faults}");
}

#[test]
fn pr_2_a_seed_and_a_list_of_actions_repeat_a_run() {
    for seed in 0..rounds(400) {
        let network = Network { faults: Faults::Within(60), ..network(seed) };
        let (first, _, _) = bulk(seed, network);
        let (again, _, _) = bulk(seed, network);
        assert_eq!(first.actions, again.actions);
        let echo = |actions: Option<&[Action]>| {
            let conn = || Conn::new(Plain(Lines::new(64)), Time::ZERO);
            let pair = Pair::new(conn(), conn()).network(network);
            let mut asked = 0;
            let client = |happening: Happening<'_, _>, out: &mut Outbox<'_, Plain<Lines>>| match happening {
                Happening::Quiet if asked < 5 => {
                    asked += 1;
                    let _ = out.send("hello");
                    if asked == 5 {
                        out.close();
                    }
                }
                _ => {}
            };
            let server = |happening: Happening<'_, _>, out: &mut Outbox<'_, Plain<Lines>>| {
                if let Happening::Event(line) = happening {
                    let _ = out.send(line);
                }
            };
            match actions {
                None => pair.run(seed, client, server),
                Some(actions) => pair.replay(actions, client, server),
            }
        };
        let recorded = echo(None);
        let replayed = echo(Some(&recorded.actions));
        assert_eq!(recorded.actions, replayed.actions);
        assert_eq!(
            (recorded.ended_left(), recorded.ended_right(), recorded.lasted),
            (replayed.ended_left(), replayed.ended_right(), replayed.lasted)
        );
    }
}

#[test]
fn pr_3_the_driver_does_all_that_is_wanted_in_every_size() {
    let mut kinds = BTreeSet::new();
    let (mut written, mut read, mut returned) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for seed in 0..300 {
        let (report, _, _) = bulk(seed, Network { capacity: 6, faults: Faults::Within(50), ..network(seed) });
        for action in report.actions {
            kinds.insert(format!("{action:?}").split('(').next().unwrap().to_owned());
            match action {
                Action::Write(_, n) => written.insert(n),
                Action::Return(_, n) => returned.insert(n),
                Action::Read(_, n) | Action::Feed(_, n) => read.insert(n),
                _ => false,
            };
        }
    }
    assert_eq!(
        kinds.into_iter().collect::<Vec<_>>(),
        ["Cut", "End", "Feed", "Read", "Reset", "Return", "Shut", "Take", "Tick", "Wait", "Write"]
    );
    let all: BTreeSet<usize> = (0..=6).collect();
    assert!(written.is_superset(&all) && returned.is_superset(&all), "{written:?} {returned:?}");
    assert!(read.is_superset(&(1..=6).collect()), "{read:?}");
}

fn panic_of(run: impl FnOnce()) -> String {
    let panicked = catch_unwind(AssertUnwindSafe(run)).expect_err("it panics");
    panicked.downcast_ref::<String>().expect("it says something").clone()
}

#[test]
fn pr_4_a_run_that_stands_still_or_does_not_end_says_how_to_repeat_it() {
    let lines = |timeouts| Conn::with_limits(Plain(Lines::new(64)), Time::ZERO, Limits { timeouts, ..Limits::DEFAULT });
    // Nobody says anything, and nobody ends.
    let says = panic_of(|| {
        let pair = Pair::new(lines(Timeouts::NEVER), lines(Timeouts::NEVER));
        drop(pair.run(17, |_, _| {}, |_, _| {}));
    });
    assert!(says.contains("the run stands still at Time(0)") && says.contains("seed 17"), "{says}");
    // They answer each other for ever.
    let says = panic_of(|| {
        let echo = |happening: Happening<'_, Plain<Lines>>, out: &mut Outbox<'_, Plain<Lines>>| {
            if let Happening::Event(line) = happening {
                out.send(line).unwrap();
            }
        };
        let mut first = true;
        let pair = Pair::new(lines(Timeouts::NEVER), lines(Timeouts::NEVER)).most_actions(50);
        drop(pair.run(
            3,
            |happening, out| {
                if core::mem::take(&mut first) {
                    out.send("again").unwrap();
                }
                echo(happening, out);
            },
            echo,
        ));
    });
    assert!(says.contains("the run does not end") && says.contains("seed 3") && says.contains("Write(Left, "), "{says}");
    // The recorded actions end before the connections do.
    let says = panic_of(|| {
        let pair = Pair::new(lines(Timeouts::NEVER), lines(Timeouts::NEVER));
        drop(pair.replay(&[Action::Tick(Side::Left)], |_, _| {}, |_, _| {}));
    });
    assert!(says.contains("stands still") && says.contains("[Tick(Left)]"), "{says}");
}

#[test]
fn pr_5_time_passes_only_when_nothing_else_can_be_done_and_timers_fire_in_it() {
    // Nobody says anything: both are idle for five minutes.
    for seed in 0..20 {
        let lines = || Conn::new(Plain(Lines::new(64)), Time::ZERO);
        let report = Pair::new(lines(), lines()).run(seed, |_, _| {}, |_, _| {});
        let idle = Ended::Failed("nothing came for too long".to_owned());
        assert!(*report.ended_left() == idle || *report.ended_right() == idle, "{report}");
        assert_eq!(report.lasted, Duration::from_secs(300), "{report}");
    }
    // 100 bytes at 10 a second, and a second on the way.
    for seed in 0..20 {
        let frames = || Conn::new(Plain(LengthField::builder(Width::U16, Counts::Payload, 200).build().unwrap()), Time::ZERO);
        let network = Network { bandwidth: Some(10), delay: Duration::from_secs(1), ..Network::DEFAULT };
        let came = Cell::new(None);
        let report = Pair::new(frames(), frames()).network(network).run(
            seed,
            |happening, out| {
                if matches!(happening, Happening::Quiet) {
                    let _ = out.send(&[b'x'; 98]);
                    out.close();
                }
            },
            |happening, _| {
                if let Happening::Event(frame) = happening {
                    came.set(Some(frame.len()));
                }
            },
        );
        assert_eq!(came.get(), Some(98), "{report}");
        assert!(report.lasted >= Duration::from_secs(12) && report.lasted < Duration::from_secs(20), "{report}");
    }
    // A frame that never gets on: its timer fires, at its time.
    for seed in 0..20 {
        let lines = || Conn::new(Plain(Lines::new(64)), Time::ZERO);
        let network = Network { bandwidth: Some(1), ..Network::DEFAULT };
        let report = Pair::new(lines(), lines()).network(network).run(
            seed,
            |happening, out| {
                if matches!(happening, Happening::Quiet) {
                    let _ = out.send(&[b'x'; 60]);
                    out.close();
                }
            },
            |_, _| {},
        );
        assert!(report.lasted >= Duration::from_secs(30), "{report}");
    }
}

#[test]
fn pr_6_faults_reach_both_sides() {
    let (mut resets, mut cuts) = (0, 0);
    for seed in 0..1000 {
        let frames = || Conn::new(Plain(LengthField::builder(Width::U16, Counts::Payload, 200).build().unwrap()), Time::ZERO);
        let network = Network { capacity: 7, faults: Faults::Within(20), ..Network::DEFAULT };
        let script = || {
            let mut sent = 0;
            move |happening: Happening<'_, Plain<LengthField>>, out: &mut Outbox<'_, Plain<LengthField>>| {
                if matches!(happening, Happening::Quiet) && sent < 9 {
                    sent += 1;
                    let _ = out.send("a message");
                }
                if sent == 9 {
                    out.close();
                }
            }
        };
        let report = Pair::new(frames(), frames()).network(network).run(seed, script(), script());
        let reset = Ended::Failed("the connection was reset".to_owned());
        let is_cut = |ended: &Ended| matches!(ended, Ended::Failed(says) if says.contains("the stream ended"));
        match report.actions.iter().find(|action| matches!(action, Action::Reset | Action::Cut(_))) {
            Some(Action::Reset) => {
                assert_eq!((report.ended_left(), report.ended_right()), (&reset, &reset), "{report}");
                resets += 1;
            }
            Some(Action::Cut(Side::Left)) => cuts += u32::from(is_cut(report.ended_right())),
            Some(Action::Cut(Side::Right)) => cuts += u32::from(is_cut(report.ended_left())),
            _ => assert_eq!((report.ended_left(), report.ended_right()), (&Ended::Cleanly, &Ended::Cleanly), "{report}"),
        }
    }
    assert!(resets > 50 && cuts > 50, "{resets} resets and {cuts} streams cut short");
}

#[test]
fn pr_6_what_is_sent_to_a_side_that_is_done_is_gone() {
    for seed in 0..50 {
        let lines = |limit| Conn::new(Plain(Lines::new(limit)), Time::ZERO).half_open();
        let network = Network { capacity: 3, ..Network::DEFAULT };
        let report = Pair::new(lines(4), lines(100)).network(network).run(
            seed,
            |_, _| {},
            |happening, out| {
                if matches!(happening, Happening::Quiet) && out.send("a line that is far too long for the other side").is_ok() {
                    out.close();
                }
            },
        );
        assert!(matches!(report.ended_left(), Ended::Failed(says) if says.contains("longer than the limit of 4 bytes")), "{report}");
        assert_eq!((report.ended_right(), report.lasted), (&Ended::Cleanly, Duration::ZERO), "{report}");
    }
}
