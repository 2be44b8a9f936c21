//! The page on which people contribute who have no program: one file that loads nothing, made from a study's terms.
//!
//! What is typed is split in the browser, and each node's part is sealed to it there (`form/page.js`). The page may connect to the
//! study's nodes and to nothing else, and holds all that it needs; so anybody may serve it, also from disk. Whoever alters it sees the
//! input: its hash is told by every node, and stands beside the signed study.

mod column;
mod fields;

use crate::Error;
use column::{Column, Presence};
use fields::{Field, Times};
use smpcc_circuit::value::Form;
use smpcc_runtime::hash::sha256;
use smpcc_runtime::protocols::stored::Scheme;
use smpcc_study::id::{ContributionId, hex};
use smpcc_study::manifest::Commitment;
use smpcc_study::share_file::{Header, Kind};
use smpcc_study::study::{Contributors, Input, Study};
use std::fmt::Write as _;

const STYLE: &str = include_str!("form/page.css");
const SCRIPT: &str = include_str!("form/page.js");

/// The page, and the policy under which it runs.
pub struct Page {
    /// The text of the file.
    pub html: String,
    /// What it may do: a content security policy.
    pub policy: String,
}

/// The page of a study: that of its contributors, or, if they contribute as several roles, one with a link to the page of each.
///
/// # Errors
/// As [`of_role`].
pub fn of_study(study: &Study) -> Result<Page, Error> {
    let terms = study.terms();
    if let [only] = &terms.contributors[..] {
        return page(study, only);
    }
    let policy = format!("{NOTHING}; style-src '{}'", source(STYLE));
    let mut html = head(&policy, &terms.name);
    let _ = write!(
        html,
        "<p>{}</p>\n<h2>Contribute as</h2>\n<ul>\n",
        text(&terms.purpose)
    );
    for who in &terms.contributors {
        let labels: Vec<&str> = who.inputs.iter().map(|input| &*input.label).collect();
        let _ = writeln!(
            html,
            "<li><a href=\"form/{0}\">{0}</a>: {1}</li>",
            text(&who.role),
            text(&labels.join(", "))
        );
    }
    html += "</ul>\n</main>\n</body>\n</html>\n";
    Ok(Page { html, policy })
}

/// The page of those who contribute as a role.
///
/// # Errors
/// No such role, or a type that the page has no field for: contributors take `smpcc contribute` then.
pub fn of_role(study: &Study, role: &str) -> Result<Page, Error> {
    let who = study.terms().contributing(role);
    let who = who.ok_or_else(|| Error::Absent("nobody contributes as that".into()))?;
    page(study, who)
}

/// What every page may do.
const NOTHING: &str = "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'";

/// The beginning of a page, up to its title.
fn head(policy: &str, title: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{1}</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{1}</h1>\n",
        text(policy),
        text(title)
    )
}

fn page(study: &Study, who: &Contributors) -> Result<Page, Error> {
    let terms = study.terms();
    let mut fields = Vec::new();
    for input in &who.inputs {
        fields.push(Field::new(input).ok_or_else(|| {
            Error::Absent(format!(
                "the page has no field for `{}` of the type {}: contribute with `smpcc contribute`",
                input.name, input.scalar
            ))
        })?);
    }
    let data = data(study, who, &fields)?;
    let mut policy = format!(
        "{NOTHING}; script-src '{}'; style-src '{}'; connect-src",
        source(SCRIPT),
        source(STYLE)
    );
    for node in &terms.nodes {
        let _ = write!(policy, " https://{}", node.address);
    }
    let mut html = head(&policy, &terms.name);
    let _ = writeln!(html, "<p>{}</p>", text(&terms.purpose));
    if terms.contributors.len() > 1 {
        let _ = writeln!(html, "<p>You contribute as <b>{}</b>.</p>", text(&who.role));
    }
    let _ = write!(
        html,
        "<p class=\"note\">What you type is split in this browser. Each of the {} nodes gets a part that says nothing by itself. \
         Whoever alters this page can see what you type: compare its SHA-256 with what the nodes say, or contribute with <code>smpcc contribute</code>.</p>\n\
         <form id=\"form\" novalidate>\n<h2>Your contribution</h2>\n",
        terms.nodes.len()
    );
    for (i, field) in fields.iter().enumerate() {
        html += &field_html(i, field);
    }
    let _ = write!(
        html,
        "<div class=\"field\"><label for=\"invitation\">Invitation</label>\
         <span class=\"hint\" id=\"invitation-hint\">The line in the file that you were given. It is used once and stays in this browser.</span>\
         <textarea id=\"invitation\" rows=\"3\" required autocomplete=\"off\" spellcheck=\"false\" aria-describedby=\"invitation-hint invitation-error\"></textarea>\
         <span class=\"error\" id=\"invitation-error\" role=\"alert\"></span></div>\n\
         <button id=\"send\" type=\"submit\" disabled>Split and send</button>\n</form>\n\
         <p id=\"status\" role=\"status\" aria-live=\"polite\"></p>\n<ul id=\"nodes\"></ul>\n\
         <p id=\"kept\" hidden>Your contribution is called <code id=\"name\"></code>. <a id=\"receipts\">Keep the receipts</a> and your invitation: with both you can withdraw it until the study closes.</p>\n\
         <details><summary>All that is agreed on</summary><pre>{}</pre></details>\n\
         <noscript><p class=\"bad\">Without JavaScript this page sends nothing.</p></noscript>\n\
         <script type=\"application/json\" id=\"study\">{}</script>\n<script>{SCRIPT}</script>\n</main>\n</body>\n</html>\n",
        text(&study.aloud()),
        data.to_string().replace('<', "\\u003c")
    );
    Ok(Page { html, policy })
}

