//! A sum that is planned and not built: when it would be known, and its gates only if somebody asks for them.
//!
//! Whoever chooses between ways to add the same things up compares arrivals; a plan takes the levels of bits alone. A sum
//! that others take apart again needs no carry chain of its own, so compression and chain are built one after the other.

use super::{Heap, Plan, Term};
use crate::templates::add::outputs;
use crate::templates::compare::and_all;
use crate::templates::prefix::{self, Want};
use crate::templates::word::level;
use smpcc_circuit::template::{Builder, Lit};

/// The sum of some terms, mod 2^width, in the shallowest form.
#[derive(Clone, Debug)]
pub struct Planned {
    bits: Vec<Lit>,
    plan: Plan,
    /// The carry into the chain.
    carry: Lit,
    /// Whether the heap holds the complement of the sum.
    complemented: bool,
    level: u32,
}

impl Planned {
    /// The plan for `terms`.
    pub fn new(b: &Builder, terms: &[Term], width: u32) -> Self {
        Self::with(b, terms, &[], width)
    }

    /// The level of the sum of `terms` and of words that have no bits yet: when each of them will be known, and whether it
    /// is subtracted.
    pub fn arrival(b: &Builder, terms: &[Term], later: &[(u32, bool)], width: u32) -> u32 {
        Self::with(b, terms, later, width).level
    }

    fn with(b: &Builder, terms: &[Term], later: &[(u32, bool)], width: u32) -> Self {
        let negated = terms.iter().map(|t| t.negated);
        let n_negated = (negated.chain(later.iter().map(|l| l.1)))
            .filter(|&n| n)
            .count();
        // x − y = ¬(¬x + y): where one term is not negated, its complement and the others leave no constant.
        let complemented = n_negated > 0 && n_negated + 1 == terms.len() + later.len();
        let mut heap = Heap::new(width as usize);
        for term in terms {
            let negated = term.negated != complemented;
            heap.add_word(&term.bits, term.signed, negated, term.shift as usize);
        }
        for _ in later.iter().filter(|l| l.1 != complemented) {
            heap.add_power(0);
        }
        if complemented {
            heap.subtract_power(0);
        }
        heap.normalise();
        // A constant in the lowest column goes into the chain for nothing.
        let carry = heap.constant.first().copied().unwrap_or(false);
        if carry {
            heap.subtract_power(0);
        }
        let later: Vec<u32> = later.iter().map(|l| l.0).collect();
        let (bits, plan) = heap.planned(b, &later);
        let level = plan.done(&bits);
        Self {
            bits,
            plan,
            carry: Lit::from(carry),
            complemented,
            level,
        }
    }

    /// The AND level at which the whole sum is known.
    pub fn level(&self) -> u32 {
        self.level
    }

    /// The compression: words that add up to the sum, two of them and a constant.
    pub fn rows(&self, b: &mut Builder) -> Vec<Term> {
        let (x, y) = self.plan.build(b, self.bits.clone());
        self.as_terms(x, y)
    }

    /// The word, by level `by` or as soon after it as can be, and what [`Planned::rows`] gives.
    pub fn build(&self, b: &mut Builder, by: u32) -> (Vec<Lit>, Vec<Term>) {
        let (x, y) = self.plan.build(b, self.bits.clone());
        let below = x.len().saturating_sub(1);
        let latest = level(b, &x).max(level(b, &y)).max(by);
        let low = (&x[..below], &y[..below]);
        let carries = prefix::shallow(b, low.0, low.1, self.carry, Want::All, latest);
        let mut sum = outputs(b, &x, &y, self.carry, &carries);
        if self.complemented {
            sum.iter_mut().for_each(|bit| *bit = !*bit);
        }
        (sum, self.as_terms(x, y))
    }

    /// The last bit of the word alone, by level `by` or as soon after it as can be.
    pub fn top(&self, b: &mut Builder, by: u32) -> Lit {
        let (x, y) = self.plan.build(b, self.bits.clone());
        let (Some((&top_x, x)), Some((&top_y, y))) = (x.split_last(), y.split_last()) else {
            return Lit::FALSE;
        };
        let carry = prefix::shallow(b, x, y, self.carry, Want::Last, by);
        let carry = carry.last().copied().unwrap_or(self.carry);
        let sum = b.xor(top_x, top_y);
        let sum = b.xor(sum, carry);
        if self.complemented { !sum } else { sum }
    }

    fn as_terms(&self, x: Vec<Lit>, y: Vec<Lit>) -> Vec<Term> {
        let one = |shift: u32, negated: bool| Term {
            shift,
            negated,
            ..Term::unsigned(vec![Lit::TRUE])
        };
        let mut rows = vec![Term::unsigned(x), Term::unsigned(y)];
        let carry = self.carry == Lit::TRUE;
        if self.complemented {
            // The complement of a word is −1 minus the word.
            rows.iter_mut().for_each(|row| row.negated = true);
            rows.push(one(u32::from(carry), true));
        } else if carry {
            rows.push(one(0, false));
        }
        rows
    }
}

/// Whether a sum is zero mod 2^width, planned and not built. It takes no carry chain: two words add up to −1 if each bit of
/// one is the complement of the other's.
#[derive(Clone, Debug)]
pub struct IsZero {
    bits: Vec<Lit>,
    plan: Plan,
}

impl IsZero {
    /// The plan for the sum of `terms`.
    pub fn new(b: &Builder, terms: &[Term], width: u32) -> Self {
        // −1 cancels with the one that makes a negation of a complement.
        let n_negated = terms.iter().filter(|t| t.negated).count();
        let flipped = n_negated != 1 && (n_negated == 0 || n_negated + 1 == terms.len());
        let mut heap = Heap::new(width as usize);
        for term in terms {
            let negated = term.negated != flipped;
            heap.add_word(&term.bits, term.signed, negated, term.shift as usize);
        }
        heap.subtract_power(0);
        heap.normalise();
        let (bits, plan) = heap.planned(b, &[]);
        Self { bits, plan }
    }

    /// When the last pair of bits is known that is compared.
    pub fn level(&self) -> u32 {
        let bits = self.plan.columns.iter().flatten();
        let level = bits.map(|&id| self.plan.level[id as usize]).max();
        level.unwrap_or(0)
    }

    /// Whether it is zero.
    pub fn build(&self, b: &mut Builder) -> Lit {
        let (x, y) = self.plan.build(b, self.bits.clone());
        let differ: Vec<Lit> = x.iter().zip(&y).map(|(&x, &y)| b.xor(x, y)).collect();
        and_all(b, &differ)
    }
}

impl Plan {
    /// The level of the last bit behind a carry chain over the two rows that are left.
    fn done(&self, bits: &[Lit]) -> u32 {
        let is_constant = |id: u32| {
            bits.get(id as usize)
                .is_some_and(|l| l.as_const().is_some())
        };
        let chain: Vec<(u32, bool)> = self
            .columns
            .iter()
            .map(|column| {
                let arrival = column.iter().map(|&id| self.level[id as usize]).max();
                let moves = column.len() > 1 && !column.iter().any(|&id| is_constant(id));
                (arrival.unwrap_or(0), moves)
            })
            .collect();
        let latest = chain.iter().map(|p| p.0).max().unwrap_or(0);
        let below = &chain[..chain.len().saturating_sub(1)];
        latest.max(prefix::earliest(below.iter().copied(), None))
    }
}
