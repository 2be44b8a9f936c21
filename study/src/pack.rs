//! Between shares in machine words and the bytes of parts.
//!
//! A node's share of a scalar has all its parts side by side, lane by lane ([`Scheme::words`]); in a file and under a commitment each
//! part stands alone.

use crate::Error;
use crate::schema::Value;
use crate::secret::SecretBytes;
use crate::wire::damaged;
use smpcc_circuit::value::{Scalar, Word, mask};
use smpcc_runtime::protocols::stored::Scheme;
use smpcc_runtime::ring::{Element, Elements};
use zeroize::{Zeroize, Zeroizing};

/// The shares of one value's scalars at one node.
pub type Shares = Vec<Zeroizing<Elements>>;

/// How many parts a node's share is cut into, and the words of each for a lane.
fn cut(scheme: Scheme, node: usize) -> (usize, usize) {
    let parts = scheme.parts(node).len();
    (parts, scheme.words() / parts)
}

/// The bytes of a node's parts, in the order of [`Scheme::parts`].
pub fn pack<'a>(
    scheme: Scheme,
    node: usize,
    shares: impl Iterator<Item = (Scalar, &'a Elements)> + Clone,
) -> Vec<SecretBytes> {
    let (parts, each) = cut(scheme, node);
    let len = |scalar: Scalar, share: &Elements| {
        (share.lanes() / parts * scalar.width() as usize).div_ceil(8)
    };
    let part = |part: usize| {
        let mut out = SecretBytes::zeros(shares.clone().map(|(s, share)| len(s, share)).sum());
        let mut rest = &mut out[..];
        for (scalar, share) in shares.clone() {
            let (own, more) = rest.split_at_mut(len(scalar, share));
            rest = more;
            let lane = |lane: usize| {
                let from = (lane * parts + part) * each;
                (from..from + each).map(move |at| share.get(at))
            };
            let lanes = share.lanes() / (parts * each);
            write(scalar.width(), (0..lanes).flat_map(lane), own);
        }
        out
    };
    (0..parts).map(part).collect()
}

/// The shares of values from the bytes of a node's parts.
///
/// # Errors
/// Bytes of other lengths, or with something where nothing should be.
pub fn unpack(
    scheme: Scheme,
    node: usize,
    values: &[Value],
    parts: &[&[u8]],
) -> Result<Vec<Shares>, Error> {
    let (n_parts, each) = cut(scheme, node);
    if parts.len() != n_parts {
        return Err(damaged());
    }
    let mut rest = parts.to_vec();
    let mut all = Vec::with_capacity(values.len());
    for value in values {
        let mut shares = Shares::new();
        for (scalar, lanes) in &value.leaves {
            let width = scalar.width();
            let n = usize::try_from(*lanes)
                .ok()
                .and_then(|n| n.checked_mul(each));
            let len = n
                .and_then(|n| n.checked_mul(width as usize))
                .map(|bits| bits.div_ceil(8));
            let (Some(n), Some(len)) = (n, len) else {
                return Err(damaged());
            };
            if rest.iter().any(|part| part.len() < len) {
                return Err(damaged());
            }
            let mut share = Zeroizing::new(Elements::zeros(width, n * n_parts));
            for (p, bytes) in rest.iter_mut().enumerate() {
                let (own, more) = bytes.split_at(len);
                *bytes = more;
                let at = Places {
                    first: p * each,
                    each,
                    lane: n_parts * each,
                };
                let fits = match &mut *share {
                    Elements::Narrow(v) => at.read(width, own, v),
                    Elements::Wide(v) => at.read(width, own, v),
                };
                if !fits {
                    return Err(damaged());
                }
            }
            shares.push(share);
        }
        all.push(shares);
    }
    match rest.iter().all(|part| part.is_empty()) {
        true => Ok(all),
        false => Err(damaged()),
    }
}

/// Where the words of one part stand among those of all, one after the other.
struct Places {
    first: usize,
    /// Words of the part in a lane.
    each: usize,
    /// Words of all parts in a lane.
    lane: usize,
}

