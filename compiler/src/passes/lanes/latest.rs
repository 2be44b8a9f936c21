//! Loops that keep the latest value for which a condition held, as a reduction of which each step takes the later one of two.
//!
//! ```text
//! before: v9 = loop 1000 v0 { (i, r) c = gather hits, i   x = gather xs, i   s = select c x r   yield s }
//! after:  f, y = reduce region (hits, xs) { (f, x, g, y) or f g, select g y x }   v9 = select f y v0
//! ```
//!
//! A value that is replaced in each iteration is in the next one what it was made in this one.
//!
//! So a row that is looked for in a table is found in as many levels as the table's length has bits. Where each iteration
//! looks at what was found before it, as when gaps are filled with the value before them, the reduction is a scan.

use super::Run;
use super::carried::{Body, Class, Taken};
use super::map::Mapped;
use crate::ir::{Op, Reducer, Ty};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedSet;
use smpcc_circuit::value::{ConstVec, Word};

/// Values that may be taken in an iteration.
const MOST: usize = 16;

impl Body<'_> {
    /// How a carried value is replaced, if nothing that is taken depends on it; of what `dependent` has in all.
    pub(super) fn latest(
        &self,
        k: usize,
        param: ValueId,
        result: ValueId,
        dependent: &SortedSet<ValueId>,
    ) -> Option<Class> {
        let elsewhere = (self.region.results.iter().enumerate())
            .any(|(j, id)| j != k && dependent.contains(id));
        if !dependent.contains(&result) {
            // Always replaced.
            let taken = Taken {
                when: Vec::new(),
                value: result,
            };
            return Some(Class::Latest {
                steps: vec![taken],
                pure: !elsewhere && dependent.len() == 1,
            });
        }
        let mut replaced = Replaced {
            body: self,
            param,
            dependent,
            steps: Vec::new(),
            chain: SortedSet::new(),
        };
        replaced.by(result, &[])?;
        let Replaced { steps, chain, .. } = replaced;
        let is_secret = |id: ValueId| self.types.get(&id).is_some_and(|ty| ty.secret);
        let mut conditions = steps.iter().flat_map(|taken| &taken.when);
        if !conditions.any(|&(when, _)| is_secret(when)) {
            return None;
        }
        let pure = !elsewhere && (dependent.iter()).all(|id| *id == param || chain.contains(id));
        Some(Class::Latest { steps, pure })
    }
}

struct Replaced<'b, 'a> {
    body: &'b Body<'a>,
    param: ValueId,
    dependent: &'b SortedSet<ValueId>,
    /// What is taken, the latest last.
    steps: Vec<Taken>,
    /// The choices that this consists of.
    chain: SortedSet<ValueId>,
}

impl Replaced<'_, '_> {
    /// Adds what makes a value of the carried one, where some conditions hold.
    fn by(&mut self, value: ValueId, when: &[(ValueId, bool)]) -> Option<()> {
        if value == self.param {
            return Some(());
        }
        let node = self.body.node(value)?;
        let (Op::Word(WordOp::Select), &[condition, yes, no]) = (&node.op, &node.args[..]) else {
            return None;
        };
        let depends = |id: &ValueId| self.dependent.contains(id);
        if depends(&condition) || self.steps.len() >= MOST || when.len() >= MOST {
            return None;
        }
        self.chain.insert(value);
        let and = |holds| [when, &[(condition, holds)]].concat();
        let (kept, holds, value) = match (depends(&yes), depends(&no)) {
            (true, true) => {
                self.by(yes, &and(true))?;
                return self.by(no, &and(false));
            }
            (false, true) => (no, true, yes),
            (true, false) => (yes, false, no),
            (false, false) => return None,
        };
        self.by(kept, when)?;
        let when = and(holds);
        self.steps.push(Taken { when, value });
        Some(())
    }
}

