//! How long a run may take by prediction alone: what a limit on it follows from, without the other figures.

use super::control::Control;
use super::prepared::prepared;
use super::rounds::{Course, rounds};
use super::settlements::settlements;
use super::sums::{Shape, Sums, plus};
use super::{Link, time};
use crate::cost::{Costs, setup};
use crate::program::Program;

/// Milliseconds of a run on a network, as [`super::stats`] estimates them; none where revealed values steer the run.
pub fn milliseconds(program: &Program, link: Link, costs: &Costs) -> Option<f64> {
    let control = Control::new(program, None);
    let times = control.times.as_ref()?;
    let shape = Shape::of(program);
    let mut total = Sums::new(program);
    for (region, &times) in program.regions.iter().zip(times) {
        for node in &region.nodes {
            total.add(&Sums::of(program, node, &shape, times));
        }
    }
    let setup = setup(program);
    let course = Course::new(program, &control);
    let sent = plus(&total.sent, &plus(&setup.sent, &prepared(&course, &total)));
    let most = sent.iter().copied().max().unwrap_or(0);
    let most = most.saturating_add(settlements(&course).bytes_sent);
    let rounds = rounds(&course, None);
    let work = costs.among(
        program.suite,
        program.threat,
        program.n_parties,
        program.threshold,
    );
    Some(time::milliseconds(
        link,
        rounds,
        most,
        &total,
        &work,
        setup.base_transfers,
    ))
}
