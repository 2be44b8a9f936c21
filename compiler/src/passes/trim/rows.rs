//! Of a row at a secret place only the elements are read that somebody looks at.
//!
//! ```text
//! before: r = read_secret block=10 t, i              x = gather r, [3]
//! after:  c = gather t, [3, 13, 23, …]   d = read_secret block=1 c, i   r = scatter 0, [3], d   x = gather r, [3]
//! ```

use crate::ir::{Ir, Node, Op, Region, Ty};
use crate::passes::constants::vectors::lane_indices;
use crate::passes::rewrite::Walk;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// Longer rows are read whole.
const MAX_ROW: u64 = 1 << 12;

/// For each row that is read at a secret place, the lanes that are looked at, where they are known and not all.
pub fn looked_at(ir: &Ir) -> SortedMap<ValueId, SortedSet<Word>> {
    let mut survey = Survey {
        ir,
        constants: SortedMap::new(),
        rows: SortedMap::new(),
    };
    survey.find(&ir.body);
    if !survey.rows.is_empty() {
        survey.region(&ir.body);
    }
    let is_part = |row: &ValueId, lanes: &SortedSet<Word>| {
        !lanes.is_empty() && (lanes.len() as u64) < ir.values[row.index()].ty.lanes
    };
    survey.rows.retain(|row, lanes| is_part(row, lanes));
    survey.rows
}

struct Survey<'a> {
    ir: &'a Ir,
    constants: SortedMap<ValueId, &'a ConstVec>,
    rows: SortedMap<ValueId, SortedSet<Word>>,
}

impl<'a> Survey<'a> {
    fn find(&mut self, region: &'a Region) {
        for node in &region.nodes {
            match (&node.op, &node.results[..]) {
                (Op::Const(words), &[result]) => {
                    self.constants.insert(result, words);
                }
                (&Op::ReadSecret { block, groups: 1 }, &[result])
                    if (2..=MAX_ROW).contains(&block)
                        && self.ir.values[result.index()].ty.lanes == block =>
                {
                    self.rows.insert(result, SortedSet::new());
                }
                _ => {}
            }
            node.regions.iter().for_each(|inner| self.find(inner));
        }
    }

    fn region(&mut self, region: &Region) {
        for node in &region.nodes {
            for (i, arg) in node.args.iter().enumerate() {
                if !self.rows.contains_key(arg) {
                    continue;
                }
                match self.picked(node).filter(|_| i == 0) {
                    Some(lanes) => {
                        if let Some(row) = self.rows.get_mut(arg) {
                            row.extend(lanes.words());
                        }
                    }
                    None => self.whole(*arg),
                }
            }
            node.regions.iter().for_each(|inner| self.region(inner));
        }
        region.results.iter().for_each(|&id| self.whole(id));
    }

    /// All of a row is looked at.
    fn whole(&mut self, row: ValueId) {
        self.rows.remove(&row);
    }

    /// The lanes that an operation takes of its first operand, if that is all that it does.
    fn picked(&self, node: &Node) -> Option<ConstVec> {
        let (&Op::Gather { block }, &[src, idx]) = (&node.op, &node.args[..]) else {
            return None;
        };
        let scalar = self.ir.values[idx.index()].ty.scalar;
        let lanes = lane_indices(self.constants.get(&idx)?, scalar, block)?;
        let len = Word::from(self.ir.values[src.index()].ty.lanes);
        let all_there = lanes.words().all(|lane| lane < len);
        all_there.then_some(lanes)
    }
}

/// A read of a row with these of its lanes alone; the others hold a word that what is known of the row allows.
pub fn narrowed(walk: &mut Walk, node: &Node, lanes: &SortedSet<Word>) -> Option<ValueId> {
    let (&Op::ReadSecret { block, groups: 1 }, &[src, idx], &[result]) =
        (&node.op, &node.args[..], &node.results[..])
    else {
        return None;
    };
    let ty = walk.ty(result);
    let n = lanes.len() as u64;
    let rows = walk.ty(src).lanes / block;
    (rows.checked_mul(n)? <= 1 << 20).then_some(())?;
    let all =
        (0..rows).flat_map(|row| lanes.iter().map(move |lane| Word::from(row * block) + lane));
    let all = walk.constant_value(Scalar::USIZE, ConstVec::Table(all.collect()));
    let part = walk.gather(src, all, 1);
    let op = Op::ReadSecret {
        block: n,
        groups: 1,
    };
    let few = walk.emit(op, vec![part, idx], Ty { lanes: n, ..ty });
    let range = walk.all_values()[result.index()].range;
    walk.note_range(few, range);
    let word = range.map_or(0, |range| 0.clamp(range.lo, range.hi));
    let rest = walk.splat_of(ty, ty.scalar.wrap(word as Word));
    let at = ConstVec::Table(lanes.iter().copied().collect());
    let at = walk.constant_value(Scalar::USIZE, at);
    let row = walk.scatter(rest, at, few, 1);
    Some(walk.with_secrecy(row, ty.secret))
}
