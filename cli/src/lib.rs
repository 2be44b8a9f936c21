//! What the `smpcc` binary does, for others to link: programs and inputs from files, choices, and being a party of a run.
//!
//! [`source`] reads a program and checks it, [`work`] is that or a program built before. [`choices`] turns what is asked for into what the parties agree on, [`seats`],
//! [`given`] and [`lens`] turn input files into what each party gives, [`deployment`] is all of it for one party of a real run, [`limits`] is
//! what that party is ready to spend; [`studies`] reads what owners agree on; [`template`] writes files of inputs to fill in. [`play`] is
//! that party, from connected links to its report, and [`render`], [`types`] and [`report`] show what it learned. Nothing here prints,
//! and nothing starts a process: the binary does.

pub mod arguments;
pub mod audit;
pub mod choices;
pub mod claims;
pub mod costs;
#[cfg(feature = "parties")]
pub mod deployment;
pub mod doc;
pub mod exact;
pub mod exit;
pub mod given;
pub mod inputs;
pub mod lens;
pub mod limits;
pub mod packages;
pub mod pages;
#[cfg(feature = "parties")]
pub mod play;
pub mod playground;
pub mod reading;
pub mod render;
#[cfg(feature = "parties")]
pub mod report;
#[cfg(feature = "parties")]
pub mod robust;
pub mod seating;
pub mod seats;
pub mod source;
#[cfg(feature = "parties")]
pub mod stored;
#[cfg(feature = "parties")]
pub mod studies;
pub mod suites;
pub mod template;
#[cfg(feature = "parties")]
pub mod timeline;
pub mod toml_file;
#[cfg(feature = "parties")]
pub mod trace;
#[cfg(feature = "parties")]
pub mod types;
pub mod words;
pub mod work;
