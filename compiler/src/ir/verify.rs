//! Checks that an [`Ir`] is well formed. It runs after every pass in tests and debug builds, so that a pass that
//! breaks a program is caught by name and not three stages later.
//!
//! Invariants:
//! 1. Every value is defined exactly once, by a node's result or a region's parameter, before its uses; a use sees the
//!    values of its own region and of the regions around it, and nothing else. Ids are inside the value table.
//! 2. Operand and result types are as the operation says (scalar, lanes, secrecy), and scalars are well formed (1 to 128
//!    bits, at least 2 when signed). Element-wise arithmetic is on integers; logic, comparison and selection also on `bool`.
//! 3. A result is secret exactly when an operand is, except: `MakeSecret` (public → secret), `Reveal` (secret → public).
//!    What `If`, `Loop` and `While` carry has one type (secrecy included) in all of its places.
//! 4. Conditions, counts, asserted values and the indices of `Gather` and `Scatter` are public; the indices of
//!    `ReadSecret` and `WriteSecret` are secret.
//! 5. A reduction's or scan's segments are not empty; an associative operator takes and gives the type of its operand.
//! 6. `Input` and `Output` agree with their leaves; no input leaf is read twice and no output leaf is written twice,
//!    nor inside a region that may run several times or not at all.
//! 7. The program's body has neither parameters nor results.

use super::{Ir, Kind, Node, Op, Reducer, Region, Ty};
use crate::imported::Port;
use crate::span::Span;
use smpcc_circuit::gate::{Rule, WordOp};
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::Scalar;
use std::fmt;

/// What is wrong with an [`Ir`], and at which node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// One sentence.
    pub message: String,
    /// The source that the node comes from.
    pub span: Span,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Checks the invariants listed at the top of this file; the first violation in program order.
pub fn verify(ir: &Ir) -> Result<(), Violation> {
    let mut check = Check {
        ir,
        state: vec![State::Undefined; ir.values.len()],
        inputs_read: vec![false; ir.inputs.len()],
        outputs_written: vec![false; ir.outputs.len()],
        depth: 0,
    };
    for (index, value) in ir.values.iter().enumerate() {
        check_scalar(value.ty.scalar).map_err(|why| Violation {
            message: format!("{}: {why}", ValueId::new(index)),
            span: Span::default(),
        })?;
    }
    if !ir.body.params.is_empty() || !ir.body.results.is_empty() {
        return Err(Violation {
            message: "the program's body has parameters or results".into(),
            span: Span::default(),
        });
    }
    check.region(&ir.body, &[], Span::default()).map(|_| ())
}

