//! Shamir's sharing over the Galois rings GR(2^k, d): suite `bgw`.
//!
//! A share of an element mod 2^k is d elements mod 2^k, of a bit d bits. Who deals draws the shares of t others from keys
//! that pairs have, and sends the rest. What is opened is sent as additive shares, one element each. Messages are those of the
//! runtime's `protocols/shamir`.
//!
//! From five parties on, large products and openings go through one party, the king: communication is then linear in the number of
//! parties, and they take a round more. What takes less than [`KING_LEN`] bytes stays direct.

use super::cover::resharers;
use super::size::{and_depth, element_len, info, open_len, owner, packed_len, share_len};
use super::{Correlation, Demand, Model, Work};
use crate::program::{Domain, Interactive, Kind, MAX_PARTIES, Node, Program, Threat, ValueInfo};
use crate::stamp::Delay;
use crate::template::Template;
use std::ops::RangeInclusive;

/// Parties from which on there is a king.
const KING_PARTIES: u32 = 5;
/// Bytes of a product's or opening's elements, on average per round, from which on they go through the king.
const KING_LEN: u64 = 4096;
/// Bits are extracted in words of so many lanes: with fewer lanes most of a word would go unused.
const WORD: u64 = 64;
/// Bytes of the key that an order follows from.
const ORDER_KEY_LEN: u64 = 16;

/// Measured with three parties of which one may be corrupt.
pub(super) const WORK: Work = Work {
    and_ps: 500,
    product_ps: 50_000,
    garbled_and_ps: 0,
    label_ps: 0,
    step_ps: 30_000_000,
    setup_ps: 0,
};

pub(super) struct Bgw;

impl Model for Bgw {
    fn parties(&self) -> RangeInclusive<u32> {
        3..=MAX_PARTIES
    }

    fn thresholds(&self, n_parties: u32) -> RangeInclusive<u32> {
        1..=n_parties.saturating_sub(1) / 2
    }

    fn offers(&self, threat: Threat, domain: Domain) -> bool {
        match (threat, domain) {
            (
                Threat::SemiHonest,
                Domain::Public | Domain::Arithmetic { .. } | Domain::Boolean | Domain::Local { .. },
            ) => true,
            (Threat::SemiHonest, Domain::Yao) | (Threat::Malicious, _) => false,
        }
    }

    fn parts(&self, _n_parties: u32, threshold: u32, _domain: Domain) -> usize {
        threshold as usize + 1
    }

    fn held(&self, n_parties: u32) -> u64 {
        u64::from(extension_degree(n_parties))
    }

    fn folds_products(&self) -> bool {
        true
    }

    fn shuffles(&self, n_parties: u32, threshold: u32) -> bool {
        resharers(n_parties, threshold).is_some()
    }

    fn measured(&self) -> (u32, u32) {
        (3, 1)
    }

    fn among(&self, measured: Work, n_parties: u32, threshold: u32) -> Work {
        measured.scaled(products(n_parties, threshold), products(3, 1))
    }

    fn sent(&self, program: &Program, node: &Node, step: Interactive) -> Vec<u64> {
        sent(program, node, step)
    }

    fn delay(&self, program: &Program, node: &Node, step: Interactive) -> Delay {
        // Rounds of a product.
        let product = 1 + u32::from(king_multiplies(program, node));
        let opening = |n_receivers: usize| {
            let bytes = open_len(&info(program, &node.args, 0));
            1 + u32::from(king_opens(program, n_receivers, bytes))
        };
        Delay::Rounds(match step {
            Interactive::Mul | Interactive::Dot => product,
            Interactive::Call(id) => and_depth(program, id).saturating_mul(product),
            Interactive::Compose => 2,
            Interactive::InjectBit => {
                let levels = (program.threshold + 1).next_power_of_two().trailing_zeros();
                1 + levels * product
            }
            Interactive::Reveal => opening(program.n_parties as usize),
            Interactive::Output(id) => {
                let leaf = program.outputs.get(id.index());
                opening(leaf.map_or(0, |l| l.receivers.len()))
            }
            Interactive::Input(_)
            | Interactive::Share
            | Interactive::Decompose
            | Interactive::RandomParts
            | Interactive::BooleanToYao
            | Interactive::YaoToBoolean => 1,
            Interactive::Shuffle => {
                let sets = sharers(program).len() + usize::from(program.threshold > 1);
                u32::try_from(sets).unwrap_or(u32::MAX)
            }
        })
    }

    fn demand(&self, program: &Program, node: &Node, step: Interactive) -> Demand {
        demand(program, node, step)
    }

    fn prepared(&self, program: &Program, demand: &Demand) -> Vec<u64> {
        prepared(program, demand)
    }

    fn preparation_rounds(&self, _program: &Program, demand: &Demand) -> u32 {
        u32::from(!demand.is_empty())
    }

    /// Extractions come out even, and one AND per level is enough for the king: from a size on products go other ways than
    /// below it, and blocks must go the way of the whole.
    fn block_lanes(&self, program: &Program) -> (u64, u64) {
        if program.n_parties < KING_PARTIES {
            return (WORD, WORD);
        }
        (WORD * extracted(program).max(1), 8 * KING_LEN)
    }
}

