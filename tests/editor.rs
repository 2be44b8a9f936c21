//! The editor extension's own tests, run by `npm` without an editor.

use std::path::Path;
use std::process::Command;

#[test]
fn the_extension_passes_its_own_tests() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../editors/vscode");
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let changed = |name: &str| folder.join(name).metadata().and_then(|m| m.modified()).ok();
    // What was installed for other dependencies does not serve.
    if changed("node_modules/.package-lock.json") < changed("package-lock.json") {
        run(Command::new(npm)
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(&folder));
    }
    run(Command::new(npm)
        .args(["test"])
        .env("SMPCC", env!("CARGO_BIN_EXE_smpcc"))
        .current_dir(&folder));
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|e| panic!("the editor tests need npm: {e}"));
    assert!(
        output.status.success(),
        "{command:?}:\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
