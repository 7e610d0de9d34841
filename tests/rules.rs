//! The rules of the project itself: the law is tested clause by clause, layers import downwards only, and every codec has all of its parts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The Rust files below a folder.
fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut folders = vec![root().join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            match entry.extension() {
                _ if entry.is_dir() => folders.push(entry),
                Some(extension) if extension == "rs" => files.push(entry),
                _ => {}
            }
        }
    }
    files.sort();
    assert!(!files.is_empty(), "no files in {folder}");
    files
}

/// A clause such as `LN-3`, if that is what the text is.
fn clause(text: &str) -> Option<String> {
    let (chapter, number) = text.split_once('-')?;
    let is_clause = (2..=3).contains(&chapter.len())
        && chapter.bytes().all(|byte| byte.is_ascii_uppercase())
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit());
    is_clause.then(|| text.to_owned())
}

fn stated() -> BTreeSet<String> {
    let spec = read("SPEC.md");
    let clauses: Vec<String> = spec.lines().filter_map(|line| clause(line.strip_prefix("**")?.split_once(".**")?.0)).collect();
    let set: BTreeSet<String> = clauses.iter().cloned().collect();
    assert_eq!(clauses.len(), set.len(), "a clause is stated twice");
    set
}

/// The clauses in table rows (`clause: "LN-3"`) and in the names of tests (`fn bf_3_…`).
fn cited() -> BTreeSet<String> {
    let mut cited = BTreeSet::new();
    for file in rust_files("tests") {
        for line in fs::read_to_string(&file).unwrap().lines().map(str::trim_start).filter(|line| !line.starts_with("//")) {
            for row in line.split("clause: \"").skip(1) {
                cited.extend(row.split('"').next().and_then(clause));
            }
            let name = line.strip_prefix("fn ").unwrap_or_default();
            let mut words = name.split('_');
            if let (Some(chapter), Some(number)) = (words.next(), words.next()) {
                cited.extend(clause(&format!("{}-{number}", chapter.to_uppercase())));
            }
        }
    }
    cited
}

#[test]
fn the_clauses_stated_and_the_clauses_cited_are_the_same() {
    let (stated, cited) = (stated(), cited());
    let untested: Vec<_> = stated.difference(&cited).collect();
    let unstated: Vec<_> = cited.difference(&stated).collect();
    assert!(untested.is_empty() && unstated.is_empty(), "no test cites {untested:?}; SPEC.md does not state {unstated:?}");
    assert!(stated.len() > 50);
}

/// What each place may import of the crate.
const LAYERS: &[(&str, &[&str])] = &[
    ("src/error.rs", &[]),
    ("src/time.rs", &[]),
    ("src/buf", &["error", "buf"]),
    ("src/input.rs", &["error", "buf", "decode"]),
    ("src/decode", &["error", "input", "decode"]),
    ("src/read.rs", &["error", "buf", "input"]),
    ("src/encode.rs", &["error", "buf"]),
    ("src/framing", &["error", "input", "decode", "encode"]),
    ("src/http1", &["error", "input", "decode", "encode"]),
    ("src/engine", &["error", "buf", "input", "decode"]),
    ("src/conn", &["error", "time", "buf", "input", "decode", "encode", "engine"]),
    ("src/guide", &[]),
    ("src/io.rs", &["error", "buf", "decode", "engine"]),
    ("src/testkit", &["error", "time", "buf", "input", "decode", "engine", "conn"]),
    ("src/tokio_util", &["error", "buf", "input", "decode", "encode", "engine"]),
    ("src/testkit.rs", &["error", "buf", "input", "decode", "engine"]),
];

/// The modules of the crate that a file names with `crate::`, comments aside.
fn imports(text: &str) -> BTreeSet<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let names = code.split("crate::").skip(1).map(|after| after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
    let names: BTreeSet<String> = names.collect();
    assert!(!names.contains(""), "a braced `use crate::{{…}}` hides what it imports");
    names
}

#[test]
fn layers_import_downwards_only() {
    for file in rust_files("src") {
        let path = file.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
        if path == "src/lib.rs" {
            continue;
        }
        let (_, allowed) = LAYERS.iter().find(|(place, _)| path.starts_with(place)).unwrap_or_else(|| panic!("{path} has no layer"));
        for import in imports(&fs::read_to_string(&file).unwrap()) {
            assert!(allowed.contains(&import.as_str()), "{path} imports crate::{import}");
        }
    }
}

#[test]
fn a_codec_knows_no_other_codec() {
    let codecs = codecs();
    for (file, _) in &codecs {
        let text = read(file);
        for (_, other) in codecs.iter().filter(|(other, _)| other != file) {
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let named = code.filter(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == other)).count();
            assert_eq!(named, 0, "{file} names {other}");
        }
    }
}

#[test]
fn only_error_buf_io_tls_and_tokio_util_know_std() {
    for file in rust_files("src") {
        let path = file.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
        let text = fs::read_to_string(&file).unwrap();
        let uses = text.lines().filter(|line| !line.trim_start().starts_with("//") && line.contains("std::")).count();
        let allowed = path.starts_with("src/tokio_util/")
            || matches!(
                path.as_str(),
                "src/encode.rs"
                    | "src/error.rs"
                    | "src/time.rs"
                    | "src/buf/segmented.rs"
                    | "src/buf/view.rs"
                    | "src/io.rs"
                    | "src/conn/tls.rs"
            );
        assert!(uses == 0 || allowed, "{path} uses std");
    }
}

/// The codecs: the file and the type of every `impl Decode for …` in the library.
fn codecs() -> Vec<(String, String)> {
    let mut codecs = Vec::new();
    for file in rust_files("src/framing") {
        let path = file.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
        for line in fs::read_to_string(&file).unwrap().lines() {
            if let Some(after) = line.strip_prefix("impl Decode for ") {
                codecs.push((path.clone(), after.chars().take_while(|c| c.is_alphanumeric()).collect()));
            }
        }
    }
    codecs
}

#[test]
fn every_codec_has_its_chapter_its_table_its_property_and_its_fuzz_line() {
    let (spec, targets) = (read("SPEC.md"), read("fuzz/src/lib.rs"));
    let tables: String = rust_files("tests/framing").iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let codecs = codecs();
    assert!(codecs.len() >= 3, "{codecs:?}");
    for (file, codec) in codecs {
        let source = read(&file);
        let chapter =
            source.split_once("SPEC.md, clauses ").and_then(|(_, after)| after.split_once('-')).map(|(chapter, _)| chapter.to_owned());
        let chapter = chapter.unwrap_or_else(|| panic!("{file} does not say where its law is"));
        assert!(spec.contains(&format!("## {chapter}: ")), "{file}: SPEC.md has no chapter {chapter}");
        assert!(tables.contains(&format!("clause: \"{chapter}-")), "{codec} has no table");
        let property = format!("fn {}_", chapter.to_lowercase());
        let has_property =
            tables.split(&property).skip(1).any(|body| body.split("\n#[test]").next().is_some_and(|body| body.contains("property(")));
        assert!(has_property, "{codec} has no property");
        assert!(targets.contains(&codec), "{codec} is not fuzzed");
    }
}

#[test]
fn the_readme_names_the_two_commands() {
    let readme = read("README.md");
    for command in ["cargo run --release --example inspect", "cargo test"] {
        assert!(readme.lines().any(|line| line == command), "README.md does not have the line {command:?}");
    }
}
