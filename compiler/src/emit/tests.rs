//! What is emitted verifies, means what the IR means in every domain, and is the same every time.

use super::emit;
use crate::assign::assign;
use crate::ir::Ir;
use crate::ir::build::Builder;
use crate::ir::generate;
use crate::ir::interpret::interpret;
use crate::session::{Network, ObjectiveChoice, Options, ProtocolChoice};
use smpcc_circuit::eval::eval;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::program::{Loc, Program, Suite, Threat};
use smpcc_circuit::value::{Scalar, Word};
use smpcc_circuit::verify::verify;

fn options(protocol: ProtocolChoice) -> Options {
    Options {
        suite: Suite::Rep3,
        threat: Threat::SemiHonest,
        threshold: 1,
        protocol,
        objective: ObjectiveChoice::Auto,
        network: Network::LAN,
        opt: 2,
    }
}

fn compile(ir: &Ir, protocol: ProtocolChoice) -> Option<Program> {
    let options = options(protocol);
    let plan = assign(ir, &options).ok()?;
    let program = emit(
        ir,
        &plan,
        &options,
        "test",
        vec!["test.smpc".into()],
        &|_| Loc::default(),
    );
    if let Err(error) = verify(&program) {
        panic!("{error}\n{program:#?}");
    }
    Some(program)
}

const ALL: [ProtocolChoice; 4] = [
    ProtocolChoice::Auto,
    ProtocolChoice::Boolean,
    ProtocolChoice::Yao,
    ProtocolChoice::Arithmetic,
];

/// Interpreter and program agree; `true` if the domain is possible.
fn agree(ir: &Ir, inputs: &[Vec<Word>], protocol: ProtocolChoice) -> bool {
    let Some(program) = compile(ir, protocol) else {
        return false;
    };
    let want = interpret(ir, inputs);
    let got = eval(&program, inputs);
    match (want, got) {
        (Ok(want), Ok(got)) => {
            assert_eq!(got.outputs, want.outputs, "{protocol:?}");
            let revealed: Vec<_> = want.revealed.into_iter().map(|r| r.words).collect();
            assert_eq!(got.revealed, revealed, "{protocol:?}");
        }
        (Err(want), Err(smpcc_circuit::eval::EvalError::Stopped { message, .. })) => {
            assert_eq!(message, want.message);
        }
        (want, got) => panic!("{protocol:?}: {want:?} but {got:?}"),
    }
    true
}

#[test]
fn random_programs_mean_the_same_in_every_domain() {
    let mut arithmetic = 0;
    for seed in 0..120 {
        let (ir, inputs) = generate::generate(seed, generate::Size::default());
        crate::ir::verify::verify(&ir).unwrap();
        for protocol in ALL {
            let possible = agree(&ir, &inputs, protocol);
            assert!(
                possible || protocol == ProtocolChoice::Arithmetic,
                "seed {seed}"
            );
            arithmetic += u32::from(possible && protocol == ProtocolChoice::Arithmetic);
        }
    }
    assert!(arithmetic > 0);
}

fn lanes(n: u64, f: impl Fn(u64) -> u64) -> Vec<Word> {
    (0..n).map(|i| Word::from(f(i))).collect()
}

#[test]
fn sums_of_many_lanes() {
    for (n, segments) in [(1, 1), (2, 1), (129, 1), (3000, 1), (3000, 3), (66_000, 2)] {
        for (scalar, wide) in [
            (Scalar::unsigned(20), Scalar::unsigned(64)),
            (Scalar::signed(20), Scalar::signed(64)),
            (Scalar::unsigned(7), Scalar::unsigned(7)),
        ] {
            let mut b = Builder::new(3);
            let x = b.input(0, "x", scalar, n);
            let w = if wide == scalar { x } else { b.cast(x, wide) };
            if wide.width() == 64 && !wide.is_signed() {
                b.set_range(w, 0, (1 << 20) - 1);
            }
            let s = b.reduce(WordOp::Add, w, segments);
            b.output(s, &[0, 1, 2]);
            let inputs = vec![lanes(n, |i| (i * 7919 + 13) & ((1 << scalar.width()) - 1))];
            let ir = b.finish();
            for protocol in ALL {
                assert!(agree(&ir, &inputs, protocol));
            }
        }
    }
}

#[test]
fn compiling_does_not_grow_with_the_data() {
    let program = |n: u64| {
        let mut b = Builder::new(3);
        let x = b.input(0, "x", Scalar::unsigned(32), n);
        let m = b.reduce(WordOp::Max, x, 1);
        let s = b.reduce(WordOp::Add, x, 1);
        let y = b.word(WordOp::Sub, &[m, s]);
        b.output(y, &[0]);
        compile(&b.finish(), ProtocolChoice::Boolean).unwrap()
    };
    let (small, large) = (program(1 << 10), program(1 << 30));
    let nodes = |p: &Program| p.regions.iter().map(|r| r.nodes.len()).sum::<usize>();
    assert!(
        nodes(&large) < 5 * nodes(&small),
        "{} {}",
        nodes(&small),
        nodes(&large)
    );
}
