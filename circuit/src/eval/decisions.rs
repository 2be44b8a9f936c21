//! What decides how often the regions of a program run, where nothing that is opened has a say in it: counters, lengths,
//! arguments. Those decisions are made here without any input, by running only the operations that they follow from.

use super::{Machine, Outcome, Trace, too_large};
use crate::ids::ValueId;
use crate::op::Op;
use crate::program::{Domain, Node, Program};
use crate::splitmix::SplitMix;

/// The decisions of every run of a verified program, if all follow from the program alone and take at most `max_nodes`
/// operations.
pub fn decisions(program: &Program, max_nodes: u64) -> Option<Trace> {
    let mut needed = Needed {
        program,
        values: vec![false; program.values.len()],
        decides: vec![false; program.regions.len()],
        changed: true,
        opened: false,
    };
    needed.mark_deciding(0);
    while std::mem::take(&mut needed.changed) {
        needed.region(0);
    }
    if needed.opened || too_large(program).is_some() {
        return None;
    }
    let mut machine = Machine {
        program,
        inputs: &[],
        values: vec![None; program.values.len()],
        outcome: Outcome::default(),
        random: SplitMix::new(0),
        left: max_nodes,
        only: Some((needed.values, needed.decides)),
    };
    machine.region(0).ok()?;
    Some(machine.outcome.trace)
}

impl Machine<'_> {
    /// Whether the run is limited to other values.
    pub(super) fn leaves_out(&self, value: ValueId) -> bool {
        (self.only.as_ref())
            .is_some_and(|(values, _)| !values.get(value.index()).copied().unwrap_or(true))
    }

    /// Whether the run is limited to what an operation has nothing to do with.
    pub(super) fn skips(&self, node: &Node) -> bool {
        let Some((_, decides)) = &self.only else {
            return false;
        };
        let decided = |region: u32| decides.get(region as usize).copied().unwrap_or(true);
        let steers = matches!(
            node.op,
            Op::If { .. } | Op::While { .. } | Op::Loop { count: None, .. }
        );
        !steers
            && !node.op.regions().any(decided)
            && node.results.iter().all(|&id| self.leaves_out(id))
    }
}

struct Needed<'p> {
    program: &'p Program,
    /// What decisions follow from.
    values: Vec<bool>,
    /// Whether a region holds decisions, at any depth.
    decides: Vec<bool>,
    changed: bool,
    /// Whether something that is opened decides.
    opened: bool,
}

