//! Vectors of buffers and of binary reads: each is run on a `LinearBuf`, on a `SegmentedBuf`, and on a `SegmentedBuf` in which every write is a segment of its own, as it was in the original; with
//! owned reservations, as the original's were, and with lent ones as far as the types let the steps be written.

use bytes::Bytes;
use framewright::buf::{BufConfig, LinearBuf, Needle, OwnedReservation, ScanPos, SegmentedBuf, StreamBuf, StreamBufMut, View, find_next};
use framewright::decode::{Found, Stop};
use framewright::{BufError, Decode, Engine, Input, NeedMoreData, Step, read};
use serde_json::Value;
use std::convert::Infallible;
use std::mem;

use crate::{No, assert_known, bytes, hex, recorded, steps, unsigned};

/// Returns what each step gives on the backend that the vector names. The others must give the same, but for where the bytes lie.
///
/// A `direct` buffer is one that was filled before the first step.
pub(crate) fn run(vector: &Value) -> Vec<Value> {
    let config = &vector["config"];
    assert_known(config, &["backend", "data", "max_size", "chunk_size", "compact_threshold"]);
    let [linear, merged, cut] = [Storage::Linear, Storage::Merged, Storage::Cut].map(|storage| {
        let owned = transcript(vector, storage, Form::Owned);
        check_lent(vector, &owned, &transcript(vector, storage, Form::Lent));
        owned
    });
    assert_eq!(placeless(vector, &linear), placeless(vector, &merged), "{}: the backends differ", vector["name"]);
    assert_eq!(placeless(vector, &linear), placeless(vector, &cut), "{}: seams make a difference", vector["name"]);
    if backend(config) == "segmented" && config["chunk_size"].is_null() {
        let places = steps(vector).iter().zip(recorded(vector)).zip(&cut).filter(|((step, _), _)| shows_places(step));
        places.for_each(|((_, recorded), said)| assert_eq!(said, recorded, "{}: in segments", vector["name"]));
    }
    match backend(config) {
        "segmented" => merged,
        "linear" | "direct" => linear,
        other => panic!("a backend that is not known: {other}"),
    }
}

fn backend(config: &Value) -> &str {
    config["backend"].as_str().unwrap_or("segmented")
}

/// Leaves out the steps that show where bytes lie: that is the storage's own affair.
fn placeless<'a>(vector: &'a Value, said: &'a [Value]) -> Vec<&'a Value> {
    let placeless = steps(vector).iter().zip(said).filter(|(step, _)| !shows_places(step));
    placeless.map(|(_, said)| said).collect()
}

fn shows_places(step: &Value) -> bool {
    step["op"] == "peek" || step["op"] == "segments"
}

/// Demands the same of lent reservations, up to the first step that does not compile with them.
fn check_lent(vector: &Value, owned: &[Value], lent: &[Value]) {
    let is_refused = |said: &Value, otherwise: &Value| said.get("inexpressible").is_some() && said != otherwise;
    let same = lent.iter().zip(owned).take_while(|(lent, owned)| !is_refused(lent, owned));
    same.enumerate().for_each(|(step, (lent, owned))| assert_eq!(lent, owned, "{}, step {step}: lent, and owned", vector["name"]));
}

fn transcript(vector: &Value, storage: Storage, form: Form) -> Vec<Value> {
    let mut bench = Bench::new(&vector["config"], storage, form);
    let mut said = Vec::new();
    for step in steps(vector) {
        let outcome = bench.step(step);
        let is_last = matches!(outcome, Err(No::Missing(_)));
        said.push(outcome.unwrap_or_else(Value::from));
        if is_last {
            break;
        }
    }
    said
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Storage {
    Linear,
    /// Small writes share a segment.
    Merged,
    /// Every write is a segment.
    Cut,
}

/// How reservations are made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Lent,
    Owned,
}

/// What is reserved.
enum Held {
    Nothing,
    /// So many bytes. The reservation borrows the buffer, so it is not kept here: reserving again lends the same bytes.
    Lent(usize),
    Owned(OwnedReservation),
}

/// A buffer with what the steps refer to.
struct Bench {
    buf: Box<dyn StreamBufMut>,
    storage: Storage,
    form: Form,
    held: Held,
    views: Vec<View>,
}

impl Bench {
    fn new(config: &Value, storage: Storage, form: Form) -> Self {
        let mut buf: Box<dyn StreamBufMut> = match storage {
            Storage::Linear => Box::new(LinearBuf::new()),
            Storage::Merged | Storage::Cut => Box::new(SegmentedBuf::new()),
        };
        if let Some(max) = config["max_size"].as_u64() {
            buf.set_max_bytes(usize::try_from(max).unwrap());
        }
        let mut bench = Self { buf, storage, form, held: Held::Nothing, views: Vec::new() };
        if backend(config) == "direct" {
            bench.write(&bytes(&config["data"])).unwrap();
        }
        bench
    }

