//! Studies on the command line: written for a program, read aloud, signed, and refused where anything is not as it was signed.

use crate::cli::{folder, smpcc, text};
use std::path::Path;

const PROGRAM: &str = "//! The sum of what people earn.\nparty analyst;\nparty person[2..];\n\nfn main(salary: secret u32 in 0..=100000 from each person) -> u64 to analyst {\n    salary.sum()\n}\n";

/// A folder with a program, keys of three nodes, a receiver and an owner, and a study of them.
fn study() -> tempfile::TempDir {
    study_of(PROGRAM)
}

fn study_of(program: &str) -> tempfile::TempDir {
    let folder = folder(&[("pay.smpc", program)]);
    let at = |name: &str| folder.path().join(name).display().to_string();
    for name in ["a", "b", "c", "institute", "union"] {
        let output = smpcc(&["keygen", "--name", name, "--out", &at("keys"), "--study"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    let output = smpcc(&[
        "study",
        "new",
        &at("pay.smpc"),
        "--contributors",
        "person",
        "--receiver",
        &format!("analyst={}", at("keys/institute.pub")),
        "--owner",
        &at("keys/union.pub"),
        "--node",
        &format!("{}@localhost:7443", at("keys/a.pub")),
        "--node",
        &format!("{}@localhost:7543", at("keys/b.pub")),
        "--node",
        &format!("{}@localhost:7643", at("keys/c.pub")),
        "--invitations",
        "3",
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    folder
}

fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    let paths: Vec<String> = args
        .iter()
        .map(|arg| match arg.contains('.') {
            true => folder.join(arg).display().to_string(),
            false => (*arg).to_owned(),
        })
        .collect();
    let args: Vec<&str> = paths.iter().map(String::as_str).collect();
    let output = smpcc(&args);
    let said = text(&output.stdout) + &text(&output.stderr);
    (output.status.code(), said)
}

#[test]
fn a_study_is_read_aloud_signed_by_all_and_refused_when_it_changes() {
    let folder = study();
    let at = folder.path();
    let (code, said) = run(at, &["study", "check", "study.toml"]);
    assert_eq!(code, Some(0), "{said}");
    for part in [
        "from 0 to 100000",
        "institute learns what the program gives to `analyst`",
        "3 invitations",
        "any one of the 3 nodes learns nothing",
        "result `result` (u64) to party 0 (analyst)",
        "depends on `salary`",
        "union, with the key",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let (code, said) = run(at, &["study", "verify", "study.toml"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("4 signatures are missing"), "{said}");
    let sign = |name: &str, yes: bool| {
        let key = format!("keys/{name}.sign.key");
        let mut args = vec!["study", "sign", "study.toml", "--key", &key];
        args.extend(yes.then_some("--yes"));
        run(at, &args)
    };
    let (code, said) = sign("a", false);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("Who learns what") && said.contains("--yes"),
        "{said}"
    );
    let (code, said) = sign("institute", true);
    assert!(code == Some(2) && said.contains("nobody signs"), "{said}");
    for name in ["a", "b", "c", "union"] {
        assert_eq!(sign(name, true).0, Some(0));
    }
    let (code, said) = run(at, &["study", "verify", "study.toml"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("union has signed"), "{said}");
    // What was withdrawn is not told to be stored because it once was.
    let gone = format!("./contributions/{}", "07".repeat(16));
    std::fs::create_dir_all(at.join(&gone)).expect("a folder");
    for name in ["a.receipt", "b.receipt", "c.receipt", "b.withdrawn"] {
        std::fs::write(at.join(&gone).join(name), "").expect("written");
    }
    let (code, said) = run(
        at,
        &["contribute", "--study", "study.toml", "--again", &gone],
    );
    assert!(
        code == Some(2) && said.contains("has been withdrawn") && !said.contains("has stored"),
        "{said}"
    );
    // Another program is not the one that was signed, nor is the study with a byte more.
    std::fs::write(at.join("pay.smpc"), PROGRAM.replace("sum()", "max()")).expect("written");
    let (code, said) = run(at, &["study", "verify", "study.toml"]);
    assert!(
        code == Some(2) && said.contains("is not the program of this study"),
        "{said}"
    );
    std::fs::write(at.join("pay.smpc"), PROGRAM).expect("written");
    let bytes = std::fs::read_to_string(at.join("study.toml")).expect("read");
    std::fs::write(at.join("study.toml"), bytes.clone() + "\n").expect("written");
    let (code, said) = run(at, &["study", "verify", "study.toml"]);
    assert!(code == Some(1) && said.contains("another study"), "{said}");
    let other = bytes.replace("\"u32\"", "\"u16\"");
    std::fs::write(at.join("study.toml"), other).expect("written");
    let (code, said) = run(at, &["study", "check", "study.toml"]);
    assert!(
        code == Some(2) && said.contains("`salary` is `u32`"),
        "{said}"
    );
}

/// What contributors give is described whole, ranges inside and layouts included, and held against the program.
#[test]
fn types_stand_in_a_study_with_what_is_in_them() {
    let folder = study_of(
        "party analyst;\nparty person[2..];\n\nenum Home { Own, Rented(u32) }\nstruct Row { age: u8 in 0..=120, home: Home }\n\n\
         fn main(rows: [secret Row; _] from each person, of: [secret u8 in 1..=5; 2] from each person) -> u32 to analyst {\n    \
         (rows.flatten().len() + of.flatten().len()) as u32\n}\n",
    );
    let at = folder.path();
    let file = at.join("study.toml");
    let bytes = std::fs::read_to_string(&file).expect("read");
    let rows = "[Row { age: u8 in 0..=120, home: enum Home { Own, Rented(u32) } }; _]";
    for part in [rows, "[u8 in 1..=5; 2]"] {
        assert!(bytes.contains(&format!("type = \"{part}\"")), "{bytes}");
    }
    let (code, said) = run(at, &["study", "check", "study.toml"]);
    assert!(code == Some(0) && said.contains(rows), "{said}");
    let layout = bytes.lines().find(|line| line.starts_with("layout = "));
    let layout = layout.expect("a layout");
    let other = format!("layout = \"{}\"", "ab".repeat(32));
    for (from, to, why) in [
        ("0..=120", "0..=119", "layout: it is not one of its type"),
        (
            "[u8 in 1..=5; 2]",
            "[u8 in 1..=4; 2]",
            "`of` is `[u8 in 1..=5; 2]`",
        ),
        (layout, "", "`rows` is laid out in another way"),
        (layout, &other, "layout: it is not one of its type"),
        (
            "[u8 in 1..=5; 2]\"",
            "[u8 in 1..=5; 2]\"\nleast = 1",
            "single values",
        ),
        ("\n\n[program]", "\r\n\n[program]", "line ends of Unix"),
    ] {
        std::fs::write(&file, bytes.replacen(from, to, 1)).expect("written");
        let (code, said) = run(at, &["study", "check", "study.toml"]);
        assert!(code == Some(2) && said.contains(why), "{why}: {said}");
    }
}

/// Who contributes opens nothing, so that a result for them would be nobody's.
#[test]
fn results_are_for_receivers() {
    let folder = study_of(&PROGRAM.replace("-> u64 to analyst", "-> u64"));
    let (code, said) = run(folder.path(), &["study", "check", "study.toml"]);
    let why = "gives `result` to `person`, who contribute and open nothing: say in it which receiver of the study learns it, such as `to analyst`";
    assert!(code == Some(2) && said.contains(why), "{said}");
}

#[test]
fn a_program_of_a_study_has_no_packages() {
    let folder = folder(&[
        ("smpc.toml", "[packages]\ntables = { path = \"tables\" }\n"),
        (
            "tables/join.smpc",
            "pub fn first(x: secret u32) -> secret u32 { x }\n",
        ),
        (
            "pay.smpc",
            "use tables::join::first;\nparty analyst;\nparty person[2..];\n\n\
             fn main(a: secret u32 from each person) -> u32 to analyst { first(a[0]) }\n",
        ),
    ]);
    let args = "study new pay.smpc --contributors person --receiver analyst=i.pub --node a.pub@x:1";
    let args: Vec<&str> = args.split(' ').collect();
    let (code, said) = run(folder.path(), &args);
    assert!(
        code == Some(2) && said.contains("the program of a study has no packages"),
        "{said}"
    );
}

#[test]
fn keys_of_studies_are_private_and_invitations_are_what_the_study_lists() {
    let folder = study();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect(name);
    assert!(read("keys/a.sign.key").contains("secret"));
    assert!(!read("keys/a.pub").contains("secret"));
    #[cfg(unix)]
    for name in [
        "keys/a.sign.key",
        "keys/a.seal.key",
        "invitations/00001.invitation",
    ] {
        use std::os::unix::fs::PermissionsExt;
        let metadata = std::fs::metadata(folder.path().join(name)).expect(name);
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
    }
    let invitation =
        smpcc_study::signature::SigningKey::from_text(&read("invitations/00002.invitation"));
    let public = invitation.expect("an invitation").public().to_string();
    assert!(read("study.toml").contains(&public));
}
