//! Binary reads, as functions over anything with a front: a buffer, an [`Input`] by its [`Reader`], or a byte slice.
//!
//! Too few bytes are [`NeedMoreData`] and consume nothing, so `?` works in a decoder and in a driver alike.
//!
//! ```
//! use framewright::{buf::{LinearBuf, StreamBuf, StreamBufMut}, read};
//!
//! let mut buf = LinearBuf::new();
//! buf.write(b"\x01\x00\x02\xff")?;
//! assert_eq!(read::peek_u8(&buf)?, 1);
//! assert_eq!((read::read_u8(&mut buf)?, read::read_u16_be(&mut buf)?, read::read_i8(&mut buf)?), (1, 2, -1));
//! assert_eq!(read::read_u16_le(&mut buf).unwrap_err().missing.get(), 2);
//! # Ok::<(), framewright::BufError>(())
//! ```
//!
//! A record of several fields is checked once, and then read off a slice:
//!
//! ```
//! use framewright::{NeedMoreData, buf::StreamBuf, read};
//!
//! /// Id, flags, length: seven bytes.
//! fn record(buf: &mut impl StreamBuf) -> Result<(u32, u8, u16), NeedMoreData> {
//!     let bytes: [u8; 7] = read::read_array(buf)?; // the only check
//!     let mut bytes = &bytes[..];
//!     Ok((read::read_u32_be(&mut bytes)?, read::read_u8(&mut bytes)?, read::read_u16_be(&mut bytes)?))
//! }
//! # use framewright::buf::{SegmentedBuf, StreamBufMut};
//! # let mut buf = SegmentedBuf::new();
//! # buf.write(b"\x00\x00\x00\x07\x01\x00\x09")?;
//! # assert_eq!(record(&mut buf)?, (7, 1, 9));
//! # Ok::<(), framewright::BufError>(())
//! ```

use bytes::Bytes;

use crate::buf::{StreamBuf, View};
use crate::error::NeedMoreData;
use crate::input::Input;

/// Bytes with a front to read from: every [`StreamBuf`], a [`Reader`] over an [`Input`], and `&[u8]`.
pub trait Source {
    /// Returns the number of bytes there are.
    fn remaining(&self) -> usize;

    /// Copies the first `N` bytes out, and consumes nothing.
    ///
    /// # Errors
    /// [`NeedMoreData`] when there are fewer.
    fn front<const N: usize>(&self) -> Result<[u8; N], NeedMoreData>;

    /// Steps over the first `n` bytes.
    ///
    /// # Errors
    /// [`NeedMoreData`] when there are fewer; nothing is consumed then.
    fn skip(&mut self, n: usize) -> Result<(), NeedMoreData>;
}

impl<B: StreamBuf + ?Sized> Source for B {
    #[inline]
    fn remaining(&self) -> usize {
        self.len()
    }

    #[inline]
    fn front<const N: usize>(&self) -> Result<[u8; N], NeedMoreData> {
        if let Some(bytes) = self.peek().first_chunk() {
            return Ok(*bytes);
        }
        NeedMoreData::check(self.len(), N)?;
        let mut bytes = [0; N];
        bytes.iter_mut().zip(self.segments().flatten()).for_each(|(to, from)| *to = *from);
        Ok(bytes)
    }

    #[inline]
    fn skip(&mut self, n: usize) -> Result<(), NeedMoreData> {
        self.advance(n)
    }
}

impl Source for &[u8] {
    #[inline(always)]
    fn remaining(&self) -> usize {
        self.len()
    }

    #[inline(always)]
    fn front<const N: usize>(&self) -> Result<[u8; N], NeedMoreData> {
        match self.first_chunk() {
            Some(bytes) => Ok(*bytes),
            None => Err(short(self.len(), N)),
        }
    }

    #[inline(always)]
    fn skip(&mut self, n: usize) -> Result<(), NeedMoreData> {
        *self = self.get(n..).ok_or_else(|| short(self.len(), n))?;
        Ok(())
    }
}

