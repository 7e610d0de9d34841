//! Vectors of buffers that are read as files: each is run on a `LinearBuf`, on a `SegmentedBuf`, and on a `SegmentedBuf` in which every write is a segment of its own.

use bytes::Bytes;
use framewright::buf::{BufConfig, LinearBuf, SegmentedBuf, StreamBufMut};
use framewright::io::{AsRead, AsWrite, End, WhenShort, WouldBlock, drain_into};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{self, BufRead, ErrorKind, Read, Write};

use crate::{No, assert_known, bytes, hex, steps, unsigned};

/// Returns what each step gives, which must be the same on every buffer.
pub(crate) fn run(vector: &Value) -> Vec<Value> {
    assert_known(&vector["config"], &["policy", "source_chunks"]);
    let in_segments = BufConfig { merge_below: 1, ..BufConfig::DEFAULT };
    let linear = transcript(vector, Box::new(LinearBuf::new()));
    let merged = transcript(vector, Box::new(SegmentedBuf::new()));
    let cut = transcript(vector, Box::new(SegmentedBuf::with_config(in_segments)));
    assert_eq!(linear, merged, "{}: the backends differ", vector["name"]);
    assert_eq!(linear, cut, "{}: seams make a difference", vector["name"]);
    linear
}

fn transcript(vector: &Value, buf: Box<dyn StreamBufMut>) -> Vec<Value> {
    let chunks = vector["config"]["source_chunks"].as_array().unwrap();
    let policy = match vector["config"]["policy"].as_str().unwrap() {
        "raise" => Policy::Raise,
        "return_partial" => Policy::ReturnPartial,
        "fill" => Policy::Fill,
        other => panic!("a policy that is not known: {other}"),
    };
    let mut file = File { buf, policy, source: chunks.iter().map(bytes).collect(), fill_calls: Vec::new() };
    let said = steps(vector).iter().map(|step| file.step(step).unwrap_or_else(Value::from)).collect();
    file.check_rest();
    said
}

#[derive(Clone, Copy)]
enum Policy {
    Raise,
    ReturnPartial,
    Fill,
}

struct File {
    buf: Box<dyn StreamBufMut>,
    policy: Policy,
    /// What `fill` adds to the buffer, one at a time.
    source: VecDeque<Vec<u8>>,
    /// How many bytes `fill` was asked for, since that was last shown.
    fill_calls: Vec<usize>,
}

impl File {
    fn step(&mut self, step: &Value) -> Result<Value, No> {
        match step["op"].as_str().unwrap() {
            "write" => {
                AsWrite::new(&mut *self.buf).write_all(&bytes(&step["hex"])).unwrap();
                Ok(Value::Null)
            }
            "read" if step["n"] == -1 => Ok(self.read_to_end()),
            "read" => self.read(unsigned(&step["n"])?),
            "read1" if step["n"] == -1 => self.read_run(),
            "read1" => self.read_once(unsigned(&step["n"])?),
            "fill_calls" => Ok(std::mem::take(&mut self.fill_calls).into()),
            op => panic!("an operation that is not known: {op}"),
        }
    }

    /// Reads the buffer as a file, by the policy of the vector.
    fn with<T>(&mut self, read: impl FnOnce(&mut dyn BufRead) -> T) -> T {
        fn file<'a>(buf: &'a mut dyn StreamBufMut, policy: impl WhenShort<dyn StreamBufMut + 'a> + 'a) -> impl BufRead + 'a {
            AsRead::new(buf, policy)
        }
        let Self { buf, policy, source, fill_calls } = self;
        let fill = |buf: &mut (dyn StreamBufMut + '_), missing: usize| {
            fill_calls.push(missing);
            let Some(chunk) = source.pop_front() else { return Ok(false) };
            buf.append(Bytes::from(chunk))?;
            Ok(true)
        };
        match policy {
            Policy::Raise => read(&mut file(&mut **buf, WouldBlock)),
            Policy::ReturnPartial => read(&mut file(&mut **buf, End)),
            Policy::Fill => read(&mut file(&mut **buf, fill)),
        }
    }

    /// All of `n` bytes; at the end of the file, what is left.
    fn read(&mut self, n: usize) -> Result<Value, No> {
        let mut to = vec![0; n];
        match self.with(|file| file.read_exact(&mut to)) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                to.clear();
                AsRead::new(&mut *self.buf, End).read_to_end(&mut to).unwrap();
            }
            outcome => outcome.map_err(|error| not_yet(&error))?,
        }
        Ok(hex(&to))
    }

    /// What one read gives.
    fn read_once(&mut self, n: usize) -> Result<Value, No> {
        let mut to = vec![0; n];
        let n = self.with(|file| file.read(&mut to)).map_err(|error| not_yet(&error))?;
        Ok(hex(&to[..n]))
    }

    /// As many bytes as are there in one run.
    fn read_run(&mut self) -> Result<Value, No> {
        let run = self.with(|file| {
            let run = file.fill_buf()?.to_vec();
            file.consume(run.len());
            Ok(run)
        });
        Ok(hex(&run.map_err(|error| not_yet(&error))?))
    }

    /// Everything up to the end of the file, or to where it cannot be said that this is the end.
    fn read_to_end(&mut self) -> Value {
        let mut all = Vec::new();
        match self.with(|file| file.read_to_end(&mut all)) {
            Ok(n) => assert_eq!(n, all.len()),
            Err(error) => return json!({ "error": Value::from(not_yet(&error))["error"], "read": hex(&all) }),
        }
        hex(&all)
    }

    /// Demands that what is left is written out whole.
    fn check_rest(&mut self) {
        let rest: Vec<u8> = self.buf.segments().flatten().copied().collect();
        let mut written = Vec::new();
        drain_into(&mut *self.buf, &mut written).unwrap();
        assert_eq!((written, self.buf.len()), (rest, 0));
    }
}

/// The kind of the record for the one error that may come.
fn not_yet(error: &io::Error) -> No {
    assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
    No::Error("need_more_data")
}
