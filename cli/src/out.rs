//! The only writers to stdout and stderr. A failed write never panics and is never lost: it decides how the process ends.
//!
//! A reader that has gone away is not an error of ours, and quiet. Anything else, such as a full disk, is said on the other
//! stream, with the product itself, and a process that would end well ends with [`Exit::Usage`]. A failure keeps its status.

use serde_json::{Value, json};
use smpcc::exit::Exit;
use std::borrow::Cow;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether something could not be written.
static LOST: AtomicBool = AtomicBool::new(false);

/// Writes the product of a command to stdout.
pub fn product(text: &str) {
    write_product(&printable(text, |c| c.escape_unicode().collect()));
}

/// Writes a product that is JSON, in which characters are escaped otherwise.
pub fn json(text: &str) {
    write_product(&printable(text, escaped));
}

/// A character that commands as JSON: these stand in strings only, and those beyond 16 bits are none of them.
fn escaped(c: char) -> String {
    format!("\\u{:04x}", u32::from(c))
}

/// Writes a message of the language server's protocol to stdout.
pub fn message(body: &str) {
    let text = format!("Content-Length: {}\r\n\r\n{body}", body.len());
    // Whoever does not read any more has gone, and stdin says so.
    let _ = write_to(&mut io::stdout().lock(), &text);
}

fn write_product(text: &str) {
    if let Err(error) = write_to(&mut io::stdout().lock(), text) {
        // What was computed may have cost hours and other people's consent.
        note(&format!(
            "error: cannot write to stdout: {error}; this should stand there:"
        ));
        coloured(text.trim_end());
    }
}

/// Whether messages are lines of JSON.
static LINES: AtomicBool = AtomicBool::new(false);

/// Says how messages are written from here on.
pub fn messages(as_lines: bool) {
    LINES.store(as_lines, Ordering::Relaxed);
}

/// Whether messages are lines of JSON.
pub fn lines() -> bool {
    LINES.load(Ordering::Relaxed)
}

/// Writes a message as a line of JSON: an object with the message's fields, and `shown`, its text for people.
pub fn line(mut message: Value, shown: &str) {
    message["shown"] = shown.into();
    let text = message.to_string();
    let text = printable(&text, escaped);
    let _ = write_to(&mut io::stderr().lock(), &format!("{text}\n"));
}

/// The severity that a message begins with, and the rest.
fn severity(text: &str) -> (&'static str, &str) {
    for severity in ["error", "warning", "note"] {
        let rest = text.strip_prefix(severity);
        if let Some(rest) = rest.and_then(|rest| rest.strip_prefix(": ")) {
            return (severity, rest);
        }
    }
    ("note", text)
}

/// Writes a message for people to stderr, with a line end.
pub fn note(text: &str) {
    if lines() {
        let (severity, message) = severity(text);
        return line(json!({"severity": severity, "message": message}), text);
    }
    coloured(&printable(text, |c| c.escape_unicode().collect()));
}

/// The same for text with colours, in which nothing else has control characters.
pub fn coloured(text: &str) {
    // Nothing is left to say it on: stdout is for the product alone.
    let _ = write_to(&mut io::stderr().lock(), &format!("{text}\n"));
}

/// Text in which nothing tells a terminal what to do: names and messages may come from files and from peers.
fn printable(text: &str, escape: fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(commands) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if commands(c) {
            shown.push_str(&escape(c));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Whether a terminal obeys a character instead of showing it: controls, and what turns the direction of writing.
fn commands(c: char) -> bool {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() && !matches!(c, '\n' | '\t') || turns
}

/// Whether stderr is a terminal, so that progress may be drawn.
pub fn interactive() -> bool {
    io::stderr().is_terminal()
}

/// How the process ends that would end so.
pub fn ends(exit: Exit) -> Exit {
    match exit {
        Exit::Ok if LOST.load(Ordering::Relaxed) => Exit::Usage,
        exit => exit,
    }
}

fn write_to(to: &mut impl Write, text: &str) -> io::Result<()> {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => {
            LOST.store(true, Ordering::Relaxed);
            Err(error)
        }
        Ok(()) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_commands_a_terminal() {
        let shown = |text| printable(text, |c| format!("<{:x}>", u32::from(c))).into_owned();
        assert_eq!(shown("a\tb\nc é 日"), "a\tb\nc é 日");
        assert_eq!(
            shown("\u{1b}[31mred\u{9b}2J\r\u{202e}x\u{7f}"),
            "<1b>[31mred<9b>2J<d><202e>x<7f>"
        );
    }
}
