//! Fields as the user sees them. SPEC.md, clauses HH-13 and HH-14.

use core::fmt;
use core::iter::FusedIterator;
use core::ops::Range;

use super::bytes::{is_token, trim};
use super::section::{FieldPlace, Section};

/// The fields of a head, or the trailers behind a body: in order, names in the case they came in, values as bytes.
///
/// ```
/// use framewright::http1::{Rules, parse_request};
///
/// let request = b"GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html, */*;q=\"0,8\"\r\nACCEPT: x/y\r\n\r\n";
/// let message = parse_request(request, &Rules::STRICT)?;
/// let head = message.head();
/// let fields = head.fields();
/// assert_eq!(fields.get("host"), Some(&b"a"[..]));
/// assert_eq!(fields.list("accept").collect::<Vec<_>>(), [&b"text/html"[..], b"*/*;q=\"0,8\"", b"x/y"]);
/// assert_eq!(fields.iter().map(|field| field.name).collect::<Vec<_>>(), [&b"Host"[..], b"Accept", b"ACCEPT"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    pub(super) frame: &'a [u8],
    section: &'a Section,
}

/// A field.
#[derive(Clone, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name, in the case it came in.
    pub name: &'a [u8],
    /// The value, without whitespace around it.
    pub value: &'a [u8],
    /// Where the name lies in the frame.
    pub name_span: Range<usize>,
    /// Where the value lies in the frame; of a [folded](super::Leniency::ObsFoldInResponses) one, its lines.
    pub value_span: Range<usize>,
}

impl<'a> Field<'a> {
    /// Returns the name as text: it is a token. Takes as long as to look at each of its bytes.
    #[must_use]
    pub fn name_str(&self) -> &'a str {
        core::str::from_utf8(self.name).unwrap_or_default()
    }
}

impl<'a> Fields<'a> {
    pub(super) fn new(frame: &'a [u8], section: &'a Section) -> Self {
        Self { frame, section }
    }

    /// Returns how many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.section.places.len()
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.section.places.is_empty()
    }

    /// Returns all of them, in order.
    #[must_use]
    pub fn iter(&self) -> FieldIter<'a> {
        FieldIter { fields: *self, next: 0 }
    }

    /// Returns the value of the first field of this name, in any case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// Returns the value of each field of this name, in any case, in order.
    pub fn all<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let Self { frame, section } = *self;
        let is_named = move |place: &FieldPlace| frame.get(place.name()).is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()));
        section.places.iter().enumerate().filter(move |(_, place)| is_named(place)).map(move |(number, _)| section.value(frame, number))
    }

    /// Returns the elements of the comma-separated list that all fields of this name make together (RFC 9110 section 5.6.1): without whitespace around them and without empty ones. A comma in a
    /// quoted string separates nothing.
    pub fn list<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.all(name).flat_map(List::new)
    }

    /// Tells whether a token is an element of the list that all fields of this name make together, in any case.
    #[must_use]
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.list(name).any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
    }

    fn field(&self, number: usize) -> Option<Field<'a>> {
        let place = self.section.places.get(number)?;
        Some(Field {
            name: self.frame.get(place.name()).unwrap_or_default(),
            value: self.section.value(self.frame, number),
            name_span: place.name(),
            value_span: place.value(),
        })
    }
}

impl<'a> IntoIterator for Fields<'a> {
    type Item = Field<'a>;
    type IntoIter = FieldIter<'a>;

    fn into_iter(self) -> FieldIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &Fields<'a> {
    type Item = Field<'a>;
    type IntoIter = FieldIter<'a>;

    fn into_iter(self) -> FieldIter<'a> {
        self.iter()
    }
}

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}: {}\"", self.name.escape_ascii(), self.value.escape_ascii())
    }
}

/// The fields in order. Made by [`Fields::iter`].
#[derive(Clone, Debug)]
pub struct FieldIter<'a> {
    fields: Fields<'a>,
    next: usize,
}

impl<'a> Iterator for FieldIter<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let field = self.fields.field(self.next)?;
        self.next += 1;
        Some(field)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.fields.len().saturating_sub(self.next);
        (left, Some(left))
    }
}

impl ExactSizeIterator for FieldIter<'_> {}
impl FusedIterator for FieldIter<'_> {}

