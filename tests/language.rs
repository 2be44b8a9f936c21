//! The language as its Markdown suite specifies it: every section under `tests/language/` is a test.
//!
//! A section has prose and programs. In a program `// error[E3002]` and `// warning[W0001]` stand on the line where the
//! diagnostic is expected, and `// type: T` on the line of a `let` says the type that its first variable has. Errors
//! must be exactly those that are announced; warnings at least. A fence with a file name (`smpc tools.smpc`) is a
//! module for the program after it.
//!
//! The `test` blocks of a program run, in the interpreter and as a compiled program in the clear. They hold, but for those
//! that announce how they end: `// refused[E4003]` stands on the line at which the session is refused, `// stops` on the
//! line at which the run stops.

use libtest_mimic::{Arguments, Failed, Trial};
use smpcc_circuit::drawn;
use smpcc_circuit::eval::{EvalError, eval};
use smpcc_circuit::program::Suite;
use smpcc_compiler::diagnostic::{Diagnostic, short};
use smpcc_compiler::hir::{Hir, show_type};
use smpcc_compiler::ide::{self, Program};
use smpcc_compiler::ir::interpret::interpret;
use smpcc_compiler::parses::Parses;
use smpcc_compiler::session::{Network, ProtocolChoice};
use smpcc_compiler::source::{FileId, SourceSet};
use smpcc_compiler::span::Span;
use smpcc_compiler::{front, library, lower, pipeline};
use std::path::Path;

#[allow(dead_code, reason = "what runs is for other tests")]
mod support;

fn main() {
    let args = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/language");
    let mut trials = Vec::new();
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .map(|dir| dir.filter_map(|e| e.ok().map(|e| e.path())).collect())
        .unwrap_or_default();
    paths.sort();
    for path in paths
        .iter()
        .filter(|p| p.extension().is_some_and(|e| e == "md"))
    {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let file = path
            .file_stem()
            .map_or(String::new(), |s| s.to_string_lossy().into_owned());
        for section in sections(&text) {
            let name = format!("{file}: {}", section.title);
            trials.push(Trial::test(name, move || run(&section)));
        }
    }
    let n = trials.len();
    trials.push(Trial::test("the suite is there", move || {
        if n < 50 {
            Err(format!("only {n} sections found in {}", folder.display()).into())
        } else {
            Ok(())
        }
    }));
    libtest_mimic::run(&args, trials).exit();
}

struct Section {
    title: String,
    /// Name (empty for the program), first line in the file, text.
    fences: Vec<(String, String)>,
}

fn sections(text: &str) -> Vec<Section> {
    let mut out: Vec<Section> = Vec::new();
    let mut fence: Option<(String, String)> = None;
    for line in text.lines() {
        match (&mut fence, line.strip_prefix("```")) {
            (Some(_), Some("")) => {
                if let (Some(done), Some(section)) = (fence.take(), out.last_mut()) {
                    section.fences.push(done);
                }
            }
            (Some((_, body)), _) => {
                body.push_str(line);
                body.push('\n');
            }
            (None, Some(info)) if info.starts_with("smpc") => {
                fence = Some((
                    info.trim_start_matches("smpc").trim().to_owned(),
                    String::new(),
                ));
            }
            (None, _) => {
                if let Some(title) = line.strip_prefix("## ") {
                    out.push(Section {
                        title: title.to_owned(),
                        fences: Vec::new(),
                    });
                }
            }
        }
    }
    out.retain(|s| !s.fences.is_empty());
    out
}

