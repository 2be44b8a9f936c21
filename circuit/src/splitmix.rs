//! SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): numbers that follow from a seed alone, on every machine and in every version.
//!
//! For programs and inputs that tests draw, for parts that the evaluator in the clear makes up, and for signatures of wires.
//! Nothing secret comes from it: parties draw from the runtime's generators, whose keys the operating system gives.

use crate::value::Word;

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of numbers.
#[derive(Clone, Copy, Debug)]
pub struct SplitMix(u64);

impl SplitMix {
    /// The stream of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, or 0 where `n` is 0.
    pub const fn below(&mut self, n: u64) -> u64 {
        let number = self.draw();
        if n == 0 { 0 } else { number % n }
    }

    /// Whether a number below `n` is 0.
    pub const fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of some things, at least one.
    pub fn of<T: Clone>(&mut self, things: &[T]) -> T {
        things[self.below(things.len() as u64) as usize].clone()
    }

    /// 128 bits, the upper half first.
    pub fn word(&mut self) -> Word {
        let high = self.draw();
        Word::from(high) << 64 | Word::from(self.draw())
    }
}

/// The number at a place of the stream of seed 0.
pub const fn at(index: u64) -> u64 {
    SplitMix(index.wrapping_mul(STEP)).draw()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of seed 0, as Vigna's reference code gives them.
    #[test]
    fn the_stream_holds_the_published_numbers() {
        let mut stream = SplitMix::new(0);
        let published = [
            0xe220_a839_7b1d_cdaf,
            0x6e78_9e6a_a1b9_65f4,
            0x06c4_5d18_8009_454f,
        ];
        for (index, number) in (0..).zip(published) {
            assert_eq!((stream.draw(), at(index)), (number, number));
        }
    }
}
