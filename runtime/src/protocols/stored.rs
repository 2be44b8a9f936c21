//! Shares outside of runs: dealt by one who takes no part in any, held from one run to the next, put together by a receiver.
//!
//! - **Functionality**: a vector of words becomes one share for each party, and shares become the vector again. Inside of a run a
//!   stored share is the Boolean share of its words: [`held`] and [`kept`] are the two ways.
//! - **Adversary**: as many corrupt parties as the suite stands see nothing of a dealt vector. Whoever puts shares together sees
//!   whether they fit, as far as there are more than it takes.
//! - **Source**: XOR shares; replicated components as in `replicated`; Shamir's sharing over GF(2^d) as in `shamir`.
//! - **Assumptions**: AES-128 is a pseudo-random function (the dealer's randomness is expanded from one fresh key).
//! - **Cost**: none inside of a run.
//! - **Departures**: no component of a dealt vector is fixed to zero, unlike those of an input of a run: who is not in the run has no
//!   keys in common with its parties.
//! - **Leakage and failure**: types and lengths. With exactly as many shares as it takes, wrong ones give a wrong value.
//!
//! A share of lanes of `w` bits has [`Scheme::words`] words for each lane, one after the other: one part of each lane, as the suite
//! numbers its parts.

mod compare;
mod dealt;

use smpcc_circuit::cost::extension_degree;
use smpcc_circuit::program::Suite;
use smpcc_circuit::value::Word;
use zeroize::Zeroizing;

use super::shamir::stored as shamir;
use super::sharing::Boolean;
use crate::bits::Bits;
use crate::error::Error;
use crate::prg::{OsEntropy, Prg, PrgKey};
use crate::ring::{Element, Elements, each, for_width};

/// How values are shared: all that a share depends on besides the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// The suite.
    pub suite: Suite,
    /// Parties that have a share each.
    pub n_parties: u32,
    /// How many of them may be corrupt.
    pub threshold: u32,
}

/// How one lane is dealt, for whoever does it elsewhere, such as in a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dealing {
    /// Words that are drawn, uniform and of the value's width.
    pub drawn: usize,
    /// By part, of each of its words, the words of which it is the XOR: 0 is the value, and from 1 on follow those that are drawn.
    pub parts: Vec<Vec<Vec<usize>>>,
}

/// Why shares give no value: the parties whose shares do not fit those of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// Fewer than it takes.
    TooFew {
        /// How many it takes.
        least: usize,
    },
    /// They are not shares of one value.
    Disagree {
        /// The smallest set without which the others agree; where several sets do as well, all parties of them.
        parties: Vec<usize>,
    },
    /// A share of another length, a party twice, or one that there is not.
    Malformed,
}

impl Scheme {
    /// Words of a share for each lane.
    pub const fn words(self) -> usize {
        match self.suite {
            Suite::TwoParty | Suite::Gmw => 1,
            Suite::Rep3 => 2,
            Suite::Rep4 => 3,
            Suite::Bgw => extension_degree(self.n_parties) as usize,
        }
    }

    /// How many parties' shares give the value.
    pub const fn least(self) -> usize {
        match self.suite {
            Suite::TwoParty | Suite::Gmw => self.n_parties as usize,
            Suite::Rep3 | Suite::Rep4 | Suite::Bgw => self.threshold as usize + 1,
        }
    }

    /// The parts that each party holds, by number: parts of one number are the same at all who hold them. Of `bgw` a party's words are
    /// one part together.
    pub fn parts(self, party: usize) -> Vec<usize> {
        match self.suite {
            Suite::Rep3 => vec![party, (party + 1) % 3],
            Suite::Rep4 => [1, 2, 3].map(|after| (party + after) % 4).to_vec(),
            Suite::TwoParty | Suite::Gmw | Suite::Bgw => vec![party],
        }
    }

    /// Whether such a sharing exists.
    pub fn exists(self) -> bool {
        self.suite.parties().contains(&self.n_parties)
            && self
                .suite
                .thresholds(self.n_parties)
                .contains(&self.threshold)
    }

