//! The grammar of `.smpc` for tree-sitter, for programs that link it. Editors take the sources beside this.

use tree_sitter_language::LanguageFn;

unsafe extern "C" {
    fn tree_sitter_smpc() -> *const ();
}

/// The language.
// SAFETY: the parser that tree-sitter generated has this function, which gives the address of its tables.
pub const LANGUAGE: LanguageFn = unsafe { LanguageFn::from_raw(tree_sitter_smpc) };

/// The query that tells an editor what to colour how.
pub const HIGHLIGHTS: &str = include_str!("../queries/highlights.scm");
