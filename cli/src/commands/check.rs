//! `smpcc check`: diagnostics only.

use crate::args::{CheckArgs, Format};
use crate::files;
use crate::load::{self, Style};
use crate::out;
use smpcc::exit::{Failure, Outcome};
use smpcc::source;
use smpcc_compiler::diagnostic;

/// Checks a program; it needs no parties and no inputs. Of a folder each program is checked, and what is wrong with any of them is said.
pub fn check(args: &CheckArgs, style: Style) -> Outcome {
    if args.file.is_dir() {
        return folder(args, style);
    }
    let source = source::read(&args.file)?;
    if args.format == Format::Human {
        load::check_ahead(&source, style)?;
        if !style.quiet {
            out::note(&format!("{}: no errors", args.file.display()));
        }
        return Ok(());
    }
    let (_, diagnostics) = source.check_ahead();
    let json = diagnostic::json::render(&source.files, &diagnostics);
    out::json(&format!("{}\n", serde_json::json!({ "diagnostics": json })));
    if diagnostic::has_errors(&diagnostics) {
        Err(Failure::reported())
    } else {
        Ok(())
    }
}

fn folder(args: &CheckArgs, style: Style) -> Outcome {
    let paths = files::programs(&args.file)?;
    let (mut list, mut worst) = (Vec::new(), None);
    for path in &paths {
        let checked = source::read(path).and_then(|source| {
            if args.format == Format::Human {
                return load::check_ahead(&source, style).map(|_| ());
            }
            let (_, diagnostics) = source.check_ahead();
            let json = diagnostic::json::render(&source.files, &diagnostics);
            list.extend(json.as_array().into_iter().flatten().cloned());
            match diagnostic::has_errors(&diagnostics) {
                true => Err(Failure::reported()),
                false => Ok(()),
            }
        });
        if let Err(failure) = checked {
            if !failure.message.is_empty() {
                out::note(&format!("error: {}", failure.message));
            }
            worst = worst.max(Some(failure.exit));
        }
    }
    if args.format == Format::Json {
        out::json(&format!("{}\n", serde_json::json!({ "diagnostics": list })));
    }
    match worst {
        Some(exit) => Err(Failure::new(exit, "")),
        None if args.format == Format::Human && !style.quiet => {
            out::note(&format!("{} programs: no errors", paths.len()));
            Ok(())
        }
        None => Ok(()),
    }
}
