//! One party's links to all others: messages of known length in, messages of known length out.
//!
//! The mesh knows no protocol. A message has a step, chosen by the plan, and its receiver knows step and length before it
//! arrives; anything else is the sender's fault and names it. Each link has one thread that reads and one that writes, so
//! that sending never waits for the other side to receive and two parties can send each other more than the network
//! holds. A short message leaves at once where the network takes it, and a party that waits for short ones reads them itself. There are no locks to hold and no order to keep for the caller:
//! `send` does not wait for the other side, `recv` does.
//!
//! What is sent before the parties have agreed is the agreement, and only [`crate::session`] sends it; what follows goes through the
//! [`Session`](crate::session::Session) that comes of it.
//!
//! ```
//! use smpcc_runtime::net::{Options, memory};
//! use smpcc_runtime::party::PartyId;
//! use smpcc_runtime::session::Session;
//!
//! let meshes = memory::meshes(2, &Options::default())?;
//! let mut sessions = meshes.into_iter().map(|mesh| Session::local(mesh, [7; 32]));
//! let (mut a, mut b) = (sessions.next().unwrap(), sessions.next().unwrap());
//! a.send(PartyId::new(1), 7, vec![1, 2, 3])?;
//! assert_eq!(b.recv(PartyId::new(0), 7, 3)?, [1, 2, 3]);
//! let other = std::thread::spawn(move || b.close());
//! a.close()?;
//! other.join().unwrap()?;
//! # Ok::<(), smpcc_runtime::error::Error>(())
//! ```

#[cfg(any(test, feature = "testing"))]
pub mod faulty;
mod frame;
mod inbox;
mod link;
pub mod memory;
mod meter;
mod options;
mod outbox;
mod progress;
#[cfg(any(test, feature = "testing"))]
pub mod proxy;
mod reader;
#[cfg(any(test, feature = "testing"))]
pub mod record;
pub mod shape;
pub mod tcp;
pub mod tls;

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub use frame::{FRAME_CAP, HEADER_LEN};
#[cfg(any(test, feature = "testing"))]
pub(crate) use frame::{Header, decode_notice};
pub use link::{ByteSource, Cut, FrameSink, Link, LinkSecret, Links};
pub use meter::{LinkTraffic, TrafficReport};
pub use options::{LEAST_DEADLINE, Options};

use crate::error::{Cause, Error, LinkTrouble, Notice, StopReason};
use crate::hash::Digest;
use crate::party::{MAX_PARTIES, PartyId, PartyNames};
pub(crate) use frame::encode_notice;
use frame::{Kind, UNBOUND_TAG, n_frames};
use inbox::{Inboxes, Patience};
use options::{from_now, interval};
use outbox::{Item, Outbox, Writing, write_loop};
use progress::Progress;
use reader::{Intake, Reading, read_loop};

/// Stack of a reader or writer thread.
const STACK: usize = 256 * 1024;

/// How long a party that stops waits for the others to hear why.
const FAREWELL: Duration = Duration::from_millis(500);

/// One party's links to all others.
pub struct Mesh {
    me: PartyId,
    names: Arc<PartyNames>,
    options: Options,
    peers: Vec<Option<Peer>>,
    inboxes: Arc<Inboxes>,
    certificates: Vec<Digest>,
    bound: bool,
    tag: [u8; 8],
    traffic: TrafficReport,
    progress: Arc<Progress>,
    limit: Option<Limit>,
    poison: Option<Error>,
    ended: bool,
}

/// When the run ends, however far it is.
#[derive(Clone, Copy)]
struct Limit {
    /// How long it may take.
    length: Duration,
    /// When it is over.
    end: Instant,
}

struct Peer {
    outbox: Arc<Outbox>,
    intake: Arc<Intake>,
    cut: Arc<dyn Cut>,
    secret: LinkSecret,
    key_exchange: &'static str,
    next_sent: u64,
    threads: Vec<JoinHandle<()>>,
}