    /// Shares of words of `width` bits, by party.
    ///
    /// # Errors
    /// An operating system without randomness, or a sharing that does not exist.
    pub fn deal(self, width: u32, values: &Elements) -> Result<Vec<Elements>, Error> {
        if !self.exists() {
            return Err(Error::bug("no such sharing"));
        }
        let prg = Prg::once(&PrgKey::fresh(&mut OsEntropy)?);
        for_width!(width, E => {
            let values = E::slice(values).ok_or_else(|| Error::bug("values of another width"))?;
            let shares = self.deal_words(width, values, &prg)?;
            Ok(shares.into_iter().map(E::wrap).collect())
        })
    }

    /// How a lane is dealt.
    ///
    /// # Errors
    /// A sharing that does not exist.
    pub fn dealing(self) -> Result<Dealing, Error> {
        if !self.exists() {
            return Err(Error::bug("no such sharing"));
        }
        let n = self.n_parties as usize;
        match self.suite {
            Suite::TwoParty | Suite::Gmw | Suite::Rep3 | Suite::Rep4 => {
                let summand = |part: usize| match part + 1 < n {
                    true => vec![vec![part + 1]],
                    false => vec![(0..n).collect()],
                };
                Ok(Dealing {
                    drawn: n - 1,
                    parts: (0..n).map(summand).collect(),
                })
            }
            Suite::Bgw => {
                let drawn = self.threshold as usize * self.words();
                let mut parts = vec![vec![Vec::new(); self.words()]; n];
                // Shares are linear in the value and in what is drawn: one of them at a time is one, and all others are zero.
                for one in 0..=drawn {
                    let is_one = |word: usize| [u64::from(word == one)];
                    let coefficients: Vec<[u64; 1]> = (1..=drawn).map(is_one).collect();
                    let coefficients: Vec<&[u64]> = coefficients.iter().map(|c| &c[..]).collect();
                    let shares = shamir::deal(n, self.words(), &is_one(0), &coefficients)?;
                    for (part, share) in parts.iter_mut().zip(shares) {
                        for (terms, word) in part.iter_mut().zip(share) {
                            if word & 1 == 1 {
                                terms.push(one);
                            }
                        }
                    }
                }
                Ok(Dealing { drawn, parts })
            }
        }
    }

    fn deal_words<E: Element>(
        self,
        width: u32,
        values: &[E],
        prg: &Prg,
    ) -> Result<Vec<Vec<E>>, Error> {
        let n = self.n_parties as usize;
        let drawn = |stream: usize| -> Zeroizing<Vec<E>> {
            let mut words = Zeroizing::new(vec![0u64; values.len() * E::WORDS]);
            prg.fill_words(stream as u64, 0, &mut words);
            let elements = words.chunks_exact(E::WORDS);
            Zeroizing::new(elements.map(|w| E::from_words(w).low(width)).collect())
        };
        // Summands of which the last is what is missing.
        let summands = |n: usize| -> Vec<Zeroizing<Vec<E>>> {
            let mut all: Vec<_> = (1..n).map(drawn).collect();
            let mut last = Zeroizing::new(values.to_vec());
            for summand in &all {
                for (x, y) in last.iter_mut().zip(summand.iter()) {
                    *x = *x ^ *y;
                }
            }
            all.push(last);
            all
        };
        match self.suite {
            Suite::TwoParty | Suite::Gmw => {
                Ok(summands(n).iter().map(|share| share.to_vec()).collect())
            }
            Suite::Rep3 | Suite::Rep4 => {
                let components = summands(n);
                let share = |party: usize| {
                    let parts = self.parts(party);
                    let lane = |lane: usize| parts.iter().map(move |&c| (c, lane));
                    let held = (0..values.len()).flat_map(lane);
                    held.map(|(c, lane)| components[c][lane]).collect()
                };
                Ok((0..n).map(share).collect())
            }
            Suite::Bgw => {
                let d = self.words();
                let coefficients: Vec<Zeroizing<Vec<E>>> =
                    (0..self.threshold as usize * d).map(drawn).collect();
                let coefficients: Vec<&[E]> = coefficients.iter().map(|c| &c[..]).collect();
                shamir::deal(n, d, values, &coefficients)
            }
        }
    }

