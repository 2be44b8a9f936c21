//! CSV tables as a [`Tree`], column by column under the header's names.
//!
//! Files come from spreadsheets of many countries: the separator is told from the header, quotes and line ends of all
//! kinds are read. Cells have no types here: they get them from the program.

use super::{List, Table, Tree};

/// Reads a table with a header line.
///
/// # Errors
/// What is wrong, with the row counted from 1 after the header.
pub fn parse(text: &str) -> Result<Tree, String> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator(text))
        .from_reader(text.as_bytes());
    let header: Vec<String> = reader
        .headers()
        .map_err(|e| format!("header: {e}"))?
        .iter()
        .map(|name| name.trim().to_owned())
        .collect();
    let (columns, rows) = match plain(text, separator(text), header.len()) {
        Some(read) => read,
        None => careful(text, &mut reader, header.len())?,
    };
    Ok(Tree::Table(Table {
        rows,
        columns: header.into_iter().zip(columns).collect(),
        sheet: true,
    }))
}

/// The columns and the number of rows of any text behind its header, with what is wrong.
fn careful(
    text: &str,
    reader: &mut csv::Reader<&[u8]>,
    n_columns: usize,
) -> Result<(Vec<List>, usize), String> {
    let open = match text.matches('"').count() % 2 {
        1 => "; a `\"` is not closed",
        _ => "",
    };
    let mut columns = vec![List::default(); n_columns];
    let mut rows = 0;
    let mut record = csv::StringRecord::new();
    while reader
        .read_record(&mut record)
        .map_err(|e| match e.kind() {
            csv::ErrorKind::UnequalLengths {
                expected_len, len, ..
            } => {
                format!(
                    "row {}: {len} fields, the header has {expected_len}{open}",
                    rows + 1
                )
            }
            _ => format!("row {}: {e}", rows + 1),
        })?
    {
        for (column, cell) in columns.iter_mut().zip(record.iter()) {
            column.push_cell(cell.trim());
        }
        rows += 1;
    }
    Ok((columns, rows))
}

/// The same of a text without quotes whose rows are all well, as long ones are: a cell takes no copy on the way.
fn plain(text: &str, separator: u8, n_columns: usize) -> Option<(Vec<List>, usize)> {
    let bare = |(at, _)| text.as_bytes().get(at + 1) != Some(&b'\n');
    if text.contains('"') || text.match_indices('\r').any(bare) {
        return None;
    }
    let bytes = text.as_bytes();
    let mut columns = vec![List::default(); n_columns];
    let mut rows = 0;
    let lines = text.split('\n');
    let begin = lines.take_while(|line| matches!(*line, "" | "\r"));
    let empty: usize = begin.map(|line| line.len() + 1).sum();
    let header = bytes.get(empty..)?.iter().position(|b| *b == b'\n');
    let Some(header) = header else {
        return Some((columns, 0));
    };
    let mut at = empty + header + 1;
    while at < bytes.len() {
        match &bytes[at..] {
            [b'\n', ..] => {
                at += 1;
                continue;
            }
            [b'\r', ..] => {
                at += 2;
                continue;
            }
            _ => {}
        }
        let (last, others) = columns.split_last_mut()?;
        for column in others {
            at += column_cell(column, &text[at..], separator)?;
            if bytes.get(at) != Some(&separator) {
                return None;
            }
            at += 1;
        }
        at += column_cell(last, &text[at..], separator)?;
        match bytes.get(at) {
            Some(b'\r') => at += 2,
            Some(b'\n') => at += 1,
            Some(_) => return None,
            None => {}
        }
        rows += 1;
    }
    Some((columns, rows))
}

/// Takes the cell that `text` begins with to a column; how many bytes it has.
fn column_cell(column: &mut List, text: &str, separator: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    let ends = |b: u8| b == separator || b == b'\n' || b == b'\r';
    if let List::Numbers(numbers) = column {
        let digits = bytes.iter().take(19).take_while(|b| b.is_ascii_digit());
        let (len, n) = digits.fold((0, 0), |(len, n), d| {
            (len + 1, n * 10 + u64::from(d - b'0'))
        });
        let plain = len == 1 || len > 1 && bytes[0] != b'0';
        if plain && bytes.get(len).is_none_or(|b| ends(*b)) {
            numbers.push(n);
            return Some(len);
        }
    }
    let len = bytes.iter().position(|b| ends(*b)).unwrap_or(bytes.len());
    column.push_cell(text.get(..len)?.trim());
    Some(len)
}

