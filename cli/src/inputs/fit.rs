//! A tree matched with a declared shape: columns at once where they are long, and row by row where something is wrong, to
//! say in which.

use super::cell::{self, Range};
use super::list::{Lines, Table};
use super::{List, Tree, is_name, name};
use crate::words::{did_you_mean, thousands};
use smpcc_circuit::program::{Shape, ShapeNode};
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{Form, Scalar, Word};
use smpcc_runtime::ring::Elements;
use std::borrow::Cow;
use std::fmt::Write as _;

/// The words of one parameter: one vector per scalar of its shape, in the shape's order, and the open length if any.
pub struct Leaves {
    /// Lanes of each scalar leaf.
    pub words: Vec<Elements>,
    /// The lengths of the arrays whose lengths come from the data, by position in the shape.
    pub open_lens: SortedMap<usize, u64>,
    /// What the one who gives it should know: columns that nobody asked for.
    pub notes: Vec<String>,
}

/// Most wrong values that are told one by one.
const TOLD: usize = 20;

/// What is wrong with the values of a file: the first ones, and how many more there are.
#[derive(Default)]
pub struct Wrongs {
    told: Vec<String>,
    more: usize,
}

impl Wrongs {
    fn add(&mut self, wrong: String) {
        if self.told.len() < TOLD {
            self.told.push(wrong);
        } else {
            self.more += 1;
        }
    }

    /// All of it, a line for each; nothing if all is well.
    pub fn text(&self) -> Option<String> {
        let mut text = self.told.join("\n");
        match self.more {
            0 => {}
            1 => text.push_str("\nand 1 more value is wrong"),
            n => {
                let _ = write!(text, "\nand {} more values are wrong", thousands(n as u64));
            }
        }
        (!text.is_empty()).then_some(text)
    }
}

/// Matches `tree` against `shape`. `place` says where the tree stands (`file inputs.json, party 0, salary`).
///
/// # Errors
/// A line for each wrong value, of many for the first ones only, that names the place, the row, the field and the value.
pub fn leaves(tree: &Tree, shape: &Shape, place: &str) -> Result<Leaves, String> {
    let mut wrongs = Wrongs::default();
    let found = leaves_or(tree, shape, place, &mut wrongs);
    match wrongs.text() {
        None => Ok(found),
        Some(text) => Err(text),
    }
}

/// The same, where what is wrong is added to what was wrong before. What is wrong leaves gaps, so that nothing of it is of use then.
pub fn leaves_or(tree: &Tree, shape: &Shape, place: &str, wrongs: &mut Wrongs) -> Leaves {
    let n_leaves = shape
        .0
        .iter()
        .filter(|n| matches!(n, ShapeNode::Scalar { .. }))
        .count();
    let mut walk = Walk {
        shape,
        words: vec![Elements::default(); n_leaves],
        open_lens: SortedMap::new(),
        place,
        path: Vec::new(),
        notes: Vec::new(),
        wrongs,
        base: 0,
    };
    if let Err(wrong) = walk.value(tree, 0, 0) {
        walk.wrongs.add(wrong);
    }
    Leaves {
        words: walk.words,
        open_lens: walk.open_lens,
        notes: walk.notes,
    }
}

enum Step {
    Field(String),
    Row(usize),
}

pub(super) struct Walk<'a> {
    pub shape: &'a Shape,
    pub words: Vec<Elements>,
    open_lens: SortedMap<usize, u64>,
    place: &'a str,
    path: Vec<Step>,
    notes: Vec<String>,
    wrongs: &'a mut Wrongs,
    /// The first leaf of the enum around, the outermost that has leaves of its own.
    pub base: usize,
}

