//! What programs cost, above functions and in hovers.

use super::{Editor, MAIN};
use serde_json::{Value, json};

const INPUTS: &str = r#"{"a": {"x": 1}, "b[0]": {"ys": 2}, "b[1]": {"ys": 3}}"#;

/// The lines and titles of the lenses.
fn lenses(answer: &Value) -> Vec<(u64, String)> {
    let all = answer["result"].as_array().expect("a list");
    let shown = |lens: &Value| {
        let title = lens["command"]["title"].as_str().expect("a title");
        let line = lens["range"]["start"]["line"].as_u64().expect("a line");
        (line, title.to_owned())
    };
    all.iter().map(shown).collect()
}

fn document(editor: &Editor) -> Value {
    json!({"textDocument": {"uri": editor.uri("main.smpc")}})
}

#[test]
fn functions_have_figures_for_the_sample_inputs() {
    let mut editor = Editor::new();
    std::fs::write(editor.folder.path().join("main.inputs.json"), INPUTS).expect("a file");
    let params = document(&editor);
    let answer = editor.ask("textDocument/codeLens", params.clone());
    let shown = lenses(&answer);
    let main = MAIN.lines().position(|l| l.starts_with("fn main"));
    let main = main.expect("it is there") as u64;
    let titles: Vec<&str> = shown
        .iter()
        .filter(|(line, _)| *line == main)
        .map(|(_, title)| title.as_str())
        .collect();
    let [cost, run, learns] = titles.as_slice() else {
        panic!("{shown:?}");
    };
    for piece in ["lane", " rounds · ", " bytes · ", " ms LAN"] {
        assert!(cost.contains(piece), "{cost}");
    }
    assert_eq!(
        (*run, *learns),
        ("Run with sample inputs", "Who learns what")
    );
    let uri = editor.uri("main.smpc");
    for lens in answer["result"].as_array().expect("a list") {
        assert_eq!(lens["command"]["arguments"], json!([uri]));
    }
    // The same figures as on the command line.
    let path = editor.folder.path().join("main.smpc");
    let stats = super::command(&["stats", &path.display().to_string(), "--format", "json"])
        .output()
        .expect("smpcc runs");
    let stats: Value = serde_json::from_slice(&stats.stdout).expect("JSON");
    let rounds = format!(" {} rounds ", stats["totals"]["rounds"]);
    assert!(cost.contains(&rounds), "{cost}: {rounds}");

    let hover = editor.at("hover", "mean(ys)", Value::Null);
    let text = hover["result"]["contents"]["value"].as_str().unwrap_or("");
    assert!(text.contains("This line costs "), "{text}");
    let head = editor.at("hover", "main(x", Value::Null);
    let text = head["result"]["contents"]["value"].as_str().unwrap_or("");
    assert!(text.contains(&format!("Costs {cost}.")), "{text}");
    let free = editor.at("hover", "age: u8 = 3", Value::Null);
    let text = free["result"]["contents"]["value"].as_str().unwrap_or("");
    assert!(!text.is_empty() && !text.contains("osts"), "{text}");
    editor.end();
}

