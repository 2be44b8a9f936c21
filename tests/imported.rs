//! Circuits out and in again: what a program exports, another one imports, and it means the same in every domain.

use crate::support;
use smpcc_circuit::eval::eval;
use smpcc_circuit::export;
use smpcc_circuit::program::Program;
use smpcc_circuit::stats::{self, Known};
use smpcc_circuit::value::Word;
use smpcc_circuit::verify::Verified;
use smpcc_compiler::diagnostic::Code;
use smpcc_compiler::front;
use smpcc_compiler::session::{LocalChoice, Network, ObjectiveChoice, Options, ProtocolChoice};
use smpcc_compiler::source::SourceSet;
use std::path::Path;
use std::process::{Command, Output};

/// The plan of a program of the parties `a`, `b` and `c`, beside a file.
fn compile(
    text: &str,
    file: Option<(&str, &str)>,
    protocol: ProtocolChoice,
    objective: ObjectiveChoice,
) -> Result<Verified, Vec<Code>> {
    let text = format!("party a; party b; party c;\n{text}");
    let options = Options {
        objective,
        local: LocalChoice::Off,
        ..support::options(support::REP3, protocol, Network::LAN)
    };
    support::compile_beside(
        file.as_slice(),
        &text,
        &support::session(&[1, 1, 1]),
        &options,
    )
    .map(|compiled| compiled.program)
    .map_err(|diagnostics| diagnostics.iter().map(|d| d.code).collect())
}

fn must(text: &str, file: Option<(&str, &str)>, protocol: ProtocolChoice) -> Verified {
    compile(text, file, protocol, ObjectiveChoice::Auto).unwrap_or_else(|e| panic!("{text}: {e:?}"))
}

/// Words for the inputs of a program, extremes among them.
fn words(program: &Program, seed: u64) -> Vec<Vec<Word>> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let inputs = program.inputs.iter();
    inputs
        .map(|leaf| {
            (0..leaf.lanes)
                .map(|_| match next() % 6 {
                    0 => 0,
                    1 => leaf.scalar.wrap(Word::MAX),
                    _ => leaf
                        .scalar
                        .wrap(Word::from(next()) << 64 | Word::from(next())),
                })
                .collect()
        })
        .collect()
}

/// A body on operands, and the same through a file: types of the operands, of the result, and an expression of `x` and `y`.
const FUNCTIONS: [(&str, &str, &str, &str); 8] = [
    ("u32", "u32", "u32", "x + y"),
    ("i16", "i16", "i16", "if x < y { y / x } else { x - y }"),
    ("u8", "u8", "u16", "(x as u16) * (y as u16)"),
    ("[u8; 4]", "u8", "[u8; 4]", "x.map(|v| max(v, y))"),
    ("[[bool; 3]; 2]", "u2", "[bool; 3]", "x[y]"),
    (
        "(u5, bool)",
        "[i7; 2]",
        "i7",
        "if x.1 { y[0] } else { y[1] + 1 }",
    ),
    ("u64", "u64", "bool", "x.count_ones() == y.count_ones()"),
    ("u128", "u128", "(u128, bool)", "(x ^ y, x < y)"),
];

#[test]
fn what_is_exported_means_the_same_when_it_is_imported() {
    for (x, y, result, body) in FUNCTIONS {
        let inputs = format!("x: secret {x} from a, y: secret {y} from b");
        let direct = format!("fn main({inputs}) -> {result} {{ {body} }}");
        for objective in [ObjectiveChoice::Size, ObjectiveChoice::Depth] {
            let source = compile(&direct, None, ProtocolChoice::Boolean, objective)
                .unwrap_or_else(|e| panic!("{direct}: {e:?}"));
            let text = export::bristol(&source).unwrap_or_else(|e| panic!("{direct}: {e}"));
            let through = format!(
                "circuit f: fn({x}, {y}) -> {result} = \"f.txt\";\nfn main({inputs}) -> {result} {{ f(x, y) }}"
            );
            for protocol in [
                ProtocolChoice::Auto,
                ProtocolChoice::Boolean,
                ProtocolChoice::Yao,
            ] {
                let imported = must(&through, Some(("f.txt", &text)), protocol);
                for seed in 0..20 {
                    let words = words(&source, seed);
                    assert_eq!(
                        eval(&source, &words).map(|o| o.outputs),
                        eval(&imported, &words).map(|o| o.outputs),
                        "{direct} {protocol:?} {words:?}"
                    );
                }
            }
            // Out again: not one AND more than came in.
            let again = compile(
                &through,
                Some(("f.txt", &text)),
                ProtocolChoice::Boolean,
                objective,
            );
            let again = export::flatten(&again.expect("a plan")).expect("straight");
            let before = export::flatten(&source).expect("straight");
            assert!(again.n_and() <= before.n_and(), "{direct} {objective:?}");
        }
    }
}