/// The type of the only result of an operation without regions, from its operands' types. `Cast` keeps the operand's
/// type here (its result may have any scalar), `Const`, `Input` and control have no rule of this kind.
pub fn result_ty(op: &Op, args: &[Ty]) -> Result<Option<Ty>, String> {
    let secret = args.iter().any(|ty| ty.secret);
    let arity = |n: usize| {
        if args.len() == n {
            Ok(())
        } else {
            Err(format!("takes {n} operands, not {}", args.len()))
        }
    };
    Ok(match op {
        Op::Word(word) => {
            arity(word.arity())?;
            Some(word_ty(*word, args, secret)?)
        }
        Op::MakeSecret => {
            arity(1)?;
            ensure(!args[0].secret, "takes a public value")?;
            Some(Ty {
                secret: true,
                ..args[0]
            })
        }
        Op::Reveal => {
            arity(1)?;
            ensure(args[0].secret, "takes a secret value")?;
            Some(Ty {
                secret: false,
                ..args[0]
            })
        }
        Op::Gather { block } => {
            arity(2)?;
            ensure(*block > 0, "has a block of no lanes")?;
            ensure(
                args[0].lanes.is_multiple_of(*block),
                "has a source that is not whole blocks",
            )?;
            check_index(args[1], false)?;
            Some(Ty {
                lanes: times(args[1].lanes, *block)?,
                secret,
                ..args[0]
            })
        }
        Op::Scatter { block } => {
            arity(3)?;
            ensure(*block > 0, "has a block of no lanes")?;
            ensure(
                args[0].lanes.is_multiple_of(*block),
                "has a destination that is not whole blocks",
            )?;
            check_index(args[1], false)?;
            same_scalar(args[0], args[2])?;
            ensure(
                args[2].lanes == times(args[1].lanes, *block)?,
                "writes a number of lanes that does not fit its indices",
            )?;
            Some(Ty { secret, ..args[0] })
        }
        Op::Concat => {
            let first = *args.first().ok_or("takes at least one operand")?;
            let mut lanes = 0u64;
            for ty in args {
                same_scalar(first, *ty)?;
                lanes = lanes
                    .checked_add(ty.lanes)
                    .ok_or("has more than 2^64 lanes")?;
            }
            Some(Ty {
                lanes,
                secret,
                ..first
            })
        }
        Op::ReadSecret { block, groups } => {
            arity(2)?;
            check_groups(*block, *groups, args[0].lanes)?;
            check_index(args[1], true)?;
            ensure(
                args[1].lanes.is_multiple_of(*groups),
                "has indices that do not divide into its groups",
            )?;
            Some(Ty {
                lanes: times(args[1].lanes, *block)?,
                secret,
                ..args[0]
            })
        }
        Op::WriteSecret { block, groups } => {
            arity(3)?;
            check_groups(*block, *groups, args[0].lanes)?;
            check_index(args[1], true)?;
            ensure(args[1].lanes == *groups, "takes one index per group")?;
            same_scalar(args[0], args[2])?;
            ensure(
                args[2].lanes == times(*groups, *block)?,
                "takes one element per group",
            )?;
            Some(Ty { secret, ..args[0] })
        }
        Op::Dot { segments } => {
            arity(2)?;
            ensure(is_int(args[0]), "takes integers")?;
            same_scalar(args[0], args[1])?;
            ensure(
                args[0].lanes == args[1].lanes,
                "takes operands with equal lanes",
            )?;
            check_segments(args[0].lanes, *segments)?;
            Some(Ty {
                lanes: *segments,
                secret,
                ..args[0]
            })
        }
        Op::Reduce {
            reducer: Reducer::Word(word),
            segments,
        }
        | Op::Scan {
            reducer: Reducer::Word(word),
            segments,
        } => {
            arity(1)?;
            ensure(
                word.is_associative(),
                "has an operator that is not associative",
            )?;
            word_ty(*word, &[args[0], args[0]], secret)?;
            check_segments(args[0].lanes, *segments)?;
            let lanes = if matches!(op, Op::Scan { .. }) {
                args[0].lanes
            } else {
                *segments
            };
            Some(Ty { lanes, ..args[0] })
        }
        Op::Const(_)
        | Op::Circuit { .. }
        | Op::Reduce {
            reducer: Reducer::Region,
            ..
        }
        | Op::Scan {
            reducer: Reducer::Region,
            ..
        } => None,
        op => match op.kind() {
            Kind::Boundary | Kind::Control => None,
            Kind::Move | Kind::Compute => return Err("has no type rule".into()),
        },
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Undefined,
    Visible,
    /// Defined in a region that has been left.
    Hidden,
}

struct Check<'a> {
    ir: &'a Ir,
    state: Vec<State>,
    inputs_read: Vec<bool>,
    outputs_written: Vec<bool>,
    depth: u32,
}

impl Check<'_> {
    /// Checks a region whose parameters must have the given types; the types of its results.
    fn region(&mut self, region: &Region, params: &[Ty], span: Span) -> Result<Vec<Ty>, Violation> {
        let fail = |message: String| Err(Violation { message, span });
        if region.params.len() != params.len() {
            return fail(format!(
                "a region has {} parameters, not {}",
                region.params.len(),
                params.len()
            ));
        }
        for (&param, &ty) in region.params.iter().zip(params) {
            self.define(param, span)?;
            if self.ty(param, span)? != ty {
                return fail(format!("parameter {param} has another type than its value"));
            }
        }
        for node in &region.nodes {
            self.node(node)?;
        }
        let mut results = Vec::with_capacity(region.results.len());
        for &result in &region.results {
            results.push(self.used(result, span)?);
        }
        let inner = region
            .nodes
            .iter()
            .flat_map(|node| &node.results)
            .chain(&region.params);
        for id in inner {
            self.state[id.index()] = State::Hidden;
        }
        Ok(results)
    }

    fn node(&mut self, node: &Node) -> Result<(), Violation> {
        let mut args = Vec::with_capacity(node.args.len());
        for &arg in &node.args {
            args.push(self.used(arg, node.span)?);
        }
        let mut results = Vec::with_capacity(node.results.len());
        for &result in &node.results {
            results.push(self.ty(result, node.span)?);
        }
        let fail = |why: String| {
            let result = node
                .results
                .first()
                .map_or(String::new(), |id| format!("{id}: "));
            Violation {
                message: format!("{result}{} {why}", node.op.name()),
                span: node.span,
            }
        };
        if node.regions.len() != node.op.n_regions() {
            return Err(fail(format!("has {} regions", node.regions.len())));
        }
        self.depth += 1;
        self.rule(node, &args, &results)
            .map_err(|stop| match stop {
                Stop::Here(why) => fail(why),
                Stop::Inside(violation) => violation,
            })?;
        self.depth -= 1;
        for &result in &node.results {
            self.define(result, node.span)?;
        }
        Ok(())
    }

    fn rule(&mut self, node: &Node, args: &[Ty], results: &[Ty]) -> Result<(), Stop> {
        let one = |ty: Ty| {
            ensure(
                results == [ty],
                "has another result type than its operands give",
            )
        };
        match &node.op {
            Op::Const(words) => {
                ensure(args.is_empty(), "takes no operands")?;
                ensure(
                    matches!(results, [ty] if !ty.secret && ty.lanes == words.lanes()),
                    "has one public result with its own number of lanes",
                )?;
            }
            Op::Input(id) => {
                let leaf = self
                    .ir
                    .inputs
                    .get(id.index())
                    .ok_or("names no input leaf")?;
                ensure(args.is_empty(), "takes no operands")?;
                one(Ty {
                    scalar: leaf.scalar,
                    lanes: leaf.lanes,
                    secret: !leaf.public,
                })?;
                ensure(self.depth == 1, "stands inside a region")?;
                let read = std::mem::replace(&mut self.inputs_read[id.index()], true);
                ensure(!read, "is read twice")?;
            }
            Op::Output(id) => {
                let leaf = (self.ir.outputs)
                    .get(id.index())
                    .ok_or("names no output leaf")?;
                ensure(results.is_empty(), "has no result")?;
                ensure(
                    matches!(args, [ty] if ty.scalar == leaf.scalar && ty.lanes == leaf.lanes),
                    "takes one operand of its leaf's type",
                )?;
                ensure(self.depth == 1, "stands inside a region")?;
                let written = std::mem::replace(&mut self.outputs_written[id.index()], true);
                ensure(!written, "is written twice")?;
            }
            Op::Assert(_) => {
                ensure(results.is_empty(), "has no result")?;
                ensure(
                    matches!(args, [ty] if ty.scalar == Scalar::Bool && !ty.secret),
                    "takes one public bool",
                )?;
            }
            Op::Word(WordOp::Cast) => {
                let ty = result_ty(&node.op, args)?.ok_or("has no type rule")?;
                ensure(
                    matches!(results, [r] if r.lanes == ty.lanes && r.secret == ty.secret),
                    "has one result with its operand's lanes and secrecy",
                )?;
            }
            Op::Reduce {
                reducer: Reducer::Region,
                segments,
            }
            | Op::Scan {
                reducer: Reducer::Region,
                segments,
            } => self.region_reducer(node, *segments, args, results)?,
            Op::Loop { count } => {
                let init = match count {
                    Some(_) => args,
                    None => {
                        let (count, init) = args.split_first().ok_or("takes a count")?;
                        ensure(*count == INDEX, "takes a public usize as its count")?;
                        init
                    }
                };
                ensure(
                    results == init,
                    "has results of other types than its operands",
                )?;
                let params: Vec<Ty> = [INDEX].iter().chain(init).copied().collect();
                let next = self.region(&node.regions[0], &params, node.span)?;
                ensure(
                    next == init,
                    "carries values of other types than its operands",
                )?;
            }
            Op::While => {
                ensure(
                    results == args,
                    "has results of other types than its operands",
                )?;
                let cond = self.region(&node.regions[0], args, node.span)?;
                ensure(
                    cond == [CONDITION],
                    "has a condition that is no public bool",
                )?;
                let next = self.region(&node.regions[1], args, node.span)?;
                ensure(
                    next == args,
                    "carries values of other types than its operands",
                )?;
            }
            Op::Circuit { circuit, calls } => {
                let expected = |ports: &[Port]| -> Result<Vec<Ty>, Stop> {
                    let mut tys = Vec::with_capacity(ports.len());
                    for port in ports {
                        tys.push(Ty {
                            scalar: port.scalar,
                            lanes: times(port.block, *calls)?,
                            secret: true,
                        });
                    }
                    Ok(tys)
                };
                ensure(
                    args == expected(&circuit.operands)?,
                    "takes operands other than its circuit's",
                )?;
                ensure(
                    results == expected(&circuit.results)?,
                    "gives results other than its circuit's",
                )?;
            }
            Op::If => {
                ensure(args == [CONDITION], "takes one public bool")?;
                for arm in &node.regions {
                    let given = self.region(arm, &[], node.span)?;
                    ensure(given == results, "has an arm with other result types")?;
                }
            }
            // What computes or moves values has one result, whose type follows from its operands.
            op => one(result_ty(op, args)?.ok_or("has no type rule")?)?,
        }
        Ok(())
    }

    fn region_reducer(
        &mut self,
        node: &Node,
        segments: u64,
        args: &[Ty],
        results: &[Ty],
    ) -> Result<(), Stop> {
        let lanes = args.first().ok_or("takes at least one operand")?.lanes;
        ensure(
            args.iter().all(|ty| ty.lanes == lanes),
            "takes operands with equal lanes",
        )?;
        check_segments(lanes, segments)?;
        let scan = matches!(node.op, Op::Scan { .. });
        let of = |ty: &Ty, lanes: u64| Ty { lanes, ..*ty };
        let expected: Vec<Ty> = args
            .iter()
            .map(|ty| of(ty, if scan { lanes } else { segments }))
            .collect();
        ensure(results == expected, "has results of other types")?;
        let one: Vec<Ty> = args.iter().map(|ty| of(ty, 1)).collect();
        let params: Vec<Ty> = one.iter().chain(&one).copied().collect();
        let given = self.region(&node.regions[0], &params, node.span)?;
        ensure(
            given == one,
            "has an operator whose results are not of its operands' types",
        )?;
        Ok(())
    }

    fn define(&mut self, id: ValueId, span: Span) -> Result<(), Violation> {
        self.ty(id, span)?;
        if self.state[id.index()] == State::Undefined {
            self.state[id.index()] = State::Visible;
            Ok(())
        } else {
            Err(Violation {
                message: format!("{id} is defined twice"),
                span,
            })
        }
    }

    fn used(&self, id: ValueId, span: Span) -> Result<Ty, Violation> {
        let ty = self.ty(id, span)?;
        let message = match self.state[id.index()] {
            State::Visible => return Ok(ty),
            State::Undefined => format!("{id} is used before its definition"),
            State::Hidden => format!("{id} is used outside the region that defines it"),
        };
        Err(Violation { message, span })
    }

    fn ty(&self, id: ValueId, span: Span) -> Result<Ty, Violation> {
        self.ir
            .values
            .get(id.index())
            .map(|value| value.ty)
            .ok_or_else(|| Violation {
                message: format!("{id} is not in the value table"),
                span,
            })
    }
}

