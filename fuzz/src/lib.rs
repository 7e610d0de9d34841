//! What the fuzz targets do with a fuzzer's bytes. A target in `fuzz_targets/` is one line that calls its function here; `tests/fuzz_seeds.rs` includes this file and calls the same functions with
//! the committed seeds.
//!
//! | target | what the bytes decide | what is checked |
//! |---|---|---|
//! | [`codecs`] | a codec, its settings, limits, a short stream | every way of cutting it that the test kit knows; the twin |
//! | [`cuts`] | the same with a long stream, and each call to the engine | the twin after every call, promptness, memory, work |
//! | [`buffers`] | thresholds and operations | a plain vector; views for good |
//! | [`contract`] | what a hostile decoder says, and each call to the engine | an account of every byte, and of every answer |
//! | [`conn`] | each call to a connection, in any order; what hostile protocols and filters do | an account of every frame and message; that it ends |
//! | [`http1_heads`] | rules, and a stream of heads of HTTP/1.1 | every way of cutting it that the test kit knows; the function for one slice |
//! | [`http1_bodies`] | rules, and a stream of a body or of messages | the same; of chunked bodies a naive reader |
//! | [`http1_writer`] | rules, and parts of messages to be sent | what is not refused is read as it was given, by httparse too; what is read is written again |
//! | [`http1_differential`] | leniencies, and a stream | httparse: what we read it reads alike, and what it reads besides is listed |
//!
//! A *twin* reads the whole stream at once, so simply that it is unlikely to be wrong. Numbers are drawn so that a stream of bytes means the same on every platform.

mod buffers;
mod codecs;
mod conn;
mod contract;
mod cuts;
mod draw;
mod http1;
mod twin;

use arbitrary::{Result, Unstructured};

use twin::ascii_length::Chunks;
use twin::cobs::Blocks;
use twin::delimiter::Delimiters;
use twin::fixed::Records;
use twin::length_field::Lengths;
use twin::lines::Endings;
use twin::netstring::Netstrings;
use twin::slip::Escapes;
use twin::sync_word::Syncs;
use twin::utf8_lines::Texts;
use twin::varint::Varints;

/// A target: its name, and what it does with the bytes.
type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("codecs", codecs),
    ("cuts", cuts),
    ("buffers", buffers),
    ("contract", contract),
    ("conn", conn),
    ("http1_heads", http1_heads),
    ("http1_bodies", http1_bodies),
    ("http1_writer", http1_writer),
    ("http1_differential", http1_differential),
];

/// A codec, and what the targets do with it and its twin.
#[derive(Clone, Copy, Debug)]
pub struct Codec {
    /// The name of the type that implements `Decode`.
    pub name: &'static str,
    codecs: Run,
    cuts: Run,
}

type Run = fn(&mut Unstructured<'_>) -> Result<()>;

/// Every codec. New ones go to the end, or the seeds would be for others.
pub const CODECS: &[Codec] = &[
    Codec { name: "Lines", codecs: codecs::check::<Endings>, cuts: cuts::check::<Endings> },
    Codec { name: "Delimiter", codecs: codecs::check::<Delimiters>, cuts: cuts::check::<Delimiters> },
    Codec { name: "LengthField", codecs: codecs::check::<Lengths>, cuts: cuts::check::<Lengths> },
    Codec { name: "Fixed", codecs: codecs::check::<Records>, cuts: cuts::check::<Records> },
    Codec { name: "Varint", codecs: codecs::check::<Varints>, cuts: cuts::check::<Varints> },
    Codec { name: "AsciiLength", codecs: codecs::check::<Chunks>, cuts: cuts::check::<Chunks> },
    Codec { name: "Netstring", codecs: codecs::check::<Netstrings>, cuts: cuts::check::<Netstrings> },
    Codec { name: "Utf8Lines", codecs: codecs::check::<Texts>, cuts: cuts::check::<Texts> },
    Codec { name: "SyncWord", codecs: codecs::check::<Syncs>, cuts: cuts::check::<Syncs> },
    Codec { name: "Cobs", codecs: codecs::check::<Blocks>, cuts: cuts::check::<Blocks> },
    Codec { name: "Slip", codecs: codecs::check::<Escapes>, cuts: cuts::check::<Escapes> },
];

/// Runs a codec over a short stream, cut in every way that the test kit knows.
pub fn codecs(data: &[u8]) {
    with_codec(data, |codec| codec.codecs);
}

/// Runs a codec over a long stream, cut and brought as the bytes say.
pub fn cuts(data: &[u8]) {
    with_codec(data, |codec| codec.cuts);
}

/// Runs operations on buffers, and on a vector beside them.
pub fn buffers(data: &[u8]) {
    buffers::check(data);
}

/// Runs a decoder that breaks its contract.
pub fn contract(data: &[u8]) {
    let _ = contract::check(&mut Unstructured::new(data));
}

/// Runs a connection by calls in any order.
pub fn conn(data: &[u8]) {
    let _ = conn::check(&mut Unstructured::new(data));
}

/// Runs heads of HTTP/1.1 through readers.
pub fn http1_heads(data: &[u8]) {
    let _ = http1::heads::check(&mut Unstructured::new(data));
}

/// Runs bodies of HTTP/1.1, and whole messages, through readers.
pub fn http1_bodies(data: &[u8]) {
    let _ = http1::bodies::check(&mut Unstructured::new(data));
}

/// Runs messages of HTTP/1.1 through writers, and what they write through readers.
pub fn http1_writer(data: &[u8]) {
    let _ = http1::writer::check(&mut Unstructured::new(data));
}

/// Runs heads of HTTP/1.1, and lines of chunks, through our readers and httparse.
pub fn http1_differential(data: &[u8]) {
    let _ = http1::differential::check(&mut Unstructured::new(data));
}

/// Draws a codec. Bytes that make no sense to a target are not an error.
fn with_codec(data: &[u8], run: fn(&Codec) -> Run) {
    let mut u = Unstructured::new(data);
    let _ = u.choose(CODECS).and_then(|codec| run(codec)(&mut u));
}
