//! Whether a [`Program`] is one that may be run: everything the runtime relies on, checked in one walk.
//!
//! [`verify`] is the only way to a [`Verified`] program, and only such a program runs. It assumes nothing: any value of the
//! type gets an answer, never a panic. What it checks:
//! - **who**: the suite's number of parties and threshold; owners and receivers exist; shapes of parameters and
//!   results are whole trees whose leaves are the listed ones;
//! - **names**: ids are in range; each value is defined once and only used where it is visible; each region but the
//!   first is used once, so regions nest and never recurse; the nesting is at most [`MAX_NESTING`] deep;
//! - **types**: domains, scalars and lanes of every operation are as [`Op`] says;
//! - **templates**: gates read earlier wires only, results read existing wires;
//! - **leaks**: arithmetic values are opened only in a ring of exactly their width (higher bits of a wider ring can
//!   hold more than the value), random parts are used by one conversion only, in the region that made them;
//! - **once**: inputs and outputs stand in the outermost region, each output leaf is written exactly once;
//! - **limits**: lanes, nesting and template sizes.

use crate::gate::WordOp;
use crate::ids::ValueId;
use crate::program::{Domain, Loc, Node, Op, Program, Shape, ShapeNode, ValueInfo};
use crate::template::{Gate, Template};
use crate::value::{ConstVec, Integer, Scalar};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

/// Most lanes of one value.
pub const MAX_LANES: u64 = 1 << 40;
/// Deepest nesting of regions.
pub const MAX_NESTING: usize = 256;
/// Most wires of one template (literals are 32-bit and hold a complement).
pub const MAX_WIRES: u64 = 1 << 30;

/// Why a program is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyError {
    /// What is wrong.
    pub what: String,
    /// The operation's place in the source, where there is one.
    pub loc: Loc,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if self.loc.line > 0 {
            write!(f, " (line {})", self.loc.line)?;
        }
        Ok(())
    }
}

impl std::error::Error for VerifyError {}

/// A program that [`verify`] has found fit to run. It cannot be changed: whoever changes a program takes it out and verifies
/// it again.
///
/// ```compile_fail,E0423
/// use smpcc_circuit::{program::Program, verify::Verified};
/// fn unchecked(program: Program) -> Verified {
///     Verified(program)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified(Program);

impl Verified {
    /// The same with the source files called otherwise, for messages on one machine. What parties agree on has the names that the
    /// compiler gave.
    pub fn with_files(mut self, files: Vec<String>) -> Self {
        self.0.files = files;
        self
    }

    /// The program, which from here on is like any other.
    pub fn into_inner(self) -> Program {
        self.0
    }
}

impl Deref for Verified {
    type Target = Program;

    fn deref(&self) -> &Program {
        &self.0
    }
}

/// Checks the whole program.
///
/// # Errors
/// The first violation found, in the order of the program.
pub fn verify(program: Program) -> Result<Verified, VerifyError> {
    check(&program)?;
    Ok(Verified(program))
}

fn check(program: &Program) -> Result<(), VerifyError> {
    check_parties(program).map_err(nowhere)?;
    check_leaves(program).map_err(nowhere)?;
    for (i, info) in program.values.iter().enumerate() {
        check_value(*info).map_err(|e| nowhere(format!("v{i}: {e}")))?;
    }
    for (i, template) in program.templates.iter().enumerate() {
        check_template(template).map_err(|e| nowhere(format!("t{i}: {e}")))?;
    }
    let mut walk = Walk {
        program,
        visible: vec![false; program.values.len()],
        defined: vec![false; program.values.len()],
        region_used: vec![false; program.regions.len()],
        output_done: vec![false; program.outputs.len()],
        input_done: vec![false; program.inputs.len()],
        random: BTreeMap::new(),
        n_random: 0,
    };
    let Some(body) = program.regions.first() else {
        return Err(nowhere("there is no region".into()));
    };
    if !body.params.is_empty() || !body.results.is_empty() {
        return Err(nowhere(
            "the outermost region has parameters or results".into(),
        ));
    }
    walk.region(0, 0)?;
    if let Some(i) = walk.region_used.iter().position(|used| !used) {
        return Err(nowhere(format!("region {i} is not used")));
    }
    if let Some(i) = walk.output_done.iter().position(|done| !done) {
        return Err(nowhere(format!("out{i} is never written")));
    }
    Ok(())
}

