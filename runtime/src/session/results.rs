//! The end of a run: before a result leaves, its receivers make sure that they have the same.
//!
//! Whatever went wrong below the plan, such as a build that draws its shares from other streams or a machine that errs, would
//! otherwise be a wrong result that looks like a right one. Each two receivers exchange a hash of all that both received, under a key
//! that only the two have: whoever else reads it learns nothing, and it cannot be sent back to where it came from. Between parties
//! that may cheat this proves nothing that the suite's own check has not: a liar sends the hash that is expected.
//!
//! This comes after the last output. It is no part of the program's bytes and rounds, and nothing here waits for a party that
//! receives nothing.

use smpcc_circuit::ids::OutputId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::verify::Verified;
use subtle::ConstantTimeEq;

use super::Session;
use crate::error::{Error, Fault};
use crate::hash::{Digest, Transcript};
use crate::io::Outputs;
use crate::party::PartyId;
use crate::ring::Elements;

/// The step of the only message that a result's receivers send each other; no schedule gets so far.
const RESULT_STEP: u64 = u64::MAX;

impl Session {
    /// Ends a run whose operations are over: compares what this party has received with the others who received it too, and closes
    /// all links. Gives the failure that kept a receiver's answer away or the links from closing in order, if there was one:
    /// `outputs` are right as far as anybody could say, and worth a warning.
    ///
    /// # Errors
    /// A fault of the peer whose result is another, and whatever fails at a party that has no result to lose. The others have been
    /// told.
    pub fn finish(mut self, program: &Verified, outputs: &Outputs) -> Result<Option<Error>, Error> {
        match self.compare(program, outputs) {
            Ok(()) => {}
            Err(error) if is_loss(&error) => return Ok(Some(error)),
            Err(error) => {
                self.abort(&error);
                return Err(error);
            }
        }
        match self.close() {
            Ok(_) => Ok(None),
            Err(error) if is_loss(&error) && !outputs.is_empty() => Ok(Some(error)),
            Err(error) => Err(error),
        }
    }

