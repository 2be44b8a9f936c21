//! One arithmetic: what the compiler computes from the source, what the interpreter computes and what circuits compute is the
//! same for every operator and every type, at the ends of its range above all.

use super::meaning;
use super::program::{Two, Ty};
use crate::support;
use smpcc_circuit::eval::eval;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::{Integer, Scalar, Word};
use smpcc_compiler::ir::interpret::interpret;
use smpcc_compiler::session::{Network, ProtocolChoice};
use smpcc_compiler::source::SourceSet;
use smpcc_compiler::{front, lower, pipeline};
use std::fmt::Write as _;

const OPERATORS: [(&str, WordOp, Two); 10] = [
    ("+", WordOp::Add, Two::Add),
    ("-", WordOp::Sub, Two::Sub),
    ("*", WordOp::Mul, Two::Mul),
    ("/", WordOp::Div, Two::Div),
    ("%", WordOp::Rem, Two::Rem),
    ("&", WordOp::And, Two::And),
    ("|", WordOp::Or, Two::Or),
    ("^", WordOp::Xor, Two::Xor),
    ("<<", WordOp::Shl, Two::Shl),
    (">>", WordOp::Shr, Two::Shr),
];

fn is_shift(op: WordOp) -> bool {
    matches!(op, WordOp::Shl | WordOp::Shr)
}

/// The words at the ends of a type, and one or two from between.
fn extremes(scalar: Scalar, numbers: &mut SplitMix) -> Vec<Word> {
    let half = 1u128 << (scalar.width() - 1);
    let mut words: Vec<Word> = [0, 1, 2, half - 1, half, half + 1, Word::MAX, Word::MAX - 1]
        .map(|w| scalar.wrap(w))
        .to_vec();
    words.push(scalar.wrap(numbers.word()));
    words.sort_unstable();
    words.dedup();
    words
}

/// What the reference says, for types of up to 64 bits, where it is not the code under test.
fn says(op: Two, scalar: Scalar, a: Word, b: Word) -> Option<Word> {
    if scalar.width() > 64 {
        return None;
    }
    let ty = Ty::Int {
        width: scalar.width(),
        signed: scalar.is_signed(),
    };
    let number = |w: Word| Integer::of(scalar, w).to_i128();
    let b = match op {
        Two::Shl | Two::Shr => b as i128,
        _ => number(b)?,
    };
    let said = meaning::two(op, number(a)?, b, &ty, &ty);
    Some(scalar.wrap(said as Word))
}

fn literal(scalar: Scalar, word: Word) -> String {
    format!("{}{scalar}", scalar.display(word))
}

fn check(scalar: Scalar, numbers: &mut SplitMix) {
    let words = extremes(scalar, numbers);
    let shifts: Vec<Word> = [0, 1, scalar.width() - 1, scalar.width(), 200]
        .map(Word::from)
        .to_vec();
    let mut text = String::from("party p;\nparty q;\nparty r;\n");
    let (mut lefts, mut rights, mut amounts) = (Vec::new(), Vec::new(), Vec::new());
    let mut expected: Vec<Vec<Word>> = vec![Vec::new(); OPERATORS.len()];
    // Every pair, in the order of the lanes.
    for &a in &words {
        for (k, &b) in words.iter().enumerate() {
            lefts.push(a);
            rights.push(b);
            amounts.push(shifts[k % shifts.len()]);
        }
    }
    let n = lefts.len();
    for (at, (sign, op, two)) in OPERATORS.iter().enumerate() {
        for lane in 0..n {
            let (a, b) = (lefts[lane], rights[lane]);
            let b = if is_shift(*op) { amounts[lane] } else { b };
            let word = op.eval(scalar, scalar, &[a, b]);
            if let Some(said) = says(*two, scalar, a, b) {
                assert_eq!(word, said, "{a} {sign} {b} of {scalar}");
            }
            expected[at].push(word);
            let right = if is_shift(*op) {
                b.to_string()
            } else {
                literal(scalar, b)
            };
            let (a, word) = (literal(scalar, a), literal(scalar, word));
            // The length is zero only if the constant is what is expected.
            let name = format!("C{at}_{lane}");
            writeln!(text, "const {name}: {scalar} = {a} {sign} {right};").unwrap();
            writeln!(
                text,
                "fn f{at}_{lane}() -> [u8; ({name} ^ {word}) as usize] {{ let none: [u8; 0] = []; none }}"
            )
            .unwrap();
        }
        writeln!(text, "const T{at}: [{scalar}; {n}] = [").unwrap();
        for lane in 0..n {
            writeln!(text, "    C{at}_{lane},").unwrap();
        }
        text.push_str("];\n");
    }
    let results: Vec<String> = (0..2 * OPERATORS.len())
        .map(|_| format!("[{scalar}; {n}]"))
        .collect();
    writeln!(
        text,
        "fn main(a: secret [{scalar}; {n}] from p, b: secret [{scalar}; {n}] from p, s: secret [u8; {n}] from p) -> ({}) {{",
        results.join(", ")
    )
    .unwrap();
    let mut parts: Vec<String> = Vec::new();
    for (at, (sign, op, _)) in OPERATORS.iter().enumerate() {
        let right = if is_shift(*op) { "s" } else { "b" };
        parts.push(format!("a.zip({right}).map(|(x, y)| x {sign} y)"));
        parts.push(format!("T{at}"));
    }
    writeln!(text, "    ({})\n}}", parts.join(", ")).unwrap();

    let mut sources = SourceSet::new();
    let root = sources.add("constants.smpc", text);
    let (hir, said) = front::check(&sources, root);
    let hir = hir.unwrap_or_else(|| {
        let errors: Vec<_> = said.iter().filter(|d| d.is_error()).take(3).collect();
        panic!("{scalar}: {errors:?}")
    });
    let session = support::session(&[1, 1, 1]);
    let ir = lower::lower(&hir, &session).unwrap();
    let inputs = vec![lefts, rights, amounts];
    let interpreted = interpret(&ir, &inputs).unwrap().outputs;
    let options = support::options(support::REP3, ProtocolChoice::Boolean, Network::LAN);
    let compiled = pipeline::compile(
        &hir,
        &sources,
        "constants",
        &session,
        &options,
        &mut |_, _| {},
    )
    .unwrap();
    let evaluated = eval(&compiled.program, &inputs).unwrap().outputs;
    for (outputs, way) in [(&interpreted, "interpreted"), (&evaluated, "evaluated")] {
        for (at, pair) in outputs.chunks(2).enumerate() {
            let sign = OPERATORS[at].0;
            assert_eq!(pair[0], expected[at], "{way}: {sign} of {scalar}");
            assert_eq!(
                pair[1], expected[at],
                "{way}: constants, {sign} of {scalar}"
            );
        }
    }
}

#[test]
fn constants_interpreter_and_circuits_compute_the_same() {
    let mut numbers = SplitMix::new(41);
    for width in [2, 3, 8, 33, 64, 65, 127, 128] {
        for signed in [false, true] {
            check(Scalar::Int { width, signed }, &mut numbers);
        }
    }
    check(Scalar::unsigned(1), &mut numbers);
}
