//! Correlations that were made ahead: one pool per kind, first in, first out, each taken once.
//!
//! What is taken is moved out and belongs to the operation that took it; there is no way to look at a pool or to put
//! anything back. What leaves a pool or is left in it is wiped.

use std::collections::VecDeque;

use zeroize::{Zeroize, Zeroizing};

use crate::block::Label;
use crate::error::Error;
use crate::protocols::ot::random::Chosen;
use crate::ring::{Element, Elements, for_width, other_word};
use crate::wipe;
use smpcc_circuit::sorted::SortedMap;

/// Bits, 64 to a word, read at any place.
#[derive(Default)]
pub(super) struct BitRun {
    words: Vec<u64>,
    len: usize,
}

impl Drop for BitRun {
    fn drop(&mut self) {
        self.words.zeroize();
    }
}

impl BitRun {
    /// The first `len` bits of `words`.
    pub(super) fn new(mut words: Vec<u64>, len: usize) -> Self {
        wipe::resize(&mut words, len.div_ceil(64), 0);
        Self { words, len }
    }

    /// Copies bits `from..from + n` into `out`; zeros beyond the end.
    pub(super) fn read(&self, from: usize, n: usize, out: &mut [u64]) {
        let (first, shift) = (from / 64, from % 64);
        let n_words = n.div_ceil(64).min(out.len());
        let word = |i: usize| self.words.get(i).copied().unwrap_or(0);
        if let (0, Some(whole)) = (shift, self.words.get(first..first + n_words)) {
            out[..n_words].copy_from_slice(whole);
        } else if shift == 0 {
            for (i, out) in out[..n_words].iter_mut().enumerate() {
                *out = word(first + i);
            }
        } else {
            for (i, out) in out[..n_words].iter_mut().enumerate() {
                *out = word(first + i) >> shift | word(first + i + 1) << (64 - shift);
            }
        }
        if let (rest @ 1.., Some(last)) = (n % 64, out.get_mut(n / 64)) {
            *last &= (1 << rest) - 1;
        }
    }

    /// The bit at a place.
    #[cfg(test)]
    pub(super) fn get(&self, at: usize) -> bool {
        self.words.get(at / 64).copied().unwrap_or(0) >> (at % 64) & 1 == 1
    }
}

/// Runs of bits one after the other.
#[derive(Default)]
struct BitQueue {
    runs: VecDeque<BitRun>,
    /// Bits of the first run that are gone.
    gone: usize,
}

impl BitQueue {
    fn put(&mut self, run: BitRun) {
        if run.len > 0 {
            self.runs.push_back(run);
        }
    }

    fn take(&mut self, n: usize) -> Option<BitRun> {
        if self.gone == 0 && self.runs.front().is_some_and(|run| run.len == n) {
            return self.runs.pop_front();
        }
        let mut out = BitRun::new(Vec::new(), n);
        let mut at = 0;
        while at < n {
            let run = self.runs.front()?;
            let part = (run.len - self.gone).min(n - at);
            append(&mut out.words, at, run, self.gone, part);
            at += part;
            self.gone += part;
            if self.gone == run.len {
                self.runs.pop_front();
                self.gone = 0;
            }
        }
        Some(out)
    }
}

/// Writes bits `from..from + n` of `run` to `out` at bit `at`; what stands there is zero.
fn append(out: &mut [u64], at: usize, run: &BitRun, from: usize, n: usize) {
    let mut part = vec![0; n.div_ceil(64)];
    run.read(from, n, &mut part);
    let (first, shift) = (at / 64, at % 64);
    for (i, &word) in part.iter().enumerate() {
        if let Some(out) = out.get_mut(first + i) {
            *out |= word << shift;
        }
        if let (1.., Some(out)) = (shift, out.get_mut(first + i + 1)) {
            *out |= word >> (64 - shift);
        }
    }
    part.zeroize();
}

/// Elements of one ring, one after the other.
struct ElementQueue {
    bits: u32,
    runs: VecDeque<Elements>,
    gone: usize,
}

