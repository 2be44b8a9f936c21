//! From `.smpc` source to a compiled program. Pure: text and session values in, programs and diagnostics out.

pub mod assign;
pub mod emit;
pub mod hir;
pub mod ir;
pub mod lower;
pub mod schema;
pub mod sections;
pub mod session;
pub mod span;
pub mod templates;
