//! Lanes that nobody asks for are not computed.
//!
//! ```text
//! before: v2 = eq a, b            (9 lanes)   v3 = and v2, [0, 1, 1, 0, 0, 1, 0, 0, 0]
//! after:  v2 = eq a[1, 2, 5], b[1, 2, 5]      v3 = scatter false, [1, 2, 5], v2
//! ```
//!
//! Loops whose iterations differ in length, and branches that are known beforehand, become lanes for all iterations alike, with
//! a mask behind them. The mask says which lanes are asked for, and what leads to it lane by lane is computed for those. Their
//! places are constants, so that moving the lanes there and back is wiring.

pub mod columns;
mod rows;

use super::algebra::identity;
use super::algebra::wiring::is_distinct_words;
use super::constants::vectors::sets::chosen;
use super::constants::vectors::{SHORT, gather};
use super::constants::{Constants, normal};
use super::rewrite::{Rule, Walk, rewrite};
use super::{Outcome, has};
use crate::ir::{Ir, Node, Op, Reducer, Region, Ty};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::value::{ConstVec, Scalar, Word};
use std::rc::Rc;

/// The pass.
pub fn run(ir: Ir) -> Outcome {
    let mut survey = Survey {
        ir: &ir,
        constants: SortedMap::new(),
        needs: SortedMap::new(),
    };
    survey.collect(&ir.body);
    survey.region(&ir.body);
    let needs = survey.needs;
    let few = needs.into_iter().filter_map(|(id, need)| match need {
        Need::All => None,
        Need::Lanes(lanes) => Some((id, lanes)),
    });
    let needs: SortedMap<ValueId, Rc<ConstVec>> = few.collect();
    let at_secret = |op: &Op| matches!(op, Op::ReadSecret { .. } | Op::WriteSecret { .. });
    let rows = rows::looked_at(&ir);
    if needs.is_empty() && !has(&ir.body, at_secret) {
        return Outcome {
            ir,
            changed: false,
            applied_rules: false,
        };
    }
    let places = Vec::new();
    let mut trim = Trim {
        needs,
        rows,
        places,
    };
    rewrite(ir, true, &mut trim)
}

/// Which lanes of a value are asked for.
#[derive(Clone, Debug, PartialEq)]
enum Need {
    All,
    /// These, ascending.
    Lanes(Rc<ConstVec>),
}

struct Survey<'a> {
    ir: &'a Ir,
    constants: SortedMap<ValueId, &'a ConstVec>,
    needs: SortedMap<ValueId, Need>,
}

impl<'a> Survey<'a> {
    fn collect(&mut self, region: &'a Region) {
        for node in &region.nodes {
            if let Op::Const(words) = &node.op {
                self.constants.insert(node.results[0], words);
            }
            node.regions.iter().for_each(|inner| self.collect(inner));
        }
    }

    fn ask(&mut self, id: ValueId, need: Need) {
        let known = self.needs.entry(id).or_insert_with(|| need.clone());
        if *known != need {
            *known = Need::All;
        }
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
                _ => node.args.iter().for_each(|&id| self.ask(id, Need::All)),
            }
        }
    }

    fn word(&mut self, op: WordOp, node: &Node, need: &Need) {
        let lanes = self.ir.values[node.results[0].index()].ty.lanes;
        // What a known operand leaves of the others.
        let ty = |id: ValueId| self.ir.values[id.index()].ty;
        let masks = masks(op, &node.args, ty, |id| self.constants.get(&id).copied());
        for (i, &arg) in node.args.iter().enumerate() {
            let mut need = need.clone();
            for (operand, mask, truth) in &masks {
                if *operand == i {
                    need = within(&need, mask, *truth).unwrap_or(need);
                }
            }
            // A few lanes less are not worth the moving.
            if let Need::Lanes(few) = &need
                && few.lanes() > lanes / 8 * 7
            {
                need = Need::All;
            }
            self.ask(arg, need);
        }
    }
}

