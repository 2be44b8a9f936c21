//! Passes over a whole circuit, bit by bit: equal functions merged, sums of products rewritten, ripple adders made shallow.
//!
//! Every pass is an identity of XOR-AND graphs. For size: wires with one linear form are one wire and ANDs on one plane
//! are one AND ([`net`]), products that are only used as a sum become as few as a quadratic form of that rank needs
//! ([`quadratic`]), cones of few operands become their class's smallest circuit ([`cones`]), equal wires that look
//! different are found by simulation ([`sweep`]), and what no output needs goes. For depth, in addition, trees are balanced and ripple adders get carry
//! networks ([`shallow`]).

mod affine;
mod chains;
mod cones;
mod net;
mod quadratic;
mod shallow;
mod sweep;
mod uses;

use super::Objective;
use smpcc_circuit::template::{Lit, Template};

/// Rounds of the passes for size.
const MOST_ROUNDS: usize = 4;

/// The same function with fewer ANDs, or with less depth and then fewer ANDs; never worse in that order.
pub fn optimise(template: &Template, objective: Objective) -> Template {
    match objective {
        Objective::Size => small(template, true),
        // Chains are found in their size form only, so there is nothing to choose in between.
        Objective::Balanced | Objective::Depth => {
            let start = small(template, false);
            let better = shallow::shallow(&start);
            if cost(&better) < cost(&start) {
                better
            } else {
                start
            }
        }
    }
}

/// [`optimise`] for what generators made in the form of `objective`: between the forms, adders stay as they are.
pub(crate) fn rewrite(template: &Template, objective: Objective) -> Template {
    match objective {
        Objective::Balanced => small(template, false),
        Objective::Size | Objective::Depth => optimise(template, objective),
    }
}

/// Fewer ANDs; unless `any_level`, no more depth.
fn small(template: &Template, any_level: bool) -> Template {
    let mut best = sweep::merge_equal(&net::merged(template, any_level), any_level);
    for _ in 0..MOST_ROUNDS {
        let next = cones::rewrite(&quadratic::share(&best, any_level), any_level);
        let saved = best.n_and().saturating_sub(next.n_and());
        if saved > 0 && (any_level || next.and_depth() <= best.and_depth()) {
            best = next;
        }
        if saved * 256 <= best.n_and() {
            break;
        }
    }
    best
}

fn cost(template: &Template) -> (u32, u64) {
    (template.and_depth(), template.n_and())
}

