//! Files that a party fills in: its inputs with, in the place of each value, what is to stand there.
//!
//! What is not filled in is refused when it is run: no placeholder is a value. Sheets have their header; a sheet without
//! rows is asked about before a run.

use crate::exit::{Failure, Outcome};
use crate::inputs::{self, cell};
use crate::render::json_string;
use crate::seats::{Gift, Seats};
use smpcc_circuit::program::{Shape, ShapeNode};

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One object.
    Json,
    /// Tables for spreadsheets, several files where one does not do.
    Csv,
    /// Keys and tables.
    Toml,
}

/// Items of an array of known length that are written out.
const MANY: u64 = 1000;

/// Values of one parameter that are written out.
const MOST: u64 = 10 * MANY;

/// The files of a party, by path below the folder of all.
///
/// # Errors
/// What a sheet cannot hold.
pub fn files(seats: &Seats, party: u32, format: Format) -> Outcome<Vec<(String, String)>> {
    let gifts = seats.gifts(party);
    let key = match seats.names.get(party as usize) {
        Some(name) if !name.starts_with("party ") => name.clone(),
        _ => party.to_string(),
    };
    if gifts.is_empty() {
        return Ok(Vec::new());
    }
    let fields: Vec<(&str, &Shape)> = gifts.iter().map(|g| (g.name.as_str(), &g.shape)).collect();
    let most = fields.iter().map(|(_, shape)| values(shape, 0)).max();
    if let Some(n) = most.filter(|&n| n > MOST && format != Format::Csv) {
        return Err(too_long(n));
    }
    Ok(match format {
        Format::Json => {
            let mut text = String::from("{");
            for (i, (name, shape)) in fields.iter().enumerate() {
                text.push_str(if i == 0 { "\n  " } else { ",\n  " });
                text.push_str(&json_string(name));
                text.push_str(": ");
                value(&mut text, shape, 0, &mut ("\n    ", true))?;
            }
            text.push_str("\n}\n");
            vec![(format!("{key}.json"), text)]
        }
        Format::Toml => {
            let mut plain = String::new();
            let mut tables = String::new();
            for (name, shape) in fields {
                match shape.0.as_slice() {
                    [ShapeNode::Array(len), ShapeNode::Struct { fields, .. }, ..] => {
                        let n = len.unwrap_or(1);
                        if n > MANY {
                            return Err(too_long(n));
                        }
                        for _ in 0..n {
                            tables.push_str(&format!("\n[[{name}]]\n"));
                            entries(&mut tables, shape, 1, fields)?;
                        }
                    }
                    [ShapeNode::Struct { fields, .. }, ..] => {
                        tables.push_str(&format!("\n[{name}]\n"));
                        entries(&mut tables, shape, 0, fields)?;
                    }
                    _ => {
                        plain.push_str(&format!("{name} = "));
                        value(&mut plain, shape, 0, &mut ("", false))?;
                        plain.push('\n');
                    }
                }
            }
            let text = plain + &tables;
            vec![(format!("{key}.toml"), text.trim_start().to_owned())]
        }
        Format::Csv => sheets(gifts, &key)?,
    })
}

/// One sheet where its columns of one length, or its only row, are all that is given; else one for each parameter.
fn sheets(gifts: &[Gift], key: &str) -> Outcome<Vec<(String, String)>> {
    let len = gifts.first().and_then(|g| g.shape.0.first());
    let together = gifts
        .iter()
        .all(|g| is_column(&g.shape) && g.shape.0.first() == len)
        || gifts.iter().all(|g| is_row(&g.shape))
        || gifts.len() == 1;
    if together {
        return Ok(vec![(format!("{key}.csv"), sheet(gifts)?)]);
    }
    let each = gifts.iter().map(|gift| {
        let path = format!("{key}/{}.csv", gift.name);
        Ok((path, sheet(std::slice::from_ref(gift))?))
    });
    each.collect()
}

