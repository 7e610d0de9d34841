//! A length of variable width, then the payload. SPEC.md, clauses VI-1 to VI-10.

use super::limit::{Excess, NEVER, whole};
use super::{OnExcess, Unframable};
use crate::decode::{Cause, Decode, Found, Stop};
use crate::encode::{Encode, EncodeError, Payload, Short, Writer};
use crate::input::Input;

/// How a length of variable width is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VarintForm {
    /// Seven bits in each byte, the lowest first, and the top bit where another byte follows: at most 10 bytes, for numbers of 64 bits. Protocol Buffers delimit messages so.
    Leb128,
    /// The same of at most 4 bytes: the remaining length of MQTT, at most 268,435,455.
    Mqtt,
    /// 1, 2, 4 or 8 bytes, as the two top bits of the first tell, the most significant first: the variable-length integers of QUIC, at most 2^62 − 1.
    Quic,
}

/// Cuts a stream by a length of variable width before each payload.
///
/// ```text
/// |     header      |
/// | offset | varint |   payload   |
/// ```
///
/// A frame is the payload, unless the header is [kept](Self::keep_header). A length beyond the limit is judged as soon as it is whole.
///
/// ```
/// use framewright::{Engine, Step, framing::{Varint, VarintForm}};
///
/// let mut engine = Engine::new(Varint::new(VarintForm::Leb128, 64 * 1024));
/// let mut frames = engine.feed(b"\x05hello\x82\x00ok")?;
/// assert!(matches!(frames.next_frame()?, Step::Frame(b"hello", _)));
/// assert!(matches!(frames.next_frame()?, Step::Frame(b"ok", _)));
///
/// // MQTT: the type of the packet and its flags, then the length of what follows. Keep both.
/// let packets = Varint::new(VarintForm::Mqtt, 64 * 1024).offset(1).keep_header();
/// let mut engine = Engine::new(packets);
/// let mut frames = engine.feed(b"\xc0\0")?;
/// assert!(matches!(frames.next_frame()?, Step::Frame(b"\xc0\0", _)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Varint {
    form: VarintForm,
    max_payload: usize,
    offset: usize,
    keep_header: bool,
    minimal: bool,
    excess: Excess,
}

/// What a peer can get wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum VarintFault {
    /// The length does not end where the longest would (VI-4).
    #[error("a length of more than {limit} bytes")]
    TooManyBytes {
        /// The most bytes of a length.
        limit: usize,
    },
    /// The length is above 2^64 − 1 (VI-4).
    #[error("a length of more than 64 bits: expected at most 0x01 in its tenth byte, found {found:#04x}")]
    TooManyBits {
        /// The tenth byte.
        found: u8,
    },
    /// The length would fit in fewer bytes, and that is [demanded](Varint::minimal) (VI-5).
    #[error("a length of {value} in {found} bytes, but {expected} is enough")]
    NotMinimal {
        /// The length.
        value: u64,
        /// The bytes that it is written in.
        found: usize,
        /// The bytes that it needs.
        expected: usize,
    },
}

/// A header that is whole and well formed.
#[derive(Clone, Copy)]
struct Header {
    len: usize,
    /// The length that it tells.
    payload: u64,
}

impl Varint {
    /// Makes a framer for payloads of at most `max_payload` bytes. Their lengths may be written in more bytes than needed, and stand at the start of the frame.
    #[must_use]
    pub const fn new(form: VarintForm, max_payload: usize) -> Self {
        Self { form, max_payload, offset: 0, keep_header: false, minimal: false, excess: Excess::new(OnExcess::Fail) }
    }

    /// Sets how many bytes lie before the length. Otherwise none.
    #[must_use]
    pub const fn offset(mut self, bytes: usize) -> Self {
        self.offset = bytes;
        self
    }

    /// Leaves the header, the length included, on the frame. The limit is of the payload all the same.
    #[must_use]
    pub const fn keep_header(mut self) -> Self {
        self.keep_header = true;
        self
    }

    /// Refuses lengths that are written in more bytes than needed, as MQTT does.
    #[must_use]
    pub const fn minimal(mut self) -> Self {
        self.minimal = true;
        self
    }

    /// Sets what happens to a payload beyond the limit.
    #[must_use]
    pub const fn on_excess(mut self, on_excess: OnExcess) -> Self {
        self.excess = Excess::new(on_excess);
        self
    }

