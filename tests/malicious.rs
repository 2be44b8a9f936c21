//! Owners who lie about their inputs, where a corrupt party may send what it likes.

use crate::support::{SETTINGS, Setting, by_party, compile, options, session};
use smpcc_circuit::program::{Domain, Op, Program, Suite};
use smpcc_circuit::value::Word;
use smpcc_circuit::verify::{Verified, verify};
use smpcc_compiler::session::{Network, ProtocolChoice};
use smpcc_runtime::engine;
use smpcc_runtime::error::{Error, Fault};
use smpcc_runtime::local::threads;
use smpcc_runtime::net::{Mesh, Options, memory};
use smpcc_runtime::party::PartyNames;
use smpcc_runtime::session::Session;

fn malicious() -> impl Iterator<Item = Setting> {
    SETTINGS.into_iter().filter(|s| s.threat.deviates())
}

const TEXT: &str = "\
fn main(age: secret u8 in 18..=120 from each, score: secret i16 in -40..=50 from each) -> (u32, i16) {
    let mut sum: secret u32 = 0;
    let mut least = score[0];
    for i in 0..age.len() {
        sum += age[i] as u32;
        least = min(least, score[i]);
    }
    (sum, least)
}
";

/// Runs all parties, of whom the first has a program that does not check its own inputs; the results of the others.
fn run(program: &Verified, inputs: &[Vec<Word>]) -> Vec<Result<Vec<Vec<Word>>, Error>> {
    let mut lax: Program = (**program).clone();
    for leaf in &mut lax.inputs {
        leaf.range = None;
    }
    let lax = verify(lax).expect("a program");
    let n = program.n_parties as usize;
    let links = memory::links(n).expect("links");
    let names = PartyNames::plain(n);
    let all = links.into_iter().zip(by_party(program, inputs));
    let mut results = threads(all, |(links, inputs)| {
        let own = if links.me.index() == 0 { &lax } else { program };
        let mesh = Mesh::new(links, names.clone(), Options::default())?;
        let mut session = Session::local(mesh, [3; 32]);
        match engine::run(&mut session, own, inputs, &mut |_| {}) {
            Ok(report) => {
                session.close()?;
                Ok(report.outputs.values().map(|o| o.words()).collect())
            }
            Err(error) => {
                session.abort(&error);
                Err(error)
            }
        }
    });
    results.split_off(1)
}

#[test]
fn inputs_out_of_their_ranges_are_caught_before_anything_else_is_opened() {
    for (i, setting) in malicious().enumerate() {
        let both = [ProtocolChoice::Auto, ProtocolChoice::Boolean];
        let forms = both.into_iter().flat_map(|p| [0, 1, 2].map(|opt| (p, opt)));
        // The guard is the same in all suites: one form is enough for those after the first.
        let forms = forms.filter(|&form| i == 0 || form == (ProtocolChoice::Auto, 2));
        for (protocol, opt) in forms {
            let mut options = options(setting, protocol, Network::LAN);
            options.opt = opt;
            let n = setting.n_parties;
            let program = compile(TEXT, &session(&[n]), &options).program;
            // Before anything but the guard is opened.
            let opens = program.regions.iter().flat_map(|r| &r.nodes);
            let mut opens =
                opens.filter(|n| matches!(n.op, Op::Reveal | Op::Output(_) | Op::Assert(_)));
            let first = [opens.next(), opens.next()].map(|n| n.map(|n| n.op.name()));
            assert_eq!(first, [Some("reveal"), Some("assert")]);
            let place = |name: &str, party: u32| {
                let of = |l: &smpcc_circuit::program::InputLeaf| {
                    l.party == party && l.path.starts_with(name)
                };
                program.inputs.iter().position(of).expect("a leaf")
            };
            let mut inputs: Vec<Vec<Word>> = vec![vec![30]; program.inputs.len()];
            let results = run(&program, &inputs);
            for result in results {
                assert_eq!(result.ok(), Some(vec![vec![30 * Word::from(n)], vec![30]]));
            }
            let minus = |n: Word| n.wrapping_neg() & 0xffff;
            for (name, value) in [
                ("age", 17),
                ("age", 121),
                ("age", 255),
                ("score", 51),
                ("score", minus(41)),
                ("score", 0x8000),
            ] {
                let leaf = place(name, 0);
                let honest = std::mem::replace(&mut inputs[leaf], vec![value]);
                for result in run(&program, &inputs) {
                    let error = result.expect_err("no result");
                    assert!(
                        matches!(error.fault(), Fault::Program | Fault::Stopped { .. }),
                        "{name} {value}: {error}"
                    );
                }
                inputs[leaf] = honest;
            }
            for (name, value) in [
                ("age", 18),
                ("age", 120),
                ("score", 50),
                ("score", minus(40)),
            ] {
                let leaf = place(name, 0);
                let honest = std::mem::replace(&mut inputs[leaf], vec![value]);
                assert!(
                    run(&program, &inputs).iter().all(Result::is_ok),
                    "{name} {value}"
                );
                inputs[leaf] = honest;
            }
        }
    }
}

