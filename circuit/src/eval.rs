//! The clear evaluator of programs: the oracle that says what every operation of a [`Program`] means.
//!
//! It holds each value as the parties together hold it (arithmetic values as integers mod 2^ring, dirty bits included)
//! and executes operation by operation, so that a wrong plan (a widening of a dirty value, a wrong part sum) shows in its
//! results just as it would in a real run. Random splittings and orders of rows come from a fixed generator: results do not depend on them.

pub mod decisions;

use crate::gate::WordOp;
use crate::ids::ValueId;
use crate::program::{Domain, Loc, Node, Op, Program, ValueInfo};
use crate::splitmix::SplitMix;
use crate::template::Template;
use crate::value::{Scalar, Word, mask};
use std::fmt;
use std::rc::Rc;

/// What a run gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The words of each output leaf, by [`crate::ids::OutputId`].
    pub outputs: Vec<Vec<Word>>,
    /// What [`Op::Reveal`] opened, in order.
    pub revealed: Vec<Vec<Word>>,
    /// What steered control.
    pub trace: Trace,
}

/// The decisions of a run, in the order in which they were made: what exact costs depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// For a loop without a known count and for a while, the number of iterations; for an if, 1 or 0.
    pub decisions: Vec<u64>,
}

/// Why a run gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvalError {
    /// The program stopped itself: an assertion or a public index out of range.
    Stopped {
        /// What to tell the user.
        message: String,
        /// Where.
        loc: Loc,
    },
    /// The inputs do not fit the program.
    Inputs(String),
    /// The program was not verified.
    Invalid(String),
    /// More steps than allowed.
    TooLong,
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped { message, loc } => write!(f, "line {}: {message}", loc.line),
            Self::Inputs(what) | Self::Invalid(what) => f.write_str(what),
            Self::TooLong => f.write_str("too many steps"),
        }
    }
}

impl std::error::Error for EvalError {}

/// Runs a verified `program` on the words of its input leaves.
///
/// # Errors
/// [`EvalError`].
pub fn eval(program: &Program, inputs: &[Vec<Word>]) -> Result<Outcome, EvalError> {
    eval_bounded(program, inputs, u64::MAX)
}

/// As [`eval`], executing at most `max_nodes` operations.
///
/// # Errors
/// [`EvalError`].
pub fn eval_bounded(
    program: &Program,
    inputs: &[Vec<Word>],
    max_nodes: u64,
) -> Result<Outcome, EvalError> {
    if inputs.len() != program.inputs.len() {
        return Err(EvalError::Inputs(format!(
            "{} inputs for {} leaves",
            inputs.len(),
            program.inputs.len()
        )));
    }
    for (i, (leaf, words)) in program.inputs.iter().zip(inputs).enumerate() {
        if words.len() as u64 != leaf.lanes || words.iter().any(|&w| leaf.scalar.wrap(w) != w) {
            return Err(EvalError::Inputs(format!(
                "in{i} ({}) has another length or type",
                leaf.path
            )));
        }
    }
    if let Some(stopped) = too_large(program) {
        return Err(stopped);
    }
    let mut machine = Machine {
        program,
        inputs,
        values: vec![None; program.values.len()],
        outcome: Outcome {
            outputs: vec![Vec::new(); program.outputs.len()],
            ..Outcome::default()
        },
        random: SplitMix::new(0),
        left: max_nodes,
        only: None,
    };
    machine.region(0)?;
    Ok(machine.outcome)
}

/// Most lanes of a value that is held here, where a lane takes 16 bytes.
const MAX_LANES: u64 = 1 << 26;

/// What to say of the first value that is not held.
fn too_large(program: &Program) -> Option<EvalError> {
    let nodes = program.regions.iter().flat_map(|region| &region.nodes);
    let lanes = |id: &ValueId| program.values.get(id.index()).map_or(0, |v| v.lanes);
    let lanes_of = |node: &Node| node.results.iter().map(lanes).max().unwrap_or(0);
    let found = nodes.into_iter().find(|node| lanes_of(node) > MAX_LANES)?;
    Some(EvalError::Stopped {
        message: format!(
            "a value of {} elements is too large to be computed in the clear",
            lanes_of(found)
        ),
        loc: found.loc,
    })
}

