//! A run as a page: what each party worked on and when, by section or by line, and what it sent.

use super::{Parts, legend, page};
use crate::play::PartyReport;
use crate::trace;

const HEAD: &str = "<button data-does=\"fit\">fit</button><button data-does=\"sections\">by section</button>\
    <button data-does=\"lines\">by line</button>";

/// The page. `files` are the names of the program's files.
pub fn html(program: &str, reports: &[PartyReport], names: &[String], files: &[String]) -> String {
    let sections = reports.iter().flat_map(|r| &r.sections);
    let letters: String = sections.map(|s| s.domain.as_str()).collect();
    let suite = reports.first().map_or("", |r| r.suite.as_str());
    page(&Parts {
        title: &format!("{program}: {suite} among {} parties", names.len()),
        style: include_str!("trace.css"),
        head: &format!("{HEAD}{}", legend(&letters)),
        body: "<div id=\"times\"><canvas></canvas></div><div id=\"figures\"></div>",
        script: include_str!("trace.js"),
        data: &trace::data(reports, names, files),
    })
}
