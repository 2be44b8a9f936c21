//! What adds up over a program: gates, products and bytes, of operations, sections and lines.

use super::moves::Moves;
use crate::cost::{Correlation, demand, op_cost};
use crate::float::FloatOp;
use crate::gate::WordOp;
use crate::ids::ValueId;
use crate::program::{Domain, Kind, Loc, Node, Op, Program};
use crate::regions::{FEW_LANES, Quiet};
use crate::sorted::SortedMap;
use crate::template::{Gate, Template};

pub(super) fn in_all(sent: &[u64]) -> u64 {
    sent.iter().fold(0, |a, &b| a.saturating_add(b))
}

pub(super) fn plus(a: &[u64], b: &[u64]) -> Vec<u64> {
    a.iter().zip(b).map(|(a, b)| a.saturating_add(*b)).collect()
}

/// What is known of a program before its operations are counted.
pub(super) struct Shape {
    /// By template.
    gates: Vec<Gates>,
    moves: Moves,
    /// By value, whether it is made without anything being scheduled.
    in_order: Vec<bool>,
}

impl Shape {
    pub(super) fn of(program: &Program) -> Self {
        Self {
            gates: program.templates.iter().map(Gates::of).collect(),
            moves: Moves::of(program),
            in_order: in_order(program),
        }
    }
}

fn in_order(program: &Program) -> Vec<bool> {
    let quiet = Quiet::new(program);
    let mut made = vec![false; program.values.len()];
    for (r, region) in program.regions.iter().enumerate() {
        let nodes: Vec<usize> = match quiet.regions[r] {
            true => (0..region.nodes.len()).collect(),
            false => (quiet.at_once(program, r, |_| true).iter())
                .map(|&i| i as usize)
                .collect(),
        };
        for v in nodes.into_iter().flat_map(|i| &region.nodes[i].results) {
            if let Some(made) = made.get_mut(v.index()) {
                *made = true;
            }
        }
    }
    made
}

/// Gates of one template.
pub(super) struct Gates {
    pub and: u64,
    pub xor: u64,
    pub inv: u64,
}

impl Gates {
    pub(super) fn of(t: &Template) -> Self {
        let mut inverted = vec![false; t.n_wires()];
        let mut inv = 0;
        let used = t
            .gates
            .iter()
            .flat_map(|g| {
                let (Gate::Xor(a, b) | Gate::And(a, b)) = *g;
                [a, b]
            })
            .chain(t.outputs.iter().flatten().copied());
        for lit in used.filter(|lit| lit.is_complemented() && lit.wire() != 0) {
            if let Some(seen) = inverted.get_mut(lit.wire() as usize) {
                inv += u64::from(!std::mem::replace(seen, true));
            }
        }
        Self {
            and: t.n_and(),
            xor: t.n_xor(),
            inv,
        }
    }
}

/// Steps that any operation takes, whatever its lanes.
const EACH: u64 = 500;
/// The same in the clear.
const EACH_CLEAR: u64 = 300;
/// The same where nothing is scheduled.
const EACH_IN_ORDER: u64 = 8;
/// The same there of an operation on longer vectors.
const EACH_VECTOR: u64 = 150;

fn lanes(program: &Program, value: Option<&ValueId>) -> u64 {
    let info = value.and_then(|v| program.values.get(v.index()));
    info.map_or(0, |info| info.lanes)
}

/// Steps on words of an operation in the clear, once: those of the longest of its values, or of what it reads or writes of an array,
/// which is handed over and not copied; where a word takes as many steps as it has bits, so many times more.
fn clear_steps(program: &Program, node: &Node) -> u64 {
    let values = node.args.iter().chain(&node.results);
    let infos = values.filter_map(|v| program.values.get(v.index()));
    match node.op {
        Op::Gather { .. } | Op::Read { .. } => return lanes(program, node.results.first()),
        Op::Scatter { .. } | Op::Write { .. } => return lanes(program, node.args.get(2)),
        _ => {}
    }
    let lanes = infos.clone().map(|v| v.lanes).max().unwrap_or(0);
    let width = || infos.map(|v| u64::from(v.scalar.width())).max();
    match (node.op.kind(), &node.op) {
        (Kind::Clear, Op::Word(WordOp::Div | WordOp::Rem | WordOp::Isqrt)) => {
            lanes.saturating_mul(width().unwrap_or(1))
        }
        (Kind::Clear, Op::Word(WordOp::Float(op, _))) => lanes.saturating_mul(float_steps(*op)),
        (Kind::Clear | Kind::Move, _) => lanes,
        (Kind::Linear | Kind::Interactive(_) | Kind::Control, _) => 0,
    }
}

