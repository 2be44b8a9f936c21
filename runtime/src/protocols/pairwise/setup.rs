//! The start of oblivious transfer: base transfers between all pairs, and extensions from them where a program needs many.
//!
//! - **Functionality**: each ordered pair of parties has one instance of hashed transfers, as far as the program uses them; with two parties
//!   there is one more, whose offset is the garbler's.
//! - **Adversary**: semi-honest, all parties but one.
//! - **Source**: see `ot::base::semi_honest`, `ot::softspoken`; what an instance starts from is `smpcc_circuit::cost::routes`.
//! - **Assumptions**: those of `ot`.
//! - **Cost**: `smpcc_circuit::cost::setup`: one round, and a second for extensions.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: what is no point, or has another length, stops the run with its sender named.

use smpcc_circuit::cost::{Delay, Route, Routes, routes};
use smpcc_circuit::program::{Program, Suite as SuiteName};

use zeroize::Zeroizing;

use super::yao::{EVALUATOR, GARBLER};
use super::{Pairwise, Share, party};
use crate::bits::words_for;
use crate::block::Label;
use crate::error::Error;
use crate::exchange::Exchange;
#[cfg(test)]
use crate::freed::{Origin, plant};
use crate::prg::OsEntropy;
use crate::protocols::ot::base::{self, semi_honest};
use crate::protocols::ot::softspoken::{self, Fields};
use crate::protocols::ot::{Context, Instance, SECURITY, labels, random};
use crate::protocols::{Machine, Outcome, Preparation, SemiHonest, Step};

/// This party's ends of all instances.
pub(super) struct Ends {
    /// By receiver.
    pub(super) senders: Vec<Option<random::Sender<SemiHonest>>>,
    /// By sender.
    pub(super) receivers: Vec<Option<random::Receiver<SemiHonest>>>,
    pub(super) garbler: Option<labels::Sender<SemiHonest>>,
    pub(super) evaluator: Option<labels::Receiver<SemiHonest>>,
}

impl Ends {
    /// Before the setup.
    pub(super) fn none(n: usize) -> Self {
        Self {
            senders: (0..n).map(|_| None).collect(),
            receivers: (0..n).map(|_| None).collect(),
            garbler: None,
            evaluator: None,
        }
    }

    /// The hashed transfers from this party to another.
    pub(super) fn sender(&mut self, to: usize) -> Result<&mut random::Sender<SemiHonest>, Error> {
        let end = self.senders.get_mut(to).and_then(Option::as_mut);
        end.ok_or_else(|| Error::bug("transfers that were not set up"))
    }

    /// The hashed transfers from another party to this one.
    pub(super) fn receiver(
        &mut self,
        from: usize,
    ) -> Result<&mut random::Receiver<SemiHonest>, Error> {
        let end = self.receivers.get_mut(from).and_then(Option::as_mut);
        end.ok_or_else(|| Error::bug("transfers that were not set up"))
    }
}

/// Base transfers of which the other side's message is missing.
enum Base {
    Sender(semi_honest::Sender),
    Receiver(semi_honest::Receiver),
}

/// What an instance waits for. Everything is boxed: what a smaller state leaves unwritten of a larger one's room holds whatever stood on
/// the stack before, such as an offset.
enum State {
    /// It has not begun.
    New,
    /// The other side's points.
    Points(Box<Base>),
    /// The other side's trees.
    Trees(Box<base::ReceivedKeys<SemiHonest>>),
    /// Nothing.
    Ready,
}

/// One instance of transfers as this party sees it.
struct Running {
    other: usize,
    /// Whether this party has two strings.
    sends: bool,
    kind: Instance,
    /// Base transfers; with an extension their roles are reversed.
    n_base: usize,
    extended: bool,
    context: Context,
    state: State,
}

impl Running {
    /// Whether this party is the sender of the base transfers.
    fn sends_base(&self) -> bool {
        self.sends != self.extended
    }

