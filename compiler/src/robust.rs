//! Whatever the text of a program: the front end ends, without a panic, and says something about what it refuses. The body is public so
//! that fuzz targets outside the workspace share it.

use crate::diagnostic::{self, human, json, short};
use crate::front::analyse;
use crate::parses::Parses;
use crate::source::SourceSet;

/// Checks `text` as a program and renders in every way: it comes back, and a refusal has a reason and says what to write.
pub fn survive(text: &str) {
    let mut sources = SourceSet::new();
    let root = sources.add("main.smpc", text);
    let checked = analyse(&sources, root, &mut Parses::default());
    // What could not be made whole can still be looked at.
    crate::hir::dump(&checked.hir);
    let (hir, diagnostics) = checked.into_program();
    assert_eq!(hir.is_none(), diagnostic::has_errors(&diagnostics));
    let first: Vec<_> = diagnostics.into_iter().take(5).collect();
    for d in &first {
        assert!(!d.message.is_empty() && d.help.is_some(), "{d:?}");
    }
    human::render(&sources, &first, false);
    short::render(&sources, &first);
    json::render(&sources, &first);
    crate::ast::dump(&crate::parser::parse(root, text).module);
    crate::lexer::dump(root, text);
}
