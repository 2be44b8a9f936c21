//! Maps the operations of a loop's body over its iterations.
//!
//! A value of the body is either the same in all iterations (then it is computed once) or becomes one value with the
//! lanes of all `n` iterations, iteration by iteration: iteration `j` of `m` lanes sits at lanes `j·m..`. Every operation
//! is one operation on the wider values; only indices move (a gather inside an iteration adds `j·len`).

use crate::ir::{Node, Op, Reducer, Region, Ty};
use crate::passes::constants::vectors::hull;
use crate::passes::rewrite::{Walk, copy, free_uses};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{ConstVec, Scalar, Word};
use smpcc_circuit::verify::MAX_LANES;

/// What stands for a value of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mapped {
    /// The same in every iteration.
    Same(ValueId),
    /// All iterations after each other.
    Each(ValueId),
}

/// A body being mapped over `n` iterations.
pub struct Mapper<'w> {
    /// Where the new nodes go.
    pub walk: &'w mut Walk,
    /// Number of iterations.
    pub n: u64,
    /// What stands for the values of the body; the values around the loop stand for themselves.
    pub map: SortedMap<ValueId, Mapped>,
    /// In an arm of a branch: its condition, one lane per iteration. Nothing there may stop the run or be seen.
    arm: Option<ValueId>,
}

impl<'w> Mapper<'w> {
    /// A mapper for a body whose counter is `counter`.
    pub fn new(walk: &'w mut Walk, n: u64, counter: ValueId) -> Self {
        let iota = walk.constant_value(Scalar::USIZE, ConstVec::iota(n));
        Self {
            walk,
            n,
            map: SortedMap::from([(counter, Mapped::Each(iota))]),
            arm: None,
        }
    }

    /// What stands for a value.
    pub fn look(&self, id: ValueId) -> Mapped {
        self.map.get(&id).copied().unwrap_or(Mapped::Same(id))
    }

    /// The value for all iterations, copied if it is the same for all; `None` if its lanes could not be counted.
    pub fn each(&mut self, id: ValueId) -> Option<ValueId> {
        match self.look(id) {
            Mapped::Each(id) => Some(id),
            Mapped::Same(id) => self.copies(id),
        }
    }

    /// A value from outside, once per iteration.
    pub fn copies_of(&mut self, id: ValueId) -> Option<ValueId> {
        self.copies(id)
    }

    fn copies(&mut self, id: ValueId) -> Option<ValueId> {
        let ty = self.walk.ty(id);
        let lanes = ty.lanes.checked_mul(self.n)?;
        if lanes > MAX_LANES {
            return None;
        }
        if let Some(word) = self.walk.splat(id) {
            return Some(self.walk.splat_of(Ty { lanes, ..ty }, word));
        }
        let dims = vec![(self.n, 0), (ty.lanes, 1)];
        let range = self.walk.all_values()[id.index()].range;
        let copies = self.walk.gather_at(id, ConstVec::Affine { start: 0, dims });
        self.walk.note_range(copies, range);
        Some(copies)
    }

    /// One lane per iteration as `lanes` lanes per iteration.
    pub fn spread(&mut self, id: ValueId, lanes: u64) -> ValueId {
        let dims = vec![(self.n, 1), (lanes, 0)];
        self.walk.gather_at(id, ConstVec::Affine { start: 0, dims })
    }

    /// Whether every value that a node uses is the same in all iterations.
    fn is_same(&self, node: &Node) -> bool {
        free_uses(node)
            .into_iter()
            .all(|id| matches!(self.look(id), Mapped::Same(_)))
    }

    /// Maps one node; `None` if there is no way. What is known of a value's lanes in one iteration holds in all.
    pub fn node(&mut self, node: &Node) -> Option<()> {
        self.operation(node)?;
        for result in &node.results {
            let range = self.walk.all_values()[result.index()].range;
            if let Some(Mapped::Each(id)) = self.map.get(result) {
                if self.walk.ty(*id).lanes > MAX_LANES {
                    return None;
                }
                self.walk.note_range(*id, range);
            }
        }
        Some(())
    }

