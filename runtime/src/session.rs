//! The agreement: before the first secret-dependent byte all parties make sure that they run the same thing.
//!
//! It has two steps, because a program is compiled for the lengths of everyone's inputs. [`hello()`] exchanges what each
//! party wants to run, its own lengths, and a nonce; what must be equal is compared here, so that a
//! difference is named with both values. The caller then compiles, and [`confirm`] compares one hash per component among
//! all parties. Their common hash is the session's identity, which every frame, key and correlation that follows depends on.
//! Since each party compares the hash of everything it received with what all others received, nobody can tell different
//! parties different things (echo broadcast with abort, Goldwasser and Lindell).
//!
//! What a peer sends is decoded strictly: lists are sorted by name, without duplicates, and within the limits here.

mod bound;
mod hello;
mod results;

use std::fmt;

use crate::error::Error;
use crate::hash::{Digest, Transcript};
use crate::net::Mesh;
use crate::party::PartyId;
use crate::prg::OsEntropy;
pub use bound::{PairKey, Session};
pub(crate) use hello::Hello;
pub use hello::Proposal;
use hello::differences;

/// The version of what parties say to each other; parties with different versions refuse each other.
pub const PROTOCOL_VERSION: u32 = 2;

/// The most bytes of one party's hello.
pub const HELLO_CAP: usize = 16 << 20;

/// The step in which the hello's length is sent.
const LENGTH_STEP: u64 = 0;
/// The step in which the hello is sent.
const HELLO_STEP: u64 = 1;
/// The step in which the components' hashes are sent.
const CONFIRM_STEP: u64 = 2;

/// What the parties have told each other, for compiling.
#[derive(Clone, Debug)]
pub struct Agreed {
    /// The lengths of each party's inputs, by party, sorted by name.
    pub lengths: Vec<Vec<(String, u64)>>,
    /// The components' hashes, except that of the plan.
    components: Vec<(Component, Digest)>,
}

/// A session's identity: the hash of all that the parties have agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionId(pub [u8; 32]);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What the parties compare one by one, so that a difference has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Component {
    Source,
    Arguments,
    Suite,
    Threat,
    Costs,
    Parties,
    Shapes,
    Nonces,
    Plan,
}

impl Component {
    /// All but the plan, in the order in which one may be the cause of a difference in the next.
    const BEFORE_PLAN: [Self; 8] = [
        Self::Source,
        Self::Arguments,
        Self::Suite,
        Self::Threat,
        Self::Costs,
        Self::Parties,
        Self::Shapes,
        Self::Nonces,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Arguments => "arguments",
            Self::Suite => "suite",
            Self::Threat => "threat",
            Self::Costs => "costs",
            Self::Parties => "parties",
            Self::Shapes => "shapes",
            Self::Nonces => "nonces",
            Self::Plan => "plan",
        }
    }
}

