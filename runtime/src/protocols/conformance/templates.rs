//! Circuits for tests.

use smpcc_circuit::template::{Builder, Gate, Lit, Template};

/// A ripple-carry adder of as many operands as wanted.
pub(crate) fn sum_template(width: u32, n: usize) -> Template {
    let mut t = Builder::new(&vec![width; n]);
    let mut sum = t.input(0);
    for i in 1..n {
        let other = t.input(i);
        let mut carry = Lit::FALSE;
        for (s, o) in sum.iter_mut().zip(other) {
            let (bit, next) = t.full_add(*s, o, carry);
            *s = bit;
            carry = next;
        }
    }
    t.finish("sum", vec![sum])
}

/// A difference `x − Σ rest`.
pub(crate) fn difference_template(width: u32, n: usize) -> Template {
    let sum = sum_template(width, n);
    let mut t = Builder::new(&vec![width; n]);
    let args: Vec<Vec<Lit>> = (0..n)
        .map(|i| {
            t.input(i)
                .into_iter()
                .map(|l| if i == 0 { !l } else { l })
                .collect()
        })
        .collect();
    // ¬(¬x + rest) = x − rest.
    let out = t.call(&sum, &args);
    let out = out[0].iter().map(|&l| !l).collect();
    t.finish("difference", vec![out])
}

/// The AND of each bit of two words.
pub(crate) fn bitwise_and_template(width: u32) -> Template {
    let mut t = Builder::new(&[width; 2]);
    let (x, y) = (t.input(0).to_vec(), t.input(1).to_vec());
    let bits = x.iter().zip(&y).map(|(&x, &y)| t.and(x, y)).collect();
    t.finish("and", vec![bits])
}

pub(crate) fn and_template() -> Template {
    let mut t = Builder::new(&[1, 1]);
    let (x, y) = (t.input(0)[0], t.input(1)[0]);
    let z = t.and(x, y);
    t.finish("and", vec![vec![z]])
}

/// A random circuit; gates are taken as they come, without folding, and some are not needed.
pub(crate) fn random_template(
    widths: &[u32],
    gates: &[(bool, u32, u32)],
    outputs: &[u32],
) -> Template {
    let first = 1 + widths.iter().sum::<u32>();
    let lit = |g: usize, pick: u32| Lit(pick % (2 * (first + g as u32)));
    Template::new(
        "random",
        widths.to_vec(),
        gates
            .iter()
            .enumerate()
            .map(|(g, &(and, x, y))| {
                let (x, y) = (lit(g, x), lit(g, y));
                if and {
                    Gate::And(x, y)
                } else {
                    Gate::Xor(x, y)
                }
            })
            .collect(),
        outputs
            .chunks(3)
            .map(|o| o.iter().map(|&p| lit(gates.len(), p)).collect())
            .collect(),
    )
}
