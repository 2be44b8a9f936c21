//! Transfers of random strings with random choices, both ways between all pairs.

use smpcc_circuit::cost::Delay;

use super::{TRANSFERS, WINDOW, out_of_turn};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::Outcome;
use crate::protocols::operands::block_range;
use crate::protocols::pairwise::{Pairwise, Share, party};
use crate::protocols::pipeline::{Blocks, Place};

/// Transfers.
pub(super) struct MakeTransfers {
    pub(super) count: usize,
    /// Whether they come from an extension, for which receivers send something.
    pub(super) extended: bool,
}

impl Blocks<Pairwise> for MakeTransfers {
    type State = ();

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
        (): &mut (),
    ) -> Result<(), Error> {
        let n = block_range(place.block, TRANSFERS, self.count).len();
        for other in suite.others() {
            let end = suite.ends.receiver(other)?;
            let mut chosen = None;
            wire.send(party(other), |out| chosen = Some(end.chosen(n, None, out)))?;
            let chosen = chosen.ok_or_else(out_of_turn)??;
            suite.pools.put_chosen(other, chosen, n);
            let route = suite.ends.sender(other)?.route();
            wire.expect(party(other), route.message_len(n, false))?;
        }
        Ok(())
    }

    fn receive(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        let n = block_range(place.block, TRANSFERS, self.count).len();
        for other in suite.others() {
            let end = suite.ends.sender(other)?;
            let message = wire.take(party(other), end.route().message_len(n, false))?;
            let pairs = end.pairs(n, false, message)?;
            suite.pools.put_sent(other, &pairs);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        Ok(Outcome::Values(Vec::new()))
    }

    fn delay(&self, n_phases: u32) -> Delay {
        Delay::Rounds(n_phases * u32::from(self.extended))
    }
}
