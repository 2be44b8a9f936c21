//! The agreement among parties in memory: who hears of which difference, and what an old run's messages do.

use std::thread;
use std::time::Duration;

use super::*;
use crate::error::Fault;
use crate::hash::sha256;
use crate::net::faulty::{self, Spoil};
use crate::net::record::Recording;
use crate::net::{Links, Options, memory};
use crate::party::PartyNames;

fn proposal(me: PartyId) -> Proposal {
    Proposal {
        build: "0.1.0".into(),
        source: sha256(b"program"),
        costs: sha256(b"lan"),
        suite: "rep3".into(),
        threshold: 1,
        threat: "semi-honest".into(),
        options: vec![("objective".into(), "auto".into())],
        arguments: vec![("level".into(), "5".into())],
        lengths: vec![("data".into(), 10 + me.index() as u64)],
    }
}

fn options() -> Options {
    Options {
        deadline: Duration::from_millis(800),
        ..Options::default()
    }
}

fn agree(mut mesh: Mesh, wants: &Proposal, plan: &[u8]) -> Result<(Agreed, SessionId), Error> {
    let agreed = hello(&mut mesh, wants).inspect_err(|error| mesh.abort(error))?;
    let session = confirm(mesh, &agreed, sha256(plan))?;
    let id = session.id();
    // What the others do after the agreement is not asked here.
    let _ = session.close();
    Ok((agreed, id))
}

/// Runs the agreement at each party; `change` may alter what one wants and compiles.
fn run(
    links: Vec<Links>,
    change: fn(PartyId, &mut Proposal, &mut Vec<u8>),
) -> Vec<Result<(Agreed, SessionId), Error>> {
    let n_parties = links.len();
    let threads: Vec<_> = links
        .into_iter()
        .map(|links| {
            thread::spawn(move || {
                let names = PartyNames::plain(n_parties);
                let mesh = Mesh::new(links, names, options()).unwrap();
                let (mut wants, mut plan) = (proposal(mesh.me()), b"plan".to_vec());
                change(mesh.me(), &mut wants, &mut plan);
                agree(mesh, &wants, &plan)
            })
        })
        .collect();
    threads.into_iter().map(|t| t.join().unwrap()).collect()
}

fn links(n_parties: usize) -> Vec<Links> {
    memory::links(n_parties).unwrap()
}

#[test]
fn equal_parties_agree_and_learn_the_others_lengths() {
    for n in [2, 3, 5, 16] {
        let results = run(links(n), |_, _, _| {});
        let (first, session) = results[0].clone().unwrap();
        assert_eq!(first.lengths[n - 1], [("data".to_owned(), 9 + n as u64)]);
        for result in results {
            let (agreed, id) = result.unwrap();
            assert_eq!(id, session);
            assert_eq!(agreed.lengths, first.lengths);
        }
        let again = run(links(n), |_, _, _| {});
        assert_ne!(again[0].clone().unwrap().1, session);
    }
}

#[test]
fn each_difference_is_named_with_both_values() {
    type Change = fn(PartyId, &mut Proposal, &mut Vec<u8>);
    let cases: [(Change, &str); 6] = [
        (
            |me, w, _| w.arguments[0].1 = me.index().to_string(),
            "argument `level`: 1 here, 0 at party 0",
        ),
        (
            |me, w, _| w.source = sha256(me.to_string().as_bytes()),
            "the program's source: sha256:",
        ),
        (
            |me, w, _| w.threat = format!("t{}", me.index()),
            "threat: t1 here, t0 at party 0",
        ),
        (
            |me, w, _| w.costs = sha256(me.to_string().as_bytes()),
            "the cost model: sha256:",
        ),
        (
            |me, w, _| w.options.truncate(me.index()),
            "option `objective` is given here and not at party 0",
        ),
        (
            |me, _, plan| plan.push(me.number() as u8),
            "compiled the same program for the same inputs to another plan",
        ),
    ];
    for (change, expected) in cases {
        let results = run(links(2), change);
        for result in &results {
            let error = result.as_ref().err().unwrap();
            assert!(
                matches!(error.fault(), Fault::Usage | Fault::Stopped { .. }),
                "{error}"
            );
        }
        let error = results[1].as_ref().err().unwrap().to_string();
        assert!(
            error.contains(expected) || error.starts_with("party 0 stopped"),
            "{error}"
        );
        // At least one party names the difference; which one speaks first is chance.
        let named = results
            .iter()
            .filter(|r| r.as_ref().err().unwrap().fault() == Fault::Usage);
        assert!(named.count() >= 1);
    }
}

#[test]
fn all_parties_name_the_one_that_differs() {
    let results = run(links(3), |me, w, _| {
        if me == PartyId::new(2) {
            w.arguments[0].1 = "6".into();
        }
    });
    for (i, result) in results.iter().enumerate() {
        let error = result.as_ref().err().unwrap();
        match error.fault() {
            Fault::Usage if i < 2 => {
                let expected = "argument `level`: 5 here, 6 at party 2";
                assert!(error.to_string().contains(expected), "{error}");
            }
            Fault::Usage => assert!(
                error.to_string().contains("6 here, 5 at party 0"),
                "{error}"
            ),
            Fault::Stopped { .. } => {}
            other => panic!("{other:?}: {error}"),
        }
    }
}

