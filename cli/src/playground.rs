//! What a page in a browser asks of the compiler: one program as text, in which all questions are answered without files, links or parties.
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
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the program is called.
const NAME: &str = "main.smpc";

/// Runs in the clear that an audit may take.
const AUDIT_RUNS: u64 = 20_000;

/// Rows of each party that an audit tries.
const AUDIT_ROWS: u64 = 3;

/// The parties of a program that leaves their number open, where there are no inputs.
const PARTIES: u32 = 3;

/// Answers a question: `{"do": "look" | "hover" | "format" | "explain" | "stats" | "graph" | "audit" | "run", "text": …}`, with
/// `at`, `code`, `parties`, `suite`, `threat`, `network`, `inputs` (text) and `seed` where they matter. What cannot be done is `{"wrong": …}`.
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
        Some(verb @ ("stats" | "graph" | "audit" | "run")) => {
            planned(verb, question).unwrap_or_else(wrong)
        }
        _ => json!({ "wrong": "no such question" }),
    }
}

fn text(question: &Value) -> &str {
    question["text"].as_str().unwrap_or("")
}

fn source(question: &Value) -> Outcome<Source> {
    let path = Path::new(NAME);
    let open = BTreeMap::from([(PathBuf::from(NAME), text(question).to_owned())]);
    source::read_over(path, &open, Parses::default())
}

fn program(question: &Value) -> Outcome<Program> {
    let (files, root, parses) = source(question)?.into_parts();
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

/// What is wrong, and how names are coloured.
fn look(program: &Program) -> Value {
    let units = Units(own(program)).all();
    let unit = |byte: u32| units.get(byte as usize).or(units.last()).copied();
    let range = |span: Span| match span.file == program.root {
        true => json!([unit(span.start), unit(span.end)]),
        false => json!([0, 0]),
    };
    let diagnostics = program.checked.diagnostics.iter().map(|d| {
        let causes = d.causes.iter();
        let causes = causes.map(|c| json!({"range": range(c.span), "text": c.text}));
        json!({
            "range": range(d.primary.span),
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
    json!({
        "diagnostics": diagnostics.collect::<Vec<_>>(),
        "colours": colours.collect::<Vec<_>>(),
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

fn formatted(question: &Value) -> Value {
    let mut files = smpcc_compiler::source::SourceSet::new();
    let file = files.add(NAME, text(question).to_owned());
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
    let source = source(question)?;
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
        None => BTreeMap::new(),
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
            let (line, _) = source.files.line_col(d.primary.span);
            format!("line {line}: {} ({})", d.message, d.code)
        },
    ))
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
            about: crate::doc::paragraph(&self.source.files.file(self.source.root).text),
            source: self.source.digest().to_string(),
            plan: sha256(&plan).to_string(),
            version: env!("CARGO_PKG_VERSION"),
            ir: &ir,
            files: &self.source.files,
            options,
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
            let (line, _) = self.source.files.line_col(stopped.span);
            Failure::usage(format!("the run stops at line {line}: {}", stopped.message))
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
            json!({"line": self.source.files.line_col(r.span).0, "value": shown.join(", ")})
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
        let mut question = json!({"do": verb, "text": text, "inputs": INPUTS});
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
        assert_eq!(look["diagnostics"][0]["range"], json!([40, 41]), "{look}");
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
}
