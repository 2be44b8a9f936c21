//! The front end on one screen: text to a checked program.
//!
//! Pure, total, and without panics: any text gives diagnostics, and a program if none of them is an error.

use crate::diagnostic::{self, Code, Diagnostic};
use crate::hir::Hir;
use crate::parses::Parses;
use crate::source::{FileId, SourceSet};
use crate::stack::on_large_stack;
use crate::{check as checker, dropped, imports, resolve, wraps};

pub use crate::check::Checked;
pub use crate::resolve::{needed_circuits, needed_modules};

/// Parses and checks the program whose main file is `root`. The program is there when no diagnostic is an error.
///
/// Modules (`use crate::m::…`) must be in `sources` as `m.smpc` beside the root; [`needed_modules`] says which. So must the
/// files of imported circuits, each under its path from the folder of the file that imports it; [`needed_circuits`] says which.
pub fn check(sources: &SourceSet, root: FileId) -> (Option<Hir>, Vec<Diagnostic>) {
    analyse(sources, root, &mut Parses::default()).into_program()
}

/// As [`check`], for those who want to know more of a program and check it again when it has changed.
pub fn analyse(sources: &SourceSet, root: FileId, parses: &mut Parses) -> Checked {
    on_large_stack(STACK_BYTES, |_| analyse_here(sources, root, parses))
}

/// Enough for the deepest program in an unoptimised build.
const STACK_BYTES: usize = 64 << 20;

fn analyse_here(sources: &SourceSet, root: FileId, parses: &mut Parses) -> Checked {
    let mut diagnostics = Vec::new();
    let mut world = resolve::resolve(sources, root, parses, &mut diagnostics);
    let index = std::mem::take(&mut world.index);
    let syntax_errors = diagnostic::has_errors(&diagnostics);
    let mut checked = checker::check(&world, index, diagnostics);
    let diagnostics = &mut checked.diagnostics;
    if syntax_errors {
        // Names of broken items are missing; what follows from that is not worth saying.
        diagnostics.retain(|d| {
            !matches!(
                d.code,
                Code::E2001 | Code::E2002 | Code::E2007 | Code::W0001
            )
        });
    }
    if !diagnostic::has_errors(diagnostics) {
        diagnostics.extend(wraps::warnings(&checked.hir));
        diagnostics.extend(dropped::warnings(&checked.hir));
        let files = world.modules.iter().map(|module| module.file);
        diagnostics.extend(imports::warnings(sources, files, parses, &checked.index));
    }
    diagnostic::sort(sources, diagnostics);
    checked
}

#[cfg(test)]
mod robust;
#[cfg(test)]
mod tests;
