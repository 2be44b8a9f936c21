//! Inputs as they come out of spreadsheets and databases, through the binary.

use crate::cli::{folder, smpcc, text};

/// Runs `program` on the files of a folder `in`; what it prints and says, and its exit code.
fn run(program: &str, files: &[(&str, &str)], options: &[&str]) -> (String, String, Option<i32>) {
    run_among("2", program, files, options)
}

/// The same among so many parties.
fn run_among(
    parties: &str,
    program: &str,
    files: &[(&str, &str)],
    options: &[&str],
) -> (String, String, Option<i32>) {
    let folder = folder(&[&[("p.smpc", program)], files].concat());
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (program, inputs) = (at("p.smpc"), at("in"));
    let mut args = vec![
        "run",
        &program,
        "--in-process",
        "--parties",
        parties,
        "--inputs",
        &inputs,
    ];
    args.extend(options);
    let output = smpcc(&args);
    (
        text(&output.stdout),
        text(&output.stderr),
        output.status.code(),
    )
}

/// The result of a run that succeeds, and what it says beside it.
fn result(program: &str, files: &[(&str, &str)]) -> (String, String) {
    let (out, err, code) = run(program, files, &[]);
    assert_eq!(code, Some(0), "{err}");
    (out, err)
}

const PATIENTS: &str = "struct Row { age: u8 in 0..=120, ill: bool }
fn main(rows: [secret Row; _] from each) -> { ages: u32, ill: u32 } {
    let mut ages: secret u32 = 0;
    let mut ill: secret u32 = 0;
    for r in rows.flatten() {
        ages += r.age as u32;
        ill += r.ill as u32;
    }
    { ages, ill }
}
";

#[test]
fn sheets_of_all_kinds_are_read() {
    let (out, err) = result(
        PATIENTS,
        &[
            (
                "in/0.csv",
                "\u{feff}ill;name;age\r\nTRUE;\"A; B\";30\r\nno;C;5\r\n",
            ),
            ("in/1.csv", "age\till\n7\tyes\n"),
        ],
    );
    assert!(out.contains("ages: 42") && out.contains("ill: 2"), "{out}");
    let note = "0.csv, `rows`: the column `name` is not asked for, and ignored";
    assert_eq!(err.matches(note).count(), 1, "{err}");
}

#[test]
fn other_endings_and_bare_lists_are_read() {
    let (out, _) = result(
        PATIENTS,
        &[
            ("in/0.CSV", "age,ill\n30,yes\n"),
            ("in/1.tsv", "ill\tage\nno\t12\n"),
        ],
    );
    assert!(out.contains("ages: 42") && out.contains("ill: 1"), "{out}");
    let list = "fn main(xs: [secret u8; _] from each) -> u64 { xs.flatten().sum() }\n";
    let (out, _) = result(
        list,
        &[("in/0.json", "[1, 2]"), ("in/1.json", "{\"xs\": [3]}")],
    );
    assert!(out.contains("learns 6"), "{out}");
    let (_, err, code) = run(list, &[("in/0.json", "[]"), ("in/1.json", "[3]")], &[]);
    assert!(
        code == Some(2) && err.contains("party 0 gives no rows"),
        "{err}"
    );
    let moments = "fn main(at: secret datetime from each) -> datetime { max(at[0], at[1]) }\n";
    let files = [
        ("in/0.json", "{\"at\": \"2024-02-29T10:30:00.000Z\"}"),
        ("in/1.json", "{\"at\": \"2024-02-29\"}"),
    ];
    let (out, _) = result(moments, &files);
    assert!(out.contains("2024-02-29T10:30:00Z"), "{out}");
}

