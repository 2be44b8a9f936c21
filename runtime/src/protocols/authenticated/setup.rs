//! The start: base transfers one way, and trees both ways, from which all authenticated bits come.
//!
//! - **Functionality**: each party has an extension in which it chooses bits, and one in which its Δ is the offset.
//! - **Adversary**: malicious, either party, with abort.
//! - **Source**: see `ot::base`, `ot::softspoken::checked` and `ot::reversed`.
//! - **Assumptions**: those of `ot`.
//! - **Cost**: `smpcc_circuit::cost::setup`: three rounds. Group operations are those of 128 base transfers, of which each party has one side;
//!   the second extension starts from transfers of the first.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: what is no point, has another length or does not pass its check stops the run, with the other party named.

use smpcc_circuit::cost::{Delay, setup};
use smpcc_circuit::program::Program;
use zeroize::Zeroizing;

use super::leaky::Hashes;
use super::{Authenticated, GARBLER, out_of_step, party};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::prg::OsEntropy;
use crate::protocols::ot::base::{self, endemic};
use crate::protocols::ot::softspoken::{Fields, Receiver, Sender};
use crate::protocols::ot::{Context, Instance, SECURITY, reversed};
use crate::protocols::{Machine, Malicious, Outcome, Preparation, Step, Stepped};

/// Whose Δ is the offset of the first extension. To choose points is less work than to agree on keys under them, and who garbles has more to
/// do later.
const FIRST: usize = GARBLER;

/// The fields of both extensions.
const FIELDS: Fields = Fields::DEFAULT;

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

/// Where the setup stands: at the first party, whose Δ is the offset of the first extension, and at the second.
enum State {
    First(First),
    Second(Second),
}

/// It chooses its Δ in base transfers, has the first extension, and from that extension the pairs from which the second one starts.
enum First {
    New,
    Points(endemic::Receiver),
    Trees(Box<base::ReceivedKeys<Malicious>>),
    Sent,
}

/// It has pairs of base transfers, from which the first extension starts, and chooses its Δ in that.
enum Second {
    New,
    Points(endemic::Sender),
    Chosen(Box<base::ReceivedKeys<Malicious>>),
    Trees(Box<base::ReceivedKeys<Malicious>>),
}

struct Setup(Option<State>);

/// The machine of the setup, if the program uses anything that comes of it.
pub(super) fn begin(suite: &Authenticated, program: &Program) -> Preparation<Authenticated> {
    let state = match suite.me {
        FIRST => State::First(First::New),
        _ => State::Second(Second::New),
    };
    match setup(program).rounds {
        0 => None,
        _ => Some(Box::new(Setup(Some(state)))),
    }
}

impl First {
    /// One step; nothing once the setup is done.
    fn step(
        self,
        suite: &mut Authenticated,
        wire: &mut Exchange<'_>,
    ) -> Result<Option<Self>, Error> {
        let (mut entropy, other) = (OsEntropy, suite.other());
        let chooses = context(&suite.session, 1 - suite.me);
        let keyed = context(&suite.session, suite.me);
        let next = match self {
            Self::New => {
                // Below an extension roles are reversed.
                let choices = Zeroizing::new(FIELDS.base_choices(*suite.delta.whole));
                let (receiver, points) = endemic::Receiver::new(
                    &keyed.reversed(),
                    SECURITY,
                    &choices[..],
                    &mut entropy,
                )?;
                wire.send(other, |out| out.extend_from_slice(&points))?;
                wire.expect(other, endemic::sender_len(SECURITY))?;
                Self::Points(receiver)
            }
            Self::Points(receiver) => {
                let received = receiver.finish(wire.take(other, endemic::sender_len(SECURITY))?)?;
                wire.expect(other, FIELDS.planted_len())?;
                wire.expect(other, reversed::len(FIELDS))?;
                Self::Trees(Box::new(received))
            }
            Self::Trees(received) => {
                let trees = wire.take(other, FIELDS.planted_len())?;
                let mut sender = Sender::checked(&keyed, FIELDS, *received, trees)?;
                let message = wire.take(other, reversed::len(FIELDS))?;
                let sent = reversed::answer(&chooses.reversed(), &mut sender, message)?;
                suite.ends.sender = Some(sender);
                let (receiver, trees) = Receiver::checked(&chooses, FIELDS, sent, &mut entropy)?;
                suite.ends.receiver = Some(receiver);
                wire.send(other, |out| out.extend_from_slice(&trees))?;
                Self::Sent
            }
            Self::Sent => return Ok(None),
        };
        Ok(Some(next))
    }
}

impl Second {
    /// One step; nothing once the setup is done.
    fn step(
        self,
        suite: &mut Authenticated,
        wire: &mut Exchange<'_>,
    ) -> Result<Option<Self>, Error> {
        let (mut entropy, other) = (OsEntropy, suite.other());
        let chooses = context(&suite.session, 1 - suite.me);
        let keyed = context(&suite.session, suite.me);
        let next = match self {
            Self::New => {
                let (sender, points) =
                    endemic::Sender::new(&chooses.reversed(), SECURITY, &mut entropy)?;
                wire.send(other, |out| out.extend_from_slice(&points))?;
                wire.expect(other, endemic::receiver_len(SECURITY))?;
                Self::Points(sender)
            }
            Self::Points(sender) => {
                let sent = sender.finish(wire.take(other, endemic::receiver_len(SECURITY))?)?;
                let (mut receiver, trees) =
                    Receiver::checked(&chooses, FIELDS, sent, &mut entropy)?;
                wire.send(other, |out| out.extend_from_slice(&trees))?;
                let choices = Zeroizing::new(FIELDS.base_choices(*suite.delta.whole));
                let mut message = Vec::with_capacity(reversed::len(FIELDS));
                let context = keyed.reversed();
                let chosen = reversed::choose(&context, &mut receiver, &choices, &mut message)?;
                suite.ends.receiver = Some(receiver);
                wire.send(other, |out| out.extend_from_slice(&message))?;
                Self::Chosen(Box::new(chosen))
            }
            Self::Chosen(chosen) => {
                wire.expect(other, FIELDS.planted_len())?;
                Self::Trees(chosen)
            }
            Self::Trees(chosen) => {
                let trees = wire.take(other, FIELDS.planted_len())?;
                suite.ends.sender = Some(Sender::checked(&keyed, FIELDS, *chosen, trees)?);
                return Ok(None);
            }
        };
        Ok(Some(next))
    }
}

impl Machine<Authenticated> for Setup {
    fn step(
        &mut self,
        suite: &mut Authenticated,
        wire: &mut Exchange<'_>,
    ) -> Result<Stepped<Authenticated>, Error> {
        self.0 = match self.0.take().ok_or_else(out_of_step)? {
            State::First(first) => first.step(suite, wire)?.map(State::First),
            State::Second(second) => second.step(suite, wire)?.map(State::Second),
        };
        Ok(match self.0 {
            Some(_) => Step::Waiting,
            None => Step::Done(Outcome::Values(Vec::new()), Delay::Rounds(3)),
        })
    }
}
