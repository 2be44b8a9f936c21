//! A page as one HTML file: no scripts, nothing from elsewhere, light and dark, and two sheets when printed.

use super::{Page, Part};
use std::fmt::Write as _;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1a1c20;--paper:#fff;--line:#c9ccd3;--soft:#f3f4f7;--leak:#b3261e;--note:#8a5a00;--faint:#5c6270}\
@media(prefers-color-scheme:dark){:root{--ink:#e6e8ec;--paper:#15171b;--line:#3a3f49;--soft:#1f2228;--leak:#ff8a80;--note:#ffc766;--faint:#9aa1ae}}\
body{font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem;margin:0 0 1rem}h2{font-size:1.1rem;margin:1.4rem 0 .4rem;border-bottom:1px solid var(--line);padding-bottom:.15rem}\
p{margin:.4rem 0}code{font:.92em ui-monospace,monospace;background:var(--soft);padding:0 .2em;border-radius:3px;overflow-wrap:break-word}\
table{border-collapse:collapse;width:100%;margin:.4rem 0;font-size:.92em}th{text-align:left;color:var(--faint);font-weight:600}\
th,td{padding:.25rem .5rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:break-word}\
.long,.long code{overflow-wrap:anywhere}\
@media screen and (max-width:40rem){table,tbody,tr,td{display:block}tr{border-bottom:1px solid var(--line);padding:.3rem 0}th{display:none}td{border:0;padding:.1rem 0}td:empty{display:none}td[data-h]::before{content:attr(data-h) ': ';color:var(--faint)}.sign td{height:auto;min-height:2rem}}\
.finding{border-left:4px solid var(--note);background:var(--soft);padding:.4rem .8rem;margin:.6rem 0;break-inside:avoid}\
.finding.leak{border-color:var(--leak)}.finding h3{margin:0;font-size:1rem;color:var(--note)}.finding.leak h3{color:var(--leak)}\
.sign td{height:2rem}\
@media print{@page{size:A4;margin:12mm}body{font-size:9pt;line-height:1.3;margin:0;max-width:none}h1{font-size:14pt;margin-bottom:.5rem}h2{font-size:11pt;margin-top:.6rem}p{margin:.25rem 0}th,td{padding:.12rem .4rem .12rem 0}.finding{padding:.2rem .6rem;margin:.35rem 0}.sign td{height:1.6rem}tr,.finding{break-inside:avoid}}";

/// Bytes of a word that a column holds.
const LONG: usize = 32;

/// The page.
pub(super) fn html(page: &Page) -> String {
    let title = plain(&page.title);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{}</h1>\n",
        marked(&page.title)
    );
    for block in &page.blocks {
        let _ = writeln!(out, "<section>\n<h2>{}</h2>", plain(&block.title));
        for part in &block.parts {
            match part {
                Part::Text(text) if text.is_empty() => {}
                Part::Text(text) => {
                    let _ = writeln!(out, "<p>{}</p>", marked(text));
                }
                Part::Finding(leak, heading, sentences) => {
                    let class = if *leak { "finding leak" } else { "finding" };
                    let _ = writeln!(out, "<div class=\"{class}\"><h3>{}</h3>", plain(heading));
                    for sentence in sentences {
                        let _ = writeln!(out, "<p>{}</p>", marked(sentence));
                    }
                    out.push_str("</div>\n");
                }
                Part::Table(heads, rows) => table(heads, rows, &mut out),
            }
        }
        out.push_str("</section>\n");
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn table(heads: &[&str], rows: &[Vec<String>], out: &mut String) {
    let sign = heads.contains(&"signature");
    out.push_str(if sign {
        "<table class=\"sign\">"
    } else {
        "<table>"
    });
    if heads.iter().any(|h| !h.is_empty()) {
        out.push_str("<tr>");
        for head in heads {
            let _ = write!(out, "<th>{}</th>", plain(head));
        }
        out.push_str("</tr>");
    }
    for row in rows {
        out.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            // On narrow screens cells stand below each other, each with its head.
            let head = heads.get(at).filter(|head| !head.is_empty());
            let head = head.map_or(String::new(), |head| format!(" data-h=\"{}\"", plain(head)));
            // Only what fits in no column is broken within words.
            let long = cell.split_whitespace().any(|word| word.len() > LONG);
            let class = if long { " class=\"long\"" } else { "" };
            let _ = write!(out, "<td{class}{head}>{}</td>", marked(cell));
        }
        out.push_str("</tr>");
    }
    out.push_str("</table>\n");
}

/// Text with what HTML would read as its own written out.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

/// The same, with what stands between backquotes as code.
fn marked(text: &str) -> String {
    let mut out = String::new();
    for (k, piece) in text.split('`').enumerate() {
        match k % 2 {
            0 => out.push_str(&plain(piece)),
            _ => {
                let _ = write!(out, "<code>{}</code>", plain(piece));
            }
        }
    }
    out
}