impl Mesh {
    /// Takes over a party's links and starts their threads; fails when the machine has none to give.
    pub fn new(links: Links, names: PartyNames, options: Options) -> Result<Self, Error> {
        let n_parties = links.to.len();
        if n_parties > MAX_PARTIES || names.n_parties() != n_parties {
            return Err(Error::bug("links and names of different runs"));
        }
        if options.deadline < LEAST_DEADLINE {
            return Err(Error::usage(format!(
                "a deadline of {:?} is too short; the least is {LEAST_DEADLINE:?}",
                options.deadline
            )));
        }
        let names = Arc::new(names);
        let inboxes = Arc::new(Inboxes::new(n_parties));
        let mut mesh = Self {
            me: links.me,
            names,
            peers: Vec::with_capacity(n_parties),
            inboxes,
            certificates: Vec::with_capacity(n_parties),
            bound: false,
            tag: UNBOUND_TAG,
            traffic: TrafficReport::new(n_parties),
            progress: Arc::default(),
            limit: None,
            options,
            poison: None,
            ended: false,
        };
        for (party, link) in PartyId::all(n_parties).zip(links.to) {
            let (certificate, peer) = match link {
                Some(link) => (link.peer_certificate, Some(mesh.start(party, link)?)),
                None if party == mesh.me => (links.certificate, None),
                None => return Err(Error::bug(format!("there is no link to {party}"))),
            };
            mesh.certificates.push(certificate);
            mesh.peers.push(peer);
        }
        Ok(mesh)
    }

    fn start(&self, peer: PartyId, link: Link) -> Result<Peer, Error> {
        let failed = |e| Error::machine(format!("cannot serve the link to {peer}: {e}"));
        let me = self.me;
        let deadline = self.options.deadline;
        let interval = interval(deadline, deadline);
        let outbox = Arc::new(Outbox::new([me, peer], link.sink, interval));
        let reading = Reading {
            me,
            peer,
            names: self.names.clone(),
            inboxes: self.inboxes.clone(),
            outbox: outbox.clone(),
            options: self.options.clone(),
        };
        let writing = Writing {
            outbox: outbox.clone(),
            inboxes: self.inboxes.clone(),
            progress: self.progress.clone(),
            deadline,
        };
        let intake = Arc::new(Intake::new(reading, link.source));
        let reads = intake.clone();
        let reader = thread::Builder::new()
            .name(format!("read {}", peer.number()))
            .stack_size(STACK)
            .spawn(move || read_loop(&reads))
            .map_err(failed)?;
        let writer = thread::Builder::new()
            .name(format!("write {}", peer.number()))
            .stack_size(STACK)
            .spawn(move || write_loop(&writing));
        let mut threads = vec![reader];
        match writer {
            Ok(writer) => threads.push(writer),
            Err(e) => {
                link.cut.cut();
                return Err(failed(e));
            }
        }
        Ok(Peer {
            outbox,
            intake,
            cut: link.cut,
            secret: link.secret,
            key_exchange: link.key_exchange,
            next_sent: 0,
            threads,
        })
    }

    /// The party whose links these are.
    pub fn me(&self) -> PartyId {
        self.me
    }

    /// The number of parties, this one included.
    pub fn n_parties(&self) -> usize {
        self.peers.len()
    }

    /// All other parties, in order.
    pub fn others(&self) -> impl Iterator<Item = PartyId> + use<> {
        let me = self.me;
        PartyId::all(self.n_parties()).filter(move |party| *party != me)
    }

    /// What messages call a party.
    pub fn label(&self, party: PartyId) -> String {
        self.names.label(party)
    }

    /// The hash of the certificate by which each party is known, in order.
    pub fn certificates(&self) -> &[Digest] {
        &self.certificates
    }

    /// How the keys of all links were agreed on: the groups' names in TLS, without repetition, in order.
    pub fn key_exchange(&self) -> String {
        let links = self.peers.iter().flatten();
        let mut names: Vec<&str> = links.map(|peer| peer.key_exchange).collect();
        names.sort_unstable();
        names.dedup();
        names.join(", ")
    }

