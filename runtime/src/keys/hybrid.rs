//! The key exchange of links: X25519MLKEM768, so that traffic that is recorded today stays closed to a later quantum computer.
//!
//! Functionality: a common secret of the two ends of a TLS 1.3 handshake.
//! Adversary: one on the network, active during the handshake; later also one with a quantum computer who has recorded it.
//! Source: draft-ietf-tls-ecdhe-mlkem, section 3 (shares and secret: ML-KEM first, then X25519); FIPS 203 for ML-KEM-768.
//! Assumptions: the secret is good while one of ML-KEM-768 and X25519 is. Who the ends are rests on classical signatures of
//! pinned certificates, as before: to pretend to be a party takes a quantum computer at the time of the run.
//! Cost: 2.3 kB more a handshake, and about a tenth of a millisecond.
//! Departures from the paper: none.
//! Leakage and failure: a share of a wrong length or with coefficients out of range ends the handshake (FIPS 203, section 7.2);
//! a ciphertext that was altered gives another secret, and with it a handshake that fails.
//!
//! No other group is offered, so nobody on the way can talk two parties down to one.

use ml_kem::kem::{Decapsulate, KeyExport};
use ml_kem::{B32, DecapsulationKey, EncapsulationKey, MlKem768, Seed};
use rustls::crypto::ring::kx_group::X25519;
use rustls::crypto::{
    ActiveKeyExchange, CompletedKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup,
};
use rustls::{Error, NamedGroup, PeerMisbehaved, ProtocolVersion};
use zeroize::Zeroizing;

use crate::prg::OsEntropy;

/// Bytes of an encapsulation key of ML-KEM-768.
const ENCAPSULATION_KEY: usize = 1184;

/// Bytes of a ciphertext of ML-KEM-768.
const CIPHERTEXT: usize = 1088;

/// Bytes of a public key of X25519.
const CLASSICAL: usize = 32;

/// The group, as TLS has it.
#[derive(Debug)]
pub(super) struct Hybrid;

impl SupportedKxGroup for Hybrid {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let seed: Zeroizing<[u8; 64]> = fresh()?;
        let key = DecapsulationKey::<MlKem768>::from_seed(Seed::from(*seed));
        let classical = X25519.start()?;
        let mut share = key.encapsulation_key().to_bytes().to_vec();
        share.extend_from_slice(classical.pub_key());
        Ok(Box::new(Started {
            key,
            classical,
            share,
        }))
    }

    fn start_and_complete(&self, peer: &[u8]) -> Result<CompletedKeyExchange, Error> {
        let (key, classical) = parts(peer, ENCAPSULATION_KEY)?;
        let key = key.try_into().map_err(|_| misshapen())?;
        let key = EncapsulationKey::<MlKem768>::new(key).map_err(|_| misshapen())?;
        let classical = X25519.start_and_complete(classical)?;
        let message: Zeroizing<[u8; 32]> = fresh()?;
        let (ciphertext, secret) = key.encapsulate_deterministic(&B32::from(*message));
        let secret = Zeroizing::new(<[u8; 32]>::from(secret));
        let mut pub_key = ciphertext.to_vec();
        pub_key.extend_from_slice(&classical.pub_key);
        Ok(CompletedKeyExchange {
            group: self.name(),
            pub_key,
            secret: joined(&secret, classical.secret.secret_bytes()),
        })
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }

    fn usable_for_version(&self, version: ProtocolVersion) -> bool {
        version == ProtocolVersion::TLSv1_3
    }
}

/// The caller's side, waiting for the answer; the key is wiped when dropped.
struct Started {
    key: DecapsulationKey<MlKem768>,
    classical: Box<dyn ActiveKeyExchange>,
    share: Vec<u8>,
}

impl ActiveKeyExchange for Started {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let (ciphertext, classical) = parts(peer, CIPHERTEXT)?;
        let ciphertext = ciphertext.try_into().map_err(|_| misshapen())?;
        let secret = Zeroizing::new(<[u8; 32]>::from(self.key.decapsulate(ciphertext)));
        let classical = self.classical.complete(classical)?;
        Ok(joined(&secret, classical.secret_bytes()))
    }

    fn pub_key(&self) -> &[u8] {
        &self.share
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }
}

/// Cuts a share into its part of ML-KEM, of `len` bytes, and its part of X25519.
fn parts(share: &[u8], len: usize) -> Result<(&[u8], &[u8]), Error> {
    match share.split_at_checked(len) {
        Some((lattice, classical)) if classical.len() == CLASSICAL => Ok((lattice, classical)),
        Some(_) | None => Err(misshapen()),
    }
}

/// The secret of both, in the order of the draft.
fn joined(lattice: &[u8; 32], classical: &[u8]) -> SharedSecret {
    let both = Zeroizing::new([lattice.as_slice(), classical].concat());
    SharedSecret::from(both.as_slice())
}

fn fresh<const N: usize>() -> Result<Zeroizing<[u8; N]>, Error> {
    OsEntropy.bytes().map_err(|_| GetRandomFailed.into())
}

fn misshapen() -> Error {
    PeerMisbehaved::InvalidKeyShare.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_get_one_secret_and_another_each_time() {
        let mut seen: Vec<Vec<u8>> = Vec::new();
        for _ in 0..4 {
            let caller = Hybrid.start().unwrap();
            assert_eq!(caller.pub_key().len(), ENCAPSULATION_KEY + CLASSICAL);
            let answer = Hybrid.start_and_complete(caller.pub_key()).unwrap();
            assert_eq!(answer.pub_key.len(), CIPHERTEXT + CLASSICAL);
            let secret = caller.complete(&answer.pub_key).unwrap();
            assert_eq!(secret.secret_bytes(), answer.secret.secret_bytes());
            assert_eq!(secret.secret_bytes().len(), 64);
            // Both halves are there, and neither is the other's or an earlier one.
            let (lattice, classical) = secret.secret_bytes().split_at(32);
            for half in [lattice, classical] {
                assert!(!seen.iter().any(|other| other == half));
                seen.push(half.to_vec());
            }
        }
    }

    #[test]
    fn an_altered_answer_gives_another_secret() {
        for at in [0, CIPHERTEXT - 1, CIPHERTEXT] {
            let caller = Hybrid.start().unwrap();
            let mut answer = Hybrid.start_and_complete(caller.pub_key()).unwrap();
            answer.pub_key[at] ^= 1;
            let secret = caller.complete(&answer.pub_key).unwrap();
            assert_ne!(secret.secret_bytes(), answer.secret.secret_bytes());
        }
    }

    #[test]
    fn shares_of_other_shapes_are_refused() {
        let good = Hybrid.start().unwrap().pub_key().to_vec();
        // A coefficient of 4095 is not below q = 3329.
        let mut too_large = good.clone();
        too_large[0] = 0xff;
        too_large[1] |= 0x0f;
        let longer = [good.as_slice(), &[0]].concat();
        for share in [
            &[],
            &good[..32],
            &good[..good.len() - 1],
            &longer,
            &too_large,
        ] {
            assert!(Hybrid.start_and_complete(share).is_err());
        }
        for answer in [&[][..], &good, &good[..CIPHERTEXT]] {
            assert!(Hybrid.start().unwrap().complete(answer).is_err());
        }
    }
}
