//! The odds of noise, computed exactly enough that the compiler can say how far the noise is from the one that a proof of privacy means.
//!
//! Noise is drawn by a fixed number of comparisons of uniform words with constants ([`Odds::thresholds`]); no trial is repeated, and no
//! outcome is shown. Its distribution is known exactly, and so is a bound of its statistical distance to the discrete Laplace or Gaussian
//! distribution: what thresholds are rounded by, and the tail that is cut off. Everything here is integer arithmetic, the same on
//! every machine.
//!
//! *Laplace*: P(k) ∝ q^|k| with q = exp(−ε/Δ) (the geometric mechanism: Ghosh, Roughgarden, Sundararajan, STOC 2009). It is not zero
//! with probability 2q/(1+q), has a fair sign, and then is ±(1 + G) for a geometric G, whose binary digits are independent: digit i is one with
//! probability q^(2^i)/(1 + q^(2^i)) (Dwork, Kenthapadi, McSherry, Mironov, Naor, EUROCRYPT 2006, 4.2; Champion, shelat, Ullman, CCS 2019, for circuits of
//! such coins). So noise of any width takes a coin for each digit.
//!
//! *Gaussian*: P(k) ∝ exp(−k²/2σ²) (Canonne, Kamath, Steinke, NeurIPS 2020). Its size is drawn digit by digit, the highest first, by a
//! coin whose odds stand in a table under the digits before it: a table is read with few gates, since it is constant. Rejection,
//! as that paper samples, would take some twenty trials of a Laplace draw and a coin for each digit of an exponent, to fail less than
//! 2^−44 of the time.

/// Bits of the uniform words that are compared with thresholds.
pub const WORD_BITS: u32 = 56;

/// Widest Gaussian noise, as σ²: 8,192 sizes.
pub const MAX_VARIANCE: u64 = 1 << 20;

/// Bits after the point of the numbers here.
const POINT: u32 = 120;
const ONE: u128 = 1 << POINT;

/// What is cut off has a probability of at most this.
const TAIL: u128 = ONE >> 45;

/// Constants with which uniform words of [`WORD_BITS`] bits are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Odds {
    /// Of Laplace noise: 2^56 times the probability that it is not zero, then of each digit of its size less one, the lowest first. Of
    /// Gaussian noise, whose size has as many digits as there are times 2 in the length: at place i ≥ 1, which is a one and then the
    /// highest digits, 2^56 times the probability that the next digit is one.
    pub thresholds: Vec<u64>,
    /// A bound of the statistical distance (half of the sum of differences) to the exact distribution.
    pub distance: f64,
}

/// Of noise with P(k) ∝ exp(−|k|·ε/Δ); none unless ε is positive and finite, and the noise fits 62 bits.
pub fn laplace(epsilon: f64, sensitivity: u64) -> Option<Odds> {
    let (mantissa, exponent) = parts(epsilon)?;
    let den = u128::from(sensitivity);
    if den == 0 {
        return None;
    }
    let decay = |digit: i32| exp_neg(ratio(mantissa, exponent + digit, den));
    let digits = (0..62).find(|&digit| decay(digit) <= TAIL)?;
    let q = decay(0);
    let not_zero = fraction(2 * q, ONE + q);
    let mut distance = mul(not_zero, decay(digits));
    let mut thresholds = Vec::new();
    let coins = (0..digits).map(|digit| {
        let q = decay(digit);
        fraction(q, ONE + q)
    });
    for p in std::iter::once(not_zero).chain(coins) {
        let threshold = rounded(p);
        distance += p.abs_diff(u128::from(threshold) << (POINT - WORD_BITS));
        thresholds.push(threshold);
    }
    Some(Odds {
        thresholds,
        distance: above(distance),
    })
}

/// Of noise with P(k) ∝ exp(−k²/2σ²); none unless 1 ≤ σ² ≤ [`MAX_VARIANCE`].
pub fn gaussian(variance: u64) -> Option<Odds> {
    if !(1..=MAX_VARIANCE).contains(&variance) {
        return None;
    }
    // Sums are below 2^12, so that they are held with fewer bits after the point.
    let den = 2 * u128::from(variance);
    let weight = |k: u64| exp_neg(ratio(k * k, 0, den)) >> 12;
    let mut weights = vec![weight(0)];
    // Both signs.
    weights.extend((1..).map(|k| 2 * weight(k)).take_while(|&w| w > 0));
    let all: u128 = weights.iter().sum();
    let (mut n, mut rest) = (0, all);
    while fraction(rest, all) > TAIL {
        rest -= weights[n];
        n += 1;
    }
    // Node i of the tree has what is below nodes 2i and 2i + 1.
    let leaves = n.next_power_of_two();
    let mut sums = vec![0; 2 * leaves];
    sums[leaves..leaves + n].copy_from_slice(&weights[..n]);
    for i in (1..leaves).rev() {
        sums[i] = sums[2 * i] + sums[2 * i + 1];
    }
    let mut thresholds = vec![0; leaves];
    let mut reached = vec![0; 2 * leaves];
    reached[1] = ONE;
    for i in 1..leaves {
        if sums[i] > 0 {
            thresholds[i] = rounded(fraction(sums[2 * i + 1], sums[i]));
        }
        let up = u128::from(thresholds[i]) << (POINT - WORD_BITS);
        reached[2 * i + 1] = mul(reached[i], up);
        reached[2 * i] = reached[i] - reached[2 * i + 1];
    }
    // What is cut off, and what the sizes that are there have too much or too little.
    let mut twice = fraction(rest, all);
    for (is, meant) in reached[leaves..].iter().zip(&sums[leaves..]) {
        twice += is.abs_diff(fraction(*meant, all));
    }
    Some(Odds {
        thresholds,
        distance: above(twice / 2),
    })
}

