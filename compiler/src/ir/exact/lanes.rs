//! The words of a value, and the exact numbers beside them.

use super::moves;
use super::number::Number;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::{Scalar, Word};
use std::ops::Deref;
use std::rc::Rc;

/// The words of a value, shared until written.
#[derive(Clone, Debug, Default)]
pub struct Lanes {
    pub(super) words: Rc<Vec<Word>>,
    /// In a run that is watched: the number that each word stands for, in units of the word's last place. `None`: the words.
    pub exact: Option<Rc<Vec<Number>>>,
    /// Whether these words are floats, and the numbers are what they are.
    pub floats: bool,
}

impl Deref for Lanes {
    type Target = Vec<Word>;

    fn deref(&self) -> &Vec<Word> {
        &self.words
    }
}

impl From<Vec<Word>> for Lanes {
    fn from(words: Vec<Word>) -> Self {
        Self {
            words: Rc::new(words),
            exact: None,
            floats: false,
        }
    }
}

impl Lanes {
    /// The words, to be written.
    pub fn words_mut(&mut self) -> &mut Vec<Word> {
        Rc::make_mut(&mut self.words)
    }

    /// With exact numbers beside the words.
    pub fn with(self, exact: Rc<Vec<Number>>) -> Self {
        Self {
            exact: Some(exact),
            ..self
        }
    }

    /// The same, of floats.
    pub fn with_floats(self, exact: Rc<Vec<Number>>) -> Self {
        Self {
            floats: true,
            ..self.with(exact)
        }
    }

    /// With numbers beside the words that are floats as those of another value are.
    fn with_like(self, exact: Rc<Vec<Number>>, floats: bool) -> Self {
        Self {
            floats,
            ..self.with(exact)
        }
    }

    /// What the words stand for; without exact numbers those of floats if these are some.
    pub fn numbers(&self, scalar: Scalar, floats: bool) -> Rc<Vec<Number>> {
        match &self.exact {
            Some(exact) => exact.clone(),
            None => {
                let number = |&word: &Word| match floats {
                    true => Number::float(scalar.width(), word).unwrap_or_default(),
                    false => Number::word(scalar, word),
                };
                Rc::new(self.iter().map(number).collect())
            }
        }
    }

    /// Whether an operation on words chooses among its operands or gives them another type.
    pub fn carries(op: WordOp) -> bool {
        matches!(
            op,
            WordOp::Cast | WordOp::Select | WordOp::Min | WordOp::Max
        )
    }

    /// The result of an operation on words, with the exact numbers of its operands where it only chooses among them or gives
    /// them another type.
    pub fn carried(self, op: WordOp, from: Scalar, args: &[Self]) -> Self {
        if !Self::carries(op) || args.iter().all(|a| a.exact.is_none()) {
            return self;
        }
        let floats = args.iter().any(|a| a.floats);
        match (op, args) {
            // The bits of a float are no integer.
            (WordOp::Cast, [_]) if floats => self,
            (WordOp::Cast, [a]) => Self {
                exact: a.exact.clone(),
                ..self
            },
            (WordOp::Select, [c, a, b]) => {
                let (x, y) = (a.numbers(from, floats), b.numbers(from, floats));
                let pairs = c.iter().zip(x.iter().zip(y.iter()));
                let chosen = pairs.map(|(&c, (x, y))| if c == 1 { x } else { y }.clone());
                let chosen = Rc::new(chosen.collect());
                self.with_like(chosen, floats)
            }
            (WordOp::Min | WordOp::Max, [_, _]) if floats => self,
            (WordOp::Min | WordOp::Max, [a, b]) => {
                let (x, y) = (a.numbers(from, false), b.numbers(from, false));
                let lanes = self.iter().zip(a.iter()).zip(x.iter().zip(y.iter()));
                let chosen = lanes.map(|((own, a), (x, y))| if own == a { x } else { y }.clone());
                let chosen = Rc::new(chosen.collect());
                self.with(chosen)
            }
            _ => self,
        }
    }

    /// Some after each other.
    pub fn joined(parts: &[Self], scalar: Scalar) -> Self {
        let words: Vec<Word> = parts.iter().flat_map(|p| p.iter().copied()).collect();
        let joined = Self::from(words);
        if parts.iter().all(|p| p.exact.is_none()) {
            return joined;
        }
        let floats = parts.iter().any(|p| p.floats);
        let all = parts
            .iter()
            .flat_map(|p| p.numbers(scalar, floats).to_vec());
        joined.with_like(Rc::new(all.collect()), floats)
    }

    /// Blocks of lanes by their indices.
    pub fn gather(&self, idx: &[Word], block: u64) -> Result<Self, String> {
        let found = Self::from(moves::gather(self, idx, block)?);
        Ok(match &self.exact {
            Some(exact) => {
                let moved = moves::gather(exact, idx, block)?;
                found.with_like(Rc::new(moved), self.floats)
            }
            None => found,
        })
    }

    /// As [`Self::gather`], by secret indices within groups.
    pub fn read_secret(&self, idx: &[Word], block: u64, groups: u64) -> Self {
        let found = Self::from(moves::read_secret(self, idx, block, groups));
        match &self.exact {
            Some(exact) => {
                let moved = moves::read_secret(exact, idx, block, groups);
                found.with_like(Rc::new(moved), self.floats)
            }
            None => found,
        }
    }

    /// With blocks written at indices: `write` does it for words and for what stands beside them.
    pub fn scatter(
        mut self,
        idx: &[Word],
        val: &Self,
        block: u64,
        scalar: Scalar,
    ) -> Result<Self, String> {
        self.aligned(val, scalar);
        if let Some(exact) = &mut self.exact {
            moves::scatter(
                &mut Rc::make_mut(exact)[..],
                idx,
                &val.numbers(scalar, self.floats),
                block,
            )?;
        }
        moves::scatter(self.words_mut(), idx, val, block)?;
        Ok(self)
    }

    /// As [`Self::scatter`], by secret indices for each group.
    pub fn write_secret(
        mut self,
        idx: &[Word],
        val: &Self,
        (block, groups): (u64, u64),
        scalar: Scalar,
    ) -> Self {
        self.aligned(val, scalar);
        if let Some(exact) = &mut self.exact {
            let numbers = val.numbers(scalar, self.floats);
            moves::write_secret(&mut Rc::make_mut(exact)[..], idx, &numbers, block, groups);
        }
        moves::write_secret(self.words_mut(), idx, val, block, groups);
        self
    }

    /// The lanes in another order.
    pub fn in_order(&self, rows: &[usize]) -> Self {
        let words: Vec<Word> = rows.iter().map(|&row| self[row]).collect();
        let moved = Self::from(words);
        match &self.exact {
            Some(all) => {
                let numbers = rows.iter().map(|&row| all[row].clone());
                moved.with_like(Rc::new(numbers.collect()), self.floats)
            }
            None => moved,
        }
    }

    /// Makes exact numbers where those that are to be written have some.
    fn aligned(&mut self, val: &Self, scalar: Scalar) {
        if val.exact.is_some() && self.exact.is_none() {
            self.exact = Some(self.numbers(scalar, val.floats));
            self.floats = val.floats;
        }
    }
}
