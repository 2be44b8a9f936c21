//! The only writers to stdout and stderr: a closed pipe ends the process quietly instead of panicking.

use std::io::{self, IsTerminal, Write};

/// Writes the product of a command to stdout.
pub fn product(text: &str) {
    write_to(&mut io::stdout().lock(), text);
}

/// Writes a message for people to stderr, with a line end.
pub fn note(text: &str) {
    let mut err = io::stderr().lock();
    write_to(&mut err, text);
    write_to(&mut err, "\n");
}

/// Whether stderr is a terminal, so that progress may be drawn.
pub fn interactive() -> bool {
    io::stderr().is_terminal()
}

fn write_to(to: &mut impl Write, text: &str) {
    // A reader that has gone away is not an error of ours.
    if to
        .write_all(text.as_bytes())
        .and_then(|()| to.flush())
        .is_err()
    {
        std::process::exit(0);
    }
}
