//! A line of progress on a terminal: how far a run is, never what it computes.

use crate::out;
use smpcc_runtime::engine::Progress;
use std::io::Write;
use std::time::{Duration, Instant};

/// Draws at most ten times a second, and nothing for runs that end quickly.
pub struct Bar {
    enabled: bool,
    began: Instant,
    drawn: Option<Instant>,
}

impl Bar {
    /// A bar; it draws only when wanted and stderr is a terminal.
    pub fn new(wanted: bool) -> Self {
        Self {
            enabled: wanted && out::interactive(),
            began: Instant::now(),
            drawn: None,
        }
    }

    /// Shows how far the run is.
    pub fn show(&mut self, progress: Progress) {
        let now = Instant::now();
        let due = self
            .drawn
            .map_or(self.began + Duration::from_millis(500), |last| {
                last + Duration::from_millis(100)
            });
        if self.enabled && now >= due {
            self.drawn = Some(now);
            let sent = smpcc::report::bytes(progress.bytes_sent);
            let seconds = self.began.elapsed().as_secs_f64();
            let _ = write!(
                std::io::stderr().lock(),
                "\r\x1b[2Krunning: {} exchanges, {sent} sent, {seconds:.1} s",
                progress.ticks
            );
            let _ = std::io::stderr().lock().flush();
        }
    }

    /// Removes the line.
    pub fn clear(&mut self) {
        if self.drawn.take().is_some() {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[2K");
            let _ = std::io::stderr().lock().flush();
        }
    }
}
