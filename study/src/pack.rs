//! Between shares in machine words and the bytes of parts.
//!
//! A node's share of a scalar has all its parts side by side, lane by lane ([`Scheme::words`]); in a file and under a commitment each
//! part stands alone.

use crate::Error;
use crate::schema::Value;
use crate::wire::damaged;
use smpcc_circuit::value::{Scalar, Word, mask};
use smpcc_runtime::protocols::stored::Scheme;
use smpcc_runtime::ring::Elements;
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
) -> Vec<Zeroizing<Vec<u8>>> {
    let (parts, each) = cut(scheme, node);
    let part = |part: usize| {
        let mut out = Zeroizing::new(Vec::new());
        for (scalar, share) in shares.clone() {
            let width = scalar.width();
            let n = share.lanes() / parts;
            let lane = |lane: usize| {
                let from = (lane * parts + part) * each;
                (from..from + each).map(move |at| share.get(at))
            };
            out.reserve((n * width as usize).div_ceil(8));
            write(width, (0..n / each).flat_map(lane), &mut out);
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
                let mut at = Places {
                    next: p * each,
                    left: each,
                    each,
                    skip: (n_parts - 1) * each,
                };
                let fits = match &mut *share {
                    Elements::Narrow(v) => read(width, own, n, |w| v[at.take()] = w as u64),
                    Elements::Wide(v) => read(width, own, n, |w| v[at.take()] = w),
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
    next: usize,
    /// Words of this lane that are still to come.
    left: usize,
    each: usize,
    /// From the end of one lane's words to the next lane's.
    skip: usize,
}

impl Places {
    fn take(&mut self) -> usize {
        let at = self.next;
        self.next += 1;
        self.left -= 1;
        if self.left == 0 {
            self.left = self.each;
            self.next += self.skip;
        }
        at
    }
}

/// So many bits of each word, the first in the lowest bits; the last byte is filled with zeros.
fn write(width: u32, words: impl Iterator<Item = Word>, out: &mut Vec<u8>) {
    match width {
        8 => return write_whole::<1>(words, out),
        16 => return write_whole::<2>(words, out),
        32 => return write_whole::<4>(words, out),
        64 => return write_whole::<8>(words, out),
        128 => return write_whole::<16>(words, out),
        _ => {}
    }
    let (mut waiting, mut n): (Word, u32) = (0, 0);
    for word in words {
        for (from, len) in halves(width) {
            waiting |= (word >> from & mask(len)) << n;
            n += len;
            while n >= 8 {
                out.push(waiting as u8);
                waiting >>= 8;
                n -= 8;
            }
        }
    }
    if n > 0 {
        out.push(waiting as u8);
    }
    waiting.zeroize();
}

/// The same for words of `LEN` whole bytes.
fn write_whole<const LEN: usize>(words: impl Iterator<Item = Word>, out: &mut Vec<u8>) {
    for mut word in words {
        let bytes = word.to_le_bytes();
        out.extend_from_slice(&bytes[..LEN]);
        word.zeroize();
    }
}

/// Reads exactly `n` words; whether what fills the last byte is zero.
fn read(width: u32, bytes: &[u8], n: usize, mut put: impl FnMut(Word)) -> bool {
    match width {
        8 => return read_whole::<1>(bytes, put),
        16 => return read_whole::<2>(bytes, put),
        32 => return read_whole::<4>(bytes, put),
        64 => return read_whole::<8>(bytes, put),
        128 => return read_whole::<16>(bytes, put),
        _ => {}
    }
    let mut bytes = bytes.iter();
    let (mut there, mut n_there): (Word, u32) = (0, 0);
    for _ in 0..n {
        let mut word = 0;
        for (at, len) in halves(width) {
            while n_there < len {
                there |= Word::from(bytes.next().copied().unwrap_or(0)) << n_there;
                n_there += 8;
            }
            word |= (there & mask(len)) << at;
            there >>= len;
            n_there -= len;
        }
        put(word);
    }
    there == 0
}

/// The same for words of `LEN` whole bytes, as many as there are.
fn read_whole<const LEN: usize>(bytes: &[u8], mut put: impl FnMut(Word)) -> bool {
    for bytes in bytes.as_chunks::<LEN>().0 {
        let mut word = [0; 16];
        word[..LEN].copy_from_slice(bytes);
        put(Word::from_le_bytes(word));
    }
    true
}

/// A word in pieces that fit beside what waits: where each begins, and its bits.
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
