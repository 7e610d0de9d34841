//! Checksums by name.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use crc::{Crc, Table};
use framewright::framing::{Checksum, Width};

/// Computes a CRC of the catalogue that the crate `crc` has.
macro_rules! crc {
    ($bits:ty, $algorithm:ident) => {
        |parts| {
            static CRC: Crc<$bits, Table<1>> = Crc::<$bits, Table<1>>::new(&crc::$algorithm);
            let mut digest = CRC.digest();
            for part in parts {
                digest.update(part);
            }
            digest.finalize().into()
        }
    };
}

/// CRCs are called as in the catalogue, and beside them what they are better known by.
const CHECKSUMS: &[(&str, Checksum)] = &[
    ("sum-8", Checksum::new(Width::U8, sum)),
    ("ubx", Checksum::new(Width::U16, ubx)),
    ("crc-8-smbus", Checksum::new(Width::U8, crc!(u8, CRC_8_SMBUS))),
    ("crc-8-maxim-dow", Checksum::new(Width::U8, crc!(u8, CRC_8_MAXIM_DOW))),
    ("crc-16-arc", Checksum::new(Width::U16, crc!(u16, CRC_16_ARC))),
    ("crc-16-modbus", Checksum::new(Width::U16, crc!(u16, CRC_16_MODBUS))),
    ("crc-16-kermit", Checksum::new(Width::U16, crc!(u16, CRC_16_KERMIT))), // CCITT
    ("crc-16-xmodem", Checksum::new(Width::U16, crc!(u16, CRC_16_XMODEM))),
    ("crc-16-ibm-3740", Checksum::new(Width::U16, crc!(u16, CRC_16_IBM_3740))), // CCITT-FALSE
    ("crc-16-ibm-sdlc", Checksum::new(Width::U16, crc!(u16, CRC_16_IBM_SDLC))), // X.25, HDLC
    ("crc-24-openpgp", Checksum::new(Width::U24, crc!(u32, CRC_24_OPENPGP))),
    ("crc-24-lte-a", Checksum::new(Width::U24, crc!(u32, CRC_24_LTE_A))), // CRC-24Q, of RTCM 3
    ("crc-32-iso-hdlc", Checksum::new(Width::U32, crc!(u32, CRC_32_ISO_HDLC))), // zlib, Ethernet
    ("crc-32-iscsi", Checksum::new(Width::U32, crc!(u32, CRC_32_ISCSI))), // CRC-32C
    ("crc-32-mpeg-2", Checksum::new(Width::U32, crc!(u32, CRC_32_MPEG_2))),
    ("crc-64-xz", Checksum::new(Width::U64, crc!(u64, CRC_64_XZ))),
];

/// The sum of all bytes.
fn sum(parts: &[&[u8]]) -> u64 {
    parts.iter().copied().flatten().map(|byte| u64::from(*byte)).sum()
}

/// The 8-bit Fletcher of u-blox receivers, `CK_A` first.
fn ubx(parts: &[&[u8]]) -> u64 {
    let bytes = parts.iter().copied().flatten();
    let [a, b] = bytes.fold([0_u8; 2], |[a, b], byte| [a.wrapping_add(*byte), b.wrapping_add(a).wrapping_add(*byte)]);
    u16::from_be_bytes([a, b]).into()
}

/// Reads the name of a checksum.
pub(super) fn named() -> impl TypedValueParser<Value = Checksum> {
    let names = CHECKSUMS.iter().map(|(name, _)| *name);
    PossibleValuesParser::new(names).try_map(|name| {
        let found = CHECKSUMS.iter().find(|(known, _)| *known == name);
        found.map(|(_, checksum)| *checksum).ok_or("no such checksum")
    })
}
