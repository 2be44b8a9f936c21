//! The parser in `grammar.generated` is what the generator makes of `grammar.lalrpop`.
//!
//! It stands among the sources because the generator and what it needs take ten seconds of a processor to build, each time that somebody
//! builds `smpcc` for the first time. After a change of the grammar, `UPDATE_GRAMMAR=1 cargo test -p smpcc-syntax the_parser` writes it anew.

use std::path::Path;

#[test]
fn the_parser_is_that_of_the_grammar() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let folder = tempfile::tempdir().unwrap();
    lalrpop::Configuration::new()
        .set_in_dir(&sources)
        .set_out_dir(folder.path())
        .emit_comments(false)
        .emit_whitespace(false)
        .log_quiet()
        .process()
        .unwrap_or_else(|e| panic!("{e}"));
    let made = std::fs::read_to_string(folder.path().join("grammar.rs")).unwrap();
    let path = sources.join("grammar.generated");
    if std::env::var_os("UPDATE_GRAMMAR").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap();
    assert!(
        there == made,
        "`UPDATE_GRAMMAR=1 cargo test -p smpcc-syntax the_parser` writes the parser anew"
    );
}
