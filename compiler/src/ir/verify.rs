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

mod types;

use super::{Ir, Node, Op, Reducer, Region, Ty};
use crate::imported::Port;
use crate::span::Span;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::Scalar;
use std::fmt;
pub use types::result_ty;
use types::{check_scalar, check_segments, ensure, times};

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
            Op::Word(word) if word.names_its_type() => {
                let ty = result_ty(&node.op, args)?.ok_or("has no type rule")?;
                ensure(
                    matches!(results, [r] if r.lanes == ty.lanes && r.secret == ty.secret),
                    "has one result with its operand's lanes and secrecy",
                )?;
                types::gives(*word, results[0])?;
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
            Op::Sort {
                keys,
                segments,
                drawn,
            } => {
                ensure(
                    results == args,
                    "has results of other types than its operands",
                )?;
                ensure(
                    (u64::from(!drawn)..=args.len() as u64).contains(keys),
                    "compares columns that it does not have",
                )?;
                for column in args {
                    ensure(column.secret, "sorts what is public")?;
                    ensure(
                        column.lanes == args[0].lanes,
                        "takes operands with equal lanes",
                    )?;
                }
                check_segments(args[0].lanes, *segments)?;
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

#[cfg(test)]
mod tests;
