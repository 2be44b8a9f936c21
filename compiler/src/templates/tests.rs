//! What the tests of the generators share: values to try, and evaluation of a circuit on lanes of them.

mod arrays;
mod operations;
mod sums;

use super::*;
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::{Word, mask};

/// Values for tests.
pub(super) struct Values(SplitMix);

impl Values {
    pub(super) fn new(seed: u64) -> Self {
        Self(SplitMix::new(seed))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0.draw()
    }

    /// A word of `width` bits: uniform, or near an end, or short, or a run of ones.
    fn word(&mut self, width: u32) -> Word {
        let uniform = self.0.word();
        let small = Word::from(self.next() % 4);
        let at = (self.next() % u64::from(width)) as u32;
        let word = match self.next() % 8 {
            0 => small,
            1 => small.wrapping_neg(),
            2 => (1 << (width - 1)) ^ small,
            3 => uniform & mask(at + 1),
            4 => mask(at + 1),
            5 => 1 << at,
            _ => uniform,
        };
        word & mask(width)
    }
}

/// Evaluates `template` on lanes of operands; `lanes[i]` has one word per operand.
pub(super) fn evaluate(template: &Template, lanes: &[Vec<Word>]) -> Vec<Vec<Word>> {
    let mut results = Vec::new();
    for chunk in lanes.chunks(64) {
        let mut inputs = Vec::new();
        for (i, &width) in template.inputs.iter().enumerate() {
            for bit in 0..width {
                let word = chunk.iter().enumerate().fold(0u64, |word, (lane, args)| {
                    word | ((args[i] >> bit & 1) as u64) << lane
                });
                inputs.push(word);
            }
        }
        let out = template.eval64(&inputs);
        for lane in 0..chunk.len() {
            let mut at = 0;
            results.push(
                template
                    .outputs
                    .iter()
                    .map(|bits| {
                        let word = (0..bits.len()).fold(0, |word: Word, k| {
                            word | Word::from(out[at + k] >> lane & 1) << k
                        });
                        at += bits.len();
                        word
                    })
                    .collect(),
            );
        }
    }
    results
}

/// All lanes of operands of these widths.
pub(super) fn exhaustive(widths: &[u32]) -> Vec<Vec<Word>> {
    let total: u32 = widths.iter().sum();
    (0..1u64 << total)
        .map(|i| {
            let mut rest = Word::from(i);
            widths
                .iter()
                .map(|&w| {
                    let word = rest & mask(w);
                    rest >>= w;
                    word
                })
                .collect()
        })
        .collect()
}

pub(super) fn random(values: &mut Values, widths: &[u32], n: usize) -> Vec<Vec<Word>> {
    (0..n)
        .map(|_| widths.iter().map(|&w| values.word(w)).collect())
        .collect()
}
