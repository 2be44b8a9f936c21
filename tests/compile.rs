//! Compile time and plans follow the program, not the data; and the same program gives the same plan everywhere.

use crate::support;
use smpcc_circuit::codec;
use smpcc_circuit::cost::Costs;
use smpcc_circuit::eval::eval;
use smpcc_circuit::program::{Domain, Program, Suite};
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::stats::{Known, peak_memory, stats};
use smpcc_circuit::verify::Verified;
use smpcc_compiler::lower::MAX_NODES;
use smpcc_compiler::session::{LocalChoice, Network, Options, ProtocolChoice};
use std::process::Command;
use std::time::{Duration, Instant};

fn options(protocol: ProtocolChoice) -> Options {
    support::options(support::REP3, protocol, Network::LAN)
}

/// The plan of a program among three parties, each of whom gives `len` values.
fn compile(text: &str, len: u64, protocol: ProtocolChoice) -> Verified {
    let mut session = support::session(&[3]);
    session.lens = (0..3)
        .map(|party| (("xs".to_string(), party), len))
        .collect();
    support::compile(text, &session, &options(protocol)).program
}

/// ANDs of a program's Boolean and of its garbled sections.
fn choice(setting: (Suite, u32, &str), network: Network) -> (u64, u64) {
    let (suite, n_parties, third) = setting;
    let text = format!(
        "party left;\nparty right;\n{third}\nfn main(a: [secret u32; _] from left, b: [secret u32; _] from right) -> u32 {{\n    \
         let mut close: secret u32 = 0;\n    for i in 0..a.len() {{\n        if count_ones(a[i] ^ b[i]) < 8 {{ close += 1; }}\n    }}\n    close\n}}\n"
    );
    let mut session = support::session(&vec![1; n_parties as usize]);
    session.lens = [(("a".to_string(), 0), 1600), (("b".to_string(), 1), 1600)].into();
    let options = Options {
        suite,
        network,
        ..options(ProtocolChoice::Auto)
    };
    let program = support::compile(&text, &session, &options).program;
    let stats = stats(&program, &Known::default());
    let ands = |letter: &str| {
        let of = stats.sections.iter().filter(|s| s.domain == letter);
        of.filter_map(|s| s.and).sum::<u64>()
    };
    (ands("B"), ands("Y"))
}

#[test]
fn sections_move_from_boolean_to_garbled_where_rounds_are_slow() {
    for setting in [(Suite::TwoParty, 2, ""), (Suite::Rep3, 3, "party auditor;")] {
        // A garbled circuit has many bytes: on a very fast link those of two parties would be worth it.
        let near = Network {
            mbit_per_s: 1_000,
            ..Network::LAN
        };
        let (boolean, garbled) = choice(setting, near);
        assert!(
            boolean > 40_000 && garbled < boolean / 10,
            "{setting:?}: {boolean}, {garbled}"
        );
        let far = Network {
            rtt_us: 150_000,
            ..Network::WAN
        };
        let (boolean, garbled) = choice(setting, far);
        assert!(
            boolean == 0 && garbled > 40_000,
            "{setting:?}: {boolean}, {garbled}"
        );
    }
}

#[test]
fn few_transfers_take_a_part_of_the_setup() {
    let lan = |bits: u32| {
        let text = format!(
            "party left;\nparty right;\nfn main(a: secret u{bits} from left, b: secret u{bits} from right) -> bool {{ a < b }}\n"
        );
        let options = Options {
            suite: Suite::TwoParty,
            ..options(ProtocolChoice::Yao)
        };
        let program = support::compile(&text, &support::session(&[1, 1]), &options).program;
        let stats = stats(&program, &Known::default());
        stats.estimate_ms.lan.expect("a straight program")
    };
    let whole = Costs::SHIPPED.of(Suite::TwoParty).setup_ps as f64 / 1e9;
    // A label transfer per bit of the evaluator's: base transfers alone, or those of an extension in one direction.
    let (few, many) = (lan(16), lan(128));
    assert!(few < whole / 4.0, "{few} of {whole} ms");
    assert!(many > whole / 2.0 && many < whole, "{many} of {whole} ms");
}

