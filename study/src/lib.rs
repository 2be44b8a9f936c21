//! What outlives a run: shares that are stored sealed, the commitments to them, and what owners and nodes of a study agree on.
//!
//! Nothing here knows the language or prints, and only [`https`] opens a connection; bytes come in and go out. What is written here is
//! read by other releases, so that formats have versions of their own and bind no build.
//!
//! | module | holds |
//! |---|---|
//! | [`id`] | names of studies and contributions |
//! | [`seal`] | keys of nodes and of files: what only one node reads |
//! | [`manifest`] | blinded commitments to the parts of a contribution |
//! | [`study`] | `study.toml`: its terms, and the text that is read before it is signed |
//! | [`signature`], [`document`] | who signs what, and texts that are signed |
//! | [`contribution`], [`https`] | what travels to a node, and how |
//! | [`log`], [`receipt`] | what happened at a node, and what it confirms |

pub mod contribution;
pub mod document;
pub mod error;
pub mod https;
pub mod id;
pub mod log;
pub mod manifest;
pub mod receipt;
pub mod seal;
pub mod signature;
pub mod study;

pub use error::Error;