#[test]
fn files_that_cannot_be_meant_are_named_with_what_is_wrong() {
    let good = ("in/1.csv", "age,ill\n7,yes\n");
    let wrong = |name: &str, text: &str| {
        let (_, err, code) = run(PATIENTS, &[(name, text), good], &[]);
        assert_eq!(code, Some(2), "{err}");
        err
    };
    for (name, text, told) in [
        ("in/0.xlsx", "PK", "`0.xlsx` is not read"),
        ("in/0.csv", "age,ill\n3,\"yes\n4,no\n", "line 2"),
        ("in/0.csv", "age,ill\n3,\"yes\"x\n4,no\n", "line 2"),
        (
            "in/0.csv",
            "age,ill,note\n3,yes,ok\n4,no,\"a\n5,no,b\"\n",
            "line 3: a `\"` opens here in the column `note`",
        ),
        (
            "in/0.csv",
            "age,ill\n\"3,yes\n4,no\n",
            "line 2: a `\"` opens here and is not closed",
        ),
        ("in/0.csv", "AGE,ILL\n3,yes\n", "did you mean `AGE`?"),
    ] {
        let err = wrong(name, text);
        assert!(err.contains(told), "{text}: {err}");
    }
    let mixed = "fn main(xs: [secret u8; _] from each, k: secret u8 from each) -> u64 { xs.flatten().sum() * k[0] as u64 }\n";
    let both = ("in/1.json", "{\"xs\": [3], \"k\": 1}");
    let (_, err, _) = run(mixed, &[("in/0.csv", "xs,k\n1,2\n3,\n"), both], &[]);
    assert!(err.contains("give a folder with xs.csv, k.csv"), "{err}");
    let numbers = "fn main(x: secret fixed<16, 8> from each) -> fixed<16, 8> { x[0] + x[1] }\n";
    let files = [("in/0.csv", "x\n1234.50\n"), ("in/1.csv", "x\n1\n")];
    let (_, err, _) = run(numbers, &files, &[]);
    assert!(err.contains("the value 1234.50 does not fit"), "{err}");
}

#[test]
fn an_empty_line_of_a_lone_option_is_none() {
    let of_list = "fn main(x: [secret Option<u8>; _] from each) -> { n: u32, missing: u32 } {
        let v = x.flatten();
        { n: v.len() as u32, missing: v.map(|x| if x.is_none() { 1u8 } else { 0 }).sum() as u32 }
    }";
    let of_rows = "struct Row { x: Option<u8> }
    fn main(rows: [secret Row; _] from each) -> { n: u32, missing: u32 } {
        let v = rows.flatten();
        { n: v.len() as u32, missing: v.map(|r| if r.x.is_none() { 1u8 } else { 0 }).sum() as u32 }
    }";
    let files = [
        ("in/0.csv", "x\n50\n\n60\n\n\n70\n"),
        ("in/1.csv", "x\r\n\r\n\"5\"\r\n\r\n"),
    ];
    for program in [of_list, of_rows] {
        let (out, _) = result(program, &files);
        assert!(out.contains("n: 8, missing: 4"), "{out}");
    }
    let plain = "fn main(x: [secret u8; _] from each) -> u64 { x.flatten().sum() }";
    let (out, _) = result(plain, &files);
    assert!(out.contains("learns 185"), "{out}");
}

