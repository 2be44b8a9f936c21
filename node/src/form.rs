//! The page on which people contribute who have no program: one file that loads nothing, made from a study's terms.
//!
//! What is typed is split in the browser, and each node's part is sealed to it there (`form/page.js`). The page may connect to the
//! study's nodes and to nothing else, and holds all that it needs; so anybody may serve it, also from disk. Whoever alters it sees the
//! input: its hash is told by every node, and stands beside the signed study.

use crate::Error;
use smpcc_circuit::program::{Shape, ShapeNode};
use smpcc_circuit::value::{Form, Integer, Scalar, Word};
use smpcc_runtime::hash::sha256;
use smpcc_runtime::protocols::stored::Scheme;
use smpcc_study::id::ContributionId;
use smpcc_study::manifest::Commitment;
use smpcc_study::schema::Value;
use smpcc_study::share_file::{Header, Kind};
use smpcc_study::study::{Input, Study};
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

/// How a field is filled in.
struct Field<'s> {
    input: &'s Input,
    scalar: Scalar,
    form: Form,
    range: (String, String),
}

/// Makes the page of a study.
///
/// # Errors
/// A type that the page has no field for: contributors take `smpcc contribute` then.
pub fn page(study: &Study) -> Result<Page, Error> {
    let terms = study.terms();
    let fields = terms.contributors.inputs.iter().map(field);
    let fields = fields.collect::<Result<Vec<_>, _>>()?;
    let data = data(study, &fields)?;
    let mut policy =
        String::from("default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; ");
    let _ = write!(
        policy,
        "script-src '{}'; style-src '{}'; connect-src",
        source(SCRIPT),
        source(STYLE)
    );
    for node in &terms.nodes {
        let _ = write!(policy, " https://{}", node.address);
    }
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{1}</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{1}</h1>\n<p>{2}</p>\n",
        text(&policy),
        text(&terms.name),
        text(&terms.purpose)
    );
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
    let (least, most) = &field.range;
    let (hint, control) = match (field.scalar, field.form) {
        (Scalar::Bool, _) => (
            help.clone(),
            format!(
                "<select id=\"input-{i}\" required aria-describedby=\"input-{i}-hint input-{i}-error\"><option value=\"\">Choose …</option><option value=\"yes\">Yes</option><option value=\"no\">No</option></select>"
            ),
        ),
        (_, Form::Date) => (help.clone(), control(i, "type=\"date\"")),
        (_, Form::Datetime) => (
            with(help, "Date and time in UTC."),
            control(i, "type=\"datetime-local\" step=\"1\""),
        ),
        (_, Form::Text) => (
            with(
                help,
                &format!("At most {} bytes.", field.scalar.width() / 8),
            ),
            control(i, "type=\"text\""),
        ),
        (_, Form::Fixed(_)) => (
            with(help, &format!("A decimal number from {least} to {most}.")),
            control(i, "type=\"text\" inputmode=\"text\""),
        ),
        (_, Form::Float) => (
            with(help, "A decimal number."),
            control(i, "type=\"text\" inputmode=\"text\""),
        ),
        (_, Form::Plain) => {
            let mode = if least.starts_with('-') {
                "text"
            } else {
                "numeric"
            };
            (
                with(help, &format!("A whole number from {least} to {most}.")),
                control(i, &format!("type=\"text\" inputmode=\"{mode}\"")),
            )
        }
    };
    format!(
        "<div class=\"field\"><label for=\"input-{i}\">{}</label><span class=\"hint\" id=\"input-{i}-hint\">{}</span>{control}<span class=\"error\" id=\"input-{i}-error\" role=\"alert\"></span></div>\n",
        text(label),
        text(&hint)
    )
}

/// What explains a field, and what it takes.
fn with(help: &str, takes: &str) -> String {
    match help {
        "" => takes.to_owned(),
        help => format!("{help} {takes}"),
    }
}

fn control(i: usize, kind: &str) -> String {
    format!(
        "<input id=\"input-{i}\" {kind} required autocomplete=\"off\" aria-describedby=\"input-{i}-hint input-{i}-error\">"
    )
}

