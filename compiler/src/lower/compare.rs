//! Comparisons of what has parts: arrays, tuples, structs and enums, in the order of their parts.
//!
//! Parts that fit in one word together are put into one, the first part on top, so that one comparison decides. Of arrays
//! two neighbours at a time become one, as long as there are several: the first that differs decides.

use super::Tracer;
use super::fault::{Stop, Traced};
use super::value::{GenericValue, Leaf, Val};
use crate::hir::{BinaryOp, Type};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::{ConstVec, Scalar};

/// Widest word.
const MAX_WIDTH: u32 = 128;

/// Whether one is less than the other, and whether both are equal, element by element.
struct Order {
    less: Leaf,
    equal: Leaf,
}

impl<'h> Tracer<'h> {
    /// `a op b` of values with parts.
    pub(super) fn compared(&mut self, op: BinaryOp, a: &Val<'h>, b: &Val<'h>) -> Traced<Leaf> {
        use BinaryOp as B;
        a.require_shape(
            b,
            self.span,
            "the two sides of this comparison differ in shape",
        )?;
        match op {
            B::Eq => self.equal(a, b),
            B::Ne => {
                let equal = self.equal(a, b)?;
                self.not(&equal)
            }
            B::Gt => self.less(b, a),
            B::Le => {
                let more = self.less(b, a)?;
                self.not(&more)
            }
            B::Ge => {
                let less = self.less(a, b)?;
                self.not(&less)
            }
            // The checker lets nothing else through.
            _ => self.less(a, b),
        }
    }

    /// A value whose parts have the order of integers: of a float the one of its key, in which −0 is below 0 and the one NaN above all.
    pub(super) fn keyed(&mut self, val: &Val<'h>, ty: &Type) -> Traced<Val<'h>> {
        let closed = self.close(ty);
        if !self.has_float(Some(&GenericValue::Type(closed.clone()))) {
            return Ok(val.clone());
        }
        let leaves = val.leaves();
        let floats = self.float_leaves(&closed, val);
        let mut keys = Vec::with_capacity(leaves.len());
        for (leaf, is_float) in leaves.into_iter().zip(floats) {
            keys.push(match is_float {
                true => self.float_key(leaf)?,
                false => leaf.clone(),
            });
        }
        Ok(val.with_leaves(&mut keys.into_iter()))
    }

    /// The lesser or greater of two values of a type; of equal ones the first.
    pub(super) fn extreme(
        &mut self,
        least: bool,
        a: Val<'h>,
        b: Val<'h>,
        ty: &Type,
    ) -> Traced<Val<'h>> {
        if let (Val::Leaf(x), Val::Leaf(y)) = (&a, &b)
            && x.scalar != Scalar::Bool
        {
            let op = if least { WordOp::Min } else { WordOp::Max };
            return Ok(Val::Leaf(self.word(
                op,
                x.scalar,
                &[x.clone(), y.clone()],
            )?));
        }
        let (x, y) = (self.keyed(&a, ty)?, self.keyed(&b, ty)?);
        let other = match least {
            true => self.compared(BinaryOp::Lt, &y, &x)?,
            false => self.compared(BinaryOp::Lt, &x, &y)?,
        };
        self.select(&other, &b, &a)
    }

    fn equal(&mut self, a: &Val<'h>, b: &Val<'h>) -> Traced<Leaf> {
        match (a, b) {
            (Val::Leaf(a), Val::Leaf(b)) => self.equal_words(a, b),
            (Val::Array(_, a), Val::Array(_, b)) => {
                self.outside_lanes()?;
                let mut all = Leaf::truth(true);
                for (x, y) in a.leaves().into_iter().zip(b.leaves()) {
                    let equal = self.equal_words(x, y)?;
                    let equal = self.reduce(WordOp::And, &equal, 1)?;
                    all = self.and(&all, &equal)?;
                }
                Ok(all)
            }
            (Val::Tuple(a), Val::Tuple(b)) | (Val::Rows(a), Val::Rows(b)) => {
                let mut all = Leaf::truth(true);
                for (x, y) in a.iter().zip(b) {
                    let equal = self.equal(x, y)?;
                    all = self.and(&all, &equal)?;
                }
                Ok(all)
            }
            _ => Ok(Leaf::truth(true)),
        }
    }

