//! Runs an [`Ir`] in the clear: the meaning of every operation, and the reference for every pass and protocol.
//!
//! Values are vectors of words, shared until written: a value whose last use is a scatter or write is updated in place,
//! so that a loop that fills an array of n elements costs n and not n². Nothing here panics on a program that the
//! verifier accepts; for one that it does not accept, the run stops with a message.

pub mod known;
mod watch;

use super::exact::moves::{order, run_length};
use super::exact::{Lanes, Marks};
use super::{Ir, Node, Op, Reducer, Region, Ty, Value};
use crate::span::Span;
use smpcc_circuit::eval::endless;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Form, Scalar, Word};
use watch::{Watch, mentioned};
pub use watch::{Watched, beside};

/// What a run gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outputs {
    /// The lanes of each output leaf, by [`smpcc_circuit::ids::OutputId`].
    pub outputs: Vec<Vec<Word>>,
    /// What was revealed on the way, in order.
    pub revealed: Vec<Revealed>,
}

/// One execution of [`Op::Reveal`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revealed {
    /// Where it stands in the source.
    pub span: Span,
    /// The type of the words.
    pub scalar: Scalar,
    /// How they are written.
    pub form: Form,
    /// The opened lanes.
    pub words: Vec<Word>,
}

/// Why a run stopped: a failed assertion, an index out of range, unusable inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// One sentence.
    pub message: String,
    /// The place in the source.
    pub span: Span,
}

/// How to run; the default is what the language says. The other settings are for tests of passes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// Stop when a lane lies outside its value's range.
    pub check_ranges: bool,
    /// Group reductions as balanced trees, not from the left: the results must be the same.
    pub tree_reductions: bool,
}

/// Runs the program; `inputs` holds the lanes of each input leaf, by [`smpcc_circuit::ids::InputId`]. Words are cut to their
/// leaf's width.
pub fn interpret(ir: &Ir, inputs: &[Vec<Word>]) -> Result<Outputs, Stopped> {
    interpret_with(ir, inputs, Settings::default())
}

/// As [`interpret`], with settings.
pub fn interpret_with(
    ir: &Ir,
    inputs: &[Vec<Word>],
    settings: Settings,
) -> Result<Outputs, Stopped> {
    let mut revealed = Vec::new();
    let run = run(ir, inputs, settings, &mut revealed);
    run.map(|outputs| Outputs { outputs, revealed })
}

/// Runs the program until it ends or stops: the lanes of each output leaf or why it stopped, and what was revealed before.
pub fn watch(ir: &Ir, inputs: &[Vec<Word>]) -> Ended {
    let mut revealed = Vec::new();
    let run = run(ir, inputs, Settings::default(), &mut revealed);
    (run, revealed)
}

/// The lanes of each output leaf or why a run stopped, and what was revealed before.
pub type Ended = (Result<Vec<Vec<Word>>, Stopped>, Vec<Revealed>);

/// A program that is run many times: what does not depend on its inputs is found once.
pub struct Ready {
    ir: Ir,
    plan: Plan,
    too_large: Option<Stopped>,
}

impl Ready {
    /// Looks at a program.
    pub fn new(ir: Ir) -> Self {
        Self {
            plan: planned(&ir, None),
            too_large: too_large(&ir, &ir.body),
            ir,
        }
    }

    /// As [`watch`].
    pub fn watch(&self, inputs: &[Vec<Word>]) -> Ended {
        let mut revealed = Vec::new();
        let begun = match &self.too_large {
            Some(found) => Err(found.clone()),
            None => given(&self.ir, inputs),
        };
        let run = begun.and_then(|()| {
            let settings = Settings::default();
            run_planned(&self.ir, &self.plan, inputs, settings, &mut revealed)
        });
        (run, revealed)
    }
}