    /// The context of the base transfers.
    fn base_context(&self) -> Context {
        if self.extended {
            self.context.reversed()
        } else {
            self.context.clone()
        }
    }

    /// Bytes of the points that this party receives.
    fn points_len(&self) -> usize {
        if self.sends_base() {
            semi_honest::receiver_len(self.n_base)
        } else {
            semi_honest::SENDER_LEN
        }
    }
}

/// All instances of this party, in an order in which both sides of each pair have them alike.
struct Setup {
    running: Vec<Running>,
    /// Δ of the labels, at the garbler.
    delta: Option<Zeroizing<Label>>,
    tick: u32,
    rounds: u32,
}

/// The machine of the setup, if the program uses any transfer.
pub(super) fn begin(suite: &Pairwise, program: &Program) -> Result<Preparation<Pairwise>, Error> {
    let Routes { up, down, labels } = routes(program);
    let mut running = Vec::new();
    for other in suite.others() {
        let (lower, higher) = (suite.me.min(other), suite.me.max(other));
        let mut all = vec![
            (lower, higher, Instance::Hashed, up),
            (higher, lower, Instance::Hashed, down),
        ];
        if program.suite == SuiteName::TwoParty {
            all.push((GARBLER, EVALUATOR, Instance::Labels, labels));
        }
        for (sender, receiver, kind, route) in all {
            let (n_base, extended) = match route {
                Route::None => continue,
                Route::Base(count) => (
                    usize::try_from(count).map_err(|_| Error::bug("too many base transfers"))?,
                    false,
                ),
                Route::Extension => (SECURITY, true),
            };
            running.push(Running {
                other,
                sends: sender == suite.me,
                kind,
                n_base,
                extended,
                context: Context::new(&suite.session, party(sender), party(receiver), kind),
                state: State::New,
            });
        }
    }
    if running.is_empty() {
        return Ok(None);
    }
    let rounds = 1 + u32::from(running.iter().any(|r| r.extended));
    let delta = match suite.me {
        GARBLER => {
            let yao = suite.yao.as_ref();
            yao.map(|yao| Zeroizing::new(yao.garbling.offset()))
        }
        _ => None,
    };
    Ok(Some(Box::new(Setup {
        running,
        delta,
        tick: 0,
        rounds,
    })))
}

fn no_macs() -> Error {
    Error::bug("MACs are for malicious parties")
}

impl Setup {
    /// Sends this party's points and announces the others'.
    fn points(&mut self, suite: &mut Pairwise, wire: &mut Exchange<'_>) -> Result<(), Error> {
        let mut entropy = OsEntropy;
        for r in &mut self.running {
            let context = r.base_context();
            let (base, message) = if r.sends_base() {
                let (sender, message) = semi_honest::Sender::new(&context, r.n_base, &mut entropy)?;
                (Base::Sender(sender), message.to_vec())
            } else {
                let from = |delta: Label| {
                    let choices = Zeroizing::new(Fields::DEFAULT.base_choices(delta));
                    #[cfg(test)]
                    plant(
                        Origin::Offset,
                        Label(u128::from(choices[0]) | u128::from(choices[1]) << 64),
                    );
                    Zeroizing::new(choices.to_vec())
                };
                let choices = match (r.extended, r.kind) {
                    (false, _) => Zeroizing::new(suite.fresh_words(words_for(r.n_base))),
                    (true, Instance::Hashed) => from(Label::from_bytes(*entropy.bytes()?)),
                    (true, Instance::Labels) => {
                        from(**self.delta.as_ref().ok_or_else(super::no_labels)?)
                    }
                    (true, Instance::Macs) => return Err(no_macs()),
                };
                let (receiver, message) =
                    semi_honest::Receiver::new(&context, r.n_base, &choices, &mut entropy)?;
                (Base::Receiver(receiver), message)
            };
            r.state = State::Points(Box::new(base));
            wire.send(party(r.other), |out| out.extend_from_slice(&message))?;
            wire.expect(party(r.other), r.points_len())?;
        }
        Ok(())
    }

