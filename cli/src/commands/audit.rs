//! `smpcc audit`: the page that is signed, with what the results tell.

use crate::args::{AuditArgs, AuditFormat};
use crate::compiled;
use crate::files::{self, Kind};
use crate::load::{self, Style};
use crate::out;
use smpcc::audit::{self, Subject};
use smpcc::doc;
use smpcc::exit::{Failure, Outcome};
use smpcc::play::program_hash;
use smpcc_compiler::{audit as tries, lower, reveals};

/// Looks at a program and writes the page.
pub fn audit(args: &AuditArgs, style: Style) -> Outcome {
    let prepared = compiled::prepare_rows(&args.file, &args.plan, Some(args.rows), style)?;
    let (ir, privacy) = lower::lower_claimed(&prepared.hir, &prepared.session)
        .map_err(|e| load::failed(&prepared.source, e, style))?;
    let compiled = prepared.compile(style)?;
    let list = reveals::reveals(&ir);
    let options = &prepared.choices.options;
    let found = tries::audit(&ir, options.threshold, args.runs);
    let subject = Subject {
        name: prepared.source.name(),
        about: doc::paragraph(&prepared.source.files.file(prepared.source.root).text),
        source: prepared.source.digest().to_string(),
        plan: program_hash(&compiled.program)?.to_string(),
        version: env!("CARGO_PKG_VERSION"),
        ir: &ir,
        files: &prepared.source.files,
        options,
        args: prepared.session.args.clone().into_iter().collect(),
        reveals: &list,
        privacy: &privacy,
        audit: &found,
    };
    let html = args
        .output
        .as_ref()
        .is_some_and(|o| o.extension().is_some_and(|e| e == "html"));
    let format = match args.format {
        Some(format) => format,
        None if html => AuditFormat::Html,
        None => AuditFormat::Human,
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
