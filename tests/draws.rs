//! What `random()` draws is the same value under every suite, in every domain and at every level of optimisation, wherever it is drawn.

use crate::protocols::run;
use crate::support::{self, SETTINGS};
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::stats::{Known, stats};
use smpcc_circuit::value::Word;
use smpcc_circuit::{drawn, eval};
use smpcc_compiler::ir::interpret::interpret;
use smpcc_compiler::lower;
use smpcc_compiler::session::{Network, ProtocolChoice};

/// Draws side by side, one after the other, in loops of loops, in a loop that is left, twice of one place, in both arms of a branch, in a
/// map within a loop, of several widths; one that nobody needs, and one whose low bits alone are used.
const PROGRAM: &str = "
fn coin() -> secret bool {
    random()
}

fn step(x: secret u32) -> secret u32 {
    let r: secret u32 = random();
    if coin() { x * 3 + r } else { x ^ r }
}

fn main(x: secret u32 from each) -> { side: [u32; 4], after: u32, nested: [u8; 6], left: u32, arms: u8, wide: u128, low: u16 } {
    let side = [x[0], x[1], x[0], 5].map(|v| step(v) ^ step(v));
    let mut after: secret u32 = x[0];
    for _i in 0..3 {
        after = step(after);
    }
    let mut nested: [secret u8; 6] = [0; 6];
    for i in 0..2 {
        let shared: secret u8 = random();
        for j in 0..3 {
            let pair: [secret u8; 2] = random();
            nested[3 * i + j] = pair[0] + pair[1] * shared;
        }
    }
    let mut left: secret u32 = 0;
    for _i in 0..40 {
        let r: secret u32 = random();
        left += r;
        if reveal(r < 0x4000_0000) { break; }
    }
    let arms: secret u8 = if x[0] > x[1] { random() } else { 7 };
    let unused: secret u64 = random();
    let wide: secret u128 = random();
    let rs: [secret u64; 3] = random();
    let low = rs.map(|r| (r as u16) & 0xff).fold(0, |a, b| a ^ b);
    let _kept = unused + 1;
    { side, after, nested, left, arms, wide, low }
}
";

#[test]
fn draws_agree_in_every_suite_domain_and_level_of_optimisation() {
    for (i, setting) in (0u64..).zip(SETTINGS) {
        let session = support::session(&[setting.n_parties]);
        let (_, hir) = support::checked(PROGRAM, &[]);
        let meaning = lower::lower(&hir, &session).unwrap_or_else(|d| panic!("{d:?}"));
        let mut inputs = drawn::seeded(&meaning.inputs, i);
        let mut numbers = SplitMix::new(i);
        for (leaf, words) in meaning.inputs.iter().zip(&mut inputs) {
            if !leaf.drawn {
                words.fill_with(|| Word::from(numbers.below(1000)));
            }
        }
        let expected = interpret(&meaning, &inputs).expect("a result").outputs;
        for protocol in setting.protocols() {
            if protocol == ProtocolChoice::Arithmetic {
                continue;
            }
            for opt in [0, 1, 2] {
                let at = format!("{setting:?}, {protocol:?}, {opt}");
                let mut options = support::options(setting, protocol, Network::LAN);
                options.opt = opt;
                let program = support::compile(PROGRAM, &session, &options).program;
                let clear = eval::eval(&program, &inputs).unwrap_or_else(|e| panic!("{at}: {e}"));
                assert_eq!(clear.outputs, expected, "{at}");
                let runs = setting.n_parties <= 3 && (opt == 2 || protocol == ProtocolChoice::Auto);
                if !runs {
                    continue;
                }
                let (outputs, rounds, sent) =
                    run(&program, &inputs).unwrap_or_else(|e| panic!("{at}: {e}"));
                let got: Vec<Vec<Word>> = outputs.into_iter().flatten().collect();
                assert_eq!(got, expected, "{at}");
                let known = Known {
                    trace: Some(&clear.trace),
                    ..Known::default()
                };
                let predicted = stats(&program, &known).totals;
                assert_eq!(predicted.rounds, Some(rounds), "rounds of {at}");
                assert_eq!(predicted.bytes_sent, Some(sent), "bytes of {at}");
            }
        }
    }
}
