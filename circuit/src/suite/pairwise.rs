//! Additive and XOR shares with pairwise oblivious transfer: suites `two-party`, which garbles too, and `gmw`.
//!
//! Inputs, the parts of a number and random parts come from keys that pairs share and cost nothing. A product opens two masked
//! operands to all; its triple is made ahead. Messages are those of the runtime's `protocols/pairwise`.

use super::size::{
    GARBLED_AND_LEN, LABEL_LEN, and_depth, info, labels_len, open_len, packed_len, rows_len,
    share_len,
};
use super::switches::{n_switches, strings_per_switch};
use super::{Correlation, Demand, Model, Setup, Work};
use crate::program::{
    Domain, Interactive, Kind, MAX_PARTIES, Node, Op, Program, Threat, ValueInfo,
};
use crate::stamp::Delay;
use crate::template::Template;
use std::ops::RangeInclusive;

/// Bytes of a base oblivious transfer from its receiver, and of all of a batch from their sender: a point each.
const BASE_OT_LEN: (u64, u64) = (32, 32);
/// Base transfers of one extension. With fewer transfers than these in a direction over a whole program, they are base transfers
/// themselves.
pub(super) const N_BASE: u64 = 128;
/// Depth of the trees of an extension: their leaves stand for this many bits of the sender's secret.
pub(super) const TREE_DEPTH: u64 = 4;

/// One of the two suites.
pub(super) struct Pairwise {
    /// More parties than two, and no garbling.
    many: bool,
    /// Measured with two parties.
    pub(super) work: Work,
}

const SHARED: Work = Work {
    and_ps: 25_000,
    product_ps: 2_000_000,
    garbled_and_ps: 0,
    label_ps: 0,
    step_ps: 45_000_000,
    setup_ps: 9_000_000_000,
};

pub(super) const TWO_PARTY: Pairwise = Pairwise {
    many: false,
    work: Work {
        garbled_and_ps: 23_000,
        label_ps: 45_000,
        ..SHARED
    },
};

pub(super) const GMW: Pairwise = Pairwise {
    many: true,
    work: SHARED,
};

impl Model for Pairwise {
    fn parties(&self) -> RangeInclusive<u32> {
        2..=if self.many { MAX_PARTIES } else { 2 }
    }

    fn thresholds(&self, n_parties: u32) -> RangeInclusive<u32> {
        let all_but_one = if self.many {
            n_parties.saturating_sub(1)
        } else {
            1
        };
        all_but_one..=all_but_one
    }

    fn offers(&self, threat: Threat, domain: Domain) -> bool {
        match (threat, domain) {
            (
                Threat::SemiHonest,
                Domain::Public | Domain::Arithmetic { .. } | Domain::Boolean | Domain::Local { .. },
            ) => true,
            (Threat::SemiHonest, Domain::Yao) => !self.many,
            (Threat::Malicious, _) => false,
        }
    }

    fn parts(&self, n_parties: u32, _threshold: u32, _domain: Domain) -> usize {
        if self.many { n_parties as usize } else { 2 }
    }

    fn held(&self, _n_parties: u32) -> u64 {
        1
    }

    fn folds_products(&self) -> bool {
        false
    }

    fn shuffles(&self, _n_parties: u32, _threshold: u32) -> bool {
        true
    }

    fn measured(&self) -> (u32, u32) {
        (2, 1)
    }

    /// Every pair makes correlations of its own.
    fn among(&self, measured: Work, n_parties: u32, _threshold: u32) -> Work {
        if self.many {
            measured.scaled(u64::from(n_parties.saturating_sub(1)), 1)
        } else {
            measured
        }
    }

    fn sent(&self, program: &Program, node: &Node, step: Interactive) -> Vec<u64> {
        sent(program, node, step)
    }

