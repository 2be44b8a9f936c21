//! Reading and writing parts of values: fields are free, public indices are gathers and scatters on flat vectors,
//! secret indices touch every element.
//!
//! Chains such as `a[i][j].f` are composed into one flat index wherever the indices are known to lie in range (then no
//! check is lost); otherwise row by row, so that each index is checked against its own length.

use super::fault::{Fault, Stop, Traced, code};
use super::value::{Leaf, Val};
use super::{MAX_LANES, Tracer};
use crate::hir::{Expr, ExprKind, LocalId, Place, PlaceStep, Type};
use crate::ir::{Op, Ty};
use crate::span::Span;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::{ConstVec, Scalar};

/// A step into a value, its index evaluated.
#[derive(Clone, Debug)]
pub enum Step {
    Field(u32),
    /// The index, its place, and whether its type is secret.
    Index(Box<Leaf>, Span, bool),
}

impl<'h> Tracer<'h> {
    /// `a.f`, `a[i]` and chains of them.
    pub(super) fn path_expr(&mut self, expr: &'h Expr) -> Traced<Val<'h>> {
        let mut chain = Vec::new();
        let mut root = expr;
        while let ExprKind::Field(base, _) | ExprKind::Index(base, _) = &root.kind {
            chain.push(root);
            root = base;
        }
        let val = self.expr(root)?;
        let mut steps = Vec::with_capacity(chain.len());
        for link in chain.into_iter().rev() {
            match &link.kind {
                ExprKind::Field(_, k) => steps.push(Step::Field(*k)),
                ExprKind::Index(_, index) => steps.push(self.index_step(index, link.span)?),
                _ => {}
            }
        }
        let of_root = |local: LocalId| matches!(root.kind, ExprKind::Local(read) if read == local);
        let updated = self.frame().updated.is_some_and(of_root);
        self.read(val, &steps, updated)
    }

    /// An index as a step. One of secret type hides its value even where tracing knows it.
    fn index_step(&mut self, index: &'h Expr, span: Span) -> Traced<Step> {
        let leaf = self.scalar_expr(index)?;
        let hidden = matches!(
            self.close(&index.ty),
            Type::Scalar(Scalar::Int { .. }, true)
        );
        Ok(Step::Index(Box::new(leaf), span, hidden))
    }

    /// The index for an array of `len`. Out of range means something else for an index of secret type (it reads zero
    /// and writes nothing), so such a one stays public only where it is known to be in range.
    fn settled(&mut self, index: &Leaf, hidden: bool, len: u64) -> Traced<Leaf> {
        if hidden && index.known().is_none_or(|k| k >= u128::from(len)) {
            return self.secret(index);
        }
        Ok(index.clone())
    }

    /// The part of `val` that the steps lead to. Of what is `updated`, elements are found as they are written: by one index. Else a
    /// row is found first, which other reads of it share.
    fn read(&mut self, val: Val<'h>, steps: &[Step], updated: bool) -> Traced<Val<'h>> {
        let mut current = val;
        let mut pending: Option<Leaf> = None;
        // The index of the next step, where it was put together with the one before.
        let mut joined: Option<Leaf> = None;
        for (k, step) in steps.iter().enumerate() {
            match step {
                Step::Field(k) => match current {
                    Val::Tuple(mut parts) if (*k as usize) < parts.len() => {
                        current = parts.swap_remove(*k as usize);
                    }
                    other => return Err(self.wrong_step(&other)),
                },
                Step::Index(index, span, hidden) => {
                    self.span = *span;
                    let index = &match (&current, joined.take()) {
                        (_, Some(joined)) => joined,
                        (Val::Array(len, _), None) => self.settled(index, *hidden, *len)?,
                        _ => (**index).clone(),
                    };
                    if let (true, Val::Array(len, element)) = (updated && index.secret, &current)
                        && let (Val::Array(each, inner), Some(next)) =
                            (&**element, steps.get(k + 1))
                        && let Some(flat) = self.flat((index, *len), next, *each)?
                    {
                        joined = Some(flat);
                        current = Val::Array(len * each, inner.clone());
                        continue;
                    }
                    match current {
                        Val::Rows(mut rows) => {
                            let at = self.known_row(index, rows.len() as u64, *span)?;
                            current = rows.swap_remove(at);
                        }
                        Val::Array(len, element) if index.secret => {
                            let array = self.flush(*element, pending.take(), len)?;
                            current = self.read_secret(&array, len, index)?;
                        }
                        Val::Array(len, element) => {
                            let index = self.checked_index(index, len, *span)?;
                            let composable = in_range(&index, len);
                            match pending.take() {
                                Some(outer) if composable => {
                                    pending = Some(self.compose(&outer, len, &index)?);
                                    current = *element;
                                }
                                outer => {
                                    let element = self.flush(*element, outer, len)?;
                                    if composable {
                                        pending = Some(index);
                                        current = element;
                                    } else {
                                        current = self.take(&element, &index)?;
                                    }
                                }
                            }
                        }
                        other => return Err(self.wrong_step(&other)),
                    }
                }
            }
        }
        match pending {
            Some(index) => self.take(&current, &index),
            None => Ok(current),
        }
    }

    /// Element `index` of an array, given its element tree.
    pub(super) fn take(&mut self, element: &Val<'h>, index: &Leaf) -> Traced<Val<'h>> {
        if index.lanes != 1 && element.has_array() {
            return Err(Stop::NotElementwise);
        }
        element.map_blocks(1, &mut |leaf, block| self.gather(leaf, index, block))
    }

    /// Replaces the variable's part that a place names.
    pub(super) fn assign(&mut self, place: &'h Place, val: Val<'h>, span: Span) -> Traced<()> {
        let mut steps = Vec::with_capacity(place.steps.len());
        for step in &place.steps {
            match step {
                PlaceStep::Field(k) => steps.push(Step::Field(*k)),
                PlaceStep::Index(index) => steps.push(self.index_step(index, index.span)?),
            }
        }
        self.span = span;
        let condition = self.path_condition(place.local)?;
        if steps.is_empty() && self.frame().get(place.local).is_none() {
            self.frame().set(place.local, Some(val));
            return Ok(());
        }
        let old = self.local(place.local)?;
        let new = self.store(&old, None, &steps, val, condition.as_ref())?;
        self.frame().set(place.local, Some(new));
        Ok(())
    }

    /// `current` with the part at `pending` and then `steps` replaced by `val`, if the condition holds.
    fn store(
        &mut self,
        current: &Val<'h>,
        pending: Option<&Leaf>,
        steps: &[Step],
        val: Val<'h>,
        condition: Option<&Leaf>,
    ) -> Traced<Val<'h>> {
        let Some((step, rest)) = steps.split_first() else {
            return self.write(current, pending, &val, condition);
        };
        match (step, current) {
            (Step::Field(k), Val::Tuple(parts)) if (*k as usize) < parts.len() => {
                let mut parts = parts.clone();
                let at = *k as usize;
                parts[at] = self.store(&parts[at], pending, rest, val, condition)?;
                Ok(Val::Tuple(parts))
            }
            (Step::Index(index, span, _), Val::Rows(rows)) => {
                let at = self.known_row(index, rows.len() as u64, *span)?;
                let mut rows = rows.clone();
                rows[at] = self.store(&rows[at], None, rest, val, condition)?;
                Ok(Val::Rows(rows))
            }
            (Step::Index(index, span, hidden), Val::Array(len, element)) => {
                self.span = *span;
                let index = &self.settled(index, *hidden, *len)?;
                if !index.secret {
                    let index = self.checked_index(index, *len, *span)?;
                    if in_range(&index, *len) {
                        let flat = match pending {
                            Some(outer) => self.compose(outer, *len, &index)?,
                            None => index,
                        };
                        let element = self.store(element, Some(&flat), rest, val, condition)?;
                        return Ok(Val::Array(*len, Box::new(element)));
                    }
                    if pending.is_none() && !rest.iter().any(|s| matches!(s, Step::Index(..))) {
                        let element = self.store(element, Some(&index), rest, val, condition)?;
                        return Ok(Val::Array(*len, Box::new(element)));
                    }
                }
                if let Some(outer) = pending {
                    // An inner array of its own: take it out, change it, put it back.
                    let inner = self.take(current, outer)?;
                    let inner = self.store(&inner, None, steps, val, condition)?;
                    return self.write(current, Some(outer), &inner, None);
                }
                if !index.secret {
                    let old = self.take(element, index)?;
                    let new = self.store(&old, None, rest, val, condition)?;
                    let element = self.write(element, Some(index), &new, None)?;
                    return Ok(Val::Array(*len, Box::new(element)));
                }
                let element = self.store_secret(element, *len, index, rest, val, condition)?;
                Ok(Val::Array(*len, Box::new(element)))
            }
            (_, other) => Err(self.wrong_step(other)),
        }
    }

    /// An array with one element replaced.
    pub(super) fn store_element(
        &mut self,
        array: &Val<'h>,
        index: &Leaf,
        val: &Val<'h>,
    ) -> Traced<Val<'h>> {
        match array {
            Val::Array(len, element) => {
                let element = self.write(element, Some(index), val, None)?;
                Ok(Val::Array(*len, Box::new(element)))
            }
            other => Err(self.wrong_step(other)),
        }
    }

    /// Replaces the whole of `current`, or its element `at`.
    fn write(
        &mut self,
        current: &Val<'h>,
        at: Option<&Leaf>,
        val: &Val<'h>,
        condition: Option<&Leaf>,
    ) -> Traced<Val<'h>> {
        let Some(at) = at else {
            if matches!(current, Val::Array(..) | Val::Rows(_)) && condition.is_none() {
                return Ok(val.clone());
            }
            return match condition {
                Some(condition) => self.select(condition, val, current),
                None => Ok(val.clone()),
            };
        };
        current.require_shape(
            val,
            self.span,
            "the element and what is assigned differ in shape",
        )?;
        let new = val.leaves();
        let mut new = new.into_iter();
        let batch = self.batch.is_some();
        current.map_blocks(1, &mut |leaf, block| {
            let Some(val) = new.next() else {
                return Ok(leaf.clone());
            };
            if batch && (at.lanes != 1 || val.lanes != block) {
                return Err(Stop::NotElementwise);
            }
            let val = match condition {
                Some(condition) => {
                    if batch && condition.lanes != 1 {
                        return Err(Stop::NotElementwise);
                    }
                    let old = self.gather(leaf, at, block)?;
                    self.word(
                        WordOp::Select,
                        leaf.scalar,
                        &[condition.clone(), val.clone(), old],
                    )?
                }
                None => val.clone(),
            };
            self.scatter(leaf, at, block, &val)
        })
    }

