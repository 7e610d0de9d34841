//! What a peer can get wrong. SPEC.md, chapter HE: the table there is the one here.

use core::fmt;

use crate::error::ErrorCause;

/// A broken rule, and where.
///
/// ```
/// use framewright::{Engine, ErrorCause, http1::{RequestHeads, Rule}};
///
/// let mut engine = Engine::new(RequestHeads::strict());
/// let error = engine.feed(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n")?.next_frame().unwrap_err();
/// assert_eq!(error.to_string(), "frame at byte 0: expected ':' right behind the field name at byte 20, found 0x20 (RFC 9112 section 5.1)");
/// let ErrorCause::Fault(fault) = error.cause else { panic!("a rule is broken") };
/// assert_eq!((fault.rule, fault.rule.status(), fault.found), (Rule::SpaceBeforeColon, 400, Some(b' ')));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// The rule.
    pub rule: Rule,
    /// Where it is broken: bytes from the start of the frame, whose place in the stream is [`Error::offset`](crate::Error::offset).
    pub at: usize,
    /// The byte there; `None` where something is missing rather than wrong.
    pub found: Option<u8>,
}

impl Fault {
    /// A rule that is broken by a byte, or by its lack.
    pub(super) fn new(rule: Rule, at: usize, found: Option<u8>) -> Self {
        Self { rule, at, found }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.rule.says(), self.at)?;
        if let Some(found) = self.found {
            write!(f, ", found {found:#04x}")?;
        }
        write!(f, " ({})", self.rule.section())
    }
}

impl core::error::Error for Fault {}

/// Makes [`Rule`] of a table: what is expected, where it is written, and the status to answer with.
macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $rule:ident $says:literal, $section:literal, $status:literal;)+) => {
        /// A rule that a peer can break.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[doc = $doc])+ $rule,)+
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$rule,)+];

            /// Says what is expected.
            #[must_use]
            pub const fn says(self) -> &'static str {
                match self { $(Self::$rule => $says,)+ }
            }

            /// Returns where the rule is written.
            #[must_use]
            pub const fn section(self) -> &'static str {
                match self { $(Self::$rule => $section,)+ }
            }

            /// Returns the status that a server answers a request with that breaks the rule. For a response it is 502, if the client is a gateway.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$rule => $status,)+ }
            }
        }
    };
}

