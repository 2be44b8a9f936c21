//! The beginning of a run on stored shares. Of replicated shares each two parties make sure that they hold the same component;
//! those of Shamir's sharing are checked as what was dealt (`dealt`).
//!
//! A component is there twice, at two parties, or at three of four. Shares that one run made and the next one takes, or that a client
//! dealt, could differ there, by accident or because a party has changed its own: then what is computed is no sharing of anything, and no proof of what
//! follows would say so. Each two exchange a hash of what both hold under a key that only the two have. It says nothing that either
//! does not know, and nothing to anybody else.
//!
//! This comes before the first operation. It is no part of the program's bytes and rounds. In `two-party` and `gmw` any shares are
//! those of some value.

use smpcc_circuit::ids::InputId;
use smpcc_circuit::program::Suite;
use smpcc_circuit::verify::Verified;
use subtle::ConstantTimeEq;

use crate::error::Error;
use crate::hash::Transcript;
use crate::io::{Inputs, Secret};
use crate::party::PartyId;
use crate::protocols::stored::Scheme;
use crate::session::Session;

/// The step of the only message about stored shares; no schedule gets so far.
const HELD_STEP: u64 = u64::MAX - 1;

/// Which parts of a party's share another one holds too, in the order of their numbers.
fn common(scheme: Scheme, me: usize, other: usize) -> Vec<usize> {
    let theirs = scheme.parts(other);
    let own = scheme.parts(me).into_iter().enumerate();
    let mut both: Vec<(usize, usize)> = own
        .filter(|(_, number)| theirs.contains(number))
        .map(|(part, number)| (number, part))
        .collect();
    both.sort_unstable();
    both.into_iter().map(|(_, part)| part).collect()
}

impl Session {
    /// Compares the components of all stored shares with the others who hold them, or checks that they were dealt as they should. Returns
    /// the numbers of those givers whose shares are not those of one value, ascending: all parties see the same. Nothing is to be
    /// computed on such shares.
    ///
    /// # Errors
    /// A fault of the peer that holds another component, and of links. The caller tells the others.
    pub fn compare_held(&mut self, program: &Verified, inputs: &Inputs) -> Result<Vec<u32>, Error> {
        let held = |i: &usize| program.is_held(InputId::new(*i));
        let any = (0..program.inputs.len()).any(|i| held(&i));
        if !any {
            return Ok(Vec::new());
        }
        match program.suite {
            Suite::Rep3 | Suite::Rep4 => {}
            Suite::Bgw => return self.check_dealt(program, inputs),
            Suite::TwoParty | Suite::Gmw => return Ok(Vec::new()),
        }
        let scheme = Scheme {
            suite: program.suite,
            n_parties: program.n_parties,
            threshold: program.threshold,
        };
        let me = self.me();
        let of = |other: PartyId| common(scheme, me.index(), other.index());
        let others: Vec<PartyId> = self.others().collect();
        for &other in &others {
            let tag = self.held_tag(program, inputs, (&of(other), self.me(), other))?;
            self.send(other, HELD_STEP, tag.to_vec())?;
        }
        for &other in &others {
            let expected = self.held_tag(program, inputs, (&of(other), other, other))?;
            let theirs = self.recv(other, HELD_STEP, expected.len())?;
            if !bool::from(expected.ct_eq(theirs.as_slice())) {
                let who = self.label(other);
                return Err(Error::peer(
                    other,
                    format!(
                        "{who} holds another share of what was stored than this party, of which it should have the same: one of the two has changed it"
                    ),
                ));
            }
        }
        Ok(Vec::new())
    }

    /// What `sender` says of some parts of this party's shares under the key with `other`.
    fn held_tag(
        &self,
        program: &Verified,
        inputs: &Inputs,
        (parts, sender, other): (&[usize], PartyId, PartyId),
    ) -> Result<[u8; 32], Error> {
        let mut t = Transcript::new("smpcc/held");
        t.number(sender.number().into());
        let ids = (0..program.inputs.len()).map(InputId::new);
        for id in ids.filter(|id| program.is_held(*id)) {
            let words = inputs.get(&id).map(Secret::expose);
            let words = words.ok_or_else(|| Error::usage("a stored share is missing"))?;
            t.number(id.index() as u64);
            let per_lane = program.stored_words() as usize;
            for part in parts {
                let lanes = 0..words.lanes() / per_lane.max(1);
                t.words(lanes.map(|lane| words.get(per_lane * lane + part)));
            }
        }
        Ok(self.pair_key(other)?.authenticate("held", t))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::{Builder, u};
    use crate::local;
    use crate::net::{Mesh, Options, memory};
    use crate::party::PartyNames;
    use crate::ring::Elements;
    use smpcc_circuit::program::Domain;
    use smpcc_circuit::verify::verify;

    /// Whether each party takes the shares of one dealing when one word of them is changed.
    fn compare(suite: Suite, changed: Option<(usize, usize)>) -> Vec<Result<Vec<u32>, Error>> {
        let n = if suite == Suite::Rep4 { 4 } else { 3 };
        let mut b = Builder::new(suite, n, 1);
        b.program.party_names.push("giver".into());
        let x = b.input(n, Domain::Boolean, u(8), 2);
        b.output(x, &[0]);
        let program = &verify(b.program).unwrap();
        let scheme = Scheme {
            suite,
            n_parties: n,
            threshold: 1,
        };
        let value = Elements::of_words(8, [7, 200].into_iter());
        let mut shares = scheme.deal(8, &value).unwrap();
        if let Some((party, word)) = changed {
            let mut words = shares[party].words();
            words[word] ^= 1;
            shares[party] = Elements::of_words(8, words.into_iter());
        }
        let parties = memory::links(n as usize).unwrap().into_iter().zip(shares);
        local::threads(parties, |(links, share)| {
            let mesh = Mesh::new(links, PartyNames::plain(n as usize), Options::default())?;
            let mut session = Session::local(mesh, [7; 32]);
            let inputs = Inputs::from([(InputId(0), Secret::new(share))]);
            let compared = session.compare_held(program, &inputs);
            match &compared {
                Ok(_) => drop(session.close()?),
                Err(error) => session.abort(error),
            }
            compared
        })
    }

    #[test]
    fn equal_components_pass() {
        for suite in [Suite::Rep3, Suite::Rep4] {
            let passed = compare(suite, None);
            assert!(passed.iter().all(|who| *who == Ok(Vec::new())), "{suite:?}");
        }
    }

    #[test]
    fn a_changed_component_is_noticed_by_who_has_it_too() {
        // Under rep3, word 2 is component 0 of lane 1 at party 0, which party 2 has too; word 1 is component 1 of lane 0. Under rep4, word 0
        // is component 1 of lane 0 at party 0, and word 5 component 3 of lane 1.
        for (suite, word, other) in [
            (Suite::Rep3, 2, 2),
            (Suite::Rep3, 1, 1),
            (Suite::Rep4, 0, 3),
            (Suite::Rep4, 5, 1),
        ] {
            let results = compare(suite, Some((0, word)));
            let error = results[other].as_ref().err().map(ToString::to_string);
            assert!(
                error.is_some_and(|e| e.contains("another share") || e.contains("party 0")),
                "{suite:?} {word}"
            );
            assert!(results[0].is_err());
        }
    }
}