type Lanes = Rc<Vec<Word>>;

struct Machine<'a> {
    program: &'a Program,
    inputs: &'a [Vec<Word>],
    values: Vec<Option<Lanes>>,
    outcome: Outcome,
    random: SplitMix,
    left: u64,
    /// The values and regions to which the run is limited: what they have nothing to do with is left out.
    only: Option<(Vec<bool>, Vec<bool>)>,
}

fn invalid(what: impl Into<String>) -> EvalError {
    EvalError::Invalid(what.into())
}

impl Machine<'_> {
    fn get(&self, value: ValueId) -> Result<Lanes, EvalError> {
        if self.leaves_out(value) {
            return Ok(Rc::default());
        }
        self.values
            .get(value.index())
            .and_then(Clone::clone)
            .ok_or_else(|| invalid(format!("{value} is not known")))
    }

    fn info(&self, value: ValueId) -> Result<ValueInfo, EvalError> {
        self.program
            .values
            .get(value.index())
            .copied()
            .ok_or_else(|| invalid(format!("there is no {value}")))
    }

    fn set(&mut self, value: ValueId, lanes: Lanes) -> Result<(), EvalError> {
        if self.leaves_out(value) {
            return Ok(());
        }
        if self.info(value)?.lanes != lanes.len() as u64 {
            return Err(invalid(format!("{value} would have {} lanes", lanes.len())));
        }
        self.values[value.index()] = Some(lanes);
        Ok(())
    }

    fn region(&mut self, index: u32) -> Result<(), EvalError> {
        let program = self.program;
        let region = program
            .regions
            .get(index as usize)
            .ok_or_else(|| invalid("no such region"))?;
        for node in &region.nodes {
            if self.skips(node) {
                continue;
            }
            self.left = self.left.checked_sub(1).ok_or(EvalError::TooLong)?;
            self.node(node)?;
        }
        Ok(())
    }

    /// Runs a region on `args`; its results.
    fn call_region(&mut self, index: u32, args: Vec<Lanes>) -> Result<Vec<Lanes>, EvalError> {
        let program = self.program;
        let region = program
            .regions
            .get(index as usize)
            .ok_or_else(|| invalid("no such region"))?;
        for (&param, arg) in region.params.iter().zip(args) {
            self.set(param, arg)?;
        }
        self.region(index)?;
        region.results.iter().map(|&v| self.get(v)).collect()
    }

    fn node(&mut self, node: &Node) -> Result<(), EvalError> {
        let args = node
            .args
            .iter()
            .map(|&v| self.get(v))
            .collect::<Result<Vec<_>, _>>()?;
        let results = match &node.op {
            Op::Loop { count, body } => {
                let (n, mut carried) = match count {
                    Some(n) => (*n, args),
                    None => {
                        let n = args.first().map_or(0, |a| first(a)) as u64;
                        self.outcome.trace.decisions.push(n);
                        (n, args.into_iter().skip(1).collect())
                    }
                };
                for i in 0..n {
                    let mut params = vec![Rc::new(vec![Word::from(i)])];
                    params.append(&mut carried);
                    carried = self.call_region(*body, params)?;
                }
                carried
            }
            Op::While { cond, body } => {
                let mut carried = args;
                // The count is known only at the end, but stands before the decisions inside.
                let at = self.outcome.trace.decisions.len();
                self.outcome.trace.decisions.push(0);
                loop {
                    let holds = self.call_region(*cond, carried.clone())?;
                    if holds.first().is_none_or(|c| first(c) & 1 == 0) {
                        break carried;
                    }
                    if self.outcome.trace.decisions[at] == LIMIT {
                        return Err(EvalError::Stopped {
                            message: endless(LIMIT),
                            loc: node.loc,
                        });
                    }
                    self.outcome.trace.decisions[at] += 1;
                    carried = self.call_region(*body, carried)?;
                }
            }
            Op::If { then, otherwise } => {
                let holds = args.first().is_some_and(|c| first(c) & 1 == 1);
                self.outcome.trace.decisions.push(u64::from(holds));
                self.call_region(if holds { *then } else { *otherwise }, Vec::new())?
            }
            op => self.plain(op, node, &args)?,
        };
        for (&value, lanes) in node.results.iter().zip(results) {
            self.set(value, lanes)?;
        }
        Ok(())
    }

    fn plain(&mut self, op: &Op, node: &Node, args: &[Lanes]) -> Result<Vec<Lanes>, EvalError> {
        let stop = |message: String| EvalError::Stopped {
            message,
            loc: node.loc,
        };
        let arg = |i: usize| {
            args.get(i)
                .cloned()
                .ok_or_else(|| invalid("an operand is missing"))
        };
        let arg_info = |i: usize| {
            node.args
                .get(i)
                .ok_or_else(|| invalid("an operand is missing"))
                .and_then(|&v| self.info(v))
        };
        // The modulus of the first result.
        let out = node.results.first().map(|&v| self.info(v)).transpose()?;
        let wrap = |w: Word| out.map_or(w, |info| w & mask(held_bits(info)));
        let one = |lanes: Vec<Word>| Ok(vec![Rc::new(lanes)]);
        match op {
            Op::Const(vec) => {
                let out = out.ok_or_else(|| invalid("a constant without result"))?;
                one(vec.words().map(|w| out.scalar.wrap(w)).collect())
            }
            Op::Word(op) => {
                let out = out.ok_or_else(|| invalid("an operation without result"))?;
                let from = arg_info(usize::from(*op == WordOp::Select))?.scalar;
                let mut words = vec![0; args.len()];
                one((0..out.lanes as usize)
                    .map(|lane| {
                        for (word, arg) in words.iter_mut().zip(args) {
                            *word = arg.get(lane).copied().unwrap_or(0);
                        }
                        op.eval(from, out.scalar, &words)
                    })
                    .collect())
            }
            Op::Reduce { op, segments } => {
                let ty = arg_info(0)?.scalar;
                one(reduce(&arg(0)?, *segments, |s| match s {
                    [] => identity(*op, ty),
                    [head, tail @ ..] => tail.iter().fold(*head, |a, &b| op.eval(ty, ty, &[a, b])),
                }))
            }
            Op::Scan { op, segments } => {
                let ty = arg_info(0)?.scalar;
                one(scan(*op, ty, arg(0)?.as_ref().clone(), *segments))
            }
            Op::Read { block, groups } => one(read(&arg(0)?, &arg(1)?, *block, *groups)),
            Op::Write { block, groups } => {
                let dst = arg(0)?.as_ref().clone();
                one(write(dst, &arg(1)?, &arg(2)?, *block, *groups))
            }
            Op::Input(id) => {
                let leaf = self
                    .program
                    .inputs
                    .get(id.index())
                    .ok_or_else(|| invalid("no such input"))?;
                let words = &self.inputs[id.index()];
                one(words.iter().map(|&w| wrap(leaf.scalar.extend(w))).collect())
            }
            Op::FromPublic | Op::Share => {
                let from = arg_info(0)?.scalar;
                one(arg(0)?.iter().map(|&w| wrap(from.extend(w))).collect())
            }
            Op::Gather { block } => {
                let src = arg(0)?;
                let mut lanes = Vec::new();
                for &i in arg(1)?.iter() {
                    let from = element(i, *block, src.len())
                        .ok_or_else(|| stop(out_of_range(i, *block, src.len())))?;
                    lanes.extend_from_slice(&src[from..from + *block as usize]);
                }
                one(lanes)
            }
            Op::Scatter { block } => {
                let mut dst = arg(0)?.as_ref().clone();
                let val = arg(2)?;
                let b = *block as usize;
                for (k, &i) in arg(1)?.iter().enumerate() {
                    let to = element(i, *block, dst.len())
                        .ok_or_else(|| stop(out_of_range(i, *block, dst.len())))?;
                    dst[to..to + b].copy_from_slice(&val[k * b..(k + 1) * b]);
                }
                one(dst)
            }
            Op::Concat => one(args.iter().flat_map(|a| a.iter().copied()).collect()),
            Op::Linear {
                coefficients,
                constant,
            } => {
                let mut lanes = vec![wrap(*constant); out.map_or(0, |o| o.lanes) as usize];
                for (c, a) in coefficients.iter().zip(args) {
                    for (l, &x) in lanes.iter_mut().zip(a.iter()) {
                        *l = wrap(l.wrapping_add(c.wrapping_mul(x)));
                    }
                }
                one(lanes)
            }
            Op::MulPublic => {
                let from = arg_info(1)?.scalar;
                let b = arg(1)?;
                one(arg(0)?
                    .iter()
                    .zip(b.iter())
                    .map(|(&x, &y)| wrap(x.wrapping_mul(from.extend(y))))
                    .collect())
            }
            Op::SumLanes { segments } => one(reduce(&arg(0)?, *segments, |s| {
                wrap(s.iter().fold(0, |a: Word, &b| a.wrapping_add(b)))
            })),
            Op::RunningSums => {
                let mut sum: Word = 0;
                let lanes = arg(0)?;
                let sums = lanes.iter().map(|&w| {
                    sum = wrap(sum.wrapping_add(w));
                    sum
                });
                one(sums.collect())
            }
            Op::LowerRing => one(arg(0)?.iter().map(|&w| wrap(w)).collect()),
            Op::Mul => {
                let b = arg(1)?;
                one(arg(0)?
                    .iter()
                    .zip(b.iter())
                    .map(|(&x, &y)| wrap(x.wrapping_mul(y)))
                    .collect())
            }
            Op::Dot { segments } => {
                let b = arg(1)?;
                let products: Vec<_> = arg(0)?
                    .iter()
                    .zip(b.iter())
                    .map(|(&x, &y)| x.wrapping_mul(y))
                    .collect();
                one(reduce(&products, *segments, |s| {
                    wrap(s.iter().fold(0, |a: Word, &b| a.wrapping_add(b)))
                }))
            }
            Op::Call(id) => {
                let template = self
                    .program
                    .templates
                    .get(id.index())
                    .ok_or_else(|| invalid("no such template"))?;
                Ok(call(template, args, out.map_or(0, |o| o.lanes) as usize))
            }
            Op::Decompose => {
                let held = arg(0)?;
                let n = node.results.len();
                let mut parts = vec![Vec::with_capacity(held.len()); n];
                for &w in held.iter() {
                    let mut rest = w;
                    for part in parts.iter_mut().skip(1) {
                        let r = wrap(self.random.word());
                        rest = rest.wrapping_sub(r);
                        part.push(r);
                    }
                    if let Some(part) = parts.first_mut() {
                        part.push(wrap(rest));
                    }
                }
                Ok(parts.into_iter().map(Rc::new).collect())
            }
            Op::RandomParts => {
                let lanes = out.map_or(0, |o| o.lanes);
                Ok((0..node.results.len())
                    .map(|_| Rc::new((0..lanes).map(|_| wrap(self.random.word())).collect()))
                    .collect())
            }
            Op::Compose => {
                let mut lanes = arg(0)?.as_ref().clone();
                for part in args.iter().skip(1) {
                    for (l, &p) in lanes.iter_mut().zip(part.iter()) {
                        *l = wrap(l.wrapping_add(p));
                    }
                }
                one(lanes)
            }
            Op::InjectBit | Op::BooleanToYao | Op::YaoToBoolean | Op::RevealShuffled => {
                Ok(vec![arg(0)?])
            }
            Op::Shuffle => {
                let mut rows: Vec<usize> = (0..arg(0)?.len()).collect();
                for last in (1..rows.len()).rev() {
                    rows.swap(last, self.random.below(last as u64 + 1) as usize);
                }
                let column = |a: &Lanes| -> Vec<Word> {
                    let word = |&row: &usize| a.get(row).copied().unwrap_or(0);
                    rows.iter().map(word).collect()
                };
                Ok(args.iter().map(|a| Rc::new(column(a))).collect())
            }
            Op::Reveal => {
                let words = arg(0)?;
                self.outcome.revealed.push(words.as_ref().clone());
                Ok(vec![words])
            }
            Op::Output(id) => {
                let words = arg(0)?.as_ref().clone();
                if let Some(slot) = self.outcome.outputs.get_mut(id.index()) {
                    *slot = words;
                }
                Ok(Vec::new())
            }
            Op::Assert(message) => {
                if arg(0)?.iter().any(|&w| w & 1 == 0) {
                    return Err(stop(match message {
                        Some(m) => format!("assertion failed: {m}"),
                        None => "assertion failed".into(),
                    }));
                }
                Ok(Vec::new())
            }
            Op::Loop { .. } | Op::While { .. } | Op::If { .. } => {
                Err(invalid("control is handled elsewhere"))
            }
        }
    }
}