    fn compare(&mut self, program: &Verified, outputs: &Outputs) -> Result<(), Error> {
        let others: Vec<(PartyId, Vec<OutputId>)> = self
            .others()
            .map(|other| (other, common(program, self.me(), other)))
            .filter(|(_, common)| !common.is_empty())
            .collect();
        if others.is_empty() {
            return Ok(());
        }
        let digests: SortedMap<OutputId, Digest> = outputs
            .iter()
            .map(|(id, words)| (*id, digest(words)))
            .collect();
        for (other, common) in &others {
            let tag = self.tag(&digests, common, self.me(), *other)?;
            self.send(*other, RESULT_STEP, tag.to_vec())?;
        }
        for (other, common) in &others {
            let expected = self.tag(&digests, common, *other, *other)?;
            let theirs = self.recv(*other, RESULT_STEP, expected.len())?;
            if !bool::from(expected.ct_eq(theirs.as_slice())) {
                let who = self.label(*other);
                return Err(Error::peer(
                    *other,
                    format!(
                        "{who} has computed another result than this party, of which it should have the same: nothing of it is shown; do all parties run the same build of smpcc on sound machines?"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// What `sender` says of results under the key with `other`.
    fn tag(
        &self,
        digests: &SortedMap<OutputId, Digest>,
        common: &[OutputId],
        sender: PartyId,
        other: PartyId,
    ) -> Result<[u8; 32], Error> {
        let mut t = Transcript::new("smpcc/results");
        t.number(sender.number().into()).list(common.len());
        for id in common {
            let digest = digests
                .get(id)
                .ok_or_else(|| Error::bug("a run ended without one of its outputs"))?;
            t.number(id.index() as u64).digest(digest);
        }
        Ok(self.pair_key(other)?.authenticate("results", t))
    }
}

fn digest(words: &Elements) -> Digest {
    let mut t = Transcript::new("smpcc/result");
    t.words((0..words.lanes()).map(|lane| words.get(lane)));
    t.finish()
}

/// The outputs that two parties both receive.
fn common(program: &Verified, a: PartyId, b: PartyId) -> Vec<OutputId> {
    let receives = |party: PartyId, leaf: &smpcc_circuit::program::OutputLeaf| {
        leaf.receivers.contains(&u32::from(party.number()))
    };
    let leaves = program.outputs.iter().enumerate();
    leaves
        .filter(|(_, leaf)| receives(a, leaf) && receives(b, leaf))
        .map(|(i, _)| OutputId::new(i))
        .collect()
}

/// Whether a failure is another party's absence, which says nothing against what this one has computed.
fn is_loss(error: &Error) -> bool {
    match error.fault() {
        Fault::Network { .. } | Fault::Stopped { .. } => true,
        Fault::Program
        | Fault::Usage
        | Fault::Machine
        | Fault::Peer(_)
        | Fault::Cheating(_)
        | Fault::Bug => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::rep3;
    use crate::net::{Links, Mesh, Options, memory};
    use crate::party::PartyNames;
    use smpcc_circuit::program::Domain;
    use smpcc_circuit::value::{Scalar, Word};
    use smpcc_circuit::verify::verify;
    use std::time::Duration;

    /// One output for all three parties and one for the first two.
    fn program() -> Verified {
        let mut b = rep3();
        let x = b.input(0, Domain::Public, Scalar::unsigned(64), 2);
        b.output(x, &[0, 1, 2]);
        b.output(x, &[0, 1]);
        verify(b.program).unwrap()
    }

    /// Ends a run at which each party received these words of the two outputs; `None` is a party that is gone.
    fn finish(received: [Option<[Word; 2]>; 3]) -> Vec<Option<Result<Option<Error>, Error>>> {
        let program = &program();
        let options = Options {
            deadline: Duration::from_secs(2),
            ..Options::default()
        };
        let end = |links: Links, words: Option<[Word; 2]>| {
            let me = links.me.index();
            let mesh = Mesh::new(links, PartyNames::plain(3), options.clone()).unwrap();
            let session = Session::local(mesh, [7; 32]);
            let words = words?;
            let outputs = program.outputs.iter().enumerate();
            let outputs = outputs
                .filter(|(_, leaf)| leaf.receivers.contains(&(me as u32)))
                .map(|(i, _)| {
                    (
                        OutputId::new(i),
                        Elements::of_words(64, [words[i]; 2].into_iter()),
                    )
                })
                .collect();
            Some(session.finish(program, &outputs))
        };
        let end = &end;
        std::thread::scope(|scope| {
            let parties: Vec<_> = memory::links(3)
                .unwrap()
                .into_iter()
                .zip(received)
                .map(|(links, words)| scope.spawn(move || end(links, words)))
                .collect();
            parties.into_iter().map(|p| p.join().unwrap()).collect()
        })
    }

    #[test]
    fn equal_results_pass() {
        for result in finish([Some([1, 2]), Some([1, 2]), Some([1, 0])]) {
            assert_eq!(result.unwrap(), Ok(None));
        }
    }

    #[test]
    fn another_result_is_nobodys() {
        // Party 1 has another value of what all three receive, then of what only two do.
        for other in [[9, 2], [1, 9]] {
            let ends = finish([Some([1, 2]), Some(other), Some([1, 2])]);
            for (party, end) in ends.into_iter().enumerate() {
                let end = end.unwrap();
                match (party, other[0]) {
                    // The third cannot know of the second output, but hears of the failure if it comes in time.
                    (2, 1) => assert!(!matches!(end, Ok(Some(_))), "{end:?}"),
                    _ => {
                        let error = end.unwrap_err();
                        assert!(matches!(error.fault(), Fault::Peer(_)), "{error}");
                        assert_eq!(error.exit_code(), 3);
                    }
                }
            }
        }
    }

    #[test]
    fn a_receiver_that_is_gone_costs_a_warning() {
        let ends = finish([Some([1, 2]), None, Some([1, 2])]);
        for party in [0, 2] {
            let lost = ends[party].clone().unwrap().unwrap();
            assert!(lost.is_some_and(|error| is_loss(&error)), "party {party}");
        }
    }
}