#[test]
fn sheets_are_read_as_other_tools_write_them() {
    let (out, err) = result(
        PATIENTS,
        &[
            ("in/0.csv", ",age,ill\n0,30,True\n1,0x05,False\n"),
            ("in/1.csv", "age;ill;;\r\n7;1;;\r\n"),
        ],
    );
    assert!(out.contains("ages: 42") && out.contains("ill: 2"), "{out}");
    let note = "0.csv, `rows`: the column number 1 (without a name) is not asked for, and ignored";
    assert!(err.contains(note) && !err.contains("1.csv"), "{err}");
    let missing = "enum Arm { None, Drug }
struct Row { age: Option<u8>, seen: Option<date>, dose: Option<f32>, arm: Option<Arm>, name: Option<str<4>> }
fn main(rows: [secret Row; _] from each) -> { ages: u32, days: u32, doses: u32, arms: u32, names: u32 } {
    let all = rows.flatten();
    {
        ages: all.map(|r| if r.age.is_none() { 1u32 } else { 0 }).sum() as u32,
        days: all.map(|r| if r.seen.is_none() { 1u32 } else { 0 }).sum() as u32,
        doses: all.map(|r| if r.dose.is_none() { 1u32 } else { 0 }).sum() as u32,
        arms: all.map(|r| if r.arm.is_none() { 1u32 } else { 0 }).sum() as u32,
        names: all.map(|r| if r.name.is_none() { 1u32 } else { 0 }).sum() as u32,
    }
}
";
    let (out, _) = result(
        missing,
        &[
            (
                "in/0.csv",
                "age,seen,dose,arm,name\nNaN,NaT,nan,NaN,NA\n<NA>,N/A,NULL,None,None\n.,None,,Drug,.\n",
            ),
            (
                "in/1.json",
                "[{\"age\": \"NA\", \"seen\": null, \"dose\": 1.5, \"arm\": \"Drug\", \"name\": \"n/a\"}]",
            ),
        ],
    );
    let counts = "ages: 4, days: 4, doses: 3, arms: 1, names: 1";
    assert!(out.contains(counts), "{out}");
    let plain = "enum Arm { A, B }
struct Row { age: u8, arm: Arm }
fn main(rows: [secret Row; _] from each) -> u64 { rows.flatten().map(|r| r.age).sum() }
";
    let files = [
        ("in/0.csv", "age,arm\nNaN,N/A\n"),
        ("in/1.csv", "age,arm\n1,A\n"),
    ];
    let (_, err, code) = run(plain, &files, &[]);
    assert_eq!(code, Some(2), "{err}");
    for told in [
        "`NaN`: where values may be missing, the type is `Option<u8>`",
        "the type is `Option<Arm>`",
    ] {
        assert!(err.contains(told), "{err}");
    }
}

#[test]
fn bits_and_bytes_are_hexadecimal_cells_of_columns_too() {
    let program = "fn main(key: [secret u8; 2] from each, on: [secret bool; 4] from each) -> { last: u8, on: bool } {
    { last: key[0][1] + key[1][1], on: on[0][1] && on[1][3] }
}
";
    let files = [
        ("in/0.csv", "key,on\n0x0105,0x4\n"),
        ("in/1/key.csv", "key\n1\n0x10\n"),
        ("in/1/on.csv", "on\n0\n0\n0\n1\n"),
    ];
    let (out, _) = result(program, &files);
    assert!(out.contains("last: 21, on: yes"), "{out}");
    // A cell of a list of any length is an item, be it the only one.
    let program = "fn main(xs: [secret u8; _] from each) -> u64 { xs.flatten().sum() }\n";
    for (rows, learnt) in [("0x5\n", 6), ("0x5\n0x6\n", 12)] {
        let files = [
            ("in/0.csv", &*format!("xs\n{rows}")),
            ("in/1.csv", "xs\n1\n"),
        ];
        let (out, _) = result(program, &files);
        assert!(out.contains(&format!("learns {learnt}\n")), "{out}");
    }
    let files = [("in/0.csv", "xs\n0x0102\n"), ("in/1.csv", "xs\n1\n")];
    let (_, err, code) = run(program, &files, &[]);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("the value 258 does not fit in u8"), "{err}");
}

#[test]
fn a_value_that_its_type_does_not_hold_is_told_the_declared_range() {
    let files = [
        ("in/0.csv", "age,ill\n500,1\n"),
        ("in/1.csv", "age,ill\n1,1\n"),
    ];
    let (_, err, code) = run(PATIENTS, &files, &[]);
    assert!(
        code == Some(2) && err.contains("500 is outside its declared range 0..=120"),
        "{err}"
    );
}

