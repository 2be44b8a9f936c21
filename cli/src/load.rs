//! Showing on stderr what the compiler says about a program.

use crate::args::{Cli, Color};
use crate::out;
use smpcc::exit::{Failure, Outcome};
use smpcc::source::{self, Source};
use smpcc::work::{Built, Work};
use smpcc_compiler::diagnostic::{self, Diagnostic};
use smpcc_compiler::hir::Hir;
use smpcc_compiler::source::SourceSet;
use std::io::IsTerminal;
use std::path::Path;
use std::time::Instant;

/// How messages are shown.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// With colours.
    pub color: bool,
    /// Without warnings and notes.
    pub quiet: bool,
    /// With so many more details.
    pub verbose: u8,
}

impl Style {
    /// What the options and the environment ask for.
    pub fn new(cli: &Cli) -> Self {
        let color = match cli.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                std::io::stderr().is_terminal()
                    && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
            }
        };
        Self {
            color,
            quiet: cli.quiet,
            verbose: cli.verbose,
        }
    }

    /// Says something on stderr that was asked for with so many `-v`.
    pub fn detail(&self, level: u8, text: impl FnOnce() -> String) {
        if !self.quiet && self.verbose >= level {
            out::note(&text());
        }
    }
}

/// Reads what is to run: the text of a program, checked, or a program that was built.
pub fn work(path: &Path, style: Style) -> Outcome<Work> {
    if let Some(built) = Built::read(path)? {
        return Ok(Work::Built(Box::new(built)));
    }
    let source = source::read(path)?;
    let hir = check(&source, style)?;
    if hir.main.is_none() {
        return Err(Failure::program(format!(
            "{} has no `main` to run",
            path.display()
        )));
    }
    Ok(Work::Text {
        source,
        hir: Box::new(hir),
    })
}

/// Checks a program and shows its diagnostics.
pub fn check(source: &Source, style: Style) -> Outcome<Hir> {
    checked(source, Source::check, style)
}

/// The same, with what every session would meet.
///
/// # Errors
/// As [`check`].
pub fn check_ahead(source: &Source, style: Style) -> Outcome<Hir> {
    checked(source, Source::check_ahead, style)
}

fn checked(
    source: &Source,
    check: fn(&Source) -> (Option<Hir>, Vec<Diagnostic>),
    style: Style,
) -> Outcome<Hir> {
    let began = Instant::now();
    for file in &source.read {
        style.detail(2, || format!("read {}", file.display()));
    }
    let (hir, diagnostics) = check(source);
    style.detail(1, || {
        format!(
            "checked {} files in {:.1} ms",
            source.own_files().len(),
            began.elapsed().as_secs_f64() * 1e3
        )
    });
    show(source, &diagnostics, style);
    hir.ok_or_else(Failure::reported)
}

/// Shows diagnostics on stderr.
pub fn show(source: &Source, diagnostics: &[Diagnostic], style: Style) {
    show_in(&source.files, diagnostics, style);
}

/// Shows diagnostics of these files on stderr.
pub fn show_in(files: &SourceSet, diagnostics: &[Diagnostic], style: Style) {
    let shown: Vec<Diagnostic> = diagnostics
        .iter()
        .filter(|d| !style.quiet || d.is_error())
        .cloned()
        .collect();
    if shown.is_empty() {
        return;
    }
    if out::lines() {
        for one in &shown {
            let list = diagnostic::json::render(files, std::slice::from_ref(one));
            let text = diagnostic::human::render(files, std::slice::from_ref(one), false);
            out::line(list[0].clone(), text.trim_end());
        }
        return;
    }
    let text = diagnostic::human::render(files, &shown, style.color);
    if style.color {
        out::coloured(text.trim_end());
    } else {
        out::note(text.trim_end());
    }
}

/// Shows an error whose place is in no file that is at hand.
pub fn show_bare(diagnostic: &Diagnostic) {
    let text = format!("error[{}]: {}", diagnostic.code, diagnostic.message);
    if !out::lines() {
        out::note(&text);
        return;
    }
    let list = diagnostic::json::render(&SourceSet::new(), std::slice::from_ref(diagnostic));
    out::line(list[0].clone(), &text);
}

/// Shows what the compiler says in a failure; what is left to say goes on with it.
pub fn shown(source: &Source, mut failure: Failure, style: Style) -> Failure {
    let mut diagnostics = std::mem::take(&mut failure.diagnostics);
    diagnostic::sort(&source.files, &mut diagnostics);
    show(source, &diagnostics, style);
    failure
}

/// The same for what is to run.
pub fn shown_of(work: &Work, failure: Failure, style: Style) -> Failure {
    match work.source() {
        Some(source) => shown(source, failure, style),
        None => failure,
    }
}

/// Shows the diagnostics of a compilation that failed.
pub fn failed(source: &Source, diagnostics: Vec<Diagnostic>, style: Style) -> Failure {
    shown(source, Failure::compiler(diagnostics), style)
}
