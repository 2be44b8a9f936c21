//! What each party computes by itself, on its own inputs and on what is public: a section in L, of which only results are shared.
//!
//! A value is *owned* if one party can compute it alone and so can all that it is made of. Where the others need one, its owner
//! shares it; or they share what it is made of and compute it together, where that is a linear map and nobody minds. Which of the
//! two is a minimum cut: between what is needed and the inputs, through as few shared bits as possible. So a sum of a million
//! numbers is shared, not the numbers; but a number that is copied a million times is shared, not the copies.
//!
//! What a loop carries is owned as a whole or not at all, and each iteration computes its part when its turn comes: nothing moves
//! before a value that steers it was opened.

use super::Kind as Held;
use super::flow::Flow;
use crate::ir::{Ir, Kind, Node, Op, Reducer, Region};
use crate::passes::own::grid::Owner;
use crate::passes::own::owners::owners;
use crate::passes::rewrite::free_uses;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;

/// Iterations that a run-time count stands for.
const UNKNOWN_COUNT: u64 = 8;

/// More bits weigh the same.
const MOST_BITS: u64 = 1 << 48;

/// What owners compute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Local {
    /// For each value, who computes it in the clear, if somebody does.
    pub owner: Vec<Option<u32>>,
    /// Whether the others compute it too, from shares of what it is made of.
    pub also: Vec<bool>,
}

impl Local {
    /// Nobody computes anything alone.
    pub fn none(ir: &Ir) -> Self {
        let n = ir.values.len();
        Self {
            owner: vec![None; n],
            also: vec![false; n],
        }
    }

    /// Who alone holds a value.
    pub fn holder(&self, v: ValueId) -> Option<u32> {
        self.owner[v.index()].filter(|_| !self.also[v.index()])
    }

    /// Whether a node's results are held by one party, so that there is nothing to do for the others.
    pub fn holds(&self, node: &Node) -> bool {
        let mut results = node.results.iter();
        results.len() > 0 && results.all(|&r| self.holder(r).is_some())
    }
}

/// What the cut weighs sums with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sums {
    /// Nothing: they are done in arithmetic shares.
    Free,
    /// As much as sharing their results: they are circuits.
    Circuits,
}

/// What owners compute so that the fewest bits are shared.
pub(super) fn choose(ir: &Ir, sums: Sums) -> Local {
    let owned = owned(ir);
    if owned.iter().all(Option::is_none) {
        return Local::none(ir);
    }
    let mut survey = Survey {
        ir,
        sums,
        owned: &owned,
        needed: vec![false; ir.values.len()],
        told: Vec::new(),
        shared: vec![0; ir.values.len()],
        joint: vec![None; ir.values.len()],
        feeds: vec![Vec::new(); ir.values.len()],
    };
    survey.region(&ir.body, 1);
    let Survey {
        needed,
        told,
        shared,
        joint,
        feeds,
        ..
    } = survey;
    let cut = cut(&owned, &needed, &shared, &joint, &feeds);
    let mut live = Live {
        owned: &owned,
        feeds: &feeds,
        is_live: vec![false; owned.len()],
    };
    let is_input = |v: usize| feeds[v].is_empty();
    for v in told {
        live.mark(v.index());
    }
    for v in (0..owned.len()).filter(|&v| owned[v].is_some()) {
        let Cut { needed, together } = cut[v];
        if (needed && !together && !is_input(v)) || (!needed && is_input(v)) {
            live.mark(v);
        }
    }
    let is_live = live.is_live;
    let of = |v: usize| owned[v].filter(|_| is_live[v]);
    Local {
        owner: (0..owned.len()).map(of).collect(),
        also: (0..owned.len())
            .map(|v| is_live[v] && cut[v].needed && cut[v].together)
            .collect(),
    }
}

/// The groups of values that are one variable, by position: what goes in, and what is carried and comes out.
fn variables(node: &Node) -> Vec<(Vec<ValueId>, Vec<ValueId>)> {
    let column = |lists: &[&[ValueId]], k: usize| -> Vec<ValueId> {
        lists
            .iter()
            .filter_map(|list| list.get(k).copied())
            .collect()
    };
    let columns = |into: &[&[ValueId]], out: &[&[ValueId]]| {
        (0..node.results.len())
            .map(|k| (column(into, k), column(out, k)))
            .collect()
    };
    match &node.op {
        Op::Loop { count } => {
            let init = &node.args[usize::from(count.is_none())..];
            let body = &node.regions[0];
            columns(&[init, &body.results], &[&body.params[1..], &node.results])
        }
        Op::While => {
            let (cond, body) = (&node.regions[0], &node.regions[1]);
            columns(
                &[&node.args, &body.results],
                &[&cond.params, &body.params, &node.results],
            )
        }
        Op::If => columns(
            &[&node.regions[0].results, &node.regions[1].results],
            &[&node.results],
        ),
        Op::Reduce {
            reducer: Reducer::Region,
            ..
        }
        | Op::Scan {
            reducer: Reducer::Region,
            ..
        } => {
            // A tuple is one variable.
            let body = &node.regions[0];
            let all = |lists: [&[ValueId]; 2]| lists.concat();
            vec![(
                all([&node.args, &body.results]),
                all([&body.params, &node.results]),
            )]
        }
        _ => Vec::new(),
    }
}

