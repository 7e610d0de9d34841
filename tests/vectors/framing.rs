//! Vectors of framers: each is run by its recorded feeds, and then with its bytes cut in other ways, which must not make a difference.

use framewright::buf::{SegmentedBuf, StreamBufMut};
use framewright::engine::{DEFAULT_MAX_FRAME, Frames, Place};
use framewright::framing::{Counts, Delimited, Delimiter, LengthField, Width};
use framewright::{Decode, Engine, Error, ErrorCause, Refused, Step};
use serde_json::{Value, json};

use crate::buffers::in_segments;
use crate::{No, assert_known, bytes, hex, steps, unsigned};

pub(crate) fn delimiter(vector: &Value) -> Vec<Value> {
    let config = &vector["config"];
    assert_known(config, &["delims", "keep_ends", "max_size", "backend"]);
    let delimiters = config["delims"].as_array().unwrap().iter().map(bytes);
    let max = config["max_size"].as_u64().map_or(usize::MAX, |max| usize::try_from(max).unwrap());
    match Delimiter::new(delimiters, max) {
        Ok(framer) => run(vector, &framer, DEFAULT_MAX_FRAME),
        Err(error) => vec![No::from(error).into()],
    }
}

pub(crate) fn length_field(vector: &Value) -> Vec<Value> {
    let config = &vector["config"];
    let max = &config["max_frame_length"];
    let (framer, boundless) = match (length_framer(config, max), length_framer(config, &Value::Null)) {
        (Ok(framer), Ok(boundless)) => (framer, boundless),
        (Err(no), _) | (_, Err(no)) => return vec![no.into()],
    };
    let said = run(vector, &framer, DEFAULT_MAX_FRAME);
    if let Some(max) = max.as_u64() {
        let by_engine = run(vector, &boundless, usize::try_from(max).unwrap());
        assert_eq!(said, by_engine, "{}: the limit of the engine says something else", vector["name"]);
    }
    said
}

/// The original's limit is of the frame before anything is stripped, ours of what is delivered.
fn length_framer(config: &Value, max: &Value) -> Result<LengthField, No> {
    assert_known(
        config,
        &[
            "length_field_offset",
            "length_field_length",
            "length_adjustment",
            "byteorder",
            "initial_bytes_to_strip",
            "max_frame_length",
            "backend",
        ],
    );
    let number = |key: &str, default: usize| if config[key].is_null() { Ok(default) } else { unsigned(&config[key]) };
    let offset = number("length_field_offset", 0)?;
    let width = match number("length_field_length", 4)? {
        1 => Width::U8,
        2 => Width::U16,
        4 => Width::U32,
        8 => Width::U64,
        _ => return Err(No::Inexpressible("a width of no number")),
    };
    let adjustment = config["length_adjustment"].as_i64().unwrap_or(0);
    let stripped = number("initial_bytes_to_strip", 0)?;
    let max = if max.is_null() { DEFAULT_MAX_FRAME } else { unsigned(max)? };
    let mut builder = LengthField::builder(width, Counts::Adjusted(adjustment), max.saturating_sub(stripped)).offset(offset);
    builder = match config["byteorder"].as_str() {
        None | Some("big") => builder,
        Some("little") => builder.little_endian(),
        Some(_) => return Err(No::Inexpressible("an order neither big nor little")),
    };
    builder = match stripped {
        0 => builder.keep_header(),
        header if header >= offset + width as usize => builder.header(header),
        _ => return Err(No::Missing("a header stripped in part")),
    };
    Ok(builder.build()?)
}

/// The `split` of the original cuts what was written, and keeps the separators.
pub(crate) fn split(vector: &Value) -> Vec<Value> {
    let config = &vector["config"];
    assert_known(config, &["sep"]);
    let mut stream = Stream::new(Engine::new(Delimiter::new([bytes(&config["sep"])], usize::MAX).unwrap()));
    let split = |step: &Value| match step["op"].as_str().unwrap() {
        "write" => {
            stream.write(&bytes(&step["hex"]));
            Value::Null
        }
        "split" => {
            assert_eq!(step["final"], true);
            let outcome = stream.end();
            let frames: Value = outcome.frames.iter().map(|(shown, _)| hex(&shown.with_delimiter())).collect();
            json!({ "frames": frames, "remaining": hex(stream.remaining()) })
        }
        op => panic!("an operation that is not known: {op}"),
    };
    steps(vector).iter().map(split).collect()
}

