//! What is done with whole arrays: `map`, `fold`, `zip`, `flatten` and their kin.
//!
//! `map` traces its function once on whole vectors where it is element-wise, which is the main road from source to lanes;
//! otherwise as a loop that fills an array.

use super::Tracer;
use super::fault::{Fault, Stop, Traced, code};
use super::types::element_type;
use super::value::{Leaf, Val};
use crate::hir::{Len, Type};
use smpcc_circuit::value::{ConstVec, Scalar};

impl<'h> Tracer<'h> {
    pub(super) fn zip(&mut self, a: Val<'h>, b: Val<'h>) -> Traced<Val<'h>> {
        let (n, m) = (self.length(&a)?, self.length(&b)?);
        if n != m {
            return Err(Fault::new(
                code::LENGTHS,
                self.span,
                format!("`zip` needs arrays of one length; these have {n} and {m}"),
            )
            .into());
        }
        match (a, b) {
            (Val::Array(n, a), Val::Array(_, b)) => {
                Ok(Val::Array(n, Box::new(Val::Tuple(vec![*a, *b]))))
            }
            (a, b) => {
                let (a, b) = (self.elements(a)?, self.elements(b)?);
                Ok(Val::Rows(
                    a.into_iter()
                        .zip(b)
                        .map(|(a, b)| Val::Tuple(vec![a, b]))
                        .collect(),
                ))
            }
        }
    }

    pub(super) fn enumerate(&mut self, xs: Val<'h>) -> Traced<Val<'h>> {
        match xs {
            Val::Array(n, element) => {
                let index = Leaf::constant(Scalar::USIZE, ConstVec::iota(n));
                Ok(Val::Array(
                    n,
                    Box::new(Val::Tuple(vec![Val::Leaf(index), *element])),
                ))
            }
            other => {
                let rows = self.elements(other)?;
                Ok(Val::Rows(
                    (0u64..)
                        .zip(rows)
                        .map(|(k, row)| Val::Tuple(vec![Val::Leaf(Leaf::usize(k)), row]))
                        .collect(),
                ))
            }
        }
    }

    pub(super) fn flatten(&mut self, xss: Val<'h>, ty: &Type) -> Traced<Val<'h>> {
        match xss {
            Val::Array(n, inner) => match *inner {
                Val::Array(m, element) => Ok(Val::Array(self.product(n, m)?, element)),
                other => Err(Fault::new(
                    code::LENGTHS,
                    self.span,
                    format!(
                        "`flatten` needs an array of arrays, not of {}",
                        other.describe()
                    ),
                )
                .into()),
            },
            Val::Rows(rows) => {
                let mut all: Option<Vec<Vec<Leaf>>> = None;
                let mut shape: Option<Val<'h>> = None;
                let mut total = 0u64;
                for row in rows {
                    let Val::Array(len, element) = row else {
                        return Err(Fault::new(
                            code::LENGTHS,
                            self.span,
                            "`flatten` needs rows that are arrays",
                        )
                        .into());
                    };
                    total = total.saturating_add(len);
                    match &shape {
                        None => shape = Some((*element).clone()),
                        Some(shape) => {
                            shape.require_shape(
                                &element,
                                self.span,
                                "rows of different elements",
                            )?;
                        }
                    }
                    let columns =
                        all.get_or_insert_with(|| vec![Vec::new(); element.leaves().len()]);
                    for (column, leaf) in columns.iter_mut().zip(element.leaves()) {
                        column.push(leaf.clone());
                    }
                }
                let (Some(shape), Some(columns)) = (shape, all) else {
                    let element = match ty {
                        Type::Array(e, _) => self.zero(e, 0),
                        _ => Val::unit(),
                    };
                    return Ok(Val::Array(0, Box::new(element)));
                };
                let mut leaves = Vec::with_capacity(columns.len());
                for column in columns {
                    leaves.push(self.concat(&column)?);
                }
                let element = shape.with_leaves(&mut leaves.into_iter());
                Ok(Val::Array(total, Box::new(element)))
            }
            other => Err(Fault::new(
                code::LENGTHS,
                self.span,
                format!(
                    "`flatten` needs an array of arrays, not {}",
                    other.describe()
                ),
            )
            .into()),
        }
    }

    pub(super) fn concat_arrays(&mut self, a: Val<'h>, b: Val<'h>) -> Traced<Val<'h>> {
        if let (Val::Array(n, a), Val::Array(m, b)) = (&a, &b) {
            if *n == 0 {
                return Ok(Val::Array(*m, b.clone()));
            }
            if *m == 0 {
                return Ok(Val::Array(*n, a.clone()));
            }
            a.require_shape(b, self.span, "the arrays' elements differ in shape")?;
            let mut leaves = Vec::new();
            for (x, y) in a.leaves().into_iter().zip(b.leaves()) {
                leaves.push(self.concat(&[x.clone(), y.clone()])?);
            }
            let element = a.with_leaves(&mut leaves.into_iter());
            return Ok(Val::Array(n.saturating_add(*m), Box::new(element)));
        }
        let mut rows = self.elements(a)?;
        rows.extend(self.elements(b)?);
        Ok(Val::Rows(rows))
    }

    /// The elements one by one; for lists of rows and short arrays.
    pub(super) fn elements(&mut self, val: Val<'h>) -> Traced<Vec<Val<'h>>> {
        match val {
            Val::Rows(rows) => Ok(rows),
            Val::Array(n, element) if n <= super::MAX_UNROLLED => (0..n)
                .map(|k| self.take(&element, &Leaf::usize(k)))
                .collect(),
            other => Err(Fault::new(
                code::LENGTHS,
                self.span,
                format!(
                    "{} cannot be combined with rows of different lengths",
                    other.describe()
                ),
            )
            .into()),
        }
    }

    pub(super) fn map(
        &mut self,
        xs: Val<'h>,
        f: &Val<'h>,
        arg: Option<&Type>,
        result: &Type,
    ) -> Traced<Val<'h>> {
        let types = [item_type(arg)];
        let (n, element) = match xs {
            Val::Array(n, element) => (n, *element),
            other => {
                let mut vals = Vec::new();
                for row in self.elements(other)? {
                    vals.push(self.apply(f, vec![row], &types)?);
                }
                return self.gathered(vals, result);
            }
        };
        if n == 0 {
            return self.gathered(Vec::new(), result);
        }
        if n == 1 {
            let val = self.take(&element, &Leaf::usize(0))?;
            let val = self.apply(f, vec![val], &types)?;
            return self.gathered(vec![val], result);
        }
        let (checkpoint, span) = (self.checkpoint(), self.span);
        if self.batch.is_none() && !element.has_array() {
            self.batch = Some(n);
            match self.apply(f, vec![element.clone()], &types) {
                Ok(val) if !val.has_array() => {
                    let val = val.map_leaves(&mut |leaf| self.broadcast(leaf, n))?;
                    self.batch = None;
                    return Ok(Val::Array(n, Box::new(val)));
                }
                Ok(_) | Err(Stop::NotElementwise) => self.rollback(checkpoint),
                Err(Stop::Fault(fault)) if fault.needs_known => self.rollback(checkpoint),
                Err(stop) => return Err(stop),
            }
        }
        self.span = span;
        self.map_by_loop(n, &element, f, &types, result)
    }

    /// `map` as a loop that writes each result at the counter.
    fn map_by_loop(
        &mut self,
        n: u64,
        element: &Val<'h>,
        f: &Val<'h>,
        types: &[Option<Type>],
        result: &Type,
    ) -> Traced<Val<'h>> {
        let (checkpoint, span) = (self.checkpoint(), self.span);
        // A first trace, thrown away, tells the shape of an element of the result.
        let index = Leaf::usize(0);
        let sample = self
            .take(element, &index)
            .and_then(|first| self.apply(f, vec![first], types));
        self.rollback(checkpoint);
        let sample = sample?;
        self.span = span;
        if super::expr::has_rows(&sample) {
            let mut vals = Vec::new();
            for val in self.elements(Val::Array(n, Box::new(element.clone())))? {
                vals.push(self.apply(f, vec![val], types)?);
            }
            return self.gathered(vals, result);
        }
        if self.batch.is_some() && super::expr::varies(&sample) {
            return Err(Stop::NotElementwise);
        }
        let zeros = sample.zeros();
        let start = zeros.map_leaves(&mut |leaf| self.repeat(leaf, n))?;
        let start = Val::Array(n, Box::new(start));
        self.accumulate(n, start, &mut |t, k, filled| {
            let val = t.take(element, &k)?;
            let val = t.apply(f, vec![val], types)?;
            t.store_element(&filled, &k, &val)
        })
    }

    pub(super) fn fold(
        &mut self,
        xs: Val<'h>,
        init: Val<'h>,
        f: &Val<'h>,
        types: &[Option<Type>],
    ) -> Traced<Val<'h>> {
        match xs {
            Val::Array(0, _) => Ok(init),
            Val::Array(n, element) => self.accumulate(n, init, &mut |t, k, acc| {
                let val = t.take(&element, &k)?;
                t.apply(f, vec![acc, val], types)
            }),
            other => {
                let mut acc = init;
                for row in self.elements(other)? {
                    acc = self.apply(f, vec![acc, row], types)?;
                }
                Ok(acc)
            }
        }
    }
}

/// The type of what iterating over a value of a type gives.
pub(super) fn item_type(ty: Option<&Type>) -> Option<Type> {
    match ty {
        Some(Type::Ragged(e, _)) => Some(Type::Array(e.clone(), Len::Session)),
        other => element_type(other).cloned(),
    }
}