    fn delay(&self, program: &Program, node: &Node, step: Interactive) -> Delay {
        match step {
            Interactive::Call(id) => match info(program, &node.results, 0).domain {
                Domain::Yao => Delay::ToEvaluator,
                Domain::Boolean
                | Domain::Public
                | Domain::Arithmetic { .. }
                | Domain::Local { .. } => Delay::Rounds(and_depth(program, id)),
            },
            Interactive::Decompose | Interactive::BooleanToYao => Delay::BothWays,
            // Choices, and then each party's network in turn.
            Interactive::Shuffle => Delay::Rounds(1 + program.n_parties),
            Interactive::Input(_)
            | Interactive::Share
            | Interactive::Mul
            | Interactive::Dot
            | Interactive::RandomParts
            | Interactive::Compose
            | Interactive::InjectBit
            | Interactive::YaoToBoolean
            | Interactive::Reveal
            | Interactive::Output(_) => Delay::Rounds(1),
        }
    }

    fn demand(&self, program: &Program, node: &Node, step: Interactive) -> Demand {
        demand(program, node, step)
    }

    fn prepared(&self, program: &Program, demand: &Demand) -> Vec<u64> {
        prepared(program, demand)
    }

    fn preparation_rounds(&self, program: &Program, demand: &Demand) -> u32 {
        preparation_rounds(program, demand)
    }

    fn setup(&self, program: &Program) -> Setup {
        setup(program, !self.many)
    }
}

/// Bytes of every party.
fn sent(program: &Program, node: &Node, step: Interactive) -> Vec<u64> {
    let n = program.n_parties as usize;
    let others = (n as u64).saturating_sub(1);
    let arg = |i| info(program, &node.args, i);
    let result = |i| info(program, &node.results, i);
    let all = |bytes: u64| vec![bytes.saturating_mul(others); n];
    let choices = |v: &ValueInfo| packed_len(u64::from(v.scalar.width()), v.lanes);
    // From garbler and evaluator.
    let garbled = |garbler: u64, evaluator: u64| {
        let mut sent = vec![0u64; n];
        for (party, bytes) in sent.iter_mut().zip([garbler, evaluator]) {
            *party = bytes;
        }
        sent
    };
    match step {
        Interactive::Input(_) | Interactive::Share => vec![0; n],
        Interactive::Mul | Interactive::Dot => all(share_len(&arg(0)).saturating_mul(2)),
        Interactive::Call(id) => {
            let Some(template) = program.templates.get(id.index()) else {
                return vec![0; n];
            };
            let value = result(0);
            if value.domain == Domain::Yao {
                let ands = n_ands(template).saturating_mul(value.lanes);
                return garbled(GARBLED_AND_LEN.saturating_mul(ands), 0);
            }
            let layers = template.and_levels();
            all(layers.iter().fold(0, |sum: u64, &ands| {
                sum.saturating_add(packed_len(2 * ands, value.lanes))
            }))
        }
        Interactive::Decompose => match result(0).domain {
            Domain::Yao => garbled(labels_len(&result(0)), choices(&result(1))),
            Domain::Public | Domain::Arithmetic { .. } | Domain::Boolean | Domain::Local { .. } => {
                vec![0; n]
            }
        },
        Interactive::BooleanToYao => garbled(labels_len(&result(0)), choices(&result(0))),
        Interactive::RandomParts | Interactive::YaoToBoolean => vec![0; n],
        // To each of the others its own choices, and corrections for theirs.
        Interactive::Shuffle => {
            let choices =
                n_switches(arg(0).lanes).saturating_mul(strings_per_switch(program, node));
            all(packed_len(1, choices).saturating_add(rows_len(program, node, n_switches)))
        }
        Interactive::Compose => {
            let mut sent = vec![0u64; n];
            for bytes in sent.iter_mut().skip(1) {
                *bytes = packed_len(u64::from(arg(0).scalar.width()), arg(0).lanes);
            }
            sent
        }
        Interactive::InjectBit => all(packed_len(1, arg(0).lanes)),
        Interactive::Reveal => all(open_len(&arg(0))),
        Interactive::Output(id) => {
            let mut sent = vec![0u64; n];
            for &receiver in program
                .outputs
                .get(id.index())
                .map_or(&[][..], |leaf| &leaf.receivers)
            {
                for (party, bytes) in sent.iter_mut().enumerate() {
                    if party != receiver as usize {
                        *bytes = bytes.saturating_add(open_len(&arg(0)));
                    }
                }
            }
            sent
        }
    }
}

fn n_ands(template: &Template) -> u64 {
    template.and_levels().iter().sum()
}

