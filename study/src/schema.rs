//! The types of stored values, in a form of their own: what a release writes, later ones read.

use crate::Error;
use crate::wire::{Reader, Writer, damaged};
use smpcc_circuit::program::{Shape, ShapeNode, ShapeVariant};
use smpcc_circuit::value::{Form, Integer, Scalar, Word};

/// A value that is stored: what one gives for one parameter, or a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The parameter's name; empty for a result.
    pub name: String,
    /// Its shape, with all lengths.
    pub shape: Shape,
    /// The scalars of the shape in its order, with the lanes of each.
    pub leaves: Vec<(Scalar, u64)>,
}

impl Value {
    /// Whether its scalars are those of its shape, in as many lanes as the lengths there say.
    pub fn is_whole(&self) -> bool {
        let mut leaves = Vec::new();
        is_tree(&self.shape)
            && leaves_of(&mut &self.shape.0[..], 1, &mut leaves).is_some()
            && leaves == self.leaves
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        out.text(&self.name);
        out.u32(self.shape.0.len() as u32);
        for node in &self.shape.0 {
            write_node(node, out);
        }
        out.u32(self.leaves.len() as u32);
        for (scalar, lanes) in &self.leaves {
            write_scalar(*scalar, out);
            out.u64(*lanes);
        }
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
        let name = from.text()?;
        let n = from.count(1)?;
        let shape = (0..n).map(|_| read_node(from)).collect::<Result<_, _>>()?;
        let n = from.count(10)?;
        let leaf = |_| Ok((read_scalar(from)?, from.u64()?));
        let leaves = (0..n).map(leaf).collect::<Result<_, Error>>()?;
        Ok(Self {
            name,
            shape: Shape(shape),
            leaves,
        })
    }
}

/// The first byte of a type that is stored by itself.
const TYPE_VERSION: u8 = 1;

/// Types inside of each other, at most.
pub(crate) const MAX_DEPTH: usize = 64;

/// Whether nodes are those of one type that is not too deep: what somebody sent may be anything.
pub(crate) fn is_tree(shape: &Shape) -> bool {
    // Of each type that has begun, how many types in it are to come.
    let mut open: Vec<u64> = vec![1];
    for node in &shape.0 {
        while open.last() == Some(&0) {
            open.pop();
        }
        match open.last_mut() {
            Some(rest) => *rest -= 1,
            None => return false,
        }
        open.push(node.n_children());
        if open.len() > MAX_DEPTH {
            return false;
        }
    }
    open.iter().all(|rest| *rest == 0)
}

/// The scalars of the first type of a shape, each in so many lanes; `None` where a length is missing or too long.
fn leaves_of(rest: &mut &[ShapeNode], lanes: u64, out: &mut Vec<(Scalar, u64)>) -> Option<()> {
    let (node, after) = rest.split_first()?;
    *rest = after;
    let lanes = match node {
        ShapeNode::Scalar { scalar, .. } => {
            out.push((*scalar, lanes));
            lanes
        }
        ShapeNode::Array(len) => lanes.checked_mul((*len)?)?,
        ShapeNode::Tuple(_)
        | ShapeNode::Struct { .. }
        | ShapeNode::Enum { .. }
        | ShapeNode::Shared { .. } => lanes,
    };
    (0..node.n_children()).try_for_each(|_| leaves_of(rest, lanes, out))
}

/// A type as it is stored.
pub fn to_bytes(shape: &Shape) -> Vec<u8> {
    let mut out = Writer::default();
    out.u8(TYPE_VERSION).u32(shape.0.len() as u32);
    for node in &shape.0 {
        write_node(node, &mut out);
    }
    out.0
}

/// A type that was stored.
///
/// # Errors
/// It is none, or one that is too deep.
pub fn from_bytes(bytes: &[u8]) -> Result<Shape, Error> {
    let mut from = Reader(bytes);
    if from.u8()? != TYPE_VERSION {
        return Err(damaged());
    }
    let n = from.count(1)?;
    let nodes = (0..n).map(|_| read_node(&mut from));
    let shape = Shape(nodes.collect::<Result<_, _>>()?);
    from.end()?;
    match is_tree(&shape) {
        true => Ok(shape),
        false => Err(damaged()),
    }
}