impl Places {
    /// Reads all words of the part; whether what fills the last byte is zero.
    fn read<E: Element>(&self, width: u32, bytes: &[u8], into: &mut [E]) -> bool {
        match width {
            8 => return self.read_whole::<E, 1>(bytes, into),
            16 => return self.read_whole::<E, 2>(bytes, into),
            32 => return self.read_whole::<E, 4>(bytes, into),
            64 => return self.read_whole::<E, 8>(bytes, into),
            128 => return self.read_whole::<E, 16>(bytes, into),
            _ => {}
        }
        let mut from = BitReader {
            rest: bytes,
            there: 0,
            n: 0,
        };
        let words = std::iter::repeat_with(|| match width {
            ..=64 => Word::from(from.few(width)),
            _ => Word::from(from.few(64)) | Word::from(from.few(width - 64)) << 64,
        });
        self.put(into, words.map(E::of));
        from.there == 0
    }

    /// The same for words of `LEN` whole bytes.
    fn read_whole<E: Element, const LEN: usize>(&self, bytes: &[u8], into: &mut [E]) -> bool {
        let word = |bytes: &[u8; LEN]| {
            let mut wide = [0; 16];
            wide[..LEN].copy_from_slice(bytes);
            E::of(Word::from_le_bytes(wide))
        };
        self.put(into, bytes.as_chunks::<LEN>().0.iter().map(word));
        true
    }

    /// Puts words into their places: as many as there are.
    fn put<E>(&self, into: &mut [E], words: impl Iterator<Item = E>) {
        match (self.each, self.lane) {
            (each, lane) if each == lane => {
                into.iter_mut().zip(words).for_each(|(to, word)| *to = word);
            }
            (1, 2) => self.put_one::<E, 2>(into, words),
            (1, 3) => self.put_one::<E, 3>(into, words),
            (each, lane) => {
                let lanes = into.get_mut(self.first..).unwrap_or_default();
                let lanes = lanes.chunks_mut(lane);
                let places = lanes.flat_map(|lane| lane.iter_mut().take(each));
                places.zip(words).for_each(|(to, word)| *to = word);
            }
        }
    }

    /// The same where a lane has `LANE` words, one of which is the part's.
    fn put_one<E, const LANE: usize>(&self, into: &mut [E], words: impl Iterator<Item = E>) {
        let lanes = into.as_chunks_mut::<LANE>().0.iter_mut();
        lanes
            .zip(words)
            .for_each(|(lane, word)| lane[self.first % LANE] = word);
    }
}

/// So many bits of each word, the first in the lowest bits; the last byte is filled with zeros.
fn write(width: u32, words: impl Iterator<Item = Word>, out: &mut [u8]) {
    match width {
        8 => return write_whole::<1>(words, out),
        16 => return write_whole::<2>(words, out),
        32 => return write_whole::<4>(words, out),
        64 => return write_whole::<8>(words, out),
        128 => return write_whole::<16>(words, out),
        _ => {}
    }
    let (mut waiting, mut n): (Word, u32) = (0, 0);
    let mut out = out.iter_mut();
    let mut put = |byte: u8| {
        if let Some(out) = out.next() {
            *out = byte;
        }
    };
    for word in words {
        for (from, len) in halves(width) {
            waiting |= (word >> from & mask(len)) << n;
            n += len;
            while n >= 8 {
                put(waiting as u8);
                waiting >>= 8;
                n -= 8;
            }
        }
    }
    if n > 0 {
        put(waiting as u8);
    }
    waiting.zeroize();
}

/// The same for words of `LEN` whole bytes.
fn write_whole<const LEN: usize>(words: impl Iterator<Item = Word>, out: &mut [u8]) {
    for (mut word, out) in words.zip(out.as_chunks_mut::<LEN>().0) {
        out.copy_from_slice(&word.to_le_bytes()[..LEN]);
        word.zeroize();
    }
}