/// For each value, the party that can compute it from its inputs and public values, and all that it is made of on the way.
pub(super) fn owned(ir: &Ir) -> Vec<Option<u32>> {
    let whole: Vec<Owner> = owners(ir).iter().map(|grid| grid.whole()).collect();
    let mut state = Owned {
        ir,
        owner: (whole.iter().zip(&ir.values))
            .map(|(owner, value)| match owner {
                Owner::Party(party) if value.ty.secret => Some(*party),
                Owner::Party(_) | Owner::Public | Owner::Joint => None,
            })
            .collect(),
        is_known: vec![false; ir.values.len()],
        changed: true,
    };
    state.known(&ir.body);
    state.adopt(&ir.body, &whole);
    while std::mem::take(&mut state.changed) {
        state.region(&ir.body);
    }
    state.owner
}

struct Owned<'a> {
    ir: &'a Ir,
    owner: Vec<Option<u32>>,
    /// Public values in the form of secrets: whoever computes something takes the public one.
    is_known: Vec<bool>,
    changed: bool,
}

impl Owned<'_> {
    fn known(&mut self, region: &Region) {
        for node in &region.nodes {
            if node.op == Op::MakeSecret {
                node.results
                    .iter()
                    .for_each(|r| self.is_known[r.index()] = true);
            }
            node.regions.iter().for_each(|inner| self.known(inner));
        }
    }

    /// Gives what follows from public values in the form of secrets, and is not one itself, to the one party that computes with it
    /// alone: the numbers of rows that it sorts, say. Whoever else needs it is given shares.
    fn adopt(&mut self, region: &Region, whole: &[Owner]) {
        // For each value, the one party among its users, or that there are several.
        let mut users: SortedMap<ValueId, Option<u32>> = SortedMap::new();
        for node in region.nodes.iter().rev() {
            if let (&[result], true) = (&node.results[..], node.regions.is_empty())
                && whole[result.index()] == Owner::Public
                && self.ir.values[result.index()].ty.secret
                && !self.is_known[result.index()]
            {
                self.owner[result.index()] = users.get(&result).copied().flatten();
            }
            let mut owners = node.results.iter().map(|r| self.owner[r.index()]);
            let first = owners.next().flatten();
            let Some(user) =
                first.filter(|_| node.regions.is_empty() && owners.all(|o| o == first))
            else {
                continue;
            };
            for arg in free_uses(node) {
                (users.entry(arg))
                    .and_modify(|one| *one = one.filter(|one| *one == user))
                    .or_insert(Some(user));
            }
        }
        for node in &region.nodes {
            node.regions
                .iter()
                .for_each(|inner| self.adopt(inner, whole));
        }
    }

    /// Whether a value is there for a party that computes alone. Lanes that everybody knows may lie in what another party owns.
    fn is_there(&self, v: ValueId, party: u32) -> bool {
        let i = v.index();
        !self.ir.values[i].ty.secret || self.is_known[i] || self.owner[i] == Some(party)
    }

    /// Whether one party owns all that is made and has all that it is made of.
    fn makes(&self, from: &[ValueId], made: &[ValueId]) -> bool {
        let mut owners = made.iter().map(|v| self.owner[v.index()]);
        let Some(party) = owners.next().flatten() else {
            return false;
        };
        owners.all(|owner| owner == Some(party)) && from.iter().all(|&v| self.is_there(v, party))
    }

    fn disown(&mut self, values: &[ValueId]) {
        for v in values {
            self.changed |= self.owner[v.index()].take().is_some();
        }
    }

    fn region(&mut self, region: &Region) {
        for node in &region.nodes {
            for inner in &node.regions {
                self.region(inner);
            }
            if node.regions.is_empty() {
                if !self.makes(&node.args, &node.results) {
                    self.disown(&node.results);
                }
                continue;
            }
            for (into, out) in variables(node) {
                if !self.makes(&into, &out) {
                    self.disown(&out);
                }
            }
        }
    }
}

