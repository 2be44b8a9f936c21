//! What may become sorts: where a program has it, and whether sorting is cheaper. What is particular to each form stands in its own file.

use super::Sorter;
use crate::ir::{Ir, Node, Ty};
use crate::passes::own::grid::{Grid, Owner};
use crate::passes::rewrite::{Rule, Walk, rewrite};
use crate::span::Span;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;

/// A form in which programs ask for what sorts can tell, once the passes are through.
pub(super) struct Form {
    /// Whether a node may have it, at a glance, by the types of values.
    pub may_have: fn(&Node, &dyn Fn(ValueId) -> Ty) -> bool,
    /// Whether a node has it.
    pub has: fn(&Walk, &Node) -> bool,
    /// Pushes a node that does not have it.
    pub push: fn(&mut Walk, Node),
    /// Writes it as sorts where these are cheaper. The owners say by value who computes it alone.
    pub write: fn(Ir, Sorter<'_>, Vec<Grid>) -> Ir,
}

impl Form {
    /// Whether a program may have it, at a glance.
    pub(super) fn may_be_in(&self, ir: &Ir) -> bool {
        let ty = |v: ValueId| ir.values[v.index()].ty;
        ir.body.any(&mut |node| (self.may_have)(node, &ty))
    }

    /// Where a program has it.
    pub(super) fn spans(&self, ir: &Ir) -> Vec<Span> {
        struct Find<'f>(&'f Form, Vec<Span>);
        impl Rule for Find<'_> {
            fn node(&mut self, walk: &mut Walk, node: Node) {
                if (self.0.has)(walk, &node) {
                    self.1.push(node.span);
                }
                (self.0.push)(walk, node);
            }
        }
        let mut find = Find(self, Vec::new());
        if self.may_be_in(ir) {
            rewrite(ir.clone(), false, &mut find);
        }
        find.1
    }
}

/// Prices that differ by less are not told apart: they are estimates.
const HARDLY_MORE: f64 = 1.1;

/// Whether no party computes a value alone.
pub(super) fn is_joint(owners: &[Grid], value: ValueId) -> bool {
    let owner = owners.get(value.index()).map(Grid::whole);
    owner.is_none_or(|owner| owner == Owner::Joint)
}

/// What ways of writing something cost, by all that this follows from.
pub(super) struct Prices<'a, Shape> {
    sorter: Option<Sorter<'a>>,
    /// Milliseconds of each way.
    known: SortedMap<Shape, Vec<f64>>,
}

impl<'a, Shape: Ord> Prices<'a, Shape> {
    /// Of a sorter; sorts are free if nobody asks.
    pub(super) fn new(sorter: Option<Sorter<'a>>) -> Self {
        let known = SortedMap::new();
        Self { sorter, known }
    }

    /// Milliseconds of programs that are written for a shape and so many parties, if anybody asks.
    fn of(
        &mut self,
        shape: Shape,
        programs: impl FnOnce(&Shape, u32) -> Vec<Ir>,
    ) -> Option<&[f64]> {
        let sorter = self.sorter?;
        let prices = self.known.entry(shape).or_insert_with_key(|shape| {
            let programs = programs(shape, sorter.n_parties).into_iter();
            programs.map(|ir| sorter.whole(ir)).collect()
        });
        Some(prices)
    }

    /// Whether so many sorts are cheaper than a program that does nothing but compare, which is `written` with one.
    pub(super) fn is_cheaper(
        &mut self,
        shape: Shape,
        n_sorts: usize,
        compared: fn(&Shape, u32) -> Ir,
        written: fn(Ir) -> Ir,
    ) -> bool {
        let prices = self.of(shape, |shape, n_parties| {
            let compared = compared(shape, n_parties);
            vec![written(compared.clone()), compared]
        });
        match prices {
            Some(&[by_sorting, by_comparing]) => by_sorting * (n_sorts as f64) < by_comparing,
            _ => true,
        }
    }

    /// Which of some programs is the cheapest, the first of those that cost hardly more than it.
    pub(super) fn cheapest(
        &mut self,
        shape: Shape,
        programs: impl FnOnce(&Shape, u32) -> Vec<Ir>,
    ) -> usize {
        let prices = self.of(shape, programs).unwrap_or_default();
        let least = prices.iter().copied().fold(f64::INFINITY, f64::min);
        let hardly_more = |price: &f64| *price <= least * HARDLY_MORE;
        prices.iter().position(hardly_more).unwrap_or(0)
    }
}
