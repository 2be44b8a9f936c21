//! The files that an editor has open, and the programs that they are.

use super::figures::Figures;
use super::{Refusal, notes, places};
use serde_json::Value;
use smpcc::source::{self, Source};
use smpcc_compiler::diagnostic;
use smpcc_compiler::ide::{self, Program};
use smpcc_compiler::parses::Parses;
use smpcc_compiler::source::{FileId, SourceSet};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// All open files.
#[derive(Default)]
pub struct Documents {
    /// By URI.
    files: BTreeMap<String, Document>,
    /// Whether columns are bytes.
    pub utf8: bool,
    /// Whether pieces of programs are offered, with places to fill in.
    pub snippets: bool,
    /// Counts the changes of texts and of files.
    pub generation: u64,
}

struct Document {
    /// What messages call it: its path, or its URI if it has none.
    path: PathBuf,
    text: String,
    version: Option<i64>,
    /// Whether it or a file that it may use has changed since it was checked.
    changed: bool,
    program: Option<Rc<Program>>,
    /// The last program that could be read to its end: its names are of use while the text is half written.
    whole: Option<Rc<Program>>,
    /// What it costs, and as of which generation.
    figures: Option<(u64, Rc<Result<Figures, String>>)>,
    /// The last generation for which its costs were asked for.
    asked: Option<u64>,
}

/// A document as its program has it.
pub struct Found {
    /// The program.
    pub program: Rc<Program>,
    /// The same, or an earlier one with fewer errors.
    pub known: Rc<Program>,
    /// The document in the program.
    pub file: FileId,
    /// Whether columns are bytes.
    pub utf8: bool,
    /// Whether pieces of programs are offered.
    pub snippets: bool,
    /// What it costs, if that is known.
    pub figures: Option<Rc<Result<Figures, String>>>,
}

impl Found {
    /// Whether it can be compiled: `main` is there, and nothing is wrong.
    pub fn is_program(&self) -> bool {
        let diagnostics = &self.program.checked.diagnostics;
        let outline = ide::outline(&self.program, self.file);
        !diagnostics.iter().any(diagnostic::Diagnostic::is_error)
            && outline.iter().any(|s| s.name == "main")
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.program.sources.file(self.file).text
    }

    /// The byte offset of a position.
    pub fn offset(&self, position: &Value) -> Result<u32, Refusal> {
        places::offset(self.text(), position, self.utf8)
            .and_then(|at| u32::try_from(at).ok())
            .ok_or_else(|| Refusal::params("no position"))
    }
}

impl Documents {
    /// Opens a file.
    pub fn open(&mut self, uri: &str, text: &str, version: Option<i64>) {
        let document = Document {
            path: places::path(uri).unwrap_or_else(|| PathBuf::from(uri)),
            text: text.to_owned(),
            version,
            changed: true,
            program: None,
            whole: None,
            figures: None,
            asked: None,
        };
        self.files.insert(uri.to_owned(), document);
        self.touch();
    }

    /// Changes a part of a file, or all of it.
    pub fn change(&mut self, uri: &str, change: &Value, version: Option<i64>) {
        let utf8 = self.utf8;
        let Some(document) = self.files.get_mut(uri) else {
            return;
        };
        let text = change["text"].as_str().unwrap_or("");
        let range = &change["range"];
        if range.is_null() {
            document.text = text.to_owned();
        } else {
            let at = |place: &Value| places::offset(&document.text, place, utf8);
            let (Some(start), Some(end)) = (at(&range["start"]), at(&range["end"])) else {
                return;
            };
            document.text.replace_range(start..end.max(start), text);
        }
        document.version = version;
        self.touch();
    }

    /// Closes a file; whether it was open.
    pub fn close(&mut self, uri: &str) -> bool {
        let was_open = self.files.remove(uri).is_some();
        self.touch();
        was_open
    }

    /// Files may have changed: programs are read anew before the next answer.
    pub fn touch(&mut self) {
        self.generation += 1;
        for document in self.files.values_mut() {
            document.changed = true;
        }
    }

    /// The files that are to be checked.
    pub fn changed(&self) -> Vec<String> {
        let changed = self.files.iter().filter(|(_, d)| d.changed);
        changed.map(|(uri, _)| uri.clone()).collect()
    }

