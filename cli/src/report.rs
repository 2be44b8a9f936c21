//! A run's report: who learned what, what protected the inputs, what it cost. Never a secret.

use crate::play::PartyReport;
use crate::render::json_string;
use crate::stored::Validity;
use crate::suites::protection;
use crate::words::{bytes, label};
use std::fmt::Write as _;
use std::time::Duration;

/// One JSON object on one line; with what a look for contributions that are not as they should be has found, if it was one.
pub fn json(reports: &[PartyReport], found: Option<&Validity>, total: Duration) -> String {
    let Some(first) = reports.first() else {
        return "{}".into();
    };
    let outputs: Vec<String> = reports
        .iter()
        .filter_map(|r| r.output.as_ref().map(|o| format!("\"{}\": {o}", r.party)))
        .collect();
    let types = reports.iter();
    let types = types.filter_map(|r| Some(format!("\"{}\": {}", r.party, r.output_type.as_ref()?)));
    let types: Vec<String> = types.collect();
    let by_party = |f: fn(&PartyReport) -> u64| {
        let each = reports.iter();
        let each: Vec<String> = each.map(|r| format!("\"{}\": {}", r.party, f(r))).collect();
        each.join(", ")
    };
    let made = reports.iter().map(|r| &r.correlations);
    let correlations = format!(
        "{{\"rounds\": {}, \"setup\": {{{}}}, \"prepared\": {{{}}}, \"bytes\": {}}}",
        made.clone().map(|c| c.rounds).max().unwrap_or(0),
        by_party(|r| r.correlations.setup),
        by_party(|r| r.correlations.prepared),
        made.map(|c| c.setup + c.prepared).sum::<u64>(),
    );
    let peaks = reports
        .iter()
        .filter_map(|r| Some((r.party, r.peak_memory?)));
    let peaks: Vec<String> = peaks.map(|(p, peak)| format!("\"{p}\": {peak}")).collect();
    let validity = found.map_or(String::new(), |found| found.json() + ", ");
    let longest = |f: fn(&PartyReport) -> f64| reports.iter().map(f).fold(0.0, f64::max);
    let sections: Vec<String> = first
        .sections
        .iter()
        .enumerate()
        .map(|(id, s)| {
            let of_all = |f: fn(&crate::play::SectionReport) -> u64| reports.iter().filter_map(|r| r.sections.get(id)).map(f).collect::<Vec<_>>();
            let rounds = of_all(|s| s.rounds).into_iter().max().unwrap_or(0);
            let bytes: u64 = of_all(|s| s.bytes).into_iter().sum();
            let ms = reports.iter().filter_map(|r| r.sections.get(id)).map(|s| s.ms).fold(0.0, f64::max);
            format!(
                "{{\"id\": {id}, \"domain\": {}, \"file\": {}, \"line\": {}, \"rounds\": {rounds}, \"bytes\": {bytes}, \"ms\": {ms}}}",
                json_string(&s.domain),
                json_string(&s.file),
                s.line
            )
        })
        .collect();
    format!(
        "{{\"outputs\": {{{}}}, \"types\": {{{}}}, \"suite\": {}, \"threat\": {}, \"parties\": {}, \"threshold\": {}, \"program\": {}, \"session\": {}, \
         \"key_exchange\": {}, \"time_ms\": {{\"total\": {}, \"setup\": {}, \"offline\": {}, \"online\": {}}}, \"rounds\": {}, \"bytes_sent\": {{{}}}, \
         \"peak_memory\": {{{}}}, \"correlations\": {correlations}, {}\"sections\": [{}]}}",
        outputs.join(", "),
        types.join(", "),
        json_string(&first.suite),
        json_string(&first.threat),
        reports.len(),
        first.threshold,
        json_string(&first.program),
        json_string(&first.session),
        json_string(&first.key_exchange),
        ms(total),
        longest(|r| r.setup_ms),
        longest(|r| r.offline_ms),
        longest(|r| r.online_ms),
        reports.iter().map(|r| r.rounds).max().unwrap_or(0),
        by_party(|r| r.bytes_sent),
        peaks.join(", "),
        attempts(first) + &stored(reports) + &validity,
        sections.join(", "),
    )
}

/// Who was lost in earlier attempts, if there were any.
fn attempts(report: &PartyReport) -> String {
    if report.lost.is_empty() {
        return String::new();
    }
    let names = |lost: &Vec<String>| {
        let names: Vec<String> = lost.iter().map(|name| json_string(name)).collect();
        format!("[{}]", names.join(", "))
    };
    let lost: Vec<String> = report.lost.iter().map(names).collect();
    let attempt = lost.len() + 1;
    format!("\"attempt\": {attempt}, \"lost\": [{}], ", lost.join(", "))
}

/// Where the parties have their shares of what stays shared, if anything does.
fn stored(reports: &[PartyReport]) -> String {
    let share = |(whose, file): &(String, String)| {
        let (whose, file) = (json_string(whose), json_string(file));
        format!("{{\"receiver\": {whose}, \"file\": {file}}}")
    };
    let some = reports.iter().filter(|r| !r.stored.is_empty());
    let each = some.map(|r| {
        let shares: Vec<String> = r.stored.iter().map(share).collect();
        format!("\"{}\": [{}]", r.party, shares.join(", "))
    });
    let each: Vec<String> = each.collect();
    match each.is_empty() {
        true => String::new(),
        false => format!("\"stored\": {{{}}}, ", each.join(", ")),
    }
}

/// The JSON of one party of a deployment: its own view.
pub fn json_of_one(
    report: &PartyReport,
    found: Option<&Validity>,
    n_parties: usize,
    total: Duration,
) -> String {
    // The form is that of a run; the other parties' figures are theirs to report.
    json(std::slice::from_ref(report), found, total).replacen(
        "\"parties\": 1,",
        &format!("\"parties\": {n_parties},"),
        1,
    )
}

/// One line per receiver, one on what protected the inputs, one on what it cost.
pub fn human(reports: &[PartyReport], names: &[String], total: Duration, quiet: bool) -> String {
    let mut text = String::new();
    for report in reports {
        if let Some(shown) = &report.shown {
            let _ = writeln!(text, "{} learns {shown}", label(report.party, names));
        }
        for (whose, file) in &report.stored {
            let who = label(report.party, names);
            let _ = writeln!(
                text,
                "{who} keeps its share of what `{whose}` is to learn: {file}"
            );
        }
    }
    for (attempt, lost) in (1..).zip(reports.first().map_or(&[][..], |r| &r.lost)) {
        let who = lost.join(" and ");
        let _ = writeln!(
            text,
            "attempt {attempt} lost {who}; all of it was computed again, from the stored shares of the others"
        );
    }
    if quiet {
        return text;
    }
    if let Some(first) = reports.first() {
        let what = protection(&first.suite, &first.threat, names.len(), first.threshold);
        let _ = writeln!(text, "{what}");
        let sent: u64 = reports.iter().map(|r| r.bytes_sent).sum();
        let rounds = reports.iter().map(|r| r.rounds).max().unwrap_or(0);
        let by = if reports.len() == 1 {
            "sent by this party"
        } else {
            "sent in all"
        };
        let made: u64 = reports
            .iter()
            .map(|r| r.correlations.setup + r.correlations.prepared)
            .sum();
        let made = match made {
            0 => String::new(),
            _ => format!(", {} of them for correlations", bytes(made)),
        };
        let _ = writeln!(
            text,
            "cost: {:.1} ms, {rounds} rounds, {} {by}{made}",
            ms(total),
            bytes(sent)
        );
    }
    text
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e4).round() / 10.0
}
