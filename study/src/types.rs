//! Types of what people give, as a study writes them: whole, so that nobody needs the program to know what is in them.
//!
//! `u32`, `[date; _]` and `(u8, bool)` are written as in the language. What has a name of its own stands there with its contents:
//! `Row { age: u8 in 0..=120, ward: str<4> }`, `enum Kind { Own, Rented(u32) }`. Ranges stand in types that are made of others; that
//! of a single number has keys of its own in a study.

use crate::schema::{MAX_DEPTH, is_tree};
use smpcc_circuit::calendar;
use smpcc_circuit::program::{Shape, ShapeNode, ShapeVariant};
use smpcc_circuit::value::{Form, Integer, Scalar, Word};

/// The type of a shape, whose nodes are those of one type. A length that the data decide is `_`.
pub fn text(shape: &Shape) -> String {
    let mut rest = &shape.0[..];
    let whole = matches!(rest, [_]);
    written(&mut rest, !whole)
}

/// Takes the first type off a shape, with its ranges or without.
fn written(rest: &mut &[ShapeNode], ranges: bool) -> String {
    let Some((node, after)) = rest.split_first() else {
        return String::new();
    };
    *rest = after;
    let mut next = || written(rest, ranges);
    match node {
        ShapeNode::Scalar {
            scalar,
            form,
            range,
        }
        | ShapeNode::Shared {
            scalar,
            form,
            range,
            ..
        } => {
            let end = |end: &Integer| match form {
                Form::Plain => end.to_string(),
                form => form.display(*scalar, end.word()),
            };
            let name = form.name(*scalar);
            let said = ranges && *range != usual(*form);
            match range.as_ref().filter(|_| said) {
                Some((low, high)) => format!("{name} in {}..={}", end(low), end(high)),
                None => name,
            }
        }
        ShapeNode::Array(Some(n)) => format!("[{}; {n}]", next()),
        ShapeNode::Array(None) => format!("[{}; _]", next()),
        ShapeNode::Tuple(1) => format!("({},)", next()),
        ShapeNode::Tuple(n) => format!("({})", list((0..*n).map(|_| next()))),
        ShapeNode::Struct { name, fields } => {
            let fields = fields.iter().map(|field| format!("{field}: {}", next()));
            format!("{name} {{ {} }}", list(fields))
        }
        ShapeNode::Enum {
            name,
            optional,
            slots,
            variants,
        } => {
            // The tag, and where the variants' values are: that follows from them.
            for _ in 0..=*slots {
                next();
            }
            let mut variants = variants.iter().map(|v| variant(v, &mut next));
            match optional {
                true => variants
                    .find_map(|v| {
                        v.strip_prefix("Some(")?
                            .strip_suffix(')')
                            .map(str::to_owned)
                    })
                    .map_or_else(|| name.clone(), |of| format!("Option<{of}>")),
                false => format!("enum {name} {{ {} }}", list(variants)),
            }
        }
    }
}

fn variant(variant: &ShapeVariant, next: &mut dyn FnMut() -> String) -> String {
    let ShapeVariant {
        name,
        tuple,
        fields,
    } = variant;
    let named = fields.iter().map(|field| match tuple {
        true => next(),
        false => format!("{field}: {}", next()),
    });
    match (fields.is_empty(), tuple) {
        (true, true) => name.clone(),
        (true, false) => format!("{name} {{}}"),
        (false, true) => format!("{name}({})", list(named)),
        (false, false) => format!("{name} {{ {} }}", list(named)),
    }
}

fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// Whether a value with all its lengths is of a type, as far as the text says it, and of a layout, where that is said too.
pub fn fits(shape: &Shape, ty: &str, layout: Option<&Shape>) -> bool {
    let shape = opened(shape, ty);
    is_tree(&shape) && text(&shape) == ty && layout.is_none_or(|layout| *layout == shape)
}

