//! A program as text: read from disk with what it uses, and checked.

use crate::exit::{Failure, Outcome};
use smpcc_circuit::codec;
use smpcc_compiler::diagnostic::Diagnostic;
use smpcc_compiler::front;
use smpcc_compiler::hir::Hir;
use smpcc_compiler::imported::MAX_FILE_BYTES;
use smpcc_compiler::parses::Parses;
use smpcc_compiler::source::{FileId, SourceSet};
use smpcc_runtime::hash::{Digest, Transcript};
use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A program as text: what every party needs in order to compile it.
#[derive(Clone)]
pub struct Source {
    /// All files.
    pub files: SourceSet,
    /// The file with `main`.
    pub root: FileId,
    /// Where the files were read on this machine, if they were: what a command must not overwrite.
    pub read: Vec<PathBuf>,
    /// What was parsed while reading.
    parses: Parses,
}

impl Source {
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

    /// The checked program, if it has no errors, and everything that the compiler says about it.
    pub fn check(&self) -> (Option<Hir>, Vec<Diagnostic>) {
        let mut parses = self.parses.clone();
        front::analyse(&self.files, self.root, &mut parses).into_program()
    }

    /// The hash of all source files, and of nothing else: the paths of one machine do not matter.
    pub fn digest(&self) -> Digest {
        let mut transcript = Transcript::new("smpcc/source");
        transcript.string(env!("CARGO_PKG_VERSION"));
        let names = self.files.portable_names();
        for (name, (_, file)) in names.iter().zip(self.files.iter()) {
            transcript.string(name).string(&file.text);
        }
        transcript.finish()
    }

    /// What messages on this machine call the files, in order.
    pub fn paths(&self) -> Vec<String> {
        self.files.iter().map(|(_, f)| f.name.clone()).collect()
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
///
/// # Errors
/// A file that cannot be read or is no text.
pub fn read(path: &Path) -> Outcome<Source> {
    // Without `.` inside: a module's name is its folder's and its own, which are compared as text.
    let path: &Path = &path.components().collect::<PathBuf>();
    let text_of = |path: &Path| {
        let bytes = std::fs::read(path)
            .map_err(|e| Failure::usage(format!("cannot read {}: {e}", path.display())))?;
        if codec::is_encoded(&bytes) {
            return Err(Failure::usage(format!(
                "{} is a compiled program: `run`, `party`, `stats` and `graph` take it, this needs the text",
                path.display()
            )));
        }
        String::from_utf8(bytes).map_err(|e| {
            Failure::usage(format!(
                "{} is not UTF-8 text: byte {} is wrong",
                path.display(),
                e.utf8_error().valid_up_to()
            ))
        })
    };
    let mut files = SourceSet::new();
    let mut read = Vec::new();
    let mut add = |files: &mut SourceSet, path: &Path, text: String| {
        read.push(path.to_owned());
        files.add(path.display().to_string(), text)
    };
    let root = add(&mut files, path, text_of(path)?);
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut parses = Parses::default();
    let mut modules = vec![root];
    let mut seen = BTreeSet::new();
    let mut circuits = BTreeSet::new();
    let mut texts = Vec::new();
    let mut next = 0;
    while let Some(&id) = modules.get(next) {
        let parsed = parses.parse(id, &files.file(id).text);
        for circuit in parsed.module.needed_circuits() {
            let file = folder.join(&circuit);
            if circuits.insert(circuit) && file.is_file() {
                let text = circuit_text(&file)?;
                texts.push((file, text));
            }
        }
        for module in parsed.module.needed_modules() {
            let file = folder.join(format!("{module}.smpc"));
            if file != path && seen.insert(module) && file.is_file() {
                let text = text_of(&file)?;
                modules.push(add(&mut files, &file, text));
            }
        }
        next += 1;
    }
    for (file, text) in texts {
        add(&mut files, &file, text);
    }
    Ok(Source {
        files,
        root,
        read,
        parses,
    })
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
