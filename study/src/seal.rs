//! Keys of nodes and of files: what is sealed to one node, on its disk and on its way there.
//!
//! A file's bytes are sealed in blocks under a data key of its own (AES-256-GCM, the block's number as nonce), and the data key is
//! sealed to a node's X25519 key: a fresh key pair, Diffie–Hellman, HKDF-SHA256, AES-256-GCM. That is all that browsers have too.
//! What a sealed thing is for (study, contribution, node) goes in as associated data: under another name it does not open.

use crate::Error;
use crate::id::{read_hex, write_hex};
use curve25519_dalek::montgomery::MontgomeryPoint;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf;
use smpcc_runtime::prg::OsEntropy;
use std::fmt;
use std::str::FromStr;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Bytes that sealing adds: the tag of AES-GCM.
pub const TAG_LEN: usize = 16;

/// Bytes of a data key that is sealed to a node: the fresh public key, the key, its tag.
pub const WRAPPED_LEN: usize = 32 + 32 + TAG_LEN;

/// In front of a node's secret key in its file.
const SECRET_PREFIX: &str = "smpcc-seal-secret-v1:";

/// In front of a node's public key.
const PUBLIC_PREFIX: &str = "smpcc-seal-v1:";

/// A node's secret key.
pub struct SealingKey(Zeroizing<[u8; 32]>);

/// A node's public key: others seal to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SealingPublic(pub [u8; 32]);

/// The key of one file.
pub struct DataKey(Zeroizing<[u8; 32]>);

impl SealingKey {
    /// A fresh one.
    ///
    /// # Errors
    /// An operating system without randomness.
    pub fn fresh() -> Result<Self, Error> {
        Ok(Self(entropy()?))
    }

    /// What others seal to.
    pub fn public(&self) -> SealingPublic {
        SealingPublic(MontgomeryPoint::mul_base_clamped(*self.0).to_bytes())
    }

    /// As it stands in a file that only the node reads.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(SECRET_PREFIX.len() + 65));
        text.push_str(SECRET_PREFIX);
        for byte in self.0.iter() {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
            }
        }
        text.push('\n');
        text
    }

    /// From such a file.
    ///
    /// # Errors
    /// Something else.
    pub fn from_text(text: &str) -> Result<Self, Error> {
        let digits = text.trim_end().strip_prefix(SECRET_PREFIX);
        let digits = digits.ok_or_else(|| Error::new("this is no sealing key of smpcc"))?;
        Ok(Self(Zeroizing::new(read_hex(digits)?)))
    }

    /// The data key that was sealed to this node as `context`.
    ///
    /// # Errors
    /// It was sealed to another node or as something else, or was changed.
    pub fn unwrap(&self, wrapped: &[u8; WRAPPED_LEN], context: &[u8]) -> Result<DataKey, Error> {
        let (point, sealed) = wrapped.split_at(32);
        let mut fresh = [0; 32];
        fresh.copy_from_slice(point);
        let agreed = agree(&self.0, &fresh)?;
        let key = wrapping_key(&agreed, &fresh, &self.public().0, context);
        let mut sealed = Zeroizing::new(sealed.to_vec());
        let opened = key
            .open_in_place(nonce(0), Aad::from(context), &mut sealed)
            .map_err(|_| Error::new("it is sealed to another key, or was changed"))?;
        let mut data = Zeroizing::new([0; 32]);
        data.copy_from_slice(opened);
        Ok(DataKey(data))
    }
}

impl SealingPublic {
    /// Seals a data key to this node as `context`.
    ///
    /// # Errors
    /// A key that no node has, or an operating system without randomness.
    pub fn wrap(&self, key: &DataKey, context: &[u8]) -> Result<[u8; WRAPPED_LEN], Error> {
        let secret: Zeroizing<[u8; 32]> = entropy()?;
        let fresh = MontgomeryPoint::mul_base_clamped(*secret).to_bytes();
        let agreed = agree(&secret, &self.0)?;
        let wrapping = wrapping_key(&agreed, &fresh, &self.0, context);
        let mut sealed = key.0.to_vec();
        wrapping
            .seal_in_place_append_tag(nonce(0), Aad::from(context), &mut sealed)
            .map_err(|_| Error::new("a key cannot be sealed"))?;
        let mut wrapped = [0; WRAPPED_LEN];
        wrapped[..32].copy_from_slice(&fresh);
        wrapped[32..].copy_from_slice(&sealed);
        Ok(wrapped)
    }
}

impl DataKey {
    /// A fresh one.
    ///
    /// # Errors
    /// An operating system without randomness.
    pub fn fresh() -> Result<Self, Error> {
        Ok(Self(entropy()?))
    }

    /// From bytes that were kept sealed.
    pub fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// To be kept sealed.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// For many blocks.
    pub fn cipher(&self) -> BlockCipher {
        BlockCipher(aes(&self.0))
    }
}

/// Seals and opens the blocks of one file. A number is used for one block only.
pub struct BlockCipher(LessSafeKey);

impl BlockCipher {
    /// Seals `bytes` as block `number` of what `context` says; they become longer by [`TAG_LEN`].
    ///
    /// # Errors
    /// More bytes than AES-GCM seals at once (2^36).
    pub fn seal(&self, number: u64, context: &[u8], bytes: &mut Vec<u8>) -> Result<(), Error> {
        self.0
            .seal_in_place_append_tag(nonce(number), Aad::from(context), bytes)
            .map_err(|_| Error::new("a block is too long to be sealed"))
    }

