//! What a run says on its way: a line of progress on a terminal, and with `-v` its steps; never what it computes.

use crate::load::Style;
use crate::out;
use smpcc::play::Event;
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
            let sent = smpcc::words::bytes(progress.bytes_sent);
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

/// Shows one party's events.
pub struct Teller<'a> {
    /// The progress.
    pub bar: Bar,
    style: Style,
    /// This party.
    me: u32,
    /// What all parties are called.
    names: &'a [String],
    /// Whether the lengths of the others' inputs are news.
    deployed: bool,
}

impl<'a> Teller<'a> {
    /// For party `me`; `deployed` where the others are strangers.
    pub fn new(bar: Bar, style: Style, me: u32, names: &'a [String], deployed: bool) -> Self {
        Self {
            bar,
            style,
            me,
            names,
            deployed,
        }
    }

    /// Shows one event.
    pub fn tell(&mut self, event: Event<'_>) {
        let (me, style) = (self.me, self.style);
        match event {
            Event::Agreed(lens) => {
                let level = u8::from(!self.deployed) * 2;
                for ((input, owner), len) in lens.iter().filter(|((_, o), _)| *o != me) {
                    let who = smpcc::words::label(*owner, self.names);
                    style.detail(level, || {
                        let rows = smpcc::words::rows(*len);
                        format!("{who} gives {rows} of `{input}`")
                    });
                }
            }
            Event::Compiled(program, time) => style.detail(2, || {
                format!(
                    "party {me}: compiled in {:.1} ms: {} sections, {} values",
                    time.as_secs_f64() * 1e3,
                    program.sections.len(),
                    program.values.len()
                )
            }),
            Event::Limited(length) => {
                let level = u8::from(!self.deployed) * 2;
                style.detail(level, || {
                    let s = length.as_secs();
                    format!("party {me} ends the run after {s} s, however far it is then (run_s)")
                });
            }
            Event::Confirmed {
                session,
                key_exchange,
            } => {
                style.detail(1, || format!("party {me}: all agree on session {session}"));
                style.detail(1, || {
                    format!("party {me}: links with keys by {key_exchange}")
                });
            }
            Event::Progress(progress) => self.bar.show(progress),
            Event::Lost(why) => {
                self.bar.clear();
                out::note(&format!(
                    "warning: this result was not compared with that of all others who receive it: {why}"
                ));
            }
        }
    }
}
