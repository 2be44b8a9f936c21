//! The style by examples, and what holds of every text, on all programs of the project with white space and comments
//! thrown in at random.

use super::*;
use std::path::{Path, PathBuf};

fn formatted(text: &str) -> String {
    match format(FileId(0), text) {
        Ok(text) => text,
        Err(refused) => panic!("{text}\n{refused:?}"),
    }
}

/// Formatted without a look at whether it is right.
fn unchecked(text: &str) -> String {
    let parsed = parser::parse(FileId(0), text);
    laid_out(FileId(0), text, &parsed.marks).expect("brackets")
}

/// The text is formatted as it stands.
fn stays(text: &str) {
    assert_eq!(formatted(text), text);
}

fn becomes(text: &str, wanted: &str) {
    assert_eq!(formatted(text), wanted);
    stays(wanted);
}

#[test]
fn words_are_spaced() {
    becomes(
        "fn f<T:Ord+Num,const N:usize>(a:[T;N],mut b:u8 in 0 ..= 3)->Option< Option<u8> >{let x=-a[0]+b*( 2-!c )>>1;x>>=2;y ( 1 ).0 . 1}\n",
        "fn f<T: Ord + Num, const N: usize>(a: [T; N], mut b: u8 in 0..=3) -> Option<Option<u8>> {\n    let x = -a[0] + b * (2 - !c) >> 1;\n    x >>= 2;\n    y(1).0.1\n}\n",
    );
    becomes(
        "fn f ( a : secret [ u8 ; 3 ] , b : secret ( u8 , u8 ) from x [ 0 ] ) { g :: < 3 , u8 > ( | x , y | x|y , || 1 ) ; let z = secret ( 3 ) ; x as Wide < u8 > < 3 ; a < b ; }",
        "fn f(a: secret [u8; 3], b: secret (u8, u8) from x[0]) {\n    g::<3, u8>(|x, y| x | y, || 1);\n    let z = secret(3);\n    x as Wide<u8> < 3;\n    a < b;\n}\n",
    );
    becomes(
        "use a :: { b , c as d } ; party x [ 2 .. ] ; # [ protocol ( yao ) ] pub fn f ( ) { }",
        "use a::{b, c as d};\nparty x[2..];\n#[protocol(yao)]\npub fn f() {}\n",
    );
    stays(
        "fn f(x: fn(u8) -> u8, y: ()) -> (u8,) {\n    (x(a[..n]), a[n..=m], b[..],)\n}\n"
            .replace(",)\n", ")\n")
            .as_str(),
    );
}

#[test]
fn what_files_call_fields_stands_before_them() {
    stays(
        "struct Patient {
    /// In whole years.
    #[name(\"Age (years)\")]
    age: u8 in 0..=120,
    #[name(\"1st_dose\")]
    dose: u16,
}

enum Kind {
    A {
        #[name(\"birth-date\")]
        born: date,
    },
}
",
    );
}

#[test]
fn blocks_take_lines_and_values_may_not() {
    becomes(
        "fn f(a: bool) -> u8 { if a { return 3; } let x = if a {1} else {2}; let y = if a {1} else if b {2} else {3}; if a { x } else { y } }",
        "fn f(a: bool) -> u8 {
    if a {
        return 3;
    }
    let x = if a { 1 } else { 2 };
    let y = if a {
        1
    } else if b {
        2
    } else {
        3
    };
    if a { x } else { y }
}
",
    );
    stays(
        "fn f() {
    for (i, x) in xs.zip(ys) {
        while i < 3 {
            continue;
        }
    }
    let t = xs.map(|x| {
        let y = x + 1;
        y * y
    });
    {
        g();
    };
    (if a { b } else { c }) as u8
}
",
    );
}

#[test]
fn receivers_and_counts_of_parties_stand_in_their_lines() {
    stays(
        "type Pair<T> = (T, T);

fn main(a: u8 in 0..=2 * N - 1 from x, b: secret u64 from each bidder) -> {
    the_first_result: secret u64 to x, y[0], each bidder,
    the_second_result: u8 to all,
} {
    loop {
        break;
    }
    #[protocol(yao)]
    {
        f::<_>(1)
    }
}

test \"with few\" for 2..=3 parties {
    let x;
    x = 1;
}
",
    );
}

#[test]
fn parameters_break_before_a_result_does() {
    stays(
        "fn main(
    one: secret u32 from a,
    two: secret u32 in 0..=9 from b,
    three: [secret u32; 3] from each c,
) -> (u32, u32) to a, b {
    (one, two)
}
",
    );
    stays(
        "fn f() -> (
    a_type_with_a_long_name_of_forty_four_letters,
    a_type_with_a_long_name_of_forty_four_letters,
    u8,
) {
    g()
}
",
    );
}

