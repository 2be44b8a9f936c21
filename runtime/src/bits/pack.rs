//! Bits in messages: runs of so many bits one after the other, without gaps, whatever word of their vector they end in.

use crate::ring::append_bytes;

/// Appends runs of bits to a message without gaps; the last byte is filled up with zeros.
pub struct Packer<'a> {
    out: &'a mut Vec<u8>,
    held: u64,
    n_held: usize,
}

impl<'a> Packer<'a> {
    /// Appends to `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            held: 0,
            n_held: 0,
        }
    }

    /// The first `n_bits` bits of `words`.
    pub fn push(&mut self, words: &[u64], n_bits: usize) {
        let (whole, rest) = (n_bits / 64, n_bits % 64);
        if self.n_held == 0 {
            append_bytes(&words[..whole], self.out, u64::to_le_bytes);
        } else {
            append_bytes(&words[..whole], self.out, |word| {
                let out = self.held | word << self.n_held;
                self.held = word >> (64 - self.n_held);
                out.to_le_bytes()
            });
        }
        if rest > 0 {
            let word = words[whole] & ((1 << rest) - 1);
            self.held |= word << self.n_held;
            if self.n_held + rest >= 64 {
                self.out.extend_from_slice(&self.held.to_le_bytes());
                // Bits that did not fit; none when the word came out exactly full.
                self.held = if self.n_held == 0 {
                    0
                } else {
                    word >> (64 - self.n_held)
                };
                self.n_held = self.n_held + rest - 64;
            } else {
                self.n_held += rest;
            }
        }
    }

    /// Writes out the last bits.
    pub fn finish(self) {
        let bytes = self.n_held.div_ceil(8);
        self.out
            .extend_from_slice(&self.held.to_le_bytes()[..bytes]);
    }
}

/// Takes runs of bits out of a message; beyond its end there are zeros.
pub struct Unpacker<'a> {
    rest: &'a [u8],
    held: u64,
    n_held: usize,
}

impl<'a> Unpacker<'a> {
    /// Reads from the start of a message.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            held: 0,
            n_held: 0,
        }
    }

    fn word(&mut self) -> u64 {
        if let Some((head, rest)) = self.rest.split_first_chunk::<8>() {
            self.rest = rest;
            return u64::from_le_bytes(*head);
        }
        let mut last = [0; 8];
        last[..self.rest.len()].copy_from_slice(self.rest);
        self.rest = &[];
        u64::from_le_bytes(last)
    }

    /// The next `n_bits` bits into `words`; the last word is zero above them.
    pub fn pull(&mut self, words: &mut [u64], n_bits: usize) {
        let (whole, rest) = (n_bits / 64, n_bits % 64);
        let mut words_left = &mut words[..whole];
        if self.n_held == 0 {
            let ready = self.rest.as_chunks::<8>().0;
            let n = whole.min(ready.len());
            let (now, later) = words_left.split_at_mut(n);
            for (out, bytes) in now.iter_mut().zip(ready) {
                *out = u64::from_le_bytes(*bytes);
            }
            self.rest = &self.rest[8 * n..];
            words_left = later;
        }
        for out in words_left {
            let next = self.word();
            if self.n_held == 0 {
                *out = next;
            } else {
                *out = self.held | next << self.n_held;
                self.held = next >> (64 - self.n_held);
            }
        }
        if rest > 0 {
            let mask = (1 << rest) - 1;
            if self.n_held >= rest {
                words[whole] = self.held & mask;
                self.held >>= rest;
                self.n_held -= rest;
            } else {
                let next = self.word();
                words[whole] = (self.held | next << self.n_held) & mask;
                let taken = rest - self.n_held;
                self.held = next >> taken;
                self.n_held = 64 - taken;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::words_for;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn packed_runs_come_back(runs in prop::collection::vec((1usize..200, any::<u64>()), 1..20)) {
            let mut out = Vec::new();
            let mut packer = Packer::new(&mut out);
            let words = |&(n, seed): &(usize, u64)| -> Vec<u64> {
                (0..words_for(n) as u64).map(|i| seed.wrapping_mul(2 * i + 3) ^ i << 40).collect()
            };
            for run in &runs {
                packer.push(&words(run), run.0);
            }
            packer.finish();
            let total: usize = runs.iter().map(|r| r.0).sum();
            prop_assert_eq!(out.len(), total.div_ceil(8));
            let mut unpacker = Unpacker::new(&out);
            for run in &runs {
                let mut back = vec![0; words_for(run.0)];
                unpacker.pull(&mut back, run.0);
                let mut sent = words(run);
                if run.0 % 64 != 0 {
                    *sent.last_mut().unwrap() &= (1 << (run.0 % 64)) - 1;
                }
                prop_assert_eq!(back, sent);
            }
        }
    }
}
