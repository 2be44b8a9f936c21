//! Words of a circuit while it is built, sums among them by what they add up, so that a sum of sums has one carry chain.
//!
//! ```text
//! t = h + k + w   e = d + t   a = t + u
//! ```
//!
//! In the depth form `e` and `a` come from heaps of four words each, and `t` has no carry chain unless something else needs
//! the word itself. A pass over the program sees one use at a time and guesses arrivals; here the level of every bit is known,
//! so sums are taken apart for exactly as long as the result comes earlier, through those that others use as well. A product
//! that is only added is the two rows of its partial products.
//!
//! A circuit is as deep as its longest chain, and beside that chain words may come later for fewer gates: once it is built, [`Slack`]
//! says when each sum is due, and it is built again.

mod compare;
mod slack;

pub(super) use slack::Slack;

use super::frame::{Logic, Micro, Work};
use crate::mix::Mix;
use crate::templates::{self, Objective, Planned, Term};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::template::{Builder, Lit};
use smpcc_circuit::value::Scalar;
use std::collections::{HashMap, HashSet};

/// Most terms that a sum others use is taken apart into; a sum of more serves by two words that add up to it.
const MOST_TERMS: usize = 16;
/// Narrower words have chains that are not much deeper than one full adder.
const NARROW: u32 = 8;
/// What a carry chain costs, in full adders a bit.
const CHAIN: usize = 4;

/// The values that a circuit has so far.
pub(super) struct Words<'s> {
    words: HashMap<ValueId, Vec<Lit>, Mix>,
    sums: HashMap<ValueId, Sum, Mix>,
    /// How often each value is an operand of the circuit's own logic.
    uses: HashMap<ValueId, u32, Mix>,
    /// Values that something else than a sum or a comparison needs.
    needed: HashSet<ValueId, Mix>,
    /// Where the gates of each step begin, and whose they are.
    bounds: Vec<usize>,
    owners: Vec<usize>,
    /// The step that is being written.
    at: usize,
    /// What a building before this one found.
    slack: Option<&'s Slack>,
    /// What this one finds: how the operands of each step were taken, and the sums whose words were built.
    ways: Ways,
    built: Vec<ValueId>,
    /// Sums that are compared: how they are taken apart follows from when they come.
    compared: HashSet<ValueId, Mix>,
}

/// How the operands of a step go into its sum, by step.
type Ways = HashMap<usize, Vec<As>, Mix>;

/// A sum by what it adds up, mod 2^width.
#[derive(Clone)]
struct Sum {
    width: u32,
    terms: Vec<Term>,
    /// Few words that have this sum, once they are built.
    rows: Option<Vec<Term>>,
    planned: Option<Planned>,
    /// The operation that makes the word as well, if nothing was taken apart.
    plain: Option<Plain>,
    /// The step that it belongs to.
    owner: usize,
}

/// An operation on words.
#[derive(Clone)]
struct Plain {
    op: WordOp,
    scalar: Scalar,
    args: Vec<Vec<Lit>>,
}

impl Plain {
    fn build(&self, b: &mut Builder) -> Vec<Lit> {
        let Self { op, scalar, args } = self;
        templates::word_op(b, *op, *scalar, *scalar, args, Objective::Depth)
    }

    /// The operation that makes the low bits of the result, if it is one.
    fn low(&self, width: u32) -> Option<Self> {
        if self.scalar.width() == width {
            return Some(self.clone());
        }
        // Low bits of a product are the product of low bits.
        (self.op == WordOp::Mul).then(|| Self {
            op: self.op,
            scalar: Scalar::unsigned(width as u8),
            args: self
                .args
                .iter()
                .map(|arg| resized(arg, width, false))
                .collect(),
        })
    }
}

/// One operand of a sum.
struct Operand {
    value: ValueId,
    negated: bool,
    /// How its bits are read.
    bits: u32,
    signed: bool,
    /// Whether it is known by what it adds up.
    is_sum: bool,
}

