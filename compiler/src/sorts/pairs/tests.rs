//! What sorts say of all pairs is what comparing all pairs says.

use super::*;
use crate::sorts::tests::finds_by_sorting;
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::{Piece, Word};

/// A program that compares all pairs in a form that `random` draws, its inputs' types with a bound of their words, and its form in words.
fn drawn(random: &mut SplitMix) -> (Ir, Vec<(Scalar, u64, u64)>, String) {
    let (n, m) =
        [(130, 140), (2, 9000), (9000, 2), (300, 60), (128, 128)][random.below(5) as usize];
    let mut b = Builder::new(3);
    let mut inputs = Vec::new();
    let mut what = format!("{n} {m}");
    let pick = |random: &mut SplitMix, name: &str, one_in: u64, what: &mut String| {
        let is = random.below(one_in) == 0;
        if is {
            what.push(' ');
            what.push_str(name);
        }
        is
    };
    let signed = pick(random, "signed", 3, &mut what);
    let key = match signed {
        true => Scalar::signed(9),
        false => Scalar::unsigned(9),
    };
    let total = pick(random, "total", 2, &mut what);
    let sideways = !total && pick(random, "sideways", 2, &mut what);
    let mut at = |b: &mut Builder, scalar: Scalar, outer: bool, most: u64| {
        let lanes = if outer { n } else { m };
        let input = b.input(u32::from(outer), "x", scalar, lanes);
        inputs.push((scalar, lanes, most));
        let dims = match (outer, sideways) {
            (true, false) => vec![(n, 1), (m, 0)],
            (false, false) => vec![(n, 0), (m, 1)],
            (true, true) => vec![(m, 0), (n, 1)],
            (false, true) => vec![(m, 1), (n, 0)],
        };
        // A list is repeated as one block, too.
        let (times, rows) = if outer { (m, n) } else { (n, m) };
        match outer == sideways {
            true if most == 2 => {
                let word = 0;
                let places = b.constant(Scalar::USIZE, ConstVec::Splat { lanes: times, word });
                b.gather(input, places, rows)
            }
            _ => {
                let places = b.constant(Scalar::USIZE, ConstVec::Affine { start: 0, dims });
                b.gather(input, places, 1)
            }
        }
    };
    let (outer, inner) = (at(&mut b, key, true, 40), at(&mut b, key, false, 40));
    let [x, y] = match pick(random, "turned", 2, &mut what) {
        true => [outer, inner],
        false => [inner, outer],
    };
    let op = [WordOp::Eq, WordOp::Ne, WordOp::Lt, WordOp::Le][random.below(4) as usize];
    what.push_str(&format!(" {op:?}"));
    let mut hit = b.word(op, &[x, y]);
    if pick(random, "not", 4, &mut what) {
        hit = b.word(WordOp::Not, &[hit]);
    } else if op == WordOp::Eq && pick(random, "two keys", 2, &mut what) {
        // Two that fit into one, or not.
        let other = [Scalar::signed(5), Scalar::signed(125)][random.below(2) as usize];
        let keys = [at(&mut b, other, false, 3), at(&mut b, other, true, 3)];
        let also = b.word(WordOp::Eq, &keys);
        hit = b.word(WordOp::And, &[hit, also]);
    }
    let mut is_one = !what.contains("two keys");
    for outer in [false, true] {
        if pick(random, "when", 3, &mut what) {
            is_one = false;
            let when = at(&mut b, Scalar::Bool, outer, 2);
            hit = b.word(WordOp::And, &[when, hit]);
        }
    }
    let segments = if total { 1 } else { n };
    let standing = |b: &mut Builder, terms: ValueId| match sideways {
        true => {
            let dims = vec![(n, 1), (m, n.into())];
            let places = b.constant(Scalar::USIZE, ConstVec::Affine { start: 0, dims });
            b.gather(terms, places, 1)
        }
        false => terms,
    };
    let sums = if pick(random, "any", 4, &mut what) {
        let hit = standing(&mut b, hit);
        let op = [WordOp::Or, WordOp::And][random.below(2) as usize];
        b.reduce(op, hit, segments)
    } else {
        // Of fewer bits than the sums have, or of more.
        let scalar = match random.below(3) {
            0 => Scalar::unsigned(6),
            1 => Scalar::signed(40),
            _ => Scalar::unsigned(16),
        };
        what.push_str(&format!(" {scalar:?}"));
        let terms = match random.below(3) {
            0 => b.cast(hit, scalar),
            side => {
                let values = Scalar::signed(12);
                let brought = at(&mut b, values, side == 1, 1 << 12);
                what.push_str(if side == 1 { " asker's" } else { " rows'" });
                // Widened before they are chosen, or after, or not.
                let middle = [values, scalar, Scalar::signed(20)][random.below(3) as usize];
                what.push_str(&format!(" by {middle:?}"));
                let brought = match middle == values {
                    true => brought,
                    false => b.cast(brought, middle),
                };
                let none = b.splat(middle, n * m, 0);
                let chosen = match is_one && pick(random, "otherwise", 2, &mut what) {
                    true => [hit, none, brought],
                    false => [hit, brought, none],
                };
                let terms = b.word(WordOp::Select, &chosen);
                match middle == scalar {
                    true => terms,
                    false => b.cast(terms, scalar),
                }
            }
        };
        let terms = standing(&mut b, terms);
        b.reduce(WordOp::Add, terms, segments)
    };
    b.output(sums, &[2]);
    (b.finish(), inputs, what)
}

