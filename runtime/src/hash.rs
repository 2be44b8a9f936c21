//! Hashing: SHA-256 over a typed, length-prefixed encoding, and key derivation from it.
//!
//! Every value is absorbed with its type and length, and every use has a domain, so that two different
//! sequences of values never hash the same bytes. Nothing else in the runtime calls a hash function.

use std::fmt;

use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, Zeroizing};

/// Bytes of a block of SHA-256, for HMAC.
const HASH_BLOCK_LEN: usize = 64;

/// A hash of public data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The plain SHA-256 of a file's bytes, as other tools compute it.
pub fn sha256(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// A hash of a sequence of typed values.
pub struct Transcript {
    state: Sha256,
}

impl Transcript {
    /// An empty transcript of a domain; each use has its own.
    pub fn new(domain: &str) -> Self {
        let mut transcript = Self {
            state: Sha256::new(),
        };
        transcript.string(domain);
        transcript
    }

    fn tagged(&mut self, tag: u8, bytes: &[u8]) -> &mut Self {
        self.state.update([tag]);
        self.state.update((bytes.len() as u64).to_le_bytes());
        self.state.update(bytes);
        self
    }

    /// Absorbs bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.tagged(b'b', bytes)
    }

    /// Absorbs a string.
    pub fn string(&mut self, text: &str) -> &mut Self {
        self.tagged(b's', text.as_bytes())
    }

    /// Absorbs a number.
    pub fn number(&mut self, value: u64) -> &mut Self {
        self.tagged(b'n', &value.to_le_bytes())
    }

    /// Absorbs a hash.
    pub fn digest(&mut self, digest: &Digest) -> &mut Self {
        self.tagged(b'd', &digest.0)
    }

    /// Absorbs words, of which there are as many as is said.
    pub fn words(&mut self, words: impl ExactSizeIterator<Item = u128>) -> &mut Self {
        self.tagged(b'w', &(words.len() as u64).to_le_bytes());
        let mut bytes = [0; 4096];
        let mut n = 0;
        for word in words {
            bytes[n..n + 16].copy_from_slice(&word.to_le_bytes());
            n += 16;
            if n == bytes.len() {
                self.state.update(bytes);
                n = 0;
            }
        }
        self.state.update(&bytes[..n]);
        bytes.zeroize();
        self
    }

    /// Absorbs 64-bit words, of which there are as many as is said.
    pub fn words64(&mut self, words: &[u64]) -> &mut Self {
        self.tagged(b'q', &(words.len() as u64).to_le_bytes());
        let mut bytes = [0; 4096];
        for words in words.chunks(bytes.len() / 8) {
            for (to, word) in bytes.chunks_exact_mut(8).zip(words) {
                to.copy_from_slice(&word.to_le_bytes());
            }
            self.state.update(&bytes[..8 * words.len()]);
        }
        bytes.zeroize();
        self
    }

    /// Says that a list of `len` elements follows; the caller absorbs each of them.
    pub fn list(&mut self, len: usize) -> &mut Self {
        self.tagged(b'l', &(len as u64).to_le_bytes())
    }

    /// The hash of everything absorbed.
    pub fn finish(self) -> Digest {
        Digest(self.state.finalize().into())
    }
}

/// Derives a key from a secret: HMAC-SHA256 under `secret` of the transcript's hash.
pub fn derive(secret: &[u8; 32], context: Transcript) -> Zeroizing<[u8; 32]> {
    hmac(secret, &context.finish().0)
}

/// RFC 2104 with SHA-256, for keys of at most one block.
fn hmac(key: &[u8], message: &[u8]) -> Zeroizing<[u8; 32]> {
    // In place and by reference throughout: a block that is handed over by value stays behind as a copy.
    let mut block = Zeroizing::new([0; HASH_BLOCK_LEN]);
    let mut hash = |with: u8, message: &[u8]| {
        block.fill(with);
        block.iter_mut().zip(key).for_each(|(b, k)| *b ^= k);
        let mut state = Sha256::new();
        state.update(&block[..]);
        state.update(message);
        let mut out = Zeroizing::new([0; 32]);
        out.copy_from_slice(&state.finalize());
        out
    };
    let inner = hash(0x36, message);
    hash(0x5c, &inner[..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 4231, test cases 1 and 2.
    #[test]
    fn hmac_is_the_published_one() {
        let hex = |bytes: [u8; 32]| Digest(bytes).to_string();
        assert_eq!(
            hex(*hmac(&[0x0b; 20], b"Hi There")),
            "sha256:b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
        assert_eq!(
            hex(*hmac(b"Jefe", b"what do ya want for nothing?")),
            "sha256:5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn file_hashes_are_the_usual_ones() {
        assert_eq!(
            sha256(b"abc").to_string(),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[derive(Clone, Debug, PartialEq)]
    enum Value {
        Bytes(Vec<u8>),
        Text(String),
        Number(u64),
        List(usize),
    }

    fn values() -> impl Strategy<Value = Vec<Value>> {
        let value = prop_oneof![
            prop::collection::vec(0u8..3, 0..4).prop_map(Value::Bytes),
            "[a-b]{0,3}".prop_map(Value::Text),
            (0u64..3).prop_map(Value::Number),
            (0usize..3).prop_map(Value::List),
        ];
        prop::collection::vec(value, 0..4)
    }

    fn hash(values: &[Value]) -> Digest {
        let mut t = Transcript::new("test");
        for value in values {
            match value {
                Value::Bytes(b) => t.bytes(b),
                Value::Text(s) => t.string(s),
                Value::Number(n) => t.number(*n),
                Value::List(n) => t.list(*n),
            };
        }
        t.finish()
    }

    proptest! {
        #[test]
        fn different_sequences_hash_differently(a in values(), b in values()) {
            prop_assert_eq!(a == b, hash(&a) == hash(&b));
        }
    }

    #[test]
    fn derivation_depends_on_secret_and_context() {
        let key = |secret: u8, domain: &str| derive(&[secret; 32], Transcript::new(domain));
        assert_eq!(*key(1, "a"), *key(1, "a"));
        assert_ne!(*key(1, "a"), *key(2, "a"));
        assert_ne!(*key(1, "a"), *key(1, "b"));
    }
}
