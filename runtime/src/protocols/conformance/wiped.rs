//! Memory that is given back holds nothing from which Δ follows.

use smpcc_circuit::program::Suite;

use super::SETTINGS;
use super::programs::{data, everything};
use crate::engine::run;
use crate::engine::testing::run_with;
use crate::freed::{self, Origin};
use crate::net::{Options, memory};

/// No block of memory is given back with Δ in it, or with a label that together with one of the evaluator's gives Δ, at any party: for few
/// transfers and many, and for calls over few lanes and many.
#[test]
fn nothing_freed_holds_offsets_or_labels() {
    for setting in SETTINGS.into_iter().filter(|s| s.suite.garbles()) {
        for (lanes, width) in [(12, 4), (65, 9), (3000, 9)] {
            let program = everything(setting, lanes, width);
            let inputs = data(lanes, width, 5);
            let links = memory::links(setting.n as usize).unwrap();
            let seen = freed::watch(|| {
                let options = Options::default();
                let results = run_with(
                    &program,
                    &inputs,
                    links,
                    &options,
                    |session, program, mine| {
                        if session.me().index() == 0 {
                            freed::planter();
                        }
                        run(session, program, mine, &mut |_| {})
                    },
                );
                assert!(results.iter().all(Result::is_ok));
            });
            let mut origins = vec![Origin::Offset, Origin::Drawn, Origin::Gate];
            if setting.suite == Suite::TwoParty {
                origins.push(Origin::Transferred);
            }
            for origin in origins {
                let seen = seen(origin);
                assert!(seen.planted > 0, "{setting:?}: {origin:?}");
                assert_eq!(seen.found, 0, "{setting:?}, {lanes} lanes: {origin:?}");
            }
        }
    }
}