    /// Reads a header whose length is of one byte, or of two that are needed, where these lie in the first run.
    #[inline(always)]
    fn short(&self, input: &Input<'_>) -> Option<Header> {
        let (first, behind) = input.first().get(self.offset..)?.split_first()?;
        input.examined(1);
        let beyond = self.form.beyond_one_byte();
        if *first < beyond {
            return Some(Header { len: self.offset + 1, payload: u64::from(*first) });
        }
        let second = *behind.first()?;
        // In the order of QUIC two bytes tell of 64 at least where they are needed, and a byte above 0x7f begins more than two.
        let payload = match self.form {
            VarintForm::Leb128 | VarintForm::Mqtt if (1..0x80).contains(&second) => u16::from(*first & 0x7f) | u16::from(second) << 7,
            VarintForm::Quic if *first < 0x80 && (*first > 0x40 || second >= beyond) => u16::from_be_bytes([*first & 0x3f, second]),
            _ => return None,
        };
        input.examined(1);
        Some(Header { len: self.offset + 2, payload: u64::from(payload) })
    }

    /// Reads a header of any kind.
    #[inline(never)]
    fn header(&self, input: &Input<'_>) -> Result<Header, Stop<VarintFault>> {
        input.begin()?;
        whole(self.offset.checked_add(1), input)?;
        let header = match self.form {
            VarintForm::Leb128 | VarintForm::Mqtt => self.leb128(input)?,
            VarintForm::Quic => self.quic(input)?,
        };
        let (found, expected) = (header.len - self.offset, self.form.len(header.payload));
        if self.minimal && found > expected {
            return Err(Stop::fatal(VarintFault::NotMinimal { value: header.payload, found, expected }));
        }
        Ok(header)
    }

    /// Reads groups of seven bits, the lowest first.
    fn leb128(&self, input: &Input<'_>) -> Result<Header, Stop<VarintFault>> {
        let limit = self.form.most_bytes();
        let mut payload = 0;
        for nth in 0..limit {
            // The bytes before it are there, so that neither sum is more than they are and one.
            let [byte] = input.array(self.offset + nth)?;
            let (bits, shift) = (u64::from(byte & 0x7f), 7 * nth);
            payload |= bits << shift;
            if byte < 0x80 {
                return if bits << shift >> shift == bits {
                    Ok(Header { len: self.offset + nth + 1, payload })
                } else {
                    Err(Stop::fatal(VarintFault::TooManyBits { found: byte }))
                };
            }
        }
        Err(Stop::fatal(VarintFault::TooManyBytes { limit }))
    }

    /// Reads as many bytes as the first two bits tell.
    fn quic(&self, input: &Input<'_>) -> Result<Header, Stop<VarintFault>> {
        let [first] = input.array(self.offset)?;
        let width = 1_usize << (first >> 6);
        input.examined(width);
        let mut eight = [0; 8];
        if let Some(bytes) = eight.get_mut(8 - width..) {
            input.copy_to_slice(self.offset, bytes)?;
        }
        Ok(Header { len: self.offset + width, payload: u64::from_be_bytes(eight) & VarintForm::quic_bits(width) })
    }

    /// Deals with a frame whose payload is beyond the limit.
    #[cold]
    fn beyond(&mut self, Header { len, payload }: Header, input: &Input<'_>) -> Result<Found<usize>, Stop<VarintFault>> {
        let cause = Cause::TooLarge { what: "payload", limit: self.max_payload as u64 };
        let start = (len.checked_add(self.max_payload), self.stripped(len));
        self.excess.judge(payload.saturating_add(len as u64), start, cause, input)
    }

    /// How much of a header is not delivered.
    #[inline(always)]
    fn stripped(&self, header: usize) -> usize {
        if self.keep_header { 0 } else { header }
    }
}

impl VarintForm {
    /// A byte below this one is a length by itself.
    #[inline(always)]
    const fn beyond_one_byte(self) -> u8 {
        match self {
            Self::Leb128 | Self::Mqtt => 0x80,
            Self::Quic => 0x40,
        }
    }

    const fn most_bytes(self) -> usize {
        match self {
            Self::Leb128 => 10,
            Self::Mqtt => 4,
            Self::Quic => 8,
        }
    }

    /// The largest number that is written. No payload is longer than that of [`Leb128`](Self::Leb128) tells, in the eight bytes of a [`Short`].
    const fn largest(self) -> u64 {
        match self {
            Self::Leb128 => (1 << 56) - 1,
            Self::Mqtt => (1 << 28) - 1,
            Self::Quic => Self::quic_bits(8),
        }
    }

    /// The bits of so many bytes that are of the number.
    const fn quic_bits(width: usize) -> u64 {
        u64::MAX >> (66 - 8 * width)
    }

    /// The fewest bytes that tell a number.
    const fn len(self, number: u64) -> usize {
        let bits = (u64::BITS - number.leading_zeros()) as usize;
        match self {
            Self::Leb128 | Self::Mqtt if bits == 0 => 1,
            Self::Leb128 | Self::Mqtt => bits.div_ceil(7),
            Self::Quic => match bits {
                0..=6 => 1,
                7..=14 => 2,
                15..=30 => 4,
                _ => 8,
            },
        }
    }

