//! The odds of noise against the distributions that are meant, in the machine's floats.

use super::*;

/// What a float loses at most of so many numbers that add up to one.
fn lost(n: usize) -> f64 {
    n as f64 * 2.3e-16
}

fn real(x: u128) -> f64 {
    x as f64 / ONE as f64
}

#[test]
fn the_exponential_and_the_logarithm_are_those_of_the_machine() {
    for (num, shift, den) in [
        (0, 0, 1),
        (1, 0, 3),
        (7, -3, 1),
        (5, 1, 7),
        (63, 0, 2),
        (63, 0, 1),
    ] {
        let x = num as f64 * f64::powi(2.0, shift) / den as f64;
        let got = real(exp_neg(ratio(num, shift, den)));
        assert!((got - (-x).exp()).abs() < 1e-14 * (-x).exp() + 1e-30, "{x}");
    }
    assert_eq!(exp_neg(ratio(64, 0, 1)), 0);
    assert_eq!(exp_neg(ratio(1, 60, 1)), 0);
    assert_eq!(ratio(3, -200, 1), 0);
    for x in [1e-300, 1e-9, 0.3, 0.999, 1.0, 2.5, 1e5] {
        assert!(
            (ln(x) - x.ln()).abs() <= 1e-14 * x.ln().abs().max(1.0),
            "{x}"
        );
    }
    assert!((exp_above(1.5) / 1.5f64.exp() - 1.0).abs() < 1e-11 && exp_above(1.5) >= 1.5f64.exp());
    assert_eq!((exp_above(0.0), exp_above(1e6)), (1.0, f64::INFINITY));
}

#[test]
fn products_are_exact_but_for_the_last_place() {
    for (a, b) in [
        (ONE, ONE),
        (2 * ONE - 1, 2 * ONE - 1),
        (ONE / 3, ONE / 7),
        (1, ONE),
    ] {
        let got = mul(a, b);
        let expected = real(a) * real(b);
        assert!((real(got) - expected).abs() < 1e-15, "{a} {b}");
    }
    assert_eq!(mul(ONE, 12345), 12345);
    assert_eq!(mul(2 * ONE - 1, ONE), 2 * ONE - 1);
}

/// The distribution that thresholds give, beside the one that is meant: half of the sum of differences is below the stated distance,
/// and that below 2^−40.
#[test]
fn laplace_odds_are_as_far_off_as_they_say() {
    for (epsilon, sensitivity) in [
        (1.0, 1),
        (0.3, 2),
        (5.0, 1),
        (40.0, 1),
        (0.01, 1),
        (1.0, 77),
    ] {
        let odds = laplace(epsilon, sensitivity).expect("odds");
        let coin = |digit: usize| odds.thresholds[digit] as f64 / f64::powi(2.0, 56);
        let digits = odds.thresholds.len() - 1;
        let q = (-epsilon / sensitivity as f64).exp();
        let mut off = 0.0;
        let mut all = 0.0;
        for size in 0..1u64 << digits {
            let digit = |d: usize| match size >> d & 1 {
                1 => coin(1 + d),
                _ => 1.0 - coin(1 + d),
            };
            let got = coin(0) * (0..digits).map(digit).product::<f64>();
            let exact = 2.0 * (1.0 - q) / (1.0 + q) * q.powi(size as i32 + 1);
            off += (got - exact).abs();
            all += exact;
        }
        let none = (1.0 - q) / (1.0 + q);
        off += (1.0 - coin(0) - none).abs() + (1.0 - none - all).abs();
        let bound = odds.distance;
        assert!(
            off / 2.0 <= bound + lost(1 << digits),
            "{epsilon}: {} and {bound}",
            off / 2.0
        );
        assert!(bound < f64::powi(2.0, -40), "{epsilon}: {bound}");
    }
    for (epsilon, sensitivity) in [
        (0.0, 1),
        (-1.0, 1),
        (f64::NAN, 1),
        (f64::INFINITY, 1),
        (1.0, 0),
        (1e-30, 1),
    ] {
        assert_eq!(laplace(epsilon, sensitivity), None, "{epsilon}");
    }
}

#[test]
fn gaussian_odds_are_as_far_off_as_they_say() {
    for variance in [1u64, 2, 3, 25, 400] {
        let odds = gaussian(variance).expect("odds");
        let weight = |k: u64| (-((k * k) as f64) / (2.0 * variance as f64)).exp();
        let far = 60 * (variance as f64).sqrt().ceil() as u64;
        let all = 1.0 + 2.0 * (1..far).map(weight).sum::<f64>();
        let n = odds.thresholds.len();
        let reached = |k: usize| {
            let mut p = 1.0;
            let mut at = n + k;
            while at > 1 {
                let up = odds.thresholds[at / 2] as f64 / f64::powi(2.0, 56);
                p *= if at % 2 == 1 { up } else { 1.0 - up };
                at /= 2;
            }
            p
        };
        let mut off = 0.0;
        for k in 0..far.max(n as u64) {
            let exact = weight(k) * if k == 0 { 1.0 } else { 2.0 } / all;
            let got = if (k as usize) < n {
                reached(k as usize)
            } else {
                0.0
            };
            off += (got - exact).abs();
        }
        let bound = odds.distance;
        assert!(
            off / 2.0 <= bound + lost(n),
            "{variance}: {} and {bound}",
            off / 2.0
        );
        assert!(bound < f64::powi(2.0, -40), "{variance}: {bound}");
    }
    assert_eq!((gaussian(0), gaussian(MAX_VARIANCE + 1)), (None, None));
    assert!(gaussian(MAX_VARIANCE).is_some_and(|odds| odds.distance < f64::powi(2.0, -40)));
}

#[test]
fn the_variance_gives_what_is_asked_for() {
    for (epsilon, delta, sensitivity) in [(1.0, 1e-6, 1), (0.1, 1e-9, 3), (8.0, 0.01, 1)] {
        let variance = variance(epsilon, delta, sensitivity).expect("a variance");
        let spent = |variance: f64| {
            let rho = (sensitivity * sensitivity) as f64 / (2.0 * variance);
            rho + 2.0 * (rho * f64::ln(1.0 / delta)).sqrt()
        };
        assert!(spent(variance) <= epsilon && spent(variance - 1.0) > epsilon);
    }
    assert_eq!(variance(1.0, 0.0, 1), None);
    assert_eq!(variance(1.0, 1.0, 1), None);
}
