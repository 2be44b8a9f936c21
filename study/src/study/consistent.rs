//! What several keys of a study say together: who plays which role, and that no key, name or address is two people's.

use super::Terms;
use crate::Error;
use smpcc_circuit::sorted::{SortedMap, SortedSet};

fn refuse<T>(what: impl Into<String>) -> Result<T, Error> {
    Err(Error::new(what))
}

/// Refuses terms that contradict each other.
pub(super) fn check(terms: &Terms) -> Result<(), Error> {
    let n = u32::try_from(terms.nodes.len()).unwrap_or(u32::MAX);
    let (suite, t) = (terms.suite, terms.threshold);
    if !suite.stands(terms.threat) {
        return refuse(format!(
            "suite `{}` does not protect against {} nodes",
            suite.name(),
            terms.threat.name()
        ));
    }
    if !suite.parties().contains(&n) {
        return refuse(format!(
            "suite `{}` does not run among {n} nodes",
            suite.name()
        ));
    }
    if !suite.thresholds(n).contains(&t) {
        return refuse(format!(
            "threshold: suite `{}` among {n} nodes does not stand {t} corrupt ones",
            suite.name()
        ));
    }
    if terms.window.0 >= terms.window.1 {
        return refuse("closes is not after opens");
    }
    if terms.purpose.trim().is_empty() {
        return refuse("purpose: say in plain words what the study is for");
    }
    if terms.contributors.is_empty() || terms.receivers.is_empty() {
        return refuse("a study has at least one table of contributors and one receiver");
    }
    contributors(terms)?;
    players(terms)?;
    let mut addresses = SortedSet::new();
    let mut certificates = SortedSet::new();
    let mut seals = SortedSet::new();
    for node in &terms.nodes {
        for address in [&node.address, &node.party_address] {
            if !addresses.insert(address) {
                return refuse(format!("two addresses are `{address}`"));
            }
        }
        if !certificates.insert(node.certificate) || !seals.insert(node.seal) {
            return refuse(format!(
                "node `{}`: its certificate or its sealing key is another node's",
                node.name
            ));
        }
    }
    let nodes = terms.nodes.iter().map(|n| (&n.name, &n.sign));
    let owners = terms.owners.iter().map(|o| (&o.name, &o.sign));
    let receivers = terms.receivers.iter().map(|r| (&r.name, &r.sign));
    let mut names = SortedSet::new();
    let mut signers = SortedSet::new();
    for (name, key) in nodes.chain(owners) {
        if !names.insert(name) {
            return refuse(format!("two of those who sign are called `{name}`"));
        }
        if !signers.insert(key) {
            return refuse(format!("two signers have the key of `{name}`"));
        }
        if terms.admitted(key).is_some() {
            return refuse(format!("the key of the signer `{name}` is a contributor's"));
        }
    }
    let mut names = SortedSet::new();
    for (name, _) in receivers {
        if !names.insert(name) {
            return refuse(format!("two receivers are called `{name}`"));
        }
    }
    Ok(())
}

/// Each role once, with something to give; and each key once, so that it says as what its holder contributes.
fn contributors(terms: &Terms) -> Result<(), Error> {
    let mut roles = SortedSet::new();
    let mut keys = SortedSet::new();
    for who in &terms.contributors {
        if !roles.insert(&who.role) {
            return refuse(format!(
                "two tables of contributors are for the role `{}`",
                who.role
            ));
        }
        if who.inputs.is_empty() {
            return refuse(format!(
                "contributors `{}`: there is no contributors.input",
                who.role
            ));
        }
        for key in who.keys.iter().chain(&who.invitations) {
            if !keys.insert(key) {
                return refuse(format!("contributors: `{key}` stands twice"));
            }
        }
    }
    Ok(())
}

/// Of each role that nodes or receivers play: they are of one kind, and numbered from 0 on, each once. One alone needs no number.
fn players(terms: &Terms) -> Result<(), Error> {
    let nodes = (terms.nodes.iter()).filter_map(|node| Some((node.role.as_deref()?, "nodes")));
    let receivers = (terms.receivers.iter()).map(|receiver| (receiver.role.as_str(), "receivers"));
    let mut played: SortedMap<&str, (&str, Vec<Option<&str>>)> = SortedMap::new();
    for (role, kind) in nodes.chain(receivers) {
        let (word, number) = match role.split_once('[') {
            Some((word, rest)) => (word, Some(rest.trim_end_matches(']'))),
            None => (role, None),
        };
        let (first, numbers) = played.entry(word).or_insert((kind, Vec::new()));
        if terms.contributing(word).is_some() {
            return refuse(format!(
                "`{word}` is the role of contributors, not of {kind}"
            ));
        }
        if *first != kind {
            return refuse(format!("`{word}` is played by nodes and by receivers"));
        }
        numbers.push(number);
    }
    for (word, (kind, numbers)) in &played {
        let expected: SortedSet<String> = (0..numbers.len()).map(|i| i.to_string()).collect();
        let there: SortedSet<String> = numbers.iter().flatten().map(|&n| n.to_owned()).collect();
        if there != expected && *numbers != [None] {
            return refuse(format!(
                "the {} {kind} that play `{word}` are `{word}[0]` to `{word}[{}]`, each once",
                numbers.len(),
                numbers.len() - 1
            ));
        }
    }
    Ok(())
}