/// Takes words of few bits out of bytes.
struct BitReader<'a> {
    rest: &'a [u8],
    /// Bits that have been read and not taken: `n` of them, and zeros above.
    there: u64,
    n: u32,
}

impl BitReader<'_> {
    /// The next word of at most 64 bits.
    #[inline]
    fn few(&mut self, len: u32) -> u64 {
        if len <= self.n {
            return self.low(len);
        }
        let had = self.n;
        let low = self.there;
        // Past the end there are zeros.
        let next: [u8; 8] = match self.rest.split_first_chunk() {
            Some((next, rest)) => {
                self.rest = rest;
                *next
            }
            None => {
                let mut next = [0; 8];
                next[..self.rest.len()].copy_from_slice(self.rest);
                self.rest = &[];
                next
            }
        };
        (self.there, self.n) = (u64::from_le_bytes(next), 64);
        low | self.low(len - had) << had
    }

    /// As many as are there.
    fn low(&mut self, len: u32) -> u64 {
        let low = self.there & mask(len) as u64;
        self.there = self.there.checked_shr(len).unwrap_or(0);
        self.n -= len;
        low
    }
}

/// A word in pieces that fit into a machine word: where each begins, and its bits.
fn halves(width: u32) -> impl Iterator<Item = (u32, u32)> {
    let pieces = [(0, width.min(64)), (64, width.saturating_sub(64))];
    pieces.into_iter().filter(|(_, len)| *len > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpcc_circuit::program::{Shape, Suite};

    #[test]
    fn parts_are_as_long_as_their_bits_and_come_back() {
        for (suite, n, t) in [
            (Suite::TwoParty, 2, 1),
            (Suite::Rep3, 3, 1),
            (Suite::Rep4, 4, 1),
            (Suite::Bgw, 5, 2),
        ] {
            let scheme = Scheme {
                suite,
                n_parties: n,
                threshold: t,
            };
            let scalars = [1, 7, 8, 16, 24, 32, 33, 64, 65, 127, 128].map(Scalar::unsigned);
            let value = Value {
                name: "x".into(),
                shape: Shape(Vec::new()),
                leaves: scalars.iter().map(|s| (*s, 5)).collect(),
            };
            for node in 0..n as usize {
                let share = |s: &Scalar| {
                    let words = (1..=5 * scheme.words() as Word)
                        .map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
                    Elements::of_words(s.width(), words)
                };
                let shares: Vec<Elements> = scalars.iter().map(share).collect();
                let packed = pack(scheme, node, scalars.iter().copied().zip(&shares));
                let (parts, each) = cut(scheme, node);
                let len = |s: &Scalar| (s.width() as usize * 5 * each).div_ceil(8);
                assert_eq!(packed.len(), parts);
                for part in &packed {
                    assert_eq!(part.len(), scalars.iter().map(len).sum::<usize>());
                }
                let bytes: Vec<&[u8]> = packed.iter().map(|p| &p[..]).collect();
                let values = std::slice::from_ref(&value);
                let back = unpack(scheme, node, values, &bytes).unwrap();
                assert!(back[0].iter().map(|s| &**s).eq(&shares));
                // Longer, shorter, or with a bit beyond the last word.
                let longer: Vec<Vec<u8>> = bytes.iter().map(|b| [b, &[0][..]].concat()).collect();
                let longer: Vec<&[u8]> = longer.iter().map(|b| &b[..]).collect();
                let shorter: Vec<&[u8]> = bytes.iter().map(|b| &b[1..]).collect();
                assert!(unpack(scheme, node, values, &longer).is_err());
                assert!(unpack(scheme, node, values, &shorter).is_err());
                if !(5 * each).is_multiple_of(8) {
                    let mut beyond = bytes[0].to_vec();
                    beyond[(5 * each).div_ceil(8) - 1] |= 0x80;
                    let mut changed = bytes.clone();
                    changed[0] = &beyond;
                    assert!(unpack(scheme, node, values, &changed).is_err());
                }
            }
        }
    }
}
