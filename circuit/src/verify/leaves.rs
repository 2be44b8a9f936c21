//! What parties give and learn: leaves with owners and receivers that exist, under shapes that are whole.

use super::{Check, MAX_LANES, MAX_SHAPE_NESTING, check_range, check_scalar, ensure};
use crate::program::{Program, Shape, ShapeNode};
use crate::value::Scalar;

/// Owners, receivers, types and shapes of what parties give and learn.
pub(super) fn check_leaves(program: &Program) -> Check {
    // Those who are away follow the parties.
    let n = u32::try_from(program.party_names.len()).unwrap_or(u32::MAX);
    for (i, leaf) in program.inputs.iter().enumerate() {
        check_scalar(leaf.scalar).map_err(|e| format!("in{i}: {e}"))?;
        ensure(leaf.party < n, || {
            format!("in{i}: party {} of {n}", leaf.party)
        })?;
        ensure(leaf.lanes <= MAX_LANES, || {
            format!("in{i}: {} lanes", leaf.lanes)
        })?;
        check_range(leaf.scalar, leaf.range).map_err(|e| format!("in{i}: {e}"))?;
        ensure(
            !leaf.drawn || (!leaf.public && leaf.range.is_none()),
            || format!("in{i}: a part of a draw is published or has a range"),
        )?;
        ensure(
            leaf.party < program.n_parties || !(leaf.public || leaf.drawn),
            || format!("in{i}: one who is away publishes or draws"),
        )?;
    }
    for (i, leaf) in program.outputs.iter().enumerate() {
        check_scalar(leaf.scalar).map_err(|e| format!("out{i}: {e}"))?;
        ensure(leaf.lanes <= MAX_LANES, || {
            format!("out{i}: {} lanes", leaf.lanes)
        })?;
        ensure(leaf.receivers.iter().all(|&p| p < n), || {
            format!("out{i}: a receiver does not exist")
        })?;
        ensure(
            leaf.receivers
                .windows(2)
                .all(|w| matches!(w, [a, b] if a < b)),
            || format!("out{i}: receivers are not ascending"),
        )?;
        ensure(
            leaf.is_stored(program.n_parties)
                || leaf.receivers.iter().all(|&p| p < program.n_parties),
            || format!("out{i}: it is opened to some and stored for others"),
        )?;
    }
    for param in &program.params {
        let what = || format!("parameter {}", param.name);
        ensure(param.party < n, || {
            format!("{}: party {} of {n}", what(), param.party)
        })?;
        let scalars = shape_leaves(&param.shape).map_err(|e| format!("{}: {e}", what()))?;
        ensure(scalars.len() == param.leaves.len(), || {
            format!(
                "{}: {} leaves for {} scalars",
                what(),
                param.leaves.len(),
                scalars.len()
            )
        })?;
        for (&(scalar, lanes), id) in scalars.iter().zip(&param.leaves) {
            let leaf = program
                .inputs
                .get(id.index())
                .ok_or_else(|| format!("{}: there is no {id}", what()))?;
            ensure(
                leaf.party == param.party
                    && !leaf.drawn
                    && leaf.scalar == scalar
                    && lanes.is_none_or(|n| n == leaf.lanes),
                || format!("{}: {id} has another owner, type or length", what()),
            )?;
        }
    }
    for (i, result) in program.results.iter().enumerate() {
        let what = || format!("result {i}");
        ensure(result.party < n, || {
            format!("{}: party {} of {n}", what(), result.party)
        })?;
        let scalars = shape_leaves(&result.shape).map_err(|e| format!("{}: {e}", what()))?;
        ensure(scalars.len() == result.leaves.len(), || {
            format!(
                "{}: {} leaves for {} scalars",
                what(),
                result.leaves.len(),
                scalars.len()
            )
        })?;
        for (&(scalar, lanes), id) in scalars.iter().zip(&result.leaves) {
            let leaf = program
                .outputs
                .get(id.index())
                .ok_or_else(|| format!("{}: there is no {id}", what()))?;
            ensure(
                leaf.receivers.contains(&result.party)
                    && leaf.scalar == scalar
                    && lanes.is_none_or(|n| n == leaf.lanes),
                || format!("{}: {id} has other receivers, type or length", what()),
            )?;
        }
    }
    Ok(())
}