    /// Sends a message, or queues it. Waits only while more than [`Options::send_queue`] bytes wait already; fails when the run has
    /// failed, here or elsewhere.
    pub(crate) fn send(&mut self, to: PartyId, step: u64, payload: Vec<u8>) -> Result<(), Error> {
        self.check_alive()?;
        if let Some(error) = self.inboxes.failure() {
            return Err(self.fail(error));
        }
        let len = payload.len();
        let peer = peer_mut(&mut self.peers, to)?;
        let item = Item::Data {
            tag: self.tag,
            step,
            seq: peer.next_sent,
            payload,
        };
        peer.next_sent += n_frames(len);
        if self.bound {
            self.traffic.sent(to, len);
        }
        let outbox = peer.outbox.clone();
        if !outbox.has_room(self.options.send_queue, Duration::ZERO) {
            self.inboxes.set_waiting(true);
            let waited = self.wait_for_room(to, &outbox);
            self.inboxes.set_waiting(false);
            waited.map_err(|error| self.fail(error))?;
        }
        if outbox.is_broken() {
            // The reader knows the reason, or soon will.
            let until = from_now(FAREWELL);
            let error = loop {
                match self.inboxes.failure() {
                    Some(error) => break error,
                    None if Instant::now() >= until => break self.closed(to),
                    None => thread::sleep(Duration::from_millis(5)),
                }
            };
            return Err(self.fail(error));
        }
        outbox.push(item);
        Ok(())
    }

    fn wait_for_room(&self, to: PartyId, outbox: &Outbox) -> Result<(), Error> {
        self.leave_reading();
        let began = Instant::now();
        while !outbox.has_room(self.options.send_queue, Duration::from_millis(20)) {
            if let Some(error) = self.inboxes.failure() {
                return Err(error);
            }
            if Instant::now() >= self.inboxes.until(self.patience(), began) {
                return Err(self.too_late(to));
            }
        }
        Ok(())
    }

    /// Leaves all reading to the readers, before something else is waited for than a message.
    fn leave_reading(&self) {
        for peer in self.peers.iter().flatten() {
            peer.intake.give_back();
        }
    }

    fn patience(&self) -> Patience {
        Patience {
            each: self.options.patience,
            end: self.limit.map(|limit| limit.end),
        }
    }

    /// A buffer for a message to a party: that of one that has left, with what it held, or a new one.
    pub(crate) fn buffer(&self, to: PartyId) -> Vec<u8> {
        let peer = self.peers.get(to.index()).and_then(Option::as_ref);
        peer.map(|peer| peer.outbox.buffer()).unwrap_or_default()
    }

    /// Gives the buffer of a message back that came from a party and was read, for those to come.
    pub(crate) fn give_back(&self, from: PartyId, buffer: Vec<u8>) {
        self.inboxes.give_back(from, buffer);
    }