#[test]
fn comments_after_operators_break_nothing_else() {
    becomes(
        "fn f(){if a>b && // one\n c<d || e==1 {g()}}",
        "fn f() {
    if a > b
        && // one
            c < d
        || e == 1
    {
        g()
    }
}
",
    );
}

#[test]
fn long_lines_break() {
    stays(
        "fn main(
    reserve: secret u64 from seller,
    bid: secret u64 from each bidder,
    and_something_else: secret u64 from all,
) -> u8 {
    let a_sum_of_many_things = the_first_of_them + the_second_of_them * with_a_factor
        + the_third_of_them
        + the_fourth_of_them;
    let something = a_function_of_many_arguments(
        the_first_of_them,
        the_second_of_them,
        the_third_of_them,
        the_last,
    );
    let one = xs.map(|x| x + the_first_of_them).filter(|x| x > the_second_of_them)
        .fold(0, |a, x| a + x);
    1
}
"
        .replace(
            "    let one = xs.map(|x| x + the_first_of_them).filter(|x| x > the_second_of_them)
        .fold(0, |a, x| a + x);
",
            "    let one = xs.map(|x| x + the_first_of_them)
        .filter(|x| x > the_second_of_them)
        .fold(0, |a, x| a + x + the_third_of_them);
",
        )
        .replace(
            " = the_first_of_them + the_second_of_them * with_a_factor
",
            " = the_first_of_them
        + the_second_of_them * with_a_factor
",
        )
        .as_str(),
    );
    stays(
        "fn main(rows: [secret Patient; _] from each hospital, level: u8) -> {
    patients: u32 to all,
    mean_age: u32 to all,
    mean_days: u32 to hospital[0],
} {
    if the_first_condition_of_several && the_second_condition_of_several
        || the_third_condition_of_several && the_fourth
    {
        f();
    }
}
"
        .replace(
            "if the_first_condition_of_several && the_second_condition_of_several
        ||",
            "if the_first_condition_of_several_ones && the_second_condition_of_several_ones
        ||",
        )
        .as_str(),
    );
}

#[test]
fn comments_stay_where_they_are() {
    stays(
        "//! The module.

// Before.
/// Documented.
pub struct S {
    /// A field.
    a: u8, // its size
    // about b
    b: u8,

    c: u8, // last
    // the end
}

fn f(/* nothing */) {
    // Only a comment.
}

fn g(
    a: u8, // first
    // second
    b: u8,
) {
    // one

    // two
    let x = 1; // three
    /* four */
    let y = /* five */ 2;

    if a {
        // six
    } else if b { // seven
        h(/* eight */ 1, 2 /* nine */);
    }
    // ten
    else {
        x
    } // eleven
    // and more
    a + b
    // twelve

    /* thirteen
         as it is */
} // fourteen
// fifteen
",
    );
    becomes(
        "fn f() { let x = a // one\n + b // two\n ; g(a // three\n , b); {// four\n} h() /* five */ }",
        "fn f() {
    let x = a // one
        + b; // two
    g(
        a, // three
        b,
    );
    { // four
    }
    h() /* five */
}
",
    );
}

#[test]
fn arms_and_variants_are_kept_in_lines() {
    // Constructs without a grammar of their own are laid out all the same.
    let laid_out = unchecked;
    let wanted = "enum Shape { Dot, Circle(u32), Box { w: u32, h: u32 } }

fn f(s: Shape) {
    let x = match s {
        Shape::Dot => 0,
        Shape::Circle(r) if r > 3 | 1 => r, // why
        Shape::Box { w, h } => {
            let a = w * h;
            a
        }
        A | B => if x { 1 } else { 2 },
        _ => g(1),
    };
}
";
    let flat = wanted.replace("\n    ", " ").replace("        ", "");
    let flat = flat.replace("r, // why ", "r, // why\n");
    assert_eq!(laid_out(wanted), wanted);
    assert_eq!(laid_out(&flat), wanted);
    let unknown = "lemma  x(y)  {  a : b ; while_ { c } }";
    assert_eq!(
        laid_out(unknown),
        "lemma x(y) {\n    a: b;\n    while_ { c }\n}\n"
    );
}

/// A `#` begins no comment, and one may follow it.
#[test]
fn comments_stand_within_attributes() {
    for comment in ["/* x */", "/* x\n  y */", "// x\n", "//\n", "/**/"] {
        let text = format!("#{comment}[inline]\nfn f() {{}}\n");
        let once = formatted(&text);
        assert_eq!(essence(FileId(0), &once), essence(FileId(0), &text));
        stays(&once);
    }
    for text in ["# x\n", "#/ x\n", "#x", "#!"] {
        let (tokens, diagnostics) = lexer::lex(FileId(0), text);
        assert_eq!(tokens[0].kind, Kind::Error, "{text}");
        assert_eq!(diagnostics.len(), 1, "{text}");
    }
}

