//! Operations that move elements and compute nothing: the same for words and for what is carried beside them.

use smpcc_circuit::value::{Scalar, Word};

/// Elements of each run.
pub(in crate::ir) fn run_length(lanes: usize, segments: u64) -> usize {
    lanes
        .checked_div(usize::try_from(segments).unwrap_or(usize::MAX))
        .map_or(1, |len| len.max(1))
}

/// The first lane of block `index`, or a message if it does not lie in an array of `lanes` lanes.
fn block_start(index: Word, block: usize, lanes: usize) -> Result<usize, String> {
    let len = lanes / block.max(1);
    match usize::try_from(index) {
        Ok(i) if i < len => Ok(i * block),
        _ => Err(format!("index {index} is out of range for length {len}")),
    }
}

/// Rows of each run in order of the first `keys` columns.
pub(crate) fn order(columns: &[&[Word]], types: &[Scalar], keys: u64, segments: u64) -> Vec<usize> {
    let lanes = columns.first().map_or(0, |c| c.len());
    let mut rows: Vec<usize> = (0..lanes).collect();
    let key = |&row: &usize| -> Vec<Word> {
        let keys = columns.iter().zip(types).take(keys as usize);
        // Signed words as unsigned ones of the same order.
        keys.map(|(c, ty)| match ty.is_signed() {
            true => c[row] ^ 1 << (ty.width() - 1),
            false => c[row],
        })
        .collect()
    };
    for run in rows.chunks_mut(run_length(lanes, segments)) {
        run.sort_by_cached_key(key);
    }
    rows
}

pub(in crate::ir) fn gather<T: Clone>(
    src: &[T],
    idx: &[Word],
    block: u64,
) -> Result<Vec<T>, String> {
    let block = block as usize;
    let mut out = Vec::with_capacity(idx.len().saturating_mul(block));
    for &index in idx {
        let start = block_start(index, block, src.len())?;
        out.extend_from_slice(&src[start..start + block]);
    }
    Ok(out)
}

pub(in crate::ir) fn scatter<T: Clone>(
    dst: &mut [T],
    idx: &[Word],
    val: &[T],
    block: u64,
) -> Result<(), String> {
    let block = block as usize;
    let lanes = dst.len();
    for (&index, element) in idx.iter().zip(val.chunks(block.max(1))) {
        let start = block_start(index, block, lanes)?;
        dst[start..start + element.len()].clone_from_slice(element);
    }
    Ok(())
}

pub(in crate::ir) fn read_secret<T: Clone + Default>(
    src: &[T],
    idx: &[Word],
    block: u64,
    groups: u64,
) -> Vec<T> {
    let (block, groups) = (block as usize, (groups as usize).max(1));
    let (part, q) = (src.len() / groups, idx.len() / groups);
    let mut out = Vec::with_capacity(idx.len() * block);
    for (k, &index) in idx.iter().enumerate() {
        let base = k / q.max(1) * part;
        match block_start(index, block, part) {
            Ok(start) => out.extend_from_slice(&src[base + start..base + start + block]),
            Err(_) => out.extend(std::iter::repeat_n(T::default(), block)),
        }
    }
    out
}

pub(in crate::ir) fn write_secret<T: Clone>(
    dst: &mut [T],
    idx: &[Word],
    val: &[T],
    block: u64,
    groups: u64,
) {
    let (block, groups) = (block as usize, (groups as usize).max(1));
    let (part, q) = (dst.len() / groups, idx.len() / groups);
    for (k, (&index, element)) in idx.iter().zip(val.chunks(block.max(1))).enumerate() {
        if let Ok(start) = block_start(index, block, part) {
            let start = k / q.max(1) * part + start;
            dst[start..start + element.len()].clone_from_slice(element);
        }
    }
}