/// Steps on words of an operation on floats.
const fn float_steps(op: FloatOp) -> u64 {
    match op {
        FloatOp::Div | FloatOp::Sqrt => 60,
        FloatOp::Add | FloatOp::Sub | FloatOp::Mul | FloatOp::MulAdd => 8,
        FloatOp::Neg
        | FloatOp::Min
        | FloatOp::Max
        | FloatOp::Eq
        | FloatOp::Lt
        | FloatOp::Le
        | FloatOp::Floor
        | FloatOp::Ceil
        | FloatOp::Round
        | FloatOp::Trunc
        | FloatOp::Convert
        | FloatOp::FromInt
        | FloatOp::ToInt
        | FloatOp::ToNearest => 4,
    }
}

/// What adds up.
#[derive(Clone, Debug)]
pub(super) struct Sums {
    pub and: u64,
    /// Of them, in garbled sections.
    pub garbled: u64,
    pub xor: u64,
    pub inv: u64,
    pub mul: u64,
    /// Of them, those that are added to others before anything else is done to them.
    pub added: u64,
    pub sent: Vec<u64>,
    /// For the correlations that are used up, by party.
    pub prepared: Vec<u64>,
    /// Steps on words that a party takes by itself on what it alone knows, by party.
    pub owned: Vec<u64>,
    /// Steps on words that every party takes: on public ones, on its shares where lanes move or are added up, and with each operation.
    pub steps: u64,
    /// Rows times columns that are shuffled.
    pub shuffled: u64,
    /// Transfers that switches of shuffles take, each way between a pair of parties.
    pub transfers: u64,
    /// Values that are opened, each of which is checked.
    pub openings: u64,
}

impl Sums {
    pub(super) fn new(program: &Program) -> Self {
        Self {
            and: 0,
            garbled: 0,
            xor: 0,
            inv: 0,
            mul: 0,
            added: 0,
            sent: vec![0; program.n_parties as usize],
            prepared: vec![0; program.n_parties as usize],
            owned: vec![0; program.n_parties as usize],
            steps: 0,
            shuffled: 0,
            transfers: 0,
            openings: 0,
        }
    }