fn write_scalar(scalar: Scalar, out: &mut Writer) {
    // A bool has no sign and is not a number of one bit.
    let kind = match scalar {
        Scalar::Bool => 0,
        _ if scalar.is_signed() => 2,
        _ => 1,
    };
    out.u8(kind).u8(scalar.width() as u8);
}

fn read_scalar(from: &mut Reader<'_>) -> Result<Scalar, Error> {
    let (kind, width) = (from.u8()?, from.u8()?);
    match (kind, width) {
        (0, 1) => Ok(Scalar::Bool),
        (1, 1..=128) => Ok(Scalar::unsigned(width)),
        (2, 1..=128) => Ok(Scalar::signed(width)),
        _ => Err(damaged()),
    }
}

fn write_form(form: Form, out: &mut Writer) {
    match form {
        Form::Plain => out.u8(0),
        Form::Fixed(fraction) => out.u8(1).u8(fraction),
        Form::Float => out.u8(2),
        Form::Date => out.u8(3),
        Form::Datetime => out.u8(4),
        Form::Text => out.u8(5),
    };
}

fn read_form(from: &mut Reader<'_>) -> Result<Form, Error> {
    Ok(match from.u8()? {
        0 => Form::Plain,
        1 => Form::Fixed(from.u8()?),
        2 => Form::Float,
        3 => Form::Date,
        4 => Form::Datetime,
        5 => Form::Text,
        _ => return Err(damaged()),
    })
}

fn write_range(range: Option<(Integer, Integer)>, out: &mut Writer) {
    out.u8(u8::from(range.is_some()));
    for end in range.into_iter().flat_map(|(low, high)| [low, high]) {
        out.u8(u8::from(end.is_negative())).u128(end.word());
    }
}

fn read_range(from: &mut Reader<'_>) -> Result<Option<(Integer, Integer)>, Error> {
    let end = |from: &mut Reader<'_>| -> Result<Integer, Error> {
        let (negative, word): (u8, Word) = (from.u8()?, from.u128()?);
        let integer = match negative {
            0 => Integer::natural(word),
            _ => Integer::of(Scalar::signed(128), word),
        };
        match u8::from(integer.is_negative()) == negative {
            true => Ok(integer),
            false => Err(damaged()),
        }
    };
    match from.u8()? {
        0 => Ok(None),
        1 => Ok(Some((end(from)?, end(from)?))),
        _ => Err(damaged()),
    }
}

fn write_node(node: &ShapeNode, out: &mut Writer) {
    match node {
        ShapeNode::Scalar {
            scalar,
            form,
            range,
        } => {
            out.u8(0);
            write_scalar(*scalar, out);
            write_form(*form, out);
            write_range(*range, out);
        }
        ShapeNode::Array(len) => {
            out.u8(1).u8(u8::from(len.is_some()));
            if let Some(len) = len {
                out.u64(*len);
            }
        }
        ShapeNode::Tuple(n) => {
            out.u8(2).u32(*n);
        }
        ShapeNode::Struct { name, fields } => {
            out.u8(3).text(name);
            write_names(fields, out);
        }
        ShapeNode::Enum {
            name,
            optional,
            slots,
            variants,
        } => {
            out.u8(4).text(name).u8(u8::from(*optional)).u32(*slots);
            out.u32(variants.len() as u32);
            for variant in variants {
                out.text(&variant.name).u8(u8::from(variant.tuple));
                write_names(&variant.fields, out);
            }
        }
        ShapeNode::Shared {
            scalar,
            form,
            range,
            leaf,
        } => {
            out.u8(5);
            write_scalar(*scalar, out);
            write_form(*form, out);
            write_range(*range, out);
            out.u32(*leaf);
        }
    }
}

