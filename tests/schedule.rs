//! What a party sends (number, sizes, order of messages on every link) depends on the program and on revealed values, never on
//! secrets; and two runs with equal inputs never put the same bytes on a link.

mod support;

use smpcc_circuit::program::Program;
use smpcc_circuit::value::Word;
use smpcc_compiler::pipeline;
use smpcc_compiler::session::{Network, ProtocolChoice};
use smpcc_runtime::net::record::{Recorded, Recording};
use smpcc_runtime::net::{self, Mesh, memory};
use smpcc_runtime::party::{PartyId, PartyNames};
use support::{EXAMPLES, Example, example, options, party};

fn compile(which: Example, protocol: ProtocolChoice) -> Program {
    let (sources, hir, session) = example(which);
    let options = options(protocol, Network::LAN);
    pipeline::compile(&hir, &sources, which.0, &session, &options, &mut |_, _| {})
        .unwrap_or_else(|d| panic!("{d:?}"))
        .program
}

/// Everything that each party sends in a run.
fn sent(program: &Program, inputs: &[Vec<Word>], session: u8) -> Vec<Recording> {
    let recordings: Vec<Recording> = (0..3).map(|_| Recording::default()).collect();
    let links = memory::links(3).expect("links");
    std::thread::scope(|scope| {
        for (links, recording) in links.into_iter().zip(&recordings) {
            scope.spawn(move || {
                let links = recording.wrap(links);
                let mesh = Mesh::new(links, PartyNames::plain(3), net::Options::default())
                    .expect("a mesh");
                party(program, inputs, mesh, session).unwrap_or_else(|e| panic!("{e}"));
            });
        }
    });
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
                .map_or(leaf.scalar.mask() >> 1, |(_, hi)| hi as Word);
            (0..leaf.lanes).map(|lane| f(i, lane) % (top + 1)).collect()
        })
        .collect()
}

#[test]
fn messages_do_not_depend_on_secrets() {
    for which in EXAMPLES {
        let name = which.0;
        for protocol in [
            ProtocolChoice::Auto,
            ProtocolChoice::Boolean,
            ProtocolChoice::Yao,
        ] {
            let program = compile(which, protocol);
            let low = sent(&program, &constant_inputs(&program, |_, _| 0), 1);
            let high = sent(
                &program,
                &constant_inputs(&program, |i, lane| {
                    Word::MAX / (i as Word + 3) + Word::from(lane) * 977
                }),
                1,
            );
            for from in 0..3 {
                for to in PartyId::all(3).filter(|to| to.index() != from) {
                    assert_eq!(
                        low[from].schedule(to),
                        high[from].schedule(to),
                        "{name} in {protocol:?}: party {from} to {to}"
                    );
                }
            }
        }
    }
}

#[test]
fn equal_runs_share_no_bytes() {
    for which in EXAMPLES {
        let name = which.0;
        let program = compile(which, ProtocolChoice::Auto);
        let inputs = constant_inputs(&program, |i, lane| (i as Word + 1) * 3 + Word::from(lane));
        let (first, second) = (sent(&program, &inputs, 1), sent(&program, &inputs, 1));
        for from in 0..3 {
            for to in PartyId::all(3).filter(|to| to.index() != from) {
                let payloads = |r: &Recording| -> Vec<Vec<u8>> {
                    r.sent_to(to)
                        .iter()
                        .filter(|f: &&Recorded| f.is_data && f.payload_len() >= 16)
                        .map(|f| f.bytes[f.bytes.len() - f.payload_len()..].to_vec())
                        .collect()
                };
                for payload in payloads(&first[from]) {
                    assert!(
                        !payloads(&second[from]).contains(&payload),
                        "{name}: party {from} to {to} repeats {} bytes",
                        payload.len()
                    );
                }
            }
        }
    }
}
