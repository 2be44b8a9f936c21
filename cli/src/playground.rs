//! What a page in a browser asks of the compiler: a program as text, about which all questions are answered without files, links or parties.
//!
//! A question and its answer are JSON. Places are offsets into the text in UTF-16, as scripts count. Runs are in the clear: the interpreter says
//! what the parties would learn, and nothing is protected, for there is one machine only.

pub mod site;

use crate::audit::{self, Subject};
use crate::choices::{self, Asked, Choices};
use crate::exact;
use crate::exit::{Failure, Outcome};
use crate::given::{self, Given, PartyInputs};
use crate::inputs::json as input_text;
use crate::lens::{self, Lens};
use crate::seats::Seats;
use crate::source::{self, Source};
use crate::{pages, render, words};
use serde_json::{Value, json};
use smpcc_circuit::codec;
use smpcc_circuit::drawn;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::stats::{self, Known as Figures};
use smpcc_compiler::diagnostic::{self, Code, Diagnostic};
use smpcc_compiler::format::{self, Refused};
use smpcc_compiler::hir::Hir;
use smpcc_compiler::ide::{self, Known, Program};
use smpcc_compiler::ir::Ir;
use smpcc_compiler::ir::interpret::interpret;
use smpcc_compiler::parses::Parses;
use smpcc_compiler::session::Session;
use smpcc_compiler::span::Span;
use smpcc_compiler::{audit as tries, lower, pipeline, reveals};
use smpcc_runtime::hash::sha256;
use smpcc_runtime::ring::Elements;
use std::path::{Path, PathBuf};

/// What the file with `main` is called.
const MAIN: &str = "main.smpc";

/// Runs in the clear that an audit may take.
const AUDIT_RUNS: u64 = 20_000;

/// Rows of each party that an audit tries.
const AUDIT_ROWS: u64 = 3;

/// The parties of a program that leaves their number open, where there are no inputs.
const PARTIES: u32 = 3;

/// Answers a question: `{"do": "look" | "hover" | "complete" | "format" | "explain" | "stats" | "graph" | "audit" | "run", "files": {…}}`. `files`
/// has the text of `main.smpc` and of the modules beside it by their names; `file` names the one that is looked at. There are `at`, `whole`,
/// `code`, `parties`, `suite`, `threat`, `network`, `inputs` (text) and `seed` where they matter. What cannot be done is `{"wrong": …}`.
pub fn answer(question: &Value) -> Value {
    let wrong = |failure: Failure| {
        let first = failure.diagnostics.first();
        let message = match first {
            Some(d) if failure.message.is_empty() => d.message.clone(),
            _ => failure.message,
        };
        json!({ "wrong": message })
    };
    match question["do"].as_str() {
        Some("explain") => explain(question),
        Some("format") => formatted(question),
        Some("look") => program(question).map_or_else(wrong, |p| look(&p)),
        Some("hover") => program(question).map_or_else(wrong, |p| hover(&p, question)),
        Some("complete") => complete(question).unwrap_or_else(wrong),
        Some(verb @ ("stats" | "graph" | "audit" | "run")) => {
            planned(verb, question).unwrap_or_else(wrong)
        }
        _ => json!({ "wrong": "no such question" }),
    }
}

/// The name of the file that is looked at.
fn name(question: &Value) -> &str {
    question["file"].as_str().unwrap_or(MAIN)
}

fn text(question: &Value) -> &str {
    question["files"][name(question)].as_str().unwrap_or("")
}

/// The file called `root` and what it uses of the files that are given.
fn source(question: &Value, root: &str) -> Outcome<Source> {
    let files = question["files"].as_object().into_iter().flatten();
    let texts =
        files.filter_map(|(name, text)| Some((PathBuf::from(name), text.as_str()?.to_owned())));
    let mut open: SortedMap<PathBuf, String> = texts.collect();
    // Where there is none, it is empty.
    open.entry(PathBuf::from(root)).or_default();
    source::read_over(Path::new(root), &open, Parses::default())
}

