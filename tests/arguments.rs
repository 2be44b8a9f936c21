//! Public arguments: of any type, from options, from a file, and from beside the inputs.

use crate::cli::{example, folder, smpcc, text};

const PROGRAM: &str = "
struct Box { low: u8 in 1..=9, high: [i16; 2] }

fn main<const N: usize>(x: secret u32 from each, limits: [u32; N], box: Box, pair: (bool, u128)) -> (u32, u64, u128) {
    let mut n: secret u32 = 0;
    for limit in limits { if x[0] > limit { n += 1; } }
    let low = box.low as u64 * 100 + box.high[1] as u64;
    (n, low, if pair.0 { pair.1 } else { 0 })
}
";
const ALL: &str = r#"{"limits": [10, 20, 30], "box": {"high": [-5, 7], "low": 3}, "pair": [true, 340282366920938463463374607431768211455]}"#;
const GIVES: &str = "(2, 307, 340282366920938463463374607431768211455)";

/// Runs the program with these files beside it: exit code, and what it said.
fn run(files: &[(&str, &str)], options: &[&str]) -> (Option<i32>, String) {
    let folder = folder(files);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let own: Vec<String> = options
        .iter()
        .map(|o| o.replace("HERE/", &at("")))
        .collect();
    let mut args = vec!["run".to_owned(), at("p.smpc")];
    args.extend(own);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let output = smpcc(&args);
    (
        output.status.code(),
        text(&output.stdout) + &text(&output.stderr),
    )
}

#[test]
fn they_come_from_options_files_and_beside_the_inputs() {
    let inputs = r#"{"0": {"x": 25}, "1": {"x": 1}}"#;
    let beside = format!(r#"{{"args": {ALL}, "0": {{"x": 25}}, "1": {{"x": 1}}}}"#);
    let program = ("p.smpc", PROGRAM);
    let options = [
        "--arg",
        "limits=[10,20,30]",
        "--arg",
        r#"box={"low":3,"high":[-5,7]}"#,
        "--arg",
        "pair=[true, 340282366920938463463374607431768211455]",
    ];
    for (files, options) in [
        (&[program, ("p.inputs.json", inputs)][..], &options[..]),
        (
            &[program, ("p.inputs.json", inputs), ("a.json", ALL)],
            &["--args", "HERE/a.json"],
        ),
        (&[program, ("p.inputs.json", &beside)], &[]),
        (
            &[
                program,
                ("p.inputs/0.json", "{\"x\": 25}"),
                ("p.inputs/1.json", "{\"x\": 1}"),
                ("p.inputs/args.json", ALL),
            ],
            &[],
        ),
        // What is said nearer goes before.
        (
            &[
                program,
                ("p.inputs.json", &beside.replace("[10, 20, 30]", "[99]")),
                ("a.json", "{\"limits\": [0]}"),
            ],
            &["--args", "HERE/a.json", "--arg", "limits=[10, 20, 30]"],
        ),
    ] {
        let (code, said) = run(files, options);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains(GIVES), "{said}");
    }
}

