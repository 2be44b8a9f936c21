//! What is emitted verifies, means what the IR means in every domain, and is the same every time.

mod sums;

use super::{TooLarge, emit};
use crate::assign::assign;
use crate::ir::build::Builder;
use crate::ir::generate;
use crate::ir::interpret::interpret;
use crate::ir::{Ir, Op};
use crate::session::{LocalChoice, Network, ObjectiveChoice, Options, ProtocolChoice};
use crate::span::{FileId, Span};
use smpcc_circuit::cost::Costs;
use smpcc_circuit::eval::eval;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::program::{Loc, Program, Suite, Threat};
use smpcc_circuit::value::{Form, Scalar, Word};
use smpcc_circuit::verify::verify;

fn options(protocol: ProtocolChoice) -> Options {
    Options {
        suite: Suite::Rep3,
        threat: Threat::SemiHonest,
        threshold: 1,
        protocol,
        local: LocalChoice::Auto,
        objective: ObjectiveChoice::Auto,
        network: Network::LAN,
        costs: Costs::SHIPPED,
        opt: 2,
    }
}

fn compile(ir: &Ir, protocol: ProtocolChoice) -> Option<Program> {
    compile_with(ir, &options(protocol))
}

fn compile_with(ir: &Ir, options: &Options) -> Option<Program> {
    let plan = assign(ir, options).ok()?;
    Some(written(ir, &plan, options))
}

fn written(ir: &Ir, plan: &crate::assign::Plan, options: &Options) -> Program {
    let program = emit(ir, plan, options, "test", vec!["test.smpc".into()], &|_| {
        Loc::default()
    })
    .expect("within the limits")
    .program;
    if let Err(error) = verify(program.clone()) {
        panic!("{error}\n{}", smpcc_circuit::text::print(&program));
    }
    program
}

const ALL: [ProtocolChoice; 4] = [
    ProtocolChoice::Auto,
    ProtocolChoice::Boolean,
    ProtocolChoice::Yao,
    ProtocolChoice::Arithmetic,
];

/// Interpreter and program agree; `true` if the domain is possible.
fn agree(ir: &Ir, inputs: &[Vec<Word>], protocol: ProtocolChoice) -> bool {
    LocalChoice::ALL.into_iter().all(|local| {
        let options = Options {
            local,
            ..options(protocol)
        };
        let program = compile_with(ir, &options);
        if let Some(program) = &program {
            same(ir, inputs, program, &format!("{protocol:?}, {local:?}"));
        }
        program.is_some()
    })
}

fn same(ir: &Ir, inputs: &[Vec<Word>], program: &Program, what: &str) {
    let want = interpret(ir, inputs);
    let got = eval(program, inputs);
    match (want, got) {
        (Ok(want), Ok(got)) => {
            assert_eq!(got.outputs, want.outputs, "{what}");
            let revealed: Vec<_> = want.revealed.into_iter().map(|r| r.words).collect();
            assert_eq!(got.revealed, revealed, "{what}");
        }
        (Err(want), Err(smpcc_circuit::eval::EvalError::Stopped { message, .. })) => {
            assert_eq!(message, want.message, "{what}");
        }
        (want, got) => panic!("{what}: {want:?} but {got:?}"),
    }
}

#[test]
fn random_programs_mean_the_same_in_every_domain() {
    // The last is a scatter at a constant index out of range, whose result nobody needs.
    for seed in (0..60).chain([651]) {
        let (ir, inputs) = generate::generate(seed, generate::Size::default());
        crate::ir::verify::verify(&ir).unwrap();
        for protocol in ALL {
            let possible = agree(&ir, &inputs, protocol);
            assert!(
                possible || protocol == ProtocolChoice::Arithmetic,
                "seed {seed}"
            );
        }
    }
}

#[test]
fn any_plan_means_the_same() {
    for seed in 0..150 {
        let (ir, inputs) = generate::generate(seed, generate::Size::default());
        let plan = crate::assign::scattered(&ir, &options(ProtocolChoice::Auto), seed);
        same(
            &ir,
            &inputs,
            &written(&ir, &plan, &options(ProtocolChoice::Auto)),
            &format!("seed {seed}"),
        );
    }
}