/// The file that is looked at, with what it uses.
fn program(question: &Value) -> Outcome<Program> {
    let (files, root, parses) = source(question, name(question))?.into_parts();
    Ok(Program::new(files, root, parses))
}

/// Offsets in UTF-16 of a text's bytes.
struct Units<'a>(&'a str);

impl Units<'_> {
    fn of(&self, byte: u32) -> usize {
        let before = self
            .0
            .char_indices()
            .take_while(|(at, _)| *at < byte as usize);
        before.map(|(_, c)| c.len_utf16()).sum()
    }

    /// The offsets of all bytes, where many are asked for.
    fn all(&self) -> Vec<usize> {
        let mut all = Vec::with_capacity(self.0.len() + 1);
        let mut units = 0;
        for c in self.0.chars() {
            all.extend(std::iter::repeat_n(units, c.len_utf8()));
            units += c.len_utf16();
        }
        all.push(units);
        all
    }

    fn byte(&self, unit: u64) -> u32 {
        let mut units = 0;
        for (at, c) in self.0.char_indices() {
            if units >= unit {
                return u32::try_from(at).unwrap_or(u32::MAX);
            }
            units += c.len_utf16() as u64;
        }
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }
}

fn own(program: &Program) -> &str {
    &program.sources.file(program.root).text
}

/// What is wrong, how names are coloured, and whether the text can be read to its end. A place has a range if it is in the file that is looked at.
fn look(program: &Program) -> Value {
    let units = Units(own(program)).all();
    let unit = |byte: u32| units.get(byte as usize).or(units.last()).copied();
    let range = |span: Span| json!([unit(span.start), unit(span.end)]);
    let shown = |span: Span| {
        let file = program.sources.file(span.file);
        let (line, _) = file.line_col(span.start as usize);
        let mut place = json!({"file": file.name, "line": line});
        if span.file == program.root {
            place["range"] = range(span);
        }
        place
    };
    let diagnostics = program.checked.diagnostics.iter().map(|d| {
        let causes = d.causes.iter();
        let causes = causes.map(|c| json!({"place": shown(c.span), "text": c.text}));
        json!({
            "place": shown(d.primary.span),
            "error": d.is_error(),
            "code": d.code.as_str(),
            "message": d.message,
            "label": d.primary.text,
            "causes": causes.collect::<Vec<_>>(),
            "help": d.help,
        })
    });
    let colours = ide::colours(program, program.root).into_iter().map(|c| {
        let known = match c.known {
            Known::Unsaid => "",
            Known::Public => "public",
            Known::Secret => "secret",
            Known::Owned => "owned",
        };
        let kind = format!("{:?}", c.kind).to_lowercase();
        json!([unit(c.place.start), unit(c.place.end), kind, known])
    });
    let parsed = program.parses.clone().parse(program.root, own(program));
    json!({
        "diagnostics": diagnostics.collect::<Vec<_>>(),
        "colours": colours.collect::<Vec<_>>(),
        "whole": !parsed.diagnostics.iter().any(Diagnostic::is_error),
    })
}

fn at(program: &Program, question: &Value) -> u32 {
    Units(own(program)).byte(question["at"].as_u64().unwrap_or(0))
}

fn hover(program: &Program, question: &Value) -> Value {
    let units = Units(own(program));
    let found = ide::hover(program, program.root, at(program, question));
    found.map_or(Value::Null, |hover| {
        json!({
            "range": [units.of(hover.place.start), units.of(hover.place.end)],
            "code": hover.code,
            "text": hover.text,
        })
    })
}

