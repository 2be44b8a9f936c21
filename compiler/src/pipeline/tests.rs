//! The examples through the whole pipeline, in every domain, against the interpreter.

use super::*;
use crate::front;
use crate::ir::interpret::interpret;
use crate::schema;
use crate::session::{LocalChoice, Network, ObjectiveChoice, ProtocolChoice};
use smpcc_circuit::cost::Costs;
use smpcc_circuit::eval::eval;
use smpcc_circuit::program::{ShapeNode, Suite, Threat};
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::Word;

fn options(n_parties: u32, protocol: ProtocolChoice, opt: u8) -> Options {
    Options {
        suite: Suite::usual(n_parties, Threat::SemiHonest).unwrap(),
        threat: Threat::SemiHonest,
        threshold: 1,
        protocol,
        local: LocalChoice::Auto,
        objective: ObjectiveChoice::Auto,
        network: Network::LAN,
        costs: Costs::SHIPPED,
        opt,
    }
}

fn checked(name: &str, text: &str) -> (SourceSet, Hir) {
    let mut sources = SourceSet::new();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    for file in front::needed_circuits(text) {
        let text = std::fs::read_to_string(folder.join(&file)).unwrap();
        sources.add(file, text);
    }
    let root = sources.add(format!("{name}.smpc"), text);
    let (hir, diagnostics) = front::check(&sources, root);
    (
        sources,
        hir.unwrap_or_else(|| panic!("{name}: {diagnostics:?}")),
    )
}

fn session(hir: &Hir, len: u64) -> Session {
    // Three parties, unless the roles say otherwise.
    let most = hir.roles.iter().map(|r| r.max.unwrap_or(3)).sum::<u32>();
    let n_parties = if hir.roles.is_empty() { 3 } else { most.min(3) };
    let role_counts = schema::assign_roles(hir, n_parties).unwrap();
    let mut session = Session {
        n_parties,
        role_counts,
        args: SortedMap::new(),
        lens: SortedMap::new(),
        seating: None,
    };
    let schema = schema::schema(hir);
    for param in &schema.params {
        let owners = param.owners(&session.role_counts);
        if owners.is_empty() {
            let arg = fives(&param.shape.0);
            session.args.insert(param.name.clone(), arg);
        }
        for owner in owners {
            for (_, key) in param.len_keys() {
                session
                    .lens
                    .insert((key, owner), len + u64::from(owner % 2));
            }
        }
    }
    session
}

/// An argument of scalars and arrays in which every scalar is 5.
fn fives(shape: &[ShapeNode]) -> String {
    match shape {
        [ShapeNode::Array(n), element @ ..] => {
            let elements = (0..n.unwrap_or(5)).map(|_| fives(element));
            format!("[{}]", elements.collect::<Vec<_>>().join(", "))
        }
        _ => "5".into(),
    }
}

fn words(ir: &Ir, seed: u64) -> Vec<Vec<Word>> {
    let mut state = seed;
    let mut next = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        Word::from(state >> 20)
    };
    ir.inputs
        .iter()
        .map(|leaf| {
            (0..leaf.lanes)
                .map(|_| match leaf.range {
                    Some((lo, hi)) => leaf.scalar.wrap(
                        lo.word()
                            .wrapping_add(next() % (hi.word().wrapping_sub(lo.word()) + 1)),
                    ),
                    // Small numbers meet and repeat.
                    None => leaf.scalar.wrap(next() % 1000),
                })
                .collect()
        })
        .collect()
}

/// Examples that take lists of any length and are soon computed in every domain; others run on their own data elsewhere.
const EXAMPLES: [&str; 14] = [
    "auction",
    "avg",
    "dot",
    "fraud",
    "histogram",
    "hospital",
    "intersection",
    "millionaires",
    "payments",
    "risk",
    "runoff",
    "salaries",
    "score",
    "vote",
];

fn examples() -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let read = |name: &str| {
        let text = std::fs::read_to_string(folder.join(format!("{name}.smpc"))).unwrap();
        (name.to_owned(), text)
    };
    EXAMPLES.into_iter().map(read).collect()
}

