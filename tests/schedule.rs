//! What a party sends (number, sizes, order of messages on every link) depends on the program and on revealed values, never on
//! secrets; and two runs with equal inputs never put the same bytes on a link.

use crate::support::{EXAMPLES, Example, SETTINGS, Setting, by_party, example, options};
use smpcc_circuit::program::{Program, Suite};
use smpcc_circuit::value::Word;
use smpcc_circuit::verify::Verified;
use smpcc_compiler::pipeline;
use smpcc_compiler::session::{Network, ProtocolChoice};
use smpcc_runtime::local;
use smpcc_runtime::net::record::{Recorded, Recording};
use smpcc_runtime::net::{self, memory};
use smpcc_runtime::party::PartyId;
use std::collections::BTreeSet;

/// The plan of an example, where it is for so many parties.
fn compile(which: Example, setting: Setting, protocol: ProtocolChoice) -> Option<Verified> {
    let (sources, hir, session) = example(which, setting.n_parties)?;
    let options = options(setting, protocol, Network::LAN);
    let compiled = pipeline::compile(&hir, &sources, which.0, &session, &options, &mut |_, _| {})
        .unwrap_or_else(|d| panic!("{d:?}"));
    Some(compiled.program)
}

/// Settings without the largest: every link is recorded.
fn settings() -> impl Iterator<Item = Setting> {
    let few = |s: &Setting| s.n_parties <= if s.suite == Suite::Bgw { 5 } else { 3 };
    SETTINGS.into_iter().filter(few)
}

/// Everything that each party sends in a run; all runs have one session id, so that nothing fresh comes from there.
fn sent(program: &Verified, inputs: &[Vec<Word>]) -> Vec<Recording> {
    let n = program.n_parties as usize;
    let recordings: Vec<Recording> = (0..n).map(|_| Recording::default()).collect();
    let links = memory::links(n)
        .expect("links")
        .into_iter()
        .zip(&recordings);
    let links = links
        .map(|(links, recording)| recording.wrap(links))
        .collect();
    let inputs = by_party(program, inputs);
    let results = local::run_over(program, inputs, links, &net::Options::default(), [1; 32]);
    for result in results {
        result.unwrap_or_else(|e| panic!("{e}"));
    }
    recordings
}

fn constant_inputs(program: &Program, f: impl Fn(usize, u64) -> Word) -> Vec<Vec<Word>> {
    program
        .inputs
        .iter()
        .enumerate()
        .map(|(i, leaf)| {
            let top = leaf
                .range
                .map_or(leaf.scalar.mask() >> 1, |(_, hi)| hi.word());
            (0..leaf.lanes).map(|lane| f(i, lane) % (top + 1)).collect()
        })
        .collect()
}

/// Two runs with the same inputs put nothing on a link twice.
fn expect_no_bytes_twice(first: &[Recording], second: &[Recording], at: &str) {
    let n = first.len();
    for from in 0..n {
        for to in PartyId::all(n).filter(|to| to.index() != from) {
            let payloads = |r: &Recording| -> BTreeSet<Vec<u8>> {
                r.sent_to(to)
                    .iter()
                    .filter(|f: &&Recorded| f.is_data)
                    .map(|f| f.bytes[f.bytes.len() - f.payload_len()..].to_vec())
                    // What is equal by chance once in 2^64 runs: a few bits may be filled up with zeros.
                    .filter(|payload| payload.iter().filter(|&&byte| byte != 0).count() >= 8)
                    .collect()
            };
            let again = payloads(&second[from]);
            for payload in payloads(&first[from]) {
                assert!(
                    !again.contains(&payload),
                    "{at}: party {from} to {to} repeats {} bytes",
                    payload.len()
                );
            }
        }
    }
}

#[test]
fn messages_do_not_depend_on_secrets_and_equal_runs_share_no_bytes() {
    for (setting, which) in settings().flat_map(|s| EXAMPLES.map(|e| (s, e))) {
        for protocol in setting.protocols() {
            if protocol == ProtocolChoice::Arithmetic {
                continue;
            }
            let Some(program) = compile(which, setting, protocol) else {
                continue;
            };
            let at = format!("{} in {protocol:?}, {setting:?}", which.0);
            let n = program.n_parties as usize;
            let zero = constant_inputs(&program, |_, _| 0);
            let large = constant_inputs(&program, |i, lane| {
                Word::MAX / (i as Word + 3) + Word::from(lane) * 977
            });
            let (low, high) = (sent(&program, &zero), sent(&program, &large));
            for from in 0..n {
                for to in PartyId::all(n).filter(|to| to.index() != from) {
                    assert_eq!(
                        low[from].schedule(to),
                        high[from].schedule(to),
                        "{at}: party {from} to {to}"
                    );
                }
            }
            if protocol == ProtocolChoice::Auto {
                expect_no_bytes_twice(&high, &sent(&program, &large), &at);
            }
        }
    }
}
