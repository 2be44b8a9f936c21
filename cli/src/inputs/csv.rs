//! CSV tables as a [`Tree`], column by column under the header's names.

use super::{List, Tree, number};
use std::collections::BTreeSet;

/// Reads a table with a header line.
///
/// # Errors
/// What is wrong, with the row counted from 1 after the header.
pub fn parse(text: &str) -> Result<Tree, String> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header: Vec<String> = reader
        .headers()
        .map_err(|e| format!("header: {e}"))?
        .iter()
        .map(str::to_string)
        .collect();
    let mut seen = BTreeSet::new();
    for (i, name) in header.iter().enumerate() {
        if name.is_empty() {
            return Err(format!("header: column {} has no name", i + 1));
        }
        if !seen.insert(name) {
            return Err(format!("header: column {} stands twice", i + 1));
        }
    }
    let mut columns = vec![List::default(); header.len()];
    let mut rows = 0;
    for (row, record) in reader.records().enumerate() {
        let record = record.map_err(|e| match e.kind() {
            csv::ErrorKind::UnequalLengths {
                expected_len, len, ..
            } => {
                format!(
                    "row {}: {len} fields, the header has {expected_len}",
                    row + 1
                )
            }
            _ => format!("row {}: {e}", row + 1),
        })?;
        let cell = |text: &str| match text {
            "true" => Tree::Bool(true),
            "false" => Tree::Bool(false),
            "" => Tree::Null,
            text => number(text),
        };
        for (column, text) in columns.iter_mut().zip(record.iter()) {
            column.push(cell(text));
        }
        rows += 1;
    }
    Ok(Tree::Table(rows, header.into_iter().zip(columns).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_their_faults() {
        let Ok(Tree::Table(2, columns)) = parse("age,days\n3,4\n5, 6\n") else {
            panic!("a table")
        };
        assert_eq!(columns[1].0, "days");
        let last = columns[1].1.get(1);
        assert!(matches!(last.as_deref(), Some(Tree::Int(false, 6))));
        assert!(parse("age,days\n3\n").is_err_and(|e| e.contains("row 1")));
        assert!(parse("age,age\n").is_err_and(|e| e.contains("twice")));
    }
}