fn nowhere(what: String) -> VerifyError {
    VerifyError {
        what,
        loc: Loc::default(),
    }
}

type Check = Result<(), String>;

fn ensure(condition: bool, what: impl FnOnce() -> String) -> Check {
    if condition { Ok(()) } else { Err(what()) }
}

fn check_parties(program: &Program) -> Check {
    let n = program.n_parties;
    let (suite, threshold) = (program.suite, program.threshold);
    ensure(suite.parties().contains(&n), || {
        format!("{} does not run among {n} parties", suite.name())
    })?;
    ensure(suite.thresholds(n).contains(&threshold), || {
        format!(
            "{} among {n} parties does not tolerate {threshold} corrupt ones",
            suite.name()
        )
    })?;
    ensure(program.party_names.len() == n as usize, || {
        format!("{} names for {n} parties", program.party_names.len())
    })
}

fn check_range(scalar: Scalar, range: Option<(Integer, Integer)>) -> Result<(), String> {
    let Some((lo, hi)) = range else {
        return Ok(());
    };
    ensure(lo <= hi, || "empty range".into())?;
    ensure(scalar.holds(lo) && scalar.holds(hi), || {
        format!("a range beyond {scalar}")
    })
}

fn check_scalar(scalar: Scalar) -> Check {
    match scalar {
        Scalar::Bool => Ok(()),
        Scalar::Int { width, signed } => ensure(width <= 128 && width > u8::from(signed), || {
            format!("there is no type {scalar}")
        }),
    }
}

fn check_value(info: ValueInfo) -> Check {
    check_scalar(info.scalar)?;
    ensure(info.lanes <= MAX_LANES, || format!("{} lanes", info.lanes))?;
    if let Domain::Arithmetic { ring } = info.domain {
        ensure(
            ring <= 128 && u32::from(ring) >= info.scalar.width(),
            || format!("{} in a ring of {ring} bits", info.scalar),
        )?;
    }
    Ok(())
}

fn check_leaves(program: &Program) -> Check {
    let n = program.n_parties;
    for (i, leaf) in program.inputs.iter().enumerate() {
        check_scalar(leaf.scalar).map_err(|e| format!("in{i}: {e}"))?;
        ensure(leaf.party < n, || {
            format!("in{i}: party {} of {n}", leaf.party)
        })?;
        ensure(leaf.lanes <= MAX_LANES, || {
            format!("in{i}: {} lanes", leaf.lanes)
        })?;
        check_range(leaf.scalar, leaf.range).map_err(|e| format!("in{i}: {e}"))?;
    }
    for (i, leaf) in program.outputs.iter().enumerate() {
        check_scalar(leaf.scalar).map_err(|e| format!("out{i}: {e}"))?;
        ensure(leaf.lanes <= MAX_LANES, || {
            format!("out{i}: {} lanes", leaf.lanes)
        })?;
        ensure(leaf.receivers.iter().all(|&p| p < n), || {
            format!("out{i}: a receiver does not exist")
        })?;
        ensure(
            leaf.receivers
                .windows(2)
                .all(|w| matches!(w, [a, b] if a < b)),
            || format!("out{i}: receivers are not ascending"),
        )?;
    }
    for param in &program.params {
        let what = || format!("parameter {}", param.name);
        ensure(param.party < n, || {
            format!("{}: party {} of {n}", what(), param.party)
        })?;
        let scalars = shape_leaves(&param.shape).map_err(|e| format!("{}: {e}", what()))?;
        ensure(scalars.len() == param.leaves.len(), || {
            format!(
                "{}: {} leaves for {} scalars",
                what(),
                param.leaves.len(),
                scalars.len()
            )
        })?;
        for (&(scalar, lanes), id) in scalars.iter().zip(&param.leaves) {
            let leaf = program
                .inputs
                .get(id.index())
                .ok_or_else(|| format!("{}: there is no {id}", what()))?;
            ensure(
                leaf.party == param.party
                    && leaf.scalar == scalar
                    && lanes.is_none_or(|n| n == leaf.lanes),
                || format!("{}: {id} has another owner, type or length", what()),
            )?;
        }
    }
    for (i, result) in program.results.iter().enumerate() {
        let what = || format!("result {i}");
        ensure(result.party < n, || {
            format!("{}: party {} of {n}", what(), result.party)
        })?;
        let scalars = shape_leaves(&result.shape).map_err(|e| format!("{}: {e}", what()))?;
        ensure(scalars.len() == result.leaves.len(), || {
            format!(
                "{}: {} leaves for {} scalars",
                what(),
                result.leaves.len(),
                scalars.len()
            )
        })?;
        for (&(scalar, lanes), id) in scalars.iter().zip(&result.leaves) {
            let leaf = program
                .outputs
                .get(id.index())
                .ok_or_else(|| format!("{}: there is no {id}", what()))?;
            ensure(
                leaf.receivers.contains(&result.party)
                    && leaf.scalar == scalar
                    && lanes.is_none_or(|n| n == leaf.lanes),
                || format!("{}: {id} has other receivers, type or length", what()),
            )?;
        }
    }
    Ok(())
}

