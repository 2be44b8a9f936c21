//! Calls of imported circuits: the leaves of the arguments, as secrets, are the operands of one node.
//!
//! Traced lane-wise (in `map`), a circuit on scalars is called once per lane by the same node; one on arrays is left to the
//! loop, which becomes lanes later. A call on constants is worked out here.

use super::Tracer;
use super::fault::{Fault, Stop, Traced, code};
use super::value::{Leaf, Val};
use crate::hir::{CircuitId, Type};
use crate::imported::Port;
use crate::ir::{Op, Ty};
use smpcc_circuit::value::{ConstVec, Word};

impl<'h> Tracer<'h> {
    /// A call of an imported circuit whose result has type `ret`.
    pub(super) fn imported(
        &mut self,
        id: CircuitId,
        args: &[Val<'h>],
        ret: &Type,
    ) -> Traced<Val<'h>> {
        let hir = self.hir;
        let Some(circuit) = hir.circuits.get(id.index()) else {
            return Err(Fault::new(code::NOT_KNOWN, self.span, "unknown circuit").into());
        };
        let leaves: Vec<&Leaf> = args.iter().flat_map(Val::leaves).collect();
        let fits = leaves.len() == circuit.operands.len()
            && leaves
                .iter()
                .zip(&circuit.operands)
                .all(|(l, p)| l.scalar == p.scalar);
        if !fits {
            let what = format!("these are not the operands of `{}`", circuit.name);
            return Err(Fault::new(code::LENGTHS, self.span, what).into());
        }
        let scalars = |ports: &[Port]| ports.iter().all(|p| p.block == 1);
        let calls = if scalars(&circuit.operands) && scalars(&circuit.results) {
            leaves
                .iter()
                .map(|l| l.lanes)
                .find(|&n| n != 1)
                .unwrap_or(1)
        } else {
            1
        };
        let mut operands = Vec::with_capacity(leaves.len());
        for (leaf, port) in leaves.into_iter().zip(&circuit.operands) {
            let lanes = self.product(calls, port.block)?;
            if leaf.lanes == lanes {
                operands.push(leaf.clone());
            } else if leaf.lanes == 1 && port.block == 1 {
                operands.push(self.broadcast(leaf, lanes)?);
            } else {
                return Err(Stop::NotElementwise);
            }
        }
        let known: Option<Vec<Vec<Word>>> = operands
            .iter()
            .map(|leaf| {
                let words = leaf.const_vec()?.words();
                (calls == 1).then(|| words.map(|w| leaf.scalar.wrap(w)).collect())
            })
            .collect();
        let results: Vec<Leaf> = if let Some(known) = known {
            let known: Vec<&[Word]> = known.iter().map(Vec::as_slice).collect();
            let words = circuit.eval(calls, &known);
            let scalars = circuit.results.iter().map(|p| p.scalar);
            scalars
                .zip(words)
                .map(|(s, words)| Leaf::constant(s, ConstVec::Table(words)))
                .collect()
        } else {
            let mut ids = Vec::with_capacity(operands.len());
            for leaf in &operands {
                let leaf = self.secret(leaf)?;
                ids.push(self.value(&leaf)?);
            }
            let mut tys = Vec::with_capacity(circuit.results.len());
            for port in &circuit.results {
                tys.push(Ty {
                    scalar: port.scalar,
                    lanes: self.product(calls, port.block)?,
                    secret: true,
                });
            }
            let op = Op::Circuit {
                circuit: circuit.clone(),
                calls,
            };
            let results = self.node(op, ids, &tys, Vec::new())?;
            let leaf = |(&ty, id)| super::build::leaf_of(ty, id);
            tys.iter().zip(results).map(leaf).collect()
        };
        let shape = self.zero(&self.close(ret), 1);
        Ok(shape.with_leaves(&mut results.into_iter()))
    }
}
