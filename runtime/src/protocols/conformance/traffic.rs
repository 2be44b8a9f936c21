//! What is sent depends on nothing secret, is never said twice, and goes to those whom it concerns.

use smpcc_circuit::cost::{king_multiplies, king_opens, open_len, resharers};
use smpcc_circuit::program::{Node, Op, Program, Suite};

use super::programs::{data, everything, mixed, mixed_data};
use super::templates::sum_template;
use super::views::{messages, recorded};
use super::{B, SETTINGS, Setting, settings};
use crate::engine::testing::{AllInputs, a, inputs, u, words};
use crate::net::record::Recording;
use crate::party::PartyId;

/// The frames on every link, without contents.
pub(super) fn schedules(recordings: &[Recording]) -> Vec<Vec<Vec<(u64, usize)>>> {
    let n = recordings.len();
    let of = |r: &Recording| PartyId::all(n).map(|to| r.schedule(to)).collect();
    recordings.iter().map(of).collect()
}

/// Whether a party tells different ones the same in a program, so that its links have bytes in common.
fn tells_all_alike(program: &Program, from: usize) -> bool {
    let nodes = || program.regions.iter().flat_map(|region| &region.nodes);
    match program.suite {
        // Its share of what is opened.
        Suite::TwoParty | Suite::Gmw => program.n_parties > 2,
        // The difference of a composition.
        Suite::Rep3 => nodes().any(|node| node.op == Op::Compose),
        // Of each key that it makes with others, to both of them.
        Suite::Rep4 => true,
        Suite::Bgw => {
            // Where one party may be corrupt, a dealer sends its one random element times the points of several parties: its
            // coordinates come again at other places, and two of those parties know the secret anyway.
            let one_element = program.threshold == 1 && program.n_parties > 3;
            // The key of an order, which the first of a set tells all others of it.
            let sets = resharers(program.n_parties, program.threshold);
            let mut sets = sets.into_iter().flatten();
            let tells =
                program.threshold > 1 && sets.any(|set| set.trailing_zeros() as usize == from);
            let order = |node: &Node| node.op == Op::Shuffle && tells;
            one_element || nodes().any(|node| order(node) || king(program, node) == Some(from))
        }
    }
}

/// The party of `bgw` that opens something for all in an operation, if one does.
fn king(program: &Program, node: &Node) -> Option<usize> {
    let opens = |receivers: &[u32]| {
        let opened = node
            .args
            .first()
            .and_then(|v| program.values.get(v.index()));
        let bytes = opened.map_or(0, open_len);
        king_opens(program, receivers.len(), bytes).then(|| receivers[0] as usize)
    };
    match node.op {
        Op::Reveal => opens(&(0..program.n_parties).collect::<Vec<_>>()),
        Op::Output(id) => opens(&program.outputs[id.index()].receivers),
        _ => king_multiplies(program, node).then_some(0),
    }
}

/// Twice with the same secrets and once with others: the same frames, and with the same secrets no sixteen bytes in common on any
/// link; nor on any two links, where parties tell different ones different things.
pub(super) fn check_traffic(
    setting: Setting,
    program: &Program,
    inputs: impl Fn(u64) -> AllInputs,
) {
    let runs = [1, 1, 70].map(|seed| recorded(program, &inputs(seed)));
    let [first, second, other] = &runs;
    assert!(schedules(first) == schedules(second), "{setting:?}");
    assert!(schedules(first) == schedules(other), "{setting:?}");
    let n = setting.n as usize;
    let mut pieces = Vec::new();
    for (from, to) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
        let link = tells_all_alike(program, from).then_some((from, to));
        for message in runs[..2].iter().flat_map(|run| messages(run, from, to)) {
            let (whole, _) = message.as_chunks::<16>();
            pieces.extend(whole.iter().map(|&piece| (link, piece, (from, to))));
        }
    }
    pieces.sort_unstable();
    let again = pieces
        .windows(2)
        .find(|w| (w[0].0, w[0].1) == (w[1].0, w[1].1));
    assert!(again.is_none(), "{setting:?}: {again:02x?}");
}

#[test]
fn schedules_are_equal_and_bytes_are_not() {
    for setting in SETTINGS {
        if setting.suite == Suite::Gmw && setting.n > 7 {
            continue;
        }
        let (lanes, width) = setting.size;
        // Many parties record much.
        let lanes = if setting.n > 5 { lanes.min(65) } else { lanes };
        let program = everything(setting, lanes, width);
        check_traffic(setting, &program, |seed| data(lanes, width, seed));
    }
}

