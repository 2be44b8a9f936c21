//! The mesh over links in memory: delivery, order, limits and failures.

use std::thread;
use std::time::{Duration, Instant};

use super::memory::{links_with_capacity, meshes};
use super::*;
use crate::error::Fault;

fn party(number: u16) -> PartyId {
    PartyId::new(number)
}

/// Options with which failures show soon.
fn quick() -> Options {
    Options {
        deadline: Duration::from_millis(400),
        ..Options::default()
    }
}

/// Runs each mesh in a thread of its own.
fn run<T: Send + 'static>(
    meshes: Vec<Mesh>,
    body: impl Fn(Mesh) -> T + Clone + Send + 'static,
) -> Vec<T> {
    let threads: Vec<_> = meshes
        .into_iter()
        .map(|mesh| {
            let body = body.clone();
            thread::spawn(move || body(mesh))
        })
        .collect();
    threads.into_iter().map(|t| t.join().unwrap()).collect()
}

/// A message that its sender, receiver and step determine.
fn pattern(from: PartyId, to: PartyId, step: u64, len: usize) -> Vec<u8> {
    let seed = u64::from(from.number()) * 31 + u64::from(to.number()) * 7 + step;
    (0..len as u64)
        .map(|i| (i * 13 + seed + (i >> 8)) as u8)
        .collect()
}

/// Everyone sends everyone messages of all the lengths, then receives them.
fn exchange(mut mesh: Mesh, lens: &[usize]) -> Result<TrafficReport, Error> {
    mesh.bind(&[7; 32]);
    let me = mesh.me();
    for (step, len) in lens.iter().enumerate() {
        for to in mesh.others() {
            mesh.send(to, step as u64, pattern(me, to, step as u64, *len))?;
        }
    }
    for (step, len) in lens.iter().enumerate() {
        for from in mesh.others() {
            let got = mesh.recv(from, step as u64, *len)?;
            assert!(got == pattern(from, me, step as u64, *len));
        }
    }
    mesh.close()
}

#[test]
fn all_to_all_arrives_in_order_and_is_counted() {
    let lens = [0, 1, 1000, FRAME_CAP, FRAME_CAP + 1, 3 * FRAME_CAP];
    for n in [2, 3, 5] {
        let reports = run(meshes(n, &Options::default()).unwrap(), move |mesh| {
            exchange(mesh, &lens).unwrap()
        });
        let total = lens.iter().sum::<usize>() as u64;
        for report in reports {
            assert_eq!(report.bytes_sent(), total * (n as u64 - 1));
            assert_eq!(report.bytes_received(), total * (n as u64 - 1));
        }
    }
    let reports = run(meshes(16, &Options::default()).unwrap(), |mesh| {
        exchange(mesh, &[5, 0, 4096]).unwrap()
    });
    assert_eq!(reports[3].link(party(9)).bytes_sent, 4101);
    assert_eq!(reports[3].link(party(9)).messages_received, 3);
    assert_eq!(reports[3].link(party(3)), LinkTraffic::default());
}

/// Far more in flight than pipes and queues hold, in both directions and around a ring.
#[test]
fn tiny_buffers_do_not_deadlock() {
    let options = Options {
        send_queue: 1000,
        receive_queue: 1000,
        ..Options::default()
    };
    for n in [2, 3, 5] {
        let names = PartyNames::plain(n);
        let meshes = links_with_capacity(n, 64)
            .unwrap()
            .into_iter()
            .map(|links| Mesh::new(links, names.clone(), options.clone()).unwrap())
            .collect();
        run(meshes, |mesh| exchange(mesh, &[40_000; 3]).unwrap());
    }
}

