//! Bytes as a person reads them: their offset, in hex, and as text.

use std::io::{self, Write};

use anstyle::Style;

/// The bytes of a row, with a gap in the middle.
const ROW: usize = 16;
const GAP: usize = 8;
const HEX: &[u8; 16] = b"0123456789abcdef";

/// Bytes at `offset`, to be written.
pub(crate) struct Hexdump<'a> {
    pub(crate) offset: Offset,
    pub(crate) bytes: &'a [u8],
    /// The index of a byte to be pointed at.
    pub(crate) marked: Option<usize>,
    /// How the offsets look.
    pub(crate) label: Style,
}

/// A place of a byte.
#[derive(Clone, Copy)]
pub(crate) enum Offset {
    InStream(u64),
    /// Of bytes that are not in the stream as they are.
    InPayload(u64),
}

impl Offset {
    fn text(self, further: u64) -> String {
        match self {
            Self::InStream(offset) => format!("{:08x}", offset + further),
            Self::InPayload(offset) => format!("+{:07x}", offset + further),
        }
    }
}

impl Hexdump<'_> {
    /// Writes it; `style` says how each byte looks, by its index.
    pub(crate) fn write(&self, out: &mut impl Write, style: impl Fn(usize) -> Style) -> io::Result<()> {
        for (start, bytes) in (0..).step_by(ROW).zip(self.bytes.chunks(ROW)) {
            let (style, label) = (|at| style(start + at), self.label);
            let offset = self.offset.text(start as u64);
            writeln!(out, "  {label}{offset}{label:#}  {}", row(bytes, style))?;
            if let Some(at) = self.marked.and_then(|marked| marked.checked_sub(start)).filter(|at| *at < bytes.len()) {
                writeln!(out, "  {:1$}  {2}", "", offset.len(), pointer(at))?;
            }
        }
        Ok(())
    }
}

/// A row without its offset.
fn row(bytes: &[u8], style: impl Fn(usize) -> Style) -> String {
    let mut row = Row { text: String::with_capacity(4 * ROW + 4), style: Style::new() };
    for at in 0..ROW {
        if at == GAP {
            row.text.push(' ');
        }
        match bytes.get(at) {
            Some(byte) => row.put(style(at), [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]),
            None => row.text.push_str("  "),
        }
        row.put(Style::new(), *b" ");
    }
    row.text.push_str(" |");
    for (at, byte) in bytes.iter().enumerate() {
        row.put(style(at), [if matches!(byte, b' '..=b'~') { *byte } else { b'.' }]);
    }
    row.put(Style::new(), *b"|");
    row.text
}

struct Row {
    text: String,
    /// Of what comes next.
    style: Style,
}

impl Row {
    fn put<const N: usize>(&mut self, style: Style, ascii: [u8; N]) {
        if self.style != style {
            self.text += &self.style.render_reset().to_string();
            self.text += &style.render().to_string();
            self.style = style;
        }
        self.text.extend(ascii.map(char::from));
    }
}

/// Points at a byte of the row above, in both of its columns.
fn pointer(at: usize) -> String {
    let hex = 3 * at + usize::from(at >= GAP);
    let text = 3 * ROW + " ".len() + " |".len() + at;
    format!("{:hex$}^^{:between$}^", "", "", between = text - hex - "^^".len())
}