/// Nothing beside a `None`, in any of several places of one type, in arrays, and in enums of enums.
#[test]
fn what_a_variant_does_not_hold_is_zero_or_caught() {
    let text = "\
enum Shape { Dot, Circle(u32), Rect { w: u32, h: u8 }, Both([u8; 2]) }
fn main(one: secret Option<u32> from each, s: [secret Shape; 3] from each, o: secret Option<Option<bool>> from each) -> (bool, u32) {
    let mut n: secret u32 = 0;
    for i in 0..one.len() {
        if let Some(x) = one[i] { n += x; }
        if o[i] == Some(None) { n += 1000; }
        if s[i][1] == Shape::Dot { n += 10000; }
    }
    (one[0] == None, n)
}
";
    for setting in malicious() {
        let n = setting.n_parties;
        let mut options = options(setting, ProtocolChoice::Auto, Network::LAN);
        for opt in [0, 2] {
            options.opt = opt;
            let program = compile(text, &session(&[n]), &options).program;
            let of = |leaf: usize| &program.inputs[leaf];
            let zeros = || -> Vec<Vec<Word>> {
                let all = 0..program.inputs.len();
                all.map(|leaf| vec![0; of(leaf).lanes as usize]).collect()
            };
            let leaf = |path: &str| {
                let mut all = 0..program.inputs.len();
                let found = all.find(|&l| of(l).party == 0 && of(l).path == path);
                found.unwrap_or_else(|| {
                    let paths: Vec<&str> = program.inputs.iter().map(|l| &l.path[..]).collect();
                    panic!("{path} is none of {paths:?}")
                })
            };
            let results = run(&program, &zeros());
            assert!(results.iter().all(Result::is_ok));
            // What is set, and whether it is an input.
            type Set = (&'static str, usize, Word);
            let cases: [(&[Set], bool); 11] = [
                (&[("one", 0, 1), ("one.Some.0", 0, 7)], true),
                (&[("one.Some.0", 0, 7)], false),
                (&[("s[]", 1, 1), ("s[].Circle.0", 1, 9)], true),
                (&[("s[]", 1, 2), ("s[].Circle.0", 1, 9)], true),
                (&[("s[]", 1, 3), ("s[].Circle.0", 1, 9)], false),
                (&[("s[].Circle.0", 2, 1)], false),
                (&[("s[]", 0, 2), ("s[].Rect.h", 0, 3)], true),
                (&[("s[]", 2, 2), ("s[].Rect.h", 0, 3)], false),
                (&[("s[]", 0, 3), ("s[].Both.0[]", 1, 5)], true),
                (&[("s[]", 1, 3), ("s[].Both.0[]", 4, 5)], false),
                (&[("o", 0, 1), ("o.Some.0.Some.0", 0, 1)], false),
            ];
            for (set, is_input) in cases {
                let mut inputs = zeros();
                for &(path, lane, word) in set {
                    inputs[leaf(path)][lane] = word;
                }
                for result in run(&program, &inputs) {
                    match result {
                        Ok(_) => assert!(is_input, "{set:?}"),
                        Err(error) => assert!(
                            !is_input
                                && matches!(error.fault(), Fault::Program | Fault::Stopped { .. }),
                            "{set:?}: {error}"
                        ),
                    }
                }
            }
        }
    }
}

/// What costs decide against a malicious one of two parties: deep circuits are garbled where rounds count, and what is wide and shallow is
/// computed on shared bits wherever it is.
#[test]
fn plans_between_two_parties_follow_the_network() {
    let setting = malicious().find(|s| s.suite == Suite::TwoParty);
    let setting = setting.expect("two parties");
    let garbles = |body: &str, network: Network| {
        let text = format!(
            "fn main(xs: [secret u32; 1000] from each) -> u32 {{
    let mut sum: secret u32 = 0;
    for i in 0..1000 {{
        sum ^= {body};
    }}
    sum
}}
"
        );
        let options = options(setting, ProtocolChoice::Auto, network);
        let program = compile(&text, &session(&[2]), &options).program;
        program.values.iter().any(|v| v.domain == Domain::Yao)
    };
    for network in [Network::LAN, Network::WAN] {
        assert!(!garbles("xs[0][i] & xs[1][i]", network));
    }
    assert!(garbles("xs[0][i] / (xs[1][i] | 1)", Network::WAN));
}
