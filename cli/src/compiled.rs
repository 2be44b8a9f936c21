//! Compiling without running: for `build`, `stats`, `reveals` and `dump`, with lengths from options or sample inputs.

use crate::args::PlanArgs;
use crate::files;
use crate::load::{self, Style};
use crate::out;
use smpcc::arguments::Arguments;
use smpcc::choices::{self, Choices};
use smpcc::exit::{Failure, Outcome};
use smpcc::given::{self, Given, PartyInputs};
use smpcc::lens::{self, Lens};
use smpcc::seating::Stored;
use smpcc::seats::Seats;
use smpcc::source::{self, Source};
use smpcc::stored;
use smpcc::studies;
use smpcc::words;
use smpcc::work::{Built, Work};
use smpcc_circuit::eval::{self, Trace};
use smpcc_circuit::program::Program;
use smpcc_circuit::stats::{self, Attribution, FunctionLines, Known};
use smpcc_circuit::verify::Verified;
use smpcc_compiler::hir::Hir;
use smpcc_compiler::pipeline::{self, Compiled};
use smpcc_compiler::session::Session;
use smpcc_study::study::Study;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The parties of a program that leaves their number open, where it is only looked at.
const LOOKED_AT: u32 = 3;

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
    prepare_rows(file, args, None, style)
}

/// As [`prepare`]; with `rows`, open lengths are that and not those of sample inputs, unless `--len` says otherwise.
pub fn prepare_rows(
    file: &Path,
    args: &PlanArgs,
    rows: Option<u64>,
    style: Style,
) -> Outcome<Prepared> {
    let source = source::read(file)?;
    let hir = load::check(&source, style)?;
    if hir.main.is_none() {
        return Err(Failure::program(format!(
            "{} has no `main`: there is nothing to run in it; `smpcc test` runs its tests",
            file.display()
        )));
    }
    prepare_checked(source, hir, file, args, rows, style.quiet)
}

/// The session of a checked program: from the options, and from the sample inputs beside `file`.
pub fn prepare_checked(
    source: Source,
    hir: Hir,
    file: &Path,
    args: &PlanArgs,
    rows: Option<u64>,
    quiet: bool,
) -> Outcome<Prepared> {
    if let Some(study) = &args.study {
        return of_study(source, hir, &studies::read(study)?, args, rows);
    }
    let mut given = given::given(file, args.inputs.as_ref())?;
    let beside = match &mut given {
        Some(given) => given.take_arguments(|key| hir.roles.iter().any(|r| r.name == key))?,
        None => Arguments::new(),
    };
    let n_parties = match given::n_parties(&hir, args.parties, given.as_ref()) {
        // To look at a program takes no inputs: three parties show what there is to see.
        Err(_) if rows.is_some() && args.parties.is_none() => {
            given::n_parties(&hir, Some(LOOKED_AT), given.as_ref())?
        }
        n => n?,
    };
    let choices = Choices::new(args.asked_beside(beside)?, n_parties)?;
    let seats = Seats::of(&hir, &choices::roles(&hir, n_parties)?);
    // Sample inputs beside the program serve where they fit; what was asked for with --inputs must fit.
    let inputs = match given {
        Some(given) if args.inputs.is_some() => Some(given.match_parties(&seats)?),
        Some(given) => fitting(&given, &seats, quiet),
        None => None,
    };
    let lens = match rows {
        Some(rows) => lens::lens_of_all(&seats, rows),
        None => inputs.as_deref().map_or_else(Lens::new, lens::lens_of),
    };
    let changed = !args.lens.is_empty() || rows.is_some();
    let lens = lens::lens_given(&args.lens, &seats, lens)?;
    let session = choices.session(&hir, lens)?;
    Ok(Prepared {
        source,
        hir,
        session,
        choices,
        inputs: inputs.filter(|_| !changed),
    })
}

/// The session of a study, with as many contributions as are asked for.
fn of_study(
    source: Source,
    hir: Hir,
    study: &Study,
    args: &PlanArgs,
    rows: Option<u64>,
) -> Outcome<Prepared> {
    stored::is_program_of(&source, study)?;
    let mut asked = args.asked_beside(Arguments::new())?;
    stored::as_agreed(study, &mut asked)?;
    let mut choices = Choices::new(asked, study.terms().nodes.len() as u32)?;
    let mut stored = Stored::planned(study, &hir, args.contributions);
    let seats = Seats::of(&hir, &stored.role_counts);
    let lens = rows.map_or_else(Lens::new, |rows| lens::lens_of_all(&seats, rows));
    let lens = lens::lens_given(&args.lens, &seats, lens)?;
    stored.lens = lens
        .into_iter()
        .map(|((name, seat), len)| (name, seat, len))
        .collect();
    choices.stored = Some(stored);
    let session = choices.session(&hir, Lens::new())?;
    Ok(Prepared {
        source,
        hir,
        session,
        choices,
        inputs: None,
    })
}