    fn operation(&mut self, node: &Node) -> Option<()> {
        self.walk.span = node.span;
        self.walk.protocol = node.protocol;
        if self.is_same(node) && is_silent(node) && (self.arm.is_none() || self.cannot_stop(node)) {
            let mut same: SortedMap<ValueId, ValueId> = SortedMap::new();
            for id in free_uses(node) {
                if let Mapped::Same(to) = self.look(id) {
                    same.insert(id, to);
                }
            }
            copy(self.walk, std::slice::from_ref(node), &mut same);
            for result in &node.results {
                self.map.insert(*result, Mapped::Same(same[result]));
            }
            return Some(());
        }
        match &node.op {
            Op::Word(_) | Op::MakeSecret => {
                let args = self.all_each(&node.args)?;
                self.wider(node, node.op.clone(), args)
            }
            Op::Reveal(_) | Op::Assert(_) => {
                if self.arm.is_some() {
                    return None;
                }
                let args = self.all_each(&node.args)?;
                let tys: Vec<Ty> = node.results.iter().map(|&id| self.wide_ty(id)).collect();
                let results = self.walk.push_new(node.op.clone(), args, &tys, vec![]);
                for (&old, new) in node.results.iter().zip(results) {
                    self.map.insert(old, Mapped::Each(new));
                }
                Some(())
            }
            Op::Gather { block } => self.gather(node, *block),
            Op::Scatter { block } => {
                let len = self.walk.ty(node.args[0]).lanes / block;
                let dst = self.each(node.args[0])?;
                let idx = self.each(node.args[1])?;
                let val = self.each(node.args[2])?;
                let per = self.walk.ty(node.args[1]).lanes;
                let idx = self.moved(idx, per, len)?;
                let out = self.walk.scatter(dst, idx, val, *block);
                self.map.insert(node.results[0], Mapped::Each(out));
                Some(())
            }
            Op::Concat => self.concat(node),
            Op::ReadSecret { block, groups } => {
                // Emission lays out every element for each index.
                let elements =
                    self.walk.ty(node.args[0]).lanes / groups.saturating_mul(*block).max(1);
                let read = self.walk.ty(node.results[0]).lanes.checked_mul(self.n)?;
                if elements.checked_mul(read)? > MAX_LANES {
                    return None;
                }
                if let (Mapped::Same(src), 1) = (self.look(node.args[0]), *groups) {
                    // All iterations read one array: it stays one.
                    let idx = self.each(node.args[1])?;
                    return self.wider(
                        node,
                        Op::ReadSecret {
                            block: *block,
                            groups: 1,
                        },
                        vec![src, idx],
                    );
                }
                let args = self.all_each(&node.args)?;
                let groups = groups.checked_mul(self.n)?;
                self.wider(
                    node,
                    Op::ReadSecret {
                        block: *block,
                        groups,
                    },
                    args,
                )
            }
            Op::WriteSecret { block, groups } => {
                let args = self.all_each(&node.args)?;
                let groups = groups.checked_mul(self.n)?;
                self.wider(
                    node,
                    Op::WriteSecret {
                        block: *block,
                        groups,
                    },
                    args,
                )
            }
            Op::Circuit { circuit, calls } => {
                let circuit = circuit.clone();
                let calls = calls.checked_mul(self.n)?;
                let args = self.all_each(&node.args)?;
                self.close_node(node, Op::Circuit { circuit, calls }, args, vec![]);
                Some(())
            }
            &Op::Sort {
                keys,
                segments,
                drawn,
            } => {
                let op = Op::Sort {
                    keys,
                    segments: segments.checked_mul(self.n)?,
                    drawn,
                };
                let args = self.all_each(&node.args)?;
                self.close_node(node, op, args, vec![]);
                Some(())
            }
            Op::Dot { segments } => {
                let args = self.all_each(&node.args)?;
                let segments = segments.checked_mul(self.n)?;
                self.wider(node, Op::Dot { segments }, args)
            }
            Op::Reduce { reducer, segments } | Op::Scan { reducer, segments } => {
                let (reducer, segments) = (*reducer, segments.checked_mul(self.n)?);
                let op = match &node.op {
                    Op::Reduce { .. } => Op::Reduce { reducer, segments },
                    _ => Op::Scan { reducer, segments },
                };
                let args = self.all_each(&node.args)?;
                match reducer {
                    Reducer::Word(_) => self.wider(node, op, args),
                    Reducer::Region => self.region_reducer(node, op, args),
                }
            }
            Op::Loop { count } => self.inner_loop(node, *count),
            Op::If => self.branch(node),
            Op::Const(_) | Op::Input(_) | Op::While | Op::Output(_) => None,
        }
    }

