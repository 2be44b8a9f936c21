//! `smpcc test`: the `test` blocks of programs, in the clear and under every protocol.

use crate::args::TestArgs;
use crate::files;
use crate::load::{self, Style};
use crate::out;
use smpcc::exit::{Failure, Outcome};
use smpcc::source::{self, Source};
use smpcc::suites::{self, Trust};
use smpcc_circuit::cost::Costs;
use smpcc_circuit::drawn;
use smpcc_circuit::eval::{self, EvalError};
use smpcc_circuit::ids::InputId;
use smpcc_circuit::program::{Domain, Program, Threat};
use smpcc_circuit::verify::Verified;
use smpcc_compiler::diagnostic::{Code, short};
use smpcc_compiler::hir::Hir;
use smpcc_compiler::pipeline;
use smpcc_compiler::session::{LocalChoice, Network, ObjectiveChoice, Options, ProtocolChoice};
use smpcc_runtime::error::Error;
use smpcc_runtime::io::{Inputs, Secret};
use smpcc_runtime::local;

/// Runs tests and prints one line each.
pub fn test(args: &TestArgs, style: Style) -> Outcome {
    let files = files::programs(&args.path)?;
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    let (mut n_tests, mut n_chosen) = (0, 0);
    for file in &files {
        let source = source::read(file)?;
        let hir = match load::check(
            &source,
            Style {
                quiet: true,
                ..style
            },
        ) {
            Ok(hir) => hir,
            Err(_) => {
                failed += 1;
                out::product(&format!("{}: does not compile\n", file.display()));
                continue;
            }
        };
        for (i, test) in hir.tests.iter().enumerate() {
            n_tests += 1;
            if args
                .filter
                .as_ref()
                .is_some_and(|f| !test.name.contains(f.as_str()))
            {
                continue;
            }
            n_chosen += 1;
            let place = source.files.place(test.span);
            let skip = |why: &str| {
                if !style.quiet {
                    out::product(&format!("skipped {place} \"{}\": {why}\n", test.name));
                }
                1
            };
            let numbers = numbers(&hir, test, args.parties);
            if numbers.is_empty() {
                skipped += skip("it is for other numbers of parties");
            }
            for n_parties in numbers {
                let trust = match suites::choose(
                    &args.suite,
                    Threat::SemiHonest.name(),
                    args.threshold,
                    n_parties,
                ) {
                    Ok(trust) => trust,
                    // Another number of parties than asked for is not this suite's affair.
                    Err(why) if Some(n_parties) != args.parties && n_parties != DEFAULT => {
                        skipped += skip(&why.message);
                        continue;
                    }
                    Err(why) => return Err(why),
                };
                let among = match test.parties {
                    Some(_) => format!("{n_parties} parties: "),
                    None => String::new(),
                };
                match one(&source, &hir, i, n_parties, trust) {
                    Ok(how) => {
                        passed += 1;
                        if !style.quiet {
                            let name = &test.name;
                            out::product(&format!("ok      {place} \"{name}\" ({among}{how})\n"));
                        }
                    }
                    Err(Wrong { why, misfit: true }) if args.parties.is_some() => {
                        skipped += skip(&why);
                    }
                    Err(Wrong { why, .. }) => {
                        failed += 1;
                        let name = &test.name;
                        out::product(&format!("FAILED  {place} \"{name}\": {among}{why}\n"));
                    }
                }
            }
        }
    }
    if let (0, Some(filter), false) = (n_chosen, &args.filter, files.is_empty()) {
        return Err(Failure::usage(format!(
            "no test's name contains {filter:?}; there are {n_tests} tests in {}",
            args.path.display()
        )));
    }
    let rest = if skipped > 0 {
        format!(", {skipped} skipped")
    } else {
        String::new()
    };
    out::product(&format!("{passed} passed, {failed} failed{rest}\n"));
    if failed > 0 {
        Err(Failure::reported())
    } else {
        Ok(())
    }
}

/// How many parties run a test that does not say it.
const DEFAULT: u32 = 3;

