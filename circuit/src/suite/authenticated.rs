//! Suite `two-party` where a party may send what it likes: XOR shares of bits, each with a MAC under a key of the other party, on which circuits
//! run level by level or garbled. What is garbled goes from shares to shares: labels exist within a call alone.
//!
//! Messages are those of the runtime's `protocols/authenticated`. Correlations come from oblivious transfers and are made in whole
//! batches ([`Correlation::whole`]), because how well a batch hides what is wrong in it follows from how many there are in it.

use super::size::{
    GARBLED_AND_LEN, LABEL_LEN, and_depth, info, open_len, owner, packed_len, share_len,
};
use super::{Correlation, Demand, Model, Setup, Work, pairwise};
use crate::program::{Domain, Interactive, Kind, Node, Program, Threat};
use crate::stamp::Delay;
use crate::template::Template;
use std::ops::RangeInclusive;

/// The two parties.
pub(super) struct Authenticated;

/// Bytes of a hash.
const HASH_LEN: u64 = 32;

/// Base transfers of an extension, and columns of its correlation.
const COLUMNS: u64 = pairwise::N_BASE;
/// Bytes of a base oblivious transfer from its receiver and from its sender: two points and one.
const BASE_OT_LEN: (u64, u64) = (64, 32);

/// Trees of an extension.
const TREES: u64 = COLUMNS / pairwise::TREE_DEPTH;

/// Transfers of each batch that are given up for its check.
pub const SACRIFICED: u64 = 128;

/// Bytes of an extension's check: the sum of choices, and those of the columns.
const CHECK_LEN: u64 = 16 * (1 + COLUMNS);

/// Bits of security that the size of a batch of triples gives at least: 40, and room for 256 batches.
const STATISTICAL: u32 = 48;

/// Parts of a shared bit: itself, a MAC and a key.
pub const PARTS: u64 = 1 + 2 * COLUMNS;

/// Triples with at most one bit known to the other party, of which one without is made in a batch of so many (a power of two): it is known
/// with a chance of at most `batch^−(bucket − 1)` (Wang, Ranellucci, Katz, CCS 2017, section 4.2).
pub const fn bucket(batch: u64) -> u64 {
    1 + STATISTICAL.div_ceil(batch.ilog2()) as u64
}

/// Bytes that the receiver of an extension sends for so many transfers that are checked.
const fn extension_len(transfers: u64) -> u64 {
    (TREES - 1) * (transfers + SACRIFICED).div_ceil(8) + CHECK_LEN
}

/// Rounds of making triples: transfers, the halves of the products, their lowest bits, three for the comparison and the coin, and two in
/// which the differences in the buckets are opened, the second party's together with its coin.
const TRIPLE_ROUNDS: u32 = 7;

impl Model for Authenticated {
    fn parties(&self) -> RangeInclusive<u32> {
        2..=2
    }

    fn thresholds(&self, _n_parties: u32) -> RangeInclusive<u32> {
        1..=1
    }

    fn offers(&self, threat: Threat, domain: Domain) -> bool {
        match (threat, domain) {
            (Threat::Malicious, Domain::Public | Domain::Boolean | Domain::Yao) => true,
            (Threat::Malicious, Domain::Arithmetic { .. } | Domain::Local { .. })
            | (Threat::SemiHonest, _) => false,
        }
    }

    fn parts(&self, _n_parties: u32, _threshold: u32, _domain: Domain) -> usize {
        2
    }

    fn held(&self, _n_parties: u32) -> u64 {
        PARTS
    }

    fn folds_products(&self) -> bool {
        false
    }

    fn measured(&self) -> (u32, u32) {
        (2, 1)
    }

    /// Batches of triples, each from several transfers that are checked, and openings of all of them; for a garbled AND also an authenticated bit, and masks and
    /// proofs beside its tables. From runs of both on a busy machine; `benches/two_party.rs` measures them.
    fn among(&self, measured: Work, _n_parties: u32, _threshold: u32) -> Work {
        let and_ps = measured.and_ps.saturating_mul(34);
        Work {
            and_ps,
            garbled_and_ps: and_ps.saturating_add(measured.garbled_and_ps.saturating_mul(10)),
            label_ps: 0,
            ..measured
        }
    }

    fn proves(&self) -> bool {
        true
    }

    fn settles_garbled(&self) -> bool {
        true
    }

    fn sent(&self, program: &Program, node: &Node, step: Interactive) -> Vec<u64> {
        sent(program, node, step).to_vec()
    }