    fn all_each(&mut self, ids: &[ValueId]) -> Option<Vec<ValueId>> {
        ids.iter().map(|&id| self.each(id)).collect()
    }

    fn wide_ty(&self, id: ValueId) -> Ty {
        let ty = self.walk.ty(id);
        Ty {
            lanes: ty.lanes.saturating_mul(self.n),
            ..ty
        }
    }

    /// The node's only result is the result of `op` on wide operands.
    fn wider(&mut self, node: &Node, op: Op, args: Vec<ValueId>) -> Option<()> {
        let ty = self.wide_ty(node.results[0]);
        let out = self.walk.emit(op, args, ty);
        self.map.insert(node.results[0], Mapped::Each(out));
        Some(())
    }

    fn gather(&mut self, node: &Node, block: u64) -> Option<()> {
        let len = self.walk.ty(node.args[0]).lanes / block;
        let per = self.walk.ty(node.args[1]).lanes;
        let (src, idx) = (self.look(node.args[0]), self.look(node.args[1]));
        let out = match (src, idx) {
            (Mapped::Same(src), _) => {
                let idx = self.each(node.args[1])?;
                let idx = self.clamped(idx, per, len)?;
                self.walk.gather(src, idx, block)
            }
            (Mapped::Each(src), _) => {
                let idx = self.each(node.args[1])?;
                let idx = self.clamped(idx, per, len)?;
                let idx = self.moved(idx, per, len)?;
                self.walk.gather(src, idx, block)
            }
        };
        self.map.insert(node.results[0], Mapped::Each(out));
        Some(())
    }

    /// Indices of an arm that was not chosen point at element 0 instead of stopping the run.
    fn clamped(&mut self, idx: ValueId, per: u64, len: u64) -> Option<ValueId> {
        let Some(arm) = self.arm else {
            return Some(idx);
        };
        if self.is_below(idx, len) {
            return Some(idx);
        }
        if len == 0 {
            return None;
        }
        let arm = self.spread(arm, per);
        let ty = self.walk.ty(idx);
        let zero = self.walk.splat_of(ty, 0);
        Some(self.walk.word(WordOp::Select, &[arm, idx, zero]))
    }

    fn is_below(&self, idx: ValueId, len: u64) -> bool {
        let ty = self.walk.ty(idx);
        self.walk
            .constant(idx)
            .is_some_and(|words| hull(words, ty.scalar).is_some_and(|(_, hi)| hi < Word::from(len)))
    }