fn run(section: &Section) -> Result<(), Failed> {
    let mut sources = SourceSet::new();
    for (name, text) in &section.fences {
        if !name.is_empty() {
            sources.add(name.clone(), text.clone());
            continue;
        }
        let root = sources.add("main.smpc", text.clone());
        let (hir, diagnostics) = front::check(&sources, root);
        let shown = short::render(&sources, &diagnostics);
        let mut found: Vec<(usize, String)> = diagnostics
            .iter()
            .map(|d| (sources.line_col(d.primary.span).0, d.code.to_string()))
            .collect();
        found.sort();
        let mut wanted = announced(text);
        wanted.sort();
        let errors = |list: &[(usize, String)]| -> Vec<(usize, String)> {
            list.iter()
                .filter(|(_, c)| c.starts_with('E'))
                .cloned()
                .collect()
        };
        if errors(&found) != errors(&wanted) {
            return Err(format!("announced {:?}\nfound\n{shown}", errors(&wanted)).into());
        }
        if let Some(missing) = wanted.iter().find(|w| !found.contains(w)) {
            return Err(format!("{missing:?} is missing; found\n{shown}").into());
        }
        if errors(&found).is_empty() != hir.is_some() {
            return Err("there is a program exactly when there is no error".into());
        }
        for d in &diagnostics {
            if d.help.is_none() {
                return Err(format!("no help in: {shown}").into());
            }
        }
        mended(&sources, root, text)?;
        if let Some(hir) = hir {
            types(text, &sources, root, &hir)?;
            tests(text, &sources, root, &hir)?;
        }
    }
    Ok(())
}

/// Makes each change that an editor would offer: what it mends is gone, and there are no more errors than before.
fn mended(sources: &SourceSet, root: FileId, text: &str) -> Result<(), Failed> {
    let program = |sources| Program::new(sources, root, Parses::default());
    let before = program(sources.clone());
    let all = Span::new(root, 0, text.len());
    let found = &before.checked.diagnostics;
    let errors = |found: &[Diagnostic]| found.iter().filter(|d| d.is_error()).count();
    for fix in ide::fixes(&before, &[], all) {
        let mut changed = SourceSet::new();
        for (id, file) in sources.iter().filter(|(id, _)| !library::owns(*id)) {
            let mut edits: Vec<_> = fix.edits.iter().filter(|e| e.place.file == id).collect();
            edits.sort();
            let mut text = file.text.clone();
            for edit in edits.iter().rev() {
                let place = edit.place.start as usize..edit.place.end as usize;
                text.replace_range(place, &edit.text);
            }
            changed.add(file.name.clone(), text);
        }
        let after = program(changed);
        let now = &after.checked.diagnostics;
        let one = &found[fix.mends];
        // What is declared secret may be told of further on, where it goes next.
        let like = |sources: &SourceSet, all: &[Diagnostic]| {
            let line = |d: &Diagnostic| sources.line_col(d.primary.span).0;
            let same = |d: &&Diagnostic| (d.code, &d.message) == (one.code, &one.message);
            let here = before.sources.line_col(one.primary.span).0;
            all.iter().filter(same).filter(|d| line(d) == here).count()
        };
        let gone = like(&after.sources, now) < like(&before.sources, found);
        if !gone || errors(now) > errors(found) {
            let left = short::render(&after.sources, now);
            return Err(format!("after \"{}\" for {}:\n{left}", fix.title, one.message).into());
        }
    }
    Ok(())
}

/// How a `test` block ends: in silence, or at a line with a code or (when it runs) none.
type End = Option<(usize, Option<String>)>;