#[test]
fn figures_follow_the_text_and_the_settings() {
    let mut editor = Editor::new();
    let params = document(&editor);
    // Nothing says how many parties play `b`.
    let without = lenses(&editor.ask("textDocument/codeLens", params.clone()));
    assert!(
        without
            .iter()
            .any(|(_, title)| title.starts_with("no figures: ")),
        "{without:?}"
    );
    let mut with = |options: Value| {
        let settings = json!({"settings": {"smpcc": {"options": options}}});
        editor.tell("workspace/didChangeConfiguration", settings);
        let answer = editor.ask("textDocument/codeLens", params.clone());
        lenses(&answer)
            .into_iter()
            .map(|(_, title)| title)
            .find(|title| title.contains(" rounds "))
    };
    let three = with(json!(["--parties", "3"])).expect("figures");
    let five = with(json!(["--parties", "5", "--network", "wan"])).expect("figures");
    assert!(three.ends_with("LAN") && five.ends_with("WAN") && three != five);
    // A setting that means nothing is said, and the one before it holds.
    assert_eq!(with(json!(["--nothing"])), Some(five.clone()));
    let said = editor
        .notes
        .iter()
        .find(|n| n["method"] == "window/showMessage");
    let said = said.expect("a message")["params"]["message"].to_string();
    assert!(said.contains("--nothing"), "{said}");

    editor.becomes(&MAIN.replace("s + mean(ys)", "s + mean(ys) * s"));
    let changed = lenses(&editor.ask("textDocument/codeLens", params.clone()));
    assert!(
        changed
            .iter()
            .any(|(_, t)| t.contains(" rounds ") && *t != five)
    );
    // Figures on their way are of no use when the text changes: the request is refused, or was answered before.
    editor.becomes(MAIN);
    let first = editor.request("textDocument/codeLens", params.clone());
    editor.becomes(&MAIN.replace("mean(ys)", "mean(y)"));
    let second = editor.request("textDocument/codeLens", params.clone());
    let first = editor.answer(first);
    assert!(
        first["error"]["code"] == -32801 || first["result"].is_array(),
        "{first}"
    );
    assert_eq!(editor.answer(second)["result"], json!([]), "it has errors");
    // What happens to other files does not take the answer away.
    editor.becomes(&MAIN.replace("s + mean(ys)", "s + s + mean(ys)"));
    let asked = editor.request("textDocument/codeLens", params.clone());
    let other = json!({"uri": editor.uri("other.smpc"), "languageId": "smpc", "version": 1, "text": "fn f() {}\n"});
    editor.tell("textDocument/didOpen", json!({"textDocument": other}));
    editor.tell("textDocument/didSave", params.clone());
    let shown = lenses(&editor.answer(asked));
    assert!(
        shown.iter().any(|(_, t)| t.contains(" rounds ")),
        "{shown:?}"
    );
    // A request that is cancelled is answered so.
    editor.becomes(&MAIN.replace("s + mean(ys)", "mean(ys) + s"));
    let third = editor.request("textDocument/codeLens", params.clone());
    editor.tell("$/cancelRequest", json!({"id": third}));
    let third = editor.answer(third);
    assert!(
        third["error"]["code"] == -32800 || third["result"].is_array(),
        "{third}"
    );
    editor.end();
}

#[test]
fn figures_follow_the_inputs() {
    let mut editor = Editor::new();
    let path = editor.folder.path().join("main.inputs.json");
    let params = document(&editor);
    let mut costs = Vec::new();
    for third in ["", r#", "b[2]": {"ys": 4}"#] {
        std::fs::write(&path, INPUTS.replacen("}}", &format!("}}{third}}}"), 1)).expect("a file");
        let changes = json!({"changes": [{"uri": editor.uri("main.inputs.json"), "type": 2}]});
        editor.tell("workspace/didChangeWatchedFiles", changes);
        costs.push(lenses(&editor.ask("textDocument/codeLens", params.clone())));
    }
    assert_ne!(costs[0], costs[1]);
    editor.end();
}

#[test]
fn ranges_that_the_compiler_finds_are_hinted() {
    let mut editor = Editor::new();
    editor.becomes("fn main(pay: secret u32 in 0..=1000 from each) -> u32 {\n    let both: secret u32 = pay[0] + pay[1];\n    let all = both * both;\n    all / 7\n}\n");
    let settings = json!({"settings": {"smpcc": {"options": ["--parties", "2"]}}});
    editor.tell("workspace/didChangeConfiguration", settings);
    let params = document(&editor);
    editor.ask("textDocument/codeLens", params);
    let hints = editor.of("inlayHint");
    let hints = hints.as_array().expect("a list");
    let hint = |label: &str| {
        let found = hints.iter().find(|h| h["label"] == label);
        found.unwrap_or_else(|| panic!("{hints:?}"))["position"].clone()
    };
    assert_eq!(hint(" in 0..=2000"), json!({"line": 1, "character": 42}));
    assert_eq!(hint(" in 0..=4000000"), json!({"line": 2, "character": 25}));
    assert_eq!(hint(": secret u32"), json!({"line": 2, "character": 11}));
    editor.end();
}
