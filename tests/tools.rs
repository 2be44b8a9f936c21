//! What stands around the language on the command line: new projects, completions, pages of the manual, the graph as a page.

use crate::cli::{AVG, folder, smpcc, text};
use serde_json::Value;
use std::path::Path;

/// Runs `smpcc`, which succeeds; its stdout.
fn done(args: &[&str]) -> String {
    let output = smpcc(args);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    text(&output.stdout)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn a_new_project_runs_and_passes_its_test() {
    let at = folder(&[]);
    let project = shown(&at.path().join("salaries"));
    let said = done(&["new", &project]);
    assert!(said.contains("smpcc run "), "{said}");
    let main = format!("{project}/main.smpc");
    let result = done(&["run", &main, "--in-process", "--format", "json"]);
    let result: Value = serde_json::from_str(&result).expect("JSON");
    assert_eq!(result["outputs"]["2"], 5300);
    done(&["test", &project]);
    done(&["fmt", "--check", &project]);
    done(&["check", &main]);
    // Nothing that is there is touched.
    std::fs::write(&main, "mine").expect("a file");
    let again = smpcc(&["new", &project]);
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&main).expect("a text"), "mine");
    for name in ["", "-x", "a b", "1st"] {
        let refused = smpcc(&["new", "--", &shown(&at.path().join(name))]);
        let ok = refused.status.success();
        assert!(!ok, "{name}");
    }
}

#[test]
fn shells_complete_every_verb_and_the_manual_has_a_page_for_each() {
    let help = done(&["--help"]);
    let verbs: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(verbs.len() > 15, "{help}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = done(&["completions", shell]);
        for verb in &verbs {
            assert!(script.contains(verb), "{shell} does not know {verb}");
        }
        assert!(
            !script.contains("\\u{"),
            "{shell}: characters are as they are"
        );
    }
    let at = folder(&[]);
    let pages = at.path().join("man1");
    done(&["man", &shown(&pages)]);
    for verb in verbs.iter().filter(|verb| **verb != "help") {
        let page = pages.join(format!("smpcc-{verb}.1"));
        let page = std::fs::read_to_string(&page).unwrap_or_else(|e| panic!("{verb}: {e}"));
        assert!(
            page.contains(".SH SYNOPSIS") && page.contains("Examples:"),
            "{verb}"
        );
    }
    let main = std::fs::read_to_string(pages.join("smpcc.1")).expect("a page");
    assert!(main.contains("smpcc\\-run"), "{main}");
    // Written again, and not over what is something else.
    done(&["man", &shown(&pages)]);
    std::fs::write(pages.join("smpcc-run.1"), "mine").expect("a file");
    assert_eq!(smpcc(&["man", &shown(&pages)]).status.code(), Some(2));
}

/// The data of a page.
fn data(html: &str) -> Value {
    let from = html.find("id=\"data\">").expect("data") + "id=\"data\">".len();
    let end = html[from..].find("</script>").expect("its end");
    serde_json::from_str(&html[from..from + end]).expect("JSON")
}

