//! A session: links whose parties have agreed, and the keys that each two of them share.
//!
//! A value of this type is the proof of the agreement. Whoever computes with the others takes a [`Session`], so nothing that
//! depends on a secret can be sent over links on which nothing was agreed, and no key exists before the session that it is
//! bound to.

use zeroize::{Zeroize, Zeroizing};

use super::SessionId;
use crate::error::{Error, Fault};
use crate::hash::{Transcript, derive};
use crate::net::{Mesh, TrafficReport};
use crate::party::PartyId;
use crate::prg::PrgKey;
use crate::workers::Workers;

/// One party's links to all others, bound to what all have agreed on. Only [`confirm`](super::confirm) makes one from a
/// peer's word.
///
/// ```compile_fail,E0451
/// use smpcc_runtime::{net::Mesh, session::{Session, SessionId}};
/// fn without_agreement(mesh: Mesh, id: SessionId) -> Session {
///     Session { mesh, id }
/// }
/// ```
///
/// Links alone send nothing:
///
/// ```compile_fail,E0624
/// use smpcc_runtime::{net::Mesh, party::PartyId};
/// fn without_session(mesh: &mut Mesh) {
///     let _ = mesh.send(PartyId::new(1), 0, vec![1]);
/// }
/// ```
pub struct Session {
    mesh: Mesh,
    id: SessionId,
    workers: Workers,
}

impl Session {
    pub(super) fn agreed(mut mesh: Mesh, id: SessionId) -> Self {
        mesh.bind(&id.0);
        Self {
            mesh,
            id,
            workers: Workers::new(1),
        }
    }

    /// A session among parties that one process plays, all with one program: there is nobody to agree with. `id` is equal at all
    /// of them and, where secrets matter, fresh in each run. Between processes this would leave out every comparison.
    pub fn local(mesh: Mesh, id: [u8; 32]) -> Self {
        Self::agreed(mesh, SessionId(id))
    }

    /// Computes with so many threads; with one at first. What is sent and what comes out do not depend on it, and nobody else knows it.
    pub fn use_threads(&mut self, n: usize) {
        self.workers = Workers::new(n);
    }

    /// The threads that compute.
    pub(crate) fn workers(&self) -> &Workers {
        &self.workers
    }

    /// What all parties have agreed on, which each run has of its own; no secret.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// How the keys of this party's links were agreed on.
    pub fn key_exchange(&self) -> String {
        self.mesh.key_exchange()
    }

    /// The party whose links these are.
    pub fn me(&self) -> PartyId {
        self.mesh.me()
    }

    /// The number of parties, this one included.
    pub fn n_parties(&self) -> usize {
        self.mesh.n_parties()
    }

    /// All other parties, in order.
    pub fn others(&self) -> impl Iterator<Item = PartyId> + use<> {
        self.mesh.others()
    }

    /// What messages call a party.
    pub fn label(&self, party: PartyId) -> String {
        self.mesh.label(party)
    }

    /// Queues a message. Waits only while more than [`Options::send_queue`](crate::net::Options::send_queue) bytes wait already.
    ///
    /// # Errors
    /// When the run has failed, here or elsewhere.
    pub fn send(&mut self, to: PartyId, step: u64, payload: Vec<u8>) -> Result<(), Error> {
        self.mesh.send(to, step, payload)
    }

    /// The next message from a party, which must be of this step and of exactly `len` bytes; waits for it.
    ///
    /// # Errors
    /// When another message comes, when none comes in time, and when the run has failed, here or elsewhere.
    pub fn recv(&mut self, from: PartyId, step: u64, len: usize) -> Result<Vec<u8>, Error> {
        self.mesh.recv(from, step, len)
    }

    /// A buffer for a message to a party: that of one that has left, with what it held, or a new one.
    pub(crate) fn buffer(&self, to: PartyId) -> Vec<u8> {
        self.mesh.buffer(to)
    }

    /// Gives the buffer of a message back that came from a party and was read, for those to come.
    pub(crate) fn give_back(&self, from: PartyId, buffer: Vec<u8>) {
        self.mesh.give_back(from, buffer);
    }

    /// The key that this party and another share in this session.
    ///
    /// # Errors
    /// A bug: there is no link to that party.
    pub fn pair_key(&self, with: PartyId) -> Result<PairKey, Error> {
        let secret = self.mesh.link_secret(with)?;
        let me = self.me();
        let mut context = Transcript::new("smpcc/pair-key");
        context
            .bytes(&self.id.0)
            .number(me.min(with).number().into())
            .number(me.max(with).number().into());
        Ok(PairKey(derive(&secret.0, context)))
    }

