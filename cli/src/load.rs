//! Reading a program and its modules from disk, and showing what the compiler says about them.

use crate::args::{Cli, Color};
use crate::exit::{Exit, Failure, Outcome};
use crate::out;
use smpcc_compiler::diagnostic::{self, Diagnostic};
use smpcc_compiler::front;
use smpcc_compiler::hir::Hir;
use smpcc_compiler::imported::MAX_FILE_BYTES;
use smpcc_compiler::source::{FileId, SourceSet};
use std::collections::BTreeSet;
use std::io::{IsTerminal, Read};
use std::path::Path;

/// How messages are shown.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// With colours.
    pub color: bool,
    /// Without warnings and notes.
    pub quiet: bool,
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
        }
    }
}

/// A program as text: what every party needs in order to compile it.
#[derive(Clone)]
pub struct Source {
    /// All files.
    pub files: SourceSet,
    /// The file with `main`.
    pub root: FileId,
}

impl Source {
    /// A source from files in order, the root first.
    pub fn from_files(files: Vec<(String, String)>) -> Self {
        let mut set = SourceSet::new();
        let mut root = FileId::default();
        for (i, (name, text)) in files.into_iter().enumerate() {
            let id = set.add(name, text);
            if i == 0 {
                root = id;
            }
        }
        Self { files: set, root }
    }

    /// Path and text of the program's own files (not the library's), the root first.
    pub fn own_files(&self) -> Vec<(String, String)> {
        let mut files: Vec<(FileId, (String, String))> = self
            .files
            .iter()
            .filter(|(_, f)| !f.name.starts_with("<std>"))
            .map(|(id, f)| (id, (f.name.clone(), f.text.clone())))
            .collect();
        files.sort_by_key(|(id, _)| *id != self.root);
        files.into_iter().map(|(_, file)| file).collect()
    }

    /// The file's stem: the program's name in reports.
    pub fn name(&self) -> String {
        let name = self.files.get(self.root).map_or("", |f| f.name.as_str());
        Path::new(name)
            .file_stem()
            .map_or_else(String::new, |s| s.to_string_lossy().into_owned())
    }
}

/// Reads `path`, the modules of its folder that it uses, directly or not, and the circuits that they import. A circuit that
/// is not there is the compiler's to report, at the declaration.
pub fn read(path: &Path) -> Outcome<Source> {
    let text_of = |path: &Path| {
        let bytes = std::fs::read(path)
            .map_err(|e| Failure::usage(format!("cannot read {}: {e}", path.display())))?;
        String::from_utf8(bytes).map_err(|e| {
            Failure::usage(format!(
                "{} is not UTF-8 text: byte {} is wrong",
                path.display(),
                e.utf8_error().valid_up_to()
            ))
        })
    };
    let mut files = vec![(path.display().to_string(), text_of(path)?)];
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut seen = BTreeSet::new();
    let mut next = 0;
    let mut circuits = Vec::new();
    while let Some((_, text)) = files.get(next) {
        for circuit in front::needed_circuits(text) {
            let file = folder.join(circuit);
            let name = file.display().to_string();
            if circuits.iter().all(|(known, _)| *known != name) && file.is_file() {
                circuits.push((name, circuit_text(&file)?));
            }
        }
        for module in front::needed_modules(text) {
            let file = folder.join(format!("{module}.smpc"));
            if file != path && seen.insert(module) && file.is_file() {
                let text = text_of(&file)?;
                files.push((file.display().to_string(), text));
            }
        }
        next += 1;
    }
    files.append(&mut circuits);
    Ok(Source::from_files(files))
}

/// The text of a circuit's file, no more of it than the compiler takes. What is no text is refused there, by its line.
fn circuit_text(path: &Path) -> Outcome<String> {
    let failed = |e| Failure::usage(format!("cannot read {}: {e}", path.display()));
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Checks a program and shows its diagnostics.
pub fn check(source: &Source, style: Style) -> Outcome<Hir> {
    let (hir, mut diagnostics) = front::check(&source.files, source.root);
    diagnostic::sort(&source.files, &mut diagnostics);
    show(source, &diagnostics, style);
    match hir {
        Some(hir) if !diagnostic::has_errors(&diagnostics) => Ok(hir),
        _ => Err(Failure::reported()),
    }
}

/// Shows diagnostics on stderr.
pub fn show(source: &Source, diagnostics: &[Diagnostic], style: Style) {
    let shown: Vec<Diagnostic> = diagnostics
        .iter()
        .filter(|d| !style.quiet || d.is_error())
        .cloned()
        .collect();
    if shown.is_empty() {
        return;
    }
    let text = diagnostic::human::render(&source.files, &shown, style.color);
    out::note(text.trim_end());
}

/// Shows the diagnostics of a compilation that failed.
pub fn failed(source: &Source, mut diagnostics: Vec<Diagnostic>, style: Style) -> Failure {
    diagnostic::sort(&source.files, &mut diagnostics);
    show(source, &diagnostics, style);
    let errors: Vec<&str> = diagnostics
        .iter()
        .filter(|d| d.is_error())
        .map(|d| d.code.as_str())
        .collect();
    // Parties, lengths, arguments and a forced protocol are the caller's to mend; the rest is the program's.
    let exit = if errors.contains(&"E9001") {
        Exit::Bug
    } else if errors
        .iter()
        .all(|code| ["E4001", "E4002", "E4006", "E4008", "E4009"].contains(code))
    {
        Exit::Usage
    } else {
        Exit::Program
    };
    Failure {
        exit,
        message: String::new(),
    }
}