/// For operands of which some lanes make no difference: which operand, and a mask with its truth that says where it does.
fn masks<'c>(
    op: WordOp,
    args: &[ValueId],
    ty: impl Fn(ValueId) -> Ty,
    constant: impl Fn(ValueId) -> Option<&'c ConstVec>,
) -> Vec<(usize, &'c ConstVec, bool)> {
    let varied =
        |id: ValueId| constant(id).filter(|words| !matches!(words, ConstVec::Splat { .. }));
    match (op, args) {
        (WordOp::Select, &[c, _, _]) => {
            varied(c).map_or(vec![], |mask| vec![(1, mask, true), (2, mask, false)])
        }
        // Of wider words each bit is a mask of its own.
        (WordOp::And | WordOp::Or, &[a, b]) if ty(a).scalar == Scalar::Bool => [(0, b), (1, a)]
            .into_iter()
            .filter_map(|(other, id)| Some((other, varied(id)?, op == WordOp::And)))
            .collect(),
        _ => vec![],
    }
}

/// The lanes of a need at which a mask is as wanted; `None` if they cannot be listed.
fn within(need: &Need, mask: &ConstVec, truth: bool) -> Option<Need> {
    let usize_ = Scalar::USIZE;
    let found = match need {
        Need::All => chosen(mask, truth)?,
        Need::Lanes(lanes) => {
            let there = normal(gather(mask, Scalar::Bool, lanes, usize_, 1)?, Scalar::Bool);
            normal(
                gather(lanes, usize_, &chosen(&there, truth)?, usize_, 1)?,
                usize_,
            )
        }
    };
    Some(Need::Lanes(Rc::new(found)))
}

struct Trim {
    needs: SortedMap<ValueId, Rc<ConstVec>>,
    /// Of rows at secret places, the lanes that are looked at.
    rows: SortedMap<ValueId, SortedSet<Word>>,
    /// Places as values: at which depth, which, and the value.
    places: Vec<(usize, Rc<ConstVec>, ValueId)>,
}

impl Trim {
    /// Places as a value that is visible here.
    fn place(&mut self, walk: &mut Walk, lanes: &Rc<ConstVec>) -> ValueId {
        let depth = walk.depth();
        let known = self.places.iter().find(|(at, words, id)| {
            *at == depth && words == lanes && walk.constant(*id) == Some(&**lanes)
        });
        if let Some((_, _, id)) = known {
            return *id;
        }
        let id = walk.constant_value(Scalar::USIZE, (**lanes).clone());
        self.places.push((depth, lanes.clone(), id));
        id
    }

    /// The value with only the given lanes of it computed; the others hold a word.
    fn few(
        &mut self,
        walk: &mut Walk,
        node: &Node,
        op: WordOp,
        lanes: &Rc<ConstVec>,
        word: Word,
    ) -> ValueId {
        let ty = walk.ty(node.results[0]);
        let rest = walk.splat_of(ty, word);
        if lanes.lanes() == 0 {
            return rest;
        }
        let at = self.place(walk, lanes);
        let args: Vec<ValueId> = node.args.iter().map(|&id| walk.gather(id, at, 1)).collect();
        let small = Ty {
            lanes: lanes.lanes(),
            ..ty
        };
        let range = walk.all_values()[node.results[0].index()].range;
        let small = walk.emit(Op::Word(op), args, small);
        walk.note_range(small, range);
        walk.scatter(rest, at, small, 1)
    }
}

impl Rule for Trim {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        let op = match (&node.op, &node.results[..]) {
            (Op::Word(op), [result]) if walk.ty(*result).secret => *op,
            (Op::ReadSecret { .. } | Op::WriteSecret { .. }, &[result]) => {
                let row = |walk: &mut Walk| rows::narrowed(walk, &node, self.rows.get(&result)?);
                let found = columns::narrowed(walk, &node.op, &node.args);
                match found.or_else(|| row(walk)) {
                    Some(id) => walk.replace(result, id),
                    None => Constants.node(walk, node),
                }
                return;
            }
            (
                Op::Reduce {
                    reducer: Reducer::Word(op),
                    segments: 1,
                },
                [result],
            ) => {
                if let Some(all) = without_identity(walk, *op, node.args[0]) {
                    let total = walk.reduce(*op, all, 1);
                    walk.replace(*result, total);
                    return;
                }
                return Constants.node(walk, node);
            }
            _ => return Constants.node(walk, node),
        };
        let result = node.results[0];
        if walk.ty(result).lanes <= SHORT.min(8) {
            return Constants.node(walk, node);
        }
        let found = match self.needs.get(&result).cloned() {
            Some(lanes) => {
                // The other lanes hold something that what is known of the value allows.
                let range = walk.all_values()[result.index()].range;
                let word = range.map_or(0, |range| 0.clamp(range.lo, range.hi));
                let word = walk.ty(result).scalar.wrap(word as Word);
                Some(self.few(walk, &node, op, &lanes, word))
            }
            None => self
                .masked(walk, &node, op)
                .or_else(|| lifted(walk, &node, op)),
        };
        match found {
            Some(id) => {
                let secret = walk.with_secrecy(id, true);
                walk.replace(result, secret);
            }
            None => Constants.node(walk, node),
        }
    }
}

