//! Blinded commitments to the parts of a contribution: what all nodes may hold, though each may read only its own parts.
//!
//! A part is what the suite hands out as one piece: a component of a replicated sharing, or one node's share in the other suites.
//! A plain hash of a part would tell: whoever guesses a small value, and knows its own part, computes the parts of the others and
//! compares. So the client draws 32 random bytes for each part, and seals them with it.

use crate::Error;
use crate::id::{ContributionId, StudyId, read_hex, write_hex};
use sha2::{Digest as _, Sha256};
use smpcc_runtime::prg::OsEntropy;
use std::fmt;
use std::str::FromStr;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What hides a part in its commitment; sealed with the part.
pub struct Blinder(pub Zeroizing<[u8; 32]>);

/// SHA-256(`smpcc part v1`, zero byte, study, contribution, number of the part as two bytes (big-endian), blinder, part).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commitment(pub [u8; 32]);

/// The commitments to all parts of a contribution, by the number of the part. Every node holds the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The study.
    pub study: StudyId,
    /// The contribution.
    pub contribution: ContributionId,
    /// By part.
    pub parts: Vec<Commitment>,
}

impl Blinder {
    /// A fresh one.
    ///
    /// # Errors
    /// An operating system without randomness.
    pub fn fresh() -> Result<Self, Error> {
        let bytes = OsEntropy.bytes().map_err(|e| Error::new(e.to_string()))?;
        Ok(Self(bytes))
    }
}

impl Commitment {
    /// To a part.
    pub fn to(
        study: &StudyId,
        contribution: &ContributionId,
        part: u16,
        blinder: &Blinder,
        bytes: &[u8],
    ) -> Self {
        let mut state = Sha256::new();
        state.update(b"smpcc part v1\0");
        state.update(study.0);
        state.update(contribution.0);
        state.update(part.to_be_bytes());
        state.update(&blinder.0[..]);
        state.update(bytes);
        Self(state.finalize().into())
    }
}

impl Manifest {
    /// SHA-256(`smpcc manifest v1`, zero byte, study, contribution, number of parts as two bytes (big-endian), commitments): what
    /// a client signs and a receipt names.
    pub fn digest(&self) -> [u8; 32] {
        let mut state = Sha256::new();
        state.update(b"smpcc manifest v1\0");
        state.update(self.study.0);
        state.update(self.contribution.0);
        state.update((self.parts.len() as u16).to_be_bytes());
        for part in &self.parts {
            state.update(part.0);
        }
        state.finalize().into()
    }

    /// Whether a part is what was committed to.
    ///
    /// # Errors
    /// It is not, or there is no such part.
    pub fn check(&self, part: u16, blinder: &Blinder, bytes: &[u8]) -> Result<(), Error> {
        let found = Commitment::to(&self.study, &self.contribution, part, blinder, bytes);
        match self.parts.get(usize::from(part)) {
            Some(committed) if bool::from(committed.0.ct_eq(&found.0)) => Ok(()),
            Some(_) => Err(Error::new(format!(
                "part {part} of contribution {} is not the one in its manifest",
                self.contribution
            ))),
            None => Err(Error::new(format!(
                "the manifest of contribution {} has no part {part}",
                self.contribution
            ))),
        }
    }
}

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl FromStr for Commitment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        read_hex(text).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blinder(byte: u8) -> Blinder {
        Blinder(Zeroizing::new([byte; 32]))
    }

    #[test]
    fn a_commitment_binds_all_that_it_is_of() {
        let (study, id) = (StudyId([1; 32]), ContributionId([2; 16]));
        let one = Commitment::to(&study, &id, 0, &blinder(3), b"part");
        let others = [
            Commitment::to(&StudyId([0; 32]), &id, 0, &blinder(3), b"part"),
            Commitment::to(&study, &ContributionId([0; 16]), 0, &blinder(3), b"part"),
            Commitment::to(&study, &id, 1, &blinder(3), b"part"),
            Commitment::to(&study, &id, 0, &blinder(4), b"part"),
            Commitment::to(&study, &id, 0, &blinder(3), b"par"),
        ];
        assert!(others.iter().all(|other| *other != one));
        assert_eq!(one.to_string().parse(), Ok(one));
    }

    #[test]
    fn a_manifest_finds_a_part_that_was_changed() {
        let (study, contribution) = (StudyId([1; 32]), ContributionId([2; 16]));
        let parts = [b"left".as_slice(), b"right"];
        let commit = |(i, bytes): (usize, &&[u8])| {
            Commitment::to(&study, &contribution, i as u16, &blinder(i as u8), bytes)
        };
        let manifest = Manifest {
            study,
            contribution,
            parts: parts.iter().enumerate().map(commit).collect(),
        };
        assert_eq!(manifest.check(1, &blinder(1), b"right"), Ok(()));
        for (part, blind, bytes) in [
            (1, 1, "wrong"),
            (1, 0, "right"),
            (0, 1, "right"),
            (2, 2, ""),
        ] {
            assert!(
                manifest
                    .check(part, &blinder(blind), bytes.as_bytes())
                    .is_err()
            );
        }
        let mut other = manifest.clone();
        other.parts.swap(0, 1);
        assert_ne!(other.digest(), manifest.digest());
    }
}