fn field_html(i: usize, field: &Field<'_>) -> String {
    let Input { label, help, .. } = field.input;
    let id = format!("input-{i}");
    match (field.rows, &field.columns[..]) {
        (Times::One, [column]) => control(&id, label, help, column),
        (Times::One, columns) => {
            let mut html = format!("<fieldset><legend>{}</legend>", text(label));
            if !help.is_empty() {
                let _ = write!(html, "<span class=\"hint\">{}</span>", text(help));
            }
            for (c, column) in columns.iter().enumerate() {
                html += &control(&format!("{id}-{c}"), &asked(column), "", column);
            }
            html + "</fieldset>\n"
        }
        (..) => {
            let hint = with(help, &lines_of(field));
            wrapped(
                &id,
                label,
                &hint,
                &format!(
                    "<textarea id=\"{id}\" rows=\"6\" required autocomplete=\"off\" spellcheck=\"false\" aria-describedby=\"{id}-hint {id}-error\"></textarea>"
                ),
            )
        }
    }
}

/// What stands beside the control of one of several values.
fn asked(column: &Column) -> String {
    match (column.kind(), &*column.name) {
        ("given", "") => "Is there one?".into(),
        ("given", name) => format!("{name}: is there one?"),
        ("choice", "") => "Which".into(),
        (_, name) => name.to_owned(),
    }
}

/// What is typed as lines of text.
fn lines_of(field: &Field<'_>) -> String {
    let lines = match field.rows {
        Times::Many(1) => "One line".into(),
        Times::Many(n) => format!("{n} lines"),
        Times::Any | Times::One => "One line for each".into(),
    };
    let typed = |column: &&Column| column.presence != Presence::Seen;
    let columns: Vec<&Column> = field.columns.iter().filter(typed).collect();
    let of_variant = |column: &Column| {
        let last = column.when.last();
        last.and_then(|(of, choice)| Some((field.columns.get(*of)?, choice)))
            .and_then(|(of, choice)| of.choices.get(*choice).filter(|_| of.kind() == "choice"))
    };
    let each = |column: &&Column| {
        let takes = match of_variant(column) {
            Some(variant) => format!("{}; empty unless {variant}", column.takes()),
            None if column.when.is_empty() => column.takes(),
            None => format!("{}; empty where there is none", column.takes()),
        };
        match &*column.name {
            "" if columns.len() == 1 => takes,
            "" if column.kind() == "choice" => format!("which ({takes})"),
            "" => format!("whether ({takes})"),
            name => format!("{name} ({takes})"),
        }
    };
    let takes: Vec<String> = columns.iter().map(each).collect();
    let takes = takes.join(", ");
    let between = "with commas, semicolons or tabs between them";
    match field.repeats {
        Times::One if columns.len() == 1 => format!("{lines}: {takes}."),
        Times::One => format!("{lines}: {takes}; {between}."),
        Times::Many(n) => format!("{lines}: {n} times {takes}; {between}."),
        Times::Any => {
            format!(
                "{lines}: {takes}, as many as there are, and in each line equally many; {between}."
            )
        }
    }
}

