//! Every way of writing gives what the interpreter says, and the cheapest is taken.

use super::*;
use crate::ir::interpret::interpret;
use crate::session::{LocalChoice, Network, ObjectiveChoice, Options, ProtocolChoice};
use smpcc_circuit::cost::Costs;
use smpcc_circuit::program::{Suite, Threat};
use smpcc_circuit::splitmix::SplitMix;

fn given(random: &mut SplitMix, ir: &Ir) -> Vec<Vec<Word>> {
    let words = |lanes: u64, most: u64, random: &mut SplitMix| -> Vec<Word> {
        (0..lanes).map(|_| random.below(most).into()).collect()
    };
    (ir.inputs.iter())
        .map(|leaf| {
            let most = if leaf.path == "i" { 12 } else { 1 << 7 };
            words(leaf.lanes, most, random)
        })
        .collect()
}

#[test]
fn every_way_writes_the_last_element_at_each_place() {
    let mut random = SplitMix::new(3);
    let u = Scalar::unsigned;
    for _ in 0..60 {
        let one = |random: &mut SplitMix| (u(8 + random.below(30) as u8), 1 + random.below(3));
        let elements = (0..1 + random.below(3)).map(|_| one(&mut random));
        let shape = Shape {
            elements: elements.collect(),
            scalar: [u(4), u(32), u(64)][random.below(3) as usize],
            groups: [1, 1, 3][random.below(3) as usize],
            n: [1, 2, 7, 8, 9, 40][random.below(6) as usize],
            q: 2 + random.below(30),
            protocol: None,
        };
        let ir = program(&shape, 2);
        let given = given(&mut random, &ir);
        let expected = interpret(&ir, &given).unwrap().outputs;
        for (at, way) in WAYS.into_iter().enumerate() {
            let mut n_asked = 0;
            let ir = written(ir.clone(), &[], &mut |_| {
                n_asked += 1;
                way
            });
            crate::ir::verify::verify(&ir).unwrap();
            assert!(spans(&ir).is_empty());
            assert_eq!(n_asked, 1, "all arrays at once");
            let found = interpret(&ir, &given).unwrap().outputs;
            assert_eq!(found, expected, "way {at}, {shape:?}");
        }
    }
}

/// What waits for a write keeps its place behind it, and other places are other writes.
#[test]
fn writes_that_wait_for_each_other_are_apart() {
    let u = Scalar::unsigned;
    let mut b = Builder::new(2);
    let [i, j] = ["i", "i"].map(|name| b.input(0, name, u(8), 20));
    let x = b.input(0, "x", u(8), 20);
    let w = b.input(1, "w", u(8), 10);
    let op = Op::WriteSecret {
        block: 1,
        groups: 1,
    };
    let first = b.inferred(op.clone(), &[w, i, x]);
    let sum = b.word(WordOp::Add, &[first, w]);
    let other = b.inferred(op.clone(), &[w, i, x]);
    let waits = b.inferred(op.clone(), &[sum, i, x]);
    let elsewhere = b.inferred(op.clone(), &[w, j, x]);
    let last = b.inferred(op, &[w, i, x]);
    for value in [first, other, waits, elsewhere, last] {
        b.output(value, &[0]);
    }
    let ir = b.finish();
    let given = given(&mut SplitMix::new(4), &ir);
    let expected = interpret(&ir, &given).unwrap().outputs;
    for way in WAYS {
        let mut sizes = Vec::new();
        let ir = written(ir.clone(), &[], &mut |shape| {
            sizes.push(shape.elements.len());
            way
        });
        crate::ir::verify::verify(&ir).unwrap();
        assert_eq!(sizes, [2, 1, 1, 1]);
        assert_eq!(interpret(&ir, &given).unwrap().outputs, expected);
    }
}

/// Few rows are written one after the other where that can be garbled, or else by choices, and many are sorted where rows are shuffled.
#[test]
fn the_cheapest_way_is_taken() {
    let way = |suite: Suite, n_parties: u32, threat: Threat, n: u64, q: u64| {
        let options = Options {
            suite,
            threat,
            threshold: 1,
            protocol: ProtocolChoice::Auto,
            local: LocalChoice::Off,
            objective: ObjectiveChoice::Auto,
            network: Network::LAN,
            costs: Costs::SHIPPED,
            opt: 2,
        };
        let shape = Shape {
            scalar: Scalar::unsigned(8),
            groups: 1,
            n,
            q,
            elements: vec![(Scalar::unsigned(32), 1)],
            protocol: None,
        };
        let sorter = Sorter {
            options: &options,
            n_parties,
        };
        let ir = run(program(&shape, n_parties), sorter, &[]);
        let has = |wanted: fn(&Op) -> bool| ir.body.nodes.iter().any(|node| wanted(&node.op));
        match () {
            () if has(|op| matches!(op, Op::Sort { .. })) => "sorts",
            () if has(|op| matches!(op, Op::Reduce { .. })) => "choices",
            () => "rows",
        }
    };
    let honest = Threat::SemiHonest;
    assert_eq!(way(Suite::TwoParty, 2, honest, 17, 16), "rows");
    assert_eq!(way(Suite::TwoParty, 2, honest, 64, 1_000), "sorts");
    assert_eq!(way(Suite::Gmw, 2, honest, 17, 8), "choices");
    assert_eq!(way(Suite::Rep3, 3, honest, 300, 4_000), "sorts");
    assert_eq!(
        way(Suite::TwoParty, 2, Threat::Malicious, 17, 1_000),
        "choices"
    );
}
