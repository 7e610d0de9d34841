//! What a skilled user writes by hand for one format: frames are borrowed from the chunk, and one that straddles chunks is put together in a `Vec`.
//!
//! Where it is not plain which way is the fastest there are two, and the faster one counts. Everything checks what the framers check: the limit, trailers, checksums, UTF-8.

pub mod append;
pub mod length_field;
pub mod measured;
pub mod searched;
pub mod stuffed;

use crc::{CRC_16_IBM_3740, Crc, Table};

/// The stream is not as it must be, or a payload cannot be written.
#[derive(Clone, Copy, Debug)]
pub struct Refused;

/// The checksum of the formats that have one.
pub static CRC: Crc<u16, Table<1>> = Crc::<u16, Table<1>>::new(&CRC_16_IBM_3740);

/// What frames with magic bytes begin with.
pub const MAGIC: [u8; 2] = [0xb5, 0x62];

#[inline(always)]
fn within(limit: usize, len: usize) -> Result<(), Refused> {
    if len > limit { Err(Refused) } else { Ok(()) }
}
