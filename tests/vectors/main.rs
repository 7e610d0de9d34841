//! What the Python original did, step by step: each recorded vector gives what was recorded, or stands in the table of [`exceptions`] with what we give instead.
//!
//! `tests/data/vectors.json` is a copy of the record, and its `schema` explains it. Where a vector has a `quirk`, its `ideal` counts and not its `expect`.

mod buffers;
mod exceptions;
#[cfg(feature = "std")]
mod files;
mod framing;
mod http1;
mod pipeline;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::LazyLock;

use exceptions::{EXCEPTIONS, Exception};
use framewright::framing::SettingsError;
use framewright::{BufError, NeedMoreData};
use serde_json::{Value, json};

/// The groups that are run here.
const GROUPS: &[&str] = &[
    "find_rfind",
    "coalesce_reserve",
    "consume_split",
    "limits",
    "delimiter_framing",
    "length_field_framing",
    "reader",
    "file_adapter",
    "split_util",
    "pipeline_core",
    "pipeline_byte_stages",
    "http1_request",
    "http1_response",
    "http1_chunked",
    "http1_aggregate",
    "http1_encode",
    "http1_chunk_out",
];

/// The groups that wait for what they test.
const LATER: &[&str] = &["http1_keepalive", "websocket_decode", "websocket_message", "websocket_encode", "websocket_handshake", "sse"];

static RECORD: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(include_str!("../data/vectors.json")).unwrap());

#[test]
fn find_rfind() {
    check("find_rfind", buffers::run);
}

#[test]
fn coalesce_reserve() {
    check("coalesce_reserve", buffers::run);
}

#[test]
fn consume_split() {
    check("consume_split", buffers::run);
}

#[test]
fn limits() {
    check("limits", buffers::run);
}

#[test]
fn reader() {
    check("reader", buffers::run);
}

#[cfg(feature = "std")]
#[test]
fn file_adapter() {
    check("file_adapter", files::run);
}

#[test]
fn delimiter_framing() {
    check("delimiter_framing", framing::delimiter);
}

#[test]
fn length_field_framing() {
    check("length_field_framing", framing::length_field);
}

#[test]
fn split_util() {
    check("split_util", framing::split);
}

#[test]
fn pipeline_core() {
    check("pipeline_core", pipeline::core);
}

#[test]
fn pipeline_byte_stages() {
    check("pipeline_byte_stages", pipeline::byte_stages);
}

#[test]
fn http1_request() {
    check_as("http1_request", http1::reading::messages, http1::reading::meant);
}

#[test]
fn http1_response() {
    check_as("http1_response", http1::reading::messages, http1::reading::meant);
}

#[test]
fn http1_chunked() {
    check_as("http1_chunked", http1::reading::messages, http1::reading::meant);
}

#[test]
fn http1_aggregate() {
    check_as("http1_aggregate", http1::reading::messages, http1::reading::meant);
}

#[test]
fn http1_encode() {
    check_as("http1_encode", http1::writing::messages, http1::writing::meant);
}

#[test]
fn http1_chunk_out() {
    check_as("http1_chunk_out", http1::writing::messages, http1::writing::meant);
}