/// How often one `while` may run: what goes on for longer is taken to be endless.
pub const MAX_ITERATIONS: u64 = 1 << 24;

/// Iterations after which this evaluator stops; tests meet the limit sooner.
const LIMIT: u64 = if cfg!(test) { 1 << 10 } else { MAX_ITERATIONS };

/// The message of a loop that is stopped because it does not end, in the words that every stage uses.
pub fn endless(iterations: u64) -> String {
    format!("this loop has run {iterations} times and is taken to be endless")
}

/// The message of a public index that is out of range, in the words that every stage uses.
pub fn out_of_range(index: Word, block: u64, lanes: usize) -> String {
    let len = (lanes as u64).checked_div(block).unwrap_or(0);
    format!("index {index} is out of range for length {len}")
}

/// First lane of element `index`, if it lies in range.
fn element(index: Word, block: u64, lanes: usize) -> Option<usize> {
    let len = (lanes as u64).checked_div(block)?;
    (index < Word::from(len)).then(|| (index as u64 * block) as usize)
}

/// [`Op::Scan`] on words.
pub(crate) fn scan(op: WordOp, ty: Scalar, mut lanes: Vec<Word>, segments: u64) -> Vec<Word> {
    let len = lanes.len().checked_div(segments as usize).unwrap_or(0);
    for run in lanes.chunks_mut(len.max(1)) {
        for i in 1..run.len() {
            run[i] = op.eval(ty, ty, &[run[i - 1], run[i]]);
        }
    }
    lanes
}

