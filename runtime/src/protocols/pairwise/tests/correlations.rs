//! Correlations against their ideal functionality: what all parties' pools hold fits together, and is random.

use smpcc_circuit::cost::{Correlation, Demand, preparation_rounds, prepared, setup};
use smpcc_circuit::program::{Op, Program, Suite};
use smpcc_circuit::value::{Scalar, mask};

use super::{B, SUITES, Y, builder};
use crate::engine::testing::{a, u};
use crate::exchange::Exchange;
use crate::mask::Mask;
use crate::net::{Mesh, Options, memory};
use crate::party::PartyNames;
use crate::protocols::conformance::templates::and_template;
use crate::protocols::pairwise::Pairwise;
use crate::protocols::pairwise::pool::{BitTriples, DaBits, LabelTransfers, Triples};
use crate::protocols::{Preparation, Step, Suite as _};
use crate::session::Session;
use smpcc_circuit::cost::Delay;

/// A program that says how many transfers there are: `lanes` ANDs, products, bits and labels.
fn program(suite: (Suite, u32), lanes: u64) -> Program {
    let mut b = builder(suite);
    let bit = b.input(0, B, Scalar::Bool, lanes);
    let and = b.template(and_template());
    let bit = b.op(Op::Call(and), &[bit, bit], B, Scalar::Bool, lanes);
    for ring in [1, 7, 64, 128] {
        let x = b.op(Op::InjectBit, &[bit], a(ring), u(ring), lanes);
        if ring > 1 && (lanes >= 64 || ring == 7) {
            b.op(Op::Mul, &[x, x], a(ring), u(ring), lanes);
        }
    }
    if suite.0 == Suite::TwoParty {
        b.op(Op::BooleanToYao, &[bit], Y, Scalar::Bool, lanes);
    }
    b.program
}

/// Runs a machine to its end; what it sent and how long it took.
fn finish(
    machine: Preparation<Pairwise>,
    suite: &mut Pairwise,
    wire: &mut Exchange<'_>,
) -> (u64, u32) {
    let Some(mut machine) = machine else {
        return (0, 0);
    };
    let before = wire.bytes_sent();
    loop {
        match machine.step(suite, wire).unwrap_or_else(|e| panic!("{e}")) {
            Step::Waiting => wire.end_tick().unwrap(),
            Step::Done(_, Delay::Rounds(rounds)) => {
                return (wire.bytes_sent() - before, rounds);
            }
            Step::Done(..) => panic!("a preparation takes rounds among all"),
        }
    }
}