/// The least σ² for which discrete Gaussian noise gives (ε, δ): Δ²/2σ² = ρ with ε = ρ + 2·√(ρ·ln(1/δ)) (Bun, Steinke, TCC 2016,
/// Proposition 1.3; for discrete noise Canonne, Kamath, Steinke, Theorem 4); none unless 0 < δ < 1 and the rest is positive.
pub fn variance(epsilon: f64, delta: f64, sensitivity: u64) -> Option<f64> {
    if !(delta > 0.0 && delta < 1.0 && epsilon > 0.0 && epsilon.is_finite() && sensitivity > 0) {
        return None;
    }
    let log = -ln(delta);
    let root = epsilon / ((log + epsilon).sqrt() + log.sqrt());
    let distance = sensitivity as f64;
    // What is rounded here is made up for.
    let least = distance * distance / (2.0 * root * root) * (1.0 + 1e-12);
    Some(least.ceil())
}

/// exp(ε), rounded up.
pub fn exp_above(epsilon: f64) -> f64 {
    let Some((mantissa, exponent)) = parts(epsilon) else {
        return if epsilon == 0.0 { 1.0 } else { f64::INFINITY };
    };
    match exp_neg(ratio(mantissa, exponent, 1)) {
        0 => f64::INFINITY,
        inverse => (ONE as f64 / inverse as f64) * (1.0 + 1e-12),
    }
}

/// The natural logarithm of a positive number by additions, products and quotients alone, which are the same on every machine.
fn ln(x: f64) -> f64 {
    let mut exponent = 0.0;
    let mut x = x;
    while x < 0.75 {
        x *= 2.0;
        exponent -= 1.0;
    }
    while x > 1.5 {
        x /= 2.0;
        exponent += 1.0;
    }
    let y = (x - 1.0) / (x + 1.0);
    let mut term = y;
    let mut sum = 0.0;
    for k in 0..20 {
        sum += term / f64::from(2 * k + 1);
        term *= y * y;
    }
    2.0 * sum + exponent * std::f64::consts::LN_2
}

/// A positive number as an integer times a power of two.
fn parts(x: f64) -> Option<(u64, i32)> {
    if !x.is_normal() || x < 0.0 {
        return None;
    }
    let bits = x.to_bits();
    let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
    Some((mantissa, ((bits >> 52) & 0x7ff) as i32 - 1075))
}

/// `num · 2^shift / den`, cut; the greatest number where it is 64 or more.
fn ratio(num: u64, shift: i32, den: u128) -> u128 {
    let num = u128::from(num);
    let (mut quotient, mut rest) = (num / den, num % den);
    let digits = POINT as i32 + shift;
    for _ in 0..digits {
        rest *= 2;
        quotient = 2 * quotient + u128::from(rest >= den);
        if rest >= den {
            rest -= den;
        }
        if quotient >= 64 << POINT {
            return u128::MAX;
        }
    }
    match u32::try_from(-digits) {
        Ok(cut) => quotient.checked_shr(cut).unwrap_or(0),
        Err(_) => quotient,
    }
}

/// `num / den ≤ 1`, cut.
fn fraction(num: u128, den: u128) -> u128 {
    if num >= den {
        return ONE;
    }
    let (mut quotient, mut rest) = (0, num);
    for _ in 0..POINT {
        rest *= 2;
        quotient = 2 * quotient + u128::from(rest >= den);
        if rest >= den {
            rest -= den;
        }
    }
    quotient
}

/// `a · b`, cut, of numbers below 2.
fn mul(a: u128, b: u128) -> u128 {
    const LOW: u128 = u64::MAX as u128;
    let (a1, a0, b1, b0) = (a >> 64, a & LOW, b >> 64, b & LOW);
    let low = a0 * b0;
    let (middle, over) = (a1 * b0).overflowing_add(a0 * b1);
    let (low, carry) = low.overflowing_add(middle << 64);
    let high = a1 * b1 + (middle >> 64) + (u128::from(over) << 64) + u128::from(carry);
    high << (128 - POINT) | low >> POINT
}

/// exp(−x), off by less than 2^−100: the series of x/128, squared seven times.
fn exp_neg(x: u128) -> u128 {
    if x >= 64 << POINT {
        return 0;
    }
    let x = x >> 7;
    let (mut sum, mut term) = (ONE, ONE);
    for n in 1..32 {
        term = mul(term, x) / n;
        sum = if n % 2 == 1 { sum - term } else { sum + term };
    }
    for _ in 0..7 {
        sum = mul(sum, sum);
    }
    sum
}

/// The nearest multiple of 2^−56, times 2^56.
fn rounded(p: u128) -> u64 {
    ((p + (1 << (POINT - WORD_BITS - 1))) >> (POINT - WORD_BITS)) as u64
}

/// A bound from above of a number of which up to 2^−90 got lost on the way.
fn above(x: u128) -> f64 {
    (x + (1 << 30)) as f64 / ONE as f64 * (1.0 + 1e-12)
}

#[cfg(test)]
mod tests;