/// The scalars of a shape in pre-order with their lanes (`None` where a length comes from the data).
fn shape_leaves(shape: &Shape) -> Result<Vec<(Scalar, Option<u64>)>, String> {
    // How many children of each open node are still to come, and the lanes of one of them.
    let mut open: Vec<(u64, Option<u64>)> = vec![(1, Some(1))];
    let mut leaves = Vec::new();
    for node in &shape.0 {
        while open.last().is_some_and(|top| top.0 == 0) {
            open.pop();
        }
        let Some(top) = open.last_mut() else {
            return Err("its shape goes on after its end".into());
        };
        top.0 -= 1;
        let lanes = top.1;
        match node {
            ShapeNode::Scalar { scalar, range } => {
                check_scalar(*scalar)?;
                check_range(*scalar, *range)?;
                leaves.push((*scalar, lanes));
            }
            ShapeNode::Array(len) => {
                let inner = match (lanes, len) {
                    (Some(a), Some(b)) => Some(
                        a.checked_mul(*b)
                            .filter(|&n| n <= MAX_LANES)
                            .ok_or("its shape has too many elements")?,
                    ),
                    _ => None,
                };
                open.push((1, inner));
            }
            ShapeNode::Tuple(n) => open.push((u64::from(*n), lanes)),
            ShapeNode::Struct { fields, .. } => open.push((fields.len() as u64, lanes)),
        }
    }
    ensure(open.iter().all(|o| o.0 == 0), || {
        "its shape is cut short".into()
    })?;
    Ok(leaves)
}

fn check_template(template: &Template) -> Check {
    let mut wires: u64 = 1;
    for &width in &template.inputs {
        ensure((1..=128).contains(&width), || {
            format!("an operand of {width} bits")
        })?;
        wires += u64::from(width);
    }
    ensure(wires + (template.gates.len() as u64) < MAX_WIRES, || {
        "too many wires".into()
    })?;
    for (g, gate) in template.gates.iter().enumerate() {
        let (Gate::Xor(a, b) | Gate::And(a, b)) = *gate;
        ensure(
            u64::from(a.wire()) < wires && u64::from(b.wire()) < wires,
            || format!("gate {g} reads a later wire"),
        )?;
        wires += 1;
    }
    for (j, output) in template.outputs.iter().enumerate() {
        ensure((1..=128).contains(&output.len()), || {
            format!("result {j} has {} bits", output.len())
        })?;
        ensure(
            output.iter().all(|lit| u64::from(lit.wire()) < wires),
            || format!("result {j} reads a wire that does not exist"),
        )?;
    }
    Ok(())
}

struct Walk<'a> {
    program: &'a Program,
    /// Whether a value may be used here.
    visible: Vec<bool>,
    /// Whether a value has had its definition.
    defined: Vec<bool>,
    region_used: Vec<bool>,
    output_done: Vec<bool>,
    input_done: Vec<bool>,
    /// For results of [`Op::RandomParts`] in the current region: (which, position).
    random: BTreeMap<ValueId, (u32, usize)>,
    n_random: u32,
}