impl Walk<'_> {
    /// Takes `tree` as shape node `node`, whose first scalar is leaf `leaf`; returns the next node and leaf.
    pub fn value(
        &mut self,
        tree: &Tree,
        node: usize,
        leaf: usize,
    ) -> Result<(usize, usize), String> {
        match self.shape.0.get(node) {
            None => Err(self.wrong("the declared type is incomplete")),
            Some(ShapeNode::Scalar {
                scalar,
                form,
                range,
            }) => {
                let word = cell::word(tree, *scalar, *form, *range);
                let word = word.map_err(|e| self.wrong(&e))?;
                self.push(leaf, word);
                Ok((node + 1, leaf + 1))
            }
            Some(ShapeNode::Shared {
                scalar,
                form,
                range,
                leaf: shared,
            }) => {
                let word = cell::word(tree, *scalar, *form, *range);
                let word = word.map_err(|e| self.wrong(&e))?;
                self.push(self.base + *shared as usize, word);
                Ok((node + 1, leaf))
            }
            Some(ShapeNode::Enum { .. }) => {
                self.choice(tree, node, leaf)?;
                Ok(skip(self.shape, node, leaf))
            }
            Some(ShapeNode::Array(len)) => self.array(tree, *len, node, leaf),
            Some(ShapeNode::Tuple(n)) => {
                let n = *n as usize;
                let Some(found) = list_len(tree) else {
                    return Err(self.wrong(&format!(
                        "expected a list of {n} values, found {}",
                        tree.kind()
                    )));
                };
                if found != n {
                    return Err(self.wrong(&format!("expected {n} values, found {found}")));
                }
                let mut at = (node + 1, leaf);
                for row in 0..n {
                    at = self.part(Step::Row(row), &row_of(tree, row), at);
                }
                Ok(at)
            }
            Some(ShapeNode::Struct { fields, .. }) => {
                let Tree::Map(entries) = tree else {
                    return Err(self.wrong(&format!(
                        "expected an object with the fields {}, found {}",
                        quoted(fields),
                        tree.kind()
                    )));
                };
                if let Some((unknown, _)) = entries.iter().find(|(key, _)| !fields.contains(key)) {
                    let missing = fields.iter().filter(|field| tree.get(field).is_none());
                    let mut meant = missing.filter_map(|field| named_so(field, [unknown.as_str()]));
                    return Err(self.wrong(&format!(
                        "unknown field {}; the program declares {}{}",
                        name(unknown),
                        quoted(fields),
                        meant.next().unwrap_or_default()
                    )));
                }
                let mut at = (node + 1, leaf);
                for field in fields {
                    let Some(item) = tree.get(field) else {
                        return Err(self.wrong(&format!("field `{field}` is missing")));
                    };
                    at = self.part(Step::Field(field.clone()), item, at);
                }
                Ok(at)
            }
        }
    }

    /// Takes a part of a value, and what comes next: what is wrong with one part hides nothing in the others.
    fn part(&mut self, step: Step, tree: &Tree, (node, leaf): (usize, usize)) -> (usize, usize) {
        let (depth, base) = (self.path.len(), self.base);
        self.path.push(step);
        let taken = self.value(tree, node, leaf);
        self.path.truncate(depth);
        match taken {
            Ok(next) => next,
            Err(wrong) => {
                self.wrongs.add(wrong);
                self.base = base;
                skip(self.shape, node, leaf)
            }
        }
    }

    pub fn push(&mut self, leaf: usize, word: Word) {
        if let Some(words) = self.words.get_mut(leaf) {
            words.push(word);
        }
    }

    fn array(
        &mut self,
        tree: &Tree,
        len: Option<u64>,
        node: usize,
        leaf: usize,
    ) -> Result<(usize, usize), String> {
        let from_hex;
        let tree = match (tree, self.shape.0.get(node + 1)) {
            (Tree::Text(text), Some(item)) if let Some(bits) = bits_or_bytes(item) => {
                let digits = cell::hex(text, bits);
                let digits = digits.map_err(|e| self.wrong(&e))?;
                from_hex = Tree::List(List::Numbers(digits));
                &from_hex
            }
            _ => tree,
        };
        let with_empty;
        let tree = match tree {
            Tree::Table(table) if !table.lines.empty.is_empty() && self.is_optional(node + 1) => {
                with_empty = Tree::Table(table.with_empty_lines());
                &with_empty
            }
            _ => tree,
        };
        let Some(found) = list_len(tree) else {
            return Err(self.wrong(&format!("expected a list, found {}", tree.kind())));
        };
        let n = found as u64;
        match len {
            Some(len) if len != n => {
                return Err(self.wrong(&format!("expected {len} elements, found {n}")));
            }
            Some(_) => {}
            None => {
                let before = *self.open_lens.entry(node).or_insert(n);
                if before != n {
                    return Err(self.wrong(&format!(
                        "expected {before} elements as in the rows before, found {n}"
                    )));
                }
            }
        }
        let asked_for;
        let tree = match (tree, self.shape.0.get(node + 1)) {
            (Tree::Table(table), Some(ShapeNode::Struct { fields, .. })) if table.sheet => {
                match self.columns(table, fields)? {
                    Some(fewer) => {
                        asked_for = Tree::Table(fewer);
                        &asked_for
                    }
                    None => tree,
                }
            }
            _ => tree,
        };
        if !self.at_once(tree, node + 1, leaf) {
            for row in 0..found {
                self.part(Step::Row(row), &row_of(tree, row), (node + 1, leaf));
            }
        }
        Ok(skip(self.shape, node + 1, leaf))
    }

    /// The columns of a sheet that a struct asks for, where it has more; the others are noted.
    fn columns(&mut self, table: &Table, fields: &[String]) -> Result<Option<Table>, String> {
        table.check_header(fields).map_err(|e| {
            let header = header(fields);
            self.wrong(&format!("{e} (the program asks for {header})"))
        })?;
        if let Some(missing) = fields.iter().find(|field| table.column(field).is_none()) {
            return Err(self.wrong(&no_column(table, missing, fields)));
        }
        if table.columns.len() == fields.len() {
            return Ok(None);
        }
        let unasked = table.unasked(fields).map_err(|e| self.wrong(&e))?;
        if !unasked.is_empty() {
            self.notes.push(ignored(self.place, &unasked));
        }
        let asked_for = table
            .columns
            .iter()
            .filter(|(name, _)| fields.contains(name));
        Ok(Some(Table {
            rows: table.rows,
            columns: asked_for.cloned().collect(),
            sheet: true,
            lines: Lines::default(),
        }))
    }

    /// Whether rows are structs whose only field is an `Option`, so that an empty line is a row.
    fn is_optional(&self, node: usize) -> bool {
        let is_struct =
            |n: &ShapeNode| matches!(n, ShapeNode::Struct { fields, .. } if fields.len() == 1);
        self.shape.0.get(node).is_some_and(is_struct)
            && self.shape.0.get(node + 1).is_some_and(is_option)
    }

    /// Takes all items of a list of scalars, or of structs of scalars, if all are well; else takes none.
    fn at_once(&mut self, tree: &Tree, node: usize, leaf: usize) -> bool {
        match (tree, self.shape.0.get(node)) {
            (
                Tree::List(items),
                Some(ShapeNode::Scalar {
                    scalar,
                    form,
                    range,
                }),
            ) => {
                let words = words_of(items, *scalar, *form, *range);
                match (words, self.words.get_mut(leaf)) {
                    (Some(words), Some(into)) => extend(into, words),
                    (_, _) => return false,
                }
                true
            }
            (Tree::Table(table), Some(ShapeNode::Struct { fields, .. })) => {
                if table.columns.len() != fields.len() {
                    return false;
                }
                let mut columns = Vec::with_capacity(fields.len());
                for (field, node) in fields.iter().zip(self.shape.0.iter().skip(node + 1)) {
                    let ShapeNode::Scalar {
                        scalar,
                        form,
                        range,
                    } = node
                    else {
                        return false;
                    };
                    let cells = table.column(field);
                    match cells.and_then(|cells| words_of(cells, *scalar, *form, *range)) {
                        Some(words) => columns.push(words),
                        None => return false,
                    }
                }
                for (into, words) in self.words.iter_mut().skip(leaf).zip(columns) {
                    extend(into, words);
                }
                true
            }
            (_, _) => false,
        }
    }

    pub fn wrong(&self, what: &str) -> String {
        let mut text = self.place.to_string();
        for step in &self.path {
            match step {
                Step::Field(name) => {
                    let _ = write!(text, ", field `{name}`");
                }
                Step::Row(row) => {
                    let _ = write!(text, ", row {}", row + 1);
                }
            }
        }
        format!("{text}: {what}")
    }
}

