//! What is tested through the binary `smpcc` or through other programs: one executable, because linking costs more than testing.

mod cli;
mod deploy;
mod docs;
mod editor;
mod examples;
mod fmt;
mod imports;
mod messages;
mod outputs;
mod processes;
mod refusals;
mod tables;
mod tidy;
mod trials;