fn run(
    ir: &Ir,
    inputs: &[Vec<Word>],
    settings: Settings,
    revealed: &mut Vec<Revealed>,
) -> Result<Vec<Vec<Word>>, Stopped> {
    begin(ir, inputs)?;
    run_planned(ir, &planned(ir, None), inputs, settings, revealed)
}

fn run_planned(
    ir: &Ir,
    plan: &Plan,
    inputs: &[Vec<Word>],
    settings: Settings,
    revealed: &mut Vec<Revealed>,
) -> Result<Vec<Vec<Word>>, Stopped> {
    let mut machine = Machine {
        values: &ir.values,
        inputs,
        settings,
        env: vec![None; ir.values.len()],
        outputs: vec![Lanes::default(); ir.outputs.len()],
        revealed,
        watch: None,
    };
    machine.region(&ir.body, plan)?;
    Ok(machine.outputs.iter().map(|lanes| lanes.to_vec()).collect())
}

/// Whether a run can begin.
fn begin(ir: &Ir, inputs: &[Vec<Word>]) -> Result<(), Stopped> {
    given(ir, inputs)?;
    too_large(ir, &ir.body).map_or(Ok(()), Err)
}

/// Whether the inputs are as long as the program has them.
fn given(ir: &Ir, inputs: &[Vec<Word>]) -> Result<(), Stopped> {
    for (id, leaf) in ir.inputs.iter().enumerate() {
        let given = inputs.get(id).map_or(0, Vec::len) as u64;
        if given != leaf.lanes {
            return Err(Stopped {
                message: format!(
                    "`{}` has {} values, {given} were given",
                    leaf.path, leaf.lanes
                ),
                span: Span::default(),
            });
        }
    }
    Ok(())
}

/// Iterations of one `while` after which it is taken to be endless; tests meet the limit sooner.
const MAX_ITERATIONS: u64 = if cfg!(test) {
    1 << 16
} else {
    smpcc_circuit::eval::MAX_ITERATIONS
};

/// Most lanes of a value that is held here, where a lane takes 16 bytes.
const MAX_LANES: u64 = 1 << 26;

/// What to say of the first value that is not held.
fn too_large(ir: &Ir, region: &Region) -> Option<Stopped> {
    region.nodes.iter().find_map(|node| {
        let lanes = |id: &ValueId| ir.values.get(id.index()).map_or(0, |v| v.ty.lanes);
        let most = node.results.iter().map(lanes).max().unwrap_or(0);
        if most > MAX_LANES {
            return Some(Stopped {
                message: format!("a value of {most} elements is too large to be computed here"),
                span: node.span,
            });
        }
        node.regions.iter().find_map(|inner| too_large(ir, inner))
    })
}

/// For each node of a region, which operands are used there for the last time and belong to the region itself.
struct Plan {
    nodes: Vec<NodePlan>,
    results: Vec<bool>,
}

struct NodePlan {
    last_use: Vec<bool>,
    regions: Vec<Plan>,
}

/// The plan of a program.
fn planned(ir: &Ir, marks: Option<&Marks>) -> Plan {
    plan(&ir.body, marks, &mut vec![0; ir.values.len()], &mut 0)
}

/// `stamp[v]` is the number of the region that last saw a later use of `v`; numbers grow, so nothing needs clearing.
fn plan(region: &Region, marks: Option<&Marks>, stamp: &mut [u32], counter: &mut u32) -> Plan {
    let mut nodes: Vec<NodePlan> = region
        .nodes
        .iter()
        .map(|node| NodePlan {
            last_use: Vec::new(),
            regions: node
                .regions
                .iter()
                .map(|inner| plan(inner, marks, stamp, counter))
                .collect(),
        })
        .collect();
    *counter += 1;
    let me = *counter;
    // Marks values that belong to this region with `me`; a later use turns the mark into `later`.
    *counter += 1;
    let later = *counter;
    let own = region
        .params
        .iter()
        .chain(region.nodes.iter().flat_map(|node| &node.results));
    for id in own {
        if let Some(slot) = stamp.get_mut(id.index()) {
            *slot = me;
        }
    }
    let mut take = |ids: &[ValueId]| {
        let mut flags = vec![false; ids.len()];
        for (flag, id) in flags.iter_mut().zip(ids).rev() {
            if let Some(slot) = stamp.get_mut(id.index())
                && *slot == me
            {
                *slot = later;
                *flag = true;
            }
        }
        flags
    };
    let results = take(&region.results);
    for (node, planned) in region.nodes.iter().zip(&mut nodes).rev() {
        for inner in &node.regions {
            take(&uses(inner, marks));
        }
        take(&mentioned(marks, node).collect::<Vec<_>>());
        planned.last_use = take(&node.args);
    }
    Plan { nodes, results }
}

