//! Speed of Shamir's sharing with all parties on this machine: 64-bit products and AND gates, for three parties and for five.

use criterion::{Criterion, criterion_group, criterion_main};
use smpcc_circuit::program::{Domain, Suite};

#[expect(dead_code, reason = "this suite does not garble")]
#[path = "harness/repeated.rs"]
mod harness;

use harness::{and_template, bench, repeated};

fn speed(c: &mut Criterion) {
    let a = Domain::Arithmetic { ring: 64 };
    for (n, lanes) in [(3, 1 << 20), (5, 1 << 17)] {
        let suite = (Suite::Bgw, n);
        let products = repeated(suite, a, lanes, 8, None);
        bench(c, &format!("64-bit products, {n} parties"), &products);
        let ands = repeated(suite, Domain::Boolean, lanes >> 3, 8, Some(and_template()));
        bench(c, &format!("ANDs, {n} parties"), &ands);
    }
}

criterion_group!(benches, speed);
criterion_main!(benches);