/// What may be written at a place, with the `use` that it needs. `whole` is the text when it could last be read to its end: its names are of use
/// while the text is half written.
fn complete(question: &Value) -> Outcome<Value> {
    let program = program(question)?;
    let known = match question["whole"].as_str() {
        Some(whole) => {
            let mut before = question.clone();
            before["files"][name(question)] = whole.into();
            self::program(&before)?
        }
        None => self::program(question)?,
    };
    let units = Units(own(&program));
    let all = ide::complete(&program, &known, &[], program.root, at(&program, question));
    let items = all.into_iter().map(|one| {
        let import = one.import.map(|edit| {
            json!({"range": [units.of(edit.place.start), units.of(edit.place.end)], "text": edit.text})
        });
        json!({
            "name": one.name,
            "kind": one.kind.map_or("keyword".to_owned(), |kind| format!("{kind:?}").to_lowercase()),
            "detail": one.detail,
            "text": one.docs,
            "import": import,
        })
    });
    Ok(json!({ "items": items.collect::<Vec<_>>() }))
}

fn formatted(question: &Value) -> Value {
    let mut files = smpcc_compiler::source::SourceSet::new();
    let file = files.add(name(question), text(question).to_owned());
    match format::format(file, text(question)) {
        Ok(text) => json!({ "text": text }),
        Err(Refused::Syntax(_)) => json!({ "wrong": "the program has syntax errors" }),
        Err(Refused::Changed) => json!({ "wrong": "a bug in smpcc: the text stays as it is" }),
    }
}

fn explain(question: &Value) -> Value {
    let code = question["code"].as_str().and_then(Code::parse);
    code.map_or(Value::Null, |code| json!({ "page": code.page() }))
}

/// A program for a session.
struct Planned {
    source: Source,
    hir: Hir,
    choices: Choices,
    seats: Seats,
    inputs: Option<Vec<PartyInputs>>,
    session: Session,
}

/// What is asked of a program for a session of the inputs that are given with it.
fn planned(verb: &str, question: &Value) -> Outcome<Value> {
    let rows = (verb == "audit").then_some(AUDIT_ROWS);
    let planned = plan(question, rows)?;
    match verb {
        "stats" => planned.stats(),
        "graph" => planned.graph(),
        "audit" => planned.audit(),
        _ => planned.run(question["seed"].as_u64().unwrap_or(drawn::SEED)),
    }
}

fn plan(question: &Value, rows: Option<u64>) -> Outcome<Planned> {
    let source = source(question, MAIN)?;
    let (hir, diagnostics) = source.check();
    let Some(hir) = hir else {
        return Err(first_of(&source, diagnostics));
    };
    if hir.main.is_none() {
        return Err(Failure::usage(
            "the program has no `main`: nothing of it can be run",
        ));
    }
    let text = question["inputs"].as_str().unwrap_or("").trim();
    let mut given = match text {
        "" => None,
        text => {
            let tree =
                input_text::parse(text).map_err(|e| Failure::usage(format!("the inputs: {e}")))?;
            Some(Given::of_tree(tree, "the inputs".into(), true)?)
        }
    };
    let args = match &mut given {
        Some(given) => given.take_arguments(|key| hir.roles.iter().any(|r| r.name == key))?,
        None => SortedMap::new(),
    };
    let asked = |name: &str, usual: &str| question[name].as_str().unwrap_or(usual).to_owned();
    let n_parties = question["parties"]
        .as_u64()
        .and_then(|n| u32::try_from(n).ok());
    let n_parties = given::n_parties(&hir, n_parties, given.as_ref())
        .or_else(|_| given::n_parties(&hir, Some(PARTIES), None))?;
    let asked = Asked {
        suite: asked("suite", "auto"),
        threat: asked("threat", "semi-honest"),
        args,
        network: asked("network", "lan").parse().map_err(Failure::usage)?,
        ..Asked::default()
    };
    let choices = Choices::new(asked, n_parties)?;
    let seats = Seats::of(&hir, &choices::roles(&hir, n_parties)?);
    let inputs = given.map(|given| given.match_parties(&seats)).transpose()?;
    let lens = match (rows, &inputs) {
        (Some(rows), _) => lens::lens_of_all(&seats, rows),
        (None, Some(inputs)) => lens::lens_of(inputs),
        (None, None) => Lens::new(),
    };
    let session = choices.session(&hir, lens)?;
    Ok(Planned {
        source,
        hir,
        choices,
        seats,
        inputs,
        session,
    })
}

