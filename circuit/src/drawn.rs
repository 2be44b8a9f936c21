//! Draws that follow from a seed: for tests, in which the interpreter, the evaluator and all suites must meet the same ones. In a run
//! each party's engine asks the operating system.

use crate::program::InputLeaf;
use crate::splitmix::SplitMix;
use crate::value::Word;

/// The seed of `test` blocks.
pub const SEED: u64 = 0x7261_6e64_6f6d;

/// The lanes of each leaf of a program whose parties give nothing: of a part of a draw ([`InputLeaf::drawn`]) words that follow from
/// the seed and from its number among the inputs, which lowering fixes before any pass; of any other leaf zeros.
pub fn seeded(leaves: &[InputLeaf], seed: u64) -> Vec<Vec<Word>> {
    let mut inputs: Vec<Vec<Word>> = (leaves.iter())
        .map(|leaf| vec![0; usize::try_from(leaf.lanes).unwrap_or(0)])
        .collect();
    redraw(leaves, seed, &mut inputs);
    inputs
}

/// Draws anew in inputs that are there.
pub fn redraw(leaves: &[InputLeaf], seed: u64, inputs: &mut [Vec<Word>]) {
    for (id, (leaf, words)) in (0u64..).zip(leaves.iter().zip(inputs)) {
        if leaf.drawn {
            let mut numbers = SplitMix::new(SplitMix::new(seed ^ id.rotate_left(32)).draw());
            words.fill_with(|| leaf.scalar.wrap(numbers.word()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Scalar;

    #[test]
    fn leaves_and_seeds_have_words_of_their_own() {
        let leaf = |drawn| InputLeaf {
            party: 0,
            path: "random()".into(),
            scalar: Scalar::unsigned(65),
            lanes: 40,
            public: false,
            drawn,
            range: None,
        };
        let leaves = [leaf(true), leaf(false), leaf(true)];
        let (a, b) = (seeded(&leaves, 1), seeded(&leaves, 2));
        assert_eq!(a, seeded(&leaves, 1));
        assert_eq!(a[1], [0; 40]);
        assert!(a[0] != a[2] && a[0] != b[0] && a[2] != b[2]);
        let all = a[0].iter().fold(0, |or, word| or | word);
        assert_eq!(all, leaves[0].scalar.mask());
    }
}
