//! Types in words, as they are written in the language.

use super::{Checker, GenericInfo};
use crate::hir::{Len, Real, Text};
use crate::types::{Arg, Secrecy, Ty};

/// Longest text of a type, in bytes. Of what is longer the innermost types are left out, and where that is not enough only the
/// beginning is shown.
const SHOWN_BYTES: usize = 120;

impl Checker<'_> {
    /// A type as text, with the names of these generic parameters.
    pub fn show(&self, ty: &Ty, generics: &[GenericInfo]) -> String {
        let text = self.show_inner(ty, generics);
        let text = match text.len() > SHOWN_BYTES {
            true => shortened(&text),
            false => text,
        };
        match ty_secrecy(ty) {
            Some(s) if !s.is_public() => format!("secret {text}"),
            _ => text,
        }
    }

    fn show_inner(&self, ty: &Ty, generics: &[GenericInfo]) -> String {
        let name = |id: usize| generics.get(id).map_or("?", |g| g.name.as_str()).to_owned();
        match ty {
            Ty::Scalar(scalar, _) => scalar.to_string(),
            Ty::Usize => "usize".into(),
            Ty::Text(Text::Date, _) => "date".into(),
            Ty::Text(Text::Datetime, _) => "datetime".into(),
            Ty::Text(Text::Str(n), _) => format!("str<{}>", self.show_len(n, generics)),
            Ty::Real(Real::Float(width), _) => format!("f{width}"),
            Ty::Real(Real::Fixed { width, frac }, _) => format!(
                "fixed<{}, {}>",
                self.show_len(width, generics),
                self.show_len(frac, generics)
            ),
            Ty::Array(t, n) => format!(
                "[{}; {}]",
                self.show(t, generics),
                self.show_len(n, generics)
            ),
            Ty::Ragged(t, _) => format!("[[{}; _]; _]", self.show(t, generics)),
            Ty::Tuple(ts) => {
                let parts: Vec<String> = ts.iter().map(|t| self.show(t, generics)).collect();
                let comma = if parts.len() == 1 { "," } else { "" };
                format!("({}{comma})", parts.join(", "))
            }
            Ty::Struct { id, args, .. } => {
                let sig = self.structs.0.get(id.index());
                let base = sig.map_or("?", |s| s.name.as_str());
                if base.is_empty() {
                    let fields: Vec<&str> =
                        sig.map_or(Vec::new(), |s| s.names.iter().map(String::as_str).collect());
                    return format!("{{ {} }}", fields.join(", "));
                }
                if args.is_empty() {
                    return base.to_owned();
                }
                let one = |a: &Arg| match a {
                    Arg::Type(t) => self.show(t, generics),
                    Arg::Len(n) => self.show_len(n, generics),
                    Arg::Callable => "fn".into(),
                };
                format!(
                    "{base}<{}>",
                    args.iter().map(one).collect::<Vec<_>>().join(", ")
                )
            }
            Ty::Param { id, .. } => name(id.index()),
            Ty::Wide(t, of) => format!("{}<{}>", of.name(), self.show(t, generics)),
            Ty::Fn(s) => {
                let params: Vec<String> = s.params.iter().map(|t| self.show(t, generics)).collect();
                format!(
                    "fn({}) -> {}",
                    params.join(", "),
                    self.show(&s.ret, generics)
                )
            }
            Ty::Never => "!".into(),
        }
    }

    fn show_len(&self, len: &Len, generics: &[GenericInfo]) -> String {
        len.show(&|len| self.show_known_len(len, generics))
    }

    fn show_known_len(&self, len: &Len, generics: &[GenericInfo]) -> String {
        match len {
            Len::Const(n) => n.to_string(),
            Len::Param(id) => generics
                .get(id.index())
                .map_or("?", |g| g.name.as_str())
                .to_owned(),
            Len::Parties(None) => "parties".into(),
            Len::Parties(Some(role)) => self
                .roles
                .get(role.index())
                .map_or("?".into(), |r| format!("parties of {}", r.name)),
            Len::Session | Len::Computed(_) => "_".into(),
        }
    }
}

/// The text of a type without what stands in the innermost brackets, in as many steps as it takes.
fn shortened(text: &str) -> String {
    let depth_of = |text: &str| {
        let opens = |c: char| matches!(c, '(' | '[' | '<' | '{');
        // An arrow closes nothing, and then the depth is at most too small.
        let closes = |c: char| matches!(c, ')' | ']' | '>' | '}');
        let depths = text.chars().scan(0_usize, |depth, c| {
            *depth += usize::from(opens(c));
            *depth = depth.saturating_sub(usize::from(closes(c)));
            Some(*depth)
        });
        depths.max().unwrap_or(0)
    };
    let mut levels = depth_of(text);
    while levels > 1 {
        levels -= 1;
        let (mut depth, mut out) = (0_usize, String::new());
        let mut before = ' ';
        for c in text.chars() {
            let closes = matches!(c, ')' | ']' | '}') || c == '>' && before != '-';
            if closes {
                depth = depth.saturating_sub(1);
            }
            if depth < levels {
                out.push(c);
            } else if depth == levels && !closes && !out.ends_with('…') {
                out.push('…');
            }
            if matches!(c, '(' | '[' | '<' | '{') {
                depth += 1;
            }
            before = c;
        }
        if out.len() <= SHOWN_BYTES {
            return out;
        }
    }
    text.chars().take(SHOWN_BYTES / 2).chain(['…']).collect()
}

/// The secrecy that is written before a type; aggregates show it at their parts.
fn ty_secrecy(ty: &Ty) -> Option<Secrecy> {
    match ty {
        Ty::Scalar(_, s)
        | Ty::Text(_, s)
        | Ty::Real(_, s)
        | Ty::Struct { secret: s, .. }
        | Ty::Param { secret: s, .. } => Some(*s),
        _ => None,
    }
}
