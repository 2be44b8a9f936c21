//! What outlives a run: shares that are stored sealed, the commitments to them, and what owners and nodes of a study agree on.
//!
//! Nothing here knows the language or prints, and only [`https`] opens a connection; bytes come in and go out. What is written here is
//! read by other releases, so that formats have versions of their own and bind no build.
//!
//! | module | holds |
//! |---|---|
//! | [`id`] | names of studies and contributions |
//! | [`seal`] | keys of nodes and of files: what only one node reads |
//! | [`secret`] | bytes of shares |
//! | [`manifest`] | blinded commitments to the parts of a contribution |
//! | [`schema`], [`pack`] | types of stored values; shares as bytes |
//! | [`share_file`] | what one node holds, sealed |
//! | [`deal`], [`open`] | values to share files, share files to values |
//! | [`store`] | files that are written whole or not at all |
//! | [`types`] | types as a study writes them |
//! | [`study`] | `study.toml`: its terms, and the text that is read before it is signed |
//! | [`signature`], [`document`] | who signs what, and texts that are signed |
//! | [`contribution`], [`https`] | what travels to a node, and how |
//! | [`log`], [`receipt`] | what happened at a node, and what it confirms |

pub mod contribution;
pub mod deal;
pub mod document;
pub mod error;
pub mod https;
pub mod id;
pub mod log;
pub mod manifest;
pub mod open;
pub mod pack;
pub mod receipt;
pub mod schema;
pub mod seal;
pub mod secret;
pub mod share_file;
pub mod signature;
pub mod store;
pub mod study;
#[cfg(test)]
mod tests;
pub mod types;
mod wire;

pub use error::Error;
