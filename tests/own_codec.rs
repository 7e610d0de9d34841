//! The example of a codec of your own stays as short as we say.

/// Lines of code: no imports, comments, tests.
fn lines_of_code(source: &str) -> usize {
    let (code, _) = source.split_once("\n#[cfg(test)]").expect("the tests are last");
    let is_code = |line: &&str| !line.is_empty() && !line.starts_with("//") && !line.starts_with("use ");
    code.lines().map(str::trim).filter(is_code).count()
}

#[test]
fn a_codec_for_both_directions_and_a_program_have_less_than_80_lines() {
    let lines = lines_of_code(include_str!("../examples/own_codec.rs"));
    assert!((40..80).contains(&lines), "{lines} lines");
}

#[test]
fn lines_of_code_are_counted() {
    assert_eq!(
        lines_of_code("//! Doc.\n\nuse std::fmt;\n\nfn code() {\n    // why\n    act(); // how\n}\n\n#[cfg(test)]\nmod tests {}\n"),
        3
    );
}
