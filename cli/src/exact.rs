//! What a run in exact arithmetic found, for people and for scripts. It shows operands and results: it is for sample data.

use crate::given::PartyInputs;
use crate::words::thousands;
use serde_json::{Value, json};
use smpcc_circuit::value::{Form, Word};
use smpcc_compiler::exact::{Error, Event, Findings, What};
use smpcc_compiler::ir::Ir;
use smpcc_compiler::source::SourceSet;
use std::fmt::Write as _;

/// The lanes of each input leaf: what parties give, and what is in `drawn` already where it is a part of a draw.
pub fn inputs(ir: &Ir, given: &[PartyInputs], mut drawn: Vec<Vec<Word>>) -> Vec<Vec<Word>> {
    for param in &ir.params {
        let party = given.get(param.party as usize);
        let words = party.and_then(|inputs| inputs.words.get(&param.name));
        for (leaf, words) in param.leaves.iter().zip(words.into_iter().flatten()) {
            if let Some(input) = drawn.get_mut(leaf.index()) {
                *input = words.words();
            }
        }
    }
    drawn
}

/// What an error is of: the result's path, and the lane where there are several.
fn path(error: &Error, ir: &Ir) -> String {
    match ir.outputs.get(error.output.index()) {
        Some(leaf) if leaf.lanes == 1 => leaf.path.clone(),
        Some(leaf) if leaf.path.matches("[]").count() == 1 => {
            leaf.path.replace("[]", &format!("[{}]", error.lane))
        }
        Some(leaf) => format!("{}[{}]", leaf.path, error.lane),
        None => String::new(),
    }
}

/// The program's number.
fn shown(error: &Error, ir: &Ir) -> String {
    ir.outputs
        .get(error.output.index())
        .map_or_else(String::new, |leaf| {
            error.form.display(leaf.scalar, error.word)
        })
}

/// The exact number, with decimal digits that show what is a thousandth of a unit in the last place.
fn exactly(error: &Error, ir: &Ir) -> String {
    let width = (ir.outputs.get(error.output.index())).map_or(64, |leaf| leaf.scalar.width());
    let places = match error.form {
        Form::Fixed(places) => i64::from(places),
        _ => -error.exact.last_place(width),
    };
    // log10 2 is below 0.302.
    match u32::try_from(places) {
        Ok(places) if places > 256 => error.exact.as_float(),
        Ok(places) => error.exact.text((places * 302).div_ceil(1000) + 3),
        Err(_) => error.exact.text(3),
    }
}

const fn verb(what: What) -> &'static str {
    match what {
        What::Wrapped => "does not fit",
        What::DividedByZero => "divides by zero",
        What::DecidedOtherwise => "is not what it is exactly",
    }
}

/// The operation with its operands, as it would be written.
fn example(event: &Event) -> String {
    let operation = event.operation;
    match event.operands.as_slice() {
        [a] if operation == "as" => format!("{a} as {}", event.ty),
        [a] if operation == "-" && a.starts_with('-') => format!("-({a})"),
        [a] if operation == "-" => format!("-{a}"),
        [a, b] if !operation.starts_with(char::is_alphabetic) => format!("{a} {operation} {b}"),
        all => format!("{operation}({})", all.join(", ")),
    }
}

/// For people.
pub fn human(findings: &Findings, ir: &Ir, sources: &SourceSet) -> String {
    let mut text = String::new();
    for error in &findings.errors {
        let path = path(error, ir);
        let is = shown(error, ir);
        let _ = match error.absolute.is_zero() {
            true => writeln!(text, "{path}: {is} is exact"),
            false => writeln!(
                text,
                "{path}: the largest error is {:.2e}, {} in the last place: {is}, exactly {}",
                error.absolute.to_f64(),
                units(error.units),
                exactly(error, ir),
            ),
        };
    }
    if findings.errors.is_empty() {
        text.push_str("there are no results with fractions\n");
    }
    for event in &findings.events {
        let times = match event.count {
            1 => "once".to_owned(),
            n => format!("{} times", thousands(n)),
        };
        let exactly = match &event.exact {
            Some(exact) => format!(", exactly {exact}"),
            None => String::new(),
        };
        let _ = writeln!(
            text,
            "{}: `{}` {}, {times}: {} is {}{exactly}",
            sources.place(event.span),
            event.operation,
            match event.what {
                What::Wrapped => format!("does not fit `{}`", event.ty),
                what => verb(what).to_owned(),
            },
            example(event),
            event.result,
        );
    }
    if findings.events.is_empty() {
        text.push_str("nothing wrapped, and nothing was decided otherwise than exactly\n");
    }
    text
}

fn units(units: f64) -> String {
    match units {
        ..1e-3 => format!("{units:.1e} units"),
        ..1e6 => format!("{units:.3} units"),
        _ => format!("{units:.3e} units"),
    }
}

/// For scripts.
pub fn json(findings: &Findings, ir: &Ir, sources: &SourceSet) -> Value {
    let errors = findings.errors.iter().map(|error| {
        let leaf = ir.outputs.get(error.output.index());
        json!({
            "result": leaf.map_or("", |leaf| leaf.path.as_str()),
            "type": leaf.map_or_else(String::new, |l| error.form.name(l.scalar)),
            "element": error.lane,
            "value": shown(error, ir),
            "exact": exactly(error, ir),
            "error": error.absolute.to_f64(),
            "units": error.units,
        })
    });
    let events = findings.events.iter().map(|event| {
        json!({
            "place": sources.place(event.span),
            "line": sources.line_col(event.span).0,
            "what": match event.what {
                What::Wrapped => "wrapped",
                What::DividedByZero => "divided by zero",
                What::DecidedOtherwise => "decided otherwise",
            },
            "operation": event.operation,
            "type": event.ty,
            "count": event.count,
            "operands": event.operands,
            "value": event.result,
            "exact": event.exact,
        })
    });
    json!({
        "results": errors.collect::<Vec<_>>(),
        "events": events.collect::<Vec<_>>(),
    })
}