#[cold]
fn short(have: usize, wanted: usize) -> NeedMoreData {
    NeedMoreData::check(have, wanted).err().unwrap_or(NeedMoreData::ONE)
}

/// Reads an [`Input`] from its front, field by field; the input itself is unchanged.
///
/// ```
/// use framewright::{Input, read::{self, Reader}};
///
/// let input = Input::from(&b"\x07\x00\x02hi"[..]);
/// let mut fields = Reader::new(&input);
/// let (tag, len) = (read::read_u8(&mut fields)?, read::read_u16_be(&mut fields)?);
/// assert_eq!((tag, len, fields.position()), (7, 2, 3));
/// # Ok::<(), framewright::NeedMoreData>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    input: &'a Input<'a>,
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first unread byte.
    #[must_use]
    pub const fn new(input: &'a Input<'a>) -> Self {
        Self { input, at: 0 }
    }

    /// Returns how many bytes have been read: the offset of the next one from the start of the input.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.at
    }
}

impl Source for Reader<'_> {
    #[inline(always)]
    fn remaining(&self) -> usize {
        self.input.len() - self.at
    }

    #[inline(always)]
    fn front<const N: usize>(&self) -> Result<[u8; N], NeedMoreData> {
        self.input.array(self.at)
    }

    #[inline(always)]
    fn skip(&mut self, n: usize) -> Result<(), NeedMoreData> {
        NeedMoreData::check(self.remaining(), n)?;
        self.at += n;
        Ok(())
    }
}

/// Returns the first `N` bytes, and consumes nothing.
///
/// # Errors
/// [`NeedMoreData`] when there are fewer.
#[inline(always)]
pub fn peek_array<const N: usize, S: Source + ?Sized>(source: &S) -> Result<[u8; N], NeedMoreData> {
    source.front()
}

/// Returns the first `N` bytes and consumes them.
///
/// # Errors
/// [`NeedMoreData`] when there are fewer; nothing is consumed then.
#[inline(always)]
pub fn read_array<const N: usize, S: Source + ?Sized>(source: &mut S) -> Result<[u8; N], NeedMoreData> {
    let bytes = source.front()?;
    source.skip(N)?;
    Ok(bytes)
}

/// Returns exactly the first `n` bytes of a buffer in one piece, and consumes nothing. The same as [`StreamBuf::coalesce`].
///
/// # Errors
/// [`NeedMoreData`] when there are fewer.
#[inline]
pub fn peek_exact<B: StreamBuf + ?Sized>(buf: &mut B, n: usize) -> Result<&[u8], NeedMoreData> {
    buf.coalesce(n)
}

/// Takes the first `n` bytes of a buffer, as a stable view. The same as [`StreamBuf::split_to`].
///
/// # Errors
/// [`NeedMoreData`] when there are fewer; nothing is consumed then.
#[inline]
pub fn take<B: StreamBuf + ?Sized>(buf: &mut B, n: usize) -> Result<View, NeedMoreData> {
    buf.split_to(n)
}

/// Takes the first `n` bytes of a buffer, in one piece.
///
/// # Errors
/// [`NeedMoreData`] when there are fewer; nothing is consumed then.
#[inline]
pub fn read_bytes<B: StreamBuf + ?Sized>(buf: &mut B, n: usize) -> Result<Bytes, NeedMoreData> {
    Ok(buf.split_to(n)?.into_bytes())
}

/// Defines the peek and the read of a type that the standard library makes from an array of its own size.
macro_rules! fields {
    ($($peek:ident $read:ident: $type:ty, $size:literal, $from:ident, $what:literal;)*) => {$(
        #[doc = concat!("Returns ", $what, " from the first ", stringify!($size), " byte(s), and consumes nothing.")]
        ///
        /// # Errors
        /// [`NeedMoreData`] when there are fewer.
        #[inline(always)]
        pub fn $peek<S: Source + ?Sized>(source: &S) -> Result<$type, NeedMoreData> {
            source.front().map(<$type>::$from)
        }

        #[doc = concat!("Returns ", $what, " from the first ", stringify!($size), " byte(s) and consumes them.")]
        ///
        /// # Errors
        /// [`NeedMoreData`] when there are fewer; nothing is consumed then.
        #[inline(always)]
        pub fn $read<S: Source + ?Sized>(source: &mut S) -> Result<$type, NeedMoreData> {
            read_array::<$size, S>(source).map(<$type>::$from)
        }
    )*};
}

