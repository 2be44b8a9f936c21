//! From a type to what people fill in: one control for a single value, some for a few values together, lines of text for many.
//!
//! Whatever is given is a list of *rows* of the same *columns*; a column is what one control or one cell holds. Each scalar that is stored
//! takes its words from some of them, row after row.

use smpcc_circuit::program::{Shape, ShapeNode, ShapeVariant};
use smpcc_circuit::value::{Form, Integer, Scalar, mask};
use smpcc_study::schema::Value;
use smpcc_study::study::Input;
use smpcc_study::types;

/// The most columns of an input.
const MAX_COLUMNS: usize = 64;

/// How an input is filled in.
pub struct Field<'s> {
    /// What the study says of it.
    pub input: &'s Input,
    /// How many rows there are.
    pub rows: Rows,
    /// What each row has.
    pub columns: Vec<Column>,
    /// The scalars that are stored.
    pub leaves: Vec<Leaf>,
    shape: Shape,
}

/// How many rows there are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// It is no list.
    One,
    /// So many.
    Many(u64),
    /// As many as somebody gives.
    Any,
}

/// What one control or one cell holds.
#[derive(Clone)]
pub struct Column {
    /// What it is called among others; empty if there are none.
    pub name: String,
    /// Its type.
    pub scalar: Scalar,
    /// How it is written.
    pub form: Form,
    /// Smallest and largest value, as they are written.
    pub range: (String, String),
    /// Where one of a few names is chosen, these.
    pub choices: Vec<String>,
    /// Whether it may be left out.
    pub optional: bool,
}

/// A stored scalar.
#[derive(Clone)]
pub struct Leaf {
    /// Its type.
    pub scalar: Scalar,
    /// In each row the columns that it is in, in the order of its lanes.
    pub of: Vec<Cell>,
}

/// Where the word of a lane comes from.
#[derive(Clone, Copy)]
pub struct Cell {
    /// The column.
    pub column: usize,
    /// Whether the word says if there is a value, instead of which.
    pub is_there: bool,
}

impl<'s> Field<'s> {
    /// How an input of this type is filled in; `None` if a page cannot ask for that.
    pub fn new(input: &'s Input) -> Option<Self> {
        // A layout is said where the type does not tell it.
        let shape = types::read(&input.scalar).filter(|_| input.layout.is_none())?;
        let (rows, element) = match shape.0.split_first()? {
            (ShapeNode::Array(Some(n)), rest) => (Rows::Many(*n), rest),
            (ShapeNode::Array(None), rest) => (Rows::Any, rest),
            _ => (Rows::One, &shape.0[..]),
        };
        let mut columns = Columns(Vec::new());
        let leaves = columns.of(&mut { element }, "")?;
        let mut columns = columns.0;
        // What is there once has its range in the study.
        if let (Rows::One, [column], 1) = (rows, &mut columns[..], shape.0.len()) {
            let (low, high) = column.range.clone();
            let (least, most) = (input.least.clone(), input.most.clone());
            column.range = (least.unwrap_or(low), most.unwrap_or(high));
        }
        Some(Self {
            input,
            rows,
            columns,
            leaves,
            shape,
        })
    }

    /// What is stored of it, with so many rows where the number is open.
    pub fn value(&self, rows: u64) -> Value {
        let mut shape = self.shape.clone();
        let n = match (self.rows, shape.0.first_mut()) {
            (Rows::Any, Some(node)) => {
                *node = ShapeNode::Array(Some(rows));
                rows
            }
            (Rows::Many(n), _) => n,
            (Rows::One | Rows::Any, _) => 1,
        };
        if let (Some(ShapeNode::Scalar { range, form, .. }), [column]) =
            (shape.0.first_mut(), &self.columns[..])
            && *form == Form::Plain
            && self.input.least.is_some()
            && self.input.most.is_some()
        {
            let (low, high) = &column.range;
            *range = types::integer(low).zip(types::integer(high));
        }
        let lanes = |leaf: &Leaf| n.saturating_mul(leaf.of.len() as u64);
        Value {
            name: self.input.name.clone(),
            leaves: self.leaves.iter().map(|l| (l.scalar, lanes(l))).collect(),
            shape,
        }
    }
}