/// What the script needs to know.
fn data(study: &Study, fields: &[Field<'_>]) -> Result<serde_json::Value, Error> {
    let terms = study.terms();
    let scheme = Scheme {
        suite: terms.suite,
        n_parties: terms.nodes.len() as u32,
        threshold: terms.threshold,
    };
    let dealing = (scheme.dealing()).map_err(|e| Error::Machine(e.to_string()))?;
    let parts = dealing.parts.len();
    let header = |node: usize, byte: u8| Header {
        kind: Kind::Contribution,
        scheme,
        threat: terms.threat,
        node: node as u32,
        study: study.id(),
        id: ContributionId([byte; 16]),
        whose: terms.contributors.role.clone(),
        session: String::new(),
        made: u64::from_be_bytes([byte; 8]),
        values: fields.iter().map(value).collect(),
        manifest: vec![Commitment([byte; 32]); parts],
    };
    // Where the script puts what it draws: the places at which two headers differ.
    let (zeros, ones) = (header(0, 0).to_bytes(), header(0, 255).to_bytes());
    let differ: Vec<usize> = (0..zeros.len()).filter(|&i| zeros[i] != ones[i]).collect();
    let (Some(id), Some(made), true) = (
        differ.first(),
        differ.get(16),
        differ.len() == 24 + 32 * parts,
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
            "header": hex(&header(i, 0).to_bytes()),
        })
    });
    let inputs = fields.iter().map(|field| {
        let (kind, frac) = match (field.scalar, field.form) {
            (Scalar::Bool, _) => ("bool", 0),
            (_, Form::Date) => ("date", 0),
            (_, Form::Datetime) => ("datetime", 0),
            (_, Form::Text) => ("text", 0),
            (_, Form::Fixed(frac)) => ("fixed", frac),
            (_, Form::Float) => ("float", 0),
            (_, Form::Plain) => ("integer", 0),
        };
        serde_json::json!({"kind": kind, "width": field.scalar.width(), "frac": frac, "least": field.range.0, "most": field.range.1})
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

fn value(field: &Field<'_>) -> Value {
    let range = match (field.input.least.as_deref(), field.input.most.as_deref()) {
        (Some(least), Some(most)) if field.form == Form::Plain => integer(least).zip(integer(most)),
        _ => None,
    };
    Value {
        name: field.input.name.clone(),
        shape: Shape(vec![ShapeNode::Scalar {
            scalar: field.scalar,
            form: field.form,
            range,
        }]),
        leaves: vec![(field.scalar, 1)],
    }
}

fn integer(text: &str) -> Option<Integer> {
    match text.parse::<i128>() {
        Ok(n) => Some(Integer::of(Scalar::signed(128), n as u128)),
        Err(_) => Some(Integer::of(Scalar::unsigned(128), text.parse().ok()?)),
    }
}

/// What a page can ask for: numbers, yes or no, dates, moments and short texts.
fn field(input: &Input) -> Result<Field<'_>, Error> {
    let (scalar, form) = scalar(&input.scalar).ok_or_else(|| {
        Error::Absent(format!(
            "the page has no field for `{}` of the type {}: contribute with `smpcc contribute`",
            input.name, input.scalar
        ))
    })?;
    let (low, high) = match scalar.is_signed() {
        false => (0, smpcc_circuit::value::mask(scalar.width())),
        true => {
            let half = 1 << (scalar.width() - 1);
            (half, half - 1)
        }
    };
    let end = |text: &Option<String>, usual: Word| {
        text.clone().unwrap_or_else(|| form.display(scalar, usual))
    };
    Ok(Field {
        input,
        scalar,
        form,
        range: (end(&input.least, low), end(&input.most, high)),
    })
}

/// The type of a name, of those that a page has fields for.
fn scalar(name: &str) -> Option<(Scalar, Form)> {
    let width = |text: &str, most: u8| {
        let width: u8 = text.parse().ok()?;
        (1..=most).contains(&width).then_some(width)
    };
    let (scalar, form) = match name {
        "bool" => (Scalar::Bool, Form::Plain),
        "date" => (Scalar::signed(32), Form::Date),
        "datetime" => (Scalar::signed(64), Form::Datetime),
        "f64" => (Scalar::unsigned(64), Form::Float),
        _ => {
            if let Some(len) = name.strip_prefix("str<").and_then(|n| n.strip_suffix('>')) {
                (Scalar::unsigned(8 * width(len, 16)?), Form::Text)
            } else if let Some(of) = name
                .strip_prefix("fixed<")
                .and_then(|n| n.strip_suffix('>'))
            {
                let (all, frac) = of.split_once(", ")?;
                (
                    Scalar::signed(width(all, 128)?),
                    Form::Fixed(frac.parse().ok()?),
                )
            } else {
                let (sign, digits) = name.split_at_checked(1)?;
                let width = width(digits, 128)?;
                match sign {
                    "u" => (Scalar::unsigned(width), Form::Plain),
                    "i" => (Scalar::signed(width), Form::Plain),
                    _ => return None,
                }
            }
        }
    };
    // As the language writes it, and in no other way.
    (form.name(scalar) == name && form.suits(scalar)).then_some((scalar, form))
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
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