#[test]
fn examples_mean_the_same_in_every_domain() {
    for (name, text) in examples() {
        let (sources, hir) = checked(&name, &text);
        let len = if name == "dot" { 6 } else { 5 };
        let mut session = session(&hir, len);
        if name == "dot" {
            session.lens.values_mut().for_each(|n| *n = 6);
        }
        for protocol in [
            ProtocolChoice::Auto,
            ProtocolChoice::Boolean,
            ProtocolChoice::Yao,
            ProtocolChoice::Arithmetic,
        ] {
            for opt in [0, 2] {
                let mut lowered = None;
                let compiled = compile(
                    &hir,
                    &sources,
                    &name,
                    &session,
                    &options(session.n_parties, protocol, opt),
                    &mut |stage, ir| {
                        if stage == "lower" {
                            lowered = Some(ir.clone());
                        }
                    },
                );
                let compiled = match compiled {
                    Ok(compiled) => compiled,
                    Err(why) => {
                        assert!(protocol == ProtocolChoice::Arithmetic, "{name}: {why:?}");
                        assert!(why.iter().all(|d| d.code == Code::E4008));
                        assert!(name != "dot", "a dot product is arithmetic");
                        continue;
                    }
                };
                let lowered = lowered.unwrap();
                for seed in 0..3 {
                    let inputs = words(&lowered, seed);
                    let want = interpret(&lowered, &inputs).unwrap();
                    let got = eval(&compiled.program, &inputs).unwrap_or_else(|e| {
                        panic!(
                            "{name}: {e}\n{}",
                            smpcc_circuit::text::print(&compiled.program)
                        )
                    });
                    assert_eq!(got.outputs, want.outputs, "{name} {protocol:?} --opt {opt}");
                }
            }
        }
    }
}

#[test]
fn a_mean_over_a_million_values_compiles_like_one_over_ten() {
    let text =
        "use std::stats::mean;\nfn main(x: [secret u32; _] from each) -> u32 { mean(x.flatten()) }";
    let (sources, hir) = checked("mean", text);
    let nodes = |len: u64, protocol| {
        let session = session(&hir, len);
        let compiled = compile(
            &hir,
            &sources,
            "mean",
            &session,
            &options(3, protocol, 2),
            &mut |_, _| {},
        )
        .unwrap();
        let regions = &compiled.program.regions;
        let gates: usize = compiled
            .program
            .templates
            .iter()
            .map(|t| t.gates.len())
            .sum();
        (regions.iter().map(|r| r.nodes.len()).sum::<usize>(), gates)
    };
    for protocol in [
        ProtocolChoice::Auto,
        ProtocolChoice::Boolean,
        ProtocolChoice::Yao,
    ] {
        let large = nodes(1_000_000, protocol);
        assert!(
            large.0 < 1000 && large.1 < 200_000,
            "{protocol:?} {large:?}"
        );
    }
}

#[test]
fn reads_at_too_many_secret_places_stay_a_loop() {
    let head = "fn main(t: [secret u8; _] from each, at: [secret u32; _] from each) -> u64 {
        let table = t.flatten();
        let places = at.flatten();
        let mut s: secret u64 = 0;";
    for body in [
        "for p in places { s += table[p] as u64; } s }",
        "for i in 0..places.len() { s += table[places[i]] as u64; } s }",
        "(places.map(|p| table[p]).sum() as u64) + s }",
        "for i in 0..places.len() { let row = [table; 4].flatten(); s += row[places[i]] as u64; } s }",
    ] {
        let text = format!("{head}\n{body}");
        let (sources, hir) = checked("reads", &text);
        let session = session(&hir, 1 << 20);
        for protocol in [
            ProtocolChoice::Auto,
            ProtocolChoice::Boolean,
            ProtocolChoice::Yao,
        ] {
            for opt in [0, 2] {
                let options = options(session.n_parties, protocol, opt);
                let compiled = compile(&hir, &sources, "reads", &session, &options, &mut |_, _| {})
                    .unwrap_or_else(|e| panic!("{body} {protocol:?} --opt {opt}: {e:?}"));
                let most = compiled.program.values.iter().map(|v| v.lanes).max();
                assert!(
                    most < Some(1 << 30),
                    "{body} {protocol:?} --opt {opt}: {most:?}"
                );
            }
        }
    }
}
