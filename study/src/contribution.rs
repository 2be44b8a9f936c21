//! A contribution on its way: a signed manifest that all nodes get alike, and a share file that is sealed to one of them.
//!
//! What travels to a node is the length of the manifest's text (four bytes, big-endian), the text, and the share file. That is sealed to
//! the node's key in the study, with study, contribution and node bound to it: TLS carries it and is not trusted with it, and it opens
//! nowhere else.

use crate::Error;
use crate::document::{Document, Unchecked};
use crate::id::{ContributionId, StudyId};
use crate::manifest::{Commitment, Manifest};
use crate::signature::{Purpose, SigningKey, SigningPublic};

/// Bytes of the length before a manifest.
const LENGTH: usize = 4;

/// The longest text of a manifest, in bytes.
pub const MAX_MANIFEST: usize = 16 << 10;

/// What came to a node, with its form checked and nothing else.
pub struct Arrived<'b> {
    /// The manifest's text.
    pub manifest: &'b str,
    /// The node's share file.
    pub file: &'b [u8],
}

/// The signed text of a manifest.
pub fn sign(manifest: &Manifest, key: &SigningKey) -> String {
    let mut document = Document::new(Purpose::Contribution)
        .with("study", manifest.study)
        .with("contribution", manifest.contribution)
        .with("key", key.public());
    for part in &manifest.parts {
        document = document.with("part", part);
    }
    document.sign(key)
}

/// The manifest that a text says, and the key that signed it.
///
/// # Errors
/// It is no such text, or its signature is false.
pub fn signed(text: &str) -> Result<(Manifest, SigningPublic), Error> {
    let unchecked = Unchecked::read(Purpose::Contribution, text)?;
    let key: SigningPublic = unchecked.claims().one("key")?;
    let document = unchecked.verify(&key)?;
    document.only(&["study", "contribution", "key", "part"])?;
    let parts = document.all("part").map(str::parse);
    let manifest = Manifest {
        study: document.one("study")?,
        contribution: document.one("contribution")?,
        parts: parts.collect::<Result<Vec<Commitment>, Error>>()?,
    };
    Ok((manifest, key))
}

/// What travels to a node: the manifest's text, and the node's share file.
///
/// # Errors
/// A manifest that is too long.
pub fn join(manifest: &str, file: &[u8]) -> Result<Vec<u8>, Error> {
    match u32::try_from(manifest.len()) {
        Ok(length) if manifest.len() <= MAX_MANIFEST => {
            Ok([&length.to_be_bytes()[..], manifest.as_bytes(), file].concat())
        }
        Ok(_) | Err(_) => Err(Error::new("the manifest is too long")),
    }
}

/// Takes apart what came to a node.
///
/// # Errors
/// It is not of this form.
pub fn split(body: &[u8]) -> Result<Arrived<'_>, Error> {
    let manifest = begun(body)?.ok_or_else(wrong)?;
    let file = body.get(LENGTH + manifest.len()..).unwrap_or_default();
    Ok(Arrived { manifest, file })
}

/// The manifest's text, from the beginning of what comes to a node; none before all of it is there.
///
/// # Errors
/// What has come begins nothing of this form.
pub fn begun(body: &[u8]) -> Result<Option<&str>, Error> {
    let Some((length, rest)) = body.split_first_chunk::<LENGTH>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes(*length) as usize;
    if length > MAX_MANIFEST {
        return Err(wrong());
    }
    let manifest = rest.get(..length).map(std::str::from_utf8);
    manifest.transpose().map_err(|_| wrong())
}

fn wrong() -> Error {
    Error::new("this is no contribution")
}

/// The text with which whoever contributed withdraws it.
pub fn withdrawal(study: &StudyId, id: &ContributionId, key: &SigningKey) -> String {
    Document::new(Purpose::Withdrawal)
        .with("study", study)
        .with("contribution", id)
        .sign(key)
}

/// Whether a text withdraws this contribution.
///
/// # Errors
/// It does not, or another key signed it.
pub fn check_withdrawal(
    text: &str,
    study: &StudyId,
    id: &ContributionId,
    key: &SigningPublic,
) -> Result<(), Error> {
    let document = Unchecked::read(Purpose::Withdrawal, text)?.verify(key)?;
    let (of, which): (StudyId, ContributionId) =
        (document.one("study")?, document.one("contribution")?);
    match of == *study && which == *id {
        true => Ok(()),
        false => Err(Error::new("this withdraws another contribution")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_read_as_it_was_signed_and_files_come_out_as_they_went_in() {
        let manifest = Manifest {
            study: StudyId([1; 32]),
            contribution: ContributionId([2; 16]),
            parts: vec![Commitment([3; 32]), Commitment([4; 32])],
        };
        let person = SigningKey::fresh().unwrap();
        let text = sign(&manifest, &person);
        assert_eq!(signed(&text), Ok((manifest, person.public())));
        let body = join(&text, b"a file").unwrap();
        let arrived = split(&body).unwrap();
        assert!(arrived.manifest == text && arrived.file == b"a file");
        for wrong in [&b""[..], &[0, 0, 0], &[0, 0, 0, 9, 1], &[255; 40]] {
            assert!(split(wrong).is_err());
        }
        // A manifest is known before the rest has come.
        assert_eq!(begun(&body[..LENGTH + text.len() - 1]), Ok(None));
        assert_eq!(begun(&body[..LENGTH + text.len()]), Ok(Some(text.as_str())));
        assert!(begun(&[255; 4]).is_err());
        assert!(join(&"x".repeat(MAX_MANIFEST + 1), b"").is_err());
    }

    #[test]
    fn a_contribution_is_withdrawn_by_the_key_that_signed_it() {
        let (study, id) = (StudyId([1; 32]), ContributionId([2; 16]));
        let (key, other) = (SigningKey::fresh().unwrap(), SigningKey::fresh().unwrap());
        let text = withdrawal(&study, &id, &key);
        assert_eq!(check_withdrawal(&text, &study, &id, &key.public()), Ok(()));
        assert!(check_withdrawal(&text, &study, &id, &other.public()).is_err());
        assert!(check_withdrawal(&text, &StudyId([2; 32]), &id, &key.public()).is_err());
        assert!(check_withdrawal(&text, &study, &ContributionId([3; 16]), &key.public()).is_err());
    }
}