/// The first error, with its line.
fn first_of(source: &Source, mut diagnostics: Vec<Diagnostic>) -> Failure {
    diagnostics.retain(Diagnostic::is_error);
    diagnostic::sort(&source.files, &mut diagnostics);
    Failure::usage(diagnostics.first().map_or_else(
        || "the program does not compile".to_owned(),
        |d| {
            format!(
                "{}: {} ({})",
                place(source, d.primary.span),
                d.message,
                d.code
            )
        },
    ))
}

/// A line as the page's reader knows it.
fn place(source: &Source, span: Span) -> String {
    let (line, _) = source.files.line_col(span);
    match source.files.get(span.file) {
        Some(file) if span.file != source.root => format!("{}, line {line}", file.name),
        _ => format!("line {line}"),
    }
}

impl Planned {
    fn compile(&self) -> Outcome<pipeline::Compiled> {
        let options = &self.choices.options;
        let (files, name) = (&self.source.files, self.source.name());
        let compiled = pipeline::compile(
            &self.hir,
            files,
            &name,
            &self.session,
            options,
            &mut |_, _| {},
        );
        compiled.map_err(|d| first_of(&self.source, d))
    }

    fn stats(&self) -> Outcome<Value> {
        let compiled = self.compile()?;
        let known = Figures {
            functions: &compiled.functions,
            attribution: Some(&compiled.attribution),
            trace: None,
            costs: Some(&self.choices.options.costs),
        };
        let mut stats = json!(stats::stats(&compiled.program, &known));
        stats["protection"] = self.protection().into();
        Ok(stats)
    }

    fn graph(&self) -> Outcome<Value> {
        let compiled = self.compile()?;
        let stats = stats::stats(&compiled.program, &Figures::default());
        let picture = smpcc_compiler::graph::picture(&compiled.program, &stats);
        let texts: Vec<(String, String)> = (self.source.files.iter())
            .map(|(_, file)| (file.name.clone(), file.text.clone()))
            .collect();
        let page = pages::graph::html(
            &picture,
            &compiled.program,
            &stats,
            &compiled.functions,
            &texts,
        );
        Ok(json!({ "page": page }))
    }

    fn lowered(&self) -> Outcome<(Ir, lower::Privacy)> {
        let lowered = lower::lower_claimed(&self.hir, &self.session);
        lowered.map_err(|d| first_of(&self.source, d))
    }

    fn audit(&self) -> Outcome<Value> {
        let (ir, privacy) = self.lowered()?;
        let compiled = self.compile()?;
        let plan =
            codec::encode_program(&compiled.program).map_err(|e| Failure::bug(e.to_string()))?;
        let list = reveals::reveals(&ir);
        let options = &self.choices.options;
        let found = tries::audit(&ir, options.threshold, AUDIT_RUNS);
        let page = audit::page(&Subject {
            name: self.source.name(),
            file: format!("{}.smpc", self.source.name()),
            about: crate::doc::paragraph(&self.source.files.file(self.source.root).text),
            source: self.source.digest().to_string(),
            plan: sha256(&plan).to_string(),
            version: env!("CARGO_PKG_VERSION"),
            ir: &ir,
            files: &self.source.files,
            options,
            lens: &self.session.lens,
            args: self.session.args.clone().into_iter().collect(),
            reveals: &list,
            privacy: &privacy,
            audit: &found,
        });
        Ok(json!({ "page": audit::html(&page) }))
    }

