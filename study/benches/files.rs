//! How fast a node reads stored rows: from a sealed file in memory to the shares that a run begins with. `cargo bench -p smpcc-study`.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use smpcc_circuit::program::{Shape, Suite, Threat};
use smpcc_circuit::value::Scalar;
use smpcc_runtime::protocols::stored::Scheme;
use smpcc_runtime::ring::Elements;
use smpcc_study::deal::{Giver, deal};
use smpcc_study::id::StudyId;
use smpcc_study::open::shares;
use smpcc_study::schema::Value;
use smpcc_study::seal::SealingKey;
use smpcc_study::share_file::{Key, SealTo, open, write};
use std::hint::black_box;
use std::time::Instant;

/// Rows of a file: two numbers of 32 bits and a bool each.
const ROWS: u64 = 1_000_000;

fn main() {
    let scalars = [Scalar::unsigned(32), Scalar::unsigned(32), Scalar::Bool];
    let value = Value {
        name: "rows".into(),
        shape: Shape(Vec::new()),
        leaves: scalars.map(|scalar| (scalar, ROWS)).to_vec(),
    };
    let words = |scalar: Scalar| {
        let words = (0..u128::from(ROWS)).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Elements::of_words(scalar.width(), words)
    };
    for (suite, n, t) in [
        (Suite::TwoParty, 2, 1),
        (Suite::Rep3, 3, 1),
        (Suite::Bgw, 5, 1),
    ] {
        let giver = Giver {
            study: StudyId([1; 32]),
            scheme: Scheme {
                suite,
                n_parties: n,
                threshold: t,
            },
            threat: Threat::SemiHonest,
            whose: "person",
            made: 0,
        };
        let began = Instant::now();
        let dealt = deal(&giver, &[(value.clone(), scalars.map(words).to_vec())]);
        let Ok(dealt) = dealt else { continue };
        let dealing = began.elapsed();
        let Ok(key) = SealingKey::fresh() else {
            continue;
        };
        let to = key.public();
        let Ok(bytes) = write(&dealt[0].header, &dealt[0].parts, &SealTo::Node(&to)) else {
            continue;
        };
        let mut times: Vec<f64> = (0..7)
            .map(|_| {
                let began = Instant::now();
                let held = open(&bytes, &Key::Node(&key)).and_then(|held| shares(&held));
                black_box(held.is_ok());
                began.elapsed().as_secs_f64()
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!(
            "{}: {ROWS} rows dealt to {n} nodes in {:.0} ms; a node's {:.1} MB opened in {:.0} ms, {:.0} MB/s",
            suite.name(),
            dealing.as_secs_f64() * 1e3,
            bytes.len() as f64 / 1e6,
            times[3] * 1e3,
            bytes.len() as f64 / 1e6 / times[3],
        );
    }
}