/// Adds two words, bit by bit.
fn ripple() -> String {
    let program = compile(
        "fn main(x: secret u64 from a, y: secret u64 from b) -> u64 { x + y }",
        None,
        ProtocolChoice::Boolean,
        ObjectiveChoice::Size,
    );
    export::bristol(&program.expect("a plan")).expect("straight")
}

fn and_and_depth(program: &Program) -> (u64, u64) {
    let known = Known::default();
    let totals = stats::stats(program, &known).totals;
    (
        totals.and.expect("a count"),
        totals.and_depth.expect("a depth"),
    )
}

#[test]
fn an_imported_chain_is_kept_small_or_made_shallow() {
    let text = ripple();
    let program = "circuit add: fn(u64, u64) -> u64 = \"add.txt\";
        fn main(x: secret u64 from a, y: secret u64 from b) -> u64 { add(x, y) }";
    let of = |objective| {
        let plan = compile(
            program,
            Some(("add.txt", &text)),
            ProtocolChoice::Boolean,
            objective,
        );
        and_and_depth(&plan.expect("a plan"))
    };
    assert_eq!(of(ObjectiveChoice::Size), (63, 63));
    let (_, depth) = of(ObjectiveChoice::Depth);
    assert!(depth <= 12, "{depth}");
}

#[test]
fn independent_calls_are_lanes_and_constants_fold() {
    let text = ripple();
    let file = Some(("add.txt", text.as_str()));
    let program = must(
        "circuit add: fn(u64, u64) -> u64 = \"add.txt\";
        fn main(x: secret [u64; 1000] from a, y: secret [u64; 1000] from b) -> [u64; 1000] {
            let mut z: secret [u64; 1000] = [0; 1000];
            for i in 0..1000 { z[i] = add(x[i], y[i]); }
            z
        }",
        file,
        ProtocolChoice::Boolean,
    );
    assert_eq!(program.regions.len(), 1, "no loop is left");
    let nodes = program.regions[0].nodes.len();
    assert!(nodes < 10, "{nodes} operations");
    let words = words(&program, 3);
    let sums = eval(&program, &words).expect("a result").outputs;
    for (i, sum) in sums[0].iter().enumerate() {
        assert_eq!(*sum, (words[0][i] + words[1][i]) & Word::from(u64::MAX));
    }
    let program = must(
        "circuit add: fn([bool; 64], u64) -> u64 = \"add.txt\";
        fn main(x: secret u64 from a) -> (u64, u64) {
            let none = [false; 64];
            (add(none, x), add(none, 7))
        }",
        file,
        ProtocolChoice::Boolean,
    );
    assert_eq!(and_and_depth(&program), (0, 0));
    let out = eval(&program, &[vec![12]]).expect("a result").outputs;
    assert_eq!(out, [vec![12], vec![7]]);
}

#[test]
fn equal_calls_are_one_and_unused_ones_none() {
    let text = ripple();
    let program = must(
        "circuit add: fn(u64, u64) -> u64 = \"add.txt\";
        fn main(x: secret u64 from a, y: secret u64 from b) -> (u64, u64) {
            let unused = add(y, y);
            (add(x, y), add(x, y))
        }",
        Some(("add.txt", &text)),
        ProtocolChoice::Yao,
    );
    assert_eq!(and_and_depth(&program).0, 63);
}

