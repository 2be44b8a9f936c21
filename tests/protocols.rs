//! One meaning everywhere: interpreter = optimised IR = circuit evaluator = protocol, in every domain, on random programs;
//! and what was predicted is what was sent.

use crate::support::{
    EXAMPLES, Example, SETTINGS, Setting, by_party, example, expect_the_best, options,
};
use smpcc_circuit::eval;
use smpcc_circuit::program::InputLeaf;
use smpcc_circuit::program::Op::Shuffle;
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::stats::{self, Known};
use smpcc_circuit::value::{ConstVec, Scalar, Word};
use smpcc_circuit::verify::Verified;
use smpcc_compiler::ir::build::Builder;
use smpcc_compiler::ir::generate::{Size, generate};
use smpcc_compiler::ir::interpret::{Outputs, interpret};
use smpcc_compiler::ir::{Ir, Op};
use smpcc_compiler::session::{LocalChoice, Network, Options, ProtocolChoice};
use smpcc_compiler::source::SourceSet;
use smpcc_compiler::{lower, passes, pipeline};
use smpcc_runtime::error::Error;
use smpcc_runtime::local;
use std::collections::BTreeSet;

fn compile(ir: &Ir, options: &Options) -> Option<Verified> {
    pipeline::compile_ir(
        passes::optimise(ir.clone(), options.opt, options.local, &mut |_, _| {}),
        &SourceSet::new(),
        "random",
        options,
    )
    .ok()
    .map(|c| c.program)
}

/// Lanes by output leaf, rounds, bytes that each party sent.
type Ran = (Vec<Option<Vec<Word>>>, u64, Vec<u64>);