/// Party 2 tells party 0 another length than party 1; the payload of its second frame to party 0 is changed on the way.
#[test]
fn telling_parties_different_things_is_found() {
    // The last bytes of a hello are those of a length: still a well-formed hello.
    let mut all = links(3);
    let last = all.remove(2);
    let recording = Recording::default();
    let mut probe = links(3);
    let probed = recording.wrap(probe.remove(2));
    probe.push(probed);
    assert!(run(probe, |_, _, _| {}).iter().all(Result::is_ok));
    let sent = recording.sent_to(PartyId::new(0)).into_iter();
    let frame = sent.filter(|f| f.is_data).nth(1).unwrap();
    let bit = frame.bytes.len() * 8 - 64;
    let to = PartyId::new(0);
    all.push(last.wrap(to, |link| faulty::wrap(link, 1, Spoil::FlipBit(bit))));
    let results = run(all, |_, _, _| {});
    for result in &results {
        let error = result.as_ref().err().unwrap();
        assert!(matches!(error.fault(), Fault::Peer(_)), "{error}");
    }
    let seen: Vec<_> = results
        .iter()
        .map(|r| r.as_ref().err().unwrap().to_string())
        .collect();
    assert!(seen.iter().any(|e| e.contains("shapes differ")), "{seen:?}");
}

/// A peer that replays the frames of an earlier run gets no further than the confirmation.
#[test]
fn a_recorded_run_cannot_be_replayed() {
    let mut first = links(2);
    let recording = Recording::default();
    let recorded = recording.wrap(first.remove(0));
    first.insert(0, recorded);
    assert!(run(first, |_, _, _| {}).iter().all(Result::is_ok));
    // The link's terms and all messages; what ended the old run would end this one before its messages are looked at.
    let old: Vec<Vec<u8>> = recording
        .sent_to(PartyId::new(1))
        .into_iter()
        .enumerate()
        .filter(|(i, frame)| *i == 0 || frame.is_data)
        .map(|(_, frame)| frame.bytes)
        .collect();
    let mut second = links(2);
    let (victim, mut replayer) = (second.remove(1), second.remove(0));
    let names = PartyNames::plain(2);
    let victim = Mesh::new(victim, names, options()).unwrap();
    let mut link = replayer.to.remove(1).unwrap();
    for frame in old {
        let (header, payload) = frame.split_first_chunk().unwrap();
        link.sink.send(header, payload).unwrap();
    }
    let error = agree(victim, &proposal(PartyId::new(1)), b"plan")
        .err()
        .unwrap();
    assert_eq!(error.fault(), Fault::Peer(PartyId::new(0)), "{error}");
    assert!(error.to_string().contains("nonces differ"), "{error}");
}

/// Whatever happens to a frame of the agreement, both parties end in time, and neither takes it for an agreement that the
/// other did not make.
#[test]
fn spoiled_frames_never_pass() {
    let spoils = [
        Spoil::FlipBit(7),
        Spoil::FlipBit(16 * 8),
        Spoil::FlipBit(24 * 8),
        Spoil::FlipBit(36 * 8 + 3),
        Spoil::Cut,
        Spoil::CutWithin(37),
        Spoil::Repeat,
        Spoil::Drop,
        Spoil::Swap,
        Spoil::Stall,
        Spoil::Replace(b"GET / HTTP/1.1\r\nHost: a.example\r\nAccept: text/html\r\n\r\n".to_vec()),
        Spoil::Lengthen(1),
        Spoil::Lengthen(100_000),
        Spoil::Shorten(1),
        Spoil::ClaimLength(u32::MAX),
        Spoil::ClaimLength(20),
        Spoil::ChangePayload,
    ];
    let threads: Vec<_> = (0..3)
        .flat_map(|frame| spoils.iter().map(move |spoil| (frame, spoil.clone())))
        .map(|(frame, spoil)| {
            thread::spawn(move || {
                let mut all = links(2);
                let spoiled = all.remove(0).wrap(PartyId::new(1), |link| {
                    faulty::wrap(link, frame, spoil.clone())
                });
                all.insert(0, spoiled);
                let results = run(all, |_, _, _| {});
                // A repeated last frame is one that nobody reads any more.
                let unread = frame == 2 && spoil == Spoil::Repeat;
                if !unread {
                    let error = results[1].as_ref().err().unwrap();
                    assert!(
                        matches!(
                            error.fault(),
                            Fault::Peer(_)
                                | Fault::Network { .. }
                                | Fault::Usage
                                | Fault::Stopped { .. }
                        ),
                        "{frame} {spoil:?}: {error}"
                    );
                    assert!(error.exit_code() >= 2);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}
