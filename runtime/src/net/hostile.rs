//! What a peer that speaks frames can try, and what it gets: in time, the right fault, and nobody else blamed.

use std::thread;
use std::time::{Duration, Instant};

use super::frame::Header;
use super::link::ByteSource;
use super::memory::{links, links_with_capacity};
use super::*;
use crate::error::Fault;
use crate::net::tests::empty_frame;

const TERMS: u64 = 1000;

fn party(number: u16) -> PartyId {
    PartyId::new(number)
}

fn quick() -> Options {
    Options {
        connect: Duration::from_secs(10),
        deadline: Duration::from_millis(800),
        patience: Duration::from_millis(1000),
        ..Options::default()
    }
}

fn mesh(links: Links, n_parties: usize, options: Options) -> Mesh {
    Mesh::new(links, PartyNames::plain(n_parties), options).unwrap()
}

/// Party 1 of two, and party 0's link to it, over which anything can be said.
fn against(options: Options) -> (Mesh, Link) {
    let mut all = links(2).unwrap().into_iter();
    let mut hostile = all.next().unwrap();
    let link = hostile.to[1].take().unwrap();
    (mesh(all.next().unwrap(), 2, options), link)
}

/// A frame of party 0 to party 1.
fn frame(kind: Kind, seq: u64, tag: [u8; 8], len: usize) -> [u8; HEADER_LEN] {
    let header = Header {
        tag,
        kind,
        sender: 0,
        receiver: 1,
        step: 0,
        seq,
        len: len as u32,
    };
    header.encode()
}

/// What party 1 says when it waits for a message, party 0 having sent these frames.
fn said_after(frames: &[(Kind, u64)]) -> Error {
    let (mut honest, mut link) = against(quick());
    for &(kind, seq) in frames {
        link.sink.send(&empty_frame(kind, seq), &[]).unwrap();
    }
    (0..=frames.len())
        .find_map(|_| honest.recv(party(0), 0, 0).err())
        .unwrap()
}

#[test]
fn frames_that_nobody_may_send_name_their_sender() {
    let terms = (Kind::Terms, TERMS);
    for (frames, why) in [
        (&[(Kind::Data, 0)][..], "terms out of place"),
        (&[(Kind::Heartbeat, 0)], "terms out of place"),
        (&[terms, terms], "terms out of place"),
        (&[(Kind::Terms, 0)], "a deadline of 0ns"),
        (&[(Kind::Terms, 99)], "a deadline of 99ms"),
        (&[terms, (Kind::Received, 0)], "an answer to nothing"),
        (
            &[terms, (Kind::Data, 1)],
            "frame 1 where frame 0 comes next",
        ),
        (
            &[terms, (Kind::Data, 0), (Kind::Data, 0)],
            "frame 0 where frame 1 comes next",
        ),
        (
            &[terms, (Kind::Goodbye, 0), (Kind::Data, 0)],
            "a message after its goodbye",
        ),
        (
            &[terms, (Kind::Heartbeat, 5), (Kind::Heartbeat, 4)],
            "goes back",
        ),
    ] {
        // A goodbye ends the wait by itself; give what follows it time to be read.
        let error = said_after(frames);
        let goodbye = frames.iter().any(|(kind, _)| *kind == Kind::Goodbye);
        assert_eq!(error.fault(), Fault::Peer(party(0)), "{error}");
        assert!(error.to_string().contains(why) || goodbye, "{error}");
    }
}

