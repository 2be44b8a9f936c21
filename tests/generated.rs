//! Programs drawn at random, as source: what the language's reference says they mean is what the compiled program computes, at
//! every level of optimisation and in every domain.

mod constants;
mod draw;
mod meaning;
mod program;
mod real;

use crate::support;
use program::From;
use smpcc_circuit::eval::{EvalError, eval};
use smpcc_circuit::program::Suite;
use smpcc_circuit::value::Word;
use smpcc_compiler::ir::interpret::interpret;
use smpcc_compiler::session::{LocalChoice, Network, Options, ProtocolChoice};
use smpcc_compiler::source::SourceSet;
use smpcc_compiler::{front, lower, passes, pipeline, schema};

/// How a program drawn from a seed went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Went {
    Computed,
    Stopped,
    /// Not for this session: an index that is known before the run lies outside.
    Refused,
}

const SUITES: [(Suite, u32, u32); 4] = [
    (Suite::TwoParty, 2, 1),
    (Suite::Rep3, 3, 1),
    (Suite::Bgw, 5, 2),
    (Suite::Gmw, 3, 2),
];

/// The text of a program drawn from a seed.
pub fn source(seed: u64) -> String {
    let (_, n_parties, _) = SUITES[(seed % 4) as usize];
    let (drawn, types) = draw::draw(seed, n_parties);
    drawn.source(&types)
}

/// Draws a program and holds every way through the compiler to what it means.
fn check(seed: u64) -> Went {
    let (suite, n_parties, threshold) = SUITES[(seed % 4) as usize];
    let (drawn, types) = draw::draw(seed, n_parties);
    let text = drawn.source(&types);
    let at = |what: &str| format!("seed {seed}: {what}\n{text}\n{:?}", drawn.inputs);
    let mut sources = SourceSet::new();
    let root = sources.add("drawn.smpc", text.clone());
    let (hir, diagnostics) = front::check(&sources, root);
    let hir = hir.unwrap_or_else(|| {
        let said: Vec<String> = (diagnostics.iter().filter(|d| d.is_error()))
            .map(|d| {
                let place = sources.place(d.primary.span);
                format!("{} {place}: {}", d.code, d.message)
            })
            .collect();
        panic!("{}", at(&said.join("\n")))
    });
    let roles = schema::assign_roles(&hir, n_parties).expect("roles for all");
    let mut session = support::session(&roles);
    for (v, ty, from, words) in &drawn.inputs {
        if *from == From::Argument {
            let text = match ty {
                program::Ty::Bool => (words[0] != 0).to_string(),
                _ => words[0].to_string(),
            };
            session.args.insert(format!("v{v}"), text);
        }
    }
    let (meaning, may_stop) = meaning::run(&drawn);
    let meaning = meaning.ok().map(|value| {
        let mut words = Vec::new();
        value.words(&mut words);
        words
    });
    let ir = match lower::lower(&hir, &session) {
        Ok(ir) => ir,
        Err(said) => {
            let codes: Vec<String> = said.iter().map(|d| d.code.to_string()).collect();
            assert!(
                codes
                    .iter()
                    .all(|code| ["E4003", "E4007"].contains(&code.as_str())),
                "{}",
                at(&format!("{said:?}"))
            );
            return Went::Refused;
        }
    };
    let inputs: Vec<Vec<Word>> = (ir.inputs.iter())
        .map(|leaf| {
            let of = |(v, ..): &&(usize, program::Ty, From, Vec<i128>)| {
                let name = format!("v{v}");
                leaf.path == name || leaf.path == format!("{name}[]")
            };
            let (.., words) = (drawn.inputs.iter().find(of))
                .unwrap_or_else(|| panic!("{}", at(&format!("no input `{}`", leaf.path))));
            (words.iter().map(|&w| leaf.scalar.wrap(w as Word))).collect()
        })
        .collect();
    // What party 0 learns, which is what all do.
    let learned = |outputs: &[Vec<Word>]| -> Vec<i128> {
        (ir.results.iter().filter(|r| r.party == 0))
            .flat_map(|r| &r.leaves)
            .flat_map(|leaf| {
                let scalar = ir.outputs[leaf.index()].scalar;
                (outputs[leaf.index()].iter()).map(move |&w| scalar.extend(w) as i128)
            })
            .collect()
    };
    let interpreted = interpret(&ir, &inputs).ok().map(|o| learned(&o.outputs));
    assert!(
        interpreted == meaning || may_stop && interpreted.is_none(),
        "{}",
        at(&format!("lowered: {interpreted:?}, not {meaning:?}"))
    );
    let meaning = interpreted;
    let domains = [
        ProtocolChoice::Auto,
        ProtocolChoice::Boolean,
        ProtocolChoice::Yao,
        ProtocolChoice::Arithmetic,
    ];
    for opt in 0..3u8 {
        // What owners compute alone and what all compute together, in turn.
        let local = LocalChoice::ALL[(seed / 2 + u64::from(opt)) as usize % 2];
        let optimised = passes::optimise(ir.clone(), opt, local, &mut |_, _| {});
        for (i, protocol) in (0..).zip(domains) {
            // All domains over time; the compiler's choice always.
            let turn = (seed / 4 + u64::from(opt)) % 3 + 1 == i;
            if i > 0 && !turn || protocol == ProtocolChoice::Yao && !suite.garbles() {
                continue;
            }
            let network = if seed % 8 < 4 {
                Network::LAN
            } else {
                Network::WAN
            };
            let options = Options {
                opt,
                local,
                ..support::options(
                    support::setting(suite, n_parties, threshold),
                    protocol,
                    network,
                )
            };
            let compiled =
                match pipeline::compile_ir(optimised.clone(), &sources, "drawn", &options) {
                    Ok(compiled) => compiled,
                    Err(_) if protocol == ProtocolChoice::Arithmetic => continue,
                    Err(said) => panic!("{}", at(&format!("{said:?}"))),
                };
            let found = match eval(&compiled.program, &inputs) {
                Ok(outcome) => Some(learned(&outcome.outputs)),
                Err(EvalError::Stopped { .. }) => None,
                Err(error) => panic!("{}", at(&error.to_string())),
            };
            assert!(
                found == meaning,
                "{}",
                at(&format!(
                    "opt {opt}, {protocol:?}, {local:?}: {found:?}, not {meaning:?}"
                ))
            );
        }
    }
    if meaning.is_some() {
        Went::Computed
    } else {
        Went::Stopped
    }
}

#[test]
fn programs_mean_what_the_reference_says() {
    let went: Vec<Went> = (0..300).map(check).collect();
    let count = |which: Went| went.iter().filter(|&&w| w == which).count();
    assert!(count(Went::Computed) > 200, "{}", count(Went::Computed));
    assert!(count(Went::Stopped) > 3, "{}", count(Went::Stopped));
}
