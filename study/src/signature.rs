//! Signatures: of those who agree to a study, of contributors, and of nodes in what they hand out.
//!
//! Ed25519 throughout, which browsers have too. Nothing is signed but a label that says what it is and a hash of fixed length, so
//! that a signature made for one purpose serves no other.

use crate::Error;
use crate::id::{StudyId, read_hex, write_hex};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use smpcc_runtime::prg::OsEntropy;
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

/// In front of a secret key in its file.
const SECRET_PREFIX: &str = "smpcc-sign-secret-v1:";

/// In front of a public key.
const PUBLIC_PREFIX: &str = "smpcc-sign-v1:";

/// The first line of a signature's file.
const FILE_HEAD: &str = "smpcc study signature v1";

/// What a signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Agreement to a study; the hash is the study's.
    Study,
    /// A contribution; the hash is its manifest's.
    Contribution,
    /// The withdrawal of a contribution.
    Withdrawal,
    /// What a node confirms.
    Receipt,
    /// The head of a node's log.
    Head,
    /// What a node holds when it has closed.
    Holdings,
    /// What all nodes hold, and so what takes part.
    Frozen,
    /// Who takes part in an attempt.
    Members,
    /// What a receiver asks for.
    Request,
}

/// A key that signs; wiped when dropped.
pub struct SigningKey {
    seed: Zeroizing<[u8; 32]>,
    pair: Ed25519KeyPair,
}

/// A key that verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SigningPublic(pub [u8; 32]);

/// A signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

impl Purpose {
    /// What stands before the hash.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Study => "smpcc study v1",
            Self::Contribution => "smpcc contribution v1",
            Self::Withdrawal => "smpcc withdrawal v1",
            Self::Receipt => "smpcc receipt v1",
            Self::Head => "smpcc log head v1",
            Self::Holdings => "smpcc holdings v2",
            Self::Frozen => "smpcc frozen set v1",
            Self::Members => "smpcc members v1",
            Self::Request => "smpcc request v1",
        }
    }

    fn message(self, hash: &[u8; 32]) -> Vec<u8> {
        [self.label().as_bytes(), hash].concat()
    }
}

impl SigningKey {
    /// A fresh one.
    ///
    /// # Errors
    /// An operating system without randomness.
    pub fn fresh() -> Result<Self, Error> {
        let seed = OsEntropy.bytes().map_err(|e| Error::new(e.to_string()))?;
        Self::from_seed(seed)
    }

    fn from_seed(seed: Zeroizing<[u8; 32]>) -> Result<Self, Error> {
        match Ed25519KeyPair::from_seed_unchecked(&seed[..]) {
            Ok(pair) => Ok(Self { seed, pair }),
            Err(_) => Err(Error::new("this is no signing key")),
        }
    }

    /// What others verify with.
    pub fn public(&self) -> SigningPublic {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        SigningPublic(bytes)
    }

    /// Signs a hash for a purpose.
    pub fn sign(&self, purpose: Purpose, hash: &[u8; 32]) -> Signature {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(self.pair.sign(&purpose.message(hash)).as_ref());
        Signature(bytes)
    }

    /// As it stands in a file that only its owner reads, and in an invitation.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(SECRET_PREFIX.len() + 65));
        text.push_str(SECRET_PREFIX);
        for byte in self.seed.iter() {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
            }
        }
        text.push('\n');
        text
    }

    /// From such a text.
    ///
    /// # Errors
    /// Something else.
    pub fn from_text(text: &str) -> Result<Self, Error> {
        let digits = text.trim_end().strip_prefix(SECRET_PREFIX);
        let digits = digits.ok_or_else(|| Error::new("this is no signing key of smpcc"))?;
        Self::from_seed(Zeroizing::new(read_hex(digits)?))
    }
}

impl SigningPublic {
    /// Whether it made this signature of a hash for a purpose.
    pub fn verifies(&self, purpose: Purpose, hash: &[u8; 32], signature: &Signature) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0)
            .verify(&purpose.message(hash), &signature.0)
            .is_ok()
    }
}

/// The file in which a signer says that it agrees to a study.
pub fn study_file(study: &StudyId, signer: &str, key: &SigningKey) -> String {
    let signature = key.sign(Purpose::Study, &study.0);
    format!(
        "{FILE_HEAD}\nstudy sha256:{study}\nsigner {signer}\nkey {}\nsignature {signature}\n",
        key.public()
    )
}

