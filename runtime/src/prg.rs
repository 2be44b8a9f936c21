//! Randomness: the operating system's entropy, and AES-128 in counter mode expanded from it.
//!
//! The generator has no hidden position. Each block is addressed by a stream and an index, so that a value is a
//! function of the schedule alone and neither threads nor resumed work can use one twice or fall out of
//! step. Nothing here is `Debug`, and nothing has a default.

use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::{Zeroize, Zeroizing};

use crate::block::Label;
use crate::error::Error;
use crate::simd::columns::Cipher;

/// Bytes in a block of the generator's output.
pub const BLOCK_LEN: usize = 16;

/// Blocks that are produced before they are written as bytes.
const BATCH: usize = 64;

/// The one source of fresh randomness: the operating system, asked anew each time.
///
/// There is no state in the process that a fork could copy.
pub struct OsEntropy;

impl OsEntropy {
    /// Fills `out`; fails only when the operating system has no entropy to give.
    pub fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
        #[cfg(test)]
        if known::fill(out) {
            return Ok(());
        }
        SysRng
            .try_fill_bytes(out)
            .map_err(|e| Error::machine(format!("the operating system gives no randomness: {e}")))
    }

    /// `N` fresh bytes.
    pub fn bytes<const N: usize>(&mut self) -> Result<Zeroizing<[u8; N]>, Error> {
        let mut out = Zeroizing::new([0; N]);
        self.fill(out.as_mut())?;
        Ok(out)
    }
}

/// Entropy that a test knows, so that a run can be repeated: where a thread asked for it, it gets no other.
#[cfg(test)]
pub(crate) mod known {
    use std::cell::RefCell;

    use super::{Prg, PrgKey};

    thread_local! {
        static SOURCE: RefCell<Option<(Prg, u64)>> = const { RefCell::new(None) };
    }

    /// From now on this thread's entropy follows from a seed.
    pub(crate) fn begin(seed: u8) {
        SOURCE.set(Some((Prg::new(&PrgKey::from_bytes([seed; 16])), 0)));
    }

    pub(super) fn fill(out: &mut [u8]) -> bool {
        SOURCE.with_borrow_mut(|source| {
            let Some((prg, next)) = source else {
                return false;
            };
            prg.fill_bytes(0, *next, out);
            *next += out.len().div_ceil(super::BLOCK_LEN) as u64;
            true
        })
    }
}

/// A key of the generator; wiped when dropped.
pub struct PrgKey(Zeroizing<[u8; 16]>);

impl PrgKey {
    /// A fresh key from the operating system.
    pub fn fresh(entropy: &mut OsEntropy) -> Result<Self, Error> {
        Ok(Self(entropy.bytes()?))
    }

    /// The key with these bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for sending a seed to the party that shares it.
    pub fn expose(&self) -> &[u8; 16] {
        &self.0
    }
}

/// AES-128 in counter mode: block `index` of `stream` is the encryption of `stream ‖ index`, both
/// little-endian 64 bit. The key schedule is wiped when dropped.
pub struct Prg {
    cipher: Cipher,
    #[cfg(test)]
    drawn: Option<Drawn>,
}

impl Prg {
    /// The generator of a key.
    pub fn new(key: &PrgKey) -> Self {
        Self {
            cipher: Cipher::new(&key.0),
            #[cfg(test)]
            drawn: None,
        }
    }

    /// The generator of a key whose output is masks and shares: no block of it is drawn twice, to which tests hold whoever draws.
    pub fn once(key: &PrgKey) -> Self {
        Self {
            #[cfg(test)]
            drawn: Some(Drawn::default()),
            ..Self::new(key)
        }
    }

    /// Overwrites `out` with the bytes of blocks `index`, `index + 1`, … of `stream`; the last block may be cut.
    pub fn fill_bytes(&self, stream: u64, index: u64, out: &mut [u8]) {
        self.draw(stream, index, out.len().div_ceil(BLOCK_LEN));
        let mut index = index;
        let mut buffer = [Label::ZERO; BATCH];
        for out in out.chunks_mut(BATCH * BLOCK_LEN) {
            let blocks = &mut buffer[..out.len().div_ceil(BLOCK_LEN)];
            self.cipher.counter(stream, index, blocks);
            index = index.wrapping_add(blocks.len() as u64);
            for (to, block) in out.chunks_mut(BLOCK_LEN).zip(blocks.iter()) {
                to.copy_from_slice(&block.to_bytes()[..to.len()]);
            }
        }
        buffer.zeroize();
    }

    /// Overwrites `out` with little-endian words of blocks `index`, `index + 1`, … of `stream`, two to a block.
    pub fn fill_words(&self, stream: u64, index: u64, out: &mut [u64]) {
        self.draw(stream, index, out.len().div_ceil(2));
        self.cipher.words(stream, index, out);
    }

