//! The library against the same functions written natively: random data, ends of types, every kind of length, and under
//! every suite.

mod choices;
mod dates;
mod elementary;
mod floats;
mod noise;
mod plans;
mod sets;
mod stats;
mod tables;

use crate::support::{self, SETTINGS, Setting};
use smpcc_circuit::eval::eval;
use smpcc_circuit::program::Suite;
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::{Scalar, Word, mask};
use smpcc_circuit::verify::Verified;
use smpcc_compiler::session::{Network, ProtocolChoice};
use smpcc_runtime::local;

/// The settings whose circuits differ: garbled and shared bits, shares modulo powers of two and of fields.
fn settings() -> impl Iterator<Item = Setting> {
    [
        support::REP3,
        support::setting(Suite::TwoParty, 2, 1),
        support::setting(Suite::Gmw, 2, 1),
        support::setting(Suite::Bgw, 3, 1),
    ]
    .into_iter()
    .inspect(|setting| assert!(SETTINGS.contains(setting)))
}

/// A program among the parties of a setting. Party `i` gives `lens[i]` elements for each of the parameters named.
fn compiled(
    text: &str,
    params: &[&str],
    lens: &[usize],
    setting: Setting,
    protocol: ProtocolChoice,
) -> Verified {
    let mut session = support::session(&[setting.n_parties]);
    for param in params {
        for party in 0..setting.n_parties {
            let len = lens.get(party as usize).copied().unwrap_or(0);
            session.lens.insert((param.to_string(), party), len as u64);
        }
    }
    let options = support::options(setting, protocol, Network::LAN);
    support::compile(text, &session, &options).program
}

/// A word as the integer that it is in its type.
fn integer(scalar: Scalar, word: Word) -> i128 {
    let word = scalar.wrap(word);
    let width = scalar.width();
    if scalar.is_signed() && word >> (width - 1) & 1 == 1 {
        return (word | !mask(width)) as i128;
    }
    word as i128
}

/// What the program computes in the clear, as integers by leaf of the result.
fn in_the_clear(program: &Verified, inputs: &[Vec<Word>]) -> Vec<Vec<i128>> {
    let outcome = eval(program, inputs).unwrap_or_else(|e| panic!("{e}"));
    (program.outputs.iter().zip(outcome.outputs))
        .map(|(leaf, words)| words.iter().map(|&w| integer(leaf.scalar, w)).collect())
        .collect()
}

/// What the parties learn by the protocols, in the same form.
fn among_parties(program: &Verified, inputs: &[Vec<Word>]) -> Vec<Vec<i128>> {
    let mut learned = vec![Vec::new(); program.outputs.len()];
    for report in local::run(program, support::by_party(program, inputs)).expect("a run") {
        for (id, words) in report.expect("a report").outputs {
            let scalar = program.outputs[id.index()].scalar;
            learned[id.index()] = (words.words().iter().map(|&w| integer(scalar, w))).collect();
        }
    }
    learned
}

/// Elements of a type, with its ends and with repetitions among them.
fn elements(random: &mut SplitMix, scalar: Scalar, len: usize) -> Vec<Word> {
    let (width, top) = (scalar.width(), mask(scalar.width()));
    (0..len)
        .map(|_| match random.below(6) {
            0 => 0,
            1 => top,
            2 => top >> 1,
            3 => Word::from(random.below(4)) & top,
            _ => random.word() & mask(width),
        })
        .collect()
}

/// A program says what is expected: in the clear as it is planned for every setting, and by the protocols of one of them, which
/// follows from the lengths. `inputs` are those of the first two parties, parameter by parameter.
fn agrees(text: &str, params: &[&str], inputs: [Vec<Vec<Word>>; 2], expected: &[Vec<i128>]) {
    let lens: Vec<usize> = inputs.iter().map(|of| of[0].len()).collect();
    let real = lens.iter().sum::<usize>() % settings().count();
    for (i, setting) in settings().enumerate() {
        let program = compiled(text, params, &lens, setting, ProtocolChoice::Auto);
        // Inputs stand parameter by parameter, and for each party by party.
        let given: Vec<Vec<Word>> = (program.inputs.iter())
            .map(|leaf| {
                let of = inputs.get(leaf.party as usize);
                let at = params
                    .iter()
                    .position(|p| leaf.path.starts_with(p))
                    .expect("a parameter");
                of.map_or(Vec::new(), |of| of[at].clone())
            })
            .collect();
        assert_eq!(
            in_the_clear(&program, &given),
            expected,
            "{setting:?} {text} {inputs:?}"
        );
        if i == real {
            assert_eq!(
                among_parties(&program, &given),
                expected,
                "{setting:?} {text} {inputs:?}"
            );
        }
    }
}