/// The correlations of a step.
fn demand(program: &Program, node: &Node, step: Interactive) -> Demand {
    let arg = |i| info(program, &node.args, i);
    let result = |i| info(program, &node.results, i);
    match step {
        Interactive::Mul | Interactive::Dot => match arg(0).domain {
            Domain::Arithmetic { ring } => {
                let count = whole_triples(ring, arg(0).lanes);
                Demand::of(Correlation::Triple { ring }, count)
            }
            Domain::Public | Domain::Boolean | Domain::Yao | Domain::Local { .. } => {
                Demand::default()
            }
        },
        Interactive::Call(id) => match (program.templates.get(id.index()), result(0).domain) {
            (Some(template), Domain::Boolean) => {
                let ands = n_ands(template).saturating_mul(result(0).lanes);
                Demand::of(Correlation::BitTriple, Demand::bits(ands))
            }
            (None, _)
            | (
                Some(_),
                Domain::Public | Domain::Arithmetic { .. } | Domain::Yao | Domain::Local { .. },
            ) => Demand::default(),
        },
        Interactive::InjectBit => match result(0).domain {
            Domain::Arithmetic { ring } => {
                Demand::of(Correlation::DaBit { ring }, Demand::bits(result(0).lanes))
            }
            Domain::Public | Domain::Boolean | Domain::Yao | Domain::Local { .. } => {
                Demand::default()
            }
        },
        Interactive::Decompose => match result(0).domain {
            Domain::Yao => labels(&result(1)),
            Domain::Public | Domain::Arithmetic { .. } | Domain::Boolean | Domain::Local { .. } => {
                Demand::default()
            }
        },
        Interactive::BooleanToYao => labels(&result(0)),
        Interactive::Shuffle => {
            let count = n_switches(arg(0).lanes).saturating_mul(strings_per_switch(program, node));
            Demand::of(Correlation::Transfer, Demand::bits(count))
        }
        Interactive::Input(_)
        | Interactive::Share
        | Interactive::RandomParts
        | Interactive::Compose
        | Interactive::YaoToBoolean
        | Interactive::Reveal
        | Interactive::Output(_) => Demand::default(),
    }
}

fn labels(value: &ValueInfo) -> Demand {
    let bits = u64::from(value.scalar.width()).saturating_mul(value.lanes);
    Demand::of(Correlation::Label, Demand::bits(bits))
}

/// Triples of [`Correlation::Triple`] that a product over so many lanes uses up: rounded up so that both the transfers and the corrections of as many are whole bytes.
pub fn whole_triples(ring: u8, lanes: u64) -> u64 {
    let (transfers, correction) = (u64::from(ring), triple_correction(ring));
    let whole = |n: u64| (transfers * n).is_multiple_of(8) && (correction * n).is_multiple_of(8);
    let unit = [1, 2, 4].into_iter().find(|&n| whole(n)).unwrap_or(8);
    lanes.div_ceil(unit).saturating_mul(unit)
}

/// Bits that the sender of a product sends: one correction of ring − t bits for each bit t of the receiver's factor.
fn triple_correction(ring: u8) -> u64 {
    u64::from(ring) * (u64::from(ring) + 1) / 2
}

/// Random transfers of one instance that a correlation takes. Bits and products take them in both directions of each pair,
/// [`Correlation::DaBit`] from the lower party of each pair to the higher, labels from garbler to evaluator.
fn transfers(kind: Correlation) -> u64 {
    match kind {
        Correlation::BitTriple | Correlation::Label | Correlation::Transfer => 1,
        Correlation::Triple { ring } => u64::from(ring),
        // In the ring of two elements a share is its bit.
        Correlation::DaBit { ring: 1 }
        | Correlation::DoubleSharing { .. }
        | Correlation::AuthBit
        | Correlation::AuthTriple => 0,
        Correlation::DaBit { .. } => 1,
    }
}

/// How a program comes by the oblivious transfers of one direction of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// It needs none.
    None,
    /// So many, all made at its start as base transfers.
    Base(u64),
    /// As many as wanted, from the extension of 128 base transfers.
    Extension,
}

impl Route {
    const fn of(transfers: u64) -> Self {
        match transfers {
            0 => Self::None,
            1..N_BASE => Self::Base(transfers),
            N_BASE.. => Self::Extension,
        }
    }
}