    /// Indices into iteration `j`'s own array as indices into all of them; asserts that they stay in their own.
    fn moved(&mut self, idx: ValueId, per: u64, len: u64) -> Option<ValueId> {
        if self.arm.is_some() && !self.is_below(idx, len) {
            return None;
        }
        let ty = self.walk.ty(idx);
        if !self.is_below(idx, len) {
            let wide = self.walk.cast(idx, Scalar::unsigned(128));
            let limit = self.walk.splat_of(self.walk.ty(wide), Word::from(len));
            let inside = self.walk.word(WordOp::Lt, &[wide, limit]);
            self.walk.push_new(
                Op::Assert(Some("index out of range".into())),
                vec![inside],
                &[],
                vec![],
            );
        }
        let wide = self.walk.cast(idx, Scalar::USIZE);
        debug_assert_eq!(ty.lanes, per * self.n);
        let dims = vec![(self.n, Word::from(len)), (per, 0)];
        let base = self
            .walk
            .constant_value(Scalar::USIZE, ConstVec::Affine { start: 0, dims });
        Some(self.walk.word(WordOp::Add, &[wide, base]))
    }

    fn concat(&mut self, node: &Node) -> Option<()> {
        let parts: Vec<u64> = node.args.iter().map(|&id| self.walk.ty(id).lanes).collect();
        let total: u64 = parts.iter().sum();
        let args = self.all_each(&node.args)?;
        let ty = self.wide_ty(node.results[0]);
        let out = if parts.iter().all(|&lanes| lanes == parts[0]) {
            // Equal parts: part `k` of iteration `j` stands at `k·n·m + j·m` of the concatenation.
            let m = parts[0];
            let all = self.walk.concat(args);
            let dims = vec![
                (self.n, Word::from(m)),
                (parts.len() as u64, Word::from(self.n) * Word::from(m)),
                (m, 1),
            ];
            self.walk
                .gather_at(all, ConstVec::Affine { start: 0, dims })
        } else {
            let mut out = self.walk.splat_of(ty, 0);
            let mut start = 0;
            for (arg, lanes) in args.into_iter().zip(parts) {
                let dims = vec![(self.n, Word::from(total)), (lanes, 1)];
                let at = ConstVec::Affine {
                    start: Word::from(start),
                    dims,
                };
                if lanes > 0 {
                    let idx = self.walk.constant_value(Scalar::USIZE, at);
                    out = self.walk.scatter(out, idx, arg, 1);
                }
                start += lanes;
            }
            out
        };
        let out = self.walk.with_secrecy(out, ty.secret);
        self.map.insert(node.results[0], Mapped::Each(out));
        Some(())
    }

    fn region_reducer(&mut self, node: &Node, op: Op, args: Vec<ValueId>) -> Option<()> {
        let region = node.regions.first()?;
        let mut renamed = SortedMap::new();
        for inner in &region.nodes {
            for id in free_uses(inner) {
                match self.map.get(&id) {
                    Some(Mapped::Each(_)) => return None,
                    Some(Mapped::Same(to)) => {
                        renamed.insert(id, *to);
                    }
                    None => {}
                }
            }
        }
        for id in &region.results {
            match self.map.get(id) {
                Some(Mapped::Each(_)) => return None,
                Some(Mapped::Same(to)) => {
                    renamed.insert(*id, *to);
                }
                None => {}
            }
        }
        let params = (region.params.iter())
            .map(|&param| {
                let new = self.walk.fresh(self.walk.ty(param));
                renamed.insert(param, new);
                new
            })
            .collect();
        self.walk.open(params);
        copy(self.walk, &region.nodes, &mut renamed);
        let results = region.results.iter();
        let results = results
            .map(|id| renamed.get(id).copied().unwrap_or(*id))
            .collect();
        let region = self.walk.close(results);
        self.walk.span = node.span;
        self.walk.protocol = node.protocol;
        let tys: Vec<Ty> = node.results.iter().map(|&id| self.wide_ty(id)).collect();
        let results = self.walk.push_new(op, args, &tys, vec![region]);
        for (&old, new) in node.results.iter().zip(results) {
            self.map.insert(old, Mapped::Each(new));
        }
        Some(())
    }

