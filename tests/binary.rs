//! What is tested through the binary `smpcc` or through other programs: one executable, because linking costs more than testing.

mod arguments;
mod cli;
mod deploy;
mod docs;
mod editor;
mod exact;
mod examples;
mod fmt;
mod imports;
mod lsp;
mod messages;
mod outputs;
mod packages;
mod processes;
mod refusals;
mod shards;
mod shares;
mod studies;
mod tables;
mod tidy;
mod tools;
mod trials;
