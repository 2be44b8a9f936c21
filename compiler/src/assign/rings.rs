//! Which values may be held in a ring wider than their type, and which ring each needs.
//!
//! A value is *wide* when its integer itself (sign and all) can be held: it is an input, comes from bits, or is computed from
//! wide values without wrapping, which ranges prove. Then a later widening is free, if the value was shared in the wider
//! ring from the start. Both facts are fixed points: wideness is assumed and taken back, rings start small and grow.

use super::Kind;
use super::local::{self, Local};
use crate::hir::Range;
use crate::ir::{self, Ir, Node, Op, Reducer, Region};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::Scalar;

pub(super) struct Rings {
    pub wide: Vec<bool>,
    pub rings: Vec<u8>,
}

/// Wideness if everything secret were arithmetic but what owners hold.
pub(super) fn wide(ir: &Ir, local: &Local) -> Vec<bool> {
    all_arithmetic(ir, local).wide
}

/// The rings that are needed if everything secret were arithmetic but what owners hold.
pub(super) fn widest(ir: &Ir, local: &Local) -> Vec<u8> {
    all_arithmetic(ir, local).rings
}

fn all_arithmetic(ir: &Ir, local: &Local) -> Rings {
    let kinds = local::held(ir, local, Kind::Arithmetic);
    rings(ir, &kinds)
}

/// The fixed points for a choice of domains.
pub(super) fn rings(ir: &Ir, kinds: &[Kind]) -> Rings {
    let mut state = State {
        ir,
        kinds,
        wide: vec![true; ir.values.len()],
        rings: vec![0; ir.values.len()],
        changed: true,
    };
    while std::mem::take(&mut state.changed) {
        state.widths(&ir.body);
    }
    state.changed = true;
    while std::mem::take(&mut state.changed) {
        state.needs(&ir.body);
    }
    Rings {
        wide: state.wide,
        rings: state.rings,
    }
}

struct State<'a> {
    ir: &'a Ir,
    kinds: &'a [Kind],
    wide: Vec<bool>,
    rings: Vec<u8>,
    changed: bool,
}

