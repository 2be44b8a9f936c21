//! Public arguments of `main`: from the text on which the parties agreed to values.
//!
//! The text is JSON, in which a structure is an object, a tuple a list, an enum the name of a variant or an object with that name
//! as its key, and numbers may have underscores. It is read by the type
//! that the program declares, so that integers of every width are exact.

use super::Tracer;
use super::fault::{Fault, Traced, code};
use super::types::generic_values;
use super::value::{Leaf, Val, type_interval};
use crate::diagnostic::suggestion;
use crate::hir::{
    GenericArg, Len, MainParam, Struct, StructId, Type, ValueRange, Variant, VariantField, form_of,
    scalar_of,
};
use crate::schema::{is_missing, is_optional, is_text};
use smpcc_circuit::calendar;
use smpcc_circuit::decimal::{Decimal, read_float};
use smpcc_circuit::float::Format;
use smpcc_circuit::value::{ConstVec, Form, Integer, Scalar, Word};

/// Most values in one public argument.
const MAX_ARGUMENT_ELEMENTS: usize = 1 << 16;

impl<'h> Tracer<'h> {
    /// A public argument from its text.
    pub(super) fn argument(&mut self, param: &'h MainParam, ty: &Type) -> Traced<Val<'h>> {
        let Some(text) = self.session.args.get(&param.name) else {
            return Err(Fault::new(
                code::ARGUMENT,
                param.span,
                format!("the public argument `{}` is missing", param.name),
            )
            .help(format!("give it with `--arg {}=VALUE`", param.name))
            .into());
        };
        let mut parser = ArgumentText {
            rest: text,
            name: &param.name,
            n: 0,
            is_bare: form_of(ty) == Form::Text || self.is_choice(ty),
        };
        let val = self.argument_value(&mut parser, ty, param.range);
        let val = match val {
            Ok(val) if parser.rest.trim().is_empty() => Ok(val),
            Ok(_) => Err(format!(
                "`{}` does not end where its value ends: `{}` is left over",
                param.name,
                parser.rest.trim()
            )),
            Err(message) => Err(message),
        };
        val.map_err(|message| Fault::new(code::ARGUMENT, param.span, message).into())
    }

    /// Whether a type is an enum, whose variants are called by names that may be any text.
    fn is_choice(&self, ty: &Type) -> bool {
        let Type::Struct { id, .. } = ty else {
            return false;
        };
        (self.hir.structs.get(id.index())).is_some_and(Struct::is_enum)
    }

    fn argument_value(
        &mut self,
        text: &mut ArgumentText<'_>,
        ty: &Type,
        range: Option<ValueRange>,
    ) -> Result<Val<'h>, String> {
        match ty {
            Type::Array(element, len) => {
                text.expect('[')?;
                let mut vals = Vec::new();
                while !text.eat(']') {
                    if !vals.is_empty() {
                        text.expect(',')?;
                    }
                    vals.push(self.argument_value(text, element, range)?);
                }
                if let Len::Const(n) = len
                    && *n != vals.len() as u64
                {
                    return Err(format!(
                        "`{}` needs a list of {n} elements, not of {}",
                        text.name,
                        vals.len()
                    ));
                }
                self.gathered(vals, ty)
                    .map_err(|_| format!("`{}` has rows of different shapes", text.name))
            }
            Type::Tuple(parts) => {
                text.expect('[')?;
                let mut vals = Vec::with_capacity(parts.len());
                for (k, part) in parts.iter().enumerate() {
                    if k > 0 {
                        text.expect(',')?;
                    }
                    vals.push(self.argument_value(text, part, range)?);
                }
                text.expect(']')?;
                Ok(Val::Tuple(vals))
            }
            Type::Struct { id, args, secret } => {
                let hir = self.hir;
                if let Some(def) = hir.structs.get(id.index())
                    && def.is_enum()
                {
                    return self.argument_choice(text, (*id, args), def, range);
                }
                let fields: Vec<(&str, Type, Option<ValueRange>)> =
                    (self.fields(*id, args, *secret).into_iter())
                        .map(|(f, ty)| (f.name.as_str(), ty, f.range.or(range)))
                        .collect();
                Ok(Val::Tuple(self.argument_fields(text, &fields)?))
            }
            other => {
                let scalar = scalar_of(other)
                    .ok_or_else(|| format!("`{}` cannot be written as an argument", text.name))?;
                let form = form_of(other);
                let word = text.word()?;
                let word = parse_scalar(scalar, form, &word).ok_or_else(|| {
                    format!(
                        "`{}` needs {}, not `{word}`",
                        text.name,
                        describe_scalar(scalar, form)
                    )
                })?;
                let value = Integer::of(scalar, word);
                if let Some(range) = range
                    && scalar != Scalar::Bool
                    && (value < range.lo || value > range.hi)
                {
                    let shown = |n: Integer| form.display(scalar, scalar.wrap(n.word()));
                    return Err(format!(
                        "`{}` is {}, outside of its declared range {}..={}",
                        text.name,
                        shown(value),
                        shown(range.lo),
                        shown(range.hi)
                    ));
                }
                Ok(Val::Leaf(Leaf::constant(scalar, ConstVec::scalar(word))))
            }
        }
    }

