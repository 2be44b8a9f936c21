//! `smpcc reveals`: the list that an auditor signs.

use crate::args::{Format, RevealsArgs};
use crate::compiled;
use crate::load::{self, Style};
use crate::out;
use smpcc::claims;
use smpcc::exit::Outcome;
use smpcc_compiler::ir::Ir;
use smpcc_compiler::lower;
use smpcc_compiler::reveals::{self, Disclosure, DisclosureKind};
use smpcc_compiler::source::SourceSet;
use smpcc_compiler::span::Span;
use std::fmt::Write as _;

/// Lists every value that leaves secrecy.
pub fn reveals(args: &RevealsArgs, style: Style) -> Outcome {
    let prepared = compiled::prepare(&args.file, &args.plan, style)?;
    let (ir, privacy) = lower::lower_claimed(&prepared.hir, &prepared.session)
        .map_err(|e| load::failed(&prepared.source, e, style))?;
    let list = reveals::reveals(&ir);
    match args.format {
        Format::Json => {
            let mut json = json(&list, &ir, &prepared.source.files);
            if !privacy.claims.is_empty() {
                json["privacy"] = claims::json(&privacy, &prepared.source.files);
            }
            out::json(&format!("{json}\n"));
        }
        Format::Human => {
            let files = &prepared.source.files;
            let list = human(&list, &ir, files);
            let noise = claims::human(&privacy, files);
            out::product(&(list + &drawn(&ir, files) + &noise + &masked(&ir, files)));
        }
    }
    Ok(())
}

/// What is drawn, which no party learns as such.
fn drawn(ir: &Ir, sources: &SourceSet) -> String {
    let line = |d: reveals::Draw| {
        let lanes = match d.lanes {
            1 => d.scalar.to_string(),
            n => format!("{n} × {}", d.scalar),
        };
        let place = sources.place(d.span);
        format!("{place}: randomness ({lanes}) drawn by all parties together, known to none\n")
    };
    reveals::draws(ir).into_iter().map(line).collect()
}

/// What sorts may open, which is nothing that anyone learns from.
fn masked(ir: &Ir, sources: &SourceSet) -> String {
    let sorts: Vec<String> = reveals::sorts(ir)
        .into_iter()
        .map(|s| sources.place(s))
        .collect();
    match sorts.is_empty() {
        true => String::new(),
        false => format!(
            "no disclosure: sorts may open the places of shuffled rows, which are 0, 1, … in a uniform order that tells nothing ({})\n",
            sorts.join(", ")
        ),
    }
}

fn kind(d: &Disclosure) -> &'static str {
    match d.kind {
        DisclosureKind::PublicInput => "public input",
        DisclosureKind::Reveal => "reveal",
        DisclosureKind::Assert => "assert",
        DisclosureKind::Output => "result",
    }
}

/// The party from whose data alone a disclosure follows.
fn owner(d: &Disclosure) -> Option<u32> {
    let first = d.sources.first()?.party;
    d.sources.iter().all(|s| s.party == first).then_some(first)
}

fn json(list: &[Disclosure], ir: &Ir, sources: &SourceSet) -> serde_json::Value {
    let list: Vec<serde_json::Value> = list
        .iter()
        .map(|d| {
            serde_json::json!({
                "kind": kind(d),
                "place": sources.place(d.span),
                "label": d.label,
                "type": d.type_name(),
                "lanes": d.lanes,
                "repeated": d.repeated,
                "to": d.receivers,
                "random": d.drawn,
                "depends_on": d.sources.iter().map(|s| serde_json::json!({"party": s.party, "input": s.path})).collect::<Vec<_>>(),
                "owner": owner(d),
                "paths": d.ways.iter().map(|way| serde_json::json!({
                    "input": way.input,
                    "path": way.places.iter().map(|s| sources.place(*s)).collect::<Vec<_>>(),
                })).collect::<Vec<_>>(),
                "path": d.path.iter().map(|s| sources.place(*s)).collect::<Vec<_>>(),
            })
        })
        .collect();
    let draws = reveals::draws(ir).into_iter().map(|d| {
        serde_json::json!({
            "place": sources.place(d.span),
            "type": d.scalar.to_string(),
            "lanes": d.lanes,
        })
    });
    let draws: Vec<serde_json::Value> = draws.collect();
    serde_json::json!({"parties": ir.n_parties, "reveals": list, "randomness": draws})
}

/// The list for people.
pub fn human(list: &[Disclosure], ir: &Ir, sources: &SourceSet) -> String {
    let mut text = String::new();
    let name = |party: u32| match ir.party_names.get(party as usize) {
        Some(name) if !name.starts_with("party ") => format!("party {party} ({name})"),
        _ => format!("party {party}"),
    };
    for d in list {
        let to = if d.receivers.len() == ir.n_parties as usize {
            "all parties".to_string()
        } else {
            d.receivers
                .iter()
                .map(|p| name(*p))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let label = if d.label.is_empty() {
            String::new()
        } else {
            format!(" `{}`", d.label)
        };
        let lanes = if d.lanes == 1 {
            d.type_name()
        } else {
            format!("{} × {}", d.lanes, d.type_name())
        };
        let often = if d.repeated {
            ", any number of times"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "{}: {}{label} ({lanes}) to {to}{often}",
            sources.place(d.span),
            kind(d)
        );
        let mut inputs: Vec<(String, Vec<u32>)> = Vec::new();
        for s in &d.sources {
            match inputs.iter_mut().find(|(path, _)| *path == s.path) {
                Some((_, parties)) => parties.push(s.party),
                None => inputs.push((s.path.clone(), vec![s.party])),
            }
        }
        for (path, parties) in inputs {
            let who = parties
                .iter()
                .map(|p| name(*p))
                .collect::<Vec<_>>()
                .join(", ");
            let _ = writeln!(text, "    depends on `{path}` of {who}");
        }
        if d.drawn {
            let _ = writeln!(text, "    depends on randomness");
        }
        if let (Some(owner), false) = (owner(d), d.drawn) {
            let _ = writeln!(text, "    follows from the data of {} alone", name(owner));
        }
        let steps = |places: &[Span]| {
            let mut steps: Vec<String> = places.iter().map(|s| sources.place(*s)).collect();
            steps.dedup();
            steps.join(" → ")
        };
        if d.ways.len() > 1 {
            for way in &d.ways {
                let _ = writeln!(
                    text,
                    "    from `{}` by way of {}",
                    way.input,
                    steps(&way.places)
                );
            }
        } else if !d.path.is_empty() {
            let _ = writeln!(text, "    by way of {}", steps(&d.path));
        }
    }
    if list.is_empty() {
        text.push_str("nothing leaves secrecy\n");
    }
    text
}
