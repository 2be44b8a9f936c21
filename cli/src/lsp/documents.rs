//! The files that an editor has open, and the programs that they are.

use super::figures::Figures;
use super::opened::Opened;
use super::{Refusal, notes, places};
use serde_json::Value;
use smpcc::reading;
use smpcc::source;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_compiler::diagnostic;
use smpcc_compiler::ide;
use smpcc_compiler::parses::Parses;
use smpcc_compiler::source::FileId;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// All open files.
#[derive(Default)]
pub struct Documents {
    /// By URI.
    files: SortedMap<String, Document>,
    /// Whether columns are bytes.
    pub utf8: bool,
    /// Whether pieces of programs are offered, with places to fill in.
    pub snippets: bool,
    /// Whether the codes of diagnostics lead to their pages.
    pub links: bool,
    /// The folders that the editor works in.
    pub roots: Vec<PathBuf>,
    /// Counts the changes of texts and of files.
    pub generation: u64,
}

/// How deep folders of a workspace are looked through.
const MAX_DEPTH: usize = 12;

/// Files of a workspace that are looked at.
const MAX_FILES: usize = 5000;

/// The programs and modules in a folder and below; hidden folders, and those of other tools, are left out.
fn programs_in(folder: &Path, depth: usize, found: &mut SortedSet<PathBuf>) {
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let skipped = name.to_string_lossy().starts_with('.')
            || matches!(name.to_str(), Some("target" | "node_modules"));
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_dir && depth > 0 && !skipped {
            programs_in(&path, depth - 1, found);
        } else if found.len() < MAX_FILES && path.extension().is_some_and(|e| e == "smpc") {
            found.insert(path);
        }
    }
}

struct Document {
    /// What messages call it: its path, or its URI if it has none.
    path: PathBuf,
    text: String,
    version: Option<i64>,
    /// Whether it or a file that it may use has changed since it was checked.
    changed: bool,
    program: Option<Rc<Opened>>,
    /// The last program that could be read to its end: its names are of use while the text is half written.
    whole: Option<Rc<Opened>>,
    /// What it costs, and as of which generation.
    figures: Option<(u64, Rc<Result<Figures, String>>)>,
    /// The last generation for which its costs were asked for.
    asked: Option<u64>,
}

/// A document as its program has it.
pub struct Found {
    /// The program.
    pub program: Rc<Opened>,
    /// The same, or an earlier one with fewer errors.
    pub known: Rc<Opened>,
    /// The document in the program.
    pub file: FileId,
    /// Whether columns are bytes.
    pub utf8: bool,
    /// Whether pieces of programs are offered.
    pub snippets: bool,
    /// What it costs, if that is known.
    pub figures: Option<Rc<Result<Figures, String>>>,
}

/// Files beside a program that are looked at for what they have, at most.
const BESIDE: usize = 40;

impl Found {
    /// The modules beside the program.
    pub fn beside(&self) -> Vec<ide::Beside> {
        let Some(own) = self.program.path(self.program.root) else {
            return Vec::new();
        };
        let folder = own
            .parent()
            .and_then(|folder| std::fs::read_dir(folder).ok());
        let entries = folder.into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "smpc") && path != own);
        paths.sort();
        let one = |path: PathBuf| {
            let text = reading::text(&path, source::MAX_TEXT).ok()?;
            let module = path.file_stem()?.to_str()?;
            Some(ide::Beside::new(module, text))
        };
        paths.into_iter().take(BESIDE).filter_map(one).collect()
    }

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
        // Something beside it cannot be read: then it is looked at alone.
        let program = Rc::new(Opened::or_alone(source, &document.path, &document.text));
        let root = program.root;
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
        let diagnostics = notes::diagnostics(&program, self.utf8, self.links);
        document.program = Some(program);
        Some((document.version, diagnostics))
    }

    /// The text of each open file.
    pub fn texts(&self) -> SortedMap<PathBuf, String> {
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

    /// The programs that have a file, and in whose own files a word stands: of open files, and of files of the workspace that no editor has
    /// open. With them come the files that have the word and cannot be read as programs, and why.
    pub fn users(&self, path: &Path, word: &str) -> (Vec<Rc<Opened>>, Vec<(PathBuf, String)>) {
        let open = self.programs().filter(|p| p.find(path).is_some());
        let mut all: Vec<Rc<Opened>> = open.cloned().collect();
        let mut unread = Vec::new();
        let open = self.texts();
        let mut others = SortedSet::new();
        match self.roots.as_slice() {
            // Without a workspace, what lies beside.
            [] => programs_in(path.parent().unwrap_or(Path::new("")), 0, &mut others),
            roots => roots
                .iter()
                .for_each(|root| programs_in(root, MAX_DEPTH, &mut others)),
        }
        for other in others.iter().filter(|other| !open.contains_key(*other)) {
            let Ok(text) = reading::text(other, source::MAX_TEXT) else {
                continue;
            };
            if !text.contains(word) {
                continue;
            }
            match source::read_over(other, &open, Parses::default()) {
                Ok(source) => {
                    let program = Opened::read(source);
                    all.extend(program.find(path).map(|_| Rc::new(program)));
                }
                Err(why) => unread.push((other.clone(), why.message)),
            }
        }
        (all, unread)
    }

    /// Whether a file is one of the workspace's; without a workspace, whether it is open or lies beside one that is.
    pub fn holds(&self, path: &Path) -> bool {
        let beside = |open: &Document| open.path.parent() == path.parent();
        match self.roots.as_slice() {
            [] => self.files.values().any(beside),
            roots => roots.iter().any(|root| path.starts_with(root)),
        }
    }

    /// The programs of all open files.
    pub fn programs(&self) -> impl Iterator<Item = &Rc<Opened>> {
        self.files.values().filter_map(|d| d.program.as_ref())
    }
}
