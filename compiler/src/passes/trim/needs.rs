//! Which lanes of each value are asked for, from the last operation to the first.

use super::{Need, within};
use crate::ir::{Ir, Node, Op, Reducer, Region};
use crate::passes::constants::normal;
use crate::passes::constants::vectors::sets::ascends;
use crate::passes::constants::vectors::{gather, hull, lane_indices};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{ConstVec, Scalar, Word};
use std::rc::Rc;

/// Sets of more lanes are not put together lane by lane.
const MAX_LISTED: u64 = 1 << 13;

pub struct Survey<'a> {
    ir: &'a Ir,
    constants: SortedMap<ValueId, &'a ConstVec>,
    pub needs: SortedMap<ValueId, Need>,
}

impl<'a> Survey<'a> {
    /// The needs of a whole program.
    pub fn of(ir: &'a Ir) -> Self {
        let mut survey = Self {
            ir,
            constants: SortedMap::new(),
            needs: SortedMap::new(),
        };
        survey.collect(&ir.body);
        survey.region(&ir.body);
        survey
    }

    fn collect(&mut self, region: &'a Region) {
        for node in &region.nodes {
            if let Op::Const(words) = &node.op {
                self.constants.insert(node.results[0], words);
            }
            node.regions.iter().for_each(|inner| self.collect(inner));
        }
    }

    fn lanes(&self, id: ValueId) -> u64 {
        self.ir.values[id.index()].ty.lanes
    }

    /// The lanes that known indices of blocks stand for, if all of them are there.
    fn touched(&self, idx: ValueId, block: u64, of: ValueId) -> Option<ConstVec> {
        let scalar = self.ir.values[idx.index()].ty.scalar;
        let lanes = lane_indices(self.constants.get(&idx)?, scalar, block)?;
        let (_, last) = hull(&lanes, Scalar::USIZE)?;
        (last < Word::from(self.lanes(of))).then_some(lanes)
    }

    fn ask(&mut self, id: ValueId, mut need: Need) {
        // A few lanes less are not worth the moving.
        if let Need::Lanes(few) = &need
            && few.lanes() > self.lanes(id) - self.lanes(id).div_ceil(8)
        {
            need = Need::All;
        }
        let known = self.needs.entry(id).or_insert_with(|| need.clone());
        if *known != need {
            *known = both(known, &need);
        }
    }

    fn ask_all(&mut self, node: &Node) {
        node.args.iter().for_each(|&id| self.ask(id, Need::All));
    }

    /// Needs, from the last node to the first.
    fn region(&mut self, region: &Region) {
        region
            .results
            .iter()
            .for_each(|&id| self.ask(id, Need::All));
        for node in region.nodes.iter().rev() {
            for inner in &node.regions {
                self.region(inner);
            }
            let need = match node.results[..] {
                [result] => self.needs.get(&result).cloned(),
                _ => Some(Need::All),
            };
            match (&node.op, need) {
                // Nobody asks for it: it goes as a whole.
                (Op::Word(_) | Op::MakeSecret, None) => {}
                (Op::Word(op), Some(need)) => self.word(*op, node, &need),
                (Op::MakeSecret, Some(need)) => self.ask(node.args[0], need),
                (op, Some(need)) if self.moved(op, node, &need).is_some() => {}
                _ => self.ask_all(node),
            }
        }
    }

    fn word(&mut self, op: WordOp, node: &Node, need: &Need) {
        // What a known operand leaves of the others.
        let masks = super::masks(op, &node.args, |id| self.constants.get(&id).copied());
        for (i, &arg) in node.args.iter().enumerate() {
            let mut need = need.clone();
            for (operand, mask, truth) in &masks {
                if *operand == i {
                    need = within(&need, mask, *truth).unwrap_or(need);
                }
            }
            self.ask(arg, need);
        }
    }

