//! When values are there, in rounds: what operations add to it, and what a region adds however often it runs.
//!
//! A value has two stamps ([`Stamp`]), one where everybody has it and one where those have it who garble. What a moment is depends
//! on who asks: the predictor counts whole rounds, the planner estimates with fractions of them, the critical path
//! remembers how each came about. All move stamps by the same rules.

/// A point in the course of a run.
pub trait Later: Copy {
    /// The later of two.
    #[must_use]
    fn later(self, other: Self) -> Self;
}

/// A point to which rounds can be added.
pub trait Moment: Later {
    /// So many rounds later.
    #[must_use]
    fn plus(self, rounds: u32) -> Self;
}

impl Later for i64 {
    fn later(self, other: Self) -> Self {
        self.max(other)
    }
}

impl Moment for i64 {
    fn plus(self, rounds: u32) -> Self {
        self.saturating_add(Self::from(rounds))
    }
}

impl Later for f64 {
    fn later(self, other: Self) -> Self {
        self.max(other)
    }
}

impl Moment for f64 {
    fn plus(self, rounds: u32) -> Self {
        self + Self::from(rounds)
    }
}

/// When a value is there: the latest messages that it depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp<T = i64> {
    /// At all parties.
    pub ready: T,
    /// At those who garble. Under `rep3` never later than `ready`, which is then when all parties have it; where the
    /// evaluator's inputs enter by oblivious transfer, or it tells what it found, `ready` is the evaluator's.
    pub garbled: T,
}

/// How an operation moves stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// Local everywhere.
    None,
    /// Messages among all parties, one after the other.
    Rounds(u32),
    /// Messages from the garblers to the evaluator only: labels, tables.
    ToEvaluator,
    /// A message from those who garble to the evaluator and one back, neither waiting for the other: labels by oblivious
    /// transfer.
    BothWays,
    /// Both open something to each other; with the evaluator's part the garbler sends tables, and of these the evaluator tells what it found.
    Garbled,
}

impl<T: Later> Stamp<T> {
    /// Both places at once.
    pub fn at(moment: T) -> Self {
        Self {
            ready: moment,
            garbled: moment,
        }
    }

    /// The later of two, at each of the two places.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            ready: self.ready.later(other.ready),
            garbled: self.garbled.later(other.garbled),
        }
    }
}

impl<T: Moment> Stamp<T> {
    /// The stamp of results that take `delay` from operands of this stamp.
    #[must_use]
    pub fn delayed(self, delay: Delay) -> Self {
        self.chained(delay, T::plus)
    }

    /// The same where [`Delay::Rounds`] of one operation are those of a chain, as `chain` adds them up.
    #[must_use]
    pub fn chained(self, delay: Delay, chain: impl FnOnce(T, u32) -> T) -> Self {
        match delay {
            Delay::None => self,
            Delay::Rounds(rounds) => Self::at(chain(self.ready.later(self.garbled), rounds)),
            Delay::ToEvaluator => Self {
                ready: self.ready.later(self.garbled.plus(1)),
                garbled: self.garbled,
            },
            Delay::BothWays => Self {
                ready: self.ready.later(self.garbled.plus(1)),
                garbled: self.garbled.later(self.ready.plus(1)),
            },
            Delay::Garbled => Self {
                ready: self.ready.plus(2).later(self.garbled.plus(1)),
                garbled: self.ready.plus(3).later(self.garbled.plus(2)),
            },
        }
    }
}

impl Stamp {
    /// What everything starts with, before the setup.
    pub const START: Self = Self {
        ready: 0,
        garbled: 0,
    };

    /// Far before any start: what cannot be reached.
    pub const NEVER: i64 = i64::MIN / 4;
}

/// How a region moves the stamp of its start to the stamp of its end: what makes the rounds of a loop of any count a
/// closed form. Both places' ends are maxima of the two starts plus constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StampMap {
    from_ready: Stamp,
    from_garbled: Stamp,
}

impl StampMap {
    /// The map that `walk` computes: from a region's start to its end (at least the start), by joins and
    /// [`Stamp::delayed`] alone, values from outside the region counting as the start.
    pub fn of(mut walk: impl FnMut(Stamp) -> Stamp) -> Self {
        let mut unit = |ready, garbled| walk(Stamp { ready, garbled });
        Self {
            from_ready: unit(0, Stamp::NEVER),
            from_garbled: unit(Stamp::NEVER, 0),
        }
    }

    /// The map of a region that does nothing.
    pub const IDENTITY: Self = Self {
        from_ready: Stamp {
            ready: 0,
            garbled: Stamp::NEVER,
        },
        from_garbled: Stamp {
            ready: Stamp::NEVER,
            garbled: 0,
        },
    };

    /// The end for a start.
    #[must_use]
    pub fn apply(self, start: Stamp) -> Stamp {
        let plus = |a: i64, b: i64| {
            if a <= Stamp::NEVER / 2 || b <= Stamp::NEVER / 2 {
                Stamp::NEVER
            } else {
                a.saturating_add(b)
            }
        };
        let shift = |s: Stamp, by: i64| Stamp {
            ready: plus(s.ready, by),
            garbled: plus(s.garbled, by),
        };
        shift(self.from_ready, start.ready).join(shift(self.from_garbled, start.garbled))
    }

    /// This region, then another.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        Self {
            from_ready: next.apply(self.from_ready),
            from_garbled: next.apply(self.from_garbled),
        }
    }

    /// This region `count` times in a row.
    #[must_use]
    pub fn repeat(self, mut count: u64) -> Self {
        let (mut done, mut square) = (Self::IDENTITY, self);
        while count > 0 {
            if count & 1 == 1 {
                done = done.then(square);
            }
            count >>= 1;
            if count > 0 {
                square = square.then(square);
            }
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A map that is not linear in one place alone: tables need the garblers only, a product needs all.
    fn mixed(start: Stamp) -> Stamp {
        let tables = Stamp {
            ready: start.ready.max(start.garbled + 1),
            garbled: start.garbled,
        };
        let back = Stamp {
            ready: tables.ready + 1,
            garbled: tables.ready + 1,
        };
        start.join(tables).join(back)
    }

    #[test]
    fn a_repeated_map_is_the_walk_repeated() {
        let map = StampMap::of(mixed);
        let mut at = Stamp {
            ready: 7,
            garbled: 3,
        };
        for n in 0..40 {
            let start = Stamp {
                ready: 7,
                garbled: 3,
            };
            assert_eq!(map.repeat(n).apply(start), at, "{n} times");
            at = mixed(at);
        }
    }

    /// Each circuit on what another one gave takes a message and its answer more, and the last one's result is there a round later.
    #[test]
    fn circuits_that_follow_each_other_share_rounds() {
        let map = StampMap::of(|start| start.delayed(Delay::Garbled));
        let end = map.repeat(5).apply(Stamp::START);
        assert_eq!((end.ready, end.garbled), (10, 11));
    }

    #[test]
    fn garbling_alone_takes_no_rounds_per_iteration() {
        let map = StampMap::of(|start| {
            start.join(Stamp {
                ready: start.ready.max(start.garbled + 1),
                garbled: start.garbled,
            })
        });
        let end = map.repeat(1_000_000).apply(Stamp::START);
        assert_eq!((end.ready, end.garbled), (1, 0));
    }
}
