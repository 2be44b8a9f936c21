//! One meaning everywhere: interpreter = optimised IR = circuit evaluator = protocol, in every domain, on random programs;
//! and what was predicted is what was sent.

mod support;

use smpcc_circuit::eval;
use smpcc_circuit::program::Program;
use smpcc_circuit::stats::{self, Known};
use smpcc_circuit::value::Word;
use smpcc_compiler::ir::Ir;
use smpcc_compiler::ir::generate::{Size, generate};
use smpcc_compiler::ir::interpret::{Outputs, interpret};
use smpcc_compiler::session::{Network, Options, ProtocolChoice};
use smpcc_compiler::source::SourceSet;
use smpcc_compiler::{lower, passes, pipeline};
use smpcc_runtime::engine::RunReport;
use smpcc_runtime::error::Error;
use smpcc_runtime::net::{self, memory};
use support::{EXAMPLES, example, options, party};

fn compile(ir: &Ir, options: &Options) -> Option<Program> {
    pipeline::compile_ir(
        passes::optimise(ir.clone(), options.opt, &mut |_, _| {}),
        &SourceSet::new(),
        "random",
        options,
    )
    .ok()
    .map(|c| c.program)
}

/// Lanes by output leaf, rounds, bytes that each party sent.
type Ran = (Vec<Option<Vec<Word>>>, u64, Vec<u64>);

/// What three parties learn, and what it took.
fn run(program: &Program, inputs: &[Vec<Word>]) -> Result<Ran, Error> {
    let meshes = memory::meshes(3, &net::Options::default())?;
    let results: Vec<Result<RunReport, Error>> = std::thread::scope(|scope| {
        let threads: Vec<_> = meshes
            .into_iter()
            .map(|mesh| scope.spawn(move || party(program, inputs, mesh, 7)))
            .collect();
        threads
            .into_iter()
            .map(|t| t.join().expect("no party panics"))
            .collect()
    });
    let mut outputs = vec![None; program.outputs.len()];
    let (mut rounds, mut sent) = (0, Vec::new());
    for report in results {
        let report = report?;
        rounds = rounds.max(report.rounds);
        sent.push(report.bytes_sent);
        for (id, words) in report.outputs {
            let slot: &mut Option<Vec<Word>> = &mut outputs[id.index()];
            assert!(
                slot.as_ref().is_none_or(|before| *before == words),
                "receivers differ"
            );
            *slot = Some(words);
        }
    }
    Ok((outputs, rounds, sent))
}

fn differential(seeds: std::ops::Range<u64>, size: Size, network: Network) {
    let mut compared = 0;
    for seed in seeds {
        let (ir, inputs) = generate(seed, size);
        let meaning = interpret(&ir, &inputs);
        for protocol in [
            ProtocolChoice::Auto,
            ProtocolChoice::Boolean,
            ProtocolChoice::Yao,
            ProtocolChoice::Arithmetic,
        ] {
            let Some(program) = compile(&ir, &options(protocol, network)) else {
                assert_eq!(
                    protocol,
                    ProtocolChoice::Arithmetic,
                    "seed {seed}: only arithmetic may be impossible"
                );
                continue;
            };
            let clear = eval::eval(&program, &inputs);
            let secure = run(&program, &inputs);
            match &meaning {
                Ok(Outputs { outputs, .. }) => {
                    let clear = clear.unwrap_or_else(|e| {
                        panic!("seed {seed}, {protocol:?}: the evaluator stopped: {e}")
                    });
                    assert_eq!(
                        clear.outputs, *outputs,
                        "seed {seed}, {protocol:?}: evaluator"
                    );
                    let (secure, ..) = secure.unwrap_or_else(|e| {
                        panic!("seed {seed}, {protocol:?}: the run stopped: {e}")
                    });
                    for (id, (secure, clear)) in secure.iter().zip(outputs).enumerate() {
                        if let Some(secure) = secure {
                            assert_eq!(secure, clear, "seed {seed}, {protocol:?}: output {id}");
                            compared += 1;
                        }
                    }
                }
                Err(_) => {
                    assert!(
                        clear.is_err(),
                        "seed {seed}, {protocol:?}: the evaluator should stop"
                    );
                    assert!(
                        secure.is_err_and(|e| e.exit_code() == 1),
                        "seed {seed}, {protocol:?}: the run should stop"
                    );
                }
            }
        }
    }
    assert!(compared > 0);
}

