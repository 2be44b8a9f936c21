//! The walk that rewriting passes share: it visits a program forward, rebuilds it node by node, and lets a rule decide
//! what each node becomes.
//!
//! Operands reach a rule already replaced and nested regions already rewritten, and the definition of every visible
//! value can be looked up in constant time, so that one walk costs time linear in the program. New nodes are made by
//! [`Walk::emit`], which folds constants and, if asked, applies the algebraic rules: no pass emits what another
//! would have to clean up.

use super::{Outcome, algebra, constants};
use crate::hir::{Protocol, Range};
use crate::ir::{Effect, Ir, Node, Op, Reducer, Region, Ty, Value};
use crate::span::Span;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// What a pass does with each node.
pub trait Rule {
    /// Pushes the node, or something in its place ([`Walk::push`], [`Walk::emit`], [`Walk::replace`]). Its operands
    /// are replaced and its regions rewritten.
    fn node(&mut self, walk: &mut Walk, node: Node);

    /// Called when a region opens.
    fn enter(&mut self) {}

    /// Called when a region closes.
    fn leave(&mut self) {}
}

/// Rebuilds a program under a rule.
pub fn rewrite(ir: Ir, algebra: bool, rule: &mut impl Rule) -> Outcome {
    let n = ir.values.len();
    let mut walk = Walk {
        values: ir.values,
        open: Vec::new(),
        def: vec![NOWHERE; n],
        subst: (0..n).map(ValueId::new).collect(),
        algebra,
        changed: false,
        n_visited: 0,
        n_pushed: 0,
        span: Span::default(),
        protocol: None,
    };
    let body = walk.region(ir.body, rule);
    Outcome {
        changed: walk.changed || walk.n_visited != walk.n_pushed,
        applied_rules: algebra,
        ir: Ir {
            values: walk.values,
            body,
            ..ir
        },
    }
}

/// A program being rebuilt.
#[derive(Debug)]
pub struct Walk {
    values: Vec<Value>,
    open: Vec<Region>,
    def: Vec<(u32, u32)>,
    subst: Vec<ValueId>,
    algebra: bool,
    /// Whether anything was replaced, added or learnt; a rule that changes a node in its place says so here.
    pub changed: bool,
    n_visited: usize,
    n_pushed: usize,
    /// The place given to new nodes.
    pub span: Span,
    /// The wished domain given to new nodes.
    pub protocol: Option<Protocol>,
}

const NOWHERE: (u32, u32) = (u32::MAX, 0);

impl Walk {
    /// Rewrites a region whose parameters are kept.
    pub fn region(&mut self, region: Region, rule: &mut impl Rule) -> Region {
        self.open.push(Region {
            params: region.params,
            nodes: Vec::with_capacity(region.nodes.len()),
            results: Vec::new(),
        });
        rule.enter();
        self.nodes(region.nodes, rule);
        rule.leave();
        self.close(region.results)
    }

    /// Rewrites nodes into the region that is open.
    pub fn nodes(&mut self, nodes: Vec<Node>, rule: &mut impl Rule) {
        self.n_visited += nodes.len();
        for mut node in nodes {
            for arg in &mut node.args {
                *arg = self.get(*arg);
            }
            if let (Op::Loop { count: Some(n) }, Some(region)) = (&node.op, node.regions.first())
                && let Some(&counter) = region.params.first()
            {
                self.bound_counter(counter, *n);
            }
            node.regions = std::mem::take(&mut node.regions)
                .into_iter()
                .map(|inner| self.region(inner, rule))
                .collect();
            self.span = node.span;
            self.protocol = node.protocol;
            rule.node(self, node);
        }
    }

    /// Notes that a counter counts `n` iterations.
    pub fn bound_counter(&mut self, counter: ValueId, n: u64) {
        let range = Some(Range {
            lo: 0,
            hi: i128::from(n.max(1)) - 1,
        });
        self.changed |= self.values[counter.index()].range != range;
        self.values[counter.index()].range = range;
    }