impl Drop for ElementQueue {
    fn drop(&mut self) {
        self.runs.iter_mut().for_each(Zeroize::zeroize);
    }
}

impl ElementQueue {
    fn new(bits: u32) -> Self {
        Self {
            bits,
            runs: VecDeque::new(),
            gone: 0,
        }
    }

    fn put(&mut self, run: Elements) {
        if run.lanes() > 0 {
            self.runs.push_back(run);
        }
    }

    fn take(&mut self, n: usize) -> Option<Elements> {
        if self.gone == 0 && self.runs.front().is_some_and(|run| run.lanes() == n) {
            return self.runs.pop_front();
        }
        for_width!(self.bits, E => {
            let mut out: Vec<E> = Vec::with_capacity(n);
            while out.len() < n {
                let run = E::slice(self.runs.front()?)?;
                let part = (run.len() - self.gone).min(n - out.len());
                out.extend_from_slice(&run[self.gone..self.gone + part]);
                self.gone += part;
                if self.gone == run.len() {
                    if let Some(mut spent) = self.runs.pop_front() {
                        spent.zeroize();
                    }
                    self.gone = 0;
                }
            }
            Some(E::wrap(out))
        })
    }
}

/// Labels, one after the other.
#[derive(Default)]
struct LabelQueue {
    runs: VecDeque<Zeroizing<Vec<Label>>>,
    gone: usize,
}

impl LabelQueue {
    fn put(&mut self, run: Vec<Label>) {
        if !run.is_empty() {
            self.runs.push_back(Zeroizing::new(run));
        }
    }

    fn take(&mut self, n: usize) -> Option<Zeroizing<Vec<Label>>> {
        if self.gone == 0 && self.runs.front().is_some_and(|run| run.len() == n) {
            return self.runs.pop_front();
        }
        let mut out = Zeroizing::new(Vec::with_capacity(n));
        while out.len() < n {
            let run = self.runs.front()?;
            let part = (run.len() - self.gone).min(n - out.len());
            out.extend_from_slice(&run[self.gone..self.gone + part]);
            self.gone += part;
            if self.gone == run.len() {
                self.runs.pop_front();
                self.gone = 0;
            }
        }
        Some(out)
    }
}

/// Shares of bits a, b and ab.
#[derive(Default)]
pub(super) struct BitTriples {
    pub(super) a: BitRun,
    pub(super) b: BitRun,
    pub(super) c: BitRun,
}

/// Shares of a, b and ab mod 2^ring.
pub(super) struct Triples {
    pub(super) a: Elements,
    pub(super) b: Elements,
    pub(super) c: Elements,
}

impl Drop for Triples {
    fn drop(&mut self) {
        for elements in [&mut self.a, &mut self.b, &mut self.c] {
            elements.zeroize();
        }
    }
}

/// Random bits in XOR shares and in shares mod 2^ring.
pub(super) struct DaBits {
    pub(super) bits: BitRun,
    pub(super) elements: Elements,
}

impl Drop for DaBits {
    fn drop(&mut self) {
        self.elements.zeroize();
    }
}

/// Correlated transfers of labels: zero labels at the garbler; at the evaluator choices, and the labels that they stand for.
#[derive(Default)]
pub(super) struct LabelTransfers {
    pub(super) labels: Vec<Label>,
    /// Empty at the garbler.
    pub(super) choices: BitRun,
}

impl Drop for LabelTransfers {
    fn drop(&mut self) {
        self.labels.zeroize();
    }
}

/// Transfers of random strings, both ways between this party and another.
pub(super) struct Transfers {
    /// First and second strings of those in which this party sends.
    pub(super) sent: [Zeroizing<Vec<Label>>; 2],
    /// The strings that this party has chosen.
    pub(super) chosen: Zeroizing<Vec<Label>>,
    /// Its choices.
    pub(super) choices: BitRun,
}

/// Transfers with another party, one after the other.
#[derive(Default)]
struct TransferQueue {
    sent: [LabelQueue; 2],
    chosen: LabelQueue,
    choices: BitQueue,
}