/// Sets all parties up, makes a demand in two parts and takes it by `take`; checks bytes and rounds.
fn made<T: Send>(
    program: &Program,
    demands: &[Demand],
    take: impl Fn(&mut Pairwise) -> T + Sync,
) -> Vec<T> {
    let n = program.n_parties as usize;
    let take = &take;
    std::thread::scope(|scope| {
        let threads: Vec<_> = memory::links(n)
            .unwrap()
            .into_iter()
            .map(|links| {
                scope.spawn(move || {
                    let me = links.me.index();
                    let names = PartyNames::plain(n);
                    let mesh = Mesh::new(links, names, Options::default()).unwrap();
                    let mut session = Session::local(mesh, [7; 32]);
                    let mut suite = Pairwise::new(program, &session).unwrap();
                    let mut wire = Exchange::new(&mut session);
                    let machine = suite.setup(program).unwrap();
                    let cost = setup(program);
                    let got = finish(machine, &mut suite, &mut wire);
                    assert_eq!(got, (cost.sent[me], cost.rounds), "setup");
                    for demand in demands {
                        let machine = suite.prepare(program, demand).unwrap();
                        let got = finish(machine, &mut suite, &mut wire);
                        let sent = prepared(program, demand)[me];
                        let rounds = preparation_rounds(program, demand);
                        assert_eq!(got, (sent, rounds), "party {me}: {demand:?}");
                    }
                    wire.end_tick().unwrap();
                    let taken = take(&mut suite);
                    assert!(suite.pools.is_empty(), "something is left");
                    session.close().unwrap();
                    taken
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    })
}

/// About half of many random bits are set.
fn assert_balanced(ones: usize, n: usize, what: &str) {
    let deviation = (ones as f64 - n as f64 / 2.0).abs() / (n as f64 / 4.0).sqrt();
    assert!(deviation < 6.5, "{what}: {ones} of {n}");
}

#[test]
fn bit_triples_multiply() {
    for suite in SUITES {
        for (lanes, counts) in [(40, vec![8, 32]), (150_000, vec![8, 150_000 - 8])] {
            let demands: Vec<_> = counts
                .iter()
                .map(|&n| Demand::of(Correlation::BitTriple, n))
                .collect();
            let all: Vec<BitTriples> = made(&program(suite, lanes), &demands, |suite| {
                suite.pools.take_bits(lanes as usize).unwrap()
            });
            let mut ones = [0; 3];
            for i in 0..lanes as usize {
                let xor = |of: fn(&BitTriples) -> &super::super::pool::BitRun| {
                    all.iter().fold(false, |sum, t| sum ^ of(t).get(i))
                };
                let (a, b, c) = (xor(|t| &t.a), xor(|t| &t.b), xor(|t| &t.c));
                assert_eq!(c, a & b, "{suite:?}: triple {i}");
                for (ones, bit) in ones.iter_mut().zip([a, b, all[1].c.get(i)]) {
                    *ones += usize::from(bit);
                }
            }
            if lanes > 1000 {
                for ones in ones {
                    assert_balanced(ones, lanes as usize, "a, b, or a share of ab");
                }
            }
        }
    }
}

#[test]
fn triples_multiply() {
    for suite in SUITES {
        for (ring, lanes, count) in [(7u8, 8, 8), (7, 3000, 3000), (64, 64, 1500), (128, 64, 16)] {
            let demand = Demand::of(Correlation::Triple { ring }, count);
            let ring = u32::from(ring);
            let all: Vec<Triples> = made(&program(suite, lanes), &[demand], |suite| {
                suite.pools.take_triples(ring, count as usize).unwrap()
            });
            let mut ones = [0; 4];
            for i in 0..count as usize {
                let add = |sum: u128, x: u128| sum.wrapping_add(x);
                let a = all.iter().map(|t| t.a.get(i)).fold(0, add);
                let b = all.iter().map(|t| t.b.get(i)).fold(0, add);
                let c = all.iter().map(|t| t.c.get(i)).fold(0, add);
                let product = a.wrapping_mul(b) & mask(ring);
                assert_eq!(
                    c & mask(ring),
                    product,
                    "{suite:?}: triple {i} of ring {ring}"
                );
                let bits = [a, b, all[0].c.get(i), all[1].c.get(i)].map(|x| x >> (ring - 1) & 1);
                ones.iter_mut()
                    .zip(bits)
                    .for_each(|(ones, bit)| *ones += bit as usize);
            }
            if count > 1000 {
                // A product's top bit is not balanced, but shares are.
                for ones in ones {
                    assert_balanced(ones, count as usize, "top bits");
                }
            }
        }
    }
}

#[test]
fn random_bits_agree_in_both_sharings() {
    for suite in SUITES {
        for ring in [1u8, 7, 64, 128] {
            let lanes = if ring == 7 { 70_000 } else { 72 };
            let demand = Demand::of(Correlation::DaBit { ring }, lanes);
            let ring = u32::from(ring);
            let all: Vec<DaBits> = made(&program(suite, lanes), &[demand], |suite| {
                suite.pools.take_dabits(ring, lanes as usize).unwrap()
            });
            let mut ones = 0;
            for i in 0..lanes as usize {
                let bit = all.iter().fold(false, |sum, d| sum ^ d.bits.get(i));
                let add = |sum: u128, d: &DaBits| sum.wrapping_add(d.elements.get(i));
                let number = all.iter().fold(0, add) & mask(ring);
                assert_eq!(number, u128::from(bit), "{suite:?}: bit {i} of ring {ring}");
                ones += usize::from(bit);
            }
            if lanes > 1000 {
                assert_balanced(ones, lanes as usize, "bits");
            }
        }
    }
}

#[test]
fn labels_differ_by_the_offset_where_chosen() {
    for lanes in [8, 120, 128, 70_000] {
        let demand = Demand::of(Correlation::Label, lanes);
        let all: Vec<(LabelTransfers, _)> = made(&program(SUITES[0], lanes), &[demand], |suite| {
            let evaluates = suite.me == super::super::yao::EVALUATOR;
            let taken = suite.pools.take_labels(lanes as usize, evaluates).unwrap();
            (taken, suite.yao.as_ref().unwrap().garbling.offset())
        });
        let [(zeros, delta), (held, none)] = &all[..] else {
            panic!("two parties");
        };
        assert!(none.0 == 0 && delta.colour() == 1);
        let mut ones = 0;
        for i in 0..lanes as usize {
            let choice = held.choices.get(i);
            assert!(held.labels[i] == zeros.labels[i] ^ delta.select(Mask::public(choice)));
            ones += usize::from(choice);
        }
        if lanes > 1000 {
            assert_balanced(ones, lanes as usize, "choices");
        }
    }
}
