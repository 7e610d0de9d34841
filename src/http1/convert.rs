//! Heads to and from the types of the crate `http`. Feature `http`. SPEC.md, chapter HC.
//!
//! | you have | and want | by |
//! |---|---|---|
//! | a [`RequestHead`] | an [`http::Request`] | `try_from`, and `map` to give it a body |
//! | a [`ResponseHead`] | an [`http::Response`] | the same |
//! | trailers, or any [`Fields`] | an [`http::HeaderMap`] | `try_from` |
//! | an `http::Request`, or its parts | a [`NewRequest`] | [`HttpRequest`] |
//! | an `http::Response`, or its parts | a [`NewResponse`] | [`HttpResponse`] |
//! | an `http::HeaderMap` | trailers to be sent | `headers.iter().map(NewField::from)` |
//!
//! ```
//! use framewright::buf::{SegmentedBuf, StreamBuf};
//! use framewright::http1::{RequestEncoder, Rules, convert::HttpRequest, parse_request};
//!
//! let message = parse_request(b"POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi", &Rules::STRICT)?;
//! let mut request = http::Request::try_from(message.head())?.map(|()| message.body.to_vec());
//! assert_eq!((request.uri().path(), &request.headers()["host"]), ("/a", &http::HeaderValue::from_static("x")));
//!
//! request.headers_mut().insert("via", http::HeaderValue::from_static("1.1 here"));
//! let mut output = SegmentedBuf::new();
//! output.send(&mut RequestEncoder::strict(), HttpRequest::try_from(&request)?.head())?;
//! let sent = b"POST /a?b HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nvia: 1.1 here\r\n\r\n";
//! assert_eq!(output.segments().flatten().copied().collect::<Vec<_>>(), sent);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is lost
//!
//! A head is made to be written again as it came, and those types are not.
//!
//! | of | what becomes of it in `http` |
//! |---|---|
//! | names of fields | lower case |
//! | order of fields | fields of one name come together, their values in order; the order of names is `http`'s, today that of the first field of each |
//! | whitespace around values, and line breaks in folded ones | gone already when the head is read |
//! | an absolute target | its scheme `http` or `https` in lower case, and `/` where it has no path |
//! | a fragment, where a leniency lets it in | left out |
//! | a target that [`http::Uri`] does not take | refused, [`Unfit::Target`]: with `<`, `>` or a backtick in its path, say, with `"` in its query, with `%` in its host, or longer than 65,534 bytes |
//! | `OPTIONS` of an absolute target without a path | refused, since with a path it is another question (RFC 9112 section 3.2.4) |
//! | the reason of a response | kept as an extension, [`Reason`], unless it is the usual one of the status |
//! | trailers | of another `HeaderMap`, as `http` has no place for them |
//!
//! The other way nothing is lost but what has no place in a message: extensions, and which values are marked as sensitive. Fields that frame a body are not made up: what is to be sent has them.
//! Nothing is judged twice either: the encoder refuses what must not be sent, as it does of any caller.

use alloc::borrow::Cow;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::ops::Range;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};

use super::encode::{NewField, NewRequest, NewResponse};
use super::fields::Fields;
use super::framing::Answers;
use super::request::RequestHead;
use super::response::ResponseHead;
use super::target::TargetForm;
use super::version::Version;

/// The part of a head that the other side has no place for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// The method is none for [`http::Method`], which takes all that this crate reads today.
    #[error("the method is none for http::Method")]
    Method,
    /// The target is none for [`http::Uri`], or would be another one (HC-3).
    #[error("the target is none for http::Uri")]
    Target,
    /// The status is none for [`http::StatusCode`], which takes all that this crate reads today.
    #[error("the status is none for http::StatusCode")]
    Status,
    /// The name of a field is too long for [`http::HeaderName`], or its value none for [`http::HeaderValue`], which takes all that this crate reads today.
    #[error("the field at byte {at} of the head is none for http::HeaderMap")]
    Field {
        /// Where the name begins in the head, or in the bytes that end a message.
        at: usize,
    },
    /// There are more fields than an [`http::HeaderMap`] takes.
    #[error("more fields than http::HeaderMap takes")]
    TooManyFields,
    /// The version is neither 1.0 nor 1.1 (HC-6).
    #[error("the version is neither HTTP/1.0 nor HTTP/1.1")]
    Version,
}

/// The reason of a response, as an extension of an [`http::Response`] (HC-4). One that comes without has the usual reason of its status, or an empty one where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reason(pub Bytes);

impl From<Version> for http::Version {
    fn from(version: Version) -> Self {
        match version {
            Version::Http10 => Self::HTTP_10,
            Version::Http11 => Self::HTTP_11,
        }
    }
}

impl TryFrom<http::Version> for Version {
    type Error = Unfit;