#[test]
fn loops_are_equal_and_bytes_are_not() {
    for setting in settings() {
        let all: &[u64] = match setting.n {
            ..=4 => &[1, 65, 300, 3000],
            5 => &[1, 65, 300],
            _ => &[1, 63],
        };
        for &lanes in all.iter().filter(|&&l| setting.products > 1000 || l <= 300) {
            // Where a shuffle's keys are told to several, all else is looked at without one too.
            let keys = setting.suite == Suite::Bgw && setting.t > 1;
            let kinds = match setting.shuffles() {
                true if keys => vec![true, false],
                shuffles => vec![shuffles],
            };
            for shuffles in kinds {
                let program = mixed(setting, lanes, shuffles);
                check_traffic(setting, &program, |seed| mixed_data(lanes, seed));
            }
        }
    }
}

/// An output for one party: when all is shared and computed, nobody else is sent anything.
#[test]
fn only_receivers_hear_of_an_output() {
    for setting in SETTINGS {
        let (n, last) = (setting.n as usize, setting.last());
        // Pairs that make transfers take long where there are many.
        if n > if setting.suite == Suite::Gmw { 3 } else { 7 } {
            continue;
        }
        let all = [(a(9), 0), (B, last), (a(9), last), (B, 1)].into_iter();
        for (domain, receiver) in all.filter(|(domain, _)| setting.offers(*domain)) {
            // What is opened, alike but for the output, which nobody has in the first.
            let program = |receivers: &[u32]| {
                let mut b = setting.builder();
                let x = b.input(0, domain, u(9), 300);
                let y = b.input(1, domain, u(9), 300);
                let op = match domain {
                    B => Op::Call(b.template(sum_template(9, 2))),
                    _ => Op::Mul,
                };
                let z = b.op(op, &[x, y], domain, u(9), 300);
                b.output(z, receivers);
                b.program
            };
            let data = inputs(&[&words(1, 9, 300), &words(2, 9, 300)]);
            let sent = |receivers: &[u32]| -> Vec<Vec<usize>> {
                let recordings = recorded(&program(receivers), &data);
                let len = |from, to| messages(&recordings, from, to).concat().len();
                (0..n)
                    .map(|from| (0..n).map(|to| len(from, to)).collect())
                    .collect()
            };
            let (nobody, one) = (sent(&[]), sent(&[receiver]));
            let mut more = 0;
            for (before, after) in nobody.iter().zip(&one) {
                for (to, (before, after)) in before.iter().zip(after).enumerate() {
                    if to == receiver as usize {
                        more += after - before;
                    } else {
                        assert_eq!(before, after, "{setting:?}, to {to}");
                    }
                }
            }
            assert!(more > 0, "{setting:?}");
        }
    }
}

/// Only what goes through the king, or what has one random element, is told to several: the links of all others are compared with
/// each other, those of the king too where it opens nothing.
#[test]
fn who_tells_all_alike_follows_from_the_program() {
    let with = |n: u32, t: u32, lanes: u64, shuffles: bool| -> Vec<bool> {
        let listed = |s: &Setting| (s.suite, s.n, s.t) == (Suite::Bgw, n, t);
        let setting = SETTINGS.into_iter().find(listed);
        let program = mixed(setting.expect("a listed setting"), lanes, shuffles);
        (0..n as usize)
            .map(|from| tells_all_alike(&program, from))
            .collect()
    };
    let alike = |n: u32, t: u32, lanes: u64| with(n, t, lanes, false);
    assert_eq!(alike(3, 1, 300), [false; 3]);
    assert_eq!(alike(3, 1, 3000), [false; 3]);
    assert_eq!(alike(4, 1, 300), [true; 4]);
    assert_eq!(alike(5, 2, 1), [false; 5]);
    assert_eq!(alike(5, 2, 300), [false; 5]);
    let large = alike(5, 2, 3000);
    assert_eq!(large, [true, false, false, false, false]);
    // A pair has a key in common; of three, the first tells the others one.
    assert_eq!(with(3, 1, 300, true), [false; 3]);
    let first_of_three = [true, true, true, false, false];
    assert_eq!(with(5, 2, 300, true), first_of_three);
}