/// Whether an array of such items may be one text `0x…`, and then whether it is of bits: else it is of bytes.
pub fn bits_or_bytes(item: &ShapeNode) -> Option<bool> {
    match item {
        ShapeNode::Scalar {
            scalar,
            form: Form::Plain,
            ..
        }
        | ShapeNode::Shared {
            scalar,
            form: Form::Plain,
            ..
        } if *scalar == Scalar::Bool || *scalar == Scalar::unsigned(8) => {
            Some(*scalar == Scalar::Bool)
        }
        _ => None,
    }
}

/// The node of the first field of an enum's variants.
pub fn first_held(shape: &Shape, at: usize) -> usize {
    let Some(ShapeNode::Enum { slots, .. }) = shape.0.get(at) else {
        return at;
    };
    (0..=*slots).fold(at + 1, |at, _| skip(shape, at, 0).0)
}

/// Whether it is the library's `Option`.
pub const fn is_option(node: &ShapeNode) -> bool {
    matches!(node, ShapeNode::Enum { optional: true, .. })
}

/// That a sheet does not have a column, and what it has in its place. Without any of `wanted` its first line may be a row.
pub fn no_column(table: &Table, column: &str, wanted: &[String]) -> String {
    if !wanted.iter().any(|field| table.column(field).is_some()) {
        let header = header(wanted);
        let hint =
            named_so(column, table.names()).unwrap_or_else(|| did_you_mean(column, table.names()));
        return format!(
            "its first line is no header with the column `{column}`; the program asks for {header}{hint}"
        );
    }
    let others = table
        .names()
        .filter(|name| !wanted.iter().any(|w| w == name));
    let others: Vec<&str> = others.collect();
    let meant = named_so(column, others.iter().copied());
    let near = meant.unwrap_or_else(|| did_you_mean(column, others));
    let there: Vec<String> = table.names().map(name).collect();
    let near = if near.is_empty() {
        let unnamed = is_name(column) && table.names().any(|there| !is_name(there));
        let hint = match unnamed {
            true => {
                "; a column whose header is no name is asked for by `#[name(\"…\")]` before a field of a struct"
            }
            false => "",
        };
        format!("; the columns are {}{hint}", there.join(", "))
    } else {
        near
    };
    format!("column `{column}` is missing{near}")
}

