//! From `.smpc` source to a compiled program. Pure: text and session values in, programs and diagnostics out.

pub mod assign;
pub mod audit;
mod check;
mod dropped;
pub mod emit;
pub mod exact;
pub mod foreseen;
pub mod format;
pub mod forms;
pub mod front;
pub mod graph;
pub mod hir;
pub mod ide;
pub mod imported;
mod imports;
pub mod index;
pub mod ir;
pub mod lower;
mod mix;
pub mod noise;
pub mod parses;
pub mod passes;
pub mod pipeline;
mod resolve;
pub mod reveals;
pub mod robust;
pub mod schema;
pub mod sections;
pub mod session;
mod sorts;
mod stack;
pub mod templates;
mod types;
pub mod validity;
mod wraps;

pub use smpcc_syntax::{ast, diagnostic, lexer, library, parser, source, span, visible};
