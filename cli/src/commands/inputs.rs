//! `smpcc inputs`: a file for each party to fill in.

use crate::args::{InputsArgs, TemplateForm};
use crate::files::{self, Kind};
use crate::load::{self, Style};
use crate::out;
use smpcc::choices;
use smpcc::exit::{Failure, Outcome};
use smpcc::seats::Seats;
use smpcc::template::{self, Format};
use smpcc::work::Work;
use smpcc_compiler::hir::Hir;
use smpcc_compiler::span::Span;

/// Writes the files of all parties and says where.
pub fn inputs(args: &InputsArgs, style: Style) -> Outcome {
    let work = load::work(&args.file, style)?;
    let seats = match &work {
        Work::Text { hir, .. } => {
            let n_parties = match work.n_parties(args.parties, None) {
                Ok(n) => n,
                Err(failure) => fewest(hir, style).ok_or(failure)?,
            };
            let counts = choices::roles(hir, n_parties);
            Seats::of(hir, &counts.map_err(|f| load::shown_of(&work, f, style))?)
        }
        Work::Built(built) => Seats::compiled(&built.program),
    };
    let format = match args.format {
        TemplateForm::Json => Format::Json,
        TemplateForm::Csv => Format::Csv,
        TemplateForm::Toml => Format::Toml,
    };
    let folder = match &args.output {
        Some(folder) => folder.clone(),
        None => args.file.with_extension("inputs"),
    };
    let mut all = Vec::new();
    for party in 0..seats.names.len() as u32 {
        all.extend(template::files(&seats, party, format)?);
    }
    if all.is_empty() {
        return Err(Failure::usage(format!(
            "no party of {} gives anything",
            args.file.display()
        )));
    }
    let paths: Vec<_> = all.iter().map(|(path, _)| folder.join(path)).collect();
    if let Some(there) = paths.iter().find(|path| path.exists())
        && !args.force
    {
        return Err(Failure::usage(format!(
            "{} is there already; nothing is written (--force overwrites it)",
            there.display()
        )));
    }
    let mut read = vec![args.file.clone()];
    read.extend(work.source().iter().flat_map(|source| source.read.clone()));
    for (path, (_, text)) in paths.iter().zip(&all) {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)
                .map_err(|e| Failure::usage(format!("cannot make {}: {e}", parent.display())))?;
        }
        files::write(path, Kind::Inputs, &read, true, text.as_bytes())?;
    }
    if !style.quiet {
        for path in &paths {
            out::note(&format!("wrote {}", path.display()));
        }
    }
    Ok(())
}

/// As many parties as the roles ask for at least, where a role that the program declares leaves their number open.
fn fewest(hir: &Hir, style: Style) -> Option<u32> {
    let declared = hir.roles.iter().all(|role| role.span != Span::default());
    let n = hir
        .roles
        .iter()
        .map(|role| role.min)
        .fold(0, u32::saturating_add);
    let enough = declared && n >= 2;
    if enough && !style.quiet {
        out::note(&format!(
            "note: files for {n} parties, the fewest that the roles allow; say --parties N for more"
        ));
    }
    enough.then_some(n)
}