    /// Takes the others' points; sends and announces trees.
    fn trees(&mut self, ends: &mut Ends, wire: &mut Exchange<'_>) -> Result<(), Error> {
        for r in &mut self.running {
            let State::Points(base) = std::mem::replace(&mut r.state, State::Ready) else {
                return Err(Error::bug("base transfers out of turn"));
            };
            let points = wire.take(party(r.other), r.points_len())?;
            match (*base, r.kind) {
                (Base::Sender(base), kind) if r.extended => {
                    let keys = base.finish(points)?;
                    let (end, trees) =
                        softspoken::Receiver::new(&r.context, Fields::DEFAULT, keys)?;
                    wire.send(party(r.other), |out| out.extend_from_slice(&trees))?;
                    match kind {
                        Instance::Hashed => {
                            ends.receivers[r.other] = Some(random::Receiver::many(&r.context, end));
                        }
                        Instance::Labels => {
                            ends.evaluator = Some(labels::Receiver::many(&r.context, end));
                        }
                        Instance::Macs => return Err(no_macs()),
                    }
                }
                (Base::Receiver(base), _) if r.extended => {
                    r.state = State::Trees(Box::new(base.finish(points)?));
                    wire.expect(party(r.other), Fields::DEFAULT.corrections_len())?;
                }
                (Base::Sender(base), Instance::Hashed) => {
                    let keys = base.finish(points)?;
                    ends.senders[r.other] = Some(random::Sender::few(&r.context, keys));
                }
                (Base::Sender(base), Instance::Labels) => {
                    let delta = **self.delta.as_ref().ok_or_else(super::no_labels)?;
                    let keys = base.finish(points)?;
                    ends.garbler = Some(labels::Sender::few(&r.context, keys, delta)?);
                }
                (Base::Receiver(base), Instance::Hashed) => {
                    let keys = base.finish(points)?;
                    ends.receivers[r.other] = Some(random::Receiver::few(&r.context, keys));
                }
                (Base::Receiver(base), Instance::Labels) => {
                    let keys = base.finish(points)?;
                    ends.evaluator = Some(labels::Receiver::few(&r.context, keys));
                }
                (Base::Sender(_) | Base::Receiver(_), Instance::Macs) => return Err(no_macs()),
            }
        }
        Ok(())
    }

    /// Takes the others' trees.
    fn leaves(&mut self, ends: &mut Ends, wire: &mut Exchange<'_>) -> Result<(), Error> {
        for r in &mut self.running {
            if let State::Trees(keys) = std::mem::replace(&mut r.state, State::Ready) {
                let len = Fields::DEFAULT.corrections_len();
                let trees = wire.take(party(r.other), len)?;
                let end = softspoken::Sender::new(&r.context, Fields::DEFAULT, *keys, trees)?;
                match r.kind {
                    Instance::Hashed => {
                        ends.senders[r.other] = Some(random::Sender::many(&r.context, end));
                    }
                    Instance::Labels => ends.garbler = Some(labels::Sender::many(end)?),
                    Instance::Macs => return Err(no_macs()),
                }
            }
        }
        Ok(())
    }
}

impl Machine<Pairwise> for Setup {
    fn step(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
    ) -> Result<Step<Share>, Error> {
        match self.tick {
            0 => self.points(suite, wire)?,
            1 => self.trees(&mut suite.ends, wire)?,
            _ => self.leaves(&mut suite.ends, wire)?,
        }
        if self.tick == self.rounds {
            let delay = Delay::Rounds(self.rounds);
            return Ok(Step::Done(Outcome::Values(Vec::new()), delay));
        }
        self.tick += 1;
        Ok(Step::Waiting)
    }
}