    fn equal_words(&mut self, a: &Leaf, b: &Leaf) -> Traced<Leaf> {
        if a.same(b) {
            return Ok(truths(true, a.lanes));
        }
        self.word(WordOp::Eq, Scalar::Bool, &[a.clone(), b.clone()])
    }

    /// While lanes of calls are traced at once an array has elements of several calls among its lanes.
    fn outside_lanes(&self) -> Traced<()> {
        if self.batch.is_some() {
            return Err(Stop::NotElementwise);
        }
        Ok(())
    }

    fn less(&mut self, a: &Val<'h>, b: &Val<'h>) -> Traced<Leaf> {
        if let (Some(x), Some(y)) = (self.packed(a)?, self.packed(b)?) {
            return self.word(WordOp::Lt, Scalar::Bool, &[x, y]);
        }
        Ok(self.order(a, b, 1)?.less)
    }

    /// The order of `n` values beside each other.
    fn order(&mut self, a: &Val<'h>, b: &Val<'h>, n: u64) -> Traced<Order> {
        match (a, b) {
            (Val::Leaf(a), Val::Leaf(b)) => {
                let equal = self.equal_words(a, b)?;
                let (x, y) = (self.sortable(a)?, self.sortable(b)?);
                let less = self.word(WordOp::Lt, Scalar::Bool, &[x, y])?;
                Ok(Order { less, equal })
            }
            (Val::Array(len, a), Val::Array(_, b)) => {
                self.outside_lanes()?;
                let lanes = self.product(n, *len)?;
                let inner = self.order(a, b, lanes)?;
                self.first_of(inner, n, *len)
            }
            (Val::Tuple(a), Val::Tuple(b)) | (Val::Rows(a), Val::Rows(b)) => {
                let mut so_far: Option<Order> = None;
                for (x, y) in a.iter().zip(b) {
                    let next = self.order(x, y, n)?;
                    so_far = Some(match so_far {
                        None => next,
                        Some(before) => self.then(before, next)?,
                    });
                }
                Ok(so_far.unwrap_or_else(|| same(n)))
            }
            _ => Ok(same(n)),
        }
    }

    /// The order by one thing, and where that is equal by another.
    fn then(&mut self, first: Order, next: Order) -> Traced<Order> {
        // Where the first is equal it is not less.
        let less = self.and(&first.equal, &next.less)?;
        let less = self.word(WordOp::Xor, Scalar::Bool, &[first.less, less])?;
        let equal = self.and(&first.equal, &next.equal)?;
        Ok(Order { less, equal })
    }

    /// For each of `n` arrays the order by its elements, of which there are `len`.
    fn first_of(&mut self, mut order: Order, n: u64, len: u64) -> Traced<Order> {
        let mut len = len;
        if len == 0 {
            return Ok(same(n));
        }
        while len > 1 {
            let half = len / 2;
            let pick = |start: u64| {
                Leaf::constant(
                    Scalar::USIZE,
                    ConstVec::Affine {
                        start: u128::from(start),
                        dims: vec![(n, u128::from(len)), (half, 2)],
                    },
                )
            };
            let first = self.picked_order(&order, &pick(0))?;
            let next = self.picked_order(&order, &pick(1))?;
            let mut joined = self.then(first, next)?;
            if len % 2 == 1 {
                let last = Leaf::constant(
                    Scalar::USIZE,
                    ConstVec::Affine {
                        start: u128::from(len - 1),
                        dims: vec![(n, u128::from(len))],
                    },
                );
                let last = self.picked_order(&order, &last)?;
                if half == 1 {
                    joined = self.then(joined, last)?;
                    return Ok(joined);
                }
                joined = self.appended(joined, last, n, half)?;
                len = half + 1;
            } else {
                len = half;
            }
            order = joined;
        }
        Ok(order)
    }

    fn picked_order(&mut self, order: &Order, index: &Leaf) -> Traced<Order> {
        Ok(Order {
            less: self.gather(&order.less, index, 1)?,
            equal: self.gather(&order.equal, index, 1)?,
        })
    }

