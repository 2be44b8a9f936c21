//! `smpcc contribute`, `smpcc withdraw` and `smpcc result`: what contributors and receivers do with the nodes of a study.
//!
//! A contribution is dealt once and kept in a folder of its own, as it is sent, until all nodes have confirmed it: whoever is
//! interrupted sends the same again, and the nodes know it by its name. The folder holds what is sealed to nodes, and receipts.

use crate::args::{ContributeArgs, Format, OpenArgs, ResultArgs, WithdrawArgs};
use crate::commands::{share, study as signed};
use crate::load::Style;
use crate::out;
use smpcc::exit::{Exit, Failure, Outcome};
use smpcc::render::json_string;
use smpcc::stored::scheme;
use smpcc::studies;
use smpcc_study::contribution;
use smpcc_study::https::{self, Answer, Patience};
use smpcc_study::id::ContributionId;
use smpcc_study::receipt::{Deed, Receipt};
use smpcc_study::share_file::{self, SealTo};
use smpcc_study::store::{read, write_whole};
use smpcc_study::study::{Node, Study, Time};
use smpcc_study::{Error, document, signature};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The longest file that is sent, in bytes.
const MAX_SENT: u64 = 1 << 30;

fn failed(error: Error) -> Failure {
    Failure::usage(error.to_string())
}

/// A study that all have signed, with the program that it names.
fn agreed(path: &Path) -> Outcome<Study> {
    let study = studies::read(path)?;
    studies::program(path, &study)?;
    match studies::signed(path, &study)
        .into_iter()
        .find(|(_, s)| s.is_err())
    {
        Some((name, Err(why))) => Err(Failure::usage(format!(
            "{name} has not signed the study: {why}"
        ))),
        Some((_, Ok(()))) | None => Ok(study),
    }
}

/// Deals a contribution, or takes up one that was begun, and sends it to all nodes.
pub fn contribute(args: &ContributeArgs, style: Style) -> Outcome {
    let study = agreed(&args.study)?;
    let folder = match (&args.again, &args.inputs, &args.invitation) {
        (Some(folder), None, None) => folder.clone(),
        (None, Some(inputs), Some(invitation)) => {
            let key = signed::key(invitation)?;
            let terms = study.terms();
            let who = terms.admitted(&key.public());
            let Some(who) = who.and_then(|who| terms.contributors.get(who)) else {
                return Err(Failure::usage(format!(
                    "{}: the study lists neither this key nor this invitation",
                    invitation.display()
                )));
            };
            begin(args, (&study, &who.role), inputs, &key, style)?
        }
        _ => {
            return Err(Failure::usage(
                "give --inputs and --invitation, or --again with the folder of a contribution that was begun",
            ));
        }
    };
    let withdrawn = |node: &Node| folder.join(format!("{}.withdrawn", node.name)).exists();
    if study.terms().nodes.iter().any(withdrawn) {
        return Err(Failure::usage(format!(
            "{}: this contribution has been withdrawn, and takes no part",
            folder.display()
        )));
    }
    let mut done = Done::default();
    let mut refused = 0;
    for node in &study.terms().nodes {
        let receipt = folder.join(format!("{}.receipt", node.name));
        let sent = match receipt.exists() {
            true => Ok(()),
            false => send(&study, node, &folder)
                .and_then(|text| Ok(write_whole(&receipt, text.as_bytes())?)),
        };
        match sent {
            Ok(()) => done.receipts.push((node.name.clone(), Some(receipt))),
            Err(e) => {
                refused += usize::from(e.for_good);
                done.missing.push((node.name.clone(), e.why.to_string()));
            }
        }
    }
    done.print(&folder, args.format, "has stored its part");
    let missing = done.all_missing();
    if done.missing.is_empty() {
        return Ok(());
    }
    if refused == 0 {
        return Err(Failure::new(
            Exit::Network,
            format!(
                "not all nodes have it, so it takes no part yet ({missing}); go on with: smpcc contribute --study {} --again {}",
                args.study.display(),
                folder.display()
            ),
        ));
    }
    // Nobody has it, and nobody will.
    if refused == study.terms().nodes.len() && args.again.is_none() {
        let _ = std::fs::remove_dir_all(&folder);
    }
    Err(Failure::usage(format!(
        "it takes no part, and to send it again does not help ({missing})"
    )))
}

/// Why a node has no part of a contribution.
struct Missing {
    why: Error,
    /// Whether it will refuse the same again.
    for_good: bool,
}