/// What is done with an operand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum As {
    Word,
    Rows,
    Terms,
}

impl<'s> Words<'s> {
    /// The words of a circuit with these steps, in whose results others look for `outputs`. With `slack` of a building before, sums
    /// come when they are due.
    pub(super) fn new(
        members: &[&Micro],
        outputs: &[ValueId],
        objective: Objective,
        slack: Option<&'s Slack>,
    ) -> Self {
        let mut uses = HashMap::default();
        let mut compared = HashSet::default();
        let mut needed: HashSet<ValueId, Mix> = outputs.iter().copied().collect();
        if objective == Objective::Depth {
            for m in members {
                let is =
                    |kind: fn(&Logic) -> bool| matches!(&m.work, Work::Logic(logic) if kind(logic));
                let compares = is(compare::compares);
                let takes = compares || is(adds);
                for &arg in &m.args {
                    if compares {
                        compared.insert(arg);
                    }
                    *uses.entry(arg).or_insert(0) += 1;
                    if !takes {
                        needed.insert(arg);
                    }
                }
            }
        }
        Self {
            words: HashMap::default(),
            sums: HashMap::default(),
            uses,
            needed,
            bounds: vec![0],
            owners: Vec::new(),
            at: 0,
            slack,
            ways: Ways::default(),
            built: Vec::new(),
            compared,
        }
    }

    pub(super) fn set(&mut self, value: ValueId, bits: Vec<Lit>) {
        self.words.insert(value, bits);
    }

    /// The bits of a value, built now if it is a sum that nothing needed so far.
    pub(super) fn get(&mut self, b: &mut Builder, value: ValueId) -> Option<Vec<Lit>> {
        if let Some(word) = self.words.get(&value) {
            return Some(word.clone());
        }
        let sum = self.sums.get_mut(&value)?;
        // Gates so far are the present step's; those of the sum belong to the step that it comes from.
        self.bounds.push(b.n_gates());
        self.owners.push(self.at);
        let by = self.slack.map_or(0, |slack| slack.due(value));
        let word = match &sum.plain {
            Some(plain) if by == 0 || plain.op == WordOp::Mul => plain.build(b),
            _ => {
                let (word, rows) = sum.plan(b).build(b, by);
                sum.rows = Some(rows);
                word
            }
        };
        self.bounds.push(b.n_gates());
        self.owners.push(sum.owner);
        self.built.push(value);
        self.words.insert(value, word.clone());
        Some(word)
    }

    /// Begins the gates of step `at`.
    pub(super) fn begin(&mut self, at: usize) {
        self.at = at;
    }

    /// Ends the gates of the present step.
    pub(super) fn end(&mut self, b: &Builder) {
        self.bounds.push(b.n_gates());
        self.owners.push(self.at);
    }

    /// Bounds of runs of gates, and the step that each run belongs to.
    pub(super) fn runs(self) -> (Vec<usize>, Vec<usize>) {
        (self.bounds, self.owners)
    }

    /// Takes note of a step that adds, in the depth form, and builds it if its word is needed; `false` if
    /// this is no such step. Operands that are not here are constants.
    pub(super) fn add(
        &mut self,
        b: &mut Builder,
        micro: &Micro,
        logic: &Logic,
        width: u32,
        literal: &dyn Fn(ValueId) -> Vec<Lit>,
    ) -> bool {
        let &[result] = &micro.results[..] else {
            return false;
        };
        if let Logic::Word {
            op: WordOp::Mul,
            from,
            ..
        } = logic
        {
            return self.multiply(b, micro, *from, literal);
        }
        let sum = if let Logic::Word {
            op: WordOp::Cast, ..
        } = logic
        {
            // The low bits of a sum are a sum.
            let known = micro.args.first().and_then(|arg| self.sums.get(arg));
            let Some(known) = known.filter(|known| adds(logic) && known.width >= width) else {
                return false;
            };
            if let Some(word) = self.words.get(&micro.args[0]) {
                let low = word[..word.len().min(width as usize)].to_vec();
                self.words.insert(result, low);
            }
            Sum {
                width,
                planned: known.planned.clone().filter(|_| known.width == width),
                plain: known.plain.as_ref().and_then(|plain| plain.low(width)),
                ..known.clone()
            }
        } else {
            match self.operands(micro, logic, width) {
                Some(operands) => self.add_up(b, operands, micro, logic, width, literal),
                None => return false,
            }
        };
        self.sums.insert(result, sum);
        if self.needed.contains(&result) {
            self.get(b, result);
        }
        true
    }

