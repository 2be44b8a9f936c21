//! Whether a [`Program`] is one that may be run: everything the runtime relies on, checked in one walk.
//!
//! [`verify`] is the only way to a [`Verified`] program, and only such a program runs. It assumes nothing: any value of the
//! type gets an answer, never a panic. What it checks:
//! - **who**: the suite's number of parties and threshold; every domain of a value is one that the suite offers against the
//!   threat; owners and receivers exist; shapes of parameters and results are whole trees whose leaves are the listed ones;
//! - **names**: ids are in range; each value is defined once and only used where it is visible; each region but the
//!   first is used once, so regions nest and never recurse; the nesting is at most [`MAX_NESTING`] deep;
//! - **types**: domains, scalars and lanes of every operation are as [`Op`] says;
//! - **owners**: what one party knows alone follows from public values and its own, and leaves it by [`Op::Share`], [`Op::Reveal`] and
//!   [`Op::Output`] only; counts, conditions, assertions and the indices that stop a run are public;
//! - **templates**: gates read earlier wires only, results read existing wires;
//! - **leaks**: arithmetic values are opened only in a ring of exactly their width (higher bits of a wider ring can
//!   hold more than the value), what is opened as shuffled comes from a shuffle in the same region, random parts are used by one conversion only, in the region that made them;
//! - **once**: inputs and outputs stand in the outermost region, each output leaf is written exactly once;
//! - **limits**: lanes, nesting and template sizes.

mod leaves;
mod types;

use crate::ids::ValueId;
use crate::program::{Domain, Loc, Node, Op, Program, ValueInfo};
use crate::sorted::{SortedMap, SortedSet};
use crate::template::{Gate, Template};
use crate::value::{Integer, Scalar};
use leaves::check_leaves;
use std::fmt;
use std::ops::Deref;
use types::{can_open, check_plain, public};

/// Most lanes of one value.
pub const MAX_LANES: u64 = 1 << 40;
/// Deepest nesting of regions.
pub const MAX_NESTING: usize = 256;
/// Deepest nesting of a parameter's or result's shape: whoever walks one may recurse.
pub const MAX_SHAPE_NESTING: usize = 4096;
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
        check_value(program, *info).map_err(|e| nowhere(format!("v{i}: {e}")))?;
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
        random: SortedMap::new(),
        n_random: 0,
        shuffled: SortedSet::new(),
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
    let away = program.party_names.len() > n as usize;
    ensure(!away || suite.stores(program.threat), || {
        format!(
            "{} stores no shares against {} parties",
            suite.name(),
            program.threat.name()
        )
    })?;
    if let Some(present) = &program.present {
        let all = present.numbers.len() == n as usize
            && present.numbers.is_sorted_by(|a, b| a < b)
            && present.numbers.iter().all(|&number| number < present.of)
            && suite.parties().contains(&present.of);
        ensure(suite == crate::program::Suite::Bgw && all, || {
            "the parties are not those of a sharing of which some are lost".into()
        })?;
    }
    ensure(program.party_names.len() >= n as usize, || {
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

fn check_value(program: &Program, info: ValueInfo) -> Check {
    check_scalar(info.scalar)?;
    let (suite, threat) = (program.suite, program.threat);
    ensure(suite.offers(threat, info.domain), || {
        format!(
            "{} holds no value in domain {} against {} parties",
            suite.name(),
            info.domain.letter(),
            threat.name()
        )
    })?;
    ensure(info.lanes <= MAX_LANES, || format!("{} lanes", info.lanes))?;
    match info.domain {
        Domain::Arithmetic { ring } => ensure(
            ring <= 128 && u32::from(ring) >= info.scalar.width(),
            || format!("{} in a ring of {ring} bits", info.scalar),
        ),
        Domain::Local { owner } => ensure(owner < program.n_parties, || {
            format!("party {owner} of {} knows it", program.n_parties)
        }),
        Domain::Public | Domain::Boolean | Domain::Yao => Ok(()),
    }
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
    random: SortedMap<ValueId, (u32, usize)>,
    n_random: u32,
    /// Results of [`Op::Shuffle`] in the current region.
    shuffled: SortedSet<ValueId>,
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
        let outer_shuffled = std::mem::take(&mut self.shuffled);
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
            if matches!(node.op, Op::Shuffle) {
                self.shuffled.extend(&node.results);
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
        self.shuffled = outer_shuffled;
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
                        // What is held in shares is in the one form in which shares are stored.
                        domain if self.program.is_held(*id) => domain == Domain::Boolean,
                        Domain::Public => leaf.public,
                        Domain::Arithmetic { .. } | Domain::Boolean => !leaf.public,
                        Domain::Local { owner } => !leaf.public && owner == leaf.party,
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
                    && matches!(args[..], [a] if a.scalar == leaf.scalar && a.lanes == leaf.lanes
                    && match self.program.is_stored(*id) {
                        true => a.domain == Domain::Boolean,
                        false => can_open(a, true),
                    });
                if !fits || depth > 0 || std::mem::replace(&mut self.output_done[id.index()], true)
                {
                    return Err(nowhere(format!(
                        "{id} is written twice, inside a region, or as something else"
                    )));
                }
                Ok(())
            }
            Op::Compose => self.compose(node, &args, &results).map_err(nowhere),
            Op::RevealShuffled if !node.args.first().is_some_and(|v| self.shuffled.contains(v)) => {
                Err(nowhere(
                    "what is opened as shuffled comes from no shuffle of this region".into(),
                ))
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{Shape, ShapeNode, Suite};
    use crate::sample;

    fn with(suite: Suite, n_parties: u32, domain: Domain) -> Program {
        let mut program = sample::empty(suite, n_parties);
        program.value(ValueInfo {
            domain,
            scalar: Scalar::Bool,
            lanes: 1,
        });
        program
    }

    #[test]
    fn a_suite_holds_values_in_its_own_domains_only() {
        for (suite, n_parties) in [
            (Suite::TwoParty, 2),
            (Suite::Rep3, 3),
            (Suite::Gmw, 2),
            (Suite::Bgw, 3),
        ] {
            let checked = |domain| check(&with(suite, n_parties, domain));
            assert!(checked(Domain::Boolean).is_ok());
            let garbled = checked(Domain::Yao);
            assert_eq!(garbled.is_ok(), suite.garbles(), "{garbled:?}");
        }
    }

    #[test]
    fn a_shape_is_not_deeper_than_whoever_walks_it() {
        let mut program = with(Suite::Rep3, 3, Domain::Boolean);
        for (depth, fits) in [
            (MAX_SHAPE_NESTING / 2, true),
            (2 * MAX_SHAPE_NESTING, false),
        ] {
            let mut shape = vec![ShapeNode::Tuple(1); depth];
            shape.push(ShapeNode::Tuple(0));
            program.params = vec![crate::program::ParamShape {
                name: "deep".into(),
                party: 0,
                shape: Shape(shape),
                leaves: Vec::new(),
            }];
            assert_eq!(check(&program).is_ok(), fits, "{depth} deep");
        }
    }
}
