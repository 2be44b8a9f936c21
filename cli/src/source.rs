//! A program as text: read from disk with what it uses, and checked.

use crate::exit::{Failure, Outcome};
use crate::packages;
use crate::reading;
use smpcc_circuit::codec;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_compiler::diagnostic::Diagnostic;
use smpcc_compiler::foreseen;
use smpcc_compiler::front;
use smpcc_compiler::hir::Hir;
use smpcc_compiler::imported::MAX_FILE_BYTES;
use smpcc_compiler::library;
use smpcc_compiler::parses::Parses;
use smpcc_compiler::source::{FileId, SourceSet};
use smpcc_runtime::hash::{Digest, Transcript};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Most bytes of the text of a program: as many as of one that was built.
pub const MAX_TEXT: u64 = codec::MAX_PROGRAM_BYTES as u64;

/// How deep packages may have packages.
const MAX_PACKAGE_DEPTH: usize = 8;

/// A program as text: what every party needs in order to compile it.
#[derive(Clone)]
pub struct Source {
    /// All files.
    pub files: SourceSet,
    /// The file with `main`.
    pub root: FileId,
    /// Where the files were read on this machine, if they were, in their order: what a command must not overwrite.
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

    /// The same, and an error that every session of the program would meet.
    pub fn check_ahead(&self) -> (Option<Hir>, Vec<Diagnostic>) {
        let (hir, mut diagnostics) = self.check();
        let refused = hir.as_ref().and_then(foreseen::refused);
        let hir = hir.filter(|_| refused.is_none());
        diagnostics.extend(refused);
        (hir, diagnostics)
    }

    /// Where each of the program's own files was read.
    pub fn places(&self) -> SortedMap<FileId, PathBuf> {
        let own = self.files.iter().filter(|(id, _)| !library::owns(*id));
        let ids = own.map(|(id, _)| id);
        ids.zip(self.read.iter().cloned()).collect()
    }

    /// The files, the root among them, and what was parsed while reading.
    pub fn into_parts(self) -> (SourceSet, FileId, Parses) {
        (self.files, self.root, self.parses)
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
    read_over(path, &SortedMap::new(), Parses::default())
}

/// As [`read`], with texts that stand for those of files, as an editor has them. Files that `parses` knows with their texts are
/// not parsed again.
///
/// # Errors
/// A file that cannot be read or is no text.
pub fn read_over(
    path: &Path,
    open: &SortedMap<PathBuf, String>,
    mut parses: Parses,
) -> Outcome<Source> {
    // Without `.` inside: a module's name is its folder's and its own, which are compared as text.
    let path: &Path = &path.components().collect::<PathBuf>();
    let text_of = |path: &Path| {
        if let Some(text) = open.get(path) {
            return Ok(text.clone());
        }
        let bytes = reading::bytes(path, MAX_TEXT).map_err(|e| {
            let program = path.with_extension("smpc");
            let near = match path.extension().is_none() && program.is_file() {
                true => format!("; did you mean {}?", program.display()),
                false => String::new(),
            };
            Failure::usage(format!("cannot read {}: {e}{near}", path.display()))
        })?;
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
    let mut add = |files: &mut SourceSet, path: &Path, name: String, text: String| {
        read.push(path.to_owned());
        files.add(name, text)
    };
    let shown = |path: &Path| path.display().to_string();
    let root = add(&mut files, path, shown(path), text_of(path)?);
    let folder = path.parent().unwrap_or(Path::new(""));
    // Each with the folder that it lies in, and the package that it belongs to.
    let mut modules = vec![(root, folder.to_owned(), String::new())];
    let mut packages: SortedMap<PathBuf, SortedMap<String, PathBuf>> = SortedMap::new();
    let mut seen = SortedSet::new();
    let mut circuits = SortedSet::new();
    let mut texts = Vec::new();
    let mut next = 0;
    while let Some((id, folder, package)) = modules.get(next).cloned() {
        let parsed = parses.parse(id, &files.file(id).text);
        for circuit in parsed.module.needed_circuits() {
            let file = folder.join(&circuit);
            if circuits.insert(file.clone()) && file.is_file() {
                let text = circuit_text(&file)?;
                let name = if package.is_empty() {
                    shown(&file)
                } else {
                    format!("<{package}>/{circuit}")
                };
                texts.push((file, name, text));
            }
        }
        let mut needed = Vec::new();
        for module in parsed.module.needed_modules() {
            let file = folder.join(format!("{module}.smpc"));
            let name = if package.is_empty() {
                shown(&file)
            } else {
                format!("<{package}>/{module}.smpc")
            };
            needed.push((file, name, folder.clone(), package.clone()));
        }
        let others = parsed.module.needed_packages();
        if !others.is_empty() && !packages.contains_key(&folder) {
            packages.insert(folder.clone(), packages::of(&folder)?);
        }
        for (other, module) in others {
            let Some(at) = packages.get(&folder).and_then(|known| known.get(&other)) else {
                continue;
            };
            let name = library::package_file(&package, &other, &module);
            let other = library::package_name(&package, &other);
            if other.matches('/').count() >= MAX_PACKAGE_DEPTH {
                return Err(Failure::usage(format!(
                    "packages of packages nest more than {MAX_PACKAGE_DEPTH} deep at `{other}`; do they name each other?"
                )));
            }
            needed.push((at.join(format!("{module}.smpc")), name, at.clone(), other));
        }
        for (file, name, folder, package) in needed {
            if file != path
                && seen.insert(name.clone())
                && (open.contains_key(&file) || file.is_file())
            {
                let text = text_of(&file)?;
                let id = add(&mut files, &file, name, text);
                modules.push((id, folder, package));
            }
        }
        next += 1;
    }
    for (file, name, text) in texts {
        add(&mut files, &file, name, text);
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