    /// Takes note of a product that nothing but one sum or comparison needs, as few words that add up to it.
    fn multiply(
        &mut self,
        b: &mut Builder,
        micro: &Micro,
        scalar: Scalar,
        literal: &dyn Fn(ValueId) -> Vec<Lit>,
    ) -> bool {
        let (&[result], [_, _]) = (&micro.results[..], &micro.args[..]) else {
            return false;
        };
        if self.needed.contains(&result) || !self.is_alone(result) || scalar.width() < 2 {
            return false;
        }
        let args: Vec<Vec<Lit>> = (micro.args.iter())
            .map(|&arg| self.get(b, arg).unwrap_or_else(|| literal(arg)))
            .collect();
        let terms = templates::product_rows(b, &args[0], &args[1]);
        let plain = Plain {
            op: WordOp::Mul,
            scalar,
            args,
        };
        let sum = Sum {
            width: scalar.width(),
            terms,
            rows: None,
            planned: None,
            plain: Some(plain),
            owner: self.at,
        };
        self.sums.insert(result, sum);
        true
    }

    /// What a step adds up, if it does.
    fn operands(&self, micro: &Micro, logic: &Logic, width: u32) -> Option<Vec<Operand>> {
        if !adds(logic) || width < 2 {
            return None;
        }
        let (bits, signed) = match logic {
            Logic::Sum { bits, signed } => (*bits, *signed),
            _ => (width, false),
        };
        let negated = |i: usize| match logic {
            Logic::Word { op, .. } => *op == WordOp::Neg || (*op == WordOp::Sub && i == 1),
            Logic::Difference => i > 0,
            _ => false,
        };
        let operand = |(i, &value): (usize, &ValueId)| Operand {
            value,
            negated: negated(i),
            bits,
            signed,
            is_sum: (self.sums.get(&value)).is_some_and(|sum| sum.width >= width),
        };
        Some(micro.args.iter().enumerate().map(operand).collect())
    }

    /// The sum of `operands`, of which those are taken apart that come too late otherwise or that nobody else uses.
    fn add_up(
        &mut self,
        b: &mut Builder,
        operands: Vec<Operand>,
        micro: &Micro,
        logic: &Logic,
        width: u32,
        literal: &dyn Fn(ValueId) -> Vec<Lit>,
    ) -> Sum {
        for operand in operands.iter().filter(|o| !o.is_sum) {
            if self.get(b, operand.value).is_none() {
                self.words.insert(operand.value, literal(operand.value));
            }
        }
        // What is late now was not when the ways were compared.
        let known = self.slack.and_then(|slack| slack.ways(self.at));
        let (ways, planned) = match known {
            Some(ways) => (ways.to_vec(), None),
            None => self.best_way(b, &operands, width),
        };
        self.ways.insert(self.at, ways.clone());
        for (operand, way) in operands.iter().zip(&ways) {
            if *way == As::Word {
                self.get(b, operand.value);
            }
        }
        let (terms, _) = self.terms(b, &operands, &ways);
        let plain = match logic {
            Logic::Word { op, from, .. } if ways.iter().all(|&way| way == As::Word) => {
                let args = micro.args.iter().filter_map(|arg| self.words.get(arg));
                Some(Plain {
                    op: *op,
                    scalar: *from,
                    args: args.cloned().collect(),
                })
            }
            _ => None,
        };
        Sum {
            width,
            terms,
            rows: None,
            planned,
            plain,
            owner: self.at,
        }
    }