    fn try_from(version: http::Version) -> Result<Self, Unfit> {
        match version {
            http::Version::HTTP_10 => Ok(Self::Http10),
            http::Version::HTTP_11 => Ok(Self::Http11),
            _ => Err(Unfit::Version),
        }
    }
}

/// Copies the head once; the target and the values share that copy.
impl TryFrom<RequestHead<'_>> for http::Request<()> {
    type Error = Unfit;

    fn try_from(head: RequestHead<'_>) -> Result<Self, Unfit> {
        let copy = Bytes::copy_from_slice(head.as_bytes());
        let mut request = Self::new(());
        *request.method_mut() = Method::from_bytes(head.method().as_bytes()).map_err(|_| Unfit::Method)?;
        *request.uri_mut() = uri(head, &copy)?;
        *request.version_mut() = head.version().into();
        *request.headers_mut() = headers(head.fields(), &copy)?;
        Ok(request)
    }
}

/// Copies the head once; the values share that copy.
impl TryFrom<ResponseHead<'_>> for http::Response<()> {
    type Error = Unfit;

    fn try_from(head: ResponseHead<'_>) -> Result<Self, Unfit> {
        let mut response = Self::new(());
        let status = StatusCode::from_u16(head.status()).map_err(|_| Unfit::Status)?;
        *response.status_mut() = status;
        *response.version_mut() = head.version().into();
        *response.headers_mut() = headers(head.fields(), &Bytes::copy_from_slice(head.as_bytes()))?;
        if head.reason() != usual_reason(status) {
            response.extensions_mut().insert(Reason(Bytes::copy_from_slice(head.reason())));
        }
        Ok(response)
    }
}

/// Copies what the fields are of once; the values share that copy.
impl TryFrom<Fields<'_>> for HeaderMap {
    type Error = Unfit;

    fn try_from(fields: Fields<'_>) -> Result<Self, Unfit> {
        headers(fields, &Bytes::copy_from_slice(fields.frame))
    }
}

fn uri(head: RequestHead<'_>, copy: &Bytes) -> Result<Uri, Unfit> {
    let target = head.target();
    if head.method() == "OPTIONS" && head.form() == TargetForm::Absolute && !has_path_or_query(target) {
        return Err(Unfit::Target);
    }
    let start = head.method().len() + 1;
    Uri::from_maybe_shared(shared(copy, start..start + target.len(), target)).map_err(|_| Unfit::Target)
}

/// Whether there is something behind the authority of an absolute target, but for a fragment.
fn has_path_or_query(target: &[u8]) -> bool {
    let target = target.split(|byte| *byte == b'#').next().unwrap_or_default();
    let start = target.windows(3).position(|bytes| bytes == b"://").map_or(0, |at| at + 3);
    target.iter().skip(start).any(|byte| b"/?".contains(byte))
}

fn headers(fields: Fields<'_>, copy: &Bytes) -> Result<HeaderMap, Unfit> {
    let mut headers = HeaderMap::try_with_capacity(fields.len()).map_err(|_| Unfit::TooManyFields)?;
    for field in fields {
        let unfit = Unfit::Field { at: field.name_span.start };
        let name = HeaderName::from_bytes(field.name).map_err(|_| unfit)?;
        let value = HeaderValue::from_maybe_shared(shared(copy, field.value_span, field.value)).map_err(|_| unfit)?;
        headers.try_append(name, value).map_err(|_| Unfit::TooManyFields)?;
    }
    Ok(headers)
}

/// Gives these bytes as a part of the copy, or by themselves where they are not at that place: the value of a folded field is not.
fn shared(copy: &Bytes, span: Range<usize>, bytes: &[u8]) -> Bytes {
    if copy.get(span.clone()) == Some(bytes) { copy.slice(span) } else { Bytes::copy_from_slice(bytes) }
}

fn usual_reason(status: StatusCode) -> &'static [u8] {
    status.canonical_reason().unwrap_or_default().as_bytes()
}

/// The head of an [`http::Request`], as it is to be sent.
///
/// The target is what the URI says: origin form where it has no scheme and no authority, absolute form where it has both, and authority form where it has only that. A server that is no proxy is
/// asked [in origin form](Self::in_origin_form).
///
/// ```
/// use framewright::http1::convert::HttpRequest;
///
/// let request = http::Request::get("http://example.org:8080/a?b").body(())?;
/// let to_a_proxy = HttpRequest::try_from(&request)?;
/// assert_eq!(to_a_proxy.head().target, b"http://example.org:8080/a?b");
/// let to_the_server = to_a_proxy.in_origin_form();
/// assert_eq!(to_the_server.head().target, b"/a?b");
/// assert_eq!(to_the_server.head().fields[0].value, b"example.org:8080"); // a Host field
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct HttpRequest<'a> {
    method: &'a str,
    uri: &'a Uri,
    target: Cow<'a, str>,
    version: Version,
    fields: Vec<NewField<'a>>,
}

