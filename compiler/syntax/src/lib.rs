//! The language as text: files and places in them, tokens, the tree, and what is said about them.
//!
//! A crate of its own because the generated parser is most of what there is to compile of the front end and needs least
//! optimisation. `smpcc_compiler` shows these modules as its own.

pub mod ast;
pub mod diagnostic;
pub mod format;
#[allow(
    missing_docs,
    unused,
    clippy::all,
    reason = "written by the parser generator"
)]
mod grammar {
    include!("grammar.generated");
}
pub mod lexer;
pub mod library;
pub mod parser;
pub mod source;
pub mod span;
#[cfg(test)]
mod tests;
pub mod visible;
