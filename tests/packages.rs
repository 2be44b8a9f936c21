//! Packages of a program, by `smpc.toml` beside it.

use crate::cli::{folder, smpcc, text};

const PROGRAM: &str = "use tables::join::{first, Pair};
use tables::sums as totals;

fn main(x: secret u32 from each) -> u32 {
    let p = Pair { a: x[0], b: 3 };
    first(p) + totals::total(x)
}

test \"a package\" { assert(main([4, 5]) == 4 + 10); }
";
const FILES: [(&str, &str); 6] = [
    ("app/p.smpc", PROGRAM),
    (
        "app/smpc.toml",
        "[packages]\ntables = { path = \"../lib/tables\" }\n",
    ),
    (
        "lib/tables/join.smpc",
        "use crate::sums::one;\n\npub struct Pair { a: u32, b: u32 }\n\npub fn first(p: secret Pair) -> secret u32 { p.a + one() - 1 }\n",
    ),
    (
        "lib/tables/sums.smpc",
        "use deep::ones::ONE;\n\npub fn one() -> u32 { ONE }\n\npub fn total<const N: usize>(xs: [secret u32; N]) -> secret u32 {\n    let mut t: secret u32 = one();\n    for x in xs { t += x; }\n    t\n}\n",
    ),
    (
        "lib/tables/smpc.toml",
        "[packages]\ndeep = { path = \"../deep\" }\n",
    ),
    ("lib/deep/ones.smpc", "pub const ONE: u32 = 1;\n"),
];

#[test]
fn a_program_uses_packages_and_they_use_others() {
    let folder = folder(&FILES);
    let path = folder.path().join("app/p.smpc").display().to_string();
    let output = smpcc(&["test", &path, "--parties", "2"]);
    assert!(
        output.status.success() && text(&output.stdout).contains("1 passed"),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
}

#[test]
fn what_is_wrong_with_packages_is_said() {
    for (file, now, code, want) in [
        ("app/smpc.toml", "", 1, "there is no package `tables`"),
        (
            "app/smpc.toml",
            "[packages]\ntables = { path = \"../none\" }\n",
            2,
            "is no folder",
        ),
        (
            "app/smpc.toml",
            "[packages]\ntables = \"../lib/tables\"\n",
            2,
            "write `tables = { path = ",
        ),
        ("app/smpc.toml", "[package]\n", 2, "there is no `package`"),
        ("app/smpc.toml", "[packages\n", 2, "not TOML"),
        (
            "lib/tables/sums.smpc",
            "fn total() { }\n",
            1,
            "`tables::sums` has no item `one`",
        ),
        (
            "lib/tables/join.smpc",
            "pub fn first( { }\n",
            1,
            "<tables>/join.smpc:1:",
        ),
    ] {
        let files = FILES.map(|(name, text)| {
            if name == file {
                (name, now)
            } else {
                (name, text)
            }
        });
        let folder = folder(&files);
        let path = folder.path().join("app/p.smpc").display().to_string();
        let output = smpcc(&["check", &path]);
        let said = text(&output.stderr) + &text(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{file} {now:?}: {said}");
        assert!(said.contains(want), "{file} {now:?}: {said}");
    }
}