/// The elements of a comma-separated list. Lenient, as RFC 9110 section 5.6.1.2 demands: empty elements are passed over, and a quoted string that does not end goes to the end.
///
/// ```
/// use framewright::http1::List;
///
/// assert_eq!(List::new(b" a,, \"b,c\\\"\";x ,").collect::<Vec<_>>(), [&b"a"[..], b"\"b,c\\\"\";x"]);
/// ```
#[derive(Clone, Debug)]
pub struct List<'a> {
    rest: &'a [u8],
}

impl<'a> List<'a> {
    /// Takes the value of a field.
    #[must_use]
    pub const fn new(value: &'a [u8]) -> Self {
        Self { rest: value }
    }
}

impl<'a> Iterator for List<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let end = unquoted(self.rest, b',');
            let element = trim(self.rest.get(..end).unwrap_or(self.rest));
            self.rest = self.rest.get(end + 1..).unwrap_or_default();
            if !element.is_empty() {
                return Some(element);
            }
        }
    }
}

impl FusedIterator for List<'_> {}

/// The parameters of a list's element or of a value such as a media type: `text/html;charset="utf-8"` (RFC 9110 section 5.6.6).
///
/// ```
/// use framewright::http1::Parameters;
///
/// let (media_type, parameters) = Parameters::split(b"text/html ; charset=\"utf-8\"; Level=1");
/// assert_eq!(media_type, b"text/html");
/// assert_eq!(parameters.collect::<Vec<_>>(), [(&b"charset"[..], &b"\"utf-8\""[..]), (b"Level", b"1")]);
/// ```
#[derive(Clone, Debug)]
pub struct Parameters<'a> {
    rest: &'a [u8],
}

impl<'a> Parameters<'a> {
    /// Gives what is before the first `;`, and the parameters behind it. What is no token, `=` and a value is passed over; a quoted value keeps its quotes, which [`unquote`] takes off.
    #[must_use]
    pub fn split(value: &'a [u8]) -> (&'a [u8], Self) {
        let end = unquoted(value, b';');
        (trim(value.get(..end).unwrap_or(value)), Self { rest: value.get(end + 1..).unwrap_or_default() })
    }
}

impl<'a> Iterator for Parameters<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let end = unquoted(self.rest, b';');
            let parameter = trim(self.rest.get(..end).unwrap_or(self.rest));
            self.rest = self.rest.get(end + 1..).unwrap_or_default();
            let name = parameter.iter().take_while(|byte| is_token(**byte)).count();
            if let (Some((name, [b'=', value @ ..])), true) = (parameter.split_at_checked(name), name > 0) {
                return Some((name, value));
            }
        }
        None
    }
}

impl FusedIterator for Parameters<'_> {}

/// Takes the quotes off a quoted string, and the backslashes out of it (RFC 9110 section 5.6.4); gives what is none as it is.
///
/// ```
/// use framewright::http1::unquote;
///
/// assert_eq!(unquote(b"\"a \\\"b\\\"\"").collect::<Vec<_>>(), b"a \"b\"");
/// assert_eq!(unquote(b"a").collect::<Vec<_>>(), b"a");
/// assert_eq!(unquote(b"\"a\\\"").collect::<Vec<_>>(), b"\"a\\\""); // the last quote is of the text
/// ```
pub fn unquote(value: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let inner = inside_quotes(value);
    let is_quoted = inner.is_some();
    let mut bytes = inner.unwrap_or(value).iter().copied();
    core::iter::from_fn(move || match bytes.next() {
        Some(b'\\') if is_quoted => bytes.next(),
        byte => byte,
    })
}

/// What is between the quotes, if the value is a quoted string: the first quote without a backslash ends it.
fn inside_quotes(value: &[u8]) -> Option<&[u8]> {
    let inner = value.strip_prefix(b"\"")?;
    let mut end = 0;
    loop {
        match inner.get(end)? {
            b'\\' => end += 2,
            b'"' => return if end + 1 == inner.len() { inner.get(..end) } else { None },
            _ => end += 1,
        }
    }
}

/// Finds the first byte of this kind that is in no quoted string, or the end.
fn unquoted(bytes: &[u8], wanted: u8) -> usize {
    let mut is_quoted = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if is_quoted => at += 1,
            b'"' => is_quoted = !is_quoted,
            byte if *byte == wanted && !is_quoted => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}
