//! Lists and tables of an input file: ten million small numbers take eight bytes each, cells of text their letters.

use super::{Tree, number};
use std::borrow::Cow;

/// Items in order. It may hold secrets, so it has no `Debug`.
#[derive(Clone)]
pub enum List {
    /// All are integers from 0 to 2^64 − 1.
    Numbers(Vec<u64>),
    /// All are texts.
    Texts(Texts),
    /// Anything.
    Any(Vec<Tree>),
}

/// Texts, one after the other in one string.
#[derive(Clone, Default)]
pub struct Texts {
    letters: String,
    ends: Vec<usize>,
}

impl Texts {
    fn push(&mut self, text: &str) {
        self.letters.push_str(text);
        self.ends.push(self.letters.len());
    }

    fn push_number(&mut self, n: u64) {
        use std::fmt::Write as _;
        let _ = write!(self.letters, "{n}");
        self.ends.push(self.letters.len());
    }

    fn pop(&mut self) -> Option<String> {
        self.ends.pop()?;
        let start = self.ends.last().copied().unwrap_or(0);
        Some(self.letters.split_off(start))
    }

    fn get(&self, i: usize) -> Option<&str> {
        let end = *self.ends.get(i)?;
        let start = i.checked_sub(1).and_then(|before| self.ends.get(before));
        self.letters.get(start.copied().unwrap_or(0)..end)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).filter_map(|i| self.get(i))
    }
}

impl Default for List {
    fn default() -> Self {
        Self::Numbers(Vec::new())
    }
}

impl List {
    /// Adds an item at the end.
    pub fn push(&mut self, item: Tree) {
        match (&mut *self, &item) {
            (Self::Numbers(numbers), Tree::Int(false, n)) if *n <= u128::from(u64::MAX) => {
                numbers.push(*n as u64);
            }
            (Self::Numbers(numbers), Tree::Text(text)) if numbers.is_empty() => {
                let mut texts = Texts::default();
                texts.push(text);
                *self = Self::Texts(texts);
            }
            (Self::Texts(texts), Tree::Text(text)) => texts.push(text),
            (Self::Any(items), _) => items.push(item),
            (Self::Numbers(_) | Self::Texts(_), _) => {
                let mut items: Vec<Tree> = self.iter().map(Cow::into_owned).collect();
                items.push(item);
                *self = Self::Any(items);
            }
        }
    }

    /// Adds a text at the end.
    pub fn push_text(&mut self, text: &str) {
        match self {
            Self::Texts(texts) => texts.push(text),
            Self::Numbers(_) | Self::Any(_) => self.push(Tree::Text(text.to_owned())),
        }
    }

    /// Takes the last item away.
    pub fn pop(&mut self) -> Option<Tree> {
        match self {
            Self::Numbers(numbers) => numbers.pop().map(integer),
            Self::Texts(texts) => texts.pop().map(Tree::Text),
            Self::Any(items) => items.pop(),
        }
    }

    /// Adds a cell of a table whose cells have no types: a number while all are plain numbers, else all are the texts that
    /// stand there, to the letter.
    pub fn push_cell(&mut self, cell: &str) {
        match (&mut *self, plain(cell)) {
            (Self::Numbers(numbers), Some(n)) => numbers.push(n),
            (Self::Numbers(numbers), None) => {
                let mut texts = Texts::default();
                for n in std::mem::take(numbers) {
                    texts.push_number(n);
                }
                texts.push(cell);
                *self = Self::Texts(texts);
            }
            (Self::Texts(texts), _) => texts.push(cell),
            (Self::Any(items), _) => items.push(Tree::Text(cell.to_owned())),
        }
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Texts(texts) => texts.ends.len(),
            Self::Any(items) => items.len(),
        }
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An item.
    pub fn get(&self, i: usize) -> Option<Cow<'_, Tree>> {
        match self {
            Self::Numbers(numbers) => numbers.get(i).map(|&n| Cow::Owned(integer(n))),
            Self::Texts(texts) => texts.get(i).map(|t| Cow::Owned(Tree::Text(t.to_owned()))),
            Self::Any(items) => items.get(i).map(Cow::Borrowed),
        }
    }

    /// All items.
    pub fn iter(&self) -> impl Iterator<Item = Cow<'_, Tree>> {
        (0..self.len()).filter_map(|i| self.get(i))
    }
}

