//! Links over real sockets: who may connect, and that everything arrives.

use std::io::{Read, Write};
use std::time::SystemTime;

use super::*;
use crate::error::Fault;
use crate::net::{Mesh, Options};

const DAY: Duration = Duration::from_secs(24 * 3600);

pub(super) fn party(number: u16) -> PartyId {
    PartyId::new(number)
}

/// A configuration for each party of a run on this machine.
pub(super) fn configs(n_parties: usize, deadline: Duration) -> Vec<Config> {
    on_this_machine(n_parties, deadline).unwrap()
}

/// Runs each party in a thread of its own.
fn run<T: Send + 'static>(
    configs: Vec<Config>,
    body: impl Fn(Config) -> T + Clone + Send + 'static,
) -> Vec<T> {
    let threads: Vec<_> = configs
        .into_iter()
        .map(|config| {
            let body = body.clone();
            thread::spawn(move || body(config))
        })
        .collect();
    threads.into_iter().map(|t| t.join().unwrap()).collect()
}

fn mesh(config: Config) -> Result<Mesh, Error> {
    let names = config.names.clone();
    Mesh::new(connect(config)?, names, Options::default())
}

/// Everyone sends everyone `len` bytes at once, and then one byte back and forth.
fn exchange(config: Config, len: usize) -> Result<(), Error> {
    let mut mesh = mesh(config)?;
    mesh.bind(&[1; 32]);
    let byte = |from: PartyId, i: usize| (i * 31 + from.index() + (i >> 9)) as u8;
    let message = |from: PartyId| (0..len).map(|i| byte(from, i)).collect::<Vec<u8>>();
    for to in mesh.others() {
        mesh.send(to, 0, message(mesh.me()))?;
    }
    for from in mesh.others() {
        assert!(mesh.recv(from, 0, len)? == message(from));
    }
    for to in mesh.others() {
        mesh.send(to, 1, vec![mesh.me().number() as u8])?;
    }
    for from in mesh.others() {
        assert_eq!(mesh.recv(from, 1, 1)?, [from.number() as u8]);
    }
    mesh.close().map(|_| ())
}

#[test]
fn everyone_reaches_everyone() {
    for (n, len) in [(2, 30_000_000), (3, 3_000_000), (5, 300_000), (16, 1000)] {
        for result in run(configs(n, Duration::from_secs(20)), move |c| {
            exchange(c, len)
        }) {
            assert_eq!(result, Ok(()));
        }
    }
}

#[test]
fn both_ends_know_the_same_secret_and_certificates() {
    let ends = run(configs(3, Duration::from_secs(20)), |config| {
        let links = connect(config).unwrap();
        let secrets = |l: Option<Link>| l.map(|l| (*l.secret.0, l.peer_certificate));
        let certificate = links.certificate;
        (
            certificate,
            links.to.into_iter().map(secrets).collect::<Vec<_>>(),
        )
    });
    for a in 0..3 {
        for b in 0..3 {
            let (here, there) = (ends[a].1[b], ends[b].1[a]);
            assert_eq!(here.map(|h| h.0), there.map(|t| t.0));
            assert!(here.is_none_or(|h| h.1 == ends[b].0));
        }
    }
    assert_ne!(ends[0].1[1].unwrap().0, ends[0].1[2].unwrap().0);
}

#[test]
fn links_use_the_hybrid_group_and_no_other() {
    for key_exchange in run(configs(3, Duration::from_secs(20)), |config| {
        mesh(config).unwrap().key_exchange()
    }) {
        assert_eq!(key_exchange, "X25519MLKEM768");
    }

    // A party with the right key, which offers the classical group alone.
    let mut all = configs(2, Duration::from_secs(1));
    let (called, caller) = (all.remove(1), all.remove(0));
    let address = called.listener.local_addr().unwrap();
    let waiting = thread::spawn(|| connect(called).map(|_| ()).unwrap_err());
    let mut classical = rustls::crypto::ring::default_provider();
    classical.kx_groups = vec![rustls::crypto::ring::kx_group::X25519];
    let pins: Arc<[(PartyId, Certificate)]> = Arc::new([]);
    let verifier = PinnedServer::new(party(1), &caller.peers[0].certificate, pins).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(classical))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_auth_cert(
            vec![caller.identity.certificate().0.clone()],
            caller.identity.private_key().unwrap(),
        )
        .unwrap();
    let name = ServerName::try_from(SUBJECT_NAME).unwrap();
    let mut connection = ClientConnection::new(Arc::new(client), name).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let error = connection.complete_io(&mut stream).unwrap_err();
    assert!(error.to_string().contains("HandshakeFailure"), "{error}");
    let error = waiting.join().unwrap();
    assert_eq!(error.exit_code(), 4, "{error}");
    assert!(
        error.to_string().contains("does not speak this protocol"),
        "{error}"
    );
}