impl Run<'_, '_, '_> {
    /// Whether anything is taken in an iteration, and what, by element and iteration.
    fn taken(&mut self, steps: &[Taken], lanes: u64) -> Option<[ValueId; 2]> {
        let mut all: Option<[ValueId; 2]> = None;
        for step in steps {
            let when = self.all_hold(&step.when)??;
            let value = self.map.each(step.value)?;
            let walk = &mut *self.map.walk;
            all = Some(match all {
                None => [when, value],
                Some([any, before]) => [
                    walk.word(WordOp::Or, &[any, when]),
                    walk.word(WordOp::Select, &[when, value, before]),
                ],
            });
        }
        let n = self.map.n;
        Some(all?.map(|column| {
            let column = self.map.walk.with_secrecy(column, true);
            self.transposed(column, lanes, n)
        }))
    }

    /// The later of two values, as a reduction or as a scan of columns.
    fn later(
        &mut self,
        columns: [ValueId; 2],
        op: fn(Reducer, u64) -> Op,
        (segments, lanes): (u64, u64),
    ) -> [ValueId; 2] {
        let walk = &mut *self.map.walk;
        if let Some(word) = walk.splat(columns[1]) {
            // Whenever it is taken it is the same.
            let (any, value) = (walk.ty(columns[0]), walk.ty(columns[1]));
            let op = op(Reducer::Word(WordOp::Or), segments);
            let any = walk.emit(op, vec![columns[0]], Ty { lanes, ..any });
            let secret = false;
            let value = walk.splat_of(
                Ty {
                    lanes,
                    secret,
                    ..value
                },
                word,
            );
            return [any, value];
        }
        let of = |lanes| {
            columns.map(|c| Ty {
                lanes,
                ..walk.ty(c)
            })
        };
        let (one, results) = (of(1), of(lanes));
        let params = [one, one].concat();
        let params: Vec<ValueId> = params.into_iter().map(|ty| walk.fresh(ty)).collect();
        walk.open(params.clone());
        let any = walk.word(WordOp::Or, &[params[0], params[2]]);
        let value = walk.word(WordOp::Select, &[params[2], params[3], params[1]]);
        let region = walk.close(vec![any, value]);
        let op = op(Reducer::Region, segments);
        let found = walk.push_new(op, columns.to_vec(), &results, vec![region]);
        [found[0], found[1]]
    }

    /// What is left of a carried value in the end.
    pub(super) fn latest(&mut self, init: ValueId, steps: &[Taken]) -> Option<ValueId> {
        let ty = self.map.walk.ty(init);
        if let Some(value) = always(steps) {
            return self.one_before(init, value).map(|(_, last)| last);
        }
        let columns = self.taken(steps, ty.lanes)?;
        let op = |reducer, segments| Op::Reduce { reducer, segments };
        let [any, value] = self.later(columns, op, (ty.lanes, ty.lanes));
        let walk = &mut *self.map.walk;
        let found = walk.word(WordOp::Select, &[any, value, init]);
        Some(walk.with_secrecy(found, ty.secret))
    }

    /// What a carried value is at the start of each iteration, and in the end.
    pub(super) fn latest_course(
        &mut self,
        init: ValueId,
        steps: &[Taken],
    ) -> Option<(Mapped, ValueId)> {
        let (ty, n) = (self.map.walk.ty(init), self.map.n);
        let l = ty.lanes;
        if let Some(value) = always(steps) {
            return self.one_before(init, value);
        }
        let columns = self.taken(steps, l)?;
        let op = |reducer, segments| Op::Scan { reducer, segments };
        let columns = self.later(columns, op, (l, n.checked_mul(l)?));
        let [any, value] = columns.map(|column| self.transposed(column, n, l));
        let first = self.map.copies_of(init)?;
        let after = self.map.walk.word(WordOp::Select, &[any, value, first]);
        Some(self.after(init, after))
    }

    /// The same where a value is taken in every iteration.
    fn one_before(&mut self, init: ValueId, value: ValueId) -> Option<(Mapped, ValueId)> {
        let after = self.map.each(value)?;
        Some(self.after(init, after))
    }

    /// What a carried value is at the start of each iteration, and in the end, of what it is after each.
    fn after(&mut self, init: ValueId, after: ValueId) -> (Mapped, ValueId) {
        let walk = &mut *self.map.walk;
        let Ty {
            lanes: l, secret, ..
        } = walk.ty(init);
        let lanes = |start: u64, lanes| ConstVec::Affine {
            start: Word::from(start),
            dims: vec![(lanes, 1)],
        };
        let end = walk.ty(after).lanes - l;
        let before = walk.gather_at(after, lanes(0, end));
        let course = walk.concat(vec![init, before]);
        let course = walk.with_secrecy(course, secret);
        let last = walk.gather_at(after, lanes(end, l));
        (Mapped::Each(course), walk.with_secrecy(last, secret))
    }
}

/// The value that is taken in every iteration, if there is one.
fn always(steps: &[Taken]) -> Option<ValueId> {
    match steps {
        [Taken { when, value }] if when.is_empty() => Some(*value),
        _ => None,
    }
}
