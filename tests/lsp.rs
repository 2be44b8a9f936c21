//! `smpcc lsp` as an editor speaks to it: one session per feature, what it can do and what it refuses.

mod figures;
mod fixes;
mod members;
mod packages;
mod shelf;

use crate::cli::{command, folder};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

const MAIN: &str = "//! Doc.
use crate::tools::twice;
use std::stats::mean;

party a;
party b[2..];

/// A row.
struct Row { age: u8, days: secret u16 }

/// Adds up.
fn total(xs: [secret u32; 3], first: u8) -> secret u32 {
    let mut sum = xs[0];
    for x in xs {
        sum += x;
    }
    sum + first as u32
}

fn main(x: secret u32 from a, ys: secret u32 from each b) -> u32 to all {
    let s = total([x, x, twice(x)], 1);
    let age: u8 = 3;
    let r = Row { age, days: x as u16 };
    s + mean(ys) + r.days as u32
}
";

const TOOLS: &str = "/// Two times.
pub fn twice(x: secret u32) -> secret u32 {
    x + x
}
";

struct Editor {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
    /// The text of `main.smpc`.
    text: String,
    n_sent: i64,
    /// What the server said of itself.
    notes: Vec<Value>,
}

impl Editor {
    /// An editor with `main.smpc` open.
    fn new() -> Self {
        Self::with(json!({"capabilities": {}}))
    }

    /// One that says this of itself.
    fn with(itself: Value) -> Self {
        Self::over(
            folder(&[("main.smpc", MAIN), ("tools.smpc", TOOLS)]),
            itself,
        )
    }