struct Survey<'a> {
    ir: &'a Ir,
    sums: Sums,
    owned: &'a [Option<u32>],
    /// Values that several parties compute with.
    needed: Vec<bool>,
    /// Values that their owner opens or hands out.
    told: Vec<ValueId>,
    /// Bits that sharing a value takes.
    shared: Vec<u64>,
    /// What computing it together takes beyond sharing what it is made of, where that comes into question.
    joint: Vec<Option<u64>>,
    /// The owned values that an owned value is made of.
    feeds: Vec<Vec<ValueId>>,
}

impl Survey<'_> {
    fn is_owned(&self, v: &ValueId) -> bool {
        self.owned[v.index()].is_some()
    }

    fn bits(&self, v: ValueId, times: u64) -> u64 {
        let ty = self.ir.values[v.index()].ty;
        let bits = ty.lanes.saturating_mul(u64::from(ty.scalar.width()));
        bits.saturating_mul(times).min(MOST_BITS)
    }

    fn need(&mut self, values: &[ValueId]) {
        for v in values.iter().filter(|v| self.owned[v.index()].is_some()) {
            self.needed[v.index()] = true;
        }
    }

    fn region(&mut self, region: &Region, times: u64) {
        for &v in &region.params {
            self.shared[v.index()] = self.bits(v, times);
        }
        for node in &region.nodes {
            for &v in &node.results {
                self.shared[v.index()] = self.bits(v, times);
            }
            let inner = match node.op {
                Op::Loop { count } => times.saturating_mul(count.unwrap_or(UNKNOWN_COUNT)),
                Op::While => times.saturating_mul(UNKNOWN_COUNT),
                Op::Reduce { .. } | Op::Scan { .. } => {
                    let lanes = node
                        .args
                        .first()
                        .map_or(1, |v| self.ir.values[v.index()].ty.lanes);
                    times.saturating_mul(lanes)
                }
                _ => times,
            };
            for region in &node.regions {
                self.region(region, inner);
            }
            if node.regions.is_empty() {
                self.plain(node, times);
                continue;
            }
            for (into, out) in variables(node) {
                if !out.iter().all(|v| self.is_owned(v)) {
                    self.need(&into);
                    continue;
                }
                // One of them makes all of them: what goes in, and each other.
                for &v in &out {
                    let others = out.iter().filter(|other| **other != v);
                    let owned = into.iter().filter(|v| self.owned[v.index()].is_some());
                    self.feeds[v.index()] = owned.chain(others).copied().collect();
                }
            }
        }
    }

    fn plain(&mut self, node: &Node, times: u64) {
        match node.op {
            Op::Output(id) if self.ir.is_stored(id) => return self.need(&node.args),
            Op::Reveal(_) | Op::Output(_) => {
                let told = node.args.iter().filter(|v| self.owned[v.index()].is_some());
                self.told.extend(told);
                return;
            }
            _ => {}
        }
        let Some(result) = node.results.first().filter(|v| self.is_owned(v)) else {
            return self.need(&node.args);
        };
        let i = result.index();
        self.feeds[i] = node
            .args
            .iter()
            .filter(|v| self.owned[v.index()].is_some())
            .copied()
            .collect();
        self.joint[i] = match self.is_linear(node) {
            Some(true) => Some(match self.sums {
                Sums::Free => 0,
                Sums::Circuits => self.bits(*result, times),
            }),
            Some(false) => Some(0),
            None => None,
        };
    }

    /// Whether shares of the operands become a share of the result without a protocol: with additions, or by moving bits only.
    fn is_linear(&self, node: &Node) -> Option<bool> {
        let secret = |i: usize| {
            let arg = node.args.get(i);
            arg.is_some_and(|v| self.ir.values[v.index()].ty.secret)
        };
        match (&node.op, node.op.kind()) {
            (Op::Input(_), _) => None,
            (_, Kind::Move) => Some(false),
            (Op::Word(op), _) => match op {
                WordOp::Xor | WordOp::Not | WordOp::Cast => Some(false),
                WordOp::Add | WordOp::Sub | WordOp::Neg => Some(true),
                WordOp::Mul if !(secret(0) && secret(1)) => Some(true),
                WordOp::Select if !secret(0) => Some(false),
                WordOp::Shl if !secret(1) => Some(false),
                _ => None,
            },
            (_, Kind::Compute | Kind::Boundary | Kind::Control) => None,
        }
    }
}