#[test]
fn an_impostor_is_refused_by_both_sides() {
    // Party 1 has another key than the one that is pinned for it.
    let mut all = configs(2, Duration::from_secs(1));
    all[1].identity = Identity::ephemeral("impostor").unwrap();
    let results = run(all, |config| connect(config).map(|_| ()).unwrap_err());
    assert_eq!(results[0].fault(), Fault::Peer(party(1)), "{}", results[0]);
    assert!(
        results[0].to_string().contains("not the pinned one"),
        "{}",
        results[0]
    );
    assert_eq!(results[1].exit_code(), 4, "{}", results[1]);
    assert!(
        results[1]
            .to_string()
            .starts_with("party 0 did not connect within 1s")
    );

    // The caller has another key.
    let mut all = configs(2, Duration::from_secs(1));
    all[0].identity = Identity::ephemeral("impostor").unwrap();
    let results = run(all, |config| connect(config).map(|_| ()).unwrap_err());
    assert!(
        results[0]
            .to_string()
            .contains("refuses this party's certificate"),
        "{}",
        results[0]
    );
    assert_eq!(results[0].fault(), Fault::Usage);
    assert!(
        results[1]
            .to_string()
            .contains("not one that is pinned here"),
        "{}",
        results[1]
    );
}

/// A certificate that a pinned one has signed passes the standard verifier and is still not the pinned one.
#[test]
fn a_pinned_certificate_is_no_authority() {
    let pinned = Identity::ephemeral("party 1").unwrap();
    let root = rcgen::KeyPair::from_pem(pinned.expose_key_pem()).unwrap();
    let mut params = rcgen::CertificateParams::new(vec![SUBJECT_NAME.to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "party 1");
    let issuer = rcgen::Issuer::from_params(&params, &root);
    let key = rcgen::KeyPair::generate().unwrap();
    let issued = params.signed_by(&key, &issuer).unwrap();

    use rustls::client::danger::ServerCertVerifier;
    use rustls::server::danger::ClientCertVerifier;
    let name = ServerName::try_from(SUBJECT_NAME).unwrap();
    let now = rustls::pki_types::UnixTime::now();
    let webpki = pinned.certificate().webpki().unwrap();
    let checked = webpki.verify_server_cert(issued.der(), &[], &name, &[], now);
    assert!(checked.is_ok(), "{checked:?}");
    let pins: Arc<[(PartyId, Certificate)]> = Arc::new([]);
    let server = PinnedServer::new(party(1), pinned.certificate(), pins).unwrap();
    let checked = server.verify_server_cert(issued.der(), &[], &name, &[], now);
    assert!(checked.is_err());
    let callers = [(party(1), pinned.certificate())];
    let clients = PinnedClients::new(callers.into_iter()).unwrap();
    assert!(clients.verify_client_cert(issued.der(), &[], now).is_err());
}

#[test]
fn swapped_parties_are_told_apart() {
    let mut all = configs(3, Duration::from_secs(1));
    let peers = &mut all[0].peers;
    let first = peers[0].address.clone();
    peers[0].address = std::mem::replace(&mut peers[1].address, first);
    let config = all.remove(0);
    let rest = thread::spawn(move || run(all, |config| connect(config).map(|_| ()).unwrap_err()));
    let error = connect(config).err().unwrap();
    assert_eq!(error.fault(), Fault::Usage, "{error}");
    assert!(error.to_string().contains("swapped"), "{error}");
    for error in rest.join().unwrap() {
        assert_eq!(error.exit_code(), 4, "{error}");
    }
}

#[test]
fn dates_are_checked_before_anything_is_sent() {
    let old = || Identity::generate("old", Duration::ZERO).unwrap();
    thread::sleep(Duration::from_millis(5));
    let mut all = configs(2, Duration::from_secs(1));
    let (old_own, old_peer) = (old(), old());
    // Certificates have whole seconds.
    while old_peer.certificate().check(SystemTime::now()).is_ok() {
        thread::sleep(Duration::from_millis(50));
    }
    let (mut b, mut a) = (all.pop().unwrap(), all.pop().unwrap());
    a.peers[0].certificate = old_peer.certificate().clone();
    let error = connect(a).err().unwrap();
    assert!(
        error
            .to_string()
            .starts_with("party 1's certificate expired"),
        "{error}"
    );
    b.identity = old_own;
    let error = connect(b).err().unwrap();
    assert!(
        error
            .to_string()
            .starts_with("this party's certificate expired"),
        "{error}"
    );
    assert_eq!(error.exit_code(), 2);
}

/// Who holds a key is one party, however many certificates there are of it.
#[test]
fn one_key_is_one_party() {
    let refused = |change: &dyn Fn(&mut [Config])| {
        let mut all = configs(3, Duration::from_secs(5));
        change(&mut all);
        let error = connect(all.remove(0)).err().unwrap();
        assert_eq!(error.exit_code(), 2, "{error}");
        error.to_string()
    };
    let twice = refused(&|all| {
        let again = all[1].identity.again("another name");
        let first = all[1].identity.certificate().fingerprint();
        assert_ne!(again.certificate().fingerprint(), first);
        all[0].peers[1].certificate = again.certificate().clone();
    });
    assert_eq!(
        twice,
        "the certificates that are pinned for party 1 and party 2 are of one key"
    );
    let own = refused(&|all| {
        all[0].peers[1].certificate = all[0].identity.again("me").certificate().clone();
    });
    assert_eq!(
        own,
        "the certificate that is pinned for party 2 is of this party's own key"
    );
}

/// The date is checked in the handshake too, whatever was checked before it.
#[test]
fn an_expired_certificate_is_refused_in_the_handshake() {
    let identity = Identity::generate("a", DAY).unwrap();
    let pins: Arc<[(PartyId, Certificate)]> = Arc::new([]);
    let server = PinnedServer::new(party(0), identity.certificate(), pins).unwrap();
    let callers = [(party(0), identity.certificate())];
    let clients = PinnedClients::new(callers.into_iter()).unwrap();
    let name = ServerName::try_from(SUBJECT_NAME).unwrap();
    let der = &identity.certificate().0;
    for (days, good) in [(0, true), (2, false)] {
        let at = SystemTime::now() + days * DAY;
        let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let now = rustls::pki_types::UnixTime::since_unix_epoch(since);
        use rustls::client::danger::ServerCertVerifier;
        use rustls::server::danger::ClientCertVerifier;
        let as_server = server.verify_server_cert(der, &[], &name, &[], now);
        assert_eq!(as_server.is_ok(), good);
        assert_eq!(clients.verify_client_cert(der, &[], now).is_ok(), good);
    }
}

/// Strangers who send garbage, speak no TLS, or say nothing delay no one.
#[test]
fn strangers_are_sent_away() {
    let all = configs(2, Duration::from_secs(20));
    let address = all[1].listener.local_addr().unwrap();
    let mut strangers: Vec<TcpStream> = (0..8)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    for (i, stranger) in strangers.iter_mut().enumerate().skip(1) {
        // A stranger that has been sent away already cannot be written to.
        let _ = stranger.write_all(&vec![(i * 37) as u8; 5000 * i]);
    }
    let started = Instant::now();
    for result in run(all, |c| exchange(c, 100)) {
        assert_eq!(result, Ok(()));
    }
    assert!(started.elapsed() < Duration::from_secs(5));
}

/// A client that offers only TLS 1.2 is refused.
#[test]
fn older_versions_are_refused() {
    let all = configs(2, Duration::from_secs(2));
    let setup = Setup::new(&all[1]).unwrap();
    // A TLS 1.2 hello: the version extension is absent.
    let mut hello = vec![22, 3, 1, 0, 0, 1, 0, 0, 0, 3, 3];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x2b, 1, 0, 0, 14]);
    hello.extend([0, 10, 0, 4, 0, 2, 0, 29, 0, 13, 0, 2, 0, 0]);
    let len = hello.len() as u16 - 5;
    hello[3..5].copy_from_slice(&len.to_be_bytes());
    hello[6..9].copy_from_slice(&(u32::from(len) - 4).to_be_bytes()[1..]);
    let mut caller = TcpStream::connect(all[1].listener.local_addr().unwrap()).unwrap();
    caller.write_all(&hello).unwrap();
    let (stream, _) = all[1].listener.accept().unwrap();
    let until = Instant::now() + Duration::from_secs(2);
    let refusal = setup.admit(stream, until).err().unwrap();
    assert!(
        refusal.contains("does not speak this protocol"),
        "{refusal}"
    );
    let mut answer = [0; 7];
    caller.read_exact(&mut answer).unwrap();
    // A fatal alert, and never a handshake message.
    assert_eq!((answer[0], answer[5]), (21, 2));
}