    /// Says how many parts the plan has that [`Session::progress`] counts: the same at all parties.
    ///
    /// # Errors
    /// A peer that has claimed to have done more.
    pub fn plan_parts(&mut self, total: u64) -> Result<(), Error> {
        self.mesh.plan_parts(total)
    }

    /// How many parts of the plan this party has finished; the others hear of it with the next sign of life.
    pub fn progress(&self, done: u64) {
        self.mesh.progress(done);
    }

    /// For a party that computes for long without a message; costs next to nothing.
    ///
    /// # Errors
    /// When the run has failed, here or elsewhere, or has reached its limit.
    pub fn poll(&mut self) -> Result<(), Error> {
        self.mesh.poll()
    }

    /// The traffic since the agreement.
    pub fn traffic(&self) -> &TrafficReport {
        self.mesh.traffic()
    }

    /// Stops the run: tells the others the class of the failure and the link or party concerned, as far as they can
    /// still be reached, and closes all links. Returns within about a second, but for a fault of the program: the plan is
    /// the same everywhere and what stops it is public, so all others find it too, once they get there, and that is waited for.
    pub fn abort(&mut self, error: &Error) {
        match error.fault() {
            Fault::Program => self.mesh.abort_alike(error),
            _ => self.mesh.abort(error),
        }
    }

    /// Ends the run in order: waits until every other party has received everything that was sent to it, then closes
    /// all links.
    ///
    /// # Errors
    /// When a link fails; then the others have been told.
    pub fn close(self) -> Result<TrafficReport, Error> {
        self.mesh.close()
    }
}

/// A key that two parties share for the length of a session, from which keys of single purposes are derived;
/// wiped when dropped.
pub struct PairKey(Zeroizing<[u8; 32]>);

impl PairKey {
    /// The generator key of one purpose; both parties get the same for the same purpose.
    pub fn prg_key(&self, purpose: &str) -> PrgKey {
        let mut context = Transcript::new("smpcc/pair-key/prg");
        context.string(purpose);
        let mut half = [0; 16];
        let key = derive(&self.0, context);
        half.copy_from_slice(&key[..16]);
        let prg_key = PrgKey::from_bytes(half);
        half.zeroize();
        prg_key
    }

    /// A tag of what `transcript` absorbed that only the two parties can make, for one purpose.
    pub(crate) fn authenticate(&self, purpose: &str, transcript: Transcript) -> [u8; 32] {
        let mut context = Transcript::new("smpcc/pair-key/tag");
        context.string(purpose);
        *derive(&derive(&self.0, context), transcript)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Options, memory};

    #[test]
    fn both_ends_of_a_link_share_keys_that_others_lack() {
        let keys = |id: [u8; 32]| -> Vec<Vec<([u8; 16], [u8; 16])>> {
            let key = |session: &Session, other| {
                let key = session.pair_key(other).unwrap();
                (*key.prg_key("a").expose(), *key.prg_key("b").expose())
            };
            memory::meshes(3, &Options::default())
                .unwrap()
                .into_iter()
                .map(|mesh| Session::local(mesh, id))
                .map(|s| s.others().map(|other| key(&s, other)).collect())
                .collect()
        };
        let all = keys([3; 32]);
        assert_eq!(all[0][0], all[1][0]);
        assert_eq!(all[0][1], all[2][0]);
        assert_eq!(all[1][1], all[2][1]);
        assert_ne!(all[0][0], all[0][1]);
        assert_ne!(all[0][0].0, all[0][0].1);
    }

    #[test]
    fn each_session_has_keys_of_its_own() {
        let mut meshes = memory::meshes(2, &Options::default()).unwrap();
        let key = |session: &Session| {
            let key = session.pair_key(PartyId::new(1)).unwrap();
            *key.prg_key("a").expose()
        };
        let first = Session::local(meshes.remove(0), [3; 32]);
        let before = key(&first);
        assert_ne!(before, key(&Session::local(first.mesh, [4; 32])));
        let mut again = memory::meshes(2, &Options::default()).unwrap();
        assert_ne!(before, key(&Session::local(again.remove(0), [3; 32])));
    }
}