impl TransferQueue {
    #[cfg(test)]
    fn is_empty(&self) -> bool {
        let sent = self.sent.iter().all(|queue| queue.runs.is_empty());
        sent && self.chosen.runs.is_empty() && self.choices.runs.is_empty()
    }
}

/// All pools of a party.
#[derive(Default)]
pub(super) struct Pools {
    bits: [BitQueue; 3],
    triples: SortedMap<u32, [ElementQueue; 3]>,
    dabits: SortedMap<u32, (BitQueue, ElementQueue)>,
    labels: LabelQueue,
    choices: BitQueue,
    /// By other party.
    transfers: SortedMap<usize, TransferQueue>,
}

fn short() -> Error {
    Error::bug("an operation takes more correlations than were made for it")
}

impl Pools {
    pub(super) fn put_bits(&mut self, mut triples: BitTriples) {
        let [a, b, c] = &mut self.bits;
        a.put(std::mem::take(&mut triples.a));
        b.put(std::mem::take(&mut triples.b));
        c.put(std::mem::take(&mut triples.c));
    }

    pub(super) fn take_bits(&mut self, n: usize) -> Result<BitTriples, Error> {
        let [a, b, c] = self.bits.each_mut().map(|queue| queue.take(n));
        match (a, b, c) {
            (Some(a), Some(b), Some(c)) => Ok(BitTriples { a, b, c }),
            _ => Err(short()),
        }
    }

    pub(super) fn put_triples(&mut self, ring: u32, mut triples: Triples) {
        let queues = self
            .triples
            .entry(ring)
            .or_insert_with(|| std::array::from_fn(|_| ElementQueue::new(ring)));
        let Triples { a, b, c } = &mut triples;
        for (queue, elements) in queues.iter_mut().zip([a, b, c]) {
            queue.put(std::mem::replace(elements, Elements::zeros(ring, 0)));
        }
    }

    pub(super) fn take_triples(&mut self, ring: u32, n: usize) -> Result<Triples, Error> {
        if n == 0 {
            let [a, b, c] = std::array::from_fn(|_| Elements::zeros(ring, 0));
            return Ok(Triples { a, b, c });
        }
        let queues = self.triples.get_mut(&ring).ok_or_else(short)?;
        let [a, b, c] = queues.each_mut().map(|queue| queue.take(n));
        match (a, b, c) {
            (Some(a), Some(b), Some(c)) => Ok(Triples { a, b, c }),
            _ => Err(short()),
        }
    }

    pub(super) fn put_dabits(&mut self, ring: u32, bits: BitRun, elements: Elements) {
        let (bit_queue, element_queue) = self
            .dabits
            .entry(ring)
            .or_insert_with(|| (BitQueue::default(), ElementQueue::new(ring)));
        bit_queue.put(bits);
        element_queue.put(elements);
    }

    pub(super) fn take_dabits(&mut self, ring: u32, n: usize) -> Result<DaBits, Error> {
        if n == 0 {
            return Ok(DaBits {
                bits: BitRun::default(),
                elements: Elements::zeros(ring, 0),
            });
        }
        let (bits, elements) = self.dabits.get_mut(&ring).ok_or_else(short)?;
        match (bits.take(n), elements.take(n)) {
            (Some(bits), Some(elements)) => Ok(DaBits { bits, elements }),
            _ => Err(short()),
        }
    }

    pub(super) fn put_labels(&mut self, mut transfers: LabelTransfers) {
        self.labels.put(std::mem::take(&mut transfers.labels));
        self.choices.put(std::mem::take(&mut transfers.choices));
    }

    /// `chooses` at the evaluator.
    pub(super) fn take_labels(&mut self, n: usize, chooses: bool) -> Result<LabelTransfers, Error> {
        let mut labels = self.labels.take(n).ok_or_else(short)?;
        let choices = match chooses {
            true => self.choices.take(n).ok_or_else(short)?,
            false => BitRun::default(),
        };
        Ok(LabelTransfers {
            labels: std::mem::take(&mut *labels),
            choices,
        })
    }

