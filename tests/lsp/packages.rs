//! Names that lead into packages and into other programs of a workspace: found, and renamed in all of them or in none.

use super::Editor;
use crate::cli::folder;
use serde_json::{Value, json};

const APP: &str = "use tables::join::first;

fn main(x: secret u32 from each) -> u32 {
    first(x[0], 3)
}
";
const OTHER: &str = "use tables::join::first as begin;

fn main(x: secret u32 from each) -> u32 {
    begin(x[1], 4)
}
";
const JOIN: &str = "use crate::sums::one;

pub fn first(a: secret u32, b: u32) -> secret u32 {
    a + b + one()
}
";
const SUMS: &str = "pub fn one() -> u32 {
    1
}
";

/// An editor that works in some folders of this tree.
fn editor(roots: &[&str]) -> Editor {
    let packages = "[packages]\ntables = { path = \"../lib/tables\" }\n";
    let folder = folder(&[
        ("app/app.smpc", APP),
        ("app/smpc.toml", packages),
        (
            "app/deep/er/unused.smpc",
            "fn main(first: secret u32 from each) -> u32 { first[0] }\n",
        ),
        ("lib/tables/join.smpc", JOIN),
        ("lib/tables/sums.smpc", SUMS),
        ("other/other.smpc", OTHER),
        ("other/smpc.toml", packages),
    ]);
    let uri = |name: &&str| {
        let path = folder.path().join(name);
        json!({"uri": format!("file://{}", path.display()), "name": "folder"})
    };
    let folders: Vec<Value> = roots.iter().map(uri).collect();
    let mut editor = Editor::over(
        folder,
        json!({"capabilities": {}, "workspaceFolders": folders}),
    );
    editor.opens("app/app.smpc");
    editor
}

/// Asks about a place in a file.
fn ask(
    editor: &mut Editor,
    feature: &str,
    name: &str,
    (line, character): (u32, u32),
    more: Value,
) -> Value {
    let mut params = json!({
        "textDocument": {"uri": editor.uri(name)},
        "position": {"line": line, "character": character},
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        params[key] = value.clone();
    }
    editor.ask(&format!("textDocument/{feature}"), params)
}

/// How many places there are in each file, the files by the ends of their names.
fn counts(editor: &Editor, names: &[&str], n_in: impl Fn(&str) -> usize) -> Vec<usize> {
    names.iter().map(|name| n_in(&editor.uri(name))).collect()
}

const FILES: [&str; 4] = [
    "app/app.smpc",
    "other/other.smpc",
    "lib/tables/join.smpc",
    "lib/tables/sums.smpc",
];

#[test]
fn names_lead_into_packages_and_back() {
    let mut editor = editor(&["app", "lib", "other"]);
    let there = ask(
        &mut editor,
        "definition",
        "app/app.smpc",
        (3, 5),
        Value::Null,
    );
    let (uri, line) = (
        &there["result"][0]["uri"],
        &there["result"][0]["range"]["start"]["line"],
    );
    assert_eq!(
        (uri, line),
        (&json!(editor.uri("lib/tables/join.smpc")), &json!(2)),
        "{there}"
    );
    let context = json!({"context": {"includeDeclaration": true}});
    let from_app = ask(
        &mut editor,
        "references",
        "app/app.smpc",
        (3, 5),
        context.clone(),
    );
    // From the package the same places are found.
    editor.opens("lib/tables/join.smpc");
    let from_package = ask(
        &mut editor,
        "references",
        "lib/tables/join.smpc",
        (2, 8),
        context,
    );
    for found in [from_app, from_package] {
        let places = found["result"].as_array().expect("a list");
        let n_in = |uri: &str| places.iter().filter(|place| place["uri"] == uri).count();
        assert_eq!(counts(&editor, &FILES, n_in), [2, 3, 1, 0], "{found}");
    }
    editor.end();
}

#[test]
fn a_package_is_renamed_with_all_who_use_it() {
    let mut editor = editor(&["app", "lib", "other"]);
    let name = json!({"newName": "start"});
    let renamed = ask(&mut editor, "rename", "app/app.smpc", (3, 5), name);
    let changes = &renamed["result"]["changes"];
    let n_in = |uri: &str| changes[uri].as_array().map_or(0, Vec::len);
    // What another program calls it by `as` stays.
    assert_eq!(counts(&editor, &FILES, n_in), [2, 1, 1, 0], "{renamed}");
    assert_eq!(
        changes.as_object().map(serde_json::Map::len),
        Some(3),
        "{renamed}"
    );
    editor.end();
}

#[test]
fn what_lies_outside_of_the_workspace_keeps_its_name() {
    let mut editor = editor(&["app"]);
    for feature in ["prepareRename", "rename"] {
        let refused = ask(
            &mut editor,
            feature,
            "app/app.smpc",
            (3, 5),
            json!({"newName": "start"}),
        );
        let why = refused["error"]["message"].as_str().unwrap_or_default();
        assert!(
            why.contains("outside of the workspace") && why.contains("join.smpc"),
            "{refused}"
        );
    }
    // A variable of its own is nobody else's affair.
    let renamed = ask(
        &mut editor,
        "rename",
        "app/app.smpc",
        (2, 8),
        json!({"newName": "y"}),
    );
    assert_eq!(
        renamed["result"]["changes"]
            .as_object()
            .map(serde_json::Map::len),
        Some(1),
        "{renamed}"
    );
    editor.end();
}

#[test]
fn a_program_that_cannot_be_read_or_parsed_is_a_reason_to_refuse() {
    for (file, text, why) in [
        (
            "other/other.smpc",
            OTHER.replace("begin(x[1], 4)", "begin(x[1], first"),
            "syntax errors",
        ),
        (
            "other/smpc.toml",
            "[packages]\ntables = 3\n".to_owned(),
            "cannot be read",
        ),
    ] {
        let mut editor = editor(&["app", "lib", "other"]);
        std::fs::write(editor.folder.path().join(file), text).expect("a file");
        let refused = ask(
            &mut editor,
            "rename",
            "app/app.smpc",
            (3, 5),
            json!({"newName": "start"}),
        );
        let said = refused["error"]["message"].as_str().unwrap_or_default();
        assert!(said.contains(why) && said.contains("other"), "{refused}");
        editor.end();
    }
}