    /// The same in place; returns the tag that goes behind the bytes.
    ///
    /// # Errors
    /// As [`Self::seal`].
    pub fn seal_in_place(
        &self,
        number: u64,
        context: &[u8],
        bytes: &mut [u8],
    ) -> Result<[u8; TAG_LEN], Error> {
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce(number), Aad::from(context), bytes)
            .map_err(|_| Error::new("a block is too long to be sealed"))?;
        let mut out = [0; TAG_LEN];
        out.copy_from_slice(tag.as_ref());
        Ok(out)
    }

    /// Opens block `number` in place and returns what was sealed.
    ///
    /// # Errors
    /// Another block, another context, another key, or changed bytes.
    pub fn open<'b>(
        &self,
        number: u64,
        context: &[u8],
        bytes: &'b mut [u8],
    ) -> Result<&'b mut [u8], Error> {
        self.0
            .open_in_place(nonce(number), Aad::from(context), bytes)
            .map_err(|_| Error::new(format!("block {number} was changed, or is another file's")))
    }
}

fn entropy() -> Result<Zeroizing<[u8; 32]>, Error> {
    OsEntropy.bytes().map_err(|e| Error::new(e.to_string()))
}

/// The secret of two keys (RFC 7748); a point of small order would make it zero.
fn agree(secret: &[u8; 32], point: &[u8; 32]) -> Result<Zeroizing<[u8; 32]>, Error> {
    let agreed = Zeroizing::new(MontgomeryPoint(*point).mul_clamped(*secret).to_bytes());
    match bool::from(agreed.ct_eq(&[0; 32])) {
        true => Err(Error::new("this is no node's public key")),
        false => Ok(agreed),
    }
}

/// HKDF-SHA256 of the agreed secret, with both public keys and the context as info.
fn wrapping_key(
    agreed: &[u8; 32],
    fresh: &[u8; 32],
    node: &[u8; 32],
    context: &[u8],
) -> LessSafeKey {
    let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"smpcc seal v1");
    let secret = salt.extract(agreed);
    let info = [fresh.as_slice(), node, context];
    match secret.expand(&info, &AES_256_GCM) {
        Ok(okm) => LessSafeKey::new(UnboundKey::from(okm)),
        // HKDF refuses more than 255 hashes of output; this is one.
        Err(_) => unreachable!("a key is as long as a hash"),
    }
}

fn aes(key: &[u8; 32]) -> LessSafeKey {
    match UnboundKey::new(&AES_256_GCM, key) {
        Ok(key) => LessSafeKey::new(key),
        Err(_) => unreachable!("a key has 32 bytes"),
    }
}

fn nonce(number: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

impl fmt::Display for SealingPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PUBLIC_PREFIX)?;
        write_hex(f, &self.0)
    }
}

impl FromStr for SealingPublic {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let digits = text.strip_prefix(PUBLIC_PREFIX);
        let digits = digits.ok_or_else(|| {
            Error::new(format!(
                "a node's sealing key is written `{PUBLIC_PREFIX}` and 64 hexadecimal digits"
            ))
        })?;
        read_hex(digits).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_node_opens_what_is_sealed_to_it() {
        let (node, other) = (SealingKey::fresh().unwrap(), SealingKey::fresh().unwrap());
        let key = DataKey::fresh().unwrap();
        let wrapped = node.public().wrap(&key, b"study 1").unwrap();
        let opened = node.unwrap(&wrapped, b"study 1").unwrap();
        assert!(opened.expose() == key.expose());
        assert!(other.unwrap(&wrapped, b"study 1").is_err());
        assert!(node.unwrap(&wrapped, b"study 2").is_err());
        for at in 0..WRAPPED_LEN {
            let mut changed = wrapped;
            changed[at] ^= 1;
            assert!(node.unwrap(&changed, b"study 1").is_err(), "byte {at}");
        }
        assert!(SealingPublic([0; 32]).wrap(&key, b"").is_err());
    }

    #[test]
    fn keys_are_read_as_they_are_written() {
        let node = SealingKey::fresh().unwrap();
        let again = SealingKey::from_text(&node.to_text()).unwrap();
        assert_eq!(again.public(), node.public());
        assert_eq!(node.public().to_string().parse(), Ok(node.public()));
        assert!(SealingKey::from_text(&node.public().to_string()).is_err());
        assert!(node.to_text().parse::<SealingPublic>().is_err());
    }

    #[test]
    fn blocks_open_in_their_places_only() {
        let cipher = DataKey::fresh().unwrap().cipher();
        let mut block = b"a block".to_vec();
        cipher.seal(7, b"file", &mut block).unwrap();
        assert_eq!(block.len(), 7 + TAG_LEN);
        let open = |number, context: &[u8], mut bytes: Vec<u8>| {
            cipher.open(number, context, &mut bytes).map(|b| b.to_vec())
        };
        assert_eq!(open(7, b"file", block.clone()), Ok(b"a block".to_vec()));
        assert!(open(8, b"file", block.clone()).is_err());
        assert!(open(7, b"other", block.clone()).is_err());
        for at in 0..block.len() {
            let mut changed = block.clone();
            changed[at] ^= 0x80;
            assert!(open(7, b"file", changed).is_err(), "byte {at}");
        }
    }
}
