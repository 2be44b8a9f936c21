//! Links over TLS 1.3 with mutual, pinned certificates.
//!
//! A party is whoever proves to hold the key of the certificate that is pinned for it, whatever it claims. The standard
//! verifier runs with the one pinned certificate as its root, so that signature and dates are checked, and the
//! certificate is compared with the pinned one, since a root could also sign others. In TLS 1.3 a client has finished
//! before the server looks at its certificate; a link is up only when each side has had the other's greeting.
//!
//! The party with the lower number dials. All connections are made at once, and a stranger who connects delays no one.

mod greet;
mod pin;
mod record;
mod stream;

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};

use super::frame::{Header, Kind, UNBOUND_TAG, encode_notice};
use super::link::{Link, Links};
use super::options::from_now;
use super::tcp;
use crate::error::{Error, LinkTrouble};
use crate::keys::{Certificate, Identity, Invalid, SUBJECT_NAME, provider};
use crate::party::{PartyId, PartyNames};
use greet::{Unwelcome, greet, hang_up};
use pin::{PinError, PinnedClients, PinnedServer};
use record::Traffic;

/// How long a caller may take to show who it is.
const STRANGER_PATIENCE: Duration = Duration::from_secs(10);

/// Connections that may be proving who they are at once.
const MAX_STRANGERS: usize = 2 * crate::party::MAX_PARTIES;

/// How another party is known and reached.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The party.
    pub party: PartyId,
    /// Its pinned certificate.
    pub certificate: Certificate,
    /// `host:port`; used when this party's number is the lower one.
    pub address: String,
}

/// What a party needs to connect to all others.
pub struct Config {
    /// This party.
    pub me: PartyId,
    /// What messages call the parties.
    pub names: PartyNames,
    /// This party's certificate and key.
    pub identity: Identity,
    /// Where the others reach this party.
    pub listener: TcpListener,
    /// Every other party.
    pub peers: Vec<Peer>,
    /// How long to wait for all of them.
    pub connect: Duration,
}

/// What each party of a run on this machine connects with: keys for this run alone, and ports that the system chooses.
///
/// # Errors
/// Of the machine: no randomness, or no port.
pub fn on_this_machine(n_parties: usize, connect: Duration) -> Result<Vec<Config>, Error> {
    let names = PartyNames::plain(n_parties);
    let mut parties = Vec::new();
    let mut everyone = Vec::new();
    for party in PartyId::all(n_parties) {
        let identity = Identity::ephemeral(&names.label(party))?;
        let listener = tcp::listen("127.0.0.1:0")?;
        let address = listener.local_addr();
        let address = address.map_err(|e| Error::machine(format!("a port has no address: {e}")))?;
        everyone.push(Peer {
            party,
            certificate: identity.certificate().clone(),
            address: address.to_string(),
        });
        parties.push((party, identity, listener));
    }
    let others = |me| everyone.iter().filter(move |p| p.party != me).cloned();
    let config = |(me, identity, listener)| Config {
        me,
        names: names.clone(),
        identity,
        listener,
        peers: others(me).collect(),
        connect,
    };
    Ok(parties.into_iter().map(config).collect())
}

/// Connects to all other parties at once. Fails when one did not come in time, naming it, and when a certificate is not
/// the pinned one or not within its dates; parties that were connected by then are told.
pub fn connect(config: Config) -> Result<Links, Error> {
    let setup = Arc::new(Setup::new(&config)?);
    let until = from_now(config.connect);
    let mut links: Vec<Option<Link>> = (0..config.names.n_parties()).map(|_| None).collect();
    let result = gather(&config, &setup, until, &mut links);
    if let Err(error) = &result {
        farewell(config.me, &mut links, error);
    }
    result.map(|()| Links {
        me: config.me,
        certificate: config.identity.certificate().fingerprint(),
        to: links,
    })
}

/// One party's side of all handshakes.
struct Setup {
    me: PartyId,
    names: PartyNames,
    peers: Vec<Peer>,
    clients: Vec<(PartyId, Arc<ClientConfig>)>,
    server: Arc<ServerConfig>,
}