    /// What each party would learn. What parties draw follows from the seed.
    fn run(&self, seed: u64) -> Outcome<Value> {
        let Some(given) = &self.inputs else {
            return Err(Failure::usage("there are no inputs to run it with"));
        };
        let (ir, _) = self.lowered()?;
        let inputs = exact::inputs(&ir, given, drawn::seeded(&ir.inputs, seed));
        let outputs = interpret(&ir, &inputs).map_err(|stopped| {
            let place = place(&self.source, stopped.span);
            Failure::usage(format!("the run stops at {place}: {}", stopped.message))
        })?;
        let held = ir
            .outputs
            .iter()
            .zip(&outputs.outputs)
            .map(|(leaf, words)| Elements::of_words(leaf.scalar.width(), words.iter().copied()));
        let held: Vec<Elements> = held.collect();
        let learns = ir.results.iter().map(|result| {
            let leaves: Vec<&Elements> = result
                .leaves
                .iter()
                .filter_map(|id| held.get(id.index()))
                .collect();
            json!({
                "party": words::label(result.party, &self.seats.names),
                "value": render::human(&result.shape, &leaves),
            })
        });
        let revealed = outputs.revealed.iter().map(|r| {
            let shown: Vec<String> = r
                .words
                .iter()
                .take(16)
                .map(|w| r.form.display(r.scalar, *w))
                .collect();
            json!({"place": place(&self.source, r.span), "value": shown.join(", ")})
        });
        Ok(json!({
            "learns": learns.collect::<Vec<_>>(),
            "revealed": revealed.take(100).collect::<Vec<_>>(),
            "protection": self.protection(),
        }))
    }

