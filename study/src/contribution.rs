//! A contribution on its way: a signed manifest that all nodes get alike, and what is sealed to one of them.
//!
//! What travels to a node is the length of the manifest's text (four bytes, big-endian), the text, and a sealed package: the pieces
//! that the node holds, under a fresh key that is sealed to the node's key in the study, with study, contribution and node as
//! associated data. So TLS carries it and is not trusted with it, and it opens nowhere else. A piece is its number (two bytes), the
//! blinder of its commitment (32), its length (four) and its bytes; what these mean is not looked at here.

use crate::Error;
use crate::document::{Document, Unchecked};
use crate::id::{ContributionId, StudyId};
use crate::manifest::{Blinder, Commitment, Manifest};
use crate::seal::{DataKey, SealingKey, SealingPublic, TAG_LEN, WRAPPED_LEN};
use crate::signature::{Purpose, SigningKey, SigningPublic};
use smpcc_circuit::program::Suite;
use zeroize::Zeroizing;

/// The longest text of a manifest, in bytes.
pub const MAX_MANIFEST: usize = 16 << 10;

/// Bytes that a package has beside the bytes of its pieces, for so many pieces.
pub const fn overhead(pieces: usize) -> usize {
    4 + WRAPPED_LEN + TAG_LEN + 38 * pieces
}

/// A piece of a contribution, with what hides it in its commitment.
pub struct Piece {
    /// Its number.
    pub number: u16,
    /// The blinder.
    pub blinder: Blinder,
    /// What the suite deals.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// What came to a node, with its form checked and nothing else.
pub struct Arrived<'b> {
    /// The manifest's text.
    pub manifest: &'b str,
    /// What is sealed to the node.
    pub sealed: &'b [u8],
}

/// The numbers of the pieces that a node holds, of how many: two components of a replicated sharing, else a share of its own.
pub fn held(suite: Suite, n_nodes: usize, node: usize) -> Vec<u16> {
    let number = |i: usize| (i % n_nodes) as u16;
    match suite {
        Suite::Rep3 => vec![number(node), number(node + 1)],
        Suite::TwoParty | Suite::Gmw | Suite::Bgw => vec![number(node)],
    }
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

/// What travels to a node.
///
/// # Errors
/// A key that no node has, or an operating system without randomness.
pub fn pack<'p>(
    manifest: &str,
    (study, id): (&StudyId, &ContributionId),
    (node, to): (usize, &SealingPublic),
    pieces: impl Iterator<Item = &'p Piece>,
) -> Result<Vec<u8>, Error> {
    let mut plain = Zeroizing::new(Vec::new());
    for piece in pieces {
        plain.extend(piece.number.to_be_bytes());
        plain.extend(piece.blinder.0.iter());
        plain.extend(length(piece.bytes.len())?);
        plain.extend(piece.bytes.iter());
    }
    let context = context(study, id, node);
    let key = DataKey::fresh()?;
    let mut body = length(manifest.len())?.to_vec();
    body.extend(manifest.as_bytes());
    body.extend(to.wrap(&key, &context)?);
    let mut sealed = std::mem::take(&mut *plain);
    key.cipher().seal(0, &context, &mut sealed)?;
    body.append(&mut sealed);
    Ok(body)
}

/// Takes apart what came to a node.
///
/// # Errors
/// It is not of this form.
pub fn split(body: &[u8]) -> Result<Arrived<'_>, Error> {
    let wrong = || Error::new("this is no contribution");
    let (length, rest) = body.split_first_chunk().ok_or_else(wrong)?;
    let length = u32::from_be_bytes(*length) as usize;
    if length > MAX_MANIFEST {
        return Err(wrong());
    }
    let (manifest, sealed) = rest.split_at_checked(length).ok_or_else(wrong)?;
    Ok(Arrived {
        manifest: std::str::from_utf8(manifest).map_err(|_| wrong())?,
        sealed,
    })
}

