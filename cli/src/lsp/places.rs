//! Places: byte offsets here, lines and columns of UTF-16 or UTF-8 there; paths here, URIs there.

use serde_json::{Value, json};
use smpcc_compiler::source::SourceFile;
use smpcc_compiler::span::Span;
use std::path::{Path, PathBuf};

/// The position of a byte offset.
pub fn position(text: &str, offset: usize, utf8: bool) -> Value {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line = before.bytes().filter(|b| *b == b'\n').count();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = if utf8 {
        offset - start
    } else {
        before[start..].encode_utf16().count()
    };
    json!({"line": line, "character": column})
}

/// The range of a span in its file.
pub fn range(file: &SourceFile, span: Span, utf8: bool) -> Value {
    let position = |offset: u32| {
        // As above, but the file knows where its lines are.
        let (line, column) = file.line_col(offset as usize);
        let before = file.line(line).chars().take(column - 1);
        let units = before.map(|c| if utf8 { c.len_utf8() } else { c.len_utf16() });
        json!({"line": line - 1, "character": units.sum::<usize>()})
    };
    json!({"start": position(span.start), "end": position(span.end)})
}

/// The byte offset of a position; one past the end of a line is that end.
pub fn offset(text: &str, position: &Value, utf8: bool) -> Option<usize> {
    let line = position["line"].as_u64()?;
    let column = usize::try_from(position["character"].as_u64()?).ok()?;
    let mut start = 0;
    for _ in 0..line {
        match text[start..].find('\n') {
            Some(at) => start += at + 1,
            None => return Some(text.len()),
        }
    }
    let rest = &text[start..];
    let rest = &rest[..rest.find('\n').unwrap_or(rest.len())];
    let rest = rest.strip_suffix('\r').unwrap_or(rest);
    let mut units = 0;
    for (at, c) in rest.char_indices() {
        if units >= column {
            return Some(start + at);
        }
        units += if utf8 { c.len_utf8() } else { c.len_utf16() };
    }
    Some(start + rest.len())
}

/// The path of a `file:` URI.
pub fn path(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    let rest = &rest[rest.find('/')?..];
    let mut bytes = Vec::with_capacity(rest.len());
    let mut rest = rest.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    let path = PathBuf::from(String::from_utf8(bytes).ok()?);
    // Without `.` inside, as paths are compared as text.
    Some(path.components().collect())
}

/// The `file:` URI of a path.
pub fn uri(path: &Path) -> String {
    let mut uri = String::from("file://");
    for byte in path.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~') {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_and_offsets_are_inverse() {
        let text = "aé𝄞b\n\r\nx\r\n𝄞";
        for utf8 in [false, true] {
            for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
                if c == '\n' && text[..at].ends_with('\r') {
                    continue;
                }
                let position = position(text, at, utf8);
                assert_eq!(offset(text, &position, utf8), Some(at), "{position} {utf8}");
            }
        }
        let at = position(text, text.find('b').unwrap(), false);
        assert_eq!(at, json!({"line": 0, "character": 4}));
        assert_eq!(
            offset(text, &json!({"line": 0, "character": 99}), false),
            Some(8)
        );
        assert_eq!(
            offset(text, &json!({"line": 99, "character": 0}), false),
            Some(text.len())
        );
        assert_eq!(
            offset(text, &json!({"line": -1, "character": 0}), false),
            None
        );
        assert_eq!(offset(text, &json!(3), false), None);
    }

    #[test]
    fn uris_are_paths() {
        let odd = Path::new("/a b/ü%.smpc");
        assert_eq!(uri(odd), "file:///a%20b/%C3%BC%25.smpc");
        assert_eq!(path(&uri(odd)).as_deref(), Some(odd));
        assert_eq!(path("file:///a/./b"), Some(PathBuf::from("/a/b")));
        for wrong in ["untitled:1", "file://", "file:///%zz", "file:///%f"] {
            assert_eq!(path(wrong), None, "{wrong}");
        }
    }
}