/// The routes of a program, the same for every pair of its parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routes {
    /// Hashed transfers from a lower party to a higher.
    pub up: Route,
    /// Hashed transfers from a higher party to a lower.
    pub down: Route,
    /// Label transfers, from garbler to evaluator.
    pub labels: Route,
}

/// Which transfers a whole program may use: each branch once, whatever is repeated as often as it is known to be; without
/// bound where only the run tells.
#[derive(Clone, Copy, Default)]
struct Counts {
    both: u64,
    up: u64,
    labels: u64,
}

impl Counts {
    /// Walks the program until `enough`.
    fn of(program: &Program, enough: impl Fn(&Self) -> bool) -> Self {
        let mut counts = Self::default();
        let mut open = vec![(0u32, 1u64)];
        let mut left = program.regions.len();
        while let Some((region, times)) = open.pop() {
            // Regions nest, each is used once; a program that was not verified still ends.
            let (Some(region), Some(rest)) =
                (program.regions.get(region as usize), left.checked_sub(1))
            else {
                break;
            };
            left = rest;
            for node in &region.nodes {
                let most = if let Op::Loop { count, .. } = node.op {
                    times.saturating_mul(count.unwrap_or(u64::MAX))
                } else if matches!(node.op, Op::While { .. }) {
                    u64::MAX
                } else {
                    times
                };
                open.extend(node.op.regions().map(|r| (r, most)));
                let Kind::Interactive(step) = node.op.kind() else {
                    continue;
                };
                for (kind, count) in demand(program, node, step).iter() {
                    let n = transfers(kind).saturating_mul(count).saturating_mul(times);
                    let sum = match kind {
                        Correlation::Label => &mut counts.labels,
                        Correlation::DaBit { .. } => &mut counts.up,
                        Correlation::BitTriple
                        | Correlation::Triple { .. }
                        | Correlation::Transfer
                        | Correlation::AuthBit
                        | Correlation::AuthTriple
                        | Correlation::DoubleSharing { .. } => &mut counts.both,
                    };
                    *sum = sum.saturating_add(n);
                }
            }
            if enough(&counts) {
                break;
            }
        }
        counts
    }
}

/// The routes of a program.
pub fn routes(program: &Program) -> Routes {
    let counts = Counts::of(program, |c| c.both >= N_BASE && c.labels >= N_BASE);
    Routes {
        up: Route::of(counts.both.saturating_add(counts.up)),
        down: Route::of(counts.both),
        labels: Route::of(counts.labels),
    }
}

/// The routes as far as a demand asks for them.
fn routes_for(program: &Program, demand: &Demand) -> Routes {
    let labels = demand.count(Correlation::Label) > 0;
    let hashed = demand.iter().any(|(kind, _)| kind != Correlation::Label);
    let counts = Counts::of(program, |c| {
        (!labels || c.labels >= N_BASE) && (!hashed || c.both >= N_BASE)
    });
    Routes {
        up: Route::of(counts.both.saturating_add(counts.up)),
        down: Route::of(counts.both),
        labels: Route::of(counts.labels),
    }
}

/// Whether receivers of products choose. With two parties their choices are random; with more they are the same towards all
/// senders.
const fn chosen(program: &Program) -> bool {
    program.n_parties > 2
}

/// Bytes that a receiver of hashed transfers sends for so many: columns of an extension. Where choices are random the first column is
/// free and base transfers have theirs; else it is one column more.
fn asked(route: Route, transfers: u64, chosen: bool) -> u64 {
    let fixed = u64::from(chosen);
    let columns = match route {
        Route::None => 0,
        Route::Base(_) => fixed,
        Route::Extension => N_BASE / TREE_DEPTH - 1 + fixed,
    };
    columns.saturating_mul(transfers.div_ceil(8))
}

