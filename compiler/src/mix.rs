//! A hash function for look-ups inside the compiler: a multiplication a word, and the same on every machine.
//!
//! Keys are the compiler's own numbers of gates, values and shapes, never what a peer or a file chose to collide. Tables are only
//! looked up in, so that no result depends on the function.

use std::hash::{BuildHasher, Hasher};

/// The function.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mix;

impl BuildHasher for Mix {
    type Hasher = MixState;
    fn build_hasher(&self) -> MixState {
        MixState(0)
    }
}

/// What has been hashed so far.
#[derive(Clone, Debug)]
pub(crate) struct MixState(u64);

impl Hasher for MixState {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for &word in words {
            self.write_u64(u64::from_le_bytes(word));
        }
        for &byte in rest {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(29) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 32;
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
}