/// A framer whose frames can be shown.
trait Show: Decode + Clone {
    const DELIMITERS: bool;

    fn show(frame: Self::Frame<'_>) -> Shown;
}

/// A frame, and the delimiter behind it: empty where there is none.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    payload: Vec<u8>,
    delimiter: Vec<u8>,
}

impl Show for Delimiter {
    const DELIMITERS: bool = true;

    fn show(frame: Delimited<'_>) -> Shown {
        assert_eq!(frame.encoded(), [frame.payload(), frame.delimiter()].concat());
        Shown { payload: frame.payload().to_vec(), delimiter: frame.delimiter().to_vec() }
    }
}

impl Show for LengthField {
    const DELIMITERS: bool = false;

    fn show(frame: &[u8]) -> Shown {
        Shown { payload: frame.to_vec(), delimiter: Vec::new() }
    }
}

impl Shown {
    fn with_delimiter(&self) -> Vec<u8> {
        [&self.payload[..], &self.delimiter].concat()
    }
}

/// What came out of a stream: the frames, and the error behind them.
struct Outcome<D: Decode> {
    frames: Vec<(Shown, Place)>,
    error: Option<Error<D::Fault>>,
}

/// What came out of a whole stream: the frames, the error behind them, and what was left where there was none.
type Ending = (Vec<(Shown, Place)>, Option<String>, Option<Vec<u8>>);

/// An engine, and the bytes it has taken.
struct Stream<D: Decode, B: StreamBufMut> {
    engine: Engine<D, B>,
    fed: Vec<u8>,
}

impl<D: Show, B: StreamBufMut> Stream<D, B> {
    fn new(engine: Engine<D, B>) -> Self {
        Self { engine, fed: Vec::new() }
    }

    /// A stream that has failed takes nothing, and gives its error again.
    fn feed(&mut self, chunk: &[u8]) -> Outcome<D> {
        match self.engine.feed(chunk).map(drain) {
            Ok(outcome) => {
                self.fed.extend_from_slice(chunk);
                outcome
            }
            Err(Refused::Failed) => drain(self.engine.frames()),
            Err(other) => panic!("{other}"),
        }
    }

    /// Feeds without asking for frames.
    fn write(&mut self, chunk: &[u8]) {
        drop(self.engine.feed(chunk).unwrap());
        self.fed.extend_from_slice(chunk);
    }

    fn end(&mut self) -> Outcome<D> {
        drain(self.engine.eof())
    }

    /// The unread bytes.
    fn remaining(&self) -> &[u8] {
        let remaining = &self.fed[usize::try_from(self.engine.position()).unwrap()..];
        assert_eq!(remaining.len(), self.engine.held_bytes());
        remaining
    }

    /// Takes a whole stream.
    fn play(mut self, cut: &[&[u8]], ended: bool) -> Ending {
        let mut frames = Vec::new();
        for chunk in cut.iter().copied().map(Some).chain(ended.then_some(None)) {
            let outcome = match chunk {
                Some(chunk) => self.feed(chunk),
                None => self.end(),
            };
            frames.extend(outcome.frames);
            if let Some(error) = outcome.error {
                return (frames, Some(format!("{error:?}")), None);
            }
        }
        (frames, None, Some(self.into_remaining()))
    }

    fn into_remaining(self) -> Vec<u8> {
        let remaining = self.remaining().to_vec();
        let parts = self.engine.into_parts().unwrap();
        assert!(parts.unread.segments().flatten().eq(&remaining));
        remaining
    }
}

fn drain<D: Show, B: StreamBufMut>(mut frames: Frames<'_, D, B>) -> Outcome<D> {
    let mut shown = Vec::new();
    let error = loop {
        match frames.next_frame() {
            Ok(Step::Frame(frame, place)) => shown.push((D::show(frame), place)),
            Ok(Step::Handoff(..)) => panic!("a framer hands nothing over"),
            Ok(Step::Idle | Step::NeedMoreData(_) | Step::End(_)) => return Outcome { frames: shown, error: None },
            Err(error) => break error,
        }
    };
    let again = frames.next_frame().err();
    assert!(error.is_fatal() && again.is_some_and(|again| again.to_string() == error.to_string()), "not final: {error}");
    Outcome { frames: shown, error: Some(error) }
}

