//! `smpcc stats`: what a run will cost, exactly, before it runs.

mod explain;

use crate::args::{Format, StatsArgs};
use crate::compiled;
use crate::load::Style;
use crate::out;
use smpcc::exit::Outcome;
use smpcc::{play, words};
use smpcc_circuit::stats::{self, Known, PathStats, SectionStats, Stats};
use std::fmt::Write as _;

/// Compiles and counts.
pub fn stats(args: &StatsArgs, style: Style) -> Outcome {
    let mut ready = compiled::ready(&args.file, &args.plan, style)?;
    let hash = play::program_hash(&ready.program)?;
    if let Some(paths) = ready.paths.take() {
        ready.program = ready.program.with_files(paths);
    }
    let program = &ready.program;
    let attribution = ready.attribution.as_ref();
    let functions = &ready.functions;
    let costs = Some(&ready.choices.options.costs);
    let mut stats = stats::stats(
        program,
        &Known {
            functions,
            attribution,
            trace: None,
            costs,
        },
    );
    if !stats.exact
        && let Some(parties) = &ready.inputs
        && let Some(trace) = compiled::trace(program, parties, 50_000_000)
    {
        stats = stats::stats(
            program,
            &Known {
                trace: Some(&trace),
                functions,
                attribution,
                costs,
            },
        );
    }
    let explained = match args.explain {
        true => Some(explain::explain(args, style)?),
        false => None,
    };
    match args.format {
        Format::Json => {
            let mut value = json(&stats, &format!("sha256:{}", play::hex(&hash.0)));
            if let Some((_, ways)) = explained {
                value["alternatives"] = ways;
            }
            out::json(&format!("{value}\n"));
        }
        Format::Human => {
            let mut text = human(&stats, &program.name);
            text.extend(explained.map(|(table, _)| table));
            out::product(&text);
        }
    }
    Ok(())
}

