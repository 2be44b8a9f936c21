//! Inclusive scans over lanes, after Sklansky: ⌈log2 n⌉ levels, each combines the second half of every block with the last lane
//! of its first half.
//!
//! Positions are affine in the block and the place within it, so the index vectors stay small whatever the length; what
//! a last, partial block needs is one more contiguous piece.

use super::Emitter;
use crate::ir::{Node as IrNode, Reducer};
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Domain, Op, ValueInfo};
use smpcc_circuit::value::{ConstVec, Scalar, Word};

impl Emitter<'_> {
    /// The scans of runs of `lanes / segments` lanes of each operand.
    pub(super) fn scan(
        &mut self,
        node: &IrNode,
        reducer: Reducer,
        args: &[ValueId],
        home: Domain,
        segments: u64,
    ) -> Vec<ValueId> {
        if let (Reducer::Word(op), true) = (reducer, home.is_clear()) {
            let info = ValueInfo {
                domain: home,
                ..self.info(args[0])
            };
            return vec![self.plain(Op::Scan { op, segments }, args, info)];
        }
        let mut arrays: Vec<ValueId> = match reducer {
            Reducer::Word(_) => args.iter().map(|&a| self.to(a, home)).collect(),
            Reducer::Region => (node.args.iter())
                .zip(&node.regions[0].params)
                .map(|(&a, &p)| {
                    let home = self.home(p);
                    let a = self.operand(a, home);
                    self.to(a, home)
                })
                .collect(),
        };
        let lanes = arrays.first().map_or(0, |&a| self.info(a).lanes);
        let len = lanes.checked_div(segments).unwrap_or(0);
        let mut half = 1;
        while half < len {
            // Where each lane to be changed is, and which lane it is combined with.
            let (upper, lower) = self.positions(len, segments, half);
            let pick = |s: &mut Self, idx: ValueId| -> Vec<ValueId> {
                arrays.iter().map(|&a| s.gather(a, idx, 1)).collect()
            };
            let (left, right) = (pick(self, lower), pick(self, upper));
            let combined = match reducer {
                Reducer::Word(op) => {
                    let ty = self.info(left[0]).scalar;
                    vec![self.word(home, op, ty, ty, &[left[0], right[0]])]
                }
                Reducer::Region => self.instantiate(node, &left, &right),
            };
            arrays = arrays
                .iter()
                .zip(combined)
                .map(|(&array, new)| {
                    let info = self.info(array);
                    let result = self.plain(Op::Scatter { block: 1 }, &[array, upper, new], info);
                    self.canonical_if_all(result, &[array, new]);
                    result
                })
                .collect();
            half *= 2;
        }
        arrays
    }

    fn positions(&mut self, len: u64, segments: u64, half: u64) -> (ValueId, ValueId) {
        let block = 2 * half;
        let (full, rest) = (len / block, len % block);
        let mut upper = Vec::new();
        let mut lower = Vec::new();
        let mut piece = |s: &mut Self, start: u64, blocks: u64, count: u64| {
            let mut index = |start: u64, step: u64| {
                s.constant(
                    Scalar::USIZE,
                    ConstVec::Affine {
                        start: Word::from(start),
                        dims: vec![
                            (segments, Word::from(len)),
                            (blocks, Word::from(block)),
                            (count, Word::from(step)),
                        ],
                    },
                )
            };
            upper.push(index(start + half, 1));
            lower.push(index(start + half - 1, 0));
        };
        if full > 0 {
            piece(self, 0, full, half);
        }
        if rest > half {
            piece(self, full * block, 1, rest - half);
        }
        (self.index_concat(&upper), self.index_concat(&lower))
    }

    /// Public constants one after the other: again a constant for whoever asks whether the index is known.
    fn index_concat(&mut self, parts: &[ValueId]) -> ValueId {
        let joined = self.concat(parts);
        if parts.len() > 1 {
            self.known[joined.index()].indexes_safely = true;
        }
        joined
    }
}