struct Columns(Vec<Column>);

impl Columns {
    /// Takes the first type off a shape: its columns, called after where they stand, and its scalars.
    fn of(&mut self, rest: &mut &[ShapeNode], name: &str) -> Option<Vec<Leaf>> {
        let (node, after) = rest.split_first()?;
        *rest = after;
        let inside = |field: &str| match name {
            "" => field.to_owned(),
            name => format!("{name} {field}"),
        };
        match node {
            ShapeNode::Scalar {
                scalar,
                form,
                range,
            } => {
                let column = self.add(Column::new(name, *scalar, *form, *range))?;
                Some(vec![Leaf::whole(*scalar, column)])
            }
            ShapeNode::Array(Some(n)) if *n <= MAX_COLUMNS as u64 => {
                let element = *rest;
                let mut all: Vec<Leaf> = Vec::new();
                for i in 0..*n {
                    *rest = element;
                    let leaves = self.of(rest, &inside(&(i + 1).to_string()))?;
                    match all.is_empty() {
                        true => all = leaves,
                        false => (all.iter_mut().zip(leaves))
                            .for_each(|(all, leaf)| all.of.extend(leaf.of)),
                    }
                }
                Some(all).filter(|_| *n > 0)
            }
            ShapeNode::Tuple(n) => {
                let parts = (1..=*n).map(|i| self.of(rest, &inside(&i.to_string())));
                Some(parts.collect::<Option<Vec<_>>>()?.concat())
            }
            ShapeNode::Struct { fields, .. } => {
                let parts = fields.iter().map(|field| self.of(rest, &inside(field)));
                Some(parts.collect::<Option<Vec<_>>>()?.concat())
            }
            ShapeNode::Enum {
                optional,
                slots,
                variants,
                ..
            } => self.variants(rest, (*optional, *slots), variants, name),
            ShapeNode::Array(_) | ShapeNode::Shared { .. } => None,
        }
    }

    /// Of an enum whose variants are names, and of one value that may be missing.
    fn variants(
        &mut self,
        rest: &mut &[ShapeNode],
        form: (bool, u32),
        variants: &[ShapeVariant],
        name: &str,
    ) -> Option<Vec<Leaf>> {
        let (ShapeNode::Scalar { scalar: tag, .. }, after) = rest.split_first()? else {
            return None;
        };
        match form {
            (false, 0) => {
                *rest = after;
                let mut column = Column::new(name, *tag, Form::Plain, None);
                column.choices = variants.iter().map(|v| v.name.clone()).collect();
                Some(vec![Leaf::whole(*tag, self.add(column)?)])
            }
            (true, 1) => {
                let (slot, after) = after.split_first()?;
                let (value, after) = after.split_first()?;
                let (
                    ShapeNode::Scalar { scalar, form, .. },
                    ShapeNode::Shared {
                        range: declared, ..
                    },
                ) = (slot, value)
                else {
                    return None;
                };
                *rest = after;
                let mut column = Column::new(name, *scalar, *form, *declared);
                column.optional = true;
                let column = self.add(column)?;
                let there = Cell {
                    column,
                    is_there: true,
                };
                Some(vec![
                    Leaf {
                        scalar: *tag,
                        of: vec![there],
                    },
                    Leaf::whole(*scalar, column),
                ])
            }
            _ => None,
        }
    }

    fn add(&mut self, column: Column) -> Option<usize> {
        self.0.push(column);
        (self.0.len() <= MAX_COLUMNS).then_some(self.0.len() - 1)
    }
}

impl Leaf {
    fn whole(scalar: Scalar, column: usize) -> Self {
        let cell = Cell {
            column,
            is_there: false,
        };
        Self {
            scalar,
            of: vec![cell],
        }
    }
}

