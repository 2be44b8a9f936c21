//! Functions of the library that are one operation where that is better than their bodies, which say what they mean.

use super::Tracer;
use super::fault::Traced;
use super::value::{Leaf, Val};
use crate::hir::Fn;
use crate::ir::{Op, Ty};
use crate::library;

impl<'h> Tracer<'h> {
    /// The result of a call, where the function is one of these and its arguments are of the kind that the operation takes.
    pub(super) fn intrinsic(&mut self, callee: &Fn, args: &[Val<'h>]) -> Traced<Option<Val<'h>>> {
        if !library::owns(callee.span.file) {
            return Ok(None);
        }
        match (callee.name.as_str(), args) {
            ("std::sort::sort", [Val::Array(n, element)]) => {
                let Val::Leaf(leaf) = &**element else {
                    return Ok(None);
                };
                let leaf = self.sorted(leaf, *n)?;
                Ok(leaf.map(|leaf| Val::Array(*n, Box::new(Val::Leaf(leaf)))))
            }
            _ => Ok(None),
        }
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
        };
        self.node1(op, vec![id], ty).map(Some)
    }
}
