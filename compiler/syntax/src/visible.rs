//! Text that a terminal or an editor would act on instead of showing it, made visible.
//!
//! Source text, names and messages reach terminals. Escape sequences there could recolour or rewrite what is on the
//! screen, and the controls of bidirectional text make a line look other than it is read by the compiler.

use std::borrow::Cow;

/// Whether a character changes the order in which those around it are shown.
pub fn reorders(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// Whether a character is not shown as itself: controls other than the tab and the line feed, what some programs take
/// for the end of a line, what reorders text, and what has no width.
pub fn is_hidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || reorders(c)
        || matches!(
            c,
            '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2028}' | '\u{2029}' | '\u{2060}' | '\u{feff}'
        )
}

/// The text with hidden characters written as escapes, such as `\u{1b}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_hidden(c) {
            out.push_str(&escaped(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// A hidden character as an escape.
pub(crate) fn escaped(c: char) -> String {
    match c {
        '\r' => "\\r".to_owned(),
        c => c.escape_unicode().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_escaped_and_the_rest_stays() {
        assert_eq!(visible("ä\tb\n"), "ä\tb\n");
        assert!(matches!(visible("plain"), Cow::Borrowed(_)));
        assert_eq!(visible("\u{1b}[31mred\r"), "\\u{1b}[31mred\\r");
        assert_eq!(visible("a\u{202e}b\u{85}"), "a\\u{202e}b\\u{85}");
        for c in (0..0x3000)
            .filter_map(char::from_u32)
            .filter(|c| is_hidden(*c))
        {
            assert!(!visible(&c.to_string()).contains(is_hidden), "{c:?}");
        }
    }
}
