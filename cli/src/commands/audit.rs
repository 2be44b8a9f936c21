//! `smpcc audit`: the page that is signed, with what the results tell.

use crate::args::{AuditArgs, AuditFormat};
use crate::compiled::{self, Prepared};
use crate::files::{self, Kind};
use crate::load::{self, Style};
use crate::out;
use smpcc::audit::{self, Subject};
use smpcc::doc;
use smpcc::exit::{Failure, Outcome};
use smpcc::play::program_hash;
use smpcc_compiler::ir::Ir;
use smpcc_compiler::lower::Privacy;
use smpcc_compiler::{audit as tries, lower, reveals};
use std::path::Path;

/// The rows of each party that are tried first.
const ROWS: u64 = 3;

/// How often that is doubled until a program compiles.
const DOUBLED: u32 = 5;

/// The program with as many rows as are asked for, else with the fewest of those tried with which it compiles.
fn lowered(args: &AuditArgs, style: Style) -> Outcome<(Prepared, Ir, Privacy)> {
    let lowered = |rows: u64, quiet: bool| {
        let style = Style {
            quiet: quiet || style.quiet,
            ..style
        };
        let prepared = compiled::prepare_rows(&args.file, &args.plan, Some(rows), style)?;
        let lowered = lower::lower_claimed(&prepared.hir, &prepared.session);
        Outcome::Ok((prepared, lowered))
    };
    let (prepared, fault) = match lowered(args.rows.unwrap_or(ROWS), false)? {
        (prepared, Ok((ir, privacy))) => return Ok((prepared, ir, privacy)),
        (prepared, Err(fault)) => (prepared, fault),
    };
    let doubled = match args.rows {
        Some(_) => 0,
        None => DOUBLED,
    };
    for times in 1..=doubled {
        if let (prepared, Ok((ir, privacy))) = lowered(ROWS << times, true)? {
            return Ok((prepared, ir, privacy));
        }
    }
    Err(load::failed(&prepared.source, fault, style))
}

/// The program's name: its folder's where the file is `main`, as in every package.
fn name(prepared: &Prepared, file: &Path) -> String {
    let name = prepared.source.name();
    let folder = file.canonicalize().ok();
    let folder = folder.as_deref().and_then(Path::parent);
    match folder.and_then(Path::file_name) {
        Some(folder) if name == "main" => folder.to_string_lossy().into_owned(),
        _ => name,
    }
}

/// Looks at a program and writes the page.
pub fn audit(args: &AuditArgs, style: Style) -> Outcome {
    let (prepared, ir, privacy) = lowered(args, style)?;
    let compiled = prepared.compile(style)?;
    let list = reveals::reveals(&ir);
    let options = &prepared.choices.options;
    let found = tries::audit(&ir, options.threshold, args.runs);
    let subject = Subject {
        name: name(&prepared, &args.file),
        file: args.file.file_name().map_or_else(
            || prepared.source.name(),
            |name| name.to_string_lossy().into_owned(),
        ),
        about: doc::paragraph(&prepared.source.files.file(prepared.source.root).text),
        source: prepared.source.digest().to_string(),
        plan: program_hash(&compiled.program)?.to_string(),
        version: env!("CARGO_PKG_VERSION"),
        ir: &ir,
        files: &prepared.source.files,
        options,
        lens: &prepared.session.lens,
        args: prepared.session.args.clone().into_iter().collect(),
        reveals: &list,
        privacy: &privacy,
        audit: &found,
    };
    let ends = args.output.as_deref().and_then(Path::extension);
    let format = match (args.format, ends.and_then(|end| end.to_str())) {
        (Some(format), _) => format,
        (None, Some("html")) => AuditFormat::Html,
        (None, Some("json")) => AuditFormat::Json,
        (None, _) => AuditFormat::Human,
    };
    let text = match format {
        AuditFormat::Human => audit::text(&audit::page(&subject)),
        AuditFormat::Json => format!("{}\n", audit::json(&subject)),
        AuditFormat::Html => audit::html(&audit::page(&subject)),
    };
    match &args.output {
        None if format == AuditFormat::Json => out::json(&text),
        None => out::product(&text),
        Some(path) => {
            let kind = match format {
                AuditFormat::Html => Kind::Page,
                AuditFormat::Json | AuditFormat::Human => Kind::Audit,
            };
            let read = files::read_for(&args.file, Some(&prepared.source), &args.plan)?;
            files::write(path, kind, &read, args.force, text.as_bytes())?;
        }
    }
    let leaks = found.findings.iter().filter(|f| f.kind.is_leak()).count();
    if args.strict && leaks > 0 {
        return Err(Failure::program(match leaks {
            1 => "one leak was found".to_owned(),
            n => format!("{n} leaks were found"),
        }));
    }
    Ok(())
}
