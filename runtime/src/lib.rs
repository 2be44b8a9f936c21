//! Runs compiled programs among parties.
//!
//! The crate has two halves. The lower half knows nothing of protocols: who the parties are, whose
//! fault a failure is, randomness, hashing, the links between the parties and the agreement on what is
//! about to run. The upper half computes on shares and speaks to the others through a [`session::Session`] alone.
//!
//! | module | holds |
//! |---|---|
//! | [`error`], [`party`] | errors by whose fault they are; party numbers and names |
//! | [`prg`], [`hash`] | operating-system entropy, the pseudo-random generator, hashing and key derivation |
//! | [`cores`] | no image of a process on disk |
//! | [`keys`] | key pairs and certificates of parties |
//! | [`net`] | the mesh of links: in memory or TLS 1.3, metered, with deadlines |
//! | [`session`] | the agreement before the first secret-dependent byte, the session that it makes, the comparison of results |
//! | [`ring`], [`bits`] | vectors of integers mod 2^k and bit-sliced vectors, and their form in messages |
//! | [`exchange`] | what a party sends and expects in a tick, joined into few messages |
//! | [`mask`], [`block`], [`simd`] | choices by secret bits; wire labels; the garbling kernels |
//! | `words` | word operations in the clear, in steps that no lane decides |
//! | [`protocols`] | shares and one state machine per operation, by suite |
//! | [`protocols::ot`] | oblivious transfer and the correlations that come of it |
//! | [`engine`], [`io`] | runs one party of a program; what goes in and comes out |
//! | [`local`] | all parties of a program in one process |

#[cfg(feature = "parties")]
pub mod bits;
#[cfg(feature = "parties")]
pub mod block;
#[cfg(feature = "parties")]
pub mod cores;
#[cfg(feature = "parties")]
pub mod engine;
pub mod error;
#[cfg(feature = "parties")]
pub mod exchange;
#[cfg(test)]
mod freed;
pub mod hash;
#[cfg(feature = "parties")]
pub mod io;
#[cfg(feature = "parties")]
pub mod keys;
#[cfg(feature = "parties")]
pub mod local;
pub mod mask;
#[cfg(feature = "parties")]
mod message;
#[cfg(feature = "parties")]
pub mod net;
mod opaque;
pub mod party;
#[cfg(feature = "parties")]
pub mod prg;
#[cfg(feature = "parties")]
pub mod protocols;
pub mod ring;
#[cfg(any(test, feature = "testing"))]
pub mod robust;
#[cfg(feature = "parties")]
pub mod session;
#[cfg(feature = "parties")]
pub mod simd;
#[cfg(feature = "parties")]
pub mod wipe;
#[cfg(feature = "parties")]
mod words;
#[cfg(feature = "parties")]
mod workers;

/// The number of this crate's sources: it tells builds of one version apart (`circuit/build.rs`).
pub const SOURCES: &str = env!("SMPCC_SOURCES");