#[test]
fn a_party_that_never_comes_is_named() {
    for absent in [0, 2] {
        let mut all = configs(3, Duration::from_millis(600));
        let roles = vec![None, None, Some("bidder[1]".to_owned())];
        let names = PartyNames::with_roles(roles);
        all.remove(absent);
        let started = Instant::now();
        let results = run(all, move |mut config| {
            config.names = names.clone();
            connect(config).map(|_| ()).unwrap_err()
        });
        for error in results {
            let who = ["party 0", "", "party 2 (bidder[1])"][absent];
            let expected = format!("{who} did not connect within 600ms");
            assert!(error.to_string().starts_with(&expected), "{error}");
            assert_eq!(error.exit_code(), 4);
        }
        assert!(started.elapsed() < Duration::from_secs(4));
    }
}

/// A party that comes late is waited for, and its listener may not exist at first.
#[test]
fn a_late_party_is_waited_for() {
    let mut all = configs(2, Duration::from_secs(20));
    let late = all.pop().unwrap();
    let address = late.listener.local_addr().unwrap().to_string();
    let Config {
        me,
        names,
        identity,
        listener,
        peers,
        connect,
    } = late;
    drop(listener);
    let early = thread::spawn(move || exchange(all.remove(0), 10));
    thread::sleep(Duration::from_millis(300));
    let late = Config {
        me,
        names,
        identity,
        listener: tcp::listen(&address).unwrap(),
        peers,
        connect,
    };
    assert_eq!(exchange(late, 10), Ok(()));
    assert_eq!(early.join().unwrap(), Ok(()));
}

