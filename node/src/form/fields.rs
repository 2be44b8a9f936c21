//! From a type to what people fill in: one control for a single value, some for a few values together, lines of text for many.
//!
//! Whatever is given is a list of *rows* of the same *columns*, and within a row the columns may be *repeated*; a column is what one control
//! or one cell holds. What belongs to a variant of an enum is a column that is filled in only where that variant is chosen. Each scalar
//! that is stored takes its words from some of the columns, row after row.

use super::column::{Column, Presence};
use smpcc_circuit::program::{Shape, ShapeNode, ShapeVariant};
use smpcc_circuit::value::{Form, Scalar};
use smpcc_study::schema::Value;
use smpcc_study::study::Input;
use smpcc_study::types;

/// The most columns of an input.
const MAX_COLUMNS: usize = 256;

/// The most lanes that a scalar has in one row.
const MAX_LANES: usize = 4096;

/// How an input is filled in.
pub struct Field<'s> {
    /// What the study says of it.
    pub input: &'s Input,
    /// How many rows there are.
    pub rows: Times,
    /// How often the columns stand in a row.
    pub repeats: Times,
    /// What each row has.
    pub columns: Vec<Column>,
    /// The scalars that are stored.
    pub leaves: Vec<Leaf>,
    shape: Shape,
}

/// How often something is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// It is no list.
    One,
    /// So often.
    Many(u64),
    /// As often as somebody gives it.
    Any,
}

/// A stored scalar.
#[derive(Clone)]
pub struct Leaf {
    /// Its type.
    pub scalar: Scalar,
    /// For each of its lanes in a row, in their order, the columns that it may be in: of those that are filled in there is at most one, and
    /// where there is none its word is zero.
    pub of: Vec<Vec<Cell>>,
}

/// Where the word of a lane comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The column.
    pub column: usize,
    /// Whether the word says if there is a value, instead of which.
    pub is_there: bool,
}

impl Times {
    /// In the header of a share file, with so many where the number is open.
    fn count(self, open: u64) -> u64 {
        match self {
            Self::One => 1,
            Self::Many(n) => n,
            Self::Any => open,
        }
    }
}

impl<'s> Field<'s> {
    /// How an input of this type is filled in; `None` if a page cannot ask for that.
    pub fn new(input: &'s Input) -> Option<Self> {
        let shape = match &input.layout {
            None => types::read(&input.scalar)?,
            Some(layout) => layout.clone(),
        };
        let times = |node: Option<&ShapeNode>| match node {
            Some(ShapeNode::Array(Some(n))) => Times::Many(*n),
            Some(ShapeNode::Array(None)) => Times::Any,
            _ => Times::One,
        };
        let rows = times(shape.0.first());
        let repeats = match rows {
            Times::One => Times::One,
            Times::Many(_) | Times::Any => times(shape.0.get(1)),
        };
        let first = Place {
            node: usize::from(rows != Times::One) + usize::from(repeats != Times::One),
            leaf: 0,
            lane: 0,
        };
        let mut walk = Walk {
            shape: &shape,
            columns: Vec::new(),
            leaves: Vec::new(),
            base: None,
        };
        let end = walk.ty(first, "", &[])?;
        let (mut columns, leaves) = (walk.columns, walk.leaves);
        // A lane for which nothing was said is no lane of a type.
        if end.node != shape.0.len() || leaves.len() != end.leaf {
            return None;
        }
        if rows != Times::One {
            columns_of_lines(&mut columns);
        }
        // What is there once has its range in the study.
        if let (Times::One, [column], 1) = (rows, &mut columns[..], shape.0.len()) {
            let (low, high) = column.range.clone();
            let (least, most) = (input.least.clone(), input.most.clone());
            column.range = (least.unwrap_or(low), most.unwrap_or(high));
        }
        Some(Self {
            input,
            rows,
            repeats,
            columns,
            leaves,
            shape,
        })
    }

    /// What is stored of it, with so many rows and repetitions in them where the numbers are open.
    pub fn value(&self, rows: u64, repeats: u64) -> Value {
        let mut shape = self.shape.clone();
        let mut lanes = 1u64;
        for ((times, open), node) in [(self.rows, rows), (self.repeats, repeats)]
            .into_iter()
            .zip(&mut shape.0)
        {
            if times != Times::One {
                *node = ShapeNode::Array(Some(times.count(open)));
            }
            lanes = lanes.saturating_mul(times.count(open));
        }
        if let (Some(ShapeNode::Scalar { range, form, .. }), [column]) =
            (shape.0.first_mut(), &self.columns[..])
            && *form == Form::Plain
            && self.input.least.is_some()
            && self.input.most.is_some()
        {
            let (low, high) = &column.range;
            *range = types::integer(low).zip(types::integer(high));
        }
        let all = |leaf: &Leaf| lanes.saturating_mul(leaf.of.len() as u64);
        Value {
            name: self.input.name.clone(),
            leaves: self.leaves.iter().map(|l| (l.scalar, all(l))).collect(),
            shape,
        }
    }
}