    /// Opens a region; new nodes go there.
    pub fn open(&mut self, params: Vec<ValueId>) {
        self.open.push(Region {
            params,
            ..Region::default()
        });
    }

    /// Closes the region opened last; its results are replaced as operands are.
    pub fn close(&mut self, results: Vec<ValueId>) -> Region {
        let mut region = self.open.pop().unwrap_or_default();
        region.results = results.into_iter().map(|id| self.get(id)).collect();
        region
    }

    /// What stands for a value now.
    pub fn get(&mut self, id: ValueId) -> ValueId {
        let mut at = id;
        while self.subst[at.index()] != at {
            at = self.subst[at.index()];
        }
        self.subst[id.index()] = at;
        at
    }

    /// Uses of `old` become uses of `new` from here on. What is known of the old value's range is kept.
    pub fn replace(&mut self, old: ValueId, new: ValueId) {
        let new = self.get(new);
        if old == new {
            return;
        }
        self.changed = true;
        self.subst[old.index()] = new;
        debug_assert_eq!(self.ty(old), self.ty(new), "{old} is replaced by {new}");
        self.note_range(new, self.values[old.index()].range);
    }

    /// Notes that a value also lies in the given range.
    pub fn note_range(&mut self, id: ValueId, range: Option<Range>) {
        let slot = &mut self.values[id.index()].range;
        let known = match (*slot, range) {
            (Some(a), Some(b)) if a.lo <= b.hi && b.lo <= a.hi => Some(Range {
                lo: a.lo.max(b.lo),
                hi: a.hi.min(b.hi),
            }),
            (Some(a), _) => Some(a),
            (None, other) => other,
        };
        self.changed |= *slot != known;
        *slot = known;
    }

    /// Replaces all results of a node.
    pub fn replace_all(&mut self, old: &[ValueId], new: &[ValueId]) {
        for (&old, &new) in old.iter().zip(new) {
            self.replace(old, new);
        }
    }

    /// A new entry of the value table.
    pub fn fresh(&mut self, ty: Ty) -> ValueId {
        self.changed = true;
        let id = ValueId::new(self.values.len());
        self.values.push(Value { ty, range: None });
        self.def.push(NOWHERE);
        self.subst.push(id);
        id
    }

    /// The type of a value.
    pub fn ty(&self, id: ValueId) -> Ty {
        self.values[id.index()].ty
    }

    /// The value table.
    pub fn all_values(&self) -> &[Value] {
        &self.values
    }

    /// What is known of a value.
    pub fn value(&mut self, id: ValueId) -> &mut Value {
        self.changed = true;
        &mut self.values[id.index()]
    }

    /// The node that defines a visible value; `None` for parameters of regions.
    pub fn def(&self, id: ValueId) -> Option<&Node> {
        let (depth, at) = self.def[id.index()];
        let node = self.open.get(depth as usize)?.nodes.get(at as usize)?;
        node.results.contains(&id).then_some(node)
    }

    /// Whether a value is defined by a node of the region that is open.
    pub fn is_here(&self, id: ValueId) -> bool {
        self.def[id.index()].0 as usize + 1 == self.open.len()
    }

    /// How many regions are open around the definition of a value (1: the outermost).
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// The operation and operands of a visible value that is the only result of a node without regions.
    pub fn simple(&self, id: ValueId) -> Option<(&Op, &[ValueId])> {
        let node = self.def(id)?;
        (node.results.len() == 1 && node.regions.is_empty()).then_some((&node.op, &node.args))
    }

    /// The operands of a visible value defined by the given word operation.
    pub fn word_args(&self, id: ValueId, op: WordOp) -> Option<&[ValueId]> {
        match self.simple(id)? {
            (Op::Word(found), args) if *found == op => Some(args),
            _ => None,
        }
    }

