//! The beginning of a run on stored shares of Shamir's sharing: whether what each giver has dealt are shares of bits at all.
//!
//! - **Functionality**: the parties learn of each giver whether its shares are of polynomials of degree t over GF(2^d) whose values at
//!   zero are bits; nothing else.
//! - **Adversary**: a giver sends what it likes; the parties follow the protocol, t of them may look.
//! - **Source**: the random combination by which many sharings are checked at once, as in Damgård, Nielsen, "Scalable and unconditionally
//!   secure multiparty computation" (CRYPTO 2007), section 3; coefficients are bits.
//! - **Assumptions**: SHA-256 is a random oracle for the coin; AES-128 is a pseudo-random function. The coin is the session's identity, which has the
//!   nonces of all parties in it. They are drawn when all files are there, so that no giver knows them.
//! - **Cost**: two rounds; 8 d bytes for each giver to each other party in each. They are no part of the program's.
//! - **Departures**: 64 combinations at once, one in each bit of a word; every party deals a mask for them.
//! - **Leakage and failure**: what is opened is hidden by the masks of all parties. Of shares that are none, all 64 combinations look right with
//!   probability 2^−64. If the parties' own masks were none, every giver would be refused.

use smpcc_circuit::ids::InputId;
use smpcc_circuit::sorted::SortedSet;
use smpcc_circuit::verify::Verified;
use zeroize::Zeroizing;

use super::Scheme;
use crate::error::Error;
use crate::hash::Transcript;
use crate::io::{Inputs, Secret};
use crate::prg::{OsEntropy, Prg, PrgKey};
use crate::ring::Elements;
use crate::session::Session;

/// The steps of the two messages; no schedule gets so far.
const MASK_STEP: u64 = u64::MAX - 3;
const COMBINED_STEP: u64 = u64::MAX - 2;

/// Coefficients that are expanded at once.
const CHUNK: usize = 1 << 10;

impl Session {
    /// The givers whose shares are not those of one value, by number, ascending.
    pub(super) fn check_dealt(
        &mut self,
        program: &Verified,
        inputs: &Inputs,
    ) -> Result<Vec<u32>, Error> {
        let scheme = Scheme {
            suite: program.suite,
            n_parties: program.n_sharers(),
            threshold: program.threshold,
        };
        let numbers: Vec<usize> = match &program.present {
            Some(present) => present.numbers.iter().map(|&p| p as usize).collect(),
            None => (0..program.n_parties as usize).collect(),
        };
        let held = (0..program.inputs.len()).filter(|&i| program.is_held(InputId::new(i)));
        let givers: SortedSet<u32> = held.map(|i| program.inputs[i].party).collect();
        let len = givers.len() * scheme.words();
        let mut sums = self.masks(scheme, &numbers, givers.len())?;
        for (g, giver) in givers.iter().enumerate() {
            let sums = &mut sums[g * scheme.words()..(g + 1) * scheme.words()];
            self.combine(program, inputs, (g as u64, *giver), sums)?;
        }
        let message = bytes(&sums);
        for other in self.others().collect::<Vec<_>>() {
            self.send(other, COMBINED_STEP, message.clone())?;
        }
        let mut all = vec![(self.me().index(), sums.to_vec())];
        for other in self.others().collect::<Vec<_>>() {
            let theirs = self.recv(other, COMBINED_STEP, 8 * len)?;
            all.push((other.index(), words(&theirs)));
        }
        let mut refused = Vec::new();
        for (g, giver) in givers.iter().enumerate() {
            let part = |all: &[u64]| {
                let own = &all[g * scheme.words()..(g + 1) * scheme.words()];
                Elements::Narrow(own.to_vec())
            };
            let shares: Vec<(usize, Elements)> = all
                .iter()
                .filter_map(|(party, all)| Some((*numbers.get(*party)?, part(all))))
                .collect();
            let shares: Vec<(usize, &Elements)> = shares.iter().map(|(p, s)| (*p, s)).collect();
            if scheme.open(64, &shares).is_err() {
                refused.push(*giver);
            }
        }
        Ok(refused)
    }

    /// This party's share of the sum of all parties' masks: a word of 64 bits for each giver.
    fn masks(
        &mut self,
        scheme: Scheme,
        numbers: &[usize],
        n_givers: usize,
    ) -> Result<Zeroizing<Vec<u64>>, Error> {
        let mut drawn = Zeroizing::new(vec![0; 8 * n_givers]);
        OsEntropy.fill(&mut drawn)?;
        let mask = Zeroizing::new(Elements::Narrow(words(&drawn)));
        let dealt = scheme.deal(64, &mask)?;
        let share = |party: usize| -> Result<Zeroizing<Vec<u64>>, Error> {
            let share = numbers.get(party).and_then(|&number| dealt.get(number));
            match share {
                Some(Elements::Narrow(share)) => Ok(Zeroizing::new(share.clone())),
                Some(Elements::Wide(_)) | None => Err(Error::bug("no such sharing")),
            }
        };
        let mut sums = share(self.me().index())?;
        for other in self.others().collect::<Vec<_>>() {
            let message = bytes(&share(other.index())?);
            self.send(other, MASK_STEP, message)?;
        }
        for other in self.others().collect::<Vec<_>>() {
            let theirs = Zeroizing::new(self.recv(other, MASK_STEP, 8 * sums.len())?);
            let theirs = Zeroizing::new(words(&theirs));
            sums.iter_mut()
                .zip(theirs.iter())
                .for_each(|(s, t)| *s ^= t);
        }
        Ok(sums)
    }