/// A peer whose process dies is named, and the socket's end is no success.
#[test]
fn a_killed_peer_is_named() {
    let results = run(configs(2, Duration::from_secs(20)), |config| {
        if config.me == party(0) {
            let mut links = connect(config).unwrap();
            // Half a frame, then the connection is gone.
            let mut link = links.to[1].take().unwrap();
            let terms = Header {
                tag: UNBOUND_TAG,
                kind: Kind::Terms,
                sender: 0,
                receiver: 1,
                step: 0,
                seq: 1000,
                len: 0,
            };
            let header = Header {
                kind: Kind::Data,
                seq: 0,
                len: 100,
                ..terms
            };
            link.sink.send(&terms.encode(), &[]).unwrap();
            link.sink.send(&header.encode(), &[0; 50]).unwrap();
            link.sink.flush().unwrap();
            link.cut.cut();
            return None;
        }
        Some(mesh(config).unwrap().recv(party(0), 0, 100).unwrap_err())
    });
    let error = results[1].clone().unwrap();
    assert_eq!(error.exit_code(), 4, "{error}");
    assert!(
        error
            .to_string()
            .starts_with("party 0 closed the connection"),
        "{error}"
    );
}

/// Connecting three parties and closing again takes milliseconds.
#[test]
fn setting_up_is_fast() {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let all = configs(3, Duration::from_secs(20));
        let started = Instant::now();
        for result in run(all, |c| exchange(c, 10)) {
            assert_eq!(result, Ok(()));
        }
        best = best.min(started.elapsed());
    }
    // A generous bound: the machine may be busy with other tests.
    assert!(best < Duration::from_millis(500), "{best:?}");
}

/// Spoiled frames inside TLS, and a link that is cut or falls silent under it.
#[test]
fn spoiled_frames_inside_tls_never_pass() {
    use crate::net::faulty::{self, Spoil};
    for (spoil, code) in [
        (Spoil::FlipBit(100), 3),
        (Spoil::Replace(vec![0; 500]), 3),
        (Spoil::ClaimLength(u32::MAX), 3),
        (Spoil::Shorten(3), 3),
        (Spoil::CutWithin(60), 4),
        (Spoil::Stall, 4),
    ] {
        let started = Instant::now();
        let hit = spoil.clone();
        let results = run(configs(2, Duration::from_secs(20)), move |config| {
            let me = config.me;
            let mut links = connect(config).unwrap();
            if me == party(0) {
                links = links.wrap(party(1), |link| faulty::wrap(link, 2, hit.clone()));
            }
            let options = Options {
                deadline: Duration::from_millis(700),
                ..Options::default()
            };
            let mut mesh = Mesh::new(links, PartyNames::plain(2), options).unwrap();
            let other = party(1 - me.number());
            let result = (0..5).try_for_each(|step| {
                mesh.send(other, step, vec![1; 1000])?;
                mesh.recv(other, step, 1000).map(|_| ())
            });
            if let Err(error) = &result {
                mesh.abort(error);
            }
            result
        });
        let error = results[1].as_ref().unwrap_err();
        assert_eq!(error.exit_code(), code, "{spoil:?}: {error}");
        assert!(error.to_string().contains("party 0"), "{spoil:?}: {error}");
        assert!(results[0].is_err(), "{spoil:?}");
        assert!(started.elapsed() < Duration::from_secs(5), "{spoil:?}");
    }
}