/// [`Op::Read`] on words.
pub(crate) fn read(src: &[Word], index: &[Word], block: u64, groups: u64) -> Vec<Word> {
    let place = places(src.len(), index.len(), block, groups);
    let mut lanes = Vec::new();
    for (k, &i) in index.iter().enumerate() {
        match place(k, i) {
            Some(from) => lanes.extend_from_slice(&src[from..from + block as usize]),
            None => lanes.extend((0..block).map(|_| 0)),
        }
    }
    lanes
}

/// [`Op::Write`] on words.
pub(crate) fn write(
    mut dst: Vec<Word>,
    index: &[Word],
    val: &[Word],
    block: u64,
    groups: u64,
) -> Vec<Word> {
    let place = places(dst.len(), index.len(), block, groups);
    let values = val.chunks((block as usize).max(1));
    for (k, (&i, val)) in index.iter().zip(values).enumerate() {
        if let Some(to) = place(k, i) {
            dst[to..to + val.len()].copy_from_slice(val);
        }
    }
    dst
}

/// Where the element lies that the `k`-th index names in its group's array.
fn places(
    lanes: usize,
    indices: usize,
    block: u64,
    groups: u64,
) -> impl Fn(usize, Word) -> Option<usize> {
    let of_group = |n: usize| n.checked_div(groups as usize).unwrap_or(0);
    let (own, per) = (of_group(lanes), of_group(indices).max(1));
    move |k, index| Some(k / per * own + element(index, block, own)?)
}

