//! Bad messages, in the set-up and later: whoever gets one stops in time and names the sender or their link, nobody takes it for a bug,
//! and other contents change values at most, or are noticed, too.

use std::time::Duration;

use smpcc_circuit::program::{Program, Suite};

use super::programs::{data, everything, mixed, mixed_data};
use super::views::recorded;
use super::{SETTINGS, Setting};
use crate::engine::run;
use crate::engine::testing::{AllInputs, run_with};
use crate::error::Fault;
use crate::net::faulty::{self, Spoil};
use crate::net::{Options, memory};
use crate::party::PartyId;

/// Spoils one frame from one party to another.
struct Spoiled {
    by: PartyId,
    to: PartyId,
    frame: usize,
    spoil: Spoil,
}

impl Spoiled {
    /// Runs all parties, of whom at least so many must notice.
    fn check(&self, setting: Setting, program: &Program, inputs: &AllInputs, notice: usize) {
        // What is left out is waited for so long.
        let options = Options {
            patience: Duration::from_secs(1),
            ..Options::default()
        };
        let mut all = memory::links(setting.n as usize).unwrap();
        let links = all.remove(self.by.index());
        let spoiled = |link| faulty::wrap(link, self.frame, self.spoil.clone());
        all.insert(self.by.index(), links.wrap(self.to, spoiled));
        let results = run_with(program, inputs, all, &options, |session, program, mine| {
            run(session, program, mine, &mut |_| {})
        });
        let what = format!("{setting:?}, frame {}, {:?}", self.frame, self.spoil);
        let mut n_errors = 0;
        for (party, result) in results.iter().enumerate() {
            match result.as_ref().map_err(|e| (e.fault(), e)) {
                Ok(_) => continue,
                Err((Fault::Peer(named), _)) => assert_eq!(named, self.by, "{what}"),
                Err((Fault::Cheating(among), error)) if setting.threat.deviates() => {
                    // The sender itself is honest: it was its link, of which it says what it finds.
                    let by = party == self.by.index() || error.reported_by() == Some(self.by);
                    assert!(by || among.contains(&self.by), "{what}");
                }
                Err((Fault::Network { .. } | Fault::Stopped { .. }, _)) => {}
                Err((_, error)) => panic!("{what}, party {party}: {error}"),
            }
            n_errors += 1;
        }
        // Points of base transfers cannot be any bytes.
        let points = transfers(setting) && self.frame < 2;
        // Half of what authenticated bits come from is looked at or not as a random bit of its receiver's says.
        let by_chance = transfers(setting) && setting.threat.deviates() && self.frame > 0;
        if self.spoil != Spoil::ChangePayload || setting.threat.deviates() {
            let changed = self.spoil == Spoil::ChangePayload;
            assert!(n_errors >= notice || changed && by_chance, "{what}");
        } else if !points {
            assert_eq!(n_errors, 0, "{what}");
        }
    }
}

/// Whether a suite starts with transfers, without which nobody can go on.
fn transfers(setting: Setting) -> bool {
    matches!(setting.suite, Suite::TwoParty | Suite::Gmw)
}

/// The frames between both [`ends`] of a setting in a run that nobody disturbs.
fn n_frames(setting: Setting, program: &Program, inputs: &AllInputs) -> [usize; 2] {
    let recordings = recorded(program, inputs);
    [0, 1].map(|i| {
        let [by, to] = ends(setting, i);
        let sent = recordings[by.index()].sent_to(to);
        sent.iter().filter(|frame| frame.is_data).count()
    })
}

/// All settings of few parties: with three or more from party 2 to party 0, which under all suites it sends to, with two each way.
fn settings() -> impl Iterator<Item = (usize, Setting)> {
    let few = |s: &Setting| s.n <= 4 || s.n == 5 && s.t == 2;
    SETTINGS.into_iter().filter(few).enumerate()
}

fn ends(setting: Setting, i: usize) -> [PartyId; 2] {
    match (setting.n, i % 2) {
        (2, 0) => [0, 1].map(PartyId::new),
        (2, _) => [1, 0].map(PartyId::new),
        _ if setting.suite == Suite::Rep4 => [1, 0].map(PartyId::new),
        _ => [2, 0].map(PartyId::new),
    }
}

#[test]
fn bad_messages_are_their_senders_fault() {
    let spoils = [
        Spoil::Cut,
        Spoil::Drop,
        Spoil::Repeat,
        Spoil::Lengthen(1),
        Spoil::Lengthen(70_000),
        Spoil::Shorten(1),
        Spoil::ClaimLength(u32::MAX),
        Spoil::Replace(vec![0; 40]),
        Spoil::ChangePayload,
        Spoil::Swap,
    ];
    for (s, setting) in settings() {
        let (lanes, width) = setting.size;
        let program = everything(setting, lanes, width);
        let inputs = data(lanes, width, 9);
        let sent = n_frames(setting, &program, &inputs);
        for (i, spoil) in spoils.iter().enumerate() {
            let [by, to] = ends(setting, i);
            let n = sent[i % 2];
            if n == 0 {
                // With a small threshold some do not tell each other anything.
                continue;
            }
            let (frame, spoil) = ((i + s) % n.min(3), spoil.clone());
            let spoiled = Spoiled {
                by,
                to,
                frame,
                spoil,
            };
            spoiled.check(setting, &program, &inputs, 1);
        }
    }
}

/// The same later in a run, also with so few transfers that they are not extended.
#[test]
fn bad_messages_are_noticed_at_any_time() {
    let spoils = [
        Spoil::ChangePayload,
        Spoil::Lengthen(16),
        Spoil::Shorten(1),
        Spoil::Cut,
    ];
    for (s, setting) in settings() {
        let few: &[u64] = if transfers(setting) { &[1, 40] } else { &[40] };
        for &lanes in few {
            let program = mixed(setting, lanes, setting.shuffles());
            let inputs = mixed_data(lanes, 3);
            let sent = n_frames(setting, &program, &inputs);
            for (f, frame) in [0, 1, 2, 4, 6].into_iter().enumerate() {
                // Each in every other setting.
                for (i, spoil) in (spoils.iter().enumerate()).filter(|(i, _)| (i + f + s) % 2 == 0)
                {
                    let [by, to] = ends(setting, i);
                    let spoil = spoil.clone();
                    let spoiled = Spoiled {
                        by,
                        to,
                        frame,
                        spoil,
                    };
                    // Without transfers nobody can go on; after the last frame there is nothing to notice.
                    let notice = match (transfers(setting), frame < sent[i % 2]) {
                        (true, _) => setting.n as usize,
                        (false, true) => 1,
                        (false, false) => 0,
                    };
                    spoiled.check(setting, &program, &inputs, notice);
                }
            }
        }
    }
}