/// The separator that stands most often in the first line, outside of quotes; a comma where none does.
fn separator(text: &str) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in text.trim_start_matches(['\r', '\n']).bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\r' | b'\n' if !quoted => break,
            _ if quoted => {}
            _ => {
                if let Some((_, n)) = counts.iter_mut().find(|(s, _)| *s == byte) {
                    *n += 1;
                }
            }
        }
    }
    let most = counts
        .into_iter()
        .reduce(|a, b| if b.1 > a.1 { b } else { a });
    most.map_or(b',', |(separator, _)| separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        match parse(text) {
            Ok(Tree::Table(table)) => table,
            Ok(_) => panic!("no table"),
            Err(e) => panic!("{e}"),
        }
    }

    fn cells(table: &Table, column: usize) -> Vec<String> {
        let cell = |tree: &Tree| match tree {
            Tree::Int(false, n) => n.to_string(),
            Tree::Text(text) => text.clone(),
            _ => String::from("?"),
        };
        table.columns[column].1.iter().map(|t| cell(&t)).collect()
    }

    #[test]
    fn rows_and_their_faults() {
        let read = table("age,days\n3,4\n5, 6\n");
        assert_eq!((read.rows, read.columns[1].0.as_str()), (2, "days"));
        assert_eq!(cells(&read, 1), ["4", "6"]);
        assert!(parse("age,days\n3\n").is_err_and(|e| e.contains("row 1") && !e.contains('"')));
        let open = parse("age,days\n3,4\n5,\"6\n7,8\n").err();
        assert!(open.is_none_or(|e| e.contains("row 2") && e.contains("is not closed")));
        let open = parse("age,days\n3,4\n\"5,6\n7,8\n").err();
        assert!(open.is_some_and(|e| e.contains("row 2") && e.contains("is not closed")));
        assert!(
            table("age,age\n")
                .check_header()
                .is_err_and(|e| e.contains("twice"))
        );
        assert!(
            table("age,\n")
                .check_header()
                .is_err_and(|e| e.contains("column 2"))
        );
        for empty in ["", "\n\r\n"] {
            assert!(
                table(empty)
                    .check_header()
                    .is_err_and(|e| e.contains("empty")),
                "{empty:?}"
            );
        }
    }

    fn both(text: &str, n_columns: usize) -> [Option<(Vec<Vec<String>>, usize)>; 2] {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator(text))
            .from_reader(text.as_bytes());
        let _ = reader.headers();
        let shown = |(columns, rows): (Vec<List>, usize)| {
            let named = columns.into_iter().map(|c| (String::new(), c));
            let table = Table {
                rows,
                columns: named.collect(),
                sheet: true,
            };
            let columns = (0..table.columns.len()).map(|c| cells(&table, c));
            (columns.collect(), rows)
        };
        [
            plain(text, separator(text), n_columns).map(shown),
            careful(text, &mut reader, n_columns).ok().map(shown),
        ]
    }

    proptest::proptest! {
        #[test]
        fn the_quick_way_reads_what_the_careful_one_reads(
            pieces in proptest::collection::vec(proptest::sample::select(&[
                "a", "1", " ", ",", ",", ";", "\n", "\n", "\r\n", "\r", "\"", "007", "é", "-3",
            ][..]), 0..30)
        ) {
            let text = format!("x,y\n{}", pieces.concat());
            if let [Some(quick), slow] = both(&text, 2) {
                proptest::prop_assert_eq!(Some(quick), slow);
            }
        }
    }

    #[test]
    fn most_sheets_are_read_the_quick_way() {
        for text in ["x,y\n1,2\n\n3,4", "x,y\r\n1, a\r\n", "x,y"] {
            let [quick, slow] = both(text, 2);
            assert!(quick.is_some() && quick == slow, "{text:?}");
        }
    }

    #[test]
    fn separators_quotes_and_line_ends_of_all_kinds() {
        for text in [
            "a,\"b c\"\n1,\"x, \"\"y\"\"\"\n2,z\n",
            "a;\"b c\"\r\n1;\"x, \"\"y\"\"\"\r\n2;z",
            "\"a\"\tb c\n1\t\"x, \"\"y\"\"\"\n\n2\tz\n",
        ] {
            let read = table(text);
            assert_eq!(read.names().collect::<Vec<_>>(), ["a", "b c"], "{text:?}");
            assert_eq!(cells(&read, 0), ["1", "2"], "{text:?}");
            assert_eq!(cells(&read, 1), ["x, \"y\"", "z"], "{text:?}");
        }
        assert_eq!(separator("\"a,b,c\";d"), b';');
        assert_eq!(separator("a"), b',');
    }
}