/// Bytes of every party that make a demand.
fn prepared(program: &Program, demand: &Demand) -> Vec<u64> {
    let n = program.n_parties as usize;
    let mut sent = vec![0u64; n];
    if demand.is_empty() {
        return sent;
    }
    let routes = routes_for(program, demand);
    for (kind, count) in demand.iter() {
        let transfers = transfers(kind).saturating_mul(count);
        let chosen = chosen(program) && kind != Correlation::Transfer;
        let up = asked(routes.up, transfers, chosen);
        let down = asked(routes.down, transfers, chosen);
        for (party, bytes) in sent.iter_mut().enumerate() {
            let (lower, higher) = (party as u64, (n - 1 - party) as u64);
            let receives_both = up
                .saturating_mul(lower)
                .saturating_add(down.saturating_mul(higher));
            let more = match kind {
                Correlation::BitTriple => {
                    // With the first of the others a sender's bits are what they are.
                    let corrected = (n as u64 - 2).saturating_mul(packed_len(1, count));
                    receives_both.saturating_add(corrected)
                }
                Correlation::Triple { ring } => {
                    let correction = packed_len(triple_correction(ring), count);
                    receives_both.saturating_add(correction.saturating_mul(n as u64 - 1))
                }
                Correlation::DaBit { ring } => {
                    let correction = packed_len(u64::from(ring) - 1, count);
                    let received = up.saturating_mul(lower);
                    received.saturating_add(correction.saturating_mul(higher))
                }
                Correlation::Label => match (routes.labels, party) {
                    (Route::Base(_), 0) => LABEL_LEN.saturating_mul(count),
                    (route @ Route::Extension, 1) => asked(route, count, chosen),
                    (Route::None | Route::Base(_) | Route::Extension, _) => 0,
                },
                Correlation::Transfer => receives_both,
                Correlation::DoubleSharing { .. }
                | Correlation::AuthBit
                | Correlation::AuthTriple => 0,
            };
            *bytes = bytes.saturating_add(more);
        }
    }
    sent
}

/// Rounds of making a demand: the extensions' columns, then corrections.
fn preparation_rounds(program: &Program, demand: &Demand) -> u32 {
    if demand.is_empty() {
        return 0;
    }
    let routes = routes_for(program, demand);
    let extends = |route: Route| u32::from(route == Route::Extension);
    let asked =
        |route: Route| extends(route).max(u32::from(route != Route::None && chosen(program)));
    let both = asked(routes.up).max(asked(routes.down));
    demand
        .iter()
        .map(|(kind, _)| match kind {
            Correlation::BitTriple => both + u32::from(program.n_parties > 2),
            Correlation::Triple { .. } => both + 1,
            Correlation::DaBit { ring: 1 }
            | Correlation::DoubleSharing { .. }
            | Correlation::AuthBit
            | Correlation::AuthTriple => 0,
            // The parties' bits are folded in one after the other.
            Correlation::DaBit { .. } => asked(routes.up) + program.n_parties - 1,
            Correlation::Label => 1,
            Correlation::Transfer => extends(routes.up).max(extends(routes.down)),
        })
        .max()
        .unwrap_or(0)
}

/// The base transfers of a program, and the trees of the extensions that it uses.
fn setup(program: &Program, garbles: bool) -> Setup {
    let n = program.n_parties as usize;
    let routes = routes(program);
    let trees = N_BASE / TREE_DEPTH * (TREE_DEPTH - 1) * 2 * LABEL_LEN;
    // What sender and receiver send.
    let both = |route: Route| match route {
        Route::None => (0, 0),
        Route::Base(count) => (BASE_OT_LEN.1, count * BASE_OT_LEN.0),
        // The roles are reversed below an extension.
        Route::Extension => (N_BASE * BASE_OT_LEN.0, BASE_OT_LEN.1 + trees),
    };
    let (up, down, labels) = (both(routes.up), both(routes.down), both(routes.labels));
    let mut sent: Vec<u64> = (0..n)
        .map(|party| {
            let (lower, higher) = (party as u64, (n - 1 - party) as u64);
            (up.0 + down.1) * higher + (up.1 + down.0) * lower
        })
        .collect();
    if garbles {
        sent[0] += labels.0;
        sent[1] += labels.1;
    }
    let rounds = |route: Route| match route {
        Route::None => 0,
        Route::Base(_) => 1,
        Route::Extension => 2,
    };
    let base = |route: Route| match route {
        Route::None => 0,
        Route::Base(count) => count,
        Route::Extension => N_BASE,
    };
    let all = [routes.up, routes.down, routes.labels];
    Setup {
        sent,
        base_transfers: all.into_iter().map(base).sum(),
        rounds: all.into_iter().map(rounds).max().unwrap_or(0),
    }
}
