//! Runs compiled programs among parties.
//!
//! The crate has two halves. The lower half knows nothing of protocols: who the parties are, whose
//! fault a failure is, randomness, hashing, the links between the parties and the agreement on what is
//! about to run. The upper half computes on shares and speaks to the others through [`net::Mesh`] alone.
//!
//! | module | holds |
//! |---|---|
//! | [`error`], [`party`] | errors by whose fault they are; party numbers and names |
//! | [`prg`], [`hash`] | operating-system entropy, the pseudo-random generator, hashing and key derivation |
//! | [`keys`] | key pairs and certificates of parties |
//! | [`net`] | the mesh of links: in memory or TLS 1.3, metered, with deadlines |

pub mod error;
pub mod hash;
pub mod keys;
mod message;
pub mod net;
pub mod party;
pub mod prg;