    /// What is asked of the operands of an operation that moves lanes, or of which each result follows from few; `None` if all may be
    /// looked at.
    fn moved(&mut self, op: &Op, node: &Node, need: &Need) -> Option<()> {
        match (op, &node.args[..]) {
            (Op::Gather { block }, &[src, idx]) => {
                let from = self.touched(idx, *block, src)?;
                let from = match need {
                    Need::All => from,
                    Need::Lanes(lanes) => gather(&from, Scalar::USIZE, lanes, Scalar::USIZE, 1)?,
                };
                self.ask(src, Need::Lanes(Rc::new(ascending(from)?)));
            }
            (Op::Scatter { block }, &[dst, idx, val]) => {
                let to = self.touched(idx, *block, dst)?;
                let Need::Lanes(lanes) = need else {
                    return None;
                };
                let (asked, to) = (listed(lanes)?, listed(&to)?);
                let from =
                    (to.iter().zip(0..)).filter(|(lane, _)| asked.binary_search(lane).is_ok());
                self.ask(val, set(from.map(|(_, at)| at).collect()));
                self.ask(dst, need.clone());
            }
            (Op::Concat, args) => {
                let Need::Lanes(lanes) = need else {
                    return None;
                };
                let asked = listed(lanes)?;
                let mut start = 0;
                for &arg in args {
                    let end = start + Word::from(self.lanes(arg));
                    let inside = asked.iter().filter(|lane| (start..end).contains(*lane));
                    let inside = inside.map(|lane| lane - start).collect();
                    self.ask(arg, set(inside));
                    start = end;
                }
            }
            (
                Op::Reduce {
                    reducer: Reducer::Word(_),
                    segments,
                }
                | Op::Dot { segments },
                args,
            ) => {
                let Need::Lanes(lanes) = need else {
                    return None;
                };
                let per = self.lanes(args[0]).checked_div(*segments)?;
                (lanes.lanes().checked_mul(per)? <= MAX_LISTED).then_some(())?;
                let runs = lane_indices(lanes, Scalar::USIZE, per)?;
                for &arg in args {
                    self.ask(arg, Need::Lanes(Rc::new(runs.clone())));
                }
            }
            (&Op::ReadSecret { block, groups: 1 }, &[src, idx]) => {
                let part = Part::of(need, block)?;
                let elements = self.lanes(src) / block;
                (elements.checked_mul(part.offsets.len() as u64)? <= MAX_LISTED).then_some(())?;
                let asked = part.lanes(0..elements);
                self.ask(src, set(asked));
                self.ask(idx, Need::All);
            }
            (&Op::WriteSecret { block, groups: 1 }, &[dst, idx, val]) if self.lanes(idx) == 1 => {
                let part = Part::of(need, block)?;
                self.ask(dst, set(part.lanes(part.elements())));
                self.ask(val, set(part.offsets.clone()));
                self.ask(idx, Need::All);
            }
            _ => return None,
        }
        Some(())
    }
}

/// What is asked of elements of several lanes each.
#[derive(Debug, PartialEq)]
pub struct Part {
    /// The elements of which something is asked, ascending.
    pub of: Vec<Word>,
    /// Which lanes of an element are, ascending.
    pub offsets: Vec<Word>,
    block: Word,
}

impl Part {
    pub fn of(need: &Need, block: u64) -> Option<Self> {
        let Need::Lanes(lanes) = need else {
            return None;
        };
        let block = Word::from(block);
        let lanes = listed(lanes)?;
        let sorted = |mut words: Vec<Word>| {
            words.sort_unstable();
            words.dedup();
            words
        };
        let found = Self {
            of: sorted(lanes.iter().map(|lane| lane / block).collect()),
            offsets: sorted(lanes.iter().map(|lane| lane % block).collect()),
            block,
        };
        (!found.of.is_empty()).then_some(found)
    }

    /// From the first element to the last.
    pub fn elements(&self) -> std::ops::Range<u64> {
        let ends = |at: Option<&Word>| at.copied().unwrap_or(0) as u64;
        ends(self.of.first())..ends(self.of.last()) + 1
    }

    /// The lanes of such elements that are asked for.
    pub fn lanes(&self, elements: std::ops::Range<u64>) -> Vec<Word> {
        let elements = elements.map(|at| Word::from(at) * self.block);
        elements
            .flat_map(|start| self.offsets.iter().map(move |offset| start + offset))
            .collect()
    }

    /// As [`Part::lanes`], of these elements.
    pub fn lanes_of(&self, elements: &[Word]) -> Vec<Word> {
        let starts = elements.iter().map(|at| at * self.block);
        starts
            .flat_map(|start| self.offsets.iter().map(move |offset| start + offset))
            .collect()
    }
}

fn set(lanes: Vec<Word>) -> Need {
    let lanes = normal(ConstVec::Table(lanes), Scalar::USIZE);
    Need::Lanes(Rc::new(lanes))
}

fn listed(lanes: &ConstVec) -> Option<Vec<Word>> {
    (lanes.lanes() <= MAX_LISTED).then(|| lanes.words().map(|w| Word::from(w as u64)).collect())
}

/// Lanes in ascending order, each once.
fn ascending(lanes: ConstVec) -> Option<ConstVec> {
    if ascends(&lanes) {
        return Some(lanes);
    }
    let mut words = listed(&lanes)?;
    words.sort_unstable();
    words.dedup();
    Some(normal(ConstVec::Table(words), Scalar::USIZE))
}

/// What two ask for.
fn both(a: &Need, b: &Need) -> Need {
    let (Need::Lanes(a), Need::Lanes(b)) = (a, b) else {
        return Need::All;
    };
    let (Some(mut all), Some(more)) = (listed(a), listed(b)) else {
        return Need::All;
    };
    all.extend(more);
    all.sort_unstable();
    all.dedup();
    set(all)
}