impl Needed<'_> {
    fn mark_deciding(&mut self, region: u32) -> bool {
        let program = self.program;
        let nodes = program
            .regions
            .get(region as usize)
            .map_or(&[][..], |r| &r.nodes);
        let mut decides = false;
        for node in nodes {
            decides |= matches!(
                node.op,
                Op::If { .. } | Op::While { .. } | Op::Loop { count: None, .. }
            );
            for inner in node.op.regions() {
                decides |= self.mark_deciding(inner);
            }
        }
        if let Some(slot) = self.decides.get_mut(region as usize) {
            *slot = decides;
        }
        decides
    }

    fn is_needed(&self, id: ValueId) -> bool {
        self.values.get(id.index()).copied().unwrap_or(false)
    }

    fn need(&mut self, id: ValueId) {
        if let Some(slot) = self.values.get_mut(id.index()) {
            self.changed |= !*slot;
            *slot = true;
        }
    }

    /// Where one of two is needed, the other is.
    fn tie(&mut self, from: &[ValueId], to: &[ValueId]) {
        for (&a, &b) in from.iter().zip(to) {
            if self.is_needed(a) {
                self.need(b);
            }
        }
    }

    fn region(&mut self, index: u32) {
        let program = self.program;
        let Some(region) = program.regions.get(index as usize) else {
            return;
        };
        let params = |of: u32| {
            program
                .regions
                .get(of as usize)
                .map_or(&[][..], |r| &r.params)
        };
        let results = |of: u32| {
            program
                .regions
                .get(of as usize)
                .map_or(&[][..], |r| &r.results)
        };
        for node in region.nodes.iter().rev() {
            match &node.op {
                Op::Loop { count, body } => {
                    let init = &node.args[usize::from(count.is_none()).min(node.args.len())..];
                    if count.is_none()
                        && let Some(&n) = node.args.first()
                    {
                        self.need(n);
                    }
                    let carried = params(*body).get(1..).unwrap_or(&[]);
                    self.tie(&node.results, results(*body));
                    self.tie(&node.results, carried);
                    self.tie(carried, results(*body));
                    self.tie(carried, init);
                }
                Op::While { cond, body } => {
                    results(*cond).iter().for_each(|&id| self.need(id));
                    for of in [*cond, *body] {
                        self.tie(&node.results, params(of));
                        self.tie(params(of), results(*body));
                        self.tie(params(of), &node.args);
                    }
                    let (first, second) = (params(*cond), params(*body));
                    self.tie(first, second);
                    self.tie(second, first);
                }
                Op::If { then, otherwise } => {
                    if let Some(&cond) = node.args.first() {
                        self.need(cond);
                    }
                    self.tie(&node.results, results(*then));
                    self.tie(&node.results, results(*otherwise));
                }
                op => {
                    let wanted = node.results.iter().any(|&id| self.is_needed(id));
                    if wanted {
                        self.opened |= matches!(op, Op::Reveal | Op::Input(_));
                        node.args.iter().for_each(|&id| self.need(id));
                    }
                }
            }
            for inner in node.op.regions() {
                self.region(inner);
            }
        }
        // Only what all know can be computed here.
        let known = |id: &ValueId| {
            let domain = program.values.get(id.index()).map(|v| v.domain);
            domain == Some(Domain::Public)
        };
        let made = region.nodes.iter().flat_map(|node| &node.results);
        let secret = made
            .chain(&region.params)
            .any(|id| self.is_needed(*id) && !known(id));
        self.opened |= secret;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::eval;
    use crate::gate::WordOp;
    use crate::program::Suite;
    use crate::program::builder::Builder;
    use crate::value::{ConstVec, Scalar};

    const U64: Scalar = Scalar::USIZE;

    /// `for i in 0..5 { if i < bound { … } }`, where the bound is opened or not.
    fn program(opened: bool) -> Program {
        let mut b = Builder::new(Suite::Rep3, 3, 1);
        let secret = b.input(0, Domain::Boolean, U64, 1);
        let bound = if opened {
            b.op(Op::Reveal, &[secret], Domain::Public, U64, 1)
        } else {
            b.constant(U64, ConstVec::scalar(2))
        };
        let value = |b: &mut Builder, domain| b.value(domain, U64, 1);
        let counter = value(&mut b, Domain::Public);
        let carried = value(&mut b, Domain::Boolean);
        let body = b.open(&[counter, carried]);
        let holds = b.op(
            Op::Word(WordOp::Lt),
            &[counter, bound],
            Domain::Public,
            Scalar::Bool,
            1,
        );
        let arms = [0, 1].map(|_| {
            let arm = b.open(&[]);
            b.close(&[carried]);
            arm
        });
        let chosen = value(&mut b, Domain::Boolean);
        let [then, otherwise] = arms;
        b.node(Op::If { then, otherwise }, &[holds], &[chosen]);
        b.close(&[chosen]);
        let out = value(&mut b, Domain::Boolean);
        let count = Some(5);
        b.node(Op::Loop { count, body }, &[secret], &[out]);
        b.output(out, &[0]);
        b.program
    }

    #[test]
    fn counters_decide_alone_and_what_is_opened_does_not() {
        let known = program(false);
        let trace = decisions(&known, 1000).expect("nothing is opened");
        assert_eq!(trace.decisions, [1, 1, 0, 0, 0]);
        let inputs: Vec<Vec<u128>> = known.inputs.iter().map(|_| vec![7]).collect();
        assert_eq!(eval(&known, &inputs).unwrap().trace, trace);
        assert_eq!(decisions(&known, 3), None, "too many steps");
        assert_eq!(decisions(&program(true), 1000), None);
    }
}
