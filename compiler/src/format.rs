//! The formatter of [`smpcc_syntax`], with room for programs that nest as deep as they may.

use crate::parser::Parsed;
use crate::source::FileId;
use crate::stack::on_large_stack;
pub use smpcc_syntax::format::{Refused, WIDTH};

/// The text in the one style.
///
/// # Errors
/// A text with syntax errors, and one that the formatter would change.
pub fn format(file: FileId, text: &str) -> Result<String, Refused> {
    on_large_stack(STACK_BYTES, |_| smpcc_syntax::format::format(file, text))
}

/// As [`format()`], of a text that has been parsed.
///
/// # Errors
/// As [`format()`].
pub fn format_parsed(file: FileId, text: &str, parsed: &Parsed) -> Result<String, Refused> {
    on_large_stack(STACK_BYTES, |_| {
        smpcc_syntax::format::format_parsed(file, text, parsed)
    })
}

/// Enough for the deepest program in an unoptimised build.
const STACK_BYTES: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::MAX_DEPTH;

    #[test]
    fn the_deepest_program_has_room() {
        let n = MAX_DEPTH as usize - 8;
        for (open, close) in [("(", ")"), ("{", "}"), ("f(|x| ", ")"), ("[1 + ", "]")] {
            let text = format!(
                "fn f() {{ {}x{} }}",
                open.repeat(n / 2),
                close.repeat(n / 2)
            );
            let once = format(FileId(0), &text).expect("a program");
            assert_eq!(format(FileId(0), &once).expect("a program"), once);
        }
        let long = format!("fn f() {{ {} }}", "if a { 1 } else ".repeat(2000) + "{ 2 }");
        assert!(format(FileId(0), &long).is_ok());
        let long = format!("fn f() {{ a{} }}", " + g(1).h()".repeat(5000));
        assert!(format(FileId(0), &long).is_ok());
    }
}
