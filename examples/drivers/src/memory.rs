//! No I/O at all: two connections, and what each writes carried to the other.
//!
//! The clock stands still; nothing happens between two steps but what is written here. So this is also how to test a protocol.

use std::error::Error;
use std::io::Write;

use framewright::Time;
use framewright::conn::{Conn, Want};

use crate::app::{App, serve};
use crate::protocol::Post;

/// A connection and its application.
pub struct Side<A> {
    /// The connection.
    pub conn: Conn<Post>,
    /// Its application.
    pub app: A,
}

/// Runs both sides until they are over. Returns how many bytes were copied from one to the other.
///
/// # Errors
/// When both wait for the other.
pub fn run<A: App, B: App>(one: &mut Side<A>, other: &mut Side<B>) -> Result<u64, Box<dyn Error>> {
    let mut copied = 0;
    loop {
        let wants = (serve(&mut one.conn, &mut one.app), serve(&mut other.conn, &mut other.app));
        let (Some(ones), Some(others)) = (wants.0.or(over(wants.1)), wants.1.or(over(wants.0))) else { return Ok(copied) };
        let there = carry(&mut one.conn, ones, &mut other.conn, others)?;
        let back = carry(&mut other.conn, others, &mut one.conn, ones)?;
        match there.or(back) {
            None => return Err("each side waits for the other".into()),
            Some(_) => copied += there.unwrap_or(0) + back.unwrap_or(0),
        }
    }
}

/// What a side that is over wants, while the other is not: nothing.
fn over(other: Option<Want>) -> Option<Want> {
    other.map(|_| Want::default())
}

/// Carries what `from` writes, as far as `to` wants to read it, or that it writes no more. `None` when there is neither.
fn carry(from: &mut Conn<Post>, says: Want, to: &mut Conn<Post>, hears: Want) -> Result<Option<u64>, Box<dyn Error>> {
    if says.write > 0 && hears.read > 0 {
        let mut room = to.space()?;
        let before = room.len();
        for slice in from.output() {
            if room.write(slice)? < slice.len() {
                break;
            }
        }
        let n = before - room.len();
        to.commit(Time::ZERO, n)?;
        from.sent(Time::ZERO, n)?;
        return Ok(Some(n as u64));
    }
    if says.shutdown {
        to.eof(Time::ZERO);
        from.shut(Time::ZERO);
        return Ok(Some(0));
    }
    Ok(None)
}
