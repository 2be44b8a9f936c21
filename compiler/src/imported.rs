//! Imported circuits: the gates of a file as an operation on typed values.
//!
//! A file knows wires; the language knows types. A [`Circuit`] is the file's netlist with its wires regrouped, so that every
//! operand and result is a vector of elements as the IR has them: an array of structs is one vector per field. One circuit
//! is shared by all of its calls, and with it the forms that the optimiser gives it, made once and when they are needed.

use crate::templates::{self, Objective};
use smpcc_circuit::template::{Builder, Lit, Template};
use smpcc_circuit::value::{Scalar, Word};
use std::hash::{Hash, Hasher};
use std::sync::OnceLock;

/// Longest circuit file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 64 << 20;
/// Most gates of an imported circuit: every party keeps a plan that holds them.
pub const MAX_GATES: usize = 1 << 23;
/// Most elements of a circuit's operands, and of its results.
pub const MAX_ELEMENTS: usize = 1 << 16;

/// An operand or result: so many elements of one scalar type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    /// The type of an element.
    pub scalar: Scalar,
    /// Number of elements in one call.
    pub block: u64,
}

/// Where the elements of an operand or result stand among the bits of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slots {
    /// The type of an element.
    pub scalar: Scalar,
    /// For each element, the position of its least significant bit among all bits.
    pub offsets: Vec<u32>,
}

/// A circuit that a program calls.
#[derive(Clone, Debug)]
pub struct Circuit {
    /// Its name in the program.
    pub name: String,
    /// Its operands.
    pub operands: Vec<Port>,
    /// Its results.
    pub results: Vec<Port>,
    /// Its gates; one operand or result of the template per element.
    template: Template,
    size: OnceLock<Form>,
    depth: OnceLock<Form>,
}

/// A circuit as the optimiser made it for an objective.
#[derive(Clone, Debug)]
pub struct Form {
    /// The gates.
    pub template: Template,
    /// Number of AND gates.
    pub ands: u64,
    /// Longest chain of AND gates.
    pub and_depth: u32,
}

/// Forms follow from the gates.
impl PartialEq for Circuit {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.operands, &self.results)
            == (&other.name, &other.operands, &other.results)
            && self.template == other.template
    }
}

impl Eq for Circuit {}

/// Circuits of one name are few: the name is enough to look one up by.
impl Hash for Circuit {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl Circuit {
    /// A netlist whose bits, in order, are those of the operands and results. Offsets must be inside the netlist's bits.
    pub fn new(name: &str, netlist: &Template, operands: &[Slots], results: &[Slots]) -> Self {
        let mut b = Builder::new(&widths(operands));
        let mut bits = vec![Lit::FALSE; netlist.n_input_bits() as usize];
        let mut wire = 1;
        for slots in operands {
            for &offset in &slots.offsets {
                for bit in 0..slots.scalar.width() {
                    if let Some(slot) = bits.get_mut((offset + bit) as usize) {
                        *slot = Lit::of(wire);
                    }
                    wire += 1;
                }
            }
        }
        let mut rest = bits.as_slice();
        let mut args = Vec::with_capacity(netlist.inputs.len());
        for &width in &netlist.inputs {
            let (arg, after) = rest.split_at(width as usize);
            args.push(arg.to_vec());
            rest = after;
        }
        let outputs: Vec<Lit> = b.call(netlist, &args).concat();
        let element = |slots: &Slots, offset: u32| -> Vec<Lit> {
            (offset..offset + slots.scalar.width())
                .map(|at| outputs.get(at as usize).copied().unwrap_or(Lit::FALSE))
                .collect()
        };
        let outs = results
            .iter()
            .flat_map(|s| s.offsets.iter().map(|&o| element(s, o)).collect::<Vec<_>>())
            .collect();
        Self {
            name: name.to_owned(),
            operands: operands.iter().map(Slots::port).collect(),
            results: results.iter().map(Slots::port).collect(),
            template: b.finish(name, outs),
            size: OnceLock::new(),
            depth: OnceLock::new(),
        }
    }

    /// A circuit whose template has one operand and one result per element, in order.
    ///
    /// # Errors
    /// When the template has other widths than the ports.
    pub fn from_parts(
        name: String,
        operands: Vec<Port>,
        results: Vec<Port>,
        template: Template,
    ) -> Result<Self, String> {
        let fit = |ports: &[Port], widths: &[u32]| {
            let mut expected = ports.iter().flat_map(|p| {
                std::iter::repeat_n(
                    p.scalar.width(),
                    usize::try_from(p.block).unwrap_or(usize::MAX),
                )
            });
            widths.iter().all(|&w| expected.next() == Some(w)) && expected.next().is_none()
        };
        let given: Vec<u32> = template.outputs.iter().map(|o| o.len() as u32).collect();
        if !fit(&operands, &template.inputs) || !fit(&results, &given) {
            return Err(format!(
                "the gates of {name:?} have other widths than its operands and results"
            ));
        }
        Ok(Self {
            name,
            operands,
            results,
            template,
            size: OnceLock::new(),
            depth: OnceLock::new(),
        })
    }

