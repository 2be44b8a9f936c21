//! Emits nodes: folds what is known, keeps secrecy and lanes consistent, and counts what it makes.
//!
//! All other parts of lowering make IR only through the functions here, so that the IR's rules (equal lanes, no public
//! result of a secret operand, a limit on sizes) are kept in one place.

use super::fault::{Fault, Stop, Traced, code};
use super::fold::{affine, fold, fold_gather, in_bounds, interval};
use super::value::{Data, Leaf, Val, type_interval};
use super::{MAX_LANES, MAX_NODES, Tracer};
use crate::hir::Range;
use crate::ir::exact::Lanes;
use crate::ir::{Node, Op, Reducer, Region, Ty, Value};
use crate::library;
use crate::passes::constants::normal;
use crate::passes::constants::vectors::{self, MAX_TABLE};
use crate::span::Span;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// A place to come back to when tracing must start over.
#[derive(Clone, Copy, Debug)]
pub struct Checkpoint {
    n_values: usize,
    n_blocks: usize,
    n_nodes_in_block: usize,
    n_nodes_outside: usize,
    n_nodes: u64,
    n_frames: usize,
    n_loops: usize,
    n_conditions: usize,
    batch: Option<u64>,
    depth: u32,
    n_inputs: usize,
    n_draws: usize,
    n_iterations: usize,
    n_claims: usize,
    n_budgets: usize,
}

