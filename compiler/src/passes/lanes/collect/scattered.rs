//! Elements that a loop writes at any secret places of an array, the last one at each place: written together behind the loop.
//!
//! ```text
//! before: w' = loop N w { (i, w) p = gather ps, i   x = gather xs, i   u = write_secret w, p, x   yield u }
//! after:  w' = write_secret w, ps, xs
//! ```
//!
//! How they get there is decided with the sorts, by price (`sorts/writes`).

use super::rises::Conds;
use super::writes::Write;
use crate::ir::{Node, Op, Ty};
use crate::passes::lanes::spread;
use crate::passes::rewrite::Walk;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{ConstVec, Scalar, Word};
use smpcc_circuit::verify::MAX_LANES;

/// Shorter loops write one after the other.
const FEWEST: u64 = 8;

/// Arrays of equal length that are written at the same places.
#[derive(Debug)]
pub struct Scattered {
    /// Which carried value each is, its lanes per element, and what is written, first to last.
    arrays: Vec<(usize, u64, Vec<ValueId>)>,
    /// Where, and under which conditions besides.
    places: Vec<(ValueId, Conds)>,
    /// Elements of an array.
    len: u64,
}

/// Notes the writes of an array, if they are enough.
pub fn note(
    walk: &Walk,
    node: &Node,
    n: u64,
    k: usize,
    writes: &[Write],
    found: &mut Vec<Scattered>,
) {
    let block = writes[0].block;
    let len = walk.ty(node.args[k]).lanes / block;
    let Some(rows) = n.checked_mul(writes.len() as u64) else {
        return;
    };
    let lanes = rows.saturating_add(len).saturating_mul(block);
    if n < FEWEST
        || spread::is_short(len, block)
        || lanes > MAX_LANES
        || writes.iter().any(|write| write.block != block)
    {
        return;
    }
    let places: Vec<(ValueId, Conds)> = (writes.iter())
        .map(|write| (write.index, write.when.clone()))
        .collect();
    let array = (k, block, writes.iter().map(|write| write.value).collect());
    match (found.iter_mut()).find(|one| one.len == len && one.places == places) {
        Some(one) => one.arrays.push(array),
        None => found.push(Scattered {
            arrays: vec![array],
            places,
            len,
        }),
    }
}

impl Scattered {
    /// The arrays that leave the loop.
    pub fn arrays(&self) -> impl Iterator<Item = usize> {
        self.arrays.iter().map(|array| array.0)
    }

    /// All places and one behind them.
    fn scalar(&self) -> Scalar {
        Scalar::unsigned(u8::try_from(64 - self.len.leading_zeros()).unwrap_or(64))
    }

    /// What is carried to write it down, and lanes per iteration.
    pub fn tys(&self, walk: &Walk, node: &Node, n: u64) -> Vec<(Ty, u64)> {
        let mut tys = Vec::new();
        for _ in &self.places {
            let place = Ty {
                scalar: self.scalar(),
                lanes: n,
                secret: true,
            };
            tys.push((place, 1));
            for &(k, block, _) in &self.arrays {
                let ty = Ty {
                    lanes: n * block,
                    secret: true,
                    ..walk.ty(node.args[k])
                };
                tys.push((ty, block));
            }
        }
        tys
    }

    /// What is written down in one iteration.
    pub fn recorded(
        &self,
        walk: &mut Walk,
        renamed: &SortedMap<ValueId, ValueId>,
        out: &mut Vec<ValueId>,
    ) {
        for (at, (index, when)) in self.places.iter().enumerate() {
            let index = renamed.get(index).copied().unwrap_or(*index);
            let ty = walk.ty(index);
            let public = |scalar: Scalar| Ty {
                scalar,
                lanes: 1,
                secret: false,
            };
            let len = Word::from(self.len);
            let outside = walk.splat_of(public(self.scalar()), len);
            let mut place = walk.cast(index, self.scalar());
            if ty.scalar.mask() >= len {
                let limit = walk.splat_of(public(ty.scalar), len);
                let inside = walk.word(WordOp::Lt, &[index, limit]);
                place = walk.word(WordOp::Select, &[inside, place, outside]);
            }
            if !when.is_empty() {
                let when = when.emit(walk, renamed);
                place = walk.word(WordOp::Select, &[when, place, outside]);
            }
            out.push(place);
            for (_, _, values) in &self.arrays {
                out.push(renamed.get(&values[at]).copied().unwrap_or(values[at]));
            }
        }
    }

    /// The arrays after the loop.
    pub fn placed(
        &self,
        walk: &mut Walk,
        node: &Node,
        n: u64,
        recorded: &mut impl Iterator<Item = ValueId>,
    ) -> Option<Vec<(usize, ValueId)>> {
        let writes = self.places.len() as u64;
        let mut places = Vec::new();
        let mut values = vec![Vec::new(); self.arrays.len()];
        for _ in &self.places {
            places.push(recorded.next()?);
            for values in &mut values {
                values.push(recorded.next()?);
            }
        }
        // Iteration by iteration, write by write.
        let in_order = |walk: &mut Walk, parts: &[ValueId], block: u64| {
            let all = walk.concat(parts.to_vec());
            let dims = vec![
                (n, Word::from(block)),
                (writes, Word::from(n * block)),
                (block, 1),
            ];
            walk.gather_at(all, ConstVec::Affine { start: 0, dims })
        };
        let places = in_order(walk, &places, 1);
        let mut out = Vec::new();
        for (&(k, block, _), values) in self.arrays.iter().zip(&values) {
            let args = vec![node.args[k], places, in_order(walk, values, block)];
            let op = Op::WriteSecret { block, groups: 1 };
            let ty = Ty {
                secret: true,
                ..walk.ty(node.args[k])
            };
            out.push((k, walk.emit(op, args, ty)));
        }
        Some(out)
    }
}
