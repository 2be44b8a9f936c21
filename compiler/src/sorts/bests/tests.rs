//! What sorts say of the best rows is what comparing all pairs says.

use super::*;
use crate::passes::algebra::identity;
use crate::sorts::tests::finds_by_sorting;
use smpcc_circuit::splitmix::SplitMix;

#[test]
fn best_rows_are_found_by_sorting() {
    let mut random = SplitMix::new(5);
    for _ in 0..120 {
        let (n, m) = [(130, 140), (2, 9000), (9000, 2), (200, 90)][random.below(4) as usize];
        let mut b = Builder::new(3);
        let mut inputs: Vec<(Scalar, u64, u64)> = Vec::new();
        let mut what = format!("{n} {m}");
        let mut column = |b: &mut Builder, outer: bool, scalar: Scalar, most: u64| {
            let (lanes, dims) = match outer {
                true => (n, vec![(n, 1), (m, 0)]),
                false => (m, vec![(n, 0), (m, 1)]),
            };
            inputs.push((scalar, lanes, most));
            let input = b.input(u32::from(outer), "x", scalar, lanes);
            let at = b.constant(Scalar::USIZE, ConstVec::Affine { start: 0, dims });
            b.gather(input, at, 1)
        };
        let key = [Scalar::unsigned(8), Scalar::signed(125)][random.below(2) as usize];
        let most = [40, 200][random.below(2) as usize];
        let sides = [true, false].map(|outer| column(&mut b, outer, key, most));
        let mut hit = b.word(WordOp::Eq, &sides);
        if random.below(3) == 0 {
            what.push_str(" two keys");
            let sides = [true, false].map(|outer| column(&mut b, outer, Scalar::signed(5), 3));
            let also = b.word(WordOp::Eq, &sides);
            hit = b.word(WordOp::And, &[hit, also]);
        }
        for outer in [true, false] {
            if random.below(3) == 0 {
                what.push_str(&format!(" when {outer}"));
                let mut when = column(&mut b, outer, Scalar::Bool, 2);
                if random.below(2) == 0 {
                    when = b.word(WordOp::Not, &[when]);
                }
                hit = b.word(WordOp::And, &[hit, when]);
            }
        }
        let scalar = [Scalar::unsigned(7), Scalar::signed(12)][random.below(2) as usize];
        let values = column(&mut b, false, scalar, 1 << 7);
        let found = match random.below(3) {
            0 => {
                what.push_str(" latest");
                b.reduce_region(&[hit, values], n, |b, left, right| {
                    let any = b.word(WordOp::Or, &[left[0], right[0]]);
                    vec![any, b.word(WordOp::Select, &[right[0], right[1], left[1]])]
                })
            }
            which => {
                let op = [WordOp::Min, WordOp::Max][which as usize - 1];
                what.push_str(&format!(" {op:?}"));
                let none = b.splat(scalar, n * m, identity(op, scalar).unwrap());
                let chosen = b.word(WordOp::Select, &[hit, values, none]);
                vec![b.reduce(op, chosen, n)]
            }
        };
        for found in found {
            b.output(found, &[2]);
        }
        let ir = b.finish();
        finds_by_sorting(ir, &inputs, &mut random, &what, |ir| {
            run(ir, None, Vec::new())
        });
    }
}
