//! Replicated sharing among four (suite `rep4`): each component is known to three parties, so that each message is known to two
//! others than its receiver, and six elements make a product.
//!
//! Parties and messages are those of the runtime's `protocols/four`. Where one party may send what it likes, the second that knows a
//! message vouches for it: a hash for each [`VOUCHED_LANES`] lanes, in the same round. Nothing is proven later.

use super::size::{and_depth, info, open_len, owner, packed_len, share_len, shared_levels_len};
use super::{Model, Setup, Work};
use crate::program::{Domain, Interactive, Kind, Node, Program, Threat};
use crate::stamp::Delay;
use crate::template::Template;
use std::ops::RangeInclusive;

/// Lanes of a message that one hash vouches for, at most.
pub const VOUCHED_LANES: u64 = 1024;

/// Bytes of a hash with which a party vouches for what another one sends.
const VOUCH_LEN: u64 = 16;

/// Bytes of what a holder of a key adds to it, and of a hash of all of it.
const SEED_LEN: u64 = 16;
const CHECK_LEN: u64 = 32;

const N: usize = 4;

/// A message that two parties know and a third is to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Who sends it.
    pub from: usize,
    /// Who vouches for it.
    pub voucher: usize,
    /// Who gets it.
    pub to: usize,
}

/// The products of two different components: `x_i y_j + x_j y_i`, which the parties other than `i` and `j` know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The component that takes what is sent; its party draws a summand with the two senders.
    pub i: usize,
    /// The component that takes the summand, and the party to which the rest is sent.
    pub j: usize,
    /// Who sends the rest.
    pub route: Route,
}

const fn pair(i: usize, j: usize, from: usize) -> Pair {
    let voucher = 6 - i - j - from;
    Pair {
        i,
        j,
        route: Route {
            from,
            voucher,
            to: j,
        },
    }
}

/// All pairs: parties 0 and 1 send twice, the others get twice.
pub const PAIRS: [Pair; 6] = [
    pair(0, 1, 2),
    pair(1, 2, 3),
    pair(2, 3, 0),
    pair(3, 0, 1),
    pair(0, 2, 1),
    pair(1, 3, 0),
];

/// Who opens to a party the component that it lacks.
pub const fn opener(to: usize) -> Route {
    Route {
        from: (to + 1) % N,
        voucher: (to + 2) % N,
        to,
    }
}

/// Measured with its four parties.
pub(super) const WORK: Work = Work {
    and_ps: 500,
    product_ps: 45_000,
    garbled_and_ps: 0,
    label_ps: 0,
    step_ps: 25_000_000,
    setup_ps: 0,
};

pub(super) struct Rep4 {
    /// Whether a second party vouches for each message.
    pub vouched: bool,
}

impl Model for Rep4 {
    fn parties(&self) -> RangeInclusive<u32> {
        4..=4
    }

    fn thresholds(&self, _n_parties: u32) -> RangeInclusive<u32> {
        1..=1
    }

    fn offers(&self, threat: Threat, domain: Domain) -> bool {
        match domain {
            Domain::Public | Domain::Arithmetic { .. } | Domain::Boolean => true,
            Domain::Local { .. } => threat == Threat::SemiHonest,
            Domain::Yao => false,
        }
    }

    fn parts(&self, _n_parties: u32, _threshold: u32, _domain: Domain) -> usize {
        N
    }

    fn held(&self, _n_parties: u32) -> u64 {
        3
    }

    fn folds_products(&self) -> bool {
        false
    }

    fn measured(&self) -> (u32, u32) {
        (4, 1)
    }

    fn among(&self, measured: Work, _n_parties: u32, _threshold: u32) -> Work {
        let vouched = |ps: u64| match self.vouched {
            true => ps.saturating_mul(5) / 4,
            false => ps,
        };
        Work {
            and_ps: vouched(measured.and_ps),
            product_ps: vouched(measured.product_ps),
            ..measured
        }
    }

    fn echo_len(&self, lanes: u64) -> u64 {
        self.hashes_len(lanes)
    }

