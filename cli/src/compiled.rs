//! Compiling without running: for `build`, `stats`, `reveals` and `dump`, with lengths from options or sample inputs.

use crate::args::PlanArgs;
use crate::exit::{Exit, Failure, Outcome};
use crate::load::{self, Source, Style};
use crate::plan::{self, Choices, PartyInputs};
use smpcc_compiler::hir::Hir;
use smpcc_compiler::pipeline::{self, Compiled};
use smpcc_compiler::session::{Options, Session};
use std::collections::BTreeMap;
use std::path::Path;

/// A checked program with its session.
pub struct Prepared {
    /// The text.
    pub source: Source,
    /// The checked program.
    pub hir: Hir,
    /// The session.
    pub session: Session,
    /// What the compiler is asked for.
    pub options: Options,
    /// Sample inputs, when there are any.
    pub inputs: Option<Vec<PartyInputs>>,
}

/// Reads and checks a program and fixes its session.
pub fn prepare(file: &Path, args: &PlanArgs, style: Style) -> Outcome<Prepared> {
    let source = load::read(file)?;
    let hir = load::check(&source, style)?;
    if hir.main.is_none() {
        return Err(Failure {
            exit: Exit::Program,
            message: format!("{} has no `main`", file.display()),
        });
    }
    let given = plan::given(file, args.inputs.as_ref())?;
    let n_parties = plan::n_parties(&hir, args.parties, given.as_ref())?;
    let choices = Choices::new(args, n_parties)?;
    let role_counts = plan::roles(&hir, n_parties)?;
    // Sample inputs beside the program serve where they fit; what was asked for with --inputs must fit.
    let inputs = match given {
        Some(given) if args.inputs.is_some() => Some(given.match_parties(&hir, &role_counts)?),
        Some(given) => given.match_parties(&hir, &role_counts).ok(),
        None => None,
    };
    let lens = inputs.as_deref().map_or_else(BTreeMap::new, plan::lens_of);
    let changed = !args.lens.is_empty();
    let lens = plan::lens_given(&args.lens, &hir, &role_counts, lens)?;
    let session = choices.session(&hir, lens)?;
    let options = choices.options()?;
    Ok(Prepared {
        source,
        hir,
        session,
        options,
        inputs: inputs.filter(|_| !changed),
    })
}

impl Prepared {
    /// Compiles it.
    pub fn compile(&self, style: Style) -> Outcome<Compiled> {
        let name = self.source.name();
        pipeline::compile(
            &self.hir,
            &self.source.files,
            &name,
            &self.session,
            &self.options,
            &mut |_, _| {},
        )
        .map_err(|diagnostics| load::failed(&self.source, diagnostics, style))
    }
}