#[test]
fn a_file_that_is_no_table_is_not_an_empty_table() {
    for (file, words) in [
        ("", &["1.csv", "empty", "age,ill"][..]),
        ("5,1\n6,0\n", &["1.csv", "no header", "age,ill"]),
        ("Age,ill\n5,1\n", &["1.csv", "`age` is missing", "`Age`"]),
        (
            "age,ill\n5,maybe\n",
            &["1.csv", "row 1", "`ill`", "`maybe`"],
        ),
        (
            "age,ill\n5,1\n121,1\n",
            &["1.csv", "row 2", "`age`", "121", "0..=120"],
        ),
    ] {
        let (_, err, code) = run(
            PATIENTS,
            &[("in/0.csv", "age,ill\n1,1\n"), ("in/1.csv", file)],
            &[],
        );
        assert_eq!(code, Some(2), "{file:?}: {err}");
        for word in words {
            assert!(err.contains(word), "{file:?}: {word} in {err}");
        }
    }
}

#[test]
fn values_of_several_forms_come_from_one_party_in_csv() {
    let program = "party bank;
party model;
struct Row { a: u32, b: u32 }
fn main(
    rows: [secret Row; _] from bank,
    limit: secret u32 from bank,
    weights: [[secret u32; 2]; _] from bank,
    bias: secret u32 from model,
    scale: secret u32 from model,
) -> u32 {
    let mut sum: secret u32 = bias + limit;
    for r in rows { sum += scale * (r.a + r.b); }
    for w in weights { sum += 1000 * w[0] + 10000 * w[1]; }
    sum
}
";
    let bank = [
        ("in/bank/rows.csv", "b,a\n1,2\n3,4\n"),
        ("in/bank/limit.csv", "limit\n100\n"),
        ("in/bank/weights.csv", "1,2\n3,4\n"),
        ("in/model.csv", "scale,bias\n2,5\n"),
    ];
    let (out, _) = result(program, &bank);
    assert!(
        out.contains(&(5 + 100 + 2 * 10 + 4000 + 60000).to_string()),
        "{out}"
    );
    let wrong = |at: usize, file: &str| {
        let mut files = bank;
        files[at].1 = file;
        let (_, err, code) = run(program, &files, &[]);
        assert_eq!(code, Some(2), "{err}");
        err
    };
    let err = wrong(2, "1,2\n3\n");
    assert!(
        err.contains("weights.csv") && err.contains("row 1"),
        "{err}"
    );
    let err = wrong(2, "x,y\n3,1\n");
    assert!(err.contains("weights.csv") && err.contains("`x`"), "{err}");
    let err = wrong(3, "scale,bias\n2,5\n3,6\n");
    assert!(
        err.contains("model.csv") && err.contains("one row"),
        "{err}"
    );
    let whole = [("in/bank.csv", "rows,limit\n1,2\n"), bank[3]];
    let (_, err, _) = run(program, &whole, &[]);
    assert!(
        err.contains("folder") && err.contains("weights.csv"),
        "{err}"
    );
    let strange = [
        bank[0],
        bank[1],
        bank[2],
        bank[3],
        ("in/bank/more.csv", "x\n1\n"),
    ];
    let (_, err, _) = run(program, &strange, &[]);
    assert!(err.contains("unknown input `more`"), "{err}");
}

#[test]
fn who_gives_no_rows_is_named_before_anything_is_computed() {
    let files = [
        ("in/0.csv", "age,ill\n30,1\n5,0\n"),
        ("in/1.csv", "age,ill\n"),
    ];
    let (out, err, code) = run(PATIENTS, &files, &[]);
    assert_eq!(code, Some(2), "{out}{err}");
    assert!(
        err.contains("`rows`: 2 rows from party 0, 0 rows from party 1"),
        "{err}"
    );
    assert!(
        err.contains("party 1 gives no rows of `rows`") && err.contains("--yes"),
        "{err}"
    );
    assert!(out.is_empty(), "{out}");
    let (out, err, code) = run(PATIENTS, &files, &["--yes"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("ages: 35"), "{out}");
    let (_, err, code) = run(PATIENTS, &files, &["--yes", "-q"]);
    assert_eq!((err.as_str(), code), ("", Some(0)));
}

/// A template whose placeholders are what `value` says; those in quotes of JSON or TOML are values themselves unless they are texts.
fn filled(template: &str, value: impl Fn(&str) -> &'static str) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('<') {
        let (placeholder, after) = behind.split_once('>').expect("a placeholder ends");
        let value = value(placeholder);
        let is_quoted = before.ends_with('"') && after.starts_with('"');
        if is_quoted && value.starts_with(['{', '[']) {
            text.push_str(before.strip_suffix('"').unwrap_or(before));
            text.push_str(value);
            rest = after.strip_prefix('"').unwrap_or(after);
        } else {
            text.push_str(before);
            text.push_str(value);
            rest = after;
        }
    }
    text + rest
}

