//! What it costs to prove the ANDs and products of a program to each other, where a corrupt party may send what it likes.
//!
//! ANDs and terms of products are recorded as they are computed. Before a phase of openings ([`crate::phases`]) everything that is
//! recorded is proven, in [`ROUNDS`] rounds; what gets long before is proven meanwhile, [`CHUNK`] ANDs or [`TERMS`] terms at a time. So
//! what a run sends for proofs follows from how many there are between openings, and [`Epochs`] adds that up for any program. The
//! messages are those of the runtime's `protocols/replicated/settle`.

use crate::ids::ValueId;
use crate::program::{Domain, Kind, Node, Op, Program};
use crate::suite::PROOF_ROUNDS;

/// ANDs, each on one lane, that are proven together at most.
pub const CHUNK: u64 = 1 << 24;

/// Terms of products that are proven together at most. A product is one term, and a sum of products one for each.
pub const TERMS: u64 = 1 << 16;

/// Rounds of a proof.
pub const ROUNDS: u32 = PROOF_ROUNDS;

/// Bytes of a field element.
pub const FIELD_LEN: u64 = 16;

/// Bytes of a hash.
pub const HASH_LEN: u64 = 32;

/// Field elements that a verifier tells the other: its factor of the last product, its shares of two checks and of the last claim.
pub const VERDICT: u64 = 4;

/// The shape of a proof about so many ANDs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Words of 64 lanes.
    pub words: usize,
    /// Variables of the first message's grid: 2^grid words make a group.
    pub grid: u32,
    /// Groups.
    pub groups: usize,
    /// Rounds that halve what is left, after the grid.
    pub halvings: u32,
}

/// Most variables of a grid: 64 words of a group are folded at once.
const MOST_GRID: u32 = 6;

impl Shape {
    /// For so many ANDs; of none, one word of zeros is proven.
    pub const fn of(ands: u64) -> Self {
        let words = if ands == 0 { 1 } else { ands.div_ceil(64) };
        let log = words.next_power_of_two().trailing_zeros();
        let grid = if log < MOST_GRID { log } else { MOST_GRID };
        let groups = words.div_ceil(1 << grid);
        let terms = 2 * 64 * groups;
        Self {
            words: words as usize,
            grid,
            groups: groups as usize,
            halvings: terms.next_power_of_two().trailing_zeros(),
        }
    }

    /// Points of the grid.
    pub const fn points(self) -> usize {
        3usize.pow(self.grid)
    }

    /// Field elements that a prover shares in all: the grid, two for each halving, three for the last product.
    pub const fn elements(self) -> usize {
        self.points() + 2 * self.halvings as usize + 3
    }

    /// Messages of the prover that are hashed by themselves.
    pub const fn levels(self) -> usize {
        self.halvings as usize + 2
    }

    /// Bytes that each party sends.
    pub const fn sent(self) -> u64 {
        let to_first = HASH_LEN + FIELD_LEN * self.elements() as u64;
        let to_second = HASH_LEN + HASH_LEN * self.levels() as u64;
        to_first + to_second + 2 * (HASH_LEN + VERDICT * FIELD_LEN)
    }
}

/// Bytes of an element of the prime field.
pub const PRIME_LEN: u64 = 24;

/// Sums over random halves of the products: an error stays in each with a chance of one half.
pub const HALVES: usize = 128;

/// The shape of a proof about so many terms of products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TermShape {
    /// Terms, each with two products of components.
    pub terms: usize,
    /// Rounds that halve both vectors of components.
    pub halvings: u32,
}

impl TermShape {
    /// For so many terms.
    pub const fn of(terms: u64) -> Self {
        Self {
            terms: terms as usize,
            halvings: (2 * terms).next_power_of_two().trailing_zeros(),
        }
    }

    /// Elements that a prover shares in all: the sums and one for a product that goes on in the next proof, two for each halving, three
    /// for the last product.
    pub const fn elements(self) -> usize {
        HALVES + 1 + 2 * self.halvings as usize + 3
    }

    /// Messages of the prover that are hashed by themselves.
    pub const fn levels(self) -> usize {
        self.halvings as usize + 2
    }

    /// Bytes that a verifier tells the other: two hashes, its factor of the last product, its shares of a check and of the last claim.
    pub const fn said() -> u64 {
        2 * HASH_LEN + 3 * PRIME_LEN
    }