fields! {
    peek_u8 read_u8: u8, 1, from_be_bytes, "a `u8`";
    peek_i8 read_i8: i8, 1, from_be_bytes, "an `i8`";
    peek_u16_be read_u16_be: u16, 2, from_be_bytes, "a big-endian `u16`";
    peek_u16_le read_u16_le: u16, 2, from_le_bytes, "a little-endian `u16`";
    peek_i16_be read_i16_be: i16, 2, from_be_bytes, "a big-endian `i16`";
    peek_i16_le read_i16_le: i16, 2, from_le_bytes, "a little-endian `i16`";
    peek_u32_be read_u32_be: u32, 4, from_be_bytes, "a big-endian `u32`";
    peek_u32_le read_u32_le: u32, 4, from_le_bytes, "a little-endian `u32`";
    peek_i32_be read_i32_be: i32, 4, from_be_bytes, "a big-endian `i32`";
    peek_i32_le read_i32_le: i32, 4, from_le_bytes, "a little-endian `i32`";
    peek_u64_be read_u64_be: u64, 8, from_be_bytes, "a big-endian `u64`";
    peek_u64_le read_u64_le: u64, 8, from_le_bytes, "a little-endian `u64`";
    peek_i64_be read_i64_be: i64, 8, from_be_bytes, "a big-endian `i64`";
    peek_i64_le read_i64_le: i64, 8, from_le_bytes, "a little-endian `i64`";
    peek_f32_be read_f32_be: f32, 4, from_be_bytes, "a big-endian `f32`";
    peek_f32_le read_f32_le: f32, 4, from_le_bytes, "a little-endian `f32`";
    peek_f64_be read_f64_be: f64, 8, from_be_bytes, "a big-endian `f64`";
    peek_f64_le read_f64_le: f64, 8, from_le_bytes, "a little-endian `f64`";
}

/// Defines the peek and the read of a type of three bytes: `unsigned` is its value, and for signed types the top bit fills the fourth byte.
macro_rules! fields_of_24_bits {
    ($($peek:ident $read:ident: $type:ty, $make:expr, $what:literal;)*) => {$(
        #[doc = concat!("Returns ", $what, " of 24 bits from the first 3 bytes, and consumes nothing.")]
        ///
        /// # Errors
        /// [`NeedMoreData`] when there are fewer.
        #[inline(always)]
        pub fn $peek<S: Source + ?Sized>(source: &S) -> Result<$type, NeedMoreData> {
            let make: fn([u8; 3]) -> $type = $make;
            source.front().map(make)
        }

        #[doc = concat!("Returns ", $what, " of 24 bits from the first 3 bytes and consumes them.")]
        ///
        /// # Errors
        /// [`NeedMoreData`] when there are fewer; nothing is consumed then.
        #[inline(always)]
        pub fn $read<S: Source + ?Sized>(source: &mut S) -> Result<$type, NeedMoreData> {
            let make: fn([u8; 3]) -> $type = $make;
            read_array(source).map(make)
        }
    )*};
}

fields_of_24_bits! {
    peek_u24_be read_u24_be: u32, |[a, b, c]| u32::from_be_bytes([0, a, b, c]), "a big-endian unsigned number";
    peek_u24_le read_u24_le: u32, |[a, b, c]| u32::from_le_bytes([a, b, c, 0]), "a little-endian unsigned number";
    peek_i24_be read_i24_be: i32, |[a, b, c]| i32::from_be_bytes([a, b, c, 0]) >> 8, "a big-endian signed number";
    peek_i24_le read_i24_le: i32, |[a, b, c]| i32::from_le_bytes([0, a, b, c]) >> 8, "a little-endian signed number";
}
