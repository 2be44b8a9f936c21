//! A node of studies: it takes contributions, keeps shares, computes with the other nodes, and hands out results.
//!
//! One thread, the [`keeper`], owns the database, the log and the keys of data, and does what changes them in batches, each a
//! transaction. Requests come in over HTTPS on a few threads ([`server`], [`routes`]), which look at a contribution and seal it
//! anew before the keeper hears of it. Another thread, the [`steward`], does what time brings: it closes a study, agrees with the other
//! nodes on what takes part, and deletes. What computes is `smpcc party`, a process of its own.
//!
//! | module | holds |
//! |---|---|
//! | [`config`], [`hosted`] | the node's file; the studies that it takes part in, with all signatures |
//! | [`arrival`] | a contribution as it comes, checked |
//! | [`vault`] | keys of data and sealed shares on disk |
//! | [`store`], [`keeper`], [`office`] | the database, the one thread that writes, and its queue |
//! | [`server`], [`routes`], [`metrics`] | HTTPS |
//! | [`form`] | the page for contributors who have no program |
//! | [`agreement`], [`peers`], [`members`] | what nodes tell each other; who takes part in a run |
//! | [`steward`], [`run`] | when what is done, and what computes |

pub mod agreement;
pub mod arrival;
pub mod config;
pub mod error;
pub mod form;
pub mod hosted;
pub mod keeper;
pub mod members;
pub mod metrics;
pub mod office;
pub mod peers;
pub mod routes;
pub mod run;
pub mod server;
pub mod steward;
pub mod store;
pub mod vault;

pub use error::Error;