/// Runs the `test` blocks of a program.
fn tests(text: &str, sources: &SourceSet, root: FileId, hir: &Hir) -> Result<(), Failed> {
    for (at, test) in hir.tests.iter().enumerate() {
        let body = &hir.fns[test.function.index()].body;
        let first = sources.line_col(test.span).0;
        let last = sources
            .line_col(Span {
                start: body.span.end.saturating_sub(1),
                ..body.span
            })
            .0;
        let lines = || text.lines().enumerate().map(|(at, line)| (at + 1, line));
        let mut wanted: End = None;
        // What a function that the test calls is refused for stands in the function.
        let called = lines().any(|(at, line)| at == first && line.contains("// as announced"));
        let belongs = |at: &usize| (first..=last).contains(at) || called;
        for (at, line) in lines().filter(|(at, _)| belongs(at)) {
            if let Some((_, code)) = line.split_once("// refused[") {
                let code = code.split(']').next().unwrap_or_default();
                wanted = Some((at, Some(code.to_owned())));
            } else if line.contains("// stops") {
                wanted = Some((at, None));
            }
        }
        let (least, most) = test.parties.unwrap_or((3, 3));
        for parties in least..=most {
            for (way, found, said) in ends(sources, root, hir, at, parties) {
                if found != wanted {
                    let name = format!("{:?} for {parties} parties", test.name);
                    return Err(format!("{name} {way}: {wanted:?} is announced, not {said}").into());
                }
            }
        }
    }
    Ok(())
}

/// How a test ends, by each way of running it, with what is said there.
fn ends(
    sources: &SourceSet,
    root: FileId,
    hir: &Hir,
    test: usize,
    parties: u32,
) -> Vec<(&'static str, End, String)> {
    let line = |span: Span| {
        if span.file == root {
            sources.line_col(span).0
        } else {
            0
        }
    };
    let refused = |said: &[Diagnostic]| {
        let first = said.first();
        let end = first.map(|d| (line(d.primary.span), Some(d.code.to_string())));
        (end, short::render(sources, said))
    };
    let silent = || (None, "silence".to_owned());
    let interpreted = match lower::lower_test(hir, test, parties) {
        Err(said) => refused(&said),
        Ok(ir) => match interpret(&ir, &drawn::seeded(&ir.inputs, drawn::SEED)) {
            Ok(_) => silent(),
            Err(stop) => (Some((line(stop.span), None)), stop.message),
        },
    };
    let setting = match parties {
        3 => support::REP3,
        n => support::setting(Suite::Gmw, n, n - 1),
    };
    let options = support::options(setting, ProtocolChoice::Boolean, Network::LAN);
    let compiled = match pipeline::compile_test(hir, sources, test, parties, &options) {
        Err(said) => refused(&said),
        Ok(compiled) => match eval(
            &compiled.program,
            &drawn::seeded(&compiled.program.inputs, drawn::SEED),
        ) {
            Ok(_) => silent(),
            Err(EvalError::Stopped { message, loc }) => (Some((loc.line as usize, None)), message),
            Err(other) => (Some((0, None)), other.to_string()),
        },
    };
    let with = |way, (end, said): (End, String)| (way, end, said);
    vec![with("interpreted", interpreted), with("compiled", compiled)]
}

/// The codes in comments, with their lines.
fn announced(text: &str) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let Some((_, comment)) = line.split_once("// ") else {
            continue;
        };
        for kind in ["error[", "warning["] {
            for part in comment.split(kind).skip(1) {
                if let Some((code, _)) = part.split_once(']') {
                    out.push((at + 1, code.to_owned()));
                }
            }
        }
    }
    out
}

/// Checks `// type:` comments: the first variable that is declared on the line has this type.
fn types(text: &str, sources: &SourceSet, root: FileId, hir: &Hir) -> Result<(), Failed> {
    for (at, line) in text.lines().enumerate() {
        let Some((_, want)) = line.split_once("// type: ") else {
            continue;
        };
        let mut found: Option<(u32, String)> = None;
        for f in &hir.fns {
            for local in &f.locals {
                let here = local.span.file == root && sources.line_col(local.span).0 == at + 1;
                let first = found
                    .as_ref()
                    .is_none_or(|(start, _)| local.span.start < *start);
                if here && first && !local.name.is_empty() {
                    let shown = show_type(hir, &f.generics, &local.ty);
                    found = Some((local.span.start, shown));
                }
            }
        }
        let found = found.map(|(_, ty)| ty);
        if found.as_deref() != Some(want.trim()) {
            return Err(format!("line {}: the type is {found:?}, not {want:?}", at + 1).into());
        }
    }
    Ok(())
}
