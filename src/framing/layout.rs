//! Frames with a length in their header: where the parts lie, which lengths are legal, and how such a frame is written.

use alloc::vec::Vec;

use bytes::Bytes;

use super::checksum::{Checksum, Mismatch};
use super::number::{Order, Width};
use super::{SettingsError, Unframable};
use crate::decode::Stop;
use crate::encode::{EncodeError, Short, Source, Writer};
use crate::input::Input;

/// What a length counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counts {
    /// The payload alone: what lies between header and trailer.
    Payload,
    /// The whole frame: header, payload and trailer.
    Frame,
    /// What follows the length field, less this many bytes: the frame ends that many bytes behind the place that the length says, counted from the end of the length field.
    ///
    /// `PostgreSQL` counts the four bytes of the field itself and what follows: −4.
    Adjusted(i64),
}

/// What a builder was told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) width: Width,
    pub(super) counts: Counts,
    pub(super) max: usize,
    pub(super) order: Order,
    pub(super) offset: usize,
    pub(super) header: Option<usize>,
    pub(super) trailer: Option<usize>,
    pub(super) keep_header: bool,
    pub(super) keep_trailer: bool,
    pub(super) checksum: Option<Checksum>,
}

/// The same, worked out.
///
/// ```text
/// |         header          |   payload   | trailer |
/// | offset | length | …     |
/// ```
#[derive(Clone, Debug)]
pub(super) struct Layout {
    offset: usize,
    /// The end of the eight bytes that the field starts; behind all bytes while the field is not to be read in passing.
    reach: usize,
    width: Width,
    order: Order,
    /// The bits of eight that are not the field's.
    shift: u32,
    /// The values that make a frame of legal length.
    legal: Legal,
    /// What to add to a legal value for the length of the encoded frame.
    base: i64,
    stripped_header: usize,
    stripped_trailer: usize,
    /// Both.
    stripped: usize,
    max: usize,
    /// What `max` limits.
    limited: &'static str,
    header: usize,
    trailer: usize,
    /// The header, with zeros for the length, where it is short and ends with that, and nothing is behind the payload.
    bare: Option<Short>,
    /// The bits by which the length is moved to its place in that.
    place: usize,
    checksum: Option<Checksum>,
    /// The header that is written: what it starts with, and then zeros but for the length. Nothing where payloads bring it.
    head: Vec<u8>,
}

/// `least ..= least + span`.
#[derive(Clone, Copy, Debug)]
struct Legal {
    least: u64,
    /// How many values there are, less one.
    span: u64,
}

/// The part of a frame that is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Settings {
    pub(super) const fn new(width: Width, counts: Counts, max: usize) -> Self {
        Self {
            width,
            counts,
            max,
            order: Order::Big,
            offset: 0,
            header: None,
            trailer: None,
            keep_header: false,
            keep_trailer: false,
            checksum: None,
        }
    }

    /// Works out where everything is. A header that is written starts with these bytes.
    pub(super) fn layout(self, start: &[u8]) -> Result<Layout, SettingsError> {
        let width = self.width as usize;
        let field_end = self.offset.checked_add(width).ok_or(SettingsError::TooLarge)?;
        let header = self.header.unwrap_or(field_end);
        if header < field_end {
            return Err(SettingsError::HeaderTooShort { header, field_end });
        }
        let checked = self.checksum.map_or(0, |checksum| checksum.width());
        let trailer = self.trailer.unwrap_or(checked);
        if trailer < checked {
            return Err(SettingsError::TrailerTooShort { trailer, checksum: checked });
        }
        let around = header.checked_add(trailer).ok_or(SettingsError::TooLarge)?;
        let around = i64::try_from(around).map_err(|_| SettingsError::TooLarge)?;
        let base = match self.counts {
            Counts::Payload => around,
            Counts::Frame => 0,
            Counts::Adjusted(adjustment) => {
                i64::try_from(field_end).ok().and_then(|field_end| field_end.checked_add(adjustment)).ok_or(SettingsError::TooLarge)?
            }
        };
        let stripped_header = if self.keep_header { 0 } else { header };
        let stripped_trailer = if self.keep_trailer { 0 } else { trailer };
        let largest = self.width.largest();
        let longest = self.max.saturating_add(stripped_header + stripped_trailer);
        let shortest = around.max(base);
        if i64::try_from(longest).is_ok_and(|longest| longest < shortest) {
            return Err(SettingsError::LimitTooSmall { limit: self.max, shortest: shortest.unsigned_abs() });
        }
        let legal = Legal::new(base, shortest, longest, largest);
        if legal.least > largest {
            let longest = largest.saturating_add_signed(base);
            return Err(SettingsError::NeverLongEnough { longest, around: around.unsigned_abs() });
        }
        Ok(Layout {
            offset: self.offset,
            reach: self.offset.saturating_add(8),
            width: self.width,
            order: self.order,
            shift: self.width.spare_bits(),
            legal,
            base,
            stripped_header,
            stripped_trailer,
            stripped: stripped_header + stripped_trailer,
            max: self.max,
            limited: if self.keep_header || self.keep_trailer { "frame" } else { "payload" },
            header,
            trailer,
            bare: Short::of(start)
                .and_then(|start| start.then(Short::zeros(field_end - start.len())?))
                .filter(|_| stripped_header == field_end && trailer == 0),
            place: self.order.bits(self.offset, field_end),
            checksum: self.checksum,
            head: if self.keep_header { Vec::new() } else { start.to_vec() },
        })
    }
}