/// The numbers of parties with which a test runs: those that it names, or else so many as are asked for.
fn numbers(hir: &Hir, test: &smpcc_compiler::hir::Test, asked: Option<u32>) -> Vec<u32> {
    match test.parties {
        Some((lo, hi)) => (lo..=hi)
            .filter(|n| asked.is_none_or(|a| a == *n))
            .collect(),
        None => vec![among(hir, asked.unwrap_or(DEFAULT))],
    }
}

/// So many parties, or as few or many as the roles of a program allow.
fn among(hir: &Hir, asked: u32) -> u32 {
    if hir.roles.is_empty() {
        return asked;
    }
    let sum = |f: &dyn Fn(&smpcc_compiler::hir::Role) -> u32| {
        hir.roles.iter().fold(0, |n: u32, r| n.saturating_add(f(r)))
    };
    let (least, most) = (sum(&|r| r.min), sum(&|r| r.max.unwrap_or(u32::MAX)));
    asked.clamp(least, most.max(least))
}

/// What went wrong with a test.
struct Wrong {
    why: String,
    /// Whether it only does not fit the number of parties.
    misfit: bool,
}

impl From<String> for Wrong {
    fn from(why: String) -> Self {
        Self { why, misfit: false }
    }
}

/// Runs one test everywhere; says where, or what went wrong.
fn one(
    source: &Source,
    hir: &Hir,
    test: usize,
    n_parties: u32,
    trust: Trust,
) -> Result<String, Wrong> {
    let mut places = Vec::new();
    for (protocol, name) in [
        (ProtocolChoice::Auto, "auto"),
        (ProtocolChoice::Boolean, "boolean"),
        (ProtocolChoice::Yao, "yao"),
    ] {
        if protocol == ProtocolChoice::Yao && !trust.suite.offers(trust.threat, Domain::Yao) {
            continue;
        }
        let options = Options {
            suite: trust.suite,
            threat: trust.threat,
            threshold: trust.threshold,
            protocol,
            local: LocalChoice::Auto,
            objective: ObjectiveChoice::Auto,
            network: Network::LAN,
            costs: Costs::SHIPPED,
            opt: 2,
        };
        let compiled = pipeline::compile_test(hir, &source.files, test, n_parties, &options)
            .map_err(|diagnostics| Wrong {
                why: short::render(&source.files, &diagnostics)
                    .trim_end()
                    .to_string(),
                misfit: diagnostics
                    .iter()
                    .all(|d| matches!(d.code, Code::E4001 | Code::E4002)),
            })?;
        let program = compiled.program.with_files(source.paths());
        if places.is_empty() {
            in_the_clear(source, &program).map_err(|why| {
                match pipeline::failed_comparison(hir, test, n_parties) {
                    Some((left, right)) => format!("{why} (left is {left}, right is {right})"),
                    None => why,
                }
            })?;
            places.push("in the clear");
        }
        under_a_protocol(&program).map_err(|e| format!("{name}: {e}"))?;
        places.push(name);
    }
    Ok(places.join(", "))
}

fn in_the_clear(source: &Source, program: &Program) -> Result<(), String> {
    match eval::eval(program, &drawn::seeded(&program.inputs, drawn::SEED)) {
        Ok(_) => Ok(()),
        Err(EvalError::Stopped { message, loc }) => {
            let file = program
                .files
                .get(loc.file as usize)
                .cloned()
                .unwrap_or_else(|| source.name());
            Err(format!("{file}:{}:{}: {message}", loc.line, loc.col))
        }
        Err(e) => Err(e.to_string()),
    }
}

fn under_a_protocol(program: &Verified) -> Result<(), String> {
    let drawn = drawn::seeded(&program.inputs, drawn::SEED);
    let mut inputs: Vec<Inputs> = (0..program.n_parties).map(|_| Inputs::new()).collect();
    for ((id, leaf), words) in program.inputs.iter().enumerate().zip(drawn) {
        if let Some(inputs) = inputs.get_mut(leaf.party as usize) {
            inputs.insert(InputId::new(id), Secret::of(words));
        }
    }
    let results = local::run(program, inputs).map_err(|e| e.to_string())?;
    let done = |result: Result<_, Error>| result.map(drop).map_err(|e| e.to_string());
    results.into_iter().try_for_each(done)
}
