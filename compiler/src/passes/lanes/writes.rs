//! What a loop does to the arrays that it carries: elements replaced at public indices, or folded into at a secret one.

use super::carried::{Body, Chain, Class, Put, Tally};
use crate::ir::{Node, Op};
use crate::passes::algebra::holds_all;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedSet;
use smpcc_circuit::value::Word;

impl Body<'_> {
    pub(super) fn write(
        &self,
        k: usize,
        param: ValueId,
        result: ValueId,
        dependent: &SortedSet<ValueId>,
    ) -> Option<Class> {
        let mut links = SortedSet::new();
        let mut puts = Vec::new();
        self.chain(result, param, &mut vec![], &mut puts, &mut links)?;
        puts.reverse();
        let outside = |id: &ValueId| !dependent.contains(id);
        if !(puts.iter().flat_map(|put| &put.when)).all(|(id, _)| outside(id)) {
            return None;
        }
        let states: SortedSet<ValueId> = (links.iter())
            .flat_map(|&at: &usize| &self.region.nodes[at].results)
            .copied()
            .collect();
        let mut gathers = Vec::new();
        for (index, node) in self.region.nodes.iter().enumerate() {
            if !self.live[index] {
                continue;
            }
            if links.contains(&index) {
                // The array comes in where arrays do, and is neither an index nor what is written.
                let aside = match node.op {
                    Op::Scatter { .. } => &node.args[1..],
                    _ => &node.args[..1],
                };
                if aside.iter().any(|id| states.contains(id) || *id == param) || !outside(&aside[0])
                {
                    return None;
                }
                continue;
            }
            if self.uses[index].iter().any(|id| states.contains(id)) {
                return None;
            }
            if self.uses[index].contains(&param) {
                let is_gather = matches!(node.op, Op::Gather { .. })
                    && node.args[0] == param
                    && outside(&node.args[1]);
                if !is_gather {
                    return None;
                }
                gathers.push(index);
            }
        }
        let elsewhere = (self.region.results.iter().enumerate())
            .any(|(j, id)| j != k && (*id == param || states.contains(id)));
        (!elsewhere).then_some(Class::Write {
            puts,
            gathers,
            links,
        })
    }

    /// The scatters that lead from `base` to `value`, last to first, each under the conditions of the choices behind it.
    fn chain(
        &self,
        value: ValueId,
        base: ValueId,
        when: &mut Vec<(ValueId, bool)>,
        puts: &mut Vec<Put>,
        links: &mut SortedSet<usize>,
    ) -> Option<()> {
        let mut at = value;
        while at != base {
            let index = *self.def.get(&at)?;
            let node = &self.region.nodes[index];
            links.insert(index);
            match (&node.op, &node.args[..]) {
                (Op::Scatter { .. }, &[from, ..]) => {
                    puts.push(Put {
                        at: index,
                        when: when.clone(),
                    });
                    at = from;
                }
                (Op::Word(WordOp::Select), &[cond, then, otherwise]) => {
                    let cond = self.one_lane(cond)?;
                    let (changed, same, holds) = if self.leads(then, otherwise) {
                        (then, otherwise, true)
                    } else {
                        (otherwise, then, false)
                    };
                    when.push((cond, holds));
                    let found = self.chain(changed, same, when, puts, links);
                    when.pop();
                    found?;
                    at = same;
                }
                _ => return None,
            }
        }
        Some(())
    }

    /// Whether an array is another with elements replaced.
    fn leads(&self, from: ValueId, to: ValueId) -> bool {
        let mut at = from;
        while at != to {
            match self.node(at).map(|node| (&node.op, &node.args[..])) {
                Some((Op::Scatter { .. }, args)) => at = args[0],
                Some((Op::Word(WordOp::Select), &[_, then, otherwise])) => {
                    at = if self.leads(then, otherwise) {
                        otherwise
                    } else {
                        then
                    };
                }
                _ => return false,
            }
        }
        true
    }

    /// The public lane of which a condition has copies only.
    fn one_lane(&self, cond: ValueId) -> Option<ValueId> {
        let source = match self.node(cond).map(|node| (&node.op, &node.args[..])) {
            Some((Op::Gather { block: 1 }, &[src, idx])) => {
                (self.splats.get(&idx) == Some(&0)).then_some(src)?
            }
            _ => cond,
        };
        self.types
            .get(&source)
            .filter(|ty| ty.lanes == 1 && !ty.secret)?;
        Some(source)
    }

    pub(super) fn tally(
        &self,
        k: usize,
        param: ValueId,
        result: ValueId,
        dependent: &SortedSet<ValueId>,
    ) -> Option<Class> {
        // Choices between the new array and the old one say when it is done.
        let (mut at, mut when, mut choices) = (result, Vec::new(), SortedSet::new());
        let write = loop {
            let index = *self.def.get(&at)?;
            match (
                &self.region.nodes[index].op,
                &self.region.nodes[index].args[..],
            ) {
                (Op::Word(WordOp::Select), &[cond, then, otherwise]) => {
                    let holds = otherwise == param;
                    if !holds && then != param {
                        return None;
                    }
                    when.push((self.one_lane(cond)?, holds));
                    choices.insert(index);
                    at = if holds { then } else { otherwise };
                }
                _ => break index,
            }
        };
        let users: Vec<usize> = (0..self.region.nodes.len())
            .filter(|&at| self.live[at] && self.uses[at].contains(&param))
            .filter(|at| !choices.contains(at))
            .collect();
        let (Op::WriteSecret { block, groups: 1 }, &[array, place, value]) = (
            &self.region.nodes[write].op,
            &self.region.nodes[write].args[..],
        ) else {
            return None;
        };
        let read = users.iter().copied().find(|&at| at != write)?;
        let (
            Op::ReadSecret {
                block: other,
                groups: 1,
            },
            &[source, index],
        ) = (
            &self.region.nodes[read].op,
            &self.region.nodes[read].args[..],
        )
        else {
            return None;
        };
        let element = self.region.nodes[read].results[0];
        let outside = |id: &ValueId| !dependent.contains(id);
        let fits = users.len() == 2
            && array == param
            && source == param
            && block == other
            && self.types.get(&place)?.lanes == 1
            && outside(&index);
        if !fits {
            return None;
        }
        let len = self.types.get(&param)?.lanes / block;
        let (place, on_the_way) = self.same_place(index, place, len)?;
        let mut chain = Chain {
            body: self,
            dependent,
            consumed: choices,
        };
        chain.consumed.extend([read, write]);
        let (op, steps) = match place {
            // What is there is replaced if it compares with something.
            Some(compares) if !outside(&compares) => {
                chain.consumed.extend(on_the_way);
                let (carried, op, step) = chain.extreme(compares, value, element)?;
                (carried == element).then_some((op, vec![step]))?
            }
            _ => {
                when.extend(place.map(|cond| (cond, true)));
                chain.fold(element, value)?
            }
        };
        // Nothing else looks at the array or at what was read.
        let alone = (0..self.region.nodes.len()).all(|at| {
            !self.live[at] || chain.consumed.contains(&at) || self.uses[at].iter().all(outside)
        });
        let elsewhere =
            (self.region.results.iter().enumerate()).any(|(j, id)| j != k && !outside(id));
        if !alone || elsewhere {
            return None;
        }
        if !when.iter().all(|(id, _)| outside(id)) {
            return None;
        }
        Some(Class::Tally(Tally {
            op,
            index,
            block: *block,
            steps,
            when,
        }))
    }

    /// Where what was read is written back: the same index, or under a condition one outside of an array of `len` elements,
    /// at which nothing is written. The condition if there is one, and the nodes that make a place of the index.
    fn same_place(
        &self,
        index: ValueId,
        place: ValueId,
        len: u64,
    ) -> Option<(Option<ValueId>, Vec<usize>)> {
        let mut on_the_way = Vec::new();
        let mut bare = |mut id: ValueId| {
            while let Some(node) = self.node(id)
                && node.op == Op::Word(WordOp::Cast)
                && self.widens(node)
            {
                on_the_way.extend(self.def.get(&id));
                id = node.args[0];
            }
            id
        };
        let (index, place) = (bare(index), bare(place));
        if index == place {
            return Some((None, Vec::new()));
        }
        let (Op::Word(WordOp::Select), &[cond, then, otherwise]) =
            self.node(place).map(|node| (&node.op, &node.args[..]))?
        else {
            return None;
        };
        let source = match self.node(otherwise).map(|node| (&node.op, &node.args[..])) {
            Some((Op::MakeSecret, &[public])) => public,
            _ => otherwise,
        };
        let outside = (self.splats.get(&source)).is_some_and(|&word| word >= Word::from(len));
        let is_same = bare(then) == index;
        on_the_way.extend(self.def.get(&place));
        (outside && is_same).then_some((Some(cond), on_the_way))
    }

    /// Whether a conversion keeps every integer.
    fn widens(&self, cast: &Node) -> bool {
        match (
            self.types.get(&cast.args[0]),
            self.types.get(&cast.results[0]),
        ) {
            (Some(from), Some(into)) => holds_all(into.scalar, from.scalar),
            _ => false,
        }
    }
}