#[test]
fn a_constant_index_out_of_range_stops_the_run_whoever_uses_it() {
    for (place, write, splat) in [
        (11, false, false),
        (11, true, false),
        (11, false, true),
        (0, false, false),
    ] {
        let mut b = Builder::new(3);
        let x = b.input(0, "x", Scalar::unsigned(8), 1);
        let idx = b.index(place);
        let src = if splat {
            b.splat(Scalar::unsigned(8), 1, 3)
        } else {
            x
        };
        if write {
            b.scatter(x, idx, src, 1);
        } else {
            b.gather(src, idx, 1);
        }
        b.output(x, &[0]);
        let ir = b.finish();
        let stops = interpret(&ir, &[vec![7]]).err().map(|e| e.message);
        let why = (place == 11).then(|| "index 11 is out of range for length 1".to_owned());
        assert_eq!(stops, why);
        for protocol in ALL {
            assert!(agree(&ir, &[vec![7]], protocol));
        }
    }
}

#[test]
fn arithmetic_programs_stay_arithmetic() {
    let (u32s, u64s) = (Scalar::unsigned(32), Scalar::unsigned(64));
    let mut b = Builder::new(3);
    let x = b.input(0, "x", u32s, 10);
    let y = b.input(1, "y", u32s, 10);
    let (wx, wy) = (b.cast(x, u64s), b.cast(y, u64s));
    let dot = b.inferred(crate::ir::Op::Dot { segments: 2 }, &[wx, wy]);
    let two = b.splat(u64s, 2, 2);
    let three = b.splat(Scalar::USIZE, 2, 3);
    let t = b.word(WordOp::Mul, &[dot, two]);
    let t = b.word(WordOp::Shl, &[t, three]);
    let low = b.cast(t, Scalar::unsigned(16));
    let all = b.reduce(WordOp::Mul, low, 1);
    let c = b.input(2, "c", Scalar::Bool, 1);
    let d = b.word(WordOp::Not, &[c]);
    let e = b.word(WordOp::Xor, &[c, d]);
    let f = b.word(WordOp::Or, &[e, c]);
    let chosen = b.word(WordOp::Select, &[f, all, all]);
    let neg = b.word(WordOp::Neg, &[chosen]);
    b.output(neg, &[0, 1, 2]);
    b.output(e, &[1]);
    b.output(dot, &[1]);
    let ir = b.finish();
    let inputs = vec![
        lanes(10, |i| 0xffff_fff0 + i),
        lanes(10, |i| 0xf000_0000 + i),
        vec![1],
    ];
    assert!(agree(&ir, &inputs, ProtocolChoice::Arithmetic));
    let program = compile(&ir, ProtocolChoice::Arithmetic).unwrap();
    assert!(program.templates.is_empty());
    assert!(program.values.iter().all(|v| v.domain.letter() != 'B'));
}

