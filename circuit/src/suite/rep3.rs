//! Replicated sharing (suite `rep3`): no correlations, one element or bit per product and party; two parties garble from a key
//! that they share.
//!
//! Parties and messages are those of the runtime's `protocols/replicated`.

use super::size::{
    GARBLED_AND_LEN, and_depth, info, labels_len, open_len, owner, packed_len, rows_len, share_len,
    shared_levels_len,
};
use super::{Model, Work};
use crate::program::{Domain, Interactive, Node, Program, Threat};
use crate::stamp::Delay;
use std::ops::RangeInclusive;

/// Measured with its three parties.
pub(super) const WORK: Work = Work {
    and_ps: 250,
    product_ps: 20_000,
    garbled_and_ps: 16_000,
    label_ps: 40_000,
    step_ps: 20_000_000,
    setup_ps: 0,
};

pub(super) struct Rep3;

impl Model for Rep3 {
    fn parties(&self) -> RangeInclusive<u32> {
        3..=3
    }

    fn thresholds(&self, _n_parties: u32) -> RangeInclusive<u32> {
        1..=1
    }

    fn offers(&self, threat: Threat, domain: Domain) -> bool {
        match (threat, domain) {
            (
                Threat::SemiHonest,
                Domain::Public
                | Domain::Arithmetic { .. }
                | Domain::Boolean
                | Domain::Yao
                | Domain::Local { .. },
            ) => true,
            (Threat::Malicious, _) => false,
        }
    }

    fn parts(&self, _n_parties: u32, _threshold: u32, domain: Domain) -> usize {
        match domain {
            Domain::Yao => 2,
            Domain::Public | Domain::Arithmetic { .. } | Domain::Boolean | Domain::Local { .. } => {
                3
            }
        }
    }

    fn held(&self, _n_parties: u32) -> u64 {
        2
    }

    fn folds_products(&self) -> bool {
        true
    }

    fn shuffles(&self, _n_parties: u32, _threshold: u32) -> bool {
        true
    }

    fn measured(&self) -> (u32, u32) {
        (3, 1)
    }

    fn sent(&self, program: &Program, node: &Node, step: Interactive) -> Vec<u64> {
        sent(program, node, step).to_vec()
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
            Interactive::Decompose | Interactive::BooleanToYao => Delay::ToEvaluator,
            Interactive::InjectBit => Delay::Rounds(2),
            // One by each pair.
            Interactive::Shuffle => Delay::Rounds(3),
            Interactive::Input(_)
            | Interactive::Share
            | Interactive::Mul
            | Interactive::Dot
            | Interactive::RandomParts
            | Interactive::Compose
            | Interactive::YaoToBoolean
            | Interactive::Reveal
            | Interactive::Output(_) => Delay::Rounds(1),
        }
    }
}

/// The same parties where one of them may send what it likes: ANDs and products are proven before anything is opened
/// ([`crate::settle`]), and a second party vouches for what is opened.
pub(super) struct Settled;

/// Bytes with which a party vouches for what another one sends.
const VOUCH_LEN: u64 = 16;

/// How many times as long an AND, and a product, takes with its part of three proofs: as benches find it.
const PROVEN: (u64, u64) = (11, 11);

/// Bytes of a hash of labels.
const HASH_LEN: u64 = 32;

/// The widest ring: of numbers of more bits, products of components do not fit into what they are proven in.
const WIDEST: u8 = 64;

impl Model for Settled {
    fn parties(&self) -> RangeInclusive<u32> {
        Rep3.parties()
    }

    fn thresholds(&self, n_parties: u32) -> RangeInclusive<u32> {
        Rep3.thresholds(n_parties)
    }

    fn offers(&self, threat: Threat, domain: Domain) -> bool {
        match (threat, domain) {
            (Threat::Malicious, Domain::Public | Domain::Boolean | Domain::Yao) => true,
            (Threat::Malicious, Domain::Arithmetic { ring }) => ring <= WIDEST,
            (Threat::Malicious, Domain::Local { .. }) | (Threat::SemiHonest, _) => false,
        }
    }

    /// No party adds up two components for the garbled circuit: the other holder of each has to be sure of it.
    fn parts(&self, _n_parties: u32, _threshold: u32, _domain: Domain) -> usize {
        3
    }

    fn held(&self, n_parties: u32) -> u64 {
        Rep3.held(n_parties)
    }

    fn folds_products(&self) -> bool {
        Rep3.folds_products()
    }

    fn measured(&self) -> (u32, u32) {
        Rep3.measured()
    }

    fn proves(&self) -> bool {
        true
    }

    fn among(&self, measured: Work, _n_parties: u32, _threshold: u32) -> Work {
        Work {
            and_ps: measured.and_ps.saturating_mul(PROVEN.0),
            product_ps: measured.product_ps.saturating_mul(PROVEN.1),
            garbled_and_ps: measured.garbled_and_ps.saturating_mul(4) / 3,
            // Commitments are made by two and one of them opened by a third.
            label_ps: measured.label_ps.saturating_mul(10),
            ..measured
        }
    }