/// A shape without the lengths that are `_` in a type.
fn opened(shape: &Shape, mut ty: &str) -> Shape {
    let mut shape = shape.clone();
    for node in &mut shape.0 {
        let inside = ty.strip_prefix('[').and_then(|ty| ty.strip_suffix(']'));
        let (ShapeNode::Array(len), Some((of, n))) =
            (node, inside.and_then(|ty| ty.rsplit_once("; ")))
        else {
            break;
        };
        if n == "_" {
            *len = None;
        }
        ty = of;
    }
    shape
}

/// Whether the text of a shape leaves open how it is laid out, as where variants that hold something share its places.
pub fn says_no_layout(shape: &Shape) -> bool {
    shape.0.len() > 1 && read(&text(shape)).as_ref() != Some(shape)
}

/// The shape of a type; `None` for what is no type, and for enums whose variants hold something.
pub fn read(ty: &str) -> Option<Shape> {
    let mut reader = Reader { rest: ty, depth: 0 };
    let mut out = Vec::new();
    reader.ty(&mut out)?;
    let shape = Shape(out);
    // As it is written, and in no other way.
    (reader.rest.is_empty() && text(&shape) == ty).then_some(shape)
}

struct Reader<'t> {
    rest: &'t str,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn eat(&mut self, what: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(what)?;
        Some(())
    }

    /// Letters, digits and what else stands in names.
    fn word(&mut self) -> Option<&'t str> {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    fn ty(&mut self, out: &mut Vec<ShapeNode>) -> Option<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        if self.eat("[").is_some() {
            let at = out.len();
            out.push(ShapeNode::Array(None));
            self.ty(out)?;
            self.eat("; ")?;
            if self.eat("_").is_none() {
                out[at] = ShapeNode::Array(Some(self.word()?.parse().ok()?));
            }
            self.eat("]")?;
        } else if self.eat("(").is_some() {
            let at = out.len();
            out.push(ShapeNode::Tuple(0));
            let mut n = 0;
            while self.eat(")").is_none() {
                if n > 0 && self.eat(", ").is_none() {
                    self.eat(",)")?;
                    break;
                }
                self.ty(out)?;
                n += 1;
            }
            out[at] = ShapeNode::Tuple(n);
        } else if self.eat("Option<").is_some() {
            self.optional(out)?;
        } else if self.eat("enum ").is_some() {
            out.extend(self.plain_enum()?);
        } else {
            self.named(out)?;
        }
        self.depth -= 1;
        Some(())
    }

    /// A scalar, or a struct.
    fn named(&mut self, out: &mut Vec<ShapeNode>) -> Option<()> {
        let before = self.rest;
        let name = self.word()?;
        if self.eat(" { ").is_none() {
            if self.rest.starts_with('<') {
                self.rest = self.rest.split_at_checked(self.rest.find('>')? + 1)?.1;
            }
            let (scalar, form) = scalar(&before[..before.len() - self.rest.len()])?;
            let range = self.range(scalar, form)?;
            out.push(ShapeNode::Scalar {
                scalar,
                form,
                range,
            });
            return Some(());
        }
        let at = out.len();
        out.push(ShapeNode::Tuple(0));
        let mut fields = Vec::new();
        loop {
            fields.push(self.word()?.to_owned());
            self.eat(": ")?;
            self.ty(out)?;
            if self.eat(" }").is_some() {
                break;
            }
            self.eat(", ")?;
        }
        let name = name.to_owned();
        out[at] = ShapeNode::Struct { name, fields };
        Some(())
    }

    /// What follows a scalar in a type that is made of others: ` in LOW..=HIGH`.
    #[expect(clippy::option_option, reason = "no range is not a malformed one")]
    fn range(&mut self, scalar: Scalar, form: Form) -> Option<Option<(Integer, Integer)>> {
        if self.eat(" in ").is_none() {
            return Some(usual(form));
        }
        let low = self.end_of_range()?;
        self.eat("..=")?;
        let high = self.end_of_range()?;
        if form != Form::Plain || !scalar.holds(low) || !scalar.holds(high) {
            return None;
        }
        Some(Some((low, high)))
    }

    fn end_of_range(&mut self) -> Option<Integer> {
        let is_part = |c: char| c.is_ascii_digit() || c == '-';
        let n = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(n);
        self.rest = rest;
        integer(digits)
    }

    /// Nothing, or one value: a tag, a place for the value, and that place as the second variant has it.
    fn optional(&mut self, out: &mut Vec<ShapeNode>) -> Option<()> {
        let mut of = Vec::new();
        self.ty(&mut of)?;
        self.eat(">")?;
        let variant = |name: &str, fields: &[&str]| ShapeVariant {
            name: name.to_owned(),
            tuple: true,
            fields: fields.iter().map(|f| (*f).to_owned()).collect(),
        };
        out.push(ShapeNode::Enum {
            name: "Option".into(),
            optional: true,
            slots: 1,
            variants: vec![variant("None", &[]), variant("Some", &["0"])],
        });
        out.push(tag(2));
        out.extend(of.iter().cloned());
        let mut leaf = 0;
        for node in of {
            out.push(match node {
                ShapeNode::Scalar {
                    scalar,
                    form,
                    range,
                } => {
                    leaf += 1;
                    ShapeNode::Shared {
                        scalar,
                        form,
                        range,
                        leaf,
                    }
                }
                ShapeNode::Array(_) | ShapeNode::Tuple(_) | ShapeNode::Struct { .. } => node,
                // Enums in enums share places in other ways.
                ShapeNode::Enum { .. } | ShapeNode::Shared { .. } => return None,
            });
        }
        Some(())
    }

    /// Variants that are nothing but names.
    fn plain_enum(&mut self) -> Option<[ShapeNode; 2]> {
        let name = self.word()?.to_owned();
        self.eat(" { ")?;
        let mut variants = Vec::new();
        loop {
            variants.push(ShapeVariant {
                name: self.word()?.to_owned(),
                tuple: self.eat(" {}").is_none(),
                fields: Vec::new(),
            });
            if self.eat(" }").is_some() {
                break;
            }
            self.eat(", ")?;
        }
        let n = variants.len() as Word;
        let node = ShapeNode::Enum {
            name,
            optional: false,
            slots: 0,
            variants,
        };
        Some([node, tag(n)])
    }
}