impl<'h> Tracer<'h> {
    /// The present place.
    pub(super) fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            n_values: self.values.len(),
            n_blocks: self.blocks.len(),
            n_nodes_in_block: self.blocks.last().map_or(0, Vec::len),
            n_nodes_outside: self.blocks.first().map_or(0, Vec::len),
            n_nodes: self.n_nodes,
            n_frames: self.frames.len(),
            n_loops: self.frames.last().map_or(0, |f| f.loops.len()),
            n_conditions: self.conditions.len(),
            batch: self.batch,
            depth: self.depth,
            n_inputs: self.inputs.len(),
            n_draws: self.draws.len(),
            n_iterations: self.iterations.len(),
            n_claims: self.privacy.claims.len(),
            n_budgets: self.privacy.budgets.len(),
        }
    }

    /// Forgets everything emitted since; variables are the caller's to restore.
    pub(super) fn rollback(&mut self, to: Checkpoint) {
        self.values.truncate(to.n_values);
        self.marking.truncate(to.n_values);
        self.blocks.truncate(to.n_blocks);
        self.n_certain = self.n_certain.min(to.n_blocks);
        if let Some(block) = self.blocks.last_mut() {
            block.truncate(to.n_nodes_in_block);
        }
        if let Some(block) = self.blocks.first_mut() {
            block.truncate(to.n_nodes_outside);
        }
        self.n_nodes = to.n_nodes;
        self.frames.truncate(to.n_frames);
        if let Some(frame) = self.frames.last_mut() {
            frame.loops.truncate(to.n_loops);
        }
        self.conditions.truncate(to.n_conditions);
        self.batch = to.batch;
        self.depth = to.depth;
        self.inputs.truncate(to.n_inputs);
        self.draws.truncate(to.n_draws);
        self.iterations.truncate(to.n_iterations);
        self.privacy.claims.truncate(to.n_claims);
        self.privacy.budgets.truncate(to.n_budgets);
    }

    /// A new value without a definition yet (a region's parameter).
    pub(super) fn new_value(&mut self, ty: Ty, range: Option<Range>) -> Traced<ValueId> {
        if ty.lanes > MAX_LANES {
            return Err(Fault::new(
                code::TOO_LARGE,
                self.span,
                format!(
                    "a value of {} elements is too large; the limit is {MAX_LANES}",
                    ty.lanes
                ),
            )
            .into());
        }
        let id = ValueId::new(self.values.len());
        self.values.push(Value { ty, range });
        Ok(id)
    }

    /// Counts what was computed in place of a node: long tables take as long as many steps.
    fn folded(&mut self, found: &Leaf) {
        if let Some(ConstVec::Table(words)) = found.const_vec() {
            self.steps = self.steps.saturating_add(words.len() as u64 / 64);
        }
    }

    /// Emits a node with results of the given types.
    pub(super) fn node(
        &mut self,
        op: Op,
        args: Vec<ValueId>,
        results: &[Ty],
        regions: Vec<Region>,
    ) -> Traced<Vec<ValueId>> {
        if self.n_nodes >= MAX_NODES {
            return Err(Fault::new(
                code::TOO_LARGE,
                self.span,
                format!("the program has more than {MAX_NODES} operations for this session"),
            )
            .help("loops that stay loops cost nothing here; look for calls or `while` loops that multiply each other")
            .into());
        }
        self.n_nodes += 1;
        if let Some(told) = self
            .stops_at
            .as_ref()
            .filter(|d| d.primary.span == self.span)
        {
            return Err(told.clone().into());
        }
        let results = results
            .iter()
            .map(|&ty| self.new_value(ty, None))
            .collect::<Traced<Vec<_>>>()?;
        // Who runs a program knows its lines, and not those of the library: an assertion stops a run where the library was called.
        let is_inside = matches!(op, Op::Assert(_)) && library::owns(self.span.file);
        let span = match is_inside && self.called != Span::default() {
            true => self.called,
            false => self.span,
        };
        let node = Node {
            op,
            args,
            results: results.clone(),
            regions,
            span,
            protocol: self.frames.last().and_then(|f| f.protocol),
        };
        if let Some(block) = self.blocks.last_mut() {
            block.push(node);
        }
        Ok(results)
    }

    /// Emits a node with one result.
    pub(super) fn node1(&mut self, op: Op, args: Vec<ValueId>, ty: Ty) -> Traced<Leaf> {
        let results = self.node(op, args, &[ty], Vec::new())?;
        Ok(leaf_of(ty, results[0]))
    }

    /// The leaf as an IR value in the current block.
    pub(super) fn value(&mut self, leaf: &Leaf) -> Traced<ValueId> {
        match (&leaf.data, leaf.noted) {
            (Data::Value(id), _) => Ok(*id),
            (Data::Const(_), Some(id)) => Ok(id),
            (Data::Const(vec), None) => {
                let ty = Ty {
                    scalar: leaf.scalar,
                    lanes: leaf.lanes,
                    secret: false,
                };
                let results =
                    self.node(Op::Const((**vec).clone()), Vec::new(), &[ty], Vec::new())?;
                Ok(results[0])
            }
        }
    }

    /// The leaf as a secret one.
    pub(super) fn secret(&mut self, leaf: &Leaf) -> Traced<Leaf> {
        if leaf.secret {
            return Ok(leaf.clone());
        }
        let id = self.value(leaf)?;
        let ty = Ty {
            scalar: leaf.scalar,
            lanes: leaf.lanes,
            secret: true,
        };
        self.node1(Op::MakeSecret, vec![id], ty)
    }

    /// The leaf with the given number of lanes; only one lane can become several.
    pub(super) fn broadcast(&mut self, leaf: &Leaf, lanes: u64) -> Traced<Leaf> {
        if leaf.lanes == lanes {
            return Ok(leaf.clone());
        }
        self.gather(
            leaf,
            &Leaf::constant(Scalar::USIZE, ConstVec::Splat { lanes, word: 0 }),
            1,
        )
    }

    /// Element-wise operation; operands of one lane are repeated to the lanes of the others.
    pub(super) fn word(&mut self, op: WordOp, to: Scalar, args: &[Leaf]) -> Traced<Leaf> {
        let lanes = args.iter().map(|a| a.lanes).find(|&n| n != 1).unwrap_or(1);
        if args.iter().any(|a| a.lanes != lanes && a.lanes != 1) {
            return Err(Fault::new(
                code::LENGTHS,
                self.span,
                "arrays of different lengths are combined element by element",
            )
            .needs_known()
            .into());
        }
        let from = args[usize::from(op == WordOp::Select)].scalar;
        if let Some(mut folded) = fold(op, from, to, args, lanes) {
            self.folded(&folded);
            if Lanes::carries(op) && args.iter().all(|a| a.lanes == lanes) {
                let args: Vec<&Leaf> = args.iter().collect();
                self.note_moved(Op::Word(op), &args, &mut folded)?;
            }
            return Ok(folded);
        }
        let args = args
            .iter()
            .map(|a| self.broadcast(a, lanes))
            .collect::<Traced<Vec<_>>>()?;
        let secret = args.iter().any(|a| a.secret);
        let ids = args
            .iter()
            .map(|a| self.value(a))
            .collect::<Traced<Vec<_>>>()?;
        let ty = Ty {
            scalar: to,
            lanes,
            secret,
        };
        let mut leaf = self.node1(Op::Word(op), ids, ty)?;
        if !secret {
            let range = interval(op, to, &args);
            if range.is_some() && lanes == 1 {
                leaf.affine = affine(op, &args);
            }
            self.set_range(&mut leaf, range);
        }
        Ok(leaf)
    }

    /// Notes an interval of a public value.
    pub(super) fn set_range(&mut self, leaf: &mut Leaf, range: Option<Range>) {
        if range.is_some() && range != type_interval(leaf.scalar) {
            leaf.range = range;
            if let Data::Value(id) = leaf.data {
                self.values[id.index()].range = range;
            }
        }
    }

    /// Conversion of the integer to another type.
    pub(super) fn cast(&mut self, leaf: &Leaf, to: Scalar) -> Traced<Leaf> {
        if leaf.scalar == to {
            return Ok(leaf.clone());
        }
        self.word(WordOp::Cast, to, std::slice::from_ref(leaf))
    }

    /// `!a` of a truth value.
    pub(super) fn not(&mut self, leaf: &Leaf) -> Traced<Leaf> {
        self.word(WordOp::Not, Scalar::Bool, std::slice::from_ref(leaf))
    }

    /// `a & b` of truth values.
    pub(super) fn and(&mut self, a: &Leaf, b: &Leaf) -> Traced<Leaf> {
        self.word(WordOp::And, Scalar::Bool, &[a.clone(), b.clone()])
    }

    /// `a | b` of truth values.
    pub(super) fn or(&mut self, a: &Leaf, b: &Leaf) -> Traced<Leaf> {
        self.word(WordOp::Or, Scalar::Bool, &[a.clone(), b.clone()])
    }

    /// `condition ? a : b`, leaf by leaf.
    pub(super) fn select(&mut self, condition: &Leaf, a: &Val<'h>, b: &Val<'h>) -> Traced<Val<'h>> {
        match (a, b) {
            (Val::Never, other) | (other, Val::Never) => return Ok(other.clone()),
            _ => a.require_shape(b, self.span, "the two arms differ in shape")?,
        }
        if self.batch.is_some() && condition.lanes != 1 && (a.has_array() || b.has_array()) {
            return Err(Stop::NotElementwise);
        }
        let others = b.leaves();
        let mut chosen = Vec::with_capacity(others.len());
        for (x, y) in a.leaves().into_iter().zip(others) {
            chosen.push(if x.same(y) {
                x.clone()
            } else {
                self.word(
                    WordOp::Select,
                    x.scalar,
                    &[condition.clone(), x.clone(), y.clone()],
                )?
            });
        }
        Ok(a.with_leaves(&mut chosen.into_iter()))
    }

    /// Blocks of lanes picked by public indices.
    pub(super) fn gather(&mut self, src: &Leaf, index: &Leaf, block: u64) -> Traced<Leaf> {
        let lanes = self.product(index.lanes, block)?;
        if let Some(mut folded) = fold_gather(src, index, block, lanes) {
            self.folded(&folded);
            self.note_moved(Op::Gather { block }, &[src, index], &mut folded)?;
            return Ok(folded);
        }
        if let Some(ConstVec::Affine { start, dims }) = src.const_vec()
            && let ([(_, step)], 1) = (dims.as_slice(), block)
            && src.scalar != Scalar::Bool
            && src.noted.is_none()
            && in_bounds(index, src.lanes)
        {
            // An affine table read at a computed index is arithmetic, where the index cannot leave the table.
            let (start, step, scalar) = (*start, *step, src.scalar);
            let index = self.cast(index, scalar)?;
            let scaled = self.word(WordOp::Mul, scalar, &[index, Leaf::word(scalar, step)])?;
            return self.word(WordOp::Add, scalar, &[scaled, Leaf::word(scalar, start)]);
        }
        let args = vec![self.value(src)?, self.value(index)?];
        let ty = Ty {
            scalar: src.scalar,
            lanes,
            secret: src.secret,
        };
        let mut leaf = self.node1(Op::Gather { block }, args, ty)?;
        let known = src.interval();
        self.set_range(&mut leaf, known);
        Ok(leaf)
    }

    /// `dst` with blocks of lanes replaced at public indices.
    pub(super) fn scatter(
        &mut self,
        dst: &Leaf,
        index: &Leaf,
        block: u64,
        val: &Leaf,
    ) -> Traced<Leaf> {
        if val.lanes == 0 {
            return Ok(dst.clone());
        }
        let secret = dst.secret || val.secret;
        let (dst, val) = if secret {
            (self.secret(dst)?, self.secret(val)?)
        } else {
            (dst.clone(), val.clone())
        };
        if index.known() == Some(0) && index.lanes == 1 && block == dst.lanes {
            return Ok(val);
        }
        if let (Some(table), Some(at), Some(new)) =
            (dst.const_vec(), index.const_vec(), val.const_vec())
            && let Some(words) = vectors::scatter(table, at, index.scalar, new, block)
        {
            let mut written = Leaf::constant(dst.scalar, normal(words, dst.scalar));
            self.folded(&written);
            self.note_moved(Op::Scatter { block }, &[&dst, index, &val], &mut written)?;
            return Ok(written);
        }
        let args = vec![self.value(&dst)?, self.value(index)?, self.value(&val)?];
        let ty = Ty {
            scalar: dst.scalar,
            lanes: dst.lanes,
            secret,
        };
        self.node1(Op::Scatter { block }, args, ty)
    }

    /// One leaf after the other (at least one, all of one scalar type).
    pub(super) fn concat(&mut self, parts: &[Leaf]) -> Traced<Leaf> {
        let full: Vec<&Leaf> = parts.iter().filter(|p| p.lanes > 0).collect();
        match full.as_slice() {
            [] => return Ok(parts[0].clone()),
            [one] => return Ok((*one).clone()),
            _ => {}
        }
        let mut lanes = 0u64;
        for part in &full {
            lanes = lanes.saturating_add(part.lanes);
        }
        let scalar = full[0].scalar;
        let known: Option<Vec<&ConstVec>> = full.iter().map(|p| p.const_vec()).collect();
        if let Some(words) = known.and_then(|all| vectors::concat(&all, scalar)) {
            let mut all = Leaf::constant(scalar, normal(words, scalar));
            self.folded(&all);
            self.note_moved(Op::Concat, &full, &mut all)?;
            return Ok(all);
        }
        let secret = full.iter().any(|p| p.secret);
        let mut args = Vec::with_capacity(full.len());
        for part in full {
            let part = if secret {
                self.secret(part)?
            } else {
                part.clone()
            };
            args.push(self.value(&part)?);
        }
        let ty = Ty {
            scalar,
            lanes,
            secret,
        };
        self.node1(Op::Concat, args, ty)
    }

    /// All lanes of a leaf reduced to one by an associative operation; `empty` is the result of no lanes.
    pub(super) fn reduce(&mut self, op: WordOp, leaf: &Leaf, empty: Word) -> Traced<Leaf> {
        if leaf.lanes == 0 {
            return Ok(Leaf::word(leaf.scalar, empty));
        }
        if leaf.lanes == 1 {
            return Ok(leaf.clone());
        }
        if let Some(vec) = leaf.const_vec()
            && let Some(reduced) = vectors::reduce(op, leaf.scalar, vec, 1)
        {
            self.steps = self.steps.saturating_add(leaf.lanes.min(MAX_TABLE) / 64);
            return Ok(Leaf::word(leaf.scalar, reduced.get(0)));
        }
        let id = self.value(leaf)?;
        let ty = Ty {
            scalar: leaf.scalar,
            lanes: 1,
            secret: leaf.secret,
        };
        let op = Op::Reduce {
            reducer: Reducer::Word(op),
            segments: 1,
        };
        self.node1(op, vec![id], ty)
    }

    /// `n` copies one after the other.
    pub(super) fn repeat(&mut self, leaf: &Leaf, n: u64) -> Traced<Leaf> {
        let index = Leaf::constant(Scalar::USIZE, ConstVec::Splat { lanes: n, word: 0 });
        self.gather(leaf, &index, leaf.lanes)
    }

    /// `a · b` lanes, or an error when that is too many.
    pub(super) fn product(&self, a: u64, b: u64) -> Traced<u64> {
        a.checked_mul(b).filter(|&n| n <= MAX_LANES).ok_or_else(|| {
            Fault::new(
                code::TOO_LARGE,
                self.span,
                format!("a value of {a} times {b} elements is too large; the limit is {MAX_LANES}"),
            )
            .into()
        })
    }
}

/// The leaf for an IR value.
pub(super) fn leaf_of(ty: Ty, id: ValueId) -> Leaf {
    Leaf {
        scalar: ty.scalar,
        lanes: ty.lanes,
        secret: ty.secret,
        data: Data::Value(id),
        range: None,
        affine: None,
        below_zero: None,
        noted: None,
    }
}