    fn inner_loop(&mut self, node: &Node, count: Option<u64>) -> Option<()> {
        let (mut args, init) = match count {
            Some(_) => (vec![], &node.args[..]),
            None => match self.look(node.args[0]) {
                Mapped::Same(count) => (vec![count], &node.args[1..]),
                Mapped::Each(_) => return None,
            },
        };
        let init = self.all_each(init)?;
        args.extend(&init);
        let body = node.regions.first()?;
        let counter = self.walk.fresh(self.walk.ty(body.params[0]));
        if let Some(count) = count {
            self.walk.bound_counter(counter, count);
        }
        self.map.insert(body.params[0], Mapped::Same(counter));
        let mut params = vec![counter];
        for (&old, &init) in body.params[1..].iter().zip(&init) {
            let new = self.walk.fresh(self.walk.ty(init));
            self.map.insert(old, Mapped::Each(new));
            params.push(new);
        }
        self.walk.open(params);
        let results = self.inside(body)?;
        let region = self.walk.close(results);
        self.close_node(node, Op::Loop { count }, args, vec![region]);
        Some(())
    }

    /// Maps the nodes of an inner region into the region that is open; its results for all iterations.
    fn inside(&mut self, region: &Region) -> Option<Vec<ValueId>> {
        for node in &region.nodes {
            self.node(node)?;
        }
        self.all_each(&region.results)
    }

    fn close_node(&mut self, node: &Node, op: Op, args: Vec<ValueId>, regions: Vec<Region>) {
        self.walk.span = node.span;
        self.walk.protocol = node.protocol;
        let tys: Vec<Ty> = node.results.iter().map(|&id| self.wide_ty(id)).collect();
        let results = self.walk.push_new(op, args, &tys, regions);
        for (&old, new) in node.results.iter().zip(results) {
            self.map.insert(old, Mapped::Each(new));
        }
    }

    fn branch(&mut self, node: &Node) -> Option<()> {
        match self.look(node.args[0]) {
            Mapped::Same(cond) => {
                let mut arms = Vec::with_capacity(2);
                for arm in &node.regions {
                    self.walk.open(vec![]);
                    let results = self.inside(arm)?;
                    arms.push(self.walk.close(results));
                }
                self.close_node(node, Op::If, vec![cond], arms);
            }
            Mapped::Each(cond) => {
                // Both arms run for all iterations, each with its indices kept in range where it is not chosen.
                let outer = self.arm;
                let mut values = Vec::with_capacity(2);
                for (i, arm) in node.regions.iter().enumerate() {
                    let mut chosen = if i == 0 {
                        cond
                    } else {
                        self.walk.word(WordOp::Not, &[cond])
                    };
                    if let Some(outer) = outer {
                        chosen = self.walk.word(WordOp::And, &[chosen, outer]);
                    }
                    self.arm = Some(chosen);
                    values.push(self.inside(arm)?);
                    self.arm = outer;
                }
                self.walk.span = node.span;
                self.walk.protocol = node.protocol;
                for (k, &result) in node.results.iter().enumerate() {
                    let lanes = self.walk.ty(result).lanes;
                    let cond = self.spread(cond, lanes);
                    let arms = [cond, values[0][k], values[1][k]];
                    let out = self.walk.word(WordOp::Select, &arms);
                    self.map.insert(result, Mapped::Each(out));
                }
            }
        }
        Some(())
    }

    fn cannot_stop(&self, node: &Node) -> bool {
        match (&node.op, node.args.get(1).map(|&idx| self.look(idx))) {
            (Op::Gather { block } | Op::Scatter { block }, Some(Mapped::Same(idx))) => {
                self.is_below(idx, self.walk.ty(node.args[0]).lanes / (*block).max(1))
            }
            _ => node.regions.is_empty() && self.walk.is_droppable(node),
        }
    }
}

/// Whether a node may be done once instead of in each iteration: nobody sees how often.
fn is_silent(node: &Node) -> bool {
    !matches!(node.op, Op::Reveal(_) | Op::Input(_) | Op::Output(_))
        && (node.regions.iter())
            .flat_map(|region| &region.nodes)
            .all(is_silent)
}