#[test]
fn texts_with_errors_are_refused() {
    for text in ["fn f( {", "fn f() { let = 3; }", "fn f() { \"x }", "/* x"] {
        assert!(
            matches!(format(FileId(0), text), Err(Refused::Syntax(_))),
            "{text}"
        );
    }
    assert_eq!(formatted(""), "");
    assert_eq!(
        formatted("\n\n// x\r\n\r\n\r\n// y  \r\n\r\n"),
        "// x\n\n// y\n"
    );
}

/// All programs of the project and of its documentation that parse.
fn corpus() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    for folder in [
        "stdlib",
        "examples",
        "compiler/benches",
        "editors/vscode/test/programs",
        "tests/language",
        "docs/src",
    ] {
        collect(&root.join(folder), &mut found);
    }
    let mut programs = Vec::new();
    for path in found {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(&path).expect("a file");
        if name.ends_with(".smpc") {
            programs.push((name, text));
            continue;
        }
        for (i, fence) in text.split("```smpc").skip(1).enumerate() {
            let body = fence.split_once('\n').map_or("", |(_, body)| body);
            let body = body.split("```").next().unwrap_or("");
            programs.push((format!("{name} #{i}"), body.to_owned()));
        }
    }
    programs
        .retain(|(_, text)| !diagnostic::has_errors(&parser::parse(FileId(0), text).diagnostics));
    programs
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    found.extend(
        paths
            .into_iter()
            .filter(|p| p.extension().is_some_and(|e| e == "smpc" || e == "md")),
    );
}

/// The tree without places.
fn tree_of(text: &str) -> String {
    let parsed = parser::parse(FileId(0), text);
    crate::ast::dump(&parsed.module)
}

fn holds(name: &str, text: &str) {
    let once = match format(FileId(0), text) {
        Ok(once) => once,
        Err(Refused::Syntax(why)) => panic!("{name}: {why:?}\n{text}"),
        Err(Refused::Changed) => {
            let once = unchecked(text);
            assert_eq!(
                essence(FileId(0), text),
                essence(FileId(0), &once),
                "{name}\n{once}"
            );
            panic!(
                "{name}: {:?}\n{once}",
                parser::parse(FileId(0), &once).diagnostics
            )
        }
    };
    let twice = formatted(&once);
    assert_eq!(once, twice, "{name}: not stable\n{text}");
    assert_eq!(
        tree_of(text),
        tree_of(&once),
        "{name}: another program\n{text}\n{once}"
    );
    for line in once.lines() {
        assert!(
            line == line.trim_end() || line.contains("*/"),
            "{name}: {line:?}"
        );
    }
}

#[test]
fn every_program_stays_the_same_program() {
    let programs = corpus();
    assert!(programs.len() > 100, "{}", programs.len());
    for (name, text) in &programs {
        holds(name, text);
    }
}

#[test]
fn every_program_survives_odd_spacing_and_comments() {
    /// Times that each program is drawn.
    const ROUNDS: u64 = 2;
    let odd = [
        "",
        "",
        "",
        "",
        " ",
        "\n",
        "\n\n\n",
        "  \t",
        " // c\n",
        "\n// own\n",
        " /* i */ ",
        "\n/* o */\n",
        "\n\n// a\n\n// b\n\n",
        "/* i */ // t\n",
        "\n/* l\n  m */ ",
    ];
    for (name, text) in corpus() {
        for round in 0..ROUNDS {
            // What is drawn for a text follows from it alone, so that others may change.
            let mut state = text.bytes().fold(round, |state, byte| {
                (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
            let mut draw = |n: u64| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) % n
            };
            let (tokens, _) = lexer::lex(FileId(0), &text);
            let mut mixed = String::new();
            let mut end = 0;
            for token in tokens {
                let gap = &text[end..token.span.start as usize];
                // What is joined may mean something else apart.
                let joint = gap.is_empty() && text[..end].ends_with('>');
                mixed.push_str(if gap.contains('\n') {
                    "\n"
                } else if gap.is_empty() {
                    ""
                } else {
                    " "
                });
                // Documentation belongs to what follows it.
                if !joint
                    && draw(3) == 0
                    && !text[..end]
                        .lines()
                        .next_back()
                        .is_some_and(|l| l.trim_start().starts_with("//"))
                {
                    mixed.push_str(odd[draw(odd.len() as u64) as usize]);
                }
                mixed.push_str(&text[token.span.start as usize..token.span.end as usize]);
                end = token.span.end as usize;
            }
            mixed.push('\n');
            if diagnostic::has_errors(&parser::parse(FileId(0), &mixed).diagnostics) {
                continue;
            }
            holds(&name, &mixed);
        }
    }
}
