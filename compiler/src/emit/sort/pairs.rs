//! Places by comparing each row of a run with each other: in the rounds of one comparison, for n·(n − 1)/2 of them.
//!
//! Row `i` is compared with the row `d` further on, counted round the run, for each `d` up to half of the rows. What comes out counts for
//! one of the two. Of equal rows the one that stood first comes first.

use super::Runs;
use crate::emit::Emitter;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Domain, Op, ValueInfo};
use smpcc_circuit::value::{ConstVec, Scalar, Word, mask};

/// By how much rows are apart, and what follows of that.
#[derive(Clone, Copy)]
struct Apart {
    /// Distances at which each row has a partner of its own.
    distances: u64,
    /// Pairs that are half of the rows apart, if there are.
    opposite: u64,
}

impl Apart {
    const fn of(runs: Runs) -> Self {
        Self {
            distances: (runs.rows - 1) / 2,
            opposite: if runs.rows.is_multiple_of(2) {
                runs.rows / 2
            } else {
                0
            },
        }
    }
}

impl Emitter<'_> {
    /// Where each row goes, mod 2^width.
    pub(super) fn places_by_pairs(&mut self, keys: &[ValueId], runs: Runs) -> ValueId {
        let Runs { segments, rows } = runs;
        let apart @ Apart {
            distances,
            opposite,
        } = Apart::of(runs);
        let before = self.partners_before(keys, runs, apart);
        let number = |lanes: u64| ValueInfo {
            lanes,
            ..runs.places()
        };
        let minus = mask(u32::from(runs.width()));
        let linear = |coefficients: Vec<Word>, constant: Word| Op::Linear {
            coefficients,
            constant,
        };
        let before = self.plain(Op::InjectBit, &[before], number(self.info(before).lanes));
        let mut terms = Vec::new();
        let round = segments * distances * rows;
        if distances > 0 {
            let own = self.slice(before, 0, round);
            // Row i is the partner of row i − d.
            let twice =
                self.gather_affine(own, 0, &[(segments * distances, rows), (2, 0), (rows, 1)]);
            let partners = self.gather_affine(
                twice,
                rows - 1,
                &[
                    (segments, 2 * rows * distances),
                    (distances, 2 * rows - 1),
                    (rows, 1),
                ],
            );
            let gained = self.plain(linear(vec![1, minus], 0), &[own, partners], number(round));
            let by_row = [(segments, distances * rows), (rows, 1), (distances, rows)];
            let gained = self.gather_affine(gained, 0, &by_row);
            terms.push(self.sum_lanes(gained, segments * rows));
        }
        if opposite > 0 {
            let first = self.slice(before, round, segments * opposite);
            let info = self.info(first);
            let second = self.plain(linear(vec![minus], 1), &[first], info);
            let both = self.concat(&[first, second]);
            let by_row = [
                (segments, opposite),
                (2, segments * opposite),
                (opposite, 1),
            ];
            terms.push(self.gather_affine(both, 0, &by_row));
        }
        if segments > 1 {
            let first = self.constant(runs.places().scalar, runs.first_places());
            terms.push(self.to(first, runs.places().domain));
        }
        // Of each distance one row is a partner.
        let op = linear(vec![1; terms.len()], Word::from(distances) & minus);
        self.plain(op, &terms, runs.places())
    }

    /// For each pair, whether the partner comes before the row. Pairs of a distance follow each other, then those of the next, run
    /// after run; those that are opposite stand at the end.
    fn partners_before(&mut self, keys: &[ValueId], runs: Runs, apart: Apart) -> ValueId {
        let Runs { segments, rows } = runs;
        let size = Scalar::USIZE;
        let affine = |start: u64, dims: &[(u64, u64)]| ConstVec::Affine {
            start: Word::from(start),
            dims: dims
                .iter()
                .map(|&(n, step)| (n, Word::from(step)))
                .collect(),
        };
        let (mut own, mut partner) = (Vec::new(), Vec::new());
        let public = Domain::Public;
        let n = apart.distances;
        if n > 0 {
            own.push(self.constant(size, affine(0, &[(segments, rows), (n, 0), (rows, 1)])));
            let further = affine(1, &[(segments, 0), (n, 1), (rows, 1)]);
            let further = self.constant(size, further);
            let round = self.splat(size, segments * n * rows, Word::from(rows));
            // Modulo the rows without a division: what has not gone round wraps to more than any place.
            let back = self.word(public, WordOp::Sub, size, size, &[further, round]);
            let place = self.word(public, WordOp::Min, size, size, &[further, back]);
            let first = affine(0, &[(segments, rows), (n, 0), (rows, 0)]);
            let first = self.constant(size, first);
            partner.push(self.word(public, WordOp::Add, size, size, &[place, first]));
        }
        if apart.opposite > 0 {
            let halves = [(segments, rows), (apart.opposite, 1)];
            own.push(self.constant(size, affine(0, &halves)));
            partner.push(self.constant(size, affine(apart.opposite, &halves)));
        }
        let (own, partner) = (self.concat(&own), self.concat(&partner));
        let lower = self.word(public, WordOp::Min, size, size, &[own, partner]);
        let upper = self.word(public, WordOp::Max, size, size, &[own, partner]);
        for index in [lower, upper] {
            self.known[index.index()].indexes_safely = true;
        }
        let mut comes: Option<ValueId> = None;
        for &key in keys.iter().rev() {
            let scalar = self.info(key).scalar;
            let (a, b) = (self.gather(key, upper, 1), self.gather(key, lower, 1));
            let bit = |s: &mut Self, op: WordOp, from: Scalar, args: &[ValueId]| {
                s.word(Domain::Boolean, op, from, Scalar::Bool, args)
            };
            let less = bit(self, WordOp::Lt, scalar, &[a, b]);
            comes = Some(match comes {
                None => less,
                Some(rest) => {
                    let equal = bit(self, WordOp::Eq, scalar, &[a, b]);
                    let tie = bit(self, WordOp::And, Scalar::Bool, &[equal, rest]);
                    bit(self, WordOp::Xor, Scalar::Bool, &[less, tie])
                }
            });
        }
        // Whether the upper row comes before the lower one; which of the two is the partner, all know.
        let swapped = self.word(public, WordOp::Lt, size, Scalar::Bool, &[partner, own]);
        let lanes = self.info(swapped).lanes;
        let comes = comes.unwrap_or_else(|| self.splat(Scalar::Bool, lanes, 0));
        self.word(
            Domain::Boolean,
            WordOp::Xor,
            Scalar::Bool,
            Scalar::Bool,
            &[comes, swapped],
        )
    }
}