    /// Adds strings that this party sends to another.
    pub(super) fn put_sent(&mut self, other: usize, pairs: &[[Label; 2]]) {
        let queues = &mut self.transfers.entry(other).or_default().sent;
        for (i, queue) in queues.iter_mut().enumerate() {
            queue.put(pairs.iter().map(|pair| pair[i]).collect());
        }
    }

    /// Adds strings of another party that this party has chosen, so many.
    pub(super) fn put_chosen(&mut self, other: usize, mut chosen: Chosen, n: usize) {
        let queue = self.transfers.entry(other).or_default();
        queue.chosen.put(std::mem::take(&mut chosen.strings));
        let choices = std::mem::take(&mut chosen.choices);
        queue.choices.put(BitRun::new(choices, n));
    }

    pub(super) fn take_transfers(&mut self, other: usize, n: usize) -> Result<Transfers, Error> {
        let queue = self.transfers.entry(other).or_default();
        let [first, second] = queue.sent.each_mut().map(|queue| queue.take(n));
        match (first, second, queue.chosen.take(n), queue.choices.take(n)) {
            (Some(first), Some(second), Some(chosen), Some(choices)) => Ok(Transfers {
                sent: [first, second],
                chosen,
                choices,
            }),
            _ => Err(short()),
        }
    }

    /// Whether everything that was made has been used.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.bits.iter().all(|queue| queue.runs.is_empty())
            && self.triples.values().flatten().all(|q| q.runs.is_empty())
            && self
                .dabits
                .values()
                .all(|(bits, elements)| bits.runs.is_empty() && elements.runs.is_empty())
            && self.labels.runs.is_empty()
            && self.choices.runs.is_empty()
            && self.transfers.values().all(TransferQueue::is_empty)
    }
}

/// The elements as words of one machine word, or a bug.
pub(super) fn slice<E: Element>(elements: &Elements) -> Result<&[E], Error> {
    E::slice(elements).ok_or_else(other_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits in runs of all lengths come out in order whatever is taken at a time, and never twice.
    #[test]
    fn bits_come_once_and_in_order() {
        let bit = |i: usize| (i * i / 7) % 3 == 1;
        let mut pools = Pools::default();
        let (mut put, mut taken) = (0, 0);
        for len in [8, 64, 16, 200, 128, 8, 1000] {
            let run = |n: usize| {
                let mut words = vec![0; len / 64 + 1];
                for i in 0..len {
                    words[i / 64] |= u64::from(bit(put + i) ^ (n == 1)) << (i % 64);
                }
                BitRun::new(words, len)
            };
            pools.put_bits(BitTriples {
                a: run(0),
                b: run(1),
                c: run(2),
            });
            put += len;
        }
        for len in [64, 8, 0, 24, 120, 128, 512, 568] {
            let triples = pools.take_bits(len).unwrap();
            for i in 0..len {
                let expected = bit(taken + i);
                assert_eq!(triples.a.get(i), expected);
                assert_eq!(triples.b.get(i), !expected);
                let mut word = [0];
                triples.c.read(i, 1, &mut word);
                assert_eq!(word[0], u64::from(expected));
            }
            taken += len;
        }
        assert_eq!(put, taken);
        assert!(pools.is_empty());
        assert!(pools.take_bits(8).is_err());
    }

    #[test]
    fn elements_come_once_and_in_order() {
        for ring in [64, 100] {
            let mut pools = Pools::default();
            let run = |from: u128, n: u128| Elements::of_words(ring, from..from + n);
            for (from, n) in [(0, 5), (5, 1), (6, 14)] {
                pools.put_triples(
                    ring,
                    Triples {
                        a: run(from, n),
                        b: run(from, n),
                        c: run(from, n),
                    },
                );
            }
            let mut next = 0;
            for n in [1, 4, 0, 3, 12] {
                let triples = pools.take_triples(ring, n).unwrap();
                assert!(triples.a == run(next, n as u128) && triples.c == triples.b);
                next += n as u128;
            }
            assert!(pools.is_empty());
            assert!(pools.take_triples(ring, 1).is_err());
            assert!(pools.take_triples(ring + 1, 1).is_err());
        }
    }
}