/// The form of `stats --format json`.
fn json(stats: &Stats, program: &str) -> serde_json::Value {
    let mut value = serde_json::json!(stats);
    if let Some(object) = value.as_object_mut() {
        object.insert("program".into(), program.into());
    }
    let by_party = |sent: &[u64]| -> serde_json::Value {
        let each = sent.iter().enumerate();
        each.map(|(i, b)| (i.to_string(), (*b).into()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    if let Some(sent) = &stats.totals.bytes_sent {
        value["totals"]["bytes_sent"] = by_party(sent);
    }
    value["correlations"]["setup"] = by_party(&stats.correlations.setup);
    if let Some(prepared) = &stats.correlations.prepared {
        value["correlations"]["prepared"] = by_party(prepared);
    }
    value
}

fn count(n: Option<u64>) -> String {
    n.map_or_else(|| "?".into(), words::thousands)
}

/// The listing of the longest chain: lines by the rounds that come from them.
fn critical_path(path: &[PathStats]) -> String {
    let mut text = "\ncritical path\n".to_owned();
    let mut by_rounds: Vec<&PathStats> = path.iter().collect();
    by_rounds.sort_by_key(|p| std::cmp::Reverse(p.rounds));
    for p in by_rounds {
        let (n, rounds) = match p.rounds {
            1 => ("this".to_owned(), "round comes"),
            n => (format!("these {}", count(Some(n))), "rounds come"),
        };
        let from = match (p.line, p.section) {
            (0, None) => "preparing for it".to_owned(),
            (0, Some(section)) => format!("section {section}"),
            (line, Some(section)) => format!("{}:{line}, section {section}", p.file),
            (line, None) => format!("{}:{line}", p.file),
        };
        let _ = writeln!(text, "  {n:>12} {rounds} from {from}");
    }
    text
}

/// The sections that differ by more than their number, and how many look like each: unrolled code has many alike.
fn folded(sections: &[SectionStats]) -> Vec<(&SectionStats, u64)> {
    let mut lines: Vec<(&SectionStats, u64)> = Vec::new();
    for section in sections {
        let alike = |other: &SectionStats| {
            let id = section.id;
            SectionStats {
                id,
                ..other.clone()
            } == *section
        };
        match lines.iter_mut().find(|(known, _)| alike(known)) {
            Some((_, n)) => *n += 1,
            None => lines.push((section, 1)),
        }
    }
    lines
}

fn human(stats: &Stats, name: &str) -> String {
    let mut text = String::new();
    let t = &stats.totals;
    let _ = writeln!(
        text,
        "{name}: {} among {} parties",
        stats.suite, stats.parties
    );
    if !stats.exact {
        let _ = writeln!(
            text,
            "revealed values steer this program: the figures are those of a clear run on the sample inputs, or ? without any"
        );
    }
    let _ = writeln!(
        text,
        "  AND gates    {:>14}   depth {}",
        count(t.and),
        count(t.and_depth)
    );
    let _ = writeln!(
        text,
        "  products     {:>14}   depth {}",
        count(t.mul),
        count(t.mul_depth)
    );
    let _ = writeln!(
        text,
        "  free gates   {:>14} XOR, {} inverters",
        count(t.xor),
        count(t.inv)
    );
    let _ = writeln!(text, "  rounds       {:>14}", count(t.rounds));
    let sent = t
        .bytes_sent
        .iter()
        .flatten()
        .map(|b| count(Some(*b)))
        .collect::<Vec<_>>()
        .join(" + ");
    let _ = writeln!(
        text,
        "  bytes        {:>14}   {sent} by party",
        count(t.bytes)
    );
    let made = &stats.correlations;
    if made.bytes != Some(0) {
        let _ = writeln!(
            text,
            "  correlations {:>14}   of these bytes, {} of them for a setup; {} rounds before the first operation",
            count(made.bytes),
            count(Some(made.setup.iter().sum())),
            made.rounds
        );
    }
    if let Some(proofs) = &stats.settlements {
        let _ = writeln!(
            text,
            "  proofs       {:>14}   before openings, {} {} each; {} bytes of each party",
            count(Some(proofs.n)),
            proofs.rounds,
            if proofs.rounds == 1 {
                "round"
            } else {
                "rounds"
            },
            count(Some(proofs.bytes_sent))
        );
    }
    let _ = writeln!(
        text,
        "  memory       {:>14}   about, per party",
        words::bytes(t.memory_bytes)
    );
    let time = |ms: Option<f64>| ms.map_or_else(|| "?".into(), |ms| format!("{ms:.1} ms"));
    let _ = writeln!(
        text,
        "  estimate     {:>14}   on a local network; {} on a wide one",
        time(stats.estimate_ms.lan),
        time(stats.estimate_ms.wan)
    );
    let _ = writeln!(text, "\nsections");
    let places = stats.sections.iter().map(|s| s.place.chars().count());
    let place_width = places.max().unwrap_or(0);
    for (s, n) in folded(&stats.sections) {
        let times = match n {
            1 => String::new(),
            n => format!("{n} times: "),
        };
        let _ = writeln!(
            text,
            "  {:>2} {} {:<place_width$} {:>10} lanes {:>12} AND {:>8} mul {:>6} rounds {:>12} bytes  {times}{}",
            s.id,
            s.domain,
            s.place,
            count(Some(s.lanes)),
            count(s.and),
            count(s.mul),
            count(s.rounds),
            count(s.bytes),
            s.why
        );
    }
    if let Some(path) = &stats.critical_path {
        text.push_str(&critical_path(path));
    }
    for (title, places) in [("functions", &stats.functions), ("lines", &stats.lines)] {
        if !places.is_empty() {
            let _ = writeln!(text, "\n{title}");
        }
        for p in places {
            let place = format!("{}:{}", p.file, p.line);
            let name = p.name.clone().unwrap_or_default();
            let _ = writeln!(
                text,
                "  {place:<40} {:>12} AND {:>8} mul {:>12} bytes  {name}",
                count(p.and),
                count(p.mul),
                count(p.bytes)
            );
        }
    }
    text
}