    /// What would protect the inputs of a run between machines.
    fn protection(&self) -> String {
        let options = &self.choices.options;
        let n = self.choices.n_parties as usize;
        let (suite, threat) = (options.suite.name(), options.threat.name());
        crate::suites::protection(suite, threat, n, options.threshold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AVG: &str = "//! Aβ.\nuse std::stats::mean;\n\nfn main(salary: secret u32 from each) -> u32 {\n    let m = mean(salary);\n    m\n}\n";
    const INPUTS: &str = r#"{"0": {"salary": 1}, "1": {"salary": 2}, "2": {"salary": 6}}"#;

    fn ask(verb: &str, text: &str, more: Value) -> Value {
        let mut question = json!({"do": verb, "files": {"main.smpc": text}, "inputs": INPUTS});
        for (key, value) in more.as_object().into_iter().flatten() {
            question[key] = value.clone();
        }
        answer(&question)
    }

    #[test]
    fn a_program_is_coloured_explained_and_run() {
        let look = ask("look", AVG, Value::Null);
        assert_eq!(look["diagnostics"], json!([]));
        let place = AVG.replace('β', "b").find("salary").expect("a name");
        let given = json!([place, place + 6, "parameter", "owned"]);
        let colours = look["colours"].as_array().expect("a list");
        assert!(colours.contains(&given), "{colours:?}");
        let hover = ask("hover", AVG, json!({"at": place + 1}));
        assert_eq!(hover["range"], json!([place, place + 6]));
        let run = ask("run", AVG, Value::Null);
        assert_eq!(
            run["learns"][2],
            json!({"party": "party 2", "value": "3"}),
            "{run}"
        );
        let stats = ask("stats", AVG, json!({"network": "wan"}));
        assert!(stats["totals"]["rounds"].as_u64() > Some(0), "{stats}");
        let page = ask("graph", AVG, Value::Null)["page"].to_string();
        assert!(page.contains("<!doctype html>"), "{page}");
        let page = ask("audit", AVG, json!({"parties": 2, "inputs": ""}))["page"].to_string();
        assert!(page.contains("Leak: determined"), "{page}");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let look = ask(
            "look",
            "fn main(a: secret u8 from each) -> u8 { β }",
            Value::Null,
        );
        assert_eq!(
            look["diagnostics"][0]["place"]["range"],
            json!([40, 41]),
            "{look}"
        );
        let wrong = |verb: &str, text: &str, more: Value| {
            let said = ask(verb, text, more)["wrong"].as_str().map(str::to_owned);
            said.unwrap_or_else(|| panic!("{verb} is answered"))
        };
        assert!(wrong("run", "fn main(", Value::Null).contains("line 1"));
        assert!(wrong("run", AVG, json!({"inputs": "{"})).contains("not JSON"));
        assert!(wrong("run", AVG, json!({"inputs": ""})).contains("no inputs"));
        assert!(wrong("stats", AVG, json!({"suite": "rep5"})).contains("no suite"));
        assert!(wrong("format", "fn main(", Value::Null).contains("syntax"));
        assert!(wrong("dance", AVG, Value::Null).contains("question"));
        let stops = "fn main(salary: secret u32 from each) -> u32 { assert(reveal(salary[0] > 1), \"no\"); 1 }";
        assert!(wrong("run", stops, Value::Null).contains("line 1"));
        assert!(answer(&json!({"do": "explain", "code": "E3001"}))["page"].is_string());
    }

    /// Names of an offer.
    fn offered(answer: &Value) -> Vec<&str> {
        let items = answer["items"].as_array().expect("a list");
        items
            .iter()
            .filter_map(|item| item["name"].as_str())
            .collect()
    }

    #[test]
    fn what_may_be_written_is_offered() {
        let place = AVG
            .replace('β', "b")
            .find("    m\n")
            .expect("the last line")
            + 4;
        let answer = ask("complete", AVG, json!({"at": place}));
        let names = offered(&answer);
        assert!(
            names.contains(&"salary") && names.contains(&"reveal"),
            "{names:?}"
        );
        // What the library has comes with its `use`, which stands at a place in UTF-16.
        let items = answer["items"].as_array().expect("a list");
        let sort = items
            .iter()
            .find(|item| item["name"] == "sort")
            .expect("sort");
        let start = AVG.replace('β', "b").find("use ").expect("a use");
        assert_eq!(
            sort["import"],
            json!({"range": [start, start], "text": "use std::sort::sort;\n"})
        );
        // Half a line hides no names that the text had when it was whole.
        let half = AVG.replace("    m\n", "    match m {\n");
        let answer = ask("complete", &half, json!({"at": place, "whole": AVG}));
        assert!(offered(&answer).contains(&"salary"), "{answer}");
    }

    #[test]
    fn a_program_has_modules() {
        let main = "use crate::rules::{Rule, score};\n\nfn main(salary: secret u32 from each) -> u32 {\n    score(salary, Rule { least: 2 })\n}\n";
        let rules = "pub struct Rule { least: u32 }\n\npub fn score<const N: usize>(xs: [secret u32; N], r: Rule) -> secret u32 {\n    let mut n: secret u32 = 0;\n    for x in xs { if x >= r.least { n += 1; } }\n    n\n}\n";
        let files = json!({"main.smpc": main, "rules.smpc": rules});
        let ask = |verb: &str, more: Value| {
            let mut question = json!({"do": verb, "files": files, "inputs": INPUTS});
            for (key, value) in more.as_object().into_iter().flatten() {
                question[key] = value.clone();
            }
            answer(&question)
        };
        assert_eq!(ask("look", Value::Null)["diagnostics"], json!([]));
        assert_eq!(ask("run", Value::Null)["learns"][0]["value"], "2");
        let stats = ask("stats", Value::Null);
        assert!(stats["lines"].to_string().contains("rules.smpc"), "{stats}");
        assert!(ask("audit", Value::Null)["page"].is_string());
        // A module is looked at by itself; what is wrong in it is said where it is used, with its place.
        let at = rules.find("r.least").expect("a field") + 2;
        let fields = ask("complete", json!({"file": "rules.smpc", "at": at}));
        assert!(offered(&fields).contains(&"least"), "{fields}");
        let items = ask(
            "complete",
            json!({"at": main.find("Rule,").expect("a name")}),
        );
        assert_eq!(offered(&items), ["Rule", "score"]);
        let broken = json!({"main.smpc": main, "rules.smpc": rules.replace("n += 1", "n += true")});
        let look = ask("look", json!({"files": broken}));
        assert_eq!(
            look["diagnostics"][0]["place"],
            json!({"file": "rules.smpc", "line": 5}),
            "{look}"
        );
        let run = ask("run", json!({"files": broken}));
        assert!(
            run["wrong"]
                .as_str()
                .is_some_and(|w| w.starts_with("rules.smpc, line 5: ")),
            "{run}"
        );
    }
}