    /// Bytes that each party sends.
    pub const fn sent(self) -> u64 {
        let to_first = HASH_LEN + PRIME_LEN * self.elements() as u64;
        let to_second = HASH_LEN + HASH_LEN * self.levels() as u64;
        to_first + to_second + 2 * Self::said()
    }
}

/// What is to be proven.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// ANDs, each on one lane.
    pub ands: u64,
    /// Terms of products.
    pub terms: u64,
}

impl Work {
    const NONE: Self = Self { ands: 0, terms: 0 };

    /// So many ANDs.
    pub const fn ands(ands: u64) -> Self {
        Self { ands, terms: 0 }
    }

    /// So many terms.
    pub const fn terms(terms: u64) -> Self {
        Self { ands: 0, terms }
    }

    const fn and(self, other: Self) -> Self {
        Self {
            ands: self.ands.saturating_add(other.ands),
            terms: self.terms.saturating_add(other.terms),
        }
    }

    const fn times(self, n: u64) -> Self {
        Self {
            ands: self.ands.saturating_mul(n),
            terms: self.terms.saturating_mul(n),
        }
    }
}

/// What one execution of an operation records.
pub fn recorded(program: &Program, node: &Node) -> Work {
    if !program.model().proves() {
        return Work::NONE;
    }
    let info = |ids: &[ValueId]| {
        let value = ids.first().and_then(|id| program.values.get(id.index()));
        value.copied()
    };
    let (of, result) = (info(&node.args), info(&node.results));
    match (&node.op, result, of) {
        (Op::Call(id), Some(value), _)
            if value.domain == Domain::Boolean || program.model().settles_garbled() =>
        {
            let template = program.templates.get(id.index());
            let ands = template.map_or(0, |t| t.and_levels().iter().sum::<u64>());
            Work::ands(ands.saturating_mul(value.lanes))
        }
        (Op::Mul | Op::Dot { .. }, _, Some(factor)) => Work::terms(factor.lanes),
        // The bits of three parties, brought together two by two.
        (Op::InjectBit, _, Some(bit)) => Work::terms(bit.lanes.saturating_mul(2)),
        _ => Work::NONE,
    }
}

/// Whether an operation makes something that has to be proven or compared before an opening: ANDs, products, or what one party told the others.
pub fn is_recorded(program: &Program, node: &Node) -> bool {
    matches!(node.op.kind(), Kind::Interactive(_))
        && program.model().proves()
        && (recorded(program, node) != Work::NONE
            || matches!(node.op, Op::Input(id) if program.inputs.get(id.index()).is_some_and(|leaf| leaf.public)))
}

/// What the proofs of a part of a program send: sums of it can be taken in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epochs {
    /// What is before the first proof of the part, or all.
    first: Work,
    rest: Option<Rest>,
}

/// From the first proof on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rest {
    /// Settlements after the first.
    n: u64,
    /// Bytes of each party for them.
    sent: u64,
    /// What is after the last.
    last: Work,
}

/// Bytes of each party for proving so much before an opening: what is left of ANDs in any case, since that proof also compares what one
/// party told the others; products if there are any.
fn settled(work: Work) -> u64 {
    let (ands, terms) = (work.ands % CHUNK, work.terms % TERMS);
    let mut sent = meanwhile(work).saturating_add(Shape::of(ands).sent());
    if terms > 0 {
        sent = sent.saturating_add(TermShape::of(terms).sent());
    }
    sent
}

/// Bytes of each party for what is proven as soon as there is enough of it.
fn meanwhile(work: Work) -> u64 {
    let ands = Shape::of(CHUNK).sent().saturating_mul(work.ands / CHUNK);
    let terms = TermShape::of(TERMS).sent();
    ands.saturating_add(terms.saturating_mul(work.terms / TERMS))
}

impl Epochs {
    /// Operations that record so much.
    pub const fn of(work: Work) -> Self {
        Self {
            first: work,
            rest: None,
        }
    }

    /// A settlement: all that is recorded is proven.
    pub const SETTLEMENT: Self = Self {
        first: Work::NONE,
        rest: Some(Rest {
            n: 0,
            sent: 0,
            last: Work::NONE,
        }),
    };