    fn delay(&self, program: &Program, node: &Node, step: Interactive) -> Delay {
        match step {
            Interactive::Call(_) if is_garbled(program, node) => Delay::Garbled,
            Interactive::Call(id) => Delay::Rounds(and_depth(program, id)),
            Interactive::Input(_)
            | Interactive::Share
            | Interactive::Mul
            | Interactive::Dot
            | Interactive::Decompose
            | Interactive::RandomParts
            | Interactive::Compose
            | Interactive::InjectBit
            | Interactive::BooleanToYao
            | Interactive::YaoToBoolean
            | Interactive::Shuffle
            | Interactive::Reveal
            | Interactive::Output(_) => Delay::Rounds(1),
        }
    }

    fn demand(&self, program: &Program, node: &Node, step: Interactive) -> Demand {
        let result = info(program, &node.results, 0);
        match step {
            Interactive::Input(_) | Interactive::Share if result.domain == Domain::Boolean => {
                let bits = u64::from(result.scalar.width()).saturating_mul(result.lanes);
                Demand::of(Correlation::AuthBit, Demand::words(bits))
            }
            Interactive::Call(id) => {
                let (inputs, ands) = program.templates.get(id.index()).map_or((0, 0), counts);
                let words = |n: u64| Demand::words(n.saturating_mul(result.lanes));
                let mut demand = Demand::of(Correlation::AuthTriple, words(ands));
                if is_garbled(program, node) && ands > 0 {
                    demand.add(Correlation::AuthBit, words(inputs.saturating_add(ands)));
                }
                demand
            }
            Interactive::Input(_)
            | Interactive::Share
            | Interactive::Mul
            | Interactive::Dot
            | Interactive::Decompose
            | Interactive::RandomParts
            | Interactive::Compose
            | Interactive::InjectBit
            | Interactive::BooleanToYao
            | Interactive::YaoToBoolean
            | Interactive::Shuffle
            | Interactive::Reveal
            | Interactive::Output(_) => Demand::default(),
        }
    }

    /// As large batches take for each 64, so that it adds up over blocks: what a program really takes follows from whole batches.
    fn prepared(&self, _program: &Program, demand: &Demand) -> Vec<u64> {
        let of = |party: usize| {
            demand.iter().fold(0u64, |sum, (kind, count)| {
                let Some(&largest) = kind.whole().first() else {
                    return sum;
                };
                let word = (64 * batch(kind, largest)[party]).div_ceil(largest);
                sum.saturating_add(word.saturating_mul(count.div_ceil(64)))
            })
        };
        vec![of(0), of(1)]
    }

    fn batch(&self, kind: Correlation, size: u64) -> Vec<u64> {
        batch(kind, size).to_vec()
    }

    /// Rows of the bits that a batch of triples is made of, 32 bytes of each; messages; and triples that wait.
    fn ahead(&self) -> (u64, u64) {
        (6, 55_000_000)
    }

    fn preparation_rounds(&self, _program: &Program, demand: &Demand) -> u32 {
        let rounds = |(kind, _): (Correlation, u64)| match kind {
            Correlation::AuthTriple => TRIPLE_ROUNDS,
            _ => 1,
        };
        demand.iter().map(rounds).max().unwrap_or(0)
    }

    /// Base transfers one way, in which the first party chooses; trees both ways, with their check; and the transfers in which the second party
    /// chooses, from the first party's extension. If the program uses anything that comes of them.
    fn setup(&self, program: &Program) -> Setup {
        let uses = |node: &Node| match node.op.kind() {
            Kind::Interactive(step) => !self.demand(program, node, step).is_empty(),
            Kind::Clear | Kind::Move | Kind::Linear | Kind::Control => false,
        };
        if !program.regions.iter().flat_map(|r| &r.nodes).any(uses) {
            return Setup {
                sent: vec![0; 2],
                rounds: 0,
                base_transfers: 0,
            };
        }
        let (receiver, sender) = BASE_OT_LEN;
        // Corrections for each level; the sum of a tree's checks; a hash of them all.
        let trees = 32 * COLUMNS + HASH_LEN * TREES + HASH_LEN;
        Setup {
            sent: vec![
                COLUMNS * receiver + trees,
                COLUMNS * sender + trees + extension_len(COLUMNS) + COLUMNS / 8,
            ],
            rounds: 3,
            base_transfers: COLUMNS,
        }
    }

    /// A hash of the MACs of all that was opened for ANDs, and of what was garbled: then who garbles waits for the other's.
    fn settlement(&self, program: &Program) -> (u32, Option<u64>) {
        let garbles = program.values.iter().any(|v| v.domain == Domain::Yao);
        (1 + u32::from(garbles), Some(HASH_LEN))
    }
}

/// Whether a call is garbled.
fn is_garbled(program: &Program, node: &Node) -> bool {
    info(program, &node.results, 0).domain == Domain::Yao
}

/// Input bits that a template uses, and its ANDs.
fn counts(template: &Template) -> (u64, u64) {
    let inputs = 1..template.first_gate_wire() as usize;
    let used = template.used_wires();
    let used = used.get(inputs).unwrap_or_default().iter();
    let inputs = used.filter(|&&used| used).count() as u64;
    (inputs, template.and_levels().iter().sum())
}