#[test]
fn there_is_no_arithmetic_form() {
    let text = ripple();
    let plan = compile(
        "circuit add: fn(u64, u64) -> u64 = \"add.txt\";
        fn main(x: secret u64 from a, y: secret u64 from b) -> u64 { add(x, y) }",
        Some(("add.txt", &text)),
        ProtocolChoice::Arithmetic,
        ObjectiveChoice::Auto,
    );
    assert_eq!(plan.err(), Some(vec![Code::E4008]));
    // Nor does it fall back to bits where a function asks for arithmetic.
    let of = |attribute: &str| {
        compile(
            &format!(
                "circuit add: fn(u64, u64) -> u64 = \"add.txt\";
                {attribute}
                fn both(x: secret u64, y: secret u64) -> secret u64 {{ add(x * y, y) }}
                fn main(x: secret u64 from a, y: secret u64 from b) -> u64 {{ both(x, y) }}"
            ),
            Some(("add.txt", &text)),
            ProtocolChoice::Auto,
            ObjectiveChoice::Auto,
        )
    };
    assert_eq!(of("#[protocol(arithmetic)]").err(), Some(vec![Code::E4008]));
    assert!(of("#[protocol(boolean)]").is_ok());
}

#[test]
fn a_damaged_file_is_refused_with_its_line_or_is_another_circuit() {
    let whole = ripple();
    let program = "circuit add: fn(u64, u64) -> u64 = \"add.txt\";
        fn main(x: secret u64 from a, y: secret u64 from b) -> u64 { add(x, y) }";
    let mut state = 7u64;
    let mut below = |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let (mut refused, mut read) = (0, 0);
    for _ in 0..500 {
        let mut text = whole.clone().into_bytes();
        for _ in 0..=below(2) {
            // The header is short and matters most.
            let at = if below(2) == 0 {
                below(40)
            } else {
                below(text.len())
            };
            match below(4) {
                0 => text.truncate(at),
                1 => drop(text.remove(at)),
                _ => text[at] = b"0123456789 \nAXINVOREQW-"[below(23)],
            }
            if text.len() < 40 {
                break;
            }
        }
        let text = String::from_utf8(text).expect("ASCII");
        let mut sources = SourceSet::new();
        sources.add("add.txt", text.as_str());
        let root = sources.add(
            "program.smpc",
            format!("party a; party b; party c;\n{program}"),
        );
        match front::check(&sources, root) {
            (Some(_), _) => {
                let plan = must(program, Some(("add.txt", &text)), ProtocolChoice::Boolean);
                assert!(eval(&plan, &words(&plan, 1)).is_ok());
                read += 1;
            }
            (None, why) => {
                let circuit = why.iter().all(|d| {
                    d.code == Code::E2011 && d.message.contains("line ") || d.code == Code::E3025
                });
                assert!(circuit, "{why:?}");
                refused += 1;
            }
        }
    }
    assert!(refused > 100 && read > 20, "{refused} refused, {read} read");
}

fn smpcc(args: &[&str], file: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_smpcc"))
        .args(args)
        .arg(file)
        .output()
        .expect("smpcc starts")
}