/// Where a rule failed: at the node itself, or at a node of one of its regions.
enum Stop {
    Here(String),
    Inside(Violation),
}

impl From<String> for Stop {
    fn from(why: String) -> Self {
        Self::Here(why)
    }
}

impl From<&str> for Stop {
    fn from(why: &str) -> Self {
        Self::Here(why.into())
    }
}

impl From<Violation> for Stop {
    fn from(violation: Violation) -> Self {
        Self::Inside(violation)
    }
}

const INDEX: Ty = Ty {
    scalar: Scalar::USIZE,
    lanes: 1,
    secret: false,
};

const CONDITION: Ty = Ty {
    scalar: Scalar::Bool,
    lanes: 1,
    secret: false,
};

fn word_ty(op: WordOp, args: &[Ty], secret: bool) -> Result<Ty, String> {
    let lanes = args[0].lanes;
    ensure(
        args.iter().all(|ty| ty.lanes == lanes),
        "takes operands with equal lanes",
    )?;
    let of = |scalar: Scalar| Ty {
        scalar,
        lanes,
        secret,
    };
    match op.rule() {
        Rule::Integer => {
            let integers = match op.arity() {
                1 => "takes an integer",
                _ => "takes integers",
            };
            one_scalar(args)?;
            ensure(is_int(args[0]), integers)?;
        }
        Rule::Unsigned => ensure(is_unsigned(args[0]), "takes an unsigned integer")?,
        Rule::Bits => one_scalar(args)?,
        Rule::Cast => {}
        Rule::Compare => {
            one_scalar(args)?;
            return Ok(of(Scalar::Bool));
        }
        Rule::Shift => {
            ensure(is_int(args[0]), "shifts an integer")?;
            ensure(is_unsigned(args[1]), "takes an unsigned amount")?;
        }
        Rule::Select => {
            ensure(
                args[0].scalar == Scalar::Bool,
                "takes a bool as its condition",
            )?;
            one_scalar(&args[1..])?;
            return Ok(of(args[1].scalar));
        }
    }
    Ok(of(args[0].scalar))
}