    /// How each operand goes into the sum, and the plan if one was made.
    fn best_way(
        &mut self,
        b: &mut Builder,
        operands: &[Operand],
        width: u32,
    ) -> (Vec<As>, Option<Planned>) {
        let words = vec![As::Word; operands.len()];
        if !operands.iter().any(|o| o.is_sum) {
            return (words, None);
        }
        // Who else would use the word of an operand: nobody, and it can be had without its chain.
        let merged: Vec<As> = operands
            .iter()
            .map(|o| {
                if o.is_sum && self.is_alone(o.value) {
                    self.apart(o)
                } else {
                    As::Word
                }
            })
            .collect();
        let mut ways = vec![merged.clone()];
        let mut levels = Vec::with_capacity(operands.len());
        for (operand, way) in operands.iter().zip(&merged) {
            levels.push(match way {
                As::Word => self.level(b, operand.value),
                As::Rows | As::Terms => self.level_of_terms(b, operand.value),
            });
        }
        // The latest of other words, of sums that others use, and of what is in sums with no other use.
        let (mut plain, mut shared, mut opened) = (0, 0, None);
        for ((operand, way), &level) in operands.iter().zip(&merged).zip(&levels) {
            match way {
                As::Word if operand.is_sum => shared = level.max(shared),
                As::Word => plain = level.max(plain),
                As::Rows | As::Terms => opened = opened.max(Some(level)),
            }
        }
        // A chain earlier than everything else costs no level, but more rows may.
        if opened.is_some_and(|level| width < NARROW || plain.max(shared) > level) {
            ways.push(words);
        }
        // Sums that others use as well, if they come last: the latest of them, then the next as well.
        let mut from: Vec<u32> = operands
            .iter()
            .zip(&merged)
            .zip(&levels)
            .filter(|((o, way), level)| o.is_sum && **way == As::Word && **level >= plain)
            .map(|(_, &level)| level)
            .collect();
        from.sort_unstable_by(|x, y| y.cmp(x));
        from.dedup();
        let n_merged = self.count(operands, &merged);
        for &from in from.iter().take(2) {
            for how in [As::Rows, As::Terms] {
                let mut way = merged.clone();
                for ((operand, way), &level) in operands.iter().zip(&mut way).zip(&levels) {
                    if operand.is_sum && *way == As::Word && level >= from {
                        *way = match how {
                            As::Terms => self.apart(operand),
                            As::Word | As::Rows => how,
                        };
                    }
                }
                let fits = self.count(operands, &way) <= MOST_TERMS.max(n_merged + 2);
                if fits && !ways.contains(&way) {
                    ways.push(way);
                }
            }
        }
        if let [_] = ways[..] {
            return (merged, None);
        }
        let mut best: Option<((u32, usize), usize, Option<Planned>)> = None;
        for (i, way) in ways.iter().enumerate() {
            let (terms, later) = self.terms(b, operands, way);
            let n_chains = CHAIN * later.len();
            let n_terms = terms.len() + later.len();
            let (level, planned) = if later.is_empty() {
                let planned = Planned::new(b, &terms, width);
                (planned.level(), Some(planned))
            } else {
                (Planned::arrival(b, &terms, &later, width), None)
            };
            let cost = (level, n_terms + n_chains);
            if best.as_ref().is_none_or(|best| cost < best.0) {
                best = Some((cost, i, planned));
            }
        }
        match best {
            Some((_, i, planned)) => (ways.swap_remove(i), planned),
            None => (merged, None),
        }
    }

    /// How a sum is taken apart.
    fn apart(&self, operand: &Operand) -> As {
        match self.sums.get(&operand.value) {
            Some(sum) if sum.terms.len() > MOST_TERMS => As::Rows,
            _ => As::Terms,
        }
    }