    /// The constant that a value is, if it is one.
    pub fn constant(&self, id: ValueId) -> Option<&ConstVec> {
        match self.simple(id)? {
            (Op::Const(words), _) => Some(words),
            _ => None,
        }
    }

    /// The word that stands in all lanes of a value, if it is such a constant, public or made secret.
    pub fn splat(&self, id: ValueId) -> Option<Word> {
        let id = self.public_source(id).unwrap_or(id);
        match self.constant(id)? {
            ConstVec::Splat { word, .. } => Some(self.ty(id).scalar.wrap(*word)),
            ConstVec::Affine { .. } | ConstVec::Pieces(_) | ConstVec::Table(_) => None,
        }
    }

    /// The public value of which a value is the secret form.
    pub fn public_source(&self, id: ValueId) -> Option<ValueId> {
        match self.simple(id)? {
            (Op::MakeSecret, args) => args.first().copied(),
            _ => None,
        }
    }

    /// Pushes a node as it is.
    #[inline]
    pub fn push(&mut self, node: Node) {
        self.n_pushed += 1;
        let depth = self.open.len() - 1;
        let at = self.open[depth].nodes.len();
        for &result in &node.results {
            self.def[result.index()] = (depth as u32, at as u32);
        }
        self.open[depth].nodes.push(node);
    }

    /// Pushes a node without regions, or something equal and simpler in its place.
    #[inline]
    pub fn push_simplified(&mut self, node: Node) {
        if let ([result], true) = (&node.results[..], node.regions.is_empty()) {
            let ty = self.ty(*result);
            if let Some(simpler) = self.simplify(&node.op, &node.args, ty) {
                self.replace(*result, simpler);
                return;
            }
        }
        self.push(node);
    }

    /// A value: the result of an operation without regions, folded and simplified.
    pub fn emit(&mut self, op: Op, args: Vec<ValueId>, ty: Ty) -> ValueId {
        if let Some(simpler) = self.simplify(&op, &args, ty) {
            return simpler;
        }
        self.push_new(op, args, &[ty], vec![])[0]
    }

    fn simplify(&mut self, op: &Op, args: &[ValueId], ty: Ty) -> Option<ValueId> {
        if let Some(words) = constants::fold(self, op, args, ty) {
            if matches!(op, Op::Const(same) if *same == words) {
                return None;
            }
            return Some(self.push_new(Op::Const(words), vec![], &[ty], vec![])[0]);
        }
        if self.algebra {
            algebra::simplify(self, op, args, ty)
        } else {
            None
        }
    }

    /// A node with new results, as it is.
    pub fn push_new(
        &mut self,
        op: Op,
        args: Vec<ValueId>,
        tys: &[Ty],
        regions: Vec<Region>,
    ) -> Vec<ValueId> {
        let results: Vec<ValueId> = tys.iter().map(|&ty| self.fresh(ty)).collect();
        self.push(Node {
            op,
            args,
            results: results.clone(),
            regions,
            span: self.span,
            protocol: self.protocol,
        });
        results
    }

    /// A constant.
    pub fn constant_value(&mut self, scalar: Scalar, words: ConstVec) -> ValueId {
        let words = constants::normal(words, scalar);
        let ty = Ty {
            scalar,
            lanes: words.lanes(),
            secret: false,
        };
        self.push_new(Op::Const(words), vec![], &[ty], vec![])[0]
    }

    /// The same word in every lane of a value of the given type, made secret if the type is.
    pub fn splat_of(&mut self, ty: Ty, word: Word) -> ValueId {
        let words = ConstVec::Splat {
            lanes: ty.lanes,
            word: ty.scalar.wrap(word),
        };
        let public = self.constant_value(ty.scalar, words);
        self.with_secrecy(public, ty.secret)
    }

    /// The value, made secret if asked and not yet so.
    pub fn with_secrecy(&mut self, id: ValueId, secret: bool) -> ValueId {
        let ty = self.ty(id);
        if !secret || ty.secret {
            return id;
        }
        self.emit(Op::MakeSecret, vec![id], Ty { secret: true, ..ty })
    }

