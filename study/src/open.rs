//! Opening stored values: from the files of some nodes to what was shared, with a check as far as there are more than it takes.

use crate::Error;
use crate::pack::{Shares, unpack};
use crate::schema::Value;
use crate::share_file::{Header, Part};
use smpcc_runtime::protocols::stored::{Misfit, Scheme};
use smpcc_runtime::ring::Elements;
use zeroize::Zeroizing;

/// One node's file, opened.
pub type Held = (Header, Vec<Part>);

/// Stored values in the clear.
pub struct Opened {
    /// Each value with the words of its scalars.
    pub values: Vec<(Value, Vec<Zeroizing<Elements>>)>,
    /// Whether more shares were there than it takes, so that a cheating node would have been noticed.
    pub checked: bool,
}

/// The shares of a file's values.
///
/// # Errors
/// Parts that are not of these values.
pub fn shares((header, parts): &Held) -> Result<Vec<Shares>, Error> {
    let bytes: Vec<&[u8]> = parts.iter().map(|part| &part.bytes[..]).collect();
    unpack(header.scheme, header.node as usize, &header.values, &bytes)
}

/// Puts the shares of several nodes together; `names` are the nodes' for messages.
///
/// # Errors
/// Too few files, files of different things, or shares that do not fit: then the nodes are named that disagree with the others.
pub fn open(files: &[Held], names: &[String]) -> Result<Opened, Error> {
    let Some((first, _)) = files.first() else {
        return Err(Error::new("there is no share file"));
    };
    let name = |node: usize| match names.get(node) {
        Some(name) => format!("`{name}`"),
        None => format!("node {node}"),
    };
    for (header, _) in files {
        let same = Header {
            node: first.node,
            made: first.made,
            ..header.clone()
        };
        if same != *first {
            return Err(Error::new(format!(
                "the files of {} and {} are not shares of the same values",
                name(first.node as usize),
                name(header.node as usize)
            )));
        }
    }
    let nodes: Vec<usize> = files
        .iter()
        .map(|(header, _)| header.node as usize)
        .collect();
    for (i, node) in nodes.iter().enumerate() {
        if nodes[..i].contains(node) {
            return Err(Error::new(format!("{} has two files", name(*node))));
        }
    }
    let shares = files.iter().map(shares).collect::<Result<Vec<_>, _>>()?;
    let scheme = first.scheme;
    let mut opened = Opened {
        values: Vec::new(),
        checked: true,
    };
    let mut disagree: Vec<usize> = Vec::new();
    for (v, value) in first.values.iter().enumerate() {
        let mut words = Vec::new();
        for (l, (scalar, _)) in value.leaves.iter().enumerate() {
            let of: Vec<(usize, &Elements)> = nodes
                .iter()
                .zip(&shares)
                .map(|(node, shares)| (*node, &*shares[v][l]))
                .collect();
            match scheme.open(scalar.width(), &of) {
                Ok((value, checked)) => {
                    opened.checked &= checked;
                    words.push(Zeroizing::new(value));
                }
                Err(Misfit::TooFew { least }) => return Err(too_few(scheme, least, nodes.len())),
                Err(Misfit::Disagree { parties }) => disagree.extend(parties),
                Err(Misfit::Malformed) => return Err(crate::wire::damaged()),
            }
        }
        opened.values.push((value.clone(), words));
    }
    if disagree.is_empty() {
        return Ok(opened);
    }
    disagree.sort_unstable();
    disagree.dedup();
    let who: Vec<String> = disagree.into_iter().map(name).collect();
    Err(Error::new(format!(
        "the shares are not those of one value: {} against the others",
        who.join(", ")
    )))
}

fn too_few(scheme: Scheme, least: usize, there: usize) -> Error {
    Error::new(format!(
        "the files of {least} of the {} nodes are needed; these are {there}",
        scheme.n_parties
    ))
}