    /// `{"a": 1, "b": [2, 3]}`, the fields in any order.
    fn argument_fields(
        &mut self,
        text: &mut ArgumentText<'_>,
        fields: &[(&'h str, Type, Option<ValueRange>)],
    ) -> Result<Vec<Val<'h>>, String> {
        text.expect('{')?;
        let mut vals: Vec<Option<Val<'h>>> = vec![None; fields.len()];
        let mut is_first = true;
        while !text.eat('}') {
            if !is_first {
                text.expect(',')?;
            }
            is_first = false;
            let key = text.name_of_field()?;
            text.expect(':')?;
            let Some(at) = fields.iter().position(|(name, ..)| *name == key) else {
                let names = fields.iter().map(|(name, ..)| *name);
                let hint = did_you_mean(&key, names);
                return Err(format!("`{}` has no field `{key}`{hint}", text.name));
            };
            let (_, ty, range) = &fields[at];
            let val = self.argument_value(text, ty, *range)?;
            if vals[at].replace(val).is_some() {
                return Err(format!("`{}` has the field `{key}` twice", text.name));
            }
        }
        let parts = vals.into_iter().zip(fields);
        parts
            .map(|(val, (name, ..))| {
                val.ok_or_else(|| format!("`{}` lacks the field `{name}`", text.name))
            })
            .collect()
    }

    /// `"Dot"`, `{"Circle": 3}`, `{"Rect": {"w": 3, "h": 5}}`; of an `Option` `null` or the value.
    fn argument_choice(
        &mut self,
        text: &mut ArgumentText<'_>,
        of: (StructId, &[GenericArg]),
        def: &'h Struct,
        range: Option<ValueRange>,
    ) -> Result<Val<'h>, String> {
        if is_optional(def)
            && let Some(some) = def.variants.iter().position(|v| !v.fields.is_empty())
        {
            let held = self.held_types(of, &def.variants[some]);
            if text.is_nothing(|word| self.is_value(word, &held))? {
                let none = def.variants.iter().position(|v| v.fields.is_empty());
                return self.variant(of, none.unwrap_or(0), Vec::new());
            }
            // Where a value is optional twice, one that is nothing is written out.
            let written = text.eats_key(&def.variants[some].name);
            let range = def.variants[some].fields[0].range.or(range);
            let val = self.argument_value(text, &held[0], range)?;
            if written {
                text.expect('}')?;
            }
            return self.variant(of, some, vec![val]);
        }
        let is_object = text.eat('{');
        let name = match is_object {
            true => text.name_of_field()?,
            false => text.word()?,
        };
        let Some(at) = def.variants.iter().position(|v| v.name == name.trim()) else {
            let names: Vec<String> = (def.variants.iter())
                .map(|v| format!("`{}`", v.name))
                .collect();
            let hint = did_you_mean(name.trim(), def.variants.iter().map(|v| v.name.as_str()));
            return Err(format!(
                "`{}` needs one of {}, not `{name}`{hint}",
                text.name,
                names.join(", ")
            ));
        };
        let variant = &def.variants[at];
        let types = self.held_types(of, variant);
        let mut held = Vec::new();
        if !is_object && !types.is_empty() {
            return Err(format!(
                "`{}`: `{name}` holds something: write {{\"{name}\": …}}",
                text.name
            ));
        }
        if is_object {
            text.is_bare = false;
            text.expect(':')?;
            let parts = variant.fields.iter().zip(types);
            let parts: Vec<(&str, Type, Option<ValueRange>)> = parts
                .map(|(field, ty)| (field.name.as_str(), ty, field.range.or(range)))
                .collect();
            match parts.as_slice() {
                [] if text.is_nothing(|_| false)? => {}
                [] => {
                    return Err(format!(
                        "`{}`: `{name}` holds nothing: write its name alone",
                        text.name
                    ));
                }
                [(_, ty, range)] if variant.tuple => {
                    held.push(self.argument_value(text, ty, *range)?);
                }
                parts if variant.tuple => {
                    text.expect('[')?;
                    for (k, (_, ty, range)) in parts.iter().enumerate() {
                        if k > 0 {
                            text.expect(',')?;
                        }
                        held.push(self.argument_value(text, ty, *range)?);
                    }
                    text.expect(']')?;
                }
                parts => held = self.argument_fields(text, parts)?,
            }
            text.expect('}')?;
        }
        self.variant(of, at, held)
    }