/// The sample inputs if they fit the parties; where they do not, a note says why they are not used.
fn fitting(given: &Given, seats: &Seats, quiet: bool) -> Option<Vec<PartyInputs>> {
    let matched = given.match_parties(seats);
    if let (Err(why), false) = (&matched, quiet) {
        out::note(&format!(
            "note: the sample inputs are not used: {}",
            why.message
        ));
    }
    matched.ok()
}

/// A compiled program and what is known of it.
pub struct Ready {
    /// The program.
    pub program: Verified,
    /// The lines of its circuits; unknown of a program that was built before.
    pub attribution: Option<Attribution>,
    /// The lines of its functions.
    pub functions: Vec<FunctionLines>,
    /// What the compiler was asked for.
    pub choices: Choices,
    /// Inputs, when there are any.
    pub inputs: Option<Vec<PartyInputs>>,
    /// The files that were read.
    pub read: Vec<PathBuf>,
    /// What messages on this machine call the files of the program's text, if there is a text.
    pub paths: Option<Vec<String>>,
    /// The name and text of each of those files.
    pub texts: Vec<(String, String)>,
}

/// The decisions of a clear run of at most so many steps on sample inputs, which say how often things run.
pub fn trace(program: &Program, parties: &[PartyInputs], steps: u64) -> Option<Trace> {
    let mut inputs = vec![Vec::new(); program.inputs.len()];
    for param in &program.params {
        let words = parties.get(param.party as usize)?.words.get(&param.name)?;
        for (leaf, words) in param.leaves.iter().zip(words) {
            *inputs.get_mut(leaf.index())? = words.words();
        }
    }
    eval::eval_bounded(program, &inputs, steps)
        .ok()
        .map(|outcome| outcome.trace)
}

/// Compiles a program, or reads one that is compiled, to look at it.
pub fn ready(file: &Path, args: &PlanArgs, style: Style) -> Outcome<Ready> {
    let Some(built) = Built::read(file)? else {
        let prepared = prepare(file, args, style)?;
        let compiled = prepared.compile(style)?;
        return Ok(Ready {
            program: compiled.program,
            attribution: Some(compiled.attribution),
            functions: compiled.functions,
            paths: Some(prepared.source.paths()),
            texts: (prepared.source.files.iter())
                .map(|(_, file)| (file.name.clone(), file.text.clone()))
                .collect(),
            read: files::read_for(file, Some(&prepared.source), args)?,
            choices: prepared.choices,
            inputs: prepared.inputs,
        });
    };
    if !args.lens.is_empty() {
        return Err(Failure::usage(format!(
            "{}: the lengths are fixed in a program that is built",
            file.display()
        )));
    }
    let work = Work::Built(Box::new(built));
    let mut given = given::given(file, args.inputs.as_ref())?;
    let beside = work.take_arguments(given.as_mut())?;
    let n_parties = work.n_parties(args.parties, given.as_ref())?;
    let choices = work.choices(args.asked_beside(beside)?, n_parties)?;
    let seats = work.seats(&choices)?;
    let inputs = match given {
        Some(given) if args.inputs.is_some() => Some(given.match_parties(&seats)?),
        Some(given) => fitting(&given, &seats, style.quiet),
        None => None,
    };
    Ok(Ready {
        program: work.compile(&choices, Lens::new())?,
        attribution: None,
        functions: Vec::new(),
        choices,
        inputs,
        paths: None,
        texts: Vec::new(),
        read: files::read_for(file, None, args)?,
    })
}

impl Prepared {
    /// Compiles it.
    pub fn compile(&self, style: Style) -> Outcome<Compiled> {
        compile(&self.source, &self.hir, &self.session, &self.choices, style)
    }
}

/// Compiles a checked program for a session, and says with `-v` what came of it.
pub fn compile(
    source: &Source,
    hir: &Hir,
    session: &Session,
    choices: &Choices,
    style: Style,
) -> Outcome<Compiled> {
    let options = &choices.options;
    style.detail(1, || {
        format!(
            "{} among {} parties, of which {} may be corrupt ({})",
            options.suite.name(),
            choices.n_parties,
            options.threshold,
            options.threat.name()
        )
    });
    for ((input, owner), len) in &session.lens {
        style.detail(2, || {
            format!("party {owner} gives {} of `{input}`", words::rows(*len))
        });
    }
    let began = Instant::now();
    let mut last = began;
    let compiled = pipeline::compile(
        hir,
        &source.files,
        &source.name(),
        session,
        options,
        &mut |step, _| {
            let now = Instant::now();
            style.detail(2, || format!("  {step}: {:.1} ms", ms(now - last)));
            last = now;
        },
    )
    .map_err(|diagnostics| load::failed(source, diagnostics, style))?;
    style.detail(1, || summary(&compiled.program, began.elapsed()));
    Ok(compiled)
}

/// What a compiled program will cost, in one line.
fn summary(program: &Program, time: Duration) -> String {
    let stats = stats::stats(program, &Known::default());
    let figure = |n: Option<u64>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
    format!(
        "compiled in {:.1} ms: {} sections, {} rounds, {} bytes in all, about {} of memory at a party",
        ms(time),
        program.sections.len(),
        figure(stats.totals.rounds),
        figure(stats.totals.bytes),
        words::bytes(stats.totals.memory_bytes)
    )
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
