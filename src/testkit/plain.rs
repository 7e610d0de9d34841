use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use core::fmt::{self, Display};

use crate::decode::{Decode, Found, Stop};
use crate::error::NeedMoreData;
use crate::input::Input;

/// A decoder made of a plain function, so that a [`Kit`](super::Kit) can check code that knows nothing of this crate: your own loop, or a parser of another library.
///
/// The function is given all bytes that have arrived since the last frame, in one piece, and says what is at their front: `Ok(Some((frame, len)))`, a frame of `len` bytes, which are taken;
/// `Ok(None)`, too few bytes to tell; or an error, which ends the stream. It may keep a state: each stream begins with a new one. Whatever it answers, it is asked again when at least one byte more
/// is there, and after the last one.
///
/// ```
/// use framewright::testkit::{Case, Kit, Plain, text};
///
/// /// A line of at most 4 bytes, without its ending.
/// fn line(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, &'static str> {
///     match bytes.iter().take(5).position(|byte| *byte == b'\n') {
///         Some(at) => Ok(Some((bytes[..at].to_vec(), at + 1))),
///         None if bytes.len() > 4 => Err("line too long"),
///         None => Ok(None),
///     }
/// }
///
/// Kit::new(|| Plain::new(line), |line| text(&line)).table(&[
///     Case { clause: "short", input: b"one\n\ntwo", says: &["one", "", "frame at byte 5: the stream ended 3 bytes into the frame"] },
///     Case { clause: "long", input: b"four\nfive!\n", says: &["four", "frame at byte 5: line too long"] },
/// ]);
/// ```
///
/// Without `.take(5)` the limit would be of what has arrived, and the check would say so:
///
/// ```text
/// cut into
///   "f" "o" "u" "r" "\n" "f" "i" "v" "e" "!" and not "\n"
/// (…) it gives
///   four [5 at 0, 0 skipped]
///   frame at byte 5: line too long
/// and whole it gives
///   four [5 at 0, 0 skipped]
///   five! [6 at 5, 0 skipped]
///   end [0 at 11, 0 skipped]
/// ```
///
/// To compare a decoder with a function, say with a reference too simple to be wrong, compare what [`check`](super::Kit::check) returns for both.
pub struct Plain<F> {
    parse: F,
}

/// What the function of a [`Plain`] said was wrong, as text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failed(String);

impl<F> Plain<F> {
    /// Makes a decoder of a function, which is at the start of its stream.
    pub fn new<T, E>(parse: F) -> Self
    where
        F: FnMut(&[u8]) -> Result<Option<(T, usize)>, E>,
    {
        Self { parse }
    }
}

impl<F, T, E> Decode for Plain<F>
where
    F: FnMut(&[u8]) -> Result<Option<(T, usize)>, E>,
    T: Clone,
    E: Display,
{
    type Progress = ();
    type Token = T;
    type Frame<'a> = T;
    type Fault = Failed;

    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<T>, Stop<Failed>> {
        input.begin()?;
        match (self.parse)(&together(input)) {
            Ok(Some((token, len))) => Ok(Found::Frame { len, token }),
            Ok(None) => Err(Stop::Need(NeedMoreData::ONE)),
            Err(error) => Err(Stop::fatal(Failed(error.to_string()))),
        }
    }

    fn open<'a>(frame: T, (): &'a (), _: &'a [u8]) -> T {
        frame
    }
}

/// All unread bytes in one piece. They are not counted as examined: a function that starts anew at each call cannot do work that is linear.
fn together<'a>(input: &Input<'a>) -> Cow<'a, [u8]> {
    if input.first().len() == input.len() {
        return Cow::Borrowed(input.first());
    }
    Cow::Owned(input.runs().flatten().copied().collect())
}

impl<F> fmt::Debug for Plain<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plain").finish_non_exhaustive()
    }
}