/// A control for one value.
fn control(id: &str, label: &str, help: &str, column: &Column) -> String {
    let optional = column.presence == Presence::Optional;
    let required = if optional { "" } else { "required " };
    let described = format!(
        "id=\"{id}\" {required}aria-describedby=\"{id}-hint {id}-error\" autocomplete=\"off\""
    );
    let select = |options: &mut dyn Iterator<Item = (&str, &str)>| {
        let first = if optional { "—" } else { "Choose …" };
        let options = options.map(|(value, shown)| {
            format!("<option value=\"{}\">{}</option>", text(value), text(shown))
        });
        let options: String = options.collect();
        format!("<select {described}><option value=\"\">{first}</option>{options}</select>")
    };
    let typed = |kind: &str| format!("<input {described} {kind}>");
    let (takes, control) = match column.kind() {
        "choice" => {
            let mut names = column.choices.iter().map(|name| (&**name, &**name));
            (String::new(), select(&mut names))
        }
        "bool" | "given" => {
            let mut names = [("yes", "Yes"), ("no", "No")].into_iter();
            (String::new(), select(&mut names))
        }
        "date" => (String::new(), typed("type=\"date\"")),
        "datetime" => (
            "Date and time in UTC.".into(),
            typed("type=\"datetime-local\" step=\"1\""),
        ),
        "integer" if !column.range.0.starts_with('-') => (
            sentence(&column.takes()),
            typed("type=\"text\" inputmode=\"numeric\""),
        ),
        // The keyboards of phones for numbers have no sign.
        _ => (
            sentence(&column.takes()),
            typed("type=\"text\" inputmode=\"text\""),
        ),
    };
    wrapped(id, label, &with(help, &takes), &control)
}

/// A control under its label, with what explains it and with room for what is wrong.
fn wrapped(id: &str, label: &str, hint: &str, control: &str) -> String {
    format!(
        "<div class=\"field\"><label for=\"{id}\">{}</label><span class=\"hint\" id=\"{id}-hint\">{}</span>{control}<span class=\"error\" id=\"{id}-error\" role=\"alert\"></span></div>\n",
        text(label),
        text(hint)
    )
}

/// With a capital letter and a full stop.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).chain(['.']).collect()
}

/// What explains a field, and what it takes.
fn with(help: &str, takes: &str) -> String {
    format!("{help} {takes}").trim().to_owned()
}

