//! `smpcc check`: diagnostics only.

use crate::args::{CheckArgs, Format};
use crate::load::{self, Style};
use crate::out;
use smpcc::exit::{Failure, Outcome};
use smpcc::source;
use smpcc_compiler::diagnostic;

/// Checks a program; it needs no parties and no inputs.
pub fn check(args: &CheckArgs, style: Style) -> Outcome {
    let source = source::read(&args.file)?;
    if args.format == Format::Human {
        load::check(&source, style)?;
        if !style.quiet {
            out::note(&format!("{}: no errors", args.file.display()));
        }
        return Ok(());
    }
    let (_, diagnostics) = source.check();
    let json = diagnostic::json::render(&source.files, &diagnostics);
    out::json(&format!("{}\n", serde_json::json!({ "diagnostics": json })));
    if diagnostic::has_errors(&diagnostics) {
        Err(Failure::reported())
    } else {
        Ok(())
    }
}
