//! Several grids together: with the same dimensions, or one after the other.

use super::{Dim, Grid, MAX_CELLS, Owner};
use crate::passes::algebra::wiring::gcd;

/// The same grids with the same dimensions and cuts.
pub(super) fn aligned(grids: &[&Grid]) -> Option<Vec<Grid>> {
    let mut bounds: Vec<u64> = Vec::new();
    for grid in grids {
        let mut inner = 1u64;
        for dim in grid.dims.iter().rev() {
            inner = inner.checked_mul(dim.len)?;
            bounds.push(inner);
        }
    }
    bounds.sort_unstable();
    bounds.dedup();
    let mut split = Vec::with_capacity(grids.len());
    for &grid in grids {
        let mut grid = grid.clone();
        for &bound in &bounds {
            grid = grid.split_at(bound)?.1;
        }
        split.push(grid);
    }
    let first = split.first()?;
    if split.iter().any(|grid| grid.lens() != first.lens()) {
        return None;
    }
    let cuts: Vec<Vec<u64>> = (0..first.dims.len())
        .map(|d| {
            let mut cuts: Vec<u64> = (split
                .iter()
                .flat_map(|grid| grid.dims[d].cuts.iter().copied()))
            .collect();
            cuts.sort_unstable();
            cuts.dedup();
            cuts
        })
        .collect();
    let n = cuts
        .iter()
        .try_fold(1usize, |n, cuts| n.checked_mul(cuts.len() + 1))?;
    (n <= 16 * MAX_CELLS).then(|| split.iter().map(|grid| grid.refined(&cuts)).collect())
}

/// Vectors of one length one after the other: one more dimension.
pub(super) fn stacked(parts: &[&Grid]) -> Option<Grid> {
    let lanes = parts.first()?.lanes();
    if lanes == 0 || parts.iter().any(|part| part.lanes() != lanes) || parts.len() > 4 * MAX_CELLS {
        return None;
    }
    let parts = aligned(parts)?;
    let mut dims = vec![Dim {
        len: parts.len() as u64,
        cuts: (1..parts.len() as u64).collect(),
    }];
    dims.extend(parts[0].dims.iter().cloned());
    let owners: Vec<Owner> = parts.into_iter().flat_map(|part| part.owners).collect();
    Some(Grid { dims, owners }.normal())
}

/// Vectors of several lengths, such as some columns of a table and one more, cut into vectors of one: of the longest that all are made of.
pub(super) fn rows(parts: &[&Grid]) -> Option<Vec<Grid>> {
    let parts: Vec<&&Grid> = parts.iter().filter(|part| part.lanes() > 0).collect();
    let len = parts.iter().fold(0, |len, part| gcd(len, part.lanes()));
    let n_rows: u64 = parts.iter().map(|part| part.lanes() / len.max(1)).sum();
    if len <= 1 || n_rows > 4 * MAX_CELLS as u64 {
        return None;
    }
    let mut rows = Vec::new();
    for part in parts {
        let (kept, grid) = part.split_at(len)?;
        let inner = grid.dims[kept..].to_vec();
        let n_cells: usize = inner.iter().map(Dim::n_cells).product();
        for row in 0..part.lanes() / len {
            let (mut rest, mut cell, mut scale) = (row, 0, 1);
            for dim in grid.dims[..kept].iter().rev() {
                cell += scale * dim.cell(rest % dim.len);
                scale *= dim.n_cells();
                rest /= dim.len;
            }
            rows.push(Grid {
                dims: inner.clone(),
                owners: grid.owners[cell * n_cells..][..n_cells].to_vec(),
            });
        }
    }
    Some(rows)
}

/// Vectors of one dimension one after the other.
pub(super) fn chained(parts: &[&Grid]) -> Option<Grid> {
    let mut all = Dim::whole(0);
    let mut owners = Vec::new();
    for part in parts.iter().filter(|part| part.lanes() > 0) {
        let [dim] = &part.dims[..] else { return None };
        if all.len > 0 {
            all.cuts.push(all.len);
        }
        all.cuts.extend(dim.cuts.iter().map(|cut| all.len + cut));
        all.len += dim.len;
        owners.extend(&part.owners);
    }
    if all.len == 0 {
        return None;
    }
    let dims = vec![all];
    Some(Grid { dims, owners }.normal())
}
