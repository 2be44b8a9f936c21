//! What is shared outside of runs: held when one begins, kept when it ends, opened by others, or held by the next.

use smpcc_circuit::ids::{InputId, OutputId};
use smpcc_circuit::program::{Op, Present, Suite, Threat};
use smpcc_circuit::value::Word;
use smpcc_circuit::verify::verify;

use super::templates::bitwise_and_template;
use super::{B, SETTINGS, Setting, setting};
use crate::engine::RunReport;
use crate::engine::testing::{Builder, expect_costs, u, words};
use crate::io::{Inputs, Secret};
use crate::local;
use crate::protocols::stored::Scheme;
use crate::ring::Elements;

/// One who is away gives a vector, a party another one; all learn the AND, and one who is away is to learn it too.
fn program(setting: Setting, threat: Threat, width: u8, lanes: u64) -> Builder {
    let mut b = setting.builder();
    b.program.threat = threat;
    b.program
        .party_names
        .extend(["giver".into(), "receiver".into()]);
    let held = b.input(setting.n, B, u(width), lanes);
    let own = b.input(setting.last(), B, u(width), lanes);
    let and = b.template(bitwise_and_template(width.into()));
    let both = b.op(Op::Call(and), &[held, own], B, u(width), lanes);
    b.output(both, &setting.everyone());
    b.output(both, &[setting.n + 1]);
    b
}

/// Runs it: what the parties learn, and the shares that they keep.
fn run(
    b: &Builder,
    setting: Setting,
    held: Vec<Elements>,
    own: &[Word],
) -> (Vec<Vec<Word>>, Vec<Elements>) {
    let program = verify(b.program.clone()).unwrap_or_else(|e| panic!("{e}"));
    let mut inputs: Vec<Inputs> = held
        .into_iter()
        .map(|share| Inputs::from([(InputId(0), Secret::new(share))]))
        .collect();
    let last = &mut inputs[setting.last() as usize];
    last.insert(InputId(1), Secret::of(own.iter().copied()));
    let reports = local::run(&program, inputs).unwrap_or_else(|e| panic!("{e}"));
    let reports: Vec<RunReport> = reports
        .into_iter()
        .map(|r| r.unwrap_or_else(|e| panic!("{setting:?}: {e}")))
        .collect();
    if !b.program.threat.deviates() {
        expect_costs(&b.program, &reports);
    }
    let learnt = reports.iter().filter_map(|r| r.output(OutputId(0)));
    let kept = reports.iter().map(|r| r.outputs[&OutputId(1)].clone());
    (learnt.collect(), kept.collect())
}

#[test]
fn shares_outlive_runs() {
    let few = SETTINGS
        .into_iter()
        .filter(|s| s.n <= 7 && (s.suite != Suite::TwoParty || !s.threat.deviates()))
        .map(|s| (s, s.threat, 9, 65));
    // Block by block, and against a cheater.
    let rep3 = setting(Suite::Rep3, 3, 1, 1, (1, 1));
    let more = [
        (rep3, Threat::SemiHonest, 33, 70_001),
        (
            setting(Suite::Bgw, 3, 1, 1, (1, 1)),
            Threat::SemiHonest,
            1,
            70_001,
        ),
        (rep3, Threat::Malicious, 100, 130),
    ];
    for (setting, threat, width, lanes) in few.chain(more) {
        let scheme = Scheme {
            suite: setting.suite,
            n_parties: setting.n,
            threshold: setting.t,
        };
        let w = u32::from(width);
        let (x, y, z) = (words(1, w, lanes), words(2, w, lanes), words(3, w, lanes));
        let b = program(setting, threat, width, lanes);
        let dealt = scheme
            .deal(w, &Elements::of_words(w, x.iter().copied()))
            .unwrap();
        let (learnt, kept) = run(&b, setting, dealt, &y);
        let and: Vec<Word> = x.iter().zip(&y).map(|(x, y)| x & y).collect();
        assert!(learnt.len() == setting.n as usize && learnt.iter().all(|l| *l == and));
        let shares: Vec<(usize, &Elements)> = kept.iter().enumerate().collect();
        let opened = scheme
            .open(w, &shares)
            .unwrap_or_else(|e| panic!("{setting:?}: {e:?}"));
        assert!(opened.0.words() == and, "{setting:?}");
        // What one run kept, the next one holds.
        let (learnt, _) = run(&b, setting, kept, &z);
        let and: Vec<Word> = and.iter().zip(&z).map(|(x, z)| x & z).collect();
        assert!(learnt.iter().all(|l| *l == and), "{setting:?}");
    }
}

/// Of those to whom a vector was dealt some are lost; the others compute on, each with its share, and what they keep is a share
/// among all.
#[test]
fn others_go_on_without_those_who_are_lost() {
    let cases: [(u32, u32, &[u32]); 4] = [
        (5, 1, &[0, 2, 4]),
        (5, 1, &[1, 2, 3, 4]),
        (7, 2, &[0, 1, 3, 5, 6]),
        (16, 1, &[2, 3, 5, 7, 8, 9, 11, 13, 15]),
    ];
    for (of, t, numbers) in cases {
        let setting = setting(Suite::Bgw, numbers.len() as u32, t, 1, (1, 1));
        let scheme = Scheme {
            suite: Suite::Bgw,
            n_parties: of,
            threshold: t,
        };
        let mut b = program(setting, Threat::SemiHonest, 13, 70);
        b.program.present = Some(Present {
            of,
            numbers: numbers.to_vec(),
        });
        let (x, y) = (words(1, 13, 70), words(2, 13, 70));
        let value = Elements::of_words(13, x.iter().copied());
        let dealt = scheme.deal(13, &value).unwrap();
        let there = numbers.iter().map(|&p| dealt[p as usize].clone());
        let (learnt, kept) = run(&b, setting, there.collect(), &y);
        let and: Vec<Word> = x.iter().zip(&y).map(|(x, y)| x & y).collect();
        assert!(learnt.iter().all(|l| *l == and), "{of} {numbers:?}");
        let shares: Vec<(usize, &Elements)> =
            numbers.iter().map(|&p| p as usize).zip(&kept).collect();
        let opened = scheme.open(13, &shares);
        assert!(opened.is_ok_and(|(value, checked)| value.words() == and && checked));
    }
}

#[test]
fn a_share_of_another_scheme_is_refused() {
    let setting = setting(Suite::Rep3, 3, 1, 1, (1, 1));
    let b = program(setting, Threat::SemiHonest, 9, 65);
    let program = verify(b.program).unwrap_or_else(|e| panic!("{e}"));
    for lanes in [65, 129, 131] {
        let share = || Secret::new(Elements::zeros(9, lanes));
        let inputs: Vec<Inputs> = (0..3)
            .map(|_| Inputs::from([(InputId(0), share())]))
            .collect();
        let reports = local::run(&program, inputs).unwrap_or_else(|e| panic!("{e}"));
        let error = reports[0].as_ref().err().map(|e| e.to_string());
        assert!(error.is_some_and(|e| e.contains("stored share")), "{lanes}");
    }
}