impl From<Error> for Missing {
    fn from(why: Error) -> Self {
        Self {
            why,
            for_good: false,
        }
    }
}

/// What the nodes have confirmed of a contribution, in the order of the study.
#[derive(Default)]
struct Done {
    /// By node: its receipt, where it gave one.
    receipts: Vec<(String, Option<PathBuf>)>,
    /// By node: why there is none.
    missing: Vec<(String, String)>,
}

impl Done {
    /// Says what was confirmed: as `deed` has it, or as one JSON object.
    fn print(&self, folder: &Path, format: Format, deed: &str) {
        let mut text = String::new();
        if format == Format::Json {
            let receipts = self.receipts.iter().map(|(node, file)| {
                let file = (file.as_ref())
                    .map_or_else(|| "null".into(), |f| json_string(&f.display().to_string()));
                format!("{}: {file}", json_string(node))
            });
            let missing = self.missing.iter();
            let missing =
                missing.map(|(node, why)| format!("{}: {}", json_string(node), json_string(why)));
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            out::json(&format!(
                "{{\"contribution\": {}, \"folder\": {}, \"receipts\": {{{}}}, \"missing\": {{{}}}}}\n",
                json_string(&name),
                json_string(&folder.display().to_string()),
                receipts.collect::<Vec<_>>().join(", "),
                missing.collect::<Vec<_>>().join(", "),
            ));
            return;
        }
        for (node, file) in &self.receipts {
            let _ = match file {
                Some(file) => writeln!(text, "{}  {node} {deed}", file.display()),
                None => writeln!(text, "{node} has no part of it"),
            };
        }
        out::product(&text);
    }

    fn all_missing(&self) -> String {
        reasons(&self.missing)
    }
}

/// What each node says, once for all that say the same.
fn reasons(said: &[(String, String)]) -> String {
    let mut all: Vec<(Vec<&str>, &str)> = Vec::new();
    for (node, why) in said {
        match all.iter_mut().find(|(_, other)| other == why) {
            Some((nodes, _)) => nodes.push(node),
            None => all.push((vec![node], why)),
        }
    }
    let all = all.into_iter();
    let all: Vec<String> = all
        .map(|(nodes, why)| format!("{}: {why}", nodes.join(", ")))
        .collect();
    all.join("; ")
}

/// Deals, and keeps what is to be sent.
fn begin(
    args: &ContributeArgs,
    (study, role): (&Study, &str),
    inputs: &Path,
    key: &signature::SigningKey,
    style: Style,
) -> Outcome<PathBuf> {
    let beside = args.study.parent().unwrap_or(Path::new(""));
    let program = beside.join(&study.terms().program.root.0);
    let dealt = share::dealt(&program, (study, role), inputs, style)?;
    let first = dealt.first().ok_or_else(|| Failure::bug("no node"))?;
    let manifest = contribution::sign(&first.header.manifest(), key);
    let folder = args.out.join(first.header.id.to_string());
    std::fs::create_dir_all(&folder)
        .map_err(|e| Failure::usage(format!("cannot make {}: {e}", folder.display())))?;
    for (of_node, node) in dealt.iter().zip(&study.terms().nodes) {
        let to = SealTo::Node(&node.seal);
        let file = share_file::write(&of_node.header, &of_node.parts, &to).map_err(failed)?;
        let body = contribution::join(&manifest, &file).map_err(failed)?;
        write_whole(&folder.join(format!("{}.sent", node.name)), &body).map_err(failed)?;
    }
    Ok(folder)
}

fn name_of(folder: &Path) -> Result<ContributionId, Error> {
    let name = folder.file_name().and_then(|n| n.to_str());
    name.and_then(|n| n.parse().ok()).ok_or_else(|| {
        Error::new(format!(
            "{} is no folder of a contribution",
            folder.display()
        ))
    })
}

fn ask(node: &Node, path: &str, body: &[u8]) -> Result<Answer, Error> {
    let to = (node.address.as_str(), &node.certificate);
    https::request(to, ("POST", path), body, Patience::default())
}

