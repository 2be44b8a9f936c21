//! CSV tables as a [`Tree`], column by column under the header's names.
//!
//! Files come from spreadsheets of many countries: the separator is told from the header, quotes and line ends of all
//! kinds are read. Cells have no types here: they get them from the program.

use super::list::Lines;
use super::{List, Table, Tree};

/// Reads a table with a header line.
///
/// # Errors
/// What is wrong, with the row counted from 1 after the header, or the line of the file.
pub fn parse(text: &str) -> Result<Tree, String> {
    let mut reader = reader(text);
    let header: Vec<String> = reader
        .headers()
        .map_err(|e| format!("header: {e}"))?
        .iter()
        .map(|name| name.trim().to_owned())
        .collect();
    let (columns, rows, lines) = match plain(text, separator(text), header.len()) {
        Some(read) => read,
        None => {
            let lines = look(text, separator(text), header.len() == 1)?;
            let (columns, rows) = careful(&mut reader, header.len())?;
            (columns, rows, lines)
        }
    };
    Ok(Tree::Table(Table {
        rows,
        columns: header.into_iter().zip(columns).collect(),
        sheet: true,
        lines,
    }))
}

/// Where a cell of a sheet is, letter by letter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// At the begin of a cell.
    Begin,
    /// In one without quotes.
    Bare,
    /// Behind the quote that opens one.
    Open,
    /// Behind a quote in one: what comes next says whether it closes it.
    Closed,
    /// Behind spaces after that.
    Behind,
}

/// What lines of any text have that its cells do not tell: line breaks in quotes, and empty lines where there is one column.
///
/// # Errors
/// A quote that is not closed, and text behind one that is: what follows would be taken for what it is not.
fn look(text: &str, separator: u8, is_single: bool) -> Result<Lines, String> {
    let mut lines = Lines::default();
    let (mut at, mut column, mut line, mut opened) = (At::Begin, 0, 1, 1);
    let (mut records, mut n_bytes) = (0_usize, 0_usize);
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        let ends_line = byte == b'\n' || byte == b'\r';
        if byte == b'\r' {
            bytes.next_if_eq(&b'\n');
        }
        at = match (at, byte) {
            (At::Begin, b'"') => {
                opened = line;
                At::Open
            }
            (At::Open, b'"') => At::Closed,
            (At::Closed, b'"') => At::Open,
            (At::Open, _) => {
                if ends_line && !lines.broken.iter().any(|(c, _)| *c == column) && records > 0 {
                    lines.broken.push((column, opened));
                }
                At::Open
            }
            (At::Begin | At::Bare | At::Closed | At::Behind, _) if byte == separator => {
                column += 1;
                At::Begin
            }
            (At::Begin | At::Bare | At::Closed | At::Behind, b'\r' | b'\n') => {
                match n_bytes {
                    // The header's line counts as a record, and no row.
                    0 if is_single && records > 0 => lines.empty.push(records - 1),
                    0 => {}
                    _ => records += 1,
                }
                (column, n_bytes) = (0, 0);
                line += 1;
                at = At::Begin;
                continue;
            }
            (At::Closed | At::Behind, b' ' | b'\t') => At::Behind,
            (At::Closed | At::Behind, _) => {
                return Err(format!(
                    "line {line}: text stands behind a `\"` that closes a cell; quotes inside of one are written twice (`\"\"`)"
                ));
            }
            (At::Begin | At::Bare, _) => At::Bare,
        };
        n_bytes += 1;
        line += usize::from(ends_line);
    }
    if at == At::Open {
        return Err(format!(
            "line {opened}: a `\"` opens here and is not closed"
        ));
    }
    records += usize::from(n_bytes > 0);
    lines.empty.retain(|before| before + 1 < records);
    Ok(lines)
}

fn reader(text: &str) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .delimiter(separator(text))
        .flexible(true)
        .from_reader(text.as_bytes())
}

