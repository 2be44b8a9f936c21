//! What a bad network does to links: every fault is the network's, in time, and no spoiled byte arrives.

use super::tests::{configs, party};
use super::*;
use crate::error::Fault as Whose;
use crate::net::proxy::{Fault, Hit, Proxy};
use crate::net::{Mesh, Options};

/// Rounds of messages to and fro: enough records that a fault hits one in the middle.
const ROUNDS: u64 = 30;

/// What two parties say when their link goes through a proxy, and how long it took; whether the fault happened.
fn through(hit: Hit) -> ([Result<(), Error>; 2], Duration, bool) {
    let mut all = configs(2, Duration::from_millis(1500));
    let proxy = Proxy::start(&all[0].peers[0].address, hit).unwrap();
    all[0].peers[0].address = proxy.address();
    // Held to the end: who calls again must not reach the parties of another link at a port that was given away.
    let _ports: Vec<_> = (all.iter())
        .map(|config| config.listener.try_clone().unwrap())
        .collect();
    let started = Instant::now();
    let threads: Vec<_> = all
        .into_iter()
        .map(|config| thread::spawn(move || to_and_fro(config)))
        .collect();
    let results: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    (
        results.try_into().unwrap(),
        started.elapsed(),
        proxy.has_struck(),
    )
}

fn to_and_fro(config: Config) -> Result<(), Error> {
    let (me, names) = (config.me, config.names.clone());
    let options = Options {
        connect: Duration::from_millis(1500),
        deadline: Duration::from_millis(500),
        ..Options::default()
    };
    let mut mesh = Mesh::new(connect(config)?, names, options)?;
    let other = party(1 - me.number());
    let result = (0..ROUNDS).try_for_each(|step| {
        let message = |who: PartyId| vec![(step + u64::from(who.number())) as u8; 3000];
        mesh.send(other, step, message(me))?;
        assert!(mesh.recv(other, step, 3000)? == message(other));
        Ok(())
    });
    match result {
        Ok(()) => mesh.close().map(|_| ()),
        Err(error) => {
            mesh.abort(&error);
            Err(error)
        }
    }
}

#[test]
fn what_the_network_spoils_is_blamed_on_the_network() {
    let mut faults = vec![
        Fault::Cut,
        Fault::CutWithin,
        Fault::Stall,
        Fault::Repeat,
        Fault::Swap,
        Fault::Drop,
    ];
    // Length, first and later bytes of what is sealed; type and version are sealed inside as well.
    faults.extend([24, 30, 33, 36, 40, 41, 500, 5000, 12345].map(Fault::Flip));
    let hits = faults.into_iter().flat_map(|fault| {
        [(12, true), (13, false), (25, true)].map(|(record, forth)| Hit {
            fault,
            record,
            forth,
        })
    });
    let threads: Vec<_> = hits
        .map(|hit| thread::spawn(move || (hit, through(hit))))
        .collect();
    for thread in threads {
        let (hit, (results, took, struck)) = thread.join().unwrap();
        assert!(struck, "{hit:?}");
        assert!(took < Duration::from_secs(5), "{hit:?}: {took:?}");
        for result in results {
            let Err(error) = result else {
                panic!("{hit:?} went unnoticed");
            };
            assert!(
                matches!(error.fault(), Whose::Network { .. }),
                "{hit:?}: {error}"
            );
            assert_eq!(error.exit_code(), 4);
        }
    }
}

#[test]
fn what_the_network_spoils_in_the_handshake_is_blamed_on_the_network() {
    let faults = [Fault::Flip(100), Fault::Flip(1001), Fault::Drop, Fault::Cut];
    let hits = faults.into_iter().flat_map(|fault| {
        (0..4).flat_map(move |record| {
            [true, false].map(|forth| Hit {
                fault,
                record,
                forth,
            })
        })
    });
    let threads: Vec<_> = hits
        .map(|hit| thread::spawn(move || (hit, through(hit))))
        .collect();
    for thread in threads {
        let (hit, (results, took, _)) = thread.join().unwrap();
        assert!(took < Duration::from_secs(6), "{hit:?}: {took:?}");
        for result in results {
            // A record that says nothing of use may be lost: then nothing happens.
            if let Err(error) = result {
                assert_eq!(error.exit_code(), 4, "{hit:?}: {error}");
            }
        }
    }
}

/// What a record's header says of type and version decides nothing: what is sealed inside does.
#[test]
fn a_record_header_may_be_spoiled() {
    let threads: Vec<_> = (0..24)
        .map(|bit| {
            let hit = Hit {
                fault: Fault::Flip(bit),
                record: 15,
                forth: true,
            };
            thread::spawn(move || (hit, through(hit)))
        })
        .collect();
    for thread in threads {
        let (hit, (results, took, struck)) = thread.join().unwrap();
        assert!(struck, "{hit:?}");
        assert!(took < Duration::from_secs(5), "{hit:?}: {took:?}");
        for error in results.into_iter().filter_map(Result::err) {
            assert_eq!(error.exit_code(), 4, "{hit:?}: {error}");
        }
    }
}

/// Bytes that come one by one are slow and nothing else.
#[test]
fn what_trickles_arrives() {
    let (results, _, struck) = through(Hit {
        fault: Fault::Trickle(100, 1000),
        record: 9,
        forth: true,
    });
    assert!(struck);
    assert_eq!(results, [Ok(()), Ok(())]);
}

/// An address that nobody can dial is a mistake in the configuration, not a peer that does not come.
#[test]
fn an_address_without_a_port_is_a_usage_error() {
    for address in ["127.0.0.1", "127.0.0.1:", "127.0.0.1:0", ":5000"] {
        let mut all = configs(2, Duration::from_secs(20));
        all[0].peers[0].address = address.to_owned();
        let started = Instant::now();
        let error = connect(all.swap_remove(0)).err().unwrap();
        assert_eq!(error.exit_code(), 2, "{error}");
        assert!(error.to_string().contains("party 1"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

/// A caller that has another certificate pinned for this party says so, and who is called understands it.
#[test]
fn a_caller_that_refuses_our_certificate_is_understood() {
    let mut all = configs(2, Duration::from_secs(20));
    all[1].identity = Identity::ephemeral("renewed").unwrap();
    let called = all.pop().unwrap();
    let calls = thread::spawn(move || connect(all.remove(0)).map(|_| ()));
    let (stream, _) = called.listener.accept().unwrap();
    let setup = Setup::new(&called).unwrap();
    let refusal = setup.admit(stream, from_now(Duration::from_secs(20)));
    let refusal = refusal.err().unwrap();
    assert!(
        refusal.contains("the caller refuses this party's certificate"),
        "{refusal}"
    );
    assert!(calls.join().unwrap().is_err());
}

/// The longest wait that a configuration can ask for is a wait.
#[test]
fn no_wait_for_connections_is_too_long() {
    let all = configs(2, Duration::from_secs(i64::MAX as u64));
    let threads: Vec<_> = all
        .into_iter()
        .map(|config| thread::spawn(move || to_and_fro(config)))
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), Ok(()));
    }
}
