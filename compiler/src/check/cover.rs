//! Whether patterns cover all values, and which they leave out.
//!
//! The question is always the same: is there a value that one row of patterns matches and none of the rows before it
//! does? (L. Maranget, Warnings for pattern matching, Journal of Functional Programming 17, 2007, section 3.) The first
//! column is split by what its values can be: the variants of an enum, both truth values, the ranges of integers between the
//! bounds that occur. A value that is found is written down as a pattern.

/// A pattern as far as covering goes.
#[derive(Clone, Debug)]
pub(crate) enum Pat {
    /// Everything.
    Any,
    /// Something that is not known here: it covers nothing for sure.
    Some,
    /// What is made so from such parts.
    Of(Ctor, Vec<Pat>),
    /// Each of these.
    Or(Vec<Pat>),
}

/// How a value is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ctor {
    /// A variant of an enum.
    Variant(u32),
    /// A truth value.
    Bool(bool),
    /// An integer from here to there, both included, counted from the least of its type.
    Ints(u128, u128),
    /// The only way.
    Whole,
}

/// What the values of a type can be.
#[derive(Clone, Debug)]
pub(crate) enum Space<T> {
    /// Variants: how each is written, the names of its fields if they have any, and their types.
    Variants(Vec<(String, Option<Vec<String>>, Vec<T>)>),
    /// Truth values.
    Bools,
    /// Integers up to the greatest, counted from the least, and what the least is.
    Ints {
        /// The greatest.
        max: u128,
        /// The least, below zero.
        below_zero: u128,
    },
    /// Parts between these brackets.
    Whole(&'static str, &'static str, Vec<T>),
    /// Values that are not told apart.
    Other,
}

/// Most steps of one question.
const MAX_STEPS: u32 = 100_000;

/// Answers about one type's values.
pub(crate) struct Cover<'t, T> {
    /// What the values of a type can be.
    pub space: &'t dyn Fn(&T) -> Space<T>,
    steps: u32,
}

impl<'t, T: Clone> Cover<'t, T> {
    pub fn new(space: &'t dyn Fn(&T) -> Space<T>) -> Self {
        Self { space, steps: 0 }
    }

    /// Whether the last question takes too long to answer.
    pub fn is_too_hard(&self) -> bool {
        self.steps > MAX_STEPS
    }

    /// Values that none of the patterns covers, at most so many; empty when they cover all, or when it takes too long to
    /// say.
    pub fn missing(&mut self, ty: &T, patterns: &[Pat], most: usize) -> Vec<String> {
        let mut rows: Vec<Vec<Pat>> = patterns.iter().map(|p| vec![p.clone()]).collect();
        let mut out: Vec<String> = Vec::new();
        while out.len() < most {
            self.steps = 0;
            let Some((text, found)) = self.first(ty, &rows, &Pat::Any) else {
                break;
            };
            out.push(text);
            rows.push(vec![found]);
        }
        out
    }

    /// Whether a pattern covers anything that those before it do not.
    pub fn useful(&mut self, ty: &T, before: &[Pat], pattern: &Pat) -> bool {
        self.steps = 0;
        let rows: Vec<Vec<Pat>> = before.iter().map(|p| vec![p.clone()]).collect();
        self.first(ty, &rows, pattern).is_some() || self.is_too_hard()
    }

    fn first(&mut self, ty: &T, rows: &[Vec<Pat>], pattern: &Pat) -> Option<(String, Pat)> {
        let types = [ty.clone()];
        self.witness(rows, std::slice::from_ref(pattern), &types)?
            .pop()
    }

