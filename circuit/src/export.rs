//! A straight Boolean program as one flat circuit, for other tools.
//!
//! The circuit has one operand per parameter of `main` and owner (for arrays element 0 first, fields in order, each
//! least significant bit first) and one result per output leaf. Loops with known counts are written out; what depends
//! on revealed values cannot be exported. Public arguments and lengths are constants of the circuit.

mod steps;

use crate::bristol;
use crate::ids::ValueId;
use crate::program::{Program, Region, Shape, ShapeNode};
use crate::template::{Builder, Lit, Template};
use crate::value::{Scalar, Word};

/// Most gates that a flat circuit may have.
pub const MAX_GATES: usize = 50_000_000;

/// Most lanes of a value that are written out.
const MAX_LANES: u64 = 1 << 24;

/// Most lanes that all operations together may have, each as often as it runs: loops may have any count, and what they do need
/// not become gates.
const MAX_WORK: u64 = 1 << 30;

/// The Bristol Fashion text of a program.
///
/// # Errors
/// Why the program is not a straight Boolean circuit, with the line.
pub fn bristol(program: &Program) -> Result<String, String> {
    Ok(bristol::write(&flatten(program)?))
}

/// The program as one template.
///
/// # Errors
/// Why it is not a straight Boolean circuit, with the line.
pub fn flatten(program: &Program) -> Result<Template, String> {
    let widths: Vec<u32> = program
        .params
        .iter()
        .map(|p| {
            let bits: u64 = p
                .leaves
                .iter()
                .filter_map(|id| program.inputs.get(id.index()))
                .map(|l| l.lanes.saturating_mul(u64::from(l.scalar.width())))
                .fold(0, u64::saturating_add);
            u32::try_from(bits).map_err(|_| format!("the input `{}` has {bits} bits", p.name))
        })
        .collect::<Result<_, _>>()?;
    let all = widths.iter().fold(0, |sum: u64, &w| sum + u64::from(w));
    if all > MAX_GATES as u64 {
        return Err(format!(
            "inputs of {all} bits are too many to be written out"
        ));
    }
    let mut builder = Builder::new(&widths);
    let inputs = input_bits(program, &builder);
    let mut flat = Flat {
        program,
        builder: &mut builder,
        inputs,
        values: vec![None; program.values.len()],
        outputs: vec![None; program.outputs.len()],
        left: MAX_WORK,
    };
    if let Some(main) = program.regions.first() {
        flat.region(main)?;
    }
    let outputs = flat.outputs;
    let outputs = outputs
        .into_iter()
        .map(|o| {
            o.map(|lanes| lanes.concat())
                .ok_or("an output is never computed")
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(builder.finish(program.name.clone(), outputs))
}

/// The literals of every input leaf, by lane.
fn input_bits(program: &Program, builder: &Builder) -> Vec<Vec<Vec<Lit>>> {
    let mut leaves: Vec<Vec<Vec<Lit>>> = vec![Vec::new(); program.inputs.len()];
    for (operand, param) in program.params.iter().enumerate() {
        let bits = builder.input(operand);
        let mut at = 0;
        let mut take = |leaf: usize, scalar: Scalar| {
            let width = scalar.width() as usize;
            if let Some(id) = param.leaves.get(leaf)
                && let Some(lanes) = leaves.get_mut(id.index())
            {
                lanes.push(
                    bits.get(at..at + width)
                        .map_or_else(Vec::new, <[Lit]>::to_vec),
                );
            }
            at += width;
        };
        walk(&param.shape, 0, 0, &mut take);
    }
    leaves
}

/// Visits the scalars of a shape in the order of a row-major text; returns the next node and leaf.
fn walk(
    shape: &Shape,
    node: usize,
    leaf: usize,
    visit: &mut dyn FnMut(usize, Scalar),
) -> (usize, usize) {
    match shape.0.get(node) {
        None => (node + 1, leaf),
        Some(ShapeNode::Scalar { scalar, .. }) => {
            visit(leaf, *scalar);
            (node + 1, leaf + 1)
        }
        Some(ShapeNode::Array(len)) => {
            let mut end = None;
            for _ in 0..len.unwrap_or(0) {
                let after = walk(shape, node + 1, leaf, visit);
                end = Some(after);
                if after.1 == leaf {
                    // Elements without scalars, however many.
                    break;
                }
            }
            end.unwrap_or_else(|| walk(shape, node + 1, leaf, &mut |_, _| {}))
        }
        Some(
            inner @ (ShapeNode::Tuple(_)
            | ShapeNode::Struct { .. }
            | ShapeNode::Enum { .. }
            | ShapeNode::Shared { .. }),
        ) => (0..inner.n_children()).fold((node + 1, leaf), |(node, leaf), _| {
            walk(shape, node, leaf, visit)
        }),
    }
}

/// A value while it is written out, by lane.
#[derive(Clone)]
enum Val {
    Public(Vec<Word>),
    Bits(Vec<Vec<Lit>>),
}

struct Flat<'a> {
    program: &'a Program,
    builder: &'a mut Builder,
    inputs: Vec<Vec<Vec<Lit>>>,
    values: Vec<Option<Val>>,
    outputs: Vec<Option<Vec<Vec<Lit>>>>,
    /// Lanes that may still be worked on.
    left: u64,
}

impl Flat<'_> {
    fn region(&mut self, region: &Region) -> Result<Vec<Val>, String> {
        for node in &region.nodes {
            let line = node.loc.line;
            self.node(node).map_err(|why| {
                if why.starts_with("line ") {
                    why
                } else {
                    format!("line {line}: {why}")
                }
            })?;
        }
        region.results.iter().map(|v| self.value(*v)).collect()
    }

    fn value(&self, id: ValueId) -> Result<Val, String> {
        self.values
            .get(id.index())
            .cloned()
            .flatten()
            .ok_or_else(|| format!("{id} is used before it is defined"))
    }

    fn public(&self, id: ValueId) -> Result<Vec<Word>, String> {
        match self.value(id)? {
            Val::Public(words) => Ok(words),
            Val::Bits(_) => Err("a secret steers the program".into()),
        }
    }

    fn bits(&self, id: ValueId) -> Result<Vec<Vec<Lit>>, String> {
        let info = self
            .program
            .values
            .get(id.index())
            .ok_or("an unknown value")?;
        match self.value(id)? {
            Val::Bits(bits) => Ok(bits),
            Val::Public(words) => Ok(words
                .into_iter()
                .map(|w| constant(w, info.scalar.width()))
                .collect()),
        }
    }

    fn set(&mut self, id: ValueId, value: Val) {
        if let Some(slot) = self.values.get_mut(id.index()) {
            *slot = Some(value);
        }
    }
}