/// The columns and the number of rows of any text behind its header, with what is wrong. All rows may end in a separator that
/// the header does not have.
fn careful(
    reader: &mut csv::Reader<&[u8]>,
    n_columns: usize,
) -> Result<(Vec<List>, usize), String> {
    let mut columns = vec![List::default(); n_columns];
    let (mut rows, mut n_fields) = (0, n_columns);
    let mut record = csv::StringRecord::new();
    while reader
        .read_record(&mut record)
        .map_err(|e| format!("row {}: {e}", rows + 1))?
    {
        let behind = record.get(n_columns);
        if rows == 0 && behind == Some("") {
            n_fields += 1;
        }
        if record.len() != n_fields || behind.is_some_and(|cell| !cell.is_empty()) {
            let hint = match record.len().checked_sub(n_columns) {
                Some(1) => {
                    "; where the first column has no name, the header begins with a separator"
                }
                _ => "",
            };
            return Err(format!(
                "row {}: {} fields, the header has {n_columns}{hint}",
                rows + 1,
                record.len()
            ));
        }
        for (column, cell) in columns.iter_mut().zip(record.iter()) {
            column.push_cell(cell.trim());
        }
        rows += 1;
    }
    Ok((columns, rows))
}

/// The same of a text without quotes whose rows are all well, as long ones are: a cell takes no copy on the way.
fn plain(text: &str, separator: u8, n_columns: usize) -> Option<(Vec<List>, usize, Lines)> {
    let bare = |(at, _)| text.as_bytes().get(at + 1) != Some(&b'\n');
    if text.contains('"') || text.match_indices('\r').any(bare) {
        return None;
    }
    let bytes = text.as_bytes();
    let mut columns = vec![List::default(); n_columns];
    let (mut rows, mut between) = (0, Lines::default());
    let lines = text.split('\n');
    let begin = lines.take_while(|line| matches!(*line, "" | "\r"));
    let empty: usize = begin.map(|line| line.len() + 1).sum();
    let header = bytes.get(empty..)?.iter().position(|b| *b == b'\n');
    let Some(header) = header else {
        return Some((columns, 0, between));
    };
    let mut at = empty + header + 1;
    while at < bytes.len() {
        let ends = match &bytes[at..] {
            [b'\n', ..] => 1,
            [b'\r', ..] => 2,
            _ => 0,
        };
        if ends > 0 {
            at += ends;
            if n_columns == 1 {
                between.empty.push(rows);
            }
            continue;
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
    between.empty.retain(|before| *before < rows);
    Some((columns, rows, between))
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
        for open in ["age,days\n3,4\n5,\"6\n7,8\n", "age,days\n3,4\n\"5,6\n7,8\n"] {
            let open = parse(open).err();
            assert!(open.is_some_and(|e| e.contains("line 3") && e.contains("is not closed")));
        }
        for behind in ["age,days\r\n3,\"x\"y\r\n", "age,days\n3,\"x\" \"\n"] {
            let behind = parse(behind).err();
            assert!(behind.is_some_and(|e| e.contains("line 2") && e.contains("behind")));
        }
        assert!(
            table("age,age\n")
                .check_header(&["age".to_owned()])
                .is_err_and(|e| e.contains("twice"))
        );
        assert!(
            table("age,note,note\n")
                .check_header(&["age".to_owned()])
                .is_ok()
        );
        for empty in ["", "\n\r\n"] {
            assert!(
                table(empty)
                    .check_header(&[])
                    .is_err_and(|e| e.contains("empty")),
                "{empty:?}"
            );
        }
    }

    #[test]
    fn columns_without_a_name_are_none_or_not_asked_for() {
        let unasked = |text: &str| table(text).unasked(&["age".to_owned(), "ill".to_owned()]);
        let numbered = "number 1 (without a name)".to_owned();
        assert_eq!(
            unasked(",age,ill\n0,3,4\n1,5,6\n"),
            Ok(vec![numbered.clone()])
        );
        assert_eq!(
            unasked("\"\",\"age\",\"ill\"\n\"1\",3,4\n"),
            Ok(vec![numbered])
        );
        assert_eq!(unasked("age,ill,\n3,4,\n5,6,\n"), Ok(vec![]));
        assert_eq!(unasked("age;ill;;;\r\n3;4;;;\r\n"), Ok(vec![]));
        let behind = table("age,ill\n3,4,\n5,6,\n");
        assert_eq!(
            (cells(&behind, 0), cells(&behind, 1)),
            (vec!["3".into(), "5".into()], vec!["4".into(), "6".into()],)
        );
        for (text, row) in [
            ("age,ill\n3,4\n5,6,\n", "row 2: 3 fields"),
            ("age,ill\n3,4,\n5,6\n", "row 2: 2 fields"),
            ("age,ill\n3,4,\n5,6,7\n", "row 2: 3 fields"),
            ("age,ill\n1,3,4\n2,5,6\n", "row 1: 3 fields"),
            ("age,ill\n3,4,,\n", "row 1: 4 fields"),
        ] {
            assert!(parse(text).is_err_and(|e| e.contains(row)), "{text:?}");
        }
        let first = parse("age,ill\n1,3,4\n").err().unwrap_or_default();
        assert!(
            first.ends_with("the header begins with a separator"),
            "{first}"
        );
    }

    #[test]
    fn lines_between_and_in_cells_are_noted() {
        let read = table("x\n\n1\n\n\n2\n\n");
        assert_eq!((read.rows, &read.lines.empty[..]), (2, &[0, 1, 1][..]));
        let whole = read.with_empty_lines();
        assert_eq!(
            (whole.rows, cells(&whole, 0)),
            (
                5,
                vec!["".into(), "1".into(), "".into(), "".into(), "2".into()]
            )
        );
        let read = table("x\r\r1\r\r\r\"2\"\r\r");
        assert_eq!((read.rows, &read.lines.empty[..]), (2, &[0, 1, 1][..]));
        assert!(table("x,y\n\n1,2\n\n3,4\n").lines.empty.is_empty());
        let read = table("x,y\n1,\"a\nb\"\n\"c\r\nd\",\"\n\"\n");
        assert_eq!(
            (read.rows, &read.lines.broken[..]),
            (2, &[(1, 2), (0, 4)][..])
        );
        assert!(read.unasked(&["x".to_owned(), "y".to_owned()]).is_ok());
        assert!(
            read.unasked(&["y".to_owned()])
                .is_err_and(|e| e.contains("line 4") && e.contains("`x`"))
        );
    }

    /// By column the cells, the number of rows, and by row the empty lines before it.
    type Read = (Vec<Vec<String>>, usize, Vec<usize>);

    fn both(text: &str, n_columns: usize) -> [Option<Read>; 2] {
        let mut reader = reader(text);
        let _ = reader.headers();
        let shown = |(columns, rows, lines): (Vec<List>, usize, Lines)| {
            let named = columns.into_iter().map(|c| (String::new(), c));
            let table = Table {
                rows,
                columns: named.collect(),
                sheet: true,
                lines,
            };
            let columns = (0..table.columns.len()).map(|c| cells(&table, c));
            (columns.collect(), rows, table.lines.empty)
        };
        let slow = look(text, separator(text), n_columns == 1).and_then(|lines| {
            let (columns, rows) = careful(&mut reader, n_columns)?;
            Ok((columns, rows, lines))
        });
        [
            plain(text, separator(text), n_columns).map(shown),
            slow.ok().map(shown),
        ]
    }

    proptest::proptest! {
        #[test]
        fn the_quick_way_reads_what_the_careful_one_reads(
            pieces in proptest::collection::vec(proptest::sample::select(&[
                "a", "1", " ", ",", ",", ";", "\n", "\n", "\r\n", "\r", "\"", "007", "é", "-3",
            ][..]), 0..30)
        ) {
            for (header, n_columns) in [("x,y", 2), ("x", 1)] {
                let text = format!("{header}\n{}", pieces.concat());
                if let [Some(quick), slow] = both(&text, n_columns) {
                    proptest::prop_assert_eq!(Some(quick), slow);
                }
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