fn sheet(gifts: &[Gift]) -> Outcome<String> {
    let cannot = |gift: &Gift| {
        let name = &gift.name;
        Failure::usage(format!("a sheet cannot hold `{name}`: take --format json"))
    };
    if let [only] = gifts {
        match only.shape.0.as_slice() {
            [ShapeNode::Array(_), ShapeNode::Struct { fields, .. }, ..] => {
                if !flat(&only.shape, 2, fields.len()) {
                    return Err(cannot(only));
                }
                let row = format!("{}\n", cells(&only.shape, 2, fields).join(","));
                let rows = row.repeat(fixed_rows(&only.shape));
                return Ok(format!("{}\n{rows}", inputs::header(fields)));
            }
            [ShapeNode::Array(_), ShapeNode::Array(len), ..] if flat(&only.shape, 2, 1) => {
                let n = len.unwrap_or(1);
                if n > MANY {
                    return Err(too_long(n));
                }
                let row = vec![quoted(&placeholder(&only.shape, 2)); n as usize];
                let row = format!("{}\n", row.join(","));
                let all_fit = values(&only.shape, 0) <= MOST;
                return Ok(row.repeat(if all_fit {
                    fixed_rows(&only.shape).max(1)
                } else {
                    1
                }));
            }
            _ => {}
        }
    }
    if let Some(gift) = gifts
        .iter()
        .find(|g| !is_column(&g.shape) && !is_row(&g.shape))
    {
        return Err(cannot(gift));
    }
    let columns: Vec<String> = gifts.iter().flat_map(Gift::columns).collect();
    let mut row = Vec::new();
    for gift in gifts {
        match gift.shape.0.first() {
            Some(ShapeNode::Struct { fields, .. }) => row.extend(cells(&gift.shape, 1, fields)),
            Some(ShapeNode::Array(_)) => row.push(quoted(&placeholder(&gift.shape, 1))),
            _ => row.push(quoted(&placeholder(&gift.shape, 0))),
        }
    }
    let n = match gifts.first() {
        Some(gift) if is_column(&gift.shape) => fixed_rows(&gift.shape),
        _ => 1,
    };
    let rows = format!("{}\n", row.join(",")).repeat(n);
    Ok(format!("{}\n{rows}", inputs::header(&columns)))
}

/// How many rows a sheet of so many items has with placeholders: none where the data say how many, or where nobody fills in all by hand.
fn fixed_rows(shape: &Shape) -> usize {
    match shape.0.first() {
        Some(ShapeNode::Array(Some(n))) if *n <= MANY => *n as usize,
        _ => 0,
    }
}

/// How many values stand at a node: one for each scalar of each item.
fn values(shape: &Shape, at: usize) -> u64 {
    let parts = match shape.0.get(at) {
        Some(ShapeNode::Array(len)) => {
            return len.unwrap_or(1).saturating_mul(values(shape, at + 1));
        }
        Some(ShapeNode::Tuple(n)) => *n as usize,
        Some(ShapeNode::Struct { fields, .. }) => fields.len(),
        _ => return 1,
    };
    let mut next = at + 1;
    let each = (0..parts).map(|_| {
        let part = next;
        next = inputs::skip(shape, part, 0).0;
        values(shape, part)
    });
    each.fold(0, u64::saturating_add)
}

fn too_long(n: u64) -> Failure {
    Failure::usage(format!(
        "a list of {n} values is too long to be written by hand"
    ))
}

/// A cell as it stands in a sheet.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// Whether it is a column of scalars.
fn is_column(shape: &Shape) -> bool {
    matches!(shape.0.first(), Some(ShapeNode::Array(_))) && flat(shape, 1, 1)
}

/// Whether its scalars are cells of one row.
fn is_row(shape: &Shape) -> bool {
    match shape.0.as_slice() {
        [ShapeNode::Struct { fields, .. }, ..] => flat(shape, 1, fields.len()),
        _ => flat(shape, 0, 1),
    }
}

/// Whether so many nodes from `at` on are cells, and the last ones.
fn flat(shape: &Shape, at: usize, n: usize) -> bool {
    let mut node = at;
    for _ in 0..n {
        match after_cell(shape, node) {
            Some(next) => node = next,
            None => return false,
        }
    }
    node == shape.0.len()
}

/// The node behind one that a cell of a sheet holds: a scalar, or bits or bytes, which are written as `0x…`.
fn after_cell(shape: &Shape, at: usize) -> Option<usize> {
    match (shape.0.get(at)?, shape.0.get(at + 1)) {
        (ShapeNode::Scalar { .. } | ShapeNode::Shared { .. }, _) => Some(at + 1),
        // A variant that holds nothing, or a cell that may be missing.
        (
            ShapeNode::Enum {
                optional, variants, ..
            },
            _,
        ) => {
            let mut held = variants.iter().flat_map(|v| &v.fields);
            let is_cell = held.next().is_none()
                || *optional && after_cell(shape, inputs::first_held(shape, at)).is_some();
            is_cell.then(|| inputs::skip(shape, at, 0).0)
        }
        (ShapeNode::Array(Some(_)), Some(item)) if inputs::bits_or_bytes(item).is_some() => {
            Some(at + 2)
        }
        _ => None,
    }
}

/// The placeholders of a struct's fields, of which each is a cell.
fn cells(shape: &Shape, at: usize, fields: &[String]) -> Vec<String> {
    let mut node = at;
    let mut all = Vec::new();
    for _ in fields {
        all.push(quoted(&placeholder(shape, node)));
        node = inputs::skip(shape, node, 0).0;
    }
    all
}

/// What is to stand in the place of a value. It is no value of any type.
fn placeholder(shape: &Shape, at: usize) -> String {
    format!("<{}>", described(shape, at).0)
}