/// A program that compares the rows of one list with those before or behind them.
fn triangle(random: &mut SplitMix) -> (Ir, Vec<(Scalar, u64, u64)>, String) {
    let n = [220, 241][random.below(2) as usize];
    let span = [Among::Earlier, Among::Later][random.below(2) as usize];
    let mut b = Builder::new(3);
    let mut what = format!("{n} {span:?}");
    let total = random.below(2) == 0;
    let some = match random.below(3) {
        0 if total => 7..n - 9,
        1 if total => match span {
            Among::Earlier => 20..n,
            Among::All | Among::Later => 0..n - 20,
        },
        _ => 0..n,
    };
    what.push_str(&format!(" {some:?}"));
    let (outer, inner) = places(n, n, span, some);
    let pairs = outer.lanes();
    let at = [outer, inner].map(|at| b.constant(Scalar::USIZE, at));
    let mut inputs = Vec::new();
    let mut list = |b: &mut Builder, scalar: Scalar, most: u64| {
        inputs.push((scalar, n, most));
        b.input(0, "x", scalar, n)
    };
    let key = list(&mut b, Scalar::unsigned(7), 40);
    let mut hit = {
        let sides = at.map(|at| b.gather(key, at, 1));
        b.word(WordOp::Eq, &sides)
    };
    if random.below(2) == 0 {
        let other = list(&mut b, Scalar::signed(4), 3);
        let sides = at.map(|at| b.gather(other, at, 1));
        let also = b.word(WordOp::Eq, &sides);
        hit = b.word(WordOp::And, &[also, hit]);
        what.push_str(" two keys");
    }
    for (side, at) in at.into_iter().enumerate() {
        if random.below(3) == 0 {
            let when = list(&mut b, Scalar::Bool, 2);
            let when = b.gather(when, at, 1);
            hit = b.word(WordOp::And, &[hit, when]);
            what.push_str(&format!(" when {side}"));
        }
    }
    let scalar = [Scalar::unsigned(6), Scalar::signed(30)][random.below(2) as usize];
    let (op, terms) = match random.below(4) {
        0 if random.below(2) == 0 => (WordOp::And, b.word(WordOp::Not, &[hit])),
        0 => (WordOp::Or, hit),
        1 => (WordOp::Add, b.cast(hit, scalar)),
        side => {
            let values = list(&mut b, scalar, 1 << 6);
            let brought = b.gather(values, at[side as usize - 2], 1);
            let none = b.splat(scalar, pairs, 0);
            what.push_str(&format!(" by {side}"));
            (WordOp::Add, b.word(WordOp::Select, &[hit, brought, none]))
        }
    };
    let sums = if total {
        what.push_str(" total");
        b.reduce(op, terms, 1)
    } else {
        // Rows of n - 1 places, or of more, of which some are zero.
        let len = n - 1 + random.below(3);
        let fill = (0..n).filter_map(|i| {
            let filled = if span == Among::Earlier { i } else { n - 1 - i };
            (filled > 0).then(|| Piece {
                start: Word::from(i * len),
                dims: vec![(filled, 1)],
            })
        });
        let fill = b.constant(Scalar::USIZE, ConstVec::Pieces(fill.collect()));
        let ty = b.ty(terms).scalar;
        let empty = b.splat(ty, n * len, (op == WordOp::And).into());
        let filled = b.scatter(empty, fill, terms, 1);
        b.reduce(op, filled, n)
    };
    b.output(sums, &[2]);
    (b.finish(), inputs, what)
}

