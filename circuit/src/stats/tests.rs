//! Predictions whose time must not follow what a program claims.

use super::*;
use crate::ids::{InputId, OutputId, ValueId};
use crate::program::{Domain, InputLeaf, Op, OutputLeaf, Region, Suite, ValueInfo};
use crate::sample::{self, node};
use crate::value::Scalar;

/// A square, squared again in so many loops of two turns each inside one another.
fn nested(depth: usize) -> Program {
    let number = ValueInfo {
        domain: Domain::Arithmetic { ring: 64 },
        scalar: Scalar::unsigned(64),
        lanes: 1,
    };
    let counter = ValueInfo {
        domain: Domain::Public,
        scalar: Scalar::USIZE,
        lanes: 1,
    };
    let looped = |inner: usize, x: ValueId, y: ValueId| {
        let op = Op::Loop {
            count: Some(2),
            body: inner as u32,
        };
        node(op, &[x], &[y])
    };
    let mut program = sample::empty(Suite::Rep3, 3);
    let (given, learnt) = (program.value(number), program.value(number));
    program.regions[0].nodes = vec![
        node(Op::Input(InputId(0)), &[], &[given]),
        looped(1, given, learnt),
        node(Op::Output(OutputId(0)), &[learnt], &[]),
    ];
    for level in 1..=depth {
        let i = program.value(counter);
        let (x, y) = (program.value(number), program.value(number));
        let inside = if level == depth {
            node(Op::Mul, &[x, x], &[y])
        } else {
            looped(level + 1, x, y)
        };
        program.regions.push(Region {
            params: vec![i, x],
            nodes: vec![inside],
            results: vec![y],
        });
    }
    program.inputs.push(InputLeaf {
        party: 0,
        path: "x".into(),
        scalar: number.scalar,
        lanes: 1,
        public: false,
        drawn: false,
        range: None,
    });
    program.outputs.push(OutputLeaf {
        receivers: vec![0],
        path: "y".into(),
        scalar: number.scalar,
        lanes: 1,
    });
    program
}

#[test]
fn a_nest_of_loops_is_followed_once() {
    for depth in [3, 60] {
        let turns = 1u64 << depth;
        let stats = stats(&nested(depth), &Known::default());
        assert_eq!(stats.totals.mul, Some(turns));
        // The input, the products one after the other, the output.
        assert_eq!(stats.totals.rounds, Some(turns + 2), "{depth} loops");
        let path = stats.critical_path.expect("a straight program");
        assert_eq!(path.iter().map(|p| p.rounds).sum::<u64>(), turns + 2);
        // Levels are followed turn by turn until they are seen to grow evenly: where that takes too long nothing is said.
        let depth_of_products = (depth == 3).then_some(turns);
        assert_eq!(stats.totals.mul_depth, depth_of_products);
    }
}

#[test]
fn what_is_opened_is_counted_as_often_as_it_runs() {
    let program = nested(3);
    let y = ValueId(1);
    for (op, args, results, openings) in [
        (Op::Output(OutputId(0)), &[y][..], &[][..], 8),
        (Op::Reveal, &[y][..], &[y][..], 8),
        (Op::Mul, &[y, y][..], &[y][..], 0),
    ] {
        let mut sums = Sums::new(&program);
        for _ in 0..2 {
            sums.add(&Sums::of(
                &program,
                &node(op.clone(), args, results),
                &Shape::of(&program),
                4,
            ));
        }
        assert_eq!(sums.openings, openings, "{op:?}");
    }
}