#[test]
fn the_command_line_exports_and_imports() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, text).expect("a file");
        path
    };
    let inputs = r#"{"a": {"x": 40000}, "b": {"y": 30001}, "c": {}}"#;
    let parties = "party a; party b; party c;\n";
    let signature = "fn main(x: secret u16 from a, y: secret u16 from b) -> u16";
    let one = write(
        "one.smpc",
        &format!("{parties}{signature} {{ max(x, y) - min(x, y) }}\n"),
    );
    let circuit = folder.path().join("gates").join("gap.txt");
    write("gates/gap.txt", "");
    let circuit_arg = circuit.display().to_string();
    let output = smpcc(&["build", "--emit", "bristol", "-o", &circuit_arg], &one);
    assert!(output.status.success(), "{output:?}");
    let two = write(
        "two.smpc",
        &format!(
            "{parties}use crate::tools::gap;\n{signature} {{ gap(x, y) }}\ntest \"in the clear\" {{ assert(gap(3, 5) == 2); }}\n"
        ),
    );
    write(
        "tools.smpc",
        "pub circuit gap: fn(u16, u16) -> u16 = \"gates/gap.txt\";\n",
    );
    write("two.inputs.json", inputs);
    for protocol in ["boolean", "yao"] {
        let output = smpcc(&["run", "--format", "json", "--protocol", protocol], &two);
        assert!(output.status.success(), "{output:?}");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(report["outputs"]["0"], 9999, "{protocol}");
    }
    let output = smpcc(&["test"], &two);
    assert!(output.status.success(), "{output:?}");

    // A file that is not right is the program's error, at the declaration, with the file's own line.
    let whole = std::fs::read_to_string(&circuit).expect("the circuit");
    let n_lines = whole.lines().count();
    let kept = whole.lines().take(n_lines - 1);
    let cut: String = kept.map(|l| format!("{l}\n")).collect();
    for (text, message) in [
        (cut.as_bytes(), "the file ends after"),
        (b"\xff\xfe\x00\x01".as_slice(), "line 1: expected a number"),
        (b"".as_slice(), "line 1: the file ends"),
    ] {
        std::fs::write(&circuit, text).expect("a file");
        let output = smpcc(&["check"], &two);
        assert_eq!(output.status.code(), Some(1));
        let shown = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            shown.contains("E2011") && shown.contains(message) && shown.contains("tools.smpc:1:40"),
            "{shown}"
        );
    }
    std::fs::remove_file(&circuit).expect("removed");
    let output = smpcc(&["check"], &two);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("E2010"));
}

#[test]
fn a_circuit_with_a_byte_order_mark_is_read() {
    let program = "circuit add: fn(u64, u64) -> u64 = \"add.txt\";
        fn main(x: secret u64 from a, y: secret u64 from b) -> u64 { add(x, y) }";
    let plain = ripple();
    let marked = format!("\u{feff}{plain}");
    let ways = [ProtocolChoice::Boolean, ProtocolChoice::Yao];
    for protocol in ways {
        let [plain, marked] =
            [&plain, &marked].map(|text| must(program, Some(("add.txt", text)), protocol));
        assert_eq!(plain.templates, marked.templates);
        assert_eq!(plain.regions, marked.regions);
    }
    // One mark at the beginning is none of the text; anything else is not a number.
    for text in [
        format!("\u{feff}{marked}"),
        plain.replacen(' ', " \u{feff}", 1),
    ] {
        let mut sources = SourceSet::new();
        sources.add("add.txt", text.as_str());
        let root = sources.add(
            "program.smpc",
            format!("party a; party b; party c;\n{program}"),
        );
        let (hir, why) = front::check(&sources, root);
        assert!(
            hir.is_none() && why.iter().any(|d| d.code == Code::E2011),
            "{why:?}"
        );
    }
}

#[test]
fn circuits_stand_below_the_program_and_are_not_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let project = folder.path().join("project");
    std::fs::create_dir_all(project.join("gates")).expect("a folder");
    let secret = "root:x:0:0:ZEBRA\n17 ZEBRA 4711\n";
    let outside = folder.path().join("outside.txt");
    std::fs::write(&outside, secret).expect("a file");
    std::fs::write(project.join("gates/inside.txt"), secret).expect("a file");
    let program = project.join("main.smpc");
    let absolute = outside.display().to_string();
    for (path, code) in [
        ("../outside.txt", "E2010"),
        ("gates/../../outside.txt", "E2010"),
        ("gates/../gates/inside.txt", "E2010"),
        (&absolute, "E2010"),
        ("..\\\\outside.txt", "E2010"),
        ("", "E2010"),
        ("gates/inside.txt", "E2011"),
    ] {
        let text = format!(
            "party a;\ncircuit f: fn(u8) -> u8 = \"{path}\";\nfn main(x: secret u8 from a) -> u8 {{ f(x) }}\n"
        );
        std::fs::write(&program, text).expect("a file");
        for format in ["human", "json"] {
            let output = smpcc(&["check", "--format", format], &program);
            assert_eq!(output.status.code(), Some(1), "{path} {output:?}");
            let shown = [output.stdout, output.stderr].concat();
            let shown = String::from_utf8_lossy(&shown);
            assert!(shown.contains(code), "{path}: {shown}");
            for word in ["ZEBRA", "4711", "root:"] {
                assert!(!shown.contains(word), "{path}: {shown}");
            }
        }
    }
}
