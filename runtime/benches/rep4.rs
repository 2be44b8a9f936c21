//! Speed of replicated sharing among four with all parties on this machine: 64-bit products and AND gates, many at once and one after the
//! other, against parties that follow the protocol and against one that does not.

use criterion::{Criterion, criterion_group, criterion_main};
use smpcc_circuit::program::{Domain, Suite};

#[expect(dead_code, reason = "this suite does not garble")]
#[path = "harness/repeated.rs"]
mod harness;

use harness::{and_template, bench, comparison, repeated};

fn speed(c: &mut Criterion) {
    let suite = (Suite::Rep4, 4);
    let a = Domain::Arithmetic { ring: 64 };
    let b = Domain::Boolean;
    let all = [
        ("64-bit products", repeated(suite, a, 1 << 20, 4, None)),
        ("ANDs", repeated(suite, b, 1 << 18, 8, Some(and_template()))),
        (
            "64-bit products in a row",
            repeated(suite, a, 1, 1_000, None),
        ),
    ];
    for (name, program) in all {
        bench(c, name, &program);
        bench(c, name, &program.malicious());
    }
    let mut less = repeated(suite, b, 100_000, 1, Some(comparison()));
    less.operations = 100_000;
    bench(c, "32-bit comparisons", &less.malicious());
}

criterion_group!(benches, speed);
criterion_main!(benches);
