//! A straight Boolean program as one flat circuit, for other tools.
//!
//! The circuit has one operand per parameter of `main` and owner (for arrays element 0 first, fields in order, each
//! least significant bit first) and one result per output leaf. Loops with known counts are written out; what depends
//! on revealed values cannot be exported. Public arguments and lengths are constants of the circuit.

use smpcc_circuit::bristol;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Node, Op, Program, Region, Shape, ShapeNode};
use smpcc_circuit::template::{Builder, Lit, Template};
use smpcc_circuit::value::{Scalar, Word};

/// Most gates that a flat circuit may have.
pub const MAX_GATES: usize = 50_000_000;

/// Most lanes of a value that are written out.
const MAX_LANES: u64 = 1 << 24;

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
                .sum();
            u32::try_from(bits).map_err(|_| format!("the input `{}` has {bits} bits", p.name))
        })
        .collect::<Result<_, _>>()?;
    let mut builder = Builder::new(&widths);
    let inputs = input_bits(program, &builder);
    let mut flat = Flat {
        program,
        builder: &mut builder,
        inputs,
        values: vec![None; program.values.len()],
        outputs: vec![None; program.outputs.len()],
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
                end = Some(walk(shape, node + 1, leaf, visit));
            }
            end.unwrap_or_else(|| walk(shape, node + 1, leaf, &mut |_, _| {}))
        }
        Some(ShapeNode::Tuple(n)) => (0..*n).fold((node + 1, leaf), |(node, leaf), _| {
            walk(shape, node, leaf, visit)
        }),
        Some(ShapeNode::Struct { fields, .. }) => {
            fields.iter().fold((node + 1, leaf), |(node, leaf), _| {
                walk(shape, node, leaf, visit)
            })
        }
    }
}

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

    fn node(&mut self, node: &Node) -> Result<(), String> {
        for id in node.results.iter() {
            let info = self
                .program
                .values
                .get(id.index())
                .ok_or("an unknown value")?;
            if info.lanes > MAX_LANES {
                return Err(format!(
                    "a value of {} lanes is too large to be written out",
                    info.lanes
                ));
            }
        }
        let arg = |i: usize| node.args.get(i).copied().ok_or("a missing operand");
        let scalar_of = |id: ValueId| {
            self.program
                .values
                .get(id.index())
                .map_or(Scalar::Bool, |v| v.scalar)
        };
        let lanes_of = |id: ValueId| self.program.values.get(id.index()).map_or(0, |v| v.lanes);
        let result = |i: usize| node.results.get(i).copied().ok_or("a missing result");
        match &node.op {
            Op::Const(words) => {
                let scalar = scalar_of(result(0)?);
                self.set(
                    result(0)?,
                    Val::Public(words.words().map(|w| scalar.wrap(w)).collect()),
                );
            }
            Op::Public(op) => {
                let to = scalar_of(result(0)?);
                let from = scalar_of(arg(if *op == WordOp::Select { 1 } else { 0 })?);
                let operands = node
                    .args
                    .iter()
                    .map(|a| self.public(*a))
                    .collect::<Result<Vec<_>, _>>()?;
                let lanes = lanes_of(result(0)?) as usize;
                let words = (0..lanes)
                    .map(|lane| {
                        let args: Vec<Word> = operands
                            .iter()
                            .map(|o| o.get(lane).copied().unwrap_or(0))
                            .collect();
                        op.eval(from, to, &args)
                    })
                    .collect();
                self.set(result(0)?, Val::Public(words));
            }
            Op::PublicReduce { op, segments } => {
                let words = self.public(arg(0)?)?;
                let scalar = scalar_of(arg(0)?);
                let len = (words.len() as u64 / (*segments).max(1)).max(1) as usize;
                let reduced = words
                    .chunks(len)
                    .map(|run| {
                        run.iter()
                            .copied()
                            .reduce(|a, b| op.eval(scalar, scalar, &[a, b]))
                            .unwrap_or(0)
                    })
                    .collect();
                self.set(result(0)?, Val::Public(reduced));
            }
            Op::Input(id) => {
                let leaf = self
                    .program
                    .inputs
                    .get(id.index())
                    .ok_or("an unknown input")?;
                if leaf.public {
                    return Err(format!(
                        "the public input `{}` is not known before the run",
                        leaf.path
                    ));
                }
                let bits = self.inputs.get(id.index()).cloned().unwrap_or_default();
                self.set(result(0)?, Val::Bits(bits));
            }
            Op::FromPublic => {
                let bits = self.bits(arg(0)?)?;
                self.set(result(0)?, Val::Bits(bits));
            }
            Op::BooleanToYao | Op::YaoToBoolean => {
                let value = self.value(arg(0)?)?;
                self.set(result(0)?, value);
            }
            Op::Gather { block } => {
                let index = self.public(arg(1)?)?;
                let value = match self.value(arg(0)?)? {
                    Val::Public(src) => Val::Public(gather(&src, &index, *block)?),
                    Val::Bits(src) => Val::Bits(gather(&src, &index, *block)?),
                };
                self.set(result(0)?, value);
            }
            Op::Scatter { block } => {
                let index = self.public(arg(1)?)?;
                let value = match (self.value(arg(0)?)?, self.value(arg(2)?)?) {
                    (Val::Public(dst), Val::Public(val)) => {
                        Val::Public(scatter(dst, &index, &val, *block)?)
                    }
                    _ => Val::Bits(scatter(
                        self.bits(arg(0)?)?,
                        &index,
                        &self.bits(arg(2)?)?,
                        *block,
                    )?),
                };
                self.set(result(0)?, value);
            }
            Op::Concat => {
                let parts = node
                    .args
                    .iter()
                    .map(|a| self.value(*a))
                    .collect::<Result<Vec<_>, _>>()?;
                let value = if parts.iter().all(|p| matches!(p, Val::Public(_))) {
                    Val::Public(
                        node.args
                            .iter()
                            .map(|a| self.public(*a))
                            .collect::<Result<Vec<_>, _>>()?
                            .concat(),
                    )
                } else {
                    Val::Bits(
                        node.args
                            .iter()
                            .map(|a| self.bits(*a))
                            .collect::<Result<Vec<_>, _>>()?
                            .concat(),
                    )
                };
                self.set(result(0)?, value);
            }
            Op::Call(id) => {
                let template = self
                    .program
                    .templates
                    .get(id.index())
                    .ok_or("an unknown circuit")?;
                let operands = node
                    .args
                    .iter()
                    .map(|a| self.bits(*a))
                    .collect::<Result<Vec<_>, _>>()?;
                let lanes = operands
                    .first()
                    .map_or(lanes_of(result(0)?) as usize, Vec::len);
                let mut results: Vec<Vec<Vec<Lit>>> =
                    vec![Vec::with_capacity(lanes); node.results.len()];
                for lane in 0..lanes {
                    let args: Vec<Vec<Lit>> = operands
                        .iter()
                        .map(|o| o.get(lane).cloned().unwrap_or_default())
                        .collect();
                    for (result, bits) in results.iter_mut().zip(self.builder.call(template, &args))
                    {
                        result.push(bits);
                    }
                    if self.builder.n_gates() > MAX_GATES {
                        return Err(format!("the circuit has more than {MAX_GATES} gates"));
                    }
                }
                for (id, bits) in node.results.iter().zip(results) {
                    self.set(*id, Val::Bits(bits));
                }
            }
            Op::Output(id) => {
                let bits = self.bits(arg(0)?)?;
                if let Some(slot) = self.outputs.get_mut(id.index()) {
                    *slot = Some(bits);
                }
            }
            Op::Assert(_) => {
                if self.public(arg(0)?)?.iter().any(|w| *w & 1 == 0) {
                    return Err("an assertion does not hold".into());
                }
            }
            Op::Loop { count, body } => {
                let carried = node.args.len() - usize::from(count.is_none());
                let n = match count {
                    Some(n) => Word::from(*n),
                    None => self.public(arg(0)?)?.first().copied().unwrap_or(0),
                };
                let region = self
                    .program
                    .regions
                    .get(*body as usize)
                    .ok_or("an unknown region")?;
                let mut state = node.args[node.args.len() - carried..]
                    .iter()
                    .map(|a| self.value(*a))
                    .collect::<Result<Vec<_>, _>>()?;
                let mut i: Word = 0;
                while i < n {
                    if let Some(counter) = region.params.first() {
                        self.set(*counter, Val::Public(vec![i]));
                    }
                    for (param, value) in region.params.iter().skip(1).zip(state) {
                        self.set(*param, value);
                    }
                    state = self.region(region)?;
                    i += 1;
                }
                for (id, value) in node.results.iter().zip(state) {
                    self.set(*id, value);
                }
            }
            Op::If { then, otherwise } => {
                let taken = self.public(arg(0)?)?.first().copied().unwrap_or(0) & 1 == 1;
                let region = if taken { *then } else { *otherwise };
                let region = self
                    .program
                    .regions
                    .get(region as usize)
                    .ok_or("an unknown region")?;
                for (id, value) in node.results.iter().zip(self.region(region)?) {
                    self.set(*id, value);
                }
            }
            Op::While { cond, body } => {
                let (cond, body) = match (
                    self.program.regions.get(*cond as usize),
                    self.program.regions.get(*body as usize),
                ) {
                    (Some(cond), Some(body)) => (cond, body),
                    _ => return Err("an unknown region".into()),
                };
                let mut state = node
                    .args
                    .iter()
                    .map(|a| self.value(*a))
                    .collect::<Result<Vec<_>, _>>()?;
                loop {
                    for (param, value) in cond.params.iter().zip(&state) {
                        self.set(*param, value.clone());
                    }
                    match self.region(cond)?.first() {
                        Some(Val::Public(holds)) if holds.first().is_some_and(|w| w & 1 == 1) => {}
                        Some(Val::Public(_)) => break,
                        Some(Val::Bits(_)) | None => {
                            return Err("a secret steers the program".into());
                        }
                    }
                    for (param, value) in body.params.iter().zip(state) {
                        self.set(*param, value);
                    }
                    state = self.region(body)?;
                    if self.builder.n_gates() > MAX_GATES {
                        return Err(format!("the circuit has more than {MAX_GATES} gates"));
                    }
                }
                for (id, value) in node.results.iter().zip(state) {
                    self.set(*id, value);
                }
            }
            Op::Reveal => return Err("a revealed value is not known before the run".into()),
            Op::Linear { .. }
            | Op::MulPublic
            | Op::SumLanes { .. }
            | Op::LowerRing
            | Op::Mul
            | Op::Dot { .. }
            | Op::Decompose
            | Op::RandomParts
            | Op::Compose
            | Op::InjectBit => {
                return Err(
                    "arithmetic shares are not a circuit: compile with --protocol boolean".into(),
                );
            }
        }
        Ok(())
    }
}

fn constant(word: Word, width: u32) -> Vec<Lit> {
    (0..width)
        .map(|b| Lit::from((word >> b) & 1 == 1))
        .collect()
}

fn gather<T: Clone>(src: &[T], index: &[Word], block: u64) -> Result<Vec<T>, String> {
    let mut out = Vec::new();
    for i in index {
        let at = usize::try_from(*i)
            .ok()
            .and_then(|i| i.checked_mul(block as usize));
        let run = at
            .and_then(|at| src.get(at..at.checked_add(block as usize)?))
            .ok_or("an index is out of range")?;
        out.extend_from_slice(run);
    }
    Ok(out)
}

fn scatter<T: Clone>(
    mut dst: Vec<T>,
    index: &[Word],
    val: &[T],
    block: u64,
) -> Result<Vec<T>, String> {
    for (i, run) in index.iter().zip(val.chunks(block.max(1) as usize)) {
        let at = usize::try_from(*i)
            .ok()
            .and_then(|i| i.checked_mul(block as usize));
        let slot = at
            .and_then(|at| dst.get_mut(at..at.checked_add(run.len())?))
            .ok_or("an index is out of range")?;
        slot.clone_from_slice(run);
    }
    Ok(dst)
}