/// All values that a region and the regions in it use, or that are spoken of there.
fn uses(region: &Region, marks: Option<&Marks>) -> Vec<ValueId> {
    let mut ids = region.results.clone();
    for node in &region.nodes {
        ids.extend(&node.args);
        ids.extend(mentioned(marks, node));
        for inner in &node.regions {
            ids.extend(uses(inner, marks));
        }
    }
    ids
}

struct Machine<'a> {
    values: &'a [Value],
    inputs: &'a [Vec<Word>],
    settings: Settings,
    env: Vec<Option<Lanes>>,
    outputs: Vec<Lanes>,
    revealed: &'a mut Vec<Revealed>,
    watch: Option<Watch<'a>>,
}

impl Machine<'_> {
    fn region(&mut self, region: &Region, plan: &Plan) -> Result<Vec<Lanes>, Stopped> {
        for (node, node_plan) in region.nodes.iter().zip(&plan.nodes) {
            let stop = |message: String| Stopped {
                message,
                span: node.span,
            };
            if let Some(results) = self.made(node) {
                for (&id, lanes) in node.results.iter().zip(results) {
                    self.write(id, lanes).map_err(stop)?;
                }
                continue;
            }
            let mut args = Vec::with_capacity(node.args.len());
            for (&arg, &last) in node.args.iter().zip(&node_plan.last_use) {
                args.push(
                    self.read(arg, last)
                        .ok_or_else(|| stop(format!("{arg} has no value")))?,
                );
            }
            let mut results = self.node(node, node_plan, args)?;
            if self.watch.is_some() {
                for (&id, lanes) in node.results.iter().zip(&mut results) {
                    *lanes = self.settled(id, std::mem::take(lanes));
                }
                self.keep(node, &results);
            }
            for (&id, lanes) in node.results.iter().zip(results) {
                self.write(id, lanes).map_err(stop)?;
            }
        }
        let mut results = Vec::with_capacity(region.results.len());
        for (&id, &last) in region.results.iter().zip(&plan.results) {
            results.push(self.read(id, last).ok_or_else(|| Stopped {
                message: format!("{id} has no value"),
                span: Span::default(),
            })?);
        }
        Ok(results)
    }

    fn read(&mut self, id: ValueId, last: bool) -> Option<Lanes> {
        let slot = self.env.get_mut(id.index())?;
        if last { slot.take() } else { slot.clone() }
    }

    fn write(&mut self, id: ValueId, lanes: Lanes) -> Result<(), String> {
        if self.settings.check_ranges
            && let Some(value) = self.values.get(id.index())
            && let Some(range) = value.range
        {
            let scalar = value.ty.scalar;
            for &word in lanes.iter() {
                let inside = if scalar.is_signed() {
                    let int = scalar.extend(word) as i128;
                    range.lo <= int && int <= range.hi
                } else {
                    i128::try_from(word).is_ok_and(|int| range.lo <= int && int <= range.hi)
                };
                if !inside {
                    return Err(format!(
                        "{id} = {} is outside {}..={}",
                        scalar.display(word),
                        range.lo,
                        range.hi
                    ));
                }
            }
        }
        match self.env.get_mut(id.index()) {
            Some(slot) => {
                *slot = Some(lanes);
                Ok(())
            }
            None => Err(format!("{id} is not in the value table")),
        }
    }

    fn ty(&self, id: Option<&ValueId>) -> Ty {
        id.and_then(|id| self.values.get(id.index()))
            .map_or(UNIT, |value| value.ty)
    }

    fn node(
        &mut self,
        node: &Node,
        plan: &NodePlan,
        mut args: Vec<Lanes>,
    ) -> Result<Vec<Lanes>, Stopped> {
        let stop = |message: String| Stopped {
            message,
            span: node.span,
        };
        let to = self.ty(node.results.first()).scalar;
        let one = |lanes: Vec<Word>| Ok(vec![Lanes::from(lanes)]);
        match &node.op {
            Op::Const(words) => one(const_lanes(words, to)),
            Op::Input(id) => {
                let words = self
                    .inputs
                    .get(id.index())
                    .ok_or_else(|| stop(format!("{id} has no value")))?;
                one(words.iter().map(|&word| to.wrap(word)).collect())
            }
            Op::Output(id) => {
                if let (Some(slot), Some(lanes)) = (self.outputs.get_mut(id.index()), args.pop()) {
                    *slot = lanes;
                }
                Ok(vec![])
            }
            Op::Word(op) => {
                let data = usize::from(*op == WordOp::Select);
                let from = self.ty(node.args.get(data)).scalar;
                let found = Lanes::from(word(*op, from, to, &args));
                Ok(vec![found.carried(*op, from, &args)])
            }
            Op::MakeSecret => Ok(args),
            Op::Reveal(form) => {
                if let Some(lanes) = args.first() {
                    self.revealed.push(Revealed {
                        span: node.span,
                        scalar: to,
                        form: *form,
                        words: lanes.to_vec(),
                    });
                }
                Ok(args)
            }
            Op::Assert(message) => {
                if args.iter().all(|lanes| lanes.iter().all(|&word| word == 1)) {
                    Ok(vec![])
                } else {
                    Err(stop(match message {
                        Some(why) => format!("assertion failed: {why}"),
                        None => "assertion failed".into(),
                    }))
                }
            }
            Op::Gather { block } => match args.as_slice() {
                [src, idx] => Ok(vec![src.gather(idx, *block).map_err(stop)?]),
                _ => Err(stop("a gather has two operands".into())),
            },
            Op::Scatter { block } => match <[Lanes; 3]>::try_from(args) {
                Ok([dst, idx, val]) => {
                    let found = dst.scatter(&idx, &val, *block, to);
                    Ok(vec![found.map_err(stop)?])
                }
                Err(_) => Err(stop("a scatter has three operands".into())),
            },
            Op::Concat => Ok(vec![Lanes::joined(&args, to)]),
            Op::ReadSecret { block, groups } => match args.as_slice() {
                [src, idx] => Ok(vec![src.read_secret(idx, *block, *groups)]),
                _ => Err(stop("a read has two operands".into())),
            },
            Op::WriteSecret { block, groups } => match <[Lanes; 3]>::try_from(args) {
                Ok([dst, idx, val]) => {
                    let places = (*block, *groups);
                    Ok(vec![dst.write_secret(&idx, &val, places, to)])
                }
                Err(_) => Err(stop("a write has three operands".into())),
            },
            Op::Sort { keys, segments, .. } => {
                let types = node.args.iter().map(|a| self.ty(Some(a)).scalar);
                let types: Vec<Scalar> = types.collect();
                let columns: Vec<&[Word]> = args.iter().map(|a| a.as_slice()).collect();
                let rows = order(&columns, &types, *keys, *segments);
                Ok(args.iter().map(|column| column.in_order(&rows)).collect())
            }
            Op::Circuit { circuit, calls } => {
                let args: Vec<&[Word]> = args.iter().map(|lanes| lanes.as_slice()).collect();
                let results = circuit.eval(*calls, &args);
                Ok(results.into_iter().map(Lanes::from).collect())
            }
            Op::Dot { segments } => {
                let products = word(WordOp::Mul, to, to, &args);
                Ok(vec![self.fold(WordOp::Add, to, &products, *segments)])
            }
            Op::Reduce { reducer, segments } => match (reducer, args.first()) {
                (Reducer::Word(op), Some(lanes)) => Ok(vec![self.fold(*op, to, lanes, *segments)]),
                (Reducer::Word(_), None) => Err(stop("a reduction has no operand".into())),
                (Reducer::Region, _) => self.region_reducer(node, plan, &args, *segments, false),
            },
            Op::Scan { reducer, segments } => match (reducer, args.pop()) {
                (Reducer::Word(op), Some(mut lanes)) => {
                    let len = run_length(lanes.len(), *segments);
                    lanes.exact = None;
                    for run in lanes.words_mut().chunks_mut(len) {
                        for i in 1..run.len() {
                            run[i] = op.eval(to, to, &[run[i - 1], run[i]]);
                        }
                    }
                    Ok(vec![lanes])
                }
                (Reducer::Word(_), None) => Err(stop("a scan has no operand".into())),
                (Reducer::Region, last) => {
                    args.extend(last);
                    self.region_reducer(node, plan, &args, *segments, true)
                }
            },
            Op::Loop { count } => {
                let n = match count {
                    Some(n) => *n,
                    None if args.is_empty() => 0,
                    None => args
                        .remove(0)
                        .first()
                        .map_or(0, |&word| u64::try_from(word).unwrap_or(u64::MAX)),
                };
                let (body, body_plan) = nested(node, plan, 0).map_err(stop)?;
                let mut carried = args;
                for i in 0..n {
                    let counter = Lanes::from(vec![Word::from(i)]);
                    let given = std::iter::once(counter).chain(carried);
                    for (&id, lanes) in body.params.iter().zip(given) {
                        self.write(id, lanes).map_err(stop)?;
                    }
                    carried = self.region(body, body_plan)?;
                }
                Ok(carried)
            }
            Op::While => {
                let mut carried = args;
                let mut iterations = 0;
                loop {
                    let (cond, cond_plan) = nested(node, plan, 0).map_err(stop)?;
                    for (&id, lanes) in cond.params.iter().zip(&carried) {
                        self.write(id, lanes.clone()).map_err(stop)?;
                    }
                    let holds = self.region(cond, cond_plan)?;
                    if holds.first().and_then(|lanes| lanes.first()) != Some(&1) {
                        return Ok(carried);
                    }
                    if iterations == MAX_ITERATIONS {
                        return Err(stop(endless(iterations)));
                    }
                    iterations += 1;
                    for id in &cond.params {
                        self.env[id.index()] = None;
                    }
                    let (body, body_plan) = nested(node, plan, 1).map_err(stop)?;
                    for (&id, lanes) in body.params.iter().zip(carried) {
                        self.write(id, lanes).map_err(stop)?;
                    }
                    carried = self.region(body, body_plan)?;
                }
            }
            Op::If => {
                let holds = args.first().and_then(|lanes| lanes.first()) == Some(&1);
                let (arm, arm_plan) = nested(node, plan, usize::from(!holds)).map_err(stop)?;
                self.region(arm, arm_plan)
            }
        }
    }

    fn fold(&self, op: WordOp, ty: Scalar, lanes: &[Word], segments: u64) -> Lanes {
        let len = run_length(lanes.len(), segments);
        let combine = |a: Word, b: Word| op.eval(ty, ty, &[a, b]);
        Lanes::from(
            lanes
                .chunks(len)
                .map(|run| {
                    if self.settings.tree_reductions {
                        let mut level = run.to_vec();
                        while level.len() > 1 {
                            level = level
                                .chunks(2)
                                .map(|pair| match pair {
                                    [a, b] => combine(*a, *b),
                                    _ => pair[0],
                                })
                                .collect();
                        }
                        level.first().copied().unwrap_or(0)
                    } else {
                        run.iter().copied().reduce(combine).unwrap_or(0)
                    }
                })
                .collect::<Vec<Word>>(),
        )
    }

    fn region_reducer(
        &mut self,
        node: &Node,
        plan: &NodePlan,
        args: &[Lanes],
        segments: u64,
        scan: bool,
    ) -> Result<Vec<Lanes>, Stopped> {
        let stop = |message: String| Stopped {
            message,
            span: node.span,
        };
        let (region, region_plan) = nested(node, plan, 0).map_err(stop)?;
        let lanes = args.first().map_or(0, |lanes| lanes.len());
        let len = run_length(lanes, segments);
        let mut out = vec![Vec::new(); args.len()];
        for start in (0..lanes).step_by(len) {
            let mut level: Vec<Vec<Word>> = (start..(start + len).min(lanes))
                .map(|lane| {
                    args.iter()
                        .map(|arg| arg.get(lane).copied().unwrap_or(0))
                        .collect()
                })
                .collect();
            if self.settings.tree_reductions && !scan {
                while level.len() > 1 {
                    let mut next = Vec::with_capacity(level.len().div_ceil(2));
                    for pair in level.chunks(2) {
                        next.push(match pair {
                            [a, b] => self.combine(region, region_plan, a, b, node.span)?,
                            _ => pair[0].clone(),
                        });
                    }
                    level = next;
                }
            } else {
                for i in 1..level.len() {
                    let acc =
                        self.combine(region, region_plan, &level[i - 1], &level[i], node.span)?;
                    level[i] = acc;
                }
                if !scan {
                    level.drain(..level.len() - 1);
                }
            }
            for tuple in level {
                for (column, word) in out.iter_mut().zip(tuple) {
                    column.push(word);
                }
            }
        }
        Ok(out.into_iter().map(Lanes::from).collect())
    }

    fn combine(
        &mut self,
        region: &Region,
        plan: &Plan,
        left: &[Word],
        right: &[Word],
        span: Span,
    ) -> Result<Vec<Word>, Stopped> {
        for (&id, &word) in region.params.iter().zip(left.iter().chain(right)) {
            self.write(id, vec![word].into())
                .map_err(|message| Stopped { message, span })?;
        }
        let results = self.region(region, plan)?;
        Ok(results
            .iter()
            .map(|lanes| lanes.first().copied().unwrap_or(0))
            .collect())
    }
}