/// What to write where files call a field by what is no name of a program: if one of these is the field's name with other letters
/// between its words, or with more words.
fn named_so<'n>(field: &str, there: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric());
        let words = words.filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let asked = words(field);
    let within = |some: &[String], all: &[String]| {
        !some.is_empty() && some.iter().all(|word| all.contains(word))
    };
    let is_meant = |name: &&str| {
        let has = words(name);
        let alike = within(&asked, &has) || !asked.is_empty() && asked.concat() == has.concat();
        // What is asked for by another name may have lost it.
        let plain = !is_name(field) && within(&has, &asked);
        name.len() <= 80 && (alike && !is_name(name) || plain)
    };
    let meant = there.into_iter().find(is_meant)?;
    let shown = meant.replace('\\', "\\\\").replace('"', "\\\"");
    let before = match is_name(field) {
        true => format!(" before the field `{field}` of a struct"),
        false => String::new(),
    };
    Some(format!(
        "; for what stands there as `{meant}`, write `#[name(\"{shown}\")]`{before}"
    ))
}

/// The first line of a sheet with these columns.
pub fn header(columns: &[String]) -> String {
    let quoted = |name: &String| match name.contains([',', ';', '\t', '"']) {
        true => format!("\"{}\"", name.replace('"', "\"\"")),
        false => name.clone(),
    };
    columns.iter().map(quoted).collect::<Vec<_>>().join(",")
}

/// That columns are there which nobody asked for.
pub fn ignored(place: &str, columns: &[String]) -> String {
    let (noun, verb) = if columns.len() == 1 {
        ("the column", "is")
    } else {
        ("the columns", "are")
    };
    format!(
        "{place}: {noun} {} {verb} not asked for, and ignored",
        columns.join(", ")
    )
}