fn flipped(lit: Lit, flip: bool) -> Lit {
    if flip { !lit } else { lit }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Values, evaluate, exhaustive, random};
    use super::super::{add, less_than, subtract};
    use super::*;
    use smpcc_circuit::template::Builder;
    use smpcc_circuit::value::Word;

    const BOTH: [Objective; 2] = [Objective::Size, Objective::Depth];

    /// The optimised circuit; it must be no worse, and the same on these lanes.
    fn checked(circuit: &Template, objective: Objective, lanes: &[Vec<Word>]) -> Template {
        let better = optimise(circuit, objective);
        match objective {
            Objective::Size => assert!(better.n_and() <= circuit.n_and()),
            Objective::Balanced | Objective::Depth => assert!(cost(&better) <= cost(circuit)),
        }
        assert_eq!(evaluate(&better, lanes), evaluate(circuit, lanes));
        better
    }

    #[test]
    fn random_netlists_keep_their_meaning() {
        let mut values = Values::new(20);
        let lanes = exhaustive(&[8]);
        for round in 0..300 {
            let mut b = Builder::new(&[8]);
            let mut wires = b.input(0);
            for _ in 0..10 + round {
                let mut pick = || {
                    let near = 12.min(wires.len() as u64);
                    let lit = wires[wires.len() - 1 - (values.next() % near) as usize];
                    flipped(lit, values.next() & 1 == 1)
                };
                let (x, y, z) = (pick(), pick(), pick());
                wires.push(match values.next() % 4 {
                    0 => b.xor(x, y),
                    1 => b.and(x, y),
                    2 => b.full_add(x, y, z).0,
                    _ => b.full_add(x, y, z).1,
                });
            }
            let outputs = wires.split_off(wires.len() - 8);
            let circuit = b.finish("random", vec![outputs]);
            for objective in BOTH {
                checked(&circuit, objective, &lanes);
            }
        }
    }

    #[test]
    fn ripple_adders_become_one_carry_network() {
        let mut values = Values::new(21);
        for n in [2u32, 5, 8, 16, 32] {
            let operands = [n; 5];
            let lanes = random(&mut values, &operands, 128);
            let mut b = Builder::new(&operands);
            let x: Vec<Vec<Lit>> = (0..5).map(|i| b.input(i)).collect();
            let size = Objective::Size;
            let (s, t) = (
                add(&mut b, &x[0], &x[1], size),
                add(&mut b, &x[2], &x[3], size),
            );
            let u = add(&mut b, &s, &t, size);
            let constant: Vec<Lit> = (0..n)
                .map(|i| Lit::from(0xb5 >> (i % 8) & 1 == 1))
                .collect();
            let v = add(&mut b, &u, &constant, size);
            let w = subtract(&mut b, &v, &x[4], size);
            let circuit = b.finish("sum", vec![w]);
            let shallow = checked(&circuit, Objective::Depth, &lanes);
            if n == 32 {
                assert_eq!((circuit.and_depth(), shallow.and_depth()), (31, 16));
            }
            checked(&circuit, Objective::Size, &lanes);
        }
    }

    #[test]
    fn chains_and_trees_become_shallow() {
        let mut values = Values::new(22);
        let mut b = Builder::new(&[64, 64]);
        let (x, y) = (b.input(0), b.input(1));
        let all = x.iter().fold(Lit::TRUE, |all, &l| b.and(all, l));
        let less = less_than(&mut b, &x, &y, false, Objective::Size);
        let circuit = b.finish("chains", vec![vec![all], vec![less]]);
        assert_eq!(circuit.and_depth(), 64);
        let lanes = random(&mut values, &[64, 64], 256);
        let shallow = checked(&circuit, Objective::Depth, &lanes);
        assert_eq!(shallow.and_depth(), 7);
    }

    #[test]
    fn factors_are_shared() {
        let mut b = Builder::new(&[3]);
        let x = b.input(0);
        let (p, q) = (b.and(x[0], x[1]), b.and(x[0], !x[1]));
        let all = b.xor(p, q);
        let r = b.and(!x[0], x[2]);
        let choice = b.xor(p, r);
        let circuit = b.finish("factors", vec![vec![all], vec![choice]]);
        for objective in BOTH {
            let better = checked(&circuit, objective, &exhaustive(&[3]));
            assert!(better.n_and() <= 2);
            assert_eq!(better.outputs[0], [Lit::of(1)]);
        }
        let mut b = Builder::new(&[3]);
        let x = b.input(0);
        let (p, r) = (b.and(x[0], x[1]), b.and(!x[0], x[2]));
        let choice = b.xor(p, r);
        let circuit = b.finish("choice", vec![vec![choice]]);
        let better = checked(&circuit, Objective::Size, &exhaustive(&[3]));
        assert_eq!((better.n_and(), better.and_depth()), (1, 1));
    }

    /// Carry and sum of an adder made of AND, OR and XOR, as a hardware library has it.
    fn naive_full_add(b: &mut Builder, x: Lit, y: Lit, z: Lit) -> (Lit, Lit) {
        let (xy, yz, zx) = (b.and(x, y), b.and(y, z), b.and(z, x));
        let any = b.or(xy, yz);
        let carry = b.or(any, zx);
        let sum = b.xor(x, y);
        (b.xor(sum, z), carry)
    }

    #[test]
    fn naive_adders_and_comparators_become_optimal() {
        let mut values = Values::new(23);
        for n in [4u32, 16, 32] {
            let mut b = Builder::new(&[n, n]);
            let (x, y) = (b.input(0), b.input(1));
            let mut carry = Lit::FALSE;
            let mut sums = Vec::new();
            for i in 0..n as usize {
                let (sum, next) = naive_full_add(&mut b, x[i], y[i], carry);
                sums.push(sum);
                carry = next;
            }
            let adder = b.finish("adder", vec![sums]);
            let lanes = random(&mut values, &[n, n], 128);
            let small = checked(&adder, Objective::Size, &lanes);
            assert_eq!(small.n_and(), u64::from(n) - 1);
            checked(&adder, Objective::Depth, &lanes);

            // From the top: less where the first difference says so.
            let mut b = Builder::new(&[n, n]);
            let (x, y) = (b.input(0), b.input(1));
            let (mut less, mut same) = (Lit::FALSE, Lit::TRUE);
            for i in (0..n as usize).rev() {
                let below = b.and(!x[i], y[i]);
                let above = b.and(x[i], !y[i]);
                let here = b.and(same, below);
                less = b.or(less, here);
                let differ = b.or(below, above);
                same = b.and(same, !differ);
            }
            let comparator = b.finish("less", vec![vec![less], vec![same]]);
            let small = checked(&comparator, Objective::Size, &lanes);
            assert!(small.n_and() < comparator.n_and());
        }
    }

    #[test]
    fn selections_share_what_they_select_from() {
        // Four of four by two bits, with ORs of products: 3 ANDs a bit are enough.
        let mut b = Builder::new(&[2, 8, 8, 8, 8]);
        let s = b.input(0);
        let words: Vec<Vec<Lit>> = (1..5).map(|i| b.input(i)).collect();
        let mut out = Vec::new();
        for bit in 0..8 {
            let mut any = Lit::FALSE;
            for (i, word) in words.iter().enumerate() {
                let (low, high) = (flipped(s[0], i & 1 == 0), flipped(s[1], i & 2 == 0));
                let here = b.and(low, high);
                let masked = b.and(here, word[bit]);
                any = b.or(any, masked);
            }
            out.push(any);
        }
        let circuit = b.finish("select", vec![out]);
        let mut values = Values::new(24);
        let lanes = random(&mut values, &[2, 8, 8, 8, 8], 512);
        let small = checked(&circuit, Objective::Size, &lanes);
        assert!(
            small.n_and() < circuit.n_and(),
            "{} {}",
            small.n_and(),
            circuit.n_and()
        );
    }

    #[test]
    fn what_depends_linearly_is_one() {
        let mut b = Builder::new(&[3]);
        let x = b.input(0);
        // Three ANDs on the plane of x₀ and x₁, and two ways to one sum.
        let sum = b.xor(x[0], x[1]);
        let p = b.and(x[0], x[1]);
        let q = b.and(!sum, x[1]);
        let r = b.and(x[0], !sum);
        let (left, right) = (b.xor(sum, x[2]), b.xor(x[1], x[2]));
        let right = b.xor(x[0], right);
        let t = b.and(left, right);
        let circuit = b.finish("linear", vec![vec![p, q, r, t]]);
        assert_eq!(circuit.n_and(), 4);
        for objective in BOTH {
            let better = checked(&circuit, objective, &exhaustive(&[3]));
            assert_eq!(better.n_and(), 1);
        }
    }

    #[test]
    fn an_array_multiplier_becomes_a_tree() {
        let n = 16;
        let mut b = Builder::new(&[n, n]);
        let (x, y) = (b.input(0), b.input(1));
        let row = |b: &mut Builder, i: usize| -> Vec<Lit> {
            x[..n as usize - i]
                .iter()
                .map(|&l| b.and(l, y[i]))
                .collect()
        };
        let mut sum = row(&mut b, 0);
        for i in 1..n as usize {
            let row = row(&mut b, i);
            let upper = add(&mut b, &sum[i..], &row, Objective::Size);
            sum.splice(i.., upper);
        }
        let circuit = b.finish("multiply", vec![sum]);
        let mut values = Values::new(25);
        let lanes = random(&mut values, &[n, n], 256);
        let shallow = checked(&circuit, Objective::Depth, &lanes);
        assert!(shallow.and_depth() <= 10, "{}", shallow.and_depth());
    }

    #[test]
    fn equal_functions_of_other_structure_are_merged() {
        // (x₀ ∨ x₁)(x₀ ∨ ¬x₁) is x₀; the product of four by two trees is one.
        let mut b = Builder::new(&[6]);
        let x = b.input(0);
        let (p, q) = (b.or(x[0], x[1]), b.or(x[0], !x[1]));
        let same = b.and(p, q);
        let masked = b.and(same, x[2]);
        let plain = b.and(x[0], x[2]);
        let left = {
            let (l, r) = (b.and(x[2], x[3]), b.and(x[4], x[5]));
            b.and(l, r)
        };
        let right = {
            let (l, r) = (b.and(x[2], x[4]), b.and(x[3], x[5]));
            b.and(l, r)
        };
        let circuit = b.finish("equal", vec![vec![masked, plain, left, right]]);
        let merged = sweep::merge_equal(&circuit, true);
        let lanes = exhaustive(&[6]);
        assert_eq!(evaluate(&merged, &lanes), evaluate(&circuit, &lanes));
        assert_eq!((circuit.n_and(), merged.n_and()), (11, 4));
        for objective in BOTH {
            assert_eq!(checked(&circuit, objective, &lanes).n_and(), 4);
        }
    }
}