    /// An element-wise operation.
    pub fn word(&mut self, op: WordOp, args: &[ValueId]) -> ValueId {
        let data = self.ty(args[usize::from(op == WordOp::Select)]);
        let scalar = match op {
            WordOp::Eq | WordOp::Ne | WordOp::Lt | WordOp::Le => Scalar::Bool,
            _ => data.scalar,
        };
        let secret = args.iter().any(|&id| self.ty(id).secret);
        let ty = Ty {
            scalar,
            lanes: data.lanes,
            secret,
        };
        self.emit(Op::Word(op), args.to_vec(), ty)
    }

    /// A conversion.
    pub fn cast(&mut self, id: ValueId, scalar: Scalar) -> ValueId {
        let ty = Ty {
            scalar,
            ..self.ty(id)
        };
        self.emit(Op::Word(WordOp::Cast), vec![id], ty)
    }

    /// Blocks of lanes at public indices.
    pub fn gather(&mut self, src: ValueId, idx: ValueId, block: u64) -> ValueId {
        let ty = Ty {
            lanes: self.ty(idx).lanes.saturating_mul(block),
            ..self.ty(src)
        };
        self.emit(Op::Gather { block }, vec![src, idx], ty)
    }

    /// Lanes at constant indices.
    pub fn gather_at(&mut self, src: ValueId, idx: ConstVec) -> ValueId {
        let idx = self.constant_value(Scalar::USIZE, idx);
        self.gather(src, idx, 1)
    }

    /// Blocks of lanes replaced at public indices.
    pub fn scatter(&mut self, dst: ValueId, idx: ValueId, val: ValueId, block: u64) -> ValueId {
        let ty = self.ty(dst);
        let secret = ty.secret || self.ty(val).secret;
        self.emit(
            Op::Scatter { block },
            vec![dst, idx, val],
            Ty { secret, ..ty },
        )
    }

    /// One operand after the other.
    pub fn concat(&mut self, args: Vec<ValueId>) -> ValueId {
        if let [only] = args[..] {
            return only;
        }
        let ty = Ty {
            scalar: self.ty(args[0]).scalar,
            lanes: args.iter().map(|&id| self.ty(id).lanes).sum(),
            secret: args.iter().any(|&id| self.ty(id).secret),
        };
        self.emit(Op::Concat, args, ty)
    }

    /// A reduction by an associative word operation.
    pub fn reduce(&mut self, op: WordOp, id: ValueId, segments: u64) -> ValueId {
        let reducer = Reducer::Word(op);
        let ty = Ty {
            lanes: segments,
            ..self.ty(id)
        };
        self.emit(Op::Reduce { reducer, segments }, vec![id], ty)
    }

    /// Ends the region opened last and puts its nodes where the region around it goes on.
    pub fn splice(&mut self) {
        let region = self.open.pop().unwrap_or_default();
        for node in region.nodes {
            self.push(node);
        }
    }

    /// The nodes of the region opened last.
    pub fn open_nodes(&self) -> &[Node] {
        self.open.last().map_or(&[], |region| &region.nodes)
    }

    /// Drops open regions until `depth` are left.
    pub fn abandon(&mut self, depth: usize) {
        self.open.truncate(depth);
    }

    /// Whether a node may be left out when its results are not used: it opens nothing, asserts nothing, gives nothing
    /// out, ends, and cannot stop the run by an index out of range.
    pub fn is_droppable(&self, node: &Node) -> bool {
        is_droppable(node, &|id| self.constant(id), &self.values)
    }
}