#[test]
fn a_template_is_accepted_once_its_places_are_filled_in() {
    let nested = "struct Point { x: u8, y: i8 in -5..=5 }
enum Shape { Dot, Circle(u8), Line(u8, u8), Box { low: Point, high: Point } }
struct Row { at: Option<Point>, shape: Shape, key: Option<[u8; 2]>, pair: (u8, bool), day: date }
fn main(rows: [secret Row; 2] from each, own: secret Option<(u8, u8)> from each) -> u32 {
    let mut n: secret u32 = rows.len() as u32;
    for p in rows { for r in p { if r.at.is_some() { n += 1; } if r.key.is_some() { n += 1; } } }
    for o in own { if o.is_some() { n += 1; } }
    n
}
";
    let flat =
        "struct Row { age: u8 in 0..=120, key: Option<[u8; 2]>, on: [bool; 4], day: Option<date> }
fn main(rows: [secret Row; 3] from each) -> u32 {
    let mut n: secret u32 = 0;
    for p in rows { for r in p { if r.key.is_some() { n += 1; } n += r.age as u32; } }
    n
}
";
    let columns = "fn main(a: [secret u8; 3] from each, b: [secret u8; 3] from each, c: [secret i16; 2] from each) -> u32 {
    let mut n: secret u32 = 0;
    for p in 0..parties() { n += a[p].sum() as u32 + b[p].sum() as u32 + c[p].sum() as u32; }
    n
}
";
    let value = |format: &'static str| {
        move |place: &str| match place {
            "{x: u8, y: i8 in -5..=5}, or NA" if format == "toml" => "{ x = 7, y = -5 }",
            "{x: u8, y: i8 in -5..=5}, or NA" => "{\"x\": 7, \"y\": -5}",
            "Dot or {Circle: u8} or {Line: [u8, u8]} or {Box: {low: {x: u8, y: i8 in -5..=5}, high: {x: u8, y: i8 in -5..=5}}}" => {
                "Dot"
            }
            "2 bytes as 0x…, or NA" => "0x0102",
            "4 bits as 0x…" => "0x5",
            "[u8, u8], or NA" => "[1, 2]",
            "u8 in 0..=120" | "u8" | "i16" => "7",
            "true or false" => "true",
            "a date as 2024-02-29" | "a date as 2024-02-29, or NA" => "2024-02-29",
            other => panic!("nobody knows what `{other}` is"),
        }
    };
    for (program, format, learnt) in [
        (nested, "json", 12),
        (nested, "toml", 12),
        (flat, "json", 48),
        (flat, "toml", 48),
        (flat, "csv", 48),
        (columns, "json", 112),
        (columns, "toml", 112),
        (columns, "csv", 112),
    ] {
        let folder = folder(&[("p.smpc", program)]);
        let (path, to) = (folder.path().join("p.smpc"), folder.path().join("in"));
        let (path, to) = (path.display().to_string(), to.display().to_string());
        let made = smpcc(&[
            "inputs",
            &path,
            "--parties",
            "2",
            "--format",
            format,
            "-o",
            &to,
        ]);
        assert!(made.status.success(), "{}", text(&made.stderr));
        let mut folders = vec![std::path::PathBuf::from(&to)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                    continue;
                }
                let template = std::fs::read_to_string(entry.path()).expect("a template");
                std::fs::write(entry.path(), filled(&template, value(format))).expect("written");
            }
        }
        let output = smpcc(&[
            "run",
            &path,
            "--in-process",
            "--parties",
            "2",
            "--inputs",
            &to,
        ]);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(
            out.contains(&format!("learns {learnt}\n")),
            "{format}: {out}{err}"
        );
    }
}