    pub(super) fn of(program: &Program, node: &Node, shape: &Shape, times: u64) -> Self {
        let mut sums = Self::new(program);
        let info = |v: Option<&ValueId>| v.and_then(|v| program.values.get(v.index())).copied();
        let result = info(node.results.first());
        let lanes = result.map_or(0, |r| r.lanes);
        if let Op::Call(id) = node.op
            && let Some(g) = shape.gates.get(id.index())
        {
            let n = lanes.saturating_mul(times);
            sums.and = g.and.saturating_mul(n);
            sums.xor = g.xor.saturating_mul(n);
            sums.inv = g.inv.saturating_mul(n);
            if result.is_some_and(|r| r.domain == Domain::Yao) {
                sums.garbled = sums.and;
            }
        }
        if matches!(node.op, Op::Mul | Op::Dot { .. }) {
            let factors = info(node.args.first()).map_or(0, |a| a.lanes);
            sums.mul = factors.saturating_mul(times);
            if program.suite.adds_products(program.threat) {
                sums.added = factors.saturating_sub(lanes).saturating_mul(times);
            }
        }
        match result.map(|r| r.domain) {
            Some(Domain::Local { owner }) => {
                if let Some(steps) = sums.owned.get_mut(owner as usize) {
                    *steps = clear_steps(program, node).saturating_mul(times);
                }
            }
            Some(Domain::Public) => sums.steps = clear_steps(program, node).saturating_mul(times),
            Some(Domain::Arithmetic { .. } | Domain::Boolean | Domain::Yao) => {
                sums.steps = shape.moves.words(program, node).saturating_mul(times);
            }
            None => {}
        }
        let is_in_order = |v: &ValueId| shape.in_order.get(v.index()) == Some(&true);
        let each = match result {
            Some(info) if !info.domain.is_clear() => EACH,
            Some(info) if node.results.iter().all(is_in_order) => {
                // Elements of a longer array are read and replaced as quickly.
                let moved = match node.op {
                    Op::Scatter { .. } | Op::Write { .. } => self::lanes(program, node.args.get(2)),
                    _ => info.lanes,
                };
                if moved <= FEW_LANES {
                    EACH_IN_ORDER
                } else {
                    EACH_VECTOR
                }
            }
            Some(_) => EACH_CLEAR,
            None => EACH,
        };
        sums.steps = sums.steps.saturating_add(each.saturating_mul(times));
        if node.op == Op::Shuffle {
            let moved = lanes.saturating_mul(node.args.len() as u64);
            sums.shuffled = moved.saturating_mul(times);
            let transfers = demand(program, node).count(Correlation::Transfer);
            sums.transfers = transfers.saturating_mul(times);
        }
        if matches!(node.op, Op::Reveal | Op::RevealShuffled | Op::Output(_)) {
            sums.openings = times;
        }
        let cost = op_cost(program, node);
        for (total, sent) in sums.sent.iter_mut().zip(cost.sent) {
            *total = sent.saturating_mul(times);
        }
        for (total, sent) in sums.prepared.iter_mut().zip(cost.prepared) {
            *total = sent.saturating_mul(times);
        }
        sums
    }

    pub(super) fn bytes(&self) -> u64 {
        in_all(&self.sent)
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.and = self.and.saturating_add(other.and);
        self.garbled = self.garbled.saturating_add(other.garbled);
        self.xor = self.xor.saturating_add(other.xor);
        self.inv = self.inv.saturating_add(other.inv);
        self.mul = self.mul.saturating_add(other.mul);
        self.added = self.added.saturating_add(other.added);
        self.sent = plus(&self.sent, &other.sent);
        self.prepared = plus(&self.prepared, &other.prepared);
        self.owned = plus(&self.owned, &other.owned);
        self.steps = self.steps.saturating_add(other.steps);
        self.shuffled = self.shuffled.saturating_add(other.shuffled);
        self.transfers = self.transfers.saturating_add(other.transfers);
        self.openings = self.openings.saturating_add(other.openings);
    }

    /// Adds these sums to the places that they come from, in proportion to their ANDs; what is left goes to `main`.
    pub(super) fn spread(
        &self,
        main: Loc,
        split: &[(Loc, u64)],
        places: &mut SortedMap<Loc, Sums>,
    ) {
        let all: u64 = split.iter().map(|s| s.1).sum();
        let mut rest = self.clone();
        if all > 0 {
            for &(loc, part) in split.iter().filter(|s| s.0 != main) {
                let share = |x: u64| (u128::from(x) * u128::from(part) / u128::from(all)) as u64;
                let take = |rest: &mut u64, whole: u64| {
                    let n = share(whole).min(*rest);
                    *rest -= n;
                    n
                };
                let mut sums = self.clone();
                sums.and = take(&mut rest.and, self.and);
                sums.garbled = take(&mut rest.garbled, self.garbled);
                sums.xor = take(&mut rest.xor, self.xor);
                sums.inv = take(&mut rest.inv, self.inv);
                sums.mul = take(&mut rest.mul, self.mul);
                sums.added = take(&mut rest.added, self.added);
                sums.steps = take(&mut rest.steps, self.steps);
                for (i, s) in sums.sent.iter_mut().enumerate() {
                    *s = take(&mut rest.sent[i], self.sent[i]);
                }
                match places.get_mut(&loc) {
                    Some(known) => known.add(&sums),
                    None => {
                        places.insert(loc, sums);
                    }
                }
            }
        }
        match places.get_mut(&main) {
            Some(known) => known.add(&rest),
            None => {
                places.insert(main, rest);
            }
        }
    }
}
