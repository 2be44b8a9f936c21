//! Compiling without running: for `build`, `stats`, `reveals` and `dump`, with lengths from options or sample inputs.

use crate::args::PlanArgs;
use crate::load::{self, Style};
use smpcc::choices::{self, Choices};
use smpcc::exit::{Failure, Outcome};
use smpcc::given::{self, PartyInputs};
use smpcc::lens::{self, Lens};
use smpcc::source::{self, Source};
use smpcc_compiler::hir::Hir;
use smpcc_compiler::pipeline::{self, Compiled};
use smpcc_compiler::session::Session;
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
    pub choices: Choices,
    /// Sample inputs, when there are any.
    pub inputs: Option<Vec<PartyInputs>>,
}

/// Reads and checks a program and fixes its session.
pub fn prepare(file: &Path, args: &PlanArgs, style: Style) -> Outcome<Prepared> {
    let source = source::read(file)?;
    let hir = load::check(&source, style)?;
    if hir.main.is_none() {
        return Err(Failure::program(format!(
            "{} has no `main`",
            file.display()
        )));
    }
    let given = given::given(file, args.inputs.as_ref())?;
    let n_parties = given::n_parties(&hir, args.parties, given.as_ref())?;
    let choices = Choices::new(args.asked()?, n_parties)?;
    let role_counts = choices::roles(&hir, n_parties)?;
    // Sample inputs beside the program serve where they fit; what was asked for with --inputs must fit.
    let inputs = match given {
        Some(given) if args.inputs.is_some() => Some(given.match_parties(&hir, &role_counts)?),
        Some(given) => given.match_parties(&hir, &role_counts).ok(),
        None => None,
    };
    let lens = inputs.as_deref().map_or_else(Lens::new, lens::lens_of);
    let changed = !args.lens.is_empty();
    let lens = lens::lens_given(&args.lens, &hir, &role_counts, lens)?;
    let session = choices.session(&hir, lens)?;
    Ok(Prepared {
        source,
        hir,
        session,
        choices,
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
            &self.choices.options,
            &mut |_, _| {},
        )
        .map_err(|diagnostics| load::failed(&self.source, diagnostics, style))
    }
}
