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

/// Writes the files of all parties and says where.
pub fn inputs(args: &InputsArgs, style: Style) -> Outcome {
    let work = load::work(&args.file, style)?;
    let seats = match &work {
        Work::Text { hir, .. } => {
            let n_parties = work.n_parties(args.parties, None)?;
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
