//! A study in plain words, for whoever is asked to sign it or to give data. Everything that binds is said.

use super::{Input, Study, Terms, Time};
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
    let who = &terms.contributors;
    let (opens, closes) = terms.window;
    let mut lines = vec![
        format!(
            "Contributions are taken from {opens} until {closes}; {} to {} of them, each once, as `{}`.",
            who.least, who.most, who.role
        ),
        match (who.keys.len() as u64, who.invitations.len() as u64) {
            (0, 0) => "Nobody is invited: there are neither keys nor invitations.".into(),
            (keys, 0) => format!("Only those may give whose {} listed.", are(keys, "key")),
            (0, n) => format!(
                "Only those may give who hold one of {}. Whoever hands them out can invent contributors.",
                counted(n, "invitation")
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
            lines.push(format!("{} is also the program's `{role}`.", node.name));
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
        counted(terms.contributors.least, "contribution")
    ));
    for (file, hash) in &program.modules {
        lines.push(format!("It uses {file}, SHA-256 {}.", hex(hash)));
    }
    for (name, value) in &program.arguments {
        lines.push(format!("Its public argument {name} is {value}."));
    }
    lines.push(
        "All nodes know who contributed and when, and how many did; none of them alone knows what."
            .into(),
    );
    lines
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
    ]
}

fn signs(study: &Study) -> Vec<String> {
    study
        .signers()
        .map(|(name, key)| format!("{name}, with the key {key}"))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
