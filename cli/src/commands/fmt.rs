//! `smpcc fmt`: programs in the one style.

use crate::args::FmtArgs;
use crate::files;
use crate::load::{self, Style};
use crate::out;
use smpcc::exit::{Exit, Failure, Outcome};
use smpcc::reading;
use smpcc::source::MAX_TEXT;
use smpcc_compiler::diagnostic;
use smpcc_compiler::format::{self, Refused};
use smpcc_compiler::source::SourceSet;
use std::io::Read;
use std::path::Path;

/// Formats a file, a folder, or what comes from stdin. A file with syntax errors stays as it is, and others are formatted all
/// the same; what is wrong with them is said, and the command fails.
pub fn fmt(args: &FmtArgs, style: Style) -> Outcome {
    if args.path == Path::new("-") {
        return from_stdin(args, style);
    }
    let paths = files::programs(&args.path)?;
    let (mut n_changed, mut refused) = (0, None);
    for path in &paths {
        let name = path.display().to_string();
        let one = reading::bytes(path, MAX_TEXT)
            .map_err(|e| Failure::usage(format!("cannot read {name}: {e}")))
            .and_then(|bytes| formatted(&name, bytes, style));
        match one {
            Ok((text, formatted)) if text != formatted => {
                n_changed += 1;
                if args.check {
                    out::product(&format!("{name}\n"));
                } else {
                    replace(path, &formatted)?;
                    style.detail(1, || format!("formatted {name}"));
                }
            }
            Ok(_) => {}
            Err(failure) => {
                if !failure.message.is_empty() {
                    out::note(&format!("error: {}", failure.message));
                }
                refused = refused.max(Some(failure.exit));
            }
        }
    }
    if let Some(exit) = refused {
        return Err(Failure::new(exit, ""));
    }
    if args.check && n_changed > 0 {
        return Err(Failure::reported());
    }
    if !args.check && !style.quiet {
        out::note(&format!("{n_changed} of {} files changed", paths.len()));
    }
    Ok(())
}

fn from_stdin(args: &FmtArgs, style: Style) -> Outcome {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|e| Failure::usage(format!("cannot read stdin: {e}")))?;
    let (text, formatted) = formatted("<stdin>", bytes, style)?;
    if !args.check {
        out::product(&formatted);
    } else if text != formatted {
        out::product("<stdin>\n");
        return Err(Failure::reported());
    }
    Ok(())
}

/// The text of a file and the same in the style.
fn formatted(name: &str, bytes: Vec<u8>, style: Style) -> Outcome<(String, String)> {
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::usage(format!("{name} is not UTF-8 text")))?;
    let mut sources = SourceSet::new();
    let file = sources.add(name, text);
    let text = &sources.file(file).text;
    match format::format(file, text) {
        Ok(formatted) => Ok((text.clone(), formatted)),
        Err(Refused::Syntax(mut diagnostics)) => {
            diagnostics.retain(diagnostic::Diagnostic::is_error);
            diagnostic::sort(&sources, &mut diagnostics);
            load::show_in(&sources, &diagnostics, style);
            Err(Failure::reported())
        }
        Err(Refused::Changed) => Err(Failure::new(
            Exit::Bug,
            format!(
                "a bug in smpcc: formatted, {name} would be another program; it stays as it is"
            ),
        )),
    }
}

/// Writes the file anew: beside it first, so that no half of it is ever there.
fn replace(path: &Path, text: &str) -> Outcome {
    let wrong = |e: std::io::Error| Failure::usage(format!("cannot write {}: {e}", path.display()));
    // What a link leads to is replaced, and not the link.
    let path = std::fs::canonicalize(path).map_err(wrong)?;
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = path.with_file_name(name);
    let written = std::fs::metadata(&path)
        .and_then(|old| {
            std::fs::write(&beside, text)?;
            std::fs::set_permissions(&beside, old.permissions())
        })
        .and_then(|()| std::fs::rename(&beside, &path));
    written.map_err(|e| {
        let _ = std::fs::remove_file(&beside);
        wrong(e)
    })
}
