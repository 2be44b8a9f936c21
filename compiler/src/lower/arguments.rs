//! Public arguments of `main`: from the text on which the parties agreed to values.
//!
//! The text is JSON, in which a structure is an object, a tuple a list, and numbers may have underscores. It is read by the type
//! that the program declares, so that integers of every width are exact.

use super::Tracer;
use super::fault::{Fault, Traced, code};
use super::value::{Leaf, Val, type_interval};
use crate::diagnostic::suggestion;
use crate::hir::{Field, Len, MainParam, Type, ValueRange, form_of, scalar_of};
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
            is_bare: form_of(ty) == Form::Text,
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
                let fields = self.fields(*id, args, *secret);
                self.argument_struct(text, &fields, range)
            }
            other => {
                let scalar = scalar_of(other)
                    .ok_or_else(|| format!("`{}` cannot be written as an argument", text.name))?;
                let form = form_of(other);
                let word = text.word()?;
                let word = parse_scalar(scalar, form, word).ok_or_else(|| {
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
    fn argument_struct(
        &mut self,
        text: &mut ArgumentText<'_>,
        fields: &[(&'h Field, Type)],
        range: Option<ValueRange>,
    ) -> Result<Val<'h>, String> {
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
            let Some(at) = fields.iter().position(|(f, _)| f.name == key) else {
                let names = fields.iter().map(|(f, _)| f.name.as_str());
                let hint = match suggestion(key, names) {
                    Some(near) => format!("; did you mean `{near}`?"),
                    None => String::new(),
                };
                return Err(format!("`{}` has no field `{key}`{hint}", text.name));
            };
            let (field, ty) = &fields[at];
            let val = self.argument_value(text, ty, field.range.or(range))?;
            if vals[at].replace(val).is_some() {
                return Err(format!("`{}` has the field `{key}` twice", text.name));
            }
        }
        let missing =
            |(f, _): &(&Field, Type)| format!("`{}` lacks the field `{}`", text.name, f.name);
        let parts = vals.into_iter().zip(fields);
        let parts: Result<Vec<Val<'h>>, String> = parts
            .map(|(val, field)| val.ok_or_else(|| missing(field)))
            .collect();
        Ok(Val::Tuple(parts?))
    }
}

/// What is left of an argument's text.
struct ArgumentText<'a> {
    rest: &'a str,
    name: &'a str,
    n: usize,
    /// Whether all of it is one text, which needs no quotes and may have JSON's marks inside.
    is_bare: bool,
}

impl<'a> ArgumentText<'a> {
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

    fn word(&mut self) -> Result<&'a str, String> {
        self.part(false)
    }

    fn name_of_field(&mut self) -> Result<&'a str, String> {
        self.part(true)
    }

    fn part(&mut self, is_name: bool) -> Result<&'a str, String> {
        self.n += 1;
        if self.n > MAX_ARGUMENT_ELEMENTS {
            return Err(format!(
                "`{}` has more than {MAX_ARGUMENT_ELEMENTS} elements",
                self.name
            ));
        }
        if self.is_bare {
            let rest = std::mem::take(&mut self.rest);
            let quoted = rest.trim().strip_prefix('"');
            let quoted = quoted.and_then(|quoted| quoted.strip_suffix('"'));
            return Ok(quoted.filter(|text| !text.contains('"')).unwrap_or(rest));
        }
        let rest = self.rest.trim_start();
        if let Some(quoted) = rest.strip_prefix('"')
            && let Some(end) = quoted.find('"')
        {
            self.rest = &quoted[end + 1..];
            return Ok(&quoted[..end]);
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
        Ok(word.trim())
    }
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