impl FromIterator<Tree> for List {
    fn from_iter<I: IntoIterator<Item = Tree>>(items: I) -> Self {
        let mut list = Self::default();
        items.into_iter().for_each(|item| list.push(item));
        list
    }
}

/// Rows with the same columns, column by column. It may hold secrets, so it has no `Debug`.
#[derive(Clone)]
pub struct Table {
    /// Number of rows.
    pub rows: usize,
    /// The columns' names in the file's order, and their cells.
    pub columns: Vec<(String, List)>,
    /// Whether it is a sheet (CSV): its cells have no types, and it may have columns that nobody asked for.
    pub sheet: bool,
    /// What the lines of a sheet have that its cells do not tell.
    pub lines: Lines,
}

/// What stands in a sheet beside its cells.
#[derive(Clone, Default)]
pub struct Lines {
    /// Columns with a cell that has a line break in its quotes, each with the line where the first of them begins.
    pub broken: Vec<(usize, usize)>,
    /// For each empty line of a sheet of one column, how many rows come before it. None is behind the last row.
    pub empty: Vec<usize>,
}

impl Table {
    /// The columns that are not among those asked for, as messages call them. One without a name and without values is what
    /// separators at the ends of lines make, and is none.
    ///
    /// # Errors
    /// A cell of them that goes on over several lines: a stray quote makes one of many rows.
    pub fn unasked(&self, wanted: &[String]) -> Result<Vec<String>, String> {
        let mut unasked = Vec::new();
        for (at, (name, cells)) in self.columns.iter().enumerate() {
            if wanted.contains(name) {
                continue;
            }
            let shown = match name.as_str() {
                "" => format!("number {} (without a name)", at + 1),
                name => super::name(name),
            };
            if let Some((_, line)) = self.lines.broken.iter().find(|(column, _)| *column == at) {
                return Err(format!(
                    "line {line}: a `\"` opens here in the column {shown}, which is not asked for, and is closed lines later only: \
                     the rows between would not be read; take the quote or the line breaks out"
                ));
            }
            let is_empty = || {
                cells
                    .iter()
                    .all(|cell| matches!(&*cell, Tree::Text(text) if text.is_empty()))
            };
            if !name.is_empty() || !is_empty() {
                unasked.push(shown);
            }
        }
        Ok(unasked)
    }

    /// The same sheet with each empty line between the rows of its only column as an empty cell.
    pub fn with_empty_lines(&self) -> Self {
        let mut table = self.clone();
        if let [(_, cells)] = table.columns.as_mut_slice() {
            let mut all = List::default();
            let mut empty = self.lines.empty.iter().peekable();
            for (row, cell) in cells.iter().enumerate() {
                while empty.next_if(|at| **at <= row).is_some() {
                    all.push_cell("");
                }
                match &*cell {
                    Tree::Int(false, n) => all.push_cell(&n.to_string()),
                    Tree::Text(text) => all.push_cell(text),
                    other => all.push(other.clone()),
                }
            }
            table.rows = all.len();
            *cells = all;
            table.lines.empty = Vec::new();
        }
        table
    }

    /// The cells of a column.
    pub fn column(&self, name: &str) -> Option<&List> {
        let mut columns = self.columns.iter();
        columns.find(|(n, _)| n == name).map(|(_, cells)| cells)
    }

    /// A row as an object.
    pub fn row(&self, row: usize) -> Tree {
        let cell = |(name, cells): &(String, List)| {
            let cell = cells.get(row).map_or(Tree::Null, Cow::into_owned);
            (name.clone(), cell)
        };
        Tree::Map(self.columns.iter().map(cell).collect())
    }