    /// Whether nothing needs a sum's word but the one sum that it is an operand of.
    fn is_alone(&self, value: ValueId) -> bool {
        !self.words.contains_key(&value) && self.uses.get(&value) == Some(&1)
    }

    /// Terms of a sum whose operands are taken in such a way; words that are not built stand for themselves by their levels.
    fn terms(
        &mut self,
        b: &mut Builder,
        operands: &[Operand],
        ways: &[As],
    ) -> (Vec<Term>, Vec<(u32, bool)>) {
        let (mut terms, mut later) = (Vec::new(), Vec::new());
        for (operand, way) in operands.iter().zip(ways) {
            let parts = match (way, self.sums.get_mut(&operand.value)) {
                (As::Rows, Some(sum)) => sum.rows(b),
                (As::Terms, Some(sum)) => &sum.terms[..],
                (As::Word, _) | (_, None) => {
                    if let Some(word) = self.words.get(&operand.value) {
                        terms.push(Term {
                            bits: resized(word, operand.bits, operand.signed),
                            signed: operand.signed,
                            negated: operand.negated,
                            shift: 0,
                        });
                    } else {
                        later.push((self.level(b, operand.value), operand.negated));
                    }
                    continue;
                }
            };
            terms.extend(parts.iter().map(|part| Term {
                negated: part.negated != operand.negated,
                ..part.clone()
            }));
        }
        (terms, later)
    }

    /// How many terms that makes.
    fn count(&self, operands: &[Operand], ways: &[As]) -> usize {
        let of = |(operand, way): (&Operand, &As)| match (way, self.sums.get(&operand.value)) {
            (As::Terms, Some(sum)) => sum.terms.len(),
            (As::Rows, Some(sum)) => sum.terms.len().min(2),
            (As::Word, _) | (_, None) => 1,
        };
        operands.iter().zip(ways).map(of).sum()
    }

    /// When a word is known, or would be.
    fn level(&mut self, b: &Builder, value: ValueId) -> u32 {
        if let Some(word) = self.words.get(&value) {
            return word.iter().map(|&l| b.level(l)).max().unwrap_or(0);
        }
        let sum = self.sums.get_mut(&value);
        sum.map_or(0, |sum| sum.plan(b).level())
    }

    fn level_of_terms(&self, b: &Builder, value: ValueId) -> u32 {
        let terms = self.sums.get(&value).into_iter().flat_map(|s| &s.terms);
        let bits = terms.flat_map(|t| &t.bits);
        bits.map(|&l| b.level(l)).max().unwrap_or(0)
    }
}

impl Sum {
    fn plan(&mut self, b: &Builder) -> &Planned {
        self.planned
            .get_or_insert_with(|| Planned::new(b, &self.terms, self.width))
    }

    /// Few words that add up to it.
    fn rows(&mut self, b: &mut Builder) -> &[Term] {
        if self.terms.len() <= 2 {
            return &self.terms;
        }
        if self.rows.is_none() {
            self.rows = Some(self.plan(b).rows(b));
        }
        self.rows.as_deref().unwrap_or(&self.terms)
    }
}

/// Whether this is a sum of its operands, or the low bits of one.
fn adds(logic: &Logic) -> bool {
    match logic {
        Logic::Word { op, from, to } => match op {
            WordOp::Add | WordOp::Sub | WordOp::Neg => {
                from.width() > 1 && from.width() == to.width()
            }
            WordOp::Cast => *from != Scalar::Bool && (2..=from.width()).contains(&to.width()),
            _ => false,
        },
        Logic::Sum { .. } | Logic::Difference => true,
        _ => false,
    }
}

/// A word with more bits, or fewer: copies of its sign, or zeros.
pub(super) fn resized(bits: &[Lit], width: u32, signed: bool) -> Vec<Lit> {
    let mut out = bits.to_vec();
    let fill = if signed {
        bits.last().copied().unwrap_or(Lit::FALSE)
    } else {
        Lit::FALSE
    };
    out.resize(width as usize, fill);
    out
}