#[test]
fn a_table_of_local_times_moves_sections() {
    let slow = |costs: Costs| {
        let text = "fn main(xs: [secret u32; _] from each) -> bool { let mut any: secret bool = false; \
                    for i in 0..xs[0].len() { if xs[0][i] < xs[1][i] { any = true; } } any }";
        let mut session = support::session(&[3]);
        session.lens = (0..3)
            .map(|party| (("xs".to_string(), party), 500))
            .collect();
        let options = Options {
            costs,
            ..options(ProtocolChoice::Auto)
        };
        let program = support::compile(text, &session, &options).program;
        program.sections.iter().any(|s| s.domain == Domain::Yao)
    };
    let mut costs = Costs::SHIPPED;
    costs.of_mut(Suite::Rep3).garbled_and_ps = 10_000_000;
    assert!(!slow(costs), "garbling that slow is never worth it here");
    costs.of_mut(Suite::Rep3).garbled_and_ps = 1;
    costs.of_mut(Suite::Rep3).label_ps = 1;
    costs.of_mut(Suite::Rep3).and_ps = 1_000_000;
    assert!(slow(costs), "shared ANDs that slow are not either");
}

fn size(program: &Program) -> usize {
    codec::encode_program(program).expect("an encoding").len()
}

fn fastest(mut f: impl FnMut()) -> Duration {
    (0..5)
        .map(|_| {
            let began = Instant::now();
            f();
            began.elapsed()
        })
        .min()
        .unwrap_or_default()
}

const MEAN: &str =
    "use std::stats::mean;\nfn main(xs: [secret u32; _] from each) -> u32 { mean(xs.flatten()) }\n";

#[test]
fn a_mean_over_a_million_values_compiles_like_one_over_ten() {
    for protocol in [ProtocolChoice::Auto, ProtocolChoice::Boolean] {
        let (few, many) = (
            compile(MEAN, 10, protocol),
            compile(MEAN, 1_000_000, protocol),
        );
        let nodes = |p: &Program| p.regions.iter().map(|r| r.nodes.len()).sum::<usize>();
        assert!(nodes(&many) < 1000, "{} operations", nodes(&many));
        // A forced Boolean sum has a carry-save step per halving: the plan grows with the logarithm.
        assert!(size(&many) < 2_000_000, "{} bytes", size(&many));
        let (a, b) = (
            fastest(|| drop(compile(MEAN, 10, protocol))),
            fastest(|| drop(compile(MEAN, 1_000_000, protocol))),
        );
        assert!(
            b < a * 6 + Duration::from_millis(200),
            "{protocol:?}: {a:?} for 10, {b:?} for 1,000,000"
        );
        drop(few);
    }
}

#[test]
fn a_million_dependent_steps_compile_in_milliseconds() {
    let text = "fn main(xs: [secret u32; _] from each) -> u32 {\n    let mut a = xs[0][0];\n    for i in 0..1000000 {\n        if a < xs[1][0] { a = a * 3 + 1; } else { a = a - xs[2][0]; }\n    }\n    a\n}\n";
    let program = compile(text, 1, ProtocolChoice::Auto);
    assert!(size(&program) < 500_000, "{} bytes", size(&program));
    let time = fastest(|| drop(compile(text, 1, ProtocolChoice::Auto)));
    assert!(time < Duration::from_millis(500), "{time:?}");
}

#[test]
fn the_same_source_gives_the_same_bytes() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let folder = tempfile::tempdir().expect("a folder");
    for (name, options) in [
        ("avg", &[][..]),
        ("auction", &[]),
        ("histogram", &[]),
        ("hospital", &["--arg", "level=6"]),
    ] {
        for protocol in ["auto", "boolean", "yao"] {
            let build = |threads: &str| {
                let to = folder.path().join(threads);
                let output = Command::new(env!("CARGO_BIN_EXE_smpcc"))
                    .args(["build", "--parties", "3", "--protocol", protocol])
                    .args(options)
                    .arg(root.join(format!("{name}.smpc")))
                    .arg("-o")
                    .arg(&to)
                    .env("RAYON_NUM_THREADS", threads)
                    .output()
                    .expect("smpcc starts");
                assert!(
                    output.status.success(),
                    "{}",
                    String::from_utf8_lossy(&output.stderr)
                );
                std::fs::read(to).expect("a plan")
            };
            let plan = build("1");
            assert!(
                plan == build("2") && plan == build("7"),
                "{name} in {protocol}"
            );
        }
    }
}