/// Bytes of a garbled circuit: inputs under their masks and masks under two factors, from both; labels and tables with the lowest bits of
/// results, and the results' masked bits.
fn garbled(template: &Template, lanes: u64) -> [u64; 2] {
    let (inputs, ands) = counts(template);
    if ands == 0 {
        return [0; 2];
    }
    let opened = packed_len(inputs.saturating_add(ands.saturating_mul(2)), lanes);
    let bits = packed_len(ands, lanes);
    let per_lane =
        (LABEL_LEN.saturating_mul(inputs)).saturating_add(GARBLED_AND_LEN.saturating_mul(ands));
    let tables = per_lane.saturating_mul(lanes);
    [
        opened.saturating_add(tables).saturating_add(bits),
        opened.saturating_add(bits),
    ]
}

/// Bytes of each party for a batch.
fn batch(kind: Correlation, size: u64) -> [u64; 2] {
    match kind {
        Correlation::AuthBit => [extension_len(size); 2],
        Correlation::AuthTriple => {
            let bucket = bucket(size);
            let leaky = bucket * size;
            // Halves of products and their lowest bits; differences in the buckets and a hash of their MACs.
            let products = 16 * leaky + leaky.div_ceil(8);
            let opened = ((bucket - 1) * size).div_ceil(8) + HASH_LEN;
            let both = extension_len(3 * leaky) + products + opened;
            // What is compared and a coin; a commitment to both, and how it is opened.
            [both + 2 * HASH_LEN, both + 3 * HASH_LEN]
        }
        _ => [0; 2],
    }
}

fn sent(program: &Program, node: &Node, step: Interactive) -> [u64; 2] {
    let operand = info(program, &node.args, 0);
    // What is opened, and a hash of its MACs.
    let opened = match open_len(&operand) {
        0 => 0,
        len => len.saturating_add(HASH_LEN),
    };
    match step {
        Interactive::Input(_) | Interactive::Share => {
            let mut sent = [0; 2];
            if let Some(bytes) = owner(program, node).and_then(|p| sent.get_mut(p)) {
                *bytes = share_len(&info(program, &node.results, 0));
            }
            sent
        }
        Interactive::Call(id) => {
            let lanes = info(program, &node.results, 0).lanes;
            if is_garbled(program, node) {
                let template = program.templates.get(id.index());
                return template.map_or([0; 2], |template| garbled(template, lanes));
            }
            let levels = program.templates.get(id.index()).map(Template::and_levels);
            let level = |&n: &u64| packed_len(n.saturating_mul(2), lanes);
            let sum = |sum: u64, bytes: u64| sum.saturating_add(bytes);
            [levels.unwrap_or_default().iter().map(level).fold(0, sum); 2]
        }
        Interactive::Reveal => [opened; 2],
        Interactive::Output(id) => {
            let mut sent = [0; 2];
            let leaf = program.outputs.get(id.index());
            for &receiver in leaf.map_or(&[][..], |leaf| &leaf.receivers) {
                if let Some(sender) = sent.get_mut(1usize.wrapping_sub(receiver as usize)) {
                    *sender = opened;
                }
            }
            sent
        }
        Interactive::Mul
        | Interactive::Dot
        | Interactive::Decompose
        | Interactive::RandomParts
        | Interactive::Compose
        | Interactive::InjectBit
        | Interactive::BooleanToYao
        | Interactive::YaoToBoolean
        | Interactive::Shuffle => [0; 2],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The chance that a triple of a batch is known is small enough for many batches, and a triple costs little where there are many.
    #[test]
    fn batches_are_as_safe_as_they_should_be() {
        let sizes = Correlation::AuthTriple.whole();
        for &size in sizes {
            assert!(size.is_power_of_two());
            assert!((bucket(size) - 1) * u64::from(size.ilog2()) >= 48, "{size}");
        }
        let largest = sizes[0];
        let bytes: u64 = batch(Correlation::AuthTriple, largest).iter().sum();
        assert!(bytes / largest <= 232, "{}", bytes / largest);
        // Blocks of an operation cost what the whole does, or it would not be cut into any.
        let prepared = |count| {
            let demand = Demand::of(Correlation::AuthTriple, count);
            Authenticated.prepared(
                &crate::program::builder::Builder::new(crate::program::Suite::TwoParty, 2, 1)
                    .program,
                &demand,
            )[0]
        };
        assert_eq!(prepared(64) + prepared(192), prepared(256));
        let least = sizes[sizes.len() - 1];
        let bytes: u64 = batch(Correlation::AuthTriple, least).iter().sum();
        assert!(bytes < 400_000, "{bytes}");
    }
}