#[test]
fn small_random_programs() {
    differential(
        0..40,
        Size {
            max_width: 16,
            ..Size::default()
        },
        Network::LAN,
    );
}

#[test]
fn wide_random_programs() {
    differential(1000..1020, Size::default(), Network::LAN);
}

#[test]
fn random_programs_for_a_slow_network() {
    differential(
        2000..2020,
        Size {
            max_width: 32,
            ..Size::default()
        },
        Network::WAN,
    );
}

/// A reproducible stream of words.
struct Words(u64);

impl Words {
    fn next(&mut self) -> Word {
        let mut word = 0;
        for _ in 0..2 {
            // splitmix64
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word = (word << 64) | Word::from(z ^ (z >> 31));
        }
        word
    }
}

#[test]
fn examples_on_random_inputs_in_every_domain() {
    for (i, which) in EXAMPLES.into_iter().enumerate() {
        for round in 0..3u64 {
            let (sources, hir, session) = example((
                which.0,
                which.1,
                if which.2 == 0 { 0 } else { which.2 + round * 7 },
            ));
            let meaning = lower::lower(&hir, &session).unwrap_or_else(|d| panic!("{d:?}"));
            let mut words = Words(round * 100 + i as u64);
            // Small and extreme values, so that comparisons meet ties.
            let inputs: Vec<Vec<Word>> = meaning
                .inputs
                .iter()
                .map(|leaf| {
                    (0..leaf.lanes)
                        .map(|_| match leaf.range {
                            Some((lo, hi)) => {
                                (lo + (words.next() % ((hi - lo + 1) as Word)) as i128) as Word
                            }
                            None if words.next().is_multiple_of(4) => leaf.scalar.mask(),
                            None if words.next().is_multiple_of(2) => words.next() % 3,
                            None => words.next() & leaf.scalar.mask(),
                        })
                        .collect()
                })
                .collect();
            let expected = interpret(&meaning, &inputs).expect("a result").outputs;
            for protocol in [
                ProtocolChoice::Auto,
                ProtocolChoice::Boolean,
                ProtocolChoice::Yao,
                ProtocolChoice::Arithmetic,
            ] {
                let options = options(
                    protocol,
                    if round == 2 {
                        Network::WAN
                    } else {
                        Network::LAN
                    },
                );
                let compiled =
                    pipeline::compile(&hir, &sources, which.0, &session, &options, &mut |_, _| {});
                let program = match compiled {
                    Ok(compiled) => compiled.program,
                    Err(_) if protocol == ProtocolChoice::Arithmetic && which.0 != "dot" => {
                        continue;
                    }
                    Err(d) => panic!("{} in {protocol:?}: {d:?}", which.0),
                };
                let (outputs, rounds, sent) = run(&program, &inputs)
                    .unwrap_or_else(|e| panic!("{} in {protocol:?}: {e}", which.0));
                for (got, expected) in outputs.iter().zip(&expected) {
                    assert_eq!(got.as_ref(), Some(expected), "{} in {protocol:?}", which.0);
                }
                let stats = stats::stats(&program, &Known::default());
                assert_eq!(
                    stats.totals.rounds,
                    Some(rounds),
                    "rounds of {} in {protocol:?}",
                    which.0
                );
                assert_eq!(
                    stats.totals.bytes_sent,
                    Some(sent),
                    "bytes of {} in {protocol:?}",
                    which.0
                );
            }
        }
    }
}