#[test]
fn an_expansion_without_bound_is_refused() {
    // A program whose expansion doubles at every call: refused, not a hang.
    let mut text = String::from("fn f0(x: secret u32) -> secret u32 { x + 1 }\n");
    for i in 1..40 {
        text.push_str(&format!(
            "fn f{i}(x: secret u32) -> secret u32 {{ f{}(f{}(x)) }}\n",
            i - 1,
            i - 1
        ));
    }
    text.push_str("fn main(x: secret u32 from each) -> u32 { f39(x[0]) }\n");
    let began = Instant::now();
    let options = options(ProtocolChoice::Auto);
    let result = support::compile_beside(&[], &text, &support::session(&[3]), &options);
    let said = result.expect_err("too large");
    assert_eq!(said[0].code.as_str(), "E4004");
    // The place and the bound are named.
    assert_eq!(said[0].primary.span.start, 37, "{:?}", said[0]);
    assert!(
        said[0].message.contains(&MAX_NODES.to_string()),
        "{}",
        said[0].message
    );
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn what_nobody_can_hold_is_predicted_with_its_place() {
    let text = "fn main(x: secret u32 from each) -> u64 {\n    let y = x[0];\n    [[y, x[1]]; 50000000000].flatten().sum()\n}\n";
    let together = Options {
        local: LocalChoice::Off,
        ..options(ProtocolChoice::Auto)
    };
    let program = support::compile(text, &support::session(&[3]), &together).program;
    let peak = peak_memory(&program);
    assert!(peak.bytes > 100_000_000_000, "{peak:?}");
    assert_eq!(peak.at.line, 3);
    // And what is held in the clear is refused in place of being tried.
    let inputs = vec![vec![1], vec![2], vec![3]];
    let stopped = eval(&program, &inputs).expect_err("too large");
    assert!(
        stopped.to_string().starts_with("line 3: a value of "),
        "{stopped}"
    );
}

/// Where bits have MACs, what a block and its triples take does not follow lanes: what is held whole is half the results of the ANDs, of
/// which pairs are added up.
#[test]
fn blocks_are_short_where_bits_have_macs() {
    for protocol in [ProtocolChoice::Boolean, ProtocolChoice::Yao] {
        for lanes in [1562, 12_500, 100_000] {
            let text = format!(
                "party l;\nparty r;\nfn main(a: [secret u64; {lanes}] from l, b: [secret u64; {lanes}] from r) -> u64 to l {{\n    \
                 let mut t: secret u64 = 0;\n    for i in 0..{lanes} {{\n        let mut x = a[i];\n        \
                 for _k in 0..10 {{ x = rotate_left(x, 7u8) & (x ^ b[i]); }}\n        t ^= x;\n    }}\n    t\n}}\n"
            );
            let options = support::options(support::AUTHENTICATED, protocol, Network::LAN);
            let program = support::compile(&text, &support::session(&[1, 1]), &options).program;
            let peak = peak_memory(&program).bytes;
            let whole = lanes / 2 * 64 * 257 / 8;
            assert!(peak < whole + 16_000_000, "{protocol:?}, {lanes}: {peak}");
        }
    }
}

#[test]
fn one_decoding_of_the_index_serves_all_bits_of_a_constant_table() {
    let mut numbers = SplitMix::new(17);
    let table: Vec<u32> = (0..10_000).map(|_| numbers.draw() as u32).collect();
    let words: Vec<String> = table.iter().map(u32::to_string).collect();
    let text = format!(
        "const T: [u32; 10000] = [{}];\nfn main(i: secret u16 from each) -> [u32; 3] {{\n    [T[i[0]], T[i[1]], T[i[2]]]\n}}\n",
        words.join(", ")
    );
    // Monomials of both parts of the index, a product of each of one with a sum of the others for each bit, and the check of
    // the range: about 2·√(n·w) in place of n·w.
    for (protocol, most, depth) in [
        (ProtocolChoice::Boolean, 2400, 6),
        (ProtocolChoice::Yao, 1600, 8),
    ] {
        let began = Instant::now();
        let compiled = support::compile(&text, &support::session(&[3]), &options(protocol));
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "{:?}",
            began.elapsed()
        );
        let stats = stats(&compiled.program, &Known::default());
        let (ands, levels) = (stats.totals.and.unwrap(), stats.totals.and_depth.unwrap());
        assert!(
            ands <= 3 * most && levels <= depth,
            "{protocol:?}: {ands} ANDs, {levels} levels"
        );
        for at in [
            [0, 1, 9_999],
            [10_000, 16_383, 65_535],
            [8_191, 8_192, 4_096],
        ] {
            let inputs: Vec<Vec<u128>> = at.iter().map(|&i| vec![i]).collect();
            let outputs = eval(&compiled.program, &inputs).expect("a run").outputs;
            let found = outputs.concat();
            let want: Vec<u128> = at
                .iter()
                .map(|&i| table.get(i as usize).map_or(0, |&w| u128::from(w)))
                .collect();
            assert_eq!(found, want, "{protocol:?} at {at:?}");
        }
    }
}