impl<'a> HttpRequest<'a> {
    fn new(method: &'a Method, uri: &'a Uri, version: http::Version, headers: &'a HeaderMap) -> Result<Self, Unfit> {
        let target = match (uri.scheme(), uri.authority()) {
            (None, Some(authority)) => Cow::Borrowed(authority.as_str()),
            (None, None) => path_and_query(uri),
            (Some(_), _) => Cow::Owned(uri.to_string()),
        };
        Ok(Self { method: method.as_str(), uri, target, version: version.try_into()?, fields: new_fields(headers) })
    }

    /// Turns an absolute target into what the server is asked that it names: path and query as the target, and the authority as a Host field, the first, unless there is one already. Other targets
    /// stay as they are.
    #[must_use]
    pub fn in_origin_form(mut self) -> Self {
        let (Some(_), Some(authority)) = (self.uri.scheme(), self.uri.authority()) else { return self };
        self.target = path_and_query(self.uri);
        if !self.fields.iter().any(|field| field.name == b"host") {
            let without_user = authority.as_str().rsplit('@').next().unwrap_or_default();
            self.fields.insert(0, NewField::new("host", without_user));
        }
        self
    }

    /// Returns the head, for an [encoder](super::RequestEncoder).
    #[must_use]
    pub fn head(&self) -> NewRequest<'_> {
        NewRequest { method: self.method, target: self.target.as_bytes(), version: self.version, fields: &self.fields }
    }
}

impl<'a> TryFrom<&'a http::request::Parts> for HttpRequest<'a> {
    type Error = Unfit;

    fn try_from(parts: &'a http::request::Parts) -> Result<Self, Unfit> {
        Self::new(&parts.method, &parts.uri, parts.version, &parts.headers)
    }
}

impl<'a, B> TryFrom<&'a http::Request<B>> for HttpRequest<'a> {
    type Error = Unfit;

    fn try_from(request: &'a http::Request<B>) -> Result<Self, Unfit> {
        Self::new(request.method(), request.uri(), request.version(), request.headers())
    }
}

/// The head of an [`http::Response`], as it is to be sent.
///
/// ```
/// use framewright::http1::{Answers, convert::HttpResponse};
///
/// let response = http::Response::builder().status(404).header("content-length", 0).body(())?;
/// let response = HttpResponse::try_from(&response)?;
/// let head = response.head(Answers::Other);
/// assert_eq!((head.status, head.reason), (404, &b"Not Found"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct HttpResponse<'a> {
    version: Version,
    status: u16,
    reason: &'a [u8],
    fields: Vec<NewField<'a>>,
}

impl<'a> HttpResponse<'a> {
    fn new(status: StatusCode, version: http::Version, headers: &'a HeaderMap, extensions: &'a http::Extensions) -> Result<Self, Unfit> {
        let reason = extensions.get::<Reason>().map_or(usual_reason(status), |reason| &reason.0);
        Ok(Self { version: version.try_into()?, status: status.as_u16(), reason, fields: new_fields(headers) })
    }

    /// Returns the head, for an [encoder](super::ResponseEncoder).
    #[must_use]
    pub fn head(&self, answers: Answers) -> NewResponse<'_> {
        NewResponse { version: self.version, status: self.status, reason: self.reason, fields: &self.fields, answers }
    }
}

impl<'a> TryFrom<&'a http::response::Parts> for HttpResponse<'a> {
    type Error = Unfit;

    fn try_from(parts: &'a http::response::Parts) -> Result<Self, Unfit> {
        Self::new(parts.status, parts.version, &parts.headers, &parts.extensions)
    }
}

impl<'a, B> TryFrom<&'a http::Response<B>> for HttpResponse<'a> {
    type Error = Unfit;

    fn try_from(response: &'a http::Response<B>) -> Result<Self, Unfit> {
        Self::new(response.status(), response.version(), response.headers(), response.extensions())
    }
}

impl<'a> From<(&'a HeaderName, &'a HeaderValue)> for NewField<'a> {
    fn from((name, value): (&'a HeaderName, &'a HeaderValue)) -> Self {
        Self { name: name.as_str().as_bytes(), value: value.as_bytes() }
    }
}

fn new_fields(headers: &HeaderMap) -> Vec<NewField<'_>> {
    headers.iter().map(NewField::from).collect()
}

/// Path and query, which of `http://a?b` begin with the query.
fn path_and_query(uri: &Uri) -> Cow<'_, str> {
    match uri.path_and_query().map(http::uri::PathAndQuery::as_str) {
        Some(query) if query.starts_with('?') => Cow::Owned(["/", query].concat()),
        Some(path) => Cow::Borrowed(path),
        None => Cow::Borrowed(uri.path()),
    }
}
