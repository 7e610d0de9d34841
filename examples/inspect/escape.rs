//! Bytes as they are written on a command line.

/// Bytes without escapes. (A `Vec<u8>` would mean a list of numbers to clap.)
pub(crate) type Bytes = Box<[u8]>;

/// Reads text with `\r`, `\n`, `\t`, `\0`, `\\` and `\xHH` in it.
pub(crate) fn unescape(text: &str) -> Result<Bytes, String> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        bytes.extend(plain.bytes());
        let (byte, behind) = escaped(escape).ok_or_else(|| format!("no escape: \\{escape}"))?;
        bytes.push(byte);
        rest = behind;
    }
    bytes.extend(rest.bytes());
    Ok(bytes.into())
}

/// Reads what follows a backslash; returns the byte, and what is left.
fn escaped(text: &str) -> Option<(u8, &str)> {
    if let Some(hex) = text.strip_prefix('x') {
        let (digits, rest) = hex.split_at_checked(2)?;
        return Some((u8::from_str_radix(digits, 16).ok()?, rest));
    }
    let byte = match text.chars().next()? {
        'r' => b'\r',
        'n' => b'\n',
        't' => b'\t',
        '0' => 0,
        '\\' => b'\\',
        _ => return None,
    };
    Some((byte, &text[1..]))
}
