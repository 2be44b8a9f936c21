//! What a node counts, as text for monitoring: numbers only, and none that follows from what anybody gave.

use crate::store::Status;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Connections that are open.
    pub connections: AtomicU64,
    /// Connections that were refused or given up: handshakes that failed, clients that were too slow.
    pub dropped: AtomicU64,
    /// Requests that were answered.
    pub requests: AtomicU64,
    /// Contributions that were stored.
    pub stored: AtomicU64,
    /// Requests that were refused.
    pub refused: AtomicU64,
    /// Requests that failed for this machine's sake.
    pub failed: AtomicU64,
}

impl Metrics {
    /// The Prometheus text format.
    pub fn text(&self, studies: &[(String, Status)]) -> String {
        let mut text = String::new();
        for (name, kind, help, value) in [
            (
                "connections",
                "gauge",
                "Open connections.",
                &self.connections,
            ),
            (
                "connections_dropped_total",
                "counter",
                "Connections refused or given up.",
                &self.dropped,
            ),
            (
                "requests_total",
                "counter",
                "Requests answered.",
                &self.requests,
            ),
            (
                "contributions_stored_total",
                "counter",
                "Contributions stored since the start.",
                &self.stored,
            ),
            (
                "requests_refused_total",
                "counter",
                "Requests refused.",
                &self.refused,
            ),
            (
                "requests_failed_total",
                "counter",
                "Requests that failed for this machine's sake.",
                &self.failed,
            ),
        ] {
            let value = value.load(Ordering::Relaxed);
            let _ = write!(
                text,
                "# HELP smpcc_node_{name} {help}\n# TYPE smpcc_node_{name} {kind}\nsmpcc_node_{name} {value}\n"
            );
        }
        let _ = write!(
            text,
            "# HELP smpcc_study_contributions Contributions of a study.\n# TYPE smpcc_study_contributions gauge\n"
        );
        for (study, status) in studies {
            for (state, n) in [
                ("stored", status.stored),
                ("withdrawn", status.withdrawn),
                ("member", status.members),
            ] {
                let _ = writeln!(
                    text,
                    "smpcc_study_contributions{{study=\"{study}\",state=\"{state}\"}} {n}"
                );
            }
        }
        let _ = write!(
            text,
            "# HELP smpcc_study_runs Runs of a study that began here.\n# TYPE smpcc_study_runs gauge\n"
        );
        for (study, status) in studies {
            let began = status
                .runs
                .iter()
                .filter(|run| run.started.is_some())
                .count();
            let _ = writeln!(text, "smpcc_study_runs{{study=\"{study}\"}} {began}");
        }
        text
    }
}