const UNIT: Ty = Ty {
    scalar: Scalar::Bool,
    lanes: 0,
    secret: false,
};

fn nested<'n>(
    node: &'n Node,
    plan: &'n NodePlan,
    index: usize,
) -> Result<(&'n Region, &'n Plan), String> {
    node.regions
        .get(index)
        .zip(plan.regions.get(index))
        .ok_or_else(|| "an operation lacks a region".into())
}

fn const_lanes(words: &ConstVec, scalar: Scalar) -> Vec<Word> {
    match words {
        ConstVec::Splat { lanes, word } => vec![scalar.wrap(*word); *lanes as usize],
        ConstVec::Affine { .. } | ConstVec::Pieces(_) | ConstVec::Table(_) => {
            words.words().map(|word| scalar.wrap(word)).collect()
        }
    }
}

fn word(op: WordOp, from: Scalar, to: Scalar, args: &[Lanes]) -> Vec<Word> {
    match args {
        [a] => a.iter().map(|&x| op.eval(from, to, &[x])).collect(),
        [a, b] => a
            .iter()
            .zip(b.iter())
            .map(|(&x, &y)| op.eval(from, to, &[x, y]))
            .collect(),
        [c, a, b] => c
            .iter()
            .zip(a.iter().zip(b.iter()))
            .map(|(&c, (&x, &y))| op.eval(from, to, &[c, x, y]))
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