    fn sent(&self, program: &Program, node: &Node, step: Interactive) -> Vec<u64> {
        let mut sent = sent(program, node, step);
        let operand = info(program, &node.args, 0);
        let result = |i| info(program, &node.results, i);
        // So many times a label for each bit from party 0, one from party 1, and a hash of each.
        let labels = |len: u64, times: u64| match len {
            0 => [0; 3],
            _ => [len.saturating_mul(times), len, 0].map(|len| match len {
                0 => 0,
                _ => len.saturating_add(VOUCH_LEN),
            }),
        };
        let mut vouch = |party: usize| {
            if let (Some(sent), true) = (sent.get_mut(party), open_len(&operand) > 0) {
                *sent = sent.saturating_add(VOUCH_LEN);
            }
        };
        match step {
            // The one after a receiver holds what the one before it sends.
            Interactive::Reveal => (0..3).for_each(&mut vouch),
            Interactive::Output(id) => {
                let leaf = program.outputs.get(id.index());
                for &receiver in leaf.map_or(&[][..], |leaf| &leaf.receivers) {
                    vouch((receiver as usize + 1) % 3);
                }
            }
            // Labels of two components, and sums of commitments.
            Interactive::BooleanToYao => sent = labels(labels_len(&result(0)), 3),
            Interactive::Decompose if result(0).domain == Domain::Yao => {
                sent = labels(labels_len(&result(0)), 3);
            }
            // The same of the component that party 1 holds.
            Interactive::YaoToBoolean => {
                let [first, second, _] = labels(labels_len(&operand), 1);
                let hash = if second > 0 { HASH_LEN } else { 0 };
                sent = [first, second, sent[2].saturating_add(hash)];
            }
            Interactive::Call(_) if result(0).domain == Domain::Yao => {
                if sent[0] > 0 {
                    sent[1] = VOUCH_LEN;
                }
            }
            // Parties 0 and 2 each get what the two others hold: party 2 of 0, 0 of 2.
            Interactive::Compose => [0, 1].into_iter().for_each(&mut vouch),
            // Sums of nothing are zero.
            Interactive::Dot if operand.lanes == 0 => sent = [0; 3],
            // Two products.
            Interactive::InjectBit => sent = sent.map(|sent| sent.saturating_mul(2)),
            Interactive::Input(_)
            | Interactive::Share
            | Interactive::Mul
            | Interactive::Dot
            | Interactive::Call(_)
            | Interactive::Decompose
            | Interactive::RandomParts
            | Interactive::Shuffle => {}
        }
        sent.to_vec()
    }

    fn delay(&self, program: &Program, node: &Node, step: Interactive) -> Delay {
        match step {
            // What hides the value becomes labels first.
            Interactive::YaoToBoolean => Delay::Rounds(2),
            _ => Rep3.delay(program, node, step),
        }
    }
}

fn sent(program: &Program, node: &Node, step: Interactive) -> [u64; 3] {
    let arg = |i| info(program, &node.args, i);
    let result = |i| info(program, &node.results, i);
    match step {
        Interactive::Input(_) | Interactive::Share => {
            let mut sent = [0; 3];
            if let Some(bytes) = owner(program, node).and_then(|p| sent.get_mut(p)) {
                *bytes = share_len(&result(0));
            }
            sent
        }
        Interactive::Mul | Interactive::Dot => [share_len(&result(0)); 3],
        Interactive::Call(id) => {
            let Some(template) = program.templates.get(id.index()) else {
                return [0; 3];
            };
            let value = result(0);
            let levels = template.and_levels();
            match value.domain {
                Domain::Yao => {
                    let ands = levels.iter().sum::<u64>().saturating_mul(value.lanes);
                    [GARBLED_AND_LEN.saturating_mul(ands), 0, 0]
                }
                Domain::Boolean
                | Domain::Public
                | Domain::Arithmetic { .. }
                | Domain::Local { .. } => [shared_levels_len(levels, value.lanes); 3],
            }
        }
        Interactive::Decompose => match result(0).domain {
            Domain::Yao => [labels_len(&result(0)), labels_len(&result(1)), 0],
            Domain::Public | Domain::Arithmetic { .. } | Domain::Boolean | Domain::Local { .. } => {
                [0; 3]
            }
        },
        Interactive::RandomParts => [0; 3],
        Interactive::Compose => {
            let len = packed_len(u64::from(arg(0).scalar.width()), arg(0).lanes);
            [0, len, len]
        }
        Interactive::InjectBit => [share_len(&result(0)); 3],
        Interactive::BooleanToYao => [labels_len(&result(0)), labels_len(&result(0)), 0],
        Interactive::YaoToBoolean => [0, 0, share_len(&result(0))],
        // Each party is of two pairs that permute and reshare.
        Interactive::Shuffle => [rows_len(program, node, |lanes| lanes).saturating_mul(2); 3],
        Interactive::Reveal => [open_len(&arg(0)); 3],
        Interactive::Output(id) => {
            let mut sent = [0; 3];
            for &receiver in program
                .outputs
                .get(id.index())
                .map_or(&[][..], |leaf| &leaf.receivers)
            {
                if let Some(sender) = sent.get_mut((receiver as usize + 2) % 3) {
                    *sender = open_len(&arg(0));
                }
            }
            sent
        }
    }
}