impl Walk<'_> {
    fn region(&mut self, index: u32, depth: usize) -> Result<(), VerifyError> {
        let program = self.program;
        let Some(region) = program.regions.get(index as usize) else {
            return Err(nowhere(format!("there is no region {index}")));
        };
        if depth > MAX_NESTING {
            return Err(nowhere("regions are nested too deeply".into()));
        }
        match self.region_used.get_mut(index as usize) {
            Some(used) if !*used => *used = true,
            _ => return Err(nowhere(format!("region {index} is used twice"))),
        }
        let mut own = Vec::new();
        // Parts made outside are not the region's to use up: it may run many times.
        let outer_random = std::mem::take(&mut self.random);
        for &param in &region.params {
            self.define(param).map_err(nowhere)?;
            own.push(param);
        }
        for node in &region.nodes {
            let at = |what: String| VerifyError {
                what,
                loc: node.loc,
            };
            if program.sections.get(node.section.index()).is_none() {
                return Err(at(format!("there is no {}", node.section)));
            }
            for &arg in &node.args {
                self.usable(arg).map_err(at)?;
            }
            self.node(node, depth).map_err(|e| {
                if e.loc == Loc::default() {
                    at(e.what)
                } else {
                    e
                }
            })?;
            for &result in &node.results {
                self.define(result).map_err(at)?;
                own.push(result);
            }
            if matches!(node.op, Op::RandomParts) {
                let which = self.n_random;
                self.n_random += 1;
                for (i, result) in node.results.iter().enumerate() {
                    self.random.insert(*result, (which, i));
                }
            }
        }
        for &result in &region.results {
            self.usable(result).map_err(nowhere)?;
        }
        for value in own {
            if let Some(visible) = self.visible.get_mut(value.index()) {
                *visible = false;
            }
        }
        self.random = outer_random;
        Ok(())
    }

    fn define(&mut self, value: ValueId) -> Check {
        match self.defined.get_mut(value.index()) {
            Some(defined) if !*defined => *defined = true,
            Some(_) => return Err(format!("{value} is defined twice")),
            None => return Err(format!("there is no {value}")),
        }
        if let Some(visible) = self.visible.get_mut(value.index()) {
            *visible = true;
        }
        Ok(())
    }

    fn usable(&self, value: ValueId) -> Check {
        ensure(self.visible.get(value.index()) == Some(&true), || {
            format!("{value} is not known here")
        })
    }

    fn info(&self, value: ValueId) -> Result<ValueInfo, String> {
        self.program
            .values
            .get(value.index())
            .copied()
            .ok_or_else(|| format!("there is no {value}"))
    }

    fn infos(&self, values: &[ValueId]) -> Result<Vec<ValueInfo>, String> {
        values.iter().map(|&v| self.info(v)).collect()
    }

    /// The values' types must be the region's.
    fn signature(
        &self,
        index: u32,
        params: &[ValueInfo],
        results: &[ValueInfo],
        what: &str,
    ) -> Check {
        let region = self
            .program
            .regions
            .get(index as usize)
            .ok_or_else(|| format!("there is no region {index}"))?;
        ensure(self.infos(&region.params)? == params, || {
            format!("the {what}'s parameters have other types")
        })?;
        ensure(self.infos(&region.results)? == results, || {
            format!("the {what}'s results have other types")
        })
    }

    fn node(&mut self, node: &Node, depth: usize) -> Result<(), VerifyError> {
        let args = self.infos(&node.args).map_err(nowhere)?;
        let results = self.infos(&node.results).map_err(nowhere)?;
        match &node.op {
            Op::Loop { count, body } => {
                let carried = if count.is_some() {
                    &args[..]
                } else {
                    args.get(1..).unwrap_or(&[])
                };
                let counter = public(Scalar::USIZE, 1);
                if count.is_none() && args.first() != Some(&counter) {
                    return Err(nowhere("a loop's count is one public usize".into()));
                }
                if results != carried {
                    return Err(nowhere(
                        "a loop's results have other types than its operands".into(),
                    ));
                }
                let params: Vec<_> = std::iter::once(counter)
                    .chain(carried.iter().copied())
                    .collect();
                self.region(*body, depth + 1)?;
                self.signature(*body, &params, carried, "loop")
                    .map_err(nowhere)
            }
            Op::While { cond, body } => {
                if results != args {
                    return Err(nowhere(
                        "a while's results have other types than its operands".into(),
                    ));
                }
                self.region(*cond, depth + 1)?;
                self.region(*body, depth + 1)?;
                self.signature(*cond, &args, &[public(Scalar::Bool, 1)], "condition")
                    .map_err(nowhere)?;
                self.signature(*body, &args, &args, "while")
                    .map_err(nowhere)
            }
            Op::If { then, otherwise } => {
                if args != [public(Scalar::Bool, 1)] {
                    return Err(nowhere("an if's condition is one public bool".into()));
                }
                self.region(*then, depth + 1)?;
                self.region(*otherwise, depth + 1)?;
                self.signature(*then, &[], &results, "then")
                    .map_err(nowhere)?;
                self.signature(*otherwise, &[], &results, "else")
                    .map_err(nowhere)
            }
            Op::Input(id) => {
                let leaf = self
                    .program
                    .inputs
                    .get(id.index())
                    .ok_or_else(|| nowhere(format!("there is no {id}")))?;
                let fits = args.is_empty()
                    && matches!(results[..], [r] if r.scalar == leaf.scalar && r.lanes == leaf.lanes
                    && match r.domain {
                        Domain::Public => leaf.public,
                        Domain::Arithmetic { .. } | Domain::Boolean => !leaf.public,
                        Domain::Yao => false,
                    });
                if !fits || depth > 0 || std::mem::replace(&mut self.input_done[id.index()], true) {
                    return Err(nowhere(format!(
                        "{id} is read twice, inside a region, or as something else"
                    )));
                }
                Ok(())
            }
            Op::Output(id) => {
                let leaf = self
                    .program
                    .outputs
                    .get(id.index())
                    .ok_or_else(|| nowhere(format!("there is no {id}")))?;
                let fits = results.is_empty()
                    && matches!(args[..], [a] if a.scalar == leaf.scalar && a.lanes == leaf.lanes && can_open(a, true));
                if !fits || depth > 0 || std::mem::replace(&mut self.output_done[id.index()], true)
                {
                    return Err(nowhere(format!(
                        "{id} is written twice, inside a region, or as something else"
                    )));
                }
                Ok(())
            }
            Op::Compose => self.compose(node, &args, &results).map_err(nowhere),
            op => check_plain(self.program, op, &args, &results).map_err(nowhere),
        }
    }

    fn compose(&mut self, node: &Node, args: &[ValueInfo], results: &[ValueInfo]) -> Check {
        let parts = self.program.parts(Domain::Boolean);
        let [result] = results else {
            return Err("compose has one result".into());
        };
        let Domain::Arithmetic { ring } = result.domain else {
            return Err("compose makes an arithmetic value".into());
        };
        ensure(
            args.len() == parts
                && args.iter().all(|a| {
                    a.domain == Domain::Boolean
                        && a.scalar.width() == u32::from(ring)
                        && a.lanes == result.lanes
                }),
            || "compose takes a difference and the random parts, as wide as the ring".into(),
        )?;
        let taken: Vec<_> = node.args[1..]
            .iter()
            .map(|v| self.random.remove(v))
            .collect();
        let which = taken.first().copied().flatten().map(|t| t.0);
        ensure(
            which.is_some()
                && taken
                    .iter()
                    .enumerate()
                    .all(|(i, t)| which.is_some_and(|w| *t == Some((w, i)))),
            || {
                "compose needs all parts of one random-parts operation of this region, used once"
                    .into()
            },
        )
    }
}