/// The first step: tells all others what this party wants to run, hears the same from them, and compares. Fails with a usage
/// error that names every difference and both values. On failure the caller aborts the mesh.
pub fn hello(mesh: &mut Mesh, mine: &Proposal) -> Result<Agreed, Error> {
    let nonce = *OsEntropy.bytes::<32>()?;
    let mine = Hello::new(mesh.me(), mesh.n_parties(), mine, nonce)?;
    let encoded = mine.encode()?;
    for to in mesh.others() {
        let len = (encoded.len() as u64).to_le_bytes();
        mesh.send(to, LENGTH_STEP, len.to_vec())?;
        mesh.send(to, HELLO_STEP, encoded.clone())?;
    }
    let mut all: Vec<(Hello, Vec<u8>)> = Vec::with_capacity(mesh.n_parties());
    let mut different = Vec::new();
    let me = mesh.me();
    for party in PartyId::all(mesh.n_parties()) {
        if party == me {
            all.push((mine.clone(), encoded.clone()));
            continue;
        }
        match receive(mesh, party) {
            Ok((theirs, bytes)) => {
                let label = mesh.label(party);
                different.extend(differences(&mine, &theirs, &label));
                all.push((theirs, bytes));
            }
            // Another party may have seen a difference first and stopped: the difference says more than that.
            Err(_) if !different.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    if !different.is_empty() {
        return Err(Error::usage(format!(
            "the parties are not about to run the same thing: {}",
            different.join("; ")
        )));
    }
    Ok(agreed(mesh, &all))
}

fn receive(mesh: &mut Mesh, from: PartyId) -> Result<(Hello, Vec<u8>), Error> {
    let label = mesh.label(from);
    let len = mesh.recv(from, LENGTH_STEP, 8)?;
    let len = <[u8; 8]>::try_from(len.as_slice()).map_or(u64::MAX, u64::from_le_bytes);
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    if len > HELLO_CAP {
        return Err(Error::peer(
            from,
            format!(
                "{label} announces {len} bytes of what it wants to run; the limit is {HELLO_CAP}"
            ),
        ));
    }
    let bytes = mesh.recv(from, HELLO_STEP, len)?;
    let hello = Hello::decode(&bytes, from, mesh.n_parties()).map_err(|what| {
        Error::peer(
            from,
            format!("{label} says what it wants to run in a form that is not understood ({what})"),
        )
    })?;
    Ok((hello, bytes))
}

/// What follows from everyone's hello; equal at all parties that received the same.
fn agreed(mesh: &Mesh, all: &[(Hello, Vec<u8>)]) -> Agreed {
    let components = Component::BEFORE_PLAN
        .into_iter()
        .map(|component| (component, component_hash(component, mesh, all)))
        .collect();
    Agreed {
        lengths: all.iter().map(|(h, _)| h.wants.lengths.clone()).collect(),
        components,
    }
}

fn component_hash(component: Component, mesh: &Mesh, all: &[(Hello, Vec<u8>)]) -> Digest {
    let mut t = Transcript::new("smpcc/agreement");
    t.string(component.name()).list(all.len());
    for ((hello, bytes), certificate) in all.iter().zip(mesh.certificates()) {
        let wants = &hello.wants;
        match component {
            Component::Source => {
                t.digest(&wants.source)
                    .string(&wants.build)
                    .digest(&hello.code);
            }
            Component::Arguments => pairs(&mut t, &wants.arguments),
            Component::Suite => {
                t.string(&wants.suite).number(wants.threshold.into());
                pairs(&mut t, &wants.options);
            }
            Component::Threat => {
                t.string(&wants.threat);
            }
            Component::Costs => {
                t.digest(&wants.costs);
            }
            Component::Parties => {
                t.digest(certificate);
            }
            Component::Shapes => {
                t.list(wants.lengths.len());
                for (name, len) in &wants.lengths {
                    t.string(name).number(*len);
                }
            }
            // The nonces, and with them every byte that each party has said.
            Component::Nonces => {
                t.bytes(bytes);
            }
            Component::Plan => {}
        }
    }
    t.finish()
}

fn pairs(t: &mut Transcript, pairs: &[(String, String)]) {
    t.list(pairs.len());
    for (name, value) in pairs {
        t.string(name).string(value);
    }
}

/// The second step: compares the hashes of all components, the compiled plan's among them, with all others, and binds the
/// mesh to the session that they make.
///
/// # Errors
/// A fault that names the first component that differs, or of a link or peer. The others have been told.
pub fn confirm(mut mesh: Mesh, agreed: &Agreed, plan: Digest) -> Result<Session, Error> {
    match compare(&mut mesh, agreed, plan) {
        Ok(id) => Ok(Session::agreed(mesh, id)),
        Err(error) => {
            mesh.abort(&error);
            Err(error)
        }
    }
}

fn compare(mesh: &mut Mesh, agreed: &Agreed, plan: Digest) -> Result<SessionId, Error> {
    let mut components = agreed.components.clone();
    components.push((Component::Plan, plan));
    let mut message = Vec::with_capacity(32 * components.len());
    for (_, digest) in &components {
        message.extend_from_slice(&digest.0);
    }
    for to in mesh.others() {
        mesh.send(to, CONFIRM_STEP, message.clone())?;
    }
    for from in mesh.others() {
        let theirs = mesh.recv(from, CONFIRM_STEP, message.len())?;
        let equal = |((_, mine), theirs): (&(Component, Digest), &[u8])| mine.0[..] == *theirs;
        let first = components
            .iter()
            .zip(theirs.chunks(32))
            .position(|pair| !equal(pair));
        if let Some((component, _)) = first.and_then(|i| components.get(i)) {
            return Err(disagreement(from, &mesh.label(from), *component));
        }
    }
    let mut t = Transcript::new("smpcc/session");
    t.list(components.len());
    for (component, digest) in &components {
        t.string(component.name()).digest(digest);
    }
    Ok(SessionId(t.finish().0))
}

fn disagreement(from: PartyId, label: &str, component: Component) -> Error {
    match component {
        // The hellos were equal in this: what was compiled from them is not.
        Component::Plan => Error::usage(format!(
            "{label} compiled the same program for the same inputs to another plan: use the same build of smpcc everywhere"
        )),
        Component::Source
        | Component::Arguments
        | Component::Suite
        | Component::Threat
        | Component::Costs
        | Component::Parties
        | Component::Shapes
        | Component::Nonces => Error::peer(
            from,
            format!(
                "{label} has not heard the same from all parties as this one has ({} differ): it, or another party, told them different things",
                component.name()
            ),
        ),
    }
}

#[cfg(test)]
mod tests;