rules! {
    /// The stream begins as TLS does.
    Tls "expected a message in plain text, not a TLS handshake", "RFC 9112 section 2.1", 400;
    /// The request is the preface of HTTP/2: another codec can take this stream.
    Http2Preface "expected HTTP/1, not the connection preface of HTTP/2", "RFC 9113 section 3.4", 505;
    /// A byte that no message of this kind begins with.
    NoMessage "expected the first byte of a message", "RFC 9112 section 2.1", 400;
    /// More empty lines before a request than allowed.
    EmptyLines "expected a request and not another empty line", "RFC 9112 section 2.2", 400;
    /// A CR that no LF follows.
    BareCr "expected LF behind CR", "RFC 9112 section 2.2", 400;
    /// An LF that no CR precedes.
    BareLf "expected CR before LF", "RFC 9112 section 2.2", 400;
    /// Something else than one space behind the method, which is a token.
    Method "expected a method and one space", "RFC 9112 section 3.1", 400;
    /// A byte that must not be in a target, or an empty one.
    Target "expected a byte of a request target", "RFC 9112 section 3.2", 400;
    /// A target that is none of the four forms, or not the one of this method.
    TargetForm "expected a target of the form that the method asks for", "RFC 9112 section 3.2", 400;
    /// No version where one must be.
    Version "expected HTTP/1.1 and the end of the line", "RFC 9112 section 2.3", 400;
    /// A version that is well formed and is not 1.0 or 1.1.
    UnsupportedVersion "expected version 1.0 or 1.1", "RFC 9110 section 15.6.6", 505;
    /// No status of three digits from 100 on, or of at most 599 where that is demanded.
    Status "expected a status of three digits", "RFC 9112 section 4", 400;
    /// A control byte in a reason.
    Reason "expected a byte of a reason phrase", "RFC 9112 section 4", 400;
    /// Whitespace before the first field.
    SpaceBeforeField "expected a field and no whitespace before it", "RFC 9112 section 2.2", 400;
    /// A line that goes on the one before it.
    ObsFold "expected a field and no folded line", "RFC 9112 section 5.2", 400;
    /// Whitespace between a name and its colon.
    SpaceBeforeColon "expected ':' right behind the field name", "RFC 9112 section 5.1", 400;
    /// A byte that is in no name, or a line without a colon or without a name.
    FieldName "expected a field name and ':'", "RFC 9110 section 5.1", 400;
    /// A control byte in a value.
    FieldValue "expected a byte of a field value", "RFC 9110 section 5.5", 400;
    /// More fields than allowed.
    TooManyFields "expected no more fields", "RFC 9110 section 5.4", 431;
    /// A request of HTTP/1.1 without Host.
    NoHost "expected a Host field", "RFC 9112 section 3.2", 400;
    /// A second Host field.
    ManyHosts "expected only one Host field", "RFC 9112 section 3.2", 400;
    /// A Host field that is no host and port.
    BadHost "expected a host and perhaps a port", "RFC 9112 section 3.2", 400;
    /// A Host field that is not the authority of the target, where that is demanded.
    HostMismatch "expected the Host field to say what the target says", "RFC 9112 section 3.2.2", 400;
    /// Both Transfer-Encoding and Content-Length.
    BothLengths "expected either Transfer-Encoding or Content-Length", "RFC 9112 section 6.3", 400;
    /// More than one Content-Length.
    ManyLengths "expected only one Content-Length", "RFC 9112 section 6.3", 400;
    /// A Content-Length that is no number below 2^63.
    BadLength "expected a length in digits, below 2^63", "RFC 9110 section 8.6", 400;
    /// More than one Transfer-Encoding field.
    ManyTransferEncodings "expected only one Transfer-Encoding", "RFC 9112 section 6.1", 400;
    /// A Transfer-Encoding that is no list of tokens, or has `chunked` elsewhere than once and last.
    BadTransferEncoding "expected a Transfer-Encoding of chunked", "RFC 9112 section 6.1", 400;
    /// A transfer coding other than chunked.
    UnknownCoding "expected no transfer coding but chunked", "RFC 9112 section 6.1", 501;
    /// Transfer-Encoding in a message of HTTP/1.0.
    TransferEncodingIn10 "expected no Transfer-Encoding in HTTP/1.0", "RFC 9112 section 6.1", 400;
    /// Content-Length or Transfer-Encoding in a CONNECT request.
    ConnectWithBody "expected no body of a CONNECT request", "RFC 9110 section 9.3.6", 400;
    /// A body that is longer than allowed, as far as is announced.
    BodyTooLarge "expected a shorter body", "RFC 9110 section 15.5.14", 413;
    /// No number at the start of a chunk's line, or one of more than 16 digits.
    ChunkSize "expected a chunk size of 1 to 16 hex digits", "RFC 9112 section 7.1", 400;
    /// A chunk that is larger than allowed.
    ChunkTooLarge "expected a smaller chunk", "RFC 9112 section 7.1", 413;
    /// A chunk extension against the grammar.
    ChunkExtension "expected a chunk extension or CR LF", "RFC 9112 section 7.1.1", 400;
    /// Something else than CR LF behind the data of a chunk.
    ChunkEnd "expected CR LF behind the data of a chunk", "RFC 9112 section 7.1", 400;
    /// More chunked framing than the data justifies.
    ChunkOverhead "expected less framing for so little data", "RFC 9112 section 7.1", 400;
    /// A trailer of a name that must not be there.
    ForbiddenTrailer "expected no such field in a trailer section", "RFC 9110 section 6.5.1", 400;
}

/// What each limit in bytes is called in an error, and the status it is answered with.
pub(super) const LIMITED: &[(&str, u16)] = &[
    ("start line", 414),
    ("method", 501),
    ("target", 414),
    ("head", 431),
    ("field line", 431),
    ("field name", 431),
    ("field value", 431),
    ("chunk line", 400),
    ("chunk extensions", 400),
    ("trailers", 431),
];

/// Returns the status that a server answers a request with for which it got this error; `None` where the peer is not to blame.
///
/// ```
/// use framewright::{Engine, http1::{self, RequestHeads}};
///
/// let mut engine = Engine::new(RequestHeads::strict());
/// let error = engine.feed(b"GET /\r\n\r\n")?.next_frame().unwrap_err();
/// assert_eq!(http1::status_for(&error.cause), Some(400));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn status_for(cause: &ErrorCause<Fault>) -> Option<u16> {
    match cause {
        ErrorCause::Fault(fault) => Some(fault.rule.status()),
        ErrorCause::FrameTooLarge { what, .. } => {
            Some(LIMITED.iter().find(|(limited, _)| limited == what).map_or(413, |(_, status)| *status))
        }
        ErrorCause::Truncated { .. } => Some(400),
        ErrorCause::ChunkForgotten | ErrorCause::Bug(_) => None,
    }
}