    /// Checks a file; what is wrong with it, with the version that was checked.
    pub fn check(&mut self, uri: &str) -> Option<(Option<i64>, Vec<Value>)> {
        let open = self.texts();
        let document = self.files.get_mut(uri)?;
        // Also if checking goes wrong: the same text would go wrong again.
        document.changed = false;
        let parses = document
            .program
            .as_ref()
            .map_or_else(Parses::default, |p| p.parses.clone());
        let source = source::read_over(&document.path, &open, parses);
        let (sources, root, parses) = match source.map(Source::into_parts) {
            Ok(parts) => parts,
            // Something beside it cannot be read: then it is looked at alone.
            Err(_) => {
                let mut sources = SourceSet::new();
                let root = sources.add(document.path.display().to_string(), document.text.clone());
                (sources, root, Parses::default())
            }
        };
        let program = Rc::new(Program::new(sources, root, parses));
        let text = &program.sources.file(root).text;
        let broken = program
            .parses
            .clone()
            .parse(root, text)
            .diagnostics
            .iter()
            .any(diagnostic::Diagnostic::is_error);
        if !broken || document.whole.is_none() {
            document.whole = Some(program.clone());
        }
        let diagnostics = notes::diagnostics(&program, self.utf8);
        document.program = Some(program);
        Some((document.version, diagnostics))
    }

    /// The text of each open file.
    pub fn texts(&self) -> BTreeMap<PathBuf, String> {
        let files = self.files.values();
        files.map(|d| (d.path.clone(), d.text.clone())).collect()
    }

    /// What a document costs, as far as that is known of its present text.
    pub fn figures(&self, uri: &str) -> Option<Rc<Result<Figures, String>>> {
        let (generation, figures) = self.files.get(uri)?.figures.as_ref()?;
        (*generation == self.generation).then(|| figures.clone())
    }

    /// Keeps what a document costs.
    pub fn keep(&mut self, uri: &str, figures: Result<Figures, String>) {
        if let Some(document) = self.files.get_mut(uri) {
            document.figures = Some((self.generation, Rc::new(figures)));
        }
    }

    /// The path of a document whose costs are to be found; `None` where they are already on their way.
    pub fn begin_to_count(&mut self, uri: &str) -> Option<PathBuf> {
        let document = self.files.get_mut(uri)?;
        let before = document.asked.replace(self.generation);
        (before != Some(self.generation)).then(|| document.path.clone())
    }

    /// The document that a request is about.
    pub fn find(&self, params: &Value) -> Result<Found, Refusal> {
        let uri = params["textDocument"]["uri"]
            .as_str()
            .ok_or_else(|| Refusal::params("no document"))?;
        let document = self.files.get(uri);
        let document = document.ok_or_else(|| Refusal::params(format!("{uri} is not open")))?;
        let program = document.program.clone();
        let program = program.ok_or_else(|| Refusal::failed(format!("{uri} cannot be checked")))?;
        Ok(Found {
            known: document.whole.clone().unwrap_or_else(|| program.clone()),
            file: program.root,
            figures: self.figures(uri),
            program,
            utf8: self.utf8,
            snippets: self.snippets,
        })
    }

    /// The programs that have a file: of open files, and of files beside it that no editor has open.
    pub fn users(&self, name: &str) -> Vec<Rc<Program>> {
        let has = |sources: &SourceSet| sources.find(name).is_some();
        let open = self.programs().filter(|p| has(&p.sources));
        let mut all: Vec<Rc<Program>> = open.cloned().collect();
        let open = self.texts();
        let folder = Path::new(name)
            .parent()
            .and_then(|folder| folder.read_dir().ok());
        let mut beside: Vec<PathBuf> = folder
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        beside.retain(|path| {
            path.extension().is_some_and(|e| e == "smpc") && !open.contains_key(path)
        });
        beside.sort();
        for path in beside {
            let source = source::read_over(&path, &open, Parses::default());
            let (sources, root, parses) = match source.map(Source::into_parts) {
                Ok(parts) if has(&parts.0) => parts,
                // It does not use the file, or cannot be read.
                _ => continue,
            };
            all.push(Rc::new(Program::new(sources, root, parses)));
        }
        all
    }

    /// The programs of all open files.
    pub fn programs(&self) -> impl Iterator<Item = &Rc<Program>> {
        self.files.values().filter_map(|d| d.program.as_ref())
    }
}
