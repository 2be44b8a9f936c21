//! `smpcc check`: diagnostics only.

use crate::args::{CheckArgs, Format};
use crate::exit::{Failure, Outcome};
use crate::load::{self, Style};
use crate::out;
use smpcc_compiler::diagnostic;
use smpcc_compiler::front;

/// Checks a program; it needs no parties and no inputs.
pub fn check(args: &CheckArgs, style: Style) -> Outcome {
    let source = load::read(&args.file)?;
    if args.format == Format::Human {
        load::check(&source, style)?;
        if !style.quiet {
            out::note(&format!("{}: no errors", args.file.display()));
        }
        return Ok(());
    }
    let (_, mut diagnostics) = front::check(&source.files, source.root);
    diagnostic::sort(&source.files, &mut diagnostics);
    let json = diagnostic::json::render(&source.files, &diagnostics);
    out::product(&format!("{}\n", serde_json::json!({ "diagnostics": json })));
    if diagnostic::has_errors(&diagnostics) {
        Err(Failure::reported())
    } else {
        Ok(())
    }
}
