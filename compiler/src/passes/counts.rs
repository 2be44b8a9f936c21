//! Loops whose number of iterations follows from the loops around them get one number that serves all their runs.
//!
//! ```text
//! before: loop 9 { (i) c = sub 8, i   s' = loop c s { (k, x) … yield y } }
//! after:  loop 9 { (i) c = sub 8, i   s' = loop 8 s { (k, x) r = lt k, c   z = if r { … yield y } else { yield x }   yield z } }
//! ```
//!
//! Such a number is known for every iteration of the loops around when the program is compiled: it is computed for all of them
//! at once, as a vector with a lane per iteration. A triangular loop then becomes lanes as a square one does, and what it
//! costs is known before it runs. Numbers that follow from revealed values stay as they are.

use super::Outcome;
use super::constants::{normal, vectors};
use crate::hir::Range;
use crate::ir::{Ir, Node, Op, Region, Ty, Value};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// The pass.
pub fn run(mut ir: Ir) -> Outcome {
    let mut needed = SortedSet::new();
    collect(&ir.body, &mut needed);
    let mut changed = false;
    if !needed.is_empty() {
        let mut counts = Counts {
            values: std::mem::take(&mut ir.values),
            needed,
            tables: SortedMap::new(),
            levels: vec![Level {
                iterations: Some(1),
                known: SortedMap::new(),
            }],
            arms: Vec::new(),
            conditions: Vec::new(),
            changed: false,
        };
        counts.region(&mut ir.body);
        changed = counts.changed;
        ir.values = counts.values;
    }
    Outcome {
        ir,
        changed,
        applied_rules: false,
    }
}

/// The values from which numbers of iterations are computed.
fn collect(region: &Region, needed: &mut SortedSet<ValueId>) {
    for node in region.nodes.iter().rev() {
        if node.op == (Op::Loop { count: None }) {
            needed.insert(node.args[0]);
        }
        let wanted: Vec<usize> = (0..node.results.len())
            .filter(|&k| needed.contains(&node.results[k]))
            .collect();
        match &node.op {
            _ if wanted.is_empty() => {}
            Op::If => {
                needed.insert(node.args[0]);
                for arm in &node.regions {
                    needed.extend(wanted.iter().map(|&k| arm.results[k]));
                }
            }
            _ if node.regions.is_empty() => needed.extend(&node.args),
            _ => {}
        }
        for inner in &node.regions {
            collect(inner, needed);
        }
    }
}

/// Whether a region has loops whose number of iterations is computed.
fn has_open_ended(region: &Region) -> bool {
    region.any(&mut |node| node.op == (Op::Loop { count: None }))
}

/// A loop around the present place.
struct Level {
    /// How often its body runs, all runs of the loop together, iterations that are alike once; `None` if that is known only while running.
    iterations: Option<u64>,
    /// Public single lanes, with a lane per iteration.
    known: SortedMap<ValueId, ConstVec>,
}

struct Counts {
    values: Vec<Value>,
    needed: SortedSet<ValueId>,
    /// Constants of several lanes.
    tables: SortedMap<ValueId, ConstVec>,
    levels: Vec<Level>,
    /// For each branch around the present place, by the number of levels there: in which iterations it is taken.
    arms: Vec<(usize, ConstVec)>,
    /// The conditions of those branches, and what each must be.
    conditions: Vec<(ValueId, bool)>,
    changed: bool,
}

impl Counts {
    fn region(&mut self, region: &mut Region) {
        for node in &mut region.nodes {
            self.node(node);
        }
    }

    fn node(&mut self, node: &mut Node) {
        match node.op {
            Op::Loop { count: Some(n) } => self.counted(node, n),
            Op::Loop { count: None } => self.open_ended(node),
            Op::If => self.branch(node),
            _ if node.regions.is_empty() => self.simple(node),
            _ => {
                // What a `while` or a reduction's operator computes differs from run to run.
                for inner in &mut node.regions {
                    self.level(None, None, inner);
                }
            }
        }
    }

    /// A region that runs so many times for each iteration of the present level.
    fn level(&mut self, times: Option<u64>, counter: Option<ValueId>, region: &mut Region) {
        let around = self.iterations();
        // Where no number follows from the counter all iterations are alike.
        let alike = counter.is_some_and(|counter| !self.needed.contains(&counter));
        let times = times.map(|times| if alike { times.min(1) } else { times });
        let iterations = around.zip(times).and_then(|(a, b)| a.checked_mul(b));
        let mut known = SortedMap::new();
        if let (Some(counter), Some(around), Some(n), Some(_)) =
            (counter, around, times, iterations)
        {
            let dims = vec![(around, 0), (n, 1)];
            let words = ConstVec::Affine { start: 0, dims };
            known.insert(counter, normal(words, Scalar::USIZE));
        }
        self.levels.push(Level { iterations, known });
        self.region(region);
        self.levels.pop();
    }