/// The degree d of the extension over which `n_parties` have distinct non-zero exceptional points: 2^d > n.
pub const fn extension_degree(n_parties: u32) -> u32 {
    32 - n_parties.leading_zeros()
}

/// Bytes of one share of all lanes of a value.
fn one_share(program: &Program, value: &ValueInfo) -> u64 {
    let d = u64::from(extension_degree(program.n_sharers()));
    match value.domain {
        Domain::Arithmetic { ring } => {
            (d * element_len(u32::from(ring))).saturating_mul(value.lanes)
        }
        Domain::Boolean => packed_len(d * u64::from(value.scalar.width()), value.lanes),
        Domain::Public | Domain::Yao | Domain::Local { .. } => share_len(value),
    }
}

/// Whether the products of an operation go through the king, with random sharings made ahead.
pub fn king_multiplies(program: &Program, node: &Node) -> bool {
    if program.n_parties < KING_PARTIES {
        return false;
    }
    let Kind::Interactive(step) = node.op.kind() else {
        return false;
    };
    let result = info(program, &node.results, 0);
    match step {
        Interactive::Mul | Interactive::Dot | Interactive::InjectBit => {
            share_len(&result) >= KING_LEN
        }
        Interactive::Call(id) => {
            let levels = program.templates.get(id.index()).map(Template::and_levels);
            let levels = levels.unwrap_or_default();
            let ands = levels.iter().sum();
            result.lanes >= WORD
                && packed_len(ands, result.lanes) >= KING_LEN.saturating_mul(levels.len() as u64)
        }
        Interactive::Input(_)
        | Interactive::Share
        | Interactive::Decompose
        | Interactive::RandomParts
        | Interactive::Compose
        | Interactive::BooleanToYao
        | Interactive::YaoToBoolean
        | Interactive::Shuffle
        | Interactive::Reveal
        | Interactive::Output(_) => false,
    }
}

/// Whether an opening of `bytes` bytes to so many receivers goes through the first of them.
pub fn king_opens(program: &Program, n_receivers: usize, bytes: u64) -> bool {
    program.n_parties >= KING_PARTIES
        && program.threshold > 1
        && n_receivers > 1
        && bytes >= KING_LEN
}

/// Random sharings that one extraction gives: a unit of [`Correlation::DoubleSharing`].
fn extracted(program: &Program) -> u64 {
    let d = u64::from(extension_degree(program.n_sharers()));
    u64::from(program.n_parties.saturating_sub(program.threshold)).saturating_mul(d)
}

/// Bytes of every party.
fn sent(program: &Program, node: &Node, step: Interactive) -> Vec<u64> {
    let (n, t) = (program.n_parties as usize, program.threshold as usize);
    let d = u64::from(extension_degree(program.n_sharers()));
    let arg = |i| info(program, &node.args, i);
    let result = |i| info(program, &node.results, i);
    // A dealer's messages: all but itself and the t whose shares are drawn.
    let n_sent = n.saturating_sub(1 + t) as u64;
    let dealers = |parties: std::ops::Range<usize>, bytes: u64| -> Vec<u64> {
        let sent = |p| {
            if parties.contains(&p) {
                bytes.saturating_mul(n_sent)
            } else {
                0
            }
        };
        (0..n).map(sent).collect()
    };
    // Products: each of the first 2t + 1 parties deals, or sends to the king, which sends to all.
    let king = king_multiplies(program, node);
    let products = |bytes: u64| -> Vec<u64> {
        if !king {
            return dealers(0..2 * t + 1, bytes.saturating_mul(d));
        }
        let sent = |p| match p {
            0 => bytes.saturating_mul(n as u64 - 1),
            p if p <= 2 * t => bytes,
            _ => 0,
        };
        (0..n).map(sent).collect()
    };
    let mut sent = vec![0u64; n];
    match step {
        Interactive::Input(_) | Interactive::Share => match owner(program, node) {
            Some(owner) => dealers(owner..owner + 1, one_share(program, &result(0))),
            None => sent,
        },
        Interactive::Mul | Interactive::Dot => products(share_len(&result(0))),
        Interactive::Call(id) => {
            let Some(template) = program.templates.get(id.index()) else {
                return sent;
            };
            let lanes = result(0).lanes;
            for &ands in template.and_levels() {
                // Bits are packed after all shares of a level.
                let level = if king {
                    products(packed_len(ands, lanes))
                } else {
                    dealers(0..2 * t + 1, packed_len(d * ands, lanes))
                };
                for (bytes, level) in sent.iter_mut().zip(level) {
                    *bytes = bytes.saturating_add(level);
                }
            }
            sent
        }
        Interactive::Decompose => dealers(0..t + 1, one_share(program, &result(0))),
        Interactive::RandomParts => dealers(1..t + 1, one_share(program, &result(0))),
        Interactive::Compose => {
            // The difference is opened to party 0; everyone with a part deals it.
            let mut sent = dealers(0..t + 1, one_share(program, &result(0)));
            for bytes in sent.iter_mut().skip(1).take(t) {
                *bytes = bytes.saturating_add(open_len(&arg(0)));
            }
            sent
        }
        Interactive::InjectBit => {
            // t + 1 parts dealt, then a tree of t products.
            let share = one_share(program, &result(0));
            let mut sent = dealers(0..t + 1, share);
            let products = products(share_len(&result(0)).saturating_mul(t as u64));
            for (bytes, product) in sent.iter_mut().zip(products) {
                *bytes = bytes.saturating_add(product);
            }
            sent
        }
        Interactive::Reveal => {
            let all: Vec<u32> = (0..program.n_parties).collect();
            opened(program, &arg(0), &all)
        }
        Interactive::Output(id) => {
            let leaf = program.outputs.get(id.index());
            opened(program, &arg(0), leaf.map_or(&[][..], |l| &l.receivers))
        }
        Interactive::Shuffle => {
            let columns = (0..node.args.len()).map(|i| one_share(program, &arg(i)));
            let rows = columns.fold(0, u64::saturating_add);
            for &set in sharers(program).iter().filter(|_| rows > 0) {
                for (p, bytes) in sent
                    .iter_mut()
                    .enumerate()
                    .filter(|(p, _)| set >> p & 1 == 1)
                {
                    *bytes = bytes.saturating_add(rows.saturating_mul(n_sent));
                    if t > 1 && set.trailing_zeros() as usize == p {
                        *bytes = bytes.saturating_add(ORDER_KEY_LEN * t as u64);
                    }
                }
            }
            sent
        }
        Interactive::BooleanToYao | Interactive::YaoToBoolean => sent,
    }
}