/// A program that adds several terms for each pair, by conditions with "or", "else" and bounds in them.
fn mixed(random: &mut SplitMix) -> (Ir, Vec<(Scalar, u64, u64)>, String) {
    let (n, m) = [(130, 140), (2, 9000), (200, 100), (128, 128)][random.below(4) as usize];
    let mut b = Builder::new(3);
    let mut what = format!("{n} {m}");
    let mut inputs = Vec::new();
    let total = random.below(2) == 0;
    let key = [Scalar::unsigned(7), Scalar::signed(8)][random.below(2) as usize];
    let mut lists = [true, false].map(|outer| {
        let lanes = if outer { n } else { m };
        let mut columns = Vec::new();
        for (scalar, most) in [
            (key, 40),
            (key, 40),
            (Scalar::signed(5), 4),
            (Scalar::Bool, 2),
            (Scalar::unsigned(10), 1 << 10),
        ] {
            inputs.push((scalar, lanes, most));
            columns.push(b.input(u32::from(outer), "x", scalar, lanes));
        }
        columns
    });
    // Later than another, so that bounds are in order, or not.
    let by = b.splat(key, n, 5);
    let [mut low, high] = [lists[0][0], lists[0][1]];
    if random.below(2) == 0 {
        low = b.word(WordOp::Add, &[high, by]);
    }
    lists[0][0] = low;
    let (outer, inner) = places(n, m, Among::All, 0..n);
    let at = [outer, inner].map(|at| b.constant(Scalar::USIZE, at));
    let [x, y] = [0, 1].map(|side| {
        let each = |&list: &ValueId| b.gather(list, at[side], 1);
        lists[side].iter().map(each).collect::<Vec<_>>()
    });
    let hit = |random: &mut SplitMix, b: &mut Builder, what: &mut String| {
        let kind = random.below(9);
        what.push_str(&format!(" hit {kind}"));
        let both = |b: &mut Builder, ops: [(WordOp, ValueId, ValueId); 2]| {
            let [p, q] = ops.map(|(op, p, q)| b.word(op, &[p, q]));
            let op = if kind == 5 { WordOp::Or } else { WordOp::And };
            b.word(op, &[p, q])
        };
        let (below, up_to) = (WordOp::Lt, WordOp::Le);
        let op = |random: &mut SplitMix| [below, up_to][random.below(2) as usize];
        let (first, second) = (op(random), op(random));
        match kind {
            0 => b.word(first, &[y[0], x[0]]),
            1 => b.word(WordOp::Eq, &[x[0], y[0]]),
            // Between two bounds.
            2 => both(b, [(first, x[0], y[0]), (second, y[0], x[1])]),
            // Of the same group, and before.
            3 => both(b, [(WordOp::Eq, x[2], y[2]), (second, y[0], x[1])]),
            // The same, between two bounds.
            4 => {
                let between = both(b, [(first, x[0], y[0]), (second, y[0], x[1])]);
                let also = b.word(WordOp::Eq, &[y[2], x[2]]);
                b.word(WordOp::And, &[between, also])
            }
            5 => both(b, [(WordOp::Eq, x[2], y[2]), (WordOp::Eq, y[0], x[1])]),
            // Near each other, or not.
            6 | 7 => {
                let [up, down] = [[y[4], x[4]], [x[4], y[4]]].map(|v| b.word(WordOp::Sub, &v));
                let less = b.word(first, &[x[4], y[4]]);
                let apart = b.word(WordOp::Select, &[less, up, down]);
                let most = b.splat(Scalar::unsigned(10), n * m, 300);
                let words = if kind == 6 {
                    [apart, most]
                } else {
                    [most, apart]
                };
                let op = [below, up_to, WordOp::Ne][random.below(3) as usize];
                let near = b.word(op, &words);
                let also = b.word(WordOp::Eq, &[y[2], x[2]]);
                b.word(WordOp::And, &[near, also])
            }
            _ => {
                let other = b.word(WordOp::Ne, &[x[0], y[0]]);
                b.word(WordOp::And, &[other, y[3]])
            }
        }
    };
    let scalar = [Scalar::unsigned(9), Scalar::signed(40)][random.below(2) as usize];
    let zero = b.splat(scalar, n * m, 0);
    let kind = random.below(7);
    what.push_str(&format!(" {scalar:?} terms {kind}"));
    let brought = |b: &mut Builder, of: &[ValueId]| b.cast(of[4], scalar);
    let segments = if total { 1 } else { n };
    let mut op = WordOp::Add;
    let terms = match kind {
        0 => {
            let (when, otherwise) = (brought(&mut b, &x), brought(&mut b, &y));
            let hit = hit(random, &mut b, &mut what);
            b.word(WordOp::Select, &[hit, when, otherwise])
        }
        1 => {
            let (two, three) = (b.splat(scalar, n * m, 2), b.splat(scalar, n * m, 3));
            let also = b.word(WordOp::Eq, &[y[0], x[0]]);
            let inner = b.word(WordOp::Select, &[also, three, zero]);
            let more = b.word(WordOp::Lt, &[x[0], y[0]]);
            b.word(WordOp::Select, &[more, two, inner])
        }
        2 => {
            let ends = [WordOp::Max, WordOp::Min][random.below(2) as usize];
            let best = b.word(ends, &[x[0], y[0]]);
            b.cast(best, scalar)
        }
        3 => {
            // How far they are apart.
            let less = b.word(WordOp::Lt, &[x[4], y[4]]);
            let up = b.word(WordOp::Sub, &[y[4], x[4]]);
            let down = b.word(WordOp::Sub, &[x[4], y[4]]);
            let apart = b.word(WordOp::Select, &[less, up, down]);
            b.cast(apart, scalar)
        }
        4 => {
            let product = [brought(&mut b, &x), brought(&mut b, &y)];
            let product = b.word(WordOp::Mul, &product);
            let hit = hit(random, &mut b, &mut what);
            b.word(WordOp::Select, &[hit, product, zero])
        }
        5 => {
            let hit = hit(random, &mut b, &mut what);
            let hit = b.word(WordOp::And, &[hit, x[3]]);
            b.cast(hit, scalar)
        }
        _ => {
            op = WordOp::Or;
            hit(random, &mut b, &mut what)
        }
    };
    let sums = b.reduce(op, terms, segments);
    b.output(sums, &[2]);
    (b.finish(), inputs, what)
}

#[test]
fn all_pairs_are_found_by_sorting() {
    let mut random = SplitMix::new(11);
    for round in 0..450 {
        let (ir, inputs, what) = match round {
            0..150 => drawn(&mut random),
            150..250 => triangle(&mut random),
            _ => mixed(&mut random),
        };
        finds_by_sorting(ir, &inputs, &mut random, &what, |ir| {
            run(ir, None, Vec::new())
        });
    }
}