    /// Adds the combinations of a giver's shares: for each bit of each lane a word says in which of the 64 it is.
    fn combine(
        &self,
        program: &Verified,
        inputs: &Inputs,
        (stream, giver): (u64, u32),
        sums: &mut [u64],
    ) -> Result<(), Error> {
        let d = sums.len();
        let mut t = Transcript::new("smpcc/dealt");
        t.string(&self.id().to_string());
        let mut key = [0; 16];
        key.copy_from_slice(&t.finish().0[..16]);
        let coins = Prg::new(&PrgKey::from_bytes(key));
        let mut next = 0;
        for (i, leaf) in program.inputs.iter().enumerate() {
            if leaf.party != giver {
                continue;
            }
            let share = inputs.get(&InputId::new(i)).map(Secret::expose);
            let share = share.ok_or_else(|| Error::usage("a stored share is missing"))?;
            let width = leaf.scalar.width() as usize;
            let lanes = share.lanes() / d;
            let mut coefficients = vec![0; CHUNK * width];
            for from in (0..lanes).step_by(CHUNK) {
                let n = CHUNK.min(lanes - from);
                let coefficients = &mut coefficients[..n * width];
                coins.fill_words(stream, next, coefficients);
                next += coefficients.len().div_ceil(2) as u64;
                for (lane, coefficients) in coefficients.chunks_exact(width).enumerate() {
                    for (a, sum) in sums.iter_mut().enumerate() {
                        let word = share.get((from + lane) * d + a);
                        for (bit, coefficient) in coefficients.iter().enumerate() {
                            // All ones where the bit is one.
                            let chosen = ((word >> bit) as u64 & 1).wrapping_neg();
                            *sum ^= coefficient & chosen;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

fn bytes(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn words(bytes: &[u8]) -> Vec<u64> {
    let word = |chunk: &[u8]| chunk.iter().rev().fold(0, |w, b| w << 8 | u64::from(*b));
    bytes.chunks_exact(8).map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::{Builder, u};
    use crate::local;
    use crate::net::{Mesh, Options, memory};
    use crate::party::PartyNames;
    use smpcc_circuit::program::{Domain, Present, Suite};
    use smpcc_circuit::verify::verify;

    const LANES: usize = 1500;

    /// Whom each party refuses of two givers, after something was done to the shares of the second.
    fn check(numbers: &[u32], spoil: impl Fn(usize, &mut Vec<u128>)) -> Vec<Vec<u32>> {
        let n = numbers.len();
        let mut b = Builder::new(Suite::Bgw, n as u32, 1);
        b.program
            .party_names
            .extend(["first".into(), "second".into()]);
        if n < 5 {
            b.program.present = Some(Present {
                of: 5,
                numbers: numbers.to_vec(),
            });
        }
        for giver in 0..2 {
            let x = b.input(n as u32 + giver, Domain::Boolean, u(5), LANES as u64);
            b.output(x, &[0]);
        }
        let program = &verify(b.program).unwrap();
        let scheme = Scheme {
            suite: Suite::Bgw,
            n_parties: 5,
            threshold: 1,
        };
        let deal = || {
            let value = Elements::of_words(5, (0..LANES as u128).map(|i| i * 7));
            scheme.deal(5, &value).unwrap()
        };
        let (first, second) = (deal(), deal());
        let parties = memory::links(n).unwrap().into_iter();
        let shares = numbers.iter().map(|&number| {
            let number = number as usize;
            let mut words = second[number].words();
            spoil(number, &mut words);
            let second = Elements::of_words(5, words.into_iter());
            (first[number].clone(), second)
        });
        let shares: Vec<_> = shares.collect();
        local::threads(parties.zip(shares), |(links, (first, second))| {
            let mesh = Mesh::new(links, PartyNames::plain(n), Options::default())?;
            let mut session = Session::local(mesh, [9; 32]);
            let inputs = Inputs::from([
                (InputId(0), Secret::new(first)),
                (InputId(1), Secret::new(second)),
            ]);
            let checked = session.compare_held(program, &inputs);
            session.close()?;
            checked
        })
        .into_iter()
        .collect::<Result<_, Error>>()
        .unwrap()
    }

    #[test]
    fn what_is_dealt_as_it_should_be_passes() {
        for numbers in [&[0, 1, 2, 3, 4][..], &[0, 2, 4], &[1, 2, 3, 4]] {
            let said = check(numbers, |_, _| {});
            assert!(said.iter().all(Vec::is_empty), "{said:?}");
        }
    }

    #[test]
    fn who_deals_what_is_no_sharing_is_named_by_all() {
        let all = [0, 1, 2, 3, 4];
        let refused = |numbers: &[u32], spoil: &dyn Fn(usize, &mut Vec<u128>)| {
            let second = numbers.len() as u32 + 1;
            for said in check(numbers, spoil) {
                assert_eq!(said, [second]);
            }
        };
        // One bit of the last lane at one party; a value that is no bit, shared as it should be; the same among those who are left.
        refused(&all, &|party, words| {
            words[3 * LANES - 1] ^= u128::from(party == 3) << 4
        });
        refused(&all, &|_, words| words[3 * 700 + 1] ^= 1);
        refused(&[0, 2, 4], &|party, words| {
            words[0] ^= u128::from(party == 2)
        });
    }
}