/// Sends a node its part; the receipt, checked.
fn send(study: &Study, node: &Node, folder: &Path) -> Result<String, Missing> {
    let id = name_of(folder)?;
    let body = read(&folder.join(format!("{}.sent", node.name)), MAX_SENT)?;
    let (manifest, _) = contribution::signed(contribution::split(&body)?.manifest)?;
    let path = format!("/v1/studies/{}/contributions/{id}", study.id());
    let answer = ask(node, &path, &body)?;
    let for_good = match answer.status {
        400 | 403 | 409 | 413 => true,
        // It has closed, or it has not opened yet.
        410 => Time::now() >= study.terms().window.0,
        _ => false,
    };
    let text = answer.good().map_err(|why| Missing { why, for_good })?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let receipt = Receipt::read(&text, &node.sign)?;
    match receipt.deed == Deed::Stored
        && receipt.contribution == id
        && receipt.manifest == manifest.digest()
    {
        true => Ok(text),
        false => Err(Error::new("its receipt is for something else").into()),
    }
}

/// Withdraws a contribution at all nodes.
pub fn withdraw(args: &WithdrawArgs) -> Outcome {
    let study = agreed(&args.study)?;
    let key = signed::key(&args.invitation)?;
    let id = name_of(&args.contribution).map_err(failed)?;
    let text = contribution::withdrawal(&study.id(), &id, &key);
    let path = format!("/v1/studies/{}/contributions/{id}/withdrawal", study.id());
    let mut done = Done::default();
    for node in &study.terms().nodes {
        let asked = || {
            let answer = ask(node, &path, text.as_bytes())?;
            // A node that never got it has nothing to delete.
            if answer.status == 404 {
                return Ok(None);
            }
            let text = String::from_utf8_lossy(&answer.good()?).into_owned();
            let receipt = Receipt::read(&text, &node.sign)?;
            if receipt.deed != Deed::Withdrawn || receipt.contribution != id {
                return Err(Error::new("its receipt is for something else"));
            }
            let file = args.contribution.join(format!("{}.withdrawn", node.name));
            write_whole(&file, text.as_bytes())?;
            Ok::<_, Error>(Some(file))
        };
        match asked() {
            Ok(file) => done.receipts.push((node.name.clone(), file)),
            Err(e) => done.missing.push((node.name.clone(), e.to_string())),
        }
    }
    done.print(&args.contribution, args.format, "has deleted its part");
    match done.missing.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(
            Exit::Network,
            format!("not all nodes have deleted it: {}", done.all_missing()),
        )),
    }
}

/// Fetches a receiver's shares of a result from all nodes, and opens them.
pub fn result(args: &ResultArgs) -> Outcome {
    let study = agreed(&args.study)?;
    let key = signed::key(&args.key)?;
    let public = key.public();
    let receiver = study.terms().receivers.iter().find(|r| r.sign == public);
    let receiver =
        receiver.ok_or_else(|| Failure::usage("no receiver of the study has this key"))?;
    std::fs::create_dir_all(&args.out)
        .map_err(|e| Failure::usage(format!("cannot make {}: {e}", args.out.display())))?;
    let mut files = Vec::new();
    let mut missing = Vec::new();
    for node in &study.terms().nodes {
        let asked = || {
            let request = document::Document::new(signature::Purpose::Request)
                .with("study", study.id())
                .with("receiver", &receiver.name)
                .with("to", &node.name)
                .with("run", args.run)
                .sign(&key);
            let path = format!("/v1/studies/{}/results", study.id());
            let file = ask(node, &path, request.as_bytes())?.good()?;
            let at = args.out.join(format!("{}-{}.result", node.name, args.run));
            write_whole(&at, &file)?;
            Ok::<_, Error>(at)
        };
        match asked() {
            Ok(file) => files.push(file),
            Err(e) => missing.push((node.name.clone(), e.to_string())),
        }
    }
    let missing = reasons(&missing);
    // Nodes that are not done yet, or cannot be reached, may be asked again.
    let (there, all) = (files.len(), study.terms().nodes.len());
    let least = scheme(study.terms()).least();
    if there < least {
        let who = match there {
            0 => "no node".to_owned(),
            _ => format!("only {there} of {all} nodes, of which {least} are needed,"),
        };
        return Err(Failure::new(
            Exit::Network,
            format!("{who} gave a share of the result ({missing})"),
        ));
    }
    if !missing.is_empty() {
        out::note(&format!("warning: {missing}"));
    }
    share::open(&OpenArgs {
        files,
        study: args.study.clone(),
        keys: vec![args.seal.clone()],
        format: args.format,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_that_say_the_same_are_named_together() {
        let said = [("a", "no"), ("b", "later"), ("c", "no")];
        let said = said.map(|(node, why)| (node.to_owned(), why.to_owned()));
        assert_eq!(reasons(&said), "a, c: no; b: later");
    }
}
