//! One meaning everywhere: interpreter = optimised IR = circuit evaluator = protocol, in every domain, on random programs;
//! and what was predicted is what was sent.

use smpcc_circuit::eval;
use smpcc_circuit::program::{Program, Suite, Threat};
use smpcc_circuit::value::Word;
use smpcc_compiler::ir::Ir;
use smpcc_compiler::ir::generate::{Size, generate};
use smpcc_compiler::ir::interpret::{Outputs, interpret};
use smpcc_compiler::session::{Network, ObjectiveChoice, Options, ProtocolChoice};
use smpcc_compiler::source::SourceSet;
use smpcc_compiler::{passes, pipeline};
use smpcc_runtime::engine;
use smpcc_runtime::error::Error;
use smpcc_runtime::io::{Inputs, Secret};
use smpcc_runtime::net::{self, memory};

fn options(protocol: ProtocolChoice, network: Network) -> Options {
    Options {
        suite: Suite::Rep3,
        threat: Threat::SemiHonest,
        threshold: 1,
        protocol,
        objective: ObjectiveChoice::Auto,
        network,
        opt: 2,
    }
}

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

/// What three parties learn, by output leaf, with the rounds and the bytes that each sent.
fn run(
    program: &Program,
    inputs: &[Vec<Word>],
) -> Result<(Vec<Option<Vec<Word>>>, u64, Vec<u64>), Error> {
    let meshes = memory::meshes(3, &net::Options::default())?;
    let results: Vec<Result<engine::RunReport, Error>> = std::thread::scope(|scope| {
        let threads: Vec<_> = meshes
            .into_iter()
            .map(|mut mesh| {
                scope.spawn(move || {
                    mesh.bind_session([7; 32]);
                    let me = mesh.me();
                    let mine: Inputs = (0u32..)
                        .zip(&program.inputs)
                        .zip(inputs)
                        .filter(|((_, leaf), _)| leaf.party as usize == me.index())
                        .map(|((id, leaf), words)| {
                            (
                                smpcc_circuit::ids::InputId(id),
                                Secret::new(words.iter().map(|w| leaf.scalar.wrap(*w)).collect()),
                            )
                        })
                        .collect();
                    let report = engine::run(program, me, &mut mesh, mine, &mut |_| {});
                    match &report {
                        Ok(_) => drop(mesh.close()),
                        Err(e) => mesh.abort(e),
                    }
                    report
                })
            })
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
