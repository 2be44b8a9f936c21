//! Calls of random netlists, on scalars and on arrays, once and over many lanes.

use super::Gen;
use crate::imported::{Circuit, Port};
use crate::ir::{Op, Ty};
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::template::{Builder, Lit};
use smpcc_circuit::value::Scalar;
use std::sync::Arc;

impl Gen {
    /// The first result of some calls of a new circuit.
    pub(super) fn imported(&mut self, scope: &[ValueId]) -> ValueId {
        let word = self.of(&[Scalar::unsigned(3), Scalar::signed(8), Scalar::Bool]);
        let block = 1 + self.below(3);
        let operands = vec![
            Port {
                scalar: word,
                block,
            },
            Port {
                scalar: Scalar::Bool,
                block: 1,
            },
        ];
        let results = operands[..=self.below(2) as usize].to_vec();
        let widths = |ports: &[Port]| -> Vec<u32> {
            let of = |p: &Port| vec![p.scalar.width(); p.block as usize];
            ports.iter().flat_map(of).collect()
        };
        let inputs = widths(&operands);
        let mut b = Builder::new(&inputs);
        let mut lits: Vec<Lit> = (0..inputs.len()).flat_map(|i| b.input(i)).collect();
        for _ in 0..20 {
            let (x, y) = (self.of(&lits), self.of(&lits));
            lits.push(if self.one_in(2) {
                b.and(x, !y)
            } else {
                b.xor(x, y)
            });
        }
        let outs = widths(&results)
            .into_iter()
            .map(|w| (0..w).map(|_| self.of(&lits)).collect())
            .collect();
        let template = b.finish("random", outs);
        let fallback = self.any(scope);
        let Ok(circuit) = Circuit::from_parts("random".into(), operands, results, template) else {
            return fallback;
        };
        let calls = 1 + self.below(3);
        let mut args = Vec::new();
        for port in &circuit.operands {
            let value = self.vector(scope, port.scalar, port.block * calls);
            args.push(self.secret(value));
        }
        let tys = circuit.results.iter().map(|port| Ty {
            scalar: port.scalar,
            lanes: port.block * calls,
            secret: true,
        });
        let tys = tys.collect();
        let circuit = Arc::new(circuit);
        let results = self
            .b
            .push(Op::Circuit { circuit, calls }, args, tys, vec![]);
        results.first().copied().unwrap_or(fallback)
    }
}