#[test]
fn the_wrong_step_or_length_names_the_sender() {
    for (step, len) in [(1, 8), (0, 7), (0, 9), (0, FRAME_CAP + 8)] {
        let results = run(meshes(2, &quick()).unwrap(), move |mut mesh| {
            if mesh.me() == party(0) {
                mesh.send(party(1), step, vec![0; len]).unwrap();
                mesh.recv(party(1), 0, 1).unwrap_err()
            } else {
                let error = mesh.recv(party(0), 0, 8).unwrap_err();
                mesh.abort(&error);
                error
            }
        });
        assert_eq!(results[1].fault(), Fault::Peer(party(0)), "{}", results[1]);
        assert_eq!(results[1].exit_code(), 3);
        // The sender hears that it is the one at fault.
        assert_eq!(results[0].fault(), Fault::Peer(party(0)), "{}", results[0]);
        assert_eq!(results[0].reported_by(), Some(party(1)));
    }
}

#[test]
fn a_message_of_another_session_is_refused() {
    let results = run(meshes(2, &quick()).unwrap(), |mut mesh| {
        if mesh.me() == party(0) {
            mesh.bind(&[1; 32]);
            mesh.send(party(1), 0, vec![0; 8]).unwrap();
            mesh.recv(party(1), 0, 1).map(|_| ())
        } else {
            mesh.bind(&[2; 32]);
            let error = mesh.recv(party(0), 0, 8).unwrap_err();
            mesh.abort(&error);
            Err(error)
        }
    });
    let error = results[1].as_ref().unwrap_err();
    assert_eq!(error.to_string(), "party 0 sent a message of another run");
    assert_eq!(error.fault(), Fault::Peer(party(0)));
}

/// Party 2 fails for a reason of its own; 0 waits for 1 and 1 for 0, and both name party 2.
#[test]
fn others_report_the_first_cause() {
    let results = run(meshes(3, &quick()).unwrap(), |mut mesh| {
        let me = mesh.me().number();
        if me == 2 {
            let error = Error::machine("disk on fire");
            mesh.abort(&error);
            return error;
        }
        let error = mesh.recv(party(1 - me), 0, 1).unwrap_err();
        mesh.abort(&error);
        error
    });
    for error in &results[..2] {
        assert_eq!(error.reported_by(), Some(party(2)), "{error}");
        assert!(matches!(error.fault(), Fault::Stopped { party: p, .. } if p == party(2)));
        assert_eq!(error.exit_code(), 3);
        assert!(!error.to_string().contains("disk"));
    }
}

#[test]
fn a_party_that_vanishes_is_named() {
    let results = run(meshes(3, &quick()).unwrap(), |mut mesh| {
        let me = mesh.me().number();
        if me == 2 {
            return None;
        }
        let error = mesh.recv(party(1 - me), 0, 1).unwrap_err();
        mesh.abort(&error);
        Some(error)
    });
    for error in results.into_iter().flatten() {
        assert!(
            matches!(error.fault(), Fault::Stopped { party: p, .. } if p == party(2)),
            "{error}"
        );
    }
}

#[test]
fn a_party_that_is_alive_but_does_not_go_on_is_named_in_the_end() {
    let options = Options {
        deadline: Duration::from_millis(200),
        patience: Duration::from_millis(600),
        ..Options::default()
    };
    let started = Instant::now();
    let results = run(meshes(2, &options).unwrap(), |mut mesh| {
        if mesh.me() == party(0) {
            thread::sleep(Duration::from_millis(900));
            mesh.recv(party(1), 0, 1).unwrap_err()
        } else {
            let error = mesh.recv(party(0), 0, 1).unwrap_err();
            mesh.abort(&error);
            error
        }
    });
    assert_eq!(results[1].exit_code(), 4, "{}", results[1]);
    assert!(results[1].to_string().starts_with("party 0 is connected"));
    assert_eq!(results[0].exit_code(), 4, "{}", results[0]);
    assert!(started.elapsed() < Duration::from_secs(5));
}

/// A party that has finished may leave while another still works, and what it sent last is not lost.
#[test]
fn the_last_message_survives_an_early_end() {
    let results = run(meshes(3, &quick()).unwrap(), |mut mesh| {
        let me = mesh.me();
        if me == party(0) {
            for to in mesh.others() {
                mesh.send(to, 0, pattern(me, to, 0, 2_000_000))?;
            }
            return mesh.close().map(|_| ());
        }
        thread::sleep(Duration::from_millis(700));
        let got = mesh.recv(party(0), 0, 2_000_000)?;
        assert!(got == pattern(party(0), me, 0, 2_000_000));
        let other = party(3 - me.number());
        mesh.send(other, 1, vec![9])?;
        assert_eq!(mesh.recv(other, 1, 1)?, [9]);
        mesh.close().map(|_| ())
    });
    assert_eq!(results, [Ok(()), Ok(()), Ok(())]);
}