impl State<'_> {
    fn scalar(&self, v: ValueId) -> Scalar {
        self.ir.values[v.index()].ty.scalar
    }

    /// The integers that a value can be, or those of its type.
    fn range(&self, v: ValueId) -> Option<Range> {
        let value = &self.ir.values[v.index()];
        value.range.or_else(|| type_range(value.ty.scalar))
    }

    fn is_wide(&self, v: ValueId) -> bool {
        self.wide[v.index()]
    }

    fn set_wide(&mut self, v: ValueId, wide: bool) {
        // From another domain it comes as the integer that it is.
        let arithmetic = self.kinds[v.index()] == Kind::Arithmetic;
        if !wide && arithmetic && self.wide[v.index()] {
            self.wide[v.index()] = false;
            self.changed = true;
        }
    }

    fn widths(&mut self, region: &Region) {
        for node in &region.nodes {
            for inner in &node.regions {
                self.widths(inner);
            }
            match &node.op {
                Op::Loop { count } => {
                    let init = &node.args[usize::from(count.is_none()).min(node.args.len())..];
                    let body = &node.regions[0];
                    let params: Vec<_> = body.params.iter().skip(1).copied().collect();
                    self.join(&[init, &body.results], &[&params, &node.results]);
                }
                Op::While => {
                    let (cond, body) = (&node.regions[0], &node.regions[1]);
                    self.join(
                        &[&node.args, &body.results],
                        &[&cond.params, &body.params, &node.results],
                    );
                }
                Op::If => {
                    let (then, otherwise) = (&node.regions[0].results, &node.regions[1].results);
                    self.join(&[then, otherwise], &[&node.results]);
                }
                Op::Reduce {
                    reducer: Reducer::Region,
                    ..
                }
                | Op::Scan {
                    reducer: Reducer::Region,
                    ..
                } => {
                    let body = &node.regions[0];
                    let (left, right) = body.params.split_at(body.params.len() / 2);
                    self.join(&[&node.args, &body.results], &[left, right, &node.results]);
                }
                _ => {
                    let wide = self.node_is_wide(node);
                    for &r in &node.results {
                        self.set_wide(r, wide);
                    }
                }
            }
        }
    }

    fn join(&mut self, from: &[&[ValueId]], to: &[&[ValueId]]) {
        for i in 0..from.iter().map(|f| f.len()).min().unwrap_or(0) {
            let wide = from.iter().all(|f| self.is_wide(f[i]));
            for t in to {
                if let Some(&v) = t.get(i) {
                    self.set_wide(v, wide);
                }
            }
        }
    }

    fn node_is_wide(&self, node: &Node) -> bool {
        let Some(&result) = node.results.first() else {
            return true;
        };
        if self.scalar(result) == Scalar::Bool {
            return true;
        }
        let all = || node.args.iter().all(|&a| self.is_wide(a));
        match (&node.op, node.op.kind()) {
            (Op::Gather { .. }, _) => self.is_wide(node.args[0]),
            (Op::Scatter { .. }, _) => self.is_wide(node.args[0]) && self.is_wide(node.args[2]),
            (Op::Concat, _) => all(),
            (Op::Word(WordOp::Select), _) => {
                self.is_wide(node.args[1]) && self.is_wide(node.args[2])
            }
            (Op::Word(WordOp::Cast), _) => {
                let inside = self
                    .range(node.args[0])
                    .zip(type_range(self.scalar(result)))
                    .is_some_and(|(r, t)| t.lo <= r.lo && r.hi <= t.hi);
                all() && inside
            }
            (Op::Word(op), _) => all() && self.keeps(*op, &node.args, result),
            (Op::Dot { segments }, _) => {
                let lanes = self.ir.values[node.args[0].index()].ty.lanes;
                let len = i128::from(lanes.checked_div(*segments).unwrap_or(0));
                let product = self.bounds(WordOp::Mul, &node.args);
                all() && product.is_some_and(|p| self.sum_fits(p, len, result))
            }
            (
                Op::Reduce {
                    reducer: Reducer::Word(WordOp::Add),
                    segments,
                }
                | Op::Scan {
                    reducer: Reducer::Word(WordOp::Add),
                    segments,
                },
                _,
            ) => {
                let lanes = self.ir.values[node.args[0].index()].ty.lanes;
                let len = i128::from(lanes.checked_div(*segments).unwrap_or(0));
                all()
                    && self
                        .range(node.args[0])
                        .is_some_and(|r| self.sum_fits(r, len, result))
            }
            // From outside, from bits, or public.
            (
                Op::Reduce {
                    reducer: Reducer::Word(op),
                    ..
                }
                | Op::Scan {
                    reducer: Reducer::Word(op),
                    ..
                },
                _,
            ) => *op != WordOp::Mul,
            (
                Op::ReadSecret { .. }
                | Op::WriteSecret { .. }
                | Op::Circuit { .. }
                | Op::Sort { .. },
                _,
            )
            | (_, ir::Kind::Move | ir::Kind::Boundary | ir::Kind::Control) => true,
            (_, ir::Kind::Compute) => false,
        }
    }

    /// Whether an operation's integer result lies in its type, whatever its operands are.
    fn keeps(&self, op: WordOp, args: &[ValueId], result: ValueId) -> bool {
        match op {
            WordOp::Add | WordOp::Sub | WordOp::Mul | WordOp::Neg | WordOp::Shl => self
                .bounds(op, args)
                .zip(type_range(self.scalar(result)))
                .is_some_and(|(r, t)| t.lo <= r.lo && r.hi <= t.hi),
            // Complement of an unsigned number is no linear function of the integer; the rest comes from bits.
            WordOp::Not => self.scalar(result).is_signed(),
            _ => true,
        }
    }

    fn bounds(&self, op: WordOp, args: &[ValueId]) -> Option<Range> {
        let a = self.range(*args.first()?)?;
        let b = args.get(1).map(|&v| self.range(v));
        let corners = |f: fn(i128, i128) -> Option<i128>, b: Range| -> Option<Range> {
            let all = [
                f(a.lo, b.lo)?,
                f(a.lo, b.hi)?,
                f(a.hi, b.lo)?,
                f(a.hi, b.hi)?,
            ];
            Some(Range {
                lo: *all.iter().min()?,
                hi: *all.iter().max()?,
            })
        };
        match op {
            WordOp::Add => corners(i128::checked_add, b??),
            WordOp::Sub => corners(i128::checked_sub, b??),
            WordOp::Mul => corners(i128::checked_mul, b??),
            WordOp::Neg => Some(Range {
                lo: a.hi.checked_neg()?,
                hi: a.lo.checked_neg()?,
            }),
            WordOp::Shl => {
                let s = b??;
                let power = |s: i128| {
                    u32::try_from(s)
                        .ok()
                        .and_then(|s| 1i128.checked_shl(s))
                        .filter(|&p| p > 0)
                };
                let powers = Range {
                    lo: power(s.lo)?,
                    hi: power(s.hi)?,
                };
                corners(i128::checked_mul, powers)
            }
            _ => None,
        }
    }

    fn sum_fits(&self, each: Range, len: i128, result: ValueId) -> bool {
        let total = each
            .lo
            .min(0)
            .checked_mul(len)
            .zip(each.hi.max(0).checked_mul(len));
        total
            .zip(type_range(self.scalar(result)))
            .is_some_and(|((lo, hi), t)| t.lo <= lo && hi <= t.hi)
    }

    fn need(&mut self, v: ValueId, ring: u8) {
        let secret = self.kinds[v.index()] != Kind::Public;
        if !secret || ring <= self.rings[v.index()] {
            return;
        }
        self.rings[v.index()] = ring;
        self.changed = true;
    }

    /// The ring that an arithmetic value is held in.
    fn ring(&self, v: ValueId) -> u8 {
        self.rings[v.index()].max(self.scalar(v).width() as u8)
    }

    fn needs(&mut self, region: &Region) {
        for node in region.nodes.iter().rev() {
            match &node.op {
                Op::Loop { count } => {
                    let init = &node.args[usize::from(count.is_none()).min(node.args.len())..];
                    let body = &node.regions[0];
                    let params: Vec<_> = body.params.iter().skip(1).copied().collect();
                    self.tie(&[init, &params, &body.results, &node.results]);
                }
                Op::While => {
                    let (cond, body) = (&node.regions[0], &node.regions[1]);
                    self.tie(&[
                        &node.args,
                        &cond.params,
                        &body.params,
                        &body.results,
                        &node.results,
                    ]);
                }
                Op::If => {
                    let (then, otherwise) = (&node.regions[0].results, &node.regions[1].results);
                    self.tie(&[then, otherwise, &node.results]);
                }
                Op::Reduce {
                    reducer: Reducer::Region,
                    ..
                }
                | Op::Scan {
                    reducer: Reducer::Region,
                    ..
                } => {
                    let body = &node.regions[0];
                    let (left, right) = body.params.split_at(body.params.len() / 2);
                    self.tie(&[&node.args, left, right, &body.results, &node.results]);
                }
                _ => self.node_needs(node),
            }
            for inner in &node.regions {
                self.needs(inner);
            }
        }
    }

    /// Values that are one variable: the largest ring for all that are arithmetic.
    fn tie(&mut self, groups: &[&[ValueId]]) {
        for i in 0..groups.iter().map(|g| g.len()).min().unwrap_or(0) {
            let ring = groups
                .iter()
                .filter(|g| self.kinds[g[i].index()] == Kind::Arithmetic)
                .map(|g| self.ring(g[i]))
                .max();
            if let Some(ring) = ring {
                for g in groups {
                    self.need(g[i], ring);
                }
            }
        }
    }

    fn node_needs(&mut self, node: &Node) {
        let Some(&result) = node.results.first() else {
            return;
        };
        if self.kinds[result.index()] != Kind::Arithmetic {
            return;
        }
        let ring = self.ring(result);
        match &node.op {
            Op::Word(WordOp::Cast) => {
                let arg = node.args[0];
                let (from, to) = (self.scalar(arg).width(), self.scalar(result).width());
                if self.is_wide(arg) || to <= from {
                    self.need(arg, ring);
                }
            }
            Op::Word(_) | Op::Concat | Op::Dot { .. } | Op::Reduce { .. } | Op::Scan { .. } => {
                for &arg in &node.args {
                    self.need(arg, ring);
                }
            }
            Op::Gather { .. } | Op::MakeSecret => self.need(node.args[0], ring),
            Op::Scatter { .. } => {
                self.need(node.args[0], ring);
                self.need(node.args[2], ring);
            }
            _ => {}
        }
    }
}

/// All integers of a type, where they fit.
fn type_range(scalar: Scalar) -> Option<Range> {
    match scalar {
        Scalar::Bool => Some(Range { lo: 0, hi: 1 }),
        Scalar::Int {
            width,
            signed: true,
        } => Some(Range {
            lo: i128::MIN >> (128 - u32::from(width)),
            hi: i128::MAX >> (128 - u32::from(width)),
        }),
        Scalar::Int {
            width,
            signed: false,
        } if width < 128 => Some(Range {
            lo: 0,
            hi: i128::MAX >> (127 - u32::from(width)),
        }),
        Scalar::Int { .. } => None,
    }
}