fn read_node(from: &mut Reader<'_>) -> Result<ShapeNode, Error> {
    Ok(match from.u8()? {
        0 => ShapeNode::Scalar {
            scalar: read_scalar(from)?,
            form: read_form(from)?,
            range: read_range(from)?,
        },
        1 => ShapeNode::Array(match read_bool(from)? {
            true => Some(from.u64()?),
            false => None,
        }),
        2 => ShapeNode::Tuple(from.u32()?),
        3 => ShapeNode::Struct {
            name: from.text()?,
            fields: read_names(from)?,
        },
        4 => {
            let (name, optional, slots) = (from.text()?, read_bool(from)?, from.u32()?);
            let n = from.count(9)?;
            let variant = |_| {
                Ok(ShapeVariant {
                    name: from.text()?,
                    tuple: read_bool(from)?,
                    fields: read_names(from)?,
                })
            };
            ShapeNode::Enum {
                name,
                optional,
                slots,
                variants: (0..n).map(variant).collect::<Result<_, Error>>()?,
            }
        }
        5 => ShapeNode::Shared {
            scalar: read_scalar(from)?,
            form: read_form(from)?,
            range: read_range(from)?,
            leaf: from.u32()?,
        },
        _ => return Err(damaged()),
    })
}

fn read_bool(from: &mut Reader<'_>) -> Result<bool, Error> {
    match from.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(damaged()),
    }
}

fn write_names(names: &[String], out: &mut Writer) {
    out.u32(names.len() as u32);
    for name in names {
        out.text(name);
    }
}

fn read_names(from: &mut Reader<'_>) -> Result<Vec<String>, Error> {
    let n = from.count(4)?;
    (0..n).map(|_| from.text()).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One of everything.
    pub(crate) fn sample() -> Value {
        let byte = Scalar::unsigned(8);
        let scalar = |scalar, form| ShapeNode::Scalar {
            scalar,
            form,
            range: None,
        };
        let shape = vec![
            ShapeNode::Array(Some(3)),
            ShapeNode::Struct {
                name: "Row".into(),
                fields: ["age", "when", "of"].map(str::to_owned).to_vec(),
            },
            ShapeNode::Scalar {
                scalar: Scalar::signed(16),
                form: Form::Fixed(8),
                range: Some((Integer::of(Scalar::signed(16), 0xffff), Integer::natural(9))),
            },
            scalar(Scalar::signed(32), Form::Date),
            ShapeNode::Enum {
                name: "Option".into(),
                optional: true,
                slots: 1,
                variants: ["None", "Some"]
                    .map(|name| ShapeVariant {
                        name: name.into(),
                        tuple: true,
                        fields: match name {
                            "Some" => vec!["0".into()],
                            _ => Vec::new(),
                        },
                    })
                    .to_vec(),
            },
            scalar(Scalar::Bool, Form::Plain),
            scalar(byte, Form::Text),
            ShapeNode::Shared {
                scalar: byte,
                form: Form::Text,
                range: None,
                leaf: 1,
            },
        ];
        Value {
            name: "rows".into(),
            shape: Shape(shape),
            leaves: vec![
                (Scalar::signed(16), 3),
                (Scalar::signed(32), 3),
                (Scalar::Bool, 3),
                (byte, 3),
            ],
        }
    }

    #[test]
    fn types_are_read_as_they_are_written_and_damage_is_found() {
        let mut out = Writer::default();
        sample().write(&mut out);
        let bytes = out.0;
        let mut from = Reader(&bytes);
        assert_eq!(Value::read(&mut from), Ok(sample()));
        assert_eq!(from.end(), Ok(()));
        for len in 0..bytes.len() {
            assert!(Value::read(&mut Reader(&bytes[..len])).is_err(), "{len}");
        }
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                // It is something else, or nothing; it never takes more than it has.
                assert_ne!(Value::read(&mut Reader(&changed)), Ok(sample()));
            }
        }
    }
}