impl Column {
    fn new(name: &str, scalar: Scalar, form: Form, range: Option<(Integer, Integer)>) -> Self {
        let (low, high) = match scalar.is_signed() {
            false => (0, mask(scalar.width())),
            true => {
                let half = 1 << (scalar.width() - 1);
                (half, half - 1)
            }
        };
        let range = match range.filter(|_| form == Form::Plain) {
            Some((low, high)) => (low.to_string(), high.to_string()),
            None => (form.display(scalar, low), form.display(scalar, high)),
        };
        Self {
            name: name.to_owned(),
            scalar,
            form,
            range,
            choices: Vec::new(),
            optional: false,
        }
    }

    /// The kind of value, by the word that the page's script has for it.
    pub fn kind(&self) -> &'static str {
        match (self.scalar, self.form) {
            _ if !self.choices.is_empty() => "choice",
            (Scalar::Bool, _) => "bool",
            (_, Form::Date) => "date",
            (_, Form::Datetime) => "datetime",
            (_, Form::Text) => "text",
            (_, Form::Fixed(_)) => "fixed",
            (_, Form::Float) => "float",
            (_, Form::Plain) => "integer",
        }
    }

    /// What may be typed, for people.
    pub fn takes(&self) -> String {
        let (least, most) = &self.range;
        let takes = match self.kind() {
            "choice" => format!("one of {}", self.choices.join(", ")),
            "bool" => "yes or no".into(),
            "date" => "a date as 2024-02-29".into(),
            "datetime" => "a date and time in UTC as 2024-02-29T23:59:59".into(),
            "text" => format!("at most {} bytes of text", self.scalar.width() / 8),
            "fixed" => format!("a decimal number from {least} to {most}"),
            "float" => "a decimal number".into(),
            _ => format!("a whole number from {least} to {most}"),
        };
        match self.optional {
            true => takes + ", or nothing",
            false => takes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(ty: &str) -> Input {
        Input {
            name: "x".into(),
            scalar: ty.into(),
            layout: None,
            label: "X".into(),
            help: String::new(),
            least: None,
            most: None,
        }
    }

    #[test]
    fn every_lane_has_its_cell() {
        let input = input(
            "[Row { age: u8 in 1..=9, ward: enum W { North, South }, at: [(bool, Option<i4>); 2] }; _]",
        );
        let field = Field::new(&input).expect("a field");
        let names: Vec<&str> = field.columns.iter().map(|c| &*c.name).collect();
        assert_eq!(
            names,
            ["age", "ward", "at 1 1", "at 1 2", "at 2 1", "at 2 2"]
        );
        let cells = |leaf: &Leaf| -> Vec<(usize, bool)> {
            leaf.of.iter().map(|c| (c.column, c.is_there)).collect()
        };
        let leaves: Vec<_> = field.leaves.iter().map(cells).collect();
        assert_eq!(
            leaves,
            [
                vec![(0, false)],
                vec![(1, false)],
                vec![(2, false), (4, false)],
                vec![(3, true), (5, true)],
                vec![(3, false), (5, false)],
            ]
        );
        assert_eq!(field.columns[0].takes(), "a whole number from 1 to 9");
        assert_eq!(field.columns[1].takes(), "one of North, South");
        let value = field.value(7);
        assert!(value.is_whole());
        assert!(types::fits(&value.shape, &input.scalar, None));
    }

    #[test]
    fn what_a_type_does_not_tell_is_not_guessed() {
        let mut input = input("[Option<u8>; 2]");
        assert!(Field::new(&input).is_some());
        input.layout = Some([7; 32]);
        assert!(Field::new(&input).is_none());
    }

    #[test]
    fn a_page_says_what_it_cannot_ask_for() {
        for ty in [
            "[[u8; _]; _]",
            "[[u8; 65]; 2]",
            "Option<(u8, u8)>",
            "enum K { A(u8) }",
            "Row",
        ] {
            assert!(Field::new(&input(ty)).is_none(), "{ty}");
        }
    }
}
