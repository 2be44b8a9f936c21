//! AES's S-box: the circuit with the fewest ANDs, or the shallowest.

use super::Objective;
use smpcc_circuit::aes::{self, Gates};
use smpcc_circuit::template::{Builder, Lit};

/// A builder as what gates are made of.
struct Building<'a>(&'a mut Builder);

impl Gates for Building<'_> {
    type Bit = Lit;
    fn xor(&mut self, a: Lit, b: Lit) -> Lit {
        self.0.xor(a, b)
    }
    fn and(&mut self, a: Lit, b: Lit) -> Lit {
        self.0.and(a, b)
    }
}

/// The S-box of a byte.
pub(super) fn sub_byte(b: &mut Builder, x: &[Lit], objective: Objective) -> Vec<Lit> {
    let bits = std::array::from_fn(|i| x[7 - i]);
    let mut gates = Building(b);
    let mut out = match objective {
        Objective::Size => aes::small(&mut gates, bits),
        Objective::Balanced | Objective::Depth => aes::shallow(&mut gates, bits),
    };
    out.reverse();
    let flips = |i: usize| aes::CONSTANT >> i & 1 == 1;
    let bits = out.into_iter().enumerate();
    bits.map(|(i, bit)| if flips(i) { !bit } else { bit })
        .collect()
}
