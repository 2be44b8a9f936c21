//! `smpcc fmt` as scripts and people use it.

use crate::cli::{command, folder, smpcc, text};
use std::io::Write;
use std::process::Stdio;

const ODD: &str = "fn main( a :u8 )->u8{a}\n";
const PLAIN: &str = "fn main(a: u8) -> u8 {\n    a\n}\n";

#[test]
fn a_folder_is_formatted_and_checked() {
    let folder = folder(&[
        ("a.smpc", ODD),
        ("b/c.smpc", ODD),
        ("b/d.smpc", PLAIN),
        ("b/e.txt", ODD),
        (".hidden/f.smpc", ODD),
    ]);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let read = |name: &str| std::fs::read_to_string(at(name)).expect("a file");
    let root = folder.path().display().to_string();

    let check = smpcc(&["fmt", &root, "--check"]);
    assert_eq!(check.status.code(), Some(1));
    assert_eq!(
        text(&check.stdout),
        format!("{}\n{}\n", at("a.smpc"), at("b/c.smpc"))
    );
    assert_eq!(read("a.smpc"), ODD, "nothing is written");

    assert!(smpcc(&["fmt", &at("a.smpc")]).status.success());
    assert_eq!(
        (read("a.smpc").as_str(), read("b/c.smpc").as_str()),
        (PLAIN, ODD)
    );
    let all = command(&["fmt"])
        .current_dir(folder.path())
        .output()
        .expect("smpcc starts");
    assert!(
        all.status.success() && all.stdout.is_empty(),
        "{}",
        text(&all.stderr)
    );
    assert_eq!(text(&all.stderr), "1 of 3 files changed\n");
    assert_eq!(read("b/c.smpc"), PLAIN);
    assert_eq!(
        (read("b/e.txt").as_str(), read(".hidden/f.smpc").as_str()),
        (ODD, ODD)
    );
    let check = smpcc(&["fmt", &root, "--check"]);
    assert!(check.status.success() && check.stdout.is_empty());
    assert_eq!(
        std::fs::read_dir(folder.path().join("b"))
            .expect("a folder")
            .count(),
        3
    );
}

#[test]
fn files_with_errors_stay_as_they_are_and_others_do_not_wait_for_them() {
    let broken = "fn main( {\n";
    let folder = folder(&[("a.smpc", broken), ("b.smpc", ODD), ("c.smpc", "")]);
    std::fs::write(folder.path().join("d.smpc"), b"\xff").expect("written");
    let root = folder.path().display().to_string();
    let output = smpcc(&["fmt", &root]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("E1006") && said.contains("d.smpc is not UTF-8"),
        "{said}"
    );
    let read = |name: &str| std::fs::read(folder.path().join(name)).expect("a file");
    assert_eq!(read("a.smpc"), broken.as_bytes());
    assert_eq!(read("b.smpc"), PLAIN.as_bytes());
    assert_eq!((read("c.smpc"), read("d.smpc")), (Vec::new(), vec![0xff]));
    assert_eq!(smpcc(&["fmt", "nowhere.smpc"]).status.code(), Some(2));
    let one = folder.path().join("a.smpc").display().to_string();
    assert_eq!(smpcc(&["fmt", &one]).status.code(), Some(1));
}

#[test]
fn editors_may_pipe() {
    let piped = |input: &str, args: &[&str]| {
        let mut child = command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("smpcc starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(input.as_bytes()).expect("written");
        drop(stdin);
        child.wait_with_output().expect("it ends")
    };
    assert_eq!(text(&piped(ODD, &["fmt", "-"]).stdout), PLAIN);
    let broken = piped("fn main( {", &["fmt", "-"]);
    assert_eq!((broken.status.code(), broken.stdout.len()), (Some(1), 0));
    assert_eq!(piped(ODD, &["fmt", "-", "--check"]).status.code(), Some(1));
    assert_eq!(
        piped(PLAIN, &["fmt", "-", "--check"]).status.code(),
        Some(0)
    );
}

#[cfg(unix)]
#[test]
fn links_and_permissions_stay() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(&[("real.smpc", ODD)]);
    let (real, link) = (
        folder.path().join("real.smpc"),
        folder.path().join("link.smpc"),
    );
    std::os::unix::fs::symlink(&real, &link).expect("a link");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).expect("permissions");
    assert!(
        smpcc(&["fmt", &link.display().to_string()])
            .status
            .success()
    );
    assert!(
        std::fs::symlink_metadata(&link)
            .expect("a link")
            .is_symlink()
    );
    assert_eq!(std::fs::read_to_string(&real).expect("a file"), PLAIN);
    let mode = std::fs::metadata(&real)
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
}
