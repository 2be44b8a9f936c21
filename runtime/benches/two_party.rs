//! Speed of two parties on this machine: 64-bit products and AND gates with the oblivious transfers that they take, garbled AND gates, many
//! at once and one after the other; and ANDs, and one comparison from the setup on, against a party that sends what it likes.

use criterion::{Criterion, criterion_group, criterion_main};
use smpcc_circuit::program::{Domain, Suite};

#[path = "harness/repeated.rs"]
mod harness;

use harness::{and_template, bench, comparison, multiplier, repeated};

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

/// What a malicious party costs: bits with MACs, and triples from transfers that are checked.
fn authenticated(c: &mut Criterion) {
    let (suite, b, y) = ((Suite::TwoParty, 2), Domain::Boolean, Domain::Yao);
    let ands = repeated(suite, b, 1 << 10, 4, Some(and_template()));
    bench(c, "ANDs with their transfers", &ands.malicious());
    let garbled = repeated(suite, y, 1 << 6, 1, Some(multiplier()));
    bench(
        c,
        "garbled ANDs of 64-bit multipliers",
        &garbled.malicious(),
    );
    for (name, domain) in [("a 32-bit comparison", b), ("the same, garbled", y)] {
        let mut one = repeated(suite, domain, 1, 1, Some(comparison()));
        one.operations = 1;
        bench(c, name, &one.malicious());
    }
}

criterion_group!(benches, speed, authenticated);
criterion_main!(benches);
