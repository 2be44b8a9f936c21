//! Emits nodes: folds what is known, keeps secrecy and lanes consistent, and counts what it makes.
//!
//! All other parts of lowering make IR only through the functions here, so that the IR's rules (equal lanes, no public
//! result of a secret operand, a limit on sizes) are kept in one place.

use super::fault::{Fault, Stop, Traced, code};
use super::value::{Affine, Data, Leaf, Val, to_i128, type_interval};
use super::{MAX_LANES, MAX_NODES, Tracer};
use crate::hir::Range;
use crate::ir::{Node, Op, Reducer, Region, Ty, Value};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// Tables of constants up to this many lanes are computed here; longer ones while running.
const FOLD_LANES: u64 = 4096;

/// A place to come back to when tracing must start over.
#[derive(Clone, Copy, Debug)]
pub struct Checkpoint {
    n_values: usize,
    n_blocks: usize,
    n_nodes_in_block: usize,
    n_nodes: u64,
    n_frames: usize,
    n_loops: usize,
    n_conditions: usize,
    batch: Option<u64>,
    depth: u32,
}

impl<'h> Tracer<'h> {
    /// The present place.
    pub(super) fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            n_values: self.values.len(),
            n_blocks: self.blocks.len(),
            n_nodes_in_block: self.blocks.last().map_or(0, Vec::len),
            n_nodes: self.n_nodes,
            n_frames: self.frames.len(),
            n_loops: self.frames.last().map_or(0, |f| f.loops.len()),
            n_conditions: self.conditions.len(),
            batch: self.batch,
            depth: self.depth,
        }
    }

    /// Forgets everything emitted since; variables are the caller's to restore.
    pub(super) fn rollback(&mut self, to: Checkpoint) {
        self.values.truncate(to.n_values);
        self.blocks.truncate(to.n_blocks);
        if let Some(block) = self.blocks.last_mut() {
            block.truncate(to.n_nodes_in_block);
        }
        self.n_nodes = to.n_nodes;
        self.frames.truncate(to.n_frames);
        if let Some(frame) = self.frames.last_mut() {
            frame.loops.truncate(to.n_loops);
        }
        self.conditions.truncate(to.n_conditions);
        self.batch = to.batch;
        self.depth = to.depth;
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
        let results = results
            .iter()
            .map(|&ty| self.new_value(ty, None))
            .collect::<Traced<Vec<_>>>()?;
        let node = Node {
            op,
            args,
            results: results.clone(),
            regions,
            span: self.span,
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
        match &leaf.data {
            Data::Value(id) => Ok(*id),
            Data::Const(vec) => {
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
        if let Some(folded) = fold(op, from, to, args, lanes) {
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
        if let Some(folded) = fold_gather(src, index, block, lanes) {
            return Ok(folded);
        }
        if let Some(ConstVec::Affine { start, dims }) = src.const_vec()
            && let ([(_, step)], 1) = (dims.as_slice(), block)
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
            (dst.const_vec(), index.known_u64(), val.const_vec())
            && index.lanes == 1
            && dst.lanes <= FOLD_LANES
            && val.lanes == block
        {
            let mut words: Vec<Word> = table.words().collect();
            for (slot, word) in words
                .iter_mut()
                .skip(usize::try_from(at.saturating_mul(block)).unwrap_or(usize::MAX))
                .zip(new.words())
            {
                *slot = dst.scalar.wrap(word);
            }
            return Ok(Leaf::constant(dst.scalar, ConstVec::Table(words)));
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
        if lanes <= FOLD_LANES && full.iter().all(|p| p.const_vec().is_some()) {
            let words: Vec<Word> = full
                .iter()
                .filter_map(|p| p.const_vec())
                .flat_map(|v| v.words().map(|w| scalar.wrap(w)).collect::<Vec<_>>())
                .collect();
            return Ok(Leaf::constant(scalar, compress(words)));
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
            && vec.lanes() <= FOLD_LANES
        {
            let s = leaf.scalar;
            let word = vec
                .words()
                .map(|w| s.wrap(w))
                .reduce(|a, b| op.eval(s, s, &[a, b]));
            return Ok(Leaf::word(s, word.unwrap_or(empty)));
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
    }
}

/// A table in its smallest form.
fn compress(words: Vec<Word>) -> ConstVec {
    match words.split_first() {
        Some((&first, rest)) if rest.iter().all(|&w| w == first) => ConstVec::Splat {
            lanes: words.len() as u64,
            word: first,
        },
        _ => ConstVec::Table(words),
    }
}

fn fold(op: WordOp, from: Scalar, to: Scalar, args: &[Leaf], lanes: u64) -> Option<Leaf> {
    // Laws of truth values that need only one known operand: control flags meet them all the time.
    if let [a, b] = args {
        let known = |x: &Leaf| {
            (x.scalar == Scalar::Bool)
                .then(|| x.known_truth())
                .flatten()
        };
        for (x, y) in [(a, b), (b, a)] {
            let keep = y.lanes == lanes;
            match (op, known(x)) {
                (WordOp::And, Some(true)) | (WordOp::Or, Some(false)) if keep => {
                    return Some(y.clone());
                }
                (WordOp::And, Some(false)) | (WordOp::Or, Some(true)) => {
                    return Some(Leaf::constant(
                        to,
                        ConstVec::Splat {
                            lanes,
                            word: Word::from(op == WordOp::Or),
                        },
                    ));
                }
                _ => {}
            }
        }
    }
    match (op, args) {
        (WordOp::Add, [a, b]) if b.known() == Some(0) && a.lanes == lanes => {
            return Some(a.clone());
        }
        (WordOp::Add, [a, b]) if a.known() == Some(0) && b.lanes == lanes => {
            return Some(b.clone());
        }
        (WordOp::Sub, [a, b]) if b.known() == Some(0) && a.lanes == lanes => {
            return Some(a.clone());
        }
        (WordOp::Mul, [a, b]) if b.known() == Some(1) && a.lanes == lanes => {
            return Some(a.clone());
        }
        (WordOp::Mul, [a, b]) if a.known() == Some(1) && b.lanes == lanes => {
            return Some(b.clone());
        }
        _ => {}
    }
    if let (WordOp::Select, [c, a, b]) = (op, args) {
        if let Some(truth) = c.known_truth() {
            let chosen = if truth { a } else { b };
            if chosen.lanes == lanes {
                return Some(chosen.clone());
            }
        }
        if a.same(b) && a.lanes == lanes {
            return Some(a.clone());
        }
    }
    if args.iter().any(|a| a.secret) {
        return None;
    }
    let vecs: Option<Vec<&ConstVec>> = args.iter().map(Leaf::const_vec).collect();
    let vecs = vecs?;
    let words: Option<Vec<Word>> = args.iter().map(Leaf::known).collect();
    if let Some(words) = words {
        let word = op.eval(from, to, &words);
        return Some(Leaf::constant(to, ConstVec::Splat { lanes, word }));
    }
    if let Some(affine) = fold_affine(op, from, to, args) {
        return Some(affine);
    }
    if lanes > FOLD_LANES {
        return None;
    }
    let words = (0..lanes)
        .map(|lane| {
            let lane_args: Vec<Word> = args
                .iter()
                .zip(&vecs)
                .map(|(a, v)| a.scalar.wrap(v.get(if a.lanes == 1 { 0 } else { lane })))
                .collect();
            op.eval(from, to, &lane_args)
        })
        .collect();
    Some(Leaf::constant(to, compress(words)))
}

/// Affine constants stay affine under addition, subtraction, multiplication by a known word, and casts that keep the
/// integer.
fn fold_affine(op: WordOp, from: Scalar, to: Scalar, args: &[Leaf]) -> Option<Leaf> {
    let affine = |leaf: &Leaf| match leaf.const_vec() {
        Some(ConstVec::Affine { start, dims }) => Some((*start, dims.clone())),
        _ => None,
    };
    let make = |start: Word, dims: Vec<(u64, Word)>| {
        Some(Leaf::constant(to, ConstVec::Affine { start, dims }))
    };
    let scale = |dims: Vec<(u64, Word)>, by: Word| {
        dims.into_iter()
            .map(|(n, step)| (n, step.wrapping_mul(by)))
            .collect::<Vec<_>>()
    };
    match (op, args) {
        (WordOp::Cast, [a]) => {
            let (start, dims) = affine(a)?;
            let fits = to.width() <= from.width()
                || a.interval().is_some_and(|r| {
                    r.lo >= 0 && type_interval(from).is_some_and(|t| r.hi <= t.hi)
                });
            if fits { make(start, dims) } else { None }
        }
        (WordOp::Add, [a, b]) => {
            let (x, y) = if affine(a).is_some() { (a, b) } else { (b, a) };
            let (start, dims) = affine(x)?;
            make(start.wrapping_add(y.known()?), dims)
        }
        (WordOp::Sub, [a, b]) => match (affine(a), affine(b)) {
            (Some((start, dims)), None) => make(start.wrapping_sub(b.known()?), dims),
            (None, Some((start, dims))) => make(
                a.known()?.wrapping_sub(start),
                scale(dims, Word::MAX), // −1
            ),
            _ => None,
        },
        (WordOp::Mul, [a, b]) => {
            let (x, y) = if affine(a).is_some() { (a, b) } else { (b, a) };
            let (start, dims) = affine(x)?;
            let by = y.known()?;
            make(start.wrapping_mul(by), scale(dims, by))
        }
        _ => None,
    }
}

fn fold_gather(src: &Leaf, index: &Leaf, block: u64, lanes: u64) -> Option<Leaf> {
    if lanes == 0 {
        return Some(Leaf::constant(
            src.scalar,
            ConstVec::Splat { lanes, word: 0 },
        ));
    }
    if let Some(word) = src.known()
        && src.lanes > 0
        && !src.secret
        && in_bounds(index, src.lanes / block.max(1))
    {
        return Some(Leaf::constant(src.scalar, ConstVec::Splat { lanes, word }));
    }
    let at = index.const_vec()?;
    if lanes == src.lanes && is_iota(at) {
        return Some(src.clone());
    }
    let table = src.const_vec()?;
    if lanes > FOLD_LANES {
        return None;
    }
    let mut words = Vec::with_capacity(usize::try_from(lanes).ok()?);
    for i in at.words() {
        let base = u64::try_from(i).ok()?.checked_mul(block)?;
        for t in 0..block {
            let lane = base.checked_add(t)?;
            if lane >= src.lanes {
                return None;
            }
            words.push(src.scalar.wrap(table.get(lane)));
        }
    }
    Some(Leaf::constant(src.scalar, compress(words)))
}

fn in_bounds(index: &Leaf, len: u64) -> bool {
    index
        .interval()
        .is_some_and(|r| r.lo >= 0 && r.hi < i128::from(len))
}

/// Whether it is 0, 1, 2, ….
fn is_iota(vec: &ConstVec) -> bool {
    match vec {
        ConstVec::Splat { lanes, word } => *lanes == 1 && *word == 0,
        ConstVec::Affine { start, dims } => {
            *start == 0 && matches!(dims.as_slice(), [(_, step)] if *step == 1)
        }
        ConstVec::Table(words) => words.iter().enumerate().all(|(i, &w)| w == i as Word),
    }
}

/// The result as an affine expression, given that it does not wrap.
fn affine(op: WordOp, args: &[Leaf]) -> Option<Affine> {
    let known = |i: usize| args.get(i).and_then(known_i128);
    let of = |i: usize| args.get(i).and_then(Leaf::as_affine);
    let shift = |a: Affine, by: i128| {
        Some(Affine {
            offset: a.offset.checked_add(by)?,
            ..a
        })
    };
    match op {
        WordOp::Cast => of(0),
        WordOp::Add => match (known(0), known(1)) {
            (None, Some(c)) => shift(of(0)?, c),
            (Some(c), None) => shift(of(1)?, c),
            _ => None,
        },
        WordOp::Sub => shift(of(0)?, known(1)?.checked_neg()?),
        WordOp::Mul => {
            let (a, c) = match (known(0), known(1)) {
                (None, Some(c)) => (of(0)?, c),
                (Some(c), None) => (of(1)?, c),
                _ => return None,
            };
            Some(Affine {
                base: a.base,
                scale: a.scale.checked_mul(c)?,
                offset: a.offset.checked_mul(c)?,
            })
        }
        _ => None,
    }
}

/// An interval of the result of a public operation; `None` if it may wrap or nothing better than the type is known.
fn interval(op: WordOp, to: Scalar, args: &[Leaf]) -> Option<Range> {
    if to == Scalar::Bool {
        return None;
    }
    let ty = type_interval(to)?;
    let get = |i: usize| args.get(i).and_then(Leaf::interval);
    let of = |lo: Option<i128>, hi: Option<i128>| Some(Range { lo: lo?, hi: hi? });
    let range = match op {
        WordOp::Add => {
            let (a, b) = (get(0)?, get(1)?);
            of(a.lo.checked_add(b.lo), a.hi.checked_add(b.hi))
        }
        WordOp::Sub => {
            let (a, b) = (get(0)?, get(1)?);
            of(a.lo.checked_sub(b.hi), a.hi.checked_sub(b.lo))
        }
        WordOp::Mul => {
            let (a, b) = (get(0)?, get(1)?);
            if a.lo < 0 || b.lo < 0 {
                None
            } else {
                of(a.lo.checked_mul(b.lo), a.hi.checked_mul(b.hi))
            }
        }
        WordOp::Div => {
            let (a, b) = (get(0)?, get(1)?);
            if a.lo < 0 || b.lo <= 0 {
                None
            } else {
                of(Some(a.lo / b.hi), Some(a.hi / b.lo))
            }
        }
        WordOp::Rem => {
            let (a, b) = (get(0)?, get(1)?);
            if a.lo < 0 || b.lo <= 0 {
                None
            } else {
                of(Some(0), Some(a.hi.min(b.hi - 1)))
            }
        }
        WordOp::And => {
            let (a, b) = (get(0)?, get(1)?);
            if a.lo < 0 || b.lo < 0 {
                None
            } else {
                of(Some(0), Some(a.hi.min(b.hi)))
            }
        }
        WordOp::Shr => {
            let a = get(0)?;
            let by = args.get(1).and_then(Leaf::known).map_or(0, |s| s.min(126));
            if a.lo < 0 {
                None
            } else {
                of(Some(0), Some(a.hi >> by))
            }
        }
        WordOp::Min | WordOp::Max => {
            let (a, b) = (get(0)?, get(1)?);
            if op == WordOp::Min {
                of(Some(a.lo.min(b.lo)), Some(a.hi.min(b.hi)))
            } else {
                of(Some(a.lo.max(b.lo)), Some(a.hi.max(b.hi)))
            }
        }
        WordOp::Select => {
            let (a, b) = (get(1)?, get(2)?);
            of(Some(a.lo.min(b.lo)), Some(a.hi.max(b.hi)))
        }
        WordOp::Cast => get(0),
        WordOp::Neg
        | WordOp::Abs
        | WordOp::Not
        | WordOp::Or
        | WordOp::Xor
        | WordOp::Eq
        | WordOp::Ne
        | WordOp::Lt
        | WordOp::Le
        | WordOp::Shl
        | WordOp::RotL
        | WordOp::RotR
        | WordOp::Isqrt
        | WordOp::CountOnes => None,
    }?;
    (range.lo >= ty.lo && range.hi <= ty.hi).then_some(range)
}

/// The integer of a known leaf.
pub(super) fn known_i128(leaf: &Leaf) -> Option<i128> {
    leaf.known().and_then(|w| to_i128(leaf.scalar, w))
}