    /// This part and then another.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        match (self.rest, next.rest) {
            (None, rest) => Self {
                first: self.first.and(next.first),
                rest,
            },
            (Some(rest), None) => Self {
                rest: Some(Rest {
                    last: rest.last.and(next.first),
                    ..rest
                }),
                ..self
            },
            (Some(a), Some(b)) => {
                let between = settled(a.last.and(next.first));
                Self {
                    rest: Some(Rest {
                        n: a.n.saturating_add(b.n).saturating_add(1),
                        sent: a.sent.saturating_add(between).saturating_add(b.sent),
                        last: b.last,
                    }),
                    ..self
                }
            }
        }
    }

    /// This part `count` times in a row.
    #[must_use]
    pub fn repeat(self, count: u64) -> Self {
        if count == 0 {
            return Self::default();
        }
        match self.rest {
            None => Self::of(self.first.times(count)),
            Some(rest) => {
                let between = settled(rest.last.and(self.first));
                let more = count - 1;
                let n = rest.n.saturating_mul(count).saturating_add(more);
                let inner = rest.sent.saturating_mul(count);
                Self {
                    rest: Some(Rest {
                        n,
                        sent: inner.saturating_add(between.saturating_mul(more)),
                        last: rest.last,
                    }),
                    ..self
                }
            }
        }
    }

    /// Settlements, and bytes of each party for all that is proven, of a whole program.
    pub fn totals(self) -> (u64, u64) {
        match self.rest {
            None => (0, meanwhile(self.first)),
            Some(rest) => {
                let sent = settled(self.first).saturating_add(rest.sent);
                let left = meanwhile(rest.last);
                (rest.n.saturating_add(1), sent.saturating_add(left))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeating_is_doing_it_again_and_again() {
        let work = |ands: u64, terms: u64| Work { ands, terms };
        let part = |first: Work, last: Work| {
            let part = Epochs::of(first).then(Epochs::SETTLEMENT);
            part.then(Epochs::of(last))
        };
        let parts = [
            Epochs::of(work(5, 0)),
            Epochs::of(work(CHUNK / 2, TERMS / 3)),
            part(work(0, 0), work(0, 0)),
            part(work(100, 2), work(3 * CHUNK, TERMS)),
            part(work(CHUNK, 5 * TERMS), work(1, 1)).then(part(work(7, 0), work(9, 8))),
        ];
        for part in parts {
            let mut all = Epochs::default();
            for n in 0..6 {
                assert_eq!(part.repeat(n), all, "{n} times");
                all = all.then(part);
            }
        }
    }

    #[test]
    fn adding_up_does_not_depend_on_brackets() {
        let parts = [
            Epochs::of(Work::ands(70)),
            Epochs::SETTLEMENT,
            Epochs::of(Work::ands(CHUNK)),
            Epochs::of(Work::terms(TERMS - 1)),
            Epochs::of(Work { ands: 3, terms: 2 }),
            Epochs::SETTLEMENT,
            Epochs::SETTLEMENT,
            Epochs::of(Work::ands(1)),
        ];
        let left = parts.into_iter().reduce(Epochs::then).unwrap();
        let right = parts.into_iter().rev().reduce(|all, one| one.then(all));
        assert_eq!(Some(left), right);
        // 70 ANDs; a chunk and three, and as many terms and one; nothing.
        let ands = [70, CHUNK, 3, 0].map(|n| Shape::of(n).sent());
        let terms = [TERMS, 1].map(|n| TermShape::of(n).sent());
        let sent = ands.iter().chain(&terms).sum();
        assert_eq!(left.totals(), (3, sent));
    }

    #[test]
    fn proofs_are_short() {
        assert_eq!(Shape::of(0), Shape::of(64));
        let one = Shape::of(1);
        assert_eq!(
            (one.words, one.grid, one.groups, one.halvings),
            (1, 0, 1, 7)
        );
        let chunk = Shape::of(CHUNK);
        assert_eq!((chunk.points(), chunk.groups), (729, 1 << 12));
        assert!(one.sent() < 1000, "{}", one.sent());
        assert!(chunk.sent() < 14_000, "{}", chunk.sent());
        assert_eq!(
            (TermShape::of(1).halvings, TermShape::of(3).halvings),
            (1, 3)
        );
        assert!(TermShape::of(TERMS).sent() < 6000);
        let mut before = 0;
        for n in [1, 64, 65, 1 << 12, (1 << 12) + 1, 1 << 20, CHUNK] {
            assert!(Shape::of(n).sent() >= before, "{n}");
            before = Shape::of(n).sent();
        }
    }
}