/// The words of all items, if all are well.
fn words_of(items: &List, scalar: Scalar, form: Form, range: Range) -> Option<Elements> {
    match items {
        List::Numbers(numbers) if form == Form::Plain => {
            cell::all_fit(numbers, scalar, range).then(|| Elements::Narrow(numbers.clone()))
        }
        List::Texts(texts) => {
            let mut words = Elements::default();
            for text in texts.iter() {
                words.push(cell::text(text, scalar, form, range).ok()?);
            }
            Some(words)
        }
        List::Numbers(_) | List::Any(_) => {
            let mut words = Elements::default();
            for item in items.iter() {
                words.push(cell::word(&item, scalar, form, range).ok()?);
            }
            Some(words)
        }
    }
}

fn extend(into: &mut Elements, words: Elements) {
    match (&mut *into, words) {
        (Elements::Narrow(there), words) if there.is_empty() => *into = words,
        (Elements::Narrow(there), Elements::Narrow(more)) => there.extend(more),
        (_, words) => words.words().into_iter().for_each(|word| into.push(word)),
    }
}

fn list_len(tree: &Tree) -> Option<usize> {
    match tree {
        Tree::List(items) => Some(items.len()),
        Tree::Table(table) => Some(table.rows),
        _ => None,
    }
}

/// An item of a list, or a row of a table; of anything else nothing.
fn row_of(tree: &Tree, row: usize) -> Cow<'_, Tree> {
    match tree {
        Tree::List(items) => items.get(row).unwrap_or(Cow::Owned(Tree::Null)),
        Tree::Table(table) => Cow::Owned(table.row(row)),
        _ => Cow::Owned(Tree::Null),
    }
}

/// The node and leaf behind the subtree of `shape` at `node`, whose first scalar is `leaf`.
pub fn skip(shape: &Shape, node: usize, leaf: usize) -> (usize, usize) {
    let (mut node, mut leaf, mut open) = (node, leaf, 1usize);
    while open > 0 {
        open -= 1;
        match shape.0.get(node) {
            None => break,
            Some(ShapeNode::Scalar { .. }) => leaf += 1,
            Some(inner) => open += inner.n_children() as usize,
        }
        node += 1;
    }
    (node, leaf)
}

