//! A contribution: values become one sealed share file for each node, and a manifest that all of them hold.

use crate::Error;
use crate::id::{ContributionId, StudyId};
use crate::manifest::{Blinder, Commitment};
use crate::pack::pack;
use crate::schema::Value;
use crate::share_file::{Header, Kind, Part};
use smpcc_circuit::program::Threat;
use smpcc_runtime::protocols::stored::Scheme;
use smpcc_runtime::ring::Elements;
use zeroize::Zeroizing;

/// Who gives under which terms.
pub struct Giver<'a> {
    /// The study.
    pub study: StudyId,
    /// How its nodes share values.
    pub scheme: Scheme,
    /// What its nodes may do.
    pub threat: Threat,
    /// Who gives: a party's name in the program, or its role.
    pub whose: &'a str,
    /// Seconds since 1970.
    pub made: u64,
}

/// What goes to one node.
pub struct ForNode {
    /// What its file says.
    pub header: Header,
    /// What its file holds.
    pub parts: Vec<Part>,
}

/// Shares values anew; by node. The words of each value stand in the order of its scalars.
///
/// # Errors
/// An operating system without randomness, or words that are not the values'.
pub fn deal(giver: &Giver<'_>, values: &[(Value, Vec<Elements>)]) -> Result<Vec<ForNode>, Error> {
    let (scheme, id) = (giver.scheme, ContributionId::fresh()?);
    let n = scheme.n_parties as usize;
    // By node, the shares of all scalars.
    let mut shares: Vec<Vec<Zeroizing<Elements>>> = (0..n).map(|_| Vec::new()).collect();
    let mut scalars = Vec::new();
    for (value, words) in values {
        if words.len() != value.leaves.len() {
            return Err(Error::new("a value has other scalars than its type"));
        }
        for ((scalar, lanes), words) in value.leaves.iter().zip(words) {
            if words.lanes() as u64 != *lanes {
                return Err(Error::new("a value has another length than its type"));
            }
            scalars.push(*scalar);
            let words = Zeroizing::new(words.clone().fitted(scalar.width()));
            let dealt = scheme.deal(scalar.width(), &words);
            let dealt = dealt.map_err(|e| Error::new(e.to_string()))?;
            for (node, share) in shares.iter_mut().zip(dealt) {
                node.push(Zeroizing::new(share));
            }
        }
    }
    let n_parts = (0..n).flat_map(|node| scheme.parts(node)).max();
    let n_parts = n_parts.map_or(0, |last| last + 1);
    let blinders: Vec<Blinder> = (0..n_parts)
        .map(|_| Blinder::fresh())
        .collect::<Result<_, _>>()?;
    let mut manifest = vec![Commitment([0; 32]); n_parts];
    let mut nodes = Vec::with_capacity(n);
    for (node, shares) in shares.iter().enumerate() {
        let leaves = scalars.iter().copied().zip(shares.iter().map(|s| &**s));
        let packed = pack(scheme, node, leaves);
        let mut parts = Vec::new();
        for (number, bytes) in scheme.parts(node).into_iter().zip(packed) {
            let blinder = &blinders[number];
            let part = number as u16;
            manifest[number] = Commitment::to(&giver.study, &id, part, blinder, &bytes);
            parts.push(Part {
                number: part,
                blinder: Some(Blinder(blinder.0.clone())),
                bytes,
            });
        }
        nodes.push(parts);
    }
    let header = |node: usize| Header {
        kind: Kind::Contribution,
        scheme,
        threat: giver.threat,
        node: node as u32,
        study: giver.study,
        id,
        whose: giver.whose.to_owned(),
        session: String::new(),
        made: giver.made,
        values: values.iter().map(|(value, _)| value.clone()).collect(),
        manifest: manifest.clone(),
    };
    let nodes = nodes.into_iter().enumerate();
    Ok(nodes
        .map(|(node, parts)| ForNode {
            header: header(node),
            parts,
        })
        .collect())
}
