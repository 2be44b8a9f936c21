//! Speed of replicated sharing with all three parties on this machine: 64-bit products, AND gates, garbled AND gates, many at once and
//! one after the other, against parties that follow the protocol and against one that does not.

use criterion::{Criterion, criterion_group, criterion_main};
use smpcc_circuit::program::{Domain, Suite};

#[path = "harness/repeated.rs"]
mod harness;

use harness::{and_template, bench, comparison, multiplier, repeated};

fn speed(c: &mut Criterion) {
    let suite = (Suite::Rep3, 3);
    let a = Domain::Arithmetic { ring: 64 };
    bench(c, "64-bit products", &repeated(suite, a, 1 << 20, 8, None));
    let ands = repeated(suite, Domain::Boolean, 1 << 18, 8, Some(and_template()));
    bench(c, "ANDs", &ands);
    let garbled = repeated(suite, Domain::Yao, 1 << 11, 1, Some(multiplier()));
    bench(c, "garbled ANDs of 64-bit multipliers", &garbled);
    let row = repeated(suite, a, 1, 2_000, None);
    bench(c, "64-bit products in a row", &row);
    let garbled = repeated(suite, Domain::Yao, 1, 100, Some(multiplier()));
    bench(c, "garbled 64-bit multipliers in a row", &garbled);
}

/// What a malicious party costs: the same work, proven before one lane of it is opened.
fn settled(c: &mut Criterion) {
    let suite = (Suite::Rep3, 3);
    let b = Domain::Boolean;
    let ands = repeated(suite, b, 1 << 18, 2, Some(and_template()));
    bench(c, "ANDs", &ands.malicious());
    let a = Domain::Arithmetic { ring: 64 };
    let products = repeated(suite, a, 1 << 18, 4, None);
    bench(c, "64-bit products", &products.malicious());
    let garbled = repeated(suite, Domain::Yao, 1 << 11, 1, Some(multiplier()));
    bench(
        c,
        "garbled ANDs of 64-bit multipliers",
        &garbled.malicious(),
    );
    let mut less = repeated(suite, b, 100_000, 1, Some(comparison()));
    less.operations = 100_000;
    bench(c, "32-bit comparisons", &less);
    bench(c, "32-bit comparisons", &less.malicious());
}

criterion_group!(benches, speed, settled);
criterion_main!(benches);
