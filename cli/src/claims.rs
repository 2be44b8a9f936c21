//! What a program claims of its noise, in words and as JSON.

use smpcc_compiler::lower::{Claim, Noise, Privacy};
use smpcc_compiler::source::SourceSet;
use std::fmt::Write as _;

/// A line for each call that draws noise, and one for all of them.
pub fn human(privacy: &Privacy, sources: &SourceSet) -> String {
    let mut text = String::new();
    for claim in &privacy.claims {
        let place = sources.place(claim.span);
        let _ = writeln!(text, "{place}: privacy: {}", words(claim));
    }
    if !privacy.claims.is_empty() {
        let _ = writeln!(text, "{}", total(privacy));
    }
    text
}

/// One claim.
pub fn words(claim: &Claim) -> String {
    let noise = match claim.noise {
        Noise::Laplace => "discrete Laplace noise".to_owned(),
        Noise::Gaussian { variance } => format!("discrete Gaussian noise of σ² = {variance}"),
    };
    let often = match claim.times {
        1 => String::new(),
        n => format!(", {n} times"),
    };
    let exact = match claim.delta == 0.0 {
        true => format!("ε = {}", claim.epsilon),
        false => format!("ε = {} and δ = {:e}", claim.epsilon, claim.delta),
    };
    let values = match claim.draws {
        1 => "one value".to_owned(),
        n => format!("{n} values"),
    };
    format!(
        "{noise} on {values} of sensitivity {}: {exact}{often}; at a distance of at most {:.1e} from the exact one, so that all of it gives ε = {} and δ = {:.2e}",
        claim.sensitivity,
        claim.distance * claim.draws as f64,
        round(claim.whole_epsilon()),
        claim.whole_delta(),
    )
}

/// All claims together, and what was promised.
pub fn total(privacy: &Privacy) -> String {
    let (epsilon, delta) = privacy.total();
    let mut text = format!(
        "privacy: all noise together gives ε = {} and δ = {delta:.2e}, if the sensitivities are as the program says",
        round(epsilon)
    );
    for budget in &privacy.budgets {
        let _ = write!(
            text,
            "; within the budget of ε = {} and δ = {:e}",
            budget.epsilon, budget.delta
        );
    }
    text
}

/// The same for programs.
pub fn json(privacy: &Privacy, sources: &SourceSet) -> serde_json::Value {
    let claims = privacy.claims.iter().map(|claim| {
        let (kind, variance) = match claim.noise {
            Noise::Laplace => ("laplace", None),
            Noise::Gaussian { variance } => ("gaussian", Some(variance)),
        };
        serde_json::json!({
            "place": sources.place(claim.span),
            "noise": kind,
            "variance": variance,
            "sensitivity": claim.sensitivity,
            "values": claim.draws,
            "times": claim.times,
            "epsilon": claim.epsilon,
            "delta": claim.delta,
            "distance": claim.distance,
            "whole_epsilon": claim.whole_epsilon(),
            "whole_delta": claim.whole_delta(),
        })
    });
    let claims: Vec<serde_json::Value> = claims.collect();
    let (epsilon, delta) = privacy.total();
    let budgets = privacy.budgets.iter();
    let budgets: Vec<serde_json::Value> = budgets
        .map(|b| serde_json::json!({"place": sources.place(b.span), "epsilon": b.epsilon, "delta": b.delta}))
        .collect();
    serde_json::json!({"epsilon": epsilon, "delta": delta, "noise": claims, "budgets": budgets})
}

/// Without the last digits of sums.
fn round(x: f64) -> f64 {
    (x * 1e9).round() / 1e9
}
