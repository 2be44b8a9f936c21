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
    mesh.bind_session([7; 32]);
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
fn both_ends_of_a_link_share_keys_that_others_lack() {
    let all = run(meshes(3, &Options::default()).unwrap(), |mut mesh| {
        assert!(mesh.pair_key(party(2 - mesh.me().number())).is_err());
        mesh.bind_session([3; 32]);
        let keys: Vec<_> = mesh
            .others()
            .map(|other| {
                let key = mesh.pair_key(other).unwrap();
                (*key.prg_key("a").expose(), *key.prg_key("b").expose())
            })
            .collect();
        mesh.bind_session([4; 32]);
        let other = mesh.others().next().unwrap();
        assert_ne!(
            *mesh.pair_key(other).unwrap().prg_key("a").expose(),
            keys[0].0
        );
        mesh.close().unwrap();
        keys
    });
    assert_eq!(all[0][0], all[1][0]);
    assert_eq!(all[0][1], all[2][0]);
    assert_eq!(all[1][1], all[2][1]);
    assert_ne!(all[0][0], all[0][1]);
    assert_ne!(all[0][0].0, all[0][0].1);
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
            mesh.bind_session([1; 32]);
            mesh.send(party(1), 0, vec![0; 8]).unwrap();
            mesh.recv(party(1), 0, 1).map(|_| ())
        } else {
            mesh.bind_session([2; 32]);
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