    /// The next message from a party, which must be of this step and of exactly `len` bytes; waits for it. Fails when
    /// another message comes, when none comes in time, and when the run has failed, here or elsewhere.
    pub(crate) fn recv(&mut self, from: PartyId, step: u64, len: usize) -> Result<Vec<u8>, Error> {
        self.check_alive()?;
        let result = self.receive(from, step, len);
        match result {
            Ok(payload) => {
                if self.bound {
                    self.traffic.received(from, payload.len());
                }
                Ok(payload)
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    fn receive(&mut self, from: PartyId, step: u64, len: usize) -> Result<Vec<u8>, Error> {
        if len <= FRAME_CAP {
            return self.receive_frame(from, step, len);
        }
        let mut message = Vec::new();
        while message.len() < len {
            if message.len() == message.capacity() {
                // It grows with what has come, so that memory follows bytes and not a claim.
                let more = message.len().max(4 * FRAME_CAP);
                message.reserve_exact(more.min(len - message.len()));
            }
            let part = FRAME_CAP.min(len - message.len());
            let payload = self.receive_frame(from, step, part)?;
            message.extend_from_slice(&payload);
            self.inboxes.give_back(from, payload);
        }
        Ok(message)
    }

    fn receive_frame(&mut self, from: PartyId, step: u64, len: usize) -> Result<Vec<u8>, Error> {
        let tag = self.tag;
        let intake = peer_mut(&mut self.peers, from)?.intake.clone();
        let frame = self.inboxes.take(
            from,
            self.patience(),
            &*intake,
            || self.too_late(from),
            || {
                let who = self.names.label(from);
                Error::peer(
                    from,
                    format!("{who} ended its run before this party's was over"),
                )
            },
        )?;
        let (header, got) = (frame.header, frame.payload.len());
        let wrong = |what: String| {
            let who = self.names.label(from);
            Err(Error::peer(from, format!("{who} sent {what}")))
        };
        if header.tag != tag {
            return wrong("a message of another run".to_owned());
        }
        if header.step != step {
            return wrong(format!(
                "a message of step {} where step {step} comes next",
                header.step
            ));
        }
        if got != len {
            return wrong(format!("{got} bytes in step {step} where {len} are due"));
        }
        Ok(frame.payload)
    }

    /// Binds all that follows to a session on which the parties have agreed: frames carry its tag and are numbered
    /// anew, and the traffic counts start.
    pub(crate) fn bind(&mut self, session: &[u8; 32]) {
        self.tag.copy_from_slice(&session[..8]);
        self.bound = true;
        self.inboxes.set_session_tag(self.tag);
        self.traffic = TrafficReport::new(self.peers.len());
        for peer in self.peers.iter_mut().flatten() {
            peer.next_sent = 0;
        }
    }

    /// The run ends so long from now, however far it is and whatever the others say.
    pub fn limit_run(&mut self, length: Duration) {
        let end = from_now(length);
        self.limit = Some(Limit { length, end });
    }

    /// Says how many parts the plan has that [`Mesh::progress`] counts: the same at all parties. Fails when another party has
    /// claimed more.
    pub(crate) fn plan_parts(&mut self, total: u64) -> Result<(), Error> {
        match self.inboxes.set_total(total) {
            None => Ok(()),
            Some((party, what)) => {
                let who = self.names.label(party);
                Err(self.fail(Error::peer(party, format!("{who} sent {what}"))))
            }
        }
    }

    /// How many parts of the plan this party has finished; the others hear of it with the next sign of life.
    pub(crate) fn progress(&self, done: u64) {
        self.progress.set(done);
    }

    /// Fails when the run has failed, here or elsewhere, or has reached its limit: for a party that computes for long without
    /// a message. Costs next to nothing.
    pub fn poll(&mut self) -> Result<(), Error> {
        self.check_alive()?;
        if let Some(error) = self.inboxes.failure() {
            return Err(self.fail(error));
        }
        match self.limit {
            Some(limit) if Instant::now() >= limit.end => {
                let error = Error::machine(format!(
                    "this party is not done after {:?}, the limit of the run",
                    limit.length
                ));
                Err(self.fail(error))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The secret of the link to another party, for the keys of a session.
    pub(crate) fn link_secret(&self, with: PartyId) -> Result<&LinkSecret, Error> {
        let peer = self.peers.get(with.index()).and_then(Option::as_ref);
        peer.map(|peer| &peer.secret)
            .ok_or_else(|| Error::bug(format!("there is no link to {with}")))
    }

    /// The traffic since the session was bound.
    pub fn traffic(&self) -> &TrafficReport {
        &self.traffic
    }

    /// Stops the run: tells the others the class of the failure and the link or party concerned, as far as they can
    /// still be reached, and closes all links. Returns within about a second.
    pub fn abort(&mut self, error: &Error) {
        let notice = error.notice(self.me);
        self.fail(error.clone());
        self.stop(notice);
    }

    /// Ends the run in order: waits until every other party has received everything that was sent to it, then closes
    /// all links. On failure the others have been told.
    pub fn close(mut self) -> Result<TrafficReport, Error> {
        self.check_alive()?;
        match self.part() {
            Ok(()) => Ok(std::mem::take(&mut self.traffic)),
            Err(error) => {
                self.abort(&error);
                Err(error)
            }
        }
    }

    /// Ends a run that stops here and, by itself, at the same message everywhere else: the others are left to find that out from
    /// what they have been sent, so that each tells its own user why. If they do not, they are told as by [`Mesh::abort`].
    pub fn abort_alike(&mut self, error: &Error) {
        if self.check_alive().is_ok() && self.part().is_ok() {
            self.fail(error.clone());
        } else {
            self.abort(error);
        }
    }

    /// Waits until every other party has received everything that was sent to it, then closes all links.
    fn part(&mut self) -> Result<(), Error> {
        self.leave_reading();
        for peer in self.peers.iter().flatten() {
            peer.outbox.push(Item::Control {
                kind: Kind::Goodbye,
                payload: Vec::new(),
            });
        }
        self.inboxes.wait_received(
            self.me,
            self.patience(),
            |party| self.too_late(party),
            |party| {
                let who = self.names.label(party);
                Error::peer(party, format!("{who} sent more than the run has messages"))
            },
        )?;
        for peer in self.peers.iter().flatten() {
            peer.outbox.finish();
        }
        for peer in self.peers.iter().flatten() {
            peer.outbox.wait_end(FAREWELL);
        }
        self.inboxes.discard();
        self.join();
        Ok(())
    }

    fn stop(&mut self, notice: Notice) {
        if self.ended {
            return;
        }
        self.leave_reading();
        self.inboxes.discard();
        let payload = encode_notice(&notice);
        for peer in self.peers.iter().flatten() {
            peer.outbox.replace_all(Kind::Abort, payload.clone());
        }
        let until = from_now(FAREWELL);
        for peer in self.peers.iter().flatten() {
            let left = until.saturating_duration_since(Instant::now());
            peer.outbox.wait_end(left);
        }
        // Closing while the other side's data is unread would discard the notice on its way: read on until they close.
        self.inboxes.wait_ended(self.me, FAREWELL);
        self.join();
    }

    fn join(&mut self) {
        self.ended = true;
        for peer in self.peers.iter().flatten() {
            peer.cut.cut();
        }
        for peer in self.peers.iter_mut().flatten() {
            for thread in peer.threads.drain(..) {
                // A panic there has been reported by the panic hook, and the link is closed.
                let _ = thread.join();
            }
        }
    }

    /// Remembers the first failure; after it nothing is sent or received.
    fn fail(&mut self, error: Error) -> Error {
        self.poison.get_or_insert(error).clone()
    }

    fn check_alive(&self) -> Result<(), Error> {
        match &self.poison {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    fn too_late(&self, party: PartyId) -> Error {
        let who = self.names.label(party);
        let message = match self.limit {
            Some(Limit { length, end }) if Instant::now() >= end => {
                format!("{who} is connected but not done after {length:?}, the limit of the run")
            }
            Some(_) | None => {
                let patience = self.options.patience;
                format!("{who} is connected but has not gone on for {patience:?}")
            }
        };
        Error::network(self.me, party, LinkTrouble::Silent, message)
    }

    fn closed(&self, party: PartyId) -> Error {
        let who = self.names.label(party);
        let message = format!("{who} closed the connection before the run was over");
        Error::network(self.me, party, LinkTrouble::Closed, message)
    }
}

impl Drop for Mesh {
    /// A mesh that is neither closed nor aborted tells the others that this party has stopped.
    fn drop(&mut self) {
        let cause = match &self.poison {
            Some(error) => error.notice(self.me).cause,
            None => Cause::Own(StopReason::Unknown),
        };
        let origin = match &self.poison {
            Some(error) => error.notice(self.me).origin,
            None => self.me,
        };
        self.stop(Notice { origin, cause });
    }
}

fn peer_mut(peers: &mut [Option<Peer>], party: PartyId) -> Result<&mut Peer, Error> {
    peers
        .get_mut(party.index())
        .and_then(Option::as_mut)
        .ok_or_else(|| Error::bug(format!("there is no link to {party}")))
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