/// A value of the shape at a node in words, and the node behind it.
fn described(shape: &Shape, at: usize) -> (String, usize) {
    let mut node = at + 1;
    let mut next = || {
        let (text, behind) = described(shape, node);
        node = behind;
        text
    };
    let text = match shape.0.get(at) {
        None => String::new(),
        Some(
            ShapeNode::Scalar {
                scalar,
                form,
                range,
            }
            | ShapeNode::Shared {
                scalar,
                form,
                range,
                ..
            },
        ) => cell::described(*scalar, *form, *range),
        Some(ShapeNode::Array(len)) => {
            let item = next();
            let n = len.map_or_else(String::new, |n| format!(" of {n}"));
            match shape.0.get(at + 1).and_then(inputs::bits_or_bytes) {
                Some(true) if len.is_some() => format!("{} bits as 0x…", len.unwrap_or(0)),
                Some(false) if len.is_some() => format!("{} bytes as 0x…", len.unwrap_or(0)),
                _ => format!("a list{n}: [{item}, …]"),
            }
        }
        Some(ShapeNode::Tuple(n)) => {
            let parts: Vec<String> = (0..*n).map(|_| next()).collect();
            format!("[{}]", parts.join(", "))
        }
        Some(ShapeNode::Struct { fields, .. }) => object(fields, next),
        Some(ShapeNode::Enum {
            optional,
            slots,
            variants,
            ..
        }) => {
            for _ in 0..=*slots {
                next();
            }
            let mut choices = Vec::new();
            for variant in variants {
                let held = match (variant.fields.len(), variant.tuple) {
                    (0, _) => {
                        choices.push(variant.name.clone());
                        continue;
                    }
                    (1, true) => next(),
                    (n, true) => {
                        let parts: Vec<String> = (0..n).map(|_| next()).collect();
                        format!("[{}]", parts.join(", "))
                    }
                    (_, false) => object(&variant.fields, &mut next),
                };
                choices.push(match *optional {
                    true => held,
                    false => format!("{{{}: {held}}}", variant.name),
                });
            }
            match *optional {
                true => format!("{}, or NA", choices.last().map_or("", String::as_str)),
                false => choices.join(" or "),
            }
        }
    };
    (text, node)
}

/// Fields with a name, of which each is told by the next call.
fn object(fields: &[String], mut next: impl FnMut() -> String) -> String {
    let fields: Vec<String> = fields.iter().map(|f| format!("{f}: {}", next())).collect();
    format!("{{{}}}", fields.join(", "))
}

/// A key of TOML: in quotes unless it is a name.
fn toml_key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    match name.chars().all(bare) {
        true => name.to_owned(),
        false => json_string(name),
    }
}

/// Fields as TOML.
fn entries(text: &mut String, shape: &Shape, at: usize, fields: &[String]) -> Outcome {
    let mut node = at + 1;
    for field in fields {
        text.push_str(&format!("{} = ", toml_key(field)));
        value(text, shape, node, &mut ("", false))?;
        text.push('\n');
        node = inputs::skip(shape, node, 0).0;
    }
    Ok(())
}

/// A value as JSON, or as TOML inside of a line. `style` is what a list's first items begin with, and whether keys are JSON's.
fn value(text: &mut String, shape: &Shape, at: usize, style: &mut (&str, bool)) -> Outcome {
    match shape.0.get(at) {
        None => return Err(Failure::bug("a shape is cut short")),
        Some(ShapeNode::Scalar { .. } | ShapeNode::Shared { .. } | ShapeNode::Enum { .. }) => {
            text.push_str(&json_string(&placeholder(shape, at)));
        }
        Some(ShapeNode::Array(len)) => {
            let n = len.unwrap_or(1);
            if n > MANY {
                return Err(too_long(n));
            }
            text.push('[');
            let begin = std::mem::take(&mut style.0);
            for i in 0..n {
                text.push_str(if i > 0 { "," } else { "" });
                text.push_str(if begin.is_empty() && i > 0 {
                    " "
                } else {
                    begin
                });
                value(text, shape, at + 1, style)?;
            }
            style.0 = begin;
            text.push_str(begin.strip_suffix("  ").unwrap_or(begin));
            text.push(']');
        }
        Some(ShapeNode::Tuple(n)) => {
            text.push('[');
            let mut node = at + 1;
            for i in 0..*n {
                text.push_str(if i > 0 { ", " } else { "" });
                value(text, shape, node, &mut ("", style.1))?;
                node = inputs::skip(shape, node, 0).0;
            }
            text.push(']');
        }
        Some(ShapeNode::Struct { fields, .. }) => {
            text.push_str(if style.1 { "{" } else { "{ " });
            let mut node = at + 1;
            for (i, field) in fields.iter().enumerate() {
                text.push_str(if i > 0 { ", " } else { "" });
                if style.1 {
                    text.push_str(&format!("{}: ", json_string(field)));
                } else {
                    text.push_str(&format!("{} = ", toml_key(field)));
                }
                value(text, shape, node, &mut ("", style.1))?;
                node = inputs::skip(shape, node, 0).0;
            }
            text.push_str(if style.1 { "}" } else { " }" });
        }
    }
    Ok(())
}