/// Opens what is sealed to a node, and holds each piece to the manifest.
///
/// # Errors
/// It is sealed to another node or for another purpose, was changed, or holds other pieces than `numbers` or than the manifest
/// commits to.
pub fn open(
    sealed: &[u8],
    manifest: &Manifest,
    (node, key): (usize, &SealingKey),
    numbers: &[u16],
) -> Result<Vec<Piece>, Error> {
    let wrong = || Error::new("what is sealed in the contribution has another form");
    let context = context(&manifest.study, &manifest.contribution, node);
    let (wrapped, sealed) = sealed.split_first_chunk().ok_or_else(wrong)?;
    let data = key.unwrap(wrapped, &context)?;
    let mut sealed = Zeroizing::new(sealed.to_vec());
    let mut rest: &[u8] = data.cipher().open(0, &context, &mut sealed)?;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let (number, after) = rest.split_first_chunk().ok_or_else(wrong)?;
        let (blinder, after) = after.split_first_chunk().ok_or_else(wrong)?;
        let (length, after) = after.split_first_chunk().ok_or_else(wrong)?;
        let length = u32::from_be_bytes(*length) as usize;
        let (bytes, after) = after.split_at_checked(length).ok_or_else(wrong)?;
        let piece = Piece {
            number: u16::from_be_bytes(*number),
            blinder: Blinder(Zeroizing::new(*blinder)),
            bytes: Zeroizing::new(bytes.to_vec()),
        };
        manifest.check(piece.number, &piece.blinder, &piece.bytes)?;
        pieces.push(piece);
        rest = after;
    }
    match pieces.iter().map(|p| p.number).eq(numbers.iter().copied()) {
        true => Ok(pieces),
        false => Err(Error::new(
            "the contribution holds other pieces than this node's",
        )),
    }
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

fn context(study: &StudyId, id: &ContributionId, node: usize) -> Vec<u8> {
    let node = (node as u16).to_be_bytes();
    [b"smpcc package v1\0".as_slice(), &study.0, &id.0, &node].concat()
}

fn length(n: usize) -> Result<[u8; 4], Error> {
    let n = u32::try_from(n).map_err(|_| Error::new("a piece is too long"))?;
    Ok(n.to_be_bytes())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn pieces(study: &StudyId, id: &ContributionId) -> (Vec<Piece>, Manifest) {
        let piece = |number| Piece {
            number,
            blinder: Blinder::fresh().unwrap(),
            bytes: Zeroizing::new(vec![number as u8; 9]),
        };
        let pieces: Vec<Piece> = (0..3).map(piece).collect();
        let parts = pieces
            .iter()
            .map(|p| Commitment::to(study, id, p.number, &p.blinder, &p.bytes));
        let manifest = Manifest {
            study: *study,
            contribution: *id,
            parts: parts.collect(),
        };
        (pieces, manifest)
    }

    #[test]
    fn a_package_opens_at_its_node_as_what_was_committed_to() {
        let (study, id) = (StudyId([1; 32]), ContributionId::fresh().unwrap());
        let (pieces, manifest) = pieces(&study, &id);
        let person = SigningKey::fresh().unwrap();
        let text = sign(&manifest, &person);
        assert_eq!(signed(&text), Ok((manifest.clone(), person.public())));
        let node = SealingKey::fresh().unwrap();
        let numbers = held(Suite::Rep3, 3, 2);
        assert_eq!(numbers, [2, 0]);
        let of = |numbers: &[u16]| {
            let held = numbers.iter().map(|n| &pieces[usize::from(*n)]);
            pack(&text, (&study, &id), (2, &node.public()), held).unwrap()
        };
        let body = of(&numbers);
        assert_eq!(body.len(), text.len() + overhead(2) + 18);
        let arrived = split(&body).unwrap();
        assert_eq!(arrived.manifest, text);
        let opened = open(arrived.sealed, &manifest, (2, &node), &numbers).unwrap();
        assert!(opened[1].bytes[..] == [0; 9] && opened[0].number == 2);
        // At another node, under another name, with other pieces, or with a byte changed, it does not open.
        let refused = |body: &[u8], manifest: &Manifest, node: (usize, &SealingKey)| {
            let arrived = split(body).unwrap();
            open(arrived.sealed, manifest, node, &numbers).is_err()
        };
        assert!(refused(&body, &manifest, (1, &node)));
        assert!(refused(
            &body,
            &manifest,
            (2, &SealingKey::fresh().unwrap())
        ));
        let mut other = manifest.clone();
        other.contribution = ContributionId([9; 16]);
        assert!(refused(&body, &other, (2, &node)));
        let mut other = manifest.clone();
        other.parts[0].0[5] ^= 1;
        assert!(refused(&body, &other, (2, &node)));
        assert!(refused(&of(&[2]), &manifest, (2, &node)));
        assert!(refused(&of(&[0, 2]), &manifest, (2, &node)));
        for at in (text.len() + 4..body.len()).step_by(13) {
            let mut changed = body.clone();
            changed[at] ^= 1;
            assert!(refused(&changed, &manifest, (2, &node)), "{at}");
        }
        for wrong in [&b""[..], &[0, 0, 0], &[0, 0, 0, 9, 1], &[255; 40]] {
            assert!(split(wrong).is_err());
        }
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
