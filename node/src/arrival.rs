//! A contribution as it comes over the network: whatever can be wrong with it is found here, before anything is written.

use crate::Error;
use crate::hosted::Hosted;
use smpcc_circuit::sorted::SortedSet;
use smpcc_runtime::protocols::stored::Scheme;
use smpcc_study::contribution::{self, MAX_MANIFEST};
use smpcc_study::id::ContributionId;
use smpcc_study::manifest::Manifest;
use smpcc_study::open::{Held, shares};
use smpcc_study::schema::Value;
use smpcc_study::seal::SealingKey;
use smpcc_study::share_file::{self, Key, Kind, Wanted};
use smpcc_study::signature::SigningPublic;
use smpcc_study::study::{Contributors, Terms};
use smpcc_study::types;

/// Bytes of a share file beside its parts: the types of what is in it, mainly.
const HEADER: usize = 64 << 10;

/// A contribution that may be stored.
pub struct Arrival {
    /// Who gave it.
    pub key: SigningPublic,
    /// As which of the study's contributors.
    pub role: usize,
    /// What all nodes hold.
    pub manifest: Manifest,
    /// The text of that, with its signature.
    pub text: String,
    /// What this node alone holds.
    pub held: Held,
}

/// How the nodes of a study share values.
pub fn scheme(terms: &Terms) -> Scheme {
    Scheme {
        suite: terms.suite,
        n_parties: terms.nodes.len() as u32,
        threshold: terms.threshold,
    }
}

/// The most bytes of what comes to a node of a study.
pub fn max_len(hosted: &Hosted) -> usize {
    let terms = hosted.study.terms();
    let parts = scheme(terms).parts(hosted.me).len();
    let longest = terms.contributors.iter().map(|who| who.max_bytes).max();
    MAX_MANIFEST + HEADER + parts * longest.unwrap_or(0) as usize
}

/// Looks at what has come so far: whether the manifest is whole, and signed by somebody who may contribute.
///
/// # Errors
/// It is not, or somebody else's.
pub fn is_of_somebody(hosted: &Hosted, begun: &[u8]) -> Result<bool, Error> {
    match contribution::begun(begun)? {
        None => Ok(false),
        Some(manifest) => sender(hosted, manifest).map(|_| true),
    }
}

/// What a text commits to, who signed it, and as which of the study's contributors that is.
fn sender(hosted: &Hosted, text: &str) -> Result<(Manifest, SigningPublic, usize), Error> {
    let (manifest, key) = contribution::signed(text)?;
    let role = hosted.study.terms().admitted(&key).ok_or_else(|| {
        Error::Unknown("the study lists neither this key nor this invitation".into())
    })?;
    Ok((manifest, key, role))
}

/// Looks at what came as contribution `id` to a node of this key.
///
/// # Errors
/// Somebody who may not contribute, another study or contribution, another node's part, parts that are not what the manifest commits
/// to, or other values than the study asks for.
pub fn check(
    hosted: &Hosted,
    seal: &SealingKey,
    id: &ContributionId,
    body: &[u8],
) -> Result<Arrival, Error> {
    let terms = hosted.study.terms();
    let arrived = contribution::split(body)?;
    let (manifest, key, role) = sender(hosted, arrived.manifest)?;
    let who = terms.contributors.get(role);
    let who = who.ok_or_else(|| Error::Machine("a role that the study has not".into()))?;
    if manifest.study != hosted.study.id() {
        return Err(Error::Refused("this was signed for another study".into()));
    }
    if manifest.contribution != *id {
        return Err(Error::Refused(
            "this was signed as another contribution".into(),
        ));
    }
    let parts = (0..terms.nodes.len()).flat_map(|node| scheme(terms).parts(node));
    if manifest.parts.len() != parts.collect::<SortedSet<usize>>().len() {
        return Err(Error::Refused(
            "the manifest does not commit to the parts of all nodes".into(),
        ));
    }
    let names: Vec<String> = terms.nodes.iter().map(|n| n.name.clone()).collect();
    let wanted = Wanted {
        study: hosted.study.id(),
        scheme: scheme(terms),
        threat: terms.threat,
        node: hosted.me as u32,
        names: &names,
        kind: Some(Kind::Contribution),
        id: Some(*id),
    };
    share_file::unchecked_header(arrived.file)?.check(&wanted)?;
    let held = share_file::open(arrived.file, &Key::Node(seal))?;
    if held.0.manifest() != manifest {
        return Err(Error::Refused(
            "the share file has another manifest than the one that was signed".into(),
        ));
    }
    let longest = held.1.iter().map(|p| p.bytes.len() as u64).max();
    if longest > Some(who.max_bytes) {
        return Err(Error::TooMuch(format!(
            "the study allows {} bytes a part",
            who.max_bytes
        )));
    }
    asked_for(who, &held.0.whose, &held.0.values)?;
    // Lengths, and nothing where nothing should be.
    shares(&held)?;
    Ok(Arrival {
        key,
        role,
        manifest,
        text: arrived.manifest.to_owned(),
        held,
    })
}

/// Whether values are what the study asks for of these contributors: their names, types and layouts, and as many lanes as their lengths say.
fn asked_for(who: &Contributors, whose: &str, values: &[Value]) -> Result<(), Error> {
    if whose != who.role {
        return Err(Error::Refused(format!(
            "this key or invitation is for `{}`, and it was given as something else",
            who.role
        )));
    }
    let same = values.len() == who.inputs.len()
        && who.inputs.iter().all(|input| {
            values.iter().any(|value| {
                value.name == input.name
                    && types::fits(&value.shape, &input.scalar, input.layout.as_ref())
                    && value.is_whole()
            })
        });
    match same {
        true => Ok(()),
        false => Err(Error::Refused(
            "it does not hold the values that the study asks for".into(),
        )),
    }
}
