//! `smpcc stats --explain`: the plan against what else could have been chosen, each compiled and estimated as a whole.

use super::count;
use crate::args::StatsArgs;
use crate::compiled::{self, Prepared};
use crate::load::Style;
use serde_json::{Value, json};
use smpcc::exit::{Failure, Outcome};
use smpcc::words;
use smpcc::work::Built;
use smpcc_circuit::stats::{self, Known, Stats};
use smpcc_compiler::pipeline;
use smpcc_compiler::session::{LocalChoice, ObjectiveChoice, Options, ProtocolChoice};
use std::fmt::Write as _;

/// Steps of the clear run on sample inputs that says how often things run where revealed values steer.
const TRACED_STEPS: u64 = 50_000_000;

/// What could be chosen, and what came of it: figures, or why it is refused.
struct Way {
    name: String,
    result: Result<Figures, String>,
}

#[derive(Clone, PartialEq)]
struct Figures {
    domains: String,
    rounds: Option<u64>,
    bytes: Option<u64>,
    lan: Option<f64>,
    wan: Option<f64>,
}

/// Compiles the plan and its alternatives, and compares them: text for people, or JSON.
pub fn explain(args: &StatsArgs, style: Style) -> Outcome<(String, Value)> {
    if Built::read(&args.file)?.is_some() {
        return Err(Failure::usage(format!(
            "{} is compiled: what else could have been chosen takes the text",
            args.file.display()
        )));
    }
    let prepared = compiled::prepare(&args.file, &args.plan, style)?;
    let chosen = &prepared.choices.options;
    let figures = figures(&prepared, chosen);
    let all = std::iter::once(Way {
        name: "as chosen".to_owned(),
        result: figures,
    });
    let others = alternatives(chosen).into_iter().map(|(name, options)| Way {
        name,
        result: self::figures(&prepared, &options),
    });
    let ways: Vec<Way> = all.chain(others).collect();
    Ok((human(&ways), json(&ways)))
}

/// Everything of the plan that options can change and that protects the same, one at a time.
fn alternatives(chosen: &Options) -> Vec<(String, Options)> {
    let mut all = Vec::new();
    for protocol in ProtocolChoice::ALL {
        if protocol != chosen.protocol {
            let options = Options {
                protocol,
                ..chosen.clone()
            };
            all.push((format!("--protocol {}", protocol.name()), options));
        }
    }
    for local in LocalChoice::ALL.into_iter().filter(|l| *l != chosen.local) {
        let options = Options {
            local,
            ..chosen.clone()
        };
        all.push((format!("--local {}", local.name()), options));
    }
    for objective in ObjectiveChoice::ALL {
        if objective != chosen.objective {
            let options = Options {
                objective,
                ..chosen.clone()
            };
            all.push((format!("--objective {}", objective.name()), options));
        }
    }
    all
}

fn figures(prepared: &Prepared, options: &Options) -> Result<Figures, String> {
    let Prepared {
        source,
        hir,
        session,
        inputs,
        ..
    } = prepared;
    let compiled = pipeline::compile(
        hir,
        &source.files,
        &source.name(),
        session,
        options,
        &mut |_, _| {},
    )
    .map_err(|diagnostics| {
        let first = diagnostics.into_iter().next();
        first.map_or_else(|| "refused".to_owned(), |d| d.message)
    })?;
    let mut known = Known {
        costs: Some(&options.costs),
        ..Known::default()
    };
    let mut stats = stats::stats(&compiled.program, &known);
    let traced = (inputs.as_deref().filter(|_| !stats.exact))
        .and_then(|inputs| compiled::trace(&compiled.program, inputs, TRACED_STEPS));
    if traced.is_some() {
        known.trace = traced.as_ref();
        stats = stats::stats(&compiled.program, &known);
    }
    let Stats {
        sections,
        totals,
        estimate_ms,
        ..
    } = stats;
    let mut domains: Vec<String> = sections.into_iter().map(|s| s.domain).collect();
    domains.sort_unstable();
    domains.dedup();
    Ok(Figures {
        domains: domains.concat(),
        rounds: totals.rounds,
        bytes: totals.bytes,
        lan: estimate_ms.lan,
        wan: estimate_ms.wan,
    })
}

fn human(ways: &[Way]) -> String {
    let mut text = format!(
        "\nthe choice and its alternatives\n  {:<24} {:<7} {:>8} {:>15} {:>13} {:>13}\n",
        "", "domains", "rounds", "bytes", "local network", "wide network"
    );
    let time = |ms: Option<f64>| ms.map_or_else(|| "?".to_owned(), words::milliseconds);
    let first = ways.first().and_then(|way| way.result.as_ref().ok());
    for (i, way) in ways.iter().enumerate() {
        match &way.result {
            Ok(f) => {
                let same = if i > 0 && first == Some(f) {
                    "  the same figures"
                } else {
                    ""
                };
                let _ = writeln!(
                    text,
                    "  {:<24} {:<7} {:>8} {:>15} {:>13} {:>13}{same}",
                    way.name,
                    f.domains,
                    count(f.rounds),
                    count(f.bytes),
                    time(f.lan),
                    time(f.wan)
                );
            }
            Err(why) => {
                let _ = writeln!(text, "  {:<24} refused: {why}", way.name);
            }
        }
    }
    text
}

fn json(ways: &[Way]) -> Value {
    let shown = ways.iter().map(|way| match &way.result {
        Ok(f) => json!({
            "choice": way.name, "domains": f.domains, "rounds": f.rounds, "bytes": f.bytes,
            "estimate_ms": {"lan": f.lan, "wan": f.wan},
        }),
        Err(why) => json!({"choice": way.name, "refused": why}),
    });
    Value::Array(shown.collect())
}
