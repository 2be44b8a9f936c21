//! The playground as one HTML file: editor, samples and the compiler's module in it, and a policy under which it can send nothing.
//!
//! The policy names the two scripts that may run by their hashes: the page's own, and that of the graph page, which is shown in a frame. A
//! browser that keeps to it lets the page connect to nothing, load nothing and submit nothing.

use crate::pages;
use serde_json::json;
use smpcc_compiler::lexer;
use smpcc_runtime::hash::sha256;

const HEAD: &str = "<select id=\"sample\" aria-label=\"A sample\"></select>\
    <button class=\"main\" data-does=\"run\" title=\"Ctrl+Enter\">Run</button><button data-does=\"stats\">Cost</button>\
    <button data-does=\"graph\">Graph</button><button data-does=\"audit\">Audit</button><button data-does=\"format\">Format</button>\
    <span class=\"quiet\">Nothing leaves this browser.</span>";

/// An example with its inputs.
macro_rules! sample {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../../examples/", $name, ".smpc")),
            include_str!(concat!("../../../examples/", $name, ".inputs.json")),
        )
    };
}

const SAMPLES: [(&str, &str, &str); 10] = [
    sample!("avg"),
    sample!("millionaires"),
    sample!("auction"),
    sample!("vote"),
    sample!("histogram"),
    sample!("salaries"),
    sample!("intersection"),
    sample!("runoff"),
    sample!("exchange"),
    sample!("noisy"),
];

/// The page around a module, which is what `playground/build` makes.
pub fn html(module: &[u8]) -> String {
    let samples =
        SAMPLES.map(|(name, text, inputs)| json!({"name": name, "text": text, "inputs": inputs}));
    let words = [lexer::KEYWORDS, lexer::CONTEXTUAL_KEYWORDS].concat();
    let script = include_str!("page.js");
    let policy = policy(&[script, pages::graph::SCRIPT]);
    let body = format!(
        "{}<script type=\"text/plain\" id=\"worker\">{}</script><script type=\"text/plain\" id=\"module\">{}</script>",
        include_str!("page.html"),
        include_str!("worker.js"),
        base64(module)
    );
    pages::page_under(
        &policy,
        &pages::Parts {
            title: "smpcc playground",
            style: include_str!("page.css"),
            head: HEAD,
            body: &body,
            script,
            data: &json!({"samples": samples, "words": words}),
        },
    )
}

/// What a browser may do for the page, with the scripts that may run in it.
fn policy(scripts: &[&str]) -> String {
    let hashes = scripts.iter().map(|script| {
        // As it stands between its tags.
        let text = format!("\n{script}");
        format!(" 'sha256-{}'", base64(&sha256(text.as_bytes()).0))
    });
    format!(
        "default-src 'none'; script-src 'wasm-unsafe-eval'{}; worker-src blob:; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'",
        hashes.collect::<String>()
    )
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |i: usize| u32::from(three.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= three.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::answer;

    #[test]
    fn base64_is_that_of_the_standard() {
        let all = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (text, coded) in all {
            assert_eq!(base64(text.as_bytes()), coded);
        }
    }

    #[test]
    fn the_policy_names_the_scripts_as_they_stand_in_the_pages() {
        let html = html(b"\0asm");
        let question =
            json!({"do": "graph", "files": {"main.smpc": SAMPLES[0].1}, "inputs": SAMPLES[0].2});
        let graph = answer(&question)["page"]
            .as_str()
            .expect("a page")
            .to_owned();
        let policy = &html[html.find("script-src").expect("a policy")..];
        let policy = &policy[..policy.find("worker-src").expect("more")];
        for page in [&html, &graph] {
            let at = page.rfind("<script>").expect("a script") + "<script>".len();
            let script = &page[at..at + page[at..].find("</script>").expect("its end")];
            let hash = base64(&sha256(script.as_bytes()).0);
            assert!(policy.contains(&format!("'sha256-{hash}'")), "{policy}");
        }
        assert!(!policy.contains("unsafe-inline") && !html.contains("src=\"http"));
        // What runs in the worker stands in the page, and ends where its element ends.
        assert!(html.contains("AGFzbQ==</script>"));
    }

    #[test]
    fn samples_run_as_they_are() {
        for (name, text, inputs) in SAMPLES {
            let answer =
                answer(&json!({"do": "run", "files": {"main.smpc": text}, "inputs": inputs}));
            assert!(answer["wrong"].is_null(), "{name}: {answer}");
        }
    }
}