    fn sent(&self, program: &Program, node: &Node, step: Interactive) -> Vec<u64> {
        let arg = |i| info(program, &node.args, i);
        let result = |i| info(program, &node.results, i);
        let mut sent = [0; N];
        match step {
            Interactive::Input(_) | Interactive::Share => {
                // The component that no key gives goes to its two other holders, who compare it.
                if let Some(owner) = owner(program, node).filter(|&p| p < N) {
                    let hashes = self.hashes_len(result(0).lanes);
                    for (by, len) in [(0, 2 * share_len(&result(0))), (1, hashes), (2, hashes)] {
                        sent[(owner + by) % N] = len;
                    }
                }
            }
            Interactive::Mul | Interactive::Dot | Interactive::InjectBit => {
                let pairs = PAIRS.map(|p| p.route);
                self.pass(&mut sent, pairs, share_len(&result(0)), result(0).lanes, 1);
            }
            Interactive::Call(id) => {
                let levels = program.templates.get(id.index()).map(Template::and_levels);
                let (levels, lanes) = (levels.unwrap_or_default(), result(0).lanes);
                let len = shared_levels_len(levels, lanes);
                let pairs = PAIRS.map(|p| p.route);
                self.pass(&mut sent, pairs, len, lanes, levels.len() as u64);
            }
            Interactive::Compose => {
                let len = packed_len(u64::from(arg(0).scalar.width()), arg(0).lanes);
                let routes = [1, 2, 3].map(opener);
                self.pass(&mut sent, routes, len, arg(0).lanes, 1);
            }
            Interactive::Reveal => {
                let routes = [0, 1, 2, 3].map(opener);
                self.pass(&mut sent, routes, open_len(&arg(0)), arg(0).lanes, 1);
            }
            Interactive::Output(id) => {
                let leaf = program.outputs.get(id.index());
                let receivers = leaf.map_or(&[][..], |leaf| &leaf.receivers);
                let routes = receivers.iter().map(|&to| opener(to as usize % N));
                self.pass(&mut sent, routes, open_len(&arg(0)), arg(0).lanes, 1);
            }
            Interactive::Decompose
            | Interactive::RandomParts
            | Interactive::Shuffle
            | Interactive::BooleanToYao
            | Interactive::YaoToBoolean => {}
        }
        sent.to_vec()
    }

    fn delay(&self, program: &Program, _node: &Node, step: Interactive) -> Delay {
        match step {
            Interactive::Call(id) => Delay::Rounds(and_depth(program, id)),
            Interactive::InjectBit => Delay::Rounds(2),
            // Who gets a component compares it with the other one who does.
            Interactive::Input(_) | Interactive::Share => {
                Delay::Rounds(1 + u32::from(self.vouched))
            }
            Interactive::Mul
            | Interactive::Dot
            | Interactive::Decompose
            | Interactive::RandomParts
            | Interactive::Compose
            | Interactive::Shuffle
            | Interactive::BooleanToYao
            | Interactive::YaoToBoolean
            | Interactive::Reveal
            | Interactive::Output(_) => Delay::Rounds(1),
        }
    }

    /// Three parties make each key; where one may lie, they compare what they have.
    fn setup(&self, program: &Program) -> Setup {
        let (keys, check, rounds) = match (self.shares(program), self.vouched) {
            (false, _) => (0, 0, 0),
            (true, false) => (3, 0, 1),
            (true, true) => (3, CHECK_LEN, 2),
        };
        Setup {
            sent: vec![keys * 2 * (SEED_LEN + check); N],
            rounds,
            base_transfers: 0,
        }
    }

    fn block_lanes(&self, _program: &Program) -> (u64, u64) {
        (VOUCHED_LANES, VOUCHED_LANES)
    }
}

impl Rep4 {
    /// Whether parties make any share together, for which they need keys.
    fn shares(&self, program: &Program) -> bool {
        let mut nodes = program.regions.iter().flat_map(|region| &region.nodes);
        nodes.any(|node| {
            let step = match node.op.kind() {
                Kind::Interactive(Interactive::Input(id)) if program.is_held(id) => return false,
                Kind::Interactive(step) => step,
                Kind::Clear | Kind::Move | Kind::Linear | Kind::Control => return false,
            };
            let made = info(program, &node.results, 0).domain;
            let shared = matches!(made, Domain::Arithmetic { .. } | Domain::Boolean);
            shared && self.sent(program, node, step).iter().any(|&len| len > 0)
        })
    }

    /// Bytes of hashes that vouch for so many lanes of a message.
    fn hashes_len(&self, lanes: u64) -> u64 {
        match self.vouched {
            true => VOUCH_LEN.saturating_mul(lanes.div_ceil(VOUCHED_LANES)),
            false => 0,
        }
    }

    /// Messages of so many bytes in all, in so many rounds with so many lanes each.
    fn pass(
        &self,
        sent: &mut [u64; N],
        routes: impl IntoIterator<Item = Route>,
        len: u64,
        lanes: u64,
        rounds: u64,
    ) {
        if len == 0 {
            return;
        }
        let hashes = self.hashes_len(lanes).saturating_mul(rounds);
        for route in routes {
            for (party, len) in [(route.from, len), (route.voucher, hashes)] {
                if let Some(sent) = sent.get_mut(party) {
                    *sent = sent.saturating_add(len);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_product_of_components_is_passed_once() {
        let (mut sends, mut gets) = ([0; N], [0; N]);
        for (n, p) in PAIRS.iter().enumerate() {
            let Route { from, voucher, to } = p.route;
            assert_eq!(to, p.j);
            let parties = [p.i, p.j, from, voucher];
            assert!((0..N).all(|party| parties.contains(&party)), "{p:?}");
            let others = PAIRS.iter().skip(n + 1);
            assert!(others.clone().all(|o| {
                let same = [(o.i, o.j), (o.j, o.i)];
                !same.contains(&(p.i, p.j))
            }));
            sends[from] += 1;
            gets[to] += 1;
        }
        assert_eq!((sends, gets), ([2, 2, 1, 1], [1, 1, 2, 2]));
    }
}