    /// The value of shares of words of `width` bits, and whether they were checked against each other: that takes one share more than
    /// the value does.
    ///
    /// # Errors
    /// Shares that give none.
    pub fn open(
        self,
        width: u32,
        shares: &[(usize, &Elements)],
    ) -> Result<(Elements, bool), Misfit> {
        let n = self.n_parties as usize;
        let mut seen = vec![false; n];
        let len = shares.first().map_or(0, |(_, share)| share.lanes());
        for (party, share) in shares {
            let again = seen
                .get_mut(*party)
                .map(|seen| std::mem::replace(seen, true));
            let fits = each!(share, v => v.iter().all(|e| e.word() & !mask(width) == 0));
            if again != Some(false)
                || share.lanes() != len
                || !len.is_multiple_of(self.words())
                || !fits
            {
                return Err(Misfit::Malformed);
            }
        }
        if shares.len() < self.least() {
            return Err(Misfit::TooFew {
                least: self.least(),
            });
        }
        let checked = shares.len() > self.least();
        for_width!(width, E => {
            let slices: Option<Vec<(usize, &[E])>> =
                shares.iter().map(|(p, share)| Some((*p, E::slice(share)?))).collect();
            let value = self.open_words(&slices.ok_or(Misfit::Malformed)?)?;
            Ok((E::wrap(value), checked))
        })
    }

    fn open_words<E: Element>(self, shares: &[(usize, &[E])]) -> Result<Vec<E>, Misfit> {
        match self.suite {
            Suite::TwoParty | Suite::Gmw => {
                let mut value = shares[0].1.to_vec();
                for (_, share) in &shares[1..] {
                    for (x, y) in value.iter_mut().zip(*share) {
                        *x = *x ^ *y;
                    }
                }
                Ok(value)
            }
            Suite::Rep3 | Suite::Rep4 => self.open_replicated(shares),
            Suite::Bgw => shamir::open(self.words(), self.threshold as usize, shares)
                .map_err(|parties| Misfit::Disagree { parties }),
        }
    }
}

impl Scheme {
    /// The XOR of components, each of which all parties but one hold.
    fn open_replicated<E: Element>(self, shares: &[(usize, &[E])]) -> Result<Vec<E>, Misfit> {
        let (n, words) = (self.n_parties as usize, self.words());
        let lanes = shares[0].1.len() / words;
        let mut components: Vec<Option<(usize, Vec<E>)>> = vec![None; n];
        let mut disagree = Vec::new();
        for &(party, share) in shares {
            for (part, component) in self.parts(party).into_iter().enumerate() {
                let held: Vec<E> = share.chunks_exact(words).map(|lane| lane[part]).collect();
                match &components[component] {
                    None => components[component] = Some((party, held)),
                    Some((other, known)) if *known != held => disagree.push((*other, party)),
                    Some(_) => {}
                }
            }
        }
        if !disagree.is_empty() {
            // Who is in all pairs that disagree explains them alone.
            let holds = |p: &usize| disagree.iter().all(|(a, b)| a == p || b == p);
            return Err(Misfit::Disagree {
                parties: (0..n).filter(holds).collect(),
            });
        }
        let mut value = vec![E::default(); lanes];
        for (_, component) in components.iter().flatten() {
            for (x, y) in value.iter_mut().zip(component) {
                *x = *x ^ *y;
            }
        }
        Ok(value)
    }
}

const fn mask(width: u32) -> Word {
    smpcc_circuit::value::mask(width)
}

/// A share as a run begins with it, of lanes that were stored one after the other.
pub(super) fn held(width: usize, parts: usize, words: &Elements) -> Result<Boolean, Error> {
    if parts == 0 || !words.lanes().is_multiple_of(parts) {
        return Err(Error::bug("a stored share of another scheme"));
    }
    let part = |p: usize| {
        let part = each!(words, v => {
            Element::wrap(v.iter().copied().skip(p).step_by(parts).collect())
        });
        Bits::from_elements(width, &Zeroizing::new(part))
    };
    Ok(Boolean::of((0..parts).map(part).collect()))
}