/// The order of frames and their session are checked as they arrive, also at a party that only computes.
#[test]
fn a_party_that_computes_hears_of_wrong_frames() {
    for (seq, tag, why) in [
        (3, [7; 8], "another run"),
        (0, [8; 8], "another run"),
        (0, UNBOUND_TAG, "frame 0"),
    ] {
        let (mut honest, mut link) = against(quick());
        honest.bind(&[7; 32]);
        let send = |link: &mut Link, bytes: [u8; HEADER_LEN]| link.sink.send(&bytes, &[]).unwrap();
        send(&mut link, empty_frame(Kind::Terms, TERMS));
        send(&mut link, frame(Kind::Data, 0, UNBOUND_TAG, 0));
        send(&mut link, frame(Kind::Data, seq, tag, 0));
        let error = computing(&mut honest).unwrap_err();
        assert_eq!(error.fault(), Fault::Peer(party(0)), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
}

/// Computes for up to two seconds without a message.
fn computing(mesh: &mut Mesh) -> Result<(), Error> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(2) {
        mesh.poll()?;
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

#[test]
fn a_party_that_computes_hears_that_a_peer_is_gone() {
    let (mut honest, link) = against(quick());
    link.cut.cut();
    let began = Instant::now();
    let error = computing(&mut honest).unwrap_err();
    assert_eq!(error.exit_code(), 4, "{error}");
    assert!(began.elapsed() < Duration::from_millis(1500));
}

/// What nobody asked for is noticed at the latest when the run ends.
#[test]
fn messages_left_over_are_a_fault() {
    let mut all = links(2).unwrap().into_iter();
    let names = PartyNames::plain(2);
    let mut a = Mesh::new(all.next().unwrap(), names.clone(), quick()).unwrap();
    let mut b = Mesh::new(all.next().unwrap(), names, quick()).unwrap();
    a.send(party(1), 0, vec![1]).unwrap();
    a.send(party(1), 1, vec![2]).unwrap();
    assert_eq!(b.recv(party(0), 0, 1).unwrap(), [1]);
    let other = thread::spawn(move || a.close());
    thread::sleep(Duration::from_millis(100));
    let error = b.close().unwrap_err();
    assert_eq!(error.fault(), Fault::Peer(party(0)), "{error}");
    // All that it sent had arrived, so it may have gone.
    drop(other.join().unwrap());
}

/// Each party hears signs of life as often as its own deadline wants, whatever the others' are.
#[test]
fn different_deadlines_go_together() {
    let deadlines = [600, 60_000, 60_000].map(Duration::from_millis);
    let meshes: Vec<Mesh> = links(3)
        .unwrap()
        .into_iter()
        .zip(deadlines)
        .map(|(links, deadline)| {
            let options = Options {
                deadline,
                ..Options::default()
            };
            mesh(links, 3, options)
        })
        .collect();
    let threads: Vec<_> = meshes
        .into_iter()
        .map(|mut mesh| {
            thread::spawn(move || {
                if mesh.me() == party(2) {
                    thread::sleep(Duration::from_millis(2000));
                    for to in mesh.others() {
                        mesh.send(to, 0, vec![9])?;
                    }
                } else {
                    mesh.recv(party(2), 0, 1)?;
                }
                mesh.close().map(|_| ())
            })
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), Ok(()));
    }
}

/// A party that is connected before the others waits for them longer than for a sign of life afterwards.
#[test]
fn a_peer_may_still_wait_for_others() {
    let mut all = links(2).unwrap().into_iter();
    let options = Options {
        patience: Duration::from_secs(20),
        ..quick()
    };
    let early = mesh(all.next().unwrap(), 2, options);
    let late = all.next().unwrap();
    let waits = thread::spawn(move || {
        let mut early = early;
        early.recv(party(1), 0, 1)?;
        early.close().map(|_| ())
    });
    thread::sleep(Duration::from_millis(1300));
    let mut late = mesh(late, 2, quick());
    late.send(party(0), 0, vec![1]).unwrap();
    late.close().unwrap();
    assert_eq!(waits.join().unwrap(), Ok(()));
}

#[test]
fn no_deadline_is_too_long_and_some_are_too_short() {
    let options = Options {
        connect: Duration::MAX,
        deadline: Duration::from_secs(i64::MAX as u64),
        patience: Duration::MAX,
        ..Options::default()
    };
    let threads: Vec<_> = meshes(2, &options)
        .into_iter()
        .map(|mut mesh| {
            thread::spawn(move || {
                mesh.limit_run(Duration::MAX);
                let other = party(1 - mesh.me().number());
                mesh.send(other, 0, vec![1])?;
                mesh.recv(other, 0, 1)?;
                mesh.close().map(|_| ())
            })
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), Ok(()));
    }
    let short = Options {
        deadline: Duration::ZERO,
        ..Options::default()
    };
    let error = memory::meshes(2, &short).err().unwrap();
    assert_eq!(error.exit_code(), 2, "{error}");
}

fn meshes(n_parties: usize, options: &Options) -> Vec<Mesh> {
    memory::meshes(n_parties, options).unwrap()
}

/// Party 1 waits for party 2, which waits for party 0; only party 0 gets on, and says so.
#[test]
fn patience_lasts_while_another_party_gets_on() {
    for gets_on in [true, false] {
        let options = quick();
        let threads: Vec<_> = meshes(3, &options)
            .into_iter()
            .map(|mut mesh| {
                thread::spawn(move || {
                    let me = mesh.me();
                    mesh.plan_parts(100)?;
                    if me == party(0) {
                        for done in 0..25 {
                            if gets_on {
                                mesh.progress(done);
                            }
                            thread::sleep(Duration::from_millis(100));
                        }
                    } else {
                        mesh.recv(party(if me == party(1) { 2 } else { 0 }), 0, 1)?;
                    }
                    if me != party(1) {
                        mesh.send(party(if me == party(2) { 1 } else { 2 }), 0, vec![1])?;
                    }
                    mesh.close().map(|_| ())
                })
            })
            .collect();
        let results: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
        for result in &results[1..] {
            assert_eq!(result.is_ok(), gets_on, "{result:?}");
        }
    }
}

/// A peer that does nothing but count is waited for as long as the run may take, and no longer.
#[test]
fn a_peer_that_only_counts_is_given_up_at_the_limit() {
    let (mut honest, mut link) = against(Options {
        deadline: Duration::from_secs(5),
        ..quick()
    });
    honest.plan_parts(1 << 60).unwrap();
    honest.limit_run(Duration::from_millis(1500));
    let counts = thread::spawn(move || {
        link.sink.send(&empty_frame(Kind::Terms, TERMS), &[])?;
        for done in 0.. {
            link.sink.send(&empty_frame(Kind::Heartbeat, done), &[])?;
            thread::sleep(Duration::from_millis(20));
        }
        Ok::<(), std::io::Error>(())
    });
    let began = Instant::now();
    let error = honest.recv(party(0), 0, 1).unwrap_err();
    let took = began.elapsed();
    assert_eq!(error.exit_code(), 4, "{error}");
    assert!(error.to_string().contains("1.5s"), "{error}");
    assert!(took > Duration::from_millis(1400), "{took:?}");
    assert!(took < Duration::from_millis(4000), "{took:?}");
    drop(honest);
    assert!(counts.join().unwrap().is_err());
}

/// More than there is to do is refused, whether it is claimed before or after the party knows how much that is.
#[test]
fn nobody_does_more_than_there_is_to_do() {
    for early in [true, false] {
        let (mut honest, mut link) = against(quick());
        let mut claim = || {
            for (kind, seq) in [(Kind::Terms, TERMS), (Kind::Heartbeat, 101)] {
                link.sink.send(&empty_frame(kind, seq), &[]).unwrap();
            }
            thread::sleep(Duration::from_millis(100));
        };
        let error = if early {
            claim();
            let known = honest.plan_parts(100).err();
            known.unwrap_or_else(|| honest.recv(party(0), 0, 1).unwrap_err())
        } else {
            honest.plan_parts(100).unwrap();
            claim();
            honest.recv(party(0), 0, 1).unwrap_err()
        };
        assert_eq!(error.fault(), Fault::Peer(party(0)), "{error}");
        assert!(error.to_string().contains("more than there is to do"));
    }
}

/// All peers together cannot make a waiting party hold more than the limit.
#[test]
fn the_limit_is_for_all_links_together() {
    let options = Options {
        send_queue: 0,
        receive_queue: 1000,
        receive_limit: 50_000,
        connect: Duration::from_secs(20),
        ..quick()
    };
    let options = Options {
        patience: Duration::from_secs(60),
        ..options
    };
    let mut all: Vec<Mesh> = links_with_capacity(4, 1000)
        .unwrap()
        .into_iter()
        .map(|links| mesh(links, 4, options.clone()))
        .collect();
    let mut other = all.pop().unwrap();
    let mut waiting = all.remove(0);
    let sent = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let floods: Vec<_> = all
        .into_iter()
        .map(|mut flooding| {
            let count = sent.clone();
            thread::spawn(move || {
                for step in 0..100_000 {
                    if flooding.send(party(0), step, vec![0; 1000]).is_err() {
                        return;
                    }
                    count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                }
            })
        })
        .collect();
    let wait = thread::spawn(move || {
        waiting.recv(party(3), 0, 1).unwrap();
        waiting
    });
    let so_far = tests::settled(&sent, 44);
    assert!((44..=64).contains(&so_far), "{so_far}");
    other.send(party(0), 0, vec![1]).unwrap();
    drop(wait.join().unwrap());
    for flood in floods {
        flood.join().unwrap();
    }
}

/// A half of a link that panics.
struct Panics;

impl ByteSource for Panics {
    fn read(&mut self, _out: &mut Vec<u8>, _max: usize) -> std::io::Result<usize> {
        panic!("on purpose")
    }

    fn set_deadline(&mut self, _deadline: Duration) -> std::io::Result<()> {
        Ok(())
    }
}

impl FrameSink for Panics {
    fn send(&mut self, _: &[u8; HEADER_LEN], _: &[u8]) -> std::io::Result<()> {
        panic!("on purpose")
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A thread of a link that panics fails the run at once: nothing would ever arrive, or ever be sent.
#[test]
fn a_panic_in_a_thread_of_a_link_ends_the_run() {
    for reader in [true, false] {
        let mut all = links(2).unwrap().into_iter();
        let broken = all.next().unwrap().wrap(party(1), |link| {
            if reader {
                Link {
                    source: Box::new(Panics),
                    ..link
                }
            } else {
                Link {
                    sink: Box::new(Panics),
                    ..link
                }
            }
        });
        let mut broken = mesh(broken, 2, Options::default());
        let _other = mesh(all.next().unwrap(), 2, Options::default());
        let began = Instant::now();
        let error = broken.recv(party(1), 0, 1).unwrap_err();
        assert_eq!(error.fault(), Fault::Bug, "{error}");
        assert!(began.elapsed() < Duration::from_secs(1));
    }
}