/// What a handshake thread reports.
enum Report {
    /// A party is connected.
    Up(PartyId, Box<Link>),
    /// A party cannot be reached, for good.
    Failed(Error),
    /// A party could not be reached yet, and why.
    NotYet(PartyId, String),
    /// A caller was sent away, and why.
    Refused(String),
}

fn gather(
    config: &Config,
    setup: &Arc<Setup>,
    until: Instant,
    links: &mut [Option<Link>],
) -> Result<(), Error> {
    let failed = |e: io::Error| Error::machine(format!("cannot wait for connections: {e}"));
    config.listener.set_nonblocking(true).map_err(failed)?;
    let (reports, incoming) = channel();
    for peer in setup.peers.iter().filter(|peer| peer.party > config.me) {
        let (setup, peer, reports) = (setup.clone(), peer.clone(), reports.clone());
        spawn(move || setup.dial(&peer, until, &reports))?;
    }
    let started = Instant::now();
    let mut strangers = 0;
    let mut refusals: Vec<String> = Vec::new();
    let mut tries: Vec<Option<String>> = vec![None; links.len()];
    let complete = |links: &[Option<Link>]| {
        let mut parties = PartyId::all(links.len()).zip(links);
        parties.all(|(party, link)| party == config.me || link.is_some())
    };
    while !complete(links) {
        while strangers < MAX_STRANGERS {
            match config.listener.accept() {
                Ok((stream, from)) => {
                    strangers += 1;
                    let (setup, reports) = (setup.clone(), reports.clone());
                    let patience = until.min(from_now(STRANGER_PATIENCE));
                    spawn(move || {
                        let report = setup
                            .admit(stream, patience)
                            .unwrap_or_else(|why| Report::Refused(format!("{from}: {why}")));
                        // The receiver is gone once every party is connected.
                        let _ = reports.send(report);
                    })?;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                // The caller has gone already.
                Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(failed(e)),
            }
        }
        let pause = (started.elapsed() / 10)
            .clamp(Duration::from_micros(50), Duration::from_millis(10))
            .min(until.saturating_duration_since(Instant::now()));
        match incoming.recv_timeout(pause).ok() {
            Some(Report::Up(party, link)) => {
                strangers -= usize::from(party < config.me);
                if let Some(slot) = links.get_mut(party.index()) {
                    *slot = Some(*link);
                }
            }
            Some(Report::Failed(error)) => return Err(error),
            Some(Report::NotYet(party, why)) => {
                if let Some(slot) = tries.get_mut(party.index()) {
                    *slot = Some(why);
                }
            }
            Some(Report::Refused(why)) => {
                strangers -= 1;
                if refusals.len() < 3 && !refusals.contains(&why) {
                    refusals.push(why);
                }
            }
            None if Instant::now() >= until => {
                return Err(setup.missing(links, &tries, &refusals, config.connect));
            }
            None => {}
        }
    }
    Ok(())
}

fn spawn(body: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    thread::Builder::new()
        .name("connect".to_owned())
        .spawn(body)
        .map(|_| ())
        .map_err(|e| Error::machine(format!("cannot start a thread: {e}")))
}

/// Tells the parties that are connected already that the run does not begin.
fn farewell(me: PartyId, links: &mut [Option<Link>], error: &Error) {
    let payload = encode_notice(&error.notice(me));
    for (party, link) in PartyId::all(links.len()).zip(links) {
        if let Some(link) = link {
            let header = Header {
                tag: UNBOUND_TAG,
                kind: Kind::Abort,
                sender: me.number(),
                receiver: party.number(),
                step: 0,
                seq: 0,
                len: payload.len() as u32,
            };
            // Best effort: a party that cannot be told sees the link close.
            let _ = link.sink.send(&header.encode(), &payload);
            let _ = link.sink.finish();
        }
    }
}

impl Setup {
    fn new(config: &Config) -> Result<Self, Error> {
        for peer in config.peers.iter().filter(|peer| peer.party > config.me) {
            tcp::check_address(&peer.address).map_err(|why| {
                let who = config.names.label(peer.party);
                Error::usage(format!(
                    "the address of {who}, `{}`, {why}: write host:port",
                    peer.address
                ))
            })?;
        }
        let now = SystemTime::now();
        check_dates(config.identity.certificate(), now, "this party's", true)?;
        for peer in &config.peers {
            let whose = format!("{}'s", config.names.label(peer.party));
            check_dates(&peer.certificate, now, &whose, false)?;
            if peer.certificate.same_key(config.identity.certificate()) {
                return Err(Error::usage(format!(
                    "the certificate that is pinned for {} is of this party's own key",
                    config.names.label(peer.party)
                )));
            }
        }
        for (i, a) in config.peers.iter().enumerate() {
            for b in &config.peers[..i] {
                if a.certificate.same_key(&b.certificate) {
                    return Err(Error::usage(format!(
                        "the certificates that are pinned for {} and {} are of one key",
                        config.names.label(b.party),
                        config.names.label(a.party)
                    )));
                }
            }
        }
        let unusable = |e: rustls::Error| {
            Error::usage(format!(
                "this party's certificate or key cannot be used: {e}"
            ))
        };
        let pins: Arc<[(PartyId, Certificate)]> = config
            .peers
            .iter()
            .map(|peer| (peer.party, peer.certificate.clone()))
            .collect();
        let chain = || vec![config.identity.certificate().0.clone()];
        let mut clients = Vec::new();
        for peer in config.peers.iter().filter(|peer| peer.party > config.me) {
            let verifier = PinnedServer::new(peer.party, &peer.certificate, pins.clone())?;
            let mut client = ClientConfig::builder_with_provider(provider())
                .with_protocol_versions(&[&rustls::version::TLS13])
                .map_err(unusable)?
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
                .with_client_auth_cert(chain(), config.identity.private_key()?)
                .map_err(unusable)?;
            client.resumption = rustls::client::Resumption::disabled();
            client.enable_sni = false;
            client.enable_secret_extraction = true;
            clients.push((peer.party, Arc::new(client)));
        }
        let callers = config.peers.iter().filter(|peer| peer.party < config.me);
        let callers = callers.map(|peer| (peer.party, &peer.certificate));
        let mut server = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(unusable)?
            .with_client_cert_verifier(Arc::new(PinnedClients::new(callers)?))
            .with_single_cert(chain(), config.identity.private_key()?)
            .map_err(unusable)?;
        server.send_tls13_tickets = 0;
        server.enable_secret_extraction = true;
        Ok(Self {
            me: config.me,
            names: config.names.clone(),
            peers: config.peers.clone(),
            clients,
            server: Arc::new(server),
        })
    }

    /// Connects to a party with a higher number, again and again until the deadline.
    fn dial(&self, peer: &Peer, until: Instant, reports: &Sender<Report>) {
        let started = Instant::now();
        loop {
            let report = match self.dial_once(peer, until) {
                Ok(link) => Report::Up(peer.party, Box::new(link)),
                Err(Trouble::Final(error)) => Report::Failed(error),
                Err(Trouble::Passing(why)) => Report::NotYet(peer.party, why),
            };
            let done = !matches!(report, Report::NotYet(..));
            if reports.send(report).is_err() || done || Instant::now() >= until {
                return;
            }
            thread::sleep(
                (started.elapsed() / 8)
                    .clamp(Duration::from_micros(200), Duration::from_millis(200)),
            );
        }
    }

    fn dial_once(&self, peer: &Peer, until: Instant) -> Result<Link, Trouble> {
        let who = self.names.label(peer.party);
        let address = &peer.address;
        let bug = |e: String| Trouble::Final(Error::bug(e));
        let config = self.clients.iter().find(|(party, _)| *party == peer.party);
        let (_, config) = config.ok_or_else(|| bug(format!("no way to dial {who}")))?;
        let name = ServerName::try_from(SUBJECT_NAME).map_err(|e| bug(e.to_string()))?;
        let mut stream =
            tcp::dial(address, until).map_err(|e| Trouble::Passing(format!("{address}: {e}")))?;
        let traffic = Traffic::new();
        let mut config = ClientConfig::clone(config);
        config.key_log = traffic.clone();
        let connection =
            ClientConnection::new(Arc::new(config), name).map_err(|e| bug(e.to_string()))?;
        let mut connection = Connection::Client(connection);
        let greeted = greet(
            &mut connection,
            &mut stream,
            until,
            |_| Ok(peer.party),
            self.me,
        );
        match greeted {
            Ok(_) => stream::link(connection, &traffic, stream, &peer.certificate)
                .map_err(|e| Trouble::Passing(format!("{address}: {e}"))),
            Err(Unwelcome::Io(e)) => Err(match tls_error(&e) {
                Some(error) => Trouble::Final(self.explain(peer, error)),
                None => Trouble::Passing(format!("{address}: {e}")),
            }),
            Err(Unwelcome::Says(why)) => Err(Trouble::Final(Error::peer(
                peer.party,
                format!("{who} at {address} {why}"),
            ))),
        }
    }

    /// What a failed handshake with a party means for the user.
    fn explain(&self, peer: &Peer, error: &rustls::Error) -> Error {
        use rustls::{CertificateError as C, Error as E};
        let who = self.names.label(peer.party);
        let address = &peer.address;
        match error {
            E::InvalidCertificate(C::Other(other))
                if let Some(pin) = other.0.downcast_ref::<PinError>() =>
            {
                match pin {
                    PinError::IsParty(actual) => Error::usage(format!(
                        "{} answers at {address} where {who} is expected: the addresses or the certificates of the two are swapped",
                        self.names.label(*actual)
                    )),
                    PinError::Unknown(fingerprint) => Error::peer(
                        peer.party,
                        format!(
                            "whoever answers at {address} is not {who}: its certificate ({fingerprint}) is not the pinned one ({}); if {who} has a new certificate, ask it for that",
                            peer.certificate.fingerprint()
                        ),
                    ),
                }
            }
            E::InvalidCertificate(C::Expired | C::ExpiredContext { .. }) => Error::usage(format!(
                "{who}'s certificate has expired: ask it for a new one (`smpcc keygen`)"
            )),
            E::InvalidCertificate(why) => Error::peer(
                peer.party,
                format!("{who}'s certificate at {address} is refused: {why}"),
            ),
            other if let Some(why) = self.refuses_ours(other) => {
                Error::usage(format!("{who} at {address} {why}"))
            }
            // Nobody has shown who they are: another program may listen there, or bytes were changed on the way.
            other => Error::network(
                self.me,
                peer.party,
                LinkTrouble::NotConnected,
                format!(
                    "whoever answers at {address} does not speak as {who} would ({other}): compare the address, or see what changes bytes on the way"
                ),
            ),
        }
    }

    /// Whether an error is the other side's refusal of this party's certificate, and what to do then.
    fn refuses_ours(&self, error: &rustls::Error) -> Option<String> {
        use rustls::AlertDescription as A;
        let rustls::Error::AlertReceived(alert) = error else {
            return None;
        };
        match alert {
            A::BadCertificate
            | A::UnsupportedCertificate
            | A::CertificateRevoked
            | A::CertificateUnknown
            | A::UnknownCA
            | A::AccessDenied
            | A::DecryptError
            | A::CertificateRequired => Some(format!(
                "refuses this party's certificate: it has another one pinned for {}; give it the current one",
                self.names.label(self.me)
            )),
            A::CertificateExpired => Some(
                "finds that this party's certificate has expired: compare the clocks, or make a new one with `smpcc keygen`"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    /// Finds out who has called.
    fn admit(&self, mut stream: TcpStream, until: Instant) -> Result<Report, String> {
        tcp::prepare(&stream).map_err(|e| e.to_string())?;
        let traffic = Traffic::new();
        let mut config = ServerConfig::clone(&self.server);
        config.key_log = traffic.clone();
        let connection = ServerConnection::new(Arc::new(config)).map_err(|e| e.to_string())?;
        let mut connection = Connection::Server(connection);
        let caller = |connection: &Connection| {
            let shown = connection.peer_certificates().and_then(<[_]>::first);
            let known = |peer: &&Peer| shown == Some(&peer.certificate.0) && peer.party < self.me;
            let peer = self.peers.iter().find(known);
            peer.map(|peer| peer.party)
                .ok_or("shows no certificate that is pinned")
        };
        let party = match greet(&mut connection, &mut stream, until, caller, self.me) {
            Ok(party) => party,
            Err(Unwelcome::Says(why)) => return Err(format!("the caller {why}")),
            Err(Unwelcome::Io(e)) => {
                hang_up(&stream);
                return Err(match tls_error(&e) {
                    Some(rustls::Error::InvalidCertificate(_)) => {
                        "the caller's certificate is not one that is pinned here".to_owned()
                    }
                    Some(error) => match self.refuses_ours(error) {
                        Some(why) => format!("the caller {why}"),
                        None => format!("the caller does not speak this protocol ({error})"),
                    },
                    None => format!("the caller did not say who it is ({e})"),
                });
            }
        };
        let peer = self.peers.iter().find(|peer| peer.party == party);
        let certificate = &peer.ok_or("the caller is no party")?.certificate;
        let link =
            stream::link(connection, &traffic, stream, certificate).map_err(|e| e.to_string())?;
        Ok(Report::Up(party, Box::new(link)))
    }

    /// The error that names who did not come.
    fn missing(
        &self,
        links: &[Option<Link>],
        tries: &[Option<String>],
        refusals: &[String],
        waited: Duration,
    ) -> Error {
        let missing: Vec<PartyId> = PartyId::all(links.len())
            .zip(links)
            .filter(|(party, link)| *party != self.me && link.is_none())
            .map(|(party, _)| party)
            .collect();
        let labels: Vec<String> = missing.iter().map(|p| self.names.label(*p)).collect();
        let mut message = format!("{} did not connect within {waited:?}", labels.join(" and "));
        let details = missing
            .iter()
            .filter_map(|p| tries.get(p.index()).and_then(Clone::clone))
            .chain(refusals.iter().cloned());
        for detail in details {
            message.push_str("; ");
            message.push_str(&detail);
        }
        let first = missing.first().copied().unwrap_or(self.me);
        Error::network(self.me, first, LinkTrouble::NotConnected, message)
    }
}

/// Why a party is not connected.
enum Trouble {
    /// Trying again may help.
    Passing(String),
    /// It will not.
    Final(Error),
}

/// The TLS error inside an I/O error.
fn tls_error(e: &io::Error) -> Option<&rustls::Error> {
    e.get_ref().and_then(|inner| inner.downcast_ref())
}

fn check_dates(
    certificate: &Certificate,
    now: SystemTime,
    whose: &str,
    own: bool,
) -> Result<(), Error> {
    let remedy = if own {
        "make a new one with `smpcc keygen` and give it to the others"
    } else {
        "ask for a new one (`smpcc keygen`)"
    };
    match certificate.check(now) {
        Ok(()) => Ok(()),
        Err(Invalid::Expired(by)) => Err(Error::usage(format!(
            "{whose} certificate expired {} ago: {remedy}",
            rough(by)
        ))),
        Err(Invalid::NotYet(by)) => Err(Error::usage(format!(
            "{whose} certificate is not valid for another {}: check this machine's clock, or {remedy}",
            rough(by)
        ))),
        Err(Invalid::Unusable(why)) => Err(Error::usage(format!(
            "{whose} certificate cannot be used ({why}): {remedy}"
        ))),
    }
}

/// A length of time as people say it.
fn rough(time: Duration) -> String {
    let (n, unit) = match time.as_secs() {
        s @ 0..120 => (s, "second"),
        s @ 120..7200 => (s / 60, "minute"),
        s @ 7200..172_800 => (s / 3600, "hour"),
        s => (s / 86_400, "day"),
    };
    format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod spoiled;
#[cfg(test)]
mod tests;