    /// One element more at the end of each of `n` arrays of `len`.
    fn appended(&mut self, to: Order, last: Order, n: u64, len: u64) -> Traced<Order> {
        let mut both = [(to.less, last.less), (to.equal, last.equal)].into_iter();
        let mut next = |t: &mut Self| -> Traced<Leaf> {
            let (a, b) = both
                .next()
                .unwrap_or((Leaf::truth(false), Leaf::truth(false)));
            if n == 1 {
                return t.concat(&[a, b]);
            }
            let all = t.concat(&[a, b])?;
            let mut order = Vec::new();
            for k in 0..n {
                order.extend((0..len).map(|i| u128::from(k * len + i)));
                order.push(u128::from(n * len + k));
            }
            let order = Leaf::constant(Scalar::USIZE, ConstVec::Table(order));
            t.gather(&all, &order, 1)
        };
        Ok(Order {
            less: next(self)?,
            equal: next(self)?,
        })
    }

    /// A word whose unsigned order is that of the value.
    pub(super) fn sortable(&mut self, leaf: &Leaf) -> Traced<Leaf> {
        let width = leaf.scalar.width() as u8;
        let plain = self.cast(leaf, Scalar::unsigned(width))?;
        if !leaf.scalar.is_signed() {
            return Ok(plain);
        }
        let top = Leaf::word(plain.scalar, 1 << (width - 1));
        self.word(WordOp::Xor, plain.scalar, &[plain, top])
    }

    /// All parts in one word whose unsigned order is that of the value, if they fit and none is an array.
    pub(super) fn packed(&mut self, val: &Val<'h>) -> Traced<Option<Leaf>> {
        if val.has_array() {
            return Ok(None);
        }
        let leaves: Vec<Leaf> = val.leaves().into_iter().cloned().collect();
        let width: u32 = leaves.iter().map(|leaf| leaf.scalar.width()).sum();
        if width == 0 || width > MAX_WIDTH {
            return Ok(None);
        }
        let to = Scalar::unsigned(width as u8);
        let mut word: Option<Leaf> = None;
        for leaf in &leaves {
            let part = self.sortable(leaf)?;
            let by = Leaf::word(Scalar::unsigned(8), u128::from(part.scalar.width()));
            let part = self.cast(&part, to)?;
            word = Some(match word {
                None => part,
                Some(before) => {
                    let above = self.word(WordOp::Shl, to, &[before, by])?;
                    self.word(WordOp::Xor, to, &[above, part])?
                }
            });
        }
        Ok(word)
    }

    /// The parts of a value of this shape from the word that [`Self::packed`] made of them.
    pub(super) fn unpacked(&mut self, word: &Leaf, shape: &Val<'h>) -> Traced<Val<'h>> {
        let mut leaves = Vec::new();
        let mut below: u32 = 0;
        for leaf in shape.leaves().into_iter().rev() {
            let scalar = leaf.scalar;
            let by = Leaf::word(Scalar::unsigned(8), u128::from(below));
            let part = self.word(WordOp::Shr, word.scalar, &[word.clone(), by])?;
            below += scalar.width();
            let mut part = self.cast(&part, Scalar::unsigned(scalar.width() as u8))?;
            if scalar.is_signed() {
                let top = Leaf::word(part.scalar, 1 << (scalar.width() - 1));
                part = self.word(WordOp::Xor, part.scalar, &[part, top])?;
            }
            leaves.push(if scalar == Scalar::Bool {
                let zero = Leaf::word(part.scalar, 0);
                self.word(WordOp::Ne, Scalar::Bool, &[part, zero])?
            } else {
                self.cast(&part, scalar)?
            });
        }
        Ok(shape.with_leaves(&mut leaves.into_iter().rev()))
    }
}

fn truths(truth: bool, lanes: u64) -> Leaf {
    let word = u128::from(truth);
    Leaf::constant(Scalar::Bool, ConstVec::Splat { lanes, word })
}

/// The order of what has no parts.
fn same(n: u64) -> Order {
    Order {
        less: truths(false, n),
        equal: truths(true, n),
    }
}
