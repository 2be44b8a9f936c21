//! One file per verb.

pub mod audit;
pub mod build;
pub mod calibrate;
pub mod check;
pub mod contribute;
pub mod doc;
pub mod dump;
pub mod explain;
pub mod fmt;
pub mod graph;
pub mod inputs;
pub mod keygen;
pub mod new;
pub mod party;
pub mod playground;
pub mod reveals;
pub mod run;
pub mod share;
pub mod shell;
pub mod stats;
pub mod study;
pub mod test;
