//! What is told of faults.

use std::collections::BTreeSet;

use framewright::ErrorCause;
use framewright::http1::{Answers, Fault, Rule, Rules, parse_request, parse_response, status_for};

/// The rows of the table in SPEC.md, chapter HE, as they must be.
fn rows() -> Vec<String> {
    Rule::ALL.iter().map(|rule| format!("| `{rule:?}` | {} | {} | {} |", rule.says(), rule.section(), rule.status())).collect()
}

#[test]
fn he_1_every_rule_is_in_the_table_with_its_section_and_status() {
    let spec = include_str!("../../SPEC.md");
    let missing: Vec<String> = rows().into_iter().filter(|row| !spec.lines().any(|line| line == row)).collect();
    assert!(missing.is_empty(), "SPEC.md, chapter HE, lacks\n{}", missing.join("\n"));
    let stated = spec.lines().filter(|line| rows().iter().any(|row| row == line)).count();
    assert_eq!(stated, Rule::ALL.len());
}

#[test]
fn he_2_every_rule_is_broken_by_a_row() {
    let tables = [
        include_str!("heads.rs"),
        include_str!("framing.rs"),
        include_str!("bodies.rs"),
        include_str!("limits.rs"),
        include_str!("messages.rs"),
    ];
    let unbroken: BTreeSet<String> = Rule::ALL
        .iter()
        .filter(|rule| !tables.iter().any(|table| table.contains(rule.says()) || table.contains(&format!("\"{rule:?}\""))))
        .map(|rule| format!("{rule:?}"))
        .collect();
    assert!(unbroken.is_empty(), "{unbroken:?}");
}

#[test]
fn he_3_a_status_is_suggested_for_what_a_peer_can_get_wrong() {
    let of_request = |input: &str| status_for(&parse_request(input.as_bytes(), &Rules::STRICT).unwrap_err().cause);
    assert_eq!(of_request("GET / HTTP/1.1\r\n\r\n"), Some(400));
    assert_eq!(of_request("GET / HTTP/3.0\r\n\r\n"), Some(505));
    assert_eq!(of_request("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n"), Some(501));
    assert_eq!(of_request(&format!("GET /{} HTTP/1.1\r\n", "x".repeat(8192))), Some(414));
    assert_eq!(of_request(&format!("GET / HTTP/1.1\r\nX: {}\r\n", "x".repeat(16384))), Some(431));
    assert_eq!(of_request(&format!("GET / HTTP/1.1\r\n{}", "X: y\r\n".repeat(101))), Some(431));
    assert_eq!(of_request(&format!("GET / HTTP/1.1\r\n{}", format!("X: {}\r\n", "y".repeat(1000)).repeat(33))), Some(431));
    assert_eq!(of_request("GET"), Some(400));
    let of_response = |input: &str| status_for(&parse_response(input.as_bytes(), Answers::Other, &Rules::STRICT).unwrap_err().cause);
    assert_eq!(of_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8000000000000000\r\n"), Some(413));
    assert_eq!(status_for(&ErrorCause::<Fault>::ChunkForgotten), None);
}