fn public(scalar: Scalar, lanes: u64) -> ValueInfo {
    ValueInfo {
        domain: Domain::Public,
        scalar,
        lanes,
    }
}

/// Whether opening shows the value and no more.
fn can_open(info: ValueInfo, public_too: bool) -> bool {
    match info.domain {
        Domain::Public => public_too,
        Domain::Arithmetic { ring } => u32::from(ring) == info.scalar.width(),
        Domain::Boolean => true,
        Domain::Yao => false,
    }
}

fn segments_fit(lanes: u64, segments: u64) -> bool {
    lanes.checked_rem(segments).map_or(lanes == 0, |r| r == 0)
}

fn same(infos: &[ValueInfo]) -> bool {
    infos.windows(2).all(|w| matches!(w, [a, b] if a == b))
}

const fn is_arithmetic(info: &ValueInfo) -> bool {
    matches!(info.domain, Domain::Arithmetic { .. })
}

/// Operations without regions, leaves or history.
fn check_plain(program: &Program, op: &Op, args: &[ValueInfo], results: &[ValueInfo]) -> Check {
    let bad = || format!("operands or results of {} have wrong types", op.name());
    match op {
        Op::Const(vec) => {
            if let ConstVec::Affine { dims, .. } = vec {
                ensure(dims.len() <= 64, || {
                    "a constant of too many dimensions".into()
                })?;
            }
            let mask = |s: Scalar, w| s.wrap(w) == w;
            ensure(
                args.is_empty()
                    && matches!(results, [r] if r.domain == Domain::Public && r.lanes == vec.lanes()
                    && match vec {
                        ConstVec::Splat { word, .. } => mask(r.scalar, *word),
                        ConstVec::Affine { .. } => true,
                        ConstVec::Table(words) => words.iter().all(|&w| mask(r.scalar, w)),
                    }),
                bad,
            )
        }
        Op::Public(op) => {
            let [r] = results else { return Err(bad()) };
            ensure(
                args.len() == op.arity()
                    && args
                        .iter()
                        .all(|a| a.domain == Domain::Public && a.lanes == r.lanes)
                    && r.domain == Domain::Public,
                bad,
            )?;
            let scalars: Vec<_> = args.iter().map(|a| a.scalar).collect();
            check_word(*op, &scalars, r.scalar)
        }
        Op::PublicReduce { op, segments } => ensure(
            op.is_associative()
                && matches!((args, results), ([a], [r]) if a.domain == Domain::Public && r.domain == Domain::Public
                    && a.scalar == r.scalar && r.lanes == *segments && segments_fit(a.lanes, *segments)),
            bad,
        ),
        Op::FromPublic => ensure(
            matches!((args, results), ([a], [r]) if a.domain == Domain::Public && r.domain != Domain::Public
                && a.scalar == r.scalar && a.lanes == r.lanes),
            bad,
        ),
        Op::Gather { block } => ensure(
            matches!((args, results), ([src, idx], [r]) if is_index(idx)
                && src.domain == r.domain && src.scalar == r.scalar
                && idx.lanes.checked_mul(*block) == Some(r.lanes)),
            bad,
        ),
        Op::Scatter { block } => ensure(
            matches!((args, results), ([dst, idx, val], [r]) if is_index(idx) && dst == r
                && val.domain == dst.domain && val.scalar == dst.scalar
                && idx.lanes.checked_mul(*block) == Some(val.lanes)),
            bad,
        ),
        Op::Concat => {
            let [r] = results else { return Err(bad()) };
            let total = args.iter().try_fold(0u64, |n, a| n.checked_add(a.lanes));
            ensure(
                !args.is_empty()
                    && args
                        .iter()
                        .all(|a| a.domain == r.domain && a.scalar == r.scalar)
                    && total == Some(r.lanes),
                bad,
            )
        }
        Op::Linear { coefficients, .. } => {
            let [r] = results else { return Err(bad()) };
            ensure(
                coefficients.len() == args.len()
                    && !args.is_empty()
                    && is_arithmetic(r)
                    && args
                        .iter()
                        .all(|a| a.domain == r.domain && a.lanes == r.lanes),
                bad,
            )
        }
        Op::MulPublic => ensure(
            matches!((args, results), ([a, p], [r]) if is_arithmetic(a) && p.domain == Domain::Public
                && a.domain == r.domain && a.lanes == r.lanes && p.lanes == r.lanes),
            bad,
        ),
        Op::SumLanes { segments } => ensure(
            matches!((args, results), ([a], [r]) if is_arithmetic(a) && a.domain == r.domain
                && r.lanes == *segments && segments_fit(a.lanes, *segments)),
            bad,
        ),
        Op::LowerRing => ensure(
            matches!((args, results), ([a], [r]) if a.lanes == r.lanes
                && matches!((a.domain, r.domain), (Domain::Arithmetic { ring: k }, Domain::Arithmetic { ring: l }) if l < k)),
            bad,
        ),
        Op::Mul => ensure(
            matches!((args, results), ([a, b], [r]) if is_arithmetic(a) && a.domain == b.domain && a.domain == r.domain
                && a.lanes == r.lanes && b.lanes == r.lanes),
            bad,
        ),
        Op::Dot { segments } => ensure(
            matches!((args, results), ([a, b], [r]) if is_arithmetic(a) && a.domain == b.domain && a.domain == r.domain
                && a.lanes == b.lanes && r.lanes == *segments && segments_fit(a.lanes, *segments)),
            bad,
        ),
        Op::Call(id) => {
            let template = program
                .templates
                .get(id.index())
                .ok_or_else(|| format!("there is no {id}"))?;
            let all: Vec<_> = args.iter().chain(results).collect();
            ensure(
                args.len() == template.inputs.len()
                    && results.len() == template.outputs.len()
                    && !results.is_empty()
                    && all
                        .windows(2)
                        .all(|w| matches!(w, [a, b] if a.domain == b.domain && a.lanes == b.lanes))
                    && all
                        .iter()
                        .all(|a| matches!(a.domain, Domain::Boolean | Domain::Yao))
                    && args
                        .iter()
                        .zip(&template.inputs)
                        .all(|(a, &w)| a.scalar.width() == w)
                    && results
                        .iter()
                        .zip(&template.outputs)
                        .all(|(r, out)| r.scalar.width() as usize == out.len()),
                bad,
            )
        }
        Op::Decompose => {
            let ([a], Some(first)) = (args, results.first()) else {
                return Err(bad());
            };
            let Domain::Arithmetic { ring } = a.domain else {
                return Err(bad());
            };
            ensure(
                matches!(first.domain, Domain::Boolean | Domain::Yao)
                    && results.len() == program.parts(first.domain)
                    && same(results)
                    && first.lanes == a.lanes
                    && first.scalar.width() <= u32::from(ring),
                bad,
            )
        }
        Op::RandomParts => ensure(
            args.is_empty()
                && results.len() + 1 == program.parts(Domain::Boolean)
                && same(results)
                && results.iter().all(|r| r.domain == Domain::Boolean),
            bad,
        ),
        Op::InjectBit => ensure(
            matches!((args, results), ([a], [r]) if a.domain == Domain::Boolean && a.scalar.width() == 1
                && is_arithmetic(r) && a.lanes == r.lanes),
            bad,
        ),
        Op::BooleanToYao => ensure(moves(args, results, Domain::Boolean, Domain::Yao), bad),
        Op::YaoToBoolean => ensure(moves(args, results, Domain::Yao, Domain::Boolean), bad),
        Op::Reveal => ensure(
            matches!((args, results), ([a], [r]) if can_open(*a, false) && r.domain == Domain::Public
                && a.scalar == r.scalar && a.lanes == r.lanes),
            bad,
        ),
        Op::Assert(_) => ensure(
            matches!((args, results), ([a], []) if a.domain == Domain::Public && a.scalar == Scalar::Bool),
            bad,
        ),
        Op::Input(_)
        | Op::Output(_)
        | Op::Compose
        | Op::Loop { .. }
        | Op::While { .. }
        | Op::If { .. } => Ok(()),
    }
}