impl Legal {
    /// The values up to `largest` that, with `base` added, are from `shortest` to `longest`.
    fn new(base: i64, shortest: i64, longest: usize, largest: u64) -> Self {
        let value = |len: i128| u64::try_from(len - i128::from(base)).unwrap_or(u64::MAX);
        let least = value(i128::from(shortest));
        Self { least, span: value(longest as i128).min(largest).saturating_sub(least) }
    }
}

/// Reading.
impl Layout {
    /// Reads the length. Where nothing is unread, it is idle.
    #[inline(always)]
    pub(super) fn read<F>(&self, input: &Input<'_>) -> Result<u64, Stop<F>> {
        match self.peek(input) {
            Some(value) => Ok(value),
            None => input.apart(|input| self.gather(input)),
        }
    }

    /// Says whether lengths may be read in passing, without asking what else there is to do: so that most scans need not ask.
    pub(super) fn set_passing(&mut self, passing: bool) {
        self.reach = if passing { self.offset.saturating_add(8) } else { usize::MAX };
    }

    /// Reads the length in passing, if the eight bytes that it starts are there and lie together.
    #[inline(always)]
    pub(super) fn peek(&self, input: &Input<'_>) -> Option<u64> {
        input.examined(self.width as usize);
        input.first().get(..self.reach).and_then(<[u8]>::last_chunk::<8>).map(|eight| self.value(*eight))
    }

    /// Reads the field off the eight bytes that it starts, or of which it is all there is.
    #[inline(always)]
    fn value(&self, eight: [u8; 8]) -> u64 {
        match self.order {
            Order::Big => u64::from_be_bytes(eight) >> self.shift,
            Order::Little => u64::from_le_bytes(eight) << self.shift >> self.shift,
        }
    }

    /// Reads the field where fewer than eight bytes follow its start in the first run.
    #[cold]
    fn gather<F>(&self, input: &Input<'_>) -> Result<u64, Stop<F>> {
        input.begin()?;
        let mut eight = [0; 8];
        if let Some(field) = eight.get_mut(..self.width as usize) {
            input.copy_to_slice(self.offset, field)?;
        }
        Ok(self.value(eight))
    }

    /// Tells whether a length makes a frame that is long enough, and within the limit.
    #[inline(always)]
    pub(super) fn is_legal(&self, value: u64) -> bool {
        value.wrapping_sub(self.legal.least) <= self.legal.span
    }

    /// The bytes of the encoded frame, which are from 1 to the limit, for a legal length.
    #[inline(always)]
    pub(super) fn len(&self, value: u64) -> usize {
        usize::try_from(value.wrapping_add_signed(self.base)).unwrap_or(usize::MAX)
    }

    /// What is shown of a frame of so many encoded bytes.
    #[inline(always)]
    pub(super) fn shown(&self, len: usize) -> Shown {
        Shown { start: self.stripped_header, end: len - self.stripped_trailer }
    }

    /// What is shown of a frame that is cut off at the limit; `None` where that is more than can be counted.
    pub(super) fn shown_at_most(&self) -> Option<Shown> {
        let end = self.stripped_header.checked_add(self.max)?;
        Some(Shown { start: self.stripped_header, end })
    }

    /// Checks the checksum of a whole frame, where one is demanded.
    #[inline(always)]
    pub(super) fn check(&self, frame: &[u8]) -> Result<(), Mismatch> {
        match self.checksum {
            None => Ok(()),
            Some(checksum) => checksum.check(frame, frame.len() - self.trailer),
        }
    }

    /// The smallest legal length.
    pub(super) const fn least(&self) -> u64 {
        self.legal.least
    }

    /// The bytes that a frame with this length would deliver, if they could be counted.
    pub(super) fn delivered(&self, value: u64) -> i128 {
        i128::from(value) + i128::from(self.base) - self.stripped as i128
    }