/// Which of so many variants it is.
fn tag(n: Word) -> ShapeNode {
    let width = (Word::BITS - (n - 1).leading_zeros()).max(1);
    ShapeNode::Scalar {
        scalar: Scalar::unsigned(width as u8),
        form: Form::Plain,
        range: Some((Integer::natural(0), Integer::natural(n - 1))),
    }
}

/// The range of all values that are written so, where the words of the type have more.
fn usual(form: Form) -> Option<(Integer, Integer)> {
    let of = |n: i64| Integer::of(Scalar::signed(128), i128::from(n) as Word);
    match form {
        Form::Date => Some((
            of(i64::from(*calendar::DAYS.start())),
            of(i64::from(*calendar::DAYS.end())),
        )),
        Form::Datetime => Some((of(*calendar::SECONDS.start()), of(*calendar::SECONDS.end()))),
        Form::Plain | Form::Fixed(_) | Form::Float | Form::Text => None,
    }
}

/// An integer in decimal digits.
pub fn integer(digits: &str) -> Option<Integer> {
    match digits.parse::<i128>() {
        Ok(n) => Some(Integer::of(Scalar::signed(128), n as Word)),
        Err(_) => Some(Integer::natural(digits.parse().ok()?)),
    }
}

/// The scalar type of a name.
fn scalar(name: &str) -> Option<(Scalar, Form)> {
    let width = |text: &str, most: u8| {
        let width: u8 = text.parse().ok()?;
        (1..=most).contains(&width).then_some(width)
    };
    let inside = |word: &str| name.strip_prefix(word).and_then(|n| n.strip_suffix('>'));
    let (scalar, form) = if let Some(len) = inside("str<") {
        (Scalar::unsigned(8 * width(len, 16)?), Form::Text)
    } else if let Some((all, part)) = inside("fixed<").and_then(|of| of.split_once(", ")) {
        let scalar = Scalar::signed(width(all, 128)?);
        (scalar, Form::Fixed(part.parse().ok()?))
    } else {
        match name {
            "bool" => (Scalar::Bool, Form::Plain),
            "date" => (Scalar::signed(32), Form::Date),
            "datetime" => (Scalar::signed(64), Form::Datetime),
            "f32" => (Scalar::unsigned(32), Form::Float),
            "f64" => (Scalar::unsigned(64), Form::Float),
            _ => match name.split_at_checked(1)? {
                ("u", digits) => (Scalar::unsigned(width(digits, 128)?), Form::Plain),
                ("i", digits) => (Scalar::signed(width(digits, 128)?), Form::Plain),
                _ => return None,
            },
        }
    };
    // As the language writes it, and in no other way.
    (form.suits(scalar) && form.name(scalar) == name).then_some((scalar, form))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_they_are_written() {
        for ty in [
            "u32",
            "bool",
            "f32",
            "str<16>",
            "fixed<32, 8>",
            "[u8 in 0..=120; _]",
            "[[i5 in -3..=4; 3]; _]",
            "(u8, (bool, date), [f64; 2])",
            "(u8,)",
            "()",
            "Row { age: u8, of: In { x: [bool; 4] }, when: datetime }",
            "enum Ward { North, South {}, Ost_2 }",
            "[Option<u8 in 3..=9>; _]",
            "Option<P { a: u8, b: ([bool; 3], date) }>",
        ] {
            let shape = read(ty).unwrap_or_else(|| panic!("{ty}"));
            assert_eq!(text(&shape), ty);
            assert!(is_tree(&shape), "{ty}");
            assert!(!says_no_layout(&shape), "{ty}");
        }
        for ty in [
            "",
            "u0",
            "u129",
            "u08",
            "u8 ",
            "u8 in 0..=3",
            "[u8 in 0..=300; _]",
            "[u8;_]",
            "[u8; _",
            "[u8; x]",
            "(u8)",
            "(u8, )",
            "Row",
            "Row { }",
            "Row { age: }",
            "enum Kind { Own, Rented(u32) }",
            "Option<Option<u8>>",
            "str<17>",
            "u8, u8",
        ] {
            assert_eq!(read(ty), None, "{ty}");
        }
        assert_eq!(read(&"[".repeat(1 << 20)), None);
    }

    #[test]
    fn only_what_is_of_a_type_fits_it() {
        let with_len = |ty: &str, len| {
            let mut shape = read(ty).expect(ty);
            shape.0[0] = ShapeNode::Array(Some(len));
            shape
        };
        let rows = "[Row { age: u8, sure: bool }; _]";
        let shape = with_len(rows, 7);
        assert!(fits(&shape, rows, None));
        assert!(fits(&shape, rows, Some(&read(rows).unwrap())));
        assert!(!fits(&shape, rows, Some(&shape)));
        for other in [
            "[Row { age: u8, sure: bool }; 6]",
            "[Row { age: u9, sure: bool }; _]",
            "[Rom { age: u8, sure: bool }; _]",
            "[Row { age: u8, sure: bool }; _]; _]",
            "Row",
        ] {
            assert!(!fits(&shape, other, None), "{other}");
        }
        assert!(fits(&with_len("[u8; _]", 3), "[u8; 3]", None));
        // Nodes that are no type at all, and would be long to look through.
        for nodes in [
            vec![ShapeNode::Tuple(u32::MAX)],
            vec![ShapeNode::Array(Some(1)); 100_000],
            vec![],
            vec![ShapeNode::Tuple(0); 2],
        ] {
            let value = crate::schema::Value {
                name: "x".into(),
                leaves: Vec::new(),
                shape: Shape(nodes),
            };
            assert!(!fits(&value.shape, "()", None));
            assert!(!value.is_whole());
        }
    }

    #[test]
    fn lanes_follow_from_lengths() {
        let mut value = crate::schema::Value {
            name: "x".into(),
            shape: read("[(u8, [bool; 3]); 5]").unwrap(),
            leaves: vec![(Scalar::unsigned(8), 5), (Scalar::Bool, 15)],
        };
        assert!(value.is_whole());
        value.leaves[1].1 = 14;
        assert!(!value.is_whole());
        value.shape.0[0] = ShapeNode::Array(None);
        assert!(!value.is_whole());
    }
}
