//! What outlives a run: shares that are stored sealed, the commitments to them, and what owners and nodes of a study agree on.
//!
//! Nothing here knows the language, prints, or opens a connection; bytes come in and go out. What is written here is
//! read by other releases, so that formats have versions of their own and bind no build.
//!
//! | module | holds |
//! |---|---|
//! | [`id`] | names of studies and contributions |
//! | [`seal`] | keys of nodes and of files: what only one node reads |
//! | [`manifest`] | blinded commitments to the parts of a contribution |

pub mod error;
pub mod id;
pub mod manifest;
pub mod seal;

pub use error::Error;