#[test]
fn a_party_that_ends_too_early_is_named() {
    let results = run(meshes(2, &quick()).unwrap(), |mut mesh| {
        if mesh.me() == party(0) {
            return mesh.close().map(|_| ());
        }
        mesh.recv(party(0), 0, 1).map(|_| ())
    });
    let error = results[1].as_ref().unwrap_err();
    assert_eq!(error.fault(), Fault::Peer(party(0)), "{error}");
}

#[test]
fn a_failed_mesh_stays_failed() {
    let results = run(meshes(2, &quick()).unwrap(), |mut mesh| {
        if mesh.me() == party(0) {
            mesh.send(party(1), 5, vec![0]).unwrap();
            mesh.send(party(1), 0, vec![0]).unwrap();
            let _ = mesh.recv(party(1), 0, 1);
            return None;
        }
        let first = mesh.recv(party(0), 0, 1).unwrap_err();
        assert_eq!(mesh.recv(party(0), 0, 1).unwrap_err(), first);
        assert_eq!(mesh.send(party(0), 0, vec![1]).unwrap_err(), first);
        Some((first, mesh.close().unwrap_err()))
    });
    let (first, last) = results[1].clone().unwrap();
    assert_eq!(first, last);
}

/// The value at which a counter stays, having reached `least` (or not within seconds).
pub(super) fn settled(counter: &std::sync::atomic::AtomicU64, least: u64) -> u64 {
    let read = || counter.load(std::sync::atomic::Ordering::SeqCst);
    for _ in 0..100 {
        let before = read();
        thread::sleep(Duration::from_millis(100));
        if before >= least && read() == before {
            break;
        }
    }
    read()
}