/// Of an owned value: whether several parties get shares of it, and whether they compute them from others.
#[derive(Clone, Copy, Debug, Default)]
struct Cut {
    needed: bool,
    together: bool,
}

/// The cheapest way to all that is needed.
fn cut(
    owned: &[Option<u32>],
    needed: &[bool],
    shared: &[u64],
    joint: &[Option<u64>],
    feeds: &[Vec<ValueId>],
) -> Vec<Cut> {
    // Per value two nodes: it is needed; it is computed together.
    let n = owned.len();
    let (source, sink) = (2 * n, 2 * n + 1);
    let mut flow = Flow::new(2 * n + 2);
    for v in (0..n).filter(|&v| owned[v].is_some()) {
        if needed[v] {
            flow.edge(source, 2 * v, u64::MAX);
        }
        match joint[v] {
            None => flow.edge(2 * v, sink, shared[v]),
            Some(cost) => {
                flow.edge(2 * v, 2 * v + 1, shared[v]);
                flow.edge(2 * v + 1, sink, cost);
                for fed in &feeds[v] {
                    flow.edge(2 * v + 1, 2 * fed.index(), u64::MAX);
                }
            }
        }
    }
    let side = flow.cut(source, sink);
    let mut cut = vec![Cut::default(); n];
    let mut todo: Vec<usize> = (0..n).filter(|&v| needed[v]).collect();
    while let Some(v) = todo.pop() {
        if !std::mem::replace(&mut cut[v].needed, true) && joint[v].is_some() && side[2 * v + 1] {
            cut[v].together = true;
            todo.extend(feeds[v].iter().map(|fed| fed.index()));
        }
    }
    cut
}

/// What owners compute for those values that they share or tell.
struct Live<'a> {
    owned: &'a [Option<u32>],
    feeds: &'a [Vec<ValueId>],
    is_live: Vec<bool>,
}

impl Live<'_> {
    fn mark(&mut self, v: usize) {
        let mut todo = vec![v];
        while let Some(v) = todo.pop() {
            if self.owned[v].is_some() && !std::mem::replace(&mut self.is_live[v], true) {
                todo.extend(self.feeds[v].iter().map(|fed| fed.index()));
            }
        }
    }
}