    /// A number of at most `largest`, in the fewest bytes that tell it.
    #[inline(always)]
    fn bytes(self, number: u64) -> Short {
        match (self, number) {
            (Self::Leb128 | Self::Mqtt, ..0x80) | (Self::Quic, ..0x40) => Short::low(number, 1),
            (Self::Leb128 | Self::Mqtt, ..0x4000) => Short::low(number << 1 & 0x7f00 | 0x80 | number & 0x7f, 2),
            _ => self.more_bytes(number),
        }
    }

    /// The same where they are more.
    fn more_bytes(self, number: u64) -> Short {
        let len = self.len(number);
        match self {
            Self::Quic => {
                let tagged = number << (64 - 8 * len) | u64::from(len.trailing_zeros()) << 62;
                Short::low(tagged.swap_bytes(), len)
            }
            Self::Leb128 | Self::Mqtt => {
                let group = |nth| number >> (7 * nth) & 0x7f | if nth + 1 < len { 0x80 } else { 0 };
                Short::low((0..len).rev().fold(0, |word, nth| word << 8 | group(nth)), len)
            }
        }
    }
}

impl Decode for Varint {
    type Progress = ();
    /// How much of the header is not shown.
    type Token = usize;
    type Frame<'a> = &'a [u8];
    type Fault = VarintFault;

    #[inline(always)]
    fn scan(&mut self, (): &mut (), input: &Input<'_>) -> Result<Found<usize>, Stop<VarintFault>> {
        if self.excess.is_left() {
            return input.scan_apart(|input| self.excess.skip(input));
        }
        let header = match self.short(input) {
            Some(header) => header,
            None => input.apart(|input| self.header(input))?,
        };
        let payload = match usize::try_from(header.payload) {
            Ok(payload) if payload <= self.max_payload => payload,
            _ => return input.scan_apart(|input| self.beyond(header, input)),
        };
        let Some(len) = header.len.checked_add(payload) else { return Err(Stop::Need(NEVER)) };
        input.require(len)?;
        Ok(Found::Frame { len, token: self.stripped(header.len) })
    }

    #[inline(always)]
    fn open<'a>(stripped: usize, (): &'a (), frame: &'a [u8]) -> &'a [u8] {
        frame.get(stripped..).unwrap_or_default()
    }
}

impl Encode for Varint {
    /// A frame as it is delivered: without its header, which is then written as zeros and the length in the fewest bytes, or [with it](Varint::keep_header), and then the length in it must be right.
    type Message<'a> = Payload<'a>;
    type Fault = Unframable;

    #[inline(always)]
    fn encode(&mut self, message: &Payload<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError<Unframable>> {
        let message = message.source();
        if self.keep_header {
            self.check_brought(message.bytes)?;
            return Ok(out.write_around(Short::NONE, message, Short::NONE)?);
        }
        self.check_limit(message.bytes.len())?;
        let length = self.form.bytes(message.bytes.len() as u64);
        let header = if let Some(header) = Short::zeros(self.offset).and_then(|zeros| zeros.then(length)) {
            header
        } else {
            write_zeros(self.offset, out)?;
            length
        };
        Ok(out.write_around(header, message, Short::NONE)?)
    }
}

impl Varint {
    /// Checks that a payload of so many bytes may be written, and can be told.
    #[inline]
    fn check_limit(&self, payload: usize) -> Result<(), EncodeError<Unframable>> {
        let limit = self.form.largest().min(self.max_payload as u64);
        if payload as u64 > limit { Err(EncodeError::TooLarge { what: "payload", limit }) } else { Ok(()) }
    }

    /// Checks the header that a message brings.
    fn check_brought(&self, message: &[u8]) -> Result<(), EncodeError<Unframable>> {
        if message.len() <= self.offset {
            let (found, expected) = (message.len(), self.offset.saturating_add(1));
            return Err(EncodeError::Fault(Unframable::TooShort { found, expected }));
        }
        let header = self.header(&Input::from(message)).map_err(|_| EncodeError::Fault(Unframable::NoLength))?;
        let payload = message.len() - header.len;
        self.check_limit(payload)?;
        let (found, expected) = (header.payload, payload as u64);
        if found == expected { Ok(()) } else { Err(EncodeError::Fault(Unframable::WrongLength { found, expected })) }
    }
}

#[cold]
fn write_zeros(mut left: usize, out: &mut Writer<'_>) -> Result<(), EncodeError<Unframable>> {
    const ZEROS: [u8; 16] = [0; 16];
    while left > 0 {
        let now = left.min(ZEROS.len());
        out.write(ZEROS.get(..now).unwrap_or_default())?;
        left -= now;
    }
    Ok(())
}