pub(super) fn quoted(fields: &[String]) -> String {
    fields
        .iter()
        .map(|f| format!("`{f}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::json;

    fn patients() -> Shape {
        let u8s = |range| ShapeNode::Scalar {
            scalar: Scalar::unsigned(8),
            form: Form::Plain,
            range,
        };
        Shape(vec![
            ShapeNode::Array(None),
            ShapeNode::Struct {
                name: "Patient".into(),
                fields: vec!["age".into(), "severity".into()],
            },
            u8s(Some((0.into(), 120.into()))),
            u8s(None),
        ])
    }

    fn error(text: &str) -> String {
        leaves(
            &json::parse(text).map_err(|e| e.to_string()).unwrap(),
            &patients(),
            "file",
        )
        .err()
        .unwrap_or_default()
    }

    #[test]
    fn tables_become_columns() {
        let tree =
            json::parse(r#"[{"age": 3, "severity": "4"}, {"severity": 6, "age": 120}]"#).unwrap();
        let leaves = leaves(&tree, &patients(), "file").unwrap_or_else(|e| panic!("{e}"));
        let words: Vec<_> = leaves.words.iter().map(Elements::words).collect();
        assert_eq!(words, vec![vec![3, 120], vec![4, 6]]);
        assert_eq!(leaves.open_lens.get(&0), Some(&2));
    }

    #[test]
    fn errors_name_row_and_field_and_no_value() {
        assert_eq!(
            error(r#"[{"age": 3, "severity": 4}, {"age": 121, "severity": 4}]"#),
            "file, row 2, field `age`: the value 121 is outside its declared range 0..=120"
        );
        assert_eq!(
            error(r#"[{"age": 3, "severity": 256}]"#),
            "file, row 1, field `severity`: the value 256 does not fit in u8 (0..=255)"
        );
        assert_eq!(
            error(r#"[{"age": 3}]"#),
            "file, row 1: field `severity` is missing"
        );
        assert_eq!(
            error(r#"[{"age": 3, "severity": 1, "name": 2}]"#),
            "file, row 1: unknown field `name`; the program declares `age`, `severity`"
        );
        assert_eq!(
            error(r#"[{"age": 3.5, "severity": 1}]"#),
            "file, row 1, field `age`: expected an integer (u8), found `3.5`, a number with a fraction or exponent"
        );
        assert_eq!(
            error(r#"{"age": 3}"#),
            "file: expected a list, found an object"
        );
    }

    fn sheet(text: &str) -> Result<Leaves, String> {
        leaves(&crate::inputs::csv::parse(text)?, &patients(), "0.csv")
    }

    #[test]
    fn sheets_give_columns_by_name_and_note_the_others() {
        let leaves = sheet("name;severity;age\nx;4;3\ny;6;120\n").unwrap_or_else(|e| panic!("{e}"));
        let words: Vec<_> = leaves.words.iter().map(Elements::words).collect();
        assert_eq!(words, vec![vec![3, 120], vec![4, 6]]);
        assert_eq!(
            leaves.notes,
            ["0.csv: the column `name` is not asked for, and ignored"]
        );
        let empty = sheet("severity,age\n").unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(empty.open_lens.get(&0), Some(&0));
    }

    #[test]
    fn columns_that_are_no_names_are_asked_for_in_quotes() {
        let wrong = |text: &str| sheet(text).err().unwrap_or_default();
        let told = wrong("Age (years);severity\n3;4\n");
        assert!(
            told.ends_with("column `age` is missing; for what stands there as `Age (years)`, write `#[name(\"Age (years)\")]` before the field `age` of a struct"),
            "{told}"
        );
        let told = wrong("Age (years),Severity!\n3,4\n");
        assert!(told.contains("#[name(\"Age (years)\")]"), "{told}");
        let told = wrong("how old?,severity\n3,4\n");
        assert!(
            told.contains("(not a name)") && told.contains("`#[name(\"…\")]`"),
            "{told}"
        );
        let told = error(r#"[{"Age (years)": 3, "severity": 4}]"#);
        assert!(
            told.contains("unknown field (not a name)")
                && told.contains("`#[name(\"Age (years)\")]` before the field `age`"),
            "{told}"
        );
        let mut named = patients();
        named.0[1] = ShapeNode::Struct {
            name: "Patient".into(),
            fields: vec!["Age (years)".into(), "severity".into()],
        };
        for header in ["age", "Age (Years)"] {
            let text = format!("{header},severity\n3,4\n");
            let tree = crate::inputs::csv::parse(&text).unwrap_or(Tree::Null);
            let told = leaves(&tree, &named, "f").err().unwrap_or_default();
            let says = format!("as `{header}`, write `#[name(\"{header}\")]`");
            assert!(told.ends_with(&says), "{told}");
        }
        named.0[1] = ShapeNode::Struct {
            name: "Patient".into(),
            fields: vec!["Age (years)".into(), "a, \"b\"".into()],
        };
        let tree = crate::inputs::csv::parse("\"a, \"\"b\"\"\";Age (years)\n4;3\n");
        let found = leaves(&tree.unwrap_or(Tree::Null), &named, "f");
        let words = found.map(|l| l.words.iter().map(Elements::words).collect::<Vec<_>>());
        assert_eq!(words, Ok(vec![vec![3], vec![4]]));
        assert_eq!(
            header(&["Age (years)".to_owned(), "a, \"b\"".to_owned()]),
            "Age (years),\"a, \"\"b\"\"\""
        );
    }

    #[test]
    fn the_first_wrong_cells_are_told_and_the_others_counted() {
        let told = sheet("age,severity\n3,4\n121,256\n3,4\nx,1\n").err();
        assert_eq!(
            told.as_deref(),
            Some(
                "0.csv, row 2, field `age`: the value 121 is outside its declared range 0..=120\n\
                 0.csv, row 2, field `severity`: the value 256 does not fit in u8 (0..=255)\n\
                 0.csv, row 4, field `age`: expected an integer (u8), found `x`"
            )
        );
        let many = "200,1\n".repeat(1025);
        let told = sheet(&format!("age,severity\n{many}"))
            .err()
            .unwrap_or_default();
        assert_eq!(told.lines().count(), 21, "{told}");
        assert!(told.contains("row 20, field `age`") && !told.contains("row 21,"));
        assert!(
            told.ends_with("\nand 1,005 more values are wrong"),
            "{told}"
        );
        let told =
            error(r#"[{"age": 121, "severity": 4}, {"age": 3}, {"age": -1, "severity": 4}]"#);
        assert_eq!(told.lines().count(), 3, "{told}");
        assert!(
            told.contains("file, row 2: field `severity` is missing"),
            "{told}"
        );
    }

    #[test]
    fn sheets_without_a_column_say_what_they_have() {
        let wrong = |text: &str| sheet(text).err().unwrap_or_default();
        assert!(wrong("").contains("it is empty"), "{}", wrong(""));
        let headless = wrong("4711,3\n4712,4\n");
        assert!(
            headless.contains("no header") && headless.contains("age,severity"),
            "{headless}"
        );
        assert!(!headless.contains("471"), "{headless}");
        let near = wrong("age,Severity\n3,4\n");
        assert!(
            near.contains("column `severity` is missing; did you mean `Severity`"),
            "{near}"
        );
        let other = wrong("age,weight\n");
        assert!(other.contains("the columns are `age`, `weight`"), "{other}");
        let cell = wrong("x,age,severity\n0,3,4\n0,3,4.5\n");
        assert_eq!(
            cell,
            "0.csv, row 2, field `severity`: expected an integer (u8), found `4.5`, a number with a fraction or exponent"
        );
        assert!(wrong("age,severity\n3,\n").contains("row 1, field `severity`"));
    }

    #[test]
    fn bits_and_bytes_are_read_from_hexadecimal_text() {
        let array = |len, scalar| {
            let scalar = ShapeNode::Scalar {
                scalar,
                form: Form::Plain,
                range: None,
            };
            Shape(vec![ShapeNode::Array(len), scalar])
        };
        let read = |text: &str, shape: &Shape| {
            let words = leaves(&json::parse(text).unwrap(), shape, "f");
            words.map(|l| l.words[0].words())
        };
        let bytes = array(Some(2), Scalar::unsigned(8));
        assert_eq!(read("\"0x0aff\"", &bytes), Ok(vec![10, 255]));
        assert!(
            read("\"0x0a\"", &bytes).is_err_and(|e| e.contains("expected 2 elements, found 1"))
        );
        assert!(read("\"aff0\"", &bytes).is_err_and(|e| e.contains("0x…")));
        assert_eq!(
            read("\"0x5\"", &array(None, Scalar::Bool)),
            Ok(vec![0, 1, 0, 1])
        );
        assert!(read("\"0x05\"", &array(None, Scalar::unsigned(16))).is_err());
    }

    #[test]
    fn integers_are_exact_at_every_width() {
        let shape = |scalar| {
            Shape(vec![ShapeNode::Scalar {
                scalar,
                form: Form::Plain,
                range: None,
            }])
        };
        let word = |text: &str, scalar| {
            leaves(&json::parse(text).unwrap(), &shape(scalar), "f").map(|l| l.words[0].get(0))
        };
        assert_eq!(
            word(
                "340282366920938463463374607431768211455",
                Scalar::unsigned(128)
            ),
            Ok(u128::MAX)
        );
        assert_eq!(
            word(
                "-170141183460469231731687303715884105728",
                Scalar::signed(128)
            ),
            Ok(1 << 127)
        );
        assert!(
            word(
                "170141183460469231731687303715884105728",
                Scalar::signed(128)
            )
            .is_err()
        );
        assert_eq!(
            word("\"18446744073709551617\"", Scalar::unsigned(65)),
            Ok((1 << 64) + 1)
        );
        assert_eq!(word("-4", Scalar::signed(3)), Ok(4));
        assert!(word("-5", Scalar::signed(3)).is_err());
        assert!(word("1e3", Scalar::unsigned(32)).is_err());
    }
}
