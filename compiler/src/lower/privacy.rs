//! What a program claims of its noise: collected where `std::dp` asks for odds, added up, and held to what it promises.

use super::Tracer;
use super::fault::{Fault, Traced, code};
use super::value::{Leaf, Val};
use crate::noise::{self, MAX_VARIANCE, Odds};
use crate::span::Span;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// A kind of noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Noise {
    /// P(k) ∝ exp(−|k|·ε/Δ).
    Laplace,
    /// P(k) ∝ exp(−k²/2σ²).
    Gaussian {
        /// σ².
        variance: u64,
    },
}

/// What one call of the library claims.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The call.
    pub span: Span,
    /// What is drawn.
    pub noise: Noise,
    /// By how much one person's data change the numbers, as the program says: the sum of changes for Laplace noise, the root of the sum of
    /// their squares for Gaussian noise.
    pub sensitivity: u64,
    /// ε of all numbers of one call together.
    pub epsilon: f64,
    /// δ of the exact noise.
    pub delta: f64,
    /// Numbers that get noise.
    pub draws: u64,
    /// A bound of the statistical distance of the noise of one number to the exact noise.
    pub distance: f64,
    /// How often the call is made: iterations of loops.
    pub times: u64,
}

impl Claim {
    /// ε of all times together.
    pub fn whole_epsilon(&self) -> f64 {
        self.times as f64 * self.epsilon
    }

    /// δ of all times together: that of the exact noise, and (1 + exp(ε)) times the distance.
    pub fn whole_delta(&self) -> f64 {
        let off = (1.0 + noise::exp_above(self.epsilon)) * self.draws as f64 * self.distance;
        self.times as f64 * (self.delta + off)
    }
}

/// What a program promises.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// Where.
    pub span: Span,
    /// All noise together: ε.
    pub epsilon: f64,
    /// And δ.
    pub delta: f64,
}

/// All claims of a program, and what it promises of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Privacy {
    /// In the order of tracing.
    pub claims: Vec<Claim>,
    /// Each of them holds.
    pub budgets: Vec<Budget>,
}

impl Privacy {
    /// ε and δ of all claims, by basic composition (Dwork, Roth, The Algorithmic Foundations of Differential Privacy, 3.16).
    pub fn total(&self) -> (f64, f64) {
        let add = |(epsilon, delta): (f64, f64), claim: &Claim| {
            (epsilon + claim.whole_epsilon(), delta + claim.whole_delta())
        };
        self.claims.iter().fold((0.0, 0.0), add)
    }
}

/// By how much sums of rounded numbers may exceed a promise.
const SLACK: f64 = 1.0 + 1e-9;

impl<'h> Tracer<'h> {
    /// The odds that a function of `std::dp` asks for; notes what it claims.
    pub(super) fn odds(&mut self, name: &str, args: &[Val<'h>]) -> Traced<Option<Val<'h>>> {
        let (noise, odds, [epsilon, delta], [draws, sensitivity]) = match (name, args) {
            ("std::dp::budget", [epsilon, delta]) => {
                let [epsilon, delta] = [self.decimal_of(epsilon)?, self.decimal_of(delta)?];
                self.privacy.budgets.push(Budget {
                    span: self.called,
                    epsilon,
                    delta,
                });
                return Ok(None);
            }
            ("std::dp::laplace_odds", [draws, sensitivity, epsilon]) => {
                let whole = [self.number(draws)?, self.number(sensitivity)?];
                let epsilon = self.decimal_of(epsilon)?;
                let odds = noise::laplace(epsilon, whole[1]);
                (Noise::Laplace, odds, [epsilon, 0.0], whole)
            }
            ("std::dp::gaussian_odds", [draws, sensitivity, epsilon, delta]) => {
                let whole = [self.number(draws)?, self.number(sensitivity)?];
                let [epsilon, delta] = [self.decimal_of(epsilon)?, self.decimal_of(delta)?];
                let variance = noise::variance(epsilon, delta, whole[1]);
                let fits = variance.filter(|&v| v <= MAX_VARIANCE as f64);
                let variance = fits.map_or(0, |v| v as u64);
                let noise = Noise::Gaussian { variance };
                (noise, noise::gaussian(variance), [epsilon, delta], whole)
            }
            _ => return Ok(None),
        };
        let Some(Odds {
            thresholds,
            distance,
        }) = odds
        else {
            return Err(self.no_such_noise(noise));
        };
        let claim = Claim {
            span: self.called,
            noise,
            sensitivity,
            epsilon,
            delta,
            draws,
            distance,
            times: self.times()?,
        };
        self.privacy.claims.push(claim);
        let n = thresholds.len() as u64;
        let words: Vec<Word> = thresholds.into_iter().map(Word::from).collect();
        let odds = Leaf::constant(Scalar::unsigned(64), ConstVec::Table(words));
        Ok(Some(Val::Array(n, Box::new(Val::Leaf(odds)))))
    }

    fn no_such_noise(&self, noise: Noise) -> super::Stop {
        let (what, help) = match noise {
            Noise::Laplace => (
                "there is no such Laplace noise",
                "ε and the sensitivity are positive, and the noise has at most 62 bits",
            ),
            Noise::Gaussian { .. } => (
                "there is no such Gaussian noise",
                "ε, δ and the sensitivity are positive, and σ is at most 1024: for wider noise take `laplace`, or divide the number before",
            ),
        };
        Fault::new(code::NOT_KNOWN, self.span, what)
            .help(help)
            .into()
    }

    /// Whether the claims keep what the program promises.
    ///
    /// # Errors
    /// The promise that they do not keep.
    pub(super) fn check_budgets(&self) -> Traced<()> {
        let (epsilon, delta) = self.privacy.total();
        for budget in &self.privacy.budgets {
            if epsilon <= budget.epsilon * SLACK && delta <= budget.delta * SLACK {
                continue;
            }
            let what = format!(
                "all noise together spends ε = {epsilon:.4} and δ = {delta:.2e}, more than the budget"
            );
            let help = match budget.delta == 0.0 && delta > 0.0 {
                true => {
                    "noise of a circuit is not exactly that of its proof, and the distance counts as δ: allow one, as `budget(1.0, 0.000000001)` does"
                }
                false => "draw less noise, draw it with smaller ε and δ, or promise less",
            };
            let here = format!(
                "a budget of ε = {} and δ = {:e}",
                budget.epsilon, budget.delta
            );
            return Err(Fault::new(code::PRIVACY, budget.span, what)
                .here(here)
                .help(help)
                .into());
        }
        Ok(())
    }

    /// The bits of a known float.
    fn decimal_of(&self, val: &Val<'h>) -> Traced<f64> {
        self.parameter(val).map(|word| f64::from_bits(word as u64))
    }

    /// A known number.
    fn number(&self, val: &Val<'h>) -> Traced<u64> {
        self.parameter(val).map(|word| word as u64)
    }

    fn parameter(&self, val: &Val<'h>) -> Traced<Word> {
        if let Val::Leaf(leaf) = val
            && let Some(word) = leaf.known()
        {
            return Ok(word);
        }
        let what = "what noise is drawn must be known before the run";
        Err(Fault::new(code::NOT_KNOWN, self.span, what)
            .help("give constants or public arguments")
            .needs_known()
            .into())
    }
}