    /// The closed types of what a variant holds.
    fn held_types(&self, (_, args): (StructId, &[GenericArg]), variant: &Variant) -> Vec<Type> {
        let generics = generic_values(args);
        let closed = |f: &VariantField| self.close_with(&f.ty, &generics);
        variant.fields.iter().map(closed).collect()
    }

    /// Whether a word for what is missing is a value of what an `Option` holds: a variant, or a text.
    fn is_value(&self, word: &str, held: &[Type]) -> bool {
        match held {
            [ty @ Type::Text(..)] => form_of(ty) == Form::Text && is_text(word),
            [Type::Struct { id, args, .. }] => {
                let def = &self.hir.structs[id.index()];
                match is_optional(def) {
                    true => (def.variants.iter())
                        .filter(|v| !v.fields.is_empty())
                        .any(|v| self.is_value(word, &self.held_types((*id, args), v))),
                    false => def.variants.iter().any(|v| v.name == word),
                }
            }
            _ => false,
        }
    }

    /// The value of an enum from those of one variant: its number, and what it holds in the fields that its parts have.
    fn variant(
        &self,
        (id, args): (StructId, &[GenericArg]),
        at: usize,
        held: Vec<Val<'h>>,
    ) -> Result<Val<'h>, String> {
        let mut slots: Vec<Val<'h>> = (self.fields(id, args, false).iter())
            .map(|(_, ty)| self.zero(ty, 1))
            .collect();
        if let Some(Val::Leaf(tag)) = slots.first() {
            slots[0] = Val::Leaf(Leaf::word(tag.scalar, at as Word));
        }
        let hir = self.hir;
        let fields = (hir.structs.get(id.index()))
            .and_then(|def| def.variants.get(at))
            .map_or(&[][..], |variant| variant.fields.as_slice());
        for (field, val) in fields.iter().zip(held) {
            let mut parts = Vec::new();
            self.parts_of(&field.ty, val, &mut parts);
            for (slot, part) in field.slots.iter().zip(parts) {
                slots[*slot as usize] = part;
            }
        }
        Ok(Val::Tuple(slots))
    }

    /// The parts of a value, as its declared type has them.
    fn parts_of(&self, declared: &Type, val: Val<'h>, out: &mut Vec<Val<'h>>) {
        let types: Vec<Type> = match declared {
            Type::Tuple(types) => types.clone(),
            Type::Struct { id, args, secret } => (self.fields(*id, args, *secret).into_iter())
                .map(|(_, ty)| ty)
                .collect(),
            _ => return out.push(val),
        };
        match val {
            Val::Tuple(vals) => {
                for (ty, val) in types.iter().zip(vals) {
                    self.parts_of(ty, val, out);
                }
            }
            other => out.push(other),
        }
    }
}

fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    match suggestion(name, known) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => String::new(),
    }
}

/// What is left of an argument's text.
struct ArgumentText<'a> {
    rest: &'a str,
    name: &'a str,
    n: usize,
    /// Whether all of it is one text or the name of a variant, which needs no quotes and may have JSON's marks inside.
    is_bare: bool,
}

impl ArgumentText<'_> {
    fn eat(&mut self, c: char) -> bool {
        let rest = self.rest.trim_start();
        match rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, c: char) -> Result<(), String> {
        if self.eat(c) {
            return Ok(());
        }
        let found = self.rest.trim_start();
        let found = if found.is_empty() { "the end" } else { found };
        Err(format!("`{}`: `{c}` is expected before {found}", self.name))
    }

    /// Goes on behind a word for nothing, in quotes or not, that is no value here; whether one is next.
    fn is_nothing(&mut self, is_value: impl Fn(&str) -> bool) -> Result<bool, String> {
        let before = (self.rest, self.n);
        let word = self.word()?;
        // Nothing at all is a value only where it is all that there is.
        let is_nothing = match word.trim() {
            "" => self.is_bare || before.0.trim_start().starts_with('"'),
            word => is_missing(word) && !is_value(word),
        };
        if !is_nothing {
            (self.rest, self.n) = before;
        }
        Ok(is_nothing)
    }

    /// Goes on behind `{"KEY":`, if that is next.
    fn eats_key(&mut self, key: &str) -> bool {
        let before = (self.rest, self.n, self.is_bare);
        self.is_bare = false;
        if self.eat('{') && self.name_of_field().is_ok_and(|name| name == key) && self.eat(':') {
            return true;
        }
        (self.rest, self.n, self.is_bare) = before;
        false
    }

    fn word(&mut self) -> Result<String, String> {
        self.part(false)
    }

    fn name_of_field(&mut self) -> Result<String, String> {
        self.part(true)
    }

    fn part(&mut self, is_name: bool) -> Result<String, String> {
        self.n += 1;
        if self.n > MAX_ARGUMENT_ELEMENTS {
            return Err(format!(
                "`{}` has more than {MAX_ARGUMENT_ELEMENTS} elements",
                self.name
            ));
        }
        if self.is_bare && !is_name {
            let rest = std::mem::take(&mut self.rest);
            let quoted = unquoted(rest.trim()).filter(|(_, after)| after.is_empty());
            return Ok(quoted.map_or_else(|| rest.to_owned(), |(text, _)| text));
        }
        let rest = self.rest.trim_start();
        if let Some((text, after)) = unquoted(rest) {
            self.rest = after;
            return Ok(text);
        }
        if rest.starts_with('"') {
            return Err(format!(
                "`{}`: a text does not end, or has a wrong escape: {rest}",
                self.name
            ));
        }
        // The name of a field ends at its `:`, which a moment has inside.
        let marks: &[char] = if is_name {
            &[',', ':', ']', '[', '}', '{']
        } else {
            &[',', ']', '[', '}', '{']
        };
        let end = rest.find(marks);
        let (word, rest) = rest.split_at(end.unwrap_or(rest.len()));
        self.rest = rest;
        Ok(word.trim().to_owned())
    }
}

