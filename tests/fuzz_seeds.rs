//! Replays the seeds of the fuzz targets without a fuzzer, and sees to it that each target has some and each codec is in one.
//!
//! To look into a crash, copy the fuzzer's file to `fuzz/seeds/TARGET/`: a failure here also prints the settings that were drawn.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "../fuzz/src/lib.rs"]
pub mod targets;

fn path(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

/// The files or folders in a folder, by name.
fn entries(folder: &str) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(path(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// The names of files or folders in a folder, without their extensions.
fn names(folder: &str) -> BTreeSet<String> {
    entries(folder).iter().map(|entry| entry.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_seed_passes() {
    for (name, target) in targets::TARGETS {
        let seeds = entries(&format!("fuzz/seeds/{name}"));
        assert!(!seeds.is_empty(), "{name} has no seeds");
        for seed in seeds {
            println!("{}", seed.display());
            target(&fs::read(&seed).unwrap());
        }
    }
}

#[test]
fn every_target_has_its_file_and_its_seeds_and_none_is_left_over() {
    let targets: BTreeSet<String> = targets::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(targets, names("fuzz/fuzz_targets"));
    assert_eq!(targets, names("fuzz/seeds"));
    let manifest = fs::read_to_string(path("fuzz/Cargo.toml")).unwrap();
    let bins = manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/")?.strip_suffix(".rs\""));
    assert_eq!(targets, bins.map(str::to_owned).collect());
}

#[test]
fn every_codec_is_fuzzed() {
    let mut codecs = BTreeSet::new();
    let mut left = Vec::from_iter(entries("src/framing"));
    while let Some(file) = left.pop() {
        if file.is_dir() {
            left.extend(entries(file.to_str().unwrap()));
            continue;
        }
        let source = fs::read_to_string(&file).unwrap();
        let names = source.lines().filter_map(|line| line.trim_start().strip_prefix("impl")?.split_once(" Decode for "));
        codecs.extend(names.map(|(_, after)| after.chars().take_while(|c| c.is_alphanumeric()).collect::<String>()));
    }
    assert_eq!(codecs, targets::CODECS.iter().map(|codec| codec.name.to_owned()).collect());
}
