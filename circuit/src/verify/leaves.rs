//! What parties give and learn: leaves with owners and receivers that exist, under shapes that are whole.

use super::{Check, MAX_LANES, MAX_SHAPE_NESTING, check_range, check_scalar, ensure};
use crate::program::{Program, Shape, ShapeNode};
use crate::value::Scalar;

/// Owners, receivers, types and shapes of what parties give and learn.
pub(super) fn check_leaves(program: &Program) -> Check {
    let n = program.n_parties;
    for (i, leaf) in program.inputs.iter().enumerate() {
        check_scalar(leaf.scalar).map_err(|e| format!("in{i}: {e}"))?;
        ensure(leaf.party < n, || {
            format!("in{i}: party {} of {n}", leaf.party)
        })?;
        ensure(leaf.lanes <= MAX_LANES, || {
            format!("in{i}: {} lanes", leaf.lanes)
        })?;
        check_range(leaf.scalar, leaf.range).map_err(|e| format!("in{i}: {e}"))?;
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

/// The scalars of a shape in pre-order with their lanes (`None` where a length comes from the data).
fn shape_leaves(shape: &Shape) -> Result<Vec<(Scalar, Option<u64>)>, String> {
    // How many children of each open node are still to come, and the lanes of one of them.
    let mut open: Vec<(u64, Option<u64>)> = vec![(1, Some(1))];
    let mut leaves = Vec::new();
    for node in &shape.0 {
        while open.last().is_some_and(|top| top.0 == 0) {
            open.pop();
        }
        ensure(open.len() <= MAX_SHAPE_NESTING, || {
            "its shape is nested too deeply".into()
        })?;
        let Some(top) = open.last_mut() else {
            return Err("its shape goes on after its end".into());
        };
        top.0 -= 1;
        let lanes = top.1;
        match node {
            ShapeNode::Scalar {
                scalar,
                form,
                range,
            } => {
                check_scalar(*scalar)?;
                if !form.suits(*scalar) {
                    return Err(format!("{scalar} is not written as {form:?}"));
                }
                check_range(*scalar, *range)?;
                leaves.push((*scalar, lanes));
            }
            ShapeNode::Array(len) => {
                let inner = match (lanes, len) {
                    (Some(a), Some(b)) => Some(
                        a.checked_mul(*b)
                            .filter(|&n| n <= MAX_LANES)
                            .ok_or("its shape has too many elements")?,
                    ),
                    _ => None,
                };
                open.push((1, inner));
            }
            ShapeNode::Tuple(n) => open.push((u64::from(*n), lanes)),
            ShapeNode::Struct { fields, .. } => open.push((fields.len() as u64, lanes)),
        }
    }
    ensure(open.iter().all(|o| o.0 == 0), || {
        "its shape is cut short".into()
    })?;
    Ok(leaves)
}
