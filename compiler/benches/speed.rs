//! How fast the compiler is: programs that make others slow, and a netlist of the size of SHA-256.
//!
//! The netlist is compiled from source and checked against a known digest before it is measured, so that what is optimised
//! is the real thing. Limits that the project holds itself to: the netlist in 200 ms for each objective, a thousand
//! dependent steps in 50 ms, a million products in a loop in 10 ms.

use criterion::{Criterion, criterion_group, criterion_main};
use smpcc_circuit::export;
use smpcc_circuit::program::{Suite, Threat};
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::template::Template;
use smpcc_circuit::verify::Verified;
use smpcc_compiler::imported::{Circuit, Slots};
use smpcc_compiler::session::{
    LocalChoice, Network, ObjectiveChoice, Options, ProtocolChoice, Session,
};
use smpcc_compiler::source::SourceSet;
use smpcc_compiler::templates::{self, Objective};
use smpcc_compiler::{front, pipeline};
use std::hint::black_box;
use std::time::Duration;

/// The plan of a program of three parties.
fn compile(text: &str, protocol: ProtocolChoice, objective: ObjectiveChoice) -> Verified {
    let mut sources = SourceSet::new();
    let root = sources.add("program.smpc", text);
    let (hir, diagnostics) = front::check(&sources, root);
    let hir = hir.unwrap_or_else(|| panic!("{diagnostics:?}"));
    let session = Session {
        n_parties: 3,
        role_counts: vec![1, 1, 1],
        args: SortedMap::new(),
        lens: SortedMap::new(),
        seating: None,
    };
    let options = Options {
        suite: Suite::Rep3,
        threat: Threat::SemiHonest,
        threshold: 1,
        protocol,
        local: LocalChoice::Auto,
        objective,
        network: Network::LAN,
        costs: smpcc_circuit::cost::Costs::SHIPPED,
        opt: 2,
    };
    pipeline::compile(
        &hir,
        &sources,
        "program",
        &session,
        &options,
        &mut |_, _| {},
    )
    .unwrap_or_else(|d| panic!("{d:?}"))
    .program
}

/// SHA-256 of one block as a netlist with few ANDs.
fn sha256() -> Template {
    let program = compile(
        include_str!("sha256.smpc"),
        ProtocolChoice::Boolean,
        ObjectiveChoice::Size,
    );
    let netlist = export::flatten(&program).unwrap_or_else(|why| panic!("{why}"));
    let words = |n: u32| Slots {
        scalar: smpcc_circuit::value::Scalar::unsigned(32),
        offsets: (0..n).map(|i| 32 * i).collect(),
    };
    let mut state = words(8);
    state.offsets.iter_mut().for_each(|o| *o += 512);
    let circuit = Circuit::new("sha256", &netlist, &[words(16), state], &[words(8)]);
    let mut block = [0u128; 16];
    // The message `abc`, padded.
    (block[0], block[15]) = (0x6162_6380, 24);
    let start = [
        0x6a09_e667,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ];
    let digest = [
        0xba78_16bf,
        0x8f01_cfea,
        0x4141_40de,
        0x5dae_2223,
        0xb003_61a3,
        0x9617_7a9c,
        0xb410_ff61,
        0xf200_15ad,
    ];
    assert_eq!(circuit.eval(1, &[&block, &start]), [digest.to_vec()]);
    netlist
}

fn netlists(c: &mut Criterion) {
    let netlist = sha256();
    let text = smpcc_circuit::bristol::write(&netlist);
    let mut group = c.benchmark_group(format!(
        "SHA-256 netlist from source, {} ANDs, {} deep",
        netlist.n_and(),
        netlist.and_depth()
    ));
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(5));
    group.bench_function("read", |b| {
        b.iter(|| black_box(smpcc_circuit::bristol::read("sha256", &text)));
    });
    for objective in [Objective::Size, Objective::Depth] {
        group.bench_function(format!("{objective:?}"), |b| {
            b.iter(|| black_box(templates::optimise(&netlist, objective)));
        });
    }
    group.finish();
}

/// `n` comparisons and additions, each needing the one before, written out.
fn written_out(n: usize) -> String {
    let mut text = String::from(
        "party a; party b; party c;\nfn main(x: secret u32 from a, y: secret u32 from b) -> u32 {\n    let mut v = x;\n",
    );
    for _ in 0..n {
        text.push_str("    if v < y { v = v + x; }\n");
    }
    text.push_str("    v\n}\n");
    text
}

fn programs(c: &mut Criterion) {
    let written_out = written_out(1000);
    let in_a_loop = "party a; party b; party c;
        fn main(x: secret u32 from a, y: secret u32 from b) -> u32 {
            let mut v = x;
            for i in 0..1000 { if v < y { v = v + x; } }
            v
        }";
    let products = "party a; party b; party c;
        fn main(x: secret [u64; 1000000] from a, y: secret [u64; 1000000] from b) -> [u64; 1000000] {
            let mut z: secret [u64; 1000000] = [0; 1000000];
            for i in 0..1000000 { z[i] = x[i] * y[i]; }
            z
        }";
    let mut group = c.benchmark_group("source to plan");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(3));
    for (name, text, protocol) in [
        (
            "1000 steps written out, boolean",
            written_out.as_str(),
            ProtocolChoice::Boolean,
        ),
        (
            "1000 steps written out, yao",
            &written_out,
            ProtocolChoice::Yao,
        ),
        ("1000 steps in a loop", in_a_loop, ProtocolChoice::Auto),
        ("1000000 products in a loop", products, ProtocolChoice::Auto),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| black_box(compile(text, protocol, ObjectiveChoice::Auto)));
        });
    }
    group.finish();
}

criterion_group!(benches, netlists, programs);
criterion_main!(benches);