fn check_scalar(scalar: Scalar) -> Result<(), String> {
    match scalar {
        Scalar::Bool => Ok(()),
        Scalar::Int { width, signed } => ensure(
            (1 + u8::from(signed)..=128).contains(&width),
            "has a width that no integer type has",
        ),
    }
}

fn check_index(ty: Ty, secret: bool) -> Result<(), String> {
    ensure(is_unsigned(ty), "takes unsigned indices")?;
    ensure(
        ty.secret == secret,
        if secret {
            "takes secret indices"
        } else {
            "takes public indices"
        },
    )
}

fn check_groups(block: u64, groups: u64, lanes: u64) -> Result<(), String> {
    ensure(block > 0 && groups > 0, "has an empty block or no group")?;
    ensure(
        lanes.is_multiple_of(times(groups, block)?),
        "has an array that does not divide into its groups and blocks",
    )
}

fn check_segments(lanes: u64, segments: u64) -> Result<(), String> {
    ensure(
        segments > 0 && lanes > 0 && lanes.is_multiple_of(segments),
        "has lanes that do not divide into non-empty segments",
    )
}

fn same_scalar(a: Ty, b: Ty) -> Result<(), String> {
    ensure(a.scalar == b.scalar, "takes operands of one scalar type")
}

fn one_scalar(args: &[Ty]) -> Result<(), String> {
    let rest = args.get(1..).unwrap_or(&[]);
    rest.iter().try_for_each(|&ty| same_scalar(args[0], ty))
}

fn is_int(ty: Ty) -> bool {
    matches!(ty.scalar, Scalar::Int { .. })
}

fn is_unsigned(ty: Ty) -> bool {
    matches!(ty.scalar, Scalar::Int { signed: false, .. })
}

fn times(a: u64, b: u64) -> Result<u64, String> {
    a.checked_mul(b)
        .ok_or_else(|| "has more than 2^64 lanes".into())
}

fn ensure(holds: bool, why: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why.into()) }
}

#[cfg(test)]
mod tests;