/// In lines of text nobody says that there is something where its cells say it: unless all of them may be empty.
fn columns_of_lines(columns: &mut [Column]) {
    for at in 0..columns.len() {
        let condition = (at, 1);
        let said = |c: &Column| c.when.last() == Some(&condition) && c.presence == Presence::Always;
        if columns[at].presence == Presence::Asked && columns.iter().any(said) {
            columns[at].presence = Presence::Seen;
        }
    }
}

/// How far a walk is: the next node, and the next leaf of its own.
#[derive(Clone, Copy)]
struct Place {
    node: usize,
    leaf: usize,
    /// Which lane of the leaves.
    lane: usize,
}

struct Walk<'s> {
    shape: &'s Shape,
    columns: Vec<Column>,
    leaves: Vec<Leaf>,
    /// The tag of the outermost enum around: what is in its variants is counted from there.
    base: Option<usize>,
}

impl Walk<'_> {
    /// Takes the type at a place: its columns, called after where they stand, and its scalars. Where the next type is.
    fn ty(&mut self, at: Place, name: &str, when: &[(usize, usize)]) -> Option<Place> {
        let node = self.shape.0.get(at.node)?;
        let inside = |field: &str| match name {
            "" => field.to_owned(),
            name => format!("{name} {field}"),
        };
        let next = Place {
            node: at.node + 1,
            ..at
        };
        match node {
            ShapeNode::Scalar {
                scalar,
                form,
                range,
            } => {
                let column = self.add(Column::new(name, *scalar, *form, *range, when))?;
                self.cell(at.leaf, at.lane, *scalar, Some(column))?;
                Some(Place {
                    leaf: at.leaf + 1,
                    ..next
                })
            }
            ShapeNode::Shared {
                scalar,
                form,
                range,
                leaf,
            } => {
                let column = self.add(Column::new(name, *scalar, *form, *range, when))?;
                self.cell(self.base? + *leaf as usize, at.lane, *scalar, Some(column))?;
                Some(next)
            }
            ShapeNode::Array(n) => {
                let n = usize::try_from((*n)?).ok().filter(|n| *n > 0)?;
                let mut end = next;
                for i in 0..n {
                    let lane = at.lane.checked_mul(n)?.checked_add(i)?;
                    end = self.ty(Place { lane, ..next }, &inside(&(i + 1).to_string()), when)?;
                }
                Some(Place {
                    lane: at.lane,
                    ..end
                })
            }
            ShapeNode::Tuple(n) => {
                (1..=*n).try_fold(next, |at, i| self.ty(at, &inside(&i.to_string()), when))
            }
            ShapeNode::Struct { fields, .. } => {
                (fields.iter()).try_fold(next, |at, field| self.ty(at, &inside(field), when))
            }
            ShapeNode::Enum {
                optional,
                slots,
                variants,
                ..
            } => self.choice(next, (*optional, *slots), variants, name, when),
        }
    }

    /// An enum, from its tag on.
    fn choice(
        &mut self,
        at: Place,
        (optional, slots): (bool, u32),
        variants: &[ShapeVariant],
        name: &str,
        when: &[(usize, usize)],
    ) -> Option<Place> {
        let (tag, scalar, outermost) = match self.shape.0.get(at.node)? {
            ShapeNode::Scalar { scalar, .. } => (at.leaf, *scalar, true),
            ShapeNode::Shared { scalar, leaf, .. } => (self.base? + *leaf as usize, *scalar, false),
            _ => return None,
        };
        let before = self.base;
        if outermost {
            self.base = Some(at.leaf);
        }
        let mut column = Column::new(name, scalar, Form::Plain, None, when);
        column.choices = variants.iter().map(|v| v.name.clone()).collect();
        if optional {
            // Its variants are nothing and something, in this order: what else there is called so is an enum of the program.
            if !matches!(variants, [none, some] if none.fields.is_empty() && some.fields.len() == 1)
            {
                return None;
            }
            column.presence = Presence::Asked;
        }
        let chosen = self.add(column)?;
        self.cell(tag, at.lane, scalar, Some(chosen))?;
        let mut at = Place {
            node: at.node + 1,
            leaf: at.leaf + usize::from(outermost),
            ..at
        };
        for _ in 0..slots {
            at = self.slot(at)?;
        }
        for (v, variant) in variants.iter().enumerate() {
            let when = [when, &[(chosen, v)]].concat();
            for field in &variant.fields {
                let alone = variant.tuple && variant.fields.len() == 1;
                let called: Vec<&str> = [name, &variant.name, field]
                    .into_iter()
                    .enumerate()
                    .filter(|(i, word)| match i {
                        0 => !word.is_empty(),
                        1 => !optional,
                        _ => !alone,
                    })
                    .map(|(_, word)| word)
                    .collect();
                at = self.ty(at, &called.join(" "), &when)?;
            }
        }
        if optional {
            self.join(chosen);
        }
        self.base = before;
        Some(at)
    }

    /// Lets one control stand for what may be missing, if what may be missing is one value: left empty it is missing.
    fn join(&mut self, chosen: usize) {
        let Some([asked, value]) = self.columns.get_mut(chosen..) else {
            return;
        };
        if asked.when.len() + 1 != value.when.len()
            || value.when.last() != Some(&(chosen, 1))
            || value.presence != Presence::Always
        {
            return;
        }
        value.presence = Presence::Optional;
        value.when.pop();
        value.name.clone_from(&asked.name);
        self.columns.remove(chosen);
        for cell in self.leaves.iter_mut().flat_map(|l| &mut l.of).flatten() {
            if cell.column == chosen {
                cell.is_there = true;
            } else if cell.column > chosen {
                cell.column -= 1;
            }
        }
    }

    /// What variants hold in common: it has leaves, and columns in the variants.
    fn slot(&mut self, at: Place) -> Option<Place> {
        let next = Place {
            node: at.node + 1,
            ..at
        };
        match self.shape.0.get(at.node)? {
            ShapeNode::Scalar { scalar, .. } => {
                self.cell(at.leaf, at.lane, *scalar, None)?;
                Some(Place {
                    leaf: at.leaf + 1,
                    ..next
                })
            }
            ShapeNode::Shared { .. } => Some(next),
            ShapeNode::Array(n) => {
                let n = usize::try_from((*n)?).ok().filter(|n| *n > 0)?;
                let mut end = next;
                for i in 0..n {
                    let lane = at.lane.checked_mul(n)?.checked_add(i)?;
                    end = self.slot(Place { lane, ..next })?;
                }
                Some(Place {
                    lane: at.lane,
                    ..end
                })
            }
            other => (0..other.n_children()).try_fold(next, |at, _| self.slot(at)),
        }
    }

    /// Notes that a lane of a leaf may be in a column.
    fn cell(
        &mut self,
        leaf: usize,
        lane: usize,
        scalar: Scalar,
        column: Option<usize>,
    ) -> Option<()> {
        if leaf > self.leaves.len() || lane >= MAX_LANES {
            return None;
        }
        if leaf == self.leaves.len() {
            self.leaves.push(Leaf {
                scalar,
                of: Vec::new(),
            });
        }
        let leaf = self.leaves.get_mut(leaf).filter(|l| l.scalar == scalar)?;
        if lane >= leaf.of.len() {
            leaf.of.resize(lane + 1, Vec::new());
        }
        leaf.of.get_mut(lane)?.extend(column.map(|column| Cell {
            column,
            is_there: false,
        }));
        Some(())
    }

    fn add(&mut self, column: Column) -> Option<usize> {
        self.columns.push(column);
        (self.columns.len() <= MAX_COLUMNS).then_some(self.columns.len() - 1)
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

    fn cells(field: &Field<'_>) -> Vec<Vec<Vec<(usize, bool)>>> {
        let of = |leaf: &Leaf| {
            let lanes = leaf.of.iter();
            lanes
                .map(|lane| lane.iter().map(|c| (c.column, c.is_there)).collect())
                .collect()
        };
        field.leaves.iter().map(of).collect()
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
        assert_eq!(
            cells(&field),
            [
                vec![vec![(0, false)]],
                vec![vec![(1, false)]],
                vec![vec![(2, false)], vec![(4, false)]],
                vec![vec![(3, true)], vec![(5, true)]],
                vec![vec![(3, false)], vec![(5, false)]],
            ]
        );
        assert_eq!(field.columns[0].takes(), "a whole number from 1 to 9");
        assert_eq!(field.columns[1].takes(), "one of North, South");
        let value = field.value(7, 0);
        assert!(value.is_whole());
        assert!(types::fits(&value.shape, &input.scalar, None));
    }

    #[test]
    fn several_values_that_may_be_missing_are_asked_for_or_seen() {
        let one = input("Option<(u8, [bool; 2])>");
        let field = Field::new(&one).expect("a field");
        let conditions: Vec<_> = field.columns.iter().map(|c| c.when.clone()).collect();
        assert_eq!(
            conditions,
            [vec![], vec![(0, 1)], vec![(0, 1)], vec![(0, 1)]]
        );
        assert_eq!(field.columns[0].presence, Presence::Asked);
        assert_eq!(
            cells(&field),
            [
                vec![vec![(0, false)]],
                vec![vec![(1, false)]],
                vec![vec![(2, false)], vec![(3, false)]]
            ]
        );
        let many = input("[Option<(u8, [bool; 2])>; _]");
        let field = Field::new(&many).expect("a field");
        assert_eq!(field.columns[0].presence, Presence::Seen);
    }

    /// Variants that hold equal types share the places of their values.
    #[test]
    fn what_variants_hold_is_filled_in_where_they_are_chosen() {
        let ty = "[enum Home { Own, Rented(u32), Let { rent: u32, long: bool } }; _]";
        let (number, bit) = (Scalar::unsigned(32), Scalar::Bool);
        let scalar = |scalar, range| ShapeNode::Scalar {
            scalar,
            form: Form::Plain,
            range,
        };
        let shared = |scalar, leaf| ShapeNode::Shared {
            scalar,
            form: Form::Plain,
            range: None,
            leaf,
        };
        let variant = |name: &str, tuple, fields: &[&str]| ShapeVariant {
            name: name.into(),
            tuple,
            fields: fields.iter().map(|f| (*f).to_owned()).collect(),
        };
        let tags = types::integer("0").zip(types::integer("2"));
        let layout = Shape(vec![
            ShapeNode::Array(None),
            ShapeNode::Enum {
                name: "Home".into(),
                optional: false,
                slots: 2,
                variants: vec![
                    variant("Own", true, &[]),
                    variant("Rented", true, &["0"]),
                    variant("Let", false, &["rent", "long"]),
                ],
            },
            scalar(Scalar::unsigned(2), tags),
            scalar(number, None),
            scalar(bit, None),
            shared(number, 1),
            shared(number, 1),
            shared(bit, 2),
        ]);
        assert_eq!(types::text(&layout), ty);
        let mut input = input(ty);
        input.layout = Some(layout.clone());
        let field = Field::new(&input).expect("a field");
        let names: Vec<&str> = field.columns.iter().map(|c| &*c.name).collect();
        assert_eq!(names, ["", "Rented", "Let rent", "Let long"]);
        let conditions: Vec<_> = field.columns.iter().map(|c| c.when.clone()).collect();
        assert_eq!(
            conditions,
            [vec![], vec![(0, 1)], vec![(0, 2)], vec![(0, 2)]]
        );
        assert_eq!(
            cells(&field),
            [
                vec![vec![(0, false)]],
                vec![vec![(1, false), (2, false)]],
                vec![vec![(3, false)]]
            ]
        );
        let value = field.value(3, 1);
        assert!(value.is_whole() && types::fits(&value.shape, ty, Some(&layout)));
        // A layout that is none: a place that its enum does not have.
        let mut broken = layout;
        broken.0[6] = shared(number, 9);
        input.layout = Some(broken);
        assert!(Field::new(&input).is_none());
    }

    #[test]
    fn lists_of_lists_are_rows_of_repeated_columns() {
        for (ty, rows, repeats) in [
            ("[[u8; _]; _]", Times::Any, Times::Any),
            ("[[(u8, bool); 65]; 2]", Times::Many(2), Times::Many(65)),
            ("[[u8; _]; 3]", Times::Many(3), Times::Any),
        ] {
            let input = input(ty);
            let field = Field::new(&input).expect(ty);
            assert_eq!((field.rows, field.repeats), (rows, repeats));
            let value = field.value(2, 4);
            assert!(value.is_whole(), "{ty}");
            assert!(types::fits(&value.shape, ty, None), "{ty}");
        }
    }

    #[test]
    fn a_page_says_what_it_cannot_ask_for() {
        for ty in [
            "[[[u8; _]; _]; _]",
            "([u8; 257], u8)",
            "(u8, [u8; 0])",
            "enum K { A(u8) }",
            "Row",
        ] {
            let input = input(ty);
            let field = Field::new(&input);
            assert!(field.is_none(), "{ty}");
        }
    }
}