    fn iterations(&self) -> Option<u64> {
        self.levels.last().and_then(|level| level.iterations)
    }

    /// A public lane's value in every iteration of the present level.
    fn look(&self, id: ValueId) -> Option<ConstVec> {
        let known = (self.levels.iter().enumerate()).rev();
        let (depth, words) = known
            .filter_map(|(depth, level)| Some((depth, level.known.get(&id)?)))
            .next()?;
        self.spread(depth, words, self.values[id.index()].ty.scalar)
    }

    /// What is known in each iteration of a level, in each of the present one.
    fn spread(&self, depth: usize, words: &ConstVec, scalar: Scalar) -> Option<ConstVec> {
        let (from, to) = (self.levels[depth].iterations?, self.iterations()?);
        if from == to {
            return Some(words.clone());
        }
        let dims = vec![(from, 1), (to.checked_div(from)?, 0)];
        let idx = normal(ConstVec::Affine { start: 0, dims }, Scalar::USIZE);
        let found = vectors::gather(words, scalar, &idx, Scalar::USIZE, 1)?;
        Some(normal(found, scalar))
    }

    fn note(&mut self, id: ValueId, words: Option<ConstVec>) {
        let scalar = self.values[id.index()].ty.scalar;
        if let (Some(words), Some(level)) = (words, self.levels.last_mut()) {
            level.known.insert(id, normal(words, scalar));
        }
    }

    fn simple(&mut self, node: &Node) {
        let &[result] = &node.results[..] else { return };
        let (ty, Some(iterations)) = (self.values[result.index()].ty, self.iterations()) else {
            return;
        };
        if !self.needed.contains(&result) || ty.secret {
            return;
        }
        if let Op::Const(words) = &node.op
            && ty.lanes != 1
        {
            self.tables.insert(result, words.clone());
            return;
        }
        if ty.lanes != 1 {
            return;
        }
        let scalar = |id: ValueId| self.values[id.index()].ty.scalar;
        let words = match &node.op {
            Op::Const(words) => Some(ConstVec::Splat {
                lanes: iterations,
                word: words.get(0),
            }),
            Op::Word(op) => {
                let args: Option<Vec<ConstVec>> =
                    node.args.iter().map(|&id| self.look(id)).collect();
                let from = scalar(node.args[usize::from(*op == WordOp::Select)]);
                let amount = (node.args.len() == 2).then(|| scalar(node.args[1]));
                args.and_then(|args| {
                    let args: Vec<&ConstVec> = args.iter().collect();
                    vectors::word(*op, from, ty.scalar, amount, &args)
                })
            }
            Op::Gather { block: 1 } => {
                let (table, idx) = (self.tables.get(&node.args[0]), self.look(node.args[1]));
                table.zip(idx).and_then(|(table, idx)| {
                    vectors::gather(table, ty.scalar, &idx, scalar(node.args[1]), 1)
                })
            }
            _ => None,
        };
        self.note(result, words);
    }

    fn branch(&mut self, node: &mut Node) {
        let cond = self.look(node.args[0]);
        for (arm, region) in node.regions.iter_mut().enumerate() {
            let taken = cond.as_ref().and_then(|cond| match arm {
                0 => Some(cond.clone()),
                _ => self.over(WordOp::Not, Scalar::Bool, &[cond]),
            });
            let n = self.arms.len();
            if let Some(taken) = taken {
                self.arms.push((self.levels.len() - 1, taken));
            }
            self.conditions.push((node.args[0], arm == 0));
            self.region(region);
            self.conditions.pop();
            self.arms.truncate(n);
        }
        for (k, &result) in node.results.iter().enumerate() {
            let ty = self.values[result.index()].ty;
            if !self.needed.contains(&result) || ty.secret || ty.lanes != 1 {
                continue;
            }
            let arms = (0..2).map(|arm| self.look(node.regions[arm].results[k]));
            let arms: Option<Vec<ConstVec>> = arms.collect();
            let chosen = cond.as_ref().zip(arms).and_then(|(cond, arms)| {
                self.over(WordOp::Select, ty.scalar, &[cond, &arms[0], &arms[1]])
            });
            self.note(result, chosen);
        }
    }

    /// An operation that keeps its operands' type.
    fn over(&self, op: WordOp, scalar: Scalar, args: &[&ConstVec]) -> Option<ConstVec> {
        Some(normal(
            vectors::word(op, scalar, scalar, None, args)?,
            scalar,
        ))
    }

