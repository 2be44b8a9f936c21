//! Rounding to integers: the bits of the fraction that are worth less than one, as a mask, and a sum that carries over them.

use super::super::add::add_carry;
use super::super::compare::{and_all, or_all};
use super::super::word::zero_extend;
use super::shift::amount_bits;
use super::{Form, constant};
use smpcc_circuit::float::FloatOp;
use smpcc_circuit::template::{Builder, Lit};

/// `x` rounded to an integer.
pub(super) fn whole(b: &mut Builder, op: FloatOp, x: &[Lit], form: Form) -> Vec<Lit> {
    let (n, e) = (form.format.fraction as usize, form.exponent());
    let sign = x[n + e];
    let magnitude = &x[..n + e];
    // One more than the exponent: its bit e − 1 says that it is at least the bias, and what is below counts bits before the point.
    let next = add_carry(
        b,
        &zero_extend(&x[n..n + e], e + 1),
        &constant(1, e + 1),
        Lit::FALSE,
        form.objective,
    );
    let small = b.and(!next[e - 1], !next[e]);
    let stages = amount_bits(n + 1);
    let mut high = next[stages..e - 1].to_vec();
    high.push(next[e]);
    let all = or_all(b, &high);
    let count: Vec<Lit> = next[..stages]
        .iter()
        .map(|&bit| {
            let bit = b.or(bit, all);
            b.and(bit, !small)
        })
        .collect();
    let at_least = thermometer(b, &count);
    // Bit i is kept if there are at least n − i before the point.
    let keep: Vec<Lit> = (0..n).map(|i| at_least[n - i - 1]).collect();

    let up = match op {
        FloatOp::Floor => sign,
        FloatOp::Ceil => !sign,
        _ => Lit::FALSE,
    };
    let mut addend: Vec<Lit> = (0..n)
        .map(|i| {
            if op == FloatOp::Round {
                let above = keep.get(i + 1).copied().unwrap_or(Lit::TRUE);
                b.xor(keep[i], above)
            } else {
                b.and(!keep[i], up)
            }
        })
        .collect();
    addend.resize(n + e, Lit::FALSE);
    let sum = add_carry(b, magnitude, &addend, Lit::FALSE, form.objective);

    // Below one there is nothing but zero and one.
    let one = match op {
        FloatOp::Floor | FloatOp::Ceil => {
            let any = or_all(b, magnitude);
            b.and(any, up)
        }
        FloatOp::Round => and_all(b, &next[..e - 1]),
        _ => Lit::FALSE,
    };
    let one = b.and(one, small);
    let mut word: Vec<Lit> = (0..n).map(|i| b.and(sum[i], keep[i])).collect();
    for i in 0..e {
        let bit = b.and(sum[n + i], !small);
        word.push(if i < e - 1 { b.xor(bit, one) } else { bit });
    }
    word.push(sign);
    word
}

/// Of a number whether it is at least 1, 2, and so on: one AND for each two answers.
fn thermometer(b: &mut Builder, bits: &[Lit]) -> Vec<Lit> {
    let Some((&top, low)) = bits.split_last() else {
        return Vec::new();
    };
    let low = thermometer(b, low);
    let both: Vec<Lit> = low.iter().map(|&l| b.and(top, l)).collect();
    let mut out: Vec<Lit> = low
        .iter()
        .zip(&both)
        .map(|(&l, &both)| {
            let either = b.xor(top, l);
            b.xor(either, both)
        })
        .collect();
    out.push(top);
    out.extend(both);
    out
}
