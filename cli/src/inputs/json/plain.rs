//! JSON as nearly all files of inputs are: read in one pass, straight into columns.
//!
//! Whatever is wrong or unusual gives nothing here, and the parser beside this one reads the text again and says why. So
//! there is one place for messages, and what this one reads is what that one reads.

use super::MAX_DEPTH;
use crate::inputs::list::Lines;
use crate::inputs::{List, Table, Tree, number};

/// The value of `text`, if it is JSON in all ways.
pub(super) fn parse(text: &str) -> Option<Tree> {
    let mut at = Reader { text, at: 0 };
    let tree = at.value(0)?;
    at.space();
    (at.at == text.len()).then_some(tree)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Takes a byte, after white space.
    fn eat(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let there = self.text.get(self.at..)?.starts_with(word);
        self.at += word.len();
        there.then_some(())
    }

    fn value(&mut self, depth: usize) -> Option<Tree> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.space();
        match self.peek()? {
            b'n' => self.word("null").map(|()| Tree::Null),
            b't' => self.word("true").map(|()| Tree::Bool(true)),
            b'f' => self.word("false").map(|()| Tree::Bool(false)),
            b'"' => self.string().map(|text| Tree::Text(text.to_owned())),
            b'[' => self.list(depth + 1),
            b'{' => self.object(Vec::new(), depth + 1),
            b'-' | b'0'..=b'9' => self.number(),
            _ => None,
        }
    }

    fn number(&mut self) -> Option<Tree> {
        let start = self.at;
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let first = self.at;
        let small = self.digits();
        let n_digits = self.at - first;
        if n_digits == 0 || n_digits > 1 && self.text.as_bytes().get(first) == Some(&b'0') {
            return None;
        }
        let mut whole = true;
        if self.peek() == Some(b'.') {
            whole = false;
            self.at += 1;
            let first = self.at;
            self.digits();
            if self.at == first {
                return None;
            }
        }
        if let Some(b'e' | b'E') = self.peek() {
            whole = false;
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            let first = self.at;
            self.digits();
            if self.at == first {
                return None;
            }
        }
        if whole && n_digits <= 19 {
            return Some(Tree::Int(negative && small != 0, u128::from(small)));
        }
        self.text.get(start..self.at).map(number)
    }

    /// Takes a value to the end of a list: small numbers and texts go there without a detour.
    fn item(&mut self, items: &mut List, depth: usize) -> Option<()> {
        self.space();
        match (self.peek()?, &mut *items) {
            (b'1'..=b'9', List::Numbers(numbers)) => {
                let start = self.at;
                let small = self.digits();
                let more = matches!(self.peek(), Some(b'.' | b'e' | b'E'));
                if self.at - start < 20 && !more {
                    numbers.push(small);
                    return Some(());
                }
                self.at = start;
            }
            (b'"', _) if depth <= MAX_DEPTH => {
                let text = self.string()?;
                items.push_text(text);
                return Some(());
            }
            _ => {}
        }
        items.push(self.value(depth)?);
        Some(())
    }

    /// Passes digits; the number that they are if they are at most 19.
    fn digits(&mut self) -> u64 {
        let mut n = 0u64;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            n = n.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        n
    }

    /// A string without escapes.
    fn string(&mut self) -> Option<&'a str> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' | 0..0x20 => return None,
                _ => self.at += 1,
            }
        }
        let text = self.text.get(start..self.at);
        self.at += 1;
        text
    }

    fn list(&mut self, depth: usize) -> Option<Tree> {
        self.at += 1;
        if self.eat(b']') {
            return Some(Tree::List(List::default()));
        }
        self.space();
        if self.peek()? == b'{' {
            return self.objects(depth);
        }
        let mut items = List::default();
        loop {
            self.item(&mut items, depth)?;
            if !self.eat(b',') {
                break;
            }
        }
        self.eat(b']').then_some(Tree::List(items))
    }

    /// Objects up to the end of their list: a table as long as all have the keys of the first, in its order.
    fn objects(&mut self, depth: usize) -> Option<Tree> {
        let mut table: Option<Table> = None;
        let mut any: Option<List> = None;
        loop {
            self.space();
            let item = match (self.peek()?, &mut any, &mut table) {
                (b'{', None, Some(table)) => match self.row(table, depth)? {
                    None => {
                        table.rows += 1;
                        None
                    }
                    Some(begun) => Some(self.rest(begun, depth + 1)?),
                },
                (b'{', None, None) => {
                    let Tree::Map(entries) = self.object(Vec::new(), depth + 1)? else {
                        return None;
                    };
                    let column = |(name, cell)| (name, List::from_iter([cell]));
                    table = Some(Table {
                        rows: 1,
                        columns: entries.into_iter().map(column).collect(),
                        sheet: false,
                        lines: Lines::default(),
                    });
                    None
                }
                _ => Some(self.value(depth)?),
            };
            if let Some(item) = item {
                let before = || {
                    let rows = table.iter().flat_map(|t| (0..t.rows).map(|row| t.row(row)));
                    List::Any(rows.collect())
                };
                any.get_or_insert_with(before).push(item);
            }
            if !self.eat(b',') {
                break;
            }
        }
        if !self.eat(b']') {
            return None;
        }
        match (any, table) {
            (Some(items), _) => Some(Tree::List(items)),
            (None, table) => table.map(Tree::Table),
        }
    }

    /// Takes an object of the keys of `table`, in its order, as a row. If there is another key it takes nothing there, and gives
    /// what stands before that key.
    fn row(&mut self, table: &mut Table, depth: usize) -> Option<Option<Vec<(String, Tree)>>> {
        self.at += 1;
        let mut same = 0;
        for (name, column) in &mut table.columns {
            let before = self.at;
            let comma = same == 0 || self.eat(b',');
            self.space();
            let found = comma && self.peek() == Some(b'"') && self.string() == Some(name);
            if !found || !self.eat(b':') {
                self.at = before;
                break;
            }
            self.item(column, depth + 1)?;
            same += 1;
        }
        if same == table.columns.len() && self.eat(b'}') {
            return Some(None);
        }
        let begun = table.columns.iter_mut().take(same);
        let begun = begun.map(|(name, column)| Some((name.clone(), column.pop()?)));
        Some(Some(begun.collect::<Option<_>>()?))
    }

    fn object(&mut self, entries: Vec<(String, Tree)>, depth: usize) -> Option<Tree> {
        self.at += 1;
        self.rest(entries, depth)
    }

    /// An object to its end, of which some entries have been read.
    fn rest(&mut self, mut entries: Vec<(String, Tree)>, depth: usize) -> Option<Tree> {
        while !self.eat(b'}') {
            if !entries.is_empty() && !self.eat(b',') {
                return None;
            }
            self.space();
            if self.peek()? != b'"' {
                return None;
            }
            let key = self.string()?.to_owned();
            if !self.eat(b':') {
                return None;
            }
            entries.push((key, self.value(depth)?));
        }
        let mut keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        let twice = keys.array_windows().any(|[a, b]| a == b);
        (!twice).then_some(Tree::Map(entries))
    }
}