impl Trim {
    /// A choice by a known mask between something and one word, as that word with some lanes replaced.
    fn masked(&mut self, walk: &mut Walk, node: &Node, op: WordOp) -> Option<ValueId> {
        let (mask, truth, word) = match (op, &node.args[..]) {
            (WordOp::Select, &[c, a, b]) => match (walk.splat(a), walk.splat(b)) {
                (None, Some(word)) => (c, true, word),
                (Some(word), None) => (c, false, word),
                _ => return None,
            },
            (WordOp::And | WordOp::Or, &[a, b]) if walk.ty(a).scalar == Scalar::Bool => {
                let mask = if walk.constant(a).is_some() { a } else { b };
                // Where the mask does not say what comes of it.
                (mask, op == WordOp::And, Word::from(op == WordOp::Or))
            }
            _ => return None,
        };
        let words = walk.constant(mask)?;
        if matches!(words, ConstVec::Splat { .. }) {
            return None;
        }
        let lanes = chosen(words, truth)?;
        (lanes.lanes() <= words.lanes() / 8 * 7).then_some(())?;
        Some(self.few(walk, node, op, &Rc::new(lanes), word))
    }
}

/// One word with some lanes replaced.
struct Replaced {
    word: Word,
    places: ValueId,
    values: ValueId,
}

fn replaced(walk: &Walk, id: ValueId) -> Option<Replaced> {
    let (Op::Scatter { block: 1 }, &[rest, places, values]) = walk.simple(id)? else {
        return None;
    };
    let word = walk.splat(rest)?;
    is_distinct_words(walk.constant(places)?).then_some(Replaced {
        word,
        places,
        values,
    })
}

/// An operation on one word with some lanes replaced is done on that word and on those lanes.
fn lifted(walk: &mut Walk, node: &Node, op: WordOp) -> Option<ValueId> {
    let mut varied = (node.args.iter().enumerate()).filter(|(_, id)| walk.splat(**id).is_none());
    let (Some((at, &id)), None) = (varied.next(), varied.next()) else {
        return None;
    };
    let Replaced {
        word,
        places,
        values,
    } = replaced(walk, id)?;
    let ty = walk.ty(node.results[0]);
    let lanes = walk.ty(values).lanes;
    let mut words = Vec::with_capacity(node.args.len());
    let mut args = Vec::with_capacity(node.args.len());
    for (i, &arg) in node.args.iter().enumerate() {
        if i == at {
            words.push(word);
            args.push(values);
            continue;
        }
        let splat = walk.splat(arg)?;
        words.push(splat);
        let arg_ty = walk.ty(arg);
        args.push(walk.splat_of(
            Ty {
                lanes,
                secret: false,
                ..arg_ty
            },
            splat,
        ));
    }
    let from = walk.ty(node.args[usize::from(op == WordOp::Select)]).scalar;
    let rest = walk.splat_of(ty, op.eval(from, ty.scalar, &words));
    let few = walk.emit(Op::Word(op), args, Ty { lanes, ..ty });
    Some(walk.scatter(rest, places, few, 1))
}

/// What is left to reduce where all other lanes hold the word that changes nothing.
fn without_identity(walk: &Walk, op: WordOp, id: ValueId) -> Option<ValueId> {
    let found = replaced(walk, id)?;
    (identity(op, walk.ty(id).scalar) == Some(found.word)).then_some(found.values)
}