/// The choice of domains with what owners hold in its place.
pub(super) fn held(ir: &Ir, local: &Local, joint: Held) -> Vec<Held> {
    (ir.values.iter().enumerate())
        .map(|(i, value)| match value.ty.secret {
            false => Held::Public,
            true if local.holder(ValueId::new(i)).is_some() => Held::Local,
            true => joint,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::build::Builder;
    use smpcc_circuit::value::{ConstVec, Form, Scalar};

    const NUMBER: Scalar = Scalar::unsigned(32);

    /// The values that are shared by their owner: held by it alone, and used by others.
    fn shared(ir: &Ir, local: &Local) -> Vec<ValueId> {
        let mut found = Vec::new();
        for node in &ir.body.nodes {
            let alone = node
                .results
                .first()
                .is_some_and(|&r| local.owner[r.index()].is_some());
            let also = node.results.first().is_some_and(|&r| local.also[r.index()]);
            let boundary = matches!(node.op, Op::Reveal(_) | Op::Output(_));
            if (!alone || also) && !boundary {
                found.extend(node.args.iter().filter(|&&v| local.holder(v).is_some()));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    #[test]
    fn a_sum_is_shared_and_not_what_it_adds() {
        let mut b = Builder::new(2);
        let (x, y) = (b.input(0, "x", NUMBER, 1000), b.input(1, "y", NUMBER, 1));
        let sum = b.reduce(WordOp::Add, x, 1);
        let product = b.word(WordOp::Mul, &[sum, y]);
        b.output(product, &[0]);
        let ir = b.finish();
        let local = choose(&ir, Sums::Free);
        assert_eq!(shared(&ir, &local), [sum]);
        assert_eq!((local.holder(x), local.holder(y)), (Some(0), None));
    }

    #[test]
    fn a_number_is_shared_and_not_its_copies() {
        let mut b = Builder::new(2);
        let (x, y) = (b.input(0, "x", NUMBER, 2), b.input(1, "y", NUMBER, 1000));
        let square = b.reduce(WordOp::Mul, x, 1);
        let copies = b.constant(
            Scalar::USIZE,
            ConstVec::Splat {
                lanes: 1000,
                word: 0,
            },
        );
        let copies = b.gather(square, copies, 1);
        let less = b.word(WordOp::Lt, &[copies, y]);
        b.output(less, &[0]);
        let ir = b.finish();
        let local = choose(&ir, Sums::Circuits);
        assert_eq!(shared(&ir, &local), [square]);
        assert_eq!(local.holder(copies), None);
    }

    #[test]
    fn sums_of_one_number_are_made_of_its_share_where_they_are_free() {
        let mut b = Builder::new(2);
        let (x, y) = (b.input(0, "x", NUMBER, 2), b.input(1, "y", NUMBER, 1));
        let square = b.reduce(WordOp::Mul, x, 1);
        let mut sums = Vec::new();
        for word in 1..4 {
            let more = b.splat(NUMBER, 1, word);
            let sum = b.word(WordOp::Add, &[square, more]);
            sums.push(sum);
            let product = b.word(WordOp::Mul, &[sum, y]);
            b.output(product, &[0]);
        }
        let ir = b.finish();
        assert_eq!(shared(&ir, &choose(&ir, Sums::Free)), [square]);
        assert_eq!(shared(&ir, &choose(&ir, Sums::Circuits)), sums);
    }

    #[test]
    fn what_is_compared_alone_and_needed_by_all_is_computed_twice() {
        let mut b = Builder::new(2);
        let (x, y) = (b.input(0, "x", NUMBER, 1), b.input(1, "y", NUMBER, 1));
        let one = b.splat(NUMBER, 1, 1);
        let next = b.word(WordOp::Add, &[x, one]);
        let even = b.word(WordOp::Rem, &[next, one]);
        for factor in [x, next, even] {
            let product = b.word(WordOp::Mul, &[factor, y]);
            b.output(product, &[0]);
        }
        let ir = b.finish();
        let local = choose(&ir, Sums::Free);
        assert_eq!(shared(&ir, &local), [x, even]);
        assert!(local.also[next.index()] && local.owner[next.index()] == Some(0));
    }

    #[test]
    fn public_lanes_among_anothers_do_not_go_to_the_party_that_computes_with_them() {
        let mut b = Builder::new(2);
        let (x, y) = (b.input(0, "x", NUMBER, 1), b.input(1, "y", NUMBER, 1));
        let seven = b.splat(NUMBER, 1, 7);
        let seven = b.inferred(Op::MakeSecret, &[seven]);
        let both = b.inferred(Op::Concat, &[x, seven]);
        let second = b.splat(Scalar::USIZE, 1, 1);
        let lane = b.gather(both, second, 1);
        let product = b.word(WordOp::Mul, &[lane, y]);
        b.output(product, &[0]);
        let local = choose(&b.finish(), Sums::Circuits);
        assert_ne!(local.owner[lane.index()], Some(1));
        assert_eq!(local.owner[product.index()], None);
    }

    #[test]
    fn what_is_handed_out_stays_with_its_owner() {
        let mut b = Builder::new(3);
        let x = b.input(1, "x", NUMBER, 9);
        let unused = b.input(2, "z", NUMBER, 9);
        let most = b.reduce(WordOp::Max, x, 1);
        let opened = b.inferred(Op::Reveal(Form::Plain), &[most]);
        b.output(most, &[0]);
        b.output(opened, &[2]);
        let ir = b.finish();
        let local = choose(&ir, Sums::Circuits);
        assert_eq!(
            [x, most, unused].map(|v| local.holder(v)),
            [Some(1), Some(1), Some(2)]
        );
    }

    #[test]
    fn a_loop_that_meets_two_owners_is_nobodys_and_one_that_meets_one_is_its_own() {
        let program = |second: u32| {
            let mut b = Builder::new(2);
            let (x, y) = (b.input(0, "x", NUMBER, 8), b.input(second, "y", NUMBER, 8));
            let zero = b.splat(NUMBER, 1, 0);
            let zero = b.inferred(Op::MakeSecret, &[zero]);
            let last = b.counted(8, &[zero], |b, i, carried| {
                let (x, y) = (b.gather(x, i, 1), b.gather(y, i, 1));
                let square = b.word(WordOp::Mul, &[x, x]);
                let sum = b.word(WordOp::Add, &[carried[0], square]);
                vec![b.word(WordOp::Div, &[sum, y])]
            });
            b.output(last[0], &[0, 1]);
            let ir = b.finish();
            let local = choose(&ir, Sums::Circuits);
            let Op::Loop { .. } = ir.body.nodes[4].op else {
                panic!("{ir}");
            };
            let square = ir.body.nodes[4].regions[0].nodes[2].results[0];
            (local.holder(last[0]), local.holder(square))
        };
        assert_eq!(program(0), (Some(0), Some(0)));
        // Each iteration's square is still its owner's.
        assert_eq!(program(1), (None, Some(0)));
    }
}