/// A party that is busy holds what its limit says, however much a peer sends.
#[test]
fn a_busy_party_is_not_flooded() {
    let options = Options {
        send_queue: 0,
        receive_queue: 10_000,
        ..Options::default()
    };
    let mut meshes = links_with_capacity(2, 1000)
        .unwrap()
        .into_iter()
        .map(|links| Mesh::new(links, PartyNames::plain(2), options.clone()).unwrap());
    let (mut sender, mut busy) = (meshes.next().unwrap(), meshes.next().unwrap());
    let sent = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let count = sent.clone();
    let flood = thread::spawn(move || {
        for step in 0..1000 {
            sender.send(party(1), step, vec![0; 1000]).unwrap();
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
        sender.close().unwrap();
    });
    let so_far = settled(&sent, 10);
    // One message more than the limit is let in, one waits in its reader, one in the pipe, two at the sender.
    assert!((10..=16).contains(&so_far), "{so_far}");
    for step in 0..1000 {
        busy.recv(party(0), step, 1000).unwrap();
    }
    busy.close().unwrap();
    flood.join().unwrap();
}

/// Even a party that waits for another peer holds no more than the hard limit of what a flooding one sends.
#[test]
fn a_waiting_party_is_not_flooded_beyond_the_hard_limit() {
    let options = Options {
        send_queue: 0,
        receive_queue: 1000,
        receive_limit: 50_000,
        ..quick()
    };
    let mut meshes = links_with_capacity(3, 1000)
        .unwrap()
        .into_iter()
        .map(|links| Mesh::new(links, PartyNames::plain(3), options.clone()).unwrap());
    let (mut flooding, mut waiting) = (meshes.next().unwrap(), meshes.next().unwrap());
    let mut other = meshes.next().unwrap();
    let sent = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let count = sent.clone();
    let flood = thread::spawn(move || {
        for step in 0..100_000 {
            if flooding.send(party(1), step, vec![0; 1000]).is_err() {
                return;
            }
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
    });
    let wait = thread::spawn(move || {
        waiting.recv(party(2), 0, 1).unwrap();
        waiting
    });
    let so_far = settled(&sent, 44);
    assert!((44..=54).contains(&so_far), "{so_far}");
    other.send(party(1), 0, vec![1]).unwrap();
    drop(wait.join().unwrap());
    flood.join().unwrap();
}

/// A header that party 0 may send to party 1, with nothing after it.
pub(super) fn empty_frame(kind: Kind, seq: u64) -> [u8; HEADER_LEN] {
    let header = frame::Header {
        tag: UNBOUND_TAG,
        kind,
        sender: 0,
        receiver: 1,
        step: 0,
        seq,
        len: 0,
    };
    header.encode()
}

/// Frames without payload take room as well: they count, and fill a queue up.
#[test]
fn empty_frames_are_no_way_around_the_limit() {
    let options = Options {
        receive_queue: 10_000,
        ..Options::default()
    };
    let mut links = links_with_capacity(2, 1000).unwrap().into_iter();
    let (mut flooding, busy) = (links.next().unwrap(), links.next().unwrap());
    let busy = Mesh::new(busy, PartyNames::plain(2), options).unwrap();
    let sent = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let count = sent.clone();
    let flood = thread::spawn(move || {
        let link = flooding.to[1].as_mut().unwrap();
        let terms = empty_frame(Kind::Terms, 1000);
        link.sink.send(&terms, &[]).unwrap();
        for seq in 0..100_000 {
            let frame = empty_frame(Kind::Data, seq);
            if link.sink.send(&frame, &[]).is_err() {
                return;
            }
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
    });
    let so_far = settled(&sent, 60);
    assert!((60..=140).contains(&so_far), "{so_far}");
    drop(busy);
    flood.join().unwrap();
}

/// A goodbye is answered once, however often it is said.
#[test]
fn many_goodbyes_have_one_answer() {
    let mut links = links_with_capacity(2, 1 << 20).unwrap().into_iter();
    let (mut odd, other) = (links.next().unwrap(), links.next().unwrap());
    let mut other = Mesh::new(other, PartyNames::plain(2), quick()).unwrap();
    let link = odd.to[1].as_mut().unwrap();
    let terms = empty_frame(Kind::Terms, 1000);
    link.sink.send(&terms, &[]).unwrap();
    for _ in 0..100 {
        let frame = empty_frame(Kind::Goodbye, 0);
        link.sink.send(&frame, &[]).unwrap();
    }
    let error = other.recv(party(0), 0, 1).unwrap_err();
    assert!(
        matches!(error.fault(), Fault::Peer(p) if p == party(0)),
        "{error}"
    );
    // The answer is there before the other side stops.
    link.source.set_deadline(Duration::from_secs(20)).unwrap();
    let answers = |said: &[u8]| {
        let headers = said.chunks(HEADER_LEN);
        let headers = headers.filter_map(|bytes| frame::Header::decode(bytes).ok());
        headers.filter(|h| h.kind == Kind::Received).count()
    };
    let mut said = Vec::new();
    while answers(&said) == 0 {
        assert!(link.source.read(&mut said, 1 << 16).unwrap() > 0);
    }
    drop(other);
    while link.source.read(&mut said, 1 << 16).unwrap() > 0 {}
    assert_eq!(answers(&said), 1);
}

/// Whatever happens to a frame of a message of several frames, the receiver ends in time, names the sender or their
/// link, and has no message.
#[test]
fn spoiled_frames_of_large_messages_never_pass() {
    use super::faulty::{self, Spoil};
    use super::memory::links;
    let spoils = [
        Spoil::FlipBit(0),
        Spoil::FlipBit(8 * 8),
        Spoil::FlipBit(10 * 8),
        Spoil::FlipBit(12 * 8),
        Spoil::FlipBit(32 * 8),
        Spoil::FlipBit(35 * 8 + 7),
        Spoil::Cut,
        Spoil::CutWithin(1000),
        Spoil::Repeat,
        Spoil::Drop,
        Spoil::Swap,
        Spoil::Stall,
        Spoil::Replace(vec![0xa5; 3000]),
        Spoil::Lengthen(1),
        Spoil::Shorten(1),
        Spoil::ClaimLength(u32::MAX),
        Spoil::ClaimLength(0),
    ];
    const LEN: usize = 2 * FRAME_CAP + 77;
    let threads: Vec<_> = spoils
        .into_iter()
        .map(|spoil| {
            thread::spawn(move || {
                let mut all = links(2).unwrap().into_iter();
                let (first, second) = (all.next().unwrap(), all.next().unwrap());
                let first = first.wrap(party(1), |link| faulty::wrap(link, 1, spoil.clone()));
                let meshes = [first, second]
                    .into_iter()
                    .map(|links| Mesh::new(links, PartyNames::plain(2), quick()).unwrap())
                    .collect();
                let started = Instant::now();
                let results = run(meshes, |mut mesh| {
                    let result = if mesh.me() == party(0) {
                        mesh.send(party(1), 0, vec![1; LEN]).and_then(|()| {
                            mesh.send(party(1), 1, vec![2; LEN])?;
                            mesh.recv(party(1), 2, 1)
                        })
                    } else {
                        let first = mesh.recv(party(0), 0, LEN);
                        first.and_then(|_| mesh.recv(party(0), 1, LEN))
                    };
                    if let Err(error) = &result {
                        mesh.abort(error);
                    }
                    result.map(|_| ())
                });
                let error = results[1].as_ref().unwrap_err();
                match error.fault() {
                    Fault::Peer(who) => assert_eq!(who, party(0), "{spoil:?}: {error}"),
                    Fault::Network { other, .. } => {
                        assert_eq!(other, party(0), "{spoil:?}: {error}");
                    }
                    _ => panic!("{spoil:?}: {error}"),
                }
                assert!(results[0].is_err());
                assert!(started.elapsed() < Duration::from_secs(5), "{spoil:?}");
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

/// A party that waits for room behind a peer that does not read hears when another party fails.
#[test]
fn a_stuck_send_ends_when_another_party_fails() {
    let mut all = links_with_capacity(3, 500).unwrap().into_iter();
    let names = PartyNames::plain(3);
    let options = Options {
        send_queue: 0,
        ..Options::default()
    };
    let mut sender = Mesh::new(all.next().unwrap(), names.clone(), options).unwrap();
    // Party 1 is there and does not read at all.
    let deaf = all.next().unwrap();
    let mut failing = Mesh::new(all.next().unwrap(), names, Options::default()).unwrap();
    let stuck = thread::spawn(move || {
        let error = (0..100)
            .find_map(|step| sender.send(party(1), step, vec![0; 100]).err())
            .unwrap_or_else(|| sender.recv(party(2), 0, 1).unwrap_err());
        sender.abort(&error);
        error
    });
    thread::sleep(Duration::from_millis(100));
    assert!(!stuck.is_finished());
    let started = Instant::now();
    failing.abort(&Error::machine("out of paper"));
    let error = stuck.join().unwrap();
    assert_eq!(error.reported_by(), Some(party(2)), "{error}");
    assert!(started.elapsed() < Duration::from_secs(4));
    drop(deaf);
}

/// Many messages to and fro, from empty ones to several frames.
#[test]
fn small_and_large_messages_keep_their_order() {
    run(meshes(2, &Options::default()).unwrap(), |mut mesh| {
        let other = party(1 - mesh.me().number());
        let len = |step: u64| [10, 100_000, 0, 16 * 1024, 16 * 1024 + 1][step as usize % 5];
        for round in 0..200 {
            for step in 5 * round..5 * round + 5 {
                mesh.send(other, step, vec![step as u8; len(step)]).unwrap();
            }
            for step in 5 * round..5 * round + 5 {
                let got = mesh.recv(other, step, len(step)).unwrap();
                assert!(got.iter().all(|b| *b == step as u8));
            }
        }
        mesh.close().unwrap();
    });
}
