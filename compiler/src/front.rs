//! The front end on one screen: text to a checked program.
//!
//! Pure, total, and without panics: any text gives diagnostics, and a program if none of them is an error.

use crate::diagnostic::{self, Code, Diagnostic};
use crate::hir::Hir;
use crate::source::{FileId, SourceSet};
use crate::{check as checker, resolve};

pub use crate::resolve::{needed_circuits, needed_modules};

/// Parses and checks the program whose main file is `root`. The program is there when no diagnostic is an error.
///
/// Modules (`use crate::m::…`) must be in `sources` as `m.smpc` beside the root; [`needed_modules`] says which. So must the
/// files of imported circuits, each under its path from the folder of the file that imports it; [`needed_circuits`] says which.
pub fn check(sources: &SourceSet, root: FileId) -> (Option<Hir>, Vec<Diagnostic>) {
    // Checking recurses as deep as programs may nest; callers' threads may have small stacks.
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new().stack_size(STACK_BYTES);
        match worker.spawn_scoped(scope, || check_here(sources, root)) {
            Ok(handle) => match handle.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            },
            Err(_) => check_here(sources, root),
        }
    })
}

/// Enough for the deepest program in an unoptimised build.
const STACK_BYTES: usize = 64 << 20;

fn check_here(sources: &SourceSet, root: FileId) -> (Option<Hir>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let world = resolve::resolve(sources, root, &mut diagnostics);
    let syntax_errors = diagnostic::has_errors(&diagnostics);
    let (hir, mut diagnostics) = checker::check(&world, diagnostics);
    if syntax_errors {
        // Names of broken items are missing; what follows from that is not worth saying.
        diagnostics.retain(|d| {
            !matches!(
                d.code,
                Code::E2001 | Code::E2002 | Code::E2007 | Code::W0001
            )
        });
    }
    diagnostic::sort(sources, &mut diagnostics);
    let hir = (!diagnostic::has_errors(&diagnostics)).then_some(hir);
    (hir, diagnostics)
}

#[cfg(test)]
mod robust;
#[cfg(test)]
mod tests;
