//! Every example's plan and predicted figures, as digests: a change of either is a visible line of a diff.
//!
//! A digest says that something changed, not what: `smpcc dump --stage plan` and `smpcc stats` of the two builds say that. Where a
//! change is meant, `INSTA_UPDATE=always cargo test -p smpcc --test whole plans` writes the new ones.

use crate::support::{EXAMPLES, SETTINGS, Setting, example, options};
use smpcc_circuit::codec::encode_program;
use smpcc_circuit::stats::{Known, stats};
use smpcc_circuit::{blocks, program::Program, text};
use smpcc_compiler::pipeline;
use smpcc_compiler::session::Network;
use std::fmt::Write as _;

/// FNV-1a (Fowler, Noll, Vo): enough to notice a change that nobody makes on purpose.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// One number of parties per suite is enough to see a plan change; `bgw` has a king from five parties on.
fn settings() -> impl Iterator<Item = Setting> {
    SETTINGS
        .into_iter()
        .filter(|s| !s.threat.deviates())
        .filter(|s| matches!((s.n_parties, s.threshold), (2 | 3, _) | (5, 2)))
}

fn figures(program: &Program) -> String {
    let stats = stats(program, &Known::default());
    // Estimates of time are floating point: close, not equal, on every machine.
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?}",
        stats.totals,
        stats.correlations,
        stats.sections,
        stats.lines,
        stats.critical_path,
        blocks::groups(program)
    )
}

#[test]
fn plans_and_figures_of_all_examples_are_the_known_ones() {
    let mut known = String::from("example suite parties: protocol@network=plan/figures\n");
    for given in EXAMPLES {
        for setting in settings() {
            let Some((sources, hir, session)) = example(given, setting.n_parties) else {
                continue;
            };
            let mut line = format!(
                "{} {} {}:",
                given.0,
                setting.suite.name(),
                setting.n_parties
            );
            for protocol in setting.protocols() {
                for (place, network) in [("lan", Network::LAN), ("wan", Network::WAN)] {
                    let options = options(setting, protocol, network);
                    let compiled = pipeline::compile(
                        &hir,
                        &sources,
                        given.0,
                        &session,
                        &options,
                        &mut |_, _| {},
                    );
                    let said = match compiled {
                        Ok(compiled) => {
                            let program = compiled.program;
                            let bytes = encode_program(&program).expect("it can be encoded");
                            let shown = text::print(&program);
                            format!(
                                "{:08x}/{:08x}",
                                (digest(&bytes) ^ digest(shown.as_bytes())) as u32,
                                digest(figures(&program).as_bytes()) as u32
                            )
                        }
                        Err(refused) => refused.first().map_or("?", |d| d.code.as_str()).to_owned(),
                    };
                    let _ = write!(line, " {protocol:?}@{place}={said}");
                }
            }
            known.push_str(&line);
            known.push('\n');
        }
    }
    insta::assert_snapshot!("plans", known);
}
