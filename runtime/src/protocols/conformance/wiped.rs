//! Memory that is given back holds nothing from which Δ follows, and nothing that one party alone knows.

use std::env;
use std::process::Command;

use smpcc_circuit::program::{Op, Suite};
use smpcc_circuit::value::Word;

use super::owned::{of, polynomial, polynomials};
use super::programs::{data, everything};
use super::{B, SETTINGS, Y, settings};
use crate::block::Label;
use crate::engine::run;
use crate::engine::testing::{a, inputs, run_with, u, words};
use crate::freed::{self, Origin};
use crate::net::{Options, memory};

/// Does something in a process of its own, which runs this one test: memory that other tests give back is not looked at.
fn alone(name: &str, work: impl FnOnce()) {
    const MARK: &str = "SMPCC_TEST_ALONE";
    if env::var_os(MARK).is_some() {
        return work();
    }
    let mut itself = Command::new(env::current_exe().unwrap());
    let name = format!("{}::{name}", module_path!().split_once("::").unwrap().1);
    itself
        .args(["--exact", &name, "--nocapture"])
        .env(MARK, "1");
    let output = itself.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let stopped = String::from_utf8_lossy(&output.stderr);
    let passed = output.status.success() && said.contains("1 passed");
    assert!(passed, "{said}{stopped}");
}

/// No block of memory is given back with Δ in it, or with a label that together with one of the evaluator's gives Δ, at any party: for few
/// transfers and many, and for calls over few lanes and many.
#[test]
fn nothing_freed_holds_offsets_or_labels() {
    alone("nothing_freed_holds_offsets_or_labels", offsets_and_labels);
}

fn offsets_and_labels() {
    for setting in SETTINGS.into_iter().filter(|s| s.offers(Y)) {
        for (lanes, width) in [(12, 4), (65, 9), (3000, 9)] {
            let program = everything(setting, lanes, width);
            let inputs = data(lanes, width, 5);
            let links = memory::links(setting.n as usize).unwrap();
            let seen = freed::watch(|| {
                let options = Options::default();
                let results = run_with(
                    &program,
                    &inputs,
                    links,
                    &options,
                    |session, program, mine| {
                        if session.me().index() == 0 {
                            freed::planter();
                        }
                        run(session, program, mine, &mut |_| {})
                    },
                );
                assert!(results.iter().all(Result::is_ok));
            });
            let mut origins = vec![Origin::Offset, Origin::Drawn, Origin::Gate];
            if setting.suite == Suite::TwoParty && !setting.threat.deviates() {
                origins.push(Origin::Transferred);
            }
            for origin in origins {
                let seen = seen(origin);
                assert!(seen.planted > 0, "{setting:?}: {origin:?}");
                let place = freed::place();
                assert_eq!(
                    seen.found, 0,
                    "{setting:?}, {lanes} lanes: {origin:?}, of bytes and at word {place:?}"
                );
            }
        }
    }
}

/// Neither what a party gives nor what it makes of it, in shares of both kinds.
#[test]
fn nothing_freed_holds_what_one_party_knows() {
    alone(
        "nothing_freed_holds_what_one_party_knows",
        what_one_party_knows,
    );
}

fn what_one_party_knows() {
    const LANES: u64 = 1000;
    for setting in settings().filter(|s| s.owns() && s.n <= 5) {
        let mut b = setting.builder();
        let x = b.input(1, of(1), u(64), LANES);
        let y = polynomial(&mut b, x);
        // Who learns a result may keep it where it likes, so it is another.
        b.op(Op::Share, &[y], B, u(64), LANES);
        let shared = b.op(Op::Share, &[y], a(64), u(64), LANES);
        let sum = b.op(Op::SumLanes { segments: 1 }, &[shared], a(64), u(64), 1);
        b.output(sum, &[0]);
        let x = words(11, 64, LANES);
        let y = polynomials(&x, 64);
        // Two lanes in a row, as they stand in memory.
        let pair = |words: &[Word]| Label::of_words(&[words[7] as u64, words[8] as u64])[0];
        let seen = freed::watch(|| {
            let links = memory::links(setting.n as usize).unwrap();
            let options = Options::default();
            let all = inputs(&[&x]);
            let results = run_with(
                &b.program,
                &all,
                links,
                &options,
                |session, program, mine| {
                    if session.me().index() == 1 {
                        freed::planter();
                        freed::plant(Origin::Test, pair(&x));
                        freed::plant(Origin::Test, pair(&y));
                    }
                    run(session, program, mine, &mut |_| {})
                },
            );
            assert!(results.iter().all(Result::is_ok));
        });
        let seen = seen(Origin::Test);
        let place = freed::place();
        assert_eq!(
            (seen.planted, seen.found),
            (2, 0),
            "{setting:?}, of bytes and at word {place:?}"
        );
    }
}