    fn step(&mut self, step: &Value) -> Result<Value, No> {
        match step["op"].as_str().unwrap() {
            "len" => Ok(self.buf.len().into()),
            "peek" => Ok(hex(self.buf.peek())),
            "segments" => Ok(self.buf.segments().map(hex).collect()),
            "content" => Ok(hex(&self.content())),
            "view" => Ok(hex(&self.views[unsigned(&step["i"])?].to_vec())),
            "find" => self.find(step, |buf, needle, start, end| {
                let found = buf.find(needle, start..end);
                check_find(buf, needle, start, end, found);
                found
            }),
            "rfind" => self.find(step, |buf, needle, start, end| buf.rfind(needle, start..end)),
            "fill" => self.fill(&bytes(&step["hex"])),
            "commit" => self.commit(&step["n"]),
            "prepend" => Err(No::Missing("prepend")),
            "compact" => Err(No::Missing("compact")),
            _ if matches!(self.held, Held::Lent(_)) => Err(No::Inexpressible("the reservation borrows the buffer")),
            "reserve" => self.reserve(&step["n"]),
            "write" => Ok(self.write(&bytes(&step["hex"])).map(|()| Value::Null)?),
            "advance" => Ok(self.buf.advance(unsigned(&step["n"])?).map(|()| Value::Null)?),
            "coalesce" => Ok(hex(self.buf.coalesce(unsigned(&step["n"])?)?)),
            "split_to" => {
                self.views.push(self.buf.split_to(unsigned(&step["n"])?)?);
                Ok(hex(&self.views[self.views.len() - 1].to_vec()))
            }
            "peek_exact" => Ok(hex(read::peek_exact(&mut *self.buf, unsigned(&step["n"])?)?)),
            "take" => Ok(hex(&read::take(&mut *self.buf, unsigned(&step["n"])?)?.to_vec())),
            "read_bytes" => Ok(hex(&read::read_bytes(&mut *self.buf, unsigned(&step["n"])?)?)),
            number => self.number(number),
        }
    }

    fn number(&mut self, op: &str) -> Result<Value, No> {
        let buf = &mut *self.buf;
        Ok(match op {
            "peek_u8" => read::peek_u8(buf)?.into(),
            "read_u8" => read::read_u8(buf)?.into(),
            "peek_u16_be" => read::peek_u16_be(buf)?.into(),
            "read_u16_be" => read::read_u16_be(buf)?.into(),
            "peek_u16_le" => read::peek_u16_le(buf)?.into(),
            "read_u16_le" => read::read_u16_le(buf)?.into(),
            "peek_u32_be" => read::peek_u32_be(buf)?.into(),
            "read_u32_be" => read::read_u32_be(buf)?.into(),
            "peek_u32_le" => read::peek_u32_le(buf)?.into(),
            "read_u32_le" => read::read_u32_le(buf)?.into(),
            _ => panic!("an operation that is not known: {op}"),
        })
    }

    fn content(&self) -> Vec<u8> {
        self.buf.segments().flatten().copied().collect()
    }

    fn write(&mut self, data: &[u8]) -> Result<(), BufError> {
        let mut runs: Vec<Vec<u8>> = self.buf.segments().map(<[u8]>::to_vec).collect();
        self.buf.write(data)?;
        if self.storage == Storage::Cut && !data.is_empty() {
            runs.push(data.to_vec());
            let max_bytes = self.buf.max_bytes();
            self.buf = Box::new(in_segments(runs.iter().map(Vec::as_slice)));
            self.buf.set_max_bytes(max_bytes);
        }
        Ok(())
    }

    /// Reserves what the limit leaves room for: the exact form is refused when that is less than what was asked for.
    fn reserve(&mut self, n: &Value) -> Result<Value, No> {
        let n = unsigned(n)?;
        if self.form == Form::Owned {
            let room = self.buf.max_bytes() - self.buf.len();
            let reservation = self.buf.reserve_owned(if room == 0 { n } else { n.min(room) })?;
            let granted = reservation.reserved();
            assert!(reservation.storage.is_empty() && reservation.storage.capacity() >= granted);
            self.held = Held::Owned(reservation);
            return Ok(granted.into());
        }
        let granted = self.buf.reserve_up_to(n)?.len();
        assert_eq!(self.buf.reserve(n).is_ok(), granted == n);
        self.held = Held::Lent(granted);
        Ok(granted.into())
    }

