//! Speed of two parties on this machine: 64-bit products and AND gates with the oblivious transfers that they take, garbled AND gates, many
//! at once and one after the other.

use criterion::{Criterion, criterion_group, criterion_main};
use smpcc_circuit::program::{Domain, Suite};

#[expect(dead_code, reason = "malicious parties are for another suite")]
#[path = "harness/repeated.rs"]
mod harness;

use harness::{and_template, bench, multiplier, repeated};

fn speed(c: &mut Criterion) {
    let suite = (Suite::TwoParty, 2);
    let a = Domain::Arithmetic { ring: 64 };
    bench(
        c,
        "64-bit products with their transfers",
        &repeated(suite, a, 1 << 16, 4, None),
    );
    let ands = repeated(suite, Domain::Boolean, 1 << 14, 4, Some(and_template()));
    bench(c, "ANDs with their transfers", &ands);
    let garbled = repeated(suite, Domain::Yao, 1 << 11, 1, Some(multiplier()));
    bench(c, "garbled ANDs of 64-bit multipliers", &garbled);
    let row = repeated(suite, a, 1, 1_000, None);
    bench(c, "64-bit products in a row", &row);
    let garbled = repeated(suite, Domain::Yao, 1, 100, Some(multiplier()));
    bench(c, "garbled 64-bit multipliers in a row", &garbled);
}

criterion_group!(benches, speed);
criterion_main!(benches);