    fn counted(&mut self, node: &mut Node, n: u64) {
        let body = &mut node.regions[0];
        let counter = body.params[0];
        self.level(Some(n), Some(counter), body);
    }

    /// A loop with a computed number of iterations.
    fn open_ended(&mut self, node: &mut Node) {
        let count = node.args[0];
        let Some((least, most)) = self.extremes(count) else {
            return self.level(None, None, &mut node.regions[0]);
        };
        self.changed = true;
        node.args.remove(0);
        node.op = Op::Loop { count: Some(most) };
        if most == 0 {
            return;
        }
        if least == most {
            return self.counted(node, most);
        }
        let body = &mut node.regions[0];
        let counter = body.params[0];
        self.values[counter.index()].range = Some(Range {
            lo: 0,
            hi: i128::from(most) - 1,
        });
        self.forget(body, &mut SortedSet::from([counter]));
        let fresh = |values: &mut Vec<Value>, ty: Ty| {
            values.push(Value { ty, range: None });
            ValueId::new(values.len() - 1)
        };
        let truth = Ty {
            scalar: Scalar::Bool,
            lanes: 1,
            secret: false,
        };
        let carried: Vec<ValueId> = body.params[1..].to_vec();
        let results: Vec<ValueId> = (carried.iter())
            .map(|id| {
                let ty = self.values[id.index()].ty;
                fresh(&mut self.values, ty)
            })
            .collect();
        let inner = Region {
            params: Vec::new(),
            nodes: std::mem::take(&mut body.nodes),
            results: std::mem::replace(&mut body.results, results.clone()),
        };
        let idle = Region {
            params: Vec::new(),
            nodes: Vec::new(),
            results: carried,
        };
        let at = |op, args, results, regions| Node {
            op,
            args,
            results,
            regions,
            span: node.span,
            protocol: node.protocol,
        };
        // Where the loop is not reached its number may be anything.
        let word = |op, args, result| at(Op::Word(op), args, vec![result], vec![]);
        let mut runs = fresh(&mut self.values, truth);
        if has_open_ended(&inner) {
            self.needed.extend([runs, counter, count]);
        }
        body.nodes = vec![word(WordOp::Lt, vec![counter, count], runs)];
        if let Some(&(mut cond, holds)) = self.conditions.last() {
            if !holds {
                let not = fresh(&mut self.values, truth);
                body.nodes.push(word(WordOp::Not, vec![cond], not));
                cond = not;
            }
            let both = fresh(&mut self.values, truth);
            body.nodes.push(word(WordOp::And, vec![runs, cond], both));
            if has_open_ended(&inner) {
                self.needed.extend([cond, both]);
            }
            runs = both;
        }
        body.nodes
            .push(at(Op::If, vec![runs], results, vec![inner, idle]));
        self.counted(node, most);
    }

    /// The smallest and the largest number among all iterations in which the loop is reached.
    fn extremes(&self, count: ValueId) -> Option<(u64, u64)> {
        let words = self.look(count)?;
        let scalar = self.values[count.index()].ty.scalar;
        let mut reached = words.clone();
        let mut always = true;
        for (depth, taken) in &self.arms {
            let taken = self.spread(*depth, taken, Scalar::Bool)?;
            let none = ConstVec::Splat {
                lanes: words.lanes(),
                word: 0,
            };
            always &= matches!(&taken, ConstVec::Splat { word: 1, .. });
            reached = self.over(WordOp::Select, scalar, &[&taken, &reached, &none])?;
        }
        let (lo, hi) = vectors::hull(&reached, scalar)?;
        let lo = if always {
            lo
        } else {
            vectors::hull(&words, scalar)?.0
        };
        let number = |word: Word| u64::try_from(word).ok();
        Some((number(lo)?, number(hi)?))
    }

    /// Ranges of what follows from a counter hold in the iterations that there were, not in those that are added.
    fn forget(&mut self, region: &Region, follows: &mut SortedSet<ValueId>) {
        for node in &region.nodes {
            for inner in &node.regions {
                if node.args.iter().any(|id| follows.contains(id)) {
                    follows.extend(&inner.params);
                }
                self.forget(inner, follows);
                if inner.results.iter().any(|id| follows.contains(id)) {
                    follows.extend(&node.results);
                }
            }
            if node.args.iter().any(|id| follows.contains(id)) {
                follows.extend(&node.results);
            }
            for id in &node.results {
                let value = &mut self.values[id.index()];
                if follows.contains(id) && !value.ty.secret {
                    value.range = None;
                }
            }
        }
    }
}