fn first(lanes: &[Word]) -> Word {
    lanes.first().copied().unwrap_or(0)
}

/// The bits that a lane is held in.
fn held_bits(info: ValueInfo) -> u32 {
    match info.domain {
        Domain::Arithmetic { ring } => u32::from(ring),
        Domain::Public | Domain::Boolean | Domain::Yao | Domain::Local { .. } => {
            info.scalar.width()
        }
    }
}

/// The reduction of no lanes at all.
pub fn identity(op: WordOp, ty: Scalar) -> Word {
    let (lowest, highest) = if ty.is_signed() {
        (1 << (ty.width() - 1), ty.mask() >> 1)
    } else {
        (0, ty.mask())
    };
    match op {
        WordOp::Mul => 1,
        WordOp::And => ty.mask(),
        WordOp::Min => highest,
        WordOp::Max => lowest,
        _ => 0,
    }
}

fn reduce(lanes: &[Word], segments: u64, f: impl Fn(&[Word]) -> Word) -> Vec<Word> {
    let len = lanes.len().checked_div(segments as usize).unwrap_or(0);
    (0..segments as usize)
        .map(|s| f(&lanes[s * len..(s + 1) * len]))
        .collect()
}

/// Executes a circuit, 64 lanes at a time.
fn call(template: &Template, args: &[Lanes], lanes: usize) -> Vec<Lanes> {
    let mut results: Vec<Vec<Word>> = template.outputs.iter().map(|_| vec![0; lanes]).collect();
    let mut bits = vec![0u64; template.n_input_bits() as usize];
    for start in (0..lanes).step_by(64) {
        let end = (start + 64).min(lanes);
        bits.fill(0);
        let mut at = 0;
        for (&width, arg) in template.inputs.iter().zip(args) {
            for (l, &word) in arg[start..end].iter().enumerate() {
                for (b, bit) in bits[at..at + width as usize].iter_mut().enumerate() {
                    *bit |= ((word >> b) as u64 & 1) << l;
                }
            }
            at += width as usize;
        }
        let answer = template.eval64(&bits);
        let mut at = 0;
        for (result, output) in results.iter_mut().zip(&template.outputs) {
            for (l, word) in result[start..end].iter_mut().enumerate() {
                for b in 0..output.len() {
                    *word |= Word::from((answer[at + b] >> l) & 1) << b;
                }
            }
            at += output.len();
        }
    }
    results.into_iter().map(Rc::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::builder::Builder;
    use crate::program::{Domain, Suite};
    use crate::value::ConstVec;
    use crate::verify::verify;

    #[test]
    fn a_loop_without_an_end_is_stopped_by_its_count() {
        let mut b = Builder::new(Suite::Rep3, 3, 1);
        let x = b.constant(Scalar::USIZE, ConstVec::scalar(5));
        let in_cond = b.value(Domain::Public, Scalar::USIZE, 1);
        let cond = b.open(&[in_cond]);
        let always = b.constant(Scalar::Bool, ConstVec::scalar(1));
        b.close(&[always]);
        let in_body = b.value(Domain::Public, Scalar::USIZE, 1);
        let body = b.open(&[in_body]);
        b.close(&[in_body]);
        let last = b.value(Domain::Public, Scalar::USIZE, 1);
        b.node(Op::While { cond, body }, &[x], &[last]);
        let program = verify(b.program).expect("a program");
        match eval(&program, &[]) {
            Err(EvalError::Stopped { message, .. }) => assert_eq!(message, endless(LIMIT)),
            other => panic!("{other:?}"),
        }
    }
}