#[test]
fn the_graph_is_a_page_of_its_own_with_the_source() {
    let program = format!("{AVG}\n// </script><b>\n");
    let at = folder(&[("avg.smpc", &program)]);
    let (file, out) = (at.path().join("avg.smpc"), at.path().join("avg.html"));
    let args = ["graph", &shown(&file), "--parties", "3", "-o", &shown(&out)];
    done(&args);
    let html = std::fs::read_to_string(&out).expect("a page");
    assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"));
    for elsewhere in ["http:", "https:", "<link", "src=", "@import", "<b>"] {
        let own = html.replace("http://www.w3.org/2000/svg", "");
        assert!(!own.contains(elsewhere), "{elsewhere}");
    }
    let data = data(&html);
    let boxes = data["boxes"].as_array().expect("a list");
    let stats = done(&["stats", &shown(&file), "--parties", "3", "--format", "json"]);
    let stats: Value = serde_json::from_str(&stats).expect("JSON");
    let bytes: u64 = boxes.iter().filter_map(|b| b["bytes"].as_u64()).sum();
    let sections = stats["sections"].as_array().expect("a list");
    let all: u64 = sections.iter().filter_map(|s| s["bytes"].as_u64()).sum();
    assert!(bytes > 0 && bytes <= all, "{bytes} of {all}");
    let computes = |b: &&Value| !matches!(b["role"].as_str(), Some("gives" | "learns"));
    assert!(boxes.iter().filter(computes).any(|b| b["within"] == "main"));
    let text = data["files"].as_array().expect("files").iter();
    assert!(text.clone().any(|f| f["text"] == program));
    for b in boxes {
        for place in b["places"].as_array().expect("places") {
            let (file, line) = (place[0].as_u64(), place[1].as_u64());
            let file = &data["files"][file.expect("a file") as usize];
            let lines = file["text"].as_str().expect("a text").lines().count();
            assert!(line.expect("a line") as usize <= lines);
        }
    }
    // A page is a page: it is written again, also where an audit stood.
    done(&args);
    assert_eq!(
        smpcc(&["graph", &shown(&file), "-o", "x.png"])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn a_trace_says_when_what_took_place_and_adds_up() {
    let inputs = r#"{"0": {"salary": 3}, "1": {"salary": 4}, "2": {"salary": 5}}"#;
    let at = folder(&[("avg.smpc", AVG), ("avg.inputs.json", inputs)]);
    let file = shown(&at.path().join("avg.smpc"));
    for how in [&["--in-process"][..], &[]] {
        for form in ["json", "html"] {
            let out = shown(&at.path().join(format!("trace.{form}")));
            let args = ["run", &file, "--format", "json", "--trace", &out];
            let report = done(&[&args[..], how].concat());
            let report: Value = serde_json::from_str(&report).expect("JSON");
            let text = std::fs::read_to_string(&out).expect("a trace");
            let sections = report["sections"].as_array().expect("sections");
            let wanted: u64 = sections.iter().filter_map(|s| s["bytes"].as_u64()).sum();
            if form == "html" {
                let data = data(&text);
                let parties = data["parties"].as_array().expect("parties");
                assert_eq!(parties.len(), 3);
                let work = parties
                    .iter()
                    .flat_map(|p| p["work"].as_array().expect("work"));
                let sent: u64 = work.filter_map(|w| w[4].as_u64()).sum();
                assert_eq!(sent, wanted);
                continue;
            }
            let trace: Value = serde_json::from_str(&text).expect("JSON");
            let events = trace["traceEvents"].as_array().expect("events");
            let work = events.iter().filter(|e| e["ph"] == "X" && e["tid"] != 0);
            let sent: u64 = work
                .clone()
                .filter_map(|e| e["args"]["bytes sent"].as_u64())
                .sum();
            assert!(wanted > 0 && sent == wanted, "{sent} of {wanted}");
            let line = |e: &Value| {
                e["name"]
                    .as_str()
                    .is_some_and(|n| n.starts_with(&format!("{file}:")))
            };
            assert!(work.clone().any(line));
            // A section has the lines that `smpcc stats` says it has.
            let stats = done(&["stats", &file, "--parties", "3"]);
            let mut threads = events.iter().filter(|e| e["name"] == "thread_name");
            assert!(threads.any(|e| {
                let name = e["args"]["name"].as_str().unwrap_or("");
                let place = name
                    .split_once(&format!(" {file}:"))
                    .map(|(_, lines)| lines);
                place.is_some_and(|lines| stats.contains(&format!("avg.smpc:{lines} ")))
            }));
            for party in 0..3 {
                let mine = work.clone().filter(|e| e["pid"] == party);
                assert!(mine.clone().count() > 0);
                for event in mine {
                    let time = |key: &str| event[key].as_f64().expect("a time");
                    assert!(time("ts") >= 0.0 && time("dur") >= 0.0);
                }
                let last = events
                    .iter()
                    .rev()
                    .find(|e| e["ph"] == "C" && e["pid"] == party);
                let sent = last.expect("ticks")["args"]["bytes"].as_u64();
                assert!(sent <= report["bytes_sent"][party.to_string()].as_u64());
            }
        }
    }
    let refused = smpcc(&["run", &file, "--trace", "x.txt"]);
    assert_eq!(refused.status.code(), Some(2));
    // What is asked for only.
    let without = done(&["run", &file, "--format", "json"]);
    assert!(!without.contains("timeline"));
}

#[test]
fn the_choice_is_compared_with_its_alternatives() {
    let at = folder(&[("avg.smpc", AVG)]);
    let file = shown(&at.path().join("avg.smpc"));
    let plain = ["stats", &file, "--parties", "3", "--format", "json"];
    let all = done(&[&plain[..], &["--explain"]].concat());
    let all: Value = serde_json::from_str(&all).expect("JSON");
    let ways = all["alternatives"].as_array().expect("a list");
    let way = |name: &str| {
        let mut named = ways.iter().filter(|w| w["choice"] == name);
        named
            .next()
            .unwrap_or_else(|| panic!("{name}: {ways:?}"))
            .clone()
    };
    let chosen = way("as chosen");
    assert_eq!(chosen["rounds"], all["totals"]["rounds"]);
    assert_eq!(chosen["estimate_ms"], all["estimate_ms"]);
    // What an alternative would cost is what it costs when it is chosen.
    let boolean = way("--protocol boolean");
    let asked = done(&[&plain[..], &["--protocol", "boolean"]].concat());
    let asked: Value = serde_json::from_str(&asked).expect("JSON");
    for figure in ["rounds", "bytes"] {
        assert_eq!(boolean[figure], asked["totals"][figure], "{figure}");
    }
    assert!(way("--protocol arithmetic")["refused"].is_string());
    let least = |w: &Value| w["estimate_ms"]["lan"].as_f64();
    for other in ways.iter().filter(|w| w["refused"].is_null()) {
        assert!(
            least(&chosen) <= least(other),
            "{other} is better than {chosen}"
        );
    }
    let table = done(&["stats", &file, "--parties", "3", "--explain"]);
    assert!(table.contains("the choice and its alternatives") && table.contains("--local off"));
    let without: Value = serde_json::from_str(&done(&plain)).expect("JSON");
    assert!(without["alternatives"].is_null());
}