const FORMS: &str = "party bank;
party model;
struct Row { age: u8 in 0..=120, ill: bool }
fn main(
    rows: [secret Row; _] from bank,
    limit: secret u32 from bank,
    weights: [[secret i16; 2]; 2] from bank,
    bias: secret i64 from model,
    scale: secret u32 from model,
) -> u32 {
    let mut sum: secret u32 = limit + bias as u32 + scale + weights[1][0] as u32;
    for r in rows { sum += r.age as u32; }
    sum
}
";

#[test]
fn a_template_is_as_long_as_somebody_fills_it_in() {
    let folder = folder(&[(
        "p.smpc",
        "party a;
fn main(m: [[secret u8; 200]; 200] from a) -> u8 { m[0][0] }
",
    )]);
    let at = |name: &str| folder.path().join(name).display().to_string();
    for format in ["json", "toml"] {
        let output = smpcc(&[
            "inputs",
            &at("p.smpc"),
            "--format",
            format,
            "-o",
            &at(format),
        ]);
        assert_eq!(output.status.code(), Some(2));
        let message = text(&output.stderr);
        assert!(message.contains("a list of 40000 values"), "{message}");
    }
    // A sheet shows one of its rows.
    let output = smpcc(&["inputs", &at("p.smpc"), "--format", "csv", "-o", &at("csv")]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let sheet = std::fs::read_to_string(at("csv/a.csv")).expect("a sheet");
    assert_eq!(sheet, format!("{}<u8>\n", "<u8>,".repeat(199)));
}

#[test]
fn templates_have_a_place_for_all_that_is_given() {
    let folder = folder(&[("p.smpc", FORMS)]);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let read = |name: &str| std::fs::read_to_string(at(name)).expect(name);
    let program = at("p.smpc");
    let write = |format: &str, to: &str| {
        let output = smpcc(&["inputs", &program, "--format", format, "-o", &at(to)]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    };
    write("json", "json");
    assert_eq!(
        read("json/bank.json"),
        "{
  \"rows\": [
    {\"age\": \"<u8 in 0..=120>\", \"ill\": \"<true or false>\"}
  ],
  \"limit\": \"<u32>\",
  \"weights\": [
    [\"<i16>\", \"<i16>\"],
    [\"<i16>\", \"<i16>\"]
  ]
}
"
    );
    assert_eq!(
        read("json/model.json"),
        "{\n  \"bias\": \"<i64>\",\n  \"scale\": \"<u32>\"\n}\n"
    );
    write("toml", "toml");
    assert_eq!(
        read("toml/bank.toml"),
        "limit = \"<u32>\"
weights = [[\"<i16>\", \"<i16>\"], [\"<i16>\", \"<i16>\"]]

[[rows]]
age = \"<u8 in 0..=120>\"
ill = \"<true or false>\"
"
    );
    write("csv", "csv");
    assert_eq!(read("csv/bank/rows.csv"), "age,ill\n");
    assert_eq!(read("csv/bank/limit.csv"), "limit\n<u32>\n");
    assert_eq!(read("csv/bank/weights.csv"), "<i16>,<i16>\n<i16>,<i16>\n");
    assert_eq!(read("csv/model.csv"), "bias,scale\n<i64>,<u32>\n");
    for form in ["json", "toml", "csv"] {
        let inputs = at(form);
        let output = smpcc(&["run", &program, "--in-process", "--inputs", &inputs]);
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains("<"), "{form}: {message}");
        // What has been filled in stays.
        let again = smpcc(&["inputs", &program, "--format", form, "-o", &inputs]);
        assert_eq!(again.status.code(), Some(2));
        assert!(text(&again.stderr).contains("--force"));
    }
    // Bits and bytes are cells of a sheet; a date's place says how one is spelt.
    let keys = "struct K { id: [u8; 4], day: date, name: str<4>, on: [bool; 8] }
fn main(k: secret K from each, n: secret u8 from each) -> u8 { k[0].id[0] + n[0] }
";
    std::fs::write(at("k.smpc"), keys).expect("a program");
    let made = smpcc(&["inputs", &at("k.smpc"), "--parties", "2", "--format", "csv"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert_eq!(
        read("k.inputs/1.csv"),
        "id,day,name,on,n
<4 bytes as 0x…>,<a date as 2024-02-29>,<a text of at most 4 bytes>,<8 bits as 0x…>,<u8>
"
    );
    for party in ["0", "1"] {
        let filled = "id,day,name,on,n\n0x07000000,2024-02-29,Ann,0xff,3\n";
        std::fs::write(at(&format!("k.inputs/{party}.csv")), filled).expect("inputs");
    }
    let output = smpcc(&["run", &at("k.smpc"), "--in-process", "-q"]);
    assert!(
        text(&output.stdout).contains("10"),
        "{}",
        text(&output.stderr)
    );
    // Names that are none of a program are quoted where a format wants it.
    let named = "struct K { #[name(\"Age (years)\")] age: u8, #[name(\"a, b\")] b: u8 }
fn main(k: [secret K; _] from each) -> u8 { k[0][0].age + k[0][0].b }
";
    std::fs::write(at("n.smpc"), named).expect("a program");
    for (format, written) in [
        ("csv", "Age (years),\"a, b\"\n"),
        (
            "toml",
            "[[k]]\n\"Age (years)\" = \"<u8>\"\n\"a, b\" = \"<u8>\"\n",
        ),
        (
            "json",
            "{\n  \"k\": [\n    {\"Age (years)\": \"<u8>\", \"a, b\": \"<u8>\"}\n  ]\n}\n",
        ),
    ] {
        let to = at(&format!("named-{format}"));
        let made = smpcc(&[
            "inputs",
            &at("n.smpc"),
            "--parties",
            "2",
            "--format",
            format,
            "-o",
            &to,
        ]);
        assert!(made.status.success(), "{}", text(&made.stderr));
        assert_eq!(read(&format!("named-{format}/0.{format}")), written);
    }
    // Without a place of their own they stand where a run looks for them.
    assert!(smpcc(&["inputs", &program]).status.success());
    assert!(read("p.inputs/model.json").contains("bias"));
    std::fs::write(at("avg.smpc"), crate::cli::AVG).expect("a program");
    let open = smpcc(&["inputs", &at("avg.smpc")]);
    assert!(
        text(&open.stderr).contains("--parties"),
        "{}",
        text(&open.stderr)
    );
}

/// What stands between fences on a page: what the fence says, and the text.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match (line.strip_prefix("```"), inside) {
            (Some(info), false) => found.push((info.to_owned(), String::new())),
            (None, true) => {
                if let Some((_, text)) = found.last_mut() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
            _ => {}
        }
        inside ^= line.starts_with("```");
    }
    found
}

#[test]
fn the_examples_on_the_page_of_inputs_run() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/inputs.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let mut n = 0;
    for section in page.split("\n## ").skip(1) {
        let title = section.lines().next().unwrap_or_default();
        let blocks = blocks(section);
        let mut files = Vec::new();
        let (mut program, mut result) = ("", "");
        for (info, text) in &blocks {
            match info.split_once(' ') {
                None if info == "smpc" => program = text,
                None => result = text.trim(),
                Some((_, name)) => files.push((format!("in/{name}"), text.as_str())),
            }
        }
        assert!(
            !program.is_empty() && !result.is_empty() && !files.is_empty(),
            "{title}"
        );
        let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (n.as_str(), *t)).collect();
        let folder = folder(&[&[("p.smpc", program)], files.as_slice()].concat());
        let inputs = match files.as_slice() {
            [("in/all.json", _)] => folder.path().join("in/all.json"),
            _ => folder.path().join("in"),
        };
        let program = folder.path().join("p.smpc").display().to_string();
        let inputs = inputs.display().to_string();
        let output = smpcc(&["run", &program, "--in-process", "--inputs", &inputs]);
        assert!(output.status.success(), "{title}: {}", text(&output.stderr));
        let shown = text(&output.stdout);
        assert!(shown.contains(result), "{title}: {shown}");
        n += 1;
    }
    assert!(n >= 6, "{n} examples");
}

/// Days, moments and texts are one function under every suite and in every domain.
#[test]
fn dates_and_texts_mean_the_same_everywhere() {
    let program = "struct Stay { from: date, to: date, ward: str<8> }
fn main(stays: [secret Stay; _] from each) -> { days: i32, first: date, ward: str<8>, n: u8 } {
    let mut days: secret i32 = 0;
    let mut first: secret date = \"2029-12-31\";
    let mut ward: secret str<8> = \"\";
    for s in stays.flatten() {
        if s.ward != \"icu\" { days += s.to - s.from + 1; }
        if s.from < first { first = s.from; ward = s.ward; }
    }
    { days, first, ward, n: len(ward) }
}
";
    let files = [
        (
            "in/0.csv",
            "ward;to;from\nicu;2024-03-01;2024-02-28\nsurgery;2024-03-01;2024-02-28\n",
        ),
        (
            "in/1.json",
            r#"[{"ward": "Müller", "from": "1969-12-31", "to": "1970-01-01"}]"#,
        ),
        ("in/2.csv", "from,to,ward\n2000-01-01,2000-01-01,x\n"),
    ];
    let result = "{days: 6, first: 1969-12-31, ward: \"Müller\", n: 7}";
    for options in [
        &["--protocol", "boolean"][..],
        &["--protocol", "yao"],
        &["--suite", "gmw", "--opt", "0"],
        &["--suite", "bgw", "--local", "off"],
    ] {
        let (out, err, code) = run_among("3", program, &files, options);
        assert_eq!(code, Some(0), "{options:?}: {err}");
        assert!(out.contains(result), "{options:?}: {out}");
    }
    let (out, err, _) = run_among(
        "2",
        program,
        &files[..2],
        &["--suite", "two-party", "--format", "json"],
    );
    let json = r#"{"days": 5, "first": "1969-12-31", "ward": "Müller", "n": 7}"#;
    assert!(out.contains(json), "{out}{err}");
    let wrong = [
        files[0],
        ("in/1.csv", "from,to,ward\n2000-01-01,2000-02-30,x\n"),
    ];
    let (_, err, code) = run_among("2", program, &wrong, &[]);
    assert_eq!(code, Some(2));
    assert!(
        err.contains("1.csv") && err.contains("row 1, field `to`") && err.contains("`2000-02-30`"),
        "{err}"
    );
}

#[test]
fn public_arguments_are_dates_and_texts_too() {
    let program = "fn main(until: date, ward: str<4>, day: secret date from each) -> { n: u8, ward: str<4> } {
    let mut n: secret u8 = 0;
    for d in day { if d < until { n += 1; } }
    { n, ward }
}
";
    let files = [
        ("in/0.csv", "day\n2024-04-30\n"),
        ("in/1.json", r#"{"day": "2024-05-01"}"#),
    ];
    let (out, err, _) = run(
        program,
        &files,
        &["--arg", "until=2024-05-01", "--arg", "ward=\"a,b\""],
    );
    assert!(out.contains("{n: 1, ward: \"a,b\"}"), "{out}{err}");
    for (until, ward, why) in [
        ("2024-02-30", "x", "a date as `2024-02-29`"),
        ("2024-05-01", "many", ""),
        ("2024-05-01", "a]{,", ""),
        ("2024-05-01", "\"a,", ""),
        ("2024-05-01", "more!", "at most 4 bytes"),
    ] {
        let (until, ward) = (format!("until={until}"), format!("ward={ward}"));
        let (_, err, code) = run(program, &files, &["--arg", &until, "--arg", &ward]);
        assert_eq!(code == Some(0), why.is_empty(), "{err}");
        assert!(err.contains(why), "{err}");
    }
}