/// Whether a file says so; `key` is what the study says of the signer.
///
/// # Errors
/// What it is instead.
pub fn check_study_file(
    text: &str,
    study: &StudyId,
    signer: &str,
    key: &SigningPublic,
) -> Result<(), Error> {
    let wrong = |what: &str| Err(Error::new(what));
    let lines: Vec<&str> = text.split('\n').collect();
    let [head, of, by, with, signature, ""] = lines[..] else {
        return wrong("it is no signature of a study");
    };
    if head != FILE_HEAD {
        return wrong("it is no signature of a study that this release reads");
    }
    if of != format!("study sha256:{study}") {
        return wrong("it signs another study, or this one before it was changed");
    }
    if by != format!("signer {signer}") {
        return wrong("somebody else signs in it");
    }
    if with != format!("key {key}") {
        return wrong("it is signed with another key than the study lists");
    }
    let Some(Ok(signature)) = signature.strip_prefix("signature ").map(str::parse) else {
        return wrong("its last line is no signature");
    };
    match key.verifies(Purpose::Study, &study.0, &signature) {
        true => Ok(()),
        false => wrong("the signature is false"),
    }
}

impl fmt::Display for SigningPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PUBLIC_PREFIX)?;
        write_hex(f, &self.0)
    }
}

impl FromStr for SigningPublic {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let digits = text.strip_prefix(PUBLIC_PREFIX).map(read_hex);
        match digits {
            Some(Ok(bytes)) => Ok(Self(bytes)),
            Some(Err(_)) | None => Err(Error::new(format!(
                "a public key to sign with is written `{PUBLIC_PREFIX}` and 64 hexadecimal digits"
            ))),
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl FromStr for Signature {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        read_hex(text).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_of_one_thing_by_one_key_for_one_purpose() {
        let (key, other) = (SigningKey::fresh().unwrap(), SigningKey::fresh().unwrap());
        let signature = key.sign(Purpose::Study, &[1; 32]);
        let public = key.public();
        assert!(public.verifies(Purpose::Study, &[1; 32], &signature));
        assert!(!public.verifies(Purpose::Study, &[2; 32], &signature));
        assert!(!public.verifies(Purpose::Receipt, &[1; 32], &signature));
        assert!(
            !other
                .public()
                .verifies(Purpose::Study, &[1; 32], &signature)
        );
        let mut changed = signature;
        changed.0[63] ^= 1;
        assert!(!public.verifies(Purpose::Study, &[1; 32], &changed));
    }

    /// RFC 8032, section 7.1, test 1: the key.
    #[test]
    fn keys_are_the_published_ones_and_read_as_written() {
        let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        let key = SigningKey::from_text(&format!("{SECRET_PREFIX}{seed}\n")).unwrap();
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        assert_eq!(key.public().to_string(), format!("{PUBLIC_PREFIX}{public}"));
        assert_eq!(key.public().to_string().parse(), Ok(key.public()));
        assert_eq!(*key.to_text(), format!("{SECRET_PREFIX}{seed}\n"));
        assert!(SigningKey::from_text(&key.public().to_string()).is_err());
        assert!(key.to_text().parse::<SigningPublic>().is_err());
    }

    #[test]
    fn a_file_of_agreement_is_of_one_signer_and_one_study() {
        let key = SigningKey::fresh().unwrap();
        let study = StudyId([7; 32]);
        let text = study_file(&study, "clinic", &key);
        let check = |text: &str, study: [u8; 32], signer: &str, key: &SigningKey| {
            check_study_file(text, &StudyId(study), signer, &key.public())
        };
        assert_eq!(check(&text, [7; 32], "clinic", &key), Ok(()));
        let other = SigningKey::fresh().unwrap();
        for (result, why) in [
            (check(&text, [8; 32], "clinic", &key), "another study"),
            (check(&text, [7; 32], "bank", &key), "somebody else"),
            (check(&text, [7; 32], "clinic", &other), "another key"),
            (check("", [7; 32], "clinic", &key), "no signature"),
            (check(&text[1..], [7; 32], "clinic", &key), "this release"),
        ] {
            assert!(result.unwrap_err().to_string().contains(why), "{why}");
        }
        for at in text.char_indices().map(|(i, _)| i) {
            let mut changed = text.clone().into_bytes();
            changed[at] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            assert!(check(&changed, [7; 32], "clinic", &key).is_err(), "{at}");
        }
    }
}
