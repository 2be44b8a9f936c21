//! The editor extension's own tests, run by `npm` without an editor.

use std::path::Path;
use std::process::Command;

#[test]
fn the_grammar_colours_what_it_should() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../editors/vscode");
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    if !folder.join("node_modules").is_dir() {
        run(Command::new(npm)
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(&folder));
    }
    run(Command::new(npm).args(["test"]).current_dir(&folder));
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
