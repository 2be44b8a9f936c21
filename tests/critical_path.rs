//! The listing of the longest chain: every round of a run has a line, and the lines are the right ones.

use crate::support::{self, Setting};
use smpcc_circuit::cost::Costs;
use smpcc_circuit::eval;
use smpcc_circuit::program::Suite;
use smpcc_circuit::stats::{self, Known, Stats};
use smpcc_compiler::pipeline::Compiled;
use smpcc_compiler::session::{Network, ProtocolChoice};
use std::collections::BTreeMap;

fn compile(text: &str, protocol: ProtocolChoice) -> Compiled {
    compile_for(text, protocol, support::REP3)
}

/// A program for a suite, so many parties and so many corrupt ones.
fn compile_for(text: &str, protocol: ProtocolChoice, setting: Setting) -> Compiled {
    let options = support::options(setting, protocol, Network::LAN);
    support::compile(text, &support::session(&[setting.n_parties]), &options)
}

/// The figures, for a run on these inputs where what it reveals steers it.
fn figures(compiled: &Compiled, inputs: &[u128]) -> Stats {
    let words: Vec<Vec<u128>> = inputs.iter().map(|&w| vec![w]).collect();
    let trace = eval::eval(&compiled.program, &words)
        .expect("a result")
        .trace;
    stats::stats(
        &compiled.program,
        &Known {
            trace: Some(&trace),
            attribution: Some(&compiled.attribution),
            functions: &compiled.functions,
            costs: None,
        },
    )
}

/// Rounds by line; they must add up.
fn by_line(stats: &Stats) -> BTreeMap<u32, u64> {
    let mut lines = BTreeMap::new();
    for part in stats.critical_path.as_ref().expect("a path") {
        assert!(
            part.rounds > 0 && (part.line == 0 || part.file == "program.smpc"),
            "{part:?}"
        );
        *lines.entry(part.line).or_default() += part.rounds;
    }
    assert_eq!(Some(lines.values().sum()), stats.totals.rounds);
    lines
}

#[test]
fn a_loop_has_the_rounds_of_all_its_iterations() {
    let text = "fn main(x: secret u32 from each) -> u32 {
    let mut m = x[0];
    for i in 0..1000000 {
        m = m * m + x[1];
    }
    let aside = x[1] * x[2] * x[0];
    m + aside
}
";
    let compiled = compile(text, ProtocolChoice::Arithmetic);
    let lines = by_line(&figures(&compiled, &[3, 5, 7]));
    // One round for the inputs, one for the output; the products aside are on no longest chain.
    assert_eq!(lines, BTreeMap::from([(1, 2), (4, 1_000_000)]));
}

#[test]
fn a_fused_circuit_is_told_apart_by_line() {
    let text = "fn main(x: secret u32 from each) -> bool {
    let y = x[0] & x[1] & x[2];
    let z = y * y;
    z == 77
}
";
    let compiled = compile(text, ProtocolChoice::Boolean);
    let lines = by_line(&figures(&compiled, &[3, 5, 7]));
    assert_eq!((lines[&1], lines[&2]), (2, 2), "{lines:?}");
    // The product has no carry chain: what is compared is the rows of its partial products.
    assert_eq!((lines[&3], lines[&4]), (4, 6), "{lines:?}");
    let compiled = compile(text, ProtocolChoice::Yao);
    by_line(&figures(&compiled, &[3, 5, 7]));
}

#[test]
fn what_is_revealed_may_steer_the_path() {
    let text = "fn main(x: secret u32 from each) -> u32 {
    let mut m = x[0];
    let mut left = reveal(x[1] & 15);
    while left > 0 {
        m = m * x[2];
        left -= 1;
    }
    if reveal(m > x[1]) {
        m = m * m;
    }
    m
}
";
    for protocol in [
        ProtocolChoice::Auto,
        ProtocolChoice::Boolean,
        ProtocolChoice::Yao,
    ] {
        let compiled = compile(text, protocol);
        for inputs in [[3, 0, 7], [1, 5, 1], [2, 31, 1]] {
            let lines = by_line(&figures(&compiled, &inputs));
            if inputs[1] == 0 {
                assert!(!lines.contains_key(&5), "{lines:?}");
            }
        }
    }
}

#[test]
fn garbled_chains_that_come_back_and_forth_add_up() {
    let text = "#[protocol(yao)]
fn half(a: secret u32, b: secret u32) -> secret u32 { a / b }
#[protocol(arithmetic)]
fn square(a: secret u32) -> secret u32 { a * a }

fn main(x: secret u32 from each) -> u32 {
    let mut m = x[0];
    for i in 0..37 {
        m = half(square(m), x[1]);
        for j in 0..50 { m = square(m) ^ x[2]; }
    }
    m
}
";
    for protocol in [ProtocolChoice::Auto, ProtocolChoice::Yao] {
        let lines = by_line(&figures(&compile(text, protocol), &[3, 5, 7]));
        // All garbled, only the inputs and the output are waited for.
        let expected = if protocol == ProtocolChoice::Yao {
            1
        } else {
            2
        };
        assert!(lines.len() >= expected, "{lines:?}");
    }
}

#[test]
fn every_suite_tells_all_of_its_rounds() {
    let text = "fn main(x: secret u32 from each) -> u32 {
    let mut m = x[0];
    let mut left = reveal(x[1] & 3);
    while left > 0 {
        m = m * m / (x[1] + 1);
        left -= 1;
    }
    for i in 0..20 { m = m * x[1] + 1; }
    m
}
";
    for setting in [
        support::setting(Suite::TwoParty, 2, 1),
        support::setting(Suite::Gmw, 2, 1),
        support::setting(Suite::Gmw, 3, 2),
        support::setting(Suite::Bgw, 3, 1),
        support::setting(Suite::Bgw, 5, 2),
    ] {
        for protocol in [ProtocolChoice::Auto, ProtocolChoice::Boolean] {
            let compiled = compile_for(text, protocol, setting);
            let inputs = vec![6; setting.n_parties as usize];
            let lines = by_line(&figures(&compiled, &inputs));
            if protocol == ProtocolChoice::Boolean {
                assert!(lines[&5] > 0 && lines[&8] >= 20, "{setting:?} {lines:?}");
            }
            // Oblivious transfer needs something to be made ahead.
            if matches!(setting.suite, Suite::TwoParty | Suite::Gmw) {
                assert!(lines.contains_key(&0), "{setting:?} {lines:?}");
            }
        }
    }
}

/// The time that limits a run is the one that is shown, and there is none where what is revealed steers the run.
#[test]
fn time_alone_is_predicted_as_with_all_figures() {
    let text = "fn main(x: secret u32 from each) -> u32 {
    let mut m = x[0];
    for i in 0..1000 {
        if m < x[1] { m = m * m + x[1]; }
    }
    m
}
";
    for protocol in [ProtocolChoice::Boolean, ProtocolChoice::Yao] {
        let program = compile(text, protocol).program;
        let shown = stats::stats(&program, &Known::default()).estimate_ms.wan;
        let alone = stats::milliseconds(&program, stats::Link::WAN, &Costs::SHIPPED);
        assert!(alone.is_some());
        assert_eq!(alone, shown);
    }
    let text = "fn main(x: secret u32 from each) -> u32 {
    let mut m = x[0];
    while reveal(m < x[1]) {
        m = m + 1;
    }
    m
}
";
    let program = compile(text, ProtocolChoice::Auto).program;
    let alone = stats::milliseconds(&program, stats::Link::WAN, &Costs::SHIPPED);
    assert_eq!(alone, None);
}
