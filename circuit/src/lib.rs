//! What a compiled private computation *is*: the contract between the compiler and the runtime.
//!
//! A [`program::Program`] is a small tree of vector operations. Boolean and garbled work is done by
//! [`template::Template`]s: scalar XOR-AND circuits that are executed over many lanes. The compiler writes programs,
//! the runtime reads them (after [`verify`]), and [`eval`] is the oracle that says what they mean.

pub mod aes;
pub mod blocks;
pub mod bristol;
pub mod calendar;
pub mod codec;
pub mod cost;
pub mod decimal;
pub mod drawn;
pub mod eval;
pub mod export;
pub mod float;
pub mod gate;
pub mod ids;
pub mod op;
#[cfg(test)]
mod owned;
pub mod phases;
pub mod program;
pub mod regions;
pub mod robust;
#[cfg(test)]
mod sample;
pub mod settle;
pub mod sorted;
pub mod splitmix;
pub mod stamp;
pub mod stats;
pub mod suite;
pub mod template;
pub mod text;
pub mod value;
pub mod verify;

/// The number of this crate's sources: it tells builds of one version apart (`build.rs`).
pub const SOURCES: &str = env!("SMPCC_SOURCES");