#[test]
fn what_has_no_arithmetic_form_is_named() {
    let mut b = Builder::new(3);
    let x = b.input(0, "x", Scalar::unsigned(8), 1);
    let sum = b.word(WordOp::Add, &[x, x]);
    b.span.start = 7;
    let wide = b.cast(sum, Scalar::unsigned(16));
    b.span.start = 9;
    let less = b.word(WordOp::Lt, &[x, x]);
    b.output(less, &[0]);
    b.output(wide, &[0]);
    let ir = b.finish();
    let asked = options(ProtocolChoice::Arithmetic);
    let together = Options {
        local: LocalChoice::Off,
        ..asked.clone()
    };
    let errors = assign(&ir, &together).unwrap_err();
    let places: Vec<_> = errors.iter().map(|e| e.span.start).collect();
    assert_eq!(places, [7, 9]);
    // One party alone needs no form.
    assert!(assign(&ir, &asked).is_ok());
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

fn figures(program: &Program) -> smpcc_circuit::stats::Totals {
    smpcc_circuit::stats::stats(program, &smpcc_circuit::stats::Known::default()).totals
}

#[test]
fn costs_of_small_programs_are_pinned() {
    let two = |op: WordOp| {
        let mut b = Builder::new(3);
        let x = b.input(0, "x", Scalar::unsigned(32), 1);
        let y = b.input(1, "y", Scalar::unsigned(32), 1);
        let z = b.word(op, &[x, y]);
        b.output(z, &[0, 1, 2]);
        b.finish()
    };
    let f = figures(&compile(&two(WordOp::Lt), ProtocolChoice::Yao).unwrap());
    assert_eq!((f.and, f.mul), (Some(32), Some(0)));
    let f = figures(&compile(&two(WordOp::Mul), ProtocolChoice::Arithmetic).unwrap());
    // Two inputs of four bytes, one product and one opening of four bytes by each party; three rounds.
    assert_eq!((f.and, f.mul, f.mul_depth), (Some(0), Some(1), Some(1)));
    assert_eq!((f.rounds, f.bytes), (Some(3), Some(8 + 12 + 12)));
}

#[test]
fn a_loop_of_a_million_steps_costs_what_its_iterations_cost() {
    let program = |n: u64| {
        let mut b = Builder::new(3);
        let x = b.input(0, "x", Scalar::unsigned(16), 1);
        let y = b.input(1, "y", Scalar::unsigned(16), 1);
        let out = b.counted(n, &[x], |b, _, carried| {
            vec![b.word(WordOp::Add, &[carried[0], y])]
        });
        b.output(out[0], &[0]);
        compile(&b.finish(), ProtocolChoice::Boolean).unwrap()
    };
    let (one, many) = (figures(&program(1)), figures(&program(1_000_000)));
    assert_eq!(many.and.unwrap(), one.and.unwrap() * 1_000_000);
    // Input, the adder's levels per iteration, output.
    assert_eq!(
        many.rounds.unwrap() - 2,
        (one.rounds.unwrap() - 2) * 1_000_000
    );
    // The lowest bits never wait: carries of a long sum travel upwards only, as in a carry-save tree.
    assert!(many.and_depth.unwrap() <= 32);
}

#[test]
fn depth_of_a_loop_is_a_closed_form() {
    let depth = |n: u64| {
        let mut b = Builder::new(3);
        let x = b.input(0, "x", Scalar::unsigned(8), 1);
        let y = b.input(1, "y", Scalar::unsigned(8), 1);
        let out = b.counted(n, &[x, y], |b, _, carried| {
            let m = b.word(WordOp::Mul, &[carried[0], y]);
            vec![b.word(WordOp::Max, &[m, carried[1]]), carried[1]]
        });
        b.output(out[0], &[0]);
        figures(&compile(&b.finish(), ProtocolChoice::Boolean).unwrap())
            .and_depth
            .unwrap()
    };
    let rate = (depth(200) - depth(100)) / 100;
    assert!(rate >= 4);
    assert_eq!(depth(1_000_000), depth(200) + 999_800 * rate);
    assert_eq!(depth(23), depth(20) + 3 * rate);
}

#[test]
fn revealed_control_has_figures_only_with_a_trace() {
    let mut b = Builder::new(3);
    let x = b.input(0, "x", Scalar::unsigned(8), 1);
    let y = b.input(1, "y", Scalar::unsigned(8), 1);
    let lt = b.word(WordOp::Lt, &[x, y]);
    let open = b.inferred(crate::ir::Op::Reveal(Form::Plain), &[lt]);
    let out = b.branch(open, |b| vec![b.word(WordOp::Mul, &[x, y])], |_| vec![x]);
    b.output(out[0], &[0]);
    let program = compile(&b.finish(), ProtocolChoice::Boolean).unwrap();
    assert_eq!(figures(&program).and, None);
    let of = |inputs: [Word; 2]| {
        let run = eval(&program, &[vec![inputs[0]], vec![inputs[1]]]).unwrap();
        let known = smpcc_circuit::stats::Known {
            trace: Some(&run.trace),
            ..Default::default()
        };
        let s = smpcc_circuit::stats::stats(&program, &known);
        assert!(!s.exact);
        s.totals
    };
    assert!(of([1, 2]).and > of([2, 1]).and);
    assert!(of([1, 2]).rounds > of([2, 1]).rounds);
}

#[test]
fn the_same_bytes_every_time() {
    for seed in 0..20 {
        let (ir, _) = generate::generate(seed, generate::Size::default());
        let bytes = || {
            smpcc_circuit::codec::encode_program(&compile(&ir, ProtocolChoice::Auto).unwrap())
                .unwrap()
        };
        let first = bytes();
        let other = std::thread::spawn({
            let ir = ir.clone();
            move || {
                smpcc_circuit::codec::encode_program(&compile(&ir, ProtocolChoice::Auto).unwrap())
                    .unwrap()
            }
        });
        assert_eq!(first, other.join().unwrap());
        assert_eq!(first, bytes());
        let back = smpcc_circuit::codec::decode_program(&first).unwrap();
        assert_eq!(smpcc_circuit::codec::encode_program(&back).unwrap(), first);
    }
}

#[test]
fn damaged_programs_are_refused_or_valid_but_never_a_panic() {
    let mut refused = 0;
    for seed in 0..6 {
        let (ir, _) = generate::generate(seed, generate::Size::default());
        let bytes =
            smpcc_circuit::codec::encode_program(&compile(&ir, ProtocolChoice::Auto).unwrap())
                .unwrap();
        for i in 0..600 {
            let mut damaged = bytes.clone();
            let at = (i * 7919 + seed as usize) % damaged.len();
            damaged[at] = damaged[at].wrapping_add(1 + (i % 254) as u8);
            let valid = smpcc_circuit::codec::decode_program(&damaged)
                .is_ok_and(|program| verify(program).is_ok());
            refused += u32::from(!valid);
        }
        for cut in (0..bytes.len()).step_by(1 + bytes.len() / 200) {
            assert!(smpcc_circuit::codec::decode_program(&bytes[..cut]).is_err());
        }
    }
    assert!(refused > 1000);
}

#[test]
fn long_carries_settle() {
    let program = |n: u64| {
        let mut b = Builder::new(3);
        let x = b.input(0, "x", Scalar::unsigned(64), 1);
        let y = b.input(1, "y", Scalar::unsigned(64), 1);
        let out = b.counted(n, &[x], |b, _, carried| {
            vec![b.word(WordOp::Add, &[carried[0], y])]
        });
        b.output(out[0], &[0]);
        figures(&compile(&b.finish(), ProtocolChoice::Yao).unwrap())
            .and_depth
            .unwrap()
    };
    assert_eq!(program(1_000_000), program(1000));
}

#[test]
fn a_read_that_lays_out_too_much_is_refused_at_its_place() {
    let program = |n: u64, places: u64| {
        let mut b = Builder::new(3);
        let table = b.input(0, "t", Scalar::unsigned(8), n);
        let at = b.input(1, "at", Scalar::unsigned(32), places);
        b.span = Span {
            file: FileId(0),
            start: 3,
            end: 9,
        };
        let read = Op::ReadSecret {
            block: 1,
            groups: 1,
        };
        let found = b.inferred(read, &[table, at]);
        let total = b.reduce(WordOp::Add, found, 1);
        b.output(total, &[0]);
        b.finish()
    };
    for protocol in ALL {
        let options = options(protocol);
        let emitted = |n, places| {
            let ir = program(n, places);
            let plan = assign(&ir, &options).ok()?;
            let none = |_| Loc::default();
            Some(emit(&ir, &plan, &options, "test", Vec::new(), &none).map(|e| e.program))
        };
        let Some(most) = emitted(1 << 20, 1 << 20) else {
            assert_eq!(protocol, ProtocolChoice::Arithmetic);
            continue;
        };
        verify(most.expect("as many as there may be")).expect("a valid program");
        for (elements, reads) in [(1 << 20, 1 << 21), (1 << 40, 1 << 40)] {
            let refused = emitted(elements, reads).expect("a plan").err();
            let expected = TooLarge {
                span: Span {
                    file: FileId(0),
                    start: 3,
                    end: 9,
                },
                elements,
                reads,
            };
            assert_eq!(refused, Some(expected));
        }
    }
}