    /// Overwrites `out` with blocks `index`, `index + 1`, … of `stream`.
    pub fn fill_labels(&self, stream: u64, index: u64, out: &mut [Label]) {
        self.draw(stream, index, out.len());
        self.cipher.counter(stream, index, out);
    }

    /// One block of `stream`.
    pub fn block(&self, stream: u64, index: u64) -> [u8; BLOCK_LEN] {
        let mut out = [0; BLOCK_LEN];
        self.fill_bytes(stream, index, &mut out);
        out
    }

    /// So many blocks are drawn. An index beyond 2^64 would repeat the stream's start: that is a schedule no plan can hold, and it
    /// stops the program.
    fn draw(&self, stream: u64, index: u64, blocks: usize) {
        let end = index
            .checked_add(blocks as u64)
            .expect("a stream of the generator ends at 2^64 blocks");
        #[cfg(test)]
        if let Some(drawn) = &self.drawn {
            drawn.note(stream, index..end);
        }
        #[cfg(not(test))]
        let _ = (stream, end);
    }
}

/// What is to be used once and has been: runs of numbers, by stream and start.
#[cfg(test)]
#[derive(Default)]
pub(crate) struct Drawn(std::sync::Mutex<std::collections::BTreeMap<(u64, u64), u64>>);

#[cfg(test)]
impl Drawn {
    /// Panics if any of these numbers of a stream was there before.
    pub(crate) fn note(&self, stream: u64, numbers: std::ops::Range<u64>) {
        let (start, end) = (numbers.start, numbers.end);
        if start >= end {
            return;
        }
        let mut runs = self.0.lock().unwrap();
        let before = runs.range_mut(..=(stream, end - 1)).next_back();
        match before {
            Some((run, until)) if run.0 == stream && *until > start => {
                panic!("numbers {start}..{end} of stream {stream} are used twice")
            }
            Some((run, until)) if run.0 == stream && *until == start => *until = end,
            _ => {
                runs.insert((stream, start), end);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_twice_is_noticed() {
        let twice = |draws: &[(u64, u64, usize)]| {
            let prg = Prg::once(&PrgKey::from_bytes([1; 16]));
            let draw = || {
                for &(stream, index, n) in draws {
                    prg.fill_words(stream, index, &mut vec![0; n]);
                }
            };
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(draw)).is_err()
        };
        assert!(!twice(&[
            (0, 0, 3),
            (0, 2, 2),
            (1, 0, 9),
            (0, 9, 1),
            (0, 3, 12)
        ]));
        for again in [(0, 1, 1), (0, 4, 1), (0, 2, 400), (1, 4, 1), (0, 8, 3)] {
            assert!(twice(&[
                (0, 0, 3),
                (0, 2, 2),
                (1, 0, 9),
                (0, 9, 1),
                (0, 3, 12),
                again
            ]));
        }
    }

    fn prg() -> Prg {
        Prg::new(&PrgKey::from_bytes(*b"0123456789abcdef"))
    }

    /// FIPS 197, appendix C.1, with the plaintext read as stream and index.
    #[test]
    fn a_block_is_the_published_encryption() {
        let key: [u8; 16] = std::array::from_fn(|i| i as u8);
        let plain: [u8; 16] = std::array::from_fn(|i| (i * 0x11) as u8);
        let stream = u64::from_le_bytes(plain[..8].try_into().unwrap());
        let index = u64::from_le_bytes(plain[8..].try_into().unwrap());
        let cipher = Prg::new(&PrgKey::from_bytes(key)).block(stream, index);
        let expected = 0x69c4e0d8_6a7b0430_d8cdb780_70b4c55a_u128.to_be_bytes();
        assert_eq!(cipher, expected);
    }

    #[test]
    fn any_cut_of_a_stream_is_the_same_stream() {
        let mut whole = vec![0; 5000];
        prg().fill_bytes(3, 7, &mut whole);
        for (from, len) in [(0, 16), (16, 1), (160, 4000), (1024, 33), (4992, 8)] {
            let mut part = vec![0; len];
            prg().fill_bytes(3, 7 + from as u64 / 16, &mut part);
            assert_eq!(part, whole[from..from + len]);
        }
        let mut words = vec![0; 301];
        prg().fill_words(3, 7, &mut words);
        let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        assert_eq!(bytes, whole[..301 * 8]);
    }

    #[test]
    fn streams_and_keys_differ() {
        let other = Prg::new(&PrgKey::from_bytes(*b"0123456789abcdeg"));
        assert_ne!(prg().block(0, 0), prg().block(1, 0));
        assert_ne!(prg().block(0, 0), prg().block(0, 1));
        assert_ne!(prg().block(0, 0), other.block(0, 0));
    }

    #[test]
    fn entropy_is_fresh() {
        let mut entropy = OsEntropy;
        let (a, b) = (
            entropy.bytes::<32>().unwrap(),
            entropy.bytes::<32>().unwrap(),
        );
        assert_ne!(*a, *b);
    }
}