    /// The encoded bytes of a frame with this length.
    pub(super) const fn encoded(&self, value: u64) -> u64 {
        value.saturating_add_signed(self.base)
    }

    /// What is limited, and to how many bytes.
    pub(super) const fn limit(&self) -> (&'static str, usize) {
        (self.limited, self.max)
    }

    /// The bytes before the payload.
    pub(super) const fn header(&self) -> usize {
        self.header
    }

    /// Tells whether payloads bring their header.
    pub(super) const fn keeps_header(&self) -> bool {
        self.stripped_header == 0
    }
}

impl Shown {
    /// Shows it.
    #[inline(always)]
    pub(super) fn of(self, frame: &[u8]) -> &[u8] {
        frame.get(self.start..self.end).unwrap_or_default()
    }
}

/// Writing.
impl Layout {
    /// Writes a frame. What the payload does not bring of header and trailer is zeros, but for what the header starts with, length and checksum.
    #[inline(always)]
    pub(super) fn write(&mut self, payload: Source<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Unframable>> {
        let told = self.told(payload.bytes.len() + self.stripped);
        if !self.is_legal(told) {
            return Err(self.untellable(payload.bytes.len()));
        }
        match self.bare {
            Some(header) => {
                let header = header.with(self.order.place(told, self.place));
                Ok(out.write_around(header, payload, Short::NONE)?)
            }
            None => self.write_all(told, payload.bytes, payload.owned, out),
        }
    }

    /// The same where there is more, or payloads bring their header.
    #[inline(never)]
    fn write_all(&mut self, told: u64, bytes: &[u8], owned: Option<&Bytes>, out: &mut Writer<'_>) -> Result<(), EncodeError<Unframable>> {
        if self.keeps_header() {
            self.check_brought(bytes, told)?;
        } else {
            self.head.resize(self.header, 0);
            let field = self.head.get_mut(self.offset..).and_then(|head| head.get_mut(..self.width as usize)).unwrap_or_default();
            field.iter_mut().zip(self.order.bytes(told, self.width).padded()).for_each(|(to, from)| *to = from);
        }
        out.write(&self.head)?;
        out.write_around(Short::NONE, Source { bytes, owned }, Short::NONE)?;
        if self.trailer > 0 { self.end(&self.head, bytes, out) } else { Ok(()) }
    }

    /// The length that a frame of so many encoded bytes tells.
    #[inline(always)]
    fn told(&self, frame: usize) -> u64 {
        (frame as u64).wrapping_add_signed(self.base.wrapping_neg())
    }

    /// Says why there is no length for a payload of so many bytes.
    #[cold]
    fn untellable(&self, payload: usize) -> EncodeError<Unframable> {
        let shortest = usize::try_from(self.delivered(self.legal.least)).unwrap_or(usize::MAX);
        if payload < shortest {
            return EncodeError::Fault(Unframable::TooShort { found: payload, expected: shortest });
        }
        let longest = u64::try_from(self.delivered(self.width.largest())).unwrap_or(u64::MAX).min(self.max as u64);
        EncodeError::TooLarge { what: self.limited, limit: longest }
    }

    /// Checks the length that a payload brings.
    fn check_brought(&self, payload: &[u8], told: u64) -> Result<(), EncodeError<Unframable>> {
        let field = payload.get(self.offset..).and_then(|field| field.get(..self.width as usize)).unwrap_or_default();
        let found = self.order.read(field);
        if found == told { Ok(()) } else { Err(EncodeError::Fault(Unframable::WrongLength { found, expected: told })) }
    }

    /// Writes the trailer, or checks the one that the payload brings.
    fn end(&self, head: &[u8], payload: &[u8], out: &mut Writer<'_>) -> Result<(), EncodeError<Unframable>> {
        let kept = self.stripped_trailer == 0;
        let (body, brought) = payload.split_at_checked(payload.len() - if kept { self.trailer } else { 0 }).unwrap_or((payload, &[]));
        let checksum = self.checksum.map(|checksum| (checksum, checksum.of(head, body)));
        if kept {
            return match checksum.and_then(|(checksum, expected)| checksum.check_value(brought, expected).err()) {
                Some(Mismatch { found, expected }) => Err(EncodeError::Fault(Unframable::WrongChecksum { found, expected })),
                None => Ok(()),
            };
        }
        let mut left = self.trailer;
        if let Some((checksum, value)) = checksum {
            out.write_short(checksum.bytes(value))?;
            left -= checksum.width();
        }
        while left > 0 {
            let now = left.min(ZEROS.len());
            out.write(ZEROS.get(..now).unwrap_or_default())?;
            left -= now;
        }
        Ok(())
    }
}

const ZEROS: [u8; 16] = [0; 16];
