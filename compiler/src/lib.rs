//! From `.smpc` source to a compiled program. Pure: text and session values in, programs and diagnostics out.

pub mod assign;
pub mod ast;
mod check;
pub mod diagnostic;
pub mod emit;
pub mod export;
pub mod front;
pub mod graph;
#[allow(
    missing_docs,
    unused,
    clippy::all,
    reason = "written by the parser generator"
)]
mod grammar {
    include!(concat!(env!("OUT_DIR"), "/grammar.rs"));
}
pub mod hir;
pub mod imported;
pub mod ir;
pub mod lexer;
pub mod library;
pub mod lower;
mod mix;
pub mod parser;
pub mod passes;
pub mod pipeline;
mod resolve;
pub mod reveals;
pub mod schema;
pub mod sections;
pub mod session;
pub mod source;
pub mod span;
pub mod templates;
mod types;
