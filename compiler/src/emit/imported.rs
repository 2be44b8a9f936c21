//! Calls of imported circuits: elements that stand side by side in a vector become operands of their own.
//!
//! ```text
//! call c, element e of an operand: lane c·block + e   →   operand e, lane c
//! ```
//!
//! That is wiring, and free; so all calls are one operation with a lane per call, and a constant element is a constant
//! of the circuit.

use super::Emitter;
use super::array::bits;
use super::frame::Logic;
use crate::imported::Circuit;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::Domain;
use smpcc_circuit::value::{ConstVec, Scalar, Word};
use std::sync::Arc;

impl Emitter<'_> {
    /// The results of `calls` calls, in bits. The operands' lanes are those of one call after the other.
    pub(super) fn imported(
        &mut self,
        home: Domain,
        circuit: &Arc<Circuit>,
        calls: u64,
        args: &[ValueId],
    ) -> Vec<ValueId> {
        let domain = bits(home);
        let calls = calls * self.scale;
        // Each element as a constant or as where it stands.
        let mut constants: Vec<Option<Word>> = Vec::new();
        for (port, &arg) in circuit.operands.iter().zip(args) {
            for e in 0..port.block {
                constants.push(self.constant_element(arg, e, port.block, calls));
            }
        }
        let scalars: Vec<Scalar> = circuit
            .results
            .iter()
            .flat_map(|port| vec![port.scalar; port.block as usize])
            .collect();
        let known: Option<Vec<Word>> = constants.iter().copied().collect();
        let outs = if let Some(known) = known {
            let words = circuit.eval_elements(&known);
            scalars
                .iter()
                .zip(words)
                .map(|(&scalar, word)| self.splat(scalar, calls, word))
                .collect()
        } else {
            let mut constants = constants.into_iter();
            let mut elements = Vec::new();
            for (port, &arg) in circuit.operands.iter().zip(args) {
                for e in 0..port.block {
                    elements.push(match constants.next().flatten() {
                        Some(word) => self.splat(port.scalar, calls, word),
                        None => self.gather_affine(arg, e, &[(calls, port.block)]),
                    });
                }
            }
            self.logic(domain, Logic::Circuit(circuit.clone()), &elements, &scalars)
        };
        let mut rest = outs.as_slice();
        let mut results = Vec::with_capacity(circuit.results.len());
        for port in &circuit.results {
            let (own, after) = rest.split_at(port.block as usize);
            rest = after;
            let joined = self.concat(own);
            results.push(self.gather_affine(joined, 0, &[(calls, 1), (port.block, calls)]));
        }
        results
    }

    /// The word of an element that is a constant, the same in all calls.
    fn constant_element(&self, arg: ValueId, e: u64, block: u64, calls: u64) -> Option<Word> {
        let public = self.known[arg.index()].public.unwrap_or(arg);
        let words = self.known[public.index()].constant.as_ref()?;
        if let ConstVec::Splat { word, .. } = words {
            return Some(*word);
        }
        let first = words.get(e);
        let same = calls <= MAX_COMPARED && (1..calls).all(|c| words.get(c * block + e) == first);
        same.then_some(first)
    }
}

/// Most calls whose constants are compared.
const MAX_COMPARED: u64 = 1 << 16;