    fn fill(&mut self, data: &[u8]) -> Result<Value, No> {
        match &mut self.held {
            Held::Nothing => return Err(No::Inexpressible("no reservation to fill")),
            Held::Owned(reservation) => {
                reservation.storage.clear();
                reservation.storage.extend_from_slice(data);
            }
            Held::Lent(reserved) => {
                let mut reservation = self.buf.reserve(*reserved)?;
                let spare = reservation.as_mut_slice().get_mut(..data.len());
                spare.ok_or(No::Inexpressible("more bytes than are reserved"))?.copy_from_slice(data);
            }
        }
        Ok(Value::Null)
    }

    fn commit(&mut self, n: &Value) -> Result<Value, No> {
        let n = unsigned(n)?;
        match mem::replace(&mut self.held, Held::Nothing) {
            Held::Nothing if self.form == Form::Lent => return Err(No::Inexpressible("no reservation to commit")),
            // None of this buffer's.
            Held::Nothing => self.buf.commit_owned(LinearBuf::new().reserve_owned(n)?).map_err(|refused| refused.error)?,
            Held::Owned(reservation) => self.commit_owned(reservation, n)?,
            Held::Lent(reserved) => {
                // A commit that was refused has used up the reservation, but lost nothing: the next one reserves again.
                self.held = Held::Lent(reserved);
                self.buf.reserve(reserved)?.commit(n)?;
                self.held = Held::Nothing;
            }
        }
        Ok(Value::Null)
    }

    /// Commits the first `n` bytes of the storage. A commit that is refused gives the reservation back, and it stays out.
    fn commit_owned(&mut self, mut reservation: OwnedReservation, n: usize) -> Result<(), No> {
        let filled = reservation.storage.len();
        reservation.storage.resize(n, 0);
        self.buf.commit_owned(reservation).map_err(|refused| {
            let mut reservation = refused.reservation;
            reservation.storage.truncate(filled);
            self.held = Held::Owned(reservation);
            refused.error.into()
        })
    }

    fn find(&self, step: &Value, search: fn(&dyn StreamBufMut, &Needle, usize, usize) -> Option<usize>) -> Result<Value, No> {
        let (start, end) = (unsigned(&step["start"])?, &step["end"]);
        let end = if end.is_null() { self.buf.len() } else { unsigned(end)? };
        let found = search(&*self.buf, &Needle::new(&bytes(&step["sub"])), start, end);
        Ok(found.map_or(Value::from(-1), Value::from))
    }
}

/// Demands the same answer of the other ways to search, as far as they can be asked for the range.
fn check_find(buf: &dyn StreamBufMut, needle: &Needle, start: usize, end: usize, found: Option<usize>) {
    let runs: Vec<&[u8]> = buf.segments().collect();
    if runs.is_empty() || end < buf.len() {
        return;
    }
    assert_eq!(find_in_input(&runs, needle, start), found, "an input of the runs {runs:02x?}");
    if start == 0 {
        let mut at = ScanPos::default();
        assert_eq!(find_next(buf, needle, &mut at), found, "a resumable search");
        assert_eq!(find_next(buf, needle, &mut at), found, "a resumable search, asked again");
    }
}

/// Searches the input that a decoder sees: all of `runs` stored but the last, which is a chunk.
fn find_in_input(runs: &[&[u8]], needle: &Needle, start: usize) -> Option<usize> {
    let (chunk, stored) = runs.split_last().unwrap();
    let search = Search { needle: needle.clone(), start, seen: Vec::new(), found: None };
    let mut engine = Engine::with_buf(search, in_segments(stored.iter().copied()));
    assert!(matches!(engine.feed(chunk).unwrap().next_frame(), Ok(Step::NeedMoreData(_))));
    assert_eq!(engine.decoder().seen, runs);
    engine.decoder().found
}

/// Searches what it sees, and never finds a frame.
struct Search {
    needle: Needle,
    start: usize,
    seen: Vec<Vec<u8>>,
    found: Option<usize>,
}

impl Decode for Search {
    type Progress = ();
    type Token = ();
    type Frame<'a> = ();
    type Fault = Infallible;

    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<()>, Stop<Infallible>> {
        input.begin()?;
        self.seen = input.runs().map(<[u8]>::to_vec).collect();
        self.found = input.find(&self.needle, &mut self.start.clone());
        Err(Stop::Need(NeedMoreData::ONE))
    }

    fn open<'a>((): (), (): &'a (), _: &'a [u8]) {}
}

/// Makes a buffer of exactly these segments, however short.
pub(crate) fn in_segments<'a>(runs: impl Iterator<Item = &'a [u8]> + Clone) -> SegmentedBuf {
    let mut buf = SegmentedBuf::with_config(BufConfig { merge_below: 1, ..BufConfig::unlimited() });
    for run in runs.clone() {
        buf.append(Bytes::copy_from_slice(run)).unwrap();
    }
    assert!(buf.segments().eq(runs.filter(|run| !run.is_empty())));
    buf
}