/// Returns what each step gives, on both buffers, and demands the same of other cuts.
fn run<D: Show>(vector: &Value, framer: &D, max_frame: usize) -> Vec<Value> {
    check_cuts(vector, framer, max_frame);
    let linear = transcript(vector, Engine::new(framer.clone()).with_max_frame(max_frame));
    let segmented = transcript(vector, Engine::with_buf(framer.clone(), SegmentedBuf::new()).with_max_frame(max_frame));
    assert_eq!(linear, segmented, "{}: the backends differ", vector["name"]);
    linear
}

fn transcript<D: Show, B: StreamBufMut>(vector: &Value, engine: Engine<D, B>) -> Vec<Value> {
    let keep_ends = vector["config"]["keep_ends"] == true;
    let mut stream = Stream::new(engine);
    let mut said = Vec::new();
    for step in steps(vector) {
        let outcome = match step["op"].as_str().unwrap() {
            "feed" => stream.feed(&bytes(&step["hex"])),
            "finish" => stream.end(),
            op => panic!("an operation that is not known: {op}"),
        };
        said.push(outcome.as_recorded(keep_ends, stream.remaining()));
    }
    stream.into_remaining();
    said
}

impl<D: Show> Outcome<D> {
    /// Writes an outcome as the record does: frames, or an error, or frames and then an error.
    fn as_recorded(&self, keep_ends: bool, remaining: &[u8]) -> Value {
        let mut said = json!({ "remaining": hex(remaining) });
        if self.error.is_none() || !self.frames.is_empty() {
            let frame = |shown: &Shown| if keep_ends { hex(&shown.with_delimiter()) } else { hex(&shown.payload) };
            said["frames"] = self.frames.iter().map(|(shown, _)| frame(shown)).collect();
            if D::DELIMITERS {
                said["delims"] = self.frames.iter().map(|(shown, _)| hex(&shown.delimiter)).collect();
            }
        }
        if let Some(error) = &self.error {
            said[if self.frames.is_empty() { "error" } else { "then_error" }] = kind(&error.cause).into();
        }
        said
    }
}

/// The kinds of the record for the errors of a stream.
fn kind<F>(cause: &ErrorCause<F>) -> &'static str {
    match cause {
        ErrorCause::FrameTooLarge { .. } => "frame_too_large",
        ErrorCause::Fault(_) => "corrupt_length",
        ErrorCause::Truncated { .. } => "incomplete",
        _ => panic!("an error without a kind"),
    }
}

/// Cuts the bytes of a vector into single bytes and at every two places, and demands the same frames and the same error, fed to either buffer or stored as segments before the first look.
fn check_cuts<D: Show>(vector: &Value, framer: &D, max_frame: usize) {
    let feeds: Vec<Vec<u8>> = steps(vector).iter().filter(|step| step["op"] == "feed").map(|step| bytes(&step["hex"])).collect();
    let fed = feeds.concat();
    let mut cuts: Vec<Vec<&[u8]>> = vec![feeds.iter().map(Vec::as_slice).collect(), fed.chunks(1).collect()];
    cuts.extend((0..fed.len()).map(|at| vec![&fed[..at], &fed[at..]]));
    for ended in [false, true] {
        let linear = || Stream::new(Engine::new(framer.clone()).with_max_frame(max_frame));
        let whole = linear().play(&[&fed], ended);
        for cut in &cuts {
            let name = format!("{}, cut {cut:02x?}, ended {ended}", vector["name"]);
            assert_eq!(linear().play(cut, ended), whole, "{name}");
            let segmented = Engine::with_buf(framer.clone(), SegmentedBuf::new()).with_max_frame(max_frame);
            assert_eq!(Stream::new(segmented).play(cut, ended), whole, "{name}, segmented");
            let stored = Engine::with_buf(framer.clone(), in_segments(cut.iter().copied())).with_max_frame(max_frame);
            assert_eq!(Stream { engine: stored, fed: fed.clone() }.play(&[&[]], ended), whole, "{name}, stored");
        }
    }
}
