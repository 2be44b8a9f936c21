//! Functions of the library that are one operation where that is better than their bodies, which say what they mean.

use super::Tracer;
use super::build::leaf_of;
use super::fault::Traced;
use super::value::{GenericValue, Leaf, Val};
use crate::hir::{Fn, Type, form_of};
use crate::ir::{Op, Ty};
use crate::library;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{ConstVec, Form, Scalar, Word};

/// The most scalars of a row that a sort moves as columns of their own.
const MOST_COLUMNS: usize = 256;

impl<'h> Tracer<'h> {
    /// The result of a call, where the function is one of these and its arguments are of the kind that the operation takes.
    pub(super) fn intrinsic(
        &mut self,
        callee: &Fn,
        generics: &[GenericValue],
        args: &[Val<'h>],
    ) -> Traced<Option<Val<'h>>> {
        if !library::owns(callee.span.file) {
            return Ok(None);
        }
        match (callee.name.as_str(), args) {
            ("std::sort::sort", [Val::Array(n, element)]) => {
                if let Val::Leaf(leaf) = &**element
                    && leaf.scalar != Scalar::Bool
                {
                    let leaf = if self.has_float(generics.first()) {
                        let key = self.float_key(leaf)?;
                        match self.sorted(&key, *n)? {
                            Some(key) => Some(self.float_of_key(&key)?),
                            None => None,
                        }
                    } else {
                        self.sorted(leaf, *n)?
                    };
                    return Ok(leaf.map(|leaf| Val::Array(*n, Box::new(Val::Leaf(leaf)))));
                }
                if self.has_float(generics.first()) {
                    return Ok(None);
                }
                // What fits in a word is sorted as one.
                let leaves = element.leaves();
                if leaves.iter().any(|leaf| leaf.lanes != *n) || leaves.iter().all(|l| !l.secret) {
                    return Ok(None);
                }
                let Some(word) = self.packed(element)? else {
                    return Ok(None);
                };
                let Some(sorted) = self.sorted(&word, *n)? else {
                    return Ok(None);
                };
                let element = self.unpacked(&sorted, element)?;
                Ok(Some(Val::Array(*n, Box::new(element))))
            }
            ("std::stats::sum", [Val::Array(_, element)]) if self.has_float(generics.first()) => {
                let Val::Leaf(leaf) = &**element else {
                    return Ok(None);
                };
                self.float_sum(leaf).map(|sum| Some(Val::Leaf(sum)))
            }
            ("std::sort::arrange", [Val::Array(n, keys), Val::Array(m, _)]) if n == m => {
                let keys = match generics.first() {
                    Some(GenericValue::Type(ty)) => self.keyed(keys, ty)?,
                    _ => (**keys).clone(),
                };
                self.arranged(&keys, &args[1], *n, false)
            }
            ("std::sort::by_draws", [Val::Array(n, keys), Val::Array(m, _)]) if n == m => {
                self.arranged(keys, &args[1], *n, true)
            }
            ("std::crypto::sub_byte", [Val::Leaf(leaf)]) if leaf.const_vec().is_none() => {
                let leaf = self.word(WordOp::SubByte, leaf.scalar, std::slice::from_ref(leaf))?;
                Ok(Some(Val::Leaf(leaf)))
            }
            (name, args) => self.odds(name, args),
        }
    }

    /// Whether a float is inside of a type: its bits do not have its order.
    pub(super) fn has_float(&self, ty: Option<&GenericValue>) -> bool {
        fn walk(t: &Tracer<'_>, ty: &Type) -> bool {
            match ty {
                Type::Struct { id, args, secret } => {
                    let fields = t.fields(*id, args, *secret);
                    fields.iter().any(|(_, ty)| walk(t, ty))
                }
                other => {
                    form_of(other) == Form::Float
                        || other.children().into_iter().any(|ty| walk(t, ty))
                }
            }
        }
        matches!(ty, Some(GenericValue::Type(ty)) if walk(self, ty))
    }