/// What the parties learn, and what it took.
pub(crate) fn run(program: &Verified, inputs: &[Vec<Word>]) -> Result<Ran, Error> {
    let results = local::run(program, by_party(program, inputs))?;
    // What stops a program is public: all parties say the same of it.
    if let Some(Err(first)) = results.first() {
        for (party, result) in results.iter().enumerate() {
            assert_eq!(result.as_ref().err(), Some(first), "party {party}");
        }
    }
    let mut outputs = vec![None; program.outputs.len()];
    let (mut rounds, mut sent) = (0, Vec::new());
    for report in results {
        let report = report?;
        rounds = rounds.max(report.rounds);
        sent.push(report.bytes_sent);
        for (id, words) in report.outputs {
            let words = words.words();
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

/// Random programs: interpreter, circuit evaluator and, where it exists, protocol say the same.
fn differential(seeds: std::ops::Range<u64>, size: Size, network: Network, setting: Setting) {
    let size = Size {
        n_parties: setting.n_parties,
        ..size
    };
    let mut compared = 0;
    for seed in seeds {
        let (ir, inputs) = generate(seed, size);
        let meaning = interpret(&ir, &inputs);
        for protocol in setting.protocols() {
            // What owners compute alone and what all compute together, in turn.
            let local = LocalChoice::ALL[(seed % 2) as usize];
            let at = format!("seed {seed}, {protocol:?}, {local:?}, {setting:?}");
            let options = Options {
                local,
                ..options(setting, protocol, network)
            };
            let Some(program) = compile(&ir, &options) else {
                assert_eq!(
                    protocol,
                    ProtocolChoice::Arithmetic,
                    "{at}: only arithmetic may be impossible"
                );
                continue;
            };
            let clear = eval::eval(&program, &inputs);
            let secure = setting
                .is_affordable(protocol)
                .then(|| run(&program, &inputs));
            match &meaning {
                Ok(Outputs { outputs, .. }) => {
                    let clear =
                        clear.unwrap_or_else(|e| panic!("{at}: the evaluator stopped: {e}"));
                    assert_eq!(clear.outputs, *outputs, "{at}: evaluator");
                    compared += 1;
                    let Some(secure) = secure else { continue };
                    let (secure, ..) =
                        secure.unwrap_or_else(|e| panic!("{at}: the run stopped: {e}"));
                    for (id, (secure, clear)) in secure.iter().zip(outputs).enumerate() {
                        if let Some(secure) = secure {
                            assert_eq!(secure, clear, "{at}: output {id}");
                        }
                    }
                }
                Err(_) => {
                    assert!(
                        clear.is_err(),
                        "{at}: the evaluator should stop: {:?}",
                        meaning.as_ref().err()
                    );
                    let Some(secure) = secure else { continue };
                    let error = secure
                        .err()
                        .unwrap_or_else(|| panic!("{at}: the run went on"));
                    assert_eq!(error.exit_code(), 1, "{at}: {error}");
                }
            }
        }
    }
    assert!(compared > 0);
}

/// Three parties of which one may be corrupt, and what every suite is compared with.
const REP3: Setting = SETTINGS[1];

#[test]
fn small_random_programs() {
    let size = Size {
        max_width: 16,
        ..Size::default()
    };
    differential(0..40, size, Network::LAN, REP3);
}

#[test]
fn wide_random_programs() {
    differential(1000..1020, Size::default(), Network::LAN, REP3);
}

#[test]
fn random_programs_for_a_slow_network() {
    let size = Size {
        max_width: 32,
        ..Size::default()
    };
    differential(2000..2020, size, Network::WAN, REP3);
}

#[test]
fn random_programs_under_every_suite() {
    for (i, setting) in (0u64..).zip(SETTINGS) {
        // Many parties and many seeds say little together that they do not say apart.
        let n = match setting.n_parties {
            2..=3 => 6,
            4..=7 => 3,
            _ => 1,
        };
        let size = Size {
            max_width: 32,
            ..Size::default()
        };
        let seed = 5000 + 100 * i;
        differential(seed..seed + n, size, Network::LAN, setting);
        differential(
            seed + 50..seed + 50 + n.div_ceil(2),
            size,
            Network::WAN,
            setting,
        );
    }
}

/// Small and extreme values for the inputs of a program, so that comparisons meet ties.
fn random_inputs(ir: &Ir, words: &mut SplitMix) -> Vec<Vec<Word>> {
    let mut draw = |leaf: &InputLeaf| match leaf.range {
        Some((lo, hi)) => {
            let n = hi.word().wrapping_sub(lo.word()) + 1;
            lo.word().wrapping_add(words.word() % n)
        }
        None if words.word().is_multiple_of(4) => leaf.scalar.mask(),
        None if words.word().is_multiple_of(2) => (words.word() % 3) & leaf.scalar.mask(),
        None => words.word() & leaf.scalar.mask(),
    };
    ir.inputs
        .iter()
        .map(|leaf| (0..leaf.lanes).map(|_| draw(leaf)).collect())
        .collect()
}

/// Under a setting and for a network, in every domain: a plan's meaning, what a run gives, and what it takes.
fn example_agrees(
    which: Example,
    setting: Setting,
    network: Network,
    local: LocalChoice,
    seed: u64,
) -> bool {
    let Some((sources, hir, session)) = example(which, setting.n_parties) else {
        return false;
    };
    let meaning = lower::lower(&hir, &session).unwrap_or_else(|d| panic!("{d:?}"));
    let inputs = random_inputs(&meaning, &mut SplitMix::new(seed));
    let expected = interpret(&meaning, &inputs).expect("a result").outputs;
    for protocol in setting.protocols() {
        let at = format!("{} in {protocol:?}, {local:?}, {setting:?}", which.0);
        let options = Options {
            local,
            ..options(setting, protocol, network)
        };
        let compiled =
            pipeline::compile(&hir, &sources, which.0, &session, &options, &mut |_, _| {});
        let program = match compiled {
            Ok(compiled) => compiled.program,
            Err(_) if protocol == ProtocolChoice::Arithmetic && which.0 != "dot" => continue,
            Err(d) => panic!("{at}: {d:?}"),
        };
        let clear = eval::eval(&program, &inputs).unwrap_or_else(|e| panic!("{at}: {e}"));
        assert_eq!(clear.outputs, expected, "{at}: evaluator");
        let small = ["avg", "vote"].contains(&which.0) || setting.n_parties <= 5;
        if !small || !setting.is_affordable(protocol) {
            continue;
        }
        let (outputs, rounds, sent) =
            run(&program, &inputs).unwrap_or_else(|e| panic!("{at}: {e}"));
        for (got, expected) in outputs.iter().zip(&expected) {
            assert_eq!(got.as_ref(), Some(expected), "{at}");
        }
        let stats = stats::stats(&program, &Known::default());
        assert_eq!(stats.totals.rounds, Some(rounds), "rounds of {at}");
        assert_eq!(stats.totals.bytes_sent, Some(sent), "bytes of {at}");
    }
    true
}

#[test]
fn examples_on_random_inputs_in_every_domain() {
    for (i, which) in (0u64..).zip(EXAMPLES) {
        for round in 0..3u64 {
            let len = if which.2 == 0 { 0 } else { which.2 + round * 7 };
            let network = if round == 2 {
                Network::WAN
            } else {
                Network::LAN
            };
            let which = (which.0, which.1, len);
            let three = !["millionaires", "payments"].contains(&which.0);
            let local = LocalChoice::ALL[usize::from(round == 1)];
            let ran = example_agrees(which, REP3, network, local, round * 100 + i);
            assert_eq!(ran, three, "{}", which.0);
        }
    }
}

/// Slow in turning round and fast otherwise: rounds alone count.
const FAR: Network = Network {
    rtt_us: 1_000_000,
    mbit_per_s: 100_000,
};

/// Numbers of two parties, sorted, one party's after the other's or else in turns: whether it shuffles.
fn sort_agrees(
    setting: Setting,
    scalar: Scalar,
    lanes: u64,
    network: Network,
    in_turns: bool,
) -> bool {
    let at = format!("{lanes} of {scalar}, {setting:?}");
    let mut b = Builder::new(setting.n_parties);
    let x = b.input(0, "x", scalar, lanes);
    let y = b.input(setting.n_parties - 1, "y", scalar, lanes / 2);
    let mut both = b.inferred(Op::Concat, &[x, y]);
    if in_turns {
        let half = lanes / 2;
        let turns = ConstVec::Affine {
            start: 0,
            dims: vec![(half, 1), (3, half.into())],
        };
        let turns = b.constant(Scalar::USIZE, turns);
        both = b.gather(both, turns, 1);
    }
    let ty = b.ty(both);
    let sort = Op::Sort {
        keys: 1,
        segments: 1,
        drawn: false,
    };
    let sorted = b.push(sort, vec![both], vec![ty], vec![]);
    let everyone: Vec<u32> = (0..setting.n_parties).collect();
    b.output(sorted[0], &everyone);
    let ir = b.finish();
    let inputs = random_inputs(&ir, &mut SplitMix::new(lanes));
    let expected = interpret(&ir, &inputs).expect("a result").outputs;
    let options = options(setting, ProtocolChoice::Auto, network);
    let program = compile(&ir, &options).unwrap_or_else(|| panic!("{at}"));
    let clear = eval::eval(&program, &inputs).unwrap_or_else(|e| panic!("{at}: {e}"));
    assert_eq!(clear.outputs, expected, "{at}: evaluator");
    assert!(clear.revealed.is_empty(), "{at}: nothing is disclosed");
    let (outputs, rounds, sent) = run(&program, &inputs).unwrap_or_else(|e| panic!("{at}: {e}"));
    assert_eq!(outputs, [Some(expected[0].clone())], "{at}");
    let stats = stats::stats(&program, &Known::default());
    assert!(stats.exact, "{at}");
    assert_eq!(stats.totals.rounds, Some(rounds), "rounds of {at}");
    assert_eq!(stats.totals.bytes_sent, Some(sent), "bytes of {at}");
    let nodes = program.regions.iter().flat_map(|region| &region.nodes);
    nodes.into_iter().any(|node| node.op == Shuffle)
}

/// By a network, by digits or by merging, as the compiler chooses; every suite that shuffles is chosen to somewhere.
#[test]
fn sorts_under_every_suite() {
    let mut shuffled = BTreeSet::new();
    for setting in SETTINGS.into_iter().filter(|s| s.n_parties <= 7) {
        let mut cases = vec![
            (Scalar::unsigned(5), 120, FAR),
            (Scalar::signed(9), 22, Network::LAN),
        ];
        if setting.n_parties <= 3 {
            cases.push((Scalar::signed(6), 2000, Network::WAN));
        }
        for (scalar, lanes, network) in cases {
            sort_agrees(setting, scalar, lanes, network, false);
            if sort_agrees(setting, scalar, lanes, network, true) {
                shuffled.insert(setting.suite.name());
            }
        }
    }
    assert!(
        shuffled.into_iter().eq(["bgw", "gmw", "rep3", "two-party"]),
        "each suite sorts by digits somewhere"
    );
}

#[test]
fn examples_under_every_suite_that_fits() {
    let mut ran = vec![0; EXAMPLES.len()];
    for (s, setting) in SETTINGS.into_iter().enumerate() {
        for (i, which) in EXAMPLES.into_iter().enumerate() {
            let local = LocalChoice::ALL[(s + i) % 2];
            let agrees = example_agrees(which, setting, Network::LAN, local, i as u64);
            ran[i] += u32::from(agrees);
        }
    }
    // Those with roles of fixed number have few settings, the others nearly all.
    for (which, ran) in EXAMPLES.iter().zip(ran) {
        assert!(ran >= 2, "{} fits {ran} settings", which.0);
    }
}

#[test]
fn no_forced_domain_is_estimated_to_be_faster_for_a_random_program() {
    for setting in SETTINGS.into_iter().filter(|s| s.n_parties <= 5) {
        let size = Size {
            n_parties: setting.n_parties,
            ..Size::default()
        };
        let estimated = (7000..7040).filter(|&seed| {
            let (ir, _) = generate(seed, size);
            expect_the_best(&format!("seed {seed}"), setting, |options| {
                compile(&ir, options)
            })
        });
        assert!(estimated.count() > 0, "{setting:?}");
    }
}
