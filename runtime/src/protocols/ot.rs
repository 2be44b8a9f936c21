//! Oblivious transfer between two parties: from public-key base transfers to correlations by the million.
//!
//! | module | gives | from |
//! |---|---|---|
//! | [`base`] | random OTs of 128-bit keys | Diffie–Hellman in Ristretto255 |
//! | [`tree`] | all leaves of small trees here, all but a secret one there | `k` base OTs a tree |
//! | [`softspoken`] | correlated OTs `w = v ⊕ u·Δ`, as many as wanted | 128 base OTs, roles reversed |
//! | [`softspoken::checked`] | the same against malicious parties | the same |
//! | [`reversed`] | base OTs the other way | [`softspoken::checked`] |
//! | [`random`] | random and chosen OTs, hashed | [`softspoken`], or [`base`] where few are needed |
//! | [`labels`] | correlated OTs whose Δ is a garbler's | the same |
//! | [`products`] | shares of products of bits, and mod 2^k | [`random`] |
//!
//! Everything here does no I/O: bytes of messages go in and come out, and both sides know every length beforehand. The party
//! that learns one of two strings is the *receiver*, the other is the *sender*, at every layer; the layers below the
//! extension have the roles reversed, and say so.
//!
//! Each layer names the adversary that it is proven against in its type, and is made from the layer below of the same type
//! only. What is built on [`SemiHonest`] parts never serves against a [`Malicious`] adversary:
//!
//! ```compile_fail,E0308
//! use smpcc_runtime::protocols::ot::{Context, base, softspoken};
//! use smpcc_runtime::protocols::{Malicious, SemiHonest};
//! fn extend(c: &Context, keys: base::SentKeys<SemiHonest>) -> softspoken::Receiver<Malicious> {
//!     softspoken::Receiver::new(c, softspoken::Fields::DEFAULT, keys).unwrap().0
//! }
//! ```
//!
//! The same with the adversary that the parts are for:
//!
//! ```
//! use smpcc_runtime::protocols::SemiHonest;
//! use smpcc_runtime::protocols::ot::{Context, base, softspoken};
//! fn extend(c: &Context, keys: base::SentKeys<SemiHonest>) -> softspoken::Receiver<SemiHonest> {
//!     softspoken::Receiver::new(c, softspoken::Fields::DEFAULT, keys).unwrap().0
//! }
//! ```

use crate::error::Error;
use crate::hash::{Digest, Transcript};
use crate::party::PartyId;

#[cfg(doc)]
use super::{Malicious, SemiHonest};

pub mod base;
pub mod labels;
pub mod products;
pub mod random;
pub mod reversed;
pub mod softspoken;
#[cfg(test)]
mod tests;
pub mod tree;

/// Bits of security, of Δ, and base OTs of an extension.
pub const SECURITY: usize = 128;

/// With fewer OTs than this in a direction over a whole run, base OTs are cheaper than an extension, which starts
/// from so many.
pub const FEW: usize = SECURITY;

/// What the OTs of an instance are for. Parties have one instance of each kind in each direction; one never stands in for
/// another, because its Δ is used otherwise.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Instance {
    /// Hashed into independent strings; Δ is seen by nobody else.
    Hashed = 1,
    /// Input labels of garbled circuits; Δ is the garbler's.
    Labels = 2,
    /// MACs of bits; Δ is the sender's key for all of them.
    Macs = 3,
}

/// What makes the hashes of an instance its own: session, sender, receiver, what it is for.
#[derive(Clone)]
pub struct Context {
    id: Digest,
    sender: PartyId,
    receiver: PartyId,
}

impl Context {
    /// The context of the instance in which `sender` has two strings and `receiver` learns one of them.
    pub fn new(session: &[u8; 32], sender: PartyId, receiver: PartyId, instance: Instance) -> Self {
        let mut transcript = Transcript::new("smpcc/ot/instance");
        transcript
            .bytes(session)
            .number(sender.index() as u64)
            .number(receiver.index() as u64)
            .number(instance as u64);
        Self {
            id: transcript.finish(),
            sender,
            receiver,
        }
    }

    /// The context of the base OTs from which this instance is extended: the roles change places.
    pub fn reversed(&self) -> Self {
        Self {
            id: self.transcript("smpcc/ot/reversed").finish(),
            sender: self.receiver,
            receiver: self.sender,
        }
    }

    /// A public key of a cipher for a use, that nobody chooses.
    pub(super) fn key(&self, domain: &str) -> [u8; 16] {
        let mut key = [0; 16];
        key.copy_from_slice(&self.transcript(domain).finish().0[..16]);
        key
    }

    /// A transcript of this instance and a use.
    fn transcript(&self, domain: &str) -> Transcript {
        let mut transcript = Transcript::new(domain);
        transcript.digest(&self.id);
        transcript
    }

    /// The receiver sent what no receiver sends.
    fn receiver_fault(&self, what: &str) -> Error {
        Error::peer(self.receiver, format!("{} {what}", self.receiver))
    }

    /// The sender sent what no sender sends.
    fn sender_fault(&self, what: &str) -> Error {
        Error::peer(self.sender, format!("{} {what}", self.sender))
    }
}