    /// A value of each type that the patterns cover and no row does, the last type's first.
    fn witness(
        &mut self,
        rows: &[Vec<Pat>],
        query: &[Pat],
        types: &[T],
    ) -> Option<Vec<(String, Pat)>> {
        self.steps += 1;
        let ([head, tail @ ..], [ty, types @ ..]) = (query, types) else {
            return rows.is_empty().then(Vec::new);
        };
        let covers_all = |row: &Vec<Pat>| row.iter().all(|p| matches!(p, Pat::Any));
        if self.steps > MAX_STEPS || rows.iter().any(covers_all) {
            return None;
        }
        let rows: Vec<Vec<Pat>> = rows.iter().flat_map(|row| flat(row)).collect();
        let is_any = |row: &Vec<Pat>| matches!(row.first(), Some(Pat::Any));
        match head {
            Pat::Or(all) => {
                let mut query = query.to_vec();
                let mut of_types = vec![ty.clone()];
                of_types.extend_from_slice(types);
                all.iter().find_map(|one| {
                    query[0] = one.clone();
                    self.witness(&rows, &query, &of_types)
                })
            }
            Pat::Of(Ctor::Ints(lo, hi), _) => {
                let pieces = pieces(&rows, *lo, *hi);
                pieces.into_iter().find_map(|(lo, hi)| {
                    self.made(&rows, &Ctor::Ints(lo, hi), &[], tail, ty, types)
                })
            }
            Pat::Of(ctor, parts) => self.made(&rows, ctor, parts, tail, ty, types),
            Pat::Any | Pat::Some if rows.iter().all(is_any) => {
                let rest: Vec<Vec<Pat>> = rows.iter().map(|row| row[1..].to_vec()).collect();
                let mut found = self.witness(&rest, tail, types)?;
                found.push(("_".to_owned(), Pat::Any));
                Some(found)
            }
            Pat::Any | Pat::Some => {
                let ctors = match (self.space)(ty) {
                    Space::Variants(all) => {
                        (0..).zip(&all).map(|(v, _)| Ctor::Variant(v)).collect()
                    }
                    Space::Bools => vec![Ctor::Bool(false), Ctor::Bool(true)],
                    Space::Ints { max, .. } => pieces(&rows, 0, max)
                        .into_iter()
                        .map(|(lo, hi)| Ctor::Ints(lo, hi))
                        .collect(),
                    Space::Whole(..) => vec![Ctor::Whole],
                    Space::Other => {
                        let any: Vec<Vec<Pat>> = rows.into_iter().filter(is_any).collect();
                        let rest: Vec<Vec<Pat>> = any.iter().map(|r| r[1..].to_vec()).collect();
                        let mut found = self.witness(&rest, tail, types)?;
                        found.push(("_".to_owned(), Pat::Any));
                        return Some(found);
                    }
                };
                ctors
                    .iter()
                    .find_map(|ctor| self.made(&rows, ctor, &[], tail, ty, types))
            }
        }
    }

    /// The same for values that are made so; no parts stand for any.
    fn made(
        &mut self,
        rows: &[Vec<Pat>],
        ctor: &Ctor,
        parts: &[Pat],
        tail: &[Pat],
        ty: &T,
        types: &[T],
    ) -> Option<Vec<(String, Pat)>> {
        let space = (self.space)(ty);
        let inner: Vec<T> = match (&space, ctor) {
            (Space::Variants(all), Ctor::Variant(v)) => {
                all.get(*v as usize).map_or(Vec::new(), |v| v.2.clone())
            }
            (Space::Whole(_, _, types), Ctor::Whole) => types.clone(),
            _ => Vec::new(),
        };
        let n = inner.len();
        let mut special = Vec::new();
        for row in rows {
            let parts = match row.first() {
                Some(Pat::Any) => vec![Pat::Any; n],
                Some(Pat::Of(c, parts)) if covers(c, ctor) => parts.clone(),
                _ => continue,
            };
            special.push(parts.into_iter().chain(row[1..].iter().cloned()).collect());
        }
        let mut query = parts.to_vec();
        query.resize(n, Pat::Any);
        query.extend_from_slice(tail);
        let mut all_types = inner;
        all_types.extend_from_slice(types);
        let mut found = self.witness(&special, &query, &all_types)?;
        let mut own = Vec::with_capacity(n);
        for _ in 0..n {
            own.extend(found.pop());
        }
        let (texts, pats): (Vec<String>, Vec<Pat>) = own.into_iter().unzip();
        let text = written(&space, ctor, &texts);
        found.push((text, Pat::Of(ctor.clone(), pats)));
        Some(found)
    }
}

/// A row for each alternative of its first pattern; what is not known covers nothing.
fn flat(row: &[Pat]) -> Vec<Vec<Pat>> {
    match row.split_first() {
        Some((Pat::Or(all), rest)) => all
            .iter()
            .flat_map(|one| {
                let mut row = vec![one.clone()];
                row.extend_from_slice(rest);
                flat(&row)
            })
            .collect(),
        Some((Pat::Some, _)) => Vec::new(),
        _ => vec![row.to_vec()],
    }
}

fn covers(all: &Ctor, some: &Ctor) -> bool {
    match (all, some) {
        (Ctor::Ints(lo, hi), Ctor::Ints(from, to)) => lo <= from && to <= hi,
        _ => all == some,
    }
}

/// A range cut at every bound that occurs in the first column.
fn pieces(rows: &[Vec<Pat>], lo: u128, hi: u128) -> Vec<(u128, u128)> {
    let mut starts = vec![lo];
    for row in rows {
        if let Some(Pat::Of(Ctor::Ints(a, b), _)) = row.first() {
            starts.extend([Some(*a), b.checked_add(1)].into_iter().flatten());
        }
    }
    starts.retain(|s| (lo..=hi).contains(s));
    starts.sort_unstable();
    starts.dedup();
    let end = |at: usize| starts.get(at + 1).map_or(hi, |next| next - 1);
    (0..starts.len()).map(|at| (starts[at], end(at))).collect()
}

