//! A party's inputs on their way to its process: a line says what comes, then come the words as they lie in memory.
//!
//! As text they would be held three times: in the parent's line, in the child's, and as numbers.

use serde::{Deserialize, Serialize};
use smpcc::given::PartyInputs;
use smpcc_runtime::ring::Elements;
use std::io::{self, Read, Write};

/// Words that are copied at a time.
const CHUNK: usize = 1 << 13;

/// A vector to come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Column {
    param: String,
    lanes: u64,
    /// Whether words have 128 bits instead of 64.
    wide: bool,
}

/// What [`write()`] writes.
pub fn columns(inputs: &PartyInputs) -> Vec<Column> {
    each(inputs)
        .map(|(param, words)| Column {
            param: param.clone(),
            lanes: words.lanes() as u64,
            wide: matches!(words, Elements::Wide(_)),
        })
        .collect()
}

/// Writes all vectors, one after the other.
///
/// # Errors
/// Those of the pipe.
pub fn write(inputs: &PartyInputs, to: &mut impl Write) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(16 * CHUNK);
    for (_, words) in each(inputs) {
        match words {
            Elements::Narrow(v) => {
                for chunk in v.chunks(CHUNK) {
                    bytes.clear();
                    bytes.extend(chunk.iter().flat_map(|w| w.to_le_bytes()));
                    to.write_all(&bytes)?;
                }
            }
            Elements::Wide(v) => {
                for chunk in v.chunks(CHUNK) {
                    bytes.clear();
                    bytes.extend(chunk.iter().flat_map(|w| w.to_le_bytes()));
                    to.write_all(&bytes)?;
                }
            }
        }
    }
    to.flush()
}

/// Reads what [`write()`] wrote, into the inputs that came without it.
///
/// # Errors
/// Those of the pipe.
pub fn read(columns: &[Column], inputs: &mut PartyInputs, from: &mut impl Read) -> io::Result<()> {
    let mut bytes = vec![0; 16 * CHUNK];
    for column in columns {
        let mut left = usize::try_from(column.lanes).map_err(io::Error::other)?;
        let len = if column.wide { 16 } else { 8 };
        let mut narrow = Vec::with_capacity(if column.wide { 0 } else { left });
        let mut wide = Vec::with_capacity(if column.wide { left } else { 0 });
        while left > 0 {
            let n = left.min(CHUNK);
            let bytes = &mut bytes[..n * len];
            from.read_exact(bytes)?;
            if column.wide {
                wide.extend(bytes.as_chunks().0.iter().map(|b| u128::from_le_bytes(*b)));
            } else {
                narrow.extend(bytes.as_chunks().0.iter().map(|b| u64::from_le_bytes(*b)));
            }
            left -= n;
        }
        let words = if column.wide {
            Elements::Wide(wide)
        } else {
            Elements::Narrow(narrow)
        };
        inputs
            .words
            .entry(column.param.clone())
            .or_default()
            .push(words);
    }
    Ok(())
}

fn each(inputs: &PartyInputs) -> impl Iterator<Item = (&String, &Elements)> {
    let params = inputs.words.iter();
    params.flat_map(|(param, leaves)| leaves.iter().map(move |words| (param, words)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut inputs = PartyInputs::default();
        let narrow = Elements::Narrow((0..20_000).map(|i| u64::MAX - i).collect());
        let wide = Elements::Wide(vec![u128::MAX, 0, 1 << 64]);
        inputs
            .words
            .insert("a".into(), vec![narrow, Elements::Narrow(Vec::new())]);
        inputs.words.insert("b".into(), vec![wide]);
        let mut bytes = Vec::new();
        write(&inputs, &mut bytes).unwrap();
        let columns = columns(&inputs);
        let mut back = PartyInputs::default();
        read(&columns, &mut back, &mut bytes.as_slice()).unwrap();
        assert!(back.words == inputs.words);
        bytes.pop();
        assert!(read(&columns, &mut PartyInputs::default(), &mut bytes.as_slice()).is_err());
    }
}