/// A share as it is stored.
pub(super) fn kept(share: &Boolean) -> Elements {
    let (parts, width) = (share.part.len(), share.width() as u32);
    let mut words = Elements::zeros(width, share.lanes() * parts);
    for (p, part) in share.part.iter().enumerate() {
        let part = Zeroizing::new(part.to_elements());
        match (&mut words, &*part) {
            (Elements::Narrow(into), Elements::Narrow(part)) => spread(into, p, parts, part),
            (Elements::Wide(into), Elements::Wide(part)) => spread(into, p, parts, part),
            // Both were made for the same width.
            (Elements::Narrow(_), Elements::Wide(_)) | (Elements::Wide(_), Elements::Narrow(_)) => {
            }
        }
    }
    words
}

fn spread<E: Copy>(into: &mut [E], p: usize, parts: usize, part: &[E]) {
    for (x, &y) in into.iter_mut().skip(p).step_by(parts).zip(part) {
        *x = y;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schemes() -> Vec<Scheme> {
        let of = |suite, n_parties, threshold| Scheme {
            suite,
            n_parties,
            threshold,
        };
        let mut all = vec![
            of(Suite::TwoParty, 2, 1),
            of(Suite::Rep3, 3, 1),
            of(Suite::Gmw, 3, 2),
            of(Suite::Rep4, 4, 1),
        ];
        for (n, t) in [(3, 1), (4, 1), (5, 1), (5, 2), (7, 2), (16, 7)] {
            all.push(of(Suite::Bgw, n, t));
        }
        all
    }

    fn values(width: u32) -> Elements {
        let words = [0, 1, Word::MAX, 0x0123_4567_89ab_cdef_0f1e_2d3c_4b5a_6978];
        Elements::of_words(width, words.into_iter())
    }

    #[test]
    fn what_is_dealt_is_opened_by_any_who_suffice() {
        for scheme in schemes() {
            assert!(scheme.exists(), "{scheme:?}");
            for width in [1, 5, 64, 65, 128] {
                let value = values(width);
                let shares = scheme.deal(width, &value).unwrap();
                let n = shares.len();
                assert_eq!(n, scheme.n_parties as usize);
                for first in 0..n {
                    for more in 0..2.min(n - scheme.least() + 1) {
                        let set: Vec<(usize, &Elements)> = (0..scheme.least() + more)
                            .map(|k| ((first + k) % n, &shares[(first + k) % n]))
                            .collect();
                        let opened = scheme.open(width, &set);
                        assert!(
                            opened == Ok((value.clone(), more > 0)),
                            "{scheme:?} {width}"
                        );
                        assert!(
                            scheme.open(width, &set[1..set.len() - more])
                                == Err(Misfit::TooFew {
                                    least: scheme.least()
                                })
                        );
                    }
                }
            }
        }
    }

    /// What is dealt elsewhere as [`Scheme::dealing`] says is opened here.
    #[test]
    fn lanes_are_dealt_elsewhere() {
        for scheme in schemes() {
            let dealing = scheme.dealing().unwrap();
            let value: Word = 0x5a5a_1234_0000_ffff_8000_0000_0000_0001;
            let drawn = (0..dealing.drawn as Word).map(|i| (i + 3).wrapping_mul(value | 5));
            let known: Vec<Word> = std::iter::once(value).chain(drawn).collect();
            let word = |terms: &Vec<usize>| terms.iter().fold(0, |word, &i| word ^ known[i]);
            let share = |party: usize| {
                let parts = scheme.parts(party).into_iter();
                let words = parts.flat_map(|part| dealing.parts[part].iter().map(word));
                Elements::of_words(128, words)
            };
            let n = scheme.n_parties as usize;
            let shares: Vec<Elements> = (0..n).map(share).collect();
            let all: Vec<(usize, &Elements)> = shares.iter().enumerate().collect();
            let checked = n > scheme.least();
            let whole = Elements::of_words(128, [value].into_iter());
            for set in [&all[..], &all[n - scheme.least()..]] {
                let opened = scheme.open(128, set);
                assert!(
                    opened == Ok((whole.clone(), checked && set.len() == n)),
                    "{scheme:?}"
                );
            }
            // Nobody holds the value as it is.
            let holds = |party: usize| {
                scheme
                    .parts(party)
                    .iter()
                    .any(|p| dealing.parts[*p].contains(&vec![0]))
            };
            assert!(!(0..n).any(holds));
        }
    }

    /// Each bit of each share of one party is changed in turn.
    #[test]
    fn a_changed_share_is_found_and_its_party_named() {
        for scheme in schemes() {
            let n = scheme.n_parties as usize;
            if scheme.least() == n {
                continue;
            }
            let shares = scheme.deal(2, &values(2)).unwrap();
            for liar in [0, n - 1] {
                for lane in (0..shares[liar].lanes()).step_by(5) {
                    let mut words = shares[liar].words();
                    words[lane] ^= 2;
                    let changed = Elements::of_words(2, words.into_iter());
                    let set: Vec<(usize, &Elements)> = (0..n)
                        .map(|p| (p, if p == liar { &changed } else { &shares[p] }))
                        .collect();
                    let Err(Misfit::Disagree { parties }) = scheme.open(2, &set) else {
                        panic!("{scheme:?} {liar} {lane}");
                    };
                    assert!(parties.contains(&liar), "{scheme:?} {liar} {lane}");
                    // With t more shares than it takes to notice, nobody else is.
                    if n >= 2 * scheme.threshold as usize + 2 && scheme.suite == Suite::Bgw {
                        assert_eq!(parties, [liar], "{scheme:?} {lane}");
                    }
                }
            }
        }
    }

    /// Any t shares of a bit say nothing: over many dealings each view comes as often, whatever the bit is.
    #[test]
    fn as_many_shares_as_may_be_corrupt_are_uniform() {
        const LANES: usize = 4096;
        for scheme in schemes().into_iter().filter(|s| s.n_parties <= 5) {
            for bit in [0, 1] {
                let value = Elements::of_words(1, std::iter::repeat_n(bit, LANES));
                let shares = scheme.deal(1, &value).unwrap();
                for share in &shares {
                    let words = scheme.words();
                    let mut seen = vec![0usize; 1 << words];
                    for lane in 0..LANES {
                        let view = (0..words)
                            .map(|w| (share.get(lane * words + w) as usize) << w)
                            .sum::<usize>();
                        seen[view] += 1;
                    }
                    let mean = LANES / seen.len();
                    // Eight standard deviations.
                    let spread = 8.0 * (mean as f64).sqrt();
                    assert!(
                        seen.iter()
                            .all(|&n| (n as f64 - mean as f64).abs() < spread),
                        "{scheme:?} {bit} {seen:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_malformed_is_no_share() {
        let scheme = schemes()[1];
        let shares = scheme.deal(8, &values(8)).unwrap();
        let (a, b) = (&shares[0], &shares[1]);
        let short = b.slice(0, b.lanes() - 2);
        let wide = Elements::of_words(9, b.words().into_iter().map(|w| w | 256));
        for set in [
            [(0, a), (0, a)],
            [(0, a), (3, b)],
            [(0, a), (1, &short)],
            [(0, a), (1, &wide)],
        ] {
            assert!(scheme.open(8, &set) == Err(Misfit::Malformed));
        }
    }

    #[test]
    fn runs_hold_what_is_stored() {
        for (width, parts) in [(1, 1), (7, 2), (64, 3), (100, 2)] {
            let words = (0..70 * parts as Word).map(|i| i * 0x9e37_79b9_7f4a_7c15_1234_5678);
            let words = Elements::of_words(width, words);
            let share = held(width as usize, parts, &words).unwrap();
            assert_eq!((share.lanes(), share.part.len()), (70, parts));
            assert!(kept(&share) == words);
        }
        assert!(held(8, 3, &Elements::zeros(8, 4)).is_err());
    }
}