/// A value as a pattern, as people write it.
fn written<T>(space: &Space<T>, ctor: &Ctor, parts: &[String]) -> String {
    match (space, ctor) {
        (Space::Variants(all), Ctor::Variant(v)) => {
            let Some((name, fields, _)) = all.get(*v as usize) else {
                return "_".to_owned();
            };
            match fields {
                Some(_) if parts.iter().all(|p| p == "_") => format!("{name} {{ .. }}"),
                Some(fields) => {
                    let one = |(f, p): (&String, &String)| format!("{f}: {p}");
                    let fields: Vec<String> = fields.iter().zip(parts).map(one).collect();
                    format!("{name} {{ {} }}", fields.join(", "))
                }
                None if parts.is_empty() => name.clone(),
                None => format!("{name}({})", parts.join(", ")),
            }
        }
        (Space::Whole(open, close, _), _) => format!("{open}{}{close}", parts.join(", ")),
        (Space::Ints { below_zero, max }, Ctor::Ints(lo, hi)) => {
            let show = |n: u128| match n.checked_sub(*below_zero) {
                Some(n) => n.to_string(),
                None => format!("-{}", below_zero - n),
            };
            match (lo == hi, *lo == 0 && hi == max) {
                (_, true) => "_".to_owned(),
                (true, _) => show(*lo),
                (false, _) if hi == max => format!("{}..", show(*lo)),
                (false, _) => format!("{}..={}", show(*lo), show(*hi)),
            }
        }
        (_, Ctor::Bool(truth)) => truth.to_string(),
        _ => "_".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `0`: a colour, `1`: an option of a colour, `2`: an `i8`, `3`: a pair of a `bool` and an option.
    fn space(ty: &u8) -> Space<u8> {
        let variant = |name: &str, types: Vec<u8>| (name.to_owned(), None, types);
        match ty {
            0 => Space::Variants(
                ["Red", "Green", "Blue"]
                    .map(|n| variant(n, vec![]))
                    .to_vec(),
            ),
            1 => Space::Variants(vec![variant("None", vec![]), variant("Some", vec![0])]),
            2 => Space::Ints {
                max: 255,
                below_zero: 128,
            },
            3 => Space::Whole("(", ")", vec![4, 1]),
            _ => Space::Bools,
        }
    }

    fn of(v: u32, parts: Vec<Pat>) -> Pat {
        Pat::Of(Ctor::Variant(v), parts)
    }

    fn missing(ty: u8, patterns: &[Pat]) -> Vec<String> {
        Cover::new(&space).missing(&ty, patterns, 4)
    }

    #[test]
    fn what_is_left_out_is_named() {
        assert_eq!(missing(0, &[of(1, vec![])]), ["Red", "Blue"]);
        let two = Pat::Or(vec![of(0, vec![]), of(2, vec![])]);
        assert_eq!(missing(0, std::slice::from_ref(&two)), ["Green"]);
        assert_eq!(missing(1, &[of(0, vec![])]), ["Some(_)"]);
        assert_eq!(
            missing(1, &[of(0, vec![]), of(1, vec![two])]),
            ["Some(Green)"]
        );
        let pair = |a, b| Pat::Of(Ctor::Whole, vec![a, b]);
        let truth = |t| Pat::Of(Ctor::Bool(t), vec![]);
        let rows = [pair(truth(true), Pat::Any), pair(Pat::Any, of(0, vec![]))];
        assert_eq!(missing(3, &rows), ["(false, Some(_))"]);
        assert_eq!(missing(3, &[Pat::Some]), ["_"]);
    }

    #[test]
    fn ranges_of_integers_are_counted_exactly() {
        let ints = |lo: i32, hi: i32| {
            let from = |n: i32| (n + 128) as u128;
            Pat::Of(Ctor::Ints(from(lo), from(hi)), vec![])
        };
        assert_eq!(missing(2, &[ints(0, 127)]), ["-128..=-1"]);
        assert_eq!(missing(2, &[ints(-128, -1), ints(1, 5)]), ["0", "6.."]);
        assert!(missing(2, &[ints(-128, 4), ints(3, 127)]).is_empty());
        let mut cover = Cover::new(&space);
        assert!(!cover.useful(&2, &[ints(-5, 0), ints(1, 9)], &ints(-2, 3)));
        assert!(cover.useful(&2, &[ints(-5, 0), ints(2, 9)], &ints(-2, 3)));
    }
}
