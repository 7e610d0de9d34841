//! What is accepted, and how much of it: [`Limits`], and the named exceptions to strictness. SPEC.md, chapter HL.

/// How much a peer may send, with a default for each number. What is longer is refused at the first byte that makes it certain; a part of a line at the end of that line, or where the line is too long.
///
/// ```
/// use framewright::http1::Limits;
///
/// let limits = Limits { max_target: 1024, ..Limits::DEFAULT };
/// assert_eq!(limits.max_head, 32 * 1024);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Empty lines before a request. 2.
    pub max_leading_crlf: u32,
    /// Bytes of a method. 32.
    pub max_method: usize,
    /// Bytes of a target. 8 KiB.
    pub max_target: usize,
    /// Bytes of a reason. 1 KiB.
    pub max_reason: usize,
    /// Bytes of a head, from its first to the empty line, both included. 32 KiB.
    pub max_head: usize,
    /// Bytes of a field's name. 256.
    pub max_name: usize,
    /// Bytes of a field's value, the whitespace around it included. 16 KiB.
    pub max_value: usize,
    /// Fields of a head. 100.
    pub max_fields: usize,
    /// Bytes of a body, those of its framing not counted. 2<sup>63</sup> − 1, which a caller lowers to what it can take.
    pub max_body: u64,
    /// The number that a chunk may begin with. 2<sup>63</sup> − 1.
    pub max_chunk_size: u64,
    /// Bytes of the line before a chunk, its end included. 256.
    pub max_chunk_line: usize,
    /// Bytes of all chunk extensions of a body. 8 KiB.
    pub max_chunk_ext: u64,
    /// Bytes of chunked framing that a body may have beyond 16 for each chunk and twice its data; trailers do not count. 16 KiB.
    pub max_chunk_overhead: u64,
    /// Fields behind a chunked body. 32.
    pub max_trailers: usize,
    /// Bytes of them, the empty line included. 8 KiB.
    pub max_trailer_bytes: usize,
}

impl Limits {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        max_leading_crlf: 2,
        max_method: 32,
        max_target: 8 * 1024,
        max_reason: 1024,
        max_head: 32 * 1024,
        max_name: 256,
        max_value: 16 * 1024,
        max_fields: 100,
        max_body: i64::MAX as u64,
        max_chunk_size: i64::MAX as u64,
        max_chunk_line: 256,
        max_chunk_ext: 8 * 1024,
        max_chunk_overhead: 16 * 1024,
        max_trailers: 32,
        max_trailer_bytes: 8 * 1024,
    };

    /// Bytes of a field's line, with its colon and its end.
    pub(super) fn field_line(&self) -> usize {
        self.max_name.saturating_add(self.max_value).saturating_add(3)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Something that is refused unless it is allowed by its name, [`Rules::allow`]. Each is a risk: read what it says, and what it changes in [the guide](crate::guide::http1_strictness).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Leniency {
    /// A bare LF ends a line of a response's head (RFC 9112 section 2.2). Never in a request, nor in chunked framing.
    LfInResponseHead,
    /// A field of a response goes on in the next line, where that begins with whitespace (RFC 9112 section 5.2). What is between becomes one space. Never for a field that decides framing.
    ObsFoldInResponses,
    /// Bytes from 0x80 on in a target.
    ObsTextTarget,
    /// A `#` in a target, and what follows it.
    FragmentInTarget,
    /// The target `*` with any method: `M-SEARCH *` of SSDP.
    AsteriskForAnyMethod,
    /// A Host field without a value.
    EmptyHost,
    /// Content-Length fields, or numbers in one, that are all equal: they count as one (RFC 9110 section 8.6).
    IdenticalContentLengths,
    /// Transfer codings before the final `chunked`, of known names or not. To undo them is up to the caller, as [`Framing::coded`](super::Framing::coded) says.
    TransferCodings,
    /// Spaces and tabs between a chunk's size and the end of its line.
    WhitespaceAfterChunkSize,
    /// Spaces and tabs around the `;` and `=` of chunk extensions (BWS).
    WhitespaceInChunkExtensions,
    /// Trailers whose names must not be there: they are left out instead of refused.
    DropForbiddenTrailers,
}

/// Something that is accepted unless more is demanded, [`Rules::demand`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Demand {
    /// A target of the bytes that RFC 3986 allows, with `%` only before two hex digits. Browsers send others.
    Rfc3986Target,
    /// A status of at most 599.
    StatusBelow600,
    /// A Content-Length without leading zeros.
    NoLeadingZeros,
    /// A Host field that says the same as the authority in the target, where there is one.
    HostMatchesTarget,
}

/// Limits, leniencies and demands of a reader. The default is strict: what that means for every construct in doubt is in [the guide](crate::guide::http1_strictness).
///
/// ```
/// use framewright::http1::{Leniency, Limits, Rules};
///
/// let rules = Rules::new(Limits { max_body: 1 << 20, ..Limits::DEFAULT }).allow(Leniency::EmptyHost);
/// assert!(rules.allows(Leniency::EmptyHost) && !rules.allows(Leniency::LfInResponseHead));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// How much is accepted.
    pub limits: Limits,
    leniencies: u16,
    demands: u16,
}

impl Rules {
    /// Strict, with the default limits.
    pub const STRICT: Self = Self::new(Limits::DEFAULT);

    /// Strict, with these limits.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { limits, leniencies: 0, demands: 0 }
    }

    /// Accepts something that is refused otherwise.
    #[must_use]
    pub const fn allow(mut self, leniency: Leniency) -> Self {
        self.leniencies |= 1 << leniency as u16;
        self
    }

    /// Refuses again what was allowed.
    #[must_use]
    pub const fn forbid(mut self, leniency: Leniency) -> Self {
        self.leniencies &= !(1 << leniency as u16);
        self
    }

    /// Refuses something that is accepted otherwise.
    #[must_use]
    pub const fn demand(mut self, demand: Demand) -> Self {
        self.demands |= 1 << demand as u16;
        self
    }

    /// Tells whether something is accepted.
    #[must_use]
    pub const fn allows(&self, leniency: Leniency) -> bool {
        self.leniencies & (1 << leniency as u16) != 0
    }

    /// Tells whether something is demanded.
    #[must_use]
    pub const fn demands(&self, demand: Demand) -> bool {
        self.demands & (1 << demand as u16) != 0
    }
}
