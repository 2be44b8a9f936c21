//! The start: base transfers and trees both ways, from which all authenticated bits come.
//!
//! - **Functionality**: each party has an extension in which it chooses bits, and one in which its Δ is the offset.
//! - **Adversary**: malicious, either party, with abort.
//! - **Source**: see `ot::base` and `ot::softspoken::checked`.
//! - **Assumptions**: those of `ot`.
//! - **Cost**: `smpcc_circuit::cost::setup`: two rounds.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: what is no point, has another length or does not pass its check stops the run, with the other party named.

use smpcc_circuit::cost::{Delay, setup};
use smpcc_circuit::program::Program;
use zeroize::Zeroizing;

use super::leaky::Hashes;
use super::{Authenticated, out_of_step, party};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::prg::OsEntropy;
use crate::protocols::ot::softspoken::{Fields, Receiver, Sender};
use crate::protocols::ot::{Context, Instance, SECURITY, base};
use crate::protocols::{Machine, Malicious, Outcome, Preparation, Step, Stepped};

/// A party's ends of both extensions.
pub(super) struct Ends {
    /// In which this party's Δ is the offset: keys for the other's bits.
    sender: Option<Sender<Malicious>>,
    /// In which it chooses: its own bits and their MACs.
    receiver: Option<Receiver<Malicious>>,
    /// By the party whose Δ hides what is hashed.
    pub(super) hashes: [Hashes; 2],
}

impl Ends {
    /// Before the setup.
    pub(super) fn none(session: &[u8; 32]) -> Self {
        Self {
            sender: None,
            receiver: None,
            hashes: [0, 1].map(|sender| Hashes::new(&context(session, sender))),
        }
    }

    pub(super) fn sender(&mut self) -> Result<&mut Sender<Malicious>, Error> {
        self.sender.as_mut().ok_or_else(not_set_up)
    }

    pub(super) fn receiver(&mut self) -> Result<&mut Receiver<Malicious>, Error> {
        self.receiver.as_mut().ok_or_else(not_set_up)
    }
}

fn not_set_up() -> Error {
    Error::bug("transfers that were not set up")
}

/// The instance whose offset is a party's Δ.
fn context(session: &[u8; 32], sender: usize) -> Context {
    let (sender, receiver) = (party(sender), party(1 - sender));
    Context::new(session, sender, receiver, Instance::Macs)
}

/// Where the setup stands.
enum State {
    New,
    /// The other party's points are to come: for the extension in which this party chooses, and for that with its Δ.
    Points(Box<(base::Sender<Malicious>, base::Receiver<Malicious>)>),
    /// Its trees are.
    Trees(Box<base::ReceivedKeys<Malicious>>),
    Done,
}

struct Setup(State);

/// The machine of the setup, if the program uses anything that comes of it.
pub(super) fn begin(program: &Program) -> Preparation<Authenticated> {
    match setup(program).rounds {
        0 => None,
        _ => Some(Box::new(Setup(State::New))),
    }
}

impl Machine<Authenticated> for Setup {
    fn step(
        &mut self,
        suite: &mut Authenticated,
        wire: &mut Exchange<'_>,
    ) -> Result<Stepped<Authenticated>, Error> {
        let (mut entropy, other, fields) = (OsEntropy, suite.other(), Fields::DEFAULT);
        let chooses = context(&suite.session, 1 - suite.me);
        let keyed = context(&suite.session, suite.me);
        self.0 = match std::mem::replace(&mut self.0, State::Done) {
            State::New => {
                // Below an extension roles are reversed.
                let (sender, points) =
                    base::Sender::new(&chooses.reversed(), SECURITY, &mut entropy)?;
                wire.send(other, |out| out.extend_from_slice(&points))?;
                let choices = Zeroizing::new(fields.base_choices(*suite.delta.whole));
                let (receiver, points) =
                    base::Receiver::new(&keyed.reversed(), SECURITY, &choices[..], &mut entropy)?;
                wire.send(other, |out| out.extend_from_slice(&points))?;
                wire.expect(other, base::sender_len(SECURITY))?;
                wire.expect(other, base::receiver_len(SECURITY))?;
                State::Points(Box::new((sender, receiver)))
            }
            State::Points(bases) => {
                let (sender, receiver) = *bases;
                // What the other party sends as the sender of base transfers comes first.
                let points = wire.take(other, base::sender_len(SECURITY))?;
                let received = receiver.finish(points)?;
                let points = wire.take(other, base::receiver_len(SECURITY))?;
                let sent = sender.finish(points)?;
                let (end, trees) = Receiver::checked(&chooses, fields, sent, &mut entropy)?;
                suite.ends.receiver = Some(end);
                wire.send(other, |out| out.extend_from_slice(&trees))?;
                wire.expect(other, fields.planted_len())?;
                State::Trees(Box::new(received))
            }
            State::Trees(received) => {
                let trees = wire.take(other, fields.planted_len())?;
                suite.ends.sender = Some(Sender::checked(&keyed, fields, *received, trees)?);
                return Ok(Step::Done(Outcome::Values(Vec::new()), Delay::Rounds(2)));
            }
            State::Done => return Err(out_of_step()),
        };
        Ok(Step::Waiting)
    }
}
