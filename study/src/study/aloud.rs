//! A study in plain words, for whoever is asked to sign it or to give data. Everything that binds is said.

use super::{Contributors, Input, Study, Terms, Time};
use crate::id::hex;
use smpcc_circuit::program::Suite;
use std::fmt::Write as _;

/// The whole text, in titled blocks.
pub(super) fn text(study: &Study) -> String {
    let terms = study.terms();
    let mut text = format!("Study `{}`\nsha256:{}\n", terms.name, study.id());
    let mut block = |title: &str, lines: Vec<String>| {
        let _ = write!(text, "\n{title}\n");
        for line in lines {
            let _ = writeln!(text, "  {line}");
        }
    };
    block("What it is for", vec![terms.purpose.clone()]);
    block("Who gives what", gives(terms));
    block("Who learns what", learns(terms));
    block("How it is protected", protected(terms));
    block("How long it is kept", kept(terms));
    block("Who must sign", signs(study));
    text
}

/// `1 day`, `30 days`.
fn counted(n: u64, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

fn gives(terms: &Terms) -> Vec<String> {
    let (opens, closes) = terms.window;
    let mut lines = vec![format!(
        "Contributions are taken from {opens} until {closes}, each once."
    )];
    lines.extend(terms.contributors.iter().flat_map(gives_as));
    lines
}

/// What is given as one role, and by whom.
fn gives_as(who: &Contributors) -> Vec<String> {
    let mut lines = vec![
        format!("As `{}`: {}.", who.role, count(who)),
        match (who.keys.len() as u64, who.invitations.len() as u64) {
            (0, 0) => "Nobody is invited: there are neither keys nor invitations.".into(),
            (keys, 0) => format!("Only those may give whose {} listed.", are(keys, "key")),
            (0, 1) => "Only whoever holds the one invitation may give. Whoever hands it out can invent a contributor.".into(),
            (0, n) => format!(
                "Only those may give who hold one of {n} invitations. Whoever hands them out can invent contributors."
            ),
            (keys, n) => format!(
                "Only those may give whose {} listed, or who hold one of {}. Whoever hands these out can invent contributors.",
                are(keys, "key"),
                counted(n, "invitation")
            ),
        },
    ];
    lines.extend(who.inputs.iter().map(input));
    lines.push(format!(
        "Each node's part of a contribution has at most {}.",
        counted(who.max_bytes, "byte")
    ));
    lines
}

/// How many give as one role.
fn count(who: &Contributors) -> String {
    match who.least == who.most {
        true => counted(who.least, "contribution"),
        false => format!("{} to {}", who.least, counted(who.most, "contribution")),
    }
}

fn are(n: u64, what: &str) -> String {
    match n {
        1 => format!("1 {what} is"),
        n => format!("{n} {what}s are"),
    }
}

fn input(input: &Input) -> String {
    let range = match (&input.least, &input.most) {
        (Some(least), Some(most)) => format!(", from {least} to {most}"),
        (Some(least), None) => format!(", at least {least}"),
        (None, Some(most)) => format!(", at most {most}"),
        (None, None) => String::new(),
    };
    let help = match input.help.is_empty() {
        true => String::new(),
        false => format!(" ({})", input.help),
    };
    format!(
        "Each gives {}{help}: `{}`, {}{range}.",
        input.label, input.name, input.scalar
    )
}

fn learns(terms: &Terms) -> Vec<String> {
    let mut lines: Vec<String> = terms
        .receivers
        .iter()
        .map(|r| {
            format!(
                "{} learns what the program gives to `{}`, shows who it is with the key {}, and opens results with {}.",
                r.name, r.role, r.sign, r.seal
            )
        })
        .collect();
    for node in &terms.nodes {
        if let Some(role) = &node.role {
            lines.push(format!(
                "{} is also the program's `{role}`: it gives what that gives, and learns what that learns.",
                node.name
            ));
        }
    }
    let program = &terms.program;
    let often = match terms.runs.most {
        1 => "once".to_owned(),
        n => format!("up to {n} times, and each run tells more"),
    };
    let when = match terms.runs.when_closed {
        true => "when contributions are closed",
        false => "when the nodes are told to",
    };
    lines.push(format!(
        "The program is {}, SHA-256 {}. It runs {often}, {when}, and not with fewer than {}.",
        program.root.0,
        hex(&program.root.1),
        least(terms)
    ));
    for (file, hash) in &program.modules {
        lines.push(format!("It uses {file}, SHA-256 {}.", hex(hash)));
    }
    for (name, value) in &program.arguments {
        lines.push(format!("Its public argument {name} is {value}."));
    }
    let lists = terms.contributors.iter().flat_map(|who| &who.inputs);
    let lists = match lists.into_iter().any(|input| input.scalar.contains("; _]")) {
        true => ", and how long the lists are that were given",
        false => "",
    };
    lines.push(format!(
        "All nodes know who contributed and when, and how many did{lists}; {} knows what.",
        match terms.threshold {
            1 => "none of them alone".to_owned(),
            t => format!("no group of {t} of them"),
        }
    ));
    lines.push(format!(
        "Before a run all nodes learn of each contribution whether it keeps to its declared ranges{}. One that does not is left out, and the log says so.",
        match terms.suite {
            Suite::Bgw => " and is shared as it should be",
            Suite::TwoParty | Suite::Rep3 | Suite::Rep4 | Suite::Gmw => "",
        }
    ));
    lines
}

/// With how many contributions a study runs at least.
fn least(terms: &Terms) -> String {
    let of = |who: &Contributors| counted(who.least, "contribution");
    match &terms.contributors[..] {
        [who] => of(who),
        all => {
            let all = all.iter();
            let all: Vec<String> = all
                .map(|who| format!("{} as `{}`", of(who), who.role))
                .collect();
            all.join(" and ")
        }
    }
}

fn protected(terms: &Terms) -> Vec<String> {
    let n = terms.nodes.len();
    let t = terms.threshold;
    let some = match t {
        1 => format!("any one of the {n} nodes"),
        t => format!("any {t} of the {n} nodes together"),
    };
    let (learn, they, their) = match t {
        1 => ("learns", "it", "its"),
        _ => ("learn", "they", "their"),
    };
    let how = match terms.threat.deviates() {
        true => format!(", whatever {they} may do; {they} can make a run stop"),
        false => " as long as all nodes follow the protocol".to_owned(),
    };
    let more = t + 1;
    let mut lines = vec![
        format!(
            "Every value is split among {n} nodes ({}, {}).",
            terms.suite.name(),
            terms.threat.name()
        ),
        format!(
            "What is given stays hidden: {some} {learn} nothing of it beyond {their} own results{how}."
        ),
        format!(
            "If {more} of them break the rules together they can open everything that is stored; no software keeps them from it."
        ),
        match terms.least_nodes() {
            least if least < n => {
                format!("If nodes are lost, the others go on while {least} of the {n} are there.")
            }
            _ => "A run needs all nodes; if one is lost, it waits until that is back.".into(),
        },
    ];
    for node in &terms.nodes {
        lines.push(format!(
            "Node {} answers at {}, and at {} in runs; certificate sha256:{}; sealed to {}.",
            node.name,
            node.address,
            node.party_address,
            hex(&node.certificate),
            node.seal
        ));
    }
    lines
}

fn kept(terms: &Terms) -> Vec<String> {
    let closes: Time = terms.window.1;
    let days = terms.retention.contributions_days;
    vec![
        format!(
            "Contributions are deleted {} after the study closes, at {}.",
            counted(u64::from(days), "day"),
            closes.after_days(days)
        ),
        format!(
            "Stored results are deleted {} after their run.",
            counted(u64::from(terms.retention.results_days), "day")
        ),
        format!(
            "Until {closes} whoever contributed may withdraw, and the contribution is deleted. Results that were given cannot be taken back."
        ),
        "What each node notes of who contributed and when, and its log, which never have a value, are not deleted.".into(),
    ]
}

fn signs(study: &Study) -> Vec<String> {
    study
        .signers()
        .map(|(name, key)| format!("{name}, with the key {key}"))
        .collect()
}