#[test]
fn every_group_is_run_or_waits() {
    let named: BTreeSet<&str> = GROUPS.iter().chain(LATER).copied().collect();
    let recorded: BTreeSet<&str> = RECORD["groups"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(named, recorded);
}

#[test]
fn every_exception_is_of_a_vector_and_stands_once() {
    let names: BTreeSet<String> = GROUPS.iter().flat_map(|group| vectors(group).iter().map(|vector| full_name(group, vector))).collect();
    let mut seen = BTreeSet::new();
    for Exception { vector, step, .. } in EXCEPTIONS {
        assert!(names.contains(*vector), "{vector}: no such vector is run");
        assert!(seen.insert((vector, step)), "{vector}, step {step}: stands twice");
    }
}

/// Runs every vector of a group, and compares what each step gave with the record and with the exceptions.
fn check(group: &str, run: fn(&Value) -> Vec<Value>) {
    check_as(group, run, |vector| recorded(vector).to_vec());
}

/// The same where what comes out has another shape: `meant` brings the record into it.
fn check_as(group: &str, run: fn(&Value) -> Vec<Value>, meant: fn(&Value) -> Vec<Value>) {
    let vectors = vectors(group);
    assert_eq!(vectors.len(), RECORD["counts"][group], "{group}: vectors are missing");
    let complain = |vector| complaints(&full_name(group, vector), &meant(vector), &run(vector));
    let complaints: Vec<String> = vectors.iter().flat_map(complain).collect();
    assert!(complaints.is_empty(), "{group}:\n{}", complaints.join("\n"));
    let excepted: BTreeSet<&str> =
        EXCEPTIONS.iter().map(|exception| exception.vector).filter(|vector| vector.starts_with(&format!("{group}/"))).collect();
    println!("{group}: {} vectors run, {} of them with exceptions", vectors.len(), excepted.len());
}

/// What is wrong with what a vector gave. It may end early, with an operation that is missing.
fn complaints(name: &str, recorded: &[Value], said: &[Value]) -> Vec<String> {
    let excepted = |step: usize| EXCEPTIONS.iter().find(|exception| exception.vector == name && exception.step == step);
    let judge = |step: usize, recorded: &Value| match (said.get(step), excepted(step)) {
        (None, None) => None,
        (None, Some(_)) => Some(format!("{name}, step {step}: excepted, but not reached")),
        (Some(said), None) => (said != recorded).then(|| format!("{name}, step {step}: {said} where {recorded} is recorded")),
        (Some(said), Some(_)) if said == recorded => Some(format!("{name}, step {step}: excepted, but as recorded: {said}")),
        (Some(said), Some(Exception { ours, reason, .. })) => {
            let ours: Value = serde_json::from_str(ours).unwrap();
            let holds = *said == ours && reason.fits(recorded, said);
            (!holds).then(|| format!("{name}, step {step}: {said} where the exception says {ours}, {reason:?}"))
        }
    };
    let mut complaints: Vec<String> = recorded.iter().enumerate().filter_map(|(step, recorded)| judge(step, recorded)).collect();
    if said.len() != recorded.len() && said.last().is_none_or(|last| last.get("missing").is_none()) {
        complaints.push(format!("{name}: {} of {} steps run", said.len(), recorded.len()));
    }
    complaints
}

fn vectors(group: &str) -> &'static [Value] {
    RECORD["groups"][group].as_array().unwrap()
}

fn full_name(group: &str, vector: &Value) -> String {
    format!("{group}/{}", vector["name"].as_str().unwrap())
}

/// What each step should give.
fn recorded(vector: &Value) -> &[Value] {
    let ideal = vector["quirk"]["ideal"].as_array();
    ideal.or(vector["expect"].as_array()).unwrap()
}

fn steps(vector: &Value) -> &[Value] {
    vector["steps"].as_array().unwrap()
}

/// Refuses settings that the runner would pass over.
fn assert_known(config: &Value, known: &[&str]) {
    let unknown = config.as_object().unwrap().keys().find(|key| !known.contains(&key.as_str()));
    assert_eq!(unknown, None, "a setting that is not known");
}

/// Why a step gave nothing.
enum No {
    /// It was refused, with an error of this kind.
    Error(&'static str),
    /// The types rule it out; the step was passed over.
    Inexpressible(&'static str),
    /// There is no such operation, so nothing behind it can be run.
    Missing(&'static str),
}

impl From<No> for Value {
    fn from(no: No) -> Self {
        match no {
            No::Error(kind) => json!({ "error": kind }),
            No::Inexpressible(what) => json!({ "inexpressible": what }),
            No::Missing(what) => json!({ "missing": what }),
        }
    }
}

/// The kinds of the record for the errors of a buffer.
impl From<BufError> for No {
    fn from(error: BufError) -> Self {
        Self::Error(match error {
            BufError::NeedMoreData(_) => "need_more_data",
            BufError::BufferTooLarge { .. } => "buffer_too_large",
            BufError::OutstandingReserve => "outstanding_reserve",
            BufError::NoOutstandingReserve => "no_outstanding_reserve",
            BufError::CommitTooLarge { .. } => "invalid_argument",
            other => panic!("an error without a kind: {other}"),
        })
    }
}

impl From<NeedMoreData> for No {
    fn from(_: NeedMoreData) -> Self {
        Self::Error("need_more_data")
    }
}

impl From<SettingsError> for No {
    fn from(_: SettingsError) -> Self {
        Self::Error("invalid_argument")
    }
}

/// A number that the types can hold.
fn unsigned(number: &Value) -> Result<usize, No> {
    let number = number.as_i64().expect("a number");
    usize::try_from(number).map_err(|_| No::Inexpressible("a negative number"))
}

fn bytes(hex: &Value) -> Vec<u8> {
    let digits = hex.as_str().expect("a string of hex digits").as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn hex(bytes: &[u8]) -> Value {
    let mut digits = String::new();
    for byte in bytes {
        write!(digits, "{byte:02x}").unwrap();
    }
    digits.into()
}