    /// One with a folder of its own, in which `main.smpc` is open if it is there.
    fn over(folder: tempfile::TempDir, itself: Value) -> Self {
        let mut child = command(&["lsp"])
            .env("XDG_CACHE_HOME", folder.path().join("cache"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("smpcc starts");
        let to = child.stdin.take().expect("a pipe");
        let from = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut editor = Self {
            child,
            to,
            from,
            folder,
            text: MAIN.to_owned(),
            n_sent: 0,
            notes: Vec::new(),
        };
        let early = editor.ask("textDocument/hover", json!({}));
        assert_eq!(early["error"]["code"], -32002);
        let capabilities = editor.ask("initialize", itself);
        assert_eq!(
            capabilities["result"]["capabilities"]["positionEncoding"],
            "utf-16"
        );
        editor.tell("initialized", json!({}));
        if editor.folder.path().join("main.smpc").is_file() {
            editor.opens("main.smpc");
        }
        editor
    }

    /// Opens a file as it is on the disk; it is not the one that `at` and `of` are about.
    fn opens(&mut self, name: &str) {
        let text = std::fs::read_to_string(self.folder.path().join(name)).expect("a file");
        let document =
            json!({"uri": self.uri(name), "languageId": "smpc", "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": document}));
    }

    fn uri(&self, name: &str) -> String {
        format!("file://{}", self.folder.path().join(name).display())
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{body}", body.len()).expect("it reads");
        self.to.flush().expect("it reads");
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(
                self.from.read_line(&mut line).expect("a line") > 0,
                "it is gone"
            );
            match line.trim_end().split_once(": ") {
                Some((_, n)) => length = n.parse().expect("a number"),
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.from.read_exact(&mut body).expect("a message");
        serde_json::from_slice(&body).expect("JSON")
    }

    /// The whole answer to a request.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        self.answer(id)
    }

    /// Sends a request; its number.
    fn request(&mut self, method: &str, params: Value) -> i64 {
        self.n_sent += 1;
        let id = self.n_sent;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    /// The whole answer to a request that was sent.
    fn answer(&mut self, id: i64) -> Value {
        loop {
            if let Some(at) = self.notes.iter().position(|m| m["id"] == id) {
                return self.notes.remove(at);
            }
            let message = self.receive();
            self.notes.push(message);
        }
    }

    /// The position of a piece of the text.
    fn position(&self, piece: &str) -> Value {
        let at = self
            .text
            .find(piece)
            .unwrap_or_else(|| panic!("{piece} is not there"));
        self.position_of(at)
    }

    fn position_of(&self, at: usize) -> Value {
        let before = &self.text[..at];
        let start = before.rfind('\n').map_or(0, |n| n + 1);
        let column = before[start..].encode_utf16().count();
        json!({"line": before.matches('\n').count(), "character": column})
    }

    /// The result of a request about the document and a place in it.
    fn at(&mut self, feature: &str, piece: &str, more: Value) -> Value {
        let mut params = json!({
            "textDocument": {"uri": self.uri("main.smpc")},
            "position": self.position(piece),
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            params[key] = value.clone();
        }
        self.ask(&format!("textDocument/{feature}"), params)
    }

    /// The result of a request about the whole document.
    fn of(&mut self, feature: &str) -> Value {
        let lines = self.text.lines().count();
        // An edit at random may have broken it.
        let function = self.text.find("fn total").unwrap_or(0);
        let params = json!({
            "textDocument": {"uri": self.uri("main.smpc")},
            "range": {"start": {"line": 0, "character": 0}, "end": {"line": lines, "character": 0}},
            "positions": [self.position_of(function)],
        });
        let answer = self.ask(&format!("textDocument/{feature}"), params);
        assert!(answer["error"].is_null(), "{feature}: {answer}");
        answer["result"].clone()
    }

    fn becomes(&mut self, text: &str) {
        self.text = text.to_owned();
        let document = json!({"uri": self.uri("main.smpc"), "version": 2});
        let changes = json!([{"text": text}]);
        self.tell(
            "textDocument/didChange",
            json!({"textDocument": document, "contentChanges": changes}),
        );
    }

    /// What is wrong, after all that was sent.
    fn diagnostics(&mut self) -> Vec<Value> {
        self.notes.clear();
        self.of("foldingRange");
        let uri = self.uri("main.smpc");
        let last = self.notes.iter().rev().find(|n| n["params"]["uri"] == uri);
        let list = last.and_then(|n| n["params"]["diagnostics"].as_array());
        list.cloned().unwrap_or_default()
    }

    fn end(mut self) {
        assert!(self.ask("shutdown", Value::Null)["result"].is_null());
        self.tell("exit", Value::Null);
        assert!(self.child.wait().expect("it ends").success());
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn labels(answer: &Value) -> Vec<String> {
    let items = answer["result"].as_array().expect("a list");
    let label = |item: &Value| item["label"].as_str().expect("a label").to_owned();
    items.iter().map(label).collect()
}

#[test]
fn hovers_say_types_and_secrecy() {
    let mut editor = Editor::new();
    let text = |answer: Value| {
        answer["result"]["contents"]["value"]
            .as_str()
            .unwrap_or("")
            .to_owned()
    };
    let sum = text(editor.at("hover", "sum += x", Value::Null));
    assert!(
        sum.contains("sum: secret u32") && sum.contains("Secret"),
        "{sum}"
    );
    let twice = text(editor.at("hover", "twice(x)]", Value::Null));
    assert!(
        twice.contains("fn twice(x: secret u32)") && twice.contains("Two times."),
        "{twice}"
    );
    let first = text(editor.at("hover", "first: u8", Value::Null));
    assert!(
        first.contains("first: u8") && first.contains("Not secret"),
        "{first}"
    );
    let given = text(editor.at("hover", "ys: secret u32 from", Value::Null));
    for piece in [
        "ys: secret u32 from each b",
        "given by `each b`",
        "its owner knows it",
    ] {
        assert!(given.contains(piece), "{given}");
    }
    // As they are written: with their ranges, what they hold, what they are.
    let declared = "struct Pair<T> { one: T, two: T }\nfn first<S, const M: usize>(xs: [S; M]) -> S { xs[0] }\nenum Kind { A, B(u8, bool), C { at: u8 in 1..=9 } }\nconst N: u8 = 3 * 4;\nstruct Row {\n    #[name(\"Age (years)\")]\n    age: u8 in 0..=120,\n}\nfn f(r: Row) -> u8 { r.age }\n";
    editor.becomes(declared);
    for (at, code) in [
        ("Kind {", "enum Kind { A, B(u8, bool), C { … } }"),
        ("Row {", "struct Row { age: u8 in 0..=120 }"),
        ("Pair<", "struct Pair<T> { one: T, two: T }"),
        ("T>", "T of struct Pair"),
        ("M: ", "const M: usize of fn first"),
        ("first<", "fn first<S, const M: usize>(xs: [S; M]) -> S"),
        ("B(u8", "Kind::B(u8, bool)"),
        ("A,", "Kind::A"),
        ("C {", "Kind::C { at: u8 in 1..=9 }"),
        ("at: ", "field at: u8 in 1..=9"),
        ("N: ", "const N: u8 = 3 * 4"),
        (
            "age }",
            "#[name(\"Age (years)\")]\nfield age: u8 in 0..=120",
        ),
    ] {
        let place = declared.find(at).expect("a place");
        let place = editor.position_of(place);
        let document = json!({"uri": editor.uri("main.smpc")});
        let answer = editor.ask(
            "textDocument/hover",
            json!({"textDocument": document, "position": place}),
        );
        let shown = text(answer);
        assert!(shown.contains(&format!("\n{code}\n")), "{at}: {shown}");
    }
    editor.becomes(MAIN);
    assert!(editor.at("hover", "{\n    let mut", Value::Null)["result"].is_null());
    // The file itself has no name there.
    assert!(editor.at("hover", "//! Doc", Value::Null)["result"].is_null());
    editor.end();
}

#[test]
fn names_lead_to_declarations_and_back() {
    let mut editor = Editor::new();
    let there = editor.at("definition", "twice(x)]", Value::Null);
    assert_eq!(there["result"][0]["uri"], editor.uri("tools.smpc"));
    assert_eq!(
        there["result"][0]["range"]["start"],
        json!({"line": 1, "character": 7})
    );
    let known = editor.at("definition", "u8, days", Value::Null);
    assert_eq!(
        known["result"],
        json!([]),
        "what belongs to the language is nowhere"
    );
    for (with, n) in [(true, 3), (false, 2)] {
        let context = json!({"context": {"includeDeclaration": with}});
        let found = editor.at("references", "xs: ", context);
        assert_eq!(found["result"].as_array().map(Vec::len), Some(n));
    }
    let marked = editor.at("documentHighlight", "twice(x)]", Value::Null);
    assert_eq!(marked["result"].as_array().map(Vec::len), Some(2));
    editor.end();
}

#[test]
fn renaming_keeps_the_program_or_is_refused() {
    let mut editor = Editor::new();
    let renamed = editor.at("rename", "twice(x)]", json!({"newName": "double"}));
    let changes = &renamed["result"]["changes"];
    let (main, tools) = (editor.uri("main.smpc"), editor.uri("tools.smpc"));
    assert_eq!(
        changes[&main].as_array().map(Vec::len),
        Some(2),
        "{renamed}"
    );
    assert_eq!(
        changes[&tools].as_array().map(Vec::len),
        Some(1),
        "{renamed}"
    );
    let short = editor.at("rename", "age: u8 = 3", json!({"newName": "old"}));
    let texts: Vec<&str> = short["result"]["changes"][&main]
        .as_array()
        .expect("edits")
        .iter()
        .filter_map(|e| e["newText"].as_str())
        .collect();
    assert_eq!(texts, ["old", "age: old"]);
    for (name, why) in [
        ("if", "not a name"),
        ("a b", "not a name"),
        ("", "not a name"),
    ] {
        let refused = editor.at("rename", "s = total", json!({"newName": name}));
        let said = refused["error"]["message"]
            .as_str()
            .unwrap_or("")
            .to_owned();
        assert!(said.contains(why), "{name}: {refused}");
    }
    for (place, why) in [
        ("mean(ys)", "library"),
        ("main(", "begins"),
        ("u8, days", "language"),
    ] {
        let refused = editor.at("prepareRename", place, Value::Null);
        let said = refused["error"]["message"]
            .as_str()
            .unwrap_or("-")
            .to_owned();
        assert!(said.contains(why) && said != "-", "{place}: {refused}");
    }
    // Another variable of that name would be meant from then on.
    let captured = editor.at("rename", "r = Row", json!({"newName": "s"}));
    assert!(captured["error"]["message"].is_string(), "{captured}");
    editor.end();
}

/// What a module declares has another name everywhere, or nowhere: also in programs that no editor has open.
#[test]
fn renaming_in_a_module_reaches_who_uses_it() {
    let mut editor = Editor::new();
    let other = "use crate::tools::twice as double;\n\nfn main(x: secret u32 from each) -> u32 {\n    double(x[0])\n}\n";
    let path = editor.folder.path().join("other.smpc");
    std::fs::write(&path, other).expect("a file");
    let tools = editor.uri("tools.smpc");
    let document = json!({"uri": tools, "languageId": "smpc", "version": 1, "text": TOOLS});
    editor.tell("textDocument/didOpen", json!({"textDocument": document}));
    let place = json!({"line": 1, "character": 8});
    let at = json!({"textDocument": {"uri": tools}, "position": place});
    let mut question = at.clone();
    question["newName"] = json!("doubled");
    let renamed = editor.ask("textDocument/rename", question.clone());
    let changes = renamed["result"]["changes"].as_object().expect("changes");
    let n = |name: &str| {
        changes
            .get(&editor.uri(name))
            .and_then(Value::as_array)
            .map(Vec::len)
    };
    assert_eq!(
        [n("tools.smpc"), n("main.smpc"), n("other.smpc")],
        [Some(1), Some(2), Some(1)],
        "{renamed}"
    );
    let mut asked = at;
    asked["context"] = json!({"includeDeclaration": true});
    let found = editor.ask("textDocument/references", asked);
    // With the other name that `other.smpc` gives it, wherever that stands.
    assert_eq!(
        found["result"].as_array().map(Vec::len),
        Some(1 + 2 + 3),
        "{found}"
    );
    // The other name belongs to its file alone.
    let document =
        json!({"uri": editor.uri("other.smpc"), "languageId": "smpc", "version": 1, "text": other});
    editor.tell("textDocument/didOpen", json!({"textDocument": document}));
    let alias = json!({"textDocument": {"uri": editor.uri("other.smpc")}, "position": {"line": 3, "character": 5}, "newName": "again"});
    let renamed = editor.ask("textDocument/rename", alias);
    let changes = renamed["result"]["changes"].as_object().expect("changes");
    assert_eq!(changes.len(), 1, "{renamed}");
    assert_eq!(
        changes[&editor.uri("other.smpc")].as_array().map(Vec::len),
        Some(2),
        "{renamed}"
    );
    // A name that one of the programs has already is refused in all.
    question["newName"] = json!("total");
    let refused = editor.ask("textDocument/rename", question);
    let why = refused["error"]["message"].as_str().expect("a reason");
    assert!(why.contains("main.smpc"), "{why}");
    editor.end();
}

#[test]
fn outlines_folds_and_selections_follow_the_text() {
    let mut editor = Editor::new();
    let symbols = editor.of("documentSymbol");
    let names: Vec<&str> = symbols
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|s| s["name"].as_str())
        .collect();
    assert_eq!(names, ["a", "b", "Row", "total", "main"]);
    assert_eq!(symbols[2]["children"][1]["name"], "days");
    let folds = editor.of("foldingRange");
    let lines = |f: &Value| (f["startLine"].as_u64(), f["endLine"].as_u64());
    assert!(
        folds
            .as_array()
            .expect("a list")
            .iter()
            .any(|f| lines(f) == (Some(13), Some(14))),
        "{folds}"
    );
    let mut selection = &editor.of("selectionRange")[0];
    let mut n = 0;
    while !selection.is_null() {
        n += 1;
        selection = &selection["parent"];
    }
    assert!(n >= 3, "{n}");
    let found = editor.ask("workspace/symbol", json!({"query": "twc"}));
    assert_eq!(found["result"][0]["name"], "twice");
    let none = editor.ask("workspace/symbol", json!({"query": "zzz"}));
    assert_eq!(none["result"], json!([]));
    editor.becomes("enum Kind { A, B(u8) }\nconst N: u8 = 3;\nfn f() { }\n");
    let symbols = editor.of("documentSymbol");
    assert_eq!(symbols[0]["name"], "Kind");
    assert_eq!(symbols[0]["children"][1]["name"], "B");
    assert_eq!(symbols.as_array().map(Vec::len), Some(3));
    editor.end();
}

#[test]
fn what_may_be_written_is_offered_also_in_half_a_program() {
    let mut editor = Editor::new();
    let fields = labels(&editor.at("completion", "days as u32", Value::Null));
    assert!(
        fields.contains(&"days".into()) && fields.contains(&"age".into()),
        "{fields:?}"
    );
    assert!(!fields.contains(&"total".into()));
    let roles = labels(&editor.at("completion", "a, ys", Value::Null));
    assert!(
        roles.contains(&"a".into()) && roles.contains(&"each".into()),
        "{roles:?}"
    );
    let names = labels(&editor.at("completion", "s + mean", Value::Null));
    for name in ["s", "ys", "total", "mean", "twice", "if", "fold"] {
        assert!(names.contains(&name.into()), "{name}: {names:?}");
    }
    assert!(!names.contains(&"sum_of".into()) && !names.contains(&"first".into()));
    // What is not in the file yet comes with its `use`, and only that.
    let all = editor.at("completion", "s + mean", Value::Null);
    let items = all["result"].as_array().expect("a list");
    let item = |name: &str| {
        items
            .iter()
            .find(|i| i["label"] == name)
            .expect("it is offered")
    };
    let edit = &item("variance")["additionalTextEdits"][0];
    assert_eq!(edit["newText"], "use std::stats::variance;\n");
    assert_eq!(edit["range"]["start"], json!({"line": 1, "character": 0}));
    assert!(item("mean")["additionalTextEdits"].is_null());
    assert_eq!(
        editor.at("completion", "Adds", Value::Null)["result"],
        json!([])
    );
    let half = MAIN.replace("s + mean(ys) + r.days as u32\n}", "s + r.");
    editor.becomes(&half);
    let at = editor.text.len() - 1;
    let params = json!({"textDocument": {"uri": editor.uri("main.smpc")}, "position": editor.position_of(at)});
    let fields = labels(&editor.ask("textDocument/completion", params));
    assert!(fields.contains(&"days".into()), "{fields:?}");
    editor.end();
}

/// A module beside the program that it does not use is offered like those that it uses, and its items with their `use`.
#[test]
fn what_lies_beside_a_program_is_offered() {
    let private = "fn inner(x: u8) -> u8 { x }\n";
    let more = format!("{private}pub fn thrice(x: secret u32) -> secret u32 {{ x + x + x }}\n");
    let files = [
        ("main.smpc", MAIN),
        ("tools.smpc", TOOLS),
        ("more.smpc", more.as_str()),
    ];
    let mut editor = Editor::over(folder(&files), json!({"capabilities": {}}));
    let all = editor.at("completion", "s + mean", Value::Null);
    let items = all["result"].as_array().expect("a list");
    let item = items.iter().find(|i| i["label"] == "thrice");
    let edits = &item.expect("it is offered")["additionalTextEdits"];
    assert_eq!(edits[0]["newText"], "use crate::more::thrice;\n");
    assert!(items.iter().all(|i| i["label"] != "inner"));
    for (written, offered) in [
        ("use crate::", vec!["more", "tools"]),
        ("use crate::more::{", vec!["thrice"]),
    ] {
        editor.becomes(&MAIN.replace(
            "use std::stats::mean;",
            &format!("use std::stats::mean;\n{written}\n"),
        ));
        let at = editor
            .text
            .find(&format!("{written}\n"))
            .expect("it is there")
            + written.len();
        let place = editor.position_of(at);
        let document = json!({"uri": editor.uri("main.smpc")});
        let answer = editor.ask(
            "textDocument/completion",
            json!({"textDocument": document, "position": place}),
        );
        let mut found = labels(&answer);
        found.sort();
        assert_eq!(found, offered, "{written}");
    }
    editor.end();
}

/// Items of modules are offered where a `use` lists them, and what is offered can be written as it is.
#[test]
fn modules_and_their_items_are_offered() {
    let mut editor = Editor::new();
    for (written, offered) in [
        ("use crate::tools::{", vec!["twice"]),
        ("use crate::tools::{twice, ", vec!["twice"]),
        ("use crate::", vec!["tools"]),
    ] {
        editor.becomes(&MAIN.replace(
            "use crate::tools::twice;",
            &format!("use crate::tools::twice;\n{written}\n"),
        ));
        let at = editor.text.find(written).expect("it is there") + written.len();
        let place = editor.position_of(at);
        let document = json!({"uri": editor.uri("main.smpc")});
        let answer = editor.ask(
            "textDocument/completion",
            json!({"textDocument": document, "position": place}),
        );
        assert_eq!(labels(&answer), offered, "{written}");
    }
    editor.becomes(MAIN);
    let place = editor.position("sum + first");
    let document = json!({"uri": editor.uri("main.smpc")});
    let answer = editor.ask(
        "textDocument/completion",
        json!({"textDocument": document, "position": place}),
    );
    let odd = |label: &&String| label.is_empty() || label.contains(':');
    let all = labels(&answer);
    assert!(
        all.len() > 50 && !all.iter().any(|label| odd(&label)),
        "{all:?}"
    );
    editor.end();
}

/// Pieces of programs are offered to editors that can fill them in and have none of their own.
#[test]
fn snippets_are_offered_to_who_takes_them() {
    let can = json!({"textDocument": {"completion": {"completionItem": {"snippetSupport": true}}}});
    for (itself, offered) in [
        (json!({"capabilities": can}), true),
        (
            json!({"capabilities": can, "initializationOptions": {"snippets": false}}),
            false,
        ),
        (json!({"capabilities": {}}), false),
    ] {
        let mut editor = Editor::with(itself);
        let answer = editor.at("completion", "sum + first", Value::Null);
        let items = answer["result"].as_array().expect("a list");
        let found = items.iter().find(|item| item["label"] == "forin");
        assert_eq!(found.is_some(), offered);
        if let Some(found) = found {
            assert_eq!(found["insertTextFormat"], 2);
            assert!(
                found["insertText"]
                    .as_str()
                    .is_some_and(|text| text.contains("$0") && text.contains('\n')),
                "{found}"
            );
        }
        // No piece is a field.
        let fields = editor.at("completion", "days as u32", Value::Null);
        assert!(!labels(&fields).contains(&"forin".to_owned()));
        editor.end();
    }
}

#[test]
fn calls_show_their_heads() {
    let mut editor = Editor::new();
    let help = editor.at("signatureHelp", "1);", Value::Null);
    let signature = &help["result"]["signatures"][0];
    assert!(
        signature["label"]
            .as_str()
            .unwrap_or("")
            .starts_with("fn total(xs"),
        "{help}"
    );
    assert_eq!(help["result"]["activeParameter"], 1);
    assert_eq!(signature["parameters"].as_array().map(Vec::len), Some(2));
    assert!(editor.at("signatureHelp", "let s", Value::Null)["result"].is_null());
    editor.end();
}

#[test]
fn texts_are_formatted_and_broken_ones_are_not() {
    let mut editor = Editor::new();
    assert_eq!(editor.of("formatting"), json!([]));
    editor.becomes(&MAIN.replace("sum += x", "sum  +=x"));
    let edits = editor.of("formatting");
    assert_eq!(edits[0]["newText"], "        sum += x;\n", "{edits}");
    editor.becomes(&MAIN.replace("sum += x", "sum += ("));
    let params = json!({"textDocument": {"uri": editor.uri("main.smpc")}});
    let refused = editor.ask("textDocument/formatting", params);
    assert!(refused["error"]["message"].is_string(), "{refused}");
    editor.end();
}

#[test]
fn errors_come_with_their_causes_and_fixes() {
    let mut editor = Editor::new();
    assert_eq!(editor.diagnostics(), Vec::<Value>::new());
    editor.becomes(
        &MAIN
            .replace("total([", "totl([")
            .replace("use std::stats::mean;\n", ""),
    );
    let found = editor.diagnostics();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found
            .iter()
            .all(|d| d["severity"] == 1 && d["source"] == "smpcc")
    );
    let actions = editor.of("codeAction");
    let titles: Vec<&str> = actions
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|a| a["title"].as_str())
        .collect();
    assert!(titles.contains(&"Change to `total`"), "{titles:?}");
    assert!(
        titles.contains(&"Add `use std::stats::mean;`"),
        "{titles:?}"
    );
    editor.becomes(&MAIN.replace("for x in xs {", "if sum > 3 { return sum; } for x in xs {"));
    let found = editor.diagnostics();
    assert!(
        found
            .iter()
            .any(|d| d["code"].as_str().is_some_and(|c| c.starts_with('E'))),
        "{found:?}"
    );
    editor.becomes(MAIN);
    assert_eq!(editor.diagnostics(), Vec::<Value>::new());
    assert_eq!(editor.of("codeAction"), json!([]));
    editor.end();
}

/// The modifiers of semantic tokens by line and column.
fn modifiers(tokens: &Value) -> std::collections::BTreeMap<(u64, u64), u64> {
    let data: Vec<u64> = tokens["data"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_u64)
        .collect();
    let (mut line, mut column) = (0, 0);
    let mut at = std::collections::BTreeMap::new();
    for token in data.chunks(5) {
        line += token[0];
        column = if token[0] == 0 {
            column + token[1]
        } else {
            token[1]
        };
        at.insert((line, column), token[4]);
    }
    at
}

#[test]
fn secrets_are_coloured_and_types_are_hinted() {
    let mut editor = Editor::new();
    let tokens = editor.of("semanticTokens/full");
    let at = modifiers(&tokens);
    let known = |piece: &str| {
        let place = editor.position(piece);
        let number = |part: &str| place[part].as_u64().expect("a number");
        at[&(number("line"), number("character"))]
    };
    assert_eq!(known("sum += x") & 0b1110, 0b0010, "secret");
    assert_eq!(
        known("first: u8") & 0b1111,
        0b0101,
        "public and declared here"
    );
    assert_eq!(
        known("x: secret u32 from a") & 0b1110,
        0b1010,
        "owned and secret"
    );
    let hints = editor.of("inlayHint");
    let labels: Vec<&str> = hints
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|h| h["label"].as_str())
        .collect();
    assert!(
        labels.contains(&": secret u32") && labels.contains(&": Row"),
        "{labels:?}"
    );
    editor.end();
}

#[test]
fn fields_are_as_secret_as_what_they_are_of() {
    let mut editor = Editor::new();
    let text = "struct P { age: u8, pay: u32 }
fn older(p: secret P, least: u8) -> secret bool { p.age > least }
fn sum(q: P, some: [P; 2]) -> u32 { q.pay + some[q.age as usize].pay }
fn main(x: [secret P; 2] from each) -> bool { let all = x; all[0][0].pay > 3 && older(all[0][1], 3) }
";
    editor.becomes(text);
    let tokens = editor.of("semanticTokens/full");
    let at = modifiers(&tokens);
    let lines: Vec<&str> = text.lines().collect();
    let field = |line: usize, piece: &str| {
        let column =
            lines[line].find(piece).expect("a piece") + piece.rfind('.').expect("a dot") + 1;
        at[&(line as u64, column as u64)] & 0b0110
    };
    let (secret, public) = (0b0010, 0b0100);
    assert_eq!(field(1, "p.age"), secret);
    assert_eq!(field(3, "all[0][0].pay"), secret);
    assert_eq!(field(2, "q.pay"), public);
    assert_eq!(field(2, "some[q.age as usize].pay"), public);
    editor.end();
}

#[test]
fn one_bad_message_kills_nothing() {
    let mut editor = Editor::new();
    let uri = editor.uri("main.smpc");
    for (method, params, code) in [
        (
            "textDocument/hover",
            json!({"textDocument": {"uri": uri}, "position": 3}),
            -32602,
        ),
        ("textDocument/hover", json!([]), -32602),
        (
            "textDocument/hover",
            json!({"textDocument": {"uri": "file:///nowhere"}}),
            -32602,
        ),
        ("textDocument/nothing", json!({}), -32601),
    ] {
        assert_eq!(
            editor.ask(method, params)["error"]["code"],
            code,
            "{method}"
        );
    }
    for message in [
        json!([1]),
        json!("x"),
        json!({"id": 7}),
        json!({"method": "nothing"}),
    ] {
        editor.send(&message);
    }
    editor.tell(
        "textDocument/didChange",
        json!({"textDocument": {"uri": uri}, "contentChanges": [3, {"range": 4}]}),
    );
    editor.becomes(MAIN);
    assert!(editor.at("hover", "sum += x", Value::Null)["result"].is_object());
    editor.end();
}

#[test]
fn random_edits_neither_kill_nor_wedge_it() {
    let mut editor = Editor::new();
    let mut state = 7u64;
    let mut draw = move |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let pieces = [
        "", "(", "}", "é", "\"", "/*", "secret ", ".", "fn ", "\n", "𝄞", ",", "::",
    ];
    let mut text: Vec<char> = MAIN.chars().collect();
    for round in 0..60 {
        let at = draw(text.len());
        let end = (at + draw(4)).min(text.len());
        let piece = pieces[draw(pieces.len())];
        text.splice(at..end, piece.chars());
        editor.becomes(&text.iter().collect::<String>());
        if round % 4 != 0 {
            continue;
        }
        let params = json!({
            "textDocument": {"uri": editor.uri("main.smpc")},
            "position": {"line": draw(26), "character": draw(40)},
            "context": {"includeDeclaration": true},
            "newName": "other",
        });
        for feature in [
            "hover",
            "completion",
            "signatureHelp",
            "definition",
            "references",
            "rename",
            "formatting",
        ] {
            let answer = editor.ask(&format!("textDocument/{feature}"), params.clone());
            assert_ne!(
                answer["error"]["code"], -32603,
                "{feature} in {}",
                editor.text
            );
        }
        for feature in [
            "documentSymbol",
            "semanticTokens/full",
            "inlayHint",
            "codeAction",
            "codeLens",
        ] {
            editor.of(feature);
        }
    }
    editor.becomes(MAIN);
    assert_eq!(editor.diagnostics(), Vec::<Value>::new());
    editor.end();
}