    /// `element` (of an array of `len`) with the part at a secret index and then `rest` replaced.
    fn store_secret(
        &mut self,
        element: &Val<'h>,
        len: u64,
        index: &Leaf,
        rest: &[Step],
        val: Val<'h>,
        condition: Option<&Leaf>,
    ) -> Traced<Val<'h>> {
        match (rest.split_first(), element) {
            (Some((Step::Field(k), rest)), Val::Tuple(parts)) if (*k as usize) < parts.len() => {
                let mut parts = parts.clone();
                let at = *k as usize;
                parts[at] = self.store_secret(&parts[at], len, index, rest, val, condition)?;
                return Ok(Val::Tuple(parts));
            }
            (Some((next, rest)), Val::Array(each, inner))
                if let Some(flat) = self.flat((index, len), next, *each)? =>
            {
                let all = len * each;
                let inner = self.store_secret(inner, all, &flat, rest, val, condition)?;
                return Ok(Val::Array(*each, Box::new(inner)));
            }
            (Some(_), _) => {
                let old = self.read_secret(element, len, index)?;
                let new = self.store(&old, None, rest, val, condition)?;
                return self.store_secret(element, len, index, &[], new, None);
            }
            (None, _) => {}
        }
        element.require_shape(
            &val,
            self.span,
            "the element and what is assigned differ in shape",
        )?;
        let index = match condition {
            None => index.clone(),
            Some(condition) => self.index_or_outside(index, len, condition)?,
        };
        let new = val.leaves();
        let mut new = new.into_iter();
        element.map_blocks(1, &mut |leaf, block| {
            let Some(val) = new.next() else {
                return Ok(leaf.clone());
            };
            if self.batch.is_some() && (index.lanes != 1 || val.lanes != block) {
                return Err(Stop::NotElementwise);
            }
            if len == 0 {
                return Ok(leaf.clone());
            }
            let (dst, val) = (self.secret(leaf)?, self.secret(val)?);
            let args = vec![self.value(&dst)?, self.value(&index)?, self.value(&val)?];
            let ty = Ty {
                scalar: leaf.scalar,
                lanes: leaf.lanes,
                secret: true,
            };
            self.node1(Op::WriteSecret { block, groups: 1 }, args, ty)
        })
    }

    /// The index where the condition holds, else one that is out of range (which writes nothing).
    fn index_or_outside(&mut self, index: &Leaf, len: u64, condition: &Leaf) -> Traced<Leaf> {
        let width = index.scalar.width();
        let index = if width < 64 && u128::from(len) > index.scalar.mask() {
            // All values of this width are inside: one more bit makes room for an outside.
            let needed = 64 - len.leading_zeros();
            let wider = u8::try_from(needed.max(width) + 1).unwrap_or(65);
            self.cast(index, Scalar::unsigned(wider))?
        } else {
            index.clone()
        };
        let outside = Leaf::word(index.scalar, index.scalar.mask());
        self.word(
            WordOp::Select,
            index.scalar,
            &[condition.clone(), index, outside],
        )
    }

    /// A secret index into `len` arrays of `each` elements and a step into what it finds, as one index of an element: so an element
    /// is written without its row being taken out and put back. One that is out of range is out of all.
    fn flat(&mut self, (outer, len): (&Leaf, u64), step: &Step, each: u64) -> Traced<Option<Leaf>> {
        let Step::Index(inner, span, hidden) = step else {
            return Ok(None);
        };
        let all = len.checked_mul(each).filter(|n| *n > 0 && *n <= MAX_LANES);
        let (Some(all), false) = (all, outer.scalar.is_signed()) else {
            return Ok(None);
        };
        let mut inner = self.settled(inner, *hidden, each)?;
        if !inner.secret {
            inner = self.checked_index(&inner, each, *span)?;
            if !in_range(&inner, each) {
                return Ok(None);
            }
        }
        if inner.scalar.is_signed() || inner.lanes != outer.lanes {
            return Ok(None);
        }
        // One bit more than the last index has, for what is out of range.
        let width = u8::try_from(64 - all.leading_zeros() + 1).unwrap_or(65);
        let scalar = Scalar::unsigned(width);
        let (row, place) = (self.cast(outer, scalar)?, self.cast(&inner, scalar)?);
        let lanes = outer.lanes;
        let splat = |scalar: Scalar, word: u64| {
            let word = word.into();
            Leaf::constant(scalar, ConstVec::Splat { lanes, word })
        };
        let start = self.word(WordOp::Mul, scalar, &[row, splat(scalar, each)])?;
        let mut flat = self.word(WordOp::Add, scalar, &[start, place])?;
        for (index, len) in [(outer, len), (&inner, each)] {
            if !index.secret || index.scalar.mask() < len.into() {
                continue;
            }
            let limit = splat(index.scalar, len);
            let inside = self.word(WordOp::Lt, Scalar::Bool, &[index.clone(), limit])?;
            let outside = splat(scalar, (1 << width) - 1);
            flat = self.word(WordOp::Select, scalar, &[inside, flat, outside])?;
        }
        Ok(Some(flat))
    }

    /// The element at a secret index, given the array's element tree.
    fn read_secret(&mut self, element: &Val<'h>, len: u64, index: &Leaf) -> Traced<Val<'h>> {
        // Many indices at once are laid out beside every element: too many of both are a loop.
        let pairs = index.lanes.checked_mul(len);
        if index.lanes != 1 && (element.has_array() || pairs.is_none_or(|n| n > MAX_LANES)) {
            return Err(Stop::NotElementwise);
        }
        element.map_blocks(1, &mut |leaf, block| {
            let lanes = self.product(index.lanes, block)?;
            if len == 0 || leaf.lanes == 0 {
                return Ok(Leaf::constant(
                    leaf.scalar,
                    ConstVec::Splat { lanes, word: 0 },
                ));
            }
            let args = vec![self.value(leaf)?, self.value(index)?];
            let ty = Ty {
                scalar: leaf.scalar,
                lanes,
                secret: true,
            };
            self.node1(Op::ReadSecret { block, groups: 1 }, args, ty)
        })
    }

    /// The element tree of the inner array at a pending outer index.
    fn flush(&mut self, element: Val<'h>, outer: Option<Leaf>, len: u64) -> Traced<Val<'h>> {
        let Some(outer) = outer else {
            return Ok(element);
        };
        match self.take(&Val::Array(len, Box::new(element)), &outer)? {
            Val::Array(_, element) => Ok(*element),
            other => Ok(other),
        }
    }

    /// `outer · len + index`, all in range.
    fn compose(&mut self, outer: &Leaf, len: u64, index: &Leaf) -> Traced<Leaf> {
        let scaled = self.word(
            WordOp::Mul,
            Scalar::USIZE,
            &[outer.clone(), Leaf::usize(len)],
        )?;
        self.word(WordOp::Add, Scalar::USIZE, &[scaled, index.clone()])
    }

    /// A public index as `usize`; a known one must be in range.
    fn checked_index(&mut self, index: &Leaf, len: u64, span: Span) -> Traced<Leaf> {
        if let Some(known) = index.known()
            && known >= u128::from(len)
        {
            return Err(out_of_range(index, known, len, span));
        }
        self.narrowed_index(index)
    }

    /// An index as `usize`, the largest one for what does not fit: cutting could bring an index that is out of range
    /// back into it.
    pub(super) fn narrowed_index(&mut self, index: &Leaf) -> Traced<Leaf> {
        if index.scalar.width() > 64 {
            let top = Leaf::word(index.scalar, u128::from(u64::MAX));
            let cut = self.word(WordOp::Min, index.scalar, &[index.clone(), top])?;
            return self.cast(&cut, Scalar::USIZE);
        }
        self.cast(index, Scalar::USIZE)
    }

    /// The row that an index names; rows differ in length, so it must be known.
    fn known_row(&mut self, index: &Leaf, n: u64, span: Span) -> Traced<usize> {
        let Some(at) = index.known() else {
            return Err(Fault::new(
                code::NOT_KNOWN,
                span,
                "rows of different lengths are indexed by constants, session values and loop counters only",
            )
            .help("iterate over the rows, or `flatten` them first")
            .needs_known()
            .into());
        };
        if at >= u128::from(n) {
            return Err(out_of_range(index, at, n, span));
        }
        usize::try_from(at).map_err(|_| out_of_range(index, at, n, span))
    }

    fn wrong_step(&self, val: &Val<'_>) -> Stop {
        Fault::new(
            code::LENGTHS,
            self.span,
            format!("this does not have such a part: {}", val.describe()),
        )
        .into()
    }
}

/// Whether a public index lies in `0..len` for sure.
fn in_range(index: &Leaf, len: u64) -> bool {
    index
        .interval()
        .is_some_and(|r| r.lo >= 0 && r.hi < i128::from(len))
}

fn out_of_range(index: &Leaf, known: u128, len: u64, span: Span) -> Stop {
    // What has passed below zero is a number of 64 bits.
    let known = match index.subtraction() {
        Some(_) => (known as i64).to_string(),
        None => known.to_string(),
    };
    let fault = Fault::new(
        code::INDEX,
        span,
        format!(
            "index {known} is outside of an array of {len} element{}",
            if len == 1 { "" } else { "s" }
        ),
    )
    .help("indices start at 0; compare with `.len()` first");
    match index.subtraction() {
        Some(why) => fault.here(why),
        None => fault,
    }
    .into()
}