fn constant(word: Word, width: u32) -> Vec<Lit> {
    (0..width)
        .map(|b| Lit::from((word >> b) & 1 == 1))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::InputId;
    use crate::program::{Domain, InputLeaf, Op, ParamShape, Suite, ValueInfo};
    use crate::sample::{self, node};
    use crate::value::Form;

    #[test]
    fn what_is_claimed_is_not_written_out() {
        // A loop of any count may do nothing that becomes a gate.
        let mut program = sample::empty(Suite::Rep3, 3);
        let counter = program.value(ValueInfo {
            domain: Domain::Public,
            scalar: Scalar::USIZE,
            lanes: 1,
        });
        let op = Op::Loop {
            count: Some(u64::MAX),
            body: 1,
        };
        program.regions[0].nodes = vec![node(op, &[], &[])];
        program.regions.push(Region {
            params: vec![counter],
            ..Region::default()
        });
        let why = flatten(&program).expect_err("too many steps");
        assert!(why.contains("too many steps"), "{why}");
        // What nobody gives.
        let mut program = sample::empty(Suite::Rep3, 3);
        program.inputs.push(InputLeaf {
            party: 0,
            path: "random()".into(),
            scalar: Scalar::Bool,
            lanes: 1,
            public: false,
            drawn: true,
            range: None,
        });
        let drawn = program.value(ValueInfo {
            domain: Domain::Boolean,
            scalar: Scalar::Bool,
            lanes: 1,
        });
        program.regions[0].nodes = vec![node(Op::Input(InputId(0)), &[], &[drawn])];
        let why = flatten(&program).expect_err("a draw");
        assert!(why.contains("draws"), "{why}");
        // Inputs that nobody could write.
        let mut program = sample::empty(Suite::Rep3, 3);
        let scalar = Scalar::unsigned(8);
        program.inputs.push(InputLeaf {
            party: 0,
            path: "x".into(),
            scalar,
            lanes: 1 << 28,
            public: false,
            drawn: false,
            range: None,
        });
        program.params.push(ParamShape {
            name: "x".into(),
            party: 0,
            shape: Shape(vec![
                ShapeNode::Array(Some(1 << 28)),
                ShapeNode::Scalar {
                    scalar,
                    form: Form::Plain,
                    range: None,
                },
            ]),
            leaves: vec![InputId(0)],
        });
        let why = flatten(&program).expect_err("too many bits");
        assert!(why.contains("too many to be written out"), "{why}");
        // Elements without scalars, however many.
        program.inputs.clear();
        program.params[0].shape = Shape(vec![ShapeNode::Array(Some(1 << 40)), ShapeNode::Tuple(0)]);
        program.params[0].leaves.clear();
        assert!(flatten(&program).is_ok());
    }
}
