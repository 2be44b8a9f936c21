//! Limits of variables that nobody wrote: what the compiler has found of their values for one session.

use super::{Hint, Program, is_comment};
use crate::index::Kind;
use crate::ir::{Ir, Op, Region};
use crate::lexer::{Kind as Tok, Token};
use crate::source::FileId;
use crate::span::Span;
use smpcc_circuit::sorted::SortedMap;

/// The least and the greatest number that each expression takes, by its place; nothing where that is not known.
#[derive(Clone, Debug, Default)]
pub struct Limits(SortedMap<Span, Option<(i128, i128)>>);

impl Limits {
    /// Those of a program as the pass `ranges` leaves it. What is computed at a place several times is within the limits of all times.
    pub fn of(ir: &Ir) -> Self {
        let mut limits = Self::default();
        limits.collect(ir, &ir.body);
        limits
    }

    fn collect(&mut self, ir: &Ir, region: &Region) {
        for node in &region.nodes {
            // A sum over lanes stands where its terms do, and constants stand with what they are added to.
            let other = matches!(
                node.op,
                Op::Reduce { .. } | Op::Scan { .. } | Op::Dot { .. } | Op::Const(_)
            );
            if let (false, [result]) = (other, node.results.as_slice()) {
                let value = ir.values.get(result.index());
                let here = value.and_then(|v| v.range).map(|r| (r.lo, r.hi));
                let known = self.0.entry(node.span).or_insert(here);
                *known = match (*known, here) {
                    (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
                    _ => None,
                };
            }
            for inner in &node.regions {
                self.collect(ir, inner);
            }
        }
    }
}

/// The limits of a file's variables after the expressions that they get, where these are narrower than their types.
pub fn limits(program: &Program, file: FileId, limits: &Limits) -> Vec<Hint> {
    let mut tokens = program.tokens(file);
    tokens.retain(|t| !is_comment(t.kind));
    let values = values(file, &tokens);
    let variables = program
        .declared()
        .filter(|(d, place)| place.file == file && matches!(d.kind, Kind::Variable));
    let mut hints: Vec<Hint> = variables
        .filter_map(|(variable, place)| {
            let value = *values.get(&place.start)?;
            let (lo, hi) = limits.0.get(&value).copied().flatten()?;
            let of_type = of_type(&variable.ty)?;
            (of_type != (lo, hi)).then(|| Hint {
                after: value,
                text: format!(" in {lo}..={hi}"),
            })
        })
        .collect();
    hints.sort_by_key(|hint| hint.after);
    hints
}

/// For each `let NAME … = VALUE;` where the value stands, by where the name does.
fn values(file: FileId, tokens: &[Token]) -> SortedMap<u32, Span> {
    let mut found = SortedMap::new();
    for (at, token) in tokens.iter().enumerate() {
        if token.kind != Tok::Let {
            continue;
        }
        let name = match tokens.get(at + 1) {
            Some(t) if t.kind == Tok::Mut => at + 2,
            _ => at + 1,
        };
        // Words such as `all` may be names here.
        let Some(start) = tokens.get(name) else {
            continue;
        };
        let mut depth = 0i32;
        let mut from = None;
        for (i, t) in tokens.iter().enumerate().skip(name + 1) {
            match t.kind {
                Tok::LParen | Tok::LBracket | Tok::LBrace => depth += 1,
                Tok::RParen | Tok::RBracket | Tok::RBrace => depth -= 1,
                Tok::Eq if depth == 0 && from.is_none() => from = Some(i + 1),
                Tok::Semi if depth == 0 => {
                    let first = from.and_then(|from| tokens.get(from));
                    if let (Some(first), Some(last)) = (first, tokens.get(i - 1)) {
                        let (from, to) = (first.span.start as usize, last.span.end as usize);
                        found.insert(start.span.start, Span::new(file, from, to.max(from)));
                    }
                    break;
                }
                _ => {}
            }
            if depth < 0 {
                break;
            }
        }
    }
    found
}

/// The limits of a type of integers of at most 64 bits.
fn of_type(ty: &str) -> Option<(i128, i128)> {
    let ty = ty.strip_prefix("secret ").unwrap_or(ty);
    let width = |bits: &str| bits.parse::<u32>().ok().filter(|n| (1..=64).contains(n));
    match ty.split_at_checked(1)? {
        ("u", bits) => Some((0, (1 << width(bits)?) - 1)),
        ("i", bits) => {
            let half = 1 << (width(bits)? - 1);
            Some((-half, half - 1))
        }
        _ => None,
    }
}
