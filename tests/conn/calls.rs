//! Any calls in any order.

use core::time::Duration;

use framewright::Time;
use framewright::buf::View;
use framewright::conn::{Conn, Limits, Timeouts, Turn, Want};

use crate::toy::{Toy, frames};

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB).rotate_right(17) % n
    }

    fn size(&mut self, n: u64) -> usize {
        usize::try_from(self.below(n)).unwrap()
    }
}

/// Calls a connection in any order, and keeps book.
struct Caller {
    conn: Conn<Toy>,
    random: Random,
    now: Time,
    input: Vec<u8>,
    fed: usize,
    events: Vec<String>,
    overs: usize,
    is_done: bool,
    batch: Option<View>,
    queued: Vec<u8>,
    wire: Vec<u8>,
}

impl Caller {
    fn new(seed: u64) -> Self {
        let input: Vec<String> =
            (0..40).map(|n| if n % 5 == 4 { "ping".to_owned() } else { format!("{n}{}", "-".repeat(n % 13)) }).collect();
        let input = frames(&input.iter().map(String::as_str).collect::<Vec<_>>());
        let timeouts = if seed % 2 == 0 { Timeouts::NEVER } else { Timeouts::DEFAULT };
        let limits = Limits { backlog: 50, max_unsent: 40, replies: 12, timeouts, ..Limits::DEFAULT };
        let conn = Conn::with_limits(Toy::new(), Time::ZERO, limits);
        let (events, queued, wire) = (Vec::new(), Vec::new(), Vec::new());
        Self { conn, random: Random(seed), now: Time::ZERO, input, fed: 0, events, overs: 0, is_done: false, batch: None, queued, wire }
    }

    fn call(&mut self) {
        let most = self.random.size(20);
        match self.random.below(40) {
            0 => self.now = self.now + Duration::from_millis(self.random.below(6000)),
            1 => self.conn.tick(self.now),
            2 => self.conn.tick(Time::ZERO),
            3 if self.fed == self.input.len() || self.random.below(30) == 0 => self.conn.eof(self.now),
            4 if self.random.below(60) == 0 => self.conn.reset(self.now),
            5 if self.random.below(30) == 0 => self.conn.begin_drain(),
            6 if self.random.below(15) == 0 => self.conn.outbox().close(),
            7 | 8 => self.conn.shut(self.now),
            9..=12 => {
                let message = "m".repeat(most);
                match self.conn.outbox().send(&message[..]) {
                    Ok(()) => self.queued.extend(frames(&[&message])),
                    Err(unsent) => assert_eq!(&unsent.message[..], message.as_bytes()),
                }
            }
            13..=15 => {
                if self.batch.is_none() {
                    self.batch = self.conn.take_output(most);
                }
            }
            16..=18 => {
                if let Some(batch) = self.batch.take() {
                    self.wire.extend(batch.segments().flatten().take(most));
                    self.conn.sent(self.now, most.min(batch.len())).unwrap();
                }
            }
            19..=22 if self.batch.is_none() => {
                let bytes: Vec<u8> = self.conn.output().flatten().copied().take(most).collect();
                self.conn.sent(self.now, bytes.len()).unwrap();
                self.wire.extend(bytes);
            }
            23..=27 => {
                let chunk = &self.input[self.fed..self.input.len().min(self.fed + most)];
                if let Ok(mut steps) = self.conn.feed(self.now, chunk) {
                    self.fed += chunk.len();
                    for _ in 0..self.random.below(3) {
                        note(steps.step(), &mut self.events, &mut self.overs, &mut self.is_done);
                    }
                }
            }
            28..=30 => {
                let chunk = &self.input[self.fed..self.input.len().min(self.fed + most)];
                if let Ok(space) = self.conn.space() {
                    assert!(!space.is_empty(), "nothing is lent");
                    let n = chunk.len().min(space.len());
                    space[..n].copy_from_slice(&chunk[..n]);
                    self.conn.commit(self.now, n).unwrap();
                    self.fed += n;
                }
            }
            _ => {
                let want = note(self.conn.step(), &mut self.events, &mut self.overs, &mut self.is_done);
                if let Some(Want { read: 0, write: 0, shutdown: false, deadline: Some(deadline) }) = want {
                    assert!(deadline > self.now.max(Time::ZERO) || self.conn.held_bytes() > 0, "a deadline in the past: {want:?}");
                }
                if let Some(Want { deadline: Some(deadline), .. }) = want {
                    // At the deadline something happens: it is not asked for again.
                    let now = self.now;
                    self.conn.tick(now);
                    let again = note(self.conn.step(), &mut self.events, &mut self.overs, &mut self.is_done);
                    assert!(again != want || deadline > now, "{want:?} at {now:?}");
                }
            }
        }
    }

    fn check(&self) {
        let frames: Vec<String> = (0..40).filter(|n| n % 5 != 4).map(|n| format!("{n}{}", "-".repeat(n % 13))).collect();
        assert_eq!(self.events, frames[..self.events.len()]);
        assert!(self.overs <= 1);
        // Answers lie between the messages: without them it is what was sent, or its start.
        let sent = String::from_utf8_lossy(&self.wire).replace("\u{4}pong", "");
        let sent = ["\u{4}", "\u{4}p", "\u{4}po", "\u{4}pon"].iter().find_map(|part| sent.strip_suffix(part)).unwrap_or(&sent).to_owned();
        let queued = String::from_utf8_lossy(&self.queued).into_owned();
        assert!(queued.starts_with(&sent), "{sent:?} was written of {queued:?}");
    }
}

/// Notes what a step says; returns what it wants.
fn note(turn: Turn<'_, Toy>, events: &mut Vec<String>, overs: &mut usize, is_done: &mut bool) -> Option<Want> {
    assert!(!*is_done || matches!(turn, Turn::Done), "after Done came {turn:?}");
    match turn {
        Turn::Event(frame, _) => {
            assert_eq!(*overs, 0, "an event after Over");
            events.push(String::from_utf8(frame.to_vec()).unwrap());
        }
        Turn::Bad(error, _) => panic!("{error}"),
        Turn::Over(..) => *overs += 1,
        Turn::Want(want) => return Some(want),
        Turn::Handoff => panic!("nothing hands over"),
        Turn::Done => *is_done = true,
    }
    None
}

#[test]
fn cn_17_whatever_is_called_nothing_is_lost_or_told_twice_and_no_deadline_is_past() {
    let rounds = if std::env::var_os("FRAMEWRIGHT_QUICK").is_some() { 300 } else { 5000 };
    let (mut done, mut complete) = (0, 0);
    for seed in 0..rounds {
        let mut caller = Caller::new(seed);
        for _ in 0..600 {
            caller.call();
        }
        caller.check();
        done += u64::from(caller.is_done);
        complete += u64::from(caller.events.len() == 32);
    }
    assert!(done > rounds / 4 && complete > rounds / 10, "{done} of {rounds} ended, {complete} had everything");
}
