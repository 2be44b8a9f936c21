//! Transfers of labels from the garbler to the evaluator, with random choices.

use super::{TRANSFERS, WINDOW, out_of_turn};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::Outcome;
use crate::protocols::operands::block_range;
use crate::protocols::ot::labels::{Asked, reply_len};
use crate::protocols::ot::random::Route;
use crate::protocols::pairwise::pool::{BitRun, LabelTransfers};
use crate::protocols::pairwise::yao::{EVALUATOR, GARBLER};
use crate::protocols::pairwise::{Pairwise, Share, no_labels, party};
use crate::protocols::pipeline::{Blocks, Place};

/// Transfers of labels.
pub(super) struct MakeLabels {
    pub(super) count: usize,
}

pub(super) enum LabelState {
    Asked(Asked),
    Answered(LabelTransfers),
    Waiting,
}

impl Blocks<Pairwise> for MakeLabels {
    type State = Option<LabelState>;

    fn n_blocks(&self) -> usize {
        self.count.div_ceil(TRANSFERS)
    }

    fn n_phases(&self) -> u32 {
        1
    }

    fn window(&self) -> usize {
        WINDOW
    }

    fn send(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
        slot: &mut Option<LabelState>,
    ) -> Result<(), Error> {
        let n = block_range(place.block, TRANSFERS, self.count).len();
        if let Some(end) = &mut suite.ends.evaluator {
            let mut asked = None;
            wire.send(party(GARBLER), |out| asked = Some(end.ask(n, out)))?;
            *slot = Some(LabelState::Asked(asked.ok_or_else(out_of_turn)??));
            return wire.expect(party(GARBLER), reply_len(end.route(), n));
        }
        let end = suite.ends.garbler.as_mut().ok_or_else(no_labels)?;
        if end.route() == Route::Few {
            // What it answers does not depend on a message.
            let mut zeros = None;
            wire.send(party(EVALUATOR), |out| {
                zeros = Some(end.answer(n, &[], out));
            })?;
            let mut zeros = zeros.ok_or_else(out_of_turn)??;
            *slot = Some(LabelState::Answered(LabelTransfers {
                labels: std::mem::take(&mut *zeros),
                choices: BitRun::default(),
            }));
            return Ok(());
        }
        *slot = Some(LabelState::Waiting);
        wire.expect(party(EVALUATOR), end.route().message_len(n, false))
    }

    fn receive(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
        slot: &mut Option<LabelState>,
    ) -> Result<(), Error> {
        let n = block_range(place.block, TRANSFERS, self.count).len();
        let transfers = match (slot.take(), &mut suite.ends) {
            (Some(LabelState::Answered(transfers)), _) => transfers,
            (Some(LabelState::Asked(asked)), ends) => {
                let end = ends.evaluator.as_ref().ok_or_else(out_of_turn)?;
                let len = reply_len(end.route(), n);
                let mut held = asked.finish(wire.take(party(GARBLER), len)?)?;
                LabelTransfers {
                    labels: std::mem::take(&mut held.labels),
                    choices: BitRun::new(std::mem::take(&mut held.choices), n),
                }
            }
            (Some(LabelState::Waiting), ends) => {
                let end = ends.garbler.as_mut().ok_or_else(out_of_turn)?;
                let len = end.route().message_len(n, false);
                let message = wire.take(party(EVALUATOR), len)?;
                let mut zeros = end.answer(n, message, &mut Vec::new())?;
                LabelTransfers {
                    labels: std::mem::take(&mut *zeros),
                    choices: BitRun::default(),
                }
            }
            (None, _) => return Err(out_of_turn()),
        };
        suite.pools.put_labels(transfers);
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        Ok(Outcome::Values(Vec::new()))
    }
}