/// What the script needs to know.
fn data(
    study: &Study,
    who: &Contributors,
    fields: &[Field<'_>],
) -> Result<serde_json::Value, Error> {
    let terms = study.terms();
    let scheme = Scheme {
        suite: terms.suite,
        n_parties: terms.nodes.len() as u32,
        threshold: terms.threshold,
    };
    let dealing = (scheme.dealing()).map_err(|e| Error::Machine(e.to_string()))?;
    let parts = dealing.parts.len();
    let header = |node: usize, byte: u8, many: u64| Header {
        kind: Kind::Contribution,
        scheme,
        threat: terms.threat,
        node: node as u32,
        study: study.id(),
        id: ContributionId([byte; 16]),
        whose: who.role.clone(),
        session: String::new(),
        made: u64::from_be_bytes([byte; 8]),
        values: fields.iter().map(|field| field.value(many, many)).collect(),
        manifest: vec![Commitment([byte; 32]); parts],
    };
    // Where the script puts what it draws: the places at which two headers differ.
    let zeros = header(0, 0, 0).to_bytes();
    let places = |other: &[u8]| -> Vec<usize> {
        (0..zeros.len()).filter(|&i| zeros[i] != other[i]).collect()
    };
    let differ = places(&header(0, 255, 0).to_bytes());
    let at_lengths = places(&header(0, 0, u64::MAX).to_bytes());
    let lengths: Vec<Vec<OpenNumber>> = fields.iter().map(open_numbers).collect();
    let n_lengths: usize = lengths.iter().map(Vec::len).sum();
    let (Some(id), Some(made), true) = (
        differ.first(),
        differ.get(16),
        differ.len() == 24 + 32 * parts && at_lengths.len() == 8 * n_lengths,
    ) else {
        return Err(Error::Machine(
            "the form of share files has changed, and the page has not".into(),
        ));
    };
    let nodes = terms.nodes.iter().enumerate().map(|(i, node)| {
        serde_json::json!({
            "name": node.name,
            "address": node.address,
            "sign": hex(&node.sign.0),
            "seal": hex(&node.seal.0),
            "parts": scheme.parts(i),
            "header": hex(&header(i, 0, 0).to_bytes()),
        })
    });
    let mut at_lengths = at_lengths.into_iter().step_by(8);
    let inputs = fields.iter().zip(&lengths).map(|(field, lengths)| {
        let leaves = field.leaves.iter().map(|leaf| {
            let lane = |lane: &Vec<fields::Cell>| -> Vec<_> {
                lane.iter().map(|cell| (cell.column, cell.is_there)).collect()
            };
            serde_json::json!({"width": leaf.scalar.width(), "of": leaf.of.iter().map(lane).collect::<Vec<_>>()})
        });
        let lengths = lengths.iter().zip(&mut at_lengths).map(|(number, at)| {
            serde_json::json!({"at": at, "times": number.times, "rows": number.of_rows, "repeats": number.of_repeats})
        });
        serde_json::json!({
            "rows": times(field.rows),
            "repeats": times(field.repeats),
            "columns": field.columns.iter().map(column_data).collect::<Vec<_>>(),
            "leaves": leaves.collect::<Vec<_>>(),
            "lengths": lengths.collect::<Vec<_>>(),
        })
    });
    Ok(serde_json::json!({
        "id": study.id().to_string(),
        "name": terms.name,
        "drawn": dealing.drawn,
        "dealing": dealing.parts,
        "at": {"id": id, "made": made, "manifest": zeros.len() - 32 * parts},
        "nodes": nodes.collect::<Vec<_>>(),
        "inputs": inputs.collect::<Vec<_>>(),
    }))
}

fn times(times: Times) -> serde_json::Value {
    match times {
        Times::One => serde_json::Value::Null,
        Times::Many(n) => n.into(),
        Times::Any => "any".into(),
    }
}

fn column_data(column: &Column) -> serde_json::Value {
    let frac = match column.form {
        Form::Fixed(frac) => frac,
        Form::Plain | Form::Float | Form::Date | Form::Datetime | Form::Text => 0,
    };
    let (least, most) = &column.range;
    serde_json::json!({
        "name": column.name,
        "kind": column.kind(),
        "width": column.scalar.width(),
        "frac": frac,
        "least": least,
        "most": most,
        "choices": column.choices,
        "optional": column.presence == Presence::Optional,
        "seen": column.presence == Presence::Seen,
        "when": column.when,
    })
}

/// A number of a header that follows from open numbers: so many times that of the rows, of the repetitions, or of both.
struct OpenNumber {
    times: u64,
    of_rows: bool,
    of_repeats: bool,
}

/// Those of a field, in the order in which they stand in a header: the lengths of its lists, then the lanes of each scalar.
fn open_numbers(field: &Field<'_>) -> Vec<OpenNumber> {
    let (rows, repeats) = (field.rows == Times::Any, field.repeats == Times::Any);
    let fixed = |times: Times| match times {
        Times::Many(n) => n,
        Times::One | Times::Any => 1,
    };
    let mut all = Vec::new();
    for (of_rows, of_repeats) in [(rows, false), (false, repeats)] {
        if of_rows || of_repeats {
            all.push(OpenNumber {
                times: 1,
                of_rows,
                of_repeats,
            });
        }
    }
    if rows || repeats {
        all.extend(field.leaves.iter().map(|leaf| OpenNumber {
            times: fixed(field.rows) * fixed(field.repeats) * leaf.of.len() as u64,
            of_rows: rows,
            of_repeats: repeats,
        }));
    }
    all
}

/// A source of a policy: the hash of a text.
fn source(text: &str) -> String {
    format!("sha256-{}", base64(&sha256(text.as_bytes()).0))
}

/// Bytes as RFC 4648 writes them.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            match i <= chunk.len() {
                true => text.push(char::from(DIGITS[(group >> (18 - 6 * i)) as usize & 63])),
                false => text.push('='),
            }
        }
    }
    text
}

/// Text inside of elements and quoted attributes.
fn text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648, section 10.
    #[test]
    fn base64_is_the_published_one() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
