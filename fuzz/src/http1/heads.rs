//! Heads: every way of cutting them gives the same, and the function for one slice gives it too.

use core::fmt::Debug;

use arbitrary::{Result, Unstructured};
use framewright::Decode;
use framewright::http1::{Fault, HeadOf, Heads, Index, Request, Response, Role, Rules};
use framewright::testkit::{Kit, text};

use super::super::draw::OnPanic;

/// Draws rules, a role, and a stream of heads.
pub(crate) fn check(u: &mut Unstructured<'_>) -> Result<()> {
    let rules = super::rules(u)?;
    let (is_request, seed) = (u.arbitrary()?, u64::from(u.arbitrary::<u8>()?));
    let stream = super::stream(u)?;
    let _context = OnPanic(|| format!("request: {is_request}, {rules:?}, stream {}", text(&stream)));
    let check = if is_request { check_role::<Request> } else { check_role::<Response> };
    check(&stream, rules, seed);
    Ok(())
}

fn check_role<R: Role>(stream: &[u8], rules: Rules, seed: u64)
where
    Heads<R>: for<'a> Decode<Frame<'a> = HeadOf<'a, R>, Fault = Fault>,
    for<'a> HeadOf<'a, R>: Debug,
{
    let lines = Kit::new(move || Heads::<R>::new(rules), |head| format!("{head:?}")).check_sample(stream, seed).lines();
    let first = lines.first().map_or("", String::as_str);
    match Index::<R>::default().parse(stream, &rules) {
        Ok(Some(head)) => assert_eq!(first, format!("{head:?}")),
        Ok(None) => assert!(stream.is_empty() || first.contains("the stream ended"), "nothing to be read yet of what is read: {first}"),
        // Empty lines are for streams.
        Err(_) if stream.starts_with(b"\r") => {}
        Err(error) => assert_eq!(first, error.to_string()),
    }
}