/// A node of a shape whose children are still to come.
struct Open {
    /// How many.
    left: u64,
    /// The lanes of one of them.
    lanes: Option<u64>,
    /// The first leaf of the enum around them.
    base: usize,
    /// How many of the last ones are fields of variants.
    shared: u64,
    /// Whether all of them are inside of such a field.
    inside: bool,
}

/// The scalars of a shape in pre-order with their lanes (`None` where a length comes from the data).
fn shape_leaves(shape: &Shape) -> Result<Vec<(Scalar, Option<u64>)>, String> {
    let mut open = vec![Open {
        left: 1,
        lanes: Some(1),
        base: 0,
        shared: 0,
        inside: false,
    }];
    let mut leaves: Vec<(Scalar, Option<u64>)> = Vec::new();
    for (at, node) in shape.0.iter().enumerate() {
        while open.last().is_some_and(|top| top.left == 0) {
            open.pop();
        }
        ensure(open.len() <= MAX_SHAPE_NESTING, || {
            "its shape is nested too deeply".into()
        })?;
        let Some(top) = open.last_mut() else {
            return Err("its shape goes on after its end".into());
        };
        top.left -= 1;
        let inside = top.inside || top.left < top.shared;
        let (lanes, base) = (top.lanes, top.base);
        let inner = Open {
            left: node.n_children(),
            lanes,
            base,
            shared: 0,
            inside,
        };
        match node {
            ShapeNode::Scalar {
                scalar,
                form,
                range,
            } => {
                ensure(!inside, || "a field of a variant has a leaf alone".into())?;
                check_scalar(*scalar)?;
                if !form.suits(*scalar) {
                    return Err(format!("{scalar} is not written as {form:?}"));
                }
                check_range(*scalar, *range)?;
                leaves.push((*scalar, lanes));
            }
            ShapeNode::Shared {
                scalar,
                form,
                range,
                leaf,
            } => {
                ensure(inside, || "a shared leaf is in no variant".into())?;
                check_scalar(*scalar)?;
                ensure(form.suits(*scalar), || {
                    format!("{scalar} is not written as {form:?}")
                })?;
                check_range(*scalar, *range)?;
                let of = base.saturating_add(*leaf as usize);
                ensure(leaves.get(of) == Some(&(*scalar, lanes)), || {
                    format!("the shared leaf {leaf} has another type or length")
                })?;
            }
            ShapeNode::Enum { variants, .. } => {
                let tag = shape.0.get(at + 1);
                let (ShapeNode::Scalar { scalar, .. } | ShapeNode::Shared { scalar, .. }) =
                    tag.unwrap_or(node)
                else {
                    return Err("its enum has no tag".into());
                };
                let last = (variants.len() as u128).checked_sub(1);
                ensure(
                    !scalar.is_signed() && last.is_some_and(|last| last <= scalar.mask()),
                    || "its enum has a tag that cannot tell the variants apart".into(),
                )?;
                let fields = variants.iter().map(|v| v.fields.len() as u64).sum();
                open.push(Open {
                    base: if inside { base } else { leaves.len() },
                    shared: if inside { 0 } else { fields },
                    ..inner
                });
            }
            ShapeNode::Array(len) => {
                let lanes = match (lanes, len) {
                    (Some(a), Some(b)) => Some(
                        a.checked_mul(*b)
                            .filter(|&n| n <= MAX_LANES)
                            .ok_or("its shape has too many elements")?,
                    ),
                    _ => None,
                };
                open.push(Open { lanes, ..inner });
            }
            ShapeNode::Tuple(_) | ShapeNode::Struct { .. } => open.push(inner),
        }
    }
    ensure(open.iter().all(|o| o.left == 0), || {
        "its shape is cut short".into()
    })?;
    Ok(leaves)
}