/// The sets of parties that shuffle in turn.
fn sharers(program: &Program) -> &'static [u32] {
    resharers(program.n_parties, program.threshold).unwrap_or(&[])
}

/// Bytes of every party when a value is opened: a receiver has a share of its own; the t parties after it send theirs. A
/// king is the first receiver and sends the value to the others.
fn opened(program: &Program, value: &ValueInfo, receivers: &[u32]) -> Vec<u64> {
    let n = program.n_parties as usize;
    let mut sent = vec![0u64; n];
    let king = king_opens(program, receivers.len(), open_len(value));
    let direct = if king { 1 } else { receivers.len() };
    if let (true, Some(&first)) = (king, receivers.first())
        && let Some(bytes) = sent.get_mut(first as usize)
    {
        *bytes = open_len(value).saturating_mul(receivers.len() as u64 - 1);
    }
    for &receiver in receivers.iter().take(direct) {
        for k in 1..=program.threshold as usize {
            if let Some(bytes) = sent.get_mut((receiver as usize + k) % n.max(1)) {
                *bytes = bytes.saturating_add(open_len(value));
            }
        }
    }
    sent
}

/// The correlations of an operation: random sharings, in groups of as many as one extraction gives, of bits in words.
fn demand(program: &Program, node: &Node, step: Interactive) -> Demand {
    if !king_multiplies(program, node) {
        return Demand::default();
    }
    let result = info(program, &node.results, 0);
    let groups = |ring: u8, sharings: u64| {
        let count = sharings.div_ceil(extracted(program).max(1));
        Demand::of(Correlation::DoubleSharing { ring }, count)
    };
    match (step, result.domain) {
        (Interactive::Call(id), _) => {
            let levels = program.templates.get(id.index()).map(Template::and_levels);
            let ands: u64 = levels.unwrap_or_default().iter().sum();
            groups(1, ands.saturating_mul(result.lanes.div_ceil(WORD)))
        }
        (Interactive::InjectBit, Domain::Arithmetic { ring }) => {
            let products = result.lanes.saturating_mul(u64::from(program.threshold));
            groups(ring.max(2), products)
        }
        // Sharings mod 4 serve the integers mod 2.
        (_, Domain::Arithmetic { ring }) => groups(ring.max(2), result.lanes),
        (_, Domain::Public | Domain::Boolean | Domain::Yao | Domain::Local { .. }) => {
            Demand::default()
        }
    }
}

/// Bytes of every party that make a demand: for a group everyone deals d elements (of bits d words).
fn prepared(program: &Program, demand: &Demand) -> Vec<u64> {
    let n = program.n_parties as usize;
    let d = u64::from(extension_degree(program.n_sharers()));
    let n_sent = u64::from(program.n_parties.saturating_sub(1 + program.threshold));
    let mut bytes = 0u64;
    for (kind, count) in demand.iter() {
        if let Correlation::DoubleSharing { ring } = kind {
            let len = match ring {
                1 => WORD / 8,
                ring => element_len(u32::from(ring)),
            };
            bytes = bytes.saturating_add(count.saturating_mul(d * d * len * n_sent));
        }
    }
    vec![bytes; n]
}

/// Products of ring elements that a dealer and receiver does for one product of shares.
fn products(n_parties: u32, threshold: u32) -> u64 {
    let (n, t) = (u64::from(n_parties), u64::from(threshold));
    let d = u64::from(extension_degree(n_parties));
    let dealt = n.saturating_sub(1 + t) * (t + 1);
    (dealt + 2 * t + 1) * d * d
}