/// Emits copies of nodes with values of their own; `map` says what stands for the values of the original's surroundings and
/// takes what stands for each result.
pub fn copy(walk: &mut Walk, nodes: &[Node], map: &mut SortedMap<ValueId, ValueId>) {
    let look =
        |map: &SortedMap<ValueId, ValueId>, id: &ValueId| map.get(id).copied().unwrap_or(*id);
    for node in nodes {
        walk.span = node.span;
        walk.protocol = node.protocol;
        let args: Vec<ValueId> = node.args.iter().map(|id| look(map, id)).collect();
        if let (true, &[result]) = (node.regions.is_empty(), &node.results[..]) {
            let ty = walk.ty(result);
            let new = walk.emit(node.op.clone(), args, ty);
            walk.note_range(new, walk.values[result.index()].range);
            map.insert(result, new);
            continue;
        }
        let regions = copy_regions(walk, node, map);
        walk.span = node.span;
        walk.protocol = node.protocol;
        let tys: Vec<Ty> = node.results.iter().map(|&id| walk.ty(id)).collect();
        let results = walk.push_new(node.op.clone(), args, &tys, regions);
        map.extend(node.results.iter().copied().zip(results));
    }
}

/// The regions of a node with values of their own; `map` as for [`copy`].
pub fn copy_regions(
    walk: &mut Walk,
    node: &Node,
    map: &mut SortedMap<ValueId, ValueId>,
) -> Vec<Region> {
    let look =
        |map: &SortedMap<ValueId, ValueId>, id: &ValueId| map.get(id).copied().unwrap_or(*id);
    let mut regions = Vec::with_capacity(node.regions.len());
    for region in &node.regions {
        let params = (region.params.iter())
            .map(|&param| {
                let value = walk.values[param.index()].clone();
                let new = walk.fresh(value.ty);
                walk.values[new.index()].range = value.range;
                map.insert(param, new);
                new
            })
            .collect();
        walk.open(params);
        copy(walk, &region.nodes, map);
        regions.push(walk.close(region.results.iter().map(|id| look(map, id)).collect()));
    }
    regions
}

/// The values that a node uses, in its regions too, those defined inside it left out.
pub fn free_uses(node: &Node) -> Vec<ValueId> {
    fn visit(node: &Node, uses: &mut Vec<ValueId>, inner: &mut SortedSet<ValueId>) {
        uses.extend(&node.args);
        for region in &node.regions {
            inner.extend(&region.params);
            for node in &region.nodes {
                visit(node, uses, inner);
                inner.extend(&node.results);
            }
            uses.extend(&region.results);
        }
    }
    if node.regions.is_empty() {
        return node.args.clone();
    }
    let (mut uses, mut inner) = (Vec::new(), SortedSet::new());
    visit(node, &mut uses, &mut inner);
    uses.retain(|id| !inner.contains(id));
    uses.sort_unstable();
    uses.dedup();
    uses
}

/// As [`Walk::is_droppable`], with constants looked up by the caller.
pub fn is_droppable<'c>(
    node: &Node,
    constant: &dyn Fn(ValueId) -> Option<&'c ConstVec>,
    values: &[Value],
) -> bool {
    match node.op.effect() {
        Effect::None => true,
        Effect::Index => {
            let (Some(&array), Some(&idx)) = (node.args.first(), node.args.get(1)) else {
                return false;
            };
            let (Op::Gather { block } | Op::Scatter { block }) = node.op else {
                return false;
            };
            let len = values[array.index()].ty.lanes / block.max(1);
            if values[idx.index()].ty.lanes == 0 {
                return true;
            }
            if let Some(range) = values[idx.index()].range
                && range.lo >= 0
                && u64::try_from(range.hi).is_ok_and(|hi| hi < len)
            {
                return true;
            }
            constant(idx).is_some_and(|words| {
                constants::hull(words, values[idx.index()].ty.scalar)
                    .is_some_and(|(_, hi)| hi < Word::from(len))
            })
        }
        Effect::Regions => node
            .regions
            .iter()
            .flat_map(|region| &region.nodes)
            .all(|inner| is_droppable(inner, constant, values)),
        Effect::Always => false,
    }
}