fn is_index(info: &ValueInfo) -> bool {
    info.domain == Domain::Public && !info.scalar.is_signed()
}

fn moves(args: &[ValueInfo], results: &[ValueInfo], from: Domain, to: Domain) -> bool {
    matches!((args, results), ([a], [r]) if a.domain == from && r.domain == to
        && a.scalar == r.scalar && a.lanes == r.lanes)
}

/// The types of a word operation.
///
/// # Errors
/// What does not fit.
pub fn check_word(op: WordOp, args: &[Scalar], result: Scalar) -> Check {
    let bad = || format!("{} does not take these types", op.name());
    let unsigned = |s: &Scalar| matches!(s, Scalar::Int { signed: false, .. });
    let fits = match (op, args) {
        (WordOp::Cast, [_]) => true,
        (WordOp::Eq | WordOp::Ne | WordOp::Lt | WordOp::Le, [a, b]) => {
            a == b && result == Scalar::Bool
        }
        (WordOp::Shl | WordOp::Shr | WordOp::RotL | WordOp::RotR, [a, s]) => {
            *a == result && unsigned(s)
        }
        (WordOp::Select, [c, a, b]) => *c == Scalar::Bool && a == b && *a == result,
        (WordOp::Isqrt, [a]) => unsigned(a) && *a == result,
        (WordOp::Neg | WordOp::Abs | WordOp::Not | WordOp::CountOnes, [a]) => *a == result,
        (
            WordOp::Add
            | WordOp::Sub
            | WordOp::Mul
            | WordOp::Div
            | WordOp::Rem
            | WordOp::And
            | WordOp::Or
            | WordOp::Xor
            | WordOp::Min
            | WordOp::Max,
            [a, b],
        ) => a == b && *a == result,
        _ => false,
    };
    ensure(fits, bad)
}
