//! Noise as circuits draw it: every outcome of their coins, with its exact probability, beside the distribution that is meant.

use crate::support::{self, REP3};
use smpcc_circuit::eval::eval;
use smpcc_circuit::value::{Scalar, Word};
use smpcc_circuit::verify::Verified;
use smpcc_compiler::lower::{Claim, lower_claimed};
use smpcc_compiler::noise::{self, WORD_BITS};
use smpcc_compiler::session::{Network, ProtocolChoice};
use std::collections::BTreeMap;

/// The program `main(x) { CALL }`, and what it claims.
fn compiled(call: &str) -> (Verified, Claim) {
    let text = format!(
        "use std::dp::{{laplace, gaussian}};\nfn main(x: secret i64 from each) -> i64 {{ {call} }}"
    );
    let session = support::session(&[3]);
    let options = support::options(REP3, ProtocolChoice::Boolean, Network::LAN);
    let (_, hir) = support::checked(&text, &[]);
    let (_, privacy) = lower_claimed(&hir, &session).expect("lowered");
    let program = support::compile(&text, &session, &options).program;
    (program, privacy.claims[0].clone())
}

/// What comes out for `x[0] = 100` where all parties together draw these words and this sign.
fn noise(program: &Verified, words: &[Word], negative: bool) -> i64 {
    let word = Scalar::unsigned(WORD_BITS as u8);
    let mut words = words.iter().copied();
    let inputs: Vec<Vec<Word>> = (program.inputs.iter())
        .map(|leaf| match (leaf.drawn, leaf.party) {
            (true, 1) if leaf.scalar == word => words.by_ref().take(leaf.lanes as usize).collect(),
            (true, 1) => vec![Word::from(negative)],
            // What the others draw stands in both of them, and so in none.
            (true, _) => vec![leaf.scalar.mask() / 3; leaf.lanes as usize],
            (false, 0) => vec![100],
            (false, _) => vec![7],
        })
        .collect();
    eval(program, &inputs).expect("a result").outputs[0][0] as i64 - 100
}

/// Half of the sum of differences between the probabilities of a circuit and those that are meant is at most the stated distance.
fn is_close(got: &BTreeMap<i64, f64>, exact: &dyn Fn(i64) -> f64, claim: &Claim) {
    let mut off = 0.0;
    let mut beyond = 1.0;
    for (&k, &p) in got {
        off += (p - exact(k)).abs();
        beyond -= exact(k);
    }
    let off = (off + beyond.abs()) / 2.0;
    assert!((got.values().sum::<f64>() - 1.0).abs() < 1e-14);
    // Floats lose some of each probability.
    let lost = got.len() as f64 * 2.3e-16;
    assert!(off <= claim.distance + lost, "{off} and {claim:?}");
    assert!(claim.distance <= f64::powi(2.0, -40), "{claim:?}");
}

#[test]
fn laplace_noise_has_the_distribution_that_it_claims() {
    let (program, claim) = compiled("laplace(x[0], 2, 1.5)");
    let odds = noise::laplace(1.5, 2).expect("odds").thresholds;
    let all = f64::powi(2.0, WORD_BITS as i32);
    let mut got: BTreeMap<i64, f64> = BTreeMap::new();
    for heads in 0..1u32 << odds.len() {
        let coin = |i: usize| heads >> i & 1 == 1;
        // The last word below the threshold, and the first that reaches it.
        let words: Vec<Word> = (odds.iter().enumerate())
            .map(|(i, &t)| Word::from(if coin(i) { t - 1 } else { t }))
            .collect();
        let p: f64 = (odds.iter().map(|&t| t as f64 / all).enumerate())
            .map(|(i, p)| if coin(i) { p } else { 1.0 - p })
            .product();
        for negative in [false, true] {
            *got.entry(noise(&program, &words, negative)).or_default() += p / 2.0;
        }
    }
    assert_eq!(got.len(), 2 * (1 << (odds.len() - 1)) + 1);
    let q = (-1.5f64 / 2.0).exp();
    let exact = |k: i64| (1.0 - q) / (1.0 + q) * q.powi(k.unsigned_abs() as i32);
    is_close(&got, &exact, &claim);
}

#[test]
fn gaussian_noise_has_the_distribution_that_it_claims() {
    let (program, claim) = compiled("gaussian(x[0], 1, 2.0, 0.01)");
    let variance = noise::variance(2.0, 0.01, 1).expect("a variance");
    assert_eq!(variance, 3.0);
    let odds = noise::gaussian(variance as u64).expect("odds").thresholds;
    let all = f64::powi(2.0, WORD_BITS as i32);
    let mut got: BTreeMap<i64, f64> = BTreeMap::new();
    for size in 0..odds.len() {
        // The words of the digits, the highest first: the last below the threshold, or the first that reaches it.
        let mut words: Vec<Word> = Vec::new();
        let mut p = 1.0;
        let mut at = odds.len() + size;
        while at > 1 {
            let t = odds[at / 2];
            let (up, odds) = (at % 2 == 1, t as f64 / all);
            p *= if up { odds } else { 1.0 - odds };
            words.insert(0, Word::from(if up { t.saturating_sub(1) } else { t }));
            at /= 2;
        }
        if p > 0.0 {
            for negative in [false, true] {
                *got.entry(noise(&program, &words, negative)).or_default() += p / 2.0;
            }
        }
    }
    let weight = |k: i64| (-(k * k) as f64 / (2.0 * variance)).exp();
    let sum: f64 = (-60..=60).map(weight).sum();
    is_close(&got, &|k| weight(k) / sum, &claim);
}