/// The JSON string at the beginning of a text, and what follows it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut chars = text.strip_prefix('"')?.chars();
    let mut out = String::new();
    loop {
        match chars.next()? {
            '"' => return Some((out, chars.as_str())),
            '\\' => out.push(match chars.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'u' => {
                    let first = four_digits(&mut chars)?;
                    // What is above 2^16 is written as two halves.
                    match (0xd800..0xdc00).contains(&first) {
                        true if chars.next() == Some('\\') && chars.next() == Some('u') => {
                            let second = four_digits(&mut chars)?.checked_sub(0xdc00)?;
                            let low = (second < 0x400).then_some(second)?;
                            char::from_u32(0x10000 + ((first - 0xd800) << 10) + low)?
                        }
                        true => return None,
                        false => char::from_u32(first)?,
                    }
                }
                c @ ('"' | '\\' | '/') => c,
                _ => return None,
            }),
            c => out.push(c),
        }
    }
}

fn four_digits(chars: &mut std::str::Chars<'_>) -> Option<u32> {
    let mut value = 0;
    for _ in 0..4 {
        value = value * 16 + chars.next()?.to_digit(16)?;
    }
    Some(value)
}

/// The word that decimal text (or `true`, `false`) denotes in a type, if it fits.
fn parse_scalar(scalar: Scalar, form: Form, text: &str) -> Option<Word> {
    match form {
        Form::Plain => {}
        Form::Fixed(frac) => {
            let decimal = Decimal::parse(&text.replace('_', ""))?;
            return decimal.to_fixed(scalar.width(), u32::from(frac)).ok();
        }
        Form::Float => {
            let text = text.replace('_', "");
            let word = read_float(&text, scalar.width())?;
            let infinity = Format::of(scalar).infinity();
            let is_number = Decimal::parse(&text).is_some();
            return (!is_number || word & infinity != infinity).then_some(word);
        }
        Form::Date => return calendar::date(text).map(|n| scalar.wrap(n as Word)),
        Form::Datetime => return calendar::datetime(text).map(|n| scalar.wrap(n as Word)),
        Form::Text => return calendar::word(text, scalar.width() as usize / 8),
    }
    match scalar {
        Scalar::Bool => match text {
            "true" => Some(1),
            "false" => Some(0),
            _ => None,
        },
        Scalar::Int { signed: false, .. } => {
            let digits = text.replace('_', "");
            let word: u128 = digits.parse().ok().filter(|_| !digits.starts_with('+'))?;
            (word <= scalar.mask()).then_some(word)
        }
        Scalar::Int { signed: true, .. } => {
            let value: i128 = text.replace('_', "").parse().ok()?;
            let all = type_interval(scalar)?;
            (value >= all.lo && value <= all.hi).then(|| scalar.wrap(value as u128))
        }
    }
}

fn describe_scalar(scalar: Scalar, form: Form) -> String {
    match form {
        Form::Plain => {}
        Form::Float => return format!("a number ({})", form.name(scalar)),
        Form::Fixed(_) => {
            let least = 1 << (scalar.width() - 1);
            return format!(
                "a number from {} to {} ({})",
                form.display(scalar, least),
                form.display(scalar, least - 1),
                form.name(scalar)
            );
        }
        Form::Date => return "a date as `2024-02-29`".into(),
        Form::Datetime => return "a moment as `2024-02-29T10:30:00Z`".into(),
        Form::Text => return format!("a text of at most {} bytes", scalar.width() / 8),
    }
    match (scalar, type_interval(scalar)) {
        (Scalar::Bool, _) => "`true` or `false`".into(),
        (_, Some(range)) => format!("an integer from {} to {} ({scalar})", range.lo, range.hi),
        (_, None) => format!("an integer from 0 to {} ({scalar})", scalar.mask()),
    }
}
