//! When what took place in a run, from the reports of its parties: what trace viewers read, and what the page shows.

use crate::play::PartyReport;
use crate::words::label;
use serde_json::{Value, json};

/// When the first party of these began, of Unix time, in microseconds: where times are counted from.
pub fn origin(reports: &[PartyReport]) -> u64 {
    let began = reports
        .iter()
        .filter_map(|r| Some(r.timeline.as_ref()?.began));
    began.min().unwrap_or(0)
}

/// The trace as JSON in the Trace Event Format, as `chrome://tracing` and Perfetto read it: a process for each party, a thread for each
/// section, and a counter of the bytes that were sent. `files` are the names of the program's files.
pub fn events(reports: &[PartyReport], names: &[String], files: &[String]) -> String {
    let origin = origin(reports);
    let mut events = Vec::new();
    for report in reports {
        let Some(timeline) = &report.timeline else {
            continue;
        };
        let (pid, start) = (report.party, (timeline.began - origin) as f64);
        let named = |what: &str, tid: u32, name: String| json!({"name": what, "ph": "M", "pid": pid, "tid": tid, "args": {"name": name}});
        events.push(named("process_name", 0, label(pid, names)));
        events.push(named("thread_name", 0, "messages are sent".into()));
        for (section, id) in report.sections.iter().zip(0u32..) {
            let name = format!("section {id} ({}) {}", section.domain, section.place);
            events.push(named("thread_name", 1 + id, name));
        }
        for work in &timeline.work {
            let domain = report.sections.get(work.section as usize);
            events.push(json!({
                "name": place(files, work.file, work.line),
                "cat": domain.map_or("", |s| s.domain.as_str()),
                "ph": "X", "pid": pid, "tid": 1 + work.section,
                "ts": start + work.from, "dur": work.took,
                "args": {"bytes sent": work.bytes},
            }));
        }
        for (n, (from, took, bytes)) in (1u64..).zip(&timeline.ticks) {
            events.push(json!({
                "name": format!("tick {n}"), "ph": "X", "pid": pid, "tid": 0,
                "ts": start + from, "dur": took, "args": {"bytes sent so far": bytes},
            }));
            events.push(json!({
                "name": "bytes sent", "ph": "C", "pid": pid, "ts": start + from, "args": {"bytes": bytes},
            }));
        }
    }
    json!({"displayTimeUnit": "ms", "traceEvents": events}).to_string()
}

/// A line of a file, for people.
pub fn place(files: &[String], file: u32, line: u32) -> String {
    match (files.get(file as usize), line) {
        (Some(name), 1..) => format!("{name}:{line}"),
        _ => "no line".to_owned(),
    }
}

/// What the page of a trace shows.
pub fn data(reports: &[PartyReport], names: &[String], files: &[String]) -> Value {
    let origin = origin(reports);
    let parties: Vec<Value> = reports
        .iter()
        .filter_map(|report| {
            let timeline = report.timeline.as_ref()?;
            let start = (timeline.began - origin) as f64;
            let work = timeline.work.iter();
            let work = work.map(|w| {
                json!([w.section, place(files, w.file, w.line), start + w.from, w.took, w.bytes])
            });
            let ticks = timeline.ticks.iter();
            let ticks = ticks.map(|(from, took, bytes)| json!([start + from, took, bytes]));
            let sections = report.sections.iter();
            let sections = sections.map(|s| json!({"domain": s.domain, "place": s.place, "rounds": s.rounds, "bytes": s.bytes, "ms": s.ms}));
            Some(json!({
                "name": label(report.party, names),
                "work": work.collect::<Vec<_>>(),
                "ticks": ticks.collect::<Vec<_>>(),
                "sections": sections.collect::<Vec<_>>(),
                "rounds": report.rounds,
                "bytes": report.bytes_sent,
                "ms": report.setup_ms + report.offline_ms + report.online_ms,
                "left_out": timeline.left_out,
            }))
        })
        .collect();
    json!({ "parties": parties })
}
