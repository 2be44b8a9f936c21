//! Types of results as JSON: with them a program that reads a report tells a date from a text that looks like one.
//!
//! A scalar is its name (`"u32"`, `"date"`, `"fixed<32, 16>"`); all else is an object with one key: `{"array": T, "len": n}`,
//! `{"tuple": [T, …]}`, `{"struct": {"field": T, …}}`, `{"option": T}`, `{"enum": {"Variant": T or null, …}}`.

use crate::inputs::skip;
use crate::render::json_string;
use smpcc_circuit::program::{Shape, ShapeNode, ShapeVariant};

/// The type of a shape. Fields and variants stand in the order of their declaration.
pub fn json(shape: &Shape) -> String {
    let mut text = String::new();
    value(&mut text, shape, 0);
    text
}

/// Writes the type of the subtree at a node; returns the node after it.
fn value(text: &mut String, shape: &Shape, at: usize) -> usize {
    match shape.0.get(at) {
        None => at + 1,
        Some(ShapeNode::Scalar { scalar, form, .. } | ShapeNode::Shared { scalar, form, .. }) => {
            text.push_str(&json_string(&form.name(*scalar)));
            at + 1
        }
        Some(ShapeNode::Array(len)) => {
            text.push_str("{\"array\": ");
            let next = value(text, shape, at + 1);
            let len = len.map_or_else(|| "null".to_owned(), |len| len.to_string());
            text.push_str(&format!(", \"len\": {len}}}"));
            next
        }
        Some(ShapeNode::Tuple(n)) => tuple(text, shape, *n as usize, at + 1),
        Some(ShapeNode::Struct { fields, .. }) => structure(text, shape, fields, at + 1),
        Some(ShapeNode::Enum {
            optional,
            slots,
            variants,
            ..
        }) => {
            // The tag and what the variants hold together; what each of them holds comes after.
            let held = (0..1 + *slots).fold(at + 1, |node, _| skip(shape, node, 0).0);
            if *optional {
                text.push_str("{\"option\": ");
                let next = (variants.iter()).fold(held, |node, v| match v.fields.len() {
                    0 => node,
                    _ => value(text, shape, node),
                });
                text.push('}');
                return next;
            }
            text.push_str("{\"enum\": {");
            let mut next = held;
            for (i, variant) in variants.iter().enumerate() {
                separate(text, i);
                text.push_str(&format!("{}: ", json_string(&variant.name)));
                next = fields_of(text, shape, variant, next);
            }
            text.push_str("}}");
            next
        }
    }
}

/// What a variant holds.
fn fields_of(text: &mut String, shape: &Shape, variant: &ShapeVariant, at: usize) -> usize {
    match (variant.tuple, variant.fields.len()) {
        (_, 0) => {
            text.push_str("null");
            at
        }
        (true, 1) => value(text, shape, at),
        (true, n) => tuple(text, shape, n, at),
        (false, _) => structure(text, shape, &variant.fields, at),
    }
}

fn tuple(text: &mut String, shape: &Shape, n: usize, at: usize) -> usize {
    text.push_str("{\"tuple\": [");
    let next = (0..n).fold(at, |node, i| {
        separate(text, i);
        value(text, shape, node)
    });
    text.push_str("]}");
    next
}

fn structure(text: &mut String, shape: &Shape, fields: &[String], at: usize) -> usize {
    text.push_str("{\"struct\": {");
    let next = fields.iter().enumerate().fold(at, |node, (i, field)| {
        separate(text, i);
        text.push_str(&format!("{}: ", json_string(field)));
        value(text, shape, node)
    });
    text.push_str("}}");
    next
}

fn separate(text: &mut String, i: usize) {
    if i > 0 {
        text.push_str(", ");
    }
}