    /// Secret scalars in ascending order; what is known now is sorted by the function's body.
    fn sorted(&mut self, leaf: &Leaf, n: u64) -> Traced<Option<Leaf>> {
        if !leaf.secret || leaf.const_vec().is_some() || leaf.lanes != n || n < 2 {
            return Ok(None);
        }
        let id = self.value(leaf)?;
        let ty = Ty {
            scalar: leaf.scalar,
            lanes: n,
            secret: true,
        };
        let op = Op::Sort {
            keys: 1,
            segments: 1,
            drawn: false,
        };
        self.node1(op, vec![id], ty).map(Some)
    }

    /// Rows in the order of their keys, each scalar of a row as a column; rows with equal keys stay in their order. Where nobody
    /// hides the keys, and where a key holds an array, the function's body does it. Keys may be drawn for this alone.
    fn arranged(
        &mut self,
        keys: &Val<'h>,
        rows: &Val<'h>,
        n: u64,
        drawn: bool,
    ) -> Traced<Option<Val<'h>>> {
        let by = keys.leaves();
        let hidden = |leaf: &&Leaf| leaf.secret && leaf.const_vec().is_none();
        if n < 2 || !by.iter().any(hidden) || by.iter().any(|leaf| leaf.lanes != n) {
            return Ok(None);
        }
        let n_columns = (rows.leaves().into_iter()).map(|leaf| (leaf.lanes / n) as usize);
        if n_columns.sum::<usize>() + by.len() > MOST_COLUMNS {
            return Ok(None);
        }
        let mut columns: Vec<Leaf> = Vec::new();
        let mut stands: SortedMap<ValueId, usize> = SortedMap::new();
        for leaf in by {
            // Truth values have an order, and no comparison of their own.
            let leaf = match leaf.scalar {
                Scalar::Bool => self.sortable(leaf)?,
                Scalar::Int { .. } => leaf.clone(),
            };
            let leaf = self.secret(&leaf)?;
            stands.insert(self.value(&leaf)?, columns.len());
            columns.push(leaf);
        }
        let keys = columns.len() as u64;
        // For each scalar of a row, the columns that hold it: one, or one for each element of an array in the row.
        let mut places: Vec<Vec<usize>> = Vec::new();
        for leaf in rows.leaves() {
            let leaf = self.secret(leaf)?;
            let block = leaf.lanes / n;
            let mut at = Vec::new();
            for element in 0..block {
                let column = match block {
                    1 => leaf.clone(),
                    _ => self.gather(&leaf, &strided(element, &[(n, block)]), 1)?,
                };
                let id = self.value(&column)?;
                at.push(*stands.entry(id).or_insert_with(|| {
                    columns.push(column);
                    columns.len() - 1
                }));
            }
            places.push(at);
        }
        let types: Vec<Ty> = (columns.iter())
            .map(|leaf| Ty {
                scalar: leaf.scalar,
                lanes: n,
                secret: true,
            })
            .collect();
        let ids: Vec<ValueId> = (columns.iter().map(|c| self.value(c))).collect::<Traced<_>>()?;
        let op = Op::Sort {
            keys,
            segments: 1,
            drawn,
        };
        let results = self.node(op, ids, &types, Vec::new())?;
        let sorted: Vec<Leaf> = (types.iter().zip(results))
            .map(|(&ty, id)| leaf_of(ty, id))
            .collect();
        let mut leaves = Vec::new();
        for (at, old) in places.iter().zip(rows.leaves()) {
            leaves.push(match at.as_slice() {
                [] => old.clone(),
                &[one] => sorted[one].clone(),
                several => {
                    let parts: Vec<Leaf> = several.iter().map(|&c| sorted[c].clone()).collect();
                    let all = self.concat(&parts)?;
                    self.gather(&all, &strided(0, &[(n, 1), (several.len() as u64, n)]), 1)?
                }
            });
        }
        Ok(Some(rows.with_leaves(&mut leaves.into_iter())))
    }
}

/// Places that start somewhere and go on in nested steps, as lengths and distances, the outermost first.
fn strided(start: u64, dims: &[(u64, u64)]) -> Leaf {
    let vec = ConstVec::Affine {
        start: Word::from(start),
        dims: (dims.iter())
            .map(|&(len, step)| (len, Word::from(step)))
            .collect(),
    };
    Leaf::constant(Scalar::USIZE, vec)
}