    /// The names of its columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// A sheet whose first line is a row like the others.
    pub fn matrix(&self) -> List {
        let mut first = List::default();
        for name in self.names() {
            first.push_cell(name);
        }
        let mut rows = vec![Tree::List(first)];
        for row in 0..self.rows {
            let cells = self.columns.iter().filter_map(|(_, cells)| cells.get(row));
            rows.push(Tree::List(cells.map(Cow::into_owned).collect()));
        }
        if self.columns.is_empty() {
            rows.clear();
        }
        List::Any(rows)
    }

    /// What is wrong with the header of a sheet of which these columns are asked for, if anything.
    pub fn check_header(&self, wanted: &[String]) -> Result<(), String> {
        if self.columns.is_empty() && self.sheet {
            return Err("it is empty; a table begins with a line of column names".to_owned());
        }
        let mut seen = smpcc_circuit::sorted::SortedSet::new();
        for (i, name) in self.names().enumerate() {
            if !seen.insert(name) && wanted.iter().any(|column| column == name) {
                return Err(format!("header: column {}, `{name}`, stands twice", i + 1));
            }
        }
        Ok(())
    }
}

fn integer(n: u64) -> Tree {
    Tree::Int(false, u128::from(n))
}

/// The number that a cell is, if its digits are those that the number is written with.
#[inline]
fn plain(cell: &str) -> Option<u64> {
    let digits = cell.as_bytes();
    match digits {
        [b'0'] => return Some(0),
        [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit) => {}
        _ => return None,
    }
    if digits.len() < 20 {
        return Some(digits.iter().fold(0, |n, d| n * 10 + u64::from(d - b'0')));
    }
    match number(cell) {
        Tree::Int(false, n) => u64::try_from(n).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_small_number_changes_the_form_and_no_item() {
        let numbers = [1, u128::from(u64::MAX), u128::from(u64::MAX) + 1, 7];
        let list: List = numbers.iter().map(|&n| Tree::Int(false, n)).collect();
        assert!(matches!(list, List::Any(_)));
        let back = list.iter().map(|item| match *item {
            Tree::Int(false, n) => n,
            _ => 0,
        });
        assert!(back.eq(numbers));
        let list: List = [Tree::Int(false, 3), Tree::Int(true, 3)]
            .into_iter()
            .collect();
        assert!(matches!(list.get(1).as_deref(), Some(Tree::Int(true, 3))));
        assert!(matches!(list.get(0).as_deref(), Some(Tree::Int(false, 3))));
        assert!(matches!(
            [Tree::Int(false, 3)].into_iter().collect(),
            List::Numbers(_)
        ));
    }

    #[test]
    fn cells_keep_their_letters() {
        let cells = ["12", "0", "007", "", "18446744073709551615", "é", "1"];
        let mut list = List::default();
        for cell in cells {
            list.push_cell(cell);
        }
        let back = list.iter().map(|item| match &*item {
            Tree::Text(text) => text.clone(),
            _ => "no text".into(),
        });
        assert!(back.eq(cells));
        let mut numbers = List::default();
        for cell in ["12", "0", "18446744073709551615"] {
            numbers.push_cell(cell);
        }
        assert!(matches!(&numbers, List::Numbers(v) if *v == [12, 0, u64::MAX]));
        assert!(matches!(numbers.pop(), Some(Tree::Int(false, n)) if n == u128::from(u64::MAX)));
        assert!(matches!(list.pop(), Some(Tree::Text(t)) if t == "1"));
        assert!(matches!(list.pop(), Some(Tree::Text(t)) if t == "é"));
        list.push_text("z");
        assert!(matches!(list.get(5).as_deref(), Some(Tree::Text(t)) if t == "z"));
        assert_eq!(plain("18446744073709551616"), None);
    }
}