    /// The gates as they were read.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// The gates in the form that an objective wants.
    pub fn form(&self, objective: Objective) -> &Form {
        let cell = match objective {
            Objective::Size => &self.size,
            // A netlist has no form in between.
            Objective::Balanced | Objective::Depth => &self.depth,
        };
        cell.get_or_init(|| {
            let template = templates::optimise(&self.template, objective);
            Form {
                ands: template.n_and(),
                and_depth: template.and_depth(),
                template,
            }
        })
    }

    /// The elements of all results of one call on the elements of all operands.
    pub fn eval_elements(&self, elements: &[Word]) -> Vec<Word> {
        let mut rest = elements;
        let mut args = Vec::with_capacity(self.operands.len());
        for port in &self.operands {
            let (arg, after) = rest.split_at(rest.len().min(port.block as usize));
            args.push(arg);
            rest = after;
        }
        self.eval(1, &args).concat()
    }

    /// The results of `calls` calls; call `c` has the elements from `c · block` on of each operand. Missing words are zero.
    pub fn eval(&self, calls: u64, args: &[&[Word]]) -> Vec<Vec<Word>> {
        let n = usize::try_from(calls).unwrap_or(usize::MAX);
        let mut results: Vec<Vec<Word>> = vec![Vec::new(); self.results.len()];
        for first in (0..n).step_by(64) {
            let lanes = 64.min(n - first);
            let mut bits = Vec::with_capacity(self.template.n_input_bits() as usize);
            for (i, port) in self.operands.iter().enumerate() {
                let block = port.block as usize;
                let word = |call: usize, e: usize| {
                    let at = call.saturating_mul(block).saturating_add(e);
                    args.get(i)
                        .and_then(|words| words.get(at))
                        .copied()
                        .unwrap_or(0)
                };
                for e in 0..block {
                    let words: Vec<Word> = (0..lanes).map(|lane| word(first + lane, e)).collect();
                    for bit in 0..port.scalar.width() {
                        let gathered = words.iter().enumerate().fold(0u64, |all, (lane, word)| {
                            all | (((word >> bit) & 1) as u64) << lane
                        });
                        bits.push(gathered);
                    }
                }
            }
            let out = self.template.eval64(&bits);
            for lane in 0..lanes {
                let mut bit = out.iter().map(|word| Word::from(word >> lane & 1));
                for (port, words) in self.results.iter().zip(&mut results) {
                    for _ in 0..port.block {
                        let word = (0..port.scalar.width())
                            .fold(0, |word, at| word | bit.next().unwrap_or(0) << at);
                        words.push(word);
                    }
                }
            }
        }
        results
    }
}

impl Slots {
    fn port(&self) -> Port {
        Port {
            scalar: self.scalar,
            block: self.offsets.len() as u64,
        }
    }
}

fn widths(slots: &[Slots]) -> Vec<u32> {
    slots
        .iter()
        .flat_map(|s| vec![s.scalar.width(); s.offsets.len()])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two pairs of a byte and a flag, element by element in the file, as vectors of bytes and of flags.
    fn swapped() -> Circuit {
        let mut b = Builder::new(&[18]);
        let bits = b.input(0);
        let outs: Vec<Lit> = bits[9..].iter().chain(&bits[..9]).copied().collect();
        let both = b.and(bits[8], bits[17]);
        let netlist = b.finish("swap", vec![outs, vec![both]]);
        let bytes = Slots {
            scalar: Scalar::unsigned(8),
            offsets: vec![0, 9],
        };
        let flags = Slots {
            scalar: Scalar::Bool,
            offsets: vec![8, 17],
        };
        let both = Slots {
            scalar: Scalar::Bool,
            offsets: vec![18],
        };
        Circuit::new(
            "swap",
            &netlist,
            &[bytes.clone(), flags.clone()],
            &[bytes, flags, both],
        )
    }

    #[test]
    fn wires_are_regrouped_by_element_and_calls_follow_each_other() {
        let circuit = swapped();
        assert_eq!(circuit.template().inputs, [8, 8, 1, 1]);
        let out = circuit.eval(2, &[&[3, 200, 7, 9], &[1, 0, 1, 1]]);
        assert_eq!(out, [vec![200, 3, 9, 7], vec![0, 1, 1, 1], vec![0, 1]]);
        let many: Vec<Word> = (0..200).collect();
        let out = circuit.eval(100, &[&many, &many]);
        assert_eq!(out[0][..4], [1, 0, 3, 2]);
        assert_eq!(out[0][198..], [199, 198]);
        assert_eq!(circuit.form(Objective::Size).ands, 1);
    }

    #[test]
    fn parts_must_fit_their_ports() {
        let circuit = swapped();
        let again = Circuit::from_parts(
            circuit.name.clone(),
            circuit.operands.clone(),
            circuit.results.clone(),
            circuit.template().clone(),
        );
        assert_eq!(again.as_ref(), Ok(&circuit));
        let mut operands = circuit.operands.clone();
        operands[0].block = 3;
        let wrong = Circuit::from_parts(
            String::new(),
            operands,
            circuit.results.clone(),
            circuit.template().clone(),
        );
        assert!(wrong.is_err());
    }
}
