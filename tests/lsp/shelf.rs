//! What the binary carries is laid where an editor can open it.

use super::Editor;
use serde_json::{Value, json};

#[test]
fn definitions_in_the_library_are_files() {
    let mut editor = Editor::new();
    let mean = editor.at("definition", "mean(ys)", Value::Null);
    let uri = mean["result"][0]["uri"].as_str().expect("a file");
    let path = uri.strip_prefix("file://").expect("a path");
    assert!(path.ends_with("/std/stats.smpc"), "{path}");
    let text = std::fs::read_to_string(path).expect("a module");
    let line = mean["result"][0]["range"]["start"]["line"].as_u64();
    let line = text.lines().nth(line.map_or(0, |n| n as usize));
    assert!(
        line.is_some_and(|l| l.starts_with("pub fn mean<")),
        "{line:?}"
    );
    editor.end();
}

#[test]
fn codes_lead_to_their_pages() {
    let can = json!({"publishDiagnostics": {"codeDescriptionSupport": true}});
    let itself = [json!({"textDocument": can}), json!({})];
    for capabilities in itself {
        let links = capabilities["textDocument"].is_object();
        let mut editor = Editor::with(json!({"capabilities": capabilities}));
        editor.becomes("party a;\nfn main(x: u8 from a) -> u8 to a { x + y }\n");
        for _ in 0..2 {
            let diagnostics = editor.diagnostics();
            let wrong = &diagnostics[0];
            let Some(page) = wrong["codeDescription"]["href"].as_str() else {
                assert!(!links, "{wrong}");
                break;
            };
            assert!(links, "an editor that cannot show links gets none");
            let page = page.strip_prefix("file://").expect("a file");
            let code = wrong["code"].as_str().expect("a code");
            let text = std::fs::read_to_string(page).expect("a page");
            assert!(text.starts_with(&format!("# {code}")), "{text}");
            // What is gone is written again.
            std::fs::remove_file(page).expect("it was there");
            editor.becomes("party a;\nfn main(x: u8 from a) -> u8 to a { x + z }\n");
        }
        editor.end();
    }
}