#[test]
fn wrong_ones_are_refused_with_what_is_wrong() {
    let beside = format!(r#"{{"args": {ALL}, "0": {{"x": 25}}, "1": {{"x": 1}}}}"#);
    let files = [("p.smpc", PROGRAM), ("p.inputs.json", beside.as_str())];
    for (option, want) in [
        (
            r#"box={"low": 0, "high": [1, 2]}"#,
            "outside of its declared range 1..=9",
        ),
        (r#"box={"low": 1}"#, "`box` lacks the field `high`"),
        (
            r#"box={"low": 1, "hihg": [1, 2]}"#,
            "`box` has no field `hihg`; did you mean `high`?",
        ),
        (
            r#"box={"low": 1, "high": [1, 2, 3]}"#,
            "`box` needs a list of 2 elements, not of 3",
        ),
        ("limits=5", "`[` is expected"),
        ("pair=[maybe, 1]", "`true` or `false`"),
        ("limit=[1]", "did you mean `limits`?"),
    ] {
        let (code, said) = run(&files, &["--arg", option]);
        assert_eq!(code, Some(2), "{option}: {said}");
        assert!(said.contains(want), "{option}: {said}");
    }
    let (code, said) = run(
        &[files[0], ("p.inputs.json", r#"{"args": 5, "0": {"x": 1}}"#)],
        &[],
    );
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("expected an object with a value for each public argument"),
        "{said}"
    );
}

const CHOICES: &str = r#"
enum Unit { Gram, #[name("pound, troy")] Pound }
enum Shape { Dot, Circle(u8 in 0..=9), Pair(u8, Option<u8>), Box { w: u8, unit: Unit } }
struct Named { name: str<8>, unit: Unit }

fn main(
    _x: secret u8 from each,
    unit: Unit,
    most: Option<u8>,
    title: Option<str<8>>,
    shapes: [Shape; 2],
    named: [Named; 1],
) -> (Unit, Option<u8>, Option<str<8>>, [Shape; 2], [Named; 1]) {
    (unit, most, title, shapes, named)
}
"#;

#[test]
fn enums_and_options_are_arguments_too() {
    let inputs = ("p.inputs.json", r#"{"0": {"_x": 25}, "1": {"_x": 1}}"#);
    let files = [("p.smpc", CHOICES), inputs];
    let all = [
        r#"unit="pound, troy""#,
        "most=7",
        r#"title=a,"b\"#,
        r#"shapes=["Dot", {"Box": {"unit": "Gram", "w": 3}}]"#,
        r#"named=[{"name": "\\\"\u00e9\"\\", "unit": "pound, troy"}]"#,
    ];
    let run = |changed: &str| {
        let name = changed.split_once('=').map_or("", |(name, _)| name);
        let mut options = Vec::new();
        for given in all {
            let same = given.split_once('=').is_some_and(|(n, _)| n == name);
            options.extend(["--arg", if same { changed } else { given }]);
        }
        run(&files, &options)
    };
    for (changed, want) in [
        (all[0], "pound, troy"),
        ("unit=Gram", "(Gram, "),
        (all[1], "7"),
        ("most=null", "None"),
        ("most=NA", "None"),
        ("most=", "None"),
        ("most=None", "None"),
        ("most=n/a", "None"),
        (r#"most="NaN""#, "None"),
        ("title=N/A", r#""N/A""#),
        ("title=NA", "None"),
        (r#"most="7""#, "7"),
        (all[2], r#""a,\"b\\""#),
        ("title=", "None"),
        (r#"title="\"q\"""#, r#""\"q\"""#),
        (all[3], "Box {w: 3, unit: Gram}"),
        (
            r#"shapes=[{"Circle": 9}, {"Pair": [4, null]}]"#,
            "[Circle(9), Pair(4, None)]",
        ),
        (
            r#"shapes=[{"Dot": null}, {"Pair": [4, 5]}]"#,
            "[Dot, Pair(4, 5)]",
        ),
        (all[4], r#""\\\"é\"\\""#),
    ] {
        let (code, said) = run(changed);
        assert_eq!(code, Some(0), "{changed}: {said}");
        assert!(said.contains(want), "{changed}: {said}");
    }
    for (changed, want) in [
        (
            "unit=Gramm",
            "needs one of `Gram`, `pound, troy`, not `Gramm`; did you mean `Gram`?",
        ),
        ("most=300", "an integer from 0 to 255 (u8)"),
        ("most=7, 8", "not `7, 8`"),
        (
            r#"shapes=["Circle", "Dot"]"#,
            "`Circle` holds something: write {\"Circle\": …}",
        ),
        (
            r#"shapes=["Dot", {"Dot": 3}]"#,
            "`Dot` holds nothing: write its name alone",
        ),
        (
            r#"shapes=["Dot", {"Circle": 10}]"#,
            "outside of its declared range 0..=9",
        ),
        (r#"shapes=["Dot", {"Pair": [1]}]"#, "`,` is expected"),
        (
            r#"shapes=["Dot", {"Box": {"w": 1}}]"#,
            "lacks the field `unit`",
        ),
        (r#"shapes=["Dot"]"#, "needs a list of 2 elements, not of 1"),
        (
            r#"named=[{"name": "\ud800", "unit": "Gram"}]"#,
            "wrong escape",
        ),
    ] {
        let (code, said) = run(changed);
        assert_eq!(code, Some(2), "{changed}: {said}");
        assert!(said.contains(want), "{changed}: {said}");
    }
    // From a file, where a table of TOML holds them.
    let toml = concat!(
        "unit = \"Gram\"\nmost = 3\ntitle = \"x y\"\nshapes = [\"Dot\", { Circle = 2 }]\n",
        "[[named]]\nname = 'a\"b'\nunit = \"pound, troy\"\n",
    );
    let files = [files[0], inputs, ("a.toml", toml)];
    let (code, said) = crate::arguments::run(&files, &["--args", "HERE/a.toml"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("[Dot, Circle(2)]"), "{said}");
}

#[test]
fn every_example_runs_without_options() {
    for entry in std::fs::read_dir(example("")).expect("examples") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|e| e == "smpc") {
            let output = smpcc(&["stats", &path.display().to_string(), "--format", "json"]);
            assert!(
                output.status.success(),
                "{path:?}: {}",
                text(&output.stderr)
            );
        }
    }
}

#[test]
fn what_there_is_nothing_to_run_in_says_so() {
    let library = ("p.smpc", "pub fn f(x: u8) -> u8 { x }\n");
    let (code, said) = run(&[library], &["--parties", "2"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("has no `main`"), "{said}");
    let program = ("p.smpc", "fn main(x: secret u8 from each) -> u8 { x[0] }\n");
    let (code, said) = run(
        &[program, ("none/notes.txt", "")],
        &["--inputs", "HERE/none"],
    );
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("no input file is in this folder"), "{said}");
}
